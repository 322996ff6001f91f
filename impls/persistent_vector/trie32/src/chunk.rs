//! The content of a node: a growable array of up to [`WIDTH`] items that lie in the value itself.

use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::slice;

use crate::WIDTH;

/// Up to 32 items that lie in the value itself.
///
/// Invariant: the first `len` of `items` are initialized, and the chunk owns them; the others are neither.
pub(crate) struct Chunk<T> {
    len: usize,
    items: [MaybeUninit<T>; WIDTH],
}

impl<T> Chunk<T> {
    /// The empty chunk.
    #[inline]
    pub(crate) const fn new() -> Self {
        Chunk { len: 0, items: [const { MaybeUninit::uninit() }; WIDTH] }
    }

    /// Whether no further item fits.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.len == WIDTH
    }

    /// Appends `item`.
    ///
    /// # Panics
    /// If the chunk is full.
    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        self.items[self.len].write(item);
        self.len += 1;
    }

    /// Removes and returns the last item.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: this item was one of the first `len`, so it is initialized and owned; with the new
        // length the chunk no longer owns it.
        Some(unsafe { self.items[self.len].assume_init_read() })
    }

    /// Appends clones of `items`. If `T::clone` panics, the chunk keeps the clones made before.
    ///
    /// # Panics
    /// If the clones do not fit.
    #[inline]
    pub(crate) fn extend_from_slice(&mut self, items: &[T])
    where
        T: Clone,
    {
        let room = &mut self.items[self.len..][..items.len()];
        let mut len = StoreOnDrop { value: self.len, target: &mut self.len };
        for (slot, item) in room.iter_mut().zip(items) {
            slot.write(item.clone());
            len.value += 1;
        }
    }

    /// Moves items from `items` to the end until the chunk is full or there are no more.
    #[inline]
    pub(crate) fn fill(&mut self, items: &mut impl Iterator<Item = T>) {
        while !self.is_full() {
            let Some(item) = items.next() else { return };
            self.push(item);
        }
    }
}

/// Counts in a local variable, and stores the count when it is dropped, even by a panic. Counting in the chunk itself
/// would hide from the compiler that plain items can be copied as memory.
struct StoreOnDrop<'a> {
    value: usize,
    target: &'a mut usize,
}

impl Drop for StoreOnDrop<'_> {
    #[inline]
    fn drop(&mut self) {
        *self.target = self.value;
    }
}

impl<T> Deref for Chunk<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the first `len` items are initialized, and `MaybeUninit<T>` is laid out as `T`.
        unsafe { slice::from_raw_parts(self.items.as_ptr().cast(), self.len) }
    }
}

impl<T> DerefMut for Chunk<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; the items are borrowed as mutably as the chunk.
        unsafe { slice::from_raw_parts_mut(self.items.as_mut_ptr().cast(), self.len) }
    }
}

impl<T> Drop for Chunk<T> {
    fn drop(&mut self) {
        let items: *mut [T] = &mut **self;
        // SAFETY: these are exactly the items that the chunk owns, and nobody reads them afterwards.
        unsafe { items.drop_in_place() }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use testkit::probe::Probe;

    use super::*;

    fn chunk_of(ids: std::ops::Range<u32>) -> Chunk<Probe> {
        let mut chunk = Chunk::new();
        chunk.fill(&mut ids.map(Probe::new));
        chunk
    }

    #[test]
    fn items_are_owned_once() {
        Probe::reset();
        let mut chunk = chunk_of(0..40);
        assert!(chunk.is_full());
        assert_eq!(Probe::live(), 32, "the chunk takes what fits and leaves the rest alone");
        assert_eq!(chunk.pop().map(|last| last.id()), Some(31));
        assert_eq!(Probe::live(), 31);
        drop(chunk);
        assert_eq!(Probe::live(), 0);
        assert!(Chunk::<Probe>::new().pop().is_none());
    }

    #[test]
    fn a_panic_in_clone_keeps_the_clones_made_before() {
        testkit::expect_injected_panics();
        Probe::reset();
        let source = chunk_of(0..10);
        let mut target = chunk_of(0..3);
        Probe::set_fuse(Some(4));
        catch_unwind(AssertUnwindSafe(|| target.extend_from_slice(&source))).unwrap_err();
        assert_eq!(target.iter().map(Probe::id).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2, 3]);
        drop((source, target));
        assert_eq!(Probe::live(), 0);
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn too_many_clones_are_refused() {
        let mut chunk = Chunk::new();
        chunk.extend_from_slice(&[1; 30]);
        chunk.extend_from_slice(&[2; 3]);
    }
}
