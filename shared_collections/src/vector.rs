//! Vectors of typed values.

use std::fmt;
use std::marker::PhantomData;

use crate::error::Error;
use crate::radix::edit::Building;
use crate::radix::{List, WIDTH};
use crate::space::Space;
use crate::value::Value;

/// A vector in a snapshot. A copy of it is the same vector.
#[derive(Clone, Copy)]
pub struct Vector<'a> {
    list: List,
    snapshot: PhantomData<&'a ()>,
}

impl<'a> Vector<'a> {
    #[inline]
    pub(crate) fn new(list: List) -> Self {
        Vector { list, snapshot: PhantomData }
    }

    /// The element with this index. O(log n), without atomic operations and without allocations.
    #[inline]
    pub fn get(self, index: usize) -> Option<Value<'a>> {
        // SAFETY: the snapshot keeps the version for `'a`.
        unsafe { self.list.get(index as u64) }
    }

    /// The number of elements.
    #[inline]
    pub fn len(self) -> usize {
        self.list.shape.len as usize
    }

    /// Whether there are no elements.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.list.shape.len == 0
    }

    /// All elements from the first to the last.
    pub fn iter(self) -> Iter<'a> {
        Iter { list: self.list, next: 0, leaf: std::ptr::null(), snapshot: PhantomData }
    }

    /// All elements in a `Vec`. Texts and bytes are still those in the region.
    pub fn to_vec(self) -> Vec<Value<'a>> {
        self.iter().collect()
    }
}

impl<'a> IntoIterator for Vector<'a> {
    type Item = Value<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Vector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The elements of a [`Vector`].
#[derive(Clone)]
pub struct Iter<'a> {
    list: List,
    next: u64,
    /// The leaf of the next element, unless that is the first of its leaf.
    leaf: *const u8,
    snapshot: PhantomData<&'a ()>,
}

// SAFETY: the snapshot, which may be used by any thread, keeps the leaf as it is.
unsafe impl Send for Iter<'_> {}
// SAFETY: as above.
unsafe impl Sync for Iter<'_> {}

impl<'a> Iterator for Iter<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        let index = self.next;
        if index >= self.list.shape.len {
            return None;
        }
        self.next += 1;
        // SAFETY: the index is checked, and the snapshot keeps the version for `'a`.
        unsafe {
            if (index as usize).is_multiple_of(WIDTH) {
                self.leaf = self.list.leaf(index);
            }
            Some(self.list.element(self.leaf, index))
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.list.shape.len - self.next) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter")
            .field("next", &self.next)
            .field("len", &self.list.shape.len)
            .finish_non_exhaustive()
    }
}

/// The writer's vector, to change it.
pub struct VectorMut<'w> {
    pub(crate) space: &'w mut Space,
    pub(crate) building: &'w mut Building,
}

impl VectorMut<'_> {
    /// Appends an element. Amortised O(1): the last leaf is not copied even if it was published, because older versions
    /// do not look behind their last element.
    ///
    /// # Errors
    /// [`Error::Full`] or [`Error::TooLong`]. The vector has not changed then.
    pub fn push<'v>(&mut self, value: impl Into<Value<'v>>) -> Result<(), Error> {
        self.space.push(self.building, value.into())
    }

    /// Removes the last element. `false` if there is none. Nothing is copied.
    ///
    /// # Errors
    /// None at present.
    pub fn pop(&mut self) -> Result<bool, Error> {
        self.space.pop(self.building)
    }

    /// Replaces an element. O(log n): what was published before is copied first, branches of 144 bytes and a leaf of 304.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::Full`] or [`Error::TooLong`]. The vector has not changed then.
    pub fn set_at<'v>(&mut self, index: usize, value: impl Into<Value<'v>>) -> Result<(), Error> {
        self.space.set_at(self.building, index as u64, value.into())
    }

    /// Removes all elements. O(n).
    pub fn clear(&mut self) {
        self.space.clear_list(self.building);
    }

    /// The vector as it is now, with changes that are not published yet.
    pub fn view(&self) -> Vector<'_> {
        Vector::new(self.space.list(self.building.shape))
    }
}

impl fmt::Debug for VectorMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
