//! The roster: which contenders, scenarios and sizes there are, and selecting among their cells.

pub mod cell;
pub mod choice;
pub mod glob;
pub mod info;
pub mod input;
mod list;
mod pattern;
pub mod sample;
pub mod selection;

pub use list::roster;
