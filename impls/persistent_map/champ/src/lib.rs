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
//! So maps of equal content have equal nodes, except for the order within collision nodes.

mod node;

use std::fmt::{self, Debug};
use std::hash::{BuildHasher, Hash};
use std::{mem, slice};

use node::{Ref, Splice};
use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Contender, Growth, Role};

/// Bits of the hash that one level consumes.
const BITS: u32 = 5;

/// The number of levels that consume a hash; collision nodes lie below them.
const LEVELS: u32 = u64::BITS.div_ceil(BITS);

/// The bit of a node's bitmaps that `rest` leads to: what is left of the hash at the node's level.
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
        // Most nodes near the root of a large map are full. Counting bits takes a dozen instructions more on the
        // oldest x86-64, for which the lab compiles.
        return bit.trailing_zeros() as usize;
    }
    (bitmap & (bit - 1)).count_ones() as usize
}

type Node<K, V> = Ref<(K, V)>;

fn is_collision<K, V>(node: &Node<K, V>) -> bool {
    node.data() | node.nodes() == 0
}

/// A node at `level` with two entries that have different keys. `one_rest` and `two_rest` are what is left of their
/// hashes.
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

/// Finds `key`; `rest` is what is left of its hash at `node`.
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

/// Replaces the entry at `place` by another one with the same key.
fn replace<K: Clone, V: Clone>(node: &mut Node<K, V>, place: usize, entry: (K, V)) {
    match node.entry_mut(place) {
        Some(own) => drop(mem::replace(own, entry)),
        None => {
            let (data, nodes) = (node.data(), node.nodes());
            node.splice(data, nodes, Splice { at: place, take: true, put: Some(entry) }, Splice::NONE);
        }
    }
}

/// Sets the value of `key` below `node`. Returns whether the key is new.
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

/// Replaces the entry at `at` by a child that `child` makes of it.
fn push_down<K: Clone, V: Clone>(
    node: &mut Node<K, V>,
    bit: u32,
    at: usize,
    child: impl FnOnce((K, V)) -> Node<K, V>,
) {
    let (data, nodes) = (node.data() ^ bit, node.nodes() | bit);
    let child_at = place(node.nodes(), bit);
    if node.is_unique() {
        // The entry moves: the node is unique, so `entry` is the entry itself and not a clone.
        let (entry, _) = node.splice(data, node.nodes(), Splice::take(at), Splice::NONE);
        let child = child(entry.expect("it was taken from a unique node"));
        node.splice(data, nodes, Splice::NONE, Splice::put(child_at, child));
    } else {
        let child = child(node.entries()[at].clone());
        node.splice(data, nodes, Splice::take(at), Splice::put(child_at, child));
    }
}

/// Removes `key` below `node`, where `rest` is left of its hash. Returns whether it was there. `certain` says that the
/// caller knows it is. What was taken out goes to `taken`, to be dropped when the map is sound again.
fn remove<K: Eq + Clone, V: Clone>(
    node: &mut Node<K, V>,
    rest: u64,
    key: &K,
    mut certain: bool,
    taken: &mut Option<(K, V)>,
) -> bool {
    if !certain && !node.is_unique() {
        // Look first, so that no path is copied only to find at its end that there is nothing to remove.
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

/// Moves every entry that is alone in its node into the parent. Nodes that other versions hold have no such entry.
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

/// Puts a map in order again if a change panics. If the drop of an entry panics, the change is made already.
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
/// Cloning shares everything and is O(1). Below, n is the number of entries, and hashes are assumed to be well spread;
/// if they collide, every operation is linear in the number of keys that collide. If a key or value panics in its
/// `Hash`, `Eq` or `Clone`, the map stays as it was.
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

    /// Every entry once; a node's own entries come before those below it. O(1) each, amortised.
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

    /// Removes `key` and returns whether it was there. O(log₃₂ n), and the shared nodes on the path are copied.
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

    /// The entries of both maps, with this map's value for each key that both have. Inserts the entries of the
    /// smaller map into a clone of the larger one: O(m log₃₂ n) for m entries in the smaller map.
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
    /// What is left of the current node's entries.
    entries: slice::Iter<'a, (K, V)>,
    /// What is left of the children of the current node and of the nodes above it; the root's come first.
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

scenarios::persistent_map_family!(<K, V, S> Champ = Map<K, V, S>);

/// The contender: a compressed hash array mapped prefix tree.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<Champ>(About {
        name: "champ",
        role: Role::Optimized,
        summary: "A compressed hash array mapped prefix tree: each node is one allocation, with entries first and \
                  children behind them.",
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
A hash array mapped trie over all 64 bits of the hash, five bits a level, whose nodes have two bitmaps: one \
for entries, one for children. Both lie packed in the node's single allocation, entries first, so no slot \
needs a tag and a copy is two runs. A node left with one entry moves it into its parent: maps of equal \
content have equal nodes, and equality compares node by node.

`hamt` is the same trie with entries and children mixed. Against it, this one saves an allocation and a \
pointer per node and the tag per entry: half the allocations and a quarter of the instructions where \
versions are kept. Lookups are about even. It loses to `hamt` if no other version holds the nodes. A node \
is as large as what it holds, rounded up to 64 bytes, so about every fourth entry needs another allocation, \
where `hamt` doubles a vector.

It loses to structures with wide leaves: at sizes just above a power of 32 most nodes hold two or three \
entries, each node an allocation, and counting bits takes over a dozen instructions on baseline x86-64. \
Entries are stored by value, so copying a node with String keys clones every String in it. Union inserts \
entries one by one.";

#[cfg(test)]
mod tests {
    use std::collections::hash_map::RandomState;

    use scenarios::input::FixedHasher;
    use testkit::Fragile;
    use testkit::map::hash_trie::{self, HashTrie, Key};
    use testkit::map::hostile;
    use testkit::probe::{PassThrough, Probe};

    use super::*;

    type KeyMap = Map<Key, u32, PassThrough>;
    type ProbeMap = Map<Probe, Probe, PassThrough>;
    type FragileMap = Map<Fragile, Fragile, PassThrough>;

    impl HashTrie for KeyMap {
        fn check_nodes(&self) -> Option<usize> {
            assert_eq!(self.iter().len(), self.len());
            self.root.as_ref().map(|root| check_node(root, 0, 0))
        }

        fn is_contracted(&self) -> bool {
            self.root.as_ref().is_some_and(|root| root.entries().len() == 1 && root.nodes() == 0)
        }

        fn shared_children(&self, other: &Self) -> usize {
            let [one, two] = [self, other].map(|map| map.root.as_ref().unwrap().children());
            one.iter().zip(two).filter(|(one, two)| one.is_same(two)).count()
        }

        fn address(&self) -> usize {
            self.root.as_ref().unwrap().entries().as_ptr().addr()
        }
    }

    /// Checks a node whose entries' hashes begin with `path`, and counts the entries.
    fn check_node(node: &Node<Key, u32>, level: u32, path: u64) -> usize {
        if level == LEVELS {
            assert!(is_collision(node) && node.entries().len() >= 2);
            assert!(node.entries().iter().all(|(key, _)| key.hash() == path));
            return node.entries().len();
        }
        assert_eq!(node.data() & node.nodes(), 0);
        assert_eq!(node.data().count_ones() as usize, node.entries().len());
        let paths = |bitmap: u32| {
            (0..32).filter(move |bit| bitmap >> bit & 1 == 1).map(move |bit| path | bit << (BITS * level))
        };
        for (path, (key, _)) in paths(node.data()).zip(node.entries()) {
            assert!(key.lies_below(path, BITS * (level + 1)), "{key:?} at level {level}");
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
        hash_trie::equal_content_is_equal::<KeyMap, Map<u32, f64, FixedHasher>>();
    }

    #[test]
    fn union_prefers_the_left() {
        hash_trie::union_prefers_the_left::<KeyMap>();
    }

    #[test]
    fn maps_seeded_differently_are_compared_by_key() {
        hash_trie::maps_seeded_differently_are_compared_by_key::<Map<u32, u32, RandomState>>();
    }

    #[test]
    fn a_sole_owner_changes_in_place() {
        hash_trie::a_sole_owner_changes_in_place::<KeyMap>();
    }

    #[test]
    fn entries_of_no_size_and_of_high_alignment() {
        testkit::map::holds_entries_of_no_size::<Map<(), (), FixedHasher>>();
        testkit::map::aligns_its_entries::<Map<u32, _, FixedHasher>>();
    }

    #[test]
    fn entries_of_every_size_and_alignment() {
        type Of<V> = Map<u32, V, FixedHasher>;
        testkit::holds_every_kind!(Of);
    }

    #[test]
    fn entries_are_dropped_once() {
        testkit::map::entries_are_dropped_once::<ProbeMap>();
    }

    #[test]
    fn a_panic_in_a_key_or_value_changes_nothing() {
        testkit::map::a_panic_in_a_key_or_value_changes_nothing::<ProbeMap>();
    }

    #[test]
    fn a_panic_anywhere_leaves_every_version_sound() {
        hostile::every_change_is_made_or_not::<FragileMap>(300);
    }

    #[test]
    fn a_panic_in_the_drop_of_what_was_copied_leaves_the_map_sound() {
        hostile::a_copy_that_drops_the_original_is_made_or_not::<FragileMap>(true);
    }

    type Of<K, V> = Map<K, V, PassThrough>;
    testkit::assert_versions_share_entries!(Of);
    testkit::assert_unwind_safe_as_its_entries!(Of);

    /// A newer version may have entries with a shorter lifetime, because it writes to no node that an older one shares.
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
        testkit::every_check_passes(&contender());
    }
}
