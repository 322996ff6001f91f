//! The meters, which measure cells.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A meter: a way to measure a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Meter {
    /// Heap blocks and bytes of the region, counted by the allocator: exact.
    Allocations,
    /// Instructions executed in the region, by Callgrind: exact, and the gate's measure.
    Instructions,
    /// Wall-clock times of the region, warm and cold: comparable within a run.
    Time,
    /// Figures of several threads and processes, by the clock: comparable within a run.
    Concurrency,
}

impl Meter {
    /// Every meter, in the order in which they run.
    pub const ALL: [Meter; 4] = [Meter::Allocations, Meter::Instructions, Meter::Time, Meter::Concurrency];

    /// The meters that measure the regions of cells.
    pub const OF_REGIONS: [Meter; 3] = [Meter::Allocations, Meter::Instructions, Meter::Time];

    /// The meter's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Meter::Allocations => "allocations",
            Meter::Instructions => "instructions",
            Meter::Time => "time",
            Meter::Concurrency => "concurrency",
        }
    }

    /// One line for a reader who chooses meters.
    pub fn help(self) -> &'static str {
        match self {
            Meter::Concurrency => {
                "Threads and processes at the same time, by the clock, where a bottleneck has such scenarios"
            }
            Meter::Allocations => "Heap blocks and bytes of the region, counted by the allocator: exact",
            Meter::Instructions => {
                "Instructions executed in the region, by Callgrind: exact, and the gate's measure"
            }
            Meter::Time => {
                "Wall-clock times of the region, warm and cold, contenders in turns: comparable within a run"
            }
        }
    }

    /// Whether two measurements of the same program give the same numbers.
    pub fn is_exact(self) -> bool {
        match self {
            Meter::Allocations | Meter::Instructions => true,
            Meter::Time | Meter::Concurrency => false,
        }
    }
}

/// A text that is the word of no meter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no meter `{0}`")]
pub struct UnknownMeter(String);

impl FromStr for Meter {
    type Err = UnknownMeter;

    fn from_str(word: &str) -> Result<Self, UnknownMeter> {
        let found = Meter::ALL.iter().find(|meter| meter.as_str() == word);
        found.copied().ok_or_else(|| UnknownMeter(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_is_found_by_its_word() {
        for meter in Meter::ALL {
            assert_eq!(meter.as_str().parse(), Ok(meter));
            assert_eq!(serde_json::to_value(meter).unwrap(), meter.as_str());
        }
        assert_eq!("clock".parse::<Meter>().unwrap_err().to_string(), "no meter `clock`");
    }
}
