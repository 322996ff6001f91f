//! Where two contenders change places: the size below which one costs less, and above which the other does. Pure functions
//! of sizes and values.
//!
//! METHODOLOGY.md, "Where they change places", says in words what is computed here, and why.

use crate::analysis::{TIE, rank};
use crate::metric::Metric;
use crate::view::{BottleneckView, ScenarioView};

/// The metrics in which it is told.
pub const METRICS: [Metric; 2] = [Metric::Instructions, Metric::Warm];

/// A contender leads at a size if it costs less by this factor. Both have to lead somewhere, or it is noise that changes
/// their places.
pub const LEAD: f64 = 1.05;

/// The cost of a contender at a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The size.
    pub size: u64,
    /// The cost per operation.
    pub value: f64,
    /// The bounds between which it lies: the value itself, if it is exact.
    pub bounds: (f64, f64),
}

/// A change of places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// Whether the first of the two costs less below it; otherwise the second one does.
    pub first_leads_below: bool,
    /// The size at which they cost the same, by interpolation.
    pub estimate: f64,
    /// The sizes between which it lies.
    pub interval: (f64, f64),
}

/// Two contenders that change places in a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossover {
    /// Index into [`BottleneckView::scenarios`].
    pub scenario: usize,
    /// The contender that costs less below: index into [`BottleneckView::contenders`].
    pub below: usize,
    /// The one that costs less above.
    pub above: usize,
    /// Where they change.
    pub crossing: Crossing,
}

/// Every change of places of two contenders in `metric`. Those of the contenders that rank best overall come first. Bounds
/// are left out, because nobody can choose them.
pub fn all(view: &BottleneckView<'_>, metric: Metric) -> Vec<Crossover> {
    let contestants = view.contestants();
    let ranking = rank(view, metric);
    let place = |at: usize| ranking.rows.iter().position(|row| row.contender == at).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for (scenario, of) in view.scenarios.iter().enumerate() {
        let measured: Vec<(usize, Vec<Measured>)> =
            contestants.iter().map(|at| (*at, measured(of, metric, *at))).collect();
        for (nth, (first, costs)) in measured.iter().enumerate() {
            for (second, others) in &measured[nth + 1..] {
                found.extend(crossings(costs, others).into_iter().map(|crossing| {
                    let (below, above) =
                        if crossing.first_leads_below { (*first, *second) } else { (*second, *first) };
                    Crossover { scenario, below, above, crossing }
                }));
            }
        }
    }
    // A pair is as good as the worse of the two. The order within a pair is that of scenarios and sizes.
    found.sort_by_key(|it| {
        let (below, above) = (place(it.below), place(it.above));
        (below.max(above), below.min(above))
    });
    found
}

fn measured(scenario: &ScenarioView<'_>, metric: Metric, contender: usize) -> Vec<Measured> {
    let of = |size: &u64| {
        let cell = scenario.cell(*size, contender)?;
        Some(Measured { size: *size, value: metric.value(cell)?, bounds: metric.bounds(cell)? })
    };
    scenario.sizes.iter().filter_map(of).collect()
}

/// How two contenders compare at a size. The logarithms are natural.
#[derive(Clone, Copy)]
struct Compared {
    /// The logarithm of the size.
    at: f64,
    /// The logarithm of the first one's cost divided by the second one's.
    ratio: f64,
    /// What the ratio may be less or more.
    margin: f64,
    /// Whether one of them leads.
    is_clear: bool,
}

/// Every change of places of two contenders, the one at the smallest sizes first.
pub fn crossings(first: &[Measured], second: &[Measured]) -> Vec<Crossing> {
    let compared = compared(first, second);
    let clear: Vec<usize> = (0..compared.len()).filter(|at| compared[*at].is_clear).collect();
    let changes = clear.windows(2).filter_map(|pair| {
        let (below, above) = (pair[0], pair[1]);
        let sign = compared[below].ratio.signum();
        (sign != compared[above].ratio.signum()).then(|| crossing(&compared, below, above, -sign))
    });
    changes.collect()
}

/// The sizes that both have, in ascending order.
fn compared(first: &[Measured], second: &[Measured]) -> Vec<Compared> {
    let is_positive = |measured: &&Measured| measured.bounds.0 > 0.0 && measured.bounds.1.is_finite();
    let pair = |left: &Measured| {
        let right = second.iter().filter(is_positive).find(|right| right.size == left.size)?;
        let ratio = (left.value / right.value).ln();
        let spread = [left, right].map(|of| (of.bounds.1 / of.bounds.0).ln() / 2.0);
        // Bounds that overlap tell nothing, however far the values are apart.
        let apart = left.bounds.1 * TIE < right.bounds.0 || right.bounds.1 * TIE < left.bounds.0;
        Some(Compared {
            at: (left.size as f64).ln(),
            ratio: if ratio.abs() <= TIE.ln() { 0.0 } else { ratio },
            margin: (spread[0] + spread[1]).max(LEAD.ln()),
            is_clear: apart && ratio.abs() >= LEAD.ln(),
        })
    };
    let mut compared: Vec<Compared> =
        first.iter().filter(|left| left.size > 0).filter(is_positive).filter_map(pair).collect();
    compared.sort_by(|left, right| left.at.total_cmp(&right.at));
    compared
}

/// The change between two sizes at which different ones lead. `sign` makes the ratio grow from below zero to above.
fn crossing(compared: &[Compared], below: usize, above: usize, sign: f64) -> Crossing {
    let ends = (compared[below].at, compared[above].at);
    // Each step between two neighbouring sizes, with the lines on which the ratio may lie: the chord, and the chords of the
    // steps before and after it, continued. A ratio that bends one way lies between the chord and one of these.
    let steps = (below..above).map(|at| {
        let (from, to) = (compared[at], compared[at + 1]);
        let slope =
            |left: &Compared, right: &Compared| sign * (right.ratio - left.ratio) / (right.at - left.at);
        let through = |of: &Compared, slope: f64| Line { at: of.at, value: sign * of.ratio, slope };
        let chord = through(&from, slope(&from, &to));
        let before = at.checked_sub(1).map(|it| through(&from, slope(&compared[it], &from)));
        let after = compared.get(at + 2).map(|it| through(&to, slope(&to, it)));
        Step { from, to, chord, lines: [Some(chord), before, after] }
    });
    let steps: Vec<Step> = steps.collect();
    // The first place where the ratio may be positive, and the last where it may be negative.
    let first = steps.iter().find_map(|step| {
        let margin = step.margin();
        let zeros =
            step.lines.iter().flatten().filter_map(|line| line.zero(margin, step.from.at, step.to.at));
        zeros.min_by(f64::total_cmp)
    });
    let last = steps.iter().rev().find_map(|step| {
        let margin = step.margin();
        let zeros =
            step.lines.iter().flatten().filter_map(|line| line.last_zero(margin, step.from.at, step.to.at));
        zeros.max_by(f64::total_cmp)
    });
    let from = steps.iter().find_map(|step| step.chord.zero(0.0, step.from.at, step.to.at));
    let to = steps.iter().rev().find_map(|step| step.chord.last_zero(0.0, step.from.at, step.to.at));
    let from = from.unwrap_or(ends.0);
    // Where several sizes are ties, the middle of them.
    let estimate = f64::midpoint(from, to.unwrap_or(from));
    let (low, high) = (first.unwrap_or(ends.0).min(estimate), last.unwrap_or(ends.1).max(estimate));
    Crossing {
        first_leads_below: sign > 0.0,
        estimate: estimate.exp(),
        interval: (low.max(ends.0).exp(), high.min(ends.1).exp()),
    }
}

struct Step {
    from: Compared,
    to: Compared,
    chord: Line,
    lines: [Option<Line>; 3],
}

impl Step {
    fn margin(&self) -> f64 {
        self.from.margin.max(self.to.margin)
    }
}

#[derive(Clone, Copy)]
struct Line {
    at: f64,
    value: f64,
    slope: f64,
}

impl Line {
    /// The first place from `from` up to `to` at which the line, moved up by `rise`, is not below zero.
    fn zero(&self, rise: f64, from: f64, to: f64) -> Option<f64> {
        let value = |at: f64| self.value + rise + self.slope * (at - self.at);
        if value(from) >= 0.0 {
            return Some(from);
        }
        (value(to) >= 0.0).then(|| (self.at - (self.value + rise) / self.slope).clamp(from, to))
    }

    /// The last place from `from` up to `to` at which the line, moved down by `fall`, is not above zero.
    fn last_zero(&self, fall: f64, from: f64, to: f64) -> Option<f64> {
        let mirrored = Line { at: -self.at, value: -self.value, slope: self.slope };
        mirrored.zero(fall, -to, -from).map(|at| -at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;
    use crate::growth::Model;

    const FIXTURES: usize = 500;

    fn exact(points: impl IntoIterator<Item = (u64, f64)>) -> Vec<Measured> {
        points.into_iter().map(|(size, value)| Measured { size, value, bounds: (value, value) }).collect()
    }

    /// `constant + factor · growing(n)`. The constant part is drawn from 10 to 1,000, and the size at which the growing part
    /// equals it from a tenth of the smallest size to ten times the largest.
    fn curve(draws: &mut Draws, sizes: &[u64]) -> impl Fn(f64) -> f64 + use<> {
        let model = Model::ALL[(draws.number() % 5) as usize];
        let (smallest, largest) = (sizes[0] as f64, sizes[sizes.len() - 1] as f64);
        let constant = draws.between(10.0, 1000.0);
        let equal = draws.between((smallest / 10.0).max(1.5), largest * 10.0);
        let factor = if model == Model::Constant { 0.0 } else { constant / model.growing(equal) };
        move |size| constant + factor * model.growing(size)
    }

    /// Two curves that cross once within the sizes, each of them leading by 10 % or more at one end, and the size at which
    /// they cross.
    fn pair(draws: &mut Draws, sizes: &[u64]) -> Option<([Vec<Measured>; 2], f64)> {
        let curves = [curve(draws, sizes), curve(draws, sizes)];
        let (smallest, largest) = (sizes[0] as f64, sizes[sizes.len() - 1] as f64);
        let ratio = |size: f64| (curves[0](size) / curves[1](size)).ln();
        let at = |step: i32| smallest * (largest / smallest).powf(f64::from(step) / 5000.0);
        let turns: Vec<i32> =
            (0..5000).filter(|step| ratio(at(*step)).signum() != ratio(at(step + 1)).signum()).collect();
        let leads = [smallest, largest].iter().all(|size| ratio(*size).abs() >= 1.1f64.ln());
        let (true, [turn]) = (leads, &turns[..]) else { return None };
        let truth = at(*turn);
        let noisy = curves
            .map(|curve| exact(sizes.iter().map(|size| (*size, draws.noisy(curve(*size as f64), 0.02)))));
        Some((noisy, truth))
    }

    #[test]
    fn the_interval_holds_the_true_size() {
        let mut draws = Draws(1);
        let (mut count, mut held, mut width, mut bracket) = (0, 0, 0.0, 0.0);
        while count < FIXTURES {
            let sizes = draws.sizes();
            let Some(([first, second], truth)) = pair(&mut draws, &sizes) else { continue };
            count += 1;
            let [found] = crossings(&first, &second)[..] else { continue };
            let (low, high) = found.interval;
            assert!(low <= found.estimate && found.estimate <= high, "{found:?}");
            // The truth is known to a step.
            held += usize::from(low <= truth * 1.003 && truth * 0.997 <= high);
            width += (high / low).log10();
            let next = sizes.iter().position(|size| *size as f64 > truth).unwrap();
            bracket += (sizes[next] as f64 / sizes[next - 1] as f64).log10();
        }
        assert!(held * 100 >= FIXTURES * 95, "{held} of {FIXTURES}");
        // The sizes measured alone would bound it, but not as well.
        assert!(width < bracket / 2.0, "{width} decades in place of {bracket}");
    }

    #[test]
    fn a_power_crosses_where_it_should() {
        let first = exact([10, 100, 1000, 10_000].map(|size| (size, 300.0)));
        let second = exact([10, 100, 1000, 10_000].map(|size| (size, size as f64)));
        let [found] = crossings(&first, &second)[..] else { panic!() };
        assert!(!found.first_leads_below && (found.estimate - 300.0).abs() < 1e-6, "{found:?}");
        // A margin of 5 % on a line that grows like n is 5 % of the size.
        assert!((found.interval.0 - 300.0 / LEAD).abs() < 1e-6, "{found:?}");
        assert!((found.interval.1 - 300.0 * LEAD).abs() < 1e-6, "{found:?}");
        let [back] = crossings(&second, &first)[..] else { panic!() };
        assert!(back.first_leads_below && (back.estimate - 300.0).abs() < 1e-6, "{back:?}");
    }

    #[test]
    fn several_changes_of_a_pair_are_several() {
        let sizes = [10, 100, 1000, 10_000];
        let first = exact(sizes.into_iter().zip([1.0, 2.0, 1.0, 2.0]));
        let second = exact(sizes.into_iter().zip([2.0, 1.0, 2.0, 1.0]));
        let found = crossings(&first, &second);
        let leads: Vec<bool> = found.iter().map(|it| it.first_leads_below).collect();
        assert_eq!(leads, [true, false, true]);
        for (crossing, size) in found.iter().zip(sizes) {
            let middle = size as f64 * 10f64.sqrt();
            assert!((crossing.estimate / middle - 1.0).abs() < 1e-6, "{crossing:?}");
        }
    }

    #[test]
    fn noise_changes_no_places() {
        let sizes = [10, 100, 1000, 10_000];
        let flat = exact(sizes.map(|size| (size, 100.0)));
        let other = |values: [f64; 4]| crossings(&flat, &exact(sizes.into_iter().zip(values))).len();
        assert_eq!(other([103.0, 97.0, 104.0, 96.0]), 0);
        // One leads, and the other is ahead by less than 5 % only.
        assert_eq!(other([150.0, 120.0, 97.0, 96.0]), 0);
        assert_eq!(other([150.0, 120.0, 97.0, 94.0]), 1);
        // A tie is nobody's place.
        assert_eq!(other([150.0, 100.0, 100.0, 150.0]), 0);
        let mut draws = Draws(3);
        for _ in 0..FIXTURES {
            let mut noisy = || exact(sizes.map(|size| (size, draws.noisy(100.0, 0.01))));
            let (first, second) = (noisy(), noisy());
            assert!(crossings(&first, &second).len() <= 1, "{first:?} {second:?}");
        }
    }

    #[test]
    fn ties_lie_within_the_interval() {
        let sizes = [10, 100, 1000, 10_000];
        let first = exact(sizes.map(|size| (size, 100.0)));
        let second = exact(sizes.into_iter().zip([200.0, 100.5, 99.5, 50.0]));
        let [found] = crossings(&first, &second)[..] else { panic!() };
        assert!((found.estimate / 316.2 - 1.0).abs() < 0.01, "{found:?}");
        assert!(found.interval.0 < 100.0 && found.interval.1 > 1000.0, "{found:?}");
    }

    #[test]
    fn times_whose_intervals_overlap_tell_nothing() {
        let timed = |points: [(u64, f64); 3], spread: f64| -> Vec<Measured> {
            let of = |(size, value)| Measured { size, value, bounds: (value / spread, value * spread) };
            points.map(of).into()
        };
        let (first, second) = ([(10, 1.0), (100, 1.0), (1000, 1.0)], [(10, 1.3), (100, 1.05), (1000, 0.7)]);
        assert_eq!(crossings(&timed(first, 1.2), &timed(second, 1.2)).len(), 0);
        let wide = crossings(&timed(first, 1.1), &timed(second, 1.1));
        let narrow = crossings(&timed(first, 1.0), &timed(second, 1.0));
        assert_eq!((wide.len(), narrow.len()), (1, 1));
        let width = |of: &[Crossing]| of[0].interval.1 / of[0].interval.0;
        assert!(width(&wide) > width(&narrow), "{wide:?} {narrow:?}");
    }

    #[test]
    fn what_has_no_ratio_is_left_out() {
        let first = exact([(10, 0.0), (100, 1.0), (1000, 4.0)]);
        let second = exact([(10, 5.0), (100, 2.0), (1000, 2.0), (10_000, 2.0)]);
        assert_eq!(crossings(&first, &second).len(), 1);
        assert_eq!(crossings(&first, &[]), []);
    }
}
