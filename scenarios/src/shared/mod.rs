//! What the bottlenecks of shared memory have in common: typed values, the place of a region, and the halves of the
//! contract that do not depend on what a region holds.
//!
//! A *region* is memory that several threads, or several processes, can read. One [`Writer`] changes its content and
//! publishes it as a new *version*. A [`Reader`] takes a *snapshot*: the newest version, which stays as it is until the
//! snapshot is dropped.

pub(crate) mod region;
pub(crate) mod replay;
pub(crate) mod value;

use std::fmt;
use std::path::{Path, PathBuf};

pub use value::{OwnedValue, Value};

/// Where a region lies.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// In memory that only this process can find. Threads attach to it by [`Writer::reader`].
    Private,
    /// At a path, where other processes attach to it by [`Reader::attach`]. Nothing is there yet.
    At(&'a Path),
}

/// The one that changes a region.
pub trait Writer: Sized + 'static {
    /// Who reads the region.
    type Reader: Reader;

    /// An empty region that can grow to `capacity` bytes. Its first version, 0, is empty.
    ///
    /// # Errors
    /// [`SharedError::Unsupported`] if the place is not private and the region can only be shared by threads; what the
    /// system says.
    fn create(place: Place<'_>, capacity: u64) -> Result<Self, SharedError>;
    /// Makes all changes since the last version a new version, which every reader finds from now on. Returns its number,
    /// one more than that of the last version.
    ///
    /// # Errors
    /// [`SharedError::Full`]. What was published before stays readable.
    fn publish(&mut self) -> Result<u64, SharedError>;
    /// Frees what only versions have that nobody holds any more, where the region does not do so by itself.
    ///
    /// # Errors
    /// What the system says.
    fn collect(&mut self) -> Result<(), SharedError>;
    /// A reader in this process.
    ///
    /// # Errors
    /// What the system says.
    fn reader(&self) -> Result<Self::Reader, SharedError>;
    /// How many bytes of the region are in use, by the newest version and by older ones that are not freed; `None` if it
    /// does not lie in memory of its own.
    fn region_bytes(&self) -> Option<u64>;
}

/// Who reads a region.
pub trait Reader: Sized + Send + 'static {
    /// A version that stays as it is until this is dropped, also when the reader is dropped before it.
    type Snapshot: Snapshot;

    /// A reader of the region that a [`Writer`], perhaps in another process, created at a path.
    ///
    /// # Errors
    /// [`SharedError::Unsupported`] if the region can only be shared by threads; what the system says.
    fn attach(path: &Path) -> Result<Self, SharedError>;
    /// The newest version.
    ///
    /// # Errors
    /// If this reader can hold no further version.
    fn latest(&self) -> Result<Self::Snapshot, SharedError>;
}

/// A version that somebody holds.
pub trait Snapshot: Send + 'static {
    /// The number of the version. [`Writer::publish`] returned it.
    fn number(&self) -> u64;
}

/// Why an operation on a region failed. Every published version stays readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedError {
    /// The region has no room for the change.
    Full,
    /// The region does not take such a key, a value or a place: which, and why.
    Unsupported(String),
    /// Anything else, in words.
    Other(String),
}

impl SharedError {
    /// Any other error.
    pub fn other(error: impl fmt::Display) -> Self {
        SharedError::Other(error.to_string())
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SharedError::Full => f.write_str("the region is full"),
            SharedError::Unsupported(what) => write!(f, "not supported: {what}"),
            SharedError::Other(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for SharedError {}

/// Where a region lies that needs a path: in the system's shared memory, or else among the temporary files.
pub fn directory() -> PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() }
}

/// A key of a scenario: 8 bytes of a short integer, or 16 bytes of text.
pub(crate) fn key<const N: usize>(id: u64) -> [u8; N] {
    use crate::input::Key;

    let mut key = [0; N];
    match N {
        8 => key.copy_from_slice(&u64::from_id(id).to_le_bytes()),
        _ => key.copy_from_slice(String::from_id(id).as_bytes()),
    }
    key
}
