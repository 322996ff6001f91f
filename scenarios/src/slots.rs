//! **Slots**: the indices of an array whose elements never move, and the order in which they are read.
//!
//! The layer has two halves, with a contract each. [`Slots`] hands out physical indices and takes them
//! back; [`Positions`] keeps a table from logical positions to physical indices, into which elements are
//! inserted anywhere. Oracle: the set of live indices, and a `Vec` of them. Scenarios: [`BOTTLENECK`].
//!
//! In which order freed indices are used again is a contender's own business. They must be used before
//! new ones, so that there never are more than the greatest number that lived at once.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::marker::PhantomData;

use rand::RngExt;

use crate::input::{copies, draws, mix, rng, shuffled, sum};
use crate::{
    About, Bottleneck, Capability, Case, Check, Claim, Contender, Mismatch, Request, Scenario, Setup, Sizes,
    Step, case,
};

/// The slot of a key is not live: it was freed, or never allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLive;

/// A logical position is past the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

/// Hands out physical indices, and takes them back. O(1) is what its users expect.
pub trait Slots: Sized {
    /// What names a live slot: its index, or more than that.
    type Key: Copy + Debug;

    /// No slot is live.
    fn new() -> Self;
    /// A slot that is not live, and becomes so; freed ones before new ones.
    fn allocate(&mut self) -> Self::Key;
    /// Frees a slot; an error, and nothing changes, where it is not live. Whether a key is seen through
    /// whose index has been allocated again depends on the contender.
    fn free(&mut self, key: Self::Key) -> Result<(), NotLive>;
    /// Whether the slot of `key` is live.
    fn is_live(&self, key: Self::Key) -> bool;
    /// Number of live slots.
    fn live(&self) -> usize;
    /// The physical index, from 0 on.
    fn index(key: Self::Key) -> usize;
    /// A key that was never handed out, if there is such a thing: of a slot far away.
    fn absent() -> Self::Key;

    /// `count` live slots, and their keys. Only set-ups call it.
    fn with_live(count: usize) -> (Self, Vec<Self::Key>) {
        let mut slots = Self::new();
        let keys = (0..count).map(|_| slots.allocate()).collect();
        (slots, keys)
    }
}

/// A table from logical positions to physical indices.
pub trait Positions: Sized {
    /// The empty table.
    fn new() -> Self;
    /// Number of elements.
    fn len(&self) -> usize;
    /// Appends an element; its physical index.
    fn push(&mut self) -> u32;
    /// Inserts an element before `position` (at the end where that is the length); its physical index.
    fn insert_at(&mut self, position: usize) -> Result<u32, OutOfRange>;
    /// Removes the element at `position` and frees its physical index, which is returned.
    fn remove_at(&mut self, position: usize) -> Result<u32, OutOfRange>;
    /// The physical index of the element at `position`.
    fn get_physical(&self, position: usize) -> Option<u32>;

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A table of `count` elements, pushed one after the other. Only set-ups call it.
    fn with_len(count: usize) -> Self {
        let mut table = Self::new();
        for _ in 0..count {
            table.push();
        }
        table
    }
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "slots",
    title: "Slots",
    question: "What does it cost to find a free slot, and to insert one in the middle? A scan for the next free index is \
               O(n), a counter and a free list are O(1). But elements that stay where they are need a table of their \
               order, and to insert into that one by moving what comes behind is O(n) again.",
    scenarios: SCENARIOS,
    checks: CHECKS,
    sizes: Sizes {
        quick: &[100, 1000],
        default: &[1000, 10_000, 100_000],
        full: &[100, 1000, 10_000, 100_000, 1_000_000],
    },
    claims: CLAIMS,
    memory: &[],
    own_input: None,
    reference: "free_list",
    describe,
};

const CLAIMS: &[Claim] = &[Claim {
    id: "dm-slots",
    text: "100,000 allocations take less than 100 ms where the scan of used indices took about 1 s: ten times less.",
    factor: Some(10.0),
    scenario: "fresh",
    size: 100_000,
    naive: "scan_used",
    optimized: "free_list",
}];

const ALLOCATION: &[Capability] = &[Capability::Allocation];
const POSITIONAL: &[Capability] = &[Capability::Positional];

const fn scenario(
    name: &'static str,
    unit: &'static str,
    requires: &'static [Capability],
    summary: &'static str,
) -> Scenario {
    Scenario { name, summary, unit, requires, sizes: None }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    scenario("fresh", "slot", ALLOCATION, "Allocates n slots, none of which was used before (the last ones of n, where the contender scans)."),
    scenario("after_frees", "slot", ALLOCATION, "Allocates n slots after n were freed in random order (a few, where the contender scans)."),
    scenario("lifo_frees", "slot", ALLOCATION, "Frees n slots, the latest first, and allocates as many again (a few, where the contender scans)."),
    scenario("random_frees", "slot", ALLOCATION, "Frees n slots in random order and allocates as many again (a few, where the contender scans)."),
    scenario("splice_middle", "edit", POSITIONAL, "Removes an element somewhere in the middle half of n and inserts one elsewhere there, 1,024 times (fewer where the contender scans)."),
    scenario("gap_edit", "edit", POSITIONAL, "Removes and inserts elements close to a place that wanders slowly, 1,024 times (fewer where the contender scans)."),
    scenario("get_physical", "get", POSITIONAL, "Reads the physical indices at random positions of n."),
];

/// Makes a contender of an implementation of both halves; call it in the contender's crate.
pub fn contender<S: Slots + 'static, P: Positions + 'static>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up::<S, P>, replay: replay::<S, P> }
}

/// Makes a contender of an implementation of [`Slots`] alone; call it in the contender's crate.
pub fn allocating<S: Slots + 'static>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up_slots::<S>, replay: replay_slots::<S> }
}

/// Makes a contender of an implementation of [`Positions`] alone; call it in the contender's crate.
pub fn positional<P: Positions + 'static>(about: About) -> Contender {
    let (set_up, replay) = (set_up_positions::<P>, replay_positions::<P>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay }
}

fn set_up<S: Slots + 'static, P: Positions + 'static>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "splice_middle" | "gap_edit" | "get_physical" => set_up_positions::<P>(request),
        _ => set_up_slots::<S>(request),
    }
}

fn set_up_slots<S: Slots + 'static>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "fresh" => fresh::<S>(request),
        "after_frees" => after_frees::<S>(request),
        "lifo_frees" => free_and_allocate::<S>(request, true),
        "random_frees" => free_and_allocate::<S>(request, false),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

fn set_up_positions<P: Positions + 'static>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "splice_middle" => edit::<P>(request, splices(request)),
        "gap_edit" => edit::<P>(request, gap_edits(request)),
        "get_physical" => get_physical::<P>(request.size),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

/// How many of n slots a region frees or allocates: all, or a few where each costs a scan.
fn steps(request: Request) -> usize {
    if request.can(Capability::ScansWhole) {
        (200_000 / request.size).clamp(4, 1000).min(request.size)
    } else {
        request.size
    }
}

/// How many copies of the slots a region has.
fn slot_copies(request: Request) -> usize {
    if request.can(Capability::ScansWhole) { 1 } else { copies(request.size) }
}

fn indices_digest(indices: impl Iterator<Item = usize>) -> u64 {
    sum(indices.map(|index| mix(index as u64 + 1)))
}

/// Slots under measurement.
struct Line<S: Slots> {
    slots: S,
    /// Keys that the region frees.
    doomed: Vec<S::Key>,
    /// Keys that it allocates.
    allocated: Vec<S::Key>,
}

fn allocate_all<S: Slots>(line: &mut Line<S>, count: usize) {
    for _ in 0..count {
        line.allocated.push(line.slots.allocate());
    }
}

fn lines_digest<S: Slots>(lines: &[Line<S>]) -> u64 {
    sum(lines.iter().map(|line| {
        let live = line.allocated.iter().filter(|key| line.slots.is_live(**key)).count() as u64;
        indices_digest(line.allocated.iter().map(|key| S::index(*key)))
            .wrapping_add(mix(live))
            .wrapping_add(mix(line.slots.live() as u64))
    }))
}

fn expected_digest(count: usize, indices: impl Iterator<Item = usize>, steps: usize, live: usize) -> u64 {
    indices_digest(indices)
        .wrapping_add(mix(steps as u64))
        .wrapping_add(mix(live as u64))
        .wrapping_mul(count as u64)
}

fn fresh<S: Slots + 'static>(request: Request) -> Box<dyn Case> {
    let (size, steps, count) = (request.size, steps(request), slot_copies(request));
    case(
        count * steps,
        Setup::EveryRun,
        (),
        move |()| {
            let line = |_| {
                let slots = S::with_live(size - steps).0;
                Line { slots, doomed: Vec::new(), allocated: Vec::with_capacity(steps) }
            };
            (0..count).map(line).collect::<Vec<_>>()
        },
        move |(), lines| lines.iter_mut().for_each(|line| allocate_all(line, steps)),
        |(), lines, ()| lines_digest(lines),
        move |()| expected_digest(count, size - steps..size, steps, size),
    )
}

fn after_frees<S: Slots + 'static>(request: Request) -> Box<dyn Case> {
    let (size, steps, count) = (request.size, steps(request), slot_copies(request));
    let order = shuffled(&mut rng("after_frees", size), size);
    case(
        count * steps,
        Setup::EveryRun,
        order,
        move |order| {
            let line = |_| {
                let (mut slots, keys) = S::with_live(size);
                for at in &order[..steps] {
                    slots.free(keys[*at as usize]).expect("it is live");
                }
                Line { slots, doomed: Vec::new(), allocated: Vec::with_capacity(steps) }
            };
            (0..count).map(line).collect::<Vec<_>>()
        },
        move |_, lines| lines.iter_mut().for_each(|line| allocate_all(line, steps)),
        |_, lines, ()| lines_digest(lines),
        move |order| {
            let freed = order[..steps].iter().map(|at| *at as usize);
            expected_digest(count, freed, steps, size)
        },
    )
}

fn free_and_allocate<S: Slots + 'static>(request: Request, latest_first: bool) -> Box<dyn Case> {
    let (size, steps, count) = (request.size, steps(request), slot_copies(request));
    let order: Vec<u64> = if latest_first {
        (0..size as u64).rev().collect()
    } else {
        shuffled(&mut rng("random_frees", size), size)
    };
    case(
        2 * count * steps,
        Setup::EveryRun,
        order,
        move |order| {
            let line = |_| {
                let (slots, keys) = S::with_live(size);
                let doomed = order[..steps].iter().map(|at| keys[*at as usize]).collect();
                Line { slots, doomed, allocated: Vec::with_capacity(steps) }
            };
            (0..count).map(line).collect::<Vec<_>>()
        },
        move |_, lines| {
            let mut failed = 0u64;
            for line in lines {
                for key in &line.doomed {
                    failed += u64::from(line.slots.free(*key).is_err());
                }
                allocate_all(line, steps);
            }
            failed
        },
        |_, lines, failed| lines_digest(lines).wrapping_add(*failed),
        move |order| {
            let freed = order[..steps].iter().map(|at| *at as usize);
            expected_digest(count, freed, steps, size)
        },
    )
}

/// Where an element is removed, and where one is inserted after that.
type Edit = (u32, u32);

fn edits(request: Request) -> usize {
    if request.can(Capability::ScansWhole) { (200_000 / request.size).clamp(4, 1024) } else { 1024 }
}

fn splices(request: Request) -> Vec<Edit> {
    let (size, count) = (request.size, edits(request));
    let (first, half) = (size / 4, (size / 2).max(1));
    let places = draws(&mut rng("splice_middle", size), 2 * count, half);
    places.chunks(2).map(|pair| (first as u32 + pair[0] as u32, first as u32 + pair[1] as u32)).collect()
}

fn gap_edits(request: Request) -> Vec<Edit> {
    let (size, count) = (request.size as i64, edits(request));
    let mut rng = rng("gap_edit", request.size);
    let mut place = size / 2;
    (0..count)
        .map(|_| {
            place = (place + rng.random_range(-8..=8)).clamp(0, size - 1);
            let mut near = || (place + rng.random_range(-4..=4)).clamp(0, size - 1) as u32;
            (near(), near())
        })
        .collect()
}

/// Each edit frees one index and needs one, so the one is the other: results do not depend on the order
/// in which indices are used again.
fn edit<P: Positions + 'static>(request: Request, edits: Vec<Edit>) -> Box<dyn Case> {
    let size = request.size;
    case(
        edits.len(),
        Setup::EveryRun,
        edits,
        move |_| P::with_len(size),
        |edits, table| {
            let mut state = 0u64;
            for (from, to) in edits {
                let removed = table.remove_at(*from as usize).unwrap_or(u32::MAX);
                let inserted = table.insert_at(*to as usize).unwrap_or(u32::MAX);
                state = state.rotate_left(1) ^ u64::from(removed) ^ u64::from(inserted) << 32;
            }
            state
        },
        |_, table, state| {
            let physical = (0..table.len() + 1).map(|at| table.get_physical(at));
            physical.fold(*state, |state, at| mix(state.wrapping_add(at.map_or(u64::MAX, u64::from))))
        },
        move |edits| {
            let mut model: Vec<u32> = (0..size as u32).collect();
            let mut state = 0u64;
            for (from, to) in edits {
                let index = model.remove(*from as usize);
                model.insert(*to as usize, index);
                state = state.rotate_left(1) ^ u64::from(index) ^ u64::from(index) << 32;
            }
            let physical = model.iter().copied().map(u64::from).chain([u64::MAX]);
            physical.fold(state, |state, at| mix(state.wrapping_add(at)))
        },
    )
}

fn get_physical<P: Positions + 'static>(size: usize) -> Box<dyn Case> {
    let positions = draws(&mut rng("get_physical", size), size.clamp(1024, 10_000), size);
    let fold = |sum: u64, index: u32| sum.rotate_left(1) ^ u64::from(index);
    case(
        positions.len(),
        Setup::Once,
        (P::with_len(size), positions),
        |_| (),
        move |(table, positions), ()| {
            positions
                .iter()
                .fold(0, |sum, at| fold(sum, table.get_physical(*at as usize).unwrap_or(u32::MAX)))
        },
        |_, (), sum| *sum,
        move |(_, positions)| positions.iter().fold(0, |sum, at| fold(sum, *at as u32)),
    )
}

// --- verify ----------------------------------------------------------------------------------

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check::new("slots", 400, 48, "Random allocations and frees, also of slots that are free already."),
    Check::new("positions", 400, 48, "Random pushes, inserts, removals and reads, the table compared in full."),
    Check::new("positions_long", 6000, 2, "The same, with runs of up to 300 inserts or removals, compared every 100 steps."),
    Check::new("free_twice", 0, 1, "A slot freed twice, a slot used after it was freed, a slot that never was: typed errors, and nothing changes."),
    Check::new("out_of_range", 0, 1, "Positions past the end: typed errors, and nothing changes."),
    Check::new("ends_and_middle", 0, 1, "Inserts and removals by turns at the front, the middle and the back of 100,000 elements."),
];

/// A step with its meaning.
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

fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?} (modulo the number there is)", decode(check, step))).collect()
}

/// Whether a check is about [`Slots`]; the others are about [`Positions`].
fn is_about_slots(check: &Check) -> bool {
    matches!(check.name, "slots" | "free_twice")
}

fn replay<S: Slots, P: Positions>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    if is_about_slots(check) { replay_slots::<S>(check, trace) } else { replay_positions::<P>(check, trace) }
}

fn replay_slots<S: Slots>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let fixed = |outcome: Result<(), String>| outcome.map_err(|message| Mismatch { step: 0, message });
    match check.name {
        "slots" => {
            let mut replay = SlotsReplay::<S>::new();
            for (step, raw) in trace.iter().enumerate() {
                let outcome = replay.apply(decode(check, raw));
                outcome.map_err(|message| Mismatch { step, message })?;
            }
            Ok(())
        }
        "free_twice" => fixed(free_twice::<S>()),
        _ => Ok(()),
    }
}

/// Slots under test beside their model.
struct SlotsReplay<S: Slots> {
    slots: S,
    keys: Vec<S::Key>,
    /// The live indices, and of each the place of its key.
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
        // In three orders, everything once too often.
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

fn replay_positions<P: Positions>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let fixed = |outcome: Result<(), String>| outcome.map_err(|message| Mismatch { step: 0, message });
    match check.name {
        "positions" | "positions_long" => {
            let mut replay = PositionsReplay::<P>::new();
            let often = check.name == "positions";
            for (step, raw) in trace.iter().enumerate() {
                replay
                    .apply(decode(check, raw))
                    .and_then(|()| if often || step % 100 == 0 { replay.compare() } else { Ok(()) })
                    .map_err(|message| Mismatch { step, message })?;
            }
            replay.compare().map_err(|message| Mismatch { step: trace.len(), message })
        }
        "out_of_range" => fixed(out_of_range::<P>()),
        "ends_and_middle" => fixed(ends_and_middle::<P>()),
        _ => Ok(()),
    }
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
        // Freed ones come before new ones.
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
        let at = [length, length + 1, usize::MAX][past];
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
    // More removals than inserts, then the other way round.
    for turn in 0..100 {
        replay.remove(place(turn, replay.model.len()))?;
    }
    for turn in 0..120 {
        replay.insert(place(turn, replay.model.len()))?;
    }
    replay.compare()
}
