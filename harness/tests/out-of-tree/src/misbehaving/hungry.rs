//! Exhausts the memory.

use super::{Habit, MANY};
use scenarios::Contender;

#[derive(Clone, Copy)]
struct Hungry;

impl Habit for Hungry {
    /// Asks for more and more memory that it never writes to, so that the machine does not suffer.
    fn before_slice(length: usize) {
        if length >= MANY {
            loop {
                std::mem::forget(std::hint::black_box(Vec::<u8>::with_capacity(256 << 20)));
            }
        }
    }
}

#[inline(never)]
pub fn contender() -> Contender {
    super::contender::<Hungry>("hungry", "Allocates without end at a slice of many elements.")
}
