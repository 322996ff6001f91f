//! A vector copied whole for every version.

use std::fmt::Debug;
use std::ops::Range;

use crate::persistent_vector::{Family, PersistentVector};

pub(super) struct Reference;

impl Family for Reference {
    type Vector<T>
        = Copied<T>
    where
        T: Clone + Debug + PartialEq + Send + Sync + 'static;
}

#[derive(Clone)]
pub(super) struct Copied<T>(Vec<T>);

impl<T: Clone> PersistentVector<T> for Copied<T> {
    fn new() -> Self {
        Copied(Vec::new())
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

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.0.get(range).map(|elements| Copied(elements.to_vec()))
    }

    fn concat(&self, other: &Self) -> Self {
        Copied([self.0.as_slice(), &other.0].concat())
    }
}
