//! Contenders that look cheaper than they are: each is noticed by name, and the one beside them that is honest is not.

use reports::Metric;
use reports::record::Failure;

use crate::common::{Lab, Outcome, contenders, has_valgrind};

/// Asserts that `failures` exclude the contender, with all of `words` in one of the messages.
#[track_caller]
fn excluded(failures: &[Failure], contender: &str, words: &[&str]) {
    let of_contender = || failures.iter().filter(|failure| failure.subject == contender);
    assert!(
        of_contender().any(|failure| words.iter().all(|word| failure.message.contains(word))),
        "{words:?} is said of {contender}: {failures:?}"
    );
    assert!(of_contender().all(|failure| failure.phase == "verify"), "{failures:?}");
}

/// What `lab verify` says about the contenders of a selection.
#[track_caller]
fn verify(arguments: &str) -> Vec<Failure> {
    let outcome = Lab::cheating().run(&format!("verify --json {arguments}")).ends_with(3);
    serde_json::from_value(outcome.json()).unwrap()
}

#[test]
fn a_run_notices_those_that_say_something_else_than_the_scenario() {
    let lab = Lab::cheating();
    let arguments =
        "run persistent_vector --scenario slice,push_unshared --size 100 --meter allocations --no-report";
    let outcome = lab.run(arguments).ends_with(3);
    let record = lab.latest();
    let failures = &record.failures;
    let cell = |contender: &str| format!("/100/{contender}: ");
    excluded(failures, "persistent_vector/boasting", &[&cell("boasting"), "claims ", "the scenario has "]);
    excluded(
        failures,
        "persistent_vector/hollow",
        &[&cell("hollow"), "digest 0000000000000000, the oracle's is "],
    );
    if cfg!(target_os = "linux") {
        let cell = "persistent_vector/slice/100/threaded: ";
        excluded(failures, "persistent_vector/threaded", &[cell, "threads of its own"]);
    }
    for cheat in ["boasting", "hollow", "threaded"] {
        let said = outcome.err.lines().filter(|line| line.starts_with("failed: ") && line.contains(cheat));
        assert_eq!(said.count(), 1, "{cheat} is named once at the end\n{}", outcome.err);
    }
    assert!(contenders(&record).contains(&"array_copy"), "{failures:?}");
    assert!(failures.iter().all(|failure| !failure.subject.contains("array_copy")), "{failures:?}");
}

#[test]
fn a_region_that_does_nothing_is_noticed_where_instructions_are_measured() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::cheating();
    let select = "--contender in_arm,array_copy --scenario get_random,pop_all --size 100";
    lab.run(&format!("run {select} --meter instructions --no-report")).ends_with(3);
    let record = lab.latest();
    let failures = &record.failures;
    assert!(failures.len() == 1 && contenders(&record) == ["array_copy"], "{failures:?}");
    let words = ["/100/in_arm: ", "instructions for ", "its region does not do the work"];
    excluded(failures, "persistent_vector/in_arm", &words);
}

#[test]
fn deep_verification_notices_work_that_is_put_off_remembered_or_done_before() {
    if !has_valgrind() {
        return;
    }
    let select =
        "--contender deferring,remembering,in_arm,busy,array_copy --scenario push_unshared,slice --size 1000";
    let failures = verify(&format!("--deep {select}"));
    excluded(&failures, "persistent_vector/deferring", &["push_unshared/1000/deferring: ", "puts work off"]);
    excluded(&failures, "persistent_vector/remembering", &["slice/1000/remembering: ", "remembers"]);
    for early in ["in_arm", "busy"] {
        let words = [&format!("/1000/{early}: "), "before its region has run"];
        excluded(&failures, &format!("persistent_vector/{early}"), &words);
    }
    assert_eq!(failures.len(), 4, "the honest contender is not among them: {failures:?}");
}

/// Runs the lab of those that cheat on these contenders and scenarios, at a size whose phases are counted.
fn run_all(arguments: &str, code: i32) -> (Lab, Outcome) {
    let lab = Lab::cheating();
    let outcome = lab.run(&format!("run --size 1000 --meter instructions {arguments}")).ends_with(code);
    (lab, outcome)
}

/// The text of a page of the newest report.
fn page(lab: &Lab, name: &str) -> String {
    std::fs::read_to_string(lab.runs().join("latest/report").join(name)).unwrap()
}

#[test]
fn a_plain_run_excludes_those_that_put_off_remember_or_recognise() {
    if !has_valgrind() {
        return;
    }
    let cheats: [(&str, &str, &[&str]); 7] = [
        ("persistent_vector", "deferring", &["puts work off", "to read the results"]),
        ("persistent_vector", "copying_late", &["puts work off", "to read the results"]),
        ("persistent_vector", "clearing_late", &["puts work off", "set-up"]),
        ("persistent_vector", "remembering", &["remembers what it did"]),
        ("persistent_vector", "in_arm", &["its region does not do the work"]),
        ("persistent_vector", "busy", &["before its region has run"]),
        ("persistent_map", "recognising", &["recognises the lab's inputs", "another seed"]),
    ];
    let (lab, outcome) = run_all(
        "--contender deferring,copying_late,clearing_late,remembering,in_arm,busy,recognising,array_copy,imbl,arc_deque \
         --scenario push_unshared,set_shared,pop_all,slice,get_hit",
        3,
    );
    let record = lab.latest();
    let report = page(&lab, "index.html");
    for (bottleneck, cheat, words) in cheats {
        let contender = format!("{bottleneck}/{cheat}");
        let cell = format!("/1000/{cheat}: ");
        excluded(&record.failures, &contender, &[&[cell.as_str()][..], words].concat());
        let said = outcome.err.lines().filter(|line| line.starts_with("failed: ") && line.contains(cheat));
        assert_eq!(said.count(), 1, "{cheat} is named once at the end\n{}", outcome.err);
        assert!(report.contains(&contender), "{cheat} is named in the report");
    }
    assert_eq!(record.failures.len(), cheats.len(), "{:?}", record.failures);
    assert_eq!(contenders(&record), ["arc_deque", "array_copy", "imbl"], "the honest ones are left");
    assert!(!outcome.err.contains("badge: "), "{}", outcome.err);
}

#[test]
fn who_stands_out_by_what_comes_after_the_region_gets_a_badge() {
    if !has_valgrind() {
        return;
    }
    let (lab, outcome) = run_all(
        "--contender recomputing,dropping_late,array_copy,imbl,arc_deque --scenario push_unshared,pop_all,iterate",
        0,
    );
    let record = lab.latest();
    assert_eq!(record.failures, []);
    let badges: Vec<&str> = outcome.err.lines().filter(|line| line.starts_with("badge: ")).collect();
    let of = |contender: &str, badge: &str, scenario: &str| {
        let begin = format!("badge: persistent_vector/{contender}: {badge}: ");
        badges
            .iter()
            .any(|line| line.starts_with(&begin) && line.contains(&format!("{scenario} at size 1000")))
    };
    assert!(of("recomputing", "dear to read", "push_unshared"), "{badges:?}");
    assert!(of("dropping_late", "dear to drop", "pop_all"), "{badges:?}");
    assert_eq!(badges.len(), 2, "nobody else stands out: {badges:?}");
    let report = page(&lab, "persistent_vector.html");
    for badge in ["dear to read", "dear to drop"] {
        assert!(report.contains(badge) && page(&lab, "index.html").contains(badge), "{badge}");
    }
    for cell in &record.cells {
        let values = [Metric::Reading, Metric::Dropping].map(|metric| metric.value(cell));
        assert!(values.iter().all(Option::is_some), "{}: {values:?}", cell.name);
    }
}

#[test]
fn a_cell_that_is_wrong_on_other_inputs_is_noticed() {
    // What it does there is not counted, but right.
    let select = "--contender array_copy,recognising --scenario get_hit,get_random,slice --size 100";
    let outcome = Lab::cheating().run(&format!("verify {select}")).ends_with(0);
    assert!(outcome.err.contains("other inputs"), "{}", outcome.err);
    let failures = verify("--contender one_seed --scenario get_hit --size 100");
    excluded(
        &failures,
        "persistent_map/one_seed",
        &["get_hit/100/one_seed: ", "on the input of seed 1: digest "],
    );
}

#[test]
fn an_old_version_that_loses_an_entry_in_two_thousand_is_noticed() {
    let failures = verify("--contender forgetful --scenario get_hit --size 8");
    excluded(
        &failures,
        "persistent_map/forgetful",
        &["check `versions_held`", "version held after 6000 of "],
    );
    assert_eq!(failures.len(), 1, "nothing else finds it: {failures:?}");
}
