//! Peer: `Mutable` of crate `futures-signals`, observed by futures on the executor of `futures-executor`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_executor::{LocalPool, LocalSpawner};
use futures_signals::signal::{Mutable, SignalExt};
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, abortable, ready};
use futures_util::task::LocalSpawnExt;
use scenarios::signals::{Error, Notify, Signals};
use scenarios::{About, Capability, Caveat, Contender, Growth, KnownFailure, Role};

struct Shared {
    pool: RefCell<LocalPool>,
    spawner: LocalSpawner,
    depth: Cell<u32>,
    signals: RefCell<Vec<Handle>>,
}

/// A world of such signals, with an executor of its own.
#[derive(Clone)]
struct World(Rc<Shared>);

/// A handle of a signal. Dropping its `Mutable` ends the futures that observe it.
#[derive(Clone)]
struct Handle(Rc<RefCell<Option<Mutable<u64>>>>);

impl World {
    /// Runs the observers that were woken, unless they are running already or a batch is going on.
    fn run(&self) {
        if self.0.depth.get() == 0
            && let Ok(mut pool) = self.0.pool.try_borrow_mut()
        {
            pool.run_until_stalled();
        }
    }
}

impl Signals for World {
    const BATCHES: bool = true;

    type Signal = Handle;

    fn new() -> Self {
        let pool = LocalPool::new();
        let spawner = pool.spawner();
        let (pool, signals) = (RefCell::new(pool), RefCell::default());
        World(Rc::new(Shared { pool, spawner, depth: Cell::new(0), signals }))
    }

    fn signal(&self, value: u64) -> Handle {
        let handle = Handle(Rc::new(RefCell::new(Some(Mutable::new(value)))));
        self.0.signals.borrow_mut().push(handle.clone());
        handle
    }

    fn read(&self, signal: &Handle) -> Result<u64, Error> {
        signal.0.borrow().as_ref().map(|mutable| mutable.get()).ok_or(Error::Gone)
    }

    fn peek(&self, signal: &Handle) -> Result<u64, Error> {
        self.read(signal)
    }

    fn set(&self, signal: &Handle, value: u64) -> Result<(), Error> {
        signal.0.borrow().as_ref().ok_or(Error::Gone)?.set_neq(value);
        self.run();
        Ok(())
    }

    fn batch(&self, f: impl FnOnce()) {
        self.0.depth.set(self.0.depth.get() + 1);
        f();
        self.0.depth.set(self.0.depth.get() - 1);
        self.run();
    }

    fn clear(&self) {
        for signal in self.0.signals.take() {
            signal.0.take();
        }
        self.0.depth.set(0);
        self.run();
    }
}

/// A handle of a subscription: its future, and its signal.
#[derive(Clone)]
struct Subscription(AbortHandle, Handle);

impl Notify for World {
    type Subscription = Subscription;

    fn subscribe(&self, signal: &Handle, callback: impl Fn(u64) + 'static) -> Result<Subscription, Error> {
        let observed = signal.0.borrow().as_ref().ok_or(Error::Gone)?.signal();
        // A future first sees the current value, which is no notification. `dedupe` keeps it from seeing a value
        // again that a batch came back to.
        let first = Cell::new(true);
        let observing = observed.dedupe().for_each(move |value| {
            if !first.replace(false) {
                callback(value);
            }
            ready(())
        });
        let (observing, handle) = abortable(observing);
        self.0.spawner.spawn_local(observing.map(|_| ())).map_err(|_| Error::Gone)?;
        self.run();
        Ok(Subscription(handle, signal.clone()))
    }

    fn unsubscribe(&self, subscription: &Subscription) -> bool {
        let Subscription(handle, signal) = subscription;
        let subscribed = !handle.is_aborted() && signal.0.borrow().is_some();
        handle.abort();
        self.run();
        subscribed
    }

    fn dispose(&self, signal: &Handle) -> bool {
        let existed = signal.0.take().is_some();
        self.run();
        existed
    }
}

/// The contender: `futures_signals::signal::Mutable`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::signals::notify_contender::<World>(About {
        name: "futures_signals",
        role: Role::Peer,
        summary: "futures_signals' Mutable: observers are futures, which are woken by a change and polled by an \
                  executor.",
        source: "crate futures-signals 0.3",
        analysis: ANALYSIS,
        complexity: &[
            ("notify", Growth::Constant),
            ("churn", Growth::Constant),
            ("read", Growth::Constant),
            ("write", Growth::Constant),
            ("batch_100", Growth::Linear),
        ],
        capabilities: &[Capability::Notify, Capability::Batches, Capability::ManyObservers],
        caveats: &[
            Caveat {
                badge: "asynchronous",
                text: "Observers are futures. Here they run on futures-executor's LocalPool. Every set outside of a \
                       batch runs it until nothing is left to do.",
            },
            Caveat {
                badge: "latest value only",
                text: "An observer sees the value at the time when it is polled. A value set before its turn, for \
                       example by another observer of the same round, replaces the one that it would have seen.",
            },
        ],
        known_failures: &[
            KnownFailure {
                check: "notify_reentrant",
                text: "If an observer sets the signal, the new value is delivered after the round; observers still \
                       waiting see it in place of the first value (0.3.34, by design).",
            },
            KnownFailure {
                check: "notify_panics",
                text: "A panic leaves the executor and ends the future that panicked; the futures after it wait for \
                       the next run (0.3.34).",
            },
            KnownFailure {
                check: "nested_set",
                text: "If an observer sets the signal, the new value is delivered after the round; observers still \
                       waiting see it in place of the first value (0.3.34, by design).",
            },
            KnownFailure {
                check: "panic_in_round",
                text: "A panic leaves the executor and ends the future that panicked; the futures after it wait for \
                       the next run (0.3.34).",
            },
            KnownFailure {
                check: "dispose_in_round",
                text: "A dropped Mutable still delivers its last value to observers that were woken (0.3.34).",
            },
        ],
    })
}

const ANALYSIS: &str = "\
A Mutable holds its value and weak pointers to its observers' wakers behind a lock. Setting it upgrades \
each pointer, locks the waker, marks it changed and wakes it, which appends the observer's task to the \
executor's queue. The executor then polls task by task: each compares the mark, reads the value under the \
lock, calls the callback, and leaves its waker for the next time.

Its strength is that it is lazy: a value that is set many times is seen once, with its last value, and \
signals can be mapped and joined without a graph. As a plain notification the way through a waker, a queue \
and a future's state machine costs many times a call, and every step is atomic.";
