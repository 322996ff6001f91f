//! JSONPath exactly as RFC 9535 says, over whatever holds a tree of JSON values.
//!
//! The lab has an evaluator of its own for two reasons. Published engines answer some queries otherwise than the RFC
//! does. And they need a `serde_json::Value`, while a flat store can be queried where it lies: this evaluator asks a
//! [`Document`] for children and leaves, and hands out the nodes of that document.
//!
//! ```text
//!   text ──► parse.rs ──► syntax.rs: a Query ──► evaluate.rs ──► nodes of a Document
//!                              │                     │  compare.rs: ==, <, …      tree.rs: a Value as a Document
//!                              └── regexp.rs: I-Regexp (RFC 9485) for match() and search()
//! ```
//!
//! Nodes come in an order that RFC 9535 allows, if [`Document::children`] has array elements in order.
//!
//! The RFC leaves open how numbers compare that a double cannot hold. Here all numbers compare by their mathematical
//! values. A number that is no 64-bit integer is the double next to it.
//!
//! Two limits keep hostile queries from exhausting the stack and the memory; a query beyond them is
//! [unsupported](ParseError::Unsupported), which says nothing about its validity. Parentheses, filters and functions nest at
//! most [`MAX_DEPTH`] deep. A regular expression compiles to at most as much as crate `regex` allows; one that is not in
//! the query but in the document, and is larger, matches nothing.

mod compare;
mod document;
mod evaluate;
mod number;
mod parse;
mod regexp;
mod syntax;
mod tree;

pub use document::{Document, View};
pub use number::Numeric;
pub use parse::{MAX_DEPTH, ParseError};
pub use syntax::{Comparison, Query};
pub use tree::{Tree, TreeNode};
