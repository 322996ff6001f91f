//! Peer: the hash map of crate `imbl`, a 32-way hash array mapped trie.

use std::hash::{BuildHasher, Hash};

use imbl::GenericHashMap;
use imbl::shared_ptr::ArcK;
use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// `imbl::GenericHashMap`, under the contract's names.
#[derive(Clone)]
pub struct Map<K, V, S>(GenericHashMap<K, V, S, ArcK>);

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone + Default,
{
    fn new() -> Self {
        Map(GenericHashMap::default())
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
        Map(self.0.clone().union(other.0.clone()))
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

/// The contender: `imbl::GenericHashMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<Peer>(About {
        name: "imbl",
        role: Role::Peer,
        summary: "imbl::GenericHashMap with Arc: a 32-way hash array mapped trie with SIMD-searched leaves.",
        source: "crate imbl 7.0",
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
                badge: "leaks if Eq panics",
                text: "imbl 7.0.2 moves the entries of a full leaf into a larger node that nothing drops on a panic. \
                       If a key's Eq panics meanwhile, which can happen when hashes collide, the entries moved so \
                       far leak and are missing from the version being changed.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The maintained fork of im, with a reworked hash array mapped trie over 32 bits of the hash, five bits a \
level. Inner nodes are sparse arrays with room for 32 slots as in im. New are two kinds of leaf, for up to \
16 and 32 entries, with one byte of hash per entry: a lookup compares sixteen of those bytes with one SIMD \
instruction. Where two entries share a slot, a small leaf takes both; it grows into a large one, then into \
an inner node. The pointer type is a parameter; here it is std's Arc.

Insert and remove walk down recursively and copy the shared nodes on the path. Keys that are plain and \
small are compared directly, others only after their hashes. Union inserts the smaller map into the larger \
one; since both inputs stay, it copies every node of the smaller one before it takes it apart. Iteration \
keeps its stack in place.

The leaves hold several entries per allocation, which makes iteration and memory much better than im's and \
copies fewer levels per change. Nodes are still allocated at full width and copied slot by slot under a \
bitmap, so a kept version costs far more than the bytes that changed. The hasher lies in the map, not \
behind a pointer, so a clone counts one reference.";
