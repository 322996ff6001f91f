//! The naive persistent map: a hash map behind an `Arc`. The first change of a clone copies the whole map.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Contender, Growth, Role};

/// A shared hash map.
#[derive(Clone)]
struct Map<K, V, S>(Arc<HashMap<K, V, S>>);

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone + Default,
{
    fn new() -> Self {
        Map(Arc::new(HashMap::default()))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    fn insert(&mut self, key: K, value: V) {
        Arc::make_mut(&mut self.0).insert(key, value);
    }

    fn remove(&mut self, key: &K) -> bool {
        Arc::make_mut(&mut self.0).remove(key).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.0.iter()
    }

    fn union(&self, other: &Self) -> Self {
        let mut united = HashMap::clone(&other.0);
        united.extend(self.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        Map(Arc::new(united))
    }

    fn equal(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }

    fn from_entries(entries: impl Iterator<Item = (K, V)>) -> Self {
        Map(Arc::new(entries.collect()))
    }

    fn insert_all(&mut self, entries: impl Iterator<Item = (K, V)>) {
        Arc::make_mut(&mut self.0).extend(entries);
    }
}

struct HashMapCopy;

scenarios::persistent_map_family!(<K, V, S> HashMapCopy = Map<K, V, S>);

/// The contender: a hash map that the first change of a clone copies whole.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<HashMapCopy>(About {
        name: "hash_map_copy",
        role: Role::Naive,
        summary: "std's HashMap behind an Arc; the first change of a clone copies it whole.",
        source: "pypersistent: the mutable dict, copied per version, with which it compares itself",
        analysis: ANALYSIS,
        complexity: &[
            ("insert_unshared", Growth::Constant),
            ("insert_shared", Growth::Linear),
            ("get_hit", Growth::Constant),
            ("get_miss", Growth::Constant),
            ("overwrite_shared", Growth::Linear),
            ("remove_unshared", Growth::Constant),
            ("remove_shared", Growth::Linear),
            ("iterate", Growth::Constant),
            ("union", Growth::Constant),
            ("equality", Growth::Constant),
            ("union_of_versions", Growth::Linear),
            ("equality_of_versions", Growth::Linear),
            ("thin_out", Growth::Constant),
            ("churn", Growth::Constant),
            ("insert_batch", Growth::Constant),
            ("diff_of_versions", Growth::Linear),
            ("variants_100", Growth::Linear),
        ],
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A version is a pointer to a reference-counted hash table. Cloning it adds one to the count. A change checks \
whether the table is shared. If not, it happens in place at the price of a HashMap; if so, the whole table \
is copied first, with all its capacity. Entries that are plain numbers are copied as memory; Strings are \
cloned one by one, an allocation each.

Lookups and iteration are a HashMap's, behind one more indirection, so it wins wherever versions are few. \
It loses as soon as every version is kept: time and memory then grow with the size of the map, not of the \
change.";
