//! The lab: roster, meters, verification, runs, gate and command line.
//!
//! A stranger's crate can put its own contender beside ours. It depends on `lab` and `scenarios` and
//! has two binaries of a few lines each, `my-lab` and `my-lab-allocations` (`harness/tests/out-of-tree` is
//! such a crate):
//!
//! ```no_run
//! // src/bin/my-lab.rs
//! # fn contender() -> scenarios::Contender { unimplemented!() }
//! fn main() -> std::process::ExitCode {
//!     let mut roster = lab::roster::roster();
//!     roster.push(contender());
//!     lab::main(&roster)
//! }
//! ```
//!
//! ```no_run
//! // src/bin/my-lab-allocations.rs: the same, with the allocator that counts
//! # fn contender() -> scenarios::Contender { unimplemented!() }
//! #[global_allocator]
//! static ALLOCATOR: lab::dhat::Alloc = lab::dhat::Alloc;
//!
//! fn main() -> std::process::ExitCode {
//!     let mut roster = lab::roster::roster();
//!     roster.push(contender());
//!     lab::main(&roster)
//! }
//! ```

pub mod bench;
pub mod cell;
mod cli;
mod commands;
mod entropy;
pub mod error;
mod fingerprint;
mod gate;
mod info;
mod input;
mod journal;
pub mod meters;
mod pool;
mod progress;
pub mod roster;
pub mod run;
mod scratch;
mod shrink;
pub mod verify;
pub mod worker;

use std::process::ExitCode;

pub use dhat;
use scenarios::Contender;

/// The command line over a roster; also the worker that it starts (see [`worker`]).
pub fn main(roster: &[Contender]) -> ExitCode {
    worker::serve_if_asked(roster).unwrap_or_else(|| cli::main(roster))
}
