//! Persistent collections: maps, sets and vectors whose old versions stay valid at little cost.
//!
//! A *version* is one value of a collection. `clone` makes another version in constant time, and a change to one
//! version does not show in any other. Nodes that only one version reaches are changed in place; shared nodes are
//! copied first, one small node at a time.
//!
//! ```
//! use persistent_collections::{HashMap, HashSet, Vector};
//!
//! let mut stock: HashMap<_, _> = [("apples", 3), ("pears", 1)].into();
//! let yesterday = stock.clone();
//! stock.insert("apples", 2);
//! assert_eq!((yesterday["apples"], stock["apples"]), (3, 2));
//!
//! let mut fruits: HashSet<_> = stock.keys().copied().collect();
//! fruits.remove("pears");
//! assert!(fruits.contains("apples") && !fruits.contains("pears"));
//!
//! let mut log: Vector<_> = Vector::unit("opened");
//! let before = log.clone();
//! log.push_back("sold an apple");
//! assert_eq!((before.len(), log.len()), (1, 2));
//! ```
//!
//! [`OrdMap`] and [`OrdSet`] keep their entries sorted, and have ranges.
//!
//! Every collection exists twice. The names at the root of the crate count references with atomic operations, so that
//! several threads may hold versions. Those in [`rc`] count without atomic operations: they are faster, but stay in one
//! thread.
//!
//! # Coming from other crates
//!
//! In the repository, `docs/coming-from-im.md`, `docs/coming-from-imbl.md` and `docs/coming-from-rpds.md` beside this
//! crate's sources say which names mean something else there, and what each name is called here.
//!
//! # Panics in user code
//!
//! The user's `Hash`, `Eq`, `Ord`, `Clone`, `Drop` and closures may panic. After such a panic is caught:
//!
//! * every version is consistent: lookups find what iteration yields, and the length agrees;
//! * other versions have not changed;
//! * the version that was being changed has only entries that it had before or would have had after the operation, and
//!   every entry that was to stay is still there;
//! * every element is dropped once. If one drop panics, the other elements are still dropped. If a second drop panics
//!   while the first panic unwinds, Rust aborts the process;
//! * an operation that consumes its version, such as `union`, has dropped it.
//!
//! If `Hash` or `Eq` break their contract, entries may become impossible to find and calls may panic, but nothing is
//! unsound.

mod convert;
/// The page that introduces the crate, whose examples are compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;

#[cfg(feature = "arbitrary")]
mod arbitrary;
pub mod counter;
mod display;
#[cfg(doctest)]
mod lifetimes;
mod macros;
pub mod map;
mod operators;
mod order;
pub mod ordered;
#[cfg(feature = "proptest")]
pub mod proptest;
#[cfg(feature = "serde")]
mod serialization;
pub mod set;
#[cfg(test)]
mod testing;
mod uncloned;
mod unwind;
pub mod vector;

pub use map::{GenericHashMap, HashMap};
pub use ordered::set::{GenericOrdSet, OrdSet};
pub use ordered::{GenericOrdMap, OrdMap};
pub use set::{GenericHashSet, HashSet};
pub use uncloned::Shared;
pub use vector::GenericVector;

/// A [`GenericVector`] whose versions several threads may hold; see [`mod@vector`].
///
/// ```
/// use std::thread;
///
/// let shared: persistent_collections::Vector<u64> = (0..1000).collect();
/// let mut own = shared.clone();
/// let thread = thread::spawn(move || {
///     own.push_back(1);
///     own.len()
/// });
/// assert_eq!(thread.join().unwrap(), 1001);
/// assert_eq!(shared.len(), 1000);
/// ```
pub type Vector<T> = GenericVector<T, counter::Atomic>;

/// The same collections for one thread, whose references are counted without atomic operations.
///
/// ```
/// use persistent_collections::rc;
///
/// let old: rc::Vector<_> = "abc".chars().collect();
/// let new = old.update(0, 'x');
/// assert_eq!((old[0], new[0]), ('a', 'x'));
/// ```
pub mod rc {
    use std::hash::RandomState;

    use crate::counter::Plain;

    #[doc(inline)]
    pub use crate::{
        __rc_hashmap as hashmap, __rc_hashset as hashset, __rc_ordmap as ordmap, __rc_ordset as ordset,
        __rc_vector as vector,
    };

    /// A [`GenericHashMap`](crate::GenericHashMap) for one thread.
    pub type HashMap<K, V, S = RandomState> = crate::GenericHashMap<K, V, S, Plain>;

    /// A [`GenericHashSet`](crate::GenericHashSet) for one thread.
    pub type HashSet<T, S = RandomState> = crate::GenericHashSet<T, S, Plain>;

    /// A [`GenericOrdMap`](crate::GenericOrdMap) for one thread.
    pub type OrdMap<K, V> = crate::GenericOrdMap<K, V, Plain>;

    /// A [`GenericOrdSet`](crate::GenericOrdSet) for one thread.
    pub type OrdSet<T> = crate::GenericOrdSet<T, Plain>;

    /// A [`GenericVector`](crate::GenericVector) for one thread.
    pub type Vector<T> = crate::GenericVector<T, Plain>;
}
