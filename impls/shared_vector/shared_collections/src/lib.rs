//! The lab's best: a radix trie with a tail in shared memory, linked by offsets.

use scenarios::{About, Capability, Contender, Role};
use shared_map_shared_collections::Writer;

/// The contender: crate `shared_collections`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer>(About {
        name: "shared_collections",
        role: Role::Optimized,
        summary: "A 32-way radix trie with a tail in shared memory: offsets for pointers, versions published by one store, no copy for readers.",
        source: "crate shared_collections of this project",
        analysis: ANALYSIS,
        complexity: scenarios::shared_vector::AS_A_TRIE_WITH_A_TAIL,
        capabilities: &[Capability::Persistent],
        caveats: shared_map_shared_collections::CAVEATS,
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A radix trie of 32-way branches, with the last leaf, the tail, beside it. All links are 32-bit offsets. A leaf holds 32 \
values of 8 bytes and, apart from them, their types; texts and bytes lie in blocks of their own.

A push writes behind the last published element in place, because no older version looks there: it copies nothing but \
the branches above a full tail, once every 32 elements. A set copies the path that older versions have. A get reads one \
branch a level and one leaf, and allocates nothing. See its text in shared_map for versions, readers and memory.";
