//! `lab verdict`: says who wins, by how much, and whether time agrees.

use anyhow::{Result, bail};
use reports::render::verdict::sentences;
use reports::verdict::verdict;
use reports::view::BottleneckView;
use serde::Serialize;

use super::chosen::Chosen;
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
    #[command(flatten)]
    chosen: Chosen,
    /// Print the verdicts as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let (path, record) = arguments.chosen.read(context)?;
    let views = BottleneckView::all(&record)?;
    let said: Vec<Said> = arguments.chosen.among(&views).into_iter().map(Said::of).collect();
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
