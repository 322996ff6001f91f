//! What the lab and its workers say to each other: a line of JSON for each [`Job`], and one for its
//! [`Answer`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use reports::CellName;
pub use reports::record::Measured;
use scenarios::Check;
use scenarios::input::SEED;
use serde::{Deserialize, Serialize};

use super::budget::{PairedBudget, WallBudget};

/// The first argument that makes the lab's binaries a worker instead of a command line.
pub const WORKER_ARGUMENT: &str = "__worker";

/// The option of a worker that names the user's file.
pub const INPUT_OPTION: &str = "--input";

/// What a worker is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Job {
    /// Says which instruction-set extensions the worker's CPU has, as the worker sees it.
    Isa,
    /// Replays one check of a bottleneck for one contender.
    Verify {
        /// The bottleneck.
        bottleneck: String,
        /// The contender.
        contender: String,
        /// The check.
        check: String,
        /// How thoroughly.
        depth: Depth,
    },
    /// Runs a cell once and compares its digest with the oracle's.
    Digest(CellName),
    /// Runs a cell once inside the [measured region](super::worker::lab_measured_region), under Callgrind.
    Instructions(CellName),
    /// Runs a cell once under the allocation profiler.
    Allocations(CellName),
    /// Times a cell; criterion writes into the directory.
    Wall(CellName, WallBudget, PathBuf),
    /// Times the cells of one group, interleaved; the first is the reference.
    Paired(Vec<CellName>, PairedBudget),
}

/// What a worker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Instruction-set extensions.
    Isa(String),
    /// A check passed.
    Verified,
    /// A check failed.
    Refuted {
        /// What was observed and what was expected.
        message: String,
        /// The shortest failing trace found.
        trace: Vec<String>,
    },
    /// A cell ran.
    Ran(Ran),
    /// A group of cells was timed: what was found of each, in the order of the job.
    Group(Vec<Measured>),
    /// The job failed. One line says why.
    Failed(String),
}

/// What is known of a cell that ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Operations per region.
    pub ops: u64,
    /// Digest of the results.
    pub digest: u64,
    /// The oracle's digest, where the job computes it.
    pub expected: Option<u64>,
    /// The process that ran it, by which Callgrind names its profile.
    pub pid: u32,
    /// What the meter found. A worker under Callgrind leaves it out: the counts are in its profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// What the run showed beside its cost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub observed: BTreeMap<String, f64>,
}

/// How thoroughly a contender is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depth {
    /// How many times as many traces as a check asks for.
    pub factor: u32,
    /// What the traces are drawn from.
    pub seed: u64,
}

impl Default for Depth {
    /// The depth of what every run does before it measures. It takes seconds, and the traces are always the same.
    fn default() -> Self {
        Depth { factor: 1, seed: SEED }
    }
}

impl Depth {
    /// The factor of `lab verify --deep`, which takes minutes.
    pub const DEEP: u32 = 20;

    /// Whether a check is worth replaying. A check with a fixed sequence is the same for every seed.
    pub(crate) fn replays(self, check: &Check) -> bool {
        check.steps > 0 || self.seed == SEED
    }
}
