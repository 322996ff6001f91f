//! `lab merge`: joins the records of a run that several machines shared.

use std::path::PathBuf;

use anyhow::Result;

use super::context::Context;
use super::output::print;
use crate::error::Exit;
use crate::progress::say;

/// Join the records of a run that several machines shared
///
/// Writes the joined record and its report. It refuses records that differ in schema, fingerprint, revision,
/// profile, input or meters, times of different machines, and cells that are in two of the records; the message
/// names them.
#[derive(clap::Args)]
pub struct Arguments {
    /// The records to join
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// Directory for the joined record and its report
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let paths = arguments.records.iter();
    let records = paths
        .map(|path| Ok((path.clone(), reports::io::read_record(path)?)))
        .collect::<Result<Vec<_>, reports::Error>>()?;
    let commands: Vec<String> = records.iter().map(|(_, record)| record.command.clone()).collect();
    let merged = reports::merge::merge(records)?;
    let path = arguments.output.join("record.json");
    reports::io::write_record(&path, &merged)?;
    let index = reports::render::render(&merged, &context.beside(&merged), &arguments.output.join("report"))?;
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let missing = reports::merge::missing_shards(&commands);
    if !missing.is_empty() {
        say(&format!("note: the run has more shards, which are not there: {}", missing.join(", ")));
    }
    print(&format!("record {}\nreport {}", path.display(), index.display()))?;
    Ok(if merged.failures.is_empty() { Exit::Fine } else { Exit::Regression })
}
