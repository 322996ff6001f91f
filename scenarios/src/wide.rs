//! Keys, values and elements of many bytes, for [sensitivity](crate::input::ENTRY_BYTES): the same scenarios with other
//! entries.

use std::ops::Range;

use crate::input::Key;
use crate::lru_cache::contract::Cache;
use crate::persistent_map::contract::PersistentMap;
use crate::persistent_vector::contract::PersistentVector;

/// A number with so many words: a plain key or value that is large. All words depend on the number.
///
/// Two that differ do so in the first word. To hash one reads all of them, and to clone one copies all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wide<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Wide<WORDS> {
    /// The large form of a number.
    pub fn new(number: u64) -> Self {
        Wide(std::array::from_fn(|at| number.wrapping_add(at as u64)))
    }

    /// The number.
    pub fn number(&self) -> &u64 {
        &self.0[0]
    }
}

impl<const WORDS: usize> Key for Wide<WORDS> {
    fn from_id(id: u64) -> Self {
        Wide::new(u64::from_id(id))
    }

    fn fingerprint(&self) -> u64 {
        *self.number()
    }

    fn touch(&self) -> u64 {
        // What a visit finds does not depend on the size, so that one oracle serves all sizes.
        *self.number()
    }
}

impl<const WORDS: usize> From<u64> for Wide<WORDS> {
    fn from(number: u64) -> Self {
        Wide::new(number)
    }
}

impl<const WORDS: usize> From<Wide<WORDS>> for u64 {
    fn from(wide: Wide<WORDS>) -> Self {
        *wide.number()
    }
}

/// A structure of large values or elements, which are given and shown as the numbers that they stand for. So each scenario
/// runs on it as it is.
#[derive(Clone)]
pub struct Widened<C, const WORDS: usize>(C);

impl<K, M, const WORDS: usize> PersistentMap<K, u64> for Widened<M, WORDS>
where
    M: PersistentMap<K, Wide<WORDS>>,
{
    fn new() -> Self {
        Widened(M::new())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &K) -> Option<&u64> {
        self.0.get(key).map(Wide::number)
    }

    fn insert(&mut self, key: K, value: u64) {
        self.0.insert(key, value.into());
    }

    fn remove(&mut self, key: &K) -> bool {
        self.0.remove(key)
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a u64)>
    where
        K: 'a,
    {
        self.0.iter().map(|(key, value)| (key, value.number()))
    }

    fn union(&self, other: &Self) -> Self {
        Widened(self.0.union(&other.0))
    }

    fn equal(&self, other: &Self) -> bool {
        self.0.equal(&other.0)
    }

    fn contains_key(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn from_entries(entries: impl Iterator<Item = (K, u64)>) -> Self {
        Widened(M::from_entries(entries.map(|(key, value)| (key, value.into()))))
    }

    fn insert_all(&mut self, entries: impl Iterator<Item = (K, u64)>) {
        self.0.insert_all(entries.map(|(key, value)| (key, value.into())));
    }

    fn diff(&self, newer: &Self, mut found: impl FnMut(&K, Option<&u64>, Option<&u64>)) {
        self.0.diff(&newer.0, |key, old, new| found(key, old.map(Wide::number), new.map(Wide::number)));
    }
}

impl<V, const WORDS: usize> PersistentVector<u64> for Widened<V, WORDS>
where
    V: PersistentVector<Wide<WORDS>>,
{
    fn new() -> Self {
        Widened(V::new())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<&u64> {
        self.0.get(index).map(Wide::number)
    }

    fn push_back(&mut self, value: u64) {
        self.0.push_back(value.into());
    }

    fn pop_back(&mut self) -> Option<u64> {
        self.0.pop_back().map(u64::from)
    }

    fn set(&mut self, index: usize, value: u64) -> bool {
        self.0.set(index, value.into())
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a u64>
    where
        u64: 'a,
    {
        self.0.iter().map(Wide::number)
    }

    // Wide elements lie apart by their size, so that no slice of numbers shows several.
    fn for_each_chunk(&self, mut visit: impl FnMut(&[u64])) {
        self.0.for_each_chunk(|chunk| {
            chunk.iter().for_each(|value| visit(std::slice::from_ref(value.number())))
        });
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.0.slice(range).map(Widened)
    }

    fn concat(&self, other: &Self) -> Self {
        Widened(self.0.concat(&other.0))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn from_values(values: impl Iterator<Item = u64>) -> Self {
        Widened(V::from_values(values.map(Wide::new)))
    }
}

impl<K, C, const WORDS: usize> Cache<K, u64> for Widened<C, WORDS>
where
    C: Cache<K, Wide<WORDS>>,
{
    fn with_capacity(capacity: usize) -> Self {
        Widened(C::with_capacity(capacity))
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&mut self, key: &K) -> Option<&u64> {
        self.0.get(key).map(Wide::number)
    }

    fn put(&mut self, key: K, value: u64) {
        self.0.put(key, value.into());
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a u64)>
    where
        K: 'a,
    {
        self.0.iter().map(|(key, value)| (key, value.number()))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn holding(capacity: usize, entries: impl Iterator<Item = (K, u64)>) -> Self {
        Widened(C::holding(capacity, entries.map(|(key, value)| (key, value.into()))))
    }
}

/// The types that the scenarios of maps, caches and vectors are about.
#[cfg(not(any(lab_entry_bytes = "64", lab_entry_bytes = "256")))]
mod sized {
    use crate::input::FixedHasher;
    use crate::lru_cache::contract::Family as Caches;
    use crate::persistent_map::contract::Family as Maps;
    use crate::persistent_vector::contract::Family as Vectors;

    /// A plain key.
    pub type Plain = u64;
    /// A map of these keys and of plain values.
    pub type MapOf<F, K> = <F as Maps>::Map<K, u64, FixedHasher>;
    /// A cache of such entries.
    pub type CacheOf<F, K> = <F as Caches>::Cache<K, u64, FixedHasher>;
    /// A vector of plain elements.
    pub type VectorOf<F> = <F as Vectors>::Vector<u64>;
}

/// The types that the scenarios of maps, caches and vectors are about, in a build that asks for larger entries.
#[cfg(any(lab_entry_bytes = "64", lab_entry_bytes = "256"))]
mod sized {
    use super::{Wide, Widened};
    use crate::input::{ENTRY_BYTES, FixedHasher};
    use crate::lru_cache::contract::Family as Caches;
    use crate::persistent_map::contract::Family as Maps;
    use crate::persistent_vector::contract::Family as Vectors;

    const WORDS: usize = ENTRY_BYTES / 8;

    /// A plain key.
    pub type Plain = Wide<WORDS>;
    /// A map of these keys and of plain values.
    pub type MapOf<F, K> = Widened<<F as Maps>::Map<K, Wide<WORDS>, FixedHasher>, WORDS>;
    /// A cache of such entries.
    pub type CacheOf<F, K> = Widened<<F as Caches>::Cache<K, Wide<WORDS>, FixedHasher>, WORDS>;
    /// A vector of plain elements.
    pub type VectorOf<F> = Widened<<F as Vectors>::Vector<Wide<WORDS>>, WORDS>;
}

pub use sized::{CacheOf, MapOf, Plain, VectorOf};

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn distinct_numbers_stay_distinct_and_come_back() {
        let keys: BTreeMap<Wide<8>, u64> = (0..1000).map(|id| (Wide::from_id(id), id)).collect();
        assert_eq!(keys.len(), 1000);
        for (key, id) in &keys {
            let plain = u64::from_id(*id);
            assert_eq!((key.fingerprint(), key.touch()), (plain.fingerprint(), plain.touch()));
        }
        assert_eq!(size_of::<Wide<8>>(), 64);
        assert_eq!(u64::from(Wide::<32>::new(7)), 7);
    }

    #[test]
    fn a_widened_map_shows_the_numbers_that_it_was_given() {
        type Map = Widened<BTreeMap<u64, Wide<8>>, 8>;
        let mut map = Map::from_entries((0..10).map(|key| (key, key + 100)));
        let before = map.clone();
        map.insert(3, 7);
        assert!(map.remove(&4));
        assert_eq!((map.get(&3), map.get(&4), map.get(&5), map.len()), (Some(&7), None, Some(&105), 9));
        assert!(!map.equal(&before) && before.equal(&before.clone()));
        let united = map.union(&before);
        assert_eq!((united.get(&3), united.get(&4), united.len()), (Some(&7), Some(&104), 10));
        assert!(
            united
                .iter()
                .eq(&BTreeMap::from_iter((0..10).map(|key| (key, if key == 3 { 7 } else { key + 100 }))))
        );
    }
}
