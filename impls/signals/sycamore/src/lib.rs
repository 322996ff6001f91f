//! Peer: the graph of crate `sycamore-reactive`.

use std::cell::Cell;
use std::rc::Rc;

use scenarios::signals::{Error, Signals, Tracked};
use scenarios::{About, Capability, Caveat, Contender, Growth, KnownFailure, Role};
use sycamore_reactive::{
    NodeHandle, ReadSignal, RootHandle, Signal, batch, create_child_scope, create_effect, create_root,
    create_selector, create_signal, untrack,
};

/// A world, which is one of the crate's roots.
#[derive(Clone)]
struct World(RootHandle);

impl Signals for World {
    const BATCHES: bool = true;

    type Signal = Signal<u64>;

    fn new() -> Self {
        World(create_root(|| ()))
    }

    fn signal(&self, value: u64) -> Signal<u64> {
        self.0.run_in(|| create_signal(value))
    }

    fn read(&self, signal: &Signal<u64>) -> Result<u64, Error> {
        Ok(signal.get())
    }

    fn peek(&self, signal: &Signal<u64>) -> Result<u64, Error> {
        Ok(signal.get_untracked())
    }

    fn set(&self, signal: &Signal<u64>, value: u64) -> Result<(), Error> {
        if signal.get_untracked() != value {
            signal.set(value);
        }
        Ok(())
    }

    fn batch(&self, f: impl FnOnce()) {
        self.0.run_in(|| batch(f));
    }

    fn clear(&self) {
        self.0.dispose();
    }
}

/// A handle of an effect: a scope that owns nothing else.
#[derive(Clone)]
struct Effect(NodeHandle, Rc<Cell<bool>>);

impl Tracked for World {
    type Computed = ReadSignal<Result<u64, Error>>;
    type Effect = Effect;

    fn computed(&self, compute: impl Fn() -> Result<u64, Error> + 'static) -> Self::Computed {
        self.0.run_in(|| create_selector(compute))
    }

    fn get(&self, computed: &Self::Computed) -> Result<u64, Error> {
        computed.get()
    }

    fn effect(&self, run: impl Fn() + 'static) -> Effect {
        let scope = self.0.run_in(|| create_child_scope(move || create_effect(run)));
        Effect(scope, Rc::new(Cell::new(true)))
    }

    fn dispose_effect(&self, effect: &Effect) -> bool {
        effect.0.dispose();
        effect.1.replace(false)
    }

    fn untracked<R>(&self, f: impl FnOnce() -> R) -> R {
        self.0.run_in(|| untrack(f))
    }
}

/// The contender: `sycamore_reactive`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::signals::tracked_contender::<World>(About {
        name: "sycamore",
        role: Role::Peer,
        summary: "sycamore_reactive: nodes in a slot map, updated eagerly in topological order.",
        source: "crate sycamore-reactive 0.9",
        analysis: ANALYSIS,
        complexity: &[
            ("read", Growth::Constant),
            ("write", Growth::Constant),
            ("computed_cached", Growth::Constant),
            ("computed_dirty", Growth::Constant),
            ("tracked_batch_100", Growth::Quadratic),
            ("effect_dispose", Growth::Linear),
            ("tracked_effects", Growth::Linear),
            ("deep_chain", Growth::Constant),
            ("broad_fan_out", Growth::Linear),
            ("diamonds", Growth::Linear),
            ("dynamic_dependencies", Growth::Linear),
        ],
        capabilities: &[Capability::Tracked, Capability::Batches],
        caveats: &[
            Caveat {
                badge: "eager computation",
                text: "Computed values are updated when a signal below them is set, whether or not anybody reads them.",
            },
            Caveat {
                badge: "no plain subscription",
                text: "The crate has no subscription without tracking, so it takes no part in the scenarios of plain \
                       notification.",
            },
        ],
        known_failures: &[
            KnownFailure {
                check: "tracked_dynamic",
                text: "A node that reads another dependency than before in the middle of a propagation may find an \
                       old value there, and is not updated again (0.9.4).",
            },
            KnownFailure { check: "tracked_counts", text: "The same as in tracked_dynamic (0.9.4)." },
            KnownFailure {
                check: "batch_read",
                text: "Within a batch computed values are out of date (0.9.4).",
            },
            KnownFailure {
                check: "lazy",
                text: "Computed values are computed when they are made and at every change, by design (0.9.4).",
            },
            KnownFailure {
                check: "batch_back",
                text: "A signal that was set updates everything that depends on it, even if it ends with its old \
                       value (0.9.4).",
            },
            KnownFailure {
                check: "cycle",
                text: "A computed value that reads itself panics, because its value has been taken out (0.9.4).",
            },
            KnownFailure {
                check: "effect_panics",
                text: "A panic ends the propagation, and the effect's node loses its closure (0.9.4).",
            },
            KnownFailure {
                check: "dispose_in_effect",
                text: "An effect that disposes of itself while it runs panics (0.9.4).",
            },
            KnownFailure {
                check: "effect_sets_own",
                text: "An effect that sets the signal that it reads does not run again for that (0.9.4).",
            },
            KnownFailure {
                check: "inner_ends_outer",
                text: "An effect that ends the effect within which it was made is disposed of while it runs, \
                       and panics (0.9.4).",
            },
            KnownFailure {
                check: "computed_in_effect",
                text: "A computed value that is made within an effect is disposed of when the effect runs \
                       again. Whoever kept its name panics (0.9.4).",
            },
            KnownFailure {
                check: "signal_in_effect",
                text: "The same as in computed_in_effect, for signals (0.9.4).",
            },
        ],
    })
}

const ANALYSIS: &str = "\
Nodes live in a slot map; each lists its dependencies and its dependents as vectors of keys. Setting a \
signal searches the graph depth first for everything that depends on it, sorts that topologically, and \
updates the nodes that are marked dirty, one by one. A node that is updated removes itself from the list of \
each of its dependencies, runs with a new tracker, and appends itself to the lists of what it read.

Removing a node from a list walks the whole list. With n effects on one signal every effect's update costs \
n, and a change n²: that is why it is left out where there are 10,000. Every run also takes its closure and \
value out of the node and puts them back, each time through a borrow of the whole slot map.";
