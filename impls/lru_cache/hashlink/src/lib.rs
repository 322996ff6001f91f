//! Peer: the cache of crate `hashlink`.

use std::hash::{BuildHasher, Hash};

use ::hashlink::LruCache;
use scenarios::lru_cache::Cache;
use scenarios::{About, Capability, Contender, Growth, KnownFailure, Role};

/// `hashlink::LruCache`, under the contract's names.
struct Linked<K, V, S>(LruCache<K, V, S>);

impl<K: Hash + Eq, V, S: BuildHasher + Default> Cache<K, V> for Linked<K, V, S> {
    fn with_capacity(capacity: usize) -> Self {
        Linked(LruCache::with_hasher(capacity, S::default()))
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    fn put(&mut self, key: K, value: V) {
        self.0.insert(key, value);
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.0.iter().rev()
    }
}

struct Peer;

scenarios::lru_cache_family!(<K, V, S> Peer = Linked<K, V, S>);

/// The contender: `hashlink::LruCache`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::lru_cache::contender::<Peer>(About {
        name: "hashlink",
        role: Role::Peer,
        summary: "hashlink::LruCache: a hash table of pointers to the nodes of a linked list, with a list of free \
                  nodes.",
        source: "crate hashlink 0.12",
        analysis: ANALYSIS,
        complexity: &[
            ("zipf", Growth::Constant),
            ("uniform", Growth::Constant),
            ("scan", Growth::Constant),
            ("put_only", Growth::Constant),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[Capability::ExactLru],
        caveats: &[],
        known_failures: &[KnownFailure {
            check: "panics",
            text: "hashlink 0.12 links a new node into the list before it is in the table. If Hash panics while the \
                   table grows, the cache iterates over an entry that it cannot find.",
        }],
    })
}

const ANALYSIS: &str = "\
A hash table (hashbrown) of pointers to nodes, which form a doubly linked list; each node is an allocation \
of its own. The key is stored once. Nodes that are removed go to a list of free nodes and are used again, \
so a full cache allocates nothing.

A put looks the key up and links a new node in. If there are then more entries than the capacity, it \
removes the oldest one, for which it hashes that entry's key again. The table is not allocated in advance \
and grows on the way.";
