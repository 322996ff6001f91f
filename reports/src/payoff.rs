//! When keeping versions pays: from how many versions on a structure that shares costs less than one that is copied whole.
//! Pure functions of a record's views.
//!
//! METHODOLOGY.md, "When keeping versions pays", says in words what is computed here, and which cells enter.

use crate::metric::Metric;
use crate::record::Role;
use crate::view::{BottleneckView, ScenarioView};

/// How many changes lie between a version and the next.
pub const CHANGES: [u64; 3] = [1, 10, 100];

/// The metrics in which it is told.
pub const METRICS: [Metric; 2] = [Metric::Instructions, Metric::LiveBytes];

/// Which scenarios of a bottleneck tell what versions cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    bottleneck: &'static str,
    /// The contender that copies everything for a version.
    pub copier: &'static str,
    /// The scenario that builds a structure of n from nothing.
    pub built: &'static str,
    /// Whether one of its operations builds everything; otherwise it adds one element of n.
    whole: bool,
    /// The scenario each of whose operations keeps a version and makes one change.
    pub kept: &'static str,
    /// The scenario each of whose operations is a change that shares nothing with a version.
    pub changed: &'static str,
}

/// The record does not say which scenarios keep versions of what others build. So their names are here.
const PLANS: [Plan; 6] = [
    Plan {
        bottleneck: "persistent_map",
        copier: "hash_map_copy",
        built: "insert_unshared",
        whole: false,
        kept: "variants_100",
        changed: "insert_unshared",
    },
    Plan {
        bottleneck: "persistent_map",
        copier: "hash_map_copy",
        built: "insert_unshared_string",
        whole: false,
        kept: "variants_100_string",
        changed: "insert_unshared_string",
    },
    Plan {
        bottleneck: "persistent_vector",
        copier: "array_copy",
        built: "push_unshared",
        whole: false,
        kept: "variants_100",
        changed: "set_unshared",
    },
    Plan {
        bottleneck: "small_map",
        copier: "array_map",
        built: "insert_unshared",
        whole: false,
        kept: "insert_shared",
        changed: "insert_unshared",
    },
    Plan {
        bottleneck: "flat_keys",
        copier: "collect_and_sort",
        built: "build",
        whole: false,
        kept: "set_kept",
        changed: "set_overwrite",
    },
    Plan {
        bottleneck: "data_map",
        copier: "all_naive",
        built: "build",
        whole: true,
        kept: "set_kept",
        changed: "set",
    },
];

/// When a structure costs less than the copied one, by the number of versions that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayOff {
    /// With any number of versions.
    Always,
    /// From this number of versions on. It is at least two.
    From(u64),
    /// Up to this number of versions: it costs less to build, and more with each version.
    UpTo(u64),
    /// With no number of versions.
    Never,
}

impl PayOff {
    /// When `built + v · version` is less than `copy_built + v · copy_version`, for v from 1 on.
    pub fn of((built, version): (f64, f64), (copy_built, copy_version): (f64, f64)) -> PayOff {
        let (more, less) = (built - copy_built, copy_version - version);
        match more < less {
            true if less >= 0.0 => PayOff::Always,
            // More of it than of the copies are dear, but the structure itself is cheap.
            true => PayOff::UpTo(((-more / -less).ceil() as u64).saturating_sub(1).max(1)),
            false if less > 0.0 => PayOff::From(((more / less).floor() as u64).saturating_add(1)),
            false => PayOff::Never,
        }
    }
}

/// A pay-off between two bounds: what a further change of a version costs is known only to lie between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// If every change of a version but the first costs as little as one that shares nothing.
    pub early: PayOff,
    /// If every one of them costs as much as the first.
    pub late: PayOff,
}

/// The pay-off of each contender in one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The scenarios that tell it.
    pub plan: Plan,
    /// The metric.
    pub metric: Metric,
    /// The sizes at which the copying contender has all the cells.
    pub sizes: Vec<u64>,
    /// Each contender that keeps versions, with its pay-off by size, for each of [`CHANGES`]. `None` where a cell of its
    /// own was not measured.
    pub rows: Vec<(usize, Vec<Option<[Bounds; 3]>>)>,
}

/// What a record tells about pay-offs.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The bottleneck keeps no versions.
    NoVersions,
    /// It keeps some, but the record cannot tell: the reason, in words.
    Unknown(String),
    /// A table for each kind of structure and each metric.
    Tables(Vec<Table>),
}

/// The pay-offs of a bottleneck's contenders.
pub fn of(view: &BottleneckView<'_>) -> Answer {
    if !view.info.scenarios.iter().any(|scenario| scenario.keeps_versions) {
        return Answer::NoVersions;
    }
    let plans: Vec<&Plan> = PLANS.iter().filter(|plan| plan.bottleneck == view.info.name).collect();
    if plans.is_empty() {
        let why = "no scenarios of it tell what it costs to build a structure, to keep a version of it and to change it \
                   further";
        return Answer::Unknown(why.to_owned());
    }
    let mut reasons = Vec::new();
    let mut tables = Vec::new();
    for (plan, metric) in plans.into_iter().flat_map(|plan| METRICS.map(|metric| (plan, metric))) {
        match table(view, plan, metric) {
            Ok(table) => tables.push(table),
            Err(reason) => reasons.push(reason),
        }
    }
    match reasons.into_iter().next() {
        Some(reason) if tables.is_empty() => Answer::Unknown(reason),
        _ => Answer::Tables(tables),
    }
}

/// # Errors
/// If a cell was not measured without which nothing can be told: which, in words.
fn table(view: &BottleneckView<'_>, plan: &Plan, metric: Metric) -> Result<Table, String> {
    let scenario = |name: &str| {
        let found = view.scenarios.iter().find(|scenario| scenario.info.name == name);
        found.ok_or_else(|| format!("{name} was not measured"))
    };
    let scenarios = [scenario(plan.built)?, scenario(plan.kept)?, scenario(plan.changed)?];
    let copier = view.contenders.iter().position(|contender| contender.name == plan.copier);
    let copier = copier.ok_or_else(|| format!("{}, which copies, was not measured", plan.copier))?;
    let costs = |size: u64, at: usize| Costs::of(&scenarios, plan, metric, size, at);
    let sizes: Vec<u64> =
        scenarios[1].sizes.iter().copied().filter(|size| costs(*size, copier).is_some()).collect();
    if sizes.is_empty() {
        let (built, kept, changed) = (plan.built, plan.kept, plan.changed);
        return Err(format!(
            "{} has no size at which {built}, {kept} and {changed} were measured",
            plan.copier
        ));
    }
    let keeps = |at: &usize| {
        let is_bound = view.contenders[*at].role == Role::Bound;
        *at != copier && !is_bound && sizes.iter().any(|size| costs(*size, *at).is_some())
    };
    let rows = (0..view.contenders.len()).filter(keeps).map(|at| {
        let of = |size: &u64| Some(costs(*size, at)?.against(&costs(*size, copier)?, metric));
        (at, sizes.iter().map(of).collect())
    });
    Ok(Table { plan: *plan, metric, rows: rows.collect(), sizes })
}

/// What a contender costs at a size.
#[derive(Clone, Copy, Debug)]
struct Costs {
    /// To build the structure.
    built: f64,
    /// To keep a version and make the first change.
    kept: f64,
    /// A change that shares nothing.
    changed: f64,
}

impl Costs {
    fn of(
        [built, kept, changed]: &[&ScenarioView<'_>; 3],
        plan: &Plan,
        metric: Metric,
        size: u64,
        at: usize,
    ) -> Option<Costs> {
        let elements = if plan.whole { 1.0 } else { size as f64 };
        Some(Costs {
            built: built.value(metric, size, at)? * elements,
            kept: kept.value(metric, size, at)?,
            changed: changed.value(metric, size, at)?,
        })
    }

    /// When these costs are less than those of copies.
    fn against(&self, copies: &Costs, metric: Metric) -> [Bounds; 3] {
        CHANGES.map(|changes| {
            let further = (changes - 1) as f64;
            let (copied, [least, most]) = match metric {
                // A copy holds everything, however many changes it has. A version that shares holds no more than that.
                Metric::LiveBytes => {
                    let most = (self.kept * changes as f64).min(self.built.max(self.kept));
                    (copies.kept, [self.kept, most])
                }
                _ => {
                    let each = [self.changed.min(self.kept), self.changed.max(self.kept)];
                    (copies.kept + further * copies.changed, each.map(|each| self.kept + further * each))
                }
            };
            let pay_off = |version: f64| PayOff::of((self.built, version), (copies.built, copied));
            Bounds { early: pay_off(least), late: pay_off(most) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{
        Allocations, BottleneckInfo, CellRecord, ContenderInfo, Measurements, Record, SCHEMA, ScenarioInfo,
    };

    #[test]
    fn a_structure_pays_from_where_its_versions_make_up_for_it() {
        use PayOff::{Always, From, Never, UpTo};
        for (own, copies, expected) in [
            // 1,000 more to build, 100 less for a version: the same with 10 versions, and less with 11.
            ((2000.0, 50.0), (1000.0, 150.0), From(11)),
            ((2000.0, 50.0), (1000.0, 151.0), From(10)),
            ((1000.0, 50.0), (1000.0, 150.0), Always),
            ((1050.0, 50.0), (1000.0, 150.0), Always),
            ((1100.0, 50.0), (1000.0, 150.0), From(2)),
            ((1000.0, 150.0), (1000.0, 150.0), Never),
            ((1000.0, 151.0), (1000.0, 150.0), Never),
            ((900.0, 150.0), (1000.0, 150.0), Always),
            // 100 less to build, 30 more for a version: 10 less with three of them, and 20 more with four.
            ((900.0, 180.0), (1000.0, 150.0), UpTo(3)),
            ((900.0, 175.0), (1000.0, 150.0), UpTo(3)),
            ((900.0, 300.0), (1000.0, 150.0), Never),
            ((900.0, 1e9), (1000.0, 150.0), Never),
        ] {
            assert_eq!(PayOff::of(own, copies), expected, "{own:?} {copies:?}");
        }
    }

    /// Costs per operation, by scenario and contender: instructions and live bytes.
    type Cells<'a> = &'a [(&'a str, &'a str, u64, u64)];

    fn record(bottleneck: &str, cells: Cells<'_>) -> Record {
        let mut names: Vec<&str> = cells.iter().map(|cell| cell.1).collect();
        names.sort_unstable();
        names.dedup();
        let role = |name: &str| match name {
            "bound" => Role::Bound,
            "hash_map_copy" | "all_naive" => Role::Naive,
            _ => Role::Optimized,
        };
        let mut scenarios: Vec<&str> = cells.iter().map(|cell| cell.0).collect();
        scenarios.sort_unstable();
        scenarios.dedup();
        let contender = |name: &&str| ContenderInfo {
            bottleneck: bottleneck.into(),
            name: (*name).into(),
            role: role(name),
            summary: String::new(),
            source: String::new(),
            analysis: String::new(),
            complexity: Default::default(),
            caveats: Vec::new(),
        };
        let scenario = |name: &&str| ScenarioInfo {
            name: (*name).into(),
            summary: String::new(),
            unit: "op".into(),
            keeps_versions: matches!(*name, "variants_100" | "set_kept"),
            purpose: None,
        };
        let cell = |(scenario, name, instructions, live_bytes): &(&str, &str, u64, u64)| CellRecord {
            name: format!("{bottleneck}/{scenario}/100/{name}").parse().unwrap(),
            role: role(name),
            ops: 2,
            digest: String::new(),
            measured: Measurements {
                instructions: Some(instructions * 2),
                allocations: Some(Allocations { live_bytes: live_bytes * 2, ..Allocations::default() }),
                ..Measurements::default()
            },
            observed: Default::default(),
        };
        Record {
            schema: SCHEMA,
            bottlenecks: vec![BottleneckInfo {
                name: bottleneck.into(),
                title: String::new(),
                question: String::new(),
                reference: String::new(),
                scenarios: scenarios.iter().map(scenario).collect(),
                concurrent: Vec::new(),
                memory: Vec::new(),
                composition: None,
                choice: None,
            }],
            contenders: names.iter().map(contender).collect(),
            cells: cells.iter().map(cell).collect(),
            ..Record::default()
        }
    }

    fn answer(record: &Record) -> Answer {
        of(&BottleneckView::all(record).unwrap()[0])
    }

    const MAPS: Cells<'_> = &[
        ("insert_unshared", "hash_map_copy", 10, 8),
        ("variants_100", "hash_map_copy", 1000, 800),
        ("insert_unshared", "trie", 100, 16),
        ("variants_100", "trie", 400, 100),
        ("insert_unshared", "bound", 1, 1),
        ("variants_100", "bound", 1, 1),
    ];

    #[test]
    fn the_cells_of_maps_tell_when_they_pay() {
        let Answer::Tables(tables) = answer(&record("persistent_map", MAPS)) else { panic!() };
        assert_eq!(tables.len(), 2, "nothing of Strings was measured: {tables:?}");
        let [instructions, bytes] = &tables[..] else { panic!() };
        assert_eq!((instructions.metric, bytes.metric), (Metric::Instructions, Metric::LiveBytes));
        assert_eq!((&instructions.sizes, instructions.rows.len()), (&vec![100], 1));
        let of = |table: &Table| table.rows[0].1[0].unwrap().map(|bounds| (bounds.early, bounds.late));
        use PayOff::{From, Never};
        // To build the trie takes 100 · 100 in place of 100 · 10, that is 9,000 more. A version with one change takes 400 in
        // place of 1,000: 600 less, and 15 · 600 = 9,000. With ten changes it takes 400 + 9 · 100 = 1,300 at least, in place
        // of 1,000 + 9 · 10 = 1,090.
        assert_eq!(of(instructions), [(From(16), From(16)), (Never, Never), (Never, Never)]);
        // It holds 1,600 in place of 800. A version holds 100 in place of 800: 700 less. With ten changes it holds between
        // 100 and 1,000; and no more than 1,600 with a hundred.
        assert_eq!(of(bytes), [(From(2), From(2)), (From(2), Never), (From(2), Never)]);
    }

    #[test]
    fn further_changes_lie_between_two_cells() {
        let cells: Cells<'_> = &[
            ("build", "all_naive", 10_000, 0),
            ("set_kept", "all_naive", 5000, 0),
            ("set", "all_naive", 50, 0),
            ("build", "best", 14_000, 0),
            ("set_kept", "best", 500, 0),
            ("set", "best", 60, 0),
        ];
        let Answer::Tables(tables) = answer(&record("data_map", cells)) else { panic!() };
        let of = |table: &Table| table.rows[0].1[0].unwrap().map(|bounds| (bounds.early, bounds.late));
        use PayOff::{Always, From, Never};
        // A document is built at once, for 4,000 more. One change: 4,500 less. Ten: 500 + 9 · 60 = 1,040 or 10 · 500 = 5,000
        // in place of 5,450, so 4,410 or 450 less. A hundred: 500 + 99 · 60 = 6,440 or 50,000 in place of 9,950.
        assert_eq!(of(&tables[0]), [(Always, Always), (Always, From(9)), (From(2), Never)]);
    }

    #[test]
    fn what_is_not_in_the_record_is_not_guessed() {
        let unknown = |cells: Cells<'_>| match answer(&record("persistent_map", cells)) {
            Answer::Unknown(reason) => reason,
            other => format!("{other:?}"),
        };
        assert_eq!(unknown(&MAPS[1..2]), "insert_unshared was not measured");
        assert_eq!(unknown(&MAPS[2..4]), "hash_map_copy, which copies, was not measured");
        let lacking = [MAPS[1], MAPS[2], MAPS[3]];
        assert!(unknown(&lacking).starts_with("hash_map_copy has no size"), "{}", unknown(&lacking));
        assert_eq!(answer(&record("persistent_map", &MAPS[..1])), Answer::NoVersions);
        let strange = answer(&record("shared_map", &[("set_kept", "copy", 1, 1)]));
        assert!(matches!(strange, Answer::Unknown(_)), "{strange:?}");
        // A contender that lacks a cell has no answer, and does not spoil that of others.
        let mut record = record("persistent_map", MAPS);
        record.cells.retain(|cell| cell.name.to_string() != "persistent_map/insert_unshared/100/trie");
        let Answer::Tables(tables) = answer(&record) else { panic!() };
        assert_eq!(tables[0].rows, []);
    }
}
