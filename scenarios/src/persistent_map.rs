//! **Persistent map**: a map whose old versions stay valid, cheaply.
//!
//! Contract: [`PersistentMap`], for every key, value and hasher through a [`Family`]. Oracle: a
//! `BTreeMap` copied whole for every version. Scenarios: [`BOTTLENECK`], each with `u64` keys and
//! (suffix `_string`) with 16-byte `String` keys; values are `u64`.
//!
//! "Unshared" maps are owned once, so a change may happen in place; a "shared" step keeps the
//! version before it alive to the end of the region. "Of versions" means that two maps share most: both
//! were made of one map by a few changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use crate::input::{DearKey, FixedHasher, Key, copies, draws, entry_digest, mix, rng, shuffled, sum};
use crate::probe::{Hashing, PassThrough, Probe};
use crate::{
    About, Bottleneck, Capability, Case, Check, Claim, Contender, Memory, Mismatch, Request, Scenario, Setup,
    Sizes, Step, case,
};

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
    checks: CHECKS,
    sizes: SIZES,
    claims: CLAIMS,
    memory: &[
        Memory { unit: "entry", built: "insert_unshared", kept: "variants_100", versions: 100 },
        Memory { unit: "entry", built: "insert_unshared_string", kept: "variants_100_string", versions: 100 },
    ],
    own_input: None,
    reference: "imbl",
    describe,
};

const CLAIMS: &[Claim] = &[
    Claim {
        id: "pp-variants",
        text: "100 variants of one map of 1,000,000 entries take 2,843 times less than copying a mutable map 100 times.",
        factor: Some(2843.0),
        scenario: "variants_100",
        size: 1_000_000,
        naive: "hash_map_copy",
        optimized: "hamt",
    },
    // The log gives its steps in per cent saved: 1 / (1 - 0.076) = 1.082, and so on.
    claim(
        "pp-inline",
        "Entries by value instead of boxed save 7.6 % of insertion.",
        1.082,
        ["insert_shared", "hamt_boxed", "hamt"],
    ),
    claim(
        "pp-inline-iterate",
        "Entries by value instead of boxed save 29 % of iteration.",
        1.408,
        ["iterate", "hamt_boxed", "hamt"],
    ),
    claim(
        "pp-shared",
        "Reference-counted entries instead of entries by value save 38.7 % of insertion.",
        1.631,
        ["insert_shared", "hamt", "hamt_shared"],
    ),
    claim(
        "pp-shared-iterate",
        "Entries by value iterate 1.28 times as fast as reference-counted ones (490 ms against 625 ms).",
        1.28,
        ["iterate", "hamt_shared", "hamt"],
    ),
    Claim {
        id: "pp-allocs-boxed",
        text: "With boxed entries a change makes 42 to 84 allocations; the table of allocations shows ours.",
        factor: None,
        scenario: "insert_shared",
        size: ABLATION_SIZE,
        naive: "hamt_boxed",
        optimized: "hamt_shared",
    },
];

/// The largest size of the default profile: the log measured at 1,000,000, and gives no other size.
const ABLATION_SIZE: usize = 100_000;

/// A claim of the log's ablation: of a scenario, a contender and a faster one.
const fn claim(
    id: &'static str,
    text: &'static str,
    factor: f64,
    [scenario, naive, optimized]: [&'static str; 3],
) -> Claim {
    Claim { id, text, factor: Some(factor), scenario, size: ABLATION_SIZE, naive, optimized }
}

const NOTHING: &[Capability] = &[];
const PERSISTENT: &[Capability] = &[Capability::Persistent];

const fn scenario(
    name: &'static str,
    unit: &'static str,
    requires: &'static [Capability],
    summary: &'static str,
) -> Scenario {
    Scenario { name, summary, unit, requires, sizes: None }
}

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
    scenario("insert_unshared", "insert", NOTHING, "Builds a map of n entries from empty, owned once."),
    scenario("insert_unshared_string", "insert", NOTHING, "Builds a map of n String keys from empty, owned once."),
    scenario("insert_shared", "insert", PERSISTENT, "Inserts new keys (all n up to 1,000, the last 100 of more), every version before kept."),
    scenario("insert_shared_string", "insert", PERSISTENT, "Inserts new String keys (all n up to 1,000, the last 100 of more), every version before kept."),
    scenario("get_hit", "get", NOTHING, "Looks up random present keys in a map of n."),
    scenario("get_hit_string", "get", NOTHING, "Looks up random present String keys in a map of n."),
    scenario("get_miss", "get", NOTHING, "Looks up absent keys in a map of n."),
    scenario("get_miss_string", "get", NOTHING, "Looks up absent String keys in a map of n."),
    scenario("overwrite_shared", "insert", PERSISTENT, "Overwrites up to 100 random present keys, every version before kept."),
    scenario("overwrite_shared_string", "insert", PERSISTENT, "Overwrites up to 100 random present String keys, every version before kept."),
    scenario("remove_unshared", "remove", NOTHING, "Removes every entry of a map of n in random order, owned once."),
    scenario("remove_unshared_string", "remove", NOTHING, "Removes every String key of a map of n in random order, owned once."),
    scenario("remove_shared", "remove", PERSISTENT, "Removes up to 100 random entries, every version before kept."),
    scenario("remove_shared_string", "remove", PERSISTENT, "Removes up to 100 random String keys, every version before kept."),
    scenario("iterate", "entry", NOTHING, "Visits every entry of a map of n."),
    scenario("iterate_string", "entry", NOTHING, "Visits every entry of a map of n String keys."),
    scenario("union", "entry", NOTHING, "Unites two maps of n entries that have half their keys in common; both stay."),
    scenario("union_string", "entry", NOTHING, "Unites two maps of n String keys that have half their keys in common; both stay."),
    scenario("equality", "entry", NOTHING, "Compares two equal maps of n entries that were built in different orders."),
    scenario("equality_string", "entry", NOTHING, "Compares two equal maps of n String keys that were built in different orders."),
    scenario("union_of_versions", "union", PERSISTENT, "Unites two versions of one map of n, each a few changes away from it (n / 100, at least 1 and at most 10: overwrites, inserts and removals); both stay."),
    Scenario { sizes: Some(TO_10_000), ..scenario("union_of_versions_string", "union", PERSISTENT, "Unites two versions of one map of n String keys, each a few changes away from it (n / 100, at least 1 and at most 10: overwrites, inserts and removals); both stay.") },
    scenario("equality_of_versions", "comparison", PERSISTENT, "Compares two equal versions of one map of n: one lost a few entries (n / 100, at least 1 and at most 10) and got them back, the other had as many overwritten with what they were."),
    scenario("equality_of_versions_string", "comparison", PERSISTENT, "Compares two equal versions of one map of n String keys: one lost a few entries (n / 100, at least 1 and at most 10) and got them back, the other had as many overwritten with what they were."),
    scenario("variants_100", "variant", PERSISTENT, "Derives 100 variants of one map of n by one insert each and keeps them all."),
    scenario("variants_100_string", "variant", PERSISTENT, "Derives 100 variants of one map of n String keys by one insert each and keeps them all."),
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<F: Family>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up::<F>, replay: replay::<F> }
}

fn set_up<F: Family>(request: Request) -> Box<dyn Case> {
    match request.scenario.strip_suffix("_string") {
        Some(scenario) => set_up_with::<String, F::Map<String, u64, FixedHasher>>(scenario, request),
        None => set_up_with::<u64, F::Map<u64, u64, FixedHasher>>(request.scenario, request),
    }
}

fn set_up_with<K: Key, M: PersistentMap<K, u64> + 'static>(
    scenario: &str,
    request: Request,
) -> Box<dyn Case> {
    let size = request.size;
    match scenario {
        "insert_unshared" => insert_unshared::<K, M>(size),
        "insert_shared" => insert_shared::<K, M>(size, insert_steps(request), line_count(size)),
        "get_hit" => get_hit::<K, M>(size),
        "get_miss" => get_miss::<K, M>(size),
        "overwrite_shared" => overwrite_shared::<K, M>(size, steps(request)),
        "remove_unshared" => remove_unshared::<K, M>(size),
        "remove_shared" => remove_shared::<K, M>(size, steps(request)),
        "iterate" => iterate::<K, M>(size),
        "union" => union::<K, M>(size),
        "equality" => equality::<K, M>(size),
        "union_of_versions" => union_of_versions::<K, M>(size),
        "equality_of_versions" => equality_of_versions::<K, M>(size),
        "variants_100" => variants::<K, M>(size, variant_count(request)),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

/// How many steps a line of inserts takes: all on the way up to 1,000 entries, the last ones beyond, and
/// where every step copies the whole map.
fn insert_steps(request: Request) -> usize {
    if request.size <= 1000 && !request.can(Capability::CopiesWhole) { request.size } else { steps(request) }
}

/// How many versions a line keeps. A contender that copies whole keeps fewer: cost per step is what is
/// compared, and a hundred copies of 100,000 entries would not fit into memory.
fn steps(request: Request) -> usize {
    variant_count(request).min(request.size)
}

fn variant_count(request: Request) -> usize {
    if request.can(Capability::CopiesWhole) { (100_000 / request.size).clamp(2, 100) } else { 100 }
}

/// The value first inserted for an id.
pub(crate) fn value_of(id: u64) -> u64 {
    id.wrapping_mul(3).wrapping_add(1)
}

fn entry<K: Key>(id: u64) -> (K, u64) {
    (K::from_id(id), value_of(id))
}

/// Ids that no map contains.
pub(crate) const ABSENT: u64 = 1 << 40;

pub(crate) fn entries<K: Key>(ids: Range<u64>) -> Vec<(K, u64)> {
    ids.map(entry).collect()
}

/// `count` ranges of `size` ids each, none in two of them.
pub(crate) fn id_ranges(count: usize, size: usize) -> Vec<Range<u64>> {
    let [count, size] = [count as u64, size as u64];
    (0..count).map(|at| at * size..(at + 1) * size).collect()
}

/// How many lines of versions a region has: for about 256 steps, because one that keeps the version
/// before costs as much as several that do not.
fn line_count(size: usize) -> usize {
    copies(4 * size)
}

/// A map of the entries of `ids`, made as it goes: a list of them would double what set-ups allocate.
pub(crate) fn build<K: Key, M: PersistentMap<K, u64>>(ids: impl Iterator<Item = u64>) -> M {
    M::from_entries(ids.map(entry))
}

pub(crate) fn content_digest<K: Key, M: PersistentMap<K, u64>>(map: &M) -> u64 {
    sum(map.iter().map(|(key, value)| entry_digest(key, *value))).wrapping_add(mix(map.len() as u64))
}

fn entries_digest<K: Key>(entries: impl Iterator<Item = (K, u64)>) -> u64 {
    let (mut digest, mut count) = (0u64, 0);
    for (key, value) in entries {
        digest = digest.wrapping_add(entry_digest(&key, value));
        count += 1;
    }
    digest.wrapping_add(mix(count))
}

pub(crate) fn ids_digest<K: Key>(ids: impl Iterator<Item = u64>) -> u64 {
    entries_digest(ids.map(entry::<K>))
}

pub(crate) fn insert_unshared<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let ranges = id_ranges(copies(size), size);
    case(
        ranges.len() * size,
        Setup::EveryRun,
        ranges,
        |ranges| ranges.iter().map(|ids| (M::new(), entries(ids.clone()))).collect::<Vec<_>>(),
        |_, state| {
            for (map, entries) in state {
                for (key, value) in entries.drain(..) {
                    map.insert(key, value);
                }
            }
        },
        |_, state, ()| sum(state.iter().map(|(map, _)| content_digest(map))),
        |ranges| sum(ranges.iter().map(|ids| ids_digest::<K>(ids.clone()))),
    )
}

/// A line of versions: a map that changes step by step, and every version before a step.
pub(crate) struct Line<M, T> {
    pub(crate) map: M,
    changes: Vec<T>,
    pub(crate) kept: Vec<M>,
}

impl<M: Clone, T> Line<M, T> {
    pub(crate) fn new(base: &M, changes: Vec<T>) -> Self {
        let kept = Vec::with_capacity(changes.len());
        Line { map: base.clone(), changes, kept }
    }

    /// Applies every change, the version before it kept.
    pub(crate) fn advance(&mut self, mut change: impl FnMut(&mut M, T)) {
        for operand in self.changes.drain(..) {
            self.kept.push(self.map.clone());
            change(&mut self.map, operand);
        }
    }
}

/// The last `steps` inserts on the way to `size` entries, in each of so many lines.
pub(crate) fn insert_shared<K: Key, M: PersistentMap<K, u64> + 'static>(
    size: usize,
    steps: usize,
    lines: usize,
) -> Box<dyn Case> {
    let before_last = (size - steps) as u64;
    let split =
        move |ids: &Range<u64>| (ids.start..ids.start + before_last, ids.start + before_last..ids.end);
    let ranges = id_ranges(lines, size).into_iter();
    let input: Vec<_> = ranges.map(|ids| (build::<K, M>(split(&ids).0), ids)).collect();
    case(
        input.len() * steps,
        Setup::EveryRun,
        input,
        move |input| {
            input.iter().map(|(base, ids)| Line::new(base, entries(split(ids).1))).collect::<Vec<_>>()
        },
        |_, lines| {
            for line in lines {
                line.advance(|map, (key, value)| map.insert(key, value));
            }
        },
        move |input, lines, ()| {
            sum(lines.iter().zip(input).map(|(line, (_, ids))| {
                let lengths = sum(line.kept.iter().map(|map| map.len() as u64));
                // A version must not see the key that came after it.
                let unseen = line.kept.iter().zip(split(ids).1);
                let unseen = unseen.filter(|(map, id)| !map.contains_key(&K::from_id(*id))).count() as u64;
                content_digest(&line.map).wrapping_add(mix(lengths)).wrapping_add(mix(unseen))
            }))
        },
        move |input| {
            sum(input.iter().map(|(_, ids)| {
                let lengths = sum(before_last..size as u64);
                ids_digest::<K>(ids.clone()).wrapping_add(mix(lengths)).wrapping_add(mix(steps as u64))
            }))
        },
    )
}

struct Lookups<K, M> {
    map: M,
    probes: Vec<K>,
}

fn get_hit<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let ids = draws(&mut rng("get_hit", size), size.max(1024), size);
    let map = build::<K, M>(0..size as u64);
    let lookups = Lookups { map, probes: ids.iter().map(|id| K::from_id(*id)).collect() };
    case(
        ids.len(),
        Setup::Once,
        (lookups, ids),
        |_| (),
        |(lookups, _), ()| {
            lookups
                .probes
                .iter()
                .fold(0u64, |sum, key| sum.wrapping_add(lookups.map.get(key).copied().unwrap_or(0)))
        },
        |_, (), found| *found,
        |(_, ids)| sum(ids.iter().map(|id| value_of(*id))),
    )
}

fn get_miss<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = size.max(1024);
    let lookups = Lookups {
        map: build::<K, M>(0..size as u64),
        probes: (0..count as u64).map(|id| K::from_id(ABSENT + id)).collect(),
    };
    case(
        count,
        Setup::Once,
        lookups,
        |_| (),
        |lookups, ()| lookups.probes.iter().map(|key| u64::from(lookups.map.get(key).is_none())).sum::<u64>(),
        |_, (), misses| *misses,
        move |_| count as u64,
    )
}

fn overwrite_shared<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize, steps: usize) -> Box<dyn Case> {
    let lines = line_count(size);
    let ids = draws(&mut rng("overwrite_shared", size), lines * steps, size);
    case(
        lines * steps,
        Setup::EveryRun,
        (build::<K, M>(0..size as u64), ids),
        move |(base, ids)| {
            ids.chunks(steps)
                .map(|ids| {
                    let changes = ids.iter().enumerate().map(|(step, id)| (K::from_id(*id), step as u64));
                    Line::new(base, changes.collect())
                })
                .collect::<Vec<_>>()
        },
        |_, lines| {
            for line in lines {
                line.advance(|map, (key, value)| map.insert(key, value));
            }
        },
        move |(_, ids), lines, ()| {
            sum(lines.iter().zip(ids.chunks(steps)).map(|(line, ids)| {
                // What each version still says of the key that was overwritten after it.
                let before = line.kept.iter().zip(ids);
                let before = sum(before.map(|(map, id)| *map.get(&K::from_id(*id)).unwrap_or(&0)));
                content_digest(&line.map).wrapping_add(mix(before))
            }))
        },
        move |(_, ids)| {
            sum(ids.chunks(steps).map(|ids| {
                let mut values: Vec<u64> = (0..size as u64).map(value_of).collect();
                let mut before = 0u64;
                for (step, id) in ids.iter().enumerate() {
                    let value = &mut values[*id as usize];
                    before = before.wrapping_add(std::mem::replace(value, step as u64));
                }
                let entries = values.iter().zip(0..).map(|(value, id)| (K::from_id(id), *value));
                entries_digest(entries).wrapping_add(mix(before))
            }))
        },
    )
}

fn remove_unshared<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let ranges = id_ranges(copies(size), size);
    let order = shuffled(&mut rng("remove_unshared", size), size);
    let count = ranges.len() * size;
    case(
        count,
        Setup::EveryRun,
        (ranges, order),
        |(ranges, order)| {
            let state = ranges.iter().map(|ids| {
                let keys: Vec<K> = order.iter().map(|at| K::from_id(ids.start + at)).collect();
                (build::<K, M>(ids.clone()), keys)
            });
            state.collect::<Vec<_>>()
        },
        |_, state| {
            let mut removed = 0u64;
            for (map, keys) in state {
                for key in keys.iter() {
                    removed += u64::from(map.remove(key));
                }
            }
            removed
        },
        |_, state, removed| {
            let left = sum(state.iter().map(|(map, _)| map.len() as u64 + map.iter().count() as u64));
            removed.wrapping_add(mix(left))
        },
        move |_| (count as u64).wrapping_add(mix(0)),
    )
}

fn remove_shared<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize, steps: usize) -> Box<dyn Case> {
    let lines = line_count(size);
    let order = shuffled(&mut rng("remove_shared", size), size);
    case(
        lines * steps,
        Setup::EveryRun,
        (build::<K, M>(0..size as u64), order),
        move |(base, order)| {
            let keys: Vec<K> = order[..steps].iter().map(|id| K::from_id(*id)).collect();
            (0..lines).map(|_| Line::new(base, keys.clone())).collect::<Vec<_>>()
        },
        |_, lines| {
            let mut removed = 0u64;
            for line in lines {
                line.advance(|map, key| removed += u64::from(map.remove(&key)));
            }
            removed
        },
        move |(_, order), lines, removed| {
            let kept = sum(lines.iter().map(|line| {
                let there = line.kept.iter().zip(&order[..steps]);
                let there = there.filter(|(map, id)| map.contains_key(&K::from_id(**id))).count();
                content_digest(&line.map).wrapping_add(mix(there as u64))
            }));
            kept.wrapping_add(*removed)
        },
        move |(_, order)| {
            let left = ids_digest::<K>(order[steps..].iter().copied());
            let line = left.wrapping_add(mix(steps as u64));
            line.wrapping_mul(lines as u64).wrapping_add((lines * steps) as u64)
        },
    )
}

/// What a visit of an entry reads.
fn visit<K: Key>(key: &K, value: u64) -> u64 {
    key.touch().wrapping_add(value)
}

pub(crate) fn iterate<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let ranges = id_ranges(copies(size), size);
    let maps: Vec<M> = ranges.iter().map(|ids| build(ids.clone())).collect();
    case(
        ranges.len() * size,
        Setup::Once,
        maps,
        |_| (),
        |maps, ()| {
            let mut sum = 0u64;
            for map in maps {
                for (key, value) in map.iter() {
                    sum = sum.wrapping_add(visit(key, *value));
                }
            }
            sum
        },
        |_, (), sum| *sum,
        move |_| sum(ranges.iter().cloned().flatten().map(|id| visit(&K::from_id(id), value_of(id)))),
    )
}

fn union<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let pairs = copies(2 * size);
    // The upper half of the left keys is the lower half of the right ones, with other values.
    let left = move |pair: usize| {
        let start = (2 * pair * size) as u64;
        (start..start + size as u64).map(entry::<K>)
    };
    let right = move |pair: usize| {
        let start = (2 * pair * size + size / 2) as u64;
        (start..start + size as u64).map(|id| (K::from_id(id), value_of(id) ^ 1))
    };
    let maps: Vec<(M, M)> =
        (0..pairs).map(|pair| (M::from_entries(left(pair)), M::from_entries(right(pair)))).collect();
    case(
        pairs * 2 * size,
        Setup::EveryRun,
        maps,
        move |_| Vec::with_capacity(pairs),
        |maps, united| {
            for (left, right) in maps {
                united.push(left.union(right));
            }
        },
        |_, united: &Vec<M>, ()| {
            sum(united.iter().flat_map(|map| map.iter().map(|(key, value)| entry_digest(key, *value))))
                .wrapping_add(mix(sum(united.iter().map(|map| map.len() as u64))))
        },
        move |_| {
            // Of a key in both the left value counts.
            let common = size - size / 2;
            entries_digest((0..pairs).flat_map(|pair| left(pair).chain(right(pair).skip(common))))
        },
    )
}

fn equality<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let order = shuffled(&mut rng("equality", size), size);
    let maps: Vec<(M, M)> = id_ranges(copies(size), size)
        .into_iter()
        .map(|ids| (build(ids.clone()), build(order.iter().map(|at| ids.start + at))))
        .collect();
    let pairs = maps.len();
    case(
        pairs * size,
        Setup::Once,
        maps,
        |_| (),
        |maps, ()| maps.iter().map(|(left, right)| u64::from(left.equal(right))).sum::<u64>(),
        |_, (), equal| *equal,
        move |_| pairs as u64,
    )
}

/// A map of the entries of `ids`, and what changes it on the way to either of two versions.
struct Fork {
    ids: Range<u64>,
    /// Ids and the values that they get; none for those that go.
    changes: [Vec<(u64, Option<u64>)>; 2],
}

impl Fork {
    /// Both versions, made of one map.
    fn versions<K: Key, M: PersistentMap<K, u64>>(&self) -> [M; 2] {
        let base: M = build(self.ids.clone());
        self.changes.each_ref().map(|changes| {
            let mut map = base.clone();
            for (id, value) in changes {
                match value {
                    Some(value) => map.insert(K::from_id(*id), *value),
                    None => drop(map.remove(&K::from_id(*id))),
                }
            }
            map
        })
    }

    /// What version `at` says of an id.
    fn value(&self, at: usize, id: u64) -> Option<u64> {
        match self.changes[at].iter().rev().find(|(changed, _)| *changed == id) {
            Some((_, value)) => *value,
            None => self.ids.contains(&id).then(|| value_of(id)),
        }
    }

    /// Every entry that either version has; of those that both have, the first one's.
    fn united<K: Key>(&self) -> impl Iterator<Item = (K, u64)> {
        let new = self.changes.iter().flatten().map(|(id, _)| *id).filter(|id| !self.ids.contains(id));
        let new: BTreeSet<u64> = new.collect();
        let value = |id| self.value(0, id).or_else(|| self.value(1, id));
        self.ids.clone().chain(new).filter_map(move |id| Some((K::from_id(id), value(id)?)))
    }
}

/// How many changes a version is away from the map that it was made of, where versions share most.
fn changes_apart(size: usize) -> usize {
    (size / 100).clamp(1, 10)
}

/// Two versions to be united, in each of so many forks that a region does enough: overwritten, extended and reduced
/// in turn, at random places.
fn forks_to_unite(size: usize) -> Vec<Fork> {
    let mut rng = rng("union_of_versions", size);
    let ranges = id_ranges(copies(size), size).into_iter().enumerate();
    let forks = ranges.map(|(pair, ids)| {
        let changes = [0, 1].map(|side| {
            let drawn = draws(&mut rng, changes_apart(size), size).into_iter().enumerate();
            let change = |(step, at): (usize, u64)| {
                let id = ids.start + at;
                // Where there is but one change, what it is goes round from pair to pair.
                match (pair + step + side) % 3 {
                    0 => (id, Some(!value_of(id) ^ side as u64)),
                    1 => (ABSENT + 2 * id + side as u64, Some(at)),
                    _ => (id, None),
                }
            };
            drawn.map(change).collect()
        });
        Fork { ids, changes }
    });
    forks.collect()
}

/// Two equal versions, neither of them untouched, in each of so many forks that a region does enough: one lost
/// entries and got them back, the other had entries overwritten with the same values.
fn forks_to_compare(size: usize) -> Vec<Fork> {
    let mut rng = rng("equality_of_versions", size);
    let forks = id_ranges(copies(size), size).into_iter().map(|ids| {
        let mut drawn = || -> Vec<(u64, Option<u64>)> {
            let ids = draws(&mut rng, changes_apart(size), size).into_iter().map(|at| ids.start + at);
            ids.map(|id| (id, Some(value_of(id)))).collect()
        };
        let [back, overwritten] = [drawn(), drawn()];
        let away = back.iter().map(|(id, _)| (*id, None));
        Fork { changes: [away.chain(back.iter().copied()).collect(), overwritten], ids }
    });
    forks.collect()
}

fn union_of_versions<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let forks = forks_to_unite(size);
    let maps: Vec<[M; 2]> = forks.iter().map(Fork::versions).collect();
    let pairs = maps.len();
    case(
        pairs,
        Setup::EveryRun,
        maps,
        move |_| Vec::with_capacity(pairs),
        |maps, united| {
            for [left, right] in maps {
                united.push(left.union(right));
            }
        },
        |_, united: &Vec<M>, ()| sum(united.iter().map(content_digest)),
        move |_| sum(forks.iter().map(|fork| entries_digest(fork.united::<K>()))),
    )
}

fn equality_of_versions<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let maps: Vec<[M; 2]> = forks_to_compare(size).iter().map(Fork::versions).collect();
    let pairs = maps.len();
    case(
        pairs,
        Setup::Once,
        maps,
        |_| (),
        |maps, ()| maps.iter().map(|[left, right]| u64::from(left.equal(right))).sum::<u64>(),
        |_, (), equal| *equal,
        move |_| pairs as u64,
    )
}

fn variants<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let changes: Vec<(K, u64)> = entries(ABSENT..ABSENT + count as u64);
    case(
        count,
        Setup::EveryRun,
        (build::<K, M>(0..size as u64), changes),
        move |(_, changes)| (changes.clone(), Vec::with_capacity(count)),
        |(base, _), (changes, kept)| {
            for (key, value) in changes.drain(..) {
                let mut variant = base.clone();
                variant.insert(key, value);
                kept.push(variant);
            }
        },
        |(base, changes), (_, kept): &(_, Vec<M>), ()| {
            // Each variant has its own key, none has its neighbour's, and the base has none.
            let next = changes.iter().cycle().skip(1);
            let own = kept.iter().zip(changes).zip(next).map(|((map, (own, _)), (next, _))| {
                let own = map.get(own).copied().unwrap_or(0);
                let leaked = u64::from(map.contains_key(next)) << 32;
                mix(own.wrapping_add(leaked).wrapping_add(map.len() as u64))
            });
            sum(own).wrapping_add(content_digest(base))
        },
        move |(_, changes)| {
            let own = changes.iter().map(|(_, value)| mix(value.wrapping_add(size as u64 + 1)));
            sum(own).wrapping_add(ids_digest::<K>(0..size as u64))
        },
    )
}

// --- verify ----------------------------------------------------------------------------------

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check::new("trace_u64", 300, 48, "Random operations on a tree of versions, u64 keys."),
    Check::new("trace_string", 200, 24, "Random operations on a tree of versions, String keys."),
    Check::new("trace_long", 6000, 1, "6,000 operations on a tree of versions, all held versions compared in full."),
    Check::new("collide_all", 250, 32, "All keys have one 64-bit hash; collision nodes up to 100 entries."),
    Check::new("collide_low32", 250, 24, "All hashes are equal in their low 32 bits."),
    Check::new("collide_last_bits", 250, 24, "Hashes differ only in the bits that a trie consumes last, or not at all."),
    Check::new("collide_groups", 250, 24, "Four hashes for all keys."),
    Check::new("panics", 160, 48, "Clone, Hash, Eq and Ord panic half-way: every other version stays intact, nothing leaks or drops twice."),
    Check::new("threads", 0, 1, "Four threads fork one map and change their forks at once: each sees its own changes only."),
    Check::new("collide_panics", 120, 32, "The same inside collision nodes."),
    Check::new("group_panics", 160, 32, "The same with four collision nodes beside each other."),
];

/// How many distinct keys a check uses.
fn key_space(check: &Check) -> u16 {
    match check.name {
        "trace_long" => 3000,
        "trace_u64" | "trace_string" => 300,
        "collide_low32" | "collide_last_bits" => 40,
        // Steps insert nine times as often as they remove five times: 64 % of the keys are present on average.
        "around_4" | "around_4_string" | "around_4_panics" => 7,
        "around_8" | "around_8_dear" | "around_8_panics" => 13,
        "around_16" | "around_16_string" | "around_16_panics" => 26,
        "around_32" | "around_32_string" | "around_32_panics" | "around_32_collide" => 52,
        "around_128" | "around_128_panics" => 200,
        _ => 100,
    }
}

/// A step with its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Insert { version: usize, key: u32, value: u32 },
    InsertFork { version: usize, key: u32, value: u32 },
    Remove { version: usize, key: u32 },
    RemoveFork { version: usize, key: u32 },
    Get { version: usize, key: u32 },
    Union { version: usize, other: usize },
    Equal { version: usize, other: usize },
    Rebuild { version: usize },
    Iterate { version: usize },
    Drop { version: usize },
}

const MAX_VERSIONS: usize = 12;

fn decode(check: &Check, step: &Step) -> Operation {
    let key = u32::from(step.a % key_space(check));
    let value = u32::from(step.b);
    let version = usize::from(step.version) % MAX_VERSIONS;
    let other = usize::from(step.b) % MAX_VERSIONS;
    match step.op % 20 {
        0..=5 => Operation::Insert { version, key, value },
        6..=8 => Operation::InsertFork { version, key, value },
        9..=11 => Operation::Remove { version, key },
        12..=13 => Operation::RemoveFork { version, key },
        14 => Operation::Get { version, key },
        15 => Operation::Union { version, other },
        16 => Operation::Equal { version, other },
        17 => Operation::Rebuild { version },
        18 => Operation::Iterate { version },
        _ => Operation::Drop { version },
    }
}

pub(crate) fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?} (versions modulo those held)", decode(check, step))).collect()
}

/// A key or value that a trace is replayed with.
trait Specimen: Hash + Ord + Clone + Debug + Send + Sync + 'static {
    fn from_id(id: u32) -> Self;
    fn id(&self) -> u32;
}

impl Specimen for u64 {
    fn from_id(id: u32) -> Self {
        u64::from(id)
    }

    fn id(&self) -> u32 {
        *self as u32
    }
}

impl Specimen for String {
    fn from_id(id: u32) -> Self {
        format!("key{id}")
    }

    fn id(&self) -> u32 {
        self[3..].parse().unwrap_or(u32::MAX)
    }
}

impl Specimen for DearKey {
    fn from_id(id: u32) -> Self {
        <DearKey as Key>::from_id(u64::from(id))
    }

    fn id(&self) -> u32 {
        DearKey::id(self) as u32
    }
}

impl Specimen for Probe {
    fn from_id(id: u32) -> Self {
        Probe::new(id)
    }

    fn id(&self) -> u32 {
        Probe::id(self)
    }
}

pub(crate) fn replay<F: Family>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let hashing = match check.name {
        "trace_u64" | "trace_long" | "around_4" | "around_8" | "around_16" | "around_32" | "around_128" => {
            return Replay::<u64, u64, F::Map<u64, u64, FixedHasher>>::run(check, trace, false);
        }
        "trace_string" | "around_4_string" | "around_16_string" | "around_32_string" => {
            return Replay::<String, u64, F::Map<String, u64, FixedHasher>>::run(check, trace, false);
        }
        "around_8_dear" => {
            return Replay::<DearKey, u64, F::Map<DearKey, u64, FixedHasher>>::run(check, trace, false);
        }
        "threads" | "threads_small" => {
            let entries = if check.name == "threads" { 2000 } else { 6 };
            let outcome = threads::<F::Map<u64, u64, FixedHasher>>(entries);
            return outcome.map_err(|message| Mismatch { step: 0, message });
        }
        "collide_all" | "collide_panics" | "around_32_collide" => Hashing::Constant,
        "collide_low32" => Hashing::EqualLow32,
        "collide_last_bits" => Hashing::LastBits,
        "collide_groups" | "group_panics" => Hashing::FourGroups,
        _ => Hashing::Spread,
    };
    Probe::reset();
    Probe::set_hashing(hashing);
    let panics = check.name.ends_with("panics");
    let outcome = Replay::<Probe, Probe, F::Map<Probe, Probe, PassThrough>>::run(check, trace, panics);
    Probe::set_fuse(None);
    outcome?;
    match Probe::live() {
        0 => Ok(()),
        live => Err(Mismatch {
            step: trace.len(),
            message: format!("after every version was dropped, {live} keys and values live (0 expected)"),
        }),
    }
}

/// The versions under test, each beside its model.
struct Replay<K, V, M> {
    versions: Vec<(M, BTreeMap<u32, u32>)>,
    types: std::marker::PhantomData<(K, V)>,
}

impl<K: Specimen, V: Specimen, M: PersistentMap<K, V>> Replay<K, V, M> {
    /// Replays `trace`; with `panics`, every change is made with a [`Probe`] fuse burning.
    fn run(check: &Check, trace: &[Step], panics: bool) -> Result<(), Mismatch> {
        let mut replay =
            Replay { versions: vec![(M::new(), BTreeMap::new())], types: std::marker::PhantomData };
        for (at, step) in trace.iter().enumerate() {
            let operation = decode(check, step);
            // Where maps are to grow to a size, most changes must come through.
            let calls = if check.name.starts_with("around") { 8 * u32::from(key_space(check)) } else { 24 };
            let fuse = panics.then_some(u32::from(step.b) % calls);
            replay
                .apply(operation, fuse)
                .and_then(|()| if at % 97 == 96 { replay.compare_all() } else { Ok(()) })
                .map_err(|message| Mismatch { step: at, message })?;
        }
        replay.compare_all().map_err(|message| Mismatch { step: trace.len(), message })?;
        // Versions go in an order that the trace decides, not only last in, first out.
        for step in trace {
            if replay.versions.len() > 1 {
                let at = usize::from(step.a) % replay.versions.len();
                replay.versions.swap_remove(at);
                replay.compare_one(at % replay.versions.len()).map_err(|message| Mismatch {
                    step: trace.len(),
                    message: format!("after another version was dropped: {message}"),
                })?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, operation: Operation, fuse: Option<u32>) -> Result<(), String> {
        let held = self.versions.len();
        match operation {
            Operation::Insert { version, key, value } => {
                let at = version % held;
                self.change(
                    at,
                    fuse,
                    |map| map.insert(K::from_id(key), V::from_id(value)),
                    |model| {
                        model.insert(key, value);
                    },
                )?;
                self.compare_key(at, key)
            }
            Operation::InsertFork { version, key, value } => {
                let at = self.fork(version % held);
                self.change(
                    at,
                    fuse,
                    |map| map.insert(K::from_id(key), V::from_id(value)),
                    |model| {
                        model.insert(key, value);
                    },
                )?;
                self.compare_key(at, key)?;
                self.compare_key(version % held, key)
            }
            Operation::Remove { version, key } => self.remove(version % held, key, fuse),
            Operation::RemoveFork { version, key } => {
                let at = self.fork(version % held);
                self.remove(at, key, fuse)?;
                self.compare_key(version % held, key)
            }
            Operation::Get { version, key } => self.compare_key(version % held, key),
            Operation::Union { version, other } => {
                let (left, left_model) = &self.versions[version % held];
                let (right, right_model) = &self.versions[other % held];
                let mut model = right_model.clone();
                model.extend(left_model);
                match Probe::with_fuse(fuse, || left.union(right)) {
                    Some(united) => {
                        let at = self.place(united, model);
                        self.compare_one(at)
                    }
                    None => {
                        self.compare_all().map_err(|message| format!("after a panic in union: {message}"))
                    }
                }
            }
            Operation::Equal { version, other } => {
                let (left, left_model) = &self.versions[version % held];
                let (right, right_model) = &self.versions[other % held];
                let (observed, expected) =
                    (Probe::with_fuse(fuse, || left.equal(right)), left_model == right_model);
                if let Some(observed) = observed.filter(|observed| *observed != expected) {
                    return Err(format!("equality of two versions is {observed}, expected {expected}"));
                }
                Ok(())
            }
            Operation::Rebuild { version } => {
                // The same content in another order, with keys added and removed in between.
                let (map, model) = &self.versions[version % held];
                let mut rebuilt = M::new();
                for (&key, &value) in model.iter().rev() {
                    rebuilt.insert(K::from_id(key ^ 0x8000), V::from_id(value));
                    rebuilt.insert(K::from_id(key), V::from_id(value));
                }
                for &key in model.keys() {
                    rebuilt.remove(&K::from_id(key ^ 0x8000));
                }
                if !rebuilt.equal(map) || !map.equal(&rebuilt) {
                    return Err("a map of equal content built in another order is not equal".to_owned());
                }
                // From a list in which every key comes twice: the last value counts.
                let entry = |(key, value): (&u32, u32)| (K::from_id(*key), V::from_id(value));
                let earlier = model.iter().map(|(key, value)| entry((key, value ^ 1)));
                let later = model.iter().rev().map(|(key, value)| entry((key, *value)));
                let gathered = Probe::with_fuse(fuse, || M::from_entries(earlier.chain(later)));
                if gathered.is_some_and(|gathered| gathered.len() != model.len() || !gathered.equal(map)) {
                    return Err("a map from a list with every key twice is not equal".to_owned());
                }
                Ok(())
            }
            Operation::Iterate { version } => self.compare_one(version % held),
            Operation::Drop { version } => {
                if held > 1 {
                    self.versions.swap_remove(version % held);
                }
                Ok(())
            }
        }
    }

    fn remove(&mut self, at: usize, key: u32, fuse: Option<u32>) -> Result<(), String> {
        let mut observed = false;
        let mut expected = false;
        let completed = self.change(
            at,
            fuse,
            |map| observed = map.remove(&K::from_id(key)),
            |model| expected = model.remove(&key).is_some(),
        )?;
        if completed && observed != expected {
            return Err(format!("remove({key}) returned {observed}, expected {expected}"));
        }
        self.compare_key(at, key)
    }

    /// Changes version `at` and its model; whether it completed. Where the change panicked, that
    /// version is dropped (its content is unspecified), emptied, and all others must be intact.
    fn change(
        &mut self,
        at: usize,
        fuse: Option<u32>,
        change: impl FnOnce(&mut M),
        change_model: impl FnOnce(&mut BTreeMap<u32, u32>),
    ) -> Result<bool, String> {
        let (map, model) = &mut self.versions[at];
        if Probe::with_fuse(fuse, || change(map)).is_some() {
            change_model(model);
            return Ok(true);
        }
        self.versions[at] = (M::new(), BTreeMap::new());
        self.compare_all().map_err(|message| format!("after a panic in another version: {message}"))?;
        Ok(false)
    }

    /// Clones a version; where as many as allowed are held, over another one.
    fn fork(&mut self, from: usize) -> usize {
        let (map, model) = &self.versions[from];
        let (map, model) = (map.clone(), model.clone());
        self.place_beside(map, model, from)
    }

    fn place(&mut self, map: M, model: BTreeMap<u32, u32>) -> usize {
        let avoid = self.versions.len();
        self.place_beside(map, model, avoid)
    }

    fn place_beside(&mut self, map: M, model: BTreeMap<u32, u32>, avoid: usize) -> usize {
        if self.versions.len() < MAX_VERSIONS {
            self.versions.push((map, model));
            return self.versions.len() - 1;
        }
        let at = (model.len() + usize::from(model.len() % MAX_VERSIONS == avoid)) % MAX_VERSIONS;
        self.versions[at] = (map, model);
        at
    }

    fn compare_key(&self, at: usize, key: u32) -> Result<(), String> {
        let (map, model) = &self.versions[at];
        let observed = map.get(&K::from_id(key)).map(V::id);
        let expected = model.get(&key).copied();
        if observed != expected {
            return Err(format!("version {at}: get({key}) is {observed:?}, expected {expected:?}"));
        }
        if map.contains_key(&K::from_id(key)) != expected.is_some() {
            return Err(format!("version {at}: contains_key({key}) contradicts get"));
        }
        if map.len() != model.len() || map.is_empty() != model.is_empty() {
            return Err(format!("version {at}: len is {}, expected {}", map.len(), model.len()));
        }
        Ok(())
    }

    fn compare_all(&self) -> Result<(), String> {
        (0..self.versions.len()).try_for_each(|at| self.compare_one(at))
    }

    fn compare_one(&self, at: usize) -> Result<(), String> {
        let (map, model) = &self.versions[at];
        if map.len() != model.len() {
            return Err(format!("version {at}: len is {}, expected {}", map.len(), model.len()));
        }
        let mut seen: Vec<(u32, u32)> = map.iter().map(|(key, value)| (key.id(), value.id())).collect();
        seen.sort_unstable();
        if !seen.iter().copied().eq(model.iter().map(|(&key, &value)| (key, value))) {
            let expected: Vec<_> = model.iter().collect();
            return Err(format!("version {at}: iterates over {seen:?}, expected {expected:?}"));
        }
        for (&key, &value) in model {
            let observed = map.get(&K::from_id(key)).map(V::id);
            if observed != Some(value) {
                return Err(format!("version {at}: get({key}) is {observed:?}, expected Some({value})"));
            }
        }
        Ok(())
    }
}

/// Forks of one map change in several threads at once, and are forked and dropped there.
fn threads<M: PersistentMap<u64, u64> + Send + Sync>(entries: u64) -> Result<(), String> {
    let base = M::from_entries((0..entries).map(|key| (key, key)));
    let change = |thread: u64| -> Result<(), String> {
        let mut map = base.clone();
        let mut model: BTreeMap<u64, u64> = (0..entries).map(|key| (key, key)).collect();
        let mut kept = None;
        for step in 0..3000 {
            let draw = mix(step * 4 + thread);
            let key = draw % (entries + entries / 2);
            if draw & (1 << 40) == 0 {
                map.insert(key, draw);
                model.insert(key, draw);
            } else if map.remove(&key) != model.remove(&key).is_some() {
                return Err(format!("thread {thread}: remove({key}) is wrong at step {step}"));
            }
            if step % 64 == 0 {
                kept = Some(map.clone());
            }
        }
        drop(kept);
        if map.len() != model.len() || model.iter().any(|(key, value)| map.get(key) != Some(value)) {
            return Err(format!("thread {thread}: its fork does not hold what it wrote"));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let change = &change;
        let threads: Vec<_> = (0..4).map(|thread| scope.spawn(move || change(thread))).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err("a thread panicked while it changed its fork".to_owned()))
        })
    })?;
    if base.len() as u64 != entries || (0..entries).any(|key| base.get(&key) != Some(&key)) {
        return Err("the map that the threads forked has changed".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_to_unite_share_most_and_differ() {
        for size in SIZES.default {
            for fork in forks_to_unite(*size) {
                let apart = changes_apart(*size);
                let of = |at: usize| fork.ids.clone().map(|id| fork.value(at, id)).collect::<Vec<_>>();
                let untouched = fork.ids.clone().map(|id| Some(value_of(id))).collect::<Vec<_>>();
                for at in [0, 1] {
                    assert_eq!(fork.changes[at].len(), apart, "{size}");
                    let differ = of(at).iter().zip(&untouched).filter(|(own, base)| own != base).count();
                    assert!(differ <= apart, "{size}: {differ}");
                }
                let entries: BTreeMap<u64, u64> = fork.united::<u64>().collect();
                assert!((size - apart..=size + 2 * apart).contains(&entries.len()), "{size}");
                // Of an entry that both have, the left one's.
                let mut left =
                    fork.ids.clone().filter_map(|id| Some((<u64 as Key>::from_id(id), fork.value(0, id)?)));
                assert!(left.all(|(key, value)| entries[&key] == value), "{size}");
                let new =
                    |at: usize| fork.changes[at].iter().filter(|(id, _)| *id >= ABSENT).collect::<Vec<_>>();
                assert!(of(0) != of(1) || new(0) != new(1), "{size}: both versions are the same");
            }
        }
    }

    #[test]
    fn versions_to_compare_are_changed_and_equal() {
        for size in SIZES.default {
            for fork in forks_to_compare(*size) {
                let apart = changes_apart(*size);
                assert_eq!(fork.changes.each_ref().map(Vec::len), [2 * apart, apart]);
                let equal = |at: usize| fork.ids.clone().all(|id| fork.value(at, id) == Some(value_of(id)));
                assert!(equal(0) && equal(1), "{size}");
            }
        }
    }
}
