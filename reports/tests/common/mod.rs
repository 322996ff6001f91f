//! Records for the tests: one of realistic size, one that is hostile. The numbers come from simple
//! cost models, so that they have the shapes of real ones.

#![allow(dead_code)] // Each test uses its part.

use std::collections::BTreeMap;

use reports::baseline::{Baseline, Entry};
use reports::beside::Beside;
use reports::kept::{Kept, id};
use reports::record::{
    Allocations, Atomics, BottleneckInfo, CaveatInfo, CellRecord, CompositionInfo, ContenderInfo, Dropping,
    Failure, Fingerprint, Interval, Measurements, MemoryInfo, MixtureInfo, PartInfo, Ratios, Record, Role,
    SCHEMA, ScenarioInfo, Times,
};
use reports::sensitivity::{Counted, Sensitivity, Surroundings, named};
use reports::{CellName, Metric};

/// How a contender's cost grows with the size.
#[derive(Clone, Copy)]
enum Growth {
    Constant,
    Logarithmic,
    Linear,
}

use Growth::{Constant, Linear, Logarithmic};

struct Model {
    name: &'static str,
    role: Role,
    /// Factor on every instruction count.
    instructions: f64,
    /// Blocks per changing operation.
    blocks: f64,
    changing: Growth,
    summary: &'static str,
    source: &'static str,
    caveats: &'static [(&'static str, &'static str)],
}

const fn model(
    name: &'static str,
    role: Role,
    (instructions, blocks): (f64, f64),
    changing: Growth,
    (summary, source): (&'static str, &'static str),
    caveats: &'static [(&'static str, &'static str)],
) -> Model {
    Model { name, role, instructions, blocks, changing, summary, source, caveats }
}

const MAPS: &[Model] = &[
    model(
        "cow",
        Role::Naive,
        (0.9, 1.0),
        Linear,
        ("A hash map, cloned for every version.", "the obvious way"),
        &[],
    ),
    model(
        "hamt",
        Role::Optimized,
        (0.8, 2.1),
        Logarithmic,
        ("Hash array mapped trie, entries by value.", "Bagwell, Ideal Hash Trees, 2001"),
        &[],
    ),
    model(
        "champ",
        Role::Optimized,
        (0.55, 1.5),
        Logarithmic,
        ("Trie with data and nodes apart in every branch.", "Steindorfer and Vinju, OOPSLA 2015"),
        &[],
    ),
    model(
        "best",
        Role::Optimized,
        (0.2, 0.4),
        Logarithmic,
        ("Tagged leaf buckets under narrow branches, with an append buffer that versions share.", "this lab"),
        &[("soft limit", "A leaf may hold one entry more than its nominal size right after a fork.")],
    ),
    model(
        "im",
        Role::Peer,
        (1.25, 2.6),
        Logarithmic,
        ("HashMap of im 15.1.", "crates.io/crates/im"),
        &[("unmaintained", "Last released in 2022; many users have moved to its fork imbl.")],
    ),
    model(
        "imbl",
        Role::Peer,
        (1.0, 2.2),
        Logarithmic,
        ("HashMap of imbl 7.0.", "crates.io/crates/imbl"),
        &[],
    ),
    model(
        "rpds",
        Role::Peer,
        (0.85, 3.4),
        Logarithmic,
        ("HashTrieMapSync of rpds 1.2.", "crates.io/crates/rpds"),
        &[],
    ),
    model(
        "chunkmap",
        Role::Peer,
        (1.45, 1.9),
        Logarithmic,
        ("MapL of immutable-chunkmap 2.1.", "crates.io/crates/immutable-chunkmap"),
        &[(
            "ordered, no hashing",
            "Keeps its keys in order and compares instead of hashing them: it offers range queries that the others do not.",
        )],
    ),
    model(
        "std",
        Role::Bound,
        (0.35, 0.02),
        Constant,
        ("HashMap of std.", "the standard library"),
        &[("not persistent", "Has no old versions: takes part only where nothing is shared.")],
    ),
];

const VECTORS: &[Model] = &[
    model(
        "copy",
        Role::Naive,
        (0.6, 1.0),
        Linear,
        ("An array in an Arc, copied whole.", "the obvious way"),
        &[],
    ),
    model(
        "trie32",
        Role::Optimized,
        (0.5, 1.2),
        Logarithmic,
        ("32-way trie with a tail.", "L'orange, 2014"),
        &[],
    ),
    model(
        "im",
        Role::Peer,
        (1.2, 1.6),
        Logarithmic,
        ("Vector of im 15.1.", "crates.io/crates/im"),
        &[("unmaintained", "Last released in 2022; many users have moved to its fork imbl.")],
    ),
    model(
        "imbl",
        Role::Peer,
        (1.1, 1.6),
        Logarithmic,
        ("GenericVector of imbl 7.0.", "crates.io/crates/imbl"),
        &[],
    ),
    model(
        "rpds",
        Role::Peer,
        (2.0, 3.1),
        Logarithmic,
        ("VectorSync of rpds 1.2.", "crates.io/crates/rpds"),
        &[],
    ),
    model(
        "std",
        Role::Bound,
        (0.1, 0.01),
        Constant,
        ("Vec of std.", "the standard library"),
        &[("not persistent", "Has no old versions: takes part only where nothing is shared.")],
    ),
];

/// Name, unit, summary, instructions of one operation, whether it changes, whether versions are kept.
type Work = (&'static str, &'static str, &'static str, f64, bool, bool);

const MAP_WORK: &[Work] = &[
    ("insert_unshared", "insert", "Builds a map of n entries from empty, owned once.", 160.0, true, false),
    (
        "insert_shared",
        "insert",
        "Inserts up to 1,000 new keys, the last one reaching n entries, every version before kept.",
        900.0,
        true,
        true,
    ),
    ("get_hit", "get", "Looks up random present keys in a map of n.", 28.0, false, false),
    ("get_miss", "get", "Looks up absent keys in a map of n.", 22.0, false, false),
    (
        "overwrite_shared",
        "insert",
        "Overwrites up to 1,000 random present keys, every version before kept.",
        950.0,
        true,
        true,
    ),
    (
        "remove_unshared",
        "remove",
        "Removes every entry of a map of n in random order, owned once.",
        190.0,
        true,
        false,
    ),
    (
        "remove_shared",
        "remove",
        "Removes up to 1,000 random entries, every version before kept.",
        920.0,
        true,
        true,
    ),
    ("iterate", "entry", "Visits every entry of a map of n.", 12.0, false, false),
    (
        "union",
        "entry",
        "Unites two maps of n entries that have half their keys in common; both stay.",
        120.0,
        true,
        false,
    ),
    (
        "equality",
        "entry",
        "Compares two equal maps of n entries that were built in different orders.",
        45.0,
        false,
        false,
    ),
    (
        "variants_100",
        "variant",
        "Derives 100 variants of one map of n by one insert each and keeps them all.",
        1300.0,
        true,
        true,
    ),
];

const VECTOR_WORK: &[Work] = &[
    ("push_unshared", "push", "Pushes n elements onto an empty vector.", 60.0, true, false),
    ("push_shared", "push", "Pushes up to 1,000 elements, every version before kept.", 300.0, true, true),
    ("get", "get", "Reads random elements of a vector of n.", 40.0, false, false),
    ("set_shared", "set", "Sets up to 1,000 random elements, every version before kept.", 1200.0, true, true),
    ("iterate", "element", "Visits every element of a vector of n.", 9.0, false, false),
];

const SIZES: [u64; 6] = [8, 32, 100, 1000, 10_000, 100_000];

/// A small repeatable disturbance between 0.9 and 1.1.
fn jitter(seed: &str) -> f64 {
    let hash = seed
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    0.9 + 0.2 * ((hash >> 40) as f64 / (1u64 << 24) as f64)
}

fn cell(bottleneck: &str, work: &Work, suffix: &str, size: u64, model: &Model) -> Option<CellRecord> {
    let (scenario, _, _, base, changes, shared) = *work;
    if shared && model.role == Role::Bound {
        return None;
    }
    let scenario = format!("{scenario}{suffix}");
    let growth = match model.changing {
        Linear if changes && shared => size as f64 * 0.04,
        Constant => 1.0,
        _ => 0.6 + 0.35 * (size as f64).ln() / 4f64.ln() / 1.4,
    };
    let strings = if suffix.is_empty() { 1.0 } else { 2.1 };
    let name = format!("{bottleneck}/{scenario}/{size}/{}", model.name);
    // What a contender is good and bad at.
    let talent = jitter(&format!("{scenario}{}", model.name)).powi(6);
    let per_op = base * model.instructions * growth.max(0.3) * strings * talent * jitter(&name);
    // Copying whole is dear: fewer steps.
    let steps = if shared && model.role == Role::Naive { (1_600_000 / size).clamp(4, 1000) } else { 1000 };
    let ops = steps.min(size.max(8));
    let blocks = if changes { (model.blocks * growth.min(4.0) * ops as f64).round() as u64 } else { 0 };
    let bytes = blocks * if matches!(model.changing, Linear) { 24 * size } else { 210 };
    let nanoseconds = per_op * ops as f64 / 3.1 * jitter(&(name.clone() + "t"));
    let ratio = model.instructions * talent * jitter(&(name + "p"));
    Some(CellRecord {
        name: CellName { bottleneck: bottleneck.into(), scenario, size, contender: model.name.into() },
        role: model.role,
        ops,
        digest: "00c0ffee00c0ffee".into(),
        measured: Measurements {
            dropping: Some(Dropping {
                instructions: (per_op * 0.4 * ops as f64) as u64,
                atomics: Some(blocks * 2),
            }),
            afterwards: None,
            instructions: Some((per_op * ops as f64) as u64),
            atomics: Some(Atomics { program: blocks * 5, libraries: blocks / 3 }),
            allocations: Some(Allocations {
                blocks,
                frees: Some(blocks * 3 / 10),
                bytes,
                peak_bytes: bytes * 9 / 10,
                live_bytes: bytes * 7 / 10,
                drop_frees: Some(blocks * 6 / 10),
            }),
            times: Some(Times {
                warm_ns: spread(nanoseconds, 0.97, 1.06),
                cold_ns: spread(nanoseconds * 1.5, 0.95, 1.1),
                drop_ns: Some(spread(nanoseconds * 0.3, 0.96, 1.08)),
                disturbed: 0.0,
                ratios: Some(Ratios {
                    reference: "imbl".into(),
                    warm: spread(ratio, 0.994, 1.007),
                    cold: spread(ratio, 0.98, 1.03),
                }),
            }),
        },
        observed: Default::default(),
    })
}

fn spread(median: f64, low: f64, high: f64) -> Interval {
    Interval { median, low: median * low, high: median * high }
}

fn contender(bottleneck: &str, model: &Model) -> ContenderInfo {
    let growth = match model.changing {
        Constant => "O(1)",
        Logarithmic => "O(log n)",
        Linear => "O(n)",
    };
    let complexity = [("get_hit", "O(log n)"), ("get_miss", "O(log n)"), ("insert_shared", growth)];
    ContenderInfo {
        bottleneck: bottleneck.into(),
        name: model.name.into(),
        role: model.role,
        summary: model.summary.into(),
        source: model.source.into(),
        analysis: "Every changing step copies the nodes from the root to the changed entry and touches the \
                   reference count of each sibling on the way.\n\nWide nodes make the path short and each copy \
                   dear; narrow ones the other way round. Atomic counts dominate the time, though each is one \
                   instruction."
            .into(),
        complexity: complexity.map(|(operation, growth)| (operation.into(), growth.into())).into(),
        caveats: model
            .caveats
            .iter()
            .map(|(badge, text)| CaveatInfo { badge: (*badge).into(), text: (*text).into() })
            .collect(),
    }
}

fn bottleneck(name: &str, title: &str, question: &str, work: &[Work], suffixes: &[&str]) -> BottleneckInfo {
    let scenarios = work.iter().flat_map(|work| {
        suffixes.iter().map(|suffix| ScenarioInfo {
            name: format!("{}{suffix}", work.0),
            summary: if suffix.is_empty() { work.2.into() } else { work.2.replace("entries", "String keys") },
            unit: work.1.into(),
            keeps_versions: work.5,
            purpose: None,
        })
    });
    BottleneckInfo {
        name: name.into(),
        title: title.into(),
        question: question.into(),
        reference: "imbl".into(),
        scenarios: scenarios.collect(),
        concurrent: Vec::new(),
        memory: vec![match name {
            "persistent_map" => memory("entry", "insert_unshared", "variants_100"),
            _ => memory("element", "push_unshared", "set_shared"),
        }],
        composition: None,
        choice: None,
    }
}

fn memory(unit: &str, built: &str, kept: &str) -> MemoryInfo {
    MemoryInfo { unit: unit.into(), built: built.into(), kept: kept.into(), versions: 100 }
}

fn cells(name: &str, work: &[Work], suffixes: &[&str], models: &[Model], sizes: &[u64]) -> Vec<CellRecord> {
    let mut cells = Vec::new();
    for (work, suffix) in work.iter().flat_map(|work| suffixes.iter().map(move |suffix| (work, *suffix))) {
        for (size, model) in sizes.iter().flat_map(|size| models.iter().map(move |model| (*size, model))) {
            cells.extend(cell(name, work, suffix, size, model));
        }
    }
    cells
}

/// Two bottlenecks with all their scenarios, sizes and meters.
pub fn full_size() -> Record {
    let mut cells = [
        cells("persistent_map", MAP_WORK, &["", "_string"], MAPS, &SIZES),
        cells("persistent_vector", VECTOR_WORK, &["", "_string"], VECTORS, &SIZES),
    ]
    .concat();
    cells.sort_by(|left, right| left.name.cmp(&right.name));
    let contenders = MAPS.iter().map(|model| contender("persistent_map", model));
    Record {
        schema: SCHEMA,
        started: "2026-03-01T12:30:59Z".into(),
        profile: "default".into(),
        command: "scripts/just lab run --profile default".into(),
        seed: None,
        fingerprint: Fingerprint {
            rustc: "rustc 1.95.0 (f2d3ce0bd 2026-03-21)".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            valgrind: "valgrind-3.19.0".into(),
            glibc: "glibc 2.36".into(),
            cpu: "AMD EPYC 9R45".into(),
            isa: "avx2 bmi2 popcnt sse4.2".into(),
            profile: "release: opt-level 3, 1 codegen unit, no LTO".into(),
            codegen: "1 codegen unit, no link-time optimisation".into(),
            tunables: "glibc.cpu.hwcaps=-ERMS,-FSRM".into(),
            revision: "1f1e7780c0ffee00c0ffee00c0ffee00c0ffee00".into(),
            dirty: false,
        },
        trials: Vec::new(),
        machines: Vec::new(),
        input: None,
        identities: None,
        bottlenecks: vec![
            bottleneck(
                "persistent_map",
                "Persistent map",
                "How much does it cost to keep old versions of a map alive? A mutable hash map is fast until \
                 somebody needs yesterday's content: undo, snapshots for readers, backtracking. Copying it whole \
                 costs O(n) per version; a trie copies only the path to the changed entry.",
                MAP_WORK,
                &["", "_string"],
            ),
            bottleneck(
                "persistent_vector",
                "Persistent vector",
                "What does a list cost whose every version stays valid?",
                VECTOR_WORK,
                &["", "_string"],
            ),
        ],
        contenders: contenders
            .chain(VECTORS.iter().map(|model| contender("persistent_vector", model)))
            .collect(),
        cells,
        failures: Vec::new(),
        skipped: Vec::new(),
    }
}

/// What lies beside a record: a baseline with the functions of all of its cells.
pub fn beside(record: &Record) -> Beside {
    let entry = |cell: &CellRecord| {
        let count = cell.measured.instructions?;
        let own = format!("impls/{}/{}/src/lib.rs", cell.name.bottleneck, cell.name.contender);
        let shares = [
            (format!("insert ({own})"), 30),
            (format!("insert ({own}) > malloc"), 25),
            (format!("copied::<K> ({own})"), 20),
            (format!("copied::<K> ({own}) > __memcpy_avx_unaligned"), 10),
            ("advance (scenarios/src/cases.rs)".to_owned(), 10),
            ("hash (foldhash-0.2.0/src/fast.rs)".to_owned(), 3),
        ];
        let functions = shares.map(|(row, share)| (row, count * share / 100));
        let counts = BTreeMap::from([(Metric::Instructions, count)]);
        Some((cell.name.clone(), Entry { counts, functions: functions.into(), ..Entry::default() }))
    };
    let cells = record.cells.iter().filter_map(entry).collect();
    Beside {
        functions: Some(Baseline { cells, ..Baseline::default() }),
        history: history(record),
        sensitivity: sensitivity(record),
    }
}

/// The cells of the smallest size of each scenario in two other surroundings. In one of them the order of contenders is turned
/// around.
fn sensitivity(record: &Record) -> BTreeMap<String, Sensitivity> {
    let surroundings: Vec<Surroundings> =
        ["usual", "jemalloc", "entries_64"].into_iter().filter_map(named).collect();
    let mut all: BTreeMap<String, Sensitivity> = BTreeMap::new();
    for cell in &record.cells {
        let smallest = record.cells.iter().filter(|other| {
            (&other.name.bottleneck, &other.name.scenario) == (&cell.name.bottleneck, &cell.name.scenario)
        });
        let is_smallest = smallest.map(|other| other.name.size).min() == Some(cell.name.size);
        let Some(count) = cell.measured.instructions.filter(|_| is_smallest) else { continue };
        let of = all.entry(cell.name.bottleneck.clone()).or_insert_with(|| Sensitivity {
            conditions: [("rustc".to_owned(), "rustc 1.95.0".to_owned())].into(),
            surroundings: surroundings.clone(),
            ..Sensitivity::default()
        });
        let turned = (1 << 40) / count.max(1) * cell.ops;
        let instructions = vec![Some(count), Some(count + count / 100), Some(turned.max(1))];
        of.cells.insert(cell.name.clone(), Counted { ops: cell.ops, instructions });
    }
    all
}

/// Three records of before, in the last of which `best` became as cheap in `get_hit` as it is in the record.
pub fn history(record: &Record) -> Vec<reports::history::store::Entry> {
    let entry = |(day, factor): (u64, f64)| {
        let mut past = record.clone();
        past.started = format!("2026-01-{day:02}T08:00:00Z");
        past.fingerprint.revision = day.to_string().repeat(40);
        past.fingerprint.dirty = false;
        let is_slow =
            |cell: &&mut CellRecord| cell.name.contender == "best" && cell.name.scenario == "get_hit";
        for cell in past.cells.iter_mut().filter(is_slow) {
            cell.measured.instructions =
                cell.measured.instructions.map(|count| (count as f64 * factor) as u64);
        }
        let kept = Kept::of(&past);
        reports::history::store::Entry { id: id(&kept.text()), kept }
    };
    [(1, 1.5), (2, 1.5), (3, 1.0)].map(entry).into()
}

/// The name of a contender that must not become a script.
pub const SCRIPT_NAME: &str = "<script>document.title='broken'</script>";

/// A small record in which everything happens that can: names and sentences that are markup, meters
/// that did not run, zeros, a contender that has few cells, one excluded contender, failed cells.
pub fn hostile() -> Record {
    let mut record = full_size();
    record.fingerprint.dirty = true;
    record.fingerprint.valgrind.clear();
    record.bottlenecks[0].scenarios.truncate(6);
    record.bottlenecks[1].title = "Vectors & \"lists\" <i>".into();
    let kept: Vec<String> =
        record.bottlenecks[0].scenarios.iter().map(|scenario| scenario.name.clone()).collect();
    record.cells.retain(|cell| {
        let quick = cell.name.size <= 1000;
        // Listed, but not measured: `get_hit_string`.
        let known = kept.contains(&cell.name.scenario) && cell.name.scenario != "get_hit_string";
        quick && (known || cell.name.bottleneck == "persistent_vector")
    });
    for cell in &mut record.cells {
        if cell.name.bottleneck == "persistent_vector" {
            cell.measured.times = None;
        }
        if let Some(times) = cell.measured.times.as_mut().filter(|_| cell.name.scenario == "get_hit") {
            times.ratios = None;
        }
        if cell.name.scenario == "insert_unshared" && cell.name.contender == "best" && cell.name.size < 100 {
            cell.measured.allocations = Some(Allocations::default());
        }
    }
    let stranger = ContenderInfo {
        bottleneck: "persistent_map".into(),
        name: SCRIPT_NAME.into(),
        role: Role::Optimized,
        summary: "Out of tree & \"quoted\".".into(),
        source: "</section><img src=x onerror=alert(1)>".into(),
        analysis: "First </details>.\n\n\n\nSecond.".into(),
        complexity: BTreeMap::from([("get<K>".into(), "O(1) <b>".into())]),
        caveats: vec![CaveatInfo {
            badge: "\"><script>document.title='broken'</script>".into(),
            text: "An attribute's end: \" onmouseover=\"document.title='broken'".into(),
        }],
    };
    let mut sparse: Vec<CellRecord> = record
        .cells
        .iter()
        .filter(|cell| cell.name.contender == "champ" && cell.name.scenario == "get_hit")
        .cloned()
        .collect();
    for cell in &mut sparse {
        cell.name.contender = SCRIPT_NAME.into();
        cell.measured.times = None;
    }
    record.contenders.push(stranger);
    record.cells.extend(sparse);
    record.cells.sort_by(|left, right| left.name.cmp(&right.name));
    record.cells.retain(|cell| {
        (cell.name.bottleneck.as_str(), cell.name.contender.as_str()) != ("persistent_map", "hamt")
    });
    record.failures = vec![
        Failure {
            subject: "persistent_map/hamt".into(),
            phase: "verify".into(),
            message: "version 3 changed while it was held: expected 2 entries, found <3>".into(),
            trace: vec![
                "Insert { version: 0, key: 1, value: 1 }".into(),
                "Remove { version: 0, key: 1 } <b>".into(),
            ],
        },
        Failure {
            subject: "persistent_vector/get/1000/rpds".into(),
            phase: "wall".into(),
            message: "the worker was killed by signal 9".into(),
            trace: Vec::new(),
        },
    ];
    record
}

/// The parts of the store, and what the source does about each.
const PARTS: [(&str, &str); 7] = [
    ("storage", "keeps the leaves in one sorted array"),
    ("query", "walks the keys in place of a tree"),
    ("patterns", "compiles all patterns into one trie"),
    ("signals", "notifies only who looked at what changed"),
    ("slots", "reuses free slots"),
    ("cache", "keeps the <last> answers"),
    ("arrays", "moves positions in place of elements"),
];

const PROGRAMS: [&str; 2] = ["program_editor", "program_form"];
const STORE_WORK: [&str; 7] =
    ["program_editor", "program_form", "get", "match_patterns", "notify", "iterate", "everything"];

/// What one operation of the store costs, with these parts best.
fn store_cost(scenario: &str, size: u64, best: &[bool]) -> f64 {
    let n = size as f64;
    let either = |part: usize, good: f64, bad: f64| if best[part] { good } else { bad };
    match scenario {
        "program_editor" => {
            // A query costs less where the storage is good, and a cache answers half of the queries.
            let query = either(1, 30.0, if best[0] { 1.2 * n } else { 2.0 * n });
            let cached = either(5, 0.5 * query + 4.0, query);
            either(0, 20.0, 0.4 * n) + cached + either(3, 60.0, 90.0) + either(6, 2.0, 6.0) + 5.0
        }
        "program_form" => either(0, 20.0, 0.1 * n) + either(3, 60.0, 60.0 + 0.3 * n) + either(2, 95.0, 60.0),
        "get" => either(0, 25.0, 0.5 * n),
        "match_patterns" => either(2, 40.0, 0.8 * n) + either(6, 2.0, 4.0),
        "notify" => 40.0 + either(3, 20.0, 70.0),
        "iterate" => 12.0 * n,
        // Each of these helps the more, the more of the others are best.
        _ => {
            let good = best[..5].iter().filter(|best| **best).count() as i32;
            1000.0 * 0.4f64.powi(good * good / 3) + either(6, 1.0, 2.0)
        }
    }
}

/// The record of [`full_size`] with a third bottleneck, whose contenders are put together from seven parts.
pub fn composed() -> Record {
    let count = PARTS.len();
    let base = [(0..count).map(|_| false).collect(), vec![true; count]];
    let but = |all: bool, at: usize| (0..count).map(|part| all != (part == at)).collect::<Vec<bool>>();
    let mut mixtures: Vec<(String, Vec<bool>)> =
        ["all_naive", "best"].map(str::to_owned).into_iter().zip(base).collect();
    mixtures.extend((0..count).map(|at| (format!("naive_but_{}", PARTS[at].0), but(false, at))));
    mixtures.extend((0..count).map(|at| (format!("best_but_{}", PARTS[at].0), but(true, at))));
    let names = |best: &[bool]| -> Vec<String> {
        PARTS.iter().zip(best).filter(|(_, best)| **best).map(|((name, _), _)| (*name).into()).collect()
    };
    let title = |name: &str| name[..1].to_uppercase() + &name[1..];
    let parts = PARTS.map(|(name, optimisation)| PartInfo {
        name: name.into(),
        title: title(name),
        bottleneck: if name == "storage" { "persistent_map" } else { "elsewhere" }.into(),
        naive: "cow".into(),
        planned: "hamt".into(),
        best: "best".into(),
        optimisation: optimisation.into(),
    });
    let mut record = full_size();
    let scenario = |name: &&str| ScenarioInfo {
        name: (*name).into(),
        summary: format!("Does what is done in {name}."),
        unit: "step".into(),
        keeps_versions: false,
        purpose: None,
    };
    record.bottlenecks.push(BottleneckInfo {
        scenarios: STORE_WORK.iter().map(scenario).collect(),
        memory: Vec::new(),
        reference: "best".into(),
        choice: None,
        composition: Some(CompositionInfo {
            parts: parts.into(),
            mixtures: mixtures
                .iter()
                .map(|(contender, best)| MixtureInfo { contender: contender.clone(), best: names(best) })
                .collect(),
            planned: "as_planned".into(),
            programs: PROGRAMS.map(str::to_owned).into(),
        }),
        ..bottleneck("store", "Store", "Which of its parts must be good?", &[], &[])
    });
    let planned = vec![true, true, false, true, false, false, false];
    let contenders = mixtures
        .into_iter()
        .chain([("as_planned".to_owned(), planned), ("crate".to_owned(), vec![false; count])]);
    for (name, best) in contenders {
        let role = match name.as_str() {
            "all_naive" => Role::Naive,
            "crate" => Role::Peer,
            _ => Role::Optimized,
        };
        for (scenario, size) in
            STORE_WORK.iter().flat_map(|scenario| [100, 1000].map(|size| (scenario, size)))
        {
            let cost = store_cost(scenario, size, &best) * if name == "crate" { 0.7 } else { 1.0 };
            let (ops, instructions) = (1000, (cost * 1000.0) as u64);
            let blocks = if *scenario == "notify" { 0 } else { instructions / 90 };
            record.cells.push(CellRecord {
                name: CellName {
                    bottleneck: "store".into(),
                    scenario: (*scenario).into(),
                    size,
                    contender: name.clone(),
                },
                role,
                ops,
                digest: "00c0ffee00c0ffee".into(),
                measured: Measurements {
                    dropping: Some(Dropping { instructions: instructions / 2, atomics: Some(0) }),
                    afterwards: None,
                    instructions: Some(instructions),
                    atomics: Some(Atomics::default()),
                    allocations: Some(Allocations { blocks, bytes: blocks * 64, ..Allocations::default() }),
                    times: Some(Times {
                        warm_ns: spread(cost * 310.0, 0.99, 1.01),
                        cold_ns: spread(cost * 600.0, 0.9, 1.15),
                        drop_ns: Some(spread(cost * 90.0, 0.99, 1.01)),
                        disturbed: 0.0,
                        ratios: Some(Ratios {
                            reference: "best".into(),
                            warm: spread(cost, 0.99, 1.01),
                            cold: spread(cost, 0.99, 1.01),
                        }),
                    }),
                },
                observed: Default::default(),
            });
        }
        record.contenders.push(ContenderInfo {
            bottleneck: "store".into(),
            role,
            summary: format!("The mixture {name}."),
            source: String::new(),
            analysis: String::new(),
            complexity: BTreeMap::new(),
            caveats: Vec::new(),
            name,
        });
    }
    record.cells.sort_by(|left, right| left.name.cmp(&right.name));
    record
}

/// A page with tables in place of the lines of which its script makes tables.
fn unfolded(page: &str) -> String {
    let mut whole = String::with_capacity(page.len() * 2);
    let mut rest = page;
    const START: &str = "<pre data-metric=";
    while let Some(start) = rest.find(START) {
        whole.push_str(&rest[..start]);
        let (lines, behind) = rest[start + START.len()..].split_once("</pre>").unwrap();
        let (metric, lines) = lines.split_once('>').unwrap();
        let (metric, is_drawn) =
            metric.strip_suffix(" data-drawn").map_or((metric, false), |metric| (metric, true));
        rest = behind;
        // The first table of the place says of what kind the others are.
        let before = &page[..page.len() - rest.len()];
        let kinds = ["matrix", "glance", "saved"]
            .map(|kind| (before.rfind(&format!("<table class=\"{kind} m\"")), kind));
        let (Some(model), kind) = kinds.into_iter().max().unwrap() else { panic!("no table before {lines}") };
        let text = lines;
        let mut lines = lines.lines().map(|line| line.split('\t'));
        let caption = lines.next().unwrap().next().unwrap();
        if is_drawn {
            push_figure(&mut whole, metric, caption, text);
        }
        let sortable = if kind == "saved" { "" } else { " data-sortable" };
        whole.push_str(&format!(
            "<table class=\"{kind} m\" data-metric=\"{metric}\"{sortable}><caption>{caption}</caption>"
        ));
        let mut head = lines.next().unwrap();
        let is_ratio: Vec<bool> = head.clone().skip(1).map(|text| kind == "glance" || text == "÷").collect();
        if kind == "matrix" {
            assert_eq!(head.next(), Some("n ="));
            whole.push_str("<thead><tr><th>Contender");
            let heads: Vec<&str> = head.collect();
            for (at, text) in heads.iter().enumerate().filter(|(_, text)| **text != "÷") {
                let span = if is_ratio.get(at + 1) == Some(&true) { " colspan=2" } else { "" };
                whole.push_str(&format!("<th{span}>n = {}", spaced(text)));
            }
        } else {
            let thead = &page[model + page[model..].find("<thead>").unwrap()..];
            whole.push_str(&thead[..thead.find("<tbody>").unwrap()]);
        }
        whole.push_str("<tbody>");
        // Names on lines of their own have the cells of the next line.
        let mut names = Vec::new();
        let rows = lines.flat_map(|line| {
            let mut cells = line;
            let name = cells.next().unwrap();
            let cells: Vec<&str> = cells.collect();
            if cells.is_empty() {
                names.push(name.strip_suffix(',').unwrap());
                return Vec::new();
            }
            names.push(name);
            std::mem::take(&mut names).into_iter().map(|name| (name, cells.clone())).collect()
        });
        for (name, cells) in rows {
            whole.push_str(&match kind {
                "matrix" => format!("<tr><th>{name}"),
                "glance" => format!("<tr data-scenario=\"{name}\"><th>{name}"),
                _ => format!("<tr><th>{name}"),
            });
            for (at, cell) in cells.into_iter().enumerate() {
                let sign = if is_ratio.get(at) == Some(&true) && cell != "-" { "×" } else { "" };
                push_cell(&mut whole, &format!("{cell}{sign}"));
            }
        }
        whole.push_str("</table>");
    }
    whole.push_str(rest);
    whole
}

/// The figure that the script makes for the chart of a table.
fn push_figure(whole: &mut String, metric: &str, caption: &str, lines: &str) {
    let (title, rest) = caption.split_once(", ").unwrap();
    let unit = rest.split([':', ',']).next().unwrap();
    let mut cells = lines.split(['\t', '\n']);
    let note = if cells.any(|cell| cell.trim_start_matches('·') == "0") {
        "<p class=note>Zero has no logarithm, so it is drawn on the line marked 0.</p>"
    } else if lines.contains('(') {
        "<p class=note>The bars are 95 % confidence intervals, where they reach beyond the marks.</p>"
    } else {
        ""
    };
    whole.push_str(&format!(
        "<figure class=\"m needs-script\" data-metric=\"{metric}\"><figcaption>{title} \
         <span>{unit}, by size, both logarithmic</span></figcaption>{note}</figure>"
    ));
}

/// The cell of which `·12.3 (12.1-12.4) noisy` tells.
fn push_cell(whole: &mut String, text: &str) {
    let (text, noisy) = text.strip_suffix(" noisy").map_or((text, false), |text| (text, true));
    let (text, best) = text.strip_prefix('·').map_or((text, ""), |text| (text, " class=best"));
    let (value, below) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((value, below)) => (value.trim_end(), below),
        None => (text, ""),
    };
    whole.push_str(&format!("<td{best}>{}", spaced(value)));
    if !below.is_empty() {
        let is_interval = !below.starts_with('-');
        let below = spaced(below);
        let below = if is_interval { below.replacen('-', "–", 1) } else { below };
        whole.push_str(&format!("<i>{below}</i>"));
    }
    if noisy {
        whole.push_str("<i class=\"noisy\">noisy</i>");
    }
}

/// A number as a page that is no lines writes it.
fn spaced(text: &str) -> String {
    if text == "-" {
        return "–".to_owned();
    }
    let mut spaced = String::new();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(at) = rest.next() {
        let is_within = at == ' '
            && before.is_ascii_digit()
            && rest.peek().is_some_and(|next| next.is_ascii_digit() || "kMG%".contains(*next));
        spaced.push(if is_within { '\u{202f}' } else { at });
        before = at;
    }
    spaced.replace(" - ", " – ")
}

/// Elements whose ends a page may leave out, and what ends them where it begins.
const OPTIONAL: [(&str, &[&str]); 8] = [
    (
        "p",
        &[
            "details",
            "div",
            "dl",
            "fieldset",
            "figcaption",
            "figure",
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "header",
            "main",
            "nav",
            "ol",
            "p",
            "section",
            "table",
            "ul",
        ],
    ),
    ("li", &["li"]),
    ("dt", &["dt", "dd"]),
    ("dd", &["dt", "dd"]),
    ("td", &["td", "th", "tr", "tbody"]),
    ("th", &["td", "th", "tr", "tbody"]),
    ("tr", &["tr", "tbody"]),
    ("thead", &["tbody"]),
];

/// Elements without an end.
const VOID: [&str; 7] = ["br", "hr", "img", "input", "link", "meta", "!doctype"];

/// A page as a browser reads it: every value of an attribute has its quotes, every element its end, and every table is one.
/// Only bodies and heads of tables end where they like.
pub fn as_read(page: &str) -> String {
    let page = unfolded(page);
    let mut read = String::with_capacity(page.len() * 5 / 4);
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.as_str();
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap() + 1;
        read.push_str(&rest[..start]);
        let tag = &rest[start..end];
        rest = &rest[end..];
        let name = tag[1..].split([' ', '\n', '>']).next().unwrap().trim_end_matches('/');
        if let Some(name) = name.strip_prefix('/') {
            // A whole that ends, ends what is open within it.
            if let Some(at) = open.iter().rposition(|open| *open == name) {
                for within in open.drain(at..).skip(1).rev().collect::<Vec<_>>() {
                    push_end(&mut read, within);
                }
            }
            read.push_str(tag);
            continue;
        }
        while let Some((last, ends)) =
            open.last().and_then(|last| OPTIONAL.iter().find(|(name, _)| name == last))
            && ends.contains(&name)
        {
            push_end(&mut read, last);
            open.pop();
        }
        push_quoted(&mut read, tag);
        if !tag.ends_with("/>") && !VOID.contains(&name) {
            open.push(name);
        }
        if name == "script" {
            let length = rest.find("</script>").unwrap();
            read.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    read.push_str(rest);
    read
}

/// Appends the end of an element that a page may leave out.
fn push_end(read: &mut String, name: &str) {
    if OPTIONAL.iter().any(|(optional, _)| *optional == name) && name != "thead" {
        read.extend(["</", name, ">"]);
    }
}

/// Appends a tag with quotes around each value.
fn push_quoted(read: &mut String, tag: &str) {
    let mut rest = tag;
    while let Some(at) = rest.find('=') {
        let (before, from) = rest.split_at(at + 1);
        read.push_str(before);
        let quote = from.chars().next().unwrap();
        let length = if quote == '"' || quote == '\'' {
            from[1..].find(quote).unwrap() + 2
        } else {
            from.find([' ', '>']).unwrap()
        };
        let (value, behind) = from.split_at(length);
        if value.starts_with(quote) && value.len() > 1 && (quote == '"' || quote == '\'') {
            read.push_str(value);
        } else {
            read.extend(["\"", value, "\""]);
        }
        rest = behind;
    }
    read.push_str(rest);
}
