//! **Slots**: the indices of an array whose elements never move, and the order in which they are read.
//!
//! The layer has two halves, with a contract each. [`Slots`] hands out physical indices and takes them
//! back; [`Positions`] keeps a table from logical positions to physical indices, into which elements are
//! inserted anywhere. Oracle: the set of live indices, and a `Vec` of them. Scenarios: [`BOTTLENECK`].
//!
//! In which order freed indices are used again is a contender's own business. They must be used before
//! new ones, so that there never are more than the greatest number that lived at once.

mod cases;
mod checks;
mod oracle;

use std::fmt::Debug;

use crate::contender::{About, Bottleneck, Capability, Claim, Contender, Scenario, Sizes};

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
    checks: checks::CHECKS,
    sizes: Sizes {
        quick: &[100, 1000],
        default: &[1000, 10_000, 100_000],
        full: &[100, 1000, 10_000, 100_000, 1_000_000],
    },
    claims: CLAIMS,
    memory: &[],
    own_input: None,
    reference: "free_list",
    describe: checks::describe,
};

const CLAIMS: &[Claim] = &[Claim::new(
    "dm-slots",
    "100,000 allocations take less than 100 ms where the scan of used indices took about 1 s: ten times less.",
    Some(10.0),
    ("fresh", 100_000),
    ["scan_used", "free_list"],
)];

const ALLOCATION: &[Capability] = &[Capability::Allocation];
const POSITIONAL: &[Capability] = &[Capability::Positional];

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("fresh", "slot", ALLOCATION, "Allocates n slots, none of which was used before (the last ones of n, where the contender scans)."),
    Scenario::new("after_frees", "slot", ALLOCATION, "Allocates n slots after n were freed in random order (a few, where the contender scans)."),
    Scenario::new("lifo_frees", "slot", ALLOCATION, "Frees n slots, the latest first, and allocates as many again (a few, where the contender scans)."),
    Scenario::new("random_frees", "slot", ALLOCATION, "Frees n slots in random order and allocates as many again (a few, where the contender scans)."),
    Scenario::new("splice_middle", "edit", POSITIONAL, "Removes an element somewhere in the middle half of n and inserts one elsewhere there, 1,024 times (fewer where the contender scans)."),
    Scenario::new("gap_edit", "edit", POSITIONAL, "Removes and inserts elements close to a place that wanders slowly, 1,024 times (fewer where the contender scans)."),
    Scenario::new("get_physical", "get", POSITIONAL, "Reads the physical indices at random positions of n."),
];

/// Makes a contender of an implementation of both halves; call it in the contender's crate.
pub fn contender<S: Slots + 'static, P: Positions + 'static>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<S, P>,
        replay: checks::replay::<S, P>,
    }
}

/// Makes a contender of an implementation of [`Slots`] alone; call it in the contender's crate.
pub fn allocating<S: Slots + 'static>(about: About) -> Contender {
    let (set_up, replay) = (cases::set_up_slots::<S>, checks::replay_slots::<S>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay }
}

/// Makes a contender of an implementation of [`Positions`] alone; call it in the contender's crate.
pub fn positional<P: Positions + 'static>(about: About) -> Contender {
    let (set_up, replay) = (cases::set_up_positions::<P>, checks::replay_positions::<P>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay }
}
