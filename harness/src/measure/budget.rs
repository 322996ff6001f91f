//! Time budgets of the meters that time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::roster::selection::Profile;

/// How much time the wall meter gives a cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WallBudget {
    /// Warm-up.
    pub warm_up: Duration,
    /// Measurement, set-up included.
    pub measurement: Duration,
    /// Most samples.
    pub samples: usize,
}

impl WallBudget {
    /// The budget of a profile.
    pub fn of(profile: Profile) -> Self {
        let (warm_up, measurement, samples) = match profile {
            Profile::Quick => (5, 20, 30),
            Profile::Default => (5, 25, 30),
            Profile::Full => (50, 150, 100),
        };
        let [warm_up, measurement] = [warm_up, measurement].map(Duration::from_millis);
        WallBudget { warm_up, measurement, samples }
    }
}

/// How much time the paired meter gives a cell group.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedBudget {
    /// Time per contender, set-up included.
    pub per_contender: Duration,
    /// A contender's slice of a round.
    pub slice: Duration,
}

impl PairedBudget {
    /// The budget of a profile.
    pub fn of(profile: Profile) -> Self {
        let per_contender = match profile {
            Profile::Quick => 10,
            Profile::Default => 30,
            Profile::Full => 200,
        };
        PairedBudget {
            per_contender: Duration::from_millis(per_contender),
            slice: Duration::from_micros(200),
        }
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
