//! The record's schema, the baseline, the analysis and the rendering of Bottleneck Lab.
//!
//! This crate never sees an implementation: everything that a report says of a contender is in the
//! [record](record::Record).

pub mod afterwards;
pub mod analysis;
pub mod baseline;
pub mod beside;
pub mod cell_name;
pub mod choice;
pub mod choose;
pub mod claims;
pub mod conditions;
pub mod crossover;
mod digest;
pub mod disagreement;
mod draws;
pub mod duel;
pub mod export;
#[cfg(test)]
mod fixture;
pub mod functions;
pub mod growth;
pub mod history;
pub mod identities;
pub mod io;
pub mod junit;
pub mod kept;
pub mod layouts;
pub mod letting_go;
pub mod measurements;
pub mod merge;
pub mod meter;
pub mod metric;
pub mod parts;
pub mod payoff;
pub mod record;
pub mod render;
pub mod sensitivity;
pub mod shell;
pub mod summary;
pub mod verdict;
pub mod view;
pub mod why;

pub use cell_name::CellName;
pub use identities::{Identities, Identity};
pub use io::Error;
pub use meter::Meter;
pub use metric::Metric;
