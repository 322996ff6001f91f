//! What the lab asks: the contract, the seeded inputs, the scenarios, the oracle and the checks of every bottleneck. No
//! implementation lives here.
//!
//! Each bottleneck is a folder of the same files:
//!
//! | file | what it holds |
//! |---|---|
//! | `contract.rs` | the contract, a trait: all that the author of a contender reads |
//! | `cases.rs` | the inputs and the measured regions, from `set_up` on |
//! | `oracle.rs` | the models that say what must come out |
//! | `checks.rs` | what `lab verify` replays beside the oracle, from `replay` on |
//! | `operations.rs` | in some: traces of operations, an application's own |
//! | `mod.rs` | the bottleneck's description, its list of scenarios, and what ties the others together |
//!
//! `cases.rs` and `checks.rs` use the contract and the oracle, and `checks.rs` the inputs of `cases.rs`. No file uses
//! `mod.rs`. (`small_map` has the contract of `persistent_map`.)
//!
//! A contender's crate implements the trait and calls the bottleneck's `contender` function. That call instantiates every
//! scenario **inside the contender's crate**, which keeps one contender's machine code independent of all others.
//!
//! | word | type |
//! |---|---|
//! | bottleneck | [`Bottleneck`] |
//! | contender | [`Contender`], described by [`About`] |
//! | scenario | [`Scenario`]; one of it, set up for one contender and size, is a [`Case`] |
//! | oracle | the model beside which a check is replayed, and each case's [`Case::expected`] |

mod case;
mod checking;
pub mod composition;
pub mod concurrency;
mod contender;
pub mod data_map;
pub mod flat;
pub mod flat_keys;
pub mod flat_query;
pub mod input;
mod json_path;
pub mod lru_cache;
pub mod mix;
mod operations;
mod own;
pub mod pattern_index;
pub mod persistent_map;
pub mod persistent_vector;
pub mod pointer;
pub mod probe;
#[cfg(test)]
mod reference;
pub mod shared;
pub mod shared_map;
pub mod shared_vector;
pub mod signals;
pub mod slots;
pub mod small_map;
mod trace;
pub mod wide;
mod zipf;

pub use case::{Case, Difference, Observed, Setup, Unfit, case, observing_case, seeded_case};
pub use composition::Composition;
pub use contender::{
    About, Bottleneck, Capability, Caveat, Contender, Form, Growth, KnownFailure, Memory, NOTHING, OwnInput,
    Part, Purpose, Request, Role, Scenario, Sizes,
};
pub use trace::{Check, Mismatch, Step};

/// Every bottleneck of the lab, in the order of reading.
pub static BOTTLENECKS: &[&Bottleneck] = &[
    &persistent_vector::BOTTLENECK,
    &persistent_map::BOTTLENECK,
    &small_map::BOTTLENECK,
    &pattern_index::BOTTLENECK,
    &flat_keys::BOTTLENECK,
    &flat_query::BOTTLENECK,
    &signals::BOTTLENECK,
    &slots::BOTTLENECK,
    &lru_cache::BOTTLENECK,
    &shared_map::BOTTLENECK,
    &shared_vector::BOTTLENECK,
    &data_map::BOTTLENECK,
];

/// The Cargo profile with which this crate, and so every contender, is built.
pub const BUILD_PROFILE: &str =
    concat!(env!("SCENARIOS_PROFILE"), ", opt-level ", env!("SCENARIOS_OPT_LEVEL"));
