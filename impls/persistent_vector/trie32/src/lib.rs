//! The textbook persistent vector: a 32-way radix trie with a tail.
//!
//! Source: the vector of Rich Hickey's Clojure, after Phil Bagwell's ideal hash trees; the plan of
//! data-map's PersistentVector asks for the same.
//!
//! ```text
//!   Vector { length in the trie: 96, shift: 5 }
//!       │                              │
//!     root                            tail                 an index, read in base 32:
//!       ▼                              ▼
//!   ┌─Branch──────────────┐     Vec of 0 to 32 elements      …00010 11111 = 95
//!   │ 0 │ 1 │ 2 │ – … – │ │     ┌────┬────┬────┐                 │     └── element of the leaf
//!   └─┼───┼───┼───────────┘     │ 96 │ 97 │ 98 │                 └──────── slot of the root
//!     ▼   ▼   ▼                 └────┴────┴────┘
//!   ┌─Leaf┐ … ┌─Leaf────────┐
//!   │0..32│   │ 64 … 94  95 │   every box is one allocation behind an Arc
//!   └─────┘   └─────────────┘
//! ```
//!
//! All changes happen in place where this version owns what it changes, and otherwise copy the nodes
//! from the root to the change. Pushing and popping touch the tail only, 31 times out of 32.
//!
//! Invariants:
//!
//! * every leaf holds exactly 32 elements; what does not fill a leaf is in the tail;
//! * the leaves fill the trie from the left without a gap, so an index is a path;
//! * no branch is empty, and the root has at least two children or is the only leaf: with `shift` the
//!   number of index bits below the root's slots, `32 << (shift - 5) < trie length <= 32 << shift`.
//!
//! Elements lie in the nodes by value. A leaf is built on the stack before it moves behind its `Arc`, so
//! elements beyond some kilobytes each belong into a `Box`.

use std::fmt::{self, Debug};
use std::mem;
use std::ops::Range;
use std::slice;
use std::sync::Arc;

use arrayvec::ArrayVec;
use scenarios::persistent_vector::{Family, PersistentVector};
use scenarios::{About, Capability, Contender, Growth, Role};

/// Bits of an index that one level consumes.
const BITS: u32 = 5;

/// Children of a branch, elements of a leaf, and the most that the tail holds.
const WIDTH: usize = 1 << BITS;

/// The part of `index` that selects a slot where `shift` bits lie below.
fn slot(index: usize, shift: u32) -> usize {
    (index >> shift) % WIDTH
}

/// One allocation, with room for 32 whatever it holds.
enum Node<T> {
    Branch(ArrayVec<Arc<Node<T>>, WIDTH>),
    Leaf(ArrayVec<T, WIDTH>),
}

impl<T: Clone> Clone for Node<T> {
    /// Clones the elements of a leaf; shares the children of a branch.
    fn clone(&self) -> Self {
        match self {
            Node::Branch(children) => Node::Branch(children.clone()),
            // An array of known length is copied as memory where the elements allow it.
            Node::Leaf(values) => match <&[T; WIDTH]>::try_from(values.as_slice()) {
                Ok(full) => Node::Leaf(ArrayVec::from(full.clone())),
                Err(_) => Node::Leaf(values.clone()),
            },
        }
    }
}

impl<T> Node<T> {
    fn leaf() -> Arc<Self> {
        Arc::new(Node::Leaf(ArrayVec::new()))
    }

    /// A branch with one child.
    fn branch(child: Arc<Self>) -> Arc<Self> {
        Arc::new(Node::Branch(ArrayVec::from_iter([child])))
    }

    fn children(&self) -> &ArrayVec<Arc<Self>, WIDTH> {
        match self {
            Node::Branch(children) => children,
            Node::Leaf(_) => unreachable!("a leaf where the height asks for a branch"),
        }
    }

    fn children_mut(&mut self) -> &mut ArrayVec<Arc<Self>, WIDTH> {
        match self {
            Node::Branch(children) => children,
            Node::Leaf(_) => unreachable!("a leaf where the height asks for a branch"),
        }
    }

    fn values(&self) -> &ArrayVec<T, WIDTH> {
        match self {
            Node::Leaf(values) => values,
            Node::Branch(_) => unreachable!("a branch at the height of the leaves"),
        }
    }

    fn values_mut(&mut self) -> &mut ArrayVec<T, WIDTH> {
        match self {
            Node::Leaf(values) => values,
            Node::Branch(_) => unreachable!("a branch at the height of the leaves"),
        }
    }

    /// The leaf that holds the trie's `index`, for a root with `shift` bits below its slots.
    fn leaf_of(self: &Arc<Self>, index: usize, mut shift: u32) -> &Arc<Self> {
        let mut node = self;
        while shift > 0 {
            node = &node.children()[slot(index, shift)];
            shift -= BITS;
        }
        node
    }
}

/// A sequence with cheap versions.
///
/// Cloning shares everything and is O(1). Below, n is the number of elements. Should `T::clone` panic,
/// the change that needed it does not happen.
pub struct Vector<T> {
    /// `None` while everything fits into the tail.
    root: Option<Arc<Node<T>>>,
    /// Number of index bits below the root's slots; 0 where the root is a leaf, or missing.
    shift: u32,
    /// Number of elements in the trie, a multiple of 32; all others are in the tail.
    trie_len: usize,
    tail: Arc<Node<T>>,
}

impl<T> Vector<T> {
    /// The empty vector.
    pub fn new() -> Self {
        Vector { root: None, shift: 0, trie_len: 0, tail: Node::leaf() }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.trie_len + self.tail.values().len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`, or `None` past the end. O(log₃₂ n).
    pub fn get(&self, index: usize) -> Option<&T> {
        if index >= self.trie_len {
            return self.tail.values().get(index - self.trie_len);
        }
        self.leaf(index).values().get(slot(index, 0))
    }

    /// The leaf that holds `index`: one of the trie, or the tail from its first index on.
    fn leaf(&self, index: usize) -> &Arc<Node<T>> {
        match &self.root {
            Some(root) if index < self.trie_len => root.leaf_of(index, self.shift),
            _ => &self.tail,
        }
    }

    /// The elements from `index` to the end of its leaf; none past the end of the vector.
    fn rest_of_leaf(&self, index: usize) -> &[T] {
        let first = index.min(self.trie_len) + index.saturating_sub(self.trie_len);
        let _ = first;
        let start = if index < self.trie_len { slot(index, 0) } else { index - self.trie_len };
        self.leaf(index).values().get(start..).unwrap_or_default()
    }

    /// Every element in order. O(1) per element, amortised: the trie is descended once per leaf.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { vector: self, leaf: [].iter(), next: 0 }
    }
}

impl<T: Clone> Vector<T> {
    /// Appends `value`. Amortised O(1) where the tail is this version's own; otherwise the tail is
    /// copied, at most 31 elements.
    pub fn push_back(&mut self, value: T) {
        if self.tail.values().is_full() {
            self.flush_tail();
        }
        match Arc::get_mut(&mut self.tail) {
            Some(tail) => tail.values_mut().push(value),
            None => {
                let mut values = self.tail.values().clone();
                values.push(value);
                self.tail = Arc::new(Node::Leaf(values));
            }
        }
    }

    /// Makes the full tail the trie's last leaf.
    fn flush_tail(&mut self) {
        let leaf = mem::replace(&mut self.tail, Node::leaf());
        self.append_leaf(leaf);
    }

    /// Appends a full leaf to the trie.
    fn append_leaf(&mut self, leaf: Arc<Node<T>>) {
        let index = self.trie_len;
        self.trie_len += WIDTH;
        let Some(root) = &mut self.root else {
            self.root = Some(leaf);
            return;
        };
        if index == WIDTH << self.shift {
            // The trie is full: one more level.
            *root = Node::branch(Arc::clone(root));
            self.shift += BITS;
        }
        let mut shift = self.shift;
        let mut node = root;
        loop {
            let children = Arc::make_mut(node).children_mut();
            shift -= BITS;
            if slot(index, shift + BITS) == children.len() {
                // A new subtree begins here, whose branches have one child each.
                let mut child = leaf;
                for _ in 0..shift / BITS {
                    child = Node::branch(child);
                }
                children.push(child);
                return;
            }
            node = children.last_mut().expect("no branch is empty");
        }
    }

    /// Removes and returns the last element. Amortised O(1) where it is this version's own; otherwise
    /// the tail is copied, and once in 32 times the path to the last leaf.
    pub fn pop_back(&mut self) -> Option<T> {
        if self.tail.values().is_empty() {
            // Only now, not as soon as the tail is empty: pushes and pops around a leaf's boundary would
            // move the leaf each time.
            self.tail = self.remove_last_leaf()?;
        }
        match Arc::get_mut(&mut self.tail) {
            Some(tail) => tail.values_mut().pop(),
            None => {
                let (last, others) = self.tail.values().split_last()?;
                let last = last.clone();
                self.tail = Arc::new(Node::Leaf(others.iter().cloned().collect()));
                Some(last)
            }
        }
    }

    /// Takes the last leaf out of the trie, with every branch that it leaves empty.
    fn remove_last_leaf(&mut self) -> Option<Arc<Node<T>>> {
        let last = self.trie_len.checked_sub(WIDTH)?;
        self.trie_len = last;
        let Some(mut node) = self.root.as_mut().filter(|_| last > 0) else {
            self.shift = 0;
            return self.root.take();
        };
        let mut shift = self.shift;
        let removed = loop {
            let children = Arc::make_mut(node).children_mut();
            shift -= BITS;
            if last % (WIDTH << shift) == 0 {
                // The last child holds nothing but the last leaf.
                break children.pop()?;
            }
            node = children.last_mut()?;
        };
        let leaf = Arc::clone(removed.leaf_of(0, shift));
        self.lower_root();
        Some(leaf)
    }

    /// Makes the root's only child the root.
    fn lower_root(&mut self) {
        while let Some(Node::Branch(children)) = self.root.as_deref()
            && let [child] = children.as_slice()
        {
            self.root = Some(Arc::clone(child));
            self.shift -= BITS;
        }
    }

    /// Replaces the element at `index`; `false`, and nothing changes, past the end. O(log₃₂ n), and the
    /// shared nodes on the path are copied.
    pub fn set(&mut self, index: usize, value: T) -> bool {
        if index >= self.len() {
            return false;
        }
        let mut shift = self.shift;
        let (mut node, start) = match &mut self.root {
            Some(root) if index < self.trie_len => (root, 0),
            _ => (&mut self.tail, self.trie_len),
        };
        loop {
            match Arc::make_mut(node) {
                Node::Leaf(values) => {
                    values[(index - start) % WIDTH] = value;
                    return true;
                }
                Node::Branch(children) => node = &mut children[slot(index, shift)],
            }
            shift -= BITS;
        }
    }

    /// Appends every one of `values`. Amortised O(1) each.
    pub fn extend(&mut self, mut values: impl Iterator<Item = T>) {
        loop {
            if self.tail.values().is_full() {
                self.flush_tail();
            }
            let tail = Arc::make_mut(&mut self.tail).values_mut();
            tail.extend(values.by_ref().take(tail.remaining_capacity()));
            if !tail.is_full() {
                return;
            }
        }
    }

    /// The elements of `range`, which must lie within the vector; `None` where it does not.
    ///
    /// O(log₃₂ n) from index 0, where whole subtrees are shared. From elsewhere the elements move to
    /// other places in their leaves: O(length), or O(length / 32) where the range begins with a leaf.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.len() {
            return None;
        }
        if range.start == 0 {
            return Some(self.prefix(range.end));
        }
        let mut part = Self::new();
        part.extend_from(self, range);
        Some(part)
    }

    /// This vector's elements, then those of `other`. O(length of `other`), or O(1/32) of that where
    /// this vector's length is a multiple of 32.
    pub fn concat(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        let mut joined = self.clone();
        joined.extend_from(other, 0..other.len());
        joined
    }

    /// The first `length` elements, at most all.
    fn prefix(&self, length: usize) -> Self {
        let in_leaves = self.trie_len.min(length - length % WIDTH);
        let values = &self.rest_of_leaf(in_leaves)[..length - in_leaves];
        let mut prefix = Vector {
            root: None,
            shift: self.shift,
            trie_len: in_leaves,
            tail: Arc::new(Node::Leaf(values.iter().cloned().collect())),
        };
        if in_leaves == 0 {
            prefix.shift = 0;
        } else {
            prefix.root = self.root.as_ref().map(|root| cut(root, self.shift, in_leaves));
            prefix.lower_root();
        }
        prefix
    }

    /// Appends the elements of `other` in `range`, which must lie within it, leaf by leaf; leaves whose
    /// elements keep their places are shared.
    fn extend_from(&mut self, other: &Self, range: Range<usize>) {
        let mut index = range.start;
        while index < range.end {
            if self.tail.values().is_full() {
                self.flush_tail();
            }
            let values = other.rest_of_leaf(index);
            let values = &values[..values.len().min(range.end - index)];
            if self.tail.values().is_empty() && values.len() == WIDTH {
                self.append_leaf(Arc::clone(other.leaf(index)));
                index += WIDTH;
            } else {
                let tail = Arc::make_mut(&mut self.tail).values_mut();
                let taken = values.len().min(tail.remaining_capacity());
                tail.extend(values[..taken].iter().cloned());
                index += taken;
            }
        }
    }
}

/// The first `length` elements below `node`, by copying the branches on the path to the cut. `length`
/// is a positive multiple of 32 that the node holds.
fn cut<T>(node: &Arc<Node<T>>, shift: u32, length: usize) -> Arc<Node<T>> {
    if length == WIDTH << shift {
        return Arc::clone(node);
    }
    let last = slot(length - 1, shift);
    let children = node.children();
    let mut kept: ArrayVec<_, WIDTH> = children[..last].iter().cloned().collect();
    kept.push(cut(&children[last], shift - BITS, length - (last << shift)));
    Arc::new(Node::Branch(kept))
}

impl<T> Clone for Vector<T> {
    /// Shares everything. O(1).
    fn clone(&self) -> Self {
        Vector {
            root: self.root.clone(),
            shift: self.shift,
            trie_len: self.trie_len,
            tail: Arc::clone(&self.tail),
        }
    }
}

impl<T> Default for Vector<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Debug> Debug for Vector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// Iterator over the elements of a [`Vector`] in order.
pub struct Iter<'a, T> {
    vector: &'a Vector<T>,
    /// What is left of the present leaf.
    leaf: slice::Iter<'a, T>,
    /// Index of the first element after it.
    next: usize,
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        if let Some(value) = self.leaf.next() {
            return Some(value);
        }
        let leaf = self.vector.rest_of_leaf(self.next);
        self.next += leaf.len();
        self.leaf = leaf.iter();
        self.leaf.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.leaf.len() + (self.vector.len() - self.next);
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

impl<'a, T> IntoIterator for &'a Vector<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T: Clone> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector::new()
    }

    fn len(&self) -> usize {
        Vector::len(self)
    }

    fn get(&self, index: usize) -> Option<&T> {
        Vector::get(self, index)
    }

    fn push_back(&mut self, value: T) {
        Vector::push_back(self, value);
    }

    fn pop_back(&mut self) -> Option<T> {
        Vector::pop_back(self)
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        Vector::set(self, index, value)
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        Vector::iter(self)
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        Vector::slice(self, range)
    }

    fn concat(&self, other: &Self) -> Self {
        Vector::concat(self, other)
    }

    fn from_values(values: impl Iterator<Item = T>) -> Self {
        let mut vector = Vector::new();
        vector.extend(values);
        vector
    }
}

struct Trie32;

impl Family for Trie32 {
    type Vector<T>
        = Vector<T>
    where
        T: Clone + Debug + PartialEq + Send + Sync + 'static;
}

/// The contender: a 32-way radix trie with a tail.
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<Trie32>(About {
        name: "trie32",
        role: Role::Optimized,
        summary: "A 32-way radix trie with a tail of up to 32 elements, one allocation per node.",
        source: "Hickey's Clojure vector after Bagwell, \"Ideal Hash Trees\" (2001); data-map's PersistentVector",
        analysis: ANALYSIS,
        complexity: &[
            ("push_unshared", Growth::Constant),
            ("push_shared", Growth::Constant),
            ("get_random", Growth::Logarithmic),
            ("set_unshared", Growth::Logarithmic),
            ("set_shared", Growth::Logarithmic),
            ("pop_all", Growth::Constant),
            ("iterate", Growth::Constant),
            ("slice", Growth::Linear),
            ("concat", Growth::Linear),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "";
