//! Every contender on files of every kind: it comes to what the oracle says, or it says why it takes no part.

use std::collections::BTreeSet;

use lab::roster::roster;
use scenarios::{BOTTLENECKS, Bottleneck, OwnInput, Unfit};

/// Files of a kind, in the form in which scenarios are given them: the smallest, ordinary ones and awkward ones.
fn files(bottleneck: &Bottleneck, kind: &OwnInput) -> Vec<String> {
    let lines = |line: &dyn Fn(usize) -> String, count: usize| -> String {
        (0..count).map(|at| line(at) + "\n").collect()
    };
    match (bottleneck.name, kind.name) {
        ("lru_cache" | "persistent_map" | "small_map", "trace" | "keys") => vec![
            "a\n".to_owned(),
            "a\na\na\n".to_owned(),
            "a\nb\nc\nb\na\n".to_owned(),
            " \n\t\né\n\u{feff}x\n\u{0}\n".replace('\u{0}', "\u{1}"),
            lines(&|at| format!("{}", at % 32), 200),
            lines(&|at| format!("{}", at * at % 701), 900),
            lines(&|at| format!("{:0300}", at % 33), 99),
            lines(&|at| "k".repeat(at + 1), 130),
            lines(&|at| format!("user:{}", at), 1000),
            lines(&|at| format!("{}", at * 2_654_435_761 % 4_294_967_296), 1000),
        ],
        ("flat_keys", "pointers") => vec![
            "/\n".to_owned(),
            "/a\n".to_owned(),
            "/a\n/a/b\n/a/b/c\n/a\n".to_owned(),
            "/~0\n/~1\n/~0~1/é\n//\n///\n".to_owned(),
            "/user\n/users/0\n/user/0\n/user/10\n/user/1\n".to_owned(),
            lines(&|at| format!("/users/{}/{}", at / 10, at % 10), 1000),
            lines(&|at| format!("/{at}"), 300),
            lines(&|at| "/x".repeat(at + 1), 60),
            lines(&|at| format!("/a/{}", at % 7), 50),
            lines(&|at| format!("/{:0200}/{}", at % 3, at), 90),
        ],
        ("pattern_index", "patterns and pointers") => vec![
            "$\n/a\n".to_owned(),
            "$.a\n/a\n".to_owned(),
            "$.a\n$.a\n$..a\n/a\n/b/a\n/a/b\n".to_owned(),
            "$.*\n$.*.*\n$..*\n/a\n/a/b\n/\n/a/b/c\n".to_owned(),
            "$['a b']\n$['é']\n$['~']\n/a b\n/é\n/~0\n".to_owned(),
            "$.a[0]\n$.a[1:3]\n$.a[0,2]\n$.a['x','y']\n/a/0\n/a/1\n/a/2\n/a/x\n/a/01\n".to_owned(),
            format!(
                "{}{}",
                lines(&|at| format!("$.u{at}.name"), 100),
                lines(&|at| format!("/u{}/name", at % 150), 300)
            ),
            format!(
                "{}{}",
                lines(&|at| format!("$.*.f{at}"), 40),
                lines(&|at| format!("/x{at}/f{}", at % 50), 200)
            ),
            format!("$..b\n{}", lines(&|at| "/a".repeat(at + 1) + "/b", 40)),
            format!("{}/d/0\n", "$.d.*\n".repeat(300)),
        ],
        ("flat_query", "document") => [
            "1",
            "[]",
            "{}",
            "null",
            r#"[1, [2, [3]], "x", true, null]"#,
            r#"{"users": [{"name": "x", "age": 1}, {"name": {"name": "y"}}], "name": []}"#,
            r#"{"": {"": 1}, "a/b": 2, "~": 3, "c d": [4]}"#,
            r#"{"0": 1, "1": {"0": 2}, "2": [[], {}]}"#,
            r#"{"it's": {"it's": "\"quoted\""}, "é\\": {"é\\": 1}}"#,
            r#"[{"k": 1.5e300, "m": -1, "n": 18446744073709551615}]"#,
        ]
        .map(str::to_owned)
        .to_vec(),
        ("persistent_map", "mix") => [
            "size=1 get=1",
            "size=1 insert=1 remove=1",
            "size=2 get=1 miss=1 insert=3 remove=3 versions=1",
            "key=string size=8 get=80 insert=15 remove=5 iterate=1",
            "key=string size=33 insert=1 versions=1000",
            "key=u64 size=100 insert=2 remove=1 versions=37.5",
            "size=640 iterate=1",
            "size=1000 get=0.5 insert=0.25 remove=0.25 versions=499",
            "key=string size=5000 get=1 insert=1 remove=1 versions=20",
            "  size=20\tget=1  versions=0 ",
        ]
        .map(str::to_owned)
        .to_vec(),
        ("persistent_vector", "mix") => [
            "size=1 get=1",
            "size=1 push=1 pop=1",
            "size=1 get=1 set=1 push=5 pop=5 iterate=1",
            "size=1 get=1 push=3 pop=3 versions=500",
            "size=3 get=1 set=1 push=9 pop=9",
            "size=2 get=1 set=3 push=3 pop=3 versions=1",
            "size=8 get=80 set=10 push=5 pop=5 iterate=1",
            "key=u64 size=33 push=1 pop=1 versions=1000",
            "size=100 set=1 versions=37.5",
            "size=640 iterate=1",
            "size=1000 get=0.5 push=0.25 pop=0.25 versions=499",
            "size=5000 get=1 set=1 versions=20",
            "  size=20\tget=1  versions=0 ",
        ]
        .map(str::to_owned)
        .to_vec(),
        // Other kinds have tests of their own.
        _ => Vec::new(),
    }
}

#[test]
fn every_contender_comes_to_what_the_oracle_says_or_says_why_not() {
    let (mut measured, mut unsupported) = (0, BTreeSet::new());
    let mut tested = BTreeSet::new();
    for contender in roster() {
        for kind in contender.bottleneck.own_inputs {
            let files = files(contender.bottleneck, kind);
            assert!(files.is_empty() || files.len() >= 10, "ten files of each kind");
            for text in files {
                tested.insert((contender.bottleneck.name, kind.name));
                let text: &'static str = text.leak();
                assert_eq!((kind.check)(text.as_bytes()), Ok(()), "{}: {text}", kind.name);
                let sizes = kind.size.map_or(vec![1, 3, 500], |size| vec![size(text.as_bytes())]);
                for scenario in
                    kind.scenarios.iter().filter(|scenario| contender.about.can(scenario.requires))
                {
                    for size in &sizes {
                        let what = format!("{contender:?} in {} at {size} on {text}", scenario.name);
                        let mut case = contender.case(scenario.name, *size, Some(text.as_bytes()));
                        match case.unfit() {
                            Some(Unfit::Unsupported(query)) => {
                                unsupported.insert((format!("{contender:?}"), query));
                                continue;
                            }
                            other => assert_eq!(other, None, "{what}"),
                        }
                        // Twice, as the time meter does.
                        for _ in 0..2 {
                            case.arm();
                            case.run();
                            assert_eq!(case.digest(), case.expected(), "{what}");
                        }
                        assert!(case.ops() > 0, "{what}");
                        measured += 1;
                    }
                }
            }
        }
    }
    assert!(measured > 1000, "{measured}");
    let bottlenecks: BTreeSet<_> = tested.iter().map(|(bottleneck, _)| *bottleneck).collect();
    let expected = [
        "flat_keys",
        "flat_query",
        "lru_cache",
        "pattern_index",
        "persistent_map",
        "persistent_vector",
        "small_map",
    ];
    assert_eq!(bottlenecks, expected.into(), "{tested:?}");
    // A store that answers simple queries only says so, and so do a map and a vector that keep no versions. Nobody
    // else does.
    let keeps_none = |what: &str| what == "a mix that keeps versions";
    assert!(
        unsupported.iter().all(|(contender, what)| match contender.as_str() {
            "flat_query/btree_range" => !keeps_none(what),
            "persistent_map/hash_map" | "persistent_vector/vec" => keeps_none(what),
            _ => false,
        }),
        "{unsupported:?}"
    );
}

#[test]
fn a_bottleneck_takes_files_or_says_why_not() {
    for bottleneck in BOTTLENECKS {
        let (takes, says) = (!bottleneck.own_inputs.is_empty(), !bottleneck.why_no_input.is_empty());
        assert!(takes || says, "{} says nothing about files", bottleneck.name);
        let mut names = BTreeSet::new();
        for kind in bottleneck.own_inputs {
            assert!(names.insert(kind.name), "{} has two kinds `{}`", bottleneck.name, kind.name);
            assert!(!kind.scenarios.is_empty() && !kind.expects.is_empty());
            for scenario in kind.scenarios {
                assert!(scenario.name.starts_with("own_"), "{}", scenario.name);
            }
        }
    }
}
