//! Inputs and measured regions.

use std::ops::Range;

use super::contract::PersistentVector;
use super::mixes;
use super::operations;
use super::oracle::{expected_digest, sequence_digest, value_of, values, visit};
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::{Capability, Request};
use crate::input::{OPERATIONS, copies, draws, mix, rng, sum};

pub(super) fn set_up<V: PersistentVector<u64> + 'static>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "push_unshared" => push_unshared::<V>(size),
        "push_shared" => push_shared::<V>(size, steps(request)),
        "get_random" => get_random::<V>(size),
        "set_unshared" => set_unshared::<V>(size),
        "set_shared" => set_shared::<V>(size, steps(request)),
        "pop_all" => pop_all::<V>(size),
        "iterate" => iterate::<V>(size),
        "iterate_chunks" => iterate_chunks::<V>(size),
        "slice" => slice::<V>(size),
        "concat" => concat::<V>(size),
        "variants_100" => variants::<V>(size, variant_count(request)),
        "end_unshared" | "end_shared" | "end_every_10" | "set_every_10" => {
            mixes::cost::<V>(request, variant_count(request))
        }
        "mix_01" | "mix_02" | "mix_03" | "mix_04" | "mix_05" | "mix_06" | "mix_07" | "mix_08" | "mix_09"
        | "mix_10" | "mix_11" | "mix_12" => mixes::drawn::<V>(request, variant_count(request)),
        "own_mix" => mixes::own::<V>(request),
        "own_operations" => operations::replay::<V>(request),
        other => not_set_up(other),
    }
}

/// Up to this size a line keeps a version per element.
const EVERY_STEP: usize = 1000;

/// How many versions a line keeps at larger sizes.
const STEPS: usize = 250;

/// How many variants of one vector a region makes.
const VARIANTS: usize = 100;

/// About how many elements are copied together by a contender that copies the whole vector for each version.
const COPIED_ELEMENTS: usize = 1_000_000;

/// How many versions a line keeps: one per element up to 1,000 elements, 250 at larger sizes. A contender that copies
/// the whole vector keeps fewer there: the cost per step is what is compared, and hundreds of copies of 100,000 elements
/// would not fit into memory.
fn steps(request: Request) -> usize {
    match request.size {
        size @ ..=EVERY_STEP => size,
        size if request.can(Capability::CopiesWhole) => (COPIED_ELEMENTS / size).clamp(4, STEPS),
        _ => STEPS,
    }
}

fn variant_count(request: Request) -> usize {
    if request.can(Capability::CopiesWhole) {
        (COPIED_ELEMENTS / request.size).clamp(2, VARIANTS)
    } else {
        VARIANTS
    }
}

fn content_digest<V: PersistentVector<u64>>(vector: &V) -> u64 {
    sequence_digest(vector.iter().copied()).wrapping_add(vector.len() as u64)
}

fn push_unshared<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::EveryRun,
        values(0..size).collect::<Vec<_>>(),
        move |_| (0..count).map(|_| V::new()).collect::<Vec<_>>(),
        |values, vectors| {
            for vector in vectors {
                for value in values {
                    vector.push_back(*value);
                }
            }
        },
        |_, vectors, ()| sum(vectors.iter().map(content_digest)),
        move |values| expected_digest(values).wrapping_mul(count as u64),
    )
}

/// A line of versions: a vector that changes step by step, and the version before each step.
struct Line<V> {
    vector: V,
    kept: Vec<V>,
}

fn lines<V: Clone>(base: &V, count: usize, steps: usize) -> Vec<Line<V>> {
    (0..count).map(|_| Line { vector: base.clone(), kept: Vec::with_capacity(steps) }).collect()
}

fn push_shared<V: PersistentVector<u64> + 'static>(size: usize, steps: usize) -> Box<dyn Case> {
    let count = copies(size);
    let first = size - steps;
    case(
        count * steps,
        Setup::EveryRun,
        (V::from_values(values(0..first)), values(0..size).collect::<Vec<_>>()),
        move |(base, _)| lines(base, count, steps),
        move |(_, values), lines| {
            for line in lines {
                for value in &values[first..] {
                    line.kept.push(line.vector.clone());
                    line.vector.push_back(*value);
                }
            }
        },
        move |_, lines, ()| {
            sum(lines.iter().map(|line| {
                let lengths = sum(line.kept.iter().map(|vector| vector.len() as u64));
                let ends = line.kept.iter().filter(|vector| vector.get(vector.len()).is_none());
                content_digest(&line.vector).wrapping_add(mix(lengths)).wrapping_add(mix(ends.count() as u64))
            }))
        },
        move |(_, values)| {
            let lengths = (first..size).sum::<usize>() as u64;
            expected_digest(values)
                .wrapping_add(mix(lengths))
                .wrapping_add(mix(steps as u64))
                .wrapping_mul(count as u64)
        },
    )
}

fn get_random<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let indices = draws(&mut rng("get_random", size), size.max(OPERATIONS), size);
    case(
        indices.len(),
        Setup::Once,
        (V::from_values(values(0..size)), indices),
        |_| (),
        |(vector, indices), ()| {
            indices
                .iter()
                .fold(0u64, |sum, index| sum.wrapping_add(vector.get(*index as usize).copied().unwrap_or(0)))
        },
        |_, (), found| *found,
        |(_, indices)| sum(indices.iter().map(|index| value_of(*index as usize))),
    )
}

fn set_unshared<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let indices = draws(&mut rng("set_unshared", size), size.max(OPERATIONS), size);
    case(
        indices.len(),
        Setup::EveryRun,
        indices,
        move |_| V::from_values(values(0..size)),
        |indices, vector| {
            let mut replaced = 0u64;
            for (step, index) in indices.iter().enumerate() {
                replaced += u64::from(vector.set(*index as usize, step as u64));
            }
            replaced
        },
        |_, vector, replaced| content_digest(vector).wrapping_add(*replaced),
        move |indices| {
            let mut model: Vec<u64> = values(0..size).collect();
            for (step, index) in indices.iter().enumerate() {
                model[*index as usize] = step as u64;
            }
            expected_digest(&model).wrapping_add(indices.len() as u64)
        },
    )
}

fn set_shared<V: PersistentVector<u64> + 'static>(size: usize, steps: usize) -> Box<dyn Case> {
    let count = copies(size);
    let indices = draws(&mut rng("set_shared", size), count * steps, size);
    case(
        count * steps,
        Setup::EveryRun,
        (V::from_values(values(0..size)), indices),
        move |(base, _)| lines(base, count, steps),
        move |(_, indices), lines| {
            for (line, indices) in lines.iter_mut().zip(indices.chunks(steps)) {
                for (step, index) in indices.iter().enumerate() {
                    line.kept.push(line.vector.clone());
                    line.vector.set(*index as usize, step as u64);
                }
            }
        },
        move |(_, indices), lines, ()| {
            sum(lines.iter().zip(indices.chunks(steps)).map(|(line, indices)| {
                // The element that each version still has where it was replaced after the version was kept.
                let before = line.kept.iter().zip(indices);
                let before = before.map(|(vector, index)| *vector.get(*index as usize).unwrap_or(&0));
                content_digest(&line.vector).wrapping_add(mix(sum(before)))
            }))
        },
        move |(_, indices)| {
            sum(indices.chunks(steps).map(|indices| {
                let mut model: Vec<u64> = values(0..size).collect();
                let before = indices
                    .iter()
                    .enumerate()
                    .map(|(step, index)| std::mem::replace(&mut model[*index as usize], step as u64));
                let before = sum(before);
                expected_digest(&model).wrapping_add(mix(before))
            }))
        },
    )
}

fn pop_all<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::EveryRun,
        (),
        move |()| (0..count).map(|_| V::from_values(values(0..size))).collect::<Vec<_>>(),
        |(), vectors| {
            let mut popped = 1u64;
            for vector in vectors {
                while let Some(value) = vector.pop_back() {
                    popped = popped.rotate_left(1) ^ value;
                }
            }
            popped
        },
        |(), vectors, popped| {
            popped.wrapping_add(vectors.iter().filter(|vector| vector.is_empty()).count() as u64)
        },
        move |()| {
            let model: Vec<u64> = values(0..size).collect();
            let popped = (0..count).fold(1u64, |popped, _| {
                model.iter().rev().fold(popped, |popped, value| popped.rotate_left(1) ^ value)
            });
            popped.wrapping_add(count as u64)
        },
    )
}

fn iterate<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::Once,
        (0..count).map(|_| V::from_values(values(0..size))).collect::<Vec<_>>(),
        |_| (),
        move |vectors, ()| {
            let mut state = 0u64;
            for vector in vectors {
                for value in vector.iter() {
                    state = visit(state, value);
                }
            }
            state
        },
        |_, (), state| *state,
        move |_| {
            let model: Vec<u64> = values(0..size).collect();
            (0..count).fold(0, |state, _| model.iter().fold(state, visit))
        },
    )
}

fn iterate_chunks<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::Once,
        (0..count).map(|_| V::from_values(values(0..size))).collect::<Vec<_>>(),
        |_| (),
        |vectors, ()| {
            let mut total = 0u64;
            for vector in vectors {
                vector.for_each_chunk(|chunk| total = total.wrapping_add(sum(chunk.iter().copied())));
            }
            total
        },
        |_, (), total| *total,
        move |_| sum(values(0..size)).wrapping_mul(count as u64),
    )
}

/// How often a region repeats an operation on whole vectors: often enough to measure, and not too often for contenders
/// that take O(n).
fn whole_operations(size: usize) -> usize {
    (10_000 / size).clamp(4, 64)
}

fn slice<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = whole_operations(size);
    // Each slice begins at a random place within the first quarter, and holds half the elements.
    let first = usize::from(size > 4);
    let ranges: Vec<Range<usize>> = draws(&mut rng("slice", size), count, (size / 4).max(1))
        .into_iter()
        .map(|start| start as usize + first..start as usize + first + size / 2)
        .collect();
    case(
        count,
        Setup::EveryRun,
        (V::from_values(values(0..size)), ranges),
        move |_| Vec::with_capacity(count),
        |(vector, ranges), slices: &mut Vec<Option<V>>| {
            for range in ranges {
                slices.push(vector.slice(range.clone()));
            }
        },
        |(vector, _), slices, ()| {
            let slices = slices.iter().map(|slice| slice.as_ref().map_or(0, content_digest));
            sum(slices).wrapping_add(content_digest(vector))
        },
        move |(_, ranges)| {
            let model: Vec<u64> = values(0..size).collect();
            sum(ranges.iter().map(|range| expected_digest(&model[range.clone()])))
                .wrapping_add(expected_digest(&model))
        },
    )
}

fn concat<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = whole_operations(size);
    let half = size / 2;
    case(
        count,
        Setup::EveryRun,
        (V::from_values(values(0..half)), V::from_values(values(half..size))),
        move |_| Vec::with_capacity(count),
        move |(left, right), joined: &mut Vec<V>| {
            for _ in 0..count {
                joined.push(left.concat(right));
            }
        },
        |(left, right), joined, ()| {
            let parts = content_digest(left).wrapping_add(content_digest(right));
            sum(joined.iter().map(content_digest)).wrapping_add(parts)
        },
        move |_| {
            let model: Vec<u64> = values(0..size).collect();
            let parts = expected_digest(&model[..half]).wrapping_add(expected_digest(&model[half..]));
            expected_digest(&model).wrapping_mul(count as u64).wrapping_add(parts)
        },
    )
}

fn variants<V: PersistentVector<u64> + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let indices = draws(&mut rng("variants_100", size), count, size);
    case(
        count,
        Setup::EveryRun,
        (V::from_values(values(0..size)), indices),
        move |_| Vec::with_capacity(count),
        |(base, indices), kept: &mut Vec<V>| {
            for (value, index) in indices.iter().enumerate() {
                let mut variant = base.clone();
                variant.set(*index as usize, value as u64);
                kept.push(variant);
            }
        },
        move |(base, indices), kept, ()| {
            let own = kept.iter().zip(indices).map(|(vector, index)| {
                let index = *index as usize;
                let own = vector.get(index).copied().unwrap_or(0);
                let next = vector.get((index + 1) % size).copied().unwrap_or(0);
                mix(own.wrapping_add(next).wrapping_add(vector.len() as u64))
            });
            sum(own).wrapping_add(content_digest(base))
        },
        move |(_, indices)| {
            let model: Vec<u64> = values(0..size).collect();
            let own = indices.iter().enumerate().map(|(value, index)| {
                // In a vector of one element the next one is the element itself.
                let next = if size == 1 { value as u64 } else { model[(*index as usize + 1) % size] };
                mix((value as u64).wrapping_add(next).wrapping_add(size as u64))
            });
            sum(own).wrapping_add(expected_digest(&model))
        },
    )
}
