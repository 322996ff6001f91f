//! Peer: the map of crate `imbl`, as in `persistent_map`, at small sizes.

use persistent_map_imbl::Peer;
use scenarios::{About, Capability, Contender, Role};

/// The contender: `imbl::GenericHashMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<Peer>(About {
        name: "imbl",
        role: Role::Peer,
        summary: "imbl::GenericHashMap with Arc at every size.",
        source: "crate imbl 7.0",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The maintained fork of im. Two keys that share a slot of the root share a small leaf there. See \
persistent_map for how it works.

A lookup is the hash, a bit test and a comparison of the key. The root has room for 32 slots from the first \
entry on, and each change that keeps the version before copies it slot by slot. So small maps cost more \
than what they hold.";
