//! Peer: crate `jsonpath-rust` on a tree that is already there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jsonpath_rust::JsonPath;
use jsonpath_rust::query::QueryRef;
use scenarios::flat::{self, Kinds, Leaf, Pointer, flatten};
use scenarios::flat_query::{FlatQuery, Found, QueryError, pointer_of_normalized};
use scenarios::{About, Capability, Caveat, Contender, Growth, KnownFailure, Role};
use serde_json::Value;

/// The tree. A change is made in its leaves, and then the tree is built anew.
struct Store {
    tree: Option<Value>,
    /// The leaves, and the kinds of containers that leaves alone do not tell. They exist from the first change on.
    leaves: Option<(BTreeMap<String, Leaf>, Kinds)>,
}

impl Store {
    /// Changes the leaves and builds the tree anew.
    fn change<T>(&mut self, change: impl FnOnce(&mut BTreeMap<String, Leaf>) -> T) -> T {
        let (leaves, kinds) = self.leaves.get_or_insert_with(|| {
            let (leaves, kinds) = self.tree.as_ref().map(flatten).unwrap_or_default();
            let leaves =
                leaves.into_iter().map(|(pointer, leaf)| (pointer.as_pointer().as_str().to_owned(), leaf));
            (leaves.collect(), kinds)
        });
        let outcome = change(leaves);
        let entries = leaves.iter().map(|(key, leaf)| (key.as_str(), leaf));
        self.tree = flat::tree(Pointer::ROOT, entries, kinds);
        outcome
    }
}

/// What a query found.
struct Node<'a>(QueryRef<'a, Value>);

impl Found for Node<'_> {
    fn pointer<'a>(&'a self, buffer: &'a mut String) -> &'a str {
        *buffer = pointer_of_normalized(&self.0.path);
        buffer
    }

    fn leaf(&self) -> Option<&Value> {
        flat::leaf(self.0.val)
    }

    fn value(&self) -> Cow<'_, Value> {
        Cow::Borrowed(self.0.val)
    }
}

impl FlatQuery for Store {
    type Found<'a> = Node<'a>;

    fn import(document: &Value) -> Self {
        Store { tree: Some(document.clone()), leaves: None }
    }

    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) {
        self.change(|leaves| leaves.insert(pointer.as_str().to_owned(), leaf));
    }

    fn delete(&mut self, pointer: Pointer<'_>) -> bool {
        self.change(|leaves| leaves.remove(pointer.as_str())).is_some()
    }

    fn query(
        &self,
        path: &str,
        mut visit: impl FnMut(Self::Found<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let nothing = Value::Null;
        let tree = self.tree.as_ref().unwrap_or(&nothing);
        let found = tree.query_with_path(path).map_err(|error| QueryError::Invalid(error.to_string()))?;
        if self.tree.is_some() {
            let _ = found.into_iter().try_for_each(|node| visit(Node(node)));
        }
        Ok(())
    }
}

/// The contender: `jsonpath-rust` on a ready tree.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_query::contender::<Store>(About {
        name: "jsonpath_rust",
        role: Role::Peer,
        summary: "jsonpath-rust on a tree that exists already; results come with their paths.",
        source: "crate jsonpath-rust 1.0",
        analysis: ANALYSIS,
        complexity: &[
            ("singular", Growth::Constant),
            ("wildcard", Growth::Constant),
            ("every_field", Growth::Constant),
            ("descendant", Growth::Constant),
            ("first_match", Growth::Linear),
            ("filter", Growth::Constant),
        ],
        capabilities: &[Capability::AnyQuery, Capability::ChildrenInPlace, Capability::DescendantsInPlace],
        caveats: &[
            Caveat {
                badge: "tree, not a flat store",
                text: "Queries a tree that exists already; a change of one pointer builds it anew.",
            },
            Caveat {
                badge: "accepts invalid queries",
                text: "Fails 7 of the 703 tests of the JSONPath compliance suite: it accepts functions that are used \
                       wrongly, and answers a nested filter wrongly.",
            },
            Caveat {
                badge: "paths rewritten",
                text: "The crate writes a normalized path for every result, which this contender rewrites as a \
                       pointer.",
            },
        ],
        known_failures: KNOWN_FAILURES,
    })
}

/// What jsonpath-rust 1.0.12 answers otherwise than RFC 9535 says.
#[rustfmt::skip]
const KNOWN_FAILURES: &[KnownFailure] = &[
    KnownFailure { check: "errors", text: "`$.a b` is not an error but selects something or nothing, since 1.0.12 or earlier." },
    KnownFailure { check: "equality", text: "1 and 1.0 differ within arrays and objects: `[1] == [1.0]` does not hold (1.0.12)." },
    KnownFailure { check: "functions", text: "count is nothing, and not 0, of a query that does not apply to the value: `count(@..*)` of a scalar, `count(@.a)` of an array (1.0.12)." },
    KnownFailure { check: "patterns", text: "What is no I-Regexp matches all the same: `\\d`, `(?i)A`, `a+?`, `[[:alpha:]]` (1.0.12)." },
    KnownFailure { check: "logic", text: "A filter within a filter is applied to the node itself: `$[?@[?@[0] == 2]]` selects nothing over `[[1, [2]]]` (1.0.12)." },
    KnownFailure { check: "invalid", text: "No errors are `$.a ` with its blank at the end, `$[?@.a in [1]]`, and functions that are not well-typed, as in `$[?length(@)]` and `$[?value(1) == 1]` (1.0.12)." },
    KnownFailure { check: "not_singular", text: "Blanks within the brackets of a singular query are no error: `$[?@[ 0 ] == 1]` (1.0.12)." },
];

const ANALYSIS: &str = "\
The tree is a serde_json::Value. A path is parsed by a generated PEG parser, then each segment maps the \
list of nodes so far to the next list. Every node carries its normalized path as a text, which is formatted \
anew for each child, and rewritten as a pointer here.

It loses because of those texts: nodes on the way get one, too, and each takes an allocation and the \
formatting machinery. The parser takes more than a small query does.";

#[cfg(test)]
mod tests {
    use super::*;

    /// The tests that it answers wrongly, because it takes results that are no values for values.
    const WRONG: [&str; 7] = [
        "filter, nested",
        "functions, count, result must be compared",
        "functions, length, result must be compared",
        "functions, length, non-singular query arg",
        "functions, length, non-singular query arg, multiple index selectors",
        "functions, length, non-singular query arg, multiple name selectors",
        "functions, value, result must be compared",
    ];

    #[test]
    fn the_compliance_suite_is_answered_as_the_badge_says() {
        testkit::answers_compliance_suite::<Store>(&WRONG);
    }

    #[test]
    fn it_fails_the_checks_that_it_declares_to_fail() {
        testkit::fails_what_it_declares(&contender());
    }
}
