//! Trees of nodes: finding, changing, cutting and joining them. A tree is a link, its height above the leaves
//! and its size; how many elements a node holds is never read from the node itself but for relaxed branches,
//! because a leaf may have more than a version sees of it.

use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};
use std::ops::Range;
use std::slice;

use super::node::{BRANCH_BITS, Branch, Leaf, Link, MAX_CHILDREN, Owned, Width, release};
use crate::counter::Counter;

/// A run of elements that lie beside each other: what a vector sees of a leaf.
pub(super) struct Run<T, C> {
    pub(super) leaf: Leaf<T, C>,
    /// Index of the first element.
    pub(super) start: usize,
    pub(super) length: usize,
}

/// The child of a branch that holds the element at `index`, and where that child begins.
#[inline]
pub(super) fn locate<T, C: Counter>(branch: Branch<C>, height: u8, index: usize) -> (usize, usize) {
    let shift = Width::<T>::shift(height - 1);
    let mut slot = index >> shift;
    if !branch.is_relaxed() {
        return (slot, slot << shift);
    }
    // No child holds more than a full one, so the search begins no later than there.
    while branch.end(slot) <= index {
        slot += 1;
    }
    (slot, child_start::<T, C>(branch, height, slot))
}

/// Where a child begins.
#[inline]
pub(super) fn child_start<T, C: Counter>(branch: Branch<C>, height: u8, slot: usize) -> usize {
    match slot {
        0 => 0,
        _ if branch.is_relaxed() => branch.end(slot - 1),
        _ => slot << Width::<T>::shift(height - 1),
    }
}

/// Where a child of a branch of `size` elements ends.
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
/// The tree is one, and `index` is less than its `size`.
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
    // SAFETY: at height 0 are leaves.
    Run { leaf: unsafe { Leaf::from_link(link) }, start, length: size }
}

/// Makes the branch in `slot` its holder's alone, with room for `room` children and relaxed if so asked:
/// copies it if it is not.
///
/// # Safety
/// `slot` is the holder's own place of a branch `height` above the leaves of `size` elements.
pub(super) unsafe fn own_branch<T, C: Counter>(
    slot: &mut Link,
    height: u8,
    size: usize,
    room: usize,
    relaxed: bool,
) -> Branch<C> {
    // SAFETY: the caller's promise.
    let branch = unsafe { Branch::<C>::from_link(*slot) };
    let unique = branch.is_unique();
    let relaxed = relaxed || branch.is_relaxed();
    if unique && branch.room() >= room && branch.is_relaxed() == relaxed {
        return branch;
    }
    let len = branch.len();
    let copy = Branch::<C>::with_room(room.max(len), relaxed);
    // SAFETY: the copy is new and has room. Where the branch is this holder's alone, its children move.
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
    // SAFETY: the hold that was in `slot`. Alone, its children have moved to the copy.
    unsafe { if unique { branch.free_memory() } else { release::<T, C>(branch.link(), height) } }
    copy
}

/// [`own_branch`] where no branch is relaxed, and no room is wanted.
///
/// # Safety
/// `slot` is the holder's own place of a branch that is not relaxed, of whose elements' indices `shift` bits tell
/// the place below a child.
#[inline]
pub(super) unsafe fn own_regular_branch<T, C: Counter>(slot: &mut Link, shift: u32) -> Branch<C> {
    // SAFETY: the caller's promise.
    let branch = unsafe { Branch::<C>::from_link(*slot) };
    if branch.is_unique() {
        return branch;
    }
    // SAFETY: as above.
    unsafe { copy_regular_branch::<T, C>(slot, branch, shift) }
}

/// # Safety
/// As [`own_regular_branch`], of the branch in `slot`.
#[inline(never)]
unsafe fn copy_regular_branch<T, C: Counter>(slot: &mut Link, branch: Branch<C>, shift: u32) -> Branch<C> {
    let height = ((shift - Width::<T>::BITS) / BRANCH_BITS) as u8 + 1;
    let len = branch.len();
    let copy = Branch::<C>::with_room(len, false);
    // SAFETY: the copy is new and has room; the hold that is given up was in `slot`.
    unsafe {
        copy.share_children::<T>(branch, 0..len, height);
        *slot = copy.link();
        release::<T, C>(branch.link(), height);
    }
    copy
}

/// Makes a leaf its holder's alone: copies the `length` elements that are seen if it is not.
///
/// # Safety
/// `slot` is the holder's own place of a leaf of which it sees `length` elements.
#[inline]
pub(super) unsafe fn own_leaf<T: Clone, C: Counter>(slot: &mut Link, length: usize) -> Leaf<T, C> {
    // SAFETY: the caller's promise.
    let leaf = unsafe { Leaf::<T, C>::from_link(*slot) };
    if leaf.is_unique() {
        return leaf;
    }
    // SAFETY: as above.
    unsafe { copy_leaf(slot, leaf, length) }
}

/// # Safety
/// As [`own_leaf`], of the leaf in `slot`.
#[inline(never)]
unsafe fn copy_leaf<T: Clone, C: Counter>(slot: &mut Link, leaf: Leaf<T, C>, length: usize) -> Leaf<T, C> {
    // SAFETY: the holder sees these elements, and holds the leaf until below.
    let copy = Leaf::of_clones(unsafe { leaf.slice(length) }, &[], length);
    *slot = copy.link();
    // SAFETY: the hold that was in `slot`.
    unsafe { leaf.release() };
    copy
}

/// Whether another leaf fits at the right end without one more level.
///
/// # Safety
/// The tree is one.
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

/// A node `height` above the leaves with one leaf below it.
pub(super) fn spine<C: Counter>(leaf: Link, height: u8, size: usize) -> Link {
    (0..height).fold(leaf, |child, _| {
        let branch = Branch::<C>::with_room(MAX_CHILDREN, false);
        // SAFETY: the branch is new.
        unsafe { branch.push(child, size) };
        branch.link()
    })
}

/// Appends a leaf of `length` elements at the right end; whether a branch became relaxed.
///
/// # Safety
/// `slot` is the holder's own place of a branch `height` above the leaves of `size` elements, which has room;
/// a hold of the leaf is handed over.
pub(super) unsafe fn push_leaf<T, C: Counter>(
    slot: &mut Link,
    height: u8,
    size: usize,
    leaf: Link,
    length: usize,
) -> bool {
    // SAFETY: the caller's promise.
    let branch = unsafe { Branch::<C>::from_link(*slot) };
    let last = branch.len() - 1;
    let last_size = size - child_start::<T, C>(branch, height, last);
    // SAFETY: children stand one lower.
    if unsafe { has_room::<C>(branch.child(last), height - 1) } {
        // SAFETY: the branch is the holder's alone after, so its last place is; sizes are those found above.
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
    // SAFETY: as above; where a child does not fit below the last one, the branch itself has room.
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

/// Takes the last leaf out: it, with its hold, and how many elements it has. The branch may be left empty.
///
/// # Safety
/// `slot` is the holder's own place of a branch `height` above the leaves of `size` elements.
pub(super) unsafe fn pop_leaf<T, C: Counter>(slot: &mut Link, height: u8, size: usize) -> (Link, usize) {
    // SAFETY: the caller's promise.
    let branch = unsafe { own_branch::<T, C>(slot, height, size, 1, false) };
    let last = branch.len() - 1;
    let last_size = size - child_start::<T, C>(branch, height, last);
    if height == 1 {
        let leaf = branch.child(last);
        // SAFETY: the branch is the holder's alone, and the hold of the leaf goes to the caller.
        unsafe { branch.set_len(last) };
        return (leaf, last_size);
    }
    // SAFETY: the branch is the holder's alone, so its last place is.
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

/// Most nodes in a row: two branches without a child each, and two nodes from the seam between them.
const ROW: usize = 2 * MAX_CHILDREN;

/// Nodes of one height beside each other, and how many elements each holds.
struct Row<T, C: Counter> {
    links: [MaybeUninit<Link>; ROW],
    sizes: [MaybeUninit<usize>; ROW],
    len: usize,
    /// Whether a node before the last one is not full.
    irregular: bool,
    /// Whether the last one is not.
    short: bool,
    height: u8,
    elements: PhantomData<(T, C)>,
}

impl<T, C: Counter> Row<T, C> {
    #[inline]
    fn new(height: u8) -> Self {
        Row {
            links: [const { MaybeUninit::uninit() }; ROW],
            sizes: [const { MaybeUninit::uninit() }; ROW],
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

    /// Appends shared children of a branch that stands one higher and has `size` elements.
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
        // SAFETY: the branch holds its children, which stand as high as the row.
        unsafe { branch.share_into::<T>(slots, self.height + 1, links) };
    }

    fn pop(&mut self) -> Option<(Owned<T, C>, usize)> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: it was one of the first `len`, with a hold that the row gives up.
        unsafe {
            let link = self.links[self.len].assume_init();
            Some((Owned::from_held(link, self.height), self.sizes[self.len].assume_init()))
        }
    }

    /// One branch of all nodes, or two of half of them each where they are too many for one. The row is
    /// empty after.
    fn pack(&mut self, relaxed: &mut bool) -> Joined<T, C> {
        // The row gives its holds up to the branches. Nothing between can panic but running out of memory,
        // which aborts.
        let len = mem::take(&mut self.len);
        if len <= MAX_CHILDREN {
            Joined { first: self.branch(0..len, relaxed), second: None }
        } else {
            let half = len / 2;
            Joined { first: self.branch(0..half, relaxed), second: Some(self.branch(half..len, relaxed)) }
        }
    }

    /// A branch of nodes that the row has given up.
    fn branch(&self, range: Range<usize>, relaxed: &mut bool) -> (Owned<T, C>, usize) {
        let full = Width::<T>::full(self.height);
        // SAFETY: the callers pass ranges of what was initialized; `MaybeUninit` is laid out as what it holds.
        let (links, sizes) = unsafe {
            let (links, sizes) = (self.links.as_ptr().add(range.start), self.sizes.as_ptr().add(range.start));
            (
                slice::from_raw_parts(links.cast::<Link>(), range.len()),
                slice::from_raw_parts(sizes.cast::<usize>(), range.len()),
            )
        };
        // Without a short node among all of them, there is none to look for.
        let irregular = self.irregular && sizes[..sizes.len() - 1].iter().any(|size| *size != full);
        *relaxed |= irregular;
        let branch = Branch::<C>::with_room(links.len(), irregular);
        // SAFETY: the branch is new and has room, and takes over the holds of the row.
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

/// What joining two trees makes: one node or two of the same height.
pub(super) struct Joined<T, C: Counter> {
    pub(super) first: (Owned<T, C>, usize),
    pub(super) second: Option<(Owned<T, C>, usize)>,
}

impl<T, C: Counter> Joined<T, C> {
    /// One tree of it, whose height is one more where there were two nodes.
    pub(super) fn into_tree(self, height: u8, relaxed: &mut bool) -> (Owned<T, C>, u8) {
        let Some((second, second_size)) = self.second else { return (self.first.0, height) };
        let mut row = Row::new(height);
        row.push(self.first.0, self.first.1);
        row.push(second, second_size);
        (row.pack(relaxed).first.0, height + 1)
    }
}

/// A borrowed tree.
#[derive(Clone, Copy)]
pub(super) struct Tree {
    pub(super) link: Link,
    pub(super) height: u8,
    pub(super) size: usize,
}

/// Whether a node is less than half full, so that it should be merged with a neighbour.
///
/// # Safety
/// The tree is one.
unsafe fn is_scant<T, C: Counter>(tree: Tree) -> bool {
    match tree.height {
        0 => tree.size < Width::<T>::LEAF / 2,
        // SAFETY: above the leaves are branches.
        _ => unsafe { Branch::<C>::from_link(tree.link).len() < MAX_CHILDREN / 2 },
    }
}

/// Two trees beside each other as one or two nodes of the greater height. Shares what lies off the seam and
/// makes new nodes along it, which are at least half full unless they are the first or the last.
///
/// # Safety
/// The trees are some, not empty, and held for the time of this call.
pub(super) unsafe fn join<T: Clone, C: Counter>(left: Tree, right: Tree, relaxed: &mut bool) -> Joined<T, C> {
    let height = left.height.max(right.height);
    if height == 0 {
        // SAFETY: the caller's promise.
        return unsafe { join_leaves(left, right) };
    }
    // SAFETY: the trees and what is below them are held by the caller; branches are above the leaves.
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

/// # Safety
/// As [`join`], of leaves.
unsafe fn join_leaves<T: Clone, C: Counter>(left: Tree, right: Tree) -> Joined<T, C> {
    let most = Width::<T>::LEAF;
    // SAFETY: the caller holds the leaves and sees that many elements of them.
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
        if left.size >= most / 2 && right.size >= most / 2 {
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

/// The elements `from..to` of a tree, not none, as a tree of the same height. Shares what lies off the cuts.
///
/// # Safety
/// The tree is one and held for the time of this call; the range lies within it.
pub(super) unsafe fn cut<T: Clone, C: Counter>(
    tree: Tree,
    from: usize,
    to: usize,
    relaxed: &mut bool,
) -> Owned<T, C> {
    let Tree { link, height, size } = tree;
    // SAFETY: the caller's promise, for this and what is below it.
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

/// Goes down to the lowest node that holds all of `from..to`; the tree there and where it begins.
///
/// # Safety
/// The tree is one, and the range lies within it and is not empty.
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

/// Whether two trees of the same shape, both without relaxed branches, hold equal elements. Parts that they
/// share are not looked at.
///
/// # Safety
/// The trees are some of the same height and size.
pub(super) unsafe fn equal<T: PartialEq, C: Counter>(left: Tree, right: Tree) -> bool {
    if left.link == right.link {
        return true;
    }
    // SAFETY: the caller's promise.
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
