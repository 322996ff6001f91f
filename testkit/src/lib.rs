//! What the tests of several contenders share.
//!
//! A contender names this crate in its `[dev-dependencies]` only, so nothing that is measured depends on it.
//! In one line, a test in its `tests/checks.rs` then replays [every check](every_check_passes) of its bottleneck:
//!
//! ```ignore
//! #[test]
//! fn every_check_of_the_bottleneck_passes() {
//!     testkit::every_check_passes(&small_map_sorted_vec::contender());
//! }
//! ```
//!
//! | a test about | takes |
//! |---|---|
//! | the bottleneck's checks | [`every_check_passes`]; of a peer [`fails_what_it_declares`] |
//! | JSONPath | [`answers_compliance_suite`], [`jsonpath::agrees_with_python`] |
//! | JSONPath over the leaves of another store | [`answers_over_other_leaves`] |
//! | panics in a user's code | [`probe`], [`Fragile`], [`expect_injected_panics`] |
//! | `Send`, `Sync` and unwind safety | [`Is`] |
//! | any persistent map | [`map`] |
//! | a map that is a hash trie | [`map::hash_trie`] |
//!
//! The [`probe`] itself lives in `scenarios`: its checks watch contenders with it outside of tests too, whenever
//! `lab verify` runs, and the lab's worker keeps its panics out of the output. This crate adds what only tests need.

mod auto_traits;
mod checks;
mod fragile;
pub mod jsonpath;
pub mod map;
mod other_leaves;
mod panics;

pub use auto_traits::{Is, Otherwise};
pub use checks::{answers_compliance_suite, every_check_passes, fails_what_it_declares};
pub use fragile::Fragile;
pub use other_leaves::answers_over_other_leaves;
pub use panics::expect_injected_panics;
pub use scenarios::probe;
