//! `lab merge`: joins the records of a run that several machines shared.

use std::path::PathBuf;

use anyhow::Result;

use super::output::print;
use crate::error::Exit;

/// Join the records of a run that several machines shared
///
/// Writes the joined record and its report. It refuses records that differ in schema, fingerprint or
/// revision, and cells that are in two of the records; the message names them.
#[derive(clap::Args)]
pub struct Arguments {
    /// The records to join
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// Directory for the joined record and its report
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let paths = arguments.records.iter();
    let records = paths
        .map(|path| Ok((path.clone(), reports::io::read_record(path)?)))
        .collect::<Result<Vec<_>, reports::Error>>()?;
    let merged = reports::io::merge(records)?;
    let path = arguments.output.join("record.json");
    reports::io::write_record(&path, &merged)?;
    let index = reports::render::render(&merged, &arguments.output.join("report"))?;
    print(&format!("record {}\nreport {}", path.display(), index.display()))?;
    Ok(if merged.failures.is_empty() { Exit::Fine } else { Exit::Regression })
}
