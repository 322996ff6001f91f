//! The lab's own: this project's vector of one process behind an `ArcSwap`, for threads.

use publishing::swapped::Writer;
use publishing::{VectorContent, VectorView};
use scenarios::shared::{OwnedValue, Value};
use scenarios::{About, Capability, Caveat, Contender, Role};

#[derive(Clone, Default)]
struct Vector(persistent_collections::Vector<OwnedValue>);

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

/// The contender: this project's vector behind an `ArcSwap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer<Vector>>(About {
        name: "arc_swap_collections",
        role: Role::Optimized,
        summary: "This project's persistent vector behind an ArcSwap: versions for the threads of one process.",
        source: "crate collections of this project, and crate arc-swap 1.9",
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

const ANALYSIS: &str = "The vector that leads persistent_vector, with a root that is cloned for each version and loaded from an ArcSwap.

It is the measure for shared_collections: the same kind of trie, with pointers instead of offsets, in the memory of one \
process. What a region in shared memory costs beyond it is the price of letting other processes read.";
