//! A persistent ordered set: a [map](super) whose entries have no values.
//!
//! ```
//! use persistent_collections::OrdSet;
//!
//! let mut due: OrdSet<_> = [17, 3, 8].into();
//! let before = due.clone();
//! assert_eq!(due.pop_first(), Some(3));
//! assert_eq!((due.iter().copied().collect::<Vec<_>>(), before.len()), (vec![8, 17], 3));
//! ```

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::iter::FusedIterator;
use std::ops::RangeBounds;

use super::GenericOrdMap;
use crate::counter::{Atomic, Counter};

/// A persistent ordered set; see the [module](self). `C` says how references are counted: [`OrdSet`] for several
/// threads, [`rc::OrdSet`](crate::rc::OrdSet) for one.
pub struct GenericOrdSet<T, C: Counter> {
    map: GenericOrdMap<T, (), C>,
}

/// A [`GenericOrdSet`] whose versions several threads may hold.
pub type OrdSet<T> = GenericOrdSet<T, Atomic>;

impl<T, C: Counter> Clone for GenericOrdSet<T, C> {
    /// Another version with the same elements. O(1), allocates nothing.
    #[inline]
    fn clone(&self) -> Self {
        GenericOrdSet { map: self.map.clone() }
    }
}

impl<T, C: Counter> Default for GenericOrdSet<T, C> {
    /// An empty set. O(1), allocates nothing.
    fn default() -> Self {
        Self::new()
    }
}

impl<T, C: Counter> GenericOrdSet<T, C> {
    /// An empty set. O(1), allocates nothing.
    #[inline]
    pub const fn new() -> Self {
        GenericOrdSet { map: GenericOrdMap::new() }
    }

    /// A set of one element. O(1).
    pub fn unit(element: T) -> Self
    where
        T: Ord + Clone,
    {
        GenericOrdSet { map: GenericOrdMap::unit(element, ()) }
    }

    /// The number of elements. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is no element. O(1).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Whether both are the same version, as for [maps](GenericOrdMap::ptr_eq). O(1).
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.map.ptr_eq(&other.map)
    }

    /// The elements, in order. O(1) for each element on average, from both ends.
    pub fn iter(&self) -> Iter<'_, T, C> {
        Iter(self.map.keys())
    }

    /// The least element. O(log n), without a comparison.
    pub fn first(&self) -> Option<&T> {
        self.iter().next()
    }

    /// The greatest element. O(log n), without a comparison.
    pub fn last(&self) -> Option<&T> {
        self.iter().next_back()
    }

    /// Removes all elements. Takes time in proportion to the nodes that only this version holds.
    pub fn clear(&mut self) {
        self.map.clear();
    }
}

impl<T: Ord, C: Counter> GenericOrdSet<T, C> {
    /// Whether the set has this element. O(log n).
    #[inline]
    pub fn contains<Q: Ord + ?Sized>(&self, element: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.map.contains_key(element)
    }

    /// The element that is equal to this one. O(log n).
    pub fn get<Q: Ord + ?Sized>(&self, element: &Q) -> Option<&T>
    where
        T: Borrow<Q>,
    {
        self.map.get_key_value(element).map(|entry| entry.0)
    }

    /// The elements in a range, in order. O(log n), and O(1) for each element on average, from both ends.
    ///
    /// # Panics
    /// As for [maps](GenericOrdMap::range).
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Range<'_, T, C>
    where
        T: Borrow<Q>,
    {
        Range(self.map.range(range))
    }

    /// The greatest element that is at most this one. O(log n).
    pub fn get_prev<Q: Ord + ?Sized>(&self, element: &Q) -> Option<&T>
    where
        T: Borrow<Q>,
    {
        self.map.get_prev(element).map(|entry| entry.0)
    }

    /// The least element that is at least this one. O(log n).
    pub fn get_next<Q: Ord + ?Sized>(&self, element: &Q) -> Option<&T>
    where
        T: Borrow<Q>,
    {
        self.map.get_next(element).map(|entry| entry.0)
    }

    /// Whether `other` has all elements of this set. As fast as [`diff`](GenericOrdMap::diff).
    pub fn is_subset(&self, other: &Self) -> bool {
        self.map.is_submap(&other.map)
    }

    /// Whether this set has all elements of `other`. As fast as [`diff`](GenericOrdMap::diff).
    pub fn is_superset(&self, other: &Self) -> bool {
        other.is_subset(self)
    }
}

impl<T: Ord + Clone, C: Counter> GenericOrdSet<T, C> {
    /// Puts an element into the set. Returns whether there was no equal one; it is replaced. O(log n).
    #[inline]
    pub fn insert(&mut self, element: T) -> bool {
        self.map.insert(element, ()).is_none()
    }

    /// Removes an element, and returns whether it was there. O(log n).
    #[inline]
    pub fn remove<Q: Ord + ?Sized>(&mut self, element: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.map.remove(element).is_some()
    }

    /// Removes the element that is equal to this one, and returns it. O(log n).
    pub fn take<Q: Ord + ?Sized>(&mut self, element: &Q) -> Option<T>
    where
        T: Borrow<Q>,
    {
        self.map.remove_with_key(element).map(|entry| entry.0)
    }

    /// Removes the least element, and returns it. O(log n), without a comparison.
    pub fn pop_first(&mut self) -> Option<T> {
        self.map.pop_first().map(|entry| entry.0)
    }

    /// Removes the greatest element, and returns it. O(log n), without a comparison.
    pub fn pop_last(&mut self) -> Option<T> {
        self.map.pop_last().map(|entry| entry.0)
    }

    /// A version with this element. O(log n).
    pub fn update(&self, element: T) -> Self {
        GenericOrdSet { map: self.map.update(element, ()) }
    }

    /// A version without this element. O(log n).
    pub fn without<Q: Ord + ?Sized>(&self, element: &Q) -> Self
    where
        T: Borrow<Q>,
    {
        GenericOrdSet { map: self.map.without(element) }
    }

    /// Splits the set: the elements from this one on are removed and returned. O(log² n).
    pub fn split_off<Q: Ord + ?Sized>(&mut self, element: &Q) -> Self
    where
        T: Borrow<Q>,
    {
        GenericOrdSet { map: self.map.split_off(element) }
    }

    /// Puts all elements of `other` behind those of this set. O(log n).
    ///
    /// # Panics
    /// If not all elements of `other` are greater than those of this set. This set has not changed then.
    pub fn append(&mut self, other: Self) {
        self.map.append(other.map);
    }

    /// Keeps only the elements of which `keep` is true, as for [maps](GenericOrdMap::retain).
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain(|element, ()| keep(element));
    }

    /// The elements of both sets, as for [maps](GenericOrdMap::union).
    pub fn union(self, other: Self) -> Self {
        GenericOrdSet { map: self.map.union(other.map) }
    }

    /// The elements of all sets.
    pub fn unions(sets: impl IntoIterator<Item = Self>) -> Self {
        sets.into_iter().fold(Self::new(), Self::union)
    }

    /// The elements that both sets have, as for [maps](GenericOrdMap::intersection).
    pub fn intersection(self, other: &Self) -> Self {
        GenericOrdSet { map: self.map.intersection(&other.map) }
    }

    /// The elements of this set that `other` has not, as for [maps](GenericOrdMap::difference).
    pub fn difference(self, other: &Self) -> Self {
        GenericOrdSet { map: self.map.difference(&other.map) }
    }

    /// Another name for [`difference`](Self::difference), as in `im`.
    pub fn relative_complement(self, other: &Self) -> Self {
        self.difference(other)
    }

    /// The elements that only one of the sets has, as for [maps](GenericOrdMap::symmetric_difference).
    pub fn symmetric_difference(self, other: &Self) -> Self {
        GenericOrdSet { map: self.map.symmetric_difference(&other.map) }
    }
}

impl<T: Ord, C: Counter> PartialEq for GenericOrdSet<T, C> {
    /// Whether both sets have the same elements, as for [maps](GenericOrdMap::eq).
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl<T: Ord, C: Counter> Eq for GenericOrdSet<T, C> {}

impl<T: Ord, C: Counter> PartialOrd for GenericOrdSet<T, C> {
    /// Compares the elements in order, as `BTreeSet` does. O(n).
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord, C: Counter> Ord for GenericOrdSet<T, C> {
    /// Compares the elements in order, as `BTreeSet` does. O(n).
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other)
    }
}

impl<T: Hash, C: Counter> Hash for GenericOrdSet<T, C> {
    /// Hashes the length and the elements in order. O(n).
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|element| element.hash(state));
    }
}

impl<T: Debug, C: Counter> Debug for GenericOrdSet<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

impl<T: Ord + Clone, C: Counter> Extend<T> for GenericOrdSet<T, C> {
    /// Inserts each element. O(log n) for each.
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        for element in elements {
            self.insert(element);
        }
    }
}

impl<'a, T: Ord + Copy, C: Counter> Extend<&'a T> for GenericOrdSet<T, C> {
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, elements: I) {
        self.extend(elements.into_iter().copied());
    }
}

impl<T: Ord + Clone, C: Counter> FromIterator<T> for GenericOrdSet<T, C> {
    /// O(n) if the elements ascend already, and O(n log n) otherwise.
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        GenericOrdSet { map: elements.into_iter().map(|element| (element, ())).collect() }
    }
}

impl<T: Ord + Clone, C: Counter, const N: usize> From<[T; N]> for GenericOrdSet<T, C> {
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

impl<'a, T, C: Counter> IntoIterator for &'a GenericOrdSet<T, C> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T, C>;

    fn into_iter(self) -> Iter<'a, T, C> {
        self.iter()
    }
}

impl<T: Clone, C: Counter> IntoIterator for GenericOrdSet<T, C> {
    type Item = T;
    type IntoIter = IntoIter<T, C>;

    /// The elements, in order. Those that no other version holds are moved out, and others are cloned.
    fn into_iter(self) -> IntoIter<T, C> {
        IntoIter(self.map.into_iter())
    }
}

/// An iterator over the elements of a set, in order. [`iter`](GenericOrdSet::iter) returns it.
pub struct Iter<'a, T, C>(super::Keys<'a, T, (), C>);

/// An iterator over the elements of a set in a range, in order. [`range`](GenericOrdSet::range) returns it.
pub struct Range<'a, T, C>(super::Range<'a, T, (), C>);

/// An iterator over the elements of a set that owns them, in order.
pub struct IntoIter<T, C: Counter>(super::IntoIter<T, (), C>);

impl<T, C> Clone for Iter<'_, T, C> {
    fn clone(&self) -> Self {
        Iter(self.0.clone())
    }
}

impl<T, C> Clone for Range<'_, T, C> {
    fn clone(&self) -> Self {
        Range(self.0.clone())
    }
}

impl<'a, T, C> Iterator for Iter<'a, T, C> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        self.0.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a T) -> B>(self, init: B, visit: F) -> B {
        self.0.fold(init, visit)
    }

    fn last(self) -> Option<&'a T> {
        self.0.last()
    }
}

impl<T, C> DoubleEndedIterator for Iter<'_, T, C> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }
}

impl<T, C> ExactSizeIterator for Iter<'_, T, C> {}

impl<T, C> FusedIterator for Iter<'_, T, C> {}

impl<'a, T, C> Iterator for Range<'a, T, C> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        self.0.next().map(|entry| entry.0)
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a T) -> B>(self, init: B, mut visit: F) -> B {
        self.0.fold(init, |result, entry| visit(result, entry.0))
    }

    fn last(self) -> Option<&'a T> {
        self.0.last().map(|entry| entry.0)
    }
}

impl<T, C> DoubleEndedIterator for Range<'_, T, C> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|entry| entry.0)
    }
}

impl<T, C> FusedIterator for Range<'_, T, C> {}

impl<T: Clone, C: Counter> Iterator for IntoIter<T, C> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.0.next().map(|entry| entry.0)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T: Clone, C: Counter> DoubleEndedIterator for IntoIter<T, C> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        self.0.next_back().map(|entry| entry.0)
    }
}

impl<T: Clone, C: Counter> ExactSizeIterator for IntoIter<T, C> {}

impl<T: Clone, C: Counter> FusedIterator for IntoIter<T, C> {}
