//! What the allocation meter counts, with the allocator that it needs.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::hint::black_box;

use reports::record::Allocations;
use worker::allocations;

#[global_allocator]
static ALLOCATOR: worker::Allocator = worker::Allocator;

/// Blocks and frees are counted exactly.
///
/// A program of its own, without the test harness: the harness has a thread that allocates when it likes, and the meter
/// counts every thread.
fn main() {
    let kept = allocations(|| std::mem::forget(black_box(Box::new([7u8; 40]))));
    assert_eq!(
        kept,
        Allocations {
            blocks: 1,
            frees: Some(0),
            bytes: 40,
            peak_bytes: 40,
            live_bytes: 40,
            drop_frees: None
        }
    );

    let given_back = allocations(|| drop(black_box(Box::new([7u8; 40]))));
    assert_eq!(
        given_back,
        Allocations { blocks: 1, frees: Some(1), bytes: 40, peak_bytes: 40, live_bytes: 0, drop_frees: None }
    );

    // A block that is there before the region is not counted as allocated; that it is given back is.
    let before = black_box(Box::new([7u8; 40]));
    assert_eq!(allocations(|| drop(before)), Allocations { frees: Some(1), ..Allocations::default() });

    // A vector of 8 bytes grows to 16: a new block, and the old one is given back.
    let mut grown = Vec::<u8>::new();
    let found = allocations(|| {
        grown.reserve_exact(8);
        grown = black_box(std::mem::take(&mut grown));
        grown.reserve_exact(16);
    });
    assert_eq!((found.blocks, found.frees, found.live_bytes), (2, Some(1), 16), "{found:?}");

    // Another thread's are counted, too.
    let blocks: Vec<Box<u64>> = (0..1000).map(Box::new).collect();
    let found = allocations(|| {
        let blocks = std::thread::spawn(move || drop(black_box(blocks)));
        blocks.join().unwrap();
        for number in 0..1000u64 {
            drop(black_box(Box::new(number)));
        }
    });
    // The thread itself takes some blocks of its own.
    let of_thread = found.blocks - 1000;
    let frees = found.frees.unwrap();
    assert!((2001..2001 + 2 * of_thread).contains(&frees), "{found:?}");

    each_block_is_as_it_was_asked_for();
    blocks_from_before_are_not_live();
}

/// Whatever the alignment, a block is where and as long as was asked for, zeroed if that was asked for, and keeps its
/// content when it moves.
fn each_block_is_as_it_was_asked_for() {
    for align in [1, 2, 8, 16, 32, 64, 4096] {
        for size in [1, 7, 16, 100, 5000, 300_000] {
            let layout = Layout::from_size_align(size, align).unwrap();
            let found = allocations(|| {
                // SAFETY: the layout has a size, and each block is given back with the layout that it has then.
                unsafe {
                    let block = alloc_zeroed(layout);
                    assert_eq!(block as usize % align, 0);
                    assert!(std::slice::from_raw_parts(block, size).iter().all(|byte| *byte == 0));
                    block.write_bytes(7, size);
                    let moved = realloc(block, layout, 3 * size);
                    assert_eq!(moved as usize % align, 0);
                    assert!(std::slice::from_raw_parts(moved, size).iter().all(|byte| *byte == 7));
                    let longer = Layout::from_size_align(3 * size, align).unwrap();
                    let shorter = realloc(moved, longer, size);
                    assert!(std::slice::from_raw_parts(shorter, size).iter().all(|byte| *byte == 7));
                    black_box(alloc(layout));
                    dealloc(shorter, layout);
                }
            });
            let size = size as u64;
            let expected = Allocations {
                blocks: 4,
                frees: Some(3),
                bytes: 6 * size,
                peak_bytes: 3 * size,
                live_bytes: size,
                drop_frees: None,
            };
            assert_eq!(found, expected, "{size} bytes at {align}");
        }
    }
    let all = Layout::from_size_align(isize::MAX as usize, 1).unwrap();
    // SAFETY: the layout has a size.
    assert!(unsafe { alloc(all) }.is_null());
}

/// A block of one region is from before for the next one.
fn blocks_from_before_are_not_live() {
    let layout = Layout::from_size_align(10, 1).unwrap();
    let mut block = std::ptr::null_mut();
    // SAFETY: the layout has a size, and the block is given back with the layout that it has then.
    unsafe {
        assert_eq!(allocations(|| block = alloc(layout)).live_bytes, 10);
        let grown = allocations(|| block = realloc(block, layout, 30));
        let expected = Allocations {
            blocks: 1,
            frees: Some(1),
            bytes: 30,
            peak_bytes: 30,
            live_bytes: 30,
            drop_frees: None,
        };
        assert_eq!(grown, expected);
        let layout = Layout::from_size_align(30, 1).unwrap();
        let given_back = allocations(|| dealloc(block, layout));
        assert_eq!(given_back, Allocations { frees: Some(1), ..Allocations::default() });
    }
}
