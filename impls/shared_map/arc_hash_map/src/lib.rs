//! Bound: a std hash map behind an `Arc`, for the threads of one process.

use publishing::HashContent;
use publishing::swapped::Writer;
use scenarios::shared_map::{Family, MapAsSet};
use scenarios::{About, Capability, Caveat, Contender, Role};

struct Bound;

impl Family for Bound {
    type Map = Writer<HashContent>;
    type Set = MapAsSet<Writer<HashContent>>;
}

/// The contender: a hash map that is cloned for each version.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_map::contender::<Bound>(About {
        name: "arc_hash_map",
        role: Role::Bound,
        summary: "std::collections::HashMap behind an Arc: what a look-up costs where only threads of one process read.",
        source: "std::collections::HashMap",
        analysis: ANALYSIS,
        complexity: scenarios::shared_map::COPIED_BY_THE_WRITER,
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[Caveat {
            badge: "threads only",
            text: "Its versions lie in the memory of one process. No other process can read them.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The writer keeps a hash map and clones it for each version; readers load the newest version from an ArcSwap. A change \
and a look-up cost what they cost in a hash map, and nothing is encoded, decoded or mapped.

So it shows how little a look-up could cost if no other process had to read. A version costs a clone of all n entries, \
with an allocation for each key.";
