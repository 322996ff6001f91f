//! Traits of std that a sequence implements.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Add, Index, IndexMut};
use std::ptr;

use super::node::{Leaf, Width};
use super::{Appending, GenericVector, IntoIter, Iter, IterMut, tree};
use crate::counter::Counter;

impl<T, C: Counter> Default for GenericVector<T, C> {
    /// An empty vector. O(1), allocates nothing.
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug, C: Counter> fmt::Debug for GenericVector<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T: PartialEq, C: Counter> PartialEq for GenericVector<T, C> {
    /// Whether both vectors have equal elements in the same order. O(n), but skips the nodes that both share if both
    /// trees have the same shape, and otherwise the leaves that both share.
    ///
    /// In a shared leaf, even an element that does not equal itself, such as NaN, counts as equal. Elements in the
    /// handle are never shared.
    fn eq(&self, other: &Self) -> bool {
        if self.len() != other.len() {
            return false;
        }
        if self.tree_len == other.tree_len && !self.shape.is_relaxed() && !other.shape.is_relaxed() {
            // Trees of the same size without relaxed branches have the same shape.
            let (left, right) = (self.last_slice(), other.last_slice());
            let trees = match (self.tree(), other.tree()) {
                // SAFETY: the two vectors hold their trees.
                (Some(left), Some(right)) => unsafe { tree::equal::<T, C>(left, right) },
                _ => true,
            };
            return trees && (ptr::eq(left, right) || left == right);
        }
        let (mut left, mut right): (&[T], &[T]) = (&[], &[]);
        let (mut left_leaves, mut right_leaves) = (self.leaves(), other.leaves());
        loop {
            if left.is_empty() {
                left = match left_leaves.next() {
                    Some(leaf) => leaf,
                    None => return true,
                };
            }
            if right.is_empty() {
                right = right_leaves.next().unwrap_or_default();
            }
            let length = left.len().min(right.len());
            let (left_part, right_part) = (&left[..length], &right[..length]);
            if left_part.as_ptr() != right_part.as_ptr() && left_part != right_part {
                return false;
            }
            (left, right) = (&left[length..], &right[length..]);
        }
    }
}

impl<T: Eq, C: Counter> Eq for GenericVector<T, C> {}

impl<T: PartialOrd, C: Counter> PartialOrd for GenericVector<T, C> {
    /// Compares element by element, as slices do. O(n).
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.iter().partial_cmp(other)
    }
}

impl<T: Ord, C: Counter> Ord for GenericVector<T, C> {
    /// Compares element by element, as slices do. O(n).
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other)
    }
}

impl<T: Hash, C: Counter> Hash for GenericVector<T, C> {
    /// Equal vectors have equal hashes. O(n).
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        // Element by element, because the hash must not depend on where one leaf ends and the next begins.
        self.iter().for_each(|element| element.hash(state));
    }
}

impl<T, C: Counter> Index<usize> for GenericVector<T, C> {
    type Output = T;

    /// The element at `index`. O(log n), allocates nothing.
    ///
    /// # Panics
    /// If `index` is not less than the length.
    #[inline]
    fn index(&self, index: usize) -> &T {
        match self.get(index) {
            Some(element) => element,
            None => past_end(index, self.len()),
        }
    }
}

impl<T: Clone, C: Counter> IndexMut<usize> for GenericVector<T, C> {
    /// The element at `index`, to be changed in this version only. Costs the same as
    /// [`get_mut`](GenericVector::get_mut).
    ///
    /// # Panics
    /// If `index` is not less than the length.
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        let length = self.len();
        match self.get_mut(index) {
            Some(element) => element,
            None => past_end(index, length),
        }
    }
}

#[cold]
#[inline(never)]
fn past_end(index: usize, length: usize) -> ! {
    panic!("index {index} is past the end of {length} elements")
}

impl<T: Clone, C: Counter> Extend<T> for GenericVector<T, C> {
    /// Appends every value. O(1) for each, amortised. Copies a shared tail at most once. If the iterator panics, the
    /// values before it stay.
    ///
    /// # Panics
    /// If there would be more than `isize::MAX` elements, or up to 64 fewer.
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        let mut values = values.into_iter();
        while let Some(value) = values.next() {
            let Some(tail) = self.open_tail_for(values.size_hint().0.saturating_add(1)) else {
                self.push_back(value);
                continue;
            };
            let mut length = self.tail_len();
            let room = usize::from(self.tail_room);
            let mut appending = Appending { vector: self, tail, length };
            let mut next = Some(value);
            while let Some(value) = next {
                // SAFETY: `length` is less than `room`, and the tail is the vector's own.
                unsafe { tail.items().add(length).write(value) };
                length += 1;
                appending.length = length;
                next = if length < room { values.next() } else { None };
            }
        }
    }
}

impl<'a, T: Clone + 'a, C: Counter> Extend<&'a T> for GenericVector<T, C> {
    /// Appends a clone of every value. O(1) for each, amortised.
    ///
    /// # Panics
    /// If there would be more than `isize::MAX` elements, or up to 64 fewer.
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, values: I) {
        self.extend(values.into_iter().cloned());
    }
}

impl<T: Clone, C: Counter> GenericVector<T, C> {
    /// As [`open_tail`](Self::open_tail), but if there is no tail yet, the new one has room for `more` elements.
    /// Returns `None` if the handle has room for them.
    pub(super) fn open_tail_for(&mut self, more: usize) -> Option<Leaf<T, C>> {
        let more = more.min(Width::<T>::LEAF);
        if self.is_small() {
            let length = self.small_len() + more;
            return (length > Self::MAX_SMALL).then(|| self.leave_handle(self.room_for(length)));
        }
        if self.nodes().tail.is_none() {
            return Some(self.new_tail(more));
        }
        Some(self.open_tail())
    }
}

impl<T: Clone, C: Counter> FromIterator<T> for GenericVector<T, C> {
    /// A vector of the values. O(n).
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut vector = Self::new();
        vector.extend(values);
        vector
    }
}

impl<T: Clone, C: Counter> From<Vec<T>> for GenericVector<T, C> {
    /// A vector of the values, which are moved. O(n).
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Clone, C: Counter> From<&[T]> for GenericVector<T, C> {
    /// A vector of clones of the values. O(n).
    fn from(values: &[T]) -> Self {
        let mut vector = Self::new();
        vector.extend_from_slice(values);
        vector
    }
}

impl<T: Clone, C: Counter> From<&Vec<T>> for GenericVector<T, C> {
    /// A vector of clones of the values. O(n).
    fn from(values: &Vec<T>) -> Self {
        values.as_slice().into()
    }
}

impl<T: Clone, C: Counter, const N: usize> From<[T; N]> for GenericVector<T, C> {
    /// A vector of the values, which are moved. O(n).
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Clone, C: Counter> From<GenericVector<T, C>> for Vec<T> {
    /// The elements, which are moved out of leaves that no other version holds, and otherwise cloned. O(n).
    fn from(vector: GenericVector<T, C>) -> Self {
        vector.into_iter().collect()
    }
}

impl<'a, T, C: Counter> IntoIterator for &'a GenericVector<T, C> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T, C>;

    /// The same as [`iter`](GenericVector::iter).
    #[inline]
    fn into_iter(self) -> Iter<'a, T, C> {
        self.iter()
    }
}

impl<'a, T: Clone, C: Counter> IntoIterator for &'a mut GenericVector<T, C> {
    type Item = &'a mut T;
    type IntoIter = IterMut<'a, T, C>;

    /// The same as [`iter_mut`](GenericVector::iter_mut).
    fn into_iter(self) -> IterMut<'a, T, C> {
        self.iter_mut()
    }
}

impl<T: Clone, C: Counter> IntoIterator for GenericVector<T, C> {
    type Item = T;
    type IntoIter = IntoIter<T, C>;

    /// The elements by value, moved or cloned as [`IntoIter`] says. O(1), and O(1) amortised for each element.
    fn into_iter(self) -> IntoIter<T, C> {
        IntoIter::new(self)
    }
}

impl<T: Clone, C: Counter> Add for GenericVector<T, C> {
    type Output = Self;

    /// The elements of both. Costs the same as [`append`](GenericVector::append).
    ///
    /// # Panics
    /// If the result would have more than `isize::MAX` elements, or up to 64 fewer.
    fn add(mut self, other: Self) -> Self {
        self.append(other);
        self
    }
}

impl<T: Clone, C: Counter> Add for &GenericVector<T, C> {
    type Output = GenericVector<T, C>;

    /// The elements of both, which stay as they are. Costs the same as [`concat`](GenericVector::concat).
    ///
    /// # Panics
    /// If the result would have more than `isize::MAX` elements, or up to 64 fewer.
    fn add(self, other: Self) -> GenericVector<T, C> {
        self.concat(other)
    }
}
