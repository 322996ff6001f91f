//! Inputs and measured regions.

use std::collections::BTreeMap;

use super::contract::{Family, MapSnapshot, SetSnapshot, SharedMap, SharedSet};
use super::oracle::{entry_digest, expected_entries, value_of};
use crate::case::{Case, Setup, case, not_set_up, observing_case};
use crate::contender::Request;
use crate::input::{OPERATIONS, copies, draws, mix, rng, shuffled, sum};
use crate::shared::region::{Region, Versions, held, region_bytes, regions, steps};
use crate::shared::value::bytes_fingerprint;
use crate::shared::{Reader, SharedError, Snapshot, key};

pub(super) fn set_up<F: Family>(request: Request) -> Box<dyn Case> {
    match request.scenario.strip_suffix("_string") {
        Some(scenario) => set_up_keys::<F, 16>(scenario, request),
        None => set_up_keys::<F, 8>(request.scenario, request),
    }
}

fn set_up_keys<F: Family, const N: usize>(scenario: &str, request: Request) -> Box<dyn Case> {
    let size = request.size;
    match scenario {
        "build" => build::<F::Map, N>(size),
        "set_kept" => set_kept::<F::Map, N>(size, steps(request, KEPT)),
        "set_many" => set_many::<F::Map, N>(size),
        "delete_many" => delete_many::<F::Map, N>(size),
        "get_hit" => get::<F::Map, N>("get_hit", size, 0),
        "get_miss" => get::<F::Map, N>("get_miss", size, size as u64),
        "get_many" => get_many::<F::Map, N>(size),
        "iterate" => iterate::<F::Map, N>(size),
        "publish_one" => publish_one::<F::Map, N>(size, steps(request, PUBLISHED)),
        "latest" => latest::<F::Map, N>(size, steps(request, OPERATIONS)),
        "set_add" => set_add::<F::Set, N>(size),
        "set_has" => set_has::<F::Set, N>(size),
        "set_delete" => set_delete::<F::Set, N>(size),
        other => not_set_up(other),
    }
}

/// How many versions of a map are kept, one per change.
const KEPT: usize = 100;

/// How many versions of a map are published and not kept.
const PUBLISHED: usize = 100;

/// How many entries a batch changes.
const BATCH: usize = 1000;

/// A region with a published map of the keys `0..size`.
fn map_of<M: SharedMap, const N: usize>(size: usize) -> Region<M> {
    Region::filled(size, |map| fill::<M, N>(map, size))
}

/// Sets the keys `0..size`.
pub(super) fn fill<M: SharedMap, const N: usize>(map: &mut M, size: usize) -> Result<(), SharedError> {
    let keys: Vec<[u8; N]> = (0..size as u64).map(key).collect();
    let entries = keys.iter().zip(0..).map(|(key, id)| (key.as_slice(), value_of(id)));
    map.set_many(entries).map(drop)
}

/// A region with a published set of the keys `0..size`.
fn set_of<S: SharedSet, const N: usize>(size: usize) -> Region<S> {
    Region::filled(size, |set: &mut S| {
        let keys: Vec<[u8; N]> = (0..size as u64).map(key).collect();
        set.add_many(keys.iter().map(<[u8; N]>::as_slice)).map(drop)
    })
}

fn content_digest(snapshot: &impl MapSnapshot) -> u64 {
    sum(snapshot.iter().map(|(key, value)| entry_digest(key, value))).wrapping_add(mix(snapshot.len() as u64))
}

/// The keys with these ids.
fn keys<const N: usize>(ids: &[u64]) -> Vec<[u8; N]> {
    ids.iter().copied().map(key).collect()
}

fn build<M: SharedMap, const N: usize>(size: usize) -> Box<dyn Case> {
    let count = regions(size);
    let ids = shuffled(&mut rng("build", size), size);
    observing_case(
        count * size,
        Setup::EveryRun,
        (keys::<N>(&ids), ids),
        move |_| (0..count).map(|_| Region::<M>::empty(size)).collect::<Vec<_>>(),
        |(keys, ids), regions| {
            let mut new = 0u64;
            for Region { writer, .. } in regions {
                for (key, id) in keys.iter().zip(ids) {
                    new += u64::from(writer.set(key, value_of(*id)) == Ok(true));
                }
                new += writer.publish().unwrap_or(0);
            }
            new
        },
        |_, regions, new| {
            sum(regions.iter().map(|region| content_digest(&region.latest()))).wrapping_add(mix(*new))
        },
        move |(_, ids)| {
            let digest = expected_entries::<N>(ids.iter().map(|id| (*id, *id)));
            let new = (count * (size + 1)) as u64;
            digest.wrapping_mul(count as u64).wrapping_add(mix(new))
        },
        move |_, regions, _| region_bytes("region_bytes_per_entry", &regions[0].writer, Some(0), size),
    )
}

/// The content after keys were set one after the other, each to its step's number.
fn after_sets(size: usize, ids: &[u64]) -> BTreeMap<u64, u64> {
    let mut model: BTreeMap<u64, u64> = (0..size as u64).map(|id| (id, id)).collect();
    model.extend(ids.iter().copied().zip(0..));
    model
}

fn set_kept<M: SharedMap, const N: usize>(size: usize, steps: usize) -> Box<dyn Case> {
    // Half the keys are new.
    let ids = draws(&mut rng("set_kept", size), steps, 2 * size);
    observing_case(
        steps,
        Setup::EveryRun,
        (keys::<N>(&ids), ids),
        move |_| Versions::of(map_of::<M, N>(size), steps),
        |(keys, _), Versions { region, kept, .. }| {
            let mut new = 0u64;
            for (step, key) in keys.iter().enumerate() {
                kept.extend(region.reader.latest());
                new += u64::from(region.writer.set(key, value_of(step as u64)) == Ok(true));
                new += region.writer.publish().unwrap_or(0);
            }
            new
        },
        |(keys, _), Versions { region, kept, .. }, new| {
            // What each version still has under the key that changed after it was kept.
            let before = keys.iter().zip(kept).map(|(key, version)| {
                let value = version.get(key).map_or(0, |value| value.fingerprint());
                mix(value ^ mix(version.len() as u64 ^ version.number() << 32))
            });
            sum(before).wrapping_add(content_digest(&region.latest())).wrapping_add(mix(*new))
        },
        move |(_, ids)| {
            let mut model: BTreeMap<u64, u64> = (0..size as u64).map(|id| (id, id)).collect();
            let mut new = 0u64;
            let before = sum(ids.iter().zip(1u64..).map(|(id, number)| {
                let len = model.len() as u64;
                let value = model.insert(*id, number - 1);
                new += u64::from(value.is_none()) + number + 1;
                let value = value.map_or(0, |value| value_of(value).fingerprint());
                mix(value ^ mix(len ^ number << 32))
            }));
            before.wrapping_add(expected_entries::<N>(model.into_iter())).wrapping_add(mix(new))
        },
        move |_, Versions { region, before, .. }, _| {
            region_bytes("region_bytes_per_version", &region.writer, *before, steps)
        },
    )
}

fn publish_one<M: SharedMap, const N: usize>(size: usize, steps: usize) -> Box<dyn Case> {
    let ids = draws(&mut rng("publish_one", size), steps, size);
    case(
        steps,
        Setup::EveryRun,
        (keys::<N>(&ids), ids),
        move |_| map_of::<M, N>(size),
        |(keys, _), Region { writer, .. }| {
            let mut published = 0u64;
            for (step, key) in keys.iter().enumerate() {
                published += u64::from(writer.set(key, value_of(step as u64)) == Ok(false));
                published += writer.publish().unwrap_or(0);
            }
            published
        },
        |_, region, published| content_digest(&region.latest()).wrapping_add(mix(*published)),
        move |(_, ids)| {
            let published = (2..steps as u64 + 2).sum::<u64>() + steps as u64;
            expected_entries::<N>(after_sets(size, ids).into_iter()).wrapping_add(mix(published))
        },
    )
}

/// The ids of a batch: up to 1,000 of those below `below`, none twice.
fn batch(scenario: &str, size: usize, below: usize) -> Vec<u64> {
    let mut ids = shuffled(&mut rng(scenario, size), below);
    ids.truncate(BATCH.min(size));
    ids
}

fn set_many<M: SharedMap, const N: usize>(size: usize) -> Box<dyn Case> {
    let count = (BATCH / size).clamp(1, 16);
    let ids = batch("set_many", size, 2 * size);
    case(
        count * ids.len(),
        Setup::EveryRun,
        (keys::<N>(&ids), ids),
        move |_| (0..count).map(|_| map_of::<M, N>(size)).collect::<Vec<_>>(),
        |(keys, _), regions| {
            let mut new = 0u64;
            for Region { writer, .. } in regions {
                let entries = keys.iter().zip(0..).map(|(key, step)| (key.as_slice(), value_of(step)));
                new += writer.set_many(entries).unwrap_or(0) as u64;
                new += writer.publish().unwrap_or(0);
            }
            new
        },
        |_, regions, new| {
            sum(regions.iter().map(|region| content_digest(&region.latest()))).wrapping_add(mix(*new))
        },
        move |(_, ids)| {
            let model = after_sets(size, ids);
            let new = (count * (model.len() - size + 2)) as u64;
            let digest = expected_entries::<N>(model.into_iter());
            digest.wrapping_mul(count as u64).wrapping_add(mix(new))
        },
    )
}

fn delete_many<M: SharedMap, const N: usize>(size: usize) -> Box<dyn Case> {
    let count = (BATCH / size).clamp(1, 16);
    let ids = batch("delete_many", size, size);
    case(
        count * ids.len(),
        Setup::EveryRun,
        (keys::<N>(&ids), ids),
        move |_| (0..count).map(|_| map_of::<M, N>(size)).collect::<Vec<_>>(),
        |(keys, _), regions| {
            let mut deleted = 0u64;
            for Region { writer, .. } in regions {
                deleted += writer.delete_many(keys.iter().map(<[u8; N]>::as_slice)).unwrap_or(0) as u64;
                deleted += writer.publish().unwrap_or(0);
            }
            deleted
        },
        |_, regions, deleted| {
            sum(regions.iter().map(|region| content_digest(&region.latest()))).wrapping_add(mix(*deleted))
        },
        move |(_, ids)| {
            let mut model = after_sets(size, &[]);
            model.retain(|id, _| !ids.contains(id));
            let deleted = (count * (ids.len() + 2)) as u64;
            let digest = expected_entries::<N>(model.into_iter());
            digest.wrapping_mul(count as u64).wrapping_add(mix(deleted))
        },
    )
}

/// Random keys from those that have ids from `first` on, as many as there are entries.
fn looked_up(scenario: &str, size: usize, first: u64) -> Vec<u64> {
    let mut ids = draws(&mut rng(scenario, size), size.clamp(OPERATIONS, MANY), size);
    ids.iter_mut().for_each(|id| *id += first);
    ids
}

/// How many look-ups a region makes at most.
const MANY: usize = 10_000;

fn found<const N: usize>(size: usize, ids: &[u64]) -> u64 {
    sum(ids.iter().filter(|id| **id < size as u64).map(|id| value_of(*id).touch().wrapping_add(1)))
}

fn get<M: SharedMap, const N: usize>(scenario: &str, size: usize, first: u64) -> Box<dyn Case> {
    let ids = looked_up(scenario, size, first);
    case(
        ids.len(),
        Setup::Once,
        (held(map_of::<M, N>(size)), keys::<N>(&ids), ids),
        |_| (),
        |((_, snapshot), keys, _), ()| {
            let mut found = 0u64;
            for key in keys {
                if let Some(value) = snapshot.get(key) {
                    found = found.wrapping_add(value.touch().wrapping_add(1));
                }
            }
            found
        },
        |_, (), found| *found,
        move |(_, _, ids)| self::found::<N>(size, ids),
    )
}

fn get_many<M: SharedMap, const N: usize>(size: usize) -> Box<dyn Case> {
    // Half the keys are absent.
    let ids = draws(&mut rng("get_many", size), size.clamp(OPERATIONS, MANY), 2 * size);
    case(
        ids.len(),
        Setup::Once,
        (held(map_of::<M, N>(size)), keys::<N>(&ids), ids),
        |_| (),
        |((_, snapshot), keys, _), ()| {
            let mut found = 0u64;
            for value in snapshot.get_many(keys.iter().map(<[u8; N]>::as_slice)).flatten() {
                found = found.wrapping_add(value.touch().wrapping_add(1));
            }
            found
        },
        |_, (), found| *found,
        move |(_, _, ids)| found::<N>(size, ids),
    )
}

fn iterate<M: SharedMap, const N: usize>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::Once,
        held(map_of::<M, N>(size)),
        |_| (),
        move |(_, snapshot), ()| {
            let mut visited = 0u64;
            for _ in 0..count {
                for (key, value) in snapshot.iter() {
                    visited = visited.wrapping_add(value.touch() ^ u64::from(key[0]));
                }
            }
            visited
        },
        |_, (), visited| *visited,
        move |_| {
            let visited = sum((0..size as u64).map(|id| value_of(id).touch() ^ u64::from(key::<N>(id)[0])));
            visited.wrapping_mul(count as u64)
        },
    )
}

fn latest<M: SharedMap, const N: usize>(size: usize, steps: usize) -> Box<dyn Case> {
    case(
        steps,
        Setup::Once,
        (map_of::<M, N>(size), key::<N>(0)),
        |_| (),
        move |(region, key), ()| {
            let mut found = 0u64;
            for _ in 0..steps {
                if let Ok(snapshot) = region.reader.latest() {
                    found += snapshot.number() + u64::from(snapshot.contains(key));
                }
            }
            found
        },
        |_, (), found| *found,
        move |_| 2 * steps as u64,
    )
}

fn set_content_digest(snapshot: &impl SetSnapshot) -> u64 {
    sum(snapshot.iter().map(|key| mix(bytes_fingerprint(key)))).wrapping_add(mix(snapshot.len() as u64))
}

fn expected_set<const N: usize>(ids: impl ExactSizeIterator<Item = u64>) -> u64 {
    let len = mix(ids.len() as u64);
    sum(ids.map(|id| mix(bytes_fingerprint(&key::<N>(id))))).wrapping_add(len)
}

fn set_add<S: SharedSet, const N: usize>(size: usize) -> Box<dyn Case> {
    let count = regions(size);
    let ids = shuffled(&mut rng("set_add", size), size);
    observing_case(
        count * size,
        Setup::EveryRun,
        keys::<N>(&ids),
        move |_| (0..count).map(|_| Region::<S>::empty(size)).collect::<Vec<_>>(),
        |keys, regions| {
            let mut new = 0u64;
            for Region { writer, .. } in regions {
                for key in keys {
                    new += u64::from(writer.add(key) == Ok(true));
                }
                new += writer.publish().unwrap_or(0);
            }
            new
        },
        |_, regions, new| {
            sum(regions.iter().map(|region| set_content_digest(&region.latest()))).wrapping_add(mix(*new))
        },
        move |_| {
            let digest = expected_set::<N>((0..size).map(|id| id as u64));
            digest.wrapping_mul(count as u64).wrapping_add(mix((count * (size + 1)) as u64))
        },
        move |_, regions, _| region_bytes("region_bytes_per_entry", &regions[0].writer, Some(0), size),
    )
}

fn set_has<S: SharedSet, const N: usize>(size: usize) -> Box<dyn Case> {
    // Half the keys are absent.
    let ids = draws(&mut rng("set_has", size), size.clamp(OPERATIONS, MANY), 2 * size);
    case(
        ids.len(),
        Setup::Once,
        (held(set_of::<S, N>(size)), keys::<N>(&ids), ids),
        |_| (),
        |((_, snapshot), keys, _), ()| {
            let mut found = 0u64;
            for key in keys {
                found += u64::from(snapshot.contains(key));
            }
            found
        },
        |_, (), found| *found,
        move |(_, _, ids)| ids.iter().filter(|id| **id < size as u64).count() as u64,
    )
}

fn set_delete<S: SharedSet, const N: usize>(size: usize) -> Box<dyn Case> {
    let count = regions(size);
    let ids = shuffled(&mut rng("set_delete", size), size);
    case(
        count * size,
        Setup::EveryRun,
        keys::<N>(&ids),
        move |_| (0..count).map(|_| set_of::<S, N>(size)).collect::<Vec<_>>(),
        |keys, regions| {
            let mut deleted = 0u64;
            for Region { writer, .. } in regions {
                for key in keys {
                    deleted += u64::from(writer.delete(key) == Ok(true));
                }
                deleted += writer.publish().unwrap_or(0);
            }
            deleted
        },
        |_, regions, deleted| {
            sum(regions.iter().map(|region| set_content_digest(&region.latest()))).wrapping_add(mix(*deleted))
        },
        move |_| {
            let digest = expected_set::<N>([].into_iter());
            digest.wrapping_mul(count as u64).wrapping_add(mix((count * (size + 2)) as u64))
        },
    )
}
