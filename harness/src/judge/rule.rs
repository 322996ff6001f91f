//! The gate's rule: which changes of the exact meters are regressions.

use std::collections::{BTreeMap, BTreeSet};

use reports::baseline::{Baseline, Entry};
use reports::record::Measurements;
use reports::{CellName, Metric};

/// The growth of a cell's count over the baseline that is not yet a regression; `None` for a metric that does not
/// gate.
pub fn tolerance(metric: Metric, old: &Entry) -> Option<u64> {
    metric.about().gate.tolerance(old.count(metric), old.noise(metric))
}

/// How a cell changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// No metric that gates changed by more than its tolerance.
    None,
    /// At least one metric that gates grew by more than its tolerance.
    Regression,
    /// At least one metric that gates fell by more than its tolerance, and none grew by more.
    Improvement,
}

/// Classifies a cell's change. A metric that was not measured, now or for the baseline, is ignored.
pub fn classify(old: &Entry, new: &Measurements) -> Change {
    let mut change = Change::None;
    for (metric, _) in Metric::in_baseline() {
        let (Some(tolerance), Some(old), Some(new)) =
            (tolerance(metric, old), old.counts.get(&metric), metric.count(new))
        else {
            continue;
        };
        if new > old + tolerance {
            return Change::Regression;
        }
        if new + tolerance < *old {
            change = Change::Improvement;
        }
    }
    change
}

/// The result of a comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Cells that regressed.
    pub regressions: Vec<CellName>,
    /// Cells that improved.
    pub improvements: Vec<CellName>,
    /// Cells that the baseline does not have, because their contender or their group is new.
    pub new: Vec<CellName>,
    /// Cells that the baseline does not have, although it has other cells of their contender and of their group: a row
    /// was lost.
    pub missing: Vec<CellName>,
    /// Cells that only the baseline has.
    pub vanished: Vec<CellName>,
    /// Selected cells that were not measured, because they failed or their contender is excluded.
    pub unverified: Vec<CellName>,
}

/// Compares what was measured of the `selected` cells with the baseline. Those that are `skipped` were not measured,
/// because they cannot have changed. Cells of the baseline that are not selected count as vanished only where
/// `everything` was selected.
pub fn compare(
    baseline: &Baseline,
    selected: &BTreeSet<CellName>,
    skipped: &BTreeSet<CellName>,
    measured: &BTreeMap<CellName, Measurements>,
    everything: bool,
) -> Verdict {
    let mut verdict = Verdict::default();
    let mut contenders: BTreeSet<String> = baseline.cells.keys().map(CellName::of_contender).collect();
    // A contender that lost all its rows is still known by its code.
    contenders.extend(baseline.identities.contenders.keys().cloned());
    let groups: BTreeSet<String> = baseline.cells.keys().map(CellName::of_group).collect();
    let is_expected =
        |name: &CellName| contenders.contains(&name.of_contender()) && groups.contains(&name.of_group());
    for name in selected.difference(skipped) {
        let list = match (baseline.cells.get(name), measured.get(name)) {
            (_, None) => &mut verdict.unverified,
            (None, Some(_)) if is_expected(name) => &mut verdict.missing,
            (None, Some(_)) => &mut verdict.new,
            (Some(old), Some(new)) => match classify(old, new) {
                Change::None => continue,
                Change::Regression => &mut verdict.regressions,
                Change::Improvement => &mut verdict.improvements,
            },
        };
        list.push(name.clone());
    }
    if everything {
        let gone = baseline.cells.keys().filter(|name| !selected.contains(*name));
        verdict.vanished.extend(gone.cloned());
    }
    verdict
}

/// Groups cells by contender: `bottleneck/contender` and how many.
pub fn by_contender(names: &[CellName]) -> BTreeMap<String, usize> {
    let mut groups = BTreeMap::new();
    for name in names {
        *groups.entry(name.of_contender()).or_default() += 1;
    }
    groups
}

#[cfg(test)]
mod tests {
    use reports::record::{Allocations, Atomics};
    use reports::{Identities, Identity};

    use super::*;

    fn entry(instructions: u64, blocks: u64) -> Entry {
        Entry::of(&exact(instructions, blocks)).unwrap()
    }

    fn exact(instructions: u64, blocks: u64) -> Measurements {
        let allocations = Allocations { blocks, ..Allocations::default() };
        Measurements {
            instructions: Some(instructions),
            allocations: Some(allocations),
            ..Measurements::default()
        }
    }

    /// Measurements that give this entry.
    fn measured_like(entry: &Entry) -> Measurements {
        let count = |metric| entry.count(metric);
        Measurements {
            instructions: Some(count(Metric::Instructions)),
            atomics: Some(Atomics { program: count(Metric::Atomics), libraries: 0 }),
            allocations: Some(Allocations {
                blocks: count(Metric::Blocks),
                frees: None,
                bytes: count(Metric::Bytes),
                peak_bytes: count(Metric::PeakBytes),
                live_bytes: count(Metric::LiveBytes),
                drop_frees: None,
            }),
            ..Measurements::default()
        }
    }

    /// A cell whose atomics cannot be told is judged by the rest.
    #[test]
    fn what_could_not_be_told_is_not_compared() {
        let untold = exact(100_000, 5);
        let old = Entry::of(&untold).unwrap();
        assert_eq!(old.counts.get(&Metric::Atomics), None);
        let told = Measurements { atomics: Some(Atomics { program: 7, libraries: 0 }), ..untold.clone() };
        assert_eq!(classify(&old, &told), Change::None);
        assert_eq!(classify(&Entry::of(&told).unwrap(), &untold), Change::None);
        let more = Measurements { atomics: Some(Atomics { program: 8, libraries: 0 }), ..untold };
        assert_eq!(classify(&Entry::of(&told).unwrap(), &more), Change::Regression);
    }

    #[test]
    fn the_thresholds() {
        let cases = [
            (100_000, 100_500, Change::None),
            (100_000, 100_501, Change::Regression),
            (100_000, 101_000, Change::Regression),
            (100_000, 99_499, Change::Improvement),
            (1_000, 1_200, Change::None),
            (1_000, 1_201, Change::Regression),
            (1_000, 799, Change::Improvement),
        ];
        for (old, new, expected) in cases {
            assert_eq!(classify(&entry(old, 1), &exact(new, 1)), expected, "{old} -> {new}");
        }
    }

    #[test]
    fn one_block_more_is_a_regression_even_with_fewer_instructions() {
        assert_eq!(classify(&entry(100_000, 5), &exact(50_000, 6)), Change::Regression);
        assert_eq!(classify(&entry(100_000, 5), &exact(100_000, 4)), Change::Improvement);
    }

    /// The rule is the metric's, whichever metric it is.
    #[test]
    fn every_metric_that_gates_finds_growth_and_shrinking() {
        let counts = Metric::in_baseline().map(|(metric, _)| (metric, 100_000));
        let old = Entry { counts: counts.collect(), ..Entry::default() };
        assert_eq!(Entry::of(&measured_like(&old)), Some(old.clone()), "it has every metric");
        for (metric, gate) in Metric::in_baseline() {
            let Some(tolerated) = tolerance(metric, &old) else {
                panic!("{metric:?} is in the baseline and {gate:?}");
            };
            let mut changed = old.clone();
            let of = |changed: &Entry| classify(&old, &measured_like(changed));
            changed.counts.insert(metric, old.count(metric) + tolerated);
            assert_eq!(of(&changed), Change::None, "{metric:?}");
            changed.counts.insert(metric, old.count(metric) + tolerated + 1);
            assert_eq!(of(&changed), Change::Regression, "{metric:?}");
            changed.counts.insert(metric, old.count(metric) - tolerated - 1);
            assert_eq!(of(&changed), Change::Improvement, "{metric:?}");
        }
    }

    #[test]
    fn a_noisy_cell_has_its_own_tolerance() {
        let noisy = |noise| Entry { noise: [(Metric::Instructions, noise)].into(), ..entry(100_000, 0) };
        assert_eq!(classify(&noisy(700), &exact(100_700, 0)), Change::None);
        assert_eq!(classify(&noisy(700), &exact(100_701, 0)), Change::Regression);
        // No noise hides more than 1 %.
        assert_eq!(classify(&noisy(5_000), &exact(101_000, 0)), Change::None);
        assert_eq!(classify(&noisy(5_000), &exact(101_001, 0)), Change::Regression);
    }

    #[test]
    fn without_an_instruction_count_only_blocks_decide() {
        let new = Measurements { instructions: None, ..exact(0, 7) };
        assert_eq!(classify(&entry(100, 7), &new), Change::None);
        assert_eq!(classify(&entry(100, 6), &new), Change::Regression);
    }

    #[test]
    fn nothing_is_skipped_silently() {
        let key = |name: &str| name.parse::<CellName>().unwrap();
        let baseline = Baseline {
            cells: [("b/s/8/gone", 1), ("b/s/8/failed", 1), ("b/s/8/same", 1), ("b/t/8/failed", 1)]
                .map(|(name, instructions)| (key(name), entry(instructions, 0)))
                .into(),
            ..Baseline::default()
        };
        // The last three: of a contender and a group that are known, of a new group, and of a new contender.
        let others = ["b/t/8/same", "b/t/9/same", "b/t/8/new"];
        let selected = ["b/s/8/new", "b/s/8/failed", "b/s/8/same", "b/t/8/failed"].iter().chain(&others);
        let selected = selected.copied().map(key).collect();
        let measured = ["b/s/8/new", "b/s/8/same", "b/t/8/failed"].iter().chain(&others);
        let measured = measured.map(|name| (key(name), exact(1, 0))).collect();
        let verdict = compare(&baseline, &selected, &BTreeSet::new(), &measured, true);
        assert_eq!(verdict.new, ["b/s/8/new", "b/t/8/new", "b/t/9/same"].map(key));
        assert_eq!(verdict.missing, [key("b/t/8/same")]);
        assert_eq!(verdict.vanished, [key("b/s/8/gone")]);
        assert_eq!(verdict.unverified, [key("b/s/8/failed")]);
        assert!(compare(&baseline, &selected, &BTreeSet::new(), &measured, false).vanished.is_empty());
        // A contender that is known by its code is not new.
        let identity = Identity { cells: String::new(), checks: String::new() };
        let identities =
            Identities { worker: String::new(), contenders: [("b/new".to_owned(), identity)].into() };
        let known = Baseline { identities, ..baseline.clone() };
        let verdict = compare(&known, &selected, &BTreeSet::new(), &measured, true);
        assert_eq!(verdict.missing, ["b/s/8/new", "b/t/8/new", "b/t/8/same"].map(key));
        // What is skipped is neither new nor lost.
        let skipped = [key("b/s/8/failed"), key("b/s/8/same")].into();
        let verdict = compare(&baseline, &selected, &skipped, &measured, true);
        assert_eq!((verdict.unverified, verdict.vanished), (vec![], vec![key("b/s/8/gone")]));
    }
}
