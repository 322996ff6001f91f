//! Remembers its slices: a second run finds those of the first one.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use scenarios::Contender;
use scenarios::persistent_vector::PersistentVector;

type Slices<T> = Arc<Mutex<HashMap<Range<usize>, Arc<Vec<T>>>>>;

/// A vector and the slices that were taken of it.
#[derive(Clone)]
struct Remembered<T> {
    elements: Arc<Vec<T>>,
    slices: Slices<T>,
}

impl<T: Clone> Remembered<T> {
    fn of(elements: Arc<Vec<T>>) -> Self {
        Remembered { elements, slices: Slices::default() }
    }

    /// The elements, to change them.
    fn change(&mut self) -> &mut Vec<T> {
        self.slices = Slices::default();
        Arc::make_mut(&mut self.elements)
    }
}

impl<T: Clone> PersistentVector<T> for Remembered<T> {
    fn new() -> Self {
        Remembered::of(Arc::default())
    }

    fn len(&self) -> usize {
        self.elements.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.elements.get(index)
    }

    fn push_back(&mut self, value: T) {
        self.change().push(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        self.change().pop()
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        self.change().get_mut(index).map(|element| *element = value).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.elements.iter()
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        let mut slices = self.slices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slice) = slices.get(&range) {
            return Some(Remembered::of(Arc::clone(slice)));
        }
        let slice = Arc::new(self.elements.get(range.clone())?.to_vec());
        slices.insert(range, Arc::clone(&slice));
        Some(Remembered::of(slice))
    }

    fn concat(&self, other: &Self) -> Self {
        Remembered::of(Arc::new([self.elements.as_slice(), &other.elements].concat()))
    }
}

struct Remembering;

scenarios::persistent_vector_family!(<T> Remembering = Remembered<T>);

#[inline(never)]
pub fn contender() -> Contender {
    let about = super::about("remembering", "Remembers the slices that were taken of a vector.");
    scenarios::persistent_vector::contender::<Remembering>(about)
}
