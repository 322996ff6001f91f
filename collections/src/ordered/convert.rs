//! Conversions from and to the collections of std.

use std::collections::{BTreeMap, BTreeSet};

use super::GenericOrdMap;
use super::set::GenericOrdSet;
use crate::counter::Counter;

impl<K: Ord + Clone, V: Clone, C: Counter> From<Vec<(K, V)>> for GenericOrdMap<K, V, C> {
    /// A map of the entries, which are moved. Of entries with equal keys, the last one stays. O(n) if the keys ascend
    /// already, and O(n log n) otherwise.
    fn from(entries: Vec<(K, V)>) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> From<&[(K, V)]> for GenericOrdMap<K, V, C> {
    /// A map of clones of the entries, as from a `Vec`.
    fn from(entries: &[(K, V)]) -> Self {
        entries.iter().cloned().collect()
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> From<BTreeMap<K, V>> for GenericOrdMap<K, V, C> {
    /// A map of the entries, which are moved. O(n).
    fn from(entries: BTreeMap<K, V>) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> From<&BTreeMap<K, V>> for GenericOrdMap<K, V, C> {
    /// A map of clones of the entries. O(n).
    fn from(entries: &BTreeMap<K, V>) -> Self {
        entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> From<GenericOrdMap<K, V, C>> for BTreeMap<K, V> {
    /// The entries; those that no other version holds are moved, and others are cloned. O(n).
    fn from(map: GenericOrdMap<K, V, C>) -> Self {
        map.into_iter().collect()
    }
}

impl<K: Clone, V: Clone, C: Counter> From<GenericOrdMap<K, V, C>> for Vec<(K, V)> {
    /// The entries in order; those that no other version holds are moved, and others are cloned. O(n).
    fn from(map: GenericOrdMap<K, V, C>) -> Self {
        map.into_iter().collect()
    }
}

impl<T: Ord + Clone, C: Counter> From<Vec<T>> for GenericOrdSet<T, C> {
    /// A set of the elements, which are moved. O(n) if they ascend already, and O(n log n) otherwise.
    fn from(elements: Vec<T>) -> Self {
        elements.into_iter().collect()
    }
}

impl<T: Ord + Clone, C: Counter> From<&[T]> for GenericOrdSet<T, C> {
    /// A set of clones of the elements, as from a `Vec`.
    fn from(elements: &[T]) -> Self {
        elements.iter().cloned().collect()
    }
}

impl<T: Ord + Clone, C: Counter> From<BTreeSet<T>> for GenericOrdSet<T, C> {
    /// A set of the elements, which are moved. O(n).
    fn from(elements: BTreeSet<T>) -> Self {
        elements.into_iter().collect()
    }
}

impl<T: Ord + Clone, C: Counter> From<&BTreeSet<T>> for GenericOrdSet<T, C> {
    /// A set of clones of the elements. O(n).
    fn from(elements: &BTreeSet<T>) -> Self {
        elements.iter().cloned().collect()
    }
}

impl<T: Ord + Clone, C: Counter> From<GenericOrdSet<T, C>> for BTreeSet<T> {
    /// The elements; those that no other version holds are moved, and others are cloned. O(n).
    fn from(set: GenericOrdSet<T, C>) -> Self {
        set.into_iter().collect()
    }
}

impl<T: Clone, C: Counter> From<GenericOrdSet<T, C>> for Vec<T> {
    /// The elements in order; those that no other version holds are moved, and others are cloned. O(n).
    fn from(set: GenericOrdSet<T, C>) -> Self {
        set.into_iter().collect()
    }
}
