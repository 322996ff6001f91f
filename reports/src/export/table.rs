//! The table: one row for each cell and metric, as CSV or as JSON Lines.

use serde::{Deserialize, Serialize};

use crate::cell_name::CellName;
use crate::kept::{Kept, id};
use crate::metric::{Metric, Reading};
use crate::record::{CellRecord, Role};

/// Version of the table. It changes when a column is removed or renamed, or when its meaning or unit changes. A new column
/// comes last and does not change it.
pub const VERSION: u32 = 1;

/// A row: one metric of one cell of one record. The columns are in this order.
///
/// What does not exist is an empty field of CSV and `null` in JSON Lines, and never zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// [`VERSION`].
    pub export_version: u32,
    /// The record's name: a hash of what was measured, the same in the history.
    pub record: String,
    /// When the record's run started, RFC 3339, UTC.
    pub started: String,
    /// Git revision of the lab that measured; empty outside a repository.
    pub revision: String,
    /// Whether tracked files differed from that revision.
    pub dirty: bool,
    /// The run's profile.
    pub profile: String,
    /// A name for what the value depends on beside the code: compiler, Valgrind, input and, of times, the machine.
    pub conditions: String,
    /// Bottleneck.
    pub bottleneck: String,
    /// Scenario.
    pub scenario: String,
    /// Size.
    pub size: u64,
    /// Contender.
    pub contender: String,
    /// The contender's role.
    pub role: Role,
    /// The metric's key.
    pub metric: String,
    /// The value per operation; a ratio as it is.
    pub value: f64,
    /// The region's count, of an exact metric.
    pub total: Option<u64>,
    /// Lower bound of the value's 95 % interval, of a metric that has one.
    pub low: Option<f64>,
    /// Upper bound of the value's 95 % interval, of a metric that has one.
    pub high: Option<f64>,
    /// Unit of the value.
    pub unit: String,
    /// Operations of the region, by which totals and times are divided.
    pub ops: u64,
    /// Digest of the results. Values with different ones are of different work.
    pub digest: String,
    /// The contender to which a ratio refers.
    pub reference: Option<String>,
}

/// Which rows are wanted.
pub struct Choice<'a> {
    /// The metrics.
    pub metrics: &'a [Metric],
    /// The cells.
    pub cells: &'a dyn Fn(&CellName) -> bool,
}

/// The rows of a kept record: cells by name, and of each cell its metrics in the order of [`Metric::ALL`].
pub fn rows(kept: &Kept, choice: &Choice<'_>) -> Vec<Row> {
    named_rows(kept, &id(&kept.text()), choice)
}

/// The rows of a kept record whose name is known. It may have been read in part, and then its text is another.
pub fn named_rows(kept: &Kept, record: &str, choice: &Choice<'_>) -> Vec<Row> {
    let metrics = || Metric::ALL.iter().copied().filter(|metric| choice.metrics.contains(metric));
    let conditions: Vec<(Metric, String)> =
        metrics().map(|metric| (metric, kept.head.conditions(metric).key())).collect();
    let cells = kept.cells.iter().filter(|cell| (choice.cells)(&cell.name));
    let of_cell =
        |cell| conditions.iter().filter_map(move |(metric, key)| row(kept, record, cell, *metric, key));
    cells.flat_map(of_cell).collect()
}

fn row(kept: &Kept, record: &str, cell: &CellRecord, metric: Metric, conditions: &str) -> Option<Row> {
    let value = metric.value(cell)?;
    let interval = metric.interval(cell);
    let CellName { bottleneck, scenario, size, contender } = cell.name.clone();
    let reference = match metric.about().reading {
        Reading::Ratio(_) => cell.measured.ratios().map(|ratios| ratios.reference.clone()),
        Reading::Count(_) | Reading::Time(_) => None,
    };
    Some(Row {
        export_version: VERSION,
        record: record.to_owned(),
        started: kept.head.started.clone(),
        revision: kept.head.fingerprint.revision.clone(),
        dirty: kept.head.fingerprint.dirty,
        profile: kept.head.profile.clone(),
        conditions: conditions.to_owned(),
        bottleneck,
        scenario,
        size,
        contender,
        role: cell.role,
        metric: metric.key().to_owned(),
        value,
        total: metric.count(&cell.measured),
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
        unit: metric.unit().to_owned(),
        ops: cell.ops,
        digest: cell.digest.clone(),
        reference,
    })
}

/// The names of the columns, in order.
const COLUMNS: [&str; 21] = [
    "export_version",
    "record",
    "started",
    "revision",
    "dirty",
    "profile",
    "conditions",
    "bottleneck",
    "scenario",
    "size",
    "contender",
    "role",
    "metric",
    "value",
    "total",
    "low",
    "high",
    "unit",
    "ops",
    "digest",
    "reference",
];

/// The rows as CSV: RFC 4180, in UTF-8, with a header.
///
/// # Panics
/// Not in practice: only writing to a full disk fails, and this is memory.
pub fn csv(rows: &[Row]) -> String {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    // A table without rows has its header all the same.
    writer.write_record(COLUMNS).expect("memory takes it");
    for row in rows {
        writer.serialize(row).expect("memory takes it");
    }
    String::from_utf8(writer.into_inner().expect("memory takes it")).expect("rows are texts")
}

/// The rows as JSON Lines. Every line has every column.
///
/// # Panics
/// Not in practice: a row has no number that JSON lacks.
pub fn jsonl(rows: &[Row]) -> String {
    let line = |row| serde_json::to_string(row).expect("a row is JSON") + "\n";
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::{Allocations, Interval, Measurements, Ratios, Record, SCHEMA, Times};

    const ALL: Choice<'static> = Choice { metrics: Metric::ALL, cells: &|_| true };

    fn kept(instructions: u64, times: [f64; 3], ops: u64) -> Kept {
        let interval =
            |scale: f64| Interval { median: times[1] * scale, low: times[0] * scale, high: times[2] * scale };
        let cell = |name: &str, measured: Measurements| CellRecord {
            name: name.parse().unwrap(),
            role: Role::Peer,
            ops,
            digest: "0123456789abcdef".to_owned(),
            measured,
            observed: Default::default(),
        };
        let all = Measurements {
            instructions: Some(instructions),
            allocations: Some(Allocations { blocks: 0, ..Allocations::default() }),
            times: Some(Times {
                warm_ns: interval(1.0),
                cold_ns: interval(1.7),
                drop_ns: None,
                disturbed: 0.0,
                ratios: Some(Ratios {
                    reference: "it, \"is\"".to_owned(),
                    warm: interval(0.1),
                    cold: interval(0.3),
                }),
            }),
            ..Measurements::default()
        };
        let counted = Measurements { instructions: Some(7), ..Measurements::default() };
        Kept::of(&Record {
            schema: SCHEMA,
            started: "2026-03-01T12:30:59Z".to_owned(),
            cells: vec![cell("m/get/8/a", all), cell("m/get/8/b", counted)],
            ..Record::default()
        })
    }

    fn read_csv(text: &str) -> Vec<Row> {
        csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
    }

    #[test]
    fn the_columns_are_those_of_a_row() {
        let rows = rows(&kept(1, [1.0, 2.0, 3.0], 1), &ALL);
        let value = serde_json::to_string(&rows[0]).unwrap();
        let at = COLUMNS.map(|column| value.find(&format!("\"{column}\":")).expect(column));
        assert!(at.is_sorted(), "{value}");
        assert_eq!(value.matches("\":").count(), COLUMNS.len());
        assert_eq!(csv(&[]), COLUMNS.join(",") + "\n");
        assert_eq!(jsonl(&[]), "");
    }

    /// Readers depend on it: a change here is a new version, unless a column was added at the end.
    #[test]
    fn the_first_version_is_as_it_was_published() {
        let text = csv(&rows(&kept(2500, [20.0, 25.0, 35.0], 1000), &ALL));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "export_version,record,started,revision,dirty,profile,conditions,bottleneck,scenario,size,contender,role,\
             metric,value,total,low,high,unit,ops,digest,reference"
        );
        let of = |line: &str| {
            let fields = line.splitn(8, ',').collect::<Vec<_>>();
            (fields[..6].join(","), fields[7].to_owned())
        };
        let record = lines[1].split(',').nth(1).unwrap();
        assert_eq!(
            of(lines[1]),
            (
                format!("1,{record},2026-03-01T12:30:59Z,,false,"),
                "m,get,8,a,peer,instructions,2.5,2500,,,Ir,1000,0123456789abcdef,".to_owned()
            )
        );
        assert_eq!(of(lines[2]).1, "m,get,8,a,peer,blocks,0.0,0,,,blocks,1000,0123456789abcdef,");
        assert_eq!(of(lines[6]).1, "m,get,8,a,peer,warm_ns,0.025,,0.02,0.035,ns,1000,0123456789abcdef,");
        assert_eq!(
            of(lines[7]).1,
            "m,get,8,a,peer,warm_ratio,2.5,,2.0,3.5,ratio,1000,0123456789abcdef,\"it, \"\"is\"\"\""
        );
        assert_eq!(lines.len(), 1 + 1 + 4 + 4 + 1, "what was not measured has no row");
        // Times depend on the machine, and counts do not.
        let conditions = |line: &str| line.split(',').nth(6).unwrap().to_owned();
        assert_eq!(conditions(lines[1]), conditions(lines[2]));
        assert_ne!(conditions(lines[1]), conditions(lines[6]));
    }

    #[test]
    fn only_what_is_chosen_is_in_the_table() {
        let kept = kept(2500, [20.0, 25.0, 35.0], 1000);
        let metrics = [Metric::Cold, Metric::Instructions];
        let chosen = rows(&kept, &Choice { metrics: &metrics, cells: &|name| name.contender == "a" });
        let keys: Vec<&str> = chosen.iter().map(|row| &*row.metric).collect();
        assert_eq!(keys, ["instructions", "cold_ns"]);
        assert_eq!(rows(&kept, &Choice { metrics: &[], cells: &|_| true }), []);
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were(
            instructions: u64,
            times in prop::array::uniform3(0.0..1e12f64),
            ops in 1..u64::MAX,
        ) {
            let rows = rows(&kept(instructions, times, ops), &ALL);
            prop_assert_eq!(read_csv(&csv(&rows)), rows.clone());
            // `serde_json` reads a float to its last digit but one: the digits are read as Rust reads them.
            let text = jsonl(&rows);
            for (line, row) in text.lines().zip(&rows) {
                let field = |name: &str| {
                    let (_, rest) = line.split_once(&format!("\"{name}\":")).unwrap();
                    rest[..rest.find([',', '}']).unwrap()].to_owned()
                };
                prop_assert_eq!(field("value").parse(), Ok(row.value));
                let total = row.total.map_or("null".to_owned(), |total| total.to_string());
                prop_assert_eq!(field("total"), total);
                prop_assert_eq!(field("low").parse().ok(), row.low);
                prop_assert_eq!(field("high").parse().ok(), row.high);
                let read: Row = serde_json::from_str(line).unwrap();
                prop_assert_eq!(&read.record, &row.record);
                prop_assert_eq!((read.total, read.ops), (row.total, row.ops));
            }
        }
    }
}
