//! The entry interface, as std's maps have it: a key's place in a map, to be looked at, filled, changed or emptied.

use std::hash::{BuildHasher, Hash};

use super::GenericHashMap;
use crate::counter::Counter;

/// A key's place in a map, returned by [`entry`](GenericHashMap::entry).
///
/// It holds the key and borrows the map. Each method that reads or changes the value looks the key up again.
///
/// ```
/// use persistent_collections::HashMap;
/// use persistent_collections::map::Entry;
///
/// let mut stock: HashMap<_, _> = [("apples", 1)].into();
/// match stock.entry("apples") {
///     Entry::Occupied(entry) if *entry.get() == 1 => drop(entry.remove()),
///     Entry::Occupied(mut entry) => *entry.get_mut() -= 1,
///     Entry::Vacant(_) => panic!("sold out"),
/// }
/// assert!(stock.is_empty());
/// ```
///
/// # Panics
/// The methods of an entry panic if `Hash` or `Eq` of the key break their contract, so that a key which was found is
/// not found again.
pub enum Entry<'a, K, V, S, C: Counter> {
    /// The map has the key.
    Occupied(OccupiedEntry<'a, K, V, S, C>),
    /// The map does not have the key.
    Vacant(VacantEntry<'a, K, V, S, C>),
}

/// The place of a key that the map has; see [`Entry`].
pub struct OccupiedEntry<'a, K, V, S, C: Counter> {
    map: &'a mut GenericHashMap<K, V, S, C>,
    key: K,
}

/// The place of a key that the map does not have; see [`Entry`].
pub struct VacantEntry<'a, K, V, S, C: Counter> {
    map: &'a mut GenericHashMap<K, V, S, C>,
    key: K,
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher, C: Counter> GenericHashMap<K, V, S, C> {
    /// The place of `key`, to be filled or changed. Looks the key up: O(log n), copies nothing.
    ///
    /// ```
    /// let mut count = persistent_collections::HashMap::new();
    /// for letter in "abracadabra".chars() {
    ///     *count.entry(letter).or_insert(0) += 1;
    /// }
    /// assert_eq!(count[&'a'], 5);
    ///
    /// let before = count.clone();
    /// *count.entry('a').or_insert(0) += 1;
    /// assert_eq!((before[&'a'], count[&'a']), (5, 6));
    /// ```
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V, S, C> {
        if self.contains_key(&key) {
            Entry::Occupied(OccupiedEntry { map: self, key })
        } else {
            Entry::Vacant(VacantEntry { map: self, key })
        }
    }
}

impl<'a, K: Hash + Eq + Clone, V: Clone, S: BuildHasher, C: Counter> Entry<'a, K, V, S, C> {
    /// The value, to be changed in this version only. If the map does not have the key, inserts `value` first.
    ///
    /// Costs the same as [`get_mut`](GenericHashMap::get_mut), and as [`insert`](GenericHashMap::insert) and a clone of
    /// the key before that if there is no value.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value, to be changed in this version only. If the map does not have the key, inserts what `make` returns
    /// first. Costs the same as [`or_insert`](Self::or_insert).
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        match self {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(make()),
        }
    }

    /// The value, to be changed in this version only. If the map does not have the key, inserts the default value
    /// first. Costs the same as [`or_insert`](Self::or_insert).
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Calls `change` with the value if the map has the key, and returns the entry. Costs the same as
    /// [`get_mut`](GenericHashMap::get_mut).
    ///
    /// ```
    /// let mut stock: persistent_collections::HashMap<_, _> = [("apples", 3)].into();
    /// stock.entry("apples").and_modify(|count| *count += 1).or_insert(1);
    /// stock.entry("pears").and_modify(|count| *count += 1).or_insert(1);
    /// assert_eq!((stock["apples"], stock["pears"]), (4, 1));
    /// ```
    #[must_use]
    pub fn and_modify(mut self, change: impl FnOnce(&mut V)) -> Self {
        match &mut self {
            Entry::Occupied(entry) => change(entry.get_mut()),
            Entry::Vacant(_) => drop(change),
        }
        self
    }

    /// The key that [`entry`](GenericHashMap::entry) was called with. O(1).
    pub fn key(&self) -> &K {
        match self {
            Entry::Occupied(entry) => &entry.key,
            Entry::Vacant(entry) => &entry.key,
        }
    }
}

const THERE: &str = "the entry is there while it is borrowed";

impl<'a, K: Hash + Eq + Clone, V: Clone, S: BuildHasher, C: Counter> OccupiedEntry<'a, K, V, S, C> {
    /// The key that [`entry`](GenericHashMap::entry) was called with. O(1).
    pub fn key(&self) -> &K {
        &self.key
    }

    /// The value. O(log n), allocates nothing.
    pub fn get(&self) -> &V {
        self.map.get(&self.key).expect(THERE)
    }

    /// The value, to be changed in this version only. Costs the same as [`get_mut`](GenericHashMap::get_mut) of the
    /// map.
    pub fn get_mut(&mut self) -> &mut V {
        self.map.get_mut(&self.key).expect(THERE)
    }

    /// The value, to be changed in this version only, for as long as the map is borrowed. Costs the same as
    /// [`get_mut`](GenericHashMap::get_mut) of the map.
    pub fn into_mut(self) -> &'a mut V {
        self.map.get_mut(&self.key).expect(THERE)
    }

    /// Sets the value, and returns the one before. The stored key stays. Costs the same as
    /// [`get_mut`](GenericHashMap::get_mut) of the map.
    pub fn insert(&mut self, value: V) -> V {
        std::mem::replace(self.get_mut(), value)
    }

    /// Removes the entry, and returns its value. Costs the same as [`remove`](GenericHashMap::remove) of the map.
    pub fn remove(self) -> V {
        let value = self.map.remove(&self.key).expect(THERE);
        // Dropping the key may panic. It must happen before the value is returned, because afterwards nothing would
        // drop the value.
        drop(self);
        value
    }
}

impl<'a, K: Hash + Eq + Clone, V: Clone, S: BuildHasher, C: Counter> VacantEntry<'a, K, V, S, C> {
    /// The key that [`entry`](GenericHashMap::entry) was called with. O(1).
    pub fn key(&self) -> &K {
        &self.key
    }

    /// The key that [`entry`](GenericHashMap::entry) was called with, by value. O(1).
    pub fn into_key(self) -> K {
        self.key
    }

    /// Inserts the entry, and returns its value, to be changed. Costs as much as a clone of the key,
    /// [`insert`](GenericHashMap::insert) and a lookup together.
    pub fn insert(self, value: V) -> &'a mut V {
        self.map.insert(self.key.clone(), value);
        self.map.get_mut(&self.key).expect(THERE)
    }
}
