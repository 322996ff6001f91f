//! The lab's own layer: a list through the free slots themselves, and a table of positions that is cut into blocks,
//! which a tree of their lengths finds.

use std::rc::Rc;

use scenarios::slots::{NotLive, OutOfRange, Positions, Slots};
use scenarios::{About, Capability, Contender, Growth, Role};

/// Stands where a free slot has the next free one: this slot is live.
const LIVE: u32 = u32::MAX;

/// Stands where a free slot has the next free one: there is no next one. Slots never allocated hold it, too.
const LAST: u32 = u32::MAX - 1;

/// Slots that the first growth makes room for.
const FIRST_ROOM: usize = 16;

/// Slots whose free ones form a list: each free slot holds the next one.
#[derive(Clone)]
struct LinkedSlots {
    /// One number per slot there is room for. The first `used` slots were allocated at some time. Its length is the
    /// only bound that an allocation checks.
    next_free: Vec<u32>,
    used: usize,
    first_free: u32,
    free: usize,
}

impl LinkedSlots {
    /// Makes room for twice as many slots.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let room = (2 * self.next_free.len()).clamp(FIRST_ROOM, LAST as usize);
        assert!(room > self.used, "there are as many slots as indices of 32 bits");
        self.next_free.resize(room, LAST);
    }
}

impl Slots for LinkedSlots {
    type Key = u32;

    fn new() -> Self {
        LinkedSlots { next_free: Vec::new(), used: 0, first_free: LAST, free: 0 }
    }

    #[inline]
    fn allocate(&mut self) -> u32 {
        let index = self.first_free;
        if let Some(next) = self.next_free.get_mut(index as usize) {
            self.first_free = std::mem::replace(next, LIVE);
            self.free -= 1;
            return index;
        }
        if self.used >= self.next_free.len() {
            self.grow();
        }
        let index = self.used;
        self.next_free[index] = LIVE;
        self.used += 1;
        index as u32
    }

    #[inline]
    fn free(&mut self, key: u32) -> Result<(), NotLive> {
        match self.next_free.get_mut(key as usize) {
            Some(next) if *next == LIVE => {
                *next = std::mem::replace(&mut self.first_free, key);
                self.free += 1;
                Ok(())
            }
            _ => Err(NotLive),
        }
    }

    fn is_live(&self, key: u32) -> bool {
        self.next_free.get(key as usize) == Some(&LIVE)
    }

    fn live(&self) -> usize {
        self.used - self.free
    }

    fn index(key: u32) -> usize {
        key as usize
    }

    fn absent() -> u32 {
        LIVE
    }
}

/// A block has at most this many elements.
const BLOCK: usize = 256;

/// A full block keeps this many elements when it is split at the end of the table: appending, which is common there,
/// then leaves blocks that are fuller than half.
const KEPT_AT_END: usize = BLOCK / 4 * 3;

/// Neighbours that together have at most this many elements can be united.
const UNITED: usize = BLOCK / 2;

/// A block with fewer elements than this looks for a neighbour to be united with.
const SMALL: usize = BLOCK / 4;

/// A sequence of physical indices in blocks.
#[derive(Clone)]
pub struct OrderTree {
    slots: LinkedSlots,
    /// No block is empty, unless it is the only one. A clone of the table shares the blocks, and whoever changes one
    /// copies it first.
    blocks: Vec<Rc<Vec<u32>>>,
    /// A Fenwick tree of the blocks' lengths. Element `i`, from 1 on, is the sum of the lengths of the last blocks up
    /// to and including block `i - 1`: of as many as the lowest set bit of `i` says. Element 0 is unused.
    sums: Vec<u32>,
    length: usize,
}

/// A block, to be changed. If another table shares it, it is copied first.
#[inline]
fn own(block: &mut Rc<Vec<u32>>) -> &mut Vec<u32> {
    #[cold]
    #[inline(never)]
    fn copy(block: &mut Rc<Vec<u32>>) {
        *block = Rc::new(Vec::clone(block));
    }
    if Rc::strong_count(block) > 1 {
        copy(block);
    }
    Rc::get_mut(block).expect("no other table has it, and nobody holds it weakly")
}

impl OrderTree {
    /// The block of a position, which is at most the length, and the place in that block. A position between two
    /// blocks belongs to the second one.
    #[inline]
    fn locate(&self, position: usize) -> (usize, usize) {
        let count = self.blocks.len();
        let (mut block, mut rest) = (0, position);
        let mut step = 1 << count.ilog2();
        while step > 0 {
            if let Some(sum) = self.sums.get(block + step)
                && *sum as usize <= rest
            {
                block += step;
                rest -= *sum as usize;
            }
            step /= 2;
        }
        if block == count { (count - 1, self.blocks[count - 1].len()) } else { (block, rest) }
    }

    /// Enters into the tree that the length of a block changed by `difference`, which wraps around if negative.
    #[inline]
    fn add(&mut self, block: usize, difference: u32) {
        let mut at = block + 1;
        while let Some(sum) = self.sums.get_mut(at) {
            *sum = sum.wrapping_add(difference);
            at += at & at.wrapping_neg();
        }
    }

    /// Builds the tree anew after blocks were added or removed.
    fn rebuild(&mut self) {
        self.sums.clear();
        self.sums.push(0);
        self.sums.extend(self.blocks.iter().map(|block| block.len() as u32));
        for at in 1..self.sums.len() {
            let parent = at + (at & at.wrapping_neg());
            if parent < self.sums.len() {
                self.sums[parent] += self.sums[at];
            }
        }
    }

    /// Splits a full block in two. Returns the block and the place that `place` has become.
    #[cold]
    fn split(&mut self, block: usize, place: usize) -> (usize, usize) {
        let at_end = block == self.blocks.len() - 1 && place == BLOCK;
        let at = if at_end { KEPT_AT_END } else { BLOCK / 2 };
        let mut second = Vec::with_capacity(BLOCK);
        let first = own(&mut self.blocks[block]);
        second.extend_from_slice(&first[at..]);
        first.truncate(at);
        self.blocks.insert(block + 1, Rc::new(second));
        self.rebuild();
        if place > at { (block + 1, place - at) } else { (block, place) }
    }

    /// Unites a small block with a neighbour if both together are small enough; removes it if it is empty.
    #[cold]
    fn unite(&mut self, block: usize) {
        if self.blocks.len() == 1 {
            return;
        }
        if self.blocks[block].is_empty() {
            self.blocks.remove(block);
            return self.rebuild();
        }
        let fits = |first: usize| self.blocks[first].len() + self.blocks[first + 1].len() <= UNITED;
        let first = if block + 1 < self.blocks.len() && fits(block) {
            block
        } else if block > 0 && fits(block - 1) {
            block - 1
        } else {
            return;
        };
        let second = self.blocks.remove(first + 1);
        own(&mut self.blocks[first]).extend_from_slice(&second);
        self.rebuild();
    }
}

impl Positions for OrderTree {
    fn new() -> Self {
        let mut table =
            OrderTree { slots: LinkedSlots::new(), blocks: vec![Rc::default()], sums: Vec::new(), length: 0 };
        table.rebuild();
        table
    }

    fn len(&self) -> usize {
        self.length
    }

    fn push(&mut self) -> u32 {
        let Ok(index) = self.insert_at(self.length) else { unreachable!("the length is a position") };
        index
    }

    fn insert_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position > self.length {
            return Err(OutOfRange);
        }
        let index = self.slots.allocate();
        let (mut block, mut place) = self.locate(position);
        if self.blocks[block].len() == BLOCK {
            (block, place) = self.split(block, place);
        }
        own(&mut self.blocks[block]).insert(place, index);
        self.add(block, 1);
        self.length += 1;
        Ok(index)
    }

    fn remove_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position >= self.length {
            return Err(OutOfRange);
        }
        let (block, place) = self.locate(position);
        let changed = own(&mut self.blocks[block]);
        let index = changed.remove(place);
        let is_small = changed.len() < SMALL;
        self.add(block, 1u32.wrapping_neg());
        self.length -= 1;
        if is_small {
            self.unite(block);
        }
        let freed = self.slots.free(index);
        debug_assert_eq!(freed, Ok(()), "the table holds live slots only");
        Ok(index)
    }

    fn get_physical(&self, position: usize) -> Option<u32> {
        if position >= self.length {
            return None;
        }
        let (block, place) = self.locate(position);
        Some(self.blocks[block][place])
    }
}

/// The contender: the lab's slots.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::slots::contender::<LinkedSlots, OrderTree>(About {
        name: "order_tree",
        role: Role::Optimized,
        summary: "A list that links the free slots themselves, and blocks of physical indices under a tree of their \
                  lengths.",
        source: "the lab's own; the tree of sums is Fenwick's (1994)",
        analysis: ANALYSIS,
        complexity: &[
            ("fresh", Growth::Constant),
            ("after_frees", Growth::Constant),
            ("lifo_frees", Growth::Constant),
            ("random_frees", Growth::Constant),
            ("splice_middle", Growth::Logarithmic),
            ("gap_edit", Growth::Logarithmic),
            ("get_physical", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Allocation, Capability::Positional],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Slots are one array of 32-bit numbers. A free slot holds the number of the next free one, a live slot holds \
a mark. So there is no second array, and freeing a slot twice is noticed at once.

Positions are kept in blocks of up to 256 indices. A Fenwick tree of the blocks' lengths leads to the block \
of a position in log2(n/256) steps, and takes as many to enter a change. Within the block at most 255 \
elements are moved. A full block is halved (at the end of the table it keeps three quarters), and small \
neighbours are united. The tree is then built anew: that is O(n/256) work, but it happens only after 64 or \
more edits of that block.

So an insert in the middle costs about the same at any size, where the spliced array moves half the table. \
The price is paid by reads, which descend the tree, and by small tables, for which a plain array of some \
hundred elements does as well. A copy of the table shares all blocks, and copies one when it changes there; \
only the slots are copied at once.";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &OrderTree) {
        let total: usize = table.blocks.iter().map(|block| block.len()).sum();
        assert_eq!(total, table.length);
        for (at, block) in table.blocks.iter().enumerate() {
            assert!(block.len() <= BLOCK);
            assert!(!block.is_empty() || table.blocks.len() == 1, "block {at} is empty");
        }
        let sums = table.sums.clone();
        let mut anew = OrderTree {
            slots: LinkedSlots::new(),
            blocks: table.blocks.clone(),
            sums: Vec::new(),
            length: 0,
        };
        anew.rebuild();
        assert_eq!(sums, anew.sums);
    }

    #[test]
    fn blocks_split_and_unite() {
        for place in [0, 1, 2, 3] {
            let mut table = OrderTree::new();
            let mut model: Vec<u32> = Vec::new();
            let at = |length: usize| [0, length / 2, length, length / 3][place];
            for _ in 0..3000 {
                let position = at(model.len());
                model.insert(position, table.insert_at(position).unwrap());
            }
            check(&table);
            let [fewest, most] = [3000 / BLOCK, 1 + 3000 / (BLOCK / 2)];
            assert!((fewest..=most).contains(&table.blocks.len()));
            while !model.is_empty() {
                let position = at(model.len() - 1);
                assert_eq!(table.remove_at(position), Ok(model.remove(position)));
                if model.len().is_multiple_of(100) {
                    check(&table);
                    assert!((0..model.len()).all(|at| table.get_physical(at) == Some(model[at])));
                }
            }
            assert_eq!((table.blocks.len(), table.slots.live()), (1, 0));
        }
    }

    #[test]
    fn appending_fills_blocks_to_three_quarters() {
        let table = OrderTree::with_len(12 * BLOCK);
        check(&table);
        let (last, others) = table.blocks.split_last().unwrap();
        assert!(others.iter().all(|block| block.len() == KEPT_AT_END) && last.len() <= BLOCK);
    }
}
