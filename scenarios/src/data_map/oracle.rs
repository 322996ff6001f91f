//! A document as one plain value, and whom a change of it concerns: the oracle of every scenario and check.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::contract::Error;
use crate::flat::{Pointer, array_index, escape, unescape};
use crate::pattern_index::Pattern;

/// What is at a pointer, as a subscription sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Face {
    Scalar(Value),
    Object,
    Array(usize),
}

impl Face {
    fn of(value: &Value) -> Face {
        match value {
            Value::Object(_) => Face::Object,
            Value::Array(elements) => Face::Array(elements.len()),
            scalar => Face::Scalar(scalar.clone()),
        }
    }
}

/// The face of every pointer at which there is anything.
pub(crate) fn faces(document: &Value) -> BTreeMap<String, Face> {
    let mut faces = BTreeMap::new();
    let mut pending = vec![(String::new(), document)];
    while let Some((pointer, value)) = pending.pop() {
        pending.extend(children(value).map(|(segment, child)| (format!("{pointer}/{segment}"), child)));
        faces.insert(pointer, Face::of(value));
    }
    faces
}

fn children(value: &Value) -> impl Iterator<Item = (String, &Value)> {
    let elements = value.as_array().into_iter().flatten().enumerate();
    let members = value.as_object().into_iter().flatten();
    elements
        .map(|(index, element)| (index.to_string(), element))
        .chain(members.map(|(name, member)| (escape(name).into_owned(), member)))
}

/// Every pointer at which two documents have another face.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<String> {
    let (before, mut after) = (faces(before), faces(after));
    let mut changed: Vec<String> = Vec::new();
    for (pointer, face) in before {
        if after.remove(&pointer) != Some(face) {
            changed.push(pointer);
        }
    }
    changed.extend(after.into_keys());
    changed
}

/// The pointers of all leaves below a prefix, in order.
pub(crate) fn keys(document: &Value, prefix: &str) -> Vec<String> {
    let prefix = Pointer::parse(prefix).expect("checks use pointers");
    let is_leaf = |key: &str| document.pointer(key).is_some_and(|value| children(value).next().is_none());
    faces(document).into_keys().filter(|key| prefix.is_above(key) && is_leaf(key)).collect()
}

/// The value at `pointer`. It is not `Value::pointer`, so that the oracle has one idea of an index.
pub(crate) fn at<'a>(document: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut segments = pointer.split('/').skip(1);
    segments.try_fold(document, |value, segment| match value {
        Value::Object(members) => members.get(&*unescape(segment)),
        Value::Array(elements) => elements.get(array_index(segment)? as usize),
        _ => None,
    })
}

fn at_mut<'a>(document: &'a mut Value, pointer: &str) -> Option<&'a mut Value> {
    let mut segments = pointer.split('/').skip(1);
    segments.try_fold(document, |value, segment| match value {
        Value::Object(members) => members.get_mut(&*unescape(segment)),
        Value::Array(elements) => elements.get_mut(array_index(segment)? as usize),
        _ => None,
    })
}

/// Puts a value at `pointer`.
pub(crate) fn set(document: &mut Value, pointer: &str, value: Value) -> Result<(), Error> {
    // Only a copy is changed before it is known that everything exists.
    let mut draft = document.clone();
    let mut place = &mut draft;
    for segment in pointer.split('/').skip(1) {
        place = match place {
            Value::Object(members) => {
                members.entry(unescape(segment)).or_insert_with(|| Value::Object(Map::new()))
            }
            Value::Array(elements) => {
                let index = array_index(segment).ok_or(Error::OutOfRange)? as usize;
                if index == elements.len() {
                    elements.push(Value::Object(Map::new()));
                }
                elements.get_mut(index).ok_or(Error::OutOfRange)?
            }
            _ => return Err(Error::NotAContainer),
        };
    }
    *place = value;
    *document = draft;
    Ok(())
}

/// Removes what is at `pointer`.
pub(crate) fn delete(document: &mut Value, pointer: &str) -> bool {
    let Some((parent, segment)) = pointer.rsplit_once('/') else {
        *document = Value::Object(Map::new());
        return true;
    };
    match at_mut(document, parent) {
        Some(Value::Object(members)) => members.remove(&*unescape(segment)).is_some(),
        Some(Value::Array(elements)) => {
            let index =
                array_index(segment).map(|index| index as usize).filter(|index| *index < elements.len());
            index.map(|index| elements.remove(index)).is_some()
        }
        _ => false,
    }
}

/// The array at `pointer`.
pub(crate) fn array<'a>(document: &'a mut Value, pointer: &str) -> Result<&'a mut Vec<Value>, Error> {
    at_mut(document, pointer).and_then(Value::as_array_mut).ok_or(Error::NotAnArray)
}

/// What a subscription is to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Pointer(String),
    Pattern(Pattern),
}

impl Target {
    fn selects(&self, pointer: &str) -> bool {
        match self {
            Target::Pointer(own) => own == pointer,
            Target::Pattern(pattern) => {
                let segments: Vec<&str> = pointer.split('/').skip(1).collect();
                pattern.selects(&segments)
            }
        }
    }
}

/// Which of these subscriptions are called for a change at `pointer`, in order: by their numbers.
pub(crate) fn concerned<'a>(
    subscriptions: impl Iterator<Item = (usize, &'a Target)> + Clone,
    pointer: &str,
) -> Vec<usize> {
    let of = |patterns: bool| {
        let kind = subscriptions.clone();
        let kind = kind.filter(move |(_, target)| matches!(target, Target::Pattern(_)) == patterns);
        kind.filter(|(_, target)| target.selects(pointer)).map(|(number, _)| number)
    };
    of(false).chain(of(true)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_edited_by_the_book() {
        let mut document = json!({"l": [1, {"a/b": 2}], "s": 1});
        assert_eq!(set(&mut document, "/l/1/a~1b", json!(3)), Ok(()));
        assert_eq!(set(&mut document, "/l/2", json!([])), Ok(()));
        assert_eq!(set(&mut document, "/l/4", json!(1)), Err(Error::OutOfRange));
        assert_eq!(set(&mut document, "/l/-", json!(1)), Err(Error::OutOfRange));
        assert_eq!(set(&mut document, "/l/00", json!(1)), Err(Error::OutOfRange));
        assert_eq!(set(&mut document, "/s/x", json!(1)), Err(Error::NotAContainer));
        assert_eq!(set(&mut document, "/new/0", json!(1)), Ok(()));
        assert_eq!(document, json!({"l": [1, {"a/b": 3}, []], "s": 1, "new": {"0": 1}}));
        assert!(
            delete(&mut document, "/l/0") && delete(&mut document, "/new") && !delete(&mut document, "/l/7")
        );
        assert_eq!(document, json!({"l": [{"a/b": 3}, []], "s": 1}));
        assert_eq!(keys(&document, ""), ["/l/0/a~1b", "/l/1", "/s"]);
        assert_eq!(keys(&document, "/s"), [""; 0]);
        assert!(delete(&mut document, ""));
        assert_eq!(document, json!({}));
    }

    #[test]
    fn a_change_is_where_something_else_is() {
        let changed = |before, after| changes(&before, &after);
        assert_eq!(changed(json!({"a": {"b": 1}}), json!({"a": {"b": 2}})), ["/a/b"]);
        assert_eq!(changed(json!({"a": {"b": 1}}), json!({"a": {"c": 1}})), ["/a/b", "/a/c"]);
        assert_eq!(changed(json!([1, 2]), json!([2])), ["", "/0", "/1"]);
        assert_eq!(changed(json!({"a": []}), json!({"a": {}})), ["/a"]);
        assert_eq!(changed(json!(1), json!(1)), [""; 0]);
    }

    #[test]
    fn subscriptions_to_the_pointer_come_first() {
        let targets = [
            Target::Pattern(Pattern::parse("$..b").unwrap()),
            Target::Pointer("/a/b".to_owned()),
            Target::Pointer("/a".to_owned()),
            Target::Pattern(Pattern::parse("$.a.*").unwrap()),
        ];
        assert_eq!(concerned(targets.iter().enumerate(), "/a/b"), [1, 0, 3]);
    }
}
