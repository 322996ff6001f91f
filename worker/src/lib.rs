//! The worker: the process that runs cells and counts what they cost.
//!
//! A worker takes [jobs](Job) from its standard input and [answers](Answer) on its standard output, with a line of JSON
//! each. It runs each job in a [forked child](serve), and an exact meter runs its cell from an allocator that
//! [always is in the same state](settle). So a count depends on the cell alone: not on the jobs before it, and not on the
//! rest of the lab.
//!
//! This is a crate of its own because an exact count depends on all of it. A change to it moves every count, so the gate
//! measures every cell after one. A change to the rest of the lab moves none. What the lab asks of its workers beside
//! exact counts is [the lab's own](Others).

mod allocations;
mod entropy;
mod exact;
mod instrument;
mod process;
mod protocol;
mod settle;
mod threads;

pub use allocations::{Allocator, allocations};
pub use exact::{Roster, Sending, lab_measured_drop, lab_measured_region};
pub use instrument::{CAN_INSTRUMENT, count_part, instrument};
pub use process::{serve, warm};
pub use protocol::{Answer, Extent, Job, Others, Ran};
pub use settle::settle;
