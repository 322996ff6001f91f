//! Views of a vector for access to many elements by index. They remember the leaf of the last element, so that the next
//! one in the same leaf is found without descending the tree.

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Bound, Range, RangeBounds};
use std::ptr;
use std::slice;

use super::{GenericVector, Iter};
use crate::counter::{Atomic, Counter};

/// The bounds of a range within a view of `length` elements.
fn within(range: impl RangeBounds<usize>, length: usize) -> Range<usize> {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1),
        Bound::Excluded(end) => *end,
        Bound::Unbounded => length,
    };
    assert!(start <= end && end <= length, "range {start}..{end} is not within a focus of {length} elements");
    start..end
}

#[cold]
#[inline(never)]
fn past_end(index: usize, length: usize) -> ! {
    panic!("index {index} is past the end of a focus of {length} elements")
}

/// A view for reading many elements by index, returned by [`focus`](GenericVector::focus).
///
/// It remembers the leaf of the element that was read last. Reading another element of the same leaf takes O(1), any
/// other one O(log n). For elements in order, [`iter`](GenericVector::iter) is faster still.
pub struct Focus<'a, T, C: Counter = Atomic> {
    vector: &'a GenericVector<T, C>,
    /// The elements `start..end` of the vector are in view.
    start: usize,
    end: usize,
    /// The leaf of the last element, and the index of its first element.
    leaf: &'a [T],
    leaf_start: usize,
}

impl<'a, T, C: Counter> Focus<'a, T, C> {
    pub(super) fn new(vector: &'a GenericVector<T, C>) -> Self {
        Focus { vector, start: 0, end: vector.len(), leaf: &[], leaf_start: 0 }
    }

    /// The number of elements in view. O(1).
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there is no element in view. O(1).
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The element at `index`, or `None` past the end. O(1) in the leaf of the last element, otherwise O(log n).
    #[inline]
    pub fn get(&mut self, index: usize) -> Option<&'a T> {
        if index >= self.len() {
            return None;
        }
        let index = self.start + index;
        let offset = index.wrapping_sub(self.leaf_start);
        match self.leaf.get(offset) {
            Some(element) => Some(element),
            None => Some(self.load(index)),
        }
    }

    /// The element at `index` of the vector, after remembering its leaf.
    #[inline(never)]
    fn load(&mut self, index: usize) -> &'a T {
        (self.leaf_start, self.leaf) = self.vector.chunk(index);
        &self.leaf[index - self.leaf_start]
    }

    /// The element at `index`. Costs the same as [`get`](Self::get).
    ///
    /// # Panics
    /// If `index` is not less than the length.
    #[inline]
    pub fn index(&mut self, index: usize) -> &'a T {
        match self.get(index) {
            Some(element) => element,
            None => past_end(index, self.len()),
        }
    }

    /// The elements in view that lie in one leaf with the element at `index`, and the range of their indices. Costs the
    /// same as [`get`](Self::get).
    ///
    /// # Panics
    /// If `index` is not less than the length.
    pub fn chunk_at(&mut self, index: usize) -> (Range<usize>, &'a [T]) {
        self.index(index);
        let (from, to) = (self.leaf_start.max(self.start), (self.leaf_start + self.leaf.len()).min(self.end));
        (from - self.start..to - self.start, &self.leaf[from - self.leaf_start..to - self.leaf_start])
    }

    /// A view of fewer elements. O(1).
    ///
    /// # Panics
    /// If the range ends past the end of the view, or begins behind its own end.
    #[must_use]
    pub fn narrow(self, range: impl RangeBounds<usize>) -> Self {
        let range = within(range, self.len());
        Focus { start: self.start + range.start, end: self.start + range.end, ..self }
    }

    /// Two views: of the elements before `index`, and of the others. O(1).
    ///
    /// # Panics
    /// If `index` is greater than the length.
    #[must_use]
    pub fn split_at(self, index: usize) -> (Self, Self) {
        (self.clone().narrow(..index), self.narrow(index..))
    }
}

impl<T, C: Counter> Clone for Focus<'_, T, C> {
    fn clone(&self) -> Self {
        Focus { ..*self }
    }
}

impl<'a, T, C: Counter> IntoIterator for Focus<'a, T, C> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T, C>;

    /// Every element in view, in order. O(log n), and O(1) amortised for each element.
    fn into_iter(self) -> Iter<'a, T, C> {
        let mut iter = self.vector.iter();
        // Whatever the order of the two, `nth` and `nth_back` skip whole leaves.
        if let Some(last) = self.start.checked_sub(1) {
            iter.nth(last);
        }
        if let Some(last) = (self.vector.len() - self.end).checked_sub(1) {
            iter.nth_back(last);
        }
        iter
    }
}

impl<T: fmt::Debug, C: Counter> fmt::Debug for Focus<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// A view for reading and changing many elements by index, returned by [`focus_mut`](GenericVector::focus_mut).
///
/// It remembers the leaf of the last element. Another element of the same leaf takes O(1), any other one O(log n).
/// Leaves and branches that other versions share are copied when one of their elements is reached, even for reading.
pub struct FocusMut<'a, T, C: Counter = Atomic> {
    vector: *mut GenericVector<T, C>,
    /// The elements `start..end` of the vector are in view.
    start: usize,
    end: usize,
    /// The place of the first element in view of the last element's leaf, its index, and the number of such elements.
    leaf: *mut T,
    leaf_start: usize,
    leaf_len: usize,
    /// Whether all leaves in view are the vector's own. Then the focus does not change the tree any more, and there may
    /// be a second one for other elements.
    own: bool,
    borrow: PhantomData<&'a mut GenericVector<T, C>>,
}

// SAFETY: a `FocusMut` is a `&mut GenericVector` and mutable references into it. If there are several, their elements
// are different, and they only read the tree.
unsafe impl<'a, T, C: Counter> Send for FocusMut<'a, T, C> where &'a mut GenericVector<T, C>: Send {}
// SAFETY: as above. A `&self` offers only the length.
unsafe impl<'a, T, C: Counter> Sync for FocusMut<'a, T, C> where &'a mut GenericVector<T, C>: Sync {}

impl<'a, T: Clone, C: Counter> FocusMut<'a, T, C> {
    pub(super) fn new(vector: &'a mut GenericVector<T, C>) -> Self {
        let end = vector.len();
        let vector: *mut GenericVector<T, C> = vector;
        let (mut leaf, mut leaf_len) = (ptr::NonNull::dangling().as_ptr(), 0);
        // SAFETY: the vector is borrowed for `'a`. If elements lie in the handle, all do, so they are remembered, and
        // the handle is not looked at again.
        if let Some(items) = unsafe { (*vector).small_slice_mut() } {
            (leaf, leaf_len) = (items.as_mut_ptr(), items.len());
        }
        FocusMut { vector, start: 0, end, leaf, leaf_start: 0, leaf_len, own: false, borrow: PhantomData }
    }

    /// The number of elements in view. O(1).
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there is no element in view. O(1).
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The place of the element at `index`, which is the vector's own.
    #[inline]
    fn place(&mut self, index: usize) -> Option<*mut T> {
        if index >= self.len() {
            return None;
        }
        let index = self.start + index;
        if index.wrapping_sub(self.leaf_start) >= self.leaf_len {
            self.load(index);
        }
        // SAFETY: the leaf has this element.
        Some(unsafe { self.leaf.add(index - self.leaf_start) })
    }

    /// Remembers the leaf of the element at `index` of the vector. Unless all leaves in view are the vector's own, makes
    /// this one its own.
    #[inline(never)]
    fn load(&mut self, index: usize) {
        // SAFETY: the vector is borrowed for `'a`. It is only read if there may be other views. Elements do not lie in
        // the handle, because then all of them are remembered. Making a leaf its own does not move leaves that are the
        // vector's own already.
        let (start, length, items) = unsafe {
            let run = (*self.vector).run(index);
            let items = if self.own {
                run.leaf.items()
            } else if index < (*self.vector).tree_len {
                (*self.vector).own_leaf_at(index).0.items()
            } else {
                (*self.vector).own_tail().items()
            };
            (run.start, run.length, items)
        };
        // Only the elements in view, because the others may be in another view.
        let (from, to) = (start.max(self.start), (start + length).min(self.end));
        // SAFETY: the leaf has these elements.
        self.leaf = unsafe { items.add(from - start) };
        (self.leaf_start, self.leaf_len) = (from, to - from);
    }

    /// The element at `index`, or `None` past the end. O(1) in the leaf of the last element, otherwise O(log n). Copies
    /// what is shared, as [`get_mut`](Self::get_mut) does.
    #[inline]
    pub fn get(&mut self, index: usize) -> Option<&T> {
        self.get_mut(index).map(|element| &*element)
    }

    /// The element at `index`, to be changed, or `None` past the end. O(1) in the leaf of the last element, otherwise it
    /// costs the same as [`get_mut`](GenericVector::get_mut) of the vector.
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        // SAFETY: the element is the vector's own, no other view has it, and this one is borrowed together with it.
        self.place(index).map(|place| unsafe { &mut *place })
    }

    /// The element at `index`. Costs the same as [`get`](Self::get).
    ///
    /// # Panics
    /// If `index` is not less than the length.
    #[inline]
    pub fn index(&mut self, index: usize) -> &T {
        self.index_mut(index)
    }

    /// The element at `index`, to be changed. Costs the same as [`get_mut`](Self::get_mut).
    ///
    /// # Panics
    /// If `index` is not less than the length.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "`index` is no `Index`, because it takes `&mut self`")]
    pub fn index_mut(&mut self, index: usize) -> &mut T {
        let length = self.len();
        match self.get_mut(index) {
            Some(element) => element,
            None => past_end(index, length),
        }
    }

    /// Replaces the element at `index`, and returns the old one, or `None` past the end. Costs the same as
    /// [`get_mut`](Self::get_mut).
    pub fn set(&mut self, index: usize, value: T) -> Option<T> {
        Some(mem::replace(self.get_mut(index)?, value))
    }

    /// Exchanges two elements. Costs the same as [`get_mut`](Self::get_mut) for each of the two.
    ///
    /// # Panics
    /// If one of the indices is not less than the length.
    pub fn swap(&mut self, i: usize, j: usize) {
        if i == j {
            self.index_mut(i);
        } else {
            self.pair(i, j, mem::swap);
        }
    }

    /// Calls `change` with two elements. Costs the same as [`get_mut`](Self::get_mut) for each of the two.
    ///
    /// # Panics
    /// If the indices are equal, or one of them is not less than the length.
    pub fn pair<R>(&mut self, i: usize, j: usize, change: impl FnOnce(&mut T, &mut T) -> R) -> R {
        assert!(i != j, "the indices of a pair are different");
        let (first, second): (*mut T, *mut T) = (self.index_mut(i), self.index_mut(j));
        // SAFETY: the two elements are different, and both are the vector's own. Reaching the second one did not move
        // the first, and no other view has either.
        unsafe { change(&mut *first, &mut *second) }
    }

    /// Calls `change` with three elements. Costs the same as [`get_mut`](Self::get_mut) for each of the three.
    ///
    /// # Panics
    /// If two of the indices are equal, or one of them is not less than the length.
    pub fn triplet<R>(
        &mut self,
        i: usize,
        j: usize,
        k: usize,
        change: impl FnOnce(&mut T, &mut T, &mut T) -> R,
    ) -> R {
        assert!(i != j && j != k && i != k, "the indices of a triplet are different");
        let (first, second, third): (*mut T, *mut T, *mut T) =
            (self.index_mut(i), self.index_mut(j), self.index_mut(k));
        // SAFETY: as in `pair`.
        unsafe { change(&mut *first, &mut *second, &mut *third) }
    }

    /// The elements in view that lie in one leaf with the element at `index`, to be changed, and the range of their
    /// indices. Costs the same as [`get_mut`](Self::get_mut).
    ///
    /// # Panics
    /// If `index` is not less than the length.
    pub fn chunk_at(&mut self, index: usize) -> (Range<usize>, &mut [T]) {
        self.index_mut(index);
        let (from, to) = (self.leaf_start.max(self.start), (self.leaf_start + self.leaf_len).min(self.end));
        // SAFETY: the leaf has these elements, which are in view, so no other view has them.
        let chunk = unsafe { slice::from_raw_parts_mut(self.leaf.add(from - self.leaf_start), to - from) };
        (from - self.start..to - self.start, chunk)
    }

    /// A view of fewer elements. O(1).
    ///
    /// # Panics
    /// If the range ends past the end of the view, or begins behind its own end.
    #[must_use]
    pub fn narrow(self, range: impl RangeBounds<usize>) -> Self {
        let range = within(range, self.len());
        FocusMut { start: self.start + range.start, end: self.start + range.end, ..self }
    }

    /// Two views: of the elements before `index`, and of the others. Several threads may change the two at the same
    /// time. O(n) for n elements in view: first copies everything in view that other versions share.
    ///
    /// # Panics
    /// If `index` is greater than the length.
    ///
    /// ```
    /// use std::thread;
    ///
    /// let mut vector: persistent_collections::Vector<u32> = (0..1000).collect();
    /// let (mut left, mut right) = vector.focus_mut().split_at(500);
    /// thread::scope(|scope| {
    ///     scope.spawn(move || (0..500).for_each(|index| *left.index_mut(index) += 1));
    ///     scope.spawn(move || (0..500).for_each(|index| *right.index_mut(index) += 2));
    /// });
    /// assert_eq!((vector[0], vector[999]), (1, 1001));
    /// ```
    #[must_use]
    pub fn split_at(mut self, index: usize) -> (Self, Self) {
        let length = self.len();
        assert!(index <= length, "index {index} is past the end of a focus of {length} elements");
        let mut next = 0;
        while !self.own && next < length {
            next = self.chunk_at(next).0.end;
        }
        let view = |start, end| FocusMut { start, end, own: true, ..self };
        let middle = self.start + index;
        (view(self.start, middle), view(middle, self.end))
    }
}

impl<T, C: Counter> fmt::Debug for FocusMut<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FocusMut").field("start", &self.start).field("end", &self.end).finish_non_exhaustive()
    }
}

/// The elements in view of a [`FocusMut`] in order, to be changed, returned by its `into_iter`.
pub struct FocusIterMut<'a, T, C: Counter> {
    focus: FocusMut<'a, T, C>,
    /// The elements from here on have not been handed out, nor are they in `leaf`.
    next: usize,
    leaf: slice::IterMut<'a, T>,
}

impl<'a, T: Clone, C: Counter> IntoIterator for FocusMut<'a, T, C> {
    type Item = &'a mut T;
    type IntoIter = FocusIterMut<'a, T, C>;

    /// Every element in view in order, to be changed. O(1) for each element, amortised. Leaves and branches that other
    /// versions share are copied when the iteration reaches them.
    fn into_iter(self) -> FocusIterMut<'a, T, C> {
        FocusIterMut { focus: self, next: 0, leaf: [].iter_mut() }
    }
}

impl<'a, T: Clone, C: Counter> Iterator for FocusIterMut<'a, T, C> {
    type Item = &'a mut T;

    #[inline]
    fn next(&mut self) -> Option<&'a mut T> {
        if let Some(element) = self.leaf.next() {
            return Some(element);
        }
        if self.next == self.focus.len() {
            return None;
        }
        let (range, leaf) = self.focus.chunk_at(self.next);
        let leaf: *mut [T] = leaf;
        self.next = range.end;
        // SAFETY: the vector is borrowed for `'a`. Each leaf is handed out once, and reaching other leaves does not
        // move it.
        self.leaf = unsafe { (*leaf).iter_mut() };
        self.leaf.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.leaf.len() + (self.focus.len() - self.next);
        (left, Some(left))
    }
}

impl<T: Clone, C: Counter> ExactSizeIterator for FocusIterMut<'_, T, C> {}
impl<T: Clone, C: Counter> FusedIterator for FocusIterMut<'_, T, C> {}

impl<T, C: Counter> fmt::Debug for FocusIterMut<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FocusIterMut")
            .field("focus", &self.focus)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
