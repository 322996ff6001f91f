//! Mixes of operations on a map of about n entries: which there are, what they consist of, and how they are run.

use rand::RngExt;

use super::contract::{Family, PersistentMap};
use super::oracle::{ABSENT, entries_digest, value_of};
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::{Capability, NOTHING, Purpose, Request, Scenario, Sizes};
use crate::input::{FixedHasher, Key, entry_digest, mix as mixed, rng, sum};
use crate::mix::{self, Choice, KeyKind, Mix, Pair, Part, Turn, Word};
use crate::own::limited;

/// The mixes of maps.
pub(crate) static CHOICE: Choice = Choice {
    items: "keys",
    keys: &[KeyKind { name: "u64", suffix: "" }, KeyKind { name: "string", suffix: "_string" }],
    size_stays: "An insert is of a new key as often as a key is removed, and overwrites otherwise: the size stays the same.",
    words: &[
        Word { name: "get", summary: "looks up a present key", part: Some("get") },
        Word { name: "miss", summary: "looks up an absent key", part: Some("miss") },
        Word {
            name: "insert",
            summary: "sets a key: a new one as often as one is removed, otherwise a present one",
            part: Some("overwrite"),
        },
        Word { name: "remove", summary: "removes a present key", part: None },
        Word { name: "iterate", summary: "visits every entry", part: Some("iterate") },
    ],
    pairs: &[Pair { words: ["insert", "remove"], part: "replace" }],
    parts: &[
        reading("get", &["get_hit"], false),
        reading("miss", &["get_miss"], false),
        Part {
            name: "overwrite",
            unshared: &["overwrite_unshared"],
            kept: &["overwrite_shared"],
            seldom: &["overwrite_every_10"],
            changes: 1,
            visits_all: false,
            wanders: false,
        },
        Part {
            name: "replace",
            unshared: &["replace_unshared", "replace_unshared"],
            kept: &["remove_shared", "variants_100"],
            seldom: &["replace_every_10", "replace_every_10"],
            changes: 2,
            visits_all: false,
            wanders: false,
        },
        reading("iterate", &["iterate"], true),
    ],
    every: 10,
    typical: &[
        ("A cache that is read", "key=string size=1000 get=90 miss=5 insert=5"),
        ("A document with undo", "key=string size=100 versions=50 get=70 insert=20 remove=5 iterate=1"),
        ("Snapshots for readers", "key=u64 size=10000 versions=1 get=50 insert=40 remove=10"),
        ("A search that backtracks", "key=u64 size=100 versions=400 get=60 insert=30 remove=10"),
        ("A log of every change", "key=string size=10000 versions=500 get=50 insert=30 remove=20"),
    ],
    own: "own_mix",
};

const fn reading(name: &'static str, unshared: &'static [&'static str], visits_all: bool) -> Part {
    Part { name, unshared, kept: &[], seldom: &[], changes: 0, visits_all, wanders: false }
}

const GET: usize = 0;
const MISS: usize = 1;
const OVERWRITE: usize = 2;
const REPLACE: usize = 3;

/// A step of the measured region, with how often it is done.
#[derive(Clone, Copy)]
enum Step {
    Keep,
    Read(usize),
    Remove(usize),
    Insert(usize),
    Iterate(usize),
}

/// A program, its operands, and what comes out of it.
struct Script {
    operations: usize,
    size: usize,
    steps: Vec<Step>,
    /// The ids that are looked up and removed, in order.
    probed: Vec<u64>,
    /// The ids and values that are inserted, in order.
    inserted: Vec<(u64, u64)>,
    /// Of each version that is kept, how many entries it has, the next id that changes, and its value in that version.
    kept: Vec<(usize, u64, Option<u64>)>,
    /// The entries at the end.
    left: Vec<(u64, u64)>,
    /// What the reads sum up to.
    seen: u64,
}

/// Plays a program in a model, a list of entries, and draws its operands.
fn script<K: Key>(mix: &Mix, text: &str, most_versions: usize) -> Script {
    let mut rng = rng(text, mix.size);
    let extent = mix::extent(mix, most_versions);
    let turns = mix::program(&CHOICE, mix, extent, &mut rng);
    let mut left: Vec<(u64, u64)> = (0..mix.size as u64).map(|id| (id, value_of(id))).collect();
    let mut next = mix.size as u64;
    let (mut steps, mut probed, mut inserted) = (Vec::new(), Vec::new(), Vec::new());
    let mut kept: Vec<(usize, u64, Option<u64>)> = Vec::new();
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
        // The first change of this turn, and the value before it.
        let mut first = None;
        match (part, step) {
            (GET, _) => {
                for _ in 0..count {
                    let (id, value) = left[rng.random_range(0..left.len())];
                    probed.push(id);
                    seen = seen.wrapping_add(value);
                }
                steps.push(Step::Read(count));
            }
            (MISS, _) => {
                probed.extend((0..count).map(|_| ABSENT + rng.random_range(0..ABSENT)));
                steps.push(Step::Read(count));
            }
            (OVERWRITE, _) => {
                for _ in 0..count {
                    let at = rng.random_range(0..left.len());
                    let entry = &mut left[at];
                    first.get_or_insert((entry.0, Some(entry.1)));
                    entry.1 = inserted.len() as u64;
                    inserted.push(*entry);
                }
                steps.push(Step::Insert(count));
            }
            (REPLACE, 0) => {
                for _ in 0..count {
                    let (id, value) = left.swap_remove(rng.random_range(0..left.len()));
                    first.get_or_insert((id, Some(value)));
                    probed.push(id);
                }
                steps.push(Step::Remove(count));
            }
            (REPLACE, _) => {
                for _ in 0..count {
                    let entry = (next, value_of(next));
                    first.get_or_insert((next, None));
                    next += 1;
                    left.push(entry);
                    inserted.push(entry);
                }
                steps.push(Step::Insert(count));
            }
            _ => {
                let visits = sum(left.iter().map(|(id, value)| K::from_id(*id).touch().wrapping_add(*value)));
                seen = seen.wrapping_add(visits.wrapping_mul(count as u64));
                steps.push(Step::Iterate(count));
            }
        }
        if let (true, Some((id, value))) = (is_due, first) {
            kept.push((before, id, value));
            is_due = false;
        }
    }
    Script { operations, size: mix.size, steps, probed, inserted, kept, left, seen }
}

/// What a version that was kept comes to: its length, and the value of the key that was changed next.
fn of_kept(len: usize, value: Option<u64>) -> u64 {
    mixed((len as u64).wrapping_add(mixed(value.unwrap_or(u64::MAX))))
}

struct State<K, M> {
    map: M,
    kept: Vec<M>,
    probed: Vec<K>,
    inserted: Vec<(K, u64)>,
}

/// The case that runs a mix. At most so many versions are kept.
fn run<K: Key, M: PersistentMap<K, u64> + 'static>(
    mix: &Mix,
    text: &str,
    most_versions: usize,
) -> Box<dyn Case> {
    let script = script::<K>(mix, text, most_versions);
    case(
        script.operations,
        Setup::EveryRun,
        script,
        |script| State::<K, M> {
            map: M::from_entries((0..script.size as u64).map(|id| (K::from_id(id), value_of(id)))),
            kept: Vec::with_capacity(script.kept.len()),
            probed: script.probed.iter().map(|id| K::from_id(*id)).collect(),
            inserted: script.inserted.iter().map(|(id, value)| (K::from_id(*id), *value)).collect(),
        },
        |script, state| {
            let State { map, kept, probed, inserted } = state;
            let mut probed = probed.as_slice();
            let mut inserted = inserted.drain(..);
            let (mut seen, mut removed) = (0u64, 0u64);
            for step in &script.steps {
                match *step {
                    Step::Keep => kept.push(map.clone()),
                    Step::Read(count) => {
                        let (now, later) = probed.split_at(count);
                        probed = later;
                        for key in now {
                            seen = seen.wrapping_add(map.get(key).copied().unwrap_or(0));
                        }
                    }
                    Step::Remove(count) => {
                        let (now, later) = probed.split_at(count);
                        probed = later;
                        for key in now {
                            removed += u64::from(map.remove(key));
                        }
                    }
                    Step::Insert(count) => {
                        for (key, value) in inserted.by_ref().take(count) {
                            map.insert(key, value);
                        }
                    }
                    Step::Iterate(count) => {
                        for _ in 0..count {
                            for (key, value) in map.iter() {
                                seen = seen.wrapping_add(key.touch().wrapping_add(*value));
                            }
                        }
                    }
                }
            }
            (seen, removed)
        },
        |script, state, (seen, removed)| {
            let kept = state.kept.iter().zip(&script.kept);
            let kept =
                sum(kept.map(|(map, (_, id, _))| of_kept(map.len(), map.get(&K::from_id(*id)).copied())));
            let left = sum(state.map.iter().map(|(key, value)| entry_digest(key, *value)));
            let left = left.wrapping_add(mixed(state.map.len() as u64));
            left.wrapping_add(kept).wrapping_add(*seen).wrapping_add(mixed(*removed))
        },
        |script| {
            let kept = sum(script.kept.iter().map(|(len, _, value)| of_kept(*len, *value)));
            let left = entries_digest(script.left.iter().map(|(id, value)| (K::from_id(*id), *value)));
            let removals = script
                .steps
                .iter()
                .map(|step| if let Step::Remove(count) = step { *count as u64 } else { 0 });
            left.wrapping_add(kept).wrapping_add(script.seen).wrapping_add(mixed(sum(removals)))
        },
    )
}

/// The mixes of which a scenario tells the cost of a part: its name without suffix, and its words.
const COSTS: &[(&str, &str)] = &[
    ("overwrite_unshared", "insert=1"),
    ("replace_unshared", "insert=1 remove=1"),
    ("overwrite_every_10", "insert=1 versions=100"),
    ("replace_every_10", "insert=1 remove=1 versions=100"),
];

/// The sizes of the scenarios that tell the cost of a part while no version is kept.
pub(super) const COST_SIZES: Sizes = Sizes {
    quick: &[8, 100, 1000],
    default: &[8, 32, 100, 1000, 10_000],
    full: &[8, 32, 100, 1000, 10_000, 100_000],
};

/// The sizes of those that keep a version now and then. What a change copies then depends on the forms of the nodes, which
/// come back with each level of a tree, so there are two sizes a power of ten.
pub(super) const SELDOM_SIZES: Sizes = Sizes {
    quick: &[8, 100, 1000],
    default: &[8, 32, 100, 316, 1000, 3162, 10_000],
    full: &[8, 32, 100, 316, 1000, 3162, 10_000, 100_000],
};

const PERSISTENT: &[Capability] = &[Capability::Persistent];

// What `Mix::drawn` draws; a test compares.
mix::drawn! {
    "mix_01", NOTHING, "string", 3700, "insert=73 miss=1 get=7 remove=10";
    "mix_02", PERSISTENT, "string", 560, "miss=19 insert=87 get=45 remove=67 versions=116";
    "mix_03", PERSISTENT, "string", 58, "remove=74 get=53 insert=87 miss=4 iterate=1 versions=216";
    "mix_04", PERSISTENT, "string", 130, "insert=88 get=12 miss=48 versions=439";
    "mix_05", PERSISTENT, "u64", 390, "get=45 insert=1 miss=83 iterate=1 versions=5";
    "mix_06", PERSISTENT, "u64", 80, "miss=27 insert=30 get=34 iterate=1 versions=13";
    "mix_07", NOTHING, "string", 17, "insert=27 get=78 miss=57";
    "mix_08", NOTHING, "u64", 1300, "get=85 miss=42 remove=10 insert=84";
    "mix_09", PERSISTENT, "string", 39, "miss=37 remove=37 get=47 insert=82 versions=6";
    "mix_10", PERSISTENT, "u64", 660, "insert=6 miss=55 get=96 versions=2";
    "mix_11", PERSISTENT, "string", 140, "insert=88 get=18 miss=64 remove=78 versions=166";
    "mix_12", PERSISTENT, "string", 1600, "remove=32 insert=54 miss=79 iterate=1 versions=385";
}

/// No program of a scenario keeps as many versions.
const ALL_VERSIONS: usize = usize::MAX;

/// Sets up a scenario that tells the cost of a part.
pub(super) fn cost<K: Key, M: PersistentMap<K, u64> + 'static>(
    scenario: &str,
    size: usize,
    most_versions: usize,
) -> Box<dyn Case> {
    let Some((_, words)) = COSTS.iter().find(|(name, _)| *name == scenario) else { not_set_up(scenario) };
    let mix = Mix::declared(&CHOICE, &format!("size={size} {words}"));
    run::<K, M>(&mix, words, most_versions)
}

/// Sets up a scenario that runs a drawn mix.
pub(super) fn drawn<F: Family>(request: Request, most_versions: usize) -> Box<dyn Case> {
    let found = DRAWN.iter().find(|(name, _)| *name == request.scenario);
    let Some((_, text)) = found else { not_set_up(request.scenario) };
    of_text::<F>(&Mix { size: request.size, ..Mix::declared(&CHOICE, text) }, text, most_versions)
}

fn of_text<F: Family>(mix: &Mix, text: &str, most_versions: usize) -> Box<dyn Case> {
    match CHOICE.keys[mix.key].name {
        "string" => run::<String, F::Map<String, u64, FixedHasher>>(mix, text, most_versions),
        _ => run::<u64, F::Map<u64, u64, FixedHasher>>(mix, text, most_versions),
    }
}

/// Whether a file holds a mix.
pub(crate) fn check(file: &[u8]) -> Result<(), String> {
    Mix::of_file(&CHOICE, file).map(drop)
}

/// The number of entries of the map that a file's mix is about.
pub(crate) fn size(file: &[u8]) -> usize {
    Mix::of_file(&CHOICE, file).map_or(0, |mix| mix.size)
}

/// Sets up the scenario about a file that holds a mix. `lab choose --test` hands in a file of many, of which the one with the
/// cell's size is meant.
pub(super) fn own<F: Family>(request: Request) -> Box<dyn Case> {
    let (text, mix) = Mix::of_size(&CHOICE, request.input, request.size);
    let case = of_text::<F>(&mix, text, ALL_VERSIONS);
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
            "size=1 insert=1 remove=1",
            "size=8 get=50 miss=10 insert=30 remove=10 iterate=1 versions=200",
            "size=1000 get=1 insert=1 remove=1 versions=7",
            "size=100 insert=3 remove=1 versions=1000",
        ] {
            let mix = Mix::declared(&CHOICE, text);
            let script = script::<u64>(&mix, text, ALL_VERSIONS);
            assert_eq!(script.left.len(), mix.size, "{text}");
            let near = |count: usize, share: f64| {
                let expected = share * script.operations as f64;
                assert!((count as f64 - expected).abs() <= 4.0, "{text}: {count} instead of {expected}");
            };
            near(script.inserted.len(), mix.words[2] / 100.0);
            near(script.kept.len(), mix.versions / 1000.0);
            let keeps = script.steps.iter().filter(|step| matches!(step, Step::Keep)).count();
            assert_eq!(keeps, script.kept.len(), "{text}: a version is kept before a change");
        }
    }

    #[test]
    fn a_file_holds_one_mix() {
        assert_eq!(check(b"size=10 get=1\n"), Ok(()));
        for (file, fault) in [
            (&b"size=10 get=1\nsize=10 get=1\n"[..], "expected one line with a mix"),
            (b"get=1", "a mix has a `size=`, the number of elements"),
            (
                b"size=10",
                "a mix has at least one operation of get, miss, insert, remove, iterate, such as `get=80`",
            ),
            (b"size=10 get", "`get` is not of the form WORD=NUMBER, such as `get=80`"),
            (
                b"size=10 put=1",
                "there is no operation `put`; the operations are get, miss, insert, remove, iterate",
            ),
            (b"size=10 get=1 get=2", "`get` stands in the mix twice"),
            (b"size=10 get=-1", "`get=-1`: expected a number that is not negative"),
            (b"size=0 get=1", "`size=0`: expected a whole number from 1 to 10000000"),
            (b"size=10 key=i8 get=1", "`key=i8`: there is u64, string"),
            (
                b"size=10 insert=1 remove=2",
                "there is more of `remove` than of `insert`: the size would not stay the same",
            ),
            (
                b"size=10 get=9 insert=1 versions=101",
                "`versions=101`: of 1,000 operations 100 change something, and there is no more than one version for each change",
            ),
        ] {
            assert_eq!(check(file), Err(fault.to_owned()));
        }
        assert!(mix::claims(b"size=10 gt=1\n") && !mix::claims(b"a\nb\n") && !mix::claims(b"insert 0 a 1\n"));
        assert_eq!(size(b"size=10 get=1\n"), 10);
    }

    #[test]
    fn an_insert_is_new_as_often_as_a_key_is_removed() {
        let mix = Mix::declared(&CHOICE, "size=10 get=160 insert=30 remove=10");
        assert_eq!(mix.words, [80.0, 0.0, 15.0, 5.0, 0.0]);
        let rounded: Vec<f64> = mix.parts.iter().map(|count| (count * 1000.0).round()).collect();
        assert_eq!(rounded, [800.0, 0.0, 100.0, 50.0, 0.0]);
        assert!((mix.changes(&CHOICE) - 0.2).abs() < 1e-9);
    }
}
