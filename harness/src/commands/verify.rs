//! `lab verify`: checks contenders against the oracles, without measuring.

use std::time::{Duration, Instant};

use anyhow::Result;
use scenarios::input::SEED;

use super::context::Context;
use super::output::{print, print_json};
use super::parse;
use crate::error::Exit;
use crate::measure::programs::Options;
use crate::measure::protocol::Depth;
use crate::measure::run::Run;
use crate::roster::cell::{Cell, contenders_of};
use crate::roster::selection::Selection;

/// Check contenders against the oracles, without measuring
///
/// Replays seeded random traces with held versions, the hard cases, and every selected cell once. If a
/// contender differs from the oracle, it is named with the shortest failing trace that was found, and the
/// exit code is 3.
///
/// With `--deep` it also counts under Valgrind what it costs to read a cell's results, and to run the cell again. A
/// contender that puts work off until somebody reads, or remembers the first run in the second, is named.
///
/// With `--for SECONDS` it is a fuzzer: it draws new traces until the time is up and finishes the round that
/// it has begun. It shrinks a failing trace and prints the seed that finds the failure again.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Replay twenty times as many traces, and count what cells put off or remember
    #[arg(long)]
    deep: bool,
    /// Fuzz: draw new traces for this many seconds, or until a contender fails
    #[arg(long = "for", value_name = "SECONDS", value_parser = parse::seconds, conflicts_with = "deep")]
    fuzz: Option<Duration>,
    /// Draw the traces from this seed; --for prints the seed of a failure
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u64,
    /// Print the failures as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.selection.resolve(context.roster)?;
    let mut depth = Depth { factor: if arguments.deep { Depth::DEEP } else { 1 }, seed: arguments.seed };
    let start = Instant::now();
    let mut run = verify(context, &cells, depth, arguments)?;
    if arguments.fuzz.is_none() {
        run.digests(&cells)?;
        if arguments.deep {
            run.phases(&cells)?;
        }
    }
    while let Some(time) = arguments.fuzz
        && run.failures().is_empty()
        && start.elapsed() < time
    {
        // `--deep` with the printed seed finds a failure of such a round again.
        depth = Depth { factor: Depth::DEEP, seed: depth.seed.wrapping_add(1) };
        run = verify(context, &cells, depth, arguments)?;
    }
    if arguments.json {
        print_json(&run.failures())?;
    } else {
        for failure in run.failures() {
            print(&format!("{} ({}): {}", failure.subject, failure.phase, failure.message))?;
            for step in &failure.trace {
                print(&format!("    {step}"))?;
            }
        }
        if run.failures().is_empty() {
            let cells_too =
                if arguments.fuzz.is_none() { format!(" and {} cells", cells.len()) } else { String::new() };
            let contenders = contenders_of(&cells).len();
            print(&format!("{contenders} contenders{cells_too} agree with the oracles"))?;
        } else if depth.seed != SEED {
            let deep = if depth.factor == Depth::DEEP { " --deep" } else { "" };
            print(&format!("found with --seed {}{deep}", depth.seed))?;
        }
    }
    Ok(if run.failures().is_empty() { Exit::Fine } else { Exit::Regression })
}

fn verify<'a>(
    context: &Context<'a>,
    cells: &[Cell<'_>],
    depth: Depth,
    arguments: &Arguments,
) -> Result<Run<'a>> {
    let mut run = Run::new(context.roster, Options { depth, ..context.options.clone() });
    run.measure(cells, &[], arguments.selection.profile)?;
    Ok(run)
}
