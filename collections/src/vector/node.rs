//! The nodes of a vector: leaves of elements and branches of nodes, each one allocation with a count of its
//! holders. See the [module above](super) for the picture.
//!
//! Everything here is about memory: who holds a node and what it contains. What a tree of nodes means is the
//! business of `tree`.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop, offset_of};
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::counter::Counter;

/// Bits of an index that a branch consumes.
pub(super) const BRANCH_BITS: u32 = 4;

/// Most children of a branch. A change of a shared branch counts each child up, and an atomic count costs
/// far more time than an instruction: wide branches make for fewer levels, but for dear copies.
pub(super) const MAX_CHILDREN: usize = 1 << BRANCH_BITS;

/// How many elements a leaf holds.
pub(super) struct Width<T>(PhantomData<T>);

impl<T> Width<T> {
    /// Bits of an index that a leaf consumes. A leaf is copied whole by a change of a shared one: half a
    /// kilobyte of plain elements at most, or 16 whose clones are dear, but never less than four.
    pub(super) const BITS: u32 = {
        let bits = match size_of::<T>() {
            0..=8 => 6,
            9..=16 => 5,
            17..=32 => 4,
            33..=64 => 3,
            _ => 2,
        };
        if needs_drop::<T>() && bits > 4 { 4 } else { bits }
    };

    /// Most elements of a leaf.
    pub(super) const LEAF: usize = 1 << Self::BITS;

    /// Elements below a node that stands `height` above the leaves and is full.
    #[inline]
    pub(super) fn full(height: u8) -> usize {
        1 << Self::shift(height)
    }

    /// Bits of an index that a node `height` above the leaves consumes together with those below it.
    #[inline]
    pub(super) fn shift(height: u8) -> u32 {
        // No vector is so long that a node of 2⁶³ elements could be full: relaxed trees may stand higher.
        (Self::BITS + BRANCH_BITS * u32::from(height)).min(usize::BITS - 1)
    }
}

/// A leaf or a branch; which of them, the height tells.
pub(super) type Link = NonNull<u8>;

#[repr(C)]
struct LeafHead<T, C> {
    count: C,
    /// How many elements are there, from the first on. Those beyond what a holder sees belong to others.
    fill: AtomicU16,
    /// How many elements have room.
    room: u16,
    items: [T; 0],
}

/// A leaf, not owned: its methods are safe to call while somebody holds it.
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
        // The largest leaf must be smaller than half the address space: checked once per type, by the compiler.
        const {
            let items = (isize::MAX as usize - offset_of!(LeafHead<T, C>, items)) / Width::<T>::LEAF;
            assert!(size_of::<T>() <= items - align_of::<T>(), "elements are too large for a leaf of them");
        }
        debug_assert!(room <= Width::<T>::LEAF);
        let size = offset_of!(LeafHead<T, C>, items) + size_of::<T>() * room;
        // SAFETY: an alignment is a power of two; rounded up to it, the size is no more than `isize::MAX`.
        unsafe { Layout::from_size_align_unchecked(size, align_of::<LeafHead<T, C>>()) }
    }

    /// An empty leaf with room for `room` elements, held once.
    #[inline]
    pub(super) fn with_room(room: usize) -> Self {
        debug_assert!(0 < room && room <= Width::<T>::LEAF);
        let layout = Self::layout(room);
        // SAFETY: the layout has a size, the head's at least.
        let Some(leaf) = NonNull::new(unsafe { alloc(layout) }.cast::<LeafHead<T, C>>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: freshly allocated with room for a head; its fields are written before anyone reads them.
        unsafe {
            (&raw mut (*leaf.as_ptr()).count).write(C::one());
            (&raw mut (*leaf.as_ptr()).fill).write(AtomicU16::new(0));
            (&raw mut (*leaf.as_ptr()).room).write(room as u16);
        }
        Leaf(leaf)
    }

    /// A leaf of clones, held once. Should `T::clone` panic, those made before are dropped.
    #[inline]
    pub(super) fn of_clones(first: &[T], second: &[T], room: usize) -> Self
    where
        T: Clone,
    {
        assert!(first.len() + second.len() <= room);
        let leaf = Self::with_room(room);
        let mut filling = Filling { leaf, fill: 0 };
        // Two plain loops, which become two copies of memory for plain elements; one over a chain does not.
        for item in first {
            // SAFETY: there is room for both slices, and nobody else knows the leaf.
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

    /// The leaf that `link` is.
    ///
    /// # Safety
    /// It is a leaf of these types, not a branch.
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
        // SAFETY: somebody holds the leaf for the time of this call, and the head is only changed through
        // atomics and counters; `room` changes in `grow` only, whose caller has the leaf to itself.
        unsafe { self.0.as_ref() }
    }

    /// The first element's place.
    #[inline]
    pub(super) fn items(self) -> *mut T {
        // SAFETY: the elements lie this far from the head, in the same allocation. The pointer is the one that
        // the allocator returned, so it may reach them.
        unsafe { self.0.as_ptr().cast::<u8>().add(offset_of!(LeafHead<T, C>, items)).cast() }
    }

    /// The first `length` elements.
    ///
    /// # Safety
    /// The caller sees that many, and the leaf lives and they stay as they are for `'a`.
    #[inline]
    pub(super) unsafe fn slice<'a>(self, length: usize) -> &'a [T] {
        // SAFETY: elements that a holder sees are initialized; the rest is the caller's promise.
        unsafe { slice::from_raw_parts(self.items(), length) }
    }

    #[inline]
    pub(super) fn room(self) -> usize {
        usize::from(self.head().room)
    }

    /// How many elements are there: exact where the caller has the leaf to itself.
    #[inline]
    pub(super) fn fill(self) -> usize {
        usize::from(self.head().fill.load(Ordering::Relaxed))
    }

    /// Says how many elements are there.
    ///
    /// # Safety
    /// The caller has the leaf to itself, and that many are initialized.
    #[inline]
    pub(super) unsafe fn set_fill(self, fill: usize) {
        self.head().fill.store(fill as u16, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn is_unique(self) -> bool {
        self.head().count.is_unique()
    }

    /// One more holder.
    #[inline]
    pub(super) fn hold(self) {
        self.head().count.increment();
    }

    /// The count of holders.
    #[inline]
    pub(super) fn count(&self) -> &C {
        &self.head().count
    }

    /// Claims the place after the first `seen` elements for the caller, who must write it: whether nobody
    /// else has appended there before, or nobody who still could see it. There must be room.
    ///
    /// Whoever holds a version with the same tail sees its own length only, so the one who claims the place
    /// may write it while others read.
    ///
    /// Elements that need a drop are written only to a leaf that the caller alone holds. A vector may be used as one of
    /// elements with shorter lifetimes: what such a version wrote to a shared leaf would stay there, and a version that
    /// outlives these lifetimes would drop it.
    #[inline]
    pub(super) fn claim(self, seen: u16) -> bool {
        let head = self.head();
        if !head.count.is_unique() {
            return !needs_drop::<T>() && C::claim(&head.fill, seen);
        }
        // What others have appended and nobody has any more may be written over where it needs no drop.
        let next = !needs_drop::<T>() || head.fill.load(Ordering::Relaxed) == seen;
        if next {
            head.fill.store(seen + 1, Ordering::Relaxed);
        }
        next
    }

    /// Drops the elements beyond the first `seen`, which others have appended and no version has any more.
    ///
    /// # Safety
    /// The caller has the leaf to itself and sees `seen` elements.
    pub(super) unsafe fn forget_beyond(self, seen: usize) {
        let fill = self.fill();
        if fill > seen {
            // SAFETY: the leaf is the caller's alone; the elements are no longer counted when they are dropped,
            // so a panic in one of them drops none twice.
            unsafe {
                self.set_fill(seen);
                ptr::slice_from_raw_parts_mut(self.items().add(seen), fill - seen).drop_in_place();
            }
        }
    }

    /// The same leaf with room for `room`, at another place perhaps.
    ///
    /// # Safety
    /// The caller has the leaf to itself and forgets where it was; `room` is no less than before.
    pub(super) unsafe fn grow(self, room: usize) -> Self {
        let layout = Self::layout(room);
        // SAFETY: allocated with this layout; elements may be moved as memory.
        let moved = unsafe { realloc(self.0.as_ptr().cast(), Self::layout(self.room()), layout.size()) };
        let Some(moved) = NonNull::new(moved.cast::<LeafHead<T, C>>()) else { handle_alloc_error(layout) };
        // SAFETY: the head has moved along, and nobody else can see it.
        unsafe { (&raw mut (*moved.as_ptr()).room).write(room as u16) };
        Leaf(moved)
    }

    /// One holder less; the last one frees the leaf.
    ///
    /// # Safety
    /// The caller gives up a hold of its own.
    #[inline]
    pub(super) unsafe fn release(self) {
        if self.head().count.decrement() {
            // SAFETY: that was the last holder.
            unsafe { self.free() }
        }
    }

    /// # Safety
    /// Nobody holds the leaf any more.
    unsafe fn free(self) {
        struct Memory<T, C: Counter>(Leaf<T, C>);
        impl<T, C: Counter> Drop for Memory<T, C> {
            fn drop(&mut self) {
                // SAFETY: allocated with this layout, and not used after. An element that panics in its drop
                // must not keep it.
                unsafe { dealloc(self.0.0.as_ptr().cast(), Leaf::<T, C>::layout(self.0.room())) }
            }
        }
        let memory = Memory(self);
        if needs_drop::<T>() {
            // SAFETY: the first `fill` elements are initialized, and nobody will see them again.
            unsafe { ptr::slice_from_raw_parts_mut(memory.0.items(), memory.0.fill()).drop_in_place() }
        }
    }
}

/// A leaf in the making: counts what is written, and frees it should writing the next panic.
pub(super) struct Filling<T, C: Counter> {
    leaf: Leaf<T, C>,
    fill: usize,
}

impl<T, C: Counter> Filling<T, C> {
    fn finish(self) -> Leaf<T, C> {
        let filling = ManuallyDrop::new(self);
        // SAFETY: nobody else knows the leaf; this many were written.
        unsafe { filling.leaf.set_fill(filling.fill) };
        filling.leaf
    }
}

impl<T, C: Counter> Drop for Filling<T, C> {
    fn drop(&mut self) {
        // SAFETY: as in `finish`; this is the only hold.
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

/// A branch, not owned: its methods are safe to call while somebody holds it.
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

    /// A branch without children yet.
    #[inline]
    pub(super) fn with_room(room: usize, relaxed: bool) -> Self {
        const { assert!(size_of::<usize>() == size_of::<Link>()) };
        debug_assert!(0 < room && room <= MAX_CHILDREN);
        let layout = Self::layout(room, relaxed);
        // SAFETY: the layout has a size.
        let Some(branch) = NonNull::new(unsafe { alloc(layout) }.cast::<BranchHead<C>>()) else {
            handle_alloc_error(layout)
        };
        // SAFETY: freshly allocated with room for a head; its fields are written before anyone reads them.
        unsafe {
            (&raw mut (*branch.as_ptr()).count).write(C::one());
            (&raw mut (*branch.as_ptr()).len).write(0);
            (&raw mut (*branch.as_ptr()).room).write(room as u8);
            (&raw mut (*branch.as_ptr()).relaxed).write(relaxed);
        }
        Branch(branch)
    }

    /// The branch that `link` is.
    ///
    /// # Safety
    /// It is a branch with this counter, not a leaf.
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
        // SAFETY: somebody holds the branch for the time of this call; `len` changes in `set_len` only, whose
        // caller has the branch to itself.
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

    /// Whether a table tells where children begin, because one but the last is not full.
    #[inline]
    pub(super) fn is_relaxed(self) -> bool {
        self.head().relaxed
    }

    #[inline]
    pub(super) fn is_unique(self) -> bool {
        self.head().count.is_unique()
    }

    /// One more holder.
    #[inline]
    pub(super) fn hold(self) {
        self.head().count.increment();
    }

    /// The count of holders.
    #[inline]
    pub(super) fn count(&self) -> &C {
        &self.head().count
    }

    /// The first child's place.
    #[inline]
    pub(super) fn children(self) -> *mut Link {
        // SAFETY: the children lie this far from the head, in the same allocation.
        unsafe { self.0.as_ptr().cast::<u8>().add(offset_of!(BranchHead<C>, children)).cast() }
    }

    /// The first size's place: of a relaxed branch only. Entry i is the number of elements below children 0 to i.
    #[inline]
    fn sizes(self) -> *mut usize {
        debug_assert!(self.is_relaxed());
        // SAFETY: the table of a relaxed branch lies behind the room for children.
        unsafe { self.children().add(self.room()).cast() }
    }

    /// The child at `slot`, which must be less than the length.
    #[inline]
    pub(super) fn child(self, slot: usize) -> Link {
        debug_assert!(slot < self.len());
        // SAFETY: the first `len` children are initialized.
        unsafe { *self.children().add(slot) }
    }

    /// Elements below children 0 to `slot`, of a relaxed branch.
    #[inline]
    pub(super) fn end(self, slot: usize) -> usize {
        debug_assert!(slot < self.len());
        // SAFETY: a relaxed branch has a size for each child.
        unsafe { *self.sizes().add(slot) }
    }

    /// Changes the size of the last child, of a relaxed branch.
    ///
    /// # Safety
    /// The caller has the branch to itself.
    pub(super) unsafe fn set_last_end(self, end: usize) {
        // SAFETY: there is a last child, and nobody else sees the table.
        unsafe { *self.sizes().add(self.len() - 1) = end }
    }

    /// Appends a child, whose hold goes to the branch; `end` is the number of elements below all of them then.
    ///
    /// # Safety
    /// The caller has the branch to itself, and there is room.
    #[inline]
    pub(super) unsafe fn push(self, child: Link, end: usize) {
        let len = self.len();
        debug_assert!(len < self.room());
        // SAFETY: there is room, and nobody else sees the branch.
        unsafe {
            self.children().add(len).write(child);
            if self.is_relaxed() {
                self.sizes().add(len).write(end);
            }
            self.set_len(len + 1);
        }
    }

    /// Says where a child ends, of a relaxed branch.
    ///
    /// # Safety
    /// The caller has the branch to itself, and there is room.
    #[inline]
    pub(super) unsafe fn set_end(self, slot: usize, end: usize) {
        debug_assert!(slot < self.room());
        // SAFETY: the table has as many places as there is room, and nobody else sees it.
        unsafe { self.sizes().add(slot).write(end) }
    }

    /// Makes `links`, whose holds go to it, the children of a branch without any. Ends are not written.
    ///
    /// # Safety
    /// The caller has the branch to itself, and there is room.
    #[inline]
    pub(super) unsafe fn fill(self, links: &[Link]) {
        debug_assert!(links.len() <= self.room());
        // SAFETY: there is room, and nobody else sees the branch.
        unsafe {
            self.children().copy_from_nonoverlapping(links.as_ptr(), links.len());
            self.set_len(links.len());
        }
    }

    /// Makes the children of another branch, which has no other holder and is freed by the caller, its own.
    ///
    /// # Safety
    /// As [`fill`](Self::fill).
    pub(super) unsafe fn take_children(self, from: Branch<C>) {
        // SAFETY: the first `len` children are initialized; the rest is the caller's promise.
        unsafe { self.fill(slice::from_raw_parts(from.children(), from.len())) }
    }

    /// Makes children of another branch at the same `height` its own, too.
    ///
    /// # Safety
    /// As [`fill`](Self::fill); the other branch is held for the time of this call.
    #[inline]
    pub(super) unsafe fn share_children<T>(self, from: Branch<C>, slots: Range<usize>, height: u8) {
        // SAFETY: there is room for the children, which are no more than they were.
        unsafe {
            let places = slice::from_raw_parts_mut(self.children().cast::<MaybeUninit<Link>>(), slots.len());
            let len = slots.len();
            from.share_into::<T>(slots, height, places);
            self.set_len(len);
        }
    }

    /// Writes children of this branch, which stands `height` above the leaves, to `places`, with a hold each.
    ///
    /// # Safety
    /// It is held for the time of this call, and has these children.
    #[inline]
    pub(super) unsafe fn share_into<T>(
        self,
        slots: Range<usize>,
        height: u8,
        places: &mut [MaybeUninit<Link>],
    ) {
        debug_assert!(slots.end <= self.len() && slots.len() == places.len());
        // SAFETY: the first `len` children are initialized, and the branch holds them; they stand one lower.
        unsafe {
            let children = slice::from_raw_parts(self.children().add(slots.start), slots.len());
            for (place, child) in places.iter_mut().zip(children) {
                place.write(*child);
            }
            let count_up = |child: Link| match height {
                1 => Leaf::<T, C>::from_link(child).hold(),
                _ => Branch::<C>::from_link(child).hold(),
            };
            // Four at a time: there are few instructions but those that count.
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

    /// # Safety
    /// The caller has the branch to itself; the first `len` children are there and held by it, and the caller
    /// sees to those that go.
    #[inline]
    pub(super) unsafe fn set_len(self, len: usize) {
        // SAFETY: nobody else reads the length.
        unsafe { (&raw mut (*self.0.as_ptr()).len).write(len as u8) }
    }

    /// One holder less; whether that was the last one, who must then free the branch.
    ///
    /// # Safety
    /// The caller gives up a hold of its own.
    #[inline]
    unsafe fn count_down(self) -> bool {
        self.head().count.decrement()
    }

    /// Gives the memory back, not the children.
    ///
    /// # Safety
    /// Nobody holds the branch any more, and its children are taken care of.
    pub(super) unsafe fn free_memory(self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.0.as_ptr().cast(), Self::layout(self.room(), self.is_relaxed())) }
    }
}

/// One more holder of a node `height` above the leaves.
///
/// # Safety
/// It is one, and held for the time of this call.
#[inline]
pub(super) unsafe fn hold<T, C: Counter>(link: Link, height: u8) {
    // SAFETY: the caller's promise.
    unsafe {
        match height {
            0 => Leaf::<T, C>::from_link(link).hold(),
            _ => Branch::<C>::from_link(link).hold(),
        }
    }
}

/// One holder less of a node `height` above the leaves; the last one frees it and releases what it held.
///
/// # Safety
/// It is one, and the caller gives up a hold of its own.
pub(super) unsafe fn release<T, C: Counter>(link: Link, height: u8) {
    if height == 0 {
        // SAFETY: the caller's promise.
        return unsafe { Leaf::<T, C>::from_link(link).release() };
    }
    // SAFETY: the caller's promise.
    unsafe {
        let branch = Branch::<C>::from_link(link);
        if branch.count_down() {
            free_branch::<T, C>(branch, height);
        }
    }
}

/// # Safety
/// Nobody holds the branch any more; it stands `height` above the leaves.
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
                // SAFETY: the branch held each of its children, and nobody sees it any more.
                unsafe { release::<T, C>(child, self.height - 1) };
            }
        }
    }
    impl<T, C: Counter> Drop for Rest<T, C> {
        fn drop(&mut self) {
            // Where an element's drop has panicked, the others are dropped all the same.
            self.release();
            // SAFETY: the children are gone, and nobody holds the branch.
            unsafe { self.branch.free_memory() }
        }
    }
    Rest::<T, C> { branch, height, next: 0, elements: PhantomData }.release();
}

/// A hold of a node, given up when it is dropped.
pub(super) struct Owned<T, C: Counter> {
    link: Link,
    height: u8,
    elements: PhantomData<(T, C)>,
}

impl<T, C: Counter> Owned<T, C> {
    /// Takes over a hold.
    ///
    /// # Safety
    /// `link` is a node `height` above the leaves, and the caller hands a hold of its own over.
    #[inline]
    pub(super) unsafe fn from_held(link: Link, height: u8) -> Self {
        Owned { link, height, elements: PhantomData }
    }

    /// One more hold of a node.
    ///
    /// # Safety
    /// `link` is a node `height` above the leaves, and held for the time of this call.
    #[inline]
    pub(super) unsafe fn share(link: Link, height: u8) -> Self {
        // SAFETY: the caller's promise.
        unsafe { hold::<T, C>(link, height) };
        Owned { link, height, elements: PhantomData }
    }

    #[inline]
    pub(super) fn link(&self) -> Link {
        self.link
    }

    /// Hands the hold over.
    #[inline]
    pub(super) fn into_link(self) -> Link {
        ManuallyDrop::new(self).link
    }
}

impl<T, C: Counter> Drop for Owned<T, C> {
    fn drop(&mut self) {
        // SAFETY: this is a hold of its own.
        unsafe { release::<T, C>(self.link, self.height) }
    }
}
