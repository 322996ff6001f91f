//! The page of a scenario: who leads at which size, and every metric as a chart and a table.

use std::collections::BTreeSet;

use askama::Template;

use super::bottleneck::{Switch, switches};
use super::caveats::Badge;
use super::chart::{self, Chart};
use super::error::{Error, fill};
use super::shell::Shell;
use super::tint::Ratio;
use super::told::Told;
use super::verdict::Leader;
use super::why;
use super::{folded, format, parts, reproduce, series};
use crate::baseline::Baseline;
use crate::growth;
use crate::metric::Metric;
use crate::record::{CellRecord, ContenderInfo, Role, ScenarioInfo};
use crate::view::{BottleneckView, ScenarioView};

/// The metrics in whose tables a ratio stands beside each value.
const WITH_RATIO: [Metric; 4] = [Metric::Instructions, Metric::Blocks, Metric::LiveBytes, Metric::Warm];

#[derive(Template)]
#[template(path = "scenario.html")]
struct Page<'a> {
    shell: &'a Shell<'a>,
    markers: String,
    view: &'a BottleneckView<'a>,
    info: &'a ScenarioInfo,
    metrics: Vec<Switch>,
    /// The metrics that are zero for every contender at every size.
    zeros: Vec<Metric>,
    /// What is said instead of the tables that would say nothing of the contenders, or repeat another.
    alike: Vec<String>,
    /// Who leads, by size.
    leaders: Vec<(String, Leader<'a>)>,
    /// The contenders that take part.
    legend: Vec<Legend<'a>>,
    /// Whether any of them states its growth in this scenario.
    is_stated: bool,
    /// The first chart; the script draws the others.
    figure: Option<Figure>,
    sizes: Vec<(u64, String)>,
    matrices: Vec<Matrix<'a>>,
    observed: Vec<Observed<'a>>,
    /// The contenders whose regions make fewer operations than others', and how many.
    fewer: Vec<(&'a str, String)>,
    /// What each part saves, where contenders are put together from parts.
    parts: Option<&'a parts::Section<'a>>,
    block: Option<&'a parts::Block<'a>>,
    /// Where the instructions of the winner and of its best rival go; absent where there is no baseline.
    why: Option<why::Section<'a>>,
    reproduce: String,
    /// Absent where no cell can be explained.
    example: Option<String>,
    /// The scenarios before and behind it.
    before: Option<&'a str>,
    behind: Option<&'a str>,
}

/// A contender in the legend.
struct Legend<'a> {
    series: usize,
    name: &'a str,
    /// Its role, where the entry before has another one.
    role: Option<Role>,
    badges: Vec<Badge<'a>>,
    /// Its stated growth in this scenario; empty where it states none.
    growth: &'a str,
}

/// A chart with its caption.
struct Figure {
    metric: Metric,
    svg: String,
    note: &'static str,
}

/// A table of one metric: a row per contender, a group of columns per size. The first one of a page is a table; the others are
/// lines of text with tabs, of which the script makes tables.
struct Matrix<'a> {
    metric: Metric,
    /// Whom a column beside each value compares with: the best peer, or the naive one where there is no peer. Empty for metrics
    /// that are looked up seldom: there the shade says how much less or more it is.
    against: &'static str,
    /// Whether the script draws a chart of it.
    is_drawn: bool,
    rows: Vec<Row<'a>>,
}

/// A table of something that runs report beside their cost, such as `hit_rate`.
struct Observed<'a> {
    name: &'a str,
    /// A row for each contender that reports it, with a value per size.
    rows: Vec<ObservedRow<'a>>,
}

struct ObservedRow<'a> {
    series: usize,
    name: &'a str,
    values: Vec<String>,
}

/// A contender's row in a matrix.
struct Row<'a> {
    series: usize,
    name: &'a str,
    cells: Vec<Cell>,
}

/// One cell of a matrix.
struct Cell {
    /// The cell that it is of, without bottleneck and scenario: `1000/im`. Empty where there is none.
    name: String,
    value: String,
    interval: String,
    /// Whether somebody else used the core while it was timed.
    noisy: bool,
    best: bool,
    ratio: Option<Ratio>,
}

/// The page of the scenario at `at`. `functions`: the baseline, which has the functions of cells.
///
/// # Errors
/// If a chart cannot be drawn or the template fails.
pub fn page<'a>(
    shell: &Shell<'a>,
    told: &Told<'a>,
    at: usize,
    functions: Option<&'a Baseline>,
) -> Result<String, Error> {
    let Told { view, verdict, caveats, parts, .. } = told;
    let scenario = &view.scenarios[at];
    let name = scenario.info.name.as_str();
    let names: Vec<&str> = view.contenders.iter().map(|contender| contender.name.as_str()).collect();
    let is_shown =
        |metric: &Metric| scenario.cells().any(|cell| metric.value(cell).is_some_and(|value| value != 0.0));
    let measured = Metric::with_tables().filter(|metric| scenario.has(*metric));
    let (shown, zeros): (Vec<Metric>, Vec<Metric>) = measured.partition(is_shown);
    let (shown, alike) = distinct(scenario, shown);
    let charted = shown.iter().filter(|metric| chart::is_charted(view, **metric));
    let (mut figure, mut drawn) = (None, Vec::new());
    for metric in charted {
        match &figure {
            None => figure = Figure::new(*metric, scenario, &names)?,
            Some(_) => drawn.push(*metric),
        }
    }
    let largest = scenario.sizes.last().copied().unwrap_or_default();
    let why = functions.and_then(|functions| why::Section::new(shell.record, view, scenario, functions));
    // What explains two cells says how to explain any.
    let example = (0..names.len()).find_map(|at| scenario.cell(largest, at)).filter(|_| why.is_none());
    let role = |series: usize| view.contenders[series].role;
    let takes_part = |at: &usize| scenario.sizes.iter().any(|size| scenario.cell(*size, *at).is_some());
    let legend = (0..names.len()).filter(takes_part).map(|series| Legend {
        series,
        name: names[series],
        role: Some(role(series)).filter(|_| {
            let before = (0..series).rev().find(|at| takes_part(at));
            before.is_none_or(|before| role(before) != role(series))
        }),
        badges: caveats.badges(&view.contenders[series].caveats),
        growth: growth::stated(view.contenders[series], name),
    });
    let legend: Vec<Legend<'_>> = legend.collect();
    let is_marked = figure.as_ref().is_some_and(|figure| !figure.svg.contains("<use "));
    let series = (0..names.len()).filter(takes_part);
    let markers = if is_marked { series::line_markers(series) } else { series::markers(series) };
    let groups = verdict.groups.iter().filter(|group| group.scenario == at);
    let named = |at: usize| view.scenarios.get(at).map(|scenario| scenario.info.name.as_str());
    let file = view.scenario_page(name);
    let page = Page {
        shell,
        markers,
        view,
        info: scenario.info,
        metrics: switches(&shown),
        zeros,
        alike,
        leaders: groups.map(|group| (format::size(group.size), Leader::new(view, group))).collect(),
        is_stated: legend.iter().any(|entry| !entry.growth.is_empty()),
        legend,
        figure,
        sizes: scenario.sizes.iter().map(|size| (*size, format::size(*size))).collect(),
        matrices: shown
            .iter()
            .map(|metric| Matrix { is_drawn: drawn.contains(metric), ..Matrix::new(view, scenario, *metric) })
            .collect(),
        observed: observed(view, scenario),
        fewer: fewer(view, scenario),
        parts: parts.as_ref(),
        block: parts.as_ref().and_then(|parts| parts.block(name)),
        why,
        reproduce: reproduce::scenario(shell.record, &view.info.name, name),
        example: example.and_then(|cell| reproduce::cell(shell.record, &cell.name.to_string())),
        before: at.checked_sub(1).and_then(named),
        behind: named(at + 1),
    };
    fill(&page, &file)
}

/// Those of the metrics `shown` whose tables tell contenders apart, and sentences on the others: all contenders have the
/// same, or what they have in a metric before. The first metric has a table in any case, because its cells are where
/// links lead.
fn distinct(scenario: &ScenarioView<'_>, shown: Vec<Metric>) -> (Vec<Metric>, Vec<String>) {
    let (mut tables, mut sentences): (Vec<Metric>, Vec<String>) = Default::default();
    for metric in shown {
        let is_exact = scenario.cells().all(|cell| metric.interval(cell).is_none());
        let equal = |other: &&Metric| {
            other.about().unit == metric.about().unit
                && scenario.cells().all(|cell| metric.value(cell) == other.value(cell))
        };
        let sentence = match tables.iter().find(equal) {
            _ if !is_exact || tables.is_empty() => None,
            Some(other) => Some(format!("{}: as {}.", metric.title(), other.title().to_lowercase())),
            None => common_values(scenario, metric),
        };
        match sentence {
            Some(sentence) => sentences.push(sentence),
            None => tables.push(metric),
        }
    }
    (tables, sentences)
}

/// A sentence on a metric in which all contenders have the same at each size.
fn common_values(scenario: &ScenarioView<'_>, metric: Metric) -> Option<String> {
    let at = |size: &u64| {
        let mut values =
            scenario.cells().filter(|cell| cell.name.size == *size).map(|cell| metric.value(cell));
        let first = values.next()??;
        values.all(|value| value == Some(first)).then_some(first)
    };
    let values = scenario.sizes.iter().map(at).collect::<Option<Vec<f64>>>()?;
    let is_constant = values.windows(2).all(|pair| pair[0] == pair[1]);
    let told = values
        .iter()
        .zip(&scenario.sizes)
        .map(|(value, size)| format!("{} at n = {}", format::value(*value), format::size(*size)));
    let told: Vec<String> = if is_constant { vec![format::value(*values.first()?)] } else { told.collect() };
    let (title, per) = (metric.title(), metric.per(scenario.info));
    Some(format!("{title}, {} per {per}: {} for every contender.", metric.unit(), told.join(", ")))
}

/// The most operations that a region makes at a size.
fn most_operations(view: &BottleneckView<'_>, scenario: &ScenarioView<'_>, size: u64) -> u64 {
    let cells = (0..view.contenders.len()).filter_map(|series| scenario.cell(size, series));
    cells.map(|cell| cell.ops).max().unwrap_or_default()
}

/// The contenders whose regions make fewer operations than those of others: at which sizes, and how many of how many.
fn fewer<'a>(view: &'a BottleneckView<'a>, scenario: &ScenarioView<'a>) -> Vec<(&'a str, String)> {
    let of = |(series, contender): (usize, &&'a ContenderInfo)| {
        let at = |size: &u64| {
            let (ops, most) = (scenario.cell(*size, series)?.ops, most_operations(view, scenario, *size));
            let [few, all, size] = [format::exact(ops), format::exact(most), format::size(*size)];
            (ops < most).then(|| format!("{few} of {all} at n = {size}"))
        };
        let sizes: Vec<String> = scenario.sizes.iter().filter_map(at).collect();
        (!sizes.is_empty()).then(|| (contender.name.as_str(), sizes.join(", ")))
    };
    view.contenders.iter().enumerate().filter_map(of).collect()
}

/// One table for each name that any cell of `scenario` observed.
fn observed<'a>(view: &'a BottleneckView<'a>, scenario: &ScenarioView<'a>) -> Vec<Observed<'a>> {
    let names: BTreeSet<&str> =
        scenario.cells().flat_map(|cell| cell.observed.keys().map(String::as_str)).collect();
    let table = |name: &'a str| {
        let row = |(series, contender): (usize, &&'a ContenderInfo)| {
            let observed = |size: &u64| {
                let cell = scenario.cell(*size, series)?;
                let value = format::value(*cell.observed.get(name)?);
                // What fewer operations show is not to be compared with what more of them do.
                let is_less = cell.ops < most_operations(view, scenario, *size);
                Some(if is_less { format!("{value} in {}", format::exact(cell.ops)) } else { value })
            };
            let values: Vec<Option<String>> = scenario.sizes.iter().map(observed).collect();
            values.iter().any(Option::is_some).then(|| ObservedRow {
                series,
                name: &contender.name,
                values: values.into_iter().map(|value| value.unwrap_or(format::ABSENT.to_owned())).collect(),
            })
        };
        Observed { name, rows: view.contenders.iter().enumerate().filter_map(row).collect() }
    };
    names.into_iter().map(table).collect()
}

impl Figure {
    /// `None` where there is nothing to draw.
    fn new(metric: Metric, scenario: &ScenarioView<'_>, names: &[&str]) -> Result<Option<Self>, Error> {
        let chart = chart::scaling(scenario, names, metric);
        let Chart::Drawn(svg) = chart.map_err(Error::drawing(&scenario.info.name))? else {
            return Ok(None);
        };
        let any = |is: &dyn Fn(&CellRecord) -> bool| scenario.cells().any(is);
        let note = if any(&|cell| metric.value(cell) == Some(0.0)) {
            "Zero has no logarithm, so it is drawn on the line marked 0."
        } else if any(&|cell| metric.interval(cell).is_some()) {
            "The bars are 95 % confidence intervals, where they reach beyond the marks."
        } else {
            ""
        };
        Ok(Some(Figure { metric, svg, note }))
    }
}

impl<'a> Matrix<'a> {
    /// What is in it.
    fn caption(&self, info: &ScenarioInfo) -> String {
        let metric = self.metric;
        let mut caption = format!("{}, {} per {}", metric.title(), metric.unit(), metric.per(info));
        if !metric.meaning().is_empty() {
            caption.push_str(&format!(": {}", metric.meaning()));
        }
        if !self.against.is_empty() {
            caption.push_str(&format!(", and ÷ the {}", self.against));
        }
        caption
    }

    /// The table as lines.
    fn lines(&self, info: &ScenarioInfo, sizes: &[(u64, String)]) -> String {
        let with = |ratio: String| (!self.against.is_empty()).then_some(ratio);
        let heads = sizes.iter().flat_map(|(_, size)| [Some(size.clone()), with("÷".to_owned())]);
        let rows = self.rows.iter().map(|row| {
            let cells = row.cells.iter().flat_map(|cell| {
                let ratio = cell.ratio.as_ref().map_or(format::ABSENT, |ratio| folded::ratio(&ratio.text));
                [Some(cell.told()), with(ratio.to_owned())]
            });
            (row.name, cells.flatten().collect())
        });
        folded::lines(&self.caption(info), ("n =", heads.flatten().collect()), rows)
    }

    fn new(view: &'a BottleneckView<'a>, scenario: &ScenarioView<'_>, metric: Metric) -> Self {
        let (references, against) = match (view.of_role(Role::Peer), view.of_role(Role::Naive)) {
            (peers, _) if !peers.is_empty() => (peers, "best peer"),
            (_, naives) if !naives.is_empty() => (naives, "naive one"),
            _ => (Vec::new(), ""),
        };
        let contestants = view.contestants();
        let against = if WITH_RATIO.contains(&metric) { against } else { "" };
        let mut matrix = Matrix { metric, against, is_drawn: false, rows: Vec::new() };
        // The references of a size, found once for the whole column.
        let columns: Vec<_> = scenario
            .sizes
            .iter()
            .map(|size| {
                let reference = scenario.best_cell(metric, *size, &references);
                (*size, reference, scenario.leaders(metric, *size, &contestants))
            })
            .collect();
        for (series, contender) in view.contenders.iter().enumerate() {
            let cells = columns.iter().map(|(size, reference, leaders)| {
                let Some(cell) = scenario.cell(*size, series) else { return Cell::absent(String::new()) };
                let name = format!("{size}/{}", contender.name);
                let Some(value) = metric.value(cell) else { return Cell::absent(name) };
                let interval = metric.interval(cell);
                let ratio = reference.and_then(|reference| Ratio::of(metric, cell, reference));
                Cell {
                    name,
                    value: format::value(value),
                    interval: interval.map_or(String::new(), |(low, high)| {
                        format!("{}–{}", format::value(low), format::value(high))
                    }),
                    noisy: interval.is_some() && cell.is_noisy(),
                    best: leaders.contains(&series),
                    ratio,
                }
            });
            let cells: Vec<Cell> = cells.collect();
            // A contender that does not take part in this scenario would be a row of dashes.
            if cells.iter().any(|cell| !cell.name.is_empty()) {
                matrix.rows.push(Row { series, name: &contender.name, cells });
            }
        }
        matrix
    }
}

impl Cell {
    /// The cell in a line: `·12.3(12.1–12.4) noisy`.
    fn told(&self) -> String {
        let mut told = if self.best { format!("·{}", self.value) } else { self.value.clone() };
        if !self.interval.is_empty() {
            told.push_str(&format!("({})", self.interval));
        }
        if self.noisy {
            told.push_str(" noisy");
        }
        told
    }

    fn absent(name: String) -> Self {
        Cell {
            name,
            value: format::ABSENT.to_owned(),
            interval: String::new(),
            noisy: false,
            best: false,
            ratio: None,
        }
    }
}
