//! **Queries over a flat store**: JSONPath (RFC 9535) over a store that maps JSON pointers to leaves.
//!
//! Contract: [`FlatQuery`]. Oracle: a `BTreeMap` of pointers, the tree that it stands for, and a plain recursive
//! evaluation over that tree. Scenarios: [`BOTTLENECK`], over users with a name and an age each. The size is the number
//! of pointers, two per user.
//!
//! [`flat`](crate::flat) says which containers are arrays and which are objects. [`comply`] runs the JSONPath compliance
//! suite, which is not part of this repository.

mod cases;
mod checks;
mod contract;
pub(crate) mod oracle;
mod rfc;

use crate::contender::{About, Bottleneck, Capability, Contender, Form, NOTHING, OwnInput, Scenario, Sizes};

pub use crate::json_path::{
    Selector, SelectorKind, admits, matched_length, pointer_of_normalized, simple_segments,
};
pub use contract::{Compliance, FlatQuery, Found, QueryError, QueryIndex};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "flat_query",
    title: "JSONPath over a flat store",
    question: "A flat store holds pointers, and a JSONPath engine needs a tree. To build a tree for each query costs far \
               more than the query. How much is saved if simple paths are evaluated over the pointers, or over an \
               index of their segments?",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes { quick: &[100, 1000], default: &[100, 1000, 10_000], full: &[100, 1000, 10_000, 100_000] },
    memory: &[],
    composition: None,
    choice: None,
    own_inputs: &[OwnInput {
        name: "document",
        expects: "a JSON document",
        scenarios: OWN_SCENARIOS,
        check: cases::check_document,
        form: Form::Whole,
        parts: &[],
        items: ["document", "documents"],
        size: Some(cases::leaves),
        sizes_count: "leaves",
        claims: None,
    }],
    reference: "serde_json_path",
    describe: checks::describe,
    why_no_input: "",
};

const FILTERS: &[Capability] = &[Capability::AnyQuery];
const IN_PLACE: &[Capability] = &[Capability::ChildrenInPlace];
const DESCENT_IN_PLACE: &[Capability] = &[Capability::DescendantsInPlace];

/// The sizes of scenarios for contenders that do not build a tree for each query.
const LARGE: Sizes = Sizes { quick: &[], default: &[100_000], full: &[100_000, 200_000] };

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("singular", "query", NOTHING, "Queries $.users[i].name for random users."),
    Scenario::new("wildcard", "result", NOTHING, "Visits the results of $.users[*].name, each with its pointer."),
    Scenario::new("every_field", "result", NOTHING, "Visits the results of $.users[*].*, each with its pointer."),
    Scenario::new("descendant", "result", NOTHING, "Visits the results of $..name, each with its pointer."),
    Scenario::new("first_match", "query", NOTHING, "Takes the first result of $.users[*].name that is found, and ends the query."),
    Scenario::new("filter", "user", FILTERS, "Visits the results of $.users[?@.age > 30].name, each with its pointer."),
    Scenario::new("wildcard_large", "result", IN_PLACE, "The same as wildcard over 100,000 pointers and more.").at(LARGE),
    Scenario::new("descendant_large", "result", DESCENT_IN_PLACE, "The same as descendant over 100,000 pointers and more.").at(LARGE),
];

#[rustfmt::skip]
const OWN_SCENARIOS: &[Scenario] = &[
    Scenario::new("own_wildcard", "query", NOTHING, "Visits the results of $.*.* over your document, each with its pointer."),
    Scenario::new("own_descendant", "query", NOTHING, "Visits the results of $..name over your document, for its most frequent name."),
    Scenario::new("own_everything", "query", FILTERS, "Visits the results of $..* over your document, each with its pointer."),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<S: FlatQuery + 'static>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<S>,
        replay: checks::replay::<S>,
        concurrency: None,
    }
}

/// Runs the JSONPath compliance suite; `None`, with a note printed, where it is [not there](crate::input::outside_data).
///
/// # Panics
/// If the file is there and is not the suite.
pub fn comply<S: FlatQuery>() -> Option<Compliance> {
    checks::comply::<S>()
}
