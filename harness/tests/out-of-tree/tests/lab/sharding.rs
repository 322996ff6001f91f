//! A run that several machines share, and its records joined.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common::{Lab, Outcome, QUICK, contents, read_record, small_record};

fn merge(lab: &Lab, output: &Path, records: &[&Path]) -> Outcome {
    let records: Vec<String> = records.iter().map(|path| path.display().to_string()).collect();
    lab.run(&format!("merge --output {} {}", output.display(), records.join(" ")))
}

#[test]
fn the_shards_of_a_run_are_the_run() {
    let lab = Lab::out_of_tree();
    let shards: Vec<PathBuf> = (1..=3)
        .map(|index| {
            let directory = lab.root().join(format!("shard-{index}"));
            let output = directory.display();
            lab.run(&format!("run {QUICK} --shard {index}/3 --output {output}")).ends_with(0);
            directory.join("record.json")
        })
        .collect();
    assert!(!lab.runs().exists(), "a run with an output of its own is not the latest one");

    let [one, two, three] = &shards[..] else { panic!("three shards") };
    let merged = lab.root().join("merged");
    merge(&lab, &merged, &[two, one, three]).ends_with(0);
    assert!(merged.join("report/index.html").exists());
    let merged = read_record(&merged.join("record.json"));
    lab.run(&format!("run {QUICK}")).ends_with(0);
    let whole = lab.latest();
    assert_eq!(merged.cells, whole.cells);
    assert_eq!(merged.contenders, whole.contenders);
    assert_eq!(merged.bottlenecks, whole.bottlenecks);
    assert_eq!(merged.command, whole.command, "the command measures all of it");

    // A machine of the matrix that ran twice is not counted twice.
    let before = contents(lab.root());
    let doubled = merge(&lab, &lab.root().join("doubled"), &[one, two, three, two]);
    doubled.complains(2, &["two of the records hold persistent_vector/"]);
    assert!(contents(lab.root()) == before);
}

#[test]
fn records_of_different_runs_are_not_joined() {
    let home = TempDir::new().unwrap();
    let [first, other] = ["first.json", "other.json"].map(|name| home.path().join(name));
    fs::write(&first, small_record()).unwrap();
    let cases: [(&str, &str, &[&str]); 6] = [
        ("\"revision\": \"", "\"revision\": \"abc", &["revision: `` against `abc`"]),
        ("\"dirty\": false", "\"dirty\": true", &["revision: `` against ` with changes`"]),
        ("\"rustc\": \"", "\"rustc\": \"another ", &["rustc: `rustc", "against `another "]),
        ("\"profile\": \"default\"", "\"profile\": \"quick\"", &["profile: `default` against `quick`"]),
        ("\"fingerprint\": {", "\"seed\": 7, \"fingerprint\": {", &["seed: `the lab's own` against `7`"]),
        ("\"schema\": 2", "\"schema\": 3", &["schema 3"]),
    ];
    let lab = Lab::out_of_tree();
    for (old, new, words) in cases {
        assert!(small_record().contains(old), "{old}");
        fs::write(&other, small_record().replacen(old, new, 1)).unwrap();
        let before = contents(home.path());
        let outcome = merge(&lab, &home.path().join("merged"), &[&first, &other]);
        outcome.complains(2, &[words, &["other.json"]].concat());
        assert!(contents(home.path()) == before, "{words:?}: nothing is written");
    }
}
