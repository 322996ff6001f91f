//! **Signals**: values that tell their observers when they change.
//!
//! Two contracts over one base, [`Signals`]: [`Notify`] calls back on each change, [`Tracked`] keeps a graph of
//! computed values and effects up to date and finds their dependencies by itself. A contender has either or
//! both. Oracles: a list of subscribers that is walked by the book, and a graph that is computed anew from its
//! signals after each change. Scenarios: [`BOTTLENECK`].
//!
//! # What a notification is
//!
//! Setting a signal to another value starts a *round*: each subscriber of that moment is called once, in the
//! order of subscription, with the value of that `set`.
//!
//! * Who is unsubscribed before its turn is not called; who subscribes during a round is called from the
//!   signal's next round on.
//! * A callback may set the same signal. That is a round within the round; afterwards the outer one goes on with
//!   its own, by then older, value.
//! * A callback that panics disturbs nobody: the round goes on, then `set` resumes the round's first panic.
//! * In a batch no round starts. At its end each signal whose value differs from the one before the batch has
//!   one round with the last value. A callback that sets a signal still waiting for that round only changes
//!   the value it will be called with.
//! * Setting a signal to the value it has does nothing.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;

use crate::input::{copies, draws, mix, rng, shuffled, sum};
use crate::probe::{Injected, Probe};
use crate::{
    About, Bottleneck, Capability, Case, Check, Claim, Contender, Mismatch, Request, Scenario, Setup, Sizes,
    Step, case,
};

/// Why an operation on a signal or a computed value failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It was disposed of.
    Gone,
    /// A computation ran into itself.
    Cycle,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Gone => "the signal was disposed of",
            Error::Cycle => "the computation depends on itself",
        })
    }
}

impl std::error::Error for Error {}

/// A world of signals with values of 64 bits, in one thread. A handle: clones are the same world, so that
/// callbacks can own one.
pub trait Signals: Clone + 'static {
    /// Whether [`batch`](Signals::batch) defers anything.
    const BATCHES: bool;
    /// Names a signal.
    type Signal: Clone + 'static;
    /// An empty world.
    fn new() -> Self;
    /// A new signal. O(1).
    fn signal(&self, value: u64) -> Self::Signal;
    /// The signal's value; within a computation of the same world it becomes a dependency of that. O(1).
    ///
    /// # Errors
    /// [`Error::Gone`] if the signal was disposed of.
    fn read(&self, signal: &Self::Signal) -> Result<u64, Error>;
    /// The signal's value, never a dependency. O(1).
    ///
    /// # Errors
    /// [`Error::Gone`] if the signal was disposed of.
    fn peek(&self, signal: &Self::Signal) -> Result<u64, Error>;
    /// Changes the value and tells whom it concerns, outside of batches before it returns.
    ///
    /// # Errors
    /// [`Error::Gone`] if the signal was disposed of.
    ///
    /// # Panics
    /// If a callback or an effect did, after all others ran.
    fn set(&self, signal: &Self::Signal, value: u64) -> Result<(), Error>;
    /// Calls `f`, and tells of the changes it made at its end; of those in nested batches at the end of the
    /// outermost one.
    fn batch(&self, f: impl FnOnce());
    /// Drops every callback and computation. They usually own a handle of their world, which would keep it
    /// alive for ever.
    fn clear(&self);
}

/// Calls back on changes.
pub trait Notify: Signals {
    /// Names a subscription.
    type Subscription: Clone + 'static;
    /// Calls `callback` with the new value in each of the signal's rounds from the next one on. The same
    /// callback subscribed twice is two subscriptions.
    ///
    /// # Errors
    /// [`Error::Gone`] if the signal was disposed of.
    fn subscribe(
        &self,
        signal: &Self::Signal,
        callback: impl Fn(u64) + 'static,
    ) -> Result<Self::Subscription, Error>;
    /// Ends a subscription at once, even in the middle of a round. Returns `false` if it had ended before.
    fn unsubscribe(&self, subscription: &Self::Subscription) -> bool;
    /// Disposes of a signal and ends its subscriptions, even in the middle of a round. Returns `false` if it was
    /// gone already.
    fn dispose(&self, signal: &Self::Signal) -> bool;
}

/// Keeps computed values and effects up to date.
///
/// After each change outside of a batch, and after each outermost batch, every effect runs once if anything
/// it read when it last ran has another value now, and never sees a mixture of old and new values.
pub trait Tracked: Signals {
    /// Names a computed value.
    type Computed: Clone + 'static;
    /// Names an effect.
    type Effect: Clone + 'static;
    /// A value computed from signals and other computed values, and kept until something that its computation
    /// read changes.
    fn computed(&self, compute: impl Fn() -> Result<u64, Error> + 'static) -> Self::Computed;
    /// The computed value, brought up to date; within a computation it becomes a dependency of that.
    ///
    /// # Errors
    /// What the computation returned; [`Error::Cycle`] if it is running now.
    fn get(&self, computed: &Self::Computed) -> Result<u64, Error>;
    /// Runs `run` now, and whenever something that it read has changed.
    fn effect(&self, run: impl Fn() + 'static) -> Self::Effect;
    /// Ends an effect; it does not run again. Returns `false` if it had ended before.
    fn dispose_effect(&self, effect: &Self::Effect) -> bool;
    /// Calls `f`; what it reads becomes nobody's dependency.
    fn untracked<R>(&self, f: impl FnOnce() -> R) -> R;
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "signals",
    title: "Signals",
    question: "How much does it cost to tell an observer that a value changed? Copying the list of subscribers for \
               each notification is safe and slow; walking it in place is fast and must survive subscribers that \
               subscribe, unsubscribe, set and panic. Tracking dependencies adds a graph, in which each effect should \
               run once and only if something it read has changed.",
    scenarios: SCENARIOS,
    checks: CHECKS,
    sizes: Sizes {
        quick: &[10, 100, 1000],
        default: &[10, 32, 100, 500, 1000],
        full: &[10, 32, 100, 320, 500, 1000],
    },
    claims: CLAIMS,
    memory: &[],
    own_input: None,
    reference: "arena_graph",
    describe,
};

const CLAIMS: &[Claim] = &[Claim {
    id: "dm-signal",
    text: "Notifying 1,000 observers takes less than 1 ms where a snapshot of the subscribers took 5 ms: five times less.",
    factor: Some(5.0),
    scenario: "notify",
    size: 1000,
    naive: "snapshot",
    optimized: "deferred_flag",
}];

const NOTIFY: &[Capability] = &[Capability::Notify];
const NOTIFY_MANY: &[Capability] = &[Capability::Notify, Capability::ManyObservers];
const NOTIFY_BATCH: &[Capability] = &[Capability::Notify, Capability::Batches];
const TRACKED: &[Capability] = &[Capability::Tracked];
const TRACKED_MANY: &[Capability] = &[Capability::Tracked, Capability::ManyObservers];
const TRACKED_BATCH: &[Capability] = &[Capability::Tracked, Capability::Batches];

const MANY: Option<Sizes> = Some(Sizes { quick: &[10_000], default: &[10_000], full: &[10_000, 20_000] });
const FEW: Option<Sizes> =
    Some(Sizes { quick: &[10, 100], default: &[10, 100, 1000], full: &[10, 100, 1000] });

/// Where some contenders take n² for a change.
const SOME: Option<Sizes> =
    Some(Sizes { quick: &[10, 100], default: &[10, 100, 320], full: &[10, 100, 320] });
const SHALLOW: Option<Sizes> =
    Some(Sizes { quick: &[10, 100], default: &[10, 32, 100], full: &[10, 32, 100] });
const DEEP: Option<Sizes> = Some(Sizes { quick: &[1000], default: &[1000], full: &[1000, 3000] });

const fn scenario(
    name: &'static str,
    unit: &'static str,
    requires: &'static [Capability],
    sizes: Option<Sizes>,
    summary: &'static str,
) -> Scenario {
    Scenario { name, summary, unit, requires, sizes }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    scenario("notify", "observer called", NOTIFY, None, "Sets a signal with n subscribers."),
    scenario("notify_many", "observer called", NOTIFY_MANY, MANY, "Sets a signal with n subscribers, n beyond 1,000."),
    scenario("churn", "replacement", NOTIFY, FEW, "Ends a random one of n subscriptions and makes a new one, 64 to 256 times."),
    scenario("churn_many", "replacement", NOTIFY_MANY, MANY, "Ends a random one of n subscriptions and makes a new one, 64 times, n beyond 1,000."),
    scenario("read", "read", &[], FEW, "Reads random ones of n signals, outside of any computation."),
    scenario("write", "write", &[], FEW, "Sets random ones of n signals that nobody observes."),
    scenario("batch_100", "write", NOTIFY_BATCH, FEW, "Sets a signal with n subscribers 100 times in a batch."),
    scenario("computed_cached", "read", TRACKED, FEW, "Reads n computed values that are up to date."),
    scenario("computed_dirty", "set and read", TRACKED, FEW, "Changes the signal below each of n computed values and reads the value."),
    scenario("tracked_batch_100", "write", TRACKED_BATCH, SOME, "Sets a signal with n effects 100 times in a batch."),
    scenario("effect_dispose", "disposal", TRACKED, FEW, "Ends n effects of one signal in random order."),
    scenario("tracked_effects", "effect run", TRACKED, None, "Sets a signal that n effects read."),
    scenario("tracked_effects_many", "effect run", TRACKED_MANY, MANY, "Sets a signal that n effects read, n beyond 1,000."),
    scenario("deep_chain", "computation", TRACKED, SHALLOW, "Sets a signal below a chain of n computed values, each of the one before, with an effect at its end."),
    scenario("deep_chain_long", "computation", TRACKED_MANY, DEEP, "Sets a signal below a chain of n computed values with an effect at its end, n beyond 100."),
    scenario("broad_fan_out", "computation and effect", TRACKED, SOME, "Sets a signal below n computed values with an effect each."),
    scenario("diamonds", "computation", TRACKED, SOME, "Sets a signal below n computed values that one sum reads, which one effect reads."),
    scenario("dynamic_dependencies", "effect run", TRACKED, SOME, "Toggles which one of two signals n effects depend on."),
];

/// Makes a contender that has subscriptions; call it in the contender's crate.
pub fn notify_contender<S: Notify>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up_notify::<S>, replay: replay_notify::<S> }
}

/// Makes a contender that has computed values and effects; call it in the contender's crate.
pub fn tracked_contender<S: Tracked>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up_tracked::<S>, replay: replay_tracked::<S> }
}

/// Makes a contender that has both; call it in the contender's crate.
pub fn contender<S: Notify + Tracked>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: |request| {
            let scenario = SCENARIOS.iter().find(|scenario| scenario.name == request.scenario);
            match scenario {
                Some(scenario) if scenario.requires.contains(&Capability::Tracked) => {
                    set_up_tracked::<S>(request)
                }
                _ => set_up_notify::<S>(request),
            }
        },
        replay: |check, trace| {
            replay_notify::<S>(check, trace)?;
            replay_tracked::<S>(check, trace)
        },
    }
}

fn set_up_notify<S: Notify>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "notify" | "notify_many" => notify::<S>(size),
        "churn" | "churn_many" => churn::<S>(size),
        "read" => read::<S>(size),
        "write" => write::<S>(size),
        "batch_100" => batch_100::<S>(size),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

fn set_up_tracked<S: Tracked>(request: Request) -> Box<dyn Case> {
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
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

/// A world that is cleared when it goes.
struct World<S: Signals>(S);

impl<S: Signals> World<S> {
    fn new() -> Self {
        World(S::new())
    }
}

impl<S: Signals> Drop for World<S> {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// What observers add what they see to.
type Total = Rc<Cell<u64>>;

fn add(total: &Total, value: u64) {
    total.set(total.get().wrapping_add(value));
}

/// A world with one signal that is observed, its set-up and what the observers have seen.
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

/// The values that a region sets, one after the other; no two in a row are equal, the first is not 0.
fn values(scenario: &str, size: usize, count: usize) -> Vec<u64> {
    let first = mix(size as u64 ^ mix(scenario.len() as u64));
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

fn churn<S: Notify>(size: usize) -> Box<dyn Case> {
    // Fewer where some contenders take n for each.
    let replacements = if size < 1000 { 256 } else { 64 };
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
        1024,
        Setup::Once,
        (world, signals, draws(&mut rng("read", size), 1024, size)),
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
        1024,
        Setup::EveryRun,
        draws(&mut rng("write", size), 1024, size),
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

/// Batches of 100 writes, so that a region makes about 1,000 writes and calls.
fn batches(size: usize) -> usize {
    (1000 / (100 + size)).max(1)
}

/// What `observers` observers see of the batches: the last value of each.
fn batch_total(values: &[u64], observers: usize) -> u64 {
    sum(values.chunks(100).filter_map(<[u64]>::last).copied()).wrapping_mul(observers as u64)
}

fn batch_100<S: Notify>(size: usize) -> Box<dyn Case> {
    let count = 100 * batches(size);
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
    for values in values.chunks(100) {
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

/// An effect that adds what `value` returns to `total`.
fn adding<S: Tracked>(
    world: &World<S>,
    total: &Total,
    value: impl Fn(&S) -> Result<u64, Error> + 'static,
) -> S::Effect {
    let (handle, total) = (world.0.clone(), total.clone());
    world.0.effect(move || add(&total, value(&handle).unwrap_or(0)))
}

/// A signal with `size` effects.
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
    let count = 100 * batches(size);
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

/// A region that sets the observed signal to each value; what the observers see of a value is `seen`.
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
            // What the effects saw when they were made is no result of the region.
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

/// A computed value that is up to date: `value` of the world.
fn computed<S: Tracked>(world: &World<S>, value: impl Fn(&S) -> Result<u64, Error> + 'static) -> S::Computed {
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

/// `size` computed values of the signal, each with an offset of its own.
fn offsets<S: Tracked>(observed: &Observed<S>, size: usize) -> Vec<S::Computed> {
    (0..size as u64)
        .map(|offset| {
            let signal = observed.signal.clone();
            computed(&observed.world, move |world: &S| Ok(world.read(&signal)?.wrapping_add(offset)))
        })
        .collect()
}

/// The sum of what [`offsets`] compute.
fn offset_total(size: usize, value: u64) -> u64 {
    sum((0..size as u64).map(|offset| value.wrapping_add(offset)))
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

fn dynamic_dependencies<S: Tracked>(size: usize) -> Box<dyn Case> {
    let rounds = copies(size);
    setting::<S>(
        rounds * size,
        (1..=rounds as u64).collect(),
        move || {
            let observed = Observed::<S>::new();
            let (even, odd) = (observed.world.0.signal(3), observed.world.0.signal(5));
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
        move |value| if value.is_multiple_of(2) { 3 } else { 5 } * size as u64,
    )
}

// --- verify ----------------------------------------------------------------------------------

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check::new("notify_trace", 200, 48, "Random signals, subscriptions and sets; callbacks do nothing but listen. In the end each is dropped once."),
    Check::new("notify_batches", 200, 32, "The same with batches, nested ones too."),
    Check::new("notify_reentrant", 200, 64, "Callbacks subscribe, unsubscribe, set and dispose of signals in the middle of rounds."),
    Check::new("notify_panics", 200, 48, "The same, and some callbacks panic: the others and later rounds are unaffected."),
    Check::new("unsubscribe_in_round", 0, 1, "A callback ends its own, an earlier and a later subscription; who is unsubscribed before its turn is not called."),
    Check::new("subscribe_in_round", 0, 1, "Who subscribes during a round is called from the next round on."),
    Check::new("nested_set", 0, 1, "A callback sets its own signal; afterwards the outer round still defers and skips as it should."),
    Check::new("panic_in_round", 0, 1, "A callback panics: the others of the round and the next round are called, and set resumes the panic."),
    Check::new("dispose_in_round", 0, 1, "A callback disposes of its signal: nobody else is called, and the signal is gone."),
    Check::new("same_callback_twice", 0, 1, "A callback subscribed twice is called twice; ending one subscription leaves the other, and is false the second time."),
    Check::new("tracked_trace", 120, 64, "Random graphs with fixed dependencies: every effect's observed values, after every change and batch."),
    Check::new("tracked_dynamic", 120, 64, "The same where values decide which dependencies are read."),
    Check::new("tracked_counts", 120, 48, "In such graphs nothing is computed twice for a change, nor anew if nothing it read changed."),
    Check::new("diamond_once", 0, 1, "The tip of a diamond is computed once per change, and never from one old and one new value."),
    Check::new("lazy", 0, 1, "A computed value that nobody reads is not computed, and not again while nothing changes."),
    Check::new("equal_stops", 0, 1, "A computed value that comes out equal runs nobody that depends on it."),
    Check::new("batch_back", 0, 1, "A batch that leaves every value as it was runs no effect."),
    Check::new("batch_read", 0, 1, "Within a batch a computed value that is read is up to date; the effect runs once, at the end."),
    Check::new("untracked", 0, 1, "What is read untracked is no dependency."),
    Check::new("cycle", 0, 1, "A computed value that reads itself, alone or through another, is an error and no hang."),
    Check::new("effect_panics", 0, 1, "An effect panics: the others run, set resumes the panic, and the next change finds everything in order."),
    Check::new("dispose_in_effect", 0, 1, "An effect ends itself, an earlier and a later one; who has ended does not run."),
    Check::new("effect_sets", 0, 1, "An effect sets another signal: whoever depends on that runs before the first set returns."),
];

/// Something done to a world, by the trace or by a callback. Indices are taken modulo what exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Nothing,
    Signal { value: u64 },
    Set { signal: usize, value: u64 },
    Add { signal: usize, value: u64 },
    Read { signal: usize },
    Subscribe { signal: usize, script: Script },
    Unsubscribe { subscription: usize },
    Dispose { signal: usize },
    Batch { signal: usize, values: [u64; 2], other: usize },
    Panic,
}

/// What a callback does each time it is called, besides listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Listen,
    UnsubscribeSelf,
    Unsubscribe(usize),
    Subscribe(usize),
    Set(usize),
    SetOwn,
    Dispose(usize),
    Batch(usize),
    Panic,
}

impl Script {
    fn decode(kind: u16, scripted: bool, panics: bool) -> Self {
        let operand = usize::from(kind / 16);
        match kind % 16 {
            _ if !scripted => Script::Listen,
            0..=3 => Script::Listen,
            4 => Script::UnsubscribeSelf,
            5..=6 => Script::Unsubscribe(operand),
            7..=8 => Script::Subscribe(operand),
            9..=10 => Script::Set(operand),
            11 => Script::SetOwn,
            12 if operand.is_multiple_of(4) => Script::Dispose(operand / 4),
            13 => Script::Batch(operand),
            14 if panics => Script::Panic,
            _ => Script::Listen,
        }
    }

    /// What the callback of `subscription` to `signal` does when called with `value`.
    fn action(self, subscription: usize, signal: usize, value: u64) -> Action {
        let next = value.wrapping_add(1);
        match self {
            Script::Listen => Action::Nothing,
            Script::UnsubscribeSelf => Action::Unsubscribe { subscription },
            Script::Unsubscribe(subscription) => Action::Unsubscribe { subscription },
            Script::Subscribe(signal) => Action::Subscribe { signal, script: Script::Listen },
            Script::Set(signal) => Action::Add { signal, value: 1 },
            // Up to 3, so that it ends.
            Script::SetOwn if value < 3 => Action::Set { signal, value: next },
            Script::SetOwn => Action::Nothing,
            Script::Dispose(signal) => Action::Dispose { signal },
            Script::Batch(other) => Action::Batch { signal, values: [next, next + 1], other },
            Script::Panic => Action::Panic,
        }
    }
}

/// What a check's traces contain.
#[derive(Clone, Copy)]
struct Contents {
    scripted: bool,
    batches: bool,
    panics: bool,
}

impl Contents {
    fn of(check: &str) -> Self {
        let scripted = matches!(check, "notify_reentrant" | "notify_panics");
        Contents {
            scripted,
            batches: scripted || check == "notify_batches",
            panics: check == "notify_panics",
        }
    }

    fn decode(self, step: &Step) -> Action {
        let (signal, value) = (usize::from(step.version), u64::from(step.b % 8));
        match step.op % 16 {
            0 => Action::Signal { value },
            1..=4 => Action::Set { signal, value },
            5 => Action::Read { signal },
            6..=10 => {
                Action::Subscribe { signal, script: Script::decode(step.a, self.scripted, self.panics) }
            }
            11..=12 => Action::Unsubscribe { subscription: usize::from(step.a) },
            13 if step.b.is_multiple_of(4) => Action::Dispose { signal },
            14 | 15 if self.batches => {
                Action::Batch { signal, values: [value, u64::from(step.a % 8)], other: usize::from(step.a) }
            }
            _ => Action::Add { signal, value: 1 },
        }
    }
}

/// What a trace observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Called { subscription: usize, value: u64 },
    Value(Result<u64, Error>),
    Set(Result<(), Error>),
    Subscribed(Result<usize, Error>),
    Ended(bool),
    Panicked,
}

/// How many scripts may run for one step of a trace: callbacks that set signals could go on for ever.
const FUEL: u32 = 24;

/// Most signals of a trace, so that callbacks meet.
const MAX_SIGNALS: usize = 5;

/// Most subscriptions of a trace.
const MAX_SUBSCRIPTIONS: usize = 60;

/// A world under test.
struct Stage<S: Notify> {
    world: S,
    signals: RefCell<Vec<S::Signal>>,
    subscriptions: RefCell<Vec<S::Subscription>>,
    events: RefCell<Vec<Event>>,
    fuel: Cell<u32>,
}

impl<S: Notify> Stage<S> {
    fn new() -> Rc<Self> {
        let world = S::new();
        Rc::new(Stage {
            signals: RefCell::new(vec![world.signal(0)]),
            world,
            subscriptions: RefCell::default(),
            events: RefCell::default(),
            fuel: Cell::new(0),
        })
    }

    fn log(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }

    fn signal(&self, index: usize) -> S::Signal {
        let signals = self.signals.borrow();
        signals[index % signals.len()].clone()
    }

    fn act(self: &Rc<Self>, action: Action) {
        match action {
            Action::Nothing => {}
            Action::Panic => panic_any(Injected),
            Action::Signal { value } => {
                if self.signals.borrow().len() < MAX_SIGNALS {
                    let signal = self.world.signal(value);
                    self.signals.borrow_mut().push(signal);
                }
            }
            Action::Read { signal } => self.log(Event::Value(self.world.read(&self.signal(signal)))),
            Action::Set { signal, value } => {
                let outcome = self.world.set(&self.signal(signal), value);
                self.log(Event::Set(outcome));
            }
            Action::Add { signal, value } => {
                let signal = self.signal(signal);
                let now = self.world.peek(&signal).unwrap_or(0);
                let outcome = self.world.set(&signal, now + value);
                self.log(Event::Set(outcome));
            }
            Action::Subscribe { signal, script } => self.subscribe(signal, script),
            Action::Unsubscribe { subscription } => {
                let found = {
                    let subscriptions = self.subscriptions.borrow();
                    let at = subscription.checked_rem(subscriptions.len());
                    at.map(|at| subscriptions[at].clone())
                };
                if let Some(subscription) = found {
                    let ended = self.world.unsubscribe(&subscription);
                    self.log(Event::Ended(ended));
                }
            }
            Action::Dispose { signal } => {
                let ended = self.world.dispose(&self.signal(signal));
                self.log(Event::Ended(ended));
            }
            Action::Batch { signal, values: [first, second], other } => {
                if S::BATCHES {
                    self.world.batch(|| {
                        self.act(Action::Set { signal, value: first });
                        self.world.batch(|| self.act(Action::Add { signal: other, value: 1 }));
                        self.act(Action::Set { signal, value: second });
                    });
                }
            }
        }
    }

    fn subscribe(self: &Rc<Self>, signal: usize, script: Script) {
        let index = self.subscriptions.borrow().len();
        if index == MAX_SUBSCRIPTIONS {
            return;
        }
        let signal = signal % self.signals.borrow().len();
        let (stage, probe) = (self.clone(), Probe::new(index as u32));
        let outcome = self.world.subscribe(&self.signal(signal), move |value| {
            let subscription = probe.id() as usize;
            stage.log(Event::Called { subscription, value });
            if let Some(fuel) = stage.fuel.get().checked_sub(1) {
                stage.fuel.set(fuel);
                stage.act(script.action(subscription, signal, value));
            }
        });
        match outcome {
            Ok(subscription) => {
                self.subscriptions.borrow_mut().push(subscription);
                self.log(Event::Subscribed(Ok(index)));
            }
            Err(error) => self.log(Event::Subscribed(Err(error))),
        }
    }

    /// One step of a trace: what it observed, and what observers saw of it.
    fn step(self: &Rc<Self>, action: Action) -> Vec<Event> {
        self.fuel.set(FUEL);
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.act(action))) {
            if !payload.is::<Injected>() {
                std::panic::resume_unwind(payload);
            }
            self.log(Event::Panicked);
        }
        self.events.take()
    }
}

/// A signal of the model: its value, and who subscribed to it, in order.
#[derive(Default)]
struct ModelSignal {
    value: u64,
    subscribers: Vec<usize>,
    /// The value before the batch, while a round is due at the batch's end.
    before: Option<u64>,
    gone: bool,
}

/// The oracle of [`Notify`]: the rules of this module's documentation, by the book.
#[derive(Default)]
struct Model {
    batches: bool,
    signals: Vec<ModelSignal>,
    /// Of each subscription ever made: its script, its signal, and whether it goes on.
    subscriptions: Vec<(Script, usize, bool)>,
    depth: u32,
    queue: VecDeque<usize>,
    events: Vec<Event>,
    fuel: u32,
}

/// A panic is on its way.
struct Panicking;

impl Model {
    fn new(batches: bool) -> Self {
        Model { batches, signals: vec![ModelSignal::default()], ..Model::default() }
    }

    fn act(&mut self, action: Action) -> Result<(), Panicking> {
        let count = self.signals.len();
        match action {
            Action::Nothing => {}
            Action::Panic => return Err(Panicking),
            Action::Signal { value } => {
                if count < MAX_SIGNALS {
                    self.signals.push(ModelSignal { value, ..ModelSignal::default() });
                }
            }
            Action::Read { signal } => {
                let signal = &self.signals[signal % count];
                self.events.push(Event::Value(if signal.gone { Err(Error::Gone) } else { Ok(signal.value) }));
            }
            Action::Set { signal, value } => self.set(signal % count, value)?,
            Action::Add { signal, value } => {
                let now = &self.signals[signal % count];
                let now = if now.gone { 0 } else { now.value };
                self.set(signal % count, now + value)?;
            }
            Action::Subscribe { signal, script } => {
                let (signal, index) = (signal % count, self.subscriptions.len());
                if index < MAX_SUBSCRIPTIONS {
                    if self.signals[signal].gone {
                        self.events.push(Event::Subscribed(Err(Error::Gone)));
                    } else {
                        self.signals[signal].subscribers.push(index);
                        self.subscriptions.push((script, signal, true));
                        self.events.push(Event::Subscribed(Ok(index)));
                    }
                }
            }
            Action::Unsubscribe { subscription } => {
                if let Some(index) = subscription.checked_rem(self.subscriptions.len()) {
                    let (_, signal, active) = self.subscriptions[index];
                    self.subscriptions[index].2 = false;
                    self.signals[signal].subscribers.retain(|subscriber| *subscriber != index);
                    self.events.push(Event::Ended(active));
                }
            }
            Action::Dispose { signal } => {
                let signal = &mut self.signals[signal % count];
                let existed = !signal.gone;
                signal.gone = true;
                for subscriber in std::mem::take(&mut signal.subscribers) {
                    self.subscriptions[subscriber].2 = false;
                }
                self.events.push(Event::Ended(existed));
            }
            Action::Batch { signal, values: [first, second], other } => {
                if self.batches {
                    self.batch(|model| {
                        model.act(Action::Set { signal, value: first })?;
                        model.batch(|model| model.act(Action::Add { signal: other, value: 1 }))?;
                        model.act(Action::Set { signal, value: second })
                    })?;
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, index: usize, value: u64) -> Result<(), Panicking> {
        let deferred = self.depth > 0;
        let signal = &mut self.signals[index];
        if signal.gone {
            self.events.push(Event::Set(Err(Error::Gone)));
            return Ok(());
        }
        let before = std::mem::replace(&mut signal.value, value);
        if before != value && signal.before.is_none() {
            if deferred {
                signal.before = Some(before);
                self.queue.push_back(index);
            } else {
                self.round(index)?;
            }
        }
        self.events.push(Event::Set(Ok(())));
        Ok(())
    }

    fn round(&mut self, signal: usize) -> Result<(), Panicking> {
        let value = self.signals[signal].value;
        let mut outcome = Ok(());
        for subscription in self.signals[signal].subscribers.clone() {
            let (script, own, active) = self.subscriptions[subscription];
            if !active {
                continue;
            }
            self.events.push(Event::Called { subscription, value });
            if let Some(fuel) = self.fuel.checked_sub(1) {
                self.fuel = fuel;
                if let Err(panicking) = self.act(script.action(subscription, own, value)) {
                    outcome = Err(panicking);
                }
            }
        }
        outcome
    }

    fn batch(&mut self, f: impl FnOnce(&mut Self) -> Result<(), Panicking>) -> Result<(), Panicking> {
        self.depth += 1;
        let mut outcome = f(self);
        self.depth -= 1;
        while self.depth == 0
            && let Some(signal) = self.queue.pop_front()
        {
            let due = &mut self.signals[signal];
            let changed = due.before.take() != Some(due.value);
            if changed
                && !due.gone
                && let Err(panicking) = self.round(signal)
            {
                outcome = Err(panicking);
            }
        }
        outcome
    }

    fn step(&mut self, action: Action) -> Vec<Event> {
        self.fuel = FUEL;
        if self.act(action).is_err() {
            self.events.push(Event::Panicked);
        }
        std::mem::take(&mut self.events)
    }
}

fn differ(observed: &[Event], expected: &[Event]) -> Result<(), String> {
    if observed == expected { Ok(()) } else { Err(format!("observed {observed:?}, expected {expected:?}")) }
}

fn replay_notify<S: Notify>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let actions: Vec<Action> = match check.name {
        "notify_batches" if !S::BATCHES => return Ok(()),
        "notify_trace" | "notify_batches" | "notify_reentrant" | "notify_panics" => {
            let contents = Contents::of(check.name);
            trace.iter().map(|step| contents.decode(step)).collect()
        }
        "same_callback_twice" => {
            return same_callback_twice::<S>().map_err(|message| Mismatch { step: 0, message });
        }
        name => {
            let fixed = FIXED.iter().find(|fixed| fixed.check == name);
            return fixed.map_or(Ok(()), |fixed| {
                fixed.replay::<S>().map_err(|message| Mismatch { step: 0, message })
            });
        }
    };
    Probe::reset();
    let stage = Stage::<S>::new();
    let mut model = Model::new(S::BATCHES);
    let outcome = actions.iter().enumerate().try_for_each(|(at, action)| {
        let (observed, expected) = (stage.step(*action), model.step(*action));
        differ(&observed, &expected).map_err(|message| Mismatch { step: at, message })
    });
    stage.world.clear();
    outcome?;
    drop(stage);
    if Probe::live() != 0 {
        let message = format!("after clear, {} callbacks live (0 expected)", Probe::live());
        return Err(Mismatch { step: trace.len(), message });
    }
    Ok(())
}

/// A named hard case: actions, and the calls that each of them must lead to.
struct Fixed {
    check: &'static str,
    steps: &'static [(Action, &'static [(usize, u64)])],
}

impl Fixed {
    /// Replays the case, and also holds the model to what is written down.
    fn replay<S: Notify>(&self) -> Result<(), String> {
        let stage = Stage::<S>::new();
        let mut model = Model::new(S::BATCHES);
        let calls = |events: &[Event]| -> Vec<(usize, u64)> {
            let calls = events.iter().filter_map(|event| match event {
                Event::Called { subscription, value } => Some((*subscription, *value)),
                _ => None,
            });
            calls.collect()
        };
        let outcome = self.steps.iter().try_for_each(|(action, expected)| {
            let (observed, modelled) = (stage.step(*action), model.step(*action));
            if calls(&observed) != *expected {
                return Err(format!("{action:?} called {:?}, expected {expected:?}", calls(&observed)));
            }
            assert_eq!(calls(&modelled), *expected, "the oracle itself is wrong at {action:?}");
            differ(&observed, &modelled)
        });
        stage.world.clear();
        outcome
    }
}

const fn subscribe(script: Script) -> (Action, &'static [(usize, u64)]) {
    (Action::Subscribe { signal: 0, script }, &[])
}

const fn set(value: u64, calls: &'static [(usize, u64)]) -> (Action, &'static [(usize, u64)]) {
    (Action::Set { signal: 0, value }, calls)
}

const FIXED: &[Fixed] = &[
    Fixed {
        check: "unsubscribe_in_round",
        steps: &[
            subscribe(Script::Listen),
            subscribe(Script::UnsubscribeSelf),
            subscribe(Script::Listen),
            set(1, &[(0, 1), (1, 1), (2, 1)]),
            set(2, &[(0, 2), (2, 2)]),
            // An earlier one has had its call of this round.
            subscribe(Script::Unsubscribe(0)),
            set(3, &[(0, 3), (2, 3), (3, 3)]),
            set(4, &[(2, 4), (3, 4)]),
            // A later one has not.
            subscribe(Script::Unsubscribe(5)),
            subscribe(Script::Listen),
            subscribe(Script::Listen),
            set(5, &[(2, 5), (3, 5), (4, 5), (6, 5)]),
            set(6, &[(2, 6), (3, 6), (4, 6), (6, 6)]),
        ],
    },
    Fixed {
        check: "subscribe_in_round",
        steps: &[
            subscribe(Script::Listen),
            subscribe(Script::Subscribe(0)),
            set(1, &[(0, 1), (1, 1)]),
            set(2, &[(0, 2), (1, 2), (2, 2)]),
            set(3, &[(0, 3), (1, 3), (2, 3), (3, 3)]),
            (Action::Unsubscribe { subscription: 1 }, &[]),
            set(4, &[(0, 4), (2, 4), (3, 4), (4, 4)]),
        ],
    },
    Fixed {
        check: "nested_set",
        steps: &[
            subscribe(Script::Listen),
            subscribe(Script::SetOwn),
            subscribe(Script::Unsubscribe(4)),
            subscribe(Script::Subscribe(0)),
            subscribe(Script::Listen),
            subscribe(Script::Listen),
            // The inner round ends 4 and adds 6; the outer one, still going on, skips 4, defers 6 and adds 7.
            set(2, &[(0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (3, 3), (5, 3), (2, 2), (3, 2), (5, 2)]),
            (Action::Read { signal: 0 }, &[]),
            set(4, &[(0, 4), (1, 4), (2, 4), (3, 4), (5, 4), (6, 4), (7, 4)]),
        ],
    },
    Fixed {
        check: "panic_in_round",
        steps: &[
            subscribe(Script::Listen),
            subscribe(Script::Panic),
            subscribe(Script::UnsubscribeSelf),
            subscribe(Script::Panic),
            subscribe(Script::Subscribe(0)),
            set(1, &[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]),
            set(2, &[(0, 2), (1, 2), (3, 2), (4, 2), (5, 2)]),
            (Action::Unsubscribe { subscription: 1 }, &[]),
            (Action::Unsubscribe { subscription: 3 }, &[]),
            (Action::Unsubscribe { subscription: 4 }, &[]),
            set(3, &[(0, 3), (5, 3), (6, 3)]),
        ],
    },
    Fixed {
        check: "dispose_in_round",
        steps: &[
            (Action::Signal { value: 7 }, &[]),
            subscribe(Script::Listen),
            subscribe(Script::Dispose(0)),
            subscribe(Script::Listen),
            set(1, &[(0, 1), (1, 1)]),
            set(2, &[]),
            (Action::Read { signal: 0 }, &[]),
            (Action::Dispose { signal: 0 }, &[]),
            (Action::Unsubscribe { subscription: 0 }, &[]),
            subscribe(Script::Listen),
            (Action::Read { signal: 1 }, &[]),
        ],
    },
];

fn same_callback_twice<S: Notify>() -> Result<(), String> {
    let world = World::<S>::new();
    let signal = world.0.signal(0);
    let total = Total::default();
    let callback = {
        let total = total.clone();
        move |value| add(&total, value)
    };
    let subscribe = || world.0.subscribe(&signal, callback.clone()).map_err(|error| error.to_string());
    let (first, second) = (subscribe()?, subscribe()?);
    for (value, calls, subscription, ended) in
        [(1, 2, &first, true), (2, 1, &first, false), (3, 1, &second, true), (4, 0, &second, false)]
    {
        total.set(0);
        world.0.set(&signal, value).map_err(|error| error.to_string())?;
        expect("calls", total.get(), calls * value)?;
        expect("unsubscribe", world.0.unsubscribe(subscription), ended)?;
    }
    Ok(())
}

fn expect<T: PartialEq + fmt::Debug>(what: &str, observed: T, expected: T) -> Result<(), String> {
    if observed == expected { Ok(()) } else { Err(format!("{what}: {observed:?}, expected {expected:?}")) }
}

/// A node of a random graph: a signal or a computed value, by its place in the order of creation.
type Node = usize;

/// What a computed value or an effect of a random graph computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Formula {
    /// The sum of three nodes.
    Sum([Node; 3]),
    /// The remainder by 3: often the same for another value.
    Low(Node),
    /// The first node decides by being even which other one is read.
    Switch([Node; 3]),
}

impl Formula {
    /// Decodes the formula of a node that may read those `below`; `dynamic` ones may switch.
    fn decode(step: &Step, below: usize, dynamic: bool) -> Self {
        let nodes = [step.a, step.b, step.a ^ (step.b >> 3)].map(|draw| usize::from(draw) % below);
        match step.version % 4 {
            0 => Formula::Low(nodes[0]),
            1 | 2 if dynamic => Formula::Switch(nodes),
            _ => Formula::Sum(nodes),
        }
    }

    fn compute<E>(self, mut read: impl FnMut(Node) -> Result<u64, E>) -> Result<u64, E> {
        match self {
            Formula::Sum([a, b, c]) => Ok(read(a)?.wrapping_add(read(b)?).wrapping_add(read(c)?)),
            Formula::Low(node) => Ok(read(node)? % 3),
            Formula::Switch([by, even, odd]) => {
                let by = read(by)?;
                read(if by.is_multiple_of(2) { even } else { odd })
            }
        }
    }
}

/// A step of a trace on a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GraphStep {
    Computed(Formula),
    Effect(Formula),
    Dispose(usize),
    Get(Node),
    Set(Node, u64),
    Batch([(Node, u64); 3]),
}

/// Signals of a random graph; all exist from its start.
const GRAPH_SIGNALS: usize = 4;
const MAX_NODES: usize = 24;
const MAX_EFFECTS: usize = 16;

/// Decodes a trace: what a step means depends on how many nodes the steps before made.
fn decode_graph(trace: &[Step], dynamic: bool) -> Vec<GraphStep> {
    let (mut nodes, mut effects) = (GRAPH_SIGNALS, 0);
    let decode = |step: &Step| {
        let signal = |draw: u8| usize::from(draw) % GRAPH_SIGNALS;
        let (a, b) = (step.a.to_le_bytes(), step.b.to_le_bytes());
        match step.op % 16 {
            0..=3 if nodes < MAX_NODES => {
                nodes += 1;
                GraphStep::Computed(Formula::decode(step, nodes - 1, dynamic))
            }
            4..=6 if effects < MAX_EFFECTS => {
                effects += 1;
                GraphStep::Effect(Formula::decode(step, nodes, dynamic))
            }
            7 if step.b.is_multiple_of(2) && effects > 0 => GraphStep::Dispose(usize::from(step.a) % effects),
            8..=9 => GraphStep::Get(usize::from(step.a) % nodes),
            // Each signal once: what comes back to its value within a batch is a check of its own.
            10..=12 => GraphStep::Batch([
                (signal(a[0]), u64::from(a[1] % 4)),
                (signal(a[0].wrapping_add(1)), u64::from(b[0] % 4)),
                (signal(a[0].wrapping_add(2)), u64::from(b[1] % 4)),
            ]),
            _ => GraphStep::Set(signal(a[0]), u64::from(step.b % 6)),
        }
    };
    trace.iter().map(decode).collect()
}

/// A graph under test.
struct Graph<S: Tracked> {
    world: World<S>,
    signals: Rc<Vec<S::Signal>>,
    computed: Rc<RefCell<Vec<S::Computed>>>,
    effects: Vec<S::Effect>,
    /// What each effect saw since the last step, and how often each computed value was computed.
    seen: Rc<RefCell<Vec<Vec<u64>>>>,
    computations: Rc<RefCell<Vec<u32>>>,
}

/// What a computation read, and the values it found.
type Reads = Vec<(Node, u64)>;

/// The oracle of [`Tracked`]: everything is computed anew from the signals.
struct GraphModel {
    signals: [u64; GRAPH_SIGNALS],
    formulas: Vec<Formula>,
    /// Of each effect its formula, until it ends, and what it read when it last ran.
    effects: Vec<(Option<Formula>, Reads)>,
    /// Of each node how often its value changed.
    changes: Vec<u32>,
    /// Of each computed value, what it read when it was last computed, and how often that had changed.
    computed_from: Vec<Vec<(Node, u32)>>,
}

impl GraphModel {
    /// Every node's value; in order of creation, so that each is computed once.
    fn values(&self) -> Vec<u64> {
        let mut values = self.signals.to_vec();
        for formula in &self.formulas {
            let Ok(value) = formula.compute(|node| Ok::<_, Error>(values[node])) else { unreachable!() };
            values.push(value);
        }
        values
    }

    /// A formula's value, and what it reads.
    fn run(&self, formula: Formula) -> (u64, Reads) {
        let values = self.values();
        let mut reads = Vec::new();
        let value = formula.compute(|node| {
            reads.push((node, values[node]));
            Ok::<_, Error>(values[node])
        });
        (value.unwrap_or_default(), reads)
    }

    /// What each effect sees now that the signals are these.
    fn change(&mut self, signals: [u64; GRAPH_SIGNALS]) -> Vec<Vec<u64>> {
        let before = self.values();
        self.signals = signals;
        let after = self.values();
        for (node, changes) in self.changes.iter_mut().enumerate() {
            *changes += u32::from(before[node] != after[node]);
        }
        let mut seen = vec![Vec::new(); self.effects.len()];
        for (effect, seen) in seen.iter_mut().enumerate() {
            let (formula, reads) = &self.effects[effect];
            if let Some(formula) = *formula
                && reads.iter().any(|(node, value)| after[*node] != *value)
            {
                let (value, reads) = self.run(formula);
                seen.push(value);
                self.effects[effect].1 = reads;
            }
        }
        seen
    }
}

impl<S: Tracked> Graph<S> {
    fn new() -> Self {
        let world = World::<S>::new();
        let signals = (0..GRAPH_SIGNALS).map(|_| world.0.signal(0)).collect();
        Graph {
            world,
            signals: Rc::new(signals),
            computed: Rc::default(),
            effects: Vec::new(),
            seen: Rc::default(),
            computations: Rc::default(),
        }
    }

    /// What computes a formula in this world.
    fn compute(&self, formula: Formula) -> impl Fn() -> Result<u64, Error> + 'static {
        let (world, signals, computed) = (self.world.0.clone(), self.signals.clone(), self.computed.clone());
        move || {
            formula.compute(|node| match node.checked_sub(GRAPH_SIGNALS) {
                None => world.read(&signals[node]),
                Some(index) => {
                    let node = computed.borrow()[index].clone();
                    world.get(&node)
                }
            })
        }
    }

    fn replay(trace: &[GraphStep], counts: bool) -> Result<(), Mismatch> {
        let mut graph = Graph::<S>::new();
        let mut model = GraphModel {
            signals: [0; GRAPH_SIGNALS],
            formulas: Vec::new(),
            effects: Vec::new(),
            changes: vec![0; GRAPH_SIGNALS],
            computed_from: Vec::new(),
        };
        trace.iter().enumerate().try_for_each(|(at, step)| {
            let outcome = graph.step(*step, &mut model);
            let outcome = outcome.and_then(|()| graph.compare_counts(&mut model, counts));
            outcome.map_err(|message| Mismatch { step: at, message })
        })
    }

    fn step(&mut self, step: GraphStep, model: &mut GraphModel) -> Result<(), String> {
        let mut signals = model.signals;
        match step {
            GraphStep::Computed(formula) => {
                let index = self.computations.borrow().len();
                self.computations.borrow_mut().push(0);
                let (compute, computations) = (self.compute(formula), self.computations.clone());
                let node = self.world.0.computed(move || {
                    computations.borrow_mut()[index] += 1;
                    compute()
                });
                self.computed.borrow_mut().push(node);
                model.formulas.push(formula);
                model.changes.push(0);
                model.computed_from.push(Vec::new());
            }
            GraphStep::Effect(formula) => {
                let index = self.seen.borrow().len();
                self.seen.borrow_mut().push(Vec::new());
                let (compute, seen) = (self.compute(formula), self.seen.clone());
                let effect = self.world.0.effect(move || {
                    let value = compute().unwrap_or(u64::MAX);
                    seen.borrow_mut()[index].push(value);
                });
                self.effects.push(effect);
                let (value, reads) = model.run(formula);
                model.effects.push((Some(formula), reads));
                let mut expected = vec![Vec::new(); index];
                expected.push(vec![value]);
                return self.compare_seen(&expected);
            }
            GraphStep::Dispose(effect) => {
                let ended = self.world.0.dispose_effect(&self.effects[effect]);
                expect("dispose_effect", ended, model.effects[effect].0.take().is_some())?;
            }
            GraphStep::Get(node) => {
                let expected = model.values()[node];
                let (what, observed) = match node.checked_sub(GRAPH_SIGNALS) {
                    None => ("peek", self.world.0.peek(&self.signals[node])),
                    Some(index) => ("get", self.world.0.get(&self.computed.borrow()[index].clone())),
                };
                expect(what, observed, Ok(expected))?;
            }
            GraphStep::Set(signal, value) => {
                signals[signal] = value;
                expect("set", self.world.0.set(&self.signals[signal], value), Ok(()))?;
            }
            GraphStep::Batch(sets) => {
                let mut outcomes = Vec::new();
                self.world.0.batch(|| {
                    for (signal, value) in sets {
                        signals[signal] = value;
                        outcomes.push(self.world.0.set(&self.signals[signal], value));
                    }
                });
                expect("sets in a batch", outcomes, vec![Ok(()); sets.len()])?;
            }
        }
        let expected = model.change(signals);
        self.compare_seen(&expected)
    }

    fn compare_seen(&self, expected: &[Vec<u64>]) -> Result<(), String> {
        let observed: Vec<Vec<u64>> = self.seen.borrow_mut().iter_mut().map(std::mem::take).collect();
        for (effect, (observed, expected)) in observed.iter().zip(expected).enumerate() {
            expect(&format!("effect {effect} saw"), observed, expected)?;
        }
        Ok(())
    }

    fn compare_counts(&self, model: &mut GraphModel, counts: bool) -> Result<(), String> {
        if !counts {
            return Ok(());
        }
        let computations: Vec<u32> = self.computations.borrow_mut().iter_mut().map(std::mem::take).collect();
        for (index, count) in computations.into_iter().enumerate() {
            if count == 0 {
                continue;
            }
            let node = index + GRAPH_SIGNALS;
            expect(&format!("computations of node {node} in one step"), count, 1)?;
            let from = &model.computed_from[index];
            if !from.is_empty() && from.iter().all(|(read, changes)| model.changes[*read] == *changes) {
                return Err(format!("node {node} was computed again, but nothing that it read has changed"));
            }
            let (_, reads) = model.run(model.formulas[index]);
            model.computed_from[index] =
                reads.iter().map(|(read, _)| (*read, model.changes[*read])).collect();
        }
        Ok(())
    }
}

fn replay_tracked<S: Tracked>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let fixed = |outcome: Result<(), String>| outcome.map_err(|message| Mismatch { step: 0, message });
    match check.name {
        "tracked_trace" => Graph::<S>::replay(&decode_graph(trace, false), false),
        "tracked_dynamic" => Graph::<S>::replay(&decode_graph(trace, true), false),
        "tracked_counts" => Graph::<S>::replay(&decode_graph(trace, true), true),
        "diamond_once" => fixed(diamond_once::<S>()),
        "lazy" => fixed(lazy::<S>()),
        "equal_stops" => fixed(equal_stops::<S>()),
        "batch_back" => fixed(batch_back::<S>()),
        "batch_read" => fixed(batch_read::<S>()),
        "untracked" => fixed(untracked::<S>()),
        "cycle" => fixed(cycle::<S>()),
        "effect_panics" => fixed(effect_panics::<S>()),
        "dispose_in_effect" => fixed(dispose_in_effect::<S>()),
        "effect_sets" => fixed(effect_sets::<S>()),
        _ => Ok(()),
    }
}

/// What effects saw, and which of them: in order.
type Seen = Rc<RefCell<Vec<(usize, u64)>>>;

/// An effect that notes what `value` returns, under a number.
fn noting<S: Tracked>(
    world: &World<S>,
    seen: &Seen,
    number: usize,
    value: impl Fn(&S) -> Result<u64, Error> + 'static,
) -> S::Effect {
    let (handle, seen) = (world.0.clone(), seen.clone());
    world.0.effect(move || {
        let value = value(&handle).unwrap_or(u64::MAX);
        seen.borrow_mut().push((number, value));
    })
}

/// Sets a signal and compares what the effects saw of it.
fn sets<S: Signals>(
    world: &World<S>,
    signal: &S::Signal,
    value: u64,
    seen: &Seen,
    expected: &[(usize, u64)],
) -> Result<(), String> {
    expect("set", world.0.set(signal, value), Ok(()))?;
    let mut observed = seen.take();
    observed.sort_unstable();
    expect(&format!("after set to {value} the effects saw"), observed, expected.to_vec())
}

fn diamond_once<S: Tracked>() -> Result<(), String> {
    let (world, seen, count) = (World::<S>::new(), Seen::default(), Total::default());
    let signal = world.0.signal(1);
    let (left_of, right_of) = (signal.clone(), signal.clone());
    let left = computed(&world, move |world: &S| Ok(world.read(&left_of)? + 1));
    let right = computed(&world, move |world: &S| Ok(world.read(&right_of)? * 10));
    let tip = {
        let count = count.clone();
        computed(&world, move |world: &S| {
            add(&count, 1);
            Ok(world.get(&left)? + world.get(&right)?)
        })
    };
    let tip_of = tip.clone();
    noting(&world, &seen, 0, move |world| world.get(&tip_of));
    expect("the effect first saw", seen.take(), vec![(0, 12)])?;
    for value in [2, 5, 3] {
        count.set(0);
        sets(&world, &signal, value, &seen, &[(0, 11 * value + 1)])?;
        expect("computations of the tip", count.get(), 1)?;
        expect("get", world.0.get(&tip), Ok(11 * value + 1))?;
        expect("computations of the tip, read again", count.get(), 1)?;
    }
    Ok(())
}

fn lazy<S: Tracked>() -> Result<(), String> {
    let (world, count) = (World::<S>::new(), Total::default());
    let signal = world.0.signal(1);
    let node = {
        let (world, signal, count) = (world.0.clone(), signal.clone(), count.clone());
        world.clone().computed(move || {
            add(&count, 1);
            world.read(&signal)
        })
    };
    let set = |value| expect("set", world.0.set(&signal, value), Ok(()));
    expect("computations before the first get", count.get(), 0)?;
    for (value, computations) in [(1, 1), (1, 1), (2, 2)] {
        set(value)?;
        expect("get", world.0.get(&node), Ok(value))?;
        expect("computations", count.get(), computations)?;
    }
    set(3)?;
    set(4)?;
    expect("computations while nobody reads", count.get(), 2)?;
    expect("get", world.0.get(&node), Ok(4))?;
    expect("computations", count.get(), 3)
}

fn equal_stops<S: Tracked>() -> Result<(), String> {
    let (world, seen) = (World::<S>::new(), Seen::default());
    let signal = world.0.signal(1);
    let parity = {
        let signal = signal.clone();
        computed(&world, move |world: &S| Ok(world.read(&signal)? % 2))
    };
    let next = computed(&world, move |world: &S| Ok(world.get(&parity)? + 10));
    noting(&world, &seen, 0, move |world| world.get(&next));
    expect("the effect first saw", seen.take(), vec![(0, 11)])?;
    sets(&world, &signal, 3, &seen, &[])?;
    sets(&world, &signal, 4, &seen, &[(0, 10)])?;
    sets(&world, &signal, 6, &seen, &[])?;
    sets(&world, &signal, 6, &seen, &[])
}

fn batch_back<S: Tracked>() -> Result<(), String> {
    let (world, seen) = (World::<S>::new(), Seen::default());
    let signal = world.0.signal(1);
    let source = signal.clone();
    noting(&world, &seen, 0, move |world| world.read(&source));
    seen.take();
    let set = |value| {
        let _ = world.0.set(&signal, value);
    };
    world.0.batch(|| {
        set(2);
        world.0.batch(|| set(3));
        set(1);
    });
    expect("after a batch back to the first value the effect saw", seen.take(), vec![])?;
    world.0.batch(|| {
        set(2);
        world.0.batch(|| set(3));
    });
    expect("after a batch the effect saw", seen.take(), vec![(0, 3)])
}

fn batch_read<S: Tracked>() -> Result<(), String> {
    let (world, seen) = (World::<S>::new(), Seen::default());
    let signal = world.0.signal(1);
    let source = signal.clone();
    let next = computed(&world, move |world: &S| Ok(world.read(&source)? + 10));
    let above = next.clone();
    noting(&world, &seen, 0, move |world| world.get(&above));
    seen.take();
    let mut observed = Vec::new();
    world.0.batch(|| {
        for value in [2, 3] {
            let _ = world.0.set(&signal, value);
            observed.push(world.0.get(&next));
        }
    });
    expect("gets within a batch", observed, vec![Ok(12), Ok(13)])?;
    expect("after the batch the effect saw", seen.take(), vec![(0, 13)])
}

fn untracked<S: Tracked>() -> Result<(), String> {
    let (world, seen) = (World::<S>::new(), Seen::default());
    let (tracked, other, third) = (world.0.signal(1), world.0.signal(10), world.0.signal(100));
    let (a, b, c) = (tracked.clone(), other.clone(), third.clone());
    noting(&world, &seen, 0, move |world| {
        let other = world.untracked(|| world.read(&b))?;
        Ok(other + world.peek(&c)? + world.read(&a)?)
    });
    expect("the effect first saw", seen.take(), vec![(0, 111)])?;
    sets(&world, &other, 20, &seen, &[])?;
    sets(&world, &third, 200, &seen, &[])?;
    sets(&world, &tracked, 2, &seen, &[(0, 222)])
}

fn cycle<S: Tracked>() -> Result<(), String> {
    let world = World::<S>::new();
    let gate = world.0.signal(1);
    // Where the gate is even, a computed value reads the other one, which always reads the first; or itself.
    for own in [true, false] {
        let others: Rc<RefCell<Option<S::Computed>>> = Rc::default();
        let first = {
            let (gate, others) = (gate.clone(), others.clone());
            computed(&world, move |world: &S| {
                let value = world.read(&gate)?;
                let other = others.borrow().clone();
                match other {
                    Some(other) if value.is_multiple_of(2) => world.get(&other),
                    _ => Ok(value),
                }
            })
        };
        let above = first.clone();
        let second = computed(&world, move |world: &S| world.get(&above));
        *others.borrow_mut() = Some(if own { first.clone() } else { second.clone() });
        for (value, expected) in
            [(3, Ok(3)), (4, Err(Error::Cycle)), (5, Ok(5)), (6, Err(Error::Cycle)), (1, Ok(1))]
        {
            expect("set", world.0.set(&gate, value), Ok(()))?;
            expect("get", world.0.get(&second), expected)?;
            expect("get", world.0.get(&first), expected)?;
        }
        others.take();
    }
    Ok(())
}

fn effect_panics<S: Tracked>() -> Result<(), String> {
    let (world, seen) = (World::<S>::new(), Seen::default());
    let signal = world.0.signal(1);
    for number in 0..4 {
        let source = signal.clone();
        noting(&world, &seen, number, move |world| {
            let value = world.read(&source)?;
            if value == 2 && number % 2 == 1 {
                panic_any(Injected);
            }
            Ok(value)
        });
    }
    seen.take();
    match catch_unwind(AssertUnwindSafe(|| world.0.set(&signal, 2))) {
        Err(payload) if payload.is::<Injected>() => {}
        outcome => return Err(format!("set returned, though an effect panicked: {:?}", outcome.ok())),
    }
    let mut observed = seen.take();
    observed.sort_unstable();
    expect("beside two that panicked the effects saw", observed, vec![(0, 2), (2, 2)])?;
    sets(&world, &signal, 3, &seen, &[(0, 3), (1, 3), (2, 3), (3, 3)])?;
    // Nothing may still count as running.
    let other = world.0.signal(1);
    expect("read", world.0.read(&other), Ok(1))?;
    sets(&world, &other, 2, &seen, &[])
}

fn dispose_in_effect<S: Tracked>() -> Result<(), String> {
    let (world, seen) = (World::<S>::new(), Seen::default());
    let signal = world.0.signal(1);
    let effects: Rc<RefCell<Vec<S::Effect>>> = Rc::default();
    for number in 0..4 {
        let (source, others) = (signal.clone(), effects.clone());
        let effect = noting(&world, &seen, number, move |world| {
            let value = world.read(&source)?;
            if number == 1 && value == 2 {
                let ended = others.borrow_mut().drain(..3).collect::<Vec<_>>();
                for effect in &ended {
                    world.dispose_effect(effect);
                }
            }
            Ok(value)
        });
        effects.borrow_mut().push(effect);
    }
    seen.take();
    expect("set", world.0.set(&signal, 2), Ok(()))?;
    let observed = seen.take();
    let after = observed.iter().skip_while(|(number, _)| *number != 1).skip(1);
    let after: Vec<_> = after.filter(|(number, _)| *number != 3).collect();
    expect("after they had been ended, there ran", after, vec![])?;
    sets(&world, &signal, 3, &seen, &[(3, 3)])?;
    effects.take();
    Ok(())
}

fn effect_sets<S: Tracked>() -> Result<(), String> {
    let (world, seen) = (World::<S>::new(), Seen::default());
    let (first, second) = (world.0.signal(1), world.0.signal(0));
    let (source, target) = (first.clone(), second.clone());
    noting(&world, &seen, 0, move |world| {
        let value = world.read(&source)?;
        world.set(&target, value * 10)?;
        Ok(value)
    });
    noting(&world, &seen, 1, move |world| world.read(&second));
    let mut observed = seen.take();
    observed.sort_unstable();
    expect("the effects first saw", observed, vec![(0, 1), (1, 10)])?;
    sets(&world, &first, 2, &seen, &[(0, 2), (1, 20)])?;
    sets(&world, &first, 3, &seen, &[(0, 3), (1, 30)])
}

fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    match check.name {
        "tracked_trace" | "tracked_dynamic" | "tracked_counts" => {
            let steps = decode_graph(trace, check.name != "tracked_trace");
            steps.iter().map(|step| format!("{step:?}")).collect()
        }
        _ => {
            let contents = Contents::of(check.name);
            trace.iter().map(|step| format!("{:?} (modulo what exists)", contents.decode(step))).collect()
        }
    }
}
