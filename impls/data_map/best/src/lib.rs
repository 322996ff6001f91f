//! The store of the lab's best parts.

use data_map::{Best, Mix};
use scenarios::{About, Contender};

type Mixture = Mix<Best, Best, Best, Best, Best, Best, Best>;

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mixture>(About {
        name: "best",
        summary: "The store of the lab's best parts.",
        source: "the lab's own",
        analysis: ANALYSIS,
        ..Mixture::ABOUT
    })
}

const ANALYSIS: &str = "\
Every part is the lab's best contender of its bottleneck: a persistent tree of pointers that keeps the objects \
it built, an index of segments, a lazy automaton, signals in tables, an order-statistics table, a cache in a \
slab, and vectors that share nodes.

A version costs nothing until something is written, and an object that was built once is built again only \
where it changed.";
