//! The lab's own queried store: a tree of interned segments, and a list of the nodes of each name.
//!
//! ```text
//!   path.rs: a path ──► parts ──► store.rs: nodes ──► results
//!                  │                         │
//!                  └──► the rest ──► document.rs: the lab's evaluator ──► results
//! ```
//!
//! The parts at the beginning of a path are evaluated over numbers of segments; `filter.rs` has those filters that are
//! decided at the node. From the first part that needs more than this, the lab's own evaluator of RFC 9535 (crate
//! `json_path`) takes over. It walks the same nodes, so no tree is built and every result lies in the store.
//!
//! The contender holds the leaves in its nodes. [`Index`] holds none: it answers over the leaves of another store.

mod document;
mod filter;
mod index;
mod kept;
mod path;
mod store;

use std::borrow::Cow;
use std::ops::ControlFlow;

use scenarios::flat::{Leaf, Pointer, flatten};
use scenarios::flat_query::{FlatQuery, Found, QueryError};
use scenarios::{About, Capability, Contender, Growth, Role};
use serde_json::Value;

use document::select;
pub use index::{Index, Path};
use path::Parsed;
use store::{InNodes, Node};

/// The store that holds its leaves.
type Store = store::Store<Leaf>;

/// What a query found: a node of the store.
struct Hit<'a> {
    store: &'a Store,
    node: &'a Node<Leaf>,
}

impl Found for Hit<'_> {
    #[inline]
    fn pointer<'a>(&'a self, _: &'a mut String) -> &'a str {
        self.store.text_of(self.node)
    }

    #[inline]
    fn leaf(&self) -> Option<&Value> {
        self.node.own_leaf().map(Leaf::value)
    }

    fn value(&self) -> Cow<'_, Value> {
        match self.node.own_leaf() {
            Some(leaf) => Cow::Borrowed(leaf.value()),
            None => Cow::Owned(self.store.tree(self.node)),
        }
    }
}

impl FlatQuery for Store {
    type Found<'a> = Hit<'a>;

    fn import(document: &Value) -> Self {
        let (leaves, kinds) = flatten(document);
        let mut store = Store::new(kinds);
        for (pointer, leaf) in leaves {
            store.set(pointer.as_pointer(), leaf);
        }
        store
    }

    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) {
        self.put(pointer, leaf);
    }

    fn delete(&mut self, pointer: Pointer<'_>) -> bool {
        self.take(pointer)
    }

    fn query(
        &self,
        path: &str,
        mut visit: impl FnMut(Self::Found<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let path = Parsed::new(path)?;
        select(self, &path, InNodes, |node| visit(Hit { store: self, node }));
        Ok(())
    }
}

/// The contender: an index of segments with postings per name.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_query::contender::<Store>(About {
        name: "segment_index",
        role: Role::Optimized,
        summary: "A tree of interned segments with a list of nodes per name; results borrow their pointers and \
                  leaves.",
        source: "the lab's own, after data-map's plan of walking the pointers",
        analysis: ANALYSIS,
        complexity: &[
            ("singular", Growth::Constant),
            ("wildcard", Growth::Constant),
            ("every_field", Growth::Constant),
            ("descendant", Growth::Constant),
            ("first_match", Growth::Constant),
            ("filter", Growth::Constant),
        ],
        capabilities: &[Capability::AnyQuery, Capability::ChildrenInPlace, Capability::DescendantsInPlace],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Pointers are split once, when they are set. Each is a node under its parent, with its segment as a number \
and its text in one arena. A name in a path is turned into that number once per query; a name that no node \
has answers the query. From then on numbers are compared: a wildcard walks the children of a node, ..name \
walks the list of the nodes of that name, and a result borrows its pointer and its leaf. Counting the \
children and summing their indices tells arrays from objects.

No result costs an allocation, and no text is compared or written on the way, so a result costs a few \
loads. A filter that compares a member with a literal is decided at the node. From the first other part of \
a path on (unions, slices, functions, larger filters), the lab's own evaluator of RFC 9535 (crate \
json_path) walks the nodes to which the simple part leads. It builds no tree either.

It pays when pointers are set: it has to keep a node per prefix, a table and the lists.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Pointer<'_> {
        Pointer::parse(text).unwrap()
    }

    fn count(store: &Store, path: &str) -> usize {
        let mut count = 0;
        store
            .query(path, |_| {
                count += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        count
    }

    #[test]
    fn chains_of_descents_that_end_nowhere_are_answered_at_once() {
        let mut document = json!(1);
        for _ in 0..40 {
            document = json!({ "a": document });
        }
        let store = Store::import(&document);
        assert_eq!(count(&store, &format!("${}..b", "..a".repeat(16))), 0);
        // Two descents choose two of the forty levels.
        assert_eq!(count(&store, "$..a..a"), 40 * 39 / 2);
    }

    #[test]
    fn a_pointer_may_be_deeper_than_a_stack() {
        let mut store = Store::import(&json!(null));
        store.set(at(&"/a".repeat(4000)), Leaf::from(1));
        assert_eq!(count(&store, "$..a"), 4000);
        assert_eq!(count(&store, "$.a..a"), 3999);
        assert_eq!(count(&store, &format!("${}", ".a".repeat(60))), 1);
        assert_eq!(count(&store, "$..[?@.a || @.b]"), 3999);
        assert_eq!(count(&store, "$..[?@ == 1]"), 1);
        assert_eq!(count(&store, "$.a[?count(@..*) == 3998]"), 1);
        assert_eq!(count(&store, "$.a[?@ == $.a.a]"), 1);
        assert_eq!(count(&store, "$.a[?@ == $.a]"), 0);
        assert_eq!(count(&store, &format!("$['a']{}", "['a' ]".repeat(3999))), 1);
    }

    #[test]
    fn the_evaluator_goes_on_where_the_parts_end() {
        let deep = (0..90).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert_eq!(count(&Store::import(&deep), &format!("${}", ".a".repeat(90))), 1);
        let store = Store::import(&json!({"x": [1, 2, 3], "y": {"$": {"z": [4, 5]}}, "limit": 2}));
        assert_eq!(count(&store, "$.x[1:]"), 2);
        assert_eq!(count(&store, "$.y['$'].z[-1]"), 1);
        assert_eq!(count(&store, "$.x[?@ > $.limit]"), 1);
        assert_eq!(count(&store, "$.x[?length(@) > 1]"), 0);
        assert_eq!(count(&store, "$..z[?@ > $.x[2]]"), 2);
        // An error is where it is in the whole path.
        let error = store.query("$.x[0][01]", |_| ControlFlow::Continue(())).unwrap_err();
        assert!(error.to_string().contains("at byte 7:"), "{error}");
        // The order in which elements were set is not their order.
        let mut store = Store::import(&json!({}));
        for index in [2, 0, 1] {
            store.set(at(&format!("/l/{index}")), Leaf::from(index));
        }
        let mut found = Vec::new();
        let _ = store.query("$['l'][?@ >= 0 || @]", |hit| {
            found.push(hit.pointer(&mut String::new()).to_owned());
            ControlFlow::Continue(())
        });
        assert_eq!(found, ["/l/0", "/l/1", "/l/2"]);
    }

    #[test]
    fn the_compliance_suite_is_answered_right() {
        assert_eq!(testkit::answers_compliance_suite::<Store>(&[]), [""; 0]);
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
