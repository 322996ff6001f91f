//! Puts work off again and again: pushes and sets are noted, and every read works them out and keeps nothing.

use std::ops::Range;

use scenarios::Contender;
use scenarios::persistent_vector::PersistentVector;

/// A vector, and what has still to be done to it.
#[derive(Clone)]
struct Noted<T> {
    elements: Vec<T>,
    notes: Vec<(usize, T)>,
    length: usize,
}

/// More notes than this are worked out at once, or the checks of large vectors would take too long.
const MANY: usize = 4000;

impl<T: Clone> Noted<T> {
    fn of(elements: Vec<T>) -> Self {
        let length = elements.len();
        Noted { elements, notes: Vec::new(), length }
    }

    fn note(&mut self, index: usize, value: T) {
        self.notes.push((index, value));
        if self.notes.len() > MANY {
            *self = Noted::of(self.now().into_iter().cloned().collect());
        }
    }

    /// The elements as they are now, worked out.
    fn now(&self) -> Vec<&T> {
        let mut elements: Vec<&T> = self.elements.iter().collect();
        for (index, value) in &self.notes {
            match elements.get_mut(*index) {
                Some(element) => *element = value,
                None => elements.push(value),
            }
        }
        elements.truncate(self.length);
        elements
    }
}

impl<T: Clone> PersistentVector<T> for Noted<T> {
    fn new() -> Self {
        Noted::of(Vec::new())
    }

    fn len(&self) -> usize {
        self.length
    }

    fn get(&self, index: usize) -> Option<&T> {
        if index >= self.length {
            return None;
        }
        let noted = self.notes.iter().rev().find(|(of, _)| *of == index);
        noted.map_or_else(|| self.elements.get(index), |(_, value)| Some(value))
    }

    fn push_back(&mut self, value: T) {
        self.length += 1;
        self.note(self.length - 1, value);
    }

    fn pop_back(&mut self) -> Option<T> {
        let last = self.get(self.length.checked_sub(1)?).cloned();
        self.length -= 1;
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
        // Each element is looked for on its own.
        (0..self.length).filter_map(|index| self.get(index))
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.now().get(range).map(|part| Noted::of(part.iter().copied().cloned().collect()))
    }

    fn concat(&self, other: &Self) -> Self {
        Noted::of(self.now().into_iter().chain(other.now()).cloned().collect())
    }
}

struct Recomputing;

scenarios::persistent_vector_family!(<T> Recomputing = Noted<T>);

#[inline(never)]
pub fn contender() -> Contender {
    let about = super::about("recomputing", "Notes pushes and sets, and works them out at every read.");
    scenarios::persistent_vector::contender::<Recomputing>(about)
}
