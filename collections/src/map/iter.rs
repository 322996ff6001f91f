//! Iterators over the entries of a version.

use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};
use std::ptr;

use super::core::Core;
use super::node::{Branch, LEVELS, Link, WIDTH};
use super::slot::{Cells, Slot};
use crate::counter::Counter;

/// Every slot of a version: first those of its tail, then those of its tree.
pub(super) struct Slots<K, V, C> {
    /// The slots from `at` to `end` are left of the present leaf.
    at: *mut u8,
    end: *mut u8,
    /// A struct of its own, so that a loop can keep the two pointers above in registers.
    rest: Rest<K, V, C>,
}

/// A branch, and the number of its next slot. The pointer is `const` because a mutable one would make the iterators
/// invariant: they could not be used where shorter lifetimes are expected.
type Passed<K, V, C> = (*const Branch<K, V, C>, usize);

/// The leaves of a tree that the iteration has not reached yet.
struct Rest<K, V, C> {
    /// The number of entries in them.
    left: usize,
    /// The branch that is being visited, the number of its next slot, and the node that the slot before names. At first
    /// no branch is visited: `branch` is null, and `before` is the root, which has not been visited.
    branch: *const Branch<K, V, C>,
    next: usize,
    before: Link<K, V, C>,
    /// The branches above the visited one, each with its next slot: the first `depth` elements. The others stay
    /// uninitialized, because filling them would cost more than iterating over a small map.
    above: [MaybeUninit<Passed<K, V, C>>; LEVELS as usize],
    depth: usize,
}

impl<K, V, C> Clone for Slots<K, V, C> {
    fn clone(&self) -> Self {
        Slots { rest: Rest { ..self.rest }, ..*self }
    }
}

impl<K, V, C: Counter> Slots<K, V, C> {
    /// The slots of a version. The caller must keep the version alive and unchanged as long as the slots are used.
    #[inline]
    pub(super) fn new(core: &Core<K, V, C>) -> Self {
        let (tail, len) = core.tail();
        // SAFETY: the tail holds `len` entries.
        let (at, end) = unsafe { (tail.slot(0).place(), tail.slot(len).place()) };
        let rest = Rest {
            left: core.tree_len(),
            branch: ptr::null(),
            next: 0,
            before: core.root(),
            above: [const { MaybeUninit::uninit() }; LEVELS as usize],
            depth: 0,
        };
        Slots { at, end, rest }
    }
}

impl<K, V, C> Slots<K, V, C> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.rest.left + (self.end.addr() - self.at.addr()) / Slot::<K, V, C>::SIZE
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<Slot<K, V, C>> {
        if self.at == self.end {
            if self.rest.left == 0 {
                return None;
            }
            (self.at, self.end) = self.rest.next_leaf();
        }
        let slot = Slot::new(self.at);
        self.at = self.at.wrapping_add(Slot::<K, V, C>::SIZE);
        Some(slot)
    }
}

impl<K, V, C> Rest<K, V, C> {
    /// Goes on to the next leaf with entries, and returns where its entries begin and end. There must be such a leaf.
    #[inline(never)]
    fn next_leaf(&mut self) -> (*mut u8, *mut u8) {
        // SAFETY: the version is alive, so its nodes are, and there is another leaf with entries.
        unsafe {
            let mut link = self.before;
            if !self.branch.is_null() {
                link = self.next_link();
            }
            loop {
                if !link.is_leaf() {
                    if !self.branch.is_null() {
                        self.above[self.depth].write((self.branch, self.next));
                        self.depth += 1;
                    }
                    (self.branch, self.next) = (link.branch().cast_const(), 0);
                } else {
                    let leaf = link.leaf();
                    let fill = leaf.fill() as usize;
                    if fill > 0 {
                        self.left -= fill;
                        return (leaf.slot(0).place(), leaf.slot(fill).place());
                    }
                }
                link = self.next_link();
            }
        }
    }

    /// The next node: the one that the first slot behind the run of `before` names.
    ///
    /// # Safety
    /// There is a next node.
    #[inline]
    unsafe fn next_link(&mut self) -> Link<K, V, C> {
        // SAFETY: the branches are alive. When one has no slot left, by the contract a branch above it has, so `depth`
        // is not 0, and the first `depth` elements of `above` are initialized.
        unsafe {
            loop {
                let slots = &(*self.branch).slots;
                let mut next = self.next;
                while next < WIDTH {
                    let link = slots[next];
                    next += 1;
                    if link != self.before {
                        (self.next, self.before) = (next, link);
                        return link;
                    }
                }
                self.depth -= 1;
                (self.branch, self.next) = self.above[self.depth].assume_init();
            }
        }
    }
}

/// The entries of a map, returned by [`iter`](super::GenericHashMap::iter).
///
/// ```
/// let map: persistent_collections::HashMap<_, _> = (0..100).map(|key| (key, key % 2)).collect();
/// let mut odd = map.iter().filter(|(_, rest)| **rest == 1);
/// assert_eq!(map.iter().len(), 100);
/// assert!(odd.all(|(key, _)| key % 2 == 1));
/// ```
pub struct Iter<'a, K, V, C> {
    slots: Slots<K, V, C>,
    map: PhantomData<&'a (K, V)>,
}

// SAFETY: an iterator is a shared reference to keys and values, and does not touch reference counts.
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
        // SAFETY: the slot holds an entry of the map, which is borrowed for `'a`.
        self.slots.next().map(|slot| unsafe { (slot.key(), slot.value()) })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.slots.len(), Some(self.slots.len()))
    }
}

impl<K, V, C> ExactSizeIterator for Iter<'_, K, V, C> {}

impl<K, V, C> FusedIterator for Iter<'_, K, V, C> {}

/// The keys of a map, returned by [`keys`](super::GenericHashMap::keys).
pub struct Keys<'a, K, V, C>(pub(super) Iter<'a, K, V, C>);

/// The values of a map, returned by [`values`](super::GenericHashMap::values).
pub struct Values<'a, K, V, C>(pub(super) Iter<'a, K, V, C>);

impl<K, V, C> Clone for Keys<'_, K, V, C> {
    fn clone(&self) -> Self {
        Keys(self.0.clone())
    }
}

impl<K, V, C> Clone for Values<'_, K, V, C> {
    fn clone(&self) -> Self {
        Values(self.0.clone())
    }
}

impl<'a, K, V, C> Iterator for Keys<'a, K, V, C> {
    type Item = &'a K;

    #[inline]
    fn next(&mut self) -> Option<&'a K> {
        self.0.next().map(|entry| entry.0)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a, K, V, C> Iterator for Values<'a, K, V, C> {
    type Item = &'a V;

    #[inline]
    fn next(&mut self) -> Option<&'a V> {
        self.0.next().map(|entry| entry.1)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K, V, C> ExactSizeIterator for Keys<'_, K, V, C> {}

impl<K, V, C> FusedIterator for Keys<'_, K, V, C> {}

impl<K, V, C> ExactSizeIterator for Values<'_, K, V, C> {}

impl<K, V, C> FusedIterator for Values<'_, K, V, C> {}

/// The entries of a version by value, returned by `into_iter`. Entries that no other version holds are moved, all
/// others are cloned when they are yielded.
///
/// ```
/// let map: persistent_collections::HashMap<_, _> = [(1, "one".to_owned())].into();
/// let entries: Vec<(u32, String)> = map.clone().into_iter().collect();
/// assert_eq!((entries.len(), map.len()), (1, 1));
/// ```
pub struct IntoIter<K, V, C: Counter> {
    slots: Slots<K, V, C>,
    /// Whether only the iterator can reach the present leaf. Then the leaf does not count its entries any more, and the
    /// iterator holds those that it has not yielded.
    own: bool,
    /// The version that the slots belong to, kept alive.
    _core: Core<K, V, C>,
}

// SAFETY: this is a version and pointers to its entries, so it is as `Send` and `Sync` as the version.
unsafe impl<K: Send + Sync, V: Send + Sync, C: Counter<Marker: Send>> Send for IntoIter<K, V, C> {}
// SAFETY: as above. A `&self` offers only the number of entries.
unsafe impl<K: Send + Sync, V: Send + Sync, C: Counter<Marker: Sync>> Sync for IntoIter<K, V, C> {}

impl<K, V, C: Counter> IntoIter<K, V, C> {
    pub(super) fn new(core: Core<K, V, C>) -> Self {
        let (slots, (tail, len)) = (Slots::new(&core), core.tail());
        let own = len > 0 && tail.is_unique();
        // Entries that this version does not see can only be entries by value, which need no drop.
        debug_assert!(!own || Slot::<K, V, C>::INLINE || tail.fill() as usize == len);
        if own {
            // SAFETY: only this version holds the tail. Its entries go to the iterator.
            unsafe { tail.set_fill(0) }
        }
        IntoIter { slots, own, _core: core }
    }

    /// Goes on to the next leaf if none of the present one's entries are left, and returns whether there is an entry.
    #[inline]
    fn has_next(&mut self) -> bool {
        if self.slots.at == self.slots.end {
            if self.slots.rest.left == 0 {
                return false;
            }
            (self.slots.at, self.slots.end) = self.slots.rest.next_leaf();
            self.own = self.slots.rest.owns_leaf();
            if self.own {
                // SAFETY: only this version can reach the leaf. Its entries go to the iterator.
                unsafe { self.slots.rest.before.leaf().set_fill(0) }
            }
        }
        true
    }
}

impl<K, V, C: Counter> Rest<K, V, C> {
    /// Whether no other version holds the leaf that was reached last, or a branch above it.
    fn owns_leaf(&self) -> bool {
        // SAFETY: the version is alive, so its nodes are. The first `depth` elements of `above` are initialized.
        unsafe {
            self.before.count().is_unique()
                && (self.branch.is_null() || Branch::is_unique(self.branch.cast_mut()))
                && self.above[..self.depth]
                    .iter()
                    .all(|passed| Branch::is_unique(passed.assume_init().0.cast_mut()))
        }
    }
}

impl<K: Clone, V: Clone, C: Counter> Iterator for IntoIter<K, V, C> {
    type Item = (K, V);

    #[inline]
    fn next(&mut self) -> Option<(K, V)> {
        if !self.has_next() {
            return None;
        }
        let slot = Slot::<K, V, C>::new(self.slots.at);
        // SAFETY: the slot holds an entry of the version, which the iterator keeps. If a clone panics, the entry has
        // not been taken. Otherwise the iteration has moved on past the entry before it is taken, which may drop it.
        unsafe {
            let clone = if self.own && slot.is_sole() {
                None
            } else {
                Some((slot.key::<'_>().clone(), slot.value::<'_>().clone()))
            };
            self.slots.at = self.slots.at.wrapping_add(Slot::<K, V, C>::SIZE);
            if !self.own {
                return clone;
            }
            Some(slot.take_entry(clone))
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.slots.len(), Some(self.slots.len()))
    }
}

impl<K, V, C: Counter> Drop for IntoIter<K, V, C> {
    fn drop(&mut self) {
        /// The entries of the present leaf that are left. If releasing one of them panics, the next `Left` goes on. A
        /// second panic aborts the process.
        struct Left<'a, K, V, C: Counter>(&'a mut Slots<K, V, C>);

        impl<K, V, C: Counter> Drop for Left<'_, K, V, C> {
            fn drop(&mut self) {
                while self.0.at != self.0.end {
                    let slot = Slot::<K, V, C>::new(self.0.at);
                    self.0.at = self.0.at.wrapping_add(Slot::<K, V, C>::SIZE);
                    let rest = Left(self.0);
                    // SAFETY: the iterator holds the entry, which is released once.
                    unsafe { slot.release() };
                    mem::forget(rest);
                }
            }
        }

        if self.own && !Slot::<K, V, C>::INLINE {
            drop(Left(&mut self.slots));
        }
    }
}

impl<K: Clone, V: Clone, C: Counter> ExactSizeIterator for IntoIter<K, V, C> {}

impl<K: Clone, V: Clone, C: Counter> FusedIterator for IntoIter<K, V, C> {}

/// The entries of a map, with values to be changed, returned by [`iter_mut`](super::GenericHashMap::iter_mut).
pub struct IterMut<'a, K, V, C: Counter> {
    slots: Slots<K, V, C>,
    /// The memory for copies of shared entries.
    cells: Cells<K, V, C>,
    map: PhantomData<&'a mut (K, V, C::Marker)>,
}

// SAFETY: an `IterMut` is a mutable reference to a version, whose entries other versions may share.
unsafe impl<K: Send + Sync, V: Send + Sync, C: Counter<Marker: Send>> Send for IterMut<'_, K, V, C> {}
// SAFETY: as above. A `&self` offers only the number of entries.
unsafe impl<K: Send + Sync, V: Send + Sync, C: Counter<Marker: Sync>> Sync for IterMut<'_, K, V, C> {}

impl<'a, K: Clone, V: Clone, C: Counter> IterMut<'a, K, V, C> {
    pub(super) fn new(core: &'a mut Core<K, V, C>) -> Self {
        core.own_all();
        IterMut { slots: Slots::new(core), cells: Cells::new(), map: PhantomData }
    }
}

impl<'a, K: Clone, V: Clone, C: Counter> Iterator for IterMut<'a, K, V, C> {
    type Item = (&'a K, &'a mut V);

    #[inline]
    fn next(&mut self) -> Option<(&'a K, &'a mut V)> {
        // SAFETY: the slot holds an entry of the version, which is borrowed for `'a` and alone holds all its leaves
        // after `own_all`. Each slot is reached once, so nobody else has a reference to its value.
        self.slots.next().map(|slot| unsafe {
            let value = slot.value_mut(&mut self.cells);
            (slot.key(), value)
        })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.slots.len(), Some(self.slots.len()))
    }
}

impl<K: Clone, V: Clone, C: Counter> ExactSizeIterator for IterMut<'_, K, V, C> {}

impl<K: Clone, V: Clone, C: Counter> FusedIterator for IterMut<'_, K, V, C> {}

/// The values of a map, to be changed, returned by [`values_mut`](super::GenericHashMap::values_mut).
pub struct ValuesMut<'a, K, V, C: Counter>(pub(super) IterMut<'a, K, V, C>);

impl<'a, K: Clone, V: Clone, C: Counter> Iterator for ValuesMut<'a, K, V, C> {
    type Item = &'a mut V;

    #[inline]
    fn next(&mut self) -> Option<&'a mut V> {
        self.0.next().map(|entry| entry.1)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K: Clone, V: Clone, C: Counter> ExactSizeIterator for ValuesMut<'_, K, V, C> {}

impl<K: Clone, V: Clone, C: Counter> FusedIterator for ValuesMut<'_, K, V, C> {}
