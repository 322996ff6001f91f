//! Series: the values of one cell in one metric, the oldest first, as far as they can be compared.

use std::collections::BTreeMap;

use crate::cell_name::CellName;
use crate::conditions::Conditions;
use crate::history::steps::{self, Step};
use crate::history::store::Entry;
use crate::metric::{Metric, Reading};
use crate::record::CellRecord;

/// The values of a cell in a metric that can be compared: of the same conditions, the same operations and the same
/// results. Where any of this changes, another series begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The cell.
    pub cell: CellName,
    /// The metric.
    pub metric: Metric,
    /// What the values depend on beside the code.
    pub conditions: Conditions,
    /// What the cell does: operations, digest of the results, and for a ratio the contender to which it refers.
    pub work: Work,
    /// The values, the oldest first. There is at least one.
    pub points: Vec<Point>,
}

/// What a cell does, so that two values are of the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work {
    /// Operations of the region.
    pub ops: u64,
    /// Digest of its results.
    pub digest: String,
    /// The contender to which a ratio refers; empty for other metrics.
    pub reference: String,
}

/// A value of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The record's name.
    pub record: String,
    /// When its run started.
    pub started: String,
    /// Its revision; empty outside a repository.
    pub revision: String,
    /// Whether tracked files differed from that revision.
    pub dirty: bool,
    /// The value per operation.
    pub value: f64,
    /// The region's count, of an exact metric.
    pub total: Option<u64>,
}

impl Work {
    /// Its fields, of a cell.
    fn fields(cell: &CellRecord, metric: Metric) -> (u64, &str, &str) {
        let reference = match metric.about().reading {
            Reading::Ratio(_) => cell.measured.ratios().map_or("", |ratios| &ratios.reference),
            Reading::Count(_) | Reading::Time(_) => "",
        };
        (cell.ops, &cell.digest, reference)
    }

    /// In what it differs from other work.
    pub fn differences(&self, other: &Work) -> Vec<String> {
        let fields = [
            ("operations", self.ops.to_string(), other.ops.to_string()),
            ("digest of the results", self.digest.clone(), other.digest.clone()),
            ("reference", self.reference.clone(), other.reference.clone()),
        ];
        let differ = fields.into_iter().filter(|(_, ours, theirs)| ours != theirs);
        differ.map(|(name, ours, theirs)| format!("{name}: {ours} against {theirs}")).collect()
    }
}

impl Series {
    /// Where the values change: see [`steps`].
    pub fn steps(&self) -> Vec<Step> {
        let totals: Option<Vec<u64>> = self.points.iter().map(|point| point.total).collect();
        match totals {
            Some(totals) => steps::of_counts(self.metric, &totals),
            None => steps::of_times(&self.points.iter().map(|point| point.value).collect::<Vec<f64>>()),
        }
    }

    /// Whether it has so few values that no change could be found.
    pub fn is_too_short(&self) -> bool {
        let least = if self.metric.about().meter.is_exact() { 2 } else { steps::LEAST_TIMES };
        self.points.len() < least
    }
}

/// The series of these records, which are in order: by cell, then by metric as asked for, then the one that began first.
pub fn series<'a>(entries: impl IntoIterator<Item = &'a Entry>, metrics: &[Metric]) -> Vec<Series> {
    // Conditions are few, long and in every key, so a key has the index of its own.
    type Key<'a> = (&'a CellName, usize, usize, (u64, &'a str, &'a str));
    let mut known: Vec<Conditions> = Vec::new();
    let mut found: BTreeMap<Key<'_>, Vec<Point>> = BTreeMap::new();
    let mut began: Vec<Key<'_>> = Vec::new();
    for Entry { id, kept } in entries {
        for (at, metric) in metrics.iter().enumerate() {
            let own = kept.head.conditions(*metric);
            let conditions = known.iter().position(|other| *other == own).unwrap_or_else(|| {
                known.push(own);
                known.len() - 1
            });
            for cell in &kept.cells {
                let Some(value) = metric.value(cell) else { continue };
                let key = (&cell.name, at, conditions, Work::fields(cell, *metric));
                let point = Point {
                    record: id.clone(),
                    started: kept.head.started.clone(),
                    revision: kept.head.fingerprint.revision.clone(),
                    dirty: kept.head.fingerprint.dirty,
                    value,
                    total: metric.count(&cell.measured),
                };
                let points = found.entry(key).or_default();
                if points.is_empty() {
                    began.push(key);
                }
                points.push(point);
            }
        }
    }
    // The order in which they began is the order within a cell and metric, because the sort is stable.
    began.sort_by(|left, right| (left.0, left.1).cmp(&(right.0, right.1)));
    let mut all = Vec::new();
    for key in began {
        let points = found.remove(&key).expect("every key that began has points");
        let (cell, at, conditions, (ops, digest, reference)) = key;
        let work = Work { ops, digest: digest.to_owned(), reference: reference.to_owned() };
        let conditions = known[conditions].clone();
        all.push(Series { cell: cell.clone(), metric: metrics[at], conditions, work, points });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::{Kept, id};
    use crate::record::{Fingerprint, Interval, Machine, Measurements, Ratios, Record, Role, SCHEMA, Times};

    /// A record of one day: two cells, of which the first took so many instructions.
    fn entry(day: u32, instructions: u64, change: impl Fn(&mut Record)) -> Entry {
        let interval = Interval { median: 2000.0, low: 1900.0, high: 2100.0 };
        let ratios = Ratios { reference: "imbl".to_owned(), warm: interval, cold: interval };
        let cell = |name: &str, instructions: u64| CellRecord {
            name: name.parse().unwrap(),
            role: Role::Peer,
            ops: 1000,
            digest: "0123456789abcdef".to_owned(),
            measured: Measurements {
                instructions: Some(instructions),
                times: Some(Times {
                    warm_ns: interval,
                    cold_ns: interval,
                    drop_ns: None,
                    disturbed: 0.0,
                    ratios: Some(ratios.clone()),
                }),
                ..Measurements::default()
            },
            observed: Default::default(),
        };
        let mut record = Record {
            schema: SCHEMA,
            started: format!("2026-03-{day:02}T00:00:00Z"),
            fingerprint: Fingerprint { rustc: "rustc 1.91".to_owned(), ..Fingerprint::default() },
            machines: vec![Machine { cores: 2, ..Machine::default() }],
            cells: vec![cell("m/get/8/a", instructions), cell("m/get/8/b", 1)],
            ..Record::default()
        };
        change(&mut record);
        let kept = Kept::of(&record);
        Entry { id: id(&kept.text()), kept }
    }

    /// The lengths of the series of the first cell, in each of these metrics.
    fn lengths(entries: &[Entry]) -> [Vec<usize>; 3] {
        [Metric::Instructions, Metric::Warm, Metric::WarmRatio].map(|metric| {
            let all = series(entries, &[metric]);
            all.iter()
                .filter(|series| series.cell.contender == "a")
                .map(|series| series.points.len())
                .collect()
        })
    }

    #[test]
    fn values_that_cannot_be_compared_are_in_different_series() {
        type Change = fn(&mut Record);
        let cases: [(Change, [&[usize]; 3]); 7] = [
            (|_| {}, [&[3], &[3], &[3]]),
            (|record| record.fingerprint.rustc = "rustc 1.92".to_owned(), [&[2, 1], &[2, 1], &[2, 1]]),
            (|record| record.seed = Some(7), [&[2, 1], &[2, 1], &[2, 1]]),
            (|record| record.machines[0].cores = 4, [&[3], &[2, 1], &[2, 1]]),
            (|record| record.cells[0].ops = 2000, [&[2, 1], &[2, 1], &[2, 1]]),
            (|record| record.cells[0].digest = "f".repeat(16), [&[2, 1], &[2, 1], &[2, 1]]),
            (
                |record| {
                    let times = record.cells[0].measured.times.as_mut().unwrap();
                    times.ratios.as_mut().unwrap().reference = "im".to_owned();
                },
                [&[3], &[3], &[2, 1]],
            ),
        ];
        for (at, (change, expected)) in cases.into_iter().enumerate() {
            let entries = [entry(1, 5, |_| {}), entry(2, 6, change), entry(3, 7, |_| {})];
            assert_eq!(lengths(&entries), expected, "case {at}");
        }
    }

    #[test]
    fn series_are_in_order_and_so_are_their_values() {
        let entries = [
            entry(1, 100_000, |record| record.fingerprint.rustc = "rustc 1.99".to_owned()),
            entry(2, 100_000, |_| {}),
            entry(3, 200_000, |record| record.cells[1].measured = Measurements::default()),
        ];
        let all = series(&entries, &[Metric::Warm, Metric::Instructions]);
        let found: Vec<(String, Metric, Vec<&str>)> = all
            .iter()
            .map(|series| {
                let days = series.points.iter().map(|point| &point.started[8..10]);
                (series.cell.contender.clone(), series.metric, days.collect())
            })
            .collect();
        let of =
            |contender: &str, metric, days: &[&'static str]| (contender.to_owned(), metric, days.to_vec());
        assert_eq!(
            found,
            [
                of("a", Metric::Warm, &["01"]),
                of("a", Metric::Warm, &["02", "03"]),
                of("a", Metric::Instructions, &["01"]),
                of("a", Metric::Instructions, &["02", "03"]),
                of("b", Metric::Warm, &["01"]),
                of("b", Metric::Warm, &["02"]),
                of("b", Metric::Instructions, &["01"]),
                of("b", Metric::Instructions, &["02"]),
            ]
        );
        assert_eq!(all[3].steps(), [Step { at: 1, before: 100_000.0, after: 200_000.0 }]);
        assert_eq!(all[3].work.differences(&all[3].work), [""; 0]);
        let too_short: Vec<bool> = all.iter().map(Series::is_too_short).collect();
        assert_eq!(too_short, [true, true, true, false, true, true, true, true]);
    }
}
