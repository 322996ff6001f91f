//! The leaf: one allocation of up to 128 entries, which versions share and append to.
//!
//! ```text
//!   Leaf { header, len: 5 } ──┐      ┌── Leaf { header, len: 6 }        a version sees its first `len` entries
//!                             ▼      ▼
//!   ┌────────────────────────────┬─────────────┬─────────────────────────────────────┬──────────────┐
//!   │ count │ fill=6 │ mask      │ cells       │ E │ E │ E │ E │ E │ E │             │ hashes       │
//!   └────────────────────────────┴─────────────┴─────────────────────────────────────┴──────────────┘
//!                                  8 bytes per   room for `capacity`                   2 bytes per
//!                                  place                                               place
//! ```
//!
//! Appending to a shared leaf needs no copy if no other version has appended beyond our `len` yet. `fill` says so, and
//! the version that counts it up by one owns the place. Other versions do not look beyond their own `len`.
//!
//! `cells` is a hash table with linear probing. It has four times as many cells as there are places, so that nearly
//! every lookup looks at only one. A cell is [`EMPTY`] or holds the number of a place; for entries whose keys are
//! expensive to compare it also holds 8 bits of the hash, in its upper byte. A version skips cells whose place lies
//! beyond its `len`. `hashes` has the low 16 bits of each entry's hash, from which the table can be built again.
//!
//! Invariants, which the `unsafe` blocks below rely on:
//!
//! * `count` is the number of `Leaf`s that refer to the allocation; while it is one, `&mut Leaf` is exclusive access;
//! * a `Leaf`'s `len` is at most `fill`, and `fill` at most `capacity`;
//! * every place below the `len` of a `Leaf` is initialised, and so is every place below `fill` while no version is
//!   appending, in particular when the last `Leaf` is dropped;
//! * each place that is initialised has a hash and a cell, too, so at least three quarters of the cells are empty.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering, fence};

use persistent_map_hamt::Entry;

/// The least capacity of a leaf.
pub const MIN_CAPACITY: usize = 4;

/// The largest capacity of a leaf.
pub const MAX_CAPACITY: usize = 128;

/// Stands for a cell without a place.
const EMPTY: u16 = u16::MAX;

/// Cells for each place, so many that few places share one: with two cells per place, every third lookup in a full leaf
/// would have to look at another cell.
const CELLS_PER_PLACE: usize = 4;

/// Cells begin at a multiple of this many bytes, and take a multiple of it.
const CELLS_ALIGN: usize = 16;

/// The part of a cell that holds a place.
const PLACE_BITS: u16 = 0x00ff;

/// The part of a cell that holds bits of the hash.
const TAG_BITS: u16 = 0xff00;

/// Beyond this many references the process is aborted, so that leaked clones cannot wrap the count around.
const MAX_COUNT: u32 = u32::MAX / 2;

#[repr(C)]
struct Header {
    count: AtomicU32,
    fill: AtomicU32,
    /// The number of cells less one. It reduces a hash to a cell.
    mask: u32,
}

/// A version: the first `len` entries of a leaf that others may share.
///
/// A version appends to a leaf that others share and drop later, so all of them must have entries of one and the same
/// type: a `Leaf` is invariant in `E`. If it were covariant, an entry with a shorter lifetime could stay in the leaf of
/// a version with a longer one.
pub struct Leaf<E> {
    header: NonNull<Header>,
    len: u32,
    /// Shares entries as an `Arc` does, and both takes and returns them, which makes it invariant.
    #[expect(clippy::type_complexity, reason = "it says both in one place")]
    entries: PhantomData<(Arc<E>, fn(E) -> E)>,
}

// SAFETY: a `Leaf` gives shared access to its entries from every thread that holds one, and the thread that drops the
// last one drops them. So both `Send` and `Sync` need entries that are `Send` and `Sync`.
unsafe impl<E: Send + Sync> Send for Leaf<E> {}

// SAFETY: as above. `fill` and `cells`, which change while the leaf is shared, are atomic. Entries and hashes are
// written once, by the thread that counted `fill` up, at places that no other thread looks at before it receives a
// longer version.
unsafe impl<E: Send + Sync> Sync for Leaf<E> {}

impl<E> Clone for Leaf<E> {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed is enough, because a thread that counts up holds the leaf already.
        if self.header().count.fetch_add(1, Ordering::Relaxed) > MAX_COUNT {
            std::process::abort();
        }
        Leaf { header: self.header, len: self.len, entries: PhantomData }
    }
}

impl<E> Drop for Leaf<E> {
    #[inline]
    fn drop(&mut self) {
        // Release, so that what this holder did happens before the last one frees the leaf.
        if self.header().count.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            self.free();
        }
    }
}

/// The memory of a leaf that nothing refers to any more.
struct Memory {
    address: NonNull<Header>,
    layout: Layout,
}

impl Drop for Memory {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and nothing refers to it any more.
        unsafe { dealloc(self.address.as_ptr().cast(), self.layout) };
    }
}

impl<E> Leaf<E> {
    const ALIGN: usize =
        if align_of::<E>() > align_of::<Header>() { align_of::<E>() } else { align_of::<Header>() };

    /// Whether cells have bits of the hash. They have none if keys are cheap to compare.
    const TAGGED: bool = needs_drop::<E>();

    /// The offset of the entries, which lie behind the cells.
    #[inline]
    fn entries_at(cells: usize) -> usize {
        let at = size_of::<Header>().next_multiple_of(CELLS_ALIGN) + size_of::<AtomicU16>() * cells;
        // The compiler does not know that the number of cells is a multiple of 16, so it would compute the multiple.
        if align_of::<E>() > CELLS_ALIGN { at.next_multiple_of(align_of::<E>()) } else { at }
    }

    /// The offset of the hashes, which lie behind the entries.
    #[inline]
    fn hashes_at(capacity: usize) -> usize {
        (Self::entries_at(CELLS_PER_PLACE * capacity) + capacity * size_of::<E>())
            .next_multiple_of(align_of::<u16>())
    }

    fn layout(capacity: usize) -> Layout {
        Layout::from_size_align(Self::hashes_at(capacity) + size_of::<u16>() * capacity, Self::ALIGN)
            .expect("a leaf is 128 entries at most")
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the leaf lives while a `Leaf` does.
        unsafe { self.header.as_ref() }
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.mask() / CELLS_PER_PLACE + 1
    }

    #[inline]
    fn mask(&self) -> usize {
        self.header().mask as usize
    }

    /// Number of entries of this version.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether two versions are the same: the same entries in the same place.
    pub fn is_same(&self, other: &Self) -> bool {
        self.header == other.header && self.len == other.len
    }

    #[inline]
    fn entries_ptr(&self) -> *mut E {
        // SAFETY: the offset lies in the allocation.
        unsafe { self.header.as_ptr().byte_add(Self::entries_at(self.mask() + 1)).cast() }
    }

    #[inline]
    fn hashes_ptr(&self) -> *mut u16 {
        // SAFETY: the offset lies in the allocation.
        unsafe { self.header.as_ptr().byte_add(Self::hashes_at(self.capacity())).cast() }
    }

    #[inline]
    fn cells_ptr(&self) -> *mut AtomicU16 {
        // SAFETY: the offset lies in the allocation, and is even.
        unsafe { self.header.as_ptr().byte_add(size_of::<Header>().next_multiple_of(CELLS_ALIGN)).cast() }
    }

    #[inline]
    fn cells(&self) -> &[AtomicU16] {
        // SAFETY: that many cells lie there, initialised by `new`.
        unsafe { slice::from_raw_parts(self.cells_ptr(), self.mask() + 1) }
    }

    /// What the cell of `place` holds, for an entry with this hash.
    #[inline]
    fn cell(place: usize, hash: u16) -> u16 {
        place as u16 | Self::tag(hash)
    }

    /// The bits of the hash in a cell. No place is 255 or more, so no cell in use looks empty.
    #[inline]
    fn tag(hash: u16) -> u16 {
        if Self::TAGGED { hash & TAG_BITS } else { 0 }
    }

    /// The entries of this version.
    #[inline]
    pub fn entries(&self) -> &[E] {
        // SAFETY: places below `len` are initialised, and are not written to while they are shared.
        unsafe { slice::from_raw_parts(self.entries_ptr(), self.len()) }
    }

    #[inline]
    fn is_unique(&self) -> bool {
        // Acquire pairs with the release of those that counted down.
        self.header().count.load(Ordering::Acquire) == 1
    }

    #[inline(never)]
    fn free(&mut self) {
        let fill = self.header().fill.load(Ordering::Relaxed) as usize;
        // This is dropped at the end, even if the drop of an entry panics.
        let _memory = Memory { address: self.header, layout: Self::layout(self.capacity()) };
        if needs_drop::<E>() {
            // SAFETY: this is the last `Leaf`, so nothing else refers to the allocation and no version is appending:
            // every place below `fill` is initialised.
            unsafe { ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.entries_ptr(), fill)) };
        }
    }

    /// An empty leaf. Its capacity must be a power of two, from [`MIN_CAPACITY`] to [`MAX_CAPACITY`].
    pub fn new(capacity: usize) -> Self {
        assert!(capacity.is_power_of_two() && (MIN_CAPACITY..=MAX_CAPACITY).contains(&capacity));
        let layout = Self::layout(capacity);
        // SAFETY: a layout with a header is not of size zero.
        let memory = unsafe { alloc(layout) }.cast::<Header>();
        let Some(header) = NonNull::new(memory) else { handle_alloc_error(layout) };
        let (count, fill) = (AtomicU32::new(1), AtomicU32::new(0));
        // SAFETY: the header lies at the beginning of the new allocation.
        unsafe {
            header.as_ptr().write(Header { count, fill, mask: (CELLS_PER_PLACE * capacity - 1) as u32 })
        };
        let leaf = Leaf { header, len: 0, entries: PhantomData };
        // SAFETY: that many cells lie there. A cell whose bits are all ones is empty.
        unsafe { leaf.cells_ptr().write_bytes(u8::MAX, CELLS_PER_PLACE * capacity) };
        leaf
    }

    /// Enters `place`, whose entry has this hash, into the index.
    ///
    /// # Safety
    /// The caller owns `place`: either nothing else refers to the leaf, or the caller counted `fill` up.
    #[inline]
    unsafe fn enter(&self, place: usize, hash: u16) {
        let mask = self.mask();
        let mut at = usize::from(hash) & mask;
        // Relaxed is enough. Versions that probe meanwhile skip this place, which is beyond their `len`, and none of
        // them enters a place of its own: only a version that was made from this one could.
        // SAFETY: `at` is below the number of cells, a power of two; most of them are empty. The hash lies in
        // the allocation, and no other version looks at that place yet.
        unsafe {
            self.hashes_ptr().add(place).write(hash);
            while (*self.cells_ptr().add(at)).load(Ordering::Relaxed) != EMPTY {
                at = (at + 1) & mask;
            }
            (*self.cells_ptr().add(at)).store(Self::cell(place, hash), Ordering::Relaxed);
        }
    }

    /// Builds the index of a leaf again, which no other version holds.
    fn index_again(&mut self) {
        debug_assert!(self.is_unique());
        self.cells().iter().for_each(|cell| cell.store(EMPTY, Ordering::Relaxed));
        for place in 0..self.len() {
            // SAFETY: every place below `len` has a hash, and no other version holds the leaf.
            unsafe { self.enter(place, self.hashes_ptr().add(place).read()) };
        }
    }

    /// The cell that leads to `place`.
    ///
    /// # Safety
    /// The place is in the index.
    unsafe fn cell_of(&self, place: usize) -> usize {
        let cells = self.cells();
        let mask = self.mask();
        // SAFETY: places in the index have hashes.
        let hash = unsafe { self.hashes_ptr().add(place).read() };
        let mut at = usize::from(hash) & mask;
        while cells[at].load(Ordering::Relaxed) != Self::cell(place, hash) {
            at = (at + 1) & mask;
        }
        at
    }

    /// Takes the entry at `place` out of the index, and enters the entry at `last` with that place instead.
    ///
    /// # Safety
    /// Both places are in the index, and no other version holds the leaf.
    unsafe fn unindex(&mut self, place: usize, last: usize) {
        let cells = self.cells();
        let mask = self.mask();
        // SAFETY: the caller's promise.
        let mut gap = unsafe { self.cell_of(place) };
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let cell = cells[at].load(Ordering::Relaxed);
            if cell == EMPTY {
                break;
            }
            // SAFETY: places in the index have hashes.
            let home =
                usize::from(unsafe { self.hashes_ptr().add(usize::from(cell & PLACE_BITS)).read() }) & mask;
            // A cell that probing would no longer find behind the gap moves into the gap.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(gap) & mask {
                cells[gap].store(cell, Ordering::Relaxed);
                gap = at;
            }
        }
        cells[gap].store(EMPTY, Ordering::Relaxed);
        if place != last {
            // SAFETY: as above.
            unsafe {
                let hash = self.hashes_ptr().add(last).read();
                cells[self.cell_of(last)].store(Self::cell(place, hash), Ordering::Relaxed);
                self.hashes_ptr().add(place).write(hash);
            }
        }
    }

    /// Drops the entries beyond this version's: versions that are gone appended them. No other version holds the leaf.
    #[cold]
    fn truncate(&mut self) {
        debug_assert!(self.is_unique());
        let (len, fill) = (self.len(), self.header().fill.load(Ordering::Relaxed) as usize);
        // This comes first, so that a panic in a drop leaves the leaf sound.
        self.header().fill.store(self.len, Ordering::Relaxed);
        self.index_again();
        // SAFETY: these places are initialised, and do not belong to the leaf any more.
        unsafe {
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.entries_ptr().add(len), fill - len));
        }
    }
}

impl<E: Entry<Key: Eq>> Leaf<E> {
    /// The entry with `key`, which has this hash.
    #[inline(always)]
    pub fn find(&self, key: &E::Key, hash: u64) -> Option<&E> {
        let tag = u32::from(Self::tag(hash as u16));
        let mask = self.mask();
        let mut at = hash as usize & mask;
        // SAFETY: `at` is below the number of cells, a power of two.
        let cell_at = |at: usize| u32::from(unsafe { (*self.cells_ptr().add(at)).load(Ordering::Relaxed) });
        let mut cell = cell_at(at);
        loop {
            // This is less than `len` only if the cell's tag is ours and its place is less.
            let place = cell ^ tag;
            if place < self.len {
                // SAFETY: the place is below `len`.
                let entry = unsafe { &*self.entries_ptr().add(place as usize) };
                if entry.key() == key {
                    return Some(entry);
                }
                if Self::TAGGED {
                    // Not in this loop, so that none of its variables has to survive the call of an expensive
                    // comparison.
                    return self.find_colliding(key);
                }
            } else if cell == u32::from(EMPTY) {
                return None;
            }
            at = (at + 1) & mask;
            cell = cell_at(at);
        }
    }

    /// The entry with `key`, if another entry has the same bits of the hash. One lookup in some hundreds gets here.
    #[cold]
    #[inline(never)]
    fn find_colliding(&self, key: &E::Key) -> Option<&E> {
        self.entries().iter().find(|entry| entry.key() == key)
    }
}

impl<E> Leaf<E> {
    /// The place of one of this version's own entries.
    #[inline]
    pub fn place(&self, entry: &E) -> usize {
        // Entries without size all have one address. They have only one key, so there is only the first place.
        (ptr::from_ref(entry).addr() - self.entries_ptr().addr()).checked_div(size_of::<E>()).unwrap_or(0)
    }
}

impl<E: Clone> Leaf<E> {
    /// Appends an entry whose key is new; in place if no other version has appended beyond this one.
    ///
    /// # Panics
    /// If there are [`MAX_CAPACITY`] entries already.
    #[inline]
    pub fn push(&mut self, entry: E, hash: u64) {
        let (capacity, len, header) = (self.capacity(), self.len, self.header());
        let unique = self.is_unique();
        // Relaxed is enough. Whatever hands a longer version over to another thread synchronises with it, and the last
        // `Leaf` to be dropped sees everything that those before it did.
        let claimed = self.len() < capacity
            && header.fill.load(Ordering::Relaxed) == len
            && (unique
                || header.fill.compare_exchange(len, len + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok());
        if !claimed {
            self.make_room(unique);
        }
        // SAFETY: this version may write to the place, because it counted `fill` up or no other version holds the leaf.
        unsafe {
            self.entries_ptr().add(len as usize).write(entry);
            self.enter(len as usize, hash as u16);
        }
        self.header().fill.store(len + 1, Ordering::Relaxed);
        self.len = len + 1;
    }

    /// Gives this version a leaf that no other version holds, with a free place behind its entries.
    #[inline(never)]
    fn make_room(&mut self, unique: bool) {
        let capacity = self.capacity();
        match (unique, self.len() < capacity) {
            (true, true) => self.truncate(),
            (true, false) => self.grow(),
            (false, true) => *self = self.copied(capacity, usize::MAX),
            (false, false) => *self = self.copied(2 * capacity, usize::MAX),
        }
    }

    /// Moves the entries of a full leaf, which no other version holds, into one of twice the capacity.
    fn grow(&mut self) {
        let mut new = Leaf::<E>::new(2 * self.capacity());
        // SAFETY: there is room for twice as many. The old leaf is freed as if it were empty, so it does not drop the
        // entries.
        unsafe {
            ptr::copy_nonoverlapping(self.entries_ptr(), new.entries_ptr(), self.len());
            ptr::copy_nonoverlapping(self.hashes_ptr(), new.hashes_ptr(), self.len());
        }
        self.header().fill.store(0, Ordering::Relaxed);
        new.header().fill.store(self.len, Ordering::Relaxed);
        new.len = self.len;
        new.enter_all();
        *self = new;
    }

    /// Makes the index of a new leaf from its hashes.
    fn enter_all(&mut self) {
        for place in 0..self.len() {
            // SAFETY: every place below `len` has a hash, and no other version holds the leaf.
            unsafe { self.enter(place, self.hashes_ptr().add(place).read()) };
        }
    }

    /// A leaf with copies of this version's entries, without the one at `skip`; `usize::MAX` skips none.
    fn copied(&self, capacity: usize, skip: usize) -> Self {
        let mut new = Leaf::<E>::new(capacity);
        let entries = self.entries();
        let (before, after) = match entries.get(..skip) {
            Some(before) => (before, &entries[skip + 1..]),
            None => (entries, &[][..]),
        };
        for (entries, from) in [(before, 0), (after, skip.wrapping_add(1))] {
            for (entry, place) in entries.iter().zip(from..) {
                // SAFETY: there is room for as many entries, and the place has a hash. If `clone` panics, the entries
                // counted so far are dropped.
                unsafe {
                    new.entries_ptr().add(new.len()).write(entry.clone());
                    new.hashes_ptr().add(new.len()).write(self.hashes_ptr().add(place).read());
                }
                new.len += 1;
                if needs_drop::<E>() {
                    new.header().fill.store(new.len, Ordering::Relaxed);
                }
            }
        }
        new.header().fill.store(new.len, Ordering::Relaxed);
        new.enter_all();
        new
    }

    /// Replaces the entry at `place` by `entry`, which has the same key. Returns the old entry, or a clone of it if
    /// other versions hold it, too.
    pub fn replace(&mut self, place: usize, entry: E) -> E {
        assert!(place < self.len());
        if !self.is_unique() {
            *self = self.copied(self.capacity(), usize::MAX);
        }
        // SAFETY: the place is below `len`, and no other version holds the leaf.
        let resident = unsafe { &mut *self.entries_ptr().add(place) };
        std::mem::replace(resident, entry)
    }

    /// Removes the entry at `place`; another one may take its place. Returns the entry if no other version holds it.
    pub fn remove(&mut self, place: usize) -> Option<E> {
        assert!(place < self.len());
        if !self.is_unique() {
            if place + 1 == self.len() {
                // The others keep the entry; this version now ends before it.
                self.len -= 1;
            } else {
                *self = self.copied(self.capacity(), place);
            }
            return None;
        }
        if self.header().fill.load(Ordering::Relaxed) != self.len {
            self.truncate();
        }
        let last = self.len() - 1;
        // SAFETY: both places are below `len` and in the index, and no other version holds the leaf. What is read
        // here is then overwritten, or lies beyond the new `len`.
        let removed = unsafe {
            self.unindex(place, last);
            let removed = self.entries_ptr().add(place).read();
            ptr::copy(self.entries_ptr().add(last), self.entries_ptr().add(place), 1);
            removed
        };
        self.len -= 1;
        self.header().fill.store(self.len, Ordering::Relaxed);
        Some(removed)
    }
}
