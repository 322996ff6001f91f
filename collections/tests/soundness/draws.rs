//! Random numbers from a seed. `tests/threads.rs` uses this file, too.

use scenarios::input::mix;

/// Random numbers from a seed.
pub struct Draws(pub u64);

impl Draws {
    /// A number less than `bound`, or 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(1);
        (mix(self.0) >> 20) as usize % bound.max(1)
    }
}
