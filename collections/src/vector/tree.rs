//! Finding, changing, cutting and joining trees of nodes.
//!
//! A tree is a link to a node, the height of that node above the leaves, and its *size*: the number of elements below
//! it. Sizes come from the vector and from relaxed branches, never from a leaf, which may have more elements than a
//! version sees of it.

use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};
use std::ops::Range;
use std::slice;

use super::node::{BRANCH_BITS, Branch, Leaf, Link, MAX_CHILDREN, MIN_CHILDREN, Owned, Width, release};
use crate::counter::Counter;

/// A run of elements that lie side by side: those that a vector sees of a leaf.
pub(super) struct Run<T, C> {
    pub(super) leaf: Leaf<T, C>,
    /// Index of the first element.
    pub(super) start: usize,
    pub(super) length: usize,
}

/// The slot of the child of a branch that holds the element at `index`, and where that child begins.
#[inline]
pub(super) fn locate<T, C: Counter>(branch: Branch<C>, height: u8, index: usize) -> (usize, usize) {
    let shift = Width::<T>::shift(height - 1);
    let mut slot = index >> shift;
    if !branch.is_relaxed() {
        return (slot, slot << shift);
    }
    // No child holds more elements than a full one, so the right child is this one or one behind it.
    while branch.end(slot) <= index {
        slot += 1;
    }
    (slot, child_start::<T, C>(branch, height, slot))
}

/// Where a child begins: the number of elements below the children before it.
#[inline]
pub(super) fn child_start<T, C: Counter>(branch: Branch<C>, height: u8, slot: usize) -> usize {
    match slot {
        0 => 0,
        _ if branch.is_relaxed() => branch.end(slot - 1),
        _ => slot << Width::<T>::shift(height - 1),
    }
}

/// Where a child of a branch of `size` elements ends: the number of elements below it and the children before it.
#[inline]
pub(super) fn child_end<T, C: Counter>(branch: Branch<C>, height: u8, slot: usize, size: usize) -> usize {
    if branch.is_relaxed() {
        branch.end(slot)
    } else if slot + 1 == branch.len() {
        size
    } else {
        (slot + 1) << Width::<T>::shift(height - 1)
    }
}

/// The leaf that holds the element at `index` of a tree.
///
/// # Safety
/// `link`, `height` and `size` are those of a tree that is held, and `index` is less than `size`.
pub(super) unsafe fn find<T, C: Counter>(
    mut link: Link,
    mut height: u8,
    mut size: usize,
    mut index: usize,
) -> Run<T, C> {
    let mut start = 0;
    while height > 0 {
        // SAFETY: above the leaves are branches.
        let branch = unsafe { Branch::<C>::from_link(link) };
        let (slot, begin) = locate::<T, C>(branch, height, index);
        size = child_end::<T, C>(branch, height, slot, size) - begin;
        start += begin;
        index -= begin;
        link = branch.child(slot);
        height -= 1;
    }
    // SAFETY: the nodes at height 0 are leaves.
    Run { leaf: unsafe { Leaf::from_link(link) }, start, length: size }
}

/// Makes the branch that `slot` names its holder's own, with room for `room` children, and relaxed if `relaxed` is
/// true. Copies it if it is shared, too small or not relaxed.
///
/// # Safety
/// `slot` is the place of a link in a node, or in a vector, that the caller alone holds. It names a branch that stands
/// `height` above the leaves and has `size` elements.
pub(super) unsafe fn own_branch<T, C: Counter>(
    slot: &mut Link,
    height: u8,
    size: usize,
    room: usize,
    relaxed: bool,
) -> Branch<C> {
    // SAFETY: the caller promises that `slot` names a branch.
    let branch = unsafe { Branch::<C>::from_link(*slot) };
    let unique = branch.is_unique();
    let relaxed = relaxed || branch.is_relaxed();
    if unique && branch.room() >= room && branch.is_relaxed() == relaxed {
        return branch;
    }
    let len = branch.len();
    let copy = Branch::<C>::with_room(room.max(len), relaxed);
    // SAFETY: the copy is new and has room. The children move if nobody else holds the branch.
    unsafe {
        if unique {
            copy.take_children(branch);
        } else {
            copy.share_children::<T>(branch, 0..len, height);
        }
        if relaxed {
            for at in 0..len {
                copy.set_end(at, child_end::<T, C>(branch, height, at, size));
            }
        }
    }
    *slot = copy.link();
    // SAFETY: this gives up the hold that `slot` had. If it was the only one, the children have moved to the copy.
    unsafe { if unique { branch.free_memory() } else { release::<T, C>(branch.link(), height) } }
    copy
}

/// [`own_branch`] for a branch that is not relaxed, without making room. The lower `shift` bits of an index tell the
/// place of an element below a child of the branch.
///
/// # Safety
/// As for [`own_branch`], and the branch is not relaxed.
#[inline]
pub(super) unsafe fn own_regular_branch<T, C: Counter>(slot: &mut Link, shift: u32) -> Branch<C> {
    // SAFETY: the caller promises that `slot` names a branch.
    let branch = unsafe { Branch::<C>::from_link(*slot) };
    if branch.is_unique() {
        return branch;
    }
    // SAFETY: the contract is the same, and `branch` is the one that `slot` names.
    unsafe { copy_regular_branch::<T, C>(slot, branch, shift) }
}

/// Replaces a branch by a copy.
///
/// # Safety
/// As for [`own_regular_branch`], and `slot` names `branch`.
#[inline(never)]
unsafe fn copy_regular_branch<T, C: Counter>(slot: &mut Link, branch: Branch<C>, shift: u32) -> Branch<C> {
    let height = ((shift - Width::<T>::BITS) / BRANCH_BITS) as u8 + 1;
    let len = branch.len();
    let copy = Branch::<C>::with_room(len, false);
    // SAFETY: the copy is new and has room. The hold that is given up is the one that `slot` had.
    unsafe {
        copy.share_children::<T>(branch, 0..len, height);
        *slot = copy.link();
        release::<T, C>(branch.link(), height);
    }
    copy
}

/// Makes the leaf that `slot` names its holder's own. Copies its first `length` elements if it is shared.
///
/// # Safety
/// `slot` is the place of a link in a node, or in a vector, that the caller alone holds. It names a leaf of which the
/// caller sees `length` elements.
#[inline]
pub(super) unsafe fn own_leaf<T: Clone, C: Counter>(slot: &mut Link, length: usize) -> Leaf<T, C> {
    // SAFETY: the caller promises that `slot` names a leaf.
    let leaf = unsafe { Leaf::<T, C>::from_link(*slot) };
    if leaf.is_unique() {
        return leaf;
    }
    // SAFETY: the contract is the same, and `leaf` is the one that `slot` names.
    unsafe { copy_leaf(slot, leaf, length) }
}

/// Replaces a leaf by a copy.
///
/// # Safety
/// As for [`own_leaf`], and `slot` names `leaf`.
#[inline(never)]
unsafe fn copy_leaf<T: Clone, C: Counter>(slot: &mut Link, leaf: Leaf<T, C>, length: usize) -> Leaf<T, C> {
    // SAFETY: the caller sees these elements, and holds the leaf until `release`.
    let copy = Leaf::of_clones(unsafe { leaf.slice(length) }, &[], length);
    *slot = copy.link();
    // SAFETY: this gives up the hold that `slot` had.
    unsafe { leaf.release() };
    copy
}

/// Whether one more leaf fits at the right end of a tree without one more level.
///
/// # Safety
/// `link` and `height` are those of a tree that is held.
pub(super) unsafe fn has_room<C: Counter>(mut link: Link, mut height: u8) -> bool {
    while height > 0 {
        // SAFETY: above the leaves are branches.
        let branch = unsafe { Branch::<C>::from_link(link) };
        if branch.len() < MAX_CHILDREN {
            return true;
        }
        link = branch.child(MAX_CHILDREN - 1);
        height -= 1;
    }
    false
}

/// A node that stands `height` above the leaves and has one leaf below it. Takes over a hold of the leaf.
pub(super) fn spine<C: Counter>(leaf: Link, height: u8, size: usize) -> Link {
    (0..height).fold(leaf, |child, _| {
        let branch = Branch::<C>::with_room(MAX_CHILDREN, false);
        // SAFETY: the branch is new, and has room.
        unsafe { branch.push(child, size) };
        branch.link()
    })
}

/// Appends a leaf of `length` elements at the right end, and returns whether a branch became relaxed.
///
/// # Safety
/// As for [`own_branch`], and [`has_room`] is true of the branch. The caller hands over a hold of the leaf.
pub(super) unsafe fn push_leaf<T, C: Counter>(
    slot: &mut Link,
    height: u8,
    size: usize,
    leaf: Link,
    length: usize,
) -> bool {
    // SAFETY: the caller promises that `slot` names a branch.
    let branch = unsafe { Branch::<C>::from_link(*slot) };
    let last = branch.len() - 1;
    let last_size = size - child_start::<T, C>(branch, height, last);
    // SAFETY: the children of a branch stand one lower than it.
    if unsafe { has_room::<C>(branch.child(last), height - 1) } {
        // SAFETY: after `own_branch` nobody else holds the branch, so `child` is a place in a node that the caller
        // alone holds. The sizes are those found above.
        unsafe {
            let branch = own_branch::<T, C>(slot, height, size, 1, false);
            let child = &mut *branch.children().add(last);
            let relaxed = push_leaf::<T, C>(child, height - 1, last_size, leaf, length);
            if branch.is_relaxed() {
                branch.set_last_end(size + length);
            }
            return relaxed;
        }
    }
    let relaxed = last_size != Width::<T>::full(height - 1);
    let room = if branch.len() < branch.room() { branch.len() + 1 } else { MAX_CHILDREN };
    // SAFETY: as above. If the leaf does not fit below the last child, the branch itself has room.
    unsafe {
        let branch = own_branch::<T, C>(
            slot,
            height,
            size,
            if branch.is_unique() { room } else { MAX_CHILDREN },
            relaxed,
        );
        branch.push(spine::<C>(leaf, height - 1, length), size + length);
    }
    relaxed
}

/// Takes out the last leaf. Returns it, with a hold of it, and the number of its elements. The branch may become empty.
///
/// # Safety
/// As for [`own_branch`].
pub(super) unsafe fn pop_leaf<T, C: Counter>(slot: &mut Link, height: u8, size: usize) -> (Link, usize) {
    // SAFETY: the contract is the same.
    let branch = unsafe { own_branch::<T, C>(slot, height, size, 1, false) };
    let last = branch.len() - 1;
    let last_size = size - child_start::<T, C>(branch, height, last);
    if height == 1 {
        let leaf = branch.child(last);
        // SAFETY: nobody else holds the branch, and its hold of the leaf goes to the caller.
        unsafe { branch.set_len(last) };
        return (leaf, last_size);
    }
    // SAFETY: nobody else holds the branch, so `child` is a place in a node that the caller alone holds.
    unsafe {
        let child = &mut *branch.children().add(last);
        let (leaf, length) = pop_leaf::<T, C>(child, height - 1, last_size);
        let child = Branch::<C>::from_link(*child);
        if child.len() == 0 {
            child.free_memory();
            branch.set_len(last);
        } else if branch.is_relaxed() {
            branch.set_last_end(size - length);
        }
        (leaf, length)
    }
}

/// A row has at most this many nodes: the children of two branches, of which each gives one child away and gets one
/// node from the seam in return.
const MAX_ROW: usize = 2 * MAX_CHILDREN;

/// Nodes of the same height side by side, and the number of elements of each. A row has a hold of each of its nodes.
struct Row<T, C: Counter> {
    links: [MaybeUninit<Link>; MAX_ROW],
    sizes: [MaybeUninit<usize>; MAX_ROW],
    len: usize,
    /// Whether a node other than the last one is not full.
    irregular: bool,
    /// Whether the last node is not full.
    short: bool,
    height: u8,
    elements: PhantomData<(T, C)>,
}

impl<T, C: Counter> Row<T, C> {
    #[inline]
    fn new(height: u8) -> Self {
        Row {
            links: [const { MaybeUninit::uninit() }; MAX_ROW],
            sizes: [const { MaybeUninit::uninit() }; MAX_ROW],
            len: 0,
            irregular: false,
            short: false,
            height,
            elements: PhantomData,
        }
    }

    fn push(&mut self, node: Owned<T, C>, size: usize) {
        self.irregular |= self.short;
        self.short = size != Width::<T>::full(self.height);
        self.sizes[self.len].write(size);
        self.links[self.len].write(node.into_link());
        self.len += 1;
    }

    /// Appends children of a branch, which are then shared. The branch stands one higher than the row, and has `size`
    /// elements.
    fn push_children(&mut self, branch: Branch<C>, slots: Range<usize>, size: usize) {
        if slots.is_empty() {
            return;
        }
        let full = Width::<T>::full(self.height);
        let sizes = &mut self.sizes[self.len..][..slots.len()];
        self.irregular |= self.short;
        self.short = true;
        if branch.is_relaxed() {
            self.irregular = true;
            let mut begin = child_start::<T, C>(branch, self.height + 1, slots.start);
            for (size, slot) in sizes.iter_mut().zip(slots.clone()) {
                size.write(branch.end(slot) - begin);
                begin = branch.end(slot);
            }
        } else {
            for place in &mut *sizes {
                place.write(full);
            }
            self.short = slots.end == branch.len();
            if self.short {
                sizes[slots.len() - 1].write(size - (slots.end - 1) * full);
            }
        }
        let links = &mut self.links[self.len..][..slots.len()];
        self.len += slots.len();
        // SAFETY: the branch has these children, and is held by the caller.
        unsafe { branch.share_into::<T>(slots, self.height + 1, links) };
    }

    fn pop(&mut self) -> Option<(Owned<T, C>, usize)> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: the node was one of the first `len`, which are initialized. The row gives up its hold of it.
        unsafe {
            let link = self.links[self.len].assume_init();
            Some((Owned::from_held(link, self.height), self.sizes[self.len].assume_init()))
        }
    }

    /// Makes one branch of all nodes, or two branches of half of them each if there are too many for one. The row is
    /// empty afterwards.
    fn pack(&mut self, relaxed: &mut bool) -> Joined<T, C> {
        // The row hands over its holds to the branches. Nothing can panic meanwhile: running out of memory aborts.
        let len = mem::take(&mut self.len);
        if len <= MAX_CHILDREN {
            Joined { first: self.branch(0..len, relaxed), second: None }
        } else {
            let half = len / 2;
            Joined { first: self.branch(0..half, relaxed), second: Some(self.branch(half..len, relaxed)) }
        }
    }

    /// A branch of some nodes of the row. It takes over the holds of these nodes.
    fn branch(&self, range: Range<usize>, relaxed: &mut bool) -> (Owned<T, C>, usize) {
        let full = Width::<T>::full(self.height);
        // SAFETY: the callers pass ranges of nodes that were pushed, so they are initialized. `MaybeUninit<X>` has the
        // layout of `X`.
        let (links, sizes) = unsafe {
            let (links, sizes) = (self.links.as_ptr().add(range.start), self.sizes.as_ptr().add(range.start));
            (
                slice::from_raw_parts(links.cast::<Link>(), range.len()),
                slice::from_raw_parts(sizes.cast::<usize>(), range.len()),
            )
        };
        // If the row has no short node before its last one, none need be looked for here.
        let irregular = self.irregular && sizes[..sizes.len() - 1].iter().any(|size| *size != full);
        *relaxed |= irregular;
        let branch = Branch::<C>::with_room(links.len(), irregular);
        // SAFETY: the branch is new and has room. It takes over the holds that the row had.
        unsafe {
            branch.fill(links);
            let mut total = 0;
            if irregular {
                for (at, size) in sizes.iter().enumerate() {
                    total += size;
                    branch.set_end(at, total);
                }
            } else {
                total = (sizes.len() - 1) * full + sizes[sizes.len() - 1];
            }
            (Owned::from_held(branch.link(), self.height + 1), total)
        }
    }
}

impl<T, C: Counter> Drop for Row<T, C> {
    #[inline]
    fn drop(&mut self) {
        while let Some(node) = self.pop() {
            drop(node);
        }
    }
}

/// The result of joining two trees: one node, or two nodes of the same height, each with its size.
pub(super) struct Joined<T, C: Counter> {
    pub(super) first: (Owned<T, C>, usize),
    pub(super) second: Option<(Owned<T, C>, usize)>,
}

impl<T, C: Counter> Joined<T, C> {
    /// Makes one tree of it, and returns its height, which is one more than `height` if there are two nodes.
    pub(super) fn into_tree(self, height: u8, relaxed: &mut bool) -> (Owned<T, C>, u8) {
        let Some((second, second_size)) = self.second else { return (self.first.0, height) };
        let mut row = Row::new(height);
        row.push(self.first.0, self.first.1);
        row.push(second, second_size);
        (row.pack(relaxed).first.0, height + 1)
    }
}

/// A tree that somebody else holds.
#[derive(Clone, Copy)]
pub(super) struct Tree {
    pub(super) link: Link,
    pub(super) height: u8,
    pub(super) size: usize,
}

/// Whether the root of a tree is less than half full, so that it should be merged with a neighbour.
///
/// # Safety
/// The tree is valid and held.
unsafe fn is_scant<T, C: Counter>(tree: Tree) -> bool {
    match tree.height {
        0 => tree.size < Width::<T>::HALF_LEAF,
        // SAFETY: above the leaves are branches.
        _ => unsafe { Branch::<C>::from_link(tree.link).len() < MIN_CHILDREN },
    }
}

/// Joins two trees, and returns one or two nodes of the greater height. The nodes along the seam are made anew, and are
/// at least half full unless they are the first or the last of their height. All others are shared.
///
/// # Safety
/// The trees are valid, not empty, and held during this call.
pub(super) unsafe fn join<T: Clone, C: Counter>(left: Tree, right: Tree, relaxed: &mut bool) -> Joined<T, C> {
    let height = left.height.max(right.height);
    if height == 0 {
        // SAFETY: the contract is the same, and both trees are leaves.
        return unsafe { join_leaves(left, right) };
    }
    // SAFETY: the caller holds the trees, and so the nodes below them. Above the leaves are branches.
    unsafe {
        let mut row = Row::new(height - 1);
        let mut last = left;
        if left.height == height {
            let branch = Branch::<C>::from_link(left.link);
            let slot = branch.len() - 1;
            row.push_children(branch, 0..slot, left.size);
            let begin = child_start::<T, C>(branch, height, slot);
            last = Tree { link: branch.child(slot), height: height - 1, size: left.size - begin };
        }
        let mut first = right;
        let mut rest = None;
        if right.height == height {
            let branch = Branch::<C>::from_link(right.link);
            let end = child_end::<T, C>(branch, height, 0, right.size);
            first = Tree { link: branch.child(0), height: height - 1, size: end };
            rest = Some((branch, 1));
        }
        let mut seam = join::<T, C>(last, first, relaxed);
        let tree =
            |node: &(Owned<T, C>, usize)| Tree { link: node.0.link(), height: height - 1, size: node.1 };
        if seam.second.is_none() && is_scant::<T, C>(tree(&seam.first)) {
            if let Some(before) = row.pop() {
                seam = join::<T, C>(tree(&before), tree(&seam.first), relaxed);
            } else if let Some((branch, 1)) = rest
                && branch.len() > 1
            {
                let (begin, end) = (first.size, child_end::<T, C>(branch, height, 1, right.size));
                let after = Tree { link: branch.child(1), height: height - 1, size: end - begin };
                seam = join::<T, C>(tree(&seam.first), after, relaxed);
                rest = Some((branch, 2));
            }
        }
        row.push(seam.first.0, seam.first.1);
        if let Some((node, size)) = seam.second {
            row.push(node, size);
        }
        if let Some((branch, from)) = rest {
            row.push_children(branch, from..branch.len(), right.size);
        }
        row.pack(relaxed)
    }
}

/// Joins two leaves: shares both if each is at least half full, otherwise makes one or two leaves of clones.
///
/// # Safety
/// As for [`join`], and both trees are leaves.
unsafe fn join_leaves<T: Clone, C: Counter>(left: Tree, right: Tree) -> Joined<T, C> {
    let most = Width::<T>::LEAF;
    // SAFETY: the caller holds the leaves, and sees `size` elements of each.
    unsafe {
        let leaves = [left, right].map(|tree| Leaf::<T, C>::from_link(tree.link));
        let (first, second) = (leaves[0].slice(left.size), leaves[1].slice(right.size));
        let leaf = |first, second, size| {
            (Owned::from_held(Leaf::<T, C>::of_clones(first, second, size).link(), 0), size)
        };
        let total = left.size + right.size;
        if total <= most {
            return Joined { first: leaf(first, second, total), second: None };
        }
        if left.size >= Width::<T>::HALF_LEAF && right.size >= Width::<T>::HALF_LEAF {
            let share = |tree: Tree| (Owned::share(tree.link, 0), tree.size);
            return Joined { first: share(left), second: Some(share(right)) };
        }
        let half = total / 2;
        let joined = if left.size > half {
            [(&first[..half], &[] as &[T]), (&first[half..], second)]
        } else {
            [(first, &second[..half - left.size]), (&[] as &[T], &second[half - left.size..])]
        };
        let [one, two] = joined;
        Joined { first: leaf(one.0, one.1, half), second: Some(leaf(two.0, two.1, total - half)) }
    }
}

/// The elements `from..to` of a tree, as a tree of the same height. The nodes at the two cuts are made anew, all others
/// are shared.
///
/// # Safety
/// The tree is valid and held during this call. The range lies within it, and is not empty.
pub(super) unsafe fn cut<T: Clone, C: Counter>(
    tree: Tree,
    from: usize,
    to: usize,
    relaxed: &mut bool,
) -> Owned<T, C> {
    let Tree { link, height, size } = tree;
    // SAFETY: the caller holds the tree, and so the nodes below it. Above the leaves are branches.
    unsafe {
        if from == 0 && (to == size || height == 0) {
            return Owned::share(link, height);
        }
        if height == 0 {
            let kept = &Leaf::<T, C>::from_link(link).slice(to)[from..];
            return Owned::from_held(Leaf::<T, C>::of_clones(kept, &[], kept.len()).link(), 0);
        }
        let branch = Branch::<C>::from_link(link);
        let (first, _) = locate::<T, C>(branch, height, from);
        let (last, _) = locate::<T, C>(branch, height, to - 1);
        let mut row = Row::new(height - 1);
        let mut cut_child = |row: &mut Row<T, C>, slot| {
            let begin = child_start::<T, C>(branch, height, slot);
            let end = child_end::<T, C>(branch, height, slot, size);
            let child = Tree { link: branch.child(slot), height: height - 1, size: end - begin };
            let (from, to) = (from.max(begin) - begin, to.min(end) - begin);
            row.push(cut(child, from, to, relaxed), to - from);
        };
        cut_child(&mut row, first);
        if first < last {
            row.push_children(branch, first + 1..last, size);
            cut_child(&mut row, last);
        }
        row.pack(relaxed).first.0
    }
}

/// The lowest subtree that has all elements of `from..to`, and the index at which it begins.
///
/// # Safety
/// The tree is valid and held. The range lies within it, and is not empty.
pub(super) unsafe fn narrow<T, C: Counter>(mut tree: Tree, from: usize, to: usize) -> (Tree, usize) {
    let mut start = 0;
    while tree.height > 0 {
        // SAFETY: above the leaves are branches.
        let branch = unsafe { Branch::<C>::from_link(tree.link) };
        let (first, begin) = locate::<T, C>(branch, tree.height, from - start);
        let end = child_end::<T, C>(branch, tree.height, first, tree.size);
        if end < to - start {
            break;
        }
        start += begin;
        tree = Tree { link: branch.child(first), height: tree.height - 1, size: end - begin };
    }
    (tree, start)
}

/// Whether two trees of the same shape, both without relaxed branches, have equal elements. Skips the nodes that both
/// share.
///
/// # Safety
/// The trees are valid and held, and have the same height and size.
pub(super) unsafe fn equal<T: PartialEq, C: Counter>(left: Tree, right: Tree) -> bool {
    if left.link == right.link {
        return true;
    }
    // SAFETY: the caller holds the trees, and so the nodes below them. Of the same height and size and without relaxed
    // branches, they have children of the same sizes.
    unsafe {
        if left.height == 0 {
            let [left, right] = [left, right].map(|tree| Leaf::<T, C>::from_link(tree.link).slice(tree.size));
            return left == right;
        }
        let branches = [left, right].map(|tree| Branch::<C>::from_link(tree.link));
        (0..branches[0].len()).all(|slot| {
            let begin = child_start::<T, C>(branches[0], left.height, slot);
            let size = child_end::<T, C>(branches[0], left.height, slot, left.size) - begin;
            let [left, right] =
                branches.map(|branch| Tree { link: branch.child(slot), height: left.height - 1, size });
            equal::<T, C>(left, right)
        })
    }
}
