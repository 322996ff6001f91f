//! Peer: std's `BTreeMap`. The names and indices at the beginning of a path select a range of neighbours, which is then
//! matched pointer by pointer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use scenarios::flat::{self, Containers, Leaf, Pointer, flatten};
use scenarios::flat_query::{
    FlatQuery, Found, QueryError, Selector, SelectorKind, admits, matched_length, simple_segments,
};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};
use serde_json::Value;

/// An ordered map from pointer to leaf, and the containers that the pointers imply.
#[derive(Default)]
struct Store {
    leaves: BTreeMap<String, Leaf>,
    containers: Containers,
}

/// What a query found.
struct Node<'a> {
    pointer: &'a str,
    leaf: Option<&'a Leaf>,
    store: &'a Store,
}

impl Found for Node<'_> {
    #[inline]
    fn pointer<'a>(&'a self, _: &'a mut String) -> &'a str {
        self.pointer
    }

    #[inline]
    fn leaf(&self) -> Option<&Value> {
        self.leaf.map(Leaf::value)
    }

    fn value(&self) -> Cow<'_, Value> {
        if let Some(leaf) = self.leaf {
            return Cow::Borrowed(leaf.value());
        }
        let tree = Pointer::parse(self.pointer).ok().and_then(|pointer| {
            flat::tree(pointer, self.store.below(pointer.as_str()), &self.store.containers.kinds)
        });
        Cow::Owned(tree.unwrap_or(Value::Null))
    }
}

impl Store {
    /// The entries below `pointer`, in order.
    #[inline]
    fn below<'a>(&'a self, pointer: &'a str) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        let first = format!("{pointer}/");
        let range = self.leaves.range::<str, _>((Bound::Included(first.as_str()), Bound::Unbounded));
        let entries = range.map(|(key, leaf)| (key.as_str(), leaf));
        entries.take_while(move |(key, _)| {
            key.as_bytes().get(pointer.len()) == Some(&b'/') && key.starts_with(pointer)
        })
    }

    /// Visits what `selectors` select, or the descendants of that which are called `name`.
    fn visit(
        &self,
        selectors: &[Selector],
        name: Option<&str>,
        mut visit: impl FnMut(Node<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut start = String::new();
        let mut wild = name.is_some();
        for selector in selectors {
            match &selector.kind {
                SelectorKind::Name(name) => start.extend(["/", name]),
                SelectorKind::Index(index) => start.extend(["/", &index.to_string()]),
                SelectorKind::Wildcard => {
                    wild = true;
                    break;
                }
            }
        }
        if !wild {
            let leaf = self.leaves.get(&start).filter(|_| !self.containers.contains(&start));
            let there = leaf.is_some() || self.containers.contains(&start);
            if there && admits(selectors, &start, &self.containers) {
                return visit(Node { pointer: &start, leaf, store: self });
            }
            return ControlFlow::Continue(());
        }
        // All pointers below a container are neighbours, so a container is new if the key before was not below it.
        let mut previous = "";
        for (key, leaf) in self.below(&start) {
            let before = std::mem::replace(&mut previous, key);
            let Some(matched) = matched_length(selectors, key) else { continue };
            let mut show = |length: usize| {
                let pointer = &key[..length];
                let leaf = if length < key.len() {
                    let known = before.as_bytes().get(length) == Some(&b'/') && before.starts_with(pointer);
                    if known {
                        return ControlFlow::Continue(());
                    }
                    None
                } else if self.containers.contains(key) {
                    // A leaf that has others below it is seen as a container, which is found when those are visited.
                    return ControlFlow::Continue(());
                } else {
                    Some(leaf)
                };
                if !admits(selectors, pointer, &self.containers) {
                    return ControlFlow::Continue(());
                }
                visit(Node { pointer, leaf, store: self })
            };
            let Some(name) = name else {
                show(matched)?;
                continue;
            };
            let mut at = matched;
            while at < key.len() {
                let rest = &key[at + 1..];
                let end = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
                if &rest[..end] == name {
                    show(at + 1 + end)?;
                }
                at += 1 + end;
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
        let text = path.strip_prefix('$').ok_or_else(|| QueryError::Invalid("no `$` in front".to_owned()))?;
        let (selectors, rest) = simple_segments(text);
        if !rest.is_empty() {
            return Err(QueryError::Unsupported(rest.to_owned()));
        }
        let (selectors, name) = match selectors.split_last() {
            Some((Selector { descendant: true, kind: SelectorKind::Name(name) }, before))
                // A number among the descendants may be an array's index; only the container can tell.
                if flat::array_index(name).is_none() =>
            {
                (before, Some(name.as_str()))
            }
            _ => (selectors.as_slice(), None),
        };
        if selectors.iter().any(|selector| selector.descendant) {
            return Err(QueryError::Unsupported("`..` but for one name at the end".to_owned()));
        }
        let _ = self.visit(selectors, name, visit);
        Ok(())
    }
}

/// The contender: ranges of std's `BTreeMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_query::contender::<Store>(About {
        name: "btree_range",
        role: Role::Peer,
        summary: "std's BTreeMap: a simple path is matched with the pointers of one range.",
        source: "Rust's standard library",
        analysis: ANALYSIS,
        complexity: &[
            ("singular", Growth::Logarithmic),
            ("wildcard", Growth::Constant),
            ("every_field", Growth::Constant),
            ("descendant", Growth::Constant),
            ("first_match", Growth::Logarithmic),
        ],
        capabilities: &[Capability::ChildrenInPlace, Capability::DescendantsInPlace],
        caveats: &[Caveat {
            badge: "simple paths only",
            text: "Answers .name, .*, ['name'], [0], [*] and one ..name at the end. Every other query is an error \
                   that says so.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
An ordered map from pointer to leaf. The names and indices with which a path begins lead to a range of \
neighbours, and each pointer in it is matched with the path, segment by segment. All pointers below one \
container are contiguous, so a container is found once without being remembered. A count of children tells \
arrays from objects.

Pointers are borrowed from the map, and the walk from neighbour to neighbour is cheap. The cost is in \
comparing text segment by segment. A descendant query has to walk every pointer, and a query that needs an \
engine is refused.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compliance_suite_is_answered_right() {
        testkit::answers_compliance_suite::<Store>(&[]);
    }

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
