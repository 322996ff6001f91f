//! Maps: from keys, which are bytes or texts, to typed values.

use std::fmt;
use std::marker::PhantomData;

use crate::error::Error;
use crate::space::Space;
use crate::trie::edit::Roots;
use crate::trie::{Records, Tree};
use crate::value::Value;

/// A map in a snapshot. A copy of it is the same map.
///
/// All texts and bytes that its methods return are those in the region, not copies.
#[derive(Clone, Copy)]
pub struct Map<'a> {
    tree: Tree,
    snapshot: PhantomData<&'a ()>,
}

impl<'a> Map<'a> {
    #[inline]
    pub(crate) fn new(tree: Tree) -> Self {
        Map { tree, snapshot: PhantomData }
    }

    /// The value of a key. O(log n), without atomic operations and without allocations.
    #[inline]
    pub fn get(self, key: impl AsRef<[u8]>) -> Option<Value<'a>> {
        let memory = self.tree.memory;
        let key = key.as_ref();
        // SAFETY: the snapshot keeps the version for `'a`.
        unsafe { self.tree.find(key).map(|record| record.value_of(memory, key)) }
    }

    /// Whether there is such a key.
    #[inline]
    pub fn contains(self, key: impl AsRef<[u8]>) -> bool {
        // SAFETY: as in `get`.
        unsafe { self.tree.find(key.as_ref()).is_some() }
    }

    /// The values of several keys, in their order.
    pub fn get_many<K: AsRef<[u8]>>(
        self,
        keys: impl IntoIterator<Item = K>,
    ) -> impl Iterator<Item = Option<Value<'a>>> {
        keys.into_iter().map(move |key| self.get(key))
    }

    /// The number of entries.
    #[inline]
    pub fn len(self) -> usize {
        self.tree.len as usize
    }

    /// Whether there are no entries.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.tree.len == 0
    }

    /// All entries, in no particular order, but in the same one each time.
    pub fn iter(self) -> Iter<'a> {
        Iter { tree: self.tree, records: self.tree.records(), snapshot: PhantomData }
    }

    /// All keys, in the order of [`iter`](Self::iter).
    pub fn keys(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.iter().map(|(key, _)| key)
    }

    /// All values, in the order of [`iter`](Self::iter).
    pub fn values(self) -> impl ExactSizeIterator<Item = Value<'a>> {
        self.iter().map(|(_, value)| value)
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = (&'a [u8], Value<'a>);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Map<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(key, value)| (String::from_utf8_lossy(key), value))).finish()
    }
}

/// The entries of a [`Map`].
#[derive(Clone)]
pub struct Iter<'a> {
    tree: Tree,
    records: Records,
    snapshot: PhantomData<&'a ()>,
}

// SAFETY: the snapshot, which may be used by any thread, keeps the leaf as it is.
unsafe impl Send for Iter<'_> {}
// SAFETY: as above.
unsafe impl Sync for Iter<'_> {}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let memory = self.tree.memory;
        // SAFETY: the snapshot keeps the version for `'a`.
        unsafe { self.records.next().map(|(record, head)| record.entry(head, memory)) }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.records.left(), Some(self.records.left()))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("left", &self.records.left()).finish_non_exhaustive()
    }
}

/// The writer's map, to change it.
pub struct MapMut<'w> {
    pub(crate) space: &'w mut Space,
    pub(crate) roots: &'w mut Roots,
}

impl MapMut<'_> {
    /// Sets the value of a key. `true` if the key is new.
    ///
    /// O(log n). What was published before is copied first: the branches on the way, of 80 bytes each, and a leaf of at
    /// most 2 KiB.
    ///
    /// # Errors
    /// [`Error::Full`] or [`Error::TooLong`]. The map has not changed then.
    pub fn set<'v>(&mut self, key: impl AsRef<[u8]>, value: impl Into<Value<'v>>) -> Result<bool, Error> {
        self.space.set(self.roots, key.as_ref(), Some(value.into()))
    }

    /// Removes a key. `false` if there is none. Costs as much as [`set`](Self::set).
    ///
    /// # Errors
    /// [`Error::Full`], but later than [`set`](Self::set): some memory is kept for deletions.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) -> Result<bool, Error> {
        self.space.remove(self.roots, key.as_ref())
    }

    /// Sets several values, and returns how many keys were new. A node that several entries lie in is copied once.
    ///
    /// # Errors
    /// As for [`set`](Self::set). The entries before the one that failed are set then, but not published.
    pub fn set_many<'v, K: AsRef<[u8]>, V: Into<Value<'v>>>(
        &mut self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<usize, Error> {
        entries.into_iter().try_fold(0, |new, (key, value)| Ok(new + usize::from(self.set(key, value)?)))
    }

    /// Removes several keys, and returns how many there were.
    ///
    /// # Errors
    /// As for [`delete`](Self::delete). The keys before the one that failed are removed then, but that is not published.
    pub fn delete_many<K: AsRef<[u8]>>(&mut self, keys: impl IntoIterator<Item = K>) -> Result<usize, Error> {
        keys.into_iter().try_fold(0, |deleted, key| Ok(deleted + usize::from(self.delete(key)?)))
    }

    /// Removes all entries. O(n).
    pub fn clear(&mut self) {
        self.space.clear(self.roots);
    }

    /// The map as it is now, with changes that are not published yet.
    pub fn view(&self) -> Map<'_> {
        Map::new(self.space.tree(*self.roots))
    }
}

impl fmt::Debug for MapMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
