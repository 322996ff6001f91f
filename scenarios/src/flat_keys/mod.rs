//! **Keys of a flat store**: every pointer below a prefix, in a store that maps JSON pointers to leaves.
//!
//! Contract: [`FlatStore`]. Oracle: a `BTreeMap` of pointers that is filtered segment by segment. Scenarios:
//! [`BOTTLENECK`], over pointers `/users/<i>/<field>` with ten fields per user. The size is the number of pointers.
//!
//! The scenario `build` starts from an empty store. So the bytes that live after its region, divided by its operations,
//! are the memory that the store and its index take per pointer.

mod cases;
mod checks;
mod contract;
mod oracle;

use crate::contender::{About, Bottleneck, Capability, Contender, Form, NOTHING, OwnInput, Scenario, Sizes};

pub use contract::{FlatStore, tree_at};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "flat_keys",
    title: "Keys under a prefix",
    question: "A flat store maps pointers to values in one hash map, so get and set are as cheap as they can be. But \
               only a look at every key tells what lies below a prefix. What does it cost to keep an index that tells \
               it, and to ask that index?",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes {
        quick: &[100, 1000],
        default: &[100, 1000, 10_000, 100_000],
        full: &[100, 1000, 10_000, 100_000, 200_000],
    },
    memory: &[],
    composition: None,
    choice: None,
    own_inputs: &[OwnInput {
        name: "pointers",
        expects: "one JSON pointer a line, in UTF-8",
        scenarios: OWN_SCENARIOS,
        check: cases::check_pointers,
        form: Form::Lines,
        parts: &[],
        items: ["pointer", "pointers"],
        size: Some(crate::own::distinct),
        sizes_count: "distinct pointers",
        claims: None,
    }],
    reference: "btree_range",
    describe: checks::describe,
    why_no_input: "",
};

const PREFIXES: &[Capability] = &[Capability::Prefixes];

const PERSISTENT: &[Capability] = &[Capability::Persistent];

/// For scenarios that write or read the whole store in each region or set-up.
const WHOLE: Sizes = Sizes {
    quick: &[100, 1000],
    default: &[100, 1000, 10_000],
    full: &[100, 1000, 10_000, 100_000, 200_000],
};

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("get", "get", NOTHING, "Gets the leaves at random pointers, of which one in eight is absent."),
    Scenario::new("set_overwrite", "set", NOTHING, "Replaces the leaves at random pointers."),
    Scenario::new("set_new", "set", NOTHING, "Adds 1,000 pointers to a store of n."),
    Scenario::new("delete", "delete", NOTHING, "Deletes random pointers, each once: all n up to 1,000, 1,000 of more."),
    Scenario::new("churn", "step", NOTHING, "Deletes a random pointer if it is present, and sets it if it is absent."),
    Scenario::new("build", "set", NOTHING, "Adds n pointers in random order to an empty store.").at(WHOLE),
    Scenario::new("keys_under_prefix", "prefix", PREFIXES, "Visits all keys below a random user: ten of n."),
    Scenario::new("first_key", "prefix", PREFIXES, "Takes the first key that is found below a random user."),
    Scenario::new("sorted_keys", "key", PREFIXES, "Lists all n keys in the order of their bytes.").at(WHOLE),
    Scenario::new("has_descendants", "prefix", PREFIXES, "Asks whether anything lies below random users, of whom half are absent."),
    Scenario::new("to_object", "leaf", PREFIXES, "Builds the tree of the whole store.").at(WHOLE),
    Scenario::new("to_object_again", "tree", PREFIXES, "Builds the tree of the whole store again after one leaf was replaced.").at(WHOLE),
    Scenario::new("wide_get", "object", PREFIXES, "Gets random users as objects of ten members each."),
    Scenario::new("set_kept", "set", PERSISTENT, "Replaces the leaves at random pointers, and keeps a version before each: 100 versions, or as many as make 100,000 copied pointers."),
];

#[rustfmt::skip]
const OWN_SCENARIOS: &[Scenario] = &[
    Scenario::new("own_build", "set", NOTHING, "Sets the pointers of your file in its order in an empty store."),
    Scenario::new("own_get", "get", NOTHING, "Gets the leaves at the pointers of your file in its order."),
    Scenario::new("own_keys_under_prefix", "prefix", PREFIXES, "Visits all keys below each prefix: the parents of pointers of your file, at most 128, spread over it."),
    Scenario::new("own_has_descendants", "prefix", PREFIXES, "Asks whether anything lies below pointers of your file and below their parents: at most 128, spread over it."),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<S: FlatStore>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<S>,
        replay: checks::replay::<S>,
        concurrency: None,
    }
}
