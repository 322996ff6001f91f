//! Attribution finds which functions of a cell changed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use reports::baseline::{Baseline, Entry};
use reports::{CellName, Metric};

use super::revision::Revision;
use super::rule::tolerance;
use crate::measure::meters::instructions::valgrind_version;
use crate::measure::programs::Options;
use crate::measure::run::Run;
use crate::roster::cell::Roster;

/// A change of a function by this part of its cell is worth a line, even where the cell tolerates more.
const LEAST_CHANGE: u64 = 1000;

/// A function that changed: its name, and its instructions before and now.
pub type Changed = (String, u64, u64);

/// The functions whose cost changed most, largest growth first: name, old, new.
pub fn changed_functions(old: &Entry, new: &BTreeMap<String, u64>) -> Vec<Changed> {
    let names: BTreeSet<&String> = old.functions.keys().chain(new.keys()).collect();
    let instructions = old.count(Metric::Instructions);
    let least = tolerance(Metric::Instructions, old).unwrap_or(0).min(instructions / LEAST_CHANGE);
    let mut changes: Vec<Changed> = names
        .into_iter()
        .map(|name| {
            let of = |functions: &BTreeMap<String, u64>| functions.get(name).copied().unwrap_or(0);
            (name.clone(), of(&old.functions), of(new))
        })
        .filter(|(name, was, is)| {
            // If the baseline has no line for a function, its cost was below the least that is worth one.
            let known = old.functions.contains_key(name);
            was.abs_diff(*is) > if known { least } else { least.max(old.least_function()) }
        })
        .collect();
    changes.sort_by_key(|(_, old, new)| std::cmp::Reverse(*new as i64 - *old as i64));
    changes
}

/// The number of cells whose functions are looked up. They are the cells that grew most: enough to show the cause, and
/// few enough to take only seconds.
const EXPLAINED: usize = 100;

/// The functions of the regressed cells that changed. Their old costs are the baseline's, or those of another
/// revision where the comparison is with one.
///
/// # Errors
/// If a cell cannot be measured.
pub fn explain(
    roster: Roster<'_>,
    options: &Options,
    old: &Baseline,
    revision: Option<&Revision>,
    regressions: &[CellName],
) -> Result<BTreeMap<CellName, Vec<Changed>>> {
    if regressions.is_empty() || valgrind_version().is_none() {
        return Ok(BTreeMap::new());
    }
    let names = &regressions[..regressions.len().min(EXPLAINED)];
    let cells = names.iter().map(|name| roster.find(name)).collect::<Result<Vec<_>>>()?;
    let mut functions = Run::new(roster, options.clone()).functions(&cells)?;
    let mut changed = BTreeMap::new();
    for name in names {
        let Some((_, new)) = functions.remove(name) else { continue };
        let mut entry = old.cells[name].clone();
        if let Some(revision) = revision {
            entry.functions = revision.explained(name)?.functions;
        }
        changed.insert(name.clone(), changed_functions(&entry, &new.functions));
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(instructions: u64) -> Entry {
        Entry { counts: [(Metric::Instructions, instructions)].into(), ..Entry::default() }
    }

    #[test]
    fn the_function_that_grew_most_comes_first() {
        let mut old = entry(10_000);
        old.functions =
            [("get", 6_000), ("insert", 3_000), ("same", 1_000)].map(|(n, c)| (n.to_owned(), c)).into();
        let new = [("get", 6_100), ("insert", 4_000), ("same", 1_001)].map(|(n, c)| (n.to_owned(), c)).into();
        let changes = changed_functions(&old, &new);
        assert_eq!(changes, [("insert".to_owned(), 3_000, 4_000), ("get".to_owned(), 6_000, 6_100)]);
    }

    #[test]
    fn a_function_that_was_not_worth_a_line_has_not_grown_from_nothing() {
        let mut old = entry(100_000);
        old.set_functions([("get", 99_600), ("malloc", 400)].map(|(n, c)| (n.to_owned(), c)).into());
        let new = [("get", 99_600), ("malloc", 400), ("insert", 2_000)];
        let changes = changed_functions(&old, &new.map(|(n, c)| (n.to_owned(), c)).into());
        assert_eq!(changes, [("insert".to_owned(), 0, 2_000)]);
    }
}
