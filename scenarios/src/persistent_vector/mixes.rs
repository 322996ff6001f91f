//! Mixes of operations on a vector of about n elements: which there are, what they consist of, and how they are run.

use rand::RngExt;

use super::contract::PersistentVector;
use super::oracle::{expected_digest, sequence_digest, values, visit};
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::{Capability, NOTHING, Purpose, Request, Scenario, Sizes};
use crate::input::{mix as mixed, rng, sum};
use crate::mix::{self, Choice, KeyKind, Mix, Pair, Part, Turn, Word};
use crate::own::limited;

/// The mixes of vectors.
pub(crate) static CHOICE: Choice = Choice {
    items: "elements",
    keys: &[KeyKind { name: "u64", suffix: "" }],
    size_stays: "As many elements are popped as are pushed: the size stays the same.",
    words: &[
        Word { name: "get", summary: "reads a random element", part: Some("get") },
        Word { name: "set", summary: "replaces a random element", part: Some("set") },
        Word { name: "push", summary: "appends an element", part: None },
        Word { name: "pop", summary: "removes the last element", part: None },
        Word { name: "iterate", summary: "visits every element", part: Some("iterate") },
    ],
    pairs: &[Pair { words: ["push", "pop"], part: "end" }],
    parts: &[
        reading("get", &["get_random"], false),
        Part {
            name: "set",
            unshared: &["set_unshared"],
            kept: &["set_shared"],
            seldom: &["set_every_10"],
            changes: 1,
            visits_all: false,
            wanders: false,
        },
        Part {
            name: "end",
            unshared: &["end_unshared", "end_unshared"],
            kept: &["end_shared", "end_shared"],
            seldom: &["end_every_10", "end_every_10"],
            changes: 2,
            visits_all: false,
            wanders: true,
        },
        reading("iterate", &["iterate"], true),
    ],
    every: 10,
    typical: &[
        ("A table that is read", "size=10000 get=95 set=5"),
        ("A document with undo", "size=1000 versions=50 get=70 set=20 push=5 pop=5 iterate=1"),
        ("Snapshots for readers", "size=10000 versions=1 get=50 set=30 push=10 pop=10"),
        ("A stack of a search that backtracks", "size=100 versions=400 get=40 push=30 pop=30"),
        ("A log of every change", "size=10000 versions=500 get=50 set=50"),
    ],
    own: "own_mix",
};

const fn reading(name: &'static str, unshared: &'static [&'static str], visits_all: bool) -> Part {
    Part { name, unshared, kept: &[], seldom: &[], changes: 0, visits_all, wanders: false }
}

const GET: usize = 0;
const SET: usize = 1;
const END: usize = 2;

/// A step of the measured region, with how often it is done.
#[derive(Clone, Copy)]
enum Step {
    Keep,
    Get(usize),
    Set(usize),
    Pop(usize),
    Push(usize),
    Iterate(usize),
}

/// A program, its operands, and what comes out of it.
struct Script {
    operations: usize,
    size: usize,
    steps: Vec<Step>,
    /// The indices that are read and replaced, in order.
    indices: Vec<usize>,
    /// The values that are put in, in order.
    values: Vec<u64>,
    /// Of each version that is kept, how many elements it has, the next index that changes, and its value in that version.
    kept: Vec<(usize, usize, Option<u64>)>,
    /// The elements at the end.
    left: Vec<u64>,
    /// What the reads and pops sum up to.
    seen: u64,
}

/// Plays a program in a model, a plain `Vec`, and draws its operands.
fn script(mix: &Mix, text: &str, most_versions: usize) -> Script {
    let mut rng = rng(text, mix.size);
    let extent = mix::extent(mix, most_versions);
    let turns = mix::program(&CHOICE, mix, extent, &mut rng);
    let mut left: Vec<u64> = values(0..mix.size).collect();
    let mut new = values(mix.size..usize::MAX);
    let (mut steps, mut indices, mut put) = (Vec::new(), Vec::new(), Vec::new());
    let mut kept: Vec<(usize, usize, Option<u64>)> = Vec::new();
    let (mut seen, mut operations) = (0u64, 0);
    let mut is_due = false;
    for turn in turns {
        let Turn::Do { part, step, count } = turn else {
            steps.push(Step::Keep);
            is_due = true;
            continue;
        };
        operations += count;
        let before = left.len();
        // The first index that this turn changes, and its value before.
        let mut first = None;
        match (part, step) {
            (GET, _) => {
                for _ in 0..count {
                    let at = rng.random_range(0..left.len());
                    indices.push(at);
                    seen = seen.wrapping_add(left[at]);
                }
                steps.push(Step::Get(count));
            }
            (SET, _) => {
                for value in new.by_ref().take(count) {
                    let at = rng.random_range(0..left.len());
                    first.get_or_insert((at, Some(left[at])));
                    left[at] = value;
                    indices.push(at);
                    put.push(value);
                }
                steps.push(Step::Set(count));
            }
            (END, 0) => {
                for _ in 0..count {
                    let value = left.pop().expect("the size never wanders below zero");
                    first.get_or_insert((left.len(), Some(value)));
                    seen = seen.wrapping_add(value);
                }
                steps.push(Step::Pop(count));
            }
            (END, _) => {
                for value in new.by_ref().take(count) {
                    first.get_or_insert((left.len(), None));
                    left.push(value);
                    put.push(value);
                }
                steps.push(Step::Push(count));
            }
            _ => {
                for _ in 0..count {
                    seen = left.iter().fold(seen, visit);
                }
                steps.push(Step::Iterate(count));
            }
        }
        if let (true, Some((at, value))) = (is_due, first) {
            kept.push((before, at, value));
            is_due = false;
        }
    }
    Script { operations, size: mix.size, steps, indices, values: put, kept, left, seen }
}

/// What a version that was kept comes to: its length, and its value at the index that was changed next.
fn of_kept(len: usize, value: Option<u64>) -> u64 {
    mixed((len as u64).wrapping_add(mixed(value.unwrap_or(u64::MAX))))
}

struct State<V> {
    vector: V,
    kept: Vec<V>,
}

/// The case that runs a mix. At most so many versions are kept.
fn run<V: PersistentVector<u64> + 'static>(mix: &Mix, text: &str, most_versions: usize) -> Box<dyn Case> {
    let script = script(mix, text, most_versions);
    case(
        script.operations,
        Setup::EveryRun,
        script,
        |script| State::<V> {
            vector: V::from_values(values(0..script.size)),
            kept: Vec::with_capacity(script.kept.len()),
        },
        |script, state| {
            let State { vector, kept } = state;
            let mut indices = script.indices.iter();
            let mut values = script.values.iter();
            let mut seen = 0u64;
            for step in &script.steps {
                match *step {
                    Step::Keep => kept.push(vector.clone()),
                    Step::Get(count) => {
                        for index in indices.by_ref().take(count) {
                            seen = seen.wrapping_add(vector.get(*index).copied().unwrap_or(0));
                        }
                    }
                    Step::Set(count) => {
                        for (index, value) in indices.by_ref().zip(values.by_ref()).take(count) {
                            vector.set(*index, *value);
                        }
                    }
                    Step::Pop(count) => {
                        for _ in 0..count {
                            seen = seen.wrapping_add(vector.pop_back().unwrap_or(0));
                        }
                    }
                    Step::Push(count) => {
                        for value in values.by_ref().take(count) {
                            vector.push_back(*value);
                        }
                    }
                    Step::Iterate(count) => {
                        for _ in 0..count {
                            for value in vector.iter() {
                                seen = visit(seen, value);
                            }
                        }
                    }
                }
            }
            seen
        },
        |script, state, seen| {
            let kept = state.kept.iter().zip(&script.kept);
            let kept = sum(kept.map(|(vector, (_, at, _))| of_kept(vector.len(), vector.get(*at).copied())));
            sequence_digest(state.vector.iter().copied())
                .wrapping_add(state.vector.len() as u64)
                .wrapping_add(kept)
                .wrapping_add(*seen)
        },
        |script| {
            let kept = sum(script.kept.iter().map(|(len, _, value)| of_kept(*len, *value)));
            expected_digest(&script.left).wrapping_add(kept).wrapping_add(script.seen)
        },
    )
}

/// The mixes of which a scenario tells the cost of a part: its name, and its words.
const COSTS: &[(&str, &str)] = &[
    ("end_unshared", "push=1 pop=1"),
    ("end_shared", "push=1 pop=1 versions=1000"),
    ("end_every_10", "push=1 pop=1 versions=100"),
    ("set_every_10", "set=1 versions=100"),
];

/// The sizes of the scenarios that tell the cost of a part.
pub(super) const COST_SIZES: Sizes = Sizes {
    quick: &[8, 100, 1000],
    default: &[8, 32, 100, 1000, 10_000, 100_000],
    full: &[8, 32, 100, 1000, 10_000, 100_000, 1_000_000],
};

const PERSISTENT: &[Capability] = &[Capability::Persistent];

// What `Mix::drawn` draws; a test compares.
mix::drawn! {
    "mix_01", PERSISTENT, "u64", 260, "get=50 set=33 push=32 pop=32 iterate=1 versions=12";
    "mix_02", NOTHING, "u64", 11, "get=7 push=10 pop=10";
    "mix_03", PERSISTENT, "u64", 560, "set=19 get=45 push=87 pop=87 versions=133";
    "mix_04", PERSISTENT, "u64", 58, "get=53 set=4 push=74 pop=74 iterate=1 versions=216";
    "mix_05", PERSISTENT, "u64", 55, "get=7 push=24 pop=24 versions=155";
    "mix_06", NOTHING, "u64", 2800, "set=48 push=50 pop=50";
    "mix_07", PERSISTENT, "u64", 140, "set=83 push=21 pop=21 versions=232";
    "mix_08", PERSISTENT, "u64", 540, "get=30 push=34 pop=34 iterate=1 versions=29";
    "mix_09", NOTHING, "u64", 17, "get=78 set=57 push=27 pop=27";
    "mix_10", NOTHING, "u64", 600, "get=99 set=58";
    "mix_11", PERSISTENT, "u64", 35, "set=85 get=31 versions=252";
    "mix_12", PERSISTENT, "u64", 22, "get=57 set=39 versions=130";
}

/// No program of a scenario keeps as many versions.
const ALL_VERSIONS: usize = usize::MAX;

/// Sets up a scenario that tells the cost of a part.
pub(super) fn cost<V: PersistentVector<u64> + 'static>(
    request: Request,
    most_versions: usize,
) -> Box<dyn Case> {
    let found = COSTS.iter().find(|(name, _)| *name == request.scenario);
    let Some((_, words)) = found else { not_set_up(request.scenario) };
    let mix = Mix::declared(&CHOICE, &format!("size={} {words}", request.size));
    run::<V>(&mix, words, most_versions)
}

/// Sets up a scenario that runs a drawn mix.
pub(super) fn drawn<V: PersistentVector<u64> + 'static>(
    request: Request,
    most_versions: usize,
) -> Box<dyn Case> {
    let found = DRAWN.iter().find(|(name, _)| *name == request.scenario);
    let Some((_, text)) = found else { not_set_up(request.scenario) };
    run::<V>(&Mix { size: request.size, ..Mix::declared(&CHOICE, text) }, text, most_versions)
}

/// Whether a file holds a mix.
pub(crate) fn check(file: &[u8]) -> Result<(), String> {
    Mix::of_file(&CHOICE, file).map(drop)
}

/// The number of elements of the vector that a file's mix is about.
pub(crate) fn size(file: &[u8]) -> usize {
    Mix::of_file(&CHOICE, file).map_or(0, |mix| mix.size)
}

/// Sets up the scenario about a file that holds a mix.
pub(super) fn own<V: PersistentVector<u64> + 'static>(request: Request) -> Box<dyn Case> {
    let (text, mix) = Mix::of_size(&CHOICE, request.input, request.size);
    let case = run::<V>(&mix, text, ALL_VERSIONS);
    let [copies_whole, is_persistent] =
        [Capability::CopiesWhole, Capability::Persistent].map(|capability| request.can(capability));
    limited(case, move || mix::unfit(&mix, copies_whole, is_persistent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixes_of_the_scenarios_are_those_that_are_drawn() {
        let mut rng = rng("mixes", DRAWN.len());
        for (name, text) in DRAWN {
            assert_eq!(Mix::drawn(&CHOICE, &mut rng, 10_000), *text, "{name}");
        }
    }

    #[test]
    fn a_script_runs_its_mix_at_a_constant_size() {
        for text in [
            "size=1 push=1 pop=1",
            "size=8 get=50 set=10 push=20 pop=20 iterate=1 versions=200",
            "size=1000 get=1 set=1 versions=7",
            "size=100 set=1 push=3 pop=3 versions=1000",
        ] {
            let mix = Mix::declared(&CHOICE, text);
            let script = script(&mix, text, ALL_VERSIONS);
            assert_eq!(script.left.len(), mix.size, "{text}");
            let near = |count: usize, share: f64| {
                let expected = share * script.operations as f64;
                assert!((count as f64 - expected).abs() <= 4.0, "{text}: {count} instead of {expected}");
            };
            near(script.values.len(), (mix.words[1] + mix.words[2]) / 100.0);
            near(script.indices.len(), (mix.words[0] + mix.words[1]) / 100.0);
            near(script.kept.len(), mix.versions / 1000.0);
            let keeps = script.steps.iter().filter(|step| matches!(step, Step::Keep)).count();
            assert_eq!(keeps, script.kept.len(), "{text}: a version is kept before a change");
        }
    }

    #[test]
    fn pushes_and_pops_come_in_pairs() {
        let fault = "there is more of `push` than of `pop`: the size would not stay the same";
        assert_eq!(check(b"size=10 get=1 push=1"), Err(fault.to_owned()));
        let mix = Mix::declared(&CHOICE, "size=10 get=80 push=10 pop=10");
        let rounded: Vec<f64> = mix.parts.iter().map(|count| (count * 1000.0).round()).collect();
        assert_eq!(rounded, [800.0, 0.0, 100.0, 0.0]);
        assert!((mix.changes(&CHOICE) - 0.2).abs() < 1e-9);
    }
}
