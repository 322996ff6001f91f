//! What is done to a plain JSON value by the rest of a pointer: to an element of an array, which is not taken apart.

use std::borrow::Cow;

use scenarios::data_map::Error;
use scenarios::flat::{array_index, escape, leaf, unescape};
use serde_json::{Map, Value};

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

/// Calls `visit` with the pointer of every leaf in `value`.
pub fn walk_leaves(value: &Value, pointer: &mut String, visit: &mut impl FnMut(&str)) {
    walk(value, pointer, &mut |pointer, value| {
        if leaf(value).is_some() {
            visit(pointer);
        }
    });
}
