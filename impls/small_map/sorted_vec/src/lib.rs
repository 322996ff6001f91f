//! A sorted array of entries. A lookup bisects it; a change that keeps the version before copies it.
//!
//! ```text
//!   Map ●──► Arc ──► Vec: a=1 │ b=2 │ c=3 │ d=4        in the order of the keys
//! ```
//!
//! Invariant: keys ascend strictly.

use std::marker::PhantomData;
use std::sync::Arc;

use scenarios::persistent_map::PersistentMap;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// A sorted array. It does not use the contract's hasher.
#[derive(Clone)]
pub struct Map<K, V, S> {
    entries: Arc<Vec<(K, V)>>,
    hasher: PhantomData<S>,
}

impl<K, V, S> Map<K, V, S> {
    fn of(entries: Vec<(K, V)>) -> Self {
        Map { entries: Arc::new(entries), hasher: PhantomData }
    }
}

impl<K: Ord, V, S> Map<K, V, S> {
    /// The place of `key`, or else the place where it would be inserted.
    fn search(&self, key: &K) -> Result<usize, usize> {
        self.entries.binary_search_by(|(resident, _)| resident.cmp(key))
    }
}

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Ord + Clone,
    V: Clone + PartialEq,
    S: Clone,
{
    fn new() -> Self {
        Map::of(Vec::new())
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.search(key).ok().map(|place| &self.entries[place].1)
    }

    fn insert(&mut self, key: K, value: V) {
        let place = self.search(&key);
        if let Some(own) = Arc::get_mut(&mut self.entries) {
            match place {
                Ok(place) => own[place].1 = value,
                Err(place) => own.insert(place, (key, value)),
            }
            return;
        }
        let (before, after) = match place {
            Ok(place) => (&self.entries[..place], &self.entries[place + 1..]),
            Err(place) => self.entries.split_at(place),
        };
        let mut copy = Vec::with_capacity(before.len() + 1 + after.len());
        copy.extend_from_slice(before);
        copy.push((key, value));
        copy.extend_from_slice(after);
        *self = Map::of(copy);
    }

    fn remove(&mut self, key: &K) -> bool {
        let Ok(place) = self.search(key) else { return false };
        match Arc::get_mut(&mut self.entries) {
            Some(own) => drop(own.remove(place)),
            None => {
                let mut copy = Vec::with_capacity(self.entries.len() - 1);
                copy.extend_from_slice(&self.entries[..place]);
                copy.extend_from_slice(&self.entries[place + 1..]);
                *self = Map::of(copy);
            }
        }
        true
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    fn union(&self, other: &Self) -> Self {
        let mut united = Vec::with_capacity(self.entries.len() + other.entries.len());
        let mut theirs = other.entries.iter().peekable();
        for ours in self.entries.iter() {
            while let Some(before) = theirs.next_if(|(key, _)| *key < ours.0) {
                united.push(before.clone());
            }
            theirs.next_if(|(key, _)| *key == ours.0);
            united.push(ours.clone());
        }
        united.extend(theirs.cloned());
        Map::of(united)
    }

    fn equal(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.entries, &other.entries) || self.entries == other.entries
    }

    fn from_entries(entries: impl Iterator<Item = (K, V)>) -> Self {
        let mut entries: Vec<(K, V)> = entries.collect();
        // The sort is stable, so the last of equal keys is the last of its run. It takes the place of those before.
        entries.sort_by(|one, two| one.0.cmp(&two.0));
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Map::of(entries)
    }
}

struct SortedVec;

scenarios::persistent_map_family!(<K, V, S> SortedVec = Map<K, V, S>);

/// The contender: a sorted array.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<SortedVec>(About {
        name: "sorted_vec",
        role: Role::Optimized,
        summary: "A sorted array of entries behind an Arc, at every size: searched by bisection, copied on write.",
        source: "the first thing that comes to mind instead of a hash map",
        analysis: ANALYSIS,
        complexity: &[
            ("get_hit", Growth::Logarithmic),
            ("get_miss", Growth::Logarithmic),
            ("insert_shared", Growth::Linear),
            ("remove_shared", Growth::Linear),
            ("build", Growth::Linearithmic),
            ("insert_unshared", Growth::Linearithmic),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[Caveat {
            badge: "sorted keys",
            text: "A sorted array compares keys instead of hashing them, and keeps them in order. Most others do not \
                   offer that, and no scenario rewards it.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A vector of entries in the order of their keys, behind a reference count. A lookup bisects it with a \
handful of comparisons at every size here; each compares for order, not only for equality. A change that \
keeps the version before copies the whole array; one that does not moves the entries behind it.

It does what `array_map` does, but replaces the scan by a search whose cost hardly grows: it overtakes the \
scan from a dozen plain keys on. Compared with hashing, it has no hash to compute but makes several \
comparisons. So it wins where keys are cheap to compare, and loses with keys that share long prefixes, \
which each comparison has to read.";
