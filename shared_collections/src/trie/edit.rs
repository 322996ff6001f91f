//! Changes to a trie. Nodes of older versions are copied first; nodes of the version that is being built change in
//! place.
//!
//! A change goes down the path and makes each branch on it a branch of its own version. If memory ends on the way, some
//! branches were copied for nothing, and the content is the same. Only then it touches a leaf, and there it takes all
//! memory before it writes.

use crate::error::Error;
use crate::layout::{EMPTY_LEAF, EMPTY_TREE, is_leaf, leaf_word, unit, units, word};
use crate::region::hash;
use crate::space::{Purpose, Space};
use crate::value::{Encoded, MAX_INLINE, NOTHING, Value, is_external, payload_words};

use super::{
    BRANCH_UNITS, COUNT, DIGIT_BITS, EXTERNAL_KEY, Head, INDEX, MAX_INLINE_KEY, MAX_RECORDS, MAX_WORDS,
    OVERFLOW, RECORDS, ROOM, Record, SLOTS, Tree, USED, WIDTH, bucket, find, find_in_leaf,
};

/// The tree that is being built.
#[derive(Clone, Copy, Default)]
pub(crate) struct Roots {
    pub(crate) root: u32,
    pub(crate) len: u64,
}

/// A record takes at most so many words.
const MAX_RECORD_WORDS: usize = 1 + MAX_INLINE_KEY / 8 + MAX_INLINE.div_ceil(8);

/// Two leaves are joined, after a removal, if together they have at most so many records and words.
const JOINED_RECORDS: usize = MAX_RECORDS * 5 / 8;
const JOINED_WORDS: usize = MAX_WORDS * 5 / 8;

/// Only a leaf with at most so many words of records looks for a neighbour to be joined with.
const SMALL_WORDS: usize = JOINED_WORDS / 4;

/// The end of a path: neighbouring slots of a branch that name the same leaf, or the root.
struct Run {
    slots: *mut u32,
    first: usize,
    size: usize,
    /// How many bits of the hash led to the branch below these slots.
    shift: u32,
}

/// A record that goes into a leaf, and the number of its words.
#[derive(Clone, Copy)]
struct Source {
    record: Record,
    words: usize,
    hash: u32,
}

/// Leaves come in so few sizes, each so many words larger than the one before, that freed ones fit again.
pub(crate) const STEP: usize = 16;

/// How many units a leaf with room for so many words takes.
#[inline]
pub(crate) fn leaf_units(words: usize) -> usize {
    units((words * 8).next_multiple_of(8 * STEP))
}

/// How much room a leaf has that needs so many words.
#[inline]
fn room_for(words: usize) -> usize {
    words.next_multiple_of(STEP).min(MAX_WORDS)
}

/// # Safety
/// There is a node.
#[inline]
unsafe fn birth(node: *const u8) -> u64 {
    // SAFETY: by the contract. All nodes begin with it.
    unsafe { node.cast::<u64>().read() }
}

impl Space {
    /// The tree, to read from.
    pub(crate) fn tree(&self, roots: Roots) -> Tree {
        Tree { memory: self.memory, seed: self.region.facts.seed, root: roots.root, len: roots.len }
    }

    /// A branch with the same content that belongs to the version that is being built.
    #[inline]
    fn own_branch(&mut self, branch: u32) -> Result<u32, Error> {
        let old = self.memory.at(branch);
        // SAFETY: the word names a branch, and a new block has room for one.
        unsafe {
            if birth(old) == self.building {
                return Ok(branch);
            }
            let new = self.allocate(BRANCH_UNITS)?;
            let copy = self.pointer(new);
            copy.cast::<u64>().write(self.building);
            copy.add(SLOTS).copy_from_nonoverlapping(old.add(SLOTS), 4 * WIDTH);
            self.retire(unit(branch), BRANCH_UNITS, birth(old));
            Ok(word(new as usize))
        }
    }

    #[inline]
    fn leaf(&self, leaf: u32) -> *mut u8 {
        self.memory.leaf_at(leaf)
    }

    fn retire_leaf(&mut self, word: u32) {
        if word != EMPTY_LEAF {
            let leaf = self.leaf(word);
            // SAFETY: the word names a leaf.
            let (room, birth) = unsafe { (usize::from(*leaf.add(ROOM)), birth(leaf)) };
            self.retire(unit(word), leaf_units(room), birth);
        }
    }

    /// A leaf with the same records and room for so many words, which belongs to the version that is being built.
    ///
    /// # Safety
    /// The word names a leaf with at most as many words.
    #[inline]
    unsafe fn copy_leaf(&mut self, old: u32, words: usize) -> Result<u32, Error> {
        let room = room_for(words);
        let new = self.allocate(leaf_units(room))?;
        let (from, to) = (self.leaf(old), self.pointer(new));
        // SAFETY: the new block has room for as many words as the old leaf uses.
        unsafe {
            let used = usize::from(*from.add(USED));
            to.cast::<u64>().copy_from_nonoverlapping(from.cast(), used);
            to.cast::<u64>().write(self.building);
            *to.add(ROOM) = room as u8;
        }
        self.retire_leaf(old);
        Ok(leaf_word(new as usize))
    }

    /// A leaf with all records but one, which belongs to the version that is being built. The old one is still there.
    ///
    /// # Safety
    /// The word names a leaf with the record, and no overflow, in which `left` words are used without the record.
    unsafe fn copy_leaf_without(&mut self, old: u32, without: Record, left: usize) -> Result<u32, Error> {
        let room = room_for(left);
        let new = self.allocate(leaf_units(room))?;
        let (from, to) = (self.leaf(old), self.pointer(new));
        // SAFETY: the new block has room for what is copied. All places are those of records, or 0.
        unsafe {
            let used = usize::from(*from.add(USED));
            let gap = used - left;
            let at = without.0.offset_from_unsigned(from.cast());
            let (source, copy) = (from.cast::<u64>(), to.cast::<u64>());
            copy.copy_from_nonoverlapping(source, at);
            copy.add(at).copy_from_nonoverlapping(source.add(at + gap), left - at);
            copy.write(self.building);
            *to.add(COUNT) -= 1;
            *to.add(USED) = left as u8;
            *to.add(ROOM) = room as u8;
            let (gap, at, after) = (gap as u8, at as u8, without.head().next() as u8);
            let moved = |place: u8| {
                let place = if place == at { after } else { place };
                if place > at { place - gap } else { place }
            };
            for place in &mut *to.add(INDEX).cast::<[u8; super::BUCKETS]>() {
                *place = moved(*place);
            }
            // Records name older ones, and those before the gap only such that have not moved.
            let mut place = usize::from(at);
            while place < left {
                let head = copy.add(place).cast::<Head>();
                let words = (*head).words();
                *head = (*head).with_next(moved((*head).next() as u8));
                place += words;
            }
        }
        Ok(leaf_word(new as usize))
    }

    /// A new leaf with these records.
    fn build_leaf(&mut self, records: &[Source]) -> Result<u32, Error> {
        let room = room_for(RECORDS + records.iter().map(|source| source.words).sum::<usize>());
        let new = self.allocate_fresh(leaf_units(room))?;
        let leaf = self.pointer(new);
        // SAFETY: the block is new and has room for head and records.
        unsafe {
            leaf.write_bytes(0, 8 * RECORDS);
            leaf.cast::<u64>().write(self.building);
            *leaf.add(USED) = RECORDS as u8;
            *leaf.add(ROOM) = room as u8;
            records.iter().for_each(|source| append(leaf, *source));
        }
        Ok(leaf_word(new as usize))
    }

    /// New leaves with records that have the same hash, each overflowing to the one before it.
    fn build_chain(&mut self, records: &[Source]) -> Result<u32, Error> {
        let mut rest = records;
        let mut chain = 0;
        while !rest.is_empty() {
            let count = (1..=rest.len()).rev().find(|count| fits(&rest[..*count])).expect("one record fits");
            let leaf = self.build_leaf(&rest[..count])?;
            // SAFETY: it is a new leaf.
            unsafe { self.leaf(leaf).add(OVERFLOW).cast::<u32>().write(chain) };
            chain = leaf;
            rest = &rest[count..];
        }
        Ok(chain)
    }

    /// Writes to `slots` the nodes for these records. The slots are neighbours in a branch that `shift` bits lead to.
    fn distribute(&mut self, records: &mut [Source], shift: u32, slots: &mut [u32]) -> Result<(), Error> {
        if records.is_empty() {
            slots.fill(EMPTY_LEAF);
        } else if fits(records) {
            slots.fill(self.build_leaf(records)?);
        } else if slots.len() > 1 {
            let half = slots.len() / 2;
            let is_upper = |source: &Source| (source.hash >> shift) as usize & half != 0;
            records.sort_unstable_by_key(is_upper);
            let (lower, upper) = records.split_at_mut(records.partition_point(|source| !is_upper(source)));
            let (lower_slots, upper_slots) = slots.split_at_mut(half);
            self.distribute(lower, shift, lower_slots)?;
            self.distribute(upper, shift, upper_slots)?;
        } else {
            slots[0] = self.distribute_below(records, shift + DIGIT_BITS)?;
        }
        Ok(())
    }

    /// The node for records that do not fit in a leaf. So many bits lead to it.
    fn distribute_below(&mut self, records: &mut [Source], shift: u32) -> Result<u32, Error> {
        if shift >= u32::BITS {
            return self.build_chain(records);
        }
        let branch = self.allocate_fresh(BRANCH_UNITS)?;
        let mut slots = [0; WIDTH];
        self.distribute(records, shift, &mut slots)?;
        let node = self.pointer(branch);
        // SAFETY: the block is new and has room for a branch.
        unsafe {
            node.cast::<u64>().write(self.building);
            node.add(SLOTS).cast::<[u32; WIDTH]>().write(slots);
        }
        Ok(word(branch as usize))
    }

    /// Puts nodes for these records into a run.
    fn fill(&mut self, run: &Run, records: &mut [Source]) -> Result<(), Error> {
        let mut slots = [0; WIDTH];
        let slots = &mut slots[..run.size];
        let outcome = if run.shift == 0 {
            // The root.
            (if records.is_empty() {
                Ok(EMPTY_TREE)
            } else if fits(records) {
                self.build_leaf(records)
            } else {
                self.distribute_below(records, 0)
            })
            .map(|root| slots[0] = root)
        } else {
            self.distribute(records, run.shift - DIGIT_BITS, slots)
        };
        self.finish(outcome)?;
        // SAFETY: the run's slots belong to the version that is being built.
        unsafe { run.slots.add(run.first).copy_from_nonoverlapping(slots.as_ptr(), run.size) };
        Ok(())
    }

    /// Replaces a leaf and those that it overflows to: without one record, with another one.
    fn rebuild(
        &mut self,
        run: &Run,
        old: u32,
        without: Option<Record>,
        with: Option<Source>,
    ) -> Result<(), Error> {
        let mut records = Vec::with_capacity(MAX_RECORDS + 1);
        // SAFETY: the word names a leaf, and what was retired stays as it is until memory is taken again.
        unsafe {
            self.gather(old, without, &mut records);
            records.extend(with);
            self.fill(run, &mut records)?;
            self.retire_chain(old);
        }
        Ok(())
    }

    /// # Safety
    /// The word names a leaf.
    unsafe fn gather(&self, leaf: u32, without: Option<Record>, records: &mut Vec<Source>) {
        let mut next = leaf;
        while next != 0 {
            let leaf = self.leaf(next);
            // SAFETY: by the contract.
            unsafe {
                let (mut place, used) = (RECORDS, usize::from(*leaf.add(USED)));
                while place < used {
                    let record = Record(leaf.cast::<u64>().add(place));
                    let head = record.head();
                    let words = head.words();
                    if without.is_none_or(|without| without.0 != record.0) {
                        records.push(Source { record, words, hash: head.hash() });
                    }
                    place += words;
                }
                next = leaf.add(OVERFLOW).cast::<u32>().read();
            }
        }
    }

    /// # Safety
    /// The word names a leaf.
    unsafe fn retire_chain(&mut self, leaf: u32) {
        let mut next = leaf;
        while next != 0 {
            // SAFETY: by the contract.
            let following = unsafe { self.leaf(next).add(OVERFLOW).cast::<u32>().read() };
            self.retire_leaf(next);
            next = following;
        }
    }

    /// Sets a key's value; without one, adds the key of a set. `true` if the key is new.
    pub(crate) fn set(
        &mut self,
        roots: &mut Roots,
        key: &[u8],
        value: Option<Value<'_>>,
    ) -> Result<bool, Error> {
        self.purpose = Purpose::Growth;
        let hash = hash(self.region.facts.seed, key);
        // SAFETY: the tree is sound, and nodes are changed only after they became the version's own.
        unsafe {
            if value.is_none() && !find(self.memory, roots.root, hash, key).0.is_null() {
                return Ok(false);
            }
            let (mut slots, mut slot, mut shift) = (&raw mut roots.root, 0, 0);
            let mut word = roots.root;
            while !is_leaf(word) && word != EMPTY_TREE {
                let branch = self.own_branch(word)?;
                if branch != word {
                    slots.add(slot).write(branch);
                }
                slots = self.pointer(unit(branch)).add(SLOTS).cast();
                slot = (hash >> shift) as usize % WIDTH;
                shift += DIGIT_BITS;
                word = slots.add(slot).read();
            }
            let found = match word {
                EMPTY_TREE => Record(std::ptr::null()),
                _ => find_in_leaf(self.memory, self.leaf(word), hash, key),
            };
            if found.0.is_null() {
                self.add(slots, slot, shift, word, hash, key, value)?;
                roots.len += 1;
                Ok(true)
            } else {
                let value = value.expect("keys of sets were looked up before");
                self.replace(slots, slot, shift, word, found, value)?;
                Ok(false)
            }
        }
    }

    /// Adds a record to a leaf in which it is missing.
    ///
    /// # Safety
    /// The slots belong to the version that is being built, and the one with this number names the leaf, or is the
    /// empty tree's.
    #[expect(clippy::too_many_arguments, reason = "the place in the tree, and the entry")]
    #[inline]
    unsafe fn add(
        &mut self,
        slots: *mut u32,
        slot: usize,
        shift: u32,
        old: u32,
        hash: u32,
        key: &[u8],
        value: Option<Value<'_>>,
    ) -> Result<(), Error> {
        let mut buffer = [0; MAX_RECORD_WORDS];
        let encoded = value.map_or(Encoded::Small(NOTHING, 0), |value| Encoded::new(value, MAX_INLINE));
        let source = self.write_record(&mut buffer, hash, key, encoded)?;
        // SAFETY: by the contract.
        let outcome = unsafe {
            if old == EMPTY_TREE || old == EMPTY_LEAF {
                let run = run_of(slots, slot, shift, old);
                self.fill(&run, &mut [source])
            } else {
                let leaf = self.leaf(old);
                let needed = usize::from(*leaf.add(USED)) + source.words;
                let chained = leaf.add(OVERFLOW).cast::<u32>().read() != 0;
                if needed > MAX_WORDS || usize::from(*leaf.add(COUNT)) == MAX_RECORDS || chained {
                    let run = run_of(slots, slot, shift, old);
                    self.rebuild(&run, old, None, Some(source))
                } else if birth(leaf) == self.building && needed <= usize::from(*leaf.add(ROOM)) {
                    append(leaf, source);
                    Ok(())
                } else {
                    self.copy_leaf(old, needed).map(|new| {
                        append(self.leaf(new), source);
                        rename(slots, shift, old, new);
                    })
                }
            }
        };
        if outcome.is_err() {
            // SAFETY: the record is ours, and no leaf has it.
            unsafe { self.retire_externals(source.record, true) };
        }
        outcome
    }

    /// Replaces the value in a record.
    ///
    /// # Safety
    /// As for `add`; the leaf has the record.
    #[inline]
    unsafe fn replace(
        &mut self,
        slots: *mut u32,
        slot: usize,
        shift: u32,
        old: u32,
        record: Record,
        value: Value<'_>,
    ) -> Result<(), Error> {
        let encoded = Encoded::new(value, MAX_INLINE);
        // SAFETY: by the contract. The record and what it refers to stay as they are until they are retired.
        unsafe {
            let head = record.head();
            let (kind, stored) = match encoded {
                Encoded::Small(kind, _) | Encoded::Inline(kind, _) => (kind, None),
                Encoded::External(kind, bytes) => (kind, Some(self.store(bytes)?)),
            };
            let old_payload = record.payload();
            let old_block = is_external(head.kind()).then(|| old_payload.cast::<u32>().read());
            let leaf = self.leaf(old);
            let chained = leaf.add(OVERFLOW).cast::<u32>().read() != 0;
            let outcome = if payload_words(kind) == payload_words(head.kind()) && !chained {
                let distance = record.0.cast::<u8>().offset_from_unsigned(leaf);
                let own = if birth(leaf) == self.building {
                    Ok(old)
                } else {
                    self.copy_leaf(old, usize::from(*leaf.add(USED)))
                };
                own.map(|own| {
                    let record = self.leaf(own).add(distance).cast::<u64>();
                    record.write(head.with_kind(kind).0);
                    write_payload(record.add(1 + head.key_words()), &encoded, stored);
                    if own != old {
                        rename(slots, shift, old, own);
                    }
                })
            } else {
                let mut buffer = [0; MAX_RECORD_WORDS];
                let key_words = head.key_words();
                buffer[0] = head.with_kind(kind).0;
                buffer[1..=key_words].copy_from_slice(std::slice::from_raw_parts(record.0.add(1), key_words));
                write_payload(buffer.as_mut_ptr().add(1 + key_words), &encoded, stored);
                let words = Head(buffer[0]).words();
                let source = Source { record: Record(buffer.as_ptr()), words, hash: head.hash() };
                let run = run_of(slots, slot, shift, old);
                self.rebuild(&run, old, Some(record), Some(source))
            };
            match (&outcome, old_block, stored) {
                (Ok(()), Some(block), _) | (Err(_), _, Some(block)) => self.retire_stored(block),
                _ => {}
            }
            outcome
        }
    }

    /// Writes a record to `buffer`, and to blocks what is too long for a leaf.
    #[inline]
    fn write_record(
        &mut self,
        buffer: &mut [u64; MAX_RECORD_WORDS],
        hash: u32,
        key: &[u8],
        value: Encoded<'_>,
    ) -> Result<Source, Error> {
        let inline = key.len() <= MAX_INLINE_KEY;
        let length = if inline { key.len() as u16 } else { EXTERNAL_KEY };
        let key_block = if inline { None } else { Some(self.store(key)?) };
        let (kind, stored) = match value {
            Encoded::Small(kind, _) | Encoded::Inline(kind, _) => (kind, None),
            Encoded::External(kind, bytes) => match self.store(bytes) {
                Ok(block) => (kind, Some(block)),
                Err(error) => {
                    if let Some(block) = key_block {
                        // SAFETY: it was stored just now.
                        unsafe { self.retire_stored(block) };
                    }
                    return Err(error);
                }
            },
        };
        let head = Head::new(hash, length, kind);
        buffer[0] = head.0;
        // SAFETY: the buffer has room for the longest key and the longest payload.
        unsafe {
            let place = buffer.as_mut_ptr().add(1);
            match key_block {
                Some(block) => place.write(u64::from(block)),
                None => place.cast::<u8>().copy_from_nonoverlapping(key.as_ptr(), key.len()),
            }
            write_payload(place.add(head.key_words()), &value, stored);
        }
        Ok(Source { record: Record(buffer.as_ptr()), words: head.words(), hash })
    }

    /// Gives up the blocks of a record: the value's, and with `key` the key's.
    ///
    /// # Safety
    /// There is a record.
    unsafe fn retire_externals(&mut self, record: Record, key: bool) {
        // SAFETY: by the contract.
        unsafe {
            let head = record.head();
            if is_external(head.kind()) {
                self.retire_stored(record.payload().cast::<u32>().read());
            }
            if key && head.key_length() == EXTERNAL_KEY {
                self.retire_stored(record.0.add(1).cast::<u32>().read());
            }
        }
    }

    /// Removes a key; `false` if it is missing.
    pub(crate) fn remove(&mut self, roots: &mut Roots, key: &[u8]) -> Result<bool, Error> {
        self.purpose = Purpose::Shrinking;
        let hash = hash(self.region.facts.seed, key);
        // SAFETY: the tree is sound, and nodes are changed only after they became the version's own.
        unsafe {
            if find(self.memory, roots.root, hash, key).0.is_null() {
                return Ok(false);
            }
            // The slots on the way: the root, then those of each branch, with the number of the slot that leads on.
            let mut path = [(&raw mut roots.root, 0); (u32::BITS / DIGIT_BITS) as usize + 1];
            let (mut depth, mut shift) = (0, 0);
            let mut word = roots.root;
            while !is_leaf(word) {
                let (slots, slot) = path[depth];
                let branch = self.own_branch(word)?;
                slots.add(slot).write(branch);
                let slots: *mut u32 = self.pointer(unit(branch)).add(SLOTS).cast();
                let slot = (hash >> shift) as usize % WIDTH;
                depth += 1;
                shift += DIGIT_BITS;
                path[depth] = (slots, slot);
                word = slots.add(slot).read();
            }
            let record = find_in_leaf(self.memory, self.leaf(word), hash, key);
            let (slots, slot) = path[depth];
            let leaf = self.leaf(word);
            // In a chain of leaves the record may be in another one.
            let alone = leaf.add(OVERFLOW).cast::<u32>().read() == 0;
            let left = usize::from(*leaf.add(USED)).saturating_sub(record.head().words());
            if alone && left > RECORDS + SMALL_WORDS {
                let new = self.copy_leaf_without(word, record, left)?;
                rename(slots, shift, word, new);
                self.retire_externals(record, true);
                self.retire_leaf(word);
                roots.len -= 1;
                return Ok(true);
            }
            let mut run = run_of(slots, slot, shift, word);
            let mut records = Vec::with_capacity(MAX_RECORDS);
            self.gather(word, Some(record), &mut records);
            // Leaves and branches that go away.
            let (mut leaves, mut branches) = (vec![word], Vec::new());
            while run.shift > 0 {
                if run.size == WIDTH {
                    if !fits(&records) {
                        break;
                    }
                    // Nothing else is in the branch.
                    depth -= 1;
                    let (slots, slot) = path[depth];
                    branches.push(slots.add(slot).read());
                    run = Run { slots, first: slot, size: 1, shift: run.shift - DIGIT_BITS };
                } else if !self.join_neighbour(&mut run, &mut records, &mut leaves) {
                    break;
                }
            }
            self.fill(&run, &mut records)?;
            self.retire_externals(record, true);
            leaves.iter().for_each(|leaf| self.retire_chain(*leaf));
            for branch in branches {
                let node = self.pointer(unit(branch));
                self.retire(unit(branch), BRANCH_UNITS, birth(node));
            }
        }
        roots.len -= 1;
        Ok(true)
    }

    /// Adds to a run the neighbouring run of the same size, if that is one leaf, and both have few records.
    ///
    /// # Safety
    /// The run is one of a branch, and does not fill it.
    unsafe fn join_neighbour(&self, run: &mut Run, records: &mut Vec<Source>, leaves: &mut Vec<u32>) -> bool {
        let neighbour = run.first ^ run.size;
        // SAFETY: by the contract.
        unsafe {
            let slots = std::slice::from_raw_parts(run.slots, WIDTH);
            let other = slots[neighbour];
            if !is_leaf(other) || slots[neighbour..neighbour + run.size].iter().any(|word| *word != other) {
                return false;
            }
            let leaf = self.leaf(other);
            let words = RECORDS + records.iter().map(|source| source.words).sum::<usize>();
            let few = records.len() + usize::from(*leaf.add(COUNT)) <= JOINED_RECORDS
                && words + usize::from(*leaf.add(USED)) <= RECORDS + JOINED_WORDS;
            if leaf.add(OVERFLOW).cast::<u32>().read() != 0 || !(few || records.is_empty()) {
                return false;
            }
            if other != EMPTY_LEAF {
                self.gather(other, None, records);
                leaves.push(other);
            }
        }
        run.first = run.first.min(neighbour);
        run.size *= 2;
        true
    }

    /// Gives up a whole tree.
    pub(crate) fn clear(&mut self, roots: &mut Roots) {
        let mut stack = vec![roots.root];
        *roots = Roots::default();
        while let Some(node) = stack.pop() {
            // SAFETY: the tree is sound.
            unsafe {
                if node == EMPTY_TREE || node == EMPTY_LEAF {
                } else if is_leaf(node) {
                    let mut records = Vec::new();
                    self.gather(node, None, &mut records);
                    records.iter().for_each(|source| self.retire_externals(source.record, true));
                    self.retire_chain(node);
                } else {
                    let branch = self.pointer(unit(node));
                    let mut slots = branch.add(SLOTS).cast::<[u32; WIDTH]>().read().to_vec();
                    slots.dedup();
                    stack.extend(slots);
                    self.retire(unit(node), BRANCH_UNITS, birth(branch));
                }
            }
        }
    }
}

/// Whether these records fit in one leaf.
fn fits(records: &[Source]) -> bool {
    records.len() <= MAX_RECORDS
        && RECORDS + records.iter().map(|source| source.words).sum::<usize>() <= MAX_WORDS
}

/// Adds a record to a leaf.
///
/// # Safety
/// The leaf belongs to the version that is being built, and has room.
#[inline]
unsafe fn append(leaf: *mut u8, source: Source) {
    // SAFETY: by the contract.
    unsafe {
        let place = *leaf.add(USED);
        let record = leaf.cast::<u64>().add(usize::from(place));
        // A loop of a few words is cheaper than a call.
        for index in 1..source.words {
            record.add(index).write(source.record.0.add(index).read());
        }
        let first = leaf.add(INDEX + bucket(source.hash));
        record.write(source.record.head().with_next(*first).0);
        *first = place;
        *leaf.add(USED) = place + source.words as u8;
        *leaf.add(COUNT) += 1;
    }
}

/// Writes a value's payload, and zeros up to the end of its last word.
///
/// # Safety
/// There is room for it.
#[inline]
unsafe fn write_payload(place: *mut u64, value: &Encoded<'_>, stored: Option<u32>) {
    // SAFETY: by the contract.
    unsafe {
        match *value {
            Encoded::Small(kind, payload) => {
                if payload_words(kind) > 0 {
                    place.write(payload);
                }
            }
            Encoded::Inline(_, bytes) => {
                if !bytes.is_empty() {
                    place.add(bytes.len().div_ceil(8) - 1).write(0);
                    place.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
                }
            }
            Encoded::External(..) => place.write(u64::from(stored.expect("it was stored"))),
        }
    }
}

/// The slots that name a leaf.
///
/// # Safety
/// There is a branch or the root, and `slot` is a slot of it that names the leaf.
unsafe fn run_of(slots: *mut u32, slot: usize, shift: u32, leaf: u32) -> Run {
    if shift == 0 {
        return Run { slots, first: 0, size: 1, shift };
    }
    // SAFETY: by the contract.
    let all = unsafe { std::slice::from_raw_parts(slots, WIDTH) };
    let (mut first, mut size) = (slot, 1);
    // The empty leaf may be in many runs, and only those that are neighbours are one.
    while size < WIDTH {
        let neighbour = first ^ size;
        if all[neighbour..neighbour + size].iter().any(|word| *word != leaf) {
            break;
        }
        first = first.min(neighbour);
        size *= 2;
    }
    Run { slots, first, size, shift }
}

/// Lets the slots that name one leaf name another one.
///
/// # Safety
/// There is a branch, or the root, which belongs to the version that is being built.
#[inline]
unsafe fn rename(slots: *mut u32, shift: u32, old: u32, new: u32) {
    // SAFETY: by the contract.
    unsafe {
        if shift == 0 {
            slots.write(new);
        } else {
            for slot in &mut *slots.cast::<[u32; WIDTH]>() {
                *slot = if *slot == old { new } else { *slot };
            }
        }
    }
}
