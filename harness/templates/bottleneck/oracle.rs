//! What every contender is compared with.

use std::collections::BTreeSet;

use crate::input::sum;

/// The model that checks replay beside a contender.
#[derive(Default)]
pub struct Model {
    keys: BTreeSet<u64>,
}

impl Model {
    /// Adds a key; whether it was absent.
    pub fn insert(&mut self, key: u64) -> bool {
        self.keys.insert(key)
    }

    /// Whether the key is there.
    pub fn contains(&self, key: u64) -> bool {
        self.keys.contains(&key)
    }
}

/// The digest of a set that holds these keys.
pub fn content_digest(keys: &[u64]) -> u64 {
    sum(keys.iter().copied())
}
