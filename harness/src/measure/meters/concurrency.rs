//! The concurrency meter: trials of several threads or processes, by the clock.
//!
//! A trial runs for some milliseconds in a worker of its own and returns named figures. Each is reported as the median over
//! the trials, with the interval that holds the true median.

use std::num::NonZero;
use std::process::ExitCode;
use std::thread;

use reports::CellName;
use reports::record::TrialFigure;
use scenarios::Contender;
use scenarios::concurrency::Trial;

use crate::measure::statistics::interval;
use crate::roster::cell::name_of;
use crate::roster::selection::Profile;

/// How many trials there are of each scenario, size and contender.
pub fn trials(profile: Profile) -> usize {
    match profile {
        Profile::Quick => QUICK_TRIALS,
        Profile::Default => TRIALS,
        Profile::Full => 2 * TRIALS,
    }
}

const TRIALS: usize = 7;

/// So few cannot tell an interval of 95 %. They are for a first look.
const QUICK_TRIALS: usize = 3;

/// Runs so many trials of a scenario.
///
/// # Errors
/// If there is no such scenario, or why a trial failed.
pub fn perform(contenders: &[Contender], name: &CellName, trials: usize) -> Result<Vec<TrialFigure>, String> {
    let contender = find(contenders, &name.of_contender())?;
    let mut scenarios = contender.bottleneck.concurrent.iter();
    let scenario = scenarios.find(|scenario| scenario.name == name.scenario);
    let (scenario, concurrency) =
        scenario.zip(contender.concurrency).ok_or_else(|| format!("{name}: there is no such scenario"))?;
    let trial = Trial {
        scenario: scenario.name,
        size: name.size as usize,
        contender: &name.of_contender(),
        cores: thread::available_parallelism().map_or(1, NonZero::get),
    };
    let mut figures: Vec<(String, Vec<f64>)> = Vec::new();
    for _ in 0..trials {
        for (name, value) in (concurrency.trial)(trial)? {
            match figures.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(value),
                None => figures.push((name, vec![value])),
            }
        }
    }
    let found = |(name, mut values): (String, Vec<f64>)| TrialFigure { name, found: interval(&mut values) };
    Ok(figures.into_iter().map(found).collect())
}

fn find<'a>(contenders: &'a [Contender], name: &str) -> Result<&'a Contender, String> {
    let found = contenders.iter().find(|contender| name_of(contender) == name);
    found.ok_or_else(|| format!("{name} is not on this roster"))
}

/// Does the part of another process in a trial: the contender's name and its words.
pub fn part(contenders: &[Contender], words: &[String]) -> ExitCode {
    let done = match words {
        [name, words @ ..] => find(contenders, name).and_then(|contender| match contender.concurrency {
            Some(concurrency) => concurrency.take_part(words),
            None => Err(format!("{name} takes no part in trials")),
        }),
        [] => Err("no contender is named".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
