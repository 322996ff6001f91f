//! What the checks of the bottlenecks over flat stores share.

use serde_json::{Value, json};

use super::leaf::Leaf;
use crate::pointer::Pointer;

/// The pointer of this text.
pub(crate) fn at(text: &str) -> Pointer<'_> {
    Pointer::parse(text).expect("checks use pointers")
}

/// The leaf that a step sets: now and then an empty container or a text, else this number.
pub(crate) fn drawn_leaf(draw: u64, number: u64) -> Leaf {
    let value = match draw % 8 {
        0 => json!({}),
        1 => json!([]),
        2 => json!("text"),
        _ => Value::from(number),
    };
    Leaf::new(value).expect("neither container has children")
}
