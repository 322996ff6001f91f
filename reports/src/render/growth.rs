//! How it grows: the section of a bottleneck that sets measured growth beside what contenders state.

use super::format;
use crate::growth::{self, Finding, Fit, Growth, Model, Reason, Verdict};
use crate::metric::Metric;
use crate::view::BottleneckView;

/// No more contradictions than this are listed at once; the others are folded away.
const OPEN: usize = 8;

/// The section.
pub struct Section<'a> {
    pub answers: Vec<(Metric, String)>,
    /// What grows faster than stated, in all metrics.
    pub contradictions: Vec<Contradiction<'a>>,
    pub folded: Vec<Contradiction<'a>>,
    pub tables: Vec<Table<'a>>,
    /// The metrics that the page has and whose growth is not told.
    pub silent: Vec<Metric>,
}

/// A cost that grows faster than its contender states.
pub struct Contradiction<'a> {
    pub name: &'a str,
    pub scenario: &'a str,
    /// The scenario's page.
    pub page: String,
    pub counted: &'static str,
    pub stated: &'a str,
    pub found: String,
    /// How much it grows between two sizes.
    pub rise: String,
}

/// The growth of one metric: a row for each scenario, a column for each contender.
pub struct Table<'a> {
    pub metric: Metric,
    pub rows: Vec<(&'a str, Vec<Cell>)>,
    /// The scenarios in which the metric is zero for every contender, in place of a row.
    pub zero: String,
}

/// The growth of one contender in one scenario.
#[derive(Clone)]
pub struct Cell {
    pub growth: String,
    /// The coefficients and the relative error, or what is stated.
    pub detail: String,
    /// Class of the shade: orange for a contradiction, blue for a bound that holds with room.
    pub tint: &'static str,
}

impl<'a> Section<'a> {
    /// `None` if nothing was measured whose growth could be told.
    pub fn new(view: &'a BottleneckView<'a>, found: &[(Metric, Vec<Finding<'a>>)]) -> Option<Self> {
        let mut section = Section {
            answers: Vec::new(),
            contradictions: Vec::new(),
            folded: Vec::new(),
            tables: Vec::new(),
            silent: Vec::new(),
        };
        for metric in growth::METRICS {
            let Some((_, findings)) = found.iter().find(|(known, _)| *known == metric.0) else { continue };
            let faster = findings.iter().filter(|found| found.verdict == Verdict::Contradicts);
            section.contradictions.extend(faster.map(|found| Contradiction::new(view, metric.0, found)));
            section.answers.push((metric.0, answer(metric, findings)));
            section.tables.extend(Table::new(view, metric.0, findings));
        }
        if section.answers.is_empty() {
            return None;
        }
        section.folded = section.contradictions.split_off(section.contradictions.len().min(OPEN));
        let told = |metric: &Metric| growth::METRICS.iter().any(|(known, _)| known == metric);
        section.silent = super::compared::COMPARED
            .into_iter()
            .filter(|metric| view.has(*metric) && !told(metric))
            .collect();
        Some(section)
    }
}

/// Whether it has sizes enough.
fn is_measured(found: &&Finding<'_>) -> bool {
    !matches!(found.growth, Growth::Undecided(Reason::Sizes { .. }))
}

/// How much is known, in a few sentences.
fn answer((metric, is_stated): (Metric, bool), findings: &[Finding<'_>]) -> String {
    let counted = metric.about().counted;
    let measured: Vec<&Finding<'_>> = findings.iter().filter(is_measured).collect();
    if measured.is_empty() {
        return format!(
            "No scenario was measured at {} sizes over two decades, so nothing is told of how {counted} grow.",
            growth::FEWEST_SIZES
        );
    }
    let count = |wanted: &dyn Fn(&Finding<'_>) -> bool| measured.iter().filter(|found| wanted(found)).count();
    let decided = count(&|found| found.growth.fit().is_some());
    let mut text = format!(
        "One of five models of growth fits the {counted} in {decided} of {} pairs of a contender and a scenario.",
        measured.len()
    );
    if is_stated {
        let verdict = |verdict: Verdict| count(&|found| found.verdict == verdict);
        let [agree, hold, faster] = [Verdict::Agrees, Verdict::Holds, Verdict::Contradicts].map(verdict);
        text += &format!(
            " {agree} grow as stated, {hold} no faster than stated, and {faster} faster. For the others nothing is \
             stated, or it cannot be told."
        );
    }
    text
}

impl<'a> Contradiction<'a> {
    fn new(view: &'a BottleneckView<'a>, metric: Metric, found: &Finding<'a>) -> Self {
        let from = match &found.growth {
            Growth::Decided { from, .. } => *from,
            Growth::Undecided(_) => 0,
        };
        let rise = match found
            .values
            .iter()
            .filter(|(size, value)| *size >= from && *value > 0.0)
            .collect::<Vec<_>>()[..]
        {
            [(first, low), .., (last, high)] => format!(
                "{} from n = {} to {}",
                format::ratio(high / low),
                format::size(*first),
                format::size(*last)
            ),
            _ => String::new(),
        };
        Contradiction {
            name: &view.contenders[found.contender].name,
            scenario: &view.scenarios[found.scenario].info.name,
            page: view.scenario_page(&view.scenarios[found.scenario].info.name),
            counted: metric.about().counted,
            stated: found.stated,
            found: possible(&found.growth),
            rise,
        }
    }
}

impl<'a> Table<'a> {
    /// `None` if no scenario has sizes enough.
    fn new(view: &'a BottleneckView<'a>, metric: Metric, findings: &[Finding<'a>]) -> Option<Self> {
        let mut table = Table { metric, rows: Vec::new(), zero: String::new() };
        for (at, scenario) in view.scenarios.iter().enumerate() {
            let name = scenario.info.name.as_str();
            let of = |series: usize| {
                findings
                    .iter()
                    .filter(is_measured)
                    .find(|found| (found.scenario, found.contender) == (at, series))
            };
            let cells: Vec<Option<&Finding<'_>>> = (0..view.contenders.len()).map(of).collect();
            let mut values = cells.iter().flatten().flat_map(|found| &found.values).peekable();
            if values.peek().is_none() {
                continue;
            }
            if values.all(|(_, value)| *value == 0.0) {
                let comma = if table.zero.is_empty() { "" } else { ", " };
                table.zero.extend([comma, name]);
            } else {
                table.rows.push((name, cells.into_iter().map(|found| Cell::new(metric, found)).collect()));
            }
        }
        (!table.rows.is_empty()).then_some(table)
    }
}

impl Cell {
    fn new(metric: Metric, found: Option<&Finding<'_>>) -> Self {
        let Some(found) = found else {
            return Cell { growth: format::ABSENT.to_owned(), detail: String::new(), tint: "" };
        };
        let detail = match &found.growth {
            _ if found.verdict == Verdict::Contradicts => format!("stated {}", found.stated),
            Growth::Decided { fit, from } => {
                let is_rest = found.values.first().is_some_and(|(smallest, _)| smallest < from);
                let since = if is_rest { format!(", n ≥ {}", format::size(*from)) } else { String::new() };
                match metric {
                    Metric::Instructions => formula(fit) + &since,
                    // The values of the others are small numbers, and their growth says enough.
                    _ => since.trim_start_matches(", ").to_owned(),
                }
            }
            Growth::Undecided(_) => String::new(),
        };
        let tint = match found.verdict {
            Verdict::Contradicts => "w3",
            Verdict::Holds => "b1",
            Verdict::Agrees | Verdict::Undecided | Verdict::NotStated => "",
        };
        Cell { growth: possible(&found.growth), detail, tint }
    }
}

/// The models that it may be, for a cell of a table.
pub(super) fn possible(growth: &Growth) -> String {
    match growth {
        Growth::Decided { fit, .. } => fit.model.to_string(),
        Growth::Undecided(Reason::Several(models)) => match &models[..] {
            [one, other] => format!("{one} or {other}"),
            [first, ..] => format!("{first} or more"),
            [] => format::ABSENT.to_owned(),
        },
        Growth::Undecided(Reason::None(_)) => "unclear".to_owned(),
        Growth::Undecided(Reason::Levels) => "levels off".to_owned(),
        Growth::Undecided(Reason::Zeros) => "partly 0".to_owned(),
        Growth::Undecided(Reason::Sizes { .. }) => format::ABSENT.to_owned(),
    }
}

/// A fit as it is read: `46.2 + 12.1 log n, 6 %`.
pub(super) fn formula(fit: &Fit) -> String {
    let growing = match fit.model {
        Model::Constant => "",
        Model::Logarithmic => "log n",
        Model::Linear => "n",
        Model::Linearithmic => "n log n",
        Model::Quadratic => "n²",
    };
    let constant = (fit.constant > 0.0 || fit.factor == 0.0).then(|| format::value(fit.constant));
    let factor = (fit.factor > 0.0).then(|| format!("{} {growing}", format::value(fit.factor)));
    let terms: Vec<String> = constant.into_iter().chain(factor).collect();
    match format::percent(fit.error) {
        none if none == format::percent(0.0) => terms.join(" + "),
        error => format!("{}, {error}", terms.join(" + ")),
    }
}
