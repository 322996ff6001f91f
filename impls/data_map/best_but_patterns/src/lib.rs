//! The store of the lab's best parts, but the pattern index is naive.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Contender};

type Mixture = Mix<Best, Best, Naive, Best, Best, Best, Best>;

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mixture>(About {
        name: "best_but_patterns",
        summary: "The store of the lab's best parts, but the pattern index is naive.",
        analysis: ANALYSIS,
        ..Mixture::ABOUT
    })
}

const ANALYSIS: &str = "\
All parts but one are the lab's best. It shows what the pattern index brings when everything else is best \
already.

It loses where this part is in the way of all others, and wins where the naive form is the cheaper one.";
