//! A flat array of up to 16 entries, which one more turns into a HAMT: see `hybrid_8`.

use scenarios::{About, Capability, Contender, Role};
use small_map_hybrid_8::UpTo;

/// The contender: a flat array of up to 16 entries, then a HAMT.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<UpTo<16>>(About {
        name: "hybrid_16",
        role: Role::Optimized,
        summary: "A flat array of up to 16 entries; one more turns it into a textbook HAMT, which it then remains.",
        source: "array-map proposal with the threshold at 16",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Up to 16 entries it is `array_map`, beyond that `hamt`; each operation checks which of the two it has. An \
insert of one more than 16 moves every entry into a new trie. That happens once, because a trie that \
shrinks stays a trie.

At 16 entries the scan of plain keys costs more than a lookup in the trie, but inserts that keep the \
version before still copy a flat array in less than the trie takes. With String keys that copy clones up to \
16 of them. The step to a trie itself costs what building a trie of 17 entries costs, and shows in \
insert_shared at 17.";
