//! Leaves and branches: their memory, and what can be done to one of them.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::{self, offset_of};
use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use super::block::{self, Block, BlockItem};
use super::slot::{Cells, Slot};
use crate::counter::{Counter, Plain};

/// Bits of the hash that a branch consumes.
pub(super) const BRANCH_BITS: u32 = 3;

/// Children of a branch.
pub(super) const WIDTH: usize = 1 << BRANCH_BITS;

/// Chains of a leaf.
pub(super) const BUCKETS: usize = 32;

/// Most entries of a leaf that has chains; larger ones are for colliding hashes and are searched one by one.
pub(super) const MAX_ENTRIES: u32 = 32;

/// What the first link says in a leaf for colliding hashes: there are no chains. Below 0 as a signed byte, so that one
/// comparison tells a number from either end of a chain.
const COLLISION: u8 = u8::MAX;

/// What the index and the links call entry `at`: 2, 4, 6, …, which is where its link ends, and times half the size of a
/// slot where its slot ends. A search multiplies nothing then.
#[inline]
fn number_of(at: usize) -> u8 {
    2 * (at as u8 + 1)
}

#[inline]
fn at_of(number: u8) -> usize {
    usize::from(number) / 2 - 1
}

/// Levels of branches that consume the 32 bits of a hash.
pub(super) const LEVELS: u32 = u32::BITS.div_ceil(BRANCH_BITS);

/// What is left of a hash below `level` branches.
#[inline]
pub(super) fn rest_at(hash: u32, level: u32) -> u32 {
    (u64::from(hash) >> (BRANCH_BITS * level)) as u32
}

/// What a leaf below `level` branches remembers of a hash: the digit that led to it from the branch above (0
/// if there is none) and, from bit [`BRANCH_BITS`] up, the bucket.
#[inline]
pub(super) fn tag_at(hash: u32, level: u32) -> u8 {
    ((u64::from(hash) << BRANCH_BITS) >> (BRANCH_BITS * level)) as u8
}

#[inline]
pub(super) fn digit(rest: u32) -> usize {
    rest as usize % WIDTH
}

#[inline]
fn bucket(tag: u8) -> usize {
    usize::from(tag >> BRANCH_BITS)
}

/// The beginning of a leaf.
#[repr(C, align(16))]
struct Head<C> {
    count: C,
    /// Entries in the leaf, whichever versions see them.
    fill: AtomicU32,
    /// Entries there is room for.
    room: u32,
    /// The number of the first entry in each bucket; 0 for none.
    index: [AtomicU8; BUCKETS],
    /// Cells, because those of an entry to come are written while others look at the head.
    meta: [UnsafeCell<EntryMeta>; MAX_ENTRIES as usize],
    /// Bytes from the beginning of the block to here; 0 for a leaf in no block. And whether the leaf is closed:
    /// only a version that alone holds it appends to it.
    offset_and_closed: u32,
}

/// What the head knows of an entry.
#[derive(Clone, Copy)]
#[repr(C)]
struct EntryMeta {
    /// The number of the next entry in its bucket; 0 for none.
    next: u8,
    /// What the entry remembers of its hash: see `tag_at`.
    tag: u8,
}

/// The bit of a closed leaf.
const CLOSED: u32 = 1 << 31;

/// A leaf without entries and without room for any, which is neither counted nor freed: all zero.
#[repr(align(16))]
struct Empty(#[expect(dead_code, reason = "read as a head")] [AtomicU32; size_of::<Head<AtomicU32>>() / 4]);

static EMPTY: Empty = Empty([const { AtomicU32::new(0) }; size_of::<Head<AtomicU32>>() / 4]);

/// An entry to come, and where its cell comes from.
pub(super) struct NewEntry<'a, K, V, C: Counter> {
    pub(super) hash: u32,
    pub(super) key: K,
    pub(super) value: V,
    pub(super) cells: &'a mut Cells<K, V, C>,
}

/// A pointer to a leaf. Not a reference: its methods take for granted that the leaf is alive.
pub(super) struct Leaf<K, V, C>(*mut Head<C>, PhantomData<(K, V)>);

impl<K, V, C> Clone for Leaf<K, V, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, C> Copy for Leaf<K, V, C> {}

impl<K, V, C> PartialEq for Leaf<K, V, C> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K, V, C> Leaf<K, V, C> {
    const ENTRIES: usize = size_of::<Head<AtomicU32>>().next_multiple_of(Slot::<K, V, C>::ALIGN);

    #[inline]
    pub(super) fn empty() -> Self {
        Leaf((&raw const EMPTY).cast_mut().cast(), PhantomData)
    }

    #[inline]
    pub(super) fn is_empty_leaf(self) -> bool {
        self == Self::empty()
    }

    /// The place of entry `at`, whether it is there or not.
    ///
    /// # Safety
    /// `at` is at most the leaf's room.
    #[inline]
    pub(super) unsafe fn slot(self, at: usize) -> Slot<K, V, C> {
        // SAFETY: within the allocation, or at the end of it.
        Slot::new(unsafe { self.0.cast::<u8>().add(Self::ENTRIES + at * Slot::<K, V, C>::SIZE) })
    }

    /// How far from the leaf's beginning the entry with this number is, less what `numbered` adds for all.
    #[inline]
    fn distance(number: isize) -> usize {
        let (number, size) = (number as usize, Slot::<K, V, C>::SIZE);
        if size.is_multiple_of(2) { number * (size / 2) } else { number / 2 * size }
    }

    /// The distance of number 0, if there were such an entry.
    const BEFORE_ENTRIES: usize = Self::ENTRIES - Slot::<K, V, C>::SIZE;

    /// The same of links.
    const BEFORE_META: usize = offset_of!(Head<AtomicU32>, meta) - size_of::<EntryMeta>();

    /// The place of the entry with this number.
    ///
    /// # Safety
    /// There is such an entry.
    #[inline]
    unsafe fn numbered(self, number: isize) -> Slot<K, V, C> {
        // SAFETY: within the allocation.
        Slot::new(unsafe { self.0.cast::<u8>().add(Self::BEFORE_ENTRIES + Self::distance(number)) })
    }

    /// Where the number of the entry stands that follows the one with this number in its bucket.
    ///
    /// # Safety
    /// There is such an entry.
    #[inline]
    unsafe fn next_in_chain(self, number: isize) -> *mut u8 {
        // SAFETY: within the head.
        unsafe { self.0.cast::<u8>().add(Self::BEFORE_META + number as usize) }
    }

    #[inline]
    fn head<'a>(self) -> &'a Head<C> {
        // SAFETY: the leaf is alive, by what a `Leaf` takes for granted.
        unsafe { &*self.0 }
    }

    #[inline]
    pub(super) fn room(self) -> u32 {
        self.head().room
    }

    /// Number of entries that any version sees.
    #[inline]
    pub(super) fn fill(self) -> u32 {
        self.head().fill.load(Ordering::Relaxed)
    }

    #[inline]
    fn is_closed(self) -> bool {
        self.head().offset_and_closed & CLOSED != 0
    }

    /// Whether no version can append to the leaf while others hold it.
    #[inline]
    pub(super) fn is_quiet(self) -> bool {
        self.is_closed() || self.fill() == self.room()
    }

    /// Lets nobody append to the leaf while others hold it, so that it is copied faster.
    ///
    /// # Safety
    /// The leaf is held by the caller alone.
    #[inline]
    pub(super) unsafe fn close(self) {
        // SAFETY: by the contract.
        unsafe { (*self.0).offset_and_closed |= CLOSED }
    }

    #[inline]
    pub(super) fn is_collision(self) -> bool {
        self.room() > MAX_ENTRIES
    }

    /// What the head knows of entry `at`.
    ///
    /// # Safety
    /// `at` is less than `MAX_ENTRIES`.
    #[inline]
    unsafe fn meta(self, at: usize) -> *mut EntryMeta {
        // SAFETY: the leaf is alive, the place within its head.
        unsafe { (&raw mut (*self.0).meta).cast::<EntryMeta>().add(at) }
    }

    /// The tag of entry `at`.
    ///
    /// # Safety
    /// There is such an entry, in a leaf that has chains.
    #[inline]
    pub(super) unsafe fn tag(self, at: usize) -> u8 {
        // SAFETY: by the contract.
        unsafe { (*self.meta(at)).tag }
    }

    /// As [`Link::find`], and where the entry's number stands, which is nowhere in a leaf for colliding hashes.
    #[inline]
    pub(super) unsafe fn find_with_number(
        self,
        rest: u32,
        matches: impl Fn(Slot<K, V, C>) -> bool,
    ) -> (Slot<K, V, C>, *mut u8) {
        let mut link = self.head().index[rest as usize % BUCKETS].as_ptr();
        // SAFETY: the index and the links name entries.
        unsafe {
            loop {
                let number = signed(*link);
                if number <= 0 {
                    let slot = if number == 0 { Slot::NONE } else { self.find_colliding(matches) };
                    return (slot, ptr::null_mut());
                }
                let slot = self.numbered(number);
                if matches(slot) {
                    return (slot, link);
                }
                link = self.next_in_chain(number);
            }
        }
    }

    #[cold]
    unsafe fn find_colliding(self, matches: impl Fn(Slot<K, V, C>) -> bool) -> Slot<K, V, C> {
        // SAFETY: these are the entries.
        let mut slots = (0..self.fill() as usize).map(|at| unsafe { self.slot(at) });
        slots.find(|slot| matches(*slot)).unwrap_or(Slot::NONE)
    }

    /// The entry that `matches` among the first `len` ones of a leaf that another version may append to meanwhile;
    /// `rest` is what is left of its hash.
    #[inline]
    pub(super) unsafe fn find_below(
        self,
        len: u32,
        rest: u32,
        matches: impl Fn(Slot<K, V, C>) -> bool,
    ) -> Slot<K, V, C> {
        // Acquire: whoever appended the entry wrote its link before.
        let mut number = signed(self.head().index[rest as usize % BUCKETS].load(Ordering::Acquire));
        let last = 2 * len as isize;
        while number > 0 {
            // SAFETY: the index and the links name entries; an entry beyond `len` is not looked at, its link,
            // written before it was published and never changed while the leaf is shared, is.
            unsafe {
                if !Slot::<K, V, C>::INLINE || number <= last {
                    let slot = self.numbered(number);
                    if matches(slot) {
                        return slot;
                    }
                }
                number = signed(*self.next_in_chain(number));
            }
        }
        Slot::NONE
    }

    const ALIGN: usize = if Slot::<K, V, C>::ALIGN > 16 { Slot::<K, V, C>::ALIGN } else { 16 };

    fn layout(room: u32) -> Layout {
        let size = Self::ENTRIES + room as usize * Slot::<K, V, C>::SIZE;
        // Room grows by doubling: there cannot be enough entries to overflow.
        Layout::from_size_align(size, Self::ALIGN).expect("a leaf is smaller than the address space")
    }

    /// The place in the leaf of a slot of it.
    ///
    /// # Safety
    /// The slot is one of this leaf.
    pub(super) unsafe fn at(self, slot: Slot<K, V, C>) -> usize {
        // SAFETY: both are in one allocation.
        unsafe { slot.place().offset_from_unsigned(self.slot(0).place()) / Slot::<K, V, C>::SIZE }
    }

    /// Puts the entry at `at` into the index, in a leaf that has chains.
    ///
    /// # Safety
    /// The entry is there and the last one, and the caller alone appends.
    #[inline]
    unsafe fn chain(self, at: usize, tag: u8) {
        // SAFETY: by the contract.
        unsafe {
            let first = &self.head().index[bucket(tag)];
            *self.meta(at) = EntryMeta { next: first.load(Ordering::Relaxed), tag };
            // Release: who follows the index finds the link.
            first.store(number_of(at), Ordering::Release);
        }
    }

    /// Puts the entry at `at` into the index.
    ///
    /// # Safety
    /// As for `chain`; the leaf may be one for colliding hashes.
    #[inline]
    unsafe fn publish(self, at: usize, tag: u8) {
        // SAFETY: by the contract.
        unsafe {
            if self.is_collision() {
                (*self.meta(0)).next = COLLISION;
                first_of_all(&self.head().index, number_of(0));
            } else {
                self.chain(at, tag);
            }
        }
    }

    /// Sets the number of entries.
    ///
    /// # Safety
    /// The leaf is held by the caller alone, and holds that many.
    #[inline]
    pub(super) unsafe fn set_fill(self, fill: u32) {
        self.head().fill.store(fill, Ordering::Relaxed);
    }

    /// Moves the entry at `from` to the place `at`, without counting it.
    ///
    /// # Safety
    /// The leaf is held by the caller alone, has room and chains, and as many entries; `from` holds an entry.
    #[inline]
    pub(super) unsafe fn move_to(self, at: usize, from: Slot<K, V, C>, tag: u8) {
        // SAFETY: by the contract.
        unsafe {
            self.slot(at).move_from(from);
            self.chain(at, tag);
        }
    }

    /// Builds the buckets of the first `len` entries anew from their tags.
    ///
    /// # Safety
    /// The leaf is held by the caller alone and holds as many.
    unsafe fn rebuild_chains(self, len: usize) {
        let collision = self.is_collision();
        first_of_all(&self.head().index, if collision && len > 0 { number_of(0) } else { 0 });
        if collision {
            // SAFETY: within the head.
            unsafe { (*self.meta(0)).next = COLLISION }
            return;
        }
        for at in 0..len {
            // SAFETY: by the contract.
            unsafe {
                let first = &self.head().index[bucket(self.tag(at))];
                (*self.meta(at)).next = first.load(Ordering::Relaxed);
                first.store(number_of(at), Ordering::Relaxed);
            }
        }
    }

    /// Empties the index.
    ///
    /// # Safety
    /// The leaf is held by the caller alone, who puts its entries into the index again.
    pub(super) unsafe fn forget_buckets(self) {
        first_of_all(&self.head().index, 0);
    }

    /// Forgets the entries beyond the first `len`, which need no dropping.
    ///
    /// # Safety
    /// The leaf is held by the caller alone, and holds more.
    #[cold]
    pub(super) unsafe fn truncate(self, len: u32) {
        debug_assert!(Slot::<K, V, C>::INLINE && len <= self.fill());
        // SAFETY: by the contract.
        unsafe {
            self.rebuild_chains(len as usize);
            self.set_fill(len);
        }
    }

    /// Gives every entry a new tag; the buckets are to be built anew then.
    ///
    /// # Safety
    /// The leaf is held by the caller alone and has chains; before anybody else looks at it, it is split, or moved to
    /// one for colliding hashes.
    pub(super) unsafe fn retag(self, tag: impl Fn(usize) -> u8) {
        // SAFETY: by the contract.
        unsafe { (0..self.fill() as usize).for_each(|at| (*self.meta(at)).tag = tag(at)) }
    }

    /// Where the number of entry `at` stands, in a leaf that has chains.
    ///
    /// # Safety
    /// There is such an entry, and the leaf is held by the caller alone.
    #[inline]
    pub(super) unsafe fn number_place(self, at: usize) -> *mut u8 {
        // SAFETY: every entry is in the chain of its bucket.
        unsafe {
            let mut link = self.head().index[bucket(self.tag(at))].as_ptr();
            while *link != number_of(at) {
                link = self.next_in_chain(signed(*link));
            }
            link
        }
    }

    /// Takes an entry out of its bucket, and puts the last one in its place. `link` is where its number stands,
    /// of no importance in a leaf for colliding hashes.
    ///
    /// # Safety
    /// There is such an entry, whose content has been taken, and the leaf is held by the caller alone.
    #[inline]
    pub(super) unsafe fn remove_at(self, slot: Slot<K, V, C>, link: *mut u8) {
        let last = self.fill() as usize - 1;
        // SAFETY: links of the removed and of the last entry are found in the chains of their tags.
        unsafe {
            self.set_fill(last as u32);
            if self.is_collision() {
                first_of_all(&self.head().index, if last > 0 { number_of(0) } else { 0 });
            } else {
                let number = *link;
                *link = *self.next_in_chain(signed(number));
                let at = at_of(number);
                if at != last {
                    *self.number_place(last) = number;
                    *self.meta(at) = *self.meta(last);
                }
            }
            let last = self.slot(last);
            if slot.place() != last.place() {
                slot.move_from(last);
            }
        }
    }
}

/// A number, or below 0.
#[inline]
fn signed(number: u8) -> isize {
    isize::from(number as i8)
}

fn first_of_all(index: &[AtomicU8; BUCKETS], first: u8) {
    // SAFETY: bytes, which their holder alone changes at this time; without atomic operations this is two
    // stores.
    unsafe { ptr::write_bytes(index.as_ptr().cast_mut().cast::<u8>(), first, BUCKETS) }
}

impl<K, V, C: Counter> Leaf<K, V, C> {
    /// A leaf without entries.
    #[inline]
    pub(super) fn new(room: u32) -> Self {
        let layout = Self::layout(room);
        // SAFETY: the layout has a size.
        unsafe {
            let memory = alloc(layout);
            if memory.is_null() {
                handle_alloc_error(layout);
            }
            Self::new_at(memory, 0, room)
        }
    }

    /// A leaf without entries, with memory for its first cells beside it: most of what a small map takes to build is
    /// the allocator's work.
    pub(super) fn with_cells(room: u32, cells: &mut Cells<K, V, C>) -> Self {
        if Slot::<K, V, C>::INLINE || !cells.is_new() {
            return Self::new(room);
        }
        let (leaf, cell) = (Self::layout(room), Slot::<K, V, C>::CELL);
        let align = leaf.align().max(cell.align());
        let start = Block::first(leaf.align());
        let cells_start = (start + leaf.size()).next_multiple_of(cell.align());
        let count = Cells::<K, V, C>::FIRST_ITEMS;
        let block = Block::new(cells_start + count as usize * cell.size(), align, count + 1);
        // SAFETY: there is room for the leaf and for the cells, which are counted.
        unsafe {
            cells.go_on_in(block, cells_start);
            Self::new_at(block.cast::<u8>().add(start), start, room)
        }
    }

    /// A leaf without entries, in memory that begins `offset` bytes behind that of its block, or (0) is its own.
    ///
    /// # Safety
    /// There are as many bytes as the layout says.
    #[inline]
    unsafe fn new_at(memory: *mut u8, offset: usize, room: u32) -> Self {
        let head: *mut Head<C> = memory.cast();
        // SAFETY: the head fits in. Links are written with the entries.
        unsafe {
            (&raw mut (*head).count).write(C::one());
            (&raw mut (*head).fill).write(AtomicU32::new(0));
            (&raw mut (*head).room).write(room);
            (&raw mut (*head).index).write_bytes(0, 1);
            let closed = if Slot::<K, V, C>::INLINE { 0 } else { CLOSED };
            (&raw mut (*head).offset_and_closed).write(offset as u32 | closed);
        }
        Leaf(head, PhantomData)
    }

    #[inline]
    pub(super) fn count<'a>(self) -> &'a C {
        &self.head().count
    }

    /// Whether the caller, who holds the leaf, is the only one.
    #[inline]
    pub(super) fn is_unique(self) -> bool {
        self.count().is_unique()
    }

    /// Claims place `at` of a leaf that others may hold for an entry to be appended: only one version that
    /// sees the first `at` entries gets it.
    #[inline]
    pub(super) fn claim(self, at: u32) -> bool {
        // Relaxed: whoever sees the first entries came to know of them in a way that orders what happened to
        // them; the entry itself is published with the index.
        let fill = &self.head().fill;
        if self.is_closed() {
            return false;
        }
        if std::any::TypeId::of::<C>() == std::any::TypeId::of::<Plain>() {
            let free = fill.load(Ordering::Relaxed) == at;
            if free {
                fill.store(at + 1, Ordering::Relaxed);
            }
            return free;
        }
        fill.compare_exchange(at, at + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Writes an entry, without counting it.
    ///
    /// # Safety
    /// The place `at` is the next one and the caller's: claimed, or because the caller alone holds the leaf. The
    /// leaf has chains.
    #[inline]
    pub(super) unsafe fn write(self, at: u32, tag: u8, entry: NewEntry<'_, K, V, C>) {
        // SAFETY: by the contract.
        unsafe {
            self.slot(at as usize).write(entry.hash, entry.key, entry.value, entry.cells);
            self.chain(at as usize, tag);
        }
    }

    /// Appends an entry.
    ///
    /// # Safety
    /// The leaf is held by the caller alone, and has room.
    #[inline]
    pub(super) unsafe fn push(self, tag: u8, entry: NewEntry<'_, K, V, C>) {
        let at = self.fill();
        // SAFETY: by the contract.
        unsafe {
            self.slot(at as usize).write(entry.hash, entry.key, entry.value, entry.cells);
            self.publish(at as usize, tag);
            self.set_fill(at + 1);
        }
    }

    /// Frees the leaf, not its entries.
    ///
    /// # Safety
    /// The caller alone holds the leaf, and nobody uses it any more.
    #[inline]
    pub(super) unsafe fn free(self) {
        // SAFETY: allocated with this layout.
        unsafe {
            let (room, offset) = (self.room(), (self.head().offset_and_closed & !CLOSED) as usize);
            let address = self.0.cast::<u8>();
            if offset > 0 {
                return Block::give_up::<C>(address.sub(offset).cast(), 1);
            }
            dealloc(address, Self::layout(room));
        }
    }

    /// Moves the entries to a leaf with more or less room, and frees this one.
    ///
    /// # Safety
    /// The caller alone holds the leaf; there is room for its entries.
    pub(super) unsafe fn moved(self, room: u32) -> Self {
        let (new, len) = (Self::new(room), self.fill() as usize);
        // SAFETY: entries that the caller alone holds move, with their tags.
        unsafe {
            ptr::copy_nonoverlapping(self.slot(0).place(), new.slot(0).place(), len * Slot::<K, V, C>::SIZE);
            new.set_fill(len as u32);
            new.copy_chains(self, len, true);
            self.free();
        }
        new
    }

    /// Gives a leaf the links and the index of another one whose first `len` entries it has.
    ///
    /// # Safety
    /// The caller alone holds this leaf; nobody changes the other one's index or appends meanwhile, or not
    /// `quiet`.
    #[inline]
    unsafe fn copy_chains(self, from: Self, len: usize, quiet: bool) {
        // SAFETY: if nobody appends, an index is plain bytes; else what belongs to the first entries does not
        // change.
        unsafe {
            if !quiet {
                ptr::copy_nonoverlapping(from.meta(0), self.meta(0), len);
                self.rebuild_chains(len);
            } else if from.is_collision() || self.is_collision() {
                self.rebuild_chains(len);
            } else {
                let (to, from) = (self.0, from.0);
                ptr::copy_nonoverlapping(&raw const (*from).index, &raw mut (*to).index, 1);
                ptr::copy_nonoverlapping(&raw const (*from).meta, &raw mut (*to).meta, 1);
            }
        }
    }

    /// Gives up a share of the leaf.
    ///
    /// # Safety
    /// The caller held a share, and no longer uses it.
    #[inline]
    pub(super) unsafe fn release(self) {
        if self.count().decrement() {
            // SAFETY: that was the last one.
            unsafe { self.drop_all() }
        }
    }

    /// # Safety
    /// The caller alone holds the leaf, and nobody uses it any more.
    unsafe fn drop_all(self) {
        /// Goes on should dropping an entry panic; a second panic aborts, as everywhere.
        struct Rest<K, V, C: Counter>(Leaf<K, V, C>, usize);

        impl<K, V, C: Counter> Drop for Rest<K, V, C> {
            fn drop(&mut self) {
                // SAFETY: each entry is released once, then the leaf is freed.
                unsafe {
                    while !Slot::<K, V, C>::INLINE && self.1 > 0 {
                        self.1 -= 1;
                        let slot = self.0.slot(self.1);
                        let rest = Rest(self.0, self.1);
                        slot.release();
                        mem::forget(rest);
                    }
                    self.0.free();
                }
            }
        }
        drop(Rest(self, self.fill() as usize));
    }
}

impl<K: Clone, V: Clone, C: Counter> Leaf<K, V, C> {
    /// Appends a copy of the entry in `from`.
    ///
    /// # Safety
    /// The leaf is held by the caller alone and has room, and `from` holds an entry.
    #[inline]
    pub(super) unsafe fn push_copied(self, from: Slot<K, V, C>, tag: u8) {
        let at = self.fill();
        // SAFETY: by the contract.
        unsafe {
            self.slot(at as usize).copy_from(from);
            self.publish(at as usize, tag);
            self.set_fill(at + 1);
        }
    }

    /// A copy of the first `len` entries; nobody appends to the leaf meanwhile, or it is not `quiet`.
    ///
    /// # Safety
    /// The caller has a share, the leaf holds as many, and there is room.
    pub(super) unsafe fn copied(self, len: u32, room: u32, quiet: bool) -> Self {
        // SAFETY: by the contract.
        unsafe { self.copied_to(Self::new(room), len, quiet) }
    }

    /// Fills a new leaf like that.
    ///
    /// # Safety
    /// As for `copied`; `new` has no entries.
    #[inline]
    unsafe fn copied_to(self, new: Self, len: u32, quiet: bool) -> Self {
        /// Frees what was copied, should a `clone` panic.
        struct Copied<K, V, C: Counter>(Leaf<K, V, C>, usize);

        impl<K, V, C: Counter> Drop for Copied<K, V, C> {
            fn drop(&mut self) {
                // SAFETY: these many entries were copied, and nobody else knows of them.
                unsafe {
                    self.0.set_fill(self.1 as u32);
                    self.0.drop_all();
                }
            }
        }

        let len = len as usize;
        let mut copied = Copied(new, 0);
        // SAFETY: the first `len` entries, their tags and links do not change while the leaf is shared; the
        // index may, if somebody appends.
        unsafe {
            for at in 0..len {
                new.slot(at).copy_from(self.slot(at));
                copied.1 = at + 1;
            }
            mem::forget(copied);
            new.set_fill(len as u32);
            new.copy_chains(self, len, quiet);
        }
        new
    }
}

/// A node: a branch, or a leaf if the lowest bit of the address is set; null is none.
pub(super) struct Link<K, V, C>(*mut u8, PhantomData<(K, V, C)>);

impl<K, V, C> Clone for Link<K, V, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, C> Copy for Link<K, V, C> {}

impl<K, V, C> PartialEq for Link<K, V, C> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// A node of pointers. Neighbouring slots may name the same leaf, which then is counted once.
#[repr(C)]
pub(super) struct Branch<K, V, C> {
    count: C,
    offset: u32,
    pub(super) slots: [Link<K, V, C>; WIDTH],
}

impl<K, V, C> BlockItem for Branch<K, V, C> {
    fn offset(&self) -> u32 {
        self.offset
    }
}

impl<K, V, C> Link<K, V, C> {
    pub(super) const NONE: Self = Link(ptr::null_mut(), PhantomData);

    #[inline]
    pub(super) fn is_none(self) -> bool {
        self.0.is_null()
    }

    #[inline]
    pub(super) fn is_leaf(self) -> bool {
        self.0.addr() & 1 != 0
    }

    #[inline]
    pub(super) fn of_leaf(leaf: Leaf<K, V, C>) -> Self {
        Link(leaf.0.cast::<u8>().wrapping_add(1), PhantomData)
    }

    #[inline]
    pub(super) fn of_branch(branch: *mut Branch<K, V, C>) -> Self {
        Link(branch.cast(), PhantomData)
    }

    /// The leaf, if it is one.
    #[inline]
    pub(super) fn leaf(self) -> Leaf<K, V, C> {
        Leaf(self.0.wrapping_sub(1).cast(), PhantomData)
    }

    /// The branch, if it is one.
    #[inline]
    pub(super) fn branch(self) -> *mut Branch<K, V, C> {
        self.0.cast()
    }

    /// The entry that `matches` in a leaf that nobody appends to; `rest` is what is left of its hash.
    ///
    /// # Safety
    /// It is a leaf, alive.
    #[inline]
    pub(super) unsafe fn find(self, rest: u32, matches: impl Fn(Slot<K, V, C>) -> bool) -> Slot<K, V, C> {
        // Distances from the link, not from the leaf: then nobody takes the lowest bit off the address first.
        let (entries, links) = (Leaf::<K, V, C>::BEFORE_ENTRIES - 1, Leaf::<K, V, C>::BEFORE_META - 1);
        let index = offset_of!(Head<C>, index) - 1;
        // SAFETY: the index and the links name entries; all are within the leaf.
        unsafe {
            let first = self.0.add(index + rest as usize % BUCKETS).cast::<AtomicU8>();
            let mut number = signed((*first).load(Ordering::Relaxed));
            while number > 0 {
                let slot = Slot::new(self.0.add(Leaf::<K, V, C>::distance(number)).add(entries));
                if matches(slot) {
                    return slot;
                }
                number = signed(*self.0.add(number as usize).add(links));
            }
            if number == 0 { Slot::NONE } else { self.find_colliding(matches) }
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn find_colliding(self, matches: impl Fn(Slot<K, V, C>) -> bool) -> Slot<K, V, C> {
        // SAFETY: there is a leaf.
        unsafe { self.leaf().find_colliding(matches) }
    }
}

impl<K, V, C: Counter> Link<K, V, C> {
    /// The count of the node.
    ///
    /// # Safety
    /// There is a node, alive.
    #[inline]
    pub(super) unsafe fn count<'a>(self) -> &'a C {
        // SAFETY: by the contract; both kinds begin with it.
        unsafe {
            let address = self.0.wrapping_sub(self.0.addr() & 1);
            &*address.cast::<C>()
        }
    }

    /// Gives up a share of the node.
    ///
    /// # Safety
    /// The caller held a share, and no longer uses it.
    pub(super) unsafe fn release(self) {
        // SAFETY: by the contract; whoever gives up the last share frees the node.
        unsafe {
            if self.is_leaf() {
                self.leaf().release();
            } else if self.count().decrement() {
                drop(Children(self.branch(), 0));
            }
        }
    }
}

/// Releases the children of a branch from a slot on, and frees it: also if dropping one panics.
struct Children<K, V, C: Counter>(*mut Branch<K, V, C>, usize);

impl<K, V, C: Counter> Drop for Children<K, V, C> {
    fn drop(&mut self) {
        // SAFETY: the last holder of a branch releases each child once. Recursion ends at the depth of a hash.
        unsafe {
            while self.1 < WIDTH {
                let link = (&(*self.0).slots)[self.1];
                self.1 = (*self.0).run_end(self.1);
                let rest = Children(self.0, self.1);
                link.release();
                mem::forget(rest);
            }
            Branch::free(self.0);
        }
    }
}

impl<K, V, C> Branch<K, V, C> {
    /// The end of the run of slots from `at` on that name one node.
    #[inline]
    pub(super) fn run_end(&self, at: usize) -> usize {
        let link = self.slots[at];
        let mut end = at + 1;
        while end < WIDTH && self.slots[end] == link {
            end += 1;
        }
        end
    }

    /// The beginning of that run.
    #[inline]
    pub(super) fn run_start(&self, at: usize) -> usize {
        let link = self.slots[at];
        let mut start = at;
        while start > 0 && self.slots[start - 1] == link {
            start -= 1;
        }
        start
    }
}

impl<K, V, C: Counter> Branch<K, V, C> {
    /// A branch of which every slot names `link`, whose share it takes over.
    pub(super) fn new(link: Link<K, V, C>) -> *mut Self {
        Box::into_raw(Box::new(Branch { count: C::one(), offset: 0, slots: [link; WIDTH] }))
    }

    /// Frees a branch, not its children.
    ///
    /// # Safety
    /// The caller alone holds the branch, and nobody uses it any more.
    pub(super) unsafe fn free(branch: *mut Self) {
        // SAFETY: by the contract.
        unsafe { block::free::<_, C>(branch) }
    }

    /// # Safety
    /// The branch is alive.
    #[inline]
    pub(super) unsafe fn is_unique(branch: *mut Self) -> bool {
        // SAFETY: by the contract.
        unsafe { (*branch).count.is_unique() }
    }
}

/// A copy of the way from a branch to a leaf, in one block; the other children are shared. The slots that lead on
/// are those of `rest`, what is left of a hash at the branch. The leaf gets the room that `room_for` says.
///
/// # Safety
/// The caller has a share of the branch.
pub(super) unsafe fn copied_way<K: Clone, V: Clone, C: Counter>(
    branch: *mut Branch<K, V, C>,
    mut rest: u32,
    room_for: impl Fn(u32) -> u32,
) -> Link<K, V, C> {
    let mut way = [(ptr::null_mut::<Branch<K, V, C>>(), 0); LEVELS as usize];
    let mut length = 0;
    let mut link = Link::of_branch(branch);
    // SAFETY: nodes hold their children. The block is for the branches and the leaf; nobody knows of it before
    // all are copied, and should copying the leaf panic, it goes with that.
    unsafe {
        while !link.is_leaf() {
            way[length] = (link.branch(), digit(rest));
            link = (&(*link.branch()).slots)[digit(rest)];
            rest >>= BRANCH_BITS;
            length += 1;
        }
        let leaf = link.leaf();
        let fill = leaf.fill();
        let room = if leaf.is_collision() { leaf.room() } else { room_for(fill) };
        let layout = Leaf::<K, V, C>::layout(room);
        let branches = size_of::<Block>();
        let start = (branches + length * size_of::<Branch<K, V, C>>()).next_multiple_of(layout.align());
        let block = Block::new(start + layout.size(), layout.align(), 1);
        let memory: *mut u8 = block.cast();
        let new = leaf.copied_to(Leaf::new_at(memory.add(start), start, room), fill, true);
        Block::set_live(block, length as u32 + 1);
        let mut below = Link::of_leaf(new);
        for at in (0..length).rev() {
            let (branch, digit) = way[at];
            let mut slots = (*branch).slots;
            let mut before = Link::NONE;
            let replaced = slots[digit];
            for slot in &mut slots {
                if *slot == replaced {
                    *slot = below;
                } else if *slot != before {
                    slot.count().increment();
                    before = *slot;
                }
            }
            let offset = branches + at * size_of::<Branch<K, V, C>>();
            let copy: *mut Branch<K, V, C> = memory.add(offset).cast();
            copy.write(Branch { count: C::one(), offset: offset as u32, slots });
            below = Link::of_branch(copy);
        }
        below
    }
}
