//! The page of a contender: where it is strong and where it is weak, how it grows, and how it stands against each other one.

use askama::Template;

use super::caveats::Badge;
use super::compare::Total;
use super::error::{Error, fill};
use super::growth::{formula, possible};
use super::shell::Shell;
use super::tint::Ratio;
use super::told::Told;
use super::{format, layout, reproduce};
use crate::analysis;
use crate::duel::Duel;
use crate::growth::{Growth, Verdict};
use crate::layouts;
use crate::metric::Metric;
use crate::record::{CellRecord, ContenderInfo, Role};
use crate::view::{BottleneckView, ScenarioView};

/// At most so many places are listed as strong, and as many as weak.
const PLACES: usize = 6;

#[derive(Template)]
#[template(path = "contender.html")]
struct Page<'a> {
    shell: &'a Shell<'a>,
    view: &'a BottleneckView<'a>,
    series: usize,
    info: &'a ContenderInfo,
    badges: Vec<Badge<'a>>,
    /// Stated growth with the operations that have it.
    stated: Vec<(&'a str, String)>,
    paragraphs: Vec<&'a str>,
    answer: String,
    /// How it lies in memory, with a caption; absent for a contender that no file of layouts names.
    layout: Option<(String, &'static str)>,
    places: Vec<Places<'a>>,
    /// The command that shows what makes the difference where it is weakest; absent where no cell can be explained.
    explain: Option<String>,
    growth: Vec<Grown<'a>>,
    /// How it stands against each of the others.
    duels: Vec<Against>,
    is_timed: bool,
    compare: Option<String>,
}

/// How it stands against another one.
struct Against {
    other: usize,
    groups: usize,
    instructions: Total,
    warm: Option<Total>,
}

/// The groups in which it is strong, or weak.
struct Places<'a> {
    title: &'static str,
    id: &'static str,
    is_weak: bool,
    list: Vec<Place<'a>>,
}

/// A group in which it stands out.
struct Place<'a> {
    scenario: &'a str,
    size: u64,
    size_text: String,
    ratio: Ratio,
    /// The best of the others.
    other: &'a str,
}

/// How its instructions grow in scenarios of which the same is to say.
struct Grown<'a> {
    scenarios: Vec<&'a str>,
    stated: &'a str,
    measured: String,
    formula: String,
    verdict: &'static str,
}

/// The page of the contender at `series`.
///
/// # Errors
/// If the template fails.
pub fn page<'a>(shell: &Shell<'a>, told: &Told<'a>, series: usize) -> Result<String, Error> {
    let Told { view, caveats, .. } = told;
    let info = view.contenders[series];
    let mut places = places(view, series);
    let leads = places.iter().filter(|(ratio, _)| *ratio <= analysis::TIE).count();
    let answer = answer(view, info, leads, places.len());
    let weak = places.iter().rposition(|(ratio, _)| *ratio <= 1.0).map_or(0, |at| at + 1);
    let mut weak: Vec<Place<'_>> = places.split_off(weak).into_iter().map(|(_, place)| place).collect();
    weak.reverse();
    weak.truncate(PLACES);
    let cell = |place: &Place<'_>, name: &str| {
        format!("{}/{}/{}/{name}", view.info.name, place.scenario, place.size)
    };
    let explain = weak.first().and_then(|place| {
        reproduce::two_cells(shell.record, [info.name.as_str(), place.other].map(|name| cell(place, name)))
    });
    let others = (0..view.contenders.len()).filter(|other| *other != series);
    let duels: Vec<Against> = others.filter_map(|other| against(view, series, other)).collect();
    let page = Page {
        shell,
        view,
        series,
        info,
        badges: caveats.badges(&info.caveats),
        stated: by_growth(info),
        paragraphs: info.analysis.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).collect(),
        answer,
        layout: layouts::of(&view.info.name, &info.name)
            .map(|layout| (layout::svg(layout), layout.caption.as_str())),
        places: vec![
            Places {
                title: "Where it is strong",
                id: "strong",
                is_weak: false,
                list: places.into_iter().take(PLACES).map(|(_, place)| place).collect(),
            },
            Places { title: "Where it is weak", id: "weak", is_weak: true, list: weak },
        ],
        explain,
        growth: growth(told, series),
        is_timed: duels.iter().any(|against| against.warm.is_some()),
        duels,
        compare: view.compare_page(),
    };
    fill(&page, &view.contender_page(&series))
}

/// Each group in which it and another contender that keeps the same promise have instruction counts, with its instructions
/// divided by those of the best other one. The lowest ratio comes first.
fn places<'a>(view: &'a BottleneckView<'a>, series: usize) -> Vec<(f64, Place<'a>)> {
    let rivals: Vec<usize> = view.contestants().into_iter().filter(|other| *other != series).collect();
    let place = |scenario: &ScenarioView<'a>, size: u64| {
        let metric = Metric::Instructions;
        let (own, best) = (scenario.cell(size, series)?, scenario.best_cell(metric, size, &rivals)?);
        let ratio = analysis::ratio(metric.value(own)?, metric.value(best)?);
        let best: &'a CellRecord = best;
        let place = Place {
            scenario: &scenario.info.name,
            size,
            size_text: format::size(size),
            ratio: Ratio::new(ratio),
            other: &best.name.contender,
        };
        Some((ratio, place))
    };
    let groups =
        view.scenarios.iter().flat_map(|scenario| scenario.sizes.iter().map(move |size| (scenario, *size)));
    let mut places: Vec<_> = groups.filter_map(|(scenario, size)| place(scenario, size)).collect();
    places.sort_by(|left, right| left.0.total_cmp(&right.0));
    places
}

/// The first sentence: in how many groups it leads.
fn answer(view: &BottleneckView<'_>, info: &ContenderInfo, leads: usize, groups: usize) -> String {
    match (groups, info.role) {
        (0, _) => format!(
            "{} was measured in no group together with another contender that keeps the same promise.",
            info.name
        ),
        (_, Role::Bound) => format!(
            "{} is a bound: it promises less than the others of “{}”, and shows how low the cost could go.",
            info.name, view.info.title
        ),
        _ => format!(
            "{} needs the fewest instructions, or is within 1 % of it, in {leads} of {groups} groups (one scenario at one size).",
            info.name
        ),
    }
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

fn growth<'a>(told: &Told<'a>, series: usize) -> Vec<Grown<'a>> {
    let of_instructions = told.growth.iter().find(|(metric, _)| *metric == Metric::Instructions);
    let findings = of_instructions.into_iter().flat_map(|(_, findings)| findings);
    let grown = findings.filter(|found| found.contender == series).map(|found| Grown {
        scenarios: vec![&told.view.scenarios[found.scenario].info.name],
        stated: found.stated,
        measured: possible(&found.growth),
        formula: match &found.growth {
            Growth::Decided { fit, .. } => formula(fit),
            Growth::Undecided(_) => String::new(),
        },
        verdict: match found.verdict {
            Verdict::Agrees => "as stated",
            Verdict::Holds => "no faster than stated",
            Verdict::Contradicts => "faster than stated",
            Verdict::Undecided => "cannot be told",
            Verdict::NotStated => "",
        },
    });
    let mut rows: Vec<Grown<'a>> = Vec::new();
    for grown in grown {
        match rows.iter_mut().find(|row| row.is_like(&grown)) {
            Some(row) => row.scenarios.extend(grown.scenarios),
            None => rows.push(grown),
        }
    }
    rows
}

impl Grown<'_> {
    /// Whether the same is to say of both.
    fn is_like(&self, other: &Self) -> bool {
        (self.stated, &self.measured, &self.formula, self.verdict)
            == (other.stated, &other.measured, &other.formula, other.verdict)
    }
}

/// How `series` stands against `other`; `None` where they never meet.
fn against(view: &BottleneckView<'_>, series: usize, other: usize) -> Option<Against> {
    let total = |metric: Metric| Total::new(&Duel::new(view, metric, series, other), metric);
    let instructions = total(Metric::Instructions)?;
    let groups = instructions.less + instructions.level + instructions.more;
    Some(Against { other, groups, instructions, warm: total(Metric::Warm) })
}
