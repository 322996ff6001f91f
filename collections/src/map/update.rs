//! An entry to be looked up once and changed.

use std::hash::{BuildHasher, Hash};

use super::GenericHashMap;
use crate::counter::Counter;

/// A key's place in a map: see [`entry`](GenericHashMap::entry).
pub enum Entry<'a, K, V, S, C: Counter> {
    /// The key is there.
    Occupied(OccupiedEntry<'a, K, V, S, C>),
    /// The key is not there.
    Vacant(VacantEntry<'a, K, V, S, C>),
}

/// The entry of a key that is there.
pub struct OccupiedEntry<'a, K, V, S, C: Counter> {
    map: &'a mut GenericHashMap<K, V, S, C>,
    key: K,
}

/// The place of a key that is not there.
pub struct VacantEntry<'a, K, V, S, C: Counter> {
    map: &'a mut GenericHashMap<K, V, S, C>,
    key: K,
}

impl<K, V, S, C> GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Counter,
{
    /// The place of `key`, to be filled or changed.
    ///
    /// ```
    /// let mut count = collections::HashMap::new();
    /// for letter in "abracadabra".chars() {
    ///     *count.entry(letter).or_insert(0) += 1;
    /// }
    /// assert_eq!(count[&'a'], 5);
    /// ```
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V, S, C> {
        if self.contains_key(&key) {
            Entry::Occupied(OccupiedEntry { map: self, key })
        } else {
            Entry::Vacant(VacantEntry { map: self, key })
        }
    }
}

impl<'a, K, V, S, C> Entry<'a, K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Counter,
{
    /// The value, after inserting `value` where there is none.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value, after inserting what `make` makes where there is none.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        match self {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(make()),
        }
    }

    /// The value, after inserting the default where there is none.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the value, where there is one.
    #[must_use]
    pub fn and_modify(mut self, change: impl FnOnce(&mut V)) -> Self {
        match &mut self {
            Entry::Occupied(entry) => change(entry.get_mut()),
            Entry::Vacant(_) => drop(change),
        }
        self
    }

    /// The key.
    pub fn key(&self) -> &K {
        match self {
            Entry::Occupied(entry) => &entry.key,
            Entry::Vacant(entry) => &entry.key,
        }
    }
}

const THERE: &str = "the entry is there while it is borrowed";

impl<'a, K, V, S, C> OccupiedEntry<'a, K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Counter,
{
    /// The key.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// The value.
    pub fn get(&self) -> &V {
        self.map.get(&self.key).expect(THERE)
    }

    /// The value, to be changed in this version only.
    pub fn get_mut(&mut self) -> &mut V {
        self.map.get_mut(&self.key).expect(THERE)
    }

    /// The value, to be changed in this version only, for as long as the map is borrowed.
    pub fn into_mut(self) -> &'a mut V {
        self.map.get_mut(&self.key).expect(THERE)
    }

    /// Sets the value; returns the one before.
    pub fn insert(&mut self, value: V) -> V {
        std::mem::replace(self.get_mut(), value)
    }

    /// Removes the entry; returns its value.
    pub fn remove(self) -> V {
        let value = self.map.remove(&self.key).expect(THERE);
        // Dropping the key may panic: not when the value is on its way to the caller, where nobody would drop it.
        drop(self);
        value
    }
}

impl<'a, K, V, S, C> VacantEntry<'a, K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Counter,
{
    /// The key.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// The key that was looked up.
    pub fn into_key(self) -> K {
        self.key
    }

    /// Inserts the entry; returns its value, to be changed.
    pub fn insert(self, value: V) -> &'a mut V {
        self.map.insert(self.key.clone(), value);
        self.map.get_mut(&self.key).expect(THERE)
    }
}
