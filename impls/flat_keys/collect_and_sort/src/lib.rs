//! The naive flat store: a hash map. To list keys, it collects all of them, sorts them, and then filters.

use std::collections::HashMap;

use scenarios::flat::{Content, Kinds, Leaf, Pointer};
use scenarios::flat_keys::{FlatStore, tree_at};
use scenarios::input::FixedHasher;
use scenarios::{About, Capability, Contender, Growth, Role};
use serde_json::Value;

/// A hash map from pointer to leaf.
#[derive(Clone)]
pub struct Store<L>(HashMap<String, L, FixedHasher>);

impl<L: Content> FlatStore<L> for Store<L> {
    type Object = Value;

    fn new() -> Self {
        Store(HashMap::default())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn get(&self, pointer: Pointer<'_>) -> Option<&L> {
        self.0.get(pointer.as_str())
    }

    #[inline]
    fn get_mut(&mut self, pointer: Pointer<'_>) -> Option<&mut L> {
        self.0.get_mut(pointer.as_str())
    }

    #[inline]
    fn set(&mut self, pointer: Pointer<'_>, leaf: L) -> Option<L> {
        if let Some(present) = self.0.get_mut(pointer.as_str()) {
            return Some(std::mem::replace(present, leaf));
        }
        self.0.insert(pointer.as_str().to_owned(), leaf)
    }

    #[inline]
    fn delete(&mut self, pointer: Pointer<'_>) -> Option<L> {
        self.0.remove(pointer.as_str())
    }

    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a L)> {
        let entries = self.0.iter().map(|(key, leaf)| (key.as_str(), leaf));
        entries.filter(move |(key, _)| prefix.is_above(key))
    }

    fn keys<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = &'a str> {
        let mut keys: Vec<&str> = self.0.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys.into_iter().filter(move |key| prefix.is_above(key))
    }

    fn sorted_keys<'a>(&'a self, prefix: Pointer<'a>) -> Vec<&'a str> {
        self.keys(prefix).collect()
    }

    fn has_descendants(&self, prefix: Pointer<'_>) -> bool {
        self.0.keys().any(|key| prefix.is_above(key))
    }

    fn to_object(&self, prefix: Pointer<'_>, kinds: &Kinds) -> Option<Value> {
        tree_at(self, prefix, kinds)
    }
}

/// The contender: all keys collected and sorted, then filtered.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_keys::contender::<Store<Leaf>>(About {
        name: "collect_and_sort",
        role: Role::Naive,
        summary: "A hash map; to list keys, it collects all of them, sorts them, and then filters by the prefix.",
        source: "data-map: the keys() of its FlatStore as it is today",
        analysis: ANALYSIS,
        complexity: &[
            ("get", Growth::Constant),
            ("set", Growth::Constant),
            ("delete", Growth::Constant),
            ("churn", Growth::Constant),
            ("build", Growth::Constant),
            ("keys_under_prefix", Growth::Linearithmic),
            ("first_key", Growth::Linearithmic),
            ("sorted_keys", Growth::Logarithmic),
            ("has_descendants", Growth::Linear),
            ("to_object", Growth::Logarithmic),
            ("to_object_again", Growth::Linearithmic),
            ("wide_get", Growth::Linear),
            ("set_kept", Growth::Linear),
        ],
        capabilities: &[
            Capability::Prefixes,
            Capability::ScansWhole,
            Capability::Persistent,
            Capability::CopiesWhole,
        ],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The store is a hash map from pointer to leaf. keys collects every key, sorts them all and only then drops \
those that do not lie under the prefix. To find out whether anything lies below a prefix, and to build the \
tree, it scans every entry.

Single pointers cost what they cost in a hash map. To return ten keys, the sort makes n log n comparisons \
of texts that agree in their first dozen bytes, and the first key costs as much as all of them. It keeps up \
with the others only where all keys are wanted in order.";
