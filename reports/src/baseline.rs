//! The baseline: the committed measurements that the gate compares with.
//!
//! A directory of text files that read well in a review:
//!
//! | file | content |
//! |---|---|
//! | `fingerprint.json` | the environment in which it was measured |
//! | `identities.json` | the [code](Identities) that was measured |
//! | `<bottleneck>.tsv` | one line per cell, sorted: its name, and a column for each [metric that the gate keeps](crate::metric::Gate) |
//! | `functions/<bottleneck>/<contender>.tsv` | per cell the functions that cost most, for the gate's explanation |
//!
//! A count that could not be told is `-`: atomics, where code was executed that is in no file. A column that ends in
//! `_noise` is the difference between two measurements of the unchanged cell. It is 0 for
//! nearly all cells.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::cell_name::{CellName, NotACell};
use crate::identities::Identities;
use crate::io::{Error, is_leftover, read_text, write_texts};
use crate::measurements::Measurements;
use crate::metric::Metric;
use crate::record::Fingerprint;

/// A committed set of measurements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The environment in which it was measured.
    pub fingerprint: Fingerprint,
    /// The code that was measured: of each contender all of whose cells were measured with it. Empty where it is not
    /// known.
    pub identities: Identities,
    /// The cells.
    pub cells: BTreeMap<CellName, Entry>,
}

/// A cell's entry in the baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The region's total in each metric that the gate [keeps](crate::metric::Gate::is_kept). A metric that could not
    /// be told is absent: atomics, where code was executed that is in no file.
    pub counts: BTreeMap<Metric, u64>,
    /// The difference between two measurements, in each metric that [tolerates](crate::metric::Gate::has_noise)
    /// one. A metric without a difference is absent.
    pub noise: BTreeMap<Metric, u64>,
    /// Instructions of the most expensive functions.
    pub functions: BTreeMap<String, u64>,
}

/// A function with a smaller share of the cell's instructions gets no line.
const LEAST_SHARE: f64 = 0.005;

impl Entry {
    /// An entry of what was measured, without noise and functions; `None` where a meter did not run whose metrics the
    /// gate keeps.
    pub fn of(measured: &Measurements) -> Option<Self> {
        if !Metric::in_baseline().all(|(metric, _)| measured.has(metric.about().meter)) {
            return None;
        }
        let counts = Metric::in_baseline().filter_map(|(metric, _)| Some((metric, metric.count(measured)?)));
        Some(Entry { counts: counts.collect(), ..Entry::default() })
    }

    /// The total in a metric; 0 where it is absent.
    pub fn count(&self, metric: Metric) -> u64 {
        self.counts.get(&metric).copied().unwrap_or(0)
    }

    /// The difference between two measurements of a metric.
    pub fn noise(&self, metric: Metric) -> u64 {
        self.noise.get(&metric).copied().unwrap_or(0)
    }

    /// Keeps the functions that get a line.
    pub fn set_functions(&mut self, functions: BTreeMap<String, u64>) {
        let least = self.least_function();
        self.functions = functions.into_iter().filter(|(_, cost)| *cost >= least).collect();
    }

    /// The least instructions with which a function gets a line: 0.5 % of the cell.
    pub fn least_function(&self) -> u64 {
        ((self.count(Metric::Instructions) as f64 * LEAST_SHARE) as u64).max(1)
    }
}

/// The columns of a bottleneck's file after the cell's name.
fn columns() -> Vec<Column> {
    let mut columns = Vec::new();
    for (metric, gate) in Metric::in_baseline() {
        columns.push(Column::Count(metric));
        columns.extend(gate.has_noise().then_some(Column::Noise(metric)));
    }
    columns
}

/// What stands for a count that could not be told.
const ABSENT: &str = "-";

#[derive(Clone, Copy)]
enum Column {
    Count(Metric),
    Noise(Metric),
}

impl Column {
    fn title(self) -> String {
        match self {
            Column::Count(metric) => metric.key().to_owned(),
            Column::Noise(metric) => format!("{}_noise", metric.key()),
        }
    }

    fn of(self, entry: &Entry) -> String {
        match self {
            Column::Count(metric) => entry.counts.get(&metric).map_or(ABSENT.to_owned(), u64::to_string),
            Column::Noise(metric) => entry.noise(metric).to_string(),
        }
    }

    fn put(self, entry: &mut Entry, text: &str) -> Result<(), String> {
        if text == ABSENT && matches!(self, Column::Count(metric) if metric != Metric::Instructions) {
            return Ok(());
        }
        let value = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
        match self {
            Column::Count(metric) => drop(entry.counts.insert(metric, value)),
            // Nearly all cells have no noise, so a zero is not stored.
            Column::Noise(metric) if value > 0 => drop(entry.noise.insert(metric, value)),
            Column::Noise(_) => {}
        }
        Ok(())
    }
}

/// The first line of a bottleneck's file.
fn header(columns: &[Column]) -> String {
    let titles = columns.iter().map(|column| column.title());
    std::iter::once("cell".to_owned()).chain(titles).collect::<Vec<_>>().join("\t")
}

const FUNCTIONS_HEADER: &str = "cell\tinstructions\tfunction";

/// Reads the baseline in `directory`.
///
/// # Errors
/// If there is no baseline, or one of its files cannot be read or is damaged. The error names the line.
pub fn read(directory: &Path) -> Result<Baseline, Error> {
    let fingerprint = read_json(directory.join("fingerprint.json"))?;
    // A baseline that was written before there were identities has none.
    let identities = directory.join("identities.json");
    let identities = if identities.exists() { read_json(identities)? } else { Identities::default() };
    let mut cells = BTreeMap::new();
    let columns = columns();
    let header = header(&columns);
    for path in files(directory)? {
        read_table(&path, &header, |fields| {
            let (name, fields) = fields.split_first().ok_or("it is empty")?;
            let mut entry = Entry::default();
            for (column, text) in columns.iter().zip(fields) {
                column.put(&mut entry, text)?;
            }
            match cells.insert(cell(name)?, entry) {
                None => Ok(()),
                Some(_) => Err(format!("`{name}` is there twice")),
            }
        })?;
    }
    let functions = directory.join("functions");
    for bottleneck in directories(&functions)? {
        for path in files(&bottleneck)? {
            read_table(&path, FUNCTIONS_HEADER, |fields| {
                let [name, cost, function] = fields[..] else {
                    return Err("it has other columns".to_owned());
                };
                let cost = cost.parse().map_err(|_| format!("`{cost}` is not a number"))?;
                let entry = cells.get_mut(&cell(name)?);
                let entry = entry.ok_or_else(|| format!("`{name}` is not in the baseline"))?;
                entry.functions.insert(function.to_owned(), cost);
                Ok(())
            })?;
        }
    }
    Ok(Baseline { fingerprint, identities, cells })
}

fn read_json<T: serde::de::DeserializeOwned>(path: PathBuf) -> Result<T, Error> {
    serde_json::from_str(&read_text(&path)?)
        .map_err(|error| Error::Malformed { path, reason: error.to_string() })
}

fn cell(name: &str) -> Result<CellName, String> {
    name.parse().map_err(|error: NotACell| error.to_string())
}

/// Splits every line after the header into its columns and passes them to `row`.
fn read_table(
    path: &Path,
    header: &str,
    mut row: impl FnMut(&[&str]) -> Result<(), String>,
) -> Result<(), Error> {
    let text = read_text(path)?;
    let malformed = |line: usize, reason: String| Error::Malformed {
        path: path.to_owned(),
        reason: format!("line {line}: {reason}"),
    };
    if text.lines().next() != Some(header) {
        return Err(malformed(1, format!("expected the header `{}`", header.replace('\t', " "))));
    }
    if !text.ends_with('\n') {
        return Err(malformed(text.lines().count(), "it ends in the middle of a line".to_owned()));
    }
    let expected = header.split('\t').count();
    for (at, line) in text.lines().enumerate().skip(1) {
        let fields: Vec<&str> = line.splitn(expected, '\t').collect();
        if fields.len() != expected {
            return Err(malformed(at + 1, format!("{} columns instead of {expected}", fields.len())));
        }
        row(&fields).map_err(|reason| malformed(at + 1, reason))?;
    }
    Ok(())
}

/// The `.tsv` files of a directory, sorted.
fn files(directory: &Path) -> Result<BTreeSet<PathBuf>, Error> {
    Ok(entries(directory)?.into_iter().filter(|path| is_table(path)).collect())
}

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tsv")
}

fn directories(directory: &Path) -> Result<BTreeSet<PathBuf>, Error> {
    if !directory.is_dir() {
        return Ok(BTreeSet::new());
    }
    Ok(entries(directory)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
    };
    read().map_err(|cause| Error::Read { path: directory.to_owned(), cause })
}

/// Writes the baseline to `directory`, either all of its files or none. Files of bottlenecks and contenders that
/// the baseline no longer has are removed, and so is what a process left that was killed while it wrote.
///
/// # Errors
/// If a file cannot be written or removed.
///
/// # Panics
/// If the fingerprint could not be written as JSON, which no fingerprint causes.
pub fn write(directory: &Path, baseline: &Baseline) -> Result<(), Error> {
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    let columns = columns();
    for (name, entry) in &baseline.cells {
        let path = directory.join(format!("{}.tsv", name.bottleneck));
        let text = texts.entry(path).or_insert_with(|| format!("{}\n", header(&columns)));
        write!(text, "{name}").expect("writes to a string");
        for column in &columns {
            write!(text, "\t{}", column.of(entry)).expect("writes to a string");
        }
        text.push('\n');

        let path = directory.join("functions").join(&name.bottleneck).join(format!("{}.tsv", name.contender));
        let text = texts.entry(path).or_insert_with(|| format!("{FUNCTIONS_HEADER}\n"));
        for (function, cost) in &entry.functions {
            writeln!(text, "{name}\t{cost}\t{function}").expect("writes to a string");
        }
    }
    let fingerprint = serde_json::to_string_pretty(&baseline.fingerprint).expect("a fingerprint is JSON");
    let identities = serde_json::to_string_pretty(&baseline.identities).expect("identities are JSON");
    // These take their places last. Until then the gate refuses the baseline, or measures whatever changed, so a process
    // that is killed in between leaves nothing that a gate could believe wrongly.
    let decisive = [("fingerprint.json", fingerprint), ("identities.json", identities)]
        .map(|(name, text)| (directory.join(name), format!("{text}\n")));
    let all = texts.iter().chain(decisive.iter().map(|(path, text)| (path, text)));
    write_texts(all.map(|(path, text)| (path.as_path(), text.as_str())))?;
    let mut present = entries(directory)?;
    for bottleneck in directories(&directory.join("functions"))? {
        present.extend(entries(&bottleneck)?);
    }
    let is_ours = |path: &&PathBuf| is_table(path) || is_leftover(path);
    for stale in present.iter().filter(is_ours).filter(|path| !texts.contains_key(*path)) {
        std::fs::remove_file(stale).map_err(|cause| Error::Write { path: stale.clone(), cause })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identities::Identity;
    use crate::record::Allocations;

    fn sample() -> Baseline {
        let mut baseline = Baseline::default();
        baseline.fingerprint.rustc = "rustc 1".to_owned();
        let identity = Identity { cells: "1f".to_owned(), checks: "2e".to_owned() };
        baseline.identities =
            Identities { worker: "0d".to_owned(), contenders: [("map/a".to_owned(), identity)].into() };
        for (name, instructions) in
            [("map/get/1000/a", 1000), ("map/get/8/a", 500), ("map/get/8/b", 700), ("vector/pop/8/a", 9)]
        {
            let allocations = Allocations { blocks: 3, bytes: 64, ..Allocations::default() };
            let measured = Measurements {
                instructions: Some(instructions),
                allocations: Some(allocations),
                ..Measurements::default()
            };
            let mut entry = Entry::of(&measured).unwrap();
            entry.set_functions([("a::get".to_owned(), instructions - 1), ("rare".to_owned(), 1)].into());
            baseline.cells.insert(name.parse().unwrap(), entry);
        }
        baseline
    }

    #[test]
    fn what_is_written_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &sample()).unwrap();
        assert_eq!(read(directory.path()).unwrap(), sample());
    }

    #[test]
    fn cells_are_sorted_by_size_as_a_number() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &sample()).unwrap();
        let text = std::fs::read_to_string(directory.path().join("map.tsv")).unwrap();
        let names: Vec<&str> = text.lines().skip(1).map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(names, ["map/get/8/a", "map/get/8/b", "map/get/1000/a"]);
    }

    #[test]
    fn files_of_vanished_bottlenecks_and_contenders_go() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &sample()).unwrap();
        let mut smaller = sample();
        smaller.cells.retain(|key, _| key.bottleneck == "map" && key.contender == "a");
        write(directory.path(), &smaller).unwrap();
        assert_eq!(read(directory.path()).unwrap(), smaller);
        assert!(!directory.path().join("vector.tsv").exists());
        assert!(!directory.path().join("functions/map/b.tsv").exists());
    }

    #[test]
    fn what_a_killed_writer_left_is_not_read_and_goes() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &sample()).unwrap();
        let left = ["", "functions/map"].map(|below| directory.path().join(below).join(".unfinished-Ab1"));
        let of_others = directory.path().join("README.md");
        for path in left.iter().chain([&of_others]) {
            std::fs::write(path, "cell\tinstr").unwrap();
        }
        assert_eq!(read(directory.path()).unwrap(), sample());
        write(directory.path(), &sample()).unwrap();
        assert!(left.iter().all(|path| !path.exists()), "{left:?}");
        assert!(of_others.exists());
    }

    #[test]
    fn the_fingerprint_and_the_identities_take_their_places_last() {
        let directory = tempfile::tempdir().unwrap();
        let is_there = |name: &str| directory.path().join(name).exists();
        // A directory is in the fingerprint's place, so the writer ends there, as if it were killed.
        std::fs::create_dir(directory.path().join("fingerprint.json")).unwrap();
        write(directory.path(), &sample()).unwrap_err();
        for table in ["map.tsv", "vector.tsv", "functions/map/a.tsv", "functions/map/b.tsv"] {
            assert!(is_there(table), "{table}");
        }
        assert!(!is_there("identities.json"));
    }

    #[test]
    fn damage_is_named_by_file_and_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("map.tsv");
        let damage = |text: &str| {
            write(directory.path(), &sample()).unwrap();
            std::fs::write(&path, text).unwrap();
            let error = read(directory.path()).unwrap_err();
            assert!(error.is_bad_input());
            error.to_string()
        };
        let (header, line) = (header(&columns()), "map/get/8/a\t500\t0\t-\t3\t64\t0\t0");
        assert_eq!(
            header,
            "cell\tinstructions\tinstructions_noise\tatomics\tblocks\tbytes\tpeak_bytes\tlive_bytes"
        );
        assert!(damage("").contains("map.tsv is damaged: line 1: expected the header"));
        assert!(
            damage(&format!("{header}\n{line}\nmap/get/8/b\t7")).contains("ends in the middle of a line")
        );
        assert!(
            damage(&format!("{header}\n{}\n", line.replace("500", "5x0")))
                .contains("line 2: `5x0` is not a number")
        );
        assert!(
            damage(&format!("{header}\n{line}\n{line}\n")).contains("line 3: `map/get/8/a` is there twice")
        );
        assert!(
            damage(&format!("{header}\n{}\n", line.replace("/8/a", "")))
                .contains("line 2: `map/get` is not a cell")
        );
        assert!(damage(&format!("{header}\nmap/get/8/a\t1\n")).contains("line 2: 2 columns instead of 8"));
    }

    #[test]
    fn a_baseline_without_identities_is_read_and_damaged_ones_are_named() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &sample()).unwrap();
        let path = directory.path().join("identities.json");
        std::fs::write(&path, "{\"worker\": 1}").unwrap();
        let error = read(directory.path()).unwrap_err();
        assert!(error.is_bad_input() && error.to_string().contains("identities.json"), "{error}");
        std::fs::remove_file(path).unwrap();
        let read = read(directory.path()).unwrap();
        assert_eq!(read, Baseline { identities: Identities::default(), ..sample() });
    }

    #[test]
    fn a_missing_baseline_is_bad_input() {
        let directory = tempfile::tempdir().unwrap();
        let error = read(directory.path()).unwrap_err();
        assert!(error.is_bad_input() && error.to_string().contains("fingerprint.json"));
    }
}
