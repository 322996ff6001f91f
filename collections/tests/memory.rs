//! Memory comes back when entries go: the bytes that maps have allocated are bounded by the entries that are left, not
//! by those that were there. Few entries cost few bytes, too.
//!
//! The bounds leave a little room above what was measured, and lie far below what blocks and leaves would take if they
//! stayed as large as they were.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use persistent_collections::counter::{Atomic, Counter, Plain};
use persistent_collections::{GenericHashMap, HashMap, HashSet};
use scenarios::input::mix;

thread_local! {
    /// The bytes that this thread has allocated and not freed.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, which counts. Each test has a thread of its own, so tests do not disturb each other.
struct Counting;

// SAFETY: everything is the system allocator's work. Counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = LIVE.try_with(|live| live.set(live.get() + layout.size() as isize));
        // SAFETY: the contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        let _ = LIVE.try_with(|live| live.set(live.get() - layout.size() as isize));
        // SAFETY: the contract is the same.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The bytes that what `make` returns has allocated. They are all freed with it.
fn bytes<T>(make: impl FnOnce() -> T) -> usize {
    let before = LIVE.get();
    let made = make();
    let after = LIVE.get();
    drop(made);
    assert_eq!(LIVE.get(), before, "something leaks");
    usize::try_from(after - before).expect("more was freed than allocated")
}

/// The same hashes in every run, well mixed.
#[derive(Default)]
struct Mixing(u64);

impl Hasher for Mixing {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0 ^ word);
    }
}

type Map<V, C = Atomic> = GenericHashMap<u64, V, BuildHasherDefault<Mixing>, C>;

fn filled<V: Clone, C: Counter>(keys: u64, value: impl Fn(u64) -> V) -> Map<V, C> {
    let mut map = Map::default();
    for key in 0..keys {
        map.insert(key, value(key));
    }
    map
}

fn text(key: u64) -> String {
    let mut text = String::with_capacity(16);
    text.push_str(&key.to_string());
    text
}

fn large(key: u64) -> [u8; 128] {
    [key as u8; 128]
}

/// Bytes for each of the `keys / nth` entries that stay if every other one is removed.
fn thinned<V: Clone, C: Counter>(keys: u64, nth: u64, value: impl Fn(u64) -> V) -> usize {
    let all = bytes(|| {
        let mut map = filled::<V, C>(keys, &value);
        for key in (0..keys).filter(|key| key % nth != 0) {
            assert!(map.remove(&key).is_some());
        }
        assert!((0..keys).all(|key| map.contains_key(&key) == (key % nth == 0)));
        map
    });
    all / (keys / nth) as usize
}

/// Bytes of a map that had `keys` entries, and has `left`. The oldest entries stay, or the newest ones.
fn cut<V: Clone>(keys: u64, left: u64, value: impl Fn(u64) -> V) -> usize {
    let cut = |gone: std::ops::Range<u64>| {
        bytes(|| {
            let mut map = filled::<V, Atomic>(keys, &value);
            for key in gone {
                assert!(map.remove(&key).is_some());
            }
            assert_eq!(map.len() as u64, left);
            map
        })
    };
    cut(left..keys).max(cut(0..keys - left))
}

#[track_caller]
fn at_most(bound: usize, bytes: usize) {
    assert!(bytes <= bound, "{bytes} bytes, not at most {bound}");
}

#[test]
fn maps_of_which_every_sixteenth_entry_stays() {
    at_most(115, thinned::<_, Atomic>(100_000, 16, |key| key));
    at_most(250, thinned::<_, Atomic>(100_000, 16, text));
    at_most(330, thinned::<_, Atomic>(100_000, 16, large));
    at_most(205, thinned::<_, Atomic>(100_000, 16, Arc::new));
    at_most(250, thinned::<_, Plain>(100_000, 16, text));
}

#[test]
fn maps_of_which_every_hundredth_entry_stays() {
    at_most(115, thinned::<_, Atomic>(100_000, 100, |key| key));
    at_most(165, thinned::<_, Atomic>(100_000, 100, text));
    at_most(280, thinned::<_, Atomic>(100_000, 100, large));
    at_most(145, thinned::<_, Atomic>(100_000, 100, Arc::new));
    at_most(115, thinned::<_, Plain>(100_000, 100, |key| key));
}

#[test]
fn maps_cut_to_one_entry() {
    at_most(150, cut(16, 1, |key| key));
    at_most(220, cut(16, 1, text));
    at_most(600, cut(16, 1, large));
    at_most(210, cut(16, 1, Arc::new));
    // These may keep room for two entries.
    for keys in [32, 64, 1000] {
        at_most(180, cut(keys, 1, |key| key));
        at_most(300, cut(keys, 1, text));
        at_most(600, cut(keys, 1, large));
        at_most(260, cut(keys, 1, Arc::new));
    }
}

#[test]
fn maps_cut_to_no_entry() {
    for keys in [1, 16, 32, 64, 1000, 5000] {
        at_most(0, cut(keys, 0, |key| key));
        at_most(0, cut(keys, 0, text));
    }
}

#[test]
fn entries_that_cannot_be_cloned_give_their_memory_back_too() {
    struct Single(String);

    let left = bytes(|| {
        let entries = (0..10_000).map(|key| (key, Single(text(key))));
        let mut map: HashMap<u64, Single> = HashMap::from_iter_uncloned(entries);
        for key in (0..10_000).filter(|key| key % 100 != 0) {
            assert!(map.remove_uncloned(&key).is_ok_and(|was_there| was_there));
        }
        assert!((0..10_000).all(|key| map.get(&key).is_some() == (key % 100 == 0)));
        assert!(map.iter().all(|(key, value)| value.0 == text(*key)));
        map
    });
    at_most(165, left / 100);
}

#[test]
fn colliding_entries_that_go() {
    let left = bytes(|| {
        let mut set = HashSet::<u64, BuildHasherDefault<Constant>>::default();
        set.extend(0..1000);
        (1..1000).for_each(|item| assert!(set.remove(&item)));
        set
    });
    at_most(200, left);
}

/// All hashes are equal.
#[derive(Default)]
struct Constant;

impl Hasher for Constant {
    fn finish(&self) -> u64 {
        0x5555_5555
    }

    fn write(&mut self, _: &[u8]) {}
}

/// Removals from a version that shares everything free nothing of the other one, and change nothing in it.
#[test]
fn shared_versions_keep_their_entries() {
    let all = bytes(|| {
        let full = filled::<_, Atomic>(10_000, text);
        let mut thin = full.clone();
        (0..10_000).filter(|key| key % 100 != 0).for_each(|key| drop(thin.remove(&key)));
        assert!((0..10_000).all(|key| full[&key] == text(key)));
        assert!((0..10_000).all(|key| thin.get(&key).is_some() == (key % 100 == 0)));
        drop(full);
        assert!(thin.iter().all(|(key, value)| *value == text(*key)));
        // Now nothing is shared, so the next removals give back what the other version had kept.
        (0..10_000).filter(|key| key % 200 != 0).for_each(|key| drop(thin.remove(&key)));
        assert!(thin.iter().all(|(key, value)| *value == text(*key)));
        thin
    });
    at_most(50 * 800, all);
}
