//! `lab verify`: checks contenders against the oracles, without measuring.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use scenarios::input::{SEED, mix};

use super::context::Context;
use super::output::{print, print_json};
use super::parse;
use crate::error::Exit;
use crate::measure::programs::Options;
use crate::measure::protocol::Depth;
use crate::measure::run::Run;
use crate::progress::say;
use crate::roster::cell::{Cell, contenders_of};
use crate::roster::selection::Selection;

/// Check contenders against the oracles, without measuring
///
/// Replays seeded random traces with held versions, the hard cases, and every selected cell once; one cell of each
/// scenario also on inputs of other seeds. If a contender differs from the oracle, it is named with the shortest failing
/// trace that was found, and the exit code is 3.
///
/// With `--deep` it replays twenty times as many traces, of a seed that is drawn anew and printed. It also counts under
/// Valgrind what comes before and after a cell's region, and the region again and on an input of another seed. A
/// contender that puts work off, remembers the first run in the second or recognises the lab's inputs is named.
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
    /// Draw the traces and inputs from this seed [default: the lab's own; with --deep and --for one that is drawn anew and
    /// printed]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print the failures as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.selection.resolve(context.roster)?;
    let start = Instant::now();
    let factor = if arguments.deep { Depth::DEEP } else { 1 };
    let mut depth = arguments.seed.map_or_else(Depth::default, |seed| Depth { factor, seed });
    let mut run = verify(context, &cells, depth, arguments)?;
    let draws = arguments.seed.is_none() && (arguments.deep || arguments.fuzz.is_some());
    if draws && run.failures().is_empty() {
        // What is the same for every seed has been replayed just now.
        depth = Depth { factor, seed: new_seed() };
        say(&format!("further traces are drawn from --seed {}", depth.seed));
        run = verify(context, &cells, depth, arguments)?;
    }
    if arguments.fuzz.is_none() {
        run.digests(&cells)?;
        let mut seeds = OTHER_SEEDS.to_vec();
        seeds.extend((depth.seed != SEED).then_some(depth.seed));
        run.on_other_inputs(&cells, &seeds)?;
        if arguments.deep {
            run.phases(&cells, false)?;
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

/// The seeds of the inputs, beside the lab's own, on which one cell of each scenario and contender runs.
const OTHER_SEEDS: [u64; 3] = [1, 2, 3];

/// A seed that was most likely never drawn before, of few digits.
fn new_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    mix(now.as_nanos() as u64) >> 32
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
