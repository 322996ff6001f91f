//! Peer: the vector of crate `rpds`, a 32-way trie with every element behind its own pointer.

use std::ops::Range;

use rpds::VectorSync;
use scenarios::persistent_vector::PersistentVector;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// `rpds::VectorSync`, under the contract's names.
#[derive(Clone)]
struct Vector<T>(VectorSync<T>);

impl<T: Clone> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector(VectorSync::new_sync())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)
    }

    fn push_back(&mut self, value: T) {
        self.0.push_back_mut(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        let last = self.0.last().cloned();
        self.0.drop_last_mut();
        last
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        self.0.set_mut(index, value)
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.0.iter()
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.0.len() {
            return None;
        }
        // By index, because the crate's iterator skips only by visiting, and one of its steps costs more than a get.
        Some(Vector(range.map(|index| self.0[index].clone()).collect()))
    }

    fn concat(&self, other: &Self) -> Self {
        let mut joined = self.0.clone();
        joined.extend(other.0.iter().cloned());
        Vector(joined)
    }

    fn from_values(values: impl Iterator<Item = T>) -> Self {
        Vector(values.collect())
    }
}

struct Peer;

scenarios::persistent_vector_family!(<T> Peer = Vector<T>);

/// The contender: `rpds::VectorSync`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<Peer>(About {
        name: "rpds",
        role: Role::Peer,
        summary: "rpds::VectorSync: a 32-way trie without a tail, every element behind its own pointer.",
        source: "crate rpds 1.2",
        analysis: ANALYSIS,
        complexity: &[
            ("push_unshared", Growth::Logarithmic),
            ("push_shared", Growth::Logarithmic),
            ("get_random", Growth::Logarithmic),
            ("set_unshared", Growth::Logarithmic),
            ("set_shared", Growth::Logarithmic),
            ("pop_all", Growth::Logarithmic),
            ("iterate", Growth::Constant),
            ("slice", Growth::Linearithmic),
            ("concat", Growth::Linearithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[
            Caveat {
                badge: "no slice, no concat",
                text: "rpds has neither operation. Here slice clones its elements one by one into a new vector, and \
                       concat clones the right vector's elements onto the end of the left one.",
            },
            Caveat {
                badge: "pop clones the element",
                text: "rpds can drop the last element but not return it, so pop clones it first.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A 32-way radix trie. A node is an enum of two growable arrays, one of pointers to children and one of \
pointers to elements, behind a reference count. Every element is an allocation of its own, also behind a \
count. There is no tail: the last element lies at the bottom of the trie like any other. The synchronised \
pointer is triomphe's Arc, which has no weak count.

Push walks from the root to the last leaf, and so does dropping the last element. Get computes the height \
from the length and descends by radix. Set replaces one element's pointer. All of them copy the shared \
nodes on the way, and copying a node of 32 counted pointers adds one to 32 counts.

It loses most on push, where others append to a tail: each push walks the whole height, allocates the \
element, and now and then grows the leaf's array. Small nodes make get cheap, even with the extra \
indirection, and a clone changes a single reference count. Elements behind pointers pay off when they are \
expensive to clone: copying a node never clones an element.

The crate has no slice and no concat, so both copy elements one by one here, and pop has to clone what it \
returns.";
