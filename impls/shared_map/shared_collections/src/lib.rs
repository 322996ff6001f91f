//! The lab's best: a bucket trie in shared memory, linked by offsets.

use std::path::Path;

use scenarios::shared::{self, Place, SharedError, Value};
use scenarios::shared_map::{Family, MapSnapshot, SetSnapshot, SharedMap, SharedSet};
use scenarios::shared_vector::{SharedVector, VectorSnapshot};
use scenarios::{About, Capability, Caveat, Contender, Role};
use shared_collections as ours;

/// The writer of a region with a map, a set and a vector.
pub struct Writer(ours::Writer);

/// A reader of a region.
pub struct Reader(ours::Reader);

/// A version.
pub struct Snapshot(ours::Snapshot);

fn error(error: ours::Error) -> SharedError {
    match error {
        ours::Error::Full { .. } => SharedError::Full,
        ours::Error::TooLong { .. } => SharedError::Unsupported(error.to_string()),
        _ => SharedError::other(error),
    }
}

impl shared::Writer for Writer {
    type Reader = Reader;

    fn create(place: Place<'_>, capacity: u64) -> Result<Self, SharedError> {
        let options = ours::Options::new(capacity);
        let writer = match place {
            Place::Private => ours::Writer::create_in_memory("shared", &options),
            Place::At(path) => ours::Writer::create(path, &options),
        };
        writer.map(Writer).map_err(error)
    }

    #[inline]
    fn publish(&mut self) -> Result<u64, SharedError> {
        self.0.publish().map_err(error)
    }

    fn collect(&mut self) -> Result<(), SharedError> {
        self.0.collect().map_err(error)
    }

    fn reader(&self) -> Result<Reader, SharedError> {
        self.0.reader().map(Reader).map_err(error)
    }

    fn region_bytes(&self) -> Option<u64> {
        let usage = self.0.usage();
        Some(usage.used - usage.free - usage.header)
    }
}

impl shared::Reader for Reader {
    type Snapshot = Snapshot;

    fn attach(path: &Path) -> Result<Self, SharedError> {
        ours::Reader::attach(path).map(Reader).map_err(error)
    }

    #[inline]
    fn latest(&self) -> Result<Snapshot, SharedError> {
        self.0.latest().map(Snapshot).map_err(error)
    }
}

impl shared::Snapshot for Snapshot {
    fn number(&self) -> u64 {
        self.0.number()
    }
}

#[inline]
fn to_ours(value: Value<'_>) -> ours::Value<'_> {
    match value {
        Value::Bool(value) => ours::Value::Bool(value),
        Value::Number(value) => ours::Value::F64(value),
        Value::Str(value) => ours::Value::Str(value),
        Value::Bytes(value) => ours::Value::Bytes(value),
    }
}

#[inline]
fn from_ours(value: ours::Value<'_>) -> Value<'_> {
    match value {
        ours::Value::F64(value) => Value::Number(value),
        ours::Value::Bool(value) => Value::Bool(value),
        ours::Value::U64(value) => Value::Number(value as f64),
        ours::Value::I64(value) => Value::Number(value as f64),
        ours::Value::Str(value) => Value::Str(value),
        ours::Value::Bytes(value) => Value::Bytes(value),
    }
}

impl SharedMap for Writer {
    #[inline]
    fn set(&mut self, key: &[u8], value: Value<'_>) -> Result<bool, SharedError> {
        self.0.map().set(key, to_ours(value)).map_err(error)
    }

    #[inline]
    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        self.0.map().delete(key).map_err(error)
    }
}

impl MapSnapshot for Snapshot {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        self.0.map().get(key).map(from_ours)
    }

    #[inline]
    fn contains(&self, key: &[u8]) -> bool {
        self.0.map().contains(key)
    }

    fn len(&self) -> usize {
        self.0.map().len()
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.0.map().iter().map(|(key, value)| (key, from_ours(value)))
    }
}

impl SharedSet for Writer {
    #[inline]
    fn add(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        self.0.set().add(key).map_err(error)
    }

    #[inline]
    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        self.0.set().delete(key).map_err(error)
    }
}

impl SetSnapshot for Snapshot {
    #[inline]
    fn contains(&self, key: &[u8]) -> bool {
        self.0.set().contains(key)
    }

    fn len(&self) -> usize {
        self.0.set().len()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.set().iter()
    }
}

impl SharedVector for Writer {
    #[inline]
    fn push(&mut self, value: Value<'_>) -> Result<(), SharedError> {
        self.0.vector().push(to_ours(value)).map_err(error)
    }

    #[inline]
    fn pop(&mut self) -> Result<bool, SharedError> {
        self.0.vector().pop().map_err(error)
    }

    #[inline]
    fn set_at(&mut self, index: usize, value: Value<'_>) -> Result<bool, SharedError> {
        match self.0.vector().set_at(index, to_ours(value)) {
            Ok(()) => Ok(true),
            Err(ours::Error::OutOfRange { .. }) => Ok(false),
            Err(other) => Err(error(other)),
        }
    }
}

impl VectorSnapshot for Snapshot {
    #[inline]
    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.0.vector().get(index).map(from_ours)
    }

    fn len(&self) -> usize {
        self.0.vector().len()
    }

    #[inline]
    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        self.0.vector().iter().map(from_ours)
    }
}

struct Ours;

impl Family for Ours {
    type Map = Writer;
    type Set = Writer;
}

/// What a reader must know of it, in both bottlenecks.
pub const CAVEATS: &[Caveat] = &[Caveat {
    badge: "64-bit Linux",
    text: "It needs 64-bit Linux: memory files, locks of open file descriptions and fallocate.",
}];

/// The contender: crate `shared_collections`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_map::contender::<Ours>(About {
        name: "shared_collections",
        role: Role::Optimized,
        summary: "A bucket trie in shared memory: offsets for pointers, path copying, versions published by one store, no copy for readers.",
        source: "crate shared_collections of this project",
        analysis: ANALYSIS,
        complexity: scenarios::shared_map::AS_A_TRIE,
        capabilities: &[Capability::Persistent, Capability::Processes],
        caveats: CAVEATS,
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A trie over 32 bits of the hash, four bits a branch, whose leaves hold up to 32 records behind a small table of \
buckets. All links are 32-bit offsets, so it does not matter where a process maps the region. Keys up to 64 bytes and \
short values lie in the leaf: a look-up of a short key reads one branch a level and one leaf, and allocates nothing.

A change copies the path to it that older versions have, and changes in place what the version being built has made \
already. To publish stores the offset of the new version's record. A reader writes to a slot of its own which version \
it holds, and the writer frees what no held version has. No reader waits, and none writes where another one reads.

Against the map of one process with the same kind of trie it saves the pointer to the key and its allocation, and pays \
for values that carry their type and for leaves that are copied with their keys.";
