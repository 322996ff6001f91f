//! `lab diff --paired`: the times of two builds.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use reports::CellName;
use reports::record::Interval;
use serde::Serialize;

use crate::commands::context::Context;
use crate::commands::output::{print, print_json, table};
use crate::error::{Exit, NotComparable};
use crate::judge::revision::Revision;
use crate::measure::budget::TwoBuildsBudget;
use crate::measure::identity;
use crate::measure::meters::clock;
use crate::measure::meters::two_builds::{Start, Times, TwoBuilds};
use crate::measure::run::{NATIVE_TIMEOUT, time_worker};
use crate::progress::{Progress, say};
use crate::roster::cell::{Cell, name_of};
use crate::roster::selection::Selection;

#[derive(Serialize)]
struct Compared {
    cell: CellName,
    /// Whether both builds run the same code; `null` if that is not known.
    same_code: Option<bool>,
    before_ns: f64,
    after_ns: f64,
    ratio: Interval,
    /// How it changed, if the ratio's whole interval lies beyond the threshold, and did a second time.
    changed: Option<Change>,
}

/// How a time changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    Slower,
    Faster,
}

/// How a time changed, if the ratio's whole interval lies beyond the threshold, in per cent.
fn change(ratio: Interval, threshold: f64) -> Option<Change> {
    let limit = 1.0 + threshold / 100.0;
    match ratio {
        Interval { low, .. } if low > limit => Some(Change::Slower),
        Interval { high, .. } if high < limit.recip() => Some(Change::Faster),
        _ => None,
    }
}

pub fn run(
    context: &Context<'_>,
    revision: &str,
    selection: &Selection,
    threshold: f64,
    json: bool,
) -> Result<Exit> {
    let cells = selection.resolve(context.roster)?;
    if let Some(why) = clock::too_coarse() {
        bail!("nothing can be timed here: {why}");
    }
    let built = Revision::build(&context.root, &context.runs(), revision)?;
    let lab = &context.options.binaries.lab;
    let identities = built.identities().zip(identity::of(context.roster, lab).ok());
    let same_code = |cell: &Cell<'_>| {
        let (old, new) = identities.as_ref()?;
        Some(new.same_cells(old, &name_of(cell.contender)))
    };
    let cells = if selection.is_everything() { of_changed(&cells, same_code) } else { cells };
    if cells.is_empty() {
        bail!(NotComparable(format!(
            "nothing was timed: no contender's code differs from {revision}; name cells to time them all the same"
        )));
    }

    let input = context.roster.input;
    let start = |binary| -> Start<'_> { Box::new(move || time_worker(binary, input)) };
    let timeout = context.options.timeout.unwrap_or(NATIVE_TIMEOUT);
    let builds = TwoBuilds { start: [start(built.lab()), start(lab)], timeout };
    let budget = TwoBuildsBudget::of(selection.profile);
    say(&format!("timing {} cells in both builds", cells.len()));
    let mut progress = Progress::default();
    progress.begin("paired", cells.len());
    let (mut compared, mut failed) = (Vec::new(), 0);
    for cell in &cells {
        let name = cell.name();
        match twice(&builds, &name, budget, threshold)? {
            Ok((times, changed)) => compared.push(Compared {
                cell: name,
                same_code: same_code(cell),
                before_ns: times.before,
                after_ns: times.after,
                ratio: times.ratio,
                changed,
            }),
            Err(failure) => {
                failed += 1;
                say(&format!("{name} is not compared: {failure}"));
            }
        }
        progress.step("");
    }
    progress.end("cells");
    let far = |compared: &Compared| compared.ratio.median.ln().abs();
    compared.sort_by(|left, right| far(right).total_cmp(&far(left)));
    if compared.is_empty() {
        bail!(NotComparable(format!(
            "nothing was compared: none of {failed} cells could be timed in both builds"
        )));
    }
    if json {
        print_json(&compared)?;
        return Ok(Exit::Fine);
    }
    report(&compared, failed, threshold)?;
    Ok(Exit::Fine)
}

/// Times a cell, and a second time with twice the rounds where the first one says that it changed. One in thirty cells
/// appears to change by 3 % under the same code: a process may be slow for as long as it lives. Hardly one does so twice.
fn twice(
    builds: &TwoBuilds<'_>,
    name: &CellName,
    budget: TwoBuildsBudget,
    threshold: f64,
) -> Result<Result<(Times, Option<Change>), String>> {
    let times = match builds.measure(name, budget)? {
        Ok(times) => times,
        Err(failure) => return Ok(Err(failure)),
    };
    let Some(first) = change(times.ratio, threshold) else { return Ok(Ok((times, None))) };
    let again = builds.measure(name, TwoBuildsBudget { rounds: 2 * budget.rounds, ..budget })?;
    Ok(again.map(|times| (times, change(times.ratio, threshold).filter(|second| *second == first))))
}

/// The cells of contenders whose code changed, and those of the reference contenders in the same groups: what the time
/// meter divides by.
fn of_changed<'a>(cells: &[Cell<'a>], same_code: impl Fn(&Cell<'_>) -> Option<bool>) -> Vec<Cell<'a>> {
    let changed = |cell: &Cell<'_>| same_code(cell) != Some(true);
    let groups: BTreeSet<_> = cells.iter().filter(|cell| changed(cell)).map(Cell::group).collect();
    let is_reference = |cell: &Cell<'_>| cell.contender.about.name == cell.contender.bottleneck.reference;
    let chosen =
        cells.iter().filter(|cell| changed(cell) || (is_reference(cell) && groups.contains(&cell.group())));
    chosen.copied().collect()
}

fn report(compared: &[Compared], failed: usize, threshold: f64) -> Result<()> {
    let changed: Vec<&Compared> = compared.iter().filter(|it| it.changed.is_some()).collect();
    if !changed.is_empty() {
        let mut table = table(&["cell", "before, ns", "after, ns", "ratio", "95 % interval"], 1);
        for Compared { cell, same_code, before_ns, after_ns, ratio, .. } in &changed {
            let code = if *same_code == Some(true) { " (same code)" } else { "" };
            table.add_row([
                format!("{cell}{code}"),
                format!("{before_ns:.2}"),
                format!("{after_ns:.2}"),
                format!("{:.3}", ratio.median),
                format!("{:.3} to {:.3}", ratio.low, ratio.high),
            ]);
        }
        print(&table.to_string())?;
    }
    let slower = changed.iter().filter(|it| it.changed == Some(Change::Slower)).count();
    let noise = compared.iter().filter(|it| it.same_code == Some(true)).count();
    print(&format!(
        "{} cells timed in both builds: {slower} slower and {} faster by more than {threshold} %, twice; {failed} failed",
        compared.len(),
        changed.len() - slower,
    ))?;
    if noise > 0 {
        let moved = changed.iter().filter(|it| it.same_code == Some(true)).count();
        print(&format!(
            "{noise} of them run the same code in both: {moved} of these {} as changed, which is the machine, or where the \
             code lies in the program",
            if moved == 1 { "appears" } else { "appear" }
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_interval_beyond_the_threshold_is_a_change() {
        let interval = |low, high| Interval { low, median: f64::midpoint(low, high), high };
        for (low, high, threshold, expected) in [
            (1.04, 1.2, 3.0, Some(Change::Slower)),
            (1.02, 1.2, 3.0, None),
            (1.02, 1.2, 1.0, Some(Change::Slower)),
            (0.5, 0.9, 3.0, Some(Change::Faster)),
            (0.5, 0.98, 3.0, None),
            (0.5, 1.5, 3.0, None),
            (1.0, 1.0, 0.0, None),
        ] {
            assert_eq!(change(interval(low, high), threshold), expected, "{low} to {high}, {threshold} %");
        }
    }
}
