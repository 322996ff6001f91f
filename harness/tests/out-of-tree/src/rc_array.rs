//! A stranger's contender: one array behind an `Rc`.

use std::ops::Range;
use std::rc::Rc;

use scenarios::persistent_vector::{Family, PersistentVector};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// A shared array.
#[derive(Clone)]
struct Vector<T>(Rc<Vec<T>>);

impl<T: Clone> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector(Rc::new(Vec::new()))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)
    }

    fn push_back(&mut self, value: T) {
        Rc::make_mut(&mut self.0).push(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        Rc::make_mut(&mut self.0).pop()
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        if index >= self.0.len() {
            return false;
        }
        Rc::make_mut(&mut self.0)[index] = value;
        true
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.0.iter()
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.0.get(range).map(|part| Vector(Rc::new(part.to_vec())))
    }

    fn concat(&self, other: &Self) -> Self {
        Vector(Rc::new([self.0.as_slice(), other.0.as_slice()].concat()))
    }
}

struct RcArray;

impl Family for RcArray {
    type Vector<T>
        = Vector<T>
    where
        T: Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static;
}

/// The contender: an array behind an `Rc`, copied whole by the first change of a clone.
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<RcArray>(About {
        name: "rc_array",
        role: Role::Naive,
        summary: "One array behind an Rc; the first change of a clone copies it whole.",
        source: "std::rc::Rc::make_mut",
        analysis: "What array_copy does, with a reference count that is not atomic.",
        complexity: &[("get_random", Growth::Constant), ("slice", Growth::Linear)],
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[Caveat { badge: "Rc", text: "Its versions stay on one thread." }],
        known_failures: &[],
    })
}
