//! `lab explain`: shows which functions a cell's instructions belong to.

use std::cmp::Reverse;

use anyhow::{Result, bail};
use reports::functions::Grouped;
use reports::{CellName, Meter, Metric, baseline};

use super::context::Context;
use super::memory::{self, Looked};
use super::output::{count, print, print_json, table};
use super::parse::cell_name;
use super::side_by_side;
use crate::error::Exit;
use crate::judge::explained::Explained;
use crate::judge::revision::Revision;
use crate::measure::meters::callgrind::{Attributed, Functions};
use crate::measure::meters::valgrind;
use crate::measure::run::Run;
use crate::progress::say;
use crate::roster::cell::Cell;
use crate::roster::selection::Profile;

/// Show how a cell's instructions spread over functions
///
/// Verifies and measures the cell, and attributes each instruction to the innermost function outside
/// the standard library, inlined functions included. What the standard library and the C library do is attributed to
/// the function that calls them, and lines below the function say how much it is. Further columns show each function's
/// atomic read-modify-writes, and its instructions in the baseline if the baseline has the cell.
///
/// Two cells are shown side by side, per operation: the functions between which the difference lies come first. With
/// `--apart` each of them is shown by itself. With `--against REVISION` each cell is shown beside the same cell of another
/// git revision, which is built for it. `--lines` adds the source lines that matter below each function.
///
/// With `--memory` it shows misses of simulated caches and mispredicted branches instead, by function: an explanation where
/// time and instructions disagree, and never a gate. Without a cell it lists the cells of the newest record where they do.
#[derive(clap::Args)]
pub struct Arguments {
    /// Cells: `bottleneck/scenario/size/contender`
    #[arg(required_unless_present = "memory", value_name = "CELL", value_parser = cell_name)]
    cells: Vec<CellName>,
    /// Show misses of simulated caches and mispredicted branches; without a cell, list where to look
    #[arg(long)]
    memory: bool,
    /// Number of functions to show, or of cells to list
    #[arg(long, value_name = "N", default_value_t = 15)]
    top: usize,
    /// Show two cells one after the other instead of side by side
    #[arg(long)]
    apart: bool,
    /// Build this git revision, and show each cell beside the same one there
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["memory", "apart"])]
    against: Option<String>,
    /// Show the source lines that matter
    #[arg(long, conflicts_with = "memory")]
    lines: bool,
    /// Print every function as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    if arguments.cells.is_empty() {
        return memory::list(context, arguments.top, arguments.json);
    }
    let cells = arguments.cells.iter().map(|name| context.roster.find(name)).collect::<Result<Vec<_>>>()?;
    if let Some(why) = valgrind::off(&context.options.binaries) {
        bail!("{why}");
    }
    let mut run = Run::new(context.roster, context.options.clone());
    run.measure(&cells, &[Meter::Allocations], Profile::Default)?;
    if let Some(failure) = run.failures().first() {
        say(&format!("lab: {} ({}): {}", failure.subject, failure.phase, failure.message));
        return Ok(Exit::Regression);
    }
    let against = arguments.against.as_ref();
    let is_pair =
        cells.len() == 2 && cells[0].name() != cells[1].name() && !arguments.apart && against.is_none();
    if arguments.memory {
        let simulations = run.simulations(&cells)?;
        let looked = cells.iter().map(Cell::name).map(|cell| Looked {
            ops: run.ops(&cell),
            simulation: simulations[&cell].clone(),
            cell,
        });
        let looked: Vec<Looked> = looked.collect();
        match arguments.json {
            true => print_json(&looked)?,
            false => memory::show(&looked, is_pair, arguments.top)?,
        }
        return Ok(Exit::Fine);
    }
    let functions = run.functions(&cells)?;
    let baseline = baseline::read(&context.baselines()).unwrap_or_default();
    let mut all = Vec::new();
    for cell in &cells {
        let name = cell.name();
        let (instructions, Attributed { functions, atomics, lines, .. }) = functions[&name].clone();
        let (cell, ops) = (name.to_string(), run.ops(&name));
        let explained = Explained { cell, instructions, ops, functions, by_caller: true, lines, atomics };
        if !arguments.json && !is_pair && against.is_none() {
            let known = baseline.cells.get(&name).map(|entry| &entry.functions);
            show(&explained, known, arguments.top, arguments.lines)?;
            let measured = run.measured(&name);
            let counts = Metric::of(Meter::Allocations).filter_map(|metric| {
                let title = metric.title().to_lowercase();
                Some(format!("{} {title}", count(metric.count(&measured)?)))
            });
            let counts: Vec<String> = counts.collect();
            if !counts.is_empty() {
                print(&format!("allocations: {}", counts.join(", ")))?;
            }
        }
        all.push(explained);
    }
    let top = arguments.top;
    if let Some(revision) = against {
        let revision = Revision::build(&context.root, &context.runs(), revision)?;
        let before = cells.iter().map(|cell| revision.explained(&cell.name())).collect::<Result<Vec<_>>>()?;
        let pairs: Vec<[Explained; 2]> = before.into_iter().zip(all).map(Into::into).collect();
        if arguments.json {
            print_json(&pairs)?;
        } else {
            for [before, now] in &pairs {
                side_by_side::show(before, now, top, arguments.lines)?;
            }
        }
    } else if arguments.json {
        print_json(&all)?;
    } else if let ([left, right], true) = (&all[..], is_pair) {
        side_by_side::show(left, right, top, arguments.lines)?;
    }
    Ok(Exit::Fine)
}

/// A line of source gets a line below its function if it costs at least this part of the cell, and so many get one at most.
const LEAST_LINE: f64 = 0.01;
const MOST_LINES: usize = 5;

/// A library function gets a line below the function that calls it if it costs at least this part of the cell.
const LEAST_CALLEE: u64 = 200;

fn show(explained: &Explained, known: Option<&Functions>, top: usize, with_lines: bool) -> Result<()> {
    let Explained { cell, instructions, ops, functions, atomics, .. } = explained;
    let per_op = *instructions as f64 / *ops as f64;
    print(&format!(
        "\n{cell}: {} instructions, {per_op:.1} for each of {}",
        count(*instructions),
        count(*ops)
    ))?;
    let mut header = vec!["instructions", "share", "per op"];
    header.extend(known.map(|_| "baseline"));
    // Many structures have no atomics, and a column of zeros would only take space.
    let atomics = atomics.as_ref().filter(|atomics| !atomics.is_empty());
    header.extend(atomics.map(|_| "atomics/op"));
    header.push("function");
    let mut table = table(&header, 0);
    if let Some(last) = table.column_iter_mut().last() {
        last.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    let (known, atomics) = (known.map(Grouped::of), atomics.map(Grouped::of));
    let absent = || "–".to_owned();
    let per_op = |count: u64, digits: usize| format!("{:.digits$}", count as f64 / *ops as f64);
    let row = |function: &str, callee: Option<&str>, cost: u64| {
        let share = cost as f64 / (*instructions).max(1) as f64 * 100.0;
        let mut row = vec![count(cost), format!("{share:.1} %"), per_op(cost, 1)];
        row.extend(known.as_ref().map(|known| known.get(function, callee).map_or_else(absent, count)));
        let own =
            |atomics: &Grouped| atomics.get(function, callee).map_or_else(absent, |count| per_op(count, 2));
        row.extend(atomics.as_ref().map(own));
        row.push(callee.map_or_else(|| function.to_owned(), |callee| format!("  of which {callee}")));
        row
    };
    let mut costs: Vec<_> = Grouped::of(functions).functions().collect();
    costs.sort_by_key(|(_, (cost, _))| Reverse(*cost));
    for (name, (cost, callees)) in costs.iter().take(top) {
        table.add_row(row(name, None, *cost));
        let mut callees: Vec<(&String, u64)> = callees.iter().map(|(callee, cost)| (callee, *cost)).collect();
        callees.retain(|(_, cost)| cost * LEAST_CALLEE >= *instructions);
        callees.sort_by_key(|(_, cost)| Reverse(*cost));
        for (callee, cost) in callees {
            table.add_row(row(name, Some(callee), cost));
        }
        let mut lines: Vec<(u32, u64)> = with_lines
            .then(|| explained.lines.get(name))
            .flatten()
            .into_iter()
            .flatten()
            .map(|(line, cost)| (*line, *cost))
            .collect();
        lines.retain(|(_, cost)| *cost as f64 >= LEAST_LINE * *instructions as f64);
        lines.sort_by_key(|(_, cost)| Reverse(*cost));
        for (line, cost) in lines.into_iter().take(MOST_LINES) {
            let share = cost as f64 / (*instructions).max(1) as f64 * 100.0;
            let mut row = vec![count(cost), format!("{share:.1} %"), per_op(cost, 1)];
            row.resize(header.len() - 1, String::new());
            row.push(format!("  line {line}"));
            table.add_row(row);
        }
    }
    print(&table.to_string())?;
    if costs.len() > top {
        let rest: u64 = costs[top..].iter().map(|(_, (cost, _))| cost).sum();
        print(&format!("{} more functions: {}", costs.len() - top, count(rest)))?;
    }
    Ok(())
}
