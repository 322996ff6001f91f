//! `lab check`: the gate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Result, bail};
use reports::baseline::{self, Baseline};
use reports::record::Measurements;
use reports::{CellName, Identities, Metric};

use super::context::Context;
use super::output::{count, print};
use super::target;
use crate::door;
use crate::error::{Exit, NotComparable};
use crate::judge::baseline::{comparable, measure};
use crate::judge::functions::{Changed, explain};
use crate::judge::plan::{Plan, seed_of};
use crate::judge::revision::Revision;
use crate::judge::rule::{self, Change, Verdict};
use crate::judge::spelled::{Judged, change};
use crate::measure::meters::valgrind;
use crate::measure::{fingerprint, identity};
use crate::progress::say;
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
/// A contender is not measured if nothing that its cells can reach has changed in the compiled program: its counts
/// cannot have changed either. `lab identity` prints what decides that. One in twenty of these cells is measured all the
/// same, others at every revision; if one of them differs, that is an error, and every cell is measured.
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
    /// Measure every selected cell, even where no code changed that it can reach
    #[arg(long)]
    all: bool,
    /// Only say which contenders would be measured, and measure nothing
    #[arg(long, conflicts_with = "all")]
    dry_run: bool,
    /// Also write what was found to this file, as JUnit XML: a test case for each cell
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    junit: Option<PathBuf>,
    /// Overwrite that file if it exists
    #[arg(long, requires = "junit")]
    force: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let selection = &arguments.selection;
    // Before minutes of measuring, not after them.
    arguments.junit.as_ref().map_or(Ok(()), |path| target::refuse_existing(path, arguments.force))?;
    let cells = selection.resolve(context.roster)?;
    let (root, roster, options) = (&context.root, context.roster, &context.options);
    let build = |revision: &String| Revision::build(root, &context.runs(), revision);
    let revision = arguments.against.as_ref().map(build).transpose()?;
    let baseline = match &revision {
        Some(_) => Baseline::default(),
        None => baseline::read(&context.baselines())?,
    };
    if revision.is_none() {
        comparable(root, &options.binaries, &baseline.fingerprint)?;
    }
    let mut plan = match &revision {
        Some(revision) => plan(context, arguments, &cells, revision.identities().as_ref(), |_| true),
        None => plan(context, arguments, &cells, Some(&baseline.identities), |name| {
            baseline.cells.contains_key(name)
        }),
    };
    if arguments.dry_run {
        return tell(&plan);
    }
    let measured_now = plan.measured();
    let mut old = match &revision {
        Some(revision) => revision.measure(root, options, &among(selection, &measured_now))?,
        None => baseline,
    };
    let mut measured = measure(roster, options, &measured_now, selection.profile, &plan.verified)?;
    let missed = missed(context, &old, &measured, &plan, selection.profile)?;
    if !missed.is_empty() {
        let rest = std::mem::take(&mut plan.skipped);
        if !rest.is_empty() {
            measured.extend(measure(roster, options, &rest, selection.profile, &BTreeSet::new())?);
            if let Some(revision) = &revision {
                old.cells.extend(revision.measure(root, options, &among(selection, &rest))?.cells);
            }
        }
        plan = Plan::everything(&cells);
    }

    let selected: BTreeSet<CellName> = cells.iter().map(Cell::name).collect();
    let mut verdict = rule::compare(&old, &selected, &plan.unchanged(), &measured, selection.is_everything());
    // A cell whose size belongs to another profile was not selected, so it has not vanished.
    let whole = Selection { profile: Profile::Full, ..Selection::default() }.resolve(context.roster)?;
    let whole: BTreeSet<CellName> = whole.iter().map(Cell::name).collect();
    verdict.vanished.retain(|name| !whole.contains(name));
    if revision.is_some() {
        // Nobody lost a row: the contender could not do this at that revision, or failed there.
        verdict.new.append(&mut verdict.missing);
    }
    confirm(context, &old, &mut verdict, selection.profile)?;
    let growth = |name: &CellName| {
        let new = Metric::Instructions.count(&measured[name]).unwrap_or(0);
        new as f64 / old.cells[name].count(Metric::Instructions).max(1) as f64
    };
    verdict.regressions.sort_by(|left, right| growth(right).total_cmp(&growth(left)));

    let shown = explain(roster, options, &old, revision.as_ref(), &verdict.regressions)?;
    report(&old, &measured, &verdict, &shown, arguments)?;
    report_unchanged(&plan)?;
    if let Some(path) = &arguments.junit {
        let (unchanged, missed) = (plan.unchanged(), &missed);
        let judged =
            Judged { old: &old, selected: &selected, unchanged: &unchanged, measured: &measured, missed };
        target::write(path, &reports::junit::junit(judged.cases(&verdict)), arguments.force)?;
    }
    if let Some(revision) = &arguments.against
        && !plan.changed.is_empty()
    {
        print(&format!(
            "instructions do not show cache misses, fences and branches: `{}` times the contenders that changed",
            door::command(["diff", "--paired", revision])
        ))?;
    }
    let failed = [&verdict.regressions, &verdict.missing, &verdict.vanished, &verdict.unverified];
    if failed.iter().any(|names| !names.is_empty()) {
        return Ok(Exit::Regression);
    }
    if !missed.is_empty() {
        bail!(
            "{} changed although all that its code can reach is as it was: either its row of the baseline was not \
             measured, or the identity overlooks something, which is a defect of the lab",
            missed[0]
        );
    }
    if compared(&old, &measured) == 0 {
        let other = arguments.against.as_deref().map_or("the baseline", |revision| revision);
        bail!(NotComparable(format!("nothing was compared: {other} has none of the selected cells")));
    }
    if let Some(why) = valgrind::off(&context.options.binaries) {
        bail!(NotComparable(format!("only allocations were compared. {why}")));
    }
    Ok(Exit::Fine)
}

/// What is measured: everything, unless the identities of both sides are known.
fn plan<'a>(
    context: &Context<'_>,
    arguments: &Arguments,
    cells: &[Cell<'a>],
    old: Option<&Identities>,
    is_known: impl Fn(&CellName) -> bool,
) -> Plan<'a> {
    if arguments.all {
        return Plan::everything(cells);
    }
    let old = old.filter(|old| !old.worker.is_empty());
    let new = identity::of(context.roster, &context.options.binaries.lab);
    let reason = match (old, new) {
        (_, Err(error)) => format!("{error:#}"),
        (None, _) => "the other side does not know the identities of its contenders".to_owned(),
        (Some(old), Ok(new)) if old.worker != new.worker => {
            "the worker, which runs every cell, changed".to_owned()
        }
        (Some(old), Ok(new)) => {
            let seed = seed_of(&fingerprint::revision(&context.root).0);
            return Plan::between(cells, old, &new, is_known, seed);
        }
    };
    say(&format!("note: every cell is measured: {reason}"));
    Plan::everything(cells)
}

/// Says what the plan measures.
fn tell(plan: &Plan<'_>) -> Result<Exit> {
    let changed: Vec<CellName> = plan.changed.iter().map(Cell::name).collect();
    for (contender, cells) in rule::by_contender(&changed) {
        print(&format!("changed: {contender}: {cells} cells"))?;
    }
    print(&format!(
        "{} cells of contenders that changed, and {} of {} others, would be measured",
        changed.len(),
        plan.sample.len(),
        plan.sample.len() + plan.skipped.len()
    ))?;
    Ok(Exit::Fine)
}

/// A selection of these cells, all of which are in `whole`.
fn among(whole: &Selection, cells: &[Cell<'_>]) -> Selection {
    // Labs that are older than patterns with sizes of their own are told the sizes.
    let sizes: BTreeSet<usize> = cells.iter().map(|cell| cell.size).collect();
    let cells = cells.iter().map(|cell| cell.name().to_string()).collect();
    Selection { cells, profile: whole.profile, size: sizes.into_iter().collect(), ..Selection::default() }
}

/// The cells of the sample that are not as they were although their code is: in two measurements, by more than the rule
/// tolerates. Each is named.
fn missed(
    context: &Context<'_>,
    old: &Baseline,
    measured: &BTreeMap<CellName, Measurements>,
    plan: &Plan<'_>,
    profile: Profile,
) -> Result<Vec<CellName>> {
    let differs = |measured: &BTreeMap<CellName, Measurements>, cell: &Cell<'_>| {
        let name = cell.name();
        // A cell that is not there failed on one side.
        match (old.cells.get(&name), measured.get(&name)) {
            (Some(old), Some(new)) => rule::classify(old, new) != Change::None,
            (old, new) => old.is_some() != new.is_some(),
        }
    };
    let suspects: Vec<Cell<'_>> =
        plan.sample.iter().filter(|cell| differs(measured, cell)).copied().collect();
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let again = measure(context.roster, &context.options, &suspects, profile, &BTreeSet::new())?;
    let missed: Vec<CellName> =
        suspects.iter().filter(|cell| differs(&again, cell)).map(Cell::name).collect();
    for name in &missed {
        let how = match (old.cells.get(name), measured.get(name)) {
            (Some(old), Some(new)) => change(name, old, new),
            _ => format!("{name} failed"),
        };
        print(&format!(
            "error: {how}, although its code is unchanged by identity; every cell is measured now"
        ))?;
    }
    Ok(missed)
}

/// Says what was not measured, and why.
fn report_unchanged(plan: &Plan<'_>) -> Result<()> {
    let (sampled, skipped) = (plan.sample.len(), plan.skipped.len());
    if sampled == 0 {
        return Ok(());
    }
    print(&format!(
        "{} cells of {} contenders are unchanged by identity: {skipped} were not measured, and {sampled} that were \
         measured all the same are as before",
        count((sampled + skipped) as u64),
        plan.unchanged_contenders(),
    ))
}

/// Measures the regressed cells once more and keeps those that regress again.
fn confirm(context: &Context<'_>, old: &Baseline, verdict: &mut Verdict, profile: Profile) -> Result<()> {
    if verdict.regressions.is_empty() {
        return Ok(());
    }
    let cells =
        verdict.regressions.iter().map(|name| context.roster.find(name)).collect::<Result<Vec<_>>>()?;
    let again = measure(context.roster, &context.options, &cells, profile, &BTreeSet::new())?;
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
        for changed in explanations.get(name).into_iter().flatten().take(FUNCTIONS) {
            print(&format!("    {}", function(changed)))?;
        }
        print(&format!("    reproduce: {}", door::command(["explain", &name.to_string()])))?;
    }
    if !verdict.improvements.is_empty() {
        print("\nimproved:")?;
        for name in &verdict.improvements {
            print(&format!("    {}", change(name, &old.cells[name], &measured[name])))?;
        }
        if arguments.against.is_none() {
            let all = door::command(["bless"]);
            let contenders = rule::by_contender(&verdict.improvements);
            let command = match contenders.first_key_value() {
                Some((only, _)) if contenders.len() == 1 => {
                    let name = only.split('/').next_back().unwrap_or(only);
                    door::command(["bless", "--contender", name])
                }
                _ => all,
            };
            print(&format!("    keep: {command}"))?;
        }
    }
    if !explanations.is_empty() && explanations.len() < verdict.regressions.len() {
        print(&format!(
            "\nnote: functions are named for the {} cells that grew most; `{} explain CELL` names those of any other",
            explanations.len(),
            door::lab()
        ))?;
    }
    let bless = door::command(["bless"]);
    let lists = [
        (format!("new, not compared (`{bless}` adds them)"), &verdict.new),
        (
            format!(
                "missing in the baseline, which has their contender and other cells of their group (`{bless}` adds them)"
            ),
            &verdict.missing,
        ),
        (format!("vanished (`{bless}` drops them)"), &verdict.vanished),
        ("not measured, because they failed".to_owned(), &verdict.unverified),
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
    let compared = compared(old, measured);
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

/// How many cells have a count on both sides.
fn compared(old: &Baseline, measured: &BTreeMap<CellName, Measurements>) -> usize {
    let has = |(name, new): &(&CellName, &Measurements)| {
        old.cells.get(*name).is_some_and(|old| {
            let mut counts = old.counts.keys();
            counts.any(|metric| metric.count(new).is_some())
        })
    };
    measured.iter().filter(has).count()
}

/// A function's change, and how much of it is in calls of library functions.
fn function(Changed { function, old, new, callees }: &Changed) -> String {
    let sign = if new > old { '+' } else { '-' };
    let mut text =
        format!("{sign}{} in {function} ({} -> {})", count(old.abs_diff(*new)), count(*old), count(*new));
    for (at, (callee, part)) in callees.iter().enumerate() {
        let joined = if at == 0 { ", of which" } else { " and" };
        text += &format!("{joined} {sign}{} in calls of {callee}", count(*part));
    }
    text
}
