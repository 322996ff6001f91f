//! The lab's part of a worker: the jobs beside exact counts.

use std::path::Path;
use std::process::ExitCode;

use reports::CellName;
use reports::record::SkipReason;
use scenarios::concurrency::PART_ARGUMENT;
use scenarios::{Contender, Unfit};
use worker::{Answer, Roster, Sending};

use super::protocol::{Finding, INPUT_OPTION, OwnJob, SEED_OPTION, WORKER_ARGUMENT, answer_of};
use super::{expectation, meters, phases, verify};
use crate::roster::input::read_kept;

/// Serves jobs if the program was started as a worker, with [`WORKER_ARGUMENT`]. With [`PART_ARGUMENT`] it does the part of
/// another process in a trial.
pub(crate) fn serve_if_asked(contenders: &[Contender]) -> Option<ExitCode> {
    // A path need not be text.
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments.next()?;
    if asked == PART_ARGUMENT {
        let words: Vec<String> = arguments.filter_map(|word| word.into_string().ok()).collect();
        return Some(meters::concurrency::part(contenders, &words));
    }
    (asked == WORKER_ARGUMENT).then(|| {
        let under_valgrind = arguments.next().is_some_and(|argument| argument == "callgrind");
        let (mut input, mut seed) = (None, None);
        while let (Some(option), Some(value)) = (arguments.next(), arguments.next()) {
            match option.to_str() {
                Some(INPUT_OPTION) => input = Some(read_kept(Path::new(&value))),
                Some(SEED_OPTION) => seed = value.to_str().and_then(|value| value.parse().ok()),
                _ => {}
            }
        }
        match input.transpose() {
            Ok(input) => worker::serve(Roster { contenders, input, seed }, under_valgrind, &perform),
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
        }
    })
}

fn perform(roster: Roster<'_>, job: &str, send: &Sending<'_>) -> Answer {
    let done = serde_json::from_str(job).map_err(|error| format!("malformed job: {error}"));
    done.and_then(|job| perform_own(roster, job, send)).unwrap_or_else(Answer::Failed)
}

fn perform_own(roster: Roster<'_>, job: OwnJob, send: &Sending<'_>) -> Result<Answer, String> {
    match job {
        OwnJob::Verify { bottleneck, contender, check, depth } => {
            let found: Finding = verify::perform(roster.contenders, &bottleneck, &contender, &check, depth)?;
            Ok(answer_of(&found))
        }
        OwnJob::Compare(name) => Ok(answer_of(&verify::compare(roster, &name)?)),
        OwnJob::Expect(name) => Ok(answer_of(&expectation::of(roster, &name)?)),
        OwnJob::Unfit(name) => Ok(answer_of(&unfit(roster, &name)?)),
        OwnJob::Skip(name) => Ok(answer_of(&phases::digest_without_run(roster, &name)?)),
        OwnJob::Otherwise(name, seed) => Ok(answer_of(&phases::run_on_other(roster, &name, seed)?)),
        OwnJob::Phases(name) => phases::perform(roster, &name, send),
        OwnJob::Trials(name, trials) => {
            Ok(answer_of(&meters::concurrency::perform(roster.contenders, &name, trials)?))
        }
        OwnJob::Time(name, budget) => Ok(answer_of(&meters::two_builds::perform(roster, &name, budget)?)),
        OwnJob::Times { cells, budget, process, level, patience } => {
            Ok(answer_of(&meters::time::perform(roster, &cells, budget, process, level, patience)?))
        }
    }
}

/// Why a cell about the user's file cannot be measured; `None` if it can.
fn unfit(roster: Roster<'_>, name: &CellName) -> Result<Option<(SkipReason, String)>, String> {
    Ok(roster.case(name)?.unfit().map(|unfit| match unfit {
        Unfit::TooMuchWork(what) => (SkipReason::TooMuchWork, format!("too much work: it {what}")),
        Unfit::Unsupported(what) => (SkipReason::Unsupported, format!("it does not support {what}")),
    }))
}
