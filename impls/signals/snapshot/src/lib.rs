//! The naive signal: every notification copies the list of subscribers and walks the copy, as data-map's
//! signal does with `Array.from(subscribers)`.
//!
//! The copy makes changes during a round harmless, but it still has subscribers that were unsubscribed in the meantime.
//! Each subscriber therefore knows whether it is still subscribed, and the round asks it before the call.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use scenarios::signals::{Error, Notify, Signals};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

type Panic = Box<dyn std::any::Any + Send>;

struct Subscriber {
    subscribed: Cell<bool>,
    signal: Rc<Source>,
    callback: Box<dyn Fn(u64)>,
}

struct Source {
    value: Cell<u64>,
    /// Its place in the list of the world's signals.
    place: Cell<usize>,
    gone: Cell<bool>,
    /// The value before the batch, if a round is due at the batch's end.
    before: Cell<Option<u64>>,
    subscribers: RefCell<Vec<Rc<Subscriber>>>,
}

impl Source {
    fn alive(&self) -> Result<&Self, Error> {
        if self.gone.get() { Err(Error::Gone) } else { Ok(self) }
    }

    /// Calls every subscriber, and returns the first panic.
    fn notify(&self) -> Option<Panic> {
        let value = self.value.get();
        let snapshot: Vec<Rc<Subscriber>> = self.subscribers.borrow().clone();
        let mut first = None;
        for subscriber in snapshot {
            if subscriber.subscribed.get()
                && let Err(panic) = catch_unwind(AssertUnwindSafe(|| (subscriber.callback)(value)))
            {
                first.get_or_insert(panic);
            }
        }
        first
    }

    /// Ends every subscription.
    fn end(&self) {
        self.gone.set(true);
        let subscribers = self.subscribers.take();
        subscribers.iter().for_each(|subscriber| subscriber.subscribed.set(false));
    }
}

#[derive(Default)]
struct Shared {
    signals: RefCell<Vec<Rc<Source>>>,
    depth: Cell<u32>,
    queue: RefCell<VecDeque<Rc<Source>>>,
}

impl Shared {
    /// Takes a signal off the list, so that its memory returns.
    fn forget(&self, signal: &Rc<Source>) {
        let mut signals = self.signals.borrow_mut();
        let place = signal.place.get();
        if signals.get(place).is_some_and(|other| Rc::ptr_eq(other, signal)) {
            signals.swap_remove(place);
            if let Some(moved) = signals.get(place) {
                moved.place.set(place);
            }
            // A short list keeps its memory, or a signal that comes and goes would allocate it each time.
            if signals.capacity() > 64 && signals.len() < signals.capacity() / 8 {
                let room = 2 * signals.len();
                signals.shrink_to(room);
            }
        }
    }
}

/// A world of such signals.
#[derive(Clone, Default)]
pub struct World(Rc<Shared>);

impl Signals for World {
    const BATCHES: bool = true;

    type Signal = Handle;

    fn new() -> Self {
        World::default()
    }

    fn signal(&self, value: u64) -> Handle {
        let mut signals = self.0.signals.borrow_mut();
        let signal = Rc::new(Source {
            value: Cell::new(value),
            place: Cell::new(signals.len()),
            gone: Cell::new(false),
            before: Cell::new(None),
            subscribers: RefCell::default(),
        });
        signals.push(signal.clone());
        Handle(signal)
    }

    fn read(&self, signal: &Handle) -> Result<u64, Error> {
        Ok(signal.0.alive()?.value.get())
    }

    fn peek(&self, signal: &Handle) -> Result<u64, Error> {
        self.read(signal)
    }

    fn set(&self, signal: &Handle, value: u64) -> Result<(), Error> {
        let signal = &signal.0;
        let before = signal.alive()?.value.replace(value);
        if before == value || signal.before.get().is_some() {
            return Ok(());
        }
        if self.0.depth.get() > 0 {
            signal.before.set(Some(before));
            self.0.queue.borrow_mut().push_back(signal.clone());
        } else if let Some(panic) = signal.notify() {
            resume_unwind(panic);
        }
        Ok(())
    }

    fn batch(&self, f: impl FnOnce()) {
        self.0.depth.set(self.0.depth.get() + 1);
        let mut first = catch_unwind(AssertUnwindSafe(f)).err();
        self.0.depth.set(self.0.depth.get() - 1);
        while self.0.depth.get() == 0 {
            let Some(signal) = self.0.queue.borrow_mut().pop_front() else { break };
            if signal.before.take() != Some(signal.value.get())
                && let Some(panic) = signal.notify()
            {
                first.get_or_insert(panic);
            }
        }
        if let Some(panic) = first {
            resume_unwind(panic);
        }
    }

    fn clear(&self) {
        for signal in self.0.signals.take() {
            signal.end();
        }
    }
}

/// A handle of a signal.
#[derive(Clone)]
pub struct Handle(Rc<Source>);

/// A handle of a subscription.
#[derive(Clone)]
pub struct Subscription(std::rc::Weak<Subscriber>);

impl Notify for World {
    type Subscription = Subscription;

    fn subscribe(&self, signal: &Handle, callback: impl Fn(u64) + 'static) -> Result<Subscription, Error> {
        let subscriber = Rc::new(Subscriber {
            subscribed: Cell::new(true),
            signal: signal.0.clone(),
            callback: Box::new(callback),
        });
        let subscription = Subscription(Rc::downgrade(&subscriber));
        signal.0.alive()?.subscribers.borrow_mut().push(subscriber);
        Ok(subscription)
    }

    fn unsubscribe(&self, subscription: &Subscription) -> bool {
        let Some(subscriber) = subscription.0.upgrade() else { return false };
        if !subscriber.subscribed.replace(false) {
            return false;
        }
        let mut subscribers = subscriber.signal.subscribers.borrow_mut();
        let at = subscribers.iter().position(|other| Rc::ptr_eq(other, &subscriber));
        let removed = at.map(|at| subscribers.remove(at));
        // What a callback owns may use the world when it is dropped, so the borrow ends first.
        drop(subscribers);
        removed.is_some()
    }

    fn dispose(&self, signal: &Handle) -> bool {
        let existed = !signal.0.gone.get();
        signal.0.end();
        self.0.forget(&signal.0);
        existed
    }
}

/// The contender: snapshots.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::signals::notify_contender::<World>(About {
        name: "snapshot",
        role: Role::Naive,
        summary: "A list of subscribers that is copied for every notification.",
        source: "data-map: the signal before its optimisation",
        analysis: ANALYSIS,
        complexity: &[
            ("notify", Growth::Constant),
            ("churn", Growth::Linear),
            ("read", Growth::Constant),
            ("write", Growth::Constant),
            ("batch_100", Growth::Linear),
        ],
        capabilities: &[Capability::Notify, Capability::Batches, Capability::ManyObservers],
        caveats: &[
            Caveat {
                badge: "source's bug fixed",
                text: "The source's snapshot also calls subscribers that an earlier one of the same round \
                       unsubscribed. Here each subscriber is asked first whether it is still subscribed.",
            },
            Caveat {
                badge: "slower unsubscribe",
                text: "The source keeps subscribers in a JavaScript set, which removes in O(1). Here they are in a \
                       Vec, which has to be searched.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Subscribers are reference-counted entries in a Vec. A notification clones the Vec, which adds one to the \
count of every entry. Then it calls each entry that is still subscribed, and lowers its count again. Each \
call has its own guard against panics.

Whatever callbacks do to the list, the copy does not change, so nothing can go wrong. The price is an \
allocation per notification and, per observer, a copied pointer and two changes of a reference count in the \
observer's own memory. It loses by a constant factor everywhere, and most where subscribers are many and do \
little. Ending a subscription searches the list.";
