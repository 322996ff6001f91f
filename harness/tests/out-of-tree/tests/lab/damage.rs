//! Records and baselines that are truncated, edited, of another schema or from elsewhere: one line names
//! the file, and nothing is overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use reports::Metric;
use reports::baseline::{Baseline, Entry};
use reports::record::Record;
use tempfile::TempDir;

use crate::common::{Lab, contents, has_valgrind, small_record};

/// `text` with its first `old` replaced; it must be there.
#[track_caller]
fn edited(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old} is not in {text}");
    text.replacen(old, new, 1)
}

/// A directory with a whole record and a damaged one.
struct Records {
    directory: TempDir,
}

impl Records {
    fn new(damaged: &[u8]) -> Self {
        let records = Records { directory: TempDir::new().unwrap() };
        fs::write(records.whole(), small_record()).unwrap();
        fs::write(records.damaged(), damaged).unwrap();
        records
    }

    fn whole(&self) -> PathBuf {
        self.directory.path().join("whole.json")
    }

    fn damaged(&self) -> PathBuf {
        self.directory.path().join("damaged.json")
    }

    /// Asserts that every command that reads records complains with `words`, and changes nothing.
    #[track_caller]
    fn are_refused(&self, code: i32, words: &[&str]) {
        let (whole, damaged) = (self.whole(), self.damaged());
        let (whole, damaged) = (whole.display(), damaged.display());
        let output = self.directory.path().join("merged");
        let output = output.display();
        let before = contents(self.directory.path());
        let lab = Lab::out_of_tree();
        for command in [
            format!("report {damaged}"),
            format!("report --markdown {damaged}"),
            format!("diff {damaged} {whole}"),
            format!("diff {whole} {damaged}"),
            format!("merge {whole} {damaged} --output {output}"),
            format!("merge {damaged} --output {output}"),
        ] {
            lab.run(&command).complains(code, &[words, &["damaged.json"]].concat());
            assert!(contents(self.directory.path()) == before, "`{command}` changed a file");
        }
    }
}

#[test]
fn a_damaged_record_is_named_and_left_alone() {
    let whole = small_record();
    let half = &whole[..whole.len() / 2];
    let no_schema = edited(whole, "\"schema\": 2,", "");
    let unsorted = edited(whole, "\"size\": 8,", "\"size\": 80000,");
    let no_ops = edited(whole, "\"ops\": ", "\"ops\": 0, \"was\": ");
    // Times with a good interval everywhere but in one place.
    let timed = |bad: &str, values: &str| {
        let interval = |name: &str| {
            let values = if name == bad { values } else { "\"low\": 1, \"median\": 2, \"high\": 3" };
            format!("\"{name}\": {{{values}}}")
        };
        let [warm_ns, cold_ns, warm, cold] = ["warm_ns", "cold_ns", "warm", "cold"].map(interval);
        let ratios = format!("\"ratios\": {{\"reference\": \"a\", {warm}, {cold}}}");
        let disturbed = if bad == "disturbed" { values } else { "0" };
        let times =
            format!("\"times\": {{{warm_ns}, {cold_ns}, \"disturbed\": {disturbed}, {ratios}}}, \"ops\": ");
        edited(whole, "\"ops\": ", &times).into_bytes()
    };
    let cases: [(&[u8], &str); 16] = [
        (no_ops.as_bytes(), "`ops` is 0"),
        (&edited(whole, "\"digest\": \"", "\"digest\": \"-").into_bytes(), "hexadecimal"),
        (&timed("warm_ns", "\"low\": -1, \"median\": 2, \"high\": 3"), "`times.warm_ns` has -1"),
        (&timed("cold_ns", "\"low\": 4, \"median\": 4, \"high\": 3"), "bound 4 above the upper bound 3"),
        (&timed("warm", "\"low\": 1, \"median\": -2, \"high\": 3"), "`times.ratios.warm` has -2"),
        (&timed("cold", "\"low\": 1, \"median\": 2, \"high\": -3"), "`times.ratios.cold` has -3"),
        (&timed("disturbed", "1.5"), "`times.disturbed` is 1.5"),
        (b"", "EOF"),
        (half.as_bytes(), "EOF"),
        (b"\x7fELF\x00\xff\xfe", "not text"),
        (b"[]\n", "no `schema`"),
        (no_schema.as_bytes(), "no `schema`"),
        (&edited(whole, "\"ops\": ", "\"ops\": -").into_bytes(), "integer `-"),
        (&edited(whole, "\"blocks\": ", "\"blocks\": 1e999, \"x\": ").into_bytes(), "number out of range"),
        (&edited(whole, "\"role\": \"naive\"", "\"role\": \"naif\"").into_bytes(), "`naif`"),
        (unsorted.as_bytes(), "does not come after"),
    ];
    for (text, reason) in cases {
        Records::new(text).are_refused(2, &["is damaged", reason]);
    }
}

#[test]
fn a_record_of_another_schema_is_named_and_left_alone() {
    let text = edited(small_record(), "\"schema\": 2,", "\"schema\": 99,");
    Records::new(text.as_bytes()).are_refused(2, &["schema 99", "schema 2"]);
    // What else is in it does not matter.
    Records::new(b"{\"schema\": 1}").are_refused(2, &["schema 1", "schema 2"]);
}

#[test]
fn a_record_that_is_not_there_is_bad_input() {
    let records = Records::new(b"");
    fs::remove_file(records.damaged()).unwrap();
    records.are_refused(2, &["cannot read"]);
    fs::create_dir(records.damaged()).unwrap();
    records.are_refused(2, &["cannot read"]);
}

/// A file without an end is refused, and not read until the memory is full.
#[test]
fn an_endless_file_is_refused() {
    let lab = Lab::out_of_tree();
    let record = TempDir::new().unwrap();
    let whole = record.path().join("whole.json");
    fs::write(&whole, small_record()).unwrap();
    let whole = whole.display();
    for command in
        ["report /dev/zero".to_owned(), format!("diff {whole} /dev/zero"), format!("diff /dev/zero {whole}")]
    {
        lab.run(&command).complains(2, &["/dev/zero is damaged", "more than 256 MiB"]);
    }
    let lab = with_baseline();
    let path = lab.baselines().join("fingerprint.json");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    lab.run(&format!("check {SELECTION}"))
        .complains(2, &["fingerprint.json is damaged", "more than 256 MiB"]);
}

#[test]
fn a_record_that_contradicts_itself_has_no_report() {
    let stranger = edited(small_record(), "\"contender\": \"arc_deque\"", "\"contender\": \"arc_dequeue\"");
    let records = Records::new(stranger.as_bytes());
    let before = contents(records.directory.path());
    let lab = Lab::out_of_tree();
    let outcome = lab.run(&format!("report {}", records.damaged().display()));
    outcome.complains(2, &["damaged.json", "arc_dequeue"]);
    assert!(contents(records.directory.path()) == before);
}

#[test]
fn a_report_does_not_replace_what_is_none() {
    let records = Records::new(b"years of work");
    let before = contents(records.directory.path());
    let lab = Lab::out_of_tree();
    let (record, output) = (records.whole(), records.directory.path());
    let outcome = lab.run(&format!("report {} --output {}", record.display(), output.display()));
    outcome.complains(2, &[output.to_str().unwrap(), "is not a report"]);
    assert!(contents(output) == before);
}

#[test]
fn records_from_elsewhere_are_not_compared() {
    let elsewhere = edited(small_record(), "\"glibc\": \"", "\"glibc\": \"another ");
    let records = Records::new(elsewhere.as_bytes());
    let before = contents(records.directory.path());
    let (whole, damaged) = (records.whole(), records.damaged());
    let (whole, damaged) = (whole.display(), damaged.display());
    let lab = Lab::out_of_tree();
    let outcome = lab.run(&format!("diff {whole} {damaged}"));
    outcome.complains(4, &["damaged.json", "whole.json", "glibc: `", "against `another "]);
    // Another C library does not keep times apart. Here are none.
    lab.run(&format!("diff {whole} {damaged} --metric warm")).complains(4, &["neither has warm"]);
    let output = records.directory.path().join("merged");
    let outcome = lab.run(&format!("merge {whole} {damaged} --output {}", output.display()));
    outcome.complains(2, &["damaged.json", "whole.json", "glibc: `", "against `another "]);
    assert!(contents(records.directory.path()) == before);
}

/// The cells that the baseline tests select.
const SELECTION: &str = "--contender arc_deque --scenario get_random --size 8";

/// A lab with a baseline of its own fingerprint that has one cell.
fn with_baseline() -> Lab {
    let lab = Lab::out_of_tree();
    let record: Record = serde_json::from_str(small_record()).unwrap();
    let key = "persistent_vector/get_random/8/arc_deque".parse().unwrap();
    let mut entry = Entry {
        counts: [(Metric::Instructions, 1_000_000), (Metric::Blocks, 10)].into(),
        ..Entry::default()
    };
    entry.set_functions([("get".to_owned(), 900_000)].into());
    let baseline =
        Baseline { fingerprint: record.fingerprint, cells: [(key, entry)].into(), ..Baseline::default() };
    reports::baseline::write(&lab.baselines(), &baseline).unwrap();
    lab
}

/// Asserts that the commands that read the baseline complain with `words`, and change nothing.
#[track_caller]
fn baseline_is_refused(lab: &Lab, code: i32, words: &[&str]) {
    let before = contents(lab.root());
    lab.run(&format!("check {SELECTION}")).complains(code, words);
    if has_valgrind() {
        lab.run(&format!("bless {SELECTION}")).complains(code, words);
    }
    assert!(contents(lab.root()) == before, "{words:?}: nothing is overwritten");
}

#[test]
fn a_damaged_baseline_is_named_and_left_alone() {
    let lab = with_baseline();
    let cells = "persistent_vector.tsv";
    let functions = "functions/persistent_vector/arc_deque.tsv";
    let cases: [(&str, &str, &str, &[&str]); 9] = [
        (cells, "1000000", "1e6", &["line 2", "`1e6` is not a number"]),
        (cells, "1000000", "-1", &["line 2", "`-1` is not a number"]),
        (cells, "\t10\t", " 10\t", &["line 2", "7 columns instead of 8"]),
        (cells, "get_random/8/", "get_random/", &["line 2", "is not a cell"]),
        (cells, "cell\t", "name\t", &["line 1", "header"]),
        (cells, "\t-\n", "\t-", &["line 2", "in the middle of a line"]),
        (functions, "900000", "9OOOOO", &["line 2", "`9OOOOO` is not a number"]),
        (functions, "/8/", "/9/", &["line 2", "is not in the baseline"]),
        ("fingerprint.json", "}", "", &["EOF"]),
    ];
    for (file, old, new, words) in cases {
        let path = lab.baselines().join(file);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, edited(&whole, old, new)).unwrap();
        baseline_is_refused(&lab, 2, &[words, &[file, "is damaged"]].concat());
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_baseline_that_is_not_there_is_bad_input() {
    let lab = Lab::out_of_tree();
    baseline_is_refused(&lab, 2, &["reports/baselines/fingerprint.json"]);
    assert!(!lab.root().join("reports").exists());
}

#[test]
fn a_baseline_from_elsewhere_is_not_compared() {
    let lab = with_baseline();
    let path: &Path = &lab.baselines().join("fingerprint.json");
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, edited(&text, "\"rustc\": \"", "\"rustc\": \"another ")).unwrap();
    let before = contents(lab.root());
    let elsewhere = "the baseline was measured elsewhere";
    let outcome = lab.run(&format!("check {SELECTION}"));
    outcome.complains(4, &[elsewhere, "rustc: `another ", "`out-of-tree check --against 'HEAD^'`"]);
    if has_valgrind() {
        lab.run(&format!("bless {SELECTION}")).complains(4, &[elsewhere, "bless all cells"]);
    }
    assert!(contents(lab.root()) == before, "nothing is overwritten");
}
