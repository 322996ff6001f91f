//! Medians and their intervals.

use reports::record::Interval;
pub use scenarios::concurrency::quantile;

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

/// The median and the interval between two of the values that holds the true median with at least 95 %, whatever the
/// values' distribution is. Of fewer than six values, no two are far enough apart: the interval is then all of them, and
/// holds the true median in all but 2 of 2ⁿ cases. There are at least one and at most a thousand values.
pub fn interval(values: &mut [f64]) -> Interval {
    values.sort_unstable_by(f64::total_cmp);
    let left_out = left_out(values.len());
    Interval { low: values[left_out], median: median(values), high: values[values.len() - 1 - left_out] }
}

/// How many of so many sorted values lie outside the interval on either side.
///
/// Each value lies below the true median as often as above it. So the interval from the (k+1)-th to the (k+1)-th last
/// value misses it only if at most k of n fair coins show one side.
fn left_out(count: usize) -> usize {
    let mut ways = 1.0; // of choosing k of n
    let mut misses = 0.0;
    for k in 0..count / 2 {
        misses += 2.0 * ways * 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
        if misses > 0.05 {
            return k.saturating_sub(1);
        }
        ways *= (count - k) as f64 / (k + 1) as f64;
    }
    (count / 2).saturating_sub(1)
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
    fn a_part_of_the_values_is_no_larger_than_the_quantile() {
        let mut values: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        for (part, expected) in [(0.0, 1.0), (0.05, 1.0), (0.5, 5.0), (0.9, 9.0), (0.91, 10.0), (1.0, 10.0)] {
            assert_eq!(quantile(&mut values, part), expected, "{part}");
        }
        assert_eq!(quantile(&mut [7.0], 0.9), 7.0);
    }

    /// The order statistics that tables of the sign test give for 95 %.
    #[test]
    fn the_interval_lies_between_the_order_statistics_of_the_sign_test() {
        let known = [
            (1, 1),
            (2, 1),
            (5, 1),
            (6, 1),
            (8, 1),
            (9, 2),
            (12, 3),
            (15, 4),
            (20, 6),
            (25, 8),
            (30, 10),
            (100, 40),
        ];
        for (count, rank) in known {
            let mut values: Vec<f64> = (1..=count).rev().map(f64::from).collect();
            let interval = interval(&mut values);
            assert_eq!(
                (interval.low, interval.high),
                (f64::from(rank), f64::from(count + 1 - rank)),
                "{count}"
            );
            assert_eq!(interval.median, f64::from(count + 1) / 2.0);
        }
    }
}
