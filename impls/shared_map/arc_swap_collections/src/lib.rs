//! The lab's own map of one process behind an `ArcSwap`, for threads.

use std::sync::Arc;

use persistent_collections::HashMap;
use publishing::swapped::Writer;
use publishing::{MapContent, MapView};
use scenarios::input::FixedHasher;
use scenarios::shared::{OwnedValue, Value};
use scenarios::shared_map::{Family, MapAsSet};
use scenarios::{About, Capability, Caveat, Contender, Role};

/// Keys are shared between versions, because a changed leaf copies those beside the one that changes.
#[derive(Clone, Default)]
struct Map(HashMap<Arc<[u8]>, OwnedValue, FixedHasher>);

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

struct Ours;

impl Family for Ours {
    type Map = Writer<Map>;
    type Set = MapAsSet<Writer<Map>>;
}

/// The contender: `persistent_collections::HashMap` behind an `ArcSwap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_map::contender::<Ours>(About {
        name: "arc_swap_collections",
        role: Role::Optimized,
        summary: "This project's persistent hash map behind an ArcSwap: versions for the threads of one process.",
        source: "crate collections of this project, and crate arc-swap 1.9",
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
The bucket trie that leads persistent_map, with a root that is cloned for each version and loaded from an ArcSwap. The \
keys are Arc<[u8]>, so that a leaf that is copied does not copy its keys; a look-up follows the pointer to the key.

It is the measure for shared_collections: the same kind of trie, with pointers instead of offsets, in the memory of one \
process. What a region in shared memory costs beyond it is the price of letting other processes read. What it saves is \
an allocation and a reference count for each key, because a key lies in the leaf itself.";
