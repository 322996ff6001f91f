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
    fn of(cell: &CellRecord, metric: Metric) -> Self {
        let reference = match metric.about().reading {
            Reading::Ratio(_) => {
                cell.measured.ratios().map(|ratios| ratios.reference.clone()).unwrap_or_default()
            }
            Reading::Count(_) | Reading::Time(_) => String::new(),
        };
        Work { ops: cell.ops, digest: cell.digest.clone(), reference }
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
pub fn series(entries: &[Entry], metrics: &[Metric]) -> Vec<Series> {
    type Key<'a> = (&'a CellName, usize, Conditions, Work);
    let mut found: BTreeMap<Key<'_>, Vec<Point>> = BTreeMap::new();
    let mut began: Vec<Key<'_>> = Vec::new();
    for Entry { id, kept } in entries {
        for (at, metric) in metrics.iter().enumerate() {
            let conditions = kept.head.conditions(*metric);
            for cell in &kept.cells {
                let Some(value) = metric.value(cell) else { continue };
                let key = (&cell.name, at, conditions.clone(), Work::of(cell, *metric));
                let point = Point {
                    record: id.clone(),
                    started: kept.head.started.clone(),
                    revision: kept.head.fingerprint.revision.clone(),
                    dirty: kept.head.fingerprint.dirty,
                    value,
                    total: metric.count(&cell.measured),
                };
                let points = found.entry(key.clone()).or_default();
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
        let (cell, at, conditions, work) = key;
        all.push(Series { cell: cell.clone(), metric: metrics[at], conditions, work, points });
    }
    all
}
