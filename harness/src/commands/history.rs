//! `lab history`: what records of the past measured, cell by cell.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use reports::Metric;
use reports::export::table::{Choice, csv, jsonl, named_rows};
use reports::history::series::{Series, series};
use reports::history::show;
use reports::history::store::{Added, Entry, Store};
use reports::io::read_all;
use reports::kept::Kept;

use super::context::Context;
use super::names::Names;
use super::output::print;
use super::parse;
use super::target::Target;
use crate::error::{Exit, NotComparable, usage};

/// Keep records, and show how their values changed over time
///
/// The history is a directory of plain files, one for each record. Values of different compilers, Valgrinds, C libraries or
/// inputs, and times of different machines, form different lines and are never compared.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// The directory of the history [default: target/lab/history]
    #[arg(long, global = true, value_name = "DIR")]
    store: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Action {
    /// Add records; one that is there already is left as it is
    Add {
        /// The records [default: target/lab/latest/record.json]
        #[arg(value_name = "RECORD")]
        records: Vec<PathBuf>,
    },
    /// Show the values of cells, one line for each record
    Show {
        /// The cells: a name, what is above it, or a glob
        #[arg(value_name = "CELL-GLOB")]
        cells: String,
        /// The metric
        #[arg(long, value_parser = parse::metric(), default_value = Metric::Instructions.about().word)]
        metric: Metric,
    },
    /// List the records at which values changed
    ///
    /// A count changed if the gate would not tolerate the difference to its value at the last change. A time changed if its
    /// values before and after cannot be told from shuffled ones in at most two per cent of the cases.
    Changes {
        /// The cells: a name, what is above it, or a glob [default: all]
        #[arg(value_name = "CELL-GLOB")]
        cells: Option<String>,
        /// The metrics [default: those that gate, and warm]
        #[arg(long, value_delimiter = ',', value_parser = parse::metric())]
        metric: Vec<Metric>,
    },
    /// Print the whole history
    Export {
        /// The format
        #[arg(long, value_enum, default_value_t = Format::Archive)]
        format: Format,
        #[command(flatten)]
        target: Target,
    },
    /// Add the records of an archive that `lab history export` wrote
    Import {
        /// The archive; `-` is the standard input
        #[arg(value_name = "FILE")]
        archive: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Everything that the history holds: what `lab history import` reads
    Archive,
    /// The table of `lab export`, of all records
    Csv,
    /// The same table, one JSON object a line
    Jsonl,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let directory = arguments.store.clone().unwrap_or_else(|| context.history());
    let store = Store::new(&directory);
    match &arguments.action {
        Action::Add { records } => add(context, &store, &directory, records),
        Action::Show { cells, metric } => {
            let (_, series) = select(&store, &directory, Some(cells), &[*metric])?;
            print(&show::values(&series, shows_sparks()).join("\n"))?;
            Ok(Exit::Fine)
        }
        Action::Changes { cells, metric } => changes(&store, &directory, cells.as_deref(), metric),
        Action::Export { format, target } => export(&store, &directory, *format, target),
        Action::Import { archive } => {
            let added = store.import(&read(archive)?, archive)?;
            tell(added, &directory)
        }
    }
}

fn add(context: &Context<'_>, store: &Store, directory: &Path, records: &[PathBuf]) -> Result<Exit> {
    let latest = [context.latest()];
    let paths = if records.is_empty() { &latest } else { records };
    let mut kept = Vec::new();
    for path in paths {
        let record = reports::io::read_record(path)?;
        if record.cells.is_empty() {
            bail!(usage(format!("{} holds no cell to keep", path.display())));
        }
        kept.push(Kept::of(&record));
    }
    tell(store.add(&kept)?, directory)
}

fn tell(Added { new, known }: Added, directory: &Path) -> Result<Exit> {
    print(&format!("{new} added to {}, {known} there already", directory.display()))?;
    Ok(Exit::Fine)
}

/// The records, and the series of the cells that are selected.
fn select(
    store: &Store,
    directory: &Path,
    cells: Option<&str>,
    metrics: &[Metric],
) -> Result<(Vec<Entry>, Vec<Series>)> {
    let names = cells.map(Names::new).transpose()?;
    let mut entries = store.read(|name| names.as_ref().is_none_or(|names| names.may_mean(name)))?;
    assert_not_empty(&entries, directory)?;
    if let Some(names) = names {
        let all = entries.iter().flat_map(|entry| &entry.kept.cells).map(|cell| &cell.name);
        let selected = names.among(all, &format!("the history in {}", directory.display()))?;
        entries.iter_mut().for_each(|entry| entry.kept.cells.retain(|cell| selected.has(&cell.name)));
    }
    let series = series(&entries, metrics);
    if series.is_empty() {
        let words: Vec<&str> = metrics.iter().map(|metric| metric.about().word).collect();
        bail!(usage(format!(
            "the history in {} has no {} of these cells",
            directory.display(),
            words.join(", ")
        )));
    }
    Ok((entries, series))
}

fn assert_not_empty(entries: &[Entry], directory: &Path) -> Result<()> {
    if entries.is_empty() {
        let add = crate::door::command(["history", "add"]);
        bail!(usage(format!("there is no record in {}: `{add}` adds the newest one", directory.display())));
    }
    Ok(())
}

fn changes(store: &Store, directory: &Path, cells: Option<&str>, metric: &[Metric]) -> Result<Exit> {
    let default = || Metric::in_baseline().map(|(metric, _)| metric).chain([Metric::Warm]).collect();
    let metrics: Vec<Metric> = if metric.is_empty() { default() } else { metric.to_vec() };
    let (entries, series) = select(store, directory, cells, &metrics)?;
    let lines = show::changes(&series, entries.len());
    print(&lines.join("\n"))?;
    if series.iter().all(Series::is_too_short) {
        bail!(NotComparable(format!(
            "nothing was compared: no cell has enough values of the same conditions in the {} records of {}",
            entries.len(),
            directory.display()
        )));
    }
    Ok(Exit::Fine)
}

fn export(store: &Store, directory: &Path, format: Format, target: &Target) -> Result<Exit> {
    target.check()?;
    let entries = store.read(|_| format != Format::Archive)?;
    assert_not_empty(&entries, directory)?;
    let rows = || {
        let choice = Choice { metrics: Metric::ALL, cells: &|_| true };
        entries.iter().flat_map(|Entry { id, kept }| named_rows(kept, id, &choice)).collect::<Vec<_>>()
    };
    target.write(&match format {
        Format::Archive => store.archive()?,
        Format::Csv => csv(&rows()),
        Format::Jsonl => jsonl(&rows()),
    })?;
    Ok(Exit::Fine)
}

/// The longest archive that is read.
const MOST_BYTES: u64 = 4 << 30;

/// Reads an archive. It may be longer than a record, and come from a pipe.
fn read(path: &Path) -> Result<String> {
    if path.to_str() == Some("-") {
        return Ok(read_all(path, std::io::stdin(), MOST_BYTES)?);
    }
    let opened = std::fs::File::open(path);
    let file = opened.map_err(|cause| reports::Error::Read { path: path.to_owned(), cause })?;
    Ok(read_all(path, file, MOST_BYTES)?)
}

fn shows_sparks() -> bool {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let [term, all, kind, language] = ["TERM", "LC_ALL", "LC_CTYPE", "LANG"].map(variable);
    show::shows_sparks(std::io::stdout().is_terminal(), &term, [&all, &kind, &language])
}
