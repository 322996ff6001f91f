//! The page on which a reader compares any two contenders of a bottleneck, and the numbers that its script reads.
//!
//! There are too many pairs for a page of each. The page itself compares the two leaders; the script compares others, from
//! a file that holds each number once.

use std::fmt::Write;

use askama::Template;

use super::compared::COMPARED;
use super::error::{Error, fill};
use super::format;
use super::shell::Shell;
use super::tint::Ratio;
use super::told::Told;
use crate::duel::{Duel, Outcome};
use crate::metric::Metric;
use crate::record::{CellRecord, Role};
use crate::verdict::Estimate;
use crate::view::BottleneckView;

/// The script of the page.
pub const SCRIPT: &str = include_str!("../../templates/compare.js");

#[derive(Template)]
#[template(path = "compare.html")]
struct Page<'a> {
    shell: &'a Shell<'a>,
    view: &'a BottleneckView<'a>,
    /// The two contenders that the page compares without a script.
    left: &'a str,
    right: &'a str,
    metrics: Vec<Metric>,
    metric: Metric,
    totals: Vec<Total>,
    rows: Vec<Row<'a>>,
    data: String,
}

/// How two contenders compare in a metric.
pub struct Total {
    pub metric: Metric,
    pub less: usize,
    pub level: usize,
    pub more: usize,
    /// The geometric mean of the ratios; absent where it has none.
    pub mean: Option<Ratio>,
}

impl Total {
    /// `None` where they never meet.
    pub fn new(duel: &Duel, metric: Metric) -> Option<Self> {
        (!duel.meetings.is_empty()).then(|| Total {
            metric,
            less: duel.count(Outcome::Less),
            level: duel.count(Outcome::Level),
            more: duel.count(Outcome::More),
            mean: duel.mean.map(marked),
        })
    }
}

/// A group in which both have a value.
struct Row<'a> {
    scenario: &'a str,
    /// Whether it is the first one of its scenario.
    is_first: bool,
    size: String,
    values: [String; 2],
    ratio: Ratio,
}

/// A ratio with its noise mark. Exact counts have no noise.
fn marked(ratio: Estimate) -> Ratio {
    let shown = Ratio::new(ratio.value);
    if ratio.low == ratio.high { shown } else { shown.within(ratio.low, ratio.high) }
}

/// The two contenders that are compared first: the best of the lab's own and the best peer, or the first two of the ranking.
fn leaders(told: &Told<'_>) -> [usize; 2] {
    let ranked: Vec<usize> = told.verdict.ranking.rows.iter().map(|row| row.contender).collect();
    let others = (0..told.view.contenders.len()).filter(|at| !ranked.contains(at));
    let order: Vec<usize> = ranked.iter().copied().chain(others).collect();
    let is_peer = |at: &usize| told.view.contenders[*at].role == Role::Peer;
    let own = order.iter().copied().find(|at| !is_peer(at));
    let peer = order.iter().copied().find(is_peer);
    match (own, peer) {
        (Some(own), Some(peer)) => [own, peer],
        _ => [order[0], order[1]],
    }
}

/// The page of comparisons; only for a bottleneck that [has one](BottleneckView::compare_page).
///
/// # Errors
/// If the template fails.
pub fn page<'a>(shell: &Shell<'a>, told: &Told<'a>, file: &str) -> Result<String, Error> {
    let view = told.view;
    let pair = leaders(told);
    let metrics: Vec<Metric> = COMPARED.into_iter().filter(|metric| view.has(*metric)).collect();
    let duels: Vec<(Metric, Duel)> =
        metrics.iter().map(|metric| (*metric, Duel::new(view, *metric, pair[0], pair[1]))).collect();
    let first = duels.iter().find(|(_, duel)| !duel.meetings.is_empty()).or(duels.first());
    let mut before = None;
    let rows = first.into_iter().flat_map(|(_, duel)| &duel.meetings).map(|meeting| Row {
        scenario: &view.scenarios[meeting.scenario].info.name,
        is_first: before.replace(meeting.scenario) != Some(meeting.scenario),
        size: format::size(meeting.size),
        values: meeting.values.map(format::value),
        ratio: marked(meeting.ratio),
    });
    let page = Page {
        shell,
        view,
        left: &view.contenders[pair[0]].name,
        right: &view.contenders[pair[1]].name,
        metric: first.map_or(Metric::Instructions, |(metric, _)| *metric),
        totals: duels.iter().filter_map(|(metric, duel)| Total::new(duel, *metric)).collect(),
        rows: rows.collect(),
        data: view.data_file(),
        metrics,
    };
    fill(&page, file)
}

/// The numbers of every cell of a bottleneck as a script: by metric, and in it by scenario, size and contender.
///
/// A count is a number; nothing stands for a cell that was not measured. A time is `12.3~1.03~15~12`: nanoseconds, the same
/// as a ratio to what it took turns with where there is such, and how far the interval of that reaches down and up in
/// thousandths.
pub fn data(view: &BottleneckView<'_>) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let contenders = view.contenders.iter().map(|contender| quoted(&contender.name)).collect();
    let scenario = |at: usize| {
        let info = view.scenarios[at].info;
        let sizes = view.scenarios[at].sizes.iter().map(u64::to_string).collect();
        let mut told = vec![quoted(&info.name), list(sizes)];
        // Most pages are called after the bottleneck and the scenario.
        let page = view.scenario_page(&info.name);
        if page != format!("{}.{}.html", view.info.name, info.name) {
            told.push(quoted(&page));
        }
        list(told)
    };
    let metric = |metric: Metric| {
        list(vec![
            quoted(metric.key()),
            quoted(metric.title()),
            quoted(metric.unit()),
            quoted(&values(view, metric)),
        ])
    };
    let metrics = COMPARED.into_iter().filter(|metric| view.has(*metric)).map(metric).collect();
    let scenarios = (0..view.scenarios.len()).map(scenario).collect();
    format!(
        "\"use strict\";\nconst MEASURED = {{\nbottleneck: {},\ncontenders: {},\nscenarios: {},\nmetrics: {}\n}};\n",
        quoted(&view.info.name),
        list(contenders),
        list(scenarios),
        list(metrics)
    )
}

/// The values of a metric, in one text: groups are separated by `;`, the contenders of a group by `,`.
fn values(view: &BottleneckView<'_>, metric: Metric) -> String {
    let mut text = String::new();
    for scenario in &view.scenarios {
        for size in &scenario.sizes {
            let cells: Vec<Option<&CellRecord>> =
                (0..view.contenders.len()).map(|at| scenario.cell(*size, at)).collect();
            let is_paired = is_paired(metric, &cells);
            let written: Vec<String> = cells
                .iter()
                .map(|cell| cell.map_or(String::new(), |cell| value(metric, cell, is_paired)))
                .collect();
            let _ = write!(text, "{};", written.join(",").trim_end_matches(','));
        }
    }
    text.trim_end_matches(';').to_owned()
}

/// The ratio of times that goes with `metric`.
fn ratio_of(metric: Metric) -> Option<Metric> {
    match metric {
        Metric::Warm => Some(Metric::WarmRatio),
        Metric::Cold => Some(Metric::ColdRatio),
        _ => None,
    }
}

/// Whether all cells that have the metric took turns with the same one.
fn is_paired(metric: Metric, cells: &[Option<&CellRecord>]) -> bool {
    let Some(ratio) = ratio_of(metric) else { return false };
    let mut timed = cells.iter().flatten().filter(|cell| metric.value(cell).is_some());
    let Some(first) = timed.next() else { return false };
    ratio.value(first).is_some()
        && timed.all(|cell| ratio.value(cell).is_some() && ratio.is_comparable(first, cell))
}

fn value(metric: Metric, cell: &CellRecord, is_paired: bool) -> String {
    let Some(value) = metric.value(cell) else { return String::new() };
    let of = if is_paired { ratio_of(metric).unwrap_or(metric) } else { metric };
    let (Some((low, high)), Some(middle)) = (of.interval(cell), of.value(cell)) else { return short(value) };
    let ratio = if is_paired { short(middle) } else { String::new() };
    let thousandths = |share: f64| format!("{:.0}", share * 1e3);
    format!(
        "{}~{ratio}~{}~{}",
        short(value),
        thousandths(1.0 - low / middle),
        thousandths(high / middle - 1.0)
    )
}

/// A number with four significant digits, or as many as are needed to show the same as the exact number, and as few
/// characters as it can have: `1235000` is `1235e3`.
fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    let shows_the_same =
        |text: &String| text.parse().is_ok_and(|read: f64| format::value(read) == format::value(value));
    let texts = (4..=9).map(|digits| with_digits(value, digits));
    texts.into_iter().find(shows_the_same).unwrap_or_else(|| value.to_string())
}

fn with_digits(value: f64, digits: i32) -> String {
    let decimals = digits - 1 - value.abs().log10().floor() as i32;
    if decimals > 0 {
        let text = format!("{value:.*}", decimals as usize);
        return text.trim_end_matches('0').trim_end_matches('.').trim_start_matches('0').to_owned();
    }
    let unit = 10f64.powi(-decimals);
    let kept = (value / unit).round();
    if decimals > -2 { format!("{:.0}", kept * unit) } else { format!("{kept:.0}e{}", -decimals) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits_and_need_few_characters() {
        for (number, expected) in [
            (0.0, "0"),
            (33.0, "33"),
            (0.012_345, ".01235"),
            (12.3456, "12.35"),
            (1234.6, "1235"),
            (12_345.0, "12350"),
            (1_231_567.0, "1232e3"),
            (62.2451, "62.25"),
            (0.9999, ".9999"),
        ] {
            let text = short(number);
            assert_eq!(text, expected, "{number}");
            let read: f64 = text.parse().unwrap();
            assert!((read - number).abs() <= number * 0.0005, "{text} for {number}");
            assert_eq!(format::value(read), format::value(number));
        }
    }
}
