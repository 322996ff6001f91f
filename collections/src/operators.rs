//! Operators and sums, where `im` has them: `+` unites maps and sets and appends vectors, `*` intersects sets.

use std::hash::{BuildHasher, Hash};
use std::iter::Sum;
use std::ops::{Add, Mul};

use crate::counter::Counter;
use crate::{GenericHashMap, GenericHashSet, GenericOrdMap, GenericOrdSet, GenericVector};

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher, C: Counter> Add for GenericHashMap<K, V, S, C> {
    type Output = Self;

    /// The same as [`union`](GenericHashMap::union): where both have a key, the value is the left map's.
    fn add(self, other: Self) -> Self {
        self.union(other)
    }
}

impl<K, V, S, C> Add for &GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
    C: Counter,
{
    type Output = GenericHashMap<K, V, S, C>;

    /// The [`union`](GenericHashMap::union) of clones of both.
    fn add(self, other: Self) -> GenericHashMap<K, V, S, C> {
        self.clone().union(other.clone())
    }
}

impl<K, V, S, C> Sum for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    /// The same as [`unions`](GenericHashMap::unions).
    fn sum<I: Iterator<Item = Self>>(maps: I) -> Self {
        Self::unions(maps)
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher, C: Counter> Add for GenericHashSet<T, S, C> {
    type Output = Self;

    /// The same as [`union`](GenericHashSet::union).
    fn add(self, other: Self) -> Self {
        self.union(other)
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone, C: Counter> Add for &GenericHashSet<T, S, C> {
    type Output = GenericHashSet<T, S, C>;

    /// The [`union`](GenericHashSet::union) of clones of both.
    fn add(self, other: Self) -> GenericHashSet<T, S, C> {
        self.clone().union(other.clone())
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher, C: Counter> Mul for GenericHashSet<T, S, C> {
    type Output = Self;

    /// The same as [`intersection`](GenericHashSet::intersection).
    fn mul(self, other: Self) -> Self {
        self.intersection(&other)
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone, C: Counter> Mul for &GenericHashSet<T, S, C> {
    type Output = GenericHashSet<T, S, C>;

    /// The [`intersection`](GenericHashSet::intersection) of a clone of the left set and the right one.
    fn mul(self, other: Self) -> GenericHashSet<T, S, C> {
        self.clone().intersection(other)
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher + Default, C: Counter> Sum for GenericHashSet<T, S, C> {
    /// The same as [`unions`](GenericHashSet::unions).
    fn sum<I: Iterator<Item = Self>>(sets: I) -> Self {
        Self::unions(sets)
    }
}

impl<T: Clone, C: Counter> Sum for GenericVector<T, C> {
    /// The elements of all vectors, one vector after the other. Costs one [`append`](GenericVector::append) for each.
    ///
    /// # Panics
    /// If there would be more than `isize::MAX` elements, or up to 64 fewer.
    fn sum<I: Iterator<Item = Self>>(vectors: I) -> Self {
        vectors.reduce(|all, vector| all + vector).unwrap_or_default()
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> Add for GenericOrdMap<K, V, C> {
    type Output = Self;

    /// The same as [`union`](GenericOrdMap::union): where both have a key, the value is the left map's.
    fn add(self, other: Self) -> Self {
        self.union(other)
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> Add for &GenericOrdMap<K, V, C> {
    type Output = GenericOrdMap<K, V, C>;

    /// The [`union`](GenericOrdMap::union) of clones of both.
    fn add(self, other: Self) -> GenericOrdMap<K, V, C> {
        self.clone().union(other.clone())
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> Sum for GenericOrdMap<K, V, C> {
    /// The same as [`unions`](GenericOrdMap::unions).
    fn sum<I: Iterator<Item = Self>>(maps: I) -> Self {
        Self::unions(maps)
    }
}

impl<T: Ord + Clone, C: Counter> Add for GenericOrdSet<T, C> {
    type Output = Self;

    /// The same as [`union`](GenericOrdSet::union).
    fn add(self, other: Self) -> Self {
        self.union(other)
    }
}

impl<T: Ord + Clone, C: Counter> Add for &GenericOrdSet<T, C> {
    type Output = GenericOrdSet<T, C>;

    /// The [`union`](GenericOrdSet::union) of clones of both.
    fn add(self, other: Self) -> GenericOrdSet<T, C> {
        self.clone().union(other.clone())
    }
}

impl<T: Ord + Clone, C: Counter> Mul for GenericOrdSet<T, C> {
    type Output = Self;

    /// The same as [`intersection`](GenericOrdSet::intersection).
    fn mul(self, other: Self) -> Self {
        self.intersection(&other)
    }
}

impl<T: Ord + Clone, C: Counter> Mul for &GenericOrdSet<T, C> {
    type Output = GenericOrdSet<T, C>;

    /// The [`intersection`](GenericOrdSet::intersection) of a clone and the other set.
    fn mul(self, other: Self) -> GenericOrdSet<T, C> {
        self.clone().intersection(other)
    }
}

impl<T: Ord + Clone, C: Counter> Sum for GenericOrdSet<T, C> {
    /// The same as [`unions`](GenericOrdSet::unions).
    fn sum<I: Iterator<Item = Self>>(sets: I) -> Self {
        Self::unions(sets)
    }
}
