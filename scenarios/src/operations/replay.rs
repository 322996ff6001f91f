//! The case of a trace: the measured replay, and the comparison with the oracle at every step.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::history::{Held, History, Model};
use super::text::{line_of, shortened};
use crate::case::{Case, Difference, Setup, case};
use crate::input::{mix, sum};
use crate::own::{self, too_much};

/// A trace that was read.
pub(crate) struct Trace<O, T> {
    /// The operations, in order.
    pub(crate) operations: Vec<O>,
    /// What their operands refer to.
    pub(crate) tables: T,
    /// How many places its versions have.
    pub(crate) places: usize,
    /// The versions that are alive at the end, by name: names and places.
    pub(crate) alive: Vec<(u64, u32)>,
}

/// How a contender replays the traces of its bottleneck.
pub(crate) trait Replay: 'static {
    /// An operation.
    type Operation: Copy + 'static;
    /// What the operands of operations refer to.
    type Tables: 'static;
    /// The operands that a replay uses up.
    type Feed: 'static;
    /// The contender's structure.
    type Structure: 'static;
    /// The oracle's model of one version.
    type Model: Model<Operation = Self::Operation>;

    /// The model of an empty version.
    fn model(tables: &Self::Tables) -> Self::Model;
    /// The operands that a replay uses up.
    fn feed(trace: &Trace<Self::Operation, Self::Tables>) -> Self::Feed;
    /// An empty version.
    fn empty() -> Self::Structure;
    /// Performs an operation. Returns what it shows, as [`History::shown`] has it.
    fn perform(
        operation: Self::Operation,
        tables: &Self::Tables,
        feed: &mut Self::Feed,
        versions: &mut [Option<Self::Structure>],
    ) -> u64;
    /// What a version holds.
    fn held(structure: &Self::Structure) -> Held;
    /// How many entries a version says it has.
    fn len(structure: &Self::Structure) -> usize;
    /// Looks up what a write has just written. What is found is spelled if it is wrong, with what was expected.
    fn confirm(
        operation: Self::Operation,
        tables: &Self::Tables,
        versions: &[Option<Self::Structure>],
    ) -> Result<(), [String; 2]>;
    /// The place of the version that an operation makes, changes or asks; `None` if there is not one alone.
    fn place(operation: Self::Operation) -> Option<u32>;
    /// Spells what an operation shows.
    fn spell(operation: Self::Operation, shown: u64, tables: &Self::Tables) -> String;
}

type TraceOf<R> = Trace<<R as Replay>::Operation, <R as Replay>::Tables>;

/// Adds what an operation shows to a digest. One wrong number gives another digest: the step is a bijection of either
/// argument.
#[inline(always)]
fn fold(digest: u64, shown: u64) -> u64 {
    (digest.rotate_left(5) ^ shown).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A digest of the versions that are alive at the end, each with its place.
fn left_digest(left: impl Iterator<Item = (u32, Held)>) -> u64 {
    sum(left.map(|(place, held)| mix(mix(held.digest ^ mix(u64::from(place))).wrapping_add(held.len as u64))))
}

fn history<R: Replay>(trace: &TraceOf<R>) -> History {
    History::of(&trace.operations, trace.places, &R::model(&trace.tables))
}

fn versions<R: Replay>(trace: &TraceOf<R>) -> Vec<Option<R::Structure>> {
    let mut versions: Vec<_> = (0..trace.places).map(|_| None).collect();
    versions[0] = Some(R::empty());
    versions
}

/// What an operation shows that finds nothing. No id of a value is so large.
pub(crate) const NOTHING_FOUND: u64 = u64::MAX;

/// The version at a place of a checked trace.
#[inline(always)]
pub(crate) fn alive<S>(versions: &mut [Option<S>], at: u32) -> &mut S {
    versions[at as usize].as_mut().expect("the trace was checked")
}

/// Puts a version, or none, at a place. That shows nothing.
#[inline(always)]
pub(crate) fn put<S>(versions: &mut [Option<S>], at: u32, version: Option<S>) -> u64 {
    versions[at as usize] = version;
    0
}

/// Spells the value of an id. `never` is what is said of an id that stands for none.
pub(crate) fn spelled_value(id: u64, values: &[String], never: &str) -> String {
    let known = usize::try_from(id).ok().and_then(|id| values.get(id));
    match known {
        Some(text) => format!("{text:?}"),
        None if id == NOTHING_FOUND => "nothing".to_owned(),
        None => never.to_owned(),
    }
}

/// The most entries that a contender copies during a trace which copies a whole version at once.
const MOST_COPIED: usize = 100_000_000;

/// The case that replays a trace of a file. `copies_whole` says whether the contender copies a whole version for the first
/// write after a clone.
pub(crate) fn replay<R: Replay>(trace: TraceOf<R>, file: &'static [u8], copies_whole: bool) -> Box<dyn Case> {
    let trace = Rc::new(trace);
    let measured = case(
        trace.operations.len(),
        Setup::EveryRun,
        Rc::clone(&trace),
        |trace| (versions::<R>(trace), R::feed(trace)),
        |trace, (versions, feed)| {
            let mut digest = 0;
            for operation in &trace.operations {
                digest = fold(digest, R::perform(*operation, &trace.tables, feed, versions));
            }
            digest
        },
        |_, (versions, _), digest| {
            let left =
                (0..).zip(versions).filter_map(|(place, version)| Some((place, R::held(version.as_ref()?))));
            digest.wrapping_add(left_digest(left))
        },
        |trace| {
            let history = history::<R>(trace);
            let digest = history.shown.iter().fold(0, |digest, shown| fold(digest, *shown));
            digest.wrapping_add(left_digest(history.left.into_iter()))
        },
    );
    let unfit = {
        let trace = Rc::clone(&trace);
        move || {
            let copied = || usize::try_from(history::<R>(&trace).copied).unwrap_or(usize::MAX);
            let what = "copies a whole version for the first write after a clone";
            if copies_whole { too_much(what, copied(), 1, MOST_COPIED) } else { None }
        }
    };
    own::case(measured, unfit, move |_| compare::<R>(&trace, file))
}

/// How many lines a difference shows, the one where it is included.
const CONTEXT: usize = 10;

/// Replays a trace beside the oracle, step by step.
fn compare<R: Replay>(trace: &TraceOf<R>, file: &[u8]) -> Result<(), Difference> {
    let history = history::<R>(trace);
    let at = Cell::new(0);
    // The versions outlive a panic: nothing is known of one that was changed then, not even that it can be dropped.
    let mut versions = std::mem::ManuallyDrop::new(versions::<R>(trace));
    let outcome = catch_unwind(AssertUnwindSafe(|| steps::<R>(trace, &history, &mut versions, &at)));
    let found = outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(format!("the contender panicked: {}", text.replace('\n', " ")))
    });
    found.map_err(|message| difference(file, at.get(), &message))?;
    drop(std::mem::ManuallyDrop::into_inner(versions));
    Ok(())
}

fn difference(file: &[u8], step: usize, message: &str) -> Difference {
    let Some((number, line)) = line_of(file, step) else {
        return Difference { message: format!("at the end of the trace, {message}"), context: Vec::new() };
    };
    let lines = (step.saturating_sub(CONTEXT - 1)..=step).filter_map(|step| line_of(file, step));
    let mut context: Vec<String> =
        lines.map(|(number, line)| format!("line {number}: {}", shortened(line))).collect();
    if let Some(last) = context.last_mut() {
        last.push_str("   <- here");
    }
    Difference { message: format!("line {number}, `{}`: {message}", shortened(line)), context }
}

fn steps<R: Replay>(
    trace: &TraceOf<R>,
    history: &History,
    versions: &mut [Option<R::Structure>],
    at: &Cell<usize>,
) -> Result<(), String> {
    let differ = |[shown, expected]: [String; 2]| format!("{shown}, expected {expected}");
    let mut feed = R::feed(trace);
    for (step, operation) in trace.operations.iter().copied().enumerate() {
        at.set(step);
        let shown = R::perform(operation, &trace.tables, &mut feed, versions);
        let expected = history.shown[step];
        if shown != expected {
            return Err(differ([shown, expected].map(|shown| R::spell(operation, shown, &trace.tables))));
        }
        R::confirm(operation, &trace.tables, versions).map_err(differ)?;
        let version = R::place(operation).and_then(|place| versions[place as usize].as_ref());
        let Some(version) = version else { continue };
        let (len, expected) = (R::len(version), history.lengths[step]);
        if len != expected {
            return Err(format!("its length is {len} then, expected {expected}"));
        }
        if let Some(expected) = history.visited.get(&step) {
            same(R::held(version), *expected).map_err(|message| format!("the version {message}"))?;
        }
    }
    at.set(trace.operations.len());
    for (name, place) in &trace.alive {
        let version = versions[*place as usize].as_ref();
        let held = R::held(version.expect("a version that is alive has a structure"));
        let expected = history.left[place];
        same(held, expected).map_err(|message| format!("version {name} {message}"))?;
    }
    Ok(())
}

fn same(held: Held, expected: Held) -> Result<(), String> {
    match (held, expected) {
        (held, expected) if held == expected => Ok(()),
        (held, expected) if held.len != expected.len => {
            Err(format!("holds {} entries, expected {}", held.len, expected.len))
        }
        (held, _) => Err(format!("holds {} entries, as expected, but not those that it must hold", held.len)),
    }
}
