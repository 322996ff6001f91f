//! Two trees side by side: what is in one and not in a part that both share.

use std::ops::Range;

use super::core::{Core, find_under};
use super::entry::Slot;
use super::node::{Leaf, Link, WIDTH, rest_at};
use crate::counter::Counter;

/// Where to look for an entry in the other tree: in a node (it may be none), below `level` branches.
pub(super) struct Counterpart<K, V, C> {
    pub(super) link: Link<K, V, C>,
    pub(super) level: u32,
}

impl<K, V, C> Clone for Counterpart<K, V, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, C> Copy for Counterpart<K, V, C> {}

/// Visits every entry of `ours` but those in nodes and tails that `theirs` has in the same place; stops, and returns
/// false, when `visit` does. Entries of a tail have no counterpart.
///
/// Nodes in the same place are one node only in versions of one map, with one hasher.
pub(super) fn unshared<K, V, C: Counter>(
    ours: &Core<K, V, C>,
    theirs: &Core<K, V, C>,
    mut visit: impl FnMut(Places<K, V, C>, Option<Counterpart<K, V, C>>) -> bool,
) -> bool {
    let ((tail, len), (their_tail, their_len)) = (ours.tail(), theirs.tail());
    let shared = if tail == their_tail { their_len } else { 0 };
    if shared < len && !visit(Places { leaf: tail, range: shared..len }, None) {
        return false;
    }
    let counterpart = Counterpart { link: theirs.root(), level: 0 };
    // SAFETY: both versions are held.
    ours.root().is_none() || unsafe { unshared_under(ours.root(), counterpart, &mut visit) }
}

/// # Safety
/// There is a node, alive, and the counterpart is, too.
unsafe fn unshared_under<K, V, C>(
    ours: Link<K, V, C>,
    theirs: Counterpart<K, V, C>,
    visit: &mut impl FnMut(Places<K, V, C>, Option<Counterpart<K, V, C>>) -> bool,
) -> bool {
    if ours == theirs.link {
        return true;
    }
    if ours.is_leaf() {
        return visit(Places::all(ours.leaf()), Some(theirs));
    }
    let aligned = !theirs.link.is_none() && !theirs.link.is_leaf();
    // SAFETY: nodes hold their children. Recursion ends at the depth of a hash.
    unsafe {
        let branch = &*ours.branch();
        let mut start = 0;
        while start < WIDTH {
            let (link, end) = (branch.slots[start], branch.run_end(start));
            let go_on = if !aligned {
                unshared_under(link, theirs, visit)
            } else {
                let their_slots = &(*theirs.link.branch()).slots;
                if their_slots[start..end].contains(&link) {
                    true
                } else if link.is_leaf() {
                    // Its entries may be in several of their slots.
                    visit(Places::all(link.leaf()), Some(theirs))
                } else {
                    let counterpart = Counterpart { link: their_slots[start], level: theirs.level + 1 };
                    unshared_under(link, counterpart, visit)
                }
            };
            if !go_on {
                return false;
            }
            start = end;
        }
    }
    true
}

/// Entries beside each other.
pub(super) struct Places<K, V, C> {
    leaf: Leaf<K, V, C>,
    range: Range<usize>,
}

impl<K, V, C> Places<K, V, C> {
    fn all(leaf: Leaf<K, V, C>) -> Self {
        Places { leaf, range: 0..leaf.fill() as usize }
    }

    #[inline]
    pub(super) fn slots(self) -> impl Iterator<Item = Slot<K, V, C>> {
        // SAFETY: entries of the leaf.
        self.range.map(move |at| unsafe { self.leaf.slot(at) })
    }
}

impl<K, V, C> Counterpart<K, V, C> {
    /// The entry of `key`, with its whole hash; its slot is none where there is none.
    ///
    /// # Safety
    /// The node, if there is one, is alive.
    #[inline]
    pub(super) unsafe fn find(self, hash: u32, key: &K) -> Slot<K, V, C>
    where
        K: Eq,
    {
        if self.link.is_none() {
            return Slot::NONE;
        }
        // SAFETY: by the contract.
        unsafe { find_under(self.link, rest_at(hash, self.level), hash, key) }
    }
}
