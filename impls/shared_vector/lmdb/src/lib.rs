//! Peer: LMDB through `heed`, a B+ tree in a memory map with one writer and versions for readers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, mem, process};

use heed::byteorder::BigEndian;
use heed::types::{Bytes, U64};
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RoTxn, RwTxn, WithoutTls};
use scenarios::shared::{self, Place, SharedError, Value};
use scenarios::shared_vector::{SharedVector, VectorSnapshot};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

type Content = Database<'static, U64<BigEndian>, Bytes>;

/// The writer of a database. A transaction is open from the first change after a version to the next one.
struct Writer {
    /// It borrows `env`, so it comes first: fields are dropped in their order.
    transaction: Option<RwTxn<'static>>,
    content: Content,
    /// The number of LMDB's transaction that made the empty version.
    first: usize,
    encoded: Vec<u8>,
    changed: bool,
    number: u64,
    /// How many elements there are, with changes that are not published.
    len: u64,
    // In a box, so that it stays where it is when the writer moves.
    env: Box<Env<WithoutTls>>,
}

struct Reader {
    env: Env<WithoutTls>,
    content: Content,
    first: usize,
}

struct Snapshot {
    transaction: RoTxn<'static, WithoutTls>,
    content: Content,
    number: u64,
}

/// So many snapshots can be taken at the same time.
const READERS: u32 = 2048;

fn error(error: heed::Error) -> SharedError {
    match error {
        heed::Error::Mdb(heed::MdbError::MapFull) => SharedError::Full,
        heed::Error::Mdb(heed::MdbError::BadValSize) => {
            SharedError::Unsupported("LMDB takes keys of 1 to 511 bytes".to_owned())
        }
        other => SharedError::other(other),
    }
}

fn open(path: &Path, capacity: Option<u64>) -> Result<Env<WithoutTls>, SharedError> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.max_readers(READERS);
    if let Some(capacity) = capacity {
        // LMDB wants a multiple of the page size.
        options.map_size((capacity as usize).next_multiple_of(1 << 16));
    }
    // SAFETY: nobody changes the file but LMDB. Without sync, a crash of the machine may damage it; a region is memory and
    // not a database, so nobody opens it after that.
    unsafe {
        options
            .flags(EnvFlags::NO_SUB_DIR | EnvFlags::WRITE_MAP | EnvFlags::NO_SYNC | EnvFlags::NO_META_SYNC);
        options.open(path).map_err(error)
    }
}

/// A path in shared memory, or in the directory of temporary files, that nothing else has.
fn private_path() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let shared = Path::new("/dev/shm");
    let directory = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    directory.join(format!("lab-lmdb-{}-{count}", process::id()))
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    name.into()
}

impl Writer {
    fn new(path: &Path, capacity: u64) -> Result<Self, SharedError> {
        let env = Box::new(open(path, Some(capacity))?);
        let transaction = env.write_txn().map_err(error)?;
        let created = env.create_databases_and_commit(transaction, |options, transaction| {
            options
                .create_database::<U64<BigEndian>, Bytes>(transaction, None)
                .map(CommitOrAbort::<_, ()>::Commit)
        });
        let content = created.map_err(error)?.unwrap_commit();
        let first = env.read_txn().map_err(error)?.id();
        Ok(Writer {
            transaction: None,
            content,
            first,
            encoded: Vec::new(),
            changed: false,
            number: 0,
            len: 0,
            env,
        })
    }

    /// The open transaction, and what it works on.
    #[inline]
    fn change(&mut self) -> Result<(&mut RwTxn<'static>, &Content, &mut Vec<u8>), SharedError> {
        if self.transaction.is_none() {
            let transaction = self.env.write_txn().map_err(error)?;
            // SAFETY: the transaction borrows what is in the box, which is dropped after it and never replaced.
            self.transaction = Some(unsafe { mem::transmute::<RwTxn<'_>, RwTxn<'static>>(transaction) });
        }
        let transaction = self.transaction.as_mut().ok_or(SharedError::Full)?;
        Ok((transaction, &self.content, &mut self.encoded))
    }
}

impl shared::Writer for Writer {
    type Reader = Reader;

    fn create(place: Place<'_>, capacity: u64) -> Result<Self, SharedError> {
        match place {
            Place::At(path) => Writer::new(path, capacity),
            Place::Private => {
                let path = private_path();
                let writer = Writer::new(&path, capacity);
                // LMDB has both files open and mapped. Without names they end with the process, however it ends.
                for path in [lock_path(&path), path] {
                    let _ = fs::remove_file(path);
                }
                writer
            }
        }
    }

    fn publish(&mut self) -> Result<u64, SharedError> {
        if !self.changed {
            // LMDB makes no version of a transaction without changes.
            let (transaction, content, _) = self.change()?;
            let present = content.first(transaction).map_err(error)?;
            let entry = present.map(|(key, value)| (key.to_owned(), value.to_vec()));
            match entry {
                Some((key, value)) => content.put(transaction, &key, &value).map_err(error)?,
                None => {
                    content.put(transaction, EMPTY, &[]).map_err(error)?;
                    content.delete(transaction, EMPTY).map_err(error)?;
                }
            }
        }
        self.changed = false;
        if let Some(transaction) = self.transaction.take() {
            transaction.commit().map_err(error)?;
        }
        self.number += 1;
        Ok(self.number)
    }

    fn collect(&mut self) -> Result<(), SharedError> {
        // LMDB uses the pages of versions that nobody reads again by itself.
        self.env.clear_stale_readers().map(drop).map_err(error)
    }

    fn reader(&self) -> Result<Reader, SharedError> {
        Ok(Reader { env: (*self.env).clone(), content: self.content, first: self.first })
    }

    fn region_bytes(&self) -> Option<u64> {
        let info = self.env.info();
        Some((info.last_page_number as u64 + 1) * 4096)
    }
}

impl shared::Reader for Reader {
    type Snapshot = Snapshot;

    fn attach(path: &Path) -> Result<Self, SharedError> {
        let env = open(path, None)?;
        let transaction = env.read_txn().map_err(error)?;
        let opened = env.open_databases_and_commit(transaction, |options, transaction| {
            options
                .open_database::<U64<BigEndian>, Bytes>(transaction, None)
                .map(CommitOrAbort::<_, ()>::Commit)
        });
        let content = opened.map_err(error)?.unwrap_commit();
        let content = content.ok_or_else(|| SharedError::Other("the file is no region".to_owned()))?;
        Ok(Reader { env, content, first: FIRST })
    }

    #[inline]
    fn latest(&self) -> Result<Snapshot, SharedError> {
        let transaction = self.env.clone().static_read_txn().map_err(error)?;
        let number = (transaction.id() - self.first) as u64;
        Ok(Snapshot { transaction, content: self.content, number })
    }
}

/// The number of LMDB's transaction that makes the empty version of a new file: the first one.
const FIRST: usize = 1;

impl shared::Snapshot for Snapshot {
    fn number(&self) -> u64 {
        self.number
    }
}

const BOOL: u8 = 0;
const NUMBER: u8 = 1;
const STR: u8 = 2;
const BYTES: u8 = 3;

fn encode(encoded: &mut Vec<u8>, value: Value<'_>) {
    encoded.clear();
    let mut put = |kind, bytes: &[u8]| {
        encoded.push(kind);
        encoded.extend_from_slice(bytes);
    };
    match value {
        Value::Bool(value) => put(BOOL, &[u8::from(value)]),
        Value::Number(value) => put(NUMBER, &value.to_le_bytes()),
        Value::Str(value) => put(STR, value.as_bytes()),
        Value::Bytes(value) => put(BYTES, value),
    }
}

/// The value that was encoded; `None` of anything else.
#[inline]
fn decode(encoded: &[u8]) -> Option<Value<'_>> {
    let (kind, bytes) = encoded.split_first()?;
    Some(match *kind {
        NUMBER => Value::Number(f64::from_le_bytes(bytes.try_into().ok()?)),
        BOOL => Value::Bool(bytes == [1]),
        STR => Value::Str(std::str::from_utf8(bytes).ok()?),
        _ => Value::Bytes(bytes),
    })
}

/// An index for a moment.
const EMPTY: &u64 = &0;

impl Writer {
    fn put(&mut self, index: u64, value: Value<'_>) -> Result<(), SharedError> {
        let (transaction, content, encoded) = self.change()?;
        encode(encoded, value);
        content.put(transaction, &index, encoded).map_err(error)?;
        self.changed = true;
        Ok(())
    }
}

impl SharedVector for Writer {
    fn push(&mut self, value: Value<'_>) -> Result<(), SharedError> {
        self.put(self.len, value)?;
        self.len += 1;
        Ok(())
    }

    fn pop(&mut self) -> Result<bool, SharedError> {
        let Some(last) = self.len.checked_sub(1) else { return Ok(false) };
        let (transaction, content, _) = self.change()?;
        content.delete(transaction, &last).map_err(error)?;
        self.changed = true;
        self.len = last;
        Ok(true)
    }

    fn set_at(&mut self, index: usize, value: Value<'_>) -> Result<bool, SharedError> {
        let index = index as u64;
        if index >= self.len {
            return Ok(false);
        }
        self.put(index, value)?;
        Ok(true)
    }
}

impl VectorSnapshot for Snapshot {
    #[inline]
    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.content.get(&self.transaction, &(index as u64)).ok().flatten().and_then(decode)
    }

    fn len(&self) -> usize {
        self.content.len(&self.transaction).map_or(0, |len| len as usize)
    }

    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        let entries = self.content.iter(&self.transaction).into_iter().flatten();
        entries.filter_map(|entry| entry.ok().and_then(|(_, value)| decode(value)))
    }
}

/// The contender: LMDB through `heed`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer>(About {
        name: "lmdb",
        role: Role::Peer,
        summary: "LMDB through heed: a B+ tree in a memory map whose keys are the indices.",
        source: "crate heed 0.23 (LMDB 0.9.70)",
        analysis: ANALYSIS,
        complexity: &[
            ("push", Growth::Logarithmic),
            ("push_kept", Growth::Logarithmic),
            ("get", Growth::Logarithmic),
            ("set", Growth::Logarithmic),
            ("set_kept", Growth::Logarithmic),
            ("pop", Growth::Logarithmic),
            ("iterate", Growth::Constant),
            ("to_vec", Growth::Constant),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[Caveat {
            badge: "no sync, write map",
            text: "LMDB runs with WRITE_MAP, NO_SYNC and NO_META_SYNC: it writes to memory and leaves the disk to the system, as the others do. Its usual promise, that a commit survives the machine, costs much more.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The store for many processes that one would take, with indices as keys: 8 bytes, the most significant first, so that \
the B+ tree keeps the order. See its text in shared_map for how versions and readers work.

A get searches pages by comparing keys where a radix trie computes places, and a change copies pages of 4 KiB.";

#[cfg(test)]
mod tests {
    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&super::contender());
    }
}
