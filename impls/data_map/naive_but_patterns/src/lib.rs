//! The store of naive parts, but the pattern index is the lab's best.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Contender};

type Mixture = Mix<Naive, Naive, Best, Naive, Naive, Naive, Naive>;

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mixture>(About {
        name: "naive_but_patterns",
        summary: "The store of naive parts, but the pattern index is the lab's best.",
        analysis: ANALYSIS,
        ..Mixture::ABOUT
    })
}

const ANALYSIS: &str = "\
All parts but one are naive. It shows what the pattern index brings alone.

It wins where nothing else is in the way, and loses where another part costs more than this one saves.";
