//! `lab diff --paired`: the times of two builds.

use std::collections::BTreeSet;

use anyhow::Result;
use reports::CellName;
use reports::record::Interval;
use serde::Serialize;

use crate::commands::context::Context;
use crate::commands::output::{print, print_json, table};
use crate::error::Exit;
use crate::judge::revision::Revision;
use crate::measure::identity;
use crate::measure::meters::two_builds::{Budget, Start, TwoBuilds};
use crate::measure::run::{NATIVE_TIMEOUT, native_worker};
use crate::progress::{Progress, say};
use crate::roster::cell::{Cell, name_of};
use crate::roster::selection::{Profile, Selection};

#[derive(Serialize)]
struct Compared {
    cell: CellName,
    /// Whether both builds run the same code; `null` if that is not known.
    same_code: Option<bool>,
    before_ns: f64,
    after_ns: f64,
    ratio: Interval,
}

impl Compared {
    /// Whether the whole interval lies beyond the threshold, on either side.
    fn changed(&self, threshold: f64) -> bool {
        let limit = 1.0 + threshold / 100.0;
        self.ratio.low > limit || self.ratio.high < limit.recip()
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
    let built = Revision::build(&context.root, &context.runs(), revision)?;
    let lab = &context.options.binaries.lab;
    let identities = built.identities().zip(identity::of(context.roster, lab).ok());
    let same_code = |cell: &Cell<'_>| {
        let (old, new) = identities.as_ref()?;
        Some(new.same_cells(old, &name_of(cell.contender)))
    };
    let cells = if selection.is_everything() { of_changed(&cells, same_code) } else { cells };

    let input = context.roster.input;
    let start = |binary| -> Start<'_> { Box::new(move || native_worker(binary, input)) };
    let timeout = context.options.timeout.unwrap_or(NATIVE_TIMEOUT);
    let builds = TwoBuilds { start: [start(built.lab()), start(lab)], timeout };
    let rounds = match selection.profile {
        Profile::Quick => 8,
        Profile::Default => 12,
        Profile::Full => 24,
    };
    let budget = Budget { rounds, process: PROCESS };
    let mut progress = Progress::default();
    progress.begin("paired", cells.len());
    let (mut compared, mut failed) = (Vec::new(), 0);
    for cell in &cells {
        let name = cell.name();
        match builds.measure(&name, budget)? {
            Ok(times) => compared.push(Compared {
                cell: name,
                same_code: same_code(cell),
                before_ns: times.before,
                after_ns: times.after,
                ratio: times.ratio,
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
    if json {
        print_json(&compared)?;
        return Ok(Exit::Fine);
    }
    report(&compared, failed, threshold)?;
    Ok(Exit::Fine)
}

/// The time of a process, beside its set-up.
const PROCESS: std::time::Duration = std::time::Duration::from_millis(5);

/// The cells of contenders whose code changed, and those of the reference contenders in the same groups: what the paired
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
    let changed: Vec<&Compared> = compared.iter().filter(|it| it.changed(threshold)).collect();
    if !changed.is_empty() {
        let mut table = table(&["cell", "before, ns", "after, ns", "ratio", "95 % interval"], 1);
        for Compared { cell, same_code, before_ns, after_ns, ratio } in &changed {
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
    let slower = changed.iter().filter(|it| it.ratio.median > 1.0).count();
    let noise = compared.iter().filter(|it| it.same_code == Some(true)).count();
    print(&format!(
        "{} cells timed in both builds: {slower} slower and {} faster by more than {threshold} %; {failed} failed",
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
