//! The contract: what a contender implements.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

/// A map with cheap versions: a clone keeps the content of this moment, and a change affects one clone only.
pub trait PersistentMap<K, V>: Clone {
    /// The empty map.
    fn new() -> Self;
    /// Number of entries.
    fn len(&self) -> usize;
    /// The value of `key`; `None` where it is absent.
    fn get(&self, key: &K) -> Option<&V>;
    /// Sets the value of `key`. Where this version shares nothing with another one, the change may happen in place.
    fn insert(&mut self, key: K, value: V);
    /// Removes `key`. Returns whether it was present.
    fn remove(&mut self, key: &K) -> bool;
    /// Visits every entry once, in any order.
    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a;
    /// A map of the entries of both. Where both have a key, it gets this map's value.
    fn union(&self, other: &Self) -> Self;
    /// Whether both hold the same entries, however they were built.
    fn equal(&self, other: &Self) -> bool;

    /// Whether `key` is present.
    fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Whether there is no entry.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A map of `entries`. Of several entries with one key, the last one counts.
    fn from_entries(entries: impl Iterator<Item = (K, V)>) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }

    /// Inserts `entries` in their order.
    fn insert_all(&mut self, entries: impl Iterator<Item = (K, V)>) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }

    /// Calls `found` for every key of which this map and `newer` have different values: with the key, its value here and its
    /// value there, `None` where it is absent. The order may be any.
    fn diff(&self, newer: &Self, mut found: impl FnMut(&K, Option<&V>, Option<&V>))
    where
        V: PartialEq,
    {
        for (key, value) in self.iter() {
            let new = newer.get(key);
            if new != Some(value) {
                found(key, Some(value), new);
            }
        }
        for (key, value) in newer.iter().filter(|(key, _)| !self.contains_key(key)) {
            found(key, None, Some(value));
        }
    }
}

/// One implementation of a map, for every type of key, value and hasher.
pub trait Family: 'static {
    /// The map type.
    type Map<K, V, S>: PersistentMap<K, V> + Send + Sync + 'static
    where
        K: Hash + Ord + Clone + Debug + Send + Sync + 'static,
        V: Clone + Debug + PartialEq + Send + Sync + 'static,
        S: BuildHasher + Clone + Default + Send + Sync + 'static;
}

/// Makes a type the [`Family`](crate::persistent_map::Family) of a map that is there for every key, value and hasher:
/// `persistent_map_family!(<K, V, S> Ours = Map<K, V, S>);`.
#[macro_export]
macro_rules! persistent_map_family {
    (<$key:ident, $value:ident, $hasher:ident> $family:ty = $map:ty) => {
        impl $crate::persistent_map::Family for $family {
            type Map<$key, $value, $hasher>
                = $map
            where
                $key: ::std::hash::Hash + Ord + Clone + ::std::fmt::Debug + Send + Sync + 'static,
                $value: Clone + ::std::fmt::Debug + PartialEq + Send + Sync + 'static,
                $hasher: ::std::hash::BuildHasher + Clone + Default + Send + Sync + 'static;
        }
    };
}
