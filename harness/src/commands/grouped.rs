//! The functions of a cell, each with the library functions that it calls.

use std::collections::BTreeMap;

use crate::measure::meters::callers::Row;
use crate::measure::meters::callgrind::Functions;

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
