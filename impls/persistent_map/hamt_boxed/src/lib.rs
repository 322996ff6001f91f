//! The source's first persistent map: the 32-way HAMT of `hamt` with every entry in a box of its own.
//!
//! Source: pypersistent. When its first version copied a path, it copied every entry of every node on it.
//!
//! ```text
//!   ┌─Node──────────────────────┐
//!   │ bitmap: bits 0, 3, 7      │
//!   │ slots ─►  ●  │  ●  │  ●   │
//!   └───────────┼─────┼─────┼───┘
//!               ▼     ▼     ▼        Copying the node copies the boxes a and b, and counts the child.
//!             ┌─a─┐ Node  ┌─b─┐
//!             └───┘       └───┘
//! ```

use persistent_map_hamt::Map;
use scenarios::{About, Capability, Contender, Growth, Role};

struct HamtBoxed;

scenarios::persistent_map_family!(<K, V, S> HamtBoxed = Map<Box<(K, V)>, S>);

/// The contender: a HAMT with every entry in a box of its own.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<HamtBoxed>(About {
        name: "hamt_boxed",
        role: Role::Optimized,
        summary: "A 32-way hash array mapped trie with every entry in a box of its own, copied with its node.",
        source: "pypersistent, entries boxed (its first version)",
        analysis: ANALYSIS,
        complexity: &[
            ("insert_unshared", Growth::Logarithmic),
            ("insert_shared", Growth::Logarithmic),
            ("get_hit", Growth::Logarithmic),
            ("get_miss", Growth::Logarithmic),
            ("overwrite_shared", Growth::Logarithmic),
            ("remove_unshared", Growth::Logarithmic),
            ("remove_shared", Growth::Logarithmic),
            ("iterate", Growth::Constant),
            ("union", Growth::Constant),
            ("equality", Growth::Constant),
            ("union_of_versions", Growth::Logarithmic),
            ("equality_of_versions", Growth::Logarithmic),
            ("thin_out", Growth::Logarithmic),
            ("churn", Growth::Logarithmic),
            ("insert_batch", Growth::Logarithmic),
            ("diff_of_versions", Growth::Linearithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The trie is that of `hamt`, and so are its algorithms; only what a slot holds for an entry differs. Three \
contenders compare these ways: a box per entry in `hamt_boxed`, entries by value in `hamt`, and shared \
entries in `hamt_shared`.

A slot is 16 bytes whatever the entry's size: a tag and a pointer. Building makes one more allocation per \
entry than `hamt` does; lookups and iteration follow one more pointer per entry. A change that keeps the \
version before copies the nodes from the root to the change, and with each node every entry in it: an \
allocation per entry, and for String keys another one for the text.

It loses to both others wherever versions are kept, and that is its purpose: it shows what the source \
started from. The source's log counts 42 to 84 allocations per change; here it is 4 to 31. The number \
depends on how many entries lie in the copied nodes: at 32 entries nearly all lie in the root, at 1,000 in \
its children, at sizes in between hardly any do.";
