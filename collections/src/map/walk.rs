//! Walking two versions side by side: finding the entries of one that do not lie in a node that both share.

use std::ops::Range;

use super::core::{Core, find_under};
use super::node::{Leaf, Link, WIDTH, rest_at};
use super::slot::Slot;
use crate::counter::Counter;

/// Where an entry of our tree must be searched for in the other tree: under the node that `link` names, which is below
/// `level` branches and may be none.
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

/// Visits every entry of `ours`, except those in nodes, tails and cells that `theirs` has in the same place. Stops and
/// returns false as soon as `visit` returns false. Entries of our tail have no counterpart.
///
/// Two versions have the same node in the same place only if they are versions of one map, so their hashers agree.
pub(super) fn unshared<K: Eq, V, C: Counter>(
    ours: &Core<K, V, C>,
    theirs: &Core<K, V, C>,
    mut visit: impl FnMut(Places<K, V, C>, Option<Counterpart<K, V, C>>) -> bool,
) -> bool {
    let (our_tail, their_tail) = (Seen::tail(ours), Seen::tail(theirs));
    // Our tail may have become the first leaf of the other version's tree.
    let their_first = if theirs.root().is_none() { their_tail } else { Seen::node(theirs.root()) };
    let beside = if our_tail.leaf == their_first.leaf { their_first } else { their_tail };
    if our_tail.len > 0 && !visit(Places::new(our_tail, beside), None) {
        return false;
    }
    let counterpart = Counterpart { link: theirs.root(), level: 0 };
    if ours.root().is_none() {
        return true;
    }
    if ours.root().is_leaf() {
        return visit(Places::new(Seen::node(ours.root()), their_first), Some(counterpart));
    }
    // SAFETY: both versions are borrowed, so their nodes are alive.
    unsafe { unshared_under(ours.root(), counterpart, &mut visit) }
}

/// Does the work of [`unshared`] for the entries under a node of our tree.
///
/// # Safety
/// `ours` names a node that is alive. So does `theirs`, or it names none.
unsafe fn unshared_under<K: Eq, V, C>(
    ours: Link<K, V, C>,
    theirs: Counterpart<K, V, C>,
    visit: &mut impl FnMut(Places<K, V, C>, Option<Counterpart<K, V, C>>) -> bool,
) -> bool {
    if ours == theirs.link {
        return true;
    }
    if ours.is_leaf() {
        return visit(Places::new(Seen::node(ours), Seen::node(theirs.link)), Some(theirs));
    }
    let aligned = !theirs.link.is_none() && !theirs.link.is_leaf();
    // SAFETY: nodes hold their children, so these are alive, too. The recursion is at most as deep as a hash has
    // levels.
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
                    // The entries of this leaf may lie under several slots of the other branch, so they are searched
                    // for from there.
                    visit(Places::new(Seen::node(link), Seen::node(their_slots[start])), Some(theirs))
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

/// The entries of a leaf that a version sees: the first `len` ones.
struct Seen<K, V, C> {
    leaf: Leaf<K, V, C>,
    len: usize,
}

impl<K, V, C> Clone for Seen<K, V, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, C> Copy for Seen<K, V, C> {}

impl<K, V, C> Seen<K, V, C> {
    fn tail(core: &Core<K, V, C>) -> Self
    where
        C: Counter,
    {
        let (leaf, len) = core.tail();
        Seen { leaf, len }
    }

    /// The entries of a node of a tree if it is a leaf, otherwise none.
    fn node(link: Link<K, V, C>) -> Self {
        let leaf = if link.is_leaf() { link.leaf() } else { Leaf::empty() };
        Seen { leaf, len: leaf.fill() as usize }
    }
}

/// Two leaves count as unrelated if the first few entries, as many as this, all have different keys in the same places.
const COMPARED: usize = 2;

/// Some entries of a leaf, and the entries of another version's leaf in the same places. If one leaf is a changed copy
/// of the other, most of them are equal, and are found without a search.
pub(super) struct Places<K, V, C> {
    leaf: Leaf<K, V, C>,
    range: Range<usize>,
    beside: Seen<K, V, C>,
}

impl<K: Eq, V, C> Places<K, V, C> {
    fn new(ours: Seen<K, V, C>, mut beside: Seen<K, V, C>) -> Self {
        let mut range = 0..ours.len;
        if ours.leaf == beside.leaf {
            (range.start, beside.len) = (beside.len.min(ours.len), 0);
        }
        let common = ours.len.min(beside.len);
        // SAFETY: `at` is less than the number of entries of both leaves.
        let same = |at| unsafe { ours.leaf.slot(at).has_key_of(beside.leaf.slot(at)) };
        if !(0..common.min(COMPARED)).any(same) {
            // Neither leaf seems to be a copy of the other.
            beside.len = 0;
        }
        Places { leaf: ours.leaf, range, beside }
    }

    /// Each entry, together with the one in the same place of the other leaf if that has the same key. Skips entries
    /// whose cell is the same.
    #[inline]
    pub(super) fn slots(self) -> impl Iterator<Item = (Slot<K, V, C>, Slot<K, V, C>)> {
        self.range.filter_map(move |at| {
            // SAFETY: `at` is less than the number of entries of our leaf and, where the other leaf is used, of that
            // one.
            unsafe {
                let slot = self.leaf.slot(at);
                if at >= self.beside.len {
                    return Some((slot, Slot::NONE));
                }
                let beside = self.beside.leaf.slot(at);
                if slot.has_cell_of(beside) {
                    return None;
                }
                Some((slot, if slot.has_key_of(beside) { beside } else { Slot::NONE }))
            }
        })
    }
}

impl<K, V, C> Counterpart<K, V, C> {
    /// The slot of the entry of `key`, or [`Slot::NONE`]. `hash` is the whole hash of the key.
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
