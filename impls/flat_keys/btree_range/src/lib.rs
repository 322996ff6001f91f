//! Peer: std's `BTreeMap`, in which the pointers below a prefix are neighbours.

use std::collections::BTreeMap;
use std::ops::Bound;

use scenarios::flat::{Kinds, Leaf, Pointer};
use scenarios::flat_keys::{FlatStore, tree_at};
use scenarios::{About, Capability, Contender, Growth, Role};
use serde_json::Value;

/// An ordered map from pointer to leaf.
#[derive(Clone, Default)]
struct Store(BTreeMap<String, Leaf>);

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
        // Every pointer below begins with the prefix and a slash; the walk ends at the first one that does not.
        let mut first = String::with_capacity(prefix.as_str().len() + 1);
        first.push_str(prefix.as_str());
        first.push('/');
        let range = self.0.range::<str, _>((Bound::Included(first.as_str()), Bound::Unbounded));
        range.map(|(key, leaf)| (key.as_str(), leaf)).take_while(move |(key, _)| prefix.is_above(key))
    }

    fn sorted_keys<'a>(&'a self, prefix: Pointer<'a>) -> Vec<&'a str> {
        self.keys(prefix).collect()
    }

    fn to_object(&self, prefix: Pointer<'_>, kinds: &Kinds) -> Option<Value> {
        tree_at(self, prefix, kinds)
    }
}

/// The contender: ranges of std's `BTreeMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_keys::contender::<Store>(About {
        name: "btree_range",
        role: Role::Peer,
        summary: "std's BTreeMap: the pointers below a prefix are neighbours, so they form a range.",
        source: "Rust's standard library",
        analysis: ANALYSIS,
        complexity: &[
            ("get", Growth::Logarithmic),
            ("set", Growth::Logarithmic),
            ("delete", Growth::Logarithmic),
            ("churn", Growth::Logarithmic),
            ("build", Growth::Logarithmic),
            ("keys_under_prefix", Growth::Logarithmic),
            ("first_key", Growth::Logarithmic),
            ("sorted_keys", Growth::Constant),
            ("has_descendants", Growth::Logarithmic),
            ("to_object", Growth::Logarithmic),
            ("to_object_again", Growth::Linearithmic),
            ("wide_get", Growth::Logarithmic),
            ("set_kept", Growth::Linear),
        ],
        capabilities: &[Capability::Prefixes, Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
An ordered tree of up to eleven entries per node. The pointers below a prefix all begin with the prefix and \
a slash, so they form a range: one descent finds its beginning, and the walk ends at the first neighbour \
with another prefix. Keys come in order at no extra cost.

No index has to be kept, and a range is cheap to walk. But every operation on a single pointer descends, \
too. On every level it compares texts five or six times that agree in their first dozen bytes. That is \
several times the price of one hash and one comparison.";
