//! Peer: the map of crate `immutable-chunkmap`, as in `persistent_map`, at small sizes.

use persistent_map_chunkmap::Peer;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// The contender: `immutable_chunkmap::map::MapM`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<Peer>(About {
        name: "chunkmap",
        role: Role::Peer,
        summary: "immutable_chunkmap::map::MapM at every size.",
        source: "crate immutable-chunkmap 2.1",
        analysis: ANALYSIS,
        complexity: &[
            ("get_hit", Growth::Logarithmic),
            ("get_miss", Growth::Logarithmic),
            ("insert_shared", Growth::Linear),
            ("remove_shared", Growth::Linear),
            ("build", Growth::Linearithmic),
            ("insert_unshared", Growth::Linearithmic),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[Caveat {
            badge: "sorted keys",
            text: "immutable-chunkmap compares keys instead of hashing them, and keeps them in order. Most others do \
                   not offer that, and no scenario rewards it.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A map of up to 512 entries is one sorted chunk: keys in one array, values in another. See persistent_map \
for how it works.

That is how a flat map works, too, but a chunk has room for 512 entries from the first one on: 8 KB that \
each change of a kept version allocates again. Lookups compare with the smallest and largest key before \
they search. So it is the slowest to change here; iteration over its dense arrays is fast.";
