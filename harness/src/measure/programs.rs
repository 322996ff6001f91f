//! The programs that measure, and how a run treats them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use super::protocol::Depth;
use crate::sha256::sha256;

/// How a run treats its workers.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of workers in parallel, for the meters that allow it.
    pub workers: usize,
    /// Time limit for one cell, in place of the meter's own.
    pub timeout: Option<Duration>,
    /// How thoroughly contenders are verified.
    pub depth: Depth,
    /// Whether small cells come first instead of last. Results must not depend on the order.
    pub reversed: bool,
    /// The binaries.
    pub binaries: Binaries,
}

/// The binaries whose workers measure.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The program that measures everything but allocations.
    pub lab: PathBuf,
    /// The program with the allocator that counts.
    pub allocations: PathBuf,
}

impl Binaries {
    /// The running program, and the one beside it whose name ends in `-allocations`.
    ///
    /// # Errors
    /// If the running program's path cannot be found out.
    pub fn beside_this_one() -> Result<Self> {
        let lab = std::env::current_exe().context("cannot find this program's own file")?;
        let mut name = lab.file_stem().unwrap_or_default().to_owned();
        name.push("-allocations");
        let allocations = lab.with_file_name(name);
        Ok(Binaries { lab, allocations })
    }

    /// SHA-256 of both, hexadecimal.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn digest(&self) -> Result<String> {
        let present = [&self.lab, &self.allocations].into_iter().filter(|path| path.exists());
        let read =
            |path: &PathBuf| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        Ok(sha256(present.map(read).collect::<Result<Vec<_>>>()?))
    }
}
