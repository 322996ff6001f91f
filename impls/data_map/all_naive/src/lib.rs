//! The store of the seven naive parts.

use data_map::{Mix, Naive};
use scenarios::{About, Contender, Role};

type Mixture = Mix<Naive, Naive, Naive, Naive, Naive, Naive, Naive>;

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mixture>(About {
        name: "all_naive",
        role: Role::Naive,
        summary: "The store of the seven naive parts.",
        source: "data-map as it is today",
        analysis: ANALYSIS,
        ..Mixture::ABOUT
    })
}

const ANALYSIS: &str = "\
Every part is the naive contender of its bottleneck.

What the whole costs is what the most naive part in the way costs: a read of many pointers scans the store, a \
query builds a tree, and each write tests every pattern.";
