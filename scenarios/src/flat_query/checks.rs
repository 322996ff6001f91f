//! Checks: traces of random operations, replayed beside the [oracle](super::oracle); and the compliance suite.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::cases::{document, read_all};
use super::contract::{Compliance, FlatQuery, Found, QueryError, pointer_of_normalized};
use super::oracle::{Model, evaluate};
use super::rfc::{self, Table};
use crate::checking::{at_end, each_step, expect, fixed, not_replayed};
use crate::flat::steps::{at, drawn_leaf};
use crate::flat::{self, Kinds, Leaf, Pointer, escape};
use crate::input::outside_data;
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace", 120, 48, "Random sets, deletes and queries over hard names: escapes, quotes, dots, brackets, non-ASCII, numbers."),
    Check::new("trace_few", 120, 48, "The same over few names and indices, so that arrays become objects and arrays again."),
    Check::new("descent", 0, 1, "$..name, $..a.b and $..a..b match at every depth, as often as they select."),
    Check::new("arrays_and_objects", 0, 1, "An index selects in arrays, a name in objects, and * in both: with numeric names, leading zeros, gaps and recorded objects."),
    Check::new("names", 0, 1, "Quoted names with dots, quotes, brackets, *, escapes and non-ASCII characters, and the empty name."),
    Check::new("errors", 0, 1, "A text that is no JSONPath is an error, and nothing is visited."),
    Check::new("absent", 0, 1, "Two absent values are equal, so <= and >= hold between them; an absent value is equal to no other one."),
    Check::new("negative", 0, 1, "Negative indices count from the end in filters, too: after @ and after $, in comparisons and arguments."),
    Check::new("order", 0, 1, "Numbers and strings have an order; booleans, null, arrays and objects have none, and <= and >= hold where == does."),
    Check::new("equality", 0, 1, "1, 1.0 and 1e0 are equal, and so are 0 and -0, in arrays and objects as well; true is not 1."),
    Check::new("functions", 0, 1, "length counts Unicode scalar values, elements and members, count counts duplicates, and value of two nodes is nothing."),
    Check::new("patterns", 0, 1, "match is about whole strings and search about parts; `.` is neither \\n nor \\r; what is no I-Regexp matches nothing."),
    Check::new("escapes", 0, 1, "Every escape in names and literals: surrogate pairs, hexadecimal digits of either case, quotes, control characters."),
    Check::new("logic", 0, 1, "&& binds closer than ||, ! applies to one test, null and false exist, filters nest, and $ is the whole document."),
    Check::new("blanks", 0, 1, "Blanks stand between segments and around selectors, operators and arguments, before `..` as well."),
    Check::new("slices", 0, 1, "Slices with steps of either sign and of zero and bounds up to 2^53 - 1; lists select a node as often as they name it."),
    Check::new("invalid", 0, 1, "Integers, strings, blanks, filters and functions that RFC 9535 does not allow are errors, and nothing is visited."),
    Check::new("not_singular", 0, 1, "A query with blanks within its brackets is not singular by the grammar, so its comparison is an error."),
    Check::new("break", 0, 1, "After a visit that breaks there is no other one."),
    Check::new("leaves", 0, 1, "Scalars and empty containers, also as the whole document. A leaf with pointers below it shows as a container."),
];

/// Names that naive code treats wrong.
const NAMES: [&str; 16] =
    ["a", "b", "ab", "", "0", "1", "01", "2024", "a.b", "'", "\"", "[0]", "*", "~/", "é", "\\n"];

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
enum Operation {
    Set(String, u64),
    Delete(String),
    Query(String, Vec<Model>),
}

fn decode(check: &Check, step: &Step) -> Operation {
    let names: &[&str] = if check.name == "trace_few" { &["0", "1", "a"] } else { &NAMES };
    let mut rest = usize::from(step.a);
    let mut draw = |below: usize| {
        let drawn = rest % below;
        rest /= below;
        drawn
    };
    let length = usize::from(step.version) % 4;
    if step.op % 16 < 10 {
        let mut pointer = String::new();
        for _ in 0..length {
            pointer.push('/');
            pointer.push_str(&escape(names[draw(names.len())]));
        }
        return if step.op % 16 < 7 {
            Operation::Set(pointer, u64::from(step.b))
        } else {
            Operation::Delete(pointer)
        };
    }
    let mut kinds = usize::from(step.b);
    let mut path = "$".to_owned();
    let mut segments = Vec::new();
    for _ in 0..length {
        let name = names[draw(names.len())];
        let kind = kinds % 12;
        kinds /= 12;
        let segment = match kind {
            0..=3 => Model::Name(name.to_owned()),
            4..=5 => Model::Index(name.parse().unwrap_or(-1)),
            6..=8 => Model::Wildcard,
            9 => Model::Above(name.to_owned(), 20),
            10 => Model::Descend(Box::new(Model::Wildcard)),
            _ => Model::Descend(Box::new(Model::Name(name.to_owned()))),
        };
        // RFC 9535 has no indices with a leading zero.
        let segment = if segment == Model::Index(1) && name == "01" { Model::Wildcard } else { segment };
        path.push_str(&segment.spell(usize::from(step.version) / 4 % 3));
        segments.push(segment);
    }
    Operation::Query(path, segments)
}

pub(super) fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?}", decode(check, step))).collect()
}

pub(super) fn replay<S: FlatQuery>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    match check.name {
        "trace" => replay_from::<S>(
            &json!({"a": {"b": 1, "~/": {"é": [21, {"0": 22}]}}, "0": [1, [2, 3], {"a.b": 25, "": "x"}], "": {"": {"'": 5, "\"": 60}}}),
            check,
            trace,
        ),
        "trace_few" => replay_from::<S>(
            &json!({"0": ["x", {"a": 1, "0": 2}], "1": {"a": [[]], "0": {}}, "a": [0, 30, [40, {"a": 50}]]}),
            check,
            trace,
        ),
        "descent" => fixed(descent::<S>()),
        "arrays_and_objects" => fixed(arrays_and_objects::<S>()),
        "names" => fixed(names::<S>()),
        "errors" => fixed(errors::<S>()),
        "absent" => fixed(answers::<S>(rfc::ABSENT)),
        "negative" => fixed(answers::<S>(rfc::NEGATIVE)),
        "order" => fixed(answers::<S>(rfc::ORDER)),
        "equality" => fixed(answers::<S>(rfc::EQUALITY)),
        "functions" => fixed(answers::<S>(rfc::FUNCTIONS)),
        "patterns" => fixed(answers::<S>(rfc::PATTERNS)),
        "escapes" => fixed(answers::<S>(rfc::ESCAPES)),
        "logic" => fixed(answers::<S>(rfc::LOGIC)),
        "blanks" => fixed(answers::<S>(rfc::BLANKS)),
        "slices" => fixed(answers::<S>(rfc::SLICES)),
        "invalid" => fixed(refuses::<S>(rfc::INVALID)),
        "not_singular" => fixed(refuses::<S>(rfc::NOT_SINGULAR)),
        "break" => fixed(breaks::<S>()),
        "leaves" => fixed(leaves::<S>()),
        _ => not_replayed(check),
    }
}

/// Replays a trace that begins with this document.
fn replay_from<S: FlatQuery>(document: &Value, check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let mut replay = Replay::<S>::import(document);
    each_step(trace, |_, step| replay.apply(decode(check, step)))?;
    at_end(trace, replay.compare("$..*", &[Model::Descend(Box::new(Model::Wildcard))]))
}

/// The store under test beside its model.
struct Replay<S> {
    store: S,
    model: BTreeMap<String, Leaf>,
    kinds: Kinds,
}

/// The results of a query as a sorted multiset, each value spelled.
fn answer<S: FlatQuery>(store: &S, path: &str) -> Result<Vec<(String, String)>, QueryError> {
    let mut found = Vec::new();
    let mut wrong = None;
    store.query(path, |node| {
        let value = node.value();
        // The leaf and the value of a node must agree.
        if node.leaf() != flat::leaf(&value) {
            wrong = Some(format!("the leaf {:?} of the value", node.leaf()));
        }
        let pointer = node.pointer(&mut String::new()).to_owned();
        found.push((pointer, wrong.take().unwrap_or_default() + &value.to_string()));
        ControlFlow::Continue(())
    })?;
    found.sort_unstable();
    Ok(found)
}

fn spelled(nodes: &[(String, &Value)]) -> Vec<(String, String)> {
    let mut nodes: Vec<_> =
        nodes.iter().map(|(pointer, value)| (pointer.clone(), value.to_string())).collect();
    nodes.sort_unstable();
    nodes
}

impl<S: FlatQuery> Replay<S> {
    fn import(document: &Value) -> Self {
        let (leaves, kinds) = flat::flatten(document);
        let leaves =
            leaves.into_iter().map(|(pointer, leaf)| (pointer.as_pointer().as_str().to_owned(), leaf));
        Replay { store: S::import(document), model: leaves.collect(), kinds }
    }

    fn apply(&mut self, operation: Operation) -> Result<(), String> {
        match operation {
            Operation::Set(pointer, number) => {
                let leaf = drawn_leaf(number, number % 64);
                self.store.set(at(&pointer), leaf.clone());
                self.model.insert(pointer, leaf);
                Ok(())
            }
            Operation::Delete(pointer) => {
                let observed = self.store.delete(at(&pointer));
                let expected = self.model.remove(&pointer).is_some();
                expect(format_args!("delete({pointer:?})"), observed, expected)
            }
            Operation::Query(path, segments) => self.compare(&path, &segments),
        }
    }

    fn compare(&self, path: &str, segments: &[Model]) -> Result<(), String> {
        let entries = self.model.iter().map(|(key, leaf)| (key.as_str(), leaf));
        let tree = flat::tree(Pointer::ROOT, entries, &self.kinds);
        let expected = tree.as_ref().map_or(Vec::new(), |tree| spelled(&evaluate(tree, segments)));
        match answer(&self.store, path) {
            Ok(observed) if observed == expected => Ok(()),
            Ok(observed) => Err(format!("{path} finds {observed:?}, expected {expected:?}")),
            Err(QueryError::Unsupported(_)) => Ok(()),
            Err(error) => Err(format!("{path}: {error}")),
        }
    }
}

/// Compares queries over a document with the pointers that they must find, sorted.
fn finds<S: FlatQuery>(document: &Value, cases: &[(&str, &[&str])]) -> Result<(), String> {
    let store = S::import(document);
    for (path, pointers) in cases {
        let expected: Vec<(String, String)> = pointers
            .iter()
            .map(|pointer| {
                ((*pointer).to_owned(), document.pointer(pointer).unwrap_or(&Value::Null).to_string())
            })
            .collect();
        match answer(&store, path) {
            Ok(observed) if observed == expected => {}
            Err(QueryError::Unsupported(_)) => {}
            observed => return Err(format!("{path} over {document}: {observed:?}, expected {expected:?}")),
        }
    }
    Ok(())
}

/// Compares the queries of tables with what they must select. The message names every query that differs.
fn answers<S: FlatQuery>(tables: &[Table]) -> Result<(), String> {
    let mut wrong = Vec::new();
    for table in tables {
        let document: Value = serde_json::from_str(table.document).expect("tables have documents");
        for (path, pointers) in table.queries {
            let mut pointers = pointers.to_vec();
            pointers.sort_unstable();
            wrong.extend(finds::<S>(&document, &[(path, &pointers)]).err());
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Checks that texts which are no queries are refused before anything is visited. The message names every one that is not.
fn refuses<S: FlatQuery>(texts: &[&str]) -> Result<(), String> {
    let store = S::import(&json!({"a": [1, 2, "a"], "b": {"c": 3, "a": 1}}));
    let mut wrong = Vec::new();
    for text in texts {
        let mut visited = 0;
        let outcome = store.query(text, |_| {
            visited += 1;
            ControlFlow::Continue(())
        });
        if outcome.is_ok() || visited > 0 {
            wrong.push(format!(
                "{text:?} is {outcome:?} after {visited} visits, expected an error before any"
            ));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

#[rustfmt::skip]
fn descent<S: FlatQuery>() -> Result<(), String> {
    let document = json!({
        "users": [{"name": "x", "age": 1}, {"name": {"name": "y"}}],
        "q": {"a": {"b": 1, "z": {"b": 2}}},
        "a": {"a": {"a": {"b": 3}}},
    });
    finds::<S>(&document, &[
        ("$..name", &["/users/0/name", "/users/1/name", "/users/1/name/name"]),
        ("$..a.b", &["/a/a/a/b", "/q/a/b"]),
        ("$..a..b", &["/a/a/a/b", "/a/a/a/b", "/a/a/a/b", "/q/a/b", "/q/a/z/b"]),
        ("$.users..name", &["/users/0/name", "/users/1/name", "/users/1/name/name"]),
        ("$.users[*].name", &["/users/0/name", "/users/1/name"]),
        ("$..[1]", &["/users/1"]),
        ("$.users[1]..*", &["/users/1/name", "/users/1/name/name"]),
        ("$..absent", &[]),
        ("$.users..absent", &[]),
    ])?;
    let mut deep = json!(1);
    for level in 0..60 {
        deep = if level % 2 == 0 { json!({"a": deep}) } else { json!([deep]) };
    }
    let store = S::import(&deep);
    match read_all(&store, "$..a") {
        Some((30, _)) | None => Ok(()),
        observed => Err(format!("$..a finds {observed:?} in 30 nested objects")),
    }
}

#[rustfmt::skip]
fn arrays_and_objects<S: FlatQuery>() -> Result<(), String> {
    finds::<S>(&json!({"2024": {"0": 1, "1": 2}, "l": [5, [6]], "z": {"00": 1, "01": [7]}}), &[
        ("$['2024']['0']", &["/2024/0"]),
        ("$['2024'][0]", &[]),
        ("$.l[0]", &["/l/0"]),
        ("$.l['0']", &[]),
        ("$[2024]", &[]),
        ("$.l[1][0]", &["/l/1/0"]),
        ("$.l[2]", &[]),
        ("$.l[-1]", &["/l/1"]),
        ("$.z['01'][0]", &["/z/01/0"]),
        ("$.z[0]", &[]),
        ("$.z[1]", &[]),
        ("$.*.*", &["/2024/0", "/2024/1", "/l/0", "/l/1", "/z/00", "/z/01"]),
        ("$[*][*]", &["/2024/0", "/2024/1", "/l/0", "/l/1", "/z/00", "/z/01"]),
        ("$..[0]", &["/l/0", "/l/1/0", "/z/01/0"]),
        ("$..['0']", &["/2024/0"]),
        ("$", &[""]),
        ("$[0,0]", &[]),
        ("$.l[0,0]", &["/l/0", "/l/0"]),
        ("$.l[::-1]", &["/l/0", "/l/1"]),
    ])?;
    // A gap makes an array an object. Once it is filled, the object is an array again.
    let mut replay = Replay::<S>::import(&json!({"l": [0, 1, 2], "o": {"0": 0, "1": 1}}));
    let queries = |replay: &Replay<S>| {
        for (path, segments) in [
            ("$.l[2]", [Model::Name("l".to_owned()), Model::Index(2)]),
            ("$.l['2']", [Model::Name("l".to_owned()), Model::Name("2".to_owned())]),
            ("$.*[0]", [Model::Wildcard, Model::Index(0)]),
            ("$.*['0']", [Model::Wildcard, Model::Name("0".to_owned())]),
        ] {
            replay.compare(path, &segments)?;
        }
        Ok::<(), String>(())
    };
    queries(&replay)?;
    for operation in [
        Operation::Delete("/l/1".to_owned()),
        Operation::Set("/l/1/0".to_owned(), 9),
        Operation::Set("/l/x".to_owned(), 9),
        Operation::Delete("/l/x".to_owned()),
        Operation::Delete("/o/0".to_owned()),
        Operation::Set("/o/0".to_owned(), 9),
        Operation::Delete("/o/0".to_owned()),
        Operation::Delete("/o/1".to_owned()),
        Operation::Set("/o/0".to_owned(), 9),
        Operation::Set("/l/4294967295".to_owned(), 9),
        Operation::Set("/l/4294967296".to_owned(), 9),
    ] {
        replay.apply(operation)?;
        queries(&replay)?;
    }
    Ok(())
}

#[rustfmt::skip]
fn names<S: FlatQuery>() -> Result<(), String> {
    let document = json!({"a.b": 1, "'": 2, "\"": 3, "[0]": 4, "*": 5, "~": 6, "/": 7, "é": 8, "": 9, "~1": {"$": 10}, "\\": 11, "日本": {"語": 12}});
    finds::<S>(&document, &[
        ("$['a.b']", &["/a.b"]),
        (r#"$["'"]"#, &["/'"]),
        (r"$['\'']", &["/'"]),
        (r#"$['"']"#, &["/\""]),
        ("$['[0]']", &["/[0]"]),
        ("$['*']", &["/*"]),
        ("$['~']", &["/~0"]),
        ("$['/']", &["/~1"]),
        ("$['~1']['$']", &["/~01/$"]),
        ("$['~1'].*", &["/~01/$"]),
        ("$.é", &["/é"]),
        ("$['é']", &["/é"]),
        (r#"$["\u00e9"]"#, &["/é"]),
        ("$['']", &["/"]),
        (r"$['\\']", &["/\\"]),
        ("$.日本.語", &["/日本/語"]),
        ("$..语", &[]),
        ("$['~0']", &[]),
        ("$.a", &[]),
    ])
}

fn errors<S: FlatQuery>() -> Result<(), String> {
    refuses::<S>(&[
        "",
        " ",
        "a",
        "$a",
        "$.",
        "$..",
        "$[",
        "$[]",
        "$['a'",
        "$['a",
        "$.1",
        "$[01]",
        "$[-0]",
        "$.a b",
        "$ ",
        " $",
        "$.a.",
        "$.a..",
        "$.[0]",
        "$.['a']",
        "$.a[?",
        "$[?]",
        "$.a[?@ >]",
        "$['\u{1}']",
        "$.a[0 1]",
        "$...a",
        "$.*a",
        "$[*",
    ])
}

fn breaks<S: FlatQuery>() -> Result<(), String> {
    let store = S::import(&document(20));
    for path in [
        "$",
        "$.users[3].name",
        "$.users[*].name",
        "$..name",
        "$..*",
        "$.users[?@.age >= 0].name",
        "$.users[2:9]",
    ] {
        for limit in [1, 5] {
            let mut visited = 0;
            let outcome = store.query(path, |_| {
                visited += 1;
                if visited == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if outcome.is_ok() && visited > limit {
                return Err(format!("{path}: {visited} visits, although the {limit}th broke off"));
            }
        }
    }
    Ok(())
}

#[rustfmt::skip]
fn leaves<S: FlatQuery>() -> Result<(), String> {
    for document in [json!(1), json!("x"), json!(null), json!([]), json!({})] {
        finds::<S>(&document, &[("$", &[""]), ("$.*", &[]), ("$..*", &[]), ("$[0]", &[]), ("$.a", &[]), ("$..a", &[])])?;
    }
    finds::<S>(&json!({"a": [], "b": {}, "c": [[], {}]}), &[
        ("$.*", &["/a", "/b", "/c"]),
        ("$..*", &["/a", "/b", "/c", "/c/0", "/c/1"]),
        ("$.a.*", &[]),
        ("$.a[0]", &[]),
        ("$.c[0][0]", &[]),
        ("$.c[1]", &["/c/1"]),
    ])?;
    // The container hides the leaf at /a. When the container is gone, the leaf shows again.
    let mut replay = Replay::<S>::import(&json!({"a": 1, "ab": 2}));
    let queries: [(&str, Vec<Model>); 4] = [
        ("$.a", vec![Model::Name("a".to_owned())]),
        ("$..a", vec![Model::Descend(Box::new(Model::Name("a".to_owned())))]),
        ("$.*", vec![Model::Wildcard]),
        ("$.*.*", vec![Model::Wildcard, Model::Wildcard]),
    ];
    for operation in [
        Operation::Set("/a/b".to_owned(), 9),
        Operation::Set("/a".to_owned(), 10),
        Operation::Delete("/a/b".to_owned()),
        Operation::Set("/a/b/a".to_owned(), 9),
        Operation::Delete("/a".to_owned()),
        Operation::Set("".to_owned(), 9),
        Operation::Delete("/a/b/a".to_owned()),
        Operation::Delete("/ab".to_owned()),
        Operation::Delete("".to_owned()),
    ] {
        replay.apply(operation)?;
        queries.iter().try_for_each(|(path, segments)| replay.compare(path, segments))?;
    }
    Ok(())
}

/// Runs the compliance suite, for [`super::comply`].
pub(super) fn comply<S: FlatQuery>() -> Option<Compliance> {
    let path = outside_data("JSONPATH_CTS", "jsonpath-cts.json")?;
    let bytes = std::fs::read(path).expect("the suite can be read");
    let suite: Value = serde_json::from_slice(&bytes).expect("the suite is JSON");
    let mut compliance = Compliance::default();
    for test in suite["tests"].as_array().into_iter().flatten() {
        let name = test["name"].as_str().unwrap_or_default().to_owned();
        let selector = test["selector"].as_str().unwrap_or_default();
        let store = S::import(&test["document"]);
        let outcome = answer(&store, selector);
        let fits = |values: &Value, paths: Option<&Value>, observed: &[(String, String)]| {
            let mut expected: Vec<String> =
                values.as_array().into_iter().flatten().map(Value::to_string).collect();
            let mut values: Vec<String> = observed.iter().map(|(_, value)| value.clone()).collect();
            expected.sort_unstable();
            values.sort_unstable();
            let paths = paths.and_then(Value::as_array);
            let mut pointers: Vec<String> = observed.iter().map(|(pointer, _)| pointer.clone()).collect();
            pointers.sort_unstable();
            let located = paths.is_none_or(|paths| {
                let mut paths: Vec<String> = paths
                    .iter()
                    .map(|path| pointer_of_normalized(path.as_str().unwrap_or_default()))
                    .collect();
                paths.sort_unstable();
                paths == pointers
            });
            expected == values && located
        };
        let invalid = test["invalid_selector"] == Value::Bool(true);
        let right = match &outcome {
            Err(QueryError::Unsupported(_)) => {
                compliance.unsupported.push(name);
                continue;
            }
            Err(QueryError::Invalid(_)) => invalid,
            Ok(_) if invalid => false,
            Ok(observed) if test["result"].is_array() => {
                fits(&test["result"], test.get("result_paths"), observed)
            }
            Ok(observed) => {
                test["results"].as_array().into_iter().flatten().any(|result| fits(result, None, observed))
            }
        };
        if right { compliance.right += 1 } else { compliance.wrong.push(name) }
    }
    Some(compliance)
}
