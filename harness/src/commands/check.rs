//! `lab check`: the gate.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use reports::baseline::{self, Baseline, Entry};
use reports::record::Measurements;
use reports::{CellName, Metric};

use super::context::Context;
use super::output::{count, print};
use crate::error::{Exit, NotComparable};
use crate::judge::baseline::{comparable, measure};
use crate::judge::functions::{Changed, explain};
use crate::judge::revision::Revision;
use crate::judge::rule::{self, Change, Verdict};
use crate::measure::meters::instructions::{NO_VALGRIND, valgrind_version};
use crate::roster::cell::Cell;
use crate::roster::selection::{Profile, Selection};

/// Fail where instructions or allocations grew: the gate for a pull request
///
/// Measures instructions and allocations of the selected cells (default: all) and compares them with
/// the committed baseline in `reports/baselines/`. A cell regresses if its blocks, bytes, peak bytes, live
/// bytes or atomic read-modify-writes grew by one, or if its instructions grew by more than the largest of
/// 0.5 %, 200 and its own noise. The gate measures such a cell again before it reports it, with the functions
/// that grew and the command that reproduces it.
/// Wall-clock time never fails the gate.
///
/// If the baseline was measured with another compiler, C library or Valgrind, the exit code is 4. In that case
/// use `--against HEAD^`: it builds and measures that revision on this machine.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Build and measure this git revision here, and compare with it instead of the baseline
    #[arg(long, value_name = "REVISION")]
    against: Option<String>,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.selection.resolve(context.roster)?;
    let (root, roster, options) = (&context.root, context.roster, &context.options);
    let build = |revision: &String| Revision::build(root, &context.runs(), revision);
    let revision = arguments.against.as_ref().map(build).transpose()?;
    let old = match &revision {
        Some(revision) => revision.measure(root, options, &arguments.selection)?,
        None => {
            let baseline = baseline::read(&context.baselines())?;
            comparable(root, &options.binaries, &baseline.fingerprint)?;
            baseline
        }
    };

    let measured = measure(roster, options, &cells, arguments.selection.profile)?;
    let selected: BTreeSet<CellName> = cells.iter().map(Cell::name).collect();
    let mut verdict = rule::compare(&old, &selected, &measured, arguments.selection.is_everything());
    // A cell whose size belongs to another profile was not selected, so it has not vanished.
    let whole = Selection { profile: Profile::Full, ..Selection::default() }.resolve(context.roster)?;
    let whole: BTreeSet<CellName> = whole.iter().map(Cell::name).collect();
    verdict.vanished.retain(|name| !whole.contains(name));
    if revision.is_some() {
        // Nobody lost a row: the contender could not do this at that revision, or failed there.
        verdict.new.append(&mut verdict.missing);
    }
    confirm(context, &old, &mut verdict, arguments.selection.profile)?;
    let growth = |name: &CellName| {
        let new = Metric::Instructions.count(&measured[name]).unwrap_or(0);
        new as f64 / old.cells[name].count(Metric::Instructions).max(1) as f64
    };
    verdict.regressions.sort_by(|left, right| growth(right).total_cmp(&growth(left)));

    let shown = explain(roster, options, &old, revision.as_ref(), &verdict.regressions)?;
    report(&old, &measured, &verdict, &shown, arguments)?;
    let failed = [&verdict.regressions, &verdict.missing, &verdict.vanished, &verdict.unverified];
    if failed.iter().any(|names| !names.is_empty()) {
        return Ok(Exit::Regression);
    }
    if valgrind_version().is_none() {
        bail!(NotComparable(format!("only allocations were compared. {NO_VALGRIND}")));
    }
    Ok(Exit::Fine)
}

/// Measures the regressed cells once more and keeps those that regress again.
fn confirm(context: &Context<'_>, old: &Baseline, verdict: &mut Verdict, profile: Profile) -> Result<()> {
    if verdict.regressions.is_empty() {
        return Ok(());
    }
    let cells =
        verdict.regressions.iter().map(|name| context.roster.find(name)).collect::<Result<Vec<_>>>()?;
    let again = measure(context.roster, &context.options, &cells, profile)?;
    let regressed = |name: &CellName| {
        again.get(name).is_some_and(|new| rule::classify(&old.cells[name], new) == Change::Regression)
    };
    let (confirmed, passed) = std::mem::take(&mut verdict.regressions).into_iter().partition(regressed);
    verdict.regressions = confirmed;
    let passed: Vec<CellName> = passed;
    passed.iter().try_for_each(|name| {
        print(&format!(
            "note: {name} grew in the first measurement but not in the second, so it is not a regression"
        ))
    })
}

/// The number of functions that the gate names for a regressed cell.
const FUNCTIONS: usize = 4;

/// Up to this number of cells, the cells of a contender are named one by one.
const FEW: usize = 3;

fn report(
    old: &Baseline,
    measured: &BTreeMap<CellName, Measurements>,
    verdict: &Verdict,
    explanations: &BTreeMap<CellName, Vec<Changed>>,
    arguments: &Arguments,
) -> Result<()> {
    for name in &verdict.regressions {
        print(&format!("\nregression: {}", change(name, &old.cells[name], &measured[name])))?;
        for (function, old, new) in explanations.get(name).into_iter().flatten().take(FUNCTIONS) {
            let (sign, by) = if new > old { ('+', new - old) } else { ('-', old - new) };
            print(&format!("    {sign}{} in {function} ({} -> {})", count(by), count(*old), count(*new)))?;
        }
        print(&format!("    reproduce: lab explain {name}"))?;
    }
    if !verdict.improvements.is_empty() {
        print("\nimproved:")?;
        for name in &verdict.improvements {
            print(&format!("    {}", change(name, &old.cells[name], &measured[name])))?;
        }
        if arguments.against.is_none() {
            let all = "lab bless".to_owned();
            let contenders = rule::by_contender(&verdict.improvements);
            let command = match contenders.first_key_value() {
                Some((only, _)) if contenders.len() == 1 => {
                    let name = only.split('/').next_back().unwrap_or(only);
                    format!("lab bless --contender {name}")
                }
                _ => all,
            };
            print(&format!("    keep: {command}"))?;
        }
    }
    if !explanations.is_empty() && explanations.len() < verdict.regressions.len() {
        print(&format!(
            "\nnote: functions are named for the {} cells that grew most; `lab explain CELL` names those of any other",
            explanations.len()
        ))?;
    }
    let lists = [
        ("new, not compared (`lab bless` adds them)", &verdict.new),
        (
            "missing in the baseline, which has their contender and other cells of their group (`lab bless` adds them)",
            &verdict.missing,
        ),
        ("vanished (`lab bless` drops them)", &verdict.vanished),
        ("not measured, because they failed", &verdict.unverified),
    ];
    for (what, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
        print(&format!("\n{what}:"))?;
        for (contender, cells) in rule::by_contender(names) {
            let mut own = names.iter().filter(|name| name.of_contender() == contender);
            match cells {
                0..=FEW => own.try_for_each(|name| print(&format!("    {name}")))?,
                _ => print(&format!("    {contender}: {cells} cells"))?,
            }
        }
    }
    let compared = measured.keys().filter(|name| old.cells.contains_key(*name)).count();
    print(&format!(
        "\n{compared} cells compared: {} regressed, {} improved, {} new, {} missing, {} vanished, {} failed",
        verdict.regressions.len(),
        verdict.improvements.len(),
        verdict.new.len(),
        verdict.missing.len(),
        verdict.vanished.len(),
        verdict.unverified.len()
    ))
}

/// A cell's name, and the metrics that changed among those that the gate judges.
fn change(name: &CellName, old: &Entry, new: &Measurements) -> String {
    let mut text = name.to_string();
    for (metric, gate) in Metric::in_baseline() {
        let (Some(&old), Some(new)) = (old.counts.get(&metric), metric.count(new)) else { continue };
        if new == old {
            continue;
        }
        text += &format!(" {} {} -> {}", metric.key(), count(old), count(new));
        if gate.has_noise() {
            text += &format!(" ({:+.2} %)", (new as f64 / old.max(1) as f64 - 1.0) * 100.0);
        }
    }
    text
}
