//! Checks: traces of random operations, replayed beside the [oracle](super::oracle), and hard cases by name.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;

use super::cases::{Total, World, add, computed};
use super::contract::{Error, Notify, Signals, Tracked};
use super::nested;
use super::oracle::{
    Action, Event, FUEL, Formula, GRAPH_SIGNALS, GraphModel, MAX_EFFECTS, MAX_NODES, MAX_SIGNALS,
    MAX_SUBSCRIPTIONS, Model, Node, Script,
};
use crate::checking::{each_step, expect, fixed, not_replayed, with_probes};
use crate::probe::{Hashing, Injected, Probe};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("notify_trace", 200, 48, "Random signals, subscriptions and sets. Callbacks do nothing but listen, and each is dropped once in the end."),
    Check::new("notify_batches", 200, 32, "The same with batches, some of them nested."),
    Check::new("notify_reentrant", 200, 64, "The same with callbacks that subscribe, unsubscribe, set and dispose of signals in the middle of rounds."),
    Check::new("notify_panics", 200, 48, "The same with some callbacks that panic: the others and later rounds are unaffected."),
    Check::new("unsubscribe_in_round", 0, 1, "A callback ends its own, an earlier or a later subscription. One that is unsubscribed before its turn is not called."),
    Check::new("subscribe_in_round", 0, 1, "A callback that is subscribed during a round is called from the next round on."),
    Check::new("nested_set", 0, 1, "A callback sets its own signal. Afterwards the outer round goes on: without those that were unsubscribed, and without new ones."),
    Check::new("panic_in_round", 0, 1, "A callback panics: the others are called in this round and in the next one, and set resumes the panic."),
    Check::new("dispose_in_round", 0, 1, "A callback disposes of its signal: no other callback is called, and the signal is gone."),
    Check::new("same_callback_twice", 0, 1, "A callback that is subscribed twice is called twice. To end one subscription leaves the other, and to end it again returns false."),
    Check::new("tracked_trace", 120, 64, "Random graphs with fixed dependencies. What every effect sees is compared after every change and batch."),
    Check::new("tracked_dynamic", 120, 64, "The same with values that decide which dependencies are read."),
    Check::new("tracked_counts", 120, 48, "In such graphs nothing is computed twice for a change, and nothing is computed again if nothing that it read has changed."),
    Check::new("diamond_once", 0, 1, "The tip of a diamond of dependencies is computed once per change, and never from one old and one new value."),
    Check::new("lazy", 0, 1, "A computed value is not computed before somebody reads it, and not again while nothing changes."),
    Check::new("equal_stops", 0, 1, "Where a computed value is computed again and is the same, nothing that depends on it runs."),
    Check::new("batch_back", 0, 1, "A batch that leaves every value as it was runs no effect."),
    Check::new("batch_read", 0, 1, "A computed value that is read within a batch is up to date. The effect runs once, at the batch's end."),
    Check::new("untracked", 0, 1, "A signal that is read untracked is no dependency."),
    Check::new("cycle", 0, 1, "A computed value that reads itself, directly or through another one, is an error. Nothing hangs."),
    Check::new("effect_panics", 0, 1, "An effect panics: the others run, set resumes the panic, and the next change has its full effect."),
    Check::new("dispose_in_effect", 0, 1, "An effect ends itself, an earlier one and a later one. An effect that has ended does not run."),
    Check::new("effect_sets", 0, 1, "An effect sets another signal: the effects that depend on that one run before the first set returns."),
    Check::new("effect_sets_own", 0, 1, "An effect raises the signal that it reads, up to a bound: it runs once for each value."),
    Check::new("effect_in_effect", 0, 1, "Effects make others in each run, up to three each and four levels deep, and end those of the run before. A change runs those that read it and what they make, and nobody else."),
    Check::new("inner_ends_outer", 0, 1, "An effect that was made within another one ends that one, and itself."),
    Check::new("computed_in_effect", 0, 1, "A computed value is made when an effect or another computed value needs it: it is tracked, kept up to date, and outlives the run."),
    Check::new("signal_in_effect", 0, 1, "A signal that an effect makes and keeps is one like any other."),
];

/// What the traces of a check contain.
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

    /// Takes one step of a trace. Returns what it observed, and what callbacks saw of it.
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

fn differ(observed: &[Event], expected: &[Event]) -> Result<(), String> {
    if observed == expected { Ok(()) } else { Err(format!("observed {observed:?}, expected {expected:?}")) }
}

pub(super) fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
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

/// Replays a check for a contender of both contracts.
pub(super) fn replay<S: Notify + Tracked>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let outcome = notify_outcome::<S>(check, trace).or_else(|| tracked_outcome::<S>(check, trace));
    outcome.unwrap_or_else(|| not_replayed(check))
}

/// Replays a check for a contender of [`Notify`] alone; what is about [`Tracked`] does not concern it.
pub(super) fn replay_notify<S: Notify>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    notify_outcome::<S>(check, trace).unwrap_or(Ok(()))
}

/// Replays a check for a contender of [`Tracked`] alone; what is about [`Notify`] does not concern it.
pub(super) fn replay_tracked<S: Tracked>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    tracked_outcome::<S>(check, trace).unwrap_or(Ok(()))
}

/// The outcome of a check of [`Notify`]; `None` of another.
fn notify_outcome<S: Notify>(check: &Check, trace: &[Step]) -> Option<Result<(), Mismatch>> {
    Some(match check.name {
        "notify_batches" if !S::BATCHES => Ok(()),
        "notify_trace" | "notify_batches" | "notify_reentrant" | "notify_panics" => {
            let contents = Contents::of(check.name);
            with_probes(Hashing::Spread, trace, ["clear", "callbacks"], || {
                let stage = Stage::<S>::new();
                let mut model = Model::new(S::BATCHES);
                let outcome = each_step(trace, |_, step| {
                    let action = contents.decode(step);
                    differ(&stage.step(action), &model.step(action))
                });
                stage.world.clear();
                outcome
            })
        }
        "unsubscribe_in_round" => fixed(replay_rounds::<S>(UNSUBSCRIBE_IN_ROUND)),
        "subscribe_in_round" => fixed(replay_rounds::<S>(SUBSCRIBE_IN_ROUND)),
        "nested_set" => fixed(replay_rounds::<S>(NESTED_SET)),
        "panic_in_round" => fixed(replay_rounds::<S>(PANIC_IN_ROUND)),
        "dispose_in_round" => fixed(replay_rounds::<S>(DISPOSE_IN_ROUND)),
        "same_callback_twice" => fixed(same_callback_twice::<S>()),
        _ => return None,
    })
}

/// The outcome of a check of [`Tracked`]; `None` of another.
fn tracked_outcome<S: Tracked>(check: &Check, trace: &[Step]) -> Option<Result<(), Mismatch>> {
    Some(match check.name {
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
        "effect_sets_own" => fixed(nested::effect_sets_own::<S>()),
        "effect_in_effect" => fixed(nested::effect_in_effect::<S>()),
        "inner_ends_outer" => fixed(nested::inner_ends_outer::<S>()),
        "computed_in_effect" => fixed(nested::computed_in_effect::<S>()),
        "signal_in_effect" => fixed(nested::signal_in_effect::<S>()),
        _ => return None,
    })
}

/// An action, and the calls that it must lead to: of which subscription, with which value.
type Round = (Action, &'static [(usize, u64)]);

/// Replays a hard case, and also holds the model to what is written down.
fn replay_rounds<S: Notify>(rounds: &[Round]) -> Result<(), String> {
    let stage = Stage::<S>::new();
    let mut model = Model::new(S::BATCHES);
    let calls = |events: &[Event]| -> Vec<(usize, u64)> {
        let calls = events.iter().filter_map(|event| match event {
            Event::Called { subscription, value } => Some((*subscription, *value)),
            _ => None,
        });
        calls.collect()
    };
    let outcome = rounds.iter().try_for_each(|(action, expected)| {
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

const fn subscribe(script: Script) -> Round {
    (Action::Subscribe { signal: 0, script }, &[])
}

const fn set(value: u64, calls: &'static [(usize, u64)]) -> Round {
    (Action::Set { signal: 0, value }, calls)
}

const UNSUBSCRIBE_IN_ROUND: &[Round] = &[
    subscribe(Script::Listen),
    subscribe(Script::UnsubscribeSelf),
    subscribe(Script::Listen),
    set(1, &[(0, 1), (1, 1), (2, 1)]),
    set(2, &[(0, 2), (2, 2)]),
    // An earlier subscription has had its call of this round.
    subscribe(Script::Unsubscribe(0)),
    set(3, &[(0, 3), (2, 3), (3, 3)]),
    set(4, &[(2, 4), (3, 4)]),
    // A later one has not.
    subscribe(Script::Unsubscribe(5)),
    subscribe(Script::Listen),
    subscribe(Script::Listen),
    set(5, &[(2, 5), (3, 5), (4, 5), (6, 5)]),
    set(6, &[(2, 6), (3, 6), (4, 6), (6, 6)]),
];

const SUBSCRIBE_IN_ROUND: &[Round] = &[
    subscribe(Script::Listen),
    subscribe(Script::Subscribe(0)),
    set(1, &[(0, 1), (1, 1)]),
    set(2, &[(0, 2), (1, 2), (2, 2)]),
    set(3, &[(0, 3), (1, 3), (2, 3), (3, 3)]),
    (Action::Unsubscribe { subscription: 1 }, &[]),
    set(4, &[(0, 4), (2, 4), (3, 4), (4, 4)]),
];

const NESTED_SET: &[Round] = &[
    subscribe(Script::Listen),
    subscribe(Script::SetOwn),
    subscribe(Script::Unsubscribe(4)),
    subscribe(Script::Subscribe(0)),
    subscribe(Script::Listen),
    subscribe(Script::Listen),
    // The inner round ends subscription 4 and adds 6. The outer round then skips 4, does not call 6 yet, and adds 7.
    set(2, &[(0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (3, 3), (5, 3), (2, 2), (3, 2), (5, 2)]),
    (Action::Read { signal: 0 }, &[]),
    set(4, &[(0, 4), (1, 4), (2, 4), (3, 4), (5, 4), (6, 4), (7, 4)]),
];

const PANIC_IN_ROUND: &[Round] = &[
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
];

const DISPOSE_IN_ROUND: &[Round] = &[
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

/// Decodes a trace. What a step does depends on how many nodes the steps before it made.
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
            // A batch sets each signal once. A check of its own is about values that come back within a batch.
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
    /// What each effect saw since the last step.
    seen: Rc<RefCell<Vec<Vec<u64>>>>,
    computations: Rc<RefCell<Vec<u32>>>,
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

    /// A computation of a formula in this world.
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
            expect(format_args!("effect {effect} saw"), observed, expected)?;
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
            expect(format_args!("computations of node {node} in one step"), count, 1)?;
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

/// Which effects ran, and the value that each saw, in order.
type Seen = Rc<RefCell<Vec<(usize, u64)>>>;

/// An effect that notes its number and the result of `value`.
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

/// Sets a signal and compares what the effects saw of the change.
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
    expect(format_args!("after set to {value} the effects saw"), observed, expected.to_vec())
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
    // While the gate is even, the first computed value reads itself, or a second one that always reads the first.
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
    // No effect may still count as running.
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
