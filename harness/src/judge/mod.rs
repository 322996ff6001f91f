//! Judging: what a change of the exact metrics means.

pub mod baseline;
pub mod explained;
pub mod functions;
pub mod plan;
pub mod revision;
pub mod rule;
pub mod spelled;
