//! **LRU cache**: a map of bounded size that forgets the entry that was used least recently.
//!
//! Contract: [`Cache`], for every key, value and hasher through a [`Family`]. Oracle: a list of entries, the most
//! recently used one first. Scenarios: [`BOTTLENECK`], with `u64` keys and (suffix `_string`) with `String` keys; values
//! are `u64`.
//!
//! A contender whose policy is not "least recently used" lacks [`Capability::ExactLru`]. The checks then ask for what
//! holds of every cache: a lookup finds nothing or the value that was put last, there are never more entries than the
//! capacity, and no entry is evicted while there is room.

mod cases;
mod checks;
pub(crate) mod contract;
mod oracle;

use crate::contender::{About, Bottleneck, Capability, Contender, Form, NOTHING, OwnInput, Scenario, Sizes};

pub use contract::{Cache, Family};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "lru_cache",
    title: "LRU cache",
    question: "What does it cost to remember which entry was used least recently? An array in the order of access that is \
               filtered for each access takes O(n). A map into a linked list takes O(1); then hashing, a few links and \
               the number of allocations are what is left to save. Another policy may hit more often and cost less.",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes { quick: &[50, 500], default: &[500, 100_000], full: &[50, 500, 5000, 50_000, 100_000] },
    memory: &[],
    composition: None,
    choice: None,
    own_inputs: &[OwnInput {
        name: "trace",
        expects: "a trace of keys: one key a line, in the order of access, in UTF-8",
        scenarios: OWN_SCENARIOS,
        check: crate::own::check_keys,
        form: Form::Keys,
        parts: &[],
        items: ["key", "keys"],
        size: None,
        sizes_count: "entries of the cache",
        claims: None,
    }],
    reference: "lru",
    describe: checks::describe,
    why_no_input: "",
};

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("zipf", "lookup", NOTHING, "Looks up keys and puts those that are missing, in a warm cache of n. The keys are drawn from 10 n by a Zipf distribution of exponent 0.99."),
    Scenario::new("zipf_string", "lookup", NOTHING, "Looks up String keys and puts those that are missing, in a warm cache of n. The keys are drawn from 10 n by a Zipf distribution of exponent 0.99."),
    Scenario::new("uniform", "lookup", NOTHING, "Looks up keys and puts those that are missing, in a warm cache of n. The keys are drawn from 2 n with equal chances."),
    Scenario::new("uniform_string", "lookup", NOTHING, "Looks up String keys and puts those that are missing, in a warm cache of n. The keys are drawn from 2 n with equal chances."),
    Scenario::new("scan", "lookup", NOTHING, "Looks up 1.25 n keys again and again in the same order and puts those that are missing: the worst case of LRU."),
    Scenario::new("scan_string", "lookup", NOTHING, "Looks up 1.25 n String keys again and again in the same order and puts those that are missing: the worst case of LRU."),
    Scenario::new("put_only", "put", NOTHING, "Puts new keys into a full cache of n, so that every put evicts an entry."),
    Scenario::new("put_only_string", "put", NOTHING, "Puts new String keys into a full cache of n, so that every put evicts an entry."),
    Scenario::new("iterate", "entry", NOTHING, "Visits every entry of a full cache of n."),
    Scenario::new("iterate_string", "entry", NOTHING, "Visits every entry of a full cache of n String keys."),
];

#[rustfmt::skip]
const OWN_SCENARIOS: &[Scenario] = &[
    Scenario::new("own_trace", "lookup", NOTHING, "Looks up the trace's keys and puts those that are missing, in a cache of n that begins empty.")
        .at(Sizes { quick: &[500], default: &[500, 100_000], full: &[500, 100_000] }),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<F: Family>(about: About) -> Contender {
    let exact = about.can(&[Capability::ExactLru]);
    let replay = if exact { checks::replay::<F, true> } else { checks::replay::<F, false> };
    Contender { bottleneck: &BOTTLENECK, about, set_up: cases::set_up::<F>, replay, concurrency: None }
}
