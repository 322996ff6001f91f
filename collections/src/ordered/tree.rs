//! The tree of a map, and the operations that change it.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};

use super::node::{BRANCH_MAX, BRANCH_MIN, Digits, MAX_HEIGHT, Node};
use super::slot::{Detached, Separator, Slot, Taken};
use crate::counter::Counter;

/// A version of a map: a hold of the root.
pub(super) struct Tree<K, V, C: Counter> {
    root: Node<K, V, C>,
    /// How many levels of branches there are.
    height: usize,
    marker: PhantomData<C::Marker>,
}

// SAFETY: a version may be dropped or taken apart in another thread (Send) while clones in this thread still read its
// entries (Sync). `Marker` is `Send` and `Sync` exactly if the counts are atomic.
unsafe impl<K: Send + Sync, V: Send + Sync, C: Counter> Send for Tree<K, V, C> where C::Marker: Send + Sync {}
// SAFETY: as above, and a shared reference allows cloning.
unsafe impl<K: Send + Sync, V: Send + Sync, C: Counter> Sync for Tree<K, V, C> where C::Marker: Send + Sync {}

impl<K, V, C: Counter> Clone for Tree<K, V, C> {
    #[inline]
    fn clone(&self) -> Self {
        if !self.root.is_none() {
            self.root.hold();
        }
        Tree { ..*self }
    }
}

impl<K, V, C: Counter> Drop for Tree<K, V, C> {
    #[inline]
    fn drop(&mut self) {
        if !self.root.is_none() {
            // SAFETY: this gives up the version's own hold.
            unsafe { self.root.release(self.height) }
        }
    }
}

/// The places of the nodes on a way from the root to a leaf, by height. All nodes but the leaf are held by the version
/// alone.
struct Path<K, V, C> {
    digits: Digits,
    places: [MaybeUninit<*mut Node<K, V, C>>; MAX_HEIGHT + 1],
}

impl<K, V, C> Path<K, V, C> {
    /// # Safety
    /// The tree has at least this height, and nothing has moved the node's parent since the path was made.
    #[inline]
    unsafe fn place(&self, height: usize) -> *mut Node<K, V, C> {
        // SAFETY: places are written for all heights of the tree.
        unsafe { self.places[height].assume_init() }
    }

    /// # Safety
    /// As for `place`.
    #[inline]
    unsafe fn node(&self, height: usize) -> Node<K, V, C> {
        // SAFETY: by the contract there is a node.
        unsafe { *self.place(height) }
    }
}

/// Where a key lies, or would lie.
struct Location {
    digits: Digits,
    /// Its place in the leaf.
    at: usize,
    is_found: bool,
}

impl<K, V, C: Counter> Tree<K, V, C> {
    #[inline]
    pub(super) const fn new() -> Self {
        Self::of(Node::NONE, 0)
    }

    #[inline]
    const fn of(root: Node<K, V, C>, height: usize) -> Self {
        Tree { root, height, marker: PhantomData }
    }

    /// A version with this root.
    ///
    /// # Safety
    /// The root has this height, and the caller passes its hold on. A branch has at least two children.
    pub(super) unsafe fn from_root(root: Node<K, V, C>, height: usize) -> Self {
        assert!(height <= MAX_HEIGHT);
        Self::of(root, height)
    }

    /// The root and its height. The caller takes the version's hold over.
    pub(super) fn into_root(self) -> (Node<K, V, C>, usize) {
        let root = (self.root, self.height);
        mem::forget(self);
        root
    }

    #[inline]
    pub(super) fn root(&self) -> Node<K, V, C> {
        self.root
    }

    #[inline]
    pub(super) fn height(&self) -> usize {
        self.height
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        // SAFETY: the root has this height.
        if self.root.is_none() { 0 } else { unsafe { self.root.entries(self.height) } }
    }

    /// The slot of the entry with this key, if there is one.
    #[inline]
    pub(super) fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Slot<K, V, C>
    where
        K: Borrow<Q>,
    {
        if self.root.is_none() {
            return Slot::NONE;
        }
        let mut node = self.root;
        // SAFETY: nodes hold their children, and the height tells branches from leaves. A slot behind others has one
        // before it.
        unsafe {
            for _ in 0..self.height {
                node = *node.child_place_for(key);
            }
            let behind = node.slot_behind(|other| other.borrow().cmp(key) != Ordering::Greater);
            if behind == node.slot(0) {
                return Slot::NONE;
            }
            let slot = behind.before();
            if slot.key::<'_>().borrow().cmp(key) == Ordering::Equal { slot } else { Slot::NONE }
        }
    }

    /// Where this key lies, or would lie. There must be a root.
    #[inline]
    fn locate<Q: Ord + ?Sized>(&self, key: &Q) -> Location
    where
        K: Borrow<Q>,
    {
        let (mut node, mut digits) = (self.root, Digits(0));
        // SAFETY: as in `find`.
        unsafe {
            for height in (1..=self.height).rev() {
                let child = node.child_for(key);
                digits = digits.with(height, child);
                node = node.child(child);
            }
            let behind =
                node.place_of(node.slot_behind(|other| other.borrow().cmp(key) != Ordering::Greater));
            let is_found =
                behind > 0 && node.slot(behind - 1).key::<'_>().borrow().cmp(key) == Ordering::Equal;
            Location { digits, at: behind - usize::from(is_found), is_found }
        }
    }
}

impl<K: Clone, V: Clone, C: Counter> Tree<K, V, C> {
    /// Makes this version alone hold all branches on a way to a leaf. There must be a root.
    #[inline]
    fn unshare_branches(&mut self, digits: Digits) -> Path<K, V, C> {
        self.unshare_branches_above(digits, 0)
    }

    /// Makes this version alone hold the branches on a way that are above this height. The path has the place of the
    /// node of this height, too. There must be a root.
    #[inline]
    fn unshare_branches_above(&mut self, digits: Digits, height: usize) -> Path<K, V, C> {
        let mut path = Path { digits, places: [const { MaybeUninit::uninit() }; MAX_HEIGHT + 1] };
        let mut place = &raw mut self.root;
        // SAFETY: the version alone holds what lies above the place.
        unsafe {
            for height in (height + 1..=self.height).rev() {
                path.places[height].write(place);
                let branch = Node::unshare(place, height);
                place = branch.child_place(digits.at(height));
            }
        }
        path.places[height].write(place);
        path
    }

    /// Writes the separators that name the first entry of the node that the path leads to at this height: in the branch
    /// above it, and further up as long as the way there is through first children.
    ///
    /// If cloning the key panics, the separators before stay. That is allowed if they are not greater than the first
    /// key and entries lie in leaves by value.
    ///
    /// # Safety
    /// The path is still right from this height on, and the node there is not empty.
    #[inline]
    unsafe fn renew_separators(&mut self, path: &Path<K, V, C>, height: usize) {
        // SAFETY: by the contract.
        unsafe {
            let node = path.node(height);
            for above in height + 1..=self.height {
                let first = node.first_separator(height);
                let digit = path.digits.at(above);
                path.node(above).separator(digit).write(first);
                if digit > 0 {
                    break;
                }
            }
        }
    }

    /// Adds to the number of entries of each branch on the path that is at least so high.
    ///
    /// # Safety
    /// The path is still right from this height on.
    #[inline]
    unsafe fn count(&mut self, path: &Path<K, V, C>, height: usize, change: isize) {
        for height in height..=self.height {
            // SAFETY: by the contract, and the version alone holds the branches.
            unsafe {
                let branch = path.node(height);
                branch.set_entries(branch.entries(height).wrapping_add_signed(change));
            }
        }
    }

    /// Puts an entry into the map. If the key is there already, key and value are replaced, and the value before is
    /// returned.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V>
    where
        K: Ord,
    {
        if self.root.is_none() {
            let leaf = Node::leaf(1);
            // SAFETY: the leaf is new, and has room for the entry.
            unsafe {
                leaf.slot(0).write(key, value);
                leaf.set_len(1);
            }
            self.root = leaf;
            return None;
        }
        let Location { digits, at, is_found } = self.locate(&key);
        let path = self.unshare_branches(digits);
        // SAFETY: the path leads to the leaf where the key lies, or would lie. Whatever may panic comes before the leaf
        // changes, or leaves everything right.
        unsafe {
            let place = path.place(0);
            if is_found {
                let slot = Node::unshare(place, 0).slot(at);
                let (before, _hold) = slot.replace(key, value);
                if at == 0 && !Slot::<K, V, C>::INLINE {
                    self.renew_separators(&path, 0);
                }
                return Some(before);
            }
            if at == 0 && digits == Digits(0) && Slot::<K, V, C>::INLINE {
                self.lower_separators(&path, 0, || Detached::of_key(&key));
            }
            let (leaf, len) = (*place, (*place).len());
            if len == Node::<K, V, C>::LEAF_MAX {
                self.insert_and_split(&path, at, key, value);
                return None;
            }
            let mut _before = None;
            if leaf.is_unique() {
                let leaf = if len == leaf.room() {
                    leaf.with_room(Node::<K, V, C>::leaf_room(len + 1), 0)
                } else {
                    leaf
                };
                *place = leaf;
                leaf.shift(at, at + 1, 0);
                leaf.slot(at).write(key, value);
                leaf.set_len(len + 1);
            } else {
                let copy = leaf.copy_leaf(len + 1, at, at, 1);
                copy.slot(at).write(key, value);
                *place = copy;
                // The other holders may have gone meanwhile. Then dropping this drops entries, and may panic.
                _before = Some(Self::of(leaf, 0));
            }
            self.count(&path, 1, 1);
            if at == 0 && !Slot::<K, V, C>::INLINE {
                self.renew_separators(&path, 0);
            }
        }
        None
    }

    /// Writes the first separator of each branch on the way to the first leaf that is higher than `height`. It is one
    /// for a key that is going to be the first.
    ///
    /// # Safety
    /// The path leads to the first node of this height, and is right from there on.
    unsafe fn lower_separators(
        &mut self,
        path: &Path<K, V, C>,
        height: usize,
        first: impl Fn() -> Detached<K, V, C>,
    ) {
        for height in height + 1..=self.height {
            // SAFETY: by the contract.
            unsafe { path.node(height).separator(0).write(first()) }
        }
    }

    /// Inserts an entry into a full leaf, which becomes two.
    ///
    /// # Safety
    /// The path leads to a full leaf, and the entry belongs to place `at` of it.
    #[cold]
    unsafe fn insert_and_split(&mut self, path: &Path<K, V, C>, at: usize, key: K, value: V) {
        // SAFETY: whatever may panic comes first, and leaves everything right.
        unsafe {
            let place = path.place(0);
            let leaf = Node::unshare(place, 0);
            let len = leaf.len();
            // Ascending and descending keys leave full leaves behind.
            let left_len = if at == len && self.is_last(path) {
                len
            } else if at == 0 && path.digits == Digits(0) {
                0
            } else {
                len / 2
            };
            let goes_right = at > left_len || left_len == len;
            let mut splits = self.splits(path, 1);
            let mut separator = None;
            if Slot::<K, V, C>::INLINE {
                if self.height == 0 && at == 0 {
                    splits[0].write(Detached::of_key(&key));
                }
                separator = Some(if left_len == len {
                    Detached::of_key(&key)
                } else {
                    Separator::of(leaf.slot(left_len))
                });
            }

            let right_len = len - left_len;
            let right = Node::leaf(Node::<K, V, C>::leaf_room(right_len + usize::from(goes_right)));
            right.take(0, leaf, left_len, right_len, 0);
            right.set_len(right_len);
            leaf.set_len(left_len);
            let leaf = leaf.with_room(Node::<K, V, C>::leaf_room(left_len + usize::from(!goes_right)), 0);
            *place = leaf;
            let (target, at) = if goes_right { (right, at - left_len) } else { (leaf, at) };
            target.shift(at, at + 1, 0);
            target.slot(at).write(key, value);
            target.set_len(target.len() + 1);

            if !Slot::<K, V, C>::INLINE {
                self.renew_separators(path, 0);
            }
            self.count(path, 1, 1);
            let separator = separator.unwrap_or_else(|| Separator::of(right.slot(0)));
            self.insert_child(path, 1, right, separator, splits);
        }
    }

    /// Whether the path leads to the last leaf.
    ///
    /// # Safety
    /// The path is right.
    unsafe fn is_last(&self, path: &Path<K, V, C>) -> bool {
        // SAFETY: by the contract.
        (1..=self.height).all(|height| unsafe { path.digits.at(height) + 1 == path.node(height).len() })
    }

    /// The separators that go up when the full branches on the path, from this height on, are split. They are made
    /// before anything is split, because making them may panic.
    ///
    /// # Safety
    /// The path is right from this height on.
    unsafe fn splits(&self, path: &Path<K, V, C>, height: usize) -> Splits<K, V, C> {
        let mut splits = [const { MaybeUninit::uninit() }; MAX_HEIGHT + 1];
        if !Slot::<K, V, C>::INLINE {
            return splits;
        }
        // SAFETY: by the contract.
        unsafe {
            for (height, split) in splits.iter_mut().enumerate().take(self.height + 1).skip(height) {
                let branch = path.node(height);
                if branch.len() < BRANCH_MAX {
                    return splits;
                }
                split.write(branch.separator(BRANCH_MAX / 2).read());
            }
            splits[0].write(self.root.first_separator(self.height));
        }
        splits
    }

    /// Inserts a node behind the one that the path leads to, into the branch above, which is at this height. Branches
    /// that are full are split. Does not panic.
    ///
    /// # Safety
    /// The path is right from this height on, and `splits` is what [`splits`](Self::splits) returned for it, or for
    /// the part of it from this height on. The node is one level lower. The entries of the branch and those above it
    /// count those of the node already.
    unsafe fn insert_child(
        &mut self,
        path: &Path<K, V, C>,
        height: usize,
        child: Node<K, V, C>,
        separator: Detached<K, V, C>,
        splits: Splits<K, V, C>,
    ) {
        let (mut child, mut separator) = (child, separator);
        // SAFETY: by the contract. Separators that `splits` has are read once.
        unsafe {
            for (height, split) in splits.iter().enumerate().take(self.height + 1).skip(height) {
                let (place, at) = (path.place(height), path.digits.at(height) + 1);
                let mut branch = *place;
                let len = branch.len();
                if len < BRANCH_MAX {
                    if len == branch.room() {
                        branch = branch.with_room(Node::<K, V, C>::branch_room(len + 1), height);
                        *place = branch;
                    }
                    branch.shift(at, at + 1, height);
                    branch.write_item(at, child, separator);
                    branch.set_len(len + 1);
                    return;
                }
                let half = BRANCH_MAX / 2;
                let right = Node::branch(BRANCH_MAX - half + 2);
                right.take(0, branch, half, len - half, height);
                right.set_len(len - half);
                branch.set_len(half);
                let (target, at) = if at > half { (right, at - half) } else { (branch, at) };
                target.shift(at, at + 1, height);
                target.write_item(at, child, separator);
                target.set_len(target.len() + 1);
                let entries = branch.entries(height);
                right.set_entries(right.entries_between(0, right.len(), height));
                branch.set_entries(entries - right.entries(height));
                separator = if Slot::<K, V, C>::INLINE {
                    split.assume_init_read()
                } else {
                    right.separator(0).read()
                };
                child = right;
            }
            let entries = self.root.entries(self.height) + child.entries(self.height);
            self.height += 1;
            assert!(self.height <= MAX_HEIGHT);
            let root = Node::branch(4);
            let first = if Slot::<K, V, C>::INLINE {
                splits[0].assume_init_read()
            } else {
                self.root.first_separator(self.height - 1)
            };
            root.write_item(0, self.root, first);
            root.write_item(1, child, separator);
            root.set_len(2);
            root.set_entries(entries);
            self.root = root;
        }
    }

    /// The path to the entry with this key, and its place in the leaf. The version alone holds the branches then. If there
    /// is no such entry, nothing is copied.
    #[inline]
    fn unshare_to<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(Path<K, V, C>, usize)>
    where
        K: Borrow<Q>,
    {
        if self.root.is_none() {
            return None;
        }
        let Location { digits, at, is_found } = self.locate(key);
        if is_found { Some((self.unshare_branches(digits), at)) } else { None }
    }

    /// The value of a key, to be changed in place.
    pub(super) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(&K, &mut V)>
    where
        K: Borrow<Q>,
    {
        let (path, at) = self.unshare_to(key)?;
        // SAFETY: the path leads to the entry's leaf. The entry stays while the version is borrowed.
        unsafe {
            let slot = Node::unshare(path.place(0), 0).slot(at);
            self.unshare_entry(&path, at, slot);
            Some((slot.key(), slot.value_mut()))
        }
    }

    /// Makes sure that nobody else can reach an entry.
    ///
    /// # Safety
    /// The path leads to a leaf that this version alone holds, and the slot is in place `at` of it.
    #[inline]
    unsafe fn unshare_entry(&mut self, path: &Path<K, V, C>, at: usize, slot: Slot<K, V, C>) {
        // SAFETY: by the contract. The separators are written before the old entry may be dropped.
        unsafe {
            let hold = slot.unshare();
            if at == 0 && !Slot::<K, V, C>::INLINE {
                self.renew_separators(path, 0);
            }
            drop(hold);
        }
    }

    /// Makes sure that nobody else can reach any node or entry.
    pub(super) fn unshare_all(&mut self) {
        if self.root.is_none() {
            return;
        }
        let mut digits = Digits(0);
        loop {
            let path = self.unshare_branches(digits);
            // SAFETY: the path leads to a leaf.
            unsafe {
                let leaf = Node::unshare(path.place(0), 0);
                for at in 0..leaf.len() {
                    self.unshare_entry(&path, at, leaf.slot(at));
                }
                match next_leaf(self.root, self.height, digits) {
                    Some((_, next)) => digits = next,
                    None => return,
                }
            }
        }
    }

    /// Removes an entry, and returns it.
    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let (path, at) = self.unshare_to(key)?;
        // SAFETY: the path leads to the entry's leaf.
        Some(unsafe { self.remove_at(&path, at) })
    }

    /// Removes the first or the last entry, and returns it.
    pub(super) fn remove_edge(&mut self, edge: Edge) -> Option<(K, V)> {
        if self.root.is_none() {
            return None;
        }
        // SAFETY: a root has an edge, and a leaf is not empty.
        unsafe {
            let path = self.unshare_branches(edge_digits(self.root, self.height, 0, edge));
            let at = if edge == Edge::First { 0 } else { path.node(0).len() - 1 };
            Some(self.remove_at(&path, at))
        }
    }

    /// Removes the entry in place `at` of the leaf to which the path leads.
    ///
    /// # Safety
    /// The path is right, and there is such an entry.
    #[inline]
    unsafe fn remove_at(&mut self, path: &Path<K, V, C>, at: usize) -> (K, V) {
        // SAFETY: by the contract. Wherever a clone or a drop may panic, the tree is right.
        unsafe {
            let place = path.place(0);
            let (leaf, len) = (*place, (*place).len());
            let taken;
            let mut _before = None;
            if leaf.is_unique() {
                let slot = leaf.slot(at);
                let before = slot.before_take();
                taken = slot.take(before);
                leaf.shift(at + 1, at, 0);
                leaf.set_len(len - 1);
            } else {
                let slot = leaf.slot(at);
                let entry = (slot.key::<'_>().clone(), slot.value::<'_>().clone());
                *place = leaf.copy_leaf(len - 1, at, at + 1, 0);
                taken = Taken::cloned(entry);
                // The other holders may have gone meanwhile. Then dropping this drops entries, and may panic.
                _before = Some(Self::of(leaf, 0));
            }
            self.count(path, 1, -1);
            if len - 1 < Node::<K, V, C>::LEAF_MIN {
                self.join_leaf(path);
            } else {
                if at == 0 {
                    self.renew_separators(path, 0);
                }
                shrink(place);
            }
            taken.into_entry()
        }
    }

    /// Removes a leaf that is empty, or joins one that has few entries with a neighbour.
    ///
    /// # Safety
    /// The path is right, except that separators may name the entry that was first, and the version alone holds the
    /// leaf.
    unsafe fn join_leaf(&mut self, path: &Path<K, V, C>) {
        // SAFETY: by the contract. Neighbours are unshared before anything changes, because that may panic.
        unsafe {
            let place = path.place(0);
            let (leaf, len) = (*place, (*place).len());
            if len > 0 {
                self.renew_separators(path, 0);
            }
            if self.height == 0 {
                if len == 0 {
                    self.root = Node::NONE;
                    leaf.free_memory(0);
                } else {
                    shrink(place);
                }
                return;
            }
            let (parent, at) = (path.node(1), path.digits.at(1));
            if len == 0 {
                leaf.free_memory(0);
                parent.shift(at + 1, at, 1);
                parent.set_len(parent.len() - 1);
                if at == 0 && parent.len() > 0 {
                    self.renew_separators(path, 1);
                }
            } else {
                let fits = |other: usize| parent.child(other).len() + len <= Node::<K, V, C>::LEAF_FULL;
                if at + 1 < parent.len() && fits(at + 1) {
                    self.join_children(parent, at, 0);
                } else if at > 0 && fits(at - 1) {
                    self.join_children(parent, at - 1, 0);
                } else {
                    shrink(place);
                    return;
                }
            }
            self.join_branches(path);
        }
    }

    /// Joins the branches on the path that have few children with neighbours, and removes a root with a single child.
    ///
    /// # Safety
    /// The path is right from height 1 on.
    unsafe fn join_branches(&mut self, path: &Path<K, V, C>) {
        // SAFETY: by the contract. The version alone holds the branches of the path.
        unsafe {
            for height in 1..self.height {
                if path.node(height).len() >= BRANCH_MIN {
                    break;
                }
                let (parent, at) = (path.node(height + 1), path.digits.at(height + 1));
                if parent.len() > 1 {
                    self.join_children(parent, if at + 1 < parent.len() { at } else { at - 1 }, height);
                }
            }
            while self.height > 0 && self.root.len() <= 1 && self.root.is_unique() {
                let root = self.root;
                let height = self.height;
                (self.root, self.height) =
                    if root.len() == 0 { (Node::NONE, 0) } else { (root.child(0), height - 1) };
                root.free_memory(height);
            }
        }
    }

    /// Joins two neighbours of which one has few entries or children, or evens them out.
    ///
    /// # Safety
    /// The version alone holds the parent, whose children in places `left` and `left + 1` have this height.
    unsafe fn join_children(&mut self, parent: Node<K, V, C>, left: usize, height: usize) {
        // SAFETY: by the contract.
        unsafe {
            let (left_place, right_place) = (parent.child_place(left), parent.child_place(left + 1));
            match balance(left_place, right_place, height, true) {
                Balance::Joined => {
                    parent.shift(left + 2, left + 1, height + 1);
                    parent.set_len(parent.len() - 1);
                }
                Balance::Moved(separator) => parent.separator(left + 1).write(separator),
                Balance::Kept => {}
            }
        }
    }

    /// Puts all entries of `other` behind those of this version. All its keys must be greater.
    pub(super) fn append(&mut self, mut other: Self) {
        if other.root.is_none() {
            return;
        }
        if self.root.is_none() {
            *self = other;
            return;
        }
        // SAFETY: both have roots. Whatever may panic comes before anything is moved.
        unsafe {
            match self.height.cmp(&other.height) {
                Ordering::Equal => self.append_level(other),
                Ordering::Greater => self.append_lower(other),
                Ordering::Less => {
                    mem::swap(self, &mut other);
                    self.prepend_lower(other);
                }
            }
        }
    }

    /// [`append`](Self::append) of a tree of the same height.
    ///
    /// # Safety
    /// Both have roots.
    unsafe fn append_level(&mut self, mut other: Self) {
        // SAFETY: by the contract, and the two hold their roots.
        unsafe {
            let height = self.height;
            assert!(height < MAX_HEIGHT);
            let entries = self.len() + other.len();
            let first = self.root.first_separator(height);
            let second = match balance(&raw mut self.root, &raw mut other.root, height, true) {
                Balance::Joined => {
                    mem::forget(other);
                    return;
                }
                Balance::Moved(separator) => separator,
                Balance::Kept => other.root.first_separator(height),
            };
            let root = Node::branch(4);
            root.write_item(0, self.root, first);
            root.write_item(1, other.into_root().0, second);
            root.set_len(2);
            root.set_entries(entries);
            (self.root, self.height) = (root, height + 1);
        }
    }

    /// [`append`](Self::append) of a lower tree.
    ///
    /// # Safety
    /// Both have roots.
    unsafe fn append_lower(&mut self, mut other: Self) {
        // SAFETY: by the contract.
        unsafe {
            let height = other.height;
            let digits = edge_digits(self.root, self.height, height, Edge::Last);
            let path = self.unshare_branches_above(digits, height);
            let splits = self.splits(&path, height + 1);
            let entries = other.len();
            let parent = path.node(height + 1);
            let last = parent.child_place(parent.len() - 1);
            let is_small = |node: Node<K, V, C>| is_small(node, height);
            let join = is_small(*last) || is_small(other.root);
            let separator = match balance(last, &raw mut other.root, height, join) {
                Balance::Joined => {
                    mem::forget(other);
                    self.count(&path, height + 1, entries as isize);
                    return;
                }
                Balance::Moved(separator) => separator,
                Balance::Kept => other.root.first_separator(height),
            };
            // Evening out may have moved entries from one side to the other, but all are on this side now.
            self.count(&path, height + 1, entries as isize);
            self.insert_child(&path, height + 1, other.into_root().0, separator, splits);
        }
    }

    /// Puts all entries of a lower tree before those of this version. All its keys must be less.
    ///
    /// # Safety
    /// Both have roots.
    unsafe fn prepend_lower(&mut self, mut other: Self) {
        // SAFETY: by the contract.
        unsafe {
            let height = other.height;
            let path = self.unshare_branches_above(Digits(0), height);
            if Slot::<K, V, C>::INLINE {
                self.lower_separators(&path, height, || other.root.first_separator(height));
            }
            let splits = self.splits(&path, height + 1);
            let entries = other.len();
            let place = path.place(height);
            let first = other.root.first_separator(height);
            let join = is_small(*place, height) || is_small(other.root, height);
            let behind = match balance(&raw mut other.root, place, height, join) {
                Balance::Joined => None,
                Balance::Moved(separator) => Some(separator),
                Balance::Kept => Some((*place).first_separator(height)),
            };
            let child = mem::replace(&mut *place, other.into_root().0);
            path.node(height + 1).separator(0).write(first);
            self.count(&path, height + 1, entries as isize);
            if !Slot::<K, V, C>::INLINE {
                self.renew_separators(&path, height);
            }
            if let Some(separator) = behind {
                self.insert_child(&path, height + 1, child, separator, splits);
            }
        }
    }

    /// Makes this version alone hold its root, if it has one.
    pub(super) fn unshare_root(&mut self) {
        if !self.root.is_none() {
            // SAFETY: the root has this height.
            unsafe { Node::unshare(&raw mut self.root, self.height) };
        }
    }

    /// Splits the version in two: the entries whose keys are less, and the others.
    pub(super) fn split<Q: Ord + ?Sized>(self, key: &Q) -> (Self, Self)
    where
        K: Borrow<Q>,
    {
        if self.root.is_none() {
            return (Self::new(), Self::new());
        }
        let Location { digits, at, .. } = self.locate(key);
        // SAFETY: these digits lead to a leaf, and there are so many entries in it.
        unsafe { self.cut(digits, at) }
    }

    /// Splits the version in two before place `at` of the leaf to which the digits lead. The recursion is as deep as
    /// the tree is high.
    ///
    /// # Safety
    /// There is such a leaf, which has at least so many entries.
    unsafe fn cut(mut self, digits: Digits, at: usize) -> (Self, Self) {
        let height = self.height;
        // SAFETY: by the contract. A part that lacks a root of its own gets one before the next step that may panic.
        unsafe {
            let node = Node::unshare(&raw mut self.root, height);
            let len = node.len();
            if height == 0 {
                if at == 0 {
                    return (Self::new(), self);
                }
                if at == len {
                    return (self, Self::new());
                }
                let right = Node::leaf(Node::<K, V, C>::leaf_room(len - at));
                right.take(0, node, at, len - at, 0);
                right.set_len(len - at);
                node.set_len(at);
                self.root = node.with_room(Node::<K, V, C>::leaf_room(at), 0);
                return (self, Self::of(right, 0));
            }
            let digit = digits.at(height);
            let behind = len - digit - 1;
            let right = Node::branch(Node::<K, V, C>::branch_room(behind));
            right.take(0, node, digit + 1, behind, height);
            right.set_len(behind);
            right.set_entries(right.entries_between(0, behind, height));
            let middle = Self::of(node.child(digit), height - 1);
            node.set_len(digit);
            node.set_entries(node.entries_between(0, digit, height));
            self.lower_root();
            let mut right = Self::of(right, height);
            right.lower_root();
            let (before, mut after) = middle.cut(digits, at);
            self.append(before);
            after.append(right);
            (self, after)
        }
    }

    /// Removes a root that has a single child or none.
    ///
    /// # Safety
    /// The version alone holds its root, which is a branch.
    unsafe fn lower_root(&mut self) {
        // SAFETY: by the contract. The hold of the child passes from the root to the version.
        unsafe {
            let (root, height) = (self.root, self.height);
            (self.root, self.height) = match root.len() {
                0 => (Node::NONE, 0),
                1 => (root.child(0), height - 1),
                _ => return,
            };
            root.free_memory(height);
        }
    }
}

/// Whether a node has so few entries or children that it should be joined with a neighbour.
///
/// # Safety
/// The node has this height.
unsafe fn is_small<K, V, C>(node: Node<K, V, C>, height: usize) -> bool {
    node.len() < if height == 0 { Node::<K, V, C>::LEAF_MIN } else { BRANCH_MIN }
}

/// Gives memory of a leaf back if much of it is unused.
///
/// # Safety
/// At the place is a leaf with entries, and only the caller can reach the place.
unsafe fn shrink<K, V, C>(place: *mut Node<K, V, C>) {
    // SAFETY: by the contract.
    unsafe {
        let (leaf, len) = (*place, (*place).len());
        if leaf.room() > len + len / 4 + 2 {
            *place = leaf.with_room(Node::<K, V, C>::leaf_room(len), 0);
        }
    }
}

/// What [`balance`] did.
enum Balance<K, V, C> {
    /// All is in the left node, and the right one is freed.
    Joined,
    /// Children were moved, and the right node begins with this separator.
    Moved(Detached<K, V, C>),
    /// Nothing was moved.
    Kept,
}

/// Joins two neighbours of the same height in the left one if `join` says so and there is room. Otherwise evens out
/// their children, if one of them has few. What lies at the places is up to date afterwards.
///
/// # Safety
/// At the places are nodes of this height, and only the caller can reach the places.
unsafe fn balance<K: Clone, V: Clone, C: Counter>(
    left_place: *mut Node<K, V, C>,
    right_place: *mut Node<K, V, C>,
    height: usize,
    join: bool,
) -> Balance<K, V, C> {
    // SAFETY: by the contract. Cloning comes first, because it may panic.
    unsafe {
        let (left_len, right_len) = ((*left_place).len(), (*right_place).len());
        let total = left_len + right_len;
        let room = if height == 0 { Node::<K, V, C>::LEAF_FULL } else { BRANCH_MAX };
        let fits = total <= room;
        if !join || (!fits && height == 0) {
            return Balance::Kept;
        }
        let left = Node::unshare(left_place, height);
        let right = Node::unshare(right_place, height);
        let room_for = |len| if height == 0 { len } else { Node::<K, V, C>::branch_room(len) };
        if fits {
            let entries = left.entries(height) + right.entries(height);
            let left = left.with_room(room_for(total), height);
            *left_place = left;
            left.take(left_len, right, 0, right_len, height);
            left.set_len(total);
            if height > 0 {
                left.set_entries(entries);
            }
            right.free_memory(height);
            return Balance::Joined;
        }
        let half = total / 2;
        if left_len == half {
            return Balance::Kept;
        }
        let separator;
        if left_len < half {
            let count = half - left_len;
            separator = right.separator(count).read();
            let left = left.with_room(room_for(half), height);
            *left_place = left;
            left.take(left_len, right, 0, count, height);
            right.shift(count, 0, height);
        } else {
            let count = left_len - half;
            separator = left.separator(half).read();
            let right = right.with_room(room_for(total - half), height);
            *right_place = right;
            right.shift(0, count, height);
            right.take(0, left, half, count, height);
        }
        for (node, len) in [(*left_place, half), (*right_place, total - half)] {
            node.set_len(len);
            node.set_entries(node.entries_between(0, len, height));
        }
        Balance::Moved(separator)
    }
}

/// The first or the last entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    First,
    Last,
}

/// The digits that lead from a root to the first or last node of height `to`.
///
/// # Safety
/// The root has this height.
pub(super) unsafe fn edge_digits<K, V, C>(
    root: Node<K, V, C>,
    height: usize,
    to: usize,
    edge: Edge,
) -> Digits {
    let (mut node, mut digits) = (root, Digits(0));
    if edge == Edge::Last {
        for height in (to + 1..=height).rev() {
            let digit = node.len() - 1;
            digits = digits.with(height, digit);
            // SAFETY: a branch has a last child.
            node = unsafe { node.child(digit) };
        }
    }
    digits
}

/// The leaf to which the digits lead.
///
/// # Safety
/// The root has this height, and there is such a leaf.
#[inline]
pub(super) unsafe fn leaf_at<K, V, C>(root: Node<K, V, C>, height: usize, digits: Digits) -> Node<K, V, C> {
    let mut node = root;
    for height in (1..=height).rev() {
        // SAFETY: by the contract.
        node = unsafe { node.child(digits.at(height)) };
    }
    node
}

/// The leaf behind the one to which the digits lead, and its own digits.
///
/// # Safety
/// The root has this height, and the digits lead to a leaf.
pub(super) unsafe fn next_leaf<K, V, C>(
    root: Node<K, V, C>,
    height: usize,
    digits: Digits,
) -> Option<(Node<K, V, C>, Digits)> {
    // SAFETY: by the contract. The lowest branch that has a further child is where the ways part.
    unsafe {
        let (mut node, mut turn) = (root, None);
        for height in (1..=height).rev() {
            let digit = digits.at(height);
            if digit + 1 < node.len() {
                turn = Some((node, height));
            }
            node = node.child(digit);
        }
        let (branch, height) = turn?;
        let next = digits.at(height) + 1;
        let digits = digits.above(height + 1).with(height, next);
        Some((leaf_at(branch.child(next), height - 1, Digits(0)), digits))
    }
}

/// The leaf before the one to which the digits lead, and its own digits.
///
/// # Safety
/// As for [`next_leaf`].
pub(super) unsafe fn previous_leaf<K, V, C>(
    root: Node<K, V, C>,
    height: usize,
    digits: Digits,
) -> Option<(Node<K, V, C>, Digits)> {
    // SAFETY: as in `next_leaf`.
    unsafe {
        let (mut node, mut turn) = (root, None);
        for height in (1..=height).rev() {
            let digit = digits.at(height);
            if digit > 0 {
                turn = Some((node, height));
            }
            node = node.child(digit);
        }
        let (branch, height) = turn?;
        let next = digits.at(height) - 1;
        let mut node = branch.child(next);
        let mut digits = digits.above(height + 1).with(height, next);
        for height in (1..height).rev() {
            let digit = node.len() - 1;
            digits = digits.with(height, digit);
            node = node.child(digit);
        }
        Some((node, digits))
    }
}

/// The separators of the right halves of the branches that are split, by height. The one of height 0 is that of the
/// root, if it is split. There are none if they are pointers, which can be read without a panic when they are needed.
type Splits<K, V, C> = [MaybeUninit<Detached<K, V, C>>; MAX_HEIGHT + 1];
