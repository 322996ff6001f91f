//! Peer: the map of crate `schnellru`.

use std::hash::{BuildHasher, Hash};

use ::schnellru::{ByLength, LruMap};
use scenarios::lru_cache::Cache;
use scenarios::{About, Capability, Contender, Growth, KnownFailure, Role};

/// `schnellru::LruMap`, limited by its length, under the contract's names.
struct Schnell<K, V, S>(LruMap<K, V, ByLength, S>);

impl<K: Hash + Eq, V, S: BuildHasher + Default> Cache<K, V> for Schnell<K, V, S> {
    fn with_capacity(capacity: usize) -> Self {
        let limit = u32::try_from(capacity).unwrap_or(u32::MAX);
        Schnell(LruMap::with_hasher(ByLength::new(limit), S::default()))
    }

    fn capacity(&self) -> usize {
        self.0.limiter().max_length() as usize
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        self.0.get(key).map(|value| &*value)
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

scenarios::lru_cache_family!(<K, V, S> Peer = Schnell<K, V, S>);

/// The contender: `schnellru::LruMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::lru_cache::contender::<Peer>(About {
        name: "schnellru",
        role: Role::Peer,
        summary: "schnellru::LruMap: a hash table whose entries are linked in order of access.",
        source: "crate schnellru 0.2",
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
                check: "panics",
                text: "schnellru 0.2.4 moves its entries to a larger table one by one. If Hash panics meanwhile, links \
                       lead outside of the table, and the process that runs this check dies of a segmentation fault.",
            },
            KnownFailure {
                check: "capacity_huge",
                text: "schnellru 0.2.4 counts in 32 bits. This contender holds 2³² − 1 entries in place of more.",
            },
        ],
    })
}

const ANALYSIS: &str = "\
A hash table (hashbrown) that holds the entries themselves and, between them, the links that keep their \
order of access. There is no allocation per entry. What limits the map is a policy that the user chooses; \
here it is the length.

The crate is made for a small memory footprint and short code. Its table grows on the way. A put into a \
full map removes the oldest entry and inserts the new one, and hashes both.";
