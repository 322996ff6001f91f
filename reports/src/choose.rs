//! What a mix of operations costs with each contender, predicted from what was measured of its parts.
//!
//! A [mix](MixInfo) consists of parts, such as lookups and overwrites. Its cost is the sum of theirs. Scenarios tell what a
//! part costs at some sizes; between them the cost follows a power of the size. Where versions are kept, a part that changes
//! something costs between what it costs without versions and what it costs where a version is kept before every change. What
//! it costs more falls with the number of changes from a version to the next. Scenarios that keep fewer versions tell how
//! fast.
//!
//! How far the predictions are off is known from the scenarios that run whole mixes: [`Model::errors`].

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::{ChoiceInfo, CostInfo, MemoryInfo, MixInfo, Purpose, Record, Role};

/// What something costs at some sizes: ascending sizes, each with a cost per operation.
pub type Curve = Vec<(f64, f64)>;

/// What the parts of mixes cost with the contenders of a bottleneck.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    /// Which mixes there are.
    pub choice: ChoiceInfo,
    /// The contenders of which something is known.
    pub contenders: Vec<Costs>,
    /// By which factor most predictions are off at most, less 1: nine in ten of those that were tested. `None` if none was.
    pub error: Option<f64>,
}

/// What the parts of mixes cost with one contender.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Costs {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// For each kind of key, for each part: what it costs.
    pub keys: Vec<Vec<PartCost>>,
    /// For each kind of key: the bytes that live for each element, and for each version that is kept.
    pub bytes: Vec<[Curve; 2]>,
}

/// What a part costs, in instructions. Each list is of curves that are summed up; it is empty where a scenario was not
/// measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PartCost {
    /// While no version is kept.
    pub unshared: Vec<Curve>,
    /// Where a version is kept before every change.
    pub kept: Vec<Curve>,
    /// Which share of what it costs more because of versions is left where one is kept before every so many changes as
    /// [the choice says](ChoiceInfo::every); empty if unknown.
    pub left: Curve,
}

/// Why a contender's cost cannot be predicted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// A scenario was not measured.
    #[error("`{0}` was not measured")]
    NotMeasured(String),
    /// The contender keeps no versions.
    #[error("it keeps no versions")]
    NoVersions,
    /// The size is further away from the measured ones than one step between them.
    #[error("sizes from {least} to {most} can be predicted")]
    OutOfRange {
        /// The smallest size that can be predicted.
        least: u64,
        /// The largest one.
        most: u64,
    },
}

/// What is predicted for a mix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The contenders, the cheapest first.
    pub ranked: Vec<Ranked>,
    /// The contenders whose cost cannot be predicted.
    pub unknown: Vec<(String, String)>,
    /// Whether the size is beyond the measured ones.
    pub is_extrapolated: bool,
}

/// What is predicted of a contender.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranked {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Instructions per operation.
    pub cost: f64,
    /// The least and the most that it probably is; absent where no prediction was tested.
    pub interval: Option<[f64; 2]>,
    /// Whether it may be as good as the first: their intervals overlap.
    pub is_tie: bool,
    /// The live bytes of the structure; absent if unknown.
    pub bytes: Option<f64>,
    /// The live bytes of one more version that is kept and differs by one change; absent if unknown.
    pub version_bytes: Option<f64>,
}

/// A prediction beside what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tested {
    /// The mix: the name of its scenario, or its text.
    pub mix: String,
    /// The contender.
    pub contender: String,
    /// Predicted instructions per operation.
    pub predicted: f64,
    /// Measured instructions per operation.
    pub measured: f64,
}

impl Tested {
    /// By which factor the prediction is off, less 1: 0.1 whether it is 10 % too high or the measured one 10 % higher.
    pub fn error(&self) -> f64 {
        let ratio = self.predicted / self.measured;
        ratio.max(1.0 / ratio) - 1.0
    }
}

/// How far predictions are off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Number of mixes.
    pub mixes: usize,
    /// Number of predictions: one for each mix and contender.
    pub predictions: usize,
    /// The errors that half of them, nine of ten and all of them do not exceed.
    pub median: f64,
    /// See `median`.
    pub ninth: f64,
    /// See `median`.
    pub worst: f64,
    /// The prediction with the largest error.
    pub worst_of: String,
    /// The least, middle and largest of predicted ÷ measured, and the ones that a tenth is below and above.
    pub ratios: [f64; 5],
    /// In how many mixes the contender that is predicted to be the cheapest is.
    pub winners: usize,
    /// In how many others the cheapest contender is told to be as good as the predicted one.
    pub ties: usize,
}

/// How many times as large as the largest measured size, and as small as the smallest, a size may be.
const FURTHEST: f64 = 10.0;

/// A curve's cost at a size: a power of the size between two measured ones, and the same power beyond them.
fn at(curve: &Curve, size: f64) -> f64 {
    let Some(last) = curve.len().checked_sub(1) else { return 0.0 };
    if last == 0 {
        return curve[0].1;
    }
    let upper = curve.partition_point(|(known, _)| *known < size).clamp(1, last);
    let [(left, low), (right, high)] = [curve[upper - 1], curve[upper]];
    if low <= 0.0 || high <= 0.0 {
        return low + (high - low) * (size - left) / (right - left);
    }
    low * (high / low).powf((size / left).ln() / (right / left).ln())
}

fn sum(curves: &[Curve], size: f64) -> f64 {
    curves.iter().map(|curve| at(curve, size)).sum()
}

impl PartCost {
    /// The cost of the part at a size, where a version is kept before every `every` changes; `None` where none is. What is
    /// [left](PartCost::left) is left where there are `known` changes for a version.
    fn cost(&self, part: &CostInfo, size: f64, every: Option<f64>, known: f64) -> f64 {
        let alone = sum(&self.unshared, size);
        let alone = if part.visits_all { alone * size } else { alone };
        let Some(every) = every.filter(|_| part.changes > 0) else { return alone };
        // If nothing tells it, only the first change costs more.
        let share =
            if self.left.is_empty() { 1.0 / every } else { falling(at(&self.left, size), known, every) };
        alone + (sum(&self.kept, size) - alone) * share
    }
}

/// Which share is left of what a change costs more because of versions, where there are `every` changes for a version. Where
/// there are `known` of them, the share is `left`.
///
/// With fewer changes than that, some of what the first change copies is found copied by all others, such as a tree's root, and
/// the rest by none of them. With more, the share falls with a power of their number.
fn falling(left: f64, known: f64, every: f64) -> f64 {
    if every > known {
        return left * (every / known).powf(left.ln() / known.ln());
    }
    let first = (1.0 - left) / (1.0 - 1.0 / known);
    first / every + 1.0 - first
}

/// The same at the sizes where scenarios tell it, from what a part costs: where no version is kept, where one is kept before
/// every change, and where one is kept before each `every` of them.
fn thinned([alone, kept, seldom]: [&[Curve]; 3], every: f64) -> Curve {
    if alone.is_empty() || kept.is_empty() {
        return Curve::new();
    }
    let sizes = seldom.first().into_iter().flatten().map(|(size, _)| *size);
    let shares = sizes.map(|size| {
        let [alone, kept, seldom] = [alone, kept, seldom].map(|curves| sum(curves, size));
        let share = (seldom - alone) / (kept - alone);
        // It cannot fall faster than if only the first change costs more.
        (size, if kept > alone { share.clamp(1.0 / every, 1.0) } else { 1.0 / every })
    });
    shares.collect()
}

impl Model {
    /// The model of a bottleneck from the cells of a record; `None` if the bottleneck is not in it or knows no mixes.
    pub fn of(record: &Record, bottleneck: &str) -> Option<Self> {
        let info = record.bottlenecks.iter().find(|info| info.name == bottleneck)?;
        let choice = info.choice.clone()?;
        let mut curves: BTreeMap<(&str, &str), [Curve; 2]> = BTreeMap::new();
        for cell in record.cells.iter().filter(|cell| cell.name.bottleneck == bottleneck && cell.ops > 0) {
            let of_cell = curves.entry((&cell.name.contender, &cell.name.scenario)).or_default();
            let (size, ops) = (cell.name.size as f64, cell.ops as f64);
            if let Some(instructions) = cell.measured.instructions {
                of_cell[0].push((size, instructions as f64 / ops));
            }
            if let Some(allocations) = &cell.measured.allocations {
                of_cell[1].push((size, allocations.live_bytes as f64 / ops));
            }
        }
        for curve in curves.values_mut().flatten() {
            curve.sort_by(|left, right| left.0.total_cmp(&right.0));
        }
        let found = |contender: &str, scenario: &str, which: usize| {
            curves
                .get(&(contender, scenario))
                .map(|curves| curves[which].clone())
                .filter(|curve| !curve.is_empty())
        };
        let all = |contender: &str, scenarios: &[String], suffix: &str| -> Vec<Curve> {
            let curves = scenarios.iter().map(|scenario| found(contender, &format!("{scenario}{suffix}"), 0));
            curves.collect::<Option<_>>().unwrap_or_default()
        };
        let contenders = record.contenders.iter().filter(|contender| contender.bottleneck == bottleneck);
        let contenders = contenders.map(|contender| {
            let name = contender.name.as_str();
            let keys = choice.keys.iter().map(|key| {
                let parts = choice.parts.iter().map(|part| {
                    let costs = [&part.unshared, &part.kept, &part.seldom];
                    let [unshared, kept, seldom] = costs.map(|scenarios| all(name, scenarios, &key.suffix));
                    let left = thinned([&unshared, &kept, &seldom], f64::from(choice.every));
                    PartCost { unshared, kept, left }
                });
                parts.collect()
            });
            let bytes = choice.keys.iter().map(|key| {
                let memory = info.memory.iter().find(|memory| suffix(&choice, memory) == key.suffix);
                memory.map_or_else(Default::default, |memory| {
                    [&memory.built, &memory.kept].map(|scenario| found(name, scenario, 1).unwrap_or_default())
                })
            });
            Costs {
                name: name.to_owned(),
                role: contender.role,
                keys: keys.collect(),
                bytes: bytes.collect(),
            }
        });
        let mut model = Model { choice: choice.clone(), contenders: contenders.collect(), error: None };
        let errors = model.errors(record, bottleneck);
        model.error = quantile(errors.iter().map(Tested::error).collect(), 0.9);
        Some(model)
    }

    /// The smallest and the largest size at which all that is known of every contender was measured; `None` if nothing
    /// is known.
    pub fn sizes(&self) -> Option<(u64, u64)> {
        let parts = self.contenders.iter().flat_map(|costs| costs.keys.iter().flatten());
        let curves = parts.flat_map(|part| part.unshared.iter().chain(&part.kept));
        let ends = curves.filter_map(|curve| Some((curve.first()?.0, curve.last()?.0)));
        let both = ends.reduce(|(least, most), (first, last)| (least.max(first), most.min(last)));
        both.map(|(least, most)| (least as u64, most as u64))
    }

    /// The predictions of the mixes that scenarios of a record run, beside what was measured.
    pub fn errors(&self, record: &Record, bottleneck: &str) -> Vec<Tested> {
        let infos = record.bottlenecks.iter().find(|info| info.name == bottleneck);
        let infos = infos.map_or(&[][..], |info| &info.scenarios);
        let mut tested = Vec::new();
        for cell in record.cells.iter().filter(|cell| cell.name.bottleneck == bottleneck && cell.ops > 0) {
            let info = infos.iter().find(|info| info.name == cell.name.scenario);
            let Some(Purpose::Mix(mix)) = info.and_then(|info| info.purpose.as_ref()) else { continue };
            let Some(instructions) = cell.measured.instructions else { continue };
            let costs = self.contenders.iter().find(|costs| costs.name == cell.name.contender);
            if let Some(Ok(predicted)) = costs.map(|costs| self.cost(costs, mix)) {
                tested.push(Tested {
                    mix: cell.name.scenario.clone(),
                    contender: cell.name.contender.clone(),
                    predicted,
                    measured: instructions as f64 / cell.ops as f64,
                });
            }
        }
        tested
    }

    /// What a mix costs with one contender, in instructions per operation.
    ///
    /// # Errors
    /// If it cannot be predicted.
    pub fn cost(&self, costs: &Costs, mix: &MixInfo) -> Result<f64, Unknown> {
        let key = self.choice.keys.iter().position(|key| key.name == mix.key).unwrap_or(0);
        let parts = self.choice.parts.iter().zip(&costs.keys[key]).filter_map(|(part, cost)| {
            let count = *mix.parts.get(&part.name)?;
            (count > 0.0).then_some((part, cost, count))
        });
        let changes: f64 = parts.clone().map(|(part, _, count)| count * f64::from(part.changes)).sum();
        let every = (mix.versions > 0.0 && changes > 0.0).then(|| (changes * 1000.0 / mix.versions).max(1.0));
        let size = mix.size as f64;
        let (mut least, mut most) = (0.0, f64::INFINITY);
        let mut sum = 0.0;
        for (part, cost, count) in parts {
            let suffix = &self.choice.keys[key].suffix;
            if cost.unshared.is_empty() {
                let missing = part.unshared.first().map_or("", String::as_str);
                return Err(Unknown::NotMeasured(format!("{missing}{suffix}")));
            }
            let is_kept = every.is_some() && part.changes > 0;
            if is_kept && cost.kept.is_empty() {
                return Err(Unknown::NoVersions);
            }
            let kept = if is_kept { &cost.kept[..] } else { &[] };
            let curves = || cost.unshared.iter().chain(kept);
            least = curves().map(|curve| curve[0].0 / FURTHEST).fold(least, f64::max);
            most = curves().map(|curve| curve[curve.len() - 1].0 * FURTHEST).fold(most, f64::min);
            sum += count * cost.cost(part, size, every, f64::from(self.choice.every));
        }
        if !(least..=most).contains(&size) {
            return Err(Unknown::OutOfRange { least: least.ceil().max(1.0) as u64, most: most as u64 });
        }
        Ok(sum)
    }

    /// Whether a size is beyond those at which the parts of a mix were measured, with any contender.
    fn is_extrapolated(&self, mix: &MixInfo) -> bool {
        let key = self.choice.keys.iter().position(|key| key.name == mix.key).unwrap_or(0);
        let size = mix.size as f64;
        let beyond = |curve: &Curve| {
            curve.first().is_some_and(|(least, _)| size < *least)
                || curve.last().is_some_and(|(most, _)| size > *most)
        };
        self.contenders.iter().any(|costs| {
            let parts = self.choice.parts.iter().zip(&costs.keys[key]);
            let mut parts = parts.filter(|(part, _)| mix.parts.contains_key(&part.name));
            parts.any(|(_, cost)| {
                let kept = if mix.versions > 0.0 { &cost.kept[..] } else { &[] };
                cost.unshared.iter().chain(kept).any(beyond)
            })
        })
    }

    /// Predicts what a mix costs with every contender.
    pub fn predict(&self, mix: &MixInfo) -> Prediction {
        let key = self.choice.keys.iter().position(|key| key.name == mix.key).unwrap_or(0);
        let size = mix.size as f64;
        let mut unknown = Vec::new();
        let mut ranked = Vec::new();
        for costs in &self.contenders {
            match self.cost(costs, mix) {
                Err(why) => unknown.push((costs.name.clone(), why.to_string())),
                Ok(cost) => {
                    let [entry, version] = &costs.bytes[key];
                    let known =
                        |curve: &Curve, times: f64| (!curve.is_empty()).then(|| at(curve, size) * times);
                    ranked.push(Ranked {
                        name: costs.name.clone(),
                        role: costs.role,
                        cost,
                        interval: self.error.map(|error| [cost / (1.0 + error), cost * (1.0 + error)]),
                        is_tie: false,
                        bytes: known(entry, size),
                        version_bytes: known(version, 1.0),
                    });
                }
            }
        }
        ranked
            .sort_by(|left, right| left.cost.total_cmp(&right.cost).then_with(|| left.name.cmp(&right.name)));
        let first = ranked.first().map_or(0.0, |first| first.interval.map_or(first.cost, |[_, high]| high));
        for row in ranked.iter_mut().skip(1) {
            row.is_tie = row.interval.map_or(row.cost, |[low, _]| low) <= first;
        }
        Prediction { ranked, unknown, is_extrapolated: self.is_extrapolated(mix) }
    }
}

/// The suffix of the kind of key that two scenarios of memory are about: the longest one that fits.
fn suffix<'a>(choice: &'a ChoiceInfo, memory: &MemoryInfo) -> &'a str {
    let suffixes = choice.keys.iter().map(|key| key.suffix.as_str());
    suffixes.filter(|suffix| memory.built.ends_with(suffix)).max_by_key(|suffix| suffix.len()).unwrap_or("")
}

/// The value that a share of all values does not exceed; `None` if there are none.
fn quantile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share).ceil() as usize;
    values.get(at.saturating_sub(1)).copied()
}

impl Spread {
    /// How far predictions are off; `None` if there are none. A contender counts as good as the predicted winner if their
    /// costs, each with this error, overlap.
    pub fn of(tested: &[Tested], error: f64) -> Option<Self> {
        let worst = tested.iter().max_by(|left, right| left.error().total_cmp(&right.error()))?;
        let errors = |share| quantile(tested.iter().map(Tested::error).collect(), share).unwrap_or(0.0);
        let ratio = |share| {
            quantile(tested.iter().map(|tested| tested.predicted / tested.measured).collect(), share)
                .unwrap_or(0.0)
        };
        let mut mixes: BTreeMap<&str, Vec<&Tested>> = BTreeMap::new();
        for one in tested {
            mixes.entry(&one.mix).or_default().push(one);
        }
        let (mut winners, mut ties) = (0, 0);
        for of_mix in mixes.values() {
            let predicted = of_mix.iter().min_by(|left, right| left.predicted.total_cmp(&right.predicted));
            let measured = of_mix.iter().min_by(|left, right| left.measured.total_cmp(&right.measured));
            let (Some(predicted), Some(measured)) = (predicted, measured) else { continue };
            if predicted.contender == measured.contender {
                winners += 1;
            } else if measured.predicted / (1.0 + error) <= predicted.predicted * (1.0 + error) {
                ties += 1;
            }
        }
        Some(Spread {
            mixes: mixes.len(),
            predictions: tested.len(),
            median: errors(0.5),
            ninth: errors(0.9),
            worst: worst.error(),
            worst_of: format!("{}, {}", worst.contender, worst.mix),
            ratios: [ratio(0.0), ratio(0.1), ratio(0.5), ratio(0.9), ratio(1.0)],
            winners,
            ties,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::record::{KeyInfo, PairInfo, WordInfo};

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn choice() -> ChoiceInfo {
        let part = |name: &str, kept: &[&str], changes| CostInfo {
            name: name.to_owned(),
            unshared: owned(&[name]),
            kept: owned(kept),
            changes,
            ..CostInfo::default()
        };
        ChoiceInfo {
            items: "keys".to_owned(),
            size_stays: "The size stays the same.".to_owned(),
            keys: vec![KeyInfo { name: "u64".to_owned(), suffix: String::new() }],
            words: vec![WordInfo {
                name: "get".to_owned(),
                part: Some("get".to_owned()),
                ..WordInfo::default()
            }],
            pairs: vec![PairInfo::default()],
            parts: vec![
                part("get", &[], 0),
                part("set", &["set_kept"], 1),
                CostInfo { visits_all: true, ..part("visit", &[], 0) },
            ],
            every: 10,
            typical: Vec::new(),
        }
    }

    fn mix(size: u64, versions: f64, parts: &[(&str, f64)]) -> MixInfo {
        MixInfo {
            key: "u64".to_owned(),
            size,
            versions,
            words: BTreeMap::new(),
            parts: parts.iter().map(|(part, count)| ((*part).to_owned(), *count)).collect(),
        }
    }

    /// A record of the contenders `a` and `b`. Each cell has a scenario, a size, a contender and a cost per operation.
    fn record(cells: &[(&str, u64, &str, u64)]) -> Record {
        let mut record = fixture::record(&[("a", Role::Peer), ("b", Role::Peer)], cells);
        record.bottlenecks[0].choice = Some(choice());
        record
    }

    fn model(record: &Record) -> Model {
        Model::of(record, &record.bottlenecks[0].name).unwrap()
    }

    fn close(left: f64, right: f64) {
        assert!((left / right - 1.0).abs() < 1e-9, "{left} is not {right}");
    }

    #[test]
    fn between_sizes_a_cost_follows_a_power() {
        let curve = vec![(10.0, 2.0), (1000.0, 200.0)];
        close(at(&curve, 10.0), 2.0);
        close(at(&curve, 100.0), 20.0);
        close(at(&curve, 10_000.0), 2000.0);
        close(at(&vec![(10.0, 7.0)], 99.0), 7.0);
        // A cost of nothing has no power; the line is straight.
        close(at(&vec![(1.0, 0.0), (3.0, 4.0)], 2.0), 2.0);
    }

    #[test]
    fn a_mix_costs_the_sum_of_its_parts() {
        let record = record(&[("get", 10, "a", 20), ("set", 10, "a", 50), ("visit", 10, "a", 3)]);
        let model = model(&record);
        let cost = |mix: &MixInfo| model.cost(&model.contenders[0], mix);
        close(cost(&mix(10, 0.0, &[("get", 0.5), ("set", 0.5)])).unwrap(), 35.0);
        // A visit is of each of the ten entries.
        close(cost(&mix(10, 0.0, &[("get", 0.9), ("visit", 0.1)])).unwrap(), 18.0 + 3.0);
    }

    #[test]
    fn versions_cost_more_the_more_of_them_there_are() {
        let cells = [("get", 10, "a", 20), ("set", 10, "a", 50), ("set_kept", 10, "a", 450)];
        let model = model(&record(&cells));
        let cost = |versions| model.cost(&model.contenders[0], &mix(10, versions, &[("set", 1.0)])).unwrap();
        close(cost(0.0), 50.0);
        close(cost(1000.0), 450.0);
        // One in ten changes copies what is shared.
        close(cost(100.0), 50.0 + 40.0);
        // More versions than changes are not possible.
        close(cost(5000.0), 450.0);
        // Reads cost what they cost without versions.
        let reads = mix(10, 100.0, &[("get", 1.0)]);
        close(model.cost(&model.contenders[0], &reads).unwrap(), 20.0);
    }

    #[test]
    fn what_is_left_after_some_changes_gives_the_power() {
        // After 10 changes half of it is left, so after 100 a quarter.
        close(falling(0.5, 10.0, 10.0), 0.5);
        close(falling(0.5, 10.0, 100.0), 0.25);
        close(falling(0.5, 10.0, 1.0), 1.0);
        // Of two changes, the second one finds copied what all but the first of ten do.
        close(falling(0.5, 10.0, 2.0), 1.0 - 0.5 / 0.9 / 2.0);
        close(falling(0.1, 10.0, 4.0), 0.25);
        let curve = |cost| vec![vec![(8.0, cost)]];
        let left = |seldom| thinned([&curve(50.0), &curve(450.0), &curve(seldom)], 10.0)[0].1;
        close(left(250.0), 0.5);
        // It cannot fall faster than if only the first change costs more, nor rise.
        close(left(51.0), 0.1);
        close(left(500.0), 1.0);
        close(thinned([&curve(50.0), &curve(50.0), &curve(50.0)], 10.0)[0].1, 0.1);
        assert!(thinned([&curve(50.0), &[], &curve(50.0)], 10.0).is_empty());
    }

    #[test]
    fn what_cannot_be_predicted_is_said() {
        let cells = [("get", 10, "a", 20), ("get", 100, "a", 20), ("set", 10, "a", 5), ("set", 100, "a", 5)];
        let model = model(&record(&cells));
        let cost = |at: usize, mix: &MixInfo| model.cost(&model.contenders[at], mix).unwrap_err().to_string();
        let get = |size| mix(size, 0.0, &[("get", 1.0)]);
        assert_eq!(cost(0, &mix(10, 10.0, &[("set", 1.0)])), "it keeps no versions");
        assert_eq!(cost(1, &get(10)), "`get` was not measured");
        assert_eq!(cost(0, &get(1001)), "sizes from 1 to 1000 can be predicted");
        let beyond = model.predict(&get(1000));
        assert!(beyond.is_extrapolated && beyond.ranked.len() == 1, "{beyond:?}");
        assert!(!model.predict(&get(50)).is_extrapolated);
        assert_eq!(model.sizes(), Some((10, 100)));
    }

    #[test]
    fn the_error_is_that_of_the_mixed_scenarios_and_makes_ties() {
        let mut record = record(&[
            ("get", 10, "a", 100),
            ("get", 10, "b", 115),
            ("mix_1", 10, "a", 110),
            ("mix_1", 10, "b", 115),
        ]);
        let tested = mix(10, 0.0, &[("get", 1.0)]);
        let of_mix = record.bottlenecks[0].scenarios.iter_mut().find(|scenario| scenario.name == "mix_1");
        of_mix.unwrap().purpose = Some(Purpose::Mix(Box::new(tested.clone())));
        let model = model(&record);
        close(model.error.unwrap(), 0.1);
        let ranked = model.predict(&tested).ranked;
        close(ranked[0].interval.unwrap()[1], 110.0);
        close(ranked[1].interval.unwrap()[0], 115.0 / 1.1);
        assert!(!ranked[0].is_tie && ranked[1].is_tie, "{ranked:?}");

        let errors = model.errors(&record, &record.bottlenecks[0].name);
        let spread = Spread::of(&errors, 0.1).unwrap();
        assert_eq!((spread.mixes, spread.predictions, spread.winners, spread.ties), (1, 2, 1, 0));
        close(spread.worst, 0.1);
        close(spread.ratios[0], 100.0 / 110.0);
        assert_eq!(spread.worst_of, "a, mix_1");
    }

    #[test]
    fn a_wrong_winner_counts_only_if_the_error_allows_it() {
        let one = |contender: &str, predicted, measured| Tested {
            mix: "m".to_owned(),
            contender: contender.to_owned(),
            predicted,
            measured,
        };
        let tested = [one("a", 100.0, 130.0), one("b", 110.0, 110.0)];
        let counted = |error| {
            let spread = Spread::of(&tested, error).unwrap();
            (spread.winners, spread.ties)
        };
        assert_eq!(counted(0.01), (0, 0));
        assert_eq!(counted(0.06), (0, 1));
        assert_eq!(Spread::of(&[], 0.1), None);
    }
}
