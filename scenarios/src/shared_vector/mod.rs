//! **Shared vector**: a sequence in memory that several threads and processes read while one writes.
//!
//! Contract: [`SharedVector`]. Oracle: a `Vec` per version. Scenarios: [`BOTTLENECK`], with numbers as elements.
//!
//! In these scenarios writer and reader are in one process, so that what they execute can be counted. A version is "kept"
//! while a snapshot of it lives.

mod cases;
mod checks;
mod contract;
mod oracle;

use crate::contender::{About, Bottleneck, Contender, Growth, NOTHING, Scenario, Sizes};

pub use contract::{SharedVector, VectorSnapshot};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "shared_vector",
    title: "Shared vector",
    question: "What does it cost to let other threads and processes read a sequence while it changes? To hand out a copy \
               costs O(n) for every version. A radix trie whose nodes lie in shared memory is read where it lies, and a \
               version costs the path to what changed.",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes {
        quick: &[8, 1000],
        default: &[8, 1000, 100_000],
        full: &[8, 100, 1000, 10_000, 100_000, 1_000_000],
    },
    memory: &[],
    composition: None,
    choice: None,
    own_inputs: &[],
    reference: "lmdb",
    describe: checks::describe,
    why_no_input: "it takes the operations of one writer and many readers at once, and a file has one order",
};

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("push", "push", NOTHING, "Pushes n elements onto an empty vector, and publishes once."),
    Scenario::new("push_kept", "push", NOTHING, "Pushes 100 elements onto a vector of n, and publishes and keeps a version for each."),
    Scenario::new("get", "get", NOTHING, "Reads random elements of a snapshot of n."),
    Scenario::new("set", "set", NOTHING, "Replaces random elements of a vector of n, and publishes once."),
    Scenario::new("set_kept", "set", NOTHING, "Replaces 100 random elements of a vector of n, and publishes and keeps a version for each."),
    Scenario::new("pop", "pop", NOTHING, "Pops all n elements of a vector, and publishes once."),
    Scenario::new("iterate", "element", NOTHING, "Visits every element of a snapshot of n in order."),
    Scenario::new("to_vec", "element", NOTHING, "Copies every element of a snapshot of n into a `Vec`."),
];

/// The complexity that a contender states whose operations go down a trie.
pub const AS_A_TRIE: &[(&str, Growth)] = &[
    ("push", Growth::Logarithmic),
    ("push_kept", Growth::Logarithmic),
    ("get", Growth::Logarithmic),
    ("set", Growth::Logarithmic),
    ("set_kept", Growth::Logarithmic),
    ("pop", Growth::Logarithmic),
    ("iterate", Growth::Constant),
    ("to_vec", Growth::Constant),
];

/// The same where the last elements lie beside the trie.
pub const AS_A_TRIE_WITH_A_TAIL: &[(&str, Growth)] = &[
    ("push", Growth::Constant),
    ("push_kept", Growth::Constant),
    ("get", Growth::Logarithmic),
    ("set", Growth::Logarithmic),
    ("set_kept", Growth::Logarithmic),
    ("pop", Growth::Constant),
    ("iterate", Growth::Constant),
    ("to_vec", Growth::Constant),
];

/// The complexity that a contender states that keeps an array and copies it for each version.
pub const COPIED_WHOLE: &[(&str, Growth)] = &[
    ("push", Growth::Constant),
    ("push_kept", Growth::Linear),
    ("get", Growth::Constant),
    ("set", Growth::Constant),
    ("set_kept", Growth::Linear),
    ("pop", Growth::Constant),
    ("iterate", Growth::Constant),
    ("to_vec", Growth::Constant),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<V: SharedVector>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<V>,
        replay: checks::replay::<V>,
        concurrency: None,
    }
}
