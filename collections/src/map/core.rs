//! A version of a map: its tree and its tail, and how they change. The callers hash the keys.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::ptr;

use super::node::{
    BRANCH_BITS, Branch, COLLISION_ROOM, LEVELS, Leaf, Link, MAX_ENTRIES, NewEntry, WIDTH, copied_path,
    digit, rest_at, tag_at,
};
use super::slot::{Cells, Slot};
use crate::counter::Counter;

mod uncloned;
mod whole;

pub(super) use self::uncloned::{Asked, Kept};

/// A leaf has room for at least this many entries.
const SMALLEST_ROOM: u32 = 4;

/// How many entries a leaf of `len` entries gets room for: the next power of two.
fn room_for(len: u32) -> u32 {
    match len {
        0..=SMALLEST_ROOM => SMALLEST_ROOM,
        5..=8 => 8,
        9..=16 => 16,
        17..=MAX_ENTRIES => MAX_ENTRIES,
        more => more.next_power_of_two(),
    }
}

/// The first leaf of a map has room for this many entries.
const FIRST_ROOM: u32 = 8;

/// Neighbouring leaves are joined if they have at most this many entries together, and one of them is sparse. It is half
/// of what a leaf may have, so that a joined leaf is not split again soon.
const MAX_JOINED: u32 = MAX_ENTRIES / 2;

/// A map of at most this many entries gives its memory for further cells back when a leaf becomes sparse.
const SMALL: usize = 64;

/// A tail beside a tree has at most this many entries, if versions cannot append to a shared tail. Then each insert
/// into a shared version copies the tail, so a long tail would be expensive.
const MAX_COPIED_TAIL: u32 = 16;

/// A tail beside a tree has at most this many entries.
const fn max_tail_len<K, V, C>() -> u32 {
    if Slot::<K, V, C>::INLINE { MAX_ENTRIES } else { MAX_COPIED_TAIL }
}

/// A version of a map. The [module above](super) has the picture.
pub(super) struct Core<K, V, C: Counter> {
    root: Link<K, V, C>,
    tree_len: usize,
    tail: Leaf<K, V, C>,
    tail_len: u32,
    /// The memory for this version's next cells.
    cells: Cells<K, V, C>,
    /// A version owns entries, and is `Send` and `Sync` only if its counter's marker is.
    owns: PhantomData<(K, V, C::Marker)>,
}

// SAFETY: several versions reach the same nodes and entries through counted pointers, so the conditions are those of
// `Arc<(K, V)>`. The marker of plain counts is neither `Send` nor `Sync`.
unsafe impl<K: Send + Sync, V: Send + Sync, C: Counter<Marker: Send>> Send for Core<K, V, C> {}
// SAFETY: as above. A `&self` offers only reads and `clone`.
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
                    // SAFETY: this gives up the version's hold.
                    unsafe { self.0.release() }
                }
            }
        }

        // This releases the tail even if dropping an entry of the tree panics.
        let _tail = Tail(self.tail);
        if !self.root.is_none() {
            // SAFETY: this gives up the version's hold.
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

    /// The slot of the entry of `key`, or [`Slot::NONE`].
    // Always inlined, because a call and saving registers for it would take a sixth of the time of a search.
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
        // SAFETY: this version holds the tail, and sees its first `tail_len` entries.
        unsafe { self.tail.find_below(self.tail_len, hash, move |slot| slot.matches(hash, key)) }
    }

    /// As [`find`](Core::find), in the tree only. There must be a tree.
    #[inline]
    fn find_in_tree<Q: Eq + ?Sized>(&self, hash: u32, key: &Q) -> Slot<K, V, C>
    where
        K: Borrow<Q>,
    {
        // SAFETY: this version holds the root. Nobody appends to a leaf below it: versions append to their tails only,
        // and a tail that has become a leaf of a tree is full.
        unsafe { find_under(self.root, hash, hash, key) }
    }
}

/// The slot of the entry of `key` under a node, or [`Slot::NONE`]. `hash` is the whole hash of the key, and `rest` is
/// what is left of it at the node.
///
/// # Safety
/// The link names a node that is alive, and nobody appends to the leaves below it.
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
    // SAFETY: a node holds its children, so they are alive, too.
    unsafe {
        while !link.is_leaf() {
            link = (&(*link.branch()).slots)[digit(rest)];
            rest >>= BRANCH_BITS;
        }
        link.find(rest, move |slot| slot.matches(hash, key))
    }
}

/// The place of a node in a tree that is being changed: below `level` branches, in slot `digit` of `parent`. If
/// `parent` is null, it is the place of the root.
struct Place<K, V, C> {
    root: *mut Link<K, V, C>,
    parent: *mut Branch<K, V, C>,
    digit: usize,
    level: u32,
    /// What is left of the hash at this place.
    rest: u32,
}

impl<K, V, C> Place<K, V, C> {
    fn new(root: *mut Link<K, V, C>, hash: u32) -> Self {
        Place { root, parent: std::ptr::null_mut(), digit: 0, level: 0, rest: hash }
    }

    /// The range of slots that name the node at this place.
    ///
    /// # Safety
    /// The caller alone holds the tree's branches down to this place.
    unsafe fn run(&self) -> (usize, usize) {
        if self.parent.is_null() {
            return (0, 1);
        }
        // SAFETY: by the contract.
        unsafe { ((*self.parent).run_start(self.digit), (*self.parent).run_end(self.digit)) }
    }

    /// Makes slots name `link`, without releasing what they named before.
    ///
    /// # Safety
    /// As for `run`. The slots are in the run of the place.
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

    /// Makes all slots of the run name `leaf`, without releasing what they named before.
    ///
    /// # Safety
    /// As for `run`.
    unsafe fn replace(&self, leaf: Leaf<K, V, C>) {
        // SAFETY: by the contract.
        unsafe { self.set(self.run(), Link::of_leaf(leaf)) }
    }

    /// Goes on to a place in `branch`, which is the node at the present place.
    #[inline]
    fn descend(&mut self, branch: *mut Branch<K, V, C>) {
        self.parent = branch;
        self.digit = digit(self.rest);
        self.rest >>= BRANCH_BITS;
        self.level += 1;
    }

    /// Goes on to the place of the leaf to which the hash leads. Rare changes look their place up again in this way,
    /// because remembering the place on the first way down would slow down all others.
    ///
    /// # Safety
    /// As for `run`, down to the leaf, and there is a tree.
    unsafe fn at_leaf(mut self) -> Self {
        // SAFETY: by the contract.
        unsafe {
            while !(*self.link()).is_leaf() {
                self.descend((*self.link()).branch());
            }
        }
        self
    }

    /// The link to the node at this place.
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

/// Replaces the path from a shared branch at `link` down to a leaf by a copy that only the caller holds. The copied
/// leaf gets room for `more` additional entries.
///
/// # Safety
/// `link` is a place in a node or version that the caller alone holds, and names a branch. `rest` is what is left of
/// the hash there.
#[inline(never)]
unsafe fn own_path<K: Clone, V: Clone, C: Counter>(link: *mut Link<K, V, C>, rest: u32, more: u32) {
    // SAFETY: by the contract the caller holds the branch. The copy replaces it at `link`, whose hold is given up.
    unsafe {
        let copy = copied_path((*link).branch(), rest, |len| room_for((len + more).min(MAX_ENTRIES)));
        let before = std::mem::replace(&mut *link, copy);
        before.release();
    }
}

/// Makes the nodes on the path of `hash` the caller's own. Returns the slot of `key`, its leaf and the level of the
/// leaf. If the tree does not have `key`, or `key` is `None`, the slot is [`Slot::NONE`] and the leaf has room for one
/// more entry. If a `clone` or `rehash` panics, the tree has the same entries as before.
///
/// # Safety
/// `root` is the place of the root in a version that the caller alone uses. There is a tree.
#[inline]
unsafe fn own_place<K: Clone + Eq, V: Clone, C: Counter>(
    root: *mut Link<K, V, C>,
    hash: u32,
    key: Option<&K>,
    rehash: &impl Fn(&K) -> u32,
) -> (Slot<K, V, C>, Leaf<K, V, C>, u32) {
    let (mut link, mut rest, mut level) = (root, hash, 0);
    // SAFETY: each branch is made the caller's own before the step to its child, so `link` is always a place in a node
    // or version that the caller alone holds.
    unsafe {
        while !(*link).is_leaf() {
            if !Branch::is_unique((*link).branch()) {
                own_path(link, rest, 1);
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

/// Replaces a shared leaf by a copy that only the caller holds. Returns the slot of the copy that corresponds to
/// `slot`, and the copy.
///
/// # Safety
/// `hash` leads to the leaf, and the caller alone holds the branches down to it. `slot` is one of the leaf.
#[inline(never)]
unsafe fn own_leaf<K: Clone, V: Clone, C: Counter>(
    root: *mut Link<K, V, C>,
    hash: u32,
    leaf: Leaf<K, V, C>,
    slot: Slot<K, V, C>,
) -> (Slot<K, V, C>, Leaf<K, V, C>) {
    // SAFETY: by the contract the caller holds the leaf. The copy replaces it, and the hold of it is given up.
    unsafe {
        let (at, fill) = (leaf.at(slot), leaf.fill());
        let room = if leaf.is_collision() { leaf.room() } else { room_for(fill) };
        let copy = leaf.copied(fill, room, true);
        Place::new(root, hash).at_leaf().replace(copy);
        leaf.release();
        (copy.slot(at), copy)
    }
}

/// Makes room for a new entry whose hash leads to the leaf at `place`, which is shared or full. Returns the leaf for
/// the entry, which only the caller holds, and its level.
///
/// # Safety
/// The leaf is the node at `place`, and the caller alone holds the branches down to it.
#[inline(never)]
unsafe fn make_room<K: Clone, V: Clone, C: Counter>(
    mut place: Place<K, V, C>,
    leaf: Leaf<K, V, C>,
    rehash: &impl Fn(&K) -> u32,
) -> (Leaf<K, V, C>, u32) {
    // SAFETY: leaves are replaced as a whole, and entries move only between leaves that the caller alone holds.
    unsafe {
        let fill = leaf.fill();
        let splits = fill == MAX_ENTRIES && !leaf.is_collision();
        let room = if splits {
            MAX_ENTRIES
        } else {
            room_for(fill + 1).max(if leaf.is_collision() { COLLISION_ROOM } else { 0 })
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
                // All entries belong into one slot of the run. Its neighbours get empty leaves of their own.
                for (start, end) in [(start, place.digit), (place.digit + 1, end)] {
                    if start < end {
                        place.set((start, end), Link::of_leaf(Leaf::new(room_for(0))));
                    }
                }
            }
            if place.level == LEVELS {
                // No bits are left of the hash to tell the entries apart.
                let colliding = leaf.moved(COLLISION_ROOM);
                place.set((place.digit, place.digit + 1), Link::of_leaf(colliding));
                return (colliding, place.level);
            }
            // The keys are hashed once, before the first `retag`. After that the index does not fit the tags until the
            // leaf is split or moved, so nothing may panic meanwhile.
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

/// Splits a full leaf that several slots name in two, of about the same size. Returns the one for the new entry.
/// `counts` is the number of entries that belong into each slot, the new one included.
///
/// # Safety
/// As for `make_room`. The leaf is full, and only the caller holds it. At least two slots of the run have entries.
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
    // The old leaf keeps the entries of the slots below `middle`.
    let upper = Leaf::new(room_for(all - lower));
    // SAFETY: each entry moves to the new leaf, or within the old one to a place whose entry has been moved already.
    // Either leaf has room for its entries and the new one.
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

/// A leaf that only the caller holds, the slot of an entry in it, and the place of the field that names the entry (see
/// [`Leaf::number_place`]; it has no meaning in a leaf for colliding hashes).
type OwnEntry<K, V, C> = (Leaf<K, V, C>, Slot<K, V, C>, *mut u8);

impl<K: Clone, V: Clone, C: Counter> Core<K, V, C> {
    /// Sets the value of `key`, and returns the value before. `hash` is the hash of `key`, and `rehash` computes the
    /// hash of any other key.
    #[inline]
    pub(super) fn insert(&mut self, hash: u32, key: K, value: V, rehash: impl Fn(&K) -> u32) -> Option<V>
    where
        K: Eq,
    {
        if self.tail_len > 0 {
            let slot = self.find_in_tail(hash, &key);
            if !slot.is_none() {
                // SAFETY: the slot holds an entry of the tail, which only this version holds after `own_tail`.
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
        // SAFETY: there is a tree. After `own_place` only this version holds the leaf.
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

    /// Makes the tail this version's own. Returns the slot of the new tail that corresponds to `slot`.
    #[inline]
    fn own_tail(&mut self, slot: Slot<K, V, C>) -> Slot<K, V, C> {
        if self.tail.is_unique() && self.tail.fill() == self.tail_len {
            return slot;
        }
        self.own_shared_tail(slot)
    }

    /// As [`own_tail`](Self::own_tail), for a tail that is shared, or has entries that this version does not see.
    #[inline(never)]
    fn own_shared_tail(&mut self, slot: Slot<K, V, C>) -> Slot<K, V, C> {
        let (tail, len) = (self.tail, self.tail_len);
        // SAFETY: the slot is one of the tail, which this version holds.
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

    /// Appends an entry to the tail. This version must not have its key.
    #[inline]
    fn append(&mut self, hash: u32, key: K, value: V, rehash: &impl Fn(&K) -> u32)
    where
        K: Eq,
    {
        let (tail, len) = (self.tail, self.tail_len);
        let tag = tag_at(hash, 0);
        if len < tail.room() {
            // SAFETY: there is room. This version may write the next place, because it alone holds the tail and has
            // removed entries that it does not see, or because it has claimed the place.
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

    /// As [`append`](Self::append), for a tail that is full, or whose next place belongs to another version.
    #[inline(never)]
    fn append_slow(&mut self, hash: u32, key: K, value: V, rehash: &impl Fn(&K) -> u32)
    where
        K: Eq,
    {
        let (tail, len) = (self.tail, self.tail_len);
        let most = if !self.root.is_none() {
            max_tail_len::<K, V, C>()
        } else if len >= SMALLEST_ROOM && len == tail.room() && !tail.is_unique() {
            // The tail is full and shared. Making it a tree and beginning a new tail costs less than copying it, unless
            // it is one of the few entries that removals left.
            len
        } else {
            MAX_ENTRIES
        };
        if len >= most {
            if self.root.is_none() {
                // The tail is full, so nobody appends to it any more. It can be a leaf of the tree as it is.
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
        // SAFETY: this version holds the tail, and sees its first `len` entries. The new tail has room for one more.
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

    /// Copies the entries of the tail to the tree. Afterwards there is no tail.
    #[cold]
    #[inline(never)]
    fn flush(&mut self, rehash: &impl Fn(&K) -> u32)
    where
        K: Eq,
    {
        // The entries go to another version, which is dropped if something panics. So this version stays as it is then.
        // SAFETY: this version holds the root.
        unsafe { self.root.count().increment() }
        let mut flushed = Core::new();
        (flushed.root, flushed.tree_len) = (self.root, self.len());
        for at in 0..self.tail_len as usize {
            // SAFETY: the slot holds an entry of the tail. After `own_place` only `flushed` holds the leaf, which has
            // room.
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

    /// Makes the leaf with the entry of `key`, and the path to it, this version's own. If the tree does not have `key`,
    /// returns `None`, and nothing has changed.
    #[inline]
    fn own_in_tree<Q: Eq + ?Sized>(&mut self, hash: u32, key: &Q) -> Option<OwnEntry<K, V, C>>
    where
        K: Borrow<Q>,
    {
        if self.root.is_none() {
            return None;
        }
        let (mut at, mut rest) = (&raw mut self.root, hash);
        // Before a shared node is copied, it is certain that the tree has the key.
        // SAFETY: each branch is made this version's own before the step to its child, so `at` is always a place in a
        // node or version that nobody else holds.
        unsafe {
            while !(*at).is_leaf() {
                if !Branch::is_unique((*at).branch()) {
                    if find_under(*at, rest, hash, key).is_none() {
                        return None;
                    }
                    own_path(at, rest, 0);
                }
                at = &raw mut (&mut (*(*at).branch()).slots)[digit(rest)];
                rest >>= BRANCH_BITS;
            }
            let leaf = (*at).leaf();
            let (slot, named_at) = leaf.find_with_number(rest, move |slot| slot.matches(hash, key));
            if slot.is_none() {
                return None;
            }
            if !leaf.is_unique() {
                let (slot, leaf) = own_leaf(&raw mut self.root, hash, leaf, slot);
                let named_at = if leaf.is_collision() { named_at } else { leaf.number_place(leaf.at(slot)) };
                return Some((leaf, slot, named_at));
            }
            Some((leaf, slot, named_at))
        }
    }

    /// The value of `key`, to be changed in place. The nodes and the cell that hold it are made this version's own.
    pub(super) fn get_mut<'a, Q: Eq + ?Sized>(&'a mut self, hash: u32, key: &Q) -> Option<&'a mut V>
    where
        K: Borrow<Q>,
    {
        let slot = match self.find_in_tail(hash, key) {
            slot if slot.is_none() => self.own_in_tree(hash, key)?.1,
            slot => self.own_tail(slot),
        };
        // SAFETY: only this version holds the leaf, which is borrowed for `'a`.
        Some(unsafe { slot.value_mut(&mut self.cells) })
    }

    /// Removes `key`, and returns its value.
    #[inline]
    pub(super) fn remove<Q: Eq + ?Sized>(&mut self, hash: u32, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if self.tail_len > 0 {
            let (slot, named_at) = self.own_in_tail(hash, key);
            if !slot.is_none() {
                // SAFETY: the slot holds an entry of the tail, which only this version holds.
                unsafe {
                    let taken = slot.take(slot.before_take());
                    self.tail.remove_at(slot, named_at);
                    self.tail_len -= 1;
                    if self.tail.is_sparse() {
                        self.shrink_tail();
                    }
                    return Some(taken.into_value());
                }
            }
        }
        let (leaf, slot, named_at) = self.own_in_tree(hash, key)?;
        // SAFETY: the slot holds an entry of a leaf that only this version holds.
        unsafe {
            let taken = slot.take(slot.before_take());
            leaf.remove_at(slot, named_at);
            self.tree_len -= 1;
            if leaf.is_sparse() {
                self.shrink(hash);
            }
            Some(taken.into_value())
        }
    }

    /// Makes the tail this version's own if it has an entry of `key`. Returns the slot of that entry, and the place of
    /// the field that names it. If the tail does not have `key`, the slot is [`Slot::NONE`], and nothing has changed.
    #[inline]
    fn own_in_tail<Q: Eq + ?Sized>(&mut self, hash: u32, key: &Q) -> (Slot<K, V, C>, *mut u8)
    where
        K: Borrow<Q>,
    {
        let tail = self.tail;
        // SAFETY: this version holds the tail, and nobody appends to a tail that only this version holds.
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

    /// Gives memory of the tail back after removals have made it sparse.
    ///
    /// # Safety
    /// Only this version holds the tail, and sees all its entries.
    #[cold]
    #[inline(never)]
    unsafe fn shrink_tail(&mut self) {
        let tail = self.tail;
        // SAFETY: by the contract. A tail has chains. An empty one is freed.
        unsafe {
            if self.tail_len == 0 {
                self.tail = Leaf::empty();
                self.cells = Cells::new();
                tail.free();
            } else if tail.enough_room() < tail.room() {
                self.tail = self.refitted(tail, tail.enough_room());
            }
        }
    }

    /// A leaf with the same entries and with `room`, whose cells lie in a dense block where that saves memory. It
    /// replaces the leaf, which is freed.
    ///
    /// # Safety
    /// Only this version holds the leaf, which has chains and at most that many entries.
    unsafe fn refitted(&mut self, leaf: Leaf<K, V, C>, room: u32) -> Leaf<K, V, C> {
        if self.len() <= SMALL {
            // The memory for further cells may be most of what a small map has.
            self.cells = Cells::new();
        }
        // SAFETY: by the contract.
        unsafe { leaf.gathered(room) }
    }

    /// Gives memory back after removals have made the leaf sparse to which a hash leads. The leaf is joined with
    /// neighbours, takes the place of a branch that has no other child, and gets less room. Its cells move together.
    /// None of this happens to nodes and cells that other versions hold.
    ///
    /// Takes as much time as there are entries in a leaf. Afterwards there is a leaf or a branch less, which many inserts
    /// had made, or the leaf changes again only if its entries double or half of them go. So this adds constant time to
    /// each removal on average.
    ///
    /// # Safety
    /// Only this version holds the leaf and the branches on the path to it.
    #[cold]
    #[inline(never)]
    unsafe fn shrink(&mut self, hash: u32) {
        let mut branches = [ptr::null_mut::<Branch<K, V, C>>(); LEVELS as usize];
        // SAFETY: only this version holds the branches on the path, also after `absorb`, which removes some of them. It
        // alone holds the leaves that it changes: that is checked for all but the first one. A branch has one hold of a
        // leaf, however many slots name it.
        unsafe {
            if (*Place::new(&raw mut self.root, hash).at_leaf().link()).leaf().fill() == 0 {
                self.absorb(hash);
                if self.root.is_none() {
                    self.cells = Cells::new();
                    return;
                }
            }
            let mut place = Place::new(&raw mut self.root, hash);
            while !(*place.link()).is_leaf() {
                let branch = (*place.link()).branch();
                branches[place.level as usize] = branch;
                place.descend(branch);
            }
            let mut leaf = (*place.link()).leaf();
            if !leaf.is_unique() {
                return;
            }
            if leaf.is_collision() {
                let (run, fill) = (place.run(), leaf.fill());
                if fill > MAX_JOINED {
                    return;
                }
                // All its entries have the same hash.
                leaf = leaf.made_ordinary(room_for(fill), tag_at(hash, place.level));
                place.set(run, Link::of_leaf(leaf));
            }
            while place.level > 0 {
                let branch = place.parent;
                let (start, end) = place.run();
                if (start, end) == (0, WIDTH) {
                    // The branch has no other child.
                    place.level -= 1;
                    let above = place.level as usize;
                    if above == 0 {
                        (place.parent, place.digit) = (ptr::null_mut(), 0);
                    } else {
                        place.parent = branches[above - 1];
                        place.digit = digit(rest_at(hash, place.level - 1));
                    }
                    leaf.raise(place.digit as u8);
                    place.set((place.digit, place.digit + 1), Link::of_leaf(leaf));
                    Branch::free(branch);
                    continue;
                }
                let slots = &(*branch).slots;
                let sum_with = |at: usize| {
                    let link = slots[at];
                    let may = link.is_leaf() && !link.leaf().is_collision() && link.leaf().is_unique();
                    if may { leaf.fill() + link.leaf().fill() } else { u32::MAX }
                };
                let before = if start > 0 { sum_with(start - 1) } else { u32::MAX };
                let after = if end < WIDTH { sum_with(end) } else { u32::MAX };
                let sum = before.min(after);
                if sum > MAX_JOINED {
                    break;
                }
                let neighbour = if before <= after { start - 1 } else { end };
                let other = slots[neighbour].leaf();
                let run = (start.min((*branch).run_start(neighbour)), end.max((*branch).run_end(neighbour)));
                let (larger, smaller) =
                    if leaf.room() >= other.room() { (leaf, other) } else { (other, leaf) };
                leaf = if larger.room() >= sum { larger } else { larger.moved(room_for(sum)) };
                leaf.take_all(smaller);
                place.set(run, Link::of_leaf(leaf));
            }
            let run = place.run();
            let fitting = self.refitted(leaf, leaf.enough_room());
            place.set(run, Link::of_leaf(fitting));
        }
    }

    /// Removes the leaf to which a hash leads, and which has no entries, from the tree. Its slots name a neighbouring
    /// leaf afterwards, or its branch is removed, too. The leaf stays if its neighbours are branches, because no slot
    /// may be without a node.
    ///
    /// # Safety
    /// Only this version holds the leaf and the branches on the path to it.
    #[cold]
    #[inline(never)]
    unsafe fn absorb(&mut self, hash: u32) {
        let mut branches = [std::ptr::null_mut(); LEVELS as usize];
        let mut place = Place::new(&raw mut self.root, hash);
        // SAFETY: only this version holds the branches on the path. A branch has one hold of a leaf, however many slots
        // name it.
        unsafe {
            while !(*place.link()).is_leaf() {
                let branch = (*place.link()).branch();
                branches[place.level as usize] = branch;
                place.descend(branch);
            }
            let mut leaf = (*place.link()).leaf();
            let mut digit = place.digit;
            if leaf.is_collision() {
                // Further up in the tree hashes have bits left, so an ordinary leaf is needed there.
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
                    // The branch has no other child. The leaf moves up and replaces the branch.
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
                // The neighbour has no entries, either: it had stayed between branches. Go on with it as the empty
                // leaf. If other versions share it, it is replaced by a new one first.
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
