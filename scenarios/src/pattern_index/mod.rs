//! **Pattern index**: which of many JSONPath patterns select a given JSON pointer?
//!
//! Contract: [`PatternIndex`]. Its [`Pattern`]s and [`Pointer`]s are parsed by this crate, for every contender alike.
//! Oracle: a table for each pattern and pointer that is filled node by node over unescaped segments. Scenarios:
//! [`BOTTLENECK`].
//!
//! A pattern is matched against a pointer alone, without a document. So `[7]` and `['7']` both select the segment `7`,
//! because a pointer does not tell whether it leads into an array or into an object. A selector that needs the document
//! (a filter, or anything that counts from an array's end) is a typed error.

mod cases;
mod checks;
mod contract;
mod oracle;

use crate::contender::{
    About, Bottleneck, Capability, Contender, Form, NOTHING, OwnInput, Part, Scenario, Sizes,
};

pub use crate::json_path::{Node, Pattern, PatternError};
pub use crate::pointer::{PointerBuf as Pointer, PointerError, escape, unescape};
pub use contract::{Id, PatternIndex, PatternList, UnknownId};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "pattern_index",
    title: "Pattern index",
    question: "A store notifies everybody whose JSONPath pattern selects the pointer just written: which of n patterns \
               are they? To test each pattern takes O(n) per write. A trie over segments follows all patterns at once. \
               An automaton that is built from the trie as it is used takes one step per segment.",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: Sizes {
        quick: &[10, 100, 1000],
        default: &[10, 100, 1000, 10_000],
        full: &[10, 100, 1000, 10_000, 100_000],
    },
    memory: &[],
    composition: None,
    choice: None,
    own_inputs: &[OwnInput {
        name: "patterns and pointers",
        expects: "a file of JSONPath patterns and one of JSON pointers, one a line, in UTF-8",
        scenarios: OWN_SCENARIOS,
        check: cases::check_own,
        form: Form::Lines,
        parts: &[
            Part { name: "patterns", check: cases::check_pattern },
            Part { name: "pointers", check: cases::check_pointer },
        ],
        items: ["line", "lines"],
        size: Some(cases::own_patterns),
        sizes_count: "patterns",
        claims: None,
    }],
    reference: "globset",
    describe: checks::describe,
    why_no_input: "",
};

const DYNAMIC: &[Capability] = &[Capability::Dynamic];

const IDENTICAL_SIZES: Sizes =
    Sizes { quick: &[10, 100], default: &[10, 100, 500, 1000], full: &[10, 100, 500, 1000] };
const CHURN_SIZES: Sizes = Sizes { quick: &[10], default: &[10, 100], full: &[10, 100] };
const CHURN_LARGE_SIZES: Sizes =
    Sizes { quick: &[1000], default: &[1000, 10_000], full: &[1000, 10_000, 100_000] };
const CHAIN_SIZES: Sizes = Sizes { quick: &[2, 8], default: &[2, 4, 8, 16], full: &[2, 4, 8, 12, 16] };
const FRONTIER_SIZES: Sizes =
    Sizes { quick: &[64, 512], default: &[64, 512, 4096], full: &[64, 256, 512, 1024, 4096] };
const EXACT_SIZES: Sizes = Sizes { quick: &[100], default: &[100], full: &[100] };
const PATTERNS_SIZES: Sizes = Sizes { quick: &[10], default: &[10], full: &[10] };

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("identical", "match", NOTHING, "The source's own benchmark: n times the pattern $.data.* against /data/x, so that every match returns n subscriptions.").at(IDENTICAL_SIZES),
    Scenario::new("mix_warm", "match", NOTHING, "Matches pointers that were matched twice before against n patterns, of which 60 % are exact, 25 % have a * and 15 % a .. in them."),
    Scenario::new("mix_unseen", "match", NOTHING, "Matches pointers that were never seen before, each with names that are in no pattern, against the same n patterns."),
    Scenario::new("churn", "round", NOTHING, "Subscribes a pattern, matches two pointers, unsubscribes another pattern and matches two more pointers. There are n patterns after each round.").at(CHURN_SIZES),
    Scenario::new("churn_large", "round", DYNAMIC, "The same with more patterns than can be compiled again at each change.").at(CHURN_LARGE_SIZES),
    Scenario::new("descendant_chains", "segment", NOTHING, "Matches a pointer of 4,000 segments a and a b against the pattern $..a..a…..b with n times ..a.").at(CHAIN_SIZES),
    Scenario::new("frontiers", "match", NOTHING, "Matches pointers that were never seen before against n of the 4,096 patterns that have a name or * at each of 12 levels.").at(FRONTIER_SIZES),
    Scenario::new("notify_exact", "match", NOTHING, "Matches the 100 pointers that 100 exact patterns select against these patterns.").at(EXACT_SIZES),
    Scenario::new("notify_patterns", "match", NOTHING, "Matches pointers, each of which one pattern selects, against 10 patterns with a *.").at(PATTERNS_SIZES),
];

#[rustfmt::skip]
const OWN_SCENARIOS: &[Scenario] = &[
    Scenario::new("own_match", "match", NOTHING, "Matches the pointers of your file in its order against its n patterns. Each was matched twice before."),
    Scenario::new("own_match_unseen", "match", NOTHING, "Matches the pointers of your file in its order against its n patterns. Only another pointer was matched before."),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<P: PatternIndex + 'static>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<P>,
        replay: checks::replay::<P>,
        concurrency: None,
    }
}
