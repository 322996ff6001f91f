//! Peer: LMDB through `heed`, as in `shared_map`, with indices as keys.

use scenarios::{About, Capability, Contender, Role};
use shared_map_lmdb::Writer;

/// The contender: LMDB through `heed`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer>(About {
        name: "lmdb",
        role: Role::Peer,
        summary: "LMDB through heed: a B+ tree in a memory map whose keys are the indices.",
        source: "crate heed 0.23 (LMDB 0.9.70)",
        analysis: ANALYSIS,
        complexity: scenarios::shared_vector::AS_A_TRIE,
        capabilities: &[Capability::Persistent],
        caveats: shared_map_lmdb::CAVEATS,
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The store for many processes that one would take, with indices as keys: 8 bytes, the most significant first, so that \
the B+ tree keeps the order. See its text in shared_map for how versions and readers work.

A get searches pages by comparing keys where a radix trie computes places, and a change copies pages of 4 KiB.";
