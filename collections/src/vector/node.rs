//! The nodes of a vector: leaves hold elements, branches hold nodes. Each is one allocation with a count of its
//! holders. See the [module above](super) for the picture.
//!
//! A *hold* is one reference that is counted. A function that takes a hold over is responsible for giving it up.
//!
//! This module is about memory: who holds a node, and what it contains. The module `tree` knows what a tree of nodes
//! means.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop, offset_of};
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::counter::Counter;

/// How many bits of an index a branch consumes.
pub(super) const BRANCH_BITS: u32 = 4;

/// A branch has at most this many children. Copying a branch counts up each child, and an atomic count takes far more
/// time than an ordinary instruction. So wider branches would mean fewer levels, but more expensive copies.
pub(super) const MAX_CHILDREN: usize = 1 << BRANCH_BITS;

/// A branch with fewer children is merged with a neighbour when trees are joined.
pub(super) const MIN_CHILDREN: usize = MAX_CHILDREN / 2;

/// How many elements a leaf holds.
pub(super) struct Width<T>(PhantomData<T>);

impl<T> Width<T> {
    /// If elements need a drop, a leaf consumes at most this many bits of an index.
    const MAX_BITS_WITH_DROP: u32 = 4;

    /// How many bits of an index a leaf consumes. A change to a shared leaf copies all of it: at most half a kilobyte
    /// of plain elements, or 16 elements that need a drop and are expensive to clone. But a leaf always holds at least
    /// four elements.
    pub(super) const BITS: u32 = {
        let bits = match size_of::<T>() {
            0..=8 => 6,
            9..=16 => 5,
            17..=32 => 4,
            33..=64 => 3,
            _ => 2,
        };
        if needs_drop::<T>() && bits > Self::MAX_BITS_WITH_DROP { Self::MAX_BITS_WITH_DROP } else { bits }
    };

    /// A leaf has at most this many elements.
    pub(super) const LEAF: usize = 1 << Self::BITS;

    /// A leaf with fewer elements is merged with a neighbour when trees are joined.
    pub(super) const HALF_LEAF: usize = Self::LEAF / 2;

    /// The number of elements below a full node that stands `height` above the leaves.
    #[inline]
    pub(super) fn full(height: u8) -> usize {
        1 << Self::shift(height)
    }

    /// How many bits of an index a node `height` above the leaves consumes, together with the nodes below it.
    #[inline]
    pub(super) fn shift(height: u8) -> u32 {
        // Relaxed trees may be so high that a full one would have more than 2⁶³ elements, but no vector is so long.
        (Self::BITS + BRANCH_BITS * u32::from(height)).min(usize::BITS - 1)
    }
}

/// A pointer to a leaf or to a branch. The height at which it stands tells which of the two.
pub(super) type Link = NonNull<u8>;

#[repr(C)]
struct LeafHead<T, C> {
    count: C,
    /// How many elements the leaf has. Those behind the ones that a holder sees were appended by others.
    fill: AtomicU16,
    /// How many elements the leaf has room for.
    room: u16,
    items: [T; 0],
}

/// A pointer to a leaf that is not a hold. Its safe methods may only be called while somebody holds the leaf.
pub(super) struct Leaf<T, C>(NonNull<LeafHead<T, C>>);

impl<T, C> Clone for Leaf<T, C> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, C> Copy for Leaf<T, C> {}

impl<T, C: Counter> Leaf<T, C> {
    #[inline]
    fn layout(room: usize) -> Layout {
        // The largest leaf must be smaller than half the address space. The compiler checks this once per type.
        const {
            let items = (isize::MAX as usize - offset_of!(LeafHead<T, C>, items)) / Width::<T>::LEAF;
            assert!(size_of::<T>() <= items - align_of::<T>(), "elements are too large for a leaf of them");
        }
        debug_assert!(room <= Width::<T>::LEAF);
        let size = offset_of!(LeafHead<T, C>, items) + size_of::<T>() * room;
        // SAFETY: an alignment is a power of two, and the size rounded up to it is at most `isize::MAX`, as checked
        // above.
        unsafe { Layout::from_size_align_unchecked(size, align_of::<LeafHead<T, C>>()) }
    }

    /// An empty leaf with room for `room` elements, held once.
    #[inline]
    pub(super) fn with_room(room: usize) -> Self {
        debug_assert!(0 < room && room <= Width::<T>::LEAF);
        let layout = Self::layout(room);
        // SAFETY: the size of the layout is not 0, because it includes the head.
        let Some(leaf) = NonNull::new(unsafe { alloc(layout) }.cast::<LeafHead<T, C>>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the memory is new and has room for a head, whose fields are written before anyone reads them.
        unsafe {
            (&raw mut (*leaf.as_ptr()).count).write(C::one());
            (&raw mut (*leaf.as_ptr()).fill).write(AtomicU16::new(0));
            (&raw mut (*leaf.as_ptr()).room).write(room as u16);
        }
        Leaf(leaf)
    }

    /// A leaf of clones of both slices, held once. If `T::clone` panics, the clones made before are dropped.
    #[inline]
    pub(super) fn of_clones(first: &[T], second: &[T], room: usize) -> Self
    where
        T: Clone,
    {
        assert!(first.len() + second.len() <= room);
        let leaf = Self::with_room(room);
        let mut filling = Filling { leaf, fill: 0 };
        // Two plain loops: the compiler turns each into a copy of memory for plain elements, but not one over a chain.
        for item in first {
            // SAFETY: there is room for both slices, and nobody else knows of the leaf.
            unsafe { leaf.items().add(filling.fill).write(item.clone()) };
            filling.fill += 1;
        }
        for item in second {
            // SAFETY: as above.
            unsafe { leaf.items().add(filling.fill).write(item.clone()) };
            filling.fill += 1;
        }
        filling.finish()
    }

    /// The leaf that `link` points to.
    ///
    /// # Safety
    /// `link` points to a leaf with these elements and this counter, not to a branch.
    #[inline]
    pub(super) unsafe fn from_link(link: Link) -> Self {
        Leaf(link.cast())
    }

    #[inline]
    pub(super) fn link(self) -> Link {
        self.0.cast()
    }

    #[inline]
    fn head(&self) -> &LeafHead<T, C> {
        // SAFETY: somebody holds the leaf during this call. The head changes only through atomics and counters, except
        // `room` in `grow`, whose caller is the only one to use the leaf.
        unsafe { self.0.as_ref() }
    }

    /// The place of the first element.
    #[inline]
    pub(super) fn items(self) -> *mut T {
        // SAFETY: the elements lie at this offset in the same allocation. The pointer comes from the allocator, not
        // from a reference to the head, so it may be used to reach them.
        unsafe { self.0.as_ptr().cast::<u8>().add(offset_of!(LeafHead<T, C>, items)).cast() }
    }

    /// The first `length` elements.
    ///
    /// # Safety
    /// The caller sees that many elements. During `'a`, the leaf is held and these elements do not change.
    #[inline]
    pub(super) unsafe fn slice<'a>(self, length: usize) -> &'a [T] {
        // SAFETY: the elements that a holder sees are initialized. The caller promises the rest.
        unsafe { slice::from_raw_parts(self.items(), length) }
    }

    #[inline]
    pub(super) fn room(self) -> usize {
        usize::from(self.head().room)
    }

    /// How many elements the leaf has. Other holders may append meanwhile, unless the caller is the only one.
    #[inline]
    pub(super) fn fill(self) -> usize {
        usize::from(self.head().fill.load(Ordering::Relaxed))
    }

    /// Sets how many elements the leaf has.
    ///
    /// # Safety
    /// The caller is the only holder, and the first `fill` elements are initialized.
    #[inline]
    pub(super) unsafe fn set_fill(self, fill: usize) {
        self.head().fill.store(fill as u16, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn is_unique(self) -> bool {
        self.head().count.is_unique()
    }

    /// Counts one more holder.
    #[inline]
    pub(super) fn hold(self) {
        self.head().count.increment();
    }

    /// The count of holders.
    #[inline]
    pub(super) fn count(&self) -> &C {
        &self.head().count
    }

    /// Claims the place behind the first `seen` elements, and returns whether that succeeded. If so, the caller must
    /// write an element there. There must be room. It fails if another holder has appended at this place, unless all
    /// versions that could see that element are gone.
    ///
    /// The caller may write the place while others read the leaf: every version with this tail sees only the elements
    /// within its own length.
    ///
    /// Elements that need a drop are written only to a leaf that the caller alone holds. The reason: a vector may be
    /// used as one of elements with shorter lifetimes. What such a version wrote to a shared leaf would stay there, and
    /// a version that outlives these lifetimes would drop it.
    #[inline]
    pub(super) fn claim(self, seen: u16) -> bool {
        let head = self.head();
        if !head.count.is_unique() {
            return !needs_drop::<T>() && C::claim(&head.fill, seen);
        }
        // Elements behind the first `seen` were appended by versions that are gone. They may be overwritten if they
        // need no drop.
        let next = !needs_drop::<T>() || head.fill.load(Ordering::Relaxed) == seen;
        if next {
            head.fill.store(seen + 1, Ordering::Relaxed);
        }
        next
    }

    /// Drops the elements behind the first `seen`: those that were appended by versions that are gone.
    ///
    /// # Safety
    /// The caller is the only holder, and sees `seen` elements.
    pub(super) unsafe fn forget_beyond(self, seen: usize) {
        let fill = self.fill();
        if fill > seen {
            // SAFETY: the caller is the only holder. The elements are no longer counted when they are dropped, so none
            // is dropped twice if one of the drops panics.
            unsafe {
                self.set_fill(seen);
                ptr::slice_from_raw_parts_mut(self.items().add(seen), fill - seen).drop_in_place();
            }
        }
    }

    /// Gives the leaf room for `room` elements. The leaf may move to another address, which is returned.
    ///
    /// # Safety
    /// The caller is the only holder, and does not use the old address any more. `room` is not less than before.
    pub(super) unsafe fn grow(self, room: usize) -> Self {
        let layout = Self::layout(room);
        // SAFETY: the leaf was allocated with this layout, and elements may be moved byte by byte.
        let moved = unsafe { realloc(self.0.as_ptr().cast(), Self::layout(self.room()), layout.size()) };
        let Some(moved) = NonNull::new(moved.cast::<LeafHead<T, C>>()) else { handle_alloc_error(layout) };
        // SAFETY: the head has moved along with the leaf, and nobody else uses it.
        unsafe { (&raw mut (*moved.as_ptr()).room).write(room as u16) };
        Leaf(moved)
    }

    /// Gives up a hold. The last one frees the leaf.
    ///
    /// # Safety
    /// The hold is the caller's.
    #[inline]
    pub(super) unsafe fn release(self) {
        if self.head().count.decrement() {
            // SAFETY: that was the last holder.
            unsafe { self.free() }
        }
    }

    /// Drops the elements, and frees the memory.
    ///
    /// # Safety
    /// Nobody holds the leaf any more.
    unsafe fn free(self) {
        struct Memory<T, C: Counter>(Leaf<T, C>);
        impl<T, C: Counter> Drop for Memory<T, C> {
            fn drop(&mut self) {
                // This is a `drop`, so that the memory is freed even if the drop of an element panics.
                // SAFETY: the leaf was allocated with this layout, and is not used any more.
                unsafe { dealloc(self.0.0.as_ptr().cast(), Leaf::<T, C>::layout(self.0.room())) }
            }
        }
        let memory = Memory(self);
        if needs_drop::<T>() {
            // SAFETY: the first `fill` elements are initialized, and nobody uses them any more.
            unsafe { ptr::slice_from_raw_parts_mut(memory.0.items(), memory.0.fill()).drop_in_place() }
        }
    }
}

/// A leaf that is being filled: counts the elements written, and frees the leaf if making the next element panics.
pub(super) struct Filling<T, C: Counter> {
    leaf: Leaf<T, C>,
    fill: usize,
}

impl<T, C: Counter> Filling<T, C> {
    fn finish(self) -> Leaf<T, C> {
        let filling = ManuallyDrop::new(self);
        // SAFETY: nobody else knows of the leaf, and `fill` elements were written.
        unsafe { filling.leaf.set_fill(filling.fill) };
        filling.leaf
    }
}

impl<T, C: Counter> Drop for Filling<T, C> {
    fn drop(&mut self) {
        // SAFETY: as in `finish`, and this is the only hold.
        unsafe {
            self.leaf.set_fill(self.fill);
            self.leaf.release();
        }
    }
}

#[repr(C)]
struct BranchHead<C> {
    count: C,
    len: u8,
    room: u8,
    /// Whether a table of sizes lies behind the children.
    relaxed: bool,
    children: [Link; 0],
}

/// A pointer to a branch that is not a hold. Its safe methods may only be called while somebody holds the branch.
pub(super) struct Branch<C>(NonNull<BranchHead<C>>);

impl<C> Clone for Branch<C> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Branch<C> {}

impl<C: Counter> Branch<C> {
    #[inline]
    fn layout(room: usize, relaxed: bool) -> Layout {
        debug_assert!(room <= MAX_CHILDREN);
        let words = if relaxed { 2 * room } else { room };
        let size = offset_of!(BranchHead<C>, children) + size_of::<Link>() * words;
        // SAFETY: an alignment is a power of two, and a branch is small.
        unsafe { Layout::from_size_align_unchecked(size, align_of::<BranchHead<C>>()) }
    }

    /// A branch without children and with room for `room` of them, held once.
    #[inline]
    pub(super) fn with_room(room: usize, relaxed: bool) -> Self {
        const { assert!(size_of::<usize>() == size_of::<Link>()) };
        debug_assert!(0 < room && room <= MAX_CHILDREN);
        let layout = Self::layout(room, relaxed);
        // SAFETY: the size of the layout is not 0, because it includes the head.
        let Some(branch) = NonNull::new(unsafe { alloc(layout) }.cast::<BranchHead<C>>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the memory is new and has room for a head, whose fields are written before anyone reads them.
        unsafe {
            (&raw mut (*branch.as_ptr()).count).write(C::one());
            (&raw mut (*branch.as_ptr()).len).write(0);
            (&raw mut (*branch.as_ptr()).room).write(room as u8);
            (&raw mut (*branch.as_ptr()).relaxed).write(relaxed);
        }
        Branch(branch)
    }

    /// The branch that `link` points to.
    ///
    /// # Safety
    /// `link` points to a branch with this counter, not to a leaf.
    #[inline]
    pub(super) unsafe fn from_link(link: Link) -> Self {
        Branch(link.cast())
    }

    #[inline]
    pub(super) fn link(self) -> Link {
        self.0.cast()
    }

    #[inline]
    fn head(&self) -> &BranchHead<C> {
        // SAFETY: somebody holds the branch during this call. The head changes only through the counter, except `len`
        // in `set_len`, whose caller is the only one to use the branch.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    pub(super) fn len(self) -> usize {
        usize::from(self.head().len)
    }

    #[inline]
    pub(super) fn room(self) -> usize {
        usize::from(self.head().room)
    }

    /// Whether a table of sizes tells where children end, because one of them other than the last is not full.
    #[inline]
    pub(super) fn is_relaxed(self) -> bool {
        self.head().relaxed
    }

    #[inline]
    pub(super) fn is_unique(self) -> bool {
        self.head().count.is_unique()
    }

    /// Counts one more holder.
    #[inline]
    pub(super) fn hold(self) {
        self.head().count.increment();
    }

    /// The count of holders.
    #[inline]
    pub(super) fn count(&self) -> &C {
        &self.head().count
    }

    /// The place of the first child.
    #[inline]
    pub(super) fn children(self) -> *mut Link {
        // SAFETY: the children lie at this offset in the same allocation.
        unsafe { self.0.as_ptr().cast::<u8>().add(offset_of!(BranchHead<C>, children)).cast() }
    }

    /// The place of the table of sizes, which only a relaxed branch has. Its entry i is the number of elements below
    /// the children 0 to i together.
    #[inline]
    fn sizes(self) -> *mut usize {
        debug_assert!(self.is_relaxed());
        // SAFETY: the table of a relaxed branch lies behind the room for its children, in the same allocation.
        unsafe { self.children().add(self.room()).cast() }
    }

    /// The child at `slot`, which must be less than the length.
    #[inline]
    pub(super) fn child(self, slot: usize) -> Link {
        debug_assert!(slot < self.len());
        // SAFETY: the first `len` children are initialized.
        unsafe { *self.children().add(slot) }
    }

    /// The number of elements below the children 0 to `slot` together. The branch must be relaxed.
    #[inline]
    pub(super) fn end(self, slot: usize) -> usize {
        debug_assert!(slot < self.len());
        // SAFETY: a relaxed branch has a size for each child.
        unsafe { *self.sizes().add(slot) }
    }

    /// Changes where the last child ends. The branch must be relaxed.
    ///
    /// # Safety
    /// The caller is the only holder.
    pub(super) unsafe fn set_last_end(self, end: usize) {
        // SAFETY: there is a last child, and nobody else uses the table.
        unsafe { *self.sizes().add(self.len() - 1) = end }
    }

    /// Appends a child, and takes over a hold of it. `end` is the number of elements below all children, the new one
    /// included.
    ///
    /// # Safety
    /// The caller is the only holder, and there is room.
    #[inline]
    pub(super) unsafe fn push(self, child: Link, end: usize) {
        let len = self.len();
        debug_assert!(len < self.room());
        // SAFETY: there is room, and nobody else uses the branch.
        unsafe {
            self.children().add(len).write(child);
            if self.is_relaxed() {
                self.sizes().add(len).write(end);
            }
            self.set_len(len + 1);
        }
    }

    /// Sets where a child ends. The branch must be relaxed.
    ///
    /// # Safety
    /// The caller is the only holder, and `slot` is less than the room.
    #[inline]
    pub(super) unsafe fn set_end(self, slot: usize, end: usize) {
        debug_assert!(slot < self.room());
        // SAFETY: the table has as many places as there is room for children, and nobody else uses it.
        unsafe { self.sizes().add(slot).write(end) }
    }

    /// Makes `links` the children of a branch that has none, and takes over a hold of each. Does not write their ends.
    ///
    /// # Safety
    /// The caller is the only holder, and there is room.
    #[inline]
    pub(super) unsafe fn fill(self, links: &[Link]) {
        debug_assert!(links.len() <= self.room());
        // SAFETY: there is room, and nobody else uses the branch.
        unsafe {
            self.children().copy_from_nonoverlapping(links.as_ptr(), links.len());
            self.set_len(links.len());
        }
    }

    /// Moves the children of another branch here. The caller must be the only holder of that branch, and free it.
    ///
    /// # Safety
    /// As for [`fill`](Self::fill).
    pub(super) unsafe fn take_children(self, from: Branch<C>) {
        // SAFETY: the first `len` children are initialized. The caller promises the rest.
        unsafe { self.fill(slice::from_raw_parts(from.children(), from.len())) }
    }

    /// Shares children of another branch that stands at the same `height`.
    ///
    /// # Safety
    /// As for [`fill`](Self::fill), and the other branch is held during this call.
    #[inline]
    pub(super) unsafe fn share_children<T>(self, from: Branch<C>, slots: Range<usize>, height: u8) {
        // SAFETY: by the contract there is room for that many children.
        unsafe {
            let places = slice::from_raw_parts_mut(self.children().cast::<MaybeUninit<Link>>(), slots.len());
            let len = slots.len();
            from.share_into::<T>(slots, height, places);
            self.set_len(len);
        }
    }

    /// Writes pointers to children of this branch to `places`, and counts a hold of each. The branch stands `height`
    /// above the leaves.
    ///
    /// # Safety
    /// The branch is held during this call, and has these children.
    #[inline]
    pub(super) unsafe fn share_into<T>(
        self,
        slots: Range<usize>,
        height: u8,
        places: &mut [MaybeUninit<Link>],
    ) {
        debug_assert!(slots.end <= self.len() && slots.len() == places.len());
        // SAFETY: the first `len` children are initialized, the branch holds them, and they stand one lower than it.
        unsafe {
            let children = slice::from_raw_parts(self.children().add(slots.start), slots.len());
            for (place, child) in places.iter_mut().zip(children) {
                place.write(*child);
            }
            let count_up = |child: Link| match height {
                1 => Leaf::<T, C>::from_link(child).hold(),
                _ => Branch::<C>::from_link(child).hold(),
            };
            // Four at a time, so that few instructions do anything but count.
            let (fours, rest) = children.as_chunks::<4>();
            for four in fours {
                let [first, second, third, fourth] = *four;
                count_up(first);
                count_up(second);
                count_up(third);
                count_up(fourth);
            }
            rest.iter().copied().for_each(count_up);
        }
    }

    /// Sets the number of children.
    ///
    /// # Safety
    /// The caller is the only holder of the branch. The first `len` children are initialized, and the branch has a hold
    /// of each. The holds of children that are cut off go to the caller.
    #[inline]
    pub(super) unsafe fn set_len(self, len: usize) {
        // SAFETY: nobody else uses the branch.
        unsafe { (&raw mut (*self.0.as_ptr()).len).write(len as u8) }
    }

    /// Gives up a hold, and returns whether that was the last one. Then the caller must free the branch.
    ///
    /// # Safety
    /// The hold is the caller's.
    #[inline]
    unsafe fn count_down(self) -> bool {
        self.head().count.decrement()
    }

    /// Frees the memory of the branch, but does not release its children.
    ///
    /// # Safety
    /// Nobody holds the branch any more, and the holds of its children have been given up or moved.
    pub(super) unsafe fn free_memory(self) {
        // SAFETY: the branch was allocated with this layout.
        unsafe { dealloc(self.0.as_ptr().cast(), Self::layout(self.room(), self.is_relaxed())) }
    }
}

/// Counts one more holder of a node.
///
/// # Safety
/// `link` points to a node `height` above the leaves, which is held during this call.
#[inline]
pub(super) unsafe fn hold<T, C: Counter>(link: Link, height: u8) {
    // SAFETY: the height tells the kind of node, which is held.
    unsafe {
        match height {
            0 => Leaf::<T, C>::from_link(link).hold(),
            _ => Branch::<C>::from_link(link).hold(),
        }
    }
}

/// Gives up a hold of a node. The last one frees the node, and releases its children or drops its elements.
///
/// # Safety
/// `link` points to a node `height` above the leaves, and the hold is the caller's.
pub(super) unsafe fn release<T, C: Counter>(link: Link, height: u8) {
    if height == 0 {
        // SAFETY: the node is a leaf, and the hold is the caller's.
        return unsafe { Leaf::<T, C>::from_link(link).release() };
    }
    // SAFETY: the node is a branch, and the hold is the caller's.
    unsafe {
        let branch = Branch::<C>::from_link(link);
        if branch.count_down() {
            free_branch::<T, C>(branch, height);
        }
    }
}

/// Releases the children of a branch, and frees its memory.
///
/// # Safety
/// Nobody holds the branch any more, and it stands `height` above the leaves.
#[inline(never)]
unsafe fn free_branch<T, C: Counter>(branch: Branch<C>, height: u8) {
    struct Rest<T, C: Counter> {
        branch: Branch<C>,
        height: u8,
        next: usize,
        elements: PhantomData<T>,
    }
    impl<T, C: Counter> Rest<T, C> {
        fn release(&mut self) {
            while self.next < self.branch.len() {
                let child = self.branch.child(self.next);
                self.next += 1;
                // SAFETY: the branch had a hold of each of its children, and nobody uses it any more.
                unsafe { release::<T, C>(child, self.height - 1) };
            }
        }
    }
    impl<T, C: Counter> Drop for Rest<T, C> {
        fn drop(&mut self) {
            // If the drop of an element has panicked, the others are still dropped.
            self.release();
            // SAFETY: the children have been released, and nobody holds the branch.
            unsafe { self.branch.free_memory() }
        }
    }
    Rest::<T, C> { branch, height, next: 0, elements: PhantomData }.release();
}

/// A hold of a node, which is given up when this is dropped.
pub(super) struct Owned<T, C: Counter> {
    link: Link,
    height: u8,
    elements: PhantomData<(T, C)>,
}

impl<T, C: Counter> Owned<T, C> {
    /// Takes over a hold.
    ///
    /// # Safety
    /// `link` points to a node `height` above the leaves, and the hold is the caller's.
    #[inline]
    pub(super) unsafe fn from_held(link: Link, height: u8) -> Self {
        Owned { link, height, elements: PhantomData }
    }

    /// Counts one more hold of a node.
    ///
    /// # Safety
    /// `link` points to a node `height` above the leaves, which is held during this call.
    #[inline]
    pub(super) unsafe fn share(link: Link, height: u8) -> Self {
        // SAFETY: the contract is the same.
        unsafe { hold::<T, C>(link, height) };
        Owned { link, height, elements: PhantomData }
    }

    #[inline]
    pub(super) fn link(&self) -> Link {
        self.link
    }

    /// Hands over the hold.
    #[inline]
    pub(super) fn into_link(self) -> Link {
        ManuallyDrop::new(self).link
    }
}

impl<T, C: Counter> Drop for Owned<T, C> {
    fn drop(&mut self) {
        // SAFETY: the hold is this value's own.
        unsafe { release::<T, C>(self.link, self.height) }
    }
}
