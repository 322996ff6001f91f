//! Random numbers that are the same in every run.

/// SplitMix64.
pub struct Draws(pub u64);

impl Draws {
    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.number()) * bound as u128) >> 64) as usize
    }

    /// Puts values into another order.
    pub fn shuffle(&mut self, values: &mut [f64]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
impl Draws {
    /// A number between zero and one.
    pub fn unit(&mut self) -> f64 {
        ((self.number() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A number whose logarithm is evenly distributed.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        (low.ln() + (high / low).ln() * self.unit()).exp()
    }

    /// The value with normally distributed noise, of which this share is the standard deviation.
    pub fn noisy(&mut self, value: f64, share: f64) -> f64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (2.0 * std::f64::consts::PI * self.unit()).cos();
        value * (1.0 + share * normal)
    }

    /// The sizes of most bottlenecks, or any other 5 to 8 sizes over 2 to 5 decades, evenly spaced on a logarithmic axis.
    pub fn sizes(&mut self) -> Vec<u64> {
        if self.number().is_multiple_of(3) {
            return vec![8, 32, 100, 1000, 10_000, 100_000];
        }
        let (count, smallest, span) =
            (5 + self.number() % 4, self.between(4.0, 200.0), self.between(102.0, 100_000.0));
        let size = |at: u64| (smallest * span.powf(at as f64 / (count - 1) as f64)).round() as u64;
        (0..count).map(size).collect()
    }
}
