//! The store of the seven parts as their source plans them.

use data_map::{Mix, Planned};
use scenarios::{About, Contender};

type Mixture = Mix<Planned, Planned, Planned, Planned, Planned, Planned, Planned>;

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mixture>(About {
        name: "as_planned",
        summary: "The store of the seven parts as their source plans them.",
        source: "data-map with its seven planned optimisations",
        analysis: ANALYSIS,
        ..Mixture::ABOUT
    })
}

const ANALYSIS: &str = "\
Every part is what the plan of data-map says: a prefix index, queries over the pointers, a trie of patterns, \
signals with a flag, a free list, a linked cache and a 32-way trie for arrays.

The plan speeds up what it names, and leaves snapshots and objects as they are: both still visit all of the \
store.";
