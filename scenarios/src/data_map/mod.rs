//! **The whole reactive store**: a JSON document by pointer and by query, with subscriptions, computed values, arrays and
//! versions, made of the structures that the other bottlenecks compare one by one.
//!
//! Contract: [`DataMap`]. Oracle: one plain JSON value, the faces of all of its pointers before and after an operation, and
//! a list of subscriptions. Scenarios: [`BOTTLENECK`]. The size is the number of scalars in the document, or as the
//! scenario says.
//!
//! Most contenders are mixtures of the same seven parts, so that the report can say what each part is worth.

mod cases;
mod checks;
mod contract;
pub(crate) mod oracle;
mod programs;
mod steps;

use crate::composition::{Composition, Mixture, Part};
use crate::contender::{About, Bottleneck, Contender, NOTHING, Scenario, Sizes};

pub use contract::{DataMap, Error};

/// The bottleneck's description.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "data_map",
    title: "The whole reactive store",
    question: "A reactive store is made of parts: a flat store, queries, an index of patterns, signals, tables of \
               positions, a cache of queries, and arrays. Each of them can be made much faster by itself. How much \
               faster does the whole become, and which of the parts pays for it?",
    scenarios: SCENARIOS,
    concurrent: &[],
    checks: checks::CHECKS,
    sizes: SMALL,
    memory: &[],
    composition: Some(&COMPOSITION),
    choice: None,
    own_inputs: &[],
    reference: "all_naive",
    describe: checks::describe,
    why_no_input: "what a program does to a store is more than a list of lines",
};

/// Beside the mixtures of one best or one naive part there is none yet.
#[rustfmt::skip]
static COMPOSITION: Composition = Composition {
    parts: &[
        part("storage", "Storage", "flat_keys", ["collect_and_sort", "prefix_index", "versioned_tree"], "keeps an index of prefixes beside the pointers, where keys were collected and sorted"),
        part("query", "Query", "flat_query", ["materialise", "direct_walk", "segment_index"], "walks the pointers, where a tree was built for each query"),
        part("patterns", "Pattern index", "pattern_index", ["linear_scan", "pattern_trie", "lazy_dfa"], "matches all patterns in one walk over a trie, where each was tested"),
        part("signals", "Signals", "signals", ["snapshot", "deferred_flag", "arena_graph"], "puts off changes of the subscribers during a notification, where the list was copied"),
        part("slots", "Positions", "slots", ["scan_used", "vec_splice", "order_tree"], "takes free indices from a list, where they were found by a scan"),
        part("cache", "Query cache", "lru_cache", ["filter_list", "linked_map", "slab_lru"], "links the paths in the order of use, where an array of them was filtered"),
        part("arrays", "Arrays", "persistent_vector", ["array_copy", "trie32", "shared_tail"], "shares nodes between versions, where the whole array was copied"),
    ],
    mixtures: &[
        Mixture { contender: "all_naive", best: &[] },
        Mixture { contender: "best", best: &["storage", "query", "patterns", "signals", "slots", "cache", "arrays"] },
        Mixture { contender: "naive_but_storage", best: &["storage"] },
        Mixture { contender: "naive_but_query", best: &["query"] },
        Mixture { contender: "naive_but_patterns", best: &["patterns"] },
        Mixture { contender: "naive_but_signals", best: &["signals"] },
        Mixture { contender: "naive_but_slots", best: &["slots"] },
        Mixture { contender: "naive_but_cache", best: &["cache"] },
        Mixture { contender: "naive_but_arrays", best: &["arrays"] },
        Mixture { contender: "best_but_storage", best: &["query", "patterns", "signals", "slots", "cache", "arrays"] },
        Mixture { contender: "best_but_query", best: &["storage", "patterns", "signals", "slots", "cache", "arrays"] },
        Mixture { contender: "best_but_patterns", best: &["storage", "query", "signals", "slots", "cache", "arrays"] },
        Mixture { contender: "best_but_signals", best: &["storage", "query", "patterns", "slots", "cache", "arrays"] },
        Mixture { contender: "best_but_slots", best: &["storage", "query", "patterns", "signals", "cache", "arrays"] },
        Mixture { contender: "best_but_cache", best: &["storage", "query", "patterns", "signals", "slots", "arrays"] },
        Mixture { contender: "best_but_arrays", best: &["storage", "query", "patterns", "signals", "slots", "cache"] },
    ],
    planned: "as_planned",
    programs: &["program_form", "program_table", "program_editor"],
};

/// A part with its naive, its planned and its best form.
const fn part(
    name: &'static str,
    title: &'static str,
    bottleneck: &'static str,
    [naive, planned, best]: [&'static str; 3],
    optimisation: &'static str,
) -> Part {
    Part { name, title, bottleneck, naive, planned, best, optimisation }
}

const SMALL: Sizes = Sizes { quick: &[100], default: &[100], full: &[100, 1000] };

/// For scenarios in which every part takes O(log n) at most.
const SCALE: Sizes = Sizes { quick: &[100], default: &[100, 100_000], full: &[100, 10_000, 100_000] };

/// For scenarios that read or write the whole document, or whose naive form is quadratic.
const WHOLE: Sizes = Sizes { quick: &[100], default: &[100, 10_000], full: &[100, 10_000, 100_000] };

const fn only(size: &'static [usize]) -> Sizes {
    Sizes { quick: size, default: size, full: size }
}

const FORM: Sizes = only(&[200]);
const TABLE: Sizes = Sizes { quick: &[100], default: &[1000], full: &[100, 1000, 10_000] };
const EDITOR: Sizes = Sizes { quick: &[20], default: &[200], full: &[20, 200] };

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("program_form", "edit", NOTHING, "A form of 200 fields, 40 computed values and a validator for each field: 500 edits, after each of which the page reads all computed values.").at(FORM),
    Scenario::new("program_table", "step", NOTHING, "A table of n rows and 8 columns with 50 subscribed rows: edited, grown, sorted, filtered and scrolled.").at(TABLE),
    Scenario::new("program_editor", "step", NOTHING, "An editor of n shapes: five edits for each shape, of which every version is kept, and then undone and done again.").at(EDITOR),
    Scenario::new("build", "document", NOTHING, "Sets a document of n scalars at the root of an empty store.").at(WHOLE),
    Scenario::new("get", "get", NOTHING, "Gets the scalars at random pointers, of which one in eight is absent.").at(SCALE),
    Scenario::new("has", "has", NOTHING, "Asks for random pointers, of which half are absent."),
    Scenario::new("set", "set", NOTHING, "Replaces the scalars at random pointers. Nobody listens.").at(SCALE),
    Scenario::new("set_new", "set", NOTHING, "Adds 100 scalars to new groups.").at(WHOLE),
    Scenario::new("delete", "delete", NOTHING, "Deletes random pointers, each once: all n up to 1,000, 1,000 of more.").at(WHOLE),
    Scenario::new("set_watched", "set", NOTHING, "Replaces the scalars at 256 of the pointers, with subscriptions to 1,000 pointers and 1,000 patterns, after as many sets before.").at(SCALE),
    Scenario::new("batch_of_10", "set", NOTHING, "Batches of ten sets, with subscriptions to 100 pointers."),
    Scenario::new("subscribe_pointer", "subscription", NOTHING, "Subscribes to 1,000 random pointers.").at(SCALE),
    Scenario::new("subscribe_pattern", "subscription", NOTHING, "Subscribes to 100 patterns."),
    Scenario::new("unsubscribe", "subscription", NOTHING, "Ends 900 subscriptions to pointers and 100 to patterns."),
    Scenario::new("subscribe_and_end", "step", NOTHING, "Subscribes to n pointers and ends all n subscriptions. What lives afterwards is what they leave behind.").at(Sizes { quick: &[1000], default: &[1000, 100_000], full: &[1000, 100_000] }),
    Scenario::new("notify_exact", "call", NOTHING, "Sets a pointer that has n subscriptions."),
    Scenario::new("notify_patterns", "call", NOTHING, "Sets a pointer that n patterns select.").at(only(&[10])),
    Scenario::new("computed_cached", "read", NOTHING, "Reads values that are computed from five pointers each. Nothing changes."),
    Scenario::new("computed_dirty", "read", NOTHING, "The same after a write to one of the five."),
    Scenario::new("array_push", "push", NOTHING, "Pushes 256 elements to an array of n.").at(WHOLE),
    Scenario::new("array_splice", "step", NOTHING, "Removes and inserts elements in the middle of an array of n.").at(WHOLE),
    Scenario::new("array_typing", "step", NOTHING, "Inserts and removes at a cursor that moves on: what a gap buffer is made for.").at(WHOLE),
    Scenario::new("array_get", "get", NOTHING, "Gets random elements of an array of n by their pointers.").at(WHOLE),
    Scenario::new("array_push_kept", "push", NOTHING, "Pushes to an array of n, and keeps a version before each.").at(WHOLE),
    Scenario::new("array_set_kept", "set", NOTHING, "Sets elements of an array of n, and keeps a version before each.").at(WHOLE),
    Scenario::new("query_singular", "query", NOTHING, "Asks for single pointers, again and again the same four.").at(WHOLE),
    Scenario::new("query_wildcard", "result", NOTHING, "Visits the results of $.*.*.f7, each with its pointer.").at(WHOLE),
    Scenario::new("query_descendant", "result", NOTHING, "Visits the results of $..f7, each with its pointer.").at(WHOLE),
    Scenario::new("query_filter", "group", NOTHING, "Visits the results of $.*[?@.f3 > 500000], each with its pointer.").at(WHOLE),
    Scenario::new("wide_get", "object", NOTHING, "Gets groups as objects of a hundred members: one of a hundred pointers each, of n.").at(SCALE),
    Scenario::new("wide_direct", "object", NOTHING, "Gets the same hundred pointers one by one.").at(SCALE),
    Scenario::new("has_descendants", "pointer", NOTHING, "Asks whether anything lies below random groups, of which half are absent.").at(SCALE),
    Scenario::new("keys", "prefix", NOTHING, "Visits the keys below random groups: a hundred of n each.").at(SCALE),
    Scenario::new("to_object", "object", NOTHING, "Builds the object of the whole document for the first time.").at(SCALE),
    Scenario::new("to_object_again", "object", NOTHING, "Builds the object of the whole document again after one set.").at(SCALE),
    Scenario::new("snapshot", "snapshot", NOTHING, "Takes four snapshots.").at(SCALE),
    Scenario::new("set_kept", "set", NOTHING, "Replaces the scalars at 1,000 random pointers, and keeps a version before each. A store that copies everything does it fewer times.").at(SCALE),
    Scenario::new("restore", "return", NOTHING, "Returns to four versions, the newest first.").at(SCALE),
];

/// Makes a contender of an implementation. A contender's crate calls it, so that every scenario is compiled there.
pub fn contender<D: DataMap>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<D>,
        replay: checks::replay::<D>,
        concurrency: None,
    }
}
