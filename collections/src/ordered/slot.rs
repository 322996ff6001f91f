//! The slots of a leaf. A slot holds an entry itself, or a pointer to a *cell*: an allocation with a reference count
//! and the entry. And the separators of a branch, which are keys or pointers to cells.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem;
use std::ptr;

use crate::counter::Counter;

/// An entry that lies in a leaf by value.
struct Pair<K, V> {
    key: K,
    value: V,
}

/// An entry that leaves share. The count says how many leaves point to it; separators do not count.
struct Cell<K, V, C> {
    count: C,
    key: K,
    value: V,
}

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

impl<K, V, C> PartialEq for Slot<K, V, C> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K, V, C> Slot<K, V, C> {
    /// Whether leaves hold entries by value: if an entry is small and needs no drop, so that cloning it is most likely
    /// cheap. Otherwise leaves share the entries, which costs memory for a cell each.
    pub(super) const INLINE: bool = !mem::needs_drop::<K>()
        && !mem::needs_drop::<V>()
        && size_of::<Pair<K, V>>() <= MAX_INLINE_SIZE
        && size_of::<Pair<K, V>>() > 0;

    /// Whether a comparison of keys is most likely a single instruction, so that searching without loops pays.
    pub(super) const SIMPLE: bool = Self::INLINE && size_of::<K>() <= 16;

    /// The number of bytes from one slot to the next. Never 0.
    pub(super) const SIZE: usize =
        if Self::INLINE { size_of::<Pair<K, V>>() } else { size_of::<*mut Cell<K, V, C>>() };

    pub(super) const ALIGN: usize =
        if Self::INLINE { align_of::<Pair<K, V>>() } else { align_of::<*mut Cell<K, V, C>>() };

    pub(super) const NONE: Self = Slot(ptr::null_mut(), PhantomData);

    #[inline]
    pub(super) fn new(place: *mut u8) -> Self {
        Slot(place, PhantomData)
    }

    #[inline]
    pub(super) fn is_none(self) -> bool {
        self.0.is_null()
    }

    /// The address of the slot.
    #[inline]
    pub(super) fn place(self) -> *mut u8 {
        self.0
    }

    /// The slot `count` places further on.
    ///
    /// # Safety
    /// It lies in the same leaf, or at its end.
    #[inline]
    pub(super) unsafe fn add(self, count: usize) -> Self {
        // SAFETY: by the contract.
        Slot::new(unsafe { self.0.add(count * Self::SIZE) })
    }

    /// The slot before this one.
    ///
    /// # Safety
    /// There is one in the same leaf.
    #[inline]
    pub(super) unsafe fn before(self) -> Self {
        // SAFETY: by the contract.
        Slot::new(unsafe { self.0.sub(Self::SIZE) })
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

    /// Whether both slots point to the same cell.
    ///
    /// # Safety
    /// Both slots hold entries.
    #[inline]
    pub(super) unsafe fn has_cell_of(self, other: Self) -> bool {
        // SAFETY: by the contract.
        !Self::INLINE && unsafe { self.cell() == other.cell() }
    }
}

impl<K, V, C: Counter> Slot<K, V, C> {
    /// Puts an entry into an empty slot.
    ///
    /// # Safety
    /// The slot is a place in a leaf. It holds no entry, and nobody else uses it.
    #[inline]
    pub(super) unsafe fn write(self, key: K, value: V) {
        // SAFETY: by the contract there is room for an entry, and nobody else looks at it. A cell has a count, so its
        // size is not 0.
        unsafe {
            if Self::INLINE {
                self.pair().write(Pair { key, value });
            } else {
                let layout = Layout::new::<Cell<K, V, C>>();
                let cell: *mut Cell<K, V, C> = alloc(layout).cast();
                if cell.is_null() {
                    handle_alloc_error(layout);
                }
                cell.write(Cell { count: C::one(), key, value });
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
                    let _memory = CellMemory(cell);
                    ptr::drop_in_place(cell);
                }
            }
        }
    }
}

/// The memory of a cell whose content is gone.
struct CellMemory<K, V, C>(*mut Cell<K, V, C>);

impl<K, V, C> Drop for CellMemory<K, V, C> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the content has been dropped or moved out, and nobody uses the cell any more.
        unsafe { dealloc(self.0.cast(), Layout::new::<Cell<K, V, C>>()) }
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

    /// Clones of key and value if others share the entry. They are made before `take` and before the leaf changes,
    /// because `clone` may panic.
    ///
    /// # Safety
    /// The slot holds an entry.
    #[inline]
    pub(super) unsafe fn before_take(self) -> Option<(K, V)> {
        // SAFETY: by the contract.
        unsafe {
            if self.is_unique() { None } else { Some((self.key::<'_>().clone(), self.value::<'_>().clone())) }
        }
    }

    /// Takes the entry out of the slot, which then holds none. `before` is what `before_take` returned.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn take(self, before: Option<(K, V)>) -> Taken<K, V, C> {
        // SAFETY: by the contract. An entry by value moves out of the slot.
        unsafe {
            if Self::INLINE {
                let Pair { key, value } = self.pair().read();
                return Taken { entry: Some((key, value)), hold: Hold(ptr::null_mut()) };
            }
            Taken { entry: before, hold: Hold(self.cell()) }
        }
    }

    /// Replaces the entry by another one with an equal key. A shared cell stays as it is, and the slot gets a new one.
    /// The separators that name the cell must be written again before what this returns is dropped.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn replace(self, key: K, value: V) -> (V, Hold<K, V, C>) {
        // SAFETY: an entry that nobody else can reach is replaced in place.
        unsafe {
            if Self::INLINE {
                let before = mem::replace(&mut *self.pair(), Pair { key, value });
                return (before.value, Hold(ptr::null_mut()));
            }
            if self.is_unique() {
                let cell = &mut *self.cell();
                let before = mem::replace(&mut cell.value, value);
                // Dropping the key before may panic, so this comes last.
                cell.key = key;
                return (before, Hold(ptr::null_mut()));
            }
            let before = self.value::<'_>().clone();
            (before, self.exchange(key, value))
        }
    }

    /// Makes sure that nobody else can reach the entry: a shared cell is replaced by a copy. The separators that name
    /// the cell must be written again before what this returns is dropped.
    ///
    /// # Safety
    /// The slot holds an entry, and the caller alone holds the leaf.
    #[inline]
    pub(super) unsafe fn unshare(self) -> Hold<K, V, C> {
        // SAFETY: by the contract.
        unsafe {
            if self.is_unique() {
                return Hold(ptr::null_mut());
            }
            let (key, value) = (self.key::<'_>().clone(), self.value::<'_>().clone());
            self.exchange(key, value)
        }
    }

    /// The value, to be changed in place.
    ///
    /// # Safety
    /// During `'a` the slot holds an entry that nobody else can reach.
    #[inline]
    pub(super) unsafe fn value_mut<'a>(self) -> &'a mut V {
        // SAFETY: by the contract.
        unsafe { if Self::INLINE { &mut (*self.pair()).value } else { &mut (*self.cell()).value } }
    }

    /// Puts a new cell into the slot, and returns the hold of the old one.
    ///
    /// # Safety
    /// The slot holds an entry, `INLINE` is false, and the caller alone holds the leaf.
    unsafe fn exchange(self, key: K, value: V) -> Hold<K, V, C> {
        // SAFETY: by the contract.
        unsafe {
            let old = Hold(self.cell());
            self.write(key, value);
            old
        }
    }
}

/// A hold of a cell that no leaf has any more, or none if it is null. Dropping it may drop the entry, and so may panic.
pub(super) struct Hold<K, V, C: Counter>(*mut Cell<K, V, C>);

impl<K, V, C: Counter> Drop for Hold<K, V, C> {
    #[inline]
    fn drop(&mut self) {
        if !Slot::<K, V, C>::INLINE && !self.0.is_null() {
            // SAFETY: the hold is given up here only.
            unsafe { Slot::<K, V, C>::new((&raw mut self.0).cast()).release() }
        }
    }
}

/// What was taken out of a slot: an entry by value, or clones of a shared entry and the hold of its cell, or only the
/// hold of a cell that nobody else held.
pub(super) struct Taken<K, V, C: Counter> {
    entry: Option<(K, V)>,
    hold: Hold<K, V, C>,
}

impl<K, V, C: Counter> Taken<K, V, C> {
    /// An entry that was cloned and not taken.
    #[inline]
    pub(super) fn cloned(entry: (K, V)) -> Self {
        Taken { entry: Some(entry), hold: Hold(ptr::null_mut()) }
    }

    /// The entry.
    #[inline]
    pub(super) fn into_entry(mut self) -> (K, V) {
        match self.entry {
            Some(entry) => entry,
            None => {
                let cell = mem::replace(&mut self.hold.0, ptr::null_mut());
                // SAFETY: nobody else held the cell when it was taken, and nobody else could reach it since. So key and
                // value move out of it, and its memory is freed.
                unsafe {
                    let entry = ((&raw const (*cell).key).read(), (&raw const (*cell).value).read());
                    drop(CellMemory(cell));
                    entry
                }
            }
        }
    }
}

/// The place of a separator in a branch: a clone of a key if entries lie in leaves by value, and otherwise a pointer to
/// the cell of the first entry below. That entry lives as long as the branch, so the pointer does not count.
pub(super) struct Separator<K, V, C>(*mut u8, PhantomData<(K, V, C)>);

impl<K, V, C> Clone for Separator<K, V, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, C> Copy for Separator<K, V, C> {}

impl<K, V, C> Separator<K, V, C> {
    /// The number of bytes from one separator to the next.
    pub(super) const SIZE: usize =
        if Slot::<K, V, C>::INLINE { size_of::<K>() } else { size_of::<*mut Cell<K, V, C>>() };

    pub(super) const ALIGN: usize =
        if Slot::<K, V, C>::INLINE { align_of::<K>() } else { align_of::<*mut Cell<K, V, C>>() };

    #[inline]
    pub(super) fn new(place: *mut u8) -> Self {
        Separator(place, PhantomData)
    }

    #[inline]
    pub(super) fn place(self) -> *mut u8 {
        self.0
    }

    /// # Safety
    /// There is a separator, and for `'a` it stays and the branch lives.
    #[inline]
    pub(super) unsafe fn key<'a>(self) -> &'a K {
        // SAFETY: by the contract. The cell is alive because the branch holds the leaf that holds it.
        unsafe {
            if Slot::<K, V, C>::INLINE {
                &*self.0.cast::<K>()
            } else {
                &(*self.0.cast::<*mut Cell<K, V, C>>().read()).key
            }
        }
    }

    /// The entry's key as a separator.
    ///
    /// # Safety
    /// The slot holds an entry.
    #[inline]
    pub(super) unsafe fn of(slot: Slot<K, V, C>) -> Detached<K, V, C>
    where
        K: Clone,
    {
        // SAFETY: by the contract.
        unsafe {
            if Slot::<K, V, C>::INLINE {
                Detached::of_key(slot.key::<'_>())
            } else {
                Detached { cell: mem::ManuallyDrop::new(slot.cell()) }
            }
        }
    }

    /// A copy of the separator.
    ///
    /// # Safety
    /// There is a separator.
    #[inline]
    pub(super) unsafe fn read(self) -> Detached<K, V, C>
    where
        K: Clone,
    {
        // SAFETY: by the contract.
        unsafe {
            if Slot::<K, V, C>::INLINE {
                Detached::of_key(&*self.0.cast::<K>())
            } else {
                Detached { cell: mem::ManuallyDrop::new(self.0.cast::<*mut Cell<K, V, C>>().read()) }
            }
        }
    }

    /// # Safety
    /// The place is one for a separator, in a branch that nobody else holds.
    #[inline]
    pub(super) unsafe fn write(self, separator: Detached<K, V, C>) {
        // SAFETY: by the contract there is room, and `INLINE` says which kind the separator is of.
        unsafe {
            if Slot::<K, V, C>::INLINE {
                self.0.cast::<mem::ManuallyDrop<K>>().write(separator.key);
            } else {
                self.0.cast::<*mut Cell<K, V, C>>().write(*separator.cell);
            }
        }
    }
}

/// A separator that lies in no branch. It needs no drop: a key is one that needs none.
pub(super) union Detached<K, V, C> {
    key: mem::ManuallyDrop<K>,
    cell: mem::ManuallyDrop<*mut Cell<K, V, C>>,
}

impl<K: Clone, V, C> Detached<K, V, C> {
    /// A clone of a key, which separates entries that lie in leaves by value.
    #[inline]
    pub(super) fn of_key(key: &K) -> Self {
        debug_assert!(Slot::<K, V, C>::INLINE);
        Detached { key: mem::ManuallyDrop::new(key.clone()) }
    }
}
