//! Trees: a document as leaves under pointers, and back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::containers::Kinds;
use super::content::Content;
use super::leaf::Leaf;
use crate::pointer::{Pointer, PointerBuf, array_index, escape, unescape};

/// The tree at `prefix` that `entries` stand for, each of which lies at `prefix` or below it; `None` without entries.
///
/// It recurses once per level, as the drop of a [`Value`] does: a few thousand levels overflow the stack.
pub fn tree<'a, L: Content>(
    prefix: Pointer<'_>,
    entries: impl IntoIterator<Item = (&'a str, &'a L)>,
    kinds: &Kinds,
) -> Option<Value> {
    let mut root = Draft::default();
    for (key, leaf) in entries {
        let mut node = &mut root;
        for segment in Pointer(&key[prefix.as_str().len()..]).segments() {
            node = node.children.entry(segment).or_default();
        }
        node.leaf = Some(leaf);
    }
    root.finish(&mut prefix.as_str().to_owned(), kinds)
}

struct Draft<'a, L> {
    leaf: Option<&'a L>,
    children: BTreeMap<&'a str, Draft<'a, L>>,
}

impl<L> Default for Draft<'_, L> {
    fn default() -> Self {
        Draft { leaf: None, children: BTreeMap::new() }
    }
}

impl<L: Content> Draft<'_, L> {
    fn finish(self, pointer: &mut String, kinds: &Kinds) -> Option<Value> {
        let count = self.children.len();
        if count == 0 {
            return self.leaf.map(|leaf| leaf.value().into_owned());
        }
        let index = |segment: &str| array_index(segment).filter(|index| (*index as usize) < count);
        let is_array = self.children.keys().all(|segment| index(segment).is_some())
            && !kinds.is_object(Pointer(pointer));
        let length = pointer.len();
        let mut finish = |segment: &str, child: Self| {
            pointer.push('/');
            pointer.push_str(segment);
            let value = child.finish(pointer, kinds);
            pointer.truncate(length);
            value.unwrap_or(Value::Null)
        };
        if is_array {
            let mut elements = vec![Value::Null; count];
            for (segment, child) in self.children {
                if let Some(at) = index(segment) {
                    elements[at as usize] = finish(segment, child);
                }
            }
            return Some(Value::Array(elements));
        }
        let members = self
            .children
            .into_iter()
            .map(|(segment, child)| (unescape(segment).into_owned(), finish(segment, child)));
        Some(Value::Object(members.collect()))
    }
}

/// Every leaf of `document` with its pointer, in document order; and the objects that must be recorded as such.
pub fn flatten(document: &Value) -> (Vec<(PointerBuf, Leaf)>, Kinds) {
    let mut leaves = Vec::new();
    let mut kinds = Kinds::default();
    flatten_into(document, &mut String::new(), &mut leaves, &mut kinds);
    (leaves, kinds)
}

fn flatten_into(
    value: &Value,
    pointer: &mut String,
    leaves: &mut Vec<(PointerBuf, Leaf)>,
    kinds: &mut Kinds,
) {
    let length = pointer.len();
    match value {
        Value::Array(elements) if !elements.is_empty() => {
            for (index, element) in elements.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                flatten_into(element, pointer, leaves, kinds);
                pointer.truncate(length);
            }
        }
        Value::Object(members) if !members.is_empty() => {
            if members.keys().all(|name| array_index(name).is_some()) {
                kinds.record_object(Pointer(pointer));
            }
            for (name, member) in members {
                pointer.push('/');
                pointer.push_str(&escape(name));
                flatten_into(member, pointer, leaves, kinds);
                pointer.truncate(length);
            }
        }
        _ => leaves.push((PointerBuf(pointer.clone()), Leaf(value.clone()))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_come_back() {
        for document in [
            json!(null),
            json!([]),
            json!({}),
            json!({"a": [1, [2, []], {"": {"0": true}}], "0": {}, "~/": "x"}),
            json!({"0": "looks like an array", "1": ["is one"]}),
            json!((0..12).collect::<Vec<_>>()),
            json!({"2024": 1, "01": 2}),
        ] {
            let (leaves, kinds) = flatten(&document);
            let entries = leaves.iter().map(|(pointer, leaf)| (pointer.as_pointer().as_str(), leaf));
            assert_eq!(tree(Pointer::ROOT, entries, &kinds), Some(document));
        }
        assert_eq!(tree::<Leaf>(Pointer::ROOT, [], Kinds::NONE), None);
    }
}
