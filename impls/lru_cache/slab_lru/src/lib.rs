//! The lab's own cache: entries in one slab, links of 32 bits in an array beside it, and an open-addressed
//! table whose buckets hold 32 bits of hash and a slot.

use std::hash::{BuildHasher, Hash};

use scenarios::lru_cache::Cache;
use scenarios::{About, Capability, Contender, Growth, Role};

/// A place in the slab. Slot 0 has no entry; its links are the ends of the list.
type Slot = u32;

const ENDS: Slot = 0;

/// The order of access: a circle through all slots and [`ENDS`].
#[derive(Clone, Copy)]
struct Links {
    /// For an entry, the one used next after it; for [`ENDS`], the oldest.
    newer: Slot,
    /// For an entry, the one used last before it; for [`ENDS`], the newest.
    older: Slot,
}

struct Entry<K, V> {
    key: K,
    value: V,
    /// 32 bits of the key's hash, which find the entry's bucket without the key.
    fingerprint: u32,
}

/// A cache that holds each key once and hashes it once per operation.
///
/// No code of a key's or a value's type runs while the structure is being changed. Two invariants allow access to
/// the arrays without checks. They hold whenever such code runs, and at the end of every function that does not say
/// otherwise:
///
/// 1. `links` is longer than `entries` by one, and every slot in `links` is less than its length;
/// 2. every slot in `table` is greater than 0 and at most the length of `entries`.
pub struct SlabLru<K, V, S> {
    capacity: usize,
    /// The capacity, or the most that the table supports.
    limit: usize,
    hasher: S,
    table: Table,
    /// Slot `n` is at `n - 1`.
    entries: Vec<Entry<K, V>>,
    /// The links of all slots, from [`ENDS`] on.
    links: Vec<Links>,
}

impl<K: Hash + Eq, V, S: BuildHasher> SlabLru<K, V, S> {
    fn fingerprint(&self, key: &K) -> u32 {
        // The product makes every bit of the hash count, however the hasher spreads its bits.
        (self.hasher.hash_one(key).wrapping_mul(SPREAD) >> 32) as u32
    }

    #[inline(always)]
    fn find(&self, fingerprint: u32, key: &K) -> Result<Slot, usize> {
        self.table.find(fingerprint, |slot| {
            // SAFETY: slots of the table are in 1..=entries.len() (invariant 2).
            unsafe { self.entries.get_unchecked(slot as usize - 1) }.key == *key
        })
    }

    /// The links of `slot`.
    ///
    /// # Safety
    /// `slot` is less than the length of `links`.
    #[inline(always)]
    unsafe fn links(&mut self, slot: Slot) -> &mut Links {
        // SAFETY: the caller's promise.
        unsafe { self.links.get_unchecked_mut(slot as usize) }
    }

    /// Makes the entry in `slot` the newest.
    ///
    /// # Safety
    /// `slot` is not [`ENDS`], and less than the length of `links`.
    #[inline(always)]
    unsafe fn touch(&mut self, slot: Slot) {
        // SAFETY: `slot` is the caller's promise, every other one comes from `links` (invariant 1), and
        // only such slots are written to it.
        unsafe {
            let newest = self.links(ENDS).older;
            if newest == slot {
                return;
            }
            let Links { newer, older } = *self.links(slot);
            self.links(newer).older = older;
            self.links(older).newer = newer;
            self.links(newest).newer = slot;
            *self.links(slot) = Links { newer: ENDS, older: newest };
            self.links(ENDS).older = slot;
        }
    }

    /// Adds an entry, the newest, whose bucket is to be at `empty`.
    fn add(&mut self, empty: usize, entry: Entry<K, V>) {
        let slot = self.links.len() as Slot;
        let fingerprint = entry.fingerprint;
        let newest = self.links[ENDS as usize].older;
        self.entries.push(entry);
        self.links.push(Links { newer: ENDS, older: newest });
        self.links[newest as usize].newer = slot;
        self.links[ENDS as usize].older = slot;
        self.table.insert_at(empty, fingerprint, slot);
        if self.table.is_full(self.entries.len()) {
            self.table.grow();
        }
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Default> Cache<K, V> for SlabLru<K, V, S> {
    fn with_capacity(capacity: usize) -> Self {
        SlabLru {
            capacity,
            limit: capacity.min(MAX_ENTRIES),
            hasher: S::default(),
            table: Table::with_room(capacity.min(FIRST_ROOM)),
            entries: Vec::new(),
            links: vec![Links { newer: ENDS, older: ENDS }],
        }
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        let slot = self.find(self.fingerprint(key), key).ok()?;
        // SAFETY: a slot of the table is in 1..=entries.len(), which is less than the length of `links`
        // (both invariants).
        unsafe {
            self.touch(slot);
            Some(&self.entries.get_unchecked(slot as usize - 1).value)
        }
    }

    fn put(&mut self, key: K, value: V) {
        let fingerprint = self.fingerprint(&key);
        match self.find(fingerprint, &key) {
            Ok(slot) => {
                // SAFETY: as in `get`.
                let entry = unsafe {
                    self.touch(slot);
                    self.entries.get_unchecked_mut(slot as usize - 1)
                };
                // Key and old value are dropped when all is done: their drops may panic.
                drop((key, std::mem::replace(&mut entry.value, value)));
            }
            Err(empty) if self.entries.len() < self.limit => {
                self.add(empty, Entry { key, value, fingerprint });
            }
            Err(_) if self.limit == 0 => {}
            Err(empty) => {
                // The new entry moves in where the oldest one was.
                let new = Entry { key, value, fingerprint };
                // SAFETY: there are entries, so the oldest one's slot is not ENDS; `empty` comes from `find`,
                // with the table unchanged; the evicted fingerprint and slot are in the table, where `add`
                // or this very code put them.
                let evicted = unsafe {
                    let slot = self.links(ENDS).newer;
                    let evicted = std::mem::replace(self.entries.get_unchecked_mut(slot as usize - 1), new);
                    self.table.insert_at(empty, fingerprint, slot);
                    self.table.remove(evicted.fingerprint, slot);
                    self.touch(slot);
                    evicted
                };
                drop(evicted);
            }
        }
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        let mut slot = ENDS;
        std::iter::from_fn(move || {
            // SAFETY: slots in `links` are less than its length, and one that is not ENDS is in
            // 1..=entries.len() (invariant 1).
            unsafe {
                slot = self.links.get_unchecked(slot as usize).older;
                if slot == ENDS {
                    return None;
                }
                let entry = self.entries.get_unchecked(slot as usize - 1);
                Some((&entry.key, &entry.value))
            }
        })
    }
}

/// A new table has room for at most this many entries; for more, it grows.
const FIRST_ROOM: usize = 1024;

/// A cache has at most this many entries, because the table has at most 2³² buckets.
const MAX_ENTRIES: usize = 1 << 30;

/// The least number of buckets.
const MIN_BUCKETS: usize = 4;

/// At most two of five buckets are in use.
const MAX_LOAD: (usize, usize) = (2, 5);

/// The fractional part of the golden ratio, which spreads a hash over the high bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A table of slots by fingerprint, with linear probing; more than half its buckets are empty.
struct Table {
    /// A power of two of buckets. The upper half of each is a fingerprint, the lower half a slot; 0 is empty.
    buckets: Vec<u64>,
    /// Shifting a fingerprint down by this many bits leaves its home: the first bucket to look at.
    shift: u32,
}

impl Table {
    fn with_room(entries: usize) -> Self {
        let mut table =
            Table { buckets: vec![0; MIN_BUCKETS], shift: u32::BITS - MIN_BUCKETS.trailing_zeros() };
        while table.is_full(entries) {
            table.buckets = vec![0; 2 * table.buckets.len()];
            table.shift -= 1;
        }
        table
    }

    fn home(&self, fingerprint: u32) -> usize {
        (u64::from(fingerprint) >> self.shift) as usize
    }

    /// The slot for which `is_it` holds, or else the empty bucket where that slot would be.
    #[inline(always)]
    fn find(&self, fingerprint: u32, is_it: impl Fn(Slot) -> bool) -> Result<Slot, usize> {
        let mask = self.buckets.len() - 1;
        let mut at = self.home(fingerprint);
        loop {
            // SAFETY: the number of buckets is a power of two, so the mask keeps the index below it.
            let bucket = unsafe { *self.buckets.get_unchecked(at & mask) };
            if bucket == 0 {
                return Err(at & mask);
            }
            if (bucket >> 32) as u32 == fingerprint && is_it(bucket as Slot) {
                return Ok(bucket as Slot);
            }
            at += 1;
        }
    }

    /// Fills an empty bucket that [`find`](Self::find) found.
    fn insert_at(&mut self, empty: usize, fingerprint: u32, slot: Slot) {
        self.buckets[empty] = u64::from(fingerprint) << 32 | u64::from(slot);
    }

    /// Removes a slot that is in the table. Buckets behind it move up, so no markers are left.
    ///
    /// # Safety
    /// The table has this slot with this fingerprint.
    #[inline(always)]
    unsafe fn remove(&mut self, fingerprint: u32, slot: Slot) {
        let mask = self.buckets.len() - 1;
        let bucket = u64::from(fingerprint) << 32 | u64::from(slot);
        let mut hole = self.home(fingerprint);
        // SAFETY: every index is masked, see `find`; the first loop ends by the caller's promise, the second
        // because there always are empty buckets.
        unsafe {
            while *self.buckets.get_unchecked(hole & mask) != bucket {
                hole += 1;
            }
            let mut at = hole;
            loop {
                at += 1;
                let next = *self.buckets.get_unchecked(at & mask);
                if next == 0 {
                    break;
                }
                // It may move back to the hole, unless the hole is before its home.
                let home = self.home((next >> 32) as u32);
                if at.wrapping_sub(home) & mask >= at - hole {
                    *self.buckets.get_unchecked_mut(hole & mask) = next;
                    hole = at;
                }
            }
            *self.buckets.get_unchecked_mut(hole & mask) = 0;
        }
    }

    /// Whether one more entry would use more than two fifths of the buckets.
    fn is_full(&self, entries: usize) -> bool {
        let (in_use, of) = MAX_LOAD;
        of * (entries + 1) > in_use * self.buckets.len()
    }

    /// Doubles the number of buckets. No key is hashed again.
    fn grow(&mut self) {
        let buckets = 2 * self.buckets.len();
        let old = std::mem::replace(&mut self.buckets, vec![0; buckets]);
        self.shift -= 1;
        for bucket in old.into_iter().filter(|bucket| *bucket != 0) {
            let fingerprint = (bucket >> 32) as u32;
            if let Err(empty) = self.find(fingerprint, |_| false) {
                self.buckets[empty] = bucket;
            }
        }
    }
}

/// The family of such caches.
pub struct InSlab;

scenarios::lru_cache_family!(<K, V, S> InSlab = SlabLru<K, V, S>);

/// The contender: the lab's exact LRU cache.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::lru_cache::contender::<InSlab>(About {
        name: "slab_lru",
        role: Role::Optimized,
        summary: "Entries in one slab, 32-bit links beside it, and a linear-probing table of fingerprints and slots.",
        source: "the lab's own",
        analysis: ANALYSIS,
        complexity: &[
            ("zipf", Growth::Constant),
            ("uniform", Growth::Constant),
            ("scan", Growth::Constant),
            ("put_only", Growth::Constant),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[Capability::ExactLru],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Entries lie in one array, in slots that never move. The order of access is a circle of 32-bit links in an \
array of their own, eight bytes a slot, so moving an entry to the front touches little memory. A slot \
without an entry closes the circle, which makes tests for an end unnecessary. A table of 64-bit buckets, at \
most two fifths full, leads from 32 bits of a key's hash to its slot by linear probing.

A key is stored once and hashed once per operation. Each slot keeps its 32 bits of hash. To evict, the \
bucket is found by comparing numbers, without looking at the key; the buckets behind it move up, so there \
are no markers and the table never needs to be cleaned. Growing hashes nothing again either. A full cache \
allocates nothing: the new entry takes the slot of the oldest one.

It wins most where a put evicts, since the others hash or compare the evicted key too, and with String \
keys. What remains is the hash function, and at 100,000 entries the cache misses of two or three arrays.";

#[cfg(test)]
mod tests {
    use scenarios::input::{FixedHasher, mix};
    use testkit::probe::{Hashing, PassThrough, Probe};
    use testkit::{Fragile, expect_injected_panics};

    use super::*;

    /// Asserts that the table finds each entry, and has no other buckets in use.
    fn check(table: &Table, entries: &[(u32, Slot)]) {
        for (fingerprint, slot) in entries {
            assert_eq!(table.find(*fingerprint, |found| found == *slot), Ok(*slot));
        }
        assert_eq!(table.buckets.iter().filter(|bucket| **bucket != 0).count(), entries.len());
    }

    #[test]
    fn buckets_close_up_around_the_end_of_the_table() {
        // Every home is the last bucket or next to it, so probing goes around the end.
        for seed in 0..200u32 {
            let mut table = Table::with_room(7);
            let mut entries = Vec::new();
            for slot in 1..=7 {
                let high = [0xf000_0000, 0xe000_0000, 0x0000_0000, 0xf000_0000][(seed as usize + slot) % 4];
                let fingerprint = high + (seed * 7 + slot as u32) % 3;
                let empty = table.find(fingerprint, |_| false).unwrap_err();
                table.insert_at(empty, fingerprint, slot as Slot);
                entries.push((fingerprint, slot as Slot));
            }
            check(&table, &entries);
            while !entries.is_empty() {
                let (fingerprint, slot) = entries.swap_remove(seed as usize % entries.len());
                // SAFETY: it was inserted, and has not been removed yet.
                unsafe { table.remove(fingerprint, slot) };
                check(&table, &entries);
            }
        }
    }

    #[test]
    fn growing_keeps_every_slot() {
        let mut table = Table::with_room(0);
        let mut entries = Vec::new();
        for slot in 1..=1000u32 {
            let fingerprint = slot.wrapping_mul(0x9e37_79b9) & 0xff00_00ff;
            let empty = table.find(fingerprint, |_| false).unwrap_err();
            table.insert_at(empty, fingerprint, slot);
            entries.push((fingerprint, slot));
            if table.is_full(entries.len()) {
                table.grow();
            }
            assert!(2 * entries.len() <= table.buckets.len());
        }
        check(&table, &entries);
    }

    /// The invariants that unchecked accesses rely on, and that list and table hold every slot once.
    fn check_cache<K: Hash + Eq, V, S: BuildHasher>(cache: &SlabLru<K, V, S>) {
        let count = cache.entries.len();
        assert_eq!(cache.links.len(), count + 1);
        let mut slot = ENDS;
        for _ in 0..count {
            let older = cache.links[slot as usize].older;
            assert_eq!(cache.links[older as usize].newer, slot);
            assert_ne!(older, ENDS);
            slot = older;
        }
        assert_eq!((cache.links[slot as usize].older, cache.links[ENDS as usize].newer), (ENDS, slot));
        let fingerprints = cache.entries.iter().map(|entry| entry.fingerprint).zip(1..);
        check(&cache.table, &fingerprints.collect::<Vec<_>>());
    }

    #[test]
    fn invariants_hold_after_every_operation() {
        for capacity in [1, 2, 3, 40] {
            let mut cache = SlabLru::<String, Box<u64>, FixedHasher>::with_capacity(capacity);
            // The most recently used first.
            let mut model: Vec<(String, u64)> = Vec::new();
            for step in 0..1500 {
                let draw = mix(step * 64 + capacity as u64);
                let key = ((draw >> 8) % (2 * capacity as u64 + 1)).to_string();
                let held = model.iter().position(|(other, _)| *other == key).map(|at| model.remove(at));
                if draw.is_multiple_of(2) {
                    assert_eq!(cache.get(&key).map(|value| **value), held.as_ref().map(|held| held.1));
                    model.splice(0..0, held);
                } else {
                    model.insert(0, (key.clone(), step));
                    model.truncate(capacity);
                    cache.put(key, Box::new(step));
                }
                check_cache(&cache);
                assert!(cache.iter().map(|(key, value)| (key.clone(), **value)).eq(model.iter().cloned()));
            }
        }
    }

    #[test]
    fn a_panic_in_a_key_or_value_leaves_a_change_made_or_not() {
        expect_injected_panics();
        for (seed, hashing) in
            [Hashing::Spread, Hashing::Constant, Hashing::FourGroups].into_iter().enumerate()
        {
            for capacity in [0, 1, 3, 40] {
                Probe::reset();
                Probe::set_hashing(hashing);
                let mut cache = SlabLru::<Fragile, Fragile, PassThrough>::with_capacity(capacity);
                // The most recently used first.
                let mut model: Vec<(u32, u32)> = Vec::new();
                for step in 0..1500 {
                    let draw = mix(u64::from(step) << 8 | (seed << 6 | capacity) as u64);
                    let key = (draw >> 8) as u32 % (2 * capacity as u32 + 1);
                    let mut after = model.clone();
                    let held = after.iter().position(|(other, _)| *other == key).map(|at| after.remove(at));
                    let get = draw.is_multiple_of(2);
                    if get {
                        after.splice(0..0, held);
                    } else {
                        after.insert(0, (key, step));
                        after.truncate(capacity);
                    }
                    let calls = (draw >> 20) as u32 % 4;
                    let in_drop = draw >> 30 & 1 == 1;
                    let change = || {
                        if get {
                            let value = cache.get(&Fragile::new(key)).map(|value| value.id());
                            assert_eq!(value, held.map(|held| held.1));
                        } else {
                            cache.put(Fragile::new(key), Fragile::new(step));
                        }
                    };
                    let done = if in_drop {
                        Fragile::with_drops_left(calls, change)
                    } else {
                        Probe::with_fuse(Some(calls), change)
                    };
                    let content: Vec<_> = cache.iter().map(|(key, value)| (key.id(), value.id())).collect();
                    assert!(
                        content == after || (done.is_none() && content == model),
                        "{hashing:?}, step {step}"
                    );
                    model = content;
                    check_cache(&cache);
                    assert_eq!(Probe::live(), 2 * model.len() as i64);
                }
                drop(cache);
                assert_eq!(Probe::live(), 0);
            }
        }
    }

    #[test]
    fn a_huge_capacity_allocates_little() {
        let mut cache = SlabLru::<u64, u64, FixedHasher>::with_capacity(usize::MAX);
        for key in 0..5000 {
            cache.put(key, key);
        }
        assert_eq!((cache.len(), cache.capacity()), (5000, usize::MAX));
        assert!((0..5000).all(|key| cache.get(&key) == Some(&key)));
    }
}
