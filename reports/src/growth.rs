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
        let mut points: Vec<(u64, f64)> =
            points.into_iter().filter(|(size, value)| *size > 0 && *value >= 0.0 && value.is_finite()).collect();
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
    /// What was measured.
    pub growth: Growth,
    /// What the statement is worth.
    pub verdict: Verdict,
}

/// The growth of every contender in every scenario in which it has values of `metric`, by scenario and contender.
/// `is_stated` says whether the stated complexity is about that metric.
pub fn findings<'a>(
    view: &BottleneckView<'a>,
    (metric, is_stated): (Metric, bool),
) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    for (at, scenario) in view.scenarios.iter().enumerate() {
        for (series, contender) in view.contenders.iter().enumerate() {
            let values = scenario.sizes.iter().filter_map(|size| Some((*size, scenario.value(metric, *size, series)?)));
            let values: Vec<(u64, f64)> = values.collect();
            if values.is_empty() {
                continue;
            }
            let stated = if is_stated { stated(contender, &scenario.info.name) } else { "" };
            let growth = Growth::of(values);
            let verdict = Verdict::of(Model::named(stated), &growth);
            findings.push(Finding { scenario: at, contender: series, stated, growth, verdict });
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
    let possible: Vec<&Fit> = fits.iter().filter(is_possible).collect();
    let decided = |fit: &Fit| Growth::Decided { fit: *fit, from: points[0].0 };
    let best = best(&fits);
    match &possible[..] {
        // Every other model has a constant, too, and fits no worse. The simplest wins.
        [constant, ..] if constant.model == Model::Constant => {
            if constant.error <= FLAT || is_sawtooth(points, &fits) || never_grows(points) {
                decided(constant)
            } else {
                Growth::Undecided(Reason::None(*best))
            }
        }
        _ if best.error > ADEQUATE => Growth::Undecided(Reason::None(*best)),
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
