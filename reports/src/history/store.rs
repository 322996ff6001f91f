//! The files of the history: reading them, and adding to them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cell_name::CellName;
use crate::io::{Error, is_leftover, read_text, write_texts};
use crate::kept::{Kept, id, parts};

/// A directory of kept records.
///
/// A file is named after when its record was measured and what it holds, `20260301T123059-0123456789abcdef.jsonl`. Its
/// name tells whether its content is still what was written.
pub struct Store {
    directory: PathBuf,
}

/// A record of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub id: String,
    /// What is kept of it; of its cells those that were asked for.
    pub kept: Kept,
}

/// What became of records that were to be added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Those that are in the history now and were not before.
    pub new: usize,
    /// Those that were there already.
    pub known: usize,
}

impl Store {
    /// The history in a directory, which may not exist yet.
    pub fn new(directory: &Path) -> Self {
        Store { directory: directory.to_owned() }
    }

    /// Adds records: all, or, where one cannot be written, none. One that is there already is left as it is.
    ///
    /// # Errors
    /// If a file cannot be written, or if one with its name holds something else.
    pub fn add(&self, records: &[Kept]) -> Result<Added, Error> {
        self.add_texts(records.iter().map(|kept| (kept.clone(), kept.text())).collect())
    }

    /// Adds the records of an archive, in the same way. `from` is where it comes from, for messages.
    ///
    /// # Errors
    /// If it is no archive or not a complete one, or if a file cannot be written.
    pub fn import(&self, archive: &str, from: &Path) -> Result<Added, Error> {
        let malformed = |reason: String| Error::Malformed { path: from.to_owned(), reason };
        let mut texts = Vec::new();
        for part in parts(archive).map_err(|fault| malformed(fault.to_string()))? {
            let first_line = archive[..part.start].lines().count() + 1;
            let text = &archive[part];
            let read = Kept::read(text, |_| true);
            let kept =
                read.map_err(|fault| malformed(format!("of the record from line {first_line} on, {fault}")))?;
            texts.push((kept, text.to_owned()));
        }
        if texts.is_empty() {
            return Err(malformed("it holds no record".to_owned()));
        }
        self.add_texts(texts)
    }

    fn add_texts(&self, texts: Vec<(Kept, String)>) -> Result<Added, Error> {
        let mut added = Added::default();
        let mut new: Vec<(PathBuf, String)> = Vec::new();
        for (kept, text) in texts {
            let path = self.directory.join(file_name(&kept, &text));
            if new.iter().any(|(other, _)| *other == path) {
                added.known += 1;
                continue;
            }
            match read_text(&path) {
                Ok(there) if there == text => added.known += 1,
                Ok(_) => return Err(changed(&path)),
                Err(Error::Read { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                    new.push((path, text))
                }
                Err(error) => return Err(error),
            }
        }
        added.new = new.len();
        write_texts(new.iter().map(|(path, text)| (path.as_path(), text.as_str())))?;
        Ok(added)
    }

    /// The texts of all records, the oldest first, with their names.
    fn texts(&self) -> Result<Vec<(PathBuf, String)>, Error> {
        let failed = |cause| Error::Read { path: self.directory.clone(), cause };
        let entries = match std::fs::read_dir(&self.directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            // A person may keep other files beside these, a README for example.
            if path.extension().is_some_and(|extension| extension == "jsonl") && !is_leftover(&path) {
                paths.push(path);
            }
        }
        paths.sort();
        paths.into_iter().map(|path| Ok((path.clone(), read_text(&path)?))).collect()
    }

    /// All records, the oldest first, each with the cells that are wanted.
    ///
    /// # Errors
    /// If a file cannot be read or is not as it was written.
    pub fn read(&self, wanted: impl Fn(&CellName) -> bool) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for (path, text) in self.texts()? {
            let malformed = |reason: String| Error::Malformed { path: path.clone(), reason };
            let kept = Kept::read(&text, &wanted).map_err(|fault| malformed(fault.to_string()))?;
            if path.file_name().is_none_or(|name| *name != *file_name(&kept, &text)) {
                return Err(changed(&path));
            }
            entries.push(Entry { id: id(&text), kept });
        }
        entries.sort_by(|left, right| {
            (&left.kept.head.started, &left.id).cmp(&(&right.kept.head.started, &right.id))
        });
        Ok(entries)
    }

    /// All records as one text, which [`Store::import`] reads.
    ///
    /// # Errors
    /// As for [`Store::read`].
    pub fn archive(&self) -> Result<String, Error> {
        // Reading them checks that nothing damaged is passed on.
        self.read(|_| false)?;
        Ok(self.texts()?.into_iter().map(|(_, text)| text).collect())
    }
}

fn changed(path: &Path) -> Error {
    let reason = "its content is not what its name says, so it was changed or renamed".to_owned();
    Error::Malformed { path: path.to_owned(), reason }
}

/// The name of a kept record's file. It begins with the time, so that a listing is in order.
fn file_name(kept: &Kept, text: &str) -> String {
    let digits: String = kept.head.started.chars().filter(char::is_ascii_digit).take(14).collect();
    let time = match digits.split_at_checked(8) {
        Some((day, time)) => format!("{day}T{time}"),
        None => format!("{digits}T"),
    };
    format!("{time}-{}.jsonl", id(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{CellRecord, Measurements, Record, Role, SCHEMA};

    fn kept(started: &str, instructions: u64) -> Kept {
        let cell = |name: &str| CellRecord {
            name: name.parse().unwrap(),
            role: Role::Peer,
            ops: 1000,
            digest: "0123456789abcdef".to_owned(),
            measured: Measurements { instructions: Some(instructions), ..Measurements::default() },
            observed: Default::default(),
        };
        let cells = vec![cell("m/get/8/a"), cell("m/get/1000/a")];
        Kept::of(&Record { schema: SCHEMA, started: started.to_owned(), cells, ..Record::default() })
    }

    fn files(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_record_is_there_once_however_often_it_is_added() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(&home.path().join("made/history"));
        assert_eq!(store.read(|_| true).unwrap(), []);
        let [old, new] = [kept("2026-03-01T12:30:59Z", 1), kept("2026-03-02T12:30:59Z", 2)];
        let both = [new.clone(), old.clone(), new.clone()];
        assert_eq!(store.add(&both).unwrap(), Added { new: 2, known: 1 });
        assert_eq!(store.add(&both).unwrap(), Added { new: 0, known: 3 });
        let found: Vec<Kept> = store.read(|_| true).unwrap().into_iter().map(|entry| entry.kept).collect();
        assert_eq!(found, [old.clone(), new]);
        let names = files(&store.directory);
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names[0].starts_with("20260301T123059-") && names[1].starts_with("20260302T123059-"));
        let some = store.read(|name| name.size == 8).unwrap();
        assert_eq!((some.len(), &some[0].kept.cells), (2, &old.cells[..1].to_vec()));
        assert_eq!(some[0].id, id(&old.text()), "a record that is read in part keeps its name");
    }

    #[test]
    fn what_one_history_exports_another_imports() {
        let home = tempfile::tempdir().unwrap();
        let [here, there] = ["here", "there"].map(|name| Store::new(&home.path().join(name)));
        here.add(&[kept("2026-03-01T12:30:59Z", 1), kept("2026-03-02T12:30:59Z", 2)]).unwrap();
        there.add(&[kept("2026-03-02T12:30:59Z", 2)]).unwrap();
        let archive = here.archive().unwrap();
        let from = Path::new("archive");
        assert_eq!(there.import(&archive, from).unwrap(), Added { new: 1, known: 1 });
        assert_eq!(there.import(&archive, from).unwrap(), Added { new: 0, known: 2 });
        assert_eq!(there.archive().unwrap(), archive);
        assert_eq!(files(&here.directory), files(&there.directory));
    }

    #[test]
    fn of_a_damaged_archive_nothing_is_imported() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(&home.path().join("history"));
        let archive = kept("2026-03-01T12:30:59Z", 1).text() + &kept("2026-03-02T12:30:59Z", 2).text();
        for (text, expected) in [
            (archive[..archive.len() - 9].to_owned(), "of the record from line 4 on, line 3: it is cut off"),
            (archive.replace("\"ops\":1000", "\"ops\":0"), "from line 1 on, line 2: `m/get/8/a`: `ops` is 0"),
            (String::new(), "it holds no record"),
            ("export_version,record\n".to_owned(), "line 1: it does not begin with"),
        ] {
            let error = store.import(&text, Path::new("archive")).unwrap_err();
            assert!(error.to_string().contains(expected) && error.is_bad_input(), "{error}");
            assert!(error.to_string().starts_with("archive is damaged: "), "{error}");
            assert!(!store.directory.exists());
        }
    }

    #[test]
    fn a_file_that_was_changed_is_named() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(home.path());
        store.add(&[kept("2026-03-01T12:30:59Z", 1)]).unwrap();
        // What a person, or a process that was killed, left beside it does not matter.
        std::fs::write(home.path().join("README.md"), "ours").unwrap();
        std::fs::write(home.path().join(".unfinished-x.jsonl"), "{").unwrap();
        assert_eq!(store.read(|_| true).unwrap().len(), 1);
        let path =
            home.path().join(files(home.path()).into_iter().find(|name| name.starts_with("2026")).unwrap());
        let edited = read_text(&path).unwrap().replace("\"instructions\":1", "\"instructions\":2");
        std::fs::write(&path, edited).unwrap();
        for error in [
            store.read(|_| true).unwrap_err(),
            store.archive().unwrap_err(),
            store.add(&[kept("2026-03-01T12:30:59Z", 1)]).unwrap_err(),
        ] {
            let message = error.to_string();
            assert!(error.is_bad_input() && message.contains(&*path.to_string_lossy()), "{message}");
            assert!(message.contains("is not what its name says"), "{message}");
        }
    }

    #[test]
    fn a_time_that_is_none_makes_a_name_all_the_same() {
        for (started, expected) in [
            ("../../etc", "T-"),
            ("2026", "2026T-"),
            ("2026-03-01", "20260301T-"),
            ("2026-03-01T12:30:59.123456Z", "20260301T123059-"),
        ] {
            let kept = kept(started, 1);
            let name = file_name(&kept, &kept.text());
            assert!(name.starts_with(expected), "{name}");
        }
    }
}
