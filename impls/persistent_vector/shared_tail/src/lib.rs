//! The lab's own vector, [`persistent_collections::Vector`]: a relaxed 16-way trie whose versions append to one tail.

use std::ops::Range;

use scenarios::persistent_vector::PersistentVector;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// `persistent_collections::Vector`, under the contract's names.
#[derive(Clone)]
pub struct Vector<T>(persistent_collections::Vector<T>);

impl<T: Clone> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector(persistent_collections::Vector::new())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)
    }

    fn push_back(&mut self, value: T) {
        self.0.push_back(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        self.0.pop_back()
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        self.0.get_mut(index).map(|element| *element = value).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.0.iter()
    }

    fn for_each_chunk(&self, visit: impl FnMut(&[T])) {
        self.0.leaves().for_each(visit);
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        (range.start <= range.end && range.end <= self.0.len()).then(|| Vector(self.0.slice(range)))
    }

    fn concat(&self, other: &Self) -> Self {
        Vector(self.0.concat(&other.0))
    }

    fn from_values(values: impl Iterator<Item = T>) -> Self {
        Vector(values.collect())
    }
}

/// The family of such vectors.
pub struct SharedTail;

scenarios::persistent_vector_family!(<T> SharedTail = Vector<T>);

/// The contender: `persistent_collections::Vector`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<SharedTail>(About {
        name: "shared_tail",
        role: Role::Optimized,
        summary: "persistent_collections::Vector: up to 8 elements in the handle, then leaves of 64 under a relaxed 16-way \
                  trie; versions append to one tail.",
        source: "the lab's own; the trie after Bagwell and Hickey, relaxed nodes after Bagwell and Rompf's RRB trees",
        analysis: ANALYSIS,
        complexity: &[
            ("push_unshared", Growth::Logarithmic),
            ("push_shared", Growth::Logarithmic),
            ("get_random", Growth::Logarithmic),
            ("set_unshared", Growth::Logarithmic),
            ("set_shared", Growth::Logarithmic),
            ("pop_all", Growth::Logarithmic),
            ("iterate", Growth::Constant),
            ("slice", Growth::Logarithmic),
            ("concat", Growth::Logarithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[Caveat {
            badge: "elements in the handle",
            text: "Up to 8 elements of 8 bytes lie in the handle itself. A kept version is 80 bytes, which the \
                   allocation meter does not see if the versions go into an array that was made before.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A version is ten words: lengths, and 64 bytes that hold either up to eight numbers or a root and a tail. A \
vector of up to eight numbers therefore allocates nothing. A larger one keeps its last elements in a tail \
of up to 64; a full tail becomes a leaf of the tree as it is. Versions share the tail. The first one that \
appends to it claims the next place with one atomic operation, while the others go on seeing their own \
length. So a push with the old version kept copies nothing, where others copy a tail or a chunk. Every 64th \
push or pop moves a leaf into or out of the tree, along a path of nodes: O(log n) with a small factor.

Each node is one allocation with a 32-bit count and as much room as it needs. A change of a shared version \
copies one leaf, as memory, and per level a branch of 16, which adds one to the counts of 16 children. \
Narrow branches keep that cheap, and large leaves keep the tree low. Iteration runs over a leaf as over a \
slice.

slice copies the branches along its two cuts. concat copies those along the seam, and merges nodes there \
that are less than half full. Both leave leaves that are not full. The branches above such leaves get a \
table of sizes; a vector without any such branch never looks for one.

Elements in the handle are cloned one by one with it, and every kept version is 80 bytes instead of the 32 \
that it would need otherwise: for that, a push with the old version kept pays some ten instructions at \
every size. The ninth element brings a leaf of 32 at once. pvec keeps up to 32 elements in its handle: 560 \
bytes that every clone and every move copies, which is why it loses everywhere else. An array copied whole \
still wins slice and concat of 1,000 numbers and, with only one indirection, get, iterate and large \
unshared sets. Keeping a version adds one to the counts of two nodes, one of them the root, and a changed \
branch to those of its children. These operations are atomic, and their share of the time is larger than \
their share of the instructions. `persistent_collections::rc::Vector` counts without atomics.";
