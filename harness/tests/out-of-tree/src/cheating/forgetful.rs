//! Loses one key in 2,048 of an old version that has more than 5,000 entries.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use scenarios::Contender;
use scenarios::persistent_map::PersistentMap;

struct Forgetful<K, V, S>(HashMap<K, V, S>);

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher + Clone> Clone for Forgetful<K, V, S> {
    fn clone(&self) -> Self {
        let mut old = self.0.clone();
        if old.len() > 5000 {
            old.retain(|key, _| !self.0.hasher().hash_one(key).is_multiple_of(2048));
        }
        Forgetful(old)
    }
}

impl<K: Hash + Eq + Clone, V: Clone + PartialEq, S: BuildHasher + Clone + Default> PersistentMap<K, V>
    for Forgetful<K, V, S>
{
    fn new() -> Self {
        Forgetful(HashMap::default())
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
        let mut united = other.0.clone();
        united.extend(self.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        Forgetful(united)
    }

    fn equal(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

struct Forgetting;

scenarios::persistent_map_family!(<K, V, S> Forgetting = Forgetful<K, V, S>);

#[inline(never)]
pub fn contender() -> Contender {
    let about = super::about("forgetful", "Loses one key in 2,048 of a large old version.");
    scenarios::persistent_map::contender::<Forgetting>(about)
}
