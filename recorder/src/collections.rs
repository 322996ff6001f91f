//! The lab's own collections.

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use persistent_collections::counter::Counter;
use persistent_collections::{GenericHashMap, GenericVector};

use crate::map::{Map, forward_to_map};
use crate::vector::{Vector, forward_to_vector};

impl<K, V, S, C> Map for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
    C: Counter,
{
    forward_to_map!(K, V);

    fn union(&self, other: &Self) -> Self {
        self.clone().union(other.clone())
    }
}

impl<T: Clone, C: Counter> Vector for GenericVector<T, C> {
    forward_to_vector!(T);

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        (range.start <= range.end && range.end <= self.len()).then(|| self.slice(range))
    }

    fn concat(&self, other: &Self) -> Self {
        self.concat(other)
    }
}
