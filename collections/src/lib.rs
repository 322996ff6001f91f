//! Persistent collections: maps, sets and vectors whose old versions stay valid, cheaply.
//!
//! `clone` takes constant time and keeps the present content; a change to one clone does not show in any
//! other. What a collection alone holds is changed in place; what it shares is copied, a small node at a time.
//!
//! Every collection exists twice: counted with atomic operations, for versions that several threads hold
//! (the names at the root of the crate), and counted plainly, for one thread and faster ([`rc`]).
//!
//! # Panics in other code
//!
//! `Hash`, `Eq`, `Ord`, `Clone`, `Drop` and closures may panic. Every version is consistent after such a panic is caught:
//! what iterates is found, and the length agrees. Other versions have not changed. In the version that was being changed,
//! each entry was there before or was to be, and none is lost that was to stay. Elements are dropped once, and none is
//! leaked where one drop panics; where a second drop panics while the first panic is under way, Rust ends the process. An
//! operation that consumes its version, such as `union`, drops it.
//!
//! A `Hash` or `Eq` that is not lawful may make entries unfindable and calls panic, no more.

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
