//! What the targets of `cargo bench` share.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use scenarios::{Case, Contender};

use crate::cell::{CellId, find};

/// The variable that names a file with the cells for `--bench gungraun`, one name a line.
pub const CELLS: &str = "LAB_CELLS";

/// Reads the list.
pub fn listed() -> Vec<CellId> {
    let list = || {
        let path = PathBuf::from(std::env::var_os(CELLS).context("LAB_CELLS")?);
        let text = std::fs::read_to_string(&path)?;
        text.lines().map(str::parse).collect::<Result<Vec<CellId>>>()
    };
    list().expect("list")
}

/// Sets a cell up on a fresh thread
pub fn on_fresh_thread(roster: &[Contender], id: &CellId, region: impl Fn(&mut dyn Case) + Sync) {
    crate::worker::warm(roster);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let cell = find(roster, id).expect("on the roster");
            let mut case = cell.contender.case(cell.scenario.name, cell.size);
            case.arm();
            region(&mut *case);
            std::mem::forget(case);
        });
    });
}
