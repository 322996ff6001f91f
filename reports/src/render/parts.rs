//! Which part pays: the section of a bottleneck whose contenders are put together from the same parts.

use super::error::Error;
use super::svg::Bar as Kind;
use super::tint::Ratio;
use super::{chart, folded, format};
use crate::metric::Metric;
use crate::parts::{Activity, Case, Composed, Effect, Place, Step, Verdict, Verdicts, Worth};
use crate::record::{PartInfo, Record, ScenarioInfo};
use crate::view::BottleneckView;

/// The parts that carry a saving are those that together make this share of it.
const CARRIED: f64 = 0.8;
/// The answer mentions what the parts do not account for if it is so much of what is saved.
const CONSIDERABLE: f64 = 0.1;
/// A list of missing mixtures names no more than this: all that five parts can lack.
const NAMED: usize = 20;

/// The section.
pub struct Section<'a> {
    pub naive: &'a str,
    pub best: &'a str,
    pub planned: &'a str,
    pub parts: Vec<Part<'a>>,
    /// The answer in each metric.
    pub answers: Vec<Text>,
    pub verdicts: Vec<VerdictTable<'a>>,
    pub shares: Vec<ShareTable<'a>>,
    pub programs: Vec<Block<'a>>,
    pub others: Vec<Block<'a>>,
    /// The metrics that the page has and that say nothing of parts.
    pub silent: Vec<Metric>,
}

/// A part and its forms.
pub struct Part<'a> {
    pub info: &'a PartInfo,
    /// Whether the report has a page of the bottleneck whose contenders are its forms.
    pub has_page: bool,
}

/// A text about one metric.
pub struct Text {
    pub metric: Metric,
    pub text: String,
}

/// What each part is worth over all cases, in one metric.
pub struct VerdictTable<'a> {
    pub metric: Metric,
    pub caption: String,
    /// The parts, with the one that saves most first.
    pub rows: Vec<VerdictRow<'a>>,
    /// The share of the saving that the parts do not account for.
    pub rest: Share,
    pub note: String,
}

pub struct VerdictRow<'a> {
    pub title: &'a str,
    pub total: Share,
    /// In how many scenarios of how many it is active, and in how many others it is late.
    pub active: String,
    pub late: String,
    pub largest: Option<(String, At<'a>)>,
    pub worst: Option<(Ratio, At<'a>)>,
}

/// A scenario at a size.
pub struct At<'a> {
    pub scenario: &'a str,
    pub size: String,
}

/// A share and the shade of its background.
#[derive(Clone)]
pub struct Share {
    pub text: String,
    /// Class of the shade, as of a [`Ratio`]: blue where it is saved, orange where it costs more.
    pub tint: &'static str,
    /// The interval, where mixtures are missing.
    pub interval: String,
}

/// The parts' shares of what is saved in each scenario, in one metric.
pub struct ShareTable<'a> {
    pub metric: Metric,
    pub rows: Vec<ShareRow<'a>>,
}

pub struct ShareRow<'a> {
    pub scenario: &'a str,
    pub is_program: bool,
    pub size: String,
    /// How many times less best costs than naive.
    pub factor: String,
    pub plan: String,
    pub parts: Vec<Share>,
    pub rest: Share,
}

/// One scenario.
pub struct Block<'a> {
    pub info: &'a ScenarioInfo,
    /// The answer in one line, in the metric that is shown first.
    pub outline: String,
    pub charts: Vec<Figure>,
    pub tables: Vec<Table<'a>>,
    /// The metrics in which nothing costs anything.
    pub zeros: Vec<Metric>,
}

/// A waterfall with its caption.
pub struct Figure {
    pub metric: Metric,
    pub size: String,
    pub svg: Option<String>,
    pub note: String,
}

/// A table of one scenario in one metric: a row per part, a group of columns per size. The first one of a page is a table; the
/// others are lines.
pub struct Table<'a> {
    pub metric: Metric,
    pub sizes: Vec<String>,
    pub rows: Vec<Row<'a>>,
    /// The contenders that are mixtures of nothing, of what was planned and of everything: what each costs.
    pub wholes: Vec<(&'a str, Vec<Whole>)>,
    pub notes: Vec<String>,
}

pub struct Row<'a> {
    pub title: &'a str,
    pub cells: Vec<Cell>,
}

/// What a part does at a size.
pub struct Cell {
    pub alone: Change,
    pub last: Change,
    pub worth: String,
    /// How the worth was found.
    pub how: &'static str,
    pub share: Share,
}

/// What a step saves, and how many times less it costs after it.
pub struct Change {
    pub saved: String,
    pub factor: String,
}

pub struct Whole {
    pub value: String,
    /// What it saves as a share of what best saves; empty for the ends.
    pub way: String,
}

impl<'a> Section<'a> {
    /// `None` if the bottleneck has no composition, or nothing was measured that tells of it.
    ///
    /// # Errors
    /// If a chart cannot be drawn.
    pub fn new(record: &Record, view: &'a BottleneckView<'a>) -> Result<Option<Self>, Error> {
        let Some(composed) = Composed::of(view) else { return Ok(None) };
        let all = told(view, &composed);
        if all.is_empty() {
            return Ok(None);
        }
        let blocks = view.scenarios.iter().map(|scenario| Block::new(view, &composed, scenario.info, &all));
        let blocks: Vec<Block<'_>> = blocks.collect::<Result<_, _>>()?;
        let (programs, others) = blocks
            .into_iter()
            .filter(|block| !block.tables.is_empty())
            .partition(|block| composed.info.programs.contains(&block.info.name));
        let has_page = |part: &PartInfo| record.bottlenecks.iter().any(|info| info.name == part.bottleneck);
        let told: Vec<Metric> = all.iter().map(|told| told.metric).collect();
        Ok(Some(Section {
            naive: composed.naive(),
            best: composed.best(),
            planned: &composed.info.planned,
            parts: composed.info.parts.iter().map(|info| Part { info, has_page: has_page(info) }).collect(),
            answers: all
                .iter()
                .map(|told| Text { metric: told.metric, text: answer(&composed, told) })
                .collect(),
            verdicts: all.iter().map(|told| VerdictTable::new(&composed, told)).collect(),
            shares: all.iter().map(|told| ShareTable::new(&composed, told)).collect(),
            programs,
            others,
            silent: super::compared::COMPARED
                .into_iter()
                .filter(|metric| view.has(*metric) && !told.contains(metric))
                .collect(),
        }))
    }
}

impl<'a> Section<'a> {
    /// What is told of the scenario `name`.
    pub fn block(&self, name: &str) -> Option<&Block<'a>> {
        self.programs.iter().chain(&self.others).find(|block| block.info.name == name)
    }
}

/// The cases of a metric, and what they say over all.
struct Told<'a> {
    metric: Metric,
    cases: Vec<Case<'a>>,
    verdicts: Verdicts<'a>,
}

/// Every metric with tables that has cases.
fn told<'a>(view: &'a BottleneckView<'a>, composed: &Composed<'a>) -> Vec<Told<'a>> {
    let told = super::compared::COMPARED.into_iter().filter(|metric| view.has(*metric)).map(|metric| {
        let cases = composed.cases(metric);
        Told { metric, verdicts: composed.verdicts(metric, &cases), cases }
    });
    told.filter(|told| !told.cases.is_empty()).collect()
}

/// The answer of a bottleneck in the first metric that tells it; `None` where no part can be told.
pub fn outline(view: &BottleneckView<'_>) -> Option<String> {
    let composed = Composed::of(view)?;
    let all = told(view, &composed);
    all.first().map(|told| answer(&composed, told))
}

/// Which parts pay, which never matter and which cost more than they bring: a few sentences.
fn answer(composed: &Composed<'_>, told: &Told<'_>) -> String {
    let Told { metric, verdicts, .. } = told;
    let (naive, best, counted) = (composed.naive(), composed.best(), metric.about().counted);
    let verdict_of = |wanted: &dyn Fn(&Verdict<'_>) -> bool| -> Vec<&str> {
        let found = composed.info.parts.iter().zip(&verdicts.parts).filter(|(_, verdict)| wanted(verdict));
        found.map(|(part, _)| part.title.as_str()).collect()
    };
    let known = |verdict: &Verdict<'_>| verdict.scenarios > 0;
    let idle = verdict_of(&|verdict| known(verdict) && verdict.active + verdict.late == 0);
    if idle.len() == verdicts.parts.len() {
        return format!("No part changes the {counted}.");
    }
    let place = if verdicts.of_programs { "In the programs" } else { "In the scenarios" };
    let mut sentences = vec![match verdicts.saved {
        None => format!("{place}, too little was measured to tell what the parts save in {counted}."),
        Some(_) if verdicts.parts.iter().all(|verdict| verdict.total.is_none()) => {
            format!("{place}, {best} saves nothing in {counted}.")
        }
        Some(_) => {
            let carriers = carriers(composed, verdicts);
            let share = format::percent(carriers.iter().map(|(_, share)| share).sum());
            let of = format!("what {best} saves in {counted}");
            let named =
                carriers.iter().map(|(title, share)| format!("{title} ({})", format::percent(*share)));
            match &carriers[..] {
                [] => format!("{place}, no part by itself makes a difference to {of}."),
                [(title, _)] => format!("{place}, {title} makes {share} of {of}."),
                _ => format!("{place}, {} make {share} of {of}.", format::listed(&named.collect::<Vec<_>>())),
            }
        }
    }];
    if let Some(saved) = verdicts.saved.filter(|_| verdicts.rest.is_some()) {
        sentences.push(format!("Of what {naive} takes, {best} saves {}.", format::percent(saved)));
    }
    let verb = |titles: &[&str], one: &str, several: &str| match titles {
        [_] => one.to_owned(),
        _ => several.to_owned(),
    };
    if !idle.is_empty() {
        sentences.push(format!("{} never {}.", format::listed(&idle), verb(&idle, "matters", "matter")));
    }
    let late = verdict_of(&|verdict| known(verdict) && verdict.active == 0 && verdict.late > 0);
    if !late.is_empty() {
        let matter = verb(&late, "matters", "matter");
        sentences.push(format!("{} {matter} only once the others are best.", format::listed(&late)));
    }
    let dear = verdict_of(&|verdict| verdict.total.is_some_and(|total| total.share <= -0.01));
    if !dear.is_empty() {
        let costs = verb(&dear, "costs more than it brings", "cost more than they bring");
        sentences.push(format!("{} {costs}.", format::listed(&dear)));
    }
    let worst = composed
        .info
        .parts
        .iter()
        .zip(&verdicts.parts)
        .filter_map(|(part, verdict)| Some((part, verdict.worst?)));
    if let Some((part, worst)) = worst.max_by(|left, right| left.1.value.total_cmp(&right.1.value)) {
        let (title, more) = (&part.title, format::percent(worst.value));
        let at = format!("{} at n = {}", worst.scenario, format::size(worst.size));
        sentences.push(format!("The largest loss by a part is that of {title} in {at}: {more} more."));
    }
    if let Some(way) = verdicts.plan.and_then(|plan| plan.way) {
        let (planned, way) = (&composed.info.planned, format::percent(way));
        sentences.push(format!("{planned} saves {way} of what {best} saves."));
    }
    if let Some(rest) = verdicts.rest.filter(|rest| *rest >= CONSIDERABLE) {
        let rest = format::percent(rest);
        sentences.push(format!(
            "{rest} of the saving is due to no part by itself: several have to be best at once."
        ));
    }
    if verdicts.open > 0 {
        let open = verdicts.open;
        let cells = if verdicts.cases == 1 { "cell group" } else { "cell groups" };
        sentences.push(format!(
            "In {open} of {} {cells} mixtures are missing, and the middles of intervals count.",
            verdicts.cases
        ));
    }
    sentences.join(" ")
}

/// The fewest parts that together make most of what is saved, with their shares; the largest comes first.
fn carriers<'a>(composed: &Composed<'a>, verdicts: &Verdicts<'a>) -> Vec<(&'a str, f64)> {
    let parts = composed.info.parts.iter().zip(&verdicts.parts);
    let mut shares: Vec<(&str, f64)> = parts
        .filter_map(|(part, verdict)| Some((part.title.as_str(), verdict.total?.share)))
        .filter(|(_, share)| *share >= 0.01)
        .collect();
    shares.sort_by(|left, right| right.1.total_cmp(&left.1));
    let mut sum = 0.0;
    let carry = shares.iter().position(|(_, share)| {
        sum += share;
        sum >= CARRIED
    });
    shares.truncate(carry.map_or(shares.len(), |last| last + 1));
    shares
}

impl<'a> At<'a> {
    fn new(place: &Place<'a>) -> Self {
        At { scenario: place.scenario, size: format::size(place.size) }
    }
}

impl Share {
    fn new(share: f64) -> Self {
        let tint = match share {
            share if share >= 0.5 => "b3",
            share if share >= 0.2 => "b2",
            share if share >= 0.05 => "b1",
            share if share <= -0.2 => "w3",
            share if share <= -0.05 => "w2",
            share if share <= -0.01 => "w1",
            _ => "",
        };
        Share { text: format::percent(share), tint, interval: String::new() }
    }

    fn untinted(share: f64) -> Self {
        Share { tint: "", ..Share::new(share) }
    }

    fn absent() -> Self {
        Share { text: format::ABSENT.to_owned(), tint: "", interval: String::new() }
    }

    /// What a part saves of the whole in a case.
    fn of(case: &Case<'_>, effect: &Effect) -> Self {
        let share = effect.worth.value().and_then(|worth| case.share(worth));
        match (share, effect.worth, effect.activity) {
            (None, ..) => Share::absent(),
            (Some(_), _, Activity::Late) => Share { text: "late".to_owned(), ..Share::absent() },
            (Some(share), Worth::Between(low, high), _) => {
                Share { interval: interval(case.share(low), case.share(high)), ..Share::new(share) }
            }
            (Some(share), ..) => Share::new(share),
        }
    }
}

fn interval(low: Option<f64>, high: Option<f64>) -> String {
    let end = |share: Option<f64>| share.map_or(format::ABSENT.to_owned(), format::percent);
    format!("{} – {}", end(low), end(high))
}

impl<'a> VerdictTable<'a> {
    fn new(composed: &Composed<'a>, told: &Told<'a>) -> Self {
        let verdicts = &told.verdicts;
        let mut order: Vec<(&PartInfo, &Verdict<'a>)> =
            composed.info.parts.iter().zip(&verdicts.parts).collect();
        let share = |verdict: &Verdict<'_>| verdict.total.map_or(f64::NEG_INFINITY, |total| total.share);
        order.sort_by(|left, right| share(right.1).total_cmp(&share(left.1)));
        let rows = order.into_iter().map(|(part, verdict)| VerdictRow {
            title: &part.title,
            total: verdict.total.map_or(Share::absent(), |total| {
                let is_exact = (total.high - total.low).abs() < 1e-9;
                let interval =
                    if is_exact { String::new() } else { interval(Some(total.low), Some(total.high)) };
                Share { interval, ..Share::new(total.share) }
            }),
            active: if verdict.scenarios == 0 {
                format::ABSENT.to_owned()
            } else {
                format!("{} of {}", verdict.active, verdict.scenarios)
            },
            late: if verdict.late > 0 { format!("late in {}", verdict.late) } else { String::new() },
            largest: verdict.largest.map(|place| (format::percent(place.value), At::new(&place))),
            worst: verdict.worst.map(|place| (Ratio::new(1.0 + place.value), At::new(&place))),
        });
        let of = if verdicts.of_programs { "programs" } else { "scenarios" };
        let (counted, unknown) = verdicts.counted;
        let mut note = match verdicts.plan.and_then(|plan| plan.to_best) {
            Some(to_best) => format!(
                "{} costs {} as much as {}, as the geometric mean over the {of}. ",
                composed.info.planned,
                format::ratio(to_best),
                composed.best()
            ),
            None => String::new(),
        };
        note.push_str(&format!(
            "The shares of the saving are over {counted} cell group{} of the {of}, each of which weighs the same.",
            if counted == 1 { "" } else { "s" }
        ));
        if unknown > 0 {
            note.push_str(&format!(" {unknown} more are left out, because a part was not measured there."));
        }
        VerdictTable {
            metric: told.metric,
            caption: format!("{}: the parts over all {of}", told.metric.title()),
            rows: rows.collect(),
            rest: verdicts.rest.map_or(Share::absent(), Share::untinted),
            note,
        }
    }
}

impl<'a> ShareTable<'a> {
    fn new(composed: &Composed<'a>, told: &Told<'a>) -> Self {
        let cases = told.cases.iter();
        // The largest size of each scenario, because sizes ascend; the programs come first.
        let last = cases.clone().enumerate().filter(|(at, case)| {
            told.cases.get(at + 1).is_none_or(|next| next.scenario.name != case.scenario.name)
        });
        let mut last: Vec<&Case<'a>> = last.map(|(_, case)| case).collect();
        last.sort_by_key(|case| !case.is_program);
        let row = |case: &Case<'a>| {
            let rest = case.share(case.waterfall().rest);
            ShareRow {
                scenario: &case.scenario.name,
                is_program: composed.info.programs.contains(&case.scenario.name),
                size: format::size(case.size),
                factor: format::ratio(Step { before: case.naive, after: case.best, worse: 0.0 }.factor()),
                plan: case.way().map_or(format::ABSENT.to_owned(), format::percent),
                parts: case.effects.iter().map(|effect| Share::of(case, effect)).collect(),
                rest: rest.map_or(Share::absent(), Share::untinted),
            }
        };
        ShareTable { metric: told.metric, rows: last.into_iter().map(row).collect() }
    }
}

impl<'a> Block<'a> {
    fn new(
        view: &BottleneckView<'_>,
        composed: &Composed<'a>,
        info: &'a ScenarioInfo,
        all: &[Told<'a>],
    ) -> Result<Self, Error> {
        let cases = |told: &Told<'a>| -> Vec<Case<'a>> {
            told.cases.iter().filter(|case| case.scenario.name == info.name).cloned().collect()
        };
        let all: Vec<(Metric, Vec<Case<'a>>)> = all
            .iter()
            .map(|told| (told.metric, cases(told)))
            .filter(|(_, cases)| !cases.is_empty())
            .collect();
        let charted = all.iter().filter(|(metric, _)| chart::is_charted(view, *metric));
        // What is zero at every size is told in words.
        let charted = charted.filter(|(_, cases)| cases.iter().any(is_any));
        let charts =
            charted.filter_map(|(metric, cases)| Some(Figure::new(composed, *metric, cases.last()?)));
        Ok(Block {
            info,
            outline: all.first().map_or(String::new(), |(metric, cases)| in_short(composed, *metric, cases)),
            charts: charts.collect::<Result<_, _>>()?,
            tables: all
                .iter()
                .filter(|(_, cases)| cases.iter().any(is_any))
                .map(|(metric, cases)| Table::new(composed, *metric, cases))
                .collect(),
            zeros: all
                .iter()
                .filter(|(_, cases)| !cases.iter().any(is_any))
                .map(|(metric, _)| *metric)
                .collect(),
        })
    }
}

/// Whether any of the wholes costs something.
fn is_any(case: &Case<'_>) -> bool {
    [Some(case.naive), case.planned, Some(case.best)].into_iter().flatten().any(|cost| cost != 0.0)
}

/// What naive and best cost at the largest size, and the parts that make the difference.
fn in_short(composed: &Composed<'_>, metric: Metric, cases: &[Case<'_>]) -> String {
    let Some(case) = cases.last() else { return String::new() };
    let size = format::size(case.size);
    let factor = format::ratio(Step { before: case.naive, after: case.best, worse: 0.0 }.factor());
    let parts = case.waterfall().steps.into_iter().filter_map(|(part, saved)| {
        let share = case.share(saved)?;
        (share.abs() >= 0.01)
            .then(|| format!("{} {}", composed.info.parts[part].title, format::percent(share)))
    });
    let parts: Vec<String> = parts.collect();
    let parts = if parts.is_empty() { "no part has a share".to_owned() } else { parts.join(", ") };
    format!(
        "{} at n = {size}: {} ÷ {} = {factor}; {parts}",
        metric.title(),
        composed.naive(),
        composed.best()
    )
}

impl Figure {
    fn new(composed: &Composed<'_>, metric: Metric, case: &Case<'_>) -> Result<Self, Error> {
        let waterfall = case.waterfall();
        let title = |part: usize| composed.info.parts[part].title.as_str();
        let whole = |name, cost: f64| chart::Bar {
            name,
            from: 0.0,
            to: cost,
            kind: Kind::Whole,
            text: format::value(cost),
        };
        let mut bars = vec![whole(composed.naive(), case.naive)];
        let mut level = case.naive;
        let mut step = |name, saved: f64, kind| {
            let from = level;
            level -= saved;
            let sign = if saved < 0.0 { '+' } else { '−' };
            let text = format!("{sign}{}", format::value(saved.abs()));
            chart::Bar { name, from, to: level, kind, text }
        };
        for (part, saved) in &waterfall.steps {
            bars.push(step(title(*part), *saved, if *saved < 0.0 { Kind::Loss } else { Kind::Gain }));
        }
        if waterfall.rest != 0.0 {
            bars.push(step("rest", waterfall.rest, Kind::Rest));
        }
        bars.push(whole(composed.best(), case.best));
        bars.extend(case.planned.map(|planned| whole(&composed.info.planned, planned)));
        let description = format!(
            "{}: {} per {} at size {}, from {} to {}: {}.",
            case.scenario.name,
            metric.unit(),
            case.scenario.unit,
            case.size,
            composed.naive(),
            composed.best(),
            bars.iter().map(|bar| format!("{} {}", bar.name, bar.text)).collect::<Vec<_>>().join(", "),
        );
        let svg = chart::waterfall(&bars, &description).map_err(Error::drawing(&case.scenario.name))?;
        let idle = case
            .effects
            .iter()
            .enumerate()
            .filter(|(_, effect)| matches!(effect.activity, Activity::Idle | Activity::Late));
        let idle: Vec<&str> = idle.map(|(part, _)| title(part)).collect();
        let mut note = match (&svg, &idle[..]) {
            (None, _) => "The value is zero for all of them.".to_owned(),
            (_, []) => String::new(),
            (_, idle) => format!("Within the tolerance: {}.", format::listed(idle)),
        };
        if case.is_open() {
            note.push_str(" Middles of intervals: mixtures are missing.");
        }
        Ok(Figure { metric, size: format::size(case.size), svg, note: note.trim().to_owned() })
    }
}

impl<'a> Table<'a> {
    /// The table as lines. The last ones are those of the wholes, each with two cells for a size.
    pub fn lines(&self, info: &ScenarioInfo) -> String {
        let below = |text: &str, below: &str| {
            if below.is_empty() { text.to_owned() } else { format!("{text} ({below})") }
        };
        let heads = self.sizes.iter().flat_map(|size| {
            [format!("n = {size}: alone"), "last".to_owned(), "worth".to_owned(), "share".to_owned()]
        });
        let row = |row: &Row<'a>| {
            let cells = row.cells.iter().flat_map(|cell| {
                [
                    below(&cell.alone.saved, &cell.alone.factor),
                    below(&cell.last.saved, &cell.last.factor),
                    below(&cell.worth, cell.how),
                    below(&cell.share.text, &cell.share.interval),
                ]
            });
            (row.title, cells.collect())
        };
        let whole = |(name, wholes): &(&'a str, Vec<Whole>)| {
            let way = |way: &str| if way.is_empty() { String::new() } else { format!("saves {way}") };
            let cells = wholes.iter().flat_map(|whole| [format!("costs {}", whole.value), way(&whole.way)]);
            (*name, cells.collect())
        };
        let metric = self.metric;
        let caption = format!("{}: saved {} per {}", metric.title(), metric.unit(), metric.per(info));
        let rows = self.rows.iter().map(row).chain(self.wholes.iter().map(whole));
        folded::lines(&caption, ("Part", heads.collect()), rows)
    }

    fn new(composed: &Composed<'a>, metric: Metric, cases: &[Case<'a>]) -> Self {
        let rows = composed.info.parts.iter().enumerate().map(|(part, info)| Row {
            title: &info.title,
            cells: cases.iter().map(|case| Cell::new(case, &case.effects[part])).collect(),
        });
        let whole = |value: Option<f64>, way: Option<f64>| Whole {
            value: value.map_or(format::ABSENT.to_owned(), format::value),
            way: way.map_or(String::new(), format::percent),
        };
        let wholes = |of: fn(&Case<'_>) -> (Option<f64>, Option<f64>)| {
            cases.iter().map(of).map(|(value, way)| whole(value, way)).collect::<Vec<_>>()
        };
        let mut of_all = vec![(composed.naive(), wholes(|case| (Some(case.naive), None)))];
        if cases.iter().any(|case| case.planned.is_some()) {
            of_all.push((composed.info.planned.as_str(), wholes(|case| (case.planned, case.way()))));
        }
        of_all.push((composed.best(), wholes(|case| (Some(case.best), None))));
        Table {
            metric,
            sizes: cases.iter().map(|case| format::size(case.size)).collect(),
            rows: rows.collect(),
            wholes: of_all,
            notes: cases.iter().filter(|case| case.is_open()).map(|case| missing(composed, case)).collect(),
        }
    }
}

/// Which mixtures a case lacks.
fn missing(composed: &Composed<'_>, case: &Case<'_>) -> String {
    let spelled = |mixture: &Vec<usize>| {
        let titles = mixture.iter().map(|part| composed.info.parts[*part].title.as_str());
        titles.collect::<Vec<_>>().join(" + ")
    };
    let mixtures = &case.mixtures;
    let named: Vec<String> = mixtures.missing.iter().take(NAMED).map(spelled).collect();
    let others = mixtures.missing.len() - named.len();
    let others = if others > 0 { format!("; and {others} more") } else { String::new() };
    format!(
        "n = {}: {} parts are active, and Shapley values need their {} mixtures. {} of them are measured. Those with these \
         best parts are missing: {}{others}.",
        format::size(case.size),
        mixtures.needed.ilog2(),
        mixtures.needed,
        mixtures.measured,
        named.join("; "),
    )
}

impl Cell {
    fn new(case: &Case<'_>, effect: &Effect) -> Self {
        let (worth, how) = match effect.worth {
            Worth::Nothing if effect.activity == Activity::Late => ("0".to_owned(), "late"),
            Worth::Nothing => ("0".to_owned(), "idle"),
            Worth::Agreed(value) => (format::value(value), "mean"),
            Worth::Shapley(value) => (format::value(value), "Shapley"),
            Worth::Between(low, high) => {
                (format!("{} – {}", format::value(low), format::value(high)), "interval")
            }
            Worth::Unknown => (format::ABSENT.to_owned(), ""),
        };
        Cell {
            alone: Change::new(effect.alone),
            last: Change::new(effect.last),
            worth,
            how,
            share: Share::of(case, effect),
        }
    }
}

impl Change {
    fn new(step: Option<Step>) -> Self {
        match step {
            None => Change { saved: format::ABSENT.to_owned(), factor: String::new() },
            Some(step) => Change { saved: format::value(step.saved()), factor: format::ratio(step.factor()) },
        }
    }
}
