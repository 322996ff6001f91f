//! Loops for ever.

use super::{Habit, MANY};
use scenarios::Contender;

#[derive(Clone, Copy)]
struct Looping;

impl Habit for Looping {
    fn before_slice(length: usize) {
        if length >= MANY {
            loop {
                std::thread::park();
            }
        }
    }
}

#[inline(never)]
pub fn contender() -> Contender {
    super::contender::<Looping>("looping", "Never comes back from a slice of many elements.")
}
