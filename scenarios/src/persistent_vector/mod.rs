//! **Persistent vector**: a sequence whose old versions stay valid at little cost.
//!
//! Contract: [`PersistentVector`], for every element type through a [`Family`]. Oracle: a `Vec` that is copied whole
//! for every version. Scenarios: [`BOTTLENECK`], with `u64` elements.
//!
//! An "unshared" vector shares nothing with another version, so a change may happen in place. A "shared" step keeps the
//! version before it alive to the end of the region.

mod cases;
mod checks;
pub(crate) mod contract;
mod mixes;
pub(crate) mod operations;
mod oracle;

use crate::contender::{
    About, Bottleneck, Capability, Contender, Form, Memory, NOTHING, OwnInput, Purpose, Scenario, Sizes,
};
use crate::operations::traces;
use crate::wide::VectorOf;

pub use contract::{Family, PersistentVector};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "persistent_vector",
    title: "Persistent vector",
    question: "How much does it cost to keep old versions of a sequence alive? To copy an array for each push or set \
               costs O(n) per version. A 32-way trie with a tail copies a path of a few small nodes, and reads almost \
               as fast as an array.",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes {
        quick: &[8, 100, 1000],
        default: &[8, 32, 100, 1000, 10_000, 100_000],
        full: &[8, 32, 100, 1000, 10_000, 100_000, 1_000_000],
    },
    memory: &[Memory { unit: "element", built: "push_unshared", kept: "variants_100", versions: 100 }],
    composition: None,
    choice: Some(&mixes::CHOICE),
    own_inputs: &[
        traces(operations::EXPECTS, OWN_OPERATIONS, operations::check, operations::size, operations::claims),
        OwnInput {
            name: "mix",
            expects: "a mix of operations in one line, such as `size=10000 versions=100 get=80 set=10 push=5 pop=5`",
            scenarios: OWN_MIX,
            check: mixes::check,
            form: Form::Whole,
            parts: &[],
            items: ["mix", "mixes"],
            size: Some(mixes::size),
            sizes_count: "elements",
            claims: Some(crate::mix::claims),
        },
    ],
    reference: "imbl",
    describe: checks::describe,
    why_no_input: "",
};

const PERSISTENT: &[Capability] = &[Capability::Persistent];

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("push_unshared", "push", NOTHING, "Builds a vector of n elements by pushes onto an empty vector that shares nothing."),
    Scenario::new("push_shared", "push", PERSISTENT, "Pushes elements and keeps every earlier version: all n elements up to 1,000, the last 250 of more."),
    Scenario::new("get_random", "get", NOTHING, "Reads random elements of a vector of n."),
    Scenario::new("set_unshared", "set", NOTHING, "Replaces random elements of a vector of n that shares nothing."),
    Scenario::new("set_shared", "set", PERSISTENT, "Replaces random elements of a vector of n and keeps every earlier version: n steps up to 1,000 elements, 250 for more."),
    Scenario::new("pop_all", "pop", NOTHING, "Pops every element of a vector of n that shares nothing."),
    Scenario::new("iterate", "element", NOTHING, "Visits every element of a vector of n in order."),
    Scenario::new("iterate_chunks", "element", NOTHING, "Visits every element of a vector of n in order, as many at once as lie side by side. A contender that shows no such parts visits them one by one."),
    Scenario::new("slice", "slice", NOTHING, "Takes a part from the middle of a vector of n, about half of it, and keeps both."),
    Scenario::new("concat", "concat", NOTHING, "Concatenates two vectors of n / 2 elements and keeps both."),
    Scenario::new("variants_100", "variant", PERSISTENT, "Derives 100 variants of one vector of n, by one set each, and keeps them all."),
    Scenario::new("end_unshared", "change", NOTHING, "Pops elements of a vector of about n that shares nothing, and pushes as many new ones.").at(mixes::COST_SIZES).purposed(Purpose::Cost),
    Scenario::new("end_shared", "change", PERSISTENT, "Pops elements of a vector of about n and pushes as many new ones, and keeps the version before every change.").at(mixes::COST_SIZES).purposed(Purpose::Cost),
    Scenario::new("end_every_10", "change", PERSISTENT, "Pops elements of a vector of about n and pushes as many new ones, and keeps the version before every tenth change.").at(mixes::COST_SIZES).purposed(Purpose::Cost),
    Scenario::new("set_every_10", "set", PERSISTENT, "Replaces random elements of a vector of n, and keeps the version before every tenth set.").at(mixes::COST_SIZES).purposed(Purpose::Cost),
    mixes::SCENARIOS[0],
    mixes::SCENARIOS[1],
    mixes::SCENARIOS[2],
    mixes::SCENARIOS[3],
    mixes::SCENARIOS[4],
    mixes::SCENARIOS[5],
    mixes::SCENARIOS[6],
    mixes::SCENARIOS[7],
    mixes::SCENARIOS[8],
    mixes::SCENARIOS[9],
    mixes::SCENARIOS[10],
    mixes::SCENARIOS[11],
];

#[rustfmt::skip]
const OWN_MIX: &[Scenario] = &[
    Scenario::new("own_mix", "operation", NOTHING, "Runs the mix of operations in your file on a vector of n elements."),
];

#[rustfmt::skip]
const OWN_OPERATIONS: &[Scenario] = &[
    Scenario::new("own_operations", "operation", NOTHING, "Replays the operations of the trace on its versions, one after the other. The largest version has n elements."),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<F: Family>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<VectorOf<F>>,
        replay: checks::replay::<F>,
        concurrency: None,
    }
}
