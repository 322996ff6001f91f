//! Exhausts the memory.

use super::{Habit, MANY};
use scenarios::Contender;

#[derive(Clone, Copy)]
struct Hungry;

impl Habit for Hungry {
    /// Asks for more and more memory that it never writes to, so that the machine does not suffer.
    fn before_slice(length: usize) {
        let mut hoard: Vec<Vec<u8>> = Vec::new();
        while length >= MANY {
            hoard.push(Vec::with_capacity(256 << 20));
            std::hint::black_box(&hoard);
        }
    }
}

pub fn contender() -> Contender {
    super::contender::<Hungry>("hungry", "Allocates without end at a slice of many elements.")
}
