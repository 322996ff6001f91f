//! The floor under a persistent map: std's `HashMap`. Its clone copies every entry at once, so it
//! has no cheap versions and takes no part in the scenarios that keep them.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Contender, Growth, Role};

/// A `HashMap`, under the contract's names.
#[derive(Clone)]
struct Map<K, V, S>(HashMap<K, V, S>);

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone + Default,
{
    fn new() -> Self {
        Map(HashMap::default())
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
        Map(united)
    }

    fn equal(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn from_entries(entries: impl Iterator<Item = (K, V)>) -> Self {
        Map(entries.collect())
    }

    fn insert_all(&mut self, entries: impl Iterator<Item = (K, V)>) {
        self.0.extend(entries);
    }
}

struct StdHashMap;

scenarios::persistent_map_family!(<K, V, S> StdHashMap = Map<K, V, S>);

/// The contender: std's `HashMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<StdHashMap>(About {
        name: "hash_map",
        role: Role::Bound,
        summary: "std's HashMap: one open-addressed table; clones share nothing.",
        source: "Rust's standard library",
        analysis: ANALYSIS,
        complexity: &[
            ("insert_unshared", Growth::Constant),
            ("get_hit", Growth::Constant),
            ("get_miss", Growth::Constant),
            ("remove_unshared", Growth::Constant),
            ("iterate", Growth::Constant),
            ("union", Growth::Constant),
            ("equality", Growth::Constant),
            ("thin_out", Growth::Constant),
            ("churn", Growth::Constant),
        ],
        capabilities: &[],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
One flat table of entries with a byte of hash beside each (hashbrown's Swiss table). A lookup compares \
sixteen of those bytes at once and then usually one key. Removing leaves at most a marker; growing doubles \
the table and hashes every key again.

It is the floor for everything that happens to a single version. It has no cheap versions at all: a clone \
copies the table, so it is left out wherever old versions are kept.";
