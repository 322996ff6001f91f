//! A map copied whole for every version.

use std::collections::BTreeMap;

use crate::persistent_map::PersistentMap;

pub(super) struct Reference;

crate::persistent_map_family!(<K, V, S> Reference = BTreeMap<K, V>);

impl<K: Ord + Clone, V: Clone + PartialEq> PersistentMap<K, V> for BTreeMap<K, V> {
    fn new() -> Self {
        BTreeMap::default()
    }

    fn len(&self) -> usize {
        BTreeMap::len(self)
    }

    fn get(&self, key: &K) -> Option<&V> {
        BTreeMap::get(self, key)
    }

    fn insert(&mut self, key: K, value: V) {
        BTreeMap::insert(self, key, value);
    }

    fn remove(&mut self, key: &K) -> bool {
        BTreeMap::remove(self, key).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        BTreeMap::iter(self)
    }

    fn union(&self, other: &Self) -> Self {
        let mut united = other.clone();
        united.extend(BTreeMap::iter(self).map(|(key, value)| (key.clone(), value.clone())));
        united
    }

    fn equal(&self, other: &Self) -> bool {
        self == other
    }
}
