//! The lab's own signals: subscribers and dependency graph lie in tables, and a notification allocates nothing.
//!
//! ```text
//!   nodes                 edges: reads of a source       lists: subscribers of one signal
//!  ┌──────────────┐      ┌────────────────────────┐     ┌──────────┬──────────┬─ gap ─┬──────────┐
//!  │ signal     5 │◄─────┤ source ⋅ observer      ├──┐  │ callback │ callback │ |_|() │ callback │
//!  │ computed  10 │◄──┐  │ next source of observer│  │  └──────────┴──────────┴───────┴──────────┘
//!  │ effect       │◄──┼──┤ next observer of source│  │   walked by index: appended to and gapped
//!  └──────────────┘   │  └────────────────────────┘  │   during a round, never reordered
//!                     └──────────────────────────────┘
//! ```
//!
//! When a signal changes, nodes that read it are marked *dirty*, nodes that depend on it through others are marked
//! *to be checked*, and the effects among them are queued (push). A dirty effect runs. An effect that is to be
//! checked first brings what it read up to date, deepest first, and runs if that made it dirty (pull). A computation
//! that runs again compares each read with the edge of its last run; as long as they agree, nothing is allocated or
//! linked.
//!
//! All tables are in a `State`. `World::with` gives access to it for moments in which no user's code runs.
//! Callbacks and computations are called outside of these moments, by pointers whose targets are kept until nothing
//! is running any more.

mod list;
mod owned;
mod state;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::rc::Rc;
use std::thread;

use scenarios::signals::{Error, Notify, Signals, Tracked};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

use list::List;
use owned::Owned;
use state::{Code, Freshness, Handle, Kind, Next, Running, State, Trash};

type Panic = Box<dyn Any + Send>;

/// A world of signals.
#[derive(Clone)]
pub struct World(Rc<UnsafeCell<State>>);

/// A handle of a signal.
#[derive(Clone, Copy)]
pub struct Signal(Handle);

/// A handle of a computed value.
#[derive(Clone, Copy)]
pub struct Computed(Handle);

/// A handle of an effect.
#[derive(Clone, Copy)]
pub struct Effect(Handle);

/// A handle of a subscription.
#[derive(Clone, Copy)]
pub struct Subscription(Handle);

/// A run of a computation. Dropping this ends the run, also in a panic.
struct Run<'a> {
    world: &'a World,
    node: u32,
    around: Running,
}

impl Drop for Run<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.world.with(|state| state.end(self.node, self.around));
    }
}

/// Exists while something may call a user's code. Trash is kept until the last of these is dropped.
struct Busy<'a>(&'a World);

impl Drop for Busy<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.0.release() {
            self.0.empty_trash_and_resume();
        }
    }
}

impl World {
    /// Gives `f` access to the tables. `f` neither calls nor drops a user's code, so no two accesses overlap.
    #[inline(always)]
    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        // SAFETY: this is the only way to the state, the world is not `Sync`, and no caller's `f` gets here again: it
        // calls no callback or computation, and returns what owns one instead of dropping it.
        f(unsafe { &mut *self.0.get() })
    }

    fn busy(&self) -> Busy<'_> {
        self.with(|state| state.busy += 1);
        Busy(self)
    }

    /// Ends what was busy. Returns whether there is trash and nothing can be running any more.
    #[inline(always)]
    fn release(&self) -> bool {
        self.with(|state| {
            state.busy -= 1;
            state.busy == 0 && !state.trash.is_empty()
        })
    }

    /// Ends what was busy. If trash is dropped then, returns the first panic of that.
    #[inline(always)]
    fn not_busy(&self) -> Option<Panic> {
        if self.release() { self.empty_trash() } else { None }
    }

    /// Drops all trash and resumes the first panic of that, unless this thread is panicking already.
    #[cold]
    fn empty_trash_and_resume(&self) {
        let panic = self.empty_trash();
        if !thread::panicking() {
            resume(panic);
        }
    }

    /// Drops all trash, even if some of it panics, and returns the first panic.
    #[cold]
    fn empty_trash(&self) -> Option<Panic> {
        let mut first = None;
        // The drops may use the world, and leave more trash.
        loop {
            let trash = self.with(|state| std::mem::take(&mut state.trash));
            if trash.is_empty() {
                return first;
            }
            for trash in trash {
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(trash))) {
                    first = keep(first, panic);
                }
            }
        }
    }

    /// Drops something that may be running: at once if nothing is running, otherwise as soon as nothing is.
    fn discard(&self, trash: Trash) {
        let (now, full) = self.with(|state| {
            if state.busy == 0 && state.trash.is_empty() {
                return (Some(trash), false);
            }
            state.trash.push(trash);
            (None, state.busy == 0)
        });
        drop(now);
        if full {
            self.empty_trash_and_resume();
        }
    }

    /// Tells all subscribers and observers that a signal changed.
    #[inline]
    fn changed(&self, signal: u32, value: u64) -> Option<Panic> {
        let (list, flush) = self.with(|state| {
            state.mark_observers(signal);
            (state.list(signal), state.may_flush())
        });
        let mut panic = list.and_then(|list| self.round(signal, list, value));
        if flush || list.is_some() {
            panic = self.flush(panic);
        }
        panic
    }

    /// Calls the subscribers that a signal has now, and returns the first panic.
    fn round(&self, signal: u32, list: NonNull<List>, value: u64) -> Option<Panic> {
        // A `Busy` is not needed, because no panic leaves this function.
        self.with(|state| state.busy += 1);
        // SAFETY: a list goes to the trash with its signal, and the trash is not emptied while anything is busy.
        // References to the list last no longer than a statement, here as in `with`.
        let end = unsafe {
            (*list.as_ptr()).rounds += 1;
            list.as_ref().listeners.len()
        };
        let next = Cell::new(0);
        let mut first = None;
        // One guard serves the whole round. After a panic the round continues behind the subscriber that panicked.
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| {
            let mut at = next.get();
            while at < end {
                // SAFETY: as above; and during a round listeners are only appended, so all indices below the round's
                // `end` stay valid.
                let callback = unsafe { list.as_ref().listeners.get_unchecked(at).callback.pointer() };
                at += 1;
                next.set(at);
                // SAFETY: a callback that is unsubscribed meanwhile goes to the trash, like the list.
                unsafe { callback.as_ref()(value) };
            }
        })) {
            first = keep(first, panic);
        }
        self.with(|state| {
            // SAFETY: as above.
            let rounds = unsafe {
                (*list.as_ptr()).rounds -= 1;
                (*list.as_ptr()).rounds
            };
            if rounds == 0 && state.list(signal) == Some(list) {
                state.close_gaps(signal);
            }
        });
        if let Some(panic) = self.not_busy() {
            first = keep(first, panic);
        }
        first
    }

    /// Runs the effects that are queued, if they may run now. Returns the first panic, which is `first` if there is
    /// one.
    fn flush(&self, mut first: Option<Panic>) -> Option<Panic> {
        if !self.with(|state| state.may_flush() && !std::mem::replace(&mut state.flushing, true)) {
            return first;
        }
        // A `Busy` is not needed, as in `round`.
        self.with(|state| state.busy += 1);
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| {
            while let Some(effect) = self.with(State::take_effect) {
                self.run_effect(effect);
            }
        })) {
            first = keep(first, panic);
        }
        self.with(|state| state.flushing = false);
        if let Some(panic) = self.not_busy() {
            first = keep(first, panic);
        }
        first
    }

    /// Runs an effect if something that it read has changed.
    #[inline(always)]
    fn run_effect(&self, effect: u32) {
        let freshness = self.with(|state| state.node(effect).freshness);
        if freshness == Freshness::Dirty || (freshness == Freshness::Check && self.check(effect) == Ok(true))
        {
            self.run(effect);
        }
    }

    #[inline(always)]
    fn run(&self, effect: u32) {
        let run = self.with(|state| match &state.node(effect).code {
            Code::Run(run) => {
                let run = run.pointer();
                Some((run, state.begin(effect)))
            }
            // It was disposed of after it had been queued.
            _ => None,
        });
        if let Some((run, around)) = run {
            let _run = Run { world: self, node: effect, around };
            // SAFETY: an effect that is disposed of goes to the trash, which is not emptied while anything is busy, and
            // every caller of this function is.
            unsafe { run.as_ref()() };
        }
    }

    /// Brings up to date what a node read. Returns whether the node is dirty then; otherwise it is clean.
    #[inline(never)]
    fn check(&self, node: u32) -> Result<bool, Error> {
        /// When dropped, also in a panic, forgets what was to be checked.
        struct Checks<'a>(&'a World, usize);
        impl Drop for Checks<'_> {
            fn drop(&mut self) {
                self.0.with(|state| state.checks.truncate(self.1));
            }
        }
        let base = self.with(|state| {
            state.begin_check(node);
            state.checks.len() - 1
        });
        let _checks = Checks(self, base);
        loop {
            match self.with(|state| state.next_check(base)) {
                Next::Compute(node) => self.compute(node),
                Next::Clean => return Ok(false),
                Next::Dirty => return Ok(true),
                Next::Cycle => return Err(Error::Cycle),
            }
        }
    }

    /// Computes a value anew, and marks its observers if it has changed.
    fn compute(&self, node: u32) {
        let compute = self.with(|state| match &state.node(node).code {
            Code::Compute(compute) => {
                let compute = compute.pointer();
                Some((compute, state.begin(node)))
            }
            _ => None,
        });
        let Some((compute, around)) = compute else { return };
        let run = Run { world: self, node, around };
        let dirty = Redo(self, node);
        // SAFETY: as for the effect in `run`.
        let result = unsafe { compute.as_ref()() };
        std::mem::forget(dirty);
        drop(run);
        self.with(|state| state.store(node, result));
    }

    /// Brings a computed value up to date.
    #[inline(never)]
    fn refresh(&self, node: u32) -> Result<(), Error> {
        let _busy = self.busy();
        if self.check(node)? {
            self.compute(node);
        }
        Ok(())
    }

    /// Removes a node, and drops what it owned as soon as that cannot be running any more.
    fn remove(&self, handle: Handle) -> bool {
        let code = self.with(|state| state.remove(handle));
        code.map(|code| self.discard(Trash::Code(code))).is_some()
    }
}

/// Marks a computed value as dirty again if its computation panics.
struct Redo<'a>(&'a World, u32);

impl Drop for Redo<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.node(self.1).freshness = Freshness::Dirty);
    }
}

/// Keeps the first of several panics. What the others carry is dropped, which may panic, too.
#[cold]
fn keep(first: Option<Panic>, mut panic: Panic) -> Option<Panic> {
    if first.is_none() {
        return Some(panic);
    }
    while let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        panic = another;
    }
    first
}

fn resume(panic: Option<Panic>) {
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}

impl Signals for World {
    const BATCHES: bool = true;

    type Signal = Signal;

    fn new() -> Self {
        World(Rc::new(UnsafeCell::new(State::new())))
    }

    fn signal(&self, value: u64) -> Signal {
        Signal(self.with(|state| state.add_node(Kind::Signal, value, Code::None)))
    }

    #[inline]
    fn read(&self, signal: &Signal) -> Result<u64, Error> {
        self.with(|state| {
            let value = state.find(signal.0).ok_or(Error::Gone)?.value;
            state.track(signal.0.index);
            Ok(value)
        })
    }

    #[inline]
    fn peek(&self, signal: &Signal) -> Result<u64, Error> {
        self.with(|state| Ok(state.find(signal.0).ok_or(Error::Gone)?.value))
    }

    #[inline]
    fn set(&self, signal: &Signal, value: u64) -> Result<(), Error> {
        let tell = self.with(|state| {
            let batch = state.depth > 0;
            let node = state.find(signal.0).ok_or(Error::Gone)?;
            let before = std::mem::replace(&mut node.value, value);
            if before == value {
                return Ok(false);
            }
            if node.due {
                state.set_again(signal.0.index);
                return Ok(false);
            }
            if batch {
                state.defer(signal.0, before);
                return Ok(false);
            }
            Ok(node.is_observed())
        })?;
        if tell {
            resume(self.changed(signal.0.index, value));
        }
        Ok(())
    }

    fn batch(&self, f: impl FnOnce()) {
        self.with(|state| state.depth += 1);
        let mut panic = catch_unwind(AssertUnwindSafe(f)).err();
        self.with(|state| state.depth -= 1);
        while let Some((signal, value)) = self.with(|state| {
            let signal = state.take_due()?;
            Some((signal, state.node(signal).value))
        }) {
            let list = self.with(|state| {
                state.mark_observers(signal);
                state.list(signal)
            });
            if let Some(raised) = list.and_then(|list| self.round(signal, list, value)) {
                panic = keep(panic, raised);
            }
        }
        resume(self.flush(panic));
    }

    fn clear(&self) {
        // Everything goes to the trash first, where a panic in one drop does not prevent the others.
        let _busy = self.busy();
        let count = self.with(|state| state.node_count());
        for index in 0..count {
            let handle = self.with(|state| state.handle(index));
            self.remove(handle);
        }
    }
}

impl Notify for World {
    type Subscription = Subscription;

    fn subscribe(&self, signal: &Signal, callback: impl Fn(u64) + 'static) -> Result<Subscription, Error> {
        let callback = Owned::new(Box::new(callback) as Box<dyn Fn(u64)>);
        let subscription = self.with(|state| state.subscribe(signal.0, callback));
        // If this failed, the callback is dropped here, and not while the tables are in use.
        subscription.map(Subscription).map_err(|_| Error::Gone)
    }

    fn unsubscribe(&self, subscription: &Subscription) -> bool {
        let callback = self.with(|state| state.unsubscribe(subscription.0));
        callback.map(|callback| self.discard(Trash::Callback(callback))).is_some()
    }

    fn dispose(&self, signal: &Signal) -> bool {
        self.remove(signal.0)
    }
}

impl Tracked for World {
    type Computed = Computed;
    type Effect = Effect;

    fn computed(&self, compute: impl Fn() -> Result<u64, Error> + 'static) -> Computed {
        let code = Code::Compute(Owned::new(Box::new(compute)));
        Computed(self.with(|state| state.add_node(Kind::Computed, 0, code)))
    }

    #[inline]
    fn get(&self, computed: &Computed) -> Result<u64, Error> {
        let index = computed.0.index;
        let ready = self.with(|state| {
            if state.has_unmarked() {
                state.mark_due();
            }
            let node = state.find(computed.0).ok_or(Error::Gone)?;
            if node.running { Err(Error::Cycle) } else { Ok(node.freshness == Freshness::Clean) }
        })?;
        if !ready {
            self.refresh(index)?;
        }
        let result = self.with(|state| {
            let node = state.find(computed.0).ok_or(Error::Gone)?;
            let result = match node.error {
                None => Ok(node.value),
                Some(error) => Err(error),
            };
            state.track(index);
            result
        });
        if !ready && self.with(|state| state.may_flush()) {
            // The computation has set signals, so effects are waiting.
            resume(self.flush(None));
        }
        result
    }

    fn effect(&self, run: impl Fn() + 'static) -> Effect {
        /// Disposes of an effect whose first run panics, because its handle is never returned.
        struct Unborn<'a>(&'a World, Handle);
        impl Drop for Unborn<'_> {
            fn drop(&mut self) {
                self.0.remove(self.1);
            }
        }
        let code = Code::Run(Owned::new(Box::new(run)));
        let handle = self.with(|state| state.add_node(Kind::Effect, 0, code));
        let busy = self.busy();
        let unborn = Unborn(self, handle);
        self.run(handle.index);
        std::mem::forget((unborn, busy));
        let panic = self.not_busy();
        resume(self.flush(panic));
        Effect(handle)
    }

    fn dispose_effect(&self, effect: &Effect) -> bool {
        self.remove(effect.0)
    }

    fn untracked<R>(&self, f: impl FnOnce() -> R) -> R {
        /// Resumes tracking when dropped, also after a panic.
        struct Resume<'a>(&'a World, Running);
        impl Drop for Resume<'_> {
            fn drop(&mut self) {
                self.0.with(|state| state.resume(self.1));
            }
        }
        let _resume = Resume(self, self.with(State::pause));
        f()
    }
}

/// The contender: arenas.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::signals::contender::<World>(About {
        name: "arena_graph",
        role: Role::Optimized,
        summary: "Subscribers in lists that may have gaps, and a push-pull graph of nodes and edges in tables.",
        source: "the lab's own; the graph after the push-pull algorithms of Reactively and alien-signals",
        analysis: ANALYSIS,
        complexity: &[
            ("notify", Growth::Constant),
            ("churn", Growth::Constant),
            ("read", Growth::Constant),
            ("write", Growth::Constant),
            ("batch_100", Growth::Linear),
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
        capabilities: &[
            Capability::Notify,
            Capability::Tracked,
            Capability::Batches,
            Capability::ManyObservers,
        ],
        caveats: &[Caveat {
            badge: "unsafe code",
            text: "Tables are reached through an UnsafeCell and closures are called by pointer, so no borrow is \
                   counted and no closure is moved for a call. The tests run under Valgrind.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Plain subscribers of a signal are an array of boxed closures. A round walks it by index up to the length \
that it had at the beginning. A subscriber added meanwhile is appended behind; one that is removed \
meanwhile is replaced by a closure that does nothing and costs no allocation. So the walk has nothing to \
check. Gaps are closed when they are half of the array. A removed closure is kept until no round is going \
on, which is why a callback may end itself. One guard against panics serves a whole round, which continues \
behind the subscriber that panicked.

The graph marks nodes that read a changed signal as dirty, and nodes that depend on it through others as to \
be checked. A dirty effect runs without another look. An effect to be checked first has what it read \
brought up to date, iteratively, so that a chain's depth costs no stack. Edges are kept from run to run, \
and compared with what is read at the same place. Only an edge that differs is linked, from a free list, \
and unlinked at both ends in constant time. A batch marks at its end, and only for signals that differ from \
their value before.

It wins by what it leaves out: there is no allocation and no reference count anywhere on the way of a \
notification, an effect is looked at once to mark it and once to run it, and everything lies at an index in \
a few arrays. Compared with a bare loop it costs bounds checks and, per round, the bookkeeping for \
re-entrance.";
