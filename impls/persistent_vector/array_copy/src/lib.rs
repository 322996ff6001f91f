//! The naive persistent vector: one array behind an `Arc`. The first change of a clone copies the whole array.

use std::ops::Range;
use std::sync::Arc;

use scenarios::persistent_vector::PersistentVector;
use scenarios::{About, Capability, Contender, Growth, Role};

/// A shared array.
#[derive(Clone)]
pub struct Vector<T>(Arc<Vec<T>>);

impl<T: Clone> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector(Arc::new(Vec::new()))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)
    }

    fn push_back(&mut self, value: T) {
        Arc::make_mut(&mut self.0).push(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        Arc::make_mut(&mut self.0).pop()
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        if index >= self.0.len() {
            return false;
        }
        Arc::make_mut(&mut self.0)[index] = value;
        true
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
        self.0.get(range).map(|part| Vector(Arc::new(part.to_vec())))
    }

    fn concat(&self, other: &Self) -> Self {
        Vector(Arc::new([self.0.as_slice(), other.0.as_slice()].concat()))
    }

    fn from_values(values: impl Iterator<Item = T>) -> Self {
        Vector(Arc::new(values.collect()))
    }
}

/// The family of such vectors.
pub struct ArrayCopy;

scenarios::persistent_vector_family!(<T> ArrayCopy = Vector<T>);

/// The contender: an array that the first change of a clone copies whole.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<ArrayCopy>(About {
        name: "array_copy",
        role: Role::Naive,
        summary: "One array behind an Arc; the first change of a clone copies it whole.",
        source: "data-map: the array that its PersistentVector is to replace",
        analysis: ANALYSIS,
        complexity: &[
            ("push_unshared", Growth::Constant),
            ("push_shared", Growth::Linear),
            ("get_random", Growth::Constant),
            ("set_unshared", Growth::Constant),
            ("set_shared", Growth::Linear),
            ("pop_all", Growth::Constant),
            ("iterate", Growth::Constant),
            ("slice", Growth::Linear),
            ("concat", Growth::Linear),
            ("variants_100", Growth::Linear),
        ],
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A version is a pointer to a reference-counted Vec. Cloning it adds one to the count. A change checks \
whether the array is shared. If not, it happens in place at the price of a Vec; if so, the whole array is \
copied first. A push on a shared array copies twice: once into an array of exactly the old length, and \
again when that one grows.

Everything that only reads costs one more indirection than a Vec, so get and iterate are near the floor. A \
copy of plain numbers is a memcpy, which handles several elements per instruction. That keeps set, with the \
old version kept, ahead of the tries far longer than its O(n) suggests. It loses when arrays are large, \
when elements are expensive to clone, and in memory: every version owns all its elements.";
