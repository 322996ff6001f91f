//! A persistent hash set: a [map] whose keys are the elements and whose values are empty.
//!
//! ```
//! use persistent_collections::HashSet;
//!
//! let mut set: HashSet<_> = [1, 2, 3].into();
//! let before = set.clone();
//! set.insert(4);
//! assert!(set.contains(&4) && !before.contains(&4));
//! assert!(before.is_subset(&set));
//! ```
//!
//! The [memory](crate::map#memory) and the [costs](crate::map#cost) are those of the map. Below, n is the number of
//! elements of a set. An operation on two sets skips the nodes that both share; m is the number of elements in the
//! other nodes.
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

/// A persistent hash set with any kind of reference count; the [module](self) describes its costs.
///
/// Most code names it as [`HashSet`], or as [`rc::HashSet`](crate::rc::HashSet) in a single thread. This name serves
/// code that works for both:
///
/// ```
/// use persistent_collections::counter::Counter;
/// use persistent_collections::{GenericHashSet, HashSet, rc};
///
/// fn total<S, C: Counter>(set: &GenericHashSet<u32, S, C>) -> u32 {
///     set.iter().sum()
/// }
///
/// let shared: HashSet<_> = [1, 2].into();
/// let local: rc::HashSet<_> = [3].into();
/// assert_eq!((total(&shared), total(&local)), (3, 3));
/// ```
pub struct GenericHashSet<T, S, C: Counter> {
    map: GenericHashMap<T, (), S, C>,
}

/// A [`GenericHashSet`] whose versions several threads may hold.
///
/// ```
/// use std::thread;
///
/// let base: persistent_collections::HashSet<u32> = (0..100).collect();
/// let mut own = base.clone();
/// let thread = thread::spawn(move || own.remove(&7));
/// assert!(thread.join().unwrap());
/// assert!(base.contains(&7));
/// ```
pub type HashSet<T, S = RandomState> = GenericHashSet<T, S, Atomic>;

impl<T, S: Clone, C: Counter> Clone for GenericHashSet<T, S, C> {
    /// Another version with the same elements. O(1): counts one more holder of two nodes, allocates nothing, and clones
    /// the hasher but no element.
    #[inline]
    fn clone(&self) -> Self {
        GenericHashSet { map: self.map.clone() }
    }
}

impl<T, S: Default, C: Counter> Default for GenericHashSet<T, S, C> {
    /// An empty set. O(1), allocates nothing.
    #[inline]
    fn default() -> Self {
        GenericHashSet { map: GenericHashMap::default() }
    }
}

impl<T, C: Counter> GenericHashSet<T, RandomState, C> {
    /// An empty set. O(1), allocates nothing.
    ///
    /// ```
    /// let set: persistent_collections::HashSet<u32> = persistent_collections::HashSet::new();
    /// assert!(set.is_empty());
    /// ```
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// A set of one element. O(1).
    #[inline]
    pub fn unit(element: T) -> Self
    where
        T: Hash + Eq + Clone,
    {
        Self::from([element])
    }
}

impl<T, S, C: Counter> GenericHashSet<T, S, C> {
    /// An empty set that hashes with `hasher`. O(1), allocates nothing.
    ///
    /// The set uses the lower 32 bits of a hash, so these should differ between elements.
    #[inline]
    pub fn with_hasher(hasher: S) -> Self {
        GenericHashSet { map: GenericHashMap::with_hasher(hasher) }
    }

    /// The hasher of the set's elements. O(1).
    #[inline]
    pub fn hasher(&self) -> &S {
        self.map.hasher()
    }

    /// The number of elements. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is no element. O(1).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Whether both are the same version, that is, one is a clone of the other and neither has changed since. O(1).
    ///
    /// `false` does not mean that the sets differ.
    #[inline]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.map.ptr_eq(&other.map)
    }

    /// Every element once, in an order that depends on the hashes and on how the version came about. O(1) for each
    /// element, amortised. Allocates and copies nothing.
    ///
    /// ```
    /// let set: persistent_collections::HashSet<u32> = (1..=4).collect();
    /// assert_eq!(set.iter().sum::<u32>(), 10);
    /// ```
    #[inline]
    pub fn iter(&self) -> Iter<'_, T, C> {
        Iter(self.map.keys())
    }

    /// Removes every element from this version. O(1), and the time to drop the nodes that no other version holds.
    #[inline]
    pub fn clear(&mut self) {
        self.map.clear();
    }

    /// The map whose keys are the elements.
    pub(crate) fn as_map(&self) -> &GenericHashMap<T, (), S, C> {
        &self.map
    }

    pub(crate) fn as_map_mut(&mut self) -> &mut GenericHashMap<T, (), S, C> {
        &mut self.map
    }

    pub(crate) fn into_map(self) -> GenericHashMap<T, (), S, C> {
        self.map
    }

    pub(crate) fn of_map(map: GenericHashMap<T, (), S, C>) -> Self {
        GenericHashSet { map }
    }

    /// An empty set with a clone of this set's hasher. O(1), allocates nothing.
    pub fn new_from<T2>(&self) -> GenericHashSet<T2, S, C>
    where
        S: Clone,
    {
        GenericHashSet::with_hasher(self.hasher().clone())
    }
}

impl<T: Hash + Eq, S: BuildHasher, C: Counter> GenericHashSet<T, S, C> {
    /// Whether the set has `element`. O(log n), allocates nothing.
    ///
    /// ```
    /// let set: persistent_collections::HashSet<String> = ["apples".to_owned()].into();
    /// assert!(set.contains("apples") && !set.contains("pears"));
    /// ```
    #[inline]
    pub fn contains<Q: Hash + Eq + ?Sized>(&self, element: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.map.contains_key(element)
    }

    /// The element as the set stores it. O(log n), allocates nothing.
    #[inline]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, element: &Q) -> Option<&T>
    where
        T: Borrow<Q>,
    {
        self.map.get_key_value(element).map(|entry| entry.0)
    }

    /// Whether `other` has every element of this set. O(m log n) for m elements of this set outside the nodes that both
    /// share; allocates nothing.
    ///
    /// ```
    /// let small: persistent_collections::HashSet<u32> = (0..10).collect();
    /// let large = small.update(10);
    /// assert!(small.is_subset(&large) && !large.is_subset(&small));
    /// ```
    pub fn is_subset(&self, other: &Self) -> bool {
        self.map.is_submap(&other.map)
    }

    /// Whether `other` has every element of this set, and more. Costs the same as [`is_subset`](Self::is_subset).
    pub fn is_proper_subset(&self, other: &Self) -> bool {
        self.len() < other.len() && self.is_subset(other)
    }

    /// Whether this set has every element of `other`. Costs the same as [`is_subset`](Self::is_subset), the other way
    /// round.
    pub fn is_superset(&self, other: &Self) -> bool {
        other.is_subset(self)
    }

    /// Whether both sets have equal elements. The other set may hash and count differently, whereas `==` compares sets
    /// of the same type only. O(n log n) for n elements, allocates nothing. For sets of one type `==` is faster, because
    /// it skips the nodes that both share.
    pub fn has_elements_of<S2: BuildHasher, C2: Counter>(&self, other: &GenericHashSet<T, S2, C2>) -> bool {
        self.map.has_entries_of(&other.map)
    }

    /// Whether no element is in both sets. O(k log n) for k elements of the smaller set; allocates nothing.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        let (small, large) = if self.len() < other.len() { (self, other) } else { (other, self) };
        small.iter().all(|element| !large.contains(element))
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher, C: Counter> GenericHashSet<T, S, C> {
    /// Inserts an element, and returns whether there was no equal one before. An equal one is replaced.
    ///
    /// O(log n), in place where nothing is shared. If the element is new and the tree is shared, it goes to the tail;
    /// the [map's module](crate::map#cost) says when that is copied. If the element is there in a shared node, the path
    /// to it is copied.
    ///
    /// ```
    /// let mut set: persistent_collections::HashSet<_> = ["apples"].into();
    /// let before = set.clone();
    /// assert!(set.insert("pears") && !set.insert("apples"));
    /// assert_eq!((before.len(), set.len()), (1, 2));
    /// ```
    #[inline]
    pub fn insert(&mut self, element: T) -> bool {
        self.map.insert(element, ()).is_none()
    }

    /// Removes an element, and returns whether it was there.
    ///
    /// O(log n), in place where nothing is shared. If the element lies in a shared node, the path to it is copied.
    /// Copies nothing if the element is not there. Gives memory back as the [`remove`](GenericHashMap::remove) of maps
    /// does, which adds constant time to each removal on average.
    ///
    /// ```
    /// let mut set: persistent_collections::HashSet<_> = ["apples", "pears"].into();
    /// let before = set.clone();
    /// assert!(set.remove("pears") && !set.remove("plums"));
    /// assert_eq!((before.len(), set.len()), (2, 1));
    /// ```
    #[inline]
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, element: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.map.remove(element).is_some()
    }

    /// Removes an element, and returns it as the set stored it. Costs the same as [`remove`](Self::remove), plus one
    /// more lookup and a clone of the element.
    pub fn take<Q: Hash + Eq + ?Sized>(&mut self, element: &Q) -> Option<T>
    where
        T: Borrow<Q>,
    {
        self.map.remove_with_key(element).map(|entry| entry.0)
    }

    /// A version with `element`; this version stays as it is. Costs as much as [`clone`](Self::clone) and
    /// [`insert`](Self::insert) together.
    ///
    /// ```
    /// let old: persistent_collections::HashSet<u32> = (0..10).collect();
    /// let new = old.update(10);
    /// assert_eq!((old.len(), new.len()), (10, 11));
    /// ```
    #[must_use]
    pub fn update(&self, element: T) -> Self
    where
        S: Clone,
    {
        GenericHashSet { map: self.map.update(element, ()) }
    }

    /// A version without `element`; this version stays as it is. Costs as much as [`clone`](Self::clone) and
    /// [`remove`](Self::remove) together.
    ///
    /// ```
    /// let old: persistent_collections::HashSet<u32> = (0..10).collect();
    /// let new = old.without(&7);
    /// assert!(old.contains(&7) && !new.contains(&7));
    /// ```
    #[must_use]
    pub fn without<Q: Hash + Eq + ?Sized>(&self, element: &Q) -> Self
    where
        T: Borrow<Q>,
        S: Clone,
    {
        GenericHashSet { map: self.map.without(element) }
    }

    /// Keeps the elements for which `keep` returns true.
    ///
    /// O(n) calls of `keep`, all before the first element goes, then one [`remove`](Self::remove) for each element that
    /// goes. Clones these elements. Nodes in which nothing changes stay shared.
    ///
    /// ```
    /// let mut set: persistent_collections::HashSet<u32> = (0..10).collect();
    /// let before = set.clone();
    /// set.retain(|element| element % 2 == 0);
    /// assert_eq!((before.len(), set.len()), (10, 5));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain(|element, ()| keep(element));
    }

    /// The elements of both sets.
    ///
    /// Inserts clones of the elements of the smaller set into the larger one: O(m log n) for m elements of the smaller
    /// set outside the nodes that both share.
    ///
    /// ```
    /// let ours: persistent_collections::HashSet<u32> = (0..10).collect();
    /// let theirs = (5..15).collect();
    /// assert_eq!(ours.clone().union(theirs), (0..15).collect());
    /// assert_eq!(ours.len(), 10);
    /// ```
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        GenericHashSet { map: self.map.union(other.map) }
    }

    /// The elements that are in both sets.
    ///
    /// Removes the others from this set: O(m log n) for m elements of this set outside the nodes that both share.
    ///
    /// ```
    /// let ours: persistent_collections::HashSet<u32> = (0..10).collect();
    /// let theirs = (5..15).collect();
    /// assert_eq!(ours.intersection(&theirs), (5..10).collect());
    /// ```
    #[must_use]
    pub fn intersection(self, other: &Self) -> Self {
        GenericHashSet { map: self.map.intersection(&other.map) }
    }

    /// The elements of this set that `other` does not have.
    ///
    /// If `other` has less than half as many elements, each of them is removed: O(k log n) for k elements of `other`.
    /// Otherwise the result is built from clones of elements: O(m log n) for m elements of this set outside the nodes
    /// that both share.
    ///
    /// ```
    /// let ours: persistent_collections::HashSet<u32> = (0..10).collect();
    /// let theirs = (5..15).collect();
    /// assert_eq!(ours.difference(&theirs), (0..5).collect());
    /// ```
    #[must_use]
    pub fn difference(self, other: &Self) -> Self {
        GenericHashSet { map: self.map.difference(&other.map) }
    }

    /// The same as [`difference`](Self::difference), under the name that `im` has for it.
    #[must_use]
    pub fn relative_complement(self, other: &Self) -> Self {
        self.difference(other)
    }

    /// The elements that are in one of the sets and not in the other. Costs the same as
    /// [`difference`](Self::difference), plus O(m log n) for m elements of `other` outside the nodes that both share.
    #[must_use]
    pub fn symmetric_difference(self, other: &Self) -> Self
    where
        S: Clone,
    {
        GenericHashSet { map: self.map.symmetric_difference(&other.map) }
    }

    /// The elements of all sets. Costs one [`union`](Self::union) for each set but the first.
    ///
    /// ```
    /// use persistent_collections::{HashSet, hashset};
    ///
    /// assert_eq!(HashSet::unions([hashset![1], hashset![2], hashset![1, 3]]), hashset![1, 2, 3]);
    /// ```
    pub fn unions(sets: impl IntoIterator<Item = Self>) -> Self
    where
        S: Default,
    {
        sets.into_iter().reduce(Self::union).unwrap_or_default()
    }
}

impl<T: Hash + Eq, S: BuildHasher, C: Counter> PartialEq for GenericHashSet<T, S, C> {
    /// Whether both sets have equal elements, whatever their histories and hashers. O(m log n) for m elements outside
    /// the nodes that both share.
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl<T: Hash + Eq, S: BuildHasher, C: Counter> Eq for GenericHashSet<T, S, C> {}

impl<T: Hash, S, C: Counter> Hash for GenericHashSet<T, S, C> {
    /// Equal sets have equal hashes, whatever their histories and hashers. O(n).
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
    /// Inserts every element. Costs one [`insert`](GenericHashSet::insert) for each.
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
    /// Inserts a clone of every element. Costs one [`insert`](GenericHashSet::insert) for each.
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
    /// A set of the elements. O(n log n) for n elements.
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
    /// A set of the elements. O(n log n) for n elements.
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

/// The elements of a set, returned by [`iter`](GenericHashSet::iter).
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

/// The elements of a version by value, returned by `into_iter`. Elements that no other version holds are moved, all
/// others are cloned when they are yielded.
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

    /// The same as [`iter`](GenericHashSet::iter).
    #[inline]
    fn into_iter(self) -> Iter<'a, T, C> {
        self.iter()
    }
}

impl<T: Clone, S, C: Counter> IntoIterator for GenericHashSet<T, S, C> {
    type Item = T;
    type IntoIter = IntoIter<T, C>;

    /// Every element by value, moved or cloned as [`IntoIter`] says. O(1) for each element, amortised, and the time for
    /// a clone. The version's nodes stay in memory until the iterator is dropped.
    fn into_iter(self) -> IntoIter<T, C> {
        IntoIter(self.map.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::HashSet;
    use crate::rc;
    use crate::testing::std_hash;

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
        assert_eq!(std_hash(&left), std_hash(&(0..300).rev().collect::<HashSet<u32>>()));
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
