//! A record, arranged for reading. A bottleneck has its contenders in display order, and a scenario has its
//! cells by size and contender.

use std::collections::{BTreeSet, HashMap};

use crate::metric::Metric;
use crate::record::{BottleneckInfo, CellRecord, ContenderInfo, Record, Role, ScenarioInfo};

/// A cell that names something which its record does not list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record lists no {kind} for the cell `{cell}`: it was merged or edited incompletely")]
pub struct Unlisted {
    /// The cell's name.
    pub cell: String,
    /// What is missing: `bottleneck`, `scenario` or `contender`.
    pub kind: &'static str,
}

/// One bottleneck of a record.
#[derive(Clone, Debug)]
pub struct BottleneckView<'a> {
    /// Its name, question and further description.
    pub info: &'a BottleneckInfo,
    /// Its contenders, by role and then in the record's order. Other places refer to a contender by its index here.
    pub contenders: Vec<&'a ContenderInfo>,
    /// Its scenarios that have cells, in reading order, but for those that serve [another purpose](ScenarioInfo::purpose)
    /// than to compare contenders.
    pub scenarios: Vec<ScenarioView<'a>>,
    /// Its scenarios that have none.
    pub unmeasured: Vec<&'a ScenarioInfo>,
}

/// One scenario of a record.
#[derive(Clone, Debug)]
pub struct ScenarioView<'a> {
    /// Its name and description.
    pub info: &'a ScenarioInfo,
    /// Every size that a cell has, ascending.
    pub sizes: Vec<u64>,
    cells: HashMap<(u64, usize), &'a CellRecord>,
}

impl<'a> BottleneckView<'a> {
    /// Every bottleneck of `record`, in its order.
    ///
    /// # Errors
    /// If a cell names a bottleneck, scenario or contender that the record does not list.
    pub fn all(record: &'a Record) -> Result<Vec<Self>, Unlisted> {
        for cell in &record.cells {
            let unlisted = |kind| Unlisted { cell: cell.name.to_string(), kind };
            let bottleneck = record.bottlenecks.iter().find(|info| info.name == cell.name.bottleneck);
            let scenarios = &bottleneck.ok_or_else(|| unlisted("bottleneck"))?.scenarios;
            if !scenarios.iter().any(|info| info.name == cell.name.scenario) {
                return Err(unlisted("scenario"));
            }
            let named = |info: &ContenderInfo| {
                info.bottleneck == cell.name.bottleneck && info.name == cell.name.contender
            };
            if !record.contenders.iter().any(named) {
                return Err(unlisted("contender"));
            }
        }
        Ok(record.bottlenecks.iter().map(|info| Self::new(record, info)).collect())
    }

    fn new(record: &'a Record, info: &'a BottleneckInfo) -> Self {
        let mut contenders: Vec<&ContenderInfo> =
            record.contenders.iter().filter(|contender| contender.bottleneck == info.name).collect();
        contenders.sort_by_key(|contender| contender.role);
        let index: HashMap<&str, usize> =
            contenders.iter().enumerate().map(|(at, contender)| (contender.name.as_str(), at)).collect();

        let mut by_scenario: HashMap<&str, HashMap<(u64, usize), &CellRecord>> = HashMap::new();
        for cell in record.cells.iter().filter(|cell| cell.name.bottleneck == info.name) {
            let key = (cell.name.size, index[cell.name.contender.as_str()]);
            by_scenario.entry(&cell.name.scenario).or_default().insert(key, cell);
        }

        let mut scenarios = Vec::new();
        let mut unmeasured = Vec::new();
        for scenario in info.scenarios.iter().filter(|scenario| scenario.purpose.is_none()) {
            match by_scenario.remove(scenario.name.as_str()) {
                Some(cells) => {
                    let sizes: BTreeSet<u64> = cells.keys().map(|(size, _)| *size).collect();
                    scenarios.push(ScenarioView {
                        info: scenario,
                        sizes: sizes.into_iter().collect(),
                        cells,
                    });
                }
                None => unmeasured.push(scenario),
            }
        }
        BottleneckView { info, contenders, scenarios, unmeasured }
    }

    /// The contenders of one role.
    pub fn of_role(&self, role: Role) -> Vec<usize> {
        (0..self.contenders.len()).filter(|at| self.contenders[*at].role == role).collect()
    }

    /// The contenders that keep the contract's promise: all but the bounds.
    pub fn contestants(&self) -> Vec<usize> {
        (0..self.contenders.len()).filter(|at| self.contenders[*at].role != Role::Bound).collect()
    }

    /// Number of cells.
    pub fn cell_count(&self) -> usize {
        self.scenarios.iter().map(|scenario| scenario.cells.len()).sum()
    }

    /// Whether any cell has a value of `metric`.
    pub fn has(&self, metric: Metric) -> bool {
        self.scenarios.iter().any(|scenario| scenario.has(metric))
    }
}

impl<'a> ScenarioView<'a> {
    /// The cell of a size and a contender.
    pub fn cell(&self, size: u64, contender: usize) -> Option<&'a CellRecord> {
        self.cells.get(&(size, contender)).copied()
    }

    /// Every cell, in no particular order.
    pub fn cells(&self) -> impl Iterator<Item = &'a CellRecord> + '_ {
        self.cells.values().copied()
    }

    /// The value of a metric per operation; `None` where it was not measured.
    pub fn value(&self, metric: Metric, size: u64, contender: usize) -> Option<f64> {
        metric.value(self.cell(size, contender)?)
    }

    /// The lowest value that any of `contenders` reaches at `size`.
    pub fn best(&self, metric: Metric, size: u64, contenders: &[usize]) -> Option<f64> {
        metric.value(self.best_cell(metric, size, contenders)?)
    }

    /// The cell of that one of `contenders` whose value at `size` is the lowest.
    pub fn best_cell(&self, metric: Metric, size: u64, contenders: &[usize]) -> Option<&'a CellRecord> {
        let cells = contenders.iter().filter_map(|at| self.cell(size, *at));
        let measured = cells.filter_map(|cell| Some((metric.value(cell)?, cell)));
        measured.min_by(|left, right| left.0.total_cmp(&right.0)).map(|(_, cell)| cell)
    }

    /// Which of `contenders` are the best at `size`: the one with the lowest value, and those that tie with it, because
    /// their [intervals](Metric::interval) overlap with its own. Nobody, if none is worse.
    pub fn leaders(&self, metric: Metric, size: u64, contenders: &[usize]) -> Vec<usize> {
        let measured = contenders.iter().filter_map(|at| Some((*at, self.cell(size, *at)?)));
        let measured: Vec<_> = measured.filter_map(|(at, cell)| Some((at, metric.bounds(cell)?))).collect();
        let value = |at: usize| self.value(metric, size, at).unwrap_or(f64::INFINITY);
        let best = measured.iter().min_by(|left, right| value(left.0).total_cmp(&value(right.0)));
        let Some((_, (_, worst_of_best))) = best else { return Vec::new() };
        let ties = |(_, (low, _)): &&(usize, (f64, f64))| low <= worst_of_best;
        let leaders: Vec<usize> = measured.iter().filter(ties).map(|(at, _)| *at).collect();
        if leaders.len() == measured.len() { Vec::new() } else { leaders }
    }

    /// Whether any cell has a value of `metric`.
    pub fn has(&self, metric: Metric) -> bool {
        self.cells().any(|cell| metric.value(cell).is_some())
    }

    /// The largest size at which all of those `contenders` have a value that have one at any size.
    pub fn largest_common_size(&self, metric: Metric, contenders: &[usize]) -> Option<u64> {
        let has = |size: u64, at: usize| self.value(metric, size, at).is_some();
        let takers: Vec<usize> =
            contenders.iter().copied().filter(|at| self.sizes.iter().any(|size| has(*size, *at))).collect();
        let common = |size: &&u64| !takers.is_empty() && takers.iter().all(|at| has(**size, *at));
        self.sizes.iter().rev().find(common).copied()
    }
}
