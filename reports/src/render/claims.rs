//! Claims beside what was measured: a page of all of them, a section of each bottleneck's page, and words for the terminal.

use askama::Template;

use super::error::{Error, fill};
use super::shell::Shell;
use super::{format, pages, verdict};
use crate::claims::claim::{Bounds, Claim, Quantity, Rule, Test};
use crate::claims::outcome::{Outcome, Verdict, test};
use crate::verdict::Estimate;
use crate::view::BottleneckView;

#[derive(Template)]
#[template(path = "claims_page.html")]
struct Page<'a> {
    shell: &'a Shell<'a>,
    cells: Option<String>,
    /// How many claims have each verdict, for those that any claim has.
    counts: Vec<(Verdict, usize)>,
    sections: Vec<Section<'a>>,
    /// How many claims are about bottlenecks that the record does not have.
    elsewhere: usize,
}

/// The claims about one bottleneck.
struct Section<'a> {
    name: &'a str,
    title: &'a str,
    rows: Vec<Row<'a>>,
}

/// A claim, and what the record says of it, in words.
pub(super) struct Row<'a> {
    pub(super) claim: &'a Claim,
    pub(super) source: String,
    pub(super) claimed: String,
    /// The number that was found; a dash if there is none.
    pub(super) ours: String,
    pub(super) verdict: Verdict,
    /// The verdict, with what stood in for time.
    pub(super) says: String,
    pub(super) why: String,
    /// Who was compared.
    pub(super) compared: String,
    pub(super) cells: Vec<Cell>,
    /// How many of the cells that the claim names were not measured.
    pub(super) missing: usize,
}

/// A cell that decides, and the link to it.
pub(super) struct Cell {
    pub(super) link: String,
    pub(super) place: String,
    pub(super) ours: String,
    /// What it says by itself; empty where another one says the same.
    pub(super) says: &'static str,
}

/// The page of every claim about the bottlenecks of a record.
///
/// # Errors
/// If the template fails.
pub fn page(shell: &Shell<'_>, views: &[BottleneckView<'_>], claims: &[Claim]) -> Result<String, Error> {
    let sections = views.iter().map(|view| Section {
        name: &view.info.name,
        title: &view.info.title,
        rows: rows(view, claims),
    });
    let sections: Vec<Section<'_>> = sections.filter(|section| !section.rows.is_empty()).collect();
    let rows = || sections.iter().flat_map(|section| &section.rows);
    let count = |verdict: Verdict| (verdict, rows().filter(|row| row.verdict == verdict).count());
    let page = Page {
        shell,
        cells: None,
        counts: Verdict::ALL.into_iter().map(count).filter(|(_, count)| *count > 0).collect(),
        elsewhere: claims.len() - rows().count(),
        sections,
    };
    fill(&page, pages::CLAIMS)
}

/// The claims about a bottleneck.
pub(super) fn rows<'a>(view: &BottleneckView<'_>, claims: &'a [Claim]) -> Vec<Row<'a>> {
    test(claims, &[view]).iter().map(|outcome| Row::new(view, outcome)).collect()
}

impl<'a> Row<'a> {
    fn new(view: &BottleneckView<'_>, outcome: &Outcome<'a>) -> Self {
        let claim = outcome.claim;
        let alone = outcome.cells.len() == 1;
        let cells = outcome.cells.iter().map(|cell| {
            let size = cell.size.map(|size| format!(" at {}", format::size(size))).unwrap_or_default();
            let mut ours = cell.ours.map_or(String::new(), |ours| number(ours, claim, outcome.measured));
            if let Some(instructions) = cell.instructions {
                ours.push_str(&format!("; {} in instructions", format::ratio(instructions)));
            }
            Cell {
                link: view.scenario_page(&cell.scenario),
                place: format!("{}{size}", cell.scenario),
                ours,
                says: if alone { "" } else { cell.verdict.as_str() },
            }
        });
        Row {
            claim,
            source: claim.publication.spelled(),
            claimed: claimed(claim),
            ours: ours(outcome),
            verdict: outcome.verdict,
            says: says(outcome),
            why: outcome.why.clone(),
            compared: compared(claim),
            cells: cells.collect(),
            missing: outcome.missing,
        }
    }
}

/// The verdict in words. It says so where instructions stand in for time, and where only some of the cells are to blame.
pub fn says(outcome: &Outcome<'_>) -> String {
    let stands_in = outcome.measured == Some(Quantity::Count(crate::Metric::Instructions))
        && matches!(outcome.claim.quantity(), Some(Quantity::Time { .. }));
    let mut says = outcome.verdict.as_str().to_owned();
    let same = outcome.cells.iter().filter(|cell| cell.verdict == outcome.verdict).count();
    let by_each = match &outcome.claim.test {
        Test::Ratio { cells, .. } | Test::Value { cells, .. } => cells.rule == Rule::Each,
        _ => true,
    };
    if same > 0 && same < outcome.cells.len() && by_each {
        says.push_str(&format!(" in {same} of {} cells", outcome.cells.len()));
    }
    if stands_in {
        says.push_str(" (in instructions)");
    }
    says
}

/// The claimed number: `1.30 to 6.70× the time`, `at most 1 000 ns`, `O(log n)`.
pub fn claimed(claim: &Claim) -> String {
    match &claim.test {
        Test::Ratio { cells, claimed, .. } => match bounds(*claimed, format::ratio) {
            Some(number) => format!("{}{number} the {}", up_to(cells.rule), cells.quantity.counted()),
            None => format!("less, in {}", cells.quantity.counted()),
        },
        Test::Value { cells, claimed, .. } => {
            let number = bounds(*claimed, format::value).unwrap_or_default();
            format!("{}{number} {}", up_to(cells.rule), cells.quantity.unit())
        }
        Test::Growth { claimed, .. } => claimed.as_str().to_owned(),
        Test::PayOff { claimed, .. } => format!("from {claimed} versions on"),
        Test::Impossible { claimed, .. } if claimed.is_empty() => format::ABSENT.to_owned(),
        Test::Impossible { claimed, .. } => claimed.clone(),
    }
}

fn up_to(rule: Rule) -> &'static str {
    match rule {
        Rule::Each => "",
        Rule::Mean => "on average ",
        Rule::Best => "up to ",
    }
}

/// Bounds in words; `None` if there are none.
fn bounds(bounds: Bounds, number: fn(f64) -> String) -> Option<String> {
    match bounds {
        Bounds { at_least: None, at_most: None } => None,
        Bounds { at_least: Some(least), at_most: None } => Some(number(least)),
        Bounds { at_least: None, at_most: Some(most) } => Some(format!("at most {}", number(most))),
        Bounds { at_least: Some(least), at_most: Some(most) } if least == most => Some(number(least)),
        Bounds { at_least: Some(least), at_most: Some(most) } => {
            Some(format!("{} to {}", number(least).trim_end_matches('×'), number(most)))
        }
    }
}

/// What was found instead: a number with its interval, the range of several cells, or words.
pub fn ours(outcome: &Outcome<'_>) -> String {
    if !outcome.found.is_empty() {
        return outcome.found.clone();
    }
    let number = |ours: Estimate| number(ours, outcome.claim, outcome.measured);
    if let Some(ours) = outcome.ours {
        return number(ours);
    }
    let values = outcome.cells.iter().filter_map(|cell| Some(cell.ours?.value));
    let least = values.clone().min_by(f64::total_cmp);
    match least.zip(values.max_by(f64::total_cmp)) {
        Some((least, most)) => range(least, most, outcome),
        None => format::ABSENT.to_owned(),
    }
}

/// The numbers of several cells, each of which decides for itself.
fn range(least: f64, most: f64, outcome: &Outcome<'_>) -> String {
    match outcome.claim.test {
        Test::Ratio { .. } => {
            let [least, most] = [least, most].map(format::ratio);
            format!("{} to {most}", least.trim_end_matches('×'))
        }
        _ => {
            let unit = outcome.measured.map_or("", Quantity::unit);
            format!("{} to {} {unit}", format::value(least), format::value(most))
        }
    }
}

/// A ratio or a value, with its interval.
fn number(ours: Estimate, claim: &Claim, measured: Option<Quantity>) -> String {
    if let Test::Ratio { .. } = claim.test {
        return verdict::estimate(ours);
    }
    let Estimate { value, low, high } = ours;
    let interval = match low == high {
        true => String::new(),
        false => format!(" ({} to {})", format::value(low), format::value(high)),
    };
    format!("{}{interval} {}", format::value(value), measured.map_or("", Quantity::unit))
}

/// Who is compared: `hamt ÷ champ`.
pub fn compared(claim: &Claim) -> String {
    let spelled = |(contender, scenario): (&str, Option<&str>)| match scenario {
        None => contender.to_owned(),
        Some(scenario) => format!("{contender} in {scenario}"),
    };
    claim.contenders().into_iter().map(spelled).collect::<Vec<_>>().join(" ÷ ")
}
