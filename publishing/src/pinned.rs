//! A region of shared memory with a table of versions that readers pin.
//!
//! ```text
//!  0            64                  128 KiB + 64 ……                                             capacity
//!  ┌─Header─────┬─Table──────────────┬─Data──────────────────────────────────────────────┬──────────┐
//!  │ magic      │ ┌─Version────────┐ │ what versions consist of: blocks that             │ no memory│
//!  │ latest ●───┼─► number, payload│ │ the writer allocates and frees                    │          │
//!  │            │ │ pins           │ │                                                   │          │
//!  └────────────┴─┴────────────────┴─┴───────────────────────────────────────────────────┴──────────┘
//! ```
//!
//! A reader pins a version: it loads `latest`, adds a pin to that version, and loads `latest` again. If that still names the
//! same place in the table, the version is pinned; otherwise the reader takes the pin back and tries again. The writer
//! frees a version that is not the latest and has no pins. All of these are sequentially consistent. So either the writer
//! sees the pin, or the reader sees that `latest` names another place, because the writer stored it before it looked at
//! pins.
//!
//! A reader that is killed leaves its pins behind, and what it pinned is never freed.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use nix::sys::memfd::{MFdFlags, memfd_create};
use scenarios::shared::{Place, SharedError};

const MAGIC: u64 = u64::from_be_bytes(*b"pinned\0\x01");

/// How many versions a region can hold.
const VERSIONS: usize = 2048;

#[repr(C, align(64))]
struct Header {
    /// Written last, when the first version is complete.
    magic: AtomicU64,
    capacity: u64,
    /// The place of the newest version in the table.
    latest: AtomicU64,
}

/// What a version is, in words that its writer and its readers understand: offsets and lengths.
pub type Payload = [u64; 4];

#[repr(C, align(64))]
struct Version {
    number: u64,
    payload: Payload,
    pins: AtomicU32,
}

const DATA: usize = size_of::<Header>() + VERSIONS * size_of::<Version>();

/// A mapped region.
struct Mapping {
    memory: MmapRaw,
    capacity: u64,
}

impl Mapping {
    fn new(file: &File, capacity: u64) -> Result<Self, SharedError> {
        let length = usize::try_from(capacity).map_err(SharedError::other)?;
        let memory = MmapOptions::new().len(length).map_raw(file).map_err(SharedError::other)?;
        Ok(Mapping { memory, capacity })
    }

    fn header(&self) -> &Header {
        // SAFETY: the mapping begins with a header, is aligned to a page and lives as long as `self`. Its plain fields do
        // not change once the region is made.
        unsafe { &*self.memory.as_ptr().cast::<Header>() }
    }

    fn version(&self, at: usize) -> *mut Version {
        assert!(at < VERSIONS, "the region is damaged: there is no version {at}");
        // SAFETY: the table follows the header.
        unsafe { self.memory.as_mut_ptr().add(size_of::<Header>()).cast::<Version>().add(at) }
    }

    fn pins(&self, at: usize) -> &AtomicU32 {
        // SAFETY: the version is within the mapping, and this field is only ever used as an atomic number.
        unsafe { &*ptr::addr_of!((*self.version(at)).pins) }
    }

    fn data(&self) -> *mut u8 {
        // SAFETY: the data follow the table.
        unsafe { self.memory.as_mut_ptr().add(DATA) }
    }
}

/// The one that allocates in a region and publishes versions.
pub struct Writer {
    mapping: Arc<Mapping>,
    number: u64,
    /// The versions that are not freed, each with its place in the table. The last one is the newest.
    live: Vec<(usize, Payload)>,
    /// Places in the table without a version.
    places: Vec<usize>,
    /// Where allocated memory ends.
    end: u64,
    used: u64,
    /// Freed blocks, by their size.
    free: BTreeMap<u64, Vec<u64>>,
}

impl Writer {
    /// A region whose first version, 0, is what `first` makes.
    ///
    /// # Errors
    /// What the system says, and those of `first`.
    pub fn create(
        place: Place<'_>,
        capacity: u64,
        first: impl FnOnce(&mut Self) -> Result<Payload, SharedError>,
    ) -> Result<Self, SharedError> {
        let file = match place {
            Place::Private => {
                let descriptor = memfd_create("pinned", MFdFlags::MFD_CLOEXEC).map_err(SharedError::other)?;
                File::from(descriptor)
            }
            Place::At(path) => {
                let mut options = OpenOptions::new();
                options.read(true).write(true).create_new(true).open(path).map_err(SharedError::other)?
            }
        };
        let capacity = capacity.max(2 * DATA as u64);
        file.set_len(capacity).map_err(SharedError::other)?;
        let mut writer = Writer {
            mapping: Arc::new(Mapping::new(&file, capacity)?),
            number: 0,
            live: Vec::new(),
            places: (1..VERSIONS).rev().collect(),
            end: 0,
            used: 0,
            free: BTreeMap::new(),
        };
        let payload = first(&mut writer)?;
        writer.live.push((0, payload));
        // SAFETY: the file is new, and nobody takes it for a region before the magic number is there. What is not written
        // is 0: `latest` names the first version.
        unsafe {
            let header = writer.mapping.memory.as_mut_ptr().cast::<Header>();
            ptr::addr_of_mut!((*header).capacity).write(capacity);
            writer.mapping.version(0).write(Version { number: 0, payload, pins: AtomicU32::new(0) });
        }
        writer.mapping.header().magic.store(MAGIC, Ordering::Release);
        Ok(writer)
    }

    /// The address of an offset in the data.
    #[inline]
    pub fn data(&self) -> *mut u8 {
        self.mapping.data()
    }

    /// How many bytes of the region are in use.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Rounds a length up so that blocks of similar lengths can take each other's place: to one of eight steps between
    /// two powers of two, and to 16 bytes.
    fn rounded(length: u64) -> u64 {
        let step = (length.next_power_of_two() / 16).max(16);
        length.max(1).next_multiple_of(step)
    }

    /// A block of memory: its offset in the data, a multiple of 16.
    ///
    /// # Errors
    /// [`SharedError::Full`].
    pub fn allocate(&mut self, length: u64) -> Result<u64, SharedError> {
        let length = Self::rounded(length);
        if let Some(blocks) = self.free.get_mut(&length)
            && let Some(offset) = blocks.pop()
        {
            self.used += length;
            return Ok(offset);
        }
        let offset = self.end;
        let end = offset.checked_add(length).ok_or(SharedError::Full)?;
        if end > self.mapping.capacity - DATA as u64 {
            return Err(SharedError::Full);
        }
        self.end = end;
        self.used += length;
        Ok(offset)
    }

    /// Frees a block of this length.
    pub fn free(&mut self, offset: u64, length: u64) {
        let length = Self::rounded(length);
        self.used -= length;
        self.free.entry(length).or_default().push(offset);
    }

    /// Makes a version that readers find from now on.
    ///
    /// # Errors
    /// [`SharedError::Full`] if too many versions are live. [`released`](Self::released) makes room.
    pub fn publish(&mut self, payload: Payload) -> Result<u64, SharedError> {
        let place = self.places.pop().ok_or(SharedError::Full)?;
        self.number += 1;
        let version = self.mapping.version(place);
        // SAFETY: `latest` names another place, so readers only add pins here and take them back.
        unsafe {
            (*version).number = self.number;
            (*version).payload = payload;
        }
        self.live.push((place, payload));
        self.mapping.header().latest.store(place as u64, Ordering::SeqCst);
        Ok(self.number)
    }

    /// Takes the versions out of the table that are not the newest and that nobody pins. Returns their payloads, so that
    /// their memory can be freed.
    pub fn released(&mut self) -> Vec<Payload> {
        let newest = self.live.last().map(|(place, _)| *place);
        let Writer { mapping, live, places, .. } = self;
        let mut released = Vec::new();
        live.retain(|(place, payload)| {
            let is_kept = Some(*place) == newest || mapping.pins(*place).load(Ordering::SeqCst) > 0;
            if !is_kept {
                places.push(*place);
                released.push(*payload);
            }
            is_kept
        });
        released
    }

    /// A reader in this process.
    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.mapping))
    }
}

/// Who pins versions.
pub struct Reader(Arc<Mapping>);

impl Reader {
    /// A reader of the region at a path.
    ///
    /// # Errors
    /// If there is no such region; what the system says.
    pub fn attach(path: &Path) -> Result<Self, SharedError> {
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(SharedError::other)?;
        let length = file.metadata().map_err(SharedError::other)?.len();
        if length < DATA as u64 {
            return Err(SharedError::Other("the file is no region".to_owned()));
        }
        let mapping = Mapping::new(&file, length)?;
        let header = mapping.header();
        if header.magic.load(Ordering::Acquire) != MAGIC || header.capacity != length {
            return Err(SharedError::Other("the file is no region".to_owned()));
        }
        Ok(Reader(Arc::new(mapping)))
    }

    /// Pins the newest version.
    #[inline]
    pub fn latest(&self) -> Pin {
        let latest = &self.0.header().latest;
        loop {
            let place = latest.load(Ordering::SeqCst);
            let pins = self.0.pins(place as usize);
            pins.fetch_add(1, Ordering::SeqCst);
            if latest.load(Ordering::SeqCst) == place {
                return Pin { mapping: Arc::clone(&self.0), place: place as usize };
            }
            pins.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// A pinned version.
pub struct Pin {
    mapping: Arc<Mapping>,
    place: usize,
}

impl Pin {
    /// The number of the version.
    pub fn number(&self) -> u64 {
        // SAFETY: the writer does not write to a version that is pinned.
        unsafe { (*self.mapping.version(self.place)).number }
    }

    /// What the version is.
    #[inline]
    pub fn payload(&self) -> Payload {
        // SAFETY: as above.
        unsafe { (*self.mapping.version(self.place)).payload }
    }

    /// The address of an offset in the data.
    #[inline]
    pub fn data(&self) -> *const u8 {
        self.mapping.data()
    }

    /// How many bytes of data the region can have.
    pub fn capacity(&self) -> u64 {
        self.mapping.capacity - DATA as u64
    }
}

impl Drop for Pin {
    #[inline]
    fn drop(&mut self) {
        self.mapping.pins(self.place).fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region() -> Writer {
        Writer::create(Place::Private, 1 << 20, |_| Ok([0; 4])).expect("a region")
    }

    #[test]
    fn what_is_pinned_is_not_released() {
        let mut writer = region();
        let reader = writer.reader();
        let empty = reader.latest();
        assert_eq!(writer.publish([1; 4]), Ok(1));
        let one = reader.latest();
        assert_eq!(writer.publish([2; 4]), Ok(2));
        assert_eq!(writer.publish([3; 4]), Ok(3));
        assert_eq!(writer.released(), [[2; 4]]);
        assert_eq!((empty.payload(), one.payload(), reader.latest().payload()), ([0; 4], [1; 4], [3; 4]));
        drop(one);
        assert_eq!(writer.released(), [[1; 4]]);
        drop(empty);
        assert_eq!(writer.released(), [[0; 4]]);
        assert_eq!(writer.released(), [] as [Payload; 0]);
        assert_eq!(reader.latest().number(), 3);
    }

    #[test]
    fn places_are_used_again_and_end_with_an_error() {
        let mut writer = region();
        for number in 1..3 * VERSIONS as u64 {
            assert_eq!(writer.publish([number; 4]), Ok(number));
            writer.released();
        }
        let reader = writer.reader();
        let mut pins = vec![reader.latest()];
        while let Ok(number) = writer.publish([0; 4]) {
            pins.push(reader.latest());
            assert_eq!(pins[pins.len() - 1].number(), number);
        }
        assert_eq!(pins.len(), VERSIONS);
        assert!(writer.released().is_empty());
    }

    #[test]
    fn blocks_do_not_overlap_and_come_back() {
        let mut writer = region();
        let lengths = [0, 1, 16, 17, 100, 1000, 5000, 17];
        let mut taken = std::collections::BTreeMap::new();
        for round in 0..3 {
            let blocks = lengths.map(|length| (writer.allocate(length).expect("room"), length));
            for (offset, length) in blocks {
                assert_eq!(offset % 16, 0);
                let before = taken.insert(offset, length);
                assert!(round == 0 || before.is_some(), "a freed block is used again");
            }
            let mut end = 0;
            for (offset, length) in &taken {
                assert!(*offset >= end, "{offset} overlaps");
                end = offset + length;
            }
            blocks.iter().for_each(|(offset, length)| writer.free(*offset, *length));
            assert_eq!(writer.used(), 0);
        }
        assert_eq!(writer.allocate(1 << 20), Err(SharedError::Full));
    }

    #[test]
    fn another_process_would_find_it_at_its_path() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("region");
        let mut writer = Writer::create(Place::At(&path), 1 << 20, |_| Ok([0; 4])).expect("a region");
        writer.publish([7; 4]).expect("a version");
        assert_eq!(Reader::attach(&path).expect("a region").latest().payload(), [7; 4]);
        std::fs::write(&path, "short").expect("a file");
        assert!(Reader::attach(&path).is_err());
        assert!(Reader::attach(directory.path()).is_err());
    }
}
