//! Operations on maps that make a value from the value before, or from the values of two maps.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};

use super::GenericHashMap;
use crate::counter::Counter;

impl<K: Hash + Eq, V, S: BuildHasher, C: Counter> GenericHashMap<K, V, S, C> {
    /// Whether `other` has more entries than this map, and every key of this map with a value that `compare` accepts
    /// beside this map's value. Costs the same as [`is_submap_by`](Self::is_submap_by).
    pub fn is_proper_submap_by(&self, other: &Self, compare: impl FnMut(&V, &V) -> bool) -> bool {
        self.len() < other.len() && self.is_submap_by(other, compare)
    }

    /// Whether `other` has every entry of this map, with an equal value, and more. Costs the same as
    /// [`is_submap_by`](Self::is_submap_by).
    ///
    /// ```
    /// let small: persistent_collections::HashMap<_, _> = [(1, 'a')].into();
    /// assert!(small.is_proper_submap(&small.update(2, 'b')) && !small.is_proper_submap(&small));
    /// ```
    pub fn is_proper_submap(&self, other: &Self) -> bool
    where
        V: PartialEq,
    {
        self.is_proper_submap_by(other, V::eq)
    }

    /// Whether both maps have equal entries. The other map may hash and count differently, whereas `==` compares maps
    /// of the same type only: if it took every type, the compiler could not infer what `[(1, 'a')].into()` makes beside
    /// a `==`.
    ///
    /// O(n log n) for n entries, allocates nothing. For maps of one type `==` is faster, because it skips the nodes
    /// that both share.
    ///
    /// ```
    /// use persistent_collections::{HashMap, rc};
    ///
    /// let shared: HashMap<_, _> = [(1, 'a')].into();
    /// let local: rc::HashMap<_, _> = [(1, 'a')].into();
    /// assert!(shared.has_entries_of(&local));
    /// ```
    pub fn has_entries_of<S2: BuildHasher, C2: Counter>(&self, other: &GenericHashMap<K, V, S2, C2>) -> bool
    where
        V: PartialEq,
    {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher, C: Counter> GenericHashMap<K, V, S, C> {
    /// An empty map with a clone of this map's hasher. O(1), allocates nothing.
    pub fn new_from<K2, V2>(&self) -> GenericHashMap<K2, V2, S, C>
    where
        S: Clone,
    {
        GenericHashMap::with_hasher(self.hasher().clone())
    }

    /// Removes `key`, and returns the key as the map stored it, and its value. The same as
    /// [`remove_with_key`](Self::remove_with_key), under the name that std has for it.
    pub fn remove_entry<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        self.remove_with_key(key)
    }

    /// The key as the map stores it, and its value, to be changed in this version only. Costs the same as
    /// [`get_mut`](Self::get_mut), plus a lookup.
    ///
    /// ```
    /// let mut map: persistent_collections::HashMap<_, _> = [("apples", 3)].into();
    /// let (key, value) = map.get_key_value_mut("apples").unwrap();
    /// *value += key.len();
    /// assert_eq!(map["apples"], 9);
    /// ```
    pub fn get_key_value_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<(&K, &mut V)>
    where
        K: Borrow<Q>,
    {
        let value: *mut V = self.get_mut(key)?;
        // SAFETY: `get_mut` has made the entry this version's own, and the lookup changes nothing. It reads keys only,
        // so nobody else uses the value while it is borrowed together with the map. If `Eq` breaks its contract, the
        // key may be that of another entry, but it is not the value.
        self.slot(key).map(|slot| unsafe { (slot.key(), &mut *value) })
    }

    /// A version in which the value of `key` is what `combine` makes of a clone of the present value and of `value`, or
    /// is `value` if the map does not have the key. This version stays as it is. Costs as much as a lookup and
    /// [`update`](Self::update) together.
    ///
    /// ```
    /// let old: persistent_collections::HashMap<_, _> = [("apples", 3)].into();
    /// let new = old.update_with("apples", 2, |old, more| old + more).update_with("pears", 1, |_, _| 0);
    /// assert_eq!((new["apples"], new["pears"]), (5, 1));
    /// ```
    #[must_use]
    pub fn update_with(&self, key: K, value: V, combine: impl FnOnce(V, V) -> V) -> Self
    where
        S: Clone,
    {
        self.update_with_key(key, value, |_, old, new| combine(old, new))
    }

    /// As [`update_with`](Self::update_with), but `combine` gets the key, too.
    #[must_use]
    pub fn update_with_key(&self, key: K, value: V, combine: impl FnOnce(&K, V, V) -> V) -> Self
    where
        S: Clone,
    {
        let value = match self.get(&key) {
            Some(old) => combine(&key, old.clone(), value),
            None => value,
        };
        self.update(key, value)
    }

    /// As [`update_with_key`](Self::update_with_key), but `combine` borrows the present value, of which a clone is
    /// returned beside the new version.
    #[must_use]
    pub fn update_lookup_with_key(
        &self,
        key: K,
        value: V,
        combine: impl FnOnce(&K, &V, V) -> V,
    ) -> (Option<V>, Self)
    where
        S: Clone,
    {
        let Some(old) = self.get(&key) else { return (None, self.update(key, value)) };
        let new = combine(&key, old, value);
        (Some(old.clone()), self.update(key, new))
    }

    /// The value of `key`, and a version without it; this version stays as it is. `None` if the map does not have the
    /// key. Costs as much as [`clone`](Self::clone) and [`remove`](Self::remove) together, and a clone of the value.
    ///
    /// ```
    /// let old: persistent_collections::HashMap<_, _> = [("apples", 3)].into();
    /// let (value, rest) = old.extract("apples").unwrap();
    /// assert!(value == 3 && rest.is_empty() && old.len() == 1);
    /// ```
    #[must_use]
    pub fn extract<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(V, Self)>
    where
        K: Borrow<Q>,
        S: Clone,
    {
        self.extract_with_key(key).map(|(_, value, rest)| (value, rest))
    }

    /// As [`extract`](Self::extract), but also returns a clone of the key as the map stores it.
    #[must_use]
    pub fn extract_with_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(K, V, Self)>
    where
        K: Borrow<Q>,
        S: Clone,
    {
        let mut rest = self.clone();
        let (key, value) = rest.remove_with_key(key)?;
        Some((key, value, rest))
    }

    /// The entries of both maps. Where both have a key, the value is what `combine` makes of this map's value and the
    /// other one's.
    ///
    /// Inserts the entries of the smaller map into the larger one: O(k log n) for k entries of the smaller map. Unlike
    /// [`union`](Self::union) it cannot skip the nodes that both share, because `combine` may change their values.
    ///
    /// ```
    /// let ours: persistent_collections::HashMap<_, _> = [(1, 10), (2, 20)].into();
    /// let theirs: persistent_collections::HashMap<_, _> = [(2, 5), (3, 30)].into();
    /// assert_eq!(ours.union_with(theirs, |our, their| our - their), [(1, 10), (2, 15), (3, 30)].into());
    /// ```
    #[must_use]
    pub fn union_with(self, other: Self, mut combine: impl FnMut(V, V) -> V) -> Self {
        self.union_with_key(other, |_, ours, theirs| combine(ours, theirs))
    }

    /// As [`union_with`](Self::union_with), but `combine` gets the key, too.
    #[must_use]
    pub fn union_with_key(self, other: Self, mut combine: impl FnMut(&K, V, V) -> V) -> Self {
        if self.len() < other.len() {
            other.absorb_all(self, |key, large, small| combine(key, small, large))
        } else {
            self.absorb_all(other, combine)
        }
    }

    /// Inserts the entries of `other`, combined with those that are there.
    fn absorb_all(mut self, other: Self, mut combine: impl FnMut(&K, V, V) -> V) -> Self {
        for (key, value) in &other {
            let value = match self.get(key) {
                Some(own) => combine(key, own.clone(), value.clone()),
                None => value.clone(),
            };
            self.insert(key.clone(), value);
        }
        // Dropping may panic. It must happen before the union is returned, because afterwards nothing would drop that.
        drop(other);
        self
    }

    /// The entries of all maps. Where several have a key, `combine` makes one value of the first two, then one of that
    /// and the third, and so on. Costs one [`union_with`](Self::union_with) for each map but the first.
    pub fn unions_with(maps: impl IntoIterator<Item = Self>, mut combine: impl FnMut(V, V) -> V) -> Self
    where
        S: Default,
    {
        Self::unions_with_key(maps, |_, ours, theirs| combine(ours, theirs))
    }

    /// As [`unions_with`](Self::unions_with), but `combine` gets the key, too.
    pub fn unions_with_key(
        maps: impl IntoIterator<Item = Self>,
        mut combine: impl FnMut(&K, V, V) -> V,
    ) -> Self
    where
        S: Default,
    {
        maps.into_iter().reduce(|all, map| all.union_with_key(map, &mut combine)).unwrap_or_default()
    }

    /// The keys that both maps have. Their values are what `combine` makes of clones of the two values.
    ///
    /// Looks each key of the smaller map up in the larger one: O(k log n) for k entries of the smaller map. The other
    /// map may have values of another type, and hash and count differently.
    ///
    /// ```
    /// let counts: persistent_collections::HashMap<_, _> = [("apples", 3), ("pears", 1)].into();
    /// let prices: persistent_collections::HashMap<_, _> = [("apples", 0.5), ("plums", 0.2)].into();
    /// let totals = counts.intersection_with(&prices, |count, price| f64::from(count) * price);
    /// assert_eq!(totals, [("apples", 1.5)].into());
    /// ```
    #[must_use]
    pub fn intersection_with<V2: Clone, R: Clone, S2: BuildHasher, C2: Counter>(
        self,
        other: &GenericHashMap<K, V2, S2, C2>,
        mut combine: impl FnMut(V, V2) -> R,
    ) -> GenericHashMap<K, R, S, C> {
        self.intersection_with_key(other, |_, ours, theirs| combine(ours, theirs))
    }

    /// As [`intersection_with`](Self::intersection_with), but `combine` gets the key, too.
    #[must_use]
    pub fn intersection_with_key<V2: Clone, R: Clone, S2: BuildHasher, C2: Counter>(
        self,
        other: &GenericHashMap<K, V2, S2, C2>,
        mut combine: impl FnMut(&K, V, V2) -> R,
    ) -> GenericHashMap<K, R, S, C> {
        let mut entries = Vec::new();
        let mut add = |key: &K, value: &V, found: &V2| {
            entries.push((key.clone(), combine(key, value.clone(), found.clone())));
        };
        if self.len() <= other.len() {
            for (key, value) in &self {
                other.get(key).into_iter().for_each(|found| add(key, value, found));
            }
        } else {
            for (key, found) in other {
                self.get_key_value(key).into_iter().for_each(|(key, value)| add(key, value, found));
            }
        }
        let GenericHashMap { core, hasher } = self;
        // Before the result is made, because dropping may panic, and afterwards nothing would drop the result.
        drop(core);
        let mut common = GenericHashMap::with_hasher(hasher);
        common.extend(entries);
        common
    }

    /// The entries of this map whose keys `other` does not have. Where both have a key, `combine` decides, given clones
    /// of this map's value and the other one's: the entry stays, with the value that `combine` returns, or goes if that
    /// is `None`.
    ///
    /// Looks each key of the smaller map up in the larger one: O(k log n) for k entries of the smaller map. In `im` and
    /// `imbl` this is the name of [`symmetric_difference_with`](Self::symmetric_difference_with).
    ///
    /// ```
    /// let stock: persistent_collections::HashMap<_, _> = [("apples", 3), ("pears", 1)].into();
    /// let sold: persistent_collections::HashMap<_, _> = [("apples", 1), ("pears", 1)].into();
    /// let rest = stock.difference_with(&sold, |count, sold| (count > sold).then(|| count - sold));
    /// assert_eq!(rest, [("apples", 2)].into());
    /// ```
    #[must_use]
    pub fn difference_with<V2: Clone, S2: BuildHasher, C2: Counter>(
        self,
        other: &GenericHashMap<K, V2, S2, C2>,
        mut combine: impl FnMut(V, V2) -> Option<V>,
    ) -> Self {
        self.difference_with_key(other, |_, ours, theirs| combine(ours, theirs))
    }

    /// As [`difference_with`](Self::difference_with), but `combine` gets the key, too.
    #[must_use]
    pub fn difference_with_key<V2: Clone, S2: BuildHasher, C2: Counter>(
        mut self,
        other: &GenericHashMap<K, V2, S2, C2>,
        mut combine: impl FnMut(&K, V, V2) -> Option<V>,
    ) -> Self {
        let common: Vec<(K, Option<V>)> = if self.len() <= other.len() {
            let found = self.iter().filter_map(|(key, value)| Some((key, value, other.get(key)?)));
            found
                .map(|(key, ours, theirs)| (key.clone(), combine(key, ours.clone(), theirs.clone())))
                .collect()
        } else {
            let found = other.iter().filter_map(|(key, value)| Some((self.get_key_value(key)?, value)));
            found
                .map(|((key, ours), theirs)| (key.clone(), combine(key, ours.clone(), theirs.clone())))
                .collect()
        };
        for (key, value) in common {
            match value {
                Some(value) => drop(self.insert(key, value)),
                None => drop(self.remove(&key)),
            }
        }
        self
    }

    /// The entries of either map whose keys the other one does not have. Where both have a key, `combine` decides,
    /// given clones of both values: the key stays, with the value that `combine` returns, or goes if that is `None`.
    ///
    /// O(k log n) for k entries of `other`. Unlike [`symmetric_difference`](Self::symmetric_difference) it cannot skip
    /// the nodes that both share.
    ///
    /// ```
    /// let ours: persistent_collections::HashMap<_, _> = [(1, 'a'), (2, 'b'), (3, 'c')].into();
    /// let theirs: persistent_collections::HashMap<_, _> = [(2, 'b'), (3, 'x'), (4, 'y')].into();
    /// let rest = ours.symmetric_difference_with(&theirs, |our, their| (our != their).then_some(their));
    /// assert_eq!(rest, [(1, 'a'), (3, 'x'), (4, 'y')].into());
    /// ```
    #[must_use]
    pub fn symmetric_difference_with(self, other: &Self, mut combine: impl FnMut(V, V) -> Option<V>) -> Self {
        self.symmetric_difference_with_key(other, |_, ours, theirs| combine(ours, theirs))
    }

    /// As [`symmetric_difference_with`](Self::symmetric_difference_with), but `combine` gets the key, too.
    #[must_use]
    pub fn symmetric_difference_with_key(
        mut self,
        other: &Self,
        mut combine: impl FnMut(&K, V, V) -> Option<V>,
    ) -> Self {
        for (key, value) in other {
            let value = match self.get(key) {
                Some(own) => combine(key, own.clone(), value.clone()),
                None => Some(value.clone()),
            };
            match value {
                Some(value) => drop(self.insert(key.clone(), value)),
                None => drop(self.remove(key)),
            }
        }
        self
    }
}
