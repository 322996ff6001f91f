//! Where things lie in a region, and how an offset is written.

/// The only format that this version of the crate reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// The first eight bytes of a region. On a machine with the other byte order they read differently.
pub(crate) const MAGIC: u64 = u64::from_be_bytes(*b"shrdcol\x1a");

/// Memory is given out in units of so many bytes.
pub(crate) const UNIT: usize = 16;

/// A word has 32 bits: 31 for the offset in units, and one that says whether it names a leaf.
pub(crate) const MAX_CAPACITY: u64 = 1 << 35;

/// So far beyond its beginning, at most, a reader looks into a node or a record before it checks a length.
pub(crate) const SLACK: usize = 256 << 10;

/// Header, readers' part and data begin at multiples of this, so that they can be mapped apart whatever the size of a
/// page is.
pub(crate) const PART: usize = 64 << 10;

/// The offset of the part that readers write to.
pub(crate) const READERS: usize = PART;

/// How much of the header is in use.
pub(crate) const HEADER: usize = 4096;

// The header. Its first 72 bytes look like a branch (see `trie`), all of whose slots name the empty leaf.
pub(crate) const AT_EMPTY_BRANCH: usize = 8;
pub(crate) const AT_FORMAT: usize = 80;
pub(crate) const AT_ENTRIES: usize = 84;
pub(crate) const AT_CAPACITY: usize = 88;
pub(crate) const AT_DATA: usize = 96;
pub(crate) const AT_SEED: usize = 104;
pub(crate) const AT_HASH_CHECK: usize = 112;
pub(crate) const AT_CHECKSUM: usize = 120;
/// The word of the newest version's record.
pub(crate) const AT_LATEST: usize = 128;
/// The number of the newest version. It is written after the word.
pub(crate) const AT_NUMBER: usize = 136;
/// A leaf without entries: zeros.
pub(crate) const AT_EMPTY_LEAF: usize = 256;

/// The word of the empty leaf.
pub(crate) const EMPTY_LEAF: u32 = leaf_word(AT_EMPTY_LEAF / UNIT);

/// The word of a tree without entries: the beginning of the header, seen as a branch.
pub(crate) const EMPTY_TREE: u32 = 0;

/// The word that names anything but a leaf.
#[inline]
pub(crate) const fn word(unit: usize) -> u32 {
    (unit as u32) << 1
}

/// The word that names a leaf.
#[inline]
pub(crate) const fn leaf_word(unit: usize) -> u32 {
    (unit as u32) << 1 | 1
}

/// Whether a word names a leaf.
#[inline]
pub(crate) const fn is_leaf(word: u32) -> bool {
    word & 1 == 1
}

/// The offset in units that a word names.
#[inline]
pub(crate) const fn unit(word: u32) -> u32 {
    word >> 1
}

/// A region's memory, as readers see it.
///
/// Whatever a word says, its address lies within the mapping's reservation: bits that lead further are ignored. This
/// costs one instruction, and is all that stands between a damaged file and a reader who has not checked it.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) base: *mut u8,
    mask: usize,
}

// SAFETY: this is an address and a number. Whoever follows the address says why that is right.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// The memory of a mapping with that capacity.
    pub(crate) fn new(base: *mut u8, capacity: u64) -> Self {
        Memory { base, mask: capacity.next_power_of_two() as usize / (UNIT / 2) - 1 }
    }

    /// The address that a word for anything but a leaf names.
    #[inline]
    pub(crate) fn at(self, word: u32) -> *mut u8 {
        self.base.wrapping_add((word as usize & self.mask) * (UNIT / 2))
    }

    /// The address that a word for a leaf names: the bit that says so is 8 bytes too many. In a damaged region this may
    /// be 8 bytes before the mapping. Readers do not look at the first 8 bytes of a leaf.
    #[inline]
    pub(crate) fn leaf_at(self, word: u32) -> *mut u8 {
        self.at(word).wrapping_sub(UNIT / 2)
    }

    /// How many bytes of the reservation begin where the word says, at least.
    #[inline]
    pub(crate) fn room_at(self, word: u32) -> usize {
        (self.mask - (word as usize & self.mask)) * (UNIT / 2)
    }

    /// The address of a unit.
    #[inline]
    pub(crate) fn unit(self, unit: u32) -> *mut u8 {
        self.at(word(unit as usize))
    }
}

/// How many bytes of addresses a mapping takes.
pub(crate) fn reservation(capacity: u64) -> usize {
    capacity.next_power_of_two() as usize + SLACK
}

/// How many units so many bytes take.
#[inline]
pub(crate) const fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT)
}

/// A checksum of a header or of a version's record: FNV-1a over words, folded. It finds accidents, not attacks.
pub(crate) fn checksum(words: &[u64]) -> u64 {
    words.iter().fold(0xcbf2_9ce4_8422_2325, |sum: u64, word| {
        let mixed = (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 32)
    })
}
