//! The evaluator beside an independent implementation, on random queries.

use std::ops::ControlFlow;

use json_path::{ParseError, Query, Tree};
use serde_json::Value;
use testkit::jsonpath::{Answer, INVALID, agrees_with_python};

/// The answer of this crate, in its order.
fn answer(document: &Value, query: &str) -> Answer {
    let query = Query::parse(query).map_err(|error| match error {
        ParseError::Invalid { message, .. } => format!("{INVALID}: {message}"),
        ParseError::Unsupported { .. } => error.to_string(),
    })?;
    let tree = Tree::new(document);
    let mut pointers = Vec::new();
    let _ = query.select(&tree, tree.root(), tree.root(), |node| {
        pointers.push(tree.pointer(node));
        ControlFlow::Continue(())
    });
    Ok(pointers)
}

#[test]
fn random_queries_are_answered_as_by_an_independent_implementation() {
    agrees_with_python(true, answer);
}
