//! The contract: what a contender implements.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

/// A map of at most `capacity` entries. Its users expect O(1) of `get` and `put`.
pub trait Cache<K, V>: Sized {
    /// An empty cache of at most `capacity` entries. A cache of capacity 0 never holds any. A capacity may be greater than
    /// any memory: it is a bound, and no number of entries to expect.
    fn with_capacity(capacity: usize) -> Self;
    /// The greatest number of entries.
    fn capacity(&self) -> usize;
    /// Number of entries.
    fn len(&self) -> usize;
    /// The value of `key`, which becomes the most recently used one; `None` where it is absent.
    fn get(&mut self, key: &K) -> Option<&V>;
    /// Sets the value of `key`, which becomes the most recently used one. If there is no room for another entry, the
    /// least recently used one is dropped.
    fn put(&mut self, key: K, value: V);
    /// Visits every entry, the most recently used one first. Without [`Capability::ExactLru`](crate::Capability::ExactLru) the order is free.
    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a;

    /// Whether there is no entry.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cache of `capacity` that holds `entries`: at most `capacity` of them, with distinct keys, the most recently used
    /// one last. Only set-ups call it.
    fn holding(capacity: usize, entries: impl Iterator<Item = (K, V)>) -> Self {
        let mut cache = Self::with_capacity(capacity);
        for (key, value) in entries {
            cache.put(key, value);
        }
        cache
    }
}

/// One implementation of a cache, for every type of key, value and hasher.
pub trait Family: 'static {
    /// The cache type.
    type Cache<K, V, S>: Cache<K, V> + 'static
    where
        K: Hash + Eq + Clone + Debug + 'static,
        V: Clone + Debug + 'static,
        S: BuildHasher + Clone + Default + 'static;
}

/// Makes a type the [`Family`](crate::lru_cache::Family) of a cache that is there for every key, value and hasher:
/// `lru_cache_family!(<K, V, S> Ours = Cached<K, V, S>);`.
#[macro_export]
macro_rules! lru_cache_family {
    (<$key:ident, $value:ident, $hasher:ident> $family:ty = $cache:ty) => {
        impl $crate::lru_cache::Family for $family {
            type Cache<$key, $value, $hasher>
                = $cache
            where
                $key: ::std::hash::Hash + Eq + Clone + ::std::fmt::Debug + 'static,
                $value: Clone + ::std::fmt::Debug + 'static,
                $hasher: ::std::hash::BuildHasher + Clone + Default + 'static;
        }
    };
}
