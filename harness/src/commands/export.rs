//! `lab export`: the numbers of a record in formats of other programs.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;
use reports::Metric;
use reports::export::services::{bencher, github_action_benchmark};
use reports::export::table::{Choice, csv, jsonl, rows};
use reports::kept::Kept;

use super::context::Context;
use super::names::Names;
use super::parse;
use super::target::Target;
use crate::error::{Exit, usage};

/// Print a record's numbers as CSV or JSON Lines, for Bencher or for github-action-benchmark
///
/// The tables have one row for each cell and metric; `docs/exports.md` describes their columns. No export holds a path of
/// the machine that made it.
#[derive(clap::Args)]
pub struct Arguments {
    /// The record [default: target/lab/latest/record.json]
    #[arg(value_name = "RECORD")]
    record: Option<PathBuf>,
    /// The format
    #[arg(long, value_enum)]
    format: Format,
    /// Only these metrics [default: all]
    #[arg(long, value_name = "METRIC", value_delimiter = ',', value_parser = parse::metric())]
    metric: Vec<Metric>,
    /// Only the cells of this name or glob [default: all]
    #[arg(long, value_name = "GLOB")]
    cells: Option<String>,
    #[command(flatten)]
    target: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table, comma-separated
    Csv,
    /// The same table, one JSON object a line
    Jsonl,
    /// Bencher Metric Format, for `bencher run --adapter json`
    Bencher,
    /// `customSmallerIsBetter` of the action
    GithubActionBenchmark,
    /// The summary for the page of a CI job, of the whole record
    Markdown,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let Arguments { record, format, metric, cells, target } = arguments;
    if *format == Format::Markdown && (!metric.is_empty() || cells.is_some()) {
        bail!(usage("`--metric` and `--cells` choose rows: the summary in Markdown is of the whole record"));
    }
    target.check()?;
    let path = record.clone().unwrap_or_else(|| context.latest());
    let record = reports::io::read_record(&path)?;
    if *format == Format::Markdown {
        target.write(&reports::summary::markdown(&record))?;
        return Ok(Exit::Fine);
    }
    let names = cells.as_deref().map(Names::new).transpose()?;
    let place = path.display().to_string();
    let chosen =
        names.map(|names| names.among(record.cells.iter().map(|cell| &cell.name), &place)).transpose()?;
    let metrics = if metric.is_empty() { Metric::ALL } else { metric };
    let choice = Choice { metrics, cells: &|name| chosen.as_ref().is_none_or(|chosen| chosen.has(name)) };
    let rows = rows(&Kept::of(&record), &choice);
    if rows.is_empty() {
        bail!(usage(format!(
            "{place} holds none of the values that are asked for: `--metric` and `--cells` choose others"
        )));
    }
    target.write(&match format {
        Format::Csv => csv(&rows),
        Format::Jsonl => jsonl(&rows),
        Format::Bencher => bencher(&rows),
        Format::GithubActionBenchmark => github_action_benchmark(&rows),
        Format::Markdown => unreachable!("it was written above"),
    })?;
    Ok(Exit::Fine)
}
