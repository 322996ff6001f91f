//! **Queries over a flat store**: JSONPath (RFC 9535) over a store that maps JSON pointers to leaves.
//!
//! Contract: [`FlatQuery`]. Oracle: a `BTreeMap` of pointers, the tree that it stands for, and a plain recursive
//! evaluation over that tree. Scenarios: [`BOTTLENECK`], over users with a name and an age each. The size is the number
//! of pointers, two per user.
//!
//! [`flat`](crate::flat) says which containers are arrays and which are objects. [`comply`] runs the JSONPath compliance
//! suite, which is not part of this repository.

mod cases;
mod checks;
pub(crate) mod oracle;

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::contender::{About, Bottleneck, Capability, Claim, Contender, NOTHING, OwnInput, Scenario, Sizes};
use crate::flat::{Leaf, Pointer};
pub use crate::json_path::{
    Selector, SelectorKind, admits, matched_length, pointer_of_normalized, simple_segments,
};

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

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "flat_query",
    title: "JSONPath over a flat store",
    question: "A flat store holds pointers, and a JSONPath engine needs a tree. To build a tree for each query costs far \
               more than the query. How much is saved if simple paths are evaluated over the pointers, or over an \
               index of their segments?",
    scenarios: SCENARIOS,
    checks: checks::CHECKS,
    sizes: Sizes { quick: &[100, 1000], default: &[100, 1000, 10_000], full: &[100, 1000, 10_000, 100_000] },
    claims: CLAIMS,
    memory: &[],
    own_input: Some(OwnInput {
        expects: "a JSON document",
        scenarios: OWN_SCENARIOS,
        check: cases::check_document,
    }),
    reference: "serde_json_path",
    describe: checks::describe,
};

const CLAIMS: &[Claim] = &[Claim::new(
    "dm-query",
    "A wildcard query over 100,000 keys takes less than 10 ms. With a tree built for it, it took about 1 s, a hundred \
     times as long.",
    Some(100.0),
    ("wildcard", 100_000),
    ["materialise_serde_json_path", "direct_walk"],
)];

const FILTERS: &[Capability] = &[Capability::AnyQuery];
const IN_PLACE: &[Capability] = &[Capability::ChildrenInPlace];
const DESCENT_IN_PLACE: &[Capability] = &[Capability::DescendantsInPlace];

/// The sizes of scenarios for contenders that do not build a tree for each query.
const LARGE: Sizes = Sizes { quick: &[], default: &[100_000], full: &[100_000, 200_000] };

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("singular", "query", NOTHING, "Queries $.users[i].name for random users."),
    Scenario::new("wildcard", "result", NOTHING, "Visits the results of $.users[*].name, each with its pointer."),
    Scenario::new("every_field", "result", NOTHING, "Visits the results of $.users[*].*, each with its pointer."),
    Scenario::new("descendant", "result", NOTHING, "Visits the results of $..name, each with its pointer."),
    Scenario::new("first_match", "query", NOTHING, "Takes the first result of $.users[*].name that is found, and ends the query."),
    Scenario::new("filter", "user", FILTERS, "Visits the results of $.users[?@.age > 30].name, each with its pointer."),
    Scenario::new("wildcard_large", "result", IN_PLACE, "The same as wildcard over 100,000 pointers and more.").at(LARGE),
    Scenario::new("descendant_large", "result", DESCENT_IN_PLACE, "The same as descendant over 100,000 pointers and more.").at(LARGE),
];

#[rustfmt::skip]
const OWN_SCENARIOS: &[Scenario] = &[
    Scenario::new("own_wildcard", "query", NOTHING, "Visits the results of $.*.* over your document, each with its pointer."),
    Scenario::new("own_descendant", "query", NOTHING, "Visits the results of $..name over your document, for its most frequent name."),
    Scenario::new("own_everything", "query", FILTERS, "Visits the results of $..* over your document, each with its pointer."),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<S: FlatQuery + 'static>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: cases::set_up::<S>, replay: checks::replay::<S> }
}

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

/// Runs the JSONPath compliance suite; `None`, with a note printed, where it is [not there](crate::input::outside_data).
///
/// # Panics
/// If the file is there and is not the suite.
pub fn comply<S: FlatQuery>() -> Option<Compliance> {
    checks::comply::<S>()
}
