//! A stranger's contender: one ring buffer behind an `Arc`.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use scenarios::persistent_vector::PersistentVector;
use scenarios::{About, Capability, Contender, Growth, Role};

/// A shared ring buffer.
#[derive(Clone)]
struct Vector<T>(Arc<VecDeque<T>>);

impl<T: Clone> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector(Arc::new(VecDeque::new()))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)
    }

    fn push_back(&mut self, value: T) {
        Arc::make_mut(&mut self.0).push_back(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        Arc::make_mut(&mut self.0).pop_back()
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

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        let lies_within = range.start <= range.end && range.end <= self.0.len();
        lies_within.then(|| Vector(Arc::new(self.0.range(range).cloned().collect())))
    }

    fn concat(&self, other: &Self) -> Self {
        Vector(Arc::new(self.0.iter().chain(other.0.iter()).cloned().collect()))
    }
}

struct ArcDeque;

scenarios::persistent_vector_family!(<T> ArcDeque = Vector<T>);

/// The contender: a ring buffer behind an `Arc`, copied whole by the first change of a clone.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<ArcDeque>(About {
        name: "arc_deque",
        role: Role::Naive,
        summary: "One ring buffer behind an Arc; the first change of a clone copies it whole.",
        source: "std::collections::VecDeque",
        analysis: "What array_copy does, in two parts: every index is wrapped round the end of the buffer.",
        complexity: &[("get_random", Growth::Constant), ("slice", Growth::Linear)],
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}
