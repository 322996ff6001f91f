//! The collections of the crate `imbl`.

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use imbl::shared_ptr::SharedPointerKind;
use imbl::{GenericHashMap, GenericVector};

use crate::map::{Map, forward_to_map};
use crate::vector::{Vector, forward_to_vector, split_and_append};

impl<K, V, S, P> Map for GenericHashMap<K, V, S, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone + Default,
    P: SharedPointerKind,
{
    forward_to_map!(K, V);

    fn union(&self, other: &Self) -> Self {
        self.clone().union(other.clone())
    }
}

impl<T: Clone, P: SharedPointerKind> Vector for GenericVector<T, P> {
    forward_to_vector!(T);
    split_and_append!();
}
