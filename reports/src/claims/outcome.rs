//! Testing claims: what a record says of each. Pure functions of a record's views.
//!
//! METHODOLOGY.md, "Claims", says in words by which rule.

use super::claim::{Bounds, Cells, Claim, Quantity, Rule, Side, Test};
use crate::analysis::{self, TIE};
use crate::growth::{self, Growth, Model};
use crate::metric::Metric;
use crate::payoff::{self, PayOff};
use crate::record::CellRecord;
use crate::render::format;
use crate::verdict::{self, Estimate};
use crate::view::{BottleneckView, ScenarioView};

/// What a record says of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The number is reached.
    Holds,
    /// The side that is said to take less does, but not by the factor that is claimed.
    InDirection,
    /// It is not so.
    DoesNotHold,
    /// It may be either: the claimed number lies within the interval of the measured one.
    Open,
    /// The record lacks the cells.
    NotMeasured,
    /// The lab has nothing that could decide it.
    CannotBeTested,
}

impl Verdict {
    /// Every verdict, in reading order.
    pub const ALL: [Verdict; 6] = [
        Verdict::Holds,
        Verdict::InDirection,
        Verdict::DoesNotHold,
        Verdict::Open,
        Verdict::NotMeasured,
        Verdict::CannotBeTested,
    ];

    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::InDirection => "holds in direction, not in size",
            Verdict::DoesNotHold => "does not hold",
            Verdict::Open => "open",
            Verdict::NotMeasured => "not measured in this record",
            Verdict::CannotBeTested => "cannot be tested here",
        }
    }

    /// A stable word, for other programs.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::InDirection => "holds_in_direction",
            Verdict::DoesNotHold => "does_not_hold",
            Verdict::Open => "open",
            Verdict::NotMeasured => "not_measured",
            Verdict::CannotBeTested => "cannot_be_tested",
        }
    }

    /// Whether measurements decided, or would have if they were less noisy.
    pub fn is_tested(self) -> bool {
        !matches!(self, Verdict::NotMeasured | Verdict::CannotBeTested)
    }
}

/// A claim, and what a record says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// What the record says of it.
    pub verdict: Verdict,
    /// Why it is so; empty where the numbers say it.
    pub why: String,
    /// What was compared; `None` if nothing was. Instructions may stand in for time.
    pub measured: Option<Quantity>,
    /// The cells that decided, each with what it says by itself.
    pub cells: Vec<Decided>,
    /// The number that is compared with the claimed one; `None` if several cells decide each for itself, and for claims
    /// that are about no number.
    pub ours: Option<Estimate>,
    /// What was found of a claim that is about no number: `O(log n)`, `from 3 versions on`; empty for others.
    pub found: String,
    /// How many of the named cells the record lacks, if sizes are named.
    pub missing: usize,
}

/// A cell that decided, or two that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The scenario.
    pub scenario: String,
    /// The size; absent if the scenario decides with all of its sizes.
    pub size: Option<u64>,
    /// What is compared with the claimed number; `None` for claims that are about no number.
    pub ours: Option<Estimate>,
    /// The same ratio in instructions, where time decides.
    pub instructions: Option<f64>,
    /// What this cell says.
    pub verdict: Verdict,
}

/// Tests claims, each with the bottleneck that it is about. Claims about bottlenecks that are not in `views` are left out.
pub fn test<'a>(claims: &'a [Claim], views: &[&BottleneckView<'_>]) -> Vec<Outcome<'a>> {
    let mut outcomes = Vec::new();
    for view in views {
        let of_view = claims.iter().filter(|claim| claim.bottleneck == view.info.name);
        outcomes.extend(of_view.map(|claim| outcome(claim, view)));
    }
    outcomes
}

/// Tests a claim about the bottleneck of `view`.
pub fn outcome<'a>(claim: &'a Claim, view: &BottleneckView<'_>) -> Outcome<'a> {
    let blank = Outcome {
        claim,
        verdict: Verdict::NotMeasured,
        why: String::new(),
        measured: None,
        cells: Vec::new(),
        ours: None,
        found: String::new(),
        missing: 0,
    };
    if let Test::Impossible { because, .. } = &claim.test {
        return Outcome { verdict: Verdict::CannotBeTested, why: because.clone(), ..blank };
    }
    if let Some(why) = absent(claim, view) {
        return Outcome { why, ..blank };
    }
    match &claim.test {
        Test::Ratio { cells, more, less, claimed } => {
            let compared = Compared { view, more, less };
            let judge = |ours| of_ratio(ours, *claimed, cells.tolerance);
            of_cells(
                blank,
                cells,
                |quantity, scenario, size| compared.ratio(quantity, scenario, size),
                judge,
                view,
            )
        }
        Test::Value { cells, contender, claimed } => {
            let judge = |ours| of_value(ours, *claimed, cells.tolerance);
            let stands_alone = match cells.quantity {
                // A number of instructions is no time.
                Quantity::Time { .. } => {
                    Cells { quantity: Quantity::Time { stand_in: false }, ..cells.clone() }
                }
                _ => cells.clone(),
            };
            let value =
                |quantity, scenario: &str, size| reading(quantity, cell(view, scenario, contender, size)?);
            of_cells(blank, &stands_alone, value, judge, view)
        }
        Test::Growth { scenarios, quantity, contender, claimed } => {
            of_growth(blank, view, scenarios, *quantity, contender, *claimed)
        }
        Test::PayOff { sizes, contender, claimed } => of_pay_off(blank, view, sizes, contender, *claimed),
        Test::Impossible { .. } => blank,
    }
}

/// What a claim names that the record has nothing of; `None` if it has something of everything.
fn absent(claim: &Claim, view: &BottleneckView<'_>) -> Option<String> {
    let lacks =
        |kind: &str, name: &str| Some(format!("the record has no {kind} `{name}` of {}", view.info.name));
    for (contender, scenario) in claim.contenders() {
        if !view.contenders.iter().any(|info| info.name == contender) {
            return lacks("contender", contender);
        }
        if let Some(scenario) = scenario.filter(|name| named(view, name).is_none()) {
            return lacks("cell of the scenario", scenario);
        }
    }
    let scenarios = claim.scenarios();
    let none_measured = !scenarios.is_empty() && scenarios.iter().all(|name| named(view, name).is_none());
    if none_measured { lacks("cell of the scenario", &scenarios[0]) } else { None }
}

fn named<'v, 'r>(view: &'v BottleneckView<'r>, scenario: &str) -> Option<&'v ScenarioView<'r>> {
    view.scenarios.iter().find(|view| view.info.name == scenario)
}

fn cell<'r>(view: &BottleneckView<'r>, scenario: &str, contender: &str, size: u64) -> Option<&'r CellRecord> {
    let at = view.contenders.iter().position(|info| info.name == contender)?;
    named(view, scenario)?.cell(size, at)
}

/// The value of a quantity for each operation of a cell, with its interval.
fn reading(quantity: Quantity, cell: &CellRecord) -> Option<Estimate> {
    let metric = match quantity {
        Quantity::Time { .. } => Metric::Warm,
        Quantity::Count(metric) => metric,
        Quantity::MissRatio => {
            let value = 1.0 - cell.observed.get("hit_rate")?;
            return Some(exactly(value));
        }
    };
    let (low, high) = metric.bounds(cell)?;
    Some(Estimate { value: metric.value(cell)?, low, high })
}

fn exactly(value: f64) -> Estimate {
    Estimate { value, low: value, high: value }
}

/// Two contenders, perhaps in two scenarios.
struct Compared<'v, 'r> {
    view: &'v BottleneckView<'r>,
    more: &'v Side,
    less: &'v Side,
}

impl Compared<'_, '_> {
    /// What the one takes, divided by what the other takes.
    fn ratio(&self, quantity: Quantity, scenario: &str, size: u64) -> Option<Estimate> {
        let of = |side: &Side| {
            let scenario = side.scenario.as_deref().unwrap_or(scenario);
            cell(self.view, scenario, &side.contender, size)
        };
        let (more, less) = (of(self.more)?, of(self.less)?);
        if matches!(quantity, Quantity::Time { .. }) && more.name.scenario == less.name.scenario {
            // From the same rounds, where there are such.
            return verdict::time_quotient(more, less);
        }
        let (more, less) = (reading(quantity, more)?, reading(quantity, less)?);
        Some(Estimate {
            value: analysis::ratio(more.value, less.value),
            low: analysis::ratio(more.low, less.high),
            high: analysis::ratio(more.high, less.low),
        })
    }
}

/// What cells say of a claim that is about a number. `read` is the number of a cell, and `judge` what it says.
fn of_cells<'a>(
    blank: Outcome<'a>,
    cells: &Cells,
    read: impl Fn(Quantity, &str, u64) -> Option<Estimate>,
    judge: impl Fn(Estimate) -> Verdict,
    view: &BottleneckView<'_>,
) -> Outcome<'a> {
    let selected = cells.scenarios.iter().flat_map(|scenario| {
        let sizes = match cells.sizes.is_empty() {
            true => named(view, scenario).map_or(Vec::new(), |view| view.sizes.clone()),
            false => cells.sizes.clone(),
        };
        sizes.into_iter().map(move |size| (scenario, size))
    });
    let selected: Vec<(&String, u64)> = selected.collect();
    let measured = |quantity: Quantity| {
        let read = selected
            .iter()
            .filter_map(|(scenario, size)| Some((*scenario, *size, read(quantity, scenario, *size)?)));
        read.collect::<Vec<_>>()
    };
    let instructions = Quantity::Count(Metric::Instructions);
    let (quantity, found) = match (cells.quantity, measured(cells.quantity)) {
        (Quantity::Time { stand_in: true }, found) if found.is_empty() => {
            (instructions, measured(instructions))
        }
        (quantity, found) => (quantity, found),
    };
    if found.is_empty() {
        let why = not_measured(cells, view, &read);
        return Outcome { why, ..blank };
    }
    let in_instructions = |scenario: &str, size: u64| {
        let time = matches!(quantity, Quantity::Time { stand_in: true });
        time.then(|| read(instructions, scenario, size)).flatten().map(|ratio| ratio.value)
    };
    let decided: Vec<Decided> = found
        .iter()
        .map(|(scenario, size, ours)| Decided {
            scenario: (*scenario).clone(),
            size: Some(*size),
            ours: Some(*ours),
            instructions: in_instructions(scenario, *size),
            verdict: judge(*ours),
        })
        .collect();
    let mean = mean(decided.iter().filter_map(|cell| cell.ours));
    let (verdict, ours) = match cells.rule {
        _ if decided.len() == 1 => (decided[0].verdict, decided[0].ours),
        Rule::Mean => (mean.map_or(Verdict::NotMeasured, &judge), mean),
        Rule::Each => (worst(&decided), None),
        Rule::Best => (best(&decided), None),
    };
    let missing = if cells.sizes.is_empty() { 0 } else { selected.len() - found.len() };
    Outcome { verdict, measured: Some(quantity), ours, missing, cells: decided, ..blank }
}

/// Why no cell decides. What the largest measured size says is told, and decides nothing.
fn not_measured(
    cells: &Cells,
    view: &BottleneckView<'_>,
    read: &impl Fn(Quantity, &str, u64) -> Option<Estimate>,
) -> String {
    let quantities = match cells.quantity {
        Quantity::Time { stand_in: true } => vec![cells.quantity, Quantity::Count(Metric::Instructions)],
        quantity => vec![quantity],
    };
    let elsewhere = cells.scenarios.iter().filter_map(|name| named(view, name)).find_map(|scenario| {
        let sizes = scenario.sizes.iter().rev();
        let name = &scenario.info.name;
        let mut found = sizes.flat_map(|size| quantities.iter().map(move |quantity| (*size, *quantity)));
        found.find_map(|(size, quantity)| Some((name, size, quantity, read(quantity, name, size)?)))
    });
    match elsewhere {
        Some((name, size, quantity, Estimate { value, .. })) => {
            let sizes: Vec<String> = cells.sizes.iter().map(|size| format::size(*size)).collect();
            format!(
                "{name} was not measured at {}; at {} it is {} in {}",
                format::listed(&sizes),
                format::size(size),
                format::value(value),
                quantity.counted()
            )
        }
        None => format!("no cell that decides has {}", cells.quantity.counted()),
    }
}

/// The geometric mean of ratios, and of their bounds. `None` where there is no such mean.
fn mean(ratios: impl Iterator<Item = Estimate> + Clone) -> Option<Estimate> {
    let of = |bound: fn(Estimate) -> f64| analysis::geometric_mean(ratios.clone().map(bound));
    Some(Estimate {
        value: of(|ratio| ratio.value)?,
        low: of(|ratio| ratio.low)?,
        high: of(|ratio| ratio.high)?,
    })
}

/// What is so in each cell.
fn worst(cells: &[Decided]) -> Verdict {
    first(cells, [Verdict::DoesNotHold, Verdict::Open, Verdict::InDirection, Verdict::Holds])
}

/// What is so in one cell at least.
fn best(cells: &[Decided]) -> Verdict {
    first(cells, [Verdict::Holds, Verdict::Open, Verdict::InDirection, Verdict::DoesNotHold])
}

fn first(cells: &[Decided], order: [Verdict; 4]) -> Verdict {
    let found = order.into_iter().find(|verdict| cells.iter().any(|cell| cell.verdict == *verdict));
    found.unwrap_or(Verdict::NotMeasured)
}

/// What a measured ratio says of a claimed one.
pub fn of_ratio(ours: Estimate, claimed: Bounds, tolerance: f64) -> Verdict {
    if claimed == Bounds::default() {
        // One side takes less, by whatever factor.
        return match ours {
            _ if ours.is_more() => Verdict::Holds,
            _ if ours.high <= TIE => Verdict::DoesNotHold,
            _ => Verdict::Open,
        };
    }
    match within(ours, claimed, tolerance) {
        Some(true) => Verdict::Holds,
        Some(false) if ours.is_more() => Verdict::InDirection,
        Some(false) if ours.high <= TIE => Verdict::DoesNotHold,
        _ => Verdict::Open,
    }
}

/// What a measured value says of a claimed one.
fn of_value(ours: Estimate, claimed: Bounds, tolerance: f64) -> Verdict {
    match within(ours, claimed, tolerance) {
        Some(true) => Verdict::Holds,
        Some(false) => Verdict::DoesNotHold,
        None => Verdict::Open,
    }
}

/// Whether a number lies within bounds that may be missed by a share; `None` if its interval lies on both sides of one.
fn within(ours: Estimate, Bounds { at_least, at_most }: Bounds, tolerance: f64) -> Option<bool> {
    let least = at_least.map_or(0.0, |bound| bound * (1.0 - tolerance));
    let most = at_most.map_or(f64::INFINITY, |bound| bound * (1.0 + tolerance));
    match ours {
        Estimate { low, high, .. } if low >= least && high <= most => Some(true),
        Estimate { low, high, .. } if high < least || low > most => Some(false),
        _ => None,
    }
}

fn of_growth<'a>(
    blank: Outcome<'a>,
    view: &BottleneckView<'_>,
    scenarios: &[String],
    quantity: Quantity,
    contender: &str,
    claimed: Model,
) -> Outcome<'a> {
    // No growth of times is told, because machines have caches of several sizes.
    let metric = match quantity {
        Quantity::Count(metric) => metric,
        Quantity::Time { .. } | Quantity::MissRatio => Metric::Instructions,
    };
    let mut cells = Vec::new();
    let mut grown = Vec::new();
    let mut reasons = Vec::new();
    for scenario in scenarios.iter().filter_map(|name| named(view, name)) {
        let Some(at) = view.contenders.iter().position(|info| info.name == contender) else { continue };
        let sizes = scenario.sizes.iter();
        let points: Vec<_> =
            sizes.filter_map(|size| Some((*size, scenario.value(metric, *size, at)?))).collect();
        if points.is_empty() {
            continue;
        }
        let growth = Growth::of(points);
        let verdict = match growth::Verdict::of(Some(claimed), &growth) {
            growth::Verdict::Agrees | growth::Verdict::Holds => Verdict::Holds,
            growth::Verdict::Contradicts => Verdict::DoesNotHold,
            growth::Verdict::Undecided | growth::Verdict::NotStated => Verdict::Open,
        };
        match &growth {
            Growth::Decided { fit, .. } => grown.push(fit.model.as_str().to_owned()),
            Growth::Undecided(reason) => reasons.push(format!("{}: {reason}", scenario.info.name)),
        }
        let scenario = scenario.info.name.clone();
        cells.push(Decided { scenario, size: None, ours: None, instructions: None, verdict });
    }
    if cells.is_empty() {
        return Outcome { why: format!("no cell that decides has {}", metric.about().counted), ..blank };
    }
    grown.dedup();
    Outcome {
        verdict: worst(&cells),
        why: reasons.join("; "),
        measured: Some(Quantity::Count(metric)),
        found: grown.join(", "),
        cells,
        ..blank
    }
}

fn of_pay_off<'a>(
    blank: Outcome<'a>,
    view: &BottleneckView<'_>,
    sizes: &[u64],
    contender: &str,
    claimed: u64,
) -> Outcome<'a> {
    let tables = match payoff::of(view) {
        payoff::Answer::Tables(tables) => tables,
        payoff::Answer::NoVersions => {
            return Outcome { why: "nothing there keeps versions".to_owned(), ..blank };
        }
        payoff::Answer::Unknown(why) => return Outcome { why, ..blank },
    };
    let table = tables.into_iter().find(|table| table.metric == Metric::Instructions);
    let at = view.contenders.iter().position(|info| info.name == contender);
    let row = table.as_ref().and_then(|table| table.rows.iter().find(|(series, _)| Some(*series) == at));
    let (Some(table), Some((_, bounds))) = (&table, row) else {
        return Outcome { why: format!("no pay-off of {contender} can be told"), ..blank };
    };
    let mut cells = Vec::new();
    let mut found = Vec::new();
    for (size, bounds) in table.sizes.iter().zip(bounds) {
        let Some([first, ..]) = bounds.filter(|_| sizes.is_empty() || sizes.contains(size)) else { continue };
        let pays = |pay_off: PayOff| match pay_off {
            PayOff::Always => true,
            PayOff::From(versions) => versions <= claimed,
            PayOff::UpTo(_) | PayOff::Never => false,
        };
        let verdict = match (pays(first.early), pays(first.late)) {
            (true, true) => Verdict::Holds,
            (false, false) => Verdict::DoesNotHold,
            _ => Verdict::Open,
        };
        found.push(spelled(first.late));
        let scenario = table.plan.kept.to_owned();
        cells.push(Decided { scenario, size: Some(*size), ours: None, instructions: None, verdict });
    }
    if cells.is_empty() {
        return Outcome { why: "no size that decides was measured".to_owned(), ..blank };
    }
    found.dedup();
    let missing = sizes.iter().filter(|size| !table.sizes.contains(size)).count();
    Outcome {
        verdict: worst(&cells),
        measured: Some(Quantity::Count(Metric::Instructions)),
        found: found.join(", "),
        missing,
        cells,
        ..blank
    }
}

fn spelled(pay_off: PayOff) -> String {
    match pay_off {
        PayOff::Always => "from the first version on".to_owned(),
        PayOff::From(versions) => format!("from {versions} versions on"),
        PayOff::UpTo(versions) => format!("up to {versions} versions"),
        PayOff::Never => "never".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::claim::Publication;
    use crate::fixture::{record, timed};
    use crate::record::{Allocations, Record, Role};

    const NONE: Bounds = Bounds { at_least: None, at_most: None };

    fn least(bound: f64) -> Bounds {
        Bounds { at_least: Some(bound), at_most: None }
    }

    fn between(least: f64, most: f64) -> Bounds {
        Bounds { at_least: Some(least), at_most: Some(most) }
    }

    fn claim(test: Test) -> Claim {
        let publication = Publication {
            authors: String::new(),
            title: "A paper".into(),
            venue: "version 1".into(),
            year: None,
            address: String::new(),
        };
        let [id, says, note] = ["mine", "It is so.", ""].map(str::to_owned);
        Claim { id, publication, says, note, bottleneck: "b".into(), test }
    }

    fn cells(scenarios: &[&str], sizes: &[u64], quantity: Quantity) -> Cells {
        let scenarios = scenarios.iter().map(|name| (*name).to_owned()).collect();
        Cells { scenarios, sizes: sizes.into(), quantity, tolerance: 0.1, rule: Rule::Each }
    }

    fn side(contender: &str) -> Side {
        Side { contender: contender.into(), scenario: None }
    }

    fn ratio(cells: Cells, claimed: Bounds) -> Claim {
        claim(Test::Ratio { cells, more: side("slow"), less: side("fast"), claimed })
    }

    const TIME: Quantity = Quantity::Time { stand_in: true };
    const COUNTED: Quantity = Quantity::Count(Metric::Instructions);

    /// What a record says of a claim: the verdict, what was compared, and the rest.
    fn said<'a>(claim: &'a Claim, record: &Record) -> Outcome<'a> {
        outcome(claim, &BottleneckView::all(record).unwrap()[0])
    }

    fn two() -> Record {
        let contenders = [("slow", Role::Naive), ("fast", Role::Optimized)];
        let cells = [
            ("get", 10, "slow", 50),
            ("get", 10, "fast", 5),
            ("get", 100, "slow", 60),
            ("get", 100, "fast", 20),
            ("put", 10, "fast", 20),
        ];
        record(&contenders, &cells)
    }

    #[test]
    fn a_ratio_reaches_what_is_claimed_or_has_its_direction_or_neither() {
        let of = |low: f64, high: f64, claimed| {
            of_ratio(Estimate { value: f64::midpoint(low, high), low, high }, claimed, 0.1)
        };
        use Verdict::{DoesNotHold, Holds, InDirection, Open};
        for (low, high, claimed, expected) in [
            (5.0, 5.0, least(5.0), Holds),
            // The claimed number may be missed by a tenth.
            (4.5, 4.5, least(5.0), Holds),
            (4.49, 4.49, least(5.0), InDirection),
            (4.4, 4.6, least(5.0), Open),
            (50.0, 60.0, least(5.0), Holds),
            (1.02, 1.02, least(5.0), InDirection),
            // A contender that is level with the other, or behind it.
            (1.01, 1.01, least(5.0), DoesNotHold),
            (0.2, 0.3, least(5.0), DoesNotHold),
            (0.9, 1.2, least(5.0), Open),
            (2.0, 2.0, between(1.3, 6.7), Holds),
            (7.3, 7.3, between(1.3, 6.7), Holds),
            (7.5, 7.5, between(1.3, 6.7), InDirection),
            (1.1, 1.1, between(1.3, 6.7), InDirection),
            // That one is at least as fast as the other.
            (0.95, 0.95, least(1.0), Holds),
            (0.85, 0.85, least(1.0), DoesNotHold),
            // No number at all.
            (1.02, 1.02, NONE, Holds),
            (1.0, 1.0, NONE, DoesNotHold),
            (0.5, 0.6, NONE, DoesNotHold),
            (0.99, 1.3, NONE, Open),
        ] {
            assert_eq!(of(low, high, claimed), expected, "{low} to {high}, {claimed:?}");
        }
    }

    #[test]
    fn time_decides_where_it_was_measured_and_instructions_stand_in_where_not() {
        let mut record = two();
        let about = |claimed, stand_in| ratio(cells(&["get"], &[10], Quantity::Time { stand_in }), claimed);
        let counted = about(least(10.0), true);
        let outcome = said(&counted, &record);
        assert_eq!((outcome.verdict, outcome.measured), (Verdict::Holds, Some(COUNTED)));
        // What only time can tell is not told by instructions.
        let only = about(least(10.0), false);
        assert_eq!(said(&only, &record).verdict, Verdict::NotMeasured);
        timed(&mut record.cells[0], 90.0, 110.0);
        timed(&mut record.cells[1], 45.0, 55.0);
        let outcome = said(&counted, &record);
        assert_eq!((outcome.verdict, outcome.measured), (Verdict::InDirection, Some(TIME)));
        assert_eq!(outcome.cells[0].instructions, Some(10.0));
        let ours = outcome.ours.unwrap();
        assert_eq!((ours.low, ours.value, ours.high), (90.0 / 55.0, 2.0, 110.0 / 45.0));
        for (factor, expected) in [(1.7, Verdict::Holds), (2.0, Verdict::Open), (3.0, Verdict::InDirection)] {
            assert_eq!(said(&about(least(factor), false), &record).verdict, expected, "{factor}");
        }
    }

    #[test]
    fn several_cells_decide_by_the_rule_that_the_claim_names() {
        let record = two();
        let by = |rule, claimed| {
            let cells = Cells { rule, ..cells(&["get"], &[10, 100], COUNTED) };
            let claim = ratio(cells, claimed);
            let outcome = said(&claim, &record);
            (outcome.verdict, outcome.cells.len(), outcome.ours.map(|ours| ours.value))
        };
        // 10 times at one size, 3 times at the other; their mean is 5.48.
        assert_eq!(by(Rule::Each, least(3.0)), (Verdict::Holds, 2, None));
        assert_eq!(by(Rule::Each, least(5.0)), (Verdict::InDirection, 2, None));
        assert_eq!(by(Rule::Best, least(10.0)), (Verdict::Holds, 2, None));
        assert_eq!(by(Rule::Best, least(20.0)), (Verdict::InDirection, 2, None));
        let (verdict, _, mean) = by(Rule::Mean, least(5.0));
        assert!(verdict == Verdict::Holds && (mean.unwrap() - 30f64.sqrt()).abs() < 1e-9, "{mean:?}");
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let record = two();
        let says = |claim: &Claim| {
            let outcome = said(claim, &record);
            assert_eq!(outcome.verdict, Verdict::NotMeasured);
            outcome.why
        };
        // Another size is told, and decides nothing.
        assert_eq!(
            says(&ratio(cells(&["get"], &[1000], TIME), least(2.0))),
            "get was not measured at 1\u{202f}k; at 100 it is 3.00 in instructions"
        );
        let absent = claim(Test::Ratio {
            cells: cells(&["get"], &[10], TIME),
            more: side("slow"),
            less: side("faster"),
            claimed: NONE,
        });
        assert!(says(&absent).contains("no contender `faster`"));
        assert!(says(&ratio(cells(&["cut"], &[], TIME), NONE)).contains("no cell of the scenario `cut`"));
        assert!(
            says(&ratio(cells(&["get"], &[], Quantity::Count(Metric::Blocks)), NONE))
                .contains("allocated blocks")
        );
        // One of two cells decides, and the other one is missed.
        let partly = ratio(cells(&["get"], &[10, 1000], COUNTED), least(10.0));
        let outcome = said(&partly, &record);
        assert_eq!((outcome.verdict, outcome.missing, outcome.cells.len()), (Verdict::Holds, 1, 1));
        let never = claim(Test::Impossible { claimed: String::new(), because: "Nobody can.".into() });
        let outcome = said(&never, &record);
        assert_eq!((outcome.verdict, outcome.why.as_str()), (Verdict::CannotBeTested, "Nobody can."));
        // Claims about other bottlenecks are left out.
        let claims = [Claim { bottleneck: "other".into(), ..never.clone() }, never.clone()];
        assert_eq!(test(&claims, &[&BottleneckView::all(&record).unwrap()[0]]).len(), 1);
    }

    #[test]
    fn one_contender_is_held_against_a_value_or_against_itself_elsewhere() {
        let mut record = two();
        record.cells[1].measured.allocations =
            Some(Allocations { blocks: 60 * record.cells[1].ops, ..Allocations::default() });
        let value = |quantity, claimed| {
            let claim = claim(Test::Value {
                cells: cells(&["get"], &[10], quantity),
                contender: "fast".into(),
                claimed,
            });
            said(&claim, &record).verdict
        };
        let blocks = Quantity::Count(Metric::Blocks);
        assert_eq!(value(blocks, between(42.0, 84.0)), Verdict::Holds);
        assert_eq!(value(blocks, between(100.0, 200.0)), Verdict::DoesNotHold);
        // So many instructions are no nanoseconds.
        assert_eq!(value(TIME, least(1.0)), Verdict::NotMeasured);
        let within = Side { contender: "fast".into(), scenario: Some("put".into()) };
        let itself = claim(Test::Ratio {
            cells: cells(&["get"], &[10], TIME),
            more: within,
            less: side("fast"),
            claimed: least(4.0),
        });
        assert_eq!(said(&itself, &record).ours.unwrap().value, 4.0);
    }

    #[test]
    fn misses_are_what_a_scenario_reports() {
        let mut record = two();
        for (at, rate) in [(0, 0.2), (1, 0.6)] {
            record.cells[at].observed.insert("hit_rate".into(), rate);
        }
        let claim = ratio(cells(&["get"], &[10], Quantity::MissRatio), least(2.0));
        let outcome = said(&claim, &record);
        assert!((outcome.ours.unwrap().value - 2.0).abs() < 1e-9 && outcome.verdict == Verdict::Holds);
    }

    #[test]
    fn growth_holds_as_an_upper_bound() {
        let sizes = [10, 100, 1000, 10_000, 100_000];
        let cells =
            sizes.iter().flat_map(|size| [("get", *size, "fast", 40), ("put", *size, "fast", 3 * *size)]);
        let cells: Vec<_> = cells.collect();
        let record = record(&[("fast", Role::Optimized)], &cells);
        let grows = |scenarios: &[&str], claimed| {
            let scenarios = scenarios.iter().map(|name| (*name).to_owned()).collect();
            let claim = claim(Test::Growth { scenarios, quantity: TIME, contender: "fast".into(), claimed });
            let outcome = said(&claim, &record);
            (outcome.verdict, outcome.found)
        };
        assert_eq!(grows(&["get"], Model::Constant), (Verdict::Holds, "O(1)".into()));
        assert_eq!(grows(&["get"], Model::Logarithmic).0, Verdict::Holds);
        assert_eq!(grows(&["put"], Model::Logarithmic), (Verdict::DoesNotHold, "O(n)".into()));
        assert_eq!(grows(&["get", "put"], Model::Logarithmic), (Verdict::DoesNotHold, "O(1), O(n)".into()));
        let few = super::tests::two();
        let claim = claim(Test::Growth {
            scenarios: vec!["get".into()],
            quantity: COUNTED,
            contender: "fast".into(),
            claimed: Model::Constant,
        });
        let outcome = said(&claim, &few);
        assert!(outcome.verdict == Verdict::Open && outcome.why.contains("not enough sizes"), "{outcome:?}");
    }

    #[test]
    fn the_number_of_versions_from_which_sharing_pays_is_compared() {
        let contenders = [("hash_map_copy", Role::Naive), ("hamt_shared", Role::Optimized)];
        let cells = [
            ("insert_unshared", 10, "hash_map_copy", 10),
            ("variants_100", 10, "hash_map_copy", 150),
            ("insert_unshared", 10, "hamt_shared", 30),
            ("variants_100", 10, "hamt_shared", 50),
        ];
        let mut record = record(&contenders, &cells);
        record.bottlenecks[0].name = "persistent_map".into();
        record.bottlenecks[0].scenarios.iter_mut().for_each(|scenario| scenario.keeps_versions = true);
        record.contenders.iter_mut().for_each(|contender| contender.bottleneck = "persistent_map".into());
        record.cells.iter_mut().for_each(|cell| cell.name.bottleneck = "persistent_map".into());
        // 200 more to build, and 100 less for a version: it pays from the third on.
        let pays = |claimed| {
            let claim =
                claim(Test::PayOff { sizes: vec![10, 100], contender: "hamt_shared".into(), claimed });
            let outcome = said(&claim, &record);
            (outcome.verdict, outcome.found, outcome.missing)
        };
        assert_eq!(pays(3), (Verdict::Holds, "from 3 versions on".into(), 1));
        assert_eq!(pays(2).0, Verdict::DoesNotHold);
    }
}
