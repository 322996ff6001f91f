//! Who stands out by what comes after the region: a structure that puts work off looks cheaper than it is.
//!
//! What it takes to read the results is known of one size of a scenario, and what it takes to drop them of all. A contender's
//! figures are compared with those of the others of its cell group, per operation.

use std::collections::{BTreeMap, BTreeSet};

use crate::metric::Metric;
use crate::record::{CaveatInfo, CellRecord, ContenderInfo, Record};
use crate::render::format;

/// So many times the median of the others stands out, …
const FACTOR: f64 = 8.0;

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
            Metric::Dropping => ("dear to drop", "to drop what it leaves"),
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
            "It leaves work behind: after the region of {} at size {}, it takes {value} instructions per operation {what}, \
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
    // Scenarios that are there for another purpose than to compare contenders give no badges.
    let aside: BTreeSet<(&str, &str)> = record
        .bottlenecks
        .iter()
        .flat_map(|info| info.scenarios.iter().map(|scenario| (info.name.as_str(), scenario)))
        .filter(|(_, scenario)| scenario.purpose.is_some())
        .map(|(bottleneck, scenario)| (bottleneck, scenario.name.as_str()))
        .collect();
    for cell in &record.cells {
        let name = &cell.name;
        if aside.contains(&(name.bottleneck.as_str(), name.scenario.as_str())) {
            continue;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Afterwards, Dropping, Measurements, Role, SCHEMA};

    /// A record of cells: name, instructions of the region, to read and to drop, each per operation.
    fn record(cells: &[(&str, u64, u64, u64)]) -> Record {
        const OPS: u64 = 10;
        let cell = |(name, region, read, drop): &(&str, u64, u64, u64)| CellRecord {
            name: name.parse().unwrap(),
            role: Role::Peer,
            ops: OPS,
            digest: "0".repeat(16),
            measured: Measurements {
                instructions: Some(region * OPS),
                // What it takes to drop the input, too, is compared with nothing.
                afterwards: Some(Afterwards { read: read * OPS, drop: u64::MAX }),
                dropping: Some(Dropping { instructions: drop * OPS, atomics: None }),
                ..Measurements::default()
            },
            observed: BTreeMap::new(),
        };
        let cells: Vec<CellRecord> = cells.iter().map(cell).collect();
        let mut contenders: Vec<ContenderInfo> = Vec::new();
        for CellRecord { name, role, .. } in &cells {
            if contenders.iter().all(|known| known.name != name.contender) {
                contenders.push(ContenderInfo {
                    bottleneck: name.bottleneck.clone(),
                    name: name.contender.clone(),
                    role: *role,
                    summary: String::new(),
                    source: String::new(),
                    analysis: String::new(),
                    complexity: BTreeMap::new(),
                    caveats: Vec::new(),
                });
            }
        }
        Record { schema: SCHEMA, contenders, cells, ..Record::default() }
    }

    fn badges_of(record: &Record) -> Vec<(&str, String)> {
        let badges = badges(record);
        badges
            .into_iter()
            .flat_map(|((_, name), badges)| badges.into_iter().map(move |badge| (name, badge.badge)))
            .collect()
    }

    #[test]
    fn only_who_is_far_dearer_than_the_others_and_for_its_own_region_stands_out() {
        // The last one's figures decide; the median of the others is 10 to read and 20 to drop.
        let cases: [(u64, u64, u64, &[&str]); 10] = [
            (100, 10, 20, &[]),
            (100, 80, 160, &[]),
            (100, 81, 20, &["dear to read"]),
            (140, 81, 20, &["dear to read"]),
            (143, 81, 20, &[]),
            (100, 10, 161, &["dear to drop"]),
            (300, 10, 161, &[]),
            (1, 1000, 1000, &["dear to drop", "dear to read"]),
            (1, 81, 160, &["dear to read"]),
            (1, 0, 0, &[]),
        ];
        for (region, read, drop, expected) in cases {
            let record = record(&[
                ("b/s/10/x", 100, 10, 20),
                ("b/s/10/y", 50, 9, 19),
                ("b/s/10/z", 500, 30, 60),
                ("b/s/10/it", region, read, drop),
            ]);
            let mut found = badges_of(&record);
            found.sort_unstable();
            let expected: Vec<_> = expected.iter().map(|badge| ("it", (*badge).to_owned())).collect();
            assert_eq!(found, expected, "{region} {read} {drop}");
        }
    }

    #[test]
    fn one_other_is_no_measure_and_other_groups_are_none() {
        let alone = [("b/s/10/x", 100, 1, 1), ("b/s/10/it", 100, 9999, 9999)];
        assert_eq!(badges_of(&record(&alone)), []);
        for name in ["b/s/11/y", "b/t/10/y", "c/s/10/y"] {
            let [x, it] = alone;
            assert_eq!(badges_of(&record(&[x, it, (name, 100, 1, 1)])), [], "{name}");
        }
        let [x, it] = alone;
        assert_eq!(badges_of(&record(&[x, it, ("b/s/10/y", 100, 1, 1)])).len(), 2);
    }

    #[test]
    fn the_worst_cell_is_told_beside_the_contender_s_own_badges() {
        let mut record = record(&[
            ("b/s/10/x", 100, 10, 0),
            ("b/s/10/y", 100, 10, 0),
            ("b/s/10/it", 100, 200, 90),
            ("b/t/20/x", 100, 10, 0),
            ("b/t/20/y", 100, 10, 0),
            ("b/t/20/it", 100, 300, 0),
        ]);
        let own = CaveatInfo { badge: "ordered".to_owned(), text: "It is ordered.".to_owned() };
        record.contenders[2].caveats.push(own.clone());
        let told = with_badges(&record);
        assert_eq!(
            [&told.contenders[0], &told.contenders[1]],
            [&record.contenders[0], &record.contenders[1]]
        );
        let [first, read, drop] = &told.contenders[2].caveats[..] else { panic!("{:?}", told.contenders[2]) };
        assert_eq!(*first, own);
        assert!(read.text.contains("of t at size 20, it takes 300 "), "{}", read.text);
        assert!(read.text.contains("30.0 times the median of the others, 10.0"), "{}", read.text);
        assert!(drop.text.contains("of s at size 10, it takes 90.0 "), "{}", drop.text);
        assert!(drop.text.contains("the median of the others is 0"), "{}", drop.text);
    }
}
