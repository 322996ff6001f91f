//! The contract: what a contender implements.

use crate::shared::{Reader, SharedError, Snapshot, Value, Writer};

/// The writer of a vector in a region.
pub trait SharedVector: Writer<Reader: Reader<Snapshot: VectorSnapshot>> {
    /// Appends an element.
    ///
    /// # Errors
    /// [`SharedError::Full`]; [`SharedError::Unsupported`] if the region does not take such a value. The vector has not
    /// changed then.
    fn push(&mut self, value: Value<'_>) -> Result<(), SharedError>;
    /// Removes the last element. `false` if there is none.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    fn pop(&mut self) -> Result<bool, SharedError>;
    /// Replaces the element at `index`. `false` past the end, where nothing changes.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    fn set_at(&mut self, index: usize, value: Value<'_>) -> Result<bool, SharedError>;
}

/// A version of a vector.
pub trait VectorSnapshot: Snapshot {
    /// The element at `index`; `None` past the end.
    fn get(&self, index: usize) -> Option<Value<'_>>;
    /// The number of elements.
    fn len(&self) -> usize;
    /// Every element in order.
    fn iter(&self) -> impl Iterator<Item = Value<'_>>;

    /// Every element in order, in memory of the caller's.
    fn to_vec(&self) -> Vec<Value<'_>> {
        self.iter().collect()
    }

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
