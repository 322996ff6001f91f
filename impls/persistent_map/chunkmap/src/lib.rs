//! Peer: the map of crate `immutable-chunkmap`, a balanced tree of sorted chunks.

use std::fmt::Debug;

use immutable_chunkmap::map::MapM;
use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// `immutable_chunkmap::map::MapM`, under the contract's names.
#[derive(Clone)]
pub struct Map<K: Ord + Clone, V: Clone>(MapM<K, V>);

impl<K, V> PersistentMap<K, V> for Map<K, V>
where
    K: Ord + Clone + Debug,
    V: Clone + PartialEq + Debug,
{
    fn new() -> Self {
        Map(MapM::new())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    fn insert(&mut self, key: K, value: V) {
        self.0.insert_cow(key, value);
    }

    fn remove(&mut self, key: &K) -> bool {
        self.0.remove_cow(key).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.0.into_iter()
    }

    fn union(&self, other: &Self) -> Self {
        // The order of the two values depends on the heights of the trees, so our value is looked up.
        Map(self.0.union(&other.0, |key, _, _| self.0.get(key).cloned()))
    }

    fn equal(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn from_entries(entries: impl Iterator<Item = (K, V)>) -> Self {
        // The crate sorts stably and keeps the first of equal keys. In reversed order that is the last one.
        let mut entries: Vec<(K, V)> = entries.collect();
        entries.reverse();
        Map(entries.into_iter().collect())
    }

    fn insert_all(&mut self, entries: impl Iterator<Item = (K, V)>) {
        self.0 = self.0.insert_many(entries);
    }
}

/// The crate's map as a `Family`, which other bottlenecks use, too.
pub struct Peer;

scenarios::persistent_map_family!(<K, V, S> Peer = Map<K, V>);

/// The contender: `immutable_chunkmap::map::MapM`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<Peer>(About {
        name: "chunkmap",
        role: Role::Peer,
        summary: "immutable_chunkmap::map::MapM: an AVL tree of sorted chunks of up to 512 entries.",
        source: "crate immutable-chunkmap 2.1",
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
            ("equality", Growth::Constant),
            ("union_of_versions", Growth::Linearithmic),
            ("equality_of_versions", Growth::Linear),
            ("thin_out", Growth::Logarithmic),
            ("churn", Growth::Logarithmic),
            ("insert_batch", Growth::Logarithmic),
            ("diff_of_versions", Growth::Linearithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[
            Caveat {
                badge: "sorted keys",
                text: "immutable-chunkmap compares keys instead of hashing them, and keeps them in order. Most \
                       others do not offer that, and no scenario rewards it.",
            },
            Caveat {
                badge: "union looks keys up",
                text: "immutable-chunkmap 2.1.5 passes the two values of a common key to union's closure in an order \
                       that depends on the trees' heights. To keep the left value, the closure looks each common key \
                       up in the left map.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
An AVL tree whose nodes hold sorted chunks of up to 512 entries: keys in one array, values in another, in \
an allocation of their own behind an Arc. A node also keeps copies of its smallest and largest key, its two \
subtrees, and the number of entries below it. Sizes 256 and 1024 exist too; 512 is the crate's default.

Get compares with the smallest and largest key of each node on the way down and then searches one chunk by \
bisection; nothing is hashed. A change goes down the same way, copies the shared nodes and the one chunk \
that it touches, and shifts the entries behind it. A full chunk overflows into the tree. Building from an \
iterator sorts first and fills whole chunks. Union splits and joins trees and merges chunk by chunk.

It wins on memory and iteration: entries lie densely in order, hardly anything else is stored, and equality \
is a walk over two arrays. It loses when a version is kept, since a change of whatever size copies a chunk \
of up to 512 entries. It also loses at large n when building one by one, since an insert shifts all entries \
of a chunk that come later. With String keys every copy of a chunk clones its Strings.

The crate's union passes the two values of a common key in an order that depends on which tree is higher, \
so this contender looks our value up instead of relying on the order.";
