//! The gate's rule: which changes of the exact meters are regressions.

use std::collections::{BTreeMap, BTreeSet};

use reports::baseline::{Baseline, Entry};
use reports::metric::Gate;
use reports::record::Measurements;
use reports::{CellName, Metric};

/// The growth of a cell's count over the baseline that is not yet a regression; `None` for a metric that does not
/// gate.
pub fn tolerance(metric: Metric, old: &Entry) -> Option<u64> {
    match metric.about().gate {
        Gate::Ignored | Gate::Recorded => None,
        Gate::NoGrowth => Some(0),
        Gate::Tolerance { share, least } => {
            let share = (old.count(metric) as f64 * share) as u64;
            Some(share.max(least).max(old.noise(metric)))
        }
    }
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

/// Classifies a cell's change. A metric that was not measured is ignored.
pub fn classify(old: &Entry, new: &Measurements) -> Change {
    let mut change = Change::None;
    for (metric, _) in Metric::in_baseline() {
        let (Some(tolerance), Some(new)) = (tolerance(metric, old), metric.count(new)) else { continue };
        let old = old.count(metric);
        if new > old + tolerance {
            return Change::Regression;
        }
        if new + tolerance < old {
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
    /// Cells that the baseline does not have.
    pub new: Vec<CellName>,
    /// Cells that only the baseline has.
    pub vanished: Vec<CellName>,
    /// Selected cells that were not measured, because they failed or their contender is excluded.
    pub unverified: Vec<CellName>,
}

/// Compares what was measured of the `selected` cells with the baseline. Cells of the baseline that
/// are not selected count as vanished only where `everything` was selected.
pub fn compare(
    baseline: &Baseline,
    selected: &BTreeSet<CellName>,
    measured: &BTreeMap<CellName, Measurements>,
    everything: bool,
) -> Verdict {
    let mut verdict = Verdict::default();
    for name in selected {
        let list = match (baseline.cells.get(name), measured.get(name)) {
            (_, None) => &mut verdict.unverified,
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
    use reports::record::Allocations;

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
        let old = entry(100_000, 1_000);
        for (metric, gate) in Metric::in_baseline() {
            let Some(tolerated) = tolerance(metric, &old) else {
                assert_eq!(gate, Gate::Recorded, "{metric:?}");
                continue;
            };
            let mut changed = old.clone();
            let of = |changed: &Entry| {
                let [instructions, blocks] =
                    [Metric::Instructions, Metric::Blocks].map(|it| changed.count(it));
                classify(&old, &exact(instructions, blocks))
            };
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
        let noisy = Entry { noise: [(Metric::Instructions, 5_000)].into(), ..entry(100_000, 0) };
        assert_eq!(classify(&noisy, &exact(105_000, 0)), Change::None);
        assert_eq!(classify(&noisy, &exact(105_001, 0)), Change::Regression);
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
            cells: [("b/s/8/gone", 1), ("b/s/8/failed", 1), ("b/s/8/same", 1)]
                .map(|(name, instructions)| (key(name), entry(instructions, 0)))
                .into(),
            ..Baseline::default()
        };
        let selected = ["b/s/8/new", "b/s/8/failed", "b/s/8/same"].map(key).into();
        let measured = ["b/s/8/new", "b/s/8/same"].map(|name| (key(name), exact(1, 0))).into();
        let verdict = compare(&baseline, &selected, &measured, true);
        assert_eq!(verdict.new, [key("b/s/8/new")]);
        assert_eq!(verdict.vanished, [key("b/s/8/gone")]);
        assert_eq!(verdict.unverified, [key("b/s/8/failed")]);
        assert!(compare(&baseline, &selected, &measured, false).vanished.is_empty());
    }
}
