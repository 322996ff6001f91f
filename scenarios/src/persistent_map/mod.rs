//! **Persistent map**: a map whose old versions stay valid at little cost.
//!
//! Contract: [`PersistentMap`], for every key, value and hasher through a [`Family`]. Oracle: a `BTreeMap` that is
//! copied whole for every version. Scenarios: [`BOTTLENECK`], each with `u64` keys and (suffix `_string`) with 16-byte
//! `String` keys; values are `u64`.
//!
//! An "unshared" map shares nothing with another version, so a change may happen in place. A "shared" step keeps the
//! version before it alive to the end of the region. "Of versions" means that two maps have most of their content in
//! common, because both were made of one map by a few changes.

pub(crate) mod cases;
pub(crate) mod checks;
pub(crate) mod contract;
pub(crate) mod mixes;
pub(crate) mod operations;
pub(crate) mod oracle;
pub(crate) mod own;

use crate::contender::{
    About, Bottleneck, Capability, Contender, Form, Memory, NOTHING, OwnInput, Purpose, Scenario, Sizes,
};
use crate::operations::traces;

pub use contract::{Family, PersistentMap};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "persistent_map",
    title: "Persistent map",
    question: "How much does it cost to keep old versions of a map alive? A mutable hash map is fast until somebody \
               needs yesterday's content: for undo, for readers' snapshots, for backtracking. To copy the map whole \
               costs O(n) per version. A trie copies only the path to the entry that changes.",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: SIZES,
    memory: &[
        Memory { unit: "entry", built: "insert_unshared", kept: "variants_100", versions: 100 },
        Memory { unit: "entry", built: "insert_unshared_string", kept: "variants_100_string", versions: 100 },
    ],
    composition: None,
    choice: Some(&mixes::CHOICE),
    own_inputs: &[
        TRACES,
        OwnInput {
            name: "mix",
            expects: "a mix of operations in one line, such as `key=string size=10000 versions=100 get=80 insert=15 remove=5`",
            scenarios: OWN_MIX,
            check: mixes::check,
            form: Form::Whole,
            parts: &[],
            items: ["mix", "mixes"],
            size: Some(mixes::size),
            sizes_count: "entries",
            claims: Some(crate::mix::claims),
        },
        OwnInput {
            name: "keys",
            expects: "one key a line, in UTF-8",
            scenarios: OWN_KEYS,
            check: crate::own::check_keys,
            form: Form::Keys,
            parts: &[],
            items: ["key", "keys"],
            size: Some(crate::own::distinct),
            sizes_count: "distinct keys",
            claims: None,
        },
    ],
    reference: "imbl",
    describe: checks::describe,
    why_no_input: "",
};

const PERSISTENT: &[Capability] = &[Capability::Persistent];

const SIZES: Sizes = Sizes {
    quick: &[8, 100, 1000],
    default: &[8, 32, 100, 1000, 10_000, 100_000],
    full: &[8, 32, 100, 1000, 10_000, 100_000, 1_000_000],
};

/// For a scenario in which some contenders copy every String. At 100,000 entries each of them would cost the gate 150
/// million instructions, and the result would be the same as at 10,000.
const TO_10_000: Sizes = Sizes { default: &[8, 32, 100, 1000, 10_000], ..SIZES };

/// For a scenario about what a large map does to caches and memory.
const FROM_1000: Sizes =
    Sizes { quick: &[1000], default: &[1000, 10_000, 100_000], full: &[1000, 10_000, 100_000, 1_000_000] };

/// For a scenario whose result does not change beyond.
const FROM_100: Sizes =
    Sizes { quick: &[100], default: &[100, 1000, 10_000], full: &[100, 1000, 10_000, 100_000] };

/// The same, for a scenario with many operations for each of n.
const UP_TO_10_000: Sizes =
    Sizes { quick: &[1000], default: &[1000, 10_000], full: &[1000, 10_000, 100_000] };

/// For a scenario that does the same n times.
const FEW: Sizes = Sizes { quick: &[100], default: &[100, 1000], full: &[100, 1000, 10_000] };

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("insert_unshared", "insert", NOTHING, "Builds a map of n entries by inserts into an empty map that shares nothing."),
    Scenario::new("insert_unshared_string", "insert", NOTHING, "Builds a map of n String keys by inserts into an empty map that shares nothing."),
    Scenario::new("insert_shared", "insert", PERSISTENT, "Inserts new keys and keeps every earlier version: all n keys up to 1,000, the last 100 of more."),
    Scenario::new("insert_shared_string", "insert", PERSISTENT, "Inserts new String keys and keeps every earlier version: all n keys up to 1,000, the last 100 of more."),
    Scenario::new("get_hit", "get", NOTHING, "Looks up random present keys in a map of n."),
    Scenario::new("get_hit_string", "get", NOTHING, "Looks up random present String keys in a map of n."),
    Scenario::new("get_miss", "get", NOTHING, "Looks up absent keys in a map of n."),
    Scenario::new("get_miss_string", "get", NOTHING, "Looks up absent String keys in a map of n."),
    Scenario::new("overwrite_shared", "insert", PERSISTENT, "Overwrites up to 100 random present keys and keeps every earlier version."),
    Scenario::new("overwrite_shared_string", "insert", PERSISTENT, "Overwrites up to 100 random present String keys and keeps every earlier version."),
    Scenario::new("remove_unshared", "remove", NOTHING, "Removes every entry, in random order, of a map of n that shares nothing."),
    Scenario::new("remove_unshared_string", "remove", NOTHING, "Removes every String key, in random order, of a map of n that shares nothing."),
    Scenario::new("remove_shared", "remove", PERSISTENT, "Removes up to 100 random entries and keeps every earlier version."),
    Scenario::new("remove_shared_string", "remove", PERSISTENT, "Removes up to 100 random String keys and keeps every earlier version."),
    Scenario::new("iterate", "entry", NOTHING, "Visits every entry of a map of n."),
    Scenario::new("iterate_string", "entry", NOTHING, "Visits every entry of a map of n String keys."),
    Scenario::new("union", "entry", NOTHING, "Unites two maps of n entries that have half their keys in common, and keeps both."),
    Scenario::new("union_string", "entry", NOTHING, "Unites two maps of n String keys that have half their keys in common, and keeps both."),
    Scenario::new("equality", "entry", NOTHING, "Compares two equal maps of n entries that were built in different orders."),
    Scenario::new("equality_string", "entry", NOTHING, "Compares two equal maps of n String keys that were built in different orders."),
    Scenario::new("union_of_versions", "union", PERSISTENT, "Unites two versions of one map of n and keeps both. Each is a few overwrites, inserts and removals away from that map: n / 100, at least 1 and at most 10."),
    Scenario::new("union_of_versions_string", "union", PERSISTENT, "Unites two versions of one map of n String keys and keeps both. Each is a few overwrites, inserts and removals away from that map: n / 100, at least 1 and at most 10.").at(TO_10_000),
    Scenario::new("equality_of_versions", "comparison", PERSISTENT, "Compares two equal versions of one map of n. One lost a few entries (n / 100, at least 1 and at most 10) and got them back; in the other, as many were overwritten with the values they had."),
    Scenario::new("equality_of_versions_string", "comparison", PERSISTENT, "Compares two equal versions of one map of n String keys. One lost a few entries (n / 100, at least 1 and at most 10) and got them back; in the other, as many were overwritten with the values they had."),
    Scenario::new("variants_100", "variant", PERSISTENT, "Derives 100 variants of one map of n, by one insert each, and keeps them all."),
    Scenario::new("variants_100_string", "variant", PERSISTENT, "Derives 100 variants of one map of n String keys, by one insert each, and keeps them all."),
    Scenario::new("diff_of_versions", "comparison", PERSISTENT, "Finds every entry in which two versions of one map of n differ. Each is a few overwrites, inserts and removals away from that map: n / 100, at least 1 and at most 10."),
    Scenario::new("insert_batch", "insert", PERSISTENT, "Adds n / 10 new entries at once, at least one, to a map of n whose version before is kept."),
    Scenario::new("get_hit_zipf", "get", NOTHING, "Looks up present keys in a map of n, a few of them far more often than the others (Zipf's law, exponent 0.99).").at(FROM_1000),
    Scenario::new("get_hit_colliding", "get", NOTHING, "Looks up random present keys in a map of n, of which each eight have the same hash.").at(FROM_100),
    Scenario::new("insert_unshared_colliding", "insert", NOTHING, "Builds a map of n keys, of which each eight have the same hash, by inserts into an empty map that shares nothing.").at(FROM_100),
    Scenario::new("thin_out", "entry", NOTHING, "Builds a map of n entries and removes them in random order, until every sixteenth is left. The bytes that live at the end are those of what is left.").at(FROM_1000),
    Scenario::new("thin_out_string", "entry", NOTHING, "Builds a map of n String keys and removes them in random order, until every sixteenth is left. The bytes that live at the end are those of what is left.").at(UP_TO_10_000),
    Scenario::new("thin_out_small", "map", NOTHING, "Builds n maps of 16 entries and removes all but one entry of each. The bytes that live at the end are those of n maps of one entry.").at(FEW),
    Scenario::new("thin_out_small_string", "map", NOTHING, "Builds n maps of 16 String keys and removes all but one entry of each. The bytes that live at the end are those of n maps of one entry.").at(FEW),
    Scenario::new("churn", "entry", NOTHING, "Fills one map: inserts 16 entries and removes 15 of them, n times. The bytes that live at the end are those of the n entries that stay.").at(UP_TO_10_000),
    Scenario::new("churn_string", "entry", NOTHING, "Fills one map: inserts 16 String keys and removes 15 of them, n times. The bytes that live at the end are those of the n entries that stay.").at(UP_TO_10_000),
    Scenario::new("overwrite_unshared", "insert", NOTHING, "Overwrites random present keys of a map of n that shares nothing.").at(mixes::COST_SIZES).purposed(Purpose::Cost),
    Scenario::new("overwrite_unshared_string", "insert", NOTHING, "Overwrites random present keys of a map of n String keys that shares nothing.").at(mixes::COST_SIZES).purposed(Purpose::Cost),
    Scenario::new("replace_unshared", "replacement", NOTHING, "Removes random keys of a map of n that shares nothing, and inserts as many new ones.").at(mixes::COST_SIZES).purposed(Purpose::Cost),
    Scenario::new("replace_unshared_string", "replacement", NOTHING, "Removes random keys of a map of n String keys that shares nothing, and inserts as many new ones.").at(mixes::COST_SIZES).purposed(Purpose::Cost),
    Scenario::new("overwrite_every_10", "insert", PERSISTENT, "Overwrites random present keys of a map of n, and keeps the version before every tenth of these changes.").at(mixes::SELDOM_SIZES).purposed(Purpose::Cost),
    Scenario::new("overwrite_every_10_string", "insert", PERSISTENT, "Overwrites random present keys of a map of n String keys, and keeps the version before every tenth of these changes.").at(mixes::SELDOM_SIZES).purposed(Purpose::Cost),
    Scenario::new("replace_every_10", "replacement", PERSISTENT, "Removes random keys of a map of n and inserts as many new ones, and keeps the version before every tenth change.").at(mixes::SELDOM_SIZES).purposed(Purpose::Cost),
    Scenario::new("replace_every_10_string", "replacement", PERSISTENT, "Removes random keys of a map of n String keys and inserts as many new ones, and keeps the version before every tenth change.").at(mixes::SELDOM_SIZES).purposed(Purpose::Cost),
    mixes::SCENARIOS[0],
    mixes::SCENARIOS[1],
    mixes::SCENARIOS[2],
    mixes::SCENARIOS[3],
    mixes::SCENARIOS[4],
    mixes::SCENARIOS[5],
    mixes::SCENARIOS[6],
    mixes::SCENARIOS[7],
    mixes::SCENARIOS[8],
    mixes::SCENARIOS[9],
    mixes::SCENARIOS[10],
    mixes::SCENARIOS[11],
];

/// The scenarios about a file of keys.
#[rustfmt::skip]
pub(crate) const OWN_KEYS: &[Scenario] = &[
    Scenario::new("own_insert", "insert", NOTHING, "Builds a map by inserting the keys of your file in its order into an empty map that shares nothing."),
    Scenario::new("own_get_hit", "get", NOTHING, "Looks up the keys of your file in its order, in a map of all of them."),
    Scenario::new("own_insert_shared", "insert", PERSISTENT, "Inserts the last new keys of your file, at most 100, into a map of the others, and keeps every earlier version."),
    Scenario::new("own_remove", "remove", NOTHING, "Removes the keys of your file in its order from a map of all of them that shares nothing."),
    Scenario::new("own_iterate", "entry", NOTHING, "Visits every entry of a map of the keys of your file."),
];

#[rustfmt::skip]
const OWN_MIX: &[Scenario] = &[
    Scenario::new("own_mix", "operation", NOTHING, "Runs the mix of operations in your file on a map of n entries."),
];

/// The kind of file that a trace of operations on maps is.
pub(crate) const TRACES: OwnInput =
    traces(operations::EXPECTS, OWN_OPERATIONS, operations::check, operations::size, operations::claims);

#[rustfmt::skip]
const OWN_OPERATIONS: &[Scenario] = &[
    Scenario::new("own_operations", "operation", NOTHING, "Replays the operations of the trace on its versions, one after the other. The largest version has n entries."),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<F: Family>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<F>,
        replay: checks::replay::<F>,
        concurrency: None,
    }
}
