//! Peer: `postcard` makes bytes of everything for each version, and each reader decodes them.

use std::collections::HashMap;

use publishing::archived::{Archive, Format, Writer};
use publishing::{MapContent, MapView};
use scenarios::input::FixedHasher;
use scenarios::shared::{SharedError, Value};
use scenarios::shared_map::{Family, MapAsSet};
use scenarios::{About, Capability, Contender, Role};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

#[derive(Serialize, Deserialize)]
enum Typed {
    Bool(bool),
    Number(f64),
    Str(String),
    Bytes(ByteBuf),
}

impl Typed {
    fn new(value: Value<'_>) -> Self {
        match value {
            Value::Bool(value) => Typed::Bool(value),
            Value::Number(value) => Typed::Number(value),
            Value::Str(value) => Typed::Str(value.to_owned()),
            Value::Bytes(value) => Typed::Bytes(ByteBuf::from(value)),
        }
    }

    #[inline]
    fn as_value(&self) -> Value<'_> {
        match self {
            Typed::Bool(value) => Value::Bool(*value),
            Typed::Number(value) => Value::Number(*value),
            Typed::Str(value) => Value::Str(value),
            Typed::Bytes(value) => Value::Bytes(value),
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Map(HashMap<ByteBuf, Typed, FixedHasher>);

impl MapContent for Map {
    fn set(&mut self, key: &[u8], value: Value<'_>) -> bool {
        self.0.insert(ByteBuf::from(key), Typed::new(value)).is_none()
    }

    fn delete(&mut self, key: &[u8]) -> bool {
        self.0.remove(Bytes::new(key)).is_some()
    }
}

impl MapView for Map {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        self.0.get(Bytes::new(key)).map(Typed::as_value)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value.as_value()))
    }
}

struct Peer;

impl Format for Peer {
    type Content = Map;
    type View = Map;

    fn encode(content: &Map) -> Result<impl AsRef<[u8]>, SharedError> {
        postcard::to_stdvec(content).map_err(SharedError::other)
    }

    fn open(archive: Archive) -> Result<Map, SharedError> {
        postcard::from_bytes(archive.bytes()).map_err(SharedError::other)
    }
}

impl Family for Peer {
    type Map = Writer<Self>;
    type Set = MapAsSet<Writer<Self>>;
}

/// The contender: `postcard`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_map::contender::<Peer>(About {
        name: "postcard",
        role: Role::Peer,
        summary: "postcard: serde's bytes of a whole hash map for each version, decoded by each reader.",
        source: "crate postcard 1.2",
        analysis: ANALYSIS,
        complexity: scenarios::shared_map::COPIED_BY_READERS_TOO,
        capabilities: &[Capability::Persistent, Capability::CopiesWhole, Capability::Processes],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The writer keeps a mutable hash map. To publish, postcard turns it into compact bytes: lengths as variable-length \
integers, numbers as they are. A reader decodes the bytes into a hash map of its own, with an allocation for each key, \
and gives the region's copy up.

It is what one writes in an afternoon: any type that serde knows can be shared, and nothing in the region needs to be \
laid out by hand. Every version costs all n entries, for the writer and once more for each reader.";
