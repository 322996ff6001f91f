//! The source's first plan: a hash map whose keys are filtered lazily, and sorted only on request.

use std::collections::HashMap;

use scenarios::flat::{Kinds, Leaf, Pointer};
use scenarios::flat_keys::{FlatStore, tree_at};
use scenarios::input::FixedHasher;
use scenarios::{About, Capability, Contender, Growth, Role};
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

/// The contender: a hash map, filtered lazily.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_keys::contender::<Store>(About {
        name: "lazy_keys",
        role: Role::Optimized,
        summary: "A hash map whose entries are filtered by the prefix lazily, and sorted only on request.",
        source: "data-map: lazy iteration in place of the sort",
        analysis: ANALYSIS,
        complexity: &[
            ("get", Growth::Constant),
            ("set", Growth::Constant),
            ("delete", Growth::Constant),
            ("churn", Growth::Constant),
            ("build", Growth::Constant),
            ("keys_under_prefix", Growth::Linear),
            ("first_key", Growth::Linear),
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
The store is a hash map from pointer to leaf. keys walks the map and yields what lies under the prefix as \
it finds it. It compares whole segments: one byte is checked before the text is compared. Nothing is \
collected, and only sorted_keys sorts, and only what it found.

Without the sort, listing a prefix costs a fraction of what it did, and there is no index to keep. It still \
looks at every key. The source claims that the first key comes in O(1). That holds under the root; under a \
narrow prefix half the map is walked before the first key turns up, and all of it where there is none.";
