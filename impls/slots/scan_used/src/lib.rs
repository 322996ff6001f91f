//! The source's naive layer. To find a free physical index it tries 0, 1, 2 and so on until one is not in the set of
//! used indices. The table of positions is an array.

use std::collections::HashSet;

use scenarios::input::FixedHasher;
use scenarios::slots::{NotLive, OutOfRange, Positions, Slots};
use scenarios::{About, Capability, Contender, Growth, Role};

#[derive(Clone)]
struct UsedSet(HashSet<u32, FixedHasher>);

impl Slots for UsedSet {
    type Key = u32;

    fn new() -> Self {
        UsedSet(HashSet::default())
    }

    fn allocate(&mut self) -> u32 {
        let mut index = 0;
        while self.0.contains(&index) {
            index += 1;
        }
        self.0.insert(index);
        index
    }

    fn free(&mut self, key: u32) -> Result<(), NotLive> {
        if self.0.remove(&key) { Ok(()) } else { Err(NotLive) }
    }

    fn is_live(&self, key: u32) -> bool {
        self.0.contains(&key)
    }

    fn live(&self) -> usize {
        self.0.len()
    }

    fn index(key: u32) -> usize {
        key as usize
    }

    fn absent() -> u32 {
        u32::MAX
    }

    fn with_live(count: usize) -> (Self, Vec<u32>) {
        // Allocating 100,000 indices one by one would take minutes.
        let keys: Vec<u32> = (0..count as u32).collect();
        (UsedSet(keys.iter().copied().collect()), keys)
    }
}

/// A table of positions whose physical indices are found by scanning.
#[derive(Clone)]
pub struct Table {
    slots: UsedSet,
    physical: Vec<u32>,
}

impl Positions for Table {
    fn new() -> Self {
        Table { slots: UsedSet::new(), physical: Vec::new() }
    }

    fn len(&self) -> usize {
        self.physical.len()
    }

    fn push(&mut self) -> u32 {
        let index = self.slots.allocate();
        self.physical.push(index);
        index
    }

    fn insert_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position > self.physical.len() {
            return Err(OutOfRange);
        }
        let index = self.slots.allocate();
        self.physical.insert(position, index);
        Ok(index)
    }

    fn remove_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position >= self.physical.len() {
            return Err(OutOfRange);
        }
        let index = self.physical.remove(position);
        self.slots.0.remove(&index);
        Ok(index)
    }

    fn get_physical(&self, position: usize) -> Option<u32> {
        self.physical.get(position).copied()
    }

    fn with_len(count: usize) -> Self {
        let (slots, physical) = UsedSet::with_live(count);
        Table { slots, physical }
    }
}

/// The contender: the source's scan of a set.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::slots::contender::<UsedSet, Table>(About {
        name: "scan_used",
        role: Role::Naive,
        summary: "A set of used indices, scanned from 0 for one that is not in it, and an array of positions.",
        source: "data-map, its indirection layer before the optimisation",
        analysis: ANALYSIS,
        complexity: &[
            ("fresh", Growth::Linear),
            ("after_frees", Growth::Linear),
            ("lifo_frees", Growth::Linear),
            ("random_frees", Growth::Linear),
            ("splice_middle", Growth::Linear),
            ("gap_edit", Growth::Linear),
            ("get_physical", Growth::Constant),
        ],
        capabilities: &[Capability::Allocation, Capability::Positional, Capability::ScansWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Every allocation asks the set for 0, 1, 2 and so on until an index is not in it. After n allocations the \
next one takes n hash lookups; all of them together take n²/2.

It always returns the smallest free index, which nobody needs. Freeing an index is one removal from the \
set. The table of positions is an array: reading it is as fast as can be, and inserting in the middle moves \
everything behind.";
