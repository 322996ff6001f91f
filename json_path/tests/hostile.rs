//! Queries and documents that would exhaust the stack or the memory of a naive evaluator.

use std::ops::ControlFlow;

use json_path::{MAX_DEPTH, ParseError, Query, Tree};
use serde_json::{Value, json};

/// How many nodes a query selects.
fn count(document: &Value, query: &str) -> usize {
    let query = Query::parse(query).unwrap();
    let tree = Tree::new(document);
    let mut count = 0;
    let _ = query.select(&tree, tree.root(), tree.root(), |_| {
        count += 1;
        ControlFlow::Continue(())
    });
    count
}

fn is_unsupported(query: &str) -> bool {
    matches!(Query::parse(query), Err(ParseError::Unsupported { .. }))
}

/// Queries that nest so deep, by what nests.
fn nested(depth: usize) -> Vec<String> {
    let around = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    vec![
        format!("$[?{}]", around("(", "@.a", ")")),
        format!("$[?{}]", around("!(", "@.a", ")")),
        format!("$[?{}]", around("(@.b||", "@.a", ")")),
        format!("$[?{} == 1]", around("length(", "@.a", ")")),
        format!("${}", around("[?@", "", "]")),
        format!("${}", around("[?$", "", "]")),
        format!("$[?{} == 1]", around("value(@[?count(@.*) == 1 && @.b == ", "1", "])")),
        format!("$[?{}]", around("@[?!@.a || ", "@.a", "]")),
    ]
}

#[test]
fn what_nests_too_deep_is_not_supported() {
    for depth in [MAX_DEPTH + 1, 1000, 100_000] {
        for query in nested(depth) {
            assert!(is_unsupported(&query), "{}", &query[..40]);
        }
    }
}

#[test]
fn what_nests_deep_is_answered() {
    // Each level of the last but one takes two: a function, and the filter in it.
    for query in nested(MAX_DEPTH / 2 - 1) {
        count(&json!([{"a": 1}, [[[1]]]]), &query);
    }
    assert_eq!(count(&json!([{"a": 1}]), &nested(MAX_DEPTH - 1)[0]), 1);
}

#[test]
fn what_is_open_and_never_closed_is_an_error_all_the_same() {
    for token in
        ["(", "!", "!(", "[", "[?", "[?@", "length(", "@[?", "'", "\"", "-", "$", "@", "..", "&&", ":", "[0,"]
    {
        for count in [1, 100_000] {
            assert!(Query::parse(&format!("$[?{}", token.repeat(count))).is_err(), "{token} {count} times");
            assert!(Query::parse(&format!("${}", token.repeat(count))).is_err(), "{token} {count} times");
        }
    }
}

#[test]
fn long_queries_are_answered() {
    let document = json!({"a": [1, 2, 3]});
    const LONG: usize = 100_000;
    assert_eq!(count(&document, &format!("${}", ".a".repeat(LONG))), 0);
    assert_eq!(count(&document, &format!("$.a[0{}]", ",0".repeat(LONG))), LONG + 1);
    assert_eq!(count(&document, &format!("$.a[?@ == 1{}]", " || @ == 1".repeat(LONG))), 1);
    assert_eq!(count(&document, &format!("$.a[?@ == 1{}]", " && @ == 1".repeat(LONG))), 1);
    assert_eq!(count(&document, &format!("$.a[?@ == 1{}]", " || @ == 1 && !@.a".repeat(LONG))), 1);
    assert_eq!(count(&document, &format!("$[?{}@.a]", " ".repeat(LONG))), 0);
    assert_eq!(count(&document, &format!("$.a[?@ == {}]", "9".repeat(LONG))), 0);
    assert_eq!(count(&document, &format!("$.a[?@ < 1{}]", "0".repeat(LONG))), 3);
    assert_eq!(count(&document, &format!("$['{}']", "x".repeat(LONG))), 0);
}

#[test]
fn deep_documents_are_answered() {
    // A `Value` drops itself by recursion, so this is about as deep as one can be.
    let deep = |leaf: Value| {
        (0..3000).fold(leaf, |inner, level| match level % 2 {
            0 => Value::Array(vec![inner]),
            _ => Value::Object([("a".to_owned(), inner)].into_iter().collect()),
        })
    };
    let members = [("x", deep(json!(1))), ("y", deep(json!(1.0))), ("z", deep(json!(2)))];
    let document = Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    assert_eq!(count(&document, "$..*"), 3 * 3001);
    assert_eq!(count(&document, "$..a"), 3 * 1500);
    assert_eq!(count(&document, "$..[?@ == 1]"), 2);
    assert_eq!(count(&document, "$[?@ == $.x]"), 2);
    assert_eq!(count(&document, "$[?count(@..*) == 3000]"), 3);
    assert_eq!(count(&document, "$[?@..[?@ == 2]]"), 1);
}

#[test]
fn a_pattern_that_is_too_large_is_not_supported_in_a_query_and_matches_nothing_in_a_document() {
    assert!(is_unsupported("$[?match(@, '((a{1000}){1000}){1000}')]"));
    assert_eq!(count(&json!(["((a{1000}){1000}){1000}", "a"]), "$[?match('a', @)]"), 1);
}

#[test]
fn a_visit_that_breaks_is_the_last_one() {
    let document = json!([[1, 2], {"a": 3}, 4]);
    for query in ["$", "$.*", "$..*", "$[0, 1]", "$[:]", "$[?@]", "$..[?@]", "$[0][*]", "$.*.*", "$[2]"] {
        let tree = Tree::new(&document);
        let mut visits = 0;
        let outcome = Query::parse(query).unwrap().select(&tree, tree.root(), tree.root(), |_| {
            visits += 1;
            ControlFlow::Break(())
        });
        assert_eq!((visits, outcome), (1, ControlFlow::Break(())), "{query}");
    }
}

#[test]
fn an_error_says_where_it_is() {
    for (query, at, part) in [
        ("a", 0, "`$`"),
        ("$.a.", 4, "a name or `*`"),
        ("$[01]", 2, "leading zeros"),
        ("$[?@.a == 1", 11, "`,` or `]`"),
        ("$[?@.* == 1]", 9, "singular"),
        ("$['\\ud800']", 9, "surrogate"),
        ("$[?size(@) == 1]", 3, "no such function"),
    ] {
        let error = Query::parse(query).unwrap_err();
        let spelled = error.to_string();
        assert!(
            spelled.starts_with(&format!("at byte {at}: ")) && spelled.contains(part),
            "{query}: {spelled}"
        );
    }
}
