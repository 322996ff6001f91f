//! What a leaf holds for each entry: the entry itself, or a pointer to a counted cell with it.

use std::alloc::Layout;
use std::borrow::Borrow;
use std::marker::PhantomData;
use std::mem;
use std::ptr;

use super::block::{self, BlockItem, Slab};
use crate::counter::Counter;

/// An entry by value.
struct Pair<K, V> {
    key: K,
    value: V,
}

/// An entry that leaves share.
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

/// Where a version's next cells come from.
pub(super) type Cells<K, V, C> = Slab<Cell<K, V, C>, C>;

/// Entries larger than this are shared, whatever they are: copying a leaf would copy too much.
const MAX_INLINE_SIZE: usize = 32;

/// The place of an entry in a leaf.
///
/// Not a reference: all its methods take for granted that the leaf is alive, and most that the place holds
/// an entry.
pub(super) struct Slot<K, V, C>(*mut u8, PhantomData<(K, V, C)>);

impl<K, V, C> Clone for Slot<K, V, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, C> Copy for Slot<K, V, C> {}

impl<K, V, C> Slot<K, V, C> {
    /// Whether leaves hold entries by value: where that is small and nothing needs dropping, so that cloning
    /// is most likely cheap. Else they share them, which costs an allocation for each.
    ///
    /// Nothing to drop is also what makes leaves that several versions append to sound: an entry appended by
    /// a version with shorter lifetimes is in memory that an older version frees, but does not touch.
    pub(super) const INLINE: bool = !mem::needs_drop::<K>()
        && !mem::needs_drop::<V>()
        && size_of::<Pair<K, V>>() <= MAX_INLINE_SIZE
        && size_of::<Pair<K, V>>() > 0;

    /// Bytes from one slot to the next; never 0.
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

    /// The address, for iterators.
    #[inline]
    pub(super) fn place(self) -> *mut u8 {
        self.0
    }

    #[inline]
    fn pair(self) -> *mut Pair<K, V> {
        self.0.cast()
    }

    /// # Safety
    /// The slot holds an entry, and entries are not inline.
    #[inline]
    unsafe fn cell(self) -> *mut Cell<K, V, C> {
        // SAFETY: by the contract this slot holds a pointer to a cell.
        unsafe { self.0.cast::<*mut Cell<K, V, C>>().read() }
    }

    /// # Safety
    /// The slot holds an entry that stays for `'a`.
    #[inline]
    pub(super) unsafe fn key<'a>(self) -> &'a K {
        // SAFETY: by the contract there is an entry, of the kind that `INLINE` says.
        unsafe { if Self::INLINE { &(*self.pair()).key } else { &(*self.cell()).key } }
    }

    /// # Safety
    /// The slot holds an entry that stays for `'a`.
    #[inline]
    pub(super) unsafe fn value<'a>(self) -> &'a V {
        // SAFETY: as in `key`.
        unsafe { if Self::INLINE { &(*self.pair()).value } else { &(*self.cell()).value } }
    }

    /// Whether the entry has this key; `hash` is the key's.
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

    /// Whether both have the same key.
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

    /// Whether both are shares of one cell.
    ///
    /// # Safety
    /// Both slots hold entries.
    #[inline]
    pub(super) unsafe fn is_cell_of(self, other: Self) -> bool {
        // SAFETY: by the contract.
        !Self::INLINE && unsafe { self.cell() == other.cell() }
    }

    /// The hash of the entry's key, asking `hash` where it is not at hand.
    ///
    /// # Safety
    /// The slot holds an entry.
    #[inline]
    pub(super) unsafe fn hash(self, hash: &impl Fn(&K) -> u32) -> u32 {
        // SAFETY: by the contract.
        unsafe { if Self::INLINE { hash(self.key()) } else { (*self.cell()).hash } }
    }

    /// Moves the entry at `from` here; there is then none at `from`.
    ///
    /// # Safety
    /// `from` holds an entry, this slot does not, and both are places in leaves.
    #[inline]
    pub(super) unsafe fn move_from(self, from: Self) {
        // SAFETY: both have room for an entry, and are aligned for it.
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
    /// Fills the empty slot.
    ///
    /// # Safety
    /// The slot is a place in a leaf that holds no entry.
    #[inline]
    pub(super) unsafe fn write(self, hash: u32, key: K, value: V, cells: &mut Cells<K, V, C>) {
        // SAFETY: by the contract there is room for an entry, which nobody else looks at.
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

    /// Whether nobody else can reach the entry, given that its leaf is held by the caller alone.
    ///
    /// # Safety
    /// The slot holds an entry.
    #[inline]
    unsafe fn is_unique(self) -> bool {
        // SAFETY: by the contract.
        Self::INLINE || unsafe { (*self.cell()).count.is_unique() }
    }

    /// Lets go of the entry; the slot holds none then.
    ///
    /// # Safety
    /// The slot holds an entry, and the leaf is held by the caller alone.
    #[inline]
    pub(super) unsafe fn release(self) {
        // Entries by value have nothing to drop.
        if !Self::INLINE {
            // SAFETY: the leaf's share of the cell is given up here, and the last holder frees it.
            unsafe {
                let cell = self.cell();
                if (*cell).count.decrement() {
                    drop(Gone(cell));
                }
            }
        }
    }
}

/// Drops a cell's content, then frees it: also if the first panics.
struct Gone<K, V, C: Counter>(*mut Cell<K, V, C>);

impl<K, V, C: Counter> Drop for Gone<K, V, C> {
    #[inline]
    fn drop(&mut self) {
        struct Free<K, V, C: Counter>(*mut Cell<K, V, C>);

        impl<K, V, C: Counter> Drop for Free<K, V, C> {
            #[inline]
            fn drop(&mut self) {
                // SAFETY: the content is gone.
                unsafe { block::free::<_, C>(self.0) }
            }
        }

        let _free = Free(self.0);
        // SAFETY: the last holder drops the content once.
        unsafe { ptr::drop_in_place(self.0) }
    }
}

/// What was in a slot: a value, or a share of a cell, and of a shared one a clone of the value.
pub(super) struct Taken<K, V, C: Counter> {
    value: Option<V>,
    cell: *mut Cell<K, V, C>,
}

impl<K, V, C: Counter> Taken<K, V, C> {
    /// The value; the rest is dropped.
    ///
    /// # Safety
    /// What was taken has not been put back, and the leaf it was taken from is still held by the caller alone.
    #[inline]
    pub(super) unsafe fn into_value(self) -> V {
        // SAFETY: a cell that nobody else reaches is moved out of, and freed without its content; nobody came
        // to share it since `before_take`. Of a shared one a share is given up.
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
    /// Fills the empty slot with what `from` holds: a clone, or a share.
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

    /// A clone of the value where the entry is shared: what `take` needs before the leaf changes, because a
    /// `clone` may panic.
    ///
    /// # Safety
    /// The slot holds an entry, and the leaf is held by the caller alone.
    #[inline]
    pub(super) unsafe fn before_take(self) -> Option<V> {
        // SAFETY: by the contract.
        unsafe { if self.is_unique() { None } else { Some(self.value::<'_>().clone()) } }
    }

    /// Takes the content out of the slot, which holds none then. `before` is what `before_take` returned.
    ///
    /// # Safety
    /// The slot holds an entry, and the leaf is held by the caller alone.
    #[inline]
    pub(super) unsafe fn take(self, before: Option<V>) -> Taken<K, V, C> {
        // SAFETY: by the contract.
        unsafe {
            if Self::INLINE {
                // Nothing needs dropping: the key may be forgotten.
                let value = (&raw const (*self.pair()).value).read();
                return Taken { value: Some(value), cell: ptr::null_mut() };
            }
            Taken { value: before, cell: self.cell() }
        }
    }

    /// Puts another entry of an equal key in the place of this one, and returns the value before.
    ///
    /// # Safety
    /// The slot holds an entry, and the leaf is held by the caller alone.
    #[inline]
    pub(super) unsafe fn replace(self, hash: u32, key: K, value: V, cells: &mut Cells<K, V, C>) -> V {
        // SAFETY: an entry that the caller alone holds is replaced in place; a shared one stays as it is.
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

    /// The value, to be changed in place.
    ///
    /// # Safety
    /// The slot holds an entry, the leaf is held by the caller alone, and both stay so for `'a`.
    #[inline]
    pub(super) unsafe fn value_mut<'a>(self, cells: &mut Cells<K, V, C>) -> &'a mut V {
        // SAFETY: after a shared cell has been replaced by a copy, nobody else reaches the entry.
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

    /// Fills the slot anew, then gives up the share of the cell that was there: dropping that may panic.
    ///
    /// # Safety
    /// The slot holds an entry, and the leaf is held by the caller alone.
    unsafe fn exchange(self, hash: u32, key: K, value: V, cells: &mut Cells<K, V, C>) {
        // SAFETY: entries are cells here; the old one moves to a slot on the stack, from where it is released.
        unsafe {
            let mut old = self.0.cast::<*mut u8>().read();
            self.write(hash, key, value, cells);
            Self::new((&raw mut old).cast()).release();
        }
    }
}
