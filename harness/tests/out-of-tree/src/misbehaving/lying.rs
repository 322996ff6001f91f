//! Right as long as `verify` looks, wrong in large cells: the digest finds it.

use super::{Habit, MANY};
use scenarios::Contender;

#[derive(Clone, Copy)]
struct Lying;

impl Habit for Lying {
    /// Reads the element before where there are many.
    fn index_for(index: usize) -> usize {
        if index >= MANY { index - 1 } else { index }
    }
}

#[inline(never)]
pub fn contender() -> Contender {
    super::contender::<Lying>("lying", "Gets the element before where there are many.")
}
