//! The contract: what a contender implements.

use std::fmt::Debug;
use std::ops::Range;

/// A sequence with cheap versions: a clone keeps the content of this moment, and a change affects one clone only.
pub trait PersistentVector<T>: Clone {
    /// The empty vector.
    fn new() -> Self;
    /// Number of elements.
    fn len(&self) -> usize;
    /// The element at `index`; `None` past the end.
    fn get(&self, index: usize) -> Option<&T>;
    /// Appends `value`. Where this version shares nothing with another one, the change may happen in place.
    fn push_back(&mut self, value: T);
    /// Removes and returns the last element; `None` where there is none.
    fn pop_back(&mut self) -> Option<T>;
    /// Replaces the element at `index`. Returns `false` past the end, where nothing changes.
    fn set(&mut self, index: usize, value: T) -> bool;
    /// Visits every element in order.
    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a;
    /// Calls `visit` with the elements in order, as many together as lie side by side in memory.
    fn for_each_chunk(&self, mut visit: impl FnMut(&[T])) {
        for value in self.iter() {
            visit(std::slice::from_ref(value));
        }
    }
    /// The elements of `range`; `None` where the range does not lie within the vector, or ends before it begins.
    fn slice(&self, range: Range<usize>) -> Option<Self>;
    /// A vector of this one's elements and then those of `other`.
    fn concat(&self, other: &Self) -> Self;

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A vector of `values` in this order.
    fn from_values(values: impl Iterator<Item = T>) -> Self {
        let mut vector = Self::new();
        for value in values {
            vector.push_back(value);
        }
        vector
    }
}

/// One implementation of a vector, for every element type.
pub trait Family: 'static {
    /// The vector type.
    type Vector<T>: PersistentVector<T> + Send + Sync + 'static
    where
        T: Clone + Debug + PartialEq + Send + Sync + 'static;
}

/// Makes a type the [`Family`](crate::persistent_vector::Family) of a vector that is there for every element:
/// `persistent_vector_family!(<T> Ours = Vector<T>);`.
#[macro_export]
macro_rules! persistent_vector_family {
    (<$element:ident> $family:ty = $vector:ty) => {
        impl $crate::persistent_vector::Family for $family {
            type Vector<$element>
                = $vector
            where
                $element: Clone + ::std::fmt::Debug + PartialEq + Send + Sync + 'static;
        }
    };
}
