//! Peer: one `serde_json::Value`, as an application has it, and lists of callbacks.

use data_map::plain::Plain;
use scenarios::{About, Capability, Caveat, Contender, Role};
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
        complexity: &[],
        capabilities: &[Capability::CopiesWhole],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
