//! What lies beside a record and says more of it. A report is complete without any of it.

use std::collections::BTreeMap;

use crate::baseline::Baseline;
use crate::history::store::Entry;
use crate::sensitivity::Sensitivity;

/// What lies beside a record.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The baseline, which has the functions that cells spend their instructions in.
    pub functions: Option<Baseline>,
    /// The records of the past, the oldest first.
    pub history: Vec<Entry>,
    /// What was measured in other surroundings, by bottleneck.
    pub sensitivity: BTreeMap<String, Sensitivity>,
}
