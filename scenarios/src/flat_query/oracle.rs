//! What a query must find: the oracle of every scenario and check.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::flat::{escape, touch_text, touch_value};
use crate::input::mix;

/// The name of a user.
pub(super) fn name_of(user: usize) -> String {
    format!("user {}", mix(user as u64) % 1_000_000)
}

/// The age of a user: below 60.
pub(super) fn age_of(user: usize) -> u64 {
    mix(user as u64) % 60
}

/// What stands in a digest for a container with children.
const CONTAINER: u64 = 5;

/// A digest of one result, which regions compute as well: a few instructions that read the pointer's end and the leaf.
#[inline]
pub(super) fn found_digest(pointer: &str, leaf: Option<&Value>) -> u64 {
    touch_text(pointer).wrapping_mul(leaf.map_or(CONTAINER, touch_value) | 1)
}

/// The most frequent name of members; of several equally frequent ones the first in order. Empty without members.
pub(super) fn most_frequent_name(document: &Value) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rest = vec![document];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(elements) => rest.extend(elements),
            Value::Object(members) => {
                for (name, member) in members {
                    *counts.entry(name).or_default() += 1;
                    rest.push(member);
                }
            }
            _ => {}
        }
    }
    let most = counts.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)));
    most.map_or(String::new(), |(name, _)| (*name).to_owned())
}

/// A segment of a query in the model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Model {
    Name(String),
    Index(i64),
    Wildcard,
    /// `?@.name > number`.
    Above(String, i64),
    Descend(Box<Model>),
}

impl Model {
    /// Spells the segment. `style` chooses between spellings that mean the same.
    pub(super) fn spell(&self, style: usize) -> String {
        match self {
            Model::Name(name)
                if style == 0 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()) =>
            {
                format!(".{name}")
            }
            Model::Name(name) if style == 1 && !name.contains(['\'', '\\']) => format!("['{name}']"),
            Model::Name(name) => format!("[{}]", Value::from(name.as_str())),
            Model::Index(index) => format!("[{index}]"),
            Model::Wildcard => if style == 0 { ".*" } else { "[*]" }.to_owned(),
            Model::Above(name, number) => format!("[?@[{}] > {number}]", Value::from(name.as_str())),
            Model::Descend(inner) => {
                let inner = inner.spell(style);
                if inner.starts_with('.') { format!(".{inner}") } else { format!("..{inner}") }
            }
        }
    }
}

/// Every node that the segments select from `document`, each with its pointer.
pub(crate) fn evaluate<'a>(document: &'a Value, segments: &[Model]) -> Vec<(String, &'a Value)> {
    let mut nodes = vec![(String::new(), document)];
    for segment in segments {
        nodes = nodes.iter().flat_map(|(pointer, value)| select(pointer, value, segment)).collect();
    }
    nodes
}

fn children<'a>(pointer: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    match value {
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(index, value)| (format!("{pointer}/{index}"), value)).collect()
        }
        Value::Object(members) => {
            members.iter().map(|(name, value)| (format!("{pointer}/{}", escape(name)), value)).collect()
        }
        _ => Vec::new(),
    }
}

fn select<'a>(pointer: &str, value: &'a Value, segment: &Model) -> Vec<(String, &'a Value)> {
    match segment {
        Model::Name(name) => {
            let member = value.as_object().and_then(|members| members.get(name));
            member.map(|member| (format!("{pointer}/{}", escape(name)), member)).into_iter().collect()
        }
        Model::Index(index) => {
            let elements = value.as_array().map_or(&[][..], Vec::as_slice);
            let at = if *index < 0 { elements.len() as i64 + index } else { *index };
            let element = usize::try_from(at).ok().and_then(|at| elements.get(at));
            element.map(|element| (format!("{pointer}/{at}"), element)).into_iter().collect()
        }
        Model::Wildcard => children(pointer, value),
        Model::Above(name, number) => {
            let mut children = children(pointer, value);
            children.retain(|(_, child)| {
                let member = child.as_object().and_then(|members| members.get(name));
                member.and_then(Value::as_i64).is_some_and(|member| member > *number)
            });
            children
        }
        Model::Descend(inner) => {
            let mut nodes = select(pointer, value, inner);
            for (pointer, child) in children(pointer, value) {
                nodes.extend(select(&pointer, child, segment));
            }
            nodes
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_model_selects() {
        let document = json!({"a": [{"b": 1}, {"b": 30}]});
        let segments = [Model::Name("a".to_owned()), Model::Above("b".to_owned(), 20)];
        assert_eq!(evaluate(&document, &segments), [("/a/1".to_owned(), &document["a"][1])]);
        assert_eq!(most_frequent_name(&document), "b");
    }
}
