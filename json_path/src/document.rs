//! What a query asks of the document that it runs over.

use std::borrow::Cow;

use serde_json::Value;

use crate::number::Numeric;

/// What a node is: a scalar's value, or a container's kind and size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum View<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Numeric),
    /// A string.
    String(&'a str),
    /// An array of so many elements.
    Array(usize),
    /// An object of so many members.
    Object(usize),
}

impl<'a> From<&'a Value> for View<'a> {
    #[inline]
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => View::Null,
            Value::Bool(flag) => View::Bool(*flag),
            Value::Number(number) => View::Number(number.into()),
            Value::String(text) => View::String(text),
            Value::Array(elements) => View::Array(elements.len()),
            Value::Object(members) => View::Object(members.len()),
        }
    }
}

/// A tree of JSON values, in whatever form it is held.
pub trait Document {
    /// A value in the tree.
    type Node: Copy;

    /// What the node is.
    fn view(&self, node: Self::Node) -> View<'_>;
    /// The member of this name; `None` if the node is no object or has no such member.
    fn member(&self, node: Self::Node, name: &str) -> Option<Self::Node>;
    /// The element at this index; `None` if the node is no array or is shorter.
    fn element(&self, node: Self::Node, index: usize) -> Option<Self::Node>;
    /// The elements of an array, in order, or the members of an object, in any order. A scalar has none.
    fn children(&self, node: Self::Node) -> impl Iterator<Item = Self::Node>;
    /// The name of a node that [`children`](Self::children) returned for an object.
    fn name(&self, member: Self::Node) -> Cow<'_, str>;

    /// How much the document remembers of the nodes that it handed out.
    fn mark(&self) -> usize {
        0
    }
    /// Forgets what it remembers since a [mark](Self::mark): no node that was handed out since is used again.
    fn release(&self, _mark: usize) {}
}
