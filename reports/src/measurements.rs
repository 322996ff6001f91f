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
    /// What it takes to drop what the region leaves; absent where it was not counted, and in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropping: Option<Dropping>,
    /// Instructions of what comes after another run of the region; absent in most sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afterwards: Option<Afterwards>,
    /// Heap allocations of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocations: Option<Allocations>,
    /// Wall-clock times of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
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
        /// The drop of what the region leaves, where it was counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dropping: Option<Dropping>,
    },
    /// The instruction meter, after another run of the region.
    Afterwards(Afterwards),
    /// The allocation meter.
    Allocations(Allocations),
    /// The time meter.
    Times(Box<Times>),
}

impl Measurements {
    /// Adds what a meter found, in place of what it found before.
    pub fn add(&mut self, measured: Measured) {
        match measured {
            Measured::Instructions { instructions, atomics, dropping } => {
                (self.instructions, self.atomics) = (Some(instructions), atomics);
                self.dropping = dropping;
            }
            Measured::Afterwards(afterwards) => self.afterwards = Some(afterwards),
            Measured::Allocations(allocations) => self.allocations = Some(allocations),
            Measured::Times(times) => self.times = Some(*times),
        }
    }

    /// Why no meter can have found this; `None` for what meters can have found.
    pub fn fault(&self) -> Option<String> {
        let times = self.times.as_ref()?;
        if !(0.0..=1.0).contains(&times.disturbed) {
            return Some(format!("`times.disturbed` is {}, which is no share", times.disturbed));
        }
        let ratios = times.ratios.as_ref();
        let intervals = [
            ("times.warm_ns", Some(times.warm_ns)),
            ("times.cold_ns", Some(times.cold_ns)),
            ("times.drop_ns", times.drop_ns),
            ("times.ratios.warm", ratios.map(|ratios| ratios.warm)),
            ("times.ratios.cold", ratios.map(|ratios| ratios.cold)),
        ];
        intervals.into_iter().find_map(|(field, interval)| {
            let Interval { median, low, high } = interval?;
            if let Some(value) = [low, median, high].into_iter().find(|value| !is_time(*value)) {
                return Some(format!("`{field}` has {value}, which is no time"));
            }
            (low > high).then(|| format!("`{field}` has the lower bound {low} above the upper bound {high}"))
        })
    }

    /// The ratios of times, where there are some.
    pub fn ratios(&self) -> Option<&Ratios> {
        self.times.as_ref()?.ratios.as_ref()
    }

    /// Whether a meter's findings are there.
    pub fn has(&self, meter: Meter) -> bool {
        match meter {
            Meter::Instructions => self.instructions.is_some(),
            Meter::Allocations => self.allocations.is_some(),
            Meter::Time => self.times.is_some(),
            // It measures no regions; see `Record::trials`.
            Meter::Concurrency => false,
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

/// What it takes to drop what one region leaves: the results; where the region changed the state, that, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropping {
    /// Instructions.
    pub instructions: u64,
    /// Atomic read-modify-writes of the program among them; absent where they cannot be told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atomics: Option<u64>,
}

/// Instructions of what comes after one more run of a region, by which work that a structure puts off is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Afterwards {
    /// To read every result for the first time.
    pub read: u64,
    /// To drop the results; where the region changed the state, that and the input, too. [`Dropping`] is what contenders
    /// are compared by: it has no input.
    pub drop: u64,
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
    /// Blocks given back when what the region leaves is dropped, among them those of the set-up; absent where it was not
    /// counted, and in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_frees: Option<u64>,
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

/// Whether so large a share of turns was disturbed that the times are those of another machine.
pub fn is_noisy(disturbed: f64) -> bool {
    disturbed > 0.1
}

fn is_time(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

/// Wall-clock times of one region, warm and cold, from the same rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// Nanoseconds of the region with its working set in the caches, as far as it fits, and on another input than the
    /// time before.
    pub warm_ns: Interval,
    /// Nanoseconds of the region after other data has displaced its working set from the core's own caches.
    pub cold_ns: Interval,
    /// Nanoseconds to drop what a warm region left, after the warm regions on the other inputs; absent in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_ns: Option<Interval>,
    /// The share of the turns that were timed although somebody else used the core.
    pub disturbed: f64,
    /// Both as ratios to the reference contender's; absent where it was not timed in the same rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratios: Option<Ratios>,
}

/// Times per operation as ratios to a reference contender's in the same rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratios {
    /// The reference contender, whose ratio is 1.
    pub reference: String,
    /// The ratio of warm times.
    pub warm: Interval,
    /// The ratio of cold times.
    pub cold: Interval,
}
