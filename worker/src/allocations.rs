//! The allocation meter: a global allocator that counts what a region asks for and gives back.
//!
//! Exact. It counts only in a binary whose global allocator is [`Allocator`] (`lab-allocations`). Blocks that were
//! allocated before the region are not among those that are counted, even if the region frees them; they are among the
//! frees.
//!
//! In front of each block stands the number of the region that allocated it, so that a block that is given back is known
//! to be of the region or not. A heap profiler (dhat) keeps a table of blocks instead, with a backtrace of each: that took
//! half of the meter's time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use reports::record::Allocations;

/// The allocator that counts. It takes 16 bytes more for each block than it is asked for, or as much as the alignment.
pub struct Allocator;

/// The number of the region that is being counted; 0 outside of regions.
static REGION: AtomicU64 = AtomicU64::new(0);
/// How many regions there were.
static REGIONS: AtomicU64 = AtomicU64::new(0);

// What all threads did in the region.
static BLOCKS: AtomicU64 = AtomicU64::new(0);
static FREES: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);

/// The bytes in front of a block at least: those of a number, and then some, so that a block is aligned to what the C
/// library aligns to.
const FRONT: usize = 16;

/// A block with what stands in front of it: its layout, and where the block begins in it. `None` if no block can be so
/// large.
fn whole(layout: Layout, size: usize) -> Option<(Layout, usize)> {
    let front = layout.align().max(FRONT);
    Some((Layout::from_size_align(size.checked_add(front)?, front).ok()?, front))
}

/// The place of a block's region number.
///
/// # Safety
/// The block must come from [`Allocator`].
unsafe fn region_of(block: *mut u8) -> *mut u64 {
    // SAFETY: at least `FRONT` bytes of the same allocation lie before the block, and it is aligned to as much.
    unsafe { block.sub(FRONT) }.cast()
}

/// Counts a block of this size that the region got in place of one of `before` bytes of its own, if there was one.
fn count(size: usize, before: Option<usize>) {
    BLOCKS.fetch_add(1, Relaxed);
    BYTES.fetch_add(size as u64, Relaxed);
    // Wraps where the block shrinks, and so does what was live before: the sum is right.
    let grown = (size as u64).wrapping_sub(before.unwrap_or(0) as u64);
    let live = LIVE.fetch_add(grown, Relaxed).wrapping_add(grown);
    PEAK.fetch_max(live, Relaxed);
}

/// Takes a block from `give`, and counts it.
///
/// # Safety
/// `give` must return memory of the layout that it gets, or null.
unsafe fn take(layout: Layout, give: impl FnOnce(Layout) -> *mut u8) -> *mut u8 {
    let Some((whole, front)) = whole(layout, layout.size()) else { return std::ptr::null_mut() };
    let start = give(whole);
    if start.is_null() {
        return start;
    }
    // SAFETY: the memory is `front` bytes longer than the block.
    let block = unsafe { start.add(front) };
    let region = REGION.load(Relaxed);
    // SAFETY: the block has `front` bytes before it, which are nobody else's.
    unsafe { region_of(block).write(region) };
    if region != 0 {
        count(layout.size(), None);
    }
    block
}

// SAFETY: each block is a part of one of the system allocator's, behind `front` bytes: as long as was asked for, and
// aligned as was asked for, because `front` is a multiple of the alignment. The same block of the system allocator is
// found from the layout again. Nothing here unwinds or allocates.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout has a size.
        unsafe { take(layout, |whole| System.alloc(whole)) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { take(layout, |whole| System.alloc_zeroed(whole)) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some((whole, front)) = whole(layout, layout.size()) else { return };
        let region = REGION.load(Relaxed);
        if region != 0 {
            FREES.fetch_add(1, Relaxed);
            // SAFETY: the block comes from here.
            if unsafe { region_of(block).read() } == region {
                LIVE.fetch_sub(layout.size() as u64, Relaxed);
            }
        }
        // SAFETY: that is where and how it was allocated.
        unsafe { System.dealloc(block.sub(front), whole) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let (Some((before, front)), Some((after, _))) = (whole(layout, layout.size()), whole(layout, size))
        else {
            return std::ptr::null_mut();
        };
        // SAFETY: that is where and how it was allocated, and `after` is a size that a layout can have.
        let start = unsafe { System.realloc(block.sub(front), before, after.size()) };
        if start.is_null() {
            return start;
        }
        // SAFETY: as in `take`.
        let moved = unsafe { start.add(front) };
        let region = REGION.load(Relaxed);
        if region != 0 {
            // A reallocation is a new block, and the old one is given back.
            FREES.fetch_add(1, Relaxed);
            // SAFETY: the number moved with the block.
            let of = unsafe { region_of(moved).replace(region) };
            count(size, (of == region).then_some(layout.size()));
        }
        moved
    }
}

/// Runs `region` once and counts its heap allocations, on whichever thread.
pub fn allocations(region: impl FnOnce()) -> Allocations {
    let counters = [&BLOCKS, &FREES, &BYTES, &LIVE, &PEAK];
    counters.iter().for_each(|counter| counter.store(0, Relaxed));
    REGION.store(REGIONS.fetch_add(1, Relaxed) + 1, Relaxed);
    region();
    REGION.store(0, Relaxed);
    let [blocks, frees, bytes, live_bytes, peak_bytes] = counters.map(|counter| counter.load(Relaxed));
    Allocations { blocks, frees: Some(frees), bytes, peak_bytes, live_bytes, drop_frees: None }
}
