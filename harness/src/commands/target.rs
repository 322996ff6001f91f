//! Files that a command writes for the user, who names them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::output;
use crate::error::usage;

/// Where a text goes.
#[derive(clap::Args)]
pub struct Target {
    /// Write to this file [default: the standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the file if it exists
    #[arg(long, requires = "output")]
    force: bool,
}

impl Target {
    /// Refuses a file that exists: before any work is done for it.
    ///
    /// # Errors
    /// If the file exists and may not be overwritten.
    pub fn check(&self) -> Result<()> {
        self.output.as_ref().map_or(Ok(()), |path| refuse_existing(path, self.force))
    }

    /// Writes a text that ends its last line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, text: &str) -> Result<()> {
        match &self.output {
            None => output::print(text.strip_suffix('\n').unwrap_or(text)),
            Some(path) => write(path, text, self.force),
        }
    }
}

/// Refuses a file that exists, unless it may be overwritten.
///
/// # Errors
/// If the file exists.
pub fn refuse_existing(path: &Path, force: bool) -> Result<()> {
    if path.is_dir() {
        bail!(usage(format!("{} is a directory: name a file", path.display())));
    }
    // A device or a pipe, `/dev/stdout` for example, holds nothing that could be lost.
    if path.is_file() && !force {
        bail!(usage(format!("{} exists: `--force` overwrites it", path.display())));
    }
    Ok(())
}

/// Writes a text to a file, completely or not at all.
///
/// # Errors
/// If the file exists, unless it may be overwritten, or if it cannot be written.
pub fn write(path: &Path, text: &str, force: bool) -> Result<()> {
    refuse_existing(path, force)?;
    if path.exists() && !path.is_file() {
        // A rename would put a file in the place of the device.
        return std::fs::write(path, text)
            .map_err(|cause| reports::Error::Write { path: path.to_owned(), cause }.into());
    }
    Ok(reports::io::write_text(path, text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_not_overwritten_unless_asked() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("made/file");
        write(&path, "1", false).unwrap();
        let error = write(&path, "2", false).unwrap_err();
        assert!(error.to_string().ends_with("file exists: `--force` overwrites it"), "{error}");
        assert_eq!(crate::error::exit_of(&error), crate::error::Exit::Usage);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1");
        write(&path, "3", true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "3");
        assert!(
            write(home.path(), "4", true).unwrap_err().to_string().ends_with("is a directory: name a file")
        );
        write(Path::new("/dev/null"), "5", false).unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
