//! A bottleneck's page: the verdict, the ratios of all scenarios at a glance, and what is concluded from them.

use askama::Template;

use super::caveats::{Badge, Caveats};
use super::compared::COMPARED;
use super::error::{Error, fill};
use super::failures::Failures;
use super::overview::standings_chart;
use super::shell::Shell;
use super::tint::Ratio;
use super::told::Told;
use super::trials::{self, Trials};
use super::{
    choose, claims, crossover, folded, format, growth as grown, letting_go, parts, payoff, reproduce, series,
    verdict,
};
use crate::analysis::{self, Held};
use crate::claims::claim::Claim;
use crate::metric::Metric;
use crate::record::{ContenderInfo, MemoryInfo, Role};
use crate::verdict as verdicts;
use crate::view::BottleneckView;

#[derive(Template)]
#[template(path = "bottleneck.html")]
struct Page<'a> {
    shell: &'a Shell<'a>,
    markers: String,
    failures: Failures<'a>,
    view: &'a BottleneckView<'a>,
    cells: Option<String>,
    metrics: Vec<Switch>,
    contenders: Vec<Contender<'a>>,
    caveats: Vec<Badge<'a>>,
    families: Vec<Family<'a>>,
    verdict: Option<verdict::Section<'a>>,
    /// Each contender against the best peer.
    chart: Option<String>,
    choose: Option<choose::Section>,
    parts: Option<&'a parts::Section<'a>>,
    glances: Vec<Glance<'a>>,
    growth: Option<grown::Section<'a>>,
    crossovers: Option<crossover::Section<'a>>,
    pay_off: Option<payoff::Section<'a>>,
    memory: Vec<Memory<'a>>,
    letting_go: Vec<letting_go::Table<'a>>,
    claims: Vec<claims::Row<'a>>,
    trials: Vec<Trials<'a>>,
    reproduce: String,
    export: String,
    /// Absent where no cell can be explained.
    reproduce_cell: Option<String>,
    has_peers: bool,
}

/// An entry of the metric switch.
pub struct Switch {
    pub metric: Metric,
    pub checked: bool,
}

/// The metric switch of a page that shows these metrics: the first of them is chosen.
pub fn switches(shown: &[Metric]) -> Vec<Switch> {
    shown.iter().enumerate().map(|(at, metric)| Switch { metric: *metric, checked: at == 0 }).collect()
}

/// A contender in the list that introduces the contenders.
struct Contender<'a> {
    series: usize,
    info: &'a ContenderInfo,
    badges: Vec<Badge<'a>>,
}

/// A scenario and its variants in the table of contents: `get_hit`, `_string`.
struct Family<'a> {
    name: &'a str,
    variants: Vec<(&'a str, &'a str)>,
}

/// A table of all scenarios in one metric. The first one is a table; the others are lines.
struct Glance<'a> {
    metric: Metric,
    rows: Vec<(&'a str, Vec<Option<Ratio>>)>,
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

/// The page of a bottleneck, with those of the `known` claims that are about it.
///
/// # Errors
/// If a chart cannot be drawn or the template fails.
pub fn page<'a>(shell: &Shell<'a>, told: &Told<'a>, known: &[Claim]) -> Result<String, Error> {
    let Told { view, caveats, parts, .. } = told;
    let record = shell.record;
    let shown: Vec<Metric> = COMPARED.into_iter().filter(|metric| view.has(*metric)).collect();
    let contenders = view.contenders.iter().enumerate();
    let of_page = record.cells.iter().find(|cell| cell.name.bottleneck == view.info.name);
    let page = Page {
        shell,
        markers: series::markers(0..view.contenders.len()),
        failures: Failures::of(record, Some(&view.info.name)),
        view,
        cells: Some(format::exact(view.cell_count() as u64)),
        metrics: switches(&shown),
        contenders: contenders
            .map(|(series, info)| Contender { series, info, badges: caveats.badges(&info.caveats) })
            .collect(),
        caveats: caveats.all(),
        families: families(view),
        verdict: verdict::Section::new(view, &told.verdict),
        chart: standings_chart(view, &told.verdict.ranking)?,
        choose: choose::Section::new(record, &view.info.name),
        parts: parts.as_ref(),
        glances: shown.iter().map(|metric| Glance::new(view, *metric)).collect(),
        growth: grown::Section::new(view, &told.growth),
        crossovers: crossover::Section::new(view),
        pay_off: payoff::Section::new(view),
        memory: view.info.memory.iter().filter_map(|info| Memory::new(view, info, caveats)).collect(),
        letting_go: letting_go::tables(view),
        claims: claims::rows(view, known),
        trials: trials::all(record, view, caveats),
        reproduce: reproduce::bottleneck(record, &view.info.name),
        export: reproduce::export(record, &view.info.name),
        reproduce_cell: of_page.and_then(|cell| reproduce::cell(record, &cell.name.to_string())),
        has_peers: !view.of_role(Role::Peer).is_empty(),
    };
    fill(&page, &view.page())
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

/// The contenders that ratios refer to: the peers. Without peers, they are all contenders that are not bounds.
fn references(view: &BottleneckView<'_>) -> Vec<usize> {
    let peers = view.of_role(Role::Peer);
    if peers.is_empty() { view.contestants() } else { peers }
}

impl<'a> Glance<'a> {
    /// The table as lines.
    fn lines(&self, view: &BottleneckView<'_>) -> String {
        let heads = view.contenders.iter().map(|contender| contender.name.clone());
        let told = |ratio: &Option<Ratio>| {
            ratio.as_ref().map_or(format::ABSENT, |ratio| folded::ratio(&ratio.text)).to_owned()
        };
        let rows = self.rows.iter().map(|(name, ratios)| (*name, ratios.iter().map(told).collect()));
        folded::lines(self.metric.title(), ("Scenario", heads.collect()), rows)
    }

    fn new(view: &'a BottleneckView<'a>, metric: Metric) -> Self {
        let references = references(view);
        let rows = view.scenarios.iter().enumerate().map(|(at, scenario)| {
            let means = analysis::scenario_means(view, at, metric, &references);
            let ratio = |(series, mean): (usize, Option<f64>)| {
                let noise = verdicts::scenario_mean(scenario, metric, &references, series);
                let ratio = Ratio::new(mean?);
                Some(noise.map_or_else(|| ratio.clone(), |noise| ratio.clone().within(noise.low, noise.high)))
            };
            (scenario.info.name.as_str(), means.into_iter().enumerate().map(ratio).collect())
        });
        Glance { metric, rows: rows.collect() }
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
        let peers = view.of_role(Role::Peer).into_iter().filter_map(|at| values[at]);
        let (value, peer) = (values[series], peers.min_by(f64::total_cmp));
        let to_peer = value.zip(peer).map(|(value, peer)| Ratio::new(analysis::ratio(value, peer)));
        HeldCell {
            value: value.map_or(format::ABSENT.to_owned(), format::value),
            each: String::new(),
            best: analysis::stands_out(view, |at| values[at], series),
            to_peer,
        }
    }
}
