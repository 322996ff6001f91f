//! Peer: LMDB through `heed`, a B+ tree in a memory map with one writer and versions for readers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, mem, process};

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RoTxn, RwTxn, WithoutTls};
use scenarios::shared::{self, Place, SharedError, Value};
use scenarios::shared_map::{Family, MapAsSet, MapSnapshot, SharedMap};
use scenarios::shared_vector::{SharedVector, VectorSnapshot};
use scenarios::{About, Capability, Caveat, Contender, KnownFailure, Role};

type Content = Database<'static, Bytes, Bytes>;

/// The writer of a database: of a map, or of a vector whose keys are indices, the most significant byte first. A transaction
/// is open from the first change after a version to the next one.
pub struct Writer {
    /// It borrows `env`, so it comes first: fields are dropped in their order.
    transaction: Option<RwTxn<'static>>,
    content: Content,
    /// The number of LMDB's transaction that made the empty version.
    first: usize,
    encoded: Vec<u8>,
    changed: bool,
    number: u64,
    /// How many elements a vector has, with changes that are not published.
    elements: u64,
    // In a box, so that it stays where it is when the writer moves.
    env: Box<Env<WithoutTls>>,
}

/// A reader of a database.
pub struct Reader {
    env: Env<WithoutTls>,
    content: Content,
    first: usize,
}

/// A read transaction.
pub struct Snapshot {
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

/// A path in shared memory, or in the directory of temporary files, that nothing else has. All have the same length: what is
/// allocated for a path decides where the allocations after it lie, and with that some counts of the C library.
fn private_path() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    shared::directory().join(format!("lab-lmdb-{:010}-{count:010}", process::id()))
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
            options.create_database::<Bytes, Bytes>(transaction, None).map(CommitOrAbort::<_, ()>::Commit)
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
            elements: 0,
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
            options.open_database::<Bytes, Bytes>(transaction, None).map(CommitOrAbort::<_, ()>::Commit)
        });
        let content = opened.map_err(error)?.unwrap_commit();
        let content = content.ok_or_else(|| SharedError::Other("the file is no region".to_owned()))?;
        Ok(Reader { env, content, first: FIRST })
    }

    #[inline]
    fn latest(&self) -> Result<Snapshot, SharedError> {
        loop {
            let transaction = self.env.clone().static_read_txn().map_err(error)?;
            // LMDB writes the version after the next one over the page from which a version is begun. A reader that was
            // interrupted at that moment has the number of one version and the content of a later one. While no version
            // follows, this cannot have happened.
            if transaction.id() == self.env.info().last_txn_id {
                let number = (transaction.id() - self.first) as u64;
                return Ok(Snapshot { transaction, content: self.content, number });
            }
        }
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

/// A key for a moment.
const EMPTY: &[u8] = b"\0";

impl SharedMap for Writer {
    fn set(&mut self, key: &[u8], value: Value<'_>) -> Result<bool, SharedError> {
        let (transaction, content, encoded) = self.change()?;
        encode(encoded, value);
        let present = content.get_or_put(transaction, key, encoded).map_err(error)?.is_some();
        if present {
            content.put(transaction, key, encoded).map_err(error)?;
        }
        self.changed = true;
        Ok(!present)
    }

    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        let (transaction, content, _) = self.change()?;
        let deleted = content.delete(transaction, key).map_err(error)?;
        self.changed |= deleted;
        Ok(deleted)
    }
}

impl MapSnapshot for Snapshot {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        self.content.get(&self.transaction, key).ok().flatten().and_then(decode)
    }

    fn len(&self) -> usize {
        self.content.len(&self.transaction).map_or(0, |len| len as usize)
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        let entries = self.content.iter(&self.transaction).into_iter().flatten();
        entries.filter_map(|entry| entry.ok().and_then(|(key, value)| Some((key, decode(value)?))))
    }
}

impl Writer {
    fn put_element(&mut self, index: u64, value: Value<'_>) -> Result<(), SharedError> {
        let (transaction, content, encoded) = self.change()?;
        encode(encoded, value);
        content.put(transaction, &index.to_be_bytes(), encoded).map_err(error)?;
        self.changed = true;
        Ok(())
    }
}

impl SharedVector for Writer {
    fn push(&mut self, value: Value<'_>) -> Result<(), SharedError> {
        self.put_element(self.elements, value)?;
        self.elements += 1;
        Ok(())
    }

    fn pop(&mut self) -> Result<bool, SharedError> {
        let Some(last) = self.elements.checked_sub(1) else { return Ok(false) };
        let popped = self.delete(&last.to_be_bytes())?;
        self.elements = last;
        Ok(popped)
    }

    fn set_at(&mut self, index: usize, value: Value<'_>) -> Result<bool, SharedError> {
        let index = index as u64;
        if index >= self.elements {
            return Ok(false);
        }
        self.put_element(index, value)?;
        Ok(true)
    }
}

impl VectorSnapshot for Snapshot {
    #[inline]
    fn get(&self, index: usize) -> Option<Value<'_>> {
        MapSnapshot::get(self, &(index as u64).to_be_bytes())
    }

    fn len(&self) -> usize {
        MapSnapshot::len(self)
    }

    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        self.values()
    }
}

struct Peer;

impl Family for Peer {
    type Map = Writer;
    type Set = MapAsSet<Writer>;
}

/// What a reader must know of it, in both bottlenecks.
pub const CAVEATS: &[Caveat] = &[Caveat {
    badge: "no sync, write map",
    text: "LMDB runs with WRITE_MAP, NO_SYNC and NO_META_SYNC: it writes to memory and leaves the disk to the system, as the others do. Its usual promise, that a commit survives the machine, costs much more.",
}];

/// The contender: LMDB through `heed`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_map::contender::<Peer>(About {
        name: "lmdb",
        role: Role::Peer,
        summary: "LMDB through heed: a B+ tree in a memory map, copied page by page, with one writer and versions for readers of many processes.",
        source: "crate heed 0.23 (LMDB 0.9.70)",
        analysis: ANALYSIS,
        complexity: scenarios::shared_map::AS_A_TRIE,
        capabilities: &[Capability::Persistent, Capability::Processes],
        caveats: CAVEATS,
        known_failures: &[
            KnownFailure { check: "key_100kb", text: "LMDB takes keys of up to 511 bytes." },
            KnownFailure { check: "empty_keys_and_values", text: "LMDB takes no key of 0 bytes." },
        ],
    })
}

const ANALYSIS: &str = "\
A real store for many processes: a B+ tree with pages of 4 KiB in a memory-mapped file. A write transaction copies \
each page that it changes, and a commit writes one of two meta pages. A read transaction takes a slot in a table of \
readers and reads the pages of its version where they lie; the writer uses no page that some reader may still see. A reader \
that is interrupted while it begins may see a later version than its number says, so the adapter begins again if a \
version followed meanwhile.

A look-up searches a page a level by comparing keys, through a cursor that is set up for each call. A change copies \
at least one page a level and keeps lists of free pages, so a version of one change costs much more than the path in \
a trie with small nodes. Keys are sorted, which none of the hash tries here offers.";

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    use scenarios::shared::{Place, Reader as _, SharedError, Snapshot as _, Value, Writer as _};
    use scenarios::shared_map::{MapSnapshot, SharedMap};

    #[test]
    fn it_fails_the_checks_that_it_declares_and_no_others() {
        testkit::fails_what_it_declares(&super::contender());
    }

    #[test]
    fn private_paths_have_one_length_and_no_two_are_the_same() {
        let paths: Vec<_> = (0..1001).map(|_| super::private_path()).collect();
        assert!(paths.windows(2).all(|two| two[0] != two[1]));
        let length = |path: &Path| path.as_os_str().len();
        assert!(paths.iter().all(|path| length(path) == length(&paths[0])));
    }

    /// More threads than most machines have cores, so that some are interrupted while they begin to read.
    #[test]
    fn a_snapshot_has_the_content_of_its_number_beside_a_writer_that_never_waits() {
        let mut writer = super::Writer::create(Place::Private, 64 << 20).unwrap();
        let key = b"number of the version";
        let readers: Vec<_> = (0..16).map(|_| writer.reader().unwrap()).collect();
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for reader in &readers {
                let ended = &ended;
                scope.spawn(move || {
                    while !ended.load(Ordering::Relaxed) {
                        let snapshot = reader.latest().unwrap();
                        let number = snapshot.number();
                        let expected = (number > 0).then_some(Value::Number(number as f64));
                        assert_eq!(snapshot.get(key), expected, "in version {number}");
                    }
                });
            }
            let mut published = 0;
            let written = (1..=20_000_u32).try_for_each(|number| {
                writer.set(key, Value::Number(number.into()))?;
                published = writer.publish()?;
                Ok(())
            });
            ended.store(true, Ordering::Relaxed);
            // LMDB keeps all versions after one that is held, and a reader that waits for a core may hold one for long.
            assert!(matches!(written, Ok(()) | Err(SharedError::Full)), "{written:?}");
            assert!(published > 100, "{published}");
        });
    }
}
