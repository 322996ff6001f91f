//! Samples of cells, for what is too slow for all cells.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use reports::CellName;
use reports::cell_name::NotACell;
use scenarios::Contender;
use scenarios::input::mix;

use super::cell::{Cell, Roster};
use super::selection::{Profile, Selection};
use crate::error::usage;

/// The variable that names a file with the cells for `--bench gungraun`, one name a line.
pub const LISTED: &str = "LAB_CELLS";

/// The cells for gungraun: those in the file that [`LISTED`] names, else a [`sample`].
///
/// # Errors
/// If the file cannot be read or has a line that is not a cell of the roster.
pub fn listed(roster: Roster<'_>) -> Result<Vec<CellName>> {
    let Some(path) = std::env::var_os(LISTED) else {
        return Ok(sample(roster)?.iter().map(Cell::name).collect());
    };
    let text = std::fs::read_to_string(&path);
    let text = text.with_context(|| format!("cannot read {} ({LISTED})", path.display()))?;
    let names = text.lines().map(|line| {
        let name = line.parse().map_err(|error: NotACell| usage(error.to_string()))?;
        roster.find(&name)?;
        Ok(name)
    });
    names.collect()
}

/// The largest number of cells in a [`sample`].
const SAMPLE: usize = 200;

/// A sample of up to 200 cells of the profile quick. It holds one cell of every contender, then the cells whose
/// names have the smallest hashes. Because of the hashes, a new cell replaces at most one other.
///
/// # Errors
/// If the roster is empty.
pub fn sample(roster: Roster<'_>) -> Result<Vec<Cell<'_>>> {
    let cells = Selection { profile: Profile::Quick, ..Selection::default() }.resolve(roster)?;
    Ok(drawn(&cells, 0, SAMPLE))
}

/// Draws cells: one of every contender, then more until there are `count`. In the order of `cells`.
pub fn drawn<'a>(cells: &[Cell<'a>], seed: u64, count: usize) -> Vec<Cell<'a>> {
    let hash = |cell: &Cell| {
        let names = [cell.contender.bottleneck.name, cell.scenario.name, cell.contender.about.name];
        let bytes = names.into_iter().flat_map(str::bytes).map(u64::from);
        bytes.chain([cell.size as u64]).fold(seed, |state, part| mix(state ^ part))
    };
    // One of every contender goes before all others.
    let mut by_hash: Vec<(u64, &Contender)> = cells.iter().map(|cell| (hash(cell), cell.contender)).collect();
    by_hash.sort_unstable_by_key(|(hash, _)| *hash);
    let mut represented: Vec<&Contender> = Vec::new();
    let (firsts, others): (Vec<_>, Vec<_>) = by_hash.into_iter().partition(|(_, contender)| {
        let first = !represented.iter().any(|known| std::ptr::eq(*known, *contender));
        represented.extend(first.then_some(*contender));
        first
    });
    let count = count.max(firsts.len());
    let drawn: BTreeSet<u64> = firsts.into_iter().chain(others).map(|(hash, _)| hash).take(count).collect();
    cells.iter().filter(|cell| drawn.contains(&hash(cell))).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(contenders: &[Contender]) -> BTreeSet<String> {
        sample(Roster::generated(contenders)).unwrap().iter().map(|cell| cell.name().to_string()).collect()
    }

    #[test]
    fn a_sample_is_bounded_and_has_every_contender() {
        let roster = crate::roster::roster();
        let names = names(&roster);
        assert!(names.len() <= SAMPLE.max(roster.len()));
        for contender in &roster {
            let (bottleneck, name) = (contender.bottleneck.name, contender.about.name);
            let has = |cell: &String| cell.starts_with(bottleneck) && cell.ends_with(&format!("/{name}"));
            assert!(names.iter().any(has), "{bottleneck}/{name} has no cell in {names:?}");
        }
    }

    #[test]
    fn a_sample_changes_little_with_the_roster() {
        let mut roster = crate::roster::roster();
        let before = names(&roster);
        let removed = roster.pop().unwrap();
        let after = names(&roster);
        let gone: Vec<&String> = before.difference(&after).collect();
        assert!(gone.iter().all(|cell| cell.ends_with(removed.about.name)), "{gone:?}");
    }
}
