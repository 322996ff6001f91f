//! The values that every command receives.

use std::path::PathBuf;

use reports::beside::Beside;
use reports::history::store::Store;
use reports::record::Record;

use crate::measure::programs::Options;
use crate::progress::say;
use crate::roster::cell::Roster;

/// The values that every command receives.
pub struct Context<'a> {
    /// The contenders.
    pub roster: Roster<'a>,
    /// The project's directory.
    pub root: PathBuf,
    /// How runs start and limit their workers.
    pub options: Options,
}

impl Context<'_> {
    /// The directory of the runs.
    pub fn runs(&self) -> PathBuf {
        self.root.join("target/lab")
    }

    /// The newest record.
    pub fn latest(&self) -> PathBuf {
        self.runs().join("latest/record.json")
    }

    /// The directory of the cache of exact measurements.
    pub fn cache(&self) -> PathBuf {
        self.runs().join("cache")
    }

    /// The directory of what other surroundings change.
    pub fn sensitivity(&self) -> PathBuf {
        self.root.join("reports/sensitivity")
    }

    /// The directory of the committed baseline.
    pub fn baselines(&self) -> PathBuf {
        self.root.join("reports/baselines")
    }

    /// The directory of the history.
    pub fn history(&self) -> PathBuf {
        self.runs().join("history")
    }

    /// What lies beside a record, for its report. A report is complete without it, so what cannot be read is named and left
    /// out.
    pub fn beside(&self, record: &Record) -> Beside {
        // A project of somebody else has no baseline.
        let baseline = self.baselines().is_dir().then(|| reports::baseline::read(&self.baselines()));
        let is_told = |name: &str| record.bottlenecks.iter().any(|bottleneck| bottleneck.name == name);
        let history = Store::new(&self.history()).read(|cell| is_told(&cell.bottleneck));
        Beside {
            functions: baseline.and_then(or_say),
            history: or_say(history).unwrap_or_default(),
            sensitivity: or_say(reports::sensitivity::read_all(&self.sensitivity())).unwrap_or_default(),
        }
    }
}

/// What was read; otherwise says why it was not.
fn or_say<T>(read: Result<T, reports::Error>) -> Option<T> {
    read.map_err(|error| say(&format!("note: the report goes without it: {error}"))).ok()
}
