//! The first page: the ranking of each bottleneck, and how to read the other pages.

use askama::Template;

use super::caveats::{Badge, Caveats};
use super::chart::{self, Line};
use super::error::{Error, fill};
use super::failures::Failures;
use super::shell::Shell;
use super::tint::Ratio;
use super::told::Told;
use super::{format, pages, reproduce, series, site, verdict};
use crate::analysis::{self, Ranking, Standing};
use crate::metric::Metric;
use crate::record::Role;
use crate::view::BottleneckView;

#[derive(Template)]
#[template(path = "overview.html")]
struct Page<'a> {
    shell: &'a Shell<'a>,
    generator: &'static str,
    markers: String,
    failures: Failures<'a>,
    cards: Vec<Card<'a>>,
    /// Nothing: the whole record's.
    cells: Option<String>,
    /// The metrics of the glossary.
    metrics: &'static [Metric],
    reproduce: String,
}

/// So many sentences of a verdict are on its card.
const ANSWER: usize = 6;

/// One bottleneck.
struct Card<'a> {
    /// File name of its page.
    page: String,
    view: &'a BottleneckView<'a>,
    cells: String,
    /// The verdict's first sentences; empty if there is nothing to compare.
    answer: Vec<String>,
    ranking: Ranking,
    rows: Vec<Row<'a>>,
    bounds: Vec<Row<'a>>,
    unranked: Vec<(&'a str, usize)>,
    has_peers: bool,
    /// The number of cell groups over which wall-clock times can be compared; 0 if there are none.
    time_groups: usize,
    chart: Option<String>,
    caveats: Vec<Badge<'a>>,
}

/// One line of a ranking.
struct Row<'a> {
    place: String,
    series: usize,
    name: &'a str,
    role: Role,
    badges: Vec<Badge<'a>>,
    score: String,
    /// The ratio for each kind of scenario; empty where the ranking has only one kind.
    by_kind: Vec<String>,
    to_peer: Option<Ratio>,
    time: String,
    best_in: String,
    worst: Ratio,
    worst_at: String,
}

/// The overview page.
///
/// # Errors
/// If a chart cannot be drawn or the template fails.
pub fn page<'a>(shell: &Shell<'a>, told: &[Told<'a>]) -> Result<String, Error> {
    let most = told.iter().map(|told| told.view.contenders.len()).max().unwrap_or(0);
    let page = Page {
        shell,
        generator: site::GENERATOR,
        markers: series::markers(0..most),
        failures: Failures::of(shell.record, None),
        cards: told.iter().map(Card::new).collect::<Result<_, _>>()?,
        cells: None,
        metrics: Metric::ALL,
        reproduce: reproduce::run(shell.record),
    };
    fill(&page, pages::INDEX)
}

impl<'a> Card<'a> {
    fn new(told: &Told<'a>) -> Result<Self, Error> {
        let Told { view, verdict, caveats, .. } = told;
        let answer = verdict::sentences(view, verdict).into_iter().take(ANSWER).collect();
        let ranking = verdict.ranking.clone();
        let ranked: Vec<usize> = ranking.rows.iter().map(|row| row.contender).collect();
        let (time_groups, times) = analysis::relative_means(view, Metric::Warm, &ranked);
        let rows = ranking.rows.iter().enumerate().map(|(index, standing)| {
            let tied = ranking.rows.iter().filter(|other| other.place == standing.place).count() > 1;
            let place = format!("{}{}", standing.place, if tied { "=" } else { "" });
            Row::new(view, standing, place, times.get(index).copied(), caveats)
        });
        let bounds =
            ranking.bounds.iter().map(|standing| Row::new(view, standing, String::new(), None, caveats));
        Ok(Card {
            page: view.page(),
            view,
            cells: format::exact(view.cell_count() as u64),
            answer,
            rows: rows.collect(),
            bounds: bounds.collect(),
            unranked: ranking
                .unranked
                .iter()
                .map(|(at, has)| (view.contenders[*at].name.as_str(), *has))
                .collect(),
            has_peers: ranking.rows.iter().any(|row| row.to_peer.is_some()),
            time_groups,
            chart: standings_chart(view, &ranking)?,
            caveats: caveats.all(),
            ranking,
        })
    }
}

impl<'a> Row<'a> {
    fn new(
        view: &'a BottleneckView<'a>,
        standing: &Standing,
        place: String,
        time: Option<f64>,
        caveats: &Caveats<'a>,
    ) -> Self {
        let contender = view.contenders[standing.contender];
        Row {
            place,
            series: standing.contender,
            name: &contender.name,
            role: contender.role,
            badges: caveats.badges(&contender.caveats),
            score: format::ratio(standing.score),
            by_kind: by_kind(standing),
            to_peer: standing.to_peer.map(Ratio::new),
            time: time.map_or(format::ABSENT.to_owned(), format::ratio),
            best_in: format!("{} of {}", standing.best_in, standing.groups),
            worst: Ratio::new(standing.worst.ratio),
            worst_at: format!("{}/{}", standing.worst.scenario, standing.worst.size),
        }
    }
}

/// A contender's ratios to the leader of each kind of scenario. The list is empty where there is only one kind,
/// because the score already shows it.
fn by_kind(standing: &Standing) -> Vec<String> {
    match &standing.by_kind[..] {
        [_] => Vec::new(),
        ratios => ratios.iter().map(|ratio| ratio.map_or(format::ABSENT.to_owned(), format::ratio)).collect(),
    }
}

/// The chart beside the ranking: each contender against the best peer, overall and in each scenario.
pub(super) fn standings_chart(view: &BottleneckView<'_>, ranking: &Ranking) -> Result<Option<String>, Error> {
    let peers = view.of_role(Role::Peer);
    let scenario_means: Vec<_> = (0..view.scenarios.len())
        .map(|scenario| analysis::scenario_means(view, scenario, Metric::Instructions, &peers))
        .collect();
    let lines: Vec<Line<'_>> = ranking
        .rows
        .iter()
        .chain(&ranking.bounds)
        .filter_map(|standing| {
            Some(Line {
                contender: standing.contender,
                name: &view.contenders[standing.contender].name,
                score: standing.to_peer?,
                dots: scenario_means.iter().filter_map(|means| means[standing.contender]).collect(),
            })
        })
        .collect();
    let description = format!(
        "{}: instructions per operation of each contender as a ratio to the best peer, overall and in each scenario.",
        view.info.title
    );
    chart::standings(&lines, &description).map_err(Error::drawing(&view.info.name))
}
