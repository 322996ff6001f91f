//! The collections of the crate `im`.

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use crate::map::{Map, extended, forward_to_map};
use crate::vector::{Vector, forward_to_vector, split_and_append};

impl<K, V, S> Map for im::HashMap<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone + Default,
{
    forward_to_map!(K, V);

    fn union(&self, other: &Self) -> Self {
        // The crate's `union` keeps the value of the larger map.
        if self.len() >= other.len() { self.clone().union(other.clone()) } else { extended(self, other) }
    }
}

impl<T: Clone> Vector for im::Vector<T> {
    forward_to_vector!(T);
    split_and_append!();
}
