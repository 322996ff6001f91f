//! A version: its tree and its tail, and how they change. Hashes come from outside.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::ptr;

use super::node::{
    BRANCH_BITS, Branch, LEVELS, Leaf, Link, MAX_ENTRIES, NewEntry, WIDTH, copied_way, digit, tag_at,
};
use super::slot::{Cells, Slot};
use crate::counter::Counter;

/// Room of a leaf that begins with `len` entries or has grown to them.
fn room_for(len: u32) -> u32 {
    match len {
        0..=4 => 4,
        5..=8 => 8,
        9..=16 => 16,
        17..=MAX_ENTRIES => MAX_ENTRIES,
        more => more.next_power_of_two(),
    }
}

/// Room for entries in an empty map's first leaf.
const FIRST_ROOM: u32 = 8;

/// Most entries of a tail beside a tree.
const fn max_tail_len<K, V, C>() -> u32 {
    // Where versions cannot append to one tail, each shared insert copies it.
    if Slot::<K, V, C>::INLINE { MAX_ENTRIES } else { 16 }
}

/// A version of a map: see the module above.
pub(super) struct Core<K, V, C: Counter> {
    root: Link<K, V, C>,
    tree_len: usize,
    tail: Leaf<K, V, C>,
    tail_len: u32,
    /// For this version's next entries.
    cells: Cells<K, V, C>,
    /// Owns entries, and is as `Send` and `Sync` as its counter.
    owns: PhantomData<(K, V, C::Marker)>,
}

// SAFETY: nodes and entries are reached through shared pointers from several versions, so what is true of
// `Arc<(K, V)>` is true here; with plain counts the marker is neither.
unsafe impl<K: Send + Sync, V: Send + Sync, C: Counter<Marker: Send>> Send for Core<K, V, C> {}
// SAFETY: as above; `&self` offers nothing but reads and `clone`.
unsafe impl<K: Send + Sync, V: Send + Sync, C: Counter<Marker: Sync>> Sync for Core<K, V, C> {}

impl<K, V, C: Counter> Clone for Core<K, V, C> {
    #[inline]
    fn clone(&self) -> Self {
        if !self.root.is_none() {
            // SAFETY: this version holds the node.
            unsafe { self.root.count().increment() }
        }
        if !self.tail.is_empty_leaf() {
            self.tail.count().increment();
        }
        Core {
            root: self.root,
            tree_len: self.tree_len,
            tail: self.tail,
            tail_len: self.tail_len,
            cells: Cells::new(),
            owns: PhantomData,
        }
    }
}

impl<K, V, C: Counter> Drop for Core<K, V, C> {
    fn drop(&mut self) {
        struct Tail<K, V, C: Counter>(Leaf<K, V, C>);

        impl<K, V, C: Counter> Drop for Tail<K, V, C> {
            fn drop(&mut self) {
                if !self.0.is_empty_leaf() {
                    // SAFETY: the version's share, given up once.
                    unsafe { self.0.release() }
                }
            }
        }

        // The tail goes even if dropping an entry of the tree panics.
        let _tail = Tail(self.tail);
        if !self.root.is_none() {
            // SAFETY: as above.
            unsafe { self.root.release() }
        }
    }
}

impl<K, V, C: Counter> Core<K, V, C> {
    #[inline]
    pub(super) fn new() -> Self {
        Core {
            root: Link::NONE,
            tree_len: 0,
            tail: Leaf::empty(),
            tail_len: 0,
            cells: Cells::new(),
            owns: PhantomData,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.tree_len + self.tail_len as usize
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        self.root == other.root && self.tail == other.tail && self.tail_len == other.tail_len
    }

    pub(super) fn root(&self) -> Link<K, V, C> {
        self.root
    }

    pub(super) fn tree_len(&self) -> usize {
        self.tree_len
    }

    pub(super) fn tail(&self) -> (Leaf<K, V, C>, usize) {
        (self.tail, self.tail_len as usize)
    }

    /// The entry of `key`; its slot is none where there is none.
    // Always, because a call and what it saves of registers would be a sixth of a search.
    #[inline(always)]
    pub(super) fn find<Q: Eq + ?Sized>(&self, hash: u32, key: &Q) -> Slot<K, V, C>
    where
        K: Borrow<Q>,
    {
        if !self.root.is_none() {
            let slot = self.find_in_tree(hash, key);
            if !slot.is_none() {
                return slot;
            }
            if self.tail.is_empty_leaf() {
                return Slot::NONE;
            }
        }
        self.find_in_tail(hash, key)
    }

    #[inline]
    fn find_in_tail<Q: Eq + ?Sized>(&self, hash: u32, key: &Q) -> Slot<K, V, C>
    where
        K: Borrow<Q>,
    {
        // SAFETY: this version holds the tail; the first entries of it are its own.
        unsafe { self.tail.find_below(self.tail_len, hash, move |slot| slot.matches(hash, key)) }
    }

    /// As [`find`](Core::find), in a tree that is there.
    #[inline]
    fn find_in_tree<Q: Eq + ?Sized>(&self, hash: u32, key: &Q) -> Slot<K, V, C>
    where
        K: Borrow<Q>,
    {
        // SAFETY: this version holds the root, and each node its children.
        unsafe { find_under(self.root, hash, hash, key) }
    }
}

/// The entry of `key` under a node; `rest` is what is left of its hash there.
///
/// # Safety
/// There is a node, alive.
#[inline]
pub(super) unsafe fn find_under<K, V, C, Q: Eq + ?Sized>(
    mut link: Link<K, V, C>,
    mut rest: u32,
    hash: u32,
    key: &Q,
) -> Slot<K, V, C>
where
    K: Borrow<Q>,
{
    // SAFETY: a node holds its children.
    unsafe {
        while !link.is_leaf() {
            link = (&(*link.branch()).slots)[digit(rest)];
            rest >>= BRANCH_BITS;
        }
        link.find(rest, move |slot| slot.matches(hash, key))
    }
}

/// Where a leaf hangs: below `level` branches, in slot `digit` of `parent`, or at the root (`parent` is null).
struct Place<K, V, C> {
    root: *mut Link<K, V, C>,
    parent: *mut Branch<K, V, C>,
    digit: usize,
    level: u32,
    /// What is left of the hash.
    rest: u32,
}

impl<K, V, C> Place<K, V, C> {
    fn new(root: *mut Link<K, V, C>, hash: u32) -> Self {
        Place { root, parent: std::ptr::null_mut(), digit: 0, level: 0, rest: hash }
    }

    /// The slots that name the leaf.
    ///
    /// # Safety
    /// The place is in a tree, whose branches down to it the caller alone holds.
    unsafe fn run(&self) -> (usize, usize) {
        if self.parent.is_null() {
            return (0, 1);
        }
        // SAFETY: by the contract.
        unsafe { ((*self.parent).run_start(self.digit), (*self.parent).run_end(self.digit)) }
    }

    /// Sets slots, without regard to what they hold.
    ///
    /// # Safety
    /// As for `run`; the slots are in the run of the place.
    unsafe fn set(&self, (start, end): (usize, usize), link: Link<K, V, C>) {
        // SAFETY: by the contract.
        unsafe {
            if self.parent.is_null() {
                *self.root = link;
            } else {
                (&mut (*self.parent).slots)[start..end].fill(link);
            }
        }
    }

    /// Puts another leaf here.
    ///
    /// # Safety
    /// As for `run`.
    unsafe fn replace(&self, leaf: Leaf<K, V, C>) {
        // SAFETY: by the contract.
        unsafe { self.set(self.run(), Link::of_leaf(leaf)) }
    }

    /// Goes down the branch to which it leads.
    #[inline]
    fn descend(&mut self, branch: *mut Branch<K, V, C>) {
        self.parent = branch;
        self.digit = digit(self.rest);
        self.rest >>= BRANCH_BITS;
        self.level += 1;
    }

    /// Goes on down to the leaf. Changes that are rare look their place up again: to remember it on the way would cost
    /// all others more.
    ///
    /// # Safety
    /// As for `run`; there is a tree.
    unsafe fn at_leaf(mut self) -> Self {
        // SAFETY: by the contract.
        unsafe {
            while !(*self.link()).is_leaf() {
                self.descend((*self.link()).branch());
            }
        }
        self
    }

    /// The node here.
    ///
    /// # Safety
    /// As for `run`.
    #[inline]
    unsafe fn link(&self) -> *mut Link<K, V, C> {
        // SAFETY: by the contract.
        unsafe {
            if self.parent.is_null() { self.root } else { &raw mut (&mut (*self.parent).slots)[self.digit] }
        }
    }
}

/// Makes the way from a shared branch at `link` down to a leaf the caller's alone.
///
/// # Safety
/// There is a branch, the caller alone holds what leads to it, and `rest` is what is left of the hash there.
#[inline(never)]
unsafe fn own_way<K: Clone, V: Clone, C: Counter>(link: *mut Link<K, V, C>, rest: u32, more: u32) {
    // SAFETY: by the contract; the copy takes the place of the caller's share.
    unsafe {
        let copy = copied_way((*link).branch(), rest, |len| room_for((len + more).min(MAX_ENTRIES)));
        let before = std::mem::replace(&mut *link, copy);
        before.release();
    }
}

/// The slot of `key`, or, where it is not there (or `key` is none), a leaf with room for it and the leaf's level.
/// The nodes on the way are the caller's alone then. A panic leaves the tree with the same entries.
///
/// # Safety
/// There is a tree at `root`, held by the caller.
#[inline]
unsafe fn own_place<K: Clone + Eq, V: Clone, C: Counter>(
    root: *mut Link<K, V, C>,
    hash: u32,
    key: Option<&K>,
    rehash: &impl Fn(&K) -> u32,
) -> (Slot<K, V, C>, Leaf<K, V, C>, u32) {
    let (mut link, mut rest, mut level) = (root, hash, 0);
    // SAFETY: a branch is made the caller's before the next step, so each step changes only its own memory.
    unsafe {
        while !(*link).is_leaf() {
            if !Branch::is_unique((*link).branch()) {
                own_way(link, rest, 1);
            }
            link = &raw mut (&mut (*(*link).branch()).slots)[digit(rest)];
            rest >>= BRANCH_BITS;
            level += 1;
        }
        let leaf = (*link).leaf();
        if let Some(key) = key {
            let slot = (*link).find(rest, move |slot| slot.matches(hash, key));
            if !slot.is_none() {
                if leaf.is_unique() {
                    return (slot, leaf, level);
                }
                let (slot, leaf) = own_leaf(root, hash, leaf, slot);
                return (slot, leaf, level);
            }
        }
        if leaf.fill() < leaf.room() && leaf.is_unique() {
            return (Slot::NONE, leaf, level);
        }
        let (leaf, level) = make_room(Place::new(root, hash).at_leaf(), leaf, rehash);
        (Slot::NONE, leaf, level)
    }
}

/// Makes a leaf the caller's alone; returns where the entry in `slot` is then.
///
/// # Safety
/// `hash` leads to the leaf, and the branches down to it are the caller's alone.
#[inline(never)]
unsafe fn own_leaf<K: Clone, V: Clone, C: Counter>(
    root: *mut Link<K, V, C>,
    hash: u32,
    leaf: Leaf<K, V, C>,
    slot: Slot<K, V, C>,
) -> (Slot<K, V, C>, Leaf<K, V, C>) {
    // SAFETY: by the contract; the copy takes the place of the caller's share.
    unsafe {
        let (at, fill) = (leaf.at(slot), leaf.fill());
        let room = if leaf.is_collision() { leaf.room() } else { room_for(fill) };
        let copy = leaf.copied(fill, room, true);
        Place::new(root, hash).at_leaf().replace(copy);
        leaf.release();
        (copy.slot(at), copy)
    }
}

/// Gives the leaf at `place`, which is shared or full, room for the entry that led there; returns the leaf that
/// has it, which is the caller's alone, and its level.
///
/// # Safety
/// The leaf hangs at `place`, and the branches to it are the caller's alone.
#[inline(never)]
unsafe fn make_room<K: Clone, V: Clone, C: Counter>(
    mut place: Place<K, V, C>,
    leaf: Leaf<K, V, C>,
    rehash: &impl Fn(&K) -> u32,
) -> (Leaf<K, V, C>, u32) {
    // SAFETY: nodes are replaced as a whole; entries move only in leaves that the caller alone holds.
    unsafe {
        let fill = leaf.fill();
        let splits = fill == MAX_ENTRIES && !leaf.is_collision();
        let room = if splits {
            MAX_ENTRIES
        } else {
            room_for(fill + 1).max(if leaf.is_collision() { 2 * MAX_ENTRIES } else { 0 })
        };
        let leaf = if !leaf.is_unique() {
            let copy = leaf.copied(fill, room, true);
            place.replace(copy);
            leaf.release();
            copy
        } else if splits {
            leaf
        } else {
            let run = place.run();
            let moved = leaf.moved(room);
            place.set(run, Link::of_leaf(moved));
            moved
        };
        if !splits {
            return (leaf, place.level);
        }
        let mut hashes = None;
        loop {
            let (start, end) = place.run();
            if end - start > 1 {
                let mut counts = [0u32; WIDTH];
                counts[place.digit] = 1;
                (0..MAX_ENTRIES as usize).for_each(|at| counts[digit(u32::from(leaf.tag(at)))] += 1);
                if counts[place.digit] <= MAX_ENTRIES {
                    return (split(&place, leaf, (start, end), &counts), place.level);
                }
                // All in one slot: its neighbours get leaves of their own.
                for (start, end) in [(start, place.digit), (place.digit + 1, end)] {
                    if start < end {
                        place.set((start, end), Link::of_leaf(Leaf::new(room_for(0))));
                    }
                }
            }
            if place.level == LEVELS {
                // Nothing is left of the hash to tell them apart.
                let colliding = leaf.moved(2 * MAX_ENTRIES);
                place.set((place.digit, place.digit + 1), Link::of_leaf(colliding));
                return (colliding, place.level);
            }
            // Hashed once, while the index fits the tags: after `retag` it does not before the end, so nothing may panic
            // there.
            let hashes = hashes.get_or_insert_with(|| {
                std::array::from_fn::<u32, { MAX_ENTRIES as usize }, _>(|at| leaf.slot(at).hash(rehash))
            });
            let branch = Branch::new(Link::of_leaf(leaf));
            *place.link() = Link::of_branch(branch);
            place.descend(branch);
            leaf.retag(|at| tag_at(hashes[at], place.level));
        }
    }
}

/// Splits a full leaf that several slots name in two; returns the one with room for the entry to come, which
/// `counts` has, too.
///
/// # Safety
/// As for `make_room`; the leaf is full and the caller's alone. At least two slots of the run have entries.
unsafe fn split<K, V, C: Counter>(
    place: &Place<K, V, C>,
    leaf: Leaf<K, V, C>,
    (start, end): (usize, usize),
    counts: &[u32; WIDTH],
) -> Leaf<K, V, C> {
    let all = MAX_ENTRIES + 1;
    let (mut middle, mut lower) = (0, 0u32);
    let mut below = 0;
    for at in start + 1..end {
        below += counts[at - 1];
        if below > 0 && below < all && (middle == 0 || below.abs_diff(all / 2) < lower.abs_diff(all / 2)) {
            (middle, lower) = (at, below);
        }
    }
    // The leaf keeps the lower ones.
    let upper = Leaf::new(room_for(all - lower));
    // SAFETY: entries move to the new leaf, or down in the old one, to places that have been read. Both have
    // at most as many as there were, and room for the one to come.
    unsafe {
        leaf.forget_buckets();
        let (mut fill, mut upper_fill) = (0, 0);
        for at in 0..MAX_ENTRIES as usize {
            let (tag, slot) = (leaf.tag(at), leaf.slot(at));
            if digit(u32::from(tag)) < middle {
                leaf.move_to(fill, slot, tag);
                fill += 1;
            } else {
                upper.move_to(upper_fill, slot, tag);
                upper_fill += 1;
            }
        }
        leaf.set_fill(fill as u32);
        upper.set_fill(upper_fill as u32);
        place.set((middle, end), Link::of_leaf(upper));
    }
    if place.digit < middle { leaf } else { upper }
}

/// A leaf that is the caller's alone, an entry of it, and where its number stands, unless hashes collide there.
type Owned<K, V, C> = (Leaf<K, V, C>, Slot<K, V, C>, *mut u8);

impl<K: Clone, V: Clone, C: Counter> Core<K, V, C> {
    /// Sets the value of `key`; returns the value before. `rehash` hashes a key as `hash` was.
    #[inline]
    pub(super) fn insert(&mut self, hash: u32, key: K, value: V, rehash: impl Fn(&K) -> u32) -> Option<V>
    where
        K: Eq,
    {
        if self.tail_len > 0 {
            let slot = self.find_in_tail(hash, &key);
            if !slot.is_none() {
                // SAFETY: an entry of the tail, which is this version's alone after `own_tail`.
                return Some(unsafe { self.own_tail(slot).replace(hash, key, value, &mut self.cells) });
            }
        }
        // SAFETY: this version holds the root.
        let goes_to_tail = self.root.is_none()
            || unsafe { !self.root.count().is_unique() } && self.find_in_tree(hash, &key).is_none();
        if goes_to_tail {
            self.append(hash, key, value, &rehash);
            return None;
        }
        self.insert_in_tree(hash, key, value, &rehash)
    }

    #[inline(never)]
    fn insert_in_tree(&mut self, hash: u32, key: K, value: V, rehash: &impl Fn(&K) -> u32) -> Option<V>
    where
        K: Eq,
    {
        // SAFETY: there is a tree, held by this version, which alone holds the slot or leaf then.
        unsafe {
            let (slot, leaf, level) = own_place(&raw mut self.root, hash, Some(&key), rehash);
            if !slot.is_none() {
                return Some(slot.replace(hash, key, value, &mut self.cells));
            }
            leaf.push(tag_at(hash, level), NewEntry { hash, key, value, cells: &mut self.cells });
        }
        self.tree_len += 1;
        None
    }

    /// Makes the tail this version's alone; returns where the entry in `slot` of it is then.
    #[inline]
    fn own_tail(&mut self, slot: Slot<K, V, C>) -> Slot<K, V, C> {
        if self.tail.is_unique() && self.tail.fill() == self.tail_len {
            return slot;
        }
        self.own_shared_tail(slot)
    }

    #[inline(never)]
    fn own_shared_tail(&mut self, slot: Slot<K, V, C>) -> Slot<K, V, C> {
        let (tail, len) = (self.tail, self.tail_len);
        // SAFETY: the slot is one of the tail's, which this version holds.
        unsafe {
            if tail.is_unique() {
                tail.truncate(len);
                return slot;
            }
            let at = tail.at(slot);
            self.tail = tail.copied(len, room_for(len), tail.is_quiet() && tail.fill() == len);
            self.tail.close();
            tail.release();
            self.tail.slot(at)
        }
    }

    /// Appends an entry to the tail, whose key this version does not have.
    #[inline]
    fn append(&mut self, hash: u32, key: K, value: V, rehash: &impl Fn(&K) -> u32)
    where
        K: Eq,
    {
        let (tail, len) = (self.tail, self.tail_len);
        let tag = tag_at(hash, 0);
        if len < tail.room() {
            // SAFETY: there is room, and the next place is this version's: it alone holds the tail and has
            // seen to it that this is the next place, or it claimed that.
            unsafe {
                if tail.is_unique() {
                    if tail.fill() != len {
                        tail.truncate(len);
                    }
                    tail.write(len, tag, NewEntry { hash, key, value, cells: &mut self.cells });
                    tail.set_fill(len + 1);
                    self.tail_len = len + 1;
                    return;
                }
                if tail.claim(len) {
                    tail.write(len, tag, NewEntry { hash, key, value, cells: &mut self.cells });
                    self.tail_len = len + 1;
                    return;
                }
            }
        }
        self.append_slow(hash, key, value, rehash);
    }

    /// The same where the tail is full, or its next place belongs to another version.
    #[inline(never)]
    fn append_slow(&mut self, hash: u32, key: K, value: V, rehash: &impl Fn(&K) -> u32)
    where
        K: Eq,
    {
        let (tail, len) = (self.tail, self.tail_len);
        let most = if !self.root.is_none() {
            max_tail_len::<K, V, C>()
        } else if len > 0 && len == tail.room() && !tail.is_unique() {
            // Full and shared: a copy would cost more than a tail beside it.
            len
        } else {
            MAX_ENTRIES
        };
        if len >= most {
            if self.root.is_none() {
                // Full, so nobody appends to it any more: it can be a leaf of the tree as it is.
                debug_assert_eq!(tail.fill(), len);
                (self.root, self.tree_len) = (Link::of_leaf(tail), len as usize);
            } else {
                self.flush(rehash);
            }
            (self.tail, self.tail_len) = (Leaf::empty(), 0);
            // SAFETY: this version holds the root.
            if unsafe { self.root.count().is_unique() } {
                self.insert_in_tree(hash, key, value, rehash);
                return;
            }
        }
        let (tail, len) = (self.tail, self.tail_len);
        // SAFETY: this version holds the tail, and its first `len` entries; the new one has room for more.
        unsafe {
            self.tail = if tail.is_empty_leaf() {
                if self.root.is_none() {
                    Leaf::with_cells(FIRST_ROOM, &mut self.cells)
                } else {
                    Leaf::new(room_for(1))
                }
            } else if tail.is_unique() {
                if tail.fill() != len {
                    tail.truncate(len);
                }
                tail.moved(room_for(len + 1))
            } else {
                let copy = tail.copied(len, room_for(len + 1), tail.is_quiet() && tail.fill() == len);
                tail.release();
                copy
            };
            self.tail.push(tag_at(hash, 0), NewEntry { hash, key, value, cells: &mut self.cells });
        }
        self.tail_len = len + 1;
    }

    /// Copies the entries of the tail to the tree; there is no tail then.
    #[cold]
    #[inline(never)]
    fn flush(&mut self, rehash: &impl Fn(&K) -> u32)
    where
        K: Eq,
    {
        // In a version of its own, which a panic would drop.
        // SAFETY: this version holds the root.
        unsafe { self.root.count().increment() }
        let mut flushed = Core::new();
        (flushed.root, flushed.tree_len) = (self.root, self.len());
        for at in 0..self.tail_len as usize {
            // SAFETY: an entry of the tail goes to a leaf with room that `flushed` alone holds.
            unsafe {
                let slot = self.tail.slot(at);
                let hash = slot.hash(rehash);
                let (_, leaf, level) = own_place(&raw mut flushed.root, hash, None, rehash);
                leaf.push_copied(slot, tag_at(hash, level));
            }
        }
        std::mem::swap(&mut self.cells, &mut flushed.cells);
        *self = flushed;
    }

    /// Makes the tree's entry of `key` and the way to it this version's alone; none, and nothing has changed,
    /// where there is none.
    #[inline]
    fn own_in_tree<Q: Eq + ?Sized>(&mut self, hash: u32, key: &Q) -> Option<Owned<K, V, C>>
    where
        K: Borrow<Q>,
    {
        if self.root.is_none() {
            return None;
        }
        let (mut at, mut rest) = (&raw mut self.root, hash);
        // SAFETY: before something shared is copied, the key is known to be there.
        unsafe {
            while !(*at).is_leaf() {
                if !Branch::is_unique((*at).branch()) {
                    if find_under(*at, rest, hash, key).is_none() {
                        return None;
                    }
                    own_way(at, rest, 0);
                }
                at = &raw mut (&mut (*(*at).branch()).slots)[digit(rest)];
                rest >>= BRANCH_BITS;
            }
            let leaf = (*at).leaf();
            let (slot, link) = leaf.find_with_number(rest, move |slot| slot.matches(hash, key));
            if slot.is_none() {
                return None;
            }
            if !leaf.is_unique() {
                let (slot, leaf) = own_leaf(&raw mut self.root, hash, leaf, slot);
                let link = if leaf.is_collision() { link } else { leaf.number_place(leaf.at(slot)) };
                return Some((leaf, slot, link));
            }
            Some((leaf, slot, link))
        }
    }

    /// The value of `key`, to be changed in place; it is this version's alone.
    pub(super) fn get_mut<'a, Q: Eq + ?Sized>(&'a mut self, hash: u32, key: &Q) -> Option<&'a mut V>
    where
        K: Borrow<Q>,
    {
        let slot = match self.find_in_tail(hash, key) {
            slot if slot.is_none() => self.own_in_tree(hash, key)?.1,
            slot => self.own_tail(slot),
        };
        // SAFETY: this version alone holds the leaf.
        Some(unsafe { slot.value_mut(&mut self.cells) })
    }

    /// Removes `key`; returns its value.
    #[inline]
    pub(super) fn remove<Q: Eq + ?Sized>(&mut self, hash: u32, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if self.tail_len > 0 {
            let (slot, link) = self.own_in_tail(hash, key);
            if !slot.is_none() {
                // SAFETY: an entry of the tail, which this version alone holds.
                unsafe {
                    let taken = slot.take(slot.before_take());
                    self.tail.remove_at(slot, link);
                    self.tail_len -= 1;
                    return Some(taken.into_value());
                }
            }
        }
        let (leaf, slot, link) = self.own_in_tree(hash, key)?;
        // SAFETY: an entry of a leaf that this version alone holds.
        unsafe {
            let taken = slot.take(slot.before_take());
            leaf.remove_at(slot, link);
            self.tree_len -= 1;
            if leaf.fill() == 0 {
                self.absorb(hash);
            }
            Some(taken.into_value())
        }
    }

    /// The tail's entry of `key`, which is this version's alone then, and where its number stands; none, and
    /// nothing has changed, where there is none.
    #[inline]
    fn own_in_tail<Q: Eq + ?Sized>(&mut self, hash: u32, key: &Q) -> (Slot<K, V, C>, *mut u8)
    where
        K: Borrow<Q>,
    {
        let tail = self.tail;
        // SAFETY: this version holds the tail; nobody appends to what it alone holds.
        unsafe {
            if tail.is_unique() && tail.fill() == self.tail_len {
                return tail.find_with_number(hash, move |slot| slot.matches(hash, key));
            }
            let slot = self.find_in_tail(hash, key);
            if slot.is_none() {
                return (slot, ptr::null_mut());
            }
            let slot = self.own_shared_tail(slot);
            (slot, self.tail.number_place(self.tail.at(slot)))
        }
    }

    /// Takes the leaf to which a hash leads, and which has no entries, out of the tree, where that leaves no slot
    /// without a node.
    ///
    /// # Safety
    /// The way to the leaf is this version's alone.
    #[cold]
    #[inline(never)]
    unsafe fn absorb(&mut self, hash: u32) {
        let mut branches = [std::ptr::null_mut(); LEVELS as usize];
        let mut place = Place::new(&raw mut self.root, hash);
        // SAFETY: the branches passed are this version's alone; a leaf is counted once in each, however many
        // slots name it.
        unsafe {
            while !(*place.link()).is_leaf() {
                let branch = (*place.link()).branch();
                branches[place.level as usize] = branch;
                place.descend(branch);
            }
            let mut leaf = (*place.link()).leaf();
            let mut digit = place.digit;
            if leaf.is_collision() {
                // Further up hashes can be told apart.
                let run = place.run();
                leaf = leaf.moved(room_for(0));
                place.set(run, Link::of_leaf(leaf));
            }
            let mut level = place.level as usize;
            while level > 0 {
                let passed = branches[level - 1];
                let branch = &mut *passed;
                let (start, end) = (branch.run_start(digit), branch.run_end(digit));
                let may = |link: Link<K, V, C>| link.is_leaf() && !link.leaf().is_collision();
                let neighbour = if start > 0 && may(branch.slots[start - 1]) {
                    start - 1
                } else if end < WIDTH && may(branch.slots[end]) {
                    end
                } else if start > 0 || end < WIDTH {
                    return;
                } else {
                    // Nothing else under this branch: the leaf moves up in its place.
                    level -= 1;
                    if level > 0 {
                        let above = &mut (*branches[level - 1]).slots;
                        let gone = Link::of_branch(passed);
                        digit = (0..WIDTH).find(|at| above[*at] == gone).unwrap_or(0);
                        above[digit] = Link::of_leaf(leaf);
                    }
                    Branch::free(passed);
                    continue;
                };
                let link = branch.slots[neighbour];
                branch.slots[start..end].fill(link);
                leaf.free();
                if link.leaf().fill() > 0 {
                    return;
                }
                // One that was kept between branches: now it is the one without entries. If others share it, it
                // is replaced by one that they do not.
                leaf = link.leaf();
                digit = neighbour;
                if !leaf.is_unique() {
                    let run = (branch.run_start(digit), branch.run_end(digit));
                    leaf.release();
                    leaf = Leaf::new(room_for(0));
                    branch.slots[run.0..run.1].fill(Link::of_leaf(leaf));
                }
            }
            self.root = Link::NONE;
            leaf.free();
        }
    }
}
