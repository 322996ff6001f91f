//! Arbitrary collections for fuzzers, with the crate `arbitrary`.

use std::hash::{BuildHasher, Hash};

use ::arbitrary::{Arbitrary, Result, Unstructured};

use crate::counter::Counter;
use crate::{GenericHashMap, GenericHashSet, GenericVector};

/// The elements that some bytes give, as a collection of this type.
macro_rules! gathered {
    () => {
        /// A collection of what the bytes give, in their order. O(n log n) for n elements.
        ///
        /// # Errors
        /// Whatever an element returns.
        fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
            bytes.arbitrary_iter()?.collect()
        }

        /// The same of all the bytes that are left.
        ///
        /// # Errors
        /// Whatever an element returns.
        fn arbitrary_take_rest(bytes: Unstructured<'a>) -> Result<Self> {
            bytes.arbitrary_take_rest_iter()?.collect()
        }

        fn size_hint(_: usize) -> (usize, Option<usize>) {
            (0, None)
        }
    };
}

impl<'a, K, V, S, C> Arbitrary<'a> for GenericHashMap<K, V, S, C>
where
    K: Arbitrary<'a> + Hash + Eq + Clone,
    V: Arbitrary<'a> + Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    gathered!();
}

impl<'a, T, S, C> Arbitrary<'a> for GenericHashSet<T, S, C>
where
    T: Arbitrary<'a> + Hash + Eq + Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    gathered!();
}

impl<'a, T: Arbitrary<'a> + Clone, C: Counter> Arbitrary<'a> for GenericVector<T, C> {
    gathered!();
}
