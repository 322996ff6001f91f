//! Inputs and measured regions.

use rand::RngExt;

use super::contract::{Positions, Slots};
use super::oracle::{expected_digest, indices_digest};
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::{Capability, Request};
use crate::input::{OPERATIONS, copies, draws, mix, rng, shuffled, sum};

pub(super) fn set_up<S: Slots + 'static, P: Positions + 'static>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "splice_middle" | "gap_edit" | "get_physical" => set_up_positions::<P>(request),
        _ => set_up_slots::<S>(request),
    }
}

pub(super) fn set_up_slots<S: Slots + 'static>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "fresh" => fresh::<S>(request),
        "after_frees" => after_frees::<S>(request),
        "lifo_frees" => free_and_allocate::<S>(request, true),
        "random_frees" => free_and_allocate::<S>(request, false),
        other => not_set_up(other),
    }
}

pub(super) fn set_up_positions<P: Positions + 'static>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "splice_middle" => edit::<P>(request, splices(request)),
        "gap_edit" => edit::<P>(request, gap_edits(request)),
        "get_physical" => get_physical::<P>(request.size),
        other => not_set_up(other),
    }
}

/// About how many slots are visited together by a contender that scans them for each operation.
const SCANNED: usize = 200_000;

/// How many of n slots a region frees or allocates: all, or a few if each costs the contender a scan.
fn steps(request: Request) -> usize {
    if request.can(Capability::ScansWhole) {
        (SCANNED / request.size).clamp(4, 1000).min(request.size)
    } else {
        request.size
    }
}

/// How many copies of the slots a region has.
fn slot_copies(request: Request) -> usize {
    if request.can(Capability::ScansWhole) { 1 } else { copies(request.size) }
}

/// An allocator, and what a region does with it.
struct Line<S: Slots> {
    slots: S,
    /// Keys that the region frees.
    doomed: Vec<S::Key>,
    /// Keys that it allocates.
    allocated: Vec<S::Key>,
}

fn allocate_all<S: Slots>(line: &mut Line<S>, count: usize) {
    for _ in 0..count {
        line.allocated.push(line.slots.allocate());
    }
}

fn lines_digest<S: Slots>(lines: &[Line<S>]) -> u64 {
    sum(lines.iter().map(|line| {
        let live = line.allocated.iter().filter(|key| line.slots.is_live(**key)).count() as u64;
        indices_digest(line.allocated.iter().map(|key| S::index(*key)))
            .wrapping_add(mix(live))
            .wrapping_add(mix(line.slots.live() as u64))
    }))
}

fn fresh<S: Slots + 'static>(request: Request) -> Box<dyn Case> {
    let (size, steps, count) = (request.size, steps(request), slot_copies(request));
    case(
        count * steps,
        Setup::EveryRun,
        (),
        move |()| {
            let line = |_| {
                let slots = S::with_live(size - steps).0;
                Line { slots, doomed: Vec::new(), allocated: Vec::with_capacity(steps) }
            };
            (0..count).map(line).collect::<Vec<_>>()
        },
        move |(), lines| lines.iter_mut().for_each(|line| allocate_all(line, steps)),
        |(), lines, ()| lines_digest(lines),
        move |()| expected_digest(count, size - steps..size, steps, size),
    )
}

fn after_frees<S: Slots + 'static>(request: Request) -> Box<dyn Case> {
    let (size, steps, count) = (request.size, steps(request), slot_copies(request));
    let order = shuffled(&mut rng("after_frees", size), size);
    case(
        count * steps,
        Setup::EveryRun,
        order,
        move |order| {
            let line = |_| {
                let (mut slots, keys) = S::with_live(size);
                for at in &order[..steps] {
                    slots.free(keys[*at as usize]).expect("it is live");
                }
                Line { slots, doomed: Vec::new(), allocated: Vec::with_capacity(steps) }
            };
            (0..count).map(line).collect::<Vec<_>>()
        },
        move |_, lines| lines.iter_mut().for_each(|line| allocate_all(line, steps)),
        |_, lines, ()| lines_digest(lines),
        move |order| {
            let freed = order[..steps].iter().map(|at| *at as usize);
            expected_digest(count, freed, steps, size)
        },
    )
}

fn free_and_allocate<S: Slots + 'static>(request: Request, latest_first: bool) -> Box<dyn Case> {
    let (size, steps, count) = (request.size, steps(request), slot_copies(request));
    let order: Vec<u64> = if latest_first {
        (0..size as u64).rev().collect()
    } else {
        shuffled(&mut rng("random_frees", size), size)
    };
    case(
        2 * count * steps,
        Setup::EveryRun,
        order,
        move |order| {
            let line = |_| {
                let (slots, keys) = S::with_live(size);
                let doomed = order[..steps].iter().map(|at| keys[*at as usize]).collect();
                Line { slots, doomed, allocated: Vec::with_capacity(steps) }
            };
            (0..count).map(line).collect::<Vec<_>>()
        },
        move |_, lines| {
            let mut failed = 0u64;
            for line in lines {
                for key in &line.doomed {
                    failed += u64::from(line.slots.free(*key).is_err());
                }
                allocate_all(line, steps);
            }
            failed
        },
        |_, lines, failed| lines_digest(lines).wrapping_add(*failed),
        move |order| {
            let freed = order[..steps].iter().map(|at| *at as usize);
            expected_digest(count, freed, steps, size)
        },
    )
}

/// Where an element is removed, and where one is inserted after that.
type Edit = (u32, u32);

fn edits(request: Request) -> usize {
    if request.can(Capability::ScansWhole) {
        (SCANNED / request.size).clamp(4, OPERATIONS)
    } else {
        OPERATIONS
    }
}

fn splices(request: Request) -> Vec<Edit> {
    let (size, count) = (request.size, edits(request));
    let (first, half) = (size / 4, (size / 2).max(1));
    let places = draws(&mut rng("splice_middle", size), 2 * count, half);
    places.chunks(2).map(|pair| (first as u32 + pair[0] as u32, first as u32 + pair[1] as u32)).collect()
}

/// How far the place of the edits moves from one edit to the next, at most.
const STRIDE: i64 = 8;

/// How far an edit lies from that place, at most.
const REACH: i64 = 4;

fn gap_edits(request: Request) -> Vec<Edit> {
    let (size, count) = (request.size as i64, edits(request));
    let mut rng = rng("gap_edit", request.size);
    let mut place = size / 2;
    (0..count)
        .map(|_| {
            place = (place + rng.random_range(-STRIDE..=STRIDE)).clamp(0, size - 1);
            let mut near = || (place + rng.random_range(-REACH..=REACH)).clamp(0, size - 1) as u32;
            (near(), near())
        })
        .collect()
}

/// Each edit frees one index and then needs one, so it gets the one that it freed. Results do not depend on the order in
/// which a contender uses indices again.
fn edit<P: Positions + 'static>(request: Request, edits: Vec<Edit>) -> Box<dyn Case> {
    let size = request.size;
    case(
        edits.len(),
        Setup::EveryRun,
        edits,
        move |_| P::with_len(size),
        |edits, table| {
            let mut state = 0u64;
            for (from, to) in edits {
                let removed = table.remove_at(*from as usize).unwrap_or(u32::MAX);
                let inserted = table.insert_at(*to as usize).unwrap_or(u32::MAX);
                state = state.rotate_left(1) ^ u64::from(removed) ^ u64::from(inserted) << 32;
            }
            state
        },
        |_, table, state| {
            let physical = (0..table.len() + 1).map(|at| table.get_physical(at));
            physical.fold(*state, |state, at| mix(state.wrapping_add(at.map_or(u64::MAX, u64::from))))
        },
        move |edits| {
            let mut model: Vec<u32> = (0..size as u32).collect();
            let mut state = 0u64;
            for (from, to) in edits {
                let index = model.remove(*from as usize);
                model.insert(*to as usize, index);
                state = state.rotate_left(1) ^ u64::from(index) ^ u64::from(index) << 32;
            }
            let physical = model.iter().copied().map(u64::from).chain([u64::MAX]);
            physical.fold(state, |state, at| mix(state.wrapping_add(at)))
        },
    )
}

fn get_physical<P: Positions + 'static>(size: usize) -> Box<dyn Case> {
    let positions = draws(&mut rng("get_physical", size), size.clamp(OPERATIONS, 10_000), size);
    let fold = |sum: u64, index: u32| sum.rotate_left(1) ^ u64::from(index);
    case(
        positions.len(),
        Setup::Once,
        (P::with_len(size), positions),
        |_| (),
        move |(table, positions), ()| {
            positions
                .iter()
                .fold(0, |sum, at| fold(sum, table.get_physical(*at as usize).unwrap_or(u32::MAX)))
        },
        |_, (), sum| *sum,
        move |(_, positions)| positions.iter().fold(0, |sum, at| fold(sum, *at as u32)),
    )
}
