//! A small map with its first entries in the handle, then in a leaf that versions append to, then in a HAMT.
//!
//! Source: the array-map proposal's alternative (1 to 4 entries inline, an array to 16, a HAMT from 17), with the array
//! made to serve up to 128.
//!
//! ```text
//!   Repr::Inline │ a=1 │ b=2 │ c=3 │     │             up to 4 plain entries, no allocation
//!        │ the fifth; entries that own something: the first
//!        ▼
//!   Repr::Leaf ●──► a=1 │ b=2 │ c=3 │ d=4 │ e=5 │ …    up to 128, with an index: see `leaf.rs`
//!        │ the 129th
//!        ▼
//!   Repr::Trie ●──► a HAMT                              see `hamt` of persistent_map
//! ```
//!
//! Entries that own something, as Strings do, are reference-counted everywhere, so that a copy counts instead of
//! cloning; plain ones lie by value. Which it is is known when the program is compiled: [`Map`] is one of two
//! [`Small`]s.
//!
//! No representation goes back to one before it, however few entries are left: maps of equal content may have
//! different ones.

mod leaf;

use std::fmt::{self, Debug};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop};
use std::slice;
use std::sync::Arc;

use leaf::{Leaf, MOST};
use persistent_map_hamt::{Entries, Entry, Map as Trie};
use scenarios::persistent_map::{Family, PersistentMap};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// Room for four entries of two words.
type Room = [MaybeUninit<u64>; 8];

/// Plain entries in the handle.
///
/// Invariant: the first `len` of `CAPACITY` are initialised, and there is nothing to drop in any.
struct Inline<E> {
    len: usize,
    room: Room,
    entries: PhantomData<E>,
}

impl<E> Inline<E> {
    /// None of those that own something: cloning the handle would clone them.
    const CAPACITY: usize =
        if needs_drop::<E>() || size_of::<E>() > 16 || align_of::<E>() > align_of::<Room>() { 0 } else { 4 };

    const EMPTY: Self = Inline { len: 0, room: [MaybeUninit::uninit(); 8], entries: PhantomData };

    #[inline]
    fn entries(&self) -> &[E] {
        if Self::CAPACITY == 0 {
            return &[];
        }
        // SAFETY: `len` entries are initialised, and they fit and are aligned, or `CAPACITY` were 0.
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

    /// Takes out the entry at `place`; the last one takes its place.
    fn swap_remove(&mut self, place: usize) {
        let last = self.len - 1;
        self.entries_mut().swap(place, last);
        self.len = last;
    }
}

impl<E: Entry<Key: Eq>> Inline<E> {
    #[inline(always)]
    fn position(&self, key: &E::Key) -> Option<usize> {
        // Unrolled by hand: as a loop it would be twice the instructions.
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
    // First, because its discriminant is then the cheapest to test.
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

/// Out of line, so that a lookup in few entries does not prepare for this one.
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
                    let mut leaf = Leaf::new(if Inline::<E>::CAPACITY == 0 { 4 } else { 8 });
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
                    None if leaf.len() < MOST => leaf.push(entry, hash),
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
            // Where both have a key, our entry stays or comes.
            if !ours_first || self.get(entry.key()).is_none() {
                united.insert(entry.clone());
            }
        }
        united
    }

    fn from_entries(entries: impl Iterator<Item = (E::Key, E::Value)>) -> Self {
        let mut map = Small::<E, S>::new();
        let (expected, _) = entries.size_hint();
        if expected > MOST {
            map.repr = Repr::Trie(Trie::with_hasher(map.hasher.clone()));
        } else if expected > Inline::<E>::CAPACITY {
            map.repr = Repr::Leaf(Leaf::new(expected.next_power_of_two().max(4)));
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
    /// Boxed, so that iterating over few entries does not carry its stack about.
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
/// Cloning is O(1), and shares whatever is not in the handle. Up to 128 entries, inserting is O(1) where no other
/// version was extended by another entry before, else O(n); removing is O(n). A value that was
/// removed may live as long as a version that shares its leaf.
///
/// So keys and values outlive every version that shares a leaf: they have the same lifetime in all of them.
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
/// A shorter one may not come into a leaf that an older version drops later:
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

/// Invariant: `shared` where [`Map::SHARES`], else `plain`.
union Either<K, V, S> {
    plain: ManuallyDrop<Small<(K, V), S>>,
    shared: ManuallyDrop<Small<Arc<(K, V)>, S>>,
}

/// Evaluates an expression about the map in either of its forms, of which the compiler knows which it is.
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
    /// Whether entries are reference-counted: those that own something.
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
        // SAFETY: the invariant of `Either`; nobody looks at it any more.
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

    // `always`, for the lookup itself is a dozen instructions more than a call.
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

impl Family for InHandle {
    type Map<K, V, S>
        = Map<K, V, S>
    where
        K: Hash + Ord + Clone + Debug + Send + Sync + 'static,
        V: Clone + Debug + PartialEq + Send + Sync + 'static,
        S: BuildHasher + Clone + Default + Send + Sync + 'static;
}

/// The contender: entries in the handle, in a leaf that versions append to, in a HAMT.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<InHandle>(About {
        name: "inline",
        role: Role::Optimized,
        summary: "Up to 4 plain entries in the handle, a leaf of up to 128 that versions append to, then a HAMT.",
        source: "array-map proposal, its alternative, with an index and room to append to in the array",
        analysis: ANALYSIS,
        complexity: &[
            ("get_hit", Growth::Logarithmic),
            ("get_miss", Growth::Logarithmic),
            ("insert_shared", Growth::Logarithmic),
            ("remove_shared", Growth::Logarithmic),
            ("build", Growth::Logarithmic),
            ("insert_unshared", Growth::Logarithmic),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[
            Caveat {
                badge: "only the first fork appends",
                text: "Of several versions made from one, the first to insert appends to the leaf they share; each other \
                       one copies it, as insert_shared shows only where a leaf is full: at 5, 9, 17 and 33 entries.",
            },
            Caveat {
                badge: "removed values may linger",
                text: "A version that removes its newest entry, or is dropped after it appended one, leaves the entry in \
                       the leaf it shares; it is dropped when the last version goes that shares the leaf, or the only \
                       one left changes.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Up to four plain entries lie in the handle: no allocation, no hash, and a clone copies them. Then they \
move into a leaf of 8, 16, 32, 64 and 128 places, one allocation each time. A version is a leaf and a \
length, so an insert that keeps the version before appends to the leaf that both share, unless another \
version has done so already or the leaf is full: only then are the entries copied. Entries that own \
something are reference-counted, so that copying counts; they have no place in the handle, where each \
clone would count them.

In the handle a lookup compares one key after the other: for up to four numbers that is cheaper than a \
hash. A leaf has an index: a hash table of two-byte cells, four times as many as there are places, and \
for entries that own something with 8 bits of the hash, which have to agree before keys are compared. \
That is a hash, a cell and nearly always one comparison, at 5 as at 128 entries, with no bits to count. \
The proposal's array to 16 became a leaf to 128 because nothing speaks against it: the textbook trie is \
slower at all of those sizes, except where versions fork all the time, and even then a copy is one run.

It wins nearly everything here. A scan without any index is cheaper still from 4 to 10 numbers, and a \
lookup of an absent number is cheaper in im, which sees from one bit of its root that there is nothing. \
What it pays is memory in reserve: room to append, as much as a vector has, 10 bytes per place for the \
index, and entries that linger in a leaf until its last version goes. Indexing again makes the insert \
that fills up a leaf the dearest.";

#[cfg(test)]
#[path = "../../../persistent_map/hamt/src/hostile.rs"]
mod hostile;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
    use std::rc::Rc;
    use std::sync::{Barrier, Once};

    use scenarios::input::FixedHasher;
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

    /// The representation's name, and where its entries are.
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
        // What was appended by a version that is gone does not come back.
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

    /// Owns nothing, so lies by value, and panics in `clone` when told to.
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
        let mut map = Map::<(), (), FixedHasher>::new();
        map.insert((), ());
        map.insert((), ());
        assert_eq!((map.len(), map.iter().count()), (1, 1));
        assert!(map.remove(&()) && map.is_empty());

        #[derive(Clone, Debug, PartialEq)]
        #[repr(align(128))]
        struct Aligned(u8);
        let mut map = Map::<u8, Aligned, FixedHasher>::new();
        for id in 0..40 {
            let held = map.clone();
            map.insert(id, Aligned(id));
            assert_eq!(held.len(), usize::from(id));
            assert!(map.iter().all(|(id, value)| {
                *id == value.0 && std::ptr::from_ref(value).addr().is_multiple_of(128)
            }));
        }
    }

    #[test]
    fn threads_append_to_one_leaf() {
        const THREADS: u64 = 3;
        let rounds = if cfg!(debug_assertions) { 300 } else { 3000 };
        for size in [5, 7, 8, 12, 15] {
            for _ in 0..rounds / 5 {
                // One map, dropped while others still append, and all append at once.
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
        assert!(!Is::<Of<u64, Cell<u8>>>::UNWIND && !Is::<Of<u64, Cell<u8>>>::REF_UNWIND);
        assert!(Is::<Leaf<String>>::UNWIND && Is::<Leaf<String>>::REF_UNWIND);
        assert!(!Is::<Leaf<Cell<u8>>>::UNWIND && !Is::<Leaf<Cell<u8>>>::REF_UNWIND);
    };

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
