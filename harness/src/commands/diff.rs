//! `lab diff`: two records, cell by cell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use reports::record::{CellRecord, Record};
use serde::Serialize;

use super::{print, print_json, table};
use crate::error::{Exit, NotComparable};

/// Compare two records cell by cell
///
/// Lists the cells whose value per operation changed by more than `--threshold` per cent, the largest
/// change first. Records of different fingerprints are refused for the exact metrics (exit code 4).
#[derive(clap::Args)]
pub struct Arguments {
    /// The record before
    before: PathBuf,
    /// The record after
    after: PathBuf,
    /// What to compare
    #[arg(long, value_enum, default_value_t = Metric::Instructions)]
    metric: Metric,
    /// Least change, in per cent
    #[arg(long, default_value_t = 0.5, value_name = "PERCENT")]
    threshold: f64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Metric {
    Instructions,
    Atomics,
    Blocks,
    Bytes,
    LiveBytes,
    Wall,
}

impl Metric {
    fn per_operation(self, cell: &CellRecord) -> Option<f64> {
        let total = match self {
            Metric::Instructions => cell.instructions? as f64,
            Metric::Atomics => cell.atomics?.program as f64,
            Metric::Blocks => cell.allocations?.blocks as f64,
            Metric::Bytes => cell.allocations?.bytes as f64,
            Metric::LiveBytes => cell.allocations?.live_bytes as f64,
            Metric::Wall => cell.wall_ns?.median,
        };
        Some(total / cell.ops.max(1) as f64)
    }
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
    if arguments.metric != Metric::Wall
        && let Some(difference) = before.fingerprint.incomparable_with(&after.fingerprint).first()
    {
        bail!(NotComparable(format!(
            "cannot compare {} with {}: {difference}",
            arguments.before.display(),
            arguments.after.display()
        )));
    }
    let values = |record: &Record| -> BTreeMap<String, f64> {
        let cells = record.cells.iter();
        cells.filter_map(|cell| Some((cell.name(), arguments.metric.per_operation(cell)?))).collect()
    };
    let (before, after) = (values(&before), values(&after));
    let mut changes: Vec<Change> = before
        .iter()
        .filter_map(|(cell, before)| {
            let after = *after.get(cell)?;
            let percent = if *before == after { 0.0 } else { (after / before - 1.0) * 100.0 };
            Some(Change { cell: cell.clone(), before: *before, after, percent })
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
    let only = |these: &BTreeMap<String, f64>, those: &BTreeMap<String, f64>| {
        these.keys().filter(|cell| !those.contains_key(*cell)).count()
    };
    print(&format!(
        "{common} cells in both, {} changed by more than {} %; {} only before, {} only after",
        changes.len(),
        arguments.threshold,
        only(&before, &after),
        only(&after, &before)
    ))?;
    Ok(Exit::Fine)
}
