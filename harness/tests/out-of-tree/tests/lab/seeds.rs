//! Inputs of other seeds than the lab's own.

use std::collections::BTreeMap;
use std::fs;

use reports::record::Record;
use scenarios::input::SEED;

use crate::common::{Lab, QUICK};

/// The digests of a scenario's cells.
fn digests(record: &Record, scenario: &str) -> BTreeMap<String, String> {
    let cells = record.cells.iter().filter(|cell| cell.name.scenario == scenario);
    cells.map(|cell| (cell.name.to_string(), cell.digest.clone())).collect()
}

#[test]
fn a_run_on_another_seed_measures_other_inputs_and_says_so() {
    let lab = Lab::out_of_tree();
    let run = |seed: &str| {
        lab.run(&format!("run {QUICK} {seed}")).ends_with(0);
        lab.latest()
    };
    let own = run("");
    assert_eq!(own.seed, None);
    let same = run(&format!("--seed {SEED}"));
    assert_eq!((same.seed, &same.command), (None, &own.command), "that is the usual run");
    assert_eq!(digests(&same, "get_random"), digests(&own, "get_random"));
    let mut found = vec![digests(&own, "get_random")];
    for seed in [0, 1, u64::MAX] {
        let record = run(&format!("--seed {seed}"));
        assert_eq!(record.seed, Some(seed));
        assert!(record.command.contains(&format!(" --seed {seed}")), "{}", record.command);
        assert_eq!(record.cells.len(), own.cells.len());
        let digests = digests(&record, "get_random");
        assert!(found.iter().all(|known| known.iter().all(|(cell, digest)| digests[cell] != *digest)));
        found.push(digests);
    }
    // The report of such a record says so, too.
    lab.run(&format!("run {} --seed 7", QUICK.replace("--no-report", ""))).ends_with(0);
    let report = lab.runs().join("latest/report/environment.html");
    assert!(fs::read_to_string(report).unwrap().contains("Seed of the inputs"));
}

#[test]
fn what_compares_with_a_baseline_takes_no_seed() {
    let lab = Lab::out_of_tree();
    for arguments in [
        "check --seed 7",
        "bless --seed 7",
        "self-test --seed 7",
        "run --seed x",
        "run --seed=-1",
        "run --seed 7 --resume",
        "run --seed 7 --input file",
    ] {
        let outcome = lab.run(arguments).ends_with(2);
        assert!(outcome.err.contains("--seed"), "{}", outcome.all());
        assert!(!lab.runs().exists(), "{arguments}: nothing is written");
    }
}
