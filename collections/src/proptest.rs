//! Strategies for the crate `proptest`: collections of random elements, which shrink as std's collections do.
//!
//! ```
//! use persistent_collections::{HashMap, Vector};
//! use proptest::prelude::*;
//!
//! proptest!(|(map in persistent_collections::proptest::hash_map("[a-z]{1,4}", 0..100u8, 1..20), list: Vector<u8>)| {
//!     let map: HashMap<String, u8> = map;
//!     prop_assert!(!map.is_empty() && map.values().all(|value| *value < 100));
//!     prop_assert_eq!(list.iter().count(), list.len());
//! });
//! ```

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

use ::proptest::arbitrary::{Arbitrary, any_with};
use ::proptest::collection::{self, SizeRange};
use ::proptest::strategy::{BoxedStrategy, Strategy};

use crate::counter::Counter;
use crate::{GenericHashMap, GenericHashSet, GenericVector};

/// Maps with so many entries, whose keys and values two strategies make. Building one is O(n log n).
pub fn hash_map<K, V, S, C>(
    key: K,
    value: V,
    size: impl Into<SizeRange>,
) -> impl Strategy<Value = GenericHashMap<K::Value, V::Value, S, C>>
where
    K: Strategy<Value: Hash + Eq + Clone>,
    V: Strategy<Value: Clone>,
    S: BuildHasher + Default,
    C: Counter,
    GenericHashMap<K::Value, V::Value, S, C>: Debug,
{
    collection::hash_map(key, value, size).prop_map(|entries| entries.into_iter().collect())
}

/// Sets of so many elements, which a strategy makes. Building one is O(n log n).
pub fn hash_set<T, S, C>(
    element: T,
    size: impl Into<SizeRange>,
) -> impl Strategy<Value = GenericHashSet<T::Value, S, C>>
where
    T: Strategy<Value: Hash + Eq + Clone>,
    S: BuildHasher + Default,
    C: Counter,
    GenericHashSet<T::Value, S, C>: Debug,
{
    collection::hash_set(element, size).prop_map(|elements| elements.into_iter().collect())
}

/// Vectors of so many elements, which a strategy makes. Building one is O(n).
pub fn vector<T, C>(
    element: T,
    size: impl Into<SizeRange>,
) -> impl Strategy<Value = GenericVector<T::Value, C>>
where
    T: Strategy<Value: Clone>,
    C: Counter,
    GenericVector<T::Value, C>: Debug,
{
    collection::vec(element, size).prop_map(|elements| elements.into_iter().collect())
}

impl<K, V, S, C> Arbitrary for GenericHashMap<K, V, S, C>
where
    K: Arbitrary + Hash + Eq + Clone + 'static,
    V: Arbitrary + Clone + 'static,
    S: BuildHasher + Default + 'static,
    C: Counter + 'static,
    Self: Debug,
{
    /// How many entries, and the parameters of keys and values.
    type Parameters = (SizeRange, K::Parameters, V::Parameters);
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((size, key, value): Self::Parameters) -> Self::Strategy {
        hash_map(any_with::<K>(key), any_with::<V>(value), size).boxed()
    }
}

impl<T, S, C> Arbitrary for GenericHashSet<T, S, C>
where
    T: Arbitrary + Hash + Eq + Clone + 'static,
    S: BuildHasher + Default + 'static,
    C: Counter + 'static,
    Self: Debug,
{
    /// How many elements, and their parameters.
    type Parameters = (SizeRange, T::Parameters);
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((size, element): Self::Parameters) -> Self::Strategy {
        hash_set(any_with::<T>(element), size).boxed()
    }
}

impl<T, C> Arbitrary for GenericVector<T, C>
where
    T: Arbitrary + Clone + 'static,
    C: Counter + 'static,
    Self: Debug,
{
    /// How many elements, and their parameters.
    type Parameters = (SizeRange, T::Parameters);
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((size, element): Self::Parameters) -> Self::Strategy {
        vector(any_with::<T>(element), size).boxed()
    }
}
