//! `lab diff`: what it refuses, and how two builds are timed in turns.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab::error::{Exit, exit_of};
use lab::measure::budget::TwoBuildsBudget;
use lab::measure::meters::two_builds::{Start, TwoBuilds};
use lab::measure::run::time_worker;
use reports::CellName;

use reports::record::{InputInfo, Interval, Machine, Ratios, Record, Times};

use crate::common::{Lab, Outcome, small_record};

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
        (
            "diff",
            &["0 records", "`out-of-tree diff BEFORE AFTER`", "`out-of-tree diff --paired REVISION`"][..],
        ),
        ("diff one.json", &["1 records", "`out-of-tree diff BEFORE AFTER`"]),
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
    for threshold in [
        "nan", "NaN", "-nan", "inf", "-inf", "infinity", "-1", "-0.5", "1e400", "-1e400", "half", "", "5%",
        "0,5", "1e", "0x1", "--5",
    ] {
        let outcome = lab.run(&format!("diff one.json two.json --threshold={threshold}")).ends_with(2);
        assert!(outcome.err.contains("--threshold <PERCENT>"), "{threshold}: {}", outcome.all());
        let outcome = lab.run(&format!("diff --paired HEAD --threshold={threshold}")).ends_with(2);
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
    let (without, with) = (Lab::out_of_tree(), Lab::cheating());
    let cell: CellName = "persistent_vector/push_unshared/8/boasting".parse().unwrap();
    let failure = builds(build(&without), build(&with)).measure(&cell, BUDGET).unwrap().unwrap_err();
    assert_eq!(failure, "before: persistent_vector/boasting is not on this roster");
    let failure = builds(build(&with), build(&without)).measure(&cell, BUDGET).unwrap().unwrap_err();
    assert_eq!(failure, "after: persistent_vector/boasting is not on this roster");
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

/// A record of a few cells, with times that a machine of two cores took.
fn record() -> Record {
    let mut record: Record = serde_json::from_str(small_record()).unwrap();
    record.machines = vec![Machine { cores: 2, load_before: Some(0.5), ..Machine::default() }];
    for cell in &mut record.cells {
        let interval = Interval { median: 1000.0, low: 900.0, high: 1100.0 };
        let ratios = Some(Ratios { reference: "imbl".to_owned(), warm: interval, cold: interval });
        cell.measured.times =
            Some(Times { warm_ns: interval, cold_ns: interval, drop_ns: None, disturbed: 0.0, ratios });
    }
    record
}

type Edit = fn(&mut Record);

/// Compares a record with what an edit makes of it.
fn diff(options: &str, edits: [Edit; 2]) -> Outcome {
    let lab = Lab::out_of_tree();
    let paths = ["before.json", "after.json"].map(|name| lab.root().join(name));
    for (path, edit) in paths.iter().zip(edits) {
        let mut record = record();
        edit(&mut record);
        reports::io::write_record(path, &record).unwrap();
    }
    lab.run(&format!("diff {} {} {options}", paths[0].display(), paths[1].display()))
}

const SAME: Edit = |_| {};

fn on_input(record: &mut Record, sum: &str) {
    record.input =
        Some(InputInfo { name: "trace.gz".to_owned(), sha256: sum.repeat(32), ..InputInfo::default() });
}

#[test]
fn records_that_cannot_be_compared_are_refused_by_name() {
    let times = "--metric warm";
    let cases: [(&str, Edit, &[&str]); 19] = [
        ("", |record| record.fingerprint.rustc = "new".to_owned(), &["rustc: ", "against `new`"]),
        ("", |record| record.fingerprint.target = "new".to_owned(), &["target: "]),
        ("", |record| record.fingerprint.glibc = "new".to_owned(), &["glibc: "]),
        ("", |record| record.fingerprint.profile = "new".to_owned(), &["profile: "]),
        ("--metric blocks", |record| record.fingerprint.tunables = "new".to_owned(), &["tunables: "]),
        (
            "",
            |record| (record.fingerprint.rustc, record.fingerprint.glibc) = ("a".to_owned(), "b".to_owned()),
            &["rustc: ", "; glibc: "],
        ),
        (
            "",
            |record| on_input(record, "ab"),
            &["input: `generated input` against `trace.gz (SHA-256 abababab"],
        ),
        (times, |record| on_input(record, "ab"), &["input: "]),
        (times, |record| record.fingerprint.cpu = "another".to_owned(), &["cpu: ", "against `another`"]),
        (times, |record| record.machines[0].cores = 4, &["cores: `2` against `4`"]),
        ("--metric cold", |record| record.machines[0].kernel = "x".to_owned(), &["no cell"]),
        (
            "--metric cold-ratio",
            |record| record.machines[0].governor = "powersave".to_owned(),
            &["governor: "],
        ),
        (
            "--metric warm-ratio",
            |record| record.machines[0].virtualisation = "KVM".to_owned(),
            &["virtualisation"],
        ),
        (times, |record| record.machines.push(Machine { cores: 4, ..Machine::default() }), &["machines: "]),
        ("", |record| record.cells.clear(), &["the second one has no instructions"]),
        (
            "",
            |record| record.cells.iter_mut().for_each(|cell| cell.measured.instructions = None),
            &["the second one has no instructions"],
        ),
        (times, |record| record.cells.iter_mut().for_each(|cell| cell.measured.times = None), &["no warm"]),
        (
            "",
            |record| record.cells.iter_mut().for_each(|cell| cell.name.scenario.insert(0, 'x')),
            &["no cell in common"],
        ),
        (
            "",
            |record| record.cells.iter_mut().for_each(|cell| cell.ops += 1),
            &["every cell", "operations before"],
        ),
    ];
    for (options, edit, words) in cases {
        if words == ["no cell"] {
            // A kernel that one of the two does not know is no difference.
            diff(options, [SAME, edit]).ends_with(0);
            continue;
        }
        diff(options, [SAME, edit]).complains(4, words);
    }
    diff("", [|record| record.cells.clear(), SAME]).complains(4, &["the first one has no instructions"]);
    diff("", [|record| record.cells.clear(); 2]).complains(4, &["neither has instructions"]);
    let inputs: [Edit; 2] = [|record| on_input(record, "ab"), |record| on_input(record, "cd")];
    diff("", inputs).complains(4, &["SHA-256 abababababab…", "against `trace.gz (SHA-256 cdcdcdcdcdcd…"]);
    diff("", [|record| on_input(record, "ab"); 2]).ends_with(0);
    for schema in [0, 1, 3, 99] {
        let lab = Lab::out_of_tree();
        let path = lab.root().join("other.json");
        let text = small_record().replacen("\"schema\": 2", &format!("\"schema\": {schema}"), 1);
        std::fs::write(&path, text).unwrap();
        let path = path.display();
        lab.run(&format!("diff {path} {path}")).complains(2, &[&format!("schema {schema}")]);
    }
}

#[test]
fn what_decides_nothing_about_a_metric_does_not_keep_it_from_being_compared() {
    let cases: [(&str, Edit); 10] = [
        ("", |record| record.fingerprint.cpu = "another".to_owned()),
        ("", |record| record.machines[0].cores = 4),
        ("--metric blocks", |record| record.machines.clear()),
        ("", |record| record.fingerprint.revision = "abc".to_owned()),
        ("", |record| record.profile = "quick".to_owned()),
        ("--metric warm", |record| record.machines[0].load_before = Some(9.0)),
        ("--metric warm", |record| record.machines.clear()),
        ("--metric warm", |record| record.fingerprint.valgrind.clear()),
        ("--metric cold", |record| record.profile = "full".to_owned()),
        ("--metric warm-ratio", |record| record.fingerprint.revision = "abc".to_owned()),
    ];
    for (options, edit) in cases {
        let outcome = diff(options, [SAME, edit]).ends_with(0);
        assert!(outcome.out.contains("12 cells compared by"), "{}", outcome.all());
    }
    // Another compiler is what one may want to time, and is said.
    let outcome =
        diff("--metric warm", [SAME, |record| record.fingerprint.rustc = "new".to_owned()]).ends_with(0);
    assert!(outcome.err.contains("note: ") && outcome.err.contains("against `new`"), "{}", outcome.all());
}

#[test]
fn cells_that_did_other_work_are_set_apart_with_the_reason() {
    let cases: [(&str, Edit, &str); 6] = [
        ("", |record| record.cells[0].ops *= 2, "operations before and"),
        ("--metric blocks", |record| record.cells[0].ops += 1, "operations before and"),
        ("--metric warm", |record| record.cells[0].ops += 1, "operations before and"),
        ("", |record| record.cells[0].digest = "0".repeat(16), "its input or its results are others"),
        (
            "--metric cold",
            |record| record.cells[0].digest = "0".repeat(16),
            "its input or its results are others",
        ),
        (
            "--metric warm-ratio",
            |record| {
                let ratios = record.cells[0].measured.times.as_mut().unwrap().ratios.as_mut().unwrap();
                ratios.reference = "rpds".to_owned();
            },
            "its ratio is to imbl before and to rpds after",
        ),
    ];
    let name = record().cells[0].name.to_string();
    for (options, edit, why) in cases {
        let outcome = diff(options, [SAME, edit]).ends_with(0);
        assert!(outcome.out.contains("1 cells are in both and are not compared:"), "{}", outcome.all());
        assert!(
            outcome.out.contains(&format!("    {name}: ")) && outcome.out.contains(why),
            "{}",
            outcome.all()
        );
        assert!(outcome.out.contains("11 cells compared by"), "{}", outcome.all());
        let json = diff(&format!("{options} --json"), [SAME, edit]).ends_with(0).json();
        assert_eq!(json["compared"], 11);
        assert_eq!(json["set_apart"][0]["cell"], name.as_str());
        assert!(json["set_apart"][0]["why"].as_str().unwrap().contains(why), "{json}");
    }
    // More than a few are counted.
    let outcome =
        diff("", [SAME, |record| record.cells[..8].iter_mut().for_each(|cell| cell.ops += 1)]).ends_with(0);
    assert!(
        outcome.out.contains("8 cells are in both") && outcome.out.contains("and 3 more"),
        "{}",
        outcome.all()
    );
}

#[test]
fn from_nothing_to_something_is_new() {
    let edits: [Edit; 2] = [
        |record| {
            let allocations = record.cells[0].measured.allocations.as_mut().unwrap();
            (allocations.blocks, allocations.live_bytes) = (0, 0);
            record.cells[1].measured.allocations.as_mut().unwrap().blocks = 40;
        },
        |record| {
            let allocations = record.cells[0].measured.allocations.as_mut().unwrap();
            (allocations.blocks, allocations.live_bytes) = (7, 0);
            record.cells[1].measured.allocations.as_mut().unwrap().blocks = 0;
        },
    ];
    let outcome = diff("--metric blocks", edits).ends_with(0);
    let line = |cell: usize| {
        let name = record().cells[cell].name.to_string();
        outcome
            .out
            .lines()
            .find(|line| line.contains(&name))
            .unwrap_or_else(|| panic!("{}", outcome.all()))
            .to_owned()
    };
    assert!(line(0).trim_end().ends_with("new"), "{}", line(0));
    assert!(line(1).contains("-100.00 %"), "{}", line(1));
    let json = diff("--metric blocks --json", edits).ends_with(0);
    assert!(!json.out.contains("null") && !json.out.contains("inf"), "{}", json.out);
    let changes = json.json()["changes"].clone();
    assert_eq!((changes[0]["kind"].as_str(), changes[0].get("percent")), (Some("new"), None));
    assert_eq!(changes[1]["percent"], -100.0);
    // From nothing to nothing is no change.
    let outcome = diff("--metric live-bytes", edits).ends_with(0);
    assert!(outcome.out.contains("0 changed"), "{}", outcome.all());
}
