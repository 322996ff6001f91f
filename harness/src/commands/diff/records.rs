//! `lab diff BEFORE AFTER`: two records, cell by cell.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use reports::record::{CellRecord, Record};
use reports::{CellName, Metric};
use serde::Serialize;

use crate::commands::output::{print, print_json, table};
use crate::error::{Exit, NotComparable};

#[derive(Serialize)]
struct Change {
    cell: String,
    before: f64,
    after: f64,
    percent: f64,
}

pub fn run(before: &Path, after: &Path, metric: Metric, threshold: f64, json: bool) -> Result<Exit> {
    let (before_path, after_path) = (before, after);
    let before = reports::io::read_record(before_path)?;
    let after = reports::io::read_record(after_path)?;
    if metric.about().meter.is_exact()
        && let Some(difference) = before.fingerprint.incomparable_with(&after.fingerprint).first()
    {
        bail!(NotComparable(format!(
            "cannot compare {} with {}: {difference}",
            before_path.display(),
            after_path.display()
        )));
    }
    fn measured(record: &Record, metric: Metric) -> BTreeMap<&CellName, (&CellRecord, f64)> {
        let cells = record.cells.iter();
        cells.filter_map(|cell| Some((&cell.name, (cell, metric.value(cell)?)))).collect()
    }
    let [before, after] = [&before, &after].map(|record| measured(record, metric));
    let mut changes: Vec<Change> = before
        .iter()
        .filter_map(|(name, (cell, before))| {
            let (other, after) = after.get(name)?;
            if !metric.is_comparable(cell, other) {
                return None;
            }
            let percent = if before == after { 0.0 } else { (after / before - 1.0) * 100.0 };
            Some(Change { cell: name.to_string(), before: *before, after: *after, percent })
        })
        .collect();
    let common = changes.len();
    changes.retain(|change| change.percent.abs() > threshold);
    changes.sort_by(|left, right| right.percent.abs().total_cmp(&left.percent.abs()));
    if json {
        print_json(&changes)?;
        return Ok(Exit::Fine);
    }
    if !changes.is_empty() {
        let mut table = table(&["cell", "before", "after", "change"], 1);
        for Change { cell, before, after, percent } in &changes {
            table.add_row([
                cell.clone(),
                format!("{before:.2}"),
                format!("{after:.2}"),
                format!("{percent:+.2} %"),
            ]);
        }
        print(&table.to_string())?;
    }
    let both = before.keys().filter(|name| after.contains_key(*name)).count();
    if both > common {
        print(&format!(
            "{} cells are not compared, because their ratios have different reference contenders",
            both - common
        ))?;
    }
    print(&format!(
        "{common} cells in both, {} changed by more than {} %; {} only before, {} only after",
        changes.len(),
        threshold,
        before.len() - both,
        after.len() - both
    ))?;
    Ok(Exit::Fine)
}
