//! The lab's best: a radix trie with a tail in shared memory, linked by offsets.

use std::path::Path;

use scenarios::shared::{self, Place, SharedError, Value};
use scenarios::shared_vector::{SharedVector, VectorSnapshot};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};
use shared_collections as ours;

struct Writer(ours::Writer);

struct Reader(ours::Reader);

struct Snapshot(ours::Snapshot);

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
            Place::Private => ours::Writer::create_in_memory("shared_vector", &options),
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

/// The contender: crate `shared_collections`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer>(About {
        name: "shared_collections",
        role: Role::Optimized,
        summary: "A 32-way radix trie with a tail in shared memory: offsets for pointers, versions published by one store, no copy for readers.",
        source: "crate shared_collections of this project",
        analysis: ANALYSIS,
        complexity: &[
            ("push", Growth::Constant),
            ("push_kept", Growth::Constant),
            ("get", Growth::Logarithmic),
            ("set", Growth::Logarithmic),
            ("set_kept", Growth::Logarithmic),
            ("pop", Growth::Constant),
            ("iterate", Growth::Constant),
            ("to_vec", Growth::Constant),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[Caveat {
            badge: "64-bit Linux",
            text: "It needs 64-bit Linux: memory files, locks of open file descriptions and fallocate.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A radix trie of 32-way branches, with the last leaf, the tail, beside it. All links are 32-bit offsets. A leaf holds 32 \
values of 8 bytes and, apart from them, their types; texts and bytes lie in blocks of their own.

A push writes behind the last published element in place, because no older version looks there: it copies nothing but \
the branches above a full tail, once every 32 elements. A set copies the path that older versions have. A get reads one \
branch a level and one leaf, and allocates nothing. See its text in shared_map for versions, readers and memory.";
