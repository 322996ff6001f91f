//! **Signals**: values that tell their observers when they change.
//!
//! There are two contracts over one base, [`Signals`]. [`Notify`] calls back on each change. [`Tracked`] keeps a graph of
//! computed values and effects up to date and finds their dependencies by itself. A contender implements one of them or
//! both. Oracles: a list of subscribers, to which the rules below are applied one by one; and a graph that is computed
//! again from its signals after each change. Scenarios: [`BOTTLENECK`].
//!
//! # What a notification is
//!
//! A set that changes a signal's value starts a *round*: each callback that is subscribed at that moment is called once,
//! in the order of subscription, with the value of that `set`.
//!
//! * A callback that is unsubscribed before its turn is not called. One that is subscribed during a round is called from
//!   the signal's next round on.
//! * A callback may set the same signal. That starts a round within the round. Afterwards the outer round goes on with its
//!   own value, which is the older one by then.
//! * A callback that panics does not affect the others. The round goes on, and then `set` resumes its first panic.
//! * In a batch no round starts. At its end each signal whose value differs from the one before the batch has one round
//!   with the last value. A callback that sets a signal which still waits for that round only changes the value of that
//!   round.
//! * To set a signal to the value that it has does nothing.

mod cases;
mod checks;
mod contract;
mod nested;
mod oracle;

use crate::contender::{About, Bottleneck, Capability, Contender, NOTHING, Scenario, Sizes};

pub use contract::{Error, Notify, Signals, Tracked};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "signals",
    title: "Signals",
    question: "How much does it cost to tell an observer that a value changed? To copy the list of subscribers for each \
               notification is safe and slow. To walk it in place is fast, but must survive callbacks that subscribe, \
               unsubscribe, set and panic. A contender that tracks dependencies keeps a graph as well, in which each \
               effect should run once, and only if something that it read has changed.",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes {
        quick: &[10, 100, 1000],
        default: &[10, 32, 100, 500, 1000],
        full: &[10, 32, 100, 320, 500, 1000],
    },
    memory: &[],
    composition: None,
    choice: None,
    own_inputs: &[],
    reference: "arena_graph",
    describe: checks::describe,
    why_no_input: "a program's signals are its code, which no file of data holds",
};

const NOTIFY: &[Capability] = &[Capability::Notify];
const NOTIFY_MANY: &[Capability] = &[Capability::Notify, Capability::ManyObservers];
const NOTIFY_BATCH: &[Capability] = &[Capability::Notify, Capability::Batches];
const TRACKED: &[Capability] = &[Capability::Tracked];
const TRACKED_MANY: &[Capability] = &[Capability::Tracked, Capability::ManyObservers];
const TRACKED_BATCH: &[Capability] = &[Capability::Tracked, Capability::Batches];

const MANY: Sizes = Sizes { quick: &[10_000], default: &[10_000], full: &[10_000, 20_000] };
const FEW: Sizes = Sizes { quick: &[10, 100], default: &[10, 100, 1000], full: &[10, 100, 1000] };

/// For scenarios in which some contenders take O(n²) for a change.
const SOME: Sizes = Sizes { quick: &[10, 100], default: &[10, 100, 320], full: &[10, 100, 320] };
const SHALLOW: Sizes = Sizes { quick: &[10, 100], default: &[10, 32, 100], full: &[10, 32, 100] };
const DEEP: Sizes = Sizes { quick: &[1000], default: &[1000], full: &[1000, 3000] };

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("notify", "observer called", NOTIFY, "Sets a signal with n subscribers."),
    Scenario::new("notify_many", "observer called", NOTIFY_MANY, "Sets a signal with n subscribers, more than 1,000.").at(MANY),
    Scenario::new("churn", "replacement", NOTIFY, "Ends a random one of n subscriptions and makes a new one, 64 to 256 times.").at(FEW),
    Scenario::new("churn_many", "replacement", NOTIFY_MANY, "Ends a random one of n subscriptions and makes a new one, 64 times, with n greater than 1,000.").at(MANY),
    Scenario::new("read", "read", NOTHING, "Reads random signals of n, outside of any computation.").at(FEW),
    Scenario::new("write", "write", NOTHING, "Sets random signals of n that nobody observes.").at(FEW),
    Scenario::new("batch_100", "write", NOTIFY_BATCH, "Sets a signal with n subscribers 100 times in a batch.").at(FEW),
    Scenario::new("computed_cached", "read", TRACKED, "Reads n computed values that are up to date.").at(FEW),
    Scenario::new("computed_dirty", "set and read", TRACKED, "Changes the signal below each of n computed values and reads the value.").at(FEW),
    Scenario::new("tracked_batch_100", "write", TRACKED_BATCH, "Sets a signal with n effects 100 times in a batch.").at(SOME),
    Scenario::new("effect_dispose", "disposal", TRACKED, "Ends n effects of one signal in random order.").at(FEW),
    Scenario::new("tracked_effects", "effect run", TRACKED, "Sets a signal that n effects read."),
    Scenario::new("tracked_effects_many", "effect run", TRACKED_MANY, "Sets a signal that n effects read, more than 1,000.").at(MANY),
    Scenario::new("deep_chain", "computation", TRACKED, "Sets a signal below a chain of n computed values, each computed from the one before, with an effect at its end.").at(SHALLOW),
    Scenario::new("deep_chain_long", "computation", TRACKED_MANY, "Sets a signal below a chain of n computed values, more than 100, with an effect at its end.").at(DEEP),
    Scenario::new("broad_fan_out", "computation and effect", TRACKED, "Sets a signal below n computed values, each of which has an effect.").at(SOME),
    Scenario::new("diamonds", "computation", TRACKED, "Sets a signal below n computed values. One sum reads all of them, and one effect reads the sum.").at(SOME),
    Scenario::new("dynamic_dependencies", "effect run", TRACKED, "Sets a signal that decides on which of two others n effects depend.").at(SOME),
];

/// Makes a contender of an implementation of [`Notify`] alone, as [`contender`] does of both.
pub fn notify_contender<S: Notify>(about: About) -> Contender {
    let (set_up, replay) = (cases::set_up_notify::<S>, checks::replay_notify::<S>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay, concurrency: None }
}

/// Makes a contender of an implementation of [`Tracked`] alone, as [`contender`] does of both.
pub fn tracked_contender<S: Tracked>(about: About) -> Contender {
    let (set_up, replay) = (cases::set_up_tracked::<S>, checks::replay_tracked::<S>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay, concurrency: None }
}

/// Makes a contender of an implementation of both contracts. A contender's crate calls it, so that every scenario is
/// compiled there.
pub fn contender<S: Notify + Tracked>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<S>,
        replay: checks::replay::<S>,
        concurrency: None,
    }
}
