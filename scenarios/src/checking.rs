//! What the checks of several bottlenecks share: specimens, held versions, threads, and how a difference is told.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use crate::input::{DearKey, Key};
use crate::probe::{Hashing, Probe};
use crate::trace::{Check, Mismatch, Step};

/// Refuses to replay a check that a bottleneck lists and does not dispatch.
pub(crate) fn not_replayed(check: &Check) -> ! {
    unreachable!("check `{}` is in the list but not replayed", check.name)
}

/// The outcome of a check that runs a fixed sequence of its own: it has no steps to point at.
pub(crate) fn fixed(outcome: Result<(), String>) -> Result<(), Mismatch> {
    outcome.map_err(|message| Mismatch { step: 0, message })
}

/// The outcome of what is compared after the last step of a trace.
pub(crate) fn at_end(trace: &[Step], outcome: Result<(), String>) -> Result<(), Mismatch> {
    outcome.map_err(|message| Mismatch { step: trace.len(), message })
}

/// Applies the steps of a trace in order, each with its index, up to the first that shows a difference.
pub(crate) fn each_step(
    trace: &[Step],
    mut apply: impl FnMut(usize, &Step) -> Result<(), String>,
) -> Result<(), Mismatch> {
    trace
        .iter()
        .enumerate()
        .try_for_each(|(at, step)| apply(at, step).map_err(|message| Mismatch { step: at, message }))
}

/// After how many steps of a trace everything is compared in full, which takes much longer than a step. A prime
/// number, so that it does not keep step with anything that a trace repeats.
const COMPARE_EVERY: usize = 97;

/// Whether everything is compared in full after step `at` of a trace.
pub(crate) fn is_due(at: usize) -> bool {
    at % COMPARE_EVERY == COMPARE_EVERY - 1
}

/// Compares two values; `what` says in a mismatch what they are.
pub(crate) fn expect<T: PartialEq + Debug>(
    what: impl Display,
    observed: T,
    expected: T,
) -> Result<(), String> {
    if observed == expected { Ok(()) } else { Err(format!("{what}: {observed:?}, expected {expected:?}")) }
}

/// A key, value or element that a trace is replayed with.
pub(crate) trait Specimen: Hash + Ord + Clone + Debug + Send + Sync + 'static {
    /// The specimen that stands for `id`.
    fn from_id(id: u32) -> Self;
    /// The id that it stands for.
    fn id(&self) -> u32;
}

impl Specimen for u64 {
    fn from_id(id: u32) -> Self {
        u64::from(id)
    }

    fn id(&self) -> u32 {
        *self as u32
    }
}

impl Specimen for String {
    fn from_id(id: u32) -> Self {
        format!("key{id}")
    }

    fn id(&self) -> u32 {
        self[3..].parse().unwrap_or(u32::MAX)
    }
}

impl Specimen for DearKey {
    fn from_id(id: u32) -> Self {
        <DearKey as Key>::from_id(u64::from(id))
    }

    fn id(&self) -> u32 {
        DearKey::id(self) as u32
    }
}

impl Specimen for Probe {
    fn from_id(id: u32) -> Self {
        Probe::new(id)
    }

    fn id(&self) -> u32 {
        Probe::id(self)
    }
}

/// Replays a trace with [`Probe`]s that hash as told. None of them may live when `replay` returns; `what` says in
/// a mismatch which ones did, and after what.
pub(crate) fn with_probes(
    hashing: Hashing,
    trace: &[Step],
    what: [&str; 2],
    replay: impl FnOnce() -> Result<(), Mismatch>,
) -> Result<(), Mismatch> {
    Probe::reset();
    Probe::set_hashing(hashing);
    let outcome = replay();
    Probe::set_fuse(None);
    outcome?;
    let [after, probes] = what;
    let live = Probe::live();
    let outcome =
        if live == 0 { Ok(()) } else { Err(format!("after {after}, {live} {probes} live (0 expected)")) };
    at_end(trace, outcome)
}

/// How many versions a trace holds at most.
pub(crate) const MAX_VERSIONS: usize = 12;

/// A tree of versions under test, each beside its model, on which a trace is replayed.
pub(crate) trait Versions: Sized {
    /// The structure of a version.
    type Structure: Clone;
    /// What it must hold.
    type Model: Clone;

    /// The versions held now; never none.
    fn versions(&mut self) -> &mut Vec<(Self::Structure, Self::Model)>;
    /// How many versions are held now.
    fn held(&self) -> usize;
    /// An empty version.
    fn empty() -> (Self::Structure, Self::Model);
    /// How much a model holds.
    fn length(model: &Self::Model) -> usize;
    /// Applies a step; where it changes a version, a [`Probe`] fuse of so many calls burns.
    ///
    /// # Errors
    /// The first difference between a version and its model.
    fn apply(&mut self, step: &Step, fuse: Option<u32>) -> Result<(), String>;
    /// Compares version `at` with its model in full.
    ///
    /// # Errors
    /// Their first difference.
    fn compare_one(&self, at: usize) -> Result<(), String>;

    /// Compares every version with its model in full.
    ///
    /// # Errors
    /// The first difference.
    fn compare_all(&self) -> Result<(), String> {
        (0..self.held()).try_for_each(|at| self.compare_one(at))
    }

    /// Replays `trace`; with a `fuse`, every change is made while a [`Probe`] fuse of fewer calls burns.
    ///
    /// # Errors
    /// The first difference, and the step at which it showed.
    fn run(mut self, trace: &[Step], fuse: Option<u32>) -> Result<(), Mismatch> {
        each_step(trace, |at, step| {
            self.apply(step, fuse.map(|calls| u32::from(step.b) % calls))?;
            if is_due(at) { self.compare_all() } else { Ok(()) }
        })?;
        at_end(trace, self.compare_all())?;
        // The trace decides in which order the versions are dropped: not only the last one first.
        for step in trace {
            if self.held() > 1 {
                let at = usize::from(step.a) % self.held();
                self.versions().swap_remove(at);
                let outcome = self.compare_one(at % self.held());
                let told = outcome.map_err(|message| format!("after another version was dropped: {message}"));
                at_end(trace, told)?;
            }
        }
        Ok(())
    }

    /// Changes version `at` and its model; whether the change came to its end. Where it panicked, the version's content
    /// is unspecified: an empty one takes its place, and all others must be as they were.
    ///
    /// # Errors
    /// The first difference in another version after a panic.
    fn change(
        &mut self,
        at: usize,
        fuse: Option<u32>,
        change: impl FnOnce(&mut Self::Structure),
        change_model: impl FnOnce(&mut Self::Model),
    ) -> Result<bool, String> {
        let (structure, model) = &mut self.versions()[at];
        if Probe::with_fuse(fuse, || change(structure)).is_some() {
            change_model(model);
            return Ok(true);
        }
        self.versions()[at] = Self::empty();
        self.compare_all().map_err(|message| format!("after a panic in another version: {message}"))?;
        Ok(false)
    }

    /// Clones a version; returns the clone's place.
    fn fork(&mut self, from: usize) -> usize {
        let version = self.versions()[from].clone();
        self.place(version, from)
    }

    /// Holds one more version; returns its place. Where [`MAX_VERSIONS`] are held, it takes the place of another one,
    /// but not that of `avoid`.
    fn place(&mut self, version: (Self::Structure, Self::Model), avoid: usize) -> usize {
        let length = Self::length(&version.1);
        let versions = self.versions();
        if versions.len() < MAX_VERSIONS {
            versions.push(version);
            return versions.len() - 1;
        }
        let at = (length + usize::from(length % MAX_VERSIONS == avoid)) % MAX_VERSIONS;
        versions[at] = version;
        at
    }
}

/// How many steps of [`hold_versions`] make a structure grow.
pub(crate) const GROWTH: u64 = 20_000;

/// How many steps of [`hold_versions`] there are.
const STEPS: u64 = GROWTH + GROWTH / 2;

/// After how many steps [`hold_versions`] holds a version.
const HOLD_EVERY: u64 = 1000;

/// Takes a structure through 30,000 steps and holds a version of it every 1,000. Each version held is compared in full
/// when all steps are done, so that it is old then. The traces hold fewer versions, of a few thousand entries at most.
///
/// # Errors
/// The first difference between a version and the model.
pub(crate) fn hold_versions<S: Clone, M>(
    mut structure: S,
    mut model: M,
    change: impl Fn(&mut S, u64),
    change_model: impl Fn(&mut M, u64),
    compare: impl Fn(&S, &M) -> Result<(), String>,
) -> Result<(), String> {
    let is_due = |step: u64| (step + 1).is_multiple_of(HOLD_EVERY);
    let mut held = Vec::new();
    for step in 0..STEPS {
        change(&mut structure, step);
        if is_due(step) {
            held.push(structure.clone());
        }
    }
    // The model takes the steps a second time, because a copy of it for each version would take more memory than they do.
    let mut held = held.iter();
    for step in 0..STEPS {
        change_model(&mut model, step);
        if is_due(step)
            && let Some(version) = held.next()
        {
            let after = step + 1;
            compare(version, &model)
                .map_err(|message| format!("the version held after {after} of {STEPS} steps: {message}"))?;
        }
    }
    Ok(())
}

/// How many threads change their forks of one version at once.
const THREADS: u64 = 4;

/// Runs `change` in several threads at once, each with its number.
///
/// # Errors
/// The first error in the order of the threads, or that one of them panicked.
pub(crate) fn in_threads(change: impl Fn(u64) -> Result<(), String> + Sync) -> Result<(), String> {
    std::thread::scope(|scope| {
        let change = &change;
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || change(thread))).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err("a thread panicked while it changed its fork".to_owned()))
        })
    })
}
