//! A bottleneck's page: its contenders, and every scenario with charts and tables.

use std::collections::BTreeSet;

use askama::Template;

use super::caveats::{Badge, Caveats};
use super::chart::{self, Chart};
use super::error::{Error, fill};
use super::failures::Failures;
use super::parts;
use super::shell::Shell;
use super::tint::Ratio;
use super::trials::{self, Trials};
use super::{choose, crossover, format, growth as grown, payoff, reproduce, site, verdict};
use crate::analysis::{self, Held, TestedClaim};
use crate::growth;
use crate::metric::{Metric, Reading};
use crate::record::{CellRecord, ContenderInfo, Interval, MemoryInfo, Record, Role, ScenarioInfo};
use crate::view::{BottleneckView, ScenarioView};

#[derive(Template)]
#[template(path = "bottleneck.html")]
struct Page<'a> {
    shell: Shell<'a>,
    generator: &'static str,
    failures: Failures<'a>,
    view: &'a BottleneckView<'a>,
    cells: String,
    metrics: Vec<Switch>,
    roles: Vec<Role>,
    contenders: Vec<Contender<'a>>,
    caveats: Vec<Badge<'a>>,
    families: Vec<Family<'a>>,
    verdict: Option<verdict::Section<'a>>,
    choose: Option<choose::Section>,
    parts: Option<parts::Section<'a>>,
    glances: Vec<Glance<'a>>,
    growth: Option<grown::Section<'a>>,
    crossovers: Option<crossover::Section<'a>>,
    pay_off: Option<payoff::Section<'a>>,
    memory: Vec<Memory<'a>>,
    claims: Vec<Claim<'a>>,
    scenarios: Vec<Scenario<'a>>,
    trials: Vec<Trials<'a>>,
    reproduce: String,
    /// Absent where no cell can be explained.
    reproduce_cell: Option<String>,
    has_peers: bool,
    /// The metrics in the tables of totals.
    totals: &'static [Metric],
}

/// An entry of the metric switch.
struct Switch {
    metric: Metric,
    measured: bool,
    checked: bool,
}

/// A contender in the list that introduces the contenders.
struct Contender<'a> {
    series: usize,
    info: &'a ContenderInfo,
    badges: Vec<Badge<'a>>,
    /// Stated growth with the operations that have it.
    growth: Vec<(&'a str, String)>,
    paragraphs: Vec<&'a str>,
}

/// A contender in a scenario's legend.
struct Legend<'a> {
    series: usize,
    name: &'a str,
    /// Its stated growth in this scenario; empty where it states none.
    growth: &'a str,
}

/// A scenario and its variants in the table of contents: `get_hit`, `_string`.
struct Family<'a> {
    name: &'a str,
    variants: Vec<(&'a str, &'a str)>,
}

/// A table of all scenarios in one metric.
struct Glance<'a> {
    metric: Metric,
    rows: Vec<(&'a str, Vec<Option<Ratio>>)>,
}

/// A scenario's section.
struct Scenario<'a> {
    name: &'a str,
    summary: &'a str,
    unit: &'a str,
    info: &'a ScenarioInfo,
    /// The contenders that take part.
    legend: Vec<Legend<'a>>,
    charts: Vec<Figure>,
    sizes: Vec<(u64, String)>,
    matrices: Vec<Matrix<'a>>,
    observed: Vec<Observed<'a>>,
    /// The contenders whose regions make fewer operations than others', and how many.
    fewer: Vec<(&'a str, String)>,
    exact: Vec<Exact<'a>>,
    /// Absent where no cell can be explained.
    example: Option<String>,
}

/// A chart with its caption.
struct Figure {
    metric: Metric,
    svg: Option<String>,
    note: &'static str,
}

/// A table of one metric: a row per contender, a group of columns per size.
struct Matrix<'a> {
    metric: Metric,
    measured: bool,
    /// Whether a size has, beside the value, the columns `÷ peer` and `÷ naive`.
    peer_column: bool,
    naive_column: bool,
    rows: Vec<Row<'a>>,
}

/// A table of the memory that structures take, alone and with retained versions. It has a row per contender and a
/// group of columns per size.
struct Memory<'a> {
    info: &'a MemoryInfo,
    sizes: Vec<(u64, String)>,
    peer_columns: bool,
    rows: Vec<MemoryRow<'a>>,
}

struct MemoryRow<'a> {
    series: usize,
    name: &'a str,
    role: Role,
    badges: Vec<Badge<'a>>,
    /// For each size: the bytes per element, and the bytes of a structure together with its retained versions.
    cells: Vec<[HeldCell; 2]>,
}

struct HeldCell {
    value: String,
    /// The share of a single version; empty where it does not apply.
    each: String,
    best: bool,
    to_peer: Option<Ratio>,
}

/// A claim of the source, and the measurement beside it.
struct Claim<'a> {
    tested: TestedClaim<'a>,
    claimed: String,
    size: String,
    instructions: String,
    time: String,
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
    role: Role,
    values: Vec<String>,
}

/// A contender's row in a matrix.
struct Row<'a> {
    series: usize,
    name: &'a str,
    role: Role,
    badges: Vec<Badge<'a>>,
    cells: Vec<Cell>,
}

/// One cell of a matrix.
struct Cell {
    name: String,
    value: String,
    interval: String,
    /// Whether somebody else used the core while it was timed.
    noisy: bool,
    best: bool,
    /// The shade, where the value itself is a ratio.
    tint: &'static str,
    to_peer: Option<Ratio>,
    to_naive: Option<Ratio>,
}

/// A cell exactly as it was recorded.
struct Exact<'a> {
    name: String,
    series: usize,
    contender: &'a str,
    role: Role,
    size: u64,
    size_text: String,
    numbers: Vec<String>,
}

/// The page of `view`.
///
/// # Errors
/// If a chart cannot be drawn or the template fails.
pub fn page(record: &Record, view: &BottleneckView<'_>) -> Result<String, Error> {
    let caveats = Caveats::of(view);
    let contenders = view.contenders.iter().enumerate().map(|(series, info)| Contender {
        series,
        info,
        badges: caveats.badges(&info.caveats),
        growth: by_growth(info),
        paragraphs: info.analysis.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).collect(),
    });
    let first = Metric::with_tables().find(|metric| view.has(*metric)).unwrap_or(Metric::Instructions);
    let metrics = Metric::with_tables().map(|metric| Switch {
        metric,
        measured: view.has(metric),
        checked: metric == first,
    });
    let scenarios = view.scenarios.iter().map(|scenario| Scenario::new(record, view, scenario, &caveats));
    let of_page = record.cells.iter().find(|cell| cell.name.bottleneck == view.info.name);
    let page = Page {
        shell: Shell::new(record, &[view]),
        generator: site::GENERATOR,
        failures: Failures::of(record, Some(&view.info.name)),
        view,
        cells: format::exact(view.cell_count() as u64),
        metrics: metrics.collect(),
        roles: Role::ALL.into_iter().filter(|role| !view.of_role(*role).is_empty()).collect(),
        contenders: contenders.collect(),
        caveats: caveats.all(),
        families: families(view),
        verdict: verdict::Section::new(view),
        choose: choose::Section::new(record, &view.info.name),
        parts: parts::Section::new(record, view)?,
        glances: Metric::with_tables()
            .filter(|metric| view.has(*metric))
            .map(|metric| Glance::new(view, metric))
            .collect(),
        growth: grown::Section::new(view),
        crossovers: crossover::Section::new(view),
        pay_off: payoff::Section::new(view),
        memory: view.info.memory.iter().filter_map(|info| Memory::new(view, info, &caveats)).collect(),
        claims: analysis::claims(view).into_iter().map(Claim::new).collect(),
        scenarios: scenarios.collect::<Result<_, _>>()?,
        trials: trials::all(record, view, &caveats),
        reproduce: reproduce::bottleneck(record, &view.info.name),
        reproduce_cell: of_page.and_then(|cell| reproduce::cell(record, &cell.name.to_string())),
        has_peers: !view.of_role(Role::Peer).is_empty(),
        totals: Metric::ALL,
    };
    fill(&page, &format!("{}.html", view.info.name))
}

/// Scenarios whose name continues that of one before them are its variants.
fn families<'a>(view: &'a BottleneckView<'a>) -> Vec<Family<'a>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for scenario in &view.scenarios {
        let name = scenario.info.name.as_str();
        let parent = families.iter_mut().find_map(|family| {
            let suffix = name.strip_prefix(family.name).filter(|suffix| suffix.starts_with('_'))?;
            Some((family, suffix))
        });
        match parent {
            Some((family, suffix)) => family.variants.push((name, suffix)),
            None => families.push(Family { name, variants: Vec::new() }),
        }
    }
    families
}

/// The operations of a contender, joined under the growth that it states for them.
fn by_growth(contender: &ContenderInfo) -> Vec<(&str, String)> {
    let mut growths: Vec<(&str, String)> = Vec::new();
    for (operation, growth) in &contender.complexity {
        match growths.iter_mut().find(|(known, _)| known == growth) {
            Some((_, operations)) => operations.extend([", ", operation]),
            None => growths.push((growth, operation.clone())),
        }
    }
    growths
}

/// The contenders that ratios refer to: the peers. Without peers, they are all contenders that are not bounds.
fn references(view: &BottleneckView<'_>) -> Vec<usize> {
    let peers = view.of_role(Role::Peer);
    if peers.is_empty() { view.contestants() } else { peers }
}

impl<'a> Glance<'a> {
    fn new(view: &'a BottleneckView<'a>, metric: Metric) -> Self {
        let references = references(view);
        let rows = view.scenarios.iter().enumerate().map(|(at, scenario)| {
            let means = analysis::scenario_means(view, at, metric, &references);
            let ratios = means.into_iter().map(|mean| mean.map(Ratio::new));
            (scenario.info.name.as_str(), ratios.collect())
        });
        Glance { metric, rows: rows.collect() }
    }
}

impl<'a> Scenario<'a> {
    fn new(
        record: &Record,
        view: &'a BottleneckView<'a>,
        scenario: &'a ScenarioView<'a>,
        caveats: &Caveats<'a>,
    ) -> Result<Self, Error> {
        let names: Vec<&str> = view.contenders.iter().map(|contender| contender.name.as_str()).collect();
        let charts = Metric::with_tables().filter(|metric| chart::is_charted(view, *metric)).map(|metric| {
            let chart = chart::scaling(scenario, &names, metric);
            let chart = chart.map_err(Error::drawing(&scenario.info.name))?;
            Ok::<_, Error>(Figure::new(metric, chart, scenario))
        });
        let largest = scenario.sizes.last().copied().unwrap_or_default();
        let example = (0..names.len()).find_map(|at| scenario.cell(largest, at));
        let takes_part = |at: &usize| scenario.sizes.iter().any(|size| scenario.cell(*size, *at).is_some());
        let legend = (0..names.len()).filter(takes_part).map(|series| Legend {
            series,
            name: names[series],
            growth: growth::stated(view.contenders[series], &scenario.info.name),
        });
        Ok(Scenario {
            legend: legend.collect(),
            name: &scenario.info.name,
            summary: &scenario.info.summary,
            unit: &scenario.info.unit,
            info: scenario.info,
            charts: charts.collect::<Result<_, _>>()?,
            sizes: scenario.sizes.iter().map(|size| (*size, format::size(*size))).collect(),
            matrices: Metric::with_tables()
                .filter(|metric| view.has(*metric))
                .map(|metric| Matrix::new(view, scenario, metric, caveats))
                .collect(),
            observed: observed(view, scenario),
            fewer: fewer(view, scenario),
            exact: exact(view, scenario),
            example: example.and_then(|cell| reproduce::cell(record, &cell.name.to_string())),
        })
    }
}

impl<'a> Memory<'a> {
    /// `None` where none of its cells was measured.
    fn new(view: &'a BottleneckView<'a>, info: &'a MemoryInfo, caveats: &Caveats<'a>) -> Option<Self> {
        let held = analysis::held(view, info);
        let cells = |of: &[Held], series: usize| {
            let all = |number: fn(&Held) -> Option<f64>| of.iter().map(number).collect::<Vec<_>>();
            let element = HeldCell::new(view, &all(|held| held.element), series);
            let with_versions = HeldCell::new(view, &all(|held| held.with_versions), series);
            let each = of[series].version.map_or(String::new(), format::value);
            [element, HeldCell { each, ..with_versions }]
        };
        let row = |(series, contender): (usize, &&'a ContenderInfo)| {
            let takes_part = held.iter().any(|(_, of)| of[series] != Held::default());
            takes_part.then(|| MemoryRow {
                series,
                name: &contender.name,
                role: contender.role,
                badges: caveats.badges(&contender.caveats),
                cells: held.iter().map(|(_, of)| cells(of, series)).collect(),
            })
        };
        (!held.is_empty()).then(|| Memory {
            info,
            sizes: held.iter().map(|(size, _)| (*size, format::size(*size))).collect(),
            peer_columns: !view.of_role(Role::Peer).is_empty(),
            rows: view.contenders.iter().enumerate().filter_map(row).collect(),
        })
    }
}

impl HeldCell {
    /// The row entry of one contender, given what every contender takes.
    fn new(view: &BottleneckView<'_>, values: &[Option<f64>], series: usize) -> Self {
        let of = |contenders: Vec<usize>| contenders.into_iter().filter_map(|at| values[at]);
        let best = analysis::outstanding(of(view.contestants()));
        let (value, peer) = (values[series], of(view.of_role(Role::Peer)).min_by(f64::total_cmp));
        let to_peer = value.zip(peer).map(|(value, peer)| Ratio::new(analysis::ratio(value, peer)));
        HeldCell {
            value: value.map_or(format::ABSENT.to_owned(), format::value),
            each: String::new(),
            best: view.contenders[series].role != Role::Bound && value.is_some() && value == best,
            to_peer,
        }
    }
}

impl<'a> Claim<'a> {
    fn new(tested: TestedClaim<'a>) -> Self {
        let times = |factor: Option<f64>| factor.map_or(format::ABSENT.to_owned(), format::ratio);
        Claim {
            claimed: times(tested.info.factor),
            size: tested.size.map_or(format::ABSENT.to_owned(), format::size),
            instructions: times(tested.instructions),
            time: times(tested.time),
            tested,
        }
    }
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
                role: contender.role,
                values: values.into_iter().map(|value| value.unwrap_or(format::ABSENT.to_owned())).collect(),
            })
        };
        Observed { name, rows: view.contenders.iter().enumerate().filter_map(row).collect() }
    };
    names.into_iter().map(table).collect()
}

impl Figure {
    fn new(metric: Metric, chart: Chart, scenario: &ScenarioView<'_>) -> Self {
        let zeros = || scenario.cells().any(|cell| metric.value(cell) == Some(0.0));
        let (svg, note) = match chart {
            Chart::Drawn(svg) if zeros() => {
                (Some(svg), "Zero has no logarithm, so it is drawn on the line marked 0.")
            }
            Chart::Drawn(svg) if scenario.cells().any(|cell| metric.interval(cell).is_some()) => {
                (Some(svg), "The bars are 95 % confidence intervals.")
            }
            Chart::Drawn(svg) => (Some(svg), ""),
            Chart::AllZero => (None, "The value is zero for every contender at every size."),
            Chart::Absent => (None, "Not measured in this scenario."),
        };
        Figure { metric, svg, note }
    }
}

impl<'a> Matrix<'a> {
    fn new(
        view: &'a BottleneckView<'a>,
        scenario: &ScenarioView<'a>,
        metric: Metric,
        caveats: &Caveats<'a>,
    ) -> Self {
        let (peers, naives, contestants) =
            (view.of_role(Role::Peer), view.of_role(Role::Naive), view.contestants());
        let is_ratio = metric.is_ratio();
        let mut matrix = Matrix {
            metric,
            measured: scenario.has(metric),
            peer_column: !is_ratio && !peers.is_empty(),
            naive_column: !is_ratio && !naives.is_empty(),
            rows: Vec::new(),
        };
        // The references of a size, computed once for the whole column.
        let columns: Vec<_> = scenario
            .sizes
            .iter()
            .map(|size| {
                let best = |contenders: &[usize]| scenario.best(metric, *size, contenders);
                (*size, best(&peers), best(&naives), scenario.leaders(metric, *size, &contestants))
            })
            .collect();
        for (series, contender) in view.contenders.iter().enumerate() {
            let cells = columns.iter().map(|(size, peer, naive, leaders)| {
                let Some(cell) = scenario.cell(*size, series) else { return Cell::absent(String::new()) };
                let Some(value) = metric.value(cell) else { return Cell::absent(cell.name.to_string()) };
                let to = |reference: &Option<f64>| reference.map(|it| Ratio::new(analysis::ratio(value, it)));
                let text = |value| if is_ratio { format::ratio(value) } else { format::value(value) };
                Cell {
                    name: cell.name.to_string(),
                    value: text(value),
                    interval: metric.interval(cell).map_or(String::new(), |(low, high)| {
                        format!("{}–{}", text(low).trim_end_matches('×'), text(high).trim_end_matches('×'))
                    }),
                    noisy: metric.interval(cell).is_some() && cell.is_noisy(),
                    best: leaders.contains(&series),
                    tint: if is_ratio { Ratio::new(value).tint } else { "" },
                    to_peer: to(peer),
                    to_naive: to(naive),
                }
            });
            let cells: Vec<Cell> = cells.collect();
            // A contender that does not take part in this scenario would be a row of dashes.
            if cells.iter().any(|cell| !cell.name.is_empty()) {
                let (name, role) = (contender.name.as_str(), contender.role);
                matrix.rows.push(Row {
                    series,
                    name,
                    role,
                    badges: caveats.badges(&contender.caveats),
                    cells,
                });
            }
        }
        matrix
    }
}

impl Cell {
    fn absent(name: String) -> Self {
        Cell {
            name,
            value: format::ABSENT.to_owned(),
            interval: String::new(),
            noisy: false,
            best: false,
            tint: "",
            to_peer: None,
            to_naive: None,
        }
    }
}

/// Every cell of a scenario exactly as recorded, by size and contender.
fn exact<'a>(view: &'a BottleneckView<'a>, scenario: &ScenarioView<'a>) -> Vec<Exact<'a>> {
    let mut rows = Vec::new();
    for size in &scenario.sizes {
        for (series, contender) in view.contenders.iter().enumerate() {
            let Some(cell) = scenario.cell(*size, series) else { continue };
            rows.push(Exact {
                name: cell.name.to_string(),
                series,
                contender: &contender.name,
                role: contender.role,
                size: *size,
                size_text: format::size(*size),
                numbers: numbers(cell),
            });
        }
    }
    rows
}

/// A cell's columns: operations, and the region's total in each metric.
fn numbers(cell: &CellRecord) -> Vec<String> {
    let totals = Metric::ALL.iter().map(|metric| total(cell, *metric).unwrap_or(format::ABSENT.to_owned()));
    std::iter::once(format::exact(cell.ops)).chain(totals).collect()
}

/// A metric of the region as it was recorded; `None` where the meter did not run.
fn total(cell: &CellRecord, metric: Metric) -> Option<String> {
    Some(match metric.about().reading {
        Reading::Count(read) => format::exact(read(&cell.measured)?),
        Reading::Time(read) => {
            let Interval { median, low, high } = read(&cell.measured)?;
            let [median, low, high] = [median, low, high].map(format::tenths);
            let noisy = if cell.is_noisy() { " noisy" } else { "" };
            format!("{median} [{low} – {high}]{noisy}")
        }
        Reading::Ratio(read) => {
            let ratios = cell.measured.ratios()?;
            let Interval { median, low, high } = read(ratios);
            format!("{median:.4} [{low:.4} – {high:.4}] to {}", ratios.reference)
        }
    })
}
