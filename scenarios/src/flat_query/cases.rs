//! Inputs and measured regions.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::contract::{FlatQuery, Found, QueryError};
use super::oracle::{Model, age_of, evaluate, found_digest, most_frequent_name, name_of};
use crate::case::{Case, Setup, Unfit, case, not_set_up};
use crate::contender::{Capability, Request};
use crate::flat;
use crate::input::{copies, draws, mix, rng, sum};
use crate::own::limited;

/// How many users' names a region queries one by one.
const QUERIES: usize = 64;

/// How many first matches a region takes at most.
const FIRST_MATCHES: usize = 16;

/// About how many users are visited together by a contender that builds or scans everything for each query.
const SCANNED: usize = 2000;

/// About how many users are found together by a contender that finds all before it hands out the first.
const FOUND_USERS: usize = 8000;

/// The age above which the scenario with a filter selects users.
const AGE: u64 = 30;

pub(super) fn set_up<S: FlatQuery + 'static>(request: Request) -> Box<dyn Case> {
    let users = request.size.div_ceil(2);
    let name = |user: usize| found_digest(&format!("/users/{user}/name"), Some(&json!(name_of(user))));
    let age = |user: usize| found_digest(&format!("/users/{user}/age"), Some(&json!(age_of(user))));
    match request.scenario {
        "singular" => singular::<S>(
            users,
            if request.can(Capability::ScansWhole) { (SCANNED / users).clamp(1, QUERIES) } else { QUERIES },
        ),
        "wildcard" | "wildcard_large" => {
            results::<S>(users, users, "$.users[*].name", move || sum((0..users).map(name)))
        }
        "descendant" | "descendant_large" => {
            results::<S>(users, users, "$..name", move || sum((0..users).map(name)))
        }
        "every_field" => results::<S>(users, 2 * users, "$.users[*].*", move || {
            sum((0..users).map(|user| name(user).wrapping_add(age(user))))
        }),
        "filter" => results::<S>(users, users, "$.users[?@.age > 30].name", move || {
            sum((0..users).filter(|user| age_of(*user) > AGE).map(name))
        }),
        "first_match" => {
            // Fewer in a large store, because some engines find every result before they hand out the first one.
            let count = (FOUND_USERS / users).clamp(2, FIRST_MATCHES);
            first_match::<S>(
                users,
                if request.can(Capability::ScansWhole) {
                    (SCANNED / users).clamp(1, FIRST_MATCHES)
                } else {
                    count
                },
            )
        }
        "own_wildcard" => own::<S>(request, |_| "$.*.*".to_owned()),
        "own_descendant" => own::<S>(request, |document| {
            // A name in brackets and spelled as JSON is valid, whatever it is.
            format!("$..[{}]", Value::from(most_frequent_name(document)))
        }),
        "own_everything" => own::<S>(request, |_| "$..*".to_owned()),
        other => not_set_up(other),
    }
}

/// A document of so many users.
pub(super) fn document(users: usize) -> Value {
    let user = |user| json!({"name": name_of(user), "age": age_of(user)});
    json!({"users": (0..users).map(user).collect::<Vec<_>>()})
}

/// Reads every result of a query. Returns their number and the sum of their digests; `None` of a query not answered.
#[inline]
pub(super) fn read_all<S: FlatQuery>(store: &S, path: &str) -> Option<(u64, u64)> {
    let (mut count, mut digest) = (0, 0u64);
    let mut buffer = String::new();
    let outcome = store.query(path, |found| {
        count += 1;
        digest = digest.wrapping_add(found_digest(found.pointer(&mut buffer), found.leaf()));
        ControlFlow::Continue(())
    });
    outcome.ok().map(|()| (count, digest))
}

fn results<S: FlatQuery + 'static>(
    users: usize,
    results: usize,
    path: &'static str,
    expected: impl Fn() -> u64 + 'static,
) -> Box<dyn Case> {
    let count = copies(2 * users);
    case(
        count * results,
        Setup::Once,
        S::import(&document(users)),
        |_| (),
        move |store, ()| {
            let digests = (0..count).map(|_| read_all(store, path).map_or(1, |(_, digest)| digest));
            sum(digests)
        },
        |_, (), digest| *digest,
        move |_| expected().wrapping_mul(count as u64),
    )
}

fn singular<S: FlatQuery + 'static>(users: usize, count: usize) -> Box<dyn Case> {
    let chosen = draws(&mut rng("singular", users), count, users);
    let paths = chosen.iter().map(|user| format!("$.users[{user}].name")).collect::<Vec<_>>();
    case(
        count,
        Setup::Once,
        (S::import(&document(users)), paths, chosen),
        |_| (),
        |(store, paths, _), ()| {
            sum(paths.iter().map(|path| read_all(store, path).map_or(1, |(_, digest)| digest)))
        },
        |_, (), digest| *digest,
        |(.., chosen)| {
            sum(chosen.iter().map(|user| {
                let name = json!(name_of(*user as usize));
                found_digest(&format!("/users/{user}/name"), Some(&name))
            }))
        },
    )
}

fn first_match<S: FlatQuery + 'static>(users: usize, count: usize) -> Box<dyn Case> {
    case(
        count,
        Setup::Once,
        S::import(&document(users)),
        |_| (),
        move |store, ()| {
            let mut found = 0;
            for _ in 0..count {
                let outcome = store.query("$.users[*].name", |node| {
                    found += u64::from(node.leaf().is_some());
                    ControlFlow::Break(())
                });
                found += 100 * u64::from(outcome.is_err());
            }
            found
        },
        |_, (), found| *found,
        move |_| count as u64,
    )
}

/// A query over the user's document. A store may say that it does not support the query.
fn own<S: FlatQuery + 'static>(request: Request, path: impl Fn(&Value) -> String) -> Box<dyn Case> {
    let read = move || serde_json::from_slice(request.input.unwrap_or(b"null")).unwrap_or(Value::Null);
    let document = read();
    let path = path(&document);
    let query = path.clone();
    let built = case(
        1,
        Setup::Once,
        (S::import(&document), document, path),
        |_| (),
        |(store, _, path), ()| read_all(store, path),
        |_, (), found| found.map_or(1, |(count, digest)| mix(digest).wrapping_add(count)),
        |(_, document, path)| {
            let steps = match path.strip_prefix("$..") {
                None => vec![Model::Wildcard, Model::Wildcard],
                Some("*") => vec![Model::Descend(Box::new(Model::Wildcard))],
                Some(_) => vec![Model::Descend(Box::new(Model::Name(most_frequent_name(document))))],
            };
            let found = evaluate(document, &steps);
            let digests = found.iter().map(|(pointer, value)| found_digest(pointer, flat::leaf(value)));
            mix(sum(digests)).wrapping_add(found.len() as u64)
        },
    );
    limited(built, move || match S::import(&read()).query(&query, |_| ControlFlow::Break(())) {
        Err(QueryError::Unsupported(_)) => Some(Unfit::Unsupported(format!("the query {query}"))),
        Ok(()) | Err(QueryError::Invalid(_)) => None,
    })
}

/// How many leaves a flat store has of a document: the size of its cells.
pub(super) fn leaves(document: &[u8]) -> usize {
    fn count(value: &Value) -> usize {
        match value {
            Value::Array(elements) if !elements.is_empty() => elements.iter().map(count).sum(),
            Value::Object(members) if !members.is_empty() => members.values().map(count).sum(),
            _ => 1,
        }
    }
    serde_json::from_slice(document).map_or(0, |document| count(&document))
}

pub(super) fn check_document(bytes: &[u8]) -> Result<(), String> {
    let parsed = serde_json::from_slice::<Value>(bytes);
    // The error names line and column.
    parsed.map(drop).map_err(|error| format!("not a JSON document: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_document_is_named() {
        assert!(check_document(b"{\"a\": [1,]}").unwrap_err().contains("line 1 column 10"));
        assert_eq!(check_document(b"[]"), Ok(()));
    }

    #[test]
    fn a_document_has_as_many_leaves_as_a_flat_store_of_it() {
        let documents = [
            ("1", 1),
            ("[]", 1),
            ("{}", 1),
            ("null", 1),
            ("[1, 2]", 2),
            ("[[], {}]", 2),
            (r#"{"a": {"b": [1, 2, {"c": []}]}, "d": "x"}"#, 4),
            ("[[[[5]]]]", 1),
            (r#"{"": {"": 1}, "/": 2}"#, 2),
            (r#"[{"a": 1, "b": 2}, {"a": 1, "b": 2}]"#, 4),
        ];
        for (text, expected) in documents {
            assert_eq!(leaves(text.as_bytes()), expected, "{text}");
            let document: Value = serde_json::from_str(text).unwrap();
            assert_eq!(flat::flatten(&document).0.len(), expected, "{text}");
        }
    }
}
