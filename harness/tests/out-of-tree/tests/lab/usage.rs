//! Bad usage: what was wrong and what to do, and nothing is made.

use std::process::Command;

use crate::common::{Lab, Outcome, contents};

#[test]
fn what_does_not_exist_is_named_with_the_nearest_that_does() {
    let lab = Lab::out_of_tree();
    let cases: [(&str, &[&str]); 12] = [
        (
            "run --bottleneck persistent_vektor",
            &["no bottleneck `persistent_vektor`", "`persistent_vector`?"],
        ),
        ("run --bottleneck queue", &["no bottleneck `queue`", "there are: persistent_vector"]),
        ("run --scenario get_randon", &["no scenario `get_randon`", "did you mean `get_random`?"]),
        ("list --contender imbll", &["no contender `imbll`", "did you mean `imbl`?"]),
        ("list --role optimised", &["no role `optimised`", "did you mean `optimized`?"]),
        ("run persistent_vector/[", &["`persistent_vector/[` is not a glob"]),
        ("run persistent_map/**", &["no cell is selected by `persistent_map/**`", "lab list"]),
        ("verify --role bound", &["no cell is selected"]),
        ("run --size 0", &["size 0 is outside 1..=10000000"]),
        ("check --size 20000000", &["size 20000000 is outside"]),
        ("run --scenario slice --size 8 --shard 2/2", &["--shard 2/2", "fewer cell groups"]),
        ("explain persistent_vector/slice/8/imbll", &["no contender `imbll`"]),
    ];
    for (arguments, words) in cases {
        lab.run(arguments).complains(2, words);
    }
    let mut command = Command::new(lab.program());
    command.args(["--root", "/nowhere/at/all", "list"]);
    Outcome::of("list", command).complains(2, &["--root /nowhere/at/all"]);
    assert!(contents(lab.root()).is_empty() && !lab.root().join("target").exists(), "nothing was made");
}

#[test]
fn what_cannot_be_parsed_is_named() {
    let lab = Lab::out_of_tree();
    let cases: [(&str, &str); 16] = [
        ("run --shard 4/3", "4/3"),
        ("run --shard 0/3", "0/3"),
        ("run --shard 3", "--shard"),
        ("run --timeout -1", "-1"),
        ("run --timeout=-1", "not a positive time"),
        ("run --timeout=0", "not a positive time"),
        ("run --timeout=nan", "not a positive time"),
        ("run --timeout=soon", "not a number of seconds"),
        ("run --jobs 0", "0"),
        ("run --size many", "many"),
        ("run --meter wall", "wall"),
        ("run --profile quik", "quick"),
        ("run --resume --meter time", "--meter"),
        ("explain persistent_vector/slice", "expected bottleneck/scenario/size/contender"),
        ("explain persistent_vector/slice/many/imbl", "`many` is not a number"),
        ("measure", "measure"),
    ];
    for (arguments, word) in cases {
        let outcome = lab.run(arguments).ends_with(2);
        assert!(outcome.err.starts_with("error: ") && outcome.err.contains(word), "{}", outcome.all());
        assert!(outcome.out.is_empty(), "{}", outcome.all());
    }
    assert!(contents(lab.root()).is_empty() && !lab.root().join("target").exists(), "nothing was made");
}

#[test]
fn a_size_named_twice_is_measured_once() {
    let lab = Lab::out_of_tree();
    let arguments = "--contender arc_deque --scenario slice --size 8,100,8";
    let outcome = lab.run(&format!("list --cells {arguments}")).ends_with(0);
    let names: Vec<&str> = outcome.out.lines().collect();
    assert_eq!(names, ["persistent_vector/slice/8/arc_deque", "persistent_vector/slice/100/arc_deque"]);
    lab.run(&format!("run {arguments} --meter allocations --no-report")).ends_with(0);
    assert_eq!(lab.latest().cells.len(), 2);
}

#[test]
fn globs_select_cells() {
    let lab = Lab::out_of_tree();
    let outcome = lab.run("list --cells **/slice/1*/*a* **/concat/8/imbl").ends_with(0);
    let names: Vec<&str> = outcome.out.lines().collect();
    let expected = [100, 1000, 10_000, 100_000].into_iter().flat_map(|size| {
        ["array_copy", "arc_deque"].map(|own| format!("persistent_vector/slice/{size}/{own}"))
    });
    let expected: Vec<String> = expected.chain(["persistent_vector/concat/8/imbl".to_owned()]).collect();
    assert_eq!(names, expected);
}
