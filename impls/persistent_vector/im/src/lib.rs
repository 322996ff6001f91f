//! Peer: the vector of crate `im`, an RRB tree with two buffers at each end.

use std::ops::Range;

use scenarios::persistent_vector::PersistentVector;
use scenarios::{About, Capability, Contender, Growth, Role};

/// `im::Vector`, under the contract's names.
#[derive(Clone)]
struct Vector<T: Clone>(im::Vector<T>);

impl<T: Clone> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector(im::Vector::new())
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

    // The crate's own `slice` also removes the range and joins the rest, which the contract does not ask for.
    fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.0.len() {
            return None;
        }
        let length = range.len();
        let mut part = self.0.clone().split_off(range.start);
        let _behind = part.split_off(length);
        Some(Vector(part))
    }

    fn concat(&self, other: &Self) -> Self {
        let mut joined = self.0.clone();
        joined.append(other.0.clone());
        Vector(joined)
    }

    fn from_values(values: impl Iterator<Item = T>) -> Self {
        Vector(values.collect())
    }
}

struct Peer;

scenarios::persistent_vector_family!(<T> Peer = Vector<T>);

/// The contender: `im::Vector`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<Peer>(About {
        name: "im",
        role: Role::Peer,
        summary: "im::Vector: an RRB tree of 64-element chunks with two buffers at each end.",
        source: "crate im 15.1",
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
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A relaxed radix balanced (RRB) tree whose leaves and inner nodes are chunks with room for 64 items. At each \
end of the tree are two more chunks, an outer and an inner buffer, so most pushes and pops touch one chunk \
and never the tree. A vector that fits into a chunk is just that chunk, and a very small one lies in the \
handle. Nodes of irregular size, which slicing and joining leave behind, carry a table of sizes.

Push and pop work on the outer buffer at the end and move a whole chunk into or out of the tree every 64 \
elements, along a path of nodes: O(log n) with a small factor. Get tries the four buffers in turn. Then it descends: by radix where a node is regular, and by \
searching the node's size table where it is not. Set copies the shared nodes on the path. slice splits \
twice and concat merges along the seam; both leave most of the tree untouched.

It wins where others copy everything: slice and concat grow with the height, not the length. It pays for \
that elsewhere. A version is a handle of five pointers, so keeping one counts five references. A chunk is \
allocated with room for 64 items however few it holds, and a change of a shared one copies it all, so a \
single set or push with the old version kept moves large nodes. Get passes the buffers, and an enum per \
level, before it reaches a tree node.

The iterator asks a cursor for one index at a time. The cursor remembers the current leaf, but every step \
checks again that the index lies in it.";
