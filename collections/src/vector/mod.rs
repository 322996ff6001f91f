//! A persistent vector: a sequence whose clones share what they have in common.
//!
//! ```
//! use collections::Vector;
//!
//! let old: Vector<u32> = (0..1000).collect();
//! let mut new = old.clone();
//! new.set(500, 7);
//! new.push_back(8);
//! assert_eq!((old[500], old.len()), (500, 1000));
//! assert_eq!((new[500], new.len()), (7, 1001));
//!
//! let turned = new.slice(600..) + new.slice(..600);
//! assert_eq!((turned[0], turned.last()), (600, Some(&599)));
//! ```
//!
//! ```text
//!   Vector { tree_len: 1088, tail_len: 3, … }      index 1023 without relaxed branches, in bits:
//!       │                      │
//!     root                    tail                 00 … 1111 111111
//!       ▼                      ▼                          │     └─ element of the leaf
//!   ┌─Branch──────────┐    ┌─Leaf────────────────────┐    └─ child of the branch
//!   │ 0 │ 1 │ … │ 15 │     │ 1088 │ 1089 │ 1090 │ ▒▒ │
//!   └─┼───┼───────┼──┘     └─────────────────────────┘
//!     │   │       └──▶ Branch (one leaf so far)         Every box is one allocation that begins with a
//!     ▼   ▼                                             32-bit count of its holders. Leaves hold up to 64
//!   ┌─Leaf─┐ ┌─Leaf──────┐                              elements of 8 bytes (fewer large or owning ones),
//!   │ 0 …  │ │ 64 … 127  │                              branches up to 16 children.
//!   └──────┘ └───────────┘
//! ```
//!
//! A vector of few elements has them in its handle and allocates nothing: up to eight that take no more than 64 bytes
//! together, of a kind that needs no drop, such as numbers.
//!
//! ```text
//!   Vector { small_len: 3, … }
//!   ┌──────────────┬──────┬──────┬──────┬──────┬──
//!   │ lengths, 0 … │  7   │  8   │  9   │ ▒▒▒▒ │ …      16 bytes, then 64, in which root and tail lie otherwise.
//!   └──────────────┴──────┴──────┴──────┴──────┴──
//! ```
//!
//! Of a larger one, the last elements are in the *tail*, a leaf that hangs on the vector itself; when it is full
//! it moves into the tree as it is. Versions share their tail, too: a leaf counts how many elements it has, a
//! version how many of them it sees, and the first version that appends to a shared tail claims the next place
//! with one atomic operation (▒▒ in the first picture), while the others go on seeing their own length. A second
//! version that appends at the same place copies the tail. So a push with the old version kept allocates as rarely
//! as one without.
//!
//! Elements that need a drop are written only to a tail that no other version shares; otherwise the tail is copied, 16
//! elements at most. A vector may be used where elements with shorter lifetimes are asked for: if such a version wrote to
//! the tail of one that lives longer, the latter would drop an element whose lifetime has ended.
//!
//! Slicing and joining leave leaves that are not full within the tree. The branches above them are *relaxed*: a
//! table of sizes lies behind their children. All others are found by the bits of the index alone.
//!
//! Invariants:
//!
//! * all leaves of the tree are at the same depth, and none is empty, nor a branch;
//! * of a branch that is not relaxed, all children but the last one are full, with all that is below them;
//! * the root is a leaf, or has at least two children;
//! * what a leaf holds is told by the tree above it and the vector, never by the leaf, whose count of elements
//!   may be greater: places below what a holder sees never change while it is shared;
//! * of a vector that says it is not relaxed, no branch is;
//! * a vector with elements in its handle has no nodes. What `slice`, `concat`, `split_off` or `truncate` leave with as few
//!   elements as would fit lies there; only a vector that is popped to so few, or truncated within a tail of its own, keeps
//!   the leaf that it has.
//!
//! # Cost
//!
//! With n elements: `len`, `clone`, `is_empty` and `last` take O(1); `push_back` and `pop_back` O(1)
//! amortised where the vector shares nothing and about that where it does; `get`, `get_mut` and `set` O(log n);
//! `slice`, `split_off`, `truncate`, `append`, `insert`, `remove`, `push_front` and `pop_front` O(log n). The
//! logarithm has base 16 and counts leaves: 100,000 numbers are three branches deep. There is no buffer
//! at the front: `push_front` rebuilds the path to the first leaf each time, because a second buffer would cost every
//! `get`, `clone` and `iter`. To fill a vector from the front, collect and reverse.
//!
//! A vector has at most `isize::MAX` elements. What would make it longer panics, and may do so up to 64 elements earlier.
//! Only a vector that is joined with itself again and again comes near.
//!
//! A handle is 80 bytes, whatever the elements: in Rust, the size of a type cannot depend on whether another needs a drop.
//! Moving one copies them all; a clone copies what is used, 32 bytes of a vector with nodes.
//!
//! Elements in the handle are not shared but cloned with it, each by its own `clone`, and so a clone of a small vector does
//! not [`ptr_eq`](GenericVector::ptr_eq) it, nor does a change behind a shared reference (`Cell`, atomics) in one show in
//! the other, as it does where they share a leaf.
//!
//! A version that drops elements from its end (`pop_back`, `truncate`, `slice`) while others share its last leaf lets
//! that leaf live as it is: up to 63 elements outlive their last version until the leaf goes. A slice so small that it
//! lies in the handle holds no leaf.
//!
//! # Moving over
//!
//! | here | `im`, `imbl` | `rpds` |
//! |---|---|---|
//! | `Vector`, `rc::Vector` | `im::Vector`, `im_rc::Vector`; `imbl::Vector` | `VectorSync`, `Vector` |
//! | `Vector::new()`, `unit(v)`, `from([…])`, `collect()` | the same, `vector![…]` | `Vector::new()`, `vector![…]`, `collect()` |
//! | `get`, `get_mut`, `v[i]`, `v[i] = x` | the same | `get`, `get_mut`, `v[i]` |
//! | `first`, `front`, `head`, `last`, `back`, and `…_mut` | `front`, `head`, `last`, `back`, `front_mut`, `back_mut` | `first`, `last` |
//! | `set(i, x)`, which returns the old element | the same | `set_mut(i, x)`, which returns whether there was one |
//! | `update(i, x)`, a new version | the same | `set(i, x)`, `None` past the end |
//! | `push_back(x)`, `pop_back()` | the same | `push_back_mut(x)`, `drop_last_mut()` |
//! | `clone()`, then `push_back(x)` | the same | `push_back(x)`, `drop_last()` |
//! | `push_front(x)`, `pop_front()`: O(log n) here | the same, O(1) | – |
//! | `append`, `a + b`, `split_at`, `split_off`, `take`, `skip`, `truncate`, `clear` | the same | – |
//! | `concat(&b)`, a new version | `a.clone() + b.clone()` | – |
//! | `slice(range)`, a new version | `slice(range)` *removes* the range: here `slice`, then `split_off` | – |
//! | `insert`, `remove`, `insert_ord`, `retain`, `swap`, `sort`, `sort_by`, `sort_by_key` | the same but for `sort_by_key` | – |
//! | `index_of`, `contains`, `binary_search`, `binary_search_by`, `binary_search_by_key` | the same | – |
//! | `iter`, `iter_mut`, `leaves` | the same, `leaves_mut` | `iter` |
//! | `ptr_eq` | the same | – |
//! | – | `focus`, `focus_mut`: `leaves` walks faster, `get` needs none | – |

mod handle;
mod iter;
mod node;
mod traits;
mod tree;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Bound, RangeBounds};
use std::ptr;
use std::slice;

pub use self::iter::{IntoIter, Iter, IterMut, Leaves};

use self::handle::{Body, Nodes};
use self::node::{BRANCH_BITS, Branch, Leaf, Link, Owned, Width, hold, release};
use self::tree::{Run, Tree};
use crate::counter::{Atomic, Counter};

/// A persistent vector; see the [module](self).
///
/// `C` counts the holders of its nodes; [`Vector`](crate::Vector) and [`rc::Vector`](crate::rc::Vector) name the two.
// In this order, so that all that a vector with nodes uses lies at its beginning and is copied as one.
#[repr(C)]
pub struct GenericVector<T, C: Counter = Atomic> {
    /// Elements of the tree.
    tree_len: usize,
    /// Elements of the tail that this version sees.
    tail_len: u16,
    /// Elements that have room in the tail.
    tail_room: u16,
    /// Elements in the handle; 0 where there are nodes.
    small_len: u8,
    /// Elements that have room in the handle; 0 where there are nodes.
    small_room: u8,
    /// What is to be known of the tree.
    shape: Shape,
    unused: Unused,
    /// Root and tail, or elements.
    body: Body<T, C>,
    elements: PhantomData<(T, C::Marker)>,
}

/// The most elements of a vector: as of a slice of bytes, half of what `usize` counts, so that sums of two lengths and
/// bounds of full nodes do not wrap. Only a vector that is joined with itself again and again comes near. It is refused a
/// tail's length earlier, so that appending within the tail need not look at the tree.
const MAX_LEN: usize = isize::MAX as usize;

#[cold]
#[inline(never)]
fn too_long() -> ! {
    panic!("a vector has at most isize::MAX elements")
}

/// How far the root is above the leaves, and, in the highest bit, whether a branch may be relaxed.
#[derive(Clone, Copy)]
struct Shape(u8);

impl Shape {
    const RELAXED: u8 = 1 << 7;

    /// Of a tree that is a leaf, or none.
    const LEAF: Self = Shape(0);

    #[inline]
    fn of(height: u8, relaxed: bool) -> Self {
        Shape(height | if relaxed { Self::RELAXED } else { 0 })
    }

    #[inline]
    fn height(self) -> u8 {
        self.0 & !Self::RELAXED
    }

    #[inline]
    fn is_relaxed(self) -> bool {
        self.0 & Self::RELAXED != 0
    }

    fn set_height(&mut self, height: u8) {
        *self = Self::of(height, self.is_relaxed());
    }

    fn relax(&mut self, relaxed: bool) {
        *self = Self::of(self.height(), self.is_relaxed() || relaxed);
    }
}

/// The byte that is left. Has one value of 256, so that a vector that may be missing takes no more room than one.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Unused {
    Byte,
}

// SAFETY: a vector may be dropped or taken apart in another thread (T: Send), where clones in this one still
// read the elements (T: Sync). `Marker` is `Send` and `Sync` exactly where the counts are atomic.
unsafe impl<T: Send + Sync, C: Counter> Send for GenericVector<T, C> where C::Marker: Send + Sync {}
// SAFETY: as above: a shared vector can be cloned.
unsafe impl<T: Send + Sync, C: Counter> Sync for GenericVector<T, C> where C::Marker: Send + Sync {}

impl<T, C: Counter> GenericVector<T, C> {
    /// The empty vector. Allocates nothing.
    #[inline]
    pub const fn new() -> Self {
        GenericVector {
            tree_len: 0,
            tail_len: 0,
            tail_room: 0,
            small_len: 0,
            small_room: Self::MAX_SMALL as u8,
            shape: Shape::LEAF,
            unused: Unused::Byte,
            body: Body::empty(),
            elements: PhantomData,
        }
    }

    /// Number of elements. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        self.tree_len + self.tail_len() + self.small_len()
    }

    /// Whether there is no element. O(1).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both are versions of the same content without looking at elements: they share root and tail, or they
    /// are one and the same vector, or empty. O(1).
    ///
    /// `false` does not mean that they differ. In particular, clones of a vector that has its elements in its handle
    /// share nothing; see the [module](self).
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.nodes().root == other.nodes().root
            && (self.len() == self.tree_len || ptr::eq(self.last_slice(), other.last_slice()))
    }

    #[inline]
    fn tail_len(&self) -> usize {
        usize::from(self.tail_len)
    }

    /// Elements in the handle.
    #[inline]
    fn small_len(&self) -> usize {
        if Self::MAX_SMALL > 0 { usize::from(self.small_len) } else { 0 }
    }

    /// The elements beyond the tree: those in the handle, or what this version sees of its tail.
    #[inline]
    fn last_slice(&self) -> &[T] {
        let (items, length) = if self.small_len() > 0 {
            (self.small_items(), self.small_len())
        } else if self.tail_len > 0 {
            // SAFETY: a tail of which something is seen is there.
            (unsafe { self.body.nodes.tail.unwrap_unchecked().items() }.cast_const(), self.tail_len())
        } else {
            return &[];
        };
        // SAFETY: this version sees as many, and holds them as long as they are borrowed.
        unsafe { slice::from_raw_parts(items, length) }
    }

    fn tree(&self) -> Option<Tree> {
        self.nodes().root.map(|link| Tree { link, height: self.shape.height(), size: self.tree_len })
    }

    /// The element at `index`, or `None` past the end. O(log n).
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        if index < self.tree_len {
            // SAFETY: `index` lies within the tree.
            return Some(unsafe { &*self.tree_item(index) });
        }
        if index < self.small_len() {
            // SAFETY: the handle has this element.
            return Some(unsafe { &*self.small_items().add(index) });
        }
        let offset = index - self.tree_len;
        if offset >= self.tail_len() {
            return None;
        }
        // SAFETY: a tail of which something is seen is there, and it is held as long as it is borrowed.
        Some(unsafe { &*self.body.nodes.tail.unwrap_unchecked().items().add(offset) })
    }

    /// # Safety
    /// `index` is less than the length of the tree.
    #[inline]
    unsafe fn tree_item(&self, index: usize) -> *const T {
        // SAFETY: above the leaves are branches. Without relaxed ones all but the last children are full, so these
        // bits tell the child, and the index lies within the tree, so there is one.
        let child = |link: Link, height: u32| unsafe {
            let slot = (index >> (Width::<T>::BITS + BRANCH_BITS * (height - 1))) % (1 << BRANCH_BITS);
            *Branch::<C>::from_link(link).children().add(slot)
        };
        // SAFETY: the tree is not empty, so there is a root.
        let root = unsafe { self.body.nodes.root.unwrap_unchecked() };
        // Spelt out, shifts are constants, and no loop has to be set up.
        let leaf = match self.shape.0 {
            0 => root,
            1 => child(root, 1),
            2 => child(child(root, 2), 1),
            3 => child(child(child(root, 3), 2), 1),
            height @ ..Shape::RELAXED => {
                child(child(child((4..=u32::from(height)).rev().fold(root, child), 3), 2), 1)
            }
            _ => return self.relaxed_item(index),
        };
        // SAFETY: the leaf has this element. All leaves but the last are full.
        unsafe { Leaf::<T, C>::from_link(leaf).items().add(index % Width::<T>::LEAF) }
    }

    #[inline(never)]
    fn relaxed_item(&self, index: usize) -> *const T {
        let run = self.run(index);
        // SAFETY: the run holds the element at `index`.
        unsafe { run.leaf.items().add(index - run.start) }
    }

    /// The elements beside the one at `index`, which must be less than the length, in a vector that has nodes.
    #[inline(never)]
    fn run(&self, index: usize) -> Run<T, C> {
        debug_assert!(index < self.len());
        let nodes = self.nodes();
        if index < self.tree_len
            && let Some(root) = nodes.root
        {
            // SAFETY: the tree is this vector's own, and `index` lies within it.
            return unsafe { tree::find(root, self.shape.height(), self.tree_len, index) };
        }
        let leaf = nodes.tail.expect("what is not in the tree is in the tail");
        Run { leaf, start: self.tree_len, length: self.tail_len() }
    }

    /// The elements beside the one at `index`, which must be less than the length, and the index of the first of them.
    fn chunk(&self, index: usize) -> (usize, &[T]) {
        if index >= self.tree_len {
            return (self.tree_len, self.last_slice());
        }
        let run = self.run(index);
        // SAFETY: this version sees them, and holds the leaf as long as it is borrowed.
        (run.start, unsafe { run.leaf.slice(run.length) })
    }

    /// The first element, or `None` if there is none. O(log n).
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// The first element, or `None` if there is none. O(log n).
    pub fn front(&self) -> Option<&T> {
        self.get(0)
    }

    /// The first element, or `None` if there is none. O(log n).
    pub fn head(&self) -> Option<&T> {
        self.get(0)
    }

    /// The last element, or `None` if there is none. O(1), O(log n) where the tail is empty.
    pub fn last(&self) -> Option<&T> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The last element, or `None` if there is none. O(1), O(log n) where the tail is empty.
    pub fn back(&self) -> Option<&T> {
        self.last()
    }

    /// Every element in order, from both ends. O(1) each, amortised: the tree is descended once per leaf.
    #[inline]
    pub fn iter(&self) -> Iter<'_, T, C> {
        Iter::new(self)
    }

    /// The elements as slices, one per leaf, none of them empty. O(log n) each.
    pub fn leaves(&self) -> Leaves<'_, T, C> {
        Leaves::new(self)
    }

    /// The index of the first element that equals `value`. O(n).
    pub fn index_of(&self, value: &T) -> Option<usize>
    where
        T: PartialEq,
    {
        self.iter().position(|element| element == value)
    }

    /// Whether an element equals `value`. O(n).
    pub fn contains(&self, value: &T) -> bool
    where
        T: PartialEq,
    {
        self.index_of(value).is_some()
    }

    /// Looks `value` up in a sorted vector: `Ok` with the index of an equal element, else `Err` with where it
    /// belongs. O(log² n).
    pub fn binary_search(&self, value: &T) -> Result<usize, usize>
    where
        T: Ord,
    {
        self.binary_search_by(|element| element.cmp(value))
    }

    /// Like [`binary_search`](Self::binary_search) by a key of each element.
    pub fn binary_search_by_key<B: Ord>(&self, key: &B, mut f: impl FnMut(&T) -> B) -> Result<usize, usize> {
        self.binary_search_by(|element| f(element).cmp(key))
    }

    /// Like [`binary_search`](Self::binary_search) with a function that says how an element compares to what is
    /// looked for.
    pub fn binary_search_by(&self, mut f: impl FnMut(&T) -> Ordering) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).map(&mut f) {
                Some(Ordering::Less) => low = middle + 1,
                Some(Ordering::Equal) => return Ok(middle),
                _ => high = middle,
            }
        }
        Err(low)
    }

    /// Removes every element; versions that share them keep them. O(1), and what dropping them takes.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Whether this version alone can reach its tail, or has its elements in its handle.
    fn tail_is_unique(&self) -> bool {
        self.is_small() || self.nodes().tail.is_some_and(Leaf::is_unique)
    }
}

impl<T: Clone, C: Counter> GenericVector<T, C> {
    /// The vector of one element.
    pub fn unit(value: T) -> Self {
        let mut vector = Self::new();
        vector.push_back(value);
        vector
    }

    // --- one element --------------------------------------------------------------------------

    /// The element at `index` to change, or `None` past the end. O(log n): in place where this version shares
    /// nothing on the way, otherwise the leaf and the branches above it are copied.
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if index >= self.tree_len {
            if index < self.small_len() {
                // SAFETY: the handle has this element.
                return Some(unsafe { &mut *self.small_items_mut().add(index) });
            }
            let offset = index - self.tree_len;
            if offset >= self.tail_len() {
                return None;
            }
            // SAFETY: the tail is there, and this version's own after; so is the element.
            return Some(unsafe { &mut *self.own_tail().items().add(offset) });
        }
        // SAFETY: `index` lies within the tree, and the leaf is this version's own after.
        Some(unsafe { &mut *self.own_tree_item(index) })
    }

    /// # Safety
    /// `index` is less than the length of the tree.
    #[inline(never)]
    unsafe fn own_tree_item(&mut self, index: usize) -> *mut T {
        // SAFETY: the caller's promise; the leaf has this element.
        unsafe {
            let (leaf, offset) = self.own_leaf_at(index);
            leaf.items().add(offset)
        }
    }

    /// Makes the tail, of which something is seen, this version's own.
    #[inline]
    fn own_tail(&mut self) -> Leaf<T, C> {
        debug_assert!(self.tail_len > 0);
        // SAFETY: a tail of which something is seen is there.
        let tail = unsafe { self.body.nodes.tail.unwrap_unchecked() };
        if tail.is_unique() { tail } else { self.copy_tail() }
    }

    /// Replaces the tail, of which something is seen, by a copy of that.
    #[inline(never)]
    fn copy_tail(&mut self) -> Leaf<T, C> {
        self.copy_tail_with(self.tail_len())
    }

    /// Replaces the tail, of which something is seen, by a copy of that with room for `room` elements.
    #[inline]
    fn copy_tail_with(&mut self, room: usize) -> Leaf<T, C> {
        debug_assert!(self.tail_len > 0);
        // SAFETY: a tail of which something is seen is there, and this version holds it until below.
        let (tail, seen) = unsafe {
            let tail = self.body.nodes.tail.unwrap_unchecked();
            (tail, tail.slice(self.tail_len()))
        };
        let copy = Leaf::of_clones(seen, &[], room);
        self.nodes_mut().tail = Some(copy);
        self.tail_room = room as u16;
        // SAFETY: the hold that was in `tail`.
        unsafe { tail.release() };
        copy
    }

    /// Makes the leaf of an element, and the branches above it, this version's own; and where in it the element is.
    ///
    /// # Safety
    /// `index` is less than the length of the tree.
    #[inline]
    unsafe fn own_leaf_at(&mut self, index: usize) -> (Leaf<T, C>, usize) {
        // SAFETY: `slot` is a place of a branch that is this version's own, or the root's; the bits of the index tell
        // the child, as in `tree_item`.
        let child = |slot: *mut Link, height: u32| unsafe {
            let shift = Width::<T>::BITS + BRANCH_BITS * (height - 1);
            let branch = tree::own_regular_branch::<T, C>(&mut *slot, shift);
            branch.children().add((index >> shift) % (1 << BRANCH_BITS))
        };
        // SAFETY: the tree is not empty, so there is a root.
        let root: *mut Link = unsafe { self.body.nodes.root.as_mut().unwrap_unchecked() };
        let slot = match self.shape.0 {
            0 => root,
            1 => child(root, 1),
            2 => child(child(root, 2), 1),
            3 => child(child(child(root, 3), 2), 1),
            height @ ..Shape::RELAXED => {
                child(child(child((4..=u32::from(height)).rev().fold(root, child), 3), 2), 1)
            }
            // SAFETY: the caller's promise.
            _ => return unsafe { self.own_relaxed_leaf_at(index) },
        };
        let offset = index % Width::<T>::LEAF;
        let length = Width::<T>::LEAF.min(self.tree_len - (index - offset));
        // SAFETY: as above; all leaves but the last are full.
        (unsafe { tree::own_leaf(&mut *slot, length) }, offset)
    }

    /// # Safety
    /// As [`own_leaf_at`](Self::own_leaf_at).
    #[inline(never)]
    unsafe fn own_relaxed_leaf_at(&mut self, mut index: usize) -> (Leaf<T, C>, usize) {
        let mut size = self.tree_len;
        // SAFETY: as in `own_leaf_at`, with the child told by the branch.
        unsafe {
            let mut slot: *mut Link = self.body.nodes.root.as_mut().unwrap_unchecked();
            for height in (1..=self.shape.height()).rev() {
                let branch = tree::own_branch::<T, C>(&mut *slot, height, size, 1, false);
                let (at, begin) = tree::locate::<T, C>(branch, height, index);
                size = tree::child_end::<T, C>(branch, height, at, size) - begin;
                index -= begin;
                slot = branch.children().add(at);
            }
            (tree::own_leaf(&mut *slot, size), index)
        }
    }

    /// Replaces the element at `index` and returns the old one. O(log n), as [`get_mut`](Self::get_mut).
    ///
    /// # Panics
    /// Past the end.
    pub fn set(&mut self, index: usize, value: T) -> T {
        mem::replace(&mut self[index], value)
    }

    /// A version with another element at `index`; this one stays. O(log n).
    ///
    /// # Panics
    /// Past the end.
    #[must_use]
    pub fn update(&self, index: usize, value: T) -> Self {
        let mut version = self.clone();
        version[index] = value;
        version
    }

    /// The first element to change, or `None` if there is none. O(log n).
    pub fn front_mut(&mut self) -> Option<&mut T> {
        self.get_mut(0)
    }

    /// The first element to change, or `None` if there is none. O(log n).
    pub fn first_mut(&mut self) -> Option<&mut T> {
        self.get_mut(0)
    }

    /// The last element to change, or `None` if there is none. O(1), O(log n) where the tail is empty.
    pub fn back_mut(&mut self) -> Option<&mut T> {
        self.get_mut(self.len().checked_sub(1)?)
    }

    /// The last element to change, or `None` if there is none. O(1), O(log n) where the tail is empty.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.back_mut()
    }

    /// Exchanges two elements. O(log n).
    ///
    /// # Panics
    /// If one of them is past the end.
    pub fn swap(&mut self, i: usize, j: usize) {
        if i == j {
            assert!(i < self.len(), "index {i} is past the end of {} elements", self.len());
            return;
        }
        if let Some(items) = self.small_slice_mut() {
            return items.swap(i, j);
        }
        let first: *mut T = &mut self[i];
        let second: *mut T = &mut self[j];
        // SAFETY: two elements, both this version's own now: owning the path to the second leaves the first alone,
        // whose leaf is not shared any more.
        unsafe { ptr::swap(first, second) };
    }

    // --- the end ------------------------------------------------------------------------------

    /// Appends `value`. O(1) amortised where the tail is this version's own, or where no other version has
    /// appended to it and elements need no drop; otherwise the tail is copied. Allocates nothing while there is room in the
    /// handle.
    ///
    /// # Panics
    /// If there are `isize::MAX` elements already.
    #[inline]
    pub fn push_back(&mut self, value: T) {
        if Self::MAX_SMALL > 0 && self.small_len < self.small_room {
            // SAFETY: the handle has room for one more.
            unsafe { self.small_items_mut().add(self.small_len()).write(value) };
            self.small_len += 1;
            return;
        }
        // Kept, because the compiler cannot know that claiming a place does not change it.
        let seen = self.tail_len;
        if seen < self.tail_room {
            // SAFETY: a tail with room is there.
            let tail = unsafe { self.body.nodes.tail.unwrap_unchecked() };
            if tail.claim(seen) {
                // SAFETY: there is room, and the place is this version's to write.
                unsafe { tail.items().add(usize::from(seen)).write(value) };
                self.tail_len = seen + 1;
                return;
            }
        }
        self.push_back_slowly(value);
    }

    #[inline(never)]
    fn push_back_slowly(&mut self, value: T) {
        if self.is_small() {
            debug_assert!(self.small_len() == Self::MAX_SMALL);
            let tail = self.leave_handle(Self::FIRST_ROOM);
            self.tail_len = Self::MAX_SMALL as u16 + 1;
            // SAFETY: the tail is new, has the elements of a full handle, and more room.
            unsafe {
                tail.items().add(Self::MAX_SMALL).write(value);
                tail.set_fill(Self::MAX_SMALL + 1);
            }
            return;
        }
        let tail = self.open_tail();
        // SAFETY: the tail is this version's own, with as many elements as it sees, and room.
        unsafe {
            tail.items().add(self.tail_len()).write(value);
            self.tail_len += 1;
            tail.set_fill(self.tail_len());
        }
    }

    /// Makes the tail this version's own, with room for one more and no element beyond what it sees. Elements that lie
    /// in the handle become the tail.
    fn open_tail(&mut self) -> Leaf<T, C> {
        if self.is_small() {
            return self.leave_handle(self.room_for(self.small_len() + 1));
        }
        let Some(tail) = self.nodes().tail else {
            return self.new_tail(0);
        };
        let length = self.tail_len();
        if length == Width::<T>::LEAF {
            self.flush_tail();
            return self.new_tail(length);
        }
        if !tail.is_unique() {
            if length > 0 {
                return self.copy_tail_with(self.room_for(length + 1));
            }
            self.nodes_mut().tail = None;
            self.tail_room = 0;
            // SAFETY: the hold that was in `tail`.
            unsafe { tail.release() };
            return self.new_tail(0);
        }
        // SAFETY: this version alone holds the tail, and sees that much of it.
        unsafe { tail.forget_beyond(length) };
        if self.tail_len < self.tail_room {
            return tail;
        }
        let room = self.room_for(length + 1);
        // SAFETY: as above; the old place is forgotten.
        let tail = unsafe { tail.grow(room) };
        self.nodes_mut().tail = Some(tail);
        self.tail_room = room as u16;
        tail
    }

    /// An empty tail with room for `more`, at least, where there is none.
    fn new_tail(&mut self, more: usize) -> Leaf<T, C> {
        debug_assert!(self.nodes().tail.is_none() && self.tail_len == 0);
        let room = self.room_for(more.max(1));
        let tail = Leaf::with_room(room);
        self.nodes_mut().tail = Some(tail);
        self.tail_room = room as u16;
        tail
    }

    /// The most elements of a tree: a tail fits in beside it.
    const MAX_TREE: usize = MAX_LEN - Width::<T>::LEAF;

    /// The room of a vector's first leaf: half a leaf, where the first elements lie in the handle.
    const FIRST_ROOM: usize = if Self::MAX_SMALL > 0 {
        Width::<T>::LEAF / 2
    } else if Width::<T>::LEAF < 8 {
        Width::<T>::LEAF
    } else {
        8
    };

    /// How much room a tail of `length` elements is given: in a vector without a tree little, then four times as much, a
    /// whole leaf at most.
    fn room_for(&self, length: usize) -> usize {
        let most = Width::<T>::LEAF;
        match length {
            _ if self.nodes().root.is_some() => most,
            _ if length <= Self::FIRST_ROOM => Self::FIRST_ROOM,
            ..=32 => most.min(32),
            _ => most,
        }
    }

    /// Moves the tail, of which something is seen, into the tree.
    fn flush_tail(&mut self) {
        if self.tree_len + self.tail_len() > Self::MAX_TREE {
            too_long();
        }
        let Some(tail) = self.nodes_mut().tail.take() else { return };
        let length = self.tail_len();
        self.tail_len = 0;
        self.tail_room = 0;
        // SAFETY: the hold that was in `tail` is handed over.
        unsafe { self.push_leaf(tail.link(), length) };
    }

    /// Appends a leaf to the tree. The tail is to be empty, for it comes after.
    ///
    /// # Safety
    /// A hold of the leaf, of which `length` elements are seen, is handed over.
    unsafe fn push_leaf(&mut self, leaf: Link, length: usize) {
        let (size, height) = (self.tree_len, self.shape.height());
        self.tree_len = size + length;
        let nodes = self.nodes_mut();
        let Some(root) = &mut nodes.root else {
            nodes.root = Some(leaf);
            return;
        };
        // SAFETY: the root is this vector's, and it gives the hold of it to the new one where there is one.
        unsafe {
            if tree::has_room::<C>(*root, height) {
                let relaxed = tree::push_leaf::<T, C>(root, height, size, leaf, length);
                self.shape.relax(relaxed);
                return;
            }
            let irregular = size != Width::<T>::full(height);
            let above = Branch::<C>::with_room(node::MAX_CHILDREN, irregular);
            above.push(*root, size);
            above.push(tree::spine::<C>(leaf, height, length), size + length);
            *root = above.link();
            self.shape.relax(irregular);
            self.shape.set_height(height + 1);
        }
    }

    /// Removes and returns the last element. O(1) amortised; where others share the tail, the element is cloned.
    #[inline]
    pub fn pop_back(&mut self) -> Option<T> {
        if self.small_len() > 0 {
            self.small_len -= 1;
            // SAFETY: the element is no longer counted when it is read.
            return Some(unsafe { self.small_items().add(self.small_len()).read() });
        }
        if self.tail_len > 0 {
            // SAFETY: a tail of which something is seen is there.
            let tail = unsafe { self.body.nodes.tail.unwrap_unchecked() };
            if tail.is_unique() && (!mem::needs_drop::<T>() || tail.fill() == self.tail_len()) {
                self.tail_len -= 1;
                // SAFETY: the tail is this version's own; the element is no longer counted when it is read.
                unsafe {
                    tail.set_fill(self.tail_len());
                    return Some(tail.items().add(self.tail_len()).read());
                }
            }
        } else if self.tree_len == 0 {
            return None;
        }
        self.pop_back_slowly()
    }

    #[inline(never)]
    fn pop_back_slowly(&mut self) -> Option<T> {
        if self.tail_len == 0 {
            self.pull_tail();
        }
        let length = self.tail_len().checked_sub(1)?;
        let tail = self.nodes().tail?;
        if tail.is_unique() {
            // SAFETY: this version alone holds the tail, and sees one more; the element is no longer counted
            // when it is read.
            unsafe {
                tail.forget_beyond(length + 1);
                tail.set_fill(length);
                self.tail_len -= 1;
                return Some(tail.items().add(length).read());
            }
        }
        let value = self.last_slice()[length].clone();
        self.tail_len -= 1;
        Some(value)
    }

    /// Replaces an empty tail by the last leaf of the tree, if there is one.
    fn pull_tail(&mut self) {
        debug_assert!(self.tail_len == 0);
        let (height, size) = (self.shape.height(), self.tree_len);
        let nodes = self.nodes_mut();
        let Some(root) = &mut nodes.root else { return };
        // SAFETY: the root is this vector's; the leaf comes with its hold, which goes to the tail.
        unsafe {
            let (leaf, length) =
                if height == 0 { (*root, size) } else { tree::pop_leaf::<T, C>(root, height, size) };
            if height == 0 {
                nodes.root = None;
            }
            let leaf = Leaf::from_link(leaf);
            let old = nodes.tail.replace(leaf);
            self.tree_len -= length;
            self.tail_len = length as u16;
            self.tail_room = leaf.room() as u16;
            self.lower_root();
            if let Some(old) = old {
                old.release();
            }
        }
    }

    /// Takes away what is superfluous at the top, after leaves were taken out: branches with one child or none.
    fn lower_root(&mut self) {
        while let (height @ 1.., Some(root)) = (self.shape.height(), self.nodes().root) {
            // SAFETY: the root is this vector's, and a branch; so is the hold that it gives up.
            unsafe {
                let branch = Branch::<C>::from_link(root);
                match branch.len() {
                    0 => {
                        // Only an own branch is ever emptied.
                        self.nodes_mut().root = None;
                        self.shape.set_height(0);
                        branch.free_memory();
                        break;
                    }
                    1 if branch.is_unique() => {
                        self.nodes_mut().root = Some(branch.child(0));
                        self.shape.set_height(height - 1);
                        branch.free_memory();
                    }
                    1 => {
                        let child = branch.child(0);
                        hold::<T, C>(child, height - 1);
                        self.nodes_mut().root = Some(child);
                        self.shape.set_height(height - 1);
                        release::<T, C>(root, height);
                    }
                    _ => break,
                }
            }
        }
        if self.shape.height() == 0 {
            self.shape = Shape::LEAF;
        }
    }

    // --- the front ----------------------------------------------------------------------------

    /// Puts `value` before the first element. O(log n); see the [module](self) for why not O(1).
    pub fn push_front(&mut self, value: T) {
        let mut joined = Self::unit(value);
        joined.append(self.clone());
        *self = joined;
    }

    /// Removes and returns the first element. O(log n); it is cloned.
    pub fn pop_front(&mut self) -> Option<T> {
        let first = self.get(0)?.clone();
        *self = self.slice(1..);
        Some(first)
    }

    // --- parts --------------------------------------------------------------------------------

    /// The elements of `range`; this vector stays. O(log n): shares what lies off the cuts.
    ///
    /// # Panics
    /// If the range ends past the end, or begins behind its end.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => self.len(),
        };
        assert!(
            start <= end && end <= self.len(),
            "range {start}..{end} is not within a vector of {} elements",
            self.len()
        );
        self.part(start, end)
    }

    /// The elements `start..end`, which lie within the vector.
    fn part(&self, start: usize, end: usize) -> Self {
        if end - start <= Self::MAX_SMALL {
            return self.small_part(start, end);
        }
        let mut part = Self::hollow();
        // The leaf with the last element becomes the tail, and is shared unless the part begins within it.
        let tail = self.run(end - 1);
        let length = end - start.max(tail.start);
        let leaf = if start <= tail.start {
            tail.leaf.hold();
            tail.leaf
        } else {
            // SAFETY: this vector sees these elements, and holds the leaf.
            let kept = unsafe { &tail.leaf.slice(end - tail.start)[start - tail.start..] };
            Leaf::of_clones(kept, &[], length)
        };
        part.nodes_mut().tail = Some(leaf);
        part.tail_room = leaf.room() as u16;
        part.tail_len = length as u16;
        if start < tail.start
            && let Some(tree) = self.tree()
        {
            // SAFETY: what lies before the tail's leaf is in the tree, which this vector holds.
            unsafe {
                let (tree, begin) = tree::narrow::<T, C>(tree, start, tail.start);
                let mut relaxed = self.shape.is_relaxed();
                let kept = tree::cut::<T, C>(tree, start - begin, tail.start - begin, &mut relaxed);
                part.nodes_mut().root = Some(kept.into_link());
                part.shape = Shape::of(tree.height, relaxed);
            }
            part.tree_len = tail.start - start;
            part.lower_root();
        }
        part
    }

    /// As [`part`](Self::part), where the handle has room for that many: it shares no leaf that would outlive the
    /// others for its sake.
    fn small_part(&self, start: usize, end: usize) -> Self {
        let mut part = Self::new();
        part.extend_from_part(self, start, end);
        part
    }

    /// Appends clones of the elements `start..end` of `other`.
    fn extend_from_part(&mut self, other: &Self, start: usize, end: usize) {
        let mut next = start;
        while next < end {
            let (begin, leaf) = other.chunk(next);
            let leaf = &leaf[next - begin..leaf.len().min(end - begin)];
            self.extend_from_slice(leaf);
            next += leaf.len();
        }
    }

    /// Splits in two: the elements before `index`, and the others. O(log n).
    ///
    /// # Panics
    /// If `index` is greater than the length.
    pub fn split_at(self, index: usize) -> (Self, Self) {
        let (left, right) = (self.slice(..index), self.slice(index..));
        // Dropping an element may panic: not while the two are on their way to the caller, where nobody would drop them.
        drop(self);
        (left, right)
    }

    /// Cuts the elements from `index` on off and returns them. O(log n).
    ///
    /// # Panics
    /// If `index` is greater than the length.
    #[must_use]
    pub fn split_off(&mut self, index: usize) -> Self {
        let right = self.slice(index..);
        self.truncate(index);
        right
    }

    /// The first `count` elements; all where there are fewer. O(log n).
    #[must_use]
    pub fn take(&self, count: usize) -> Self {
        self.part(0, count.min(self.len()))
    }

    /// What is left without the first `count` elements; nothing where there are fewer. O(log n).
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        self.part(count.min(self.len()), self.len())
    }

    /// Keeps the first `length` elements; nothing happens where there are no more. O(log n), and what dropping
    /// the others takes.
    pub fn truncate(&mut self, length: usize) {
        if length >= self.len() {
            return;
        }
        if self.is_small() {
            self.small_len = length as u8;
        } else if length < self.tree_len || (length <= Self::MAX_SMALL && !self.tail_is_unique()) {
            *self = self.part(0, length);
        } else {
            self.tail_len = (length - self.tree_len) as u16;
        }
        if let Some(tail) = self.nodes().tail
            && tail.is_unique()
        {
            // SAFETY: this version alone holds the tail, and sees that much of it.
            unsafe { tail.forget_beyond(self.tail_len()) };
        }
    }

    // --- joining ------------------------------------------------------------------------------

    /// Appends the elements of `other`. O(log n): shares both but for a seam.
    ///
    /// # Panics
    /// If there are more than `isize::MAX` elements then.
    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        if other.tree_len == 0
            && self.last_slice().len() + other.len() <= Width::<T>::LEAF
            && self.tail_is_unique()
        {
            return self.extend_from_slice(other.last_slice());
        }
        *self = self.concat(&other);
    }

    /// This vector's elements, then those of `other`; both stay. O(log n), as [`append`](Self::append).
    ///
    /// # Panics
    /// If there are more than `isize::MAX` elements then.
    #[must_use]
    pub fn concat(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        // The sum of two lengths does not wrap.
        let length = self.len() + other.len();
        if length > Self::MAX_TREE {
            too_long();
        }
        if length <= Self::MAX_SMALL {
            // Either may have a tree, though a small one.
            let mut joined = self.small_part(0, self.len());
            joined.extend_from_part(other, 0, other.len());
            return joined;
        }
        match other.tree() {
            None => self.concat_tail(other),
            Some(right) => self.concat_tree(other, right),
        }
    }

    /// [`concat`](Self::concat) with a vector that is a tail only.
    fn concat_tail(&self, other: &Self) -> Self {
        let most = Width::<T>::LEAF;
        let (first, second) = (self.last_slice(), other.last_slice());
        let mut joined = self.clone();
        if first.is_empty() {
            if let Some(tail) = joined.nodes_mut().tail.take() {
                // SAFETY: the hold that was in `tail`.
                unsafe { tail.release() };
            }
            joined.share_tail(other);
        } else if first.len() + second.len() <= most {
            joined.replace_tail(
                || Leaf::of_clones(first, second, first.len() + second.len()),
                first.len() + second.len(),
            );
        } else if first.len() >= most / 2 {
            joined.flush_tail();
            joined.share_tail(other);
        } else {
            let (fill, rest) = second.split_at(most - first.len());
            joined.replace_tail(|| Leaf::of_clones(first, fill, most), most);
            joined.flush_tail();
            joined.replace_tail(|| Leaf::of_clones(rest, &[], rest.len()), rest.len());
        }
        joined
    }

    /// Makes a leaf with `length` elements, all of them seen, the tail.
    fn replace_tail(&mut self, leaf: impl FnOnce() -> Leaf<T, C>, length: usize) {
        let leaf = leaf();
        let nodes = self.nodes();
        self.body = Body { nodes: Nodes { tail: Some(leaf), ..nodes } };
        (self.small_len, self.small_room) = (0, 0);
        self.tail_len = length as u16;
        self.tail_room = leaf.room() as u16;
        if let Some(old) = nodes.tail {
            // SAFETY: the hold that was in `tail`.
            unsafe { old.release() };
        }
    }

    /// Makes the tail of `other` this one's too, which has none, or a copy of the elements in its handle.
    fn share_tail(&mut self, other: &Self) {
        debug_assert!(self.nodes_mut().tail.is_none());
        if other.is_small() {
            let items = other.last_slice();
            return self.replace_tail(|| Leaf::of_clones(items, &[], items.len()), items.len());
        }
        let tail = other.nodes().tail;
        if let Some(tail) = tail {
            tail.hold();
        }
        self.nodes_mut().tail = tail;
        self.tail_len = other.tail_len;
        self.tail_room = other.tail_room;
    }

    /// [`concat`](Self::concat) with a vector that has a tree.
    fn concat_tree(&self, other: &Self, right: Tree) -> Self {
        let mut left = self.clone();
        if left.is_small() {
            left.leave_handle(Self::MAX_SMALL);
        }
        let half = Width::<T>::LEAF / 2;
        // A tail that is at least half full becomes a leaf as it is; a smaller one is merged with the leaf before it.
        let scant =
            if left.tail_len() >= half { None } else { left.nodes().tail.filter(|_| left.tail_len > 0) };
        if scant.is_none() && left.tail_len > 0 {
            left.flush_tail();
        }
        let scant = scant.map(|tail| Tree { link: tail.link(), height: 0, size: left.tail_len() });
        let mut joined = Self::hollow();
        let relaxed = &mut (left.shape.is_relaxed() || other.shape.is_relaxed());
        // SAFETY: the trees are the vectors', which hold them, or made here.
        let (link, height, size) = unsafe {
            match (left.tree(), scant) {
                (Some(tree), Some(tail)) => {
                    let joint = tree::join::<T, C>(tree, tail, relaxed);
                    let (link, height) = joint.into_tree(tree.height, relaxed);
                    (link, height, tree.size + tail.size)
                }
                (Some(tree), None) | (None, Some(tree)) => {
                    (Owned::share(tree.link, tree.height), tree.height, tree.size)
                }
                (None, None) => return other.clone(),
            }
        };
        // SAFETY: as above.
        unsafe {
            let tree = Tree { link: link.link(), height, size };
            let joint = tree::join::<T, C>(tree, right, relaxed);
            // A leaf that was made of the tail and then merged again goes now. Dropping its elements may panic: not
            // when the joined vector is on its way to the caller, where nobody would drop it.
            drop(link);
            let (link, height) = joint.into_tree(height.max(right.height), relaxed);
            joined.nodes_mut().root = Some(link.into_link());
            joined.shape = Shape::of(height, *relaxed);
            joined.tree_len = size + right.size;
        }
        joined.share_tail(other);
        joined.lower_root();
        joined
    }

    /// Appends clones of `values`. O(1) each, amortised, and faster than one by one. Should a clone panic, those made
    /// before stay.
    ///
    /// # Panics
    /// If there are more than `isize::MAX` elements then.
    pub fn extend_from_slice(&mut self, mut values: &[T]) {
        // Only a slice of nothing can be so long.
        if size_of::<T>() == 0 && values.len() > MAX_LEN - self.len() {
            too_long();
        }
        while !values.is_empty() {
            let Some(tail) = self.open_tail_for(values.len()) else {
                values.iter().for_each(|value| self.push_back(value.clone()));
                return;
            };
            let (fill, rest) =
                values.split_at(values.len().min(usize::from(self.tail_room) - self.tail_len()));
            let mut appending = Appending { vector: self, tail, length: 0 };
            appending.length = appending.vector.tail_len();
            for value in fill {
                // SAFETY: there is room for that many, and the tail is this version's own.
                unsafe { tail.items().add(appending.length).write(value.clone()) };
                appending.length += 1;
            }
            values = rest;
        }
    }

    /// Puts `value` before the element at `index`, or at the end. O(log n), O(1) near the end. Should a clone panic,
    /// nothing has changed.
    ///
    /// # Panics
    /// If `index` is greater than the length, or there are `isize::MAX` elements already.
    pub fn insert(&mut self, index: usize, value: T) {
        assert!(index <= self.len(), "index {index} is past the end of {} elements", self.len());
        if index < self.tree_len || self.tail_len() == Width::<T>::LEAF {
            let mut joined = self.slice(..index);
            joined.push_back(value);
            joined.append(self.slice(index..));
            *self = joined;
            return;
        }
        if self.small_len < self.small_room {
            self.push_back(value);
            return self.small_slice_mut().unwrap_or_default()[index..].rotate_right(1);
        }
        let tail = self.open_tail();
        let (offset, length) = (index - self.tree_len, self.tail_len());
        // SAFETY: the tail is this version's own and has room for one more. Nothing can panic between.
        unsafe {
            let place = tail.items().add(offset);
            ptr::copy(place, place.add(1), length - offset);
            place.write(value);
            tail.set_fill(length + 1);
        }
        self.tail_len += 1;
    }

    /// Removes the element at `index` and returns it. O(log n), O(1) near the end. Should a clone panic, nothing has
    /// changed.
    ///
    /// # Panics
    /// Past the end.
    pub fn remove(&mut self, index: usize) -> T {
        assert!(index < self.len(), "index {index} is past the end of {} elements", self.len());
        if index < self.tree_len {
            let value = self[index].clone();
            let mut joined = self.slice(..index);
            joined.append(self.slice(index + 1..));
            *self = joined;
            return value;
        }
        if let Some(items) = self.small_slice_mut() {
            items[index..].rotate_left(1);
            return self.pop_back().expect("there is an element at the index");
        }
        let tail = self.own_tail();
        let (offset, length) = (index - self.tree_len, self.tail_len());
        // SAFETY: the tail is this version's own, and has no more than it sees once the others are forgotten.
        unsafe {
            tail.forget_beyond(length);
            let place = tail.items().add(offset);
            let value = place.read();
            ptr::copy(place.add(1), place, length - offset - 1);
            tail.set_fill(length - 1);
            self.tail_len -= 1;
            value
        }
    }

    /// Inserts `value` into a sorted vector, before its equals. O(log² n).
    pub fn insert_ord(&mut self, value: T)
    where
        T: Ord,
    {
        let (Ok(index) | Err(index)) = self.binary_search(&value);
        self.insert(index, value);
    }

    // --- all elements -------------------------------------------------------------------------

    /// Every element in order, to change. What others share is copied on the way, leaf by leaf.
    pub fn iter_mut(&mut self) -> IterMut<'_, T, C> {
        IterMut::new(self)
    }

    /// Keeps the elements for which `keep` is true. O(n). Should `keep` panic, nothing has changed.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let kept: Self = self.iter().filter(|element| keep(element)).cloned().collect();
        if kept.len() < self.len() {
            *self = kept;
        }
    }

    /// Sorts, equal elements in the order they were. O(n log n). Should a comparison panic, nothing has changed.
    pub fn sort(&mut self)
    where
        T: Ord,
    {
        self.sort_by(T::cmp);
    }

    /// Sorts by `compare`, equal elements in the order they were. O(n log n). Should a comparison panic, nothing
    /// has changed.
    pub fn sort_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering) {
        let mut sorted: Vec<T> = self.iter().cloned().collect();
        sorted.sort_by(compare);
        *self = sorted.into();
    }

    /// Sorts by a key, equal elements in the order they were. O(n log n). Should `key` or a comparison panic,
    /// nothing has changed.
    pub fn sort_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.sort_by(|left, right| key(left).cmp(&key(right)));
    }
}

/// Elements that are being appended to a tail that is the vector's own: counts them, also when making the next
/// one panics.
struct Appending<'a, T, C: Counter> {
    vector: &'a mut GenericVector<T, C>,
    tail: Leaf<T, C>,
    length: usize,
}

impl<T, C: Counter> Drop for Appending<'_, T, C> {
    #[inline]
    fn drop(&mut self) {
        self.vector.tail_len = self.length as u16;
        // SAFETY: the tail is the vector's own, and that many have been written.
        unsafe { self.tail.set_fill(self.length) };
    }
}
