//! What `lab explain` says of a cell, for people and for another revision's lab.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A cell's instructions by function.
#[derive(Debug, Serialize, Deserialize)]
pub struct Explained {
    /// The cell.
    pub cell: String,
    /// Instructions per region.
    pub instructions: u64,
    /// Operations per region.
    pub ops: u64,
    /// Instructions by function.
    pub functions: BTreeMap<String, u64>,
    /// Atomic read-modify-writes by function, where they are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atomics: Option<BTreeMap<String, u64>>,
}
