//! Conversions from and to the collections of std, and between maps, sets and vectors.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher, Hash};

use crate::counter::Counter;
use crate::{GenericHashMap, GenericHashSet, GenericVector};

/// Conversions to maps. Each takes O(n log n) for n entries; of entries with equal keys, the last one stays.
macro_rules! to_map {
    ($($(#[$doc:meta])* ($($more:tt)*) $from:ty;)*) => {$(
        impl<$($more)* K, V, S, C> From<$from> for GenericHashMap<K, V, S, C>
        where
            K: Hash + Eq + Clone,
            V: Clone,
            S: BuildHasher + Default,
            C: Counter,
        {
            $(#[$doc])*
            fn from(entries: $from) -> Self {
                let mut map = Self::default();
                map.extend(entries);
                map
            }
        }
    )*};
}

to_map! {
    /// A map of the entries, which are moved. Of entries with equal keys, the last one stays. O(n log n) for n entries.
    () Vec<(K, V)>;
    /// A map of the entries, which are moved. O(n log n) for n entries.
    (S2,) std::collections::HashMap<K, V, S2>;
    /// A map of clones of the entries. O(n log n) for n entries.
    ('a, S2,) &'a std::collections::HashMap<K, V, S2>;
    /// A map of the entries, which are moved. O(n log n) for n entries.
    () BTreeMap<K, V>;
    /// A map of clones of the entries. O(n log n) for n entries.
    ('a,) &'a BTreeMap<K, V>;
}

impl<K, V, S, C> From<&[(K, V)]> for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    /// A map of clones of the entries. Of entries with equal keys, the last one stays. O(n log n) for n entries.
    fn from(entries: &[(K, V)]) -> Self {
        entries.iter().cloned().collect()
    }
}

impl<K, V, S, C> From<&Vec<(K, V)>> for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    /// A map of clones of the entries. Of entries with equal keys, the last one stays. O(n log n) for n entries.
    fn from(entries: &Vec<(K, V)>) -> Self {
        entries.as_slice().into()
    }
}

impl<K, V, S, C, S2> From<GenericHashMap<K, V, S, C>> for std::collections::HashMap<K, V, S2>
where
    K: Hash + Eq + Clone,
    V: Clone,
    C: Counter,
    S2: BuildHasher + Default,
{
    /// The entries, moved or cloned as [`IntoIter`](crate::map::IntoIter) says. O(n).
    fn from(map: GenericHashMap<K, V, S, C>) -> Self {
        map.into_iter().collect()
    }
}

impl<K: Ord + Clone, V: Clone, S, C: Counter> From<GenericHashMap<K, V, S, C>> for BTreeMap<K, V> {
    /// The entries, moved or cloned as [`IntoIter`](crate::map::IntoIter) says. O(n log n).
    fn from(map: GenericHashMap<K, V, S, C>) -> Self {
        map.into_iter().collect()
    }
}

impl<K: Clone, V: Clone, S, C: Counter> From<GenericHashMap<K, V, S, C>> for Vec<(K, V)> {
    /// The entries in any order, moved or cloned as [`IntoIter`](crate::map::IntoIter) says. O(n).
    fn from(map: GenericHashMap<K, V, S, C>) -> Self {
        map.into_iter().collect()
    }
}

/// Conversions to sets. Each takes O(n log n) for n elements.
macro_rules! to_set {
    ($($(#[$doc:meta])* ($($more:tt)*) $from:ty;)*) => {$(
        impl<$($more)* T, S, C> From<$from> for GenericHashSet<T, S, C>
        where
            T: Hash + Eq + Clone,
            S: BuildHasher + Default,
            C: Counter,
        {
            $(#[$doc])*
            fn from(elements: $from) -> Self {
                let mut set = Self::default();
                set.extend(elements);
                set
            }
        }
    )*};
}

to_set! {
    /// A set of the elements, which are moved. O(n log n) for n elements.
    () Vec<T>;
    /// A set of clones of the elements. O(n log n) for n elements.
    ('a,) &'a Vec<T>;
    /// A set of clones of the elements. O(n log n) for n elements.
    ('a,) &'a [T];
    /// A set of the elements, which are moved. O(n log n) for n elements.
    (S2,) std::collections::HashSet<T, S2>;
    /// A set of clones of the elements. O(n log n) for n elements.
    ('a, S2,) &'a std::collections::HashSet<T, S2>;
    /// A set of the elements, which are moved. O(n log n) for n elements.
    () BTreeSet<T>;
    /// A set of clones of the elements. O(n log n) for n elements.
    ('a,) &'a BTreeSet<T>;
    /// A set of the elements, moved or cloned as [`IntoIter`](crate::vector::IntoIter) says. O(n log n) for n elements.
    (C2: Counter,) GenericVector<T, C2>;
    /// A set of clones of the elements. O(n log n) for n elements.
    ('a, C2: Counter,) &'a GenericVector<T, C2>;
}

impl<T, S, C, S2> From<GenericHashSet<T, S, C>> for std::collections::HashSet<T, S2>
where
    T: Hash + Eq + Clone,
    C: Counter,
    S2: BuildHasher + Default,
{
    /// The elements, moved or cloned as [`IntoIter`](crate::set::IntoIter) says. O(n).
    fn from(set: GenericHashSet<T, S, C>) -> Self {
        set.into_iter().collect()
    }
}

impl<T: Ord + Clone, S, C: Counter> From<GenericHashSet<T, S, C>> for BTreeSet<T> {
    /// The elements, moved or cloned as [`IntoIter`](crate::set::IntoIter) says. O(n log n).
    fn from(set: GenericHashSet<T, S, C>) -> Self {
        set.into_iter().collect()
    }
}

impl<T: Clone, S, C: Counter> From<GenericHashSet<T, S, C>> for Vec<T> {
    /// The elements in any order, moved or cloned as [`IntoIter`](crate::set::IntoIter) says. O(n).
    fn from(set: GenericHashSet<T, S, C>) -> Self {
        set.into_iter().collect()
    }
}

impl<T: Clone, C: Counter, const N: usize> From<&[T; N]> for GenericVector<T, C> {
    /// A vector of clones of the values. O(n).
    fn from(values: &[T; N]) -> Self {
        values.as_slice().into()
    }
}

impl<T: Clone, C: Counter> From<VecDeque<T>> for GenericVector<T, C> {
    /// A vector of the values, which are moved. O(n).
    fn from(values: VecDeque<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Clone, C: Counter> From<Box<[T]>> for GenericVector<T, C> {
    /// A vector of the values, which are moved. O(n).
    fn from(values: Box<[T]>) -> Self {
        values.into_vec().into()
    }
}

impl<T: Clone, C: Counter> From<GenericVector<T, C>> for VecDeque<T> {
    /// The elements, which are moved out of leaves that no other version holds, and otherwise cloned. O(n).
    fn from(vector: GenericVector<T, C>) -> Self {
        vector.into_iter().collect()
    }
}

impl<T: Clone, C: Counter> From<&GenericVector<T, C>> for Vec<T> {
    /// Clones of the elements. O(n).
    fn from(vector: &GenericVector<T, C>) -> Self {
        let mut values = Vec::with_capacity(vector.len());
        vector.leaves().for_each(|leaf| values.extend_from_slice(leaf));
        values
    }
}

impl<K, V, S, C, S2, C2> From<&GenericHashMap<&K, &V, S2, C2>> for GenericHashMap<K::Owned, V::Owned, S, C>
where
    K: ToOwned<Owned: Hash + Eq + Clone> + ?Sized,
    V: ToOwned<Owned: Clone> + ?Sized,
    S: BuildHasher + Default,
    C: Counter,
    C2: Counter,
{
    /// A map that owns what the other one borrows. O(n log n) for n entries.
    ///
    /// ```
    /// use persistent_collections::{HashMap, hashmap};
    ///
    /// let owned: HashMap<String, u32> = HashMap::from(&hashmap! { "apples" => &3 });
    /// assert_eq!(owned["apples"], 3);
    /// ```
    fn from(map: &GenericHashMap<&K, &V, S2, C2>) -> Self {
        map.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }
}

impl<T, S, C, S2, C2> From<&GenericHashSet<&T, S2, C2>> for GenericHashSet<T::Owned, S, C>
where
    T: ToOwned<Owned: Hash + Eq + Clone> + ?Sized,
    S: BuildHasher + Default,
    C: Counter,
    C2: Counter,
{
    /// A set that owns what the other one borrows. O(n log n) for n elements.
    fn from(set: &GenericHashSet<&T, S2, C2>) -> Self {
        set.iter().map(|element| (*element).to_owned()).collect()
    }
}

impl<T, C, C2> From<&GenericVector<&T, C2>> for GenericVector<T::Owned, C>
where
    T: ToOwned<Owned: Clone> + ?Sized,
    C: Counter,
    C2: Counter,
{
    /// A vector that owns what the other one borrows. O(n).
    fn from(vector: &GenericVector<&T, C2>) -> Self {
        vector.iter().map(|element| (*element).to_owned()).collect()
    }
}
