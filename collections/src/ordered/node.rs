//! Leaves and branches: their memory, and the operations on a single one of them.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::hint::select_unpredictable;
use std::marker::PhantomData;
use std::ptr;

use super::slot::{Detached, Separator, Slot};
use crate::counter::Counter;

/// How many bits of [`Digits`] name a child of a branch.
const DIGIT_BITS: u32 = 5;

/// A branch has at most this many children. In unit tests they are few, as are the entries of a leaf, so that small trees
/// are high.
pub(super) const BRANCH_MAX: usize = if cfg!(test) { 8 } else { 32 };

/// Every branch but the root has at least this many children.
pub(super) const BRANCH_MIN: usize = BRANCH_MAX / 4;

/// A tree has at most this many levels of branches. With at least [`BRANCH_MIN`] children each, and two of the root,
/// this is enough for more entries than there can be addresses.
pub(super) const MAX_HEIGHT: usize = 12;

const _: () = assert!(BRANCH_MAX <= 1 << DIGIT_BITS && MAX_HEIGHT as u32 * DIGIT_BITS <= u64::BITS);

/// The way from the root to a leaf: for each branch the number of a child. The digit for the branch right above a leaf
/// has the lowest bits. So the way to the first leaf is 0.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits(pub(super) u64);

impl Digits {
    /// The digit for a branch that is `height` levels above the leaves.
    #[inline]
    pub(super) fn at(self, height: usize) -> usize {
        (self.0 >> (DIGIT_BITS * (height as u32 - 1))) as usize % (1 << DIGIT_BITS)
    }

    /// The digits with another one for a branch that is `height` levels above the leaves. It must be 0 so far.
    #[inline]
    pub(super) fn with(self, height: usize, digit: usize) -> Self {
        Digits(self.0 | (digit as u64) << (DIGIT_BITS * (height as u32 - 1)))
    }

    /// Only the digits for branches that are at least `height` levels above the leaves.
    #[inline]
    pub(super) fn above(self, height: usize) -> Self {
        Digits(self.0 & (u64::MAX << (DIGIT_BITS * (height as u32 - 1))))
    }
}

/// The beginning of a node.
#[repr(C)]
struct Head<C> {
    count: C,
    /// How many entries a leaf has, or how many children a branch has.
    len: u16,
    /// How many it has room for.
    room: u16,
}

/// The beginning of a branch.
#[repr(C)]
struct BranchHead<C> {
    head: Head<C>,
    /// How many entries lie in the leaves below.
    entries: usize,
}

/// A pointer to a leaf or to a branch; which of them, the height says. It is not a reference: its methods assume that
/// the node is alive.
///
/// Behind the head of a leaf lie its slots. Behind the head of a branch lie its *items*: each is a pointer to a child
/// and a separator, which is at most the first key below the child, and greater than all keys below the children before
/// it.
pub(super) struct Node<K, V, C>(*mut Head<C>, PhantomData<(K, V)>);

impl<K, V, C> Clone for Node<K, V, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, C> Copy for Node<K, V, C> {}

impl<K, V, C> PartialEq for Node<K, V, C> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K, V, C> Node<K, V, C> {
    pub(super) const NONE: Self = Node(ptr::null_mut(), PhantomData);

    /// A leaf has at most this many entries. Copying a leaf is to take about as long as copying the branches above it.
    pub(super) const LEAF_MAX: usize = if Slot::<K, V, C>::INLINE {
        let max = 768 / Slot::<K, V, C>::SIZE;
        if cfg!(test) && max > 12 {
            12
        } else if max > 60 {
            60
        } else {
            max
        }
    } else if cfg!(test) {
        8
    } else {
        24
    };

    /// A leaf with fewer entries is joined with a neighbour, if both have at most [`LEAF_FULL`](Self::LEAF_FULL)
    /// together.
    pub(super) const LEAF_MIN: usize = Self::LEAF_MAX / 4;

    /// Joining must leave room, or the next insertion would split the leaf again.
    pub(super) const LEAF_FULL: usize = Self::LEAF_MAX / 4 * 3;

    /// The offset of the first slot of a leaf.
    const SLOTS: usize = size_of::<Head<u32>>().next_multiple_of(Slot::<K, V, C>::ALIGN);

    const LEAF_ALIGN: usize = {
        let (head, slot) = (align_of::<Head<u32>>(), Slot::<K, V, C>::ALIGN);
        if head > slot { head } else { slot }
    };

    const ITEM_ALIGN: usize = {
        let (head, separator) = (align_of::<BranchHead<u32>>(), Separator::<K, V, C>::ALIGN);
        if head > separator { head } else { separator }
    };

    /// The offset of the separator in an item, behind the pointer to the child.
    const SEPARATOR: usize = size_of::<Self>().next_multiple_of(Separator::<K, V, C>::ALIGN);

    const ITEM: usize = (Self::SEPARATOR + Separator::<K, V, C>::SIZE).next_multiple_of(Self::ITEM_ALIGN);

    /// The offset of the first item of a branch.
    const ITEMS: usize = size_of::<BranchHead<u32>>().next_multiple_of(Self::ITEM_ALIGN);

    #[inline]
    pub(super) fn is_none(self) -> bool {
        self.0.is_null()
    }

    #[inline]
    fn head<'a>(self) -> &'a Head<C> {
        // SAFETY: the users of a `Node` keep the node alive.
        unsafe { &*self.0 }
    }

    /// The number of entries of a leaf, or of children of a branch.
    #[inline]
    pub(super) fn len(self) -> usize {
        usize::from(self.head().len)
    }

    #[inline]
    pub(super) fn room(self) -> usize {
        usize::from(self.head().room)
    }

    /// # Safety
    /// The caller alone holds the node, and so many entries or items are there.
    #[inline]
    pub(super) unsafe fn set_len(self, len: usize) {
        // SAFETY: by the contract.
        unsafe { (*self.0).len = len as u16 }
    }

    /// The slot in place `at` of a leaf, whether it holds an entry or not.
    ///
    /// # Safety
    /// This is a leaf, and `at` is at most its room.
    #[inline]
    pub(super) unsafe fn slot(self, at: usize) -> Slot<K, V, C> {
        // SAFETY: the slot lies within the allocation, or at its end.
        Slot::new(unsafe { self.0.cast::<u8>().add(Self::SLOTS + at * Slot::<K, V, C>::SIZE) })
    }

    /// # Safety
    /// This is a branch, and `at` is at most its room.
    #[inline]
    unsafe fn item(self, at: usize) -> *mut u8 {
        // SAFETY: the item lies within the allocation, or at its end.
        unsafe { self.0.cast::<u8>().add(Self::ITEMS + at * Self::ITEM) }
    }

    /// The place of a pointer to a child.
    ///
    /// # Safety
    /// This is a branch, and `at` is less than its room.
    #[inline]
    pub(super) unsafe fn child_place(self, at: usize) -> *mut Node<K, V, C> {
        // SAFETY: by the contract.
        unsafe { self.item(at).cast() }
    }

    /// # Safety
    /// This is a branch, and it has a child in place `at`.
    #[inline]
    pub(super) unsafe fn child(self, at: usize) -> Node<K, V, C> {
        // SAFETY: by the contract.
        unsafe { self.child_place(at).read() }
    }

    /// # Safety
    /// This is a branch, and `at` is less than its room.
    #[inline]
    pub(super) unsafe fn separator(self, at: usize) -> Separator<K, V, C> {
        // SAFETY: by the contract.
        Separator::new(unsafe { self.item(at).add(Self::SEPARATOR) })
    }

    /// The number of entries in a node at this height.
    ///
    /// # Safety
    /// The node has this height.
    #[inline]
    pub(super) unsafe fn entries(self, height: usize) -> usize {
        // SAFETY: by the contract.
        unsafe { if height == 0 { self.len() } else { (*self.0.cast::<BranchHead<C>>()).entries } }
    }

    /// # Safety
    /// This is a branch that only the caller holds.
    #[inline]
    pub(super) unsafe fn set_entries(self, entries: usize) {
        // SAFETY: by the contract.
        unsafe { (*self.0.cast::<BranchHead<C>>()).entries = entries }
    }

    /// The first key of a node at this height, or one that is less, but greater than all keys in nodes before it.
    ///
    /// # Safety
    /// The node has this height and is not empty.
    #[inline]
    pub(super) unsafe fn lower_bound<'a>(self, height: usize) -> &'a K {
        // SAFETY: by the contract.
        unsafe { if height == 0 { self.slot(0).key() } else { self.separator(0).key() } }
    }

    fn leaf_layout(room: usize) -> Layout {
        let size = Self::SLOTS + room * Slot::<K, V, C>::SIZE;
        // SAFETY: the alignment is a power of two, and a node is small.
        unsafe { Layout::from_size_align_unchecked(size, Self::LEAF_ALIGN) }
    }

    fn branch_layout(room: usize) -> Layout {
        let size = Self::ITEMS + room * Self::ITEM;
        // SAFETY: as in `leaf_layout`.
        unsafe { Layout::from_size_align_unchecked(size, Self::ITEM_ALIGN) }
    }

    #[inline]
    fn layout(room: usize, height: usize) -> Layout {
        if height == 0 { Self::leaf_layout(room) } else { Self::branch_layout(room) }
    }

    /// Frees the memory of a node whose content is gone.
    ///
    /// # Safety
    /// Nobody uses the node any more.
    #[inline]
    pub(super) unsafe fn free_memory(self, height: usize) {
        // SAFETY: the node was allocated with this layout.
        unsafe { dealloc(self.0.cast(), Self::layout(self.room(), height)) }
    }

    /// Changes the room of a node, which may move it.
    ///
    /// # Safety
    /// The caller alone holds the node, replaces all pointers to it by the result, and `room` is at least its length.
    pub(super) unsafe fn with_room(self, room: usize, height: usize) -> Self {
        // SAFETY: the node was allocated with the first layout. A node without room is never asked for.
        unsafe {
            let layout = Self::layout(room, height);
            let moved: *mut Head<C> =
                realloc(self.0.cast(), Self::layout(self.room(), height), layout.size()).cast();
            if moved.is_null() {
                handle_alloc_error(layout);
            }
            (*moved).room = room as u16;
            Node(moved, PhantomData)
        }
    }

    /// The number of the child below which `key` lies, if it is there: the last one whose separator is not greater, or
    /// the first one.
    ///
    /// # Safety
    /// This is a branch.
    #[inline]
    pub(super) unsafe fn child_for<Q: Ord + ?Sized>(self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        // SAFETY: by the contract, and the two places are those of items.
        unsafe { (self.child_place_for(key).addr() - self.child_place(0).addr()) / Self::ITEM }
    }

    /// The place of the pointer to the child below which `key` lies, as for [`child_for`](Self::child_for).
    ///
    /// # Safety
    /// This is a branch.
    #[inline]
    pub(super) unsafe fn child_place_for<Q: Ord + ?Sized>(self, key: &Q) -> *mut Node<K, V, C>
    where
        K: Borrow<Q>,
    {
        // SAFETY: the branch has a first child, and the separators are alive and sorted from the second one on. The
        // search ends at the separator behind the child's.
        unsafe {
            let end = Self::partition(self.separator(1).place(), self.len() - 1, Self::ITEM, |place| {
                let separator: &K = Separator::<K, V, C>::new(place).key();
                separator.borrow().cmp(key) != Ordering::Greater
            });
            end.sub(Self::ITEM + Self::SEPARATOR).cast()
        }
    }

    /// The slot behind those entries of a leaf of whose keys `is_before` is true. They are the first ones.
    ///
    /// # Safety
    /// This is a leaf.
    #[inline]
    pub(super) unsafe fn slot_behind(self, is_before: impl Fn(&K) -> bool) -> Slot<K, V, C> {
        // SAFETY: the entries are alive and sorted.
        unsafe {
            let first = self.slot(0).place();
            let end = Self::partition(first, self.len(), Slot::<K, V, C>::SIZE, |place| {
                is_before(Slot::<K, V, C>::new(place).key())
            });
            Slot::new(end)
        }
    }

    /// The place behind those of `len` items, from `first` on, of which `is_before` is true. They are the first ones.
    /// However `is_before` answers, the result lies between the first item and the end of the last one.
    ///
    /// The search takes the same steps for all keys and so no branch that a processor could mispredict. With the
    /// greatest power of two that is at most `len`, the first step leaves one less than the power of items, and each
    /// further one half of them.
    ///
    /// # Safety
    /// There are so many items of `size` bytes.
    #[inline]
    unsafe fn partition(
        first: *mut u8,
        len: usize,
        size: usize,
        is_before: impl Fn(*mut u8) -> bool,
    ) -> *mut u8 {
        // SAFETY: a step that looks at `count` items leaves `count - 1` of `2 * count - 1`, so all lie within the items.
        unsafe {
            let step = |at: *mut u8, count: usize| {
                let behind = opaque(at.add(count * size));
                select_unpredictable(is_before(behind.sub(size)), behind, at)
            };
            let mut at;
            if !Slot::<K, V, C>::SIMPLE {
                if len == 0 {
                    return first;
                }
                let mut count = 1 << len.ilog2();
                at = step(first, len - count + 1);
                while count > 1 {
                    count /= 2;
                    at = step(at, count);
                }
                return at;
            }
            // The same without a loop and a logarithm.
            if len >= 16 {
                if len >= 32 {
                    at = step(first, len - 31);
                    at = step(at, 16);
                } else {
                    at = step(first, len - 15);
                }
                at = step(at, 8);
                at = step(at, 4);
                at = step(at, 2);
                step(at, 1)
            } else if len >= 4 {
                if len >= 8 {
                    at = step(first, len - 7);
                    at = step(at, 4);
                } else {
                    at = step(first, len - 3);
                }
                at = step(at, 2);
                step(at, 1)
            } else {
                at = first;
                for _ in 0..len {
                    at = step(at, 1);
                }
                at
            }
        }
    }

    /// The place of a slot in a leaf.
    #[inline]
    pub(super) fn place_of(self, slot: Slot<K, V, C>) -> usize {
        (slot.place().addr() - self.0.addr() - Self::SLOTS) / Slot::<K, V, C>::SIZE
    }
}

/// The pointer itself. The compiler does not see how it was made. It would turn a choice between two places of one
/// allocation into the same choice between two offsets, which takes more instructions.
#[inline]
#[cfg_attr(
    all(target_arch = "x86_64", not(miri)),
    expect(
        clippy::pointers_in_nomem_asm_block,
        reason = "no instruction reads or writes what the pointer points to"
    )
)]
fn opaque(place: *mut u8) -> *mut u8 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let mut place = place;
        // SAFETY: there is no instruction.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) place, options(pure, nomem, nostack, preserves_flags))
        };
        place
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    place
}

/// Does something for each number below `len`, four at a time, because that takes fewer instructions than the loop around
/// a single one.
#[inline]
fn each(len: usize, mut action: impl FnMut(usize)) {
    let mut at = 0;
    while at + 4 <= len {
        action(at);
        action(at + 1);
        action(at + 2);
        action(at + 3);
        at += 4;
    }
    while at < len {
        action(at);
        at += 1;
    }
}

const _: () = assert!(
    BRANCH_MAX <= 32 && Node::<u8, (), crate::counter::Plain>::LEAF_MAX < 64,
    "`partition` has steps for fewer than 64 items"
);

impl<K, V, C: Counter> Node<K, V, C> {
    fn allocate(room: usize, height: usize) -> Self {
        let layout = Self::layout(room, height);
        // SAFETY: a layout includes the head, so its size is not 0, and the head fits in.
        unsafe {
            let head: *mut Head<C> = alloc(layout).cast();
            if head.is_null() {
                handle_alloc_error(layout);
            }
            head.write(Head { count: C::one(), len: 0, room: room as u16 });
            Node(head, PhantomData)
        }
    }

    /// An empty leaf with room for so many entries.
    #[inline]
    pub(super) fn leaf(room: usize) -> Self {
        Self::allocate(room, 0)
    }

    /// A branch without children, with room for so many.
    #[inline]
    pub(super) fn branch(room: usize) -> Self {
        let branch = Self::allocate(room, 1);
        // SAFETY: the branch is new.
        unsafe { branch.set_entries(0) };
        branch
    }

    /// Whether the caller, who holds the node, is the only one who does.
    #[inline]
    pub(super) fn is_unique(self) -> bool {
        self.head().count.is_unique()
    }

    /// Counts one more holder.
    #[inline]
    pub(super) fn hold(self) {
        self.head().count.increment();
    }

    /// Gives up a hold of a node of this height. The last holder frees it. That drops entries, and so may panic; then
    /// the other entries are dropped nevertheless.
    ///
    /// # Safety
    /// The caller gives up its own hold.
    #[inline]
    pub(super) unsafe fn release(self, height: usize) {
        // SAFETY: the last holder frees the node.
        unsafe {
            if self.head().count.decrement() {
                self.free(height);
            }
        }
    }

    /// Frees a node that nobody holds any more. The recursion is as deep as the tree is high.
    ///
    /// # Safety
    /// The node has this height, and nobody uses it any more.
    unsafe fn free(self, height: usize) {
        /// What is left to do, even if dropping an entry panics.
        struct Free<K, V, C: Counter> {
            node: Node<K, V, C>,
            height: usize,
            next: usize,
        }

        impl<K, V, C: Counter> Free<K, V, C> {
            #[inline]
            fn contents(&mut self) {
                if self.height == 0 && Slot::<K, V, C>::INLINE {
                    return;
                }
                while self.next < self.node.len() {
                    let at = self.next;
                    self.next += 1;
                    // SAFETY: nobody else uses the node, and each place is visited once.
                    unsafe {
                        if self.height == 0 {
                            self.node.slot(at).release();
                        } else {
                            self.node.child(at).release(self.height - 1);
                        }
                    }
                }
            }
        }

        impl<K, V, C: Counter> Drop for Free<K, V, C> {
            fn drop(&mut self) {
                self.contents();
                // SAFETY: nothing is left in the node.
                unsafe { self.node.free_memory(self.height) }
            }
        }

        Free { node: self, height, next: 0 }.contents();
    }

    /// Moves the entries or items from place `from` on to the place `to` of the same node.
    ///
    /// # Safety
    /// The caller alone holds the node, which has room for them.
    #[inline]
    pub(super) unsafe fn shift(self, from: usize, to: usize, height: usize) {
        // SAFETY: by the contract.
        unsafe {
            let (source, target, size) = self.places(to, self, from, height);
            ptr::copy(source, target, (self.len() - from) * size);
        }
    }

    /// Moves `count` entries or items from place `from` of another node to place `to` of this one.
    ///
    /// # Safety
    /// The caller alone holds both nodes, the entries or items exist, and there is room for them.
    #[inline]
    pub(super) unsafe fn take(self, to: usize, other: Self, from: usize, count: usize, height: usize) {
        // SAFETY: by the contract.
        unsafe {
            let (source, target, size) = self.places(to, other, from, height);
            ptr::copy_nonoverlapping(source, target, count * size);
        }
    }

    /// Place `from` of the other node, place `to` of this one, and the size of an entry or item.
    ///
    /// # Safety
    /// Both nodes have this height and room for these places.
    #[inline]
    unsafe fn places(self, to: usize, other: Self, from: usize, height: usize) -> (*mut u8, *mut u8, usize) {
        // SAFETY: by the contract.
        unsafe {
            if height == 0 {
                (other.slot(from).place(), self.slot(to).place(), Slot::<K, V, C>::SIZE)
            } else {
                (other.item(from), self.item(to), Self::ITEM)
            }
        }
    }

    /// Writes an item of a branch.
    ///
    /// # Safety
    /// The caller alone holds the branch, which has room for it.
    #[inline]
    pub(super) unsafe fn write_item(self, at: usize, child: Self, separator: Detached<K, V, C>) {
        // SAFETY: by the contract.
        unsafe {
            self.child_place(at).write(child);
            self.separator(at).write(separator);
        }
    }

    /// How many entries are below the children from `start` to `end`.
    ///
    /// # Safety
    /// This is a branch of this height with these children.
    pub(super) unsafe fn entries_between(self, start: usize, end: usize, height: usize) -> usize {
        // SAFETY: by the contract.
        (start..end).map(|at| unsafe { self.child(at).entries(height - 1) }).sum()
    }
}

/// The memory of a node that is being filled. It is freed if a clone panics meanwhile.
struct Filling<K, V, C> {
    node: Node<K, V, C>,
    height: usize,
}

impl<K, V, C> Filling<K, V, C> {
    #[inline]
    fn done(self) -> Node<K, V, C> {
        let node = self.node;
        std::mem::forget(self);
        node
    }
}

impl<K, V, C> Drop for Filling<K, V, C> {
    fn drop(&mut self) {
        // SAFETY: only a clone of an entry by value or of a separator can have panicked, and these need no drop.
        unsafe { self.node.free_memory(self.height) }
    }
}

impl<K: Clone, V, C> Node<K, V, C> {
    /// The separator that names the first entry of a node of this height.
    ///
    /// # Safety
    /// The node has this height and is not empty.
    #[inline]
    pub(super) unsafe fn first_separator(self, height: usize) -> Detached<K, V, C> {
        // SAFETY: by the contract.
        unsafe { if height == 0 { Separator::of(self.slot(0)) } else { self.separator(0).read() } }
    }
}

impl<K: Clone, V: Clone, C: Counter> Node<K, V, C> {
    /// A copy of a leaf with `room`, without the entries from `start` to `end`, and with a gap of `gap` places there.
    /// Its length includes the gap, which must be filled before anything else happens.
    ///
    /// # Safety
    /// This is a leaf with these entries, and there is room for the others and the gap.
    #[inline]
    pub(super) unsafe fn copy_leaf(self, room: usize, start: usize, end: usize, gap: usize) -> Self {
        let filling = Filling { node: Self::leaf(room), height: 0 };
        // SAFETY: by the contract.
        unsafe {
            let (copy, behind) = (filling.node, self.len() - end);
            each(start, |at| copy.slot(at).copy_from(self.slot(at)));
            let (source, target) = (self.slot(end), copy.slot(start + gap));
            each(behind, |at| target.add(at).copy_from(source.add(at)));
            copy.set_len(start + gap + behind);
        }
        filling.done()
    }

    /// A branch of this height that takes over the holds of these children.
    ///
    /// # Safety
    /// The children are not empty and one level lower, and there are at most [`BRANCH_MAX`].
    pub(super) unsafe fn branch_of(children: &[Self], height: usize) -> Self {
        let filling = Filling { node: Self::branch(children.len()), height };
        let branch = filling.node;
        for (at, child) in children.iter().enumerate() {
            // SAFETY: there is room for all children.
            unsafe { branch.write_item(at, *child, child.first_separator(height - 1)) }
        }
        // SAFETY: all children are there.
        unsafe {
            branch.set_len(children.len());
            branch.set_entries(branch.entries_between(0, children.len(), height));
        }
        filling.done()
    }

    /// A copy of a branch with `room`, which holds the same children.
    ///
    /// # Safety
    /// This is a branch, and there is room for its children.
    #[inline]
    pub(super) unsafe fn copy_branch(self, room: usize) -> Self {
        let filling = Filling { node: Self::branch(room), height: 1 };
        // SAFETY: by the contract.
        unsafe {
            let (copy, len) = (filling.node, self.len());
            each(len, |at| copy.write_item(at, self.child(at), self.separator(at).read()));
            each(len, |at| self.child(at).hold());
            copy.set_len(len);
            copy.set_entries(self.entries(1));
        }
        filling.done()
    }

    /// Copies the node at `place`, which has this height, unless the caller alone holds it. Only the caller can reach
    /// the place. Returns the node that is there afterwards.
    ///
    /// # Safety
    /// There is a node of this height.
    #[inline]
    pub(super) unsafe fn unshare(place: *mut Self, height: usize) -> Self {
        // SAFETY: the copy takes the place before the hold of the original is given up, because that may panic.
        unsafe {
            let node = *place;
            if node.is_unique() {
                return node;
            }
            let copy = if height == 0 {
                node.copy_leaf(node.len(), node.len(), node.len(), 0)
            } else {
                node.copy_branch(Self::branch_room(node.len()))
            };
            *place = copy;
            node.release(height);
            copy
        }
    }
}

impl<K, V, C> Node<K, V, C> {
    /// How much room a leaf gets for so many entries, and a few more if it has some already.
    #[inline]
    pub(super) fn leaf_room(len: usize) -> usize {
        if len <= 1 { len } else { (len + 1 + len / 16).min(Self::LEAF_MAX) }
    }

    /// How much room a branch gets for so many children and a few more.
    #[inline]
    pub(super) fn branch_room(len: usize) -> usize {
        (len + 2).min(BRANCH_MAX)
    }
}
