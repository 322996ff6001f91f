//! Walks a version and bounds every offset, so that using it cannot leave the region.

use std::collections::{HashMap, HashSet};

use crate::error::Error;
use crate::layout::{EMPTY_LEAF, EMPTY_TREE, UNIT, is_leaf, unit, units};
use crate::radix;
use crate::region::{Region, VERSION, Version, external_units, hash};
use crate::trie::edit::leaf_units;
use crate::trie::{
    BRANCH_UNITS, BUCKETS, COUNT, DIGIT_BITS, EXTERNAL_KEY, INDEX, MAX_RECORDS, MAX_WORDS, OVERFLOW, RECORDS,
    ROOM, Record, SLOTS, USED, WIDTH, bucket,
};
use crate::value::{NOTHING, external, is_external, is_kind, is_text};

/// A block in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Block {
    pub(crate) unit: u32,
    pub(crate) units: u32,
    /// The first version that has it.
    pub(crate) birth: u64,
}

/// Everything that some versions have in use.
pub(crate) struct Walk<'a> {
    region: &'a Region,
    seen: HashSet<u32>,
    /// How many elements below each branch of a vector were walked, by the branch's unit and depth in bits. Versions that
    /// share a branch may have more of its elements or fewer.
    reached: HashMap<(u32, u32), u64>,
    /// The blocks of the versions walked so far.
    pub(crate) blocks: Vec<Block>,
    /// Whether blocks may be shared with versions walked before.
    shared: bool,
    version: u64,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(region: &'a Region) -> Self {
        Walk {
            region,
            seen: HashSet::new(),
            reached: HashMap::new(),
            blocks: Vec::new(),
            shared: false,
            version: 0,
        }
    }

    /// Walks the version whose record the word names. What versions walked before have is not walked again.
    pub(crate) fn version(&mut self, record: u64) -> Result<Version, Error> {
        let version = self.region.version(record)?;
        self.shared = !self.seen.is_empty();
        self.version = version.number;
        // A version's record begins with the number of the version, as a node with that of its first version.
        if self.block(record as u32, units(VERSION))? {
            self.tree(version.map_root, version.map_len, false)?;
            self.tree(version.set_root, version.set_len, true)?;
            self.list(radix::Shape {
                len: version.vector_len,
                root: version.vector_root,
                tail: version.vector_tail,
                shift: version.vector_shift,
            })?;
        }
        Ok(version)
    }

    /// Fails if blocks of the versions walked so far overlap.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        self.blocks.sort_unstable();
        for pair in self.blocks.windows(2) {
            if pair[0].unit + pair[0].units > pair[1].unit {
                return Err(damaged(pair[1].unit, "two blocks overlap"));
            }
        }
        Ok(())
    }

    /// Notes a block. `false` if a version walked before has it.
    fn block(&mut self, word: u32, units: usize) -> Result<bool, Error> {
        let unit = unit(word);
        let facts = &self.region.facts;
        let (from, to) = (u64::from(unit) * UNIT as u64, (u64::from(unit) + units as u64) * UNIT as u64);
        if from < facts.data || to > facts.capacity {
            return Err(damaged(unit, "a block lies outside of the data"));
        }
        if !self.seen.insert(unit) {
            return if self.shared { Ok(false) } else { Err(damaged(unit, "a block is used twice")) };
        }
        // SAFETY: the block lies within the data.
        let birth = unsafe { self.region.memory().at(word & !1).cast::<u64>().read() };
        if birth > self.version {
            return Err(damaged(unit, "a block is newer than its version"));
        }
        self.blocks.push(Block { unit, units: units as u32, birth });
        Ok(true)
    }

    /// Walks a block of bytes.
    fn external(&mut self, word: u32) -> Result<&'a [u8], Error> {
        let facts = &self.region.facts;
        if is_leaf(word) || u64::from(word) * 8 + 16 > facts.capacity {
            return Err(damaged(unit(word), "a block lies outside of the data"));
        }
        // SAFETY: its first 16 bytes lie within the region.
        let length = unsafe { self.region.memory().at(word).add(8).cast::<u64>().read() };
        if length > facts.capacity {
            return Err(damaged(unit(word), "a block is longer than the region"));
        }
        self.block(word, external_units(length))?;
        // SAFETY: the block lies within the region.
        Ok(unsafe { external(self.region.memory(), word) })
    }

    fn value(&mut self, kind: u8, payload: *const u8, at: u32) -> Result<(), Error> {
        if !is_kind(kind) {
            return Err(damaged(at, "a value is of no known kind"));
        }
        // SAFETY: the payload lies within a node that was bounded.
        let bytes = unsafe {
            if is_external(kind) {
                self.external(payload.cast::<u32>().read())?
            } else {
                std::slice::from_raw_parts(payload, usize::from(kind & 0x3f))
            }
        };
        if is_text(kind) && std::str::from_utf8(bytes).is_err() {
            return Err(damaged(at, "a text is not UTF-8"));
        }
        Ok(())
    }

    fn tree(&mut self, root: u32, len: u64, is_set: bool) -> Result<(), Error> {
        if root == EMPTY_TREE {
            return if len == 0 { Ok(()) } else { Err(damaged(0, "an empty tree has a length")) };
        }
        match self.node(root, 0, 0, is_set)? {
            None => Ok(()),
            Some(count) if count == len => Ok(()),
            Some(_) => Err(damaged(unit(root), "a tree's length is wrong")),
        }
    }

    /// Walks a node to which the lower `shift` bits of a hash lead, and returns how many entries it has; `None` if it
    /// has nodes of versions before, which are not counted.
    fn node(&mut self, word: u32, shift: u32, prefix: u32, is_set: bool) -> Result<Option<u64>, Error> {
        if is_leaf(word) {
            let bits = 1_u32.checked_shl(shift).map_or(u32::MAX, |bit| bit - 1);
            return self.leaf(word, is_set, &|hash| hash & bits == prefix);
        }
        if shift >= u32::BITS {
            return Err(damaged(unit(word), "a tree is too deep"));
        }
        if !self.block(word, BRANCH_UNITS)? {
            return Ok(None);
        }
        // SAFETY: the branch lies within the data.
        let slots = unsafe { self.region.memory().at(word).add(SLOTS).cast::<[u32; WIDTH]>().read() };
        let mut count = Some(0);
        let mut slot = 0;
        while slot < WIDTH {
            let child = slots[slot];
            let run = slots[slot..].iter().take_while(|other| **other == child).count();
            let children = if child == EMPTY_LEAF {
                Some(0)
            } else if is_leaf(child) {
                if !run.is_power_of_two() || slot % run != 0 {
                    return Err(damaged(unit(word), "a leaf is named by slots that do not belong together"));
                }
                let bits = 1_u32.checked_shl(shift).map_or(u32::MAX, |bit| bit - 1);
                let fits = |hash: u32| {
                    hash & bits == prefix && (slot..slot + run).contains(&((hash >> shift) as usize % WIDTH))
                };
                self.leaf(child, is_set, &fits)?
            } else if run > 1 {
                return Err(damaged(unit(word), "a branch is named by two slots"));
            } else {
                self.node(child, shift + DIGIT_BITS, prefix | (slot as u32) << shift, is_set)?
            };
            count = count.zip(children).map(|(count, children)| count + children);
            slot += run;
        }
        Ok(count)
    }

    fn leaf(&mut self, word: u32, is_set: bool, belongs: &dyn Fn(u32) -> bool) -> Result<Option<u64>, Error> {
        let memory = self.region.memory();
        let capacity = self.region.facts.capacity;
        let (mut next, mut total) = (word, 0);
        while next != 0 {
            let here = unit(next);
            if !is_leaf(next) || (u64::from(here) + units(8 * RECORDS) as u64) * UNIT as u64 > capacity {
                return Err(damaged(here, "a leaf lies outside of the data"));
            }
            let leaf = memory.leaf_at(next);
            // SAFETY: the leaf's head lies within the region.
            let (count, used, room, overflow) = unsafe {
                let byte = |offset: usize| usize::from(*leaf.add(offset));
                (byte(COUNT), byte(USED), byte(ROOM), leaf.add(OVERFLOW).cast::<u32>().read())
            };
            if room > MAX_WORDS || used > room || used < RECORDS || count > MAX_RECORDS {
                return Err(damaged(here, "a leaf's head contradicts itself"));
            }
            if !self.block(next, leaf_units(room))? {
                return Ok(None);
            }
            let mut starts = [false; MAX_WORDS + 1];
            let (mut place, mut found) = (RECORDS, 0);
            while place < used {
                let record = Record(leaf.cast::<u64>().wrapping_add(place));
                // SAFETY: the record begins within the leaf, and its length is checked before it is used.
                let head = unsafe { record.head() };
                if !is_kind(head.kind()) || (head.kind() == NOTHING) != is_set || place + head.words() > used
                {
                    return Err(damaged(here, "a record contradicts itself"));
                }
                // SAFETY: the record lies within the leaf.
                unsafe {
                    let key = match head.key_length() {
                        EXTERNAL_KEY => self.external(record.0.add(1).cast::<u32>().read())?,
                        _ => record.key(memory),
                    };
                    if hash(self.region.facts.seed, key) != head.hash() || !belongs(head.hash()) {
                        return Err(damaged(here, "a key is not where its hash leads"));
                    }
                    self.value(head.kind(), record.payload(), here)?;
                }
                starts[place] = true;
                place += head.words();
                found += 1;
            }
            if found != count {
                return Err(damaged(here, "a leaf has another number of records than it says"));
            }
            let mut reached = 0;
            for index in 0..BUCKETS {
                // SAFETY: the index lies within the head.
                let mut place = usize::from(unsafe { *leaf.add(INDEX + index) });
                while place != 0 {
                    if !starts[place] {
                        return Err(damaged(here, "a bucket names no record"));
                    }
                    // SAFETY: a record begins here.
                    let head = unsafe { Record(leaf.cast::<u64>().add(place)).head() };
                    // Newer records name older ones, so no chain goes in a circle.
                    if bucket(head.hash()) != index || (head.next() != 0 && head.next() >= place) {
                        return Err(damaged(here, "a bucket's chain is wrong"));
                    }
                    reached += 1;
                    place = head.next();
                }
            }
            if reached != count {
                return Err(damaged(here, "a record is in no bucket"));
            }
            total += count as u64;
            next = overflow;
        }
        Ok(Some(total))
    }

    fn list(&mut self, shape: radix::Shape) -> Result<(), Error> {
        let radix::Shape { len, root, tail, shift } = shape;
        if (len == 0) != (tail == 0) || (shape.tail_start() == 0) != (root == 0) {
            return Err(damaged(unit(tail), "a vector's length contradicts its nodes"));
        }
        if len == 0 {
            return Ok(());
        }
        self.elements(tail, 0, len - shape.tail_start())?;
        if root != 0 {
            let bits = shift + radix::DIGIT_BITS;
            if shift % radix::DIGIT_BITS != 0 || bits >= u64::BITS || (shape.tail_start() - 1) >> bits != 0 {
                return Err(damaged(unit(root), "a vector's depth contradicts its length"));
            }
            self.elements(root, shift, shape.tail_start())?;
        }
        Ok(())
    }

    fn elements(&mut self, word: u32, shift: u32, len: u64) -> Result<(), Error> {
        let size = if shift > 0 { radix::BRANCH_UNITS } else { radix::LEAF_UNITS };
        if is_leaf(word) {
            return Err(damaged(unit(word), "a vector has a leaf of a tree"));
        }
        // A leaf is walked again, because it may be the tail of versions that have fewer of its elements.
        self.block(word, size)?;
        let walked = if shift > 0 { self.reached.entry((unit(word), shift)).or_default() } else { &mut 0 };
        let first = std::mem::replace(walked, len.max(*walked)) >> shift;
        let node = self.region.memory().at(word);
        // The child in which the walk of another version ended may have more elements in this one.
        for slot in first as usize..radix::WIDTH {
            let before = (slot as u64) << shift;
            if before >= len {
                break;
            }
            // SAFETY: the node lies within the data.
            unsafe {
                if shift == 0 {
                    let kind = *node.add(radix::KINDS + slot);
                    if kind == NOTHING || (!is_external(kind) && kind & 0x3f > radix::MAX_INLINE as u8) {
                        return Err(damaged(unit(word), "an element contradicts itself"));
                    }
                    self.value(kind, node.add(radix::PAYLOADS + 8 * slot), unit(word))?;
                } else {
                    let child = node.add(radix::SLOTS).cast::<u32>().add(slot).read();
                    self.elements(child, shift - radix::DIGIT_BITS, (len - before).min(1 << shift))?;
                }
            }
        }
        Ok(())
    }
}

fn damaged(unit: u32, what: &'static str) -> Error {
    Error::Damaged { offset: u64::from(unit) * UNIT as u64, what }
}
