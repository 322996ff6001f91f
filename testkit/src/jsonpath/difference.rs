//! Answers, and where two of them differ.

use serde_json::Value;

/// An answer: the pointers to the nodes that are selected, or an error. What the error says begins with [`INVALID`] if the
/// query is no JSONPath.
pub type Answer = Result<Vec<String>, String>;

/// The beginning of what an error says of a query that is no JSONPath.
pub const INVALID: &str = "invalid";

/// A query that two implementations answer differently.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What is queried.
    pub document: Value,
    /// The query.
    pub query: String,
    /// The answer of the implementation under test.
    pub ours: Answer,
    /// The answer of the independent one.
    pub theirs: Answer,
}
