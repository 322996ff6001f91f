//! Peer: imbl's vector of one process behind an `ArcSwap`, for threads.

use publishing::swapped::Writer;
use publishing::{VectorContent, VectorView};
use scenarios::shared::{OwnedValue, Value};
use scenarios::{About, Capability, Caveat, Contender, Role};

#[derive(Clone, Default)]
struct Vector(imbl::Vector<OwnedValue>);

impl VectorContent for Vector {
    fn push(&mut self, value: Value<'_>) {
        self.0.push_back(value.into_owned());
    }

    fn pop(&mut self) -> bool {
        self.0.pop_back().is_some()
    }

    fn set_at(&mut self, index: usize, value: Value<'_>) -> bool {
        self.0.get_mut(index).map(|element| *element = value.into_owned()).is_some()
    }
}

impl VectorView for Vector {
    #[inline]
    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.0.get(index).map(OwnedValue::as_value)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        self.0.iter().map(OwnedValue::as_value)
    }
}

/// The contender: imbl's vector behind an `ArcSwap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer<Vector>>(About {
        name: "arc_swap_imbl",
        role: Role::Peer,
        summary: "imbl::Vector behind an ArcSwap: versions for the threads of one process.",
        source: "crates imbl 7.0 and arc-swap 1.9",
        analysis: ANALYSIS,
        complexity: scenarios::shared_vector::AS_A_TRIE_WITH_A_TAIL,
        capabilities: &[Capability::Persistent],
        caveats: &[Caveat {
            badge: "threads only",
            text: "Its versions lie in the memory of one process. No other process can read them.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "The usual answer where only threads of one process read: an RRB tree whose root is cloned for each version and loaded \
from an ArcSwap. A change copies a path of chunks of up to 64 elements if an older version has them.

A get passes the buffers at the ends and descends the tree. To take and drop a snapshot costs atomic operations on \
counts that all readers share.";
