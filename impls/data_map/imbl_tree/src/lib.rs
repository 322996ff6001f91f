//! Peer: a JSON tree of `imbl`'s persistent maps and vectors, and lists of callbacks.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use data_map::plain::{Plain, Tree, query_value};
use data_map::value::Face;
use imbl::{GenericHashMap, Vector, shared_ptr::DefaultSharedPtr};
use scenarios::flat::{Built, escape};
use scenarios::flat_query::QueryError;
use scenarios::input::FixedHasher;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};
use serde_json::Value;

type Members = GenericHashMap<Arc<str>, Json, FixedHasher, DefaultSharedPtr>;

/// The tree. A clone takes O(1).
#[derive(Clone, PartialEq)]
enum Json {
    Scalar(Value),
    Array(Vector<Json>),
    Object(Members),
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}

impl Built for Json {
    fn value(&self) -> Cow<'_, Value> {
        match self {
            Json::Scalar(value) => Cow::Borrowed(value),
            Json::Array(elements) => Cow::Owned(Value::Array(
                elements.iter().map(|element| element.value().into_owned()).collect(),
            )),
            Json::Object(members) => {
                let members =
                    members.iter().map(|(name, member)| (name.to_string(), member.value().into_owned()));
                Cow::Owned(Value::Object(members.collect()))
            }
        }
    }

    fn whole(value: Value) -> Self {
        Json::from_value(value)
    }
}

static EMPTY_ARRAY: Value = Value::Array(Vec::new());

impl Tree for Json {
    fn object() -> Self {
        Json::Object(Members::default())
    }

    fn from_value(value: Value) -> Self {
        match value {
            Value::Array(elements) => Json::Array(elements.into_iter().map(Json::from_value).collect()),
            Value::Object(members) => {
                let members =
                    members.into_iter().map(|(name, member)| (name.into(), Json::from_value(member)));
                Json::Object(members.collect())
            }
            scalar => Json::Scalar(scalar),
        }
    }

    #[inline]
    fn leaf(&self) -> Option<Cow<'_, Value>> {
        match self {
            Json::Scalar(value) => Some(Cow::Borrowed(value)),
            Json::Array(elements) => elements.is_empty().then_some(Cow::Borrowed(&EMPTY_ARRAY)),
            Json::Object(members) => {
                members.is_empty().then(|| Cow::Owned(Value::Object(serde_json::Map::new())))
            }
        }
    }

    #[inline]
    fn face(&self) -> Face {
        match self {
            Json::Scalar(value) => Face::Scalar(value.clone()),
            Json::Array(elements) => Face::Array(elements.len()),
            Json::Object(_) => Face::Object,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Json::Array(elements), Json::Array(others)) => elements.ptr_eq(others),
            (Json::Object(members), Json::Object(others)) => members.ptr_eq(others),
            _ => false,
        }
    }

    #[inline]
    fn member(&self, name: &str) -> Option<&Self> {
        if let Json::Object(members) = self { members.get(name) } else { None }
    }

    #[inline]
    fn element(&self, index: usize) -> Option<&Self> {
        if let Json::Array(elements) = self { elements.get(index) } else { None }
    }

    #[inline]
    fn member_mut(&mut self, name: &str) -> Option<&mut Self> {
        if let Json::Object(members) = self { members.get_mut(name) } else { None }
    }

    #[inline]
    fn element_mut(&mut self, index: usize) -> Option<&mut Self> {
        if let Json::Array(elements) = self { elements.get_mut(index) } else { None }
    }

    fn put_member(&mut self, name: &str, member: Self) {
        if let Json::Object(members) = self {
            members.insert(name.into(), member);
        }
    }

    fn take_member(&mut self, name: &str) -> bool {
        if let Json::Object(members) = self { members.remove(name).is_some() } else { false }
    }

    fn put_element(&mut self, index: usize, element: Self) {
        if let Json::Array(elements) = self {
            elements.insert(index, element);
        }
    }

    fn take_element(&mut self, index: usize) -> Option<Self> {
        if let Json::Array(elements) = self { Some(elements.remove(index)) } else { None }
    }

    fn children<'a>(&'a self, visit: &mut dyn FnMut(Cow<'a, str>, &'a Self)) {
        match self {
            Json::Object(members) => members.iter().for_each(|(name, member)| visit(escape(name), member)),
            Json::Array(elements) => {
                elements.iter().enumerate().for_each(|(at, element)| visit(at.to_string().into(), element));
            }
            Json::Scalar(_) => {}
        }
    }

    fn query(&self, path: &str, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<(), QueryError> {
        query_value(&self.value(), path, visit)
    }
}

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::data_map::contender::<Plain<Json>>(About {
        name: "imbl_tree",
        role: Role::Peer,
        summary: "A JSON tree of imbl's maps and vectors, the callbacks of each pointer in a map, and those of patterns in a \
                  list.",
        source: "crate imbl 7.0; the tree and the callbacks are the lab's own",
        analysis: ANALYSIS,
        complexity: &[
            ("program_form", Growth::Linear),
            ("program_table", Growth::Linearithmic),
            ("program_editor", Growth::Logarithmic),
            ("build", Growth::Linear),
            ("get", Growth::Logarithmic),
            ("has", Growth::Logarithmic),
            ("set", Growth::Logarithmic),
            ("delete", Growth::Logarithmic),
            ("batch_of_10", Growth::Logarithmic),
            ("subscribe_pointer", Growth::Logarithmic),
            ("subscribe_pattern", Growth::Constant),
            ("unsubscribe", Growth::Logarithmic),
            ("subscribe_and_end", Growth::Logarithmic),
            ("notify", Growth::Constant),
            ("computed", Growth::Logarithmic),
            ("array_push", Growth::Logarithmic),
            ("array_splice", Growth::Logarithmic),
            ("array_typing", Growth::Logarithmic),
            ("array_get", Growth::Logarithmic),
            ("array_push_kept", Growth::Logarithmic),
            ("array_set_kept", Growth::Logarithmic),
            ("query_singular", Growth::Linear),
            ("query_wildcard", Growth::Constant),
            ("query_descendant", Growth::Constant),
            ("query_filter", Growth::Constant),
            ("wide_get", Growth::Logarithmic),
            ("wide_direct", Growth::Logarithmic),
            ("has_descendants", Growth::Logarithmic),
            ("keys", Growth::Logarithmic),
            ("to_object", Growth::Constant),
            ("to_object_again", Growth::Logarithmic),
            ("snapshot", Growth::Constant),
            ("set_kept", Growth::Logarithmic),
            ("restore", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[Caveat {
            badge: "an own layer",
            text: "The crate has maps and vectors. The tree, subscriptions, batches and computed values are written around them, \
                   as an application would, and a query first turns the tree into a serde_json::Value.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The document is a tree whose containers are persistent maps and vectors. A version, and an object that is read, \
is a clone of a root in constant time; two versions are compared without what they share. So it is the peer to \
beat for an editor that keeps every version.

A pointer takes a look-up per segment. Each write tests every pattern, and a query builds a whole tree first.";
