//! The command line. Each subcommand is one file in [`commands`].

use std::panic::{AssertUnwindSafe, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Once;
use std::time::Duration;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use scenarios::Contender;

use crate::commands;
use crate::commands::context::Context;
use crate::commands::output::conclude;
use crate::commands::parse;
use crate::door;
use crate::error::{Exit, usage};
use crate::measure::paths;
use crate::measure::programs::{Binaries, Options};
use crate::measure::protocol::Depth;
use crate::progress::say;
use crate::roster::cell::Roster;

/// Compares implementations of the same data-structure bottleneck.
///
/// Competing implementations run the same seeded scenarios, are checked against an oracle, and are
/// compared by instructions, heap allocations and wall-clock time.
///
/// A cell is written `bottleneck/scenario/size/contender`, for example
/// `persistent_map/get_hit/1000/imbl`, and can be selected with globs: `persistent_map/get_*/**`.
///
/// Exit codes: 0 success; 1 the lab or its environment failed; 2 the usage or an input is wrong; 3 a cell
/// regressed, or a contender or cell failed; 4 measurements have different fingerprints and cannot be compared.
#[derive(Parser)]
#[command(name = "lab", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

#[derive(clap::Args)]
struct Global {
    /// The project's directory [default: the parent of the `target/` that holds this program]
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Number of workers in parallel; the time meter always uses one [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Time limit for one cell, in seconds [default: 120, or 900 under Valgrind]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = parse::seconds)]
    timeout: Option<Duration>,
}

#[derive(Subcommand)]
enum Command {
    List(commands::list::Arguments),
    Verify(commands::verify::Arguments),
    Run(commands::run::Arguments),
    Verdict(commands::verdict::Arguments),
    Choose(commands::choose::Arguments),
    Sensitivity(commands::sensitivity::Arguments),
    Claims(commands::claims::Arguments),
    Report(commands::report::Arguments),
    Check(commands::check::Arguments),
    Bless(commands::bless::Arguments),
    Diff(commands::diff::Arguments),
    Explain(commands::explain::Arguments),
    Identity(commands::identity::Arguments),
    SelfTest(commands::self_test::Arguments),
    Calibrate(commands::calibrate::Arguments),
    CrossCheck(commands::cross_check::Arguments),
    Merge(commands::merge::Arguments),
    Export(commands::export::Arguments),
    History(commands::history::Arguments),
    New(commands::new::Arguments),
    Completions(commands::completions::Arguments),
}

/// Parses the arguments and runs the command. An error is printed as one line, and so is a defect of the lab.
pub fn main(roster: &[Contender]) -> ExitCode {
    static SAID: Once = Once::new();
    // The first panic tells; those of threads that wait for it do not.
    std::panic::set_hook(Box::new(|panic| SAID.call_once(|| say(&defect(panic)))));
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| guarded(roster)));
    outcome.unwrap_or_else(|_| Exit::Internal.into())
}

/// One line about a panic.
fn defect(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("a panic").replace('\n', " ");
    let place = panic.location().map(|at| format!(" ({}:{})", paths::source(at.file()), at.line()));
    let place = place.unwrap_or_default();
    format!("lab: this is a defect of the lab, please report it with the command: {message}{place}")
}

fn guarded(roster: &[Contender]) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Fine }.into();
        }
    };
    conclude(run(roster, cli))
}

fn run(contenders: &[Contender], cli: Cli) -> Result<Exit> {
    let roster = Roster::generated(contenders);
    let binaries = Binaries::beside_this_one()?;
    let root = match cli.global.root {
        Some(root) if !root.is_dir() => {
            anyhow::bail!(usage(format!("--root {}: no such directory", root.display())))
        }
        Some(root) => root,
        None => project_of(&binaries.lab)?,
    };
    door::find(&binaries.lab, &root);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let options = Options {
        workers: cli.global.jobs.map_or(cores, usize::from),
        timeout: cli.global.timeout,
        depth: Depth::default(),
        reversed: false,
        binaries,
    };
    roster.check()?;
    let context = Context { roster, root, options };
    match cli.command {
        Command::List(arguments) => commands::list::run(&context, &arguments),
        Command::Verify(arguments) => commands::verify::run(&context, &arguments),
        Command::Run(arguments) => commands::run::run(&context, &arguments),
        Command::Verdict(arguments) => commands::verdict::run(&context, &arguments),
        Command::Choose(arguments) => commands::choose::run(&context, &arguments),
        Command::Sensitivity(arguments) => commands::sensitivity::run(&context, &arguments),
        Command::Claims(arguments) => commands::claims::run(&context, &arguments),
        Command::Report(arguments) => commands::report::run(&context, &arguments),
        Command::Check(arguments) => commands::check::run(&context, &arguments),
        Command::Bless(arguments) => commands::bless::run(&context, &arguments),
        Command::Diff(arguments) => commands::diff::run(&context, &arguments),
        Command::Explain(arguments) => commands::explain::run(&context, &arguments),
        Command::Identity(arguments) => commands::identity::run(&context, &arguments),
        Command::Calibrate(arguments) => commands::calibrate::run(&context, &arguments),
        Command::SelfTest(arguments) => commands::self_test::run(&context, &arguments),
        Command::CrossCheck(arguments) => commands::cross_check::run(&context, &arguments),
        Command::Merge(arguments) => commands::merge::run(&context, &arguments),
        Command::Export(arguments) => commands::export::run(&context, &arguments),
        Command::History(arguments) => commands::history::run(&context, &arguments),
        Command::New(arguments) => commands::new::run(&context, &arguments),
        Command::Completions(arguments) => commands::completions::run(&arguments, Cli::command()),
    }
}

/// The parent of the `target/` that holds the program. A program outside a `target/` gets the working directory.
fn project_of(program: &Path) -> Result<PathBuf> {
    let target = program.ancestors().find(|path| path.file_name().is_some_and(|name| name == "target"));
    match target.and_then(Path::parent) {
        Some(project) => Ok(project.to_owned()),
        None => Ok(std::env::current_dir()?),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_consistent() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}
