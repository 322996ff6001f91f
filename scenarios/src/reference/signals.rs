//! Subscribers that are copied for each round, and a graph that looks after each change at everything an effect read.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use crate::signals::{Error, Notify, Signals, Tracked};

type Outcome = Result<u64, Error>;

/// What a computation read: a signal or a computed value, by its number.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Signal(usize),
    Computed(usize),
}

type Reads = Vec<(Source, Outcome)>;

struct Computation {
    compute: Rc<dyn Fn() -> Outcome>,
    value: Outcome,
    /// What it read when it was last computed; `None` before that.
    reads: Option<Reads>,
    /// The change after which it was last found up to date.
    checked: Option<u64>,
    running: bool,
}

struct Subscription {
    signal: usize,
    callback: Rc<dyn Fn(u64)>,
}

struct Effect {
    run: Rc<dyn Fn()>,
    reads: Reads,
}

#[derive(Default)]
struct State {
    /// `None` for those that were disposed of.
    signals: RefCell<Vec<Option<u64>>>,
    /// `None` for those that ended.
    subscriptions: RefCell<Vec<Option<Subscription>>>,
    computations: RefCell<Vec<Computation>>,
    effects: RefCell<Vec<Option<Effect>>>,
    /// What is read by each computation that runs, the innermost last; `None` where nobody records.
    recording: RefCell<Vec<Option<Reads>>>,
    /// Counts changes of signals.
    changes: Cell<u64>,
    batches: Cell<u32>,
    /// Signals to be told of at the batch's end, and their values before it.
    due: RefCell<Vec<(usize, u64)>>,
    running_effects: Cell<bool>,
}

/// A panic on its way; the first of several goes on.
type Panic = Option<Box<dyn std::any::Any + Send>>;

#[derive(Clone)]
pub(super) struct World(Rc<State>);

impl World {
    fn record(&self, source: Source, value: Outcome) {
        if let Some(Some(reads)) = self.0.recording.borrow_mut().last_mut() {
            reads.push((source, value));
        }
    }

    /// Runs `f`; what it returns or panics with, and what it read.
    fn recorded<T>(&self, f: impl FnOnce() -> T) -> (std::thread::Result<T>, Reads) {
        self.0.recording.borrow_mut().push(Some(Reads::new()));
        let outcome = catch_unwind(AssertUnwindSafe(f));
        let reads = self.0.recording.borrow_mut().pop().flatten().unwrap_or_default();
        (outcome, reads)
    }

    /// The value of a source now, which nobody records.
    fn current(&self, source: Source) -> Outcome {
        match source {
            Source::Signal(at) => self.0.signals.borrow()[at].ok_or(Error::Gone),
            Source::Computed(at) => self.update(at),
        }
    }

    /// Whether one of what was read has another value now.
    fn is_stale(&self, reads: &Reads) -> bool {
        reads.iter().any(|(source, value)| self.current(*source) != *value)
    }

    /// The computed value, brought up to date.
    fn update(&self, at: usize) -> Outcome {
        let (compute, reads) = {
            let computation = &mut self.0.computations.borrow_mut()[at];
            if computation.running {
                return Err(Error::Cycle);
            }
            if computation.checked == Some(self.0.changes.get()) {
                return computation.value;
            }
            computation.running = true;
            (computation.compute.clone(), computation.reads.clone())
        };
        let recomputed = if reads.is_none_or(|reads| self.is_stale(&reads)) {
            Some(self.recorded(|| compute()))
        } else {
            None
        };
        let computation = &mut self.0.computations.borrow_mut()[at];
        computation.running = false;
        if let Some((outcome, reads)) = recomputed {
            computation.value = outcome.unwrap_or_else(|payload| resume_unwind(payload));
            computation.reads = Some(reads);
        }
        computation.checked = Some(self.0.changes.get());
        computation.value
    }

    fn round(&self, signal: usize, panic: &mut Panic) {
        let value = self.0.signals.borrow()[signal].unwrap_or(0);
        let count = self.0.subscriptions.borrow().len();
        for at in 0..count {
            let callback = match &self.0.subscriptions.borrow()[at] {
                Some(subscription) if subscription.signal == signal => subscription.callback.clone(),
                _ => continue,
            };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| callback(value))) {
                panic.get_or_insert(payload);
            }
        }
    }

    /// Runs effects until what each of them read is what it is now.
    fn run_effects(&self, panic: &mut Panic) {
        if self.0.running_effects.replace(true) {
            return;
        }
        loop {
            let reads = |at: usize| self.0.effects.borrow()[at].as_ref().map(|effect| effect.reads.clone());
            let count = self.0.effects.borrow().len();
            let stale = (0..count).find(|at| reads(*at).is_some_and(|reads| self.is_stale(&reads)));
            let Some(at) = stale else { break };
            if let Err(payload) = self.run_effect(at) {
                panic.get_or_insert(payload);
            }
        }
        self.0.running_effects.set(false);
    }

    fn run_effect(&self, at: usize) -> std::thread::Result<()> {
        let run = self.0.effects.borrow()[at].as_ref().map(|effect| effect.run.clone());
        let (outcome, reads) = self.recorded(|| run.inspect(|run| run()));
        if let Some(effect) = &mut self.0.effects.borrow_mut()[at] {
            effect.reads = reads;
        }
        outcome.map(drop)
    }

    /// Tells whom it concerns that a signal changed.
    fn tell(&self, changed: impl IntoIterator<Item = usize>) {
        let mut panic = None;
        for signal in changed {
            self.round(signal, &mut panic);
        }
        self.run_effects(&mut panic);
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }
}

impl Signals for World {
    const BATCHES: bool = true;
    type Signal = usize;

    fn new() -> Self {
        World(Rc::default())
    }

    fn signal(&self, value: u64) -> usize {
        self.0.signals.borrow_mut().push(Some(value));
        self.0.signals.borrow().len() - 1
    }

    fn read(&self, signal: &usize) -> Outcome {
        let value = self.peek(signal);
        self.record(Source::Signal(*signal), value);
        value
    }

    fn peek(&self, signal: &usize) -> Outcome {
        self.current(Source::Signal(*signal))
    }

    fn set(&self, signal: &usize, value: u64) -> Result<(), Error> {
        let before = self.peek(signal)?;
        if before == value {
            return Ok(());
        }
        self.0.signals.borrow_mut()[*signal] = Some(value);
        self.0.changes.set(self.0.changes.get() + 1);
        let is_due = self.0.due.borrow().iter().any(|(due, _)| due == signal);
        if self.0.batches.get() == 0 && !is_due {
            self.tell([*signal]);
        } else if !is_due {
            self.0.due.borrow_mut().push((*signal, before));
        }
        Ok(())
    }

    fn batch(&self, f: impl FnOnce()) {
        self.0.batches.set(self.0.batches.get() + 1);
        let mut panic = catch_unwind(AssertUnwindSafe(f)).err();
        self.0.batches.set(self.0.batches.get() - 1);
        if self.0.batches.get() == 0 {
            while !self.0.due.borrow().is_empty() {
                let (signal, before) = self.0.due.borrow_mut().remove(0);
                if self.peek(&signal).is_ok_and(|value| value != before) {
                    self.round(signal, &mut panic);
                }
            }
            self.run_effects(&mut panic);
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }

    fn clear(&self) {
        let subscriptions = self.0.subscriptions.take();
        let (computations, effects) = (self.0.computations.take(), self.0.effects.take());
        drop((subscriptions, computations, effects));
    }
}

impl Notify for World {
    type Subscription = usize;

    fn subscribe(&self, signal: &usize, callback: impl Fn(u64) + 'static) -> Result<usize, Error> {
        self.peek(signal)?;
        self.0
            .subscriptions
            .borrow_mut()
            .push(Some(Subscription { signal: *signal, callback: Rc::new(callback) }));
        Ok(self.0.subscriptions.borrow().len() - 1)
    }

    fn unsubscribe(&self, subscription: &usize) -> bool {
        self.0.subscriptions.borrow_mut()[*subscription].take().is_some()
    }

    fn dispose(&self, signal: &usize) -> bool {
        for subscription in self.0.subscriptions.borrow_mut().iter_mut() {
            if subscription.as_ref().is_some_and(|own| own.signal == *signal) {
                *subscription = None;
            }
        }
        self.0.signals.borrow_mut()[*signal].take().is_some()
    }
}

impl Tracked for World {
    type Computed = usize;
    type Effect = usize;

    fn computed(&self, compute: impl Fn() -> Outcome + 'static) -> usize {
        let compute = Rc::new(compute);
        let computation = Computation { compute, value: Ok(0), reads: None, checked: None, running: false };
        self.0.computations.borrow_mut().push(computation);
        self.0.computations.borrow().len() - 1
    }

    fn get(&self, computed: &usize) -> Outcome {
        let value = self.update(*computed);
        self.record(Source::Computed(*computed), value);
        value
    }

    fn effect(&self, run: impl Fn() + 'static) -> usize {
        let at = self.0.effects.borrow().len();
        self.0.effects.borrow_mut().push(Some(Effect { run: Rc::new(run), reads: Reads::new() }));
        if let Err(payload) = self.run_effect(at) {
            resume_unwind(payload);
        }
        at
    }

    fn dispose_effect(&self, effect: &usize) -> bool {
        self.0.effects.borrow_mut()[*effect].take().is_some()
    }

    fn untracked<R>(&self, f: impl FnOnce() -> R) -> R {
        self.0.recording.borrow_mut().push(None);
        let outcome = catch_unwind(AssertUnwindSafe(f));
        self.0.recording.borrow_mut().pop();
        outcome.unwrap_or_else(|payload| resume_unwind(payload))
    }
}
