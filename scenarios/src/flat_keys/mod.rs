//! **Keys of a flat store**: every pointer below a prefix, in a store that maps JSON pointers to leaves.
//!
//! Contract: [`FlatStore`]. Oracle: a `BTreeMap` of pointers, filtered segment by segment. Scenarios:
//! [`BOTTLENECK`], over `/users/<i>/<field>` with ten fields per user; the size is the number of pointers.
//!
//! Memory: `build` starts from an empty store, so what the allocation meter finds live after its region,
//! divided by its operations, is what the store and its index take per pointer.

mod cases;
mod checks;
mod oracle;

use serde_json::Value;

use crate::contender::{About, Bottleneck, Capability, Claim, Contender, NOTHING, Scenario, Sizes};
use crate::flat::{self, Kinds, Leaf, Pointer};

/// A map from pointers to leaves that can tell what lies under a prefix.
///
/// "Below" is meant strictly and by segment: nothing below `/user` is called `/users/0`, and a prefix
/// that is a pointer of the store itself is not below itself. What lies below the root is every pointer
/// but the empty one. Below an absent prefix lies nothing.
pub trait FlatStore {
    /// The empty store.
    fn new() -> Self;
    /// Number of pointers.
    fn len(&self) -> usize;
    /// The leaf at `pointer`.
    fn get(&self, pointer: Pointer<'_>) -> Option<&Leaf>;
    /// Puts `leaf` at `pointer`; returns the leaf it replaces.
    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) -> Option<Leaf>;
    /// Removes and returns the leaf at `pointer`, and nothing below it.
    fn delete(&mut self, pointer: Pointer<'_>) -> Option<Leaf>;
    /// Every pointer below `prefix` with its leaf, once, in any order.
    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a Leaf)>;

    /// Whether there is no pointer.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a leaf at `pointer`.
    fn has(&self, pointer: Pointer<'_>) -> bool {
        self.get(pointer).is_some()
    }

    /// Every pointer below `prefix`, once, in any order.
    fn keys<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = &'a str> {
        self.entries(prefix).map(|(key, _)| key)
    }

    /// Every pointer below `prefix` in the order of their bytes.
    fn sorted_keys<'a>(&'a self, prefix: Pointer<'a>) -> Vec<&'a str> {
        let mut keys: Vec<&str> = self.keys(prefix).collect();
        keys.sort_unstable();
        keys
    }

    /// Whether anything lies below `prefix`.
    fn has_descendants(&self, prefix: Pointer<'_>) -> bool {
        self.keys(prefix).next().is_some()
    }

    /// The [tree](flat::tree) at `prefix`: what lies below it, or else its leaf; `None` where neither is.
    fn to_object(&self, prefix: Pointer<'_>) -> Option<Value> {
        let below = flat::tree(prefix, self.entries(prefix), Kinds::NONE);
        below.or_else(|| self.get(prefix).map(|leaf| leaf.value().clone()))
    }

    /// Removes what lies at `prefix` and below it; returns how many leaves that were.
    fn delete_subtree(&mut self, prefix: Pointer<'_>) -> usize {
        let below: Vec<String> = self.keys(prefix).map(str::to_owned).collect();
        let below = below.iter().filter_map(|key| Pointer::parse(key).ok());
        let below = below.filter(|key| self.delete(*key).is_some()).count();
        below + usize::from(self.delete(prefix).is_some())
    }
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "flat_keys",
    title: "Keys under a prefix",
    question: "A flat store maps pointers to values in one hash map, so get and set are as cheap as they can be, and \
               nothing says what lies under a prefix but a look at every key. What does an index cost that does, \
               to keep and to ask?",
    scenarios: SCENARIOS,
    checks: checks::CHECKS,
    sizes: Sizes {
        quick: &[100, 1000],
        default: &[100, 1000, 10_000, 100_000],
        full: &[100, 1000, 10_000, 100_000, 200_000],
    },
    claims: CLAIMS,
    memory: &[],
    own_input: None,
    reference: "btree_range",
    describe: checks::describe,
};

const CLAIMS: &[Claim] = &[Claim::new(
    "dm-keys",
    "With an index of prefixes the first key of a store of 100,000 comes in O(1), without collecting and sorting all keys.",
    None,
    ("first_key", 100_000),
    ["collect_and_sort", "prefix_index"],
)];

const PREFIXES: &[Capability] = &[Capability::Prefixes];

/// For regions and set-ups in which the whole store is written or read.
const WHOLE: Sizes = Sizes {
    quick: &[100, 1000],
    default: &[100, 1000, 10_000],
    full: &[100, 1000, 10_000, 100_000, 200_000],
};

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("get", "get", NOTHING, "Reads random pointers, one in eight of them absent."),
    Scenario::new("set_overwrite", "set", NOTHING, "Replaces the leaves at random pointers."),
    Scenario::new("set_new", "set", NOTHING, "Adds 1,000 pointers to a store of n."),
    Scenario::new("delete", "delete", NOTHING, "Deletes random pointers, each once (all n up to 1,000, 1,000 of more)."),
    Scenario::new("churn", "step", NOTHING, "Deletes a random pointer if it is there, sets it if it is not."),
    Scenario::new("build", "set", NOTHING, "Adds n pointers in random order to an empty store.").at(WHOLE),
    Scenario::new("keys_under_prefix", "prefix", PREFIXES, "Visits all keys of a random user: ten in n."),
    Scenario::new("first_key", "prefix", PREFIXES, "Takes the first key that comes of a random user."),
    Scenario::new("sorted_keys", "key", PREFIXES, "Lists all n keys in the order of their bytes.").at(WHOLE),
    Scenario::new("has_descendants", "prefix", PREFIXES, "Asks of random users, half of them absent, whether anything lies below."),
    Scenario::new("to_object", "leaf", PREFIXES, "Builds the tree of the whole store.").at(WHOLE),
    Scenario::new("wide_get", "object", PREFIXES, "Gets random users as objects of ten members each."),
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<S: FlatStore + 'static>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: cases::set_up::<S>, replay: checks::replay::<S> }
}
