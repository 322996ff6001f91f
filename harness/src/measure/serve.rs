//! The lab's part of a worker: the jobs beside exact counts.

use std::path::Path;
use std::process::ExitCode;

use scenarios::Contender;
use worker::{Answer, Roster, Sending};

use super::protocol::{Finding, INPUT_OPTION, OwnJob, WORKER_ARGUMENT, answer_of};
use super::{expectation, meters, phases, verify};
use crate::roster::input::Input;

/// Serves jobs if the program was started as a worker, with [`WORKER_ARGUMENT`].
pub(crate) fn serve_if_asked(contenders: &[Contender]) -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let asked = arguments.next().as_deref() == Some(WORKER_ARGUMENT);
    asked.then(|| {
        let under_valgrind = arguments.next().as_deref() == Some("callgrind");
        let named = arguments.next().is_some_and(|option| option == INPUT_OPTION);
        let input = named.then(|| Input::read(Path::new(&arguments.next().unwrap_or_default())));
        match input.transpose() {
            Ok(input) => {
                let input = input.map(|input| input.bytes);
                worker::serve(Roster { contenders, input }, under_valgrind, &perform)
            }
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
        OwnJob::Skip(name) => Ok(answer_of(&phases::digest_without_run(roster, &name)?)),
        OwnJob::Phase(name, phase) => phases::perform(roster, &name, phase, send),
        OwnJob::Time(name, budget) => Ok(answer_of(&meters::two_builds::perform(roster, &name, budget)?)),
        OwnJob::Times { cells, budget, process, level, patience } => {
            Ok(answer_of(&meters::time::perform(roster, &cells, budget, process, level, patience)?))
        }
    }
}
