//! Leaves: what a flat store holds.

use serde_json::Value;

/// A value of a flat store: a scalar, an empty array or an empty object.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf(pub(super) Value);

/// The value is no leaf: it has children, and these belong under pointers of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotALeaf;

impl std::fmt::Display for NotALeaf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a container that is not empty: its children belong under pointers of their own")
    }
}

impl std::error::Error for NotALeaf {}

impl Leaf {
    /// Makes a leaf.
    ///
    /// # Errors
    /// [`NotALeaf`] if `value` is a container that is not empty.
    pub fn new(value: Value) -> Result<Self, NotALeaf> {
        if leaf(&value).is_some() { Ok(Leaf(value)) } else { Err(NotALeaf) }
    }

    /// Its value.
    #[inline]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// A number that depends on the leaf. It takes a few instructions: what a visit of a leaf does in a region.
    #[inline]
    pub fn touch(&self) -> u64 {
        touch_value(&self.0)
    }
}

impl From<u64> for Leaf {
    fn from(number: u64) -> Self {
        Leaf(Value::from(number))
    }
}

impl From<&str> for Leaf {
    fn from(text: &str) -> Self {
        Leaf(Value::from(text))
    }
}

/// `value` if it is a leaf; `None` of a container with children.
#[inline]
pub fn leaf(value: &Value) -> Option<&Value> {
    let has_children = match value {
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => false,
    };
    (!has_children).then_some(value)
}

/// A number that depends on a value; a few instructions.
#[inline]
pub fn touch_value(value: &Value) -> u64 {
    match value {
        Value::Number(number) => number.as_u64().unwrap_or(1),
        Value::String(text) => touch_text(text),
        Value::Null => 2,
        Value::Bool(_) => 3,
        Value::Array(elements) => elements.len() as u64,
        Value::Object(members) => members.len() as u64,
    }
}

/// A number that depends on a text's length and its last eight bytes; a few instructions.
#[inline]
pub fn touch_text(text: &str) -> u64 {
    let end = text.as_bytes().last_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
    end.wrapping_add(text.len() as u64)
}
