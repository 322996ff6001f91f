//! What the allocation meter counts, with the allocator that it needs.

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
    assert_eq!(kept, Allocations { blocks: 1, frees: Some(0), bytes: 40, peak_bytes: 40, live_bytes: 40 });

    let given_back = allocations(|| drop(black_box(Box::new([7u8; 40]))));
    assert_eq!(
        given_back,
        Allocations { blocks: 1, frees: Some(1), bytes: 40, peak_bytes: 40, live_bytes: 0 }
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

    // Another thread's are counted, too, and dhat's own are not, however many blocks there are.
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
}
