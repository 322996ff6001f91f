//! **Small map**: a persistent map of a handful of entries.
//!
//! Contract and oracle are those of [`persistent_map`](crate::persistent_map), and so is every [`Family`]: what
//! differs is the sizes, the scenarios and where traces go to and fro. Scenarios: [`BOTTLENECK`], with `u64` keys,
//! 16-byte `String` keys (suffix `_string`) and [`DearKey`]s (suffix `_dear`), whose comparison is dear; values are
//! `u64`.
//!
//! A region spreads its work over many small maps, so that no number depends on how the few hashes of one map happen
//! to fall.
//!
//! Every size counts, because a map that changes its representation at 4, 8, 16 or 32 entries has a step there. All
//! sizes are measured for the two operations that decide, with `u64` keys. The others are measured where there is
//! something to see: all sizes of all scenarios would be two thousand cells, a minute of every gate. Profile `full`
//! has them.
//!
//! Where a plain scan stops winning: with `u64` keys at about 10 entries against the best published HAMT and at about 40
//! against the textbook one, with Strings before 4 and at about 5, for absent keys before 4 (`array_map` says more).
//!
//! `insert_shared` is the one insert that makes n entries of n − 1, the version before kept. So a
//! representation that holds up to N entries shows its upgrade at n = N + 1, and there is no scenario of
//! its own for upgrades.

mod cases;
mod checks;
mod oracle;

use crate::contender::{About, Bottleneck, Capability, Claim, Contender, Memory, NOTHING, Scenario, Sizes};
use crate::persistent_map::Family;

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "small_map",
    title: "Small persistent map",
    question: "Most maps of a program are small: the fields of a record, the attributes of an element, the variables of a \
               scope. A trie made for a million entries pays for hashing, bitmaps and nodes before it looks at the first key. \
               How far does a flat array of entries carry, which needs none of that, and what does it cost to change over?",
    scenarios: SCENARIOS,
    checks: checks::CHECKS,
    sizes: Sizes { quick: &[1, 8, 33], default: SIZES, full: SIZES },
    claims: CLAIMS,
    memory: &[Memory { unit: "entry", built: "insert_unshared", kept: "insert_shared", versions: 1 }],
    own_input: None,
    reference: "imbl",
    describe: checks::describe,
};

/// One and its neighbours; the thresholds of hybrids (4, 8, 16, 32), one more and some in between; and beyond.
/// 5 is there for the upgrade from 4.
const SIZES: &[usize] = &[1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 17, 24, 32, 33, 64, 100];

const CLAIMS: &[Claim] = &[
    Claim::new(
        "am-build",
        "Up to 8 entries, an array is built from entries 5 times as fast as a HAMT.",
        Some(5.0),
        ("build", 8),
        ["hamt", "array_map"],
    ),
    Claim::new(
        "am-get",
        "Up to 8 entries, a linear scan finds a key 2.5 times as fast as a HAMT.",
        Some(2.5),
        ("get_hit", 8),
        ["hamt", "array_map"],
    ),
    Claim::new(
        "am-insert",
        "Up to 8 entries, copying an array inserts 2.5 times as fast as a HAMT.",
        Some(2.5),
        ("insert_shared", 8),
        ["hamt", "array_map"],
    ),
    Claim::new(
        "am-iter",
        "Up to 8 entries, an array is iterated 5 times as fast as a HAMT.",
        Some(5.0),
        ("iterate", 8),
        ["hamt", "array_map"],
    ),
    Claim::new(
        "am-scan",
        "At 100 entries a HAMT finds a key twice as fast as a linear scan.",
        Some(2.0),
        ("get_hit", 100),
        ["array_map", "hamt"],
    ),
    Claim::new(
        "am-upgrade",
        "The insert that upgrades from an array of 8 to a HAMT costs 2 to 3 microseconds, once.",
        None,
        ("insert_shared", 9),
        ["hybrid_8", "hamt"],
    ),
];

const PERSISTENT: &[Capability] = &[Capability::Persistent];

/// These sizes by default, where there is something to see at them; all in profile `full`.
const fn few(default: &'static [usize]) -> Sizes {
    Sizes { quick: &[8], default, full: SIZES }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("get_hit", "get", NOTHING, "Looks up every key of maps of n, in random order."),
    Scenario::new("get_hit_string", "get", NOTHING, "Looks up every String key of maps of n, in random order.").at(few(&[4, 8, 32])),
    Scenario::new("get_hit_dear", "get", NOTHING, "Looks up every key of maps of n, in random order; equality is dear.").at(few(&[4, 16])),
    Scenario::new("get_miss", "get", NOTHING, "Looks up as many absent keys as there are entries in maps of n.").at(few(&[4, 16])),
    Scenario::new("insert_shared", "insert", PERSISTENT, "Inserts the n-th key, the version before kept."),
    Scenario::new("insert_shared_string", "insert", PERSISTENT, "Inserts the n-th String key, the version before kept.").at(few(&[4, 8, 32])),
    Scenario::new("insert_shared_dear", "insert", PERSISTENT, "Inserts the n-th key, the version before kept; equality is dear.").at(few(&[8])),
    Scenario::new("remove_shared", "remove", PERSISTENT, "Removes a random one of n keys, the version before kept.").at(few(&[4, 8, 17])),
    Scenario::new("build", "entry", NOTHING, "Builds maps of n entries from a list of them.").at(few(&[4, 8, 32])),
    Scenario::new("insert_unshared", "insert", NOTHING, "Builds maps of n entries from empty, one by one, owned once.").at(few(&[8, 33])),
    Scenario::new("iterate", "entry", NOTHING, "Visits every entry of maps of n.").at(few(&[4, 8, 32])),
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<F: Family>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: cases::set_up::<F>, replay: checks::replay::<F> }
}
