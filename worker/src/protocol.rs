//! What a worker is asked and answers: a line of JSON each.

use std::collections::BTreeMap;

use reports::CellName;
use reports::record::Measured;
use scenarios::Case;
use serde::{Deserialize, Serialize};

use crate::exact::{Roster, Sending};

/// What a worker is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    /// Says which instruction-set extensions the worker's CPU has, as the worker sees it.
    Isa,
    /// Runs a cell once.
    Digest(CellName),
    /// Runs a cell once inside the [measured region](crate::lab_measured_region), under Callgrind.
    Instructions(CellName, Extent),
    /// Runs a cell once under the allocation profiler.
    Allocations(CellName, Extent),
    /// A job that the program knows of which the worker is a part.
    Other(String),
}

/// How much of a cell's life an exact meter counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extent {
    /// The region.
    #[default]
    Region,
    /// The region, and then [the drop](crate::lab_measured_drop) of what it leaves.
    RegionAndDrop,
}

/// What a worker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Instruction-set extensions.
    Isa(String),
    /// A cell ran.
    Ran(Ran),
    /// The answer to another [job](Job::Other).
    Other(String),
    /// The job failed. One line says why.
    Failed(String),
}

/// What is known of a cell that ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Operations per region.
    pub ops: u64,
    /// Digest of the results; absent where the meter leaves it to the others.
    pub digest: Option<u64>,
    /// Processor time that threads of the cell's own took, in nanoseconds. No meter watches them.
    #[serde(default)]
    pub elsewhere_ns: u64,
    /// The process that ran it, by which Callgrind names its profile.
    pub pid: u32,
    /// What the meter found. A worker under Callgrind leaves it out: the counts are in its profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// What the run showed beside its cost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub observed: BTreeMap<String, f64>,
}

impl Ran {
    /// What is known of a case that ran.
    pub fn of(case: &dyn Case, measured: Option<Measured>) -> Self {
        Ran {
            ops: case.ops(),
            digest: Some(case.digest()),
            elsewhere_ns: 0,
            pid: std::process::id(),
            measured,
            observed: case.observed().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    /// What is known of a case that is about to run.
    pub fn before(case: &dyn Case) -> Self {
        Ran {
            ops: case.ops(),
            digest: None,
            elsewhere_ns: 0,
            pid: std::process::id(),
            measured: None,
            observed: BTreeMap::new(),
        }
    }
}

/// Does [other jobs](Job::Other), from a job's text. The answer is what it returns, or what it sent before if it ends the
/// process.
pub type Others = dyn Fn(Roster<'_>, &str, &Sending<'_>) -> Answer + Sync;
