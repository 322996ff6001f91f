//! Bound: a `Vec` behind an `Arc`, for the threads of one process.

use publishing::VecContent;
use publishing::swapped::Writer;
use scenarios::{About, Capability, Caveat, Contender, Role};

/// The contender: an array that is cloned for each version.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer<VecContent>>(About {
        name: "arc_vec",
        role: Role::Bound,
        summary: "Vec behind an Arc: what a get costs where only threads of one process read.",
        source: "std::vec::Vec",
        analysis: ANALYSIS,
        complexity: scenarios::shared_vector::COPIED_WHOLE,
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[Caveat {
            badge: "threads only",
            text: "Its versions lie in the memory of one process. No other process can read them.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The writer keeps an array and clones it for each version; readers load the newest version from an ArcSwap. A change \
and a get cost what they cost in an array, and nothing is encoded, decoded or mapped.

So it shows how little a get could cost if no other process had to read. A version costs a clone of all n elements.";
