//! A persistent vector: a sequence whose clones share what they have in common.
//!
//! ```
//! use persistent_collections::Vector;
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
//!   Vector { tree_len: 1088, tail_len: 3, … }      index 1023, if no branch is relaxed, in bits:
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
//! The *handle* is the vector value itself. A vector of few elements keeps them there and allocates nothing: up to
//! eight elements that take no more than 64 bytes together, of a type that needs no drop, such as numbers.
//!
//! ```text
//!   Vector { small_len: 3, … }
//!   ┌──────────────┬──────┬──────┬──────┬──────┬──
//!   │ lengths, 0 … │  7   │  8   │  9   │ ▒▒▒▒ │ …      16 bytes, then 64. A larger vector has root and tail there.
//!   └──────────────┴──────┴──────┴──────┴──────┴──
//! ```
//!
//! The last elements of a larger vector are in its *tail*, a leaf that hangs on the vector itself. When the tail is
//! full, it moves into the tree as it is. Versions share their tail, too. The leaf counts how many elements it has, and
//! each version counts how many of them it sees. The first version that appends to a shared tail claims the next place
//! (▒▒ in the first picture) with one atomic operation, and the others still see only their own elements. A second
//! version that appends at the same place copies the tail. So, for elements that need no drop, a push does not
//! allocate more often if the old version is kept.
//!
//! Elements that need a drop are written only to a tail that no other version shares; a shared tail is copied first,
//! which is at most 16 elements. The reason: a vector may be used where elements with shorter lifetimes are expected.
//! If such a version wrote to the tail of a version that lives longer, the latter would drop an element whose lifetime
//! has ended.
//!
//! Slicing and joining leave leaves within the tree that are not full. The branches above them are *relaxed*: a table
//! of sizes lies behind their children. In all other branches the bits of the index alone tell the child.
//!
//! Invariants:
//!
//! * all leaves of the tree are at the same depth, and no leaf or branch is empty;
//! * if a branch is not relaxed, all its children but the last one are full, and so is everything below them;
//! * the root is a leaf, or has at least two children;
//! * how many elements a holder sees of a leaf is known from the branches above it and from the vector, never from the
//!   leaf itself, whose own count may be greater. While a leaf is shared, the places that a holder sees never change;
//! * if a vector says that it is not relaxed, none of its branches is;
//! * a vector with elements in its handle has no nodes. If `slice`, `concat`, `split_off` or `truncate` leave so few
//!   elements that they fit into the handle, they lie there. Only a vector that `pop_back` has made so small, or that
//!   was truncated within a tail of its own, keeps its leaf.
//!
//! # Cost
//!
//! For a vector of n elements:
//!
//! | operation | time |
//! |---|---|
//! | `len`, `is_empty`, `clone`, `ptr_eq` | O(1) |
//! | `push_back`, `pop_back` | O(1), amortised |
//! | `get`, `get_mut`, `set`, `first` | O(log n) |
//! | `last` | O(1), but O(log n) if the tail is empty |
//! | `slice`, `split_off`, `truncate`, `append`, `concat`, `insert`, `remove`, `push_front`, `pop_front` | O(log n) |
//! | `iter`, `into_iter` | O(1) for each element, amortised |
//!
//! The logarithm has base 16 and counts leaves: 100,000 numbers are three branches deep.
//!
//! A change to an element happens in place if the version shares nothing on the way to it. Otherwise it *copies the
//! path*: the leaf of the element, and each shared branch above it. A copied leaf is up to 64 elements (up to 16 if
//! they need a drop), which are cloned; a copied branch is up to 16 pointers, and counts up each of its children.
//!
//! There is no buffer at the front: `push_front` rebuilds the path to the first leaf each time. A second buffer would
//! slow down every `get`, `clone` and `iter`. To fill a vector from the front, collect the elements and reverse them.
//!
//! A vector has at most `isize::MAX` elements. An operation that would make it longer panics, and may do so up to 64
//! elements earlier. Only a vector that is joined with itself again and again can become so long.
//!
//! A handle has 80 bytes, whatever the elements are, because in Rust the size of a type cannot depend on whether
//! another type needs a drop. Moving a vector copies all 80. Cloning copies only the bytes in use: 32 for a vector
//! with nodes.
//!
//! Elements in the handle are not shared: cloning the vector clones each of them. Therefore a clone of a small vector
//! is not [`ptr_eq`](GenericVector::ptr_eq) to it. If elements can change behind a shared reference (`Cell`, atomics),
//! such a change in one version does not show in the other, whereas it does if they share a leaf.
//!
//! When a version drops elements from its end (`pop_back`, `truncate`, `slice`) while others share its last leaf, the
//! leaf stays as it is. Up to 63 elements can live longer than the last version that sees them, until the leaf is
//! freed. A slice so small that it lies in the handle holds no leaf.
//!
//! # Moving over
//!
//! | here | `im`, `imbl` | `rpds` |
//! |---|---|---|
//! | `Vector`, `rc::Vector` | `im::Vector`, `im_rc::Vector`; `imbl::Vector` | `VectorSync`, `Vector` |
//! | `Vector::new()`, `unit(v)`, `from([…])`, `vector![…]`, `collect()` | the same | `Vector::new()`, `vector![…]`, `collect()` |
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
//! | `insert`, `remove`, `insert_ord`, `insert_ord_by`, `insert_ord_by_key`, `retain`, `swap`, `sort`, `sort_by`, `sort_by_key` | the same, except `sort_by_key` | – |
//! | `index_of`, `contains`, `binary_search`, `binary_search_by`, `binary_search_by_key` | the same | – |
//! | `iter`, `iter_mut`, `leaves`, `leaves_mut` | the same | `iter` |
//! | `ptr_eq` | the same | – |
//! | `focus`, `focus_mut` | the same | – |

mod focus;
mod handle;
mod iter;
mod node;
mod traits;
mod tree;
mod uncloned;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Bound, RangeBounds};
use std::ptr;
use std::slice;

pub use self::focus::{Focus, FocusIterMut, FocusMut};
pub use self::iter::{IntoIter, Iter, IterMut, Leaves, LeavesMut};

use self::handle::{Body, Nodes};
use self::node::{BRANCH_BITS, Branch, Leaf, Link, Owned, Width, hold, release};
use self::tree::{Run, Tree};
use crate::counter::{Atomic, Counter};

/// A persistent vector with any kind of reference count; the [module](self) describes its memory and its costs.
///
/// Most code names it as [`Vector`](crate::Vector), or as [`rc::Vector`](crate::rc::Vector) in a single thread. This
/// name serves code that works for both:
///
/// ```
/// use persistent_collections::counter::Counter;
/// use persistent_collections::{GenericVector, Vector, rc};
///
/// fn total<C: Counter>(vector: &GenericVector<u32, C>) -> u32 {
///     vector.iter().sum()
/// }
///
/// let shared: Vector<_> = [1, 2].into();
/// let local: rc::Vector<_> = [3].into();
/// assert_eq!((total(&shared), total(&local)), (3, 3));
/// ```
// The fields are in this order so that everything a vector with nodes uses lies at the beginning, and is copied at
// once.
#[repr(C)]
pub struct GenericVector<T, C: Counter = Atomic> {
    /// The number of elements in the tree.
    tree_len: usize,
    /// How many elements of the tail this version sees.
    tail_len: u16,
    /// How many elements the tail has room for.
    tail_room: u16,
    /// The number of elements in the handle; 0 if the vector has nodes.
    small_len: u8,
    /// How many elements the handle has room for; 0 if the vector has nodes.
    small_room: u8,
    /// The height of the tree, and whether it may be relaxed.
    shape: Shape,
    unused: Unused,
    /// Root and tail, or elements.
    body: Body<T, C>,
    elements: PhantomData<(T, C::Marker)>,
}

/// A vector has at most this many elements, the same limit as for a slice of bytes. It is half of what `usize` counts,
/// so that the sum of two lengths and the bounds of full nodes do not wrap around. Only a vector that is joined with
/// itself again and again comes near. The tree is refused growth a tail's length earlier, so that appending within the
/// tail need not look at the tree.
const MAX_LEN: usize = isize::MAX as usize;

/// The first leaf of a vector whose elements never lie in the handle has room for this many elements, if a leaf has.
/// Then a tail without a tree grows to [`MIDDLE_ROOM`], four times as much, and then to a whole leaf.
const SMALLEST_ROOM: usize = 8;

/// See [`SMALLEST_ROOM`].
const MIDDLE_ROOM: usize = 32;

#[cold]
#[inline(never)]
fn too_long() -> ! {
    panic!("a vector has at most isize::MAX elements")
}

/// The height of the root above the leaves and, in the highest bit, whether a branch may be relaxed.
#[derive(Clone, Copy)]
struct Shape(u8);

impl Shape {
    const RELAXED: u8 = 1 << 7;

    /// The shape of a tree that is a single leaf, or of no tree.
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

/// The byte that no field needs. It has only one valid value, so that `Option<GenericVector>` is no larger than a
/// vector.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Unused {
    Byte,
}

// SAFETY: a vector may be dropped or taken apart in another thread (T: Send) while clones in this thread still
// read the elements (T: Sync). `Marker` is `Send` and `Sync` exactly if the counts are atomic.
unsafe impl<T: Send + Sync, C: Counter> Send for GenericVector<T, C> where C::Marker: Send + Sync {}
// SAFETY: as above, because a thread that shares a vector can clone it.
unsafe impl<T: Send + Sync, C: Counter> Sync for GenericVector<T, C> where C::Marker: Send + Sync {}

impl<T, C: Counter> GenericVector<T, C> {
    /// An empty vector. O(1), allocates nothing.
    ///
    /// ```
    /// let vector: persistent_collections::Vector<u32> = persistent_collections::Vector::new();
    /// assert!(vector.is_empty());
    /// ```
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

    /// The number of elements. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        self.tree_len + self.tail_len() + self.small_len()
    }

    /// Whether there is no element. O(1).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both are certainly versions of the same content, without looking at elements: they share root and tail,
    /// or are the very same vector, or are both empty. O(1).
    ///
    /// `false` does not mean that they differ. In particular, clones of a vector that has its elements in its handle
    /// share nothing; see the [module](self).
    ///
    /// ```
    /// let vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// assert!(vector.ptr_eq(&vector.clone()));
    /// assert!(!vector.ptr_eq(&vector.update(0, 0)));
    /// ```
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.nodes().root == other.nodes().root
            && (self.len() == self.tree_len || ptr::eq(self.last_slice(), other.last_slice()))
    }

    #[inline]
    fn tail_len(&self) -> usize {
        usize::from(self.tail_len)
    }

    /// The number of elements in the handle.
    #[inline]
    fn small_len(&self) -> usize {
        if Self::MAX_SMALL > 0 { usize::from(self.small_len) } else { 0 }
    }

    /// The elements behind those of the tree: those in the handle, or those that this version sees of its tail.
    #[inline]
    fn last_slice(&self) -> &[T] {
        let (items, length) = if self.small_len() > 0 {
            (self.small_items(), self.small_len())
        } else if self.tail_len > 0 {
            // SAFETY: `tail_len` is not 0, so there is a tail.
            (unsafe { self.body.nodes.tail.unwrap_unchecked().items() }.cast_const(), self.tail_len())
        } else {
            return &[];
        };
        // SAFETY: this version sees that many elements, and holds them as long as they are borrowed.
        unsafe { slice::from_raw_parts(items, length) }
    }

    fn tree(&self) -> Option<Tree> {
        self.nodes().root.map(|link| Tree { link, height: self.shape.height(), size: self.tree_len })
    }

    /// The element at `index`, or `None` past the end. O(log n), allocates nothing.
    ///
    /// ```
    /// let vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// assert_eq!((vector.get(99), vector.get(100)), (Some(&99), None));
    /// ```
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
        // SAFETY: this version sees more than `offset` elements of its tail, so there is a tail with this element. The
        // version holds it as long as it is borrowed.
        Some(unsafe { &*self.body.nodes.tail.unwrap_unchecked().items().add(offset) })
    }

    /// The place of the element at `index`.
    ///
    /// # Safety
    /// `index` is less than the length of the tree.
    #[inline]
    unsafe fn tree_item(&self, index: usize) -> *const T {
        // SAFETY: above the leaves are branches. If none is relaxed, all children but the last are full, so these bits
        // of the index tell the child. That child exists, because the index lies within the tree.
        let child = |link: Link, height: u32| unsafe {
            let slot = (index >> (Width::<T>::BITS + BRANCH_BITS * (height - 1))) % (1 << BRANCH_BITS);
            *Branch::<C>::from_link(link).children().add(slot)
        };
        // SAFETY: the tree is not empty, so there is a root.
        let root = unsafe { self.body.nodes.root.unwrap_unchecked() };
        // Spelled out for the usual heights, so that the shifts are constants and no loop has to be set up.
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
        // SAFETY: all leaves but the last are full, and the index lies within the tree, so the leaf has this element.
        unsafe { Leaf::<T, C>::from_link(leaf).items().add(index % Width::<T>::LEAF) }
    }

    #[inline(never)]
    fn relaxed_item(&self, index: usize) -> *const T {
        let run = self.run(index);
        // SAFETY: the run holds the element at `index`.
        unsafe { run.leaf.items().add(index - run.start) }
    }

    /// The elements in the same leaf as the one at `index`. The index must be less than the length, and the vector must
    /// have nodes.
    #[inline(never)]
    fn run(&self, index: usize) -> Run<T, C> {
        debug_assert!(index < self.len());
        let nodes = self.nodes();
        if index < self.tree_len
            && let Some(root) = nodes.root
        {
            // SAFETY: this vector holds the tree, and `index` lies within it.
            return unsafe { tree::find(root, self.shape.height(), self.tree_len, index) };
        }
        let leaf = nodes.tail.expect("an element that is not in the tree is in the tail");
        Run { leaf, start: self.tree_len, length: self.tail_len() }
    }

    /// The elements in the same leaf as the one at `index`, and the index of the first of them. Elements in the handle
    /// count as one leaf. The index must be less than the length.
    fn chunk(&self, index: usize) -> (usize, &[T]) {
        if index >= self.tree_len {
            return (self.tree_len, self.last_slice());
        }
        let run = self.run(index);
        // SAFETY: this version sees these elements, and holds the leaf as long as it is borrowed.
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

    /// The last element, or `None` if there is none. O(1), but O(log n) if the tail is empty.
    ///
    /// ```
    /// let vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// assert_eq!((vector.first(), vector.last()), (Some(&0), Some(&99)));
    /// ```
    pub fn last(&self) -> Option<&T> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The last element, or `None` if there is none. O(1), but O(log n) if the tail is empty.
    pub fn back(&self) -> Option<&T> {
        self.last()
    }

    /// Every element in order, from both ends. O(1) for each element, amortised: the tree is descended once per leaf.
    /// Allocates and copies nothing.
    ///
    /// ```
    /// let vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// assert_eq!(vector.iter().sum::<u32>(), 4950);
    /// assert_eq!(vector.iter().rev().nth(9), Some(&90));
    /// ```
    #[inline]
    pub fn iter(&self) -> Iter<'_, T, C> {
        Iter::new(self)
    }

    /// The elements as slices, one per leaf, none of them empty. O(log n) for each leaf, allocates nothing.
    ///
    /// ```
    /// let vector: persistent_collections::Vector<u32> = (0..1000).collect();
    /// assert_eq!(vector.leaves().map(|leaf| leaf.iter().sum::<u32>()).sum::<u32>(), 499_500);
    /// ```
    pub fn leaves(&self) -> Leaves<'_, T, C> {
        Leaves::new(self)
    }

    /// A view for reading many elements by index, which remembers the leaf of the last one. O(1), allocates nothing.
    ///
    /// ```
    /// let vector: persistent_collections::Vector<u32> = (0..1000).collect();
    /// let mut focus = vector.focus();
    /// assert!((0..1000).all(|index| *focus.index(index) == index as u32));
    /// ```
    pub fn focus(&self) -> Focus<'_, T, C> {
        Focus::new(self)
    }

    /// The index of the first element that equals `value`, or `None`. O(n).
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

    /// Whether both vectors have equal elements in the same order. The other vector may count its holders differently,
    /// whereas `==` compares vectors of the same type only, and skips what both share. O(n).
    pub fn has_elements_of<C2: Counter>(&self, other: &GenericVector<T, C2>) -> bool
    where
        T: PartialEq,
    {
        self.len() == other.len() && self.iter().eq(other)
    }

    /// Looks `value` up in a sorted vector, and returns the index of an equal element. O(log² n): O(log n) comparisons,
    /// each of an element that takes O(log n) to find.
    ///
    /// # Errors
    /// If no element equals `value`: the index at which `value` could be inserted so that the vector stays sorted.
    ///
    /// ```
    /// let vector: persistent_collections::Vector<u32> = (0..100).map(|number| 2 * number).collect();
    /// assert_eq!((vector.binary_search(&14), vector.binary_search(&15)), (Ok(7), Err(8)));
    /// ```
    pub fn binary_search(&self, value: &T) -> Result<usize, usize>
    where
        T: Ord,
    {
        self.binary_search_by(|element| element.cmp(value))
    }

    /// As [`binary_search`](Self::binary_search), in a vector that is sorted by a key: compares the key that `f`
    /// returns for an element with `key`. O(log² n).
    ///
    /// # Errors
    /// If no element has this key: the index at which such an element could be inserted.
    pub fn binary_search_by_key<B: Ord>(&self, key: &B, mut f: impl FnMut(&T) -> B) -> Result<usize, usize> {
        self.binary_search_by(|element| f(element).cmp(key))
    }

    /// As [`binary_search`](Self::binary_search), with a function that says how an element compares to the one that is
    /// searched for. O(log² n).
    ///
    /// # Errors
    /// If `f` returns `Equal` for no element: the index at which such an element could be inserted.
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

    /// Removes every element from this version. O(1), and the time to drop the nodes that no other version holds.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Whether no other version holds the tail of this one. Also true if the elements lie in the handle.
    fn tail_is_unique(&self) -> bool {
        self.is_small() || self.nodes().tail.is_some_and(Leaf::is_unique)
    }
}

impl<T: Clone, C: Counter> GenericVector<T, C> {
    /// A vector of one element. O(1).
    pub fn unit(value: T) -> Self {
        let mut vector = Self::new();
        vector.push_back(value);
        vector
    }

    // --- one element --------------------------------------------------------------------------

    /// The element at `index`, to be changed in this version only, or `None` past the end.
    ///
    /// O(log n), in place if this version shares nothing on the way to the element. Otherwise the element's leaf and
    /// the shared branches above it are copied; copying a leaf clones its elements, up to 64 of them.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// let before = vector.clone();
    /// *vector.get_mut(7).unwrap() += 70;
    /// assert_eq!((before[7], vector[7]), (7, 77));
    /// ```
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
            // SAFETY: this version sees more than `offset` elements of its tail, which is its own after `own_tail`.
            return Some(unsafe { &mut *self.own_tail().items().add(offset) });
        }
        // SAFETY: `index` lies within the tree, and the element's leaf is this version's own after `own_tree_item`.
        Some(unsafe { &mut *self.own_tree_item(index) })
    }

    /// The place of the element at `index`, after making its leaf and the branches above it this version's own.
    ///
    /// # Safety
    /// `index` is less than the length of the tree.
    #[inline(never)]
    unsafe fn own_tree_item(&mut self, index: usize) -> *mut T {
        // SAFETY: the caller's promise is that of `own_leaf_at`, and the leaf has the element at `offset`.
        unsafe {
            let (leaf, offset) = self.own_leaf_at(index);
            leaf.items().add(offset)
        }
    }

    /// Makes the tail this version's own. This version must see an element of it.
    #[inline]
    fn own_tail(&mut self) -> Leaf<T, C> {
        debug_assert!(self.tail_len > 0);
        // SAFETY: this version sees an element of the tail, so there is a tail.
        let tail = unsafe { self.body.nodes.tail.unwrap_unchecked() };
        if tail.is_unique() { tail } else { self.copy_tail() }
    }

    /// Replaces the tail by a copy of the elements that this version sees of it. There must be one.
    #[inline(never)]
    fn copy_tail(&mut self) -> Leaf<T, C> {
        self.copy_tail_with(self.tail_len())
    }

    /// Replaces the tail by a copy of the elements that this version sees of it, with room for `room` elements. There
    /// must be one.
    #[inline]
    fn copy_tail_with(&mut self, room: usize) -> Leaf<T, C> {
        debug_assert!(self.tail_len > 0);
        // SAFETY: this version sees an element of the tail, so there is a tail. The version holds it until `release`.
        let (tail, seen) = unsafe {
            let tail = self.body.nodes.tail.unwrap_unchecked();
            (tail, tail.slice(self.tail_len()))
        };
        let copy = Leaf::of_clones(seen, &[], room);
        self.nodes_mut().tail = Some(copy);
        self.tail_room = room as u16;
        // SAFETY: gives up the hold that the field `tail` had.
        unsafe { tail.release() };
        copy
    }

    /// Makes the leaf of an element, and the branches above it, this version's own. Returns the leaf, and where in it
    /// the element is.
    ///
    /// # Safety
    /// `index` is less than the length of the tree.
    #[inline]
    unsafe fn own_leaf_at(&mut self, index: usize) -> (Leaf<T, C>, usize) {
        // SAFETY: `slot` is the root's place, or a place in a branch that is this version's own. The bits of the index
        // tell the child, as in `tree_item`.
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
            // SAFETY: the contract is the same.
            _ => return unsafe { self.own_relaxed_leaf_at(index) },
        };
        let offset = index % Width::<T>::LEAF;
        let length = Width::<T>::LEAF.min(self.tree_len - (index - offset));
        // SAFETY: `slot` is as above, and all leaves but the last are full, so `length` elements of it are seen.
        (unsafe { tree::own_leaf(&mut *slot, length) }, offset)
    }

    /// As [`own_leaf_at`](Self::own_leaf_at), in a tree that may have relaxed branches.
    ///
    /// # Safety
    /// As for [`own_leaf_at`](Self::own_leaf_at).
    #[inline(never)]
    unsafe fn own_relaxed_leaf_at(&mut self, mut index: usize) -> (Leaf<T, C>, usize) {
        let mut size = self.tree_len;
        // SAFETY: as in `own_leaf_at`, except that each branch tells the child.
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

    /// Replaces the element at `index`, and returns the old one. Costs the same as [`get_mut`](Self::get_mut).
    ///
    /// # Panics
    /// If `index` is not less than the length.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// let before = vector.clone();
    /// assert_eq!(vector.set(7, 70), 7);
    /// assert_eq!((before[7], vector[7]), (7, 70));
    /// ```
    pub fn set(&mut self, index: usize, value: T) -> T {
        mem::replace(&mut self[index], value)
    }

    /// A version with another element at `index`; this version stays as it is. O(log n): copies the element's leaf and
    /// the branches above it.
    ///
    /// # Panics
    /// If `index` is not less than the length.
    ///
    /// ```
    /// let old: persistent_collections::Vector<u32> = (0..100).collect();
    /// let new = old.update(7, 70);
    /// assert_eq!((old[7], new[7]), (7, 70));
    /// ```
    #[must_use]
    pub fn update(&self, index: usize, value: T) -> Self {
        let mut version = self.clone();
        version[index] = value;
        version
    }

    /// The first element, to be changed in this version only, or `None` if there is none. Costs the same as
    /// [`get_mut`](Self::get_mut).
    pub fn front_mut(&mut self) -> Option<&mut T> {
        self.get_mut(0)
    }

    /// The first element, to be changed in this version only, or `None` if there is none. Costs the same as
    /// [`get_mut`](Self::get_mut).
    pub fn first_mut(&mut self) -> Option<&mut T> {
        self.get_mut(0)
    }

    /// The last element, to be changed in this version only, or `None` if there is none. O(1), but O(log n) if the tail
    /// is empty. Copies what is shared, as [`get_mut`](Self::get_mut) does.
    pub fn back_mut(&mut self) -> Option<&mut T> {
        self.get_mut(self.len().checked_sub(1)?)
    }

    /// The last element, to be changed in this version only, or `None` if there is none. Costs the same as
    /// [`back_mut`](Self::back_mut).
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.back_mut()
    }

    /// Exchanges two elements. O(log n). Copies what is shared, as [`get_mut`](Self::get_mut) does for each of the two.
    ///
    /// # Panics
    /// If one of the indices is not less than the length.
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
        // SAFETY: the two places are different, and both lie in leaves that are this version's own. Making the path to
        // the second one its own did not move the first, because that leaf was not shared any more.
        unsafe { ptr::swap(first, second) };
    }

    // --- the end ------------------------------------------------------------------------------

    /// Appends `value`.
    ///
    /// O(1), amortised: once for each leaf (every 64 numbers), a full tail moves into the tree, and shared branches on
    /// the way to its place are copied. The tail is copied, up to 64 elements of it (up to 16 if they need a drop), if
    /// other versions hold it and one of them has appended to it, or elements need a drop, or it must grow. Allocates
    /// nothing while there is room in the handle.
    ///
    /// # Panics
    /// If there are `isize::MAX` elements already, or up to 64 fewer.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// let before = vector.clone();
    /// vector.push_back(100);
    /// assert_eq!((before.len(), vector.len(), vector[100]), (100, 101, 100));
    /// ```
    #[inline]
    pub fn push_back(&mut self, value: T) {
        if Self::MAX_SMALL > 0 && self.small_len < self.small_room {
            // SAFETY: the handle has room for one more.
            unsafe { self.small_items_mut().add(self.small_len()).write(value) };
            self.small_len += 1;
            return;
        }
        // A copy, because the compiler cannot know that claiming a place does not change the field.
        let seen = self.tail_len;
        if seen < self.tail_room {
            // SAFETY: `tail_room` is not 0, so there is a tail.
            let tail = unsafe { self.body.nodes.tail.unwrap_unchecked() };
            if tail.claim(seen) {
                // SAFETY: there is room, and this version has claimed the place.
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
            // SAFETY: the tail is new. It has the elements of a full handle, and room for more.
            unsafe {
                tail.items().add(Self::MAX_SMALL).write(value);
                tail.set_fill(Self::MAX_SMALL + 1);
            }
            return;
        }
        let tail = self.open_tail();
        // SAFETY: the tail is this version's own, has no element that the version does not see, and has room.
        unsafe {
            tail.items().add(self.tail_len()).write(value);
            self.tail_len += 1;
            tail.set_fill(self.tail_len());
        }
    }

    /// Makes the tail this version's own, with room for one more element and without elements that this version does
    /// not see. Elements that lie in the handle become the tail.
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
            // SAFETY: gives up the hold that the field `tail` had.
            unsafe { tail.release() };
            return self.new_tail(0);
        }
        // SAFETY: this version alone holds the tail, and sees `length` elements of it.
        unsafe { tail.forget_beyond(length) };
        if self.tail_len < self.tail_room {
            return tail;
        }
        let room = self.room_for(length + 1);
        // SAFETY: as above, and the old address is not used again.
        let tail = unsafe { tail.grow(room) };
        self.nodes_mut().tail = Some(tail);
        self.tail_room = room as u16;
        tail
    }
}

impl<T, C: Counter> GenericVector<T, C> {
    /// Makes an empty tail with room for at least `more` elements. There must be no tail.
    fn new_tail(&mut self, more: usize) -> Leaf<T, C> {
        debug_assert!(self.nodes().tail.is_none() && self.tail_len == 0);
        let room = self.room_for(more.max(1));
        let tail = Leaf::with_room(room);
        self.nodes_mut().tail = Some(tail);
        self.tail_room = room as u16;
        tail
    }

    /// A tree has at most this many elements, so that there is room for a full tail behind it.
    const MAX_TREE: usize = MAX_LEN - Width::<T>::LEAF;

    /// How many elements the first leaf of a vector has room for: half a leaf if the very first elements lie in the
    /// handle, otherwise fewer.
    const FIRST_ROOM: usize = if Self::MAX_SMALL > 0 {
        Width::<T>::HALF_LEAF
    } else if Width::<T>::LEAF < SMALLEST_ROOM {
        Width::<T>::LEAF
    } else {
        SMALLEST_ROOM
    };

    /// How many elements a tail of `length` elements is given room for. In a vector without a tree it is little at
    /// first, then [`MIDDLE_ROOM`], then a whole leaf.
    fn room_for(&self, length: usize) -> usize {
        let most = Width::<T>::LEAF;
        match length {
            _ if self.nodes().root.is_some() => most,
            _ if length <= Self::FIRST_ROOM => Self::FIRST_ROOM,
            ..=MIDDLE_ROOM => most.min(MIDDLE_ROOM),
            _ => most,
        }
    }

    /// Moves the tail into the tree. This version must see an element of it.
    fn flush_tail(&mut self) {
        if self.tree_len + self.tail_len() > Self::MAX_TREE {
            too_long();
        }
        let Some(tail) = self.nodes_mut().tail.take() else { return };
        let length = self.tail_len();
        self.tail_len = 0;
        self.tail_room = 0;
        // SAFETY: hands over the hold that the field `tail` had.
        unsafe { self.push_leaf(tail.link(), length) };
    }

    /// Appends a leaf of `length` elements to the tree. The tail must be empty, because its elements come after.
    ///
    /// # Safety
    /// The caller hands over a hold of the leaf, and sees `length` elements of it.
    unsafe fn push_leaf(&mut self, leaf: Link, length: usize) {
        let (size, height) = (self.tree_len, self.shape.height());
        self.tree_len = size + length;
        let nodes = self.nodes_mut();
        let Some(root) = &mut nodes.root else {
            nodes.root = Some(leaf);
            return;
        };
        // SAFETY: the root is this vector's. If there is a new root above it, that takes over the hold of the old one.
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
}

impl<T: Clone, C: Counter> GenericVector<T, C> {
    /// Removes the last element, and returns it, or `None` if there is none.
    ///
    /// O(1), amortised: once for each leaf (every 64 numbers), the last leaf of the tree becomes the tail, and shared
    /// branches on the way to it are copied. The element is cloned if other versions share the tail.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// let before = vector.clone();
    /// assert_eq!(vector.pop_back(), Some(99));
    /// assert_eq!((before.len(), vector.len()), (100, 99));
    /// ```
    #[inline]
    pub fn pop_back(&mut self) -> Option<T> {
        if self.small_len() > 0 {
            self.small_len -= 1;
            // SAFETY: the element is moved out, and is no longer counted.
            return Some(unsafe { self.small_items().add(self.small_len()).read() });
        }
        if self.tail_len > 0 {
            // SAFETY: this version sees an element of the tail, so there is a tail.
            let tail = unsafe { self.body.nodes.tail.unwrap_unchecked() };
            if tail.is_unique() && (!mem::needs_drop::<T>() || tail.fill() == self.tail_len()) {
                self.tail_len -= 1;
                // SAFETY: the tail is this version's own. The element is no longer counted when it is moved out.
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
            // SAFETY: this version alone holds the tail, and sees `length + 1` elements of it. The last one is no
            // longer counted when it is moved out.
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
}

impl<T, C: Counter> GenericVector<T, C> {
    /// Replaces an empty tail by the last leaf of the tree, if there is one.
    fn pull_tail(&mut self) {
        debug_assert!(self.tail_len == 0);
        let (height, size) = (self.shape.height(), self.tree_len);
        let nodes = self.nodes_mut();
        let Some(root) = &mut nodes.root else { return };
        // SAFETY: the root is this vector's. The leaf comes with a hold, which goes to the field `tail`.
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

    /// Removes branches with one child or none from the top of the tree, after leaves were taken out.
    fn lower_root(&mut self) {
        while let (height @ 1.., Some(root)) = (self.shape.height(), self.nodes().root) {
            // SAFETY: the root is a branch, and this vector's. So is the hold of it that is given up.
            unsafe {
                let branch = Branch::<C>::from_link(root);
                match branch.len() {
                    0 => {
                        // A branch is only ever emptied by its sole holder, so this one is not shared.
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
}

impl<T: Clone, C: Counter> GenericVector<T, C> {
    // --- the front ----------------------------------------------------------------------------

    /// Puts `value` before the first element. O(log n): rebuilds the path to the first leaf, and copies up to one leaf
    /// of elements. The [module](self#cost) says why it is not O(1).
    ///
    /// # Panics
    /// If there are `isize::MAX` elements already, or up to 64 fewer.
    pub fn push_front(&mut self, value: T) {
        let mut joined = Self::unit(value);
        joined.append(self.clone());
        *self = joined;
    }

    /// Removes the first element, and returns a clone of it, or `None` if there is none. O(log n): rebuilds the path to
    /// the first leaf, and copies up to one leaf of elements.
    pub fn pop_front(&mut self) -> Option<T> {
        let first = self.get(0)?.clone();
        *self = self.slice(1..);
        Some(first)
    }

    // --- parts --------------------------------------------------------------------------------

    /// The elements of `range`; this vector stays as it is. O(log n): copies the nodes at the two cuts, and shares all
    /// others.
    ///
    /// # Panics
    /// If the range ends past the end of the vector, or begins behind its own end.
    ///
    /// ```
    /// let vector: persistent_collections::Vector<u32> = (0..1000).collect();
    /// let middle = vector.slice(300..700);
    /// assert_eq!((middle.len(), middle[0], vector.len()), (400, 300, 1000));
    /// ```
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

    /// The elements `start..end`. The range must lie within the vector.
    fn part(&self, start: usize, end: usize) -> Self {
        if end - start <= Self::MAX_SMALL {
            return self.small_part(start, end);
        }
        let mut part = Self::hollow();
        // The leaf of the last element becomes the tail. It is shared unless the part begins within it.
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
            // SAFETY: the elements before those of the new tail are in the tree, which this vector holds.
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

    /// As [`part`](Self::part), for so few elements that the handle has room for them. The part shares no leaf, so it
    /// keeps none alive.
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

    /// Splits the vector in two: the elements before `index`, and the others. O(log n): copies the nodes at the cut.
    ///
    /// # Panics
    /// If `index` is greater than the length.
    pub fn split_at(self, index: usize) -> (Self, Self) {
        let (left, right) = (self.slice(..index), self.slice(index..));
        // Dropping an element may panic. It must happen before the two are returned, because afterwards nothing would
        // drop them.
        drop(self);
        (left, right)
    }

    /// Removes the elements from `index` on, and returns them. O(log n): copies the nodes at the cut.
    ///
    /// # Panics
    /// If `index` is greater than the length.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..1000).collect();
    /// let right = vector.split_off(300);
    /// assert_eq!((vector.len(), right.len(), right[0]), (300, 700, 300));
    /// ```
    #[must_use]
    pub fn split_off(&mut self, index: usize) -> Self {
        let right = self.slice(index..);
        self.truncate(index);
        right
    }

    /// The first `count` elements, or all if there are fewer; this vector stays as it is. Costs the same as
    /// [`slice`](Self::slice).
    #[must_use]
    pub fn take(&self, count: usize) -> Self {
        self.part(0, count.min(self.len()))
    }

    /// All elements except the first `count`; this vector stays as it is. The result is empty if there are no more.
    /// Costs the same as [`slice`](Self::slice).
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        self.part(count.min(self.len()), self.len())
    }

    /// Keeps the first `length` elements. Does nothing if there are no more. O(log n), and the time to drop the
    /// elements that no other version holds.
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
            // SAFETY: this version alone holds the tail, and sees `tail_len` elements of it.
            unsafe { tail.forget_beyond(self.tail_len()) };
        }
    }

    // --- joining ------------------------------------------------------------------------------

    /// Appends the elements of `other`. O(log n): the result shares the nodes of both vectors, except those along the
    /// seam between them, which are made anew.
    ///
    /// # Panics
    /// If the result would have more than `isize::MAX` elements, or up to 64 fewer.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..300).collect();
    /// let other: persistent_collections::Vector<u32> = (300..1000).collect();
    /// vector.append(other.clone());
    /// assert_eq!((vector.len(), vector[999], other.len()), (1000, 999, 700));
    /// ```
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

    /// The elements of this vector, followed by those of `other`; both stay as they are. Costs the same as
    /// [`append`](Self::append).
    ///
    /// # Panics
    /// If the result would have more than `isize::MAX` elements, or up to 64 fewer.
    ///
    /// ```
    /// let left: persistent_collections::Vector<u32> = (0..300).collect();
    /// let joined = left.concat(&(300..1000).collect());
    /// assert_eq!((left.len(), joined.len()), (300, 1000));
    /// ```
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
            // Although they have so few elements, either vector may have a tree.
            let mut joined = self.small_part(0, self.len());
            joined.extend_from_part(other, 0, other.len());
            return joined;
        }
        match other.tree() {
            None => self.concat_tail(other),
            Some(right) => self.concat_tree(other, right),
        }
    }

    /// [`concat`](Self::concat) with a vector that has no tree.
    fn concat_tail(&self, other: &Self) -> Self {
        let most = Width::<T>::LEAF;
        let (first, second) = (self.last_slice(), other.last_slice());
        let mut joined = self.clone();
        if first.is_empty() {
            if let Some(tail) = joined.nodes_mut().tail.take() {
                // SAFETY: gives up the hold that the field `tail` had.
                unsafe { tail.release() };
            }
            joined.share_tail(other);
        } else if first.len() + second.len() <= most {
            joined.replace_tail(
                || Leaf::of_clones(first, second, first.len() + second.len()),
                first.len() + second.len(),
            );
        } else if first.len() >= Width::<T>::HALF_LEAF {
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

    /// Makes the leaf that `leaf` returns the tail. This version sees all of its `length` elements.
    fn replace_tail(&mut self, leaf: impl FnOnce() -> Leaf<T, C>, length: usize) {
        let leaf = leaf();
        let nodes = self.nodes();
        self.body = Body { nodes: Nodes { tail: Some(leaf), ..nodes } };
        (self.small_len, self.small_room) = (0, 0);
        self.tail_len = length as u16;
        self.tail_room = leaf.room() as u16;
        if let Some(old) = nodes.tail {
            // SAFETY: gives up the hold that the field `tail` had.
            unsafe { old.release() };
        }
    }

    /// Shares the tail of `other`, or copies the elements in the handle of `other` to a tail. This vector must have no
    /// tail.
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
        // A tail that is at least half full becomes a leaf as it is. A smaller one is merged with the leaf before it.
        let scant = if left.tail_len() >= Width::<T>::HALF_LEAF {
            None
        } else {
            left.nodes().tail.filter(|_| left.tail_len > 0)
        };
        if scant.is_none() && left.tail_len > 0 {
            left.flush_tail();
        }
        let scant = scant.map(|tail| Tree { link: tail.link(), height: 0, size: left.tail_len() });
        let mut joined = Self::hollow();
        let relaxed = &mut (left.shape.is_relaxed() || other.shape.is_relaxed());
        // SAFETY: the trees are held by the two vectors, or were made here.
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
            // This frees a leaf that was made of the tail and has been merged since. Dropping its elements may panic.
            // It must happen before the joined vector is returned, because afterwards nothing would drop that.
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

    /// Appends clones of `values`. O(1) for each, amortised, and faster than one [`push_back`](Self::push_back) after
    /// the other. Copies a shared tail at most once. If a clone panics, the elements before it stay.
    ///
    /// # Panics
    /// If there would be more than `isize::MAX` elements, or up to 64 fewer.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// let before = vector.clone();
    /// vector.extend_from_slice(&[100, 101]);
    /// assert_eq!((before.len(), vector.len()), (100, 102));
    /// ```
    pub fn extend_from_slice(&mut self, mut values: &[T]) {
        // Only a slice of elements without a size can be so long.
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
                // SAFETY: there is room for all elements of `fill`, and the tail is this version's own.
                unsafe { tail.items().add(appending.length).write(value.clone()) };
                appending.length += 1;
            }
            values = rest;
        }
    }

    /// Inserts `value` before the element at `index`, or at the end if `index` is the length.
    ///
    /// O(log n): splits the vector there and joins the parts, which copies the nodes along the cut. O(1) within the
    /// tail, which is copied if it is shared. If a clone panics, nothing has changed.
    ///
    /// # Panics
    /// If `index` is greater than the length, or if there are `isize::MAX` elements already, or up to 64 fewer.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..1000).collect();
    /// let before = vector.clone();
    /// vector.insert(500, 7);
    /// assert_eq!((vector[500], vector[501], before[500]), (7, 500, 500));
    /// ```
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
        // SAFETY: the tail is this version's own, and has room for one more element. Nothing in this block can panic.
        unsafe {
            let place = tail.items().add(offset);
            ptr::copy(place, place.add(1), length - offset);
            place.write(value);
            tail.set_fill(length + 1);
        }
        self.tail_len += 1;
    }

    /// Removes the element at `index`, and returns it.
    ///
    /// O(log n): joins the parts before and behind it, which copies the nodes along the cut, and clones the element.
    /// O(1) within the tail, which is copied if it is shared. If a clone panics, nothing has changed.
    ///
    /// # Panics
    /// If `index` is not less than the length.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..1000).collect();
    /// let before = vector.clone();
    /// assert_eq!(vector.remove(500), 500);
    /// assert_eq!((vector[500], before[500]), (501, 500));
    /// ```
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
        // SAFETY: the tail is this version's own. After `forget_beyond` it has only the elements that this version
        // sees.
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

    /// Inserts `value` into a sorted vector, so that it stays sorted: before an equal element if there is one. Costs as
    /// much as [`binary_search`](Self::binary_search) and [`insert`](Self::insert) together.
    ///
    /// # Panics
    /// If there are `isize::MAX` elements already, or up to 64 fewer.
    pub fn insert_ord(&mut self, value: T)
    where
        T: Ord,
    {
        let (Ok(index) | Err(index)) = self.binary_search(&value);
        self.insert(index, value);
    }

    /// Inserts `value` into a vector that is sorted by `compare`, so that it stays sorted: before an equal element if
    /// there is one. Costs as much as [`binary_search_by`](Self::binary_search_by) and [`insert`](Self::insert)
    /// together.
    ///
    /// # Panics
    /// If there are `isize::MAX` elements already, or up to 64 fewer.
    ///
    /// ```
    /// let mut falling: persistent_collections::Vector<_> = [5, 3, 1].into();
    /// falling.insert_ord_by(4, |left, right| right.cmp(left));
    /// assert_eq!(falling, [5, 4, 3, 1].into());
    /// ```
    pub fn insert_ord_by(&mut self, value: T, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let (Ok(index) | Err(index)) = self.binary_search_by(|element| compare(element, &value));
        self.insert(index, value);
    }

    /// Inserts `value` into a vector that is sorted by a key, so that it stays sorted: before an element with an equal
    /// key if there is one. Costs the same as [`insert_ord_by`](Self::insert_ord_by).
    ///
    /// # Panics
    /// If there are `isize::MAX` elements already, or up to 64 fewer.
    pub fn insert_ord_by_key<K: Ord>(&mut self, value: T, mut key: impl FnMut(&T) -> K) {
        let own = key(&value);
        let (Ok(index) | Err(index)) = self.binary_search_by(|element| key(element).cmp(&own));
        self.insert(index, value);
    }

    // --- all elements -------------------------------------------------------------------------

    /// Every element in order, to be changed in this version only. O(n). Leaves and branches that other versions share
    /// are copied when the iteration reaches them, whether or not an element is changed.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..100).collect();
    /// let before = vector.clone();
    /// vector.iter_mut().for_each(|element| *element += 1);
    /// assert_eq!((before[99], vector[99]), (99, 100));
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, T, C> {
        IterMut::new(self)
    }

    /// The elements as slices, one per leaf, none of them empty, to be changed in this version only. O(log n) for each
    /// leaf. Leaves and branches that other versions share are copied when the iteration reaches them.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..1000).collect();
    /// let before = vector.clone();
    /// vector.leaves_mut().for_each(|leaf| leaf.fill(7));
    /// assert_eq!((before[999], vector[999]), (999, 7));
    /// ```
    pub fn leaves_mut(&mut self) -> LeavesMut<'_, T, C> {
        LeavesMut::new(self)
    }

    /// A view for reading and changing many elements by index, which remembers the leaf of the last one. O(1), copies
    /// nothing.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..1000).collect();
    /// let mut focus = vector.focus_mut();
    /// for index in 1..focus.len() {
    ///     *focus.index_mut(index) += *focus.index(index - 1);
    /// }
    /// assert_eq!(vector[999], 499_500);
    /// ```
    pub fn focus_mut(&mut self) -> FocusMut<'_, T, C> {
        FocusMut::new(self)
    }

    /// Keeps the elements for which `keep` returns true. O(n): builds a new vector from clones of these elements, but
    /// leaves the vector as it is if `keep` returns true for all. If `keep` panics, nothing has changed.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<u32> = (0..10).collect();
    /// let before = vector.clone();
    /// vector.retain(|element| element % 2 == 0);
    /// assert_eq!((vector, before.len()), ([0, 2, 4, 6, 8].into(), 10));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let kept: Self = self.iter().filter(|element| keep(element)).cloned().collect();
        if kept.len() < self.len() {
            *self = kept;
        }
    }

    /// Sorts the elements; equal ones keep their order. O(n log n): sorts clones in a `Vec`, and builds a new vector
    /// from them. If a comparison panics, nothing has changed.
    ///
    /// # Panics
    /// As std's `sort`, it may panic if `T::cmp` is not a total order.
    ///
    /// ```
    /// let mut vector: persistent_collections::Vector<_> = [3, 1, 2].into();
    /// let before = vector.clone();
    /// vector.sort();
    /// assert_eq!((vector, before), ([1, 2, 3].into(), [3, 1, 2].into()));
    /// ```
    pub fn sort(&mut self)
    where
        T: Ord,
    {
        self.sort_by(T::cmp);
    }

    /// Sorts the elements by `compare`; equal ones keep their order. Costs the same as [`sort`](Self::sort). If a
    /// comparison panics, nothing has changed.
    ///
    /// # Panics
    /// As std's `sort_by`, it may panic if `compare` is not a total order.
    pub fn sort_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering) {
        let mut sorted: Vec<T> = self.iter().cloned().collect();
        sorted.sort_by(compare);
        *self = sorted.into();
    }

    /// Sorts the elements by a key; those with equal keys keep their order. Costs the same as [`sort`](Self::sort),
    /// with O(n log n) calls of `key`. If `key` or a comparison panics, nothing has changed.
    ///
    /// # Panics
    /// As std's `sort_by_key`, it may panic if `K::cmp` is not a total order.
    pub fn sort_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.sort_by(|left, right| key(left).cmp(&key(right)));
    }
}

/// A guard for appending elements to a tail that is the vector's own. When it is dropped, even by a panic in making the
/// next element, it sets the tail's length to the number of elements written.
struct Appending<'a, T, C: Counter> {
    vector: &'a mut GenericVector<T, C>,
    tail: Leaf<T, C>,
    length: usize,
}

impl<T, C: Counter> Drop for Appending<'_, T, C> {
    #[inline]
    fn drop(&mut self) {
        self.vector.tail_len = self.length as u16;
        // SAFETY: the tail is the vector's own, and `length` elements of it have been written.
        unsafe { self.tail.set_fill(self.length) };
    }
}
