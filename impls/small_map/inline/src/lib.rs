//! A small map that keeps its first entries in the handle, more of them in a leaf that versions append to, and still
//! more in a HAMT.
//!
//! Source: the array-map proposal's alternative (1 to 4 entries inline, an array to 16, a HAMT from 17), with an array
//! that serves up to 128 entries.
//!
//! ```text
//!   Repr::Inline │ a=1 │ b=2 │ c=3 │     │             up to 4 plain entries, no allocation
//!        │ the fifth entry; the first one, if entries own something
//!        ▼
//!   Repr::Leaf ●──► a=1 │ b=2 │ c=3 │ d=4 │ e=5 │ …    up to 128, with an index: see `leaf.rs`
//!        │ the 129th entry
//!        ▼
//!   Repr::Trie ●──► a HAMT                              see `hamt` of persistent_map
//! ```
//!
//! Entries that own something, as Strings do, are reference-counted everywhere, so that a copy counts instead of
//! cloning; plain entries lie by value. The compiler knows which of the two applies: [`Map`] is one of two `Small`s.
//!
//! No representation goes back to one before it, however few entries are left, so maps of equal content may have
//! different representations.

mod leaf;

use std::fmt::{self, Debug};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop};
use std::slice;
use std::sync::Arc;

use leaf::{Leaf, MAX_CAPACITY, MIN_CAPACITY};
use persistent_map_hamt::{Entries, Entry, Map as Trie};
use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Caveat, Contender, Role};

/// The most entries that lie in the handle.
const IN_HANDLE: usize = 4;

/// An entry in the handle has at most this many words of 8 bytes: a key and a value.
const WORDS_PER_ENTRY: usize = 2;

/// Room for the entries in the handle.
type Room = [MaybeUninit<u64>; WORDS_PER_ENTRY * IN_HANDLE];

/// Plain entries in the handle.
///
/// Invariant: the first `len` of `CAPACITY` entries are initialised, and none of them has anything to drop.
struct Inline<E> {
    len: usize,
    room: Room,
    entries: PhantomData<E>,
}

impl<E> Inline<E> {
    /// None if entries own something, because cloning the handle would clone them, or if they do not fit.
    const CAPACITY: usize = if needs_drop::<E>()
        || IN_HANDLE * size_of::<E>() > size_of::<Room>()
        || align_of::<E>() > align_of::<Room>()
    {
        0
    } else {
        IN_HANDLE
    };

    const EMPTY: Self =
        Inline { len: 0, room: [MaybeUninit::uninit(); WORDS_PER_ENTRY * IN_HANDLE], entries: PhantomData };

    /// The capacity of the first leaf: there is one more entry than in the handle.
    const FIRST_LEAF: usize = if Self::CAPACITY == 0 { MIN_CAPACITY } else { 2 * Self::CAPACITY };

    #[inline]
    fn entries(&self) -> &[E] {
        if Self::CAPACITY == 0 {
            return &[];
        }
        // SAFETY: `len` entries are initialised. They fit and are aligned, because otherwise `CAPACITY` would be 0.
        unsafe { slice::from_raw_parts(self.room.as_ptr().cast(), self.len) }
    }

    #[inline]
    fn entries_mut(&mut self) -> &mut [E] {
        if Self::CAPACITY == 0 {
            return &mut [];
        }
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.room.as_mut_ptr().cast(), self.len) }
    }

    #[inline]
    fn push(&mut self, entry: E) {
        assert!(self.len < Self::CAPACITY);
        // SAFETY: there is room for it.
        unsafe { self.room.as_mut_ptr().cast::<E>().add(self.len).write(entry) };
        self.len += 1;
    }

    /// Removes the entry at `place`; the last one takes its place.
    fn swap_remove(&mut self, place: usize) {
        let last = self.len - 1;
        self.entries_mut().swap(place, last);
        self.len = last;
    }
}

impl<E: Entry<Key: Eq>> Inline<E> {
    #[inline(always)]
    fn position(&self, key: &E::Key) -> Option<usize> {
        // Unrolled by hand, because a loop would take twice the instructions.
        let entries = self.entries();
        let is_at = |place: usize| entries.get(place).is_some_and(|entry| entry.key() == key);
        if Self::CAPACITY == 0 {
            None
        } else if is_at(0) {
            Some(0)
        } else if is_at(1) {
            Some(1)
        } else if is_at(2) {
            Some(2)
        } else if is_at(3) {
            Some(3)
        } else {
            None
        }
    }
}

impl<E: Clone> Clone for Inline<E> {
    #[inline]
    fn clone(&self) -> Self {
        let mut clone = Inline::EMPTY;
        self.entries().iter().for_each(|entry| clone.push(entry.clone()));
        clone
    }
}

/// A map whose entries are stored as `E`.
#[derive(Clone)]
struct Small<E, S> {
    repr: Repr<E, S>,
    hasher: S,
}

#[derive(Clone)]
enum Repr<E, S> {
    // The leaf comes first, because its discriminant is then the cheapest to test.
    Leaf(Leaf<E>),
    Inline(Inline<E>),
    Trie(Trie<E, S>),
}

impl<E, S: Default> Small<E, S> {
    fn new() -> Self {
        Small { repr: Repr::Inline(Inline::EMPTY), hasher: S::default() }
    }
}

impl<E: Entry, S> Small<E, S> {
    fn len(&self) -> usize {
        match &self.repr {
            Repr::Inline(inline) => inline.len,
            Repr::Leaf(leaf) => leaf.len(),
            Repr::Trie(trie) => trie.len(),
        }
    }

    #[inline]
    fn iter(&self) -> Iter<'_, E> {
        let (entries, trie) = match &self.repr {
            Repr::Leaf(leaf) => (leaf.entries(), None),
            Repr::Inline(inline) => (inline.entries(), None),
            Repr::Trie(trie) => (&[][..], Some(Box::new(trie.entries()))),
        };
        Iter { entries: entries.iter(), trie }
    }
}

impl<E: Entry<Key: Hash + Eq>, S: BuildHasher> Small<E, S> {
    #[inline(always)]
    fn get(&self, key: &E::Key) -> Option<&E::Value> {
        match &self.repr {
            Repr::Inline(inline) => inline.position(key).map(|place| inline.entries()[place].value()),
            Repr::Leaf(leaf) => leaf.find(key, self.hasher.hash_one(key)).map(Entry::value),
            Repr::Trie(trie) => get_in_trie(trie, key),
        }
    }
}

/// Out of line, so that a lookup in few entries does not pay for preparing this call.
#[inline(never)]
fn get_in_trie<'a, E: Entry<Key: Hash + Eq>, S: BuildHasher>(
    trie: &'a Trie<E, S>,
    key: &E::Key,
) -> Option<&'a E::Value> {
    trie.get(key)
}

impl<E: Entry<Key: Hash + Eq> + Clone, S: BuildHasher + Clone + Default> Small<E, S> {
    #[inline]
    fn insert(&mut self, entry: E) {
        let hash = |entry: &E| self.hasher.hash_one(entry.key());
        match &mut self.repr {
            Repr::Inline(inline) => match inline.position(entry.key()) {
                Some(place) => inline.entries_mut()[place] = entry,
                None if inline.len < Inline::<E>::CAPACITY => inline.push(entry),
                None => {
                    let mut leaf = Leaf::new(Inline::<E>::FIRST_LEAF);
                    for resident in inline.entries() {
                        leaf.push(resident.clone(), hash(resident));
                    }
                    let hash = hash(&entry);
                    leaf.push(entry, hash);
                    self.repr = Repr::Leaf(leaf);
                }
            },
            Repr::Leaf(leaf) => {
                let hash = hash(&entry);
                match leaf.find(entry.key(), hash).map(|found| leaf.place(found)) {
                    Some(place) => drop(leaf.replace(place, entry)),
                    None if leaf.len() < MAX_CAPACITY => leaf.push(entry, hash),
                    None => {
                        let mut trie = Trie::with_hasher(self.hasher.clone());
                        leaf.entries().iter().for_each(|resident| trie.insert_entry(resident.clone()));
                        trie.insert_entry(entry);
                        self.repr = Repr::Trie(trie);
                    }
                }
            }
            Repr::Trie(trie) => trie.insert_entry(entry),
        }
    }

    fn remove(&mut self, key: &E::Key) -> bool {
        match &mut self.repr {
            Repr::Inline(inline) => {
                let place = inline.position(key);
                place.into_iter().for_each(|place| inline.swap_remove(place));
                place.is_some()
            }
            Repr::Leaf(leaf) => {
                let Some(found) = leaf.find(key, self.hasher.hash_one(key)) else { return false };
                let place = leaf.place(found);
                drop(leaf.remove(place));
                true
            }
            Repr::Trie(trie) => trie.remove(key),
        }
    }

    fn union(&self, other: &Self) -> Self {
        if let (Repr::Trie(ours), Repr::Trie(theirs)) = (&self.repr, &other.repr) {
            return Small { repr: Repr::Trie(ours.union(theirs)), hasher: self.hasher.clone() };
        }
        let (mut united, from, ours_first) = if self.len() >= other.len() {
            (self.clone(), other, true)
        } else {
            (other.clone(), self, false)
        };
        for entry in from.iter() {
            // For a key that both have, the united map has or gets our entry.
            if !ours_first || self.get(entry.key()).is_none() {
                united.insert(entry.clone());
            }
        }
        united
    }

    fn from_entries(entries: impl Iterator<Item = (E::Key, E::Value)>) -> Self {
        let mut map = Small::<E, S>::new();
        let (expected, _) = entries.size_hint();
        if expected > MAX_CAPACITY {
            map.repr = Repr::Trie(Trie::with_hasher(map.hasher.clone()));
        } else if expected > Inline::<E>::CAPACITY {
            map.repr = Repr::Leaf(Leaf::new(expected.next_power_of_two().max(MIN_CAPACITY)));
        }
        entries.for_each(|(key, value)| map.insert(E::new(key, value)));
        map
    }
}

impl<E: Entry<Key: Hash + Eq, Value: PartialEq>, S: BuildHasher> Small<E, S> {
    fn equal(&self, other: &Self) -> bool {
        match (&self.repr, &other.repr) {
            (Repr::Trie(ours), Repr::Trie(theirs)) => ours.equal(theirs),
            (Repr::Leaf(ours), Repr::Leaf(theirs)) if ours.is_same(theirs) => true,
            _ => {
                self.len() == other.len()
                    && self.iter().all(|entry| other.get(entry.key()) == Some(entry.value()))
            }
        }
    }
}

/// Iterator over the entries of a [`Small`].
struct Iter<'a, E> {
    entries: slice::Iter<'a, E>,
    /// Boxed, so that iterating over few entries does not carry this iterator's stack along.
    trie: Option<Box<Entries<'a, E>>>,
}

impl<'a, E> Iterator for Iter<'a, E> {
    type Item = &'a E;

    #[inline(always)]
    fn next(&mut self) -> Option<&'a E> {
        let next = self.entries.next();
        if next.is_some() || self.trie.is_none() { next } else { self.next_in_trie() }
    }
}

impl<'a, E> Iter<'a, E> {
    #[inline(never)]
    fn next_in_trie(&mut self) -> Option<&'a E> {
        self.trie.as_mut()?.next()
    }
}

/// A map with cheap versions, for few entries.
///
/// Cloning is O(1), and shares all entries that are not in the handle. Up to 128 entries, inserting is O(1), or O(n) if
/// another version has already appended an entry to the leaf that both share; removing is O(n). A value that was
/// removed may live as long as a version that shares its leaf.
///
/// So keys and values must outlive every version that shares a leaf: they have the same lifetime in all of them.
///
/// ```
/// use scenarios::{input::FixedHasher, persistent_map::PersistentMap};
/// use small_map_inline::Map;
/// let (short, long) = (String::from("short"), String::from("long"));
/// let mut old = Map::<u32, Box<&str>, FixedHasher>::new();
/// old.insert(1, Box::new(long.as_str()));
/// let mut new = old.clone();
/// new.insert(2, Box::new(short.as_str()));
/// drop(old);
/// ```
///
/// An entry with a shorter lifetime may not come into a leaf that an older version drops later:
///
/// ```compile_fail,E0597
/// use scenarios::{input::FixedHasher, persistent_map::PersistentMap};
/// use small_map_inline::Map;
/// let long = String::from("long");
/// let mut old = Map::<u32, Box<&str>, FixedHasher>::new();
/// old.insert(1, Box::new(long.as_str()));
/// {
///     let short = String::from("short");
///     let mut new = old.clone();
///     new.insert(2, Box::new(short.as_str()));
/// }
/// drop(old);
/// ```
pub struct Map<K, V, S> {
    either: Either<K, V, S>,
}

/// Invariant: the field in use is `shared` if [`Map::SHARES`], otherwise `plain`.
union Either<K, V, S> {
    plain: ManuallyDrop<Small<(K, V), S>>,
    shared: ManuallyDrop<Small<Arc<(K, V)>, S>>,
}

/// Evaluates an expression about the map in the one of its two forms that it has, which the compiler knows.
macro_rules! either {
    ($map:expr, $small:ident => $value:expr) => {
        if Self::SHARES {
            // SAFETY: the invariant of `Either`.
            let $small = unsafe { &$map.either.shared };
            $value
        } else {
            // SAFETY: the invariant of `Either`.
            let $small = unsafe { &$map.either.plain };
            $value
        }
    };
    (mut $map:expr, $small:ident => $value:expr) => {
        if Self::SHARES {
            // SAFETY: the invariant of `Either`.
            let $small = unsafe { &mut $map.either.shared };
            $value
        } else {
            // SAFETY: the invariant of `Either`.
            let $small = unsafe { &mut $map.either.plain };
            $value
        }
    };
    ($one:expr, $two:expr, $small:ident, $other:ident => $value:expr) => {
        if Self::SHARES {
            // SAFETY: the invariant of `Either`.
            let ($small, $other) = unsafe { (&$one.either.shared, &$two.either.shared) };
            $value
        } else {
            // SAFETY: the invariant of `Either`.
            let ($small, $other) = unsafe { (&$one.either.plain, &$two.either.plain) };
            $value
        }
    };
}

impl<K, V, S> Map<K, V, S> {
    /// Whether entries are reference-counted, which they are if they own something.
    const SHARES: bool = needs_drop::<(K, V)>();

    #[inline]
    fn plain(small: Small<(K, V), S>) -> Self {
        debug_assert!(!Self::SHARES);
        Map { either: Either { plain: ManuallyDrop::new(small) } }
    }

    #[inline]
    fn shared(small: Small<Arc<(K, V)>, S>) -> Self {
        debug_assert!(Self::SHARES);
        Map { either: Either { shared: ManuallyDrop::new(small) } }
    }
}

impl<K, V, S> Drop for Map<K, V, S> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the invariant of `Either`; the map is not used any more.
        unsafe {
            if Self::SHARES {
                ManuallyDrop::drop(&mut self.either.shared);
            } else {
                ManuallyDrop::drop(&mut self.either.plain);
            }
        }
    }
}

impl<K: Clone, V: Clone, S: Clone> Clone for Map<K, V, S> {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: the invariant of `Either`.
        unsafe {
            if Self::SHARES {
                Map::shared(Small::clone(&self.either.shared))
            } else {
                Map::plain(Small::clone(&self.either.plain))
            }
        }
    }
}

impl<K: Debug, V: Debug, S> Debug for Map<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        either!(self, small => f.debug_map().entries(small.iter().map(|entry| (entry.key(), entry.value()))).finish())
    }
}

/// Iterator over the keys and values of a [`Map`].
enum Entrywise<'a, K, V> {
    Plain(Iter<'a, (K, V)>),
    Shared(Iter<'a, Arc<(K, V)>>),
}

impl<'a, K, V> Iterator for Entrywise<'a, K, V> {
    type Item = (&'a K, &'a V);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Entrywise::Plain(iter) => iter.next().map(|(key, value)| (key, value)),
            Entrywise::Shared(iter) => iter.next().map(|entry| (&entry.0, &entry.1)),
        }
    }
}

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone + Default,
{
    fn new() -> Self {
        if Self::SHARES { Map::shared(Small::new()) } else { Map::plain(Small::new()) }
    }

    #[inline]
    fn len(&self) -> usize {
        either!(self, small => small.len())
    }

    // `always`, because the lookup itself is only a dozen instructions more than a call.
    #[inline(always)]
    fn get(&self, key: &K) -> Option<&V> {
        either!(self, small => small.get(key))
    }

    #[inline]
    fn insert(&mut self, key: K, value: V) {
        either!(mut self, small => small.insert(Entry::new(key, value)));
    }

    fn remove(&mut self, key: &K) -> bool {
        either!(mut self, small => small.remove(key))
    }

    #[inline]
    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        // SAFETY: the invariant of `Either`.
        unsafe {
            if Self::SHARES {
                Entrywise::Shared(self.either.shared.iter())
            } else {
                Entrywise::Plain(self.either.plain.iter())
            }
        }
    }

    fn union(&self, other: &Self) -> Self {
        // SAFETY: the invariant of `Either`.
        unsafe {
            if Self::SHARES {
                Map::shared(self.either.shared.union(&other.either.shared))
            } else {
                Map::plain(self.either.plain.union(&other.either.plain))
            }
        }
    }

    fn equal(&self, other: &Self) -> bool {
        either!(self, other, small, other => small.equal(other))
    }

    fn from_entries(entries: impl Iterator<Item = (K, V)>) -> Self {
        if Self::SHARES {
            Map::shared(Small::from_entries(entries))
        } else {
            Map::plain(Small::from_entries(entries))
        }
    }
}

struct InHandle;

scenarios::persistent_map_family!(<K, V, S> InHandle = Map<K, V, S>);

/// The contender: entries in the handle, in a leaf that versions append to, in a HAMT.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<InHandle>(About {
        name: "inline",
        role: Role::Optimized,
        summary: "Up to 4 plain entries in the handle, then a leaf of up to 128 that versions append to, then a \
                  HAMT.",
        source: "array-map proposal: its alternative, with an index and room to append in the array",
        analysis: ANALYSIS,
        complexity: scenarios::small_map::AS_A_TREE,
        capabilities: &[Capability::Persistent],
        caveats: &[
            Caveat {
                badge: "only the first fork appends",
                text: "Of several versions made from one, the first to insert appends to the leaf that they share, \
                       and each other one copies it. insert_shared shows such a copy only where a leaf is full: at \
                       5, 9, 17 and 33 entries.",
            },
            Caveat {
                badge: "removed values may linger",
                text: "If a version removes its newest entry, or is dropped after it appended one, the entry stays \
                       in the leaf that it shares. It is dropped with the last version that shares the leaf, or when \
                       only one of them is left and changes.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Up to four plain entries lie in the handle: that needs no allocation and no hash, and a clone copies them. \
Then they move into a leaf of 8, 16, 32, 64 and 128 places, one allocation each time. A version is a leaf \
and a length. So an insert that keeps the version before appends to the leaf that both share. Only if \
another version has done so already, or the leaf is full, are the entries copied. Entries that own \
something are reference-counted, so that a copy counts instead of cloning. They have no place in the \
handle, where each clone of the map would count them.

In the handle a lookup compares one key after the other: for up to four numbers that is cheaper than a \
hash. A leaf has an index, a hash table of two-byte cells with four times as many cells as there are \
places. For entries that own something, a cell also has 8 bits of the hash, which have to agree before keys \
are compared. So a lookup takes a hash, a cell and nearly always one comparison, at 5 as at 128 entries, \
with no bits to count. The proposal's array to 16 became a leaf to 128 because nothing speaks against it: \
the textbook trie is slower at all of those sizes, except where versions fork all the time, and even then a \
copy is one run.

It wins nearly everything here. A scan without any index is cheaper still from 4 to 10 numbers, and a \
lookup of an absent number is cheaper in im, which sees from one bit of its root that there is nothing. It \
pays with memory in reserve: room to append, as much as a vector has, 10 bytes per place for the index, and \
entries that linger in a leaf until its last version is dropped. The most expensive insert is one into a \
full leaf, because all entries are then indexed again.";

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Barrier;

    use scenarios::input::FixedHasher;
    use testkit::map::hostile;
    use testkit::probe::{Hashing, Injected, PassThrough, Probe};
    use testkit::{Fragile, Is, Otherwise as _, expect_injected_panics};

    use super::*;

    type Numbers = Map<u64, u64, FixedHasher>;
    type Texts = Map<String, u64, FixedHasher>;

    fn numbers(keys: std::ops::Range<u64>) -> Numbers {
        let mut map = Numbers::new();
        keys.for_each(|key| map.insert(key, key));
        map
    }

    fn texts(keys: std::ops::Range<u64>) -> Texts {
        let mut map = Texts::new();
        keys.for_each(|key| map.insert(key.to_string(), key));
        map
    }

    /// The representation's name, and the address of its entries.
    fn place<K, V, S>(map: &Map<K, V, S>) -> (&'static str, usize) {
        fn of<E, S>(small: &Small<E, S>) -> (&'static str, usize) {
            match &small.repr {
                Repr::Inline(_) => ("inline", 0),
                Repr::Leaf(leaf) => ("leaf", leaf.entries().as_ptr().addr()),
                Repr::Trie(_) => ("trie", 0),
            }
        }
        // SAFETY: the invariant of `Either`.
        unsafe { if Map::<K, V, S>::SHARES { of(&map.either.shared) } else { of(&map.either.plain) } }
    }

    fn content<K: Ord + Copy, V: Ord + Copy>(map: &impl PersistentMap<K, V>) -> Vec<(K, V)> {
        let mut content: Vec<_> = map.iter().map(|(key, value)| (*key, *value)).collect();
        content.sort_unstable();
        content
    }

    #[test]
    fn grows_from_handle_to_leaf_to_trie_and_not_back() {
        let name = |count: u64| place(&numbers(0..count)).0;
        assert_eq!([0, 1, 4, 5, 128, 129].map(name), ["inline", "inline", "inline", "leaf", "leaf", "trie"]);
        let name = |count: u64| place(&texts(0..count)).0;
        assert_eq!([0, 1, 4, 5, 128, 129].map(name), ["inline", "leaf", "leaf", "leaf", "leaf", "trie"]);
        for count in 0..140 {
            let (mut map, fewer) = (numbers(0..140), numbers(0..count));
            (count..140).for_each(|key| assert!(map.remove(&key)));
            assert_eq!(place(&map).0, "trie");
            assert!(map.equal(&fewer) && fewer.equal(&map) && map.union(&fewer).equal(&fewer));
            assert_eq!(content(&map), content(&fewer));
            assert!(Numbers::from_entries((0..count).map(|key| (key, key))).equal(&map));
        }
    }

    #[test]
    fn only_the_first_to_append_shares_the_leaf() {
        let base = texts(0..6);
        let (mut one, mut two) = (base.clone(), base.clone());
        one.insert("one".to_owned(), 1);
        two.insert("two".to_owned(), 2);
        assert_eq!(place(&one), place(&base), "appended");
        assert_ne!(place(&two), place(&base), "copied");
        assert_eq!((base.len(), one.len(), two.len()), (6, 7, 7));
        assert!(base.get(&"one".to_owned()).is_none() && two.get(&"one".to_owned()).is_none());
        assert_eq!((one.get(&"one".to_owned()), two.get(&"two".to_owned())), (Some(&1), Some(&2)));
        // An entry that a dropped version appended does not come back.
        drop(one);
        let mut three = base.clone();
        three.insert("three".to_owned(), 3);
        assert_ne!(place(&three), place(&base));
        let mut base = base;
        base.insert("four".to_owned(), 4);
        assert_eq!(
            (base.len(), base.get(&"one".to_owned()), base.get(&"four".to_owned())),
            (7, None, Some(&4))
        );
    }

    #[test]
    fn forks_at_every_size_stay_apart() {
        for size in 0..132 {
            let base = numbers(0..size);
            let mut forks: Vec<Numbers> = (0..3).map(|_| base.clone()).collect();
            for (fork, key) in forks.iter_mut().zip(1000..) {
                fork.insert(key, key);
                fork.insert(0, key);
            }
            let mut fewer = forks[0].clone();
            assert!(fewer.remove(&1000) && !fewer.remove(&1000));
            fewer.insert(2000, 2000);
            assert_eq!(content(&base), (0..size).map(|key| (key, key)).collect::<Vec<_>>());
            for (fork, key) in forks.iter().zip(1000..) {
                let mut expected = vec![(0, key)];
                expected.extend((1..size).map(|key| (key, key)));
                expected.push((key, key));
                assert_eq!(content(fork), expected);
                assert!((0..size).chain([key]).all(|key| fork.get(&key).is_some()));
            }
            assert_eq!((fewer.get(&1000), fewer.get(&2000)), (None, Some(&2000)));
        }
    }

    #[test]
    fn entries_are_dropped_once() {
        for hashing in [Hashing::Spread, Hashing::Constant] {
            for size in (1..36).chain(125..132) {
                Probe::reset();
                Probe::set_hashing(hashing);
                let mut map = Map::<Probe, Probe, PassThrough>::new();
                (0..size).for_each(|id| map.insert(Probe::new(id), Probe::new(id)));
                assert_eq!(Probe::live(), 2 * i64::from(size));
                let held = map.clone();
                assert_eq!(Probe::live(), 2 * i64::from(size), "a clone shares its entries");
                map.insert(Probe::new(1000), Probe::new(0));
                assert!(map.remove(&Probe::new(0)));
                drop(held);
                let held = map.clone();
                assert!(map.remove(&Probe::new(1000)));
                drop(held);
                map.insert(Probe::new(1001), Probe::new(0));
                assert!(map.remove(&Probe::new(1001)));
                assert_eq!(
                    Probe::live(),
                    2 * i64::from(size - 1),
                    "nothing lingers in what one version holds"
                );
                drop(map);
                assert_eq!(Probe::live(), 0);
            }
        }
    }

    /// A key that owns nothing, so that it lies by value, and panics in `clone` when told to.
    #[derive(Debug, PartialEq, Eq, Hash)]
    struct Touchy(u32);

    thread_local! {
        static CLONES_LEFT: Cell<u32> = const { Cell::new(u32::MAX) };
    }

    impl Clone for Touchy {
        fn clone(&self) -> Self {
            let left = CLONES_LEFT.get();
            CLONES_LEFT.set(left.wrapping_sub(1));
            if left == 0 {
                std::panic::panic_any(Injected);
            }
            Touchy(self.0)
        }
    }

    #[test]
    fn a_panicking_clone_of_what_needs_no_drop_changes_nothing() {
        expect_injected_panics();
        for size in (1..36).chain(126..131) {
            for clones in (0..40).chain([100, 126, 127, 128]) {
                let mut map = Map::<Touchy, u32, FixedHasher>::new();
                (0..size).for_each(|id| map.insert(Touchy(id), id));
                let held = map.clone();
                let mut other = map.clone();
                other.insert(Touchy(1000), 1000);
                CLONES_LEFT.set(clones);
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    map.insert(Touchy(2000), 2000);
                    map.clone()
                }));
                CLONES_LEFT.set(u32::MAX);
                assert_eq!(map.get(&Touchy(2000)).is_some(), map.len() == size as usize + 1);
                assert!(outcome.is_err() || map.len() == size as usize + 1);
                assert!((0..size).all(|id| map.get(&Touchy(id)) == Some(&id)));
                assert!(
                    (0..size).all(|id| held.get(&Touchy(id)) == Some(&id)) && held.len() == size as usize
                );
            }
        }
    }

    #[test]
    fn entries_of_no_size_and_of_high_alignment() {
        testkit::map::holds_entries_of_no_size::<Map<(), (), FixedHasher>>();
        testkit::map::aligns_its_entries::<Map<u32, _, FixedHasher>>();
    }

    #[test]
    fn threads_append_to_one_leaf() {
        const THREADS: u64 = 3;
        let rounds = if cfg!(debug_assertions) { 300 } else { 3000 };
        for size in [5, 7, 8, 12, 15] {
            for _ in 0..rounds / 5 {
                // All threads append at once, while the map that they come from is dropped.
                let base = texts(0..size);
                let barrier = &Barrier::new(THREADS as usize);
                std::thread::scope(|scope| {
                    for thread in 0..THREADS {
                        let mut fork = base.clone();
                        scope.spawn(move || {
                            barrier.wait();
                            for step in 0..3 {
                                let key = 1000 * (thread + 1) + step;
                                let kept = fork.clone();
                                fork.insert(key.to_string(), key);
                                assert!(kept.get(&key.to_string()).is_none());
                            }
                            let own = (0..3).map(|step| 1000 * (thread + 1) + step);
                            assert!((0..size).chain(own).all(|key| fork.get(&key.to_string()) == Some(&key)));
                            assert_eq!((fork.len() as u64, fork.iter().count() as u64), (size + 3, size + 3));
                        });
                    }
                    drop(base);
                });
            }
        }
    }

    #[test]
    fn a_panic_in_a_key_or_value_changes_nothing() {
        testkit::map::a_panic_in_a_key_or_value_changes_nothing::<Map<Probe, Probe, PassThrough>>();
    }

    #[test]
    fn a_panic_anywhere_leaves_every_version_sound() {
        hostile::every_change_is_made_or_not::<Map<Fragile, Fragile, PassThrough>>(300);
    }

    #[test]
    fn a_panic_in_the_drop_of_what_was_copied_leaves_the_map_sound() {
        hostile::a_copy_that_drops_the_original_is_made_or_not::<Map<Fragile, Fragile, PassThrough>>(true);
    }

    #[test]
    fn entries_of_every_size_and_alignment() {
        type Of<V> = Map<u32, V, FixedHasher>;
        testkit::holds_every_kind!(Of);
    }

    type Of<K, V> = Map<K, V, PassThrough>;
    testkit::assert_versions_share_entries!(Of);
    testkit::assert_unwind_safe_as_its_entries!(Of);
    const _: () = {
        assert!(Is::<Leaf<String>>::UNWIND && Is::<Leaf<String>>::REF_UNWIND);
        assert!(!Is::<Leaf<Cell<u8>>>::UNWIND && !Is::<Leaf<Cell<u8>>>::REF_UNWIND);
    };

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
