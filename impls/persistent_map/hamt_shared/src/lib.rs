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

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use persistent_map_hamt::Map;
use scenarios::persistent_map::Family;
use scenarios::{About, Capability, Contender, Growth, Role};

struct HamtShared;

impl Family for HamtShared {
    type Map<K, V, S>
        = Map<Arc<(K, V)>, S>
    where
        K: Hash + Ord + Clone + Debug + Send + Sync + 'static,
        V: Clone + Debug + PartialEq + Send + Sync + 'static,
        S: BuildHasher + Clone + Default + Send + Sync + 'static;
}

/// The contender: a HAMT with reference-counted entries.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<HamtShared>(About {
        name: "hamt_shared",
        role: Role::Optimized,
        summary: "A 32-way hash array mapped trie with entries behind reference counts, shared by the copies of a node.",
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
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The trie is that of `hamt`, and so are its algorithms; only what a slot holds for an entry differs. The \
ablation has three of them: `hamt_boxed`, by value in `hamt`, `hamt_shared`.

A slot is 16 bytes whatever the entry's size, a tag and a pointer. Building allocates once more per \
entry than `hamt` does, lookups and iteration follow one more pointer per entry. A change that keeps the \
version before copies the nodes from the root to the change, and counts a reference for every entry in \
them instead of cloning it.

With String keys it wins by far where versions are kept, since cloning a String is an allocation: that \
is what the log's step to shared entries was worth. With plain numbers it loses to entries by value: \
counting a reference up takes as long as copying two words, every new entry is an allocation, and \
dropping a version counts all those references down again. An atomic count is one instruction, but takes \
many times as long as one that is not: here instructions flatter it.";

#[cfg(test)]
mod tests {
    /// The trie's own tests are beside it; this one is about what is put together here.
    #[test]
    fn the_traces_pass() {
        let contender = super::contender();
        for check in contender.bottleneck.checks.iter().filter(|check| check.name.starts_with("trace")) {
            assert_eq!((contender.replay)(check, &check.trace(0)), Ok(()), "{}", check.name);
        }
    }
}
