//! The paired meter: the contenders of one cell group run interleaved, in rounds, each round in a
//! random order; what is reported is the median over the rounds of the *ratio* to the reference.
//!
//! Two runs of a timer on a shared machine differ by per cents; two contenders in the same round see
//! the same machine, so their ratio is an order of magnitude steadier.

use std::time::{Duration, Instant};

use rand::seq::{IndexedRandom, SliceRandom};
use reports::record::Interval;
use scenarios::Case;
use scenarios::input::{Rng, rng};

use super::wall::{regions_within, time, trial};
use crate::measure::budget::PairedBudget;

/// Fewest rounds, whatever they cost: below, an interval means nothing.
const MIN_ROUNDS: usize = 7;
const MAX_ROUNDS: usize = 1000;

/// Ratio of each case's time per operation to that of the first, in the order of `cases`.
pub fn measure(cases: &mut [Box<dyn Case>], budget: PairedBudget) -> Vec<Interval> {
    let mut cycles = Vec::with_capacity(cases.len());
    let mut round_time = Duration::ZERO;
    for case in cases.iter_mut() {
        let (arm, run) = trial(&mut **case);
        let regions = regions_within(budget.slice, run);
        round_time += (arm + run) * regions as u32;
        cycles.push(regions);
    }
    let total = budget.per_contender * u32::try_from(cases.len()).unwrap_or(u32::MAX);
    let rounds = total.as_nanos() / round_time.as_nanos().max(1);
    let rounds = usize::try_from(rounds).unwrap_or(MAX_ROUNDS).clamp(MIN_ROUNDS, MAX_ROUNDS);

    let mut random = rng("paired", cases.len());
    let mut order: Vec<usize> = (0..cases.len()).collect();
    let mut times = vec![Vec::with_capacity(rounds); cases.len()];
    let end = Instant::now() + total * 3;
    for round in 0..rounds {
        order.shuffle(&mut random);
        for &at in &order {
            let case = &mut *cases[at];
            let operations = (cycles[at] * case.ops()) as f64;
            times[at].push(time(case, cycles[at]).as_nanos() as f64 / operations);
        }
        // The trial can be far off on a loaded machine: the budget is a bound, not only a plan.
        if round + 1 >= MIN_ROUNDS && Instant::now() > end {
            break;
        }
    }
    let reference = times[0].clone();
    times.iter().map(|own| ratio(own, &reference, &mut random)).collect()
}

/// The median of the ratios, value by value, and its 95 % bootstrap interval.
pub fn ratio(own: &[f64], reference: &[f64], random: &mut Rng) -> Interval {
    const RESAMPLES: usize = 500;
    let mut ratios: Vec<f64> = own.iter().zip(reference).map(|(own, reference)| own / reference).collect();
    let point = median(&mut ratios);
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let mut resample: Vec<f64> =
                ratios.iter().map(|_| *ratios.choose(random).expect("there is a round")).collect();
            median(&mut resample)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    Interval { median: point, low: medians[RESAMPLES * 25 / 1000], high: medians[RESAMPLES * 975 / 1000 - 1] }
}

/// The median; there is at least one value.
pub fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if below.len() == middle && values.len().is_multiple_of(2) {
        let lower = values[..middle].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        return f64::midpoint(lower, upper);
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_odd_and_an_even_count() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&mut [7.0]), 7.0);
    }

    #[test]
    fn the_ratio_is_taken_round_by_round() {
        // The machine slows down tenfold half-way; the ratio does not.
        let reference = [1.0, 1.0, 1.0, 10.0, 10.0, 10.0, 10.0];
        let own = reference.map(|time| time * 2.0);
        let ratio = ratio(&own, &reference, &mut rng("test", 1));
        assert_eq!((ratio.low, ratio.median, ratio.high), (2.0, 2.0, 2.0));
    }

    #[test]
    fn the_interval_covers_the_spread_of_the_median() {
        let reference = [1.0; 101];
        let own: Vec<f64> = (0..101).map(|at| 1.0 + f64::from(at) / 100.0).collect();
        let ratio = ratio(&own, &reference, &mut rng("test", 2));
        assert_eq!(ratio.median, 1.5);
        assert!(ratio.low > 1.3 && ratio.low < 1.5 && ratio.high > 1.5 && ratio.high < 1.7, "{ratio:?}");
    }
}
