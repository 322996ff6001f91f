//! A persistent ordered map: its entries are sorted by key, `clone` takes constant time, and a change to one clone does
//! not show in any other.
//!
//! ```
//! use persistent_collections::OrdMap;
//!
//! let mut timetable: OrdMap<_, _> = [(900, "Leipzig"), (730, "Berlin"), (1115, "Hamburg")].into();
//! let yesterday = timetable.clone();
//! timetable.insert(815, "Dresden");
//! let before_ten: Vec<_> = timetable.range(..1000).map(|(_, city)| *city).collect();
//! assert_eq!(before_ten, ["Berlin", "Dresden", "Leipzig"]);
//! assert_eq!((yesterday.len(), timetable.last_key_value()), (3, Some((&1115, &"Hamburg"))));
//! ```
//!
//! # Cost
//!
//! With n entries, a lookup, a change or the start of a range takes O(log n) time and as many comparisons as a binary
//! search. With entries of 16 bytes, 100,000 of them lie in about 3,000 leaves below three levels of branches.
//!
//! `len`, `is_empty`, `ptr_eq` and `clone` take O(1) time and allocate nothing: a clone counts one more holder of the
//! root.
//!
//! What a change copies depends on what the version shares with others. If it shares nothing on the way to the entry,
//! the change happens in place. Otherwise it *copies the path*: each node from the first shared one down to the leaf is
//! one allocation, and copying a branch counts up each of its children (up to 32).
//!
//! `diff`, `==` and `union` skip the nodes that both maps share. Of two versions that are a few changes apart, they
//! visit the paths to these changes, however large the maps are.
//!
//! `split` and `append` take O(log² n) time and copy the path to the place where they cut or join.
//!
//! Dropping a version takes time in proportion to the nodes that only this version holds.
//!
//! # Memory
//!
//! ```text
//!   OrdMap { root, height: 1 }
//!              │
//!              ▼
//!   ┌─Branch────────────────────────────────────────────────────┐
//!   │ count │ len: 3 │ room │ entries │ ● "a" │ ● "h" │ ● "r" │ … │     a child and its first key, in each item
//!   └───────────────────────────────────┼───────┼───────┼───────┘
//!                                       ▼       ▼       ▼
//!   ┌─Leaf───────────────────────────────────┐ leaf    leaf
//!   │ count │ len: 3 │ room │ "a" 1 │ "b" 7 │ "e" 2 │ … │               entries side by side, sorted
//!   └────────────────────────────────────────┘
//! ```
//!
//! This is a B+-tree. All entries lie in leaves, and all leaves are equally deep. A leaf has up to 48 entries of 16
//! bytes, or as many others as have 768 bytes, but at most 60. It has room for the entries that it holds and hardly
//! more: a leaf in which a version inserts grows by a sixteenth, and one that was copied has no spare room at all. A
//! branch has up to 32 children. Next to each child lies its *separator*, the first key below it.
//!
//! If neither keys nor values need dropping, and both together are small, leaves hold the entries themselves.
//! Otherwise they hold pointers to *cells*, which are counted, so that a copied leaf shares its entries with the
//! original. Separators then point to cells as well. These pointers do not count, because the entry that a separator
//! names is held by a leaf below.
//!
//! A leaf that is full is split in halves. If the new entry is the last one of the map, the full leaf stays as it is,
//! so keys that ascend fill the leaves. The same holds for keys that descend. A leaf in which less than a quarter is
//! left is joined with a neighbour, if three quarters have room for both. A branch with less than a quarter of its
//! children is joined with a neighbour, or gets some of its children.
//!
//! Invariants:
//!
//! * the keys of a leaf ascend, and so do those of the leaves from left to right; no node is empty;
//! * a separator is at most the first key below its child, and greater than all keys before; where it points to a cell,
//!   it is the first entry's;
//! * a root that is a branch has at least two children, and every other branch has at least eight;
//! * a branch counts the entries below.
//!
//! # Coming from other crates
//!
//! | `im`, `imbl` | std's `BTreeMap` | here |
//! |---|---|---|
//! | `OrdMap::new()` | `new()` | [`OrdMap::new()`](GenericOrdMap::new) |
//! | `get`, `get_mut`, `insert`, `remove`, `contains_key` | the same | the same |
//! | `update`, `without` | – | [`update`](GenericOrdMap::update), [`without`](GenericOrdMap::without) |
//! | `get_min`, `get_max` | `first_key_value`, `last_key_value` | [`first_key_value`](GenericOrdMap::first_key_value), [`last_key_value`](GenericOrdMap::last_key_value) |
//! | `get_prev`, `get_next` | – | [`get_prev`](GenericOrdMap::get_prev), [`get_next`](GenericOrdMap::get_next) |
//! | `without_min`, `without_max` | `pop_first`, `pop_last` | [`pop_first`](GenericOrdMap::pop_first), [`pop_last`](GenericOrdMap::pop_last) |
//! | `range`, `iter`, `keys`, `values` | the same | the same |
//! | `split` | `split_off` | [`split_off`](GenericOrdMap::split_off), [`split_lookup`](GenericOrdMap::split_lookup) |
//! | `union` | `append` | [`union`](GenericOrdMap::union) |
//! | `difference` (symmetric), `relative_complement` | – | [`symmetric_difference`](GenericOrdMap::symmetric_difference), [`difference`](GenericOrdMap::difference) |
//! | `diff` | – | [`diff`](GenericOrdMap::diff) |
//!
//! `get_prev` and `get_next` mean the entry at the key itself if there is one, as in `im`. `union` keeps the entry of
//! `self` where both maps have a key, as in `im`; std's `append` keeps the other one.

mod build;
mod convert;
mod diff;
mod iter;
mod node;
pub mod set;
mod slot;
#[cfg(test)]
mod tests;
mod tree;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::ops::{Bound, Index, IndexMut, RangeBounds};

use self::build::Source;
use self::diff::{Pair, Pairs};
use self::tree::{Edge, Tree};
use crate::counter::{Atomic, Counter};

pub use self::diff::Diff;
pub use self::iter::{IntoIter, Iter, IterMut, Keys, Range, Values};
pub use crate::map::DiffItem;

/// A persistent ordered map; see the [module](self). `C` says how references are counted: [`OrdMap`] for several
/// threads, [`rc::OrdMap`](crate::rc::OrdMap) for one.
pub struct GenericOrdMap<K, V, C: Counter> {
    tree: Tree<K, V, C>,
}

/// A [`GenericOrdMap`] whose versions several threads may hold.
///
/// ```
/// use std::thread;
///
/// let base: persistent_collections::OrdMap<u32, u32> = (0..100).map(|key| (key, key)).collect();
/// let mut own = base.clone();
/// let thread = thread::spawn(move || own.insert(7, 70));
/// assert_eq!(thread.join().unwrap(), Some(7));
/// assert_eq!(base[&7], 7);
/// ```
pub type OrdMap<K, V> = GenericOrdMap<K, V, Atomic>;

impl<K, V, C: Counter> Clone for GenericOrdMap<K, V, C> {
    /// Another version with the same entries. O(1): counts one more holder of the root, and allocates nothing.
    #[inline]
    fn clone(&self) -> Self {
        GenericOrdMap { tree: self.tree.clone() }
    }
}

impl<K, V, C: Counter> Default for GenericOrdMap<K, V, C> {
    /// An empty map. O(1), allocates nothing.
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V, C: Counter> GenericOrdMap<K, V, C> {
    /// An empty map. O(1), allocates nothing.
    #[inline]
    pub const fn new() -> Self {
        GenericOrdMap { tree: Tree::new() }
    }

    /// A map of one entry. O(1).
    pub fn unit(key: K, value: V) -> Self
    where
        K: Ord + Clone,
        V: Clone,
    {
        let mut map = Self::new();
        map.insert(key, value);
        map
    }

    /// The number of entries. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether there is no entry. O(1).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.tree.root().is_none()
    }

    /// Whether both are the same version: clones between which nothing has changed. Maps that were built apart are
    /// different, unless both are empty. O(1).
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.tree.root() == other.tree.root()
    }

    /// The entries, in the order of their keys. O(1) for each entry on average, from both ends.
    pub fn iter(&self) -> Iter<'_, K, V, C> {
        Iter::new(&self.tree)
    }

    /// The keys, in order. O(1) for each key on average, from both ends.
    pub fn keys(&self) -> Keys<'_, K, V, C> {
        Keys(self.iter())
    }

    /// The values, in the order of their keys. O(1) for each value on average, from both ends.
    pub fn values(&self) -> Values<'_, K, V, C> {
        Values(self.iter())
    }

    /// The entry with the least key. O(log n), without a comparison.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    /// The entry with the greatest key. O(log n), without a comparison.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    /// Removes all entries. Takes time in proportion to the nodes that only this version holds.
    pub fn clear(&mut self) {
        *self = Self::new();
    }
}

impl<K: Ord, V, C: Counter> GenericOrdMap<K, V, C> {
    /// The value of a key. O(log n).
    #[inline]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let slot = self.tree.find(key);
        // SAFETY: a slot that was found holds an entry, which stays while the map is borrowed.
        if slot.is_none() { None } else { Some(unsafe { slot.value() }) }
    }

    /// The entry of a key. O(log n).
    #[inline]
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let slot = self.tree.find(key);
        // SAFETY: as in `get`.
        if slot.is_none() { None } else { Some(unsafe { (slot.key(), slot.value()) }) }
    }

    /// Whether there is an entry with this key. O(log n).
    #[inline]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        !self.tree.find(key).is_none()
    }

    /// The entries whose keys are in a range, in order. O(log n), and O(1) for each entry on average, from both ends.
    ///
    /// # Panics
    /// If the range starts behind its end, or if it starts and ends at the same key and excludes it at both ends.
    ///
    /// ```
    /// let map: persistent_collections::OrdMap<_, _> = (0..10).map(|key| (key, key * key)).collect();
    /// assert_eq!(map.range(3..5).collect::<Vec<_>>(), [(&3, &9), (&4, &16)]);
    /// assert_eq!(map.range(..=1).next_back(), Some((&1, &1)));
    /// ```
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Range<'_, K, V, C>
    where
        K: Borrow<Q>,
    {
        Range::new(&self.tree, &range)
    }

    /// The last entry whose key is at most `key`. O(log n).
    ///
    /// ```
    /// let map: persistent_collections::OrdMap<_, _> = [(1, 'a'), (5, 'b')].into();
    /// assert_eq!((map.get_prev(&4), map.get_prev(&5), map.get_prev(&0)), (Some((&1, &'a')), Some((&5, &'b')), None));
    /// ```
    pub fn get_prev<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.range((Bound::Unbounded, Bound::Included(key))).next_back()
    }

    /// The first entry whose key is at least `key`. O(log n).
    pub fn get_next<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.range((Bound::Included(key), Bound::Unbounded)).next()
    }

    /// What changed from this map to `other`, in the order of the keys: entries that were added, removed, or got another
    /// value. Nodes that both maps share are skipped, so for two versions that are c changes apart this takes
    /// O(c log n) time, and O(n) in general.
    ///
    /// ```
    /// use persistent_collections::OrdMap;
    /// use persistent_collections::ordered::DiffItem;
    ///
    /// let old: OrdMap<_, _> = (0..1000).map(|key| (key, 0)).collect();
    /// let new = old.update(7, 1).without(&500);
    /// let changes: Vec<_> = old.diff(&new).collect();
    /// assert_eq!(changes[0], DiffItem::Update { old: (&7, &0), new: (&7, &1) });
    /// assert_eq!(changes[1..], [DiffItem::Remove(&500, &0)]);
    /// ```
    pub fn diff<'a>(&'a self, other: &'a Self) -> Diff<'a, K, V, C>
    where
        V: PartialEq,
    {
        Diff::new(&self.tree, &other.tree)
    }

    /// Whether `other` has every key of this map, and `compare` is true of the two values. As fast as
    /// [`diff`](Self::diff). Of entries that both maps share, `compare` is not asked.
    pub fn is_submap_by(&self, other: &Self, mut compare: impl FnMut(&V, &V) -> bool) -> bool {
        if self.len() > other.len() {
            return false;
        }
        let mut pairs = Pairs::new(&self.tree, &other.tree);
        std::iter::from_fn(|| pairs.next()).all(|pair| match pair {
            Pair::Left(_) => false,
            Pair::Right(_) => true,
            // SAFETY: both maps are borrowed.
            Pair::Both(ours, theirs) => unsafe { compare(ours.value(), theirs.value()) },
        })
    }

    /// Whether `other` has every entry of this map. As fast as [`diff`](Self::diff).
    pub fn is_submap(&self, other: &Self) -> bool
    where
        V: PartialEq,
    {
        self.is_submap_by(other, V::eq)
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> GenericOrdMap<K, V, C> {
    /// Puts an entry into the map, and returns the value that the key had before. Key and value are replaced.
    /// O(log n).
    #[inline]
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.tree.insert(key, value)
    }

    /// Removes the entry of a key, and returns its value. If there is none, nothing is copied. O(log n).
    #[inline]
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.remove_with_key(key).map(|entry| entry.1)
    }

    /// Removes the entry of a key, and returns it. If there is none, nothing is copied. O(log n).
    #[inline]
    pub fn remove_with_key<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        self.tree.remove(key)
    }

    /// Removes the entry with the least key, and returns it. O(log n), without a comparison.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        self.tree.remove_edge(Edge::First)
    }

    /// Removes the entry with the greatest key, and returns it. O(log n), without a comparison.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        self.tree.remove_edge(Edge::Last)
    }

    /// The value of a key, to be changed in place. What the version shares with others is copied first. O(log n).
    #[inline]
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value_mut(key).map(|entry| entry.1)
    }

    /// The entry of a key, whose value may be changed in place. As [`get_mut`](Self::get_mut).
    #[inline]
    pub fn get_key_value_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(&K, &mut V)>
    where
        K: Borrow<Q>,
    {
        self.tree.get_mut(key)
    }

    /// The entries, in the order of their keys; the values may be changed. Copies what the version shares with others
    /// first. O(n).
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V, C> {
        IterMut::new(&mut self.tree)
    }

    /// A version in which the key has this value. O(log n).
    pub fn update(&self, key: K, value: V) -> Self {
        let mut new = self.clone();
        new.insert(key, value);
        new
    }

    /// A version with a value for the key: the given one if there was none, and otherwise what `combine` makes of the
    /// value before and the given one. O(log n).
    pub fn update_with(&self, key: K, value: V, combine: impl FnOnce(V, V) -> V) -> Self {
        let value = match self.get(&key) {
            Some(before) => combine(before.clone(), value),
            None => value,
        };
        self.update(key, value)
    }

    /// A version without this key. If there is no such entry, it is a clone. O(log n).
    pub fn without<Q: Ord + ?Sized>(&self, key: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        let mut new = self.clone();
        new.remove(key);
        new
    }

    /// A version whose value for the key is what `change` makes of the present one; `None` stands for no entry.
    /// O(log n).
    ///
    /// ```
    /// let words: persistent_collections::OrdMap<_, _> = [("a", 1)].into();
    /// let more = words.alter(|count| Some(count.unwrap_or(0) + 1), "a");
    /// assert_eq!(more["a"], 2);
    /// ```
    pub fn alter(&self, change: impl FnOnce(Option<V>) -> Option<V>, key: K) -> Self {
        match change(self.get(&key).cloned()) {
            Some(value) => self.update(key, value),
            None => self.without(&key),
        }
    }

    /// Splits the map: the entries from `key` on are removed and returned. O(log² n).
    ///
    /// ```
    /// let mut map: persistent_collections::OrdMap<_, _> = (0..10).map(|key| (key, ())).collect();
    /// let behind = map.split_off(&7);
    /// assert_eq!((map.len(), behind.len()), (7, 3));
    /// ```
    pub fn split_off<Q: Ord + ?Sized>(&mut self, key: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        let (before, behind) = self.tree.clone().split(key);
        self.tree = before;
        GenericOrdMap { tree: behind }
    }

    /// The entries before `key`, its value, and the entries behind it. O(log² n).
    pub fn split_lookup<Q: Ord + ?Sized>(&self, key: &Q) -> (Self, Option<V>, Self)
    where
        K: Borrow<Q>,
    {
        let mut before = self.clone();
        let mut behind = before.split_off(key);
        let value = behind.remove(key);
        (before, value, behind)
    }

    /// The entries before `key`, and those behind it; the entry of the key itself is in neither. O(log² n).
    pub fn split<Q: Ord + ?Sized>(&self, key: &Q) -> (Self, Self)
    where
        K: Borrow<Q>,
    {
        let (before, _, behind) = self.split_lookup(key);
        (before, behind)
    }

    /// Puts all entries of `other` behind those of this map. O(log n).
    ///
    /// # Panics
    /// If not all keys of `other` are greater than those of this map. This map has not changed then.
    pub fn append(&mut self, other: Self) {
        if let (Some((last, _)), Some((first, _))) = (self.last_key_value(), other.first_key_value()) {
            assert!(last < first, "the appended keys are not greater than those before");
        }
        self.tree.append(other.tree);
    }

    /// Keeps only the entries of which `keep` is true. Asks for each entry once, in order. O(n), and copies the paths
    /// to the entries that go, unless they are many.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        let kept: Vec<bool> = self.iter().map(|(key, value)| keep(key, value)).collect();
        let gone = kept.iter().filter(|kept| !**kept).count();
        if gone == 0 {
            return;
        }
        if self.are_few(gone) {
            let keys = self.keys().zip(&kept).filter(|(_, kept)| !**kept);
            for key in keys.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
                self.remove(&key);
            }
        } else {
            let slots = self.iter().into_slots().zip(kept).filter(|(_, kept)| *kept);
            let slots: Vec<_> = slots.map(|(slot, _)| Source::Kept(slot)).collect();
            // SAFETY: this map is alive.
            *self = unsafe { Self::from_sorted(slots) };
        }
    }

    /// Whether it is cheaper to change so many entries one by one than to build the map again.
    fn are_few(&self, changes: usize) -> bool {
        changes < self.len() / 16
    }

    /// A map of entries whose keys ascend.
    ///
    /// # Safety
    /// The slots hold entries of maps that are alive.
    unsafe fn from_sorted(entries: Vec<Source<K, V, C>>) -> Self {
        // SAFETY: by the contract.
        GenericOrdMap { tree: unsafe { build::from_sorted(entries.into_iter()) } }
    }

    /// The entries of both maps. Where both have a key, the entry of this one stays. O(c log n) if only c entries lie
    /// in nodes that the maps do not share, and O(n) in general.
    pub fn union(self, other: Self) -> Self {
        self.union_by(other, |_, _, _| None)
    }

    /// As [`union`](Self::union); where both maps have a key, `combine` makes the value from the one of this map and the
    /// one of `other`. It is not asked about entries that both share.
    pub fn union_with(self, other: Self, mut combine: impl FnMut(V, V) -> V) -> Self {
        self.union_by(other, |_, ours, theirs| Some(combine(ours.clone(), theirs.clone())))
    }

    /// As [`union_with`](Self::union_with), with the key.
    pub fn union_with_key(self, other: Self, mut combine: impl FnMut(&K, V, V) -> V) -> Self {
        self.union_by(other, |key, ours, theirs| Some(combine(key, ours.clone(), theirs.clone())))
    }

    /// The union, in which `combine` makes the value of a key that both maps have, or keeps the one of this map.
    fn union_by(self, other: Self, mut combine: impl FnMut(&K, &V, &V) -> Option<V>) -> Self {
        if self.is_empty() || self.ptr_eq(&other) {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let is_base = self.len() >= other.len();
        let mut base = if is_base { self.clone() } else { other.clone() };
        let mut pairs = Pairs::new(&self.tree, &other.tree);
        // First collect what the base lacks. If that is much, build a new map from both.
        let mut changes: Vec<Source<K, V, C>> = Vec::new();
        let limit = base.len() / 16;
        while changes.len() <= limit {
            let Some(pair) = pairs.next() else {
                for change in changes {
                    let (key, value) = match change {
                        Source::New(key, value) => (key, value),
                        // SAFETY: both maps are alive.
                        Source::Kept(slot) => unsafe {
                            (slot.key::<'_>().clone(), slot.value::<'_>().clone())
                        },
                    };
                    base.insert(key, value);
                }
                return base;
            };
            match pair {
                Pair::Left(slot) if !is_base => changes.push(Source::Kept(slot)),
                Pair::Right(slot) if is_base => changes.push(Source::Kept(slot)),
                Pair::Left(_) | Pair::Right(_) => {}
                Pair::Both(ours, theirs) => {
                    // SAFETY: both maps are alive.
                    let (key, value, other): (&K, &V, &V) =
                        unsafe { (ours.key(), ours.value(), theirs.value()) };
                    match combine(key, value, other) {
                        Some(combined) => changes.push(Source::New(key.clone(), combined)),
                        None if is_base => {}
                        None => changes.push(Source::Kept(ours)),
                    }
                }
            }
        }
        // What was combined so far is kept, so that `combine` is not asked for it again.
        let mut changes = changes.into_iter().peekable();
        let mut all = Vec::with_capacity(self.len() + other.len());
        let mut ours = self.iter().into_slots().peekable();
        let mut theirs = other.iter().into_slots().peekable();
        loop {
            // SAFETY: both maps are alive.
            unsafe {
                let order = match (ours.peek(), theirs.peek()) {
                    (None, None) => break,
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (Some(ours), Some(theirs)) => ours.key::<'_>().cmp(theirs.key::<'_>()),
                };
                let our_slot = if order == Ordering::Greater { None } else { ours.next() };
                let their_slot = if order == Ordering::Less { None } else { theirs.next() };
                let Some(slot) = our_slot.or(their_slot) else { break };
                let key: &K = slot.key();
                let is_change = changes.peek().is_some_and(|change| match change {
                    Source::New(changed, _) => changed == key,
                    Source::Kept(changed) => changed.key::<'_>() == key,
                });
                if is_change {
                    all.extend(changes.next());
                    continue;
                }
                let combined = match (our_slot, their_slot) {
                    (Some(ours), Some(theirs)) if ours != theirs && !ours.has_cell_of(theirs) => {
                        combine(key, ours.value(), theirs.value())
                    }
                    _ => None,
                };
                all.push(match combined {
                    Some(combined) => Source::New(key.clone(), combined),
                    None => Source::Kept(slot),
                });
            }
        }
        // SAFETY: both maps are alive.
        unsafe { Self::from_sorted(all) }
    }

    /// The union of all maps. Where several have a key, the entry of the first one stays.
    pub fn unions(maps: impl IntoIterator<Item = Self>) -> Self {
        maps.into_iter().fold(Self::new(), Self::union)
    }

    /// The entries of this map whose keys `other` has, too. As fast as [`union`](Self::union).
    pub fn intersection(self, other: &Self) -> Self {
        if self.ptr_eq(other) {
            return self;
        }
        let mut pairs = Pairs::new(&self.tree, &other.tree);
        let mut gone = Vec::new();
        while let Some(pair) = pairs.next() {
            if let Pair::Left(slot) = pair {
                // SAFETY: this map is alive.
                gone.push(unsafe { slot.key::<'_>().clone() });
            }
        }
        self.without_sorted(gone)
    }

    /// The map without these keys, which ascend.
    fn without_sorted(mut self, keys: Vec<K>) -> Self {
        if self.are_few(keys.len()) {
            for key in &keys {
                self.remove(key);
            }
            return self;
        }
        let mut keys = keys.into_iter().peekable();
        self.retain(|key, _| keys.next_if(|gone| gone == key).is_none());
        self
    }

    /// The entries of this map whose keys `other` has not. O(c log n) if only c entries of this map lie in nodes that
    /// the maps do not share, and O(n) in general.
    pub fn difference(self, other: &Self) -> Self {
        let mut pairs = Pairs::new(&self.tree, &other.tree);
        let mut kept = Vec::new();
        while let Some(pair) = pairs.next() {
            if let Pair::Left(slot) = pair {
                kept.push(Source::Kept(slot));
            }
        }
        // SAFETY: this map is alive.
        unsafe { Self::from_sorted(kept) }
    }

    /// Another name for [`difference`](Self::difference), as in `im`.
    pub fn relative_complement(self, other: &Self) -> Self {
        self.difference(other)
    }

    /// The entries whose keys only one of the maps has. As fast as [`difference`](Self::difference).
    pub fn symmetric_difference(self, other: &Self) -> Self {
        let mut pairs = Pairs::new(&self.tree, &other.tree);
        let mut kept = Vec::new();
        while let Some(pair) = pairs.next() {
            if let Pair::Left(slot) | Pair::Right(slot) = pair {
                kept.push(Source::Kept(slot));
            }
        }
        // SAFETY: both maps are alive.
        unsafe { Self::from_sorted(kept) }
    }
}

impl<K: Ord, V: PartialEq, C: Counter> PartialEq for GenericOrdMap<K, V, C> {
    /// Whether both maps have the same entries. O(1) if they are the same version or differ in length. Otherwise as fast
    /// as [`diff`](GenericOrdMap::diff).
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || (self.len() == other.len() && self.diff(other).next().is_none())
    }
}

impl<K: Ord, V: Eq, C: Counter> Eq for GenericOrdMap<K, V, C> {}

impl<K: Ord, V: PartialOrd, C: Counter> PartialOrd for GenericOrdMap<K, V, C> {
    /// Compares the entries in the order of their keys, as `BTreeMap` does. O(n).
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.iter().partial_cmp(other)
    }
}

impl<K: Ord, V: Ord, C: Counter> Ord for GenericOrdMap<K, V, C> {
    /// Compares the entries in the order of their keys, as `BTreeMap` does. O(n).
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other)
    }
}

impl<K: Hash, V: Hash, C: Counter> Hash for GenericOrdMap<K, V, C> {
    /// Hashes the length and the entries in order. O(n).
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|entry| entry.hash(state));
    }
}

impl<K: Debug, V: Debug, C: Counter> Debug for GenericOrdMap<K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Ord + Borrow<Q>, V, C: Counter, Q: Ord + ?Sized> Index<&Q> for GenericOrdMap<K, V, C> {
    type Output = V;

    /// The value of a key. O(log n).
    ///
    /// # Panics
    /// If there is no such key.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the map has no such key")
    }
}

impl<K: Ord + Clone + Borrow<Q>, V: Clone, C: Counter, Q: Ord + ?Sized> IndexMut<&Q>
    for GenericOrdMap<K, V, C>
{
    /// The value of a key, as by [`get_mut`](GenericOrdMap::get_mut).
    ///
    /// # Panics
    /// If there is no such key.
    fn index_mut(&mut self, key: &Q) -> &mut V {
        self.get_mut(key).expect("the map has no such key")
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> Extend<(K, V)> for GenericOrdMap<K, V, C> {
    /// Inserts each entry. O(log n) for each.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<'a, K: Ord + Copy, V: Copy, C: Counter> Extend<(&'a K, &'a V)> for GenericOrdMap<K, V, C> {
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        self.extend(entries.into_iter().map(|(key, value)| (*key, *value)));
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter> FromIterator<(K, V)> for GenericOrdMap<K, V, C> {
    /// Of entries with equal keys, the last one stays. O(n) if the keys ascend already, and O(n log n) otherwise.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut sorted: Vec<_> = entries.into_iter().collect();
        sorted.sort_by(|one, other| one.0.cmp(&other.0));
        sorted.dedup_by(|later, earlier| {
            let is_equal = later.0 == earlier.0;
            if is_equal {
                std::mem::swap(later, earlier);
            }
            is_equal
        });
        let entries = sorted.into_iter().map(|(key, value)| Source::New(key, value));
        // SAFETY: there is no slot.
        GenericOrdMap { tree: unsafe { build::from_sorted(entries) } }
    }
}

impl<K: Ord + Clone, V: Clone, C: Counter, const N: usize> From<[(K, V); N]> for GenericOrdMap<K, V, C> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<'a, K, V, C: Counter> IntoIterator for &'a GenericOrdMap<K, V, C> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V, C>;

    fn into_iter(self) -> Iter<'a, K, V, C> {
        self.iter()
    }
}

impl<'a, K: Ord + Clone, V: Clone, C: Counter> IntoIterator for &'a mut GenericOrdMap<K, V, C> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V, C>;

    fn into_iter(self) -> IterMut<'a, K, V, C> {
        self.iter_mut()
    }
}

impl<K: Clone, V: Clone, C: Counter> IntoIterator for GenericOrdMap<K, V, C> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V, C>;

    /// The entries, in the order of their keys. Entries that no other version holds are moved out, and others are
    /// cloned. O(1) for each entry on average.
    fn into_iter(self) -> IntoIter<K, V, C> {
        IntoIter::new(self.tree)
    }
}
