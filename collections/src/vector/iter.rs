//! Iterators over a vector, which walk it leaf by leaf.

use std::fmt;
use std::hint::assert_unchecked;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::mem;
use std::ptr::NonNull;
use std::slice;

use super::GenericVector;
use super::node::{Branch, Leaf, Width};
use super::tree;
use crate::counter::Counter;

/// Every element of a vector in order, returned by [`iter`](GenericVector::iter).
///
/// `next` and `next_back` take O(1), amortised; `nth` and `nth_back` take O(log n).
///
/// ```
/// let vector: persistent_collections::Vector<u32> = (0..1000).collect();
/// let mut iter = vector.iter();
/// assert_eq!((iter.nth(500), iter.next_back(), iter.len()), (Some(&500), Some(&999), 498));
/// ```
pub struct Iter<'a, T, C: Counter> {
    /// What is left of the leaf at the front.
    front: Rest<'a, T>,
    vector: &'a GenericVector<T, C>,
    /// The elements `next..end` are left, besides those of `front` and `back`.
    next: usize,
    end: usize,
    /// What is left of the leaf at the back.
    back: Rest<'a, T>,
}

/// What is left of a leaf: a slice that can be walked from both ends.
///
/// This is not a `slice::Iter`, because in a loop over several of them the compiler forgets that no address is null,
/// and compares the address of every element with null. Here only the address of the slice must not be null.
struct Rest<'a, T> {
    items: *const T,
    /// The elements `from..to` of the slice are left.
    from: usize,
    to: usize,
    elements: PhantomData<&'a [T]>,
}

impl<T> Clone for Rest<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rest<'_, T> {}

// SAFETY: a `Rest` is a `&[T]`.
unsafe impl<T: Sync> Send for Rest<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Rest<'_, T> {}

impl<'a, T> Rest<'a, T> {
    #[inline]
    fn of(slice: &'a [T]) -> Self {
        let items = slice.as_ptr();
        // SAFETY: the address of a slice is never null.
        unsafe { assert_unchecked(!items.is_null()) };
        Rest { items, from: 0, to: slice.len(), elements: PhantomData }
    }

    #[inline]
    fn len(&self) -> usize {
        self.to - self.from
    }

    #[inline]
    fn as_slice(&self) -> &'a [T] {
        // SAFETY: `from..to` lies within the slice.
        unsafe { slice::from_raw_parts(self.items.add(self.from), self.len()) }
    }

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        if self.from == self.to {
            return None;
        }
        let at = self.from;
        self.from += 1;
        // SAFETY: `at` was within `from..to`, so within the slice.
        Some(unsafe { &*self.items.add(at) })
    }

    #[inline]
    fn next_back(&mut self) -> Option<&'a T> {
        if self.from == self.to {
            return None;
        }
        self.to -= 1;
        // SAFETY: `to` was greater than `from`, so the element before it is within the slice.
        Some(unsafe { &*self.items.add(self.to) })
    }
}

impl<'a, T, C: Counter> Iter<'a, T, C> {
    #[inline]
    pub(super) fn new(vector: &'a GenericVector<T, C>) -> Self {
        let none = Rest::of(&[]);
        if vector.tree_len == 0 {
            return Iter { front: Rest::of(vector.last_slice()), vector, next: 0, end: 0, back: none };
        }
        Iter { front: none, vector, next: 0, end: vector.len(), back: none }
    }
}

/// The elements of the leaf at `next`, from `next` on, and before `end`.
#[inline(never)]
fn leaf_from<T, C: Counter>(vector: &GenericVector<T, C>, next: usize, end: usize) -> &[T] {
    let (start, leaf) = vector.chunk(next);
    &leaf[next - start..leaf.len().min(end - start)]
}

/// The elements of the leaf that ends at `end`, from `next` on.
#[inline(never)]
fn leaf_to<T, C: Counter>(vector: &GenericVector<T, C>, next: usize, end: usize) -> &[T] {
    let (start, leaf) = vector.chunk(end - 1);
    &leaf[next.max(start) - start..end - start]
}

impl<'a, T, C: Counter> Iterator for Iter<'a, T, C> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(element) = self.front.next() {
                return Some(element);
            }
            if self.next == self.end {
                return self.back.next();
            }
            let leaf = leaf_from(self.vector, self.next, self.end);
            self.next += leaf.len();
            self.front = Rest::of(leaf);
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.front.len() + (self.end - self.next) + self.back.len();
        (left, Some(left))
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a T) -> B>(mut self, init: B, mut f: F) -> B {
        let mut state = self.front.as_slice().iter().fold(init, &mut f);
        while self.next != self.end {
            let leaf = leaf_from(self.vector, self.next, self.end);
            self.next += leaf.len();
            state = leaf.iter().fold(state, &mut f);
        }
        self.back.as_slice().iter().fold(state, f)
    }

    fn nth(&mut self, n: usize) -> Option<&'a T> {
        if n < self.front.len() {
            self.front = Rest::of(&self.front.as_slice()[n..]);
            return self.front.next();
        }
        let n = n - self.front.len();
        self.front = Rest::of(&[]);
        if n < self.end - self.next {
            self.next += n;
            return self.next();
        }
        let n = n - (self.end - self.next);
        self.next = self.end;
        self.back = Rest::of(self.back.as_slice().get(n..).unwrap_or_default());
        self.back.next()
    }

    fn last(mut self) -> Option<&'a T> {
        self.next_back()
    }

    fn count(self) -> usize {
        self.len()
    }
}

impl<'a, T, C: Counter> DoubleEndedIterator for Iter<'a, T, C> {
    #[inline]
    fn next_back(&mut self) -> Option<&'a T> {
        loop {
            if let Some(element) = self.back.next_back() {
                return Some(element);
            }
            if self.next == self.end {
                return self.front.next_back();
            }
            let leaf = leaf_to(self.vector, self.next, self.end);
            self.end -= leaf.len();
            self.back = Rest::of(leaf);
        }
    }

    fn nth_back(&mut self, n: usize) -> Option<&'a T> {
        if n < self.back.len() {
            self.back.to -= n;
            return self.back.next_back();
        }
        let n = n - self.back.len();
        self.back = Rest::of(&[]);
        if n < self.end - self.next {
            self.end -= n;
            return self.next_back();
        }
        let n = n - (self.end - self.next);
        self.end = self.next;
        self.front.to -= n.min(self.front.len());
        self.front.next_back()
    }
}

impl<T, C: Counter> ExactSizeIterator for Iter<'_, T, C> {}
impl<T, C: Counter> FusedIterator for Iter<'_, T, C> {}

impl<T, C: Counter> Clone for Iter<'_, T, C> {
    fn clone(&self) -> Self {
        Iter { ..*self }
    }
}

impl<T: fmt::Debug, C: Counter> fmt::Debug for Iter<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The elements of a vector as slices, one per leaf, returned by [`leaves`](GenericVector::leaves).
pub struct Leaves<'a, T, C: Counter> {
    vector: &'a GenericVector<T, C>,
    next: usize,
    end: usize,
}

impl<'a, T, C: Counter> Leaves<'a, T, C> {
    pub(super) fn new(vector: &'a GenericVector<T, C>) -> Self {
        Leaves { vector, next: 0, end: vector.len() }
    }
}

impl<'a, T, C: Counter> Iterator for Leaves<'a, T, C> {
    type Item = &'a [T];

    fn next(&mut self) -> Option<&'a [T]> {
        if self.next == self.end {
            return None;
        }
        let leaf = leaf_from(self.vector, self.next, self.end);
        self.next += leaf.len();
        Some(leaf)
    }
}

impl<'a, T, C: Counter> DoubleEndedIterator for Leaves<'a, T, C> {
    fn next_back(&mut self) -> Option<&'a [T]> {
        if self.next == self.end {
            return None;
        }
        let leaf = leaf_to(self.vector, self.next, self.end);
        self.end -= leaf.len();
        Some(leaf)
    }
}

impl<T, C: Counter> FusedIterator for Leaves<'_, T, C> {}

impl<T, C: Counter> Clone for Leaves<'_, T, C> {
    fn clone(&self) -> Self {
        Leaves { ..*self }
    }
}

impl<T: fmt::Debug, C: Counter> fmt::Debug for Leaves<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Every element of a vector in order, to be changed, returned by [`iter_mut`](GenericVector::iter_mut).
pub struct IterMut<'a, T, C: Counter> {
    front: slice::IterMut<'a, T>,
    /// Used only to reach leaves of which no element has been handed out yet.
    vector: *mut GenericVector<T, C>,
    next: usize,
    end: usize,
    back: slice::IterMut<'a, T>,
    borrow: PhantomData<&'a mut GenericVector<T, C>>,
}

// SAFETY: an `IterMut` is a `&mut GenericVector` and mutable references into it.
unsafe impl<'a, T, C: Counter> Send for IterMut<'a, T, C> where &'a mut GenericVector<T, C>: Send {}
// SAFETY: as above.
unsafe impl<'a, T, C: Counter> Sync for IterMut<'a, T, C> where &'a mut GenericVector<T, C>: Sync {}

impl<'a, T: Clone, C: Counter> IterMut<'a, T, C> {
    pub(super) fn new(vector: &'a mut GenericVector<T, C>) -> Self {
        let end = vector.len();
        IterMut { front: [].iter_mut(), vector, next: 0, end, back: [].iter_mut(), borrow: PhantomData }
    }

    /// Makes the leaf of the element at `index` the vector's own, and returns those of its elements that lie within
    /// `next..end`.
    #[inline(never)]
    fn leaf(&mut self, index: usize) -> &'a mut [T] {
        // SAFETY: the vector is borrowed for `'a`, and nobody else uses it. Making a leaf its own copies that leaf and
        // branches above it if they are shared. It never moves a leaf that is the vector's own already, so the elements
        // handed out before stay where they are. This leaf was not handed out yet, because `next..end` begins and ends
        // at the ends of leaves. Elements in the handle count as one leaf.
        unsafe {
            let vector = &mut *self.vector;
            let (start, length, items) = if index < vector.tree_len {
                let run = vector.run(index);
                (run.start, run.length, vector.own_leaf_at(index).0.items())
            } else if let Some(items) = vector.small_slice_mut() {
                (0, items.len(), items.as_mut_ptr())
            } else {
                (vector.tree_len, vector.tail_len(), vector.own_tail().items())
            };
            let (from, to) = (self.next.max(start), self.end.min(start + length));
            slice::from_raw_parts_mut(items.add(from - start), to - from)
        }
    }
}

impl<'a, T: Clone, C: Counter> Iterator for IterMut<'a, T, C> {
    type Item = &'a mut T;

    #[inline]
    fn next(&mut self) -> Option<&'a mut T> {
        loop {
            if let Some(element) = self.front.next() {
                return Some(element);
            }
            if self.next == self.end {
                return self.back.next();
            }
            let leaf = self.leaf(self.next);
            self.next += leaf.len();
            self.front = leaf.iter_mut();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.front.len() + (self.end - self.next) + self.back.len();
        (left, Some(left))
    }
}

impl<'a, T: Clone, C: Counter> DoubleEndedIterator for IterMut<'a, T, C> {
    #[inline]
    fn next_back(&mut self) -> Option<&'a mut T> {
        loop {
            if let Some(element) = self.back.next_back() {
                return Some(element);
            }
            if self.next == self.end {
                return self.front.next_back();
            }
            let leaf = self.leaf(self.end - 1);
            self.end -= leaf.len();
            self.back = leaf.iter_mut();
        }
    }
}

impl<T: Clone, C: Counter> ExactSizeIterator for IterMut<'_, T, C> {}
impl<T: Clone, C: Counter> FusedIterator for IterMut<'_, T, C> {}

impl<T: fmt::Debug, C: Counter> fmt::Debug for IterMut<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterMut").field("next", &self.next).field("end", &self.end).finish_non_exhaustive()
    }
}

/// The elements of a vector as slices to be changed, one per leaf, returned by
/// [`leaves_mut`](GenericVector::leaves_mut).
pub struct LeavesMut<'a, T, C: Counter>(IterMut<'a, T, C>);

impl<'a, T: Clone, C: Counter> LeavesMut<'a, T, C> {
    pub(super) fn new(vector: &'a mut GenericVector<T, C>) -> Self {
        LeavesMut(IterMut::new(vector))
    }
}

impl<'a, T: Clone, C: Counter> Iterator for LeavesMut<'a, T, C> {
    type Item = &'a mut [T];

    fn next(&mut self) -> Option<&'a mut [T]> {
        if self.0.next == self.0.end {
            return None;
        }
        let leaf = self.0.leaf(self.0.next);
        self.0.next += leaf.len();
        Some(leaf)
    }
}

impl<'a, T: Clone, C: Counter> DoubleEndedIterator for LeavesMut<'a, T, C> {
    fn next_back(&mut self) -> Option<&'a mut [T]> {
        if self.0.next == self.0.end {
            return None;
        }
        let leaf = self.0.leaf(self.0.end - 1);
        self.0.end -= leaf.len();
        Some(leaf)
    }
}

impl<T: Clone, C: Counter> FusedIterator for LeavesMut<'_, T, C> {}

impl<T: fmt::Debug, C: Counter> fmt::Debug for LeavesMut<'_, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LeavesMut").field(&self.0).finish()
    }
}

/// The elements of a vector by value, returned by `into_iter`. Elements of leaves that no other version holds are
/// moved, all others are cloned. `next` and `next_back` take O(1), amortised, and the time for a clone.
///
/// ```
/// let old: persistent_collections::Vector<String> = ["a", "b"].map(str::to_owned).into();
/// let new = old.update(1, "c".to_owned());
/// assert_eq!(new.into_iter().collect::<String>(), "ac");
/// assert_eq!(old.into_iter().collect::<String>(), "ab");
/// ```
pub struct IntoIter<T, C: Counter> {
    front: Part<T>,
    back: Part<T>,
    next: usize,
    end: usize,
    /// Dropped last, because the elements of the two parts lie in its leaves.
    vector: GenericVector<T, C>,
}

/// Elements of one leaf of the vector that have not been yielded yet.
struct Part<T> {
    items: NonNull<T>,
    length: usize,
    /// Whether the iterator owns the elements and may move them out. Then the leaf does not count them any more.
    own: bool,
}

impl<T> Part<T> {
    const NONE: Self = Part { items: NonNull::dangling(), length: 0, own: true };

    /// The element at `at`: moved out if it is the iterator's own, otherwise a clone.
    ///
    /// # Safety
    /// `at` is less than the length, the leaf is held, and the caller takes an own element only once.
    unsafe fn item(&self, at: usize) -> T
    where
        T: Clone,
    {
        // SAFETY: by the contract there is such an element, and it may be moved out if it is the iterator's own.
        unsafe {
            let item = self.items.add(at);
            if self.own { item.read() } else { item.as_ref().clone() }
        }
    }

    fn next(&mut self) -> Option<T>
    where
        T: Clone,
    {
        if self.length == 0 {
            return None;
        }
        // SAFETY: the next two lines move on behind the element, so it is taken only once. If cloning it panics, it
        // stays.
        unsafe {
            let item = self.item(0);
            self.items = self.items.add(1);
            self.length -= 1;
            Some(item)
        }
    }

    fn next_back(&mut self) -> Option<T>
    where
        T: Clone,
    {
        let last = self.length.checked_sub(1)?;
        // SAFETY: the next line cuts off the last element, so it is taken only once.
        let item = unsafe { self.item(last) };
        self.length = last;
        Some(item)
    }
}

impl<T> Drop for Part<T> {
    fn drop(&mut self) {
        if self.own && mem::needs_drop::<T>() {
            // SAFETY: the iterator owns these elements, and the leaf does not count them.
            unsafe { NonNull::slice_from_raw_parts(self.items, self.length).drop_in_place() }
        }
    }
}

// SAFETY: an `IntoIter` is a vector and elements of it.
unsafe impl<T, C: Counter> Send for IntoIter<T, C> where GenericVector<T, C>: Send {}
// SAFETY: as above.
unsafe impl<T, C: Counter> Sync for IntoIter<T, C> where GenericVector<T, C>: Sync {}

impl<T, C: Counter> IntoIter<T, C> {
    pub(super) fn new(vector: GenericVector<T, C>) -> Self {
        let end = vector.len();
        IntoIter { front: Part::NONE, vector, next: 0, end, back: Part::NONE }
    }

    /// The elements of the leaf that has the element at `index`, and their number. They lie within `next..end`, because
    /// that range begins and ends at the ends of leaves.
    fn part(&self, index: usize) -> (Part<T>, usize) {
        let run = self.vector.run(index);
        let own = run.leaf.is_unique() && (index >= self.vector.tree_len || self.owns_path(index));
        if own {
            // SAFETY: only this vector can reach the leaf. The elements that it sees there go to the iterator.
            unsafe {
                run.leaf.forget_beyond(run.length);
                run.leaf.set_fill(0);
            }
        }
        // SAFETY: the elements lie in an allocation, so their address is not null.
        let items = unsafe { NonNull::new_unchecked(run.leaf.items()) };
        (Part { items, length: run.length, own }, run.length)
    }

    /// The element at `index` if elements lie in the handle. The index must be an end of `next..end`, and the caller
    /// must move that end past it.
    ///
    /// These elements do not become a [`Part`], because the handle moves together with the iterator.
    #[inline]
    fn small_item(&self, index: usize) -> Option<T> {
        // SAFETY: the element was not yielded yet. It needs no drop, so the handle may keep its bytes.
        self.vector.is_small().then(|| unsafe { self.vector.small_items().add(index).read() })
    }

    /// The elements that are left, moved. They must lie in leaves that only this vector can reach.
    pub(super) fn into_vec(mut self) -> Vec<T> {
        let mut values = Vec::with_capacity(self.end - self.next);
        while self.next < self.end {
            let at = values.len();
            if let Some(value) = self.small_item(self.next) {
                values.push(value);
                self.next += 1;
                continue;
            }
            let (mut part, length) = self.part(self.next);
            assert!(part.own, "the leaves are the vector's own");
            self.next += length;
            // SAFETY: there is room for all elements. The part owns these, and gives them away.
            unsafe {
                values.as_mut_ptr().add(at).copy_from_nonoverlapping(part.items.as_ptr(), length);
                part.length = 0;
                values.set_len(at + length);
            }
        }
        values
    }

    /// Whether no other version holds any of the branches above the leaf of the element at `index`.
    fn owns_path(&self, mut index: usize) -> bool {
        let Some(mut link) = self.vector.nodes().root else { return false };
        for height in (1..=self.vector.shape.height()).rev() {
            // SAFETY: above the leaves are branches, held by the vector.
            let branch = unsafe { Branch::<C>::from_link(link) };
            if !branch.is_unique() {
                return false;
            }
            let (slot, begin) = tree::locate::<T, C>(branch, height, index);
            link = branch.child(slot);
            index -= begin;
        }
        // SAFETY: the nodes at height 0 are leaves.
        debug_assert!(index < Width::<T>::LEAF && unsafe { Leaf::<T, C>::from_link(link) }.is_unique());
        true
    }
}

impl<T: Clone, C: Counter> Iterator for IntoIter<T, C> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(element) = self.front.next() {
                return Some(element);
            }
            if self.next == self.end {
                return self.back.next();
            }
            if let Some(element) = self.small_item(self.next) {
                self.next += 1;
                return Some(element);
            }
            let (part, length) = self.part(self.next);
            self.next += length;
            self.front = part;
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.front.length + (self.end - self.next) + self.back.length;
        (left, Some(left))
    }
}

impl<T: Clone, C: Counter> DoubleEndedIterator for IntoIter<T, C> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        loop {
            if let Some(element) = self.back.next_back() {
                return Some(element);
            }
            if self.next == self.end {
                return self.front.next_back();
            }
            if let Some(element) = self.small_item(self.end - 1) {
                self.end -= 1;
                return Some(element);
            }
            let (part, length) = self.part(self.end - 1);
            self.end -= length;
            self.back = part;
        }
    }
}

impl<T: Clone, C: Counter> ExactSizeIterator for IntoIter<T, C> {}
impl<T: Clone, C: Counter> FusedIterator for IntoIter<T, C> {}

impl<T, C: Counter> fmt::Debug for IntoIter<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoIter").field("next", &self.next).field("end", &self.end).finish_non_exhaustive()
    }
}
