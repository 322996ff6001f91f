//! What a map must hold: the oracle of every scenario and check.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::input::{Key, entry_digest, mix};

/// The value first inserted for an id.
pub(crate) fn value_of(id: u64) -> u64 {
    id.wrapping_mul(3).wrapping_add(1)
}

/// The entry first inserted for an id.
pub(crate) fn entry<K: Key>(id: u64) -> (K, u64) {
    (K::from_id(id), value_of(id))
}

/// Ids that no map contains.
pub(crate) const ABSENT: u64 = 1 << 40;

/// What the digest of a map of these entries must be.
pub(crate) fn entries_digest<K: Key>(entries: impl Iterator<Item = (K, u64)>) -> u64 {
    let (mut digest, mut count) = (0u64, 0);
    for (key, value) in entries {
        digest = digest.wrapping_add(entry_digest(&key, value));
        count += 1;
    }
    digest.wrapping_add(mix(count))
}

/// What the digest of a map of the first entries of these ids must be.
pub(crate) fn ids_digest<K: Key>(ids: impl Iterator<Item = u64>) -> u64 {
    entries_digest(ids.map(entry::<K>))
}

/// A map of the entries of `ids`, and the changes that make two versions of it.
pub(crate) struct Fork {
    pub(crate) ids: Range<u64>,
    /// The ids that change, each with its new value; `None` for one that is removed.
    pub(crate) changes: [Vec<(u64, Option<u64>)>; 2],
}

impl Fork {
    /// The value that version `at` has of an id; `None` where the id is absent.
    pub(crate) fn value(&self, at: usize, id: u64) -> Option<u64> {
        match self.changes[at].iter().rev().find(|(changed, _)| *changed == id) {
            Some((_, value)) => *value,
            None => self.ids.contains(&id).then(|| value_of(id)),
        }
    }

    /// The ids that either version changed, each once.
    pub(crate) fn changed(&self) -> BTreeSet<u64> {
        self.changes.iter().flatten().map(|(id, _)| *id).collect()
    }

    /// Every entry that either version has. Where both have one, the first version's value counts.
    pub(crate) fn united<K: Key>(&self) -> impl Iterator<Item = (K, u64)> {
        let new = self.changes.iter().flatten().map(|(id, _)| *id).filter(|id| !self.ids.contains(id));
        let new: BTreeSet<u64> = new.collect();
        let value = |id| self.value(0, id).or_else(|| self.value(1, id));
        self.ids.clone().chain(new).filter_map(move |id| Some((K::from_id(id), value(id)?)))
    }
}

/// What a version of a trace must hold: the ids of its keys, and of their values.
pub(crate) type Model = BTreeMap<u32, u32>;
