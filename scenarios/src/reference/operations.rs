//! Traces of operations, replayed on contenders that are plain, and on some that are wrong.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use rand::RngExt;

use super::{ABOUT, persistent_map, persistent_vector};
use crate::contender::{About, Contender};
use crate::input::{Rng, rng};
use crate::persistent_map::PersistentMap;

fn maps() -> Contender {
    crate::persistent_map::contender::<persistent_map::Reference>(ABOUT)
}

fn vectors() -> Contender {
    crate::persistent_vector::contender::<persistent_vector::Reference>(ABOUT)
}

/// Names of versions that are alive, with their lengths, while a random trace is written.
struct Alive {
    versions: Vec<(u64, usize)>,
    next: u64,
}

impl Alive {
    fn new() -> Self {
        Alive { versions: vec![(0, 0)], next: 1 }
    }

    fn any(&self, rng: &mut Rng) -> usize {
        rng.random_range(0..self.versions.len())
    }

    /// Names one more version.
    fn make(&mut self, rng: &mut Rng, len: usize) -> u64 {
        self.next += 1 + u64::from(rng.random_range(0..3u32));
        self.versions.push((self.next, len));
        self.next
    }

    /// Drops one if there are many; never the last one.
    fn thin_out(&mut self, rng: &mut Rng, trace: &mut String) {
        if self.versions.len() > 12 || (self.versions.len() > 1 && rng.random_range(0..8) == 0) {
            let at = self.any(rng);
            let (name, _) = self.versions.swap_remove(at);
            writeln!(trace, "drop {name}").unwrap();
        }
    }
}

fn map_trace(number: usize, operations: usize) -> String {
    let mut rng = rng("map_trace", number);
    let (mut alive, mut trace) = (Alive::new(), String::new());
    let keys = 1 + number as u32 * 7 % 60;
    for _ in 0..operations {
        let at = alive.any(&mut rng);
        let (name, key) = (alive.versions[at].0, rng.random_range(0..keys));
        let other = alive.versions[alive.any(&mut rng)].0;
        match rng.random_range(0..20) {
            0..7 => writeln!(trace, "insert {name} k{key} {}", rng.random_range(0..9)),
            7..10 => writeln!(trace, "remove {name} k{key}"),
            10..12 => writeln!(trace, "get {name} \"k{key}\""),
            12 => writeln!(trace, "contains {name} k{key}"),
            13 => writeln!(trace, "len {name}"),
            14 => writeln!(trace, "iterate {name}"),
            15 => writeln!(trace, "equal {name} {other}"),
            16 => writeln!(trace, "union {name} {other} {}", alive.make(&mut rng, 0)),
            17 => writeln!(trace, "new {}", alive.make(&mut rng, 0)),
            18 => writeln!(trace, "clone {name} {}", alive.make(&mut rng, 0)),
            _ => {
                alive.thin_out(&mut rng, &mut trace);
                Ok(())
            }
        }
        .unwrap();
    }
    trace
}

fn vector_trace(number: usize, operations: usize) -> String {
    let mut rng = rng("vector_trace", number);
    let (mut alive, mut trace) = (Alive::new(), String::new());
    for _ in 0..operations {
        let (at, other) = (alive.any(&mut rng), alive.any(&mut rng));
        let (name, len) = alive.versions[at];
        let index = rng.random_range(0..len + 2);
        match rng.random_range(0..20) {
            0..7 => {
                alive.versions[at].1 += 1;
                writeln!(trace, "push_back {name} v{}", rng.random_range(0..9))
            }
            7..9 => {
                alive.versions[at].1 = len.saturating_sub(1);
                writeln!(trace, "pop_back {name}")
            }
            9..11 => writeln!(trace, "set {name} {index} v{}", rng.random_range(0..9)),
            11..13 => writeln!(trace, "get {name} {index}"),
            13 => writeln!(trace, "len {name}"),
            14 => writeln!(trace, "iterate {name}"),
            15 => {
                let start = rng.random_range(0..=len);
                let end = rng.random_range(start..=len);
                writeln!(trace, "slice {name} {start} {end} {}", alive.make(&mut rng, end - start))
            }
            16 if len < 200 => {
                let (right, more) = alive.versions[other];
                writeln!(trace, "concat {name} {right} {}", alive.make(&mut rng, len + more))
            }
            17 => writeln!(trace, "new {}", alive.make(&mut rng, 0)),
            18 => writeln!(trace, "clone {name} {}", alive.make(&mut rng, len)),
            _ => {
                alive.thin_out(&mut rng, &mut trace);
                Ok(())
            }
        }
        .unwrap();
    }
    trace
}

/// The digest of a contender that replays this trace, and the oracle's.
fn digests(contender: &Contender, trace: &str) -> [u64; 2] {
    let file = trace.to_owned().into_bytes().leak();
    let mut case = contender.case("own_operations", 1, Some(file));
    case.arm();
    case.run();
    [case.digest(), case.expected()]
}

/// What a contender is found to do wrong in a trace.
fn fault(contender: &Contender, trace: &str) -> Option<String> {
    let file = trace.to_owned().into_bytes().leak();
    contender.case("own_operations", 1, Some(file)).compare().err().map(|difference| {
        assert!(difference.context.len() <= 10, "{difference:?}");
        difference.message
    })
}

#[test]
fn the_oracle_agrees_with_versions_that_are_copied_whole() {
    for number in 0..150 {
        for (contender, trace) in [(maps(), map_trace(number, 400)), (vectors(), vector_trace(number, 400))] {
            let check = contender.bottleneck.own_inputs[0].check;
            assert_eq!(check(trace.as_bytes()), Ok(()), "{trace}");
            let [digest, expected] = digests(&contender, &trace);
            assert_eq!(digest, expected, "{contender:?}, trace {number}:\n{trace}");
            assert_eq!(fault(&contender, &trace), None, "{contender:?}, trace {number}:\n{trace}");
        }
    }
}

#[test]
fn a_line_of_many_versions_takes_the_oracle_no_copies() {
    // 30,000 versions of up to 30,000 entries, all alive. Copies of them would hold 450 million entries.
    let mut trace = String::new();
    for step in 0..30_000 {
        writeln!(trace, "insert {step} k{step} v\nclone {step} {}", step + 1).unwrap();
    }
    let size = crate::persistent_map::BOTTLENECK.own_inputs[0].size.unwrap();
    assert_eq!(size(trace.as_bytes()), 30_000);
    // Each write but the first one comes after a clone: 1 + 2 + … + 29,999.
    assert_eq!(crate::persistent_map::operations::copied_entries(trace.as_bytes()), 29_999 * 30_000 / 2);
    assert_eq!(crate::persistent_map::operations::copied_entries(b"nonsense"), 0);
    // Of three versions two go before anybody writes: nothing is shared then.
    let dropped = b"push_back 0 a\nclone 0 1\nclone 0 2\ndrop 1\ndrop 0\npush_back 2 b";
    assert_eq!(crate::persistent_vector::operations::copied_elements(dropped), 0);
    assert_eq!(
        crate::persistent_vector::operations::copied_elements(
            b"push_back 0 a\nclone 0 1\nset 1 0 b\nset 1 0 c"
        ),
        1
    );
}

#[test]
fn faulty_versions_and_operands_are_refused_by_their_lines() {
    let of = |contender: Contender| contender.bottleneck.own_inputs[0].check;
    let [maps, vectors] = [of(maps()), of(vectors())];
    type Check = fn(&[u8]) -> Result<(), String>;
    let cases: [(Check, &str, &str); 20] = [
        (maps, "get 1 a", "line 1: there is no version 1 here"),
        (maps, "len 0\ndrop 0\nlen 0", "line 3: there is no version 0 here"),
        (maps, "drop 0\ndrop 0", "line 2: there is no version 0 here"),
        (maps, "clone 0 0", "line 1: version 0 exists already"),
        (maps, "new 0", "line 1: version 0 exists already"),
        (maps, "clone 0 1\nclone 0 1", "line 2: version 1 exists already"),
        (maps, "union 0 0 0", "line 1: version 0 exists already"),
        (maps, "union 0 7 1", "line 1: there is no version 7"),
        (maps, "equal 0 7", "line 1: there is no version 7"),
        (maps, "insert a b c", "line 1: `a` is not a number"),
        (maps, "clone 0 -1", "line 1: `-1` is not a number"),
        (maps, "clone 0 99999999999999999999", "line 1: 99999999999999999999 is too large"),
        (maps, "push_back 0 a", "line 1: no operation `push_back`; there are: insert, remove,"),
        (
            maps,
            "# bottleneck-lab operations 1 persistent_vector\nlen 0",
            "line 1: the trace is of persistent_vector",
        ),
        (vectors, "get 0 x", "line 1: `x` is not a number"),
        (vectors, "slice 0 0 1 1", "line 1: 0..1 does not lie within version 0, which has 0 elements"),
        (vectors, "push_back 0 a\nslice 0 1 0 1", "line 2: 1..0 does not lie within version 0"),
        (vectors, "concat 0 3 1", "line 1: there is no version 3"),
        (vectors, "push 0 a", "line 1: no operation `push`; did you mean `push_back`?"),
        (vectors, "set 0 1", "line 1: too few words: expected `set VERSION INDEX VALUE`"),
    ];
    for (check, trace, expected) in cases {
        let error = check(trace.as_bytes()).unwrap_err();
        assert!(error.starts_with(expected), "{trace:?}: {error}");
    }
    // Names may be used again after a drop, and indices may be past the end.
    assert_eq!(maps(b"drop 0\nnew 0\nlen 0"), Ok(()));
    assert_eq!(vectors(b"get 0 18446744073709551615\nset 0 5 x\npop_back 0"), Ok(()));
    // Doubled 24 times, a vector of one would hold more than ten million.
    let doubled: String =
        (0..24).map(|version| format!("concat {version} {version} {}\n", version + 1)).collect();
    let error = vectors(format!("push_back 0 a\n{doubled}").as_bytes()).unwrap_err();
    assert!(error.starts_with("line 25: the version would have 16777216 elements"), "{error}");
}

/// A map that is wrong in one way.
#[derive(Clone)]
struct Wrong<const FAULT: u32, K, V> {
    entries: BTreeMap<K, V>,
    /// Shared with every clone.
    last: Arc<Mutex<Option<(K, V)>>>,
}

struct WrongFamily<const FAULT: u32>;

impl<const FAULT: u32> crate::persistent_map::Family for WrongFamily<FAULT> {
    type Map<K, V, S>
        = Wrong<FAULT, K, V>
    where
        K: std::hash::Hash + Ord + Clone + std::fmt::Debug + Send + Sync + 'static,
        V: Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static,
        S: std::hash::BuildHasher + Clone + Default + Send + Sync + 'static;
}

const GET_MISSES: u32 = 1;
const GET_FINDS_ANOTHER: u32 = 2;
const REMOVE_IS_ALWAYS_TRUE: u32 = 3;
const REMOVE_LEAVES: u32 = 4;
const INSERT_KEEPS_THE_OLD: u32 = 5;
const LENGTH_COUNTS_ONE_MORE: u32 = 6;
const ITERATION_MISSES_ONE: u32 = 7;
const UNION_KEEPS_THE_RIGHT: u32 = 8;
const ALWAYS_EQUAL: u32 = 9;
const PANICS: u32 = 10;
const VERSIONS_SHARE: u32 = 11;
const CONTAINS_NOTHING: u32 = 12;

impl<const FAULT: u32, K: Ord + Clone, V: Clone + PartialEq> PersistentMap<K, V> for Wrong<FAULT, K, V> {
    fn new() -> Self {
        Wrong { entries: BTreeMap::new(), last: Arc::default() }
    }

    fn len(&self) -> usize {
        self.entries.len() + usize::from(FAULT == LENGTH_COUNTS_ONE_MORE && self.entries.len() == 3)
    }

    fn get(&self, key: &K) -> Option<&V> {
        match FAULT {
            GET_MISSES if self.entries.len() == 3 => None,
            GET_FINDS_ANOTHER if self.entries.len() == 3 => self.entries.values().next(),
            _ => self.entries.get(key),
        }
    }

    fn insert(&mut self, key: K, value: V) {
        assert!(FAULT != PANICS || self.entries.len() < 3, "there is no room");
        if FAULT == INSERT_KEEPS_THE_OLD && self.entries.contains_key(&key) {
            return;
        }
        *self.last.lock().unwrap() = Some((key.clone(), value.clone()));
        self.entries.insert(key, value);
    }

    fn remove(&mut self, key: &K) -> bool {
        if FAULT == REMOVE_LEAVES {
            return self.entries.contains_key(key);
        }
        self.entries.remove(key).is_some() || FAULT == REMOVE_IS_ALWAYS_TRUE
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        // The first entry of a map that shares with a clone is taken for the one that was inserted last into either.
        let is_shared = FAULT == VERSIONS_SHARE && Arc::strong_count(&self.last) > 1;
        let hidden = is_shared
            && self.last.lock().unwrap().as_ref().is_some_and(|(key, _)| !self.entries.contains_key(key));
        let missing = usize::from(FAULT == ITERATION_MISSES_ONE || hidden);
        self.entries.iter().skip(missing)
    }

    fn union(&self, other: &Self) -> Self {
        let (mut united, over) =
            if FAULT == UNION_KEEPS_THE_RIGHT { (self.clone(), other) } else { (other.clone(), self) };
        united.entries.extend(over.entries.clone());
        united
    }

    fn equal(&self, other: &Self) -> bool {
        FAULT == ALWAYS_EQUAL || self.entries == other.entries
    }

    fn contains_key(&self, key: &K) -> bool {
        FAULT != CONTAINS_NOTHING && self.entries.contains_key(key)
    }
}

#[test]
fn a_fault_is_found_at_the_line_where_it_first_shows() {
    fn wrong<const FAULT: u32>() -> Contender {
        crate::persistent_map::contender::<WrongFamily<FAULT>>(About { name: "wrong", ..ABOUT })
    }
    const TRACE: &str = "# bottleneck-lab operations 1 persistent_map
insert 0 a one
insert 0 b two

insert 0 c \"number three\"
get 0 b
insert 0 b four
remove 0 x
len 0
iterate 0
clone 0 1
contains 0 a
remove 1 b
insert 1 c six
insert 1 d seven
equal 0 1
union 0 1 2
get 2 c
len 2";
    let cases = [
        (
            wrong::<GET_MISSES>(),
            "line 5, `insert 0 c \"number three\"`: a lookup of the key finds nothing then, expected \"number three\"",
        ),
        (
            wrong::<GET_FINDS_ANOTHER>(),
            "line 5, `insert 0 c \"number three\"`: a lookup of the key finds \"one\" then, expected \"number three\"",
        ),
        (wrong::<REMOVE_IS_ALWAYS_TRUE>(), "line 8, `remove 0 x`: true, expected false"),
        (
            wrong::<REMOVE_LEAVES>(),
            "line 13, `remove 1 b`: a lookup of the key finds \"four\" then, expected nothing",
        ),
        (
            wrong::<INSERT_KEEPS_THE_OLD>(),
            "line 7, `insert 0 b four`: a lookup of the key finds \"two\" then, expected \"four\"",
        ),
        (
            wrong::<LENGTH_COUNTS_ONE_MORE>(),
            "line 5, `insert 0 c \"number three\"`: its length is 4 then, expected 3",
        ),
        (wrong::<ITERATION_MISSES_ONE>(), "line 10, `iterate 0`: entries that sum up to"),
        (wrong::<UNION_KEEPS_THE_RIGHT>(), "line 18, `get 2 c`: \"six\", expected \"number three\""),
        (wrong::<ALWAYS_EQUAL>(), "line 16, `equal 0 1`: true, expected false"),
        (wrong::<PANICS>(), "line 7, `insert 0 b four`: the contender panicked: there is no room"),
        (
            wrong::<VERSIONS_SHARE>(),
            "at the end of the trace, version 0 holds 3 entries, as expected, but not those that it must hold",
        ),
        (wrong::<CONTAINS_NOTHING>(), "line 12, `contains 0 a`: false, expected true"),
    ];
    assert_eq!(fault(&maps(), TRACE), None);
    for (contender, expected) in cases {
        let found = fault(&contender, TRACE).unwrap_or_default();
        assert!(found.starts_with(expected), "{found}\n{expected}");
        // The measured digest shows the same fault, unless the region panics or the fault shows in lookups alone that the
        // trace does not make.
        if !expected.contains("panicked") && !expected.contains("a lookup of the key") {
            let [digest, oracle] = digests(&contender, TRACE);
            assert_ne!(digest, oracle, "{expected}");
        }
    }
}
