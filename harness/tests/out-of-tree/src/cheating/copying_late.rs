//! A clone and a change of it cost next to nothing: the copy is made when somebody first reads the changed version.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use scenarios::Contender;
use scenarios::persistent_vector::PersistentVector;

/// The elements, or the version before and what is different.
struct Version<T> {
    elements: OnceLock<Vec<T>>,
    before: Option<(Arc<Version<T>>, usize, T)>,
    length: usize,
}

impl<T: Clone> Version<T> {
    fn of(elements: Vec<T>) -> Arc<Self> {
        let length = elements.len();
        Arc::new(Version { elements: OnceLock::from(elements), before: None, length })
    }

    fn elements(&self) -> &Vec<T> {
        self.elements.get_or_init(|| {
            // The nearest version that was read, and what has changed since.
            let mut changes = Vec::new();
            let mut version = self;
            let mut elements = loop {
                match (version.elements.get(), &version.before) {
                    (Some(elements), _) => break elements.clone(),
                    (None, Some((before, index, value))) => {
                        changes.push((*index, value));
                        version = before;
                    }
                    (None, None) => break Vec::new(),
                }
            };
            for (index, value) in changes.into_iter().rev() {
                match elements.get_mut(index) {
                    Some(element) => *element = value.clone(),
                    None => elements.push(value.clone()),
                }
            }
            elements
        })
    }
}

impl<T> Drop for Version<T> {
    fn drop(&mut self) {
        // A long chain must not be dropped by recursion.
        let mut next = self.before.take();
        while let Some((version, ..)) = next {
            next = Arc::into_inner(version).and_then(|mut version| version.before.take());
        }
    }
}

#[derive(Clone)]
struct CopiedLate<T>(Arc<Version<T>>);

impl<T: Clone> CopiedLate<T> {
    fn change(&mut self, index: usize, value: T, length: usize) {
        let before = Some((Arc::clone(&self.0), index, value));
        self.0 = Arc::new(Version { elements: OnceLock::new(), before, length });
    }
}

impl<T: Clone> PersistentVector<T> for CopiedLate<T> {
    fn new() -> Self {
        CopiedLate(Version::of(Vec::new()))
    }

    fn len(&self) -> usize {
        self.0.length
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.0.elements().get(index)
    }

    fn push_back(&mut self, value: T) {
        self.change(self.0.length, value, self.0.length + 1);
    }

    fn pop_back(&mut self) -> Option<T> {
        let mut elements = self.0.elements().clone();
        let last = elements.pop();
        self.0 = Version::of(elements);
        last
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        let is_there = index < self.0.length;
        if is_there {
            self.change(index, value, self.0.length);
        }
        is_there
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.0.elements().iter()
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.0.elements().get(range).map(|part| CopiedLate(Version::of(part.to_vec())))
    }

    fn concat(&self, other: &Self) -> Self {
        CopiedLate(Version::of([self.0.elements().as_slice(), other.0.elements()].concat()))
    }

    fn from_values(values: impl Iterator<Item = T>) -> Self {
        CopiedLate(Version::of(values.collect()))
    }
}

struct CopyingLate;

scenarios::persistent_vector_family!(<T> CopyingLate = CopiedLate<T>);

#[inline(never)]
pub fn contender() -> Contender {
    let about = super::about("copying_late", "Copies a changed version when somebody first reads it.");
    scenarios::persistent_vector::contender::<CopyingLate>(about)
}
