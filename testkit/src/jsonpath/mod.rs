//! A differential test of JSONPath: random queries, answered by an implementation and by an independent one in Python.

mod difference;
mod exceptions;
mod random;

use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use scenarios::flat_query::{FlatQuery, Found, QueryError};
use scenarios::input::mix;
use serde_json::{Value, json};

pub use difference::{Answer, Difference, INVALID};
use exceptions::EXCEPTIONS;
use random::Draw;

/// How many queries are asked if `JSONPATH_QUERIES` does not say.
const QUERIES: usize = 10_000;

/// How many differences are printed at most.
const SHOWN: usize = 20;

/// The seed if `JSONPATH_SEED` does not say.
const SEED: u64 = 9535;

/// The answer of a store, its pointers sorted.
pub fn answer_of<S: FlatQuery>(document: &Value, query: &str) -> Answer {
    let mut pointers = Vec::new();
    let outcome = S::import(document).query(query, |node| {
        pointers.push(node.pointer(&mut String::new()).to_owned());
        ControlFlow::Continue(())
    });
    pointers.sort_unstable();
    match outcome {
        Ok(()) => Ok(pointers),
        Err(QueryError::Invalid(message)) => Err(format!("{INVALID}: {message}")),
        Err(error) => Err(error.to_string()),
    }
}

/// The Python that `scripts/just setup-jsonpath` set up; `None`, with a note printed, if it did not.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/jsonpath/bin/python");
    if python.exists() {
        return Some(python);
    }
    // `println!` would not do, because libtest hides its output.
    let _ = writeln!(
        std::io::stderr(),
        "skipped: the comparison with jsonpath-rfc9535 (scripts/just setup-jsonpath)"
    );
    None
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
        Err(_) => default,
    }
}

/// A random document and a random query, of a seed and a number.
pub fn case(seed: u64, at: usize) -> (Value, String) {
    let mut draw = Draw::new(mix(seed).wrapping_add(mix(at as u64)));
    (draw.document(), draw.query())
}

/// Compares an implementation with the Python package jsonpath-rfc9535, on random queries over random documents.
///
/// Without the package it compares nothing, and prints a note. [`differences`] says what can be chosen. Queries that the
/// package is known to answer wrongly are counted and printed by kind.
///
/// # Panics
/// If any other query is answered differently.
pub fn agrees_with_python(ordered: bool, answer: impl Fn(&Value, &str) -> Answer) {
    let Some((count, found)) = differences(ordered, answer) else { return };
    let mut known = vec![0; EXCEPTIONS.len()];
    let mut unknown = Vec::new();
    for difference in found {
        match EXCEPTIONS.iter().position(|exception| (exception.explains)(&difference)) {
            Some(kind) => known[kind] += 1,
            None => unknown.push(difference),
        }
    }
    println!("{count} queries, {} differences of unknown kinds, and of known kinds:", unknown.len());
    for (exception, count) in EXCEPTIONS.iter().zip(&known) {
        println!("  {count}: {}", exception.text);
    }
    for Difference { document, query, ours, theirs } in unknown.iter().take(SHOWN) {
        println!("{query:?} over {document}\n  ours   {ours:?}\n  theirs {theirs:?}");
    }
    assert!(unknown.is_empty(), "{} queries are answered differently", unknown.len());
}

/// Asks an implementation and the Python package jsonpath-rfc9535 the same random queries over random documents. Returns
/// how many were asked, and those that they answer differently; `None` where the package is not installed.
///
/// The environment may say how many (`JSONPATH_QUERIES`) and which (`JSONPATH_SEED`). If the answers are not `ordered`,
/// only how often a query selects each node is compared.
///
/// # Panics
/// If Python does not answer every query.
pub fn differences(
    ordered: bool,
    answer: impl Fn(&Value, &str) -> Answer,
) -> Option<(usize, Vec<Difference>)> {
    let python = python()?;
    let count = number("JSONPATH_QUERIES", QUERIES as u64) as usize;
    let seed = number("JSONPATH_SEED", SEED);
    let case = move |at| case(seed, at);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/jsonpath/answer.py");
    let mut child = Command::new(python)
        .args([Path::new("-I"), Path::new("-X"), Path::new("utf8"), &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = child.stdin.take().expect("standard input is piped");
    // A thread of its own writes, because Python answers before it has read everything.
    let writer = std::thread::spawn(move || {
        for at in 0..count {
            let (document, query) = case(at);
            writeln!(input, "{}", json!([document, query])).expect("Python reads");
        }
    });
    let answers = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
    let mut differences = Vec::new();
    let mut answered = 0;
    for (at, line) in answers.enumerate() {
        let theirs: Value = serde_json::from_str(&line.expect("Python writes lines")).expect("lines of JSON");
        let mut theirs: Answer = match theirs {
            Value::Array(pointers) => {
                Ok(pointers.iter().map(|pointer| pointer.as_str().unwrap_or_default().to_owned()).collect())
            }
            error => Err(error.as_str().unwrap_or_default().to_owned()),
        };
        if let Ok(pointers) = &mut theirs
            && !ordered
        {
            pointers.sort_unstable();
        }
        let (document, query) = case(at);
        let ours = answer(&document, &query);
        let both_invalid = [&ours, &theirs]
            .iter()
            .all(|answer| answer.as_ref().is_err_and(|error| error.starts_with(INVALID)));
        if ours != theirs && !both_invalid {
            differences.push(Difference { document, query, ours, theirs });
        }
        answered += 1;
    }
    writer.join().expect("every query was asked");
    assert!(child.wait().expect("Python ends").success());
    assert_eq!(answered, count, "Python answers every query");
    Some((count, differences))
}
