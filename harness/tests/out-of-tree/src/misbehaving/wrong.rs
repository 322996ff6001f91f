//! Subtly wrong, and in small vectors already: `verify` finds it.

use super::Habit;
use scenarios::Contender;

/// The habit of popping what is not last.
#[derive(Clone, Copy)]
pub struct Wrong;

impl Habit for Wrong {
    /// Of more than forty elements it takes the last but one.
    fn pop<T>(elements: &mut Vec<T>) -> Option<T> {
        match elements.len() {
            length @ 41.. => Some(elements.remove(length - 2)),
            _ => elements.pop(),
        }
    }
}

#[inline(never)]
pub fn contender() -> Contender {
    super::contender::<Wrong>("wrong", "Pops the last but one of more than forty elements.")
}
