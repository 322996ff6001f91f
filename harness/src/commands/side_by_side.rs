//! Two cells side by side: which functions make the difference.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use reports::functions::{Spent, pairs};

use super::output::{count, print, table};
use crate::judge::explained::Explained;

fn spent(cell: &Explained) -> Spent<'_> {
    Spent { functions: &cell.functions, ops: cell.ops }
}

/// A line of source gets a line if at least this share of the difference between the cells lies in it.
const LEAST_SHARE: f64 = 0.02;

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
        let per_op = |(line, count): (&u32, &u64)| (*line, spent(cell).per_op(*count));
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
    let pairs = pairs(spent(left), spent(right));
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

    fn cell(ops: u64, lines: &[(u32, u64)]) -> Explained {
        Explained {
            cell: String::new(),
            instructions: 1,
            ops,
            functions: Default::default(),
            by_caller: true,
            lines: [("insert".to_owned(), lines.iter().copied().collect())].into(),
            atomics: None,
        }
    }

    #[test]
    fn the_lines_that_make_the_difference_come_first() {
        let (left, right) = (cell(10, &[(7, 400), (9, 1000)]), cell(20, &[(8, 1000), (9, 400)]));
        // Line 8 is new, and line 9 costs 20 in place of 100 for each operation.
        let expected = [(9, Some(100.0), Some(20.0)), (8, None, Some(50.0)), (7, Some(40.0), None)];
        assert_eq!(lines(&left, &right, "insert", 300.0), expected);
        assert_eq!(lines(&left, &right, "insert", 3000.0), expected[..1]);
        assert!(lines(&left, &right, "remove", 300.0).is_empty());
    }
}
