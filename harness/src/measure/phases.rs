//! What a cell costs outside its region: work that is put off, or remembered, shows there.
//!
//! A digest reads every result. A structure that has done its work has nothing left to do when it is read, so the digest
//! costs the same a second time. A second run of the same region costs the same, too, unless something remembers the
//! first one. And without a run there is no result. `lab verify --deep` looks for all three.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use reports::CellName;
use scenarios::{Case, Observed, Setup};
use serde::{Deserialize, Serialize};
use worker::{Answer, Ran, Roster, Sending, count_and_exit, settle};

use super::expectation;
use crate::roster::cell::Cell;

/// Which part of a cell's life is counted. Each begins in a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// The region, which the instruction meter counts.
    Run,
    /// The digest behind it.
    Digest,
    /// The same digest again.
    DigestAgain,
    /// Another run, as the time meter does many.
    RunAgain,
}

/// Runs a cell up to a phase, and counts that. The process ends with it.
///
/// # Errors
/// If there is no such cell.
pub fn perform(
    roster: Roster<'_>,
    name: &CellName,
    phase: Phase,
    send: &Sending<'_>,
) -> Result<Answer, String> {
    let mut case = roster.case(name)?;
    case.arm();
    if phase != Phase::Run {
        case.run();
    }
    if phase == Phase::DigestAgain {
        black_box(case.digest());
    }
    if phase == Phase::RunAgain {
        case.arm();
    }
    // Blocks that were given back must not make the first run or the first digest dearer than the second.
    settle();
    send(&Answer::Ran(Ran::before(&*case)));
    match phase {
        Phase::Run | Phase::RunAgain => count_and_exit(&mut *case),
        Phase::Digest | Phase::DigestAgain => count_and_exit(&mut Digesting(&*case)),
    }
}

/// The digest of a cell that was set up and did not run. It cannot be taken from a bottleneck's own case: there are no
/// results yet. A contender's own case can have done the work before.
///
/// # Errors
/// If there is no such cell.
pub fn digest_without_run(roster: Roster<'_>, name: &CellName) -> Result<Option<u64>, String> {
    let mut case = roster.case(name)?;
    case.arm();
    Ok(catch_unwind(AssertUnwindSafe(|| case.digest())).ok())
}

/// A case whose region is another one's digest.
struct Digesting<'a>(&'a dyn Case);

impl Case for Digesting<'_> {
    fn ops(&self) -> u64 {
        self.0.ops()
    }

    fn setup(&self) -> Setup {
        self.0.setup()
    }

    fn arm(&mut self) {}

    fn run(&mut self) {
        black_box(self.0.digest());
    }

    fn digest(&self) -> u64 {
        self.0.digest()
    }

    fn expected(&self) -> u64 {
        self.0.expected()
    }

    fn observed(&self) -> Observed {
        self.0.observed()
    }
}

/// The largest size whose phases are counted. Work that is put off or remembered shows at any size, and a large cell's
/// digest takes long under Valgrind.
const LARGEST: usize = 1000;

/// The cells whose phases are counted: for each scenario of a contender one, the largest up to 1,000 entries, or the
/// smallest if there is none.
pub fn counted<'a>(cells: &[Cell<'a>]) -> Vec<Cell<'a>> {
    let mut chosen: BTreeMap<(String, &str), Cell<'a>> = BTreeMap::new();
    for cell in cells {
        let key = (cell.name().of_contender(), cell.scenario.name);
        let known = chosen.entry(key).or_insert(*cell);
        let rank = |cell: &Cell<'_>| match cell.size {
            size if size <= LARGEST => (1, size as i64),
            size => (0, -(size as i64)),
        };
        if rank(cell) > rank(known) {
            *known = *cell;
        }
    }
    chosen.into_values().collect()
}

/// The instructions of a cell's phases.
pub type Counts = BTreeMap<Phase, u64>;

/// Whether a digest takes enough, beside the region, to hold work that was put off.
pub fn is_suspicious(cell: &Cell<'_>, counts: &Counts) -> bool {
    let (run, digest) = (counts.get(&Phase::Run), counts.get(&Phase::Digest));
    // A digest of `signals` writes once more, and so it has work of its own to do the first time. Nothing is known about
    // the digests of a stranger's bottleneck.
    let only_reads = expectation::is_known(cell) && cell.contender.bottleneck.name != "signals";
    only_reads && run.zip(digest).is_some_and(|(run, digest)| *digest > permitted(*run))
}

/// How many instructions a first digest may take beyond the second one. No contender of the roster takes any.
fn permitted(region: u64) -> u64 {
    SLACK + region / 50
}

/// What the first time of anything may take beyond the second one.
const SLACK: u64 = 1_000;

/// What a contender is excluded for whose region does not do the work: in the lab's own bottlenecks an operation takes more
/// than one instruction. 2.7 is the least of the roster.
pub fn idle(cell: &Cell<'_>, instructions: u64, ops: u64) -> Option<String> {
    (instructions < ops && expectation::is_known(cell))
        .then(|| format!("{instructions} instructions for {ops} operations: its region does not do the work"))
}

/// What a contender is excluded for whose region of `ops` operations looks cheaper than it is.
pub fn objection(cell: &Cell<'_>, counts: &Counts, ops: u64) -> Option<String> {
    let of = |phase| counts.get(&phase).copied();
    let run = of(Phase::Run)?;
    if let Some(idle) = idle(cell, run, ops) {
        return Some(idle);
    }
    if let (Some(first), Some(second)) = (of(Phase::Digest), of(Phase::DigestAgain))
        && first.saturating_sub(second) > permitted(run)
    {
        return Some(format!(
            "puts work off: its region takes {run} instructions, and to read the results takes {first} the first time and \
             {second} the second time"
        ));
    }
    let again = of(Phase::RunAgain)?;
    // Of the roster, serde_json_path is the furthest from 1: its second run takes 0.90 of the first one.
    (run > SLACK + again + again / 4).then(|| {
        format!("remembers what it did: its region takes {run} instructions the first time and {again} the second time")
    })
}
