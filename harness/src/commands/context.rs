//! The values that every command receives.

use std::path::PathBuf;

use crate::measure::programs::Options;
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
}
