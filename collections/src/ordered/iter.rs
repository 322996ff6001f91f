//! Iterators over the entries of a version, in the order of their keys.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};

use super::node::{Digits, Node};
use super::slot::Slot;
use super::tree::{Edge, Tree, edge_digits, leaf_at, next_leaf, previous_leaf};
use crate::counter::Counter;

/// A place between two entries.
struct Position {
    slot: *mut u8,
    /// The end of the leaf in the direction in which the position moves.
    end: *mut u8,
    digits: Digits,
}

/// The slots between two positions. The first one moves forwards and the last one backwards.
///
/// A position at the end of its leaf moves to the next leaf only when its next slot is wanted. So two positions that
/// differ may be the same place. That does no harm: when one of them moves, it finds the other.
pub(super) struct Slots<K, V, C> {
    root: Node<K, V, C>,
    height: usize,
    first: Position,
    last: Position,
}

impl<K, V, C> Clone for Slots<K, V, C> {
    fn clone(&self) -> Self {
        Slots { first: Position { ..self.first }, last: Position { ..self.last }, ..*self }
    }
}

impl<K, V, C: Counter> Slots<K, V, C> {
    /// All slots of a version. The caller must keep the version alive and unchanged as long as the slots are used.
    pub(super) fn all(tree: &Tree<K, V, C>) -> Self {
        Self::between(tree, Position::edge(tree, Edge::First), Position::edge(tree, Edge::Last))
    }

    fn between(tree: &Tree<K, V, C>, first: Position, last: Position) -> Self {
        Slots { root: tree.root(), height: tree.height(), first, last }
    }

    /// The slots of a version whose keys are in a range. As for [`all`](Self::all).
    ///
    /// # Panics
    /// If the range starts behind its end, or if it starts and ends at the same key and excludes it at both ends.
    pub(super) fn range<Q: Ord + ?Sized>(tree: &Tree<K, V, C>, range: &impl RangeBounds<Q>) -> Self
    where
        K: Borrow<Q>,
    {
        let (start, end) = (range.start_bound(), range.end_bound());
        if let (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) =
            (start, end)
        {
            let excluded = matches!((start, end), (Bound::Excluded(_), Bound::Excluded(_)));
            match from.cmp(to) {
                Ordering::Greater => panic!("the range starts behind its end"),
                Ordering::Equal if excluded => panic!("the range excludes the only key that it could have"),
                _ => {}
            }
        }
        let first = match start {
            Bound::Unbounded => Position::edge(tree, Edge::First),
            Bound::Included(key) => Position::at(tree, key, Ordering::Less, Edge::First),
            Bound::Excluded(key) => Position::at(tree, key, Ordering::Equal, Edge::First),
        };
        let last = match end {
            Bound::Unbounded => Position::edge(tree, Edge::Last),
            Bound::Included(key) => Position::at(tree, key, Ordering::Equal, Edge::Last),
            Bound::Excluded(key) => Position::at(tree, key, Ordering::Less, Edge::Last),
        };
        Self::between(tree, first, last)
    }
}

impl Position {
    /// The end of the slots on one side of a tree.
    #[inline]
    fn edge<K, V, C: Counter>(tree: &Tree<K, V, C>, edge: Edge) -> Self {
        if tree.root().is_none() {
            let null = std::ptr::null_mut();
            return Position { slot: null, end: null, digits: Digits(0) };
        }
        // SAFETY: the root has this height, and the digits lead to a leaf.
        unsafe {
            let digits = edge_digits(tree.root(), tree.height(), 0, edge);
            let leaf = leaf_at(tree.root(), tree.height(), digits);
            let at = if edge == Edge::First { 0 } else { leaf.len() };
            Self::in_leaf(leaf, leaf.slot(at), digits, edge)
        }
    }

    /// The place behind the keys that are less than `key`, or equal to it if `until` says so.
    fn at<K: Borrow<Q>, V, C: Counter, Q: Ord + ?Sized>(
        tree: &Tree<K, V, C>,
        key: &Q,
        until: Ordering,
        edge: Edge,
    ) -> Self {
        if tree.root().is_none() {
            return Self::edge(tree, edge);
        }
        let (mut node, mut digits) = (tree.root(), Digits(0));
        // SAFETY: nodes hold their children, and the height tells branches from leaves.
        unsafe {
            for height in (1..=tree.height()).rev() {
                let child = node.child_for(key);
                digits = digits.with(height, child);
                node = node.child(child);
            }
            let slot = node.slot_behind(|other| other.borrow().cmp(key) <= until);
            Self::in_leaf(node, slot, digits, edge)
        }
    }

    /// # Safety
    /// This is a leaf.
    #[inline]
    unsafe fn in_leaf<K, V, C>(leaf: Node<K, V, C>, slot: Slot<K, V, C>, digits: Digits, edge: Edge) -> Self {
        // SAFETY: by the contract.
        let end = unsafe { leaf.slot(if edge == Edge::First { leaf.len() } else { 0 }) };
        Position { slot: slot.place(), end: end.place(), digits }
    }
}

impl<K, V, C> Slots<K, V, C> {
    #[inline]
    pub(super) fn next(&mut self) -> Option<Slot<K, V, C>> {
        loop {
            if self.first.slot == self.last.slot {
                return None;
            }
            if self.first.slot != self.first.end {
                let slot = Slot::new(self.first.slot);
                self.first.slot = self.first.slot.wrapping_add(Slot::<K, V, C>::SIZE);
                return Some(slot);
            }
            self.next_leaf();
        }
    }

    #[inline]
    pub(super) fn next_back(&mut self) -> Option<Slot<K, V, C>> {
        loop {
            if self.first.slot == self.last.slot {
                return None;
            }
            if self.last.slot != self.last.end {
                self.last.slot = self.last.slot.wrapping_sub(Slot::<K, V, C>::SIZE);
                return Some(Slot::new(self.last.slot));
            }
            self.previous_leaf();
        }
    }

    /// Moves the first position to the next leaf. If there is none, because the order of the keys is no order, the
    /// slots end.
    #[inline(never)]
    fn next_leaf(&mut self) {
        // SAFETY: the version is alive, and the digits lead to a leaf.
        unsafe {
            self.first = match next_leaf(self.root, self.height, self.first.digits) {
                Some((leaf, digits)) => Position::in_leaf(leaf, leaf.slot(0), digits, Edge::First),
                None => Position { ..self.last },
            };
        }
    }

    /// As [`next_leaf`](Self::next_leaf), backwards.
    #[inline(never)]
    fn previous_leaf(&mut self) {
        // SAFETY: as in `next_leaf`.
        unsafe {
            self.last = match previous_leaf(self.root, self.height, self.last.digits) {
                Some((leaf, digits)) => Position::in_leaf(leaf, leaf.slot(leaf.len()), digits, Edge::Last),
                None => Position { ..self.first },
            };
        }
    }

    /// Calls `visit` for each slot, one leaf after the other, which is faster than calling `next`.
    #[inline]
    fn fold<B>(mut self, init: B, mut visit: impl FnMut(B, Slot<K, V, C>) -> B) -> B {
        let mut result = init;
        while self.first.slot != self.last.slot {
            // The last position lies in this leaf, or this leaf is visited to its end.
            let in_leaf = self.first.digits == self.last.digits;
            let mut slot = self.first.slot;
            let end = if in_leaf && self.last.slot >= slot { self.last.slot } else { self.first.end };
            while slot != end {
                result = visit(result, Slot::new(slot));
                slot = slot.wrapping_add(Slot::<K, V, C>::SIZE);
            }
            if in_leaf {
                break;
            }
            self.next_leaf();
        }
        result
    }
}

/// An iterator over the entries of a map, in the order of their keys. [`iter`](super::GenericOrdMap::iter) returns it.
pub struct Iter<'a, K, V, C> {
    slots: Slots<K, V, C>,
    left: usize,
    entries: PhantomData<(&'a K, &'a V)>,
}

/// An iterator over the entries of a map whose keys are in a range. [`range`](super::GenericOrdMap::range) returns it.
pub struct Range<'a, K, V, C> {
    slots: Slots<K, V, C>,
    entries: PhantomData<(&'a K, &'a V)>,
}

// SAFETY: these hand out shared references to entries only, and count no holders.
unsafe impl<K: Sync, V: Sync, C> Send for Iter<'_, K, V, C> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync, C> Sync for Iter<'_, K, V, C> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync, C> Send for Range<'_, K, V, C> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync, C> Sync for Range<'_, K, V, C> {}

impl<'a, K, V, C: Counter> Iter<'a, K, V, C> {
    pub(super) fn new(tree: &'a Tree<K, V, C>) -> Self {
        Iter { slots: Slots::all(tree), left: tree.len(), entries: PhantomData }
    }
}

impl<'a, K, V, C: Counter> Range<'a, K, V, C> {
    pub(super) fn new<Q: Ord + ?Sized>(tree: &'a Tree<K, V, C>, range: &impl RangeBounds<Q>) -> Self
    where
        K: Borrow<Q>,
    {
        Range { slots: Slots::range(tree, range), entries: PhantomData }
    }
}

impl<K, V, C> Iter<'_, K, V, C> {
    /// The slots that the iterator has not reached.
    pub(super) fn into_slots(self) -> impl Iterator<Item = Slot<K, V, C>> {
        let mut slots = self.slots;
        std::iter::from_fn(move || slots.next())
    }
}

impl<K, V, C> Clone for Iter<'_, K, V, C> {
    fn clone(&self) -> Self {
        Iter { slots: self.slots.clone(), ..*self }
    }
}

impl<K, V, C> Clone for Range<'_, K, V, C> {
    fn clone(&self) -> Self {
        Range { slots: self.slots.clone(), ..*self }
    }
}

/// The entry in a slot.
///
/// # Safety
/// The slot holds an entry that stays for `'a`.
#[inline]
unsafe fn entry<'a, K, V, C>(slot: Slot<K, V, C>) -> (&'a K, &'a V) {
    // SAFETY: by the contract.
    unsafe { (slot.key(), slot.value()) }
}

impl<'a, K, V, C> Iterator for Iter<'a, K, V, C> {
    type Item = (&'a K, &'a V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next()?;
        self.left -= 1;
        // SAFETY: the version is borrowed for `'a`.
        Some(unsafe { entry(slot) })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut visit: F) -> B {
        // SAFETY: as in `next`.
        self.slots.fold(init, |result, slot| visit(result, unsafe { entry(slot) }))
    }

    fn last(mut self) -> Option<Self::Item> {
        self.next_back()
    }

    fn min(mut self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.next()
    }

    fn max(mut self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.next_back()
    }
}

impl<K, V, C> DoubleEndedIterator for Iter<'_, K, V, C> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next_back()?;
        self.left -= 1;
        // SAFETY: as in `next`.
        Some(unsafe { entry(slot) })
    }
}

impl<K, V, C> ExactSizeIterator for Iter<'_, K, V, C> {}

impl<K, V, C> FusedIterator for Iter<'_, K, V, C> {}

impl<'a, K, V, C> Iterator for Range<'a, K, V, C> {
    type Item = (&'a K, &'a V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: the version is borrowed for `'a`.
        self.slots.next().map(|slot| unsafe { entry(slot) })
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut visit: F) -> B {
        // SAFETY: as in `next`.
        self.slots.fold(init, |result, slot| visit(result, unsafe { entry(slot) }))
    }

    fn last(mut self) -> Option<Self::Item> {
        self.next_back()
    }
}

impl<K, V, C> DoubleEndedIterator for Range<'_, K, V, C> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        // SAFETY: as in `next`.
        self.slots.next_back().map(|slot| unsafe { entry(slot) })
    }
}

impl<K, V, C> FusedIterator for Range<'_, K, V, C> {}

/// An iterator over the keys of a map, in order. [`keys`](super::GenericOrdMap::keys) returns it.
pub struct Keys<'a, K, V, C>(pub(super) Iter<'a, K, V, C>);

/// An iterator over the values of a map, in the order of the keys. [`values`](super::GenericOrdMap::values) returns it.
pub struct Values<'a, K, V, C>(pub(super) Iter<'a, K, V, C>);

macro_rules! part {
    ($name:ident, $part:tt, $item:ty) => {
        impl<K, V, C> Clone for $name<'_, K, V, C> {
            fn clone(&self) -> Self {
                $name(self.0.clone())
            }
        }

        impl<'a, K, V, C> Iterator for $name<'a, K, V, C> {
            type Item = &'a $item;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                self.0.next().map(|entry| entry.$part)
            }

            #[inline]
            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }

            #[inline]
            fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut visit: F) -> B {
                self.0.fold(init, |result, entry| visit(result, entry.$part))
            }

            fn last(mut self) -> Option<Self::Item> {
                self.next_back()
            }
        }

        impl<K, V, C> DoubleEndedIterator for $name<'_, K, V, C> {
            #[inline]
            fn next_back(&mut self) -> Option<Self::Item> {
                self.0.next_back().map(|entry| entry.$part)
            }
        }

        impl<K, V, C> ExactSizeIterator for $name<'_, K, V, C> {}

        impl<K, V, C> FusedIterator for $name<'_, K, V, C> {}
    };
}

part!(Keys, 0, K);
part!(Values, 1, V);

/// An iterator over the entries of a map, in the order of their keys, whose values may be changed.
/// [`iter_mut`](super::GenericOrdMap::iter_mut) returns it.
pub struct IterMut<'a, K, V, C> {
    slots: Slots<K, V, C>,
    left: usize,
    entries: PhantomData<(&'a K, &'a mut V)>,
}

// SAFETY: this hands out shared references to keys and exclusive ones to values, and counts no holders.
unsafe impl<K: Sync, V: Send, C> Send for IterMut<'_, K, V, C> {}
// SAFETY: a shared reference to it hands out nothing.
unsafe impl<K: Sync, V: Sync, C> Sync for IterMut<'_, K, V, C> {}

impl<'a, K: Clone, V: Clone, C: Counter> IterMut<'a, K, V, C> {
    pub(super) fn new(tree: &'a mut Tree<K, V, C>) -> Self {
        tree.unshare_all();
        IterMut { slots: Slots::all(tree), left: tree.len(), entries: PhantomData }
    }

    #[inline]
    fn entry(&mut self, slot: Slot<K, V, C>) -> (&'a K, &'a mut V) {
        self.left -= 1;
        // SAFETY: the version is borrowed for `'a`. Nobody else can reach the entry, and each slot comes once.
        unsafe { (slot.key(), slot.value_mut()) }
    }
}

impl<'a, K: Clone, V: Clone, C: Counter> Iterator for IterMut<'a, K, V, C> {
    type Item = (&'a K, &'a mut V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next()?;
        Some(self.entry(slot))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<K: Clone, V: Clone, C: Counter> DoubleEndedIterator for IterMut<'_, K, V, C> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next_back()?;
        Some(self.entry(slot))
    }
}

impl<K: Clone, V: Clone, C: Counter> ExactSizeIterator for IterMut<'_, K, V, C> {}

impl<K: Clone, V: Clone, C: Counter> FusedIterator for IterMut<'_, K, V, C> {}

/// An iterator over the entries of a map that owns them, in the order of their keys. Entries that no other version
/// holds are moved out, and others are cloned.
pub struct IntoIter<K, V, C: Counter> {
    /// The entries before and behind those of `nodes`. Each leaf is held by the iterator alone, and of its slots those
    /// from `start` to `end` still hold entries.
    front: Option<Leaf<K, V, C>>,
    back: Option<Leaf<K, V, C>>,
    /// The nodes that have not been reached, from left to right, each with its height.
    nodes: VecDeque<Tree<K, V, C>>,
    left: usize,
}

/// A leaf that is held by an iterator alone, with entries in some of its slots.
struct Leaf<K, V, C: Counter> {
    node: Node<K, V, C>,
    start: usize,
    end: usize,
    marker: PhantomData<C::Marker>,
}

// SAFETY: as for the tree that the leaf comes from.
unsafe impl<K, V, C: Counter> Send for Leaf<K, V, C> where Tree<K, V, C>: Send {}
// SAFETY: as above.
unsafe impl<K, V, C: Counter> Sync for Leaf<K, V, C> where Tree<K, V, C>: Sync {}

impl<K, V, C: Counter> Drop for Leaf<K, V, C> {
    fn drop(&mut self) {
        // SAFETY: nobody else holds the leaf. Once the slots without an entry are gone, it is a whole one, which frees
        // itself.
        unsafe {
            self.node.set_len(self.end);
            self.node.shift(self.start, 0, 0);
            self.node.set_len(self.end - self.start);
            self.node.release(0);
        }
    }
}

impl<K: Clone, V: Clone, C: Counter> Leaf<K, V, C> {
    /// The entries of a tree without branches, which is copied if others hold it, too.
    fn of(mut tree: Tree<K, V, C>) -> Self {
        tree.unshare_root();
        let (node, _) = tree.into_root();
        Leaf { node, start: 0, end: node.len(), marker: PhantomData }
    }

    /// Takes the first or the last entry out.
    #[inline]
    fn take(&mut self, edge: Edge) -> Option<(K, V)> {
        if self.start == self.end {
            return None;
        }
        let at = if edge == Edge::First { self.start } else { self.end - 1 };
        // SAFETY: the slot holds an entry, and no longer counts once it is taken out.
        unsafe {
            let slot = self.node.slot(at);
            let before = slot.before_take();
            if edge == Edge::First {
                self.start += 1;
            } else {
                self.end -= 1;
            }
            Some(slot.take(before).into_entry())
        }
    }
}

impl<K, V, C: Counter> IntoIter<K, V, C> {
    pub(super) fn new(tree: Tree<K, V, C>) -> Self {
        let left = tree.len();
        IntoIter {
            front: None,
            back: None,
            nodes: if left > 0 { [tree].into() } else { VecDeque::new() },
            left,
        }
    }
}

impl<K: Clone, V: Clone, C: Counter> IntoIter<K, V, C> {
    /// The next leaf from one side of `nodes`.
    fn next_leaf(&mut self, edge: Edge) -> Option<Leaf<K, V, C>> {
        loop {
            let tree = if edge == Edge::First { self.nodes.pop_front() } else { self.nodes.pop_back() }?;
            if tree.height() == 0 {
                return Some(Leaf::of(tree));
            }
            let children = tree.into_children();
            if edge == Edge::First {
                children.rev().for_each(|child| self.nodes.push_front(child));
            } else {
                children.for_each(|child| self.nodes.push_back(child));
            }
        }
    }

    #[inline]
    fn next_at(&mut self, edge: Edge) -> Option<(K, V)> {
        loop {
            let side = if edge == Edge::First { &mut self.front } else { &mut self.back };
            if let Some(leaf) = side {
                if let Some(entry) = leaf.take(edge) {
                    self.left -= 1;
                    return Some(entry);
                }
                *side = None;
            }
            let leaf = match self.next_leaf(edge) {
                Some(leaf) => leaf,
                None if edge == Edge::First => self.back.take()?,
                None => self.front.take()?,
            };
            *(if edge == Edge::First { &mut self.front } else { &mut self.back }) = Some(leaf);
        }
    }
}

impl<K: Clone, V: Clone, C: Counter> Iterator for IntoIter<K, V, C> {
    type Item = (K, V);

    #[inline]
    fn next(&mut self) -> Option<(K, V)> {
        self.next_at(Edge::First)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<K: Clone, V: Clone, C: Counter> DoubleEndedIterator for IntoIter<K, V, C> {
    #[inline]
    fn next_back(&mut self) -> Option<(K, V)> {
        self.next_at(Edge::Last)
    }
}

impl<K: Clone, V: Clone, C: Counter> ExactSizeIterator for IntoIter<K, V, C> {}

impl<K: Clone, V: Clone, C: Counter> FusedIterator for IntoIter<K, V, C> {}

impl<K, V, C: Counter> Tree<K, V, C> {
    /// The nodes right below a root of at least one level, each as a tree of its own.
    fn into_children(self) -> std::vec::IntoIter<Self> {
        let (root, height) = self.into_root();
        let mut children = Vec::with_capacity(root.len());
        // SAFETY: the holds of the children pass from a root that nobody else holds to the trees. Of a shared root they
        // are counted once more.
        unsafe {
            let is_unique = root.is_unique();
            for at in 0..root.len() {
                let child = root.child(at);
                if !is_unique {
                    child.hold();
                }
                children.push(Tree::from_root(child, height - 1));
            }
            if is_unique {
                root.free_memory(height);
            } else {
                drop(Tree::from_root(root, height));
            }
        }
        children.into_iter()
    }
}
