//! `lab diff`: what it refuses, and how two builds are timed in turns.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab::error::{Exit, exit_of};
use lab::measure::budget::TwoBuildsBudget;
use lab::measure::meters::two_builds::{Start, TwoBuilds};
use lab::measure::run::time_worker;
use reports::CellName;

use crate::common::Lab;

const BUDGET: TwoBuildsBudget = TwoBuildsBudget { rounds: 2, process: Duration::from_micros(100) };

fn builds<'a>(before: Start<'a>, after: Start<'a>) -> TwoBuilds<'a> {
    TwoBuilds { start: [before, after], timeout: Duration::from_secs(60) }
}

fn build(lab: &Lab) -> Start<'static> {
    let program = Path::new(lab.program());
    Box::new(move || time_worker(program, None))
}

#[test]
fn what_is_compared_is_said_in_full() {
    let lab = Lab::out_of_tree();
    for (arguments, words) in [
        ("diff", &["0 records", "`lab diff BEFORE AFTER`", "`lab diff --paired REVISION`"][..]),
        ("diff one.json", &["1 records", "`lab diff BEFORE AFTER`"]),
        ("diff one.json two.json three.json", &["3 records"]),
        ("diff one.json two.json --size 8", &["only --paired selects cells"]),
        ("diff one.json two.json --profile quick", &["only --paired selects cells"]),
        ("diff --paired HEAD --contender nobody", &["contender `nobody`"]),
    ] {
        lab.run(arguments).complains(2, words);
    }
}

#[test]
fn a_threshold_is_a_number_that_something_can_exceed() {
    let lab = Lab::out_of_tree();
    for threshold in ["nan", "inf", "-1", "-0.5", "half", ""] {
        let outcome = lab.run(&format!("diff one.json two.json --threshold={threshold}")).ends_with(2);
        assert!(outcome.err.contains("--threshold <PERCENT>"), "{threshold}: {}", outcome.all());
    }
}

#[test]
fn two_builds_are_timed_in_turns() {
    let lab = Lab::out_of_tree();
    let cell: CellName = "persistent_vector/push_unshared/8/imbl".parse().unwrap();
    let times = builds(build(&lab), build(&lab)).measure(&cell, BUDGET).unwrap().unwrap();
    let ratio = times.ratio;
    assert!(times.before > 0.0 && times.after > 0.0, "{times:?}");
    assert!(0.0 < ratio.low && ratio.low <= ratio.median && ratio.median <= ratio.high, "{times:?}");
}

#[test]
fn a_cell_that_one_build_lacks_is_named_with_that_build() {
    let (with, without) = (Lab::out_of_tree(), Lab::cheating());
    let cell: CellName = "persistent_vector/push_unshared/8/imbl".parse().unwrap();
    let failure = builds(build(&without), build(&with)).measure(&cell, BUDGET).unwrap().unwrap_err();
    assert_eq!(failure, "before: persistent_vector/imbl is not on this roster");
    let failure = builds(build(&with), build(&without)).measure(&cell, BUDGET).unwrap().unwrap_err();
    assert_eq!(failure, "after: persistent_vector/imbl is not on this roster");
}

#[test]
fn a_build_that_is_too_old_is_refused() {
    let lab = Lab::out_of_tree();
    let old: Start<'_> = Box::new(|| {
        let mut command = Command::new("sh");
        let answers =
            r#"while read -r job; do echo '{"Failed":"malformed job: unknown variant `Time`"}'; done"#;
        command.args(["-c", answers]);
        command
    });
    let cell: CellName = "persistent_vector/push_unshared/8/imbl".parse().unwrap();
    let error = builds(old, build(&lab)).measure(&cell, BUDGET).unwrap_err();
    assert_eq!(exit_of(&error), Exit::NotComparable);
    assert!(format!("{error:#}").contains("older than `lab diff --paired`"), "{error:#}");
}
