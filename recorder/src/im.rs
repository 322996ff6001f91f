//! The collections of the crate `im`.

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use crate::map::Map;
use crate::vector::Vector;

impl<K, V, S> Map for im::HashMap<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone + Default,
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
        // The crate's `union` keeps the value of the larger map.
        if self.len() >= other.len() {
            return self.clone().union(other.clone());
        }
        let mut united = other.clone();
        united.extend(self.iter().map(|(key, value)| (key.clone(), value.clone())));
        united
    }

    fn contains_key(&self, key: &K) -> bool {
        self.contains_key(key)
    }
}

impl<T: Clone> Vector for im::Vector<T> {
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
        if range.start > range.end || range.end > self.len() {
            return None;
        }
        // The crate's `slice` also takes the part out of the vector.
        let mut part = self.clone().split_off(range.start);
        let _behind = part.split_off(range.len());
        Some(part)
    }

    fn concat(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        joined.append(other.clone());
        joined
    }
}
