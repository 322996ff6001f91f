//! `lab list`: lists bottlenecks, contenders, scenarios and cells.

use anyhow::Result;
use reports::Meter;
use serde::Serialize;

use super::context::Context;
use super::output::{print, print_json, table};
use crate::error::Exit;
use crate::measure::meters::cycles;
use crate::roster::cell::{Cell, contenders_of};
use crate::roster::selection::Selection;

/// List bottlenecks, contenders, scenarios and cells
///
/// Without options it prints every bottleneck with its contenders and scenarios. `--cells` prints one cell
/// name per line, for a shell loop or to see which cells a selection holds.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Print one cell name per line
    #[arg(long = "cells")]
    names: bool,
    /// Print the cells as JSON
    #[arg(long, conflicts_with = "names")]
    json: bool,
}

#[derive(Serialize)]
struct Listed<'a> {
    cell: String,
    role: &'a str,
    unit: &'a str,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.selection.resolve(context.roster)?;
    if arguments.json {
        let listed = cells.iter().map(|cell| Listed {
            cell: cell.name().to_string(),
            role: cell.contender.about.role.as_str(),
            unit: cell.scenario.unit,
        });
        print_json(&listed.collect::<Vec<_>>())?;
    } else if arguments.names {
        for cell in &cells {
            print(&cell.name().to_string())?;
        }
    } else {
        overview(&cells)?;
        let meters: Vec<&str> = Meter::ALL.iter().map(|meter| meter.as_str()).collect();
        print(&format!("\nMeters: {}. {}.", meters.join(", "), cycles::absent()))?;
    }
    Ok(Exit::Fine)
}

fn overview(cells: &[Cell<'_>]) -> Result<()> {
    let mut rest = cells;
    while let Some(first) = rest.first() {
        let bottleneck = first.contender.bottleneck;
        let end = rest.partition_point(|cell| cell.contender.bottleneck.name == bottleneck.name);
        let (own, others) = rest.split_at(end);
        rest = others;
        print(&format!("\n{} ({})", bottleneck.title, bottleneck.name))?;
        let mut contenders = table(&["contender", "role", "what it is"], 3);
        for contender in contenders_of(own) {
            let about = &contender.about;
            contenders.add_row([about.name, about.role.as_str(), about.summary]);
        }
        print(&contenders.to_string())?;
        let mut scenarios = table(&["scenario", "what its region does", "sizes"], 3);
        for scenario in bottleneck.scenarios {
            let mut sizes: Vec<usize> =
                own.iter().filter(|cell| cell.scenario.name == scenario.name).map(|cell| cell.size).collect();
            sizes.dedup();
            if !sizes.is_empty() {
                let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
                scenarios.add_row([scenario.name, scenario.summary, &sizes.join(" ")]);
            }
        }
        print(&scenarios.to_string())?;
        if !bottleneck.concurrent.is_empty() {
            let mut concurrent = table(&["threads and processes", "what its trials do"], 2);
            for scenario in bottleneck.concurrent {
                concurrent.add_row([scenario.name, scenario.summary]);
            }
            print(&concurrent.to_string())?;
        }
        print(&format!("{} cells", own.len()))?;
    }
    Ok(())
}
