//! The exact meters: one cell, run once.

use std::hint::black_box;

use reports::CellName;
use reports::record::Measured;
use scenarios::input::{Key as _, draws, rng, shuffled};
use scenarios::{Case, Contender, Request, Scenario, Setup, case};

use crate::allocations::allocations;
use crate::instrument::{end_part, instrument};
use crate::protocol::{Answer, Extent, Job, Ran};
use crate::threads::{has_others, time_of_others};

/// What a worker can measure.
#[derive(Clone, Copy, Debug)]
pub struct Roster<'a> {
    /// The contenders.
    pub contenders: &'a [Contender],
    /// The content of the user's file that they are measured on, if any.
    pub input: Option<&'static [u8]>,
    /// The seed that their inputs come from, if it is not the lab's own.
    pub seed: Option<u64>,
}

impl<'a> Roster<'a> {
    /// The contender of a cell, and what to ask of it.
    ///
    /// # Errors
    /// If there is no such cell.
    pub fn find(self, name: &CellName) -> Result<(&'a Contender, Request), String> {
        let found = self.contenders.iter().find(|contender| {
            contender.bottleneck.name == name.bottleneck && contender.about.name == name.contender
        });
        let contender = found.ok_or_else(|| format!("{} is not on this roster", name.of_contender()))?;
        let bottleneck = contender.bottleneck;
        let named = |scenario: &&Scenario| scenario.name == name.scenario;
        let scenario = match self.input {
            Some(_) => bottleneck.own_scenarios().find(named),
            None => bottleneck.scenarios.iter().find(named),
        };
        let scenario = scenario.ok_or_else(|| format!("{name}: there is no such scenario"))?;
        let capabilities = contender.about.capabilities;
        let (scenario, size) = (scenario.name, name.size as usize);
        Ok((contender, Request { scenario, size, capabilities, input: self.input }))
    }

    /// The case of a cell.
    ///
    /// # Errors
    /// If there is no such cell.
    pub fn case(self, name: &CellName) -> Result<Box<dyn Case>, String> {
        if let Some(seed) = self.seed {
            return self.seeded_case(name, seed);
        }
        let (contender, request) = self.find(name)?;
        Ok((contender.set_up)(request))
    }

    /// The case of a cell whose input comes from another seed.
    ///
    /// # Errors
    /// If there is no such cell.
    pub fn seeded_case(self, name: &CellName, seed: u64) -> Result<Box<dyn Case>, String> {
        let (contender, request) = self.find(name)?;
        Ok(scenarios::seeded_case(seed, || (contender.set_up)(request)))
    }
}

/// The measured region. Callgrind starts to count where this function is entered and stops where it returns.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn lab_measured_region(case: &mut dyn Case) {
    case.run();
    // Keeps the call above from becoming a jump, which would leave the region's exit to the callee.
    black_box(());
}

/// Drops what the region left. Callgrind counts in this function as it does in the [region](lab_measured_region).
#[unsafe(no_mangle)]
#[inline(never)]
pub fn lab_measured_drop(case: &mut dyn Case) {
    case.let_go();
    // As above.
    black_box(());
}

/// Does a job of an exact meter; `None` if it is of another kind. `send` is for an answer that does not wait for
/// the end of the job.
pub fn perform(roster: Roster<'_>, job: &Job, send: &Sending<'_>) -> Option<Result<Answer, String>> {
    Some(match job {
        Job::Digest(name) => ran(roster, name, |case| {
            case.run();
            Ran::of(case, None)
        }),
        Job::Instructions(name, extent) => counted(roster, name, *extent, send),
        Job::Allocations(name, extent) => ran(roster, name, |case| {
            let mut found = allocations(|| case.run());
            let mut ran = Ran::of(case, None);
            if *extent == Extent::RegionAndDrop {
                found.drop_frees = allocations(|| case.let_go()).frees;
            }
            ran.measured = Some(Measured::Allocations(found));
            ran
        }),
        Job::Isa | Job::Other(_) => return None,
    })
}

/// Sends an answer.
pub type Sending<'a> = dyn Fn(&Answer) + Sync + 'a;

/// Runs a cell under Callgrind, as the last thing that the process does.
///
/// The answer is sent before the region, without a digest. The other exact jobs compare the digest.
fn counted(
    roster: Roster<'_>,
    name: &CellName,
    extent: Extent,
    send: &Sending<'_>,
) -> Result<Answer, String> {
    let mut case = roster.case(name)?;
    case.arm();
    send(&Answer::Ran(Ran::before(&*case)));
    count_and_exit(&mut *case, extent)
}

/// Does what comes before a region, for a cell of nobody: looks for one, sets it up, arms it and answers.
pub fn rehearse(roster: Roster<'_>, send: &Sending<'_>) {
    if let Some(last) = roster.contenders.last()
        && let Some(scenario) = last.bottleneck.scenarios.last()
    {
        let [bottleneck, scenario, contender] =
            [last.bottleneck.name, scenario.name, last.about.name].map(str::to_owned);
        let name = CellName { bottleneck, scenario, size: 1, contender };
        black_box(roster.find(&name).is_ok());
    }
    let ids = |size: &usize| {
        let mut rng = rng("rehearse", *size);
        let mut ids = shuffled(&mut rng, *size);
        ids.extend(draws(&mut rng, *size, *size));
        ids
    };
    let keys = move |size: &usize| ids(size).into_iter().map(String::from_id).collect::<Vec<_>>();
    let mut case = case(1, Setup::EveryRun, 100, keys, |_, keys| keys.clear(), |_, _, ()| 0, |_| 0);
    case.arm();
    send(&Answer::Ran(Ran::before(&*case)));
    case.run();
}

/// Runs a case in the measured region under Callgrind, and ends the process.
///
/// Behind the region Valgrind would have to translate all code again, because that in its store is instrumented: for most
/// cells this took as long as everything before. So an answer has to be sent before, and nothing comes behind but what is
/// counted, too. Then the region's counts are in the process's first profile, which ends in `.1`, and those of the drop in
/// its last one.
fn count_and_exit(case: &mut dyn Case, extent: Extent) -> ! {
    instrument();
    lab_measured_region(case);
    if extent == Extent::RegionAndDrop {
        end_part();
        lab_measured_drop(case);
    }
    // SAFETY: ends this process. What exit handlers would tidy is the parent's.
    unsafe { nix::libc::_exit(0) }
}

fn ran(
    roster: Roster<'_>,
    name: &CellName,
    measure: impl FnOnce(&mut dyn Case) -> Ran,
) -> Result<Answer, String> {
    let mut case = roster.case(name)?;
    case.arm();
    let mut ran = measure(&mut *case);
    let elsewhere = u64::try_from(time_of_others().as_nanos()).unwrap_or(u64::MAX);
    ran.elsewhere_ns = elsewhere.max(u64::from(has_others()));
    // The process ends with its job. To drop a large case under Valgrind would take as long as the region.
    std::mem::forget(case);
    Ok(Answer::Ran(ran))
}
