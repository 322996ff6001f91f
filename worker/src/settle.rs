//! The allocator's state when a cell begins.
//!
//! Counts depend on where the allocator places blocks: a copy takes another path where its source begins elsewhere in a
//! page, and a request that meets a free block of its size takes another path than one that does not. What is free when
//! a cell begins depends on what the process and the thread did before, for example on which of its blocks the thread
//! that started this one had reused. It moved counts by up to 2 %.

use std::alloc::{Layout, alloc};
use std::hint::black_box;

/// Where blocks begin in a settled allocator: so many bytes apart, a multiple of every page size. glibc takes larger
/// blocks from the kernel, where they begin at a page in any case.
const APART: usize = 64 << 10;

/// The block sizes of glibc that differ by one step: each is cached on its own.
const STEP: usize = 16;

/// What the allocator adds to a block.
const HEADER: usize = 8;

/// The largest size that is cached by the exact size, and more.
const CACHED: usize = 1040;

/// Brings this thread's allocator into a state that does not depend on what happened before: nothing that was given back
/// is left to be reused, and the next block begins at a fixed place within a page.
///
/// Takes about 200 kB for good. It knows how glibc's allocator works; another one comes to no harm.
pub fn settle() {
    // Blocks of this size lie behind everything that was given back.
    let mut last = [0, 0, 0].map(|_| take(APART)).into_iter().max().unwrap_or(0);
    let halves =
        std::iter::successors(Some(APART / 2), |size| Some(size / 2)).take_while(|size| *size > CACHED);
    let steps = (1..=CACHED / STEP).rev().map(|steps| steps * STEP);
    // Where all of a size is used up, a block of this size comes from behind the last one.
    let mut size = APART;
    for smaller in halves.chain(steps) {
        size = smaller;
        for _ in 0..MOST {
            let block = take(size - HEADER);
            if block > last {
                last = block;
                break;
            }
        }
    }
    let next = last + size.max(2 * STEP);
    let gap = APART - (next - 2 * HEADER) % APART;
    // No block is smaller than two steps.
    take(if gap < 2 * STEP { gap + APART } else { gap } - HEADER);
}

/// The most blocks of one size that are used up; an allocator that never returns one from behind the others is not
/// glibc's.
const MOST: usize = 10_000;

/// Takes a block for good, and returns its address.
fn take(bytes: usize) -> usize {
    let layout = Layout::from_size_align(bytes, 1).expect("a small size");
    // SAFETY: the size is not 0.
    let block = unsafe { alloc(layout) };
    black_box(block) as usize
}
