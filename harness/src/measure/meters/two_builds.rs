//! The same cells in two builds, each in processes of its own that take turns: what a change costs in time.
//!
//! A count of instructions does not see a cache miss, a fence or a mispredicted branch more. Time does, but two runs of a
//! timer differ by per cents on a shared machine. So the processes of both builds run in the order ABBA, or BAAB, within a
//! fraction of a second, and what counts is the ratio within such a round.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use reports::CellName;
use reports::record::Interval;
use scenarios::Case;
use worker::{Job, Roster};

use super::clock::NO_TIME;
use super::time::{cycle, regions_within, time};
use crate::error::NotComparable;
use crate::measure::budget::TwoBuildsBudget;
use crate::measure::pool::{Pool, Worker};
use crate::measure::protocol::{OwnJob, told};
use crate::measure::statistics::{interval, median};

/// A slice of a process's time: one value.
const SLICE: Duration = Duration::from_micros(200);

/// Fewest slices of a process, however long a region takes.
const MIN_SLICES: usize = 3;

/// Nanoseconds per operation of a cell: the median over slices of `budget`.
///
/// # Errors
/// If there is no such cell.
pub fn perform(roster: Roster<'_>, name: &CellName, budget: Duration) -> Result<f64, String> {
    let mut case = roster.case(name)?;
    let case: &mut dyn Case = &mut *case;
    // The first cycle warms.
    cycle(case);
    let regions = regions_within(SLICE, cycle(case));
    let operations = (regions * case.ops()) as f64;
    let end = Instant::now() + budget;
    let mut slices = Vec::new();
    while slices.len() < MIN_SLICES || Instant::now() < end {
        slices.push(time(case, regions).as_nanos() as f64 / operations);
    }
    match median(&mut slices) {
        time if time > 0.0 => Ok(time),
        _ => Err(NO_TIME.to_owned()),
    }
}

/// The times of one cell in two builds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Nanoseconds per operation in the first build.
    pub before: f64,
    /// The same in the second build.
    pub after: f64,
    /// The second build's time as a ratio to the first one's.
    pub ratio: Interval,
}

/// Starts workers of one build.
pub type Start<'a> = Box<dyn Fn() -> Command + Sync + 'a>;

/// Two builds of the lab.
pub struct TwoBuilds<'a> {
    /// How workers are started: the build before, and the one after.
    pub start: [Start<'a>; 2],
    /// Time limit for one process.
    pub timeout: Duration,
}

impl TwoBuilds<'_> {
    /// Times a cell in both builds, or says why one of them has no time.
    ///
    /// # Errors
    /// If a worker cannot be started, or a build does not know how to time a cell for this.
    pub fn measure(&self, name: &CellName, budget: TwoBuildsBudget) -> Result<Result<Times, String>> {
        let pools = self.start.each_ref().map(|command| Pool { command, workers: 1, timeout: self.timeout });
        let job = Job::from(OwnJob::Time(name.clone(), budget.process));
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..budget.rounds {
            // Where a process has its memory decides about some per cent. Each round has new ones.
            let mut workers: [Option<Worker>; 2] = [None, None];
            let mut sums = [0.0; 2];
            let first = round % 2;
            for build in [first, 1 - first, 1 - first, first] {
                match told::<f64>(pools[build].answer(&mut workers[build], &job)?) {
                    Ok(time) => sums[build] += time,
                    Err(failure) if failure.contains("malformed job") => bail!(NotComparable(
                        "that revision's lab cannot time a cell for a comparison: it is older than `lab diff --paired`"
                            .to_owned()
                    )),
                    Err(failure) => {
                        let build = ["before", "after"][build];
                        return Ok(Err(format!("{build}: {failure}")));
                    }
                }
            }
            times.iter_mut().zip(sums).for_each(|(times, sum)| times.push(sum / 2.0));
        }
        let [before, after] = &mut times;
        let mut ratios: Vec<f64> = after.iter().zip(&*before).map(|(after, before)| after / before).collect();
        let ratio = interval(&mut ratios);
        Ok(Ok(Times { before: median(before), after: median(after), ratio }))
    }
}
