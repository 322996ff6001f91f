//! Steps: where the values of a series change.
//!
//! **Counts** are exact. A value is a step if it differs from the value at the last step by more than the gate tolerates.
//! It is compared with that one and not with its neighbour, so growth in many small parts is found, too.
//!
//! **Times** are noisy. Their logarithms are segmented as in circular binary segmentation (Olshen and others, 2004): the
//! best place to cut a series in two is a step if shuffled values have one as good in at most two per cent of the cases. If
//! no place is, the same is asked of the best piece to cut out, because a change that is taken back moves no mean. The
//! pieces are cut again. A step that does not hold between its two neighbours is taken back at the end. Nothing is assumed
//! of how the noise is distributed, only that its order means nothing.

use crate::draws::Draws;
use crate::metric::Metric;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The index of the first value after it.
    pub at: usize,
    /// The level before: of counts the value, of times the geometric mean.
    pub before: f64,
    /// The level after.
    pub after: f64,
}

/// The growth that is no step of an exact metric that does not gate, as a share.
const SHARE: f64 = 0.005;

/// The steps of an exact metric.
pub fn of_counts(metric: Metric, totals: &[u64]) -> Vec<Step> {
    let mut steps = Vec::new();
    let Some(mut level) = totals.first().copied() else { return steps };
    for (at, total) in totals.iter().copied().enumerate() {
        let share = || (level as f64 * SHARE) as u64;
        if total.abs_diff(level) > metric.about().gate.tolerance(level, 0).unwrap_or_else(share) {
            steps.push(Step { at, before: level as f64, after: total as f64 });
            level = total;
        }
    }
    steps
}

/// In fewer times no step can be found: their order says too little.
pub const LEAST_TIMES: usize = 10;

/// Of a longer series only this many of the newest values are asked, so that the time stays bounded.
pub const MOST_TIMES: usize = 512;

/// A step has so many values on either side. What is shorter is an outlier.
const LEAST_PIECE: usize = 3;

/// The share of series without a change in which a test finds one. There are two tests.
const LEVEL: f64 = 0.02;

/// How often a test shuffles.
const SHUFFLES: usize = 499;

/// The steps of a series of times.
pub fn of_times(values: &[f64]) -> Vec<Step> {
    if values.len() < LEAST_TIMES {
        return Vec::new();
    }
    let skipped = values.len().saturating_sub(MOST_TIMES);
    let asked = &values[skipped..];
    // A time of zero has no logarithm.
    let is_positive = asked.iter().all(|value| *value > 0.0);
    let scaled: Vec<f64> =
        if is_positive { asked.iter().map(|value| value.ln()).collect() } else { asked.to_vec() };
    let mut draws = Draws(asked.len() as u64);
    let mut cuts = Vec::new();
    cut(&scaled, 0, &mut draws, &mut cuts);
    cuts.sort_unstable();
    take_back(&scaled, &mut cuts, &mut draws);
    settle(&scaled, &mut cuts);
    let level = |from: usize, to: usize| {
        let mean = scaled[from..to].iter().sum::<f64>() / (to - from) as f64;
        if is_positive { mean.exp() } else { mean }
    };
    let step = |[before, cut, after]: [usize; 3]| Step {
        at: skipped + cut,
        before: level(before, cut),
        after: level(cut, after),
    };
    neighbours(&cuts, scaled.len()).map(step).collect()
}

/// Each cut with its neighbours: the cuts beside it, or the ends.
fn neighbours(cuts: &[usize], end: usize) -> impl Iterator<Item = [usize; 3]> + '_ {
    let before = |at: usize| if at == 0 { 0 } else { cuts[at - 1] };
    (0..cuts.len()).map(move |at| [before(at), cuts[at], cuts.get(at + 1).copied().unwrap_or(end)])
}

/// Cuts a piece of a series, and what comes of it.
fn cut(values: &[f64], offset: usize, draws: &mut Draws, cuts: &mut Vec<usize>) {
    let Some(found) = best_cuts(values, draws) else { return };
    let ends: Vec<usize> = [0].into_iter().chain(found.iter().copied()).chain([values.len()]).collect();
    cuts.extend(found.iter().map(|at| offset + at));
    for pair in ends.windows(2) {
        cut(&values[pair[0]..pair[1]], offset + pair[0], draws, cuts);
    }
}

/// Where to cut a piece: in two, or out of it; `None` if shuffled values could be cut as well.
fn best_cuts(values: &[f64], draws: &mut Draws) -> Option<Vec<usize>> {
    if chance(values, |values| in_two(values).0, draws) <= LEVEL {
        return Some(vec![in_two(values).1]);
    }
    if chance(values, |values| out(values).0, draws) <= LEVEL {
        let (_, [from, to]) = out(values);
        return Some([from, to].into_iter().filter(|at| *at != 0 && *at != values.len()).collect());
    }
    None
}

/// How much of the squares a cut into a part of `count` values with this `sum` explains, where all have mean zero.
fn gain(sum: f64, count: usize, all: usize) -> f64 {
    sum * sum * all as f64 / (count as f64 * (all - count) as f64)
}

/// The sums of the first values, less the mean: of none, of one, and so on.
fn sums(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let mut sum = 0.0;
    let first = values.iter().map(|value| {
        sum += value - mean;
        sum
    });
    [0.0].into_iter().chain(first).collect()
}

/// The best place to cut values in two, and its gain.
fn in_two(values: &[f64]) -> (f64, usize) {
    let all = values.len();
    let sums = sums(values);
    let places = LEAST_PIECE..=all.saturating_sub(LEAST_PIECE);
    let gains = places.map(|at| (gain(sums[at], at, all), at));
    gains.fold((0.0, 0), |best, found| if found.0 > best.0 { found } else { best })
}

/// The best piece to cut out of values, and its gain.
fn out(values: &[f64]) -> (f64, [usize; 2]) {
    let all = values.len();
    let sums = sums(values);
    let mut best = (0.0, [0; 2]);
    let is_end = |at: usize| at == 0 || at == all;
    let is_place = |at: usize| is_end(at) || (at >= LEAST_PIECE && at + LEAST_PIECE <= all);
    for from in (0..all).filter(|at| is_place(*at)) {
        for to in (from + LEAST_PIECE..=all).filter(|at| is_place(*at)) {
            if is_end(from) && is_end(to) {
                continue;
            }
            let gain = gain(sums[to] - sums[from], to - from, all);
            if gain > best.0 {
                best = (gain, [from, to]);
            }
        }
    }
    best
}

/// In which share of shuffles values have at least this gain, the values as they are included. Where it is clearly above
/// [`LEVEL`] it is not counted to the end.
fn chance(values: &[f64], gain: impl Fn(&[f64]) -> f64, draws: &mut Draws) -> f64 {
    let found = gain(values);
    if values.len() < 2 * LEAST_PIECE || found <= 0.0 {
        return 1.0;
    }
    // Sums of the same values in another order differ in their last digits.
    let as_good = found * (1.0 - 1e-9);
    let enough = (LEVEL * (SHUFFLES + 1) as f64) as usize;
    let mut shuffled = values.to_vec();
    let mut better = 0;
    for done in 1..=SHUFFLES {
        draws.shuffle(&mut shuffled);
        better += usize::from(gain(&shuffled) >= as_good);
        if better >= enough {
            return (better + 1) as f64 / (done + 1) as f64;
        }
    }
    (better + 1) as f64 / (SHUFFLES + 1) as f64
}

/// Takes back cuts that do not hold between their neighbours, the least certain first.
fn take_back(values: &[f64], cuts: &mut Vec<usize>, draws: &mut Draws) {
    loop {
        let chances = neighbours(cuts, values.len())
            .map(|[before, _, after]| chance(&values[before..after], |values| in_two(values).0, draws));
        let worst = chances.enumerate().max_by(|left, right| left.1.total_cmp(&right.1));
        match worst {
            Some((at, chance)) if chance > LEVEL => cuts.remove(at),
            _ => return,
        };
    }
}

/// Moves every cut to the best place between its neighbours: the first cuts were made in sight of changes that later ones
/// found.
fn settle(values: &[f64], cuts: &mut [usize]) {
    for at in 0..cuts.len() {
        let before = if at == 0 { 0 } else { cuts[at - 1] };
        let after = cuts.get(at + 1).copied().unwrap_or(values.len());
        cuts[at] = before + in_two(&values[before..after]).1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(steps: &[Step]) -> Vec<usize> {
        steps.iter().map(|step| step.at).collect()
    }

    #[test]
    fn a_count_that_the_gate_would_not_tolerate_is_a_step() {
        let cases: [(Metric, &[u64], &[usize]); 10] = [
            (Metric::Instructions, &[], &[]),
            (Metric::Instructions, &[5], &[]),
            (Metric::Instructions, &[100_000, 100_500, 100_000, 99_500], &[]),
            (Metric::Instructions, &[100_000, 100_501, 100_501, 99_000], &[1, 3]),
            (Metric::Instructions, &[1_000, 1_200, 1_201], &[2]),
            // It creeps: no value is far from its neighbour.
            (Metric::Instructions, &[100_000, 100_300, 100_600, 100_900, 101_200], &[2, 4]),
            (Metric::Blocks, &[0, 0, 1, 1, 0], &[2, 4]),
            (Metric::Bytes, &[8, 9, 9], &[1]),
            (Metric::Frees, &[1_000, 1_005, 1_006], &[2]),
            (Metric::Frees, &[0, 0, 1], &[2]),
        ];
        for (metric, totals, expected) in cases {
            assert_eq!(places(&of_counts(metric, totals)), expected, "{metric:?} {totals:?}");
        }
        let step = of_counts(Metric::Bytes, &[8, 9])[0];
        assert_eq!((step.before, step.after), (8.0, 9.0));
    }

    /// Noise of standard deviation 1.
    #[derive(Clone, Copy, Debug)]
    enum Noise {
        Normal,
        Uniform,
        /// With long tails.
        Laplace,
        /// Mostly normal; one value in twenty lies far out on one side, as where a neighbour takes the core.
        Disturbed,
    }

    struct Generator(Draws);

    impl Generator {
        fn share(&mut self) -> f64 {
            self.0.unit()
        }

        fn between(&mut self, from: usize, to: usize) -> usize {
            from + (self.share() * (to - from) as f64) as usize
        }

        fn normal(&mut self) -> f64 {
            (-2.0 * self.share().ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos()
        }

        fn noise(&mut self, noise: Noise) -> f64 {
            match noise {
                Noise::Normal => self.normal(),
                Noise::Uniform => (self.share() - 0.5) * 12f64.sqrt(),
                Noise::Laplace => {
                    let share = self.share() - 0.5;
                    -share.signum() * (1.0 - 2.0 * share.abs()).ln() / 2f64.sqrt()
                }
                Noise::Disturbed if self.share() < 0.05 => 6.0 + self.normal(),
                Noise::Disturbed => self.normal(),
            }
        }

        /// Times of about 100 ns whose logarithms have noise of one per cent and these levels, in units of that noise.
        fn times(&mut self, noise: Noise, levels: impl Fn(usize) -> f64, length: usize) -> Vec<f64> {
            let time = |at| 100.0 * (0.01 * (levels(at) + self.noise(noise))).exp();
            (0..length).map(time).collect()
        }
    }

    const SERIES: usize = 1000;

    #[test]
    fn few_series_without_a_change_have_a_step() {
        for noise in [Noise::Normal, Noise::Uniform, Noise::Laplace, Noise::Disturbed] {
            let mut generator = Generator(Draws(1));
            let alarms = (0..SERIES).filter(|_| {
                let length = generator.between(LEAST_TIMES, 80);
                !of_times(&generator.times(noise, |_| 0.0, length)).is_empty()
            });
            let alarms = alarms.count();
            eprintln!("{noise:?}: {alarms} of {SERIES} series without a change have a step");
            assert!(alarms * 100 <= SERIES * 5, "{noise:?}: {alarms} false alarms");
        }
    }

    /// How many series of these `changes` have each of them within one place, and how many have more steps than that.
    fn found(noise: Noise, changes: usize, shift: f64, seed: u64) -> (usize, usize) {
        let mut generator = Generator(Draws(seed));
        let (mut found, mut more) = (0, 0);
        for _ in 0..SERIES {
            let mut ends = vec![0];
            for _ in 0..=changes {
                ends.push(ends.last().unwrap() + generator.between(6, 25));
            }
            let length = ends.pop().unwrap();
            let truth = &ends[1..];
            // Up and down again: neither end tells of it.
            let level = |at: usize| (truth.iter().filter(|change| **change <= at).count() % 2) as f64 * shift;
            let places = places(&of_times(&generator.times(noise, level, length)));
            let near = |change: &usize| places.iter().any(|place| place.abs_diff(*change) <= 1);
            found += usize::from(truth.iter().all(near));
            more += usize::from(places.len() > truth.len());
        }
        eprintln!(
            "{noise:?}, {changes} changes of {shift} sigma: {found} of {SERIES} found, {more} with more steps"
        );
        (found, more)
    }

    #[test]
    fn a_change_of_four_sigma_is_found_within_one_place() {
        for noise in [Noise::Normal, Noise::Uniform, Noise::Laplace] {
            for shift in [4.0, -4.0, 8.0] {
                let (found, more) = found(noise, 1, shift, 2);
                assert!(found * 100 >= SERIES * 95, "{noise:?}, {shift}: {found} found");
                assert!(more * 100 <= SERIES * 10, "{noise:?}, {shift}: {more} with more steps");
            }
        }
    }

    #[test]
    fn several_changes_of_four_sigma_are_found() {
        for changes in [2, 3, 4] {
            let (found, more) = found(Noise::Normal, changes, 4.0, 3);
            assert!(found * 100 >= SERIES * 90, "{changes} changes: {found} found");
            assert!(more * 100 <= SERIES * 10, "{changes} changes: {more} with more steps");
        }
    }

    #[test]
    fn levels_and_places_are_those_of_the_series() {
        let times: Vec<f64> = (0..20).map(|at| if at < 12 { 100.0 } else { 110.0 }).collect();
        let steps = of_times(&times);
        assert_eq!(places(&steps), [12]);
        assert!((steps[0].before - 100.0).abs() < 1e-9 && (steps[0].after - 110.0).abs() < 1e-9);
        // The scale does not matter, and the answer is the same each time.
        let scaled: Vec<f64> = times.iter().map(|time| time * 1e6).collect();
        assert_eq!(places(&of_times(&scaled)), [12]);
        assert_eq!(of_times(&times), steps);
    }

    #[test]
    fn what_says_nothing_has_no_step() {
        assert_eq!(of_times(&[]), []);
        assert_eq!(of_times(&[1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 9.0]), [], "nine values are too few");
        assert_eq!(of_times(&[7.0; 40]), []);
        assert_eq!(of_times(&[0.0; 40]), []);
        let mut outlier = [100.0; 40];
        outlier[20] = 900.0;
        assert_eq!(of_times(&outlier), []);
    }

    #[test]
    fn the_newest_of_a_long_series_are_asked() {
        let old = [200.0, 100.0].map(|level| vec![level; MOST_TIMES / 2]).concat();
        let times = [old, vec![100.0; MOST_TIMES / 2], vec![120.0; 20]].concat();
        assert_eq!(places(&of_times(&times)), [3 * MOST_TIMES / 2]);
    }
}
