//! The literature's reference: a compressed hash array mapped prefix tree (CHAMP).
//!
//! Source: Michael Steindorfer and Jurgen Vinju, "Optimizing Hash-Array Mapped Tries for Fast and Lean Immutable
//! JVM Collections" (OOPSLA 2015).
//!
//! ```text
//!   Map { len: 5, root }                 a hash, five bits a level from the low end:
//!               │
//!               ▼                          hash of d = … 01001 00011
//!   ┌─Node────────────────────────┐                     │     └─ bit 3 of the root's `nodes`
//!   │ data: bits 0, 7             │                     └─ bit 9 of the child's `data`
//!   │ nodes: bit 3                │
//!   │ a=1 │ b=2 │  ●              │       Entries lie side by side, the children behind them, all in the
//!   └──────────────┼──────────────┘       node's one allocation: see `node.rs`.
//!                  ▼
//!   ┌─Node────────────────────────┐
//!   │ data: bits 2, 9, 30         │
//!   │ nodes: none                 │
//!   │ c=3 │ d=4 │ e=5             │
//!   └─────────────────────────────┘
//! ```
//!
//! 13 levels consume all 64 bits of a hash. Keys whose hashes are equal then lie side by side in a
//! collision node, which has no bits left to tell them apart and is searched key by key.
//!
//! Invariants:
//!
//! * a node at levels 0 to 12 has an entry per bit of `data` and a child per bit of `nodes`, no bit in both, and
//!   each leads to keys whose hashes begin with the path to it;
//! * a node at level 13 is a collision node: no bits, two or more entries;
//! * below the root, a node leads to at least two entries; a single one lies in its parent;
//! * the empty map has no root.
//!
//! So maps of equal content have equal nodes, but for the order within collision nodes.

mod node;

use std::fmt::{self, Debug};
use std::hash::{BuildHasher, Hash};
use std::{mem, slice};

use node::{Ref, Splice};
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

/// How many bits of `bitmap` lie below `bit`.
#[inline]
fn place(bitmap: u32, bit: u32) -> usize {
    if bitmap == u32::MAX {
        // Most nodes near the root of a large map. Counting bits takes a dozen instructions more on the
        // oldest x86-64, for which the lab compiles.
        return bit.trailing_zeros() as usize;
    }
    (bitmap & (bit - 1)).count_ones() as usize
}

type Node<K, V> = Ref<(K, V)>;

fn is_collision<K, V>(node: &Node<K, V>) -> bool {
    node.data() | node.nodes() == 0
}

/// A node at `level` of two entries with different keys, each with what is left of its hash.
fn pair<K, V>(level: u32, one: (K, V), one_rest: u64, two: (K, V), two_rest: u64) -> Node<K, V> {
    if level == LEVELS {
        return Ref::new(0, 0, [one, two], []);
    }
    let (one_bit, two_bit) = (first_bit(one_rest), first_bit(two_rest));
    if one_bit == two_bit {
        let child = pair(level + 1, one, one_rest >> BITS, two, two_rest >> BITS);
        return Ref::new(0, one_bit, [], [child]);
    }
    Ref::new(one_bit | two_bit, 0, if one_bit < two_bit { [one, two] } else { [two, one] }, [])
}

/// Finds `key`, with `rest` of its hash left at `node`.
#[inline]
fn get<'a, K: Eq, V>(mut node: &'a Node<K, V>, mut rest: u64, key: &K) -> Option<&'a V> {
    loop {
        let bit = first_bit(rest);
        if node.data() & bit != 0 {
            let (resident, value) = &node.entries()[place(node.data(), bit)];
            return (resident == key).then_some(value);
        }
        if node.nodes() & bit == 0 {
            return if is_collision(node) { get_colliding(node, key) } else { None };
        }
        // SAFETY: `bit` is in `nodes`, so fewer lie below it.
        node = unsafe { node.child(place(node.nodes(), bit)) };
        rest >>= BITS;
    }
}

#[cold]
fn get_colliding<'a, K: Eq, V>(node: &'a Node<K, V>, key: &K) -> Option<&'a V> {
    node.entries().iter().find(|(resident, _)| resident == key).map(|(_, value)| value)
}

fn position<K: Eq, V>(node: &Node<K, V>, key: &K) -> Option<usize> {
    node.entries().iter().position(|(resident, _)| resident == key)
}

/// Puts an entry in the place of the one at `place`, which has the same key.
fn replace<K: Clone, V: Clone>(node: &mut Node<K, V>, place: usize, entry: (K, V)) {
    match node.entry_mut(place) {
        Some(own) => drop(mem::replace(own, entry)),
        None => {
            let (data, nodes) = (node.data(), node.nodes());
            node.splice(data, nodes, Splice { at: place, take: true, put: Some(entry) }, Splice::NONE);
        }
    }
}

/// Sets the value of `key` below `node`; whether the key is new.
fn insert<K: Hash + Eq + Clone, V: Clone>(
    mut node: &mut Node<K, V>,
    hasher: &impl BuildHasher,
    hash: u64,
    key: K,
    value: V,
) -> bool {
    let (mut level, mut rest) = (0, hash);
    loop {
        let bit = first_bit(rest);
        let (data, nodes) = (node.data(), node.nodes());
        if data & bit != 0 {
            let at = place(data, bit);
            let (resident, _) = &node.entries()[at];
            if *resident == key {
                replace(node, at, (key, value));
                return false;
            }
            let resident_rest = rest_at(hasher.hash_one(resident), level + 1);
            push_down(node, bit, at, |resident| {
                pair(level + 1, resident, resident_rest, (key, value), rest >> BITS)
            });
            return true;
        }
        if nodes & bit == 0 {
            if is_collision(node) {
                let found = position(node, &key);
                match found {
                    Some(at) => replace(node, at, (key, value)),
                    None => {
                        node.splice(0, 0, Splice::put(node.entries().len(), (key, value)), Splice::NONE);
                    }
                }
                return found.is_none();
            }
            node.splice(data | bit, nodes, Splice::put(place(data, bit), (key, value)), Splice::NONE);
            return true;
        }
        node.make_unique();
        // SAFETY: `bit` is in `nodes`, so fewer lie below it.
        node = unsafe { node.child_mut(place(nodes, bit)) }.expect("it was just made unique");
        rest >>= BITS;
        level += 1;
    }
}

/// Takes the entry at `at` out and puts the child that is made of it in its stead.
fn push_down<K: Clone, V: Clone>(
    node: &mut Node<K, V>,
    bit: u32,
    at: usize,
    child: impl FnOnce((K, V)) -> Node<K, V>,
) {
    let (data, nodes) = (node.data() ^ bit, node.nodes() | bit);
    let child_at = place(node.nodes(), bit);
    if node.is_unique() {
        // The entry moves: first the child is empty, then gets it.
        let (entry, _) = node.splice(data, node.nodes(), Splice::take(at), Splice::NONE);
        let child = child(entry.expect("it was taken from a unique node"));
        node.splice(data, nodes, Splice::NONE, Splice::put(child_at, child));
    } else {
        let child = child(node.entries()[at].clone());
        node.splice(data, nodes, Splice::take(at), Splice::put(child_at, child));
    }
}

/// Removes `key` below `node`, where `rest` of its hash is left; whether it was there. `certain` says that it is.
/// What was taken out goes to `taken`, to be dropped when the map is sound again.
fn remove<K: Eq + Clone, V: Clone>(
    node: &mut Node<K, V>,
    rest: u64,
    key: &K,
    mut certain: bool,
    taken: &mut Option<(K, V)>,
) -> bool {
    if !certain && !node.is_unique() {
        // Do not copy a path to find at its end that there is nothing to remove.
        if get(node, rest, key).is_none() {
            return false;
        }
        certain = true;
    }
    let bit = first_bit(rest);
    let (data, nodes) = (node.data(), node.nodes());
    if nodes & bit == 0 {
        let found = if data & bit != 0 {
            let at = place(data, bit);
            (node.entries()[at].0 == *key).then_some(at)
        } else if is_collision(node) {
            position(node, key)
        } else {
            None
        };
        let Some(at) = found else { return false };
        (*taken, _) = node.splice(data & !bit, nodes, Splice::take(at), Splice::NONE);
        return true;
    }
    node.make_unique();
    let at = place(nodes, bit);
    // SAFETY: `bit` is in `nodes`, so fewer lie below it.
    let child = unsafe { node.child_mut(at) }.expect("it was just made unique");
    let found = remove(child, rest >> BITS, key, certain, taken);
    if found && child.nodes() == 0 && child.entries().len() == 1 {
        let (entry, _) = child.splice(0, 0, Splice::take(0), Splice::NONE);
        let entry = entry.expect("something was removed from it, so it is unique");
        node.splice(data | bit, nodes ^ bit, Splice::put(place(data, bit), entry), Splice::take(at));
    }
    found
}

/// Number of entries below a node.
fn count<K, V>(node: &Node<K, V>) -> usize {
    node.entries().len() + node.children().iter().map(count).sum::<usize>()
}

/// Moves every entry that is alone in its node into the parent. Nodes that others hold have none to move.
fn contract<K: Clone, V: Clone>(node: &mut Node<K, V>) {
    let mut bits = node.nodes();
    while bits != 0 {
        let bit = bits & bits.wrapping_neg();
        bits ^= bit;
        let (data, nodes) = (node.data(), node.nodes());
        let at = place(nodes, bit);
        // SAFETY: `bit` is in `nodes`, so fewer lie below it.
        let Some(child) = (unsafe { node.child_mut(at) }) else { return };
        contract(child);
        if child.is_unique() && child.nodes() == 0 && child.entries().len() == 1 {
            let (entry, _) = child.splice(0, 0, Splice::take(0), Splice::NONE);
            let entry = entry.map(|entry| Splice::put(place(data, bit), entry)).unwrap_or(Splice::NONE);
            node.splice(data | bit, nodes ^ bit, entry, Splice::take(at));
        }
    }
}

/// Puts a map in order again should a change panic: if in the drop of an entry, the change is made already.
struct Mend<'a, K: Clone, V: Clone, S>(&'a mut Map<K, V, S>);

impl<K: Clone, V: Clone, S> Drop for Mend<'_, K, V, S> {
    #[cold]
    fn drop(&mut self) {
        let map = &mut *self.0;
        map.root.iter_mut().for_each(contract);
        map.len = map.root.as_ref().map_or(0, count);
        if map.len == 0 {
            map.root = None;
        }
    }
}

/// Whether two nodes at one level hold the same entries.
fn equal<K: Eq, V: PartialEq>(ours: &Node<K, V>, theirs: &Node<K, V>) -> bool {
    if ours.is_same(theirs) {
        return true;
    }
    if ours.data() != theirs.data()
        || ours.nodes() != theirs.nodes()
        || ours.entries().len() != theirs.entries().len()
    {
        return false;
    }
    if is_collision(ours) {
        return ours.entries().iter().all(|(key, value)| get_colliding(theirs, key) == Some(value));
    }
    ours.entries() == theirs.entries()
        && ours.children().iter().zip(theirs.children()).all(|(ours, theirs)| equal(ours, theirs))
}

/// A map with cheap versions.
///
/// Cloning shares everything and is O(1). Below, n is the number of entries, and hashes are taken to be
/// well spread; with colliding ones every operation is linear in the number of keys that collide. Should a
/// key or value panic in its `Hash`, `Eq` or `Clone`, the map stays as it was.
#[derive(Clone)]
pub struct Map<K, V, S> {
    len: usize,
    root: Option<Node<K, V>>,
    hasher: S,
}

impl<K, V, S: Default> Map<K, V, S> {
    /// The empty map.
    pub fn new() -> Self {
        Map { len: 0, root: None, hasher: S::default() }
    }
}

impl<K, V, S> Map<K, V, S> {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every entry once: a node's own before those below it. O(1) each, amortised.
    pub fn iter(&self) -> Iter<'_, K, V> {
        let (entries, children) =
            self.root.as_ref().map_or((&[][..], &[][..]), |root| (root.entries(), root.children()));
        let mut iter =
            Iter { entries: entries.iter(), children: Default::default(), depth: 0, left: self.len };
        iter.children[0] = children.iter();
        iter
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Map<K, V, S> {
    /// The value of `key`. O(log₃₂ n).
    pub fn get(&self, key: &K) -> Option<&V> {
        get(self.root.as_ref()?, self.hasher.hash_one(key), key)
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
        V: PartialEq,
    {
        if self.len != other.len {
            return false;
        }
        match (&self.root, &other.root) {
            (Some(ours), Some(theirs)) if self.hashes_like(other) => equal(ours, theirs),
            _ => self.iter().all(|(key, value)| other.get(key) == Some(value)),
        }
    }
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher + Clone> Map<K, V, S> {
    /// Sets the value of `key`. O(log₃₂ n), and the shared nodes on the path are copied.
    pub fn insert(&mut self, key: K, value: V) {
        if !mem::needs_drop::<(K, V)>() {
            return self.put(key, value);
        }
        let mend = Mend(self);
        mend.0.put(key, value);
        mem::forget(mend);
    }

    #[inline(always)]
    fn put(&mut self, key: K, value: V) {
        let hash = self.hasher.hash_one(&key);
        let new = match &mut self.root {
            Some(root) => insert(root, &self.hasher, hash, key, value),
            None => {
                self.root = Some(Ref::new(first_bit(hash), 0, [(key, value)], []));
                true
            }
        };
        self.len += usize::from(new);
    }

    /// Removes `key`; whether it was there. O(log₃₂ n), and the shared nodes on the path are copied.
    pub fn remove(&mut self, key: &K) -> bool {
        if !mem::needs_drop::<(K, V)>() {
            return self.take(key);
        }
        let mend = Mend(self);
        let found = mend.0.take(key);
        mem::forget(mend);
        found
    }

    #[inline(always)]
    fn take(&mut self, key: &K) -> bool {
        let Some(root) = &mut self.root else { return false };
        let mut taken = None;
        let found = remove(root, self.hasher.hash_one(key), key, false, &mut taken);
        self.len -= usize::from(found);
        if self.len == 0 {
            self.root = None;
        }
        found
    }

    /// The entries of both; where both have a key, this map's value. Inserts the entries of the smaller map into
    /// a clone of the larger one: O(m log₃₂ n).
    pub fn union(&self, other: &Self) -> Self {
        if self.len >= other.len {
            let mut united = self.clone();
            for (key, value) in other.iter().filter(|(key, _)| self.get(key).is_none()) {
                united.insert(key.clone(), value.clone());
            }
            return united;
        }
        let mut united = other.clone();
        for (key, value) in self.iter() {
            united.insert(key.clone(), value.clone());
        }
        united
    }
}

impl<K, V, S: Default> Default for Map<K, V, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Debug, V: Debug, S> Debug for Map<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Iterator over the entries of a [`Map`].
pub struct Iter<'a, K, V> {
    /// What is left of the present node's entries.
    entries: slice::Iter<'a, (K, V)>,
    /// What is left of the children of the present node and those above it, the root's first.
    children: [slice::Iter<'a, Node<K, V>>; LEVELS as usize + 1],
    depth: usize,
    left: usize,
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.entries.next() {
                self.left -= 1;
                return Some((key, value));
            }
            match self.children[self.depth].next() {
                Some(child) => {
                    self.entries = child.entries().iter();
                    if child.nodes() != 0 {
                        self.depth += 1;
                        self.children[self.depth] = child.children().iter();
                    }
                }
                None => self.depth = self.depth.checked_sub(1)?,
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
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

struct Champ;

impl Family for Champ {
    type Map<K, V, S>
        = Map<K, V, S>
    where
        K: Hash + Ord + Clone + Debug + Send + Sync + 'static,
        V: Clone + Debug + PartialEq + Send + Sync + 'static,
        S: BuildHasher + Clone + Default + Send + Sync + 'static;
}

/// The contender: a compressed hash array mapped prefix tree.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<Champ>(About {
        name: "champ",
        role: Role::Optimized,
        summary: "A compressed hash array mapped prefix tree: entries and children apart, in one allocation per node.",
        source: "Steindorfer and Vinju, \"Optimizing Hash-Array Mapped Tries for Fast and Lean Immutable JVM \
                 Collections\" (2015)",
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
            ("union", Growth::Logarithmic),
            ("equality", Growth::Constant),
            ("union_of_versions", Growth::Linearithmic),
            ("equality_of_versions", Growth::Logarithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A hash array mapped trie over all 64 bits of the hash, five bits a level, whose nodes have two bitmaps: \
one for entries, one for children. Both lie packed in the node's single allocation, entries first, so no \
slot needs a tag and a copy is two runs. A node left with one entry moves it into its parent: maps of \
equal content have equal nodes, and equality compares node by node.

Against `hamt`, the same trie with mixed slots, it saves an allocation and a pointer per node and the \
tag per entry: half the allocations and a quarter of the instructions where versions are kept. Lookups \
are about even. It loses to `hamt` where nobody else holds the nodes: they are as large as what they \
hold, rounded up to 64 bytes, so every fourth entry or so is another allocation, where `hamt` doubles a \
vector.

It loses to structures with wide leaves: at sizes just above a power of 32 most nodes hold two or three \
entries, each an allocation, and counting bits takes over a dozen instructions on baseline x86-64. \
Entries are by value, so copying a node with String keys clones every String in it. Union inserts one by \
one.";

#[cfg(test)]
#[path = "../../hamt/src/hostile.rs"]
mod hostile;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::collections::hash_map::RandomState;
    use std::hash::Hasher;
    use std::marker::PhantomData;
    use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
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

    type KeyMap = Map<Key, u32, PassThrough>;

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
    fn check_node(node: &Node<Key, u32>, level: u32, path: u64) -> usize {
        if level == LEVELS {
            assert!(is_collision(node) && node.entries().len() >= 2);
            assert!(node.entries().iter().all(|(key, _)| key.hash == path));
            return node.entries().len();
        }
        assert_eq!(node.data() & node.nodes(), 0);
        assert_eq!(node.data().count_ones() as usize, node.entries().len());
        let paths = |bitmap: u32| {
            (0..32).filter(move |bit| bitmap >> bit & 1 == 1).map(move |bit| path | bit << (BITS * level))
        };
        for (path, (key, _)) in paths(node.data()).zip(node.entries()) {
            let mask = 1u64.checked_shl(BITS * (level + 1)).map_or(u64::MAX, |above| above - 1);
            assert_eq!(key.hash & mask, path, "{key:?} at level {level}");
        }
        let mut count = node.entries().len();
        for (path, child) in paths(node.nodes()).zip(node.children()) {
            let below = check_node(child, level + 1, path);
            assert!(below >= 2, "a child with a single entry at level {level}");
            count += below;
        }
        assert!(count >= 1);
        count
    }

    /// Whether a map's only node holds its only entry.
    fn is_contracted(map: &KeyMap) -> bool {
        map.root.as_ref().is_some_and(|root| root.entries().len() == 1 && root.nodes() == 0)
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
        let mut unequal = Map::<u32, f64, FixedHasher>::new();
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
    }

    fn shared_children(one: &KeyMap, two: &KeyMap) -> usize {
        let [one, two] = [one, two].map(|map| map.root.as_ref().unwrap().children());
        one.iter().zip(two).filter(|(one, two)| one.is_same(two)).count()
    }

    #[test]
    fn maps_seeded_differently_are_compared_by_key() {
        let build = |keys: std::ops::Range<u32>, offset: u32| {
            let mut map = Map::<u32, u32, RandomState>::new();
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
        let address = |map: &KeyMap| map.root.as_ref().unwrap().entries().as_ptr();
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
        let mut map = Map::<(), (), FixedHasher>::new();
        map.insert((), ());
        map.insert((), ());
        assert_eq!((map.len(), map.iter().count()), (1, 1));
        assert!(map.remove(&()) && map.is_empty());

        #[derive(Clone, Debug, PartialEq)]
        #[repr(align(128))]
        struct Aligned(u32);
        let mut map = Map::<u32, Aligned, FixedHasher>::new();
        (0..300).for_each(|id| map.insert(id, Aligned(id)));
        let mut other = map.clone();
        other.remove(&7);
        assert!(
            map.iter()
                .all(|(id, value)| *id == value.0 && std::ptr::from_ref(value).addr().is_multiple_of(128))
        );
        assert!(other.union(&map).equal(&map));
    }

    type ProbeMap = Map<Probe, Probe, PassThrough>;

    fn probes(ids: std::ops::Range<u32>) -> ProbeMap {
        let mut map = Map::new();
        ids.for_each(|id| map.insert(Probe::new(id), Probe::new(id)));
        map
    }

    fn content(map: &ProbeMap) -> Vec<(u32, u32)> {
        let mut content: Vec<_> = map.iter().map(|(key, value)| (key.id(), value.id())).collect();
        content.sort_unstable();
        content
    }

    #[test]
    fn entries_are_dropped_once() {
        for hashing in [Hashing::Spread, Hashing::Constant, Hashing::FourGroups] {
            Probe::reset();
            Probe::set_hashing(hashing);
            let mut map = probes(0..100);
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
        let changes: [fn(&mut ProbeMap); 6] = [
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
                    let mut map = probes(0..40);
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
        hostile::every_change_is_made_or_not::<Map<Fragile, Fragile, PassThrough>>(300);
    }

    #[test]
    fn a_panic_in_the_drop_of_what_was_copied_leaves_the_map_sound() {
        expect_injected_panics();
        hostile::a_copy_that_drops_the_original_is_made_or_not::<Map<Fragile, Fragile, PassThrough>>(true);
    }

    #[test]
    fn entries_of_every_size_and_alignment() {
        type Of<V> = Map<u32, V, FixedHasher>;
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

    impl<T: UnwindSafe> Is<T> {
        const UNWIND: bool = true;
    }

    impl<T: RefUnwindSafe> Is<T> {
        const REF_UNWIND: bool = true;
    }

    trait Otherwise {
        const SEND: bool = false;
        const SYNC: bool = false;
        const UNWIND: bool = false;
        const REF_UNWIND: bool = false;
    }

    impl<T> Otherwise for Is<T> {}

    const _: () = {
        type Of<K, V> = Map<K, V, PassThrough>;
        assert!(Is::<Of<String, u64>>::SEND && Is::<Of<String, u64>>::SYNC);
        // Two versions in two threads share their keys and values.
        assert!(!Is::<Of<u64, Cell<u8>>>::SEND && !Is::<Of<u64, Cell<u8>>>::SYNC);
        assert!(!Is::<Of<Cell<u8>, u64>>::SEND && !Is::<Of<Cell<u8>, u64>>::SYNC);
        assert!(!Is::<Of<u64, Rc<u8>>>::SEND && !Is::<Of<Rc<u8>, u64>>::SYNC);
        assert!(Is::<Of<String, u64>>::UNWIND && Is::<Of<String, u64>>::REF_UNWIND);
        // A version that stays outside of a `catch_unwind` shares what one within it changes.
        assert!(!Is::<Of<u64, Cell<u8>>>::UNWIND && !Is::<Of<u64, Cell<u8>>>::REF_UNWIND);
    };

    /// Entries may have a shorter lifetime in a newer version: it writes to no node that an older one shares.
    #[test]
    fn newer_versions_may_hold_what_lives_shorter() {
        let long = String::from("long");
        let mut old = Map::<u32, Box<&str>, FixedHasher>::new();
        (0..100).for_each(|id| old.insert(id, Box::new(long.as_str())));
        {
            let short = String::from("short");
            let mut new: Map<u32, Box<&str>, FixedHasher> = old.clone();
            (50..200).for_each(|id| new.insert(id, Box::new(short.as_str())));
            assert_eq!((**new.get(&7).unwrap(), **new.get(&150).unwrap(), new.len()), ("long", "short", 200));
        }
        assert!(old.len() == 100 && old.iter().all(|(_, text)| **text == "long"));
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
