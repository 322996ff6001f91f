//! `lab identity`: prints the identities of contenders.

use anyhow::Result;

use super::context::Context;
use super::output::{count, print, print_json, table};
use crate::error::Exit;
use crate::measure::identity;

/// Print a hash over the code that each contender can reach
///
/// A contender's cells have the same exact counts as long as its identity, the worker's, the input and the fingerprint
/// stay the same. The identity is made of the machine code, constants and statics that the cells can reach, not of
/// addresses, names, paths or lines.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print the identities as JSON
    #[arg(long)]
    json: bool,
}

/// The digits of a hash that a table shows.
const DIGITS: usize = 16;

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let (identities, reaches) = identity::with_reach(context.roster, &context.options.binaries.lab)?;
    if arguments.json {
        print_json(&identities)?;
        return Ok(Exit::Fine);
    }
    let mut table = table(&["contender", "cells", "checks", "functions", "bytes"], 3);
    for (name, identity) in &identities.contenders {
        let reach = &reaches[name];
        table.add_row([
            name.clone(),
            identity.cells[..DIGITS].to_owned(),
            identity.checks[..DIGITS].to_owned(),
            count(reach.functions as u64),
            count(reach.bytes),
        ]);
    }
    print(&table.to_string())?;
    print(&format!("worker {}", &identities.worker[..DIGITS]))?;
    Ok(Exit::Fine)
}
