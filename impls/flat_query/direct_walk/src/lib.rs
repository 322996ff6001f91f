//! The source's plan: simple paths (`.name`, `.*`, `['name']`, `['*']`, `[0]`, `[*]`) run straight over the pointers;
//! for all other paths the whole tree is built.
//!
//! The plan cannot tell arrays from objects, so `[0]` also matches `{"0": …}`. That is fixed here: the store also
//! counts the children of every container.
//!
//! [`Index`] does the same over the leaves of another store, in which every container is an object.

mod index;
mod simple;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use json_path::Tree;
use scenarios::flat::{self, Containers, Leaf, Pointer, flatten};
use scenarios::flat_query::{FlatQuery, Found, QueryError, Selector, admits, matched_length};
use scenarios::input::FixedHasher;
use scenarios::{About, Capability, Contender, Growth, Role};
use serde_json::Value;

pub use index::{Index, Path};
use simple::{has_wildcard, parse, pointer_of, simple};

/// A hash map from pointer to leaf, and the containers that the pointers imply.
#[derive(Default)]
struct Store {
    leaves: HashMap<String, Leaf, FixedHasher>,
    containers: Containers,
}

/// What a query found.
struct Node<'a> {
    pointer: &'a str,
    value: Held<'a>,
}

/// What holds a node's value.
enum Held<'a> {
    /// A leaf of the store.
    Leaf(&'a Leaf),
    /// A container that the store implies.
    Container(&'a Store),
    /// A value of a tree that was built for the query.
    Located(&'a Value),
}

impl Found for Node<'_> {
    #[inline]
    fn pointer<'a>(&'a self, _: &'a mut String) -> &'a str {
        self.pointer
    }

    #[inline]
    fn leaf(&self) -> Option<&Value> {
        match self.value {
            Held::Leaf(leaf) => Some(leaf.value()),
            Held::Container(_) => None,
            Held::Located(value) => flat::leaf(value),
        }
    }

    fn value(&self) -> Cow<'_, Value> {
        match self.value {
            Held::Leaf(leaf) => Cow::Borrowed(leaf.value()),
            Held::Container(store) => Cow::Owned(store.tree(self.pointer).unwrap_or(Value::Null)),
            Held::Located(value) => Cow::Borrowed(value),
        }
    }
}

impl Store {
    /// The tree at `pointer`.
    fn tree(&self, pointer: &str) -> Option<Value> {
        let pointer = Pointer::parse(pointer).ok()?;
        let entries = self.leaves.iter().map(|(key, leaf)| (key.as_str(), leaf));
        let entries = entries.filter(|(key, _)| *key == pointer.as_str() || pointer.is_above(key));
        flat::tree(pointer, entries, &self.containers.kinds)
    }

    /// Visits the one node that `selectors` can select.
    fn visit_singular(&self, selectors: &[Selector], mut visit: impl FnMut(Node<'_>) -> ControlFlow<()>) {
        let pointer = pointer_of(selectors);
        let node = if self.containers.contains(&pointer) {
            Node { pointer: &pointer, value: Held::Container(self) }
        } else if let Some(leaf) = self.leaves.get(&pointer) {
            Node { pointer: &pointer, value: Held::Leaf(leaf) }
        } else {
            return;
        };
        if admits(selectors, &pointer, &self.containers) {
            let _ = visit(node);
        }
    }

    /// Builds the whole tree, and visits what `path` selects from it.
    ///
    /// It is not inlined, so that it does not change the code for simple paths.
    #[inline(never)]
    fn query_tree(
        &self,
        path: &str,
        mut visit: impl FnMut(Node<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let query = parse(path)?;
        let Some(value) = self.tree("") else { return Ok(()) };
        let tree = Tree::new(&value);
        let _ = query.select(&tree, tree.root(), tree.root(), |node| {
            visit(Node { pointer: &tree.pointer(node), value: Held::Located(node.value()) })
        });
        Ok(())
    }

    /// Visits every node that `selectors` select, key by key.
    fn visit_all(
        &self,
        selectors: &[Selector],
        mut visit: impl FnMut(Node<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // Many keys lie below one container, which must be visited only once.
        let mut seen: HashSet<&str, FixedHasher> = HashSet::default();
        for (key, leaf) in &self.leaves {
            let Some(length) = matched_length(selectors, key) else { continue };
            let pointer = &key[..length];
            if length < key.len() {
                if seen.insert(pointer) && admits(selectors, pointer, &self.containers) {
                    visit(Node { pointer, value: Held::Container(self) })?;
                }
            // A leaf that has others below it is seen as a container, which is found when those are visited.
            } else if !self.containers.contains(key) && admits(selectors, key, &self.containers) {
                visit(Node { pointer, value: Held::Leaf(leaf) })?;
            }
        }
        ControlFlow::Continue(())
    }
}

impl FlatQuery for Store {
    type Found<'a> = Node<'a>;

    fn import(document: &Value) -> Self {
        let (leaves, kinds) = flatten(document);
        let mut store = Store::default();
        store.containers.kinds = kinds;
        for (pointer, leaf) in leaves {
            store.set(pointer.as_pointer(), leaf);
        }
        store
    }

    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) {
        if self.leaves.insert(pointer.as_str().to_owned(), leaf).is_none() {
            self.containers.add(pointer, |key| self.leaves.contains_key(key));
        }
    }

    fn delete(&mut self, pointer: Pointer<'_>) -> bool {
        let there = self.leaves.remove(pointer.as_str()).is_some();
        if there {
            self.containers.remove(pointer, |key| self.leaves.contains_key(key));
        }
        there
    }

    fn query(
        &self,
        path: &str,
        visit: impl FnMut(Self::Found<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let Some(selectors) = simple(path) else { return self.query_tree(path, visit) };
        if has_wildcard(&selectors) {
            let _ = self.visit_all(&selectors, visit);
        } else {
            self.visit_singular(&selectors, visit);
        }
        Ok(())
    }
}

/// The contender: simple paths over the pointers, the tree for the rest.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_query::contender::<Store>(About {
        name: "direct_walk",
        role: Role::Optimized,
        summary: "Simple paths run over the pointers one by one; for all other paths the whole tree is built.",
        source: "data-map: queryFlat as planned, but it tells arrays from objects",
        analysis: ANALYSIS,
        complexity: &[
            ("singular", Growth::Constant),
            ("wildcard", Growth::Constant),
            ("every_field", Growth::Constant),
            ("descendant", Growth::Logarithmic),
            ("first_match", Growth::Constant),
            ("filter", Growth::Logarithmic),
        ],
        capabilities: &[Capability::AnyQuery, Capability::ChildrenInPlace, Capability::ScansWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The store is a hash map from pointer to leaf. Beside it is a count of the children of every container, \
which tells arrays from objects. A path of names and indices is a pointer and costs one lookup. A path with \
wildcards is matched with every pointer, segment by segment; a match is shown with the pointer that the map \
holds. Every other path builds the whole tree, and the lab's own evaluator of RFC 9535 (crate json_path) \
answers it.

For simple paths nothing is built, and only the path itself is written: building and writing is where the \
naive way spends its time. Every pointer is still looked at, wherever the path leads. Descendants and \
filters gain nothing.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compliance_suite_is_answered_right() {
        testkit::answers_compliance_suite::<Store>(&[]);
    }

    #[test]
    fn random_queries_are_answered_as_by_an_independent_implementation() {
        testkit::jsonpath::agrees_with_python(false, testkit::jsonpath::answer_of::<Store>);
    }

    #[test]
    fn the_index_answers_over_other_leaves() {
        testkit::answers_over_other_leaves::<Index>();
    }

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
