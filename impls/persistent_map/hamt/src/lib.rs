//! The textbook persistent map: a 32-way hash array mapped trie (HAMT) with entries by value.
//!
//! Source: Phil Bagwell, "Ideal Hash Trees" (2001), made persistent by path copying as in Clojure's hash map.
//! pypersistent's second version stores its entries like this.
//!
//! ```text
//!   Map { len: 5, root }                 a hash, five bits a level from the low end:
//!               │
//!               ▼                          hash of d = … 01001 00011
//!   ┌─Node──────────────────────┐                        │     └─ bit 3 of the root's bitmap
//!   │ bitmap: bits 0, 3, 7      │                        └─ bit 9 one level down
//!   │ slots ─► a=1 │  ●  │ b=2  │
//!   └─────────────────┼─────────┘       A slot's place is the number of bits set below its own: bit 7
//!                     ▼                 is the third one set, so b lies in slots[2].
//!   ┌─Node──────────────────────┐
//!   │ bitmap: bits 2, 9, 30     │       A node is one allocation behind an Arc, its slots another.
//!   │ slots ─► c=3 │ d=4 │ e=5  │
//!   └───────────────────────────┘
//! ```
//!
//! 13 levels consume all 64 bits of a hash. Keys whose hashes are equal then lie side by side in a
//! collision node, which has no bits left to tell them apart and is searched key by key.
//!
//! A change happens in place in nodes that only this version holds. Nodes on the path to the change that other
//! versions hold, too, are copied.
//!
//! Invariants:
//!
//! * a node at levels 0 to 12 has as many slots as its bitmap has bits, at least one, and each slot leads to
//!   keys whose hashes begin with the path to it;
//! * a node at level 13 is a collision node: its bitmap is empty, its slots are two or more entries;
//! * below the root, a node leads to at least two entries; a single one lies in its parent;
//! * the empty map has no root.
//!
//! So maps of equal content have equal nodes, except for the order within collision nodes.

use std::fmt::{self, Debug};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::{mem, slice};

use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Contender, Growth, Role};

/// Bits of the hash that one level consumes.
const BITS: u32 = 5;

/// The number of levels that consume a hash; collision nodes lie below them.
const LEVELS: u32 = u64::BITS.div_ceil(BITS);

/// The bit of a node's bitmap that `rest` leads to: what is left of the hash at the node's level.
#[inline]
fn first_bit(rest: u64) -> u32 {
    1 << (rest % (1 << BITS))
}

/// What is left of `hash` at `level`.
fn rest_at(hash: u64, level: u32) -> u64 {
    hash.checked_shr(BITS * level).unwrap_or(0)
}

/// A new node has room for this many slots: most nodes at the bottom get a third entry, and few get a fifth.
const FIRST_SLOTS: usize = 4;

/// How nodes store an entry: by value as `(K, V)`, boxed as `Box<(K, V)>` or shared as `Arc<(K, V)>`. A path copy
/// clones the entries of the nodes that it copies.
pub trait Entry: Sized {
    /// The type of its key.
    type Key;
    /// The type of its value.
    type Value;
    /// The entry of `key` and `value`.
    fn new(key: Self::Key, value: Self::Value) -> Self;
    /// Its key.
    fn key(&self) -> &Self::Key;
    /// Its value.
    fn value(&self) -> &Self::Value;
}

/// Implements [`Entry`] for a way to store the pair of a key and a value.
macro_rules! store_as {
    ($stored:ty, |$key:ident, $value:ident| $entry:expr) => {
        impl<K, V> Entry for $stored {
            type Key = K;
            type Value = V;

            #[inline]
            fn new($key: K, $value: V) -> Self {
                $entry
            }

            #[inline]
            fn key(&self) -> &K {
                &self.0
            }

            #[inline]
            fn value(&self) -> &V {
                &self.1
            }
        }
    };
}

store_as!((K, V), |key, value| (key, value));
store_as!(Box<(K, V)>, |key, value| Box::new((key, value)));
store_as!(Arc<(K, V)>, |key, value| Arc::new((key, value)));

#[derive(Clone)]
struct Node<E> {
    bitmap: u32,
    slots: Vec<Slot<E>>,
}

#[derive(Clone)]
enum Slot<E> {
    Entry(E),
    Child(Arc<Node<E>>),
}

/// Clones of `before` and `after` with `slot` in between, in one allocation of exactly the size needed.
fn spliced<T: Clone>(before: &[T], slot: Option<T>, after: &[T]) -> Vec<T> {
    let mut slots = Vec::with_capacity(before.len() + usize::from(slot.is_some()) + after.len());
    slots.extend_from_slice(before);
    slots.extend(slot);
    slots.extend_from_slice(after);
    slots
}

impl<E> Node<E> {
    fn is_collision(&self) -> bool {
        self.bitmap == 0
    }

    /// The place of the slot for `bit`, or the place where it would be inserted.
    #[inline]
    fn place(&self, bit: u32) -> usize {
        if self.bitmap == u32::MAX {
            // Most nodes near the root of a large map are full. Counting bits takes a dozen instructions more on the
            // oldest x86-64, for which the lab compiles.
            return bit.trailing_zeros() as usize;
        }
        (self.bitmap & (bit - 1)).count_ones() as usize
    }

    /// A node at `level` with two entries that have different keys. `one_rest` and `two_rest` are what is left of
    /// their hashes.
    fn pair(level: u32, one: Slot<E>, one_rest: u64, two: Slot<E>, two_rest: u64) -> Self {
        let mut slots = Vec::with_capacity(FIRST_SLOTS);
        if level == LEVELS {
            slots.extend([one, two]);
            return Node { bitmap: 0, slots };
        }
        let (one_bit, two_bit) = (first_bit(one_rest), first_bit(two_rest));
        if one_bit == two_bit {
            let child = Self::pair(level + 1, one, one_rest >> BITS, two, two_rest >> BITS);
            slots.push(Slot::Child(Arc::new(child)));
        } else {
            slots.extend(if one_bit < two_bit { [one, two] } else { [two, one] });
        }
        Node { bitmap: one_bit | two_bit, slots }
    }

    /// Number of entries.
    fn count(&self) -> usize {
        let slots = self.slots.iter();
        slots.map(|slot| if let Slot::Child(child) = slot { child.count() } else { 1 }).sum()
    }

    /// Moves every entry that is alone in its node into the parent, and returns the number of entries. Nodes that other
    /// versions hold have no such entry.
    fn contract(node: &mut Arc<Self>) -> usize {
        let Some(own) = Arc::get_mut(node) else { return node.count() };
        let mut count = 0;
        for slot in &mut own.slots {
            let Slot::Child(child) = slot else {
                count += 1;
                continue;
            };
            count += Self::contract(child);
            if let [Slot::Entry(..)] = child.slots.as_slice()
                && let Some(last) = Arc::get_mut(child).and_then(|child| child.slots.pop())
            {
                *slot = last;
            }
        }
        count
    }
}

impl<E: Entry<Key: Eq>> Node<E> {
    /// The value of `key`; `rest` is what is left of its hash at this node.
    #[inline]
    fn get(&self, mut rest: u64, key: &E::Key) -> Option<&E::Value> {
        let mut node = self;
        loop {
            let bit = first_bit(rest);
            if node.bitmap & bit == 0 {
                return if node.is_collision() { node.get_colliding(key) } else { None };
            }
            match &node.slots[node.place(bit)] {
                Slot::Entry(entry) => return (entry.key() == key).then(|| entry.value()),
                Slot::Child(child) => node = child,
            }
            rest >>= BITS;
        }
    }

    #[cold]
    fn get_colliding(&self, key: &E::Key) -> Option<&E::Value> {
        match &self.slots[self.place_colliding(key)?] {
            Slot::Entry(entry) => Some(entry.value()),
            Slot::Child(_) => None,
        }
    }

    /// The place of `key` in a collision node.
    fn place_colliding(&self, key: &E::Key) -> Option<usize> {
        self.slots.iter().position(|slot| matches!(slot, Slot::Entry(entry) if entry.key() == key))
    }
}

impl<E: Clone> Node<E> {
    /// Puts `slot` at `place` and moves the slots behind it.
    fn insert_slot(node: &mut Arc<Self>, bit: u32, place: usize, slot: Slot<E>) {
        match Arc::get_mut(node) {
            Some(own) => {
                own.bitmap |= bit;
                own.slots.insert(place, slot);
            }
            None => {
                let slots = spliced(&node.slots[..place], Some(slot), &node.slots[place..]);
                *node = Arc::new(Node { bitmap: node.bitmap | bit, slots });
            }
        }
    }

    /// Puts `slot` in the place of another.
    fn replace_slot(node: &mut Arc<Self>, place: usize, slot: Slot<E>) {
        match Arc::get_mut(node) {
            Some(own) => own.slots[place] = slot,
            None => {
                let slots = spliced(&node.slots[..place], Some(slot), &node.slots[place + 1..]);
                *node = Arc::new(Node { bitmap: node.bitmap, slots });
            }
        }
    }

    /// Removes the slot at `place`.
    fn remove_slot(node: &mut Arc<Self>, bit: u32, place: usize) {
        match Arc::get_mut(node) {
            Some(own) => {
                own.bitmap &= !bit;
                own.slots.remove(place);
            }
            None => {
                let slots = spliced(&node.slots[..place], None, &node.slots[place + 1..]);
                *node = Arc::new(Node { bitmap: node.bitmap & !bit, slots });
            }
        }
    }

    /// Replaces the slot at `place` by a child that `child` makes of it.
    fn push_down(node: &mut Arc<Self>, place: usize, child: impl FnOnce(Slot<E>) -> Self) {
        match Arc::get_mut(node) {
            Some(own) => {
                // The last slot fills the gap for a moment, so that no other slot has to move.
                let resident = own.slots.swap_remove(place);
                let last = own.slots.len();
                own.slots.push(Slot::Child(Arc::new(child(resident))));
                own.slots.swap(place, last);
            }
            None => {
                let child = Slot::Child(Arc::new(child(node.slots[place].clone())));
                Self::replace_slot(node, place, child);
            }
        }
    }
}

impl<E: Entry<Key: Hash + Eq> + Clone> Node<E> {
    /// Puts `entry` below `node`, which lies at `level`, and replaces an entry with the same key. Returns whether the
    /// key is new.
    fn insert(
        mut node: &mut Arc<Self>,
        mut level: u32,
        hasher: &impl BuildHasher,
        hash: u64,
        entry: E,
    ) -> bool {
        let mut rest = rest_at(hash, level);
        loop {
            let bit = first_bit(rest);
            if node.bitmap & bit == 0 {
                return Self::insert_here(node, bit, entry);
            }
            let place = node.place(bit);
            rest >>= BITS;
            level += 1;
            if let Slot::Entry(resident) = &node.slots[place] {
                if resident.key() == entry.key() {
                    Self::replace_slot(node, place, Slot::Entry(entry));
                    return false;
                }
                let resident_rest = rest_at(hasher.hash_one(resident.key()), level);
                Self::push_down(node, place, |resident| {
                    Node::pair(level, resident, resident_rest, Slot::Entry(entry), rest)
                });
                return true;
            }
            match &mut Arc::make_mut(node).slots[place] {
                Slot::Child(child) => node = child,
                Slot::Entry(..) => unreachable!("entries are handled above"),
            }
        }
    }

    /// Puts `entry` into a node that has no slot for `bit`, or is a collision node. Returns whether its key is new.
    fn insert_here(node: &mut Arc<Self>, bit: u32, entry: E) -> bool {
        if !node.is_collision() {
            Self::insert_slot(node, bit, node.place(bit), Slot::Entry(entry));
            return true;
        }
        let place = node.place_colliding(entry.key());
        match place {
            Some(place) => Self::replace_slot(node, place, Slot::Entry(entry)),
            None => Self::insert_slot(node, 0, node.slots.len(), Slot::Entry(entry)),
        }
        place.is_none()
    }

    /// Removes `key` below `node`, where `rest` is left of its hash. Returns whether it was there. `certain` says
    /// that the caller knows it is.
    fn remove(node: &mut Arc<Self>, rest: u64, key: &E::Key, mut certain: bool) -> bool {
        if !certain && Arc::get_mut(node).is_none() {
            // Look first, so that no path is copied only to find at its end that there is nothing to remove.
            if node.get(rest, key).is_none() {
                return false;
            }
            certain = true;
        }
        if node.is_collision() {
            let Some(place) = node.place_colliding(key) else { return false };
            Self::remove_slot(node, 0, place);
            return true;
        }
        let bit = first_bit(rest);
        if node.bitmap & bit == 0 {
            return false;
        }
        let place = node.place(bit);
        if let Slot::Entry(resident) = &node.slots[place] {
            let found = resident.key() == key;
            if found {
                Self::remove_slot(node, bit, place);
            }
            return found;
        }
        let slot = &mut Arc::make_mut(node).slots[place];
        let Slot::Child(child) = slot else { unreachable!("entries are handled above") };
        let found = Self::remove(child, rest >> BITS, key, certain);
        if found
            && let [Slot::Entry(..)] = child.slots.as_slice()
            && let Some(last) = Arc::make_mut(child).slots.pop()
        {
            *slot = last;
        }
        found
    }

    /// A node with the entries of two nodes at `level`, and with the entry of `ours` for each key that both have.
    /// Adds the number of those keys to `common`.
    fn union(
        ours: &Arc<Self>,
        theirs: &Arc<Self>,
        level: u32,
        hasher: &impl BuildHasher,
        common: &mut usize,
    ) -> Arc<Self> {
        if Arc::ptr_eq(ours, theirs) {
            *common += ours.count();
            return Arc::clone(ours);
        }
        if ours.is_collision() {
            let mut slots = ours.slots.clone();
            for slot in &theirs.slots {
                match slot {
                    Slot::Entry(entry) if ours.place_colliding(entry.key()).is_some() => *common += 1,
                    _ => slots.push(slot.clone()),
                }
            }
            return Arc::new(Node { bitmap: 0, slots });
        }
        let bitmap = ours.bitmap | theirs.bitmap;
        let mut slots = Vec::with_capacity(bitmap.count_ones() as usize);
        let (mut our_slots, mut their_slots) = (ours.slots.iter(), theirs.slots.iter());
        let mut bits = bitmap;
        while bits != 0 {
            let bit = bits & bits.wrapping_neg();
            bits ^= bit;
            let ours = if ours.bitmap & bit == 0 { None } else { our_slots.next() };
            let theirs = if theirs.bitmap & bit == 0 { None } else { their_slots.next() };
            match (ours, theirs) {
                (Some(ours), Some(theirs)) => {
                    slots.push(Self::union_of_slots(ours, theirs, level + 1, hasher, common));
                }
                (ours, theirs) => slots.extend(ours.or(theirs).cloned()),
            }
        }
        Arc::new(Node { bitmap, slots })
    }

    /// The union of two slots whose children lie, or would lie, at `level`.
    fn union_of_slots(
        ours: &Slot<E>,
        theirs: &Slot<E>,
        level: u32,
        hasher: &impl BuildHasher,
        common: &mut usize,
    ) -> Slot<E> {
        let child = match (ours, theirs) {
            (Slot::Child(ours), Slot::Child(theirs)) => Self::union(ours, theirs, level, hasher, common),
            (Slot::Child(child), Slot::Entry(entry)) => {
                let mut child = Arc::clone(child);
                let hash = hasher.hash_one(entry.key());
                if child.get(rest_at(hash, level), entry.key()).is_some() {
                    *common += 1;
                } else {
                    Self::insert(&mut child, level, hasher, hash, entry.clone());
                }
                child
            }
            (Slot::Entry(entry), Slot::Child(child)) => {
                let mut child = Arc::clone(child);
                let hash = hasher.hash_one(entry.key());
                let new = Self::insert(&mut child, level, hasher, hash, entry.clone());
                *common += usize::from(!new);
                child
            }
            (Slot::Entry(our_entry), Slot::Entry(their_entry)) => {
                let (our_key, their_key) = (our_entry.key(), their_entry.key());
                if our_key == their_key {
                    *common += 1;
                    return ours.clone();
                }
                let our_rest = rest_at(hasher.hash_one(our_key), level);
                let their_rest = rest_at(hasher.hash_one(their_key), level);
                Arc::new(Node::pair(level, ours.clone(), our_rest, theirs.clone(), their_rest))
            }
        };
        Slot::Child(child)
    }
}

impl<E: Entry<Key: Eq, Value: PartialEq>> Node<E> {
    /// Whether two nodes at one level hold the same entries.
    fn equal(ours: &Arc<Self>, theirs: &Arc<Self>) -> bool {
        if Arc::ptr_eq(ours, theirs) {
            return true;
        }
        if ours.bitmap != theirs.bitmap || ours.slots.len() != theirs.slots.len() {
            return false;
        }
        if ours.is_collision() {
            return ours.slots.iter().all(|slot| match slot {
                Slot::Entry(entry) => theirs.get_colliding(entry.key()) == Some(entry.value()),
                Slot::Child(_) => false,
            });
        }
        ours.slots.iter().zip(&theirs.slots).all(|slots| match slots {
            (Slot::Entry(ours), Slot::Entry(theirs)) => {
                ours.key() == theirs.key() && ours.value() == theirs.value()
            }
            (Slot::Child(ours), Slot::Child(theirs)) => Self::equal(ours, theirs),
            _ => false,
        })
    }
}

/// A map with cheap versions, whose nodes store entries as `E`.
///
/// Cloning shares everything and is O(1). Below, n is the number of entries, and hashes are assumed to be well spread;
/// if they collide, every operation is linear in the number of keys that collide. If a key or value panics in its
/// `Hash`, `Eq` or `Clone`, the map stays as it was.
#[derive(Clone)]
pub struct Map<E, S> {
    len: usize,
    root: Option<Arc<Node<E>>>,
    hasher: S,
}

impl<E, S: Default> Map<E, S> {
    /// The empty map.
    pub fn new() -> Self {
        Map::with_hasher(S::default())
    }
}

impl<E, S> Map<E, S> {
    /// The empty map, which will hash with `hasher`.
    pub fn with_hasher(hasher: S) -> Self {
        Map { len: 0, root: None, hasher }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every entry once, in the order of their hashes read from the low end. O(1) each, amortised.
    pub fn iter(&self) -> Iter<'_, E>
    where
        E: Entry,
    {
        Iter(self.entries())
    }

    /// Every entry once, as it is stored. O(1) each, amortised.
    pub fn entries(&self) -> Entries<'_, E> {
        let slots = self.root.as_deref().map_or(&[][..], |root| &root.slots);
        Entries { slots: slots.iter(), above: Default::default(), depth: 0, left: self.len }
    }
}

impl<E: Entry<Key: Hash + Eq>, S: BuildHasher> Map<E, S> {
    /// The value of `key`. O(log₃₂ n).
    pub fn get(&self, key: &E::Key) -> Option<&E::Value> {
        let root = self.root.as_deref()?;
        root.get(self.hasher.hash_one(key), key)
    }

    /// Whether keys hash alike in both maps, for only then do their nodes correspond. Hashers of one type may be seeded
    /// differently, as std's `RandomState` is. One key is enough to tell, because different seeds give it different
    /// hashes.
    fn hashes_like(&self, other: &Self) -> bool {
        match self.iter().next() {
            Some((key, _)) => self.hasher.hash_one(key) == other.hasher.hash_one(key),
            None => true,
        }
    }

    /// Whether both maps hold the same entries. O(n); subtries that the maps share cost nothing. Their values are
    /// assumed to equal themselves.
    pub fn equal(&self, other: &Self) -> bool
    where
        E::Value: PartialEq,
    {
        if self.len != other.len {
            return false;
        }
        match (&self.root, &other.root) {
            (Some(ours), Some(theirs)) if self.hashes_like(other) => Node::equal(ours, theirs),
            _ => self.iter().all(|(key, value)| other.get(key) == Some(value)),
        }
    }
}

/// Puts a map in order again if a removal panics. If the drop of an entry panics, that entry is out of its node
/// already.
struct Mend<'a, E, S>(&'a mut Map<E, S>);

impl<E, S> Drop for Mend<'_, E, S> {
    #[cold]
    fn drop(&mut self) {
        self.0.len = self.0.root.as_mut().map_or(0, Node::contract);
        if self.0.len == 0 {
            self.0.root = None;
        }
    }
}

impl<E: Entry<Key: Hash + Eq> + Clone, S: BuildHasher + Clone> Map<E, S> {
    /// Sets the value of `key`. O(log₃₂ n), and the shared nodes on the path are copied.
    pub fn insert(&mut self, key: E::Key, value: E::Value) {
        self.insert_entry(E::new(key, value));
    }

    /// Inserts `entry`, and replaces an entry with the same key. O(log₃₂ n), as [`Map::insert`].
    pub fn insert_entry(&mut self, entry: E) {
        let hash = self.hasher.hash_one(entry.key());
        let new = match &mut self.root {
            Some(root) => Node::insert(root, 0, &self.hasher, hash, entry),
            None => {
                let mut slots = Vec::with_capacity(FIRST_SLOTS);
                slots.push(Slot::Entry(entry));
                self.root = Some(Arc::new(Node { bitmap: first_bit(hash), slots }));
                true
            }
        };
        self.len += usize::from(new);
    }

    /// Removes `key` and returns whether it was there. O(log₃₂ n), and the shared nodes on the path are copied.
    pub fn remove(&mut self, key: &E::Key) -> bool {
        let mend = Mend(self);
        let Map { len, root, hasher } = &mut *mend.0;
        let found = root.as_mut().is_some_and(|root| Node::remove(root, hasher.hash_one(key), key, false));
        *len -= usize::from(found);
        if *len == 0 {
            *root = None;
        }
        mem::forget(mend);
        found
    }

    /// The entries of both maps, with this map's value for each key that both have. Walks both tries side by side,
    /// hashes only keys that meet a different key or a subtrie, and shares subtries that meet nothing. O(n).
    pub fn union(&self, other: &Self) -> Self {
        match (&self.root, &other.root) {
            (_, None) => self.clone(),
            (None, _) => other.clone(),
            (Some(ours), Some(theirs)) if self.hashes_like(other) => {
                let mut common = 0;
                let root = Node::union(ours, theirs, 0, &self.hasher, &mut common);
                Map { len: self.len + other.len - common, root: Some(root), hasher: self.hasher.clone() }
            }
            _ => {
                let mut united = self.clone();
                for entry in other.entries().filter(|entry| self.get(entry.key()).is_none()) {
                    united.insert_entry(entry.clone());
                }
                united
            }
        }
    }
}

impl<E, S: Default> Default for Map<E, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Entry<Key: Debug, Value: Debug>, S> Debug for Map<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// Iterator over the entries of a [`Map`], as they are stored.
pub struct Entries<'a, E> {
    /// What is left of the current node.
    slots: slice::Iter<'a, Slot<E>>,
    /// What is left of the nodes above it, the root first.
    above: [slice::Iter<'a, Slot<E>>; LEVELS as usize],
    depth: usize,
    left: usize,
}

impl<'a, E> Iterator for Entries<'a, E> {
    type Item = &'a E;

    #[inline]
    fn next(&mut self) -> Option<&'a E> {
        loop {
            match self.slots.next() {
                Some(Slot::Entry(entry)) => {
                    self.left -= 1;
                    return Some(entry);
                }
                Some(Slot::Child(child)) => {
                    self.above[self.depth] = std::mem::replace(&mut self.slots, child.slots.iter());
                    self.depth += 1;
                }
                None => {
                    self.depth = self.depth.checked_sub(1)?;
                    self.slots = self.above[self.depth].clone();
                }
            }
        }
    }
}

/// Iterator over the keys and values of a [`Map`].
pub struct Iter<'a, E>(Entries<'a, E>);

impl<'a, E: Entry> Iterator for Iter<'a, E> {
    type Item = (&'a E::Key, &'a E::Value);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|entry| (entry.key(), entry.value()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left, Some(self.0.left))
    }
}

impl<E: Entry> ExactSizeIterator for Iter<'_, E> {}

impl<'a, E: Entry, S> IntoIterator for &'a Map<E, S> {
    type Item = (&'a E::Key, &'a E::Value);
    type IntoIter = Iter<'a, E>;

    fn into_iter(self) -> Iter<'a, E> {
        self.iter()
    }
}

impl<K, V, E, S> PersistentMap<K, V> for Map<E, S>
where
    K: Hash + Eq,
    V: PartialEq,
    E: Entry<Key = K, Value = V> + Clone,
    S: BuildHasher + Clone + Default,
{
    fn new() -> Self {
        Map::new()
    }

    fn len(&self) -> usize {
        Map::len(self)
    }

    fn get(&self, key: &K) -> Option<&V> {
        Map::get(self, key)
    }

    fn insert(&mut self, key: K, value: V) {
        Map::insert(self, key, value);
    }

    fn remove(&mut self, key: &K) -> bool {
        Map::remove(self, key)
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        Map::iter(self)
    }

    fn union(&self, other: &Self) -> Self {
        Map::union(self, other)
    }

    fn equal(&self, other: &Self) -> bool {
        Map::equal(self, other)
    }
}

/// [`Map`] with entries by value as a `Family`.
pub struct Hamt;

scenarios::persistent_map_family!(<K, V, S> Hamt = Map<(K, V), S>);

/// The contender: a 32-way hash array mapped trie with entries by value.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<Hamt>(About {
        name: "hamt",
        role: Role::Optimized,
        summary: "A 32-way hash array mapped trie: one bitmap per node, entries by value beside children.",
        source: "Bagwell, \"Ideal Hash Trees\" (2001), with path copying; pypersistent, entries by value",
        analysis: ANALYSIS,
        complexity: &[
            ("insert_unshared", Growth::Logarithmic),
            ("insert_shared", Growth::Logarithmic),
            ("get_hit", Growth::Logarithmic),
            ("get_miss", Growth::Logarithmic),
            ("overwrite_shared", Growth::Logarithmic),
            ("remove_unshared", Growth::Logarithmic),
            ("remove_shared", Growth::Logarithmic),
            ("iterate", Growth::Constant),
            ("union", Growth::Constant),
            ("equality", Growth::Constant),
            ("union_of_versions", Growth::Logarithmic),
            ("equality_of_versions", Growth::Logarithmic),
            ("thin_out", Growth::Logarithmic),
            ("churn", Growth::Logarithmic),
            ("insert_batch", Growth::Logarithmic),
            ("diff_of_versions", Growth::Linearithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A hash array mapped trie over all 64 bits of the hash, five bits a level, with a collision node below the \
last. A node is a 32-bit bitmap and a packed array of slots; a slot is an entry by value or a counted \
pointer to a child. Node and array are an allocation each. All code is safe Rust.

Get tests a bit per level and counts the bits below it to find the slot. Insert and remove change nodes in \
place if only this version holds them, and copy the path if not. The last node is copied with its change \
already made, and nothing is copied before the key to remove is found. A node left with one entry moves it \
into its parent, so equal maps have equal nodes. Union and equality walk two tries side by side, without \
hashing and without looking at nodes that both share.

It wins against im and imbl where versions are kept, at all but the smallest sizes: they copy nodes of full \
width slot by slot, while this one copies only the slots that are used. Union and equality win by far, as \
the others insert or look up key by key. It loses to them on lookups of plain keys and on building a map. \
Counting bits takes over a dozen instructions on baseline x86-64, which has no instruction for it, where a \
full-width node is indexed directly; and packed arrays have to move slots and grow. Two allocations per \
node are one too many: on a kept version they are a large part of the cost.

Entries by value make every copied node clone its entries. For plain numbers that is cheap. With String \
keys it is an allocation for each, and entries behind pointers, as in rpds, win.";

#[cfg(test)]
mod tests {
    use std::collections::hash_map::RandomState;

    use scenarios::input::FixedHasher;
    use testkit::Fragile;
    use testkit::map::hash_trie::{self, HashTrie, Key};
    use testkit::map::{
        a_panic_in_a_key_or_value_changes_nothing, entries_are_dropped_once, hostile, probes,
    };
    use testkit::probe::{PassThrough, Probe};

    use super::*;

    type Of<E> = Map<E, PassThrough>;
    type KeyMap = Of<(Key, u32)>;
    type Probes = (Probe, Probe);
    type Fragiles = (Fragile, Fragile);

    impl HashTrie for KeyMap {
        fn check_nodes(&self) -> Option<usize> {
            assert_eq!(self.iter().len(), self.len());
            self.root.as_ref().map(|root| check_node(root, 0, 0))
        }

        fn is_contracted(&self) -> bool {
            matches!(self.root.as_deref().map(|root| root.slots.as_slice()), Some([Slot::Entry(..)]))
        }

        fn shared_children(&self, other: &Self) -> usize {
            let [one, two] = [self, other].map(|map| map.root.as_ref().unwrap().slots.iter());
            let pairs = one.zip(two);
            pairs.filter(|pair| matches!(pair, (Slot::Child(a), Slot::Child(b)) if Arc::ptr_eq(a, b))).count()
        }

        fn address(&self) -> usize {
            Arc::as_ptr(self.root.as_ref().unwrap()).addr()
        }
    }

    /// Checks a node whose entries' hashes begin with `path`, and counts the entries.
    fn check_node(node: &Node<(Key, u32)>, level: u32, path: u64) -> usize {
        if level == LEVELS {
            assert!(node.is_collision() && node.slots.len() >= 2);
            assert!(
                node.slots.iter().all(|slot| matches!(slot, Slot::Entry((key, _)) if key.hash() == path))
            );
            return node.slots.len();
        }
        assert_eq!(node.bitmap.count_ones() as usize, node.slots.len());
        let mut count = 0;
        for (bit, slot) in (0..32).filter(|bit| node.bitmap >> bit & 1 == 1).zip(&node.slots) {
            let path = path | bit << (BITS * level);
            match slot {
                Slot::Entry((key, _)) => {
                    assert!(key.lies_below(path, BITS * (level + 1)), "{key:?} at level {level}");
                    count += 1;
                }
                Slot::Child(child) => {
                    let below = check_node(child, level + 1, path);
                    assert!(below >= 2, "a child with a single entry at level {level}");
                    count += below;
                }
            }
        }
        assert!(count >= 1);
        count
    }

    #[test]
    fn collisions_grow_and_shrink() {
        hash_trie::collisions_grow_and_shrink::<KeyMap>();
    }

    #[test]
    fn hashes_that_part_late_make_deep_paths() {
        hash_trie::hashes_that_part_late_make_deep_paths::<KeyMap>();
    }

    #[test]
    fn random_changes_keep_invariants_and_versions() {
        hash_trie::random_changes_keep_invariants_and_versions::<KeyMap>();
    }

    #[test]
    fn equal_content_has_equal_nodes() {
        hash_trie::equal_content_is_equal::<KeyMap, Map<(u32, f64), FixedHasher>>();
    }

    #[test]
    fn union_prefers_the_left_and_shares_the_rest() {
        hash_trie::union_prefers_the_left::<KeyMap>();
        hash_trie::union_shares_what_both_share::<KeyMap>();
    }

    #[test]
    fn maps_seeded_differently_are_compared_by_key() {
        hash_trie::maps_seeded_differently_are_compared_by_key::<Map<(u32, u32), RandomState>>();
    }

    #[test]
    fn a_sole_owner_changes_in_place() {
        hash_trie::a_sole_owner_changes_in_place::<KeyMap>();
    }

    #[test]
    fn entries_of_no_size_and_of_high_alignment() {
        testkit::map::holds_entries_of_no_size::<Map<((), ()), FixedHasher>>();
        testkit::map::aligns_its_entries::<Map<(u32, _), FixedHasher>>();
    }

    #[test]
    fn entries_of_every_size_and_alignment() {
        type Of<V> = Map<(u32, V), FixedHasher>;
        testkit::holds_every_kind!(Of);
    }

    #[test]
    fn entries_are_dropped_once_however_they_are_stored() {
        entries_are_dropped_once::<Of<Probes>>();
        entries_are_dropped_once::<Of<Box<Probes>>>();
        entries_are_dropped_once::<Of<Arc<Probes>>>();
    }

    #[test]
    fn a_panic_changes_nothing_however_entries_are_stored() {
        a_panic_in_a_key_or_value_changes_nothing::<Of<Probes>>();
        a_panic_in_a_key_or_value_changes_nothing::<Of<Box<Probes>>>();
        a_panic_in_a_key_or_value_changes_nothing::<Of<Arc<Probes>>>();
    }

    #[test]
    fn a_panic_anywhere_leaves_every_version_sound() {
        hostile::every_change_is_made_or_not::<Of<Fragiles>>(150);
        hostile::every_change_is_made_or_not::<Of<Box<Fragiles>>>(150);
        hostile::every_change_is_made_or_not::<Of<Arc<Fragiles>>>(150);
    }

    #[test]
    fn a_panic_in_the_drop_of_what_was_copied_leaves_the_map_sound() {
        hostile::a_copy_that_drops_the_original_is_made_or_not::<Of<Fragiles>>(false);
        hostile::a_copy_that_drops_the_original_is_made_or_not::<Of<Box<Fragiles>>>(false);
        hostile::a_copy_that_drops_the_original_is_made_or_not::<Of<Arc<Fragiles>>>(true);
    }

    type Pairs<K, V> = Map<(K, V), PassThrough>;
    testkit::assert_versions_share_entries!(Pairs);

    #[test]
    fn only_shared_entries_survive_a_copy() {
        /// How many probes a path copy adds to those of the entry that it inserts.
        fn copies<E: Entry<Key = Probe, Value = Probe> + Clone>() -> i64 {
            Probe::reset();
            let mut map: Of<E> = probes(0..20);
            let held = map.clone();
            let before = Probe::live();
            map.insert(Probe::new(20), Probe::new(20));
            let copied = Probe::live() - before - 2;
            drop((map, held));
            assert_eq!(Probe::live(), 0);
            copied
        }
        assert_eq!(copies::<(Probe, Probe)>(), copies::<Box<(Probe, Probe)>>());
        assert!(copies::<Box<(Probe, Probe)>>() > 0);
        assert_eq!(copies::<Arc<(Probe, Probe)>>(), 0);
    }

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
