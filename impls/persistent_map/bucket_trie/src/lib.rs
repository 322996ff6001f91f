//! The lab's own map: `persistent_collections::HashMap`, a narrow hash trie of buckets whose versions share an append buffer.
//!
//! `collections/src/map/mod.rs` describes the structure, with a picture and its invariants.

use std::hash::{BuildHasher, Hash};

use persistent_collections::HashMap;
use persistent_collections::map::DiffItem;
use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// `persistent_collections::HashMap`, under the contract's names.
#[derive(Clone)]
pub struct Map<K, V, S>(HashMap<K, V, S>);

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone + Default,
{
    #[inline]
    fn new() -> Self {
        Map(HashMap::default())
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    #[inline]
    fn insert(&mut self, key: K, value: V) {
        self.0.insert(key, value);
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    #[inline]
    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.0.iter()
    }

    fn union(&self, other: &Self) -> Self {
        Map(self.0.clone().union(other.0.clone()))
    }

    fn equal(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn insert_all(&mut self, entries: impl Iterator<Item = (K, V)>) {
        self.0.extend(entries);
    }

    fn diff(&self, newer: &Self, mut found: impl FnMut(&K, Option<&V>, Option<&V>)) {
        for item in self.0.diff(&newer.0) {
            match item {
                DiffItem::Add(key, value) => found(key, None, Some(value)),
                DiffItem::Update { old: (key, old), new: (_, new) } => found(key, Some(old), Some(new)),
                DiffItem::Remove(key, value) => found(key, Some(value), None),
            }
        }
    }
}

/// `persistent_collections::HashMap` as a `Family`, which other bottlenecks use, too.
pub struct Ours;

scenarios::persistent_map_family!(<K, V, S> Ours = Map<K, V, S>);

const ANALYSIS: &str = "\
A persistent insert of a new key into a shared map costs a search and an append. The entry goes to a tail \
beside the tree. Every version sees its own length of the tail, so nothing is copied until it has 32 \
entries. These then go to the tree at once, and each path is copied once. Most of the remaining cost is the \
allocator's, so a copied path is one allocation. Strings and other entries that need dropping are shared by \
a counted pointer and allocated several at a time; their tails are copied for each version, by pointer.

A lookup follows one pointer for three bits of the hash, without a bitmap to count, then one byte of the \
leaf's index to the entry. Narrow branches copy and count few siblings, which decides the time on machines \
where atomic operations are expensive. Leaves of up to 32 entries side by side make up for the depth, and \
let iteration run over arrays.

It does not win everywhere. In maps of a few entries, each of which is asked only a few times (small_map), \
im finds out faster that a key is missing, because it tests one bit of its root's bitmap. A fork of a map \
of up to 32 entries, or the removal of one, is mainly one call of the allocator (about 200 instructions), \
which no layout in one piece avoids. Removal without sharing leaves half-empty leaves behind: they are \
joined with their neighbours, and their strings move together, when two entries are left.";

/// The contender: `persistent_collections::HashMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<Ours>(About {
        name: "bucket_trie",
        role: Role::Optimized,
        summary: "persistent_collections::HashMap with atomic reference counts: an 8-way hash trie of buckets of up to 32 \
                  entries, with an append buffer that versions share.",
        source: "the lab's own, collections/src/map",
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
            ("union_of_versions", Growth::Logarithmic),
            ("equality_of_versions", Growth::Logarithmic),
            ("thin_out", Growth::Logarithmic),
            ("churn", Growth::Logarithmic),
            ("insert_batch", Growth::Logarithmic),
            ("diff_of_versions", Growth::Logarithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[
            Caveat {
                badge: "32 bits of the hash",
                text: "Only the lower 32 bits of a hash are used: keys whose hashes agree in them are searched one \
                       by one.",
            },
            Caveat {
                badge: "memory returns in blocks",
                text: "The nodes of a copied path are one allocation, and so are up to 16 entries that need \
                       dropping. The allocation is freed when the last of them is gone, so a node that outlives the \
                       others of its path keeps their memory, too. Removals move entries out of such allocations, but \
                       only where few are left and no other version holds them.",
            },
            Caveat {
                badge: "returns old values",
                text: "insert and remove return the value that was there before. If another version shares it, they \
                       clone it.",
            },
        ],
        known_failures: &[],
    })
}
