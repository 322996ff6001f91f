//! Contenders that misbehave: a `Vec` with one bad habit (`Habit`) each.
//!
//! All but one keep it to vectors that are longer than any that `verify` makes, so that only a cell shows it.

mod aborting;
mod excused;
mod hungry;
mod looping;
mod lying;
mod panicking;
mod printing;
mod wrong;

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;

use scenarios::persistent_vector::{Family, PersistentVector};
use scenarios::{About, Capability, Contender, Role};

/// The roster of `misbehaving`: one that does what it should, then the others.
pub fn roster() -> Vec<Contender> {
    vec![
        persistent_vector_array_copy::contender(),
        aborting::contender(),
        excused::contender(),
        hungry::contender(),
        looping::contender(),
        lying::contender(),
        panicking::contender(),
        printing::contender(),
        wrong::contender(),
    ]
}

/// More elements than any vector of a check has.
const MANY: usize = 50_000;

/// What a contender does instead of what it should.
trait Habit: Copy + Send + Sync + 'static {
    /// Takes the last element.
    fn pop<T>(elements: &mut Vec<T>) -> Option<T> {
        elements.pop()
    }

    /// The index that is read where `index` is asked for.
    fn index_for(index: usize) -> usize {
        index
    }

    /// Comes before a slice of a vector of `length` elements.
    fn before_slice(_length: usize) {}
}

/// A plain vector with a habit.
#[derive(Clone)]
struct Vector<T, H>(Vec<T>, PhantomData<H>);

impl<T: Clone, H: Habit> PersistentVector<T> for Vector<T, H> {
    fn new() -> Self {
        Vector(Vec::new(), PhantomData)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.0.get(H::index_for(index))
    }

    fn push_back(&mut self, value: T) {
        self.0.push(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        H::pop(&mut self.0)
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
        H::before_slice(self.0.len());
        self.0.get(range).map(|part| Vector(part.to_vec(), PhantomData))
    }

    fn concat(&self, other: &Self) -> Self {
        Vector([self.0.as_slice(), other.0.as_slice()].concat(), PhantomData)
    }
}

struct WithHabit<H>(PhantomData<H>);

impl<H: Habit> Family for WithHabit<H> {
    type Vector<T>
        = Vector<T, H>
    where
        T: Clone + Debug + PartialEq + Send + Sync + 'static;
}

fn contender<H: Habit>(name: &'static str, summary: &'static str) -> Contender {
    scenarios::persistent_vector::contender::<WithHabit<H>>(About {
        name,
        role: Role::Naive,
        summary,
        source: "the tests of the lab",
        analysis: "A Vec with a bad habit.",
        complexity: &[],
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}
