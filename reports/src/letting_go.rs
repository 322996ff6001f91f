//! Whether somebody else leads when the drop of what a region leaves is added to the region. Pure functions of a record's
//! views.

use crate::analysis::{Kind, TIE, balanced_mean};
use crate::metric::Metric;
use crate::view::BottleneckView;

/// A lead that does not hold when the drop is added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overturned {
    /// The kind of scenario in which it is so; `None` over all groups.
    pub kind: Option<Kind>,
    /// Who needs the fewest instructions for the region alone.
    pub before: usize,
    /// Who needs the fewest for the region and the drop.
    pub after: usize,
    /// What the former one needs for both, divided by what the latter one needs.
    pub by: f64,
    /// The number of groups in which all that are compared have both counts.
    pub groups: usize,
}

/// The instructions of each contender in one group.
struct Costs {
    kind: Kind,
    /// The region alone.
    region: Vec<f64>,
    /// The region and the drop.
    both: Vec<f64>,
}

/// The first lead among `ranked` that does not hold: that over all groups, or that in one kind of scenario. `None` if all
/// hold, or are level within 1 %, or if the drop was not counted.
pub fn overturned(view: &BottleneckView<'_>, ranked: &[usize]) -> Option<Overturned> {
    let groups = costs(view, ranked);
    let kinds = [None].into_iter().chain(Kind::ALL.map(Some));
    kinds.into_iter().find_map(|kind| of_kind(&groups, ranked, kind))
}

/// The groups in which all of `ranked` have both counts.
fn costs(view: &BottleneckView<'_>, ranked: &[usize]) -> Vec<Costs> {
    let mut groups = Vec::new();
    for scenario in &view.scenarios {
        for size in &scenario.sizes {
            let of = |metric| -> Option<Vec<f64>> {
                ranked.iter().map(|at| scenario.value(metric, *size, *at)).collect()
            };
            if let (Some(region), Some(drop)) = (of(Metric::Instructions), of(Metric::Dropping)) {
                let both = region.iter().zip(drop).map(|(region, drop)| region + drop).collect();
                groups.push(Costs { kind: Kind::of(scenario.info), region, both });
            }
        }
    }
    groups
}

fn of_kind(groups: &[Costs], ranked: &[usize], kind: Option<Kind>) -> Option<Overturned> {
    let groups = || groups.iter().filter(|costs| kind.is_none_or(|kind| kind == costs.kind));
    let means = |of: fn(&Costs) -> &Vec<f64>| -> Option<Vec<f64>> {
        let mean = |at: usize| balanced_mean(groups().map(|costs| (costs.kind, of(costs)[at])));
        (0..ranked.len()).map(mean).collect()
    };
    let (region, both) = (means(|costs| &costs.region)?, means(|costs| &costs.both)?);
    let first = |means: &[f64]| {
        means.iter().enumerate().min_by(|left, right| left.1.total_cmp(right.1)).map(|(at, _)| at)
    };
    let (before, after) = (first(&region)?, first(&both)?);
    let by = both[before] / both[after];
    let (before, after) = (ranked[before], ranked[after]);
    (by > TIE).then(|| Overturned { kind, before, after, by, groups: groups().count() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::record;
    use crate::record::{Dropping, Role};

    const AB: [(&str, Role); 2] = [("a", Role::Optimized), ("b", Role::Peer)];

    /// What is found where cells take so many instructions per operation, and so many more to drop.
    fn found(cells: &[(&str, u64, &str, u64, Option<u64>)]) -> Option<Overturned> {
        let regions: Vec<_> = cells
            .iter()
            .map(|(scenario, size, name, region, _)| (*scenario, *size, *name, *region))
            .collect();
        let mut record = record(&AB, &regions);
        for (cell, (.., drop)) in record.cells.iter_mut().zip(cells) {
            cell.measured.dropping =
                drop.map(|drop| Dropping { instructions: drop * cell.ops, atomics: None });
        }
        overturned(&BottleneckView::all(&record).unwrap()[0], &[0, 1])
    }

    #[test]
    fn a_lead_is_overturned_only_by_the_drop() {
        let cells = |drop_of_a| {
            [
                ("get", 10, "a", 100, Some(drop_of_a)),
                ("get", 10, "b", 200, Some(10)),
                // Where one drop was not counted, nothing is compared.
                ("put", 10, "a", 900, None),
                ("put", 10, "b", 1, Some(0)),
            ]
        };
        let Overturned { kind, before, after, by, groups } = found(&cells(320)).unwrap();
        assert_eq!((kind, before, after, groups), (None, 0, 1, 1));
        assert!((by - 2.0).abs() < 1e-9, "{by}");
        // 1 % more is level.
        for held in [0, 109, 110, 112] {
            assert_eq!(found(&cells(held)), None, "{held}");
        }
        assert_eq!(found(&[("get", 10, "a", 100, None), ("get", 10, "b", 200, None)]), None);
    }

    #[test]
    fn a_kind_of_scenario_is_told_where_the_whole_holds() {
        let of_kind = found(&[
            ("get", 10, "a", 100, Some(0)),
            ("get", 10, "b", 1000, Some(0)),
            ("put_shared", 10, "a", 100, Some(200)),
            ("put_shared", 10, "b", 140, Some(10)),
        ]);
        let Overturned { kind, before, after, groups, .. } = of_kind.unwrap();
        assert_eq!((kind, before, after, groups), (Some(Kind::VersionsKept), 0, 1, 1));
    }
}
