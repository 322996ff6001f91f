//! Peer: `imbl::HashMap` behind an `ArcSwap`, for the threads of one process.

use std::sync::Arc;

use publishing::swapped::Writer;
use publishing::{MapContent, MapView};
use scenarios::input::FixedHasher;
use scenarios::shared::{OwnedValue, Value};
use scenarios::shared_map::{Family, MapAsSet};
use scenarios::{About, Capability, Caveat, Contender, Role};

/// Keys are shared between versions, because a changed node copies those beside the one that changes.
#[derive(Clone, Default)]
struct Map(imbl::GenericHashMap<Arc<[u8]>, OwnedValue, FixedHasher, imbl::shared_ptr::DefaultSharedPtr>);

impl MapContent for Map {
    fn set(&mut self, key: &[u8], value: Value<'_>) -> bool {
        self.0.insert(key.into(), value.into_owned()).is_none()
    }

    fn delete(&mut self, key: &[u8]) -> bool {
        self.0.remove(key).is_some()
    }
}

impl MapView for Map {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        self.0.get(key).map(OwnedValue::as_value)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.0.iter().map(|(key, value)| (&**key, value.as_value()))
    }
}

struct Peer;

impl Family for Peer {
    type Map = Writer<Map>;
    type Set = MapAsSet<Writer<Map>>;
}

/// The contender: `imbl::HashMap` behind an `ArcSwap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_map::contender::<Peer>(About {
        name: "arc_swap_imbl",
        role: Role::Peer,
        summary: "imbl::HashMap behind an ArcSwap: versions for the threads of one process.",
        source: "crates imbl 7.0 and arc-swap 1.9",
        analysis: ANALYSIS,
        complexity: scenarios::shared_map::AS_A_TRIE,
        capabilities: &[Capability::Persistent],
        caveats: &[Caveat {
            badge: "threads only",
            text: "Its versions lie in the memory of one process. No other process can read them.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The usual answer where only threads of one process read. The writer changes a persistent map in place where nobody \
shares it, and a publish clones its root, which costs a few reference counts. A reader loads the root from an ArcSwap.

The keys are Arc<[u8]>, so that a node that is copied does not copy its keys. A look-up descends imbl's hash trie and \
follows the pointer to the key. To take and drop a snapshot costs atomic operations on counts that all readers share, \
which is where many threads wait for each other.";
