//! The gate's rule: which changes of the exact meters are regressions.

use std::collections::{BTreeMap, BTreeSet};

use reports::baseline::{Baseline, Entry, Key};
use reports::record::{Allocations, Atomics};

/// What the exact meters say of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exact {
    /// Instructions per region.
    pub instructions: Option<u64>,
    /// Atomic read-modify-writes per region. They do not gate: a new one shows in the instructions.
    pub atomics: Option<Atomics>,
    /// Allocations per region.
    pub allocations: Option<Allocations>,
}

/// Share by which instructions may grow.
const TOLERATED_SHARE: f64 = 0.005;

/// Instructions by which a cell may grow, however small it is.
///
/// Rebuilding another crate moves a cell by up to about thirty; one per cent of the smallest regions
/// that mean something is some hundreds.
const TOLERATED_INSTRUCTIONS: u64 = 200;

/// By how much a cell's instructions may differ from the baseline's without being a change.
pub fn tolerance(entry: &Entry) -> u64 {
    let share = (entry.instructions as f64 * TOLERATED_SHARE) as u64;
    share.max(TOLERATED_INSTRUCTIONS).max(entry.noise)
}

/// How a cell changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// By no more than is tolerated.
    None,
    /// More instructions than tolerated, or any more allocated blocks.
    Regression,
    /// Fewer instructions by more than is tolerated, or fewer blocks; and no regression.
    Improvement,
}

/// Classifies a cell's change.
pub fn classify(old: &Entry, new: &Exact) -> Change {
    let tolerance = tolerance(old);
    let grew = new.instructions.is_some_and(|new| new > old.instructions + tolerance);
    let shrank = new.instructions.is_some_and(|new| new + tolerance < old.instructions);
    let blocks = new.allocations.map_or(old.blocks, |allocations| allocations.blocks);
    if grew || blocks > old.blocks {
        Change::Regression
    } else if shrank || blocks < old.blocks {
        Change::Improvement
    } else {
        Change::None
    }
}

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Cells that regressed.
    pub regressions: Vec<Key>,
    /// Cells that improved.
    pub improvements: Vec<Key>,
    /// Cells that the baseline does not have.
    pub new: Vec<Key>,
    /// Cells that only the baseline has.
    pub vanished: Vec<Key>,
    /// Cells that were to be measured and were not: failed, or their contender is excluded.
    pub unverified: Vec<Key>,
}

/// Compares what was measured of the `selected` cells with the baseline. Cells of the baseline that
/// are not selected count as vanished only where `everything` was selected.
pub fn compare(
    baseline: &Baseline,
    selected: &BTreeSet<Key>,
    measured: &BTreeMap<Key, Exact>,
    everything: bool,
) -> Verdict {
    let mut verdict = Verdict::default();
    for key in selected {
        let list = match (baseline.cells.get(key), measured.get(key)) {
            (_, None) => &mut verdict.unverified,
            (None, Some(_)) => &mut verdict.new,
            (Some(old), Some(new)) => match classify(old, new) {
                Change::None => continue,
                Change::Regression => &mut verdict.regressions,
                Change::Improvement => &mut verdict.improvements,
            },
        };
        list.push(key.clone());
    }
    if everything {
        let gone = baseline.cells.keys().filter(|key| !selected.contains(*key));
        verdict.vanished.extend(gone.cloned());
    }
    verdict
}

/// The functions whose cost changed most, largest growth first: name, old, new.
pub fn changed_functions(old: &Entry, new: &BTreeMap<String, u64>) -> Vec<(String, u64, u64)> {
    let names: BTreeSet<&String> = old.functions.keys().chain(new.keys()).collect();
    let least = tolerance(old).min(old.instructions / 1000);
    let mut changes: Vec<(String, u64, u64)> = names
        .into_iter()
        .map(|name| {
            let of = |functions: &BTreeMap<String, u64>| functions.get(name).copied().unwrap_or(0);
            (name.clone(), of(&old.functions), of(new))
        })
        .filter(|(name, was, is)| {
            // Of a function without a line nothing is known but that it was not worth one.
            let known = old.functions.contains_key(name);
            was.abs_diff(*is) > if known { least } else { least.max(old.least_function()) }
        })
        .collect();
    changes.sort_by_key(|(_, old, new)| std::cmp::Reverse(*new as i64 - *old as i64));
    changes
}

/// Groups cells by contender: `bottleneck/contender` and how many.
pub fn by_contender(keys: &[Key]) -> BTreeMap<String, usize> {
    let mut groups = BTreeMap::new();
    for key in keys {
        *groups.entry(format!("{}/{}", key.bottleneck, key.contender)).or_default() += 1;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(instructions: u64, blocks: u64) -> Entry {
        Entry { instructions, blocks, ..Entry::default() }
    }

    fn exact(instructions: u64, blocks: u64) -> Exact {
        let allocations = Allocations { blocks, ..Allocations::default() };
        Exact { instructions: Some(instructions), allocations: Some(allocations), ..Exact::default() }
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

    #[test]
    fn a_noisy_cell_has_its_own_tolerance() {
        let noisy = Entry { noise: 5_000, ..entry(100_000, 0) };
        assert_eq!(classify(&noisy, &exact(105_000, 0)), Change::None);
        assert_eq!(classify(&noisy, &exact(105_001, 0)), Change::Regression);
    }

    #[test]
    fn without_an_instruction_count_only_blocks_decide() {
        let new = Exact { instructions: None, ..exact(0, 7) };
        assert_eq!(classify(&entry(100, 7), &new), Change::None);
        assert_eq!(classify(&entry(100, 6), &new), Change::Regression);
    }

    #[test]
    fn nothing_is_skipped_silently() {
        let key = |name: &str| Key::parse(name).unwrap();
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

    #[test]
    fn the_function_that_grew_most_comes_first() {
        let mut old = entry(10_000, 0);
        old.functions =
            [("get", 6_000), ("insert", 3_000), ("same", 1_000)].map(|(n, c)| (n.to_owned(), c)).into();
        let new = [("get", 6_100), ("insert", 4_000), ("same", 1_001)].map(|(n, c)| (n.to_owned(), c)).into();
        let changes = changed_functions(&old, &new);
        assert_eq!(changes, [("insert".to_owned(), 3_000, 4_000), ("get".to_owned(), 6_000, 6_100)]);
    }

    #[test]
    fn a_function_that_was_not_worth_a_line_has_not_grown_from_nothing() {
        let mut old = entry(100_000, 0);
        old.set_functions([("get", 99_600), ("malloc", 400)].map(|(n, c)| (n.to_owned(), c)).into());
        let new = [("get", 99_600), ("malloc", 400), ("insert", 2_000)];
        let changes = changed_functions(&old, &new.map(|(n, c)| (n.to_owned(), c)).into());
        assert_eq!(changes, [("insert".to_owned(), 0, 2_000)]);
    }
}
