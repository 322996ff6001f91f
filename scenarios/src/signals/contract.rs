//! The contract: what a contender implements.

use std::fmt;

/// Why an operation on a signal or a computed value failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The signal was disposed of.
    Gone,
    /// The computation depends on itself.
    Cycle,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Gone => "the signal was disposed of",
            Error::Cycle => "the computation depends on itself",
        })
    }
}

impl std::error::Error for Error {}

/// A world of signals with values of 64 bits, for one thread. The type is a handle: its clones name the same world, so
/// that callbacks can own one.
pub trait Signals: Clone + 'static {
    /// Whether [`batch`](Signals::batch) defers notifications.
    const BATCHES: bool;
    /// Names a signal.
    type Signal: Clone + 'static;
    /// An empty world.
    fn new() -> Self;
    /// A new signal. O(1).
    fn signal(&self, value: u64) -> Self::Signal;
    /// The signal's value. Within a computation of the same world the signal becomes a dependency of that. O(1).
    ///
    /// # Errors
    /// [`Error::Gone`] if the signal was disposed of.
    fn read(&self, signal: &Self::Signal) -> Result<u64, Error>;
    /// The signal's value. The signal becomes nobody's dependency. O(1).
    ///
    /// # Errors
    /// [`Error::Gone`] if the signal was disposed of.
    fn peek(&self, signal: &Self::Signal) -> Result<u64, Error>;
    /// Changes the value and notifies all whom the change concerns. Outside of batches it does so before it returns.
    ///
    /// # Errors
    /// [`Error::Gone`] if the signal was disposed of.
    ///
    /// # Panics
    /// If a callback or an effect panicked, after all others have run.
    fn set(&self, signal: &Self::Signal, value: u64) -> Result<(), Error>;
    /// Calls `f`, and notifies of the changes that it made when it is done. Changes in nested batches are notified at the
    /// end of the outermost one.
    fn batch(&self, f: impl FnOnce());
    /// Drops every callback, computation and effect. These usually own a handle of their world and would keep it alive
    /// for ever.
    fn clear(&self);
}

/// Calls back when signals change.
pub trait Notify: Signals {
    /// Names a subscription.
    type Subscription: Clone + 'static;
    /// Calls `callback` with the new value in each round of the signal from the next one on. A callback that is
    /// subscribed twice has two subscriptions.
    ///
    /// # Errors
    /// [`Error::Gone`] if the signal was disposed of.
    fn subscribe(
        &self,
        signal: &Self::Signal,
        callback: impl Fn(u64) + 'static,
    ) -> Result<Self::Subscription, Error>;
    /// Ends a subscription at once, even in the middle of a round. Returns `false` if it had ended before.
    fn unsubscribe(&self, subscription: &Self::Subscription) -> bool;
    /// Disposes of a signal and ends its subscriptions, even in the middle of a round. Returns `false` if it was
    /// gone already.
    fn dispose(&self, signal: &Self::Signal) -> bool;
}

/// Keeps computed values and effects up to date.
///
/// After each change outside of a batch, and after each outermost batch, an effect runs once if anything that it read
/// when it last ran has another value now. It never sees a mixture of old and new values.
///
/// Signals, computed values and effects may be made within effects and computations. They are nobody's dependencies by
/// that, and a signal or computed value lives as long as somebody has its name or depends on it. Whoever makes an effect
/// ends it; a contender may also end it when the effect within which it was made runs again or ends.
pub trait Tracked: Signals {
    /// Names a computed value.
    type Computed: Clone + 'static;
    /// Names an effect.
    type Effect: Clone + 'static;
    /// A value that is computed from signals and other computed values. It is kept until something changes that its
    /// computation read.
    fn computed(&self, compute: impl Fn() -> Result<u64, Error> + 'static) -> Self::Computed;
    /// The computed value, brought up to date. Within a computation it becomes a dependency of that.
    ///
    /// # Errors
    /// The error that the computation returned; [`Error::Cycle`] if the computation is running now.
    fn get(&self, computed: &Self::Computed) -> Result<u64, Error>;
    /// Runs `run` now, and whenever something that it read has changed.
    fn effect(&self, run: impl Fn() + 'static) -> Self::Effect;
    /// Ends an effect, so that it does not run again. Returns `false` if it had ended before.
    fn dispose_effect(&self, effect: &Self::Effect) -> bool;
    /// Calls `f`. What that reads becomes nobody's dependency.
    fn untracked<R>(&self, f: impl FnOnce() -> R) -> R;
}
