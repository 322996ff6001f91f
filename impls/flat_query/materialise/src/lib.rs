//! The naive flat query. Each query builds the whole tree from the pointers, and then asks a JSONPath engine. The
//! source has an engine for JavaScript; here it is the lab's own, crate `json_path`, because it answers every query as
//! RFC 9535 says.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use json_path::{Query, Tree};
use scenarios::flat::{self, Kinds, Leaf, Leaves, Pointer, flatten};
use scenarios::flat_query::{FlatQuery, Found, QueryError, QueryIndex};
use scenarios::input::FixedHasher;
use scenarios::{About, Capability, Contender, Growth, Role};
use serde_json::Value;

/// A hash map from pointer to leaf.
struct Store {
    leaves: HashMap<String, Leaf, FixedHasher>,
    kinds: Kinds,
}

/// A node of a tree that was built for the query.
struct Located<'a> {
    pointer: String,
    value: &'a Value,
}

impl Found for Located<'_> {
    fn pointer<'a>(&'a self, _: &'a mut String) -> &'a str {
        &self.pointer
    }

    fn leaf(&self) -> Option<&Value> {
        flat::leaf(self.value)
    }

    fn value(&self) -> Cow<'_, Value> {
        Cow::Borrowed(self.value)
    }
}

fn parse(path: &str) -> Result<Query, QueryError> {
    Query::parse(path).map_err(|error| error.into_error(QueryError::Invalid, QueryError::Unsupported))
}

/// No index at all: each query asks the other store for its whole tree.
pub struct Index;

impl QueryIndex for Index {
    type Path = Rc<Query>;

    fn new() -> Self {
        Index
    }

    fn added(&mut self, _pointer: Pointer<'_>) {}

    fn removed(&mut self, _pointer: Pointer<'_>) {}

    fn prepare(path: &str) -> Result<Rc<Query>, QueryError> {
        parse(path).map(Rc::new)
    }

    fn select(&self, path: &Rc<Query>, leaves: &impl Leaves, mut visit: impl FnMut(&str) -> ControlFlow<()>) {
        let Some(value) = leaves.tree() else { return };
        let tree = Tree::new(&value);
        let _ = path.select(&tree, tree.root(), tree.root(), |node| visit(&tree.pointer(node)));
    }
}

impl FlatQuery for Store {
    type Found<'a> = Located<'a>;

    fn import(document: &Value) -> Self {
        let (leaves, kinds) = flatten(document);
        let leaves =
            leaves.into_iter().map(|(pointer, leaf)| (pointer.as_pointer().as_str().to_owned(), leaf));
        Store { leaves: leaves.collect(), kinds }
    }

    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) {
        self.leaves.insert(pointer.as_str().to_owned(), leaf);
    }

    fn delete(&mut self, pointer: Pointer<'_>) -> bool {
        self.leaves.remove(pointer.as_str()).is_some()
    }

    fn query(
        &self,
        path: &str,
        mut visit: impl FnMut(Self::Found<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let query = parse(path)?;
        let entries = self.leaves.iter().map(|(key, leaf)| (key.as_str(), leaf));
        let Some(value) = flat::tree(Pointer::ROOT, entries, &self.kinds) else { return Ok(()) };
        let tree = Tree::new(&value);
        let _ = query.select(&tree, tree.root(), tree.root(), |node| {
            visit(Located { pointer: tree.pointer(node), value: node.value() })
        });
        Ok(())
    }
}

/// The contender: a tree built for each query.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_query::contender::<Store>(About {
        name: "materialise",
        role: Role::Naive,
        summary: "Each query builds the whole tree from the pointers and then asks a JSONPath engine.",
        source: "data-map: its queryFlat as it is today",
        analysis: ANALYSIS,
        complexity: &[
            ("singular", Growth::Linearithmic),
            ("wildcard", Growth::Logarithmic),
            ("every_field", Growth::Logarithmic),
            ("descendant", Growth::Logarithmic),
            ("first_match", Growth::Linearithmic),
            ("filter", Growth::Logarithmic),
        ],
        capabilities: &[Capability::AnyQuery, Capability::ScansWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The store is a hash map from pointer to leaf. A query walks all of it, splits every pointer and puts the \
tree together, for which it sorts the members of each object. The lab's own evaluator of RFC 9535 (crate \
json_path) then walks that tree. For each result a pointer is written, and in the end the tree is dropped.

Every JSONPath is answered, including filters and functions. Whatever the query, everything is built: one \
value out of a large store costs as much as all of it.";

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
