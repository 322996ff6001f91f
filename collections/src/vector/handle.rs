//! What a vector has in its handle: the nodes it hangs on, or, while it is small, the elements themselves.

use std::cell::UnsafeCell;
use std::hint::unreachable_unchecked;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop, offset_of};
use std::ptr;
use std::slice;

use super::GenericVector;
use super::node::{Branch, Leaf, Link, Width, release};
use crate::counter::Counter;

/// Words of the handle in which elements may lie.
const WORDS: usize = 8;

/// Most elements in the handle, however small they are: a clone makes each of them anew.
const MAX_IN_HANDLE: usize = 8;

/// The nodes that a vector holds, each once.
pub(super) struct Nodes<T, C> {
    pub(super) root: Option<Link>,
    pub(super) tail: Option<Leaf<T, C>>,
}

impl<T, C> Clone for Nodes<T, C> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, C> Copy for Nodes<T, C> {}

impl<T, C> Nodes<T, C> {
    pub(super) const NONE: Self = Nodes { root: None, tail: None };
}

/// Nodes, or elements; which of them, `small_room` tells.
///
/// Elements lie in plain words, because a vector of `T` must not contain a `T`: types that contain vectors of
/// themselves would have no size. The words are cells, because an element may be one, which changes behind a shared
/// reference.
#[repr(C)]
pub(super) union Body<T, C> {
    pub(super) nodes: Nodes<T, C>,
    words: ManuallyDrop<UnsafeCell<[MaybeUninit<u64>; WORDS]>>,
}

impl<T, C> Body<T, C> {
    /// How many elements have room in the handle: none of a kind that must be dropped, because their clones are dear
    /// and a version is to share them; nor of one that is large, for a single element there helps nobody.
    pub(super) const ROOM: usize = {
        let size = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        let room = WORDS * size_of::<u64>() / size;
        match room {
            _ if needs_drop::<T>() || align_of::<T>() > align_of::<u64>() => 0,
            0 | 1 => 0,
            2..MAX_IN_HANDLE => room,
            _ => MAX_IN_HANDLE,
        }
    };

    /// No element, or no node.
    #[inline]
    pub(super) const fn empty() -> Self {
        if Self::ROOM > 0 {
            Body { words: ManuallyDrop::new(UnsafeCell::new([MaybeUninit::uninit(); WORDS])) }
        } else {
            Body { nodes: Nodes::NONE }
        }
    }
}

impl<T, C: Counter> GenericVector<T, C> {
    /// Most elements that the handle has room for; 0 where it never holds any.
    pub(super) const MAX_SMALL: usize = Body::<T, C>::ROOM;

    /// Whether the elements lie in the handle.
    #[inline]
    pub(super) fn is_small(&self) -> bool {
        Self::MAX_SMALL > 0 && self.small_room > 0
    }

    /// The place of the first element of a vector that has them in its handle.
    #[inline]
    pub(super) fn small_items(&self) -> *const T {
        debug_assert!(self.is_small());
        // No reference to the words is made: what is there may be uninitialized, or nodes.
        UnsafeCell::raw_get((&raw const self.body).cast::<UnsafeCell<T>>())
    }

    /// As [`small_items`](Self::small_items), to write there.
    #[inline]
    pub(super) fn small_items_mut(&mut self) -> *mut T {
        debug_assert!(self.is_small());
        (&raw mut self.body).cast()
    }

    /// The elements in the handle, to change; `None` where they lie in nodes.
    #[inline]
    pub(super) fn small_slice_mut(&mut self) -> Option<&mut [T]> {
        if !self.is_small() {
            return None;
        }
        // SAFETY: the first `small_len` elements are initialized, and they are borrowed with the vector.
        Some(unsafe { slice::from_raw_parts_mut(self.small_items_mut(), self.small_len()) })
    }

    /// The nodes; none where the elements lie in the handle.
    #[inline]
    pub(super) fn nodes(&self) -> Nodes<T, C> {
        if self.is_small() {
            return Nodes::NONE;
        }
        // SAFETY: what is not small has nodes there.
        unsafe { self.body.nodes }
    }

    /// The nodes, to change.
    ///
    /// # Panics
    /// If the elements lie in the handle.
    #[inline]
    pub(super) fn nodes_mut(&mut self) -> &mut Nodes<T, C> {
        assert!(!self.is_small(), "a small vector has no nodes");
        // SAFETY: what is not small has nodes there.
        unsafe { &mut self.body.nodes }
    }

    /// A vector without elements that is about to be given nodes.
    #[inline]
    pub(super) fn hollow() -> Self {
        GenericVector { small_room: 0, body: Body { nodes: Nodes::NONE }, ..Self::new() }
    }

    /// Moves the elements from the handle to a leaf with room for `room`, no less than the handle has, which becomes the
    /// tail.
    #[inline]
    pub(super) fn leave_handle(&mut self, room: usize) -> Leaf<T, C> {
        const {
            assert!(
                Self::MAX_SMALL < Width::<T>::LEAF / 2,
                "the first leaf has room for more than the handle"
            )
        };
        debug_assert!(self.is_small() && room >= Self::MAX_SMALL);
        let (leaf, length) = (Leaf::<T, C>::with_room(room), self.small_len());
        // SAFETY: the leaf is new and has room. All places are copied, initialized or not, because a number of bytes that
        // the compiler knows takes it few instructions; the elements move.
        unsafe {
            let items = self.small_items().cast::<MaybeUninit<T>>();
            leaf.items().cast::<MaybeUninit<T>>().copy_from_nonoverlapping(items, Self::MAX_SMALL);
            leaf.set_fill(length);
        }
        (self.small_len, self.small_room) = (0, 0);
        (self.tail_len, self.tail_room) = (length as u16, room as u16);
        self.body = Body { nodes: Nodes { root: None, tail: Some(leaf) } };
        leaf
    }
}

impl<T: Clone, C: Counter> Clone for GenericVector<T, C> {
    /// Another version with the same elements. O(1): counts two nodes up, or clones the few elements in the handle.
    #[inline]
    fn clone(&self) -> Self {
        let mut copy = MaybeUninit::uninit();
        if Self::MAX_SMALL > 0 {
            self.clone_to(&mut copy);
        } else {
            self.share_to(&mut copy);
        }
        // SAFETY: it was initialized, as the two say.
        unsafe { copy.assume_init() }
    }
}

impl<T: Clone, C: Counter> GenericVector<T, C> {
    /// Makes `copy` a clone. Should `T::clone` panic, nothing has been made that would have to be dropped.
    ///
    /// Never inlined: where several ways to make a clone come together, the compiler writes it twice, first to the stack.
    #[inline(never)]
    fn clone_to(&self, copy: &mut MaybeUninit<Self>) {
        if !self.is_small() {
            return self.share_to(copy);
        }
        // SAFETY: the fields before the body are plain numbers. `small_len` elements are initialized, no more than the
        // handle has room for.
        unsafe {
            let before = offset_of!(Self, body);
            ptr::from_ref(self).cast::<u8>().copy_to_nonoverlapping(copy.as_mut_ptr().cast(), before);
            // Each number by itself: a loop would become a call of `memcpy`, which takes longer than all of them.
            match self.small_len {
                0 => {}
                1 => self.clone_first::<1>(copy),
                2 => self.clone_first::<2>(copy),
                3 => self.clone_first::<3>(copy),
                4 => self.clone_first::<4>(copy),
                5 => self.clone_first::<5>(copy),
                6 => self.clone_first::<6>(copy),
                7 => self.clone_first::<7>(copy),
                8 => self.clone_first::<8>(copy),
                _ => unreachable_unchecked(),
            }
        }
    }

    /// Clones `N` elements to the handle of `copy`.
    ///
    /// # Safety
    /// There are as many in the handle.
    #[inline]
    unsafe fn clone_first<const N: usize>(&self, copy: &mut MaybeUninit<Self>) {
        // SAFETY: the caller's promise; there is room for as many in the other handle.
        unsafe {
            let place = (&raw mut (*copy.as_mut_ptr()).body).cast::<[T; N]>();
            place.write((*self.small_items().cast::<[T; N]>()).clone());
        }
    }

    /// Makes `copy` a clone of a vector that has nodes.
    #[inline]
    fn share_to(&self, copy: &mut MaybeUninit<Self>) {
        let nodes = self.nodes();
        if let Some(root) = nodes.root {
            // SAFETY: this vector holds its root, which is what its height says.
            unsafe {
                match self.shape.height() {
                    0 => Leaf::<T, C>::from_link(root).count().increment_without_call(),
                    _ => Branch::<C>::from_link(root).count().increment_without_call(),
                }
            }
        }
        if let Some(tail) = nodes.tail {
            tail.count().increment_without_call();
        }
        // Copied at once, as two halves of 16 bytes, where the fields would be pieced together again by whoever moves it.
        let used = offset_of!(Self, body) + size_of::<Nodes<T, C>>();
        // SAFETY: the two do not overlap, and both are at least that long. A vector is what its fields say and nothing
        // more, and the holds of the two nodes were counted above.
        unsafe { ptr::from_ref(self).cast::<u8>().copy_to_nonoverlapping(copy.as_mut_ptr().cast(), used) };
    }
}

impl<T, C: Counter> Drop for GenericVector<T, C> {
    #[inline]
    fn drop(&mut self) {
        struct Root<T, C: Counter>(Option<Link>, u8, PhantomData<(T, C)>);
        impl<T, C: Counter> Drop for Root<T, C> {
            #[inline]
            fn drop(&mut self) {
                if let Some(root) = self.0 {
                    // SAFETY: the vector gives its hold up.
                    unsafe { release::<T, C>(root, self.1) }
                }
            }
        }
        // Elements in the handle need no drop.
        let nodes = self.nodes();
        // Released even if dropping an element of the tail panics.
        let _root = Root::<T, C>(nodes.root, self.shape.height(), PhantomData);
        if let Some(tail) = nodes.tail {
            // SAFETY: the vector gives its hold up.
            unsafe { tail.release() };
        }
    }
}
