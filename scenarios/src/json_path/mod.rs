//! What the bottlenecks read of JSONPath (RFC 9535).

mod pattern;
mod segments;

pub use pattern::{Node, Pattern, PatternError};
pub use segments::{Selector, SelectorKind, admits, matched_length, pointer_of_normalized, simple_segments};
