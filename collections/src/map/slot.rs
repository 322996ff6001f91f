//! The slots of a leaf. A slot holds an entry itself, or a pointer to a *cell*: an allocation with a reference count
//! and the entry.

use std::alloc::Layout;
use std::borrow::Borrow;
use std::marker::PhantomData;
use std::mem;
use std::ptr;

use super::block::{self, BlockItem, Slab};
use crate::counter::Counter;

mod moved;

pub(super) use self::moved::same_slots;

/// An entry that lies in a leaf by value.
struct Pair<K, V> {
    key: K,
    value: V,
}

/// An entry that leaves share. The count says how many leaves point to it.
#[repr(C)]
pub(super) struct Cell<K, V, C> {
    count: C,
    hash: u32,
    offset: u32,
    key: K,
    value: V,
}

impl<K, V, C> BlockItem for Cell<K, V, C> {
    fn offset(&self) -> u32 {
        self.offset
    }
}

/// The memory from which a version takes its next cells.
pub(super) type Cells<K, V, C> = Slab<Cell<K, V, C>, C>;

/// Entries of more bytes are always shared, because copying a leaf would copy too much.
const MAX_INLINE_SIZE: usize = 32;

/// The place of an entry in a leaf.
///
/// It is a raw pointer, not a reference: all its methods assume that the leaf is alive, and most of them that the place
/// holds an entry.
pub(super) struct Slot<K, V, C>(*mut u8, PhantomData<(K, V, C)>);

impl<K, V, C> Clone for Slot<K, V, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, C> Copy for Slot<K, V, C> {}

impl<K, V, C> Slot<K, V, C> {
    /// Whether leaves hold entries by value: if an entry is small and needs no drop, so that cloning it is most likely
    /// cheap. Otherwise leaves share the entries, which costs memory for a cell each.
    ///
    /// That entries need no drop also makes it sound that several versions append to one leaf. An entry appended by a
    /// version with shorter lifetimes stays in memory that an older version frees later. The older version must not
    /// touch the entry then, and without a drop it does not.
    pub(super) const INLINE: bool = !mem::needs_drop::<K>()
        && !mem::needs_drop::<V>()
        && size_of::<Pair<K, V>>() <= MAX_INLINE_SIZE
        && size_of::<Pair<K, V>>() > 0;

    /// Whether cells are so large that memory for a few of them is worth more than the time to move them.
    pub(super) const LARGE: bool = !Self::INLINE && size_of::<Cell<K, V, C>>() > block::LARGE_ITEM;

    /// The number of bytes from one slot to the next. Never 0.
    pub(super) const SIZE: usize =
        if Self::INLINE { size_of::<Pair<K, V>>() } else { size_of::<*mut Cell<K, V, C>>() };

    pub(super) const ALIGN: usize =
        if Self::INLINE { align_of::<Pair<K, V>>() } else { align_of::<*mut Cell<K, V, C>>() };

    /// The layout of a cell.
    pub(super) const CELL: Layout = Layout::new::<Cell<K, V, C>>();

    #[inline]
    pub(super) fn new(place: *mut u8) -> Self {
        Slot(place, PhantomData)
    }

    #[inline]
    pub(super) fn is_none(self) -> bool {
        self.0.is_null()
    }

    pub(super) const NONE: Self = Slot(ptr::null_mut(), PhantomData);

    /// The address of the slot.
    #[inline]
    pub(super) fn place(self) -> *mut u8 {
        self.0
    }

    #[inline]
    fn pair(self) -> *mut Pair<K, V> {
        self.0.cast()
    }

    /// The cell of the entry.
    ///
    /// # Safety
    /// The slot holds an entry, and `INLINE` is false.
    #[inline]
    unsafe fn cell(self) -> *mut Cell<K, V, C> {
        // SAFETY: by the contract the slot holds a pointer to a cell.
        unsafe { self.0.cast::<*mut Cell<K, V, C>>().read() }
    }

    /// # Safety
    /// The slot holds an entry that stays for `'a`.
    #[inline]
    pub(super) unsafe fn key<'a>(self) -> &'a K {
        // SAFETY: by the contract there is an entry, and `INLINE` says of which kind.
        unsafe { if Self::INLINE { &(*self.pair()).key } else { &(*self.cell()).key } }
    }

    /// # Safety
    /// The slot holds an entry that stays for `'a`.
    #[inline]
    pub(super) unsafe fn value<'a>(self) -> &'a V {
        // SAFETY: as in `key`.
        unsafe { if Self::INLINE { &(*self.pair()).value } else { &(*self.cell()).value } }
    }

    /// Whether the entry has this key, whose hash is `hash`.
    ///
    /// # Safety
    /// The slot holds an entry.
    #[inline]
    pub(super) unsafe fn matches<Q: Eq + ?Sized>(self, hash: u32, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        // SAFETY: by the contract.
        unsafe { (Self::INLINE || (*self.cell()).hash == hash) && self.key().borrow() == key }
    }

    /// Whether both entries have equal keys.
    ///
    /// # Safety
    /// Both slots hold entries.
    #[inline]
    pub(super) unsafe fn has_key_of(self, other: Self) -> bool
    where
        K: Eq,
    {
        // SAFETY: by the contract.
        unsafe {
            (Self::INLINE || (*self.cell()).hash == (*other.cell()).hash)
                && self.key::<'_>() == other.key::<'_>()
        }
    }

    /// Whether both slots point to the same cell.
    ///
    /// # Safety
    /// Both slots hold entries.
    #[inline]
    pub(super) unsafe fn has_cell_of(self, other: Self) -> bool {
        // SAFETY: by the contract.
        !Self::INLINE && unsafe { self.cell() == other.cell() }
    }

    /// The hash of the entry's key. Cells store it; for an entry by value, `hash` computes it.
    ///
    /// # Safety
    /// The slot holds an entry.
    #[inline]
    pub(super) unsafe fn hash(self, hash: &impl Fn(&K) -> u32) -> u32 {
        // SAFETY: by the contract.
        unsafe { if Self::INLINE { hash(self.key()) } else { (*self.cell()).hash } }
    }

    /// Moves the entry at `from` here. Afterwards `from` holds none.
    ///
    /// # Safety
    /// `from` holds an entry, this slot does not, and both are places in leaves.
    #[inline]
    pub(super) unsafe fn move_from(self, from: Self) {
        // SAFETY: both places have room for an entry, and are aligned for it.
        unsafe {
            if Self::INLINE {
                self.pair().write(from.pair().read());
            } else {
                self.0.cast::<*mut u8>().write(from.0.cast::<*mut u8>().read());
            }
        }
    }
}

impl<K, V, C: Counter> Slot<K, V, C> {
    /// Whether moving the entry's cell elsewhere is allowed and may free memory: only this leaf holds the cell, and at
    /// least half of its block is unused.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    pub(super) unsafe fn has_movable_cell(self) -> bool {
        // SAFETY: by the contract.
        !Self::INLINE && unsafe { self.is_unique() && block::is_in_sparse_block(self.cell()) }
    }

    /// Moves the entry's cell to `place`, which lies `offset` bytes behind the beginning of its block, and frees the
    /// memory of the old one.
    ///
    /// # Safety
    /// The slot holds an entry, `INLINE` is false, and only this leaf, which the caller alone holds, holds the cell. At
    /// `place` is unused memory with the layout of a cell, which the block counts.
    pub(super) unsafe fn move_cell(self, place: *mut u8, offset: usize) {
        // SAFETY: nobody else can reach the cell, so it may be moved byte by byte. Its old memory is freed without
        // dropping the content, which lives on at the new place.
        unsafe {
            let (old, new): (_, *mut Cell<K, V, C>) = (self.cell(), place.cast());
            ptr::copy_nonoverlapping(old, new, 1);
            (*new).offset = offset as u32;
            self.0.cast::<*mut Cell<K, V, C>>().write(new);
            block::free::<_, C>(old);
        }
    }

    /// Puts an entry into an empty slot.
    ///
    /// # Safety
    /// The slot is a place in a leaf. It holds no entry, and nobody else uses it.
    #[inline]
    pub(super) unsafe fn write(self, hash: u32, key: K, value: V, cells: &mut Cells<K, V, C>) {
        // SAFETY: by the contract there is room for an entry, and nobody else looks at it.
        unsafe {
            if Self::INLINE {
                self.pair().write(Pair { key, value });
            } else {
                let (cell, offset) = cells.next();
                cell.write(Cell { count: C::one(), hash, offset, key, value });
                self.0.cast::<*mut Cell<K, V, C>>().write(cell);
            }
        }
    }

    /// Whether nobody else can reach the entry, if the caller alone holds the leaf.
    ///
    /// # Safety
    /// The slot holds an entry.
    #[inline]
    unsafe fn is_unique(self) -> bool {
        // SAFETY: by the contract.
        Self::INLINE || unsafe { (*self.cell()).count.is_unique() }
    }

    /// Gives up the leaf's hold of the entry. Afterwards the slot holds none.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn release(self) {
        // Entries by value need no drop.
        if !Self::INLINE {
            // SAFETY: this gives up the leaf's hold of the cell, and the last holder frees it.
            unsafe {
                let cell = self.cell();
                if (*cell).count.decrement() {
                    drop(FreeCell(cell));
                }
            }
        }
    }
}

/// A cell that nobody holds any more. When this is dropped, it drops the content of the cell and frees its memory, even
/// if dropping the content panics.
struct FreeCell<K, V, C: Counter>(*mut Cell<K, V, C>);

impl<K, V, C: Counter> Drop for FreeCell<K, V, C> {
    #[inline]
    fn drop(&mut self) {
        struct Memory<K, V, C: Counter>(*mut Cell<K, V, C>);

        impl<K, V, C: Counter> Drop for Memory<K, V, C> {
            #[inline]
            fn drop(&mut self) {
                // SAFETY: the content has been dropped, and nobody uses the cell any more.
                unsafe { block::free::<_, C>(self.0) }
            }
        }

        let _memory = Memory(self.0);
        // SAFETY: nobody else holds the cell, so its content is dropped only here.
        unsafe { ptr::drop_in_place(self.0) }
    }
}

/// What was taken out of a slot.
///
/// * Of an entry by value: the value. The cell is null.
/// * Of a cell that only this leaf held: the cell, with the value in it.
/// * Of a cell that others hold, too: a clone of the value, and the leaf's hold of the cell.
pub(super) struct Taken<K, V, C: Counter> {
    value: Option<V>,
    cell: *mut Cell<K, V, C>,
}

impl<K, V, C: Counter> Taken<K, V, C> {
    /// The value. Everything else is dropped.
    ///
    /// # Safety
    /// What was taken has not been put back, and the caller still alone holds the leaf it was taken from.
    #[inline]
    pub(super) unsafe fn into_value(self) -> V {
        // SAFETY: the hold of a shared cell is given up. A cell that only this leaf held is still not shared, because
        // nobody else can reach the leaf; so key and value are moved out of it, and its memory is freed.
        unsafe {
            match self.value {
                Some(value) => {
                    if !Slot::<K, V, C>::INLINE {
                        let mut cell = self.cell;
                        Slot::<K, V, C>::new((&raw mut cell).cast()).release();
                    }
                    value
                }
                None => {
                    let (key, value) =
                        ((&raw const (*self.cell).key).read(), (&raw const (*self.cell).value).read());
                    block::free::<_, C>(self.cell);
                    drop(key);
                    value
                }
            }
        }
    }
}

impl<K: Clone, V: Clone, C: Counter> Slot<K, V, C> {
    /// Puts a copy of the entry in `from` into an empty slot: a clone of an entry by value, or one more hold of a cell.
    ///
    /// # Safety
    /// `from` holds an entry, this slot does not, and both are places in leaves.
    #[inline]
    pub(super) unsafe fn copy_from(self, from: Self) {
        // SAFETY: by the contract.
        unsafe {
            if Self::INLINE {
                let key = from.key().clone();
                self.pair().write(Pair { key, value: from.value().clone() });
            } else {
                let cell = from.cell();
                (*cell).count.increment();
                self.0.cast::<*mut Cell<K, V, C>>().write(cell);
            }
        }
    }

    /// A clone of the value if other leaves share the entry. It is made before `take` and before the leaf changes,
    /// because `clone` may panic.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn before_take(self) -> Option<V> {
        // SAFETY: by the contract.
        unsafe { if self.is_unique() { None } else { Some(self.value::<'_>().clone()) } }
    }

    /// Takes the entry out of the slot, which then holds none. `before` is what `before_take` returned.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn take(self, before: Option<V>) -> Taken<K, V, C> {
        // SAFETY: by the contract.
        unsafe {
            if Self::INLINE {
                // The key needs no drop, so it may be forgotten.
                let value = (&raw const (*self.pair()).value).read();
                return Taken { value: Some(value), cell: ptr::null_mut() };
            }
            Taken { value: before, cell: self.cell() }
        }
    }

    /// Replaces the entry by another one with an equal key, and returns the value before.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn replace(self, hash: u32, key: K, value: V, cells: &mut Cells<K, V, C>) -> V {
        // SAFETY: an entry that nobody else can reach is replaced in place. A shared cell stays as it is.
        unsafe {
            if Self::INLINE {
                return mem::replace(&mut *self.pair(), Pair { key, value }).value;
            }
            if self.is_unique() {
                let cell = &mut *self.cell();
                let value = mem::replace(&mut cell.value, value);
                cell.key = key;
                return value;
            }
            let before = self.value::<'_>().clone();
            self.exchange(hash, key, value, cells);
            before
        }
    }

    /// The value, to be changed in place. A shared cell is replaced by a copy first.
    ///
    /// # Safety
    /// During `'a` the slot holds an entry, and the caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn value_mut<'a>(self, cells: &mut Cells<K, V, C>) -> &'a mut V {
        // SAFETY: an entry by value is reached through its leaf only. A cell is not shared, or has been replaced by a
        // copy that is not. So nobody else can reach the value.
        unsafe {
            if Self::INLINE {
                return &mut (*self.pair()).value;
            }
            if !self.is_unique() {
                let (key, value) = (self.key::<'_>().clone(), self.value::<'_>().clone());
                self.exchange((*self.cell()).hash, key, value, cells);
            }
            &mut (*self.cell()).value
        }
    }

    /// Puts a new cell into the slot, then gives up the hold of the old one. In this order, because dropping the old
    /// one may panic.
    ///
    /// # Safety
    /// The slot holds an entry, `INLINE` is false, and the caller alone holds the leaf.
    unsafe fn exchange(self, hash: u32, key: K, value: V, cells: &mut Cells<K, V, C>) {
        // SAFETY: the pointer to the old cell moves to a slot on the stack, from which its hold is released.
        unsafe {
            let mut old = self.0.cast::<*mut u8>().read();
            self.write(hash, key, value, cells);
            Self::new((&raw mut old).cast()).release();
        }
    }
}
