//! The lab's own map, `persistent_collections::HashMap`, at small sizes.

use persistent_map_bucket_trie::Ours;
use scenarios::{About, Capability, Contender, Role};

/// The contender: `persistent_collections::HashMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<Ours>(About {
        name: "bucket_trie",
        role: Role::Optimized,
        summary: "persistent_collections::HashMap at every size: up to 32 entries it is one leaf that versions share.",
        source: "the lab's own, collections/src/map",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
This map is made for any size; it is here to show what that costs small maps. Up to 32 entries the map is a \
single leaf with an index of 32 buckets, so a lookup is the hash, a byte of the index and, mostly, one \
comparison. There is no scan, whose length would grow with the map.

With plain keys an insert that keeps the version before claims the next place of the leaf that both share, \
and copies nothing. The smallest maps pay for the leaf's head, 128 bytes of index, links and tags: it is \
larger than their entries, in memory and whenever a change other than an insert copies the leaf.";
