//! `lab check`: the gate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use reports::baseline::{self, Baseline, Entry, Key};
use reports::record::{Fingerprint, Record};

use super::explain::Explained;
use super::{count, print};
use crate::cell::{Cell, CellId, Profile, Selection, find};
use crate::cli::Context;
use crate::error::{Exit, NotComparable, usage};
use crate::fingerprint;
use crate::gate::{self, Change, Exact, Verdict};
use crate::meters::Meter;
use crate::meters::instructions::{NO_VALGRIND, valgrind_version};
use crate::progress::say;
use crate::run::{Run, callgrind_isa};

/// Fail where instructions or allocations grew: the gate for a pull request
///
/// Measures instructions and allocations of the selected cells (default: all) and compares them with
/// the committed baseline in `reports/baselines/`. A cell regresses if its instructions grew by more
/// than 0.5 %, 200, and its own noise, or if it allocates one block more. It is measured again before
/// it is reported, with the functions that grew and the command that reproduces it. Wall-clock time
/// never gates.
///
/// Where the baseline was measured with another compiler, C library or Valgrind the exit code is 4;
/// `--against HEAD^` builds and measures that revision here instead, which always works.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Compare with this git revision, built and measured here, instead of the baseline
    #[arg(long, value_name = "REVISION")]
    against: Option<String>,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.selection.resolve(context.roster)?;
    let other = match &arguments.against {
        Some(revision) => Other::Revision(Built::of(context, revision, arguments)?),
        None => Other::Baseline,
    };
    let old = match &other {
        Other::Revision(built) => built.measure(context)?,
        Other::Baseline => {
            let baseline = baseline::read(&context.baselines())?;
            comparable(context, &baseline.fingerprint)?;
            baseline
        }
    };

    let measured = measure(context, &cells, &arguments.selection)?;
    let selected: BTreeSet<Key> = cells.iter().map(key_of).collect();
    let mut verdict = gate::compare(&old, &selected, &measured, arguments.selection.is_everything());
    // A cell of a size that another profile has was not selected; it has not vanished.
    let whole = Selection { profile: Profile::Full, ..Selection::default() }.resolve(context.roster)?;
    verdict.vanished.retain(|key| !whole.iter().any(|cell| key_of(cell) == *key));
    let confirmed = confirm(context, &old, &verdict, &arguments.selection)?;
    verdict.regressions.retain(|key| confirmed.contains_key(key));
    let growth = |key: &Key| {
        let (old, new) = (old.cells[key].instructions, measured[key].instructions.unwrap_or(0));
        new as f64 / old.max(1) as f64
    };
    verdict.regressions.sort_by(|left, right| growth(right).total_cmp(&growth(left)));

    let shown = explain(context, &old, &other, &verdict.regressions)?;
    report(&old, &measured, &verdict, &shown, arguments)?;
    let failed = [&verdict.regressions, &verdict.vanished, &verdict.unverified];
    if failed.iter().any(|keys| !keys.is_empty()) {
        return Ok(Exit::Regression);
    }
    if valgrind_version().is_none() {
        bail!(NotComparable(format!("only allocations were compared. {NO_VALGRIND}")));
    }
    Ok(Exit::Fine)
}

enum Other {
    Baseline,
    Revision(Built),
}

/// Refuses a baseline of another fingerprint, naming every field that differs.
pub fn comparable(context: &Context<'_>, theirs: &Fingerprint) -> Result<()> {
    let ours = fingerprint::take(&context.root, callgrind_isa(&context.options.binaries)?);
    let differences = theirs.incomparable_with(&ours);
    if differences.is_empty() {
        return Ok(());
    }
    let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    bail!(NotComparable(format!(
        "the baseline was measured elsewhere ({}); `lab check --against HEAD^` compares with the previous commit here",
        differences.join("; ")
    )))
}

pub fn key_of(cell: &Cell<'_>) -> Key {
    let CellId { bottleneck, scenario, size, contender } = cell.id();
    Key { bottleneck, scenario, size: size as u64, contender }
}

/// The exact meters' results of the cells that have all of them.
pub fn measure(
    context: &Context<'_>,
    cells: &[Cell<'_>],
    selection: &Selection,
) -> Result<BTreeMap<Key, Exact>> {
    let mut run = Run::new(context.roster, context.options.clone());
    run.measure(cells, &[Meter::Allocations, Meter::Instructions], selection.profile)?;
    let without_valgrind = valgrind_version().is_none();
    let complete =
        |exact: &Exact| exact.allocations.is_some() && (exact.instructions.is_some() || without_valgrind);
    let measured = cells.iter().map(|cell| (key_of(cell), run.exact(&cell.id())));
    Ok(measured.filter(|(_, exact)| complete(exact)).collect())
}

/// Measures the regressed cells once more; those that regressed again.
fn confirm(
    context: &Context<'_>,
    old: &Baseline,
    verdict: &Verdict,
    selection: &Selection,
) -> Result<BTreeMap<Key, Exact>> {
    if verdict.regressions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut again = measure(context, &cells_of(context, &verdict.regressions)?, selection)?;
    again.retain(|key, exact| gate::classify(&old.cells[key], exact) == Change::Regression);
    for key in verdict.regressions.iter().filter(|key| !again.contains_key(*key)) {
        print(&format!("note: {key} grew, and did not when it was measured again: not a regression"))?;
    }
    Ok(again)
}

fn cells_of<'a>(context: &Context<'a>, keys: &[Key]) -> Result<Vec<Cell<'a>>> {
    keys.iter().map(|key| find(context.roster, &id_of(key))).collect()
}

pub fn id_of(key: &Key) -> CellId {
    let Key { bottleneck, scenario, size, contender } = key.clone();
    CellId { bottleneck, scenario, size: size as usize, contender }
}

/// Cells whose functions are looked up, those that grew most: enough to see the cause, few enough to take
/// seconds.
const EXPLAINED: usize = 100;

/// A regressed cell's functions that changed: name, old, new.
type Explanations = BTreeMap<Key, Vec<(String, u64, u64)>>;

fn explain(
    context: &Context<'_>,
    old: &Baseline,
    other: &Other,
    regressions: &[Key],
) -> Result<Explanations> {
    if regressions.is_empty() || valgrind_version().is_none() {
        return Ok(Explanations::new());
    }
    let keys = &regressions[..regressions.len().min(EXPLAINED)];
    let mut run = Run::new(context.roster, context.options.clone());
    let functions = run.functions(&cells_of(context, keys)?)?;
    let mut explanations = Explanations::new();
    for key in keys {
        let Some((_, new)) = functions.get(&id_of(key)) else { continue };
        let mut entry = old.cells[key].clone();
        if let Other::Revision(built) = other {
            entry.functions = built.functions(key)?;
        }
        explanations.insert(key.clone(), gate::changed_functions(&entry, &new.functions));
    }
    Ok(explanations)
}

fn report(
    old: &Baseline,
    measured: &BTreeMap<Key, Exact>,
    verdict: &Verdict,
    explanations: &Explanations,
    arguments: &Arguments,
) -> Result<()> {
    for key in &verdict.regressions {
        print(&format!("\nregression: {}", change(key, &old.cells[key], &measured[key])))?;
        for (name, old, new) in explanations.get(key).into_iter().flatten().take(4) {
            let (sign, by) = if new > old { ('+', new - old) } else { ('-', old - new) };
            print(&format!("    {sign}{} in {name} ({} -> {})", count(by), count(*old), count(*new)))?;
        }
        print(&format!("    reproduce: lab explain {key}"))?;
    }
    if !verdict.improvements.is_empty() {
        print("\nimproved:")?;
        for key in &verdict.improvements {
            print(&format!("    {}", change(key, &old.cells[key], &measured[key])))?;
        }
        if arguments.against.is_none() {
            let all = "lab bless".to_owned();
            let contenders = gate::by_contender(&verdict.improvements);
            let command = match contenders.first_key_value() {
                Some((only, _)) if contenders.len() == 1 => {
                    let name = only.split('/').next_back().unwrap_or(only);
                    format!("lab bless --contender {name}")
                }
                _ => all,
            };
            print(&format!("    keep: {command}"))?;
        }
    }
    let lists = [
        ("new, not compared (`lab bless` adds them)", &verdict.new),
        ("vanished (`lab bless` drops them)", &verdict.vanished),
        ("not measured, because they failed", &verdict.unverified),
    ];
    for (what, keys) in lists.into_iter().filter(|(_, keys)| !keys.is_empty()) {
        print(&format!("\n{what}:"))?;
        for (contender, cells) in gate::by_contender(keys) {
            match keys.iter().filter(|key| format!("{}/{}", key.bottleneck, key.contender) == contender) {
                own if cells <= 3 => own.into_iter().try_for_each(|key| print(&format!("    {key}")))?,
                _ => print(&format!("    {contender}: {cells} cells"))?,
            }
        }
    }
    let compared = measured.keys().filter(|key| old.cells.contains_key(*key)).count();
    print(&format!(
        "\n{compared} cells compared: {} regressed, {} improved, {} new, {} vanished, {} failed",
        verdict.regressions.len(),
        verdict.improvements.len(),
        verdict.new.len(),
        verdict.vanished.len(),
        verdict.unverified.len()
    ))
}

fn change(key: &Key, old: &Entry, new: &Exact) -> String {
    let mut text = key.to_string();
    if let Some(new) = new.instructions.filter(|new| *new != old.instructions) {
        let percent = (new as f64 / old.instructions.max(1) as f64 - 1.0) * 100.0;
        text += &format!(" instructions {} -> {} ({percent:+.2} %)", count(old.instructions), count(new));
    }
    if let Some(new) = new.allocations.filter(|new| new.blocks != old.blocks) {
        text += &format!(" blocks {} -> {}", count(old.blocks), count(new.blocks));
    }
    text
}

/// Another revision of the project, built beside this one.
struct Built {
    revision: String,
    lab: PathBuf,
    /// Where it puts its record.
    run: PathBuf,
    arguments: Vec<String>,
    /// Two comparisons at once would build over each other.
    _lock: File,
}

impl Built {
    /// Checks the revision out under `target/lab/against/` and builds its lab.
    fn of(context: &Context<'_>, revision: &str, arguments: &Arguments) -> Result<Self> {
        let against = context.runs().join("against");
        let sources = against.join("sources");
        let target = against.join("target");
        let name = format!("{revision}^{{commit}}");
        let commit = git(&context.root, &["rev-parse", "--verify", "--quiet", &name]).map_err(|_| {
            usage(format!("no git revision `{revision}` here (a shallow clone has only the newest)"))
        })?;
        say(&format!("building {} ({revision})", &commit[..commit.len().min(12)]));
        std::fs::create_dir_all(&against).with_context(|| format!("cannot make {}", against.display()))?;
        let lock = lock(&against)?;
        check_out(&context.root, &sources, &commit)?;
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
        Ok(Built { revision: commit, lab, run, arguments: arguments.selection.arguments(), _lock: lock })
    }

    fn measure(&self, context: &Context<'_>) -> Result<Baseline> {
        say(&format!("measuring {}", &self.revision[..self.revision.len().min(12)]));
        // A killed comparison left one, perhaps.
        match std::fs::remove_dir_all(&self.run) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", self.run.display()));
            }
            _ => {}
        }
        let status = self
            .command(context)
            .args(["run", "--no-report", "--meter", "instructions,allocations", "--output"])
            .arg(&self.run)
            .args(&self.arguments)
            .stdout(Stdio::null())
            .status()
            .context("cannot start that revision's lab")?;
        // A contender that failed there has no cells to compare with; that is reported as new here.
        if !matches!(status.code(), Some(0 | 3)) {
            bail!("that revision's lab cannot measure this selection ({status})");
        }
        let record = reports::io::read_record(&self.run.join("record.json"))?;
        comparable(context, &record.fingerprint)?;
        Ok(as_baseline(&record))
    }

    fn functions(&self, key: &Key) -> Result<BTreeMap<String, u64>> {
        let output = Command::new(&self.lab)
            .args(["explain", "--json", &key.to_string()])
            .stderr(Stdio::null())
            .output()
            .context("cannot start that revision's lab")?;
        let explained: Vec<Explained> =
            serde_json::from_slice(&output.stdout).context("that revision's lab explains nothing")?;
        Ok(explained.into_iter().flat_map(|cell| cell.functions).collect())
    }

    fn command(&self, context: &Context<'_>) -> Command {
        let mut command = Command::new(&self.lab);
        command.arg("--jobs").arg(context.options.workers.to_string());
        command
    }
}

/// Keeps other comparisons out of `against` until it is dropped, or its process ends in any way.
fn lock(against: &Path) -> Result<File> {
    let path = against.join("lock");
    let lock = File::options().create(true).append(true).open(&path);
    let lock = lock.with_context(|| format!("cannot open {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!(usage(format!("another `lab check --against` works in {}: wait for it", against.display())))
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Checks `commit` out into the work tree `sources`, whatever an earlier comparison, killed at any moment, left
/// there and in git's list of work trees.
fn check_out(root: &Path, sources: &Path, commit: &str) -> Result<()> {
    let path = sources.to_string_lossy().into_owned();
    // Twice by force: git locks a work tree while it makes one, and a killed git leaves it locked.
    let _ = git(root, &["worktree", "remove", "--force", "--force", &path]);
    let _ = std::fs::remove_dir_all(sources);
    let _ = git(root, &["worktree", "prune"]);
    git(root, &["worktree", "add", "--detach", "--force", "--force", &path, commit])?;
    Ok(())
}

/// A record in the baseline's form, without functions.
fn as_baseline(record: &Record) -> Baseline {
    let cells = record.cells.iter().filter_map(|cell| {
        let entry = Entry {
            instructions: cell.instructions?,
            blocks: cell.allocations?.blocks,
            bytes: cell.allocations?.bytes,
            ..Entry::default()
        };
        Some((Key::parse(&cell.name())?, entry))
    });
    Baseline { fingerprint: record.fingerprint.clone(), cells: cells.collect() }
}

fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    let output =
        Command::new("git").arg("-C").arg(root).args(arguments).output().context("cannot start git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with two commits that differ in the file `version`; `None`, and says so, without git.
    fn repository() -> Option<(tempfile::TempDir, [String; 2])> {
        let root = tempfile::tempdir().unwrap();
        if git(root.path(), &["init", "--quiet"]).is_err() {
            say("skipped: without git no revision is checked out");
            return None;
        }
        let commits = ["one", "two"].map(|version| {
            std::fs::write(root.path().join("version"), version).unwrap();
            git(root.path(), &["add", "--all"]).unwrap();
            let who = ["-c", "user.name=Lab", "-c", "user.email=lab@localhost", "-c", "commit.gpgsign=false"];
            git(root.path(), &[&who[..], &["commit", "--quiet", "--message", version]].concat()).unwrap();
            git(root.path(), &["rev-parse", "HEAD"]).unwrap()
        });
        Some((root, commits))
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
        // While it built or measured: a whole work tree, with something in it that git does not know.
        std::fs::write(sources.join("rest"), "").unwrap();
        std::fs::write(sources.join("version"), "changed").unwrap();
        checked_out(&two, "two", "a work tree");
        // While git made it: locked, the directory empty or not there at all, an index half written.
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
        // While it was removed: files that git no longer knows of.
        std::fs::remove_dir_all(&admin).unwrap();
        std::fs::write(sources.join("rest"), "").unwrap();
        checked_out(&two, "two", "files without a work tree");
    }

    #[test]
    fn two_comparisons_do_not_meet() {
        let against = tempfile::tempdir().unwrap();
        let first = lock(against.path()).unwrap();
        let error = lock(against.path()).unwrap_err();
        assert!(error.to_string().contains("another `lab check --against` works in"), "{error}");
        assert_eq!(crate::error::exit_of(&error), Exit::Usage);
        drop(first);
        lock(against.path()).unwrap();
    }
}
