//! When keeping versions pays: the section of a bottleneck that compares sharing with copying.

use super::format;
use crate::metric::Metric;
use crate::payoff::{self, Answer, Bounds, CHANGES, PayOff};
use crate::view::BottleneckView;

/// The section.
pub struct Section<'a> {
    /// Why nothing is told; empty where there are tables.
    pub reason: String,
    pub tables: Vec<Table<'a>>,
    /// How many changes lie between a version and the next.
    pub changes: [u64; 3],
}

/// The pay-off of each contender in one metric.
pub struct Table<'a> {
    pub metric: Metric,
    pub plan: payoff::Plan,
    pub sizes: Vec<String>,
    pub rows: Vec<Row<'a>>,
}

pub struct Row<'a> {
    pub name: &'a str,
    /// For each size and each number of changes, from how many versions on it pays.
    pub cells: Vec<Cell>,
}

#[derive(Clone)]
pub struct Cell {
    pub text: String,
    /// Class of the shade: blue where it always pays, orange where it never does.
    pub tint: &'static str,
}

impl<'a> Section<'a> {
    /// `None` if the bottleneck keeps no versions.
    pub fn new(view: &'a BottleneckView<'a>) -> Option<Self> {
        let (reason, tables) = match payoff::of(view) {
            Answer::NoVersions => return None,
            Answer::Unknown(reason) => (reason, Vec::new()),
            Answer::Tables(tables) => (String::new(), tables),
        };
        let tables = tables.into_iter().map(|table| {
            let shown = shown(table.sizes.len());
            Table {
                metric: table.metric,
                plan: table.plan,
                sizes: shown.iter().map(|at| format::size(table.sizes[*at])).collect(),
                rows: table
                    .rows
                    .iter()
                    .map(|(series, cells)| Row::new(view, *series, cells, &shown))
                    .collect(),
            }
        });
        Some(Section { reason, tables: tables.collect(), changes: CHANGES })
    }
}

/// The sizes that a table shows: the smallest, the largest, and one in the middle.
fn shown(count: usize) -> Vec<usize> {
    let mut shown = vec![0, count / 2, count.saturating_sub(1)];
    shown.retain(|at| *at < count);
    shown.dedup();
    shown
}

impl<'a> Row<'a> {
    fn new(
        view: &'a BottleneckView<'a>,
        series: usize,
        cells: &[Option<[Bounds; 3]>],
        shown: &[usize],
    ) -> Self {
        let cells = shown.iter().flat_map(|at| match cells[*at] {
            Some(bounds) => bounds.map(Cell::new),
            None => CHANGES.map(|_| Cell { text: format::ABSENT.to_owned(), tint: "" }),
        });
        let contender = view.contenders[series];
        Row { name: &contender.name, cells: cells.collect() }
    }
}

impl Cell {
    fn new(Bounds { early, late }: Bounds) -> Self {
        let text = match (early, late) {
            _ if early == late => spelled(early),
            (PayOff::Always, PayOff::From(late)) => format!("1–{}", versions(late)),
            (PayOff::From(early), PayOff::From(late)) => format!("{}–{}", versions(early), versions(late)),
            (PayOff::Always, PayOff::Never) => "open".to_owned(),
            _ => format!("{} or {}", spelled(early), spelled(late)),
        };
        let tint = match (early, late) {
            (PayOff::Always, PayOff::Always) => "b1",
            (PayOff::Never, PayOff::Never) => "w1",
            _ => "",
        };
        Cell { text, tint }
    }
}

fn spelled(pay_off: PayOff) -> String {
    match pay_off {
        PayOff::Always => "always".to_owned(),
        PayOff::From(count) => versions(count),
        PayOff::UpTo(count) => format!("up to {}", versions(count)),
        PayOff::Never => "never".to_owned(),
    }
}

fn versions(count: u64) -> String {
    format::value(count as f64).replace(".00", "").replace(".0", "")
}
