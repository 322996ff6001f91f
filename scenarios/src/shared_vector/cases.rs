//! Inputs and measured regions.

use super::contract::{SharedVector, VectorSnapshot};
use super::oracle::{expected_digest, sequence_digest, value_of};
use crate::case::{Case, Setup, case, not_set_up, observing_case};
use crate::contender::Request;
use crate::input::{OPERATIONS, copies, draws, mix, rng, sum};
use crate::shared::region::{Held, Region, Versions, held, region_bytes, regions, steps};
use crate::shared::{Reader, Snapshot};

pub(super) fn set_up<V: SharedVector>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "push" => push::<V>(size),
        "push_kept" => push_kept::<V>(size, steps(request, KEPT)),
        "get" => get::<V>(size),
        "set" => set::<V>(size),
        "set_kept" => set_kept::<V>(size, steps(request, KEPT)),
        "pop" => pop::<V>(size),
        "iterate" => iterate::<V>(size),
        "to_vec" => to_vec::<V>(size),
        other => not_set_up(other),
    }
}

/// How many versions of a vector are kept, one per change.
const KEPT: usize = 100;

/// How many elements a region reads or replaces at most.
const MANY: usize = 10_000;

/// A region with a published vector of the elements `0..size`.
fn vector_of<V: SharedVector>(size: usize) -> Region<V> {
    Region::filled(size, |vector: &mut V| (0..size as u64).try_for_each(|id| vector.push(value_of(id))))
}

fn content_digest(snapshot: &impl VectorSnapshot) -> u64 {
    sequence_digest(snapshot.iter()).wrapping_add(snapshot.len() as u64)
}

fn expected_content(ids: &[u64]) -> u64 {
    expected_digest(ids).wrapping_add(ids.len() as u64)
}

fn ids(size: usize) -> Vec<u64> {
    (0..size as u64).collect()
}

fn push<V: SharedVector>(size: usize) -> Box<dyn Case> {
    let count = regions(size);
    observing_case(
        count * size,
        Setup::EveryRun,
        (),
        move |()| (0..count).map(|_| Region::<V>::empty(size)).collect::<Vec<_>>(),
        move |(), regions| {
            let mut pushed = 0u64;
            for Region { writer, .. } in regions {
                for id in 0..size as u64 {
                    pushed += u64::from(writer.push(value_of(id)).is_ok());
                }
                pushed += writer.publish().unwrap_or(0);
            }
            pushed
        },
        |(), regions, pushed| {
            sum(regions.iter().map(|region| content_digest(&region.latest()))).wrapping_add(mix(*pushed))
        },
        move |()| {
            let pushed = (count * (size + 1)) as u64;
            expected_content(&ids(size)).wrapping_mul(count as u64).wrapping_add(mix(pushed))
        },
        move |(), regions, _| region_bytes("region_bytes_per_element", &regions[0].writer, Some(0), size),
    )
}

fn push_kept<V: SharedVector>(size: usize, steps: usize) -> Box<dyn Case> {
    observing_case(
        steps,
        Setup::EveryRun,
        (),
        move |()| Versions::of(vector_of::<V>(size), steps),
        move |(), Versions { region, kept, .. }| {
            let mut pushed = 0u64;
            for step in 0..steps as u64 {
                kept.extend(region.reader.latest());
                pushed += u64::from(region.writer.push(value_of(step)).is_ok());
                pushed += region.writer.publish().unwrap_or(0);
            }
            pushed
        },
        |(), Versions { region, kept, .. }, pushed| {
            let before = kept.iter().map(|version| {
                let past = u64::from(version.get(version.len()).is_some());
                mix(version.len() as u64 ^ version.number() << 32).wrapping_add(past)
            });
            sum(before).wrapping_add(content_digest(&region.latest())).wrapping_add(mix(*pushed))
        },
        move |()| {
            let before = sum((0..steps as u64).map(|step| mix((size as u64 + step) ^ (step + 1) << 32)));
            let pushed = (0..steps as u64).map(|step| step + 3).sum::<u64>();
            let mut model = ids(size);
            model.extend(0..steps as u64);
            before.wrapping_add(expected_content(&model)).wrapping_add(mix(pushed))
        },
        move |(), Versions { region, before, .. }, _| {
            region_bytes("region_bytes_per_version", &region.writer, *before, steps)
        },
    )
}

fn get<V: SharedVector>(size: usize) -> Box<dyn Case> {
    let indices = draws(&mut rng("get", size), size.clamp(OPERATIONS, MANY), size);
    case(
        indices.len(),
        Setup::Once,
        (held(vector_of::<V>(size)), indices),
        |_| (),
        |((_, snapshot), indices): &(Held<V>, Vec<u64>), ()| {
            let mut found = 0u64;
            for index in indices {
                if let Some(value) = snapshot.get(*index as usize) {
                    found = found.wrapping_add(value.touch().wrapping_add(1));
                }
            }
            found
        },
        |_, (), found| *found,
        |(_, indices)| sum(indices.iter().map(|index| value_of(*index).touch().wrapping_add(1))),
    )
}

/// The content after elements were replaced one after the other, each by its step's number.
fn after_sets(size: usize, indices: &[u64]) -> Vec<u64> {
    let mut model = ids(size);
    for (index, step) in indices.iter().zip(0..) {
        model[*index as usize] = step;
    }
    model
}

fn set<V: SharedVector>(size: usize) -> Box<dyn Case> {
    let indices = draws(&mut rng("set", size), size.clamp(OPERATIONS, MANY), size);
    case(
        indices.len(),
        Setup::EveryRun,
        indices,
        move |_| vector_of::<V>(size),
        |indices, Region { writer, .. }| {
            let mut replaced = 0u64;
            for (index, step) in indices.iter().zip(0..) {
                replaced += u64::from(writer.set_at(*index as usize, value_of(step)) == Ok(true));
            }
            replaced + writer.publish().unwrap_or(0)
        },
        |_, region, replaced| content_digest(&region.latest()).wrapping_add(mix(*replaced)),
        move |indices| {
            expected_content(&after_sets(size, indices)).wrapping_add(mix(indices.len() as u64 + 2))
        },
    )
}

fn set_kept<V: SharedVector>(size: usize, steps: usize) -> Box<dyn Case> {
    let indices = draws(&mut rng("set_kept", size), steps, size);
    observing_case(
        steps,
        Setup::EveryRun,
        indices,
        move |_| Versions::of(vector_of::<V>(size), steps),
        |indices, Versions { region, kept, .. }| {
            let mut replaced = 0u64;
            for (index, step) in indices.iter().zip(0..) {
                kept.extend(region.reader.latest());
                replaced += u64::from(region.writer.set_at(*index as usize, value_of(step)) == Ok(true));
                replaced += region.writer.publish().unwrap_or(0);
            }
            replaced
        },
        |indices, Versions { region, kept, .. }, replaced| {
            // The element that each version still has where it was replaced after the version was kept.
            let before = kept.iter().zip(indices).map(|(version, index)| {
                let value = version.get(*index as usize).map_or(0, |value| value.fingerprint());
                mix(value ^ version.number() << 32)
            });
            sum(before).wrapping_add(content_digest(&region.latest())).wrapping_add(mix(*replaced))
        },
        move |indices| {
            let mut model = ids(size);
            let before = sum(indices.iter().zip(0u64..).map(|(index, step)| {
                let value = std::mem::replace(&mut model[*index as usize], step);
                mix(value_of(value).fingerprint() ^ (step + 1) << 32)
            }));
            let replaced = (0..steps as u64).map(|step| step + 3).sum::<u64>();
            before.wrapping_add(expected_content(&model)).wrapping_add(mix(replaced))
        },
        move |_, Versions { region, before, .. }, _| {
            region_bytes("region_bytes_per_version", &region.writer, *before, steps)
        },
    )
}

fn pop<V: SharedVector>(size: usize) -> Box<dyn Case> {
    let count = regions(size);
    case(
        count * size,
        Setup::EveryRun,
        (),
        move |()| (0..count).map(|_| vector_of::<V>(size)).collect::<Vec<_>>(),
        |(), regions| {
            let mut popped = 0u64;
            for Region { writer, .. } in regions {
                while writer.pop() == Ok(true) {
                    popped += 1;
                }
                popped += writer.publish().unwrap_or(0);
            }
            popped
        },
        |(), regions, popped| {
            sum(regions.iter().map(|region| content_digest(&region.latest()))).wrapping_add(mix(*popped))
        },
        move |()| {
            let popped = (count * (size + 2)) as u64;
            expected_content(&[]).wrapping_mul(count as u64).wrapping_add(mix(popped))
        },
    )
}

fn iterate<V: SharedVector>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    let visit = |state: u64, value: u64| state.wrapping_mul(31).wrapping_add(value);
    case(
        count * size,
        Setup::Once,
        held(vector_of::<V>(size)),
        |_| (),
        move |(_, snapshot): &Held<V>, ()| {
            let mut state = 0u64;
            for _ in 0..count {
                for value in snapshot.iter() {
                    state = visit(state, value.touch());
                }
            }
            state
        },
        |_, (), state| *state,
        move |_| {
            let ids = (0..count).flat_map(|_| 0..size as u64);
            ids.fold(0, |state, id| visit(state, value_of(id).touch()))
        },
    )
}

fn to_vec<V: SharedVector>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::Once,
        held(vector_of::<V>(size)),
        |_| (),
        move |(_, snapshot): &Held<V>, ()| {
            let mut ends = 0u64;
            for _ in 0..count {
                let values = std::hint::black_box(snapshot.to_vec());
                let [first, last] =
                    [values.first(), values.last()].map(|value| value.map_or(0, |value| value.touch()));
                ends = ends.wrapping_add(first).wrapping_add(last).wrapping_add(values.len() as u64);
            }
            ends
        },
        |(_, snapshot), (), ends| sequence_digest(snapshot.to_vec().into_iter()).wrapping_add(*ends),
        move |_| {
            let [first, last] = [0, size as u64 - 1].map(|id| value_of(id).touch());
            let ends = first.wrapping_add(last).wrapping_add(size as u64).wrapping_mul(count as u64);
            expected_digest(&ids(size)).wrapping_add(ends)
        },
    )
}
