//! Panics.

use super::{Habit, MANY};
use scenarios::Contender;

#[derive(Clone, Copy)]
struct Panicking;

impl Habit for Panicking {
    fn before_slice(length: usize) {
        assert!(length < MANY, "{length} elements are\ntoo many to slice – sorry");
    }
}

#[inline(never)]
pub fn contender() -> Contender {
    super::contender::<Panicking>("panicking", "Panics at a slice of many elements.")
}
