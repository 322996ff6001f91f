//! A flat array of up to 8 entries, which the ninth turns into a HAMT.
//!
//! Source: the array-map proposal. [`Hybrid`] is generic over the threshold; `hybrid_4`, `hybrid_16` and
//! `hybrid_32` differ only in the threshold.
//!
//! ```text
//!   Hybrid::Array ●──► a=1 │ b=2 │ … up to N          see `array_map`
//!        │ the insert of one more
//!        ▼
//!   Hybrid::Trie ●──► a HAMT                           see `hamt` of persistent_map
//! ```
//!
//! A trie never becomes an array again, however few entries are left: a map whose size goes up and down around the
//! threshold would pay for it each time. So of two maps with equal content, one may be an array and one a trie.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};
use std::slice;

use persistent_map_hamt::Map as Trie;
use scenarios::persistent_map::{Family, PersistentMap};
use scenarios::{About, Capability, Contender, Role};
use small_map_array_map::ArrayMap;

/// A map with cheap versions: a flat array of up to `N` entries, then a HAMT.
#[derive(Clone)]
pub enum Hybrid<K, V, S, const N: usize> {
    /// At most `N` entries.
    Array(ArrayMap<K, V>),
    /// More than `N` entries, or what is left after there were more.
    Trie(Trie<(K, V), S>),
}

impl<K, V, S, const N: usize> Hybrid<K, V, S, N>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone + Default,
{
    /// The trie of the entries of `array` and the one that was too many.
    #[cold]
    #[inline(never)]
    fn upgraded(array: &ArrayMap<K, V>, (key, value): (K, V)) -> Self {
        let mut trie = Trie::new();
        array.iter().for_each(|(key, value)| trie.insert(key.clone(), value.clone()));
        trie.insert(key, value);
        Hybrid::Trie(trie)
    }
}

impl<K, V, S, const N: usize> PersistentMap<K, V> for Hybrid<K, V, S, N>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone + Default,
{
    fn new() -> Self {
        Hybrid::Array(ArrayMap::new())
    }

    fn len(&self) -> usize {
        match self {
            Hybrid::Array(array) => array.len(),
            Hybrid::Trie(trie) => trie.len(),
        }
    }

    fn get(&self, key: &K) -> Option<&V> {
        match self {
            Hybrid::Array(array) => array.get(key),
            Hybrid::Trie(trie) => trie.get(key),
        }
    }

    fn insert(&mut self, key: K, value: V) {
        match self {
            Hybrid::Array(array) => {
                if let Some(refused) = array.insert_below(N, key, value) {
                    *self = Self::upgraded(array, refused);
                }
            }
            Hybrid::Trie(trie) => trie.insert(key, value),
        }
    }

    fn remove(&mut self, key: &K) -> bool {
        match self {
            Hybrid::Array(array) => array.remove(key),
            Hybrid::Trie(trie) => trie.remove(key),
        }
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        match self {
            Hybrid::Array(array) => Iter::Array(array.iter()),
            Hybrid::Trie(trie) => Iter::Trie(trie.iter()),
        }
    }

    fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Hybrid::Trie(ours), Hybrid::Trie(theirs)) => Hybrid::Trie(ours.union(theirs)),
            (ours, theirs) => {
                let mut united = theirs.clone();
                ours.iter().for_each(|(key, value)| united.insert(key.clone(), value.clone()));
                united
            }
        }
    }

    fn equal(&self, other: &Self) -> bool {
        match (self, other) {
            (Hybrid::Array(ours), Hybrid::Array(theirs)) => ours.equal(theirs),
            (Hybrid::Trie(ours), Hybrid::Trie(theirs)) => ours.equal(theirs),
            (ours, theirs) => {
                ours.len() == theirs.len() && ours.iter().all(|(key, value)| theirs.get(key) == Some(value))
            }
        }
    }

    fn from_entries(mut entries: impl Iterator<Item = (K, V)>) -> Self {
        match ArrayMap::from_first(&mut entries, N) {
            (array, None) => Hybrid::Array(array),
            (array, Some(refused)) => {
                let mut map = Self::upgraded(&array, refused);
                // Not at the end of the function: if a drop panicked there, the map to be returned would leak.
                drop(array);
                entries.for_each(|(key, value)| map.insert(key, value));
                map
            }
        }
    }
}

/// Iterator over the entries of a [`Hybrid`].
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be an allocation to save a few words on the stack"
)]
enum Iter<'a, K, V> {
    Array(slice::Iter<'a, (K, V)>),
    Trie(persistent_map_hamt::Iter<'a, (K, V)>),
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Iter::Array(array) => array.next().map(|(key, value)| (key, value)),
            Iter::Trie(trie) => trie.next(),
        }
    }
}

/// [`Hybrid`] with the threshold `N` as a [`Family`].
pub struct UpTo<const N: usize>;

impl<const N: usize> Family for UpTo<N> {
    type Map<K, V, S>
        = Hybrid<K, V, S, N>
    where
        K: Hash + Ord + Clone + Debug + Send + Sync + 'static,
        V: Clone + Debug + PartialEq + Send + Sync + 'static,
        S: BuildHasher + Clone + Default + Send + Sync + 'static;
}

/// The contender: a flat array of up to 8 entries, then a HAMT.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<UpTo<8>>(About {
        name: "hybrid_8",
        role: Role::Optimized,
        summary: "A flat array of up to 8 entries; one more turns it into a textbook HAMT, which it then remains.",
        source: "array-map proposal",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Up to 8 entries it is `array_map`, beyond that `hamt`; each operation checks which of the two it has. An \
insert of one more than 8 moves every entry into a new trie. That happens once, because a trie that shrinks \
stays a trie.

The proposal chose 8: there the scan of plain keys still costs about as much as a hash and a comparison. \
Where comparing is expensive, 8 is already too many. The step to a trie itself costs what building a trie \
of 9 entries costs, and shows in insert_shared at 9.";

#[cfg(test)]
mod tests {
    use scenarios::input::FixedHasher;
    use testkit::Fragile;
    use testkit::map::hostile;
    use testkit::probe::PassThrough;

    use super::*;

    type Map = Hybrid<u32, u32, FixedHasher, 8>;

    fn is_array(map: &Map) -> bool {
        matches!(map, Hybrid::Array(_))
    }

    #[test]
    fn upgrades_once_and_means_the_same() {
        let mut map = Map::from_entries((0..8).map(|key| (key, key)));
        assert!(is_array(&map));
        map.insert(3, 30);
        assert!(is_array(&map), "overwriting adds nothing");
        let eight = map.clone();
        map.insert(8, 8);
        assert!(!is_array(&map) && is_array(&eight));
        assert_eq!((map.len(), eight.len(), map.get(&3), eight.get(&8)), (9, 8, Some(&30), None));
        assert!(map.remove(&8));
        assert!(!is_array(&map), "no way back");
        assert!(map.equal(&eight) && eight.equal(&map));
        let mut sorted: Vec<_> = map.iter().collect();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(eight.iter()));
        assert!(!is_array(&Map::from_entries((0..9).map(|key| (key, key)))));
        assert!(is_array(&Map::from_entries((0..90).map(|key| (key % 8, key)))));
        let united = eight.union(&map);
        assert!(united.equal(&map));
    }

    #[test]
    fn hostile_keys_and_values_leave_every_version_sound() {
        type Fragiles = Hybrid<Fragile, Fragile, PassThrough, 8>;
        hostile::every_change_is_made_or_not::<Fragiles>(150);
        hostile::a_copy_that_drops_the_original_is_made_or_not::<Fragiles>(false);
        type Of<V> = Hybrid<u32, V, FixedHasher, 8>;
        testkit::holds_every_kind!(Of);
    }

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
