//! The trie of maps and sets: its nodes, look-ups, and iteration. The crate's documentation has a picture.

pub(crate) mod edit;

use crate::layout::{AT_EMPTY_BRANCH, EMPTY_TREE, Memory, UNIT, is_leaf};
use crate::region::hash;
use crate::value::{Value, decode, external, payload_words};

/// How many bits of a hash a branch consumes.
pub(crate) const DIGIT_BITS: u32 = 4;

/// The number of slots of a branch.
pub(crate) const WIDTH: usize = 1 << DIGIT_BITS;

/// The offset of a branch's slots; before them is the number of the version that made it.
pub(crate) const SLOTS: usize = 8;

// The root of an empty tree, 0, is a branch in the header.
const _: () = assert!(AT_EMPTY_BRANCH == SLOTS && EMPTY_TREE == 0);

/// The size of a branch in units.
pub(crate) const BRANCH_UNITS: usize = (SLOTS + 4 * WIDTH).div_ceil(UNIT);

// Offsets in a leaf. Before them is the number of the version that made it.
/// The word of the next leaf with the same hashes.
pub(crate) const OVERFLOW: usize = 8;
/// The number of records.
pub(crate) const COUNT: usize = 12;
/// Where the records end, in words of 8 bytes.
pub(crate) const USED: usize = 13;
/// Where the leaf ends, in words of 8 bytes.
pub(crate) const ROOM: usize = 14;
/// For each bucket, where its newest record begins, in words of 8 bytes; 0 if there is none.
pub(crate) const INDEX: usize = 16;
/// The records, in words of 8 bytes.
pub(crate) const RECORDS: usize = (INDEX + BUCKETS) / 8;

/// The number of buckets of a leaf.
pub(crate) const BUCKETS: usize = 32;

/// A leaf has at most so many records, and so many words of 8 bytes.
pub(crate) const MAX_RECORDS: usize = 32;
pub(crate) const MAX_WORDS: usize = 255;

/// Keys of at most so many bytes lie in the leaf.
pub(crate) const MAX_INLINE_KEY: usize = 64;

/// The length of a key in a record if the key does not lie in it.
pub(crate) const EXTERNAL_KEY: u16 = u16::MAX;

/// The bucket of a hash.
#[inline]
pub(crate) fn bucket(hash: u32) -> usize {
    (hash >> 27) as usize
}

/// The first word of a record: eight bits for where the next record of the bucket begins, the kind of the value, the
/// length of the key, and the hash.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Head(pub(crate) u64);

impl Head {
    #[inline]
    pub(crate) fn new(hash: u32, key_length: u16, kind: u8) -> Self {
        Head(u64::from(hash) << 32 | u64::from(key_length) << 16 | u64::from(kind) << 8)
    }

    #[inline]
    pub(crate) fn next(self) -> usize {
        self.0 as usize & 0xff
    }

    #[inline]
    pub(crate) fn with_next(self, next: u8) -> Self {
        Head(self.0 & !0xff | u64::from(next))
    }

    #[inline]
    pub(crate) fn kind(self) -> u8 {
        (self.0 >> 8) as u8
    }

    #[inline]
    pub(crate) fn with_kind(self, kind: u8) -> Self {
        Head(self.0 & !0xff00 | u64::from(kind) << 8)
    }

    #[inline]
    pub(crate) fn key_length(self) -> u16 {
        (self.0 >> 16) as u16
    }

    #[inline]
    pub(crate) fn hash(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// How many words the key takes.
    #[inline]
    pub(crate) fn key_words(self) -> usize {
        match self.key_length() {
            EXTERNAL_KEY => 1,
            // Fewer instructions than `div_ceil`, which provides for larger numbers.
            length => (usize::from(length) + 7) >> 3,
        }
    }

    /// How many words the record takes.
    #[inline]
    pub(crate) fn words(self) -> usize {
        1 + self.key_words() + payload_words(self.kind())
    }
}

/// A record in a leaf. Its methods assume that it is one, and that nobody changes it.
#[derive(Clone, Copy)]
pub(crate) struct Record(pub(crate) *const u64);

impl Record {
    /// # Safety
    /// There is a record.
    #[inline]
    pub(crate) unsafe fn head(self) -> Head {
        // SAFETY: by the contract.
        Head(unsafe { self.0.read() })
    }

    /// # Safety
    /// There is a record that stays for `'a`, in this memory.
    #[inline]
    pub(crate) unsafe fn key<'a>(self, memory: Memory) -> &'a [u8] {
        // SAFETY: by the contract. Even the length of a damaged record does not leave the reservation.
        unsafe {
            match self.head().key_length() {
                EXTERNAL_KEY => external(memory, self.0.add(1).cast::<u32>().read()),
                length => std::slice::from_raw_parts(self.0.add(1).cast(), usize::from(length)),
            }
        }
    }

    /// # Safety
    /// As for `key`.
    #[inline]
    pub(crate) unsafe fn payload(self) -> *const u8 {
        // SAFETY: by the contract.
        unsafe { self.0.add(1 + self.head().key_words()).cast() }
    }

    /// Key and value of a record with this head.
    ///
    /// # Safety
    /// As for `key`.
    #[inline]
    pub(crate) unsafe fn entry<'a>(self, head: Head, memory: Memory) -> (&'a [u8], Value<'a>) {
        // SAFETY: by the contract.
        unsafe {
            let key = match head.key_length() {
                EXTERNAL_KEY => external(memory, self.0.add(1).cast::<u32>().read()),
                length => std::slice::from_raw_parts(self.0.add(1).cast(), usize::from(length)),
            };
            (key, decode(memory, head.kind(), self.0.add(1 + head.key_words()).cast()))
        }
    }

    /// The value of a record that has this key.
    ///
    /// # Safety
    /// As for `key`.
    #[inline]
    pub(crate) unsafe fn value_of<'a>(self, memory: Memory, key: &[u8]) -> Value<'a> {
        let key_words = if key.len() <= MAX_INLINE_KEY { (key.len() + 7) >> 3 } else { 1 };
        // SAFETY: by the contract.
        unsafe { decode(memory, self.head().kind(), self.0.add(1 + key_words).cast()) }
    }
}

/// What is compared with the upper 48 bits of a record's head: hash and length of the key.
#[inline]
fn wanted(hash: u32, key: &[u8]) -> u64 {
    let length = if key.len() <= MAX_INLINE_KEY { key.len() as u16 } else { EXTERNAL_KEY };
    u64::from(hash) << 16 | u64::from(length)
}

/// Whether the bytes at `stored` are those of the key.
///
/// # Safety
/// There are that many bytes.
#[inline]
unsafe fn equal(stored: *const u8, key: &[u8]) -> bool {
    let length = key.len();
    // SAFETY: by the contract; both halves of a key lie within it, and overlap if it is shorter than both.
    unsafe {
        if length > 16 {
            return std::slice::from_raw_parts(stored, length) == key;
        }
        let key = key.as_ptr();
        if length >= 8 {
            let word = |at: *const u8| at.cast::<u64>().read_unaligned();
            return word(stored) == word(key) && word(stored.add(length - 8)) == word(key.add(length - 8));
        }
        if length >= 4 {
            let half = |at: *const u8| at.cast::<u32>().read_unaligned();
            return half(stored) == half(key) && half(stored.add(length - 4)) == half(key.add(length - 4));
        }
        (0..length).all(|index| *stored.add(index) == *key.add(index))
    }
}

/// The record of a key in a leaf or those that it overflows to; null if there is none.
///
/// # Safety
/// `leaf` is the address of a leaf in this memory, and nobody changes it.
#[inline(always)]
pub(crate) unsafe fn find_in_leaf(memory: Memory, leaf: *const u8, hash: u32, key: &[u8]) -> Record {
    // SAFETY: by the contract.
    unsafe {
        // Keys of these lengths are so frequent, and so fast to compare, that a call would cost as much as the search.
        if (8..=16).contains(&key.len()) {
            let record = search(memory, leaf, hash, key);
            if !record.0.is_null() || leaf.add(OVERFLOW).cast::<u32>().read() == 0 {
                return record;
            }
        }
        find_in_chain(memory, leaf, hash, key)
    }
}

/// # Safety
/// As for `find_in_leaf`.
#[inline(never)]
unsafe fn find_in_chain(memory: Memory, mut leaf: *const u8, hash: u32, key: &[u8]) -> Record {
    // SAFETY: by the contract.
    unsafe {
        loop {
            let record = search(memory, leaf, hash, key);
            let overflow = leaf.add(OVERFLOW).cast::<u32>().read();
            if !record.0.is_null() || overflow == 0 {
                return record;
            }
            leaf = memory.leaf_at(overflow);
        }
    }
}

/// The record of a key in one leaf; null if there is none.
///
/// # Safety
/// As for `find_in_leaf`.
#[inline(always)]
unsafe fn search(memory: Memory, leaf: *const u8, hash: u32, key: &[u8]) -> Record {
    let wanted = wanted(hash, key);
    // SAFETY: an index of a leaf and the records that it names lie at most 2,040 bytes behind its beginning.
    unsafe {
        let mut place = usize::from(*leaf.add(INDEX + bucket(hash)));
        while place != 0 {
            let record = Record(leaf.cast::<u64>().add(place));
            let head = record.head();
            if head.0 >> 16 == wanted {
                let same = if key.len() <= MAX_INLINE_KEY {
                    equal(record.0.add(1).cast(), key)
                } else {
                    record.key(memory) == key
                };
                if same {
                    return record;
                }
            }
            place = head.next();
        }
    }
    Record(std::ptr::null())
}

/// The record of a key; null if there is none.
///
/// # Safety
/// `root` is the root of a tree in this memory, and nobody changes the tree.
#[inline(always)]
pub(crate) unsafe fn find(memory: Memory, root: u32, hash: u32, key: &[u8]) -> Record {
    let (mut word, mut rest) = (root, hash);
    // SAFETY: a word names an address within the reservation, and the tree consists of branches and leaves.
    unsafe {
        while !is_leaf(word) {
            word = memory.at(word).add(SLOTS).cast::<u32>().add(rest as usize % WIDTH).read();
            rest >>= DIGIT_BITS;
        }
        find_in_leaf(memory, memory.leaf_at(word), hash, key)
    }
}

/// A tree of one version, to read from.
#[derive(Clone, Copy)]
pub(crate) struct Tree {
    pub(crate) memory: Memory,
    pub(crate) seed: u64,
    pub(crate) root: u32,
    pub(crate) len: u64,
}

impl Tree {
    /// # Safety
    /// This and the methods below need that the version of the tree stays.
    #[inline]
    pub(crate) unsafe fn find(&self, key: &[u8]) -> Option<Record> {
        // SAFETY: by the contract.
        let record = unsafe { find(self.memory, self.root, hash(self.seed, key), key) };
        (!record.0.is_null()).then_some(record)
    }

    /// # Safety
    /// As for `find`, for as long as the records are used.
    pub(crate) fn records(&self) -> Records {
        Records {
            memory: self.memory,
            left: self.len,
            stack: [(0, 0); DEPTH],
            depth: 0,
            leaf: std::ptr::null(),
            place: 0,
            used: 0,
        }
        .starting_at(self.root)
    }
}

/// The deepest path has so many branches.
const DEPTH: usize = (u32::BITS / DIGIT_BITS) as usize;

/// The records of a tree, one after the other.
#[derive(Clone)]
pub(crate) struct Records {
    memory: Memory,
    left: u64,
    /// Branches on the path, with the next slot of each.
    stack: [(u32, u8); DEPTH],
    depth: usize,
    leaf: *const u8,
    /// Where the next record begins, and where the last one ends.
    place: usize,
    used: usize,
}

impl Records {
    fn starting_at(mut self, root: u32) -> Self {
        if self.left > 0 {
            self.descend(root);
        }
        self
    }

    fn descend(&mut self, mut word: u32) {
        while !is_leaf(word) {
            // A damaged tree may be deeper.
            if self.depth == DEPTH {
                self.left = 0;
                return;
            }
            self.stack[self.depth] = (word, 1);
            self.depth += 1;
            // SAFETY: a word names an address within the reservation.
            word = unsafe { self.memory.at(word).add(SLOTS).cast::<u32>().read() };
        }
        self.enter(self.memory.leaf_at(word));
    }

    fn enter(&mut self, leaf: *const u8) {
        self.leaf = leaf;
        self.place = RECORDS;
        // SAFETY: the leaf lies within the reservation.
        self.used = usize::from(unsafe { *leaf.add(USED) });
    }

    /// Goes to the next leaf. There is one while records are left.
    #[inline(never)]
    fn next_leaf(&mut self) {
        // SAFETY: the leaf and the branches lie within the reservation.
        unsafe {
            let overflow = self.leaf.add(OVERFLOW).cast::<u32>().read();
            if overflow != 0 {
                self.enter(self.memory.leaf_at(overflow));
                return;
            }
            while self.depth > 0 {
                let (branch, slot) = self.stack[self.depth - 1];
                let slots = self.memory.at(branch).add(SLOTS).cast::<u32>();
                let slot = usize::from(slot);
                let before = slots.add(slot - 1).read();
                // Neighbouring slots may name the same leaf.
                if let Some(next) = (slot..WIDTH).find(|next| slots.add(*next).read() != before) {
                    self.stack[self.depth - 1].1 = next as u8 + 1;
                    self.descend(slots.add(next).read());
                    return;
                }
                self.depth -= 1;
            }
            self.left = 0;
        }
    }

    /// How many are left.
    #[inline]
    pub(crate) fn left(&self) -> usize {
        self.left as usize
    }

    /// # Safety
    /// The version of the tree stays.
    #[inline]
    pub(crate) unsafe fn next(&mut self) -> Option<(Record, Head)> {
        // SAFETY: a leaf says where its records end, and the reservation goes on behind it.
        unsafe {
            while self.left > 0 {
                if self.place < self.used {
                    let record = Record(self.leaf.cast::<u64>().add(self.place));
                    // Read once: the compiler cannot know that nobody changes it.
                    let head = record.head();
                    self.place += head.words();
                    self.left -= 1;
                    return Some((record, head));
                }
                self.next_leaf();
            }
        }
        None
    }
}
