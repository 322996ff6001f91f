//! Blocks: allocations for several nodes or cells at once. Most of the cost of a small node or cell is the allocator's
//! work, and a block does it once for all.
//!
//! Each *item* in a block stores its offset from the beginning of the block. A block is freed together with its last
//! item, so it may outlive most of its items.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::any::TypeId;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::counter::{Counter, Plain, acquire};

/// The header of a block. The items lie behind it.
#[repr(C, align(16))]
pub(super) struct Block {
    /// How many items are alive, or have not been created yet.
    live: AtomicU32,
    align: u32,
    size: usize,
}

impl Block {
    /// The offset of the first item, which has the alignment `align`.
    pub(super) const fn first(align: usize) -> usize {
        size_of::<Block>().next_multiple_of(align)
    }

    /// A block of `size` bytes, its header included, for `live` items.
    pub(super) fn new(size: usize, align: usize, live: u32) -> *mut Block {
        let align = align.max(align_of::<Block>());
        let layout = Layout::from_size_align(size, align).expect("blocks are small");
        // SAFETY: the size includes the header, so it is not 0, and the header fits in.
        unsafe {
            let block: *mut Block = alloc(layout).cast();
            if block.is_null() {
                handle_alloc_error(layout);
            }
            block.write(Block { live: AtomicU32::new(live), align: align as u32, size });
            block
        }
    }

    /// Sets the number of items.
    ///
    /// # Safety
    /// Nobody but the caller knows of the block.
    pub(super) unsafe fn set_live(block: *mut Block, live: u32) {
        // SAFETY: by the contract it is alive.
        unsafe { (*block).live.store(live, Ordering::Relaxed) }
    }

    /// Counts `count` items less, and frees the block if they were the last ones.
    ///
    /// # Safety
    /// These items were counted, and are gone or will never be created.
    pub(super) unsafe fn give_up<C: Counter>(block: *mut Block, count: u32) {
        // SAFETY: the block is alive, because these items are still counted. Only the caller that gives up the last
        // item frees it.
        unsafe {
            let live = &(*block).live;
            if TypeId::of::<C>() == TypeId::of::<Plain>() {
                live.store(live.load(Ordering::Relaxed) - count, Ordering::Relaxed);
                if live.load(Ordering::Relaxed) != 0 {
                    return;
                }
            } else {
                // Release: everything that was done to the items happens before the block is freed.
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

/// A node or cell that lies in a block, or in an allocation of its own.
pub(super) trait BlockItem {
    /// The number of bytes from the beginning of the block to the item; 0 if it lies in no block.
    fn offset(&self) -> u32;
}

/// Whether an item lies in a block of which at least half is unused. Two items less count: the entry that has just been
/// removed, which is not yet freed, and the leaf beside the cells, which is given up together with them. Items that will
/// still be created count as used. It is a guess if other threads free items meanwhile.
///
/// # Safety
/// The item is alive.
pub(super) unsafe fn is_in_sparse_block<T: BlockItem>(item: *const T) -> bool {
    // SAFETY: a block lives as long as its items.
    unsafe {
        let offset = (*item).offset() as usize;
        if offset == 0 {
            return false;
        }
        let block: *const Block = item.cast::<u8>().sub(offset).cast();
        let live = ((*block).live.load(Ordering::Relaxed) as usize).saturating_sub(2);
        2 * live * size_of::<T>() <= (*block).size
    }
}

/// Frees the memory of an item.
///
/// # Safety
/// At `item` is a `T`, either in a block or allocated with the layout of `T`. Its content has been dropped or moved
/// out, except the offset, and nobody uses it any more.
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

/// Items of more bytes are large: their memory counts for more than the time to allocate it.
pub(super) const LARGE_ITEM: usize = 64;

/// The memory from which one version takes its next items. Nobody else takes from it.
pub(super) struct Slab<T, C: Counter> {
    block: *mut Block,
    /// The offset of the slab's first item in the block.
    start: u32,
    /// How many items have been taken.
    used: u32,
    /// How many items there is memory for.
    size: u32,
    kind: PhantomData<(fn() -> T, C)>,
}

impl<T, C: Counter> Slab<T, C> {
    /// The first block is for this many items: for a single large one, because a map of one entry does not use the rest.
    pub(super) const FIRST_ITEMS: u32 = if size_of::<T>() > LARGE_ITEM { 1 } else { 8 };

    /// The second block is for at least this many items.
    const MORE_ITEMS: u32 = if size_of::<T>() > LARGE_ITEM { 2 } else { 8 };

    /// Later blocks grow up to this many items. Large items are few, because one of them keeps the memory of all. If
    /// entries are replaced at random while versions are shared, blocks of 16 take three times the memory of what is
    /// alive in them, and blocks of 3 not twice as much.
    const MAX_ITEMS: u32 = if size_of::<T>() > LARGE_ITEM { 3 } else { 16 };

    /// Items of more bytes are allocated one by one.
    const MAX_ITEM_SIZE: usize = 256;

    #[inline]
    pub(super) const fn new() -> Self {
        Slab { block: ptr::null_mut(), start: 0, used: 0, size: 0, kind: PhantomData }
    }

    /// Memory for one more item, and its offset in its block; 0 if it lies in no block.
    #[inline]
    pub(super) fn next(&mut self) -> (*mut T, u32) {
        if self.used == self.size {
            return self.more();
        }
        let offset = self.start as usize + self.used as usize * size_of::<T>();
        self.used += 1;
        // SAFETY: the block has memory for `size` items, and `used` was less.
        (unsafe { self.block.cast::<u8>().add(offset).cast() }, offset as u32)
    }

    /// Whether no item was taken yet, and items are small enough to share a block.
    #[inline]
    pub(super) fn is_new(&self) -> bool {
        self.size == 0 && size_of::<T>() <= Self::MAX_ITEM_SIZE
    }

    /// Makes the slab take its next `FIRST_ITEMS` items from a block, from the offset `start` on. The block must count
    /// them already.
    ///
    /// # Safety
    /// The block has memory for them, nobody else takes it, and the slab is new.
    pub(super) unsafe fn use_block(&mut self, block: *mut Block, start: usize) {
        debug_assert!(self.is_new());
        (self.block, self.start, self.used, self.size) = (block, start as u32, 0, Self::FIRST_ITEMS);
    }

    #[inline(never)]
    fn more(&mut self) -> (*mut T, u32) {
        // The first item has no block, because it is often the only one that a version adds.
        if self.size == 0 || size_of::<T>() > Self::MAX_ITEM_SIZE {
            if size_of::<T>() <= Self::MAX_ITEM_SIZE {
                (self.size, self.used) = (1, 1);
            }
            let layout = Layout::new::<T>();
            // SAFETY: items contain a count, so their size is not 0.
            let place: *mut T = unsafe { alloc(layout).cast() };
            if place.is_null() {
                handle_alloc_error(layout);
            }
            return (place, 0);
        }
        self.size = (2 * self.size).clamp(Self::MORE_ITEMS, Self::MAX_ITEMS);
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
            // SAFETY: the block counts these items, and they will never be created.
            unsafe { Block::give_up::<C>(self.block, unused) }
        }
    }
}
