//! The source's table of positions: an array of physical indices that every insert and removal splices.

use scenarios::slots::{OutOfRange, Positions};
use scenarios::{About, Capability, Contender, Growth, Role};

/// Hands out physical indices: those on the stack are free again, the counter is the next new one.
#[derive(Clone, Default)]
struct Indices {
    next: u32,
    free: Vec<u32>,
}

impl Indices {
    fn allocate(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

/// The table, and the indices that it hands out.
#[derive(Clone, Default)]
pub struct VecSplice {
    indices: Indices,
    physical: Vec<u32>,
}

impl Positions for VecSplice {
    fn new() -> Self {
        VecSplice::default()
    }

    fn len(&self) -> usize {
        self.physical.len()
    }

    fn push(&mut self) -> u32 {
        let index = self.indices.allocate();
        self.physical.push(index);
        index
    }

    fn insert_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position > self.physical.len() {
            return Err(OutOfRange);
        }
        let index = self.indices.allocate();
        self.physical.insert(position, index);
        Ok(index)
    }

    fn remove_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position >= self.physical.len() {
            return Err(OutOfRange);
        }
        let index = self.physical.remove(position);
        self.indices.free.push(index);
        Ok(index)
    }

    fn get_physical(&self, position: usize) -> Option<u32> {
        self.physical.get(position).copied()
    }
}

/// The contender: the source's array of positions.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::slots::positional::<VecSplice>(About {
        name: "vec_splice",
        role: Role::Optimized,
        summary: "An array of physical indices; every insert and removal moves all elements behind it.",
        source: "data-map, its indirection layer after the optimisation",
        analysis: ANALYSIS,
        complexity: &[
            ("splice_middle", Growth::Linear),
            ("gap_edit", Growth::Linear),
            ("get_physical", Growth::Constant),
        ],
        capabilities: &[Capability::Positional],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The table is an array, and every insert or removal moves all elements behind it by one place. Finding a \
free index is O(1), so this is what remains of the indirection layer's cost after its allocation was \
improved.

Moving is a copy of memory: four bytes an element, and many elements per instruction. Up to some thousand \
elements that is hard to beat; at 100,000 nothing else counts. Reading is one access to the array.";
