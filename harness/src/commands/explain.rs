//! `lab explain`: where a cell's instructions go.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use reports::baseline;
use serde::{Deserialize, Serialize};

use super::check::key_of;
use super::{count, print, print_json, table};
use crate::cell::{CellId, find};
use crate::cli::Context;
use crate::error::Exit;
use crate::meters::Meter;
use crate::meters::callgrind::Attributed;
use crate::meters::instructions::{NO_VALGRIND, valgrind_version};
use crate::progress::say;
use crate::run::Run;

/// Show where a cell's instructions go, function by function
///
/// Verifies and measures the cell, and attributes each instruction to the innermost function outside
/// the standard library, inlined functions included. Beside it the atomic read-modify-writes among them,
/// and what the baseline says, where there is one.
#[derive(clap::Args)]
pub struct Arguments {
    /// Cells: `bottleneck/scenario/size/contender`
    #[arg(required = true, value_name = "CELL")]
    cells: Vec<CellId>,
    /// How many functions
    #[arg(long, value_name = "N", default_value_t = 15)]
    top: usize,
    /// As JSON, every function
    #[arg(long)]
    json: bool,
}

/// A cell's instructions by function.
#[derive(Debug, Serialize, Deserialize)]
pub struct Explained {
    /// The cell.
    pub cell: String,
    /// Instructions per region.
    pub instructions: u64,
    /// Operations per region.
    pub ops: u64,
    /// Instructions by function.
    pub functions: BTreeMap<String, u64>,
    /// Atomic read-modify-writes by function, where they are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atomics: Option<BTreeMap<String, u64>>,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.cells.iter().map(|id| find(context.roster, id)).collect::<Result<Vec<_>>>()?;
    if valgrind_version().is_none() {
        bail!("{NO_VALGRIND}");
    }
    let mut run = Run::new(context.roster, context.options.clone());
    run.measure(&cells, &[Meter::Allocations], crate::cell::Profile::Default)?;
    if let Some(failure) = run.failures().first() {
        say(&format!("lab: {} ({}): {}", failure.subject, failure.phase, failure.message));
        return Ok(Exit::Regression);
    }
    let functions = run.functions(&cells)?;
    let baseline = baseline::read(&context.baselines()).unwrap_or_default();
    let mut all = Vec::new();
    for cell in &cells {
        let id = cell.id();
        let (instructions, Attributed { functions, atomics }) = functions[&id].clone();
        let explained =
            Explained { cell: id.to_string(), instructions, ops: run.ops(&id), functions, atomics };
        if !arguments.json {
            let known = baseline.cells.get(&key_of(cell)).map(|entry| &entry.functions);
            show(&explained, known, arguments.top)?;
            if let Some(allocations) = run.exact(&id).allocations {
                print(&format!(
                    "allocations: {} blocks, {} bytes, {} live after the region",
                    count(allocations.blocks),
                    count(allocations.bytes),
                    count(allocations.live_bytes)
                ))?;
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
    // Many structures have none: a column of zeros would say that in many words.
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
