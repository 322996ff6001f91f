//! The source's second plan: a hash map, and beside it an index with a set of pointers for every prefix.
//!
//! ```text
//!   leaves:  "/a/b" ─► 1    "/a/c" ─► 2
//!   below:   "" ─► {"/a/b", "/a/c"}    "/a" ─► {"/a/b", "/a/c"}
//! ```
//!
//! Invariants: a pointer is in the set of each of its proper prefixes and in no other set; no set is empty. The sets
//! share the texts of pointers by reference counts.

use std::collections::{HashMap, HashSet};
use std::iter;
use std::rc::Rc;

use scenarios::flat::{Content, Kinds, Leaf, Pointer};
use scenarios::flat_keys::{FlatStore, tree_at};
use scenarios::input::FixedHasher;
use scenarios::{About, Capability, Contender, Growth, Role};
use serde_json::Value;

/// A hash map from pointer to leaf, and a second one from prefix to the pointers below it.
#[derive(Clone)]
pub struct Store<L> {
    leaves: HashMap<Rc<str>, L, FixedHasher>,
    below: HashMap<Rc<str>, HashSet<Rc<str>, FixedHasher>, FixedHasher>,
}

/// Every proper prefix of `pointer`, the longest first.
fn prefixes(pointer: Pointer<'_>) -> impl Iterator<Item = Pointer<'_>> {
    iter::successors(pointer.parent(), |prefix| prefix.parent())
}

impl<L: Content> FlatStore<L> for Store<L> {
    type Object = Value;

    fn new() -> Self {
        Store { leaves: HashMap::default(), below: HashMap::default() }
    }

    fn len(&self) -> usize {
        self.leaves.len()
    }

    #[inline]
    fn get(&self, pointer: Pointer<'_>) -> Option<&L> {
        self.leaves.get(pointer.as_str())
    }

    #[inline]
    fn get_mut(&mut self, pointer: Pointer<'_>) -> Option<&mut L> {
        self.leaves.get_mut(pointer.as_str())
    }

    fn set(&mut self, pointer: Pointer<'_>, leaf: L) -> Option<L> {
        if let Some(present) = self.leaves.get_mut(pointer.as_str()) {
            return Some(std::mem::replace(present, leaf));
        }
        let key: Rc<str> = Rc::from(pointer.as_str());
        for prefix in prefixes(pointer) {
            let Some(below) = self.below.get_mut(prefix.as_str()) else {
                self.below.entry(Rc::from(prefix.as_str())).or_default().insert(Rc::clone(&key));
                continue;
            };
            below.insert(Rc::clone(&key));
        }
        self.leaves.insert(key, leaf)
    }

    fn delete(&mut self, pointer: Pointer<'_>) -> Option<L> {
        let leaf = self.leaves.remove(pointer.as_str())?;
        for prefix in prefixes(pointer) {
            if let Some(below) = self.below.get_mut(prefix.as_str()) {
                below.remove(pointer.as_str());
                if below.is_empty() {
                    self.below.remove(prefix.as_str());
                }
            }
        }
        Some(leaf)
    }

    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a L)> {
        self.keys(prefix).filter_map(|key| Some((key, self.leaves.get(key)?)))
    }

    fn keys<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = &'a str> {
        self.below.get(prefix.as_str()).into_iter().flatten().map(Rc::as_ref)
    }

    fn has_descendants(&self, prefix: Pointer<'_>) -> bool {
        self.below.contains_key(prefix.as_str())
    }

    fn to_object(&self, prefix: Pointer<'_>, kinds: &Kinds) -> Option<Value> {
        tree_at(self, prefix, kinds)
    }
}

/// The contender: a hash map with a set of pointers for every prefix.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_keys::contender::<Store<Leaf>>(About {
        name: "prefix_index",
        role: Role::Optimized,
        summary: "A hash map, and beside it a set for every prefix with all pointers below it.",
        source: "data-map: the prefix index that is to follow lazy iteration",
        analysis: ANALYSIS,
        complexity: &[
            ("get", Growth::Constant),
            ("set", Growth::Constant),
            ("delete", Growth::Constant),
            ("churn", Growth::Constant),
            ("build", Growth::Constant),
            ("keys_under_prefix", Growth::Constant),
            ("first_key", Growth::Constant),
            ("sorted_keys", Growth::Logarithmic),
            ("has_descendants", Growth::Constant),
            ("to_object", Growth::Logarithmic),
            ("to_object_again", Growth::Linearithmic),
            ("wide_get", Growth::Constant),
            ("set_kept", Growth::Linear),
        ],
        capabilities: &[Capability::Prefixes, Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A second hash map leads from every prefix to the set of all pointers below it, however deep. Setting a new \
pointer enters it into the set of each of its prefixes, and a delete takes it out again; a set that becomes \
empty is removed. The sets share the texts, as the source's strings do.

To list a prefix takes one lookup and a walk over exactly what is wanted. To keep the index takes one set \
operation per level, and the root's set holds every pointer again: a new pointer three levels deep costs \
several times what the plain map takes, in instructions and in memory. to_object looks each leaf up by its \
text.";
