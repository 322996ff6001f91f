//! Time budgets of the meters that time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::roster::selection::Profile;

/// How the time meter times a cell group.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeBudget {
    /// Processes that time it, one after the other. Where the set-up is long, fewer do, and each of their rounds counts as
    /// a process.
    pub processes: usize,
    /// Further processes for groups of which others disturbed some.
    pub spare: usize,
    /// How long all processes together wait for the machine to be calm.
    pub patience: Duration,
    /// Time of a process per contender, beside the set-up. A process makes at least one round.
    pub per_contender: Duration,
    /// Time of a contender's warm regions in a round, set-up included.
    pub slice: Duration,
}

impl TimeBudget {
    /// The budget of a profile.
    pub fn of(profile: Profile) -> Self {
        let (processes, spare, milliseconds, patience) = match profile {
            Profile::Quick => (6, 1, 2, 10),
            Profile::Default => (6, 1, 5, 30),
            Profile::Full => (12, 2, 20, 120),
        };
        let per_contender = Duration::from_millis(milliseconds);
        let (patience, slice) = (Duration::from_secs(patience), Duration::from_micros(200));
        TimeBudget { processes, spare, patience, per_contender, slice }
    }

    /// How long the processes with one number wait for calm, if so many cells are timed. A run of few cells does not wait
    /// longer than it measures.
    pub fn patience_of_process(self, cells: usize) -> Duration {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let measured = self.per_contender * count(cells * self.processes);
        self.patience.min(measured) / count(self.processes + self.spare)
    }
}

/// How often the comparison of two builds times a cell, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct TwoBuildsBudget {
    /// Rounds. Both builds begin as often when it is even.
    pub rounds: usize,
    /// Time of one process, beside its set-up.
    pub process: Duration,
}

impl TwoBuildsBudget {
    /// The budget of a profile.
    pub fn of(profile: Profile) -> Self {
        let rounds = match profile {
            Profile::Quick => 8,
            Profile::Default => 12,
            Profile::Full => 24,
        };
        TwoBuildsBudget { rounds, process: Duration::from_millis(5) }
    }
}
