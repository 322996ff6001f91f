//! Contenders that are wrong, panic, loop, abort or exhaust memory: they fail by name, the run goes on.

use std::sync::OnceLock;

use reports::record::{Failure, Record};

use crate::common::{Lab, contenders, has_valgrind};

/// All contenders side by side in one scenario, at a size at which nobody misbehaves and at one at which
/// most do.
fn run() -> &'static (String, Record) {
    static RUN: OnceLock<(String, Record)> = OnceLock::new();
    RUN.get_or_init(|| {
        let lab = Lab::misbehaving();
        let outcome = lab
            .run("--timeout 20 run --profile quick --scenario slice,get_random --size 8,60000 --no-report")
            .ends_with(3);
        (outcome.err, lab.latest())
    })
}

/// The failures of one contender.
fn failures(contender: &str) -> Vec<&'static Failure> {
    let (_, record) = run();
    let of_contender = |failure: &&Failure| failure.subject.split('/').next_back() == Some(contender);
    record.failures.iter().filter(of_contender).collect()
}

/// Asserts that the one cell in which `contender` misbehaves failed, and nothing else of it; the message.
#[track_caller]
fn only_its_large_slice_failed(contender: &str) -> &'static str {
    let (err, record) = run();
    let cell = format!("persistent_vector/slice/60000/{contender}");
    let [failure] = failures(contender)[..] else { panic!("one failure: {:?}", failures(contender)) };
    assert_eq!(failure.subject, cell);
    assert!(!failure.message.contains('\n'), "{failure:?}");
    let said = err.lines().filter(|line| line.starts_with("failed: ") && line.contains(&cell));
    assert_eq!(said.count(), 1, "{cell} is named at the end\n{err}");
    let measured: Vec<(&str, u64)> = record
        .cells
        .iter()
        .filter(|known| known.name.contender == contender)
        .map(|known| (known.name.scenario.as_str(), known.name.size))
        .collect();
    assert_eq!(measured, [("get_random", 8), ("get_random", 60_000), ("slice", 8)], "{contender}");
    &failure.message
}

#[test]
fn the_run_goes_on_without_them() {
    let (_, record) = run();
    let has_valgrind = has_valgrind();
    let whole = record.cells.iter().filter(|cell| cell.name.contender == "array_copy");
    for cell in whole.clone() {
        assert!(cell.measured.allocations.is_some() && cell.measured.times.is_some(), "{cell:?}");
        assert_eq!(cell.measured.instructions.is_some(), has_valgrind, "{cell:?}");
    }
    assert_eq!(whole.count(), 4);
    assert_eq!(
        contenders(record),
        ["aborting", "array_copy", "excused", "hungry", "looping", "panicking", "printing"],
        "`wrong` and `lying` have no cells"
    );
}

#[test]
fn a_panic_is_told_with_its_message_and_place() {
    let message = only_its_large_slice_failed("panicking");
    assert!(message.contains("60000 elements are too many to slice – sorry"), "{message}");
    assert!(message.contains("misbehaving/panicking.rs:"), "{message}");
}

#[test]
fn an_endless_loop_is_stopped() {
    let message = only_its_large_slice_failed("looping");
    assert!(message.contains("longer than 20 s") && message.contains("--timeout"), "{message}");
}

#[test]
fn exhausted_memory_is_told_by_the_request_that_failed() {
    let message = only_its_large_slice_failed("hungry");
    assert!(message.contains("memory allocation of 268435456 bytes failed"), "{message}");
}

#[test]
fn an_abort_is_told_by_its_signal() {
    // Not by what another cell said before.
    assert_eq!(only_its_large_slice_failed("aborting"), "its process was killed by SIGABRT");
}

#[test]
fn what_a_contender_prints_does_not_disturb() {
    assert!(failures("printing").is_empty());
    let (err, record) = run();
    let cells: Vec<_> = record.cells.iter().filter(|cell| cell.name.contender == "printing").collect();
    assert_eq!(cells.len(), 4, "{cells:?}");
    for cell in cells {
        assert!(cell.measured.allocations.is_some() && cell.measured.times.is_some(), "{cell:?}");
    }
    assert!(!err.contains("slice of"), "{err}");
}

#[test]
fn a_contender_whose_cell_differs_from_the_oracle_is_excluded() {
    let [failure] = failures("lying")[..] else { panic!("one failure: {:?}", failures("lying")) };
    assert_eq!((&*failure.subject, &*failure.phase), ("persistent_vector/lying", "verify"));
    assert!(failure.message.contains("persistent_vector/get_random/60000/lying: digest "), "{failure:?}");
    assert!(failure.message.contains("the oracle's is "), "{failure:?}");
}

#[test]
fn a_contender_that_a_check_refutes_is_excluded_with_a_short_trace() {
    let failures = failures("wrong");
    assert!(failures.iter().all(|failure| failure.subject == "persistent_vector/wrong"), "{failures:?}");
    let by_check = |check: &str| {
        let found =
            failures.iter().find(|failure| failure.message.starts_with(&format!("check `{check}`, ")));
        found.unwrap_or_else(|| panic!("{check} is named: {failures:?}"))
    };
    // More than forty elements, and a pop: that is all it takes.
    for check in ["trace", "trace_long", "trace_drops"] {
        let Failure { message, trace, .. } = by_check(check);
        assert!((2..=3).contains(&trace.len()), "{check} is not shrunk: {} steps: {trace:#?}", trace.len());
        assert!(trace[0].starts_with("Push") && trace.last().unwrap().starts_with("Pop"), "{trace:#?}");
        assert!(trace.last().unwrap().ends_with("<- here"), "{trace:#?}");
        assert!(
            message.contains(&format!("at step {}: 1 pops returned [Some(", trace.len() - 1)),
            "{message}"
        );
    }
    // A check without a trace says it in words.
    assert!(by_check("boundaries").message.contains("pop of 1023 elements is wrong"));
    let (err, _) = run();
    assert!(err.contains("persistent_vector/wrong is excluded: check `trace`"), "{err}");
}

#[test]
fn a_known_failure_is_a_badge_and_not_an_exclusion() {
    assert!(failures("excused").is_empty(), "{:?}", failures("excused"));
    let (err, record) = run();
    assert_eq!(record.cells.iter().filter(|cell| cell.name.contender == "excused").count(), 4);
    let info = record.contenders.iter().find(|info| info.name == "excused").unwrap();
    let badges: Vec<&str> = info.caveats.iter().map(|caveat| caveat.badge.as_str()).collect();
    assert!(badges.contains(&"fails: trace") && badges.contains(&"fails: boundaries"), "{badges:?}");
    // Of those that it declares, one passes: the badge does it wrong.
    let stale: Vec<&str> = err.lines().filter(|line| line.contains("is known to fail")).collect();
    let [stale] = stale[..] else { panic!("{stale:?}") };
    assert!(stale.contains("persistent_vector/excused passes check `small_pairs`"), "{stale}");
}

#[test]
fn verify_names_them_with_their_traces() {
    let lab = Lab::misbehaving();
    let arguments = "verify --contender wrong,array_copy --size 8";
    let outcome = lab.run(arguments).ends_with(3);
    assert!(outcome.out.contains("persistent_vector/wrong (verify): check `trace`"), "{}", outcome.out);
    assert!(outcome.out.contains("\n    Push"), "{}", outcome.out);
    assert!(!outcome.out.contains("array_copy"), "{}", outcome.out);

    let outcome = lab.run(&format!("{arguments} --json")).ends_with(3);
    let failures: Vec<Failure> = serde_json::from_value(outcome.json()).unwrap();
    assert!(failures.len() > 3 && failures.iter().all(|failure| failure.subject.ends_with("/wrong")));

    // Only a measured cell refutes this one; `verify` runs cells, too.
    lab.run("verify --contender lying --scenario get_random --size 8").ends_with(0);
    let outcome = lab.run("verify --contender lying --scenario get_random --size 60000").ends_with(3);
    assert!(outcome.out.contains("persistent_vector/lying (verify): "), "{}", outcome.out);
}

#[test]
fn a_contender_that_differs_in_a_users_trace_is_excluded_with_the_line() {
    let lab = Lab::misbehaving();
    let mut trace = "# a long list\n".to_owned();
    trace.push_str(&"push_back 0 x\n".repeat(60_000));
    trace.push_str("get 0 0\nset 0 59999 y\nget 0 59999\nslice 0 1 59999 1\nlen 1\n");
    let file = lab.root().join("app.ops");
    std::fs::write(&file, trace).unwrap();
    let arguments = format!(
        "run persistent_vector --input {} --contender array_copy,lying,panicking --meter allocations --no-report",
        file.display()
    );
    let outcome = lab.run(&arguments).ends_with(3);
    let record = lab.latest();
    assert_eq!(contenders(&record), ["array_copy"]);
    let cell = &record.cells[0];
    assert_eq!((&*cell.name.scenario, cell.name.size, cell.ops), ("own_operations", 60_000, 60_005));
    let expected = [
        ("lying", "line 60003, `set 0 59999 y`: there is \"x\" at index 59999 then, expected \"y\""),
        (
            "panicking",
            "line 60005, `slice 0 1 59999 1`: the contender panicked: 60000 elements are too many to slice – sorry",
        ),
    ];
    for (name, message) in expected {
        let failure = record.failures.iter().find(|failure| failure.subject.ends_with(name)).unwrap();
        let message = format!("persistent_vector/own_operations/60000/{name}: {message}");
        assert_eq!((&*failure.phase, &*failure.message), ("verify", &*message));
        assert!(outcome.err.contains(&format!("persistent_vector/{name} is excluded: {message}")));
        let (last, before) = failure.trace.split_last().unwrap();
        assert!(last.ends_with("   <- here") && before.len() == 9, "{:#?}", failure.trace);
    }
    assert_eq!(record.failures.len(), 2);
}

#[test]
fn fuzzing_ends_with_the_time_or_with_a_failure() {
    let lab = Lab::misbehaving();
    let select = "--scenario get_random --size 8 --contender";
    let outcome = lab.run(&format!("verify --for 1 {select} array_copy")).ends_with(0);
    assert!(outcome.out.contains("1 contenders agree with the oracles"), "{}", outcome.out);
    assert!(outcome.err.contains("further traces are drawn from --seed "), "{}", outcome.err);
    // Far less than an hour: the failure ends it.
    let outcome = lab.run(&format!("verify --for 3600 --seed 7 {select} wrong")).ends_with(3);
    assert!(outcome.out.contains("found with --seed 7"), "{}", outcome.out);
}
