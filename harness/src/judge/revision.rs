//! Another revision of the project, built and measured beside this one.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use reports::baseline::{Baseline, Entry};
use reports::{CellName, Identities, Meter};

use super::baseline::{comparable, exact_meters};
use super::explained::Explained;
use crate::error::usage;
use crate::lock::exclusive;
use crate::measure::programs::Options;
use crate::progress::say;
use crate::roster::selection::Selection;

/// Another revision of the project, built beside this one.
pub struct Revision {
    commit: String,
    lab: PathBuf,
    /// Where it puts its record.
    run: PathBuf,
    /// Keeps a second comparison from building in the same directory.
    _lock: File,
}

impl Revision {
    /// Checks the revision out under `target/lab/against/` and builds its lab.
    ///
    /// # Errors
    /// If there is no such revision, it does not build, or another comparison works there.
    pub fn build(root: &Path, runs: &Path, revision: &str) -> Result<Self> {
        let against = runs.join("against");
        let sources = against.join("sources");
        let target = against.join("target");
        let name = format!("{revision}^{{commit}}");
        let commit = git(root, &["rev-parse", "--verify", "--quiet", &name]).map_err(|_| {
            usage(format!("no git revision `{revision}` here (a shallow clone has only the newest)"))
        })?;
        say(&format!("building {} ({revision})", short(&commit)));
        let lock = exclusive(&against.join("lock"), "lab check --against")?;
        check_out(root, &sources, &commit)?;
        let built = Command::new("cargo")
            .args(["build", "--release", "--locked", "--quiet", "-p", "lab", "--bins"])
            .current_dir(&sources)
            .env("CARGO_TARGET_DIR", &target)
            .status()
            .context("cannot start cargo")?;
        if !built.success() {
            bail!("revision {revision} does not build");
        }
        let lab = target.join("release/lab");
        let run = against.join("run");
        Ok(Revision { commit, lab, run, _lock: lock })
    }

    /// The program.
    pub fn lab(&self) -> &Path {
        &self.lab
    }

    /// The identities of that revision's contenders; `None` if its lab cannot tell them.
    pub fn identities(&self) -> Option<Identities> {
        let output =
            Command::new(&self.lab).args(["identity", "--json"]).stderr(Stdio::null()).output().ok()?;
        serde_json::from_slice(&output.stdout).ok()
    }

    /// The names of all cells of that revision at these sizes.
    fn cells(&self, sizes: &[usize]) -> Result<BTreeSet<String>> {
        let selection = Selection { size: sizes.to_vec(), ..Selection::default() };
        let output = Command::new(&self.lab)
            .args(["list", "--cells"])
            .args(selection.arguments())
            .stderr(Stdio::null())
            .output()
            .context("cannot start that revision's lab")?;
        if !output.status.success() {
            bail!("that revision's lab does not list its cells ({})", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// What that revision's lab measures of cells that are selected by name and size, without functions. Those that it does
    /// not have are left out.
    ///
    /// # Errors
    /// If it cannot measure the selection, or measures under another fingerprint.
    pub fn measure(&self, root: &Path, options: &Options, selection: &Selection) -> Result<Baseline> {
        let known = self.cells(&selection.size)?;
        let cells: Vec<String> =
            selection.cells.iter().filter(|name| known.contains(*name)).cloned().collect();
        if cells.is_empty() {
            return Ok(Baseline::default());
        }
        let selection = Selection { cells, ..selection.clone() };
        say(&format!("measuring {}", short(&self.commit)));
        // A comparison that was killed may have left one.
        match std::fs::remove_dir_all(&self.run) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", self.run.display()));
            }
            _ => {}
        }
        let meters: Vec<&str> = exact_meters().map(Meter::as_str).collect();
        let status = Command::new(&self.lab)
            .arg("--jobs")
            .arg(options.workers.to_string())
            .args(["run", "--no-report", "--meter", &meters.join(","), "--output"])
            .arg(&self.run)
            .args(selection.arguments())
            .stdout(Stdio::null())
            .status()
            .context("cannot start that revision's lab")?;
        // A contender that failed there has no cells to compare with; that is reported as new here.
        if !matches!(status.code(), Some(0 | 3)) {
            bail!("that revision's lab cannot measure this selection ({status})");
        }
        let record = reports::io::read_record(&self.run.join("record.json"))?;
        comparable(root, &options.binaries, &record.fingerprint)?;
        let cells =
            record.cells.iter().filter_map(|cell| Some((cell.name.clone(), Entry::of(&cell.measured)?)));
        Ok(Baseline { cells: cells.collect(), fingerprint: record.fingerprint, ..Baseline::default() })
    }

    /// What that revision's lab says of a cell's functions.
    ///
    /// # Errors
    /// If it does not run or does not say anything.
    pub fn explained(&self, name: &CellName) -> Result<Explained> {
        let output = Command::new(&self.lab)
            .args(["explain", "--json", &name.to_string()])
            .stderr(Stdio::null())
            .output()
            .context("cannot start that revision's lab")?;
        let explained: Vec<Explained> =
            serde_json::from_slice(&output.stdout).context("that revision's lab explains nothing")?;
        explained.into_iter().next().with_context(|| format!("that revision's lab says nothing of {name}"))
    }
}

/// A commit's hash, short enough to read.
fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// Checks `commit` out into the work tree `sources`. An earlier comparison that was killed may have left anything there
/// and in git's list of work trees.
fn check_out(root: &Path, sources: &Path, commit: &str) -> Result<()> {
    if change_to(sources, commit).is_ok() {
        return Ok(());
    }
    let path = sources.as_os_str();
    // `--force` twice removes a locked work tree, too. Git locks one while it makes it, and a killed git leaves it locked.
    let words = |words: [&'static str; 4]| words.map(OsStr::new);
    let _ = git(root, &[&words(["worktree", "remove", "--force", "--force"])[..], &[path]].concat());
    let _ = std::fs::remove_dir_all(sources);
    let _ = git(root, &["worktree", "prune"]);
    let forced = ["--force", "--force", "--detach"].map(OsStr::new);
    let add = ["worktree", "add"].map(OsStr::new);
    git(root, &[&add[..], &forced, &[path, OsStr::new(commit)]].concat())?;
    Ok(())
}

/// Makes the work tree of an earlier comparison one of `commit`, if it is whole. Only files that differ are written, so
/// that cargo compiles nothing else again.
fn change_to(sources: &Path, commit: &str) -> Result<()> {
    // Git is told where to work: it must not find the project, of which this is a directory.
    let at = |option: &str, path: &Path| {
        let mut option = OsString::from(option);
        option.push(path);
        option
    };
    let (tree, own) = (at("--work-tree=", sources), at("--git-dir=", &sources.join(".git")));
    let within = |words: &[&str]| {
        let words = words.iter().map(OsStr::new);
        git(sources, &[own.as_os_str(), tree.as_os_str()].into_iter().chain(words).collect::<Vec<_>>())
    };
    within(&["checkout", "--detach", "--force", "--quiet", commit])?;
    within(&["clean", "-ffdx", "--quiet"])?;
    Ok(())
}

fn git(root: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<String> {
    let output =
        Command::new("git").arg("-C").arg(root).args(arguments).output().context("cannot start git")?;
    if !output.status.success() {
        let words: Vec<_> = arguments.iter().map(|word| word.as_ref().to_string_lossy()).collect();
        bail!("git {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with two commits that differ in the file `version`. Without git it is `None`, and a line says so.
    fn repository() -> Option<(tempfile::TempDir, [String; 2])> {
        let root = tempfile::tempdir().unwrap();
        if git(root.path(), &["init", "--quiet"]).is_err() {
            say("skipped: without git no revision is checked out");
            return None;
        }
        let commits = ["one", "two"].map(|version| {
            std::fs::write(root.path().join("version"), version).unwrap();
            std::fs::write(root.path().join("same"), "").unwrap();
            git(root.path(), &["add", "--all"]).unwrap();
            let who = ["-c", "user.name=Lab", "-c", "user.email=lab@localhost", "-c", "commit.gpgsign=false"];
            git(root.path(), &[&who[..], &["commit", "--quiet", "--message", version]].concat()).unwrap();
            git(root.path(), &["rev-parse", "HEAD"]).unwrap()
        });
        Some((root, commits))
    }

    /// A revision whose lab is a script.
    fn revision(home: &Path, script: &str) -> Revision {
        use std::os::unix::fs::PermissionsExt;
        let lab = home.join("lab");
        std::fs::write(&lab, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&lab, std::fs::Permissions::from_mode(0o755)).unwrap();
        Revision {
            commit: "0".repeat(40),
            lab,
            run: home.join("run"),
            _lock: File::create(home.join("lock")).unwrap(),
        }
    }

    #[test]
    fn only_what_that_revision_has_is_asked_of_it() {
        let home = tempfile::tempdir().unwrap();
        let lab = Path::new("/nowhere/lab").to_owned();
        let options = Options {
            workers: 1,
            timeout: None,
            depth: Default::default(),
            reversed: false,
            binaries: crate::measure::programs::Binaries { allocations: lab.clone(), lab },
        };
        let selection = Selection {
            cells: ["m/s/8/new", "m/s/8/old", "m/s/9/old"].map(str::to_owned).into(),
            size: vec![8, 9],
            ..Selection::default()
        };
        let measure = |script: &str| revision(home.path(), script).measure(home.path(), &options, &selection);
        // A lab that has none of the cells is not asked to measure.
        let none = measure("[ \"$1\" = list ] && echo m/s/8/other").unwrap();
        assert!(none.cells.is_empty());
        let error = measure("exit 2").unwrap_err().to_string();
        assert!(error.contains("does not list its cells"), "{error}");
        let asked = home.path().join("asked");
        let script = format!(
            "[ $1 != list ] || {{ printf 'm/s/8/old\\nm/s/8/gone\\n'; exit; }}; echo \"$@\" >{}; exit 9",
            asked.display()
        );
        let error = measure(&script).unwrap_err().to_string();
        assert!(error.contains("cannot measure this selection"), "{error}");
        let asked = std::fs::read_to_string(asked).unwrap();
        assert!(asked.contains(" m/s/8/old --size 8,9 "), "{asked}");
        assert!(!asked.contains("new") && !asked.contains("m/s/9/old") && !asked.contains("gone"), "{asked}");
    }

    #[test]
    fn the_next_comparison_writes_only_what_differs() {
        let Some((root, commits)) = repository() else { return };
        let sources = root.path().join("target/lab/against/sources");
        let written = |file: &str| std::fs::metadata(sources.join(file)).unwrap().modified().unwrap();
        let [first, second] = commits.each_ref().map(|commit| {
            check_out(root.path(), &sources, commit).unwrap();
            (written("same"), written("version"))
        });
        assert_eq!(first.0, second.0);
        assert_ne!(first.1, second.1);
        assert_eq!(std::fs::read_to_string(sources.join("version")).unwrap(), "two");
        // The project itself stays where it is, with files that git does not know.
        let own = root.path().join("own");
        std::fs::write(&own, "").unwrap();
        std::fs::remove_file(sources.join(".git")).unwrap();
        check_out(root.path(), &sources, &commits[0]).unwrap();
        assert_eq!(std::fs::read_to_string(sources.join("version")).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(root.path().join("version")).unwrap(), "two");
        assert!(own.exists());
    }

    #[test]
    fn a_killed_comparison_is_in_nobody_s_way() {
        let Some((root, [one, two])) = repository() else { return };
        let root = root.path();
        let sources = root.join("target/lab/against/sources");
        let admin = root.join(".git/worktrees/sources");
        let checked_out = |commit: &str, version: &str, left: &str| {
            check_out(root, &sources, commit).unwrap_or_else(|error| panic!("{left}: {error:#}"));
            assert_eq!(std::fs::read_to_string(sources.join("version")).unwrap(), version, "{left}");
            assert!(!sources.join("rest").exists(), "{left}");
            let trees = git(root, &["worktree", "list", "--porcelain"]).unwrap();
            assert_eq!(trees.matches("worktree ").count(), 2, "{left}: {trees}");
        };
        checked_out(&one, "one", "nothing");
        // The comparison was killed while it built or measured: the work tree is whole, and holds a file that git does not
        // know.
        std::fs::write(sources.join("rest"), "").unwrap();
        std::fs::write(sources.join("version"), "changed").unwrap();
        checked_out(&two, "two", "a work tree");
        // It was killed while git made the work tree: locked, with an empty directory or none, and half an index.
        for left in ["an empty directory", "no directory"] {
            std::fs::write(admin.join("locked"), "initializing").unwrap();
            std::fs::write(admin.join("index.lock"), "").unwrap();
            std::fs::remove_dir_all(&sources).unwrap();
            if left == "an empty directory" {
                std::fs::create_dir(&sources).unwrap();
                std::fs::write(sources.join("rest"), "").unwrap();
            }
            checked_out(&one, "one", left);
        }
        // It was killed while git removed the work tree: git knows nothing of the files that are left.
        std::fs::remove_dir_all(&admin).unwrap();
        std::fs::write(sources.join("rest"), "").unwrap();
        checked_out(&two, "two", "files without a work tree");
    }
}
