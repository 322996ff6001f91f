//! Sets of keys, which are bytes or texts.

use std::fmt;
use std::marker::PhantomData;

use crate::error::Error;
use crate::space::Space;
use crate::trie::edit::Roots;
use crate::trie::{Records, Tree};

/// A set in a snapshot. A copy of it is the same set.
#[derive(Clone, Copy)]
pub struct Set<'a> {
    tree: Tree,
    snapshot: PhantomData<&'a ()>,
}

impl<'a> Set<'a> {
    #[inline]
    pub(crate) fn new(tree: Tree) -> Self {
        Set { tree, snapshot: PhantomData }
    }

    /// Whether the key is in the set. O(log n), without atomic operations and without allocations.
    #[inline]
    pub fn contains(self, key: impl AsRef<[u8]>) -> bool {
        // SAFETY: the snapshot keeps the version.
        unsafe { self.tree.find(key.as_ref()).is_some() }
    }

    /// The number of keys.
    #[inline]
    pub fn len(self) -> usize {
        self.tree.len as usize
    }

    /// Whether there are no keys.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.tree.len == 0
    }

    /// All keys, in no particular order, but in the same one each time.
    pub fn iter(self) -> Iter<'a> {
        Iter { tree: self.tree, records: self.tree.records(), snapshot: PhantomData }
    }
}

impl<'a> IntoIterator for Set<'a> {
    type Item = &'a [u8];
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Set<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(String::from_utf8_lossy)).finish()
    }
}

/// The keys of a [`Set`].
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
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: the snapshot keeps the version for `'a`.
        unsafe { self.records.next().map(|(record, _)| record.key(self.tree.memory)) }
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

/// The writer's set, to change it.
pub struct SetMut<'w> {
    pub(crate) space: &'w mut Space,
    pub(crate) roots: &'w mut Roots,
}

impl SetMut<'_> {
    /// Adds a key. `false` if the set has it already; nothing is copied then.
    ///
    /// # Errors
    /// [`Error::Full`] or [`Error::TooLong`]. The set has not changed then.
    pub fn add(&mut self, key: impl AsRef<[u8]>) -> Result<bool, Error> {
        self.space.set(self.roots, key.as_ref(), None)
    }

    /// Removes a key. `false` if there is none.
    ///
    /// # Errors
    /// [`Error::Full`], but later than [`add`](Self::add): some memory is kept for deletions.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) -> Result<bool, Error> {
        self.space.remove(self.roots, key.as_ref())
    }

    /// Adds several keys, and returns how many were new.
    ///
    /// # Errors
    /// As for [`add`](Self::add). The keys before the one that failed are added then, but not published.
    pub fn add_many<K: AsRef<[u8]>>(&mut self, keys: impl IntoIterator<Item = K>) -> Result<usize, Error> {
        keys.into_iter().try_fold(0, |new, key| Ok(new + usize::from(self.add(key)?)))
    }

    /// Removes several keys, and returns how many there were.
    ///
    /// # Errors
    /// As for [`delete`](Self::delete). The keys before the one that failed are removed then, but that is not published.
    pub fn delete_many<K: AsRef<[u8]>>(&mut self, keys: impl IntoIterator<Item = K>) -> Result<usize, Error> {
        keys.into_iter().try_fold(0, |deleted, key| Ok(deleted + usize::from(self.delete(key)?)))
    }

    /// Removes all keys. O(n).
    pub fn clear(&mut self) {
        self.space.clear(self.roots);
    }

    /// The set as it is now, with changes that are not published yet.
    pub fn view(&self) -> Set<'_> {
        Set::new(self.space.tree(*self.roots))
    }
}

impl fmt::Debug for SetMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
