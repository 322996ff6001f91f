//! Two cells side by side: which functions make the difference.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::grouped::Grouped;
use super::output::{count, print, table};
use crate::judge::explained::Explained;

/// A function, or a library function that it calls, with what it costs in each of two cells per operation.
#[derive(Clone, Debug, PartialEq)]
struct Pair {
    function: String,
    callee: Option<String>,
    left: Option<f64>,
    right: Option<f64>,
}

impl Pair {
    /// By how much the second cell needs more.
    fn difference(&self) -> f64 {
        self.right.unwrap_or(0.0) - self.left.unwrap_or(0.0)
    }
}

/// A library function gets a line if at least this share of the difference between the cells lies in it.
const LEAST_SHARE: f64 = 0.02;

/// The functions of both cells, those between which most of the difference lies first, each with the library functions that
/// it calls and that matter.
fn pairs(left: &Explained, right: &Explained) -> Vec<(Pair, Vec<Pair>)> {
    let [of_left, of_right] = [left, right].map(|cell| Grouped::of(&cell.functions));
    let per_op =
        |cell: &Explained, count: Option<u64>| count.map(|count| count as f64 / cell.ops.max(1) as f64);
    let pair = |function: &str, callee: Option<&str>| Pair {
        function: function.to_owned(),
        callee: callee.map(str::to_owned),
        left: per_op(left, of_left.get(function, callee)),
        right: per_op(right, of_right.get(function, callee)),
    };
    let by_difference = |pairs: &mut Vec<Pair>| {
        pairs.sort_by(|one, other| other.difference().abs().total_cmp(&one.difference().abs()));
    };
    let names: BTreeSet<&str> = of_left.names().chain(of_right.names()).collect();
    let mut functions: Vec<Pair> = names.into_iter().map(|name| pair(name, None)).collect();
    by_difference(&mut functions);
    let whole: f64 = functions.iter().map(|pair| pair.difference().abs()).sum();
    let with_callees = functions.into_iter().map(|function| {
        let names: BTreeSet<&str> =
            of_left.callees(&function.function).chain(of_right.callees(&function.function)).collect();
        let mut callees: Vec<Pair> =
            names.into_iter().map(|name| pair(&function.function, Some(name))).collect();
        callees.retain(|callee| callee.difference().abs() >= LEAST_SHARE * whole);
        by_difference(&mut callees);
        (function, callees)
    });
    with_callees.collect()
}

/// How many lines of source a function gets at most.
const MOST_LINES: usize = 4;

/// The lines of a function's source between which most of the difference lies, each with what it costs in both cells per
/// operation. A function without a name in one of the cells has lines in the other one only.
fn lines(
    left: &Explained,
    right: &Explained,
    function: &str,
    whole: f64,
) -> Vec<(u32, Option<f64>, Option<f64>)> {
    let [of_left, of_right] = [left, right].map(|cell| {
        let lines = cell.lines.get(function).into_iter().flatten();
        let per_op = |(line, count): (&u32, &u64)| (*line, *count as f64 / cell.ops.max(1) as f64);
        lines.map(per_op).collect::<BTreeMap<u32, f64>>()
    });
    let numbers: BTreeSet<u32> = of_left.keys().chain(of_right.keys()).copied().collect();
    let cost = |of: &BTreeMap<u32, f64>, line| of.get(&line).copied();
    let mut lines: Vec<_> =
        numbers.into_iter().map(|line| (line, cost(&of_left, line), cost(&of_right, line))).collect();
    let difference =
        |line: &(u32, Option<f64>, Option<f64>)| (line.2.unwrap_or(0.0) - line.1.unwrap_or(0.0)).abs();
    lines.retain(|line| difference(line) >= LEAST_SHARE * whole);
    lines.sort_by(|one, other| difference(other).total_cmp(&difference(one)));
    lines.truncate(MOST_LINES);
    lines
}

/// Prints both cells, and the `top` functions that make most of the difference, with their lines of source if asked.
pub fn show(left: &Explained, right: &Explained, top: usize, with_lines: bool) -> Result<()> {
    let per_op = |cell: &Explained| cell.instructions as f64 / cell.ops.max(1) as f64;
    for (letter, cell) in ["A", "B"].into_iter().zip([left, right]) {
        print(&format!(
            "{letter}  {}: {} instructions, {:.1} for each of {}",
            cell.cell,
            count(cell.instructions),
            per_op(cell),
            count(cell.ops)
        ))?;
    }
    print(&format!("B needs {:.2} times as many as A for each operation.", per_op(right) / per_op(left)))?;
    let mut table = table(&["A per op", "B per op", "B - A", "function"], 0);
    if let Some(last) = table.column_iter_mut().last() {
        last.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    let spelled = |cost: Option<f64>| cost.map_or("–".to_owned(), |cost| format!("{cost:.1}"));
    let pairs = pairs(left, right);
    let (shown, rest) = pairs.split_at(top.min(pairs.len()));
    let whole: f64 = pairs.iter().map(|(function, _)| function.difference().abs()).sum();
    let mut add = |left: Option<f64>, right: Option<f64>, name: String| {
        let difference = right.unwrap_or(0.0) - left.unwrap_or(0.0);
        table.add_row([spelled(left), spelled(right), format!("{difference:+.1}"), name]);
    };
    for (function, callees) in shown {
        add(function.left, function.right, function.function.clone());
        for pair in callees {
            add(pair.left, pair.right, format!("  of which {}", pair.callee.as_deref().unwrap_or_default()));
        }
        if with_lines {
            for (line, of_left, of_right) in lines(left, right, &function.function, whole) {
                add(of_left, of_right, format!("  line {line}"));
            }
        }
    }
    print(&table.to_string())?;
    if !rest.is_empty() {
        let difference: f64 = rest.iter().map(|(function, _)| function.difference()).sum();
        print(&format!("{} more functions: {difference:+.1}", rest.len()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(ops: u64, functions: &[(&str, u64)]) -> Explained {
        let functions: crate::measure::meters::callgrind::Functions =
            functions.iter().map(|(row, cost)| ((*row).to_owned(), *cost)).collect();
        Explained {
            cell: String::new(),
            instructions: functions.values().sum(),
            ops,
            functions,
            by_caller: true,
            lines: Default::default(),
            atomics: None,
        }
    }

    #[test]
    fn the_difference_is_that_of_the_functions_per_operation() {
        use crate::measure::meters::callers::Row;
        let row = |function: &str, callee: Option<&str>| {
            Row { function: function.to_owned(), callee: callee.map(str::to_owned) }.to_string()
        };
        let with_malloc = row("insert", Some("malloc"));
        let left = cell(10, &[("insert", 500), (&with_malloc, 1000), ("shared", 70), ("only_left", 20)]);
        let right = cell(20, &[("insert", 1000), (&with_malloc, 400), ("shared", 140), ("only_right", 4000)]);
        let pairs = pairs(&left, &right);
        let rows = pairs.iter().flat_map(|(function, callees)| std::iter::once(function).chain(callees));
        let told = rows.map(|pair| (&*pair.function, pair.callee.as_deref(), pair.left, pair.right));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                ("only_right", None, None, Some(200.0)),
                ("insert", None, Some(150.0), Some(70.0)),
                ("insert", Some("malloc"), Some(100.0), Some(20.0)),
                ("only_left", None, Some(2.0), None),
                ("shared", None, Some(7.0), Some(7.0)),
            ]
        );
        let mut with_lines = [left, right];
        let of_insert = [[(7, 400), (9, 1000)], [(8, 1000), (9, 400)]];
        for (cell, costs) in with_lines.iter_mut().zip(of_insert) {
            cell.lines.insert("insert".to_owned(), costs.into());
        }
        let [left, right] = with_lines;
        // Line 8 is new, and line 9 costs 20 in place of 100 for each operation.
        let expected = [(9, Some(100.0), Some(20.0)), (8, None, Some(50.0)), (7, Some(40.0), None)];
        assert_eq!(lines(&left, &right, "insert", 300.0), expected);
        assert_eq!(lines(&left, &right, "insert", 3000.0), expected[..1]);
        let sum: f64 = pairs.iter().map(|(function, _)| function.difference()).sum();
        let per_op = |cell: &Explained| cell.instructions as f64 / cell.ops as f64;
        assert!((sum - (per_op(&right) - per_op(&left))).abs() < 1e-9);
    }
}
