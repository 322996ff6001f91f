//! The floor under a persistent vector: std's `Vec`. Its clone copies every element at once, so it
//! has no cheap versions and takes no part in the scenarios that keep them.

use std::ops::Range;

use scenarios::persistent_vector::PersistentVector;
use scenarios::{About, Contender, Growth, Role};

/// A `Vec`, under the contract's names.
#[derive(Clone)]
struct Vector<T>(Vec<T>);

impl<T: Clone> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector(Vec::new())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)
    }

    fn push_back(&mut self, value: T) {
        self.0.push(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        self.0.pop()
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

    fn for_each_chunk(&self, mut visit: impl FnMut(&[T])) {
        visit(&self.0);
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.0.get(range).map(|part| Vector(part.to_vec()))
    }

    fn concat(&self, other: &Self) -> Self {
        Vector([self.0.as_slice(), other.0.as_slice()].concat())
    }

    fn from_values(values: impl Iterator<Item = T>) -> Self {
        Vector(values.collect())
    }
}

struct StdVec;

scenarios::persistent_vector_family!(<T> StdVec = Vector<T>);

/// The contender: std's `Vec`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<StdVec>(About {
        name: "vec",
        role: Role::Bound,
        summary: "std's Vec: one growing array; clones share nothing.",
        source: "Rust's standard library",
        analysis: ANALYSIS,
        complexity: &[
            ("push_unshared", Growth::Constant),
            ("get_random", Growth::Constant),
            ("set_unshared", Growth::Constant),
            ("pop_all", Growth::Constant),
            ("iterate", Growth::Constant),
            ("slice", Growth::Linear),
            ("concat", Growth::Linear),
        ],
        capabilities: &[],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
One contiguous array with room to grow. Reading is one load, and the compiler turns loops over it into \
vector instructions. Pushing is a store; each time the array has to double, it is also a copy.

It is the floor for everything that happens to a single version. It has no cheap versions at all: a clone \
copies every element, so it is left out wherever old versions are kept. slice and concat copy their \
elements, too, but as plain memory, which tries beat only on large vectors.";
