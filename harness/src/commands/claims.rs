//! `lab claims`: says whether what papers and crates claim holds here.

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::{Result, bail};
use reports::claims::claim::Claim;
use reports::claims::file;
use reports::claims::outcome::{Decided, Outcome, Verdict, test};
use reports::render::claims::{claimed, compared, ours, says};
use reports::verdict::Estimate;
use reports::view::BottleneckView;
use serde::Serialize;

use super::chosen::Chosen;
use super::context::Context;
use super::output::{print, print_json, wrapped};
use crate::error::{Exit, NotComparable, usage};

/// Say whether what papers and crates claim holds here
///
/// Reads a record and prints each claim about its bottlenecks: the sentence and who says it, the claimed number, the
/// measured one with its interval, the verdict, and the cells that decide. A claim about time is decided by warm time; where
/// none was measured, instructions stand in, and the verdict says so.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    own: Own,
    /// Print the claims as JSON
    #[arg(long)]
    json: bool,
}

/// Claims of a reader.
#[derive(clap::Args)]
pub struct Own {
    /// Add your own claims: a file, or a directory of files whose names end with .toml (docs/claims.md)
    #[arg(long, value_name = "PATH")]
    claims: Option<PathBuf>,
}

impl Own {
    /// The lab's claims, and those of the reader if there are some.
    ///
    /// # Errors
    /// If a file cannot be read, or is not as it should be.
    pub fn all(&self) -> Result<Cow<'static, [Claim]>> {
        match &self.claims {
            None => Ok(Cow::Borrowed(file::own())),
            Some(path) => Ok(Cow::Owned(file::with(path)?)),
        }
    }
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let known = arguments.own.all()?;
    let (path, record) = arguments.chosen.read(context)?;
    let views = BottleneckView::all(&record)?;
    let chosen = arguments.chosen.among(&views);
    let outcomes = test(&known, &chosen);
    if outcomes.is_empty() {
        let names: Vec<&str> = chosen.iter().map(|view| view.info.name.as_str()).collect();
        bail!(usage(format!(
            "no claim is about {}: add one with `--claims FILE`, as docs/claims.md describes",
            names.join(", ")
        )));
    }
    if arguments.json {
        print_json(&outcomes.iter().map(Told::of).collect::<Vec<_>>())?;
    } else {
        chosen.iter().try_for_each(|view| tell(view, &outcomes))?;
        print(&format!("\n{}", summary(&outcomes)))?;
    }
    if !outcomes.iter().any(|outcome| outcome.verdict.is_tested()) {
        bail!(NotComparable(format!(
            "{} has no cell that decides about a claim: measure more with `{}`",
            path.display(),
            crate::door::command(["run"])
        )));
    }
    Ok(Exit::Fine)
}

/// Prints the claims about a bottleneck.
fn tell(view: &BottleneckView<'_>, outcomes: &[Outcome<'_>]) -> Result<()> {
    let mut of_view = outcomes.iter().filter(|outcome| outcome.claim.bottleneck == view.info.name).peekable();
    if of_view.peek().is_some() {
        print(&format!("\n{} ({})", view.info.title, view.info.name))?;
    }
    of_view.try_for_each(|outcome| {
        let claim = outcome.claim;
        print("")?;
        print(&wrapped(&format!("{}: {}", claim.id, says(outcome)), "  ", "    "))?;
        let mut lines = vec![format!("{} ({})", claim.says, claim.publication.spelled())];
        if !claim.note.is_empty() {
            lines.push(claim.note.clone());
        }
        lines.push(match outcome.verdict.is_tested() {
            true => format!("claimed {}; here {}", claimed(claim), ours(outcome)),
            false => format!("claimed {}", claimed(claim)),
        });
        if !outcome.why.is_empty() {
            lines.push(outcome.why.clone());
        }
        if !outcome.cells.is_empty() {
            let places: Vec<String> = outcome.cells.iter().map(place).collect();
            lines.push(format!("decided by {} in {}", compared(claim), places.join(", ")));
        }
        if outcome.missing > 0 {
            lines.push(format!("{} more not measured", outcome.missing));
        }
        lines.iter().try_for_each(|line| print(&wrapped(line, "    ", "      ")))
    })
}

/// `get/1000`, or `get` if all of its sizes decide.
fn place(cell: &Decided) -> String {
    match cell.size {
        Some(size) => format!("{}/{size}", cell.scenario),
        None => cell.scenario.clone(),
    }
}

/// How many claims have each verdict.
fn summary(outcomes: &[Outcome<'_>]) -> String {
    let counts = Verdict::ALL.into_iter().filter_map(|verdict| {
        let count = outcomes.iter().filter(|outcome| outcome.verdict == verdict).count();
        (count > 0).then(|| format!("{}: {count}", verdict.as_str()))
    });
    let claims = if outcomes.len() == 1 { "claim" } else { "claims" };
    format!("{} {claims}. {}.", outcomes.len(), counts.collect::<Vec<_>>().join("; "))
}

/// A claim and what the record says of it, for other programs.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    bottleneck: &'a str,
    says: &'a str,
    note: &'a str,
    source: String,
    address: &'a str,
    claimed: String,
    /// A stable word.
    verdict: &'static str,
    /// Why it is so; empty where the numbers say it.
    why: &'a str,
    /// What was compared: `time`, or `instructions` where they stand in for it; absent if nothing was.
    quantity: Option<&'static str>,
    /// The number that was compared with the claimed one; absent if several cells decide each for itself.
    ours: Option<Number>,
    /// What was found of a claim that is about no number.
    found: &'a str,
    cells: Vec<ToldCell<'a>>,
    missing: usize,
}

#[derive(Serialize)]
struct ToldCell<'a> {
    scenario: &'a str,
    size: Option<u64>,
    ours: Option<Number>,
    verdict: &'static str,
}

/// A number with its interval.
#[derive(Serialize)]
struct Number {
    value: f64,
    low: f64,
    high: f64,
}

impl From<Estimate> for Number {
    fn from(Estimate { value, low, high }: Estimate) -> Self {
        Number { value, low, high }
    }
}

impl<'a> Told<'a> {
    fn of(outcome: &'a Outcome<'_>) -> Self {
        let claim = outcome.claim;
        let cells = outcome.cells.iter().map(|cell| ToldCell {
            scenario: &cell.scenario,
            size: cell.size,
            ours: cell.ours.map(Number::from),
            verdict: cell.verdict.word(),
        });
        Told {
            id: &claim.id,
            bottleneck: &claim.bottleneck,
            says: &claim.says,
            note: &claim.note,
            source: claim.publication.spelled(),
            address: &claim.publication.address,
            claimed: claimed(claim),
            verdict: outcome.verdict.word(),
            why: &outcome.why,
            quantity: outcome.measured.map(|quantity| quantity.word()),
            ours: outcome.ours.map(Number::from),
            found: &outcome.found,
            cells: cells.collect(),
            missing: outcome.missing,
        }
    }
}
