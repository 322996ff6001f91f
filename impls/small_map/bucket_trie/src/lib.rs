//! The lab's own map, `collections::HashMap`, at small sizes.

use persistent_map_bucket_trie::Ours;
use scenarios::{About, Capability, Contender, Growth, Role};

/// The contender: `collections::HashMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<Ours>(About {
        name: "bucket_trie",
        role: Role::Optimized,
        summary: "collections::HashMap at every size: to 32 entries, one leaf that versions share.",
        source: "this repository, collections/src/map",
        analysis: ANALYSIS,
        complexity: &[
            ("get_hit", Growth::Logarithmic),
            ("get_miss", Growth::Logarithmic),
            ("insert_shared", Growth::Logarithmic),
            ("remove_shared", Growth::Logarithmic),
            ("build", Growth::Logarithmic),
            ("insert_unshared", Growth::Logarithmic),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Made for maps of any size; it is here to show what that costs small ones. Up to 32 entries the map is a \
single leaf with an index of 32 buckets, so a lookup is the hash, a byte of the index and, mostly, one \
comparison: no scan, whose length would grow with the map.

With plain keys an insert that keeps the version before claims the next place of the leaf that both share, \
and copies nothing. The leaf's head, 128 bytes of index, links and tags, is what the smallest maps \
pay: more than their entries, in memory and when a change other than an insert copies the leaf.";
