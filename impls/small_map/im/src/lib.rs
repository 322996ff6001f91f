//! Peer: the map of crate `im`, as in `persistent_map`, at small sizes.

use persistent_map_im::Peer;
use scenarios::{About, Capability, Contender, Role};

/// The contender: `im::HashMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<Peer>(About {
        name: "im",
        role: Role::Peer,
        summary: "im::HashMap at every size.",
        source: "crate im 15.1",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A 32-way hash array mapped trie whose nodes have room for all their slots: a map of one entry allocates a \
root for 32. See persistent_map for how it works.

A lookup in a small map is the hash, one bit test and one comparison, since nearly every key has a slot of \
the root to itself; none of the crates is faster at that. Every operation that keeps the version before \
copies that root slot by slot under its bitmap, and pays for its full width.";
