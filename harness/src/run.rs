//! A run: verifies contenders, distributes their cells over workers meter by meter, and collects what
//! comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use reports::record::{Allocations, Atomics, CellRecord, Failure, Interval, Paired, Record, SCHEMA};
use scenarios::Contender;

use crate::cell::{Cell, CellId, Profile, find};
use crate::fingerprint;
use crate::gate::Exact;
use crate::info;
use crate::input;
use crate::journal::{Entry, Header, Journal};
use crate::meters::callgrind::Attributed;
use crate::meters::instructions::{Callgrind, Counts, NO_VALGRIND, valgrind_version};
use crate::meters::{Meter, paired, wall};
use crate::pool::Pool;
use crate::progress::Progress;
use crate::scratch::Scratch;
use crate::verify::Depth;
use crate::worker::{Answer, Job, Ran, WORKER_ARGUMENT};

/// How a run treats its workers.
#[derive(Clone, Debug)]
pub struct Options {
    /// Workers side by side, for the meters that allow it.
    pub workers: usize,
    /// Longest time for one cell, instead of the meter's own.
    pub timeout: Option<Duration>,
    /// How thoroughly contenders are verified.
    pub depth: Depth,
    /// Small cells first instead of last: results must not depend on the order.
    pub reversed: bool,
    /// The binaries.
    pub binaries: Binaries,
}

/// The binaries whose workers measure.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// For everything but allocations.
    pub lab: PathBuf,
    /// The one with the profiling allocator.
    pub allocations: PathBuf,
}

impl Binaries {
    /// The running program, and the one beside it that is called like it with `-allocations`.
    ///
    /// # Errors
    /// If the running program's path cannot be found out.
    pub fn beside_this_one() -> Result<Self> {
        let lab = std::env::current_exe().context("cannot find this program's own file")?;
        let mut name = lab.file_stem().unwrap_or_default().to_owned();
        name.push("-allocations");
        let allocations = lab.with_file_name(name);
        Ok(Binaries { lab, allocations })
    }

    /// SHA-256 of both, hexadecimal.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn digest(&self) -> Result<String> {
        let present = [&self.lab, &self.allocations].into_iter().filter(|path| path.exists());
        let read =
            |path: &PathBuf| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        Ok(fingerprint::sha256(present.map(read).collect::<Result<Vec<_>>>()?))
    }
}

/// Longest time for a job outside Valgrind, and inside: only a contender that loops needs it.
const NATIVE_TIMEOUT: Duration = Duration::from_secs(120);
const CALLGRIND_TIMEOUT: Duration = Duration::from_secs(900);

/// What is known of a cell so far.
#[derive(Clone, Debug, Default)]
struct Collected {
    ops: u64,
    digest: Option<u64>,
    expected: Option<u64>,
    instructions: Option<u64>,
    atomics: Option<Atomics>,
    allocations: Option<Allocations>,
    wall_ns: Option<Interval>,
    paired: Option<Paired>,
    observed: BTreeMap<String, f64>,
}

/// A run that is going on, and what it has found.
pub struct Run<'a> {
    roster: &'a [Contender],
    options: Options,
    journal: Option<Journal>,
    progress: Progress,
    verified: BTreeSet<(String, String)>,
    cells: BTreeMap<CellId, Collected>,
    failures: Vec<Failure>,
}

impl<'a> Run<'a> {
    /// A run that keeps its results in memory.
    pub fn new(roster: &'a [Contender], options: Options) -> Self {
        Run {
            roster,
            options,
            journal: None,
            progress: Progress::default(),
            verified: BTreeSet::new(),
            cells: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    /// A run that writes its results to a journal, from which `entries` are already known.
    pub fn journaled(
        roster: &'a [Contender],
        options: Options,
        journal: Journal,
        entries: Vec<Entry>,
    ) -> Self {
        let mut run = Run::new(roster, options);
        for entry in entries {
            run.apply(entry);
        }
        run.journal = Some(journal);
        run
    }

    /// What went wrong.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// What the exact meters found of a cell.
    pub fn exact(&self, id: &CellId) -> Exact {
        let known = self.cells.get(id).filter(|_| self.is_sound(id));
        known.map_or_else(Exact::default, |known| Exact {
            instructions: known.instructions,
            atomics: known.atomics,
            allocations: known.allocations,
        })
    }

    /// A cell's operations per region; 0 where it did not run.
    pub fn ops(&self, id: &CellId) -> u64 {
        self.cells.get(id).map_or(0, |known| known.ops)
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
        for meter in Meter::ALL.into_iter().filter(|meter| meters.contains(meter)) {
            match meter {
                Meter::Allocations => self.allocations(cells)?,
                Meter::Instructions => self.instructions(cells)?,
                Meter::Wall => self.wall(cells, profile)?,
                Meter::Paired => self.paired(cells, profile)?,
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
                let name = contender_name(contender);
                if !self.options.depth.replays(check) {
                    continue;
                }
                if self.verified.contains(&(name.clone(), check.name.to_owned())) || self.is_excluded(&name) {
                    continue;
                }
                let job = Job::Verify {
                    bottleneck: contender.bottleneck.name.to_owned(),
                    contender: contender.about.name.to_owned(),
                    check: check.name.to_owned(),
                    depth: self.options.depth,
                };
                jobs.push(((*contender, check), job));
            }
        }
        // The long ones first, so that the workers end together.
        jobs.sort_by_key(|((_, check), _)| std::cmp::Reverse(check.steps));
        self.pooled("verify", "checks", &jobs, self.native_pool(), |run, (contender, check), answer| {
            let name = contender_name(contender);
            let known = contender.about.known_failures.iter().find(|known| known.check == check.name);
            let (message, trace) = match answer {
                Answer::Verified => {
                    if known.is_some() {
                        run.progress.say(&format!(
                            "note: {name} passes check `{}`, which it declares it is known to fail",
                            check.name
                        ));
                    }
                    return run.add(Entry::Verified { contender: name, check: check.name.to_owned() });
                }
                Answer::Refuted { message, trace } => (message, trace),
                other => (format!("check `{}`: {}", check.name, failure_of(other)), Vec::new()),
            };
            if known.is_some() {
                return run.add(Entry::Verified { contender: name, check: check.name.to_owned() });
            }
            run.progress.say(&format!("{name} is excluded: {message}"));
            run.add(Entry::Failed(Failure { subject: name, phase: "verify".to_owned(), message, trace }))
        })
    }

    /// Runs cells whose digest no meter has compared with the oracle's yet.
    ///
    /// # Errors
    /// If a worker cannot be started or a result cannot be written.
    pub fn digests(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        let pending =
            |run: &Self, id: &CellId| run.cells.get(id).is_none_or(|known| known.expected.is_none());
        let jobs = self.jobs(cells, pending, Job::Digest);
        if jobs.is_empty() {
            return Ok(());
        }
        self.pooled("digests", "cells", &jobs, self.native_pool(), |run, id, answer| {
            run.collect(id, None, answer, |_| Ok(None))
        })
    }

    fn allocations(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        if !self.options.binaries.allocations.exists() {
            self.progress.say(&format!(
                "note: {} is not built: the allocation meter is left out (`cargo build --release --bins` builds it)",
                self.options.binaries.allocations.display()
            ));
            return Ok(());
        }
        let pending =
            |run: &Self, id: &CellId| run.cells.get(id).is_none_or(|known| known.allocations.is_none());
        let jobs = self.jobs(cells, pending, Job::Allocations);
        let pool = self.pool_of(&self.options.binaries.allocations);
        self.pooled("allocations", "cells", &jobs, pool, |run, id, answer| {
            run.collect(id, Some(Meter::Allocations), answer, |_| Ok(None))
        })
    }

    fn instructions(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        if valgrind_version().is_none() {
            self.progress.say(&format!("note: {NO_VALGRIND}"));
            return Ok(());
        }
        self.digests(cells)?;
        let pending =
            |run: &Self, id: &CellId| run.cells.get(id).is_none_or(|known| known.instructions.is_none());
        let jobs = self.jobs(cells, pending, Job::Instructions);
        let binary = self.options.binaries.lab.clone();
        let callgrind = Callgrind::new(&binary)?;
        let pool = self.callgrind_pool(&callgrind);
        self.pooled("instructions", "cells", &jobs, pool, |run, id, answer| {
            run.collect(id, Some(Meter::Instructions), answer, |ran| callgrind.take_counts(ran.pid).map(Some))
        })
    }

    /// Measures a cell's instructions by function.
    ///
    /// # Errors
    /// If Valgrind is missing, a worker cannot be started, or the cell fails.
    pub fn functions(&mut self, cells: &[Cell<'_>]) -> Result<BTreeMap<CellId, (u64, Attributed)>> {
        let jobs: Vec<(CellId, Job)> =
            cells.iter().map(|cell| (cell.id(), Job::Instructions(cell.id()))).collect();
        let binary = self.options.binaries.lab.clone();
        let callgrind = Callgrind::new(&binary)?;
        let pool = self.callgrind_pool(&callgrind);
        let mut functions = BTreeMap::new();
        self.pooled("functions", "cells", &jobs, pool, |_, id, answer| match answer {
            Answer::Ran(ran) => {
                functions.insert(id.clone(), callgrind.take_functions(ran.pid)?);
                Ok(())
            }
            other => anyhow::bail!("{id}: {}", failure_of(other)),
        })?;
        Ok(functions)
    }

    fn wall(&mut self, cells: &[Cell<'_>], profile: Profile) -> Result<()> {
        self.digests(cells)?;
        let pending = |run: &Self, id: &CellId| run.cells.get(id).is_none_or(|known| known.wall_ns.is_none());
        let budget = wall::Budget::of(profile);
        // Small files, and a full disk is no reason to lose a cell: in memory where that can be had.
        let scratch = Scratch::in_memory("criterion").context("nowhere to put criterion's results")?;
        let jobs = self.jobs(cells, pending, |id| Job::Wall(id, budget, scratch.path().to_owned()));
        let pool = OwnedPool { workers: 1, ..self.native_pool() };
        self.pooled("wall", "cells", &jobs, pool, |run, id, answer| {
            run.collect(id, Some(Meter::Wall), answer, |_| Ok(None))
        })
    }

    fn paired(&mut self, cells: &[Cell<'_>], profile: Profile) -> Result<()> {
        self.digests(cells)?;
        let mut groups: BTreeMap<(&str, &str, usize), Vec<Cell<'_>>> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| self.is_sound(&cell.id())) {
            let key = (cell.contender.bottleneck.name, cell.scenario.name, cell.size);
            groups.entry(key).or_default().push(*cell);
        }
        let budget = paired::Budget::of(profile);
        let mut jobs = Vec::new();
        for mut group in groups.into_values() {
            let known = |cell: &Cell| self.cells.get(&cell.id()).is_some_and(|known| known.paired.is_some());
            if group.len() < 2 || group.iter().all(known) {
                continue;
            }
            let reference = group[0].contender.bottleneck.reference;
            // Where the reference is not selected or failed, the first of the group stands in for it.
            group.sort_by_key(|cell| cell.contender.about.name != reference);
            let ids: Vec<CellId> = group.iter().map(Cell::id).collect();
            jobs.push((ids.clone(), Job::Paired(ids, budget)));
        }
        let pool = OwnedPool { workers: 1, ..self.native_pool() };
        self.pooled("paired", "groups", &jobs, pool, |run, ids, answer| match answer {
            Answer::Paired(ratios) => ids.iter().zip(ratios).try_for_each(|(id, ratio)| {
                let Interval { median, low, high } = ratio;
                let paired = Paired { reference: ids[0].contender.clone(), ratio: median, low, high };
                run.add(Entry::Paired { cell: id.clone(), paired })
            }),
            other => {
                let CellId { bottleneck, scenario, size, .. } = &ids[0];
                run.fail(format!("{bottleneck}/{scenario}/{size}"), "paired", failure_of(other))
            }
        })
    }

    /// The jobs of the sound cells that still need one, large cells first so that the workers end together.
    fn jobs(
        &self,
        cells: &[Cell<'_>],
        pending: impl Fn(&Self, &CellId) -> bool,
        job: impl Fn(CellId) -> Job,
    ) -> Vec<(CellId, Job)> {
        let ids = cells.iter().map(Cell::id);
        let mut jobs: Vec<_> =
            ids.filter(|id| self.is_sound(id) && pending(self, id)).map(|id| (id.clone(), job(id))).collect();
        jobs.sort_by_key(|(id, _)| std::cmp::Reverse(id.size));
        if self.options.reversed {
            jobs.reverse();
        }
        jobs
    }

    fn native_pool(&self) -> OwnedPool<'static> {
        self.pool_of(&self.options.binaries.lab)
    }

    fn pool_of(&self, binary: &Path) -> OwnedPool<'static> {
        let binary = binary.to_owned();
        OwnedPool {
            command: Box::new(move || {
                let mut command = Command::new(&binary);
                command.args([WORKER_ARGUMENT, "native"]);
                input::tell(&mut command);
                command
            }),
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

    /// Takes a meter's answer about a cell; a digest that is not the oracle's excludes the contender.
    fn collect(
        &mut self,
        id: &CellId,
        meter: Option<Meter>,
        answer: Answer,
        counts: impl FnOnce(&Ran) -> Result<Option<Counts>>,
    ) -> Result<()> {
        let phase = meter.map_or("verify", Meter::as_str);
        let ran = match answer {
            Answer::Ran(ran) => ran,
            other => return self.fail(id.to_string(), phase, failure_of(other)),
        };
        let expected = ran.expected.or_else(|| self.cells.get(id).and_then(|known| known.expected));
        if expected.is_some_and(|expected| expected != ran.digest) {
            let subject = format!("{}/{}", id.bottleneck, id.contender);
            if !self.is_excluded(&subject) {
                let expected = expected.unwrap_or_default();
                let message = format!("{id}: digest {:016x}, the oracle's is {expected:016x}", ran.digest);
                self.fail(subject, "verify", message)?;
            }
            return Ok(());
        }
        // The cell ran: where its profile is missing, the environment is at fault (a full disk, say).
        let counts = counts(&ran).with_context(|| format!("cannot count {id}"))?;
        let instructions = counts.map(|counts| counts.instructions);
        let atomics = counts.and_then(|counts| counts.atomics);
        self.add(Entry::Measured { cell: id.clone(), meter, ran, instructions, atomics })
    }

    fn fail(&mut self, subject: String, phase: &str, message: String) -> Result<()> {
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
            Entry::Measured { cell, meter, ran, instructions, atomics } => {
                let known = self.cells.entry(cell).or_default();
                known.ops = ran.ops;
                known.digest = Some(ran.digest);
                known.expected = ran.expected.or(known.expected);
                known.instructions = instructions.or(known.instructions);
                known.atomics = atomics.or(known.atomics);
                known.allocations = ran.allocations.or(known.allocations);
                known.observed = ran.observed;
                if meter == Some(Meter::Wall) {
                    known.wall_ns = ran.wall_ns;
                }
            }
            Entry::Paired { cell, paired } => self.cells.entry(cell).or_default().paired = Some(paired),
        }
    }

    fn is_excluded(&self, contender: &str) -> bool {
        self.failures.iter().any(|failure| failure.subject == contender)
    }

    /// Whether neither the cell nor its contender has failed.
    fn is_sound(&self, id: &CellId) -> bool {
        let (cell, contender) = (id.to_string(), format!("{}/{}", id.bottleneck, id.contender));
        !self.failures.iter().any(|failure| failure.subject == cell || failure.subject == contender)
    }

    /// The record of what was found.
    ///
    /// # Errors
    /// If the header names a cell that is not on the roster.
    pub fn record(&self, header: &Header) -> Result<Record> {
        let cells: Vec<Cell<'_>> =
            header.cells.iter().map(|id| find(self.roster, id)).collect::<Result<_>>()?;
        let contenders = contenders_of(&cells);
        let mut bottlenecks = Vec::new();
        for contender in &contenders {
            let info = info::bottleneck(contender.bottleneck);
            if !bottlenecks.contains(&info) {
                bottlenecks.push(info);
            }
        }
        let mut records: Vec<CellRecord> = cells.iter().filter_map(|cell| self.cell_record(cell)).collect();
        records.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
        Ok(Record {
            schema: SCHEMA,
            started: header.started.clone(),
            profile: header.profile.as_str().to_owned(),
            command: header.command.clone(),
            fingerprint: header.fingerprint.clone(),
            bottlenecks,
            contenders: contenders.into_iter().map(info::contender).collect(),
            cells: records,
            failures: self.failures.clone(),
        })
    }

    fn cell_record(&self, cell: &Cell<'_>) -> Option<CellRecord> {
        let id = cell.id();
        if self.is_excluded(&contender_name(cell.contender)) {
            return None;
        }
        let known = self.cells.get(&id)?;
        Some(CellRecord {
            bottleneck: id.bottleneck,
            scenario: id.scenario,
            size: id.size as u64,
            contender: id.contender,
            role: info::role(cell.contender.about.role),
            ops: known.ops,
            digest: format!("{:016x}", known.digest?),
            instructions: known.instructions,
            atomics: known.atomics,
            allocations: known.allocations,
            wall_ns: known.wall_ns,
            paired: known.paired.clone(),
            observed: known.observed.clone(),
        })
    }
}

struct OwnedPool<'a> {
    command: Box<dyn Fn() -> Command + Sync + 'a>,
    workers: usize,
    timeout: Duration,
}

/// The contenders of `cells`, each once, in their order.
pub fn contenders_of<'a>(cells: &[Cell<'a>]) -> Vec<&'a Contender> {
    let mut contenders: Vec<&Contender> = Vec::new();
    for cell in cells {
        if !contenders.iter().any(|known| std::ptr::eq(*known, cell.contender)) {
            contenders.push(cell.contender);
        }
    }
    contenders
}

/// `bottleneck/contender`.
pub fn contender_name(contender: &Contender) -> String {
    format!("{}/{}", contender.bottleneck.name, contender.about.name)
}

fn failure_of(answer: Answer) -> String {
    match answer {
        Answer::Failed(message) => message,
        other => format!("an answer that does not belong to the question: {other:?}"),
    }
}

/// The instruction-set extensions of the instruction meter's virtual CPU; empty without Valgrind.
///
/// # Errors
/// If Valgrind is there and does not run.
pub fn callgrind_isa(binaries: &Binaries) -> Result<String> {
    if valgrind_version().is_none() {
        return Ok(String::new());
    }
    let callgrind = Callgrind::new(&binaries.lab)?;
    let mut isa = String::new();
    let pool = Pool { command: &|| callgrind.command(), workers: 1, timeout: NATIVE_TIMEOUT };
    pool.run(&[((), Job::Isa)], |(), answer| match answer {
        Answer::Isa(found) => {
            isa = found;
            Ok(())
        }
        other => anyhow::bail!("Valgrind does not run: {}", failure_of(other)),
    })?;
    Ok(isa)
}
