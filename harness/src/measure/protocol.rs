//! What the lab asks of its workers beside [exact counts](worker::Job).

use std::time::Duration;

use reports::CellName;
use scenarios::Check;
use scenarios::input::SEED;
use serde::{Deserialize, Serialize};
use worker::{Answer, Job};

use super::budget::TimeBudget;

/// The first argument that makes the lab's binaries a worker instead of a command line.
pub const WORKER_ARGUMENT: &str = "__worker";

/// The option of a worker that names the place where the lab [kept](crate::roster::input::Input::keep) the user's file.
pub const INPUT_OPTION: &str = "--input";

/// The option of a worker that gives the seed of the inputs.
pub const SEED_OPTION: &str = "--seed";

/// The lab's own jobs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum OwnJob {
    /// Replays one check of a bottleneck for one contender. The answer is a [`Finding`].
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
    /// Replays a cell beside the oracle and compares every step. The answer is a [`Finding`].
    Compare(CellName),
    /// Computes what a cell must come to, without its contender where possible. The answer is an
    /// [`Expectation`](super::expectation::Expectation).
    Expect(CellName),
    /// Asks whether a cell about the user's file can be measured. The answer is why not, as a pair of the kind of reason
    /// and a message, if it cannot.
    Unfit(CellName),
    /// Sets a cell up and takes its digest without a run. The answer is the digest, if it can be taken.
    Skip(CellName),
    /// Runs a cell once on an input of this seed. The answer is an [`Otherwise`](super::phases::Otherwise).
    Otherwise(CellName, u64),
    /// Counts the [phases](super::phases::Phase) of a cell under Callgrind. The answer is [`Answer::Ran`].
    Phases(CellName),
    /// Runs so many trials of a scenario of several threads or processes. The answer is a list of
    /// [figures](reports::record::TrialFigure).
    Trials(CellName, usize),
    /// Times a cell for this long, to be compared with another build. The answer is in nanoseconds per operation.
    Time(CellName, Duration),
    /// Times the cells of one group in turns. The answer is [`Samples`](super::meters::time::Samples).
    Times {
        /// The cells; the first is the reference.
        cells: Vec<CellName>,
        /// For how long.
        budget: TimeBudget,
        /// The number of the process among those that time the group.
        process: usize,
        /// What a loop that [watches for neighbours](super::meters::calm) took in other processes, in nanoseconds.
        level: f64,
        /// How long it may wait for calm.
        patience: Duration,
    },
}

impl From<OwnJob> for Job {
    fn from(job: OwnJob) -> Job {
        Job::Other(serde_json::to_string(&job).expect("a job is JSON"))
    }
}

/// What the replay of a check, or of a cell, shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Finding {
    /// There is no difference from the oracle.
    Verified,
    /// There is one.
    Refuted {
        /// What was observed and what was expected.
        message: String,
        /// The shortest failing trace found, or the steps of a cell that led to the difference.
        trace: Vec<String>,
    },
}

/// The answer with which a worker says this.
pub fn answer_of<T: Serialize>(found: &T) -> Answer {
    Answer::Other(serde_json::to_string(found).expect("an answer is JSON"))
}

/// What a worker's answer says, or else why it does not.
pub fn told<T: for<'de> Deserialize<'de>>(answer: Answer) -> Result<T, String> {
    match answer {
        Answer::Other(text) => {
            serde_json::from_str(&text).map_err(|error| format!("malformed answer: {error}"))
        }
        other => Err(failure_of(other)),
    }
}

/// Why an answer is none to the question.
pub fn failure_of(answer: Answer) -> String {
    match answer {
        Answer::Failed(message) => message,
        other => format!("an answer that does not belong to the question: {other:?}"),
    }
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
