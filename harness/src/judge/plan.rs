//! Which cells the gate measures: those whose code changed, and a sample of the others.

use std::collections::BTreeSet;

use reports::{CellName, Identities};
use scenarios::input::mix;

use crate::roster::cell::{Cell, name_of};
use crate::roster::sample::drawn;

/// One of so many cells that cannot have changed is measured all the same: 5 %.
const SAMPLED: usize = 20;

/// Which cells the gate measures.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// Cells whose code may have changed.
    pub changed: Vec<Cell<'a>>,
    /// A sample of the cells whose code is the same. The gate measures them to make sure that their counts are, too.
    pub sample: Vec<Cell<'a>>,
    /// The other cells whose code is the same.
    pub skipped: Vec<Cell<'a>>,
    /// Contenders that passed the same checks with the same code, `bottleneck/contender`.
    pub verified: BTreeSet<String>,
}

impl<'a> Plan<'a> {
    /// A plan that measures everything.
    pub fn everything(cells: &[Cell<'a>]) -> Self {
        Plan { changed: cells.to_vec(), ..Plan::default() }
    }

    /// A plan that measures what differs between two programs. `is_known` says of which cells there is a count to compare
    /// with; `seed` decides which of the cells that cannot have changed are in the sample.
    pub fn between(
        cells: &[Cell<'a>],
        old: &Identities,
        new: &Identities,
        is_known: impl Fn(&CellName) -> bool,
        seed: u64,
    ) -> Self {
        let is_same = |cell: &Cell| new.same_cells(old, &name_of(cell.contender)) && is_known(&cell.name());
        let (same, changed): (Vec<Cell>, Vec<Cell>) = cells.iter().partition(|cell| is_same(cell));
        let sample = drawn(&same, seed, same.len().div_ceil(SAMPLED));
        let sampled: BTreeSet<CellName> = sample.iter().map(Cell::name).collect();
        let skipped = same.into_iter().filter(|cell| !sampled.contains(&cell.name())).collect();
        let contenders = cells.iter().map(|cell| name_of(cell.contender));
        let verified = contenders.filter(|name| new.same_checks(old, name)).collect();
        Plan { changed, sample, skipped, verified }
    }

    /// The cells that it measures, in the order of the selection.
    pub fn measured(&self) -> Vec<Cell<'a>> {
        self.changed.iter().chain(&self.sample).copied().collect()
    }

    /// The names of the cells whose code is the same.
    pub fn unchanged(&self) -> BTreeSet<CellName> {
        self.sample.iter().chain(&self.skipped).map(Cell::name).collect()
    }

    /// The number of contenders whose cells are not measured, but for the sample.
    pub fn unchanged_contenders(&self) -> usize {
        let names = self.sample.iter().map(|cell| name_of(cell.contender));
        names.collect::<BTreeSet<String>>().len()
    }
}

/// The seed of the sample at a revision: another commit measures other cells.
pub fn seed_of(revision: &str) -> u64 {
    revision.bytes().fold(0, |state, byte| mix(state ^ u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use reports::Identity;

    use super::*;
    use crate::roster::cell::Roster;
    use crate::roster::selection::Selection;

    /// The identities of a roster in which each contender's hashes are its name.
    fn identities(names: impl Iterator<Item = String>) -> Identities {
        let of = |name: String| (name.clone(), Identity { cells: name.clone(), checks: name });
        Identities { worker: "w".to_owned(), contenders: names.map(of).collect() }
    }

    #[test]
    fn what_changed_is_measured_and_one_in_twenty_of_the_rest() {
        let contenders = crate::roster::roster();
        let cells = Selection::default().resolve(Roster::generated(&contenders)).unwrap();
        let old = identities(contenders.iter().map(name_of));
        let known = |_: &CellName| true;
        let of = |cells: &[Cell]| cells.iter().map(Cell::name).collect::<BTreeSet<CellName>>();

        let mut new = old.clone();
        new.contenders.get_mut("persistent_map/champ").unwrap().cells.push('2');
        let plan = Plan::between(&cells, &old, &new, known, 1);
        assert!(plan.changed.iter().all(|cell| name_of(cell.contender) == "persistent_map/champ"));
        assert!(!plan.changed.is_empty());
        let rest = plan.sample.len() + plan.skipped.len();
        assert_eq!(plan.changed.len() + rest, cells.len());
        assert_eq!(plan.sample.len(), rest.div_ceil(20));
        assert_eq!(plan.unchanged_contenders(), contenders.len() - 1);
        assert_eq!(plan.unchanged().len(), rest);
        assert_eq!(plan.verified.len(), contenders.len());
        // Another revision measures other cells, and the same revision the same.
        assert_eq!(of(&plan.sample), of(&Plan::between(&cells, &old, &new, known, 1).sample));
        assert_ne!(of(&plan.sample), of(&Plan::between(&cells, &old, &new, known, 2).sample));

        // Another worker moves every count.
        new.worker.push('2');
        assert_eq!(Plan::between(&cells, &old, &new, known, 1).changed.len(), cells.len());
        // A cell without a count to compare with is measured, whatever its code.
        let unknown = |name: &CellName| name.bottleneck != "slots";
        let plan = Plan::between(&cells, &old, &old, unknown, 1);
        assert!(plan.changed.iter().all(|cell| cell.contender.bottleneck.name == "slots"));
        assert!(!plan.changed.is_empty());
    }

    #[test]
    fn a_contender_whose_checks_changed_is_verified_again() {
        let contenders = crate::roster::roster();
        let cells = Selection::default().resolve(Roster::generated(&contenders)).unwrap();
        let old = identities(contenders.iter().map(name_of));
        let mut new = old.clone();
        new.contenders.get_mut("slots/slab").unwrap().checks.push('2');
        let plan = Plan::between(&cells, &old, &new, |_| true, 1);
        assert!(!plan.verified.contains("slots/slab") && plan.changed.is_empty());
        assert_eq!(plan.verified.len(), contenders.len() - 1);
    }
}
