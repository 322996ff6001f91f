//! Making a whole version the only holder of its nodes, and telling whether it is.

use super::super::node::{BRANCH_BITS, Branch, Link, WIDTH, digit};
use super::{Core, room_for};
use crate::counter::Counter;

impl<K: Clone, V: Clone, C: Counter> Core<K, V, C> {
    /// Makes every node this version's own. Cells may still be shared. If a `clone` panics, the version has the same
    /// entries as before.
    pub(in crate::map) fn own_all(&mut self) {
        if self.tail_len > 0 {
            // SAFETY: the tail has an entry.
            let first = unsafe { self.tail.slot(0) };
            self.own_tail(first);
        }
        if !self.root.is_none() {
            // SAFETY: this version holds the root, and the place of the root is its own.
            unsafe { own_run(&raw mut self.root, 1) }
        }
    }
}

/// Makes a node, and all nodes below it, the caller's own. A run of `length` slots from `start` on names the node.
///
/// # Safety
/// The slots are places in a branch that the caller alone holds, or the place of the root in a version.
unsafe fn own_run<K: Clone, V: Clone, C: Counter>(start: *mut Link<K, V, C>, length: usize) {
    // SAFETY: by the contract the node is held. A copy replaces it in all slots of its run before its hold is given up.
    // Nobody appends to a leaf of a tree. The recursion is at most as deep as a hash has levels.
    unsafe {
        let link = *start;
        if !link.count().is_unique() {
            let copy = if link.is_leaf() {
                let (leaf, fill) = (link.leaf(), link.leaf().fill());
                let room = if leaf.is_collision() { leaf.room() } else { room_for(fill) };
                Link::of_leaf(leaf.copied(fill, room, true))
            } else {
                let (from, copy) = (&*link.branch(), Branch::new(Link::NONE));
                (*copy).slots = from.slots;
                let mut at = 0;
                while at < WIDTH {
                    from.slots[at].count().increment();
                    at = from.run_end(at);
                }
                Link::of_branch(copy)
            };
            (0..length).for_each(|at| *start.add(at) = copy);
            link.release();
        }
        if !(*start).is_leaf() {
            let branch = (*start).branch();
            let mut at = 0;
            while at < WIDTH {
                let end = (*branch).run_end(at);
                own_run((&raw mut (*branch).slots).cast::<Link<K, V, C>>().add(at), end - at);
                at = end;
            }
        }
    }
}

impl<K, V, C: Counter> Core<K, V, C> {
    /// Whether no other version holds the tail, or a node on the way of a hash.
    pub(in crate::map) fn owns_path(&self, hash: u32) -> bool {
        let (mut link, mut rest) = (self.root, hash);
        if !self.tail.is_empty_leaf() && !self.tail.is_unique() {
            return false;
        }
        // SAFETY: this version holds the root, and nodes hold their children.
        unsafe {
            while !link.is_none() {
                if !link.count().is_unique() {
                    return false;
                }
                if link.is_leaf() {
                    break;
                }
                link = (&(*link.branch()).slots)[digit(rest)];
                rest >>= BRANCH_BITS;
            }
        }
        true
    }

    /// Whether no other version holds a node or an entry of this one.
    pub(in crate::map) fn owns_all(&self) -> bool {
        if !self.tail.is_empty_leaf() && !self.tail.is_unique() {
            return false;
        }
        // SAFETY: the tail has that many entries, and this version holds the root.
        unsafe {
            (0..self.tail_len as usize).all(|at| self.tail.slot(at).is_sole())
                && (self.root.is_none() || owns_under(self.root))
        }
    }
}

/// Whether a node and everything below it has one holder each.
///
/// # Safety
/// The link names a node that is alive.
unsafe fn owns_under<K, V, C: Counter>(link: Link<K, V, C>) -> bool {
    // SAFETY: nodes hold their children and entries. The recursion is at most as deep as a hash has levels.
    unsafe {
        if !link.count().is_unique() {
            return false;
        }
        if link.is_leaf() {
            let leaf = link.leaf();
            return (0..leaf.fill() as usize).all(|at| leaf.slot(at).is_sole());
        }
        let branch = &*link.branch();
        branch.slots.iter().all(|child| owns_under(*child))
    }
}
