//! Directories for the temporary files of workers. The lab removes them when it ends. If it was killed, the next
//! lab removes them when it begins.
//!
//! A directory is called `lab-<kind>-…`. It holds a file, `lock`, which its owner keeps locked as long as it lives.
//! The kernel releases the lock when the process ends in any way. So a directory whose lock is free has no owner. (A
//! process id in the name would not tell: it may belong to another process by now, or to one in another container
//! that shares the directory.) The lab never removes a directory without a lock file.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// What every directory's name begins with.
const PREFIX: &str = "lab-";

/// The file that the owner has locked.
const LOCK: &str = "lock";

/// A temporary directory, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    // Fields are dropped in this order: the directory goes before its lock.
    directory: TempDir,
    _lock: File,
}

impl Scratch {
    /// Makes a directory `lab-<kind>-…` in `within`, and removes those of labs that were killed.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(kind: &str, within: &Path) -> Result<Self> {
        let prefix = format!("{PREFIX}{kind}-");
        sweep(&prefix, within);
        let make = || -> std::io::Result<Self> {
            let directory = tempfile::Builder::new().prefix(&prefix).tempdir_in(within)?;
            // The file is locked before it gets its name, so that nobody else can lock it first.
            let unnamed = directory.path().join("locking");
            let lock = File::create(&unnamed)?;
            lock.lock()?;
            std::fs::rename(&unnamed, directory.path().join(LOCK))?;
            Ok(Scratch { directory, _lock: lock })
        };
        make().with_context(|| format!("cannot create a temporary directory in {}", within.display()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Removes the directories in `within` whose owner is gone. A directory that cannot be removed stays, which does
/// no harm.
fn sweep(prefix: &str, within: &Path) {
    for entry in std::fs::read_dir(within).into_iter().flatten().flatten() {
        let is_directory = entry.file_type().is_ok_and(|found| found.is_dir());
        if !is_directory || !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        // The lock is held until all is removed, so that two labs do not remove the same directory at once.
        if let Ok(lock) = File::open(entry.path().join(LOCK))
            && lock.try_lock().is_ok()
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    fn listed(directory: &Path) -> BTreeSet<PathBuf> {
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_directory_goes_with_its_owner() {
        let home = tempfile::tempdir().unwrap();
        let scratch = Scratch::new("test", home.path()).unwrap();
        std::fs::write(scratch.path().join("profile"), "1").unwrap();
        assert_eq!(listed(home.path()), [scratch.path().to_owned()].into());
        drop(scratch);
        assert!(listed(home.path()).is_empty());
    }

    #[test]
    fn only_what_a_killed_lab_left_is_swept() {
        let home = tempfile::tempdir().unwrap();
        let living = Scratch::new("test", home.path()).unwrap();
        let made = |name: &str, files: &[&str]| {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.join("lab/cell")).unwrap();
            files.iter().for_each(|file| std::fs::write(path.join(file), "").unwrap());
            path
        };
        let killed = made("lab-test-killed", &[LOCK, "profile.12", "lab/cell/estimates.json"]);
        let others = [
            // One that is just being made, or was made by an older lab.
            made("lab-test-unlocked", &["locking"]),
            // Another kind, and somebody else's.
            made("lab-other-killed", &[LOCK]),
            made("mine", &[LOCK]),
        ];
        std::os::unix::fs::symlink(home.path().join("mine"), home.path().join("lab-test-link")).unwrap();
        assert!(listed(home.path()).contains(&killed));

        let next = Scratch::new("test", home.path()).unwrap();
        let mut expected: BTreeSet<PathBuf> = others.into();
        expected.extend([
            living.path().to_owned(),
            next.path().to_owned(),
            home.path().join("lab-test-link"),
        ]);
        assert_eq!(listed(home.path()), expected);
        assert!(home.path().join("mine").join(LOCK).exists());
    }

    #[test]
    fn where_it_cannot_be_made_is_said() {
        let error = Scratch::new("test", Path::new("/nowhere")).unwrap_err();
        assert!(format!("{error:#}").contains("a temporary directory in /nowhere: "), "{error:#}");
    }
}
