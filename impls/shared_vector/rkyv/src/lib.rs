//! Peer: `rkyv` archives everything for each version, and readers read the archive where it lies.

use publishing::archived::{Archive, Format, Writer};
use publishing::{VectorContent, VectorView};
use rkyv::rancor;
use rkyv::vec::ArchivedVec;
use scenarios::shared::{SharedError, Value};
use scenarios::{About, Capability, Caveat, Contender, Role};
use shared_map_rkyv::{ArchivedTyped, Typed, as_value};

#[derive(Default)]
struct Elements(Vec<Typed>);

impl VectorContent for Elements {
    fn push(&mut self, value: Value<'_>) {
        self.0.push(Typed::new(value));
    }

    fn pop(&mut self) -> bool {
        self.0.pop().is_some()
    }

    fn set_at(&mut self, index: usize, value: Value<'_>) -> bool {
        self.0.get_mut(index).map(|element| *element = Typed::new(value)).is_some()
    }
}

/// An archive, read where it lies.
struct Archived(Archive);

impl Archived {
    #[inline]
    fn elements(&self) -> &ArchivedVec<ArchivedTyped> {
        // SAFETY: the bytes are what `encode` made of such a vector, they begin at a multiple of 16, and nobody changes
        // them while the archive lives.
        unsafe { rkyv::access_unchecked(self.0.bytes()) }
    }
}

impl VectorView for Archived {
    #[inline]
    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.elements().get(index).map(as_value)
    }

    fn len(&self) -> usize {
        self.elements().len()
    }

    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        self.elements().iter().map(as_value)
    }
}

struct Peer;

impl Format for Peer {
    type Content = Elements;
    type View = Archived;

    fn encode(content: &Elements) -> Result<impl AsRef<[u8]>, SharedError> {
        rkyv::to_bytes::<rancor::Error>(&content.0).map_err(SharedError::other)
    }

    fn open(archive: Archive) -> Result<Archived, SharedError> {
        Ok(Archived(archive))
    }
}

/// The contender: `rkyv`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer<Peer>>(About {
        name: "rkyv",
        role: Role::Peer,
        summary: "rkyv: an archive of a whole array for each version, read where it lies.",
        source: "crate rkyv 0.8",
        analysis: ANALYSIS,
        complexity: scenarios::shared_vector::COPIED_WHOLE,
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[Caveat {
            badge: "archive not checked",
            text: "Readers access the archive unchecked, as is usual between programs that trust each other. The checked access walks all n elements.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The writer keeps a growable array. To publish, rkyv lays it out anew as an archive with relative pointers, which is \
copied into the region. A reader pins that block and indexes it where it lies.

So a snapshot costs a pin and a get one load. Every version costs all n elements, for the writer alone.";
