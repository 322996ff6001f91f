//! What stores have in common that hold more than leaves, or whose leaves lie elsewhere.

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::ControlFlow;
use std::rc::Rc;

use serde_json::Value;

use super::leaf::Leaf;

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
                    let name = super::unescape(super::Pointer(segment).last()).into_owned();
                    (name, member.value().into_owned())
                });
                Cow::Owned(Value::Object(members.collect()))
            }
        }
    }
}

/// The leaves of a store, for a [query index](crate::flat_query::QueryIndex) that does not hold them itself.
pub trait Leaves {
    /// The value at `pointer` if that is a leaf; `None` of a container with children, and where there is nothing. A
    /// leaf's value is a scalar or an empty container, because what lies within a value has no pointer.
    fn leaf(&self, pointer: &str) -> Option<Cow<'_, Value>>;
    /// Whether there is a container with children at `pointer`.
    fn is_container(&self, pointer: &str) -> bool;
    /// Visits every leaf's pointer once, in any order, until `visit` breaks.
    fn each<'a>(&'a self, visit: impl FnMut(&'a str) -> ControlFlow<()>);
    /// The whole tree; `None` of an empty store.
    fn tree(&self) -> Option<Cow<'_, Value>>;
}
