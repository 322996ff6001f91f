//! Walking two versions side by side, without the nodes that both share.

use std::cmp::Ordering;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::node::{MAX_HEIGHT, Node};
use super::slot::Slot;
use super::tree::Tree;
use crate::counter::Counter;
use crate::map::DiffItem;

/// A position in a tree: before a node, or before an entry.
struct Walk<K, V, C> {
    /// The nodes on the way from the root to the position, by height, and for each the number of the child or entry
    /// before which the position is. Only those of more than `height` matter.
    nodes: [MaybeUninit<Node<K, V, C>>; MAX_HEIGHT + 1],
    places: [u8; MAX_HEIGHT + 1],
    /// The height of the node before which the position is, or `None` before an entry.
    node: Node<K, V, C>,
    height: Option<usize>,
    top: usize,
    is_done: bool,
}

impl<K, V, C> Clone for Walk<K, V, C> {
    fn clone(&self) -> Self {
        Walk { ..*self }
    }
}

/// What comes next in a walk.
enum Next<K, V, C> {
    Node(Node<K, V, C>, usize),
    Entry(Slot<K, V, C>),
}

impl<K, V, C: Counter> Walk<K, V, C> {
    fn new(tree: &Tree<K, V, C>) -> Self {
        Walk {
            nodes: [const { MaybeUninit::uninit() }; MAX_HEIGHT + 1],
            places: [0; MAX_HEIGHT + 1],
            node: tree.root(),
            height: Some(tree.height()),
            top: tree.height(),
            is_done: tree.root().is_none(),
        }
    }
}

impl<K, V, C> Walk<K, V, C> {
    #[inline]
    fn next(&self) -> Option<Next<K, V, C>> {
        if self.is_done {
            return None;
        }
        Some(match self.height {
            Some(height) => Next::Node(self.node, height),
            // SAFETY: before an entry, the leaf is the lowest node of the way, and the entry exists.
            None => Next::Entry(unsafe { self.node.slot(usize::from(self.places[0])) }),
        })
    }

    /// Goes from before a node to before the first thing in it.
    ///
    /// # Safety
    /// The position is before a node of this height, which is alive.
    #[inline]
    unsafe fn enter(&mut self, height: usize) {
        self.nodes[height].write(self.node);
        self.places[height] = 0;
        if height == 0 {
            self.height = None;
        } else {
            // SAFETY: a branch has a first child.
            self.node = unsafe { self.node.child(0) };
            self.height = Some(height - 1);
        }
    }

    /// The branch above the node that comes next, or the leaf of the entry that comes next, with the number of the node
    /// or entry in it. None if the root comes next.
    ///
    /// # Safety
    /// Something comes next, and the version is alive.
    #[inline]
    unsafe fn above(&self) -> Option<(Node<K, V, C>, usize)> {
        let above = self.height.map_or(0, |height| height + 1);
        if above > self.top {
            return None;
        }
        // SAFETY: all nodes of the way above the position are written.
        Some((unsafe { self.nodes[above].assume_init() }, usize::from(self.places[above])))
    }

    /// Goes `count` nodes or entries further on in the same branch or leaf, as if these were not there.
    #[inline]
    fn pass(&mut self, count: usize) {
        self.places[self.height.map_or(0, |height| height + 1)] += count as u8;
    }

    /// Goes to behind the node or entry that comes next.
    ///
    /// # Safety
    /// There is one, and the version is alive.
    #[inline]
    unsafe fn skip(&mut self) {
        // The lowest node on the way that has something behind the position.
        let mut above = self.height.map_or(0, |height| height + 1);
        while above <= self.top {
            // SAFETY: all nodes of the way above the position are written.
            unsafe {
                let node = self.nodes[above].assume_init();
                let place = usize::from(self.places[above]) + 1;
                if place < node.len() {
                    self.places[above] = place as u8;
                    if above == 0 {
                        self.node = node;
                        self.height = None;
                    } else {
                        self.node = node.child(place);
                        self.height = Some(above - 1);
                    }
                    return;
                }
            }
            above += 1;
        }
        self.is_done = true;
    }
}

/// What two maps have for one key.
pub(super) enum Pair<K, V, C> {
    Left(Slot<K, V, C>),
    Right(Slot<K, V, C>),
    /// Both have the key. The values may differ or not.
    Both(Slot<K, V, C>, Slot<K, V, C>),
}

/// Walks through two trees and yields the entries, in the order of their keys, except those in nodes and cells that both
/// trees have.
///
/// Whenever two nodes differ, the one that begins first is entered. So a node of one tree meets the same node of the
/// other, even if the branches above them are of different shape.
pub(super) struct Pairs<K, V, C> {
    left: Walk<K, V, C>,
    right: Walk<K, V, C>,
}

impl<K, V, C> Clone for Pairs<K, V, C> {
    fn clone(&self) -> Self {
        Pairs { left: self.left.clone(), right: self.right.clone() }
    }
}

impl<K, V, C: Counter> Pairs<K, V, C> {
    /// The caller must keep both versions alive and unchanged as long as this is used.
    pub(super) fn new(left: &Tree<K, V, C>, right: &Tree<K, V, C>) -> Self {
        Pairs { left: Walk::new(left), right: Walk::new(right) }
    }
}

impl<K: Ord, V, C> Pairs<K, V, C> {
    /// The next entry or pair of entries.
    pub(super) fn next(&mut self) -> Option<Pair<K, V, C>> {
        self.next_unless(|_, _| false)
    }

    /// The next entry or pair of entries, without the pairs of whose values `same` is true.
    pub(super) fn next_unless(&mut self, same: impl Fn(&V, &V) -> bool) -> Option<Pair<K, V, C>> {
        // SAFETY: the versions are alive, and nodes are not empty.
        unsafe {
            'walk: loop {
                match (self.left.next(), self.right.next()) {
                    (None, None) => return None,
                    (Some(Next::Node(_, height)), None) => self.left.enter(height),
                    (None, Some(Next::Node(_, height))) => self.right.enter(height),
                    (Some(Next::Entry(left)), None) => {
                        self.left.skip();
                        return Some(Pair::Left(left));
                    }
                    (None, Some(Next::Entry(right))) => {
                        self.right.skip();
                        return Some(Pair::Right(right));
                    }
                    (Some(Next::Node(left, left_height)), Some(Next::Node(right, right_height))) => {
                        if left == right {
                            self.skip_shared();
                            continue;
                        }
                        let (first, second): (&K, &K) =
                            (left.lower_bound(left_height), right.lower_bound(right_height));
                        match first.cmp(second).then(right_height.cmp(&left_height)) {
                            Ordering::Less => self.left.enter(left_height),
                            Ordering::Greater => self.right.enter(right_height),
                            Ordering::Equal => {
                                self.left.enter(left_height);
                                self.right.enter(right_height);
                            }
                        }
                    }
                    (Some(Next::Node(left, height)), Some(Next::Entry(right))) => {
                        if left.lower_bound::<'_>(height) <= right.key::<'_>() {
                            self.left.enter(height);
                        } else {
                            self.right.skip();
                            return Some(Pair::Right(right));
                        }
                    }
                    (Some(Next::Entry(left)), Some(Next::Node(right, height))) => {
                        if right.lower_bound::<'_>(height) <= left.key::<'_>() {
                            self.right.enter(height);
                        } else {
                            self.left.skip();
                            return Some(Pair::Left(left));
                        }
                    }
                    (Some(Next::Entry(left)), Some(Next::Entry(right))) => {
                        let (left_leaf, right_leaf) = (self.left.node, self.right.node);
                        let left_end = left_leaf.len() - usize::from(self.left.places[0]);
                        let end = left_end.min(right_leaf.len() - usize::from(self.right.places[0]));
                        let mut passed = 0;
                        let (mut left, mut right) = (left, right);
                        loop {
                            let order = if left.has_cell_of(right) {
                                None
                            } else {
                                match left.key::<'_>().cmp(right.key::<'_>()) {
                                    Ordering::Equal if same(left.value(), right.value()) => None,
                                    order => Some(order),
                                }
                            };
                            if let Some(order) = order {
                                self.left.pass(passed);
                                self.right.pass(passed);
                                if order != Ordering::Greater {
                                    self.left.skip();
                                }
                                if order != Ordering::Less {
                                    self.right.skip();
                                }
                                return Some(match order {
                                    Ordering::Less => Pair::Left(left),
                                    Ordering::Equal => Pair::Both(left, right),
                                    Ordering::Greater => Pair::Right(right),
                                });
                            }
                            if passed + 1 == end {
                                self.left.pass(passed);
                                self.right.pass(passed);
                                self.left.skip();
                                self.right.skip();
                                continue 'walk;
                            }
                            passed += 1;
                            (left, right) = (left.add(1), right.add(1));
                        }
                    }
                }
            }
        }
    }

    /// Skips the node that comes next in both trees, and all further ones in the branches above that both have.
    ///
    /// # Safety
    /// The same node comes next, and the versions are alive.
    unsafe fn skip_shared(&mut self) {
        // SAFETY: by the contract.
        unsafe {
            if let (Some((left, left_at)), Some((right, right_at))) = (self.left.above(), self.right.above())
            {
                let end = (left.len() - left_at).min(right.len() - right_at);
                let shared =
                    (1..end).take_while(|at| left.child(left_at + at) == right.child(right_at + at)).count();
                self.left.pass(shared);
                self.right.pass(shared);
            }
            self.left.skip();
            self.right.skip();
        }
    }
}

/// The differences between two maps, in the order of their keys. [`diff`](super::GenericOrdMap::diff) returns it.
pub struct Diff<'a, K, V, C> {
    pairs: Pairs<K, V, C>,
    entries: PhantomData<(&'a K, &'a V)>,
}

// SAFETY: this hands out shared references to entries only, and counts no holders.
unsafe impl<K: Sync, V: Sync, C> Send for Diff<'_, K, V, C> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync, C> Sync for Diff<'_, K, V, C> {}

impl<'a, K, V, C: Counter> Diff<'a, K, V, C> {
    pub(super) fn new(old: &'a Tree<K, V, C>, new: &'a Tree<K, V, C>) -> Self {
        Diff { pairs: Pairs::new(old, new), entries: PhantomData }
    }
}

impl<K, V, C> Clone for Diff<'_, K, V, C> {
    fn clone(&self) -> Self {
        Diff { pairs: self.pairs.clone(), ..*self }
    }
}

impl<'a, K: Ord, V: PartialEq, C> Iterator for Diff<'a, K, V, C> {
    type Item = DiffItem<'a, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: both versions are borrowed for `'a`.
        unsafe {
            Some(match self.pairs.next_unless(V::eq)? {
                Pair::Left(slot) => DiffItem::Remove(slot.key(), slot.value()),
                Pair::Right(slot) => DiffItem::Add(slot.key(), slot.value()),
                Pair::Both(old, new) => {
                    DiffItem::Update { old: (old.key(), old.value()), new: (new.key(), new.value()) }
                }
            })
        }
    }
}

impl<K: Ord, V: PartialEq, C> FusedIterator for Diff<'_, K, V, C> {}
