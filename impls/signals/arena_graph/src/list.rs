//! The subscribers of one signal, in order, in one block of memory.

use crate::owned::Owned;
use crate::state::NONE;

/// A subscriber's closure.
pub type Callback = Owned<dyn Fn(u64)>;

/// Up to this length a list is treated as if it had this length: closing its gaps early would gain little.
const SHORT_LIST: usize = 16;

/// A subscriber, or a gap where one was.
pub struct Listener {
    /// What to call; in a gap, a closure that does nothing.
    pub callback: Callback,
    /// Its entry in the table of subscriptions; [`NONE`] in a gap.
    pub subscription: u32,
}

/// The subscribers of one signal.
///
/// While a round is going on, listeners are appended, but none is moved to another index and none is removed: a
/// subscriber that unsubscribes leaves a gap. So a round walks by index, looks only at the callback, and needs no copy.
#[derive(Default)]
pub struct List {
    /// Subscribers and gaps.
    pub listeners: Vec<Listener>,
    /// The number of gaps among them.
    pub gaps: u32,
    /// The number of rounds that are going on, one within the other.
    pub rounds: u32,
}

impl List {
    /// Turns a listener into a gap and returns its callback. Allocates nothing, because the closure in a gap is empty.
    pub fn vacate(&mut self, position: usize) -> Callback {
        let listener = &mut self.listeners[position];
        listener.subscription = NONE;
        self.gaps += 1;
        std::mem::replace(&mut listener.callback, Owned::new(Box::new(|_| {})))
    }

    /// Closes gaps if they are half of the list. So the moves are O(1) per gap, and, unless the list is short, no round
    /// walks over more gaps than subscribers. `moved` is told of each listener's new index.
    pub fn close_gaps(&mut self, mut moved: impl FnMut(u32, u32)) {
        if self.rounds > 0 || self.gaps as usize * 2 < self.listeners.len().max(SHORT_LIST) {
            return;
        }
        self.gaps = 0;
        self.listeners.retain(|listener| listener.subscription != NONE);
        for (position, listener) in self.listeners.iter().enumerate() {
            moved(listener.subscription, position as u32);
        }
    }
}
