//! Moving entries out of slots, and replacing them without cloning.

use std::mem::offset_of;
use std::ptr;

use super::super::block;
use super::{Cell, Cells, Pair, Slot};
use crate::counter::Counter;

impl<K, V, C: Counter> Slot<K, V, C> {
    /// Whether nobody else can reach the entry, if the caller alone holds the leaf.
    ///
    /// # Safety
    /// The slot holds an entry.
    pub(in crate::map) unsafe fn is_sole(self) -> bool {
        // SAFETY: the contract is the same.
        unsafe { self.is_unique() }
    }

    /// The place of the value.
    ///
    /// # Safety
    /// The slot holds an entry.
    pub(in crate::map) unsafe fn value_place(self) -> *mut V {
        // SAFETY: by the contract there is an entry, and `INLINE` says of which kind.
        unsafe { if Self::INLINE { &raw mut (*self.pair()).value } else { &raw mut (*self.cell()).value } }
    }

    /// Moves the entry out of the slot, which then holds none. `clone` is a clone of the entry, which is returned
    /// instead if others hold the entry, too.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf. There is a clone if the entry is not sole.
    pub(in crate::map) unsafe fn take_entry(self, clone: Option<(K, V)>) -> (K, V) {
        // SAFETY: an entry that nobody else can reach is moved out, and nobody looks at its place again. The memory of
        // a cell is freed. The hold of a shared cell is given up.
        unsafe {
            if let Some(entry) = clone {
                self.release();
                return entry;
            }
            if Self::INLINE {
                let pair = self.pair().read();
                return (pair.key, pair.value);
            }
            let cell = self.cell();
            let entry = ((&raw const (*cell).key).read(), (&raw const (*cell).value).read());
            block::free::<_, C>(cell);
            entry
        }
    }

    /// Takes the leaf's hold of the entry out of the slot, which then holds none.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    pub(in crate::map) unsafe fn lift(self) -> Lifted<K, V, C> {
        // SAFETY: by the contract. An entry by value needs no drop, so it may be forgotten.
        Lifted(if Self::INLINE { ptr::null_mut() } else { unsafe { self.cell() } })
    }
}

/// A hold of a cell that no leaf counts any more; null for an entry by value.
pub(in crate::map) struct Lifted<K, V, C: Counter>(*mut Cell<K, V, C>);

impl<K, V, C: Counter> Drop for Lifted<K, V, C> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the pointer is in a place like that of a slot, and its hold is given up once.
            unsafe { Slot::<K, V, C>::new((&raw mut self.0).cast()).release() }
        }
    }
}

impl<K: Clone, V: Clone, C: Counter> Slot<K, V, C> {
    /// Replaces the entry by another one with an equal key. Clones nothing, and drops what was replaced.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    pub(in crate::map) unsafe fn put(self, hash: u32, key: K, value: V, cells: &mut Cells<K, V, C>) {
        // SAFETY: by the contract. `replace` clones the value of shared cells only, and `exchange` is for cells.
        unsafe {
            if self.is_unique() {
                drop(self.replace(hash, key, value, cells));
            } else {
                self.exchange(hash, key, value, cells);
            }
        }
    }
}

/// Whether slots of entries `(K, V)` may be used as slots of entries `(K2, V2)`, given that `K2` and `V2` are
/// transparent wrappers of `K` and `V`. For cells this is guaranteed, because they are `repr(C)`.
pub(in crate::map) const fn same_slots<K, V, K2, V2, C>() -> bool {
    Slot::<K, V, C>::INLINE == Slot::<K2, V2, C>::INLINE
        && size_of::<Pair<K, V>>() == size_of::<Pair<K2, V2>>()
        && align_of::<Pair<K, V>>() == align_of::<Pair<K2, V2>>()
        && offset_of!(Pair<K, V>, key) == offset_of!(Pair<K2, V2>, key)
        && offset_of!(Pair<K, V>, value) == offset_of!(Pair<K2, V2>, value)
}
