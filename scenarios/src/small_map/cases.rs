//! Inputs and measured regions.

use super::oracle::{ABSENT, ids_digest, value_of};
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::Request;
use crate::input::{DearKey, FixedHasher, Key, copies, mix, rng, shuffled, sum};
use crate::own::OwnKey;
use crate::persistent_map::cases::{
    Line, build, content_digest, entries, id_ranges, insert_shared, insert_unshared, iterate,
};
use crate::persistent_map::{Family, PersistentMap, operations, own};
use crate::wide::{MapOf, Plain};

pub(super) fn set_up<F: Family>(request: Request) -> Box<dyn Case> {
    let (scenario, size) = (request.scenario, request.size);
    if request.input.is_some() {
        return set_up_own::<F::Map<OwnKey, u64, FixedHasher>>(request);
    }
    if let Some(scenario) = scenario.strip_suffix("_string") {
        set_up_with::<String, MapOf<F, String>>(scenario, size)
    } else if let Some(scenario) = scenario.strip_suffix("_dear") {
        set_up_with::<DearKey, MapOf<F, DearKey>>(scenario, size)
    } else {
        set_up_with::<Plain, MapOf<F, Plain>>(scenario, size)
    }
}

fn set_up_own<M: PersistentMap<OwnKey, u64> + 'static>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "own_insert" => own::insert::<M>(request),
        "own_get_hit" => own::get_hit::<M>(request),
        "own_insert_shared" => own::insert_shared::<M>(request),
        "own_remove" => own::remove::<M>(request),
        "own_iterate" => own::iterate::<M>(request),
        "own_operations" => operations::replay::<M>(request),
        other => not_set_up(other),
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
        other => not_set_up(other),
    }
}

/// How many maps a region changes by one step.
const VERSIONS: usize = 256;

/// Maps, each with the keys to look up in it.
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
    // The id whose key is removed from the map at this place.
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
