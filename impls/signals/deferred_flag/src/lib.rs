//! A round walks the list of subscribers in place. A flag says that a round is going on; changes of the list are then
//! deferred to the round's end, as data-map plans for its optimised signal.
//!
//! The flag is a count: a subscriber that sets its own signal starts a round within the round. When the inner round
//! ends, changes must not reach the list yet, because the outer round still walks it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::{Rc, Weak};

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
    /// Does not change while `rounds` is not 0, because rounds borrow it.
    subscribers: RefCell<Vec<Rc<Subscriber>>>,
    /// The subscribers that were added during the outermost round.
    added: RefCell<Vec<Rc<Subscriber>>>,
    /// The number of rounds that are going on, one within the other.
    rounds: Cell<u32>,
    /// Whether a subscriber in the lists is no longer subscribed.
    ended: Cell<bool>,
}

impl Source {
    fn alive(&self) -> Result<&Self, Error> {
        if self.gone.get() { Err(Error::Gone) } else { Ok(self) }
    }

    /// Calls every subscriber, and returns the first panic.
    fn notify(&self) -> Option<Panic> {
        let value = self.value.get();
        let mut first = None;
        // The subscribers that were added before this round, but during an outer one.
        let added = self.added.borrow().len();
        self.rounds.set(self.rounds.get() + 1);
        {
            let subscribers = self.subscribers.borrow();
            let mut rest = subscribers.iter();
            // A panic leaves the inner loop. The rest of the round is still in the iterator.
            while let Err(panic) = catch_unwind(AssertUnwindSafe(|| {
                for subscriber in rest.by_ref() {
                    if subscriber.subscribed.get() {
                        (subscriber.callback)(value);
                    }
                }
            })) {
                first.get_or_insert(panic);
            }
        }
        for at in 0..added {
            let subscriber = self.added.borrow()[at].clone();
            if subscriber.subscribed.get()
                && let Err(panic) = catch_unwind(AssertUnwindSafe(|| (subscriber.callback)(value)))
            {
                first.get_or_insert(panic);
            }
        }
        self.rounds.set(self.rounds.get() - 1);
        if self.rounds.get() == 0 {
            self.flush();
        }
        first
    }

    /// Makes the changes that were deferred during rounds.
    fn flush(&self) {
        let mut ended = Vec::new();
        {
            let mut subscribers = self.subscribers.borrow_mut();
            subscribers.append(&mut self.added.borrow_mut());
            if self.ended.replace(false) {
                ended.extend(subscribers.extract_if(.., |subscriber| !subscriber.subscribed.get()));
            }
        }
        // What a callback owns may use the world when it is dropped, so it is dropped after the lists are in order.
        drop(ended);
    }

    /// Ends every subscription.
    fn end(&self) {
        self.gone.set(true);
        let end = |subscribers: &[Rc<Subscriber>]| {
            subscribers.iter().for_each(|subscriber| subscriber.subscribed.set(false));
        };
        end(&self.subscribers.borrow());
        end(&self.added.borrow());
        self.ended.set(true);
        if self.rounds.get() == 0 {
            self.flush();
        }
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
            added: RefCell::default(),
            rounds: Cell::new(0),
            ended: Cell::new(false),
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
pub struct Subscription(Weak<Subscriber>);

impl Notify for World {
    type Subscription = Subscription;

    fn subscribe(&self, signal: &Handle, callback: impl Fn(u64) + 'static) -> Result<Subscription, Error> {
        let subscriber = Rc::new(Subscriber {
            subscribed: Cell::new(true),
            signal: signal.0.clone(),
            callback: Box::new(callback),
        });
        let subscription = Subscription(Rc::downgrade(&subscriber));
        let signal = signal.0.alive()?;
        let list = if signal.rounds.get() > 0 { &signal.added } else { &signal.subscribers };
        list.borrow_mut().push(subscriber);
        Ok(subscription)
    }

    fn unsubscribe(&self, subscription: &Subscription) -> bool {
        let Some(subscriber) = subscription.0.upgrade() else { return false };
        if !subscriber.subscribed.replace(false) {
            return false;
        }
        let signal = &subscriber.signal;
        if signal.rounds.get() > 0 {
            signal.ended.set(true);
            return true;
        }
        let mut subscribers = signal.subscribers.borrow_mut();
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

/// The contender: in place, with deferred changes.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::signals::notify_contender::<World>(About {
        name: "deferred_flag",
        role: Role::Optimized,
        summary: "A list of subscribers that is walked in place; changes to it are deferred while a round is going \
                  on.",
        source: "data-map: the plan for its optimised signal",
        analysis: ANALYSIS,
        complexity: &[
            ("notify", Growth::Constant),
            ("churn", Growth::Linear),
            ("read", Growth::Constant),
            ("write", Growth::Constant),
            ("batch_100", Growth::Linear),
        ],
        capabilities: &[Capability::Notify, Capability::Batches, Capability::ManyObservers],
        caveats: &[Caveat {
            badge: "source's bug fixed",
            text: "In the plan the end of every round clears the flag, even of a round within another one. The outer \
                   round would then walk a list that changes. Here the flag counts rounds.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Subscribers are reference-counted entries in a Vec, which a round borrows and walks in place. A subscriber \
added meanwhile goes to a second list; one that is removed meanwhile is marked. When the outermost round \
ends, the second list is appended and the marked entries are dropped. One guard against panics serves a \
whole round: after a panic, the walk continues behind the entry that panicked.

A notification allocates nothing and changes no reference count: for each observer it looks at one mark and \
makes one call. Compared with the floor, each entry is an allocation of its own, whose mark has to be \
fetched before its callback. Ending a subscription outside of a round searches the list.";
