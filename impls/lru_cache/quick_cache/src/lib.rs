//! Peer: the single-threaded cache of crate `quick_cache`.

use std::hash::{BuildHasher, Hash};

use ::quick_cache::UnitWeighter;
use ::quick_cache::unsync::{Cache as Unsync, DefaultLifecycle};
use scenarios::lru_cache::Cache;
use scenarios::{About, Caveat, Contender, Growth, KnownFailure, Role};

/// `quick_cache::unsync::Cache`, every entry of weight 1, under the contract's names.
struct Quick<K, V, S>(Unsync<K, V, UnitWeighter, S>);

impl<K: Hash + Eq, V, S: BuildHasher + Default> Cache<K, V> for Quick<K, V, S> {
    fn with_capacity(capacity: usize) -> Self {
        let lifecycle = DefaultLifecycle::default();
        Quick(Unsync::with(capacity, capacity as u64, UnitWeighter, S::default(), lifecycle))
    }

    fn capacity(&self) -> usize {
        self.0.capacity() as usize
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
        self.0.iter()
    }
}

struct Peer;

scenarios::lru_cache_family!(<K, V, S> Peer = Quick<K, V, S>);

/// The contender: `quick_cache::unsync::Cache`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::lru_cache::contender::<Peer>(About {
        name: "quick_cache",
        role: Role::Peer,
        summary: "quick_cache::unsync::Cache: a hash table into a slab of entries, with a policy of hot, cold and \
                  ghost entries.",
        source: "crate quick_cache 0.7",
        analysis: ANALYSIS,
        complexity: &[
            ("zipf", Growth::Constant),
            ("uniform", Growth::Constant),
            ("scan", Growth::Constant),
            ("put_only", Growth::Constant),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[],
        caveats: &[Caveat {
            badge: "not LRU",
            text: "quick_cache evicts by a policy of its own. Its hit rate differs, it has no order of recent use, \
                   and the oracle compares only what holds for every cache.",
        }],
        known_failures: &[KnownFailure {
            check: "panics",
            text: "quick_cache 0.7 puts a new entry into its slab before it is in the table. If Hash panics while the \
                   table grows, the cache iterates over an entry that it cannot find.",
        }],
    })
}

const ANALYSIS: &str = "\
A hash table (hashbrown) of slots in a slab. The slab holds three circular lists after the S3-FIFO and \
Clock-PRO policies: cold entries, hot entries, and ghosts, of which only the hash is left. A hit sets a \
counter and moves nothing; the next eviction decides what the counter is worth.

The reward is the hit rate: one pass over many keys does not evict the popular ones, and a key that comes \
back soon after its eviction is recognised. The price is paid by misses, which go through the lists and \
look for ghosts. Where a miss is expensive, compare hit rates before instructions.";
