//! The radix trie of vectors: its nodes, and reading. The crate's documentation has a picture.

pub(crate) mod edit;

use crate::layout::{Memory, UNIT};
use crate::value::{Value, decode};

/// How many bits of an index a node consumes.
pub(crate) const DIGIT_BITS: u32 = 5;

/// The number of elements of a leaf, and of slots of a branch.
pub(crate) const WIDTH: usize = 1 << DIGIT_BITS;

/// The offset of a branch's slots; before them is the number of the version that made it.
pub(crate) const SLOTS: usize = 8;

/// The size of a branch in units.
pub(crate) const BRANCH_UNITS: usize = (SLOTS + 4 * WIDTH).div_ceil(UNIT);

/// The offset of the kinds of a leaf's elements; before them is the number of the version that made the leaf.
pub(crate) const KINDS: usize = 8;

/// The offset of the payloads of a leaf's elements.
pub(crate) const PAYLOADS: usize = KINDS + WIDTH;

/// The size of a leaf in units.
pub(crate) const LEAF_UNITS: usize = (PAYLOADS + 8 * WIDTH).div_ceil(UNIT);

/// Texts and bytes of at most so many bytes lie in the leaf.
pub(crate) const MAX_INLINE: usize = 8;

/// A vector of one version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) len: u64,
    /// The node above all elements that are not in the tail; 0 if there are none.
    pub(crate) root: u32,
    /// The leaf with the last elements; 0 if there are none.
    pub(crate) tail: u32,
    /// The number of bits of an index that the nodes below the root consume: 0 if the root is a leaf.
    pub(crate) shift: u32,
}

impl Shape {
    /// The index of the first element in the tail.
    #[inline]
    pub(crate) fn tail_start(self) -> u64 {
        self.len.saturating_sub(1) & !(WIDTH as u64 - 1)
    }
}

/// A vector of one version, to read from.
#[derive(Clone, Copy)]
pub(crate) struct List {
    pub(crate) memory: Memory,
    pub(crate) shape: Shape,
}

impl List {
    /// The leaf of an element.
    ///
    /// # Safety
    /// The index is less than the length, and the version of the vector stays.
    #[inline]
    pub(crate) unsafe fn leaf(&self, index: u64) -> *const u8 {
        let mut word = self.shape.tail;
        if index < self.shape.tail_start() {
            word = self.shape.root;
            let mut shift = self.shape.shift;
            while shift > 0 {
                let slot = (index >> shift) as usize % WIDTH;
                // SAFETY: a word names an address within the reservation.
                word = unsafe { self.memory.at(word).add(SLOTS).cast::<u32>().add(slot).read() };
                shift -= DIGIT_BITS;
            }
        }
        self.memory.at(word)
    }

    /// The element with this index in its leaf.
    ///
    /// # Safety
    /// The leaf is one of the vector, and its version stays for `'a`.
    #[inline]
    pub(crate) unsafe fn element<'a>(&self, leaf: *const u8, index: u64) -> Value<'a> {
        let index = index as usize % WIDTH;
        // SAFETY: kinds and payloads lie within the leaf.
        unsafe { decode(self.memory, *leaf.add(KINDS + index), leaf.add(PAYLOADS + 8 * index)) }
    }

    /// # Safety
    /// The version of the vector stays for `'a`.
    #[inline]
    pub(crate) unsafe fn get<'a>(&self, index: u64) -> Option<Value<'a>> {
        // SAFETY: the index is checked.
        (index < self.shape.len).then(|| unsafe { self.element(self.leaf(index), index) })
    }
}
