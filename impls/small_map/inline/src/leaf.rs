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
//! Appending to a shared leaf needs no copy if no other version has appended beyond our `len` yet: `fill` says so, and
//! whoever counts it up by one owns the place. Other versions do not look beyond their own `len`.
//!
//! `cells` is a hash table with linear probing, of four times as many cells as there are places, so that nearly
//! every lookup looks at one. A cell is [`EMPTY`] or the
//! number of a place, and above it for entries whose keys are dear to compare 8 bits of the hash. A version skips cells whose place lies
//! beyond its `len`. `hashes` has the low 16 bits of each entry's hash, from which the table can be made again.
//!
//! Invariants, which the `unsafe` blocks below rely on:
//!
//! * `count` is the number of `Leaf`s to the allocation; while it is one, `&mut Leaf` is exclusive access;
//! * a `Leaf`'s `len` is at most `fill`, and `fill` at most `capacity`;
//! * every place below the `len` of a `Leaf` is initialised, and so is every place below `fill` when nobody is just
//!   appending, in particular when the last `Leaf` goes;
//! * each place that is initialised has a hash and a cell, too; so three quarters of the cells are empty at least.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering, fence};

use persistent_map_hamt::Entry;

/// The most entries of a leaf.
pub const MOST: usize = 128;

/// A cell without a place.
const EMPTY: u16 = u16::MAX;

/// Few places share a cell: with two per place, every third lookup in a full leaf would have to look at another one.
const CELLS_PER_PLACE: usize = 4;

#[repr(C)]
struct Header {
    count: AtomicU32,
    fill: AtomicU32,
    /// The number of cells less one: it cuts a hash down to a cell.
    mask: u32,
}

/// A version: the first `len` entries of a leaf that others may share.
///
/// Versions append to what others share and drop later, so all of them must have entries of one and the same type:
/// a `Leaf` is invariant in `E`. Were it covariant, an entry of a shorter lifetime could stay in the leaf of a version of
/// a longer one.
pub struct Leaf<E> {
    header: NonNull<Header>,
    len: u32,
    /// Shares entries as an `Arc` does, and takes and gives them.
    #[expect(clippy::type_complexity, reason = "it says both in one place")]
    entries: PhantomData<(Arc<E>, fn(E) -> E)>,
}

// SAFETY: a `Leaf` gives shared access to its entries from every thread that holds one, and whoever drops the last
// one drops them; so both need both.
unsafe impl<E: Send + Sync> Send for Leaf<E> {}

// SAFETY: as above. What changes while it is shared, `fill` and `cells`, is atomic; entries and tags are written once
// by the one who counted `fill` up, at places that nobody else looks at before that thread hands over a longer version.
unsafe impl<E: Send + Sync> Sync for Leaf<E> {}

impl<E> Clone for Leaf<E> {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: who counts up holds the leaf already.
        if self.header().count.fetch_add(1, Ordering::Relaxed) > u32::MAX / 2 {
            // Leaked clones must not wrap the count.
            std::process::abort();
        }
        Leaf { header: self.header, len: self.len, entries: PhantomData }
    }
}

impl<E> Drop for Leaf<E> {
    #[inline]
    fn drop(&mut self) {
        // Release: what this holder did happens before the last one frees the leaf.
        if self.header().count.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            self.free();
        }
    }
}

/// The memory of a leaf that nobody reaches any more.
struct Memory {
    address: NonNull<Header>,
    layout: Layout,
}

impl Drop for Memory {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and nobody looks at it any more.
        unsafe { dealloc(self.address.as_ptr().cast(), self.layout) };
    }
}

impl<E> Leaf<E> {
    const ALIGN: usize =
        if align_of::<E>() > align_of::<Header>() { align_of::<E>() } else { align_of::<Header>() };

    /// Whether cells have some bits of the hash: not where keys are cheap to compare.
    const TAGGED: bool = needs_drop::<E>();

    /// Where the entries begin, behind so many cells.
    #[inline]
    fn entries_at(cells: usize) -> usize {
        let at = size_of::<Header>().next_multiple_of(16) + 2 * cells;
        // There are multiples of 16 cells, which the compiler does not know.
        if align_of::<E>() > 16 { at.next_multiple_of(align_of::<E>()) } else { at }
    }

    /// Where the hashes begin.
    #[inline]
    fn hashes_at(capacity: usize) -> usize {
        (Self::entries_at(CELLS_PER_PLACE * capacity) + capacity * size_of::<E>())
            .next_multiple_of(align_of::<u16>())
    }

    fn layout(capacity: usize) -> Layout {
        Layout::from_size_align(Self::hashes_at(capacity) + 2 * capacity, Self::ALIGN)
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
        unsafe { self.header.as_ptr().byte_add(size_of::<Header>().next_multiple_of(16)).cast() }
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

    /// The bits of the hash in a cell. Places are fewer than 255, so that no cell looks empty.
    #[inline]
    fn tag(hash: u16) -> u16 {
        if Self::TAGGED { hash & 0xff00 } else { 0 }
    }

    /// The entries of this version.
    #[inline]
    pub fn entries(&self) -> &[E] {
        // SAFETY: places below `len` are initialised, and nobody writes to them while they are shared.
        unsafe { slice::from_raw_parts(self.entries_ptr(), self.len()) }
    }

    #[inline]
    fn is_unique(&self) -> bool {
        // Acquire: pairs with the release of those that counted down.
        self.header().count.load(Ordering::Acquire) == 1
    }

    #[inline(never)]
    fn free(&mut self) {
        let fill = self.header().fill.load(Ordering::Relaxed) as usize;
        // Goes at the end, even if that is the panic of an entry's drop.
        let _memory = Memory { address: self.header, layout: Self::layout(self.capacity()) };
        if needs_drop::<E>() {
            // SAFETY: the last `Leaf` is going, so nobody reaches the leaf any more and nobody is appending: what lies
            // below `fill` is initialised.
            unsafe { ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.entries_ptr(), fill)) };
        }
    }

    /// An empty leaf. Its capacity is to be a power of two, from 4 to [`MOST`].
    pub fn new(capacity: usize) -> Self {
        assert!(capacity.is_power_of_two() && (4..=MOST).contains(&capacity));
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
        // SAFETY: that many cells lie there. All their bits are ones.
        unsafe { leaf.cells_ptr().write_bytes(u8::MAX, CELLS_PER_PLACE * capacity) };
        leaf
    }

    /// Enters `place`, whose entry has this hash, into the index.
    ///
    /// # Safety
    /// The caller owns `place`: the leaf is exclusively its own, or it counted `fill` up.
    #[inline]
    unsafe fn enter(&self, place: usize, hash: u16) {
        let mask = self.mask();
        let mut at = usize::from(hash) & mask;
        // Relaxed: others that probe meanwhile skip a place beyond their `len` as they skip none at all, and nobody else
        // enters: who could holds a version that was made after this.
        // SAFETY: `at` is below the number of cells, a power of two; most of them are empty. The hash lies in
        // the allocation, and nobody else looks at that place yet.
        unsafe {
            self.hashes_ptr().add(place).write(hash);
            while (*self.cells_ptr().add(at)).load(Ordering::Relaxed) != EMPTY {
                at = (at + 1) & mask;
            }
            (*self.cells_ptr().add(at)).store(Self::cell(place, hash), Ordering::Relaxed);
        }
    }

    /// Makes the index again, of a leaf that nobody else holds.
    fn index_again(&mut self) {
        debug_assert!(self.is_unique());
        self.cells().iter().for_each(|cell| cell.store(EMPTY, Ordering::Relaxed));
        for place in 0..self.len() {
            // SAFETY: every place below `len` has a hash, and nobody else holds the leaf.
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

    /// Takes `place` out of the index, and gives it to what was at `last`.
    ///
    /// # Safety
    /// Both places are in the index, and nobody else holds the leaf.
    unsafe fn unindex(&mut self, place: usize, last: usize) {
        let cells = self.cells();
        let mask = self.mask();
        // SAFETY: the caller's.
        let mut gap = unsafe { self.cell_of(place) };
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let cell = cells[at].load(Ordering::Relaxed);
            if cell == EMPTY {
                break;
            }
            // SAFETY: places in the index have hashes.
            let home = usize::from(unsafe { self.hashes_ptr().add(usize::from(cell & 0xff)).read() }) & mask;
            // One that probing would not find any more behind the gap moves into it.
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

    /// Drops what other versions, which are gone, had appended to an own leaf.
    #[cold]
    fn truncate(&mut self) {
        debug_assert!(self.is_unique());
        let (len, fill) = (self.len(), self.header().fill.load(Ordering::Relaxed) as usize);
        // First, so that a panic in a drop leaves the leaf sound.
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
            // Less than `len` only if the tag is ours and the place is.
            let place = cell ^ tag;
            if place < self.len {
                // SAFETY: the place is below `len`.
                let entry = unsafe { &*self.entries_ptr().add(place as usize) };
                if entry.key() == key {
                    return Some(entry);
                }
                if Self::TAGGED {
                    // Not in this loop, so that nothing of it has to survive the call of a dear comparison.
                    return self.find_colliding(key);
                }
            } else if cell == u32::from(EMPTY) {
                return None;
            }
            at = (at + 1) & mask;
            cell = cell_at(at);
        }
    }

    /// What to do where another entry has the same bits of hash: one lookup in some hundreds.
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
        // The first, where all have one address because they have no size: there is one key then.
        (ptr::from_ref(entry).addr() - self.entries_ptr().addr()).checked_div(size_of::<E>()).unwrap_or(0)
    }
}

impl<E: Clone> Leaf<E> {
    /// Appends an entry whose key is new, in place where nobody has appended beyond this version.
    ///
    /// # Panics
    /// If there are [`MOST`] entries.
    #[inline]
    pub fn push(&mut self, entry: E, hash: u64) {
        let (capacity, len, header) = (self.capacity(), self.len, self.header());
        let unique = self.is_unique();
        // Relaxed: longer versions get to other threads by whatever hands them over, and the last `Leaf` to go sees all
        // that was done by those before it.
        let claimed = self.len() < capacity
            && header.fill.load(Ordering::Relaxed) == len
            && (unique
                || header.fill.compare_exchange(len, len + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok());
        if !claimed {
            self.make_room(unique);
        }
        // SAFETY: the place is this version's to write: `fill` was counted up, or nobody else holds the leaf.
        unsafe {
            self.entries_ptr().add(len as usize).write(entry);
            self.enter(len as usize, hash as u16);
        }
        self.header().fill.store(len + 1, Ordering::Relaxed);
        self.len = len + 1;
    }

    /// Sees to it that nobody else holds the leaf, and that the place behind its entries is free.
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

    /// Moves a full leaf that nobody else holds into one of twice the capacity.
    fn grow(&mut self) {
        let mut new = Leaf::<E>::new(2 * self.capacity());
        // SAFETY: there is room for twice as much; the entries are not dropped with the old leaf, which is freed as if it
        // were empty.
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
            // SAFETY: every place below `len` has a hash, and nobody else holds the leaf.
            unsafe { self.enter(place, self.hashes_ptr().add(place).read()) };
        }
    }

    /// A copy of this version's entries, but for the one at `skip`.
    fn copied(&self, capacity: usize, skip: usize) -> Self {
        let mut new = Leaf::<E>::new(capacity);
        let entries = self.entries();
        let (before, after) = match entries.get(..skip) {
            Some(before) => (before, &entries[skip + 1..]),
            None => (entries, &[][..]),
        };
        for (entries, from) in [(before, 0), (after, skip.wrapping_add(1))] {
            for (entry, place) in entries.iter().zip(from..) {
                // SAFETY: there is room for as many entries; the place has a hash. A panic in `clone` drops those
                // counted so far.
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

    /// Puts `entry` in the place of one with the same key. Returns that one, or where others hold it a clone.
    pub fn replace(&mut self, place: usize, entry: E) -> E {
        assert!(place < self.len());
        if !self.is_unique() {
            *self = self.copied(self.capacity(), usize::MAX);
        }
        // SAFETY: the place is below `len`, and nobody else holds the leaf.
        let resident = unsafe { &mut *self.entries_ptr().add(place) };
        std::mem::replace(resident, entry)
    }

    /// Removes the entry at `place`; another one may take its place. Returns it, where nobody else holds it.
    pub fn remove(&mut self, place: usize) -> Option<E> {
        assert!(place < self.len());
        if !self.is_unique() {
            if place + 1 == self.len() {
                // The others keep it; this version ends before it.
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
        // SAFETY: both places are below `len` and in the index, nobody else holds the leaf, and what is read here is
        // either moved to the other place or beyond the new `len`.
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
