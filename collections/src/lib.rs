//! Persistent collections: maps, sets and vectors whose old versions stay valid, cheaply.
//!
//! `clone` takes constant time and keeps the present content; a change to one clone does not show in any
//! other. What a collection alone holds is changed in place; what it shares is copied, a small node at a time.
//!
//! Every collection exists twice: counted with atomic operations, for versions that several threads hold
//! (the names at the root of the crate), and counted plainly, for one thread and faster ([`rc`]).

pub mod counter;
#[cfg(doctest)]
mod lifetimes;
pub mod map;
pub mod set;
mod unwind;
pub mod vector;

pub use map::{GenericHashMap, HashMap};
pub use set::{GenericHashSet, HashSet};
pub use vector::GenericVector;

/// A [`GenericVector`] whose versions several threads may hold; see [`vector`].
pub type Vector<T> = GenericVector<T, counter::Atomic>;

/// The same collections counted without atomic operations, for one thread.
pub mod rc {
    use std::hash::RandomState;

    use crate::counter::Plain;

    /// A [`GenericHashMap`](crate::GenericHashMap) for one thread.
    pub type HashMap<K, V, S = RandomState> = crate::GenericHashMap<K, V, S, Plain>;

    /// A [`GenericHashSet`](crate::GenericHashSet) for one thread.
    pub type HashSet<T, S = RandomState> = crate::GenericHashSet<T, S, Plain>;

    /// A [`GenericVector`](crate::GenericVector) for one thread.
    pub type Vector<T> = crate::GenericVector<T, Plain>;
}
