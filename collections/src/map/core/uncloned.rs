//! Changing versions whose entries cannot be cloned.
//!
//! Entries behind pointers are shared without cloning them, so most changes need no clone, although the functions that
//! do the work require `Clone`: for entries by value, and to return a value that others hold. Here they are called with
//! keys and values in a wrapper whose `clone` is never reached.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::mem;

use super::super::iter::IntoIter;
use super::super::node::{Leaf, Link};
use super::super::slot::{Cells, same_slots};
use super::Core;
use crate::counter::Counter;

/// A key or value that is never cloned.
#[derive(PartialEq, Eq)]
#[repr(transparent)]
pub(in crate::map) struct Kept<T>(pub(in crate::map) T);

impl<T> Clone for Kept<T> {
    #[cold]
    fn clone(&self) -> Self {
        unreachable!("an entry that cannot be cloned would have to be cloned")
    }
}

/// What a kept key is compared with. A `Kept<K>` cannot borrow as any `Q` that `K` borrows as, because of the
/// implementation by which every type borrows as itself.
#[derive(PartialEq, Eq)]
#[repr(transparent)]
pub(in crate::map) struct Asked<Q: ?Sized>(Q);

impl<Q: ?Sized> Asked<Q> {
    pub(in crate::map) fn new(key: &Q) -> &Self {
        // SAFETY: the wrapper is transparent.
        unsafe { &*(std::ptr::from_ref(key) as *const Self) }
    }
}

impl<K: Borrow<Q>, Q: ?Sized> Borrow<Asked<Q>> for Kept<K> {
    fn borrow(&self) -> &Asked<Q> {
        Asked::new(self.0.borrow())
    }
}

type KeptCore<K, V, C> = Core<Kept<K>, Kept<V>, C>;

/// The same link, to a node of entries of other types.
fn retyped<K, V, K2, V2, C>(link: Link<K, V, C>) -> Link<K2, V2, C> {
    // The casts keep the bit that tells leaves from branches.
    Link::of_branch(link.branch().cast())
}

impl<K, V, C: Counter> Core<K, V, C> {
    /// Moves the nodes to a version with entries of other types, and leaves an empty version.
    ///
    /// # Safety
    /// `K2` and `V2` are `K` and `V`, or one of both pairs is the transparent wrapper of the other.
    unsafe fn retype<K2, V2>(&mut self) -> Core<K2, V2, C> {
        const {
            assert!(same_slots::<K, V, K2, V2, C>());
            // Then the pointer is at the beginning of a link, whatever the types of the entries are.
            assert!(size_of::<Link<K, V, C>>() == size_of::<*mut u8>());
            assert!(size_of::<Link<K2, V2, C>>() == size_of::<*mut u8>());
        };
        let (root, tail) =
            (mem::replace(&mut self.root, Link::NONE), mem::replace(&mut self.tail, Leaf::empty()));
        Core {
            root: retyped(root),
            tree_len: mem::take(&mut self.tree_len),
            tail: retyped(Link::of_leaf(tail)).leaf(),
            tail_len: mem::take(&mut self.tail_len),
            cells: Cells::new(),
            owns: PhantomData,
        }
    }

    /// Calls `change` with this version, whose keys and values are wrapped meanwhile.
    pub(in crate::map) fn kept<R>(&mut self, change: impl FnOnce(&mut KeptCore<K, V, C>) -> R) -> R {
        /// Moves the nodes back, even if the change panics.
        struct Away<'a, K, V, C: Counter>(&'a mut Core<K, V, C>, KeptCore<K, V, C>);

        impl<K, V, C: Counter> Drop for Away<'_, K, V, C> {
            fn drop(&mut self) {
                // SAFETY: the wrapper is transparent. What is replaced is empty.
                unsafe {
                    let mut back: Core<K, V, C> = self.1.retype();
                    mem::swap(&mut back.cells, &mut self.0.cells);
                    *self.0 = back;
                }
            }
        }

        // SAFETY: the wrapper is transparent.
        let kept = unsafe { self.retype() };
        change(&mut Away(self, kept).1)
    }

    /// The entries by value. All of them must be this version's own, because shared ones would be cloned.
    pub(in crate::map) fn into_kept(mut self) -> IntoIter<Kept<K>, Kept<V>, C> {
        debug_assert!(self.owns_all());
        // SAFETY: the wrapper is transparent.
        IntoIter::new(unsafe { self.retype() })
    }
}

impl<K: Clone, V: Clone, C: Counter> Core<K, V, C> {
    /// As [`insert`](Core::insert), but returns whether the key was there, and drops the value before instead of
    /// returning it. Clones entries by value in shared nodes only.
    pub(in crate::map) fn put(&mut self, hash: u32, key: K, value: V, rehash: impl Fn(&K) -> u32) -> bool
    where
        K: Eq,
    {
        let mut slot = self.find_in_tail(hash, &key);
        if !slot.is_none() {
            slot = self.own_tail(slot);
        } else if let Some((_, found, _)) = self.own_in_tree(hash, &key) {
            slot = found;
        } else {
            self.insert(hash, key, value, rehash);
            return false;
        }
        // SAFETY: only this version holds the leaf of the entry.
        unsafe { slot.put(hash, key, value, &mut self.cells) };
        true
    }

    /// As [`remove`](Core::remove), but returns whether the key was there, and drops the value. Clones entries by value
    /// in shared nodes only.
    pub(in crate::map) fn discard<Q: Eq + ?Sized>(&mut self, hash: u32, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        if self.tail_len > 0 {
            let (slot, named_at) = self.own_in_tail(hash, key);
            if !slot.is_none() {
                // SAFETY: the slot holds an entry of the tail, which only this version holds.
                unsafe {
                    let _lifted = slot.lift();
                    self.tail.remove_at(slot, named_at);
                    self.tail_len -= 1;
                    if self.tail.is_sparse() {
                        self.shrink_tail();
                    }
                }
                return true;
            }
        }
        let Some((leaf, slot, named_at)) = self.own_in_tree(hash, key) else { return false };
        // SAFETY: the slot holds an entry of a leaf that only this version holds.
        unsafe {
            let _lifted = slot.lift();
            leaf.remove_at(slot, named_at);
            self.tree_len -= 1;
            if leaf.is_sparse() {
                self.shrink(hash);
            }
        }
        true
    }
}
