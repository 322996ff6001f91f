//! What the meters need outside of the [worker], and the meters that time. How cells are distributed over workers and
//! what becomes of the results is the business of a [run](crate::measure::run).

pub mod atomics;
pub mod callers;
pub mod callgrind;
pub mod calm;
pub mod clock;
pub mod concurrency;
pub mod cycles;
pub mod instructions;
pub mod simulated;
pub mod time;
pub mod two_builds;
pub mod valgrind;
