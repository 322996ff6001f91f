//! Peer: the hash map of crate `im`, a 32-way hash array mapped trie.

use std::hash::{BuildHasher, Hash};

use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// `im::HashMap`, under the contract's names.
#[derive(Clone)]
pub struct Map<K, V, S>(im::HashMap<K, V, S>);

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone + Default,
{
    fn new() -> Self {
        Map(im::HashMap::default())
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
        // The crate's `union` inserts the smaller map into the larger one and keeps the larger map's value,
        // even if that is the right map.
        if self.0.len() >= other.0.len() {
            return Map(self.0.clone().union(other.0.clone()));
        }
        let mut united = other.0.clone();
        united.extend(self.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        Map(united)
    }

    // `==` would also fill a std HashSet with every key. That is slower, and its random hasher would make
    // instruction counts differ from run to run.
    fn equal(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0) || (self.0.len() == other.0.len() && self.0.is_submap(&other.0))
    }

    fn from_entries(entries: impl Iterator<Item = (K, V)>) -> Self {
        Map(entries.collect())
    }

    fn insert_all(&mut self, entries: impl Iterator<Item = (K, V)>) {
        self.0.extend(entries);
    }
}

/// The crate's map as a `Family`, which other bottlenecks use, too.
pub struct Peer;

scenarios::persistent_map_family!(<K, V, S> Peer = Map<K, V, S>);

/// The contender: `im::HashMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<Peer>(About {
        name: "im",
        role: Role::Peer,
        summary: "im::HashMap: a 32-way hash array mapped trie with full-size nodes and entries by value.",
        source: "crate im 15.1",
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
        caveats: &[
            Caveat {
                badge: "equality through is_submap",
                text: "Equality is measured as equal lengths and is_submap. The crate's == also collects every key \
                       in a std HashSet with a random hasher, which is slower and not repeatable.",
            },
            Caveat {
                badge: "union may keep the other value",
                text: "im 15.1 documents that union keeps the left map's value, but it keeps the larger map's. If \
                       the right map is larger, this contender inserts the left entries into it instead.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A hash array mapped trie over 32 bits of the hash, five bits a level. A node is a bitmap and a sparse array \
with room for all 32 slots, used or not. A slot is an enum of an entry (by value, with its hash), a pointer \
to a child and a pointer to a collision list. The root is allocated even for the empty map, and the hasher \
lies behind an Arc of its own, so a clone counts two references.

Get indexes the sparse array directly, with no popcount, and compares the key without looking at the stored \
hash. Insert and remove walk down recursively and copy each node on the path that is shared. Union inserts \
the smaller map into the larger one; since both inputs stay, it copies every node of the smaller one before \
it takes it apart. The iterator allocates its stack.

It wins unshared inserts: a full-size node never has to grow, so placing an entry is a store. It loses \
wherever nodes are copied, which is insert, overwrite and remove with the old version kept: a copy walks \
the bitmap and clones slot by slot, an enum each, in a node of 32 slots. The sparse nodes also make it the \
largest in memory and slow to iterate.";
