//! The lab's own collections.

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use collections::counter::Counter;
use collections::{GenericHashMap, GenericVector};

use crate::map::Map;
use crate::vector::Vector;

impl<K, V, S, C> Map for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
    C: Counter,
{
    type Key = K;
    type Value = V;

    fn len(&self) -> usize {
        self.len()
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.get(key)
    }

    fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.insert(key, value)
    }

    fn remove(&mut self, key: &K) -> Option<V> {
        self.remove(key)
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.iter()
    }

    fn union(&self, other: &Self) -> Self {
        self.clone().union(other.clone())
    }

    fn contains_key(&self, key: &K) -> bool {
        self.contains_key(key)
    }
}

impl<T: Clone, C: Counter> Vector for GenericVector<T, C> {
    type Item = T;

    fn len(&self) -> usize {
        self.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.get(index)
    }

    fn push_back(&mut self, value: T) {
        self.push_back(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        self.pop_back()
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        self.get_mut(index).map(|element| *element = value).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.iter()
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        (range.start <= range.end && range.end <= self.len()).then(|| self.slice(range))
    }

    fn concat(&self, other: &Self) -> Self {
        self.concat(other)
    }
}
