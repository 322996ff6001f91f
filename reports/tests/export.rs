//! The exports, of a record of realistic size, beside the shapes that their readers publish.

mod common;

use std::collections::BTreeSet;

use reports::Metric;
use reports::export::services::{bencher, github_action_benchmark};
use reports::export::table::{Choice, Row, csv, jsonl, rows};
use reports::kept::Kept;
use serde_json::Value;

const ALL: Choice<'static> = Choice { metrics: Metric::ALL, cells: &|_| true };

fn full_size() -> (usize, Vec<Row>) {
    let record = common::full_size();
    let values =
        record.cells.iter().map(|cell| Metric::ALL.iter().filter_map(|metric| metric.value(cell)).count());
    (values.sum(), rows(&Kept::of(&record), &ALL))
}

#[test]
fn every_value_has_a_row_and_no_row_is_twice() {
    let (values, rows) = full_size();
    assert!(values > 1000 && rows.len() == values, "{values} values, {} rows", rows.len());
    let keys: BTreeSet<_> = rows
        .iter()
        .map(|row| (&row.bottleneck, &row.scenario, row.size, &row.contender, &row.metric))
        .collect();
    assert_eq!(keys.len(), rows.len());
    assert!(
        rows.iter().all(|row| row.total.is_none() || row.total.unwrap() as f64 / row.ops as f64 == row.value)
    );
    assert!(rows.iter().all(|row| row.low.is_some() == row.high.is_some()));
}

#[test]
fn both_tables_hold_the_same() {
    let (_, rows) = full_size();
    let csv_text = csv(&rows);
    let from_csv: Vec<Row> =
        csv::Reader::from_reader(csv_text.as_bytes()).deserialize().map(Result::unwrap).collect();
    assert_eq!(from_csv, rows);
    let text = jsonl(&rows);
    assert_eq!(text.lines().count(), rows.len());
    for (line, row) in text.lines().zip(&rows) {
        let read: Row = serde_json::from_str(line).unwrap();
        assert_eq!((&read.metric, read.total, &read.conditions), (&row.metric, row.total, &row.conditions));
        assert!((read.value - row.value).abs() <= row.value.abs() * 1e-15);
    }
}

/// The rules of https://bencher.dev/bmf.json, and the lengths that its reference page allows.
#[track_caller]
fn assert_is_bmf(text: &str) -> usize {
    let json: Value = serde_json::from_str(text).unwrap();
    let mut metrics = 0;
    for (benchmark, measures) in json.as_object().unwrap() {
        assert!(!benchmark.is_empty() && benchmark.len() <= 1024, "{benchmark}");
        for (measure, metric) in measures.as_object().unwrap() {
            let is_slug = |text: &str| {
                text.bytes().all(|byte| byte.is_ascii_lowercase() || b"-0123456789".contains(&byte))
            };
            assert!((1..=64).contains(&measure.len()) && is_slug(measure), "{measure}");
            let metric = metric.as_object().unwrap();
            assert!(metric.contains_key("value"), "{benchmark} {measure}");
            for (field, value) in metric {
                assert!(["value", "lower_value", "upper_value"].contains(&&**field), "{field}");
                assert!(value.is_number(), "{benchmark} {measure} {field}: {value}");
            }
            metrics += 1;
        }
    }
    metrics
}

#[test]
fn the_bencher_metric_format_is_kept() {
    let (values, rows) = full_size();
    let text = bencher(&rows);
    assert_eq!(assert_is_bmf(&text), values);
    let json: Value = serde_json::from_str(&text).unwrap();
    for row in &rows {
        let cell = format!("{}/{}/{}/{}", row.bottleneck, row.scenario, row.size, row.contender);
        let metric = &json[cell][row.metric.replace('_', "-")];
        for (field, expected) in
            [("value", Some(row.value)), ("lower_value", row.low), ("upper_value", row.high)]
        {
            let found = metric.get(field).map(|value| value.as_f64().unwrap());
            assert_eq!(found.is_some(), expected.is_some());
            assert!(
                found.zip(expected).is_none_or(
                    |(found, expected)| (found / expected - 1.0).abs() < 1e-12 || found == expected
                )
            );
        }
    }
    assert_eq!(assert_is_bmf(&bencher(&[])), 0);
}

/// What github-action-benchmark reads of `customSmallerIsBetter`: an array of objects with `name`, `unit` and `value`, and
/// texts in `range` and `extra`. A range that it understands is a distance to either side.
#[test]
fn the_format_of_github_action_benchmark_is_kept() {
    let (values, rows) = full_size();
    let json: Value = serde_json::from_str(&github_action_benchmark(&rows)).unwrap();
    let entries = json.as_array().unwrap();
    assert_eq!(entries.len(), values);
    let mut names = BTreeSet::new();
    for (entry, row) in entries.iter().zip(&rows) {
        let entry = entry.as_object().unwrap();
        assert!(entry.keys().all(|key| ["name", "unit", "value", "range", "extra"].contains(&&**key)));
        assert!(
            ["name", "unit", "extra"].iter().all(|field| entry[*field].is_string())
                && entry["value"].is_number()
        );
        assert!(names.insert(entry["name"].as_str().unwrap()), "{} is there twice", entry["name"]);
        let range = entry.get("range").map(|range| {
            let number = range.as_str().unwrap().strip_prefix("± ").unwrap();
            assert!(number.len() > 1, "the action wants two characters: {number}");
            number.parse::<f64>().unwrap()
        });
        assert_eq!(range.is_some(), row.low.is_some());
        if let (Some(range), Some(low), Some(high)) = (range, row.low, row.high) {
            assert!(row.value - range <= low + 1e-4 && row.value + range >= high - 1e-4);
        }
    }
}

#[test]
fn a_hostile_record_is_exported_as_it_is() {
    let rows = rows(&Kept::of(&common::hostile()), &ALL);
    let text = csv(&rows);
    let read: Vec<Row> =
        csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect();
    assert_eq!(read, rows);
    let json: Value = serde_json::from_str(&bencher(&rows)).unwrap();
    assert!(json.is_object());
    assert_eq!(jsonl(&rows).lines().count(), rows.len());
}

/// The page for those who read the table names every column, in order, and every metric.
#[test]
fn the_table_is_documented() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/exports.md")).unwrap();
    let header = csv(&[]);
    let mut rest = page.split_once("\n## The table").unwrap().1;
    for column in header.trim().split(',') {
        let spelled = format!("`{column}`");
        rest = rest
            .split_once(&spelled)
            .unwrap_or_else(|| panic!("{spelled} is not there, or not in its place"))
            .1;
    }
    for metric in Metric::ALL {
        assert!(rest.contains(&format!("`{}`", metric.key())), "{metric:?}");
    }
}
