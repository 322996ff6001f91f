//! The writer of a region.

use std::collections::HashSet;
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::check::Walk;
use crate::error::Error;
use crate::layout::{unit, units, word};
use crate::map::MapMut;
use crate::radix;
use crate::radix::edit::Building;
use crate::reader::Reader;
use crate::region::{Holds, Options, Region, VERSION, Version};
use crate::set::SetMut;
use crate::space::{Purpose, Retired, Space};
use crate::sys;
use crate::trie::edit::Roots;
use crate::vector::VectorMut;

/// How long a new writer waits for readers that were taking a snapshot when the writer before it ended.
const PATIENCE: Duration = Duration::from_secs(1);

/// The only one that changes a region.
///
/// Changes show to readers when they are [published](Self::publish), all together. Until then they show to the writer
/// only, and they are lost when the writer is dropped, or its process ends.
///
/// ```
/// use shared_collections::{Options, Writer};
///
/// # fn main() -> Result<(), shared_collections::Error> {
/// let mut writer = Writer::create_in_memory("stock", &Options::new(1 << 20))?;
/// let reader = writer.reader()?;
/// writer.map().set("apples", 3u64)?;
/// writer.set().add("fruit")?;
/// writer.vector().push("opened")?;
/// assert!(reader.latest()?.map().is_empty());
/// writer.publish()?;
/// let snapshot = reader.latest()?;
/// assert_eq!(snapshot.map().get("apples").and_then(|value| value.as_u64()), Some(3));
/// # Ok(())
/// # }
/// ```
pub struct Writer {
    pub(crate) space: Space,
    pub(crate) map: Roots,
    pub(crate) set: Roots,
    pub(crate) vector: Building,
    /// The word of the newest version's record.
    latest: u32,
}

/// How a region's memory is used. All numbers are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// As large as the region can become.
    pub capacity: u64,
    /// As far as the file is in use; what lies behind this offset has never been touched, or is free again.
    pub used: u64,
    /// Free memory below `used`.
    pub free: u64,
    /// Memory that only older versions have, as far as it has not been found to be free.
    pub retained: u64,
    /// The header and the readers' part.
    pub header: u64,
}

impl Usage {
    /// The memory of what the writer sees now.
    pub fn live(&self) -> u64 {
        self.used - self.free - self.retained - self.header
    }
}

impl Writer {
    /// Creates a region in a new file, best in `/dev/shm`, and publishes an empty version with the number 0.
    ///
    /// # Errors
    /// If the file exists or cannot be created, if the options make no sense, or if there is no memory.
    pub fn create(path: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        let path = path.as_ref();
        let (file, unnamed) = sys::create(path)?;
        let outcome = Region::create(file, options).and_then(Self::start);
        if unnamed {
            outcome.and_then(|writer| sys::name(&writer.space.region.file, path).map(|()| writer))
        } else {
            // The file is ours: there was none before.
            outcome.inspect_err(|_| drop(std::fs::remove_file(path)))
        }
    }

    /// Creates a region in memory that has no path. Readers [attach](Reader::attach_to) by a descriptor, which they
    /// inherit or receive. No process can truncate such a region.
    ///
    /// # Errors
    /// As for [`create`](Self::create).
    pub fn create_in_memory(name: &str, options: &Options) -> Result<Self, Error> {
        let file = sys::memory_file(name)?;
        let writer = Self::start(Region::create(file, options)?)?;
        sys::seal(&writer.space.region.file)?;
        Ok(writer)
    }

    fn start(region: Region) -> Result<Self, Error> {
        if !sys::try_lock(&region.file, Region::WRITER_LOCK)? {
            return Err(Error::WriterExists);
        }
        let mut writer = Writer {
            space: Space::new(Arc::new(region), 0),
            map: Roots::default(),
            set: Roots::default(),
            vector: Building::default(),
            latest: 0,
        };
        writer.publish()?;
        Ok(writer)
    }

    /// Takes over a region that another writer left, whether it was dropped or killed, and goes on from the newest
    /// version. O(n): every node of that version, and of those that readers hold, is checked, and all other memory is
    /// free afterwards.
    ///
    /// # Errors
    /// If another writer has the region, or if the file is no sound region: see [`Error`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::take_over(sys::open(path.as_ref())?)
    }

    /// As [`open`](Self::open), by a descriptor of the file.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_descriptor(descriptor: impl AsFd) -> Result<Self, Error> {
        Self::take_over(sys::reopen(descriptor)?)
    }

    fn take_over(file: std::fs::File) -> Result<Self, Error> {
        // The lock comes first: nobody else writes to the header then.
        let locked = sys::try_lock(&file, Region::WRITER_LOCK)?;
        let region = Arc::new(Region::open(file, true)?);
        if !locked {
            return Err(Error::WriterExists);
        }
        let record = region.latest().load(Ordering::Acquire);
        let version = region.version(record)?;
        // The writer before may have died between the two.
        region.number().store(version.number, Ordering::SeqCst);
        let holds = settled_holds(&region, version.number)?;
        let mut walk = Walk::new(&region);
        walk.version(record)?;
        let live: HashSet<u32> = walk.blocks.iter().map(|block| block.unit).collect();
        for &(number, held) in &holds.held {
            if walk.version(u64::from(held))?.number != number {
                let offset = u64::from(held) * 8;
                return Err(Error::Damaged { offset, what: "a reader holds a version that is not there" });
            }
        }
        walk.finish()?;
        // What only held versions have was retired by some version up to the newest one.
        let retired = |block: &&crate::check::Block| !live.contains(&block.unit);
        let retired = walk.blocks.iter().filter(retired).map(|block| Retired {
            unit: block.unit,
            units: block.units,
            birth: block.birth,
            retired: version.number,
        });
        let retired: Vec<Retired> = retired.collect();
        let used: Vec<(u32, u32)> = walk.blocks.iter().map(|block| (block.unit, block.units)).collect();
        let mut space = Space::recovered(region, version.number + 1, &used, retired);
        space.reserve_recovered()?;
        Ok(Writer {
            space,
            map: Roots { root: version.map_root, len: version.map_len },
            set: Roots { root: version.set_root, len: version.set_len },
            vector: Building {
                shape: radix::Shape {
                    len: version.vector_len,
                    root: version.vector_root,
                    tail: version.vector_tail,
                    shift: version.vector_shift,
                },
                // Held versions may have had more elements in the tail.
                published: (version.vector_tail, radix::WIDTH),
            },
            latest: record as u32,
        })
    }

    /// The map, to change it.
    pub fn map(&mut self) -> MapMut<'_> {
        MapMut { space: &mut self.space, roots: &mut self.map }
    }

    /// The set, to change it.
    pub fn set(&mut self) -> SetMut<'_> {
        SetMut { space: &mut self.space, roots: &mut self.set }
    }

    /// The vector, to change it.
    pub fn vector(&mut self) -> VectorMut<'_> {
        VectorMut { space: &mut self.space, building: &mut self.vector }
    }

    /// Makes all changes since the last time visible to readers, as one version, and returns its number. O(1): a record
    /// of 64 bytes is written, and one word is stored. Some memory is freed that no reader holds any more: so much at a time
    /// that no single version waits for all of it.
    ///
    /// # Errors
    /// [`Error::Full`] if there is no memory for the record. Nothing is published then.
    pub fn publish(&mut self) -> Result<u64, Error> {
        self.space.purpose = Purpose::Shrinking;
        let number = self.space.building;
        let record = self.space.allocate(units(VERSION))?;
        let shape = self.vector.shape;
        let mut version = Version {
            number,
            map_root: self.map.root,
            set_root: self.set.root,
            map_len: self.map.len,
            set_len: self.set.len,
            vector_len: shape.len,
            vector_root: shape.root,
            vector_tail: shape.tail,
            vector_shift: shape.shift,
            unused: 0,
            checksum: 0,
        };
        version.checksum = version.expected_checksum();
        // SAFETY: the block is new, and has room for a record.
        unsafe { self.space.pointer(record).cast::<Version>().write(version) };
        let region = &self.space.region;
        // Release: who finds the record also sees it and the nodes below it. The number is never ahead of the record.
        region.latest().store(u64::from(word(record as usize)), Ordering::Release);
        region.number().store(number, Ordering::Release);
        if self.latest != 0 {
            self.space.retire(unit(self.latest), units(VERSION), number - 1);
        }
        self.latest = word(record as usize);
        self.space.building = number + 1;
        self.vector.publish();
        // The version is published, whatever happens here.
        self.space.tidy();
        Ok(number)
    }

    /// Frees at once all memory that no reader holds, and joins what is free. The writer does this by itself when it is
    /// worth while.
    ///
    /// # Errors
    /// If the operating system refuses to say which readers are alive.
    pub fn collect(&mut self) -> Result<(), Error> {
        self.space.collect()
    }

    /// The number of the newest published version.
    pub fn published(&self) -> u64 {
        self.space.building - 1
    }

    /// How the memory is used.
    pub fn usage(&self) -> Usage {
        Usage {
            capacity: self.space.region.facts.capacity,
            used: self.space.used_bytes(),
            free: self.space.free_bytes(),
            retained: self.space.retained_bytes(),
            header: self.space.region.facts.data,
        }
    }

    /// A reader of this region.
    ///
    /// # Errors
    /// As for [`Reader::attach`].
    pub fn reader(&self) -> Result<Reader, Error> {
        Reader::attach_to(&self.space.region.file)
    }
}

impl Drop for Writer {
    /// Gives up the lock, so that the next writer need not wait for other holders of the descriptor: a child that a
    /// thread of this process is just starting, or a process to which it was sent.
    fn drop(&mut self) {
        // Closing the file gives the lock up as well, unless somebody else has the descriptor.
        let _ = sys::unlock(&self.space.region.file, Region::WRITER_LOCK);
    }
}

impl AsFd for Writer {
    /// The descriptor of the region's file, to be sent to other processes.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.space.region.file.as_fd()
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("published", &self.published()).field("usage", &self.usage()).finish()
    }
}

/// What readers hold, once none is in the middle of taking a version older than `latest`. Those that begin now take
/// this version.
fn settled_holds(region: &Region, latest: u64) -> Result<Holds, Error> {
    let end = Instant::now() + PATIENCE;
    let mut holds = Holds::default();
    loop {
        region.holds(&mut holds, true)?;
        match holds.taking {
            Some((number, entry)) if number < latest => {
                if Instant::now() > end {
                    return Err(Error::ReaderStopped { entry });
                }
                thread::sleep(Duration::from_millis(1));
            }
            _ => return Ok(holds),
        }
    }
}
