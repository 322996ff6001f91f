//! The record that a command reads, and the bottlenecks of it that the command is about.

use std::path::PathBuf;

use anyhow::{Result, bail};
use reports::record::Record;
use reports::view::BottleneckView;

use super::context::Context;
use crate::error::usage;

/// The options of a command that reads a record.
#[derive(clap::Args)]
pub struct Chosen {
    /// The bottlenecks [default: every one of the record]
    #[arg(value_name = "BOTTLENECK")]
    bottlenecks: Vec<String>,
    /// The record [default: target/lab/latest/record.json]
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

impl Chosen {
    /// The record and its path.
    ///
    /// # Errors
    /// If it cannot be read, or has none of the named bottlenecks.
    pub fn read(&self, context: &Context<'_>) -> Result<(PathBuf, Record)> {
        let path = self.record.clone().unwrap_or_else(|| context.latest());
        let record = reports::io::read_record(&path)?;
        let known: Vec<&str> = record.bottlenecks.iter().map(|bottleneck| bottleneck.name.as_str()).collect();
        if let Some(unknown) = self.bottlenecks.iter().find(|name| !known.contains(&name.as_str())) {
            bail!(usage(format!(
                "{} has no bottleneck `{unknown}`; it has: {}",
                path.display(),
                known.join(", ")
            )));
        }
        Ok((path, record))
    }

    /// Those of `views` that are named, or all of them.
    pub fn among<'v, 'r>(&self, views: &'v [BottleneckView<'r>]) -> Vec<&'v BottleneckView<'r>> {
        let is_chosen = |view: &&BottleneckView<'_>| {
            self.bottlenecks.is_empty() || self.bottlenecks.contains(&view.info.name)
        };
        views.iter().filter(is_chosen).collect()
    }
}
