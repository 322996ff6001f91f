//! What the gate found, spelled: in lines, and as the test cases of a CI system.

use std::collections::{BTreeMap, BTreeSet};

use reports::baseline::{Baseline, Entry};
use reports::junit::{Case, Outcome};
use reports::record::Measurements;
use reports::{CellName, Metric};

use super::rule::Verdict;
use crate::progress::grouped;

/// What the gate judged.
pub struct Judged<'a> {
    /// What it compared with.
    pub old: &'a Baseline,
    /// The cells that were selected.
    pub selected: &'a BTreeSet<CellName>,
    /// Those of them whose code is the same.
    pub unchanged: &'a BTreeSet<CellName>,
    /// What was measured.
    pub measured: &'a BTreeMap<CellName, Measurements>,
    /// Those whose counts differ although their code is the same.
    pub missed: &'a [CellName],
}

impl Judged<'_> {
    /// A test case for each cell that was selected or has vanished.
    pub fn cases(&self, verdict: &Verdict) -> Vec<Case> {
        let spell = |name: &CellName| match (self.old.cells.get(name), self.measured.get(name)) {
            (Some(old), Some(new)) => change(name, old, new),
            _ => name.to_string(),
        };
        let failed =
            |kind, why: &'static str| move |_: &CellName| Outcome::Failed { kind, message: why.to_owned() };
        let skipped = |why: &'static str| move |_: &CellName| Outcome::Skipped { message: why.to_owned() };
        let broken = |why: &'static str| move |_: &CellName| Outcome::Broken { message: why.to_owned() };
        let lists = [
            Case::all(&verdict.regressions, |name| Outcome::Failed {
                kind: "regression",
                message: spell(name),
            }),
            Case::all(&verdict.missing, failed("missing", "the baseline has lost its row")),
            Case::all(&verdict.vanished, failed("vanished", "the baseline has it, and the lab does not")),
            Case::all(&verdict.unverified, broken("it was not measured, because it failed")),
            Case::all(self.missed, |name| Outcome::Broken {
                message: format!("{}, although its code is unchanged by identity", spell(name)),
            }),
            Case::all(&verdict.improvements, |name| Outcome::Passed { note: spell(name) }),
            Case::all(&verdict.new, skipped("it is new: there is nothing to compare it with")),
        ];
        let mut cases: BTreeMap<CellName, Case> = BTreeMap::new();
        for case in lists.into_iter().flatten() {
            // A cell that is in two lists has the graver outcome, which comes first.
            cases.entry(case.cell.clone()).or_insert(case);
        }
        for name in self.selected {
            let is_skipped = self.unchanged.contains(name) && !self.measured.contains_key(name);
            let outcome = match is_skipped {
                true => Outcome::Skipped {
                    message: "it was not measured: nothing changed that its code can reach".to_owned(),
                },
                false => Outcome::Passed { note: String::new() },
            };
            cases.entry(name.clone()).or_insert_with(|| Case { cell: name.clone(), outcome });
        }
        cases.into_values().collect()
    }
}

/// A cell's name, and the metrics that changed among those that the gate judges.
pub fn change(name: &CellName, old: &Entry, new: &Measurements) -> String {
    let mut text = name.to_string();
    for (metric, gate) in Metric::in_baseline() {
        let (Some(&old), Some(new)) = (old.counts.get(&metric), metric.count(new)) else { continue };
        if new == old {
            continue;
        }
        text += &format!(" {} {} -> {}", metric.key(), grouped(old, ' '), grouped(new, ' '));
        if gate.has_noise() {
            text += &match old {
                0 => " (new)".to_owned(),
                _ => format!(" ({:+.2} %)", (new as f64 / old as f64 - 1.0) * 100.0),
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use reports::record::Allocations;

    use super::*;
    use crate::judge::rule;

    fn measured(instructions: u64, blocks: u64) -> Measurements {
        let allocations = Allocations { blocks, ..Allocations::default() };
        Measurements {
            instructions: Some(instructions),
            allocations: Some(allocations),
            ..Measurements::default()
        }
    }

    fn name(text: &str) -> CellName {
        text.parse().unwrap()
    }

    #[test]
    fn a_change_names_what_changed_and_by_how_much() {
        let old = Entry::of(&measured(100_000, 4)).unwrap();
        let cell = name("m/get/8/a");
        assert_eq!(
            change(&cell, &old, &measured(150_000, 5)),
            "m/get/8/a instructions 100 000 -> 150 000 (+50.00 %) blocks 4 -> 5"
        );
        assert_eq!(change(&cell, &old, &measured(100_000, 4)), "m/get/8/a");
    }

    #[test]
    fn every_cell_that_was_selected_or_vanished_is_one_case() {
        let cell = |contender: &str| name(&format!("m/get/8/{contender}"));
        let names = ["same", "worse", "better", "new", "missing", "failed", "skipped", "sampled", "missed"];
        let selected: BTreeSet<CellName> = names.into_iter().map(cell).collect();
        let entry = Entry::of(&measured(100_000, 4)).unwrap();
        let known = ["same", "worse", "better", "failed", "skipped", "sampled", "missed", "vanished"];
        let old =
            Baseline { cells: known.map(|known| (cell(known), entry.clone())).into(), ..Baseline::default() };
        let same = measured(100_000, 4);
        let now: BTreeMap<CellName, Measurements> = [
            ("same", same.clone()),
            ("worse", measured(150_000, 4)),
            ("better", measured(50_000, 4)),
            ("new", same.clone()),
            ("missing", same.clone()),
            ("sampled", same),
            ("missed", measured(150_000, 4)),
        ]
        .map(|(contender, measured)| (cell(contender), measured))
        .into();
        let unchanged: BTreeSet<CellName> = [cell("skipped"), cell("sampled")].into();
        let mut verdict = rule::compare(&old, &selected, &unchanged, &now, true);
        // The rule tells a lost row from a new cell by other cells; here both lists have one.
        verdict.missing = vec![cell("missing")];
        verdict.new = vec![cell("new")];
        let missed = [cell("missed")];
        let judged =
            Judged { old: &old, selected: &selected, unchanged: &unchanged, measured: &now, missed: &missed };
        let found: BTreeMap<String, Outcome> =
            judged.cases(&verdict).into_iter().map(|case| (case.cell.contender, case.outcome)).collect();
        assert_eq!(found.len(), names.len() + 1);
        assert!(matches!(&found["worse"], Outcome::Failed { kind: "regression", message }
            if message == "m/get/8/worse instructions 100 000 -> 150 000 (+50.00 %)"));
        assert!(matches!(&found["missing"], Outcome::Failed { kind: "missing", .. }));
        assert!(matches!(&found["vanished"], Outcome::Failed { kind: "vanished", .. }));
        assert!(matches!(&found["failed"], Outcome::Broken { .. }));
        assert!(matches!(&found["better"], Outcome::Passed { note } if note.contains("-50.00 %")));
        for contender in ["new", "skipped"] {
            assert!(matches!(&found[contender], Outcome::Skipped { .. }), "{contender}");
        }
        for contender in ["same", "sampled"] {
            assert_eq!(found[contender], Outcome::Passed { note: String::new() }, "{contender}");
        }
        // What changed by itself is a regression first: it fails either way.
        assert!(matches!(&found["missed"], Outcome::Failed { .. }));
    }
}
