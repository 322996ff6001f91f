//! What the targets of `cargo bench` do. They run the lab's meters under Cargo's usual command.
//!
//! Cargo starts a benchmark with the argument `--bench`. `cargo test --benches` starts it without, and
//! then there is nothing to do: the meters have tests of their own.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use criterion::{Criterion, SamplingMode};
use reports::{CellName, Meter, Metric};
use scenarios::{Case, Contender};

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
    let asked = std::env::args().any(|argument| argument == "--bench");
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

    let metrics: Vec<Metric> = Metric::of(meter).collect();
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
    }
    Ok(if run.failures().is_empty() { Exit::Fine } else { Exit::Regression })
}

/// The variable that names the profile for [`times`]: quick, default or full. Without it the profile is quick.
const PROFILE: &str = "LAB_PROFILE";

/// Times every cell with criterion, whose arguments select: filters, baselines, budgets.
///
/// A benchmark's name is its cell's. Set-up is outside the clock and inside the time that criterion
/// plans with.
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
        .without_plots()
        .warm_up_time(Duration::from_millis(warm_up))
        .measurement_time(Duration::from_millis(measurement))
        .sample_size(samples)
        .nresamples(2000)
        .configure_from_args();
    let mut wrong = Vec::new();
    for cells in cells.chunk_by(|left, right| left.group() == right.group()) {
        let mut group = criterion.benchmark_group(cells[0].name().of_group());
        group.sampling_mode(SamplingMode::Flat);
        for cell in cells {
            // Criterion calls the closure only for benchmarks that its filters select, and calls it often.
            let mut case = None;
            group.bench_function(cell.contender.about.name, |bencher| {
                let case = case.get_or_insert_with(|| {
                    let (case, digest) = checked(cell);
                    wrong.extend(digest.err());
                    case
                });
                bencher.iter_custom(|regions| time::time(&mut **case, regions));
            });
        }
        group.finish();
    }
    criterion.final_summary();
    for message in &wrong {
        say(message);
    }
    Ok(if wrong.is_empty() { Exit::Fine } else { Exit::Regression })
}

/// A cell's case, and whether its first run had the oracle's digest.
fn checked(cell: &Cell<'_>) -> (Box<dyn Case>, Result<(), String>) {
    let mut case = cell.contender.case(cell.scenario.name, cell.size, None);
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
        if !std::env::args().any(|argument| argument.starts_with("--output-format")) {
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
