//! Peer: the slab of crate `slab`, without values.

use ::slab::Slab;
use scenarios::slots::{NotLive, Slots};
use scenarios::{About, Capability, Contender, Growth, Role};

struct Peer(Slab<()>);

impl Slots for Peer {
    type Key = usize;

    fn new() -> Self {
        Peer(Slab::new())
    }

    fn allocate(&mut self) -> usize {
        self.0.insert(())
    }

    fn free(&mut self, key: usize) -> Result<(), NotLive> {
        self.0.try_remove(key).ok_or(NotLive)
    }

    fn is_live(&self, key: usize) -> bool {
        self.0.contains(key)
    }

    fn live(&self) -> usize {
        self.0.len()
    }

    fn index(key: usize) -> usize {
        key
    }

    fn absent() -> usize {
        usize::MAX
    }
}

/// The contender: `slab::Slab`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::slots::allocating::<Peer>(About {
        name: "slab",
        role: Role::Peer,
        summary: "slab::Slab: an array of entries whose vacant ones form a list.",
        source: "crate slab 0.4",
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
An array of entries. Each is either occupied by a value, or vacant and then holds the index of the next \
vacant one. Here the values are empty, so an entry is a tag and an index: 16 bytes.

It does the same work as the lab's list through the free slots, on four times the memory, and could also \
store values. It keeps no order of elements, so it takes no part in the scenarios about positions.";
