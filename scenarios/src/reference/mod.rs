//! One contender per bottleneck, as plain as can be, so that this crate alone can run what it lists: a scenario or a
//! check that is listed and not dispatched fails a test here.

mod data_map;
mod flat_keys;
mod flat_query;
mod lru_cache;
mod operations;
mod pattern_index;
mod persistent_map;
mod persistent_vector;
mod shared;
mod signals;
mod slots;

use std::path::Path;

use crate::BOTTLENECKS;
use crate::case::Unfit;
use crate::contender::{About, Bottleneck, Capability, Contender, OwnInput, Request, Role, Scenario};
use crate::trace::Check;

/// What the references can do: everything that a scenario asks for. They say that they copy and scan, so that regions
/// are short.
const CAPABILITIES: &[Capability] = &[
    Capability::Persistent,
    Capability::CopiesWhole,
    Capability::Prefixes,
    Capability::ScansWhole,
    Capability::ExactLru,
    Capability::Dynamic,
    Capability::Allocation,
    Capability::Positional,
    Capability::Notify,
    Capability::Tracked,
    Capability::Batches,
    Capability::ManyObservers,
    Capability::AnyQuery,
    Capability::ChildrenInPlace,
    Capability::DescendantsInPlace,
];

const ABOUT: About = About {
    name: "reference",
    role: Role::Naive,
    summary: "As plain as can be.",
    source: "The oracles of this crate.",
    analysis: "",
    complexity: &[],
    capabilities: CAPABILITIES,
    caveats: &[],
    known_failures: &[],
};

/// A contender of each bottleneck.
fn references() -> Vec<Contender> {
    vec![
        crate::persistent_vector::contender::<persistent_vector::Reference>(ABOUT),
        crate::persistent_map::contender::<persistent_map::Reference>(ABOUT),
        crate::small_map::contender::<persistent_map::Reference>(ABOUT),
        crate::pattern_index::contender::<pattern_index::Listed>(ABOUT),
        crate::flat_keys::contender::<flat_keys::Sorted>(ABOUT),
        crate::flat_query::contender::<flat_query::Materialised>(ABOUT),
        crate::signals::contender::<signals::World>(ABOUT),
        crate::slots::contender::<slots::Indices, slots::Listed>(ABOUT),
        crate::lru_cache::contender::<lru_cache::Reference>(ABOUT),
        crate::shared_map::contender::<shared::Reference>(ABOUT),
        crate::shared_vector::contender::<shared::Vector>(ABOUT),
        crate::data_map::contender::<data_map::Book>(ABOUT),
    ]
}

/// A file that the bottleneck accepts as a user's.
fn own_file(bottleneck: &Bottleneck, kind: &OwnInput) -> &'static [u8] {
    match (bottleneck.name, kind.name) {
        ("flat_query", "document") => br#"{"users": [{"name": "x", "age": 1}, {"name": {"name": "y"}}], "name": []}"#,
        ("lru_cache", "trace") | ("persistent_map" | "small_map", "keys") => b"a\nb\nc\na\nd\n",
        // Without versions, because one of the capabilities below is that of keeping them.
        ("persistent_map", "mix") => b"key=string size=10 get=80 insert=15 remove=5",
        ("persistent_vector", "mix") => b"size=10 get=80 set=10 push=5 pop=5",
        ("flat_keys", _) => b"/a/b\n/a/c\n/a/b\n/d\n/a/b/e\n/~0/0\n",
        ("pattern_index", _) => b"$.a\n$..b\n$.*.*\n$.a\n/a\n/a/b\n/c\n/a\n",
        ("persistent_map" | "small_map", "operations") => {
            b"insert 0 a 1\nclone 0 1\ninsert 1 b 2\nunion 0 1 2\nequal 1 2\nget 0 b\niterate 2\nremove 1 a\ndrop 0\nlen 1"
        }
        ("persistent_vector", "operations") => {
            b"push_back 0 a\nclone 0 1\npush_back 1 b\nconcat 0 1 2\nslice 2 1 3 3\nget 3 0\nset 2 0 c\npop_back 1\nlen 1"
        }
        other => panic!("{other:?} takes a user's file, and this test has none for it"),
    }
}

/// A size that is quick to measure: the smallest of a scenario, but never a large one.
fn small_size(bottleneck: &Bottleneck, scenario: &Scenario) -> usize {
    const LARGE: usize = 1000;
    let sizes = scenario.sizes.unwrap_or(bottleneck.sizes);
    let smallest = sizes.quick.iter().chain(sizes.default).min();
    (*smallest.expect("a scenario has sizes")).min(LARGE)
}

fn run_scenario(
    contender: &Contender,
    scenario: &'static Scenario,
    size: usize,
    file: Option<&'static [u8]>,
) {
    let mut case = contender.case(scenario.name, size, file);
    case.arm();
    case.run();
    assert_eq!(case.digest(), case.expected(), "{contender:?} in {} at size {size}", scenario.name);
    assert!(case.ops() > 0, "{contender:?} in {} does nothing at size {size}", scenario.name);
}

#[test]
fn every_listed_scenario_runs_and_comes_to_what_is_expected() {
    for contender in references() {
        let scenarios = contender.bottleneck.scenarios;
        assert_eq!(contender.scenarios().count(), scenarios.len(), "{contender:?} lacks a capability");
        for scenario in scenarios {
            run_scenario(&contender, scenario, small_size(contender.bottleneck, scenario), None);
            run_scenario(&contender, scenario, 1, None);
        }
        for own in contender.bottleneck.own_inputs {
            let file = own_file(contender.bottleneck, own);
            assert_eq!((own.check)(file), Ok(()), "{contender:?}");
            for scenario in own.scenarios {
                let size =
                    own.size.map_or_else(|| small_size(contender.bottleneck, scenario), |size| size(file));
                run_scenario(&contender, scenario, size, Some(file));
            }
        }
    }
}

/// Whoever takes part in a cell about a file does the whole of it, whatever a contender says of itself.
#[test]
fn every_contender_of_a_file_does_the_same_work_or_none() {
    let repeated: &'static str =
        (0..3000).map(|at| format!("{}\n", at * at % 700)).collect::<String>().leak();
    let paths: &'static str =
        (0..3000).map(|at| format!("/{}/{}\n", at % 70, at * at % 300)).collect::<String>().leak();
    let patterns: &'static str =
        (0..3000)
            .map(|at| {
                if at % 10 == 0 { format!("$.*.n{at}\n") } else { format!("/{}/n{}\n", at % 7, at / 10 * 10) }
            })
            .collect::<String>()
            .leak();
    for contender in references() {
        let bottleneck = contender.bottleneck;
        for own in bottleneck.own_inputs {
            let mut files = vec![own_file(bottleneck, own)];
            match (bottleneck.name, own.name) {
                ("flat_keys", _) => files.push(paths.as_bytes()),
                ("pattern_index", _) => files.push(patterns.as_bytes()),
                (_, "keys" | "trace") => files.extend([&b"a\n"[..], repeated.as_bytes()]),
                _ => {}
            }
            for file in files {
                assert_eq!((own.check)(file), Ok(()), "{contender:?}");
                let sizes = own.size.map_or(vec![1, 2, 10, 500, 100_000], |size| vec![size(file)]);
                for (scenario, size) in
                    own.scenarios.iter().flat_map(|scenario| sizes.iter().map(move |size| (scenario, *size)))
                {
                    let done = [&[Capability::ExactLru][..], CAPABILITIES].map(|capabilities| {
                        let request =
                            Request { scenario: scenario.name, size, capabilities, input: Some(file) };
                        let mut case = (contender.set_up)(request);
                        assert_eq!(case.unfit(), None, "{contender:?} in {}", scenario.name);
                        case.arm();
                        case.run();
                        assert_eq!(
                            case.digest(),
                            case.expected(),
                            "{contender:?} in {} at {size}",
                            scenario.name
                        );
                        (case.ops(), case.digest(), case.observed())
                    });
                    assert_eq!(done[0], done[1], "{contender:?} in {} at {size}", scenario.name);
                }
            }
        }
    }
}

/// A contender that would take too long is not given less to do: it says what is too much.
#[test]
fn what_is_too_much_for_a_contender_is_said() {
    let distinct = |make: fn(usize) -> String| (0..200_000).map(make).collect::<String>().leak().as_bytes();
    let keys: &'static [u8] = distinct(|at| format!("{at}\n"));
    let pointers: &'static [u8] = distinct(|at| format!("/{at}\n"));
    let patterns: &'static [u8] =
        distinct(|at| if at < 400 { format!("$.n{at}\n") } else { format!("/{}\n", at % 1000) });
    let cases = [
        ("lru_cache", "own_trace", 501, keys, "200,000 × 501 is more than the 100,000,000"),
        ("lru_cache", "own_trace", 100_000, keys, "200,000 × 100,000"),
        ("persistent_map", "own_insert_shared", 200_000, keys, "200 × 200,000 is more than the 10,000,000"),
        (
            "flat_keys",
            "own_keys_under_prefix",
            200_000,
            pointers,
            "128 × 200,000 is more than the 10,000,000",
        ),
        ("flat_keys", "own_has_descendants", 200_000, pointers, "128 × 200,000"),
        ("pattern_index", "own_match", 400, patterns, "199,600 × 400 is more than the 10,000,000"),
        ("pattern_index", "own_match_unseen", 400, patterns, "199,600 × 400"),
    ];
    for (bottleneck, scenario, size, file, words) in cases {
        let contenders = references();
        let contender = contenders.iter().find(|contender| contender.bottleneck.name == bottleneck).unwrap();
        let unfit = |capabilities| {
            (contender.set_up)(Request { scenario, size, capabilities, input: Some(file) }).unfit()
        };
        let Some(Unfit::TooMuchWork(reason)) = unfit(CAPABILITIES) else {
            panic!("{bottleneck}: not too much")
        };
        assert!(reason.contains(words), "{reason}");
        assert_eq!(unfit(&[Capability::ExactLru, Capability::Persistent]), None, "{bottleneck}/{scenario}");
    }
    let contenders = references();
    let contender = contenders.iter().find(|contender| contender.bottleneck.name == "lru_cache").unwrap();
    let at_the_bound =
        Request { scenario: "own_trace", size: 500, capabilities: CAPABILITIES, input: Some(keys) };
    assert_eq!((contender.set_up)(at_the_bound).unfit(), None);
}

#[test]
fn every_listed_check_is_replayed_and_passed() {
    for contender in references() {
        for check in contender.bottleneck.checks {
            let trace = check.trace(0);
            let described = (contender.bottleneck.describe)(check, &trace);
            assert_eq!(described.len(), trace.len(), "{contender:?}, {}", check.name);
            let outcome = (contender.replay)(check, &trace);
            assert_eq!(outcome, Ok(()), "{contender:?} in check {}", check.name);
        }
    }
}

#[test]
fn what_is_not_listed_is_refused() {
    let refuses = |run: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err();
    for contender in references() {
        let check = Check::new("unlisted", 0, 1, "");
        assert!(refuses(&|| drop(contender.case("unlisted", 10, None))), "{contender:?} sets up anything");
        assert!(refuses(&|| drop((contender.replay)(&check, &[]))), "{contender:?} replays anything");
    }
}

/// The text literals of a source file that stand in the arms of a `match`, outside of its tests.
fn arms(source: &str) -> Vec<&str> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut arms = Vec::new();
    for line in source.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        // Every other part of a line is a literal.
        let parts: Vec<&str> = line.split('"').collect();
        for (at, literal) in parts.iter().enumerate().skip(1).step_by(2) {
            let before = parts[at - 1].trim_end();
            let after = parts.get(at + 1).map_or("", |after| after.trim_start());
            let is_name = literal.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
            let begins = before.is_empty() || before.ends_with('|');
            let goes_on = after.is_empty() || ["=>", "|", "if "].iter().any(|token| after.starts_with(token));
            if is_name && begins && goes_on {
                arms.push(*literal);
            }
        }
    }
    arms
}

/// The text of a bottleneck's file.
fn source(bottleneck: &Bottleneck, file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(bottleneck.name).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The name without the suffix that says which type the keys have.
fn stem(name: &str) -> &str {
    let suffixes = ["_string", "_dear"];
    suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

#[test]
fn what_is_dispatched_and_what_is_listed_are_the_same() {
    for bottleneck in BOTTLENECKS {
        let scenarios: Vec<&str> = bottleneck
            .scenarios
            .iter()
            .chain(bottleneck.own_scenarios())
            .map(|scenario| stem(scenario.name))
            .collect();
        let checks: Vec<&str> = bottleneck.checks.iter().map(|check| check.name).collect();
        for (file, listed) in [("cases.rs", scenarios), ("checks.rs", checks)] {
            let source = source(bottleneck, file);
            let dispatched = arms(&source);
            for name in &dispatched {
                assert!(listed.contains(name), "{}/{file} dispatches `{name}`, not listed", bottleneck.name);
            }
            for name in &listed {
                assert!(dispatched.contains(name), "{}/{file} lacks `{name}`, listed", bottleneck.name);
            }
        }
    }
}

#[test]
fn arms_are_found() {
    let source = r#"
        match name {
            "one" | "two" => run("three"),
            | "four"
            | "five" if is_due => "six",
            // "seven" => {}
            "Not a name" => {}
            _ => panic!("eight"),
        }
        #[cfg(test)]
        "nine" => {}
    "#;
    assert_eq!(arms(source), ["one", "two", "four", "five"]);
}
