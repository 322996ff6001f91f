//! A run verifies contenders. Then it distributes their cells over workers, one meter after the other, and
//! collects the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use reports::record::{
    CellRecord, Failure, Machine, Measured, Measurements, Record, SCHEMA, Skip, SkipReason, Times,
    TrialFigure, TrialRecord, is_noisy,
};
use reports::{CellName, Identities, Meter};
use scenarios::Contender;
use worker::{Answer, Extent, Job, Ran};

use super::budget::TimeBudget;
use super::cache::Cache;
use super::expectation::{self, Expectation};
use super::journal::{Entry, Header, Journal};
use super::machine;
use super::meters::callgrind::Attributed;
use super::meters::calm::Calm;
use super::meters::clock;
use super::meters::concurrency;
use super::meters::instructions::{Callgrind, PRELOAD};
use super::meters::simulated::Simulation;
use super::meters::time::{self, Samples};
use super::meters::valgrind;
use super::paths;
use super::phases::{self, Counts, Otherwise, Phase};
use super::pool::Pool;
use super::programs::{Binaries, Options};
use super::protocol::{Finding, INPUT_OPTION, OwnJob, SEED_OPTION, WORKER_ARGUMENT, failure_of, told};
use super::statistics::median;
use super::surroundings::Program;
use crate::progress::Progress;
use crate::roster::cell::{Cell, Group, Roster, contenders_of, name_of};
use crate::roster::info;
use crate::roster::input::Input;
use crate::roster::selection::Profile;

/// The longest time for a job outside Valgrind, and for one inside. Only a contender that loops forever needs it.
pub const NATIVE_TIMEOUT: Duration = Duration::from_secs(120);
const CALLGRIND_TIMEOUT: Duration = Duration::from_secs(900);

/// What is known of a cell so far.
#[derive(Clone, Debug, Default)]
struct Known {
    ops: u64,
    digest: Option<u64>,
    /// What it must come to.
    expected: Option<Expectation>,
    measured: Measurements,
    observed: BTreeMap<String, f64>,
}

/// A run, and what it has found so far.
pub struct Run<'a> {
    roster: Roster<'a>,
    options: Options,
    /// How much of each cell exact meters count.
    extent: Extent,
    journal: Option<Journal>,
    progress: Progress,
    verified: BTreeSet<(String, String)>,
    /// The code that is measured, if it is known.
    identities: Option<Identities>,
    cache: Option<Cache>,
    cells: BTreeMap<CellName, Known>,
    /// What the processes of the time meter found of groups, with the process's number.
    timed: BTreeMap<Vec<CellName>, Vec<(usize, Samples)>>,
    /// What the concurrency meter found.
    trials: Vec<TrialRecord>,
    failures: Vec<Failure>,
    skipped: Vec<Skip>,
}

/// What to do about a check that a contender fails on purpose.
const KNOWN_FAILURES: &str = "note: a contender that promises less than its contract names the checks that it fails, with \
                              the reason, in `known_failures` of its `About`; it is measured then, and has a badge";

/// A cell whose region takes more instructions than this has its phases not counted, which would take minutes.
const LONG_REGION: u64 = 500_000_000;

/// How long a process of the time meter waits for calm.
const MOST_PATIENCE: Duration = Duration::from_secs(1);

impl<'a> Run<'a> {
    /// A run that keeps its results in memory.
    pub fn new(roster: Roster<'a>, options: Options) -> Self {
        Run {
            roster,
            options,
            extent: Extent::default(),
            journal: None,
            progress: Progress::default(),
            verified: BTreeSet::new(),
            identities: None,
            cache: None,
            cells: BTreeMap::new(),
            timed: BTreeMap::new(),
            trials: Vec::new(),
            failures: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// A run that writes its results to a journal, from which `entries` are already known.
    pub fn journaled(roster: Roster<'a>, options: Options, journal: Journal, entries: Vec<Entry>) -> Self {
        let mut run = Run::new(roster, options);
        for entry in entries {
            run.apply(entry);
        }
        run.journal = Some(journal);
        run
    }

    /// Says which code the run measures. With a cache, what was counted of this code before is not counted again.
    pub fn identify(&mut self, identities: Identities, cache: Option<Cache>) {
        self.identities = Some(identities);
        self.cache = cache;
    }

    /// Has exact meters count what it costs to drop what a region leaves, too. The cache has counts of such runs alone.
    pub fn count_drops(&mut self) {
        self.extent = Extent::RegionAndDrop;
    }

    /// Does not verify these contenders, `bottleneck/contender`, which passed every check with the same code before.
    pub fn trust(&mut self, contenders: &BTreeSet<String>) {
        for contender in self.roster.contenders {
            let name = name_of(contender);
            if contenders.contains(&name) {
                let checks = contender.bottleneck.checks.iter();
                self.verified.extend(checks.map(|check| (name.clone(), check.name.to_owned())));
            }
        }
    }

    /// What went wrong.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// What the meters found of a cell. A cell that failed has no findings.
    pub fn measured(&self, name: &CellName) -> Measurements {
        let known = self.cells.get(name).filter(|_| self.is_sound(name));
        known.map_or_else(Measurements::default, |known| known.measured.clone())
    }

    /// A cell's operations per region; 0 where it did not run.
    pub fn ops(&self, name: &CellName) -> u64 {
        self.cells.get(name).map_or(0, |known| known.ops)
    }

    /// Verifies the contenders of `cells`, then measures the cells with each of `meters`.
    ///
    /// A contender that is refuted is left out; a cell that fails is left out of the meters that
    /// follow. Either is among the [failures](Run::failures), not an error.
    ///
    /// # Errors
    /// If a worker cannot be started or a result cannot be written.
    pub fn measure(&mut self, cells: &[Cell<'_>], meters: &[Meter], profile: Profile) -> Result<()> {
        self.verify(&contenders_of(cells))?;
        let (concurrent, cells): (Vec<_>, Vec<_>) = cells.iter().copied().partition(Cell::is_concurrent);
        for meter in Meter::ALL.into_iter().filter(|meter| meters.contains(meter)) {
            match meter {
                Meter::Allocations => self.allocations(&cells)?,
                Meter::Instructions => self.instructions(&cells)?,
                Meter::Time => self.times(&cells, profile)?,
                Meter::Concurrency => self.trials(&concurrent, profile)?,
            }
        }
        Ok(())
    }

    /// Replays every check for every one of `contenders`.
    ///
    /// # Errors
    /// If a worker cannot be started or a result cannot be written.
    pub fn verify(&mut self, contenders: &[&Contender]) -> Result<()> {
        let mut jobs = Vec::new();
        for contender in contenders {
            for check in contender.bottleneck.checks {
                let name = name_of(contender);
                if !self.options.depth.replays(check) {
                    continue;
                }
                if self.verified.contains(&(name.clone(), check.name.to_owned())) || self.is_excluded(&name) {
                    continue;
                }
                let job = OwnJob::Verify {
                    bottleneck: contender.bottleneck.name.to_owned(),
                    contender: contender.about.name.to_owned(),
                    check: check.name.to_owned(),
                    depth: self.options.depth,
                };
                jobs.push(((*contender, check), Job::from(job)));
            }
        }
        // Long checks come first, so that the workers end together.
        jobs.sort_by_key(|((_, check), _)| std::cmp::Reverse(check.steps));
        let failed_before = self.failures.len();
        self.pooled("verify", "checks", &jobs, self.native_pool(), |run, (contender, check), answer| {
            let name = name_of(contender);
            let known = contender.about.known_failures.iter().find(|known| known.check == check.name);
            let (message, trace) = match told(answer) {
                Ok(Finding::Verified) => {
                    if known.is_some() {
                        run.progress.say(&format!(
                            "note: {name} passes check `{}`, which it declares it is known to fail",
                            check.name
                        ));
                    }
                    return run.add(Entry::Verified { contender: name, check: check.name.to_owned() });
                }
                Ok(Finding::Refuted { message, trace }) => (message, trace),
                Err(failure) => (format!("check `{}`: {failure}", check.name), Vec::new()),
            };
            if known.is_some() {
                return run.add(Entry::Verified { contender: name, check: check.name.to_owned() });
            }
            let message = paths::in_message(&message);
            run.progress.say(&format!("{name} is excluded: {message}"));
            run.add(Entry::Failed(Failure { subject: name, phase: "verify".to_owned(), message, trace }))
        })?;
        if self.failures.len() > failed_before {
            self.progress.say(KNOWN_FAILURES);
        }
        Ok(())
    }

    /// Finds out which cells about the user's file can be measured. Those that cannot, although nothing fails, are skipped;
    /// the others are compared with the oracle at every step.
    ///
    /// # Errors
    /// If a worker cannot be started or a result cannot be written.
    pub fn fit(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        self.verify(&contenders_of(cells))?;
        self.skip_unfit(cells)?;
        self.compare(cells)
    }

    /// Asks which cells about the user's file cannot be measured, although nothing fails: they are skipped.
    fn skip_unfit(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let jobs = self.jobs(cells, |_, _| true, |name| OwnJob::Unfit(name).into());
        self.pooled("fit", "cells", &jobs, self.native_pool(), |run, name, answer| {
            match told::<Option<(SkipReason, String)>>(answer) {
                Ok(None) => Ok(()),
                Ok(Some((reason, message))) => {
                    run.add(Entry::Skipped(Skip { subject: name.to_string(), reason, message }))
                }
                Err(failure) => run.fail(name.to_string(), "verify", failure),
            }
        })
    }

    /// Replays cells about the user's file beside the oracle, which has to agree at every step.
    fn compare(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let check = |name: &CellName| format!("{}/{}", name.scenario, name.size);
        let pending =
            |run: &Self, name: &CellName| !run.verified.contains(&(name.of_contender(), check(name)));
        let jobs = self.jobs(cells, pending, |name| OwnJob::Compare(name).into());
        self.pooled("compare", "cells", &jobs, self.native_pool(), |run, name, answer| {
            let (message, trace) = match told(answer) {
                Ok(Finding::Verified) => {
                    let contender = name.of_contender();
                    return run.add(Entry::Verified { contender, check: check(name) });
                }
                Ok(Finding::Refuted { message, trace }) => (message, trace),
                Err(failure) => return run.fail(name.to_string(), "verify", failure),
            };
            let (subject, message) = (name.of_contender(), paths::in_message(&format!("{name}: {message}")));
            run.progress.say(&format!("{subject} is excluded: {message}"));
            run.add(Entry::Failed(Failure { subject, phase: "verify".to_owned(), message, trace }))
        })
    }

    /// Computes what cells must come to, once for all cells that come to the same.
    fn expectations(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let mut alike: BTreeMap<expectation::Key, Vec<CellName>> = BTreeMap::new();
        for cell in cells {
            let name = cell.name();
            let known = self.cells.get(&name).is_some_and(|known| known.expected.is_some());
            if !known && self.is_sound(&name) {
                alike.entry(expectation::key(cell)).or_default().push(name);
            }
        }
        let mut jobs: Vec<_> = alike
            .into_values()
            .map(|names| (names.clone(), OwnJob::Expect(names[0].clone()).into()))
            .collect();
        jobs.sort_by_key(|(names, _)| std::cmp::Reverse(names[0].size));
        self.pooled("expected", "digests", &jobs, self.native_pool(), |run, names, answer| {
            match told(answer) {
                Ok(expected) => run.add(Entry::Expected { cells: names.clone(), expected }),
                // A cell that nothing is expected of cannot be verified, and is not measured.
                Err(failure) => names.iter().try_for_each(|name| {
                    run.fail(name.to_string(), "verify", format!("the oracle: {failure}"))
                }),
            }
        })
    }

    /// Runs cells whose digest no meter has compared with the oracle's yet.
    ///
    /// # Errors
    /// If a worker cannot be started or a result cannot be written.
    pub fn digests(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        self.expectations(cells)?;
        let pending =
            |run: &Self, name: &CellName| run.cells.get(name).is_none_or(|known| known.digest.is_none());
        let jobs = self.jobs(cells, pending, Job::Digest);
        self.pooled("digests", "cells", &jobs, self.native_pool(), |run, name, answer| {
            run.collect(name, None, answer, |_| Ok(None))
        })
    }

    /// Looks for work outside the regions of cells and for regions made for the lab's own inputs, and excludes the
    /// contenders that do the work before, put it off, remember it or recognise it.
    /// `is_told` says whether it was said already why instructions cannot be counted.
    ///
    /// # Errors
    /// If a worker cannot be started or a result cannot be written.
    pub fn phases(&mut self, cells: &[Cell<'_>], is_told: bool) -> Result<()> {
        let lacks = |run: &Self, name: &CellName| {
            run.is_sound(name) && run.cells.get(name).is_none_or(|known| known.measured.afterwards.is_none())
        };
        let mut cells = phases::counted(cells);
        cells.retain(|cell| lacks(self, &cell.name()));
        let all = cells.len();
        cells.retain(|cell| {
            let known = self.cells.get(&cell.name());
            known.and_then(|known| known.measured.instructions).is_none_or(|region| region <= LONG_REGION)
        });
        if cells.len() < all {
            self.progress.say(&format!(
                "note: what comes after the region is not counted for {} cells of more than {LONG_REGION} instructions",
                all - cells.len()
            ));
        }
        let mut counts: BTreeMap<CellName, Counts> = BTreeMap::new();
        if let Some(cache) = &mut self.cache {
            let names = cells.iter().map(Cell::name);
            counts.extend(names.filter_map(|name| cache.phases(&name).map(|counts| (name, counts))));
        }
        let others: Vec<_> =
            cells.iter().copied().filter(|cell| !counts.contains_key(&cell.name())).collect();
        self.taken_from_cache("phases", cells.len() - others.len(), cells.len());
        self.without_run(&others)?;
        self.otherwise(&others, &[phases::other_seed(self.roster.seed)])?;
        if let Some(why) = valgrind::off(&self.options.binaries) {
            let note = "note: work that is put off or remembered is not looked for";
            self.progress.say(&if is_told { note.to_owned() } else { format!("{note}: {why}") });
            return Ok(());
        }
        let counted = self.count_phases(&others)?;
        for cell in &cells {
            let name = cell.name();
            let known = counts.get(&name);
            let Some(counts) = known.or_else(|| counted.get(&name)) else { continue };
            if let Some(objection) = phases::objection(cell, counts, self.ops(&name)) {
                self.exclude(&name, &objection)?;
                continue;
            }
            if known.is_none() {
                self.keep_in_cache(|cache| cache.add_phases(&name, counts));
            }
            if let Some(afterwards) = phases::afterwards(counts) {
                self.add(Entry::Measured { cell: name, measured: Measured::Afterwards(afterwards) })?;
            }
        }
        Ok(())
    }

    /// Excludes the contenders of cells whose results are there before the region has run.
    fn without_run(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let known: Vec<_> = cells.iter().copied().filter(expectation::is_known).collect();
        let jobs = self.jobs(&known, |_, _| true, |name| OwnJob::Skip(name).into());
        self.object("skipped", "regions", jobs, |run, name, answer| {
            let digest = told::<Option<u64>>(answer).ok().flatten();
            let expected = run.cells.get(name).and_then(|known| known.expected);
            let is_known = digest.is_some() && digest == expected.map(|expected| expected.digest);
            is_known.then(|| (name.clone(), "has its results before its region has run".to_owned()))
        })
    }

    /// Excludes the contenders against whose cells something speaks, which `objection` takes from a job's answer. Of several
    /// objections against a contender that of the first job is told, whichever worker is faster.
    fn object<T: Send + Sync>(
        &mut self,
        phase: &str,
        unit: &str,
        jobs: Vec<(T, Job)>,
        mut objection: impl FnMut(&Self, &T, Answer) -> Option<(CellName, String)> + Send,
    ) -> Result<()> {
        let jobs: Vec<_> = jobs.into_iter().enumerate().map(|(at, (tag, job))| ((at, tag), job)).collect();
        let mut objections = BTreeMap::new();
        self.pooled(phase, unit, &jobs, self.native_pool(), |run, (at, tag), answer| {
            objections.extend(objection(run, tag, answer).map(|found| (*at, found)));
            Ok(())
        })?;
        objections.values().try_for_each(|(name, message)| self.exclude(name, message))
    }

    /// Runs one cell of each scenario and contender on inputs of these seeds, and compares what it comes to.
    ///
    /// # Errors
    /// If a worker cannot be started or a result cannot be written.
    pub fn on_other_inputs(&mut self, cells: &[Cell<'_>], seeds: &[u64]) -> Result<()> {
        self.otherwise(&phases::counted(cells), seeds)
    }

    fn otherwise(&mut self, cells: &[Cell<'_>], seeds: &[u64]) -> Result<()> {
        let mut jobs = Vec::new();
        for seed in seeds {
            let of_seed = self.jobs(cells, |_, _| true, |name| OwnJob::Otherwise(name, *seed).into());
            jobs.extend(of_seed.into_iter().map(|(name, job)| ((name, *seed), job)));
        }
        self.object("other inputs", "cells", jobs, |_, (name, seed), answer| {
            let objection = match told::<Otherwise>(answer) {
                Ok(found) => difference(found.observed, found.expected)?,
                Err(failure) => failure,
            };
            Some((name.clone(), format!("on the input of seed {seed}: {objection}")))
        })
    }

    /// Counts the phases of cells.
    fn count_phases(&mut self, cells: &[Cell<'_>]) -> Result<BTreeMap<CellName, Counts>> {
        let mut counts = BTreeMap::new();
        let jobs = self.jobs(cells, |_, _| true, |name| OwnJob::Phases(name).into());
        let binary = self.options.binaries.lab.clone();
        let callgrind = Callgrind::new(&binary, self.roster.input)?.seeded(self.roster.seed);
        let pool = self.callgrind_pool(&callgrind);
        self.pooled("phases", "cells", &jobs, pool, |run, name, answer| match answer {
            Answer::Ran(ran) => {
                let found = callgrind.take_parts(ran.pid, Phase::ALL.len());
                let found = found.with_context(|| format!("cannot count the phases of {name}"))?;
                counts.insert(name.clone(), Phase::ALL.into_iter().zip(found).collect());
                Ok(())
            }
            other => run.fail(name.to_string(), "verify", failure_of(other)),
        })?;
        Ok(counts)
    }

    fn allocations(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        if let Some(why) = off(Meter::Allocations, &self.options.binaries) {
            self.progress.say(&format!("note: {why}"));
            return Ok(());
        }
        self.expectations(cells)?;
        let extent = self.extent;
        let job = |name| Job::Allocations(name, extent);
        let jobs = self.jobs(cells, Run::lacks(Meter::Allocations), job);
        let jobs = self.not_cached(jobs, Meter::Allocations)?;
        let pool = self.pool_of(&self.options.binaries.allocations);
        self.pooled("allocations", "cells", &jobs, pool, |run, name, answer| {
            run.collect(name, Some(Meter::Allocations), answer, |_| Ok(None))
        })
    }

    fn instructions(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        if let Some(why) = valgrind::off(&self.options.binaries) {
            self.progress.say(&format!("note: {why}"));
            return Ok(());
        }
        self.digests(cells)?;
        let extent = self.extent;
        let job = |name| Job::Instructions(name, extent);
        let jobs = self.jobs(cells, Run::lacks(Meter::Instructions), job);
        let jobs = self.not_cached(jobs, Meter::Instructions)?;
        let binary = self.options.binaries.lab.clone();
        let callgrind = Callgrind::new(&binary, self.roster.input)?.seeded(self.roster.seed);
        let pool = self.callgrind_pool(&callgrind);
        self.pooled("instructions", "cells", &jobs, pool, |run, name, answer| {
            run.collect(name, Some(Meter::Instructions), answer, |ran| {
                callgrind.take_counts(ran.pid, extent).map(Some)
            })
        })
    }

    /// Takes what the cache has of the jobs' cells, and returns the other jobs.
    fn not_cached(&mut self, jobs: Vec<(CellName, Job)>, meter: Meter) -> Result<Vec<(CellName, Job)>> {
        // While it is away, nothing is added to it.
        let Some(mut cache) = self.cache.take() else { return Ok(jobs) };
        let mut others = Vec::new();
        let all = jobs.len();
        for (name, job) in jobs {
            match cache.get(&name, meter) {
                Some(ran) => self.collect(&name, Some(meter), Answer::Ran(ran), |_| Ok(None))?,
                None => others.push((name, job)),
            }
        }
        self.cache = Some(cache);
        self.taken_from_cache(meter.as_str(), all - others.len(), all);
        Ok(others)
    }

    fn taken_from_cache(&self, phase: &str, taken: usize, all: usize) {
        if taken > 0 {
            self.progress
                .say(&format!("{phase:>13} {taken} of {all} cells from the cache (`--fresh` measures them)"));
        }
    }

    /// Adds something to the cache. The run needs no cache: if this fails, it goes on, and says so once.
    fn keep_in_cache(&mut self, add: impl FnOnce(&mut Cache) -> Result<()>) {
        if let Some(cache) = &mut self.cache
            && let Err(error) = add(cache)
        {
            self.progress.say(&format!("note: nothing more goes into the cache: {error:#}"));
            self.cache = None;
        }
    }

    /// Measures cells' instructions by function.
    ///
    /// # Errors
    /// If Valgrind is missing, a worker cannot be started, or a cell fails.
    pub fn functions(&mut self, cells: &[Cell<'_>]) -> Result<BTreeMap<CellName, (u64, Attributed)>> {
        let binary = self.options.binaries.lab.clone();
        let callgrind = Callgrind::new(&binary, self.roster.input)?.seeded(self.roster.seed);
        self.profiles("functions", cells, &callgrind, Callgrind::take_functions)
    }

    /// Simulates caches and branch predictors in cells, by function.
    ///
    /// # Errors
    /// If Valgrind is missing, a worker cannot be started, or a cell fails.
    pub fn simulations(&mut self, cells: &[Cell<'_>]) -> Result<BTreeMap<CellName, Simulation>> {
        let binary = self.options.binaries.lab.clone();
        let callgrind = Callgrind::new(&binary, self.roster.input)?.seeded(self.roster.seed).simulating();
        self.profiles("simulated", cells, &callgrind, Callgrind::take_simulation)
    }

    /// Counts the instructions of cells with another program. Before that the program runs them outside Valgrind, and they must
    /// come to what they came to here.
    ///
    /// Returns the counts, and of the cells without one the reason.
    ///
    /// # Errors
    /// If a worker cannot be started, or the cells were not run here before.
    pub fn counts_with(
        &mut self,
        cells: &[Cell<'_>],
        program: &Program,
    ) -> Result<(BTreeMap<CellName, u64>, BTreeMap<CellName, String>)> {
        let (mut counts, mut failures) = (BTreeMap::new(), BTreeMap::new());
        let Program { binary, preload, .. } = program;
        let pool = OwnedPool {
            command: Box::new(|| {
                let mut command = native_worker(binary, None);
                command.envs(preload.iter().map(|library| (PRELOAD, library)));
                command
            }),
            ..self.native_pool()
        };
        let jobs: Vec<_> =
            cells.iter().map(Cell::name).map(|name| (name.clone(), Job::Digest(name))).collect();
        self.pooled("verify", "cells", &jobs, pool, |run, name, answer| {
            let Answer::Ran(Ran { ops, digest: Some(digest), .. }) = answer else {
                failures.insert(name.clone(), failure_of(answer));
                return Ok(());
            };
            let known = run.cells.get(name).and_then(|known| known.expected);
            let expected = known.with_context(|| format!("{name} ran before the oracle"))?;
            failures.extend(difference(Expectation { ops, digest }, expected).map(|why| (name.clone(), why)));
            Ok(())
        })?;
        let callgrind = Callgrind::new(binary, None)?.preloading(preload.as_deref());
        let job = |name: CellName| (name.clone(), Job::Instructions(name, Extent::Region));
        let jobs: Vec<_> =
            cells.iter().map(Cell::name).filter(|name| !failures.contains_key(name)).map(job).collect();
        let pool = self.callgrind_pool(&callgrind);
        self.pooled(Meter::Instructions.as_str(), "cells", &jobs, pool, |_, name, answer| {
            let counted = match answer {
                Answer::Ran(ran) => match callgrind.take_counts(ran.pid, Extent::Region) {
                    Ok(Measured::Instructions { instructions, .. }) if instructions > 0 => Ok(instructions),
                    Ok(_) => Err("its region is not in the program's profile".to_owned()),
                    Err(error) => Err(format!("{error:#}")),
                },
                other => Err(failure_of(other)),
            };
            match counted {
                Ok(count) => drop(counts.insert(name.clone(), count)),
                Err(why) => drop(failures.insert(name.clone(), why)),
            }
            Ok(())
        })?;
        Ok((counts, failures))
    }

    /// Runs cells under Callgrind, and takes what `take` finds in the profile of each.
    fn profiles<'c, T: Send>(
        &mut self,
        phase: &str,
        cells: &[Cell<'_>],
        callgrind: &Callgrind<'c>,
        take: fn(&Callgrind<'c>, u32) -> Result<T>,
    ) -> Result<BTreeMap<CellName, T>> {
        let job = |name: CellName| (name.clone(), Job::Instructions(name, Extent::Region));
        let jobs: Vec<(CellName, Job)> = cells.iter().map(|cell| job(cell.name())).collect();
        let pool = self.callgrind_pool(callgrind);
        let mut found = BTreeMap::new();
        self.pooled(phase, "cells", &jobs, pool, |_, name, answer| match answer {
            Answer::Ran(ran) => {
                found.insert(name.clone(), take(callgrind, ran.pid)?);
                Ok(())
            }
            other => anyhow::bail!("{name}: {}", failure_of(other)),
        })?;
        Ok(found)
    }

    /// Runs trials of several threads or processes, one after the other.
    fn trials(&mut self, cells: &[Cell<'_>], profile: Profile) -> Result<()> {
        let trials = concurrency::trials(profile);
        let is_pending = |run: &Self, name: &CellName| !run.trials.iter().any(|known| known.name == *name);
        let mut jobs = self.jobs(cells, is_pending, |name| OwnJob::Trials(name, trials).into());
        // Contenders that are compared follow each other, so that they meet the machine in the same state.
        jobs.sort_by(|(left, _), (right, _)| left.cmp(right));
        let pool = OwnedPool { workers: 1, ..self.native_pool() };
        self.pooled(Meter::Concurrency.as_str(), "trials", &jobs, pool, |run, name, answer| {
            match told::<Vec<TrialFigure>>(answer) {
                Ok(figures) => run.add(Entry::Tried(TrialRecord { name: name.clone(), figures })),
                Err(failure) => run.fail(name.to_string(), Meter::Concurrency.as_str(), failure),
            }
        })
    }

    /// Times the cells.
    fn times(&mut self, cells: &[Cell<'_>], profile: Profile) -> Result<()> {
        if let Some(why) = clock::too_coarse() {
            self.progress.say(&format!("note: {why}"));
            return Ok(());
        }
        self.digests(cells)?;
        let budget = TimeBudget::of(profile);
        let groups = self.timed_groups(cells);
        self.time_groups(&groups, budget)?;
        let mut noisy = 0;
        for names in groups {
            let reference = (names.len() > 1).then(|| names[0].contender.as_str());
            for (at, cell) in names.iter().enumerate() {
                let Some(times) = self.times_of(&names, at, budget, reference) else { break };
                noisy += usize::from(is_noisy(times.disturbed));
                self.add(Entry::Measured { cell: cell.clone(), measured: Measured::Times(Box::new(times)) })?;
            }
        }
        if noisy > 0 {
            self.progress.say(&format!(
                "note: somebody else used the core while {noisy} cells were timed; their times are marked as noisy"
            ));
        }
        Ok(())
    }

    /// Times the second cell of each of these groups against the first one, without verifying either; `None` where one
    /// failed.
    ///
    /// # Errors
    /// If a worker cannot be started or a result cannot be written.
    pub fn second_to_first(
        &mut self,
        groups: &[Vec<CellName>],
        profile: Profile,
    ) -> Result<Vec<Option<Times>>> {
        let budget = TimeBudget::of(profile);
        self.time_groups(groups, budget)?;
        let second = |names: &Vec<CellName>| self.times_of(names, 1, budget, Some(&names[0].contender));
        Ok(groups.iter().map(second).collect())
    }

    /// Times cells, group by group. Several processes time each group, and between two of them lie those of all the
    /// other groups: a few bad seconds of the machine fall on one of a group's processes and not on all.
    fn time_groups(&mut self, groups: &[Vec<CellName>], budget: TimeBudget) -> Result<()> {
        let lacking = |run: &Self, process: usize| -> Vec<Vec<CellName>> {
            groups.iter().filter(|cells| run.lacks_time(cells, budget, process)).cloned().collect()
        };
        // A run that goes on may lack its spare processes alone.
        if (0..budget.processes + budget.spare).all(|process| lacking(self, process).is_empty()) {
            return Ok(());
        }
        let all: usize = (0..budget.processes).map(|process| lacking(self, process).len()).sum();
        self.progress.begin("time", all);
        let of_process = budget.patience_of_process(groups.iter().map(Vec::len).sum());
        let mut patience = Duration::ZERO;
        for process in 0..budget.processes + budget.spare {
            // What is left over is there for those that follow.
            patience += of_process;
            let level = self.calm_level();
            let lacking = lacking(self, process);
            // Where most groups were disturbed, the machine is busy all along, and one more process finds no calm.
            if process >= budget.processes && 2 * lacking.len() > groups.len() {
                break;
            }
            let (binary, roster) = (self.options.binaries.lab.clone(), self.roster);
            let command = || with_seed(time_worker(&binary, roster.input), roster.seed);
            let timeout = self.options.timeout.unwrap_or(NATIVE_TIMEOUT);
            let pool = Pool { command: &command, workers: 1, timeout };
            if process >= budget.processes {
                self.progress.more(lacking.len());
            }
            // A new worker, whose code and data lie elsewhere.
            let mut worker = None;
            for cells in lacking {
                let of_group = patience.min(MOST_PATIENCE);
                let job = OwnJob::Times { cells: cells.clone(), budget, process, level, patience: of_group };
                let answer = pool.answer(&mut worker, &job.into())?;
                self.progress.step("");
                match told::<Samples>(answer) {
                    Ok(samples) => {
                        patience = patience.saturating_sub(samples.waited);
                        self.add(Entry::Timed { cells, process, samples })?;
                    }
                    Err(failure) => self.fail(cells[0].of_group(), Meter::Time.as_str(), failure)?,
                }
            }
        }
        self.progress.end("processes");
        Ok(())
    }

    /// What was found of the cell at this place in a group; `None` if the group failed.
    fn times_of(
        &self,
        names: &[CellName],
        at: usize,
        budget: TimeBudget,
        reference: Option<&str>,
    ) -> Option<Times> {
        if self.has_failed(&names[0].of_group()) {
            return None;
        }
        let timed: Vec<&Samples> = self.timed.get(names)?.iter().map(|(_, samples)| samples).collect();
        Some(time::conclude(&timed, at, budget.processes, reference))
    }

    /// What a loop of the watch takes in calm, in nanoseconds, as most processes of the time meter know it.
    fn calm_level(&self) -> f64 {
        let samples = self.timed.values().flatten();
        let mut levels: Vec<f64> = samples.map(|(_, samples)| samples.level).collect();
        let here = Calm::new(None).own_level();
        if levels.is_empty() { here } else { here.min(median(&mut levels)) }
    }

    /// The cells whose times are lacking, with those of their groups; the reference comes first.
    pub(crate) fn timed_groups(&self, cells: &[Cell<'_>]) -> Vec<Vec<CellName>> {
        let mut groups: BTreeMap<Group, Vec<Cell<'_>>> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| self.is_sound(&cell.name())) {
            groups.entry(cell.group()).or_default().push(*cell);
        }
        let lacks = Run::lacks(Meter::Time);
        let groups = groups.into_values().filter(|group| group.iter().any(|cell| lacks(self, &cell.name())));
        let names = groups.map(|mut group| {
            let reference = group[0].contender.bottleneck.reference;
            // The first cell of the group takes the place of a reference that failed or is not selected.
            group.sort_by_key(|cell| cell.contender.about.name != reference);
            group.iter().map(Cell::name).collect()
        });
        names.collect()
    }

    /// Whether this process has still to time the group. The spare ones do so where others were disturbed.
    fn lacks_time(&self, names: &[CellName], budget: TimeBudget, process: usize) -> bool {
        let timed = self.timed.get(names).map_or(&[][..], |timed| &timed[..]);
        let counted = |calm: bool| -> usize {
            let counted = timed.iter().filter(|(_, samples)| !calm || !is_noisy(samples.disturbed));
            counted.map(|(_, samples)| samples.cells[0].len()).sum()
        };
        let is_enough = counted(process >= budget.processes) >= budget.processes;
        let known = timed.iter().any(|(known, _)| *known == process);
        !known && !is_enough && !self.has_failed(&names[0].of_group())
    }

    fn has_failed(&self, subject: &str) -> bool {
        self.failures.iter().any(|failure| failure.subject == subject)
    }

    /// The jobs of the sound cells that still need one. Large cells come first, so that the workers end together.
    fn jobs(
        &self,
        cells: &[Cell<'_>],
        pending: impl Fn(&Self, &CellName) -> bool,
        job: impl Fn(CellName) -> Job,
    ) -> Vec<(CellName, Job)> {
        let names = cells.iter().map(Cell::name);
        let names = names.filter(|name| self.is_sound(name) && pending(self, name));
        let mut jobs: Vec<_> = names.map(|name| (name.clone(), job(name))).collect();
        jobs.sort_by_key(|(name, _)| std::cmp::Reverse(name.size));
        if self.options.reversed {
            jobs.reverse();
        }
        jobs
    }

    /// Tells cells of which a meter has found nothing yet.
    fn lacks(meter: Meter) -> impl Fn(&Self, &CellName) -> bool {
        move |run, name| run.cells.get(name).is_none_or(|known| !known.measured.has(meter))
    }

    fn native_pool(&self) -> OwnedPool<'a> {
        self.pool_of(&self.options.binaries.lab)
    }

    fn pool_of(&self, binary: &Path) -> OwnedPool<'a> {
        let (binary, roster) = (binary.to_owned(), self.roster);
        OwnedPool {
            command: Box::new(move || with_seed(native_worker(&binary, roster.input), roster.seed)),
            workers: self.options.workers,
            timeout: self.options.timeout.unwrap_or(NATIVE_TIMEOUT),
        }
    }

    fn callgrind_pool<'c>(&self, callgrind: &'c Callgrind) -> OwnedPool<'c> {
        OwnedPool {
            command: Box::new(move || callgrind.command()),
            workers: self.options.workers,
            timeout: self.options.timeout.unwrap_or(CALLGRIND_TIMEOUT),
        }
    }

    /// Runs jobs over a pool, with progress.
    fn pooled<T: Send + Sync>(
        &mut self,
        phase: &str,
        unit: &str,
        jobs: &[(T, Job)],
        pool: OwnedPool<'_>,
        mut done: impl FnMut(&mut Self, &T, Answer) -> Result<()> + Send,
    ) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        self.progress.begin(phase, jobs.len());
        let OwnedPool { command, workers, timeout } = pool;
        let run = &mut *self;
        Pool { command: &*command, workers, timeout }.run(jobs, |tag, answer| {
            run.progress.step("");
            done(run, tag, answer)
        })?;
        self.progress.end(unit);
        Ok(())
    }

    /// Takes a meter's answer about a cell. If the cell did not come to what it must, the contender is excluded.
    fn collect(
        &mut self,
        name: &CellName,
        meter: Option<Meter>,
        answer: Answer,
        counted: impl FnOnce(&Ran) -> Result<Option<Measured>>,
    ) -> Result<()> {
        let phase = meter.map_or("verify", Meter::as_str);
        let mut ran = match answer {
            Answer::Ran(ran) => ran,
            other => return self.fail(name.to_string(), phase, failure_of(other)),
        };
        if ran.ops == 0 {
            return self.fail(name.to_string(), phase, "its region has 0 operations".to_owned());
        }
        let known = self.cells.get(name).and_then(|known| known.expected);
        let expected = known.with_context(|| format!("{name} ran before the oracle"))?;
        if ran.elsewhere_ns > 0 {
            let message = format!(
                "works on threads of its own, which no meter watches: {} µs there",
                ran.elsewhere_ns.div_ceil(1000)
            );
            return self.exclude(name, &message);
        }
        let observed = Expectation { ops: ran.ops, digest: ran.digest.unwrap_or(expected.digest) };
        if let Some(difference) = difference(observed, expected) {
            return self.exclude(name, &difference);
        }
        // The cell ran. If its profile is missing, the environment is at fault: a full disk, for example.
        if let Some(measured) = counted(&ran).with_context(|| format!("cannot count {name}"))? {
            if let Measured::Instructions { instructions, .. } = measured
                && let Some(objection) = phases::idle(&self.roster.find(name)?, instructions, ran.ops)
            {
                return self.exclude(name, &objection);
            }
            ran.measured = Some(measured);
        }
        if let Some(meter) = meter {
            self.keep_in_cache(|cache| cache.add(name, meter, &ran));
        }
        self.add(Entry::Ran { cell: name.clone(), ran })
    }

    /// Excludes the contender of a cell that did not do what it was asked for. One cell is enough, and is named.
    fn exclude(&mut self, name: &CellName, message: &str) -> Result<()> {
        let subject = name.of_contender();
        if self.is_excluded(&subject) {
            return Ok(());
        }
        self.fail(subject, "verify", format!("{name}: {message}"))
    }

    fn fail(&mut self, subject: String, phase: &str, message: String) -> Result<()> {
        let message = paths::in_message(&message);
        self.progress.say(&format!("{subject} failed ({phase}): {message}"));
        self.add(Entry::Failed(Failure { subject, phase: phase.to_owned(), message, trace: Vec::new() }))
    }

    fn add(&mut self, entry: Entry) -> Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.add(&entry)?;
        }
        self.apply(entry);
        Ok(())
    }

    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Verified { contender, check } => drop(self.verified.insert((contender, check))),
            Entry::Failed(failure) => self.failures.push(failure),
            Entry::Skipped(skip) => self.skipped.push(skip),
            Entry::Expected { cells, expected } => {
                for cell in cells {
                    self.cells.entry(cell).or_default().expected = Some(expected);
                }
            }
            Entry::Ran { cell, ran } => {
                let Ran { ops, digest, measured, observed, .. } = ran;
                let known = self.cells.entry(cell).or_default();
                known.ops = ops;
                if digest.is_some() {
                    (known.digest, known.observed) = (digest, observed);
                }
                if let Some(measured) = measured {
                    known.measured.add(measured);
                }
            }
            Entry::Timed { cells, process, samples } => {
                self.timed.entry(cells).or_default().push((process, samples));
            }
            Entry::Tried(trial) => self.trials.push(trial),
            Entry::Measured { cell, measured } => self.cells.entry(cell).or_default().measured.add(measured),
        }
    }

    fn is_excluded(&self, contender: &str) -> bool {
        self.has_failed(contender)
    }

    /// Whether neither the cell nor its contender has failed, and the cell is not skipped.
    fn is_sound(&self, name: &CellName) -> bool {
        let (cell, contender) = (name.to_string(), name.of_contender());
        if self.skipped.iter().any(|skip| skip.subject == cell) {
            return false;
        }
        !self.failures.iter().any(|failure| failure.subject == cell || failure.subject == contender)
    }

    /// The record of what was found.
    ///
    /// # Errors
    /// If the header names a cell that is not on the roster.
    pub fn record(&self, header: &Header) -> Result<Record> {
        let cells: Vec<Cell<'_>> =
            header.cells.iter().map(|name| self.roster.find(name)).collect::<Result<_>>()?;
        let contenders = contenders_of(&cells);
        let mut bottlenecks = Vec::new();
        for contender in &contenders {
            let info = info::bottleneck(self.roster, contender.bottleneck, &self.trials);
            if !bottlenecks.contains(&info) {
                bottlenecks.push(info);
            }
        }
        let mut records: Vec<CellRecord> = cells.iter().filter_map(|cell| self.cell_record(cell)).collect();
        records.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Record {
            schema: SCHEMA,
            started: header.started.clone(),
            profile: header.profile.as_str().to_owned(),
            command: header.command.clone(),
            seed: header.seed,
            fingerprint: header.fingerprint.clone(),
            machines: vec![Machine { load_after: machine::load(), ..header.machine.clone() }],
            identities: self.identities_of(&contenders),
            bottlenecks,
            contenders: contenders.into_iter().map(info::contender).collect(),
            cells: records,
            trials: self.trials_of(header),
            failures: self.failures.clone(),
            input: header.input.clone(),
            skipped: self.skipped_of(header),
        })
    }

    /// What trials found, sorted. Contenders that were excluded afterwards are left out.
    fn trials_of(&self, header: &Header) -> Vec<TrialRecord> {
        let mut trials = self.trials.clone();
        trials.retain(|trial| self.is_sound(&trial.name) && header.cells.contains(&trial.name));
        trials.sort_by(|left, right| left.name.cmp(&right.name));
        trials
    }

    /// What is skipped, sorted: what a contender cannot do, and what it says of itself.
    fn skipped_of(&self, header: &Header) -> Vec<Skip> {
        let mut skipped = [&header.skipped[..], &self.skipped].concat();
        skipped.sort_by(|left, right| left.subject.cmp(&right.subject));
        skipped
    }

    /// The identities of these contenders, if they are known.
    fn identities_of(&self, contenders: &[&Contender]) -> Option<Identities> {
        let mut identities = self.identities.clone()?;
        let names: BTreeSet<String> = contenders.iter().map(|contender| name_of(contender)).collect();
        identities.contenders.retain(|name, _| names.contains(name));
        Some(identities)
    }

    fn cell_record(&self, cell: &Cell<'_>) -> Option<CellRecord> {
        let name = cell.name();
        if self.is_excluded(&name_of(cell.contender)) {
            return None;
        }
        let known = self.cells.get(&name)?;
        Some(CellRecord {
            name,
            role: info::role(cell.contender.about.role),
            ops: known.ops,
            digest: format!("{:016x}", known.digest?),
            measured: known.measured.clone(),
            observed: known.observed.clone(),
        })
    }
}

/// What is wrong with what a cell came to; `None` if it is what it must come to.
fn difference(observed: Expectation, expected: Expectation) -> Option<String> {
    if observed.ops != expected.ops {
        return Some(format!("claims {} operations, the scenario has {}", observed.ops, expected.ops));
    }
    let (digest, right) = (observed.digest, expected.digest);
    (digest != right).then(|| format!("digest {digest:016x}, the oracle's is {right:016x}"))
}

struct OwnedPool<'a> {
    command: Box<dyn Fn() -> Command + Sync + 'a>,
    workers: usize,
    timeout: Duration,
}

/// The command of a worker outside Valgrind, which reads the user's file where there is one.
fn native_worker(binary: &Path, input: Option<&Input>) -> Command {
    let mut command = Command::new(binary);
    command.args([WORKER_ARGUMENT, "native"]);
    if let Some(input) = input {
        command.arg(INPUT_OPTION).arg(input.place());
    }
    command
}

/// The command of a worker whose inputs come from this seed, if there is one.
fn with_seed(mut command: Command, seed: Option<u64>) -> Command {
    if let Some(seed) = seed {
        command.arg(SEED_OPTION).arg(seed.to_string());
    }
    command
}

/// The command of a worker that times.
pub fn time_worker(binary: &Path, input: Option<&Input>) -> Command {
    let mut command = native_worker(binary, input);
    command.env("GLIBC_TUNABLES", time::TUNABLES);
    command
}

/// Why a meter measures nothing here; `None` where it works.
pub fn off(meter: Meter, binaries: &Binaries) -> Option<String> {
    match meter {
        Meter::Allocations => (!binaries.allocations.exists()).then(|| {
            let program = binaries.allocations.display();
            format!(
                "{program} is not built: the allocation meter is left out (`cargo build --release --bins` builds it)"
            )
        }),
        Meter::Instructions => valgrind::off(binaries).map(str::to_owned),
        Meter::Time | Meter::Concurrency => clock::too_coarse().map(str::to_owned),
    }
}

/// The instruction-set extensions of the instruction meter's virtual CPU; empty where the meter is off.
pub fn callgrind_isa(binaries: &Binaries) -> String {
    valgrind::virtual_cpu(binaries).unwrap_or_default().to_owned()
}
