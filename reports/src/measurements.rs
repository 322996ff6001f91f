//! What the meters find of one cell.
//!
//! The meters' words for it travel unchanged from the worker through the journal into the record.

use serde::{Deserialize, Serialize};

use crate::meter::Meter;

/// What the meters found of one cell. A meter that did not run is absent, never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurements {
    /// Instructions per region (Callgrind's Ir).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<u64>,
    /// Atomic read-modify-writes per region, of those instructions; absent where they cannot be told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atomics: Option<Atomics>,
    /// Heap allocations of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocations: Option<Allocations>,
    /// Wall-clock nanoseconds per region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ns: Option<Interval>,
    /// Wall-clock ratio to the reference contender, interleaved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paired: Option<Paired>,
}

/// What one meter found of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Measured {
    /// The instruction meter.
    Instructions {
        /// Instructions per region.
        instructions: u64,
        /// Atomic read-modify-writes among them, where they can be told apart.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        atomics: Option<Atomics>,
    },
    /// The allocation meter.
    Allocations(Allocations),
    /// The wall meter: nanoseconds per region.
    Wall(Interval),
    /// The paired meter.
    Paired(Paired),
}

impl Measurements {
    /// Adds what a meter found, in place of what it found before.
    pub fn add(&mut self, measured: Measured) {
        match measured {
            Measured::Instructions { instructions, atomics } => {
                (self.instructions, self.atomics) = (Some(instructions), atomics);
            }
            Measured::Allocations(allocations) => self.allocations = Some(allocations),
            Measured::Wall(interval) => self.wall_ns = Some(interval),
            Measured::Paired(paired) => self.paired = Some(paired),
        }
    }

    /// Why no meter can have found this; `None` for what meters can have found.
    pub fn fault(&self) -> Option<String> {
        let wall = self.wall_ns.map(|wall| ("wall_ns", [wall.low, wall.median, wall.high]));
        let paired = self.paired.as_ref().map(|paired| ("paired", [paired.low, paired.ratio, paired.high]));
        wall.into_iter().chain(paired).find_map(|(field, values)| {
            let [low, _, high] = values;
            if let Some(value) = values.iter().find(|value| !(value.is_finite() && **value >= 0.0)) {
                return Some(format!("`{field}` has {value}, which is no time"));
            }
            (low > high).then(|| format!("`{field}` has the lower bound {low} above the upper bound {high}"))
        })
    }

    /// Whether a meter's findings are there.
    pub fn has(&self, meter: Meter) -> bool {
        match meter {
            Meter::Instructions => self.instructions.is_some(),
            Meter::Allocations => self.allocations.is_some(),
            Meter::Wall => self.wall_ns.is_some(),
            Meter::Paired => self.paired.is_some(),
        }
    }
}

/// Atomic read-modify-writes of one region, by whose code executed them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Atomics {
    /// In the program: the contender's, with the crates that it uses and the standard library.
    pub program: u64,
    /// In shared libraries: the C library's, above all the lock of its allocator.
    pub libraries: u64,
}

/// Heap allocations of one region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocations {
    /// Blocks allocated (a reallocation counts as one).
    pub blocks: u64,
    /// Blocks given back, among them those that were allocated before the region (a reallocation gives one back);
    /// absent in records that are older than this count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frees: Option<u64>,
    /// Bytes requested.
    pub bytes: u64,
    /// Most bytes live at once, of those allocated in the region.
    pub peak_bytes: u64,
    /// Bytes allocated in the region and still live after it.
    pub live_bytes: u64,
}

/// A median with its confidence interval (95 %).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Median.
    pub median: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// A wall-clock ratio to a reference contender, from interleaved rounds (95 % interval).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// The reference contender: ratio 1.
    pub reference: String,
    /// Median ratio, this contender's time per operation over the reference's.
    pub ratio: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}
