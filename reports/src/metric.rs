//! A metric: one number of a cell that contenders are compared by.
//!
//! Contenders of one cell group may run different numbers of operations (those that copy whole run
//! fewer), so every metric here is per operation.

use crate::record::CellRecord;

/// One number of a cell, per operation. Lower is better for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Instructions.
    Instructions,
    /// Atomic read-modify-writes in the program; those in libraries are in the record beside them.
    Atomics,
    /// Heap blocks allocated.
    Blocks,
    /// Heap bytes allocated.
    Bytes,
    /// Most heap bytes live at once.
    PeakBytes,
    /// Heap bytes still live after the region.
    LiveBytes,
    /// Wall-clock nanoseconds.
    Wall,
    /// Wall-clock ratio to the bottleneck's reference contender, interleaved.
    Paired,
}

impl Metric {
    /// Every metric, in reading order.
    pub const ALL: [Metric; 8] = [
        Metric::Instructions,
        Metric::Atomics,
        Metric::Blocks,
        Metric::Bytes,
        Metric::PeakBytes,
        Metric::LiveBytes,
        Metric::Wall,
        Metric::Paired,
    ];

    /// Stable word for `data-metric` attributes and deep links.
    pub fn key(self) -> &'static str {
        match self {
            Metric::Instructions => "instructions",
            Metric::Atomics => "atomics",
            Metric::Blocks => "blocks",
            Metric::Bytes => "bytes",
            Metric::PeakBytes => "peak_bytes",
            Metric::LiveBytes => "live_bytes",
            Metric::Wall => "wall_ns",
            Metric::Paired => "paired",
        }
    }

    /// Name for people: `Peak bytes`.
    pub fn title(self) -> &'static str {
        match self {
            Metric::Instructions => "Instructions",
            Metric::Atomics => "Atomics",
            Metric::Blocks => "Blocks",
            Metric::Bytes => "Bytes",
            Metric::PeakBytes => "Peak bytes",
            Metric::LiveBytes => "Live bytes",
            Metric::Wall => "Wall clock",
            Metric::Paired => "Paired",
        }
    }

    /// What the number is where the title does not say it all; empty for most.
    pub fn meaning(self) -> &'static str {
        match self {
            Metric::Atomics => "read-modify-writes of the program",
            Metric::PeakBytes => "most held at once",
            Metric::LiveBytes => "still held when the region ends",
            _ => "",
        }
    }

    /// Unit of the numerator, for a table's head: `Ir`, `ns`.
    pub fn unit(self) -> &'static str {
        match self {
            Metric::Instructions => "Ir",
            Metric::Atomics => "atomics",
            Metric::Blocks => "blocks",
            Metric::Bytes | Metric::PeakBytes | Metric::LiveBytes => "bytes",
            Metric::Wall => "ns",
            Metric::Paired => "ratio",
        }
    }

    /// The cell's value per operation; `None` where the meter did not run.
    pub fn value(self, cell: &CellRecord) -> Option<f64> {
        let total = match self {
            Metric::Instructions => cell.instructions.map(|count| count as f64),
            Metric::Atomics => cell.atomics.map(|atomics| atomics.program as f64),
            Metric::Blocks => cell.allocations.map(|heap| heap.blocks as f64),
            Metric::Bytes => cell.allocations.map(|heap| heap.bytes as f64),
            Metric::PeakBytes => cell.allocations.map(|heap| heap.peak_bytes as f64),
            Metric::LiveBytes => cell.allocations.map(|heap| heap.live_bytes as f64),
            Metric::Wall => cell.wall_ns.map(|wall| wall.median),
            // A ratio of times per operation already.
            Metric::Paired => return cell.paired.as_ref().map(|paired| paired.ratio),
        };
        per_op(total?, cell.ops)
    }

    /// The interval around [`Metric::value`], per operation, for the metrics that have one.
    pub fn interval(self, cell: &CellRecord) -> Option<(f64, f64)> {
        match self {
            Metric::Wall => {
                let wall = cell.wall_ns?;
                Some((per_op(wall.low, cell.ops)?, per_op(wall.high, cell.ops)?))
            }
            Metric::Paired => cell.paired.as_ref().map(|paired| (paired.low, paired.high)),
            _ => None,
        }
    }
}

fn per_op(total: f64, ops: u64) -> Option<f64> {
    (ops > 0 && total.is_finite()).then(|| total / ops as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Allocations, Atomics, Interval, Paired, Role};

    fn cell() -> CellRecord {
        CellRecord {
            bottleneck: "b".into(),
            scenario: "s".into(),
            size: 10,
            contender: "c".into(),
            role: Role::Peer,
            ops: 4,
            digest: "0".repeat(16),
            instructions: Some(10),
            atomics: Some(Atomics { program: 6, libraries: 100 }),
            allocations: Some(Allocations { blocks: 0, bytes: 8, peak_bytes: 6, live_bytes: 2 }),
            wall_ns: Some(Interval { median: 100.0, low: 80.0, high: 140.0 }),
            paired: Some(Paired { reference: "r".into(), ratio: 0.5, low: 0.4, high: 0.6 }),
            observed: Default::default(),
        }
    }

    #[test]
    fn totals_are_divided_by_operations_and_ratios_are_not() {
        let cell = cell();
        let values: Vec<_> = Metric::ALL.iter().map(|metric| metric.value(&cell)).collect();
        let expected = [2.5, 1.5, 0.0, 2.0, 1.5, 0.5, 25.0, 0.5].map(Some);
        assert_eq!(values, expected);
        assert_eq!(Metric::Wall.interval(&cell), Some((20.0, 35.0)));
        assert_eq!(Metric::Paired.interval(&cell), Some((0.4, 0.6)));
        assert_eq!(Metric::Instructions.interval(&cell), None);
    }

    #[test]
    fn what_was_not_measured_has_no_value() {
        let bare = CellRecord {
            instructions: None,
            atomics: None,
            allocations: None,
            wall_ns: None,
            paired: None,
            ..cell()
        };
        assert!(Metric::ALL.iter().all(|metric| metric.value(&bare).is_none()));
        let empty = CellRecord { ops: 0, ..cell() };
        assert_eq!(Metric::Instructions.value(&empty), None);
    }
}
