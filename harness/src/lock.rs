//! A lock that two labs cannot have at once. It is a file that the owner keeps locked; the kernel releases it when the
//! process ends in any way.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::error::usage;

/// Locks the file at `path`, which is made if need be, until the returned file is dropped. `work` names what must not
/// happen twice at once, for whoever comes second: `lab check --against`.
///
/// # Errors
/// If another process has the lock, which is bad usage, or the file cannot be made.
pub fn exclusive(path: &Path, work: &str) -> Result<File> {
    let lock = open(path)?;
    let directory = path.parent().unwrap_or(path);
    claim(&lock, path, || format!("another `{work}` works in {}: wait for it", directory.display()))?;
    Ok(lock)
}

/// Locks an open file, whose path is for messages. `taken` is what to say where another process has the lock.
///
/// # Errors
/// If another process has the lock, which is bad usage, or the file cannot be locked.
pub fn claim(file: &File, path: &Path, taken: impl FnOnce() -> String) -> Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => bail!(usage(taken())),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Locks the file at `path` as [`exclusive`] does, but waits for another process that has the lock.
///
/// # Errors
/// If the file cannot be made or locked.
pub fn wait_for(path: &Path) -> Result<File> {
    let lock = open(path)?;
    lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(lock)
}

fn open(path: &Path) -> Result<File> {
    let directory = path.parent().unwrap_or(path);
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let lock = File::options().create(true).append(true).open(path);
    lock.with_context(|| format!("cannot open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_second_is_told_to_wait() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("made/lock");
        let first = exclusive(&path, "lab check").unwrap();
        let error = exclusive(&path, "lab check").unwrap_err();
        assert!(error.to_string().contains("another `lab check` works in"), "{error}");
        assert_eq!(crate::error::exit_of(&error), crate::error::Exit::Usage);
        drop(first);
        wait_for(&path).unwrap();
    }
}
