//! A list of entries, the most recently used one first.

use std::marker::PhantomData;

use crate::lru_cache::Cache;

pub(super) struct Reference;

crate::lru_cache_family!(<K, V, S> Reference = Listed<K, V, S>);

pub(super) struct Listed<K, V, S> {
    capacity: usize,
    entries: Vec<(K, V)>,
    hasher: PhantomData<S>,
}

impl<K: Eq, V, S> Listed<K, V, S> {
    fn position(&self, key: &K) -> Option<usize> {
        self.entries.iter().position(|(held, _)| held == key)
    }
}

impl<K: Eq, V, S> Cache<K, V> for Listed<K, V, S> {
    fn with_capacity(capacity: usize) -> Self {
        Listed { capacity, entries: Vec::new(), hasher: PhantomData }
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        let at = self.position(key)?;
        self.entries[..=at].rotate_right(1);
        Some(&self.entries[0].1)
    }

    fn put(&mut self, key: K, value: V) {
        if let Some(at) = self.position(&key) {
            self.entries.remove(at);
        }
        self.entries.insert(0, (key, value));
        self.entries.truncate(self.capacity);
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.entries.iter().map(|(key, value)| (key, value))
    }
}
