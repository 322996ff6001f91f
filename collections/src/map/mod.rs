//! A persistent hash map: `clone` takes constant time, and a change to one clone does not show in any other.
//!
//! ```
//! use persistent_collections::HashMap;
//!
//! let mut stock = HashMap::new();
//! stock.insert("apples", 3);
//! let yesterday = stock.clone();
//! stock.insert("apples", 2);
//! stock.insert("pears", 1);
//! assert_eq!((yesterday.get("apples"), yesterday.len()), (Some(&3), 1));
//! assert_eq!((stock.get("apples"), stock.len()), (Some(&2), 2));
//! ```
//!
//! # Cost
//!
//! With n entries, a lookup or a change takes O(log n) time: the logarithm has base 8 and counts leaves of up to 32
//! entries, so 100,000 entries are about four branches deep. This holds for hashes whose lower 32 bits differ. Entries
//! with equal ones are searched one by one.
//!
//! `len`, `is_empty`, `ptr_eq` and `clone` take O(1) time and allocate nothing: a clone counts one more holder of two
//! nodes, and clones the hasher.
//!
//! What a change copies depends on what the version shares with others:
//!
//! * It shares nothing on the way to the entry: the change happens in place. Inserting allocates when a leaf grows or is
//!   split. If entries lie behind pointers (see below), it also allocates memory for up to 16 entries at a time.
//!   Removing gives memory back when few entries are left in a leaf, which takes constant time for each removal on
//!   average, and for a single one as much as the leaves of up to 16 entries that are joined then.
//! * The node that holds the entry is shared: a change to an entry, or its removal, *copies the path*. That is one
//!   allocation with a copy of each branch on the way (72 bytes) and of the leaf at its end (up to 32 entries or
//!   pointers to them). Copying a branch counts up each of its children.
//! * The key is new and the tree is shared: the entry goes to the version's *tail*, a leaf beside the tree, and no path
//!   is copied. Entries by value are appended in place; the tail is copied only when it grows, or when another version
//!   has appended at the same place. With entries behind pointers, a tail that others hold is copied by each insert,
//!   which is up to 16 pointers. When the tail is full, its entries go to the tree, and the paths to them are copied.
//!
//! An operation on two maps skips the nodes that both share. Below, m is the number of entries in the other nodes: of
//! two versions that are a few changes apart, it is at most about 32 for each change, however large the maps are.
//!
//! Dropping a version, and what replaces or clears one, takes time in proportion to the nodes that only this version
//! holds.
//!
//! # Memory
//!
//! ```text
//!   HashMap { root, tail, tail_len: 2, … }
//!               │     │
//!               │     └──────────►┌─Leaf────────────────────────────────────────────┐
//!               ▼                 │ count │ fill: 3 │ room: 4 │ index │ meta  │ ▪ ▪ ▫ │
//!   ┌─Branch─────────────────┐    └─────────────────────────────────────────────────┘
//!   │ count │ ● ● ● ● ● ● ● ● │     ▪ this version's entries   ▫ one that another version appended
//!   └─────────┼─┼─┼─┼─┼─┼─┼─┼─┘
//!             └─┴─┴─┤ └─┤ │ └──► leaf
//!                   ▼   ▼ └────► branch …   neighbouring slots may name the same leaf
//!                 leaf leaf
//! ```
//!
//! A *leaf* holds up to 32 entries side by side. Its index has 32 buckets. Each bucket names one entry, and from there
//! the other entries of the bucket are chained. For each entry the leaf has two bytes of metadata: the number of the
//! next entry in the chain, and the entry's *tag*. The tag has the eight bits of the hash that decide where the entry
//! lies: three that led to the leaf, and five that chose the bucket. Thanks to the tags, copying or splitting a leaf
//! hashes no key.
//!
//! A *branch* has eight slots, for three bits of the hash, low bits first. Several neighbouring slots may name the same
//! leaf; when such a leaf is full, it is split in two. When a full leaf is named by one slot only, it first gets a
//! branch above it. Only the lower 32 bits of a hash are used. Where they are used up, a leaf grows beyond 32 entries
//! and is searched from end to end.
//!
//! The *tail* is a leaf beside the tree. A version that shares its tree with others collects new entries there, until
//! the tail is full and its entries go to the tree together. A small map consists of a tail only; if that is full and
//! shared, it becomes the first leaf of the tree as it is. Versions share a tail, too: each version sees some number of
//! entries at its beginning. A version that sees all of them may append another one in place, after it has claimed the
//! next place by an atomic operation.
//!
//! If neither keys nor values need dropping, and both together are small, leaves hold the entries themselves. Otherwise
//! they hold pointers to *cells*, which are counted, so that a copied leaf shares its entries with the original. Such
//! versions never append to a shared tail: an entry would stay in the tail after the versions that see it are gone. It
//! might then have shorter lifetimes than the version that finally drops it.
//!
//! A copied path is one allocation, a *block*. Cells are allocated several at a time, in blocks as well, the first ones
//! of a map together with its first leaf. The memory of a block is freed when everything in it is gone.
//!
//! A leaf that removals leave *sparse*, with two entries (or a quarter of its room, if cells are large), is joined with
//! neighbours as long as they have at most 16 entries together. A leaf that is the only child of a branch replaces the
//! branch. The cells of the joined leaf move to a block of their own, if at least half of their blocks is unused. All
//! this happens only to what no other version holds. So memory comes back after the last versions that share it are
//! gone: not at once, but with the removals after that. A map that is emptied has no memory allocated.
//!
//! Invariants:
//!
//! * the keys of tree and tail are different;
//! * all slots of a branch that name the same leaf are neighbours, and the leaf counts them as one holder;
//! * a leaf named by slots of a branch at level `l` holds keys whose hashes have, in the three bits from bit `3 l` on,
//!   the number of one of these slots; no two slots name the same branch;
//! * a leaf with room for more than 32 entries has no bits of the hash left;
//! * a tail that has become part of a tree is full, so nobody appends to it;
//! * there is no root, or the tree has an entry.
//!
//! # Coming from other crates
//!
//! | `im`, `imbl` | `rpds` | here |
//! |---|---|---|
//! | `HashMap::new()` | `HashTrieMapSync::new_sync()` | [`HashMap::new()`](GenericHashMap::new) |
//! | `im_rc::HashMap` | `HashTrieMap` | [`rc::HashMap`](crate::rc::HashMap) |
//! | `get`, `get_key_value`, `contains_key` | the same | the same |
//! | `get_mut` | `get_mut` | [`get_mut`](GenericHashMap::get_mut) |
//! | `insert`, `remove`, `remove_with_key` | `insert_mut`, `remove_mut` | [`insert`](GenericHashMap::insert), [`remove`](GenericHashMap::remove), [`remove_with_key`](GenericHashMap::remove_with_key) |
//! | `update`, `without` | `insert`, `remove` | [`update`](GenericHashMap::update), [`without`](GenericHashMap::without) |
//! | `alter`, `entry` | – | [`alter`](GenericHashMap::alter), [`entry`](GenericHashMap::entry) |
//! | `iter`, `keys`, `values` | the same | the same |
//! | `iter_mut` | – | [`iter_mut`](GenericHashMap::iter_mut), [`values_mut`](GenericHashMap::values_mut) |
//! | `union` (by value) | – | [`union`](GenericHashMap::union) |
//! | `intersection` | – | [`intersection`](GenericHashMap::intersection) |
//! | `relative_complement` | – | [`difference`](GenericHashMap::difference), [`relative_complement`](GenericHashMap::relative_complement) |
//! | `difference`, `symmetric_difference` | – | [`symmetric_difference`](GenericHashMap::symmetric_difference) |
//! | `is_submap`, `is_submap_by` | – | the same |
//! | `retain`, `extend`, `collect`, `clear`, `ptr_eq` | – | the same |
//! | – (`OrdMap::diff`) | – | [`diff`](GenericHashMap::diff) |
//!
//! In `im`, `difference` is the symmetric difference. Here it means the same as for the sets of std.

mod block;
mod combine;
mod core;
mod entry;
mod iter;
mod node;
mod slot;
#[cfg(test)]
mod tests;
mod uncloned;
mod walk;

use std::borrow::Borrow;
use std::fmt::{self, Debug};
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::ops::{Index, IndexMut};

use self::core::Core;
pub use self::entry::{Entry, OccupiedEntry, VacantEntry};
pub use self::iter::{IntoIter, Iter, IterMut, Keys, Values, ValuesMut};
use self::slot::Slot;
use self::walk::unshared;
use crate::counter::{Atomic, Counter};

/// A persistent hash map with any kind of reference count; the [module](self) describes its memory and its costs.
///
/// Most code names it as [`HashMap`], or as [`rc::HashMap`](crate::rc::HashMap) in a single thread. This name serves
/// code that works for both:
///
/// ```
/// use std::hash::{BuildHasher, Hash};
///
/// use persistent_collections::counter::Counter;
/// use persistent_collections::{GenericHashMap, HashMap, rc};
///
/// fn total<K: Hash + Eq, S: BuildHasher, C: Counter>(map: &GenericHashMap<K, u32, S, C>) -> u32 {
///     map.values().sum()
/// }
///
/// let shared: HashMap<_, _> = [("a", 1), ("b", 2)].into();
/// let local: rc::HashMap<_, _> = [("a", 3)].into();
/// assert_eq!((total(&shared), total(&local)), (3, 3));
/// ```
pub struct GenericHashMap<K, V, S, C: Counter> {
    core: Core<K, V, C>,
    hasher: S,
}

/// A [`GenericHashMap`] whose versions several threads may hold.
///
/// ```
/// use std::thread;
///
/// let base: persistent_collections::HashMap<u32, u32> = (0..100).map(|key| (key, key)).collect();
/// let mut own = base.clone();
/// let thread = thread::spawn(move || own.insert(7, 70));
/// assert_eq!(thread.join().unwrap(), Some(7));
/// assert_eq!(base[&7], 7);
/// ```
pub type HashMap<K, V, S = RandomState> = GenericHashMap<K, V, S, Atomic>;

/// One difference between two maps; [`diff`](GenericHashMap::diff) yields them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffItem<'a, K, V> {
    /// The key is only in the second map.
    Add(&'a K, &'a V),
    /// Both maps have the key, with different values.
    Update {
        /// The entry of the first map.
        old: (&'a K, &'a V),
        /// The entry of the second map.
        new: (&'a K, &'a V),
    },
    /// The key is only in the first map.
    Remove(&'a K, &'a V),
}

impl<K, V, S: Clone, C: Counter> Clone for GenericHashMap<K, V, S, C> {
    /// Another version with the same entries. O(1): counts one more holder of two nodes, allocates nothing, and clones
    /// the hasher but no entry.
    #[inline]
    fn clone(&self) -> Self {
        GenericHashMap { core: self.core.clone(), hasher: self.hasher.clone() }
    }
}

impl<K, V, S: Default, C: Counter> Default for GenericHashMap<K, V, S, C> {
    /// An empty map. O(1), allocates nothing.
    #[inline]
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, V, C: Counter> GenericHashMap<K, V, RandomState, C> {
    /// An empty map. O(1), allocates nothing.
    ///
    /// ```
    /// let map: persistent_collections::HashMap<u32, &str> = persistent_collections::HashMap::new();
    /// assert!(map.is_empty());
    /// ```
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// A map of one entry. O(1).
    #[inline]
    pub fn unit(key: K, value: V) -> Self
    where
        K: Hash + Eq + Clone,
        V: Clone,
    {
        Self::from([(key, value)])
    }
}

impl<K, V, S, C: Counter> GenericHashMap<K, V, S, C> {
    /// An empty map that hashes with `hasher`. O(1), allocates nothing.
    ///
    /// The map uses the lower 32 bits of a hash, so these should differ between keys.
    #[inline]
    pub fn with_hasher(hasher: S) -> Self {
        GenericHashMap { core: Core::new(), hasher }
    }

    /// The hasher of the map's keys. O(1).
    #[inline]
    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    /// The number of entries. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Whether there is no entry. O(1).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both are the same version, that is, one is a clone of the other and neither has changed since. O(1).
    ///
    /// `false` does not mean that the maps differ.
    ///
    /// ```
    /// let map: persistent_collections::HashMap<_, _> = [(1, 'a')].into();
    /// let changed = map.update(1, 'b').update(1, 'a');
    /// assert!(map.ptr_eq(&map.clone()));
    /// assert!(!map.ptr_eq(&changed) && map == changed);
    /// ```
    #[inline]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.core.same(&other.core)
    }

    /// Every entry once, in an order that depends on the hashes and on how the version came about. O(1) for each entry,
    /// amortised. Allocates and copies nothing.
    ///
    /// ```
    /// let map: persistent_collections::HashMap<_, _> = (1..=4).map(|key| (key, key * key)).collect();
    /// assert_eq!(map.iter().map(|(key, square)| key + square).sum::<u32>(), 40);
    /// ```
    #[inline]
    pub fn iter(&self) -> Iter<'_, K, V, C> {
        Iter::new(&self.core)
    }

    /// Every key once, in the order of [`iter`](Self::iter) and at the same cost.
    #[inline]
    pub fn keys(&self) -> Keys<'_, K, V, C> {
        Keys(self.iter())
    }

    /// The value of every entry, in the order of [`iter`](Self::iter) and at the same cost.
    #[inline]
    pub fn values(&self) -> Values<'_, K, V, C> {
        Values(self.iter())
    }

    /// Removes every entry from this version. O(1), and the time to drop the nodes that no other version holds.
    ///
    /// ```
    /// let mut map: persistent_collections::HashMap<_, _> = [(1, 'a')].into();
    /// let before = map.clone();
    /// map.clear();
    /// assert_eq!((map.len(), before.len()), (0, 1));
    /// ```
    #[inline]
    pub fn clear(&mut self) {
        self.core = Core::new();
    }
}

/// [`difference`](GenericHashMap::difference) removes entries one by one only if the other map has fewer than one entry
/// for so many of this map. Otherwise building a new map costs less.
const REMOVAL_PAYS: usize = 2;

/// The part of a hash that the map uses: the lower 32 bits.
#[inline]
fn hash_of<Q: Hash + ?Sized>(hasher: &impl BuildHasher, key: &Q) -> u32 {
    hasher.hash_one(key) as u32
}

/// Visits every entry of `ours` that does not lie in a node or cell that `theirs` shares. The second argument of
/// `visit` is the entry of `theirs` with the same key, if that is known already.
fn for_each_unshared<K: Eq, V, C: Counter>(
    ours: &Core<K, V, C>,
    theirs: &Core<K, V, C>,
    mut visit: impl FnMut(Slot<K, V, C>, Slot<K, V, C>),
) {
    unshared(ours, theirs, |places, _| {
        places.slots().for_each(|(slot, theirs)| visit(slot, theirs));
        true
    });
}

/// Visits every entry of `ours` whose key `theirs` does not have.
fn for_each_absent<'a, K: Hash + Eq, V, S: BuildHasher, C: Counter>(
    ours: &'a Core<K, V, C>,
    theirs: &GenericHashMap<K, V, S, C>,
    mut visit: impl FnMut(&'a K, &'a V),
) {
    for_each_unshared(ours, &theirs.core, |slot, found| {
        // SAFETY: `slot` holds an entry of `ours`, which is borrowed for `'a`.
        let (key, value) = unsafe { (slot.key(), slot.value()) };
        if found.is_none() && !theirs.contains_key(key) {
            visit(key, value);
        }
    });
}

impl<K: Hash + Eq, V, S: BuildHasher, C: Counter> GenericHashMap<K, V, S, C> {
    #[inline]
    fn slot<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<Slot<K, V, C>>
    where
        K: Borrow<Q>,
    {
        let slot = self.core.find(hash_of(&self.hasher, key), key);
        if slot.is_none() { None } else { Some(slot) }
    }

    /// The value of `key`. O(log n), allocates nothing.
    ///
    /// ```
    /// let map: persistent_collections::HashMap<String, u32> = [("apples".to_owned(), 3)].into();
    /// assert_eq!((map.get("apples"), map.get("pears")), (Some(&3), None));
    /// ```
    #[inline]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        // SAFETY: the entry belongs to this version, and stays while the version is borrowed.
        self.slot(key).map(|slot| unsafe { slot.value() })
    }

    /// The key as the map stores it, and its value. O(log n), allocates nothing.
    #[inline]
    pub fn get_key_value<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        // SAFETY: the entry belongs to this version, and stays while the version is borrowed.
        self.slot(key).map(|slot| unsafe { (slot.key(), slot.value()) })
    }

    /// Whether the map has `key`. O(log n), allocates nothing.
    #[inline]
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.slot(key).is_some()
    }

    /// Whether `other` has every key of this map, with a value that `compare` accepts beside this map's value.
    ///
    /// Skips the nodes that both share, without calling `compare` for their entries. O(m log n) for m entries in the
    /// other nodes of this map, allocates nothing.
    pub fn is_submap_by(&self, other: &Self, mut compare: impl FnMut(&V, &V) -> bool) -> bool {
        self.len() <= other.len() && self.is_in(other, &mut compare)
    }

    fn is_in(&self, other: &Self, compare: &mut impl FnMut(&V, &V) -> bool) -> bool {
        let rehash = |key: &K| hash_of(&self.hasher, key);
        unshared(&self.core, &other.core, |places, counterpart| {
            // SAFETY: the slots hold entries of versions that are borrowed.
            places.slots().all(|(slot, found)| unsafe {
                if !found.is_none() {
                    return compare(slot.value(), found.value());
                }
                let key = slot.key::<'_>();
                // This is the hash of our hasher, and the other map's hasher may differ. An entry that is found has the
                // right key in any case. If none is found, `find_again` searches with the other map's hash.
                let hash = slot.hash(&rehash);
                let found = match counterpart {
                    Some(counterpart) => counterpart.find(hash, key),
                    None => other.core.find(hash, key),
                };
                let value = if found.is_none() { other.find_again(key) } else { Some(found.value()) };
                value.is_some_and(|value| compare(slot.value(), value))
            })
        })
    }

    #[cold]
    #[inline(never)]
    fn find_again(&self, key: &K) -> Option<&V> {
        self.get(key)
    }

    /// Whether `other` has every entry of this map, with an equal value. Costs the same as
    /// [`is_submap_by`](Self::is_submap_by).
    ///
    /// ```
    /// let small: persistent_collections::HashMap<_, _> = [(1, 'a')].into();
    /// let large = small.update(2, 'b');
    /// assert!(small.is_submap(&large) && !large.is_submap(&small));
    /// ```
    pub fn is_submap(&self, other: &Self) -> bool
    where
        V: PartialEq,
    {
        self.is_submap_by(other, V::eq)
    }

    /// The differences between this map and another one, in any order.
    ///
    /// Skips the nodes that both share: O(m log n) for m entries in the other nodes of both maps, which for two
    /// versions a few changes apart is in proportion to the changes. All differences are found and collected before the
    /// first one is returned.
    ///
    /// ```
    /// use persistent_collections::HashMap;
    /// use persistent_collections::map::DiffItem;
    ///
    /// let old: HashMap<_, _> = (0..1000).map(|key| (key, 'a')).collect();
    /// let mut new = old.clone();
    /// new.insert(7, 'b');
    /// let changes: Vec<_> = old.diff(&new).collect();
    /// assert_eq!(changes, [DiffItem::Update { old: (&7, &'a'), new: (&7, &'b') }]);
    /// ```
    pub fn diff<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl ExactSizeIterator<Item = DiffItem<'a, K, V>> + use<'a, K, V, S, C>
    where
        V: PartialEq,
    {
        let mut items = Vec::new();
        self.for_each_unshared(other, |key, value, found| match found {
            None => items.push(DiffItem::Remove(key, value)),
            Some(new) if new.1 != value => items.push(DiffItem::Update { old: (key, value), new }),
            Some(_) => {}
        });
        for_each_absent(&other.core, self, |key, value| items.push(DiffItem::Add(key, value)));
        items.into_iter()
    }

    /// Visits every entry that does not lie in a node or cell that `other` shares, together with the entry of `other`
    /// that has the same key.
    fn for_each_unshared<'a>(
        &'a self,
        other: &'a Self,
        mut visit: impl FnMut(&'a K, &'a V, Option<(&'a K, &'a V)>),
    ) {
        for_each_unshared(&self.core, &other.core, |slot, found| {
            // SAFETY: the slots hold entries of versions that are borrowed for `'a`.
            unsafe {
                let key = slot.key();
                let found = if found.is_none() {
                    other.get_key_value(key)
                } else {
                    Some((found.key(), found.value()))
                };
                visit(key, slot.value(), found);
            }
        });
    }
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher, C: Counter> GenericHashMap<K, V, S, C> {
    /// Sets the value of `key`, and returns the value before. The stored key is replaced, too.
    ///
    /// O(log n), in place where nothing is shared. If the key is new and the tree is shared, the entry goes to the
    /// tail; the [module](self#cost) says when that is copied. If the key is there in a shared node, the path to it is
    /// copied, and a replaced value that other versions hold is cloned to return it.
    ///
    /// ```
    /// let mut map = persistent_collections::HashMap::new();
    /// assert_eq!(map.insert("apples", 3), None);
    /// let before = map.clone();
    /// assert_eq!(map.insert("apples", 2), Some(3));
    /// assert_eq!((before["apples"], map["apples"]), (3, 2));
    /// ```
    #[inline]
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hasher = &self.hasher;
        self.core.insert(hash_of(hasher, &key), key, value, |key| hash_of(hasher, key))
    }

    /// Removes `key`, and returns its value.
    ///
    /// O(log n), in place where nothing is shared. If the entry lies in a shared node, the path to it is copied; a
    /// value that other versions hold is cloned to return it. Copies nothing if the key is not there. If few entries are
    /// left in a node that no other version holds, it is joined with neighbours or shrinks: constant time for each
    /// removal on average, and at most O(log n) for one.
    ///
    /// ```
    /// let mut map: persistent_collections::HashMap<_, _> = [("apples", 3), ("pears", 1)].into();
    /// let before = map.clone();
    /// assert_eq!((map.remove("pears"), map.remove("plums")), (Some(1), None));
    /// assert_eq!((before.len(), map.len()), (2, 1));
    /// ```
    #[inline]
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.core.remove(hash_of(&self.hasher, key), key)
    }

    /// Removes `key`, and returns the key as the map stored it, and its value. Costs the same
    /// as [`remove`](Self::remove), plus one more lookup and a clone of the key.
    pub fn remove_with_key<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let resident = self.get_key_value(key)?.0.clone();
        self.remove(key).map(|value| (resident, value))
    }

    /// The value of `key`, to be changed in this version only.
    ///
    /// O(log n), in place where nothing is shared. If the entry lies in a shared node, the path to it is copied; if the
    /// entry itself is shared, its key and value are cloned. Copies nothing if the key is not there.
    ///
    /// ```
    /// let mut map: persistent_collections::HashMap<_, _> = [("apples", 3)].into();
    /// let before = map.clone();
    /// *map.get_mut("apples").unwrap() += 1;
    /// assert_eq!((before["apples"], map["apples"]), (3, 4));
    /// ```
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.core.get_mut(hash_of(&self.hasher, key), key)
    }

    /// A version in which `key` has `value`; this version stays as it is. Costs as much as
    /// [`clone`](Self::clone) and [`insert`](Self::insert) together.
    ///
    /// ```
    /// let old: persistent_collections::HashMap<_, _> = [("apples", 3)].into();
    /// let new = old.update("pears", 1);
    /// assert_eq!((old.len(), new.len()), (1, 2));
    /// ```
    #[must_use]
    pub fn update(&self, key: K, value: V) -> Self
    where
        S: Clone,
    {
        let mut new = self.clone();
        new.insert(key, value);
        new
    }

    /// A version without `key`; this version stays as it is. Costs as much as [`clone`](Self::clone)
    /// and [`remove`](Self::remove) together.
    ///
    /// ```
    /// let old: persistent_collections::HashMap<_, _> = [("apples", 3)].into();
    /// let new = old.without("apples");
    /// assert_eq!((old.len(), new.len()), (1, 0));
    /// ```
    #[must_use]
    pub fn without<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Self
    where
        K: Borrow<Q>,
        S: Clone,
    {
        let mut new = self.clone();
        new.remove(key);
        new
    }

    /// A version in which `key` has the value that `change` makes of a clone of the present one; this version stays as
    /// it is. If `change` returns `None`, the new version does not have the key. Costs as much as
    /// [`clone`](Self::clone), a lookup, and [`insert`](Self::insert) or [`remove`](Self::remove) together.
    ///
    /// ```
    /// let old: persistent_collections::HashMap<_, _> = [("apples", 3)].into();
    /// let new = old.alter(|count| count.map(|count| count + 1), "apples");
    /// assert_eq!((old["apples"], new["apples"]), (3, 4));
    /// ```
    #[must_use]
    pub fn alter(&self, change: impl FnOnce(Option<V>) -> Option<V>, key: K) -> Self
    where
        S: Clone,
    {
        let mut new = self.clone();
        match change(self.get(&key).cloned()) {
            Some(value) => drop(new.insert(key, value)),
            None => {
                drop(new.remove(&key));
                drop(key);
            }
        }
        new
    }

    /// Keeps the entries for which `keep` returns true.
    ///
    /// O(n) calls of `keep`, all before the first entry goes, then one [`remove`](Self::remove) for each entry that
    /// goes. Clones the keys of these. Nodes in which nothing changes stay shared.
    ///
    /// ```
    /// let mut map: persistent_collections::HashMap<_, _> = (0..10).map(|key| (key, key * key)).collect();
    /// let before = map.clone();
    /// map.retain(|key, _| key % 2 == 0);
    /// assert_eq!((before.len(), map.len()), (10, 5));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        let dropped: Vec<K> =
            self.iter().filter(|(key, value)| !keep(key, value)).map(|(key, _)| key.clone()).collect();
        for key in dropped {
            self.remove(&key);
        }
    }

    /// The entries of both maps. Where both have a key, the value is this map's.
    ///
    /// Inserts clones of the entries of the smaller map into the larger one, and skips the nodes that both share:
    /// O(m log n) for m entries in the other nodes of the smaller map.
    ///
    /// ```
    /// let ours: persistent_collections::HashMap<_, _> = [(1, 'a'), (2, 'b')].into();
    /// let theirs: persistent_collections::HashMap<_, _> = [(2, 'x'), (3, 'y')].into();
    /// let united = ours.clone().union(theirs);
    /// assert_eq!((united.len(), united[&2]), (3, 'b'));
    /// assert_eq!(ours.len(), 2);
    /// ```
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        // The two calls also drop the map that they consume. Dropping may panic. It must not happen here, after the
        // union is complete, because then nothing would drop the union.
        if self.len() < other.len() {
            let mut united = other;
            united.insert_all(self);
            united
        } else {
            let mut united = self;
            united.insert_missing(other);
            united
        }
    }

    /// Inserts the entries of `other`, and replaces the entries that have the same keys.
    #[inline]
    fn insert_all(&mut self, other: Self) {
        let before = Core::clone(&self.core);
        for_each_unshared(&other.core, &before, |slot, _| {
            // SAFETY: the slot holds an entry of `other`, which stays until the end of this function.
            let (key, value) = unsafe { (slot.key::<'_>().clone(), slot.value::<'_>().clone()) };
            self.insert(key, value);
        });
    }

    /// Inserts the entries of `other` whose keys this map does not have.
    #[inline]
    fn insert_missing(&mut self, other: Self) {
        let before = Core::clone(&self.core);
        for_each_unshared(&other.core, &before, |slot, found| {
            if !found.is_none() {
                return;
            }
            // SAFETY: the slot holds an entry of `other`, which stays until the end of this function.
            let (key, value) = unsafe { (slot.key::<'_>(), slot.value::<'_>()) };
            let hash = hash_of(&self.hasher, key);
            if self.core.find(hash, key).is_none() {
                let hasher = &self.hasher;
                self.core.insert(hash, key.clone(), value.clone(), |key| hash_of(hasher, key));
            }
        });
    }

    /// The entries of this map whose keys `other` has, too.
    ///
    /// Removes the others from this map, and skips the nodes that both share: O(m log n) for m entries in the other
    /// nodes of this map.
    ///
    /// ```
    /// let ours: persistent_collections::HashMap<_, _> = [(1, 'a'), (2, 'b')].into();
    /// let theirs: persistent_collections::HashMap<_, _> = [(2, 'x'), (3, 'y')].into();
    /// assert_eq!(ours.intersection(&theirs), [(2, 'b')].into());
    /// ```
    #[must_use]
    pub fn intersection(self, other: &Self) -> Self {
        let mut common = self;
        let before = Core::clone(&common.core);
        for_each_absent(&before, other, |key, _| drop(common.remove(key)));
        drop(before);
        common
    }

    /// The entries of this map whose keys `other` does not have.
    ///
    /// If `other` has less than half as many entries, each of its keys is removed: O(k log n) for k entries of `other`.
    /// Otherwise the result is built from clones of entries: O(m log n) for m entries of this map outside the nodes
    /// that both share.
    ///
    /// ```
    /// let ours: persistent_collections::HashMap<_, _> = [(1, 'a'), (2, 'b')].into();
    /// let theirs: persistent_collections::HashMap<_, _> = [(2, 'x'), (3, 'y')].into();
    /// assert_eq!(ours.difference(&theirs), [(1, 'a')].into());
    /// ```
    #[must_use]
    pub fn difference(self, other: &Self) -> Self {
        if other.len() < self.len() / REMOVAL_PAYS {
            let mut rest = self;
            other.keys().for_each(|key| drop(rest.remove(key)));
            return rest;
        }
        let GenericHashMap { core, hasher } = self;
        let mut rest = GenericHashMap { core: Core::new(), hasher };
        for_each_absent(&core, other, |key, value| drop(rest.insert(key.clone(), value.clone())));
        drop(core);
        rest
    }

    /// The same as [`difference`](Self::difference), under the name that `im` has for it.
    #[must_use]
    pub fn relative_complement(self, other: &Self) -> Self {
        self.difference(other)
    }

    /// The entries of either map whose keys the other one does not have. Costs the same as
    /// [`difference`](Self::difference), plus O(m log n) for m entries of `other` outside the nodes that both share.
    #[must_use]
    pub fn symmetric_difference(self, other: &Self) -> Self
    where
        S: Clone,
    {
        let mut rest = self.clone().difference(other);
        for_each_absent(&other.core, &self, |key, value| drop(rest.insert(key.clone(), value.clone())));
        drop(self);
        rest
    }

    /// The entries of all maps. Where several have a key, the value is that of the first of them. Costs one
    /// [`union`](Self::union) for each map but the first.
    pub fn unions(maps: impl IntoIterator<Item = Self>) -> Self
    where
        S: Default,
    {
        maps.into_iter().reduce(Self::union).unwrap_or_default()
    }
}

impl<K: Hash + Eq, V: PartialEq, S: BuildHasher, C: Counter> PartialEq for GenericHashMap<K, V, S, C> {
    /// Whether both maps have equal entries, whatever their histories and hashers.
    ///
    /// Skips the nodes that both share: O(m log n) for m entries in the other nodes. In a shared node, even a value
    /// that does not equal itself, such as NaN, counts as equal.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.is_in(other, &mut V::eq)
    }
}

impl<K: Hash + Eq, V: Eq, S: BuildHasher, C: Counter> Eq for GenericHashMap<K, V, S, C> {}

impl<K: Hash, V: Hash, S, C: Counter> Hash for GenericHashMap<K, V, S, C> {
    /// Equal maps have equal hashes, whatever their histories and hashers. O(n).
    fn hash<H: Hasher>(&self, state: &mut H) {
        let sum = self.iter().fold(0u64, |sum, entry| {
            let mut hasher = DefaultHasher::new();
            entry.hash(&mut hasher);
            sum.wrapping_add(hasher.finish())
        });
        state.write_usize(self.len());
        state.write_u64(sum);
    }
}

impl<K: Debug, V: Debug, S, C: Counter> Debug for GenericHashMap<K, V, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K, V, S, C, Q> Index<&Q> for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Borrow<Q>,
    Q: Hash + Eq + ?Sized,
    S: BuildHasher,
    C: Counter,
{
    type Output = V;

    /// The value of a key. O(log n), allocates nothing.
    ///
    /// # Panics
    /// If the map does not have the key.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("no entry for the key")
    }
}

impl<K, V, S, C, Q> IndexMut<&Q> for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone + Borrow<Q>,
    V: Clone,
    Q: Hash + Eq + ?Sized,
    S: BuildHasher,
    C: Counter,
{
    /// The value of a key, to be changed in this version only. Costs the same as [`get_mut`](GenericHashMap::get_mut).
    ///
    /// # Panics
    /// If the map does not have the key.
    fn index_mut(&mut self, key: &Q) -> &mut V {
        self.get_mut(key).expect("no entry for the key")
    }
}

impl<K, V, S, C> Extend<(K, V)> for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Counter,
{
    /// Inserts every entry. Of entries with equal keys, the last one stays. Costs one
    /// [`insert`](GenericHashMap::insert) for each entry.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(key, value)| drop(self.insert(key, value)));
    }
}

impl<'a, K, V, S, C> Extend<(&'a K, &'a V)> for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
    C: Counter,
{
    /// Inserts a clone of every entry. Of entries with equal keys, the last one stays. Costs one
    /// [`insert`](GenericHashMap::insert) for each entry.
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        self.extend(entries.into_iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

impl<K, V, S, C> FromIterator<(K, V)> for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    /// A map of the entries. Of entries with equal keys, the last one stays. O(n log n) for n entries.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        map.extend(entries);
        map
    }
}

impl<K, V, S, C, const N: usize> From<[(K, V); N]> for GenericHashMap<K, V, S, C>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    /// A map of the entries. Of entries with equal keys, the last one stays. O(n log n) for n entries.
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<'a, K, V, S, C: Counter> IntoIterator for &'a GenericHashMap<K, V, S, C> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V, C>;

    /// The same as [`iter`](GenericHashMap::iter).
    #[inline]
    fn into_iter(self) -> Iter<'a, K, V, C> {
        self.iter()
    }
}

impl<'a, K: Clone, V: Clone, S, C: Counter> IntoIterator for &'a mut GenericHashMap<K, V, S, C> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V, C>;

    /// The same as [`iter_mut`](GenericHashMap::iter_mut).
    fn into_iter(self) -> IterMut<'a, K, V, C> {
        self.iter_mut()
    }
}

impl<K: Clone, V: Clone, S, C: Counter> GenericHashMap<K, V, S, C> {
    /// Every entry once, with its value to be changed in this version only, in the order of [`iter`](Self::iter).
    ///
    /// O(n). First copies all nodes that other versions share, then each shared entry that the iteration reaches,
    /// whether or not it is changed. To change few values, [`get_mut`](Self::get_mut) copies less.
    ///
    /// ```
    /// let mut map: persistent_collections::HashMap<_, _> = (0..100).map(|key| (key, key)).collect();
    /// let before = map.clone();
    /// map.iter_mut().for_each(|(key, value)| *value += key);
    /// assert_eq!((before[&7], map[&7]), (7, 14));
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V, C> {
        IterMut::new(&mut self.core)
    }

    /// The value of every entry, to be changed in this version only, in the order of [`iter`](Self::iter). Costs the
    /// same as [`iter_mut`](Self::iter_mut).
    pub fn values_mut(&mut self) -> ValuesMut<'_, K, V, C> {
        ValuesMut(self.iter_mut())
    }
}

impl<K: Clone, V: Clone, S, C: Counter> IntoIterator for GenericHashMap<K, V, S, C> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V, C>;

    /// Every entry by value, moved or cloned as [`IntoIter`] says. O(1) for each entry, amortised, and the time for a
    /// clone. The version's nodes stay in memory until the iterator is dropped.
    fn into_iter(self) -> IntoIter<K, V, C> {
        IntoIter::new(self.core)
    }
}
