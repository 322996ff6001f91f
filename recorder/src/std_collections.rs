//! The collections of Rust's standard library.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use crate::map::{Map, extended, forward_to_map};
use crate::vector::Vector;

impl<K, V, S> Map for HashMap<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    forward_to_map!(K, V);

    fn union(&self, other: &Self) -> Self {
        extended(self, other)
    }
}

impl<K: Ord + Clone, V: Clone> Map for BTreeMap<K, V> {
    forward_to_map!(K, V);

    fn union(&self, other: &Self) -> Self {
        extended(self, other)
    }
}

impl<T: Clone> Vector for Vec<T> {
    type Item = T;

    fn len(&self) -> usize {
        self.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.as_slice().get(index)
    }

    fn push_back(&mut self, value: T) {
        self.push(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        self.pop()
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        self.as_mut_slice().get_mut(index).map(|element| *element = value).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.as_slice().iter()
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.as_slice().get(range).map(<[T]>::to_vec)
    }

    fn concat(&self, other: &Self) -> Self {
        [self.as_slice(), other.as_slice()].concat()
    }
}
