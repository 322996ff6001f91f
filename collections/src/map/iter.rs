//! Iteration over a version's entries.

use std::iter::FusedIterator;
use std::marker::PhantomData;

use super::core::Core;
use super::entry::Slot;
use super::node::{Branch, LEVELS, Link, WIDTH};
use crate::counter::Counter;

/// Every slot of a version, in the order of its tail and its tree.
pub(super) struct Slots<K, V, C> {
    at: *mut u8,
    end: *mut u8,
    /// Entries beyond `end`.
    left: usize,
    root: Link<K, V, C>,
    depth: usize,
    /// The branches on the way to the leaf, and the next slot to visit in each.
    path: [(*mut Branch<K, V, C>, usize); LEVELS as usize],
}

impl<K, V, C> Clone for Slots<K, V, C> {
    fn clone(&self) -> Self {
        Slots { ..*self }
    }
}

impl<K, V, C: Counter> Slots<K, V, C> {
    /// The slots of a version, which must be held as long as they are used.
    #[inline]
    pub(super) fn new(core: &Core<K, V, C>) -> Self {
        let (tail, len) = core.tail();
        // SAFETY: the tail holds `len` entries.
        let (at, end) = unsafe { (tail.slot(0).place(), tail.slot(len).place()) };
        let path = [(std::ptr::null_mut(), 0); LEVELS as usize];
        Slots { at, end, left: core.tree_len(), root: core.root(), depth: 0, path }
    }
}

impl<K, V, C> Slots<K, V, C> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.left + (self.end.addr() - self.at.addr()) / Slot::<K, V, C>::SIZE
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<Slot<K, V, C>> {
        if self.at == self.end && !self.next_leaf() {
            return None;
        }
        let slot = Slot::new(self.at);
        self.at = self.at.wrapping_add(Slot::<K, V, C>::SIZE);
        Some(slot)
    }

    /// Goes on to the next leaf with entries, if there is one.
    #[inline(never)]
    fn next_leaf(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        // SAFETY: the version is held, so its nodes are alive, and there is another leaf with entries.
        unsafe {
            loop {
                let mut link = self.root;
                if !link.is_leaf() {
                    if self.depth == 0 {
                        (self.path[0], self.depth) = ((link.branch(), 0), 1);
                    }
                    let (branch, next) = &mut self.path[self.depth - 1];
                    if *next == WIDTH {
                        self.depth -= 1;
                        continue;
                    }
                    link = (&(**branch).slots)[*next];
                    if !link.is_leaf() {
                        *next += 1;
                        self.path[self.depth] = (link.branch(), 0);
                        self.depth += 1;
                        continue;
                    }
                    *next = (**branch).run_end(*next);
                }
                let fill = link.leaf().fill() as usize;
                if fill > 0 {
                    self.left -= fill;
                    self.at = link.leaf().slot(0).place();
                    self.end = link.leaf().slot(fill).place();
                    return true;
                }
            }
        }
    }
}

/// The entries of a map: see [`iter`](super::GenericHashMap::iter).
pub struct Iter<'a, K, V, C> {
    slots: Slots<K, V, C>,
    map: PhantomData<&'a (K, V)>,
}

// SAFETY: an iterator is a shared reference to keys and values; it counts nothing.
unsafe impl<K: Sync, V: Sync, C> Send for Iter<'_, K, V, C> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync, C> Sync for Iter<'_, K, V, C> {}

impl<'a, K, V, C: Counter> Iter<'a, K, V, C> {
    #[inline]
    pub(super) fn new(core: &'a Core<K, V, C>) -> Self {
        Iter { slots: Slots::new(core), map: PhantomData }
    }
}

impl<K, V, C> Clone for Iter<'_, K, V, C> {
    fn clone(&self) -> Self {
        Iter { slots: self.slots.clone(), map: PhantomData }
    }
}

impl<'a, K, V, C> Iterator for Iter<'a, K, V, C> {
    type Item = (&'a K, &'a V);

    #[inline]
    fn next(&mut self) -> Option<(&'a K, &'a V)> {
        // SAFETY: the map is borrowed for `'a`, so its entries stay.
        self.slots.next().map(|slot| unsafe { (slot.key(), slot.value()) })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.slots.len(), Some(self.slots.len()))
    }
}

impl<K, V, C> ExactSizeIterator for Iter<'_, K, V, C> {}

impl<K, V, C> FusedIterator for Iter<'_, K, V, C> {}
