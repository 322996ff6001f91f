//! The source's second plan: beside the hash map, for every prefix the set of the pointers below it.
//!
//! ```text
//!   leaves:  "/a/b" ─► 1    "/a/c" ─► 2
//!   below:   "" ─► {"/a/b", "/a/c"}    "/a" ─► {"/a/b", "/a/c"}
//! ```
//!
//! Invariants: a pointer is in the set of each of its proper prefixes, and in no other; no set is empty. The texts
//! of pointers are shared between the sets by reference counts.

use std::collections::{HashMap, HashSet};
use std::iter;
use std::rc::Rc;

use scenarios::flat::{Leaf, Pointer};
use scenarios::flat_keys::FlatStore;
use scenarios::input::FixedHasher;
use scenarios::{About, Capability, Contender, Growth, Role};

/// A hash map from pointer to leaf, and one from prefix to the pointers below.
#[derive(Default)]
struct Store {
    leaves: HashMap<Rc<str>, Leaf, FixedHasher>,
    below: HashMap<Rc<str>, HashSet<Rc<str>, FixedHasher>, FixedHasher>,
}

/// Every proper prefix of `pointer`, the longest first.
fn prefixes(pointer: Pointer<'_>) -> impl Iterator<Item = Pointer<'_>> {
    iter::successors(pointer.parent(), |prefix| prefix.parent())
}

impl FlatStore for Store {
    fn new() -> Self {
        Store::default()
    }

    fn len(&self) -> usize {
        self.leaves.len()
    }

    #[inline]
    fn get(&self, pointer: Pointer<'_>) -> Option<&Leaf> {
        self.leaves.get(pointer.as_str())
    }

    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) -> Option<Leaf> {
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

    fn delete(&mut self, pointer: Pointer<'_>) -> Option<Leaf> {
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

    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        self.keys(prefix).filter_map(|key| Some((key, self.leaves.get(key)?)))
    }

    fn keys<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = &'a str> {
        self.below.get(prefix.as_str()).into_iter().flatten().map(Rc::as_ref)
    }

    fn has_descendants(&self, prefix: Pointer<'_>) -> bool {
        self.below.contains_key(prefix.as_str())
    }
}

/// The contender: for every prefix the set of pointers below it.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_keys::contender::<Store>(About {
        name: "prefix_index",
        role: Role::Optimized,
        summary: "Beside the hash map, for every prefix the set of all pointers below it.",
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
            ("wide_get", Growth::Constant),
        ],
        capabilities: &[Capability::Prefixes],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A second hash map leads from every prefix to the set of all pointers below it, however deep. A set of a new pointer \
enters it into the set of each of its prefixes, a delete takes it out again; an empty set goes. The texts are \
shared, which the source's strings are as well.

To ask is one lookup and a walk over exactly what is wanted. To keep it costs one set operation per level, and the \
root's set holds every pointer again: a new pointer three deep costs several times what the plain map asks, in \
instructions and in memory. to_object looks each leaf up by its text.";
