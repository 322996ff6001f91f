//! The four meters. Each measures one [case](scenarios::Case); how cells are distributed over workers
//! and what becomes of the results is the business of [`run`](crate::run).

pub mod allocations;
pub mod atomics;
pub mod callgrind;
pub mod instructions;
pub mod paired;
pub mod wall;

use serde::{Deserialize, Serialize};

/// What is measured of a cell.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Meter {
    /// Instructions executed in the region, by Callgrind: exact, and the gate's measure.
    Instructions,
    /// Heap blocks and bytes of the region, by dhat: exact.
    Allocations,
    /// Wall-clock time of the region, by criterion: noisy.
    Wall,
    /// Wall-clock ratio to a reference contender, interleaved: comparable within a run.
    Paired,
}

impl Meter {
    /// Every meter, in the order in which they run.
    pub const ALL: [Meter; 4] = [Meter::Allocations, Meter::Instructions, Meter::Wall, Meter::Paired];

    /// The meter's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Meter::Instructions => "instructions",
            Meter::Allocations => "allocations",
            Meter::Wall => "wall",
            Meter::Paired => "paired",
        }
    }
}
