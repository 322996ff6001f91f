//! Peer: the hash trie map of crate `rpds`, 64-way, every entry behind its own pointer.

use std::hash::{BuildHasher, Hash};

use rpds::HashTrieMapSync;
use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// `rpds::HashTrieMapSync`, under the contract's names.
#[derive(Clone)]
pub struct Map<K: Hash + Eq, V, S: BuildHasher + Clone>(HashTrieMapSync<K, V, S>);

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone + Default,
{
    fn new() -> Self {
        Map(HashTrieMapSync::default())
    }

    fn len(&self) -> usize {
        self.0.size()
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    fn insert(&mut self, key: K, value: V) {
        self.0.insert_mut(key, value);
    }

    fn remove(&mut self, key: &K) -> bool {
        self.0.remove_mut(key)
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.0.iter()
    }

    fn union(&self, other: &Self) -> Self {
        // Inserts the smaller map's entries into the larger one.
        if self.0.size() < other.0.size() {
            let mut united = other.0.clone();
            for (key, value) in self.0.iter() {
                united.insert_mut(key.clone(), value.clone());
            }
            return Map(united);
        }
        let mut united = self.0.clone();
        for (key, value) in other.0.iter() {
            if !united.contains_key(key) {
                united.insert_mut(key.clone(), value.clone());
            }
        }
        Map(united)
    }

    fn equal(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn from_entries(entries: impl Iterator<Item = (K, V)>) -> Self {
        Map(entries.collect())
    }
}

/// The crate's map as a `Family`, which other bottlenecks use, too.
pub struct Peer;

scenarios::persistent_map_family!(<K, V, S> Peer = Map<K, V, S>);

/// The contender: `rpds::HashTrieMapSync`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<Peer>(About {
        name: "rpds",
        role: Role::Peer,
        summary: "rpds::HashTrieMapSync: a 64-way hash trie, every entry behind its own pointer.",
        source: "crate rpds 1.2",
        analysis: ANALYSIS,
        complexity: &[
            ("insert_unshared", Growth::Logarithmic),
            ("insert_shared", Growth::Logarithmic),
            ("get_hit", Growth::Logarithmic),
            ("get_miss", Growth::Logarithmic),
            ("overwrite_shared", Growth::Logarithmic),
            ("remove_unshared", Growth::Logarithmic),
            ("remove_shared", Growth::Logarithmic),
            ("iterate", Growth::Constant),
            ("union", Growth::Logarithmic),
            ("equality", Growth::Logarithmic),
            ("union_of_versions", Growth::Linearithmic),
            ("equality_of_versions", Growth::Linearithmic),
            ("thin_out", Growth::Logarithmic),
            ("churn", Growth::Logarithmic),
            ("insert_batch", Growth::Logarithmic),
            ("diff_of_versions", Growth::Linearithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[Caveat {
            badge: "no union",
            text: "rpds has no union, so the smaller map's entries are cloned one by one into the larger one.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A hash array mapped trie over all 64 bits of the hash, 64-way: six bits a level. A node is an enum: a \
bitmap with a growable array of child pointers, a single entry, or a list of colliding entries. Every entry \
is an allocation of its own, and so is the leaf node that points to it, both behind a reference count \
(triomphe's Arc, which has no weak count). The hash is stored beside the entry's pointer.

Insert allocates the entry and a leaf, and copies each node on the path that is shared: it adds one to the \
count of each child and allocates the array anew, with one slot to spare for the insert. Get follows a \
pointer per level, then one to the leaf and one to the entry. Equality looks every key of one map up in the \
other unless both share a root.

Entries behind pointers make inserts of plain numbers expensive, with two allocations each before the trie \
is touched, and add a cache line to every lookup. They pay off with keys that are expensive to clone: \
copying a node never clones a String, so with String keys and kept versions it beats the crates that store \
entries by value. Removing an absent key still copies the shared path.";
