//! The leaf: one allocation of up to 128 entries, which versions share and append to.
//!
//! ```text
//!   Leaf { header, len: 5 } ──┐      ┌── Leaf { header, len: 6 }        a version sees its first `len` entries
//!                             ▼      ▼
//!   ┌────────────────────────────┬─────────────────────────────────────┬───────────────┬───────────────┐
//!   │ count │ fill=6 │ capacity  │ E │ E │ E │ E │ E │ E │             │ cells         │ tags          │
//!   └────────────────────────────┴─────────────────────────────────────┴───────────────┴───────────────┘
//!                                  room for `capacity`                   2 bytes per     2 bytes per
//!                                                                        place           place
//! ```
//!
//! Appending to a shared leaf needs no copy if no other version has appended beyond our `len` yet: `fill` says so, and
//! whoever counts it up by one owns the place. Other versions do not look beyond their own `len`.
//!
//! Leaves of more than [`Leaf::SCAN`] places are indexed: `cells` is a hash table with linear probing of twice as many
//! cells as there are places, each with the number of a place or [`EMPTY`]; `tags` has the low 16 bits of each entry's
//! hash, from which the table can be made again. A version skips cells whose place lies beyond its `len`.
//!
//! Invariants, which the `unsafe` blocks below rely on:
//!
//! * `count` is the number of `Leaf`s to the allocation; while it is one, `&mut Leaf` is exclusive access;
//! * a `Leaf`'s `len` is at most `fill`, and `fill` at most `capacity`;
//! * every place below the `len` of a `Leaf` is initialised, and so is every place below `fill` when nobody is just
//!   appending, in particular when the last `Leaf` goes;
//! * with an index, each place below `fill` has a tag and a cell, at the same times.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering, fence};

use persistent_map_hamt::Entry;

/// The most entries of a leaf.
pub const MOST: usize = 128;

/// A cell without a place.
const EMPTY: u8 = u8::MAX;

#[repr(C)]
struct Header {
    count: AtomicU32,
    fill: AtomicU32,
    capacity: u32,
}

/// A version: the first `len` entries of a leaf that others may share.
pub struct Leaf<E> {
    header: NonNull<Header>,
    len: u32,
    entries: PhantomData<E>,
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

impl<E> Leaf<E> {
    /// Where the entries begin.
    const ENTRIES: usize = size_of::<Header>().next_multiple_of(align_of::<E>());

    const ALIGN: usize =
        if align_of::<E>() > align_of::<Header>() { align_of::<E>() } else { align_of::<Header>() };

    /// Where the cells begin, if there is an index. (An even number, as capacities are.)
    #[inline]
    fn cells_at(capacity: usize) -> usize {
        Self::ENTRIES + capacity * size_of::<E>()
    }

    fn layout(capacity: usize) -> Layout {
        let index = if Self::is_indexed(capacity) { 4 * capacity } else { 0 };
        Layout::from_size_align(Self::cells_at(capacity) + index, Self::ALIGN)
            .expect("a leaf is 128 entries at most")
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the leaf lives while a `Leaf` does.
        unsafe { self.header.as_ref() }
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.header().capacity as usize
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
        // SAFETY: the offset lies in the allocation, or at its end for entries without size.
        unsafe { self.header.as_ptr().byte_add(Self::ENTRIES).cast() }
    }

    /// The cells, of a leaf with an index.
    #[inline]
    fn cells_ptr(&self) -> *mut AtomicU8 {
        // SAFETY: the offset lies in the allocation, or without an index at its end.
        unsafe { self.header.as_ptr().byte_add(Self::cells_at(self.capacity())).cast() }
    }

    /// The tags, of a leaf with an index.
    #[inline]
    fn tags_ptr(&self) -> *mut u16 {
        // SAFETY: there are two cells for each place before them, and all lie in the allocation.
        unsafe { self.cells_ptr().add(2 * self.capacity()).cast() }
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
        let (fill, capacity) = (self.header().fill.load(Ordering::Relaxed) as usize, self.capacity());
        // SAFETY: the last `Leaf` is going, so nobody reaches the leaf any more and nobody is appending: what lies
        // below `fill` is initialised.
        unsafe {
            if needs_drop::<E>() {
                ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.entries_ptr(), fill));
            }
            dealloc(self.header.as_ptr().cast(), Self::layout(capacity));
        }
    }

    /// An empty leaf.
    pub fn new(capacity: usize) -> Self {
        let layout = Self::layout(capacity);
        // SAFETY: a layout with a header is not of size zero.
        let memory = unsafe { alloc(layout) }.cast::<Header>();
        let Some(header) = NonNull::new(memory) else { handle_alloc_error(layout) };
        let (count, fill) = (AtomicU32::new(1), AtomicU32::new(0));
        // SAFETY: the header lies at the beginning of the new allocation.
        unsafe { header.as_ptr().write(Header { count, fill, capacity: capacity as u32 }) };
        let leaf = Leaf { header, len: 0, entries: PhantomData };
        if Self::is_indexed(capacity) {
            // SAFETY: that many cells lie there.
            unsafe { leaf.cells_ptr().cast::<u8>().write_bytes(EMPTY, 2 * capacity) };
        }
        leaf
    }

    /// The cells. Empty without an index.
    #[inline]
    fn cells(&self) -> &[AtomicU8] {
        let count = if Self::is_indexed(self.capacity()) { 2 * self.capacity() } else { 0 };
        // SAFETY: that many cells lie there, initialised by `new`.
        unsafe { slice::from_raw_parts(self.cells_ptr(), count) }
    }

    /// Versions of at most this many entries are searched from end to end, without hashing: comparing so many keys
    /// costs what a hash and one comparison cost.
    pub const SCAN: usize = if needs_drop::<E>() || size_of::<E>() > 32 { 2 } else { 8 };

    #[inline]
    fn is_indexed(capacity: usize) -> bool {
        capacity > Self::SCAN
    }

    /// Whether a push needs to know the entry's hash.
    #[inline]
    pub fn needs_hash(&self) -> bool {
        self.len() == Self::SCAN || Self::is_indexed(self.capacity())
    }

    /// Enters `place`, whose tag is `tag`, into the index.
    ///
    /// # Safety
    /// The leaf has an index; the caller owns `place`: the leaf is exclusively its own, or it counted `fill` up.
    unsafe fn enter(&self, place: usize, tag: u16) {
        // SAFETY: the tag lies in the allocation, and nobody else looks at that place yet.
        unsafe { self.tags_ptr().add(place).write(tag) };
        let cells = self.cells();
        let mask = cells.len() - 1;
        let mut at = usize::from(tag) & mask;
        // Half of the cells are empty at least. Relaxed: others that probe meanwhile skip a place beyond their `len`
        // as they skip none at all, and nobody else enters: who could holds a version that was made after this.
        while cells[at].load(Ordering::Relaxed) != EMPTY {
            at = (at + 1) & mask;
        }
        cells[at].store(place as u8, Ordering::Relaxed);
    }

    /// Makes the index of an own leaf again from its tags.
    fn index_again(&mut self) {
        self.cells().iter().for_each(|cell| cell.store(EMPTY, Ordering::Relaxed));
        for place in 0..self.len() {
            // SAFETY: every place below `len` has a tag where there is an index, and `&mut self` was checked to be the
            // only version by who calls this.
            unsafe { self.enter(place, self.tags_ptr().add(place).read()) };
        }
    }

    /// The cell that leads to `place`.
    ///
    /// # Safety
    /// The leaf has an index with that place in it.
    unsafe fn cell_of(&self, place: usize) -> usize {
        let cells = self.cells();
        let mask = cells.len() - 1;
        // SAFETY: places in the index have tags.
        let mut at = usize::from(unsafe { self.tags_ptr().add(place).read() }) & mask;
        while usize::from(cells[at].load(Ordering::Relaxed)) != place {
            at = (at + 1) & mask;
        }
        at
    }

    /// Takes `place` out of the index, and gives it to what was at `last`.
    ///
    /// # Safety
    /// The leaf has an index with both places in it, and nobody else holds the leaf.
    unsafe fn unindex(&mut self, place: usize, last: usize) {
        let cells = self.cells();
        let mask = cells.len() - 1;
        // SAFETY: the caller's.
        let mut gap = unsafe { self.cell_of(place) };
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let other = cells[at].load(Ordering::Relaxed);
            if other == EMPTY {
                break;
            }
            // SAFETY: places in the index have tags.
            let home = usize::from(unsafe { self.tags_ptr().add(usize::from(other)).read() }) & mask;
            // One that probing would not find any more behind the gap moves into it.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(gap) & mask {
                cells[gap].store(other, Ordering::Relaxed);
                gap = at;
            }
        }
        cells[gap].store(EMPTY, Ordering::Relaxed);
        if place != last {
            // SAFETY: as above.
            unsafe {
                cells[self.cell_of(last)].store(place as u8, Ordering::Relaxed);
                self.tags_ptr().add(place).write(self.tags_ptr().add(last).read());
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
        if Self::is_indexed(self.capacity()) {
            self.index_again();
        }
        // SAFETY: these places are initialised, and do not belong to the leaf any more.
        unsafe {
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.entries_ptr().add(len), fill - len));
        }
    }
}

/// The entry with `key` in a short list.
#[inline]
pub fn scan<'a, E: Entry<Key: Eq>>(mut entries: &'a [E], key: &E::Key) -> Option<&'a E> {
    // Unrolled by hand: the compiler would make a loop of twice the instructions.
    while let [one, two, three, four, rest @ ..] = entries {
        if one.key() == key {
            return Some(one);
        }
        if two.key() == key {
            return Some(two);
        }
        if three.key() == key {
            return Some(three);
        }
        if four.key() == key {
            return Some(four);
        }
        entries = rest;
    }
    entries.iter().find(|entry| entry.key() == key)
}

impl<E: Entry<Key: Eq>> Leaf<E> {
    /// The entry with `key`; `hash` is asked for in larger leaves.
    #[inline]
    pub fn find(&self, key: &E::Key, hash: impl FnOnce() -> u64) -> Option<&E> {
        if self.len() <= Self::SCAN {
            return scan(self.entries(), key);
        }
        let hash = hash();
        let mask = 2 * self.capacity() - 1;
        let mut at = hash as usize & mask;
        loop {
            // SAFETY: more than `SCAN` entries have an index, and `at` is below the number of its cells, a power of two.
            let place = unsafe { (*self.cells_ptr().add(at)).load(Ordering::Relaxed) };
            if u32::from(place) < self.len {
                // SAFETY: the place is below `len`.
                let entry = unsafe { &*self.entries_ptr().add(usize::from(place)) };
                if !Self::TAGGED {
                    if entry.key() == key {
                        return Some(entry);
                    }
                // SAFETY: places below `len` have tags where there is an index.
                } else if unsafe { self.tags_ptr().add(usize::from(place)).read() } == hash as u16 {
                    // Out of the loop, so that nothing of it has to survive the call of a dear comparison.
                    return if entry.key() == key { Some(entry) } else { self.find_colliding(key) };
                }
            } else if place == EMPTY {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// Whether tags are compared before keys: not those that are cheap to compare.
    const TAGGED: bool = needs_drop::<E>();

    /// What to do where another entry has the same 16 bits of hash: one lookup in some thousands.
    #[cold]
    #[inline(never)]
    fn find_colliding(&self, key: &E::Key) -> Option<&E> {
        scan(self.entries(), key)
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
    /// Appends an entry whose key is new, in place where nobody has appended beyond this version. `hash` is asked for
    /// hashes of this entry and, should the leaf get its index now, of those before.
    ///
    /// # Panics
    /// If there are [`MOST`] entries.
    #[inline]
    pub fn push(&mut self, entry: E, hash: impl Fn(&E) -> u64) {
        let capacity = self.capacity();
        let len = self.len;
        // Before anything changes, because it may panic.
        let tag = if self.needs_hash() { hash(&entry) as u16 } else { 0 };
        if self.len() < capacity {
            let header = self.header();
            let unique = self.is_unique();
            // Relaxed: longer versions get to other threads by whatever hands them over, and the last `Leaf` to go
            // sees all that was done by those before it.
            let claimed = header.fill.load(Ordering::Relaxed) == len
                && (unique
                    || header
                        .fill
                        .compare_exchange(len, len + 1, Ordering::Relaxed, Ordering::Relaxed)
                        .is_ok());
            if !claimed {
                if unique {
                    self.truncate();
                } else {
                    *self = self.copied(capacity, None, &hash);
                }
            }
        } else if self.is_unique() {
            self.grow(&hash);
        } else {
            assert!(capacity < MOST);
            *self = self.copied(2 * capacity, None, &hash);
        }
        // SAFETY: the place is this version's to write: `fill` was counted up, or nobody else holds the leaf.
        unsafe {
            self.entries_ptr().add(len as usize).write(entry);
            if Self::is_indexed(self.capacity()) {
                self.enter(len as usize, tag);
            }
        }
        self.header().fill.store(len + 1, Ordering::Relaxed);
        self.len = len + 1;
    }

    /// Moves a full leaf that nobody else holds into one of twice the capacity.
    fn grow(&mut self, hash: &impl Fn(&E) -> u64) {
        let capacity = self.capacity();
        assert!(capacity < MOST && capacity == self.len());
        let mut new = Leaf::new(2 * capacity);
        new.tag_like(self, hash, usize::MAX);
        // SAFETY: the entries move, and are not dropped with the old leaf, which is freed as if it were empty.
        unsafe { ptr::copy_nonoverlapping(self.entries_ptr(), new.entries_ptr(), self.len()) };
        self.header().fill.store(0, Ordering::Relaxed);
        new.len = self.len;
        new.header().fill.store(self.len, Ordering::Relaxed);
        if Self::is_indexed(new.capacity()) {
            new.index_again();
        }
        *self = new;
    }

    /// Writes the tags of the entries of `old` but for that at `skip`, if this leaf has an index.
    fn tag_like(&mut self, old: &Self, hash: &impl Fn(&E) -> u64, skip: usize) {
        if !Self::is_indexed(self.capacity()) {
            return;
        }
        let known = Self::is_indexed(old.capacity());
        let kept = old.entries().iter().enumerate().filter(|(place, _)| *place != skip);
        for (at, (place, entry)) in kept.enumerate() {
            // SAFETY: places below `len` have tags where there is an index; there is room for as many here.
            unsafe {
                let tag = if known { old.tags_ptr().add(place).read() } else { hash(entry) as u16 };
                self.tags_ptr().add(at).write(tag);
            }
        }
    }

    /// A copy of this version's entries, but for the one at `skip`.
    fn copied(&self, capacity: usize, skip: Option<usize>, hash: &impl Fn(&E) -> u64) -> Self {
        let mut new = Leaf::new(capacity);
        let skip = skip.unwrap_or(usize::MAX);
        new.tag_like(self, hash, skip);
        let (before, after) = match self.entries().get(..skip) {
            Some(before) => (before, &self.entries()[skip + 1..]),
            None => (self.entries(), &[][..]),
        };
        for entry in before.iter().chain(after) {
            // SAFETY: there is room for as many entries. A panic in `clone` drops those counted so far.
            unsafe { new.entries_ptr().add(new.len()).write(entry.clone()) };
            new.len += 1;
            if needs_drop::<E>() {
                new.header().fill.store(new.len, Ordering::Relaxed);
            }
        }
        new.header().fill.store(new.len, Ordering::Relaxed);
        if Self::is_indexed(capacity) {
            new.index_again();
        }
        new
    }

    /// Puts `entry` in the place of one with the same key. Returns that one, where nobody else holds it.
    pub fn replace(&mut self, place: usize, entry: E, hash: impl Fn(&E) -> u64) -> Option<E> {
        assert!(place < self.len());
        if !self.is_unique() {
            *self = self.copied(self.capacity(), None, &hash);
        }
        // SAFETY: the place is below `len`, and nobody else holds the leaf.
        let resident = unsafe { &mut *self.entries_ptr().add(place) };
        Some(std::mem::replace(resident, entry))
    }

    /// Removes the entry at `place`; another one may take its place. Returns it, where nobody else holds it.
    pub fn remove(&mut self, place: usize, hash: impl Fn(&E) -> u64) -> Option<E> {
        assert!(place < self.len());
        if !self.is_unique() {
            if place + 1 == self.len() {
                // The others keep it; this version ends before it.
                self.len -= 1;
            } else {
                *self = self.copied(self.capacity(), Some(place), &hash);
            }
            return None;
        }
        if self.header().fill.load(Ordering::Relaxed) != self.len {
            self.truncate();
        }
        let last = self.len() - 1;
        // SAFETY: both places are below `len`, nobody else holds the leaf, and what is read here is either moved to the
        // other place or beyond the new `len`.
        let removed = unsafe {
            let removed = self.entries_ptr().add(place).read();
            ptr::copy(self.entries_ptr().add(last), self.entries_ptr().add(place), 1);
            removed
        };
        self.len -= 1;
        self.header().fill.store(self.len, Ordering::Relaxed);
        if Self::is_indexed(self.capacity()) {
            // SAFETY: the leaf has an index, nobody else holds it, and both places had tags and cells until now.
            unsafe { self.unindex(place, last) };
        }
        Some(removed)
    }
}
