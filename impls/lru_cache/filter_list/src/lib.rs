//! The source's naive cache: a map, and an array of keys in the order of access, which each get and put rebuilds by
//! a filter.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::rc::Rc;

use scenarios::lru_cache::Cache;
use scenarios::{About, Capability, Contender, Growth, Role};

/// Map and array refer to the same keys, as they do in the source's language, so keys are not copied.
pub struct FilterList<K, V, S> {
    capacity: usize,
    entries: HashMap<Rc<K>, V, S>,
    /// Every key of `entries`, the most recently used one last. After a panic in a key's `Hash`, `Eq` or `Clone` it may
    /// also have keys that are not in `entries`; nothing outside can see them.
    order: Vec<Rc<K>>,
}

/// The keys of `order` with `key` moved to, or added at, the end.
fn with_last<K: Eq>(order: &[Rc<K>], key: Rc<K>) -> Vec<Rc<K>> {
    let mut order: Vec<Rc<K>> = order.iter().filter(|other| **other != key).cloned().collect();
    order.push(key);
    order
}

impl<K: Hash + Eq, V, S: BuildHasher + Default> Cache<K, V> for FilterList<K, V, S> {
    fn with_capacity(capacity: usize) -> Self {
        FilterList { capacity, entries: HashMap::default(), order: Vec::new() }
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn get(&mut self, key: &K) -> Option<&V> {
        let (key, value) = self.entries.get_key_value(key)?;
        self.order = with_last(&self.order, Rc::clone(key));
        Some(value)
    }

    fn put(&mut self, key: K, value: V) {
        if self.capacity == 0 {
            return;
        }
        if !self.entries.contains_key(&key) {
            while self.entries.len() >= self.capacity {
                self.entries.remove(&self.order[0]);
                self.order.remove(0);
            }
        }
        // The array comes first, because a key that only the array has does no harm.
        let key = Rc::new(key);
        self.order = with_last(&self.order, Rc::clone(&key));
        self.entries.insert(key, value);
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.order
            .iter()
            .rev()
            .filter_map(|key| self.entries.get_key_value(key))
            .map(|(key, value)| (&**key, value))
    }

    fn holding(capacity: usize, entries: impl Iterator<Item = (K, V)>) -> Self {
        // Putting 100,000 entries one by one would take minutes.
        let entries: Vec<(Rc<K>, V)> = entries.map(|(key, value)| (Rc::new(key), value)).collect();
        let order = entries.iter().map(|(key, _)| Rc::clone(key)).collect();
        FilterList { capacity, entries: entries.into_iter().collect(), order }
    }
}

/// The family of such caches.
pub struct FilteredList;

scenarios::lru_cache_family!(<K, V, S> FilteredList = FilterList<K, V, S>);

/// The contender: the source's array in the order of access.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::lru_cache::contender::<FilteredList>(About {
        name: "filter_list",
        role: Role::Naive,
        summary: "A map, and an array of keys in the order of access; every get and put rebuilds the array by a \
                  filter.",
        source: "data-map, its query cache before the optimisation",
        analysis: ANALYSIS,
        complexity: &[
            ("zipf", Growth::Linear),
            ("uniform", Growth::Linear),
            ("scan", Growth::Linear),
            ("put_only", Growth::Linear),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[Capability::ExactLru, Capability::ScansWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The map finds the value. To record that a key was used, all other keys are filtered into a new array and \
the key is appended. The oldest key is the first one.

So every operation compares every key, copies a reference to it, and allocates an array of n references. \
Only a get that misses is cheap, because it changes nothing. The hash map does not help to keep the order, \
and iteration looks up every key in it.";
