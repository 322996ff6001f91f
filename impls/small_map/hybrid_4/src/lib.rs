//! A flat array of up to 4 entries, which one more turns into a HAMT: see `hybrid_8`.

use scenarios::{About, Capability, Contender, Role};
use small_map_hybrid_8::UpTo;

/// The contender: a flat array of up to 4 entries, then a HAMT.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<UpTo<4>>(About {
        name: "hybrid_4",
        role: Role::Optimized,
        summary: "A flat array of up to 4 entries; one more turns it into a textbook HAMT, which it then remains.",
        source: "array-map proposal with the threshold at 4",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Up to 4 entries it is `array_map`, beyond that `hamt`; each operation checks which of the two it has. An \
insert of one more than 4 moves every entry into a new trie. That happens once, because a trie that shrinks \
stays a trie.

At 4 entries the scan has not lost to anything yet, whatever the key; from 5 on it is the trie with one \
more test. The step to a trie itself costs what building a trie of 5 entries costs, and shows in \
insert_shared at 5.";
