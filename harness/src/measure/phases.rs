//! What a cell costs outside its region, and on other inputs: work that is put off, remembered or prepared for the lab's
//! own inputs shows there.
//!
//! A digest reads every result. A structure that has done its work has nothing left to do when it is read, so the digest
//! costs the same a second time. A second run of the same region costs the same, too, unless something remembers the first
//! one. A second set-up costs what the first one did, and the drop of what was there before. A region on keys of another
//! seed costs about the same. And without a run there is no result. `lab run` and `lab verify --deep` look for all of it,
//! in one process for each cell.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use reports::CellName;
use reports::record::Afterwards;
use scenarios::Setup;
use scenarios::input::{SEED, mix};
use serde::{Deserialize, Serialize};
use worker::{Answer, Ran, Roster, Sending, count_part, instrument, settle};

use super::expectation::{self, Expectation};
use crate::roster::cell::Cell;

/// A part of a cell's life that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// The set-up.
    Arm,
    /// The region, which the instruction meter counts.
    Run,
    /// The digest behind it.
    Digest,
    /// The same digest again.
    DigestAgain,
    /// The next set-up, which drops the results, and the state if the region changed it.
    ArmAgain,
    /// Another run, as the time meter does many.
    RunAgain,
    /// The drop of the results; where the region changed the state, of that and the input, too.
    Drop,
    /// The region on an input of another seed.
    OtherSeed,
}

impl Phase {
    /// Every phase, in the order in which they are counted.
    pub const ALL: [Phase; 8] = [
        Phase::Arm,
        Phase::Run,
        Phase::Digest,
        Phase::DigestAgain,
        Phase::ArmAgain,
        Phase::RunAgain,
        Phase::Drop,
        Phase::OtherSeed,
    ];
}

/// The instructions of a cell's phases.
pub type Counts = BTreeMap<Phase, u64>;

/// The seed of the other input, where inputs usually come from this one.
pub fn other_seed(seed: Option<u64>) -> u64 {
    mix(seed.unwrap_or(SEED) ^ 0x07_4e12)
}

/// Counts the phases of a cell, one after the other: what was instrumented for one need not be translated again for the
/// next.
///
/// # Errors
/// If there is no such cell.
pub fn perform(roster: Roster<'_>, name: &CellName, send: &Sending<'_>) -> Result<Answer, String> {
    let mut case = roster.case(name)?;
    let mut other = roster.seeded_case(name, other_seed(roster.seed))?;
    let ran = Ran::before(&*case);
    send(&Answer::Ran(ran.clone()));
    instrument();
    let count = |part: &mut dyn FnMut()| {
        // Blocks that were given back must not make the first time of anything dearer than the second.
        settle();
        count_part(part);
    };
    // In the order of `Phase::ALL`.
    count(&mut || case.arm());
    count(&mut || case.run());
    count(&mut || _ = black_box(case.digest()));
    count(&mut || _ = black_box(case.digest()));
    count(&mut || case.arm());
    count(&mut || case.run());
    if case.setup() == Setup::Once {
        // What the set-up made is no work of the region's: the next set-up drops the results alone.
        count(&mut || case.arm());
        std::mem::forget(case);
    } else {
        let mut whole = Some(case);
        count(&mut || drop(whole.take()));
    }
    other.arm();
    count(&mut || other.run());
    // The process ends with its job.
    std::mem::forget(other);
    Ok(Answer::Ran(ran))
}

/// What a cell comes to on an input of another seed, and what it must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Otherwise {
    /// What it must come to.
    pub expected: Expectation,
    /// What it comes to.
    pub observed: Expectation,
}

/// Runs a cell on an input of another seed.
///
/// # Errors
/// If there is no such cell.
pub fn run_on_other(roster: Roster<'_>, name: &CellName, seed: u64) -> Result<Otherwise, String> {
    let roster = Roster { seed: Some(seed), ..roster };
    let expected = expectation::of(roster, name)?;
    let mut case = roster.case(name)?;
    case.arm();
    case.run();
    Ok(Otherwise { expected, observed: Expectation { ops: case.ops(), digest: case.digest() } })
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

/// The largest size whose phases are counted. Work that is put off or remembered shows at any size, and to set up, read and
/// drop a large cell takes long under Valgrind: with 1,000 it took three times as long as with 100.
const LARGEST: usize = 100;

/// The cells whose phases are counted: for each scenario of a contender one, the largest up to 100 entries, or the smallest
/// if there is none.
pub fn counted<'a>(cells: &[Cell<'a>]) -> Vec<Cell<'a>> {
    let mut chosen: BTreeMap<(String, &str), Cell<'a>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| !cell.is_concurrent()) {
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

/// What the record says of a cell's phases.
pub fn afterwards(counts: &Counts) -> Option<Afterwards> {
    Some(Afterwards { read: *counts.get(&Phase::Digest)?, drop: *counts.get(&Phase::Drop)? })
}

/// What the first time of anything may take beyond the second one.
const SLACK: u64 = 1_000;

/// How many instructions a first digest may take beyond the second one. Of the roster, those that only read take two more.
fn permitted(region: u64) -> u64 {
    SLACK + region / 50
}

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
    // A digest of `signals` writes once more, and so it has work of its own to do the first time. Nothing is known about
    // the digests of a stranger's bottleneck.
    let only_reads = expectation::is_known(cell) && cell.contender.bottleneck.name != "signals";
    let (first, second) = (of(Phase::Digest)?, of(Phase::DigestAgain)?);
    if only_reads && first.saturating_sub(second) > permitted(run) {
        return Some(format!(
            "puts work off: its region takes {run} instructions, and to read the results takes {first} the first time and \
             {second} the second time"
        ));
    }
    let (arm, drop, arm_again) = (of(Phase::Arm)?, of(Phase::Drop)?, of(Phase::ArmAgain)?);
    // An allocator that was used before is slower: of the roster, the second set-up takes up to 1.5 times as much.
    if arm_again > 2 * (arm + drop) + permitted(run) {
        return Some(format!(
            "puts work off: its region takes {run} instructions, its set-up {arm} the first time and {arm_again} the second \
             time, and to drop everything {drop}"
        ));
    }
    let again = of(Phase::RunAgain)?;
    // Of the roster, jsonpath_rust is the furthest from 1: its first run takes 1.05 of the second one.
    if run > SLACK + again + again / 4 {
        return Some(format!(
            "remembers what it did: its region takes {run} instructions the first time and {again} the second time"
        ));
    }
    let other = of(Phase::OtherSeed)?;
    // Of the roster, globset is the furthest from 1: on the other input its region takes 1.28 times as much.
    (other > SLACK + 2 * run).then(|| {
        format!(
            "recognises the lab's inputs: its region takes {run} instructions, and {other} on an input of the same kind from \
             another seed"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: u64 = 100_000;

    /// The changed phases, and a word of what is said of them, if anything is.
    type Judged<'a> = (&'a [(Phase, u64)], Option<&'a str>);

    /// The phases of an honest cell, but for what is changed.
    fn counts(changed: &[(Phase, u64)]) -> Counts {
        let honest = [
            (Phase::Arm, 50_000),
            (Phase::Run, RUN),
            (Phase::Digest, 20_000),
            (Phase::DigestAgain, 20_000),
            (Phase::ArmAgain, 55_000),
            (Phase::RunAgain, RUN),
            (Phase::Drop, 5_000),
            (Phase::OtherSeed, RUN),
        ];
        honest.into_iter().chain(changed.iter().copied()).collect()
    }

    #[test]
    fn each_kind_of_cheating_is_told_from_the_noise_beside_it() {
        let roster = crate::roster::roster();
        let cell = |bottleneck: &str| {
            let contender = roster.iter().find(|contender| contender.bottleneck.name == bottleneck).unwrap();
            Cell { contender, scenario: &contender.bottleneck.scenarios[0], size: 100 }
        };
        let cases: [Judged<'_>; 13] = [
            (&[], None),
            (&[(Phase::Run, 999)], Some("does not do the work")),
            (&[(Phase::Digest, 22_999)], None),
            (&[(Phase::Digest, 23_001)], Some("to read the results")),
            (&[(Phase::DigestAgain, 90_000)], None),
            (&[(Phase::ArmAgain, 112_000)], None),
            (&[(Phase::ArmAgain, 114_000)], Some("its set-up")),
            (&[(Phase::RunAgain, 80_000)], None),
            (&[(Phase::RunAgain, 79_000)], Some("remembers")),
            (&[(Phase::RunAgain, 900_000)], None),
            (&[(Phase::OtherSeed, 200_000)], None),
            (&[(Phase::OtherSeed, 202_000)], Some("recognises")),
            (&[(Phase::OtherSeed, 1)], None),
        ];
        for (changed, expected) in cases {
            let found = objection(&cell("persistent_map"), &counts(changed), 1000);
            let told =
                found.as_deref().is_some_and(|found| expected.is_some_and(|word| found.contains(word)));
            assert!(told || (found.is_none() && expected.is_none()), "{changed:?}: {found:?}");
        }
        // A digest of signals writes, and so the first one is dearer.
        assert_eq!(objection(&cell("signals"), &counts(&[(Phase::Digest, 90_000)]), 1000), None);
        // What was not counted says nothing.
        assert_eq!(objection(&cell("persistent_map"), &Counts::new(), 1000), None);
    }

    #[test]
    fn other_inputs_come_from_another_seed_than_the_usual_ones() {
        for seed in [None, Some(0), Some(1), Some(u64::MAX)] {
            assert_ne!(other_seed(seed), seed.unwrap_or(SEED));
        }
        assert_eq!(other_seed(None), other_seed(Some(SEED)));
    }
}
