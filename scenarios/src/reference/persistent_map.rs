//! A map copied whole for every version.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use crate::persistent_map::{Family, PersistentMap};

pub(super) struct Reference;

impl Family for Reference {
    type Map<K, V, S>
        = Copied<K, V, S>
    where
        K: Hash + Ord + Clone + Debug + Send + Sync + 'static,
        V: Clone + Debug + PartialEq + Send + Sync + 'static,
        S: BuildHasher + Clone + Default + Send + Sync + 'static;
}

#[derive(Clone)]
pub(super) struct Copied<K, V, S>(BTreeMap<K, V>, PhantomData<S>);

impl<K: Ord + Clone, V: Clone + PartialEq, S: Clone> PersistentMap<K, V> for Copied<K, V, S> {
    fn new() -> Self {
        Copied(BTreeMap::new(), PhantomData)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    fn insert(&mut self, key: K, value: V) {
        self.0.insert(key, value);
    }

    fn remove(&mut self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.0.iter()
    }

    fn union(&self, other: &Self) -> Self {
        let mut united = other.clone();
        united.0.extend(self.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        united
    }

    fn equal(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
