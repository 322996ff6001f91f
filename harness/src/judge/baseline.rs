//! Measuring what the baseline holds, where it can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};
use reports::record::{Fingerprint, Measurements};
use reports::{CellName, Meter};

use crate::door;
use crate::error::NotComparable;
use crate::measure::fingerprint;
use crate::measure::meters::valgrind;
use crate::measure::programs::{Binaries, Options};
use crate::measure::run::{Run, callgrind_isa};
use crate::roster::cell::{Cell, Roster};
use crate::roster::selection::Profile;

/// Refuses a baseline of another fingerprint, naming every field that differs.
///
/// # Errors
/// If any field that decides comparability differs.
pub fn comparable(root: &Path, binaries: &Binaries, theirs: &Fingerprint) -> Result<()> {
    let ours = fingerprint::take(root, callgrind_isa(binaries));
    let differences = theirs.incomparable_with(&ours);
    if differences.is_empty() {
        return Ok(());
    }
    let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    bail!(NotComparable(format!(
        "the baseline was measured elsewhere ({}); `{}` compares with the previous commit here",
        differences.join("; "),
        door::command(["check", "--against", "HEAD^"])
    )))
}

/// The exact meters, whose metrics the baseline can hold.
pub fn exact_meters() -> impl Iterator<Item = Meter> {
    Meter::ALL.into_iter().filter(|meter| meter.is_exact())
}

/// The exact meters' results of the cells that have all of them; without Valgrind, all but those that need it. The
/// `verified` contenders are not verified again.
///
/// # Errors
/// If a worker cannot be started.
pub fn measure(
    roster: Roster<'_>,
    options: &Options,
    cells: &[Cell<'_>],
    profile: Profile,
    verified: &BTreeSet<String>,
) -> Result<BTreeMap<CellName, Measurements>> {
    let mut run = Run::new(roster, options.clone());
    run.trust(verified);
    run.measure(cells, &exact_meters().collect::<Vec<_>>(), profile)?;
    let without_valgrind = valgrind::off(&options.binaries).is_some();
    let complete = |measured: &Measurements| {
        exact_meters().all(|meter| measured.has(meter) || (without_valgrind && meter == Meter::Instructions))
    };
    let measured = cells.iter().map(Cell::name).map(|name| (run.measured(&name), name));
    Ok(measured.filter(|(measured, _)| complete(measured)).map(|(measured, name)| (name, measured)).collect())
}
