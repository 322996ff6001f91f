//! A tree built for each query, and the oracle's evaluation over it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::flat::{Kinds, Leaf, Pointer, flatten, leaf, tree, unescape};
use crate::flat_query::oracle::{Model, evaluate};
use crate::flat_query::{FlatQuery, Found, QueryError, Selector, SelectorKind, simple_segments};

pub(super) struct Materialised {
    leaves: BTreeMap<String, Leaf>,
    kinds: Kinds,
}

impl FlatQuery for Materialised {
    type Found<'a> = Node;

    fn import(document: &Value) -> Self {
        let (leaves, kinds) = flatten(document);
        let leaves = leaves.into_iter().map(|(pointer, leaf)| (pointer.as_str().to_owned(), leaf));
        Materialised { leaves: leaves.collect(), kinds }
    }

    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) {
        self.leaves.insert(pointer.as_str().to_owned(), leaf);
    }

    fn delete(&mut self, pointer: Pointer<'_>) -> bool {
        self.leaves.remove(pointer.as_str()).is_some()
    }

    fn query(&self, path: &str, mut visit: impl FnMut(Node) -> ControlFlow<()>) -> Result<(), QueryError> {
        let segments = parse(path)?;
        let entries = self.leaves.iter().map(|(key, leaf)| (key.as_str(), leaf));
        let Some(tree) = tree(Pointer::ROOT, entries, &self.kinds) else { return Ok(()) };
        let nodes = evaluate(&tree, &segments).into_iter();
        let _ = nodes.map(|(pointer, value)| Node(pointer, value.clone())).try_for_each(&mut visit);
        Ok(())
    }
}

/// Reads simple segments, and filters of the one shape that a scenario has: `[?@.name > number]`.
pub(super) fn parse(path: &str) -> Result<Vec<Model>, QueryError> {
    let unsupported = |rest: &str| QueryError::Unsupported(rest.to_owned());
    let mut rest = path.strip_prefix('$').ok_or_else(|| unsupported(path))?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let (selectors, left) = simple_segments(rest);
        segments.extend(selectors.into_iter().map(model));
        rest = left;
        if let Some(filter) = rest.strip_prefix("[?@.") {
            let above = filter.split_once(']').and_then(|(inner, left)| {
                let (name, number) = inner.split_once(" > ")?;
                Some((Model::Above(name.to_owned(), number.parse().ok()?), left))
            });
            let (above, left) = above.ok_or_else(|| unsupported(rest))?;
            segments.push(above);
            rest = left;
        } else if let Some(left) = rest.strip_prefix("[-1]") {
            segments.push(Model::Index(-1));
            rest = left;
        } else if !rest.is_empty() {
            return Err(unsupported(rest));
        }
    }
    Ok(segments)
}

fn model(selector: Selector) -> Model {
    let own = match selector.kind {
        SelectorKind::Name(segment) => Model::Name(unescape(&segment).into_owned()),
        SelectorKind::Index(index) => Model::Index(i64::from(index)),
        SelectorKind::Wildcard => Model::Wildcard,
    };
    if selector.descendant { Model::Descend(Box::new(own)) } else { own }
}

pub(super) struct Node(String, Value);

impl Found for Node {
    fn pointer<'a>(&'a self, _: &'a mut String) -> &'a str {
        &self.0
    }

    fn leaf(&self) -> Option<&Value> {
        leaf(&self.1)
    }

    fn value(&self) -> Cow<'_, Value> {
        Cow::Borrowed(&self.1)
    }
}
