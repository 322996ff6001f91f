//! **Small map**: a persistent map of a handful of entries.
//!
//! The contract is that of [`persistent_map`](crate::persistent_map), and so are the oracle and every [`Family`]. The
//! sizes, the scenarios and the checks are its own. Scenarios: [`BOTTLENECK`], with `u64` keys, 16-byte `String` keys
//! (suffix `_string`) and [`DearKey`](crate::input::DearKey)s (suffix `_dear`), which are expensive to compare; values
//! are `u64`.
//!
//! A region spreads its work over many small maps. One map has few hashes, and a number must not depend on how these
//! happen to fall.
//!
//! Every size counts, because a map that changes its representation at 4, 8, 16 or 32 entries has a step there. Two
//! scenarios, `get_hit` and `insert_shared` with `u64` keys, are measured at all sizes: they decide which map to
//! choose. The others are measured where there is something to see. All sizes of all scenarios would be two thousand
//! cells and a minute of every gate; profile `full` has them.
//!
//! A plain scan stops winning at these sizes: with `u64` keys at about 10 entries against the best published HAMT and
//! at about 40 against the textbook one; with Strings before 4 and at about 5; for absent keys before 4. The analysis
//! of `array_map` says more.
//!
//! `insert_shared` makes n entries of n − 1 by one insert and keeps the version before it. So a representation that
//! holds up to N entries shows the cost of its upgrade at n = N + 1, and upgrades need no scenario of their own.

mod cases;
mod checks;
mod oracle;

use crate::contender::{
    About, Bottleneck, Capability, Contender, Form, Growth, Memory, NOTHING, OwnInput, Scenario, Sizes,
};
use crate::persistent_map::{Family, OWN_KEYS, TRACES, own};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "small_map",
    title: "Small persistent map",
    question: "Most maps of a program are small: the fields of a record, the attributes of an element, the variables of a \
               scope. A trie made for a million entries pays for hashing, bitmaps and nodes before it looks at the first key. \
               A flat array of entries needs none of that. Up to how many entries does it win, and what does it cost \
               to change over to a trie?",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes { quick: &[1, 8, 33], default: SIZES, full: SIZES },
    memory: &[Memory { unit: "entry", built: "insert_unshared", kept: "insert_shared", versions: 1 }],
    composition: None,
    choice: None,
    own_inputs: &[
        TRACES,
        OwnInput {
            name: "keys",
            expects: "one key a line, in UTF-8, of which at most 1,000 are distinct",
            scenarios: OWN_KEYS,
            check: own::check_few_keys,
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

/// The smallest sizes; the thresholds of hybrids (4, 8, 16 and 32), each with the size after it, at which the upgrade
/// shows; some sizes in between; and larger ones.
const SIZES: &[usize] = &[1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 17, 24, 32, 33, 64, 100];

const PERSISTENT: &[Capability] = &[Capability::Persistent];

/// The sizes of a scenario that is measured at few of them by default: where there is something to see.
const fn few(default: &'static [usize]) -> Sizes {
    Sizes { quick: &[8], default, full: SIZES }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("get_hit", "get", NOTHING, "Looks up every key of maps of n, in random order."),
    Scenario::new("get_hit_string", "get", NOTHING, "Looks up every String key of maps of n, in random order.").at(few(&[4, 8, 32])),
    Scenario::new("get_hit_dear", "get", NOTHING, "Looks up every key of maps of n, in random order; the keys are expensive to compare.").at(few(&[4, 16])),
    Scenario::new("get_miss", "get", NOTHING, "Looks up as many absent keys as there are entries in maps of n.").at(few(&[4, 16])),
    Scenario::new("insert_shared", "insert", PERSISTENT, "Inserts the n-th key and keeps the version before."),
    Scenario::new("insert_shared_string", "insert", PERSISTENT, "Inserts the n-th String key and keeps the version before.").at(few(&[4, 8, 32])),
    Scenario::new("insert_shared_dear", "insert", PERSISTENT, "Inserts the n-th key and keeps the version before; the keys are expensive to compare.").at(few(&[8])),
    Scenario::new("remove_shared", "remove", PERSISTENT, "Removes a random one of n keys and keeps the version before.").at(few(&[4, 8, 17])),
    Scenario::new("build", "entry", NOTHING, "Builds maps of n entries from a list of them.").at(few(&[4, 8, 32])),
    Scenario::new("insert_unshared", "insert", NOTHING, "Builds maps of n entries by inserts into empty maps that share nothing.").at(few(&[8, 33])),
    Scenario::new("iterate", "entry", NOTHING, "Visits every entry of maps of n.").at(few(&[4, 8, 32])),
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

/// The complexity that a contender states whose operations go down a tree: log n for a key, and a constant for each
/// entry that is visited.
pub const AS_A_TREE: &[(&str, Growth)] = &[
    ("get_hit", Growth::Logarithmic),
    ("get_miss", Growth::Logarithmic),
    ("insert_shared", Growth::Logarithmic),
    ("remove_shared", Growth::Logarithmic),
    ("build", Growth::Logarithmic),
    ("insert_unshared", Growth::Logarithmic),
    ("iterate", Growth::Constant),
];
