//! `lab verify`: contenders against the oracles, without measuring.

use anyhow::Result;

use super::{print, print_json};
use crate::cell::Selection;
use crate::cli::Context;
use crate::error::Exit;
use crate::run::{Options, Run, contenders_of};
use crate::verify::Depth;

/// Check contenders against the oracles, without measuring
///
/// Replays seeded random traces with held versions, the hard cases, and every selected cell once. A
/// contender that differs from the oracle is named with the shortest failing trace found; then the
/// exit code is 3.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Twenty times as many traces
    #[arg(long)]
    deep: bool,
    /// What failed, as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.selection.resolve(context.roster)?;
    let depth = if arguments.deep { Depth::Deep } else { Depth::Ordinary };
    let mut run = Run::new(context.roster, Options { depth, ..context.options.clone() });
    run.measure(&cells, &[], arguments.selection.profile)?;
    run.digests(&cells)?;
    if arguments.json {
        print_json(&run.failures())?;
    } else {
        for failure in run.failures() {
            print(&format!("{} ({}): {}", failure.subject, failure.phase, failure.message))?;
            for step in &failure.trace {
                print(&format!("    {step}"))?;
            }
        }
        if run.failures().is_empty() {
            let contenders = contenders_of(&cells).len();
            print(&format!("{contenders} contenders and {} cells agree with the oracles", cells.len()))?;
        }
    }
    Ok(if run.failures().is_empty() { Exit::Fine } else { Exit::Regression })
}
