//! Peer: the cache of crate `lru`.

use std::hash::{BuildHasher, Hash};
use std::num::NonZeroUsize;

use ::lru::LruCache;
use scenarios::lru_cache::Cache;
use scenarios::{About, Capability, Contender, Growth, KnownFailure, Role};

/// `lru::LruCache`, under the contract's names.
struct Lru<K, V, S>(LruCache<K, V, S>);

impl<K: Hash + Eq, V, S: BuildHasher + Default> Cache<K, V> for Lru<K, V, S> {
    fn with_capacity(capacity: usize) -> Self {
        // The crate has no capacity 0: see `known_failures`.
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Lru(LruCache::with_hasher(capacity, S::default()))
    }

    fn capacity(&self) -> usize {
        self.0.cap().get()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    fn put(&mut self, key: K, value: V) {
        self.0.put(key, value);
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.0.iter()
    }
}

struct Peer;

scenarios::lru_cache_family!(<K, V, S> Peer = Lru<K, V, S>);

/// The contender: `lru::LruCache`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::lru_cache::contender::<Peer>(About {
        name: "lru",
        role: Role::Peer,
        summary: "lru::LruCache: a hash table of pointers to boxed nodes of a doubly linked list.",
        source: "crate lru 0.19",
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
        known_failures: &[
            KnownFailure {
                check: "capacity_zero",
                text: "lru's capacity is a NonZeroUsize, so this contender uses 1 in place of 0.",
            },
            KnownFailure {
                check: "panics",
                text: "lru 0.19 links a new node into the list before it hashes the key for the table. If that \
                       panics, the node is never found, and the put that should evict it panics too.",
            },
            KnownFailure {
                check: "capacity_huge",
                text: "lru 0.19 takes the memory of its table for the whole capacity in advance, and the \
                       process ends where there is not so much.",
            },
        ],
    })
}

const ANALYSIS: &str = "\
A hash table (hashbrown) of pointers to nodes, which form a doubly linked list between two sentinels; each \
node is an allocation of its own. The key is stored once, in the node; the table hashes and compares it \
through the pointer.

Only the table is allocated in advance. A put into a full cache takes the last node out of the table and \
the list, exchanges key and value, and puts the node back at the front, so nothing is allocated. It hashes \
the new key twice and the old one once.";
