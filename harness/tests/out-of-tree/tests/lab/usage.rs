//! Bad usage: what was wrong and what to do, and nothing is made.

use std::process::Command;

use crate::common::{Lab, Outcome, contents};

#[test]
fn what_does_not_exist_is_named_with_the_nearest_that_does() {
    let lab = Lab::out_of_tree();
    let cases: [(&str, &[&str]); 13] = [
        (
            "run --bottleneck persistent_vektor",
            &["no bottleneck `persistent_vektor`", "`persistent_vector`?"],
        ),
        ("run --bottleneck queue", &["no bottleneck `queue`", "there are: persistent_vector"]),
        ("run --scenario get_randon", &["no scenario `get_randon`", "did you mean `get_random`?"]),
        ("list --contender imbll", &["no contender `imbll`", "did you mean `imbl`?"]),
        ("list --role optimised", &["no role `optimised`", "did you mean `optimized`?"]),
        ("run persistent_vector/[", &["`persistent_vector/[` is not a glob"]),
        (
            "run persistent_map/**",
            &[
                "no cell is selected by `persistent_map/**`: no bottleneck",
                "did you mean `persistent_vector`?",
            ],
        ),
        ("verify --role bound", &["no cell is selected", "without `--role bound` there are"]),
        ("run --size 0", &["size 0 is outside 1..=10000000"]),
        ("check --size 20000000", &["size 20000000 is outside"]),
        ("run --scenario slice --size 8 --shard 2/2", &["--shard 2/2", "fewer cell groups"]),
        (
            "choose persistent_vector --size 8 --mix gett=1",
            &["there is no operation `gett`", "the operations are"],
        ),
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
    let cases: [(&str, &str); 22] = [
        ("run --shard 4/3", "4/3"),
        ("run --shard 0/3", "0/3"),
        ("run --shard 3", "--shard"),
        ("run --timeout -1", "-1"),
        ("run --timeout=-1", "not a positive time"),
        ("run --timeout=0", "not a positive time"),
        ("run --timeout=nan", "not a positive time"),
        ("run --timeout=soon", "not a number of seconds"),
        ("run --jobs 0", "0"),
        ("choose persistent_vector --mix get=1", "--size"),
        ("choose persistent_vector --test 9 --size 8", "--size"),
        ("run --size many", "many"),
        ("run --meter wall", "called `time`"),
        ("run --meter allocations,paired", "called `time`"),
        ("run --meter walls", "[possible values: allocations, instructions, time, concurrency]"),
        ("diff a b --metric wall", "`warm` is the nearest"),
        ("diff a b --metric paired", "`warm-ratio` is the nearest"),
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

/// Conditions that leave no cell, and what is said of each.
const NOTHING: [(&str, &str); 14] = [
    ("persistent_vector/slicee", "no scenario `slicee`; did you mean `slice`?"),
    ("persistent_vector/slice/8/imbll", "no contender `imbll`"),
    ("persistent_vector/sl*/8/z*", "no contender matches `z*`"),
    ("**/slicee", "no part of any name `slicee`; did you mean `slice`?"),
    ("persistent_vector/slice persistent_vector/slicee", "by `persistent_vector/slicee`: no scenario"),
    ("persistent_vector/slice/8/imbl/x", "four parts"),
    ("persistent_vector/slice/8/imbl --size 100", "not among `--size 100`"),
    ("persistent_vector/slice/8 --size 100", "not among `--size 100`"),
    ("persistent_vector/slice/1000000* --profile default", "not among those of the profile `default`"),
    ("persistent_vector/slice/100000 --role bound", "without `--role bound` there are"),
    ("persistent_vector/slice --scenario concat", "without `--scenario concat` there are"),
    ("--scenario slice --role bound", "without `--role bound` there are"),
    ("--contender imbl --role naive", "without `--role naive` there are"),
    ("--contender nobody", "no contender `nobody`"),
];

#[test]
fn a_selection_of_nothing_is_no_success_in_any_command() {
    let lab = Lab::out_of_tree();
    let commands =
        ["list", "list --cells", "list --json", "verify", "run", "check", "bless", "self-test", "calibrate"];
    for (conditions, words) in NOTHING {
        for command in commands {
            lab.run(&format!("{command} {conditions}")).complains(2, &[words]);
        }
    }
    for command in
        ["diff --paired HEAD", "check --against HEAD", "check --dry-run", "verify --for 1", "run --shard 1/2"]
    {
        lab.run(&format!("{command} {}", NOTHING[0].0)).complains(2, &[NOTHING[0].1]);
    }
    assert!(contents(lab.root()).is_empty() && !lab.root().join("target").exists(), "nothing was made");
}

#[test]
fn what_holds_cells_selects_them_all() {
    let lab = Lab::out_of_tree();
    let cells = |arguments: &str| {
        let outcome = lab.run(&format!("list --cells {arguments}")).ends_with(0);
        outcome.out.lines().map(str::to_owned).collect::<Vec<String>>()
    };
    let slice = cells("--scenario slice");
    assert!(slice.len() > 5);
    for same in [
        "persistent_vector/slice",
        "persistent_vector/slice/",
        "persistent_vector/slice/**",
        "persistent_vector/slice/*/*",
        "persistent_vector/slic?",
        "persistent_*/slice",
        "*/slice",
        "**/slice",
        "**/slice/**",
        "persistent_vector/slice persistent_vector/slice/8",
    ] {
        assert_eq!(cells(same), slice, "{same}");
    }
    // A size of another profile, or of none, is selected where it is named.
    for size in [3, 8, 100, 1234, 1_000_000] {
        let named = cells(&format!("--scenario slice --size {size}"));
        assert!(named.len() >= 3 && named.iter().all(|cell| cell.contains(&format!("/slice/{size}/"))));
        assert_eq!(cells(&format!("persistent_vector/slice/{size}")), named);
        assert_eq!(cells(&named.join(" ")), named);
        assert_eq!(cells(&format!("{} --profile quick", named[0])), named[..1]);
    }
    // It is selected for what names it alone.
    let mixed = cells("persistent_vector/slice/1234/imbl persistent_vector/concat/8");
    assert_eq!(mixed.iter().filter(|cell| cell.contains("/1234/")).count(), 1);
    let mixed = cells("persistent_vector/slice/1234 persistent_vector/concat");
    assert!(mixed.iter().all(|cell| cell.contains("/slice/1234/") || cell.contains("/concat/")), "{mixed:?}");
    assert!(!mixed.iter().any(|cell| cell.contains("/concat/1234/")), "{mixed:?}");
    let both = cells("--scenario slice --size 100,1000");
    assert_eq!(both, cells("--scenario slice --size 100 --size 1000"));
    assert_eq!(both.len(), 2 * cells("--scenario slice --size 100").len());
}
