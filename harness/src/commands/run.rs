//! `lab run`: verifies and measures cells, and writes a record and a report.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use reports::metric::{Per, Summary};
use reports::record::{BottleneckInfo, Record, SCHEMA, ScenarioInfo, Skip, SkipReason, Tried};
use reports::view::BottleneckView;
use reports::{Meter, Metric};
use scenarios::input::SEED;

use super::context::Context;
use super::output::{print, print_json, tables};
use super::parse;
use super::verdict::Said;
use crate::door;
use crate::error::{Exit, NotComparable, usage};
use crate::measure::cache::Cache;
use crate::measure::journal::{Entry, Header, JOURNAL, Journal};
use crate::measure::run::{Run, callgrind_isa, off};
use crate::measure::{fingerprint, identity, machine};
use crate::progress::say;
use crate::roster::cell::{Cell, Roster, check_size};
use crate::roster::input::{Format, Input};
use crate::roster::selection::Selection;

/// Verify and measure cells; write a record and a report
///
/// Contenders are verified first. A contender that differs from the oracle is named and left out, and the exit
/// code is 3. Cells are measured in parallel for instructions and allocations. The time meter runs last,
/// one cell at a time.
///
/// The record is `target/lab/<run>/record.json`; `target/lab/latest` points to the newest run. A run
/// that was killed continues with `--resume`; only the measurements in progress are lost.
///
/// Instructions and allocations of contenders whose compiled code is as it was come from the cache in
/// `target/lab/cache/`, unless `--fresh` is given. Times are always measured.
///
/// Behind each region it counts, too, what it takes to drop what the region leaves. For one size of every scenario it also
/// counts what it takes to read the results, and the region on an input of another seed. A contender that puts work off, remembers it or recognises the lab's inputs is named and left out; one whose
/// results are far dearer to read or to drop than those of the others gets a badge.
///
/// With `--seed N` the inputs are others: other keys in other orders. The counts of such a run are no baseline's.
///
/// With `--input FILE`, a bottleneck is measured on your own data: `lab run lru_cache --input trace.gz`,
/// `lab run flat_query --input document.json`, `lab run persistent_map --input app.ops` for a trace of
/// operations, `lab run pattern_index --input patterns=FILE --input
/// pointers=FILE`. The file is read once, from a file, a pipe or the standard input (`-`), plain, gzip or zstd.
/// `--format` reads keys in other formats than one a line. Such cells are not in the baseline. A contender that
/// cannot be measured on the file is skipped; the reason is in the record and the report.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Meters to run [default: all]
    #[arg(long, value_parser = parse::meter(), value_delimiter = ',', value_name = "METER")]
    meter: Vec<Meter>,
    /// Continue a killed run: its directory, or the newest unfinished one
    #[arg(long, value_name = "RUN", num_args = 0..=1, conflicts_with_all = ["cells", "meter", "shard"])]
    resume: Option<Option<PathBuf>>,
    /// Measure only the I-th of N parts of the cells; `lab merge` joins the records
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    shard: Option<Shard>,
    /// Measure one bottleneck on this file instead of generated input; `-` is the standard input
    #[arg(long, value_name = "[PART=]FILE", conflicts_with_all = ["resume", "shard"])]
    input: Vec<OsString>,
    /// How the file's keys are written: lines, arc, lirs, csv:COLUMN, tsv:COLUMN [default: lines]
    #[arg(long, value_name = "FORMAT", requires = "input", conflicts_with = "resume")]
    format: Option<Format>,
    /// Draw the inputs from this seed instead of the lab's own
    #[arg(long, value_name = "N", conflicts_with_all = ["resume", "input"])]
    seed: Option<u64>,
    /// Directory for the record and report [default: target/lab/<run>]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Print tables of all values instead of the verdicts
    #[arg(long, conflicts_with = "json")]
    tables: bool,
    /// Print the record as JSON instead of the verdicts
    #[arg(long)]
    json: bool,
    /// Write no report
    #[arg(long)]
    no_report: bool,
    /// Count everything, also what is in the cache
    #[arg(long)]
    fresh: bool,
}

/// One part of a run that several machines share.
#[derive(Clone, Copy, Debug)]
struct Shard {
    index: usize,
    of: usize,
}

fn parse_shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((index, of)) if (1..=of).contains(&index) => Ok(Shard { index, of }),
        _ => Err("expected I/N with 1 <= I <= N, for example 2/3".to_owned()),
    }
}

impl Shard {
    /// Whether the shard holds a cell group. A group is never split, because the time meter compares within one.
    fn keeps(self, group: usize) -> bool {
        group % self.of == self.index - 1
    }
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let Begun { directory, journal, header, entries, input } = match &arguments.resume {
        Some(named) => resume(context, named.as_deref())?,
        None => begin(context, arguments)?,
    };
    let roster = Roster { input: input.as_ref(), seed: header.seed, concurrent: true, ..context.roster };
    let cells = header.cells.iter().map(|name| roster.find(name)).collect::<Result<Vec<Cell<'_>>>>();
    let cells = cells.with_context(|| format!("{} cannot go on here", directory.display()))?;
    let mut run = Run::journaled(roster, context.options.clone(), journal, entries);
    run.count_drops();
    if let Ok(identities) = identity::of(roster, &context.options.binaries.lab) {
        let seed = header.seed.map(|seed| format!("seed {seed}"));
        let input = header.input.as_ref().map(|input| input.sha256.as_str()).or(seed.as_deref());
        let cache = || Cache::new(context.cache(), identities.clone(), header.fingerprint.clone(), input);
        let cache = (!arguments.fresh).then(cache);
        run.identify(identities, cache);
    }
    if roster.input.is_some() {
        run.fit(&cells)?;
    }
    // Who cheats is known before anybody is timed.
    let (exact, timed): (Vec<Meter>, Vec<Meter>) = header.meters.iter().partition(|meter| meter.is_exact());
    run.measure(&cells, &exact, header.profile)?;
    if exact.contains(&Meter::Instructions) {
        run.phases(&cells, true)?;
    }
    run.measure(&cells, &timed, header.profile)?;

    let record = run.record(&header)?;
    let path = directory.join("record.json");
    reports::io::write_record(&path, &record)?;
    // `latest` is set before the report is written. If that fails, `lab report` can write the report later.
    if directory.parent() == Some(&context.runs()) {
        point_latest(&context.runs(), &directory)?;
    }
    Input::forget(&directory);
    let report = if arguments.no_report {
        None
    } else {
        Some(reports::render::render(&record, &context.beside(&record), &directory.join("report"))?)
    };
    if arguments.json {
        print_json(&record)?;
    } else {
        summarize(&record, arguments.tables)?;
    }
    for ((bottleneck, contender), badges) in reports::afterwards::badges(&record) {
        for badge in badges {
            say(&format!("badge: {bottleneck}/{contender}: {}: {}", badge.badge, badge.text));
        }
    }
    for skip in &record.skipped {
        say(&format!("skipped: {}: {}", skip.subject, skip.message));
    }
    say(&format!("record {}", path.display()));
    if let Some(report) = report {
        say(&format!("report {}", report.display()));
    }
    if record.cells.is_empty() && record.trials.is_empty() && record.failures.is_empty() {
        bail!("nothing was measured");
    }
    for failure in &record.failures {
        say(&format!("failed: {} ({}): {}", failure.subject, failure.phase, failure.message));
    }
    Ok(if record.failures.is_empty() { Exit::Fine } else { Exit::Regression })
}

/// A run that can go on.
struct Begun {
    directory: PathBuf,
    journal: Journal,
    header: Header,
    entries: Vec<Entry>,
    /// The user's file that the run measures on, if any.
    input: Option<Input>,
}

fn begin(context: &Context<'_>, arguments: &Arguments) -> Result<Begun> {
    let mut input = read_input(context, arguments)?;
    let roster = Roster { input: input.as_ref(), concurrent: true, ..context.roster };
    let (mut cells, left_out) = arguments.selection.resolve_all(roster)?;
    let meters = if arguments.meter.is_empty() { Meter::ALL.to_vec() } else { arguments.meter.clone() };
    let first = cells[0];
    cells.retain(|cell| meters.iter().any(|meter| (*meter == Meter::Concurrency) == cell.is_concurrent()));
    if cells.is_empty() {
        let meter = if first.is_concurrent() { "the meter `concurrency`" } else { "another meter" };
        bail!(usage(format!("{} is measured by {meter}; name it, or leave out `--meter`", first.name())));
    }
    let skipped = if input.is_some() { left_out.iter().map(lacking).collect() } else { Vec::new() };
    input.iter().flat_map(Input::description).for_each(|line| say(&line));
    if let Some(shard) = arguments.shard {
        let mut group = 0;
        let mut last = None;
        cells.retain(|cell| {
            if last.replace(cell.group()).is_some_and(|last| last != cell.group()) {
                group += 1;
            }
            shard.keeps(group)
        });
        if cells.is_empty() {
            bail!(usage(format!(
                "--shard {}/{}: there are fewer cell groups than that",
                shard.index, shard.of
            )));
        }
    }
    let binaries = &context.options.binaries;
    let reasons: Vec<String> = meters.iter().filter_map(|meter| off(*meter, binaries)).collect();
    if reasons.len() == meters.len() {
        bail!("nothing can be measured here: {}", reasons.join("; "));
    }
    let isa = if meters.contains(&Meter::Instructions) { callgrind_isa(binaries) } else { String::new() };
    let now = SystemTime::now();
    let header = Header {
        schema: SCHEMA,
        started: humantime::format_rfc3339_seconds(now).to_string(),
        command: command(arguments, &meters, input.as_ref()),
        profile: arguments.selection.profile,
        meters,
        cells: cells.iter().map(Cell::name).collect(),
        fingerprint: fingerprint::take(&context.root, isa),
        machine: machine::take(),
        programs: context.options.binaries.digest()?,
        seed: arguments.seed.filter(|seed| *seed != SEED),
        input: input.as_ref().map(|input| input.info.clone()),
        skipped,
    };
    let stamp = header.started.replace([':', '-'], "").replace('T', "-").replace('Z', "");
    let directory = match &arguments.output {
        Some(directory) if directory.join(JOURNAL).exists() => {
            bail!(usage(format!("{} holds a run already: name another directory", directory.display())))
        }
        Some(directory) => directory.clone(),
        None => context.runs().join(format!("{stamp}-{}", std::process::id())),
    };
    let journal = record_in(&directory, &header, input.as_mut())?;
    Ok(Begun { directory, journal, header, entries: Vec::new(), input })
}

/// Reads the files that the run is about, if it is about any.
fn read_input(context: &Context<'_>, arguments: &Arguments) -> Result<Option<Input>> {
    if arguments.input.is_empty() {
        return Ok(None);
    }
    let bottleneck = arguments.selection.bottleneck(context.roster)?;
    let named = arguments.input.iter().map(|named| match named.to_str() {
        Some(named) => Ok(named.to_owned()),
        None => Err(usage(format!("--input {}: its path is not UTF-8; rename it", named.display()))),
    });
    let input = Input::read(bottleneck, &named.collect::<Result<Vec<_>, _>>()?, arguments.format.as_ref())?;
    input.check_sizes(&arguments.selection.size)?;
    input.size().map_or(Ok(()), check_size)?;
    Ok(Some(input))
}

/// What is said of a cell whose contender lacks a capability.
fn lacking(cell: &Cell<'_>) -> Skip {
    let required = cell.scenario.requires.iter();
    let lacks = required.filter(|capability| !cell.contender.about.can(&[**capability]));
    let lacks: Vec<String> = lacks.map(|capability| format!("{capability:?}")).collect();
    let message = format!("it lacks what the scenario requires: {}", lacks.join(", "));
    Skip { subject: cell.name().to_string(), reason: SkipReason::LacksCapability, message }
}

/// Begins a run's journal in its directory, beside the input that is kept for it. If one cannot be written, nothing is
/// left.
fn record_in(directory: &Path, header: &Header, input: Option<&mut Input>) -> Result<Journal> {
    let is_new = !directory.exists();
    // The input comes first, so that a journal always has the input that it needs.
    let kept = input.map_or(Ok(()), |input| input.keep(directory));
    let begun = kept.and_then(|()| Journal::create(directory, header));
    if begun.is_err() {
        Input::forget(directory);
        if is_new {
            // It goes only if it is empty.
            let _ = std::fs::remove_dir(directory);
        }
    }
    begun
}

/// The command that does this again, through the door that the README names.
fn command(arguments: &Arguments, meters: &[Meter], input: Option<&Input>) -> String {
    let mut words = vec!["run".to_owned()];
    words.extend(arguments.selection.arguments());
    if meters.len() < Meter::ALL.len() {
        let meters: Vec<&str> = meters.iter().map(|meter| meter.as_str()).collect();
        words.extend(["--meter".to_owned(), meters.join(",")]);
    }
    // Only names are kept, because a record holds no path of the machine that made it.
    words.extend(input.into_iter().flat_map(Input::arguments));
    if let Some(seed) = arguments.seed.filter(|seed| *seed != SEED) {
        words.extend(["--seed".to_owned(), seed.to_string()]);
    }
    if let Some(Shard { index, of }) = arguments.shard {
        words.extend(["--shard".to_owned(), format!("{index}/{of}")]);
    }
    door::command(words.iter().map(String::as_str))
}

fn resume(context: &Context<'_>, named: Option<&Path>) -> Result<Begun> {
    let directory = match named {
        Some(directory) => directory.to_owned(),
        None => newest_unfinished(&context.runs())?,
    };
    let (journal, header, entries) = Journal::resume(&directory)?;
    let now = fingerprint::take(&context.root, header.fingerprint.isa.clone());
    if let Some(difference) = header.fingerprint.incomparable_with(&now).into_iter().next() {
        bail!(NotComparable(format!(
            "{} cannot go on here, {difference}; start a new run",
            directory.display()
        )));
    }
    if header.fingerprint.revision != now.revision {
        bail!(NotComparable(format!(
            "{} cannot go on here, revision: `{}` against `{}`; start a new run",
            directory.display(),
            header.fingerprint.revision,
            now.revision
        )));
    }
    if header.programs != context.options.binaries.digest()? {
        bail!(NotComparable(format!(
            "{} cannot go on here: the lab was built again since; start a new run",
            directory.display()
        )));
    }
    let kept = |info| {
        let bottleneck = header.cells.first().map_or("", |cell| &cell.bottleneck);
        Input::kept(&directory, info, context.roster.bottleneck(bottleneck)?)
    };
    let input = header.input.as_ref().map(kept).transpose()?;
    say(&format!("resuming {} with {} results", directory.display(), entries.len()));
    Ok(Begun { directory, journal, header, entries, input })
}

fn newest_unfinished(runs: &Path) -> Result<PathBuf> {
    let mut unfinished: Vec<PathBuf> = match std::fs::read_dir(runs) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    unfinished.retain(|path| {
        path.join(JOURNAL).exists() && !path.join("record.json").exists() && !path.is_symlink()
    });
    match unfinished.into_iter().max() {
        Some(directory) => Ok(directory),
        None => bail!(usage(format!("no unfinished run in {}", runs.display()))),
    }
}

/// Lets `latest` point to `directory`. The link is replaced in one step, so that it always exists.
fn point_latest(runs: &Path, directory: &Path) -> Result<()> {
    let latest = runs.join("latest");
    let temporary = runs.join(format!(".latest-{}", std::process::id()));
    let link = || -> std::io::Result<()> {
        std::os::unix::fs::symlink(directory.file_name().unwrap_or_default(), &temporary)?;
        std::fs::rename(&temporary, &latest)
    };
    link().with_context(|| format!("cannot point {} to {}", latest.display(), directory.display()))
}

/// Prints the verdict on each bottleneck. Where there is nothing to conclude, because contenders were not compared, and
/// where `tables` are wanted, it prints these.
fn summarize(record: &Record, tables: bool) -> Result<()> {
    for view in &BottleneckView::all(record)? {
        let said = Said::of(view);
        if tables || said.sentences.is_empty() {
            tabulate_all(record, view)?;
        } else {
            said.print()?;
        }
        for scenario in &view.info.concurrent {
            tabulate_trials(record, view.info, scenario)?;
        }
    }
    Ok(())
}

/// Prints a table of the leading metric for a bottleneck, and then tables of the metrics that the
/// leading one does not cover. [`Summary`] says for each metric whether and where it is shown.
fn tabulate_all(record: &Record, view: &BottleneckView<'_>) -> Result<()> {
    let measured = |metric: &Metric| record.cells.iter().any(|cell| metric.value(cell).is_some());
    let rank = |metric: &Metric| match metric.about().summary {
        Summary::Leads { rank } => Some(rank),
        Summary::WhereAny | Summary::Never => None,
    };
    let leading = Metric::ALL.iter().copied().filter(|metric| rank(metric).is_some() && measured(metric));
    let first = leading.min_by_key(rank);
    let others = Metric::ALL.iter().copied().filter(|metric| metric.about().summary == Summary::WhereAny);
    for metric in first.into_iter().chain(others) {
        tabulate(view, metric, Some(metric) == first)?;
    }
    Ok(())
}

/// Prints what trials of a scenario found, at each size.
fn tabulate_trials(record: &Record, bottleneck: &BottleneckInfo, scenario: &ScenarioInfo) -> Result<()> {
    for Tried { size, figures, trials } in record.tried(&bottleneck.name, &scenario.name) {
        let header: Vec<&str> = std::iter::once("contender").chain(figures.iter().copied()).collect();
        let rows = trials.into_iter().map(|trial| {
            let found = figures
                .iter()
                .map(|name| trial.figure(name).map_or("–".to_owned(), |found| spelled(found.median)));
            std::iter::once(trial.name.contender.clone()).chain(found).collect()
        });
        print(&format!("\n{}: {} at size {size}", bottleneck.title, scenario.name))?;
        print_tables(&header, &rows.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// A number with one decimal if it is small, and with two digits that say something if it is smaller than 1.
fn spelled(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 1.0 || size == 0.0 => 1,
        size => (1.0 - size.log10().floor()).min(9.0) as usize,
    };
    format!("{value:.decimals$}")
}

/// Prints a metric of a bottleneck's cells: a row for each scenario and size. If it is not the first metric, rows in which
/// all values are zero are left out.
fn tabulate(view: &BottleneckView<'_>, metric: Metric, first: bool) -> Result<()> {
    let names = view.contenders.iter().map(|contender| contender.name.as_str());
    let header: Vec<&str> = std::iter::once("scenario").chain(names).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for scenario in &view.scenarios {
        for size in &scenario.sizes {
            let values: Vec<Option<f64>> =
                (0..view.contenders.len()).map(|at| scenario.value(metric, *size, at)).collect();
            if !values.iter().flatten().any(|value| first || *value > 0.0) {
                continue;
            }
            let per = match metric.about().per {
                Per::Kept => format!(", per {}", metric.per(scenario.info)),
                Per::Operation | Per::Nothing => String::new(),
            };
            let name = format!("{} {size}{per}", scenario.info.name);
            let spelled = values.into_iter().map(|value| value.map_or("–".to_owned(), spelled));
            rows.push(std::iter::once(name).chain(spelled).collect());
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    print(&format!("\n{}: {}", view.info.title, metric.heading()))?;
    print_tables(&header, &rows)
}

/// Prints rows of numbers, in as many tables as it takes for each to fit the terminal.
fn print_tables(header: &[&str], rows: &[Vec<String>]) -> Result<()> {
    tables(header, rows).iter().try_for_each(|table| print(&table.to_string()))
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn a_small_number_is_not_spelled_as_nothing() {
        for (value, text) in [
            (0.0, "0.0"),
            (3151.4, "3151"),
            (99.94, "99.9"),
            (1.04, "1.0"),
            (0.43, "0.43"),
            (0.0027, "0.0027"),
        ] {
            assert_eq!(spelled(value), text);
        }
        assert_eq!(spelled(-0.043), "-0.043");
    }
}
