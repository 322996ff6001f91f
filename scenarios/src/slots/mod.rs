//! **Slots**: the indices of an array whose elements never move, and the order in which they are read.
//!
//! There are two contracts, one for each half of the problem. [`Slots`] hands out physical indices and takes them back.
//! [`Positions`] keeps a table from logical positions to physical indices, into which elements are inserted anywhere.
//! Oracle: the set of live indices, and a `Vec` of them. Scenarios: [`BOTTLENECK`].
//!
//! A contender may use freed indices again in any order. But it must use all of them before new ones, so that there
//! never are more indices than the greatest number that was live at the same time.

mod cases;
mod checks;
mod oracle;

use std::fmt::Debug;

use crate::contender::{About, Bottleneck, Capability, Claim, Contender, Scenario, Sizes};

/// The slot of a key is not live: it was freed, or it was never allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLive;

/// A logical position lies past the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

/// Hands out physical indices and takes them back. Its users expect O(1).
pub trait Slots: Sized {
    /// What names a slot: its index, or more than that.
    type Key: Copy + Debug;

    /// An allocator without live slots.
    fn new() -> Self;
    /// Makes a slot live and returns its key. Freed slots are used before new ones.
    fn allocate(&mut self) -> Self::Key;
    /// Frees a slot. Whether a contender recognises an old key whose index was allocated again is its own choice.
    ///
    /// # Errors
    /// [`NotLive`] if the slot is not live; nothing changes then.
    fn free(&mut self, key: Self::Key) -> Result<(), NotLive>;
    /// Whether the slot of `key` is live.
    fn is_live(&self, key: Self::Key) -> bool;
    /// Number of live slots.
    fn live(&self) -> usize;
    /// The physical index of a key, from 0 on.
    fn index(key: Self::Key) -> usize;
    /// A key that is never handed out: of a slot far beyond all others.
    fn absent() -> Self::Key;

    /// An allocator with `count` live slots, and their keys. Only set-ups call it.
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
    /// Appends an element. Returns its physical index.
    fn push(&mut self) -> u32;
    /// Inserts an element before `position`, or at the end if that is the length. Returns its physical index.
    ///
    /// # Errors
    /// [`OutOfRange`] if `position` is greater than the length; nothing changes then.
    fn insert_at(&mut self, position: usize) -> Result<u32, OutOfRange>;
    /// Removes the element at `position`, frees its physical index and returns that.
    ///
    /// # Errors
    /// [`OutOfRange`] if there is no element at `position`; nothing changes then.
    fn remove_at(&mut self, position: usize) -> Result<u32, OutOfRange>;
    /// The physical index of the element at `position`; `None` past the end.
    fn get_physical(&self, position: usize) -> Option<u32>;

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A table of `count` elements that were pushed one after the other. Only set-ups call it.
    fn with_len(count: usize) -> Self {
        let mut table = Self::new();
        for _ in 0..count {
            table.push();
        }
        table
    }
}

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "slots",
    title: "Slots",
    question: "What does it cost to find a free slot, and to insert one in the middle? A scan for the next free index is \
               O(n); a counter and a free list are O(1). But elements that never move need a table of their order. An \
               insert into such a table moves all that follows, which is O(n) again.",
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
    "100,000 allocations take less than 100 ms. With a scan of the used indices they took about 1 s, ten times as long.",
    Some(10.0),
    ("fresh", 100_000),
    ["scan_used", "free_list"],
)];

const ALLOCATION: &[Capability] = &[Capability::Allocation];
const POSITIONAL: &[Capability] = &[Capability::Positional];

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("fresh", "slot", ALLOCATION, "Allocates n slots that were never used before. A contender that scans allocates the last few of n only."),
    Scenario::new("after_frees", "slot", ALLOCATION, "Allocates n slots after n were freed in random order. A contender that scans allocates a few only."),
    Scenario::new("lifo_frees", "slot", ALLOCATION, "Frees n slots, the latest first, and allocates as many again. A contender that scans frees a few only."),
    Scenario::new("random_frees", "slot", ALLOCATION, "Frees n slots in random order and allocates as many again. A contender that scans frees a few only."),
    Scenario::new("splice_middle", "edit", POSITIONAL, "Removes an element at a random place in the middle half of n and inserts one at another place there, 1,024 times. A contender that scans does it fewer times."),
    Scenario::new("gap_edit", "edit", POSITIONAL, "Removes and inserts elements close to a place that moves slowly, 1,024 times. A contender that scans does it fewer times."),
    Scenario::new("get_physical", "get", POSITIONAL, "Reads the physical indices at random positions of n."),
];

/// Makes a contender of implementations of both contracts. A contender's crate calls it, so that every scenario is
/// compiled there.
pub fn contender<S: Slots + 'static, P: Positions + 'static>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<S, P>,
        replay: checks::replay::<S, P>,
    }
}

/// Makes a contender of an implementation of [`Slots`] alone, as [`contender`] does of both.
pub fn allocating<S: Slots + 'static>(about: About) -> Contender {
    let (set_up, replay) = (cases::set_up_slots::<S>, checks::replay_slots::<S>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay }
}

/// Makes a contender of an implementation of [`Positions`] alone, as [`contender`] does of both.
pub fn positional<P: Positions + 'static>(about: About) -> Contender {
    let (set_up, replay) = (cases::set_up_positions::<P>, checks::replay_positions::<P>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay }
}
