//! Peer: the signal of crate `signals2`, a thread-safe list of slots after boost::signals2.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;

use scenarios::signals::{Error, Notify, Signals};
use scenarios::{About, Capability, Caveat, Contender, Growth, KnownFailure, Role};
use signals2::{Connect1, Connection, Emit1, Signal};

/// A callback of a world, which never leaves the world's thread.
struct Local<F>(F);

// SAFETY: signals2 asks for slots that any thread may call. A `World` and all its handles, including subscriptions, are
// neither `Send` nor `Sync` (they hold an `Rc`, or claim to), and only they give access to the signals that own the
// slots.
unsafe impl<F> Send for Local<F> {}
// SAFETY: as above.
unsafe impl<F> Sync for Local<F> {}

impl<F: Fn(u64)> Local<F> {
    fn call(&self, value: u64) {
        (self.0)(value);
    }
}

struct Source {
    value: Cell<u64>,
    gone: Cell<bool>,
    slots: Signal<(u64,)>,
}

/// A world of such signals, which keep their value beside their slots.
#[derive(Clone, Default)]
struct World(Rc<RefCell<Vec<Handle>>>);

/// A handle of a signal.
#[derive(Clone)]
struct Handle(Rc<Source>);

/// A handle of a subscription. Like all handles it stays in its thread, because disconnecting a slot may drop the
/// callback.
#[derive(Clone)]
struct Subscription {
    connection: Connection,
    local: PhantomData<Rc<()>>,
}

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
        let source = Source { value: Cell::new(value), gone: Cell::new(false), slots: Signal::new() };
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
            source.slots.emit(value);
        }
        Ok(())
    }

    fn batch(&self, f: impl FnOnce()) {
        f();
    }

    fn clear(&self) {
        for signal in self.0.take() {
            signal.0.slots.clear();
        }
    }
}

impl Notify for World {
    type Subscription = Subscription;

    fn subscribe(&self, signal: &Handle, callback: impl Fn(u64) + 'static) -> Result<Subscription, Error> {
        let local = Local(callback);
        let connection = signal.alive()?.slots.connect(move |value| local.call(value));
        Ok(Subscription { connection, local: PhantomData })
    }

    fn unsubscribe(&self, subscription: &Subscription) -> bool {
        let connected = subscription.connection.connected();
        subscription.connection.disconnect();
        connected
    }

    fn dispose(&self, signal: &Handle) -> bool {
        signal.0.slots.clear();
        !signal.0.gone.replace(true)
    }
}

/// The contender: `signals2::Signal`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::signals::notify_contender::<World>(About {
        name: "signals2",
        role: Role::Peer,
        summary: "signals2::Signal: an ordered set of slots behind a lock, copied whole when a slot comes or goes.",
        source: "crate signals2 0.3",
        analysis: ANALYSIS,
        complexity: &[
            ("notify", Growth::Constant),
            ("churn", Growth::Linear),
            ("read", Growth::Constant),
            ("write", Growth::Constant),
        ],
        capabilities: &[Capability::Notify],
        caveats: &[
            Caveat {
                badge: "thread-safe",
                text: "Slots must be callable from any thread, and the crate pays for that with atomics and locks. \
                       Most others here do not.",
            },
            Caveat {
                badge: "no value, no batch",
                text: "The crate's signal is an event without a value and has no batches. The adapter keeps the \
                       value beside it and does not emit equal values.",
            },
        ],
        known_failures: &[
            KnownFailure {
                check: "notify_panics",
                text: "A panic ends the round for the slots after it (0.3.3).",
            },
            KnownFailure {
                check: "panic_in_round",
                text: "A panic ends the round for the slots after it (0.3.3).",
            },
        ],
    })
}

const ANALYSIS: &str = "\
Slots are reference-counted entries in a BTreeSet, ordered by group and position, behind a read-write lock \
and a reference count. A notification locks, adds one to the set's count, unlocks, and walks the set. For \
each slot it looks at two atomics before the call: whether the slot is connected, and how often it is \
blocked. Changes during a round go to a copy of the set, so rounds are undisturbed and may be nested; a \
slot that was disconnected is skipped.

Walking a B-tree and two sequentially consistent loads per slot cost a few times the call itself. \
Connecting copies the whole set and adds one to the count of every slot; disconnecting copies and filters \
it. So making n subscriptions takes n², which is why it is left out where there are 10,000.";

#[cfg(test)]
mod tests {
    use testkit::{Is, Otherwise as _};

    use super::*;

    const _: () = {
        assert!(!Is::<World>::SEND && !Is::<World>::SYNC);
        assert!(!Is::<Handle>::SEND && !Is::<Handle>::SYNC);
        assert!(!Is::<Subscription>::SEND && !Is::<Subscription>::SYNC);
        // This is why a subscription is more than a connection.
        assert!(Is::<Connection>::SEND && Is::<Connection>::SYNC);
    };

    #[test]
    fn callbacks_share_what_is_not_send() {
        let (world, seen) = (World::new(), Rc::new(Cell::new(0)));
        let signal = world.signal(0);
        let callback = {
            let seen = seen.clone();
            move |value| seen.set(seen.get() + value)
        };
        let first = world.subscribe(&signal, callback.clone()).unwrap();
        world.subscribe(&signal, callback).unwrap();
        world.set(&signal, 3).unwrap();
        assert!(world.unsubscribe(&first));
        world.set(&signal, 10).unwrap();
        assert_eq!(seen.get(), 16);
        world.clear();
        assert_eq!(Rc::strong_count(&seen), 1);
    }
}
