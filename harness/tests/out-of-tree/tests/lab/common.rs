//! A lab in a project directory of its own, and what came of its commands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use reports::Metric;
use reports::baseline::{self, Baseline};
use reports::record::{CellRecord, Record};
use tempfile::TempDir;

/// A few cells, measured without Valgrind, which takes its time to start: what most tests run.
pub const QUICK: &str = "--scenario get_random,slice --size 8,100 --meter allocations --no-report";

/// The same cells, measured with both exact meters.
pub const SMALL: &str =
    "--jobs 1 --scenario get_random,slice --size 8,100 --meter allocations,instructions --no-report";

/// A lab and its project directory, which goes with it.
pub struct Lab {
    program: &'static str,
    root: TempDir,
}

impl Lab {
    /// The lab in which all is well.
    pub fn out_of_tree() -> Self {
        Lab { program: env!("CARGO_BIN_EXE_out-of-tree"), root: TempDir::new().unwrap() }
    }

    /// The same lab, which knows the identities of its contenders.
    pub fn identified() -> Self {
        Lab { program: env!("CARGO_BIN_EXE_identified"), root: TempDir::new().unwrap() }
    }

    /// The lab whose contenders misbehave.
    pub fn misbehaving() -> Self {
        Lab { program: env!("CARGO_BIN_EXE_misbehaving"), root: TempDir::new().unwrap() }
    }

    /// A lab with a baseline of what these `cells` come to here and now, which is measured once; none without Valgrind.
    pub fn blessed(
        make: fn() -> Self,
        selection: &str,
        cells: usize,
        known: &OnceLock<Baseline>,
    ) -> Option<Self> {
        if !has_valgrind() {
            return None;
        }
        let known = known.get_or_init(|| {
            let lab = make();
            lab.bless(selection, cells);
            baseline::read(&lab.baselines()).unwrap()
        });
        let lab = make();
        baseline::write(&lab.baselines(), known).unwrap();
        Some(lab)
    }

    /// Measures what these `cells` come to, for a baseline that has no others.
    pub fn bless(&self, selection: &str, cells: usize) {
        // A selection is blessed into a baseline that is there.
        let record: Record = serde_json::from_str(small_record()).unwrap();
        let empty = Baseline { fingerprint: record.fingerprint, ..Baseline::default() };
        baseline::write(&self.baselines(), &empty).unwrap();
        let outcome = self.run(&format!("bless {selection}")).ends_with(0);
        assert!(outcome.out.contains(&format!("blessed {cells} cells")), "{}", outcome.all());
    }

    /// Rewrites the baseline.
    pub fn rewrite_baseline(&self, change: impl FnOnce(&mut Baseline)) {
        let mut known = baseline::read(&self.baselines()).unwrap();
        change(&mut known);
        baseline::write(&self.baselines(), &known).unwrap();
    }

    /// The lab whose contenders cheat.
    pub fn cheating() -> Self {
        Lab { program: env!("CARGO_BIN_EXE_cheating"), root: TempDir::new().unwrap() }
    }

    pub fn program(&self) -> &'static str {
        self.program
    }

    /// The project's directory.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Where runs are kept.
    pub fn runs(&self) -> PathBuf {
        self.root().join("target/lab")
    }

    /// Where the baseline is.
    pub fn baselines(&self) -> PathBuf {
        self.root().join("reports/baselines")
    }

    /// The record of the newest run.
    pub fn latest(&self) -> Record {
        read_record(&self.runs().join("latest/record.json"))
    }

    /// A command with `arguments`, apart by spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(self.program);
        command.arg("--root").arg(self.root()).args(arguments.split_whitespace()).stdin(Stdio::null());
        command
    }

    /// Runs a command on a machine without Valgrind, or anything else.
    pub fn run_without_valgrind(&self, arguments: &str) -> Outcome {
        let nothing = TempDir::new().unwrap();
        let mut command = self.command(arguments);
        command.env("PATH", nothing.path());
        Outcome::of(arguments, command)
    }

    /// Runs a command whose output nobody reads: `lab check | head` with the quickest `head` there is.
    pub fn run_unread(&self, arguments: &str) -> Outcome {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = self.command(arguments);
        command.stdout(writer).stderr(Stdio::piped());
        Outcome::of(&format!("{arguments} | head"), command)
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &str) -> Outcome {
        Outcome::of(arguments, self.command(arguments))
    }
}

/// What came of a command.
pub struct Outcome {
    command: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Outcome {
    /// Runs a command; `what` names it in messages.
    pub fn of(what: &str, mut command: Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let [out, err] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Outcome { command: what.to_owned(), code: status.code(), out, err }
    }

    /// Everything, for the message of an assertion.
    pub fn all(&self) -> String {
        format!("`{}` ended with {:?}\n{}\n{}", self.command, self.code, self.out, self.err)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.all());
        self
    }

    /// Asserts the exit code, and that exactly one line says what was wrong: with all of `words` in it.
    #[track_caller]
    pub fn complains(self, code: i32, words: &[&str]) -> Self {
        let outcome = self.ends_with(code);
        let complaints: Vec<&str> = outcome.err.lines().filter(|line| line.starts_with("lab: ")).collect();
        assert_eq!(complaints.len(), 1, "one line says what was wrong\n{}", outcome.all());
        let after: Vec<&str> =
            outcome.err.lines().skip_while(|line| !line.starts_with("lab: ")).skip(1).collect();
        assert!(after.is_empty(), "nothing comes after it: {after:?}");
        for word in words {
            assert!(complaints[0].contains(word), "`{word}` is not in `{}`", complaints[0]);
        }
        assert!(!outcome.err.contains("panicked at harness/src"), "{}", outcome.all());
        outcome
    }

    /// The standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}\n{}", self.all()))
    }
}

/// Reads a record as `lab report` does.
#[track_caller]
pub fn read_record(path: &Path) -> Record {
    reports::io::read_record(path).unwrap_or_else(|error| panic!("{error}"))
}

/// The contenders that have cells.
pub fn contenders(record: &Record) -> Vec<&str> {
    let mut names: Vec<&str> = record.cells.iter().map(|cell| cell.name.contender.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What the exact meters found, by cell.
pub fn exact(record: &Record) -> BTreeMap<String, String> {
    let cells = record.cells.iter();
    cells
        .map(|cell| {
            let CellRecord { digest, measured, .. } = cell;
            let counts = Metric::ALL.iter().map(|metric| metric.count(measured));
            (cell.name.to_string(), format!("{digest} {:?}", counts.collect::<Vec<_>>()))
        })
        .collect()
}

/// The text of the record of a [`SMALL`] run, which is made once.
pub fn small_record() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let lab = Lab::out_of_tree();
        lab.run(&format!("run {SMALL}")).ends_with(0);
        fs::read_to_string(lab.runs().join("latest/record.json")).unwrap()
    })
}

/// The bytes of every file under a directory.
pub fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            files.extend(contents(&path));
        } else if path.is_symlink() {
            let target = fs::read_link(&path).unwrap();
            files.insert(path, target.into_os_string().into_encoded_bytes());
        } else {
            let bytes = fs::read(&path).unwrap();
            files.insert(path, bytes);
        }
    }
    files
}

/// The directories of runs, without `latest`.
pub fn run_directories(runs: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(runs) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut directories: Vec<PathBuf> = paths.filter(|path| path.is_dir() && !path.is_symlink()).collect();
    directories.sort();
    directories
}

/// Waits until `found` finds something.
#[track_caller]
pub fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Says, once, that the present test skips something, and why; libtest would swallow a `println!`.
pub fn skipped(why: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let thread = std::thread::current();
    let line = format!("skipped: {}: {why}\n", thread.name().unwrap_or("a test"));
    if SAID.lock().unwrap().insert(line.clone()) {
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

/// Whether there is a Valgrind; says so if not.
pub fn has_valgrind() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found =
        || Command::new("valgrind").arg("--version").output().is_ok_and(|found| found.status.success());
    let found = *FOUND.get_or_init(found);
    if !found {
        skipped("no Valgrind (Debian: apt-get install valgrind)");
    }
    found
}
