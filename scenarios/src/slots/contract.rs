//! The contract: what a contender implements.

use std::fmt::Debug;

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

/// A table from logical positions to physical indices. A clone is a table of its own, and may take O(n).
pub trait Positions: Clone {
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
