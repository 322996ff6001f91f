//! The source's last persistent map: the 32-way HAMT of `hamt` with reference-counted entries.
//!
//! Source: pypersistent, whose third version shares entries between the nodes that hold them.
//!
//! ```text
//!   ┌─Node, before──────────────┐      ┌─Node, after───────────────┐
//!   │ bitmap: bits 0, 3, 7      │      │ bitmap: bits 0, 3, 7, 9   │
//!   │ slots ─►  ●  │  ●  │  ●   │      │ slots ─►  ●  │ … │ ● │ ●  │
//!   └───────────┼─────┼─────┼───┘      └───────────┼───────┼───┼───┘
//!               ▼     ▼     ▼                      │       │   ▼
//!             ┌─a─┐ Node  ┌─b─┐ ◄──────────────────┼───────┘ ┌─c─┐
//!             └───┘ ◄───────────────────── a again ┘         └───┘
//! ```

use std::sync::Arc;

use persistent_map_hamt::Map;
use scenarios::{About, Capability, Contender, Growth, Role};

struct HamtShared;

scenarios::persistent_map_family!(<K, V, S> HamtShared = Map<Arc<(K, V)>, S>);

/// The contender: a HAMT with reference-counted entries.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<HamtShared>(About {
        name: "hamt_shared",
        role: Role::Optimized,
        summary: "A 32-way hash array mapped trie with entries behind reference counts, shared by the copies of a \
                  node.",
        source: "pypersistent, entries shared (its third version)",
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
version before copies the nodes from the root to the change. Instead of cloning their entries, it adds one \
to the reference count of each.

With String keys it wins by far where versions are kept, since cloning a String is an allocation: that is \
what the step to shared entries in the source's log gained. With plain numbers it loses to entries by \
value. Adding one to a count takes as long as copying two words, every new entry is an allocation, and \
dropping a version lowers all those counts again. An atomic count is one instruction, but takes many times \
as long as one that is not atomic, so the number of instructions makes it look better than it is.";
