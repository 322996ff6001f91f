//! What it costs to drop the versions that a bottleneck's page shows the memory of.

use super::format;
use crate::analysis;
use crate::metric::Metric;
use crate::record::MemoryInfo;
use crate::view::{BottleneckView, ScenarioView};

/// A table of what it takes to drop a scenario's kept versions. It has a row per contender and a pair of columns per size.
pub(super) struct Table<'a> {
    pub(super) info: &'a MemoryInfo,
    pub(super) sizes: Vec<(u64, String)>,
    /// Whether the drop was timed, which makes the second column of a pair.
    pub(super) is_timed: bool,
    pub(super) rows: Vec<Row<'a>>,
}

/// A contender's row.
pub(super) struct Row<'a> {
    pub(super) series: usize,
    pub(super) name: &'a str,
    /// For each size what it takes to drop all versions, in instructions and in nanoseconds.
    pub(super) cells: Vec<Vec<Cell>>,
}

pub(super) struct Cell {
    pub(super) value: String,
    /// The share of a single version; empty where it was not measured.
    pub(super) each: String,
    pub(super) best: bool,
}

/// The tables of all scenarios that tell what a kept version holds, if the drop was counted.
pub(super) fn tables<'a>(view: &'a BottleneckView<'a>) -> Vec<Table<'a>> {
    view.info.memory.iter().filter_map(|info| Table::new(view, info)).collect()
}

impl<'a> Table<'a> {
    fn new(view: &'a BottleneckView<'a>, info: &'a MemoryInfo) -> Option<Self> {
        let kept = view.scenarios.iter().find(|scenario| scenario.info.name == info.kept)?;
        let is_timed = kept.has(Metric::DropTime);
        let sizes: Vec<u64> = kept
            .sizes
            .iter()
            .copied()
            .filter(|size| {
                (0..view.contenders.len()).any(|at| kept.value(Metric::Dropping, *size, at).is_some())
            })
            .collect();
        let metrics = &[Metric::Dropping, Metric::DropTime][..1 + usize::from(is_timed)];
        let rows = view.contenders.iter().enumerate().filter_map(|(series, contender)| {
            let cells = |size: &u64| -> Vec<Cell> {
                let cell = |metric: &Metric| Cell::new(view, kept, *metric, *size, series, info.versions);
                metrics.iter().map(cell).collect()
            };
            let takes_part = sizes.iter().any(|size| kept.cell(*size, series).is_some());
            takes_part.then(|| Row {
                series,
                name: &contender.name,
                cells: sizes.iter().map(cells).collect(),
            })
        });
        let rows = rows.collect();
        let texts = sizes.iter().map(|size| (*size, format::size(*size))).collect();
        (!sizes.is_empty()).then_some(Table { info, sizes: texts, is_timed, rows })
    }
}

impl Cell {
    fn new(
        view: &BottleneckView<'_>,
        kept: &ScenarioView<'_>,
        metric: Metric,
        size: u64,
        series: usize,
        versions: u32,
    ) -> Self {
        let value = kept.value(metric, size, series);
        let whole = value.map(|each| each * f64::from(versions));
        Cell {
            value: whole.map_or(format::ABSENT.to_owned(), format::value),
            each: value.filter(|_| versions > 1).map_or(String::new(), format::value),
            best: analysis::stands_out(view, |at| kept.value(metric, size, at), series),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{record, timed};
    use crate::record::{Dropping, Role};

    /// Of each size the text of each column: all versions, and one of them.
    fn texts<'t>(table: &'t Table<'_>, name: &str) -> Vec<Vec<(&'t str, &'t str, bool)>> {
        let row = table.rows.iter().find(|row| row.name == name).unwrap();
        let cells = |cells: &'t Vec<Cell>| {
            cells.iter().map(|cell| (cell.value.as_str(), cell.each.as_str(), cell.best)).collect()
        };
        row.cells.iter().map(cells).collect()
    }

    #[test]
    fn all_versions_are_told_with_the_share_of_one() {
        let contenders = [("a", Role::Optimized), ("b", Role::Peer), ("none", Role::Bound)];
        let cells = [
            ("put_shared", 10, "a", 1),
            ("put_shared", 10, "b", 1),
            ("put_shared", 20, "a", 1),
            ("put", 10, "none", 1),
        ];
        let mut record = record(&contenders, &cells);
        record.bottlenecks[0].memory = vec![MemoryInfo {
            unit: "entry".to_owned(),
            built: "put".to_owned(),
            kept: "put_shared".to_owned(),
            versions: 100,
        }];
        assert!(tables(&BottleneckView::all(&record).unwrap()[0]).is_empty(), "no drop was counted");

        for (cell, per_version) in record.cells.iter_mut().zip([7, 9]) {
            let instructions = per_version * cell.ops;
            cell.measured.dropping = Some(Dropping { instructions, atomics: None });
        }
        let views = BottleneckView::all(&record).unwrap();
        let counted = tables(&views[0]);
        let [table] = &counted[..] else { panic!("one table") };
        // Nothing was dropped at the other size, and the bound keeps no versions.
        assert_eq!((table.sizes.len(), table.rows.len(), table.is_timed), (1, 2, false));
        assert_eq!(texts(table, "a"), [[("700", "7.00", true)]]);
        assert_eq!(texts(table, "b"), [[("900", "9.00", false)]]);

        timed(&mut record.cells[1], 1.0, 1.0);
        let times = record.cells[1].measured.times.as_mut().unwrap();
        times.drop_ns = Some(times.warm_ns);
        let views = BottleneckView::all(&record).unwrap();
        let timed = tables(&views[0]);
        assert_eq!(texts(&timed[0], "b"), [[("900", "9.00", false), ("100", "1.00", false)]]);
        assert_eq!(texts(&timed[0], "a")[0][1], (format::ABSENT, "", false));
    }
}
