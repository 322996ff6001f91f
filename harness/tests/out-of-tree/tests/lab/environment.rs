//! Disks that are full or closed to writing, and machines without Valgrind.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use reports::Metric;
use reports::baseline::{Baseline, Entry};
use reports::record::Record;
use tempfile::TempDir;

use crate::common::{
    Lab, Outcome, QUICK, SMALL, contents, exact, has_valgrind, read_record, run_directories, skipped,
    small_record,
};

/// A small file system of its own over a directory; gone with this.
struct Disk<'a> {
    directory: &'a Path,
}

impl<'a> Disk<'a> {
    /// Mounts it, where this process may; says so if not.
    fn mount(directory: &'a Path) -> Option<Self> {
        let mounted = Self::did("mount", &["-t", "tmpfs", "-o", "size=1m", "lab-test"], directory);
        if !mounted {
            skipped("this process may not mount a disk to fill it or to close it to writing");
        }
        mounted.then_some(Disk { directory })
    }

    fn did(command: &str, arguments: &[&str], directory: &Path) -> bool {
        let output = Command::new(command).args(arguments).arg(directory).output();
        output.is_ok_and(|output| output.status.success())
    }

    /// Fills it up but for `left` bytes, in whole pages; what fills it can be removed.
    fn fill(&self, left: u64) -> PathBuf {
        let path = self.directory.join("filler");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len((length - left) / 4096 * 4096).unwrap();
        path
    }

    fn make_read_only(&self) {
        assert!(Self::did("mount", &["-o", "remount,ro"], self.directory));
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        Self::did("umount", &["--lazy"], self.directory);
    }
}

/// What is under the runs' directory, but for the run that `except` names.
fn others(lab: &Lab, except: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    contents(&lab.runs()).into_iter().filter(|(path, _)| !path.starts_with(except)).collect()
}

/// The newest run's directory: of two within one second, the one that is not `first`.
fn newest(lab: &Lab, first: &Path) -> PathBuf {
    let mut directories = run_directories(&lab.runs());
    directories.retain(|path| path != first);
    directories.pop().unwrap()
}

#[test]
fn a_full_disk_loses_nothing() {
    let lab = Lab::out_of_tree();
    let Some(disk) = Disk::mount(lab.root()) else { return };
    lab.run(&format!("run {QUICK}")).ends_with(0);
    let first = contents(&lab.runs());
    let [first_run] = &run_directories(&lab.runs())[..] else { panic!("one run") };
    let record = exact(&lab.latest());
    let with_report = QUICK.replace("--no-report", "");
    let page = 4096;
    let in_pages = |name: &str| fs::metadata(first_run.join(name)).unwrap().len().next_multiple_of(page);
    let [journal, text] = ["journal.jsonl", "record.json"].map(in_pages);

    // In the journal, in the record, and in the report.
    for (left, full) in [
        (page, "journal.jsonl"),
        (journal + text - page, "record.json"),
        (journal + 2 * page + text + page, "report"),
    ] {
        let filler = disk.fill(left);
        let outcome = lab.run(&format!("run {with_report}"));
        let outcome = outcome.complains(1, &["cannot write", full, "No space left on device"]);
        let directory = newest(&lab, first_run);
        let rest = others(&lab, &directory);
        let latest = |path: &Path| path.ends_with("latest");
        for (path, bytes) in first.iter().filter(|(path, _)| full != "report" || !latest(path)) {
            assert!(
                rest.contains(&(path.clone(), bytes.clone())),
                "{} changed: {}",
                path.display(),
                outcome.all()
            );
        }
        fs::remove_file(filler).unwrap();
        if full == "report" {
            // Everything is measured and recorded: only the report has to be written.
            assert_eq!(exact(&lab.latest()), record);
            lab.run("report").ends_with(0);
        } else {
            assert!(!directory.join("record.json").exists(), "a record is whole or not there");
            lab.run("run --resume").ends_with(0);
            assert_eq!(exact(&read_record(&directory.join("record.json"))), record);
        }
        assert!(lab.runs().join("latest/report/index.html").exists());
        assert_eq!(
            fs::canonicalize(lab.runs().join("latest")).unwrap(),
            fs::canonicalize(&directory).unwrap()
        );
        // The next one begins as the first one did.
        fs::remove_dir_all(&directory).unwrap();
        let latest = lab.runs().join("latest");
        fs::remove_file(&latest).unwrap();
        let target = String::from_utf8(first[&latest].clone()).unwrap();
        std::os::unix::fs::symlink(target, &latest).unwrap();
        assert!(contents(&lab.runs()) == first, "nothing is left behind: {full}");
    }
}

#[test]
fn a_full_disk_leaves_the_baseline_as_it_was() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::out_of_tree();
    let Some(disk) = Disk::mount(lab.root()) else { return };
    let record: Record = serde_json::from_str(small_record()).unwrap();
    let known = Baseline { fingerprint: record.fingerprint, ..Baseline::default() };
    reports::baseline::write(&lab.baselines(), &known).unwrap();
    let before = contents(&lab.baselines());
    // Room for its first files, not for all.
    disk.fill(2 * 4096);
    let outcome = lab.run("bless --jobs 1 --scenario get_random --size 8");
    outcome.complains(1, &["cannot write", "reports/baselines", "No space left on device"]);
    assert!(contents(&lab.baselines()) == before, "all files of a baseline belong together");
}

#[test]
fn a_full_directory_for_temporary_files_fails_no_cell() {
    if !has_valgrind() {
        return;
    }
    let home = TempDir::new().unwrap();
    let Some(disk) = Disk::mount(home.path()) else { return };
    disk.fill(0);
    // Callgrind writes its profiles there: that none arrives is not the cells' fault.
    let lab = Lab::out_of_tree();
    let mut command = lab.command(&format!("run {SMALL}"));
    command.env("TMPDIR", home.path());
    Outcome::of("run", command).complains(1, &["profile"]);
    lab.run("run --resume").ends_with(0);
    assert_eq!(exact(&lab.latest()), exact(&serde_json::from_str(small_record()).unwrap()));
}

#[test]
fn times_need_no_directory_for_temporary_files() {
    let home = TempDir::new().unwrap();
    let Some(disk) = Disk::mount(home.path()) else { return };
    disk.fill(0);
    let lab = Lab::out_of_tree();
    let selection = "--scenario get_random --size 8,100 --profile quick --meter time --no-report";
    let mut command = lab.command(&format!("run {selection}"));
    command.env("TMPDIR", home.path());
    Outcome::of("run", command).ends_with(0);
    let record = lab.latest();
    assert!(record.cells.len() == 6 && record.cells.iter().all(|cell| cell.measured.times.is_some()));
}

#[test]
fn a_file_that_may_not_grow_loses_nothing() {
    let lab = Lab::out_of_tree();
    lab.run(&format!("run {QUICK}")).ends_with(0);
    let first = contents(&lab.runs());
    // As under a quota: `ulimit` in blocks of a kilobyte, and a write past it fails instead of killing.
    let mut command = Command::new("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "-", lab.program(), "--root"]);
    command.arg(lab.root()).arg("run").args(QUICK.split_whitespace());
    Outcome::of("run", command)
        .complains(1, &["cannot write", "journal.jsonl", "`out-of-tree run --resume`"]);
    let after = contents(&lab.runs());
    assert!(first.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "the first run is as it was");
    lab.run("run --resume --no-report").ends_with(0);
    let [one, other] = &run_directories(&lab.runs())[..] else { panic!("two runs") };
    let [one, other] = [one, other].map(|run| read_record(&run.join("record.json")));
    assert_eq!(exact(&one), exact(&other));
}

#[test]
fn where_nothing_can_be_written_the_run_says_so() {
    let run = format!("run {QUICK}");
    let lab = Lab::out_of_tree();
    fs::write(lab.root().join("target"), "a file").unwrap();
    lab.run(&run).complains(1, &["cannot make", "target/lab", "Not a directory"]);
    assert_eq!(fs::read_to_string(lab.root().join("target")).unwrap(), "a file");

    let lab = Lab::out_of_tree();
    let Some(disk) = Disk::mount(lab.root()) else { return };
    fs::write(lab.root().join("record.json"), small_record()).unwrap();
    disk.make_read_only();
    lab.run(&run).complains(1, &["cannot make", "target/lab", "Read-only file system"]);
    let record = lab.root().join("record.json");
    let record = record.display();
    lab.run(&format!("report {record}")).complains(1, &["report", "Read-only file system"]);
    let output = lab.root().join("merged");
    let outcome = lab.run(&format!("merge {record} --output {}", output.display()));
    outcome.complains(1, &["merged/record.json", "Read-only file system"]);
    // What only reads works.
    lab.run(&format!("report --markdown {record}")).ends_with(0);
    lab.run(&format!("diff {record} {record}")).ends_with(0);
    lab.run("list").ends_with(0);
}

#[test]
fn without_valgrind_every_other_meter_works() {
    let lab = Lab::out_of_tree();
    let run = "run --scenario get_random --size 8,100 --profile quick";
    let outcome = lab.run_without_valgrind(run).ends_with(0);
    let notes: Vec<&str> = outcome.err.lines().filter(|line| line.contains("Valgrind")).collect();
    assert_eq!(notes.len(), 1, "{}", outcome.all());
    assert!(notes[0].contains("`apt-get install valgrind`"), "the package is named: {notes:?}");
    assert!(outcome.out.contains("nanoseconds per operation"), "{}", outcome.all());
    let record = lab.latest();
    assert_eq!(record.cells.len(), 6);
    for cell in &record.cells {
        assert!(cell.measured.instructions.is_none(), "{cell:?}");
        assert!(cell.measured.allocations.is_some() && cell.measured.times.is_some(), "{cell:?}");
    }
    assert!(lab.runs().join("latest/report/index.html").exists());

    let cell = "persistent_vector/get_random/8/imbl";
    lab.run_without_valgrind(&format!("verify {cell}")).ends_with(0);
    lab.run_without_valgrind(&format!("explain {cell}")).complains(1, &["apt-get install valgrind"]);
    lab.run_without_valgrind(&format!("bless {cell}")).complains(1, &["apt-get install valgrind"]);
    let outcome = lab.run_without_valgrind(&format!("self-test {cell}")).ends_with(0);
    assert!(
        outcome.err.contains("note: only allocations are compared: Valgrind is not installed"),
        "{}",
        outcome.all()
    );
}

#[test]
fn without_valgrind_the_gate_compares_allocations_and_is_not_satisfied() {
    let lab = Lab::out_of_tree();
    let record: Record = serde_json::from_str(small_record()).unwrap();
    let entries = record.cells.iter().map(|cell| {
        let count = |metric: Metric| (metric, metric.count(&cell.measured).unwrap_or(1));
        let counts = [Metric::Instructions, Metric::Blocks].map(count).into();
        (cell.name.clone(), Entry { counts, ..Entry::default() })
    });
    let mut baseline =
        Baseline { fingerprint: record.fingerprint.clone(), cells: entries.collect(), ..Baseline::default() };
    reports::baseline::write(&lab.baselines(), &baseline).unwrap();
    let check = "check --scenario get_random,slice --size 8,100";
    let outcome = lab.run_without_valgrind(check).complains(4, &["allocations", "apt-get install valgrind"]);
    assert!(outcome.out.contains("12 cells compared: 0 regressed"), "{}", outcome.all());

    // What it can see counts.
    let cell = "persistent_vector/slice/8/imbl";
    let entry = baseline.cells.get_mut(&cell.parse().unwrap()).unwrap();
    let blocks = entry.count(Metric::Blocks).checked_sub(1).expect("a slice of imbl allocates");
    entry.counts.insert(Metric::Blocks, blocks);
    reports::baseline::write(&lab.baselines(), &baseline).unwrap();
    let outcome = lab.run_without_valgrind(check).ends_with(3);
    assert!(outcome.out.contains(&format!("regression: {cell} blocks ")), "{}", outcome.all());
}
