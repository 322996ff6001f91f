//! The allocation meter: dhat in testing mode, one profiler per region, and a count of what is given back.
//!
//! Exact. It counts only in a binary whose global allocator is [`Allocator`] (`lab-allocations`). Blocks that
//! were allocated before the region are not among those that dhat counts, even if the region frees them; they
//! are among the frees.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use reports::record::Allocations;

/// The allocator that counts: dhat's, which counts what is allocated, and a counter of what is given back.
pub struct Allocator;

/// Blocks that the program gave back, on whichever thread.
static FREES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Whether dhat is at work on this thread: the blocks of its own tables are nobody's business.
    static IN_DHAT: Cell<bool> = const { Cell::new(false) };
}

/// Lets dhat work, and says whether it was the program that asked.
fn in_dhat<T>(work: impl FnOnce() -> T) -> (T, bool) {
    // A thread that ends has no more thread-local values, and dhat does nothing of its own there.
    let asked_by_dhat = IN_DHAT.try_with(|within| within.replace(true)).unwrap_or(false);
    let done = work();
    let _ = IN_DHAT.try_with(|within| within.set(asked_by_dhat));
    (done, !asked_by_dhat)
}

// SAFETY: every request goes to dhat's allocator as it is, and what that one returns is returned. Counting
// neither allocates nor unwinds: the counter is a static, and the thread-local value needs no set-up.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the one that dhat's allocator asks for.
        in_dhat(|| unsafe { dhat::Alloc.alloc(layout) }).0
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        let ((), by_program) = in_dhat(|| unsafe { dhat::Alloc.dealloc(block, layout) });
        FREES.fetch_add(u64::from(by_program), Ordering::Relaxed);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let (moved, by_program) = in_dhat(|| unsafe { dhat::Alloc.realloc(block, layout, size) });
        // dhat counts a reallocation as a new block: then the old one is given back.
        FREES.fetch_add(u64::from(by_program && !moved.is_null()), Ordering::Relaxed);
        moved
    }
}

/// Runs `region` once and counts its heap allocations.
pub fn allocations(region: impl FnOnce()) -> Allocations {
    // dhat records a backtrace per allocation; one frame is the least it can do.
    let profiler = dhat::Profiler::builder().testing().trim_backtraces(Some(1)).build();
    let before = FREES.load(Ordering::Relaxed);
    region();
    let frees = Some(FREES.load(Ordering::Relaxed) - before);
    let stats = dhat::HeapStats::get();
    drop(profiler);
    Allocations {
        blocks: stats.total_blocks,
        frees,
        bytes: stats.total_bytes,
        peak_bytes: stats.max_bytes as u64,
        live_bytes: stats.curr_bytes as u64,
    }
}
