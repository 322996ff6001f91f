//! `lab merge`: the records of a shared run, joined.

use std::path::PathBuf;

use anyhow::Result;

use super::output::print;
use crate::error::Exit;

/// Join the records of a run that several machines shared
///
/// Refuses records of another schema, fingerprint or revision, by name, and cells that are in two of
/// them. Writes the joined record and its report.
#[derive(clap::Args)]
pub struct Arguments {
    /// The records
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
