//! Peer: `rkyv` archives everything for each version, and readers read the archive where it lies.

use std::collections::HashMap;

use publishing::archived::{Archive, Format, Writer};
use publishing::{MapContent, MapView};
use rkyv::collections::swiss_table::ArchivedHashMap;
use rkyv::rancor;
use rkyv::vec::ArchivedVec;
use scenarios::input::FixedHasher;
use scenarios::shared::{SharedError, Value};
use scenarios::shared_map::{Family, MapAsSet};
use scenarios::{About, Capability, Caveat, Contender, Role};

/// A value as rkyv archives it.
#[derive(rkyv::Archive, rkyv::Serialize)]
pub enum Typed {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Str(String),
    /// The bytes of an encoded object.
    Bytes(Vec<u8>),
}

impl Typed {
    /// A copy of the value.
    pub fn new(value: Value<'_>) -> Self {
        match value {
            Value::Bool(value) => Typed::Bool(value),
            Value::Number(value) => Typed::Number(value),
            Value::Str(value) => Typed::Str(value.to_owned()),
            Value::Bytes(value) => Typed::Bytes(value.to_vec()),
        }
    }
}

/// The value that was archived.
#[inline]
pub fn as_value(value: &ArchivedTyped) -> Value<'_> {
    match value {
        ArchivedTyped::Bool(value) => Value::Bool(*value),
        ArchivedTyped::Number(value) => Value::Number(value.to_native()),
        ArchivedTyped::Str(value) => Value::Str(value),
        ArchivedTyped::Bytes(value) => Value::Bytes(value),
    }
}

#[derive(Default)]
struct Map(HashMap<Vec<u8>, Typed, FixedHasher>);

impl MapContent for Map {
    fn set(&mut self, key: &[u8], value: Value<'_>) -> bool {
        self.0.insert(key.to_vec(), Typed::new(value)).is_none()
    }

    fn delete(&mut self, key: &[u8]) -> bool {
        self.0.remove(key).is_some()
    }
}

/// An archive, read where it lies.
struct Archived(Archive);

impl Archived {
    #[inline]
    fn map(&self) -> &ArchivedHashMap<ArchivedVec<u8>, ArchivedTyped> {
        // SAFETY: the bytes are what `encode` made of such a map, they begin at a multiple of 16, and nobody changes them
        // while the archive lives.
        unsafe { rkyv::access_unchecked(self.0.bytes()) }
    }
}

impl MapView for Archived {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        self.map().get(key).map(as_value)
    }

    fn len(&self) -> usize {
        self.map().len()
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.map().iter().map(|(key, value)| (key.as_slice(), as_value(value)))
    }
}

struct Peer;

impl Format for Peer {
    type Content = Map;
    type View = Archived;

    fn encode(content: &Map) -> Result<impl AsRef<[u8]>, SharedError> {
        rkyv::to_bytes::<rancor::Error>(&content.0).map_err(SharedError::other)
    }

    fn open(archive: Archive) -> Result<Archived, SharedError> {
        Ok(Archived(archive))
    }
}

impl Family for Peer {
    type Map = Writer<Self>;
    type Set = MapAsSet<Writer<Self>>;
}

/// The contender: `rkyv`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_map::contender::<Peer>(About {
        name: "rkyv",
        role: Role::Peer,
        summary: "rkyv: an archive of a whole hash map for each version, read where it lies.",
        source: "crate rkyv 0.8",
        analysis: ANALYSIS,
        complexity: scenarios::shared_map::COPIED_BY_THE_WRITER,
        capabilities: &[Capability::Persistent, Capability::CopiesWhole, Capability::Processes],
        caveats: &[Caveat {
            badge: "archive not checked",
            text: "Readers access the archive unchecked, as is usual between programs that trust each other. The checked access walks all n entries.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The writer keeps a mutable hash map. To publish, rkyv lays it out anew as an archive: a Swiss table with relative \
pointers, which is copied into the region. A reader pins that block and looks up in it without decoding anything.

So a snapshot costs a pin, and a look-up about as much as in a hash map of its own. Every version costs all n entries, \
for the writer alone. It is the best choice for data that change rarely and are read by many processes.";
