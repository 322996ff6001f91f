//! Readers, and the snapshots that they take.

use std::fmt;
use std::iter;
use std::os::fd::AsFd;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::check::Walk;
use crate::error::Error;
use crate::map::Map;
use crate::radix;
use crate::region::{Region, SLOTS, Version, acquiring, held};
use crate::set::Set;
use crate::sys;
use crate::trie::Tree;
use crate::vector::Vector;

/// A reader of a region, in any thread of any process.
///
/// ```no_run
/// use shared_collections::Reader;
///
/// # fn main() -> Result<(), shared_collections::Error> {
/// let reader = Reader::attach("/dev/shm/stock")?;
/// let snapshot = reader.latest()?;
/// println!("{:?} apples", snapshot.map().get("apples"));
/// # Ok(())
/// # }
/// ```
pub struct Reader {
    attachment: Arc<Attachment>,
}

struct Attachment {
    region: Region,
    first: Entry,
    /// An entry that had a free slot when somebody last looked; null for the first one.
    hint: AtomicPtr<Entry>,
    /// Taken while an entry is added.
    adding: Mutex<()>,
}

impl Attachment {
    /// The entry in which to look for a slot first.
    #[inline]
    fn hinted(&self) -> &Entry {
        // SAFETY: entries stay as long as the attachment.
        unsafe { self.hint.load(Ordering::Acquire).as_ref() }.unwrap_or(&self.first)
    }

    /// The entries that this reader has.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        iter::successors(Some(&self.first), |entry| entry.next.get().map(|next| &**next))
    }
}

impl Drop for Attachment {
    /// Gives up the locks, so that the entries are free at once even if a child that is just being started has the
    /// descriptor as well.
    fn drop(&mut self) {
        for entry in self.entries() {
            // Closing the file gives the lock up as well, unless somebody else has the descriptor.
            let _ = sys::unlock(&self.region.file, Region::entry_lock(entry.number));
        }
    }
}

/// An entry of the region that belongs to this reader, with the next one.
struct Entry {
    number: u32,
    /// For each slot a bit: whether a snapshot uses it.
    busy: AtomicU32,
    next: OnceLock<Box<Entry>>,
}

const ALL_BUSY: u32 = (1 << SLOTS) - 1;

impl Entry {
    /// Takes an entry that nobody has. Those in `own` are this reader's already.
    fn claim(region: &Region, own: &[u32]) -> Result<Self, Error> {
        let entries = region.facts.entries;
        // The writer locks an entry for a moment when it clears what a killed reader left, so look twice.
        // What lies behind this reader's last entry is most likely free.
        let first = own.last().map_or(0, |last| last + 1);
        for number in (first..entries).chain(0..entries).chain(0..entries) {
            // A lock does not keep its owner out.
            if own.contains(&number) || !sys::try_lock(&region.file, Region::entry_lock(number))? {
                continue;
            }
            for slot in region.slots(number) {
                slot.state.store(0, Ordering::Release);
            }
            // The writer looks at the entry from now on. This comes before any slot is written.
            region.entries_used().fetch_max(number + 1, Ordering::SeqCst);
            return Ok(Entry { number, busy: AtomicU32::new(0), next: OnceLock::new() });
        }
        Err(Error::NoReaderEntry { entries })
    }

    /// Takes a slot; `None` if all are busy.
    #[inline]
    fn take_slot(&self) -> Option<usize> {
        let mut busy = self.busy.load(Ordering::Relaxed);
        while busy != ALL_BUSY {
            let slot = (!busy).trailing_zeros();
            // Acquire: whoever had the slot before has written that it is free.
            match self.busy.compare_exchange_weak(
                busy,
                busy | 1 << slot,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(slot as usize),
                Err(now) => busy = now,
            }
        }
        None
    }
}

impl Reader {
    /// Attaches to the region in a file. O(1): the header and the newest version's record are checked, but no node. The
    /// content is trusted; see [`attach_checked`](Self::attach_checked) and "Trust" in the crate's documentation.
    ///
    /// # Errors
    /// If the file cannot be opened for reading and writing, if it is no region of this format or is truncated, or if
    /// all entries for readers are taken.
    pub fn attach(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::start(sys::open(path.as_ref())?)
    }

    /// As [`attach`](Self::attach), by a descriptor of the file, which may be closed afterwards.
    ///
    /// # Errors
    /// As for [`attach`](Self::attach).
    pub fn attach_to(descriptor: impl AsFd) -> Result<Self, Error> {
        Self::start(sys::reopen(descriptor)?)
    }

    /// As [`attach`](Self::attach), and [checks](Snapshot::check) the newest version: O(n).
    ///
    /// # Errors
    /// As for [`attach`](Self::attach), and [`Error::Damaged`].
    pub fn attach_checked(path: impl AsRef<Path>) -> Result<Self, Error> {
        let reader = Self::attach(path)?;
        reader.latest()?.check()?;
        Ok(reader)
    }

    fn start(file: std::fs::File) -> Result<Self, Error> {
        let region = Region::open(file, false)?;
        region.version(region.latest().load(Ordering::Acquire))?;
        let first = Entry::claim(&region, &[])?;
        Ok(Reader {
            attachment: Arc::new(Attachment {
                region,
                first,
                hint: AtomicPtr::default(),
                adding: Mutex::new(()),
            }),
        })
    }

    /// Another reader of the same region, with an entry of its own. Threads that take snapshots all the time are
    /// independent of each other if each has its own.
    ///
    /// # Errors
    /// As for [`attach`](Self::attach).
    pub fn attach_again(&self) -> Result<Self, Error> {
        Self::attach_to(&self.attachment.region.file)
    }

    /// The newest version. It stays as it is for as long as the snapshot lives. It waits for
    /// nobody, allocates nothing and makes no system call, except for each sixteenth of the snapshots that a reader has
    /// at the same time. Threads that share a reader may have to try again when they take a slot at the same moment.
    ///
    /// # Errors
    /// [`Error::NoReaderEntry`] if this reader has more than 16 snapshots and no entry for more is free.
    #[inline]
    pub fn latest(&self) -> Result<Snapshot, Error> {
        let entry = self.attachment.hinted();
        let (entry, slot) = match entry.take_slot() {
            Some(slot) => (entry, slot),
            None => self.find_slot()?,
        };
        let region = &self.attachment.region;
        let place = &region.slots(entry.number)[slot];
        // See "Protocol" in the crate's documentation.
        place.state.store(acquiring(region.number().load(Ordering::Acquire)), Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let record = region.latest().load(Ordering::Acquire) as u32;
        // SAFETY: a word names an address within the reservation; what is there is checked when the region is attached
        // and belongs to the writer since then, who does not touch it while the slot says so.
        let version = unsafe { region.memory().at(record & !1).cast::<Version>().read() };
        place.record.store(record, Ordering::Relaxed);
        place.state.store(held(version.number), Ordering::Release);
        Ok(Snapshot {
            attachment: Arc::clone(&self.attachment),
            entry: NonNull::from_ref(entry),
            slot,
            version,
            record,
        })
    }

    /// A slot in any entry, or in a new one.
    #[cold]
    fn find_slot(&self) -> Result<(&Entry, usize), Error> {
        let _adding = self.attachment.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entry = &self.attachment.first;
        let (entry, slot) = loop {
            if let Some(slot) = entry.take_slot() {
                break (entry, slot);
            }
            entry = match entry.next.get() {
                Some(next) => next,
                None => {
                    let own: Vec<u32> = self.attachment.entries().map(|entry| entry.number).collect();
                    let new = Box::new(Entry::claim(&self.attachment.region, &own)?);
                    entry.next.get_or_init(|| new)
                }
            };
        };
        self.attachment.hint.store(std::ptr::from_ref(entry).cast_mut(), Ordering::Release);
        Ok((entry, slot))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("entry", &self.attachment.first.number).finish_non_exhaustive()
    }
}

/// A version of everything in a region. It does not change, and nothing of it is freed, until the snapshot is dropped.
///
/// ```
/// # use shared_collections::{Options, Writer};
/// # fn main() -> Result<(), shared_collections::Error> {
/// # let mut writer = Writer::create_in_memory("doc", &Options::new(1 << 20))?;
/// # let reader = writer.reader()?;
/// writer.map().set("apples", 3u64)?;
/// writer.publish()?;
/// let yesterday = reader.latest()?;
/// writer.map().set("apples", 2u64)?;
/// writer.publish()?;
/// assert_eq!(yesterday.map().get("apples"), Some(3u64.into()));
/// assert_eq!(reader.latest()?.map().get("apples"), Some(2u64.into()));
/// # Ok(())
/// # }
/// ```
pub struct Snapshot {
    attachment: Arc<Attachment>,
    /// An entry of the attachment, which keeps it in place.
    entry: NonNull<Entry>,
    slot: usize,
    version: Version,
    record: u32,
}

// SAFETY: the entry belongs to the attachment, which is `Send` and `Sync`, and lives as long.
unsafe impl Send for Snapshot {}
// SAFETY: as above.
unsafe impl Sync for Snapshot {}

impl Snapshot {
    /// The number of the version: 0 is the empty one that a region begins with, and each newer one has a number that is
    /// 1 higher.
    #[inline]
    pub fn number(&self) -> u64 {
        self.version.number
    }

    fn tree(&self, root: u32, len: u64) -> Tree {
        let region = &self.attachment.region;
        Tree { memory: region.memory(), seed: region.facts.seed, root, len }
    }

    /// The map in this version.
    #[inline]
    pub fn map(&self) -> Map<'_> {
        Map::new(self.tree(self.version.map_root, self.version.map_len))
    }

    /// The set in this version.
    #[inline]
    pub fn set(&self) -> Set<'_> {
        Set::new(self.tree(self.version.set_root, self.version.set_len))
    }

    /// The vector in this version.
    #[inline]
    pub fn vector(&self) -> Vector<'_> {
        let region = &self.attachment.region;
        let version = &self.version;
        let shape = radix::Shape {
            len: version.vector_len,
            root: version.vector_root,
            tail: version.vector_tail,
            shift: version.vector_shift,
        };
        Vector::new(radix::List { memory: region.memory(), shape })
    }

    /// Walks the whole version: every offset and every length lies within the region, no two blocks overlap, every key
    /// is where its hash leads, every text is UTF-8, and every length is right. After that no operation on this snapshot
    /// leaves the region or goes on for ever, unless somebody writes to it who is not its writer. Numbers and bytes have
    /// no checksum: a flipped bit in one is not found. O(n).
    ///
    /// # Errors
    /// [`Error::Damaged`] with the place.
    pub fn check(&self) -> Result<(), Error> {
        let mut walk = Walk::new(&self.attachment.region);
        let version = walk.version(u64::from(self.record))?;
        if version != self.version {
            return Err(Error::Damaged { offset: u64::from(self.record) * 8, what: "a version has changed" });
        }
        walk.finish()
    }
}

impl Drop for Snapshot {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the attachment lives.
        let entry = unsafe { self.entry.as_ref() };
        // Release: the writer who sees that the slot is free also knows that everything was read.
        self.attachment.region.slots(entry.number)[self.slot].state.store(0, Ordering::Release);
        entry.busy.fetch_and(!(1 << self.slot), Ordering::Release);
        self.attachment.hint.store(self.entry.as_ptr(), Ordering::Release);
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Version { number, map_len, set_len, vector_len, .. } = self.version;
        f.debug_struct("Snapshot")
            .field("number", &number)
            .field("map_len", &map_len)
            .field("set_len", &set_len)
            .field("vector_len", &vector_len)
            .finish_non_exhaustive()
    }
}
