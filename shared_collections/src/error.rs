//! What can go wrong.

use std::io;

/// Why an operation failed. Whatever it says, every published version stays readable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused something.
    #[error("cannot {what}: {source}")]
    System {
        /// What was to be done.
        what: &'static str,
        /// What the operating system answered.
        source: io::Error,
    },
    /// The options for a new region make no sense.
    #[error("{what}; choose other options")]
    Options {
        /// Which option is wrong, and what its bounds are.
        what: &'static str,
    },
    /// The file is no region of this crate, or was written on a machine with the other byte order.
    #[error("the file is no region of shared_collections; check the path")]
    Foreign,
    /// The region has a format that this version of the crate no longer reads.
    #[error(
        "the region has the older format {found}, and this program reads format {supported}; write it again"
    )]
    OlderFormat {
        /// The format of the region.
        found: u32,
        /// The only format that this version reads.
        supported: u32,
    },
    /// The region has a format that this version of the crate does not know yet.
    #[error(
        "the region has the newer format {found}, and this program reads format {supported}; update the program"
    )]
    NewerFormat {
        /// The format of the region.
        found: u32,
        /// The only format that this version reads.
        supported: u32,
    },
    /// The region was written by a program whose hash function differs.
    #[error(
        "the region was written with another hash function; build both programs with the same version of foldhash"
    )]
    OtherHash,
    /// The file is shorter than its header says.
    #[error("the file has {found} bytes, but its header says {capacity}; it was truncated")]
    Truncated {
        /// How many bytes the file has.
        found: u64,
        /// How many bytes it should have.
        capacity: u64,
    },
    /// The region's content contradicts itself.
    #[error("the region is damaged at byte {offset}: {what}")]
    Damaged {
        /// Where.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// Another writer has the region open.
    #[error("another writer has the region open; close it first")]
    WriterExists,
    /// There is no memory left for the change: the region has reached its capacity, or its file system is full.
    ///
    /// The version that is being built has not changed. Delete something and publish, let readers give up old versions,
    /// or copy everything to a larger region.
    #[error("the region is full: {used} of {capacity} bytes are in use, and the change needs {needed} more")]
    Full {
        /// How many bytes of the file the data occupy at most.
        used: u64,
        /// The capacity of the region.
        capacity: u64,
        /// How many contiguous bytes the change asked for.
        needed: u64,
    },
    /// A key or value is longer than a region can ever hold.
    #[error("a key or value of {length} bytes is longer than the region's capacity")]
    TooLong {
        /// How many bytes it has.
        length: usize,
    },
    /// The region has no room for one more reader, or for one more block of snapshots of this reader.
    #[error(
        "all {entries} reader entries of the region are taken; drop readers or snapshots, or create it with more"
    )]
    NoReaderEntry {
        /// How many entries the region has.
        entries: u32,
    },
    /// A reader was stopped in the middle of taking a snapshot while the writer before this one died, and has not gone
    /// on within a second. Nobody can tell which version it is about to hold.
    #[error(
        "reader entry {entry} was stopped while it took a snapshot; let its process go on, or end it, and try again"
    )]
    ReaderStopped {
        /// The number of the reader's entry.
        entry: u32,
    },
    /// There is no element with this index.
    #[error("there is no element {index} in a vector of {len}")]
    OutOfRange {
        /// The index.
        index: u64,
        /// The number of elements.
        len: u64,
    },
}

/// The error of a system call.
pub(crate) fn system(what: &'static str) -> impl Fn(nix::Error) -> Error {
    move |error| Error::System { what, source: error.into() }
}

/// The error of an operation of the standard library.
pub(crate) fn io(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::System { what, source }
}
