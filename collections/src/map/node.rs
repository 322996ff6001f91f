//! Leaves and branches: their memory, and the operations on a single one of them.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::{self, offset_of};
use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use super::block::{self, Block, BlockItem};
use super::slot::{Cells, Slot};
use crate::counter::{Counter, Plain};

/// How many bits of a hash a branch consumes.
pub(super) const BRANCH_BITS: u32 = 3;

/// The number of slots of a branch.
pub(super) const WIDTH: usize = 1 << BRANCH_BITS;

/// The number of buckets of a leaf. The entries of a bucket form a chain.
pub(super) const BUCKETS: usize = 32;

/// An ordinary leaf has at most this many entries. A leaf with room for more is for colliding hashes: it has no chains,
/// and its entries are searched one by one.
pub(super) const MAX_ENTRIES: u32 = 32;

/// How many entries a leaf for colliding hashes has room for, at least.
pub(super) const COLLISION_ROOM: u32 = 2 * MAX_ENTRIES;

/// In a leaf for colliding hashes, the metadata of the first entry names this as the next one. As a signed byte it is
/// less than 0, so that a single comparison tells the number of an entry from this mark and from the end of a chain,
/// which is
/// 0.
const COLLISION: u8 = u8::MAX;

/// The number by which the index and the chains name the entry in place `at`: 2, 4, 6, …. It is the offset at which the
/// entry's metadata ends. Multiplied by half the size of a slot, it is the offset at which the entry's slot ends. So a
/// search need not multiply by the size of the metadata.
#[inline]
fn number_of(at: usize) -> u8 {
    2 * (at as u8 + 1)
}

/// The place of the entry with this number.
#[inline]
fn at_of(number: u8) -> usize {
    usize::from(number) / 2 - 1
}

/// How many levels of branches consume all 32 bits of a hash.
pub(super) const LEVELS: u32 = u32::BITS.div_ceil(BRANCH_BITS);

/// What is left of a hash below `level` branches.
#[inline]
pub(super) fn rest_at(hash: u32, level: u32) -> u32 {
    (u64::from(hash) >> (BRANCH_BITS * level)) as u32
}

/// The tag that a leaf below `level` branches stores for a hash. Its lower [`BRANCH_BITS`] bits are the digit that led
/// from the branch above to the leaf (0 if there is no branch). The other bits are the bucket.
#[inline]
pub(super) fn tag_at(hash: u32, level: u32) -> u8 {
    ((u64::from(hash) << BRANCH_BITS) >> (BRANCH_BITS * level)) as u8
}

/// The slot of a branch to which a hash leads. `rest` is what is left of the hash at the branch.
#[inline]
pub(super) fn digit(rest: u32) -> usize {
    rest as usize % WIDTH
}

/// The bucket of an entry with this tag.
#[inline]
fn bucket(tag: u8) -> usize {
    usize::from(tag >> BRANCH_BITS)
}

/// The beginning of a leaf. The slots of the entries lie behind it.
#[repr(C, align(16))]
struct Head<C> {
    count: C,
    /// The number of entries in the leaf that any version sees.
    fill: AtomicU32,
    /// How many entries the leaf has room for.
    room: u32,
    /// The number of the first entry in each bucket; 0 for none.
    index: [AtomicU8; BUCKETS],
    /// The metadata of each entry. They are cells because the metadata of a new entry are written while others read the
    /// head.
    meta: [UnsafeCell<EntryMeta>; MAX_ENTRIES as usize],
    /// The number of bytes from the beginning of the block to the leaf; 0 if the leaf lies in no block. The bit
    /// [`CLOSED`] says whether the leaf is closed: only a version that alone holds a closed leaf may append to it.
    offset_and_closed: u32,
}

/// The metadata of an entry.
#[derive(Clone, Copy)]
#[repr(C)]
struct EntryMeta {
    /// The number of the next entry in the same bucket; 0 for none.
    next: u8,
    /// Some bits of the entry's hash: see `tag_at`.
    tag: u8,
}

/// The bit of `offset_and_closed` that says that a leaf is closed.
const CLOSED: u32 = 1 << 31;

/// A leaf without entries and without room for any. It is all zero, and is neither counted nor freed.
#[repr(align(16))]
struct Empty(#[expect(dead_code, reason = "read as a head")] [AtomicU32; size_of::<Head<AtomicU32>>() / 4]);

static EMPTY: Empty = Empty([const { AtomicU32::new(0) }; size_of::<Head<AtomicU32>>() / 4]);

/// An entry that is being added to a leaf, and the memory for its cell.
pub(super) struct NewEntry<'a, K, V, C: Counter> {
    pub(super) hash: u32,
    pub(super) key: K,
    pub(super) value: V,
    pub(super) cells: &'a mut Cells<K, V, C>,
}

/// A pointer to a leaf. It is not a reference: its methods assume that the leaf is alive.
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
    /// The offset of the first slot.
    const ENTRIES: usize = size_of::<Head<AtomicU32>>().next_multiple_of(Slot::<K, V, C>::ALIGN);

    #[inline]
    pub(super) fn empty() -> Self {
        Leaf((&raw const EMPTY).cast_mut().cast(), PhantomData)
    }

    #[inline]
    pub(super) fn is_empty_leaf(self) -> bool {
        self == Self::empty()
    }

    /// The slot in place `at`, whether it holds an entry or not.
    ///
    /// # Safety
    /// `at` is at most the leaf's room.
    #[inline]
    pub(super) unsafe fn slot(self, at: usize) -> Slot<K, V, C> {
        // SAFETY: the slot lies within the allocation, or at its end.
        Slot::new(unsafe { self.0.cast::<u8>().add(Self::ENTRIES + at * Slot::<K, V, C>::SIZE) })
    }

    /// The offset of the slot of the entry with this number, relative to [`BEFORE_ENTRIES`](Self::BEFORE_ENTRIES).
    #[inline]
    fn distance(number: isize) -> usize {
        let (number, size) = (number as usize, Slot::<K, V, C>::SIZE);
        if size.is_multiple_of(2) { number * (size / 2) } else { number / 2 * size }
    }

    /// The offset at which the slot of an entry with number 0 would lie.
    const BEFORE_ENTRIES: usize = Self::ENTRIES - Slot::<K, V, C>::SIZE;

    /// The offset at which the metadata of an entry with number 0 would lie.
    const BEFORE_META: usize = offset_of!(Head<AtomicU32>, meta) - size_of::<EntryMeta>();

    /// The slot of the entry with this number.
    ///
    /// # Safety
    /// There is such an entry.
    #[inline]
    unsafe fn numbered(self, number: isize) -> Slot<K, V, C> {
        // SAFETY: the slot lies within the allocation.
        Slot::new(unsafe { self.0.cast::<u8>().add(Self::BEFORE_ENTRIES + Self::distance(number)) })
    }

    /// The place of the field that names the entry which follows this one in its bucket.
    ///
    /// # Safety
    /// There is an entry with this number.
    #[inline]
    unsafe fn next_in_chain(self, number: isize) -> *mut u8 {
        // SAFETY: the field lies within the head.
        unsafe { self.0.cast::<u8>().add(Self::BEFORE_META + number as usize) }
    }

    #[inline]
    fn head<'a>(self) -> &'a Head<C> {
        // SAFETY: the users of a `Leaf` keep the leaf alive.
        unsafe { &*self.0 }
    }

    #[inline]
    pub(super) fn room(self) -> u32 {
        self.head().room
    }

    /// The number of entries that any version sees.
    #[inline]
    pub(super) fn fill(self) -> u32 {
        self.head().fill.load(Ordering::Relaxed)
    }

    /// Whether removals have left so few entries that memory should be given back. That costs more than a removal does,
    /// so mostly it waits for the last two entries, when it is most likely worth it. But large cells are expensive to
    /// keep: there a quarter of the room is few.
    #[inline]
    pub(super) fn is_sparse(self) -> bool {
        if Slot::<K, V, C>::LARGE { 4 * self.fill() <= self.room() } else { self.fill() <= 2 }
    }

    /// How much room is enough: less than the leaf has if it is sparse and the difference is worth a new leaf. The
    /// entries must at least double, or half of them go, before the room changes again.
    pub(super) fn enough_room(self) -> u32 {
        let enough = match (self.fill(), self.room()) {
            (0..=1, 16..) => 2,
            (0..=1, 8..) if !Slot::<K, V, C>::INLINE => 2,
            (2, 32..) => 4,
            (fill, _) if Slot::<K, V, C>::LARGE && self.is_sparse() => 2 * fill.next_power_of_two(),
            (_, room) => room,
        };
        enough.min(self.room())
    }

    #[inline]
    fn is_closed(self) -> bool {
        self.head().offset_and_closed & CLOSED != 0
    }

    /// Whether no version can append to the leaf while others hold it, too.
    #[inline]
    pub(super) fn is_quiet(self) -> bool {
        self.is_closed() || self.fill() == self.room()
    }

    /// Closes the leaf, so that no version can append to it while others hold it. A closed leaf is copied faster.
    ///
    /// # Safety
    /// The caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn close(self) {
        // SAFETY: by the contract.
        unsafe { (*self.0).offset_and_closed |= CLOSED }
    }

    /// Whether this is a leaf for colliding hashes, which has no chains.
    #[inline]
    pub(super) fn is_collision(self) -> bool {
        self.room() > MAX_ENTRIES
    }

    /// The metadata of the entry in place `at`.
    ///
    /// # Safety
    /// `at` is less than `MAX_ENTRIES`.
    #[inline]
    unsafe fn meta(self, at: usize) -> *mut EntryMeta {
        // SAFETY: the leaf is alive, and the metadata lie within its head.
        unsafe { (&raw mut (*self.0).meta).cast::<EntryMeta>().add(at) }
    }

    /// The tag of the entry in place `at`.
    ///
    /// # Safety
    /// There is such an entry, and the leaf has chains.
    #[inline]
    pub(super) unsafe fn tag(self, at: usize) -> u8 {
        // SAFETY: by the contract.
        unsafe { (*self.meta(at)).tag }
    }

    /// As [`Link::find`], but also returns the place of the field that names the entry: in the index, or in the
    /// metadata of the entry before it in the chain. It is null if there is no entry, or in a leaf for colliding
    /// hashes.
    ///
    /// # Safety
    /// The leaf is alive, and nobody appends to it.
    #[inline]
    pub(super) unsafe fn find_with_number(
        self,
        rest: u32,
        matches: impl Fn(Slot<K, V, C>) -> bool,
    ) -> (Slot<K, V, C>, *mut u8) {
        let mut place = self.head().index[rest as usize % BUCKETS].as_ptr();
        // SAFETY: the index and the chains name entries of the leaf.
        unsafe {
            loop {
                let number = signed(*place);
                if number <= 0 {
                    let slot = if number == 0 { Slot::NONE } else { self.find_colliding(matches) };
                    return (slot, ptr::null_mut());
                }
                let slot = self.numbered(number);
                if matches(slot) {
                    return (slot, place);
                }
                place = self.next_in_chain(number);
            }
        }
    }

    /// The entry that `matches`, among all entries of a leaf for colliding hashes.
    ///
    /// # Safety
    /// The leaf is alive, and nobody appends to it.
    #[cold]
    unsafe fn find_colliding(self, matches: impl Fn(Slot<K, V, C>) -> bool) -> Slot<K, V, C> {
        // SAFETY: `at` is less than the number of entries.
        let mut slots = (0..self.fill() as usize).map(|at| unsafe { self.slot(at) });
        slots.find(|slot| matches(*slot)).unwrap_or(Slot::NONE)
    }

    /// The entry that `matches`, among the first `len` entries of a leaf that has chains. Another version may append to
    /// the leaf meanwhile. `rest` is what is left of the entry's hash.
    ///
    /// # Safety
    /// The leaf is alive, and has at least `len` entries.
    #[inline]
    pub(super) unsafe fn find_below(
        self,
        len: u32,
        rest: u32,
        matches: impl Fn(Slot<K, V, C>) -> bool,
    ) -> Slot<K, V, C> {
        // Acquire: the version that appended the entry wrote its metadata before.
        let mut number = signed(self.head().index[rest as usize % BUCKETS].load(Ordering::Acquire));
        let last = 2 * len as isize;
        while number > 0 {
            // SAFETY: the index and the chains name entries of the leaf. Of an entry behind the first `len`, only the
            // metadata are read. They were written before the entry was published, and do not change while the leaf is
            // shared.
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

    /// The alignment of a leaf: that of its head or of its slots.
    const ALIGN: usize = if Slot::<K, V, C>::ALIGN > align_of::<Head<AtomicU32>>() {
        Slot::<K, V, C>::ALIGN
    } else {
        align_of::<Head<AtomicU32>>()
    };

    /// The layout of a leaf with room for `room` entries.
    fn layout(room: u32) -> Layout {
        let size = Self::ENTRIES + room as usize * Slot::<K, V, C>::SIZE;
        // This cannot overflow: room grows by doubling, so a leaf with half as many entries is in memory already.
        Layout::from_size_align(size, Self::ALIGN).expect("a leaf is smaller than the address space")
    }

    /// The number of entries before a slot.
    ///
    /// # Safety
    /// The slot is one of this leaf.
    pub(super) unsafe fn at(self, slot: Slot<K, V, C>) -> usize {
        // SAFETY: both slots lie in one allocation.
        unsafe { slot.place().offset_from_unsigned(self.slot(0).place()) / Slot::<K, V, C>::SIZE }
    }

    /// Puts the entry in place `at` at the beginning of its chain.
    ///
    /// # Safety
    /// There is such an entry, it is the last one, and the leaf has chains. Nobody else may append at this place.
    #[inline]
    unsafe fn chain(self, at: usize, tag: u8) {
        // SAFETY: by the contract.
        unsafe {
            let first = &self.head().index[bucket(tag)];
            *self.meta(at) = EntryMeta { next: first.load(Ordering::Relaxed), tag };
            // Release: a version that finds the entry by the index sees its metadata.
            first.store(number_of(at), Ordering::Release);
        }
    }

    /// Puts the entry in place `at` into the index.
    ///
    /// # Safety
    /// As for `chain`, but the leaf may be one for colliding hashes.
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
    /// The caller alone holds the leaf, which has that many entries.
    #[inline]
    pub(super) unsafe fn set_fill(self, fill: u32) {
        self.head().fill.store(fill, Ordering::Relaxed);
    }

    /// Moves the entry in `from` to the place `at`, without counting it.
    ///
    /// # Safety
    /// The caller alone holds the leaf, which has room, chains, and `at` entries. `from` holds an entry.
    #[inline]
    pub(super) unsafe fn move_to(self, at: usize, from: Slot<K, V, C>, tag: u8) {
        // SAFETY: by the contract.
        unsafe {
            self.slot(at).move_from(from);
            self.chain(at, tag);
        }
    }

    /// Builds the index and the chains of the first `len` entries anew from their tags.
    ///
    /// # Safety
    /// The caller alone holds the leaf, which has that many entries.
    unsafe fn rebuild_chains(self, len: usize) {
        let collision = self.is_collision();
        first_of_all(&self.head().index, if collision && len > 0 { number_of(0) } else { 0 });
        if collision {
            // SAFETY: the metadata lie within the head, and only the caller uses the leaf.
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
    /// The caller alone holds the leaf, and puts its entries into the index again.
    pub(super) unsafe fn forget_buckets(self) {
        first_of_all(&self.head().index, 0);
    }

    /// Forgets the entries behind the first `len`, which need no drop.
    ///
    /// # Safety
    /// The caller alone holds the leaf, which has at least `len` entries, and `Slot::INLINE` is true.
    #[cold]
    pub(super) unsafe fn truncate(self, len: u32) {
        debug_assert!(Slot::<K, V, C>::INLINE && len <= self.fill());
        // SAFETY: by the contract.
        unsafe {
            self.rebuild_chains(len as usize);
            self.set_fill(len);
        }
    }

    /// Gives every entry a new tag. Afterwards the index and the chains do not fit the tags.
    ///
    /// # Safety
    /// The caller alone holds the leaf, which has chains. Before anybody else looks at it, the caller splits it, moves
    /// its entries to a leaf for colliding hashes, or builds the chains anew.
    pub(super) unsafe fn retag(self, tag: impl Fn(usize) -> u8) {
        // SAFETY: by the contract.
        unsafe { (0..self.fill() as usize).for_each(|at| (*self.meta(at)).tag = tag(at)) }
    }

    /// The place of the field that names the entry in place `at`: in the index, or in the metadata of the entry before
    /// it in the chain.
    ///
    /// # Safety
    /// There is such an entry, the leaf has chains, and the caller alone holds it.
    #[inline]
    pub(super) unsafe fn number_place(self, at: usize) -> *mut u8 {
        // SAFETY: every entry is in the chain of its bucket.
        unsafe {
            let mut place = self.head().index[bucket(self.tag(at))].as_ptr();
            while *place != number_of(at) {
                place = self.next_in_chain(signed(*place));
            }
            place
        }
    }

    /// Takes the entry in `slot` out of its chain, and moves the last entry of the leaf to its place. `named_at` is the
    /// place of the field that names the entry; it is not used in a leaf for colliding hashes.
    ///
    /// # Safety
    /// The slot is one of this leaf, and its entry has been taken out. The caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn remove_at(self, slot: Slot<K, V, C>, named_at: *mut u8) {
        let last = self.fill() as usize - 1;
        // SAFETY: the removed entry and the last one are in the chains of their tags.
        unsafe {
            self.set_fill(last as u32);
            if self.is_collision() {
                first_of_all(&self.head().index, if last > 0 { number_of(0) } else { 0 });
            } else {
                let number = *named_at;
                *named_at = *self.next_in_chain(signed(number));
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

/// The number of an entry, or 0, or less than 0 for [`COLLISION`].
#[inline]
fn signed(number: u8) -> isize {
    isize::from(number as i8)
}

/// Makes all buckets begin with the entry of this number. Only the sole holder of the leaf may call it.
fn first_of_all(index: &[AtomicU8; BUCKETS], first: u8) {
    // Without atomic operations this is two stores.
    // SAFETY: these are bytes in cells, and nobody else uses them at this time.
    unsafe { ptr::write_bytes(index.as_ptr().cast_mut().cast::<u8>(), first, BUCKETS) }
}

impl<K, V, C: Counter> Leaf<K, V, C> {
    /// A leaf without entries, held once.
    #[inline]
    pub(super) fn new(room: u32) -> Self {
        let layout = Self::layout(room);
        // SAFETY: the size of the layout is not 0, because it includes the head.
        unsafe {
            let memory = alloc(layout);
            if memory.is_null() {
                handle_alloc_error(layout);
            }
            Self::new_at(memory, 0, room)
        }
    }

    /// A leaf without entries, with the memory for its first cells beside it in one block. Building a small map is
    /// mostly the allocator's work, so this saves much of it.
    pub(super) fn with_cells(room: u32, cells: &mut Cells<K, V, C>) -> Self {
        if Slot::<K, V, C>::INLINE || !cells.is_new() {
            return Self::new(room);
        }
        let (leaf, block, start) = Self::beside_cells(room, Cells::<K, V, C>::FIRST_ITEMS);
        // SAFETY: the block has memory for the cells, and counts them.
        unsafe { cells.use_block(block, start) }
        leaf
    }

    /// A leaf without entries in a block that also has memory for `count` cells, and counts them. Also returns the
    /// block, and the offset of the first cell in it.
    #[inline]
    fn beside_cells(room: u32, count: u32) -> (Self, *mut Block, usize) {
        let (leaf, cell) = (Self::layout(room), Slot::<K, V, C>::CELL);
        let align = leaf.align().max(cell.align());
        let start = Block::first(leaf.align());
        let cells_start = (start + leaf.size()).next_multiple_of(cell.align());
        let block = Block::new(cells_start + count as usize * cell.size(), align, count + 1);
        // SAFETY: the block has memory for the leaf, and counts it.
        let leaf = unsafe { Self::new_at(block.cast::<u8>().add(start), start, room) };
        (leaf, block, cells_start)
    }

    /// Makes a leaf without entries at `memory`, which lies `offset` bytes behind the beginning of its block, or in no
    /// block if that is 0.
    ///
    /// # Safety
    /// At `memory` is unused memory with the layout of such a leaf.
    #[inline]
    unsafe fn new_at(memory: *mut u8, offset: usize, room: u32) -> Self {
        let head: *mut Head<C> = memory.cast();
        // SAFETY: the memory has room for the head. The metadata are written together with the entries.
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

    /// Whether the caller, who holds the leaf, is the only holder.
    #[inline]
    pub(super) fn is_unique(self) -> bool {
        self.count().is_unique()
    }

    /// Claims the place `at` for a new entry, and returns whether that succeeded. Others may hold the leaf; of all
    /// versions that see its first `at` entries, only one gets the place.
    #[inline]
    pub(super) fn claim(self, at: u32) -> bool {
        // Relaxed: whatever let this version see the first entries also ordered their writing. The new entry is
        // published by the index.
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
    /// `at` is the next place, and the caller has claimed it or alone holds the leaf. The leaf has chains.
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
    /// The caller alone holds the leaf, which has room.
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

    /// Frees the memory of the leaf, but does not release its entries.
    ///
    /// # Safety
    /// The caller alone holds the leaf, and nobody uses it any more.
    #[inline]
    pub(super) unsafe fn free(self) {
        // SAFETY: the leaf lies in a block, which counts it, or was allocated with this layout.
        unsafe {
            let (room, offset) = (self.room(), (self.head().offset_and_closed & !CLOSED) as usize);
            let address = self.0.cast::<u8>();
            if offset > 0 {
                return Block::give_up::<C>(address.sub(offset).cast(), 1);
            }
            dealloc(address, Self::layout(room));
        }
    }

    /// Moves the entries to a new leaf with room for `room` entries, and frees this one.
    ///
    /// # Safety
    /// The caller alone holds the leaf. `room` is not less than the number of its entries.
    pub(super) unsafe fn moved(self, room: u32) -> Self {
        let (new, len) = (Self::new(room), self.fill() as usize);
        // SAFETY: nobody else holds the leaf, so its entries may move. The new leaf has room for them.
        unsafe {
            ptr::copy_nonoverlapping(self.slot(0).place(), new.slot(0).place(), len * Slot::<K, V, C>::SIZE);
            new.set_fill(len as u32);
            new.copy_chains(self, len, true);
            self.free();
        }
        new
    }

    /// As [`moved`](Self::moved), but cells that lie in sparse blocks and that nobody else holds move as well: to a block
    /// with room for exactly these, together with the leaf. Moves nothing if that would free nothing.
    ///
    /// # Safety
    /// As for `moved`, and the leaf has chains.
    pub(super) unsafe fn gathered(self, room: u32) -> Self {
        let len = self.fill() as usize;
        // SAFETY: nobody else holds the leaf, so its entries may move, and so may the cells that only this leaf holds.
        // The new block has memory for these cells, and counts them. Nothing here calls code of the user.
        unsafe {
            let moves = (0..len)
                .filter(|at| self.slot(*at).has_movable_cell())
                .fold(0u32, |moves, at| moves | 1 << at);
            if moves == 0 {
                return if room == self.room() { self } else { self.moved(room) };
            }
            let (new, block, mut offset) = Self::beside_cells(room, moves.count_ones());
            for at in 0..len {
                let slot = new.slot(at);
                slot.move_from(self.slot(at));
                if moves >> at & 1 != 0 {
                    slot.move_cell(block.cast::<u8>().add(offset), offset);
                    offset += Slot::<K, V, C>::CELL.size();
                }
            }
            new.set_fill(len as u32);
            new.copy_chains(self, len, true);
            self.free();
            new
        }
    }

    /// Moves the entries of `other` here, behind those of this leaf, and frees `other`.
    ///
    /// # Safety
    /// The caller alone holds both leaves, which are at the same level and have chains. This one has room.
    pub(super) unsafe fn take_all(self, other: Self) {
        let mut fill = self.fill();
        // SAFETY: by the contract. Each entry moves once.
        unsafe {
            for at in 0..other.fill() as usize {
                self.move_to(fill as usize, other.slot(at), other.tag(at));
                fill += 1;
            }
            self.set_fill(fill);
            other.free();
        }
    }

    /// An ordinary leaf with the entries of this leaf for colliding hashes, which it frees. `tag` is the tag of them all.
    ///
    /// # Safety
    /// The caller alone holds the leaf, and `room` is not less than the number of its entries.
    pub(super) unsafe fn made_ordinary(self, room: u32, tag: u8) -> Self {
        let new = Self::new(room);
        // SAFETY: by the contract. Each entry moves once.
        unsafe {
            (0..self.fill() as usize).for_each(|at| new.move_to(at, self.slot(at), tag));
            new.set_fill(self.fill());
            self.free();
        }
        new
    }

    /// Changes the tags to those of the level above, where the leaf takes the place of the branch that led to it.
    /// `digit` leads to that place (0 if it is the root). The tag of an entry has all the bits that are needed: the
    /// three that led to the leaf become part of the bucket.
    ///
    /// # Safety
    /// The caller alone holds the leaf, which has chains.
    pub(super) unsafe fn raise(self, digit: u8) {
        let len = self.fill() as usize;
        // SAFETY: by the contract.
        unsafe {
            self.retag(|at| self.tag(at) << BRANCH_BITS | digit);
            self.rebuild_chains(len);
        }
    }

    /// Copies the metadata and the index of another leaf, whose first `len` entries this leaf has. `quiet` says that
    /// nobody appends to the other leaf meanwhile.
    ///
    /// # Safety
    /// The caller alone holds this leaf. If `quiet`, nobody changes the other leaf meanwhile, and `len` is the number
    /// of its entries.
    #[inline]
    unsafe fn copy_chains(self, from: Self, len: usize, quiet: bool) {
        // SAFETY: if nobody changes the other leaf, its index and metadata are plain bytes. Otherwise the index is
        // built anew from the metadata of the first `len` entries, which do not change while the leaf is shared.
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

    /// Gives up a hold of the leaf. The last one frees the leaf.
    ///
    /// # Safety
    /// The hold is the caller's.
    #[inline]
    pub(super) unsafe fn release(self) {
        if self.count().decrement() {
            // SAFETY: that was the last holder.
            unsafe { self.drop_all() }
        }
    }

    /// Releases the entries, and frees the leaf.
    ///
    /// # Safety
    /// The caller alone holds the leaf, and nobody uses it any more.
    unsafe fn drop_all(self) {
        /// A leaf and how many of its entries are left. If releasing one of them panics, the next `Rest` goes on. A
        /// second panic aborts the process.
        struct Rest<K, V, C: Counter>(Leaf<K, V, C>, usize);

        impl<K, V, C: Counter> Drop for Rest<K, V, C> {
            fn drop(&mut self) {
                // SAFETY: each entry is released once. Then the leaf is freed.
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
    /// The caller alone holds the leaf, which has room. `from` holds an entry.
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

    /// A copy of the first `len` entries in a new leaf with room for `room`. `quiet` says that nobody appends to this
    /// leaf meanwhile.
    ///
    /// # Safety
    /// The caller holds the leaf, which has at least `len` entries, and `room` is not less. If `quiet`, nobody appends
    /// to the leaf meanwhile, and `len` is the number of its entries.
    pub(super) unsafe fn copied(self, len: u32, room: u32, quiet: bool) -> Self {
        // SAFETY: by the contract.
        unsafe { self.copied_to(Self::new(room), len, quiet) }
    }

    /// As `copied`, but copies the entries to `new`, which is returned.
    ///
    /// # Safety
    /// As for `copied`. `new` has no entries and room for `len`, and nobody else knows of it.
    #[inline]
    unsafe fn copied_to(self, new: Self, len: u32, quiet: bool) -> Self {
        /// The new leaf and how many entries were copied. It frees both if a `clone` panics.
        struct Copied<K, V, C: Counter>(Leaf<K, V, C>, usize);

        impl<K, V, C: Counter> Drop for Copied<K, V, C> {
            fn drop(&mut self) {
                // SAFETY: that many entries were copied, and nobody else knows of the leaf.
                unsafe {
                    self.0.set_fill(self.1 as u32);
                    self.0.drop_all();
                }
            }
        }

        let len = len as usize;
        let mut copied = Copied(new, 0);
        // SAFETY: the first `len` entries and their metadata do not change while the leaf is shared. The index may
        // change, if somebody appends.
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

/// A pointer to a node: to a leaf if its lowest bit is set, otherwise to a branch. Null means that there is no node.
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

/// A node whose slots name other nodes. Neighbouring slots may name the same leaf, of which the branch then has a
/// single hold.
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

    /// The leaf. The link must name one.
    #[inline]
    pub(super) fn leaf(self) -> Leaf<K, V, C> {
        Leaf(self.0.wrapping_sub(1).cast(), PhantomData)
    }

    /// The branch. The link must name one.
    #[inline]
    pub(super) fn branch(self) -> *mut Branch<K, V, C> {
        self.0.cast()
    }

    /// The entry of a leaf that `matches`. `rest` is what is left of the entry's hash.
    ///
    /// # Safety
    /// The link names a leaf that is alive, and nobody appends to it.
    #[inline]
    pub(super) unsafe fn find(self, rest: u32, matches: impl Fn(Slot<K, V, C>) -> bool) -> Slot<K, V, C> {
        // These are offsets from the link, which is one more than the address of the leaf. This saves the instruction
        // that would clear its lowest bit.
        let (entries, meta) = (Leaf::<K, V, C>::BEFORE_ENTRIES - 1, Leaf::<K, V, C>::BEFORE_META - 1);
        let index = offset_of!(Head<C>, index) - 1;
        // SAFETY: the index and the chains name entries of the leaf, and everything lies within it.
        unsafe {
            let first = self.0.add(index + rest as usize % BUCKETS).cast::<AtomicU8>();
            let mut number = signed((*first).load(Ordering::Relaxed));
            while number > 0 {
                let slot = Slot::new(self.0.add(Leaf::<K, V, C>::distance(number)).add(entries));
                if matches(slot) {
                    return slot;
                }
                number = signed(*self.0.add(number as usize).add(meta));
            }
            if number == 0 { Slot::NONE } else { self.find_colliding(matches) }
        }
    }

    /// As [`Leaf::find_colliding`], out of line.
    ///
    /// # Safety
    /// As for [`find`](Self::find).
    #[cold]
    #[inline(never)]
    unsafe fn find_colliding(self, matches: impl Fn(Slot<K, V, C>) -> bool) -> Slot<K, V, C> {
        // SAFETY: the contract is the same.
        unsafe { self.leaf().find_colliding(matches) }
    }
}

impl<K, V, C: Counter> Link<K, V, C> {
    /// The count of the node's holders.
    ///
    /// # Safety
    /// The link names a node that is alive during `'a`.
    #[inline]
    pub(super) unsafe fn count<'a>(self) -> &'a C {
        // SAFETY: by the contract there is a node, and both kinds of nodes begin with their count.
        unsafe {
            let address = self.0.wrapping_sub(self.0.addr() & 1);
            &*address.cast::<C>()
        }
    }

    /// Gives up a hold of the node. The last one frees the node, and releases its children or entries.
    ///
    /// # Safety
    /// The hold is the caller's.
    pub(super) unsafe fn release(self) {
        // SAFETY: by the contract the node is alive. Only the last holder frees it.
        unsafe {
            if self.is_leaf() {
                self.leaf().release();
            } else if self.count().decrement() {
                drop(Children(self.branch(), 0));
            }
        }
    }
}

/// A branch that nobody holds any more, and the first slot whose child has not been released. When this is dropped, it
/// releases the children from there on and frees the branch, even if releasing a child panics.
struct Children<K, V, C: Counter>(*mut Branch<K, V, C>, usize);

impl<K, V, C: Counter> Drop for Children<K, V, C> {
    fn drop(&mut self) {
        // SAFETY: each child of the branch is released once. The recursion is at most as deep as a hash has levels.
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
    /// The end of the run of slots around `at` that name the same node.
    #[inline]
    pub(super) fn run_end(&self, at: usize) -> usize {
        let link = self.slots[at];
        let mut end = at + 1;
        while end < WIDTH && self.slots[end] == link {
            end += 1;
        }
        end
    }

    /// The beginning of the run of slots around `at` that name the same node.
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
    /// A branch all of whose slots name `link`. It takes over a hold of that node.
    pub(super) fn new(link: Link<K, V, C>) -> *mut Self {
        Box::into_raw(Box::new(Branch { count: C::one(), offset: 0, slots: [link; WIDTH] }))
    }

    /// Frees the memory of a branch, but does not release its children.
    ///
    /// # Safety
    /// The caller alone holds the branch, and nobody uses it any more.
    pub(super) unsafe fn free(branch: *mut Self) {
        // SAFETY: a branch lies in a block, or was allocated by a `Box`, which has the same layout.
        unsafe { block::free::<_, C>(branch) }
    }

    /// Whether the caller, who holds the branch, is the only holder.
    ///
    /// # Safety
    /// The branch is alive.
    #[inline]
    pub(super) unsafe fn is_unique(branch: *mut Self) -> bool {
        // SAFETY: by the contract.
        unsafe { (*branch).count.is_unique() }
    }
}

/// Copies the path from a branch down to a leaf into one block, and returns the copy of the branch. The other children
/// of the branches on the path are shared. `rest` is what is left of a hash at the branch, and tells the path.
/// `room_for` tells how much room the copied leaf gets, given the number of its entries.
///
/// # Safety
/// The caller holds the branch.
pub(super) unsafe fn copied_path<K: Clone, V: Clone, C: Counter>(
    branch: *mut Branch<K, V, C>,
    mut rest: u32,
    room_for: impl Fn(u32) -> u32,
) -> Link<K, V, C> {
    let mut path = [(ptr::null_mut::<Branch<K, V, C>>(), 0); LEVELS as usize];
    let mut length = 0;
    let mut link = Link::of_branch(branch);
    // SAFETY: nodes hold their children. The block has memory for the branches and the leaf, and nobody else knows of
    // it before all are copied. It counts only the leaf at first: if copying the leaf panics, the leaf is freed, and
    // the block with it.
    unsafe {
        while !link.is_leaf() {
            path[length] = (link.branch(), digit(rest));
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
            let (branch, digit) = path[at];
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
