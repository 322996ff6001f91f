//! The store of naive parts, but the signals is the lab's best.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Contender};

type Mixture = Mix<Naive, Naive, Naive, Best, Naive, Naive, Naive>;

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mixture>(About {
        name: "naive_but_signals",
        summary: "The store of naive parts, but the signals is the lab's best.",
        analysis: ANALYSIS,
        ..Mixture::ABOUT
    })
}

const ANALYSIS: &str = "\
All parts but one are naive. It shows what the signals bring alone.

It wins where nothing else is in the way, and loses where another part costs more than this one saves.";
