//! Contenders that look cheaper than they are: each is noticed by name, and the one beside them that is honest is not.

use reports::record::Failure;

use crate::common::{Lab, contenders, has_valgrind};

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
