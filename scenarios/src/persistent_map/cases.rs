//! Inputs and measured regions.

use std::ops::Range;

use super::contract::{Family, PersistentMap};
use super::mixes;
use super::operations;
use super::oracle::{ABSENT, Fork, entries_digest, entry, ids_digest, value_of};
use super::own;
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::{Capability, Request};
use crate::input::{
    FixedHasher, Grouped, Key, OPERATIONS, copies, draws, entry_digest, mix, rng, shuffled, sum,
};
use crate::own::OwnKey;
use crate::wide::{MapOf, Plain};
use crate::zipf::Zipf;

pub(super) fn set_up<F: Family>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "own_mix" => return mixes::own::<F>(request),
        "mix_01" | "mix_02" | "mix_03" | "mix_04" | "mix_05" | "mix_06" | "mix_07" | "mix_08" | "mix_09"
        | "mix_10" | "mix_11" | "mix_12" => return mixes::drawn::<F>(request, variant_count(request)),
        _ => {}
    }
    if request.input.is_some() {
        return set_up_own::<F::Map<OwnKey, u64, FixedHasher>>(request);
    }
    let size = request.size;
    match request.scenario {
        "get_hit_colliding" => {
            return get_hit::<Grouped, F::Map<Grouped, u64, FixedHasher>>(size, Draw::Uniform);
        }
        "insert_unshared_colliding" => {
            return insert_unshared::<Grouped, F::Map<Grouped, u64, FixedHasher>>(size);
        }
        "get_hit_zipf" => return get_hit::<Plain, MapOf<F, Plain>>(size, Draw::Zipf),
        "diff_of_versions" => return diff_of_versions::<Plain, MapOf<F, Plain>>(size),
        "insert_batch" => return insert_batch::<Plain, MapOf<F, Plain>>(size),
        _ => {}
    }
    match request.scenario.strip_suffix("_string") {
        Some(scenario) => set_up_with::<String, MapOf<F, String>>(scenario, request),
        None => set_up_with::<Plain, MapOf<F, Plain>>(request.scenario, request),
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

fn set_up_with<K: Key, M: PersistentMap<K, u64> + 'static>(
    scenario: &str,
    request: Request,
) -> Box<dyn Case> {
    let size = request.size;
    match scenario {
        "insert_unshared" => insert_unshared::<K, M>(size),
        "insert_shared" => insert_shared::<K, M>(size, insert_steps(request), line_count(size)),
        "get_hit" => get_hit::<K, M>(size, Draw::Uniform),
        "get_miss" => get_miss::<K, M>(size),
        "overwrite_shared" => overwrite_shared::<K, M>(size, steps(request)),
        "remove_unshared" => remove_unshared::<K, M>(size),
        "remove_shared" => remove_shared::<K, M>(size, steps(request)),
        "iterate" => iterate::<K, M>(size),
        "union" => union::<K, M>(size),
        "equality" => equality::<K, M>(size),
        "union_of_versions" => union_of_versions::<K, M>(size),
        "equality_of_versions" => equality_of_versions::<K, M>(size),
        "thin_out" => thin_out::<K, M>(1, size),
        "thin_out_small" => thin_out::<K, M>(size, STAYS),
        "churn" => churn::<K, M>(size),
        "variants_100" => variants::<K, M>(size, variant_count(request)),
        "overwrite_unshared" | "overwrite_every_10" | "replace_unshared" | "replace_every_10" => {
            mixes::cost::<K, M>(scenario, size, variant_count(request))
        }
        other => not_set_up(other),
    }
}

/// Up to this size a line of versions inserts every key.
const EVERY_INSERT: usize = 1000;

/// How many versions of one map a region keeps.
const VERSIONS: usize = 100;

/// About how many entries are copied together by a contender that copies the whole map for each version.
const COPIED_ENTRIES: usize = 100_000;

/// How many inserts a line of versions takes. Up to 1,000 entries it inserts every key. In larger maps, and where a
/// contender copies the whole map for each step, it inserts the last few only.
fn insert_steps(request: Request) -> usize {
    if request.size <= EVERY_INSERT && !request.can(Capability::CopiesWhole) {
        request.size
    } else {
        steps(request)
    }
}

/// How many versions a line keeps. A contender that copies the whole map keeps fewer: the cost per step is what is
/// compared, and a hundred copies of 100,000 entries would not fit into memory.
fn steps(request: Request) -> usize {
    variant_count(request).min(request.size)
}

fn variant_count(request: Request) -> usize {
    if request.can(Capability::CopiesWhole) {
        (COPIED_ENTRIES / request.size).clamp(2, VERSIONS)
    } else {
        VERSIONS
    }
}

pub(crate) fn entries<K: Key>(ids: Range<u64>) -> Vec<(K, u64)> {
    ids.map(entry).collect()
}

/// `count` ranges of `size` ids each. No id is in two of them.
pub(crate) fn id_ranges(count: usize, size: usize) -> Vec<Range<u64>> {
    let [count, size] = [count as u64, size as u64];
    (0..count).map(|at| at * size..(at + 1) * size).collect()
}

/// How many lines of versions a region has. They take about 256 steps together: a step that keeps the version before
/// it costs as much as several that do not.
fn line_count(size: usize) -> usize {
    copies(4 * size)
}

/// A map of the entries of `ids`. They are made one by one, because a list of them would double what a set-up allocates.
pub(crate) fn build<K: Key, M: PersistentMap<K, u64>>(ids: impl Iterator<Item = u64>) -> M {
    M::from_entries(ids.map(entry))
}

pub(crate) fn content_digest<K: Key, M: PersistentMap<K, u64>>(map: &M) -> u64 {
    sum(map.iter().map(|(key, value)| entry_digest(key, *value))).wrapping_add(mix(map.len() as u64))
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

/// A line of versions: a map that changes step by step, and the version before each step.
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

    /// Applies every change and keeps the version before it.
    pub(crate) fn advance(&mut self, mut change: impl FnMut(&mut M, T)) {
        for operand in self.changes.drain(..) {
            self.kept.push(self.map.clone());
            change(&mut self.map, operand);
        }
    }
}

/// In each of so many lines, the last `steps` inserts that make a map of `size` entries.
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
                // A version must not see the key that was inserted after it was kept.
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

/// How keys are drawn that are looked up.
#[derive(Clone, Copy)]
enum Draw {
    /// All equally often.
    Uniform,
    /// By Zipf's law. Which keys are the frequent ones has nothing to do with the order in which they were inserted.
    Zipf,
}

fn get_hit<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize, draw: Draw) -> Box<dyn Case> {
    let mut rng = rng("get_hit", size);
    let count = size.max(OPERATIONS);
    let ids = match draw {
        Draw::Uniform => draws(&mut rng, count, size),
        Draw::Zipf => {
            let (order, zipf) = (shuffled(&mut rng, size), Zipf::new(size as u64));
            (0..count).map(|_| order[zipf.draw(&mut rng) as usize - 1]).collect()
        }
    };
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
    let count = size.max(OPERATIONS);
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
                // The value that each version still has of the key that was overwritten after it was kept.
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

/// What the region of an iteration reads of an entry.
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
            // Where both maps have a key, the value of the left one counts.
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

/// Of how many entries of a map a version changes one.
const ENTRIES_PER_CHANGE: usize = 100;

/// How many changes make a version at most.
const MOST_CHANGES: usize = 10;

/// How many changes make a version of a map, where two versions are to have most of their content in common.
fn changes_apart(size: usize) -> usize {
    (size / ENTRIES_PER_CHANGE).clamp(1, MOST_CHANGES)
}

/// Forks of two versions to be united, as many as give a region enough to do. Entries at random places are overwritten,
/// added and removed in turn.
fn forks_to_unite(size: usize) -> Vec<Fork> {
    let mut rng = rng("union_of_versions", size);
    let ranges = id_ranges(copies(size), size).into_iter().enumerate();
    let forks = ranges.map(|(pair, ids)| {
        let changes = [0, 1].map(|side| {
            let drawn = draws(&mut rng, changes_apart(size), size).into_iter().enumerate();
            let change = |(step, at): (usize, u64)| {
                let id = ids.start + at;
                // Where a version has a single change, its kind alternates from pair to pair.
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

/// Forks of two equal versions, as many as give a region enough to do. Both versions were changed: one lost entries and
/// got them back; in the other, entries were overwritten with the values they had.
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

/// Both versions of a fork, made of one map.
fn versions<K: Key, M: PersistentMap<K, u64>>(fork: &Fork) -> [M; 2] {
    let base: M = build(fork.ids.clone());
    fork.changes.each_ref().map(|changes| {
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

fn union_of_versions<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let forks = forks_to_unite(size);
    let maps: Vec<[M; 2]> = forks.iter().map(versions).collect();
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
    let maps: Vec<[M; 2]> = forks_to_compare(size).iter().map(versions).collect();
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

/// The differences of two maps: a number that depends on each of them, and not on their order.
fn difference_digest<K: Key>(key: &K, old: Option<u64>, new: Option<u64>) -> u64 {
    let [old, new] = [old, new].map(|value| value.map_or(u64::MAX, mix));
    mix(key.fingerprint() ^ mix(old ^ mix(new)))
}

fn diff_of_versions<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let forks = forks_to_unite(size);
    let maps: Vec<[M; 2]> = forks.iter().map(versions).collect();
    let pairs = maps.len();
    case(
        pairs,
        Setup::Once,
        maps,
        |_| (),
        |maps, ()| {
            let mut digest = 0u64;
            for [old, new] in maps {
                old.diff(new, |key, old, new| {
                    digest = digest.wrapping_add(difference_digest(key, old.copied(), new.copied()));
                });
            }
            digest
        },
        |_, (), digest| *digest,
        move |_| {
            sum(forks.iter().map(|fork| {
                let differences = fork.changed().into_iter().filter_map(|id| {
                    let [old, new] = [0, 1].map(|at| fork.value(at, id));
                    (old != new).then(|| difference_digest(&K::from_id(id), old, new))
                });
                sum(differences)
            }))
        },
    )
}

/// One in so many entries of a map is added to it at once.
const PER_BATCH: usize = 10;

fn insert_batch<K: Key, M: PersistentMap<K, u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    let batch = (size / PER_BATCH).max(1) as u64;
    let bases = id_ranges(count, size);
    let new = move |at: usize| ABSENT + at as u64 * batch..ABSENT + (at as u64 + 1) * batch;
    let maps: Vec<M> = bases.iter().map(|ids| build(ids.clone())).collect();
    case(
        count * batch as usize,
        Setup::EveryRun,
        maps,
        move |maps| {
            let batches: Vec<Vec<(K, u64)>> = (0..maps.len()).map(|at| entries(new(at))).collect();
            (batches, Vec::with_capacity(maps.len()))
        },
        |maps, (batches, made)| {
            for (map, batch) in maps.iter().zip(batches) {
                let mut map = map.clone();
                map.insert_all(batch.drain(..));
                made.push(map);
            }
        },
        |maps, (_, made): &(_, Vec<M>), ()| sum(maps.iter().chain(made).map(content_digest)),
        move |_| {
            sum(bases.iter().enumerate().map(|(at, ids)| {
                let made = ids_digest::<K>(ids.clone().chain(new(at)));
                made.wrapping_add(ids_digest::<K>(ids.clone()))
            }))
        },
    )
}

/// Of so many entries one stays, where a scenario is about the memory that removals give back.
const STAYS: usize = 16;

/// Builds so many maps of `size` entries and removes all but every sixteenth.
fn thin_out<K: Key, M: PersistentMap<K, u64> + 'static>(count: usize, size: usize) -> Box<dyn Case> {
    let ranges = id_ranges(count, size);
    let mut order = shuffled(&mut rng("thin_out", size), size);
    let stays = order.split_off(size - size.div_ceil(STAYS));
    // Where there is one map, an operation is of an entry; where there are several, of a map.
    let operations = if count == 1 { size } else { count };
    case(
        operations,
        Setup::EveryRun,
        (ranges, order),
        move |(ranges, order)| {
            let state = ranges.iter().map(|ids| {
                let keys: Vec<K> = order.iter().map(|at| K::from_id(ids.start + at)).collect();
                (M::new(), entries(ids.clone()), keys)
            });
            state.collect::<Vec<_>>()
        },
        |_, state| {
            let mut removed = 0u64;
            for (map, entries, keys) in state {
                for (key, value) in entries.drain(..) {
                    map.insert(key, value);
                }
                for key in keys.iter() {
                    removed += u64::from(map.remove(key));
                }
            }
            removed
        },
        |_, state, removed| {
            sum(state.iter().map(|(map, _, _)| content_digest(map))).wrapping_add(mix(*removed))
        },
        move |(ranges, order)| {
            let left = ranges.iter().map(|ids| ids_digest::<K>(stays.iter().map(|at| ids.start + at)));
            sum(left).wrapping_add(mix((ranges.len() * order.len()) as u64))
        },
    )
}

/// Inserts 16 entries into one map and removes 15 of them, so many times.
fn churn<K: Key, M: PersistentMap<K, u64> + 'static>(rounds: usize) -> Box<dyn Case> {
    let ids = |round: u64| round * STAYS as u64..(round + 1) * STAYS as u64;
    case(
        rounds,
        Setup::EveryRun,
        (),
        move |()| {
            let rounds = (0..rounds as u64).map(|round| {
                let leaving: Vec<K> = ids(round).skip(1).map(K::from_id).collect();
                (entries(ids(round)), leaving)
            });
            (M::new(), rounds.collect::<Vec<_>>())
        },
        |(), (map, rounds)| {
            let mut removed = 0u64;
            for (entries, leaving) in rounds {
                for (key, value) in entries.drain(..) {
                    map.insert(key, value);
                }
                for key in leaving.iter() {
                    removed += u64::from(map.remove(key));
                }
            }
            removed
        },
        |(), (map, _), removed| content_digest(map).wrapping_add(mix(*removed)),
        move |()| {
            let left = ids_digest::<K>((0..rounds as u64).map(|round| ids(round).start));
            left.wrapping_add(mix((rounds * (STAYS - 1)) as u64))
        },
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
            // Each variant has its own key and not that of its neighbour; the base has none of them.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::persistent_map::SIZES;

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
