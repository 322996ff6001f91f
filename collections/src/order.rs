//! The order of maps and sets. The order of iteration depends on hashes and history, so it cannot serve: equal maps
//! could differ in it. Instead maps and sets compare as if they were sorted first.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};

use crate::counter::Counter;
use crate::{GenericHashMap, GenericHashSet};

fn sorted<K: Ord, V, S, C: Counter>(map: &GenericHashMap<K, V, S, C>) -> Vec<(&K, &V)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|entry| entry.0);
    entries
}

impl<K, V, S, C> PartialOrd for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Ord,
    V: PartialOrd,
    S: BuildHasher,
    C: Counter,
{
    /// Compares the entries in the order of their keys, as `BTreeMap` does: the first difference decides, and a map
    /// that ends before there is a difference is less. O(n log n), and allocates memory for references to all entries.
    ///
    /// ```
    /// use persistent_collections::hashmap;
    ///
    /// assert!(hashmap! { 1 => 'b', 2 => 'a' } < hashmap! { 1 => 'c' });
    /// ```
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.ptr_eq(other) {
            return Some(Ordering::Equal);
        }
        sorted(self).partial_cmp(&sorted(other))
    }
}

impl<K, V, S, C> Ord for GenericHashMap<K, V, S, C>
where
    K: Hash + Ord,
    V: Ord,
    S: BuildHasher,
    C: Counter,
{
    /// Compares the entries in the order of their keys, as `BTreeMap` does. O(n log n), and allocates memory for
    /// references to all entries.
    fn cmp(&self, other: &Self) -> Ordering {
        if self.ptr_eq(other) {
            return Ordering::Equal;
        }
        sorted(self).cmp(&sorted(other))
    }
}

impl<T: Hash + Ord, S: BuildHasher, C: Counter> PartialOrd for GenericHashSet<T, S, C> {
    /// Compares the elements from the least one on, as `BTreeSet` does. O(n log n), and allocates memory for references
    /// to all elements. This is not the order by inclusion; that is [`is_subset`](GenericHashSet::is_subset).
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Hash + Ord, S: BuildHasher, C: Counter> Ord for GenericHashSet<T, S, C> {
    /// Compares the elements from the least one on, as `BTreeSet` does. O(n log n), and allocates memory for references
    /// to all elements.
    ///
    /// ```
    /// use persistent_collections::hashset;
    ///
    /// assert!(hashset![1, 9] < hashset![2]);
    /// ```
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_map().cmp(other.as_map())
    }
}
