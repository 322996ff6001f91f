//! Peer: the map of crate `rpds`, as in `persistent_map`, at small sizes.

use persistent_map_rpds::Peer;
use scenarios::{About, Capability, Contender, Role};

/// The contender: `rpds::HashTrieMapSync`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<Peer>(About {
        name: "rpds",
        role: Role::Peer,
        summary: "rpds::HashTrieMapSync at every size.",
        source: "crate rpds 1.2",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A 64-way hash trie whose entries all lie behind counted pointers of their own. See persistent_map for how \
it works.

A node is as large as what it holds, so small maps are small. String keys are shared instead of cloned: of \
the crates it is the best for keeping versions of maps with such keys. Lookups follow two pointers more \
than others, and every insert allocates four times.";
