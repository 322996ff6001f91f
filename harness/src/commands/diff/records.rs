//! `lab diff BEFORE AFTER`: two records, cell by cell.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use reports::record::{CellRecord, FingerprintDifference, Record};
use reports::{CellName, Metric};
use serde::Serialize;

use crate::commands::output::{print, print_json, table};
use crate::error::{Exit, NotComparable};
use crate::progress::say;

/// What two records have to say about one metric.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Comparison {
    /// The number of cells that were compared.
    compared: usize,
    /// Those that changed by more than the threshold, the largest change first.
    changes: Vec<Change>,
    /// Cells of both records that cannot be compared.
    set_apart: Vec<SetApart>,
    /// The number of cells that only the first record has.
    only_before: usize,
    /// The number of cells that only the second record has.
    only_after: usize,
}

/// A cell's change.
#[derive(Debug, PartialEq, Serialize)]
struct Change {
    cell: String,
    before: f64,
    after: f64,
    kind: Kind,
    /// By how many per cent of the value before; absent where that was zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<f64>,
}

/// How a value changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// There was none.
    New,
    More,
    Less,
}

/// A cell that cannot be compared, and why.
#[derive(Debug, PartialEq, Serialize)]
struct SetApart {
    cell: String,
    why: String,
}

pub fn run(before: &Path, after: &Path, metric: Metric, threshold: f64, json: bool) -> Result<Exit> {
    let paths = [before, after];
    let [before, after] = [reports::io::read_record(before)?, reports::io::read_record(after)?];
    let refuse = |why: String| {
        NotComparable(format!("cannot compare {} with {}: {why}", paths[0].display(), paths[1].display()))
    };
    let differences = incomparable(&before, &after, metric);
    if !differences.is_empty() {
        let spelled: Vec<String> = differences.iter().map(ToString::to_string).collect();
        bail!(refuse(spelled.join("; ")));
    }
    let comparison = compare(&before, &after, metric, threshold);
    let word = metric.about().word;
    if comparison.compared == 0 {
        bail!(refuse(match &comparison {
            Comparison { set_apart, .. } if !set_apart.is_empty() => {
                format!("{} differ in every cell that both have: {}", word, set_apart[0].why)
            }
            Comparison { only_before: 0, only_after: 0, .. } => {
                format!("neither has {word}; `--metric` chooses another metric")
            }
            Comparison { only_before: 0, .. } => format!("the first one has no {word}"),
            Comparison { only_after: 0, .. } => format!("the second one has no {word}"),
            Comparison { .. } => "they have no cell in common".to_owned(),
        }));
    }
    if !metric.about().meter.is_exact() {
        for difference in before.fingerprint.incomparable_with(&after.fingerprint) {
            say(&format!("note: the times were taken under different conditions: {difference}"));
        }
    }
    if json {
        print_json(&comparison)?;
    } else {
        show(&comparison, metric, threshold)?;
    }
    Ok(Exit::Fine)
}

/// Why no cell of two records can be compared by this metric. Exact counts do not depend on the machine, but on everything
/// that compiles and counts; times depend on the machine, and what else differs is what one may want to time.
fn incomparable(before: &Record, after: &Record, metric: Metric) -> Vec<FingerprintDifference> {
    let mut differences: Vec<FingerprintDifference> = before.other_input(after).into_iter().collect();
    if metric.about().meter.is_exact() {
        differences.extend(before.fingerprint.incomparable_with(&after.fingerprint));
    } else {
        differences.extend(before.other_machine(after));
    }
    differences
}

fn compare(before: &Record, after: &Record, metric: Metric, threshold: f64) -> Comparison {
    fn measured(record: &Record, metric: Metric) -> BTreeMap<&CellName, (&CellRecord, f64)> {
        let cells = record.cells.iter();
        cells.filter_map(|cell| Some((&cell.name, (cell, metric.value(cell)?)))).collect()
    }
    let [before, after] = [before, after].map(|record| measured(record, metric));
    let mut found = Comparison::default();
    for (name, (old, before)) in &before {
        let cell = name.to_string();
        let Some((new, after)) = after.get(name) else {
            found.only_before += 1;
            continue;
        };
        if let Some(why) = not_the_same(old, new, metric) {
            found.set_apart.push(SetApart { cell, why });
            continue;
        }
        found.compared += 1;
        found.changes.extend(change(cell, *before, *after, threshold));
    }
    found.only_after = after.keys().filter(|name| !before.contains_key(*name)).count();
    let size = |change: &Change| change.percent.map_or(f64::INFINITY, f64::abs);
    found.changes.sort_by(|left, right| size(right).total_cmp(&size(left)));
    found
}

/// Why a cell's value is not one of the same work before and after.
fn not_the_same(before: &CellRecord, after: &CellRecord, metric: Metric) -> Option<String> {
    if before.ops != after.ops {
        return Some(format!("{} operations before and {} after", before.ops, after.ops));
    }
    if before.digest != after.digest {
        return Some(format!(
            "digest {} before and {} after: its input or its results are others",
            before.digest, after.digest
        ));
    }
    if metric.is_comparable(before, after) {
        return None;
    }
    let reference = |cell: &CellRecord| {
        cell.measured.ratios().map_or_else(String::new, |ratios| ratios.reference.clone())
    };
    Some(format!("its ratio is to {} before and to {} after", reference(before), reference(after)))
}

/// A change by more than the threshold, in per cent. From zero, anything is.
fn change(cell: String, before: f64, after: f64, threshold: f64) -> Option<Change> {
    if before == after {
        return None;
    }
    let percent = (after / before - 1.0) * 100.0;
    // There is no such share of zero, nor of what is next to nothing.
    if !percent.is_finite() {
        return Some(Change { cell, before, after, kind: Kind::New, percent: None });
    }
    let kind = if after > before { Kind::More } else { Kind::Less };
    (percent.abs() > threshold).then_some(Change { cell, before, after, kind, percent: Some(percent) })
}

/// Up to this number of cells that are set apart are named one by one.
const FEW: usize = 5;

fn show(comparison: &Comparison, metric: Metric, threshold: f64) -> Result<()> {
    let Comparison { compared, changes, set_apart, only_before, only_after } = comparison;
    if !changes.is_empty() {
        let mut table = table(&["cell", "before", "after", "change"], 1);
        for Change { cell, before, after, percent, .. } in changes {
            let percent = percent.map_or_else(|| "new".to_owned(), |percent| format!("{percent:+.2} %"));
            table.add_row([cell.clone(), format!("{before:.2}"), format!("{after:.2}"), percent]);
        }
        print(&table.to_string())?;
    }
    if !set_apart.is_empty() {
        print(&format!("{} cells are in both and are not compared:", set_apart.len()))?;
        for SetApart { cell, why } in set_apart.iter().take(FEW) {
            print(&format!("    {cell}: {why}"))?;
        }
        if set_apart.len() > FEW {
            print(&format!("    and {} more (`--json` lists all)", set_apart.len() - FEW))?;
        }
    }
    print(&format!(
        "{compared} cells compared by {}: {} changed by more than {threshold} %; {only_before} only before, {only_after} \
         only after",
        metric.about().word,
        changes.len(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_from_nothing_is_new_and_one_to_nothing_is_all_of_it() {
        let of = |before, after, threshold| change(String::new(), before, after, threshold);
        for (before, after, threshold, expected) in [
            (0.0, 1.0, 0.5, Some((Kind::New, None))),
            (0.0, 1e-9, 1e300, Some((Kind::New, None))),
            (0.0, f64::MAX, 0.5, Some((Kind::New, None))),
            (0.0, 0.0, 0.0, None),
            (1.0, 0.0, 0.5, Some((Kind::Less, Some(-100.0)))),
            (1.0, 0.0, 100.0, None),
            (5.0, 5.0, 0.0, None),
            (100.0, 150.0, 0.0, Some((Kind::More, Some(50.0)))),
            (100.0, 150.0, 50.0, None),
            (100.0, 50.0, 49.0, Some((Kind::Less, Some(-50.0)))),
            (100.0, 100.4, 0.5, None),
        ] {
            let found = of(before, after, threshold).map(|change| (change.kind, change.percent));
            assert_eq!(found, expected, "{before} to {after}, {threshold} %");
        }
        // No number of a program that reads it is infinite or null.
        for (before, after) in [(0.0, 3.0), (3.0, 0.0), (1e-300, 1e300), (2.0, 3.0)] {
            let text = serde_json::to_string(&of(before, after, 0.5)).unwrap();
            assert!(!text.contains("null") && !text.contains("inf"), "{text}");
        }
    }
}
