//! Where the instructions of a scenario's winner and of its best rival go: a sentence, a picture and a table.

use std::cmp::Reverse;

use super::icicle::{self, Part};
use super::{format, reproduce};
use crate::analysis::TIE;
use crate::baseline::Baseline;
use crate::functions::{Functions, Grouped, Pair};
use crate::record::{CellRecord, Record};
use crate::view::{BottleneckView, ScenarioView};
use crate::why::{self, Difference, Side, Why};

/// Most functions in a bar.
const BOXES: usize = 6;
/// Most rows of the table.
const ROWS: usize = 5;
/// A function has a row if it differs by at least this share of what the largest row differs by.
const LEAST_ROW: f64 = 0.1;
/// A function is named in a bar's text alternative if it costs at least this share of its cell.
const TOLD: f64 = 0.1;

/// The section.
pub struct Section<'a> {
    /// What makes the difference.
    pub sentence: String,
    /// The command that shows all functions.
    pub command: String,
    /// The size, as people read it.
    pub size: String,
    /// The picture and the table; `None` if the functions are not known.
    pub shown: Option<Shown<'a>>,
}

/// What is shown of two cells.
pub struct Shown<'a> {
    /// The winner and its rival.
    pub bars: Vec<Bar<'a>>,
    /// The functions that differ most.
    pub rows: Vec<Row>,
}

/// A cell's functions as a bar.
pub struct Bar<'a> {
    pub name: &'a str,
    pub instructions: String,
    pub svg: String,
}

/// A function in the table.
pub struct Row {
    pub name: String,
    /// Its file.
    pub place: String,
    pub winner: String,
    pub rival: String,
    pub difference: String,
}

impl<'a> Section<'a> {
    /// `None` if there are no two to compare, or no command can.
    pub fn new(
        record: &Record,
        view: &BottleneckView<'a>,
        scenario: &ScenarioView<'a>,
        baseline: &'a Baseline,
    ) -> Option<Self> {
        let why = why::why(view, scenario, baseline)?;
        let (winner, rival) = match &why {
            Why::Known(told) => (told.winner.cell, told.rival.cell),
            Why::Unknown(winner, rival) => (*winner, *rival),
        };
        let command = reproduce::two_cells(record, [winner, rival].map(|cell| cell.name.to_string()))?;
        let size = format::size(winner.name.size);
        let (sentence, shown) = match why {
            Why::Known(told) => (sentence(&scenario.info.unit, &told), Some(Shown::new(view, &told))),
            Why::Unknown(winner, rival) => (unknown(winner, rival), None),
        };
        Some(Section { sentence, command, size, shown })
    }
}

/// That it is not known where the instructions of two cells go.
fn unknown(winner: &CellRecord, rival: &CellRecord) -> String {
    format!(
        "The functions are known for the counts of the baseline, and those of {} and {} are others.",
        winner.name.contender, rival.name.contender
    )
}

/// What makes the difference, in words.
fn sentence(unit: &str, told: &Difference<'_>) -> String {
    let [winner, rival] = [&told.winner, &told.rival].map(|side| side.cell.name.contender.as_str());
    let [less, more] = [&told.winner, &told.rival].map(|side| format::value(side.instructions()));
    if told.rival.instructions() <= told.winner.instructions() * TIE {
        return format!("{winner} and {rival} need as many instructions for each {unit}: {less} and {more}.");
    }
    let by = |pair: &Pair| format::value(pair.difference().abs());
    let mut text = format!(
        "For each {unit}, {rival} needs {} instructions more than {winner}: {more} in place of {less}.",
        format::value(told.more())
    );
    let named = |pair: &Pair| Named::of(&pair.function).in_words();
    let main = told.main();
    let is_most = main.iter().map(|pair| pair.difference()).sum::<f64>() >= told.more() / 2.0;
    text += &match (&main[..], is_most) {
        ([], _) => " No function alone makes up a fifth of that.".to_owned(),
        ([only], true) => format!(" Most of that is in {}: {} more.", named(only), by(only)),
        ([only], false) => format!(" The largest part is in {}: {} more.", named(only), by(only)),
        ([first, second, ..], _) => format!(
            " {} in {}, {} more, and in {}, {} more.",
            if is_most { "Most of that is" } else { "The largest parts are" },
            named(first),
            by(first),
            named(second),
            by(second)
        ),
    };
    if let Some(pair) = told.return_of() {
        text += &format!(" In return, {winner} spends {} more in {}.", by(pair), named(pair));
    }
    if let Some((work, by)) = told.work() {
        text +=
            &format!(" Over all functions, {rival} spends {} more on {}.", format::value(by), work.word());
    }
    text
}

/// A function's name, taken apart.
struct Named<'a> {
    /// `clone`, or `a closure`.
    name: &'a str,
    /// The directory of its crate, `imbl-7.0.0`; empty if that is not known.
    origin: &'a str,
    /// Its file; empty if that is not known.
    place: &'a str,
}

impl<'a> Named<'a> {
    fn of(function: &'a str) -> Self {
        let parts = function.strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
        let (name, place) = parts.unwrap_or((function, ""));
        let mut directories = place.split('/');
        let origin = match directories.next() {
            // A contender has a crate below its bottleneck.
            Some("impls") => directories.nth(1),
            first => first.filter(|_| place.contains('/')),
        };
        let name = if name.starts_with("{closure") { "a closure" } else { name };
        Named { name, origin: origin.unwrap_or_default(), place }
    }

    fn file(&self) -> &'a str {
        self.place.rsplit('/').next().unwrap_or_default()
    }

    /// With its crate and file: `clone (imbl-7.0.0, map.rs)`.
    fn in_words(&self) -> String {
        match (self.origin, self.file()) {
            ("", "") => self.name.to_owned(),
            ("", file) => format!("{} ({file})", self.name),
            (origin, file) => format!("{} ({origin}, {file})", self.name),
        }
    }

    /// With its file: `clone (map.rs)`.
    fn in_file(&self) -> String {
        if self.place.is_empty() { self.name.to_owned() } else { format!("{} ({})", self.name, self.file()) }
    }
}

/// A library's symbol as people know it: `memcpy` for `__memcpy_avx_unaligned_erms`, `grow_one` for a method.
fn known_as(symbol: &str) -> &str {
    let name = symbol.rsplit("::").next().unwrap_or(symbol).trim_start_matches('_');
    let end =
        ["_avx", "_sse", "_evex", "_unaligned"].into_iter().filter_map(|suffix| name.find(suffix)).min();
    end.filter(|end| *end > 0).map_or(name, |end| &name[..end])
}

impl<'a> Shown<'a> {
    fn new(view: &BottleneckView<'a>, told: &Difference<'a>) -> Self {
        let scale = told.winner.instructions().max(told.rival.instructions());
        let bars = [&told.winner, &told.rival].map(|side| {
            let name = side.cell.name.contender.as_str();
            let series = view.contenders.iter().position(|contender| contender.name == name);
            let (parts, instructions) = (parts(side, scale), format::value(side.instructions()));
            let large = parts.iter().filter(|part| part.cost >= TOLD * side.instructions());
            let large = large.map(|part| format!("{} {}", part.name, format::value(part.cost)));
            let large: Vec<String> = large.collect();
            let label = format!("{name}: {}", large.join(", "));
            Bar { name, instructions, svg: icicle::bar(series.unwrap_or_default(), &parts, scale, &label) }
        });
        let value = |cost: Option<f64>| cost.map_or(format::ABSENT.to_owned(), format::value);
        let row = |(pair, _): &(Pair, Vec<Pair>)| {
            let Named { name, place, .. } = Named::of(&pair.function);
            // Whose bottleneck a contender is of need not be said on its page.
            let own = format!("{}/", view.info.name);
            let place = place.strip_prefix("impls/").map_or(place, |it| it.strip_prefix(&own).unwrap_or(it));
            let sign = if pair.difference() < 0.0 { "−" } else { "+" };
            Row {
                name: name.to_owned(),
                place: place.to_owned(),
                winner: value(pair.left),
                rival: value(pair.right),
                difference: format!("{sign}{}", format::value(pair.difference().abs())),
            }
        };
        let most = told.pairs.first().map_or(0.0, |(pair, _)| pair.difference().abs());
        let differs = |pair: &Pair| pair.difference().abs() >= LEAST_ROW * most && most > 0.0;
        let differ = told.pairs.iter().filter(|(pair, _)| differs(pair));
        Shown { bars: bars.into(), rows: differ.take(ROWS).map(row).collect() }
    }
}

/// The boxes of a cell in a bar of that scale: its functions, the dearest first, and in the last box all that cost little.
fn parts(side: &Side<'_>, scale: f64) -> Vec<Part> {
    let spent = side.spent();
    let mut functions: Vec<_> = Grouped::of(side.functions).functions().collect();
    // Equals are in the order of their names.
    functions.sort_by_key(|(_, (cost, _))| Reverse(*cost));
    let whole = side.instructions();
    functions.retain(|(_, (cost, _))| spent.per_op(*cost) >= icicle::LEAST * scale);
    functions.truncate(BOXES);
    let part = |(function, (cost, callees)): (String, (u64, Functions))| {
        let below = callees.iter().map(|(name, cost)| (known_as(name).to_owned(), spent.per_op(*cost)));
        let mut below: Vec<(String, f64)> = below.collect();
        below.sort_by(|left, right| right.1.total_cmp(&left.1));
        let named = Named::of(&function);
        Part { title: named.in_file(), name: named.name.to_owned(), cost: spent.per_op(cost), below }
    };
    let mut parts: Vec<Part> = functions.into_iter().map(part).collect();
    let rest = whole - parts.iter().map(|part| part.cost).sum::<f64>();
    if rest > 0.0 {
        parts.push(Part { name: "other".into(), title: "other".into(), cost: rest, below: Vec::new() });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Entry;
    use crate::fixture::record;
    use crate::metric::Metric;
    use crate::record::{InputInfo, Role};

    #[test]
    fn a_function_is_named_with_its_crate_and_file() {
        for (function, words, in_file) in [
            ("clone (imbl-7.0.0/src/ord/map.rs)", "clone (imbl-7.0.0, map.rs)", "clone (map.rs)"),
            ("get (impls/slots/slab/src/lib.rs)", "get (slab, lib.rs)", "get (lib.rs)"),
            ("{closure#1} (scenarios/src/a.rs)", "a closure (scenarios, a.rs)", "a closure (a.rs)"),
            ("push (vector.rs)", "push (vector.rs)", "push (vector.rs)"),
            ("__libc_start_main", "__libc_start_main", "__libc_start_main"),
        ] {
            let named = Named::of(function);
            assert_eq!((named.in_words(), named.in_file()), (words.to_owned(), in_file.to_owned()));
        }
    }

    #[test]
    fn library_symbols_have_the_names_that_people_know() {
        for (symbol, name) in [
            ("__memcpy_avx_unaligned_erms", "memcpy"),
            ("__rustc::__rust_alloc", "rust_alloc"),
            ("alloc::raw_vec::finish_grow", "finish_grow"),
            ("malloc", "malloc"),
            ("_avx", "avx"),
        ] {
            assert_eq!(known_as(symbol), name);
        }
    }

    const CONTENDERS: [(&str, Role); 2] = [("own", Role::Optimized), ("peer", Role::Peer)];

    /// The section of a record in which `own` needs 100 instructions and `peer` as many as these functions.
    fn section(peer: &[(&str, u64)], then: impl Fn(Option<Section<'_>>)) {
        // The second cell makes two operations.
        let whole: u64 = peer.iter().map(|(_, cost)| cost).sum();
        let record = record(&CONTENDERS, &[("get", 10, "own", 100), ("get", 10, "peer", whole / 2)]);
        let views = BottleneckView::all(&record).unwrap();
        let mut baseline = Baseline::default();
        for (cell, functions) in
            record.cells.iter().zip([&[("keep (b/own.rs)", 70), ("find (b/own.rs)", 30)], peer])
        {
            let mut entry = Entry::default();
            entry.counts.insert(Metric::Instructions, cell.measured.instructions.unwrap());
            entry.functions = functions.iter().map(|(row, cost)| ((*row).to_owned(), *cost)).collect();
            baseline.cells.insert(cell.name.clone(), entry);
        }
        then(Section::new(&record, &views[0], &views[0].scenarios[0], &baseline));
        let input = Some(InputInfo { name: "t".into(), sha256: "0".into(), ..InputInfo::default() });
        let on_a_file = Record { input, ..record.clone() };
        assert!(Section::new(&on_a_file, &views[0], &views[0].scenarios[0], &baseline).is_none());
    }

    #[test]
    fn the_difference_is_told_in_words() {
        let is = |functions: &[(&str, u64)], expected: &str| {
            section(functions, |section| assert_eq!(section.unwrap().sentence, expected));
        };
        is(
            &[
                ("find (b/own.rs)", 20),
                ("clone (im-15/src/a.rs)", 100),
                ("clone (im-15/src/a.rs) > malloc", 480),
            ],
            "For each op, peer needs 200 instructions more than own: 300 in place of 100. Most of that is in clone (im-15, \
             a.rs): 290 more. In return, own spends 70.0 more in keep (b, own.rs). Over all functions, peer spends 240 more on \
             allocating memory.",
        );
        is(
            &[("keep (b/own.rs)", 140), ("find (b/own.rs)", 60), ("a", 150), ("b", 130), ("c", 120)],
            "For each op, peer needs 200 instructions more than own: 300 in place of 100. Most of that is in a, 75.0 more, and \
             in b, 65.0 more.",
        );
        is(&[("a", 201)], "own and peer need as many instructions for each op: 100 and 100.");
    }

    #[test]
    fn a_bar_has_all_instructions_and_a_table_those_that_differ() {
        section(&[("clone (im-15/src/a.rs)", 500), ("clone (im-15/src/a.rs) > malloc", 100)], |section| {
            let section = section.unwrap();
            assert_eq!(section.command, "scripts/just lab explain b/get/10/own b/get/10/peer");
            let Shown { bars, rows } = section.shown.unwrap();
            let named: Vec<(&str, &str)> = bars.iter().map(|bar| (bar.name, &*bar.instructions)).collect();
            assert_eq!(named, [("own", "100"), ("peer", "300")]);
            // A third of the width, because the rival needs three times as much.
            assert!(
                bars[0].svg.contains("<svg width=23.3%><title>keep (own.rs) 70.0</title>"),
                "{}",
                bars[0].svg
            );
            assert!(
                bars[1].svg.contains("<svg width=100%><title>clone (a.rs) 300</title>"),
                "{}",
                bars[1].svg
            );
            assert!(
                bars[1].svg.contains("<g><svg width=16.7%><title>malloc 50.0</title>"),
                "{}",
                bars[1].svg
            );
            let rows =
                rows.iter().map(|row| [&*row.name, &*row.place, &*row.winner, &*row.rival, &*row.difference]);
            assert_eq!(
                rows.collect::<Vec<_>>(),
                [
                    ["clone", "im-15/src/a.rs", "–", "300", "+300"],
                    ["keep", "b/own.rs", "70.0", "–", "−70.0"],
                    ["find", "b/own.rs", "30.0", "–", "−30.0"],
                ]
            );
        });
    }
}
