//! Peer: the vector of crate `imbl`, an RRB tree with two buffers at each end.

use std::ops::Range;

use scenarios::persistent_vector::PersistentVector;
use scenarios::{About, Capability, Contender, Growth, Role};

/// `imbl::Vector`, under the contract's names.
#[derive(Clone)]
struct Vector<T: Clone>(imbl::Vector<T>);

impl<T: Clone> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector(imbl::Vector::new())
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

/// The contender: `imbl::Vector`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<Peer>(About {
        name: "imbl",
        role: Role::Peer,
        summary: "imbl::Vector: an RRB tree of 64-element chunks with two buffers at each end.",
        source: "crate imbl 7.0",
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
The maintained fork of im, with the same structure: a relaxed radix balanced (RRB) tree with chunks of up \
to 64 items as leaves and inner nodes, two buffers at each end, and size tables where nodes are irregular. \
A small vector is one chunk or lies in the handle. The pointer type is a parameter; here it is std's Arc.

Push and pop work on the outer buffer at the end and move a whole chunk into or out of the tree every 64 \
elements, along a path of nodes: O(log n) with a small factor. Get tries the four buffers, then descends by radix or by size table. Set copies the shared nodes \
on the path. slice splits twice; concat merges along the seam.

It wins and loses where im does. slice and concat grow only with the height. A kept version costs five \
reference counts and the copy of a chunk with room for 64 items, and get passes four buffers and an enum \
per level. Its default Arc goes through the archery crate, which adds nothing at run time.";
