//! How a cost grows with the size: which of five models fits the values of a contender in a scenario, and whether that is
//! what the contender states. Pure functions of sizes and values.
//!
//! METHODOLOGY.md, "How it grows", says in words what is computed here, and why.

use std::fmt;

use crate::metric::Metric;
use crate::record::ContenderInfo;
use crate::view::BottleneckView;

/// The metrics whose growth is told, and whether the stated complexity is about them: it is about the work of an
/// operation, and not about what it leaves behind.
pub const METRICS: [(Metric, bool); 3] =
    [(Metric::Instructions, true), (Metric::Blocks, true), (Metric::LiveBytes, false)];

/// A model is fitted to no fewer sizes than this.
pub const FEWEST_SIZES: usize = 5;
/// The largest of them is at least so many times the smallest: two decades.
pub const LEAST_SPAN: f64 = 100.0;
/// Deviations of this share are none. Counts are exact, but the costs of real structures are no smooth functions of the
/// size: trees become deeper in steps, and tables are more or less full.
const NOISE: f64 = 0.02;
/// A model is ruled out where its squared error exceeds the least by more than this, in squared deviations. Of two models
/// that lie between them as badly as possible, the wrong one is so much better in 1 of 30,000 cases.
const RULED_OUT: f64 = 16.0;
/// A constant with a larger relative error describes nothing.
const FLAT: f64 = 0.15;
/// Nor does a model that grows with one larger than this. The cost of a tree with wide nodes is a flight of few steps, and
/// the logarithm is a ramp.
const ADEQUATE: f64 = 0.2;
/// Errors above this are worth a look at the larger sizes alone.
const ROUGH: f64 = 3.0 * NOISE;
/// A cost that grows over the last two decades by less than this share of what the logarithm would make levels off.
const LEVEL: f64 = 0.25;
/// Costs that stay within this factor of each other are those of a table that doubles.
const DOUBLING: f64 = 2.1;
/// A cost that never exceeds an earlier one by more than this factor does not grow.
const NO_GROWTH: f64 = 1.05;

/// How a cost may grow with the size n. A later one grows faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// O(1).
    Constant,
    /// O(log n).
    Logarithmic,
    /// O(n).
    Linear,
    /// O(n log n).
    Linearithmic,
    /// O(n²).
    Quadratic,
}

impl Model {
    /// Every model, the slowest growth first.
    pub const ALL: [Model; 5] =
        [Model::Constant, Model::Logarithmic, Model::Linear, Model::Linearithmic, Model::Quadratic];

    /// The model that a text such as `O(n log n)` names.
    pub fn named(text: &str) -> Option<Model> {
        Model::ALL.into_iter().find(|model| model.as_str() == text)
    }

    /// As contenders state it: `O(n log n)`.
    pub fn as_str(self) -> &'static str {
        match self {
            Model::Constant => "O(1)",
            Model::Logarithmic => "O(log n)",
            Model::Linear => "O(n)",
            Model::Linearithmic => "O(n log n)",
            Model::Quadratic => "O(n²)",
        }
    }

    /// The part that grows, at a size: 0 for a constant. The logarithm is that to the base 2.
    pub fn growing(self, size: f64) -> f64 {
        match self {
            Model::Constant => 0.0,
            Model::Logarithmic => size.log2(),
            Model::Linear => size,
            Model::Linearithmic => size * size.log2(),
            Model::Quadratic => size * size,
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A model with its coefficients: `constant + factor · growing(n)`. Neither is negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// The model.
    pub model: Model,
    /// What does not grow.
    pub constant: f64,
    /// The factor of what grows.
    pub factor: f64,
    /// The relative error: the root of the mean square of the deviations, each as a share of the measured value.
    pub error: f64,
}

impl Fit {
    /// The cost at a size.
    pub fn at(&self, size: f64) -> f64 {
        self.constant + self.factor * self.model.growing(size)
    }
}

/// What is known of how a cost grows.
#[derive(Clone, Debug, PartialEq)]
pub enum Growth {
    /// One model fits, and all others are ruled out or more complicated.
    Decided {
        /// The model.
        fit: Fit,
        /// The smallest size to which it was fitted. It is not the smallest one measured where small structures cost
        /// something else.
        from: u64,
    },
    /// It cannot be told.
    Undecided(Reason),
}

/// Why growth cannot be told.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// There are too few sizes, or they are too close to each other.
    Sizes {
        /// How many there are.
        count: usize,
        /// The largest divided by the smallest.
        span: f64,
    },
    /// Several models fit, none of which is clearly better than the others: these, of at least two.
    Several(Vec<Model>),
    /// No model fits. This is the one that fits best.
    None(Fit),
    /// It grows among small sizes, and hardly any more among large ones.
    Levels,
    /// The cost is zero at some sizes and not at others.
    Zeros,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Sizes { count, .. } if *count < FEWEST_SIZES => {
                write!(f, "not enough sizes: {count} of {FEWEST_SIZES}")
            }
            Reason::Sizes { .. } => f.write_str("not enough sizes: they span less than two decades"),
            Reason::Several(models) => {
                let names: Vec<&str> = models.iter().map(|model| model.as_str()).collect();
                write!(f, "{} fit alike", names.join(", "))
            }
            Reason::None(fit) => {
                write!(f, "no model fits: {}, the best one, is off by {:.0} %", fit.model, fit.error * 1e2)
            }
            Reason::Levels => f.write_str("it grows at small sizes and levels off"),
            Reason::Zeros => f.write_str("zero at some sizes, and more at others"),
        }
    }
}

impl Growth {
    /// How the values grow with the sizes. Values that are no finite number of at least zero are left out.
    pub fn of(points: impl IntoIterator<Item = (u64, f64)>) -> Growth {
        let mut points: Vec<(u64, f64)> = points
            .into_iter()
            .filter(|(size, value)| *size > 0 && *value >= 0.0 && value.is_finite())
            .collect();
        points.sort_by_key(|(size, _)| *size);
        points.dedup_by_key(|(size, _)| *size);
        let Some(whole) = enough(&points) else { return Growth::Undecided(too_few(&points)) };
        if whole.iter().all(|(_, value)| *value == 0.0) {
            let fit = Fit { model: Model::Constant, constant: 0.0, factor: 0.0, error: 0.0 };
            return Growth::Decided { fit, from: whole[0].0 };
        }
        // That small structures allocate nothing does not tell how the others grow.
        let zeros = whole.iter().take_while(|(_, value)| *value == 0.0).count();
        let Some(mut points) = enough(&whole[zeros..]) else { return Growth::Undecided(Reason::Zeros) };
        if points.iter().any(|(_, value)| *value == 0.0) {
            return Growth::Undecided(Reason::Zeros);
        }
        let first = decide(points);
        if matches!(first, Growth::Decided { .. }) || best(&fits(points)).error <= ROUGH {
            return first;
        }
        // Small structures may cost something else, for example what each region costs once. Growth is about the others.
        while let Some(rest) = enough(&points[1..]) {
            points = rest;
            if let found @ Growth::Decided { .. } = decide(points) {
                return found;
            }
        }
        first
    }

    /// The fit, where growth is decided.
    pub fn fit(&self) -> Option<&Fit> {
        match self {
            Growth::Decided { fit, .. } => Some(fit),
            Growth::Undecided(_) => None,
        }
    }

    /// The models that it may be: one if it is decided, and none if nothing is known.
    pub fn possible(&self) -> &[Model] {
        match self {
            Growth::Decided { fit, .. } => std::slice::from_ref(&fit.model),
            Growth::Undecided(Reason::Several(models)) => models,
            Growth::Undecided(_) => &[],
        }
    }
}

/// What the stated complexity is worth, as far as it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The cost grows as stated.
    Agrees,
    /// The cost grows slower, or at least no faster: what was stated is an upper bound that holds.
    Holds,
    /// The cost grows faster. Either the statement is wrong, or the implementation.
    Contradicts,
    /// It cannot be told.
    Undecided,
    /// Nothing is stated.
    NotStated,
}

impl Verdict {
    /// What `growth` says of the `stated` model. Where several models are possible, all of them have to say the same.
    pub fn of(stated: Option<Model>, growth: &Growth) -> Verdict {
        let Some(stated) = stated else { return Verdict::NotStated };
        match growth.possible() {
            [] => Verdict::Undecided,
            [only] if *only == stated => Verdict::Agrees,
            possible if possible.iter().all(|model| *model <= stated) => Verdict::Holds,
            possible if possible.iter().all(|model| *model > stated) => Verdict::Contradicts,
            _ => Verdict::Undecided,
        }
    }
}

/// The growth that a contender states for a scenario, or for the one that it is a variant of; empty where it states none.
pub fn stated<'a>(contender: &'a ContenderInfo, scenario: &str) -> &'a str {
    let covers = |operation: &str| {
        scenario.strip_prefix(operation).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let stated = contender.complexity.iter().filter(|(operation, _)| covers(operation));
    stated.max_by_key(|(operation, _)| operation.len()).map_or("", |(_, growth)| growth)
}

/// How the cost of a contender in a scenario grows, beside what it states.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding<'a> {
    /// Index into [`BottleneckView::scenarios`].
    pub scenario: usize,
    /// Index into [`BottleneckView::contenders`].
    pub contender: usize,
    /// What the contender states, in its own words; empty where it states nothing.
    pub stated: &'a str,
    /// The values per operation, by size.
    pub values: Vec<(u64, f64)>,
    /// How they grow.
    pub growth: Growth,
    /// What the statement is worth.
    pub verdict: Verdict,
}

/// The growth of every contender in every scenario in which it has values of `metric`, by scenario and contender.
/// `is_stated` says whether the stated complexity is about that metric.
pub fn findings<'a>(view: &BottleneckView<'a>, (metric, is_stated): (Metric, bool)) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    for (at, scenario) in view.scenarios.iter().enumerate() {
        for (series, contender) in view.contenders.iter().enumerate() {
            let values = scenario
                .sizes
                .iter()
                .filter_map(|size| Some((*size, scenario.value(metric, *size, series)?)));
            let values: Vec<(u64, f64)> = values.collect();
            if values.is_empty() {
                continue;
            }
            let stated = if is_stated { stated(contender, &scenario.info.name) } else { "" };
            let growth = Growth::of(values.iter().copied());
            let verdict = Verdict::of(Model::named(stated), &growth);
            findings.push(Finding { scenario: at, contender: series, stated, values, growth, verdict });
        }
    }
    findings
}

/// The points, if they are enough to fit a model to.
fn enough(points: &[(u64, f64)]) -> Option<&[(u64, f64)]> {
    (points.len() >= FEWEST_SIZES && span(points) >= LEAST_SPAN).then_some(points)
}

fn span(points: &[(u64, f64)]) -> f64 {
    match points {
        [(smallest, _), .., (largest, _)] => *largest as f64 / *smallest as f64,
        _ => 1.0,
    }
}

fn too_few(points: &[(u64, f64)]) -> Reason {
    Reason::Sizes { count: points.len(), span: span(points) }
}

fn fits(points: &[(u64, f64)]) -> [Fit; 5] {
    Model::ALL.map(|model| fit(model, points))
}

/// The fit with the least error; of several, the simplest.
fn best(fits: &[Fit; 5]) -> &Fit {
    fits.iter().min_by(|left, right| left.error.total_cmp(&right.error)).unwrap_or(&fits[0])
}

/// The growth of values none of which is zero.
fn decide(points: &[(u64, f64)]) -> Growth {
    let fits = fits(points);
    let count = points.len() as f64;
    let square = |fit: &Fit| fit.error.powi(2) * count;
    let least = fits.iter().map(square).fold(f64::INFINITY, f64::min);
    let variance = (least / (count - 2.0)).max(NOISE * NOISE);
    let is_possible = |fit: &&Fit| square(fit) - least <= RULED_OUT * variance;
    let mut possible: Vec<&Fit> = fits.iter().filter(is_possible).collect();
    let decided = |fit: &Fit| Growth::Decided { fit: *fit, from: points[0].0 };
    let best = best(&fits);
    // Every other model has a constant, too, and fits no worse. So the simplest wins.
    if let Some(constant) = possible.iter().find(|fit| fit.model == Model::Constant) {
        if constant.error <= FLAT || is_sawtooth(points, &fits) || never_grows(points) {
            return decided(constant);
        }
        return Growth::Undecided(Reason::None(*best));
    }
    let Some(simplest) = possible.iter().find(|fit| fit.error <= ADEQUATE).map(|fit| fit.model) else {
        return Growth::Undecided(Reason::None(*best));
    };
    // A model that describes nothing is no rival of a simpler one. But that it grows slower is not ruled out.
    possible.retain(|fit| fit.error <= ADEQUATE || fit.model < simplest);
    match &possible[..] {
        [log, ..] if log.model == Model::Logarithmic && levels_off(points, log) => {
            Growth::Undecided(Reason::Levels)
        }
        [only] => decided(only),
        several => Growth::Undecided(Reason::Several(several.iter().map(|fit| fit.model).collect())),
    }
}

/// Whether the values hardly grow over the last two decades, although they do before.
fn levels_off(points: &[(u64, f64)], log: &Fit) -> bool {
    let [.., (largest, last)] = points else { return false };
    let is_far = |(size, _): &&(u64, f64)| *size as f64 * LEAST_SPAN <= *largest as f64;
    let Some((size, value)) = points.iter().rev().find(is_far) else { return false };
    last - value < LEVEL * (log.at(*largest as f64) - log.at(*size as f64))
}

/// Whether the values are those of a table that doubles: they stay within a factor, and do not tend to grow.
fn is_sawtooth(points: &[(u64, f64)], fits: &[Fit]) -> bool {
    let values = || points.iter().map(|(_, value)| *value);
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    most <= least * DOUBLING && fits.iter().all(|fit| fit.factor == 0.0)
}

/// Whether no value exceeds one of a smaller size.
fn never_grows(points: &[(u64, f64)]) -> bool {
    let mut least = f64::INFINITY;
    points.iter().all(|(_, value)| {
        least = least.min(*value);
        *value <= least * NO_GROWTH
    })
}

/// The least squares of the relative deviations, with no coefficient below zero.
fn fit(model: Model, points: &[(u64, f64)]) -> Fit {
    // With x = 1 / y and z = g / y it is the line a·x + b·z that is closest to 1.
    let rows: Vec<[f64; 2]> =
        points.iter().map(|(size, value)| [1.0 / value, model.growing(*size as f64) / value]).collect();
    let sum = |of: &dyn Fn(&[f64; 2]) -> f64| rows.iter().map(of).sum::<f64>();
    let (x, z) = (sum(&|row| row[0]), sum(&|row| row[1]));
    let (xx, xz, zz) =
        (sum(&|row| row[0] * row[0]), sum(&|row| row[0] * row[1]), sum(&|row| row[1] * row[1]));
    let made = |constant: f64, factor: f64| {
        let square = sum(&|row| (constant * row[0] + factor * row[1] - 1.0).powi(2));
        Fit { model, constant, factor, error: (square / rows.len() as f64).sqrt() }
    };
    let flat = made(x / xx, 0.0);
    if model == Model::Constant {
        return flat;
    }
    let steep = made(0.0, if zz > 0.0 { z / zz } else { 0.0 });
    let determinant = xx * zz - xz * xz;
    let [constant, factor] = [x * zz - z * xz, z * xx - x * xz].map(|numerator| numerator / determinant);
    let both = (determinant > 0.0 && constant >= 0.0 && factor >= 0.0).then(|| made(constant, factor));
    let candidates = [Some(flat), Some(steep), both].into_iter().flatten();
    candidates.min_by(|left, right| left.error.total_cmp(&right.error)).unwrap_or(flat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;
    use crate::record::Role;

    const FIXTURES: usize = 500;

    /// What the growing part is at the largest size, at least, as a multiple of the constant part.
    struct Least {
        /// O(log n).
        logarithm: f64,
        /// O(n) and O(n log n).
        linear: f64,
        /// O(n²).
        square: f64,
    }

    /// A fixture with a known answer: the model, and values with a noise of 2 %, normally distributed.
    ///
    /// The constant part is drawn from 0.01 to 1,000,000, as are all numbers here evenly by their logarithms. The growing
    /// part at the largest size is `least` to 30 times the constant part for O(log n). For the others, the size at which it
    /// equals the constant part is anything from a tenth of the smallest size on, so that the constant dominates none, a part
    /// or nearly all of the range.
    fn fixture(nth: usize, draws: &mut Draws, least: &Least) -> (Model, Vec<(u64, f64)>) {
        let model = Model::ALL[nth % Model::ALL.len()];
        let sizes = draws.sizes();
        let (smallest, largest) = (sizes[0] as f64, sizes[sizes.len() - 1] as f64);
        let constant = draws.between(0.01, 1e6);
        let factor = match model {
            Model::Constant => 0.0,
            Model::Logarithmic => constant * draws.between(least.logarithm, 30.0) / model.growing(largest),
            Model::Linear | Model::Linearithmic | Model::Quadratic => {
                let times = if model == Model::Quadratic { least.square } else { least.linear };
                // Here the growing part is that many times the constant part, or more, at the largest size.
                let latest = (1..)
                    .map(|step| largest * 0.99f64.powi(step))
                    .find(|equal| model.growing(largest) >= times * model.growing(*equal))
                    .unwrap();
                constant / model.growing(draws.between((smallest / 10.0).max(1.5), latest))
            }
        };
        let mut value = |size: u64| draws.noisy(constant + factor * model.growing(size as f64), 0.02);
        (model, sizes.into_iter().map(|size| (size, value(size))).collect())
    }

    /// The fixtures that are found right; the test fails if any is found wrong.
    fn right(seed: u64, least: &Least) -> usize {
        let mut draws = Draws(seed);
        let is_right = |nth: &usize| {
            let (model, points) = fixture(*nth, &mut draws, least);
            let found = Growth::of(points.iter().copied());
            let fit = found.fit().copied();
            assert!(fit.is_none_or(|fit| fit.model == model), "{nth}: {model} {points:?}: {found:?}");
            fit.is_some()
        };
        (0..FIXTURES).filter(is_right).count()
    }

    /// O(n) and O(n log n) differ by a factor that grows by a quarter from one decade to the next. So the growing part must
    /// be visible at two sizes: four times the constant part at the largest one is two fifths of it a decade before.
    #[test]
    fn known_growth_is_found_or_left_open() {
        let right = right(1, &Least { logarithm: 0.5, linear: 4.0, square: 1.0 });
        assert!(right * 100 >= FIXTURES * 95, "{right} of {FIXTURES} are right");
    }

    /// With less growth the models cannot always be told apart. Even then nothing wrong is said.
    #[test]
    fn growth_that_is_hardly_visible_is_not_taken_for_another() {
        let right = right(2, &Least { logarithm: 0.5, linear: 0.5, square: 0.5 });
        assert!(right * 100 >= FIXTURES * 80, "{right} of {FIXTURES} are right");
    }

    const SIZES: [u64; 6] = [8, 32, 100, 1000, 10_000, 100_000];

    fn of(values: [f64; 6]) -> Growth {
        Growth::of(SIZES.into_iter().zip(values))
    }

    fn decided(growth: &Growth) -> Option<(Model, u64)> {
        match growth {
            Growth::Decided { fit, from } => Some((fit.model, *from)),
            Growth::Undecided(_) => None,
        }
    }

    #[test]
    fn coefficients_and_errors_are_those_of_known_lines() {
        let close = |left: f64, right: f64| (left - right).abs() <= 1e-6 * right.abs().max(1e-6);
        for model in Model::ALL {
            let factor = if model == Model::Constant { 0.0 } else { 5.0 };
            let line = |size: u64| 3.0 + factor * model.growing(size as f64);
            let found = Growth::of(SIZES.map(|size| (size, line(size))));
            let fit = found.fit().unwrap();
            assert!(fit.model == model && close(fit.factor, factor), "{model}: {fit:?}");
            assert!(fit.error < 1e-6 && close(fit.at(1000.0), line(1000)), "{model}: {fit:?}");
        }
        // Of a constant c the deviations are c / y - 1; with y = 1 and 0.8 the least squares are those of c = 4.5 / 5.125.
        let found = of([1.0, 0.8, 1.0, 0.8, 1.0, 0.8]);
        let fit = found.fit().unwrap();
        let constant = 2.25 / 2.5625;
        let error = (((constant - 1.0f64).powi(2) + (constant / 0.8 - 1.0).powi(2)) / 2.0).sqrt();
        assert!(close(fit.constant, constant) && close(fit.error, error), "{fit:?}");
    }

    #[test]
    fn no_coefficient_is_negative() {
        let points: Vec<(u64, f64)> = SIZES.map(|size| (size, 1000.0 / size as f64)).into();
        for model in Model::ALL {
            let fit = fit(model, &points);
            assert!(fit.constant >= 0.0 && fit.factor == 0.0, "{fit:?}");
        }
        let points: Vec<(u64, f64)> = SIZES.map(|size| (size, (size as f64).powf(1.1))).into();
        let fit = fit(Model::Linear, &points);
        assert!(fit.constant == 0.0 && fit.factor > 1.0, "{fit:?}");
    }

    #[test]
    fn the_depth_of_a_tree_is_logarithmic() {
        // The first step is at a hundred, so the smallest size is no help.
        assert_eq!(decided(&of([40.0, 40.0, 41.0, 58.0, 75.0, 92.0])), Some((Model::Logarithmic, 32)));
        // Nodes of 32: another level at 33, 1,025 and 32,769 elements.
        let levels = SIZES.map(|size| 10.0 + 9.0 * f64::from((size - 1).ilog2() / 5));
        let found = of(levels);
        assert_eq!(found.possible(), [Model::Logarithmic], "{levels:?}: {found:?}");
    }

    #[test]
    fn what_a_table_that_doubles_costs_is_constant() {
        // Each insert costs one, and all elements are moved when the table is full.
        let moved = SIZES.map(|size| 3.0 + (size.next_power_of_two() - 1) as f64 / size as f64);
        assert_eq!(decided(&of(moved)), Some((Model::Constant, 8)), "{moved:?}");
        // Seven eighths of its places are used at most: the bytes for each element.
        let held = SIZES.map(|size| 24.0 * (size * 8 / 7).next_power_of_two() as f64 / size as f64);
        assert_eq!(decided(&of(held)), Some((Model::Constant, 8)), "{held:?}");
    }

    #[test]
    fn zeros_are_constant_and_a_few_at_small_sizes_do_not_matter() {
        let zero = of([0.0; 6]);
        assert_eq!((decided(&zero), zero.fit().unwrap().error), (Some((Model::Constant, 8)), 0.0));
        assert_eq!(decided(&of([0.0, 2.0, 2.0, 2.0, 2.0, 2.0])), Some((Model::Constant, 32)));
        assert_eq!(of([0.0, 0.0, 2.0, 2.0, 2.0, 2.0]), Growth::Undecided(Reason::Zeros));
        assert_eq!(of([2.0, 2.0, 2.0, 0.0, 2.0, 2.0]), Growth::Undecided(Reason::Zeros));
    }

    #[test]
    fn what_falls_does_not_grow() {
        let fit = of([300.0, 120.0, 80.0, 75.0, 74.0, 74.5]);
        assert_eq!(decided(&fit), Some((Model::Constant, 8)), "{fit:?}");
        // What falls at first may grow afterwards.
        let later = of([900.0, 100.0, 123.0, 169.0, 215.0, 261.0]);
        assert_eq!(decided(&later), Some((Model::Logarithmic, 32)), "{later:?}");
    }

    #[test]
    fn what_levels_off_and_what_is_no_model_is_left_open() {
        assert_eq!(of([100.0, 140.0, 240.0, 330.0, 335.0, 336.0]), Growth::Undecided(Reason::Levels));
        let root = of(SIZES.map(|size| (size as f64).sqrt()));
        assert!(matches!(root, Growth::Undecided(Reason::None(_))), "{root:?}");
        let wild = of([10.0, 90.0, 15.0, 80.0, 12.0, 85.0]);
        assert!(matches!(wild, Growth::Undecided(Reason::None(_))), "{wild:?}");
    }

    #[test]
    fn it_takes_five_sizes_over_two_decades() {
        let line = |sizes: &[u64]| Growth::of(sizes.iter().map(|size| (*size, *size as f64)));
        let reason = |growth: Growth| match growth {
            Growth::Undecided(reason) => reason.to_string(),
            Growth::Decided { .. } => String::new(),
        };
        assert_eq!(reason(line(&[1, 10, 100, 1000])), "not enough sizes: 4 of 5");
        assert_eq!(reason(line(&[1, 2, 4, 8, 99])), "not enough sizes: they span less than two decades");
        assert_eq!(reason(line(&[])), "not enough sizes: 0 of 5");
        assert_eq!(decided(&line(&[1, 3, 10, 30, 100])), Some((Model::Linear, 1)));
        // What is no cost is left out, and a size counts once.
        let odd = [(0, 1.0), (1, f64::NAN), (2, -1.0), (3, f64::INFINITY), (10, 1.0), (10, 1.0), (100, 1.0)];
        assert_eq!(reason(Growth::of(odd)), "not enough sizes: 2 of 5");
    }

    #[test]
    fn every_reason_is_in_words() {
        let fit = Fit { model: Model::Linear, constant: 1.0, factor: 1.0, error: 0.314 };
        let texts = [Reason::Several(vec![Model::Linear, Model::Linearithmic]), Reason::None(fit)];
        assert_eq!(
            texts.map(|reason| reason.to_string()),
            ["O(n), O(n log n) fit alike", "no model fits: O(n), the best one, is off by 31 %"]
        );
    }

    #[test]
    fn a_statement_holds_unless_the_cost_grows_faster() {
        let decided =
            |model| Growth::Decided { fit: Fit { model, constant: 1.0, factor: 1.0, error: 0.0 }, from: 8 };
        let several = Growth::Undecided(Reason::Several(vec![Model::Linear, Model::Linearithmic]));
        let verdict = |stated: &str, growth: &Growth| Verdict::of(Model::named(stated), growth);
        for (stated, growth, expected) in [
            ("O(log n)", &decided(Model::Logarithmic), Verdict::Agrees),
            ("O(n)", &decided(Model::Logarithmic), Verdict::Holds),
            ("O(1)", &decided(Model::Logarithmic), Verdict::Contradicts),
            ("O(log n)", &several, Verdict::Contradicts),
            ("O(n)", &several, Verdict::Undecided),
            ("O(n log n)", &several, Verdict::Holds),
            ("O(n²)", &several, Verdict::Holds),
            ("O(n)", &Growth::Undecided(Reason::Levels), Verdict::Undecided),
            ("O(1) <b>", &several, Verdict::NotStated),
            ("", &decided(Model::Linear), Verdict::NotStated),
        ] {
            assert_eq!(verdict(stated, growth), expected, "{stated} {growth:?}");
        }
    }

    #[test]
    fn a_statement_covers_the_variants_of_a_scenario() {
        let stated_by = [("get", "O(1)"), ("get_miss", "O(log n)")];
        let contender = ContenderInfo {
            bottleneck: String::new(),
            name: String::new(),
            role: Role::Peer,
            summary: String::new(),
            source: String::new(),
            analysis: String::new(),
            complexity: stated_by.map(|(operation, growth)| (operation.into(), growth.into())).into(),
            caveats: Vec::new(),
        };
        for (scenario, expected) in [
            ("get", "O(1)"),
            ("get_hit", "O(1)"),
            ("get_miss_string", "O(log n)"),
            ("getter", ""),
            ("put", ""),
        ] {
            assert_eq!(stated(&contender, scenario), expected, "{scenario}");
        }
    }
}
