//! The writer's memory: what is free, what is in use, and what becomes free when readers let go of it.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use crate::error::Error;
use crate::layout::{Memory, PART, UNIT, unit, word};
use crate::region::{Holds, Region, external_units};
use crate::sys;

/// Blocks of at most so many units have a list for each size.
const SMALL: usize = 256;

/// So much memory is kept for deletions and for publishing, so that a full region can be made emptier.
const KEPT: u64 = 48 << 10;

/// When retired blocks have so many bytes, it is time to look at what readers hold.
const BATCH_UNITS: usize = (64 << 10) / UNIT;

/// Whenever so many blocks were retired, four times as many earlier ones are looked at. So no single version waits for all of
/// them, and the end comes before there are a quarter more.
const STRETCH: usize = 32;

/// A block that the version being built no longer has, but older ones have.
#[derive(Clone, Copy)]
pub(crate) struct Retired {
    pub(crate) unit: u32,
    pub(crate) units: u32,
    /// The first version that has it.
    pub(crate) birth: u64,
    /// The first version that does not have it any more.
    pub(crate) retired: u64,
}

/// Parks blocks with the version that has them.
fn park(parked: &mut Vec<(u64, Vec<Retired>)>, version: Option<u64>, blocks: &[Retired]) {
    let Some(version) = version else { return };
    // Mostly it is the newest one.
    let at = match parked.last() {
        Some(last) if last.0 >= version => parked.partition_point(|group| group.0 < version),
        _ => parked.len(),
    };
    match parked.get_mut(at).filter(|group| group.0 == version) {
        Some(group) => group.1.extend_from_slice(blocks),
        None => parked.insert(at, (version, blocks.to_vec())),
    }
}

/// Retired blocks that are being looked at, with what was known when that began: this, and what readers held.
///
/// It stays true: readers take no version that is older than the newest one was then, and no other versions than those that
/// they held or were about to take.
#[derive(Default)]
struct Scan {
    blocks: Vec<Retired>,
    /// The first block that has not been looked at.
    next: usize,
    /// The newest version.
    latest: u64,
    /// How many of the held versions are older than when the last block was retired.
    before: usize,
    /// How many units were left for the next time.
    left: usize,
}

/// What memory a change may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// All but what is kept.
    Growth,
    /// All.
    Shrinking,
}

/// Free blocks by size.
struct Free {
    /// Of each small size, the blocks' offsets.
    small: [Vec<u32>; SMALL + 1],
    /// Larger blocks: their sizes and offsets.
    large: BTreeSet<(u32, u32)>,
    /// How many units are free.
    units: usize,
}

impl Free {
    fn new() -> Self {
        Free { small: [const { Vec::new() }; SMALL + 1], large: BTreeSet::new(), units: 0 }
    }

    #[inline]
    fn put(&mut self, unit: u32, units: usize) {
        self.units += units;
        match self.small.get_mut(units) {
            Some(list) => list.push(unit),
            None => drop(self.large.insert((units as u32, unit))),
        }
    }

    /// A block of exactly this size.
    #[inline]
    fn take(&mut self, units: usize) -> Option<u32> {
        let unit = match self.small.get_mut(units) {
            Some(list) => list.pop()?,
            None => {
                let least = (units as u32, 0);
                let block = *self.large.range(least..).next().filter(|block| block.0 == least.0)?;
                self.large.remove(&block);
                block.1
            }
        };
        self.units -= units;
        Some(unit)
    }

    /// A block of this size or larger; what is left of it stays free.
    fn take_from_larger(&mut self, units: usize) -> Option<u32> {
        let small = self.small.iter().enumerate().skip(units).find(|(_, list)| !list.is_empty());
        let size = match small {
            Some((size, _)) => size,
            None => self.large.range((units as u32, 0)..).next()?.0 as usize,
        };
        let unit = self.take(size)?;
        if size > units {
            self.put(unit + units as u32, size - units);
        }
        Some(unit)
    }

    /// All free blocks and these, joined with their neighbours, ascending.
    fn drain_joined(&mut self, mut all: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
        all.extend(mem::take(&mut self.large).into_iter().map(|(size, unit)| (unit, size)));
        for (size, list) in self.small.iter_mut().enumerate() {
            all.extend(list.drain(..).map(|unit| (unit, size as u32)));
        }
        self.units = 0;
        all.sort_unstable();
        all.dedup_by(|next, before| {
            let joined = before.0 + before.1 == next.0;
            if joined {
                before.1 += next.1;
            }
            joined
        });
        all
    }
}

/// The memory of a region, as its writer sees it.
pub(crate) struct Space {
    pub(crate) region: Arc<Region>,
    pub(crate) memory: Memory,
    /// The number of the version that is being built. Blocks with this number at their beginning were never published,
    /// and change in place.
    pub(crate) building: u64,
    /// The unit from which on nothing has been used.
    end: u64,
    /// Memory has been reserved up to this offset.
    reserved: u64,
    free: Free,
    /// Free blocks from the unit `cut` on are not used again as long as others do: then the end can move back.
    above: Vec<(u32, u32)>,
    above_units: usize,
    cut: u32,
    /// How many units were freed since free blocks were joined.
    freed: usize,
    /// Blocks that readers may hold, for all that is known.
    pending: Vec<Retired>,
    pending_units: usize,
    /// Some of them while they are looked at.
    scan: Scan,
    /// How many were pending when some were looked at for the last time.
    seen: usize,
    /// For versions that readers held when this was last looked at: blocks that they have. Ascending.
    parked: Vec<(u64, Vec<Retired>)>,
    parked_units: usize,
    /// It is time to look at what readers hold when so many units are pending.
    due: usize,
    holds: Holds,
    /// Blocks that a change has taken, to be given back if it fails.
    fresh: Vec<(u32, u32)>,
    pub(crate) purpose: Purpose,
}

impl Space {
    /// The memory of a region that has nothing in it.
    pub(crate) fn new(region: Arc<Region>, building: u64) -> Self {
        let data = region.facts.data;
        Space {
            memory: region.memory(),
            region,
            building,
            end: data / UNIT as u64,
            reserved: data,
            free: Free::new(),
            above: Vec::new(),
            above_units: 0,
            cut: u32::MAX,
            freed: 0,
            pending: Vec::new(),
            pending_units: 0,
            scan: Scan::default(),
            seen: 0,
            parked: Vec::new(),
            parked_units: 0,
            due: BATCH_UNITS,
            holds: Holds::default(),
            fresh: Vec::new(),
            purpose: Purpose::Growth,
        }
    }

    /// The memory of a region in which only these blocks (offset and size, ascending) are in use. The retired ones are
    /// among them.
    pub(crate) fn recovered(
        region: Arc<Region>,
        building: u64,
        used: &[(u32, u32)],
        retired: Vec<Retired>,
    ) -> Self {
        let mut space = Space::new(region, building);
        for &(unit, units) in used {
            let gap = u64::from(unit) - space.end;
            if gap > 0 {
                space.free.put(space.end as u32, gap as usize);
            }
            space.end = u64::from(unit) + u64::from(units);
        }
        // It was reserved when it was written; what lies between, the earlier writer may have given up before.
        space.reserved =
            (space.end * UNIT as u64).next_multiple_of(PART as u64).min(space.region.facts.capacity);
        space.pending_units = retired.iter().map(|block| block.units as usize).sum();
        space.pending = retired;
        space
    }

    /// Reserves the memory of a recovered region once more. What is reserved already costs nothing.
    pub(crate) fn reserve_recovered(&mut self) -> Result<(), Error> {
        let data = self.region.facts.data;
        if self.reserved > data && !sys::reserve(&self.region.file, data, self.reserved)? {
            return Err(self.full(0));
        }
        Ok(())
    }

    fn full(&self, units: usize) -> Error {
        Error::Full {
            used: self.end * UNIT as u64,
            capacity: self.region.facts.capacity,
            needed: (units * UNIT) as u64,
        }
    }

    /// How many bytes of the file are in use, with the header, gaps and what only old versions have.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.end * UNIT as u64
    }

    /// How many bytes below `used_bytes` are free.
    pub(crate) fn free_bytes(&self) -> u64 {
        ((self.free.units + self.above_units) * UNIT) as u64
    }

    /// How many bytes only versions before the one that is being built have.
    pub(crate) fn retained_bytes(&self) -> u64 {
        ((self.pending_units + self.parked_units) * UNIT) as u64
    }

    /// Takes a block.
    #[inline]
    pub(crate) fn allocate(&mut self, units: usize) -> Result<u32, Error> {
        if let Some(unit) = self.free.take(units) {
            return Ok(unit);
        }
        let end = self.end + units as u64;
        if self.free.units <= self.tolerated()
            && self.above.is_empty()
            && end * UNIT as u64 + KEPT <= self.reserved
        {
            let unit = self.end as u32;
            self.end = end;
            return Ok(unit);
        }
        self.allocate_slowly(units)
    }

    /// How many units may be free before larger blocks are cut up.
    #[inline]
    fn tolerated(&self) -> usize {
        (self.end - self.region.facts.data / UNIT as u64) as usize / 4
    }

    /// Without a block of the right size, new memory is taken as long as little memory is free: cutting up larger blocks
    /// makes small ones that nobody needs.
    #[inline(never)]
    fn allocate_slowly(&mut self, units: usize) -> Result<u32, Error> {
        if self.free.units > self.tolerated() || !self.above.is_empty() {
            if let Some(unit) = self.free.take_from_larger(units) {
                return Ok(unit);
            }
            // Joining takes time in proportion to the number of free blocks.
            if self.freed > 2 * self.tolerated() {
                self.join();
                if let Some(unit) = self.free.take_from_larger(units) {
                    return Ok(unit);
                }
            }
        }
        if !self.above.is_empty() {
            self.use_all();
            if let Some(unit) = self.free.take_from_larger(units) {
                return Ok(unit);
            }
        }
        if let Some(unit) = self.extend(units)? {
            return Ok(unit);
        }
        if let Some(unit) = self.free.take_from_larger(units) {
            return Ok(unit);
        }
        self.collect()?;
        self.use_all();
        match self.free.take_from_larger(units) {
            Some(unit) => Ok(unit),
            // Joining may have moved the end back.
            None => self.extend(units)?.ok_or_else(|| self.full(units)),
        }
    }

    /// Makes all free blocks usable, wherever they lie.
    fn use_all(&mut self) {
        self.cut = u32::MAX;
        self.above_units = 0;
        for (unit, units) in mem::take(&mut self.above) {
            self.free.put(unit, units as usize);
        }
    }

    /// Takes memory behind everything in use, if the region and the file system have it.
    fn extend(&mut self, units: usize) -> Result<Option<u32>, Error> {
        let size = UNIT as u64;
        let capacity = self.region.facts.capacity;
        let end = (self.end + units as u64) * size;
        let kept = if self.purpose == Purpose::Growth { KEPT } else { 0 };
        let needed = end + kept;
        if needed > self.reserved {
            if needed > capacity {
                return Ok(None);
            }
            let least = needed.next_multiple_of(PART as u64).min(capacity);
            let ahead = ((end - self.region.facts.data) / 16).min(64 << 20);
            let generous = (needed + ahead).next_multiple_of(PART as u64).min(capacity);
            let to = if sys::reserve(&self.region.file, self.reserved, generous)? {
                generous
            } else if sys::reserve(&self.region.file, self.reserved, least)? {
                least
            } else {
                return Ok(None);
            };
            self.reserved = to;
        }
        let unit = self.end as u32;
        self.end += units as u64;
        Ok(Some(unit))
    }

    /// Gives a block back that no version has.
    #[inline]
    pub(crate) fn free(&mut self, unit: u32, units: usize) {
        self.freed += units;
        if unit >= self.cut {
            self.above_units += units;
            self.above.push((unit, units as u32));
        } else {
            self.free.put(unit, units);
        }
    }

    /// Gives up a block of the version that is being built. If older versions have it, it stays as long as they do.
    #[inline]
    pub(crate) fn retire(&mut self, unit: u32, units: usize, birth: u64) {
        if birth == self.building {
            self.free(unit, units);
        } else {
            self.pending_units += units;
            self.pending.push(Retired { unit, units: units as u32, birth, retired: self.building });
        }
    }

    /// Frees some of the memory that no reader holds any more, if it is time. This follows each version.
    #[inline]
    pub(crate) fn tidy(&mut self) {
        if !self.scan.blocks.is_empty() {
            let retired = self.pending.len() - self.seen;
            if retired >= STRETCH {
                self.look_at(4 * retired);
            }
        } else if self.pending_units >= self.due {
            // It will be tried again, and `collect` says what is wrong.
            let _ = self.begin_scan(false);
        }
    }

    /// Looks at what readers hold, and begins to look at all blocks that are pending or have not been looked at. To ask
    /// [thoroughly](Region::holds) costs a system call for each reader.
    #[cold]
    fn begin_scan(&mut self, thoroughly: bool) -> Result<(), Error> {
        let mut holds = mem::take(&mut self.holds);
        let found = self.region.holds(&mut holds, thoroughly);
        self.holds = holds;
        found?;
        self.unpark_released();
        let Scan { mut blocks, next, .. } = mem::take(&mut self.scan);
        self.pending.extend(blocks.drain(next..));
        blocks.clear();
        let blocks = mem::replace(&mut self.pending, blocks);
        self.scan = Scan { blocks, latest: self.building - 1, ..Scan::default() };
        self.seen = self.pending.len();
        Ok(())
    }

    /// Looks at so many more blocks. Those that no version has which a reader holds or can still get are freed.
    fn look_at(&mut self, count: usize) {
        let Scan { blocks, next, latest, mut before, mut left } = mem::take(&mut self.scan);
        let end = blocks.len().min(next.saturating_add(count));
        let held = mem::take(&mut self.holds.held);
        let floor = self.holds.taking.map_or(u64::MAX, |(number, _)| number);
        // No version before this one is held.
        let oldest = held.first().map_or(u64::MAX, |hold| hold.0).min(floor).min(latest);
        // Blocks that are parked together follow each other: the first of them, and the version.
        let mut group: (usize, Option<u64>) = (next, None);
        for (index, block) in blocks.iter().enumerate().take(end).skip(next) {
            // The newest held version that has the block, if any has it. Most blocks are in the order in which they were
            // retired.
            let mut holder = None;
            if block.retired > oldest {
                if before > 0 && held[before - 1].0 >= block.retired {
                    before = held.partition_point(|hold| hold.0 < block.retired);
                }
                while held.get(before).is_some_and(|hold| hold.0 < block.retired) {
                    before += 1;
                }
                holder =
                    before.checked_sub(1).map(|last| held[last].0).filter(|number| *number >= block.birth);
            }
            if holder != group.1 {
                park(&mut self.parked, group.1, &blocks[group.0..index]);
                group = (index, holder);
            }
            let units = block.units as usize;
            if holder.is_some() {
                self.pending_units -= units;
                self.parked_units += units;
            } else if block.retired > floor || block.retired > latest {
                // The newest version can be taken at any time.
                self.pending.push(*block);
                left += units;
            } else {
                self.pending_units -= units;
                self.free(block.unit, units);
            }
        }
        park(&mut self.parked, group.1, &blocks[group.0..end]);
        self.holds.held = held;
        self.scan = Scan { blocks, next: end, latest, before, left };
        self.seen = self.pending.len();
        if end == self.scan.blocks.len() {
            self.end_scan();
        }
    }

    #[cold]
    fn end_scan(&mut self) {
        let Scan { mut blocks, left, .. } = mem::take(&mut self.scan);
        blocks.clear();
        self.scan.blocks = blocks;
        // What could not be freed or parked is looked at again when there is twice as much, and looking costs more if
        // many versions are held: amortised constant time.
        self.due = BATCH_UNITS + 2 * left + 64 * self.holds.held.len();
        // After readers held much for a while, most memory is free. It may be time to make the region smaller.
        let extent = 4 * self.tolerated();
        let free = self.free.units + self.above_units;
        if free > extent / 2 && self.freed > 4 * extent {
            self.join();
        }
    }

    /// Takes back the blocks that are parked with versions which nobody holds any more.
    fn unpark_released(&mut self) {
        let mut held = self.holds.held.iter().map(|hold| hold.0).peekable();
        let pending = &mut self.pending;
        let before = pending.len();
        self.parked.retain_mut(|(number, blocks)| {
            while held.next_if(|hold| *hold < *number).is_some() {}
            let still = held.peek() == Some(number);
            if !still {
                pending.append(blocks);
            }
            still
        });
        let units: usize = self.pending[before..].iter().map(|block| block.units as usize).sum();
        self.parked_units -= units;
        self.pending_units += units;
    }

    /// Frees what can be freed, and joins free blocks.
    pub(crate) fn collect(&mut self) -> Result<(), Error> {
        self.begin_scan(true)?;
        self.look_at(usize::MAX);
        self.join();
        Ok(())
    }

    /// Joins free blocks with their neighbours, and moves the end back before those at the end.
    ///
    /// If most memory is free, the blocks in the upper part are not used again for a while. What is in use there moves
    /// down as it changes, and the next time the end moves further back.
    fn join(&mut self) {
        let mut free = self.free.drain_joined(mem::take(&mut self.above));
        if let Some(&(unit, units)) = free.last()
            && u64::from(unit) + u64::from(units) == self.end
        {
            self.end = u64::from(unit);
            free.pop();
        }
        let data = self.region.facts.data / UNIT as u64;
        let total: u64 = free.iter().map(|block| u64::from(block.1)).sum();
        let used = self.end - data - total;
        self.cut = if total > used { (data + 2 * used).min(self.end) as u32 } else { u32::MAX };
        self.above_units = 0;
        for (unit, units) in free {
            self.free(unit, units as usize);
        }
        self.freed = 0;
        self.release();
    }

    /// Gives memory behind the end back to the system if it is much.
    fn release(&mut self) {
        let end = self.end * UNIT as u64;
        let keep = (end + KEPT + (end - self.region.facts.data) / 2).next_multiple_of(PART as u64);
        if keep + (PART as u64) < self.reserved && sys::release(&self.region.file, keep, self.reserved) {
            self.reserved = keep;
        }
    }

    /// The address of a unit.
    #[inline]
    pub(crate) fn pointer(&self, unit: u32) -> *mut u8 {
        self.memory.unit(unit)
    }

    /// Takes a block that is given back if the change fails.
    pub(crate) fn allocate_fresh(&mut self, units: usize) -> Result<u32, Error> {
        let unit = self.allocate(units)?;
        self.fresh.push((unit, units as u32));
        Ok(unit)
    }

    /// Ends a change: its blocks stay, or are given back if it failed.
    pub(crate) fn finish<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        let fresh = mem::take(&mut self.fresh);
        if outcome.is_err() {
            fresh.iter().for_each(|(unit, units)| self.free(*unit, *units as usize));
        }
        self.fresh = fresh;
        self.fresh.clear();
        outcome
    }

    /// Writes bytes to a block of their own, and returns its word.
    pub(crate) fn store(&mut self, bytes: &[u8]) -> Result<u32, Error> {
        if bytes.len() as u64 >= self.region.facts.capacity {
            return Err(Error::TooLong { length: bytes.len() });
        }
        let unit = self.allocate(external_units(bytes.len() as u64))?;
        let block = self.pointer(unit);
        // SAFETY: the block is new, and large enough.
        unsafe {
            block.cast::<u64>().write(self.building);
            block.add(8).cast::<u64>().write(bytes.len() as u64);
            block.add(16).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        Ok(word(unit as usize))
    }

    /// Gives up a block with bytes.
    ///
    /// # Safety
    /// The word names such a block, which the version that is being built has.
    pub(crate) unsafe fn retire_stored(&mut self, word: u32) {
        let block = self.pointer(unit(word));
        // SAFETY: by the contract.
        let (birth, length) = unsafe { (block.cast::<u64>().read(), block.add(8).cast::<u64>().read()) };
        self.retire(unit(word), external_units(length), birth);
    }
}
