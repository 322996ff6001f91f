//! **__Title__**: say in one sentence what a contender must do.
//!
//! Oracle: a `BTreeSet`. Scenarios: [`BOTTLENECK`].

mod cases;
mod checks;
mod oracle;

use crate::{About, Bottleneck, Contender, Scenario, Sizes};

/// A set of keys. Replace it by the contract of your bottleneck.
pub trait __Name__ {
    /// The empty set.
    fn new() -> Self;
    /// Adds a key; whether it was absent.
    fn insert(&mut self, key: u64) -> bool;
    /// Whether the key is there.
    fn contains(&self, key: u64) -> bool;
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "__name__",
    title: "__Title__",
    question: "Ask in one paragraph what costs too much, and what a contender could do about it.",
    scenarios: SCENARIOS,
    checks: checks::CHECKS,
    sizes: Sizes { quick: &[8, 100], default: &[8, 100, 1000], full: &[8, 100, 1000, 10_000] },
    claims: &[],
    memory: &[],
    own_input: None,
    reference: "naive",
    describe: checks::describe,
};

const SCENARIOS: &[Scenario] = &[Scenario {
    name: "insert",
    summary: "Inserts n keys in random order into an empty set.",
    unit: "insert",
    requires: &[],
    sizes: None,
}];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<S: __Name__ + 'static>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: cases::set_up::<S>, replay: checks::replay::<S> }
}
