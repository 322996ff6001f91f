//! A vector copied whole for every version.

use std::ops::Range;

use crate::persistent_vector::PersistentVector;

pub(super) struct Reference;

crate::persistent_vector_family!(<T> Reference = Copied<T>);

#[derive(Clone)]
pub(super) struct Copied<T> {
    elements: Vec<T>,
}

impl<T: Clone> PersistentVector<T> for Copied<T> {
    fn new() -> Self {
        Copied { elements: Vec::new() }
    }

    fn len(&self) -> usize {
        self.elements.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.elements.get(index)
    }

    fn push_back(&mut self, value: T) {
        self.elements.push(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        self.elements.pop()
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        self.elements.get_mut(index).map(|element| *element = value).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.elements.iter()
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.elements.get(range).map(|elements| Copied { elements: elements.to_vec() })
    }

    fn concat(&self, other: &Self) -> Self {
        Copied { elements: [self.elements.as_slice(), &other.elements].concat() }
    }
}
