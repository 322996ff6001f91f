//! Peer: crate `serde_json_path` on a tree that exists already. It shows what a query costs without a flat store.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use scenarios::flat::{self, Kinds, Leaf, Pointer, escape, flatten};
use scenarios::flat_query::{FlatQuery, Found, QueryError};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};
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
                badge: "orders booleans",
                text: "serde_json_path 0.7 treats false as less than true; by RFC 9535 booleans have no order.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The tree is a serde_json::Value. A path is parsed to a syntax tree and evaluated segment by segment: each \
segment takes the list of nodes so far, with the location of each, and makes the next list. Locations are \
vectors of names and indices, cloned and extended for every child; a pointer is written when it is asked \
for.

It answers all of RFC 9535. The lists of intermediate nodes and a location per node, each an allocation, \
cost several times as much as finding the nodes does, and the first result comes only with all others.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compliance_suite_is_answered_right() {
        testkit::answers_compliance_suite::<Store>(&[]);
    }

    #[test]
    fn temp_differences() {
        std::panic::set_hook(Box::new(|_| ()));
        let (n, found) = testkit::jsonpath::differences(false, |d, q| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| testkit::jsonpath::answer_of::<Store>(d, q)))
                .unwrap_or_else(|_| Err("panicked".to_owned()))
        })
        .unwrap();
        println!("{n} queries {} differences", found.len());
        for d in found {
            println!("{}", serde_json::json!([d.query, d.document, d.ours, d.theirs]));
        }
    }
}
