//! `lab bless`: measures the cells and makes the result the baseline.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use reports::baseline::{self, Baseline, Entry};
use reports::{CellName, Identities, Metric};

use super::context::Context;
use super::output::print;
use crate::error::{Exit, NotComparable, usage};
use crate::judge::baseline::{comparable, measure};
use crate::lock;
use crate::measure::meters::valgrind;
use crate::measure::run::{Run, callgrind_isa};
use crate::measure::{fingerprint, identity};
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
    if let Some(why) = valgrind::off(&context.options.binaries) {
        bail!("a baseline needs instruction counts. {why}");
    }
    let whole = selection.is_everything() && selection.profile == Profile::Default;
    if !whole {
        extensible(context)?;
    }

    let before = context.options.binaries.digest()?;
    let identities = identity::of(context.roster, &context.options.binaries.lab);
    let measured = measure(context.roster, &context.options, &cells, selection.profile, &BTreeSet::new())?;
    let mut run = Run::new(context.roster, context.options.clone());
    let sound: Vec<_> = cells.iter().filter(|cell| measured.contains_key(&cell.name())).copied().collect();
    if sound.len() < cells.len() {
        bail!(usage(format!("{} cells failed, so nothing is blessed", cells.len() - sound.len())));
    }
    let functions = run.functions(&sound)?;
    if context.options.binaries.digest()? != before {
        bail!(usage(
            "the lab was built anew while it measured, so nothing is blessed: run the command again"
        ));
    }
    // The measurements took minutes, in which another `bless` may have written. With a selection, what it wrote is kept:
    // the present baseline is read under a lock, and only the lines of these cells change.
    let _lock = lock::wait_for(&context.runs().join("bless.lock"))?;
    let mut baseline = if whole {
        let isa = callgrind_isa(&context.options.binaries);
        Baseline { fingerprint: fingerprint::take(&context.root, isa), ..Baseline::default() }
    } else {
        extensible(context)?
    };
    // A baseline stays valid after its revision, so it does not name the revision and the CPU.
    baseline.fingerprint.revision.clear();
    baseline.fingerprint.dirty = false;
    baseline.fingerprint.cpu.clear();
    let mut noisy = Vec::new();
    let blessed: BTreeSet<CellName> = measured.keys().cloned().collect();
    for (name, measured) in measured {
        let (Some(mut entry), Some((again, attributed))) = (Entry::of(&measured), functions.get(&name))
        else {
            continue;
        };
        let noise = entry.count(Metric::Instructions).abs_diff(*again);
        if noise > 0 {
            noisy.push(format!("{name} by {noise}"));
            entry.noise.insert(Metric::Instructions, noise);
        }
        entry.set_functions(attributed.functions.clone());
        baseline.cells.insert(name, entry);
    }
    drop_vanished(&mut baseline, context);
    match identities {
        Ok(identities) => identify(&mut baseline, identities, &blessed),
        Err(error) => {
            baseline.identities = Identities::default();
            print(&format!("note: the gate will measure every cell, because {error:#}"))?;
        }
    }
    baseline::write(&context.baselines(), &baseline)?;
    print(&format!("blessed {} cells in {}", cells.len(), context.baselines().display()))?;
    if !noisy.is_empty() {
        print(&format!(
            "note: {} of them gave two different instruction counts; the difference is recorded as their noise, of which \
             the gate tolerates up to 1 %: {}",
            noisy.len(),
            noisy.join(", ")
        ))?;
    }
    Ok(Exit::Fine)
}

/// Keeps the identities of the contenders all of whose cells in the baseline were measured with the code that is there
/// `now`: of those whose cells were all blessed, and of those whose code is what it was.
fn identify(baseline: &mut Baseline, now: Identities, blessed: &BTreeSet<CellName>) {
    let before = std::mem::take(&mut baseline.identities);
    let old: BTreeSet<String> =
        baseline.cells.keys().filter(|name| !blessed.contains(*name)).map(CellName::of_contender).collect();
    let there: BTreeSet<String> = baseline.cells.keys().map(CellName::of_contender).collect();
    baseline.identities.worker = now.worker.clone();
    for name in there {
        let found = if old.contains(&name) {
            before.contenders.get(&name).filter(|_| now.same_cells(&before, &name))
        } else {
            now.contenders.get(&name)
        };
        baseline.identities.contenders.extend(found.map(|identity| (name, identity.clone())));
    }
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

#[cfg(test)]
mod tests {
    use reports::Identity;

    use super::*;

    #[test]
    fn a_contender_has_an_identity_if_all_its_cells_were_measured_with_it() {
        let name = |text: &str| text.parse::<CellName>().unwrap();
        let identities = |worker: &str, contenders: &[(&str, &str)]| Identities {
            worker: worker.to_owned(),
            contenders: contenders
                .iter()
                .map(|(name, hash)| {
                    ((*name).to_owned(), Identity { cells: (*hash).to_owned(), checks: "c".to_owned() })
                })
                .collect(),
        };
        let cells = ["m/s/1/whole", "m/s/2/whole", "m/s/1/part", "m/s/2/part", "m/s/1/same", "m/s/1/none"];
        let before = identities("w", &[("m/whole", "1"), ("m/part", "1"), ("m/same", "1"), ("m/gone", "1")]);
        let now = identities("w", &[("m/whole", "2"), ("m/part", "2"), ("m/same", "1"), ("m/none", "2")]);
        let blessed: BTreeSet<CellName> = ["m/s/1/whole", "m/s/2/whole", "m/s/1/part"].map(name).into();
        let after = |now: &Identities| {
            let cells = cells.iter().map(|cell| (name(cell), Entry::default())).collect();
            let mut baseline = Baseline { identities: before.clone(), cells, ..Baseline::default() };
            identify(&mut baseline, now.clone(), &blessed);
            baseline.identities
        };
        // One of the changed contender's cells has an old count, and that of the last was measured with unknown code.
        assert_eq!(after(&now), identities("w", &[("m/whole", "2"), ("m/same", "1")]));
        // Under another worker no old count is as it was.
        let other = Identities { worker: "v".to_owned(), ..now };
        assert_eq!(after(&other), identities("v", &[("m/whole", "2")]));
    }
}
