//! What trials of several threads or processes found, a table for each scenario and size.

use super::caveats::{Badge, Caveats};
use super::format;
use crate::record::{ContenderInfo, Interval, Record, ScenarioInfo, Tried};
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
    pub badges: Vec<Badge<'a>>,
    /// The median, and the interval where it is not as narrow as the median is rounded.
    pub values: Vec<(String, String)>,
}

/// The scenarios of a bottleneck that were tried.
pub fn all<'a>(record: &'a Record, view: &'a BottleneckView<'a>, caveats: &Caveats<'a>) -> Vec<Trials<'a>> {
    let trials = |info: &'a ScenarioInfo| {
        let tried = record.tried(&view.info.name, &info.name).into_iter();
        Trials { info, tables: tried.map(|tried| Table::new(view, &tried, caveats)).collect() }
    };
    view.info.concurrent.iter().map(trials).filter(|trials| !trials.tables.is_empty()).collect()
}

impl<'a> Table<'a> {
    fn new(view: &'a BottleneckView<'a>, tried: &Tried<'a>, caveats: &Caveats<'a>) -> Self {
        let row = |(series, contender): (usize, &&'a ContenderInfo)| {
            let trial = tried.trials.iter().find(|trial| trial.name.contender == contender.name)?;
            let values = tried.figures.iter().map(|name| trial.figure(name).map(spelled));
            Some(Row {
                series,
                name: &contender.name,
                badges: caveats.badges(&contender.caveats),
                values: values
                    .map(|value| value.unwrap_or((format::ABSENT.to_owned(), String::new())))
                    .collect(),
            })
        };
        let rows = view.contenders.iter().enumerate().filter_map(row).collect();
        Table { size: format::size(tried.size), columns: tried.figures.clone(), rows }
    }
}

fn spelled(found: Interval) -> (String, String) {
    let [low, median, high] = [found.low, found.median, found.high].map(format::value);
    let interval = if low == high { String::new() } else { format!("{low} – {high}") };
    (median, interval)
}
