//! The contract: what a contender implements.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::flat::{Leaf, Leaves, Pointer};
pub use crate::json_path::pointer_of_normalized;

/// A map from pointers to leaves that answers JSONPath queries.
pub trait FlatQuery {
    /// A node that a query found.
    type Found<'a>: Found
    where
        Self: 'a;

    /// A store of a document's leaves.
    fn import(document: &Value) -> Self;
    /// Puts `leaf` at `pointer`. It replaces the leaf that is there.
    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf);
    /// Removes the leaf at `pointer`; what lies below it stays. Returns whether there was one.
    fn delete(&mut self, pointer: Pointer<'_>) -> bool;
    /// Calls `visit` with every node that `path` selects, as often as it selects the node, until `visit` breaks.
    ///
    /// The order is unspecified, even between the elements of an array, because a store that hashes its pointers has none.
    /// So the nodelists of RFC 9535 are compared as multisets.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] if `path` is no JSONPath, [`QueryError::Unsupported`] if this store cannot answer it.
    /// Nothing was visited then.
    fn query(
        &self,
        path: &str,
        visit: impl FnMut(Self::Found<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError>;
}

/// Answers JSONPath queries over the leaves of another store, of whose changes it is told.
///
/// Every container of that store is an object: it keeps arrays elsewhere. So an index or a slice selects nothing.
pub trait QueryIndex: 'static {
    /// A path that was parsed, and that any index of this type can answer at any time. Clones share what was parsed.
    type Path: Clone + fmt::Debug + 'static;

    /// The index of a store without leaves.
    fn new() -> Self;
    /// A leaf came to `pointer`, where none was. A replaced leaf is not told.
    ///
    /// There may be leaves above it and below it: the leaves of a container with children are as hidden as in
    /// [`flat`](crate::flat), in whatever order the store tells of them.
    fn added(&mut self, pointer: Pointer<'_>);
    /// The leaf at `pointer` went.
    fn removed(&mut self, pointer: Pointer<'_>);
    /// Parses a path.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] if `path` is no JSONPath, [`QueryError::Unsupported`] if this index cannot answer it.
    fn prepare(path: &str) -> Result<Self::Path, QueryError>;
    /// Calls `visit` with the pointer of every node that `path` selects, as often as it selects the node, in any order,
    /// until `visit` breaks. `leaves` is the store of whose changes this index was told.
    fn select(&self, path: &Self::Path, leaves: &impl Leaves, visit: impl FnMut(&str) -> ControlFlow<()>);
}

/// A node that a query found: pointer and value, each as lazy as the store can make it.
pub trait Found {
    /// Its pointer: borrowed if the store holds its text, else written to `buffer`.
    fn pointer<'a>(&'a self, buffer: &'a mut String) -> &'a str;
    /// Its value if that is a leaf; `None` for a container with children.
    fn leaf(&self) -> Option<&Value>;
    /// Its value. A container is built if the store does not hold it as one.
    fn value(&self) -> Cow<'_, Value>;
}

/// Why a query was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// The path is no JSONPath: the parser's message.
    Invalid(String),
    /// The store does not support the path from this rest on, whether it is a JSONPath or not.
    Unsupported(String),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueryError::Invalid(message) => write!(f, "not a JSONPath: {message}"),
            QueryError::Unsupported(rest) => write!(f, "not supported: {rest}"),
        }
    }
}

impl std::error::Error for QueryError {}

/// How a contender answers the JSONPath compliance suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compliance {
    /// How many tests it answered right.
    pub right: usize,
    /// The names of tests that it refused as [unsupported](QueryError::Unsupported).
    pub unsupported: Vec<String>,
    /// The names of tests that it answered wrong.
    pub wrong: Vec<String>,
}
