//! What every command gets.

use std::path::PathBuf;

use crate::measure::programs::Options;
use crate::roster::cell::Roster;

/// What every command gets.
pub struct Context<'a> {
    /// The contenders.
    pub roster: Roster<'a>,
    /// The project's directory.
    pub root: PathBuf,
    /// How runs treat their workers.
    pub options: Options,
}

impl Context<'_> {
    /// Where runs are kept.
    pub fn runs(&self) -> PathBuf {
        self.root.join("target/lab")
    }

    /// Where the committed baseline is.
    pub fn baselines(&self) -> PathBuf {
        self.root.join("reports/baselines")
    }
}
