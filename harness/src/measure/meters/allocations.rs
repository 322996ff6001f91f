//! The allocation meter: dhat in testing mode, one profiler per region.
//!
//! Exact. It counts only in a binary whose global allocator is [`Allocator`] (`lab-allocations`);
//! blocks that were allocated before the region are not its own, even if it frees them.

/// The allocator that counts.
pub use dhat::Alloc as Allocator;
use reports::record::Allocations;

/// Runs `region` once and counts its heap allocations.
pub fn measure(region: impl FnOnce()) -> Allocations {
    // dhat records a backtrace per allocation; one frame is the least it can do.
    let profiler = dhat::Profiler::builder().testing().trim_backtraces(Some(1)).build();
    region();
    let stats = dhat::HeapStats::get();
    drop(profiler);
    Allocations {
        blocks: stats.total_blocks,
        bytes: stats.total_bytes,
        peak_bytes: stats.max_bytes as u64,
        live_bytes: stats.curr_bytes as u64,
    }
}
