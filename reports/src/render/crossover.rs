//! Where they change places: the section of a bottleneck that lists the sizes at which another contender costs less.

use super::format;
use crate::crossover::{self, Crossover};
use crate::metric::Metric;
use crate::view::BottleneckView;

/// No more than this many are listed at once; the others are folded away.
const OPEN: usize = 12;

/// The section.
pub struct Section<'a> {
    pub lists: Vec<List<'a>>,
    /// The metrics that the page has and in which nothing is told.
    pub silent: Vec<Metric>,
}

/// The changes of places in one metric.
pub struct List<'a> {
    pub metric: Metric,
    pub answer: String,
    /// Those of the best contenders.
    pub open: Vec<Row<'a>>,
    /// All others, by scenario, one after the other.
    pub folded: Vec<(&'a str, String)>,
    pub folded_count: usize,
}

/// One change of places.
pub struct Row<'a> {
    pub scenario: &'a str,
    /// The contender that costs less below, and the one that costs less above.
    pub below: &'a str,
    pub above: &'a str,
    pub estimate: String,
    pub interval: String,
}

impl<'a> Section<'a> {
    /// `None` if no metric was measured in which it could be told.
    pub fn new(view: &'a BottleneckView<'a>) -> Option<Self> {
        let metrics: Vec<Metric> =
            crossover::METRICS.into_iter().filter(|metric| view.has(*metric)).collect();
        let is_silent = |metric: &Metric| view.has(*metric) && !metrics.contains(metric);
        (!metrics.is_empty()).then(|| Section {
            silent: super::compared::COMPARED.into_iter().filter(is_silent).collect(),
            lists: metrics.iter().map(|metric| List::new(view, *metric)).collect(),
        })
    }
}

impl<'a> List<'a> {
    fn new(view: &'a BottleneckView<'a>, metric: Metric) -> Self {
        let all = crossover::all(view, metric);
        let (open, rest) = all.split_at(all.len().min(OPEN));
        let name = |at: usize| view.contenders[at].name.as_str();
        let row = |it: &Crossover| Row {
            scenario: &view.scenarios[it.scenario].info.name,
            below: name(it.below),
            above: name(it.above),
            estimate: rough(it.crossing.estimate, f64::round),
            interval: interval(it),
        };
        let folded = view.scenarios.iter().enumerate().filter_map(|(at, scenario)| {
            let of: Vec<&Crossover> = rest.iter().filter(|it| it.scenario == at).collect();
            (!of.is_empty()).then(|| (scenario.info.name.as_str(), by_below(&of, name)))
        });
        List {
            metric,
            answer: answer(view, metric, all.len()),
            folded: folded.collect(),
            folded_count: rest.len(),
            open: open.iter().map(row).collect(),
        }
    }
}

/// The changes of a scenario, those of a contender together: `a → b 30 (20–40), c 50 (40–60) · d → b 9 (8–10)`.
fn by_below<'a>(changes: &[&Crossover], name: impl Fn(usize) -> &'a str) -> String {
    let mut of: Vec<(usize, String)> = Vec::new();
    for it in changes {
        let size = rough(it.crossing.estimate, f64::round);
        let change = format!("{} {size} ({})", name(it.above), interval(it));
        match of.iter_mut().find(|(below, _)| *below == it.below) {
            Some((_, changes)) => changes.extend([", ", &change]),
            None => of.push((it.below, format!("{} → {change}", name(it.below)))),
        }
    }
    let of: Vec<String> = of.into_iter().map(|(_, changes)| changes).collect();
    of.join(" · ")
}

fn answer(view: &BottleneckView<'_>, metric: Metric, count: usize) -> String {
    let counted = metric.about().counted;
    let several = |sizes: &[u64]| sizes.len() > 1;
    if !view.scenarios.iter().any(|scenario| scenario.has(metric) && several(&scenario.sizes)) {
        return format!(
            "No scenario was measured at several sizes, so nobody can change places in {counted}."
        );
    }
    match count {
        0 => format!("In {counted} no two contenders change places over the sizes of any scenario."),
        1 => format!("In {counted} two contenders change places over the sizes of a scenario."),
        _ => format!("In {counted} two contenders change places {count} times over the sizes of a scenario."),
    }
}

fn interval(it: &Crossover) -> String {
    let (low, high) = it.crossing.interval;
    format!("{}–{}", rough(low, f64::floor), rough(high, f64::ceil))
}

/// A size to two digits, because nothing more is known of it.
fn rough(size: f64, round: fn(f64) -> f64) -> String {
    let unit = 10f64.powi((size.log10().floor() as i32 - 1).max(0));
    // What is a whole number but for the last bits is not rounded away from it.
    let (exact, near) = (size / unit, (size / unit).round());
    let digits = if (exact - near).abs() < 1e-6 { near } else { round(exact) };
    format::size((digits * unit) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_two_digits() {
        let text = |size: f64| {
            [f64::floor, f64::round, f64::ceil]
                .map(|round| rough(size, round).replace('\u{202f}', " "))
                .join(" ")
        };
        assert_eq!(text(8.0), "8 8 8");
        assert_eq!(text(12.6), "12 13 13");
        assert_eq!(text(999.999_999_999), "1 k 1 k 1 k");
        assert_eq!(text(1567.0), "1.5 k 1.6 k 1.6 k");
        assert_eq!(text(99_600.0), "99 k 100 k 100 k");
    }
}
