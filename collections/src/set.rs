//! A persistent hash set: a [map] of elements without values, whose structure it shares.
//!
//! # Coming from other crates
//!
//! | `im`, `imbl` | `rpds` | here |
//! |---|---|---|
//! | `HashSet::new()` | `HashTrieSetSync::new_sync()` | [`HashSet::new()`](GenericHashSet::new) |
//! | `im_rc::HashSet` | `HashTrieSet` | [`rc::HashSet`](crate::rc::HashSet) |
//! | `insert`, `remove` | `insert_mut`, `remove_mut` | [`insert`](GenericHashSet::insert), [`remove`](GenericHashSet::remove) |
//! | `update`, `without` | `insert`, `remove` | [`update`](GenericHashSet::update), [`without`](GenericHashSet::without) |
//! | `union` (by value), `intersection` | – | [`union`](GenericHashSet::union), [`intersection`](GenericHashSet::intersection) |
//! | `relative_complement` | – | [`difference`](GenericHashSet::difference) |
//! | `difference` | – | [`symmetric_difference`](GenericHashSet::symmetric_difference) |
//! | `is_subset` | `is_subset` | [`is_subset`](GenericHashSet::is_subset) |

use std::borrow::Borrow;
use std::fmt::{self, Debug};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::iter::FusedIterator;

use crate::counter::{Atomic, Counter};
use crate::map::{self, GenericHashMap, Keys};

/// A persistent hash set, whatever counts its nodes; see the [map's module](crate::map) for how it works.
///
/// Use it as [`HashSet`], or as [`rc::HashSet`](crate::rc::HashSet) in one thread. Operations take the time of the
/// map's.
pub struct GenericHashSet<T, S, C: Counter> {
    map: GenericHashMap<T, (), S, C>,
}

/// A [`GenericHashSet`] whose versions several threads may hold.
///
/// ```
/// use collections::HashSet;
///
/// let mut set: HashSet<_> = [1, 2, 3].into();
/// let before = set.clone();
/// set.insert(4);
/// assert!(!before.contains(&4) && before.is_subset(&set));
/// ```
pub type HashSet<T, S = RandomState> = GenericHashSet<T, S, Atomic>;

impl<T, S: Clone, C: Counter> Clone for GenericHashSet<T, S, C> {
    /// Another version of the same content, in constant time.
    #[inline]
    fn clone(&self) -> Self {
        GenericHashSet { map: self.map.clone() }
    }
}

impl<T, S: Default, C: Counter> Default for GenericHashSet<T, S, C> {
    /// An empty set.
    #[inline]
    fn default() -> Self {
        GenericHashSet { map: GenericHashMap::default() }
    }
}

impl<T, C: Counter> GenericHashSet<T, RandomState, C> {
    /// An empty set; it allocates nothing.
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// A set of one element.
    #[inline]
    pub fn unit(element: T) -> Self
    where
        T: Hash + Eq + Clone,
    {
        Self::from([element])
    }
}

impl<T, S, C: Counter> GenericHashSet<T, S, C> {
    /// An empty set that hashes with `hasher`.
    #[inline]
    pub fn with_hasher(hasher: S) -> Self {
        GenericHashSet { map: GenericHashMap::with_hasher(hasher) }
    }

    /// What elements are hashed with.
    #[inline]
    pub fn hasher(&self) -> &S {
        self.map.hasher()
    }

    /// Number of elements, in constant time.
    #[inline]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is no element.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Whether both are the same version: a clone that has not changed since.
    #[inline]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.map.ptr_eq(&other.map)
    }

    /// Every element once, in an order that depends on hashes and history.
    #[inline]
    pub fn iter(&self) -> Iter<'_, T, C> {
        Iter(self.map.keys())
    }

    /// Removes every element.
    #[inline]
    pub fn clear(&mut self) {
        self.map.clear();
    }
}

impl<T: Hash + Eq, S: BuildHasher, C: Counter> GenericHashSet<T, S, C> {
    /// Whether `element` is present.
    #[inline]
    pub fn contains<Q: Hash + Eq + ?Sized>(&self, element: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.map.contains_key(element)
    }

    /// The element as the set has it.
    #[inline]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, element: &Q) -> Option<&T>
    where
        T: Borrow<Q>,
    {
        self.map.get_key_value(element).map(|entry| entry.0)
    }

    /// Whether `other` has every element of this set. Parts that both share are not looked at.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.map.is_submap(&other.map)
    }

    /// Whether `other` has every element of this set, and more.
    pub fn is_proper_subset(&self, other: &Self) -> bool {
        self.len() < other.len() && self.is_subset(other)
    }

    /// Whether this set has every element of `other`.
    pub fn is_superset(&self, other: &Self) -> bool {
        other.is_subset(self)
    }

    /// Whether no element is in both.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        let (small, large) = if self.len() < other.len() { (self, other) } else { (other, self) };
        small.iter().all(|element| !large.contains(element))
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher, C: Counter> GenericHashSet<T, S, C> {
    /// Adds an element, in the place of an equal one; whether there was none, as std's sets tell it.
    #[inline]
    pub fn insert(&mut self, element: T) -> bool {
        self.map.insert(element, ()).is_none()
    }

    /// Removes an element; whether it was there.
    #[inline]
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, element: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.map.remove(element).is_some()
    }

    /// Removes an element and returns it.
    pub fn take<Q: Hash + Eq + ?Sized>(&mut self, element: &Q) -> Option<T>
    where
        T: Borrow<Q>,
    {
        self.map.remove_with_key(element).map(|entry| entry.0)
    }

    /// A version with one element more; this one stays.
    #[must_use]
    pub fn update(&self, element: T) -> Self
    where
        S: Clone,
    {
        GenericHashSet { map: self.map.update(element, ()) }
    }

    /// A version without `element`; this one stays.
    #[must_use]
    pub fn without<Q: Hash + Eq + ?Sized>(&self, element: &Q) -> Self
    where
        T: Borrow<Q>,
        S: Clone,
    {
        GenericHashSet { map: self.map.without(element) }
    }

    /// Keeps the elements for which `keep` returns true.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain(|element, ()| keep(element));
    }

    /// The elements of both. Parts that both share are not looked at.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        GenericHashSet { map: self.map.union(other.map) }
    }

    /// The elements that are in both.
    #[must_use]
    pub fn intersection(self, other: &Self) -> Self {
        GenericHashSet { map: self.map.intersection(&other.map) }
    }

    /// The elements of this set that `other` does not have.
    #[must_use]
    pub fn difference(self, other: &Self) -> Self {
        GenericHashSet { map: self.map.difference(&other.map) }
    }

    /// [`difference`](Self::difference), by `im`'s name.
    #[must_use]
    pub fn relative_complement(self, other: &Self) -> Self {
        self.difference(other)
    }

    /// The elements that are in one of both.
    #[must_use]
    pub fn symmetric_difference(self, other: &Self) -> Self
    where
        S: Clone,
    {
        GenericHashSet { map: self.map.symmetric_difference(&other.map) }
    }
}

impl<T: Hash + Eq, S: BuildHasher, C: Counter> PartialEq for GenericHashSet<T, S, C> {
    /// Whether both have equal elements, however they came about.
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl<T: Hash + Eq, S: BuildHasher, C: Counter> Eq for GenericHashSet<T, S, C> {}

impl<T: Hash, S, C: Counter> Hash for GenericHashSet<T, S, C> {
    /// Equal sets have equal hashes, whatever their hashers and histories.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.map.hash(state);
    }
}

impl<T: Debug, S, C: Counter> Debug for GenericHashSet<T, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<T, S, C> Extend<T> for GenericHashSet<T, S, C>
where
    T: Hash + Eq + Clone,
    S: BuildHasher,
    C: Counter,
{
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        self.map.extend(elements.into_iter().map(|element| (element, ())));
    }
}

impl<'a, T, S, C> Extend<&'a T> for GenericHashSet<T, S, C>
where
    T: Hash + Eq + Clone,
    S: BuildHasher,
    C: Counter,
{
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, elements: I) {
        self.extend(elements.into_iter().cloned());
    }
}

impl<T, S, C> FromIterator<T> for GenericHashSet<T, S, C>
where
    T: Hash + Eq + Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut set = Self::default();
        set.extend(elements);
        set
    }
}

impl<T, S, C, const N: usize> From<[T; N]> for GenericHashSet<T, S, C>
where
    T: Hash + Eq + Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

/// The elements of a set: see [`iter`](GenericHashSet::iter).
pub struct Iter<'a, T, C>(Keys<'a, T, (), C>);

impl<T, C> Clone for Iter<'_, T, C> {
    fn clone(&self) -> Self {
        Iter(self.0.clone())
    }
}

impl<'a, T, C> Iterator for Iter<'a, T, C> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        self.0.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T, C> ExactSizeIterator for Iter<'_, T, C> {}

impl<T, C> FusedIterator for Iter<'_, T, C> {}

/// The elements of a version, cloned.
pub struct IntoIter<T, C: Counter>(map::IntoIter<T, (), C>);

impl<T: Clone, C: Counter> Iterator for IntoIter<T, C> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.0.next().map(|entry| entry.0)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T: Clone, C: Counter> ExactSizeIterator for IntoIter<T, C> {}

impl<T: Clone, C: Counter> FusedIterator for IntoIter<T, C> {}

impl<'a, T, S, C: Counter> IntoIterator for &'a GenericHashSet<T, S, C> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T, C>;

    #[inline]
    fn into_iter(self) -> Iter<'a, T, C> {
        self.iter()
    }
}

impl<T: Clone, S, C: Counter> IntoIterator for GenericHashSet<T, S, C> {
    type Item = T;
    type IntoIter = IntoIter<T, C>;

    /// Clones every element: other versions may hold it, too.
    fn into_iter(self) -> IntoIter<T, C> {
        IntoIter(self.map.into_iter())
    }
}

/// Sets as serde's sequences.
#[cfg(feature = "serde")]
mod serde {
    use std::fmt;
    use std::hash::{BuildHasher, Hash};
    use std::marker::PhantomData;

    use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
    use serde::ser::{Serialize, Serializer};

    use super::GenericHashSet;
    use crate::counter::Counter;

    impl<T: Serialize, S, C: Counter> Serialize for GenericHashSet<T, S, C> {
        fn serialize<R: Serializer>(&self, serializer: R) -> Result<R::Ok, R::Error> {
            serializer.collect_seq(self.iter())
        }
    }

    struct SetVisitor<T, S, C>(PhantomData<(T, S, C)>);

    impl<'de, T, S, C> Visitor<'de> for SetVisitor<T, S, C>
    where
        T: Deserialize<'de> + Hash + Eq + Clone,
        S: BuildHasher + Default,
        C: Counter,
    {
        type Value = GenericHashSet<T, S, C>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a sequence")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
            let mut set = GenericHashSet::default();
            while let Some(element) = elements.next_element()? {
                set.insert(element);
            }
            Ok(set)
        }
    }

    impl<'de, T, S, C> Deserialize<'de> for GenericHashSet<T, S, C>
    where
        T: Deserialize<'de> + Hash + Eq + Clone,
        S: BuildHasher + Default,
        C: Counter,
    {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_seq(SetVisitor(PhantomData))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::HashSet;
    use crate::rc;

    fn set(ids: std::ops::Range<u32>) -> HashSet<u32> {
        ids.collect()
    }

    #[test]
    fn sets_of_numbers() {
        let (left, right) = (set(0..300), set(200..500));
        assert_eq!(left.clone().union(right.clone()), set(0..500));
        assert_eq!(left.clone().intersection(&right), set(200..300));
        assert_eq!(left.clone().difference(&right), set(0..200));
        assert_eq!(left.clone().relative_complement(&right).len(), 200);
        assert_eq!(left.clone().symmetric_difference(&right), set(0..200).union(set(300..500)));
        assert!(set(5..9).is_subset(&left) && left.is_superset(&set(5..9)) && !left.is_subset(&right));
        assert!(set(5..9).is_proper_subset(&left) && !left.is_proper_subset(&left));
        assert!(set(0..5).is_disjoint(&set(5..9)) && !set(0..6).is_disjoint(&set(5..9)));
        assert!(left.iter().copied().collect::<BTreeSet<_>>().into_iter().eq(0..300));
        assert_eq!(left.iter().len(), 300);
        let hash = |set: &HashSet<u32>| {
            let mut state = DefaultHasher::new();
            set.hash(&mut state);
            state.finish()
        };
        assert_eq!(hash(&left), hash(&(0..300).rev().collect()));
    }

    #[test]
    fn the_interface_of_std() {
        let mut set = rc::HashSet::<String>::new();
        assert!(set.insert("a".to_owned()) && !set.insert("a".to_owned()));
        let before = set.clone();
        assert!(set.ptr_eq(&before) && set.contains("a"));
        assert!(set.remove("a") && !set.remove("a") && set.is_empty());
        assert_eq!(before.get("a").map(String::as_str), Some("a"));
        assert_eq!(format!("{before:?}"), r#"{"a"}"#);
        set.extend(["b", "c"].map(str::to_owned));
        assert_eq!(set.take("b").as_deref(), Some("b"));
        assert_eq!(set.update("d".to_owned()).without("c").into_iter().collect::<Vec<_>>(), ["d"]);
        set.retain(|element| element != "c");
        assert_eq!(set.len(), 0);
        set.clear();
        assert_eq!(set, rc::HashSet::with_hasher(set.hasher().clone()));
        assert_eq!(HashSet::unit(1), [1].into());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn to_json_and_back() {
        let set = set(0..100);
        let text = serde_json::to_string(&set).expect("numbers can be written");
        assert_eq!(serde_json::from_str::<HashSet<u32>>(&text).expect("as written"), set);
        let map: crate::HashMap<String, u32> = (0..100).map(|id| (id.to_string(), id)).collect();
        let text = serde_json::to_string(&map).expect("strings can be keys");
        assert_eq!(serde_json::from_str::<crate::HashMap<String, u32>>(&text).expect("as written"), map);
        assert!(serde_json::from_str::<HashSet<u32>>("{}").is_err());
    }
}
