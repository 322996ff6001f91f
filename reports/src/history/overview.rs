//! The history at a glance: what changed with which record, how each contender's instructions went, and which cells changed.
//!
//! Only exact counts are looked at. Whether a time changed takes many values to tell, and longer to find out than a page may
//! take to write.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::geometric_mean;
use crate::cell_name::CellName;
use crate::history::series::{Series, series};
use crate::history::store::Entry;
use crate::metric::Metric;

/// The history at a glance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// What changed, the newest first.
    pub changes: Vec<Change>,
    /// The instructions of each contender, by bottleneck and name.
    pub contenders: Vec<OfContender>,
    /// The cells that changed, by name and metric.
    pub cells: Vec<OfCell>,
    /// The number of series with two values or more.
    pub compared: usize,
    /// By which share at most a count of a series without a change differs from the first one.
    pub most: f64,
}

/// The cells of a contender that changed with one record, in one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The index of the record.
    pub record: usize,
    /// Bottleneck.
    pub bottleneck: String,
    /// Contender.
    pub contender: String,
    /// Metric.
    pub metric: Metric,
    /// How many cells changed.
    pub cells: usize,
    /// The geometric mean of what they are divided by what they were; `None` if one is or was zero.
    pub mean: Option<f64>,
    /// The cell that changed most.
    pub largest: CellName,
    /// What it was per operation, and what it is.
    pub step: (f64, f64),
}

/// The values of a contender: geometric means of instructions per operation over its cells.
///
/// The cells are the same for all values. A cell that a record did not measure counts with the value that it had before, or
/// if it had none, with its first one. So a mean moves only if a cell does.
#[derive(Clone, Debug, PartialEq)]
pub struct OfContender {
    /// Bottleneck.
    pub bottleneck: String,
    /// Contender.
    pub contender: String,
    /// The number of cells.
    pub cells: usize,
    /// A value for each record that measured any of the cells.
    pub values: Values,
}

/// The values of a cell that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct OfCell {
    /// The cell.
    pub cell: CellName,
    /// Metric.
    pub metric: Metric,
    /// Its values per operation.
    pub values: Values,
    /// Where it changed: the index of the record, and its values per operation before and since.
    pub steps: Vec<(usize, f64, f64)>,
}

/// Values with the index of the record that each is of, in order.
pub type Values = Vec<(usize, f64)>;

/// A cell, what it was per operation, and what it is.
type Changed<'a> = (&'a CellName, f64, f64);

/// The history at a glance. `entries` are in order; `counts` says which cells take part in means.
pub fn overview(entries: &[&Entry], counts: impl Fn(&CellName) -> bool) -> Overview {
    let metrics: Vec<Metric> = Metric::in_baseline().map(|(metric, _)| metric).collect();
    let all = series(entries.iter().copied(), &metrics);
    let at: BTreeMap<&str, usize> =
        entries.iter().enumerate().map(|(at, entry)| (entry.id.as_str(), at)).collect();
    let values = |series: &Series| -> Values {
        series.points.iter().map(|point| (at[point.record.as_str()], point.value)).collect()
    };
    let mut told = Overview { contenders: contenders(&all, &at, &values, counts), ..Overview::default() };
    let mut found: BTreeMap<(usize, &str, &str, Metric), Vec<Changed<'_>>> = BTreeMap::new();
    for series in all.iter().filter(|series| !series.is_too_short()) {
        told.compared += 1;
        let values = values(series);
        // Levels of counts are totals.
        let per_op = |total: f64| total / series.work.ops as f64;
        let steps = series.steps().into_iter();
        let steps: Vec<(usize, f64, f64)> =
            steps.map(|step| (values[step.at].0, per_op(step.before), per_op(step.after))).collect();
        if steps.is_empty() {
            let first = values[0].1;
            let shares = values.iter().map(|(_, value)| (value / first - 1.0).abs());
            told.most = shares.filter(|share| share.is_finite()).fold(told.most, f64::max);
            continue;
        }
        let CellName { bottleneck, contender, .. } = &series.cell;
        for (record, before, after) in &steps {
            let key = (*record, bottleneck.as_str(), contender.as_str(), series.metric);
            found.entry(key).or_default().push((&series.cell, *before, *after));
        }
        told.cells.push(OfCell { cell: series.cell.clone(), metric: series.metric, values, steps });
    }
    let change = |((record, bottleneck, contender, metric), cells): (_, Vec<Changed<'_>>)| {
        let ratio = |(_, before, after): &Changed<'_>| after / before;
        // What was zero before changed most of all.
        let size = |cell: &Changed<'_>| ratio(cell).ln().abs();
        let largest = *cells.iter().max_by(|left, right| size(left).total_cmp(&size(right)))?;
        Some(Change {
            record,
            bottleneck: str::to_owned(bottleneck),
            contender: str::to_owned(contender),
            metric,
            cells: cells.len(),
            mean: geometric_mean(cells.iter().map(ratio)),
            largest: largest.0.clone(),
            step: (largest.1, largest.2),
        })
    };
    told.changes = found.into_iter().filter_map(change).collect();
    // The sort is stable: what changed with one record is by bottleneck, contender and metric.
    told.changes.sort_by_key(|change| std::cmp::Reverse(change.record));
    told
}

/// The contenders' means. Of several conditions, those of the newest record; of several works of a cell, the newest one.
fn contenders(
    all: &[Series],
    at: &BTreeMap<&str, usize>,
    values: &impl Fn(&Series) -> Values,
    counts: impl Fn(&CellName) -> bool,
) -> Vec<OfContender> {
    let mut own: BTreeMap<(&str, &str), Vec<&Series>> = BTreeMap::new();
    for series in all.iter().filter(|series| series.metric == Metric::Instructions && counts(&series.cell)) {
        own.entry((&series.cell.bottleneck, &series.cell.contender)).or_default().push(series);
    }
    // A series is in order, so its last point is the newest.
    let newest = |series: &Series| series.points.last().map(|point| at[point.record.as_str()]);
    let line = |((bottleneck, contender), own): ((&str, &str), Vec<&Series>)| {
        let conditions = &own.iter().max_by_key(|series| newest(series))?.conditions;
        let mut cells: BTreeMap<&CellName, &Series> = BTreeMap::new();
        for series in own.iter().filter(|series| series.conditions == *conditions) {
            let known = cells.entry(&series.cell).or_insert(series);
            if newest(series) > newest(known) {
                *known = series;
            }
        }
        let cells: Vec<Values> = cells.values().map(|series| values(series)).collect();
        let records: BTreeSet<usize> = cells.iter().flatten().map(|(record, _)| *record).collect();
        let mean = |record: usize| {
            let of_cell = |values: &Values| {
                let before = values.partition_point(|(at, _)| *at <= record);
                values[before.max(1) - 1].1
            };
            Some((record, geometric_mean(cells.iter().map(of_cell))?))
        };
        Some(OfContender {
            bottleneck: bottleneck.to_owned(),
            contender: contender.to_owned(),
            cells: cells.len(),
            values: records.into_iter().filter_map(mean).collect(),
        })
    };
    own.into_iter().filter_map(line).filter(|line| !line.values.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::{Kept, id};
    use crate::record::{Allocations, CellRecord, Fingerprint, Measurements, Record, Role, SCHEMA};

    /// A record of cells with their instructions; each makes ten operations, and allocates as many blocks as `blocks`.
    fn entry(rustc: &str, blocks: u64, cells: &[(&str, u64)]) -> Entry {
        let cell = |(name, instructions): &(&str, u64)| CellRecord {
            name: name.parse().unwrap(),
            role: Role::Peer,
            ops: 10,
            digest: "0123456789abcdef".to_owned(),
            measured: Measurements {
                instructions: Some(*instructions),
                allocations: Some(Allocations { blocks, ..Allocations::default() }),
                ..Measurements::default()
            },
            observed: Default::default(),
        };
        let kept = Kept::of(&Record {
            schema: SCHEMA,
            started: format!("2026-03-{:02}T00:00:00Z", cells[0].1 % 28),
            fingerprint: Fingerprint { rustc: rustc.to_owned(), ..Fingerprint::default() },
            cells: cells.iter().map(cell).collect(),
            ..Record::default()
        });
        Entry { id: id(&kept.text()), kept }
    }

    #[test]
    fn the_cells_that_change_with_a_record_are_one_change() {
        let entries = [
            entry("1", 3, &[("m/get/8/a", 100_000), ("m/get/8/b", 50_000), ("m/put/8/a", 100_000)]),
            entry("1", 3, &[("m/get/8/a", 100_100), ("m/get/8/b", 50_000), ("m/put/8/a", 100_001)]),
            entry("1", 3, &[("m/get/8/a", 50_000), ("m/get/8/b", 50_000), ("m/put/8/a", 80_000)]),
            entry("1", 4, &[("m/get/8/a", 50_000), ("m/get/8/b", 50_002), ("m/put/8/a", 80_003)]),
        ];
        let told = overview(&entries.each_ref(), |_| true);
        let changes = told.changes.iter().map(|change| {
            let mean = change.mean.map(|mean| (mean * 1e3).round());
            (change.record, &*change.contender, change.metric, change.cells, mean, change.largest.to_string())
        });
        assert_eq!(
            changes.collect::<Vec<_>>(),
            [
                (3, "a", Metric::Blocks, 2, Some(1333.0), "m/put/8/a".to_owned()),
                (3, "b", Metric::Blocks, 1, Some(1333.0), "m/get/8/b".to_owned()),
                (2, "a", Metric::Instructions, 2, Some(632.0), "m/get/8/a".to_owned()),
            ]
        );
        assert_eq!(told.changes[2].step, (10_000.0, 5_000.0));
        let cell = &told.cells[0];
        assert_eq!((cell.cell.to_string(), cell.metric), ("m/get/8/a".to_owned(), Metric::Instructions));
        assert_eq!(cell.steps, [(2, 10_000.0, 5_000.0)]);
        assert_eq!(cell.values, [(0, 10_000.0), (1, 10_010.0), (2, 5_000.0), (3, 5_000.0)]);
        assert!((told.most - 2.0 / 50_000.0).abs() < 1e-12, "{}", told.most);
    }

    #[test]
    fn a_mean_moves_only_if_a_cell_does() {
        let entries = [
            entry("1", 3, &[("m/get/8/a", 100_000)]),
            entry("1", 3, &[("m/put/8/a", 400_001)]),
            entry("1", 3, &[("m/get/8/a", 100_001), ("m/get/8/b", 9), ("m/put/8/a", 100_000)]),
            entry("1", 3, &[("m/get/8/b", 10)]),
        ];
        let told = overview(&entries.each_ref(), |cell| cell.contender == "a");
        let [line] = &told.contenders[..] else { panic!("{:?}", told.contenders) };
        assert_eq!((&*line.contender, line.cells), ("a", 2));
        let values: Vec<(usize, f64)> = line.values.iter().map(|(at, value)| (*at, value.round())).collect();
        assert_eq!(values, [(0, 20_000.0), (1, 20_000.0), (2, 10_000.0)]);
    }

    #[test]
    fn other_conditions_are_not_compared() {
        let cell = |instructions| [("m/get/8/a", instructions)];
        let entries =
            [entry("1", 3, &cell(100_000)), entry("1", 3, &cell(100_001)), entry("2", 3, &cell(900_000))];
        let entries = entries.each_ref();
        let told = overview(&entries, |_| true);
        assert_eq!((told.changes, told.cells), (vec![], vec![]));
        let [(2, newest)] = told.contenders[0].values[..] else { panic!("{:?}", told.contenders) };
        assert!((newest - 90_000.0).abs() < 1e-6);
        assert_eq!(overview(&entries[1..], |_| true).compared, 0);
        assert_eq!(overview(&[], |_| true), Overview::default());
    }
}
