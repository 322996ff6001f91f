//! Measuring: from cells to results.
//!
//! A [`run`] turns cells into [jobs](worker::Job) and gives them to a [`pool`] of [workers](serve), which
//! [`verify`] contenders and run [`meters`]. What comes back goes into the [`journal`] and, in the end, into a
//! record.

pub mod budget;
pub mod cache;
pub mod codegen;
pub mod expectation;
pub mod fingerprint;
pub mod identity;
pub mod journal;
pub mod machine;
pub mod meters;
pub mod paths;
pub mod phases;
pub mod planted;
pub mod pool;
pub mod programs;
pub mod protocol;
pub mod run;
pub mod scratch;
pub mod serve;
pub mod shrink;
pub mod statistics;
pub mod surroundings;
pub mod verify;
