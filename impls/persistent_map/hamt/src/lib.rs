//! The textbook persistent map: a 32-way hash array mapped trie (HAMT) with entries by value.
//!
//! Source: Phil Bagwell, "Ideal Hash Trees" (2001); made persistent by path copying as in Clojure's hash map.
//! pypersistent's second stage stores its entries like this.
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
//! A change happens in place in what this version alone holds, and copies what it shares: the nodes from
//! the root to the change.
//!
//! Invariants:
//!
//! * a node at levels 0 to 12 has as many slots as its bitmap has bits, at least one, and each slot leads to
//!   keys whose hashes begin with the path to it;
//! * a node at level 13 is a collision node: its bitmap is empty, its slots are two or more entries;
//! * below the root, a node leads to at least two entries; a single one lies in its parent;
//! * the empty map has no root.
//!
//! So maps of equal content have equal nodes, but for the order within collision nodes.

use std::fmt::{self, Debug};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::{mem, slice};

use scenarios::persistent_map::{Family, PersistentMap};
use scenarios::{About, Capability, Contender, Growth, Role};

/// Bits of the hash that one level consumes.
const BITS: u32 = 5;

/// Levels that consume a hash; collision nodes lie below.
const LEVELS: u32 = u64::BITS.div_ceil(BITS);

/// The bit for the level at which `rest` is what is left of the hash.
#[inline]
fn first_bit(rest: u64) -> u32 {
    1 << (rest % (1 << BITS))
}

/// What is left of `hash` at `level`.
fn rest_at(hash: u64, level: u32) -> u64 {
    hash.checked_shr(BITS * level).unwrap_or(0)
}

/// Room for slots in a new node: most nodes at the bottom get a third entry, few a fifth.
const FIRST_SLOTS: usize = 4;

/// How nodes store an entry: by value `(K, V)`, boxed `Box<(K, V)>` or shared `Arc<(K, V)>`. A path copy clones
/// the entries of the nodes that it copies.
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

impl<K, V> Entry for (K, V) {
    type Key = K;
    type Value = V;

    #[inline]
    fn new(key: K, value: V) -> Self {
        (key, value)
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

impl<K, V> Entry for Box<(K, V)> {
    type Key = K;
    type Value = V;

    #[inline]
    fn new(key: K, value: V) -> Self {
        Box::new((key, value))
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

impl<K, V> Entry for Arc<(K, V)> {
    type Key = K;
    type Value = V;

    #[inline]
    fn new(key: K, value: V) -> Self {
        Arc::new((key, value))
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

/// Clones of `before` and `after` with `slot` in between, in one allocation of exactly that size.
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

    /// The place of the slot for `bit`, whether it is there or not.
    #[inline]
    fn place(&self, bit: u32) -> usize {
        if self.bitmap == u32::MAX {
            // Most nodes near the root of a large map. Counting bits takes a dozen instructions more on the
            // oldest x86-64, for which the lab compiles.
            return bit.trailing_zeros() as usize;
        }
        (self.bitmap & (bit - 1)).count_ones() as usize
    }

    /// A node at `level` of two entries with different keys, each with what is left of its hash.
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

    /// Moves every entry that is alone in its node into the parent; the number of entries. Nodes that others hold have
    /// none to move.
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
    /// The value of `key`, with `rest` of its hash left at this node.
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
    /// Puts `slot` at `place` and moves those behind it.
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

    /// Takes the slot at `place` out and puts a child in its place, made from what was there.
    fn push_down(node: &mut Arc<Self>, place: usize, child: impl FnOnce(Slot<E>) -> Self) {
        match Arc::get_mut(node) {
            Some(own) => {
                // The last slot fills the gap for a moment, so that none has to move.
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
    /// Puts `entry` below `node`, which lies at `level`, in the place of one with its key; whether the key is new.
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

    /// Puts `entry` into a node that has no slot for `bit`, or is a collision node; whether its key is new.
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

    /// Removes `key` below `node`, where `rest` of its hash is left; whether it was there. `certain` says
    /// that it is.
    fn remove(node: &mut Arc<Self>, rest: u64, key: &E::Key, mut certain: bool) -> bool {
        if !certain && Arc::get_mut(node).is_none() {
            // Do not copy a path to find at its end that there is nothing to remove.
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

    /// The entries of two nodes at `level`; where both have a key, that of `ours`. Adds the number of keys
    /// that both have to `common`.
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

    /// The same for two slots whose children lie, or would lie, at `level`.
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
/// Cloning shares everything and is O(1). Below, n is the number of entries, and hashes are taken to be
/// well spread; with colliding ones every operation is linear in the number of keys that collide. Should a
/// key or value panic in its `Hash`, `Eq` or `Clone`, the map stays as it was.
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

    /// Every entry once, in the order of the hashes read from their low end. O(1) each, amortised.
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

    /// Whether keys hash alike in both maps. Only then do nodes correspond to each other: hashers of one
    /// type may be seeded differently, as std's `RandomState` is. One key tells, for seeds that differ make
    /// its hashes differ.
    fn hashes_like(&self, other: &Self) -> bool {
        match self.iter().next() {
            Some((key, _)) => self.hasher.hash_one(key) == other.hasher.hash_one(key),
            None => true,
        }
    }

    /// Whether both maps hold the same entries. O(n), and nothing for subtries that the maps share; for
    /// that, values must equal themselves.
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

/// Puts a map in order again should a removal panic: if in the drop of an entry, that is out of its node already.
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

    /// Puts `entry` in the place of one with its key, if there is one. O(log₃₂ n), as [`Map::insert`].
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

    /// Removes `key`; whether it was there. O(log₃₂ n), and the shared nodes on the path are copied.
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

    /// The entries of both; where both have a key, this map's value. Walks both tries side by side, hashes
    /// only keys that meet a different key or a subtrie, and shares subtries that meet nothing. O(n).
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
    /// What is left of the present node.
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

/// [`Map`] with entries by value as a [`Family`].
pub struct Hamt;

impl Family for Hamt {
    type Map<K, V, S>
        = Map<(K, V), S>
    where
        K: Hash + Ord + Clone + Debug + Send + Sync + 'static,
        V: Clone + Debug + PartialEq + Send + Sync + 'static,
        S: BuildHasher + Clone + Default + Send + Sync + 'static;
}

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

Get tests a bit per level and counts the bits below it to find the slot. Insert and remove go down in \
place where this version alone holds the nodes, and copy the path where it does not: the last node is \
copied with its change already made, and nothing is copied before the key to remove is found. A node left \
with one entry moves it into its parent, so equal maps have equal nodes. Union and equality walk two tries \
side by side, without hashing and without looking at what both share.

It wins against im and imbl where versions are kept, at all but the smallest sizes: they copy nodes of \
full width slot by slot, this one copies the slots there are. Union and equality win by far, as the others \
insert or look up key by key. It loses to them on lookups of plain keys and on building a map: counting \
bits takes over a dozen instructions on baseline x86-64, which has no instruction for it, where a full- \
width node is indexed directly; and packed arrays have to move slots and grow. Two allocations per node \
are one too many: on a kept version they are a large part of the cost.

Entries by value make every copied node clone its entries. For plain numbers that is cheap; with String \
keys it is an allocation for each, and entries behind pointers, as in rpds, win.";

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::collections::hash_map::RandomState;
    use std::hash::Hasher;
    use std::marker::PhantomData;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;
    use std::sync::Once;

    use scenarios::input::{FixedHasher, draws, mix, rng};
    use scenarios::probe::{Hashing, Injected, PassThrough, Probe};

    use super::hostile::{self, Fragile};
    use super::*;

    /// Keeps the panics that tests inject out of the output.
    fn expect_injected_panics() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let default = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if !info.payload().is::<Injected>() {
                    default(info);
                }
            }));
        });
    }

    /// A key that chooses its hash.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Key {
        hash: u64,
        id: u32,
    }

    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            state.write_u64(self.hash);
        }
    }

    fn key(hash: u64, id: u32) -> Key {
        Key { hash, id }
    }

    type KeyMap = Map<(Key, u32), PassThrough>;

    fn map_of(keys: impl IntoIterator<Item = Key>) -> KeyMap {
        let mut map = Map::new();
        for key in keys {
            let id = key.id;
            map.insert(key, id);
        }
        map
    }

    /// Asserts the invariants of the module's documentation.
    fn check(map: &KeyMap) {
        let Some(root) = &map.root else {
            assert_eq!(map.len(), 0);
            return;
        };
        assert_eq!(check_node(root, 0, 0), map.len());
        assert!(!map.is_empty());
        assert_eq!(map.iter().len(), map.len());
        assert_eq!(map.iter().count(), map.len());
        assert!(map.iter().all(|(key, value)| map.get(key) == Some(value)));
    }

    /// Checks a node whose entries' hashes begin with `path`, and counts them.
    fn check_node(node: &Node<(Key, u32)>, level: u32, path: u64) -> usize {
        if level == LEVELS {
            assert!(node.is_collision() && node.slots.len() >= 2);
            assert!(node.slots.iter().all(|slot| matches!(slot, Slot::Entry((key, _)) if key.hash == path)));
            return node.slots.len();
        }
        assert_eq!(node.bitmap.count_ones() as usize, node.slots.len());
        let mut count = 0;
        for (bit, slot) in (0..32).filter(|bit| node.bitmap >> bit & 1 == 1).zip(&node.slots) {
            let path = path | bit << (BITS * level);
            match slot {
                Slot::Entry((key, _)) => {
                    let mask = 1u64.checked_shl(BITS * (level + 1)).map_or(u64::MAX, |above| above - 1);
                    assert_eq!(key.hash & mask, path, "{key:?} at level {level}");
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

    /// Whether a map's only node holds its only entry.
    fn is_contracted(map: &KeyMap) -> bool {
        matches!(map.root.as_deref().map(|root| root.slots.as_slice()), Some([Slot::Entry(..)]))
    }

    #[test]
    fn collisions_grow_and_shrink() {
        for count in [2, 3, 100] {
            let full = map_of((0..count).map(|id| key(u64::MAX, id)));
            check(&full);
            for overwrite in [false, true] {
                let mut map = full.clone();
                if overwrite {
                    (0..count).for_each(|id| map.insert(key(u64::MAX, id), id + 1000));
                    check(&map);
                }
                for id in 0..count {
                    assert!(!map.remove(&key(u64::MAX, count)) && !map.remove(&key(0, id)));
                    assert!(map.remove(&key(u64::MAX, id)));
                    assert!(!map.remove(&key(u64::MAX, id)));
                    check(&map);
                    assert_eq!(is_contracted(&map), map.len() == 1);
                }
                assert!(map.is_empty() && map.root.is_none());
            }
            assert!((0..count).all(|id| full.get(&key(u64::MAX, id)) == Some(&id)));
            check(&full);
        }
    }

    #[test]
    fn hashes_that_part_late_make_deep_paths() {
        // Equal but for the highest bits, for the low 32, and for the bits of one level after the other.
        let apart = (0..64).map(|bit| 1u64 << bit);
        let families: [Vec<u64>; 3] = [
            (0..16).map(|top| top << 60).collect(),
            (0..100).map(|high| high << 32 | 0x1234_5678).collect(),
            apart.chain([0]).collect(),
        ];
        for hashes in families {
            let keys = || hashes.iter().zip(0..).map(|(hash, id)| key(*hash, id));
            let full = map_of(keys());
            check(&full);
            let mut map = full.clone();
            for (left, key) in (0..hashes.len()).rev().zip(keys()) {
                assert!(map.remove(&key));
                check(&map);
                assert_eq!(map.len(), left);
                assert_eq!(is_contracted(&map), left == 1);
            }
            check(&full);
        }
    }

    #[test]
    fn random_changes_keep_invariants_and_versions() {
        // Few hashes, so that every kind of node meets every kind of change.
        let hash_of = |id: u32| [mix(u64::from(id % 40)), 7 << 40, u64::from(id) << 61][id as usize % 3];
        let mut map = KeyMap::new();
        let mut model = BTreeMap::new();
        let mut held = Vec::new();
        for (step, draw) in draws(&mut rng("changes", 0), 4000, 1 << 20).into_iter().enumerate() {
            let (id, value) = ((draw % 150) as u32, step as u32);
            if draw >> 10 & 1 == 0 {
                map.insert(key(hash_of(id), id), value);
                model.insert(id, value);
            } else {
                assert_eq!(map.remove(&key(hash_of(id), id)), model.remove(&id).is_some());
            }
            check(&map);
            if step % 50 == 0 {
                held.push((map.clone(), model.clone()));
            }
        }
        for (map, model) in held {
            check(&map);
            let mut content: Vec<(u32, u32)> = map.iter().map(|(key, value)| (key.id, *value)).collect();
            content.sort_unstable();
            assert!(content.into_iter().eq(model));
        }
    }

    #[test]
    fn equal_content_has_equal_nodes() {
        let keys: Vec<Key> = (0..300).map(|id| key(mix(u64::from(id % 90)), id)).collect();
        let map = map_of(keys.iter().cloned());
        let mut other = map_of(keys.iter().rev().cloned());
        assert!(map.equal(&other) && other.equal(&map));
        // Away and back again.
        (300..600).for_each(|id| other.insert(key(mix(u64::from(id % 90)), id), id));
        assert!(!map.equal(&other));
        (300..600).for_each(|id| assert!(other.remove(&key(mix(u64::from(id % 90)), id))));
        check(&other);
        assert!(map.equal(&other));
        other.insert(keys[17].clone(), 1000);
        assert!(!map.equal(&other) && !other.equal(&map));
        assert!(KeyMap::new().equal(&KeyMap::new()));
        // What both share is not looked at.
        let mut unequal = Map::<(u32, f64), FixedHasher>::new();
        unequal.insert(1, f64::NAN);
        assert!(unequal.equal(&unequal.clone()));
    }

    #[test]
    fn union_prefers_the_left_and_shares_the_rest() {
        let hash_of = |id: u32| if id.is_multiple_of(5) { 3 } else { mix(u64::from(id % 170)) };
        for (ours, theirs) in
            [(0..200, 100..300), (0..10, 0..500), (0..500, 7..9), (0..0, 0..9), (3..4, 3..4)]
        {
            let left = map_of(ours.clone().map(|id| key(hash_of(id), id)));
            let mut right = KeyMap::new();
            theirs.clone().for_each(|id| right.insert(key(hash_of(id), id), id + 1000));
            let united = left.union(&right);
            check(&united);
            let mut model: BTreeMap<u32, u32> = theirs.map(|id| (id, id + 1000)).collect();
            model.extend(ours.map(|id| (id, id)));
            assert_eq!(united.len(), model.len());
            assert!(model.iter().all(|(id, value)| united.get(&key(hash_of(*id), *id)) == Some(value)));
        }
        let map = map_of((0..500).map(|id| key(mix(u64::from(id)), id)));
        let mut other = map.clone();
        other.insert(key(mix(1000), 1000), 0);
        let united = map.union(&other);
        check(&united);
        assert_eq!(shared_children(&united, &map), 31, "only one child of the root differs");
    }

    fn shared_children(one: &KeyMap, two: &KeyMap) -> usize {
        let slots = |map: &KeyMap| map.root.as_ref().unwrap().slots.clone();
        let pairs = slots(one).into_iter().zip(slots(two));
        pairs.filter(|pair| matches!(pair, (Slot::Child(a), Slot::Child(b)) if Arc::ptr_eq(a, b))).count()
    }

    #[test]
    fn maps_seeded_differently_are_compared_by_key() {
        let build = |keys: std::ops::Range<u32>, offset: u32| {
            let mut map = Map::<(u32, u32), RandomState>::new();
            keys.for_each(|key| map.insert(key, key + offset));
            map
        };
        let (left, right) = (build(0..200, 0), build(100..300, 1));
        assert!(left.equal(&build(0..200, 0)) && !left.equal(&right));
        let united = left.union(&right);
        assert_eq!(united.len(), 300);
        assert!((0..300).all(|key| united.get(&key) == Some(&(key + u32::from(key >= 200)))));
    }

    #[test]
    fn a_sole_owner_changes_in_place() {
        let mut map = map_of((0..1000).map(|id| key(mix(u64::from(id)), id)));
        let address = |map: &KeyMap| Arc::as_ptr(map.root.as_ref().unwrap());
        let before = address(&map);
        map.insert(key(mix(5), 5), 0);
        map.remove(&key(mix(6), 6));
        map.insert(key(mix(1000), 1000), 0);
        assert_eq!(address(&map), before);
        let held = map.clone();
        assert!(!map.remove(&key(mix(2000), 2000)));
        assert_eq!(address(&map), before, "removing what is not there copies nothing");
        map.insert(key(mix(2000), 2000), 0);
        assert_ne!(address(&map), before);
        assert_eq!(shared_children(&map, &held), 31);
    }

    #[test]
    fn entries_of_no_size_and_of_high_alignment() {
        let mut map = Map::<((), ()), FixedHasher>::new();
        map.insert((), ());
        map.insert((), ());
        assert_eq!((map.len(), map.iter().count()), (1, 1));
        assert!(map.remove(&()) && map.is_empty());

        #[derive(Clone, Debug, PartialEq)]
        #[repr(align(128))]
        struct Aligned(u32);
        let mut map = Map::<(u32, Aligned), FixedHasher>::new();
        (0..300).for_each(|id| map.insert(id, Aligned(id)));
        let mut other = map.clone();
        other.remove(&7);
        assert!(
            map.iter()
                .all(|(id, value)| *id == value.0 && std::ptr::from_ref(value).addr().is_multiple_of(128))
        );
        assert!(other.union(&map).equal(&map));
    }

    type ProbeMap<E> = Map<E, PassThrough>;

    /// An entry of probes, however it is stored.
    trait ProbeEntry: Entry<Key = Probe, Value = Probe> + Clone {}

    impl<E: Entry<Key = Probe, Value = Probe> + Clone> ProbeEntry for E {}

    fn probes<E: ProbeEntry>(ids: std::ops::Range<u32>) -> ProbeMap<E> {
        let mut map = Map::new();
        ids.for_each(|id| map.insert(Probe::new(id), Probe::new(id)));
        map
    }

    fn content<E: ProbeEntry>(map: &ProbeMap<E>) -> Vec<(u32, u32)> {
        let mut content: Vec<_> = map.iter().map(|(key, value)| (key.id(), value.id())).collect();
        content.sort_unstable();
        content
    }

    #[test]
    fn entries_are_dropped_once() {
        drops_entries_once::<(Probe, Probe)>();
        drops_entries_once::<Box<(Probe, Probe)>>();
        drops_entries_once::<Arc<(Probe, Probe)>>();
    }

    fn drops_entries_once<E: ProbeEntry>() {
        for hashing in [Hashing::Spread, Hashing::Constant, Hashing::FourGroups] {
            Probe::reset();
            Probe::set_hashing(hashing);
            let mut map = probes::<E>(0..100);
            assert_eq!(Probe::live(), 200);
            let held = map.clone();
            assert_eq!(Probe::live(), 200, "a clone shares its entries");
            map.insert(Probe::new(5), Probe::new(0));
            drop(held);
            assert_eq!(Probe::live(), 200);
            (0..50).for_each(|id| assert!(map.remove(&Probe::new(id))));
            assert_eq!(Probe::live(), 100);
            drop(map.union(&probes(20..70)));
            drop(map);
            assert_eq!(Probe::live(), 0);
        }
    }

    #[test]
    fn a_panic_in_a_key_or_value_changes_nothing() {
        expect_injected_panics();
        panics_change_nothing::<(Probe, Probe)>();
        panics_change_nothing::<Box<(Probe, Probe)>>();
        panics_change_nothing::<Arc<(Probe, Probe)>>();
    }

    fn panics_change_nothing<E: ProbeEntry>() {
        let changes: [fn(&mut ProbeMap<E>); 6] = [
            |map| map.insert(Probe::new(100), Probe::new(7)),
            |map| map.insert(Probe::new(3), Probe::new(7)),
            |map| assert!(map.remove(&Probe::new(4))),
            |map| assert!(!map.remove(&Probe::new(100))),
            |map| *map = map.union(&probes(20..60)),
            |map| assert!(map.equal(&probes(0..40))),
        ];
        for hashing in [Hashing::Spread, Hashing::LastBits, Hashing::Constant] {
            for (change, shared) in changes.iter().flat_map(|change| [(change, true), (change, false)]) {
                for fuse in (0..60).chain([200, 300]) {
                    Probe::reset();
                    Probe::set_hashing(hashing);
                    let mut map = probes::<E>(0..40);
                    let held = shared.then(|| map.clone());
                    let before = content(&map);
                    Probe::set_fuse(Some(fuse));
                    let outcome = catch_unwind(AssertUnwindSafe(|| change(&mut map)));
                    Probe::set_fuse(None);
                    if outcome.is_err() {
                        assert_eq!(content(&map), before, "{hashing:?}, fuse {fuse}");
                        assert_eq!(map.len(), 40);
                        assert!((0..40).all(|id| map.get(&Probe::new(id)).is_some()));
                    }
                    assert!(held.as_ref().is_none_or(|held| content(held) == before));
                    drop((map, held));
                    assert_eq!(Probe::live(), 0, "{hashing:?}, fuse {fuse}");
                }
            }
        }
    }

    #[test]
    fn a_panic_anywhere_leaves_every_version_sound() {
        expect_injected_panics();
        hostile::every_change_is_made_or_not::<Map<(Fragile, Fragile), PassThrough>>(150);
        hostile::every_change_is_made_or_not::<Map<Box<(Fragile, Fragile)>, PassThrough>>(150);
        hostile::every_change_is_made_or_not::<Map<Arc<(Fragile, Fragile)>, PassThrough>>(150);
    }

    #[test]
    fn a_panic_in_the_drop_of_what_was_copied_leaves_the_map_sound() {
        expect_injected_panics();
        hostile::a_copy_that_drops_the_original_is_made_or_not::<Map<(Fragile, Fragile), PassThrough>>(false);
        hostile::a_copy_that_drops_the_original_is_made_or_not::<Map<Box<(Fragile, Fragile)>, PassThrough>>(
            false,
        );
        hostile::a_copy_that_drops_the_original_is_made_or_not::<Map<Arc<(Fragile, Fragile)>, PassThrough>>(
            true,
        );
    }

    #[test]
    fn entries_of_every_size_and_alignment() {
        type Of<V> = Map<(u32, V), FixedHasher>;
        hostile::holds_every_kind!(Of);
    }

    /// Whether `T` is `Send` and `Sync`: an inherent constant, where its bounds hold, hides the trait's.
    struct Is<T>(PhantomData<T>);

    impl<T: Send> Is<T> {
        const SEND: bool = true;
    }

    impl<T: Sync> Is<T> {
        const SYNC: bool = true;
    }

    trait Otherwise {
        const SEND: bool = false;
        const SYNC: bool = false;
    }

    impl<T> Otherwise for Is<T> {}

    const _: () = {
        type Of<K, V> = Map<(K, V), PassThrough>;
        assert!(Is::<Of<String, u64>>::SEND && Is::<Of<String, u64>>::SYNC);
        // Two versions in two threads share their keys and values.
        assert!(!Is::<Of<u64, Cell<u8>>>::SEND && !Is::<Of<u64, Cell<u8>>>::SYNC);
        assert!(!Is::<Of<Cell<u8>, u64>>::SEND && !Is::<Of<Cell<u8>, u64>>::SYNC);
        assert!(!Is::<Of<u64, Rc<u8>>>::SEND && !Is::<Of<Rc<u8>, u64>>::SYNC);
    };

    /// What lives after it shows what a path copy does to the entries of the nodes that it copies.
    #[test]
    fn only_shared_entries_survive_a_copy() {
        fn copies<E: ProbeEntry>() -> i64 {
            Probe::reset();
            let mut map = probes::<E>(0..20);
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
        expect_injected_panics();
        let contender = contender();
        for check in contender.bottleneck.checks {
            for trace in 0..check.traces.min(8) as usize {
                if let Err(mismatch) = (contender.replay)(check, &check.trace(trace)) {
                    panic!("{}, trace {trace}: {mismatch}", check.name);
                }
            }
        }
    }
}
