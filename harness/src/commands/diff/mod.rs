//! `lab diff`: compares two records, or the times of two builds.

mod builds;
mod records;

use std::path::Path;

use anyhow::{Result, bail};
use reports::Metric;

use super::context::Context;
use super::parse;
use crate::door;
use crate::error::{Exit, usage};
use crate::roster::selection::Selection;

/// Compare two records cell by cell, or the times of two builds
///
/// `lab diff BEFORE AFTER` lists the cells whose value per operation changed by more than `--threshold` per cent, the
/// largest change first; what was zero is new. Records that cannot be compared are refused by name, with exit code 4: those
/// on different inputs, for an exact metric those with different fingerprints, and for a time those of different machines.
/// Cells whose operations or digests differ are set apart, with the reason.
///
/// `lab diff --paired REVISION [CELLS]` builds that git revision and times its cells and those of this build in turns, in
/// processes of their own. It shows what a count of instructions cannot: cache misses, fences, branches. It lists the cells
/// whose ratio's whole 95 % interval lies beyond `--threshold`, twice. Without a selection it times the contenders whose code
/// changed, and the reference contender of their bottlenecks.
#[derive(clap::Args)]
#[command(mut_arg("cells", |cells| cells
    .value_name("BEFORE AFTER | CELLS")
    .help("The records before and after; with --paired, names of cells or globs")))]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Build this git revision, and compare its times with those of this build
    #[arg(long, value_name = "REVISION", conflicts_with = "metric")]
    paired: Option<String>,
    /// The metric to compare
    #[arg(long, value_parser = parse::metric(), default_value = Metric::Instructions.about().word)]
    metric: Metric,
    /// List changes above this, in per cent, such as 0.5 [default: 0.5, or 3 with --paired]
    #[arg(long, value_name = "PERCENT", value_parser = parse::percent, allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Print the changes as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let Arguments { selection, paired, metric, threshold, json } = arguments;
    if let Some(revision) = paired {
        return builds::run(context, revision, selection, threshold.unwrap_or(3.0), *json);
    }
    let only_records = Selection { cells: selection.cells.clone(), ..Selection::default() };
    match &selection.cells[..] {
        [before, after] if selection.arguments() == only_records.arguments() => {
            records::run(Path::new(before), Path::new(after), *metric, threshold.unwrap_or(0.5), *json)
        }
        [_, _] => bail!(usage("two records are compared in all cells; only --paired selects cells")),
        records => bail!(usage(format!(
            "{} records are named: `{lab} diff BEFORE AFTER` compares two, `{lab} diff --paired REVISION` two builds",
            records.len(),
            lab = door::lab()
        ))),
    }
}
