//! Peer: one `serde_json::Value`, as an application has it, and lists of callbacks.

use data_map::plain::Plain;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};
use serde_json::Value;

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::data_map::contender::<Plain<Value>>(About {
        name: "json_value",
        role: Role::Peer,
        summary: "One serde_json::Value, the callbacks of each pointer in a map, and those of patterns in a list.",
        source: "crate serde_json 1.0; the callbacks are the lab's own",
        analysis: ANALYSIS,
        complexity: &[
            ("program_form", Growth::Linear),
            ("program_table", Growth::Linearithmic),
            ("program_editor", Growth::Linear),
            ("build", Growth::Linear),
            ("get", Growth::Logarithmic),
            ("has", Growth::Logarithmic),
            ("set", Growth::Logarithmic),
            ("delete", Growth::Logarithmic),
            ("batch_of_10", Growth::Logarithmic),
            ("subscribe_pointer", Growth::Logarithmic),
            ("subscribe_pattern", Growth::Constant),
            ("unsubscribe", Growth::Logarithmic),
            ("subscribe_and_end", Growth::Logarithmic),
            ("notify", Growth::Constant),
            ("computed", Growth::Logarithmic),
            ("array_push", Growth::Constant),
            ("array_splice", Growth::Linear),
            ("array_typing", Growth::Linear),
            ("array_get", Growth::Logarithmic),
            ("array_push_kept", Growth::Linear),
            ("array_set_kept", Growth::Linear),
            ("query_singular", Growth::Logarithmic),
            ("query_wildcard", Growth::Constant),
            ("query_descendant", Growth::Constant),
            ("query_filter", Growth::Constant),
            ("wide_get", Growth::Logarithmic),
            ("wide_direct", Growth::Logarithmic),
            ("has_descendants", Growth::Logarithmic),
            ("keys", Growth::Logarithmic),
            ("to_object", Growth::Linear),
            ("to_object_again", Growth::Linear),
            ("snapshot", Growth::Linear),
            ("set_kept", Growth::Linear),
            ("restore", Growth::Linear),
        ],
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[Caveat {
            badge: "an own layer",
            text: "The crate is the tree. Subscriptions, batches and computed values are written around it, as an application \
                   would, and queries are answered by the lab's own evaluator.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The document is one tree of maps and vectors. A pointer is followed segment by segment, and what lies below it is \
there as it is: a wide read is a copy of a subtree, and no index has to be kept.

It loses where a whole is copied: a version is a copy of the document. Each write tests every pattern. An \
insertion in the middle of an array moves what follows.";
