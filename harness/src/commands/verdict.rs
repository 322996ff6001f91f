//! `lab verdict`: says who wins, by how much, and whether time agrees.

use std::path::PathBuf;

use anyhow::{Result, bail};
use reports::render::verdict::sentences;
use reports::verdict::verdict;
use reports::view::BottleneckView;
use serde::Serialize;

use super::context::Context;
use super::output::{print, print_json, wrapped};
use crate::error::{Exit, usage};

/// Say who wins, by how much, and whether time agrees
///
/// Reads a record and prints some sentences for each bottleneck, the answer first. They compare instructions per
/// operation over all groups; a group is one scenario at one size. Contenders within 1 % of each other are level. The
/// interval of a mean (95 %) is that of drawing other scenarios.
#[derive(clap::Args)]
pub struct Arguments {
    /// The bottlenecks [default: every one of the record]
    #[arg(value_name = "BOTTLENECK")]
    bottlenecks: Vec<String>,
    /// The record [default: target/lab/latest/record.json]
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Print the verdicts as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let path = arguments.record.clone().unwrap_or_else(|| context.latest());
    let record = reports::io::read_record(&path)?;
    let named = |name: &str| record.bottlenecks.iter().any(|bottleneck| bottleneck.name == name);
    if let Some(unknown) = arguments.bottlenecks.iter().find(|name| !named(name)) {
        let known: Vec<&str> = record.bottlenecks.iter().map(|bottleneck| bottleneck.name.as_str()).collect();
        bail!(usage(format!(
            "{} has no bottleneck `{unknown}`; it has: {}",
            path.display(),
            known.join(", ")
        )));
    }
    let views = BottleneckView::all(&record)?;
    let is_chosen = |view: &&BottleneckView<'_>| {
        arguments.bottlenecks.is_empty() || arguments.bottlenecks.contains(&view.info.name)
    };
    let said: Vec<Said> = views.iter().filter(is_chosen).map(Said::of).collect();
    if arguments.json {
        print_json(&said)?;
        return Ok(Exit::Fine);
    }
    if said.iter().all(|said| said.sentences.is_empty()) {
        bail!(usage(format!(
            "{} has no group in which two contenders have instructions: measure more contenders, with \
             `--meter instructions`",
            path.display()
        )));
    }
    said.iter().try_for_each(Said::print)?;
    Ok(Exit::Fine)
}

/// What is said of a bottleneck.
#[derive(Serialize)]
pub struct Said {
    bottleneck: String,
    title: String,
    /// Empty if there is nothing to compare.
    pub sentences: Vec<String>,
}

impl Said {
    /// The verdict on a bottleneck.
    pub fn of(view: &BottleneckView<'_>) -> Self {
        Said {
            bottleneck: view.info.name.clone(),
            title: view.info.title.clone(),
            sentences: sentences(view, &verdict(view)),
        }
    }

    /// Prints it, at most 80 columns wide. A bottleneck of which nothing is said is left out.
    pub fn print(&self) -> Result<()> {
        if self.sentences.is_empty() {
            return Ok(());
        }
        print(&format!("\n{} ({})", self.title, self.bottleneck))?;
        self.sentences.iter().try_for_each(|sentence| print(&wrapped(sentence, "  ", "    ")))
    }
}
