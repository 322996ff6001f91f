//! JSON for services that keep a project's benchmarks: Bencher and github-action-benchmark.
//!
//! Both take a lower number for a better one, as all metrics of the lab are.

use std::collections::BTreeMap;

use serde::Serialize;

use super::table::Row;
use crate::cell_name::CellName;

/// A metric in the Bencher Metric Format.
#[derive(Serialize)]
struct Measure {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

/// The rows of one record in the Bencher Metric Format: by cell, and there by measure, the value per operation.
///
/// # Panics
/// Not in practice: a row has no number that JSON lacks.
pub fn bencher(rows: &[Row]) -> String {
    let mut benchmarks: BTreeMap<String, BTreeMap<String, Measure>> = BTreeMap::new();
    for row in rows {
        let measure = Measure { value: row.value, lower_value: row.low, upper_value: row.high };
        benchmarks.entry(name(row).to_string()).or_default().insert(slug(row), measure);
    }
    pretty(&benchmarks)
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("a row has no number that JSON lacks") + "\n"
}

/// An entry of github-action-benchmark's `customSmallerIsBetter`.
#[derive(Serialize)]
struct Entry {
    name: String,
    unit: String,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

/// The rows of one record as github-action-benchmark's `customSmallerIsBetter`: one entry for each cell and metric.
///
/// # Panics
/// Not in practice: a row has no number that JSON lacks.
pub fn github_action_benchmark(rows: &[Row]) -> String {
    pretty(&rows.iter().map(entry).collect::<Vec<Entry>>())
}

fn entry(row: &Row) -> Entry {
    // The action knows a range as one distance to either side: the longer one promises nothing.
    let range = row.low.zip(row.high).map(|(low, high)| {
        let distance = (row.value - low).max(high - row.value).max(0.0);
        format!("± {distance:.4}")
    });
    let reference = row.reference.as_ref().map_or_else(String::new, |to| format!("\nratio to {to}"));
    Entry {
        name: format!("{} {}", name(row), slug(row)),
        unit: unit(row),
        value: row.value,
        range,
        extra: format!("{} operations\nconditions {}{reference}", row.ops, row.conditions),
    }
}

/// The unit with its divisor: `ns/op`.
fn unit(row: &Row) -> String {
    if row.reference.is_some() { row.unit.clone() } else { format!("{}/op", row.unit) }
}

fn name(row: &Row) -> CellName {
    CellName {
        bottleneck: row.bottleneck.clone(),
        scenario: row.scenario.clone(),
        size: row.size,
        contender: row.contender.clone(),
    }
}

/// The metric's key as Bencher spells the name of a measure in an address: `peak-bytes`.
fn slug(row: &Row) -> String {
    row.metric.replace('_', "-")
}
