//! A flat array of up to 32 entries, which one more turns into a HAMT: see `hybrid_8`.

use scenarios::{About, Capability, Contender, Role};
use small_map_hybrid_8::UpTo;

/// The contender: a flat array of up to 32 entries, then a HAMT.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<UpTo<32>>(About {
        name: "hybrid_32",
        role: Role::Optimized,
        summary: "A flat array of up to 32 entries; one more turns it into a textbook HAMT, which it then remains.",
        source: "array-map proposal with the threshold at 32",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Up to 32 entries it is `array_map`, beyond that `hamt`; each operation checks which of the two it has. An \
insert of one more than 32 moves every entry into a new trie. That happens once, because a trie that \
shrinks stays a trie.

At 32 entries lookups cost several times what the trie's cost, and so do inserts, which scan before they \
append; copying half a kilobyte of plain entries is still cheaper than the trie's copies. With String keys \
the copy clones them all, which is the worst of both. The step to a trie itself costs what building a trie \
of 33 entries costs, and shows in insert_shared at 33.";
