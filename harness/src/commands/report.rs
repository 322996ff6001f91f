//! `lab report`: renders the report of an existing record.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::claims::Own;
use super::context::Context;
use super::output::print;
use crate::error::{Exit, usage};

/// Render the report of a record
///
/// Writes a self-contained static site, or prints a Markdown summary for the page of a CI job.
#[derive(clap::Args)]
pub struct Arguments {
    /// The record [default: target/lab/latest/record.json]
    #[arg(value_name = "RECORD")]
    record: Option<PathBuf>,
    /// Directory for the site [default: `report` beside the record]
    #[arg(long, value_name = "DIR", conflicts_with = "markdown")]
    output: Option<PathBuf>,
    #[command(flatten)]
    own: Own,
    /// Print a Markdown summary instead of writing the site
    #[arg(long)]
    markdown: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let known = arguments.own.all()?;
    let path = arguments.record.clone().unwrap_or_else(|| context.latest());
    let record = reports::io::read_record(&path)?;
    if record.cells.is_empty() && record.failures.is_empty() {
        bail!(usage(format!("{} holds no cell to report on", path.display())));
    }
    if arguments.markdown {
        print(&reports::summary::markdown(&record))?;
        return Ok(Exit::Fine);
    }
    let output = arguments.output.clone().unwrap_or_else(|| path.with_file_name("report"));
    let index = reports::render::render_with(&record, &known, &context.beside(&record), &output)
        .with_context(|| format!("cannot report on {}", path.display()))?;
    print(&index.display().to_string())?;
    Ok(Exit::Fine)
}
