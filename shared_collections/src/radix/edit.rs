//! Changes to a vector. Nodes of older versions are copied first; nodes of the version that is being built change in
//! place. If memory ends on the way down, some nodes were copied for nothing, and the content is the same.

use crate::error::Error;
use crate::layout::{unit, word};
use crate::space::{Purpose, Space};
use crate::value::{Encoded, Value, is_external};

use super::{BRANCH_UNITS, DIGIT_BITS, KINDS, LEAF_UNITS, List, MAX_INLINE, PAYLOADS, SLOTS, Shape, WIDTH};

/// The vector that is being built.
#[derive(Clone, Copy, Default)]
pub(crate) struct Building {
    pub(crate) shape: Shape,
    /// A tail that versions before have, and how many of its elements they have at most. Behind these, elements may be
    /// appended in place.
    pub(crate) published: (u32, usize),
}

impl Building {
    /// Notes that a version with this vector is published.
    pub(crate) fn publish(&mut self) {
        let in_tail = (self.shape.len - self.shape.tail_start()) as usize;
        let before = if self.published.0 == self.shape.tail { self.published.1 } else { 0 };
        self.published = (self.shape.tail, in_tail.max(before));
    }
}

impl Space {
    /// The vector, to read from.
    pub(crate) fn list(&self, shape: Shape) -> List {
        List { memory: self.memory, shape }
    }

    /// The same node, as one of the version that is being built.
    ///
    /// # Safety
    /// The word names a node of that size.
    #[inline]
    unsafe fn own(&mut self, node: u32, units: usize) -> Result<u32, Error> {
        let old = self.memory.at(node);
        // SAFETY: by the contract.
        unsafe {
            let birth = old.cast::<u64>().read();
            if birth == self.building {
                return Ok(node);
            }
            let new = self.allocate(units)?;
            let copy = self.pointer(new);
            copy.copy_from_nonoverlapping(old, 16 * units);
            copy.cast::<u64>().write(self.building);
            self.retire(unit(node), units, birth);
            Ok(word(new as usize))
        }
    }

    fn list_slots(&self, branch: u32) -> *mut u32 {
        self.memory.at(branch).wrapping_add(SLOTS).cast()
    }

    /// Writes an element to a leaf.
    ///
    /// # Safety
    /// The word names a leaf, and no version before has the element.
    unsafe fn put(&mut self, leaf: u32, index: usize, value: Value<'_>, stored: Option<u32>) {
        let leaf = self.memory.at(leaf);
        let (kind, payload) = match (Encoded::new(value, MAX_INLINE), stored) {
            (Encoded::Small(kind, payload), _) => (kind, payload),
            (Encoded::Inline(kind, bytes), _) => {
                let mut payload = [0; 8];
                payload[..bytes.len()].copy_from_slice(bytes);
                (kind, u64::from_ne_bytes(payload))
            }
            (Encoded::External(kind, _), stored) => (kind, u64::from(stored.expect("it was stored"))),
        };
        // SAFETY: by the contract.
        unsafe {
            *leaf.add(KINDS + index) = kind;
            leaf.add(PAYLOADS + 8 * index).cast::<u64>().write(payload);
        }
    }

    /// Writes the bytes of a value to a block of their own if they need one.
    fn store_if_long(&mut self, value: Value<'_>) -> Result<Option<u32>, Error> {
        match Encoded::new(value, MAX_INLINE) {
            Encoded::External(_, bytes) => self.store(bytes).map(Some),
            _ => Ok(None),
        }
    }

    /// Gives up the block of an element, if it has one.
    ///
    /// # Safety
    /// The word names a leaf with that element.
    unsafe fn retire_element(&mut self, leaf: u32, index: usize) {
        let leaf = self.memory.at(leaf);
        // SAFETY: by the contract.
        unsafe {
            if is_external(*leaf.add(KINDS + index)) {
                self.retire_stored(leaf.add(PAYLOADS + 8 * index).cast::<u32>().read());
            }
        }
    }

    /// Appends an element.
    pub(crate) fn push(&mut self, list: &mut Building, value: Value<'_>) -> Result<(), Error> {
        self.purpose = Purpose::Growth;
        let stored = self.store_if_long(value)?;
        // SAFETY: the vector is sound, and the tail is made ready for one more element.
        let outcome = unsafe {
            self.make_room(list).map(|()| {
                self.put(list.shape.tail, list.shape.len as usize % WIDTH, value, stored);
                list.shape.len += 1;
            })
        };
        if let (Err(_), Some(block)) = (&outcome, stored) {
            // SAFETY: it was stored just now.
            unsafe { self.retire_stored(block) };
        }
        outcome
    }

    /// Makes the tail one to which an element may be appended.
    ///
    /// # Safety
    /// The vector is sound.
    unsafe fn make_room(&mut self, list: &mut Building) -> Result<(), Error> {
        let shape = &mut list.shape;
        let in_tail = shape.len as usize % WIDTH;
        // SAFETY: by the contract.
        unsafe {
            if in_tail > 0 {
                if shape.tail != list.published.0 || in_tail < list.published.1 {
                    shape.tail = self.own(shape.tail, LEAF_UNITS)?;
                }
                return Ok(());
            }
            let new = self.allocate(LEAF_UNITS)?;
            self.pointer(new).write_bytes(0, PAYLOADS);
            self.pointer(new).cast::<u64>().write(self.building);
            if shape.len > 0 {
                let mut grown = *shape;
                let outcome = self.hang(&mut grown);
                // What was copied on the way is part of the tree already.
                (shape.root, shape.shift) = (grown.root, grown.shift);
                if let Err(error) = outcome {
                    self.free(new, LEAF_UNITS);
                    return Err(error);
                }
            }
            shape.tail = word(new as usize);
        }
        Ok(())
    }

    fn new_list_branch(&mut self, first: u32) -> Result<u32, Error> {
        let new = self.allocate_fresh(BRANCH_UNITS)?;
        let node = self.pointer(new);
        // SAFETY: the block is new and has room for a branch.
        unsafe {
            node.write_bytes(0, 16 * BRANCH_UNITS);
            node.cast::<u64>().write(self.building);
            node.add(SLOTS).cast::<u32>().write(first);
        }
        Ok(word(new as usize))
    }

    /// Puts the full tail into the tree.
    ///
    /// # Safety
    /// The vector is sound, and its tail is full.
    unsafe fn hang(&mut self, shape: &mut Shape) -> Result<(), Error> {
        let index = shape.len - 1;
        if shape.root == 0 {
            (shape.root, shape.shift) = (shape.tail, 0);
            return Ok(());
        }
        // SAFETY: by the contract. New branches are linked when all of them are there.
        unsafe {
            if index >> shape.shift >> DIGIT_BITS > 0 {
                let spine = self.spine(shape.tail, shape.shift);
                let root = spine.and_then(|spine| Ok((spine, self.new_list_branch(shape.root)?)));
                let (spine, root) = self.finish(root)?;
                self.list_slots(root).add(1).write(spine);
                (shape.root, shape.shift) = (root, shape.shift + DIGIT_BITS);
                return Ok(());
            }
            shape.root = self.own(shape.root, BRANCH_UNITS)?;
            let (mut branch, mut shift) = (shape.root, shape.shift);
            loop {
                let slot = self.list_slots(branch).add((index >> shift) as usize % WIDTH);
                shift -= DIGIT_BITS;
                // Slots behind the last element may have old words in them, and it is the first element of its node.
                if index & ((1 << (shift + DIGIT_BITS)) - 1) == WIDTH as u64 - 1 {
                    let spine = self.spine(shape.tail, shift);
                    slot.write(self.finish(spine)?);
                    return Ok(());
                }
                branch = self.own(slot.read(), BRANCH_UNITS)?;
                slot.write(branch);
            }
        }
    }

    /// New branches, one above the other, the lowest with this leaf. Nodes below them consume `shift` bits.
    fn spine(&mut self, leaf: u32, shift: u32) -> Result<u32, Error> {
        let mut node = leaf;
        for _ in 0..shift / DIGIT_BITS {
            node = self.new_list_branch(node)?;
        }
        Ok(node)
    }

    /// Replaces an element.
    pub(crate) fn set_at(&mut self, list: &mut Building, index: u64, value: Value<'_>) -> Result<(), Error> {
        let shape = &mut list.shape;
        if index >= shape.len {
            return Err(Error::OutOfRange { index, len: shape.len });
        }
        self.purpose = Purpose::Growth;
        let stored = self.store_if_long(value)?;
        // SAFETY: the vector is sound and has the element.
        unsafe {
            match self.own_leaf(shape, index) {
                Ok(leaf) => {
                    self.retire_element(leaf, index as usize % WIDTH);
                    self.put(leaf, index as usize % WIDTH, value, stored);
                    Ok(())
                }
                Err(error) => {
                    if let Some(block) = stored {
                        self.retire_stored(block);
                    }
                    Err(error)
                }
            }
        }
    }

    /// Makes the nodes on the way to an element the version's own.
    ///
    /// # Safety
    /// The vector is sound and has the element.
    unsafe fn own_leaf(&mut self, shape: &mut Shape, index: u64) -> Result<u32, Error> {
        // SAFETY: by the contract.
        unsafe {
            if index >= shape.tail_start() {
                shape.tail = self.own(shape.tail, LEAF_UNITS)?;
                return Ok(shape.tail);
            }
            let size = |shift| if shift > 0 { BRANCH_UNITS } else { LEAF_UNITS };
            let mut shift = shape.shift;
            shape.root = self.own(shape.root, size(shift))?;
            let mut node = shape.root;
            while shift > 0 {
                let slot = self.list_slots(node).add((index >> shift) as usize % WIDTH);
                shift -= DIGIT_BITS;
                node = self.own(slot.read(), size(shift))?;
                slot.write(node);
            }
            Ok(node)
        }
    }

    /// Removes the last element; `false` if there is none.
    pub(crate) fn pop(&mut self, list: &mut Building) -> Result<bool, Error> {
        let shape = &mut list.shape;
        if shape.len == 0 {
            return Ok(false);
        }
        self.purpose = Purpose::Shrinking;
        let last = shape.len - 1;
        // SAFETY: the vector is sound. Elements behind the last one stay in the tail, where nobody looks at them.
        unsafe {
            let old_tail = shape.tail;
            if !last.is_multiple_of(WIDTH as u64) {
                self.retire_element(old_tail, last as usize % WIDTH);
            } else if last == 0 {
                self.retire_element(old_tail, 0);
                self.retire_node(old_tail, LEAF_UNITS);
                shape.tail = 0;
            } else {
                let tail = self.unhang(shape)?;
                self.retire_element(old_tail, 0);
                self.retire_node(old_tail, LEAF_UNITS);
                shape.tail = tail;
                // It was full when it was in the tree, and versions before may have it so.
                list.published = (tail, WIDTH);
            }
            shape.len = last;
        }
        Ok(true)
    }

    /// # Safety
    /// The word names a node of that size.
    unsafe fn retire_node(&mut self, node: u32, units: usize) {
        // SAFETY: by the contract.
        let birth = unsafe { self.memory.at(node).cast::<u64>().read() };
        self.retire(unit(node), units, birth);
    }

    /// Takes the last leaf out of the tree, when the tail has one element.
    ///
    /// # Safety
    /// The vector is sound, and the tree is not empty.
    unsafe fn unhang(&mut self, shape: &mut Shape) -> Result<u32, Error> {
        // The last element in the tree.
        let index = shape.len - 2;
        // SAFETY: by the contract.
        unsafe {
            if shape.shift == 0 {
                let leaf = shape.root;
                shape.root = 0;
                return Ok(leaf);
            }
            // Branches with nothing but the leaf go with it. Their words stay behind the last element, where nobody
            // looks at them, so no branch needs to be copied.
            let (mut node, mut shift) = (shape.root, shape.shift);
            let mut gone = Vec::new();
            while shift > 0 {
                if index & ((1 << (shift + DIGIT_BITS)) - 1) < WIDTH as u64 {
                    gone.push(node);
                }
                node = self.list_slots(node).add((index >> shift) as usize % WIDTH).read();
                shift -= DIGIT_BITS;
            }
            // The root has one child left: that becomes the root.
            if index >> shape.shift == 1 && index & ((1 << shape.shift) - 1) < WIDTH as u64 {
                let root = shape.root;
                shape.root = self.list_slots(root).read();
                shape.shift -= DIGIT_BITS;
                gone.push(root);
            }
            gone.into_iter().for_each(|branch| self.retire_node(branch, BRANCH_UNITS));
            Ok(node)
        }
    }

    /// Gives up a whole vector.
    pub(crate) fn clear_list(&mut self, list: &mut Building) {
        let shape = list.shape;
        list.shape = Shape::default();
        // SAFETY: the vector is sound.
        unsafe {
            if shape.tail != 0 {
                self.clear_nodes(shape.tail, 0, shape.len - shape.tail_start());
                self.clear_nodes(shape.root, shape.shift, shape.tail_start());
            }
        }
        list.published = (0, 0);
    }

    /// # Safety
    /// The node has that many elements below it, the deepest of them `shift` bits deep.
    unsafe fn clear_nodes(&mut self, node: u32, shift: u32, len: u64) {
        if len == 0 {
            return;
        }
        // SAFETY: by the contract.
        unsafe {
            if shift == 0 {
                (0..len as usize).for_each(|index| self.retire_element(node, index));
                self.retire_node(node, LEAF_UNITS);
                return;
            }
            for slot in 0..WIDTH as u64 {
                let before = slot << shift;
                if before < len {
                    let child = self.list_slots(node).add(slot as usize).read();
                    self.clear_nodes(child, shift - DIGIT_BITS, (len - before).min(1 << shift));
                }
            }
            self.retire_node(node, BRANCH_UNITS);
        }
    }
}
