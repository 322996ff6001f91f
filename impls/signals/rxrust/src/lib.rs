//! Peer: the local subject of crate `rxrust`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;

use rxrust::prelude::*;
use scenarios::signals::{Error, Notify, Signals};
use scenarios::{About, Capability, Caveat, Contender, Growth, KnownFailure, Role};

thread_local! {
    static LATER: RefCell<VecDeque<Box<dyn FnOnce()>>> = const { RefCell::new(VecDeque::new()) };
}

/// The scheduler to which the subject defers changes while it emits. They wait for [`Later::run`].
#[derive(Clone, Default)]
struct Later;

impl<S: 'static> Scheduler<Task<S>> for Later {
    fn schedule(&self, mut task: Task<S>, _: Option<Duration>) -> TaskHandle {
        let task = move || while matches!(task.step(), TaskState::Yield) {};
        LATER.with_borrow_mut(|later| later.push_back(Box::new(task)));
        TaskHandle::finished()
    }
}

impl Later {
    fn run() {
        while let Some(task) = LATER.with_borrow_mut(VecDeque::pop_front) {
            task();
        }
    }
}

type Observers = MutRc<Subscribers<BoxedObserver<'static, u64, Infallible>>>;

struct Source {
    value: Cell<u64>,
    gone: Cell<bool>,
    subject: RefCell<Subject<Observers>>,
}

impl Source {
    /// A counted reference to the subject, because callbacks may replace it.
    fn subject(&self) -> Subject<Observers> {
        self.subject.borrow().clone()
    }

    /// Drops every observer, at once or, during a round, at its end.
    fn end(&self) {
        let subject = self.subject.take();
        if subject.observers.try_rc_deref_mut().is_some() {
            subject.complete();
        } else {
            LATER.with_borrow_mut(|later| later.push_back(Box::new(|| subject.complete())));
        }
    }
}

/// A world of such signals, which keep their value beside their subject.
#[derive(Clone, Default)]
struct World(Rc<RefCell<Vec<Handle>>>);

/// A handle of a signal.
#[derive(Clone)]
struct Handle(Rc<Source>);

impl Handle {
    fn alive(&self) -> Result<&Source, Error> {
        if self.0.gone.get() { Err(Error::Gone) } else { Ok(&self.0) }
    }
}

impl Signals for World {
    const BATCHES: bool = false;

    type Signal = Handle;

    fn new() -> Self {
        World::default()
    }

    fn signal(&self, value: u64) -> Handle {
        let source = Source { value: Cell::new(value), gone: Cell::new(false), subject: RefCell::default() };
        let handle = Handle(Rc::new(source));
        self.0.borrow_mut().push(handle.clone());
        handle
    }

    fn read(&self, signal: &Handle) -> Result<u64, Error> {
        Ok(signal.alive()?.value.get())
    }

    fn peek(&self, signal: &Handle) -> Result<u64, Error> {
        self.read(signal)
    }

    fn set(&self, signal: &Handle, value: u64) -> Result<(), Error> {
        let source = signal.alive()?;
        if source.value.replace(value) != value {
            source.subject().next(value);
            Later::run();
        }
        Ok(())
    }

    fn batch(&self, f: impl FnOnce()) {
        f();
    }

    fn clear(&self) {
        Later::run();
        for signal in self.0.take() {
            signal.0.end();
        }
    }
}

/// A handle of a subscription.
#[derive(Clone)]
struct Ticket(Rc<RefCell<Option<Unsubscribe>>>, Handle);

type Unsubscribe = SubjectSubscription<Observers, Later, CellRc<SubscriptionState>>;

impl Notify for World {
    type Subscription = Ticket;

    fn subscribe(&self, signal: &Handle, callback: impl Fn(u64) + 'static) -> Result<Ticket, Error> {
        let subject = LocalCtx { inner: signal.alive()?.subject(), scheduler: Later };
        let subscription = subject.subscribe(callback);
        Ok(Ticket(Rc::new(RefCell::new(Some(subscription))), signal.clone()))
    }

    fn unsubscribe(&self, subscription: &Ticket) -> bool {
        let Some(taken) = subscription.0.take() else { return false };
        taken.unsubscribe();
        !subscription.1.0.gone.get()
    }

    fn dispose(&self, signal: &Handle) -> bool {
        let existed = !signal.0.gone.replace(true);
        signal.0.end();
        existed
    }
}

/// The contender: `rxrust`'s `Subject`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::signals::notify_contender::<World>(About {
        name: "rxrust",
        role: Role::Peer,
        summary: "rxrust's local Subject: boxed observers in one growable array, borrowed for the whole round.",
        source: "crate rxrust 1.0.0-rc.6",
        analysis: ANALYSIS,
        complexity: &[
            ("notify", Growth::Constant),
            ("churn", Growth::Linear),
            ("read", Growth::Constant),
            ("write", Growth::Constant),
        ],
        capabilities: &[Capability::Notify, Capability::ManyObservers],
        caveats: &[
            Caveat {
                badge: "not re-entrant",
                text: "A subject that emits within its own emission panics, by contract of the crate. Subscriptions \
                       and unsubscriptions within an emission go to a scheduler; here it runs them right after the \
                       emission.",
            },
            Caveat {
                badge: "no value, no batch",
                text: "A subject is an event without a value and has no batches. The adapter keeps the value beside \
                       it and does not emit equal values.",
            },
        ],
        known_failures: &[
            KnownFailure {
                check: "notify_reentrant",
                text: "A subject that emits within its own emission panics (1.0.0-rc.6, by contract).",
            },
            KnownFailure {
                check: "notify_panics",
                text: "A panic ends the round for the observers after it (1.0.0-rc.6).",
            },
            KnownFailure {
                check: "nested_set",
                text: "A subject that emits within its own emission panics (1.0.0-rc.6, by contract).",
            },
            KnownFailure {
                check: "panic_in_round",
                text: "A panic ends the round for the observers after it (1.0.0-rc.6).",
            },
            KnownFailure {
                check: "unsubscribe_in_round",
                text: "An observer that is unsubscribed before its turn is still called in that round (1.0.0-rc.6, \
                       by contract).",
            },
            KnownFailure {
                check: "dispose_in_round",
                text: "Observers cannot be dropped during a round, so those after the one that disposed of the \
                       signal are still called (1.0.0-rc.6).",
            },
        ],
    })
}

const ANALYSIS: &str = "\
Observers are boxes in one SmallVec, each beside a number. To emit, the subject borrows the list mutably \
once, walks it, and makes one virtual call per observer. There is nothing to check, since nothing can \
change the list meanwhile. A subscription, or the end of one, in the middle of a round finds the list \
borrowed and becomes a task of the scheduler.

That is the least that a list of observers can cost: there is no mark to look at and no reference count. \
The price is paid in behaviour: a subscriber cannot set the signal that it is told of, one that was \
unsubscribed in the round is still called in it, and a panic ends the round for all that come after. Ending \
a subscription searches the array and closes the gap.";
