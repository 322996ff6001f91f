//! Peer: crate `serde_json_path` on a tree that exists already. It shows what a query costs without a flat store.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use scenarios::flat::{self, Kinds, Leaf, Pointer, escape, flatten};
use scenarios::flat_query::{FlatQuery, Found, QueryError};
use scenarios::{About, Capability, Caveat, Contender, Growth, KnownFailure, Role};
use serde_json::Value;
use serde_json_path::{JsonPath, LocatedNode, PathElement};

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
struct Node<'a>(&'a LocatedNode<'a>);

impl Found for Node<'_> {
    fn pointer<'a>(&'a self, buffer: &'a mut String) -> &'a str {
        // The crate's own `to_json_pointer` first makes a text of each element, which costs an allocation each.
        buffer.clear();
        for element in self.0.location().iter() {
            buffer.push('/');
            match element {
                PathElement::Name(name) => buffer.push_str(&escape(name)),
                PathElement::Index(index) => buffer.push_str(&index.to_string()),
            }
        }
        buffer
    }

    fn leaf(&self) -> Option<&Value> {
        flat::leaf(self.0.node())
    }

    fn value(&self) -> Cow<'_, Value> {
        Cow::Borrowed(self.0.node())
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
        let path = JsonPath::parse(path).map_err(|error| QueryError::Invalid(error.to_string()))?;
        let Some(tree) = &self.tree else { return Ok(()) };
        for node in path.query_located(tree).iter() {
            if visit(Node(node)).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// The contender: `serde_json_path` on a ready tree.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_query::contender::<Store>(About {
        name: "serde_json_path",
        role: Role::Peer,
        summary: "serde_json_path on a tree that exists already; results come with their locations.",
        source: "crate serde_json_path 0.7",
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
                badge: "nested queries crash",
                text: "A query with some thousands of parentheses around each other overflows the stack (0.7.2).",
            },
        ],
        known_failures: KNOWN_FAILURES,
    })
}

/// What serde_json_path 0.7.2 answers otherwise than RFC 9535 says.
#[rustfmt::skip]
const KNOWN_FAILURES: &[KnownFailure] = &[
    KnownFailure { check: "absent", text: "`<=` and `>=` do not hold between two absent values: `$[?@.a <= @.b]` selects nothing over `[{\"x\": 1}]` (0.7.2)." },
    KnownFailure { check: "negative", text: "A negative index selects nothing in a comparison or an argument: `$[?@[-1] == 3]` over `[[1, 2, 3]]` (0.7.2)." },
    KnownFailure { check: "order", text: "`>` and `>=` order what has no order: `true > false`, `[2] > [1]` and `{} >= {\"a\": 1}` hold (0.7.2)." },
    KnownFailure { check: "equality", text: "1 and 1.0 differ within arrays and objects: `[1] == [1.0]` does not hold; the literal `9007199254740991.0` is read as 9007199254740990 (0.7.2)." },
    KnownFailure { check: "patterns", text: "What is no I-Regexp matches all the same: `\\d`, `(?i)A`, `a+?`, `[[:alpha:]]` (0.7.2)." },
    KnownFailure { check: "escapes", text: "A surrogate pair that begins with a lower-case d, `\\ud83d\\ude00`, is an error (0.7.2)." },
    KnownFailure { check: "blanks", text: "Blanks before `..` are an error: `$ ..b` (0.7.2)." },
    KnownFailure { check: "not_singular", text: "Blanks within the brackets of a singular query are no error: `$[?@[ 0 ] == 1]` (0.7.2)." },
];

const ANALYSIS: &str = "\
The tree is a serde_json::Value. A path is parsed to a syntax tree and evaluated segment by segment: each \
segment takes the list of nodes so far, with the location of each, and makes the next list. Locations are \
vectors of names and indices, cloned and extended for every child; a pointer is written when it is asked \
for.

It has all of the syntax of RFC 9535; its badges say which queries it answers otherwise. The lists of intermediate nodes and a location per node, each an allocation, \
cost several times as much as finding the nodes does, and the first result comes only with all others.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compliance_suite_is_answered_right() {
        testkit::answers_compliance_suite::<Store>(&[]);
    }

    #[test]
    fn it_fails_the_checks_that_it_declares_to_fail() {
        testkit::fails_what_it_declares(&contender());
    }
}
