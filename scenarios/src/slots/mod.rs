//! **Slots**: the indices of an array whose elements never move, and the order in which they are read.
//!
//! There are two contracts, one for each half of the problem. [`Slots`] hands out physical indices and takes them back.
//! [`Positions`] keeps a table from logical positions to physical indices, into which elements are inserted anywhere.
//! Oracle: the set of live indices, and a `Vec` of them. Scenarios: [`BOTTLENECK`].
//!
//! A contender may use freed indices again in any order. But it must use all of them before new ones, so that there
//! never are more indices than the greatest number that was live at the same time.

mod cases;
mod checks;
mod contract;
mod oracle;

use crate::contender::{About, Bottleneck, Capability, Contender, Scenario, Sizes};

pub use contract::{NotLive, OutOfRange, Positions, Slots};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "slots",
    title: "Slots",
    question: "What does it cost to find a free slot, and to insert one in the middle? A scan for the next free index is \
               O(n); a counter and a free list are O(1). But elements that never move need a table of their order. An \
               insert into such a table moves all that follows, which is O(n) again.",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes {
        quick: &[100, 1000],
        default: &[1000, 10_000, 100_000],
        full: &[100, 1000, 10_000, 100_000, 1_000_000],
    },
    memory: &[],
    composition: None,
    choice: None,
    own_inputs: &[],
    reference: "free_list",
    describe: checks::describe,
    why_no_input: "slots have no content: what they do depends on the order of allocation and release alone",
};

const ALLOCATION: &[Capability] = &[Capability::Allocation];
const POSITIONAL: &[Capability] = &[Capability::Positional];

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("fresh", "slot", ALLOCATION, "Allocates n slots that were never used before. A contender that scans allocates the last few of n only."),
    Scenario::new("after_frees", "slot", ALLOCATION, "Allocates n slots after n were freed in random order. A contender that scans allocates a few only."),
    Scenario::new("lifo_frees", "slot", ALLOCATION, "Frees n slots, the latest first, and allocates as many again. A contender that scans frees a few only."),
    Scenario::new("random_frees", "slot", ALLOCATION, "Frees n slots in random order and allocates as many again. A contender that scans frees a few only."),
    Scenario::new("splice_middle", "edit", POSITIONAL, "Removes an element at a random place in the middle half of n and inserts one at another place there, 1,024 times. A contender that scans does it fewer times."),
    Scenario::new("gap_edit", "edit", POSITIONAL, "Removes and inserts elements close to a place that moves slowly, 1,024 times. A contender that scans does it fewer times."),
    Scenario::new("get_physical", "get", POSITIONAL, "Reads the physical indices at random positions of n."),
];

/// Makes a contender of implementations of both contracts. A contender's crate calls it, so that every scenario is
/// compiled there.
pub fn contender<S: Slots + 'static, P: Positions + 'static>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<S, P>,
        replay: checks::replay::<S, P>,
        concurrency: None,
    }
}

/// Makes a contender of an implementation of [`Slots`] alone, as [`contender`] does of both.
pub fn allocating<S: Slots + 'static>(about: About) -> Contender {
    let (set_up, replay) = (cases::set_up_slots::<S>, checks::replay_slots::<S>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay, concurrency: None }
}

/// Makes a contender of an implementation of [`Positions`] alone, as [`contender`] does of both.
pub fn positional<P: Positions + 'static>(about: About) -> Contender {
    let (set_up, replay) = (cases::set_up_positions::<P>, checks::replay_positions::<P>);
    Contender { bottleneck: &BOTTLENECK, about, set_up, replay, concurrency: None }
}
