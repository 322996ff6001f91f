//! What trials of several threads or processes found, a table for each scenario and size.

use super::caveats::{Badge, Caveats};
use super::format;
use crate::record::{ContenderInfo, Record, Role, ScenarioInfo, TrialFigure, TrialRecord};
use crate::view::BottleneckView;

/// A scenario of several threads or processes.
pub struct Trials<'a> {
    pub info: &'a ScenarioInfo,
    pub tables: Vec<Table<'a>>,
}

/// What was found at a size: a row for each contender, a column for each figure.
pub struct Table<'a> {
    pub size: String,
    pub columns: Vec<&'a str>,
    pub rows: Vec<Row<'a>>,
}

pub struct Row<'a> {
    pub series: usize,
    pub name: &'a str,
    pub role: Role,
    pub badges: Vec<Badge<'a>>,
    /// The median, and the interval where it is not as narrow as the median is rounded.
    pub values: Vec<(String, String)>,
}

/// The scenarios of a bottleneck that were tried.
pub fn all<'a>(record: &'a Record, view: &'a BottleneckView<'a>, caveats: &Caveats<'a>) -> Vec<Trials<'a>> {
    let scenarios = view.info.concurrent.iter();
    let trials = |info: &'a ScenarioInfo| {
        let of_scenario = record
            .trials
            .iter()
            .filter(|trial| trial.name.bottleneck == view.info.name && trial.name.scenario == info.name);
        let trials: Vec<&TrialRecord> = of_scenario.collect();
        let mut sizes: Vec<u64> = trials.iter().map(|trial| trial.name.size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let tables = sizes.into_iter().map(|size| Table::new(view, &trials, size, caveats));
        Trials { info, tables: tables.collect() }
    };
    scenarios.map(trials).filter(|trials| !trials.tables.is_empty()).collect()
}

impl<'a> Table<'a> {
    fn new(
        view: &'a BottleneckView<'a>,
        trials: &[&'a TrialRecord],
        size: u64,
        caveats: &Caveats<'a>,
    ) -> Self {
        let of_size = || trials.iter().filter(|trial| trial.name.size == size);
        let mut columns: Vec<&str> = Vec::new();
        for figure in of_size().flat_map(|trial| &trial.figures) {
            if !columns.contains(&figure.name.as_str()) {
                columns.push(&figure.name);
            }
        }
        let row = |(series, contender): (usize, &&'a ContenderInfo)| {
            let trial = of_size().find(|trial| trial.name.contender == contender.name)?;
            let value = |column: &&str| {
                let figure = trial.figures.iter().find(|figure| figure.name == *column);
                figure.map_or_else(|| (format::ABSENT.to_owned(), String::new()), spelled)
            };
            Some(Row {
                series,
                name: &contender.name,
                role: contender.role,
                badges: caveats.badges(&contender.caveats),
                values: columns.iter().map(value).collect(),
            })
        };
        let rows = view.contenders.iter().enumerate().filter_map(row).collect();
        Table { size: format::size(size), columns, rows }
    }
}

fn spelled(figure: &TrialFigure) -> (String, String) {
    let [low, median, high] = [figure.found.low, figure.found.median, figure.found.high].map(format::value);
    let interval = if low == high { String::new() } else { format!("{low} – {high}") };
    (median, interval)
}
