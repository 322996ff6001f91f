//! Puts work off until somebody reads: pushes and sets are noted, and done at the first read after them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use scenarios::Contender;
use scenarios::persistent_vector::PersistentVector;

/// A vector and what has still to be done to it.
#[derive(Clone)]
struct Deferred<T> {
    done: Arc<Vec<T>>,
    noted: Vec<(usize, T)>,
    length: usize,
    /// The elements with all that was noted.
    read: OnceLock<Vec<T>>,
}

impl<T: Clone> Deferred<T> {
    fn of(elements: Vec<T>) -> Self {
        let length = elements.len();
        Deferred { done: Arc::new(elements), noted: Vec::new(), length, read: OnceLock::new() }
    }

    fn note(&mut self, index: usize, value: T) {
        if let Some(read) = self.read.take() {
            self.done = Arc::new(read);
            self.noted.clear();
        }
        self.noted.push((index, value));
    }

    fn elements(&self) -> &Vec<T> {
        self.read.get_or_init(|| {
            let mut elements = self.done.to_vec();
            for (index, value) in &self.noted {
                match elements.get_mut(*index) {
                    Some(element) => *element = value.clone(),
                    None => elements.push(value.clone()),
                }
            }
            elements
        })
    }
}

impl<T: Clone> PersistentVector<T> for Deferred<T> {
    fn new() -> Self {
        Deferred::of(Vec::new())
    }

    fn len(&self) -> usize {
        self.length
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.elements().get(index)
    }

    fn push_back(&mut self, value: T) {
        self.note(self.length, value);
        self.length += 1;
    }

    fn pop_back(&mut self) -> Option<T> {
        let mut elements = self.elements().clone();
        let last = elements.pop();
        *self = Deferred::of(elements);
        last
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        let is_there = index < self.length;
        if is_there {
            self.note(index, value);
        }
        is_there
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.elements().iter()
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.elements().get(range).map(|part| Deferred::of(part.to_vec()))
    }

    fn concat(&self, other: &Self) -> Self {
        Deferred::of([self.elements().as_slice(), other.elements()].concat())
    }
}

struct Deferring;

scenarios::persistent_vector_family!(<T> Deferring = Deferred<T>);

#[inline(never)]
pub fn contender() -> Contender {
    let about = super::about("deferring", "Notes pushes and sets, and does them when somebody reads.");
    scenarios::persistent_vector::contender::<Deferring>(about)
}
