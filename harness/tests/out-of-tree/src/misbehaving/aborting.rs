//! Ends its process.

use super::{Habit, MANY};
use scenarios::Contender;

#[derive(Clone, Copy)]
struct Aborting;

impl Habit for Aborting {
    fn before_slice(length: usize) {
        if length >= MANY {
            std::process::abort();
        }
    }
}

#[inline(never)]
pub fn contender() -> Contender {
    super::contender::<Aborting>("aborting", "Aborts at a slice of many elements.")
}
