//! The map.

mod block;
mod core;
mod entry;
mod iter;
mod node;

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, RandomState};

use self::core::Core;
pub use self::iter::Iter;
use crate::counter::{Atomic, Counter};

/// A persistent hash map.
pub struct GenericHashMap<K, V, S, C: Counter> {
    core: Core<K, V, C>,
    hasher: S,
}

/// A [`GenericHashMap`] whose versions several threads may hold.
pub type HashMap<K, V, S = RandomState> = GenericHashMap<K, V, S, Atomic>;

impl<K, V, S: Clone, C: Counter> Clone for GenericHashMap<K, V, S, C> {
    #[inline]
    fn clone(&self) -> Self {
        GenericHashMap { core: self.core.clone(), hasher: self.hasher.clone() }
    }
}

impl<K, V, S: Default, C: Counter> Default for GenericHashMap<K, V, S, C> {
    #[inline]
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, V, S, C: Counter> GenericHashMap<K, V, S, C> {
    /// An empty map.
    #[inline]
    pub fn with_hasher(hasher: S) -> Self {
        GenericHashMap { core: Core::new(), hasher }
    }

    /// Number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Entries.
    #[inline]
    pub fn iter(&self) -> Iter<'_, K, V, C> {
        Iter::new(&self.core)
    }
}

/// The part of a hash that is used.
#[inline]
fn hash_of<Q: Hash + ?Sized>(hasher: &impl BuildHasher, key: &Q) -> u32 {
    hasher.hash_one(key) as u32
}

impl<K: Hash + Eq, V, S: BuildHasher, C: Counter> GenericHashMap<K, V, S, C> {
    /// The value of `key`.
    #[inline]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let slot = self.core.find(hash_of(&self.hasher, key), key);
        // SAFETY: an entry of this version, which stays while it is borrowed.
        (!slot.is_none()).then(|| unsafe { slot.value() })
    }
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher, C: Counter> GenericHashMap<K, V, S, C> {
    /// Insert.
    #[inline]
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hasher = &self.hasher;
        self.core.insert(hash_of(hasher, &key), key, value, |key| hash_of(hasher, key))
    }

    /// Remove.
    #[inline]
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.core.remove(hash_of(&self.hasher, key), key)
    }
}
