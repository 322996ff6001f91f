//! The naive small map: the textbook HAMT of `persistent_map`, at every size.
//!
//! Source: the array-map proposal, which starts from this structure.

use persistent_map_hamt::Hamt;
use scenarios::{About, Capability, Contender, Role};

/// The contender: the textbook HAMT at every size.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<Hamt>(About {
        name: "hamt",
        role: Role::Naive,
        summary: "The textbook 32-way hash array mapped trie, however few entries it holds.",
        source: "array-map proposal: its starting point; the trie is `hamt` of persistent_map",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
This is what the proposal starts from: a map made for many entries holds few. Every operation hashes the \
key and counts bits. A map of up to 32 entries is a root and, where two keys share one of its slots, a \
child for each such pair. By the birthday paradox the first such pair comes at about 7 entries.

It loses to flat maps at up to about 8 entries in everything, since hashing saves nothing there, and a \
node's two allocations are two for each kept version. It wins against them from a few dozen entries on, \
because the costs of its lookups and copies do not grow.";
