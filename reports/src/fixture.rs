//! Records that tests are made of.

use std::collections::BTreeSet;

use crate::measurements::Interval;
use crate::record::{
    BottleneckInfo, CellRecord, ContenderInfo, Measurements, Record, Role, SCHEMA, ScenarioInfo, Times,
};

/// A record of one bottleneck: contenders with their roles, and cells as (scenario, size,
/// contender, instructions per operation). Every cell has a number of operations of its own.
pub fn record(contenders: &[(&str, Role)], cells: &[(&str, u64, &str, u64)]) -> Record {
    let contender = |(name, role): &(&str, Role)| ContenderInfo {
        bottleneck: "b".into(),
        name: (*name).into(),
        role: *role,
        summary: String::new(),
        source: String::new(),
        analysis: String::new(),
        complexity: Default::default(),
        caveats: Vec::new(),
    };
    let scenario = |name: &str| ScenarioInfo {
        name: name.into(),
        summary: String::new(),
        unit: "op".into(),
        keeps_versions: name.ends_with("_shared"),
        purpose: None,
    };
    let cell = |(at, (scenario, size, name, per_op)): (usize, &(&str, u64, &str, u64))| CellRecord {
        name: format!("b/{scenario}/{size}/{name}").parse().unwrap(),
        role: contenders.iter().find(|(listed, _)| listed == name).unwrap().1,
        ops: at as u64 + 1,
        digest: String::new(),
        measured: Measurements { instructions: Some(per_op * (at as u64 + 1)), ..Measurements::default() },
        observed: Default::default(),
    };
    let mut names: Vec<&str> = vec!["get", "put", "put_shared"];
    names.extend(cells.iter().map(|(scenario, ..)| *scenario));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    Record {
        schema: SCHEMA,
        bottlenecks: vec![BottleneckInfo {
            concurrent: Vec::new(),
            memory: Vec::new(),
            composition: None,
            choice: None,
            name: "b".into(),
            title: String::new(),
            question: String::new(),
            reference: String::new(),
            scenarios: names.into_iter().map(scenario).collect(),
        }],
        contenders: contenders.iter().map(contender).collect(),
        cells: cells.iter().enumerate().map(cell).collect(),
        ..Record::default()
    }
}

/// Times of these bounds per operation, in a cell with so many operations.
pub fn timed(cell: &mut CellRecord, low: f64, high: f64) {
    let ops = cell.ops as f64;
    let interval = Interval { low: low * ops, median: f64::midpoint(low, high) * ops, high: high * ops };
    cell.measured.times =
        Some(Times { warm_ns: interval, cold_ns: interval, drop_ns: None, disturbed: 0.0, ratios: None });
}
