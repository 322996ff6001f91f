//! What the lab asks: for each bottleneck one module with its contract (a trait), its oracle, its
//! seeded inputs, its scenarios and its sizes. No implementation lives here.
//!
//! A contender's crate implements the trait and calls the bottleneck's `contender` function. That
//! call instantiates every scenario **inside the contender's crate**, which is what keeps one
//! contender's machine code independent of all others.
//!
//! | word | type |
//! |---|---|
//! | bottleneck | [`Bottleneck`] |
//! | contender | [`Contender`], described by [`About`] |
//! | scenario | [`Scenario`]; one of it, set up for one contender and size, is a [`Case`] |
//! | oracle | the model inside a bottleneck's `replay`, and each case's [`Case::expected`] |

mod case;
mod checking;
mod contender;
pub mod flat;
pub mod flat_keys;
pub mod flat_query;
pub mod input;
mod json_path;
pub mod lru_cache;
pub mod pattern_index;
pub mod persistent_map;
pub mod persistent_vector;
pub mod pointer;
pub mod probe;
#[cfg(test)]
mod reference;
pub mod signals;
pub mod slots;
pub mod small_map;
mod trace;

pub use case::{Case, Observed, Setup, case, observing_case};
pub use contender::{
    About, Bottleneck, Capability, Caveat, Claim, Contender, Growth, KnownFailure, Memory, NOTHING, OwnInput,
    Request, Role, Scenario, Sizes,
};
pub use trace::{Check, Mismatch, Step};

/// Every bottleneck of the lab, in reading order.
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
];

/// The Cargo profile that this crate, and so every contender, is built with.
pub const BUILD_PROFILE: &str =
    concat!(env!("SCENARIOS_PROFILE"), ", opt-level ", env!("SCENARIOS_OPT_LEVEL"));
