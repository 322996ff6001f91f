//! **Persistent map**: a map whose old versions stay valid, cheaply.
//!
//! Contract: [`PersistentMap`], for every key, value and hasher through a [`Family`]. Oracle: a
//! `BTreeMap` copied whole for every version. Scenarios: [`BOTTLENECK`], each with `u64` keys and
//! (suffix `_string`) with 16-byte `String` keys; values are `u64`.
//!
//! "Unshared" maps are owned once, so a change may happen in place; a "shared" step keeps the
//! version before it alive to the end of the region. "Of versions" means that two maps share most: both

pub(crate) mod cases;
pub(crate) mod checks;
pub(crate) mod oracle;

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

use crate::contender::{About, Bottleneck, Capability, Claim, Contender, Memory, NOTHING, Scenario, Sizes};

/// A map with cheap versions: `clone` keeps the present content, every change affects one clone only.
pub trait PersistentMap<K, V>: Clone {
    /// The empty map.
    fn new() -> Self;
    /// Number of entries.
    fn len(&self) -> usize;
    /// The value of `key`.
    fn get(&self, key: &K) -> Option<&V>;
    /// Sets the value of `key`, in place where this version shares nothing.
    fn insert(&mut self, key: K, value: V);
    /// Removes `key`; whether it was there.
    fn remove(&mut self, key: &K) -> bool;
    /// Every entry once, in any order.
    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a;
    /// The entries of both; where both have a key, this map's value.
    fn union(&self, other: &Self) -> Self;
    /// Whether both hold the same entries, whatever way they were built.
    fn equal(&self, other: &Self) -> bool;

    /// Whether `key` is present.
    fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Whether there is no entry.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The map of `entries`; of equal keys the last wins.
    fn from_entries(entries: impl Iterator<Item = (K, V)>) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

/// One map implementation, for every type of key, value and hasher.
pub trait Family: 'static {
    /// The map type.
    type Map<K, V, S>: PersistentMap<K, V> + Send + Sync + 'static
    where
        K: Hash + Ord + Clone + Debug + Send + Sync + 'static,
        V: Clone + Debug + PartialEq + Send + Sync + 'static,
        S: BuildHasher + Clone + Default + Send + Sync + 'static;
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "persistent_map",
    title: "Persistent map",
    question: "How much does it cost to keep old versions of a map alive? A mutable hash map is fast until somebody \
               needs yesterday's content: undo, snapshots for readers, backtracking. Copying it whole costs O(n) per \
               version; a trie copies only the path to the changed entry.",
    scenarios: SCENARIOS,
    checks: checks::CHECKS,
    sizes: SIZES,
    claims: CLAIMS,
    memory: &[
        Memory { unit: "entry", built: "insert_unshared", kept: "variants_100", versions: 100 },
        Memory { unit: "entry", built: "insert_unshared_string", kept: "variants_100_string", versions: 100 },
    ],
    own_input: None,
    reference: "imbl",
    describe: checks::describe,
};

const CLAIMS: &[Claim] = &[
    Claim::new(
        "pp-variants",
        "100 variants of one map of 1,000,000 entries take 2,843 times less than copying a mutable map 100 times.",
        Some(2843.0),
        ("variants_100", 1_000_000),
        ["hash_map_copy", "hamt"],
    ),
    // The log gives its steps in per cent saved: 1 / (1 - 0.076) = 1.082, and so on.
    Claim::new(
        "pp-inline",
        "Entries by value instead of boxed save 7.6 % of insertion.",
        Some(1.082),
        ("insert_shared", ABLATION_SIZE),
        ["hamt_boxed", "hamt"],
    ),
    Claim::new(
        "pp-inline-iterate",
        "Entries by value instead of boxed save 29 % of iteration.",
        Some(1.408),
        ("iterate", ABLATION_SIZE),
        ["hamt_boxed", "hamt"],
    ),
    Claim::new(
        "pp-shared",
        "Reference-counted entries instead of entries by value save 38.7 % of insertion.",
        Some(1.631),
        ("insert_shared", ABLATION_SIZE),
        ["hamt", "hamt_shared"],
    ),
    Claim::new(
        "pp-shared-iterate",
        "Entries by value iterate 1.28 times as fast as reference-counted ones (490 ms against 625 ms).",
        Some(1.28),
        ("iterate", ABLATION_SIZE),
        ["hamt_shared", "hamt"],
    ),
    Claim::new(
        "pp-allocs-boxed",
        "With boxed entries a change makes 42 to 84 allocations; the table of allocations shows ours.",
        None,
        ("insert_shared", ABLATION_SIZE),
        ["hamt_boxed", "hamt_shared"],
    ),
];

/// The largest size of the default profile: the log measured at 1,000,000, and gives no other size.
const ABLATION_SIZE: usize = 100_000;

const PERSISTENT: &[Capability] = &[Capability::Persistent];

const SIZES: Sizes = Sizes {
    quick: &[8, 100, 1000],
    default: &[8, 32, 100, 1000, 10_000, 100_000],
    full: &[8, 32, 100, 1000, 10_000, 100_000, 1_000_000],
};

/// Where whoever copies every String would make the gate wait: at 100,000 entries for 150 million instructions a
/// peer, to say once more what 10,000 said.
const TO_10_000: Sizes = Sizes { default: &[8, 32, 100, 1000, 10_000], ..SIZES };

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("insert_unshared", "insert", NOTHING, "Builds a map of n entries from empty, owned once."),
    Scenario::new("insert_unshared_string", "insert", NOTHING, "Builds a map of n String keys from empty, owned once."),
    Scenario::new("insert_shared", "insert", PERSISTENT, "Inserts new keys (all n up to 1,000, the last 100 of more), every version before kept."),
    Scenario::new("insert_shared_string", "insert", PERSISTENT, "Inserts new String keys (all n up to 1,000, the last 100 of more), every version before kept."),
    Scenario::new("get_hit", "get", NOTHING, "Looks up random present keys in a map of n."),
    Scenario::new("get_hit_string", "get", NOTHING, "Looks up random present String keys in a map of n."),
    Scenario::new("get_miss", "get", NOTHING, "Looks up absent keys in a map of n."),
    Scenario::new("get_miss_string", "get", NOTHING, "Looks up absent String keys in a map of n."),
    Scenario::new("overwrite_shared", "insert", PERSISTENT, "Overwrites up to 100 random present keys, every version before kept."),
    Scenario::new("overwrite_shared_string", "insert", PERSISTENT, "Overwrites up to 100 random present String keys, every version before kept."),
    Scenario::new("remove_unshared", "remove", NOTHING, "Removes every entry of a map of n in random order, owned once."),
    Scenario::new("remove_unshared_string", "remove", NOTHING, "Removes every String key of a map of n in random order, owned once."),
    Scenario::new("remove_shared", "remove", PERSISTENT, "Removes up to 100 random entries, every version before kept."),
    Scenario::new("remove_shared_string", "remove", PERSISTENT, "Removes up to 100 random String keys, every version before kept."),
    Scenario::new("iterate", "entry", NOTHING, "Visits every entry of a map of n."),
    Scenario::new("iterate_string", "entry", NOTHING, "Visits every entry of a map of n String keys."),
    Scenario::new("union", "entry", NOTHING, "Unites two maps of n entries that have half their keys in common; both stay."),
    Scenario::new("union_string", "entry", NOTHING, "Unites two maps of n String keys that have half their keys in common; both stay."),
    Scenario::new("equality", "entry", NOTHING, "Compares two equal maps of n entries that were built in different orders."),
    Scenario::new("equality_string", "entry", NOTHING, "Compares two equal maps of n String keys that were built in different orders."),
    Scenario::new("union_of_versions", "union", PERSISTENT, "Unites two versions of one map of n, each a few changes away from it (n / 100, at least 1 and at most 10: overwrites, inserts and removals); both stay."),
    Scenario::new("union_of_versions_string", "union", PERSISTENT, "Unites two versions of one map of n String keys, each a few changes away from it (n / 100, at least 1 and at most 10: overwrites, inserts and removals); both stay.").at(TO_10_000),
    Scenario::new("equality_of_versions", "comparison", PERSISTENT, "Compares two equal versions of one map of n: one lost a few entries (n / 100, at least 1 and at most 10) and got them back, the other had as many overwritten with what they were."),
    Scenario::new("equality_of_versions_string", "comparison", PERSISTENT, "Compares two equal versions of one map of n String keys: one lost a few entries (n / 100, at least 1 and at most 10) and got them back, the other had as many overwritten with what they were."),
    Scenario::new("variants_100", "variant", PERSISTENT, "Derives 100 variants of one map of n by one insert each and keeps them all."),
    Scenario::new("variants_100_string", "variant", PERSISTENT, "Derives 100 variants of one map of n String keys by one insert each and keeps them all."),
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<F: Family>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: cases::set_up::<F>, replay: checks::replay::<F> }
}
