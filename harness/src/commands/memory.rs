//! `lab explain --memory`: what simulated caches and branch predictors say of cells, and of which cells to ask.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use anyhow::{Result, bail};
use comfy_table::CellAlignment;
use reports::CellName;
use reports::disagreement::{APART, Disagreement, compare};
use reports::render::verdict::estimate;
use reports::verdict::verdict;
use reports::view::BottleneckView;
use serde::Serialize;

use super::context::Context;
use super::output::{print, print_json, table, wrapped};
use crate::door;
use crate::error::{Exit, NotComparable};
use crate::measure::meters::callers::Row;
use crate::measure::meters::cycles;
use crate::measure::meters::simulated::{Simulated, Simulation};

/// A cell and what was simulated of it.
#[derive(Serialize)]
pub struct Looked {
    /// The cell.
    pub cell: CellName,
    /// Operations per region.
    pub ops: u64,
    /// What was simulated.
    #[serde(flatten)]
    pub simulation: Simulation,
}

/// A number with its name.
type Number = (&'static str, fn(&Simulated) -> u64);

/// The numbers of the whole region, each with its name in few letters, for the tables of functions.
const NUMBERS: [(&str, Number); 7] = [
    ("D1 miss", ("misses of data in the first level", |it| it.l1_data_misses)),
    ("I1 miss", ("misses of instructions in the first level", |it| it.l1_instruction_misses)),
    ("LL miss", ("misses of either in the last level", |it| it.last_level_misses)),
    ("cond", ("conditional branches", |it| it.conditional_branches)),
    ("mispred", ("of which mispredicted", |it| it.conditional_mispredictions)),
    ("indirect", ("indirect branches", |it| it.indirect_branches)),
    ("mispred", ("of which mispredicted", |it| it.indirect_mispredictions)),
];

/// Those of which two cells side by side differ in how long they wait.
const COMPARED: [Number; 3] = [
    ("L1 miss", |it| it.l1_data_misses + it.l1_instruction_misses),
    ("LL miss", |it| it.last_level_misses),
    ("mispred", |it| it.conditional_mispredictions + it.indirect_mispredictions),
];

/// What all this is, in words.
const WHAT: &str = "Simulated by Callgrind, not measured: this processor's caches and predictors are others. The caches are as \
                    the set-up leaves them. Functions come in the order of 10 × (first-level misses + mispredictions) + \
                    100 × last-level misses, a coarse estimate of the cycles that they wait.";

/// Prints what was simulated of cells, each by itself, or two side by side.
pub fn show(cells: &[Looked], is_pair: bool, top: usize) -> Result<()> {
    match cells {
        [left, right] if is_pair => side_by_side(left, right, top)?,
        cells => cells.iter().try_for_each(|cell| alone(cell, top))?,
    }
    if let Some(first) = cells.first() {
        let caches = format!("Valgrind simulated: {}.", first.simulation.caches.join("; "));
        print(&format!("\n{}", wrapped(&caches, "", "")))?;
    }
    print(&wrapped(WHAT, "", ""))?;
    print(&wrapped(&format!("{}.", cycles::absent()), "", ""))
}

fn per_op(count: u64, ops: u64) -> f64 {
    count as f64 / ops.max(1) as f64
}

/// A number of misses per operation: most are small.
fn spelled(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:.3}") }
}

fn alone(Looked { cell, ops, simulation }: &Looked, top: usize) -> Result<()> {
    print(&format!("\n{cell}: for each of {ops} operations"))?;
    let mut whole = table(&["per op", "of the region"], 0);
    texts_last(&mut whole);
    for (_, (name, read)) in NUMBERS {
        whole.add_row([spelled(per_op(read(&simulation.whole), *ops)), name.to_owned()]);
    }
    print(&whole.to_string())?;
    let mut header: Vec<&str> = NUMBERS.iter().map(|(letters, _)| *letters).collect();
    header.push("function");
    let mut of_functions = table(&header, 0);
    texts_last(&mut of_functions);
    let mut functions: Vec<(&String, &Simulated)> = simulation.functions.iter().collect();
    functions.sort_by_key(|(_, simulated)| Reverse(simulated.waiting()));
    let (shown, rest) = functions.split_at(top.min(functions.len()));
    for (name, simulated) in shown {
        let mut row: Vec<String> =
            NUMBERS.iter().map(|(_, (_, read))| spelled(per_op(read(simulated), *ops))).collect();
        row.push(named(name));
        of_functions.add_row(row);
    }
    print(&of_functions.to_string())?;
    tell_rest(
        rest.iter().map(|(_, simulated)| simulated.waiting()).sum(),
        simulation.whole.waiting(),
        rest.len(),
    )
}

/// Says how much of the waiting lies in the functions that are not shown.
fn tell_rest(waiting: u64, whole: u64, count: usize) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let share = 100.0 * waiting as f64 / whole.max(1) as f64;
    print(&format!("{count} more functions: {share:.1} % of the estimate"))
}

/// A row's function, and the library function that it calls.
fn named(row: &str) -> String {
    let Row { function, callee } = Row::parse(row);
    match callee {
        Some(callee) => format!("{function}: {callee}"),
        None => function,
    }
}

/// The estimate of a function in both cells per operation, the second less the first.
fn difference(name: &str, [left, right]: [&Looked; 2]) -> f64 {
    let of = |cell: &Looked| {
        per_op(cell.simulation.functions.get(name).copied().unwrap_or_default().waiting(), cell.ops)
    };
    of(right) - of(left)
}

fn side_by_side(left: &Looked, right: &Looked, top: usize) -> Result<()> {
    print("")?;
    for (letter, cell) in ["A", "B"].into_iter().zip([left, right]) {
        print(&format!("{letter}  {}: for each of {} operations", cell.cell, cell.ops))?;
    }
    let mut whole = table(&["A per op", "B per op", "B - A", "of the region"], 0);
    texts_last(&mut whole);
    for (_, (name, read)) in NUMBERS {
        let [a, b] = [left, right].map(|cell| per_op(read(&cell.simulation.whole), cell.ops));
        whole.add_row([spelled(a), spelled(b), format!("{:+.3}", b - a), name.to_owned()]);
    }
    print(&whole.to_string())?;
    let mut header: Vec<String> =
        COMPARED.iter().flat_map(|(name, _)| ["A", "B"].map(|cell| format!("{cell} {name}"))).collect();
    header.push("function".to_owned());
    let mut of_functions = table(&header.iter().map(String::as_str).collect::<Vec<_>>(), 0);
    texts_last(&mut of_functions);
    let order = order(left, right);
    let (shown, rest) = order.split_at(top.min(order.len()));
    for name in shown {
        let values = COMPARED.iter().flat_map(|(_, read)| {
            [left, right].map(|cell| {
                let simulated = cell.simulation.functions.get(*name);
                simulated.map_or("–".to_owned(), |simulated| spelled(per_op(read(simulated), cell.ops)))
            })
        });
        of_functions.add_row(values.chain([named(name)]));
    }
    print(&of_functions.to_string())?;
    if !rest.is_empty() {
        let rest_of_difference: f64 = rest.iter().map(|name| difference(name, [left, right])).sum();
        print(&format!(
            "{} more functions: {rest_of_difference:+.1} of the estimate per operation",
            rest.len()
        ))?;
    }
    Ok(())
}

/// The functions of both cells, those between which most of the estimate's difference lies first.
fn order<'a>(left: &'a Looked, right: &'a Looked) -> Vec<&'a str> {
    let functions = left.simulation.functions.keys().chain(right.simulation.functions.keys());
    let names: BTreeSet<&str> = functions.map(String::as_str).collect();
    let mut names: Vec<&str> = names.into_iter().collect();
    let size = |name: &str| difference(name, [left, right]).abs();
    names.sort_by(|one, other| size(other).total_cmp(&size(one)));
    names
}

fn texts_last(table: &mut comfy_table::Table) {
    if let Some(last) = table.column_iter_mut().last() {
        last.set_cell_alignment(CellAlignment::Left);
    }
}

/// A group of which time and instructions say different things, as JSON.
#[derive(Serialize)]
struct Told {
    leader: CellName,
    next: CellName,
    instructions: f64,
    time: f64,
    command: String,
}

/// Lists the cells of the newest record of which time and instructions disagree, with the command that looks at each.
pub fn list(context: &Context<'_>, top: usize, json: bool) -> Result<Exit> {
    let path = context.latest();
    let record = reports::io::read_record(&path)?;
    let mut groups = 0;
    let mut apart: Vec<Disagreement> = Vec::new();
    for view in &BottleneckView::all(&record)? {
        let compared = compare(view, &verdict(view));
        groups += compared.groups;
        apart.extend(compared.apart);
    }
    if groups == 0 {
        bail!(NotComparable(format!(
            "{} has no group of which two contenders have instructions and times: `{}` measures both",
            path.display(),
            door::command(["run"])
        )));
    }
    apart.sort_by(|left, right| right.factor().total_cmp(&left.factor()));
    let command = |it: &Disagreement| {
        door::command(["explain", "--memory", &it.leader.to_string(), &it.next.to_string()])
    };
    if json {
        let told = apart.iter().map(|it| Told {
            leader: it.leader.clone(),
            next: it.next.clone(),
            instructions: it.instructions,
            time: it.time.value,
            command: command(it),
        });
        print_json(&told.collect::<Vec<_>>())?;
        return Ok(Exit::Fine);
    }
    let count = format!(
        "In {} of {groups} groups, time and instructions differ by more than {APART} times about how much more than the leader \
         the next one needs.",
        apart.len()
    );
    print(&wrapped(&count, "", ""))?;
    for it in apart.iter().take(top) {
        print(&format!("\n{} and {}", it.leader, it.next.contender))?;
        print(&format!("  instructions {:.2}×, time {}", it.instructions, estimate(it.time)))?;
        print(&format!("  {}", command(it)))?;
    }
    if apart.len() > top {
        print(&format!("\n{} more; `--top` shows them", apart.len() - top))?;
    }
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(ops: u64, functions: &[(&str, u64, u64)]) -> Looked {
        let functions = functions.iter().map(|(name, data, last)| {
            let simulated =
                Simulated { l1_data_misses: *data, last_level_misses: *last, ..Simulated::default() };
            ((*name).to_owned(), simulated)
        });
        let simulation = Simulation { functions: functions.collect(), ..Simulation::default() };
        Looked { cell: "b/s/1/c".parse().unwrap(), ops, simulation }
    }

    #[test]
    fn the_functions_that_wait_longer_in_one_cell_come_first() {
        let left = looked(10, &[("both", 100, 0), ("left", 20, 0), ("far", 0, 9)]);
        let right = looked(20, &[("both", 200, 0), ("right", 100, 0), ("far", 0, 2)]);
        assert_eq!(order(&left, &right), ["far", "right", "left", "both"]);
        let differences = ["far", "right", "left", "both"].map(|name| difference(name, [&left, &right]));
        assert_eq!(differences, [-80.0, 50.0, -20.0, 0.0]);
    }
}
