//! `lab diff`: compares two records cell by cell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use reports::record::{CellRecord, Record};
use reports::{CellName, Metric};
use serde::Serialize;

use super::output::{print, print_json, table};
use super::parse;
use crate::error::{Exit, NotComparable};

/// Compare two records cell by cell
///
/// Lists the cells whose value per operation changed by more than `--threshold` per cent, the largest
/// change first. For an exact metric, records with different fingerprints are refused (exit code 4).
#[derive(clap::Args)]
pub struct Arguments {
    /// The record before
    before: PathBuf,
    /// The record after
    after: PathBuf,
    /// The metric to compare
    #[arg(long, value_parser = parse::metric(), default_value = Metric::Instructions.about().word)]
    metric: Metric,
    /// List changes above this, in per cent
    #[arg(long, default_value_t = 0.5, value_name = "PERCENT")]
    threshold: f64,
    /// Print the changes as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Change {
    cell: String,
    before: f64,
    after: f64,
    percent: f64,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let before = reports::io::read_record(&arguments.before)?;
    let after = reports::io::read_record(&arguments.after)?;
    if arguments.metric.about().meter.is_exact()
        && let Some(difference) = before.fingerprint.incomparable_with(&after.fingerprint).first()
    {
        bail!(NotComparable(format!(
            "cannot compare {} with {}: {difference}",
            arguments.before.display(),
            arguments.after.display()
        )));
    }
    fn measured(record: &Record, metric: Metric) -> BTreeMap<&CellName, (&CellRecord, f64)> {
        let cells = record.cells.iter();
        cells.filter_map(|cell| Some((&cell.name, (cell, metric.value(cell)?)))).collect()
    }
    let metric = arguments.metric;
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
    changes.retain(|change| change.percent.abs() > arguments.threshold);
    changes.sort_by(|left, right| right.percent.abs().total_cmp(&left.percent.abs()));
    if arguments.json {
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
        arguments.threshold,
        before.len() - both,
        after.len() - both
    ))?;
    Ok(Exit::Fine)
}
