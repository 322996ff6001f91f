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
//! static ALLOCATOR: lab::Allocator = lab::Allocator;
//!
//! fn main() -> std::process::ExitCode {
//!     let mut roster = lab::roster::roster();
//!     roster.push(contender());
//!     lab::main(&roster)
//! }
//! ```
//!
//! The gate and the cache then measure everything every time. To measure only contenders whose compiled code changed,
//! they need a list of the files that the program is linked from, `my-lab.linked` beside the program. The linker writes
//! it if the crate's `build.rs` says so:
//!
//! ```no_run
//! // build.rs
//! # use std::path::PathBuf;
//! let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
//! let beside = out.ancestors().nth(3).expect("it lies in the target directory");
//! let list = beside.join("my-lab.linked");
//! println!("cargo::rustc-link-arg-bin=my-lab=-Xlinker");
//! println!("cargo::rustc-link-arg-bin=my-lab=--dependency-file={}", list.display());
//! ```

pub mod bench;
mod cli;
mod commands;
mod door;
pub mod error;
mod judge;
mod lock;
pub mod measure;
mod progress;
pub mod roster;
mod sha256;

use std::process::ExitCode;

pub use scenarios::Contender;
pub use worker::Allocator;

/// The command line over a roster. The same program is also the worker that it starts (see [`worker`]).
pub fn main(roster: &[Contender]) -> ExitCode {
    measure::serve::serve_if_asked(roster).unwrap_or_else(|| cli::main(roster))
}
