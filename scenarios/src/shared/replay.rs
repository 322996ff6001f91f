//! What the checks of both bottlenecks share: a region beside its content, and the versions of both that are held.

use super::region::{SnapshotOf, capacity};
use super::{OwnedValue, Place, Reader, SharedError, Snapshot, Writer};
use crate::checking::{at_end, each_step, expect, is_due};
use crate::trace::{Mismatch, Step};

/// How many versions a trace holds at most.
const MAX_HELD: usize = 12;

/// A writer, a reader, and the versions that are held, each beside its number and content.
pub(crate) struct Replay<W: Writer, C> {
    pub(crate) writer: W,
    pub(crate) reader: W::Reader,
    /// The content with changes that are not published.
    pub(crate) content: C,
    /// The content of the newest version.
    pub(crate) published: C,
    pub(crate) held: Vec<(SnapshotOf<W>, u64, C)>,
    number: u64,
}

impl<W: Writer, C: Clone + Default> Replay<W, C> {
    pub(crate) fn new() -> Result<Self, String> {
        let writer = told("create", W::create(Place::Private, capacity(100_000)))?;
        let reader = told("reader", writer.reader())?;
        let content = C::default();
        Ok(Replay { writer, reader, published: content.clone(), content, number: 0, held: Vec::new() })
    }

    pub(crate) fn publish(&mut self) -> Result<(), String> {
        self.number += 1;
        self.published.clone_from(&self.content);
        expect("publish", told("publish", self.writer.publish())?, self.number)
    }

    pub(crate) fn latest(&self) -> Result<SnapshotOf<W>, String> {
        told("latest", self.reader.latest())
    }

    /// Holds the newest version. Where many are held, it takes the place of another.
    pub(crate) fn hold(&mut self) -> Result<(), String> {
        let snapshot = self.latest()?;
        if self.held.len() == MAX_HELD {
            self.held.swap_remove(self.number as usize % MAX_HELD);
        }
        self.held.push((snapshot, self.number, self.published.clone()));
        Ok(())
    }

    pub(crate) fn publish_and_hold(&mut self) -> Result<(), String> {
        self.publish()?;
        self.hold()
    }

    /// Gives up one of the versions held, if there are any.
    pub(crate) fn drop_one(&mut self, version: u8) {
        if !self.held.is_empty() {
            self.held.swap_remove(usize::from(version) % self.held.len());
        }
    }

    /// Compares one of the versions held, if there are any.
    pub(crate) fn compare_one(
        &self,
        version: u8,
        compare: impl Fn(&SnapshotOf<W>, &C) -> Result<(), String>,
    ) -> Result<(), String> {
        match self.held.len() {
            0 => Ok(()),
            held => {
                let (snapshot, number, content) = &self.held[usize::from(version) % held];
                compare(snapshot, content).map_err(|message| format!("version {number}: {message}"))
            }
        }
    }

    /// Compares all versions held, and the newest one.
    pub(crate) fn compare_all(
        &self,
        compare: impl Fn(&SnapshotOf<W>, &C) -> Result<(), String>,
    ) -> Result<(), String> {
        for (snapshot, number, content) in &self.held {
            expect("the number of a held version", snapshot.number(), *number)?;
            compare(snapshot, content).map_err(|message| format!("version {number}: {message}"))?;
        }
        let newest = self.latest()?;
        expect("the number of the newest version", newest.number(), self.number)?;
        compare(&newest, &self.published).map_err(|message| format!("the newest version: {message}"))
    }
}

/// Replays a trace on a region and its content.
///
/// # Errors
/// The first difference, and the step at which it showed.
pub(crate) fn replay<W: Writer, C: Clone + Default>(
    trace: &[Step],
    apply: impl Fn(&mut Replay<W, C>, &Step) -> Result<(), String>,
    compare: impl Fn(&SnapshotOf<W>, &C) -> Result<(), String>,
) -> Result<(), Mismatch> {
    let mut replay = Replay::new().map_err(|message| Mismatch { step: 0, message })?;
    each_step(trace, |at, step| {
        apply(&mut replay, step)?;
        if is_due(at) { replay.compare_all(&compare) } else { Ok(()) }
    })?;
    at_end(trace, replay.compare_all(&compare))
}

/// Why an operation that must succeed did not.
pub(crate) fn told<T>(what: &str, outcome: Result<T, SharedError>) -> Result<T, String> {
    outcome.map_err(|error| format!("{what} failed: {error}"))
}

/// The value with a number: all types, and bytes of many lengths.
pub(crate) fn value_with(number: u16) -> OwnedValue {
    let text = || "wörter".chars().cycle().take(usize::from(number) % 97).collect::<String>();
    match number % 6 {
        0 => OwnedValue::Bool(number.is_multiple_of(4)),
        1 => OwnedValue::Number(f64::from(number) / 7.0),
        2 => OwnedValue::Str(text().into()),
        3 => OwnedValue::Bytes(vec![number as u8; usize::from(number) % 211].into()),
        4 => OwnedValue::Number(-f64::from(number)),
        _ => OwnedValue::Str(format!("{number}").into()),
    }
}
