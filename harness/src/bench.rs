//! What the targets of `cargo bench` do: the conventional door to the same meters.
//!
//! Cargo starts a benchmark with the argument `--bench`. `cargo test --benches` starts it without, and
//! then there is nothing to do: the meters have tests of their own.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use criterion::{Criterion, SamplingMode};
use scenarios::input::mix;
use scenarios::{Case, Contender};

use crate::cell::{Cell, CellId, Profile, Selection, find};
use crate::cli::conclude;
use crate::commands::{count, print, table};
use crate::error::{Exit, usage};
use crate::meters::{Meter, wall};
use crate::progress::say;
use crate::run::{Binaries, Options, Run};
use crate::verify::Depth;
use crate::worker;

/// Whether Cargo asks for benchmarks; says so where it does not.
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
/// [`dhat::Alloc`].
pub fn exact(roster: &[Contender], meter: Meter) -> ExitCode {
    if let Some(served) = worker::serve_if_asked(roster) {
        return served;
    }
    if !is_asked_for() {
        return ExitCode::SUCCESS;
    }
    let Arguments { selection, .. } = Arguments::parse();
    conclude(measure(roster, &selection, meter))
}

fn measure(roster: &[Contender], selection: &Selection, meter: Meter) -> Result<Exit> {
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

    let per_operation = |value: u64, ops: u64| format!("{:.1}", value as f64 / ops.max(1) as f64);
    let mut table = match meter {
        Meter::Allocations => {
            table(&["cell", "blocks", "per operation", "bytes", "peak bytes", "live bytes"], 1)
        }
        _ => table(&["cell", "instructions", "operations", "per operation", "atomics", "per operation"], 1),
    };
    for id in cells.iter().map(Cell::id) {
        let (exact, ops) = (run.exact(&id), run.ops(&id));
        if let (Meter::Instructions, Some(instructions)) = (meter, exact.instructions) {
            let per_op = per_operation(instructions, ops);
            let atomics = exact.atomics.map_or(["–".to_owned(), "–".to_owned()], |atomics| {
                [count(atomics.program), per_operation(atomics.program, ops)]
            });
            let cells = [id.to_string(), count(instructions), count(ops), per_op];
            table.add_row(cells.into_iter().chain(atomics));
        }
        if let (Meter::Allocations, Some(found)) = (meter, exact.allocations) {
            table.add_row([
                id.to_string(),
                count(found.blocks),
                per_operation(found.blocks, ops),
                count(found.bytes),
                count(found.peak_bytes),
                count(found.live_bytes),
            ]);
        }
    }
    if !table.is_empty() {
        print(&table.to_string())?;
    }
    Ok(if run.failures().is_empty() { Exit::Fine } else { Exit::Regression })
}

/// The variable that names the profile for [`times`]: quick (which it is without), default or full.
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

fn time(roster: &[Contender]) -> Result<Exit> {
    let profile = match std::env::var(PROFILE) {
        Ok(name) => Profile::from_str(&name, false)
            .map_err(|_| usage(format!("{PROFILE}={name}: expected quick, default or full")))?,
        Err(_) => Profile::Quick,
    };
    let cells = Selection { profile, ..Selection::default() }.resolve(roster)?;
    let wall::Budget { warm_up, measurement, samples } = wall::Budget::of(profile);
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(warm_up)
        .measurement_time(measurement)
        .sample_size(samples)
        .nresamples(2000)
        .configure_from_args();
    let group_of = |cell: &Cell| (cell.contender.bottleneck.name, cell.scenario.name, cell.size);
    let mut wrong = Vec::new();
    for cells in cells.chunk_by(|left, right| group_of(left) == group_of(right)) {
        let (bottleneck, scenario, size) = group_of(&cells[0]);
        let mut group = criterion.benchmark_group(format!("{bottleneck}/{scenario}/{size}"));
        group.sampling_mode(SamplingMode::Flat);
        for cell in cells {
            // Criterion calls the closure only for what its filters let through, and then often.
            let mut case = None;
            group.bench_function(cell.contender.about.name, |bencher| {
                let case = case.get_or_insert_with(|| {
                    let (case, digest) = checked(cell);
                    wrong.extend(digest.err());
                    case
                });
                bencher.iter_custom(|regions| wall::time(&mut **case, regions));
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
    let wrong = || format!("{}: digest {digest:016x}, the oracle's is {expected:016x}", cell.id());
    let verdict = if digest == expected { Ok(()) } else { Err(wrong()) };
    (case, verdict)
}

/// The variable that names a file with the cells for `--bench gungraun`, one name a line.
pub const CELLS: &str = "LAB_CELLS";

/// The cells for gungraun: those in the file that [`CELLS`] names, else a [`sample`].
///
/// # Errors
/// If the file cannot be read or has a line that is not a cell of the roster.
pub fn listed(roster: &[Contender]) -> Result<Vec<CellId>> {
    let Some(path) = std::env::var_os(CELLS) else {
        return Ok(sample(roster)?.iter().map(Cell::id).collect());
    };
    let text = std::fs::read_to_string(&path);
    let text = text.with_context(|| format!("cannot read {} ({CELLS})", path.display()))?;
    let ids = text.lines().map(|line| {
        let id = line.parse()?;
        find(roster, &id)?;
        Ok(id)
    });
    ids.collect()
}

/// Prints which of gungraun's names is which of the [listed] cells, unless the output is for a program;
/// the exit code where there is no list.
pub fn show_list(roster: &[Contender]) -> Option<ExitCode> {
    let show = |ids: Vec<CellId>| -> Result<Exit> {
        if !std::env::args().any(|argument| argument.starts_with("--output-format")) {
            ids.iter().enumerate().try_for_each(|(at, id)| print(&format!("cell_{at} {id}")))?;
        }
        Ok(Exit::Fine)
    };
    let outcome = listed(roster).and_then(show);
    outcome.is_err().then(|| conclude(outcome))
}

/// Most cells of a [`sample`].
const SAMPLE: usize = 200;

/// Up to 200 cells of profile quick that stand for all: one of every contender, then those whose names have
/// the smallest hashes, so that a new cell replaces at most one.
///
/// # Errors
/// If the roster is empty.
pub fn sample(roster: &[Contender]) -> Result<Vec<Cell<'_>>> {
    let mut cells = Selection { profile: Profile::Quick, ..Selection::default() }.resolve(roster)?;
    let hash = |cell: &Cell| {
        let names = [cell.contender.bottleneck.name, cell.scenario.name, cell.contender.about.name];
        let bytes = names.into_iter().flat_map(str::bytes).map(u64::from);
        bytes.chain([cell.size as u64]).fold(0, |state, part| mix(state ^ part))
    };
    // One of every contender goes before all others.
    let mut by_hash: Vec<(u64, &Contender)> = cells.iter().map(|cell| (hash(cell), cell.contender)).collect();
    by_hash.sort_unstable_by_key(|(hash, _)| *hash);
    let mut represented: Vec<&Contender> = Vec::new();
    let (firsts, others): (Vec<_>, Vec<_>) = by_hash.into_iter().partition(|(_, contender)| {
        let first = !represented.iter().any(|known| std::ptr::eq(*known, *contender));
        represented.extend(first.then_some(*contender));
        first
    });
    let sample: BTreeSet<u64> = firsts.into_iter().chain(others).map(|(hash, _)| hash).take(SAMPLE).collect();
    cells.retain(|cell| sample.contains(&hash(cell)));
    Ok(cells)
}

/// Sets a cell up as the instruction meter's worker does, and calls `region` with it.
///
/// That is on a fresh thread of a process that has had one before, with nothing in the thread's
/// allocator cache: counts depend on where the allocator places blocks. On the main thread, whose arena
/// glibc treats in another way, they are 2 % lower in the median and up to 8 %.
///
/// # Panics
/// If the cell is not on the roster.
pub fn with_armed(roster: &[Contender], id: &CellId, region: impl Fn(&mut dyn Case) + Sync) {
    worker::warm(roster);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            worker::use_up_thread_cache();
            let cell = find(roster, id).expect("it was looked up when the list was read");
            let mut case = cell.contender.case(cell.scenario.name, cell.size, None);
            case.arm();
            region(&mut *case);
            // Takes long under Valgrind, and the process ends anyway.
            std::mem::forget(case);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(roster: &[Contender]) -> BTreeSet<String> {
        sample(roster).unwrap().iter().map(|cell| cell.id().to_string()).collect()
    }

    #[test]
    fn a_sample_is_bounded_and_has_every_contender() {
        let roster = crate::roster::roster();
        let names = names(&roster);
        assert!(names.len() <= SAMPLE);
        for contender in &roster {
            let (bottleneck, name) = (contender.bottleneck.name, contender.about.name);
            let has = |cell: &String| cell.starts_with(bottleneck) && cell.ends_with(&format!("/{name}"));
            assert!(names.iter().any(has), "{bottleneck}/{name} has no cell in {names:?}");
        }
    }

    #[test]
    fn a_sample_changes_little_with_the_roster() {
        let mut roster = crate::roster::roster();
        let before = names(&roster);
        let removed = roster.pop().unwrap();
        let after = names(&roster);
        let gone: Vec<&String> = before.difference(&after).collect();
        assert!(gone.iter().all(|cell| cell.ends_with(removed.about.name)), "{gone:?}");
    }
}
