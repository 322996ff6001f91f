//! What a cache must hold: the oracle of every scenario and check.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use crate::input::{FixedHasher, Key, entry_digest, mix};

/// The value that is put for an id.
pub(super) fn value_of(id: u64) -> u64 {
    id.wrapping_mul(3).wrapping_add(1)
}

/// The last `size` distinct ids, the latest one last. After accesses to `ids`, an exact LRU cache holds these.
pub(super) fn latest(ids: &[u64], size: usize) -> Vec<u64> {
    let mut seen = HashSet::with_hasher(FixedHasher::default());
    let mut latest: Vec<u64> = ids.iter().rev().filter(|id| seen.insert(**id)).take(size).copied().collect();
    latest.reverse();
    latest
}

/// The oracle for large caches, where a list would take too long. Every access gets a later time, and the entry with the
/// earliest time is evicted.
pub(super) struct Clocked<K> {
    capacity: usize,
    now: u64,
    times: HashMap<K, u64, FixedHasher>,
    pub(super) keys: BTreeMap<u64, K>,
}

impl<K: Hash + Eq + Clone> Clocked<K> {
    pub(super) fn new(capacity: usize) -> Self {
        Clocked { capacity, now: 0, times: HashMap::default(), keys: BTreeMap::new() }
    }

    /// Looks up `key` and puts it where it is missing. Returns whether it was present.
    pub(super) fn access(&mut self, key: &K) -> bool {
        self.now += 1;
        let hit = match self.times.insert(key.clone(), self.now) {
            Some(before) => self.keys.remove(&before).is_some(),
            None => false,
        };
        self.keys.insert(self.now, key.clone());
        if self.keys.len() > self.capacity
            && let Some((_, key)) = self.keys.pop_first()
        {
            self.times.remove(&key);
        }
        hit
    }

    /// The keys, the most recently used one first.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.keys.values().rev()
    }
}

/// A digest that depends on every entry and its position.
pub(super) fn ordered_digest<K: Key>(entries: impl Iterator<Item = (K, u64)>) -> u64 {
    entries.fold(1, |state, (key, value)| mix(state.wrapping_add(entry_digest(&key, value))).wrapping_add(1))
}

/// The oracle for small caches: a list of entries, the most recently used one first.
pub(super) struct Model {
    pub(super) capacity: usize,
    /// Whether the cache must hold exactly these entries in this order.
    pub(super) exact: bool,
    pub(super) entries: Vec<(u32, u32)>,
    /// The value that was put last for every key, whether it was evicted or not.
    pub(super) last: BTreeMap<u32, u32>,
}

impl Model {
    pub(super) fn new(capacity: usize, exact: bool) -> Self {
        Model { capacity, exact, entries: Vec::new(), last: BTreeMap::new() }
    }

    pub(super) fn get(&mut self, key: u32) -> Option<u32> {
        let at = self.entries.iter().position(|(held, _)| *held == key)?;
        let entry = self.entries.remove(at);
        self.entries.insert(0, entry);
        Some(entry.1)
    }

    pub(super) fn put(&mut self, key: u32, value: u32) {
        self.last.insert(key, value);
        self.entries.retain(|(held, _)| *held != key);
        self.entries.insert(0, (key, value));
        self.entries.truncate(self.capacity);
    }

    /// Whether a cache may answer `observed` to a lookup of `key`, where the model has answered `listed`.
    pub(super) fn allows(&self, key: u32, observed: Option<u32>, listed: Option<u32>) -> bool {
        if self.exact || self.last.len() <= self.capacity {
            return observed == listed;
        }
        observed.is_none() || observed == self.last.get(&key).copied()
    }
}
