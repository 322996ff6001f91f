//! Peer: the map of crate `slotmap`, without values.

use ::slotmap::{DefaultKey, Key, SlotMap};
use scenarios::slots::{NotLive, Slots};
use scenarios::{About, Capability, Contender, Growth, Role};

struct Peer(SlotMap<DefaultKey, ()>);

impl Slots for Peer {
    type Key = DefaultKey;

    fn new() -> Self {
        Peer(SlotMap::new())
    }

    fn allocate(&mut self) -> DefaultKey {
        self.0.insert(())
    }

    fn free(&mut self, key: DefaultKey) -> Result<(), NotLive> {
        self.0.remove(key).ok_or(NotLive)
    }

    fn is_live(&self, key: DefaultKey) -> bool {
        self.0.contains_key(key)
    }

    fn live(&self) -> usize {
        self.0.len()
    }

    fn index(key: DefaultKey) -> usize {
        // The lower half of a key's bits is its slot. The crate never hands out slot 0.
        (key.data().as_ffi() as u32 as usize).wrapping_sub(1)
    }

    fn absent() -> DefaultKey {
        DefaultKey::null()
    }
}

/// The contender: `slotmap::SlotMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::slots::allocating::<Peer>(About {
        name: "slotmap",
        role: Role::Peer,
        summary: "slotmap::SlotMap: slots with version numbers; the vacant ones form a list.",
        source: "crate slotmap 1.1",
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
An array of slots. Each has a version number, which counts up when the slot is taken and when it is freed; \
vacant slots form a list. A key is an index and a version, so a stale key is recognised even after its slot \
was taken again. None of the other contenders can do that.

That safety costs a comparison and an addition per operation. It is worth it where stale keys are a danger.";
