//! The subscribers of one signal, in order, in one block of memory.

use crate::owned::Owned;
use crate::state::NONE;

/// What subscribers are called with.
pub type Callback = Owned<dyn Fn(u64)>;

/// A subscriber, or a gap where one was.
pub struct Listener {
    /// What to call; in a gap, something that does nothing.
    pub callback: Callback,
    /// Its entry in the table of subscriptions; [`NONE`] in a gap.
    pub subscription: u32,
}

/// The subscribers of one signal.
///
/// While a round is going on, listeners are appended but never moved to another index, and none is removed: who
/// unsubscribes leaves a gap. So a round walks by index, looks nowhere but at the callback, and needs no copy.
#[derive(Default)]
pub struct List {
    /// Subscribers and gaps.
    pub listeners: Vec<Listener>,
    /// How many of them are gaps.
    pub gaps: u32,
    /// Rounds going on, one within the other.
    pub rounds: u32,
}

impl List {
    /// Makes a listener a gap and returns its callback. Allocates nothing: the closure in a gap is empty.
    pub fn vacate(&mut self, position: usize) -> Callback {
        let listener = &mut self.listeners[position];
        listener.subscription = NONE;
        self.gaps += 1;
        std::mem::replace(&mut listener.callback, Owned::new(Box::new(|_| {})))
    }

    /// Closes gaps if they are half of the list, so that each costs a move of constant size, and no round walks
    /// more than it calls twice over. `moved` is told of each listener's new index.
    pub fn close_gaps(&mut self, mut moved: impl FnMut(u32, u32)) {
        if self.rounds > 0 || self.gaps as usize * 2 < self.listeners.len().max(16) {
            return;
        }
        self.gaps = 0;
        self.listeners.retain(|listener| listener.subscription != NONE);
        for (position, listener) in self.listeners.iter().enumerate() {
            moved(listener.subscription, position as u32);
        }
    }
}
