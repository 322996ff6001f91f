//! Two cells side by side: which functions make the difference.

use std::collections::BTreeSet;

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

/// Prints both cells, and the `top` functions that make most of the difference.
pub fn show(left: &Explained, right: &Explained, top: usize) -> Result<()> {
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
    for pair in shown.iter().flat_map(|(function, callees)| std::iter::once(function).chain(callees)) {
        let name = pair
            .callee
            .as_ref()
            .map_or_else(|| pair.function.clone(), |callee| format!("  of which {callee}"));
        table.add_row([spelled(pair.left), spelled(pair.right), format!("{:+.1}", pair.difference()), name]);
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
        let sum: f64 = pairs.iter().map(|(function, _)| function.difference()).sum();
        let per_op = |cell: &Explained| cell.instructions as f64 / cell.ops as f64;
        assert!((sum - (per_op(&right) - per_op(&left))).abs() < 1e-9);
    }
}
