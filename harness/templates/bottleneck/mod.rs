//! **__Title__**: say in one sentence what a contender must do.
//!
//! Contract: [`__Name__`]. Oracle: a `BTreeSet`. Scenarios: [`BOTTLENECK`].

mod cases;
mod checks;
mod contract;
mod oracle;

use crate::contender::{About, Bottleneck, Contender, NOTHING, Scenario, Sizes};

pub use contract::__Name__;

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "__name__",
    title: "__Title__",
    question: "Ask in one paragraph what costs too much, and what a contender could do about it.",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes { quick: &[8, 100], default: &[8, 100, 1000], full: &[8, 100, 1000, 10_000] },
    memory: &[],
    composition: None,
    choice: None,
    own_inputs: &[],
    reference: "naive",
    describe: checks::describe,
    why_no_input: "",
};

const SCENARIOS: &[Scenario] =
    &[Scenario::new("insert", "insert", NOTHING, "Inserts n keys in random order into an empty set.")];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<S: __Name__ + 'static>(about: About) -> Contender {
    let (set_up, replay) = (cases::set_up::<S>, checks::replay::<S>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay, concurrency: None }
}
