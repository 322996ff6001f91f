//! Inputs and measured regions.

use std::cell::Cell;
use std::rc::Rc;

use rand::RngExt;

use super::contract::{Error, Notify, Signals, Tracked};
use super::oracle::{BATCH, batch_total, offset_total};
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::Request;
use crate::input::{OPERATIONS, copies, draws, mix, rng, shuffled, sum};

/// Sets a scenario up for a contender of both contracts.
pub(super) fn set_up<S: Notify + Tracked>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "notify" | "notify_many" | "churn" | "churn_many" | "read" | "write" | "batch_100" => {
            set_up_notify::<S>(request)
        }
        _ => set_up_tracked::<S>(request),
    }
}

pub(super) fn set_up_notify<S: Notify>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "notify" | "notify_many" => notify::<S>(size),
        "churn" | "churn_many" => churn::<S>(size),
        "read" => read::<S>(size),
        "write" => write::<S>(size),
        "batch_100" => batch_100::<S>(size),
        other => not_set_up(other),
    }
}

pub(super) fn set_up_tracked<S: Tracked>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "read" => read::<S>(size),
        "write" => write::<S>(size),
        "computed_cached" => computed_cached::<S>(size),
        "computed_dirty" => computed_dirty::<S>(size),
        "tracked_batch_100" => tracked_batch_100::<S>(size),
        "effect_dispose" => effect_dispose::<S>(size),
        "tracked_effects" | "tracked_effects_many" => tracked_effects::<S>(size),
        "deep_chain" | "deep_chain_long" => deep_chain::<S>(size),
        "broad_fan_out" => broad_fan_out::<S>(size),
        "diamonds" => diamonds::<S>(size),
        "dynamic_dependencies" => dynamic_dependencies::<S>(size),
        other => not_set_up(other),
    }
}

/// A world that is cleared when it is dropped.
pub(super) struct World<S: Signals>(pub(super) S);

impl<S: Signals> World<S> {
    pub(super) fn new() -> Self {
        World(S::new())
    }
}

impl<S: Signals> Drop for World<S> {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// The sum of the values that observers see.
pub(super) type Total = Rc<Cell<u64>>;

pub(super) fn add(total: &Total, value: u64) {
    total.set(total.get().wrapping_add(value));
}

/// A world with one signal that is observed, and the sum of what its observers have seen.
struct Observed<S: Signals> {
    world: World<S>,
    signal: S::Signal,
    total: Total,
}

impl<S: Signals> Observed<S> {
    fn new() -> Self {
        let world = World::<S>::new();
        let signal = world.0.signal(0);
        Observed { world, signal, total: Total::default() }
    }
}

/// The values that a region sets, one after the other. No two in a row are equal, and the first is not 0.
fn values(scenario: &str, size: usize, count: usize) -> Vec<u64> {
    let first: u64 = rng(scenario, size).random();
    (0..count).map(|step| mix(first.wrapping_add(step as u64)) | 1 << 63).collect()
}

fn subscriber(total: &Total) -> impl Fn(u64) + 'static {
    let total = total.clone();
    move |value| add(&total, value)
}

fn subscribed<S: Notify>(size: usize) -> (Observed<S>, Vec<Option<S::Subscription>>) {
    let observed = Observed::<S>::new();
    let subscribe = || observed.world.0.subscribe(&observed.signal, subscriber(&observed.total)).ok();
    let subscriptions = (0..size).map(|_| subscribe()).collect();
    (observed, subscriptions)
}

fn notify<S: Notify>(size: usize) -> Box<dyn Case> {
    let rounds = copies(size);
    case(
        rounds * size,
        Setup::EveryRun,
        values("notify", size, rounds),
        move |_| subscribed::<S>(size).0,
        |values, observed| {
            for value in values {
                let _ = observed.world.0.set(&observed.signal, *value);
            }
        },
        |_, observed, ()| observed.total.get(),
        move |values| sum(values.iter().copied()).wrapping_mul(size as u64),
    )
}

/// How many subscriptions a region replaces.
const REPLACEMENTS: usize = 256;

/// How many of them in a large world: of [`LARGE`] subscriptions and more.
const FEW_REPLACEMENTS: usize = 64;
const LARGE: usize = 1000;

fn churn<S: Notify>(size: usize) -> Box<dyn Case> {
    // There are fewer in large worlds, because some contenders take O(n) for each.
    let replacements = if size < LARGE { REPLACEMENTS } else { FEW_REPLACEMENTS };
    case(
        replacements,
        Setup::EveryRun,
        draws(&mut rng("churn", size), replacements, size),
        move |_| subscribed::<S>(size),
        |indices, (observed, subscriptions)| {
            let mut ended = 0u64;
            for index in indices {
                let subscription = &mut subscriptions[*index as usize];
                ended +=
                    u64::from(subscription.as_ref().is_some_and(|old| observed.world.0.unsubscribe(old)));
                *subscription =
                    observed.world.0.subscribe(&observed.signal, subscriber(&observed.total)).ok();
            }
            ended
        },
        |_, (observed, _), ended| {
            let _ = observed.world.0.set(&observed.signal, 1);
            observed.total.get().wrapping_add(mix(*ended))
        },
        move |_| (size as u64).wrapping_add(mix(replacements as u64)),
    )
}

fn read<S: Signals>(size: usize) -> Box<dyn Case> {
    let world = World::<S>::new();
    let signals: Vec<S::Signal> = (0..size as u64).map(|index| world.0.signal(mix(index))).collect();
    case(
        OPERATIONS,
        Setup::Once,
        (world, signals, draws(&mut rng("read", size), OPERATIONS, size)),
        |_| (),
        |(world, signals, indices), ()| {
            sum(indices.iter().map(|index| world.0.read(&signals[*index as usize]).unwrap_or(0)))
        },
        |_, (), total| *total,
        |(_, _, indices)| sum(indices.iter().map(|index| mix(*index))),
    )
}

fn write<S: Signals>(size: usize) -> Box<dyn Case> {
    case(
        OPERATIONS,
        Setup::EveryRun,
        draws(&mut rng("write", size), OPERATIONS, size),
        move |_| {
            let world = World::<S>::new();
            let signals: Vec<S::Signal> = (0..size).map(|_| world.0.signal(0)).collect();
            (world, signals)
        },
        |indices, (world, signals)| {
            for (step, index) in indices.iter().enumerate() {
                let _ = world.0.set(&signals[*index as usize], step as u64 + 1);
            }
        },
        |_, (world, signals), ()| {
            let values = signals.iter().map(|signal| world.0.peek(signal).unwrap_or(0));
            sum(values.enumerate().map(|(index, value)| mix(value ^ mix(index as u64))))
        },
        move |indices| {
            let mut model = vec![0; size];
            for (step, index) in indices.iter().enumerate() {
                model[*index as usize] = step as u64 + 1;
            }
            sum(model.iter().enumerate().map(|(index, value)| mix(value ^ mix(index as u64))))
        },
    )
}

/// How many batches of 100 writes a region makes, for about 1,000 writes and calls together.
fn batches(size: usize) -> usize {
    (1000 / (BATCH + size)).max(1)
}

fn batch_100<S: Notify>(size: usize) -> Box<dyn Case> {
    let count = BATCH * batches(size);
    case(
        count,
        Setup::EveryRun,
        values("batch_100", size, count),
        move |_| subscribed::<S>(size).0,
        |values, observed| set_in_batches(values, observed),
        |_, observed, ()| observed.total.get(),
        move |values| batch_total(values, size),
    )
}

#[inline]
fn set_in_batches<S: Signals>(values: &[u64], observed: &mut Observed<S>) {
    for values in values.chunks(BATCH) {
        observed.world.0.batch(|| {
            for value in values {
                let _ = observed.world.0.set(&observed.signal, *value);
            }
        });
    }
}

fn computed_cached<S: Tracked>(size: usize) -> Box<dyn Case> {
    let world = World::<S>::new();
    let computed: Vec<S::Computed> = (0..size as u64)
        .map(|index| {
            let signal = world.0.signal(mix(index));
            let handle = world.0.clone();
            let computed = world.0.computed(move || Ok(handle.read(&signal)?.wrapping_add(1)));
            let _ = world.0.get(&computed);
            computed
        })
        .collect();
    let rounds = copies(size);
    case(
        rounds * size,
        Setup::Once,
        (world, computed),
        |_| (),
        move |(world, computed), ()| {
            let mut total = 0u64;
            for _ in 0..rounds {
                total = total.wrapping_add(sum(computed.iter().map(|node| world.0.get(node).unwrap_or(0))));
            }
            total
        },
        |_, (), total| *total,
        move |_| sum((0..size as u64).map(|index| mix(index).wrapping_add(1))).wrapping_mul(rounds as u64),
    )
}

fn computed_dirty<S: Tracked>(size: usize) -> Box<dyn Case> {
    let rounds = copies(size);
    case(
        rounds * size,
        Setup::EveryRun,
        values("computed_dirty", size, rounds),
        move |_| {
            let world = World::<S>::new();
            let nodes: Vec<(S::Signal, S::Computed)> = (0..size)
                .map(|_| {
                    let signal = world.0.signal(0);
                    let (handle, source) = (world.0.clone(), signal.clone());
                    let computed = world.0.computed(move || Ok(handle.read(&source)?.wrapping_add(1)));
                    let _ = world.0.get(&computed);
                    (signal, computed)
                })
                .collect();
            (world, nodes)
        },
        |values, (world, nodes)| {
            let mut total = 0u64;
            for value in values {
                for (signal, computed) in nodes.iter() {
                    let _ = world.0.set(signal, *value);
                    total = total.wrapping_add(world.0.get(computed).unwrap_or(0));
                }
            }
            total
        },
        |_, _, total| *total,
        move |values| sum(values.iter().map(|value| value.wrapping_add(1))).wrapping_mul(size as u64),
    )
}

/// An effect that adds the result of `value` to `total`.
fn adding<S: Tracked>(
    world: &World<S>,
    total: &Total,
    value: impl Fn(&S) -> Result<u64, Error> + 'static,
) -> S::Effect {
    let (handle, total) = (world.0.clone(), total.clone());
    world.0.effect(move || add(&total, value(&handle).unwrap_or(0)))
}

/// A signal that `size` effects read.
fn with_effects<S: Tracked>(size: usize) -> (Observed<S>, Vec<S::Effect>) {
    let observed = Observed::<S>::new();
    let effects = (0..size)
        .map(|_| {
            let signal = observed.signal.clone();
            adding(&observed.world, &observed.total, move |world| world.read(&signal))
        })
        .collect();
    (observed, effects)
}

fn tracked_batch_100<S: Tracked>(size: usize) -> Box<dyn Case> {
    let count = BATCH * batches(size);
    case(
        count,
        Setup::EveryRun,
        values("tracked_batch_100", size, count),
        move |_| with_effects::<S>(size),
        |values, (observed, _)| set_in_batches(values, observed),
        |_, (observed, _), ()| observed.total.get(),
        move |values| batch_total(values, size),
    )
}

fn effect_dispose<S: Tracked>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::EveryRun,
        shuffled(&mut rng("effect_dispose", size), size),
        move |_| (0..count).map(|_| with_effects::<S>(size)).collect::<Vec<_>>(),
        |order, worlds| {
            let mut ended = 0u64;
            for (observed, effects) in worlds {
                for index in order {
                    ended += u64::from(observed.world.0.dispose_effect(&effects[*index as usize]));
                }
            }
            ended
        },
        |_, worlds, ended| {
            let seen = worlds.iter().map(|(observed, _)| {
                let _ = observed.world.0.set(&observed.signal, 1);
                observed.total.get()
            });
            sum(seen).wrapping_add(mix(*ended))
        },
        move |_| mix((count * size) as u64),
    )
}

/// A case whose region sets the observed signal to each value. `seen` says what the observers add up for a value.
fn setting<S: Tracked>(
    ops: usize,
    values: Vec<u64>,
    arm: impl Fn() -> (Observed<S>, Vec<S::Effect>) + 'static,
    seen: impl Fn(u64) -> u64 + 'static,
) -> Box<dyn Case> {
    case(
        ops,
        Setup::EveryRun,
        values,
        move |_| {
            let (observed, effects) = arm();
            // What the effects saw when they first ran is no result of the region.
            observed.total.set(0);
            (observed, effects)
        },
        |values, (observed, _)| {
            for value in values {
                let _ = observed.world.0.set(&observed.signal, *value);
            }
        },
        |_, (observed, _), ()| observed.total.get(),
        move |values| sum(values.iter().map(|value| seen(*value))),
    )
}

fn tracked_effects<S: Tracked>(size: usize) -> Box<dyn Case> {
    let rounds = copies(size);
    setting::<S>(
        rounds * size,
        values("tracked_effects", size, rounds),
        move || with_effects::<S>(size),
        move |value| value.wrapping_mul(size as u64),
    )
}

/// A computed value with this computation, brought up to date.
pub(super) fn computed<S: Tracked>(
    world: &World<S>,
    value: impl Fn(&S) -> Result<u64, Error> + 'static,
) -> S::Computed {
    let handle = world.0.clone();
    let computed = world.0.computed(move || value(&handle));
    let _ = world.0.get(&computed);
    computed
}

fn deep_chain<S: Tracked>(size: usize) -> Box<dyn Case> {
    let rounds = copies(size);
    setting::<S>(
        rounds * size,
        values("deep_chain", size, rounds),
        move || {
            let observed = Observed::<S>::new();
            let signal = observed.signal.clone();
            let mut last =
                computed(&observed.world, move |world: &S| Ok(world.read(&signal)?.wrapping_add(1)));
            for _ in 1..size {
                let below = last;
                last = computed(&observed.world, move |world: &S| Ok(world.get(&below)?.wrapping_add(1)));
            }
            let effect = adding(&observed.world, &observed.total, move |world| world.get(&last));
            (observed, vec![effect])
        },
        move |value| value.wrapping_add(size as u64),
    )
}

/// `size` computed values: the signal's value and an offset of their own.
fn offsets<S: Tracked>(observed: &Observed<S>, size: usize) -> Vec<S::Computed> {
    (0..size as u64)
        .map(|offset| {
            let signal = observed.signal.clone();
            computed(&observed.world, move |world: &S| Ok(world.read(&signal)?.wrapping_add(offset)))
        })
        .collect()
}

fn broad_fan_out<S: Tracked>(size: usize) -> Box<dyn Case> {
    let rounds = copies(size);
    setting::<S>(
        rounds * size,
        values("broad_fan_out", size, rounds),
        move || {
            let observed = Observed::<S>::new();
            let effects = offsets(&observed, size)
                .into_iter()
                .map(|below| adding(&observed.world, &observed.total, move |world: &S| world.get(&below)))
                .collect();
            (observed, effects)
        },
        move |value| offset_total(size, value),
    )
}

fn diamonds<S: Tracked>(size: usize) -> Box<dyn Case> {
    let rounds = copies(size);
    setting::<S>(
        rounds * size,
        values("diamonds", size, rounds),
        move || {
            let observed = Observed::<S>::new();
            let middle = offsets(&observed, size);
            let join = computed(&observed.world, move |world: &S| {
                middle.iter().try_fold(0u64, |total, below| Ok(total.wrapping_add(world.get(below)?)))
            });
            let effect = adding(&observed.world, &observed.total, move |world| world.get(&join));
            (observed, vec![effect])
        },
        move |value| offset_total(size, value),
    )
}

/// The values of the two signals on which effects depend, while a third one is even or odd.
const EVEN: u64 = 3;
const ODD: u64 = 5;

fn dynamic_dependencies<S: Tracked>(size: usize) -> Box<dyn Case> {
    let rounds = copies(size);
    setting::<S>(
        rounds * size,
        (1..=rounds as u64).collect(),
        move || {
            let observed = Observed::<S>::new();
            let (even, odd) = (observed.world.0.signal(EVEN), observed.world.0.signal(ODD));
            let effects = (0..size)
                .map(|_| {
                    let (selector, even, odd) = (observed.signal.clone(), even.clone(), odd.clone());
                    adding(&observed.world, &observed.total, move |world: &S| {
                        let selected = world.read(&selector)?;
                        world.read(if selected.is_multiple_of(2) { &even } else { &odd })
                    })
                })
                .collect();
            (observed, effects)
        },
        move |value| if value.is_multiple_of(2) { EVEN } else { ODD } * size as u64,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::BOTTLENECK;

    #[test]
    fn scenarios_set_values_of_their_own() {
        let names = || BOTTLENECK.scenarios.iter().map(|scenario| scenario.name);
        for size in [10, 1000] {
            for (at, name) in names().enumerate() {
                let own = values(name, size, 100);
                assert!(own[0] != 0 && own.windows(2).all(|pair| pair[0] != pair[1]), "{name}: {own:?}");
                for other in names().skip(at + 1) {
                    assert!(values(other, size, 100) != own, "{name} and {other} set the same values");
                }
            }
        }
    }
}
