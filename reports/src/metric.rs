//! The metrics: the numbers of a cell that contenders are compared by, and everything that is said of
//! each of them.
//!
//! **This is the only list.** The record's totals, the gate and its baseline, `lab diff`, the tables of
//! `lab run` and `cargo bench`, and the report's tables, charts, glossary and style sheet are generated
//! from it. A new metric is a field in [`Measurements`], the meter that fills it, and an entry here.

use std::str::FromStr;

use crate::measurements::{Interval, Measurements, Ratios};
use crate::meter::Meter;
use crate::record::{CellRecord, ScenarioInfo};

/// Everything that is said of a metric.
pub struct About {
    /// The stable word for `data-metric` attributes, deep links and the baseline's columns.
    pub key: &'static str,
    /// The word on the command line.
    pub word: &'static str,
    /// The name for people: `Peak bytes`.
    pub title: &'static str,
    /// What it counts, for a sentence: `allocated blocks`.
    pub counted: &'static str,
    /// The unit of the numerator, for a table's head: `Ir`, `ns`.
    pub unit: &'static str,
    /// What the title does not say of the number; empty for most.
    pub meaning: &'static str,
    /// The report's glossary: how to read the number.
    pub glossary: &'static str,
    /// What measures it.
    pub meter: Meter,
    /// Where a cell has it.
    pub reading: Reading,
    /// What one of its values belongs to.
    pub per: Per,
    /// Whether the report draws it.
    pub chart: Chart,
    /// Whether it has tables of its own in the report; otherwise it is in the table of totals alone.
    pub tables: bool,
    /// When `lab run` prints a table of it.
    pub summary: Summary,
    /// What the gate makes of it.
    pub gate: Gate,
}

/// Where a cell has a metric, and what kind of number it is.
pub enum Reading {
    /// An exact count of the region.
    Count(fn(&Measurements) -> Option<u64>),
    /// A time of the region, with its interval.
    Time(fn(&Measurements) -> Option<Interval>),
    /// A ratio of times per operation, and which of the ratios it is.
    Ratio(fn(&Ratios) -> Interval),
}

/// What one of a metric's values belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// An operation, under the scenario's name for it.
    Operation,
    /// An operation; where each of them leaves a version behind that is kept, that version.
    Kept,
    /// Nothing: it is a ratio already.
    Nothing,
}

/// Whether the report draws a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chart {
    /// On every page where it was measured.
    Always,
    /// On the pages where any contender has some: a chart per scenario that says "zero" tells nobody anything.
    WhereAny,
    /// On none.
    Never,
}

/// When `lab run` prints a table of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// Where none of a lower rank was measured.
    Leads {
        /// The rank: 0 leads where it was measured at all.
        rank: u8,
    },
    /// Always, with the scenarios in which any contender has some.
    WhereAny,
    /// Never.
    Never,
}

/// What the gate makes of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gate {
    /// It is not in the baseline.
    Ignored,
    /// One more is a regression.
    NoGrowth,
    /// Growth by more than a share of the baseline's value, more than a least number and more than the
    /// cell's noise is a regression.
    Tolerance {
        /// The share of the baseline's value.
        share: f64,
        /// The least number.
        least: u64,
    },
}

impl Gate {
    /// Whether the baseline holds the metric.
    pub fn is_kept(self) -> bool {
        self != Gate::Ignored
    }

    /// The growth over a count that is not yet a regression; `None` for a metric that does not gate. `noise` is by how much
    /// two measurements of it differed.
    pub fn tolerance(self, old: u64, noise: u64) -> Option<u64> {
        match self {
            Gate::Ignored => None,
            Gate::NoGrowth => Some(0),
            Gate::Tolerance { share, least } => {
                let of_count = |share: f64| (old as f64 * share) as u64;
                // However noisy a cell was when it was blessed, twice the share of others is seen.
                Some(of_count(share).max(least).max(noise.min(of_count(2.0 * share))))
            }
        }
    }

    /// Whether the baseline holds by how much two measurements of the metric differed.
    pub fn has_noise(self) -> bool {
        matches!(self, Gate::Tolerance { .. })
    }
}

/// Makes the enumeration and its list from the same entries, so that neither lacks one.
macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident: $about:expr,)*) => {
        /// One number of a cell. Lower is better for all of them.
        ///
        /// Contenders of one cell group may run different numbers of operations (those that copy whole
        /// run fewer), so a metric's value is per operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric {
            $($(#[$doc])* $name,)*
        }

        impl Metric {
            /// Every metric, in reading order.
            pub const ALL: &[Metric] = &[$(Metric::$name),*];

            /// Everything that is said of the metric.
            pub fn about(self) -> &'static About {
                match self {
                    $(Metric::$name => const { &$about },)*
                }
            }
        }
    };
}

metrics! {
    /// Instructions.
    Instructions: About {
        key: "instructions",
        word: "instructions",
        title: "Instructions",
        counted: "instructions",
        unit: "Ir",
        meaning: "",
        glossary: "Counted by Callgrind, exactly repeatable. Not the same as time: an atomic operation or a cache miss \
                   counts as one instruction and costs many.",
        meter: Meter::Instructions,
        reading: Reading::Count(|cell| cell.instructions),
        per: Per::Operation,
        chart: Chart::Always,
        tables: true,
        summary: Summary::Leads { rank: 0 },
        // Rebuilding another crate moves a cell by up to about thirty instructions; one per cent of the
        // smallest regions that mean something is some hundreds.
        gate: Gate::Tolerance { share: 0.005, least: 200 },
    },
    /// Atomic read-modify-writes in the program.
    Atomics: About {
        key: "atomics",
        word: "atomics",
        title: "Atomics",
        counted: "atomic read-modify-writes of the program",
        unit: "atomics",
        meaning: "read-modify-writes of the program",
        glossary: "Atomic read-modify-writes of the program among those instructions; most of them count references. \
                   Exact. They are what makes time and instructions differ most where versions are kept.",
        meter: Meter::Instructions,
        reading: Reading::Count(|cell| Some(cell.atomics?.program)),
        per: Per::Operation,
        chart: Chart::WhereAny,
        tables: true,
        summary: Summary::WhereAny,
        // One of them costs as much time as many instructions, and counts as one among these.
        gate: Gate::NoGrowth,
    },
    /// Atomic read-modify-writes in shared libraries.
    LibraryAtomics: About {
        key: "library_atomics",
        word: "library-atomics",
        title: "Library atomics",
        counted: "atomic read-modify-writes of libraries",
        unit: "atomics",
        meaning: "read-modify-writes of the C library, most of them its allocator's lock",
        glossary: "The same in shared libraries: most of them are the lock of the C library's allocator. They are in \
                   the table of totals alone.",
        meter: Meter::Instructions,
        reading: Reading::Count(|cell| Some(cell.atomics?.libraries)),
        per: Per::Operation,
        chart: Chart::Never,
        tables: false,
        summary: Summary::Never,
        gate: Gate::Ignored,
    },
    /// Instructions to read the results.
    Reading: About {
        key: "read_instructions",
        word: "reading",
        title: "Reading",
        counted: "instructions to read the results after the region",
        unit: "Ir",
        meaning: "to read the results for the first time, after the region",
        glossary: "Instructions that it takes, after the region, to read every result for the first time. Work that a \
                   structure puts off until somebody reads is there. Counted for one size of every scenario.",
        meter: Meter::Instructions,
        reading: Reading::Count(|cell| Some(cell.afterwards?.read)),
        per: Per::Operation,
        chart: Chart::Never,
        tables: false,
        summary: Summary::Never,
        gate: Gate::Ignored,
    },
    /// Instructions to drop what the region leaves.
    Dropping: About {
        key: "drop_instructions",
        word: "dropping",
        title: "Dropping",
        counted: "instructions to drop what the region leaves",
        unit: "Ir",
        meaning: "to drop results and changed state, after the region",
        glossary: "Instructions that it takes, behind the region, to drop what it leaves: the results; where the region changed \
                   the state, that, too. They are not among the instructions of the region. Work that a structure puts off \
                   until it is dropped is there.",
        meter: Meter::Instructions,
        reading: Reading::Count(|cell| Some(cell.dropping?.instructions)),
        per: Per::Operation,
        chart: Chart::Never,
        tables: true,
        summary: Summary::WhereAny,
        gate: Gate::Ignored,
    },
    /// Atomic read-modify-writes to drop what the region leaves.
    DropAtomics: About {
        key: "drop_atomics",
        word: "drop-atomics",
        title: "Drop atomics",
        counted: "atomic read-modify-writes of the program to drop what the region leaves",
        unit: "atomics",
        meaning: "read-modify-writes of the program to drop results and changed state",
        glossary: "Atomic read-modify-writes of the program among the instructions of dropping: a structure that shares nodes \
                   counts a reference down for each node that it lets go of.",
        meter: Meter::Instructions,
        reading: Reading::Count(|cell| cell.dropping?.atomics),
        per: Per::Operation,
        chart: Chart::Never,
        tables: true,
        summary: Summary::Never,
        gate: Gate::Ignored,
    },
    /// Heap blocks allocated.
    Blocks: About {
        key: "blocks",
        word: "blocks",
        title: "Blocks",
        counted: "allocated blocks",
        unit: "blocks",
        meaning: "",
        glossary: "Heap allocations inside the region, counted by the allocator. A reallocation counts as one.",
        meter: Meter::Allocations,
        reading: Reading::Count(|cell| Some(cell.allocations?.blocks)),
        per: Per::Operation,
        chart: Chart::Always,
        tables: true,
        summary: Summary::Leads { rank: 2 },
        gate: Gate::NoGrowth,
    },
    /// Heap blocks given back.
    Frees: About {
        key: "frees",
        word: "frees",
        title: "Frees",
        counted: "blocks given back",
        unit: "blocks",
        meaning: "given back within the region",
        glossary: "Heap blocks that the region gives back, among them those that were there before it. A reallocation \
                   gives one back.",
        meter: Meter::Allocations,
        reading: Reading::Count(|cell| cell.allocations?.frees),
        per: Per::Operation,
        chart: Chart::Never,
        tables: true,
        summary: Summary::Never,
        gate: Gate::Ignored,
    },
    /// Heap blocks given back when what the region leaves is dropped.
    DropFrees: About {
        key: "drop_frees",
        word: "drop-frees",
        title: "Drop frees",
        counted: "blocks given back when what the region leaves is dropped",
        unit: "blocks",
        meaning: "given back when results and changed state are dropped",
        glossary: "Heap blocks that are given back when what the region leaves is dropped, among them those of the set-up. \
                   They are in the table of totals alone.",
        meter: Meter::Allocations,
        reading: Reading::Count(|cell| cell.allocations?.drop_frees),
        per: Per::Operation,
        chart: Chart::Never,
        tables: false,
        summary: Summary::Never,
        gate: Gate::Ignored,
    },
    /// Heap bytes allocated.
    Bytes: About {
        key: "bytes",
        word: "bytes",
        title: "Bytes",
        counted: "allocated bytes",
        unit: "bytes",
        meaning: "",
        glossary: "What those allocations ask for.",
        meter: Meter::Allocations,
        reading: Reading::Count(|cell| Some(cell.allocations?.bytes)),
        per: Per::Operation,
        chart: Chart::Never,
        tables: true,
        summary: Summary::Never,
        gate: Gate::NoGrowth,
    },
    /// Most heap bytes live at once.
    PeakBytes: About {
        key: "peak_bytes",
        word: "peak-bytes",
        title: "Peak bytes",
        counted: "bytes held at once",
        unit: "bytes",
        meaning: "most held at once",
        glossary: "The most that is live at once, of what the region allocates. Divided by operations like the rest.",
        meter: Meter::Allocations,
        reading: Reading::Count(|cell| Some(cell.allocations?.peak_bytes)),
        per: Per::Operation,
        chart: Chart::Never,
        tables: true,
        summary: Summary::Never,
        gate: Gate::NoGrowth,
    },
    /// Heap bytes still live after the region.
    LiveBytes: About {
        key: "live_bytes",
        word: "live-bytes",
        title: "Live bytes",
        counted: "bytes still held when the region ends",
        unit: "bytes",
        meaning: "still held when the region ends",
        glossary: "What remains after the region: the price of keeping the results.",
        meter: Meter::Allocations,
        reading: Reading::Count(|cell| Some(cell.allocations?.live_bytes)),
        per: Per::Kept,
        chart: Chart::Never,
        tables: true,
        summary: Summary::WhereAny,
        gate: Gate::NoGrowth,
    },
    /// Warm wall-clock nanoseconds.
    Warm: About {
        key: "warm_ns",
        word: "warm",
        title: "Warm time",
        counted: "warm nanoseconds",
        unit: "ns",
        meaning: "with the working set in the caches",
        glossary: "Median nanoseconds with a 95 % interval, over several processes. The region's working set is in the \
                   caches as far as it fits, and no two regions in a row have the same input. They depend on the machine \
                   and its neighbours; they never decide a gate.",
        meter: Meter::Time,
        reading: Reading::Time(|cell| Some(cell.times.as_ref()?.warm_ns)),
        per: Per::Operation,
        chart: Chart::Always,
        tables: true,
        summary: Summary::Leads { rank: 1 },
        gate: Gate::Ignored,
    },
    /// Warm time as a ratio to the bottleneck's reference contender.
    WarmRatio: About {
        key: "warm_ratio",
        word: "warm-ratio",
        title: "Warm ratio",
        counted: "warm time ÷ the reference's",
        unit: "ratio",
        meaning: "",
        glossary: "Warm time as a ratio to a reference contender's in the same rounds, with a 95 % interval. What disturbs \
                   a round disturbs both, so trust it over two medians.",
        meter: Meter::Time,
        reading: Reading::Ratio(|ratios| ratios.warm),
        per: Per::Nothing,
        chart: Chart::Never,
        tables: false,
        summary: Summary::Never,
        gate: Gate::Ignored,
    },
    /// Cold wall-clock nanoseconds.
    Cold: About {
        key: "cold_ns",
        word: "cold",
        title: "Cold time",
        counted: "cold nanoseconds",
        unit: "ns",
        meaning: "after other data displaced the working set",
        glossary: "The same for a region that runs once, after other data has displaced its working set from the core's \
                   own caches: what an operation costs a program that does something else in between.",
        meter: Meter::Time,
        reading: Reading::Time(|cell| Some(cell.times.as_ref()?.cold_ns)),
        per: Per::Operation,
        chart: Chart::Never,
        tables: true,
        summary: Summary::Never,
        gate: Gate::Ignored,
    },
    /// Cold time as a ratio to the bottleneck's reference contender.
    ColdRatio: About {
        key: "cold_ratio",
        word: "cold-ratio",
        title: "Cold ratio",
        counted: "cold time ÷ the reference's",
        unit: "ratio",
        meaning: "",
        glossary: "Cold time as a ratio to the reference contender's in the same rounds. It is in the table of totals alone.",
        meter: Meter::Time,
        reading: Reading::Ratio(|ratios| ratios.cold),
        per: Per::Nothing,
        chart: Chart::Never,
        tables: false,
        summary: Summary::Never,
        gate: Gate::Ignored,
    },
    /// Wall-clock nanoseconds to drop what the region leaves.
    DropTime: About {
        key: "drop_ns",
        word: "drop-time",
        title: "Drop time",
        counted: "nanoseconds to drop what the region leaves",
        unit: "ns",
        meaning: "to drop what a warm region left",
        glossary: "Median nanoseconds, with a 95 % interval over several processes, to drop what a warm region left: the \
                   results; where the region changed the state, that, too. The warm regions on other inputs have run \
                   in between.",
        meter: Meter::Time,
        reading: Reading::Time(|cell| cell.times.as_ref()?.drop_ns),
        per: Per::Operation,
        chart: Chart::Never,
        tables: true,
        summary: Summary::Never,
        gate: Gate::Ignored,
    },
}

impl Metric {
    /// The metrics that have tables of their own in the report.
    pub fn with_tables() -> impl Iterator<Item = Metric> {
        Metric::ALL.iter().copied().filter(|metric| metric.about().tables)
    }

    /// The metrics that the baseline holds, with what the gate makes of each.
    pub fn in_baseline() -> impl Iterator<Item = (Metric, Gate)> {
        let gates = Metric::ALL.iter().map(|metric| (*metric, metric.about().gate));
        gates.filter(|(_, gate)| gate.is_kept())
    }

    /// The metrics of a meter.
    pub fn of(meter: Meter) -> impl Iterator<Item = Metric> {
        Metric::ALL.iter().copied().filter(move |metric| metric.about().meter == meter)
    }

    /// What one of its values belongs to, for a reader: `insert`, or `version kept` for memory that versions
    /// hold on to.
    pub fn per(self, scenario: &ScenarioInfo) -> &str {
        match self.about().per {
            Per::Kept if scenario.keeps_versions => "version kept",
            Per::Kept | Per::Operation | Per::Nothing => &scenario.unit,
        }
    }

    /// Stable word, see [`About::key`].
    pub fn key(self) -> &'static str {
        self.about().key
    }

    /// Name for people, see [`About::title`].
    pub fn title(self) -> &'static str {
        self.about().title
    }

    /// What the title does not say, see [`About::meaning`].
    pub fn meaning(self) -> &'static str {
        self.about().meaning
    }

    /// Unit of the numerator, see [`About::unit`].
    pub fn unit(self) -> &'static str {
        self.about().unit
    }

    /// The heading of a table of it: `allocated blocks per operation`.
    pub fn heading(self) -> String {
        let About { counted, per, .. } = self.about();
        match per {
            Per::Operation => format!("{counted} per operation"),
            // A row says whether it is an operation or a version that they belong to.
            Per::Kept | Per::Nothing => (*counted).to_owned(),
        }
    }

    /// Whether it is a ratio already, and no cost per operation.
    pub fn is_ratio(self) -> bool {
        matches!(self.about().reading, Reading::Ratio(_))
    }

    /// The exact count of the region; `None` where the meter did not run, and for metrics that are no counts.
    pub fn count(self, measurements: &Measurements) -> Option<u64> {
        match self.about().reading {
            Reading::Count(read) => read(measurements),
            Reading::Time(_) | Reading::Ratio(_) => None,
        }
    }

    /// The cell's value per operation; `None` where the meter did not run.
    pub fn value(self, cell: &CellRecord) -> Option<f64> {
        match self.about().reading {
            Reading::Count(read) => per_op(read(&cell.measured)? as f64, cell.ops),
            Reading::Time(read) => per_op(read(&cell.measured)?.median, cell.ops),
            Reading::Ratio(read) => Some(read(cell.measured.ratios()?).median),
        }
    }

    /// The interval around [`Metric::value`], per operation, for the metrics that have one.
    pub fn interval(self, cell: &CellRecord) -> Option<(f64, f64)> {
        match self.about().reading {
            Reading::Count(_) => None,
            Reading::Time(read) => {
                let Interval { low, high, .. } = read(&cell.measured)?;
                Some((per_op(low, cell.ops)?, per_op(high, cell.ops)?))
            }
            Reading::Ratio(read) => {
                let Interval { low, high, .. } = read(cell.measured.ratios()?);
                Some((low, high))
            }
        }
    }

    /// The bounds between which the cell's value per operation lies: its [interval](Metric::interval), or the value itself
    /// if it is exact. `None` where the meter did not run.
    pub fn bounds(self, cell: &CellRecord) -> Option<(f64, f64)> {
        self.interval(cell).or_else(|| self.value(cell).map(|value| (value, value)))
    }

    /// Whether the values of two cells can be compared: ratios to different references cannot.
    pub fn is_comparable(self, left: &CellRecord, right: &CellRecord) -> bool {
        match self.about().reading {
            Reading::Count(_) | Reading::Time(_) => true,
            Reading::Ratio(_) => {
                let [left, right] = [left, right].map(|cell| cell.measured.ratios());
                left.map(|ratios| &ratios.reference) == right.map(|ratios| &ratios.reference)
            }
        }
    }
}

/// A text that is the word of no metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no metric `{0}`")]
pub struct UnknownMetric(String);

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(word: &str) -> Result<Self, UnknownMetric> {
        let found = Metric::ALL.iter().find(|metric| metric.about().word == word);
        found.copied().ok_or_else(|| UnknownMetric(word.to_owned()))
    }
}

fn per_op(total: f64, ops: u64) -> Option<f64> {
    (ops > 0 && total.is_finite()).then(|| total / ops as f64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::record::{Afterwards, Allocations, Atomics, Dropping, Role, Times};

    fn cell() -> CellRecord {
        CellRecord {
            name: "b/s/10/c".parse().unwrap(),
            role: Role::Peer,
            ops: 4,
            digest: "0".repeat(16),
            measured: Measurements {
                instructions: Some(10),
                atomics: Some(Atomics { program: 6, libraries: 100 }),
                dropping: Some(Dropping { instructions: 20, atomics: Some(2) }),
                afterwards: Some(Afterwards { read: 12, drop: 24 }),
                allocations: Some(Allocations {
                    blocks: 0,
                    frees: Some(3),
                    bytes: 8,
                    peak_bytes: 6,
                    live_bytes: 2,
                    drop_frees: Some(5),
                }),
                times: Some(Times {
                    warm_ns: Interval { median: 100.0, low: 80.0, high: 140.0 },
                    cold_ns: Interval { median: 200.0, low: 160.0, high: 280.0 },
                    drop_ns: Some(Interval { median: 60.0, low: 50.0, high: 80.0 }),
                    disturbed: 0.0,
                    ratios: Some(Ratios {
                        reference: "r".into(),
                        warm: Interval { median: 0.5, low: 0.4, high: 0.6 },
                        cold: Interval { median: 0.75, low: 0.7, high: 0.8 },
                    }),
                }),
            },
            observed: Default::default(),
        }
    }

    #[test]
    fn totals_are_divided_by_operations_and_ratios_are_not() {
        let cell = cell();
        let values: Vec<_> = Metric::ALL.iter().map(|metric| (metric.key(), metric.value(&cell))).collect();
        let expected = [
            ("instructions", 2.5),
            ("atomics", 1.5),
            ("library_atomics", 25.0),
            ("read_instructions", 3.0),
            ("drop_instructions", 5.0),
            ("drop_atomics", 0.5),
            ("blocks", 0.0),
            ("frees", 0.75),
            ("drop_frees", 1.25),
            ("bytes", 2.0),
            ("peak_bytes", 1.5),
            ("live_bytes", 0.5),
            ("warm_ns", 25.0),
            ("warm_ratio", 0.5),
            ("cold_ns", 50.0),
            ("cold_ratio", 0.75),
            ("drop_ns", 15.0),
        ];
        assert_eq!(values, expected.map(|(key, value)| (key, Some(value))));
        assert_eq!(Metric::Warm.interval(&cell), Some((20.0, 35.0)));
        assert_eq!(Metric::ColdRatio.interval(&cell), Some((0.7, 0.8)));
        assert_eq!(Metric::Instructions.interval(&cell), None);
    }

    #[test]
    fn what_was_not_measured_has_no_value() {
        let bare = CellRecord { measured: Measurements::default(), ..cell() };
        assert!(Metric::ALL.iter().all(|metric| metric.value(&bare).is_none()));
        let empty = CellRecord { ops: 0, ..cell() };
        assert_eq!(Metric::Instructions.value(&empty), None);
    }

    #[test]
    fn every_metric_is_spelled_in_its_own_way_and_found_by_it() {
        for words in [Metric::key, Metric::title, |metric: Metric| metric.about().word] {
            let distinct: BTreeSet<&str> = Metric::ALL.iter().map(|metric| words(*metric)).collect();
            assert_eq!(distinct.len(), Metric::ALL.len());
        }
        let headings: BTreeSet<String> = Metric::ALL.iter().map(|metric| metric.heading()).collect();
        assert_eq!(headings.len(), Metric::ALL.len(), "a table of one metric says that it is of another");
        for metric in Metric::ALL {
            assert_eq!(metric.about().word.parse::<Metric>().as_ref(), Ok(metric));
            assert!(!metric.about().glossary.is_empty(), "{metric:?}");
        }
        assert_eq!("time".parse::<Metric>(), Err(UnknownMetric("time".to_owned())));
        for meter in Meter::OF_REGIONS {
            assert!(Metric::of(meter).next().is_some(), "{meter:?} measures nothing");
        }
    }

    /// A field of the record that no metric reads would be measured and never shown. Each number of the
    /// sample is another, so each must come out of some metric. One is for the search for work that is put off alone.
    #[test]
    fn every_number_that_meters_find_is_a_metric() {
        let json = serde_json::json!({
            "instructions": 1, "atomics": {"program": 2, "libraries": 3},
            "dropping": {"instructions": 5, "atomics": 6},
            "afterwards": {"read": 4, "drop": 1000},
            "allocations": {
                "blocks": 7, "frees": 8, "bytes": 10, "peak_bytes": 11, "live_bytes": 12, "drop_frees": 9,
            },
            "times": {
                "warm_ns": {"median": 13.0, "low": 12.5, "high": 13.5},
                "cold_ns": {"median": 15.0, "low": 14.5, "high": 15.5},
                "drop_ns": {"median": 17.0, "low": 16.5, "high": 17.5},
                "disturbed": 0.25,
                "ratios": {
                    "reference": "r",
                    "warm": {"median": 14.0, "low": 13.5, "high": 14.5},
                    "cold": {"median": 16.0, "low": 15.5, "high": 16.5},
                },
            },
        });
        let measured: Measurements = serde_json::from_value(json.clone()).unwrap();
        // The sample names every field there is.
        assert_eq!(serde_json::to_value(&measured).unwrap(), json);
        let cell = CellRecord { measured, ops: 1, ..cell() };
        let values: Vec<f64> = Metric::ALL.iter().map(|metric| metric.value(&cell).unwrap()).collect();
        assert_eq!(values, (1..=Metric::ALL.len()).map(|value| value as f64).collect::<Vec<_>>());
    }

    /// Records of before the count do not have it, and are read all the same.
    #[test]
    fn what_an_older_record_lacks_is_absent() {
        let json = r#"{"allocations": {"blocks": 4, "bytes": 6, "peak_bytes": 7, "live_bytes": 8}}"#;
        let measured: Measurements = serde_json::from_str(json).unwrap();
        let counts = [Metric::Blocks, Metric::Frees].map(|metric| metric.count(&measured));
        assert_eq!(counts, [Some(4), None]);
        let json = r#"{"instructions": 4, "afterwards": {"read": 5, "drop": 6}}"#;
        let measured: Measurements = serde_json::from_str(json).unwrap();
        let counts = [Metric::Instructions, Metric::Reading, Metric::Dropping, Metric::DropAtomics]
            .map(|metric| metric.count(&measured));
        // What it takes to drop a cell with its input is another number.
        assert_eq!(counts, [Some(4), Some(5), None, None]);
    }

    #[test]
    fn only_exact_counts_gate() {
        for (metric, _) in Metric::in_baseline() {
            assert!(metric.about().meter.is_exact(), "{metric:?}");
            assert!(metric.count(&cell().measured).is_some(), "{metric:?}");
        }
    }

    #[test]
    fn ratios_to_different_references_are_not_compared() {
        let mut other = cell();
        let ratios = other.measured.times.as_mut().and_then(|times| times.ratios.as_mut());
        ratios.unwrap().reference = "another".to_owned();
        for metric in [Metric::WarmRatio, Metric::ColdRatio] {
            assert!(!metric.is_comparable(&cell(), &other));
            assert!(metric.is_comparable(&cell(), &cell()));
        }
        assert!(Metric::Warm.is_comparable(&cell(), &other));
    }
}
