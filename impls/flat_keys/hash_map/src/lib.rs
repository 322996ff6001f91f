//! The floor under a flat store: std's `HashMap`, without any index. It does not know what lies under a prefix, so it
//! takes part only where single pointers are read and written.

use std::collections::HashMap;

use scenarios::flat::{Kinds, Leaf, Pointer};
use scenarios::flat_keys::{FlatStore, tree_at};
use scenarios::input::FixedHasher;
use scenarios::{About, Contender, Growth, Role};
use serde_json::Value;

/// A hash map from pointer to leaf.
#[derive(Clone, Default)]
struct Store(HashMap<String, Leaf, FixedHasher>);

impl FlatStore for Store {
    type Object = Value;

    fn new() -> Self {
        Store::default()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn get(&self, pointer: Pointer<'_>) -> Option<&Leaf> {
        self.0.get(pointer.as_str())
    }

    #[inline]
    fn get_mut(&mut self, pointer: Pointer<'_>) -> Option<&mut Leaf> {
        self.0.get_mut(pointer.as_str())
    }

    #[inline]
    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) -> Option<Leaf> {
        if let Some(present) = self.0.get_mut(pointer.as_str()) {
            return Some(std::mem::replace(present, leaf));
        }
        self.0.insert(pointer.as_str().to_owned(), leaf)
    }

    #[inline]
    fn delete(&mut self, pointer: Pointer<'_>) -> Option<Leaf> {
        self.0.remove(pointer.as_str())
    }

    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        let entries = self.0.iter().map(|(key, leaf)| (key.as_str(), leaf));
        entries.filter(move |(key, _)| prefix.is_above(key))
    }

    fn to_object(&self, prefix: Pointer<'_>, kinds: &Kinds) -> Option<Value> {
        tree_at(self, prefix, kinds)
    }
}

/// The contender: std's `HashMap`, without an index.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_keys::contender::<Store>(About {
        name: "hash_map",
        role: Role::Bound,
        summary: "std's HashMap from pointer to leaf, without an index.",
        source: "Rust's standard library",
        analysis: ANALYSIS,
        complexity: &[
            ("get", Growth::Constant),
            ("set", Growth::Constant),
            ("delete", Growth::Constant),
            ("churn", Growth::Constant),
            ("build", Growth::Constant),
        ],
        capabilities: &[],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
One Swiss table of owned pointers and leaves. A get hashes the text, probes sixteen tags at once and \
compares one key. A set of a new pointer copies its text into an allocation of its own; when the table is \
full, it moves to a larger one.

It is the floor for every operation on a single pointer, and shows what an index costs to keep. It knows \
nothing of prefixes, so it is left out wherever one is asked for.";
