//! Comparing contenders: ratios, geometric means, rankings. Pure functions of a record's views.

use crate::metric::Metric;
use crate::record::{MemoryInfo, Role, ScenarioInfo};
use crate::view::BottleneckView;

/// Scores within this factor of each other are a tie.
pub const TIE: f64 = 1.01;

/// `value` divided by `reference`. A ratio below 1 is better than the reference.
///
/// The ratio of two zeros is 1, because both contenders are equally good: neither allocates. A positive value
/// divided by zero is infinite.
pub fn ratio(value: f64, reference: f64) -> f64 {
    if value == reference { 1.0 } else { value / reference }
}

/// The geometric mean. It is `None` if there is no value, or if any value is not positive and finite.
pub fn geometric_mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut logarithms = 0.0;
    let mut count = 0u32;
    for value in values {
        if !(value > 0.0 && value.is_finite()) {
            return None;
        }
        logarithms += value.ln();
        count += 1;
    }
    (count > 0).then(|| (logarithms / f64::from(count)).exp())
}

/// The kinds of scenario. The winner of one kind may lose by far in the other, and it is chance of which kind a
/// bottleneck has more scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One owner reads, builds or changes a structure, and its earlier state may be lost.
    OneOwner,
    /// Every operation leaves a version behind that is kept, or works on two versions that are kept.
    VersionsKept,
}

impl Kind {
    /// Every kind, in reading order.
    pub const ALL: [Kind; 2] = [Kind::OneOwner, Kind::VersionsKept];

    /// The kind of a scenario.
    pub fn of(scenario: &ScenarioInfo) -> Self {
        if scenario.keeps_versions { Kind::VersionsKept } else { Kind::OneOwner }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Kind::OneOwner => "one owner",
            Kind::VersionsKept => "versions kept",
        }
    }
}

/// The geometric mean of values of several [kinds](Kind). Each kind with values has the same weight, however many
/// values it has. The result is `None` where that of [`geometric_mean`] is.
pub fn balanced_mean(values: impl IntoIterator<Item = (Kind, f64)>) -> Option<f64> {
    let values: Vec<(Kind, f64)> = values.into_iter().collect();
    let of_kind = |kind: &Kind| {
        values.iter().filter(|(of, _)| of == kind).map(|(_, value)| *value).collect::<Vec<f64>>()
    };
    let kinds = Kind::ALL.iter().map(of_kind).filter(|values| !values.is_empty());
    let means: Option<Vec<f64>> = kinds.map(geometric_mean).collect();
    geometric_mean(means?)
}

/// The places of ascending `scores`: those within [`TIE`] of the best of their place share it.
pub fn places(scores: &[f64]) -> Vec<usize> {
    let mut places = Vec::with_capacity(scores.len());
    let mut head = 0;
    for (at, score) in scores.iter().enumerate() {
        if at == 0 || *score > scores[head] * TIE {
            head = at;
        }
        places.push(head + 1);
    }
    places
}

/// The ranking of a bottleneck's contenders, over the cell groups that all of them have.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Number of cell groups (scenario and size) in the intersection.
    pub groups: usize,
    /// Number of cell groups in which any contender but a bound has a value.
    pub groups_measured: usize,
    /// The kinds of scenario among them.
    pub kinds: Vec<Kind>,
    /// The ranked contenders, best first.
    pub rows: Vec<Standing>,
    /// The bounds, in display order; their place is 0. They do not shrink the intersection.
    pub bounds: Vec<Standing>,
    /// The contenders with values in less than half of the cell groups, with the number of groups that they have.
    /// If they were ranked, too few groups would be common to all.
    pub unranked: Vec<(usize, usize)>,
}

/// One contender's line in a ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Index into [`BottleneckView::contenders`].
    pub contender: usize,
    /// Its place from 1, shared by ties.
    pub place: usize,
    /// [Balanced mean](balanced_mean) of its ratios to the leader.
    pub score: f64,
    /// For each of [`Ranking::kinds`], the geometric mean of its ratios to the leader of that kind; `None` where
    /// a bound takes no part.
    pub by_kind: Vec<Option<f64>>,
    /// Balanced mean of its ratios to the best peer of each cell group; `None` without ranked peers.
    pub to_peer: Option<f64>,
    /// The number of cell groups in the mean: all of the intersection, or for a bound those that it has.
    pub groups: usize,
    /// The number of those groups in which it is the best ranked contender, or within [`TIE`] of it.
    pub best_in: usize,
    /// The cell group with its highest ratio to the best ranked contender.
    pub worst: Worst,
}

/// The cell group in which a contender does worst.
#[derive(Clone, Debug, PartialEq)]
pub struct Worst {
    /// The scenario's name.
    pub scenario: String,
    /// The size.
    pub size: u64,
    /// Ratio to the best ranked contender there.
    pub ratio: f64,
}

/// Values of one cell group, by contender.
pub(crate) struct Group<'v> {
    pub(crate) scenario: &'v str,
    pub(crate) kind: Kind,
    size: u64,
    pub(crate) values: Vec<Option<f64>>,
}

/// Ranks the contenders of `view` by the [balanced mean](balanced_mean) of their ratios in `metric`. The mean is
/// balanced so that an implementation does not lead only because it reads well and most scenarios read.
pub fn rank(view: &BottleneckView<'_>, metric: Metric) -> Ranking {
    let contestants = view.contestants();
    let mut groups = groups(view, metric);
    groups.retain(|group| contestants.iter().any(|at| group.values[*at].is_some()));
    let groups_measured = groups.len();

    let coverage = |at: usize| groups.iter().filter(|group| group.values[at].is_some()).count();
    let (ranked, sparse): (Vec<usize>, Vec<usize>) =
        contestants.into_iter().partition(|at| coverage(*at) > 0 && coverage(*at) * 2 >= groups_measured);
    let unranked = sparse.into_iter().map(|at| (at, coverage(at))).collect();

    groups.retain(|group| ranked.iter().all(|at| group.values[*at].is_some()));
    let mean =
        |at: usize| balanced_mean(groups.iter().filter_map(|group| Some((group.kind, group.values[at]?))));
    let mut order: Vec<(f64, usize)> = ranked.iter().filter_map(|at| Some((mean(*at)?, *at))).collect();
    order.sort_by(|left, right| left.0.total_cmp(&right.0));

    let Some(&(leading, leader)) = order.first() else {
        let (kinds, rows, bounds) = (Vec::new(), Vec::new(), Vec::new());
        return Ranking { groups: 0, groups_measured, kinds, rows, bounds, unranked };
    };
    let scores: Vec<f64> = order.iter().map(|(mean, _)| mean / leading).collect();
    let peers = view.of_role(Role::Peer).into_iter().filter(|at| ranked.contains(at)).collect();
    let present = |kind: &Kind| groups.iter().any(|group| group.kind == *kind);
    let kinds = Kind::ALL.into_iter().filter(present).collect();
    let field = Field { groups, kinds, ranked, peers };
    let ordered = order.iter().zip(&scores).zip(places(&scores));
    let rows = ordered.filter_map(|(((_, at), score), place)| field.standing(*at, place, *score));
    let bounds = view.of_role(Role::Bound).into_iter().filter_map(|at| {
        let ratio = |group: &Group| Some((group.kind, group.values[at]? / group.values[leader]?));
        field.standing(at, 0, balanced_mean(field.groups.iter().filter_map(ratio))?)
    });
    let (rows, bounds) = (rows.collect(), bounds.collect());
    Ranking { groups: field.groups.len(), groups_measured, kinds: field.kinds, rows, bounds, unranked }
}

/// Every cell group of `view`. A value that cannot be part of a ratio counts as absent.
pub(crate) fn groups<'v>(view: &'v BottleneckView<'_>, metric: Metric) -> Vec<Group<'v>> {
    let sizes =
        view.scenarios.iter().flat_map(|scenario| scenario.sizes.iter().map(move |size| (scenario, *size)));
    sizes
        .map(|(scenario, size)| {
            let value = |at| scenario.value(metric, size, at).filter(|value| *value > 0.0);
            Group {
                scenario: &scenario.info.name,
                kind: Kind::of(scenario.info),
                size,
                values: (0..view.contenders.len()).map(value).collect(),
            }
        })
        .collect()
}

/// The cell groups of a ranking, and the contenders that are compared in them.
struct Field<'v> {
    groups: Vec<Group<'v>>,
    kinds: Vec<Kind>,
    ranked: Vec<usize>,
    peers: Vec<usize>,
}

impl Field<'_> {
    fn standing(&self, contender: usize, place: usize, score: f64) -> Option<Standing> {
        let to_best = self.ratios_to(contender, &self.ranked);
        let (group, ratio) = to_best.iter().max_by(|left, right| left.1.total_cmp(&right.1))?;
        Some(Standing {
            contender,
            place,
            score,
            by_kind: self.kinds.iter().map(|kind| self.to_leader_of(*kind, contender)).collect(),
            to_peer: balanced_mean(
                self.ratios_to(contender, &self.peers).iter().map(|(group, ratio)| (group.kind, *ratio)),
            ),
            groups: to_best.len(),
            best_in: to_best.iter().filter(|(_, ratio)| *ratio <= TIE).count(),
            worst: Worst { scenario: group.scenario.to_owned(), size: group.size, ratio: *ratio },
        })
    }

    /// The geometric mean of a contender's ratios to the ranked contender that has the lowest one in `kind`.
    fn to_leader_of(&self, kind: Kind, contender: usize) -> Option<f64> {
        let groups = || self.groups.iter().filter(|group| group.kind == kind);
        let mean = |at: usize| geometric_mean(groups().filter_map(|group| group.values[at]));
        let leads = |left: &(usize, f64), right: &(usize, f64)| left.1.total_cmp(&right.1);
        let (leader, _) = self.ranked.iter().filter_map(|at| Some((*at, mean(*at)?))).min_by(leads)?;
        // A bound is compared where it takes part.
        geometric_mean(groups().filter_map(|group| Some(group.values[contender]? / group.values[leader]?)))
    }

    /// The ratio of a contender to the best of `references`, in each group in which both are.
    fn ratios_to(&self, contender: usize, references: &[usize]) -> Vec<(&Group<'_>, f64)> {
        let ratios = self.groups.iter().filter_map(|group| {
            let best = references.iter().filter_map(|at| group.values[*at]).min_by(f64::total_cmp)?;
            Some((group, group.values[contender]? / best))
        });
        ratios.collect()
    }
}

/// [Balanced means](balanced_mean) of `contenders` in `metric`, relative to the first of them, over the cell groups
/// that all of them have, with the number of those groups. Empty if they have no group in common.
pub fn relative_means(view: &BottleneckView<'_>, metric: Metric, contenders: &[usize]) -> (usize, Vec<f64>) {
    let mut groups = groups(view, metric);
    groups.retain(|group| contenders.iter().all(|at| group.values[*at].is_some()));
    let mean =
        |at: &usize| balanced_mean(groups.iter().filter_map(|group| Some((group.kind, group.values[*at]?))));
    let means: Option<Vec<f64>> = contenders.iter().map(mean).collect();
    match means {
        Some(means) => (groups.len(), means.iter().map(|mean| mean / means[0]).collect()),
        None => (0, Vec::new()),
    }
}

/// Per contender, the geometric mean over one scenario's sizes of its ratio to the best of
/// `references`, over the sizes at which both have a value; `None` where there is none, or where
/// a zero makes it meaningless.
pub fn scenario_means(
    view: &BottleneckView<'_>,
    scenario: usize,
    metric: Metric,
    references: &[usize],
) -> Vec<Option<f64>> {
    let scenario = &view.scenarios[scenario];
    let mean = |at: usize| {
        geometric_mean(scenario.sizes.iter().filter_map(|size| {
            let reference = scenario.best(metric, *size, references)?;
            Some(ratio(scenario.value(metric, *size, at)?, reference))
        }))
    };
    (0..view.contenders.len()).map(mean).collect()
}

/// The least of `values`, or `None` if all are equal, because then none stands out.
pub fn outstanding(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.into_iter().collect();
    let least = values.iter().copied().min_by(f64::total_cmp)?;
    values.iter().any(|value| *value > least).then_some(least)
}

/// Whether a contender, of those that keep the contract's promise, has the least of the values, and not all have the same.
pub fn stands_out(view: &BottleneckView<'_>, value: impl Fn(usize) -> Option<f64>, contender: usize) -> bool {
    let least = outstanding(view.contestants().into_iter().filter_map(&value));
    view.contenders[contender].role != Role::Bound && least.is_some() && value(contender) == least
}

/// The memory of one contender's structure of one size, in bytes. A value is `None` where it was not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Held {
    /// One of its elements.
    pub element: Option<f64>,
    /// One more version, which differs from an existing one by one change.
    pub version: Option<f64>,
    /// All of its elements, together with the versions that the scenario keeps.
    pub with_versions: Option<f64>,
}

/// The memory of each contender of `view`, at each size at which the scenarios of `memory` measure both the memory
/// of an element and that of a version.
pub fn held(view: &BottleneckView<'_>, memory: &MemoryInfo) -> Vec<(u64, Vec<Held>)> {
    let named = |name: &str| view.scenarios.iter().find(|scenario| scenario.info.name == name);
    let (Some(built), Some(kept)) = (named(&memory.built), named(&memory.kept)) else { return Vec::new() };
    let of = |size: u64, at: usize| {
        let [element, version] = [built, kept].map(|scenario| scenario.value(Metric::LiveBytes, size, at));
        let all =
            |(element, version): (f64, f64)| element * size as f64 + version * f64::from(memory.versions);
        Held { element, version, with_versions: element.zip(version).map(all) }
    };
    let sizes = built.sizes.iter().map(|size| {
        let contenders = 0..view.contenders.len();
        (*size, contenders.map(|at| of(*size, at)).collect::<Vec<Held>>())
    });
    sizes.filter(|(_, held)| held.iter().any(|held| held.with_versions.is_some())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{record, timed};
    use crate::record::{Allocations, Record};

    #[test]
    fn whose_interval_overlaps_with_that_of_the_best_is_best_too() {
        let names = ["a", "b", "c"];
        let contenders = names.map(|name| (name, Role::Peer));
        let mut record = record(&contenders, &names.map(|name| ("get", 10, name, 5)));
        let mut leaders = |bounds: [(f64, f64); 3]| {
            for (cell, (low, high)) in record.cells.iter_mut().zip(bounds) {
                timed(cell, low, high);
            }
            let views = BottleneckView::all(&record).unwrap();
            let scenario = &views[0].scenarios[0];
            // An exact metric has no intervals; and where all are the same, nobody is best.
            assert_eq!(scenario.leaders(Metric::Instructions, 10, &[0, 1, 2]), [0; 0]);
            let two = scenario.leaders(Metric::Warm, 10, &[1, 2]);
            (scenario.leaders(Metric::Warm, 10, &[0, 1, 2]), two)
        };
        let separate = leaders([(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]);
        assert_eq!(separate, (vec![0], vec![1]));
        let tied = leaders([(1.0, 2.0), (1.9, 4.0), (3.9, 6.0)]);
        assert_eq!(tied, (vec![0, 1], vec![]));
        let all = leaders([(1.0, 4.0), (2.0, 3.0), (3.0, 6.0)]);
        assert_eq!(all, (vec![], vec![]));
    }

    fn ranking(record: &Record) -> Ranking {
        rank(&BottleneckView::all(record).unwrap()[0], Metric::Instructions)
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-12
    }

    #[test]
    fn the_geometric_mean_is_that_of_known_numbers() {
        assert!(close(geometric_mean([2.0, 8.0]).unwrap(), 4.0));
        assert!(close(geometric_mean([1.0, 10.0, 100.0]).unwrap(), 10.0));
        assert!(close(geometric_mean([0.5, 2.0]).unwrap(), 1.0));
        // A sum of logarithms neither overflows nor vanishes where a product would.
        assert!((geometric_mean([1e300; 50]).unwrap() / 1e300 - 1.0).abs() < 1e-9);
        assert_eq!(geometric_mean([]), None);
        for bad in [0.0, -1.0, f64::INFINITY, f64::NAN] {
            assert_eq!(geometric_mean([1.0, bad]), None);
        }
    }

    #[test]
    fn a_ratio_of_zeros_is_one() {
        assert_eq!(ratio(3.0, 6.0), 0.5);
        assert_eq!(ratio(0.0, 0.0), 1.0);
        assert_eq!(ratio(0.0, 2.0), 0.0);
        assert_eq!(ratio(2.0, 0.0), f64::INFINITY);
    }

    #[test]
    fn scores_within_one_percent_share_a_place() {
        assert_eq!(places(&[1.0, 1.009, 1.0105, 1.5, 1.51]), [1, 1, 3, 4, 4]);
        // Ties do not chain: each is measured against the best of its place.
        assert_eq!(places(&[1.0, 1.008, 1.016, 1.024]), [1, 1, 3, 3]);
        assert_eq!(places(&[]), [0; 0]);
    }

    #[test]
    fn the_ranking_is_over_the_intersection_and_per_operation() {
        let contenders =
            [("a", Role::Optimized), ("p", Role::Peer), ("q", Role::Peer), ("floor", Role::Bound)];
        let cells = [
            ("get", 1, "a", 10),
            ("get", 1, "p", 40),
            ("get", 1, "q", 20),
            ("get", 1, "floor", 5),
            ("put", 1, "a", 10),
            ("put", 1, "p", 10),
            ("put", 1, "q", 80),
            // Only one of them: outside the intersection, however good.
            ("put", 2, "p", 1),
            ("put", 2, "q", 1),
        ];
        let ranking = ranking(&record(&contenders, &cells));
        assert_eq!((ranking.groups, ranking.groups_measured), (2, 3));
        let names: Vec<usize> = ranking.rows.iter().map(|row| row.contender).collect();
        assert_eq!(names, [0, 1, 2]);
        // Geometric means 10, 20 and 40.
        let scores: Vec<f64> = ranking.rows.iter().map(|row| row.score).collect();
        assert!(scores.iter().zip([1.0, 2.0, 4.0]).all(|(score, known)| close(*score, known)), "{scores:?}");
        // Best peers are 20 and 10: ratios of `a` 1/2 and 1, of `p` 2 and 1, of `q` 1 and 8.
        let to_peer: Vec<f64> = ranking.rows.iter().map(|row| row.to_peer.unwrap()).collect();
        let known = [0.5f64.sqrt(), 2f64.sqrt(), 8f64.sqrt()];
        assert!(to_peer.iter().zip(known).all(|(ratio, known)| close(*ratio, known)), "{to_peer:?}");
        assert_eq!(ranking.rows.iter().map(|row| row.best_in).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(ranking.rows[2].worst, Worst { scenario: "put".into(), size: 1, ratio: 8.0 });
        assert_eq!(ranking.kinds, [Kind::OneOwner]);
        // The bound is compared where it takes part, and takes nothing from the others.
        assert_eq!(ranking.bounds.len(), 1);
        assert!(close(ranking.bounds[0].score, 0.5) && ranking.bounds[0].groups == 1);
    }

    #[test]
    fn each_kind_of_scenario_weighs_the_same() {
        use Kind::{OneOwner, VersionsKept};
        let many = [(OneOwner, 1.0), (OneOwner, 4.0), (OneOwner, 2.0), (VersionsKept, 32.0)];
        // 2 and 32, not the fourth root of 256.
        assert!(close(balanced_mean(many).unwrap(), 8.0));
        assert!(close(balanced_mean([(VersionsKept, 2.0), (VersionsKept, 8.0)]).unwrap(), 4.0));
        assert_eq!(balanced_mean([(OneOwner, 1.0), (VersionsKept, 0.0)]), None);
        assert_eq!(balanced_mean([]), None);
    }

    #[test]
    fn who_copies_whole_does_not_lead_because_most_scenarios_read() {
        let contenders =
            [("copy", Role::Naive), ("trie", Role::Optimized), ("p", Role::Peer), ("floor", Role::Bound)];
        let mut cells = Vec::new();
        for size in [1, 2, 3] {
            let costs = [("copy", 5), ("trie", 10), ("p", 20), ("floor", 1)];
            cells.extend(
                ["get", "put"]
                    .iter()
                    .flat_map(|scenario| costs.map(|(contender, cost)| (*scenario, size, contender, cost))),
            );
        }
        cells.extend([
            ("put_shared", 1, "copy", 80),
            ("put_shared", 1, "trie", 10),
            ("put_shared", 1, "p", 40),
        ]);
        let ranking = ranking(&record(&contenders, &cells));
        assert_eq!((ranking.groups, &ranking.kinds), (7, &Kind::ALL.to_vec()));
        let rows: Vec<_> = ranking.rows.iter().map(|row| (row.contender, row.score, &row.by_kind)).collect();
        // Means by kind 10 and 10, 5 and 80, 20 and 40; a plain mean over the seven would put `copy` first.
        let known = [(1, 1.0, [2.0, 1.0]), (0, 2.0, [1.0, 8.0]), (2, 8f64.sqrt(), [4.0, 4.0])];
        for ((at, score, by_kind), (known_at, known_score, known_kinds)) in rows.into_iter().zip(known) {
            assert!(at == known_at && close(score, known_score), "{at}: {score}");
            let kinds: Vec<f64> = by_kind.iter().map(|ratio| ratio.unwrap()).collect();
            assert!(
                kinds.iter().zip(known_kinds).all(|(kind, known)| close(*kind, known)),
                "{at}: {kinds:?}"
            );
        }
        // Against the peer: 1/2 and 1/4.
        assert!(close(ranking.rows[0].to_peer.unwrap(), 0.125f64.sqrt()));
        // The bound keeps no versions.
        let bound = &ranking.bounds[0];
        assert!(close(bound.by_kind[0].unwrap(), 0.2) && bound.by_kind[1].is_none(), "{bound:?}");
        assert!(close(bound.score, 0.1));
    }

    #[test]
    fn a_contender_with_few_cells_is_not_ranked_and_shrinks_nothing() {
        let contenders =
            [("a", Role::Optimized), ("p", Role::Peer), ("sparse", Role::Optimized), ("none", Role::Naive)];
        let mut cells = vec![("get", 1, "sparse", 1)];
        for size in [1, 2, 3] {
            cells.extend([("get", size, "a", 10), ("get", size, "p", 30)]);
        }
        let ranking = ranking(&record(&contenders, &cells));
        assert_eq!(ranking.groups, 3);
        assert_eq!(ranking.rows.iter().map(|row| row.place).collect::<Vec<_>>(), [1, 2]);
        // In display order: naive first.
        assert_eq!(ranking.unranked, [(0, 0), (2, 1)]);
    }

    #[test]
    fn memory_with_versions_is_what_elements_and_versions_take() {
        let contenders = [("trie", Role::Optimized), ("floor", Role::Bound)];
        let cells = [
            ("put", 8, "trie", 1),
            ("put", 8, "floor", 1),
            ("put_shared", 8, "trie", 1),
            ("put", 20, "trie", 1),
        ];
        let mut record = record(&contenders, &cells);
        for (cell, live_bytes) in record.cells.iter_mut().zip([24.0, 16.0, 300.0, 30.0]) {
            let live_bytes = live_bytes as u64 * cell.ops;
            cell.measured.allocations = Some(Allocations { live_bytes, ..Allocations::default() });
        }
        let view = &BottleneckView::all(&record).unwrap()[0];
        let told = |kept: &str| {
            let [unit, built] = ["entry", "put"].map(str::to_owned);
            held(view, &MemoryInfo { unit, built, kept: kept.into(), versions: 100 })
        };
        let trie = Held {
            element: Some(24.0),
            version: Some(300.0),
            with_versions: Some(8.0 * 24.0 + 100.0 * 300.0),
        };
        // A bound keeps no versions; at size 20 nobody's were measured.
        assert_eq!(told("put_shared"), [(8, vec![trie, Held { element: Some(16.0), ..Held::default() }])]);
        assert_eq!(told("get"), []);
    }

    #[test]
    fn nothing_in_common_is_no_ranking() {
        let contenders = [("a", Role::Optimized), ("p", Role::Peer)];
        let ranking = ranking(&record(&contenders, &[("get", 1, "a", 1), ("put", 1, "p", 1)]));
        assert_eq!((ranking.groups, ranking.rows.len(), ranking.groups_measured), (0, 0, 2));
        let empty = record(&contenders, &[]);
        assert_eq!(rank(&BottleneckView::all(&empty).unwrap()[0], Metric::Warm).rows.len(), 0);
    }

    #[test]
    fn scenario_means_are_against_the_best_of_the_references() {
        let contenders = [("a", Role::Optimized), ("p", Role::Peer), ("q", Role::Peer)];
        let cells = [
            ("get", 1, "a", 10),
            ("get", 1, "p", 20),
            ("get", 1, "q", 40),
            ("get", 2, "a", 10),
            ("get", 2, "p", 160),
            ("get", 2, "q", 80),
            // No reference here: left out.
            ("get", 3, "a", 1),
        ];
        let record = record(&contenders, &cells);
        let view = &BottleneckView::all(&record).unwrap()[0];
        let means = scenario_means(view, 0, Metric::Instructions, &view.of_role(Role::Peer));
        let known = [0.25, 2f64.sqrt(), 2f64.sqrt()];
        assert!(means.iter().zip(known).all(|(mean, known)| close(mean.unwrap(), known)), "{means:?}");
        let (groups, means) = relative_means(view, Metric::Instructions, &[1, 2]);
        assert!(groups == 2 && close(means[0], 1.0) && close(means[1], 1.0));
    }
}
