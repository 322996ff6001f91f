//! Which part pays: how much of what the best contender saves is due to which of its parts. Pure functions of a record's
//! views.
//!
//! Contenders of a bottleneck with a [composition](CompositionInfo) are put together from the same parts, each of which is
//! naive or best. METHODOLOGY.md, "Which part pays", defines the words.

use std::collections::BTreeSet;

use crate::analysis::{geometric_mean, ratio};
use crate::metric::{Metric, Reading};
use crate::record::{CellRecord, CompositionInfo, ScenarioInfo};
use crate::view::{BottleneckView, ScenarioView};

/// The share of a cost up to which a difference counts as none, for exact metrics.
const EXACT: f64 = 0.01;
/// The same for times. Two structures need a difference of 5 %, because where their memory lies decides about the rest.
const TIMED: f64 = 0.05;
/// The share of the larger one by which *alone* and *last* of a part may differ and still agree.
const AGREEMENT: f64 = 0.1;
/// A part does not interact with more than so many others: the mixtures double with each.
const MOST_PARTS: usize = 12;

/// A set of parts, by their place in [`CompositionInfo::parts`].
type Set = u32;

/// A bottleneck's composition, and which of its contenders are in the record.
pub struct Composed<'a> {
    view: &'a BottleneckView<'a>,
    /// The composition.
    pub info: &'a CompositionInfo,
    /// The parts that are best, and the contender.
    mixtures: Vec<(Set, usize)>,
    planned: Option<usize>,
}

/// The costs of one scenario at one size in one metric, per operation, and what each part does there.
#[derive(Clone, Debug, PartialEq)]
pub struct Case<'a> {
    /// The scenario.
    pub scenario: &'a ScenarioInfo,
    /// The size.
    pub size: u64,
    /// Whether the scenario does what whole programs do.
    pub is_program: bool,
    /// The cost if every part is naive.
    pub naive: f64,
    /// The cost if every part is as its source planned it; `None` if it was not measured.
    pub planned: Option<f64>,
    /// The cost if every part is best.
    pub best: f64,
    /// Whether best costs less than naive, beyond the tolerance.
    pub saves: bool,
    /// Each part, in the order of the composition.
    pub effects: Vec<Effect>,
    /// The mixtures that Shapley values need.
    pub mixtures: Mixtures,
}

/// What one part does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// It alone becomes best, and all others stay naive.
    pub alone: Option<Step>,
    /// It becomes best last, when all others are best.
    pub last: Option<Step>,
    /// Whether it does anything.
    pub activity: Activity,
    /// What it saves of the whole.
    pub worth: Worth,
}

/// One part becomes best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The cost before.
    pub before: f64,
    /// The cost after.
    pub after: f64,
    /// By which share of the cost before the part makes it worse, beyond the tolerance; 0 if it does not.
    pub worse: f64,
}

/// Whether a part does anything in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Alone or last it changes the cost by more than the tolerance of the naive cost.
    Active,
    /// It does not. But last it changes the cost by more than the tolerance of the best cost.
    Late,
    /// It does nothing.
    Idle,
    /// Its mixtures were not measured.
    Unknown,
}

/// What a part saves of the whole, per operation. Less than zero if the part makes it worse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Worth {
    /// The part does nothing.
    Nothing,
    /// The mean of *alone* and *last*, which agree.
    Agreed(f64),
    /// The Shapley value.
    Shapley(f64),
    /// The Shapley value needs mixtures that were not measured. *Alone* and *last* span this interval.
    Between(f64, f64),
    /// *Alone* or *last* was not measured.
    Unknown,
}

/// The mixtures of the active parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mixtures {
    /// How many there are: two to the power of the number of active parts.
    pub needed: usize,
    /// How many of them were measured.
    pub measured: usize,
    /// Those that were not: the parts that are best. All other active parts are naive, and it does not matter what the
    /// inactive ones are.
    pub missing: Vec<Vec<usize>>,
}

/// The way from naive to best, part by part.
#[derive(Clone, Debug, PartialEq)]
pub struct Waterfall {
    /// The parts that do something, by what they save, with the one that saves most first.
    pub steps: Vec<(usize, f64)>,
    /// What these steps do not add up to; zero if they do.
    pub rest: f64,
}

/// What can be said of the parts over all cases of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdicts<'a> {
    /// How many cases there are.
    pub cases: usize,
    /// In how many of them parts have an interval only, because mixtures are missing.
    pub open: usize,
    /// Whether the totals are over the programs; otherwise no program was measured, and they are over all scenarios.
    pub of_programs: bool,
    /// How many cases the totals are over, and how many more would be if all mixtures had been measured.
    pub counted: (usize, usize),
    /// What best saves in them, as a share of what naive costs; each case weighs the same.
    pub saved: Option<f64>,
    /// What the parts do not add up to, as a share of what best saves in them.
    pub rest: Option<f64>,
    /// How far the source's plan goes.
    pub plan: Option<Plan>,
    /// Each part, in the order of the composition.
    pub parts: Vec<Verdict<'a>>,
}

/// What can be said of one part over all cases of a metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict<'a> {
    /// The number of scenarios in which it is known what the part does.
    pub scenarios: usize,
    /// In how many of them it is active, at any size.
    pub active: usize,
    /// In how many others it is late, at any size.
    pub late: usize,
    /// Its share of what best saves in the cases that count.
    pub total: Option<Total>,
    /// Where its share of what best saves is largest.
    pub largest: Option<Place<'a>>,
    /// Where it makes the cost worse by the largest share, alone or last.
    pub worst: Option<Place<'a>>,
}

/// A part's share of what best saves, over several cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Total {
    /// The share. Where there is an interval only, its middle counts.
    pub share: f64,
    /// The share if the lower end of every interval counts.
    pub low: f64,
    /// The share if the upper end of every interval counts.
    pub high: f64,
}

/// How far the source's plan goes from naive to best, over several cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// What it saves as a share of what best saves; `None` if best saves nothing.
    pub way: Option<f64>,
    /// The geometric mean of its cost divided by that of best; `None` if there is a zero.
    pub to_best: Option<f64>,
}

/// A number and the case that it is from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place<'a> {
    /// The number.
    pub value: f64,
    /// The scenario.
    pub scenario: &'a str,
    /// The size.
    pub size: u64,
}

/// The Shapley values of a game of `players`, where `saved` tells what a set of them saves: for each player, the mean of
/// what they add over all orders in which the players may come.
///
/// Shapley, *A Value for n-Person Games*, 1953.
pub fn shapley(players: usize, saved: impl Fn(Set) -> f64) -> Vec<f64> {
    let value = |player: usize| {
        let others = (0..1 << players).filter(|set: &Set| set >> player & 1 == 0);
        let added = others.map(|set| {
            // Among all orders, the share of those in which exactly `set` comes before the player: s! (n - s - 1)! / n!,
            // which is 1 / (n · (n - 1 choose s)).
            let before = set.count_ones() as usize;
            let weight = 1.0 / (players as f64 * choose(players - 1, before));
            weight * (saved(set | 1 << player) - saved(set))
        });
        added.sum()
    };
    (0..players).map(value).collect()
}

/// The number of ways to choose `chosen` of `all`.
fn choose(all: usize, chosen: usize) -> f64 {
    (0..chosen).fold(1.0, |ways, at| ways * (all - at) as f64 / (at + 1) as f64)
}

impl<'a> Composed<'a> {
    /// The composition of a bottleneck; `None` if it has none, or one that cannot be told apart.
    pub fn of(view: &'a BottleneckView<'a>) -> Option<Self> {
        let info = view.info.composition.as_ref()?;
        if info.parts.is_empty() || info.parts.len() > MOST_PARTS {
            return None;
        }
        let contender = |name: &str| view.contenders.iter().position(|contender| contender.name == name);
        let place = |name: &String| info.parts.iter().position(|part| part.name == *name);
        let set = |best: &[String]| best.iter().try_fold(0, |set: Set, name| Some(set | 1 << place(name)?));
        let mixtures = info
            .mixtures
            .iter()
            .filter_map(|mixture| Some((set(&mixture.best)?, contender(&mixture.contender)?)));
        Some(Composed { view, info, mixtures: mixtures.collect(), planned: contender(&info.planned) })
    }

    /// Whether parts can be told in a metric. They add up in costs, and not in ratios to a contender.
    pub fn can_tell(metric: Metric) -> bool {
        !metric.is_ratio()
    }

    /// The name of the contender in which every part is naive.
    pub fn naive(&self) -> &'a str {
        self.name_of(0)
    }

    /// The name of the contender in which every part is best.
    pub fn best(&self) -> &'a str {
        self.name_of(self.all())
    }

    fn all(&self) -> Set {
        (1 << self.info.parts.len()) - 1
    }

    fn name_of(&self, set: Set) -> &'a str {
        let found = self.mixtures.iter().find(|(best, _)| *best == set);
        found.map_or("", |(_, contender)| &self.view.contenders[*contender].name)
    }

    /// The cases of a metric: every scenario at every size at which both naive and best were measured.
    pub fn cases(&self, metric: Metric) -> Vec<Case<'a>> {
        if !Self::can_tell(metric) {
            return Vec::new();
        }
        let all = self.view.scenarios.iter();
        all.flat_map(|scenario| {
            scenario.sizes.iter().filter_map(move |size| self.case(metric, scenario, *size))
        })
        .collect()
    }

    fn case(&self, metric: Metric, scenario: &ScenarioView<'a>, size: u64) -> Option<Case<'a>> {
        let measured = |(set, contender): &(Set, usize)| {
            let cell = scenario.cell(size, *contender)?;
            Some(Cost { set: *set, value: metric.value(cell)?, cell })
        };
        let costs: Vec<Cost<'_>> = self.mixtures.iter().filter_map(measured).collect();
        let of = |set: Set| costs.iter().find(|cost| cost.set == set);
        let (naive, best) = (of(0)?, of(self.all())?);
        let effects: Vec<Effect> = (0..self.info.parts.len())
            .map(|part| {
                let alone = of(1 << part).map(|after| (naive, after));
                let last = of(self.all() & !(1 << part)).map(|before| (before, best));
                Effect::new(metric, alone, last, (naive.value, best.value))
            })
            .collect();
        let mut case = Case {
            scenario: scenario.info,
            size,
            is_program: self.info.programs.contains(&scenario.info.name),
            naive: naive.value,
            planned: self.planned.and_then(|planned| scenario.value(metric, size, planned)),
            best: best.value,
            saves: differs(metric, (naive, best), naive.value) && best.value < naive.value,
            effects,
            mixtures: Mixtures::default(),
        };
        case.value_parts(metric, &costs);
        Some(case)
    }

    /// What can be said of the parts over `cases` of a metric.
    pub fn verdicts(&self, metric: Metric, cases: &[Case<'a>]) -> Verdicts<'a> {
        let of_programs = cases.iter().any(|case| case.is_program);
        // A case weighs as much as any other, so its naive cost is one.
        let of_totals: Vec<&Case<'_>> =
            cases.iter().filter(|case| (!of_programs || case.is_program) && case.naive > 0.0).collect();
        let counted: Vec<&Case<'_>> = of_totals.iter().copied().filter(|case| case.is_known()).collect();
        let sum = |number: &dyn Fn(&Case<'_>) -> f64| -> f64 {
            counted.iter().map(|case| number(case) / case.naive).sum()
        };
        let all_saved = sum(&|case| case.naive - case.best);
        let saved = (!counted.is_empty()).then(|| all_saved / counted.len() as f64);
        let pays = saved.is_some_and(|saved| saved > tolerance(metric));
        let total = |part: usize| {
            let share = |of: fn(Worth) -> Option<f64>| {
                sum(&|case| of(case.effects[part].worth).unwrap_or_default()) / all_saved
            };
            pays.then(|| Total {
                share: share(Worth::value),
                low: share(Worth::low),
                high: share(Worth::high),
            })
        };
        let parts =
            (0..self.info.parts.len()).map(|part| Verdict { total: total(part), ..verdict(cases, part) });
        Verdicts {
            cases: cases.len(),
            open: cases.iter().filter(|case| case.is_open()).count(),
            of_programs,
            counted: (counted.len(), of_totals.len() - counted.len()),
            saved,
            rest: pays.then(|| sum(&|case| case.waterfall().rest) / all_saved),
            plan: Plan::of(metric, &of_totals),
            parts: parts.collect(),
        }
    }
}

/// What a part does over all cases, without its total.
fn verdict<'a>(cases: &[Case<'a>], part: usize) -> Verdict<'a> {
    let scenarios = |wanted: &[Activity]| -> BTreeSet<&str> {
        let found = cases.iter().filter(|case| wanted.contains(&case.effects[part].activity));
        found.map(|case| case.scenario.name.as_str()).collect()
    };
    use Activity::{Active, Idle, Late};
    let (active, late) = (scenarios(&[Active]), scenarios(&[Late]));
    let place = |case: &Case<'a>, value: f64| Place { value, scenario: &case.scenario.name, size: case.size };
    let largest = |value: &dyn Fn(&Case<'a>) -> Option<f64>| {
        let values = cases.iter().filter_map(|case| Some(place(case, value(case)?)));
        // Of equal ones the first, in reading order.
        values
            .rev()
            .max_by(|left, right| left.value.total_cmp(&right.value))
            .filter(|place| place.value > 0.0)
    };
    Verdict {
        scenarios: scenarios(&[Active, Late, Idle]).len(),
        active: active.len(),
        late: late.difference(&active).count(),
        total: None,
        largest: largest(&|case| case.share(case.effects[part].worth.value()?)),
        worst: largest(&|case| Some(case.effects[part].worse())),
    }
}

impl Plan {
    fn of(metric: Metric, cases: &[&Case<'_>]) -> Option<Plan> {
        let planned: Vec<_> = cases.iter().filter_map(|case| Some((case, case.planned?))).collect();
        let sum = |number: &dyn Fn(&Case<'_>, f64) -> f64| -> f64 {
            planned.iter().map(|(case, planned)| number(case, *planned) / case.naive).sum()
        };
        let saved = sum(&|case, _| case.naive - case.best);
        let pays = saved > tolerance(metric) * planned.len() as f64;
        (!planned.is_empty()).then(|| Plan {
            way: pays.then(|| sum(&|case, planned| case.naive - planned) / saved),
            to_best: geometric_mean(planned.iter().map(|(case, planned)| ratio(*planned, case.best))),
        })
    }
}

/// A mixture in a case.
struct Cost<'a> {
    set: Set,
    value: f64,
    cell: &'a CellRecord,
}

/// The share of a cost up to which a difference in a metric counts as none.
fn tolerance(metric: Metric) -> f64 {
    match metric.about().reading {
        Reading::Count(_) => EXACT,
        Reading::Time(_) | Reading::Ratio(_) => TIMED,
    }
}

/// Whether two mixtures differ by more than the tolerance of a cost, and by more than their intervals tell.
fn differs(metric: Metric, (left, right): (&Cost<'_>, &Cost<'_>), cost: f64) -> bool {
    let overlap = match (metric.bounds(left.cell), metric.bounds(right.cell)) {
        (Some(left), Some(right)) => left.0 <= right.1 && right.0 <= left.1,
        _ => false,
    };
    (left.value - right.value).abs() > tolerance(metric) * cost && !overlap
}

impl Effect {
    fn new(
        metric: Metric,
        alone: Option<(&Cost<'_>, &Cost<'_>)>,
        last: Option<(&Cost<'_>, &Cost<'_>)>,
        (naive, best): (f64, f64),
    ) -> Self {
        let counts = |pair: Option<(&Cost<'_>, &Cost<'_>)>, cost: f64| {
            pair.is_some_and(|pair| differs(metric, pair, cost))
        };
        let activity = if counts(alone, naive) || counts(last, naive) {
            Activity::Active
        } else if alone.is_none() || last.is_none() {
            Activity::Unknown
        } else if counts(last, best) {
            Activity::Late
        } else {
            Activity::Idle
        };
        let step = |pair: Option<(&Cost<'_>, &Cost<'_>)>| {
            let (before, after) = pair.map(|(before, after)| (before.value, after.value))?;
            let is_worse = counts(pair, before) && after > before;
            Some(Step { before, after, worse: if is_worse { ratio(after, before) - 1.0 } else { 0.0 } })
        };
        Effect { alone: step(alone), last: step(last), activity, worth: Worth::Nothing }
    }

    /// Whether the part is one of those among which the saving is divided.
    fn plays(&self) -> bool {
        matches!(self.activity, Activity::Active | Activity::Unknown)
    }

    /// What *alone* and *last* save, if both were measured.
    fn ends(&self) -> Option<(f64, f64)> {
        self.alone.zip(self.last).map(|(alone, last)| (alone.saved(), last.saved()))
    }

    /// The largest share by which the part makes a cost worse.
    pub fn worse(&self) -> f64 {
        [self.alone, self.last].into_iter().flatten().map(|step| step.worse).fold(0.0, f64::max)
    }
}

impl Step {
    /// What it saves; less than zero if it makes it worse.
    pub fn saved(&self) -> f64 {
        self.before - self.after
    }

    /// How many times as much it costs before as after.
    pub fn factor(&self) -> f64 {
        ratio(self.before, self.after)
    }
}

impl Worth {
    /// The number; the middle of an interval. `None` if it is not known.
    pub fn value(self) -> Option<f64> {
        match self {
            Worth::Nothing => Some(0.0),
            Worth::Agreed(value) | Worth::Shapley(value) => Some(value),
            Worth::Between(low, high) => Some(f64::midpoint(low, high)),
            Worth::Unknown => None,
        }
    }

    /// The number, or the lower end of an interval.
    pub fn low(self) -> Option<f64> {
        if let Worth::Between(low, _) = self { Some(low) } else { self.value() }
    }

    /// The number, or the upper end of an interval.
    pub fn high(self) -> Option<f64> {
        if let Worth::Between(_, high) = self { Some(high) } else { self.value() }
    }
}

impl Case<'_> {
    /// Tells what each part is worth, from what the mixtures cost.
    fn value_parts(&mut self, metric: Metric, costs: &[Cost<'_>]) {
        let players: Vec<usize> =
            (0..self.effects.len()).filter(|part| self.effects[*part].plays()).collect();
        let noise = tolerance(metric) * self.naive;
        let agree = |effect: &Effect| {
            effect.ends().is_some_and(|(alone, last)| {
                (alone - last).abs() <= noise.max(AGREEMENT * alone.abs().max(last.abs()))
            })
        };
        let worth = |effect: &Effect| match effect.ends() {
            Some((alone, last)) if agree(effect) => Worth::Agreed(f64::midpoint(alone, last)),
            Some((alone, last)) => Worth::Between(alone.min(last), alone.max(last)),
            None => Worth::Unknown,
        };
        let mut values: Vec<Worth> = players.iter().map(|part| worth(&self.effects[*part])).collect();
        if !values.iter().all(|worth| matches!(worth, Worth::Agreed(_))) {
            let mixed = mixed(&players, costs);
            let missing = mixed.iter().enumerate().filter(|(_, cost)| cost.is_none());
            let missing: Vec<Vec<usize>> = missing
                .map(|(set, _)| {
                    (0..players.len()).filter(|at| set >> at & 1 == 1).map(|at| players[at]).collect()
                })
                .collect();
            if missing.is_empty() {
                let saved = |set: Set| self.naive - mixed[set as usize].unwrap_or_default();
                values = shapley(players.len(), saved).into_iter().map(Worth::Shapley).collect();
            }
            self.mixtures = Mixtures { needed: mixed.len(), measured: mixed.len() - missing.len(), missing };
        }
        for (part, worth) in players.into_iter().zip(values) {
            self.effects[part].worth = worth;
        }
    }

    /// Whether some part has an interval only, or nothing, because mixtures are missing.
    pub fn is_open(&self) -> bool {
        !self.mixtures.missing.is_empty()
    }

    /// Whether it is known what each part is worth, at least as an interval.
    fn is_known(&self) -> bool {
        self.effects.iter().all(|effect| effect.worth != Worth::Unknown)
    }

    /// A saving as a share of what best saves; `None` if best saves nothing.
    pub fn share(&self, saved: f64) -> Option<f64> {
        self.saves.then(|| saved / (self.naive - self.best))
    }

    /// How far the source's plan goes from naive to best: 0 if it costs as much as naive, 1 if as much as best.
    pub fn way(&self) -> Option<f64> {
        self.share(self.naive - self.planned?)
    }

    /// The way from naive to best.
    pub fn waterfall(&self) -> Waterfall {
        let players = self.effects.iter().enumerate().filter(|(_, effect)| effect.plays());
        let mut steps: Vec<(usize, f64)> =
            players.filter_map(|(part, effect)| Some((part, effect.worth.value()?))).collect();
        steps.sort_by(|left, right| right.1.total_cmp(&left.1));
        let rest = self.naive - self.best - steps.iter().map(|(_, saved)| saved).sum::<f64>();
        // Sums of floating-point numbers are not exact.
        let is_rounding = rest.abs() <= 1e-9 * self.naive.max(self.best);
        Waterfall { steps, rest: if is_rounding { 0.0 } else { rest } }
    }
}

/// For each set of `players`, the cost of a mixture in which exactly these are best, whatever the other parts are. Of
/// several such mixtures, the one with the fewest best parts counts for small sets, and the one with the most for large
/// sets. So nobody and everybody are the naive and the best contender, and one part is *alone* and all but one are *last*.
fn mixed(players: &[usize], costs: &[Cost<'_>]) -> Vec<Option<f64>> {
    let of_players =
        |set: Set| -> Set { players.iter().enumerate().map(|(at, part)| (set >> part & 1) << at).sum() };
    let mut mixed: Vec<Option<&Cost<'_>>> = vec![None; 1 << players.len()];
    for cost in costs {
        let of = of_players(cost.set);
        let is_small =
            of.count_ones() as usize * 2 <= players.len() && of.count_ones() < players.len() as u32;
        let nearer = |known: &Cost<'_>| {
            let (known, this) = (known.set.count_ones(), cost.set.count_ones());
            if is_small { this < known } else { this > known }
        };
        let slot = &mut mixed[of as usize];
        if slot.is_none_or(nearer) {
            *slot = Some(cost);
        }
    }
    mixed.into_iter().map(|cost| cost.map(|cost| cost.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{
        BottleneckInfo, ContenderInfo, Interval, Measurements, MixtureInfo, PartInfo, Record, Role, SCHEMA,
        Times,
    };

    /// The parts that are best, as letters from `a` on.
    fn spelled(set: Set) -> String {
        ('a'..='l').enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, letter)| letter).collect()
    }

    fn set(best: &str) -> Set {
        best.bytes().map(|letter| 1 << (letter - b'a')).sum()
    }

    /// A record of a bottleneck of so many parts, with the mixtures that every composition has and `more` of them. A
    /// contender's name is `=` and the letters of its best parts. Each scenario tells what each set of best parts costs.
    fn record(parts: usize, more: &[&str], scenarios: &[(&str, &dyn Fn(Set) -> u64)]) -> Record {
        let all: Set = (1 << parts) - 1;
        let base = [0, all].into_iter().chain((0..parts).flat_map(|at| [1 << at, all & !(1 << at)]));
        let sets: BTreeSet<Set> = base.chain(more.iter().map(|best| set(best))).collect();
        let name = |set: &Set| format!("={}", spelled(*set));
        let cell = |scenario: &str, contender: &str, cost: u64| CellRecord {
            name: format!("b/{scenario}/10/{contender}").parse().unwrap(),
            role: Role::Optimized,
            ops: 2,
            digest: String::new(),
            measured: Measurements { instructions: Some(2 * cost), ..Measurements::default() },
            observed: Default::default(),
        };
        let contender = |name: String| ContenderInfo {
            bottleneck: "b".into(),
            name,
            role: Role::Optimized,
            summary: String::new(),
            source: String::new(),
            analysis: String::new(),
            complexity: Default::default(),
            caveats: Vec::new(),
        };
        let part =
            |at: usize| PartInfo { name: spelled(1 << at), title: spelled(1 << at), ..PartInfo::default() };
        let letters = |set: Set| spelled(set).chars().map(String::from).collect();
        let composition = CompositionInfo {
            parts: (0..parts).map(part).collect(),
            mixtures: sets
                .iter()
                .map(|set| MixtureInfo { contender: name(set), best: letters(*set) })
                .collect(),
            planned: "planned".into(),
            programs: scenarios
                .iter()
                .map(|(name, _)| (*name).into())
                .filter(|name: &String| name.starts_with("program_"))
                .collect(),
        };
        Record {
            schema: SCHEMA,
            bottlenecks: vec![BottleneckInfo {
                name: "b".into(),
                title: String::new(),
                question: String::new(),
                reference: String::new(),
                scenarios: scenarios
                    .iter()
                    .map(|(name, _)| ScenarioInfo {
                        name: (*name).into(),
                        summary: String::new(),
                        unit: "op".into(),
                        keeps_versions: false,
                        purpose: None,
                    })
                    .collect(),
                concurrent: Vec::new(),
                memory: Vec::new(),
                composition: Some(composition),
                choice: None,
            }],
            contenders: sets.iter().map(name).chain(["planned".into()]).map(contender).collect(),
            cells: scenarios
                .iter()
                .flat_map(|(scenario, cost)| sets.iter().map(|set| cell(scenario, &name(set), cost(*set))))
                .collect(),
            ..Record::default()
        }
    }

    /// Hands the composition and the cases of a record's instructions to `look`.
    fn told<T>(record: &Record, look: impl FnOnce(&Composed<'_>, &[Case<'_>]) -> T) -> T {
        let views = BottleneckView::all(record).unwrap();
        let composed = Composed::of(&views[0]).unwrap();
        look(&composed, &composed.cases(Metric::Instructions))
    }

    fn worths(record: &Record) -> Vec<Worth> {
        told(record, |_, cases| cases[0].effects.iter().map(|effect| effect.worth).collect())
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    /// What is left of 1,000 if each best part of `set` saves what `savings` says, by letter.
    fn additive(savings: &'static [u64]) -> impl Fn(Set) -> u64 {
        move |set| {
            let saved = savings.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            1000 - saved.map(|(_, saved)| saved).sum::<u64>()
        }
    }

    #[test]
    fn shapley_values_are_those_of_known_games() {
        // Each adds what is its own.
        let own = shapley(3, |set| {
            [5.0, 7.0, -2.0].iter().enumerate().map(|(at, own)| own * f64::from(set >> at & 1)).sum()
        });
        assert!(own.iter().zip([5.0, 7.0, -2.0]).all(|(value, known)| close(*value, known)), "{own:?}");
        // Two left gloves and a right one: a pair is worth 1.
        let gloves = shapley(3, |set| f64::from(u8::from(set & 0b100 != 0 && set & 0b011 != 0)));
        let known = [1.0 / 6.0, 1.0 / 6.0, 2.0 / 3.0];
        assert!(gloves.iter().zip(known).all(|(value, known)| close(*value, known)), "{gloves:?}");
        // The airport game: a runway for the longest plane costs 1, 3, 6 or 10.
        let airport = shapley(4, |set| [0.0, 1.0, 3.0, 6.0, 10.0][(32 - set.leading_zeros()) as usize]);
        let known = [0.25, 0.25 + 2.0 / 3.0, 0.25 + 2.0 / 3.0 + 1.5, 0.25 + 2.0 / 3.0 + 1.5 + 4.0];
        assert!(airport.iter().zip(known).all(|(value, known)| close(*value, known)), "{airport:?}");
        assert!(shapley(0, |_| 1.0).is_empty());
    }

    #[test]
    fn parts_that_add_up_are_worth_what_each_saves() {
        let record = record(3, &[], &[("s", &additive(&[600, 100, 200]))]);
        told(&record, |_, cases| {
            let case = &cases[0];
            assert_eq!((case.naive, case.best, case.saves), (1000.0, 100.0, true));
            let worths: Vec<Worth> = case.effects.iter().map(|effect| effect.worth).collect();
            assert_eq!(worths, [600.0, 100.0, 200.0].map(Worth::Agreed));
            assert_eq!(
                case.waterfall(),
                Waterfall { steps: vec![(0, 600.0), (2, 200.0), (1, 100.0)], rest: 0.0 }
            );
            assert!(close(case.share(600.0).unwrap(), 600.0 / 900.0));
            // Alone 1,000 / 400; last 700 / 100.
            let (alone, last) = (case.effects[0].alone.unwrap(), case.effects[0].last.unwrap());
            assert!(close(alone.factor(), 2.5) && close(last.factor(), 7.0));
            assert!(!case.is_open());
        });
    }

    #[test]
    fn two_parts_that_only_help_together_share_it_and_an_idle_one_gets_nothing() {
        // The third saves 0.4 %, which is less than the tolerance.
        let together = |set: Set| if set & 0b11 == 0b11 { 200 } else { 1000 } - 4 * u64::from(set >> 2 & 1);
        let record = record(3, &[], &[("s", &together)]);
        told(&record, |_, cases| {
            let case = &cases[0];
            let activities: Vec<Activity> = case.effects.iter().map(|effect| effect.activity).collect();
            assert_eq!(activities, [Activity::Active, Activity::Active, Activity::Late]);
            assert_eq!(case.effects[0].alone.unwrap().saved(), 0.0);
            assert_eq!(case.effects[0].last.unwrap().saved(), 800.0);
            let values: Vec<f64> = case.effects.iter().map(|effect| effect.worth.value().unwrap()).collect();
            // Half of all that is saved: 1,000 - 196.
            assert!(close(values[0], 402.0) && close(values[1], 402.0) && values[2] == 0.0, "{values:?}");
            assert_eq!(case.mixtures, Mixtures { needed: 4, measured: 4, missing: vec![] });
            assert_eq!(case.waterfall().rest, 0.0);
        });
    }

    #[test]
    fn shapley_values_add_up_to_what_best_saves() {
        // Every set costs something else, and the third part makes the cost worse.
        let tangled = |set: Set| [1000, 700, 800, 300, 1100, 900, 850, 370][set as usize];
        let record = record(3, &[], &[("s", &tangled)]);
        told(&record, |_, cases| {
            let values: Vec<f64> =
                cases[0].effects.iter().map(|effect| effect.worth.value().unwrap()).collect();
            // By hand, over the six orders in which three parts can come.
            let known = [
                (300.0 + 300.0 + 500.0 + 480.0 + 200.0 + 480.0) / 6.0,
                (400.0 + 530.0 + 200.0 + 200.0 + 530.0 + 250.0) / 6.0,
                (-70.0 - 200.0 - 70.0 - 50.0 - 100.0 - 100.0) / 6.0,
            ];
            assert!(
                values.iter().zip(known).all(|(value, known)| close(*value, known)),
                "{values:?} {known:?}"
            );
            assert!(close(values.iter().sum(), 1000.0 - 370.0));
            assert!(matches!(cases[0].effects[0].worth, Worth::Shapley(_)));
            // Alone it adds 100 to 1,000, last it adds 70 to 300.
            assert!(close(cases[0].effects[2].worse(), 70.0 / 300.0));
        });
    }

    #[test]
    fn a_part_that_costs_more_than_it_brings_is_negative() {
        let worse = |set: Set| 1000 - 500 * u64::from(set & 1) + 50 * u64::from(set >> 1 & 1);
        let record = record(2, &[], &[("s", &worse)]);
        assert_eq!(worths(&record), [Worth::Agreed(500.0), Worth::Agreed(-50.0)]);
        told(&record, |composed, cases| {
            assert_eq!(cases[0].waterfall().steps, [(0, 500.0), (1, -50.0)]);
            let verdicts = composed.verdicts(Metric::Instructions, cases);
            let share = |part: usize| verdicts.parts[part].total.unwrap().share;
            assert!(close(share(0), 500.0 / 450.0) && close(share(1), -50.0 / 450.0));
            let worst = verdicts.parts[1].worst.unwrap();
            assert!(close(worst.value, 0.1) && (worst.scenario, worst.size) == ("s", 10), "{worst:?}");
            assert_eq!((verdicts.parts[0].worst, verdicts.parts[1].largest), (None, None));
        });
    }

    /// What any set of four parts saves is the square of its size; a fifth part does nothing.
    fn squares(set: Set) -> u64 {
        2000 - 100 * u64::from((set & 0b1111).count_ones().pow(2))
    }

    #[test]
    fn without_the_mixtures_of_four_parts_there_is_an_interval() {
        // The idle part may be in either form.
        let record = record(5, &["ab", "ace"], &[("s", &squares)]);
        told(&record, |composed, cases| {
            let case = &cases[0];
            // Alone a part saves 100, and last 1,600 - 900.
            assert_eq!(case.effects[3].worth, Worth::Between(100.0, 700.0));
            assert_eq!(case.effects[4].worth, Worth::Nothing);
            assert_eq!((case.mixtures.needed, case.mixtures.measured), (16, 12));
            assert_eq!(case.mixtures.missing, [[1, 2], [0, 3], [1, 3], [2, 3]]);
            // The middles happen to add up.
            assert_eq!(
                case.waterfall().steps.iter().map(|(_, saved)| *saved).collect::<Vec<_>>(),
                [400.0; 4]
            );
            let verdicts = composed.verdicts(Metric::Instructions, cases);
            assert_eq!((verdicts.cases, verdicts.open, verdicts.counted), (1, 1, (1, 0)));
            let total = verdicts.parts[0].total.unwrap();
            assert!(
                close(total.share, 0.25) && close(total.low, 1.0 / 16.0) && close(total.high, 7.0 / 16.0)
            );
        });
    }

    #[test]
    fn with_the_mixtures_of_four_parts_there_is_a_shapley_value() {
        let pairs = ["ab", "ac", "ad", "bc", "bde", "cde"];
        let record = record(5, &pairs, &[("s", &squares)]);
        told(&record, |_, cases| {
            assert_eq!(cases[0].mixtures, Mixtures { needed: 16, measured: 16, missing: vec![] });
            let values: Vec<f64> =
                cases[0].effects.iter().map(|effect| effect.worth.value().unwrap()).collect();
            assert!(
                values
                    .iter()
                    .zip([400.0, 400.0, 400.0, 400.0, 0.0])
                    .all(|(value, known)| close(*value, known))
            );
        });
    }

    #[test]
    fn where_parts_agree_an_interval_of_others_leaves_a_rest() {
        // Three of them save the square of their number, the fourth its own; the middle of the interval is not the value.
        let cubes =
            |set: Set| 5000 - 100 * u64::from((set & 0b111).count_ones().pow(3)) - 300 * u64::from(set >> 3);
        let record = record(4, &[], &[("s", &cubes)]);
        let interval = Worth::Between(100.0, 1900.0);
        assert_eq!(worths(&record), [interval, interval, interval, Worth::Agreed(300.0)]);
        told(&record, |composed, cases| {
            assert_eq!(cases[0].waterfall().rest, 3000.0 - 3.0 * 1000.0 - 300.0);
            assert!(close(composed.verdicts(Metric::Instructions, cases).rest.unwrap(), -0.1));
        });
    }

    /// Neither end tells of parts that help only in the middle.
    #[test]
    fn what_several_parts_save_only_together_is_a_rest() {
        let middle = |set: Set| [1000, 1000, 400, 400, 400][set.count_ones() as usize];
        let record = record(4, &[], &[("s", &middle)]);
        assert_eq!(worths(&record), [Worth::Nothing; 4]);
        told(&record, |composed, cases| {
            assert_eq!(cases[0].waterfall(), Waterfall { steps: vec![], rest: 600.0 });
            assert_eq!(composed.verdicts(Metric::Instructions, cases).rest, Some(1.0));
        });
    }

    #[test]
    fn what_was_not_measured_is_not_told() {
        let whole = record(2, &[], &[("s", &additive(&[600, 300]))]);
        let without = |names: &[&str]| {
            let mut record = whole.clone();
            record.cells.retain(|cell| !names.contains(&cell.name.contender.as_str()));
            record
        };
        for end in ["=", "=ab"] {
            assert_eq!(told(&without(&[end]), |_, cases| cases.len()), 0, "{end}");
        }
        // With two parts, a alone is b last.
        let record = without(&["=a"]);
        told(&record, |composed, cases| {
            let case = &cases[0];
            assert_eq!((case.effects[0].alone, case.effects[1].last), (None, None));
            assert_eq!(case.effects[0].last.unwrap().saved(), 600.0);
            assert_eq!(case.effects[0].worth, Worth::Unknown);
            assert_eq!((case.mixtures.measured, &case.mixtures.missing), (3, &vec![vec![0]]));
            assert_eq!(case.waterfall(), Waterfall { steps: vec![], rest: 900.0 });
            let verdicts = composed.verdicts(Metric::Instructions, cases);
            assert_eq!((verdicts.counted, verdicts.saved, verdicts.parts[0].total), ((0, 1), None, None));
        });
        told(&without(&["=a", "=b"]), |composed, cases| {
            assert_eq!(cases[0].effects[0].activity, Activity::Unknown);
            assert_eq!(composed.verdicts(Metric::Instructions, cases).parts[0].scenarios, 0);
        });
        // Another metric was not measured at all, and a ratio has no parts.
        let views = BottleneckView::all(&whole).unwrap();
        let composed = Composed::of(&views[0]).unwrap();
        assert!(composed.cases(Metric::Blocks).is_empty() && composed.cases(Metric::WarmRatio).is_empty());
    }

    #[test]
    fn a_part_that_is_a_detail_of_the_whole_shows_once_the_others_are_best() {
        let late = |set: Set| if set & 1 == 1 { 100 } else { 10_000 } - 50 * u64::from(set >> 1);
        let record = record(2, &[], &[("s", &late)]);
        told(&record, |composed, cases| {
            assert_eq!(cases[0].effects[1].activity, Activity::Late);
            assert_eq!(cases[0].effects[1].worth, Worth::Nothing);
            assert!(close(cases[0].effects[1].last.unwrap().factor(), 2.0));
            let verdict = &composed.verdicts(Metric::Instructions, cases).parts[1];
            assert_eq!((verdict.scenarios, verdict.active, verdict.late), (1, 0, 1));
        });
    }

    #[test]
    fn times_differ_only_beyond_their_intervals_and_five_percent() {
        let mut record = record(1, &[], &[("s", &additive(&[100]))]);
        let mut active = |naive: (f64, f64), best: (f64, f64)| {
            for (cell, (low, high)) in record.cells.iter_mut().zip([naive, best]) {
                let interval = Interval { low, median: f64::midpoint(low, high), high };
                cell.measured.times = Some(Times {
                    warm_ns: interval,
                    cold_ns: interval,
                    drop_ns: None,
                    disturbed: 0.0,
                    ratios: None,
                });
            }
            let views = BottleneckView::all(&record).unwrap();
            let case = Composed::of(&views[0]).unwrap().cases(Metric::Warm).remove(0);
            assert_eq!(case.saves, case.effects[0].activity == Activity::Active);
            case.saves
        };
        assert!(active((99.0, 101.0), (90.0, 94.0)));
        assert!(!active((99.0, 101.0), (95.0, 97.0)), "4 %");
        assert!(!active((93.0, 107.0), (90.0, 94.0)), "the intervals overlap");
    }

    #[test]
    fn programs_decide_and_each_weighs_the_same() {
        let dear = |set: Set| 1000 * additive(&[800, 0])(set);
        let record = record(
            2,
            &[],
            &[("program_a", &dear), ("program_b", &additive(&[0, 400])), ("other", &additive(&[0, 900]))],
        );
        told(&record, |composed, cases| {
            let verdicts = composed.verdicts(Metric::Instructions, cases);
            assert!(verdicts.of_programs && verdicts.counted == (2, 0));
            assert!(close(verdicts.saved.unwrap(), 0.6));
            let [a, b] = [0, 1].map(|part| &verdicts.parts[part]);
            assert!(close(a.total.unwrap().share, 2.0 / 3.0) && close(b.total.unwrap().share, 1.0 / 3.0));
            assert_eq!((a.scenarios, a.active, b.active), (3, 1, 2));
            let largest = b.largest.unwrap();
            assert_eq!((largest.scenario, largest.size, largest.value), ("program_b", 10, 1.0));
        });
    }

    #[test]
    fn the_plan_goes_a_part_of_the_way() {
        let mut record =
            record(1, &[], &[("program_a", &additive(&[800])), ("program_b", &additive(&[600]))]);
        for (scenario, cost) in [("program_a", 400), ("program_b", 800)] {
            let mut cell = record.cells[0].clone();
            cell.name = format!("b/{scenario}/10/planned").parse().unwrap();
            cell.measured.instructions = Some(2 * cost);
            record.cells.push(cell);
        }
        told(&record, |composed, cases| {
            assert!(close(cases[0].way().unwrap(), 0.75));
            let plan = composed.verdicts(Metric::Instructions, cases).plan.unwrap();
            // 600 and 200 of 800 and 600; twice the best in both.
            assert!(close(plan.way.unwrap(), 800.0 / 1400.0) && close(plan.to_best.unwrap(), 2.0));
        });
    }

    #[test]
    fn zeros_are_no_difference() {
        let record = record(2, &[], &[("s", &|_| 0)]);
        told(&record, |composed, cases| {
            assert!(cases[0].effects.iter().all(|effect| effect.activity == Activity::Idle));
            assert_eq!((cases[0].saves, cases[0].waterfall().rest), (false, 0.0));
            assert_eq!(composed.verdicts(Metric::Instructions, cases).saved, None);
        });
    }

    #[test]
    fn a_composition_that_names_what_is_not_there_does_no_harm() {
        let mut record = record(2, &[], &[("s", &additive(&[600, 300]))]);
        record.bottlenecks[0].composition.as_mut().unwrap().mixtures.extend([
            MixtureInfo { contender: "=".into(), best: vec!["nothing".into()] },
            MixtureInfo { contender: "nobody".into(), best: vec!["a".into()] },
        ]);
        assert_eq!(worths(&record), [600.0, 300.0].map(Worth::Agreed));
        for parts in [Vec::new(), vec![PartInfo::default(); 40]] {
            record.bottlenecks[0].composition.as_mut().unwrap().parts = parts;
            assert!(Composed::of(&BottleneckView::all(&record).unwrap()[0]).is_none());
        }
        record.bottlenecks[0].composition = None;
        assert!(Composed::of(&BottleneckView::all(&record).unwrap()[0]).is_none());
    }
}
