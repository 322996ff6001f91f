//! Inputs and measured regions.

use std::collections::HashMap;

use super::contract::{Cache, Family};
use super::oracle::{Clocked, latest, ordered_digest, value_of};
use crate::case::{Case, Setup, case, not_set_up, observing_case};
use crate::contender::{Capability, Request};
use crate::input::{FixedHasher, Key, copies, draws, mix, rng};
use crate::own::{distinct, limited, lines, too_much};
use crate::wide::{CacheOf, Plain};
use crate::zipf::Zipf;

pub(super) fn set_up<F: Family>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "own_trace" => own_trace::<F::Cache<String, u64, FixedHasher>>(request),
        name => match name.strip_suffix("_string") {
            Some(scenario) => set_up_with::<String, CacheOf<F, String>>(scenario, request),
            None => set_up_with::<Plain, CacheOf<F, Plain>>(name, request),
        },
    }
}

fn set_up_with<K: Key, C: Cache<K, u64> + 'static>(scenario: &str, request: Request) -> Box<dyn Case> {
    let size = request.size;
    match scenario {
        "zipf" => generated::<K, C>(request, &zipf_ids(warm_up(size) + operations(request), size)),
        "uniform" => generated::<K, C>(request, &uniform_ids(warm_up(size) + operations(request), size)),
        "scan" => generated::<K, C>(request, &scan_ids(warm_up(size) + operations(request), size)),
        "put_only" => put_only::<K, C>(request),
        "iterate" => iterate::<K, C>(request),
        other => not_set_up(other),
    }
}

/// How many accesses a region makes.
const ACCESSES: usize = 20_000;

/// About how many entries are visited together by a contender that scans them for each access.
const SCANNED: usize = 200_000;

/// How many operations a region has. A contender that scans everything gets fewer in large caches: the cost per
/// operation is what is compared.
fn operations(request: Request) -> usize {
    if request.can(Capability::ScansWhole) { (SCANNED / request.size).clamp(4, 400) } else { ACCESSES }
}

/// How many accesses warm a cache up: enough to fill it and then to reach its steady state.
fn warm_up(size: usize) -> usize {
    4 * size
}

fn zipf_ids(count: usize, size: usize) -> Vec<u64> {
    let zipf = Zipf::new(10 * size as u64);
    let mut rng = rng("zipf", size);
    (0..count).map(|_| zipf.draw(&mut rng)).collect()
}

fn uniform_ids(count: usize, size: usize) -> Vec<u64> {
    draws(&mut rng("uniform", size), count, 2 * size)
}

fn scan_ids(count: usize, size: usize) -> Vec<u64> {
    let round = size as u64 + (size as u64 / 4).max(1);
    (0..count as u64).map(|at| at % round).collect()
}

/// A digest of what a cache holds at the end. A cache that is not exact may hold any entry, but with its own value.
fn content_digest<K: Key, C: Cache<K, u64>>(
    cache: &C,
    exact: bool,
    value_of: impl Fn(&K) -> Option<u64>,
) -> u64 {
    if exact {
        let entries = ordered_digest(cache.iter().map(|(key, value)| (key.clone(), *value)));
        return entries.wrapping_add(mix(cache.len() as u64));
    }
    let wrong = cache.iter().filter(|(key, value)| value_of(key) != Some(**value)).count();
    let miscounted = cache.iter().count() != cache.len() || cache.len() > cache.capacity();
    wrong as u64 + u64::from(miscounted)
}

/// The accesses of a region, and what the cache holds before.
struct Accesses<K> {
    capacity: usize,
    /// What an exact LRU cache holds after the warm-up, the most recently used entry last.
    held: Vec<(K, u64)>,
    /// The warm-up itself, for caches that are not exact.
    warm_up: Vec<(K, u64)>,
    region: Vec<(K, u64)>,
}

/// What a region of lookups found.
struct Found {
    sum: u64,
    hits: u64,
}

#[inline(always)]
fn look_up<K: Clone, C: Cache<K, u64>>(cache: &mut C, accesses: &[(K, u64)]) -> Found {
    let mut found = Found { sum: 0, hits: 0 };
    for (key, value) in accesses {
        match cache.get(key) {
            Some(value) => {
                found.sum = found.sum.rotate_left(1) ^ *value;
                found.hits += 1;
            }
            None => {
                found.sum = found.sum.rotate_left(1) ^ *value;
                cache.put(key.clone(), *value);
            }
        }
    }
    found
}

fn generated<K: Key, C: Cache<K, u64> + 'static>(request: Request, ids: &[u64]) -> Box<dyn Case> {
    let entries = |ids: &[u64]| ids.iter().map(|id| (K::from_id(*id), value_of(*id))).collect::<Vec<_>>();
    let (before, region) = ids.split_at(warm_up(request.size));
    let exact = request.can(Capability::ExactLru);
    lookups::<K, C>(
        exact,
        Accesses {
            capacity: request.size,
            held: entries(&latest(before, request.size)),
            warm_up: if exact { Vec::new() } else { entries(before) },
            region: entries(region),
        },
    )
}

fn lookups<K: Key, C: Cache<K, u64> + 'static>(exact: bool, accesses: Accesses<K>) -> Box<dyn Case> {
    observing_case(
        accesses.region.len(),
        Setup::EveryRun,
        accesses,
        move |accesses| {
            if exact {
                return C::holding(accesses.capacity, accesses.held.iter().cloned());
            }
            let mut cache = C::with_capacity(accesses.capacity);
            look_up(&mut cache, &accesses.warm_up);
            cache
        },
        |accesses, cache| look_up(cache, &accesses.region),
        move |accesses, cache, found| {
            let before = accesses.held.iter().chain(&accesses.warm_up);
            let values: HashMap<&K, u64, FixedHasher> =
                before.chain(&accesses.region).map(|(key, value)| (key, *value)).collect();
            let content = content_digest(cache, exact, |key| values.get(key).copied());
            let hits = if exact { mix(found.hits) } else { 0 };
            found.sum.wrapping_add(content).wrapping_add(hits)
        },
        move |accesses| {
            let sum = accesses.region.iter().fold(0u64, |sum, (_, value)| sum.rotate_left(1) ^ value);
            if !exact {
                return sum;
            }
            let mut model = Clocked::new(accesses.capacity);
            let mut values = HashMap::with_hasher(FixedHasher::default());
            for (key, value) in &accesses.held {
                model.access(key);
                values.insert(key.clone(), *value);
            }
            let mut hits = 0;
            for (key, value) in &accesses.region {
                hits += u64::from(model.access(key));
                values.insert(key.clone(), *value);
            }
            let content = ordered_digest(model.keys().map(|key| (key.clone(), values[key])));
            sum.wrapping_add(content).wrapping_add(mix(model.keys.len() as u64)).wrapping_add(mix(hits))
        },
        |accesses, _, found| vec![("hit_rate", found.hits as f64 / accesses.region.len().max(1) as f64)],
    )
}

fn put_only<K: Key, C: Cache<K, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let size = request.size as u64;
    let exact = request.can(Capability::ExactLru);
    let entries =
        |ids: std::ops::Range<u64>| ids.map(|id| (K::from_id(id), value_of(id))).collect::<Vec<_>>();
    let operations = operations(request);
    case(
        operations,
        Setup::EveryRun,
        (entries(0..size), entries(size..size + operations as u64)),
        move |(held, new)| (C::holding(size as usize, held.iter().cloned()), new.clone()),
        |_, (cache, new)| {
            for (key, value) in new.drain(..) {
                cache.put(key, value);
            }
        },
        move |(held, new), (cache, _), ()| {
            let values: HashMap<&K, u64, FixedHasher> =
                held.iter().chain(new).map(|(key, value)| (key, *value)).collect();
            content_digest(cache, exact, |key| values.get(key).copied())
        },
        move |(held, new)| {
            if !exact {
                return 0;
            }
            let left = held.iter().chain(new).rev().take(size as usize).cloned();
            ordered_digest(left).wrapping_add(mix(size))
        },
    )
}

fn iterate<K: Key, C: Cache<K, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let (size, count) = (request.size as u64, copies(request.size));
    let exact = request.can(Capability::ExactLru);
    let held = move || (0..size).map(|id| (K::from_id(id), value_of(id)));
    case(
        count * request.size,
        Setup::Once,
        (0..count).map(|_| C::holding(size as usize, held())).collect::<Vec<_>>(),
        |_| (),
        |caches, ()| {
            let mut sum = 0u64;
            for cache in caches {
                for (key, value) in cache.iter() {
                    sum = sum.wrapping_add(key.touch()).wrapping_add(*value);
                }
            }
            sum
        },
        move |caches, (), sum| {
            let order = if exact {
                ordered_digest(caches[0].iter().map(|(key, value)| (key.clone(), *value)))
            } else {
                0
            };
            sum.wrapping_add(order)
        },
        move |_| {
            let visited =
                held().fold(0u64, |sum, (key, value)| sum.wrapping_add(key.touch()).wrapping_add(value));
            let order = if exact { ordered_digest(held().rev()) } else { 0 };
            visited.wrapping_mul(count as u64).wrapping_add(order)
        },
    )
}

/// The most entries that are scanned together by a contender that scans all of them for each key of a trace.
const MOST_SCANNED: usize = 100_000_000;

fn own_trace<C: Cache<String, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let file = request.input.expect("a scenario about a file is given one");
    let region = lines(file).map(|key| (key.to_owned(), key.to_owned().fingerprint()));
    let region: Vec<(String, u64)> = region.collect();
    let length = region.len();
    let accesses = Accesses { capacity: request.size, held: Vec::new(), warm_up: Vec::new(), region };
    limited(lookups::<String, C>(request.can(Capability::ExactLru), accesses), move || {
        let held = request.size.min(distinct(file));
        let what = "scans all entries that it holds for each key";
        request.can(Capability::ScansWhole).then(|| too_much(what, length, held, MOST_SCANNED)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::super::oracle::Model;
    use super::*;

    #[test]
    fn draws_never_change() {
        // A changed input changes every baseline without a word: change these numbers only with a reason.
        assert_eq!(zipf_ids(6, 500), [3, 5, 1, 607, 6, 7]);
        assert_eq!(scan_ids(7, 4), [0, 1, 2, 3, 4, 0, 1]);
    }

    #[test]
    fn both_oracles_agree() {
        for capacity in [1, 2, 5, 20] {
            let mut list = Model::new(capacity, true);
            let mut clocked = Clocked::new(capacity);
            for key in uniform_ids(5000, capacity).into_iter().map(|id| id as u32) {
                let hit = list.get(key).is_some();
                list.put(key, 0);
                assert_eq!(clocked.access(&key), hit);
                assert!(clocked.keys().eq(list.entries.iter().map(|(key, _)| key)));
            }
        }
    }

    #[test]
    fn the_latest_ids_are_what_an_exact_cache_holds() {
        let ids = zipf_ids(3000, 50);
        let mut clocked = Clocked::new(50);
        ids.iter().for_each(|id| {
            clocked.access(id);
        });
        let mut held: Vec<u64> = clocked.keys().copied().collect();
        held.reverse();
        assert_eq!(latest(&ids, 50), held);
    }
}
