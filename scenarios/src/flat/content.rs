//! What stores have in common that hold more than leaves, or whose leaves lie elsewhere.

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::ControlFlow;
use std::rc::Rc;

use serde_json::Value;

use super::leaf::{Leaf, touch_text, touch_value};
use crate::input::{mix, sum};
use crate::pointer::{Pointer, unescape};

/// What a store maps pointers to: it stands for a JSON value.
pub trait Content: Clone + PartialEq + Debug + 'static {
    /// The value.
    fn value(&self) -> Cow<'_, Value>;
    /// The value as a tree that others may share.
    fn shared(&self) -> SharedValue;
}

impl Content for Leaf {
    #[inline]
    fn value(&self) -> Cow<'_, Value> {
        Cow::Borrowed(&self.0)
    }

    #[inline]
    fn shared(&self) -> SharedValue {
        SharedValue::Leaf(self.0.clone())
    }
}

/// A JSON value that a store builds from its leaves.
pub trait Built: Clone + 'static {
    /// The value.
    fn value(&self) -> Cow<'_, Value>;
    /// What stands for `value` where that is not taken apart.
    fn whole(value: Value) -> Self;

    /// As [`touch_tree`] of the value. A value of another form reads its own, and makes no copy for it.
    fn touch(&self) -> u64 {
        touch_tree(&self.value())
    }
}

/// A number that depends on every leaf in a value and on where it is: on its name or its place in each container above.
/// It does not depend on the order of an object's members.
pub fn touch_tree(value: &Value) -> u64 {
    match value {
        Value::Array(elements) if !elements.is_empty() => touch_elements(elements.iter().map(touch_tree)),
        Value::Object(members) if !members.is_empty() => {
            touch_members(members.iter().map(|(name, member)| (name.as_str(), touch_tree(member))))
        }
        leaf => touch_value(leaf),
    }
}

/// What [`touch_tree`] is for an array of such elements.
pub(crate) fn touch_elements(elements: impl Iterator<Item = u64>) -> u64 {
    sum(elements.zip(1..).map(|(element, at)| mix(element).wrapping_mul(at)))
}

/// What [`touch_tree`] is for an object of such members.
pub(crate) fn touch_members<N: AsRef<str>>(members: impl Iterator<Item = (N, u64)>) -> u64 {
    sum(members.map(|(name, member)| mix(touch_text(name.as_ref())).wrapping_mul(member)))
}

impl Built for Value {
    fn whole(value: Value) -> Self {
        value
    }

    fn value(&self) -> Cow<'_, Value> {
        Cow::Borrowed(self)
    }
}

/// A JSON value whose containers are shared: a clone takes O(1), and none of them ever changes.
#[derive(Clone, Debug)]
pub enum SharedValue {
    /// A scalar, or any other value that is not taken apart.
    Leaf(Value),
    /// An array's elements in order.
    Array(Rc<[SharedValue]>),
    /// An object's members in any order. A name is the last segment of its pointer, [escaped](super::escape).
    Object(Rc<[(Rc<str>, SharedValue)]>),
}

impl Built for SharedValue {
    fn whole(value: Value) -> Self {
        SharedValue::Leaf(value)
    }

    fn value(&self) -> Cow<'_, Value> {
        match self {
            SharedValue::Leaf(value) => Cow::Borrowed(value),
            SharedValue::Array(elements) => Cow::Owned(Value::Array(
                elements.iter().map(|element| element.value().into_owned()).collect(),
            )),
            SharedValue::Object(members) => {
                let members = members.iter().map(|(segment, member)| {
                    let name = unescape(Pointer(segment).last()).into_owned();
                    (name, member.value().into_owned())
                });
                Cow::Owned(Value::Object(members.collect()))
            }
        }
    }

    fn touch(&self) -> u64 {
        match self {
            SharedValue::Leaf(value) => touch_tree(value),
            SharedValue::Array(elements) => touch_elements(elements.iter().map(Built::touch)),
            SharedValue::Object(members) => {
                let members = members.iter();
                touch_members(members.map(|(text, member)| (unescape(Pointer(text).last()), member.touch())))
            }
        }
    }
}

/// The leaves of a store, for a [query index](crate::flat_query::QueryIndex) that does not hold them itself.
pub trait Leaves {
    /// The value at `pointer` if that is a leaf; `None` of a container with children, and where there is nothing. A
    /// leaf's value is a scalar or an empty container, because what lies within a value has no pointer.
    fn leaf(&self, pointer: &str) -> Option<Cow<'_, Value>>;
    /// Visits every leaf's pointer once, in any order, until `visit` breaks.
    fn each<'a>(&'a self, visit: impl FnMut(&'a str) -> ControlFlow<()>);
    /// The whole tree; `None` of an empty store.
    fn tree(&self) -> Option<Cow<'_, Value>>;
}
