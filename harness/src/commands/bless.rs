//! `lab bless`: makes what is measured now the baseline.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use reports::baseline::{self, Baseline, Entry, Key};

use super::check::{comparable, id_of, key_of, measure};
use super::print;
use crate::cell::{Profile, Selection};
use crate::cli::Context;
use crate::error::Exit;
use crate::error::{NotComparable, usage};
use crate::fingerprint;
use crate::meters::instructions::{NO_VALGRIND, valgrind_version};
use crate::run::{Run, callgrind_isa};

/// Make the present measurements the baseline
///
/// Measures instructions and allocations of the selected cells, instructions twice (the difference is
/// the cell's noise), and rewrites `reports/baselines/`: one line per cell, sorted. A selection
/// changes only its own lines, and only in a baseline of this machine's fingerprint.
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
    let mut baseline = if selection.is_everything() && selection.profile == Profile::Default {
        let isa = callgrind_isa(&context.options.binaries)?;
        Baseline { fingerprint: fingerprint::take(&context.root, isa), ..Baseline::default() }
    } else {
        let known = baseline::read(&context.baselines())?;
        if comparable(context, &known.fingerprint).is_err() {
            bail!(NotComparable(
                "the baseline was measured elsewhere: bless all cells, not a selection".to_owned()
            ));
        }
        known
    };
    // A baseline outlives the revision that it was measured at; what it says is in the cells.
    baseline.fingerprint.revision.clear();
    baseline.fingerprint.dirty = false;
    baseline.fingerprint.cpu.clear();

    let measured = measure(context, &cells, selection)?;
    let mut run = Run::new(context.roster, context.options.clone());
    let sound: Vec<_> = cells.iter().filter(|cell| measured.contains_key(&key_of(cell))).copied().collect();
    if sound.len() < cells.len() {
        bail!(usage(format!("{} cells failed: nothing is blessed", cells.len() - sound.len())));
    }
    let functions = run.functions(&sound)?;
    let mut noisy = 0;
    for (key, exact) in measured {
        let (Some(instructions), Some(allocations)) = (exact.instructions, exact.allocations) else {
            continue;
        };
        let Some((again, attributed)) = functions.get(&id_of(&key)) else { continue };
        let noise = instructions.abs_diff(*again);
        noisy += usize::from(noise > 0);
        let (blocks, bytes) = (allocations.blocks, allocations.bytes);
        let mut entry = Entry { instructions, noise, blocks, bytes, ..Entry::default() };
        entry.set_functions(attributed.functions.clone());
        baseline.cells.insert(key, entry);
    }
    drop_vanished(&mut baseline, context);
    baseline::write(&context.baselines(), &baseline)?;
    print(&format!("blessed {} cells in {}", cells.len(), context.baselines().display()))?;
    if noisy > 0 {
        print(&format!("note: {noisy} of them were not identical twice; their noise is on their lines"))?;
    }
    Ok(Exit::Fine)
}

/// Drops cells whose contender or scenario is no longer on the roster.
fn drop_vanished(baseline: &mut Baseline, context: &Context<'_>) {
    let present: BTreeSet<(&str, &str, &str)> = context
        .roster
        .iter()
        .flat_map(|contender| {
            let scenarios = contender.scenarios();
            scenarios.map(|scenario| (contender.bottleneck.name, scenario.name, contender.about.name))
        })
        .collect();
    let there = |key: &Key| present.contains(&(&*key.bottleneck, &*key.scenario, &*key.contender));
    baseline.cells.retain(|key, _| there(key));
}
