//! Peer: the push-pull graph of crate `alien-signals`.
//!
//! The crate keeps one graph for the whole process in statics without any lock, "just intended for
//! single-threaded use". A `Lease` gives it to one thread at a time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alien_signals::{Computed, Effect, Signal, end_batch, get_batch_depth, set_active_sub, start_batch};
use scenarios::signals::{Error, Signals, Tracked};
use scenarios::{About, Capability, Caveat, Contender, Growth, KnownFailure, Role};

static GRAPH: Mutex<()> = Mutex::new(());

thread_local! {
    static WORLDS: RefCell<(u32, Option<MutexGuard<'static, ()>>)> = const { RefCell::new((0, None)) };
}

/// A thread's right to use the graph, from the beginning of a world until the world is cleared.
struct Lease(Cell<bool>);

impl Lease {
    fn new() -> Self {
        WORLDS.with_borrow_mut(|(worlds, guard)| {
            if *worlds == 0 {
                *guard = Some(GRAPH.lock().unwrap_or_else(PoisonError::into_inner));
                // A panic may have left these behind.
                set_active_sub(None);
                while get_batch_depth() > 0 {
                    end_batch();
                }
            }
            *worlds += 1;
        });
        Lease(Cell::new(true))
    }

    fn end(&self) {
        if self.0.replace(false) {
            WORLDS.with_borrow_mut(|(worlds, guard)| {
                *worlds -= 1;
                if *worlds == 0 {
                    *guard = None;
                }
            });
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end();
    }
}

/// A part of the process's graph.
#[derive(Clone)]
struct World(Rc<Lease>);

impl Signals for World {
    const BATCHES: bool = true;

    type Signal = Signal<u64>;

    fn new() -> Self {
        World(Rc::new(Lease::new()))
    }

    fn signal(&self, value: u64) -> Signal<u64> {
        Signal::new(value)
    }

    fn read(&self, signal: &Signal<u64>) -> Result<u64, Error> {
        Ok(signal.get())
    }

    fn peek(&self, signal: &Signal<u64>) -> Result<u64, Error> {
        self.untracked(|| Ok(signal.get()))
    }

    fn set(&self, signal: &Signal<u64>, value: u64) -> Result<(), Error> {
        signal.set(value);
        Ok(())
    }

    fn batch(&self, f: impl FnOnce()) {
        start_batch();
        f();
        end_batch();
    }

    fn clear(&self) {
        self.0.end();
    }
}

/// Names an effect.
#[derive(Clone)]
struct Handle(Rc<RefCell<Option<Effect>>>);

impl Tracked for World {
    type Computed = Computed<Result<u64, Error>>;
    type Effect = Handle;

    fn computed(&self, compute: impl Fn() -> Result<u64, Error> + 'static) -> Self::Computed {
        Computed::new(move |_| compute())
    }

    fn get(&self, computed: &Self::Computed) -> Result<u64, Error> {
        computed.get()
    }

    fn effect(&self, run: impl Fn() + 'static) -> Handle {
        Handle(Rc::new(RefCell::new(Some(Effect::new(run)))))
    }

    fn dispose_effect(&self, effect: &Handle) -> bool {
        let effect = effect.0.take();
        effect.map(Effect::dispose).is_some()
    }

    fn untracked<R>(&self, f: impl FnOnce() -> R) -> R {
        let active = set_active_sub(None);
        let result = f();
        set_active_sub(active);
        result
    }
}

/// The contender: `alien_signals`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::signals::tracked_contender::<World>(About {
        name: "alien_signals",
        role: Role::Peer,
        summary: "alien_signals: a push-pull graph of nodes and links in one arena for the whole process.",
        source: "crate alien-signals 0.1",
        analysis: ANALYSIS,
        complexity: &[
            ("read", Growth::Constant),
            ("write", Growth::Constant),
            ("computed_cached", Growth::Constant),
            ("computed_dirty", Growth::Constant),
            ("tracked_batch_100", Growth::Linear),
            ("effect_dispose", Growth::Constant),
            ("tracked_effects", Growth::Constant),
            ("deep_chain", Growth::Constant),
            ("broad_fan_out", Growth::Constant),
            ("diamonds", Growth::Constant),
            ("dynamic_dependencies", Growth::Constant),
        ],
        capabilities: &[Capability::Tracked, Capability::Batches, Capability::ManyObservers],
        caveats: &[
            Caveat {
                badge: "never frees memory",
                text: "The crate's arena keeps every node and link for the life of the process, and with them the \
                       closures of disposed effects and everything that these own. Links that are taken off are not \
                       used again.",
            },
            Caveat {
                badge: "one graph per process",
                text: "The graph is a static without a lock, so using it from two threads is unsound. The adapter \
                       lets one thread at a time use it.",
            },
            Caveat {
                badge: "no plain subscription",
                text: "The crate has no subscription without tracking, so it takes no part in the scenarios of plain \
                       notification.",
            },
        ],
        known_failures: &[
            KnownFailure {
                check: "tracked_counts",
                text: "A computed value that loses its last observer forgets what it was computed from, and is \
                       computed again when it is read next (0.1.4).",
            },
            KnownFailure {
                check: "effect_panics",
                text: "A panic ends the flush. The other effects stay in the queue, and the effect that panicked \
                       still counts as running (0.1.4).",
            },
            KnownFailure {
                check: "cycle",
                text: "A computed value that depends on itself reads its previous value; there is no error (0.1.4).",
            },
            KnownFailure {
                check: "effect_sets_own",
                text: "An effect that sets the signal that it reads does not run again for that (0.1.4).",
            },
        ],
    })
}

const ANALYSIS: &str = "\
Nodes and links live in chunks that never move. A link joins a dependency and a dependent, and is in a \
doubly linked list of each. Setting a signal pushes: it walks everything that depends on the signal, marks \
it as possibly dirty, and queues the effects. Running the queue pulls: each effect checks its dependencies, \
deepest first, and runs only if one did change. While an effect runs, each read is compared with the \
dependency that was read at the same place the last time, so an unchanged set of dependencies costs a \
comparison each and no allocation.

That makes the cost per observer the same for any number of them, and this by far the fastest published \
graph here. It has these costs: an effect is visited three times for a change, to be marked, to be \
confirmed dirty and to be run. Every value is stored as one of any type, and a value aligned to more than \
one byte, such as a u64, goes to a reference-counted allocation of its own at each set and each \
computation.";
