//! What the targets of `cargo bench` share.

use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use scenarios::{Case, Contender, Setup};

use crate::cell::{CellId, find};

/// The variable that names a file with the cells for `--bench gungraun`, one name a line.
pub const CELLS: &str = "LAB_CELLS";

static LISTED: OnceLock<(Vec<Contender>, Vec<CellId>)> = OnceLock::new();

/// Reads the list.
pub fn read_list(roster: Vec<Contender>) -> Result<usize> {
    let path = PathBuf::from(std::env::var_os(CELLS).context("LAB_CELLS")?);
    let text = std::fs::read_to_string(&path)?;
    let ids = text.lines().map(str::parse).collect::<Result<Vec<CellId>>>()?;
    let count = ids.len();
    let _ = LISTED.set((roster, ids));
    Ok(count)
}

/// How many cells are listed.
pub fn count() -> usize {
    LISTED.get().map_or(0, |(_, ids)| ids.len())
}

/// Sets a listed cell up.
pub fn armed(index: usize) -> Box<dyn Case> {
    let (roster, ids) = LISTED.get().expect("the list is read first");
    let cell = find(roster, &ids[index]).expect("on the roster");
    let mut case = cell.contender.case(cell.scenario.name, cell.size);
    case.arm();
    case
}

/// A case whose region does nothing.
pub fn nothing() -> Box<dyn Case> {
    struct Nothing;
    impl Case for Nothing {
        fn ops(&self) -> u64 {
            1
        }
        fn setup(&self) -> Setup {
            Setup::Once
        }
        fn arm(&mut self) {}
        fn run(&mut self) {}
        fn digest(&self) -> u64 {
            0
        }
        fn expected(&self) -> u64 {
            0
        }
    }
    Box::new(Nothing)
}
