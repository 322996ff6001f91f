//! Maps and sets whose keys or values cannot be cloned.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};

use super::core::{Asked, Kept};
use super::slot::Slot;
use super::{GenericHashMap, hash_of};
use crate::counter::Counter;
use crate::{GenericHashSet, Shared};

/// # Entries that cannot be cloned
///
/// Methods for keys and values without `Clone`, such as `Box<dyn Fn()>`. Versions can be made as always, because
/// `clone` of a map clones no entry. Whether a change needs a clone depends on how the nodes hold entries:
///
/// * If keys or values need a drop, or an entry has more than 32 bytes, versions share each entry, and a change clones
///   none. Only the old value cannot be returned, because others may hold it.
/// * Other entries lie in the nodes by value. A change to a node that another version shares would clone them, so it is
///   refused.
impl<K: Hash + Eq, V, S: BuildHasher, C: Counter> GenericHashMap<K, V, S, C> {
    /// A map of the entries. Of entries with equal keys, the last one stays. O(n log n) for n entries.
    ///
    /// ```
    /// let handlers: [(&str, Box<dyn Fn(u32) -> u32>); 2] =
    ///     [("double", Box::new(|number| 2 * number)), ("square", Box::new(|number| number * number))];
    /// let handlers = persistent_collections::HashMap::<_, _>::from_iter_uncloned(handlers);
    /// assert_eq!((handlers["double"](5), handlers["square"](5)), (10, 25));
    /// ```
    pub fn from_iter_uncloned(entries: impl IntoIterator<Item = (K, V)>) -> Self
    where
        S: Default,
    {
        let mut map = Self::default();
        for (key, value) in entries {
            map.insert_uncloned(key, value).expect("nobody else holds a new map");
        }
        map
    }

    /// Sets the value of `key`, and returns whether the map had the key before. The stored key is replaced, too. Costs
    /// the same as [`insert`](Self::insert).
    ///
    /// # Errors
    /// If entries lie in the nodes by value, and another version shares a node on the way to the entry, or the tail.
    /// Nothing has changed then.
    ///
    /// ```
    /// use persistent_collections::HashMap;
    ///
    /// let mut handlers: HashMap<&str, Box<dyn Fn(u32) -> u32>> = HashMap::new();
    /// assert!(matches!(handlers.insert_uncloned("double", Box::new(|number| 2 * number)), Ok(false)));
    /// let before = handlers.clone();
    /// assert!(matches!(handlers.insert_uncloned("double", Box::new(|number| number + number)), Ok(true)));
    /// assert_eq!(before["double"](1), handlers["double"](1));
    /// ```
    pub fn insert_uncloned(&mut self, key: K, value: V) -> Result<bool, Shared<(K, V)>> {
        let hasher = &self.hasher;
        let hash = hash_of(hasher, &key);
        if Slot::<K, V, C>::INLINE && !self.core.owns_path(hash) {
            return Err(Shared((key, value)));
        }
        Ok(self.core.kept(|core| core.put(hash, Kept(key), Kept(value), |key| hash_of(hasher, &key.0))))
    }

    /// Removes `key`, and returns whether the map had it. Costs the same as [`remove`](Self::remove).
    ///
    /// # Errors
    /// If the map has the key and entries lie in the nodes by value, and another version shares a node on the way to
    /// the entry, or the tail. Nothing has changed then.
    pub fn remove_uncloned<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Result<bool, Shared<()>>
    where
        K: Borrow<Q>,
    {
        let hash = hash_of(&self.hasher, key);
        if Slot::<K, V, C>::INLINE && !self.core.owns_path(hash) {
            return if self.contains_key(key) { Err(Shared(())) } else { Ok(false) };
        }
        Ok(self.core.kept(|core| core.discard(hash, Asked::new(key))))
    }

    /// The value of `key`, to be changed in place, if the map has the key and no other version shares the entry or a
    /// node on the way to it. O(log n), copies nothing.
    pub fn get_mut_uncloned<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let hash = hash_of(&self.hasher, key);
        let slot = self.core.find(hash, key);
        // SAFETY: the slot holds an entry of the tail, or of the leaf to which the hash leads. No other version holds
        // either, or the entry, so the value belongs to this version while that is borrowed.
        unsafe {
            let own = !slot.is_none() && self.core.owns_path(hash) && slot.is_sole();
            own.then(|| &mut *slot.value_place())
        }
    }

    /// The entries by value, in any order. O(n).
    ///
    /// # Errors
    /// If another version shares a node or an entry. The map is returned as it was.
    pub fn into_vec_uncloned(self) -> Result<Vec<(K, V)>, Self> {
        if !self.core.owns_all() {
            return Err(self);
        }
        Ok(self.core.into_kept().map(|(key, value)| (key.0, value.0)).collect())
    }
}

/// # Elements that cannot be cloned
///
/// Methods for elements without `Clone`. What the [map](GenericHashMap#entries-that-cannot-be-cloned) says of entries
/// holds for elements.
impl<T: Hash + Eq, S: BuildHasher, C: Counter> GenericHashSet<T, S, C> {
    /// A set of the elements. O(n log n) for n elements.
    pub fn from_iter_uncloned(elements: impl IntoIterator<Item = T>) -> Self
    where
        S: Default,
    {
        let entries = elements.into_iter().map(|element| (element, ()));
        Self::of_map(GenericHashMap::from_iter_uncloned(entries))
    }

    /// Inserts an element, and returns whether there was no equal one before. An equal one is replaced. Costs the same
    /// as [`insert`](Self::insert).
    ///
    /// # Errors
    /// If elements lie in the nodes by value, and another version shares a node on the way to the element, or the tail.
    /// Nothing has changed then.
    pub fn insert_uncloned(&mut self, element: T) -> Result<bool, Shared<T>> {
        let known = self.as_map_mut().insert_uncloned(element, ());
        known.map(|known| !known).map_err(|Shared((element, ()))| Shared(element))
    }

    /// Removes an element, and returns whether it was there. Costs the same as [`remove`](Self::remove).
    ///
    /// # Errors
    /// If the element is there and lies in a node by value, and another version shares a node on the way to it, or the
    /// tail. Nothing has changed then.
    pub fn remove_uncloned<Q: Hash + Eq + ?Sized>(&mut self, element: &Q) -> Result<bool, Shared<()>>
    where
        T: Borrow<Q>,
    {
        self.as_map_mut().remove_uncloned(element)
    }

    /// The elements by value, in any order. O(n).
    ///
    /// # Errors
    /// If another version shares a node or an element. The set is returned as it was.
    pub fn into_vec_uncloned(self) -> Result<Vec<T>, Self> {
        let entries = self.into_map().into_vec_uncloned().map_err(Self::of_map)?;
        Ok(entries.into_iter().map(|entry| entry.0).collect())
    }
}
