//! Checks: traces of random operations, replayed beside the oracle: the set of live indices, and a `Vec` of them in
//! order.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use super::contract::{NotLive, OutOfRange, Positions, Slots};
use crate::checking::{at_end, each_step, fixed, not_replayed};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("slots", 400, 48, "Random allocations and frees, some of them of slots that are free already."),
    Check::new("positions", 400, 48, "Random pushes, inserts, removals and reads. The table is compared in full after each."),
    Check::new("positions_long", 6000, 2, "The same with runs of up to 300 inserts or removals. The table is compared in full every 100 steps."),
    Check::new("free_twice", 0, 1, "To free a slot twice, to use one after it was freed, or one that never was: each is a typed error, and nothing changes."),
    Check::new("out_of_range", 0, 1, "Each use of a position past the end is a typed error, and nothing changes."),
    Check::new("position_huge", 0, 1, "Positions from 2³¹ to 2⁶⁴ − 1, whose low 32 bits are often those of an element, are past the end."),
    Check::new("ends_and_middle", 0, 1, "Inserts and removals at the front, the middle and the back of 100,000 elements in turn."),
];

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Add { at: usize, count: usize },
    Remove { at: usize, count: usize },
    Push,
    Read { at: usize },
    Stale { at: usize },
    PastEnd { past: usize },
}

fn decode(check: &Check, step: &Step) -> Operation {
    let at = usize::from(step.a);
    let long = check.name == "positions_long" && step.version.is_multiple_of(16);
    let count = if long { 1 + usize::from(step.b) % 300 } else { 1 };
    match step.op % 16 {
        0..=4 => Operation::Add { at, count },
        5..=8 => Operation::Remove { at, count },
        9..=10 => Operation::Push,
        11..=13 => Operation::Read { at },
        14 => Operation::Stale { at },
        _ => Operation::PastEnd { past: usize::from(step.b) % 3 },
    }
}

pub(super) fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?} (modulo the number there is)", decode(check, step))).collect()
}

pub(super) fn replay<S: Slots, P: Positions>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let outcome = slots_outcome::<S>(check, trace).or_else(|| positions_outcome::<P>(check, trace));
    outcome.unwrap_or_else(|| not_replayed(check))
}

/// Replays a check for a contender of [`Slots`] alone; what is about [`Positions`] does not concern it.
pub(super) fn replay_slots<S: Slots>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    slots_outcome::<S>(check, trace).unwrap_or(Ok(()))
}

/// Replays a check for a contender of [`Positions`] alone; what is about [`Slots`] does not concern it.
pub(super) fn replay_positions<P: Positions>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    positions_outcome::<P>(check, trace).unwrap_or(Ok(()))
}

/// The outcome of a check of [`Slots`]; `None` of another.
fn slots_outcome<S: Slots>(check: &Check, trace: &[Step]) -> Option<Result<(), Mismatch>> {
    Some(match check.name {
        "slots" => {
            let mut replay = SlotsReplay::<S>::new();
            each_step(trace, |_, step| replay.apply(decode(check, step)))
        }
        "free_twice" => fixed(free_twice::<S>()),
        _ => return None,
    })
}

/// The outcome of a check of [`Positions`]; `None` of another.
fn positions_outcome<P: Positions>(check: &Check, trace: &[Step]) -> Option<Result<(), Mismatch>> {
    Some(match check.name {
        "positions" => replay_edits::<P>(check, trace, 1),
        "positions_long" => replay_edits::<P>(check, trace, 100),
        "out_of_range" => fixed(out_of_range::<P>()),
        "position_huge" => fixed(position_huge::<P>()),
        "ends_and_middle" => fixed(ends_and_middle::<P>()),
        _ => return None,
    })
}

/// Replays a trace of edits; the table is compared in full after every so many steps, and at the end.
fn replay_edits<P: Positions>(check: &Check, trace: &[Step], every: usize) -> Result<(), Mismatch> {
    let mut replay = PositionsReplay::<P>::new();
    each_step(trace, |at, step| {
        replay.apply(decode(check, step))?;
        if at % every == 0 { replay.compare() } else { Ok(()) }
    })?;
    at_end(trace, replay.compare())
}

/// Slots under test beside their model.
struct SlotsReplay<S: Slots> {
    slots: S,
    keys: Vec<S::Key>,
    /// The live indices.
    live: BTreeSet<usize>,
    peak: usize,
    /// Keys of slots that were freed and not allocated again.
    stale: Vec<S::Key>,
}

impl<S: Slots> SlotsReplay<S> {
    fn new() -> Self {
        SlotsReplay { slots: S::new(), keys: Vec::new(), live: BTreeSet::new(), peak: 0, stale: Vec::new() }
    }

    fn apply(&mut self, operation: Operation) -> Result<(), String> {
        match operation {
            Operation::Add { .. } | Operation::Push => self.allocate()?,
            Operation::Remove { at, .. } if !self.keys.is_empty() => self.free(at % self.keys.len())?,
            Operation::Read { at } if !self.keys.is_empty() => {
                let key = self.keys[at % self.keys.len()];
                if !self.slots.is_live(key) {
                    return Err(format!("{key:?} is live, but is_live is false"));
                }
            }
            Operation::Stale { at } if !self.stale.is_empty() => {
                self.refuses(self.stale[at % self.stale.len()])?;
            }
            Operation::PastEnd { .. } => self.refuses(S::absent())?,
            _ => {}
        }
        if self.slots.live() != self.live.len() {
            return Err(format!("live is {}, expected {}", self.slots.live(), self.live.len()));
        }
        Ok(())
    }

    fn allocate(&mut self) -> Result<(), String> {
        let key = self.slots.allocate();
        let index = S::index(key);
        if !self.live.insert(index) {
            return Err(format!("allocate returned {index}, which is live"));
        }
        self.peak = self.peak.max(self.live.len());
        if index >= self.peak {
            return Err(format!(
                "allocate returned {index}, but there never were more than {} slots",
                self.peak
            ));
        }
        self.keys.push(key);
        self.stale.retain(|stale| S::index(*stale) != index);
        Ok(())
    }

    fn free(&mut self, at: usize) -> Result<(), String> {
        let key = self.keys.swap_remove(at);
        self.slots.free(key).map_err(|NotLive| format!("free({key:?}) is refused, but it is live"))?;
        self.live.remove(&S::index(key));
        self.stale.push(key);
        Ok(())
    }

    fn refuses(&mut self, key: S::Key) -> Result<(), String> {
        if self.slots.is_live(key) || self.slots.free(key) != Err(NotLive) {
            return Err(format!("{key:?} is not live, but is taken for it"));
        }
        Ok(())
    }
}

fn free_twice<S: Slots>() -> Result<(), String> {
    let mut replay = SlotsReplay::<S>::new();
    replay.refuses(S::absent())?;
    for _ in 0..3 {
        for _ in 0..100 {
            replay.allocate()?;
        }
        // Slots are freed in three orders, and each of them once too often.
        while !replay.keys.is_empty() {
            let at = [0, replay.keys.len() / 2, replay.keys.len() - 1][replay.keys.len() % 3];
            replay.free(at)?;
            for key in replay.stale.clone() {
                replay.refuses(key)?;
            }
        }
        if replay.slots.live() != 0 {
            return Err(format!("{} slots live after all were freed", replay.slots.live()));
        }
    }
    Ok(())
}

/// A table under test beside its model.
struct PositionsReplay<P> {
    table: P,
    model: Vec<u32>,
    /// Whether each index up to the greatest that was used is live.
    live: Vec<bool>,
    contender: PhantomData<P>,
}

impl<P: Positions> PositionsReplay<P> {
    fn new() -> Self {
        PositionsReplay { table: P::new(), model: Vec::new(), live: Vec::new(), contender: PhantomData }
    }

    fn apply(&mut self, operation: Operation) -> Result<(), String> {
        let length = self.model.len();
        match operation {
            Operation::Add { at, count } => {
                (0..count).try_for_each(|offset| self.insert((at + offset) % (self.model.len() + 1)))
            }
            Operation::Remove { at, count } => {
                (0..count.min(length)).try_for_each(|_| self.remove(at % self.model.len()))
            }
            Operation::Push => {
                let index = self.table.push();
                self.take(index)?;
                self.model.push(index);
                Ok(())
            }
            Operation::Read { at } | Operation::Stale { at } => self.compare_one(at % (length + 1)),
            Operation::PastEnd { past } => self.refuses(past),
        }
    }

    /// Notes that `index` was handed out.
    fn take(&mut self, index: u32) -> Result<(), String> {
        // Freed indices are used before new ones.
        let (known, live) = (self.live.len(), self.model.len());
        match self.live.get_mut(index as usize) {
            Some(is_live) if !*is_live => *is_live = true,
            None if index as usize == known && live == known => self.live.push(true),
            _ => return Err(format!("{index} was handed out where {live} of {known} indices are live")),
        }
        Ok(())
    }

    fn insert(&mut self, at: usize) -> Result<(), String> {
        let index = self.table.insert_at(at).map_err(|OutOfRange| format!("insert_at({at}) is refused"))?;
        self.take(index)?;
        self.model.insert(at, index);
        self.compare_one(at)
    }

    fn remove(&mut self, at: usize) -> Result<(), String> {
        let index = self.table.remove_at(at).map_err(|OutOfRange| format!("remove_at({at}) is refused"))?;
        let expected = self.model.remove(at);
        if index != expected {
            return Err(format!("remove_at({at}) is {index}, expected {expected}"));
        }
        self.live[index as usize] = false;
        self.compare_one(at)
    }

    fn refuses(&mut self, past: usize) -> Result<(), String> {
        let length = self.model.len();
        self.refuses_at([length, length + 1, usize::MAX][past])
    }

    /// Holds the table to refuse a position past the end.
    fn refuses_at(&mut self, at: usize) -> Result<(), String> {
        let length = self.model.len();
        if self.table.remove_at(at) != Err(OutOfRange) || self.table.get_physical(at).is_some() {
            return Err(format!("remove_at({at}) or get_physical({at}) of {length} elements is not refused"));
        }
        if at > length && self.table.insert_at(at) != Err(OutOfRange) {
            return Err(format!("insert_at({at}) of {length} elements is not refused"));
        }
        self.compare_one(length)
    }

    fn compare_one(&self, at: usize) -> Result<(), String> {
        let (observed, expected) = (self.table.get_physical(at), self.model.get(at).copied());
        if observed != expected || self.table.len() != self.model.len() {
            return Err(format!(
                "get_physical({at}) is {observed:?} of {}, expected {expected:?} of {}",
                self.table.len(),
                self.model.len()
            ));
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), String> {
        if self.table.is_empty() != self.model.is_empty() {
            return Err(format!("is_empty is {}, expected {}", self.table.is_empty(), self.model.is_empty()));
        }
        (0..self.model.len() + 1).try_for_each(|at| self.compare_one(at))
    }
}

fn out_of_range<P: Positions>() -> Result<(), String> {
    let mut replay = PositionsReplay::<P>::new();
    for length in 0..200 {
        for past in 0..3 {
            replay.refuses(past)?;
        }
        replay.compare()?;
        replay.insert(length / 2)?;
    }
    while !replay.model.is_empty() {
        replay.remove(replay.model.len() - 1)?;
        for past in 0..3 {
            replay.refuses(past)?;
        }
    }
    replay.compare()
}

fn position_huge<P: Positions>() -> Result<(), String> {
    for length in [0usize, 1, 7, 64, 1000] {
        let mut replay = PositionsReplay::<P>::new();
        (0..length).try_for_each(|_| replay.apply(Operation::Push))?;
        for bits in [31, 32, 33, 40, 48, 63] {
            for low in [0, 1, length / 2, length.saturating_sub(1), length] {
                replay.refuses_at((1 << bits) + low)?;
            }
        }
        for at in [u32::MAX as usize, isize::MAX as usize, usize::MAX - length, usize::MAX - 1] {
            replay.refuses_at(at)?;
        }
        replay.compare()?;
    }
    Ok(())
}

fn ends_and_middle<P: Positions>() -> Result<(), String> {
    const ELEMENTS: usize = 100_000;
    let mut replay = PositionsReplay::<P> {
        table: P::with_len(ELEMENTS),
        model: (0..ELEMENTS as u32).collect(),
        live: vec![true; ELEMENTS],
        contender: PhantomData,
    };
    replay.compare()?;
    let place = |turn: usize, length: usize| [0, length / 2, length - 1][turn % 3];
    for turn in 0..300 {
        replay.remove(place(turn, replay.model.len()))?;
        replay.insert(place(turn / 3, replay.model.len()))?;
    }
    // Removals only, then more inserts than that.
    for turn in 0..100 {
        replay.remove(place(turn, replay.model.len()))?;
    }
    for turn in 0..120 {
        replay.insert(place(turn, replay.model.len()))?;
    }
    replay.compare()
}
