//! A flat array of entries. A lookup searches it from end to end; a change that keeps the version before copies it.
//!
//! Source: the array-map proposal's representation of small maps, used here at every size.
//!
//! ```text
//!   ArrayMap ●──► Arc ──► Vec: a=1 │ b=2 │ c=3        no hash and no order: a key is found by comparing
//! ```
//!
//! Invariant: no two entries have equal keys.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::slice;
use std::sync::Arc;

use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Contender, Growth, Role};

/// A map with cheap versions in a flat array. Cloning shares it and is O(1); with n entries, every lookup is O(n).
#[derive(Clone, Debug)]
pub struct ArrayMap<K, V> {
    entries: Arc<Vec<(K, V)>>,
}

impl<K, V> ArrayMap<K, V> {
    /// The empty map.
    pub fn new() -> Self {
        ArrayMap { entries: Arc::new(Vec::new()) }
    }

    /// Number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every entry once, in no particular order.
    #[inline]
    pub fn iter(&self) -> slice::Iter<'_, (K, V)> {
        self.entries.iter()
    }
}

impl<K, V> Default for ArrayMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// The entry with `key`.
#[inline]
fn scan<'a, K: Eq, V>(mut entries: &'a [(K, V)], key: &K) -> Option<&'a (K, V)> {
    // Unrolled by hand, because the compiler would make a loop of almost twice the instructions.
    while let [one, two, three, four, rest @ ..] = entries {
        if one.0 == *key {
            return Some(one);
        }
        if two.0 == *key {
            return Some(two);
        }
        if three.0 == *key {
            return Some(three);
        }
        if four.0 == *key {
            return Some(four);
        }
        entries = rest;
    }
    entries.iter().find(|(resident, _)| resident == key)
}

impl<K: Eq, V> ArrayMap<K, V> {
    /// Where `key` lies. O(n).
    #[inline]
    fn position(&self, key: &K) -> Option<usize> {
        self.entries.iter().position(|(resident, _)| resident == key)
    }

    /// The value of `key`. O(n).
    #[inline]
    pub fn get(&self, key: &K) -> Option<&V> {
        scan(&self.entries, key).map(|(_, value)| value)
    }
}

impl<K: Eq + Clone, V: Clone> ArrayMap<K, V> {
    /// Sets the value of `key`. If the key is new and there are `most` entries already, returns key and value instead.
    /// O(n); in place if this version shares nothing, otherwise in a copy.
    pub fn insert_below(&mut self, most: usize, key: K, value: V) -> Option<(K, V)> {
        let place = self.position(&key);
        if place.is_none() && self.len() >= most {
            return Some((key, value));
        }
        if let Some(own) = Arc::get_mut(&mut self.entries) {
            match place {
                Some(place) => own[place].1 = value,
                None => own.push((key, value)),
            }
            return None;
        }
        let mut copy = Vec::with_capacity(self.len() + usize::from(place.is_none()));
        match place {
            Some(place) => {
                copy.extend_from_slice(&self.entries[..place]);
                copy.push((key, value));
                copy.extend_from_slice(&self.entries[place + 1..]);
            }
            None => {
                copy.extend_from_slice(&self.entries);
                copy.push((key, value));
            }
        }
        self.entries = Arc::new(copy);
        None
    }

    /// Removes `key` and returns whether it was there. O(n).
    pub fn remove(&mut self, key: &K) -> bool {
        let Some(place) = self.position(key) else { return false };
        match Arc::get_mut(&mut self.entries) {
            Some(own) => drop(own.swap_remove(place)),
            None => {
                let mut copy = Vec::with_capacity(self.len() - 1);
                copy.extend_from_slice(&self.entries[..place]);
                copy.extend_from_slice(&self.entries[place + 1..]);
                self.entries = Arc::new(copy);
            }
        }
        true
    }

    /// The entries of both maps, with this map's value for each key that both have. O(n · m).
    pub fn union(&self, other: &Self) -> Self {
        let mut entries = Vec::with_capacity(self.len() + other.len());
        entries.extend_from_slice(&self.entries);
        entries.extend(other.iter().filter(|(key, _)| self.position(key).is_none()).cloned());
        ArrayMap { entries: Arc::new(entries) }
    }

    /// The map of the first entries, up to `most` different keys; of equal keys the last one wins. Also returns the
    /// entry that is one too many, if there is one.
    pub fn from_first(entries: &mut impl Iterator<Item = (K, V)>, most: usize) -> (Self, Option<(K, V)>) {
        let (expected, _) = entries.size_hint();
        let mut list: Vec<(K, V)> = Vec::with_capacity(expected.min(most));
        for (key, value) in entries {
            match list.iter().position(|(resident, _)| *resident == key) {
                Some(place) => list[place].1 = value,
                None if list.len() == most => {
                    return (ArrayMap { entries: Arc::new(list) }, Some((key, value)));
                }
                None => list.push((key, value)),
            }
        }
        (ArrayMap { entries: Arc::new(list) }, None)
    }
}

impl<K: Eq, V: PartialEq> ArrayMap<K, V> {
    /// Whether both maps hold the same entries, in any order. O(n²); O(1) for versions that share their array.
    pub fn equal(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.entries, &other.entries)
            || (self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value)))
    }
}

/// An [`ArrayMap`] of any size. It does not use the contract's hasher.
#[derive(Clone)]
pub struct Map<K, V, S> {
    array: ArrayMap<K, V>,
    hasher: PhantomData<S>,
}

impl<K, V, S> Map<K, V, S> {
    fn of(array: ArrayMap<K, V>) -> Self {
        Map { array, hasher: PhantomData }
    }
}

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Eq + Clone,
    V: Clone + PartialEq,
    S: Clone,
{
    fn new() -> Self {
        Map::of(ArrayMap::new())
    }

    fn len(&self) -> usize {
        self.array.len()
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.array.get(key)
    }

    fn insert(&mut self, key: K, value: V) {
        let refused = self.array.insert_below(usize::MAX, key, value);
        debug_assert!(refused.is_none());
    }

    fn remove(&mut self, key: &K) -> bool {
        self.array.remove(key)
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.array.iter().map(|(key, value)| (key, value))
    }

    fn union(&self, other: &Self) -> Self {
        Map::of(self.array.union(&other.array))
    }

    fn equal(&self, other: &Self) -> bool {
        self.array.equal(&other.array)
    }

    fn from_entries(mut entries: impl Iterator<Item = (K, V)>) -> Self {
        Map::of(ArrayMap::from_first(&mut entries, usize::MAX).0)
    }
}

struct Array;

scenarios::persistent_map_family!(<K, V, S> Array = Map<K, V, S>);

/// The contender: a flat array at every size.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<Array>(About {
        name: "array_map",
        role: Role::Optimized,
        summary: "A flat array of entries behind an Arc, at every size: searched from end to end, copied on write.",
        source: "array-map proposal: its flat representation",
        analysis: ANALYSIS,
        complexity: &[
            ("get_hit", Growth::Linear),
            ("get_miss", Growth::Linear),
            ("insert_shared", Growth::Linear),
            ("remove_shared", Growth::Linear),
            ("build", Growth::Linear),
            ("insert_unshared", Growth::Linear),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A vector of entries behind a reference count. Nothing is hashed: a lookup compares one key after the other; \
an insert does the same and appends. A change that keeps the version before copies the whole array, in two \
allocations.

With plain keys it wins building, iteration and inserts that keep the version before, at every size here: \
copying a kilobyte costs less than finding the way in a trie. A lookup costs not quite three instructions \
per number passed. So the plain scan stops winning against the best HAMT, im, at about 10 entries, and \
against the textbook one at about 40. With String keys a comparison is a call, and a copy clones every \
String. There the scan loses to hashing before 4 entries against im and at about 5 against the textbook \
trie, and sharing entries pays at once. Where equality is expensive, the scan is still ahead at 4 entries, \
since a hash reads the key, too, and far behind at 16. An absent key is compared with every key in the map, \
and costs more than a hash from 4 entries on.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_given_back() {
        let mut map = ArrayMap::new();
        assert_eq!(map.insert_below(2, 1, "one"), None);
        assert_eq!(map.insert_below(2, 2, "two"), None);
        assert_eq!(map.insert_below(2, 3, "three"), Some((3, "three")));
        assert_eq!(map.insert_below(2, 2, "zwei"), None);
        assert_eq!((map.len(), map.get(&2), map.get(&3)), (2, Some(&"zwei"), None));

        let mut list = [(1, 'a'), (2, 'b'), (1, 'c'), (3, 'd'), (4, 'e')].into_iter();
        let (map, refused) = ArrayMap::from_first(&mut list, 2);
        assert_eq!(
            (map.len(), map.get(&1), refused, list.next()),
            (2, Some(&'c'), Some((3, 'd')), Some((4, 'e')))
        );
    }

    #[test]
    fn a_shared_array_is_copied_and_an_own_one_is_not() {
        let mut map = ArrayMap::new();
        (0..4).for_each(|key| assert_eq!(map.insert_below(9, key, key), None));
        let address = |map: &ArrayMap<i32, i32>| map.entries.as_ptr();
        let before = address(&map);
        assert!(map.remove(&0) && !map.remove(&0));
        assert_eq!(address(&map), before);
        let held = map.clone();
        assert!(map.remove(&1));
        assert_ne!(address(&map), before);
        assert_eq!((held.len(), held.get(&1), map.get(&1)), (3, Some(&1), None));
    }

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
