//! Plain JSON values: what a subscription sees of one, and what is done to one by the rest of a pointer.

use std::borrow::Cow;
use std::ops::ControlFlow;

use json_path::{Query, Tree};
use scenarios::data_map::Error;
use scenarios::flat::{array_index, escape, unescape};
use scenarios::flat_query::QueryError;
use serde_json::{Map, Value};

/// What is at a pointer, as a subscription sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Face {
    /// A scalar.
    Scalar(Value),
    /// An object, whatever its members.
    Object,
    /// An array of this length.
    Array(usize),
}

impl Face {
    /// The face of a value.
    #[inline]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Face::Object,
            Value::Array(elements) => Face::Array(elements.len()),
            scalar => Face::Scalar(scalar.clone()),
        }
    }
}

/// Parses a path.
///
/// # Errors
/// If it is none, or one that the evaluator does not answer.
pub fn parse(path: &str) -> Result<Query, QueryError> {
    Query::parse(path).map_err(|error| error.into_error(QueryError::Invalid, QueryError::Unsupported))
}

/// Calls `visit` with the pointer of every node that a query selects from `value`, until `visit` breaks.
pub fn select(query: &Query, value: &Value, mut visit: impl FnMut(&str) -> ControlFlow<()>) {
    let tree = Tree::new(value);
    let _ = query.select(&tree, tree.root(), tree.root(), |node| visit(&tree.pointer(node)));
}

/// The value at `rest`, which is empty or begins with a slash.
pub fn at<'a>(value: &'a Value, rest: &str) -> Option<&'a Value> {
    rest.split('/').skip(1).try_fold(value, |value, segment| match value {
        Value::Object(members) => members.get(&*unescape(segment)),
        Value::Array(elements) => elements.get(array_index(segment)? as usize),
        _ => None,
    })
}

/// The same, to be changed.
pub fn at_mut<'a>(value: &'a mut Value, rest: &str) -> Option<&'a mut Value> {
    rest.split('/').skip(1).try_fold(value, |value, segment| match value {
        Value::Object(members) => members.get_mut(&*unescape(segment)),
        Value::Array(elements) => elements.get_mut(array_index(segment)? as usize),
        _ => None,
    })
}

/// Puts `new` at `rest`, and makes what is missing on the way. After an error, the value is not to be used.
///
/// # Errors
/// As [`DataMap::set`](scenarios::data_map::DataMap::set).
pub fn set(value: &mut Value, rest: &str, new: Value) -> Result<(), Error> {
    let mut place = value;
    for segment in rest.split('/').skip(1) {
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
    *place = new;
    Ok(())
}

/// Removes what is at `rest`, which is not empty. Returns whether there was anything.
pub fn delete(value: &mut Value, rest: &str) -> bool {
    let Some((parent, segment)) = rest.rsplit_once('/') else { return false };
    match at_mut(value, parent) {
        Some(Value::Object(members)) => members.remove(&*unescape(segment)).is_some(),
        Some(Value::Array(elements)) => match array_index(segment).map(|index| index as usize) {
            Some(index) if index < elements.len() => {
                elements.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// The segments of a container's children, and these. A scalar has none.
pub fn children(value: &Value) -> impl Iterator<Item = (Cow<'_, str>, &Value)> {
    let elements = value.as_array().into_iter().flatten().enumerate();
    let members = value.as_object().into_iter().flatten();
    elements
        .map(|(index, element)| (Cow::Owned(index.to_string()), element))
        .chain(members.map(|(name, member)| (escape(name), member)))
}

/// Calls `visit` with `value` and everything in it, each with its pointer; `pointer` is that of `value`.
pub fn walk(value: &Value, pointer: &mut String, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, value);
    let length = pointer.len();
    for (segment, child) in children(value) {
        pointer.push('/');
        pointer.push_str(&segment);
        walk(child, pointer, visit);
        pointer.truncate(length);
    }
}

/// The same for every element of an array; `pointer` is the array's.
pub fn walk_elements<'a>(
    elements: impl Iterator<Item = &'a Value>,
    pointer: &mut String,
    visit: &mut impl FnMut(&str, &Value),
) {
    let length = pointer.len();
    for (index, element) in elements.enumerate() {
        pointer.push('/');
        pointer.push_str(&index.to_string());
        walk(element, pointer, visit);
        pointer.truncate(length);
    }
}
