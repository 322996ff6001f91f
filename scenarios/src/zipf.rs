//! Draws by Zipf's law: a few are frequent, most are rare.

use rand::RngExt;

use crate::input::Rng;

/// Draws from `1..=count`: `k` with a chance in proportion to `k` to the power of -0.99.
///
/// The chances of the first ranks are exact. Beyond them the distribution's integral is inverted. The power of 0.01 and
/// its inverse are computed by multiplications alone, so that draws are the same on every machine.
pub(crate) struct Zipf {
    count: u64,
    /// The weights of the first ranks, each added to those before it.
    head: Vec<f64>,
    /// The rank at which the tail begins, to the power of 0.01.
    tail_start: f64,
    total: f64,
}

impl Zipf {
    /// How many ranks have exact chances.
    const HEAD: u64 = 64;

    pub(crate) fn new(count: u64) -> Self {
        let mut sum = 0.0;
        let head: Vec<f64> = (1..=count.min(Self::HEAD))
            .map(|rank| {
                sum += hundredth_root(rank as f64) / rank as f64;
                sum
            })
            .collect();
        let tail_start = hundredth_root(Self::HEAD as f64 + 0.5);
        let tail =
            if count > Self::HEAD { 100.0 * (hundredth_root(count as f64 + 0.5) - tail_start) } else { 0.0 };
        Zipf { count, head, tail_start, total: sum + tail }
    }

    pub(crate) fn draw(&self, rng: &mut Rng) -> u64 {
        let at = (rng.random::<u64>() >> 11) as f64 / (1u64 << 53) as f64 * self.total;
        let in_head = self.head[self.head.len() - 1];
        if at < in_head || self.count <= Self::HEAD {
            let rank = self.head.partition_point(|sum| *sum <= at) as u64 + 1;
            return rank.min(self.count);
        }
        let root = self.tail_start + (at - in_head) / 100.0;
        let rank = (hundredth_power(root) + 0.5) as u64;
        rank.clamp(Self::HEAD + 1, self.count)
    }
}

fn hundredth_power(value: f64) -> f64 {
    let to_4 = (value * value) * (value * value);
    let to_16 = (to_4 * to_4) * (to_4 * to_4);
    let to_32 = to_16 * to_16;
    to_32 * to_32 * to_32 * to_4
}

/// For values from 1 to 10¹².
fn hundredth_root(value: f64) -> f64 {
    let (mut low, mut high) = (1.0, 2.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if hundredth_power(middle) < value { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::rng;

    #[test]
    fn zipf_draws_have_the_chances_they_should() {
        for count in [10, 64, 65, 5000] {
            let zipf = Zipf::new(count);
            let mut rng = rng("zipf", count as usize);
            let draws = 400_000;
            let mut drawn = vec![0u32; count as usize + 1];
            (0..draws).for_each(|_| drawn[zipf.draw(&mut rng) as usize] += 1);
            assert_eq!(drawn[0], 0);
            let weight = |rank: usize| (rank as f64).powf(-0.99);
            let total: f64 = (1..=count as usize).map(weight).sum();
            for ranks in [1..2, 2..3, 9..11, 50..60, 60..70, 64..65, 65..66, 100..200, 1000..5001] {
                if ranks.end > count as usize + 1 {
                    continue;
                }
                let expected = ranks.clone().map(weight).sum::<f64>() / total * f64::from(draws);
                let observed = f64::from(drawn[ranks.clone()].iter().sum::<u32>());
                // Five standard deviations.
                assert!((observed - expected).abs() < 5.0 * expected.sqrt(), "{count}, {ranks:?}");
            }
        }
    }
}
