//! `lab self-test`: checks that the exact meters give the same counts twice on this machine.

use anyhow::{Result, bail};
use reports::record::Failure;
use reports::{Meter, Metric};

use super::context::Context;
use super::output::{count, print};
use crate::error::{Exit, usage};
use crate::judge::baseline::exact_meters;
use crate::measure::programs::Options;
use crate::measure::run::{Run, off};
use crate::progress::say;
use crate::roster::selection::Selection;

/// Measure instructions and allocations twice and compare
///
/// Every selected cell is measured in two sets of processes and in two orders. Both counts must be identical;
/// otherwise an instruction count means nothing on this machine. If they differ, the cells are named and the
/// exit code is 3.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.selection.resolve(context.roster)?;
    let profile = arguments.selection.profile;
    let why = |meter: Meter| off(meter, &context.options.binaries);
    let meters: Vec<Meter> = exact_meters().filter(|meter| why(*meter).is_none()).collect();
    let reasons: Vec<String> = exact_meters().filter_map(why).collect();
    if meters.is_empty() {
        bail!("nothing can be compared: {}", reasons.join("; "));
    }
    let words: Vec<&str> = meters.iter().map(|meter| meter.as_str()).collect();
    let compared = words.join(" and ");
    for why in &reasons {
        say(&format!("note: only {compared} are compared: {why}"));
    }
    let mut runs = Vec::new();
    for reversed in [false, true] {
        let options = Options { reversed, ..context.options.clone() };
        let mut run = Run::new(context.roster, options);
        run.measure(&cells, &meters, profile)?;
        if let Some(Failure { subject, message, .. }) = run.failures().first() {
            bail!(usage(format!("{subject}: {message}; the self-test needs cells that run")));
        }
        runs.push(run);
    }
    let mut different = 0;
    for cell in &cells {
        let name = cell.name();
        let [first, second] = [0, 1].map(|at: usize| runs[at].measured(&name));
        if first == second && meters.iter().all(|meter| first.has(*meter)) {
            continue;
        }
        different += 1;
        for metric in Metric::ALL {
            let [first, second] = [&first, &second].map(|measured| metric.count(measured));
            if first != second {
                let spelled = [first, second].map(|it| it.map_or("nothing".to_owned(), count));
                print(&format!("{name}: {} {}, then {}", metric.key(), spelled[0], spelled[1]))?;
            }
        }
    }
    if different > 0 {
        print(&format!("{different} of {} cells are not repeatable here", cells.len()))?;
        return Ok(Exit::Regression);
    }
    print(&format!("{} cells: {compared} identical, twice", cells.len()))?;
    Ok(Exit::Fine)
}
