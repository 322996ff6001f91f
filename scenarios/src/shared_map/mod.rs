//! **Shared map**: a map, and a set, in memory that several threads and processes read while one writes.
//!
//! Contracts: [`SharedMap`] and [`SharedSet`], both through a [`Family`]. Oracle: a `BTreeMap` per version. Scenarios:
//! [`BOTTLENECK`], each with keys of 8 bytes and (suffix `_string`) with 16-byte texts; values are numbers.
//!
//! In these scenarios writer and reader are in one process, so that what they execute can be counted. A version is "kept"
//! while a snapshot of it lives.

mod as_set;
mod cases;
mod checks;
mod concurrent;
mod contract;
mod oracle;

use crate::concurrency::Concurrency;
use crate::contender::{About, Bottleneck, Capability, Contender, Growth, NOTHING, Scenario, Sizes};

pub use as_set::MapAsSet;
pub use contract::{Family, MapSnapshot, SetSnapshot, SharedMap, SharedSet};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "shared_map",
    title: "Shared map",
    question: "What does it cost to let other threads and processes read a map while it changes? To hand out a copy \
               costs O(n) for every version, once for the writer and once for each reader. A trie whose nodes lie in shared \
               memory, linked by offsets instead of pointers, is read where it lies: a version costs the path to what \
               changed, and a reader copies nothing and waits for nobody.",
    scenarios: SCENARIOS,
    concurrent: CONCURRENT,
    checks: checks::CHECKS,
    sizes: SIZES,
    memory: &[],
    composition: None,
    choice: None,
    own_inputs: &[],
    reference: "lmdb",
    describe: checks::describe,
    why_no_input: "it takes the operations of one writer and many readers at once, and a file has one order",
};

const SIZES: Sizes = Sizes {
    quick: &[8, 1000],
    default: &[8, 1000, 100_000],
    full: &[8, 100, 1000, 10_000, 100_000, 1_000_000],
};

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("build", "set", NOTHING, "Sets n new keys, one by one, in an empty map, and publishes once."),
    Scenario::new("build_string", "set", NOTHING, "Sets n new keys of 16 bytes, one by one, in an empty map, and publishes once."),
    Scenario::new("set_kept", "set", NOTHING, "Sets 100 keys in a map of n, half of them new, and publishes and keeps a version for each."),
    Scenario::new("set_kept_string", "set", NOTHING, "Sets 100 keys of 16 bytes in a map of n, half of them new, and publishes and keeps a version for each."),
    Scenario::new("set_many", "set", NOTHING, "Sets up to 1,000 keys of a map of n in one batch, half of them new, and publishes once."),
    Scenario::new("set_many_string", "set", NOTHING, "Sets up to 1,000 keys of 16 bytes of a map of n in one batch, half of them new, and publishes once."),
    Scenario::new("delete_many", "delete", NOTHING, "Deletes up to 1,000 keys of a map of n in one batch, and publishes once."),
    Scenario::new("delete_many_string", "delete", NOTHING, "Deletes up to 1,000 keys of 16 bytes of a map of n in one batch, and publishes once."),
    Scenario::new("publish_one", "version", NOTHING, "Changes the value of a key of a map of n and publishes, 100 times. Nobody keeps a version."),
    Scenario::new("publish_one_string", "version", NOTHING, "Changes the value of a key of 16 bytes of a map of n and publishes, 100 times. Nobody keeps a version."),
    Scenario::new("latest", "snapshot", NOTHING, "Takes a snapshot of a map of n, looks up one key and drops the snapshot."),
    Scenario::new("get_hit", "get", NOTHING, "Looks up random present keys in a snapshot of n."),
    Scenario::new("get_hit_string", "get", NOTHING, "Looks up random present keys of 16 bytes in a snapshot of n."),
    Scenario::new("get_miss", "get", NOTHING, "Looks up absent keys in a snapshot of n."),
    Scenario::new("get_miss_string", "get", NOTHING, "Looks up absent keys of 16 bytes in a snapshot of n."),
    Scenario::new("get_many", "get", NOTHING, "Looks up many keys at once in a snapshot of n; half are absent."),
    Scenario::new("get_many_string", "get", NOTHING, "Looks up many keys of 16 bytes at once in a snapshot of n; half are absent."),
    Scenario::new("iterate", "entry", NOTHING, "Visits every entry of a snapshot of n."),
    Scenario::new("iterate_string", "entry", NOTHING, "Visits every entry of a snapshot of n with keys of 16 bytes."),
    Scenario::new("set_add_string", "add", NOTHING, "Adds n new keys of 16 bytes, one by one, to an empty set, and publishes once."),
    Scenario::new("set_has_string", "look-up", NOTHING, "Asks a snapshot of a set of n for keys of 16 bytes; half are absent."),
    Scenario::new("set_delete_string", "delete", NOTHING, "Deletes all n keys of 16 bytes of a set, one by one, in random order, and publishes once."),
];

const PROCESSES: &[Capability] = &[Capability::Processes];

const SOME_SIZES: Sizes =
    Sizes { quick: &[1000], default: &[1000, 100_000], full: &[1000, 100_000, 1_000_000] };

#[rustfmt::skip]
const CONCURRENT: &[Scenario] = &[
    Scenario::new("attach", "process", PROCESSES, "A process that has just begun attaches to a map of n, takes a snapshot and looks up one key.").at(SOME_SIZES),
    Scenario::new("read_threads", "get", NOTHING, "Threads look up random keys of 16 bytes in a map of n, and take the newest version for every hundred look-ups: alone, and while the writer publishes changes as fast as it can.").at(SOME_SIZES),
    Scenario::new("read_processes", "get", PROCESSES, "Processes look up random keys of 16 bytes in a map of n, and take the newest version for every hundred look-ups: alone, and while the writer publishes changes as fast as it can.").at(SOME_SIZES),
    Scenario::new("read_processes_long", "get", PROCESSES, "As read_processes, but the newest version is taken for every ten thousand look-ups.").at(SOME_SIZES),
    Scenario::new("visible_threads", "version", NOTHING, "From the moment before a change of a map of n is made and published to the moment when a thread that waits for it has read it.").at(SOME_SIZES),
    Scenario::new("visible_processes", "version", PROCESSES, "From the moment before a change of a map of n is made and published to the moment when a process that waits for it has read it.").at(SOME_SIZES),
];

/// The complexity that a contender states whose operations go down a trie: log n for a key, and a constant for each entry
/// that is visited.
pub const AS_A_TRIE: &[(&str, Growth)] = &[
    ("build", Growth::Logarithmic),
    ("set_kept", Growth::Logarithmic),
    ("set_many", Growth::Logarithmic),
    ("delete_many", Growth::Logarithmic),
    ("publish_one", Growth::Logarithmic),
    ("latest", Growth::Constant),
    ("get_hit", Growth::Logarithmic),
    ("get_miss", Growth::Logarithmic),
    ("get_many", Growth::Logarithmic),
    ("iterate", Growth::Constant),
    ("set_add", Growth::Logarithmic),
    ("set_has", Growth::Logarithmic),
    ("set_delete", Growth::Logarithmic),
];

/// The complexity that a contender states that keeps a hash map and copies it for each version. Readers read the copy.
pub const COPIED_BY_THE_WRITER: &[(&str, Growth)] = &[
    ("build", Growth::Constant),
    ("set_kept", Growth::Linear),
    ("set_many", Growth::Linear),
    ("delete_many", Growth::Linear),
    ("publish_one", Growth::Linear),
    ("latest", Growth::Constant),
    ("get_hit", Growth::Constant),
    ("get_miss", Growth::Constant),
    ("get_many", Growth::Constant),
    ("iterate", Growth::Constant),
    ("set_add", Growth::Constant),
    ("set_has", Growth::Constant),
    ("set_delete", Growth::Constant),
];

/// The same where each reader copies once more.
pub const COPIED_BY_READERS_TOO: &[(&str, Growth)] = &[
    ("build", Growth::Constant),
    ("set_kept", Growth::Linear),
    ("set_many", Growth::Linear),
    ("delete_many", Growth::Linear),
    ("publish_one", Growth::Linear),
    ("latest", Growth::Linear),
    ("get_hit", Growth::Constant),
    ("get_miss", Growth::Constant),
    ("get_many", Growth::Constant),
    ("iterate", Growth::Constant),
    ("set_add", Growth::Constant),
    ("set_has", Growth::Constant),
    ("set_delete", Growth::Constant),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<F: Family>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<F>,
        replay: checks::replay::<F>,
        concurrency: Some(Concurrency { trial: concurrent::trial::<F>, part: concurrent::part::<F> }),
    }
}
