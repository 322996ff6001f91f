//! Peer: the graph of crate `reactive_graph`, which is Leptos's, with its effects on a local executor.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use any_spawner::Executor;
use reactive_graph::computed::ArcMemo;
use reactive_graph::effect::Effect;
use reactive_graph::graph::untrack;
use reactive_graph::owner::{LocalStorage, Owner};
use reactive_graph::prelude::*;
use reactive_graph::signal::ArcRwSignal;
use scenarios::signals::{Error, Signals, Tracked};
use scenarios::{About, Capability, Caveat, Contender, Growth, KnownFailure, Role};
use send_wrapper::SendWrapper;

struct Shared {
    owner: Owner,
    depth: Cell<u32>,
    running: Cell<bool>,
    effects: RefCell<Vec<Effect<LocalStorage>>>,
}

/// A world, which is one of the crate's owners.
#[derive(Clone)]
struct World(Rc<Shared>);

impl World {
    /// Runs the effects that were woken, unless they are running already or a batch is going on.
    fn run(&self) {
        if self.0.depth.get() == 0 && !self.0.running.replace(true) {
            Executor::poll_local();
            self.0.running.set(false);
        }
    }
}

impl Signals for World {
    const BATCHES: bool = true;

    type Signal = ArcRwSignal<u64>;

    fn new() -> Self {
        // This fails for every world but the first, which finds an executor set.
        let _ = Executor::init_futures_executor();
        let owner = Owner::new();
        World(Rc::new(Shared {
            owner,
            depth: Cell::new(0),
            running: Cell::new(false),
            effects: RefCell::default(),
        }))
    }

    fn signal(&self, value: u64) -> ArcRwSignal<u64> {
        ArcRwSignal::new(value)
    }

    fn read(&self, signal: &ArcRwSignal<u64>) -> Result<u64, Error> {
        Ok(signal.get())
    }

    fn peek(&self, signal: &ArcRwSignal<u64>) -> Result<u64, Error> {
        Ok(signal.get_untracked())
    }

    fn set(&self, signal: &ArcRwSignal<u64>, value: u64) -> Result<(), Error> {
        if signal.get_untracked() != value {
            signal.set(value);
            self.run();
        }
        Ok(())
    }

    fn batch(&self, f: impl FnOnce()) {
        self.0.depth.set(self.0.depth.get() + 1);
        f();
        self.0.depth.set(self.0.depth.get() - 1);
        self.run();
    }

    fn clear(&self) {
        for effect in self.0.effects.take() {
            effect.dispose();
        }
        self.0.depth.set(0);
        self.0.running.set(false);
        self.run();
        self.0.owner.cleanup();
    }
}

/// A handle of a computed value, and whether the value is being computed.
#[derive(Clone)]
struct Computed(ArcMemo<Result<u64, Error>>, Rc<Cell<bool>>);

/// A handle of an effect.
#[derive(Clone)]
struct Handle(Effect<LocalStorage>, Rc<Cell<bool>>);

impl Tracked for World {
    type Computed = Computed;
    type Effect = Handle;

    fn computed(&self, compute: impl Fn() -> Result<u64, Error> + 'static) -> Self::Computed {
        let running = Rc::new(Cell::new(false));
        let compute = SendWrapper::new((compute, running.clone()));
        let memo = self.0.owner.with(|| {
            ArcMemo::new(move |_| {
                let (compute, running) = &*compute;
                if running.replace(true) {
                    return Err(Error::Cycle);
                }
                let result = compute();
                running.set(false);
                result
            })
        });
        Computed(memo, running)
    }

    fn get(&self, computed: &Self::Computed) -> Result<u64, Error> {
        if computed.1.get() { Err(Error::Cycle) } else { computed.0.get() }
    }

    fn effect(&self, run: impl Fn() + 'static) -> Handle {
        let effect = self.0.owner.with(|| Effect::new(move |_: Option<()>| run()));
        self.0.effects.borrow_mut().push(effect);
        self.run();
        Handle(effect, Rc::new(Cell::new(true)))
    }

    fn dispose_effect(&self, effect: &Handle) -> bool {
        if !effect.1.replace(false) {
            return false;
        }
        effect.0.dispose();
        self.run();
        true
    }

    fn untracked<R>(&self, f: impl FnOnce() -> R) -> R {
        untrack(f)
    }
}

/// The contender: `reactive_graph`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::signals::tracked_contender::<World>(About {
        name: "reactive_graph",
        role: Role::Peer,
        summary: "reactive_graph: Leptos's thread-safe graph; effects are tasks of an executor.",
        source: "crate reactive_graph 0.3.0-rc1",
        analysis: ANALYSIS,
        complexity: &[
            ("read", Growth::Constant),
            ("write", Growth::Constant),
            ("computed_cached", Growth::Constant),
            ("computed_dirty", Growth::Constant),
            ("tracked_batch_100", Growth::Quadratic),
            ("effect_dispose", Growth::Linear),
            ("tracked_effects", Growth::Linear),
            ("deep_chain", Growth::Linear),
            ("broad_fan_out", Growth::Linear),
            ("diamonds", Growth::Linear),
            ("dynamic_dependencies", Growth::Linear),
        ],
        capabilities: &[Capability::Tracked, Capability::Batches],
        caveats: &[
            Caveat {
                badge: "asynchronous effects",
                text: "Effects are tasks. Here they run on futures-executor's LocalPool. Every set outside of a \
                       batch runs it until nothing is left to do. The crate's immediate effects are not used, \
                       because they see a mixture of old and new values in a diamond.",
            },
            Caveat {
                badge: "cycle check added",
                text: "The crate never returns from a computed value that depends on itself. The adapter detects \
                       that with a flag and reports an error.",
            },
            Caveat {
                badge: "thread-safe",
                text: "Every node is behind reference counts and locks that any thread may use. Most others here do \
                       not pay for that.",
            },
            Caveat {
                badge: "no plain subscription",
                text: "The crate has no subscription without tracking, so it takes no part in the scenarios of plain \
                       notification.",
            },
        ],
        known_failures: &[
            KnownFailure {
                check: "tracked_trace",
                text: "An effect may run twice for one change, if only the check of what it reads finds out that \
                       this has changed (0.3.0-rc1).",
            },
            KnownFailure { check: "tracked_dynamic", text: "The same as in tracked_trace (0.3.0-rc1)." },
            KnownFailure { check: "tracked_counts", text: "The same as in tracked_trace (0.3.0-rc1)." },
            KnownFailure {
                check: "cycle",
                text: "A computed value that was in a cycle keeps the error after the cycle is broken (0.3.0-rc1).",
            },
            KnownFailure {
                check: "batch_back",
                text: "A signal tells its effects of every set, even if it ends with the value that they have seen \
                       already (0.3.0-rc1).",
            },
            KnownFailure {
                check: "effect_panics",
                text: "A panic ends the effect's task. The effects after it wait for the executor's next run \
                       (0.3.0-rc1).",
            },
            KnownFailure {
                check: "effect_in_effect",
                text: "An effect that is made within another one may run twice for one change (0.3.0-rc1).",
            },
            KnownFailure {
                check: "computed_in_effect",
                text: "An effect does not keep alive a computed value that it reads. If nobody else does, \
                       changes no longer reach the effect (0.3.0-rc1).",
            },
        ],
    })
}

const ANALYSIS: &str = "\
Every node is a reference-counted object behind read-write locks. It lists what it depends on, and what \
depends on it, in hash sets that keep their order. Setting a signal clones the set of its subscribers and \
marks each. A marked effect is told through a channel, whose task the executor polls. The task asks the \
effect's dependencies whether they changed, clears them, and runs the effect, which adds them again.

Clearing takes the effect out of each dependency's ordered set, which shifts all that follow: with n \
effects on one signal a change costs n². A chain costs n² as well, since each level checks all those below \
it again. There are also the locks, the reference counts, an owner per effect whose children are cleaned \
up, and the way through the executor.";
