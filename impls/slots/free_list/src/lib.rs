//! The source's optimised allocation: a counter for new indices and a stack of free ones.
//!
//! Unlike the source, it also notes which indices are live, so that freeing one twice is an error.

use scenarios::slots::{NotLive, Slots};
use scenarios::{About, Capability, Contender, Growth, Role};

#[derive(Default)]
struct FreeList {
    /// Indices that are free again. The one freed last is on top.
    free: Vec<u32>,
    /// For each index handed out so far, whether it is live.
    is_live: Vec<bool>,
}

impl Slots for FreeList {
    type Key = u32;

    fn new() -> Self {
        FreeList::default()
    }

    fn allocate(&mut self) -> u32 {
        match self.free.pop() {
            Some(index) => {
                self.is_live[index as usize] = true;
                index
            }
            None => {
                self.is_live.push(true);
                self.is_live.len() as u32 - 1
            }
        }
    }

    fn free(&mut self, key: u32) -> Result<(), NotLive> {
        match self.is_live.get_mut(key as usize) {
            Some(live) if *live => {
                *live = false;
                self.free.push(key);
                Ok(())
            }
            _ => Err(NotLive),
        }
    }

    fn is_live(&self, key: u32) -> bool {
        self.is_live.get(key as usize).copied().unwrap_or(false)
    }

    fn live(&self) -> usize {
        self.is_live.len() - self.free.len()
    }

    fn index(key: u32) -> usize {
        key as usize
    }

    fn absent() -> u32 {
        u32::MAX
    }
}

/// The contender: the source's counter and free list.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::slots::allocating::<FreeList>(About {
        name: "free_list",
        role: Role::Optimized,
        summary: "A counter for new indices and a stack of free ones.",
        source: "data-map, its indirection layer after the optimisation",
        analysis: ANALYSIS,
        complexity: &[
            ("fresh", Growth::Constant),
            ("after_frees", Growth::Constant),
            ("lifo_frees", Growth::Constant),
            ("random_frees", Growth::Constant),
        ],
        capabilities: &[Capability::Allocation],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
An allocation takes the top of the stack; if the stack is empty, it takes the next new index. Freeing an \
index pushes it onto the stack. One byte per index says whether it is live, so that an index freed twice \
does not come out of the stack twice; the source has no such check.

Both operations are a few instructions, whatever the number of slots. The stack is a second array, though, \
which grows with the number of free slots. A list that links the free slots themselves needs none.";
