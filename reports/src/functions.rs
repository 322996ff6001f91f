//! The functions of a cell: what each of them costs, and what it costs in each library function that it calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A row of what a cell spends: a function's own code, or its calls of a library function. The rows add up to the cell.
///
/// It is spelled `push_back (vector.rs)` or `push_back (vector.rs) > malloc`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The function outside the libraries. If no caller is known, the library function itself.
    pub function: String,
    /// The library function that it calls; `None` for the function's own code.
    pub callee: Option<String>,
}

/// Stands between a function and the library function that it calls.
const CALLS: &str = " > ";

impl Row {
    /// Reads a row as it is spelled.
    pub fn parse(text: &str) -> Self {
        match text.split_once(CALLS) {
            Some((function, callee)) => {
                Row { function: function.to_owned(), callee: Some(callee.to_owned()) }
            }
            None => Row { function: text.to_owned(), callee: None },
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.function)?;
        self.callee.as_ref().map_or(Ok(()), |callee| write!(formatter, "{CALLS}{callee}"))
    }
}

/// Instructions or atomics by [row](Row).
pub type Functions = BTreeMap<String, u64>;

/// Instructions or atomics by function, and below each function by the library function that it calls.
#[derive(Default)]
pub struct Grouped(BTreeMap<String, (u64, Functions)>);

impl Grouped {
    /// Groups rows.
    pub fn of(rows: &Functions) -> Self {
        let mut grouped = Grouped::default();
        for (row, cost) in rows {
            let Row { function, callee } = Row::parse(row);
            let (whole, callees) = grouped.0.entry(function).or_default();
            *whole += cost;
            callees.extend(callee.map(|callee| (callee, *cost)));
        }
        grouped
    }

    /// The count of a function, or of a library function that it calls.
    pub fn get(&self, function: &str, callee: Option<&str>) -> Option<u64> {
        let (whole, callees) = self.0.get(function)?;
        callee.map_or(Some(*whole), |callee| callees.get(callee).copied())
    }

    /// Every function with its count, and the library functions that it calls with theirs.
    pub fn functions(self) -> impl Iterator<Item = (String, (u64, Functions))> {
        self.0.into_iter()
    }

    /// The names of the functions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The names of the library functions that a function calls.
    pub fn callees(&self, function: &str) -> impl Iterator<Item = &str> {
        self.0.get(function).into_iter().flat_map(|(_, callees)| callees.keys().map(String::as_str))
    }
}

/// What a cell spends in all of its operations.
#[derive(Clone, Copy)]
pub struct Spent<'a> {
    /// By row.
    pub functions: &'a Functions,
    /// The operations.
    pub ops: u64,
}

impl Spent<'_> {
    /// What a count is for each operation.
    pub fn per_op(self, count: u64) -> f64 {
        count as f64 / self.ops.max(1) as f64
    }
}

/// A function, or a library function that it calls, with what it costs in each of two cells per operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The function.
    pub function: String,
    /// The library function that it calls.
    pub callee: Option<String>,
    /// What it costs in the first cell, if it is there.
    pub left: Option<f64>,
    /// What it costs in the second cell, if it is there.
    pub right: Option<f64>,
}

impl Pair {
    /// By how much the second cell needs more.
    pub fn difference(&self) -> f64 {
        self.right.unwrap_or(0.0) - self.left.unwrap_or(0.0)
    }
}

/// A library function gets a line if at least this share of the difference between the cells lies in it.
const LEAST_SHARE: f64 = 0.02;

/// The functions of both cells, those between which most of the difference lies first, each with the library functions that
/// it calls and that matter.
pub fn pairs(left: Spent<'_>, right: Spent<'_>) -> Vec<(Pair, Vec<Pair>)> {
    let [of_left, of_right] = [left, right].map(|cell| Grouped::of(cell.functions));
    let pair = |function: &str, callee: Option<&str>| Pair {
        function: function.to_owned(),
        callee: callee.map(str::to_owned),
        left: of_left.get(function, callee).map(|count| left.per_op(count)),
        right: of_right.get(function, callee).map(|count| right.per_op(count)),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn functions(of: &[(&str, u64)]) -> Functions {
        of.iter().map(|(row, cost)| ((*row).to_owned(), *cost)).collect()
    }

    #[test]
    fn a_row_is_read_as_it_is_written() {
        for text in ["push_back (vector.rs)", "push_back (vector.rs) > malloc", "malloc"] {
            assert_eq!(Row::parse(text).to_string(), text);
        }
        assert_eq!(Row::parse("a (b.rs) > c").callee.as_deref(), Some("c"));
    }

    #[test]
    fn the_difference_is_that_of_the_functions_per_operation() {
        let left =
            functions(&[("insert", 500), ("insert > malloc", 1000), ("shared", 70), ("only_left", 20)]);
        let right =
            functions(&[("insert", 1000), ("insert > malloc", 400), ("shared", 140), ("only_right", 4000)]);
        let [left, right] = [(&left, 10), (&right, 20)].map(|(functions, ops)| Spent { functions, ops });
        let pairs = pairs(left, right);
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
        let per_op = |cell: Spent<'_>| cell.per_op(cell.functions.values().sum());
        assert!((sum - (per_op(right) - per_op(left))).abs() < 1e-9);
    }
}
