//! The contract: what a contender implements.

use crate::shared::{Reader, SharedError, Snapshot, Value, Writer};

/// The writer of a map in a region.
pub trait SharedMap: Writer<Reader: Reader<Snapshot: MapSnapshot>> {
    /// Sets the value of a key. `true` if the key is new.
    ///
    /// # Errors
    /// [`SharedError::Full`]; [`SharedError::Unsupported`] if the region does not take such a key or value. The map has
    /// not changed then.
    fn set(&mut self, key: &[u8], value: Value<'_>) -> Result<bool, SharedError>;
    /// Removes a key. `false` if there is none.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError>;

    /// Sets several values, and returns how many keys were new. A key may come twice; the later value counts.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    fn set_many<'a>(
        &mut self,
        entries: impl Iterator<Item = (&'a [u8], Value<'a>)>,
    ) -> Result<usize, SharedError> {
        let mut new = 0;
        for (key, value) in entries {
            new += usize::from(self.set(key, value)?);
        }
        Ok(new)
    }

    /// Removes several keys, and returns how many there were.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    fn delete_many<'a>(&mut self, keys: impl Iterator<Item = &'a [u8]>) -> Result<usize, SharedError> {
        let mut deleted = 0;
        for key in keys {
            deleted += usize::from(self.delete(key)?);
        }
        Ok(deleted)
    }
}

/// A version of a map.
pub trait MapSnapshot: Snapshot {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Option<Value<'_>>;
    /// The number of entries.
    fn len(&self) -> usize;
    /// Every entry once, in any order.
    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)>;

    /// Whether there is such a key.
    fn contains(&self, key: &[u8]) -> bool {
        self.get(key).is_some()
    }

    /// The values of several keys, in their order.
    fn get_many<'a>(
        &'a self,
        keys: impl Iterator<Item = &'a [u8]>,
    ) -> impl Iterator<Item = Option<Value<'a>>> {
        keys.map(|key| self.get(key))
    }

    /// Every key once, in the order of [`iter`](Self::iter).
    fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.iter().map(|(key, _)| key)
    }

    /// The value of every key, in the order of [`iter`](Self::iter).
    fn values(&self) -> impl Iterator<Item = Value<'_>> {
        self.iter().map(|(_, value)| value)
    }

    /// Whether there is no entry.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The writer of a set in a region.
pub trait SharedSet: Writer<Reader: Reader<Snapshot: SetSnapshot>> {
    /// Adds a key. `false` if it is there.
    ///
    /// # Errors
    /// As for [`SharedMap::set`].
    fn add(&mut self, key: &[u8]) -> Result<bool, SharedError>;
    /// Removes a key. `false` if there is none.
    ///
    /// # Errors
    /// As for [`SharedMap::set`].
    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError>;

    /// Adds several keys, and returns how many were new.
    ///
    /// # Errors
    /// As for [`SharedMap::set`].
    fn add_many<'a>(&mut self, keys: impl Iterator<Item = &'a [u8]>) -> Result<usize, SharedError> {
        let mut new = 0;
        for key in keys {
            new += usize::from(self.add(key)?);
        }
        Ok(new)
    }
}

/// A version of a set.
pub trait SetSnapshot: Snapshot {
    /// Whether the key is in the set.
    fn contains(&self, key: &[u8]) -> bool;
    /// The number of keys.
    fn len(&self) -> usize;
    /// Every key once, in any order.
    fn iter(&self) -> impl Iterator<Item = &[u8]>;

    /// Whether there is no key.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One implementation of both.
pub trait Family: 'static {
    /// The map.
    type Map: SharedMap;
    /// The set. [`MapAsSet`](super::MapAsSet) makes one of the map where the implementation has none of its own.
    type Set: SharedSet;
}
