//! SIEVE: a queue with one bit per entry and a hand that evicts, in one slab. It is not an LRU cache.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as TableEntry;
use scenarios::lru_cache::Cache;
use scenarios::{About, Caveat, Contender, Growth, Role};

/// Stands for a slot where there is none.
const NONE: u32 = u32::MAX;

struct Entry<K, V> {
    key: K,
    value: V,
    /// The key's hash, kept so that growing and evicting need not compute it again.
    hash: u64,
    /// The entry that was added next, or [`NONE`].
    newer: u32,
    /// Whether the entry was used since the hand last passed it.
    visited: bool,
}

/// Entries keep their place in the queue. To evict, the hand goes from old to new. It takes the mark of each visited
/// entry away and evicts the first entry without a mark.
struct Sieve<K, V, S> {
    capacity: usize,
    hasher: S,
    table: HashTable<u32>,
    entries: Vec<Entry<K, V>>,
    newest: u32,
    oldest: u32,
    /// The entry behind the hand, which is the next older one; [`NONE`] if the hand is at the oldest.
    behind_hand: u32,
}

impl<K: Hash + Eq, V, S: BuildHasher> Sieve<K, V, S> {
    /// Where the hand is.
    fn at_hand(&self) -> u32 {
        match self.behind_hand {
            NONE => self.oldest,
            behind => self.entries[behind as usize].newer,
        }
    }

    /// Moves the hand to the entry to be evicted, takes that out of the queue, and returns its slot.
    fn evict(&mut self) -> u32 {
        let mut slot = self.at_hand();
        loop {
            if slot == NONE {
                self.behind_hand = NONE;
                slot = self.oldest;
            }
            let entry = &mut self.entries[slot as usize];
            if !std::mem::take(&mut entry.visited) {
                break;
            }
            self.behind_hand = slot;
            slot = entry.newer;
        }
        let newer = self.entries[slot as usize].newer;
        match self.behind_hand {
            NONE => self.oldest = newer,
            behind => self.entries[behind as usize].newer = newer,
        }
        if newer == NONE {
            // The hand has come to the end and starts again at the oldest.
            self.newest = std::mem::replace(&mut self.behind_hand, NONE);
        }
        slot
    }

    /// Appends the entry in `slot` to the queue.
    fn append(&mut self, slot: u32) {
        match self.newest {
            NONE => self.oldest = slot,
            newest => self.entries[newest as usize].newer = slot,
        }
        self.newest = slot;
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Default> Cache<K, V> for Sieve<K, V, S> {
    fn with_capacity(capacity: usize) -> Self {
        Sieve {
            capacity,
            hasher: S::default(),
            table: HashTable::new(),
            entries: Vec::new(),
            newest: NONE,
            oldest: NONE,
            behind_hand: NONE,
        }
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        let hash = self.hasher.hash_one(key);
        let slot = *self.table.find(hash, |slot| self.entries[*slot as usize].key == *key)?;
        let entry = &mut self.entries[slot as usize];
        entry.visited = true;
        Some(&entry.value)
    }

    fn put(&mut self, key: K, value: V) {
        if self.capacity == 0 {
            return;
        }
        let hash = self.hasher.hash_one(&key);
        let full = self.entries.len() >= self.capacity.min(NONE as usize);
        let entries = &self.entries;
        let found = self.table.entry(
            hash,
            |slot| entries[*slot as usize].key == key,
            |slot| entries[*slot as usize].hash,
        );
        match found {
            TableEntry::Occupied(slot) => {
                let entry = &mut self.entries[*slot.get() as usize];
                entry.visited = true;
                // The old value is dropped when all is done: its drop may panic.
                drop(std::mem::replace(&mut entry.value, value));
            }
            TableEntry::Vacant(vacant) if !full => {
                let slot = self.entries.len() as u32;
                vacant.insert(slot);
                self.entries.push(Entry { key, value, hash, newer: NONE, visited: false });
                self.append(slot);
            }
            TableEntry::Vacant(_) => {
                let slot = self.evict();
                let evicted_hash = self.entries[slot as usize].hash;
                if let Ok(entry) = self.table.find_entry(evicted_hash, |other| *other == slot) {
                    entry.remove();
                }
                let entries = &self.entries;
                self.table.insert_unique(hash, slot, |slot| entries[*slot as usize].hash);
                let new = Entry { key, value, hash, newer: NONE, visited: false };
                let evicted = std::mem::replace(&mut self.entries[slot as usize], new);
                self.append(slot);
                drop(evicted);
            }
        }
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.entries.iter().map(|entry| (&entry.key, &entry.value))
    }
}

struct Queue;

scenarios::lru_cache_family!(<K, V, S> Queue = Sieve<K, V, S>);

/// The contender: SIEVE.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::lru_cache::contender::<Queue>(About {
        name: "sieve",
        role: Role::Optimized,
        summary: "SIEVE: a queue with one bit per entry and a hand that evicts what was not used since it last passed.",
        source: "Zhang, Yang, Yue, Vigfusson, Rashmi: SIEVE is Simpler than LRU, NSDI 2024",
        analysis: ANALYSIS,
        complexity: &[
            ("zipf", Growth::Constant),
            ("uniform", Growth::Constant),
            ("scan", Growth::Constant),
            ("put_only", Growth::Constant),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[],
        caveats: &[Caveat {
            badge: "not LRU",
            text: "SIEVE evicts by a policy of its own. Its hit rate differs, it has no order of recent use, and the \
                   oracle compares only what holds for every cache. A test in its crate compares it with a model of \
                   the policy.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A hit sets one bit and moves nothing. New entries join a queue at its new end. To evict, a hand goes along \
the queue from old to new: an entry whose bit is set loses the bit and stays; the first one without a bit \
is evicted, and the hand stays there until the next eviction. The queue needs one link of 32 bits per \
entry.

A hit is cheaper than in LRU. New keys that are never asked for again are evicted soon, since the hand \
waits near the new end and spares old and popular entries. On skewed traffic that raises the hit rate. A \
put pays for it when the hand has to pass many marked entries. Each passing takes away a mark that a hit \
has set, so the cost is O(1) amortised.";

#[cfg(test)]
mod tests {
    use scenarios::input::{FixedHasher, mix};

    use super::*;

    /// The policy in the paper's words: a list with the newest entry first, and a hand that goes from its end to its
    /// head.
    struct Model {
        capacity: usize,
        queue: Vec<(u64, u64, bool)>,
        hand: Option<u64>,
    }

    impl Model {
        fn get(&mut self, key: u64) -> Option<u64> {
            let entry = self.queue.iter_mut().find(|entry| entry.0 == key)?;
            entry.2 = true;
            Some(entry.1)
        }

        fn put(&mut self, key: u64, value: u64) {
            if let Some(entry) = self.queue.iter_mut().find(|entry| entry.0 == key) {
                (entry.1, entry.2) = (value, true);
                return;
            }
            if self.queue.len() == self.capacity {
                let hand = self.hand.and_then(|key| self.queue.iter().position(|entry| entry.0 == key));
                let mut at = hand.unwrap_or(self.queue.len() - 1);
                while self.queue[at].2 {
                    self.queue[at].2 = false;
                    at = at.checked_sub(1).unwrap_or(self.queue.len() - 1);
                }
                self.hand = at.checked_sub(1).map(|next| self.queue[next].0);
                self.queue.remove(at);
            }
            self.queue.insert(0, (key, value, false));
        }
    }

    #[test]
    fn it_is_the_policy_of_the_paper() {
        for capacity in [1, 2, 3, 5, 8, 40] {
            let mut cache = Sieve::<u64, u64, FixedHasher>::with_capacity(capacity);
            let mut model = Model { capacity, queue: Vec::new(), hand: None };
            for step in 0..20_000 {
                let draw = mix(step * 64 + capacity as u64);
                let key = (draw >> 8) % (2 * capacity as u64 + 1);
                if draw.is_multiple_of(3) {
                    cache.put(key, step);
                    model.put(key, step);
                } else {
                    assert_eq!(cache.get(&key).copied(), model.get(key), "capacity {capacity}, step {step}");
                }
                let mut slot = cache.oldest;
                for (key, value, visited) in model.queue.iter().rev() {
                    let entry = &cache.entries[slot as usize];
                    assert_eq!((entry.key, entry.value, entry.visited), (*key, *value, *visited));
                    slot = entry.newer;
                }
                assert_eq!((slot, cache.len()), (NONE, model.queue.len()));
            }
        }
    }
}
