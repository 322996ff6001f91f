//! The contents of a vector's handle: links to its nodes or, while the vector is small, the elements themselves.

use std::cell::UnsafeCell;
use std::hint::unreachable_unchecked;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop, offset_of};
use std::ptr;
use std::slice;

use super::GenericVector;
use super::node::{Branch, Leaf, Link, Width, release};
use crate::counter::Counter;

/// The number of words in a handle in which elements may lie.
const WORDS: usize = 8;

/// A handle has at most this many elements, however small they are, because cloning it clones each of them.
const MAX_IN_HANDLE: usize = 8;

/// The nodes that a vector holds. It has one hold of each.
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

/// Nodes or elements. The field `small_room` of the vector tells which of the two.
///
/// Elements lie in plain words, because a vector of `T` must not contain a `T`: a type that contains a vector of itself
/// would have infinite size. The words are in an `UnsafeCell`, because an element may be a cell, which changes behind a
/// shared reference.
#[repr(C)]
pub(super) union Body<T, C> {
    pub(super) nodes: Nodes<T, C>,
    words: ManuallyDrop<UnsafeCell<[MaybeUninit<u64>; WORDS]>>,
}

impl<T, C> Body<T, C> {
    /// How many elements the handle has room for. It is 0 for elements that need a drop, because cloning them is
    /// expensive and versions should share them, and for large ones, because a single element in the handle gains
    /// nothing.
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

    /// A body without elements and without nodes.
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
    /// A vector with its elements in its handle has at most this many; 0 if elements of this type never lie there.
    pub(super) const MAX_SMALL: usize = Body::<T, C>::ROOM;

    /// Whether the elements lie in the handle.
    #[inline]
    pub(super) fn is_small(&self) -> bool {
        Self::MAX_SMALL > 0 && self.small_room > 0
    }

    /// The place of the first element in the handle. The elements must lie there.
    #[inline]
    pub(super) fn small_items(&self) -> *const T {
        debug_assert!(self.is_small());
        // This makes no reference to the words, because they may be uninitialized.
        UnsafeCell::raw_get((&raw const self.body).cast::<UnsafeCell<T>>())
    }

    /// As [`small_items`](Self::small_items), for writing.
    #[inline]
    pub(super) fn small_items_mut(&mut self) -> *mut T {
        debug_assert!(self.is_small());
        (&raw mut self.body).cast()
    }

    /// The elements in the handle, to be changed, or `None` if they lie in nodes.
    #[inline]
    pub(super) fn small_slice_mut(&mut self) -> Option<&mut [T]> {
        if !self.is_small() {
            return None;
        }
        // SAFETY: the first `small_len` elements are initialized, and are borrowed together with the vector.
        Some(unsafe { slice::from_raw_parts_mut(self.small_items_mut(), self.small_len()) })
    }

    /// The nodes. There are none if the elements lie in the handle.
    #[inline]
    pub(super) fn nodes(&self) -> Nodes<T, C> {
        if self.is_small() {
            return Nodes::NONE;
        }
        // SAFETY: a vector that is not small has nodes in its body.
        unsafe { self.body.nodes }
    }

    /// The nodes, to be changed.
    ///
    /// # Panics
    /// If the elements lie in the handle.
    #[inline]
    pub(super) fn nodes_mut(&mut self) -> &mut Nodes<T, C> {
        assert!(!self.is_small(), "a small vector has no nodes");
        // SAFETY: a vector that is not small has nodes in its body.
        unsafe { &mut self.body.nodes }
    }

    /// A vector without elements that is not small, so that nodes can be put into it.
    #[inline]
    pub(super) fn hollow() -> Self {
        GenericVector { small_room: 0, body: Body { nodes: Nodes::NONE }, ..Self::new() }
    }

    /// Moves the elements from the handle to a new leaf, which becomes the tail. `room` is how many elements the leaf
    /// has room for, which must not be less than the handle has.
    #[inline]
    pub(super) fn leave_handle(&mut self, room: usize) -> Leaf<T, C> {
        const {
            assert!(
                Self::MAX_SMALL < Width::<T>::HALF_LEAF,
                "the first leaf has room for more than the handle"
            )
        };
        debug_assert!(self.is_small() && room >= Self::MAX_SMALL);
        let (leaf, length) = (Leaf::<T, C>::with_room(room), self.small_len());
        // SAFETY: the leaf is new and has room, and the elements move there. All places are copied, initialized or not,
        // because copying a number of bytes that is known at compile time takes few instructions.
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
    /// Another version with the same elements. O(1): counts one more holder of two nodes, or clones the elements in the
    /// handle, which are eight at most. Allocates nothing.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// let before = vector.clone();
    /// vector.clear();
    /// assert_eq!((before.len(), vector.len()), (100, 0));
    /// ```
    #[inline]
    fn clone(&self) -> Self {
        let mut copy = MaybeUninit::uninit();
        if Self::MAX_SMALL > 0 {
            self.clone_to(&mut copy);
        } else {
            self.share_to(&mut copy);
        }
        // SAFETY: either function has initialized the copy.
        unsafe { copy.assume_init() }
    }
}

impl<T: Clone, C: Counter> GenericVector<T, C> {
    /// Initializes `copy` as a clone. If `T::clone` panics, nothing has been made that would have to be dropped.
    ///
    /// Never inlined: at a point where several ways to make a clone meet, the compiler writes the clone twice, first to
    /// the stack and then to its place.
    #[inline(never)]
    fn clone_to(&self, copy: &mut MaybeUninit<Self>) {
        if !self.is_small() {
            return self.share_to(copy);
        }
        // SAFETY: the fields before the body are plain numbers. The first `small_len` elements are initialized, and
        // they are no more than the handle has room for, so at most `MAX_IN_HANDLE`.
        unsafe {
            let before = offset_of!(Self, body);
            ptr::from_ref(self).cast::<u8>().copy_to_nonoverlapping(copy.as_mut_ptr().cast(), before);
            // One arm for each number of elements. A loop would become a call of `memcpy`, which takes longer than any
            // of the arms.
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

    /// Clones the first `N` elements in the handle to the handle of `copy`.
    ///
    /// # Safety
    /// The handle has at least `N` elements.
    #[inline]
    unsafe fn clone_first<const N: usize>(&self, copy: &mut MaybeUninit<Self>) {
        // SAFETY: by the contract the elements are initialized, and the other handle has room for as many.
        unsafe {
            let place = (&raw mut (*copy.as_mut_ptr()).body).cast::<[T; N]>();
            place.write((*self.small_items().cast::<[T; N]>()).clone());
        }
    }
}

impl<T, C: Counter> GenericVector<T, C> {
    /// Initializes `copy` as a clone of a vector that has nodes.
    #[inline]
    pub(super) fn share_to(&self, copy: &mut MaybeUninit<Self>) {
        let nodes = self.nodes();
        if let Some(root) = nodes.root {
            // SAFETY: this vector holds its root, and the height tells whether that is a leaf or a branch.
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
        // Copied as a whole, in two halves of 16 bytes. If the fields were copied one by one, whoever moves the clone
        // would have to assemble them again.
        let used = offset_of!(Self, body) + size_of::<Nodes<T, C>>();
        // SAFETY: the two do not overlap, and both are at least that long. The fields of a vector may be copied byte by
        // byte, because the additional holds of the two nodes were counted above.
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
                    // SAFETY: the vector gives up its hold.
                    unsafe { release::<T, C>(root, self.1) }
                }
            }
        }
        // Elements in the handle need no drop.
        let nodes = self.nodes();
        // This releases the root even if dropping an element of the tail panics.
        let _root = Root::<T, C>(nodes.root, self.shape.height(), PhantomData);
        if let Some(tail) = nodes.tail {
            // SAFETY: the vector gives up its hold.
            unsafe { tail.release() };
        }
    }
}
