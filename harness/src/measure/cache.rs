//! The cache of exact measurements: what was counted before with the same code is not counted again.
//!
//! `target/lab/cache/` holds a file for each contender and code: `<bottleneck>.<contender>.<key>.jsonl`. The key is a
//! hash over everything that a count depends on: the contender's [identity](super::identity), the worker's, the
//! compiler, the C library, Valgrind and its processor, and the user's file or the seed. A line of a file holds a cell and
//! what a meter found of it, or what its [phases](super::phases) cost, behind a checksum. Lines are only ever added. A file or line that is damaged is ignored.
//!
//! The directory may be carried from machine to machine: where something differs, the key does.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use reports::record::Fingerprint;
use reports::{CellName, Identities, Meter};
use serde::{Deserialize, Serialize};
use worker::Ran;

use super::phases::Counts;
use crate::progress::say;
use crate::sha256::sha256;

/// The version of the files. It is part of the key.
const SCHEMA: &str = "1";

/// The number of files that are kept for a contender: a developer goes back and forth between a few builds.
const KEPT: usize = 12;

/// The digits of the key in a file's name, and those of a line's checksum.
const DIGITS: usize = 32;
const CHECKSUM: usize = 16;

/// The cache, as one run uses it.
#[derive(Debug)]
pub struct Cache {
    directory: PathBuf,
    identities: Identities,
    fingerprint: Fingerprint,
    /// The hash of the user's file, or a word for the generated input.
    input: String,
    known: BTreeMap<(CellName, Meter), Ran>,
    phases: BTreeMap<CellName, Counts>,
    /// The files that are read, and the one to add to if it could be opened.
    files: BTreeMap<PathBuf, Option<File>>,
}

/// A line of a file, behind its checksum.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Ran { cell: CellName, meter: Meter, ran: Ran },
    Phases { cell: CellName, phases: Counts },
}

/// What is counted: everything of one kind is in one file.
#[derive(Clone, Copy)]
enum Counted {
    By(Meter),
    Phases,
}

impl Counted {
    /// Its part of the key. That of the phases holds the version of what is counted, which is the lab's own.
    fn as_str(self) -> &'static str {
        match self {
            Counted::By(meter) => meter.as_str(),
            Counted::Phases => "phases 1",
        }
    }
}

impl Cache {
    /// The cache in `directory` for programs with these identities, in this environment. `input` says what is measured
    /// instead of the usual input: the hash of the user's file, or the seed.
    pub fn new(
        directory: PathBuf,
        identities: Identities,
        fingerprint: Fingerprint,
        input: Option<&str>,
    ) -> Self {
        let input = input.unwrap_or("generated").to_owned();
        let (known, phases, files) = Default::default();
        Cache { directory, identities, fingerprint, input, known, phases, files }
    }

    /// What the cache has of a cell.
    pub fn get(&mut self, cell: &CellName, meter: Meter) -> Option<Ran> {
        let path = self.path(cell, Counted::By(meter))?;
        self.open(&path);
        self.known.get(&(cell.clone(), meter)).cloned()
    }

    /// What the cache has of a cell's phases.
    pub fn phases(&mut self, cell: &CellName) -> Option<Counts> {
        let path = self.path(cell, Counted::Phases)?;
        self.open(&path);
        self.phases.get(cell).cloned()
    }

    /// Adds what was found of a cell.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, cell: &CellName, meter: Meter, ran: &Ran) -> Result<()> {
        // The process is gone by the time that somebody reads this.
        let line = Line::Ran { cell: cell.clone(), meter, ran: Ran { pid: 0, ..ran.clone() } };
        self.add_line(cell, Counted::By(meter), &line)
    }

    /// Adds what the phases of a cell cost.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add_phases(&mut self, cell: &CellName, counts: &Counts) -> Result<()> {
        let line = Line::Phases { cell: cell.clone(), phases: counts.clone() };
        self.add_line(cell, Counted::Phases, &line)
    }

    fn add_line(&mut self, cell: &CellName, counted: Counted, line: &Line) -> Result<()> {
        let Some(path) = self.path(cell, counted) else { return Ok(()) };
        self.open(&path);
        let text = serde_json::to_string(line).expect("a line is JSON");
        let line = format!("{} {text}\n", &sha256([&text])[..CHECKSUM]);
        let file = self.files.entry(path.clone()).or_default();
        let mut write = || -> std::io::Result<()> {
            if file.is_none() {
                std::fs::create_dir_all(&self.directory)?;
                prune(&self.directory, &path);
                *file = Some(File::options().create(true).append(true).open(&path)?);
            }
            // Another run may add to the same file: one call writes a whole line.
            file.as_mut().map_or(Ok(()), |file| file.write_all(line.as_bytes()))
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    /// The file of a cell's contender; `None` if its code is not known, or the meter's counts are not exact.
    fn path(&self, cell: &CellName, counted: Counted) -> Option<PathBuf> {
        let is_exact = match counted {
            Counted::By(meter) => meter.is_exact(),
            Counted::Phases => true,
        };
        let identity = self.identities.contenders.get(&cell.of_contender()).filter(|_| is_exact)?;
        let Fingerprint { rustc, target, glibc, profile, codegen, valgrind, isa, tunables, .. } =
            &self.fingerprint;
        let mut parts: Vec<&str> =
            vec![SCHEMA, &self.identities.worker, &identity.cells, counted.as_str(), &self.input];
        parts.extend([rustc, target, glibc, profile, codegen].map(String::as_str));
        if !matches!(counted, Counted::By(Meter::Allocations)) {
            parts.extend([valgrind, isa, tunables].map(String::as_str));
        }
        // No part ends where another begins.
        let key = sha256(parts.iter().map(|part| format!("{}:{part}", part.len())));
        let (bottleneck, contender) = (&cell.bottleneck, &cell.contender);
        Some(self.directory.join(format!("{bottleneck}.{contender}.{}.jsonl", &key[..DIGITS])))
    }

    /// Reads a file, once.
    fn open(&mut self, path: &Path) {
        if self.files.contains_key(path) {
            return;
        }
        self.files.insert(path.to_owned(), None);
        let ignored = |what: String| say(&format!("note: {} is ignored: {what}", path.display()));
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return ignored(format!("cannot read it: {error}")),
        };
        let mut damaged = Vec::new();
        for (at, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            match parse(line) {
                Some(Line::Ran { cell, meter, ran }) => drop(self.known.insert((cell, meter), ran)),
                Some(Line::Phases { cell, phases }) => drop(self.phases.insert(cell, phases)),
                None => damaged.push(at + 1),
            }
        }
        if let Some(first) = damaged.first() {
            ignored(format!("line {first}{}: damaged", more(damaged.len() - 1)));
        }
        // The next line must not go on behind one without an end.
        if !text.is_empty() && !text.ends_with(b"\n") {
            let mended = File::options().append(true).open(path).and_then(|mut file| file.write_all(b"\n"));
            if let Err(error) = mended {
                ignored(format!("cannot write it: {error}"));
            }
        }
    }
}

fn more(others: usize) -> String {
    if others == 0 { String::new() } else { format!(" and {others} more") }
}

fn parse(line: &[u8]) -> Option<Line> {
    let (checksum, text) = std::str::from_utf8(line).ok()?.strip_suffix('\n')?.split_once(' ')?;
    if *checksum != sha256([text])[..CHECKSUM] {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Removes the oldest files of the contender to whose files `next` is added. What cannot be removed stays, which does no
/// harm.
fn prune(directory: &Path, next: &Path) {
    let prefix_of = |path: &Path| {
        let name = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
        Some(name.rsplit_once('.')?.0.to_owned())
    };
    let prefix = prefix_of(next);
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let of_contender = entries.filter(|entry| prefix.is_some() && prefix_of(&entry.path()) == prefix);
    let mut files: Vec<_> = of_contender
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let spare = (files.len() + 1).saturating_sub(KEPT);
    for (_, path) in files.iter().take(spare) {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use reports::Identity;
    use reports::record::Measured;

    use super::*;
    use crate::measure::phases::Phase;

    const CELL: &str = "m/get/8/a";

    fn ran(instructions: u64) -> Ran {
        let measured = Some(Measured::Instructions { instructions, atomics: None, dropping: None });
        let (digest, observed) = (Some(7), BTreeMap::new());
        Ran { ops: 3, digest, elsewhere_ns: 0, pid: 0, measured, observed }
    }

    fn cache(directory: &Path, code: &str, fingerprint: &Fingerprint, input: Option<&str>) -> Cache {
        let identity = Identity { cells: code.to_owned(), checks: String::new() };
        let contenders = [("m/a".to_owned(), identity)].into();
        let identities = Identities { worker: "w".to_owned(), contenders };
        Cache::new(directory.to_owned(), identities, fingerprint.clone(), input)
    }

    #[test]
    fn what_was_added_is_there_for_the_same_code_alone() {
        let directory = tempfile::tempdir().unwrap();
        let here = Fingerprint { rustc: "1".to_owned(), valgrind: "3".to_owned(), ..Fingerprint::default() };
        let cell: CellName = CELL.parse().unwrap();
        let get = |code: &str, fingerprint: &Fingerprint, input, meter| {
            cache(directory.path(), code, fingerprint, input).get(&cell, meter)
        };
        let exact = Meter::Instructions;
        assert_eq!(get("1", &here, None, exact), None);
        let mut first = cache(directory.path(), "1", &here, None);
        first.add(&cell, exact, &ran(100)).unwrap();
        first.add(&"m/get/9/a".parse().unwrap(), exact, &ran(101)).unwrap();
        assert_eq!(get("1", &here, None, exact), Some(ran(100)));

        let other = |change: fn(&mut Fingerprint)| {
            let mut there = here.clone();
            change(&mut there);
            get("1", &there, None, exact)
        };
        assert_eq!(get("2", &here, None, exact), None);
        assert_eq!(get("1", &here, Some("file"), exact), None);
        assert_eq!(get("1", &here, None, Meter::Allocations), None);
        assert_eq!(other(|there| there.rustc.push('2')), None);
        assert_eq!(other(|there| there.valgrind.push('2')), None);
        assert_eq!(other(|there| there.isa.push('2')), None);
        // The processor of the machine and the revision decide nothing.
        assert_eq!(other(|there| there.cpu.push('2')), Some(ran(100)));
        assert_eq!(other(|there| there.revision.push('2')), Some(ran(100)));
        // A meter that times is never cached.
        first.add(&cell, Meter::Time, &ran(1)).unwrap();
        assert_eq!(get("1", &here, None, Meter::Time), None);
        // Neither is a contender whose code is not known.
        let stranger: CellName = "m/get/8/b".parse().unwrap();
        first.add(&stranger, exact, &ran(1)).unwrap();
        assert_eq!(first.get(&stranger, exact), None);
    }

    #[test]
    fn phases_are_kept_beside_the_meters_counts() {
        let directory = tempfile::tempdir().unwrap();
        let here = Fingerprint { valgrind: "3".to_owned(), ..Fingerprint::default() };
        let cell: CellName = CELL.parse().unwrap();
        let counts: Counts = Phase::ALL.into_iter().zip(1..).collect();
        let mut first = cache(directory.path(), "1", &here, None);
        first.add(&cell, Meter::Instructions, &ran(100)).unwrap();
        first.add_phases(&cell, &counts).unwrap();
        let of = |code: &str, fingerprint: &Fingerprint, input| {
            cache(directory.path(), code, fingerprint, input).phases(&cell)
        };
        assert_eq!(of("1", &here, None), Some(counts));
        assert_eq!(of("2", &here, None), None);
        assert_eq!(of("1", &here, Some("seed 7")), None);
        assert_eq!(of("1", &Fingerprint { valgrind: "4".to_owned(), ..here.clone() }, None), None);
        let again = cache(directory.path(), "1", &here, None).get(&cell, Meter::Instructions);
        assert_eq!(again, Some(ran(100)));
        // A damaged line is counted again.
        let path = first.path(&cell, Counted::Phases).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"Run\":2", "\"Run\":3")).unwrap();
        assert_eq!(of("1", &here, None), None);
    }

    #[test]
    fn damage_of_any_kind_is_never_believed() {
        let here = Fingerprint::default();
        let names = [8, 9, 10].map(|size| format!("m/get/{size}/a").parse::<CellName>().unwrap());
        let whole = {
            let directory = tempfile::tempdir().unwrap();
            let mut cache = cache(directory.path(), "1", &here, None);
            for (at, name) in (0..).zip(&names) {
                cache.add(name, Meter::Instructions, &ran(100 + at)).unwrap();
            }
            let path = cache.path(&names[0], Counted::By(Meter::Instructions)).unwrap();
            std::fs::read(path).unwrap()
        };
        let survives = |damage: &dyn Fn(&mut Vec<u8>)| {
            let directory = tempfile::tempdir().unwrap();
            let mut cache = cache(directory.path(), "1", &here, None);
            let path = cache.path(&names[0], Counted::By(Meter::Instructions)).unwrap();
            let mut text = whole.clone();
            damage(&mut text);
            std::fs::write(&path, text).unwrap();
            let found = names.clone().map(|name| cache.get(&name, Meter::Instructions));
            for (at, found) in (0..).zip(&found) {
                assert!(found.is_none() || *found == Some(ran(100 + at)), "{found:?}");
            }
            // What is added behind the damage is read again.
            cache.add(&names[0], Meter::Instructions, &ran(7)).unwrap();
            let mut again = super::tests::cache(directory.path(), "1", &here, None);
            assert_eq!(again.get(&names[0], Meter::Instructions), Some(ran(7)));
            found.iter().flatten().count()
        };
        assert_eq!(survives(&|_| {}), 3);
        // A digit of a count, the end of the file, a line of something else, and bytes that are no text.
        let digit = |text: &mut Vec<u8>| {
            let at = text.windows(3).position(|three| three == b"101").unwrap();
            text[at + 2] = b'9';
        };
        assert_eq!(survives(&digit), 2);
        assert_eq!(survives(&|text| text.truncate(text.len() - 1)), 2);
        assert_eq!(survives(&|text| text.truncate(text.len() - 30)), 2);
        assert_eq!(survives(&|text| text.splice(0..0, *b"{}\n").for_each(drop)), 3);
        assert_eq!(survives(&|text| text[3] = 0xff), 2);
        assert_eq!(survives(&|text| text.clear()), 0);
        for at in (0..whole.len()).step_by(11) {
            let left = survives(&|text| text[at] ^= 1);
            // A line's end that is damaged damages the next line, too.
            assert!((1..=2).contains(&left), "byte {at}: {left}");
        }
    }

    #[test]
    fn old_files_of_a_contender_go_and_others_stay() {
        let directory = tempfile::tempdir().unwrap();
        let here = Fingerprint::default();
        let cell: CellName = CELL.parse().unwrap();
        let others = ["m.b.00.jsonl", "m.ab.00.jsonl", "README"].map(|name| directory.path().join(name));
        others.iter().for_each(|path| std::fs::write(path, "").unwrap());
        for code in 0..20 {
            let mut cache = cache(directory.path(), &code.to_string(), &here, None);
            cache.add(&cell, Meter::Instructions, &ran(code)).unwrap();
            assert_eq!(cache.get(&cell, Meter::Instructions), None, "it was read before");
        }
        assert!(others.iter().all(|path| path.exists()));
        let there = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(there - others.len(), KEPT);
        let mut newest = cache(directory.path(), "19", &here, None);
        assert_eq!(newest.get(&cell, Meter::Instructions), Some(ran(19)));
    }
}
