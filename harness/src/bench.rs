//! What the targets of `cargo bench` do. They run the lab's meters under Cargo's usual command.
//!
//! Cargo starts a benchmark with the argument `--bench`. `cargo test --benches` starts it without, and
//! then there is nothing to do: the meters have tests of their own.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use criterion::{Criterion, SamplingMode, Throughput};
use reports::{CellName, Meter, Metric};
use scenarios::{Capability, Case, Contender};

use crate::commands::output::{conclude, count, print, table};
use crate::error::{Exit, usage};
use crate::measure::meters::time;
use crate::measure::programs::{Binaries, Options};
use crate::measure::protocol::Depth;
use crate::measure::run::Run;
use crate::measure::serve::serve_if_asked;
use crate::progress::say;
use crate::roster::cell::{Cell, Roster};
pub use crate::roster::sample::LISTED;
use crate::roster::sample::listed;
use crate::roster::selection::{Profile, Selection};

/// Whether Cargo asks for benchmarks. A line says so if it does not.
pub fn is_asked_for() -> bool {
    let asked = std::env::args_os().any(|argument| argument == "--bench");
    if !asked {
        say("nothing to do: benchmarks run under `cargo bench`");
    }
    asked
}

#[derive(Parser)]
#[command(name = "cargo bench", about = "Verify and measure the selected cells", max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// What Cargo starts a benchmark with.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Measures the cells that the arguments select with an exact meter, and prints a table.
///
/// The running program is its own worker. For [`Meter::Allocations`] its global allocator must be
/// [`Allocator`](crate::Allocator).
pub fn exact(roster: &[Contender], meter: Meter) -> ExitCode {
    if let Some(served) = serve_if_asked(roster) {
        return served;
    }
    if !is_asked_for() {
        return ExitCode::SUCCESS;
    }
    let Arguments { selection, .. } = Arguments::parse();
    conclude(measure(roster, &selection, meter))
}

fn measure(contenders: &[Contender], selection: &Selection, meter: Meter) -> Result<Exit> {
    let roster = Roster::generated(contenders);
    let cells = selection.resolve(roster)?;
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let options = Options {
        workers: std::thread::available_parallelism().map_or(1, usize::from),
        timeout: None,
        depth: Depth::default(),
        reversed: false,
        binaries: Binaries { lab: program.clone(), allocations: program },
    };
    let mut run = Run::new(roster, options);
    run.measure(&cells, &[meter], selection.profile)?;

    // What only `lab run` counts has no column here.
    let is_counted =
        |metric: &Metric| cells.iter().any(|cell| metric.count(&run.measured(&cell.name())).is_some());
    let metrics: Vec<Metric> = Metric::of(meter).filter(is_counted).collect();
    let mut header = vec!["cell", "operations"];
    for metric in &metrics {
        header.extend([metric.title(), "per operation"]);
    }
    let mut table = table(&header, 1);
    for name in cells.iter().map(Cell::name) {
        let (measured, ops) = (run.measured(&name), run.ops(&name));
        if !measured.has(meter) {
            continue;
        }
        let values = metrics.iter().flat_map(|metric| match metric.count(&measured) {
            Some(value) => [count(value), format!("{:.1}", value as f64 / ops.max(1) as f64)],
            None => ["–", "–"].map(str::to_owned),
        });
        table.add_row([name.to_string(), count(ops)].into_iter().chain(values));
    }
    if !table.is_empty() {
        print(&table.to_string())?;
    } else if run.failures().is_empty() {
        anyhow::bail!("nothing was measured");
    }
    Ok(if run.failures().is_empty() { Exit::Fine } else { Exit::Regression })
}

/// The variable that names the profile for [`times`]: quick, default or full. Without it the profile is quick.
const PROFILE: &str = "LAB_PROFILE";

/// Times every cell with criterion, whose arguments select: filters, baselines, budgets.
///
/// A benchmark's name is its cell's. An iteration is a region, and the throughput is in operations. Set-up is outside the
/// clock and inside the time that criterion plans with. Criterion writes its HTML report to `target/criterion/report/`.
pub fn times(roster: &[Contender]) -> ExitCode {
    if !is_asked_for() {
        return ExitCode::SUCCESS;
    }
    conclude(time(roster))
}

fn time(contenders: &[Contender]) -> Result<Exit> {
    let profile = match std::env::var(PROFILE) {
        Ok(name) => Profile::from_str(&name, false)
            .map_err(|_| usage(format!("{PROFILE}={name}: expected quick, default or full")))?,
        Err(_) => Profile::Quick,
    };
    let cells = Selection { profile, ..Selection::default() }.resolve(Roster::generated(contenders))?;
    let (warm_up, measurement, samples) = match profile {
        Profile::Quick => (5, 20, 30),
        Profile::Default => (5, 25, 30),
        Profile::Full => (50, 150, 100),
    };
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(warm_up))
        .measurement_time(Duration::from_millis(measurement))
        .sample_size(samples)
        .nresamples(2000)
        .configure_from_args();
    let (wrong, timed) = benchmark(&mut criterion, &cells);
    criterion.final_summary();
    for message in &wrong {
        say(message);
    }
    // Criterion runs nothing where it lists benchmarks or compares what it has on the disk.
    let reads_only = |argument: std::ffi::OsString| {
        let argument = argument.to_string_lossy();
        argument == "--list" || argument.starts_with("--load-baseline")
    };
    if !timed && !std::env::args_os().any(reads_only) {
        anyhow::bail!(usage("no benchmark is selected: the filters match no cell (`-- --list` shows them)"));
    }
    Ok(if wrong.is_empty() { Exit::Fine } else { Exit::Regression })
}

/// Lets criterion time the cells, which are sorted by group. Returns what is wrong with any that it times, and whether
/// there is any.
fn benchmark(criterion: &mut Criterion, cells: &[Cell<'_>]) -> (Vec<String>, bool) {
    let (mut wrong, mut timed) = (Vec::new(), false);
    for cells in cells.chunk_by(|left, right| left.group() == right.group()) {
        let mut group = criterion.benchmark_group(cells[0].name().of_group());
        group.sampling_mode(SamplingMode::Flat);
        // Criterion must know the throughput of a benchmark before it tells whether its filters select it. What contenders
        // with the same capabilities do is the same, and a case that only tells its operations takes a while to set up.
        let mut known: Vec<(&[Capability], u64)> = Vec::new();
        for cell in cells {
            let capabilities = cell.contender.about.capabilities;
            let found = known.iter().find(|(of, _)| *of == capabilities).map(|(_, ops)| *ops);
            let ops = found.unwrap_or_else(|| {
                let ops = case_of(cell).ops();
                known.push((capabilities, ops));
                ops
            });
            group.throughput(Throughput::Elements(ops));
            // Criterion calls the closure only for benchmarks that its filters select, and calls it often.
            let mut case = None;
            group.bench_function(cell.contender.about.name, |bencher| {
                let case = case.get_or_insert_with(|| {
                    timed = true;
                    let (case, digest) = checked(cell);
                    wrong.extend(digest.err());
                    if case.ops() != ops {
                        let name = cell.name();
                        wrong.push(format!("{name}: {} operations, and others make {ops}", case.ops()));
                    }
                    case
                });
                bencher.iter_custom(|regions| time::time(&mut **case, regions));
            });
        }
        group.finish();
    }
    (wrong, timed)
}

fn case_of(cell: &Cell<'_>) -> Box<dyn Case> {
    cell.contender.case(cell.scenario.name, cell.size, None)
}

/// A cell's case, and whether its first run had the oracle's digest.
fn checked(cell: &Cell<'_>) -> (Box<dyn Case>, Result<(), String>) {
    let mut case = case_of(cell);
    case.arm();
    case.run();
    let (digest, expected) = (case.digest(), case.expected());
    let wrong = || format!("{}: digest {digest:016x}, the oracle's is {expected:016x}", cell.name());
    let verdict = if digest == expected { Ok(()) } else { Err(wrong()) };
    (case, verdict)
}

/// Prints which of gungraun's names stands for which of the [`listed`] cells, unless the output is for a program.
/// Returns an exit code if there is no list.
pub fn show_list(contenders: &[Contender]) -> Option<ExitCode> {
    let show = |names: Vec<CellName>| -> Result<Exit> {
        if !std::env::args_os().any(|argument| argument.to_string_lossy().starts_with("--output-format")) {
            names.iter().enumerate().try_for_each(|(at, name)| print(&format!("cell_{at} {name}")))?;
        }
        Ok(Exit::Fine)
    };
    let outcome = listed(Roster::generated(contenders)).and_then(show);
    outcome.is_err().then(|| conclude(outcome))
}

/// Sets a cell up as the instruction meter's worker does, and calls `region` with it.
///
/// That is on a fresh thread of a process that has had one before, with a settled allocator: counts depend on where
/// the allocator places blocks. On the main thread, whose arena glibc treats in another way, they are 2 % lower in the
/// median and up to 8 %.
///
/// # Panics
/// If the cell is not on the roster.
pub fn with_armed(contenders: &[Contender], name: &CellName, region: impl Fn(&mut dyn Case) + Sync) {
    let roster = Roster::generated(contenders);
    worker::warm(worker::Roster { contenders, input: None, seed: None });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            worker::settle();
            let cell = roster.find(name).expect("it was looked up when the list was read");
            let mut case = cell.contender.case(cell.scenario.name, cell.size, None);
            case.arm();
            region(&mut *case);
            // Dropping it takes long under Valgrind, and the process ends anyway.
            std::mem::forget(case);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::budget::TimeBudget;
    use crate::roster::roster;

    /// What criterion wrote about a benchmark: nanoseconds of a region, and its operations.
    fn found(directory: &std::path::Path, name: &CellName) -> (f64, u64) {
        let group = name.of_group().replace('/', "_");
        let read = |file: &str| -> serde_json::Value {
            let path = directory.join(&group).join(&name.contender).join("new").join(file);
            let text = std::fs::read_to_string(&path);
            serde_json::from_str(&text.unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
        };
        let time = read("estimates.json")["median"]["point_estimate"].as_f64().unwrap();
        (time, read("benchmark.json")["throughput"]["Elements"].as_u64().unwrap())
    }

    /// A region taken for an operation, a set-up within the clock or another cell would be off by far more than the
    /// noise of a machine that runs other tests.
    #[test]
    fn criterion_times_what_the_time_meter_times() {
        let contenders = roster();
        let cells = [
            "persistent_map/get_hit/32/imbl",
            "persistent_map/insert_shared/1000/rpds",
            "persistent_vector/pop_all/1000/imbl",
            "persistent_vector/concat/1000/imbl",
            "lru_cache/iterate/500/lru",
        ];
        let budget = TimeBudget {
            processes: 1,
            spare: 0,
            patience: Duration::ZERO,
            per_contender: Duration::from_millis(5),
            slice: Duration::from_micros(100),
        };
        for name in cells {
            let name: CellName = name.parse().unwrap();
            let cell = Roster::generated(&contenders).find(&name).unwrap();
            let mut apart = Vec::new();
            let agree = (0..5).any(|_| {
                let directory = tempfile::tempdir().unwrap();
                let mut criterion = Criterion::default()
                    .output_directory(directory.path())
                    .without_plots()
                    .warm_up_time(Duration::from_millis(5))
                    .measurement_time(Duration::from_millis(20))
                    .sample_size(10)
                    .nresamples(1001);
                assert_eq!(benchmark(&mut criterion, &[cell]), (Vec::new(), true));
                let (region, ops) = found(directory.path(), &name);
                let roster = worker::Roster { contenders: &contenders, input: None, seed: None };
                let samples =
                    time::perform(roster, std::slice::from_ref(&name), budget, 0, 1e9, Duration::ZERO)
                        .unwrap();
                let sample = &samples.cells[0][0];
                assert_eq!(ops, sample.ops, "{name}");
                apart.push(region / ops as f64 / sample.warm);
                apart.last().is_some_and(|apart| (0.3..3.0).contains(apart))
            });
            assert!(agree, "{name}: criterion's time of an operation is {apart:?} times the meter's");
        }
    }
}
