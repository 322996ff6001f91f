//! What `lab explain` says of a cell, for people and for another revision's lab.

use serde::{Deserialize, Serialize};

use crate::measure::meters::callgrind::{Functions, Lines};

/// A cell's instructions by function.
#[derive(Debug, Serialize, Deserialize)]
pub struct Explained {
    /// The cell.
    pub cell: String,
    /// Instructions per region.
    pub instructions: u64,
    /// Operations per region.
    pub ops: u64,
    /// Instructions by [row](crate::measure::meters::callers::Row).
    pub functions: Functions,
    /// Whether library functions are with the functions that call them. An older lab, where they have rows of their own,
    /// does not write this.
    #[serde(default)]
    pub by_caller: bool,
    /// Instructions by source line, for each function outside the libraries. An older lab does not write them.
    #[serde(default)]
    pub lines: Lines,
    /// Atomic read-modify-writes by row, where they are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atomics: Option<Functions>,
}
