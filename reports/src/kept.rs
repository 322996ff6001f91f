//! What the history keeps of a record: where and when it was measured, and its cells. Neither descriptions nor commands.
//!
//! As text it is one line for the record and one for each cell, all of them JSON. The name of a kept record is a hash of
//! that text, so the same record has the same name wherever it is kept.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::cell_name::CellName;
use crate::conditions::Conditions;
use crate::digest::sha256;
use crate::metric::Metric;
use crate::record::{CellRecord, Fingerprint, InputInfo, Machine, Record, SCHEMA};

/// Version of the text. A reader refuses any other.
pub const VERSION: u32 = 1;

/// How the first line of a kept record begins, and no line of a cell does.
pub const BEGINNING: &str = "{\"history\":";

/// What the history keeps of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// When and where it was measured.
    pub head: Head,
    /// Its cells, sorted by name.
    pub cells: Vec<CellRecord>,
}

/// When and where a record was measured. The fields are those of the record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`]. It comes first, see [`BEGINNING`].
    pub history: u32,
    /// The version of the record's schema, which is that of the cells.
    pub schema: u32,
    /// When the run started, RFC 3339, UTC.
    pub started: String,
    /// The run's profile.
    pub profile: String,
    /// The seed of the generated inputs; absent where they are the lab's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The environment.
    pub fingerprint: Fingerprint,
    /// The machines on which times were taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<Machine>,
    /// The user's file that was measured on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputInfo>,
}

impl Head {
    /// What a metric's values depend on.
    pub fn conditions(&self, metric: Metric) -> Conditions {
        Conditions::of(metric, &self.fingerprint, &self.machines, self.input.as_ref(), self.seed)
    }
}

/// Why a text is not a kept record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is of another version.
    #[error(
        "it has version {found} of the history's format, and this program reads version {VERSION}: use the lab that wrote it"
    )]
    Version {
        /// Its version.
        found: u64,
    },
    /// Its cells are of another schema.
    #[error(
        "its cells have schema {found}, and this program reads schema {SCHEMA}: use the lab that wrote it"
    )]
    Schema {
        /// Their schema.
        found: u32,
    },
    /// Something is wrong in a line.
    #[error("line {line}: {reason}")]
    Line {
        /// The number of the line, from 1 on.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl Kept {
    /// What is kept of a record.
    pub fn of(record: &Record) -> Self {
        let head = Head {
            history: VERSION,
            schema: record.schema,
            started: record.started.clone(),
            profile: record.profile.clone(),
            seed: record.seed,
            fingerprint: record.fingerprint.clone(),
            machines: record.machines.clone(),
            input: record.input.clone(),
        };
        Kept { head, cells: record.cells.clone() }
    }

    /// Its text.
    ///
    /// # Panics
    /// If it could not be written as JSON, which no record causes.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string(&self.head).expect("a head is JSON");
        text.push('\n');
        for cell in &self.cells {
            text += &serde_json::to_string(cell).expect("a cell is JSON");
            text.push('\n');
        }
        text
    }

    /// Reads a text, and of its cells those that are wanted.
    ///
    /// # Errors
    /// If it is not a complete kept record; the message says which line is wrong, counted from the text's first one.
    pub fn read(text: &str, wanted: impl Fn(&CellName) -> bool) -> Result<Self, Fault> {
        let at = |line: usize, reason: String| Fault::Line { line: line + 1, reason };
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let head: serde_json::Value =
            serde_json::from_str(first).map_err(|error| at(0, error.to_string()))?;
        match head.get("history").and_then(serde_json::Value::as_u64) {
            Some(found) if found == u64::from(VERSION) => {}
            Some(found) => return Err(Fault::Version { found }),
            None => return Err(at(0, "it has no `history`".to_owned())),
        }
        let head: Head = serde_json::from_value(head).map_err(|error| at(0, error.to_string()))?;
        if head.schema != SCHEMA {
            return Err(Fault::Schema { found: head.schema });
        }
        if !rest.ends_with('\n') {
            return Err(at(text.lines().count().max(1) - 1, "it is cut off".to_owned()));
        }
        let mut cells = Vec::new();
        let mut before: Option<CellName> = None;
        for (number, line) in rest.lines().enumerate() {
            let wrong = |reason: String| at(number + 1, reason);
            let json = |error: serde_json::Error| wrong(error.to_string());
            let name: CellName = serde_json::from_str(line).map_err(json)?;
            if let Some(before) = before.filter(|before| *before >= name) {
                return Err(wrong(format!("`{name}` does not come after `{before}`")));
            }
            if wanted(&name) {
                let cell: CellRecord = serde_json::from_str(line).map_err(json)?;
                if let Some(fault) = cell.fault() {
                    return Err(wrong(format!("`{name}`: {fault}")));
                }
                cells.push(cell);
            }
            before = Some(name);
        }
        Ok(Kept { head, cells })
    }
}

/// The name of a kept record: the first sixteen hexadecimal digits of its text's SHA-256.
pub fn id(text: &str) -> String {
    let mut id = sha256(text);
    id.truncate(16);
    id
}

/// Where each kept record of an archive is: an archive is their texts, one after the other.
///
/// # Errors
/// If there is something before the first of them.
pub fn parts(archive: &str) -> Result<Vec<Range<usize>>, Fault> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for line in archive.split_inclusive('\n') {
        let end = at + line.len();
        if line.starts_with(BEGINNING) {
            parts.push(at..end);
        } else if let Some(last) = parts.last_mut() {
            last.end = end;
        } else {
            let reason = format!(
                "it does not begin with `{BEGINNING}`, as what the history exports as an archive does"
            );
            return Err(Fault::Line { line: 1, reason });
        }
        at = end;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Measurements, Role};

    fn kept() -> Kept {
        let cell = |name: &str| CellRecord {
            name: name.parse().unwrap(),
            role: Role::Peer,
            ops: 1000,
            digest: "0123456789abcdef".to_owned(),
            measured: Measurements { instructions: Some(u64::MAX), ..Measurements::default() },
            observed: [("hit_rate".to_owned(), 0.1)].into(),
        };
        let record = Record {
            schema: SCHEMA,
            started: "2026-03-01T12:30:59Z".to_owned(),
            command: "scripts/just lab run --input /home/me/secret".to_owned(),
            cells: vec![cell("m/get/8/a"), cell("m/get/1000/a"), cell("m/get/1000/b")],
            ..Record::default()
        };
        Kept::of(&record)
    }

    #[test]
    fn a_text_is_read_as_it_was_written() {
        let text = kept().text();
        assert_eq!(Kept::read(&text, |_| true), Ok(kept()));
        assert_eq!(id(&text), id(&kept().text()));
        assert!(text.starts_with(BEGINNING) && text.lines().count() == 4, "{text}");
        assert!(!text.contains("secret"), "the command is not kept");
        let some = Kept::read(&text, |name| name.contender == "b").unwrap();
        assert_eq!(some.cells, kept().cells[2..]);
    }

    #[test]
    fn what_is_not_a_kept_record_is_refused_with_its_line() {
        let text = kept().text();
        let lines: Vec<&str> = text.lines().collect();
        let with = |at: usize, line: &str| {
            let mut lines = lines.clone();
            lines[at] = line;
            format!("{}\n", lines.join("\n"))
        };
        let later = lines[0].replacen("{\"history\":1", "{\"history\":2", 1);
        let schema = lines[0].replacen("\"schema\":2", "\"schema\":3", 1);
        let no_digest = lines[1].replace("0123456789abcdef", "x");
        for (damaged, expected) in [
            (String::new(), "line 1: EOF"),
            ("{}\n".to_owned(), "line 1: it has no `history`"),
            (with(0, &later), "version 2 of the history's format"),
            (with(0, &schema), "schema 3"),
            (with(2, "{"), "line 3: EOF"),
            (with(3, lines[2]), "line 4: `m/get/1000/a` does not come after `m/get/1000/a`"),
            (with(1, &no_digest), "line 2: `m/get/8/a`: the digest `x`"),
            (text[..text.len() - 3].to_owned(), "line 4: it is cut off"),
        ] {
            let error = Kept::read(&damaged, |_| true).unwrap_err().to_string();
            assert!(error.starts_with(expected) || error.contains(expected), "{error}");
        }
    }

    #[test]
    fn an_archive_is_taken_apart_where_records_begin() {
        let text = kept().text();
        let archive = text.repeat(3);
        let found: Vec<&str> = parts(&archive).unwrap().into_iter().map(|part| &archive[part]).collect();
        assert_eq!(found, [&text[..]; 3]);
        assert_eq!(parts("").unwrap(), []);
        assert!(parts("started,revision\n").unwrap_err().to_string().contains("line 1: it does not begin"));
    }
}
