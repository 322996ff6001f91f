//! The page of the history: what changed since which record.

use askama::Template;

use super::error::{Error, fill};
use super::shell::Shell;
use super::spark::spark;
use super::{format, pages, reproduce};
use crate::cell_name::CellName;
use crate::history::overview::{Change, OfCell, OfContender, Overview, overview};
use crate::history::store::Entry;
use crate::kept::{Kept, id};
use crate::view::BottleneckView;

/// Most rows of the table of changes.
const CHANGES: usize = 40;
/// Most cells of a bottleneck.
const CELLS: usize = 20;

#[derive(Template)]
#[template(path = "history.html")]
struct Page<'a> {
    shell: &'a Shell<'a>,
    /// What the history says.
    answer: String,
    changes: Vec<Row>,
    /// How many more changes there are.
    more: usize,
    bottlenecks: Vec<OfBottleneck<'a>>,
    /// The command that keeps the newest record, and the one that lists every change.
    add: String,
    all: String,
}

/// What changed with a record.
struct Row {
    day: String,
    revision: String,
    contender: Link,
    metric: &'static str,
    by: String,
    cells: usize,
    largest: Link,
    step: String,
}

/// A name, and its page if it has one; otherwise the address is empty.
struct Link {
    name: String,
    page: String,
}

/// A bottleneck's contenders and cells.
struct OfBottleneck<'a> {
    view: &'a BottleneckView<'a>,
    contenders: Vec<Line>,
    cells: Vec<Line>,
    /// How many more cells changed.
    more: usize,
}

/// A row with a sparkline.
struct Line {
    of: Link,
    /// The metric, and where it changed; empty for contenders.
    metric: &'static str,
    steps: Vec<String>,
    /// The number of cells that it is a mean over.
    cells: usize,
    spark: String,
    first: String,
    newest: String,
    change: String,
}

/// The page. `history` is in order. The record is the newest of it, whether it was kept or not.
///
/// # Errors
/// If the template fails.
pub fn page(shell: &Shell<'_>, views: &[BottleneckView<'_>], history: &[Entry]) -> Result<String, Error> {
    // A record of other bottlenecks says nothing of these.
    let is_told = |cell: &CellName| views.iter().any(|view| view.info.name == cell.bottleneck);
    let tells = |entry: &&Entry| entry.kept.cells.iter().any(|cell| is_told(&cell.name));
    let past: Vec<&Entry> = history.iter().filter(tells).collect();
    let is_empty = past.is_empty();
    let own = own(shell);
    let entries = with(past, &own);
    let measured = |cell: &CellName| {
        let view = views.iter().find(|view| view.info.name == cell.bottleneck);
        view.is_some_and(|view| view.scenarios.iter().any(|scenario| scenario.info.name == cell.scenario))
    };
    let told = if is_empty { Overview::default() } else { overview(&entries, measured) };
    let add = reproduce::history_add(shell.record);
    let answer = match is_empty {
        true => format!(
            "No earlier record of this is kept. “{add}” keeps the newest one, and reports from then on say what changed."
        ),
        false => answer(&told, &entries),
    };
    let words = Words { views, entries: &entries };
    let page = Page {
        shell,
        answer,
        changes: told.changes.iter().take(CHANGES).map(|change| words.change(change)).collect(),
        more: told.changes.len().saturating_sub(CHANGES),
        bottlenecks: views.iter().filter_map(|view| words.bottleneck(view, &told)).collect(),
        add,
        all: reproduce::history_changes(shell.record),
    };
    fill(&page, pages::HISTORY)
}

/// The record of this report, as the history keeps it.
fn own(shell: &Shell<'_>) -> Entry {
    let kept = Kept::of(shell.record);
    Entry { id: id(&kept.text()), kept }
}

/// Records with one more, unless it is there.
fn with<'a>(mut entries: Vec<&'a Entry>, own: &'a Entry) -> Vec<&'a Entry> {
    if entries.iter().all(|entry| entry.id != own.id) {
        let at = entries.partition_point(|entry| entry.kept.head.started <= own.kept.head.started);
        entries.insert(at, own);
    }
    entries
}

/// What the history says: since when, how much changed, and what last.
fn answer(told: &Overview, entries: &[&Entry]) -> String {
    let since = entries.first().map_or(String::new(), |entry| format::time(&entry.kept.head.started));
    let records = entries.len();
    match (&told.changes[..], told.compared) {
        (_, 0) => format!(
            "None of the values of {records} record{} can be compared: the compiler, Valgrind, the C library or the input are \
             others, or there is one value only.",
            plural(records)
        ),
        ([], _) if told.most == 0.0 => format!("Since {since}, no count changed, in {records} records."),
        ([], _) => format!(
            "Since {since}, no count changed by more than {}, in {records} records.",
            format::percent(told.most)
        ),
        ([newest, ..], _) => {
            let Place { time, revision, .. } = Place::of(entries, newest.record);
            let revision = if revision.is_empty() { revision } else { format!(" with revision {revision}") };
            format!(
                "{} change{} since {since}, in {records} records; the newest on {time}{revision}.",
                told.changes.len(),
                plural(told.changes.len())
            )
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// When and where a record was measured.
struct Place {
    time: String,
    day: String,
    /// Shortened, with `+` where there were changes; empty outside a repository.
    revision: String,
}

impl Place {
    fn of(entries: &[&Entry], record: usize) -> Self {
        let head = &entries[record].kept.head;
        let mut revision: String = head.fingerprint.revision.chars().take(10).collect();
        if head.fingerprint.dirty && !revision.is_empty() {
            revision.push('+');
        }
        let time = format::time(&head.started);
        Place { day: time.split(' ').next().unwrap_or_default().to_owned(), time, revision }
    }
}

struct Words<'a> {
    views: &'a [BottleneckView<'a>],
    entries: &'a [&'a Entry],
}

impl<'a> Words<'a> {
    fn view(&self, bottleneck: &str) -> Option<&'a BottleneckView<'a>> {
        self.views.iter().find(|view| view.info.name == bottleneck)
    }

    fn contender(&self, bottleneck: &str, contender: &str) -> Link {
        let page = self.view(bottleneck).and_then(|view| {
            let series = view.contenders.iter().position(|known| known.name == contender)?;
            Some(view.contender_page(&series))
        });
        Link { name: contender.to_owned(), page: page.unwrap_or_default() }
    }

    /// The place of a cell in the first table of its scenario's page.
    fn cell(&self, cell: &CellName) -> Link {
        let CellName { bottleneck, scenario, size, contender } = cell;
        let place = self.view(bottleneck).and_then(|view| {
            let series = view.contenders.iter().position(|known| known.name == *contender)?;
            let of = view.scenarios.iter().find(|known| known.info.name == *scenario)?;
            of.cell(*size, series)?;
            Some(format!("{}#{size}/{contender}", view.scenario_page(scenario)))
        });
        Link { name: format!("{scenario}/{size}/{contender}"), page: place.unwrap_or_default() }
    }

    fn change(&self, change: &Change) -> Row {
        let Place { day, revision, .. } = Place::of(self.entries, change.record);
        let (before, after) = change.step;
        let of = self.contender(&change.bottleneck, &change.contender);
        Row {
            day,
            revision,
            contender: Link { name: format!("{}/{}", change.bottleneck, change.contender), ..of },
            metric: change.metric.title(),
            by: change.mean.map_or(format::ABSENT.to_owned(), |mean| by(1.0, mean)),
            cells: change.cells,
            largest: self.cell(&change.largest),
            step: format!("{} → {}", format::value(before), format::value(after)),
        }
    }

    /// `None` if the history has nothing of it.
    fn bottleneck(&self, view: &'a BottleneckView<'a>, told: &Overview) -> Option<OfBottleneck<'a>> {
        let name = &view.info.name;
        let place = |contender: &str| view.contenders.iter().position(|known| known.name == contender);
        let mut contenders: Vec<&OfContender> =
            told.contenders.iter().filter(|line| line.bottleneck == *name).collect();
        // Those that the record does not have come last.
        contenders.sort_by_key(|line| place(&line.contender).unwrap_or(usize::MAX));
        let mut cells: Vec<&OfCell> =
            told.cells.iter().filter(|line| line.cell.bottleneck == *name).collect();
        // The newest changes come first.
        cells.sort_by_key(|line| std::cmp::Reverse(line.steps.last().map(|step| step.0)));
        let of_contender = |line: &&OfContender| Line {
            cells: line.cells,
            ..self.line(self.contender(name, &line.contender), &line.values)
        };
        let of_cell = |line: &&OfCell| Line {
            metric: line.metric.title(),
            steps: line.steps.iter().rev().map(|step| self.step(*step)).collect(),
            ..self.line(self.cell(&line.cell), &line.values)
        };
        (!contenders.is_empty()).then(|| OfBottleneck {
            view,
            contenders: contenders.iter().map(of_contender).collect(),
            more: cells.len().saturating_sub(CELLS),
            cells: cells.iter().take(CELLS).map(of_cell).collect(),
        })
    }

    fn line(&self, of: Link, values: &[(usize, f64)]) -> Line {
        let [first, newest] = [values.first(), values.last()].map(|point| point.map_or(0.0, |point| point.1));
        Line {
            of,
            metric: "",
            steps: Vec::new(),
            cells: 1,
            spark: spark(values, self.entries.len()),
            first: format::value(first),
            newest: format::value(newest),
            change: by(first, newest),
        }
    }

    /// `2026-03-02 −12 % (1f1e7780c0)`.
    fn step(&self, (record, before, after): (usize, f64, f64)) -> String {
        let Place { day, revision, .. } = Place::of(self.entries, record);
        let revision = if revision.is_empty() { revision } else { format!(" ({revision})") };
        format!("{day} {}{revision}", by(before, after))
    }
}

/// By how much a value changed: `+12 %`, `−3.1 %`; what it is now where it was zero.
fn by(before: f64, after: f64) -> String {
    let share = after / before - 1.0;
    match share {
        _ if before == after => "=".to_owned(),
        _ if !share.is_finite() => format!("to {}", format::value(after)),
        _ if share < 0.0 => format!("−{}", format::percent(-share)),
        _ => format!("+{}", format::percent(share)),
    }
}
