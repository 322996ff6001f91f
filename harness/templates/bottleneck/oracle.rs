//! What every contender is compared with.

use std::collections::BTreeSet;

use crate::input::sum;

/// The model that checks replay beside a contender.
#[derive(Default)]
pub(super) struct Model {
    keys: BTreeSet<u64>,
}

impl Model {
    /// Adds a key; whether it was absent.
    pub(super) fn insert(&mut self, key: u64) -> bool {
        self.keys.insert(key)
    }

    /// Whether the key is there.
    pub(super) fn contains(&self, key: u64) -> bool {
        self.keys.contains(&key)
    }
}

/// The digest of a set that holds these keys.
pub(super) fn content_digest(keys: &[u64]) -> u64 {
    sum(keys.iter().copied())
}
