//! Who stands out by what comes after the region: a structure that puts work off looks cheaper than it is.
//!
//! Most sizes have no such figures. Where there are some, a contender's are compared with those of the others of its cell
//! group, per operation.

use std::collections::BTreeMap;

use crate::metric::Metric;
use crate::record::{CaveatInfo, CellRecord, ContenderInfo, Record};
use crate::render::format;

/// So many times the median of the others stands out, …
const FACTOR: f64 = 4.0;

/// … if it exceeds that median by so large a part of the region.
const SHARE: f64 = 0.5;

/// So many others make a median that says something.
const OTHERS: usize = 2;

/// A contender that stands out in one cell.
struct Outlier<'a> {
    cell: &'a CellRecord,
    metric: Metric,
    value: f64,
    median: f64,
    /// By how much of the region it exceeds the median.
    share: f64,
}

impl Outlier<'_> {
    /// The badge that says so.
    fn caveat(&self) -> CaveatInfo {
        let (badge, what) = match self.metric {
            Metric::Dropping => ("dear to drop", "to drop its state and results"),
            _ => ("dear to read", "to read its results for the first time"),
        };
        let name = &self.cell.name;
        let [value, median] = [self.value, self.median].map(format::value);
        let region = Metric::Instructions.value(self.cell).map(format::value).unwrap_or_default();
        let costs = if self.median > 0.0 {
            format!("{} times the median of the others, {median}", format::value(self.value / self.median))
        } else {
            "where the median of the others is 0".to_owned()
        };
        let text = format!(
            "May put work off: after the region of {} at size {}, it takes {value} instructions per operation {what}, \
             {costs}. The region itself takes {region}.",
            name.scenario, name.size
        );
        CaveatInfo { badge: badge.to_owned(), text }
    }
}

/// The badges that a record's figures give to its contenders, by bottleneck and contender: for reading and for dropping
/// the worst cell of each.
pub fn badges(record: &Record) -> BTreeMap<(&str, &str), Vec<CaveatInfo>> {
    let mut groups: BTreeMap<(&str, &str, u64), Vec<&CellRecord>> = BTreeMap::new();
    for cell in record.cells.iter().filter(|cell| cell.measured.afterwards.is_some()) {
        let name = &cell.name;
        groups.entry((&name.bottleneck, &name.scenario, name.size)).or_default().push(cell);
    }
    let mut worst: BTreeMap<(&str, &str, Metric), Outlier<'_>> = BTreeMap::new();
    for cells in groups.values() {
        for metric in [Metric::Reading, Metric::Dropping] {
            for outlier in outliers(cells, metric) {
                let name = &outlier.cell.name;
                let key = (name.bottleneck.as_str(), name.contender.as_str(), metric);
                if worst.get(&key).is_none_or(|known| known.share < outlier.share) {
                    worst.insert(key, outlier);
                }
            }
        }
    }
    let mut badges: BTreeMap<(&str, &str), Vec<CaveatInfo>> = BTreeMap::new();
    for ((bottleneck, contender, _), outlier) in worst {
        badges.entry((bottleneck, contender)).or_default().push(outlier.caveat());
    }
    badges
}

/// The cells of a group that stand out.
fn outliers<'a>(cells: &[&'a CellRecord], metric: Metric) -> Vec<Outlier<'a>> {
    let outlier = |cell: &&'a CellRecord| {
        let value = metric.value(cell)?;
        let region = Metric::Instructions.value(cell).filter(|region| *region > 0.0)?;
        let others = cells.iter().filter(|other| other.name != cell.name);
        let median = median(others.filter_map(|other| metric.value(other)).collect())?;
        let share = (value - median) / region;
        (value > FACTOR * median && share > SHARE).then_some(Outlier { cell, metric, value, median, share })
    };
    cells.iter().filter_map(outlier).collect()
}

/// The median, of two middle values the greater one; `None` of too few.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    (values.len() >= OTHERS).then(|| values[values.len() / 2])
}

/// The record with these badges beside those that its contenders have by themselves.
pub fn with_badges(record: &Record) -> Record {
    let badges = badges(record);
    let contender = |info: &ContenderInfo| {
        let mut info = info.clone();
        if let Some(badges) = badges.get(&(info.bottleneck.as_str(), info.name.as_str())) {
            info.caveats.extend(badges.iter().cloned());
        }
        info
    };
    Record { contenders: record.contenders.iter().map(contender).collect(), ..record.clone() }
}
