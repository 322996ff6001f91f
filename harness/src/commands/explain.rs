//! `lab explain`: shows which functions a cell's instructions belong to.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use reports::{CellName, Meter, Metric, baseline};

use super::context::Context;
use super::output::{count, print, print_json, table};
use super::parse::cell_name;
use crate::error::Exit;
use crate::judge::explained::Explained;
use crate::measure::meters::callgrind::Attributed;
use crate::measure::meters::instructions::{NO_VALGRIND, valgrind_version};
use crate::measure::run::Run;
use crate::progress::say;
use crate::roster::selection::Profile;

/// Show how a cell's instructions spread over functions
///
/// Verifies and measures the cell, and attributes each instruction to the innermost function outside
/// the standard library, inlined functions included. Further columns show each function's atomic
/// read-modify-writes, and its instructions in the baseline if the baseline has the cell.
#[derive(clap::Args)]
pub struct Arguments {
    /// Cells: `bottleneck/scenario/size/contender`
    #[arg(required = true, value_name = "CELL", value_parser = cell_name)]
    cells: Vec<CellName>,
    /// Number of functions to show
    #[arg(long, value_name = "N", default_value_t = 15)]
    top: usize,
    /// Print every function as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.cells.iter().map(|name| context.roster.find(name)).collect::<Result<Vec<_>>>()?;
    if valgrind_version().is_none() {
        bail!("{NO_VALGRIND}");
    }
    let mut run = Run::new(context.roster, context.options.clone());
    run.measure(&cells, &[Meter::Allocations], Profile::Default)?;
    if let Some(failure) = run.failures().first() {
        say(&format!("lab: {} ({}): {}", failure.subject, failure.phase, failure.message));
        return Ok(Exit::Regression);
    }
    let functions = run.functions(&cells)?;
    let baseline = baseline::read(&context.baselines()).unwrap_or_default();
    let mut all = Vec::new();
    for cell in &cells {
        let name = cell.name();
        let (instructions, Attributed { functions, atomics }) = functions[&name].clone();
        let explained =
            Explained { cell: name.to_string(), instructions, ops: run.ops(&name), functions, atomics };
        if !arguments.json {
            let known = baseline.cells.get(&name).map(|entry| &entry.functions);
            show(&explained, known, arguments.top)?;
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
    if arguments.json {
        print_json(&all)?;
    }
    Ok(Exit::Fine)
}

fn show(explained: &Explained, known: Option<&BTreeMap<String, u64>>, top: usize) -> Result<()> {
    let Explained { cell, instructions, ops, functions, atomics } = explained;
    let per_op = *instructions as f64 / *ops as f64;
    print(&format!(
        "\n{cell}: {} instructions, {per_op:.1} for each of {}",
        count(*instructions),
        count(*ops)
    ))?;
    let mut costs: Vec<(&String, u64)> = functions.iter().map(|(name, cost)| (name, *cost)).collect();
    costs.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
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
    for (name, cost) in costs.iter().take(top) {
        let share = *cost as f64 / (*instructions).max(1) as f64 * 100.0;
        let mut row =
            vec![count(*cost), format!("{share:.1} %"), format!("{:.1}", *cost as f64 / *ops as f64)];
        if let Some(known) = known {
            row.push(known.get(*name).map_or_else(|| "–".to_owned(), |cost| count(*cost)));
        }
        if let Some(atomics) = atomics {
            let own = atomics.get(*name);
            row.push(
                own.map_or_else(|| "–".to_owned(), |count| format!("{:.2}", *count as f64 / *ops as f64)),
            );
        }
        row.push((*name).clone());
        table.add_row(row);
    }
    print(&table.to_string())?;
    if costs.len() > top {
        let rest: u64 = costs[top..].iter().map(|(_, cost)| cost).sum();
        print(&format!("{} more functions: {}", costs.len() - top, count(rest)))?;
    }
    Ok(())
}
