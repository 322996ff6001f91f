//! Whom a change concerns, and which value they see: the oracle of every scenario and check.

use std::collections::VecDeque;

use super::contract::Error;
use crate::input::sum;
use crate::trace::Step;

/// How many writes a batch makes.
pub(super) const BATCH: usize = 100;

/// What `observers` observers see of the batches together: the last value of each batch.
pub(super) fn batch_total(values: &[u64], observers: usize) -> u64 {
    sum(values.chunks(BATCH).filter_map(<[u64]>::last).copied()).wrapping_mul(observers as u64)
}

/// The sum of what [`offsets`] compute.
pub(super) fn offset_total(size: usize, value: u64) -> u64 {
    sum((0..size as u64).map(|offset| value.wrapping_add(offset)))
}

/// What a trace or a callback does to a world. Indices are taken modulo the number of what exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
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

/// What a callback does each time it is called, apart from noting the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
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
    pub(super) fn decode(kind: u16, scripted: bool, panics: bool) -> Self {
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
    pub(super) fn action(self, subscription: usize, signal: usize, value: u64) -> Action {
        let next = value.wrapping_add(1);
        match self {
            Script::Listen => Action::Nothing,
            Script::UnsubscribeSelf => Action::Unsubscribe { subscription },
            Script::Unsubscribe(subscription) => Action::Unsubscribe { subscription },
            Script::Subscribe(signal) => Action::Subscribe { signal, script: Script::Listen },
            Script::Set(signal) => Action::Add { signal, value: 1 },
            // It stops at 3, so that the rounds within rounds come to an end.
            Script::SetOwn if value < 3 => Action::Set { signal, value: next },
            Script::SetOwn => Action::Nothing,
            Script::Dispose(signal) => Action::Dispose { signal },
            Script::Batch(other) => Action::Batch { signal, values: [next, next + 1], other },
            Script::Panic => Action::Panic,
        }
    }
}

/// What a trace observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Called { subscription: usize, value: u64 },
    Value(Result<u64, Error>),
    Set(Result<(), Error>),
    Subscribed(Result<usize, Error>),
    Ended(bool),
    Panicked,
}

/// How many scripts may run for one step of a trace, because callbacks that set signals could go on for ever.
pub(super) const FUEL: u32 = 24;

/// How many signals a trace has at most: so few that callbacks meet each other.
pub(super) const MAX_SIGNALS: usize = 5;

/// How many subscriptions a trace makes at most.
pub(super) const MAX_SUBSCRIPTIONS: usize = 60;

/// A signal of the model: its value and its subscriptions, in order.
#[derive(Default)]
struct ModelSignal {
    value: u64,
    subscribers: Vec<usize>,
    /// The value before the batch, while a round is due at the batch's end.
    before: Option<u64>,
    gone: bool,
}

/// The oracle of [`Notify`](super::Notify): it applies the rules of the bottleneck's documentation one by one.
#[derive(Default)]
pub(super) struct Model {
    batches: bool,
    signals: Vec<ModelSignal>,
    /// Each subscription ever made: its script, its signal, and whether it still goes on.
    subscriptions: Vec<(Script, usize, bool)>,
    depth: u32,
    queue: VecDeque<usize>,
    events: Vec<Event>,
    fuel: u32,
}

/// A callback panicked, and the panic is on its way to `set`.
pub(super) struct Panicking;

impl Model {
    pub(super) fn new(batches: bool) -> Self {
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

    pub(super) fn step(&mut self, action: Action) -> Vec<Event> {
        self.fuel = FUEL;
        if self.act(action).is_err() {
            self.events.push(Event::Panicked);
        }
        std::mem::take(&mut self.events)
    }
}

/// A node of a random graph: a signal or a computed value, by its place in the order of creation.
pub(super) type Node = usize;

/// What a computed value or an effect of a random graph computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    /// The sum of three nodes.
    Sum([Node; 3]),
    /// The remainder of a division by 3, which is often the same for another value.
    Low(Node),
    /// If the first node is even, the second one, else the third one.
    Switch([Node; 3]),
}

impl Formula {
    /// Decodes the formula of a node that may read the first `below` nodes. Where `dynamic`, it may be a switch.
    pub(super) fn decode(step: &Step, below: usize, dynamic: bool) -> Self {
        let nodes = [step.a, step.b, step.a ^ (step.b >> 3)].map(|draw| usize::from(draw) % below);
        match step.version % 4 {
            0 => Formula::Low(nodes[0]),
            1 | 2 if dynamic => Formula::Switch(nodes),
            _ => Formula::Sum(nodes),
        }
    }

    pub(super) fn compute<E>(self, mut read: impl FnMut(Node) -> Result<u64, E>) -> Result<u64, E> {
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

/// How many signals a random graph has. All exist from its start.
pub(super) const GRAPH_SIGNALS: usize = 4;
pub(super) const MAX_NODES: usize = 24;
pub(super) const MAX_EFFECTS: usize = 16;

/// The nodes that a computation read, and the values that it found there.
pub(super) type Reads = Vec<(Node, u64)>;

/// The oracle of [`Tracked`](super::Tracked): it computes everything again from the signals.
pub(super) struct GraphModel {
    pub(super) signals: [u64; GRAPH_SIGNALS],
    pub(super) formulas: Vec<Formula>,
    /// Each effect: its formula until it ends, and what it read when it last ran.
    pub(super) effects: Vec<(Option<Formula>, Reads)>,
    /// How often the value of each node changed.
    pub(super) changes: Vec<u32>,
    /// What each computed value read when it was last computed, and how often that had changed by then.
    pub(super) computed_from: Vec<Vec<(Node, u32)>>,
}

impl GraphModel {
    /// The value of every node. They are computed in the order of creation, so that each is computed once.
    pub(super) fn values(&self) -> Vec<u64> {
        let mut values = self.signals.to_vec();
        for formula in &self.formulas {
            let Ok(value) = formula.compute(|node| Ok::<_, Error>(values[node])) else { unreachable!() };
            values.push(value);
        }
        values
    }

    /// The value of a formula, and what it reads.
    pub(super) fn run(&self, formula: Formula) -> (u64, Reads) {
        let values = self.values();
        let mut reads = Vec::new();
        let value = formula.compute(|node| {
            reads.push((node, values[node]));
            Ok::<_, Error>(values[node])
        });
        (value.unwrap_or_default(), reads)
    }

    /// Gives the signals these values. Returns what each effect sees of the change.
    pub(super) fn change(&mut self, signals: [u64; GRAPH_SIGNALS]) -> Vec<Vec<u64>> {
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
