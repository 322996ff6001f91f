//! Whether somebody else uses the core.
//!
//! On a shared machine a neighbour on the other hardware thread of a core takes half of its execution units, for
//! milliseconds or minutes, and no count of the operating system shows it. A loop that keeps these units busy does: it
//! takes up to 1.5 times as long then, and so does whatever is timed.

use std::hint::black_box;
use std::time::Instant;

/// Steps of the loop: some microseconds.
const STEPS: u32 = 2000;

/// Loops that are timed before the first question.
const FIRST: usize = 100;

/// A loop that takes so many times as long as in calm is disturbed. Alone on its core it varies by 3 %; with a neighbour
/// it takes at least 10 % longer.
const DISTURBED: f64 = 1.07;

/// The watch of one process.
#[derive(Debug)]
pub struct Calm {
    chains: [u64; 6],
    /// Nanoseconds of a loop in calm.
    level: f64,
    /// The same, as far as this process alone knows.
    own_level: f64,
}

impl Calm {
    /// A watch that knows what a loop took in other processes, if there were any.
    pub fn new(told: Option<f64>) -> Self {
        let mut calm = Calm { chains: [1, 2, 3, 4, 5, 6], level: 0.0, own_level: 0.0 };
        let mut loops: Vec<f64> = (0..FIRST).map(|_| calm.time()).collect();
        // The fastest tenth is faster.
        calm.own_level = *loops.select_nth_unstable_by(FIRST / 10, f64::total_cmp).1;
        calm.level = told.map_or(calm.own_level, |told| calm.own_level.min(told));
        calm
    }

    /// Nanoseconds that a loop took in calm in this process.
    pub fn own_level(&self) -> f64 {
        self.own_level
    }

    /// Whether the core is this thread's alone just now.
    pub fn is_calm(&mut self) -> bool {
        self.time() <= self.level * DISTURBED
    }

    fn time(&mut self) -> f64 {
        let start = Instant::now();
        self.work();
        start.elapsed().as_nanos() as f64
    }

    /// Chains of additions that do not wait for each other: enough to keep all units for integers busy.
    #[inline(never)]
    fn work(&mut self) {
        let mut chains = self.chains;
        for _ in 0..STEPS {
            for (at, chain) in chains.iter_mut().enumerate() {
                *chain = chain.wrapping_add(*chain >> (2 * at + 3)) ^ 1;
            }
        }
        self.chains = black_box(chains);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_compared_with_the_calmest_process() {
        // A loop takes longer than a nanosecond by far, and less than a second.
        assert!(!Calm::new(Some(1.0)).is_calm());
        let mut calm = Calm::new(Some(1e9));
        assert!(calm.level == calm.own_level && calm.own_level > 1.0);
        calm.level = 1e9;
        assert!(calm.is_calm());
    }
}
