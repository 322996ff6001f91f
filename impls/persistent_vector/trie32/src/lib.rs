//! The textbook persistent vector: a 32-way radix trie with a tail.
//!
//! Source: the vector of Rich Hickey's Clojure, after Phil Bagwell's "Ideal Hash Trees". data-map plans the same
//! structure for its PersistentVector.
//!
//! ```text
//!   Vector { shift: 5, trie_len: 96 }          an index, read in base 32:
//!       │                        │
//!     root                      tail             95 = 00010 11111
//!       ▼                        ▼                      │     └─ element of the leaf
//!   ┌─Branch──────┐      ┌─Leaf──────────┐              └─ slot of the root
//!   │ 0 │ 1 │ 2 │…│      │ 96 │ 97 │ 98 │…
//!   └─┼───┼───┼───┘      └───────────────┘
//!     ▼   ▼   ▼
//!  ┌─Leaf─┐ … ┌─Leaf─────────────┐      Every box is one allocation behind an Arc,
//!  │ 0 …  │   │ 64 │ 65 │ … │ 95 │      with room for 32 items.
//!  └──────┘   └──────────────────┘
//! ```
//!
//! A change happens in place in nodes that only this version holds. Nodes on the path to the change that other
//! versions hold, too, are copied. Pushing and popping touch only the tail, 31 times out of 32.
//!
//! Invariants:
//!
//! * the leaves of the trie are full, and all at the same depth; elements that do not fill a leaf are in
//!   the tail, which may also be full or empty;
//! * all branches but those on the right edge have 32 children, and none is empty, so an index is a path;
//! * the root is a leaf, or has at least two children.

mod chunk;

use std::fmt::{self, Debug};
use std::mem;
use std::ops::Range;
use std::slice;
use std::sync::Arc;

use scenarios::persistent_vector::PersistentVector;
use scenarios::{About, Capability, Contender, Growth, Role};

use chunk::Chunk;

/// Bits of an index that one level consumes.
const BITS: u32 = 5;

/// The most children of a branch, elements of a leaf, and elements of the tail.
const WIDTH: usize = 1 << BITS;

/// The slot that `index` selects in a node below whose slots lie `shift` bits of the index.
fn slot(index: usize, shift: u32) -> usize {
    (index >> shift) % WIDTH
}

/// One allocation, with room for 32 items whatever it holds.
#[expect(clippy::large_enum_variant, reason = "a leaf is no smaller where elements are as large as pointers")]
enum Node<T> {
    Branch(Chunk<Arc<Node<T>>>),
    Leaf(Chunk<T>),
}

impl<T> Node<T> {
    /// An empty node, made in its final place because it is too large to be moved there.
    #[inline]
    fn place(empty: impl FnOnce() -> Self) -> Arc<Self> {
        let mut place = Arc::new_uninit();
        Arc::get_mut(&mut place).expect("a new Arc is unique").write(empty());
        // SAFETY: the line above has written it.
        unsafe { place.assume_init() }
    }

    /// A leaf of clones of `values`.
    fn leaf(values: &[T]) -> Arc<Self>
    where
        T: Clone,
    {
        let mut leaf = Node::place(|| Node::Leaf(Chunk::new()));
        Node::unique(&mut leaf).values_mut().extend_from_slice(values);
        leaf
    }

    /// A branch that shares `children`.
    fn branch(children: &[Arc<Self>]) -> Arc<Self> {
        let mut branch = Node::place(|| Node::Branch(Chunk::new()));
        Node::unique(&mut branch).children_mut().extend_from_slice(children);
        branch
    }

    /// The content of a node that is held only once.
    fn unique(node: &mut Arc<Self>) -> &mut Self {
        Arc::get_mut(node).expect("this node is held once, and nobody makes weak pointers")
    }

    /// The content of a node; a node that others hold, too, is copied first.
    ///
    /// This is `Arc::make_mut`, but it builds the copy in its final place.
    #[inline]
    fn own(node: &mut Arc<Self>) -> &mut Self
    where
        T: Clone,
    {
        // A count of one stays one: only a clone of this reference could raise it, and this borrow is exclusive.
        if Arc::strong_count(node) != 1 {
            *node = match &**node {
                Node::Branch(children) => Node::branch(children),
                Node::Leaf(values) => Node::leaf(values),
            };
        }
        Node::unique(node)
    }

    fn children(&self) -> &Chunk<Arc<Self>> {
        match self {
            Node::Branch(children) => children,
            Node::Leaf(_) => unreachable!("a leaf where the height asks for a branch"),
        }
    }

    fn children_mut(&mut self) -> &mut Chunk<Arc<Self>> {
        match self {
            Node::Branch(children) => children,
            Node::Leaf(_) => unreachable!("a leaf where the height asks for a branch"),
        }
    }

    fn values(&self) -> &Chunk<T> {
        match self {
            Node::Leaf(values) => values,
            Node::Branch(_) => unreachable!("a branch at the height of the leaves"),
        }
    }

    fn values_mut(&mut self) -> &mut Chunk<T> {
        match self {
            Node::Leaf(values) => values,
            Node::Branch(_) => unreachable!("a branch at the height of the leaves"),
        }
    }

    /// The leaf for `index` below this node, with `shift` index bits below its slots.
    fn leaf_of(self: &Arc<Self>, index: usize, mut shift: u32) -> &Arc<Self> {
        let mut node = self;
        while shift > 0 {
            node = &node.children()[slot(index, shift)];
            shift -= BITS;
        }
        node
    }

    /// The first leaf below `node`, with `shift` index bits below its slots.
    fn into_first_leaf(mut node: Arc<Self>) -> Arc<Self> {
        while let Node::Branch(children) = &*node {
            node = Arc::clone(&children[0]);
        }
        node
    }

    /// The first `length` elements below this branch or leaf, where `length` is a positive multiple of 32. Shares the
    /// nodes in front of the cut and copies the branches on it.
    fn cut(self: &Arc<Self>, shift: u32, length: usize) -> Arc<Self> {
        if length == WIDTH << shift {
            return Arc::clone(self);
        }
        let last = slot(length - 1, shift);
        let children = self.children();
        let mut branch = Node::branch(&children[..last]);
        let child = children[last].cut(shift - BITS, length - (last << shift));
        Node::unique(&mut branch).children_mut().push(child);
        branch
    }
}

/// A sequence with cheap versions.
///
/// Cloning shares everything and is O(1). Below, n is the number of elements. If `T::clone` panics in a change, the
/// vector stays as it was.
pub struct Vector<T> {
    /// `None` while all elements fit into the tail.
    root: Option<Arc<Node<T>>>,
    /// Number of index bits below the root's slots; 0 if the root is a leaf, or if there is none.
    shift: u32,
    /// Number of elements in the trie, which is a multiple of 32; all others are in the tail.
    trie_len: usize,
    /// A leaf that need not be full.
    tail: Arc<Node<T>>,
}

impl<T> Vector<T> {
    /// The empty vector.
    pub fn new() -> Self {
        Vector { root: None, shift: 0, trie_len: 0, tail: Node::place(|| Node::Leaf(Chunk::new())) }
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
        let mut node = self.root.as_ref()?;
        let mut shift = self.shift;
        loop {
            match &**node {
                Node::Leaf(values) => return values.get(slot(index, 0)),
                Node::Branch(children) => node = children.get(slot(index, shift))?,
            }
            shift -= BITS;
        }
    }

    /// The elements from `index` to the end of its leaf or of the tail; empty if `index` is past the end.
    fn rest_of_leaf(&self, index: usize) -> &[T] {
        match &self.root {
            Some(root) if index < self.trie_len => {
                &root.leaf_of(index, self.shift).values()[slot(index, 0)..]
            }
            _ => self.tail.values().get(index - self.trie_len..).unwrap_or_default(),
        }
    }

    /// Every element in order. O(1) each, amortised: the trie is descended once per leaf.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { vector: self, leaf: [].iter(), next: 0 }
    }
}

impl<T: Clone> Vector<T> {
    /// Appends `value`. Amortised O(1) if the tail is this version's own; otherwise the tail's elements, at most 31,
    /// are copied.
    pub fn push_back(&mut self, value: T) {
        match Arc::get_mut(&mut self.tail) {
            Some(Node::Leaf(values)) if !values.is_full() => values.push(value),
            _ => self.push_back_beyond_tail(value),
        }
    }

    /// Appends `value`, with a tail that is full or shared.
    fn push_back_beyond_tail(&mut self, value: T) {
        if self.tail.values().is_full() {
            self.flush_tail();
        }
        Node::own(&mut self.tail).values_mut().push(value);
    }

    /// Makes the tail, which must be full, the trie's last leaf.
    fn flush_tail(&mut self) {
        let empty = Node::place(|| Node::Leaf(Chunk::new()));
        let leaf = mem::replace(&mut self.tail, empty);
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
            // The trie is full, so it gets one more level.
            *root = Node::branch(slice::from_ref(root));
            self.shift += BITS;
        }
        let mut node = root;
        let mut shift = self.shift;
        loop {
            let children = Node::own(node).children_mut();
            if slot(index, shift) == children.len() {
                // The leaf begins a subtree, with a branch of one child for each level above it.
                let between = shift / BITS - 1;
                children.push((0..between).fold(leaf, |child, _| Node::branch(&[child])));
                return;
            }
            node = children.last_mut().expect("no branch is empty");
            shift -= BITS;
        }
    }

    /// Removes and returns the last element. Amortised O(1) if the tail is this version's own; otherwise the tail is
    /// copied, and once in 32 times the path to the last leaf.
    pub fn pop_back(&mut self) -> Option<T> {
        match Arc::get_mut(&mut self.tail) {
            Some(Node::Leaf(values)) if !values.is_empty() => values.pop(),
            _ => self.pop_back_beyond_tail(),
        }
    }

    /// Removes and returns the last element, with a tail that is empty or shared.
    fn pop_back_beyond_tail(&mut self) -> Option<T> {
        if self.tail.values().is_empty() {
            self.tail = self.remove_last_leaf()?;
        }
        if let Some(tail) = Arc::get_mut(&mut self.tail) {
            return tail.values_mut().pop();
        }
        let (last, others) = self.tail.values().split_last()?;
        let last = last.clone();
        self.tail = Node::leaf(others);
        Some(last)
    }

    /// Takes the last leaf out of the trie, and with it the branches that would be empty without it.
    fn remove_last_leaf(&mut self) -> Option<Arc<Node<T>>> {
        let last = self.trie_len.checked_sub(WIDTH)?;
        self.trie_len = last;
        if last == 0 {
            return self.root.take();
        }
        let mut node = self.root.as_mut()?;
        let mut shift = self.shift;
        let removed = loop {
            let children = Node::own(node).children_mut();
            shift -= BITS;
            // Whether the last child holds the last leaf and nothing else.
            if last.is_multiple_of(WIDTH << shift) {
                break children.pop()?;
            }
            node = children.last_mut()?;
        };
        self.lower_root();
        Some(Node::into_first_leaf(removed))
    }

    /// Makes the root's only child the root.
    fn lower_root(&mut self) {
        while let Some(Node::Branch(children)) = self.root.as_deref()
            && let [only] = &**children
        {
            self.root = Some(Arc::clone(only));
            self.shift -= BITS;
        }
    }

    /// Replaces the element at `index`. Returns `false`, and changes nothing, if `index` is past the end. O(log₃₂ n),
    /// and the shared nodes on the path are copied.
    pub fn set(&mut self, index: usize, value: T) -> bool {
        if index >= self.trie_len {
            let index = index - self.trie_len;
            if index >= self.tail.values().len() {
                return false;
            }
            Node::own(&mut self.tail).values_mut()[index] = value;
            return true;
        }
        let Some(mut node) = self.root.as_mut() else { return false };
        let mut shift = self.shift;
        loop {
            match Node::own(node) {
                Node::Leaf(values) => {
                    values[slot(index, 0)] = value;
                    return true;
                }
                Node::Branch(children) => node = &mut children[slot(index, shift)],
            }
            shift -= BITS;
        }
    }

    /// Appends every one of `values`. Amortised O(1) each.
    pub fn extend(&mut self, mut values: impl Iterator<Item = T>) {
        while let Some(value) = values.next() {
            self.push_back(value);
            Node::own(&mut self.tail).values_mut().fill(&mut values);
        }
    }

    /// The elements of `range`, or `None` if it does not lie within the vector.
    ///
    /// O(log₃₂ n) if the range begins at index 0, because whole subtrees are then shared. Otherwise elements move to
    /// other places in their leaves: O(length), or O(length / 32) if the range begins at the beginning of a leaf.
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

    /// The first `length` elements; the vector has at least as many.
    fn prefix(&self, length: usize) -> Self {
        let trie_len = self.trie_len.min(length - length % WIDTH);
        let tail = Node::leaf(&self.rest_of_leaf(trie_len)[..length - trie_len]);
        if trie_len == 0 {
            return Vector { root: None, shift: 0, trie_len, tail };
        }
        let root = self.root.as_ref().map(|root| root.cut(self.shift, trie_len));
        let mut prefix = Vector { root, shift: self.shift, trie_len, tail };
        prefix.lower_root();
        prefix
    }

    /// This vector's elements, then those of `other`. O(length of `other`), or a 32nd of that if this vector's length
    /// is a multiple of 32.
    pub fn concat(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        let mut joined = self.clone();
        joined.extend_from(other, 0..other.len());
        joined
    }

    /// Appends, leaf by leaf, the elements of `other` in `range`, which must lie within it. Leaves whose elements keep
    /// their places are shared.
    fn extend_from(&mut self, other: &Self, range: Range<usize>) {
        let mut index = range.start;
        while index < range.end {
            if self.tail.values().is_full() {
                self.flush_tail();
            }
            let values = other.rest_of_leaf(index);
            let values = &values[..values.len().min(range.end - index)];
            let taken = match &other.root {
                Some(root)
                    if values.len() == WIDTH && index < other.trie_len && self.tail.values().is_empty() =>
                {
                    self.append_leaf(Arc::clone(root.leaf_of(index, other.shift)));
                    WIDTH
                }
                _ => {
                    let tail = Node::own(&mut self.tail).values_mut();
                    let taken = values.len().min(WIDTH - tail.len());
                    tail.extend_from_slice(&values[..taken]);
                    taken
                }
            };
            index += taken;
        }
    }
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
    /// What is left of the current leaf.
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

/// The family of such vectors.
pub struct Trie32;

scenarios::persistent_vector_family!(<T> Trie32 = Vector<T>);

/// The contender: a 32-way radix trie with a tail.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<Trie32>(About {
        name: "trie32",
        role: Role::Optimized,
        summary: "A 32-way radix trie with a tail of up to 32 elements, one allocation per node.",
        source: "Clojure's vector, after Bagwell, \"Ideal Hash Trees\" (2001); data-map's PersistentVector",
        analysis: ANALYSIS,
        complexity: &[
            ("push_unshared", Growth::Logarithmic),
            ("push_shared", Growth::Logarithmic),
            ("get_random", Growth::Logarithmic),
            ("set_unshared", Growth::Logarithmic),
            ("set_shared", Growth::Logarithmic),
            ("pop_all", Growth::Logarithmic),
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

const ANALYSIS: &str = "\
A radix trie over the index: branches of up to 32 children, and leaves of 32 elements by value. Apart from \
the trie there is a leaf called the tail, which takes pushes and gives pops. Each node is one allocation \
with room for 32 items; a version is a handle of two counted pointers.

Get reads five bits of the index per level and follows a pointer: it searches nothing and counts no bits. \
Push and pop change the tail in place if only this version holds it, and copy it otherwise. Every 32nd time \
a whole leaf moves into or out of the trie as a pointer, along a path of nodes: O(log n) with a small factor. \
Set copies the shared nodes on its path: per level \
a branch, which adds one to the counts of its 32 children, and at the end one leaf. Iteration descends once \
per leaf and then runs over an array. A slice from index 0 shares all but one path. Other slices, and \
concat, move elements to other places in their leaves, so they copy element by element unless the leaves' \
boundaries coincide.

It wins on reading: get and iterate are the nearest to an array that a trie gets. It beats the relaxed \
trees of im and imbl on push, pop and set, too: a leaf is half as large, there are no buffers and size \
tables to look at, and a copied node is written once, in its final place. It loses slice and concat to them \
on large vectors: O(n) against O(log n). Kept versions of very small vectors cost more than im's, which \
stores a few elements in the handle.

What could still be gained: a version that only pushes still copies half a leaf on average, and a set \
copies 32 pointers per level where narrower branches would copy fewer.";

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use scenarios::input::{draws, rng};
    use testkit::probe::Probe;
    use testkit::{Fragile, Is, Otherwise as _, expect_injected_panics};

    use super::*;

    fn numbers(range: Range<usize>) -> Vector<usize> {
        let mut vector = Vector::new();
        vector.extend(range);
        vector
    }

    /// Lengths at which the trie changes its shape, and their neighbours.
    const BOUNDARIES: [usize; 18] =
        [0, 1, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 1055, 1056, 1057, 2080, 32_768, 32_800, 32_801];

    /// Asserts that a vector has the expected elements and that its nodes keep the invariants.
    fn check<T: Debug + PartialEq + Clone>(vector: &Vector<T>, expected: &[T]) {
        assert_eq!(vector.len(), expected.len());
        assert!(vector.iter().eq(expected), "iteration of {} elements", expected.len());
        assert!(vector.iter().len() == expected.len());
        for (index, value) in expected.iter().enumerate() {
            assert_eq!(vector.get(index), Some(value), "index {index} of {}", expected.len());
        }
        assert_eq!(vector.get(expected.len()), None);
        assert_eq!(vector.get(usize::MAX), None);
        match &vector.root {
            None => assert_eq!((vector.trie_len, vector.shift), (0, 0)),
            Some(root) => {
                if let Node::Branch(children) = &**root {
                    assert!(children.len() >= 2, "the root of {} has one child", vector.trie_len);
                }
                assert_eq!(count_full(root, vector.shift, true), vector.trie_len);
            }
        }
    }

    /// Counts the elements below a node, and asserts that the nodes which are not on the right edge are full.
    fn count_full<T>(node: &Node<T>, shift: u32, right_edge: bool) -> usize {
        match node {
            Node::Leaf(values) => {
                assert!(shift == 0 && values.is_full(), "a leaf at shift {shift}, {} long", values.len());
                WIDTH
            }
            Node::Branch(children) => {
                assert!(if right_edge { !children.is_empty() } else { children.is_full() });
                let last = children.len() - 1;
                let children = children.iter().enumerate();
                children.map(|(at, child)| count_full(child, shift - BITS, right_edge && at == last)).sum()
            }
        }
    }

    #[test]
    fn pushes_and_pops_cross_every_boundary() {
        let longest = BOUNDARIES[BOUNDARIES.len() - 1];
        let model: Vec<usize> = (0..longest).collect();
        let mut vector = Vector::new();
        let mut held = Vec::new();
        for value in 0..=longest {
            if BOUNDARIES.contains(&value) {
                check(&vector, &model[..value]);
                held.push(vector.clone());
            }
            if value < longest {
                vector.push_back(value);
            }
        }
        // Down again: first on a copy, which shares every node, then on the last owner, which shares none.
        for mut vector in [vector.clone(), vector] {
            for value in (0..longest).rev() {
                assert_eq!(vector.pop_back(), Some(value));
                if BOUNDARIES.contains(&value) {
                    check(&vector, &model[..value]);
                }
            }
            assert_eq!(vector.pop_back(), None);
            vector.push_back(7);
            check(&vector, &[7]);
        }
        for (vector, length) in held.iter().zip(BOUNDARIES) {
            check(vector, &model[..length]);
        }
    }

    #[test]
    fn slices_and_concatenations_keep_the_invariants() {
        for length in BOUNDARIES.into_iter().filter(|length| *length <= 2080) {
            let vector = numbers(0..length);
            let model: Vec<usize> = (0..length).collect();
            for start in BOUNDARIES.into_iter().filter(|start| *start <= length) {
                let (head, rest) = (vector.slice(0..start).unwrap(), vector.slice(start..length).unwrap());
                check(&head, &model[..start]);
                check(&rest, &model[start..]);
                let mut joined = head.concat(&rest);
                check(&joined, &model);
                joined.push_back(length);
                assert_eq!(joined.get(length), Some(&length));
            }
            check(&vector, &model);
        }
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges)]
    fn ranges_outside_are_refused() {
        let vector = numbers(0..40);
        assert!(vector.slice(0..41).is_none());
        assert!(vector.slice(41..41).is_none());
        assert!(vector.slice(3..2).is_none());
        assert!(vector.slice(usize::MAX..usize::MAX).is_none());
        assert!(vector.slice(40..40).unwrap().is_empty());
        let mut vector = vector;
        assert!(!vector.set(40, 0) && !vector.set(usize::MAX, 0) && vector.set(39, 0));
    }

    fn leaf_address<T>(vector: &Vector<T>, index: usize) -> *const T {
        vector.rest_of_leaf(index).as_ptr()
    }

    #[test]
    fn whole_leaves_are_shared() {
        let vector = numbers(0..5000);
        let prefix = vector.slice(0..4000).unwrap();
        let aligned = vector.slice(64..4000).unwrap();
        let joined = numbers(0..320).concat(&vector);
        for leaf in (64..3968).step_by(WIDTH) {
            assert_eq!(leaf_address(&prefix, leaf), leaf_address(&vector, leaf));
            assert_eq!(leaf_address(&aligned, leaf - 64), leaf_address(&vector, leaf));
            assert_eq!(leaf_address(&joined, leaf + 320), leaf_address(&vector, leaf));
        }
    }

    #[test]
    fn a_sole_owner_changes_in_place() {
        let mut vector = numbers(0..5000);
        let before = leaf_address(&vector, 64);
        vector.set(70, 0);
        assert_eq!(leaf_address(&vector, 64), before);
        let held = vector.clone();
        vector.set(70, 1);
        assert_ne!(leaf_address(&vector, 64), before, "the leaf is shared and must be copied");
        assert_eq!(leaf_address(&vector, 96), leaf_address(&held, 96), "its neighbour need not be");
        assert_eq!((held.get(70), vector.get(70)), (Some(&0), Some(&1)));
        let tail = leaf_address(&vector, 4992);
        vector.push_back(0);
        assert_ne!(leaf_address(&vector, 4992), tail);
        let tail = leaf_address(&vector, 4992);
        vector.push_back(0);
        assert_eq!(leaf_address(&vector, 4992), tail);
    }

    #[test]
    fn elements_of_no_size() {
        let mut vector = Vector::new();
        vector.extend(std::iter::repeat_n((), 1100));
        check(&vector, &[(); 1100]);
        check(&vector.slice(5..1090).unwrap().concat(&vector), &[(); 2185]);
        assert!(vector.set(1000, ()));
        assert_eq!(std::iter::from_fn(|| vector.pop_back()).count(), 1100);
    }

    #[test]
    fn aligned_elements() {
        #[derive(Clone, Debug, PartialEq)]
        #[repr(align(256))]
        struct Aligned(u8);
        let mut vector = Vector::new();
        vector.extend((0..100).map(Aligned));
        vector.clone().set(3, Aligned(0));
        check(&vector, &(0..100).map(Aligned).collect::<Vec<_>>());
        assert!(vector.iter().all(|value| std::ptr::from_ref(value).addr().is_multiple_of(256)));
    }

    #[test]
    fn elements_larger_than_a_stack() {
        let mut vector = Vector::new();
        for value in 0..40 {
            vector.push_back([value; 100_000]);
        }
        let held = vector.clone();
        vector.set(1, [0; 100_000]);
        vector.pop_back();
        assert_eq!((held.get(1).unwrap()[7], vector.get(1).unwrap()[7], vector.len()), (1, 0, 39));
    }

    #[test]
    fn elements_are_dropped_once() {
        Probe::reset();
        let mut vector = Vector::new();
        vector.extend((0..1100).map(Probe::new));
        assert_eq!(Probe::live(), 1100);
        let held = vector.clone();
        assert_eq!(Probe::live(), 1100, "a clone shares its elements");
        vector.set(500, Probe::new(0));
        assert_eq!(Probe::live(), 1100 + WIDTH as i64, "one leaf was copied");
        drop(held);
        assert_eq!(Probe::live(), 1100);
        while vector.len() > 900 {
            vector.pop_back();
        }
        assert_eq!(Probe::live(), 900);
        drop(vector.slice(10..700));
        drop(vector);
        assert_eq!(Probe::live(), 0);
    }

    #[test]
    fn a_panic_in_clone_changes_nothing() {
        expect_injected_panics();
        Probe::reset();
        // These lengths give tails that are partly filled, full and empty, with a trie and without.
        for length in [3, 32, 64, 1056, 1060] {
            let mut held = Vector::new();
            held.extend((0..length).map(Probe::new));
            if length == 64 {
                held.push_back(Probe::new(64));
                held.pop_back();
            }
            let changes: [fn(&mut Vector<Probe>); 5] = [
                |vector| vector.push_back(Probe::new(7)),
                |vector| drop(vector.pop_back()),
                |vector| assert!(vector.set(1, Probe::new(7))),
                |vector| drop(vector.slice(1..vector.len())),
                |vector| *vector = vector.concat(&vector.slice(0..3).unwrap()),
            ];
            for change in changes {
                for fuse in 0..40 {
                    let mut vector = held.clone();
                    if Probe::with_fuse(Some(fuse), || change(&mut vector)).is_none() {
                        assert!(vector.iter().map(Probe::id).eq(0..length), "{length} elements, fuse {fuse}");
                    }
                    drop(vector);
                    assert!(held.iter().map(Probe::id).eq(0..length));
                    assert_eq!(Probe::live(), i64::from(length), "{length} elements, fuse {fuse}");
                }
            }
        }
    }

    #[test]
    fn a_panic_in_clone_or_drop_leaves_a_change_made_or_not() {
        expect_injected_panics();
        Probe::reset();
        let ids = |vector: &Vector<Fragile>| vector.iter().map(|value| value.id()).collect::<Vec<_>>();
        let mut versions = Vec::new();
        for length in [0, 31, 64, 1055, 1057] {
            let mut vector = Vector::new();
            vector.extend((0..length).map(Fragile::new));
            versions.push((vector, (0..length).collect::<Vec<u32>>()));
        }
        for (step, draw) in draws(&mut rng("panics", 0), 2000, 1 << 50).into_iter().enumerate() {
            let (at, other) = (draw as usize % versions.len(), (draw >> 8) as usize % versions.len());
            if draw >> 16 & 1 == 0 {
                let fork = versions[at].clone();
                versions.push(fork);
            }
            let (other, other_model) = versions[other].clone();
            let (mut vector, before) = mem::take(&mut versions[at]);
            let mut after = before.clone();
            let (value, index) = (step as u32, (draw >> 20) as usize % 1200);
            let change = || match draw >> 17 & 7 {
                0 | 1 => {
                    after.push(value);
                    vector.push_back(Fragile::new(value));
                }
                2 | 3 => {
                    let last = after.pop();
                    assert_eq!(vector.pop_back().map(|value| value.id()), last);
                }
                4 | 5 => {
                    let there = after.get_mut(index).map(|place| *place = value);
                    assert_eq!(vector.set(index, Fragile::new(value)), there.is_some());
                }
                6 => {
                    let range = index.min(before.len())..before.len().min(index + 1000);
                    after = before[range.clone()].to_vec();
                    vector = vector.slice(range).unwrap();
                }
                _ => {
                    after.extend(other_model.iter().take(1200));
                    vector = vector.concat(&other.slice(0..other.len().min(1200)).unwrap());
                }
            };
            let calls = (draw >> 40) as u32 % [2, 40, 1200][(draw >> 33) as usize % 3];
            let in_drop = draw >> 35 & 1 == 1;
            let done = if in_drop {
                Fragile::with_drops_left(calls, change)
            } else {
                Probe::with_fuse(Some(calls), change)
            };
            let content = ids(&vector);
            assert!(content == after || (done.is_none() && content == before), "step {step}");
            assert_eq!(vector.len(), content.len());
            if content.len() > 3000 {
                (vector, after) = (Vector::new(), Vec::new());
            } else {
                after = content;
            }
            versions[at] = (vector, after);
            if versions.len() > 8 {
                let gone = versions.swap_remove(at);
                Fragile::with_drops_left(calls, || drop((gone, other)));
            }
            assert!(step % 16 != 0 || versions.iter().all(|(vector, model)| ids(vector) == *model));
        }
        drop(versions);
        assert_eq!(Probe::live(), 0);
    }

    /// A newer version may have elements with a shorter lifetime, because it writes to no node that an older one
    /// shares.
    #[test]
    fn newer_versions_may_hold_what_lives_shorter() {
        let long = String::from("long");
        for length in [1, 31, 32, 1060] {
            let mut old = Vector::new();
            old.extend((0..length).map(|_| Box::new(long.as_str())));
            {
                let short = String::from("short");
                let mut new: Vector<Box<&str>> = old.clone();
                new.extend((0..100).map(|_| Box::new(short.as_str())));
                new.set(0, Box::new(short.as_str()));
                assert_eq!((**new.get(0).unwrap(), **new.get(length).unwrap()), ("short", "short"));
            }
            assert!(old.len() == length && old.iter().all(|text| **text == "long"));
        }
    }

    const _: () = {
        assert!(Is::<Vector<String>>::SEND && Is::<Vector<String>>::SYNC);
        // Two versions in two threads share their elements.
        assert!(!Is::<Vector<Cell<u8>>>::SEND && !Is::<Vector<Cell<u8>>>::SYNC);
        assert!(!Is::<Vector<Rc<u8>>>::SEND && !Is::<Vector<Rc<u8>>>::SYNC);
    };

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
