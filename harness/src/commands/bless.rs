//! `lab bless`: measures the cells and makes the result the baseline.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use reports::baseline::{self, Baseline, Entry};
use reports::{CellName, Metric};

use super::context::Context;
use super::output::print;
use crate::error::{Exit, NotComparable, usage};
use crate::judge::baseline::{comparable, measure};
use crate::lock;
use crate::measure::fingerprint;
use crate::measure::meters::instructions::{NO_VALGRIND, valgrind_version};
use crate::measure::run::{Run, callgrind_isa};
use crate::roster::selection::{Profile, Selection};

/// Make the present measurements the baseline
///
/// Measures instructions and allocations of the selected cells and writes them to `reports/baselines/`, one
/// line per cell. Instructions are measured twice; the difference is the cell's noise. With a selection,
/// only the lines of its cells change, and the baseline must have this machine's fingerprint.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let selection = &arguments.selection;
    let cells = selection.resolve(context.roster)?;
    if valgrind_version().is_none() {
        bail!("a baseline needs instruction counts. {NO_VALGRIND}");
    }
    let whole = selection.is_everything() && selection.profile == Profile::Default;
    if !whole {
        extensible(context)?;
    }

    let measured = measure(context.roster, &context.options, &cells, selection.profile)?;
    let mut run = Run::new(context.roster, context.options.clone());
    let sound: Vec<_> = cells.iter().filter(|cell| measured.contains_key(&cell.name())).copied().collect();
    if sound.len() < cells.len() {
        bail!(usage(format!("{} cells failed, so nothing is blessed", cells.len() - sound.len())));
    }
    let functions = run.functions(&sound)?;
    // The measurements took minutes, in which another `bless` may have written. With a selection, what it wrote is kept:
    // the present baseline is read under a lock, and only the lines of these cells change.
    let _lock = lock::wait_for(&context.runs().join("bless.lock"))?;
    let mut baseline = if whole {
        let isa = callgrind_isa(&context.options.binaries)?;
        Baseline { fingerprint: fingerprint::take(&context.root, isa), ..Baseline::default() }
    } else {
        extensible(context)?
    };
    // A baseline stays valid after its revision, so it does not name the revision and the CPU.
    baseline.fingerprint.revision.clear();
    baseline.fingerprint.dirty = false;
    baseline.fingerprint.cpu.clear();
    let mut noisy = 0;
    for (name, measured) in measured {
        let (Some(mut entry), Some((again, attributed))) = (Entry::of(&measured), functions.get(&name))
        else {
            continue;
        };
        let noise = entry.count(Metric::Instructions).abs_diff(*again);
        if noise > 0 {
            noisy += 1;
            entry.noise.insert(Metric::Instructions, noise);
        }
        entry.set_functions(attributed.functions.clone());
        baseline.cells.insert(name, entry);
    }
    drop_vanished(&mut baseline, context);
    baseline::write(&context.baselines(), &baseline)?;
    print(&format!("blessed {} cells in {}", cells.len(), context.baselines().display()))?;
    if noisy > 0 {
        print(&format!(
            "note: {noisy} of them gave two different instruction counts; the difference is recorded as their noise"
        ))?;
    }
    Ok(Exit::Fine)
}

/// The present baseline, to which cells measured here can be added.
fn extensible(context: &Context<'_>) -> Result<Baseline> {
    let known = baseline::read(&context.baselines())?;
    if comparable(&context.root, &context.options.binaries, &known.fingerprint).is_err() {
        bail!(NotComparable(
            "the baseline was measured elsewhere: bless all cells, not a selection".to_owned()
        ));
    }
    Ok(known)
}

/// Drops cells whose contender or scenario is no longer on the roster.
fn drop_vanished(baseline: &mut Baseline, context: &Context<'_>) {
    let present: BTreeSet<(&str, &str, &str)> = context
        .roster
        .contenders
        .iter()
        .flat_map(|contender| {
            let scenarios = contender.scenarios();
            scenarios.map(|scenario| (contender.bottleneck.name, scenario.name, contender.about.name))
        })
        .collect();
    let there = |name: &CellName| present.contains(&(&*name.bottleneck, &*name.scenario, &*name.contender));
    baseline.cells.retain(|name, _| there(name));
}
