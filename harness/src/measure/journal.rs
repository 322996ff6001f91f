//! The journal holds what a run has measured so far, with a line for each result. A killed run loses at most
//! what it was measuring at that moment.
//!
//! `target/lab/<run>/journal.jsonl` begins with a [`Header`]; each further line is an [`Entry`]. A run
//! locks its journal, so two processes never continue the same one.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use reports::record::{Failure, Fingerprint, InputInfo, Machine, Measured, SCHEMA, Skip, TrialRecord};
use reports::{CellName, Meter};
use serde::{Deserialize, Serialize};
use worker::Ran;

use super::expectation::Expectation;
use super::meters::time::Samples;
use crate::door;
use crate::error::usage;
use crate::lock;
use crate::roster::selection::Profile;

/// What a run is about: enough to continue it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The record's schema.
    pub schema: u32,
    /// When the run started.
    pub started: String,
    /// The command line that reproduces it.
    pub command: String,
    /// Its profile.
    pub profile: Profile,
    /// Its meters.
    pub meters: Vec<Meter>,
    /// Its cells, in the order of the report.
    pub cells: Vec<CellName>,
    /// Where it is measured.
    pub fingerprint: Fingerprint,
    /// The machine that it is measured on.
    pub machine: Machine,
    /// SHA-256 of the programs that measure. A run does not go on with other programs.
    pub programs: String,
    /// The seed of its inputs, if it is not the lab's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The user's file that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputInfo>,
    /// The cells about that file whose contender lacks a capability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skip>,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// A contender passed a check, or failed it as it declares.
    Verified {
        /// `bottleneck/contender`.
        contender: String,
        /// The check.
        check: String,
    },
    /// Something failed.
    Failed(Failure),
    /// A cell is not measured, although nothing failed.
    Skipped(Skip),
    /// What cells must come to.
    Expected {
        /// The cells.
        cells: Vec<CellName>,
        /// What each of them must come to.
        expected: Expectation,
    },
    /// A cell ran, and a meter may have measured it.
    Ran {
        /// The cell.
        cell: CellName,
        /// What it did, and what the meter found.
        ran: Ran,
    },
    /// A process of the time meter timed the cells of a group.
    Timed {
        /// The cells; the first is the reference.
        cells: Vec<CellName>,
        /// The number of the process among those that time the group.
        process: usize,
        /// What it found of each.
        samples: Samples,
    },
    /// Trials of several threads or processes came to an end.
    Tried(TrialRecord),
    /// A meter measured a cell within its group.
    Measured {
        /// The cell.
        cell: CellName,
        /// What the meter found.
        measured: Measured,
    },
}

/// The journal of a run that is going on.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

/// The journal's name in a run's directory.
pub const JOURNAL: &str = "journal.jsonl";

impl Journal {
    /// Begins the journal of a new run, and makes its `directory`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(directory: &Path, header: &Header) -> Result<Self> {
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let path = directory.join(JOURNAL);
        let file = File::options().create_new(true).read(true).append(true).open(&path);
        let file = file.with_context(|| format!("cannot make {}", path.display()))?;
        let mut journal = Journal { path, file };
        journal.lock()?;
        journal.write(header)?;
        Ok(journal)
    }

    /// Continues the journal in `directory`. The last line is cut off if the kill left it incomplete.
    ///
    /// # Errors
    /// If there is none, it is damaged, or another process still runs it.
    pub fn resume(directory: &Path) -> Result<(Self, Header, Vec<Entry>)> {
        let path = directory.join(JOURNAL);
        let file = match File::options().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                bail!(usage(format!("no run to resume in {}", directory.display())));
            }
            Err(error) => return Err(error).with_context(|| format!("cannot open {}", path.display())),
        };
        let mut journal = Journal { path, file };
        journal.lock()?;
        let (header, entries, whole) = journal.read()?;
        journal.file.set_len(whole).with_context(|| format!("cannot mend {}", journal.path.display()))?;
        journal.file.seek(SeekFrom::End(0))?;
        Ok((journal, header, entries))
    }

    fn lock(&self) -> Result<()> {
        lock::claim(&self.file, &self.path, || {
            format!("{} belongs to a run that is still going on", self.path.display())
        })
    }

    /// Adds a result.
    ///
    /// # Errors
    /// If it cannot be written. What was written before is safe.
    pub fn add(&mut self, entry: &Entry) -> Result<()> {
        self.write(entry)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string(line).expect("a journal's line is JSON");
        text.push('\n');
        self.file.write_all(text.as_bytes()).with_context(|| {
            format!(
                "cannot write {}: what was measured is kept, `{}` continues",
                self.path.display(),
                door::command(["run", "--resume"])
            )
        })
    }

    /// The header, the whole entries, and the length of both in bytes.
    fn read(&self) -> Result<(Header, Vec<Entry>, u64)> {
        let damaged = |line: usize, reason: &str| {
            usage(format!("{} is damaged: line {line}: {reason}; start a new run", self.path.display()))
        };
        let mut reader = BufReader::new(&self.file);
        let mut header = None;
        let mut entries = Vec::new();
        let mut whole = 0;
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let length = reader.read_until(b'\n', &mut line);
            let length = length.with_context(|| format!("cannot read {}", self.path.display()))?;
            if !line.ends_with(b"\n") {
                break;
            }
            if header.is_none() {
                header = Some(match serde_json::from_slice::<Header>(&line) {
                    Ok(header) if header.schema == SCHEMA => header,
                    Ok(header) => {
                        bail!(damaged(number, &format!("schema {} instead of {SCHEMA}", header.schema)))
                    }
                    Err(error) => bail!(damaged(number, &error.to_string())),
                });
            } else {
                match serde_json::from_slice(&line) {
                    Ok(entry) => entries.push(entry),
                    Err(error) => bail!(damaged(number, &error.to_string())),
                }
            }
            whole += length as u64;
        }
        match header {
            Some(header) if header.cells.is_empty() => bail!(damaged(1, "it names no cell")),
            Some(header) => Ok((header, entries, whole)),
            None => bail!(damaged(1, "it has no header")),
        }
    }
}
