//! **Small map**: a persistent map of a handful of entries.
//!
//! Contract and oracle are those of [`persistent_map`](crate::persistent_map), and so is every [`Family`]: what
//! differs is the sizes, the scenarios and where traces go to and fro. Scenarios: [`BOTTLENECK`], with `u64` keys,
//! 16-byte `String` keys (suffix `_string`) and [`DearKey`]s (suffix `_dear`), whose comparison is dear; values are
//! `u64`.
//!
//! A region spreads its work over many small maps, so that no number depends on how the few hashes of one map happen
//! to fall.
//!
//! Every size counts, because a map that changes its representation at 4, 8, 16 or 32 entries has a step there. All
//! sizes are measured for the two operations that decide, with `u64` keys. The others are measured where there is
//! something to see: all sizes of all scenarios would be two thousand cells, a minute of every gate. Profile `full`
//! has them.
//!
//! Where a plain scan stops winning: with `u64` keys at about 10 entries against the best published HAMT and at about 40
//! against the textbook one, with Strings before 4 and at about 5, for absent keys before 4 (`array_map` says more).
//!
//! `insert_shared` is the one insert that makes n entries of n − 1, the version before kept. So a
//! representation that holds up to N entries shows its upgrade at n = N + 1, and there is no scenario of
//! its own for upgrades.

use crate::input::{DearKey, FixedHasher, Key, copies, mix, rng, shuffled, sum};
use crate::persistent_map::{
    ABSENT, Family, Line, PersistentMap, build, content_digest, describe, entries, id_ranges, ids_digest,
    insert_shared, insert_unshared, iterate, replay, value_of,
};
use crate::{
    About, Bottleneck, Capability, Case, Check, Claim, Contender, Memory, Request, Scenario, Setup, Sizes,
    case,
};

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "small_map",
    title: "Small persistent map",
    question: "Most maps of a program are small: the fields of a record, the attributes of an element, the variables of a \
               scope. A trie made for a million entries pays for hashing, bitmaps and nodes before it looks at the first key. \
               How far does a flat array of entries carry, which needs none of that, and what does it cost to change over?",
    scenarios: SCENARIOS,
    checks: CHECKS,
    sizes: Sizes { quick: &[1, 8, 33], default: SIZES, full: SIZES },
    claims: CLAIMS,
    memory: &[Memory { unit: "entry", built: "insert_unshared", kept: "insert_shared", versions: 1 }],
    own_input: None,
    reference: "imbl",
    describe,
};

/// One and its neighbours; the thresholds of hybrids (4, 8, 16, 32), one more and some in between; and beyond.
/// 5 is there for the upgrade from 4.
const SIZES: &[usize] = &[1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 17, 24, 32, 33, 64, 100];

const CLAIMS: &[Claim] = &[
    claim(
        "am-build",
        "Up to 8 entries, an array is built from entries 5 times as fast as a HAMT.",
        5.0,
        ["build", "hamt", "array_map"],
        8,
    ),
    claim(
        "am-get",
        "Up to 8 entries, a linear scan finds a key 2.5 times as fast as a HAMT.",
        2.5,
        ["get_hit", "hamt", "array_map"],
        8,
    ),
    claim(
        "am-insert",
        "Up to 8 entries, copying an array inserts 2.5 times as fast as a HAMT.",
        2.5,
        ["insert_shared", "hamt", "array_map"],
        8,
    ),
    claim(
        "am-iter",
        "Up to 8 entries, an array is iterated 5 times as fast as a HAMT.",
        5.0,
        ["iterate", "hamt", "array_map"],
        8,
    ),
    claim(
        "am-scan",
        "At 100 entries a HAMT finds a key twice as fast as a linear scan.",
        2.0,
        ["get_hit", "array_map", "hamt"],
        100,
    ),
    Claim {
        id: "am-upgrade",
        text: "The insert that upgrades from an array of 8 to a HAMT costs 2 to 3 microseconds, once.",
        factor: None,
        scenario: "insert_shared",
        size: 9,
        naive: "hybrid_8",
        optimized: "hamt",
    },
];

/// A claim of the proposal: of a scenario, a contender and a faster one, at a size.
const fn claim(
    id: &'static str,
    text: &'static str,
    factor: f64,
    [scenario, naive, optimized]: [&'static str; 3],
    size: usize,
) -> Claim {
    Claim { id, text, factor: Some(factor), scenario, size, naive, optimized }
}

const NOTHING: &[Capability] = &[];
const PERSISTENT: &[Capability] = &[Capability::Persistent];

/// A scenario that is measured at these sizes by default.
const fn few(
    name: &'static str,
    unit: &'static str,
    requires: &'static [Capability],
    default: &'static [usize],
    summary: &'static str,
) -> Scenario {
    Scenario { name, summary, unit, requires, sizes: Some(Sizes { quick: &[8], default, full: SIZES }) }
}

/// A scenario that is measured at every size.
const fn every(
    name: &'static str,
    unit: &'static str,
    requires: &'static [Capability],
    summary: &'static str,
) -> Scenario {
    Scenario { name, summary, unit, requires, sizes: None }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    every("get_hit", "get", NOTHING, "Looks up every key of maps of n, in random order."),
    few("get_hit_string", "get", NOTHING, &[4, 8, 32], "Looks up every String key of maps of n, in random order."),
    few("get_hit_dear", "get", NOTHING, &[4, 16], "Looks up every key of maps of n, in random order; equality is dear."),
    few("get_miss", "get", NOTHING, &[4, 16], "Looks up as many absent keys as there are entries in maps of n."),
    every("insert_shared", "insert", PERSISTENT, "Inserts the n-th key, the version before kept."),
    few("insert_shared_string", "insert", PERSISTENT, &[4, 8, 32], "Inserts the n-th String key, the version before kept."),
    few("insert_shared_dear", "insert", PERSISTENT, &[8], "Inserts the n-th key, the version before kept; equality is dear."),
    few("remove_shared", "remove", PERSISTENT, &[4, 8, 17], "Removes a random one of n keys, the version before kept."),
    few("build", "entry", NOTHING, &[4, 8, 32], "Builds maps of n entries from a list of them."),
    few("insert_unshared", "insert", NOTHING, &[8, 33], "Builds maps of n entries from empty, one by one, owned once."),
    few("iterate", "entry", NOTHING, &[4, 8, 32], "Visits every entry of maps of n."),
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<F: Family>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up::<F>, replay: replay::<F> }
}

fn set_up<F: Family>(request: Request) -> Box<dyn Case> {
    let (scenario, size) = (request.scenario, request.size);
    if let Some(scenario) = scenario.strip_suffix("_string") {
        set_up_with::<String, F::Map<String, u64, FixedHasher>>(scenario, size)
    } else if let Some(scenario) = scenario.strip_suffix("_dear") {
        set_up_with::<DearKey, F::Map<DearKey, u64, FixedHasher>>(scenario, size)
    } else {
        set_up_with::<u64, F::Map<u64, u64, FixedHasher>>(scenario, size)
    }
}

fn set_up_with<K: Key, M: PersistentMap<K, u64> + 'static>(scenario: &str, size: usize) -> Box<dyn Case> {
    match scenario {
        "get_hit" => get_hit::<K, M>(size),
        "get_miss" => get_miss::<K, M>(size),
        "insert_shared" => insert_shared::<K, M>(size, 1, VERSIONS),
        "remove_shared" => remove_shared::<K, M>(size),
        "build" => from_entries::<K, M>(size),
        "insert_unshared" => insert_unshared::<K, M>(size),
        "iterate" => iterate::<K, M>(size),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

/// How many maps a region changes by one step.
const VERSIONS: usize = 256;

/// Maps, and keys to look up in each.
fn lookups<K: Key, M: PersistentMap<K, u64> + 'static>(
    size: usize,
    probes: impl Fn(u64) -> Vec<K>,
) -> Vec<(M, Vec<K>)> {
    let maps = id_ranges(copies(size), size).into_iter();
    maps.map(|ids| (build(ids.clone()), probes(ids.start))).collect()
}

fn get_hit<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let order = shuffled(&mut rng("get_hit", size), size);
    let lookups = lookups::<K, M>(size, |start| order.iter().map(|at| K::from_id(start + at)).collect());
    let count = lookups.len() * size;
    case(
        count,
        Setup::Once,
        lookups,
        |_| (),
        |lookups, ()| {
            let mut sum = 0u64;
            for (map, probes) in lookups {
                for key in probes {
                    sum = sum.wrapping_add(map.get(key).copied().unwrap_or(0));
                }
            }
            sum
        },
        |_, (), sum| *sum,
        move |_| sum((0..count as u64).map(value_of)),
    )
}

fn get_miss<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let absent = |start: u64| (0..size as u64).map(|at| K::from_id(ABSENT + start + at)).collect();
    let lookups = lookups::<K, M>(size, absent);
    let count = lookups.len() * size;
    case(
        count,
        Setup::Once,
        lookups,
        |_| (),
        |lookups, ()| {
            let mut misses = 0u64;
            for (map, probes) in lookups {
                for key in probes {
                    misses += u64::from(map.get(key).is_none());
                }
            }
            misses
        },
        |_, (), misses| *misses,
        move |_| count as u64,
    )
}

fn remove_shared<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let order = shuffled(&mut rng("remove_shared", size), size);
    // The key that goes from the map of these ids.
    let victim = move |at: usize| (at * size) as u64 + order[at % size];
    let bases: Vec<(M, K)> = id_ranges(VERSIONS, size)
        .into_iter()
        .enumerate()
        .map(|(at, ids)| (build(ids), K::from_id(victim(at))))
        .collect();
    case(
        VERSIONS,
        Setup::EveryRun,
        bases,
        |bases| bases.iter().map(|(base, key)| Line::new(base, vec![key.clone()])).collect::<Vec<_>>(),
        |_, lines| {
            let mut removed = 0u64;
            for line in lines {
                line.advance(|map, key| removed += u64::from(map.remove(&key)));
            }
            removed
        },
        |bases, lines, removed| {
            sum(lines.iter().zip(bases).map(|(line, (_, key))| {
                let still = line.kept.iter().filter(|map| map.contains_key(key)).count();
                content_digest(&line.map).wrapping_add(mix(still as u64))
            }))
            .wrapping_add(*removed)
        },
        move |bases| {
            let left = id_ranges(VERSIONS, size).into_iter().zip(bases).map(|(ids, (_, key))| {
                ids_digest::<K>(ids.filter(|id| K::from_id(*id) != *key)).wrapping_add(mix(1))
            });
            sum(left).wrapping_add(VERSIONS as u64)
        },
    )
}

fn from_entries<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let ranges = id_ranges(copies(size), size);
    case(
        ranges.len() * size,
        Setup::EveryRun,
        ranges,
        |ranges| {
            let lists: Vec<Vec<(K, u64)>> = ranges.iter().map(|ids| entries(ids.clone())).collect();
            (lists, Vec::with_capacity(ranges.len()))
        },
        |_, (lists, maps)| {
            for list in lists {
                maps.push(M::from_entries(list.drain(..)));
            }
        },
        |_, (_, maps): &(_, Vec<M>), ()| sum(maps.iter().map(content_digest)),
        |ranges| sum(ranges.iter().map(|ids| ids_digest::<K>(ids.clone()))),
    )
}

// --- verify ----------------------------------------------------------------------------------

// What the names mean is in `persistent_map`: how many keys there are, of which type, and how they hash. A step changes
// one of twelve versions, so it takes some dozen steps per key until a version holds its share.
#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check::new("around_4", 300, 24, "Random operations on a tree of versions, to and fro about 4 entries."),
    Check::new("around_8", 500, 24, "Random operations on a tree of versions, to and fro about 8 entries."),
    Check::new("around_16", 1000, 16, "Random operations on a tree of versions, to and fro about 16 entries."),
    Check::new("around_32", 2000, 8, "Random operations on a tree of versions, to and fro about 32 entries."),
    Check::new("around_128", 8000, 1, "Random operations on a tree of versions, to and fro about 128 entries."),
    Check::new("around_4_string", 300, 12, "The same about 4 entries, String keys."),
    Check::new("around_8_dear", 500, 8, "The same about 8 entries, keys whose equality is dear."),
    Check::new("around_16_string", 1000, 8, "The same about 16 entries, String keys."),
    Check::new("around_32_string", 2000, 4, "The same about 32 entries, String keys."),
    Check::new("around_32_collide", 2000, 4, "The same about 32 entries, all with one 64-bit hash."),
    Check::new("around_4_panics", 300, 24, "Clone, Hash, Eq and Ord panic half-way, about 4 entries: every other version stays intact, nothing leaks or drops twice."),
    Check::new("around_8_panics", 500, 24, "The same about 8 entries."),
    Check::new("around_16_panics", 1000, 12, "The same about 16 entries."),
    Check::new("around_32_panics", 2000, 6, "The same about 32 entries."),
    Check::new("around_128_panics", 8000, 1, "The same about 128 entries."),
    Check::new("collide_panics", 120, 16, "The same with one 64-bit hash for all keys."),
    Check::new("trace_u64", 300, 12, "Random operations on a tree of versions, up to 300 entries."),
    Check::new("collide_low32", 250, 12, "All hashes are equal in their low 32 bits."),
    Check::new("collide_groups", 250, 12, "Four hashes for all keys."),
    Check::new("threads", 0, 1, "Four threads fork one map and change their forks at once: each sees its own changes only."),
    Check::new("threads_small", 0, 1, "The same with few entries: threads append to what they share."),
];
