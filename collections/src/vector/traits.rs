//! What std and serde expect of a sequence.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Add, Index, IndexMut};
use std::ptr;

use super::node::{Leaf, Width};
use super::{Appending, GenericVector, IntoIter, Iter, IterMut, tree};
use crate::counter::Counter;

impl<T, C: Counter> Default for GenericVector<T, C> {
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
    /// Whether both have equal elements in the same order. Parts that both share count as equal without being
    /// looked at: a vector equals its clone even where an element, such as NaN, does not equal itself, unless it has its
    /// elements in its handle, where a clone shares nothing.
    fn eq(&self, other: &Self) -> bool {
        if self.len() != other.len() {
            return false;
        }
        if self.tree_len == other.tree_len && !self.shape.is_relaxed() && !other.shape.is_relaxed() {
            // Of the same size and without relaxed branches, they have the same shape.
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
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.iter().partial_cmp(other)
    }
}

impl<T: Ord, C: Counter> Ord for GenericVector<T, C> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other)
    }
}

impl<T: Hash, C: Counter> Hash for GenericVector<T, C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        // Element by element: where one leaf ends and the next begins must not show.
        self.iter().for_each(|element| element.hash(state));
    }
}

impl<T, C: Counter> Index<usize> for GenericVector<T, C> {
    type Output = T;

    /// The element at `index`. O(log n).
    ///
    /// # Panics
    /// Past the end.
    #[inline]
    fn index(&self, index: usize) -> &T {
        match self.get(index) {
            Some(element) => element,
            None => past_end(index, self.len()),
        }
    }
}

impl<T: Clone, C: Counter> IndexMut<usize> for GenericVector<T, C> {
    /// The element at `index` to change. O(log n).
    ///
    /// # Panics
    /// Past the end.
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
    /// Appends every value, a leaf at a time.
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
                // SAFETY: there is room, and the tail is the vector's own.
                unsafe { tail.items().add(length).write(value) };
                length += 1;
                appending.length = length;
                next = if length < room { values.next() } else { None };
            }
        }
    }
}

impl<'a, T: Clone + 'a, C: Counter> Extend<&'a T> for GenericVector<T, C> {
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, values: I) {
        self.extend(values.into_iter().cloned());
    }
}

impl<T: Clone, C: Counter> GenericVector<T, C> {
    /// [`open_tail`](Self::open_tail), which makes room for `more` at once where it makes room; `None` where there is
    /// room for as many in the handle.
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
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut vector = Self::new();
        vector.extend(values);
        vector
    }
}

impl<T: Clone, C: Counter> From<Vec<T>> for GenericVector<T, C> {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Clone, C: Counter> From<&[T]> for GenericVector<T, C> {
    fn from(values: &[T]) -> Self {
        let mut vector = Self::new();
        vector.extend_from_slice(values);
        vector
    }
}

impl<T: Clone, C: Counter> From<&Vec<T>> for GenericVector<T, C> {
    fn from(values: &Vec<T>) -> Self {
        values.as_slice().into()
    }
}

impl<T: Clone, C: Counter, const N: usize> From<[T; N]> for GenericVector<T, C> {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Clone, C: Counter> From<GenericVector<T, C>> for Vec<T> {
    fn from(vector: GenericVector<T, C>) -> Self {
        vector.into_iter().collect()
    }
}

impl<'a, T, C: Counter> IntoIterator for &'a GenericVector<T, C> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T, C>;

    #[inline]
    fn into_iter(self) -> Iter<'a, T, C> {
        self.iter()
    }
}

impl<'a, T: Clone, C: Counter> IntoIterator for &'a mut GenericVector<T, C> {
    type Item = &'a mut T;
    type IntoIter = IterMut<'a, T, C>;

    fn into_iter(self) -> IterMut<'a, T, C> {
        self.iter_mut()
    }
}

impl<T: Clone, C: Counter> IntoIterator for GenericVector<T, C> {
    type Item = T;
    type IntoIter = IntoIter<T, C>;

    fn into_iter(self) -> IntoIter<T, C> {
        IntoIter::new(self)
    }
}

impl<T: Clone, C: Counter> Add for GenericVector<T, C> {
    type Output = Self;

    /// The elements of both. O(log n), as [`append`](GenericVector::append).
    fn add(mut self, other: Self) -> Self {
        self.append(other);
        self
    }
}

impl<T: Clone, C: Counter> Add for &GenericVector<T, C> {
    type Output = GenericVector<T, C>;

    /// The elements of both, which stay. O(log n), as [`concat`](GenericVector::concat).
    fn add(self, other: Self) -> GenericVector<T, C> {
        self.concat(other)
    }
}

#[cfg(feature = "serde")]
mod serialization {
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
    use serde::ser::{Serialize, Serializer};

    use super::GenericVector;
    use crate::counter::Counter;

    impl<T: Serialize, C: Counter> Serialize for GenericVector<T, C> {
        /// As a sequence.
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(self)
        }
    }

    impl<'de, T: Clone + Deserialize<'de>, C: Counter> Deserialize<'de> for GenericVector<T, C> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Elements<T, C>(PhantomData<(T, C)>);

            impl<'de, T: Clone + Deserialize<'de>, C: Counter> Visitor<'de> for Elements<T, C> {
                type Value = GenericVector<T, C>;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a sequence")
                }

                fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                    // One by one: what a size hint says is not to be trusted, and no more than a leaf is reserved.
                    let mut vector = GenericVector::new();
                    while let Some(value) = sequence.next_element()? {
                        vector.push_back(value);
                    }
                    Ok(vector)
                }
            }

            deserializer.deserialize_seq(Elements(PhantomData))
        }
    }
}
