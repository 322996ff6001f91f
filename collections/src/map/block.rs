//! Allocations for several nodes or entries at once: the allocator's work is most of what a small one costs.
//!
//! What lies in a block knows how far behind the block's beginning. The block is freed when the last of them
//! is, so it may outlive most of its content.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::any::TypeId;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::counter::{Counter, Plain, acquire};

/// The beginning of a block.
#[repr(C, align(16))]
pub(super) struct Block {
    /// How many of the things in it still are, or are to come.
    live: AtomicU32,
    align: u32,
    size: usize,
}

impl Block {
    /// Where the first thing of an alignment lies.
    pub(super) const fn first(align: usize) -> usize {
        size_of::<Block>().next_multiple_of(align)
    }

    /// A block of `size` bytes, its beginning included, for `live` things.
    pub(super) fn new(size: usize, align: usize, live: u32) -> *mut Block {
        let align = align.max(align_of::<Block>());
        let layout = Layout::from_size_align(size, align).expect("blocks are small");
        // SAFETY: the size is not 0, and the beginning fits in.
        unsafe {
            let block: *mut Block = alloc(layout).cast();
            if block.is_null() {
                handle_alloc_error(layout);
            }
            block.write(Block { live: AtomicU32::new(live), align: align as u32, size });
            block
        }
    }

    /// Sets how many things there are.
    ///
    /// # Safety
    /// The caller alone knows of the block.
    pub(super) unsafe fn set_live(block: *mut Block, live: u32) {
        // SAFETY: by the contract it is alive.
        unsafe { (*block).live.store(live, Ordering::Relaxed) }
    }

    /// Gives up `count` things; frees the block with the last one.
    ///
    /// # Safety
    /// These things are gone, and were counted.
    pub(super) unsafe fn give_up<C: Counter>(block: *mut Block, count: u32) {
        // SAFETY: alive, because what is given up now was counted; freed by whoever gives up the last.
        unsafe {
            let live = &(*block).live;
            if TypeId::of::<C>() == TypeId::of::<Plain>() {
                live.store(live.load(Ordering::Relaxed) - count, Ordering::Relaxed);
                if live.load(Ordering::Relaxed) != 0 {
                    return;
                }
            } else {
                // Release: what was done to the thing happens before the block is freed.
                if live.fetch_sub(count, Ordering::Release) != count {
                    return;
                }
                acquire(live);
            }
            let layout = Layout::from_size_align_unchecked((*block).size, (*block).align as usize);
            dealloc(block.cast(), layout);
        }
    }
}

/// Something in a block, or in an allocation of its own.
pub(super) trait BlockItem {
    /// Bytes from the beginning of the block; 0 for none.
    fn offset(&self) -> u32;
}

/// Frees the memory of what is gone.
///
/// # Safety
/// There is a `T` without content at `item`, either in a block, or allocated with the layout of `T`.
#[inline]
pub(super) unsafe fn free<T: BlockItem, C: Counter>(item: *mut T) {
    // SAFETY: by the contract.
    unsafe {
        match (*item).offset() {
            0 => dealloc(item.cast(), Layout::new::<T>()),
            offset => Block::give_up::<C>(item.cast::<u8>().sub(offset as usize).cast(), 1),
        }
    }
}

/// Where one version's next entries are allocated: nobody else takes from it.
pub(super) struct Slab<T, C: Counter> {
    block: *mut Block,
    /// Where the first one lies in the block, how many are in use, and how many there are.
    start: u32,
    used: u32,
    size: u32,
    kind: PhantomData<(fn() -> T, C)>,
}

impl<T, C: Counter> Slab<T, C> {
    /// Things in the first block, and in the largest.
    pub(super) const FIRST_ITEMS: u32 = 8;
    const MAX_ITEMS: u32 = 16;

    /// Larger things are allocated one by one.
    const MAX_ITEM_SIZE: usize = 256;

    #[inline]
    pub(super) const fn new() -> Self {
        Slab { block: ptr::null_mut(), start: 0, used: 0, size: 0, kind: PhantomData }
    }

    /// Memory for a `T`, and its offset.
    #[inline]
    pub(super) fn next(&mut self) -> (*mut T, u32) {
        if self.used == self.size {
            return self.more();
        }
        let offset = self.start as usize + self.used as usize * size_of::<T>();
        self.used += 1;
        // SAFETY: the block is for as many.
        (unsafe { self.block.cast::<u8>().add(offset).cast() }, offset as u32)
    }

    /// Whether nothing was taken from it yet, and what will be is small enough for several to lie together.
    #[inline]
    pub(super) fn is_new(&self) -> bool {
        self.size == 0 && size_of::<T>() <= Self::MAX_ITEM_SIZE
    }

    /// Goes on with `FIRST_ITEMS` things in a block, which are counted in it, from `start` on.
    ///
    /// # Safety
    /// There is room for as many in the block, nobody else takes from it, and the slab is new.
    pub(super) unsafe fn go_on_in(&mut self, block: *mut Block, start: usize) {
        debug_assert!(self.is_new());
        (self.block, self.start, self.used, self.size) = (block, start as u32, 0, Self::FIRST_ITEMS);
    }

    #[inline(never)]
    fn more(&mut self) -> (*mut T, u32) {
        // The first entry is often the only one that a version adds.
        if self.size == 0 || size_of::<T>() > Self::MAX_ITEM_SIZE {
            if size_of::<T>() <= Self::MAX_ITEM_SIZE {
                (self.size, self.used) = (1, 1);
            }
            let layout = Layout::new::<T>();
            // SAFETY: a cell has a size.
            let place: *mut T = unsafe { alloc(layout).cast() };
            if place.is_null() {
                handle_alloc_error(layout);
            }
            return (place, 0);
        }
        self.size = (2 * self.size).clamp(Self::FIRST_ITEMS, Self::MAX_ITEMS);
        self.used = 0;
        let start = Block::first(align_of::<T>());
        self.start = start as u32;
        let size = start + self.size as usize * size_of::<T>();
        self.block = Block::new(size, align_of::<T>(), self.size);
        self.next()
    }
}

impl<T, C: Counter> Drop for Slab<T, C> {
    #[inline]
    fn drop(&mut self) {
        let unused = self.size - self.used;
        if unused > 0 {
            // SAFETY: these were counted, and will not come.
            unsafe { Block::give_up::<C>(self.block, unused) }
        }
    }
}
