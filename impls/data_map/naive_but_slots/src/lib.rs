//! The store of naive parts, but the table of positions is the lab's best.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Contender};

type Mixture = Mix<Naive, Naive, Naive, Naive, Best, Naive, Naive>;

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mixture>(About {
        name: "naive_but_slots",
        summary: "The store of naive parts, but the table of positions is the lab's best.",
        analysis: ANALYSIS,
        ..Mixture::ABOUT
    })
}

const ANALYSIS: &str = "\
All parts but one are naive. It shows what the table of positions brings alone.

It wins where nothing else is in the way, and loses where another part costs more than this one saves.";
