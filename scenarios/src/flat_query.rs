//! **Queries over a flat store**: JSONPath (RFC 9535) over a store that maps JSON pointers to leaves.
//!
//! Contract: [`FlatQuery`]. Oracle: a `BTreeMap` of pointers, the tree that it stands for, and a plain recursive
//! evaluation. Scenarios: [`BOTTLENECK`], over `users` × `{name, age}`; the size is the number of pointers, two per
//! user.
//!
//! What is an array and what an object, [`flat`] says. [`comply`] runs the JSONPath compliance
//! suite, which is not part of this repository.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde_json::{Value, json};

use crate::flat::{self, Containers, Kinds, Leaf, Pointer, array_index, escape, touch_text, touch_value};
use crate::input::{copies, draws, mix, outside_data, rng, sum};
use crate::{
    About, Bottleneck, Capability, Case, Check, Claim, Contender, Mismatch, OwnInput, Request, Scenario,
    Setup, Sizes, Step, case,
};

/// A map from pointers to leaves that answers JSONPath queries.
pub trait FlatQuery {
    /// A node that a query found.
    type Found<'a>: Found
    where
        Self: 'a;

    /// The store of a document's leaves.
    fn import(document: &Value) -> Self;
    /// Puts `leaf` at `pointer`, in place of the leaf that is there.
    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf);
    /// Removes the leaf at `pointer`, and nothing below it; whether there was one.
    fn delete(&mut self, pointer: Pointer<'_>) -> bool;
    /// Shows every node that `path` selects to `visit`, as often as it selects it, until `visit` breaks.
    ///
    /// The order is unspecified, even between the elements of an array: what hashes its pointers has
    /// none. The nodelists of RFC 9535 are compared as multisets.
    ///
    /// # Errors
    /// If `path` is no JSONPath, or selects in a way that this store does not support; nothing was visited then.
    fn query(
        &self,
        path: &str,
        visit: impl FnMut(Self::Found<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError>;
}

/// A node that a query found: pointer and value, each as lazy as the store can make it.
pub trait Found {
    /// Its pointer: borrowed where the store has it written, else written to `buffer`.
    fn pointer<'a>(&'a self, buffer: &'a mut String) -> &'a str;
    /// Its value if that is a leaf.
    fn leaf(&self) -> Option<&Value>;
    /// Its value; a container is put together where the store does not have it so.
    fn value(&self) -> Cow<'_, Value>;
}

/// Why a query was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// It is no JSONPath: what the parser says.
    Invalid(String),
    /// It is one, maybe, but this store does not support what begins here.
    Unsupported(String),
}

impl std::fmt::Display for QueryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            QueryError::Invalid(message) => write!(f, "not a JSONPath: {message}"),
            QueryError::Unsupported(rest) => write!(f, "not supported: {rest}"),
        }
    }
}

impl std::error::Error for QueryError {}

/// One segment of a simple path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Whether it selects among all descendants (`..`), not only among children.
    pub descendant: bool,
    /// What it selects.
    pub kind: SelectorKind,
}

/// What a [`Selector`] selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorKind {
    /// The member of an object: its name as a pointer's segment, that is, escaped.
    Name(String),
    /// The element of an array.
    Index(u32),
    /// Every child.
    Wildcard,
}

/// Longest run of simple segments: an evaluation may recurse once per segment.
const MAX_SEGMENTS: usize = 64;

/// Reads simple segments from the front of `text`, which is a path without its `$`; returns them and the rest.
///
/// Simple are `.name`, `.*`, `['name']`, `["name"]`, `[0]` and `[*]`, and the same after `..`. What needs more care
/// (an escape in a name, blanks, a negative index) is left in the rest, as is everything after 64 segments.
pub fn simple_segments(text: &str) -> (Vec<Selector>, &str) {
    let mut selectors = Vec::new();
    let mut rest = text;
    while selectors.len() < MAX_SEGMENTS {
        let Some((selector, after)) = simple_segment(rest) else { break };
        selectors.push(selector);
        rest = after;
    }
    (selectors, rest)
}

fn simple_segment(text: &str) -> Option<(Selector, &str)> {
    let (dots, text) = if let Some(after) = text.strip_prefix("..") {
        (2, after)
    } else if let Some(after) = text.strip_prefix('.') {
        (1, after)
    } else {
        (0, text)
    };
    let (kind, rest) = if let Some(inner) = text.strip_prefix('[').filter(|_| dots != 1) {
        bracketed(inner)?
    } else if dots == 0 {
        return None;
    } else if let Some(rest) = text.strip_prefix('*') {
        (SelectorKind::Wildcard, rest)
    } else {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        if !text.starts_with(first) {
            return None;
        }
        let end = text.find(|c: char| !first(c) && !c.is_ascii_digit()).unwrap_or(text.len());
        (SelectorKind::Name(text[..end].to_owned()), &text[end..])
    };
    Some((Selector { descendant: dots == 2, kind }, rest))
}

/// What stands behind an opening bracket, and the rest behind the closing one.
fn bracketed(inner: &str) -> Option<(SelectorKind, &str)> {
    if let Some(rest) = inner.strip_prefix("*]") {
        return Some((SelectorKind::Wildcard, rest));
    }
    let quote = inner.chars().next().filter(|c| matches!(c, '\'' | '"'));
    if let Some(quote) = quote {
        let inner = &inner[1..];
        let end = inner.find(|c: char| c == quote || c == '\\' || c < ' ')?;
        let rest = inner[end..].strip_prefix(quote)?.strip_prefix(']')?;
        return Some((SelectorKind::Name(escape(&inner[..end]).into_owned()), rest));
    }
    let end = inner.find(']')?;
    Some((SelectorKind::Index(array_index(&inner[..end])?), &inner[end + 1..]))
}

/// How many bytes of `key` the segments match, none of which may be a descendant one: the pointer of the node that
/// they select above the key or at it. Whether the containers on the way are arrays where an index
/// selects, and objects where a name does, [`admits`] says.
#[inline]
pub fn matched_length(selectors: &[Selector], key: &str) -> Option<usize> {
    let mut at = 0;
    for selector in selectors {
        let rest = key[at..].strip_prefix('/')?;
        let end = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        let segment = &rest[..end];
        let matches = match &selector.kind {
            SelectorKind::Name(name) => segment == name,
            SelectorKind::Index(index) => array_index(segment) == Some(*index),
            SelectorKind::Wildcard => true,
        };
        if !matches {
            return None;
        }
        at += 1 + end;
    }
    Some(at)
}

/// Whether every container on the way along `pointer` is of the kind that its segment's selector asks for.
pub fn admits(selectors: &[Selector], pointer: &str, containers: &Containers) -> bool {
    let mut at = 0;
    selectors.iter().all(|selector| {
        let container = &pointer[..at];
        let rest = &pointer[at + 1..];
        at += 1 + rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        match &selector.kind {
            SelectorKind::Index(_) => containers.is_array(container) == Some(true),
            // Only what could be an index can be in an array.
            SelectorKind::Name(name) if array_index(name).is_some() => {
                containers.is_array(container) == Some(false)
            }
            SelectorKind::Name(_) | SelectorKind::Wildcard => true,
        }
    })
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "flat_query",
    title: "JSONPath over a flat store",
    question: "A flat store holds pointers, not a tree, and a JSONPath engine wants a tree. Building one for each query \
               costs far more than the query. How much is left to pay if simple paths run over the pointers, or over an \
               index of their segments?",
    scenarios: SCENARIOS,
    checks: CHECKS,
    sizes: Sizes { quick: &[100, 1000], default: &[100, 1000, 10_000], full: &[100, 1000, 10_000, 100_000] },
    claims: CLAIMS,
    memory: &[],
    own_input: Some(OwnInput { expects: "a JSON document", scenarios: OWN_SCENARIOS, check: check_document }),
    reference: "serde_json_path",
    describe,
};

const CLAIMS: &[Claim] = &[Claim {
    id: "dm-query",
    text: "A wildcard query over 100,000 keys takes less than 10 ms where materialising the tree took about 1 s: a hundred \
           times less.",
    factor: Some(100.0),
    scenario: "wildcard",
    size: 100_000,
    naive: "materialise_serde_json_path",
    optimized: "direct_walk",
}];

const NOTHING: &[Capability] = &[];
const FILTERS: &[Capability] = &[Capability::AnyQuery];
const IN_PLACE: &[Capability] = &[Capability::ChildrenInPlace];
const DESCENT_IN_PLACE: &[Capability] = &[Capability::DescendantsInPlace];

const fn scenario(
    name: &'static str,
    unit: &'static str,
    requires: &'static [Capability],
    summary: &'static str,
) -> Scenario {
    Scenario { name, summary, unit, requires, sizes: None }
}

/// For contenders that need not build a tree of so many pointers for each query.
const fn large(scenario: Scenario) -> Scenario {
    Scenario { sizes: Some(Sizes { quick: &[], default: &[100_000], full: &[100_000, 200_000] }), ..scenario }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    scenario("singular", "query", NOTHING, "Asks for $.users[i].name of random users."),
    scenario("wildcard", "result", NOTHING, "Visits the results of $.users[*].name, each with its pointer."),
    scenario("every_field", "result", NOTHING, "Visits the results of $.users[*].*, each with its pointer."),
    scenario("descendant", "result", NOTHING, "Visits the results of $..name, each with its pointer."),
    scenario("first_match", "query", NOTHING, "Takes the first result of $.users[*].name that comes, and breaks off."),
    scenario("filter", "user", FILTERS, "Visits the results of $.users[?@.age > 30].name, each with its pointer."),
    large(scenario("wildcard_large", "result", IN_PLACE, "The same as wildcard over 100,000 pointers and more.")),
    large(scenario("descendant_large", "result", DESCENT_IN_PLACE, "The same as descendant over 100,000 pointers and more.")),
];

#[rustfmt::skip]
const OWN_SCENARIOS: &[Scenario] = &[
    scenario("own_wildcard", "query", NOTHING, "Visits the results of $.*.* over your document, each with its pointer."),
    scenario("own_descendant", "query", NOTHING, "Visits the results of $..name over your document, for its most frequent name."),
    scenario("own_everything", "query", FILTERS, "Visits the results of $..* over your document, each with its pointer."),
];

fn check_document(bytes: &[u8]) -> Result<(), String> {
    let parsed = serde_json::from_slice::<Value>(bytes);
    // The error says line and column.
    parsed.map(drop).map_err(|error| format!("not a JSON document: {error}"))
}

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<S: FlatQuery + 'static>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up::<S>, replay: replay::<S> }
}

fn set_up<S: FlatQuery + 'static>(request: Request) -> Box<dyn Case> {
    let users = request.size.div_ceil(2);
    let name = |user: usize| found_digest(&format!("/users/{user}/name"), Some(&json!(name_of(user))));
    let age = |user: usize| found_digest(&format!("/users/{user}/age"), Some(&json!(age_of(user))));
    match request.scenario {
        "singular" => singular::<S>(
            users,
            if request.can(Capability::ScansWhole) { (2000 / users).clamp(1, 64) } else { 64 },
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
            sum((0..users).filter(|user| age_of(*user) > 30).map(name))
        }),
        "first_match" => {
            // Some engines find every result before they hand out the first one.
            let count = (8000 / users).clamp(2, 16);
            first_match::<S>(
                users,
                if request.can(Capability::ScansWhole) { (2000 / users).clamp(1, 16) } else { count },
            )
        }
        "own_wildcard" => own::<S>(request, |_| "$.*.*".to_owned()),
        "own_descendant" => own::<S>(request, |document| {
            // Spelled as a JSON text, in brackets: valid for every name.
            format!("$..[{}]", Value::from(most_frequent_name(document)))
        }),
        "own_everything" => own::<S>(request, |_| "$..*".to_owned()),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

fn name_of(user: usize) -> String {
    format!("user {}", mix(user as u64) % 1_000_000)
}

fn age_of(user: usize) -> u64 {
    mix(user as u64) % 60
}

/// The document of so many users.
fn document(users: usize) -> Value {
    let user = |user| json!({"name": name_of(user), "age": age_of(user)});
    json!({"users": (0..users).map(user).collect::<Vec<_>>()})
}

/// What a region makes of one result: a few instructions that read the pointer's end and the leaf.
#[inline]
fn found_digest(pointer: &str, leaf: Option<&Value>) -> u64 {
    touch_text(pointer).wrapping_mul(leaf.map_or(5, touch_value) | 1)
}

/// Reads every result of a query: their number and their digests' sum; `None` where it is not answered.
#[inline]
fn read_all<S: FlatQuery>(store: &S, path: &str) -> Option<(u64, u64)> {
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

/// A query over the user's document.
fn own<S: FlatQuery + 'static>(request: Request, path: impl Fn(&Value) -> String) -> Box<dyn Case> {
    let document: Value = serde_json::from_slice(request.input.unwrap_or(b"null")).unwrap_or(Value::Null);
    let path = path(&document);
    case(
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
    )
}

/// The name that most members have; of equally frequent ones the first in order. Empty where there is no member.
fn most_frequent_name(document: &Value) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rest = vec![document];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(elements) => rest.extend(elements),
            Value::Object(members) => {
                for (name, member) in members {
                    *counts.entry(name).or_default() += 1;
                    rest.push(member);
                }
            }
            _ => {}
        }
    }
    let most = counts.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)));
    most.map_or(String::new(), |(name, _)| (*name).to_owned())
}

// --- verify ----------------------------------------------------------------------------------

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check::new("trace", 120, 48, "Random sets, deletes and queries over hard names (escapes, quotes, dots, brackets, non-ASCII, numbers)."),
    Check::new("trace_few", 120, 48, "The same over few names and indices, so that arrays become objects and come back."),
    Check::new("descent", 0, 1, "$..name, $..a.b and $..a..b match at every depth, as often as they select."),
    Check::new("arrays_and_objects", 0, 1, "An index selects in arrays, a name in objects, * in both; numeric names, leading zeros, gaps, recorded objects."),
    Check::new("names", 0, 1, "Names with dots, quotes, brackets, *, escapes, non-ASCII and none at all, quoted."),
    Check::new("errors", 0, 1, "What is no JSONPath is an error, and nothing is visited."),
    Check::new("break", 0, 1, "A visit that breaks is the last one."),
    Check::new("leaves", 0, 1, "Scalars and empty containers, also as the whole document; a leaf with children shows as the container."),
];

/// A segment of a query in the model.
#[derive(Clone, Debug, PartialEq)]
enum Model {
    Name(String),
    Index(i64),
    Wildcard,
    /// `?@.name > number`.
    Above(String, i64),
    Descend(Box<Model>),
}

impl Model {
    /// Spells it; `style` chooses between the spellings that mean the same.
    fn spell(&self, style: usize) -> String {
        match self {
            Model::Name(name)
                if style == 0 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()) =>
            {
                format!(".{name}")
            }
            Model::Name(name) if style == 1 && !name.contains(['\'', '\\']) => format!("['{name}']"),
            Model::Name(name) => format!("[{}]", Value::from(name.as_str())),
            Model::Index(index) => format!("[{index}]"),
            Model::Wildcard => if style == 0 { ".*" } else { "[*]" }.to_owned(),
            Model::Above(name, number) => format!("[?@[{}] > {number}]", Value::from(name.as_str())),
            Model::Descend(inner) => {
                let inner = inner.spell(style);
                if inner.starts_with('.') { format!(".{inner}") } else { format!("..{inner}") }
            }
        }
    }
}

/// Every node that the segments select from `document`, with its pointer.
fn evaluate<'a>(document: &'a Value, segments: &[Model]) -> Vec<(String, &'a Value)> {
    let mut nodes = vec![(String::new(), document)];
    for segment in segments {
        nodes = nodes.iter().flat_map(|(pointer, value)| select(pointer, value, segment)).collect();
    }
    nodes
}

fn children<'a>(pointer: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    match value {
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(index, value)| (format!("{pointer}/{index}"), value)).collect()
        }
        Value::Object(members) => {
            members.iter().map(|(name, value)| (format!("{pointer}/{}", escape(name)), value)).collect()
        }
        _ => Vec::new(),
    }
}

fn select<'a>(pointer: &str, value: &'a Value, segment: &Model) -> Vec<(String, &'a Value)> {
    match segment {
        Model::Name(name) => {
            let member = value.as_object().and_then(|members| members.get(name));
            member.map(|member| (format!("{pointer}/{}", escape(name)), member)).into_iter().collect()
        }
        Model::Index(index) => {
            let elements = value.as_array().map_or(&[][..], Vec::as_slice);
            let at = if *index < 0 { elements.len() as i64 + index } else { *index };
            let element = usize::try_from(at).ok().and_then(|at| elements.get(at));
            element.map(|element| (format!("{pointer}/{at}"), element)).into_iter().collect()
        }
        Model::Wildcard => children(pointer, value),
        Model::Above(name, number) => {
            let mut children = children(pointer, value);
            children.retain(|(_, child)| {
                let member = child.as_object().and_then(|members| members.get(name));
                member.and_then(Value::as_i64).is_some_and(|member| member > *number)
            });
            children
        }
        Model::Descend(inner) => {
            let mut nodes = select(pointer, value, inner);
            for (pointer, child) in children(pointer, value) {
                nodes.extend(select(&pointer, child, segment));
            }
            nodes
        }
    }
}

/// Names that go wrong somewhere, with the segments that stand for them.
const NAMES: [&str; 16] =
    ["a", "b", "ab", "", "0", "1", "01", "2024", "a.b", "'", "\"", "[0]", "*", "~/", "é", "\\n"];

/// A step with its meaning.
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
        // The selectors that RFC 9535 does not know are those with a leading zero.
        let segment = if segment == Model::Index(1) && name == "01" { Model::Wildcard } else { segment };
        path.push_str(&segment.spell(usize::from(step.version) / 4 % 3));
        segments.push(segment);
    }
    Operation::Query(path, segments)
}

fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?}", decode(check, step))).collect()
}

fn replay<S: FlatQuery>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let fixed = |outcome: Result<(), String>| outcome.map_err(|message| Mismatch { step: 0, message });
    match check.name {
        "descent" => return fixed(descent::<S>()),
        "arrays_and_objects" => return fixed(arrays_and_objects::<S>()),
        "names" => return fixed(names::<S>()),
        "errors" => return fixed(errors::<S>()),
        "break" => return fixed(breaks::<S>()),
        "leaves" => return fixed(leaves::<S>()),
        _ => {}
    }
    let start = if check.name == "trace_few" {
        json!({"0": ["x", {"a": 1, "0": 2}], "1": {"a": [[]], "0": {}}, "a": [0, 30, [40, {"a": 50}]]})
    } else {
        json!({"a": {"b": 1, "~/": {"é": [21, {"0": 22}]}}, "0": [1, [2, 3], {"a.b": 25, "": "x"}], "": {"": {"'": 5, "\"": 60}}})
    };
    let mut replay = Replay::<S>::import(&start);
    for (at, step) in trace.iter().enumerate() {
        replay.apply(decode(check, step)).map_err(|message| Mismatch { step: at, message })?;
    }
    let end = |message| Mismatch { step: trace.len(), message };
    replay.compare("$..*", &[Model::Descend(Box::new(Model::Wildcard))]).map_err(end)
}

/// The store under test beside its model.
struct Replay<S> {
    store: S,
    model: BTreeMap<String, Leaf>,
    kinds: Kinds,
}

fn at(text: &str) -> Pointer<'_> {
    Pointer::parse(text).expect("checks use pointers")
}

/// The results of a query as a sorted multiset, each value spelled.
fn answer<S: FlatQuery>(store: &S, path: &str) -> Result<Vec<(String, String)>, QueryError> {
    let mut found = Vec::new();
    let mut wrong = None;
    store.query(path, |node| {
        let value = node.value();
        // Leaf and value are two views of one thing.
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
                let leaf = match number % 8 {
                    0 => Leaf::new(json!({})),
                    1 => Leaf::new(json!([])),
                    2 => Ok(Leaf::from("text")),
                    _ => Ok(Leaf::from(number % 64)),
                };
                let leaf = leaf.map_err(|error| error.to_string())?;
                self.store.set(at(&pointer), leaf.clone());
                self.model.insert(pointer, leaf);
                Ok(())
            }
            Operation::Delete(pointer) => {
                let observed = self.store.delete(at(&pointer));
                let expected = self.model.remove(&pointer).is_some();
                if observed != expected {
                    return Err(format!("delete({pointer:?}) is {observed}, expected {expected}"));
                }
                Ok(())
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
    // A gap makes an object of an array, filling it an array again.
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
    let store = S::import(&json!({"a": [1, 2], "b": {"c": 3}}));
    for path in [
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
    ] {
        let mut visited = 0;
        let outcome = store.query(path, |_| {
            visited += 1;
            ControlFlow::Continue(())
        });
        if outcome.is_ok() || visited > 0 {
            return Err(format!(
                "{path:?} is {outcome:?} after {visited} visits, expected an error before any"
            ));
        }
    }
    Ok(())
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
    // The leaf at /a hides behind the container and comes back when that goes.
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

/// What a contender makes of the JSONPath compliance suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compliance {
    /// Tests answered right.
    pub right: usize,
    /// Names of tests that it said it does not support.
    pub unsupported: Vec<String>,
    /// Names of tests answered wrongly.
    pub wrong: Vec<String>,
}

/// Runs the JSONPath compliance suite; `None`, with a note printed, where it is [not there](outside_data).
///
/// # Panics
/// If the file is there and is not the suite.
pub fn comply<S: FlatQuery>() -> Option<Compliance> {
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

/// The pointer that says what a normalized path (RFC 9535, 2.7) says.
pub fn pointer_of_normalized(path: &str) -> String {
    let mut pointer = String::with_capacity(path.len());
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while let Some(inner) = rest.strip_prefix('[') {
        pointer.push('/');
        let Some(name) = inner.strip_prefix('\'') else {
            let end = inner.find(']').unwrap_or(inner.len());
            pointer.push_str(&inner[..end]);
            rest = inner.get(end + 1..).unwrap_or("");
            continue;
        };
        let mut characters = name.char_indices();
        rest = "";
        while let Some((at, character)) = characters.next() {
            let plain = match character {
                '\'' => {
                    rest = name[at + 1..].strip_prefix(']').unwrap_or("");
                    break;
                }
                '\\' => match characters.next().map_or('\\', |(_, escaped)| escaped) {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => {
                        let digits: String = characters.by_ref().take(4).map(|(_, digit)| digit).collect();
                        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
                    }
                    escaped => escaped,
                },
                character => character,
            };
            match plain {
                '~' => pointer.push_str("~0"),
                '/' => pointer.push_str("~1"),
                plain => pointer.push(plain),
            }
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> SelectorKind {
        SelectorKind::Name(name.to_owned())
    }

    fn child(kind: SelectorKind) -> Selector {
        Selector { descendant: false, kind }
    }

    #[test]
    fn simple_paths_are_read() {
        let all = |text| {
            let (selectors, rest) = simple_segments(text);
            assert_eq!(rest, "", "{text}");
            selectors
        };
        assert_eq!(all(""), []);
        assert_eq!(
            all(".users[0].name"),
            [child(name("users")), child(SelectorKind::Index(0)), child(name("name"))]
        );
        assert_eq!(all(".*[*]"), [child(SelectorKind::Wildcard), child(SelectorKind::Wildcard)]);
        assert_eq!(all("['~/'][\"'\"]"), [child(name("~0~1")), child(name("'"))]);
        assert_eq!(all("..a1"), [Selector { descendant: true, kind: name("a1") }]);
        assert_eq!(all("..['a']"), [Selector { descendant: true, kind: name("a") }]);
        assert_eq!(all(".é_"), [child(name("é_"))]);
    }

    #[test]
    fn what_is_not_simple_is_left() {
        for text in [
            "a",
            ".",
            "..",
            ".1",
            ".[0]",
            "...a",
            "[",
            "[]",
            "[01]",
            "[-1]",
            "['a'",
            "['a\\'']",
            "[ 0]",
            "[0,1]",
            " .a",
            "[4294967296]",
            "['\u{1}']",
            "[?@]",
            "*",
        ] {
            assert_eq!(simple_segments(text), (Vec::new(), text), "{text}");
        }
        assert_eq!(simple_segments(".a[?@]").1, "[?@]");
        assert_eq!(simple_segments(&".a".repeat(100)).0.len(), MAX_SEGMENTS);
    }

    #[test]
    fn normalized_paths_are_pointers() {
        assert_eq!(pointer_of_normalized("$"), "");
        assert_eq!(pointer_of_normalized("$['users'][10]['a\\'b~/\\u000b']"), "/users/10/a'b~0~1\u{b}");
        assert_eq!(pointer_of_normalized("$['é']['']"), "/é/");
    }

    #[test]
    fn the_model_selects() {
        let document = json!({"a": [{"b": 1}, {"b": 30}]});
        let segments = [Model::Name("a".to_owned()), Model::Above("b".to_owned(), 20)];
        assert_eq!(evaluate(&document, &segments), [("/a/1".to_owned(), &document["a"][1])]);
        assert_eq!(most_frequent_name(&document), "b");
    }

    #[test]
    fn a_broken_document_is_named() {
        assert!(check_document(b"{\"a\": [1,]}").unwrap_err().contains("line 1 column 10"));
        assert_eq!(check_document(b"[]"), Ok(()));
    }
}
