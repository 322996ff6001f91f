//! A persistent hash map: `clone` takes constant time, and a change to one clone does not show in any other.
//!
//! # Memory
//!
//! ```text
//!   HashMap { root, tail, tail_len: 2, … }
//!               │     │
//!               │     └──────────►┌─Leaf────────────────────────────────────────────┐
//!               ▼                 │ count │ fill: 3 │ room: 4 │ index │ links │ ▪ ▪ ▫ │
//!   ┌─Branch─────────────────┐    └─────────────────────────────────────────────────┘
//!   │ count │ ● ● ● ● ● ● ● ● │     ▪ this version's entries   ▫ one that another version appended
//!   └─────────┼─┼─┼─┼─┼─┼─┼─┼─┘
//!             └─┴─┴─┤ └─┤ │ └──► leaf
//!                   ▼   ▼ └────► branch …   slots beside each other may name one leaf
//!                 leaf leaf
//! ```
//!
//! A *leaf* holds up to 32 entries side by side. Its index has 32 buckets; each names an entry, from which others
//! of the bucket are chained. A *link* has two bytes: the next entry's number, and the entry's *tag*, what its place
//! depends on: three bits of its hash that led to the leaf, five that chose the bucket. So a leaf is copied as it is,
//! and split without hashing a key.
//!
//! A *branch* has eight slots, for three bits of the hash, low bits first. A full leaf that several slots name is
//! split in two; one that a single slot names first gets a branch above it. Where all 32 bits are used up
//! (only the lower half of a hash counts), a leaf grows beyond 32 entries and is searched from end to end.
//!
//! The *tail* is a leaf beside the tree, in which a version that shares its tree with others collects what is
//! inserted, until it is full and its entries go to the tree together. A small map has a tail only; where that is
//! full and shared, it becomes the tree's first leaf as it is. Versions share a tail, too: each sees the first so many
//! entries of it, and the one that sees all may append another in place, for which it claims the place by an atomic
//! operation.
//!
//! Where neither key nor value needs dropping, and both are small, leaves hold the entries themselves. Otherwise
//! they hold pointers to *cells*, each counted, so that a copied leaf shares its entries. Versions never append
//! to one tail then: an entry would live on in the tail after the versions that see it are gone, and might have
//! shorter lifetimes than the version that drops it.
//!
//! What only this version holds is changed in place. A shared way down to a leaf is copied in one allocation, a
//! *block*; cells are allocated several at a time, the first of a map together with its first leaf. The memory
//! of a block returns when all that lies in it is gone.
//!
//! Invariants:
//!
//! * the keys of tree and tail are different;
//! * a leaf that `n` neighbouring slots of a branch name is counted once, and no other slots of it name it;
//! * a leaf named by a branch at level `l` holds keys whose hashes have, from bit `3 l` on, the number of one of these
//!   slots; a slot that names a branch is alone;
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
//! | `union` (by value) | – | [`union`](GenericHashMap::union) |
//! | `intersection` | – | [`intersection`](GenericHashMap::intersection) |
//! | `relative_complement` | – | [`difference`](GenericHashMap::difference), [`relative_complement`](GenericHashMap::relative_complement) |
//! | `difference`, `symmetric_difference` | – | [`symmetric_difference`](GenericHashMap::symmetric_difference) |
//! | `is_submap`, `is_submap_by` | – | the same |
//! | `retain`, `extend`, `collect`, `clear`, `ptr_eq` | – | the same |
//! | – (`OrdMap::diff`) | – | [`diff`](GenericHashMap::diff) |
//!
//! `im`'s `difference` is the symmetric one; here it is what std's sets call so. `iter_mut` is not offered: it would
//! copy all that is shared; use [`get_mut`](GenericHashMap::get_mut).

mod block;
mod core;
mod entry;
mod iter;
mod node;
#[cfg(feature = "serde")]
mod serde;
#[cfg(test)]
mod tests;
mod update;
mod walk;

use std::borrow::Borrow;
use std::fmt::{self, Debug};
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::ops::{Index, IndexMut};

use self::core::Core;
use self::entry::Slot;
pub use self::iter::{IntoIter, Iter, Keys, Values};
pub use self::update::{Entry, OccupiedEntry, VacantEntry};
use self::walk::unshared;
use crate::counter::{Atomic, Counter};

/// A persistent hash map, whatever counts its nodes; see the [module](self) for how it works.
///
/// Use it as [`HashMap`], or as [`rc::HashMap`](crate::rc::HashMap) in one thread.
///
/// Operations take time logarithmic in the number of entries, with base 8 and leaves of up to 32. Changes to a
/// version that shares nodes with others copy a path, at worst.
pub struct GenericHashMap<K, V, S, C: Counter> {
    core: Core<K, V, C>,
    hasher: S,
}

/// A [`GenericHashMap`] whose versions several threads may hold.
///
/// ```
/// use collections::HashMap;
///
/// let mut map = HashMap::new();
/// map.insert("apples", 3);
/// let yesterday = map.clone();
/// map.insert("apples", 2);
/// map.insert("pears", 1);
/// assert_eq!(yesterday.get("apples"), Some(&3));
/// assert_eq!(yesterday.len(), 1);
/// assert_eq!(map["apples"], 2);
/// ```
pub type HashMap<K, V, S = RandomState> = GenericHashMap<K, V, S, Atomic>;

/// A difference between two maps: see [`diff`](GenericHashMap::diff).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffItem<'a, K, V> {
    /// The key is only in the second map.
    Add(&'a K, &'a V),
    /// The values differ.
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
    /// Another version of the same content, in constant time.
    #[inline]
    fn clone(&self) -> Self {
        GenericHashMap { core: self.core.clone(), hasher: self.hasher.clone() }
    }
}

impl<K, V, S: Default, C: Counter> Default for GenericHashMap<K, V, S, C> {
    /// An empty map.
    #[inline]
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, V, C: Counter> GenericHashMap<K, V, RandomState, C> {
    /// An empty map; it allocates nothing.
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// A map of one entry.
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
    /// An empty map that hashes with `hasher`.
    ///
    /// The lower 32 bits of a hash should differ between keys.
    #[inline]
    pub fn with_hasher(hasher: S) -> Self {
        GenericHashMap { core: Core::new(), hasher }
    }

    /// What keys are hashed with.
    #[inline]
    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    /// Number of entries, in constant time.
    #[inline]
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Whether there is no entry.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both are the same version: a clone that has not changed since. Equal maps need not be.
    #[inline]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.core.same(&other.core)
    }

    /// Every entry once, in an order that depends on hashes and history.
    #[inline]
    pub fn iter(&self) -> Iter<'_, K, V, C> {
        Iter::new(&self.core)
    }

    /// Every key once, in the order of [`iter`](Self::iter).
    #[inline]
    pub fn keys(&self) -> Keys<'_, K, V, C> {
        Keys(self.iter())
    }

    /// The value of every entry, in the order of [`iter`](Self::iter).
    #[inline]
    pub fn values(&self) -> Values<'_, K, V, C> {
        Values(self.iter())
    }

    /// Removes every entry.
    #[inline]
    pub fn clear(&mut self) {
        self.core = Core::new();
    }
}

/// The part of a hash that is used.
#[inline]
fn hash_of<Q: Hash + ?Sized>(hasher: &impl BuildHasher, key: &Q) -> u32 {
    hasher.hash_one(key) as u32
}

/// Visits every entry of `ours` that is not in a part which `theirs` shares, with the entry of theirs that has the same
/// key, if that is known already.
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
        // SAFETY: entries of a version that is borrowed for as long.
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

    /// The value of `key`.
    #[inline]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        // SAFETY: an entry of this version, which stays while it is borrowed.
        self.slot(key).map(|slot| unsafe { slot.value() })
    }

    /// The key as the map has it, and its value.
    #[inline]
    pub fn get_key_value<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        // SAFETY: an entry of this version, which stays while it is borrowed.
        self.slot(key).map(|slot| unsafe { (slot.key(), slot.value()) })
    }

    /// Whether `key` is present.
    #[inline]
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.slot(key).is_some()
    }

    /// Whether `other` has every key of this map, with a value that `compare` accepts beside this map's. Parts
    /// that both versions share are not looked at.
    pub fn is_submap_by(&self, other: &Self, mut compare: impl FnMut(&V, &V) -> bool) -> bool {
        self.len() <= other.len() && self.is_in(other, &mut compare)
    }

    fn is_in(&self, other: &Self, compare: &mut impl FnMut(&V, &V) -> bool) -> bool {
        let rehash = |key: &K| hash_of(&self.hasher, key);
        unshared(&self.core, &other.core, |places, counterpart| {
            // SAFETY: entries of versions that are borrowed.
            places.slots().all(|(slot, found)| unsafe {
                if !found.is_none() {
                    return compare(slot.value(), found.value());
                }
                let key = slot.key::<'_>();
                // With this map's hash, which need not be the other's: what is found has the key all the same.
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

    /// Whether `other` has every entry of this map.
    pub fn is_submap(&self, other: &Self) -> bool
    where
        V: PartialEq,
    {
        self.is_submap_by(other, V::eq)
    }

    /// What differs between this map and another one, in any order. Parts that both share are not looked at: of
    /// two versions a few changes apart, this takes time in proportion to the changes.
    ///
    /// ```
    /// use collections::HashMap;
    /// use collections::map::DiffItem;
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

    /// Visits the entries that are not in parts that `other` shares, each with the other's entry of the same key.
    fn for_each_unshared<'a>(
        &'a self,
        other: &'a Self,
        mut visit: impl FnMut(&'a K, &'a V, Option<(&'a K, &'a V)>),
    ) {
        for_each_unshared(&self.core, &other.core, |slot, found| {
            // SAFETY: entries of versions that are borrowed for as long.
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
    /// Sets the value of `key`; returns the value before. The key is replaced, too.
    #[inline]
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hasher = &self.hasher;
        self.core.insert(hash_of(hasher, &key), key, value, |key| hash_of(hasher, key))
    }

    /// Removes `key`; returns its value.
    #[inline]
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.core.remove(hash_of(&self.hasher, key), key)
    }

    /// Removes `key`; returns it and its value.
    pub fn remove_with_key<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let resident = self.get_key_value(key)?.0.clone();
        self.remove(key).map(|value| (resident, value))
    }

    /// The value of `key`, to be changed in this version only. An entry that is shared is cloned.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.core.get_mut(hash_of(&self.hasher, key), key)
    }

    /// A version with one entry more, or another value; this one stays.
    #[must_use]
    pub fn update(&self, key: K, value: V) -> Self
    where
        S: Clone,
    {
        let mut new = self.clone();
        new.insert(key, value);
        new
    }

    /// A version without `key`; this one stays.
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

    /// A version in which `key` has the value that `change` makes of the present one, or is absent if it returns
    /// `None`; this one stays.
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
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        let dropped: Vec<K> =
            self.iter().filter(|(key, value)| !keep(key, value)).map(|(key, _)| key.clone()).collect();
        for key in dropped {
            self.remove(&key);
        }
    }

    /// The entries of both; where both have a key, this map's value. Parts that both share are not looked at,
    /// and those of the larger map stay as they are.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        // What else is held is dropped within these calls. A drop may panic: not when the union is on its way to the
        // caller, where nobody would drop it.
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

    /// Inserts the entries of `other`, in the place of those with the same keys.
    #[inline]
    fn insert_all(&mut self, other: Self) {
        let before = Core::clone(&self.core);
        for_each_unshared(&other.core, &before, |slot, _| {
            // SAFETY: entries of a version that is held.
            let (key, value) = unsafe { (slot.key::<'_>().clone(), slot.value::<'_>().clone()) };
            self.insert(key, value);
        });
    }

    /// Inserts the entries of `other` whose keys are not here.
    #[inline]
    fn insert_missing(&mut self, other: Self) {
        let before = Core::clone(&self.core);
        for_each_unshared(&other.core, &before, |slot, found| {
            if !found.is_none() {
                return;
            }
            // SAFETY: entries of a version that is held.
            let (key, value) = unsafe { (slot.key::<'_>(), slot.value::<'_>()) };
            let hash = hash_of(&self.hasher, key);
            if self.core.find(hash, key).is_none() {
                let hasher = &self.hasher;
                self.core.insert(hash, key.clone(), value.clone(), |key| hash_of(hasher, key));
            }
        });
    }

    /// The entries of this map whose keys `other` has, too.
    #[must_use]
    pub fn intersection(self, other: &Self) -> Self {
        let mut common = self;
        let before = Core::clone(&common.core);
        for_each_absent(&before, other, |key, _| drop(common.remove(key)));
        drop(before);
        common
    }

    /// The entries of this map whose keys `other` does not have.
    #[must_use]
    pub fn difference(self, other: &Self) -> Self {
        if other.len() < self.len() / 2 {
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

    /// [`difference`](Self::difference), by `im`'s name.
    #[must_use]
    pub fn relative_complement(self, other: &Self) -> Self {
        self.difference(other)
    }

    /// The entries of either map whose keys the other one does not have.
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

    /// The entries of all maps; of equal keys the first one's value.
    pub fn unions(maps: impl IntoIterator<Item = Self>) -> Self
    where
        S: Default,
    {
        maps.into_iter().reduce(Self::union).unwrap_or_default()
    }
}

impl<K: Hash + Eq, V: PartialEq, S: BuildHasher, C: Counter> PartialEq for GenericHashMap<K, V, S, C> {
    /// Whether both have equal entries, however they came about. Parts that both share are not looked at, so a
    /// value that is not equal to itself is equal to the same one in a shared part.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.is_in(other, &mut V::eq)
    }
}

impl<K: Hash + Eq, V: Eq, S: BuildHasher, C: Counter> Eq for GenericHashMap<K, V, S, C> {}

impl<K: Hash, V: Hash, S, C: Counter> Hash for GenericHashMap<K, V, S, C> {
    /// Equal maps have equal hashes, whatever their hashers and histories.
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

    /// The value of a key.
    ///
    /// # Panics
    /// If it is not there.
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
    /// The value of a key, to be changed in this version only.
    ///
    /// # Panics
    /// If it is not there.
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
    /// Inserts every entry; of equal keys the last counts.
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
    /// Inserts clones of every entry; of equal keys the last counts.
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
    /// The map of the entries; of equal keys the last counts.
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
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<'a, K, V, S, C: Counter> IntoIterator for &'a GenericHashMap<K, V, S, C> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V, C>;

    #[inline]
    fn into_iter(self) -> Iter<'a, K, V, C> {
        self.iter()
    }
}

impl<K: Clone, V: Clone, S, C: Counter> IntoIterator for GenericHashMap<K, V, S, C> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V, C>;

    /// Clones every entry: other versions may hold it, too.
    fn into_iter(self) -> IntoIter<K, V, C> {
        IntoIter::new(self.core)
    }
}
