//! A region: the file, its mapping, and the header.

use std::fs::File;
use std::hash::Hasher;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;

use crate::error::{Error, io};
use crate::layout::{
    AT_CAPACITY, AT_CHECKSUM, AT_DATA, AT_EMPTY_BRANCH, AT_ENTRIES, AT_FORMAT, AT_HASH_CHECK, AT_LATEST,
    AT_NUMBER, AT_SEED, EMPTY_LEAF, FORMAT, HEADER, MAGIC, MAX_CAPACITY, Memory, PART, READERS, checksum,
    units,
};
use crate::sys::{self, Mapping};

/// What a new region is like.
///
/// ```
/// let options = shared_collections::Options::new(64 << 20).readers(1000);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    capacity: u64,
    readers: u32,
    seed: u64,
}

impl Options {
    /// A region of at most `capacity` bytes, header included: 512 KiB to 32 GiB, rounded up to 64 KiB. The file is
    /// sparse. Only what is in use takes memory, so a generous capacity costs nothing but addresses.
    pub fn new(capacity: u64) -> Self {
        let capacity = capacity.checked_next_multiple_of(PART as u64).unwrap_or(u64::MAX);
        Options { capacity, readers: 255, seed: 0 }
    }

    /// Room for so many readers: 255 unless said, at most 65,535. The room of one is 256 bytes, and serves 16 snapshots
    /// at a time. A reader with more snapshots takes the room of several.
    #[must_use]
    pub fn readers(self, readers: u32) -> Self {
        Options { readers, ..self }
    }

    /// The seed of the hash function: 0 unless said. A region whose keys come from people who might choose them so that
    /// they collide needs a seed that these people do not know.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Options { seed, ..self }
    }
}

/// The part of the header that never changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) capacity: u64,
    /// The offset of the data.
    pub(crate) data: u64,
    /// How many entries for readers there are.
    pub(crate) entries: u32,
    pub(crate) seed: u64,
}

/// How many bytes an entry for a reader takes.
pub(crate) const ENTRY: usize = 256;

/// How many snapshots an entry has room for.
pub(crate) const SLOTS: usize = ENTRY / size_of::<Slot>();

/// What a reader holds.
#[repr(C, align(16))]
pub(crate) struct Slot {
    /// 0 for nothing. Otherwise twice the number of a version plus 2: that version is held. If the lowest bit is set,
    /// that version and all newer ones are: the reader is about to hold one of them.
    pub(crate) state: AtomicU64,
    /// The word of the held version's record.
    pub(crate) record: AtomicU32,
}

impl Slot {
    /// The state, and the record that belongs to it if a version is held. The reader may go on meanwhile.
    fn look(&self) -> (u64, u32) {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            let record = self.record.load(Ordering::Relaxed);
            // Whoever sees a newer record sees a newer state as well: the reader has a fence between them.
            fence(Ordering::Acquire);
            match self.state.load(Ordering::Acquire) {
                now if now == state => return (state, record),
                now => state = now,
            }
        }
    }
}

/// The state of a slot whose reader holds a version.
#[inline]
pub(crate) fn held(number: u64) -> u64 {
    // A damaged number may be any.
    number.wrapping_add(1) << 1
}

/// The state of a slot whose reader takes a version that is at least this new.
#[inline]
pub(crate) fn acquiring(number: u64) -> u64 {
    held(number) | 1
}

/// The number of the version in a slot that is not free.
#[inline]
pub(crate) fn number_in(state: u64) -> u64 {
    (state >> 1).wrapping_sub(1)
}

/// A version of everything in the region: the roots. Written once, and never changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) map_root: u32,
    pub(crate) set_root: u32,
    pub(crate) map_len: u64,
    pub(crate) set_len: u64,
    pub(crate) vector_len: u64,
    pub(crate) vector_root: u32,
    pub(crate) vector_tail: u32,
    pub(crate) vector_shift: u32,
    pub(crate) unused: u32,
    pub(crate) checksum: u64,
}

/// Numbers of versions are less than this: at a version each nanosecond, for a century.
const MAX_NUMBER: u64 = 1 << 62;

/// How many bytes a version's record takes.
pub(crate) const VERSION: usize = size_of::<Version>();

impl Version {
    /// The checksum of the other fields.
    pub(crate) fn expected_checksum(&self) -> u64 {
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        checksum(&[
            self.number,
            pair(self.map_root, self.set_root),
            self.map_len,
            self.set_len,
            self.vector_len,
            pair(self.vector_root, self.vector_tail),
            pair(self.vector_shift, self.unused),
        ])
    }
}

/// A file and its mapping.
pub(crate) struct Region {
    pub(crate) file: File,
    mapping: Mapping,
    memory: Memory,
    pub(crate) facts: Facts,
}

impl Region {
    fn new(file: File, facts: Facts, writable: (usize, usize)) -> Result<Self, Error> {
        let mapping = Mapping::new(&file, facts.capacity as usize, writable)?;
        let memory = Memory::new(mapping.base(), facts.capacity);
        Ok(Region { file, mapping, memory, facts })
    }

    /// Makes an empty file a region without content. The caller publishes the first version.
    pub(crate) fn create(file: File, options: &Options) -> Result<Self, Error> {
        let &Options { capacity, readers: entries, seed } = options;
        if !(1..=65_535).contains(&entries) {
            return Err(Error::Options { what: "a region has room for 1 to 65,535 readers" });
        }
        let readers_end = READERS + ENTRY * (entries as usize + 1);
        let data = readers_end.next_multiple_of(PART) as u64;
        if !(data.max(512 << 10)..=MAX_CAPACITY).contains(&capacity) {
            let what = "a region has 512 KiB to 32 GiB, and more than its readers take (256 bytes each, and 128 KiB)";
            return Err(Error::Options { what });
        }
        sys::set_length(&file, capacity)?;
        for (from, to) in [(0, HEADER), (READERS, readers_end)] {
            if !sys::reserve(&file, from as u64, to as u64)? {
                return Err(Error::Full { used: 0, capacity, needed: data });
            }
        }
        let facts = Facts { capacity, data, entries, seed };
        let region = Region::new(file, facts, (0, capacity as usize))?;
        let header = region.base();
        // SAFETY: the header was reserved, and nobody else has the file yet.
        unsafe {
            header.cast::<u64>().write(MAGIC);
            for slot in 0..16 {
                header.add(AT_EMPTY_BRANCH).cast::<u32>().add(slot).write(EMPTY_LEAF);
            }
            header.add(AT_FORMAT).cast::<u32>().write(FORMAT);
            header.add(AT_ENTRIES).cast::<u32>().write(entries);
            header.add(AT_CAPACITY).cast::<u64>().write(capacity);
            header.add(AT_DATA).cast::<u64>().write(data);
            header.add(AT_SEED).cast::<u64>().write(seed);
            header.add(AT_HASH_CHECK).cast::<u64>().write(hash_check(seed));
            let words = std::slice::from_raw_parts(header.cast::<u64>(), AT_CHECKSUM / 8);
            header.add(AT_CHECKSUM).cast::<u64>().write(checksum(words));
        }
        Ok(region)
    }

    /// Maps the region in a file. A reader may write to the readers' part only.
    pub(crate) fn open(file: File, writer: bool) -> Result<Self, Error> {
        let facts = read_facts(&file)?;
        let (capacity, data) = (facts.capacity as usize, facts.data as usize);
        let writable = if writer { (0, capacity) } else { (READERS, data) };
        Region::new(file, facts, writable)
    }

    /// The address of the first byte.
    #[inline]
    pub(crate) fn base(&self) -> *mut u8 {
        self.mapping.base()
    }

    /// The memory, to follow words in it.
    #[inline]
    pub(crate) fn memory(&self) -> Memory {
        self.memory
    }

    fn counter(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: all callers name aligned fields of the header, which every process accesses atomically only.
        unsafe { AtomicU64::from_ptr(self.base().add(offset).cast()) }
    }

    /// The word of the newest version's record.
    #[inline]
    pub(crate) fn latest(&self) -> &AtomicU64 {
        self.counter(AT_LATEST)
    }

    /// The number of the newest version, or of the one before it for a moment.
    #[inline]
    pub(crate) fn number(&self) -> &AtomicU64 {
        self.counter(AT_NUMBER)
    }

    /// How many entries have been in use: all from here on have always been free.
    pub(crate) fn entries_used(&self) -> &AtomicU32 {
        // SAFETY: the readers' part begins with this counter, and every process accesses it atomically only.
        unsafe { AtomicU32::from_ptr(self.base().add(READERS).cast()) }
    }

    /// The slots of a reader's entry.
    #[inline]
    pub(crate) fn slots(&self, entry: u32) -> &[Slot; SLOTS] {
        assert!(entry < self.facts.entries);
        // SAFETY: the entry lies in the readers' part, which every process accesses atomically only.
        unsafe { &*self.base().add(READERS + ENTRY * (entry as usize + 1)).cast() }
    }

    /// The byte that the writer locks.
    pub(crate) const WRITER_LOCK: u64 = 0;

    /// The byte that the reader with this entry locks.
    pub(crate) fn entry_lock(entry: u32) -> u64 {
        1 + u64::from(entry)
    }

    /// The record that a word names, if it lies in the region and its checksum is right.
    pub(crate) fn version(&self, record: u64) -> Result<Version, Error> {
        let offset = record.saturating_mul(8);
        let damaged = |what| Err(Error::Damaged { offset, what });
        if !record.is_multiple_of(2)
            || offset < self.facts.data
            || offset > self.facts.capacity - VERSION as u64
        {
            return damaged("there is no record of a version");
        }
        // SAFETY: the record lies within the data, and is aligned. If it is one, nobody writes to it.
        let version = unsafe { self.memory().at(record as u32).cast::<Version>().read() };
        if version.checksum != version.expected_checksum() {
            return damaged("the record of a version has a wrong checksum");
        }
        if version.number >= MAX_NUMBER {
            return damaged("the record of a version has an impossible number");
        }
        Ok(version)
    }

    /// The smallest number of a version that a reader may be about to hold, if any is, and all that are held with the
    /// words of their records. Entries of readers that are gone are cleared: all of them with `thoroughly`, which asks the
    /// system about each reader, and otherwise those in which nothing has changed since the last time.
    ///
    /// Only the writer calls this.
    pub(crate) fn holds(&self, holds: &mut Holds, thoroughly: bool) -> Result<(), Error> {
        holds.held.clear();
        holds.taking = None;
        // See "Protocol" in the crate's documentation.
        fence(Ordering::SeqCst);
        let used = self.entries_used().load(Ordering::Acquire).min(self.facts.entries);
        holds.states.resize(used as usize, 0);
        for entry in 0..used {
            let (before, taking) = (holds.held.len(), holds.taking);
            let mut states = 0_u64;
            for slot in self.slots(entry) {
                let (state, record) = slot.look();
                states = states.rotate_left(4).wrapping_add(state);
                if state != 0 {
                    if state & 1 == 1 {
                        let lowest =
                            holds.taking.map_or(u64::MAX, |(number, _)| number).min(number_in(state));
                        holds.taking = Some((lowest, entry));
                    } else {
                        holds.held.push((number_in(state), record));
                    }
                }
            }
            let are_old = states == std::mem::replace(&mut holds.states[entry as usize], states);
            let any = holds.held.len() > before || holds.taking != taking;
            if any && (thoroughly || are_old) && sys::try_lock(&self.file, Self::entry_lock(entry))? {
                // The reader is gone: nobody else has its lock.
                self.slots(entry).iter().for_each(|slot| slot.state.store(0, Ordering::Release));
                sys::unlock(&self.file, Self::entry_lock(entry))?;
                holds.held.truncate(before);
                holds.taking = taking;
            }
        }
        holds.held.sort_unstable();
        holds.held.dedup();
        Ok(())
    }
}

/// What readers hold.
#[derive(Default)]
pub(crate) struct Holds {
    /// Some reader is about to hold this version or a newer one, and the number of its entry.
    pub(crate) taking: Option<(u64, u32)>,
    /// The numbers of the versions that readers hold, ascending, with the words of their records.
    pub(crate) held: Vec<(u64, u32)>,
    /// For each entry, a number that is the same as the last time if its slots are.
    states: Vec<u64>,
}

/// Checks the part of the header that never changes.
fn read_facts(file: &File) -> Result<Facts, Error> {
    let mut header = [0; AT_CHECKSUM + 8];
    let length = file.metadata().map_err(io("look at the region's file"))?.len();
    if length < header.len() as u64 {
        return Err(Error::Foreign);
    }
    file.read_exact_at(&mut header, 0).map_err(io("read the region's header"))?;
    let word = |at: usize| u64::from_ne_bytes(header[at..at + 8].try_into().expect("eight bytes"));
    let half = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().expect("four bytes"));
    if word(0) != MAGIC {
        return Err(Error::Foreign);
    }
    // The format comes before the checksum: other formats may have other headers.
    match half(AT_FORMAT) {
        FORMAT => {}
        found if found < FORMAT => return Err(Error::OlderFormat { found, supported: FORMAT }),
        found => return Err(Error::NewerFormat { found, supported: FORMAT }),
    }
    let words: Vec<u64> = (0..AT_CHECKSUM / 8).map(|index| word(8 * index)).collect();
    if checksum(&words) != word(AT_CHECKSUM) {
        return Err(Error::Damaged { offset: 0, what: "the header has a wrong checksum" });
    }
    let facts = Facts {
        capacity: word(AT_CAPACITY),
        data: word(AT_DATA),
        entries: half(AT_ENTRIES),
        seed: word(AT_SEED),
    };
    let parts = PART as u64;
    let readers_end = READERS as u64 + ENTRY as u64 * (u64::from(facts.entries) + 1);
    if facts.capacity > MAX_CAPACITY
        || !facts.capacity.is_multiple_of(parts)
        || !facts.data.is_multiple_of(parts)
        || readers_end > facts.data
        || facts.data >= facts.capacity
    {
        return Err(Error::Damaged { offset: 0, what: "the header contradicts itself" });
    }
    if word(AT_HASH_CHECK) != hash_check(facts.seed) {
        return Err(Error::OtherHash);
    }
    if length < facts.capacity {
        return Err(Error::Truncated { found: length, capacity: facts.capacity });
    }
    Ok(facts)
}

#[cfg(test)]
thread_local! {
    /// What is left of a hash in tests: with fewer bits, keys collide.
    pub(crate) static HASH_MASK: std::cell::Cell<u32> = const { std::cell::Cell::new(u32::MAX) };
}

/// The 32 bits of a key's hash that a trie uses.
#[inline]
pub(crate) fn hash(seed: u64, key: &[u8]) -> u32 {
    let mut hasher = FoldHasher::with_seed(seed, SharedSeed::global_fixed());
    hasher.write(key);
    let hash = hasher.finish() as u32;
    #[cfg(test)]
    let hash = hash & HASH_MASK.with(std::cell::Cell::get);
    hash
}

/// A number that tells hash functions apart: every kind of length takes part.
fn hash_check(seed: u64) -> u64 {
    let text: [u8; 300] = std::array::from_fn(|index| (index * 7 % 251) as u8);
    let hashes: Vec<u64> = [0, 3, 7, 8, 16, 17, 100, 200, 300]
        .iter()
        .map(|length| {
            let mut hasher = FoldHasher::with_seed(seed, SharedSeed::global_fixed());
            hasher.write(&text[..*length]);
            hasher.finish()
        })
        .collect();
    checksum(&hashes)
}

/// How many units a block of memory for other bytes takes, with its header.
pub(crate) fn external_units(length: u64) -> usize {
    units(16 + length as usize)
}
