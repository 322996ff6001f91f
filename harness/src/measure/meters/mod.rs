//! The four meters. Each measures one [case](scenarios::Case); how cells are distributed over workers
//! and what becomes of the results is the business of a [run](crate::measure::run).

pub mod allocations;
pub mod atomics;
pub mod callgrind;
pub mod instructions;
pub mod paired;
pub mod wall;
