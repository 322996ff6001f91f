//! The instruction meter: workers under Callgrind, a forked child per cell.
//!
//! Code is instrumented from just before to just after the region, and collected inside
//! [`lab_measured_region`](worker::lab_measured_region) alone. Where the drop of what the region leaves is counted, too, the
//! same child goes on with [`lab_measured_drop`](worker::lab_measured_drop). Each child
//! writes a profile of its own when it ends, named by its process id. The environment is emptied and
//! the C library's choice of memory routines pinned, so that the count depends on the binary alone.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use reports::record::{Atomics, Dropping, Measured};
use worker::Extent;

use super::atomics::Objects;
use super::callgrind::{self, Attributed};
use super::simulated::{self, Simulation};
use crate::measure::protocol::{INPUT_OPTION, SEED_OPTION, WORKER_ARGUMENT};
use crate::measure::scratch::Scratch;
use crate::roster::input::Input;

/// `GLIBC_TUNABLES` of the workers: Callgrind counts `rep movsb` once per byte, so the memory routines
/// that use it are out.
pub const TUNABLES: &str = "glibc.cpu.hwcaps=-ERMS,-FSRM";

/// The variable that names a library which the dynamic linker loads before all others.
pub const PRELOAD: &str = "LD_PRELOAD";

/// The version of Valgrind, for example `valgrind-3.19.0`; `None` where it is not installed.
pub fn valgrind_version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| version.trim().to_owned()).filter(|version| !version.is_empty())
}

/// What to say where Valgrind is missing.
pub const NO_VALGRIND: &str = "Valgrind is not installed: the instruction meter is left out, every other meter works. The \
     distribution's package `valgrind` brings it (Debian, Ubuntu: `apt-get install valgrind`)";

/// Callgrind workers that write their profiles into one directory.
pub struct Callgrind<'a> {
    binary: &'a Path,
    input: Option<&'a Input>,
    seed: Option<u64>,
    simulates: bool,
    preload: Option<&'a Path>,
    objects: Mutex<Objects>,
    profiles: Scratch,
}

impl<'a> Callgrind<'a> {
    /// Workers of `binary`, which read the user's file where there is one.
    ///
    /// # Errors
    /// If no temporary directory can be created.
    pub fn new(binary: &'a Path, input: Option<&'a Input>) -> Result<Self> {
        let profiles = Scratch::new("callgrind", &std::env::temp_dir())
            .context("nowhere to put Callgrind's profiles")?;
        Ok(Callgrind {
            binary,
            input,
            seed: None,
            simulates: false,
            preload: None,
            objects: Mutex::default(),
            profiles,
        })
    }

    /// The same workers, whose inputs come from this seed if there is one.
    pub fn seeded(self, seed: Option<u64>) -> Self {
        Callgrind { seed, ..self }
    }

    /// The same workers, which [simulate](simulated) caches and branch predictors, too.
    pub fn simulating(self) -> Self {
        Callgrind { simulates: true, ..self }
    }

    /// The same workers, with a library before all others if there is one.
    pub fn preloading(self, preload: Option<&'a Path>) -> Self {
        Callgrind { preload, ..self }
    }

    /// The command of a worker.
    pub fn command(&self) -> Command {
        let mut out_option = OsString::from("--callgrind-out-file=");
        out_option.push(literally(self.profiles.path()));
        out_option.push("/profile.%p");
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "-q", "--vgdb=no", "--collect-atstart=no"])
            .args(["--toggle-collect=lab_measured_region", "--toggle-collect=lab_measured_drop"])
            .arg("--dump-line=no")
            .arg(if worker::CAN_INSTRUMENT { "--instr-atstart=no" } else { "--instr-atstart=yes" })
            // Of an option that is there twice, the last one counts.
            .args(if self.simulates { &simulated::OPTIONS[..] } else { &[] })
            // Costs by address, to name functions and to find atomics: not one instruction more, a few
            // kilobytes a cell, and no time that could be measured.
            .arg("--dump-instr=yes")
            .arg(out_option)
            .arg(self.binary)
            .args([WORKER_ARGUMENT, "callgrind"]);
        if let Some(input) = self.input {
            command.arg(INPUT_OPTION).arg(input.place());
        }
        if let Some(seed) = self.seed {
            command.arg(SEED_OPTION).arg(seed.to_string());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("GLIBC_TUNABLES", TUNABLES);
        command.envs(self.preload.map(|library| (PRELOAD, library)));
        command
    }

    /// What process `pid` counted of a cell; its profiles are deleted.
    ///
    /// # Errors
    /// If there is no complete profile of that process.
    pub fn take_counts(&self, pid: u32, extent: Extent) -> Result<Measured> {
        let last = self.counts_of(&pid.to_string())?;
        let ((instructions, atomics), dropping) = match extent {
            Extent::Region => (last, None),
            Extent::RegionAndDrop => {
                let (instructions, atomics) = last;
                let atomics = atomics.map(|atomics| atomics.program);
                (self.counts_of(&format!("{pid}.1"))?, Some(Dropping { instructions, atomics }))
            }
        };
        Ok(Measured::Instructions { instructions, atomics, dropping })
    }

    /// The instructions of a profile, and the atomics among them.
    fn counts_of(&self, process: &str) -> Result<(u64, Option<Atomics>)> {
        let profile = self.take(process)?;
        let instructions = callgrind::total(&profile).with_context(|| self.incomplete())?;
        let atomics = callgrind::atomics(&profile, self.binary, &mut self.objects())?;
        Ok((instructions, atomics))
    }

    /// What process `pid` [counted of each of so many parts](worker::count_part); its profiles are deleted.
    ///
    /// # Errors
    /// If there is no complete profile of each part.
    pub fn take_parts(&self, pid: u32, parts: usize) -> Result<Vec<u64>> {
        // The last profile holds what came behind the parts: nothing.
        self.take(&pid.to_string())?;
        let part = |number| {
            callgrind::total(&self.take(&format!("{pid}.{number}"))?).with_context(|| self.incomplete())
        };
        (1..=parts).map(part).collect()
    }

    /// Instructions of the region that process `pid` ran, and by function; its profile is deleted.
    ///
    /// # Errors
    /// If there is no complete profile of that process.
    pub fn take_functions(&self, pid: u32) -> Result<(u64, Attributed)> {
        let profile = self.take(&pid.to_string())?;
        let total = callgrind::total(&profile).with_context(|| self.incomplete())?;
        Ok((total, callgrind::functions(&profile, self.binary, &mut self.objects())?))
    }

    /// What was simulated of the region that process `pid` ran; its profile is deleted.
    ///
    /// # Errors
    /// If there is no complete profile of that process.
    pub fn take_simulation(&self, pid: u32) -> Result<Simulation> {
        simulated::simulation(&self.take(&pid.to_string())?, self.binary).with_context(|| self.incomplete())
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn incomplete(&self) -> String {
        format!("Callgrind left no whole profile in {}: is the disk full?", self.profiles.path().display())
    }

    fn take(&self, process: &str) -> Result<String> {
        let path = self.profiles.path().join(format!("profile.{process}"));
        let profile = std::fs::read(&path)
            .with_context(|| format!("cannot read Callgrind's profile {}", path.display()))?;
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        // Paths of libraries need not be text.
        Ok(String::from_utf8_lossy(&profile).into_owned())
    }
}

/// A path as Callgrind reads it, to which `%p` is the process and `%q{NAME}` a variable.
fn literally(path: &Path) -> OsString {
    let bytes = path.as_os_str().as_bytes().iter();
    let escaped = bytes.flat_map(|byte| std::iter::repeat_n(*byte, if *byte == b'%' { 2 } else { 1 }));
    OsString::from_vec(escaped.collect())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_path_means_itself_to_callgrind() {
        for (path, expected) in [
            (&b"/tmp/lab"[..], &b"/tmp/lab"[..]),
            (b"/100%/lab", b"/100%%/lab"),
            (b"/%p/%q{HOME}/%n", b"/%%p/%%q{HOME}/%%n"),
            (b"/%%", b"/%%%%"),
            (b"/it's \"quoted\"", b"/it's \"quoted\""),
            (b"/\xff%", b"/\xff%%"),
        ] {
            assert_eq!(literally(Path::new(OsStr::from_bytes(path))), OsStr::from_bytes(expected));
        }
    }
}
