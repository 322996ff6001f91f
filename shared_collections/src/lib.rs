//! A persistent map, set and vector in one region of shared memory: one process writes, and any number of threads and
//! processes read, without copying and without waiting.
//!
//! The region is a file, best in `/dev/shm`, or a file in memory that has no path. Its writer changes the three collections
//! and [publishes](Writer::publish) what it changed as a new *version*. A [`Reader`] takes a [`Snapshot`]: the newest
//! version, which stays exactly as it is until the snapshot is dropped, whatever the writer does meanwhile, and even if the
//! writer dies.
//!
//! ```
//! use shared_collections::{Options, Reader, Writer};
//!
//! # fn main() -> Result<(), shared_collections::Error> {
//! # let directory = tempfile::tempdir().expect("a directory");
//! # let path = directory.path().join("stock");
//! let mut writer = Writer::create(&path, &Options::new(1 << 30))?;
//! writer.map().set("apples", 3u64)?;
//! writer.map().set("motto", "an apple a day")?;
//! writer.publish()?;
//!
//! // In any other thread or process:
//! let reader = Reader::attach(&path)?;
//! let yesterday = reader.latest()?;
//! assert_eq!(yesterday.map().get("apples"), Some(3u64.into()));
//!
//! writer.map().set("apples", 2u64)?;
//! writer.publish()?;
//! let today = reader.latest()?;
//! assert_eq!(yesterday.map().get("apples").and_then(|value| value.as_u64()), Some(3));
//! assert_eq!(today.map().get("apples").and_then(|value| value.as_u64()), Some(2));
//! assert_eq!(today.map().get("motto").and_then(|value| value.as_str()), Some("an apple a day"));
//! # Ok(())
//! # }
//! ```
//!
//! Keys are bytes of any length; a text is the bytes that it has. Values and elements are typed: see [`Value`].
//! `examples/configuration_service.rs` is a program to start from.
//!
//! # Cost
//!
//! With n entries:
//!
//! | operation | time | memory that it takes from the region |
//! |---|---|---|
//! | [`Reader::attach`] | O(1): the header is checked | none |
//! | [`Reader::attach_checked`], [`Snapshot::check`] | O(n) | none |
//! | [`Reader::latest`] | O(1): a fence and two atomic operations, no system call | none |
//! | [`Map::get`], [`Set::contains`] | O(log n), the logarithm to the base 16; no atomic operation, no allocation | none |
//! | [`Vector::get`] | O(log n), to the base 32; as above | none |
//! | [`set`](map::MapMut::set), [`delete`](map::MapMut::delete), [`add`](set::SetMut::add) | O(log n) | see below |
//! | [`push`](vector::VectorMut::push), [`pop`](vector::VectorMut::pop) | amortised O(1) | 304 bytes each 32 elements |
//! | [`set_at`](vector::VectorMut::set_at) | O(log n) | a path: 144 bytes a branch, 304 a leaf |
//! | [`Writer::publish`] | O(1), and amortised O(1) to free memory | 64 bytes |
//! | [`Writer::open`] | O(n) | none |
//!
//! A change copies the nodes on the way to the entry that were published before: branches of 80 bytes, and one leaf of at
//! most 2 KiB. A node that the version being built has copied or made already changes in place. So many changes in one
//! version cost less than the same changes in a version each.
//!
//! An entry with a key of 16 bytes and a number takes about 37 bytes at 100,000 entries, and one with a key of 8 bytes 29.
//! What older versions have beside that is freed when nobody can read it any more, and used again. After readers held much
//! for a while, what changes moves to the beginning of the region, and memory at its end goes back to the system.
//!
//! # Memory
//!
//! ```text
//!  0                 64 KiB                 128 KiB or more                          end in use        capacity
//!  ┌─Header──────────┬─Readers──────────────┬─Data───────────────────────────────────┬─────────────────┐
//!  │ facts, checksum │ ┌─Entry────────────┐ │ nodes, blocks of bytes,                │ not reserved,   │
//!  │ latest ●────────┼─┤ 16 slots:        ├─┼─► versions {number, roots, lengths}    │ takes no memory │
//!  │ number          │ │ state ● record ●─┼─┼─►                                      │                 │
//!  └─────────────────┴─┴──────────────────┴─┴────────────────────────────────────────┴─────────────────┘
//!    written by the     written by readers    written by the writer
//!
//!  a version's map     Branch: birth │ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■ ■     16 words
//!                                      └─┴─┤ │ └────────► Branch …         neighbouring slots may name the same leaf
//!                                          ▼ ▼
//!                      Leaf:   birth │ overflow │ count, used, room │ 32 buckets │ record │ record │ …
//!                                                                        └──────────▲  │
//!                                                                                   └──┘ next in the bucket
//!                      Record: next, kind, key's length, hash │ key │ value        a multiple of 8 bytes
//!
//!  a version's vector  Branch: birth │ 32 words         Leaf: birth │ 32 kinds │ 32 × 8 bytes         and a tail
//! ```
//!
//! A *word* is an offset in units of 16 bytes, shifted by one; its lowest bit says that it names a leaf of a tree. So nothing
//! depends on where a process maps the region, and a region has at most 32 GiB.
//!
//! Map and set are tries over 32 bits of the hash of a key. Each branch consumes four of them. A leaf holds up to 32 records
//! and 2,040 bytes. Its buckets, chosen by the upper five bits, name the newest record each, and from there the records of
//! the bucket are chained. A record has the hash and the length of its key, which are compared at once before the key. Keys
//! of up to 64 bytes and texts and bytes of up to 63 lie in the record, longer ones in a block of their own, which versions
//! share. A full leaf is divided among the slots that name it, or gets a branch above it if that is only one. When all bits
//! are used up, it overflows to another leaf. Leaves with few records are joined with their neighbours again.
//!
//! The vector is a radix trie. The last leaf, the *tail*, hangs beside it. An element that is appended behind the last
//! published one is written in place, because no version before looks there. In the same way a branch is shared by versions
//! that have more of its elements or fewer: what lies behind a version's last element is not part of it.
//!
//! Invariants:
//!
//! * a published node or block never changes, except that a vector's tail gets elements behind those of all versions;
//! * a node's *birth* is the number of the first version that has it, and no node is newer than a version that has it;
//! * all slots of a branch that name the same leaf are neighbours, their number is a power of two, and they begin at a
//!   multiple of it. The hash of each record leads to one of them;
//! * within a bucket, each record lies before the one that names it;
//! * a leaf overflows to another one only where all bits of the hash are used up.
//!
//! # Protocol
//!
//! There is one writer. Publishing is: write the version's record, store its word to `latest`, store its number to
//! `number`. To take a snapshot, a reader does this with a slot of its own:
//!
//! 1. store `acquiring(e)` to the slot, where e is what `number` says;
//! 2. a sequentially consistent fence;
//! 3. load `latest`, and the record;
//! 4. store `held(v)` to the slot, where v is the number in the record.
//!
//! Dropping the snapshot stores `free`. None of this waits for anybody.
//!
//! The writer keeps, in its own memory, a list of *retired* blocks: those that some version v has and the next one has not.
//! A block is in the versions from its birth to just before its retirement, so it is free if none of these is held. Now and
//! then the writer executes a fence and looks at all slots. `held(v)` holds v; `acquiring(e)` holds all versions from e on;
//! the newest version is always held. A block in no held version is used again. So a reader that holds one old version for
//! ever keeps what that version has, and nothing else. What the writer saw it applies to the blocks that were retired until
//! then, some of them with each of the next versions, so that no version waits for all.
//!
//! *Why this is right.* Let a reader take version v, and let the writer look at the slots.
//!
//! * If the reader's fence comes before the writer's, the writer sees what the reader stored in step 1 or later. Before step
//!   4 that is `acquiring(e)`. `number` is stored after `latest`, so e ≤ v, and v is held. After step 4 it is `held(v)`. If
//!   it sees `free` again, the snapshot was dropped, and by release and acquire the reader's last access came before.
//! * If the writer's fence comes first, the reader's load in step 3 sees the `latest` of that moment or a newer one. The
//!   writer frees nothing that this version has, because the newest version counts as held; nor does a later version have
//!   what it frees, because retired blocks do not come back. This holds however much later it frees them.
//!
//! The nodes of a version are written before the release store to `latest`, and read after the acquire load of it. After
//! that they do not change, so readers use plain loads.
//!
//! *Who is alive.* The writer holds a lock on the first byte of the file, and each reader on a byte of its entry. These
//! are locks of open file descriptions (`F_OFD_SETLK`): the kernel gives them up when a process ends, however it ends.
//! They need no process numbers, so they work across containers. A second writer is refused. If an entry holds a
//! version and has not changed since the writer looked the last time, the writer tries its lock, and clears the entry
//! if nobody has it. A process that attached and then forks shares its lock with its child, and both have the same
//! slots: a child must not use or drop what it inherited, and attaches anew. A process must not close descriptors that
//! it does not own, because that gives up the lock.
//!
//! # What survives what
//!
//! *The writer is killed*, at any instant: `latest` names the old version or the new one, and everything that either has is
//! complete. Readers go on. [`Writer::open`] takes the lock, walks the newest version and those that readers hold, and takes
//! everything else as free memory: nothing that was published is lost, and nothing leaks. Nothing about free memory is kept
//! in the region, so nothing about it can be inconsistent. What was not published is gone.
//!
//! One case needs patience: a reader was stopped between steps 1 and 4, and the writer died meanwhile. The new writer cannot
//! know which version that reader will hold. It waits a second, and then returns [`Error::ReaderStopped`].
//!
//! *A reader is killed*: the writer frees what it held when it looks at the slots for the second time, or with
//! [`Writer::collect`].
//!
//! *The machine stops*: a file on a disk may have any mixture of old and new pages then. The region is memory, not a
//! database; nothing is synchronised to the disk.
//!
//! *Memory ends*: the file is sparse, and the writer reserves memory before it touches it, so that a full region or a full
//! file system is [`Error::Full`] and not a signal. The change that failed has not happened, and everything published
//! stays readable. A part of the memory is kept for deletions and for publishing. Bytes behind the end in use take no
//! memory: a region may have a larger capacity than the machine has memory.
//!
//! # Trust
//!
//! Who may open the file for writing is trusted by everybody who uses it: readers write to their slots, so they need the
//! permission, too. In detail:
//!
//! * Readers map the header and the data without write permission. A reader with a wild pointer can damage slots only. A
//!   damaged slot may keep memory alive, or let the writer free what this or another reader holds.
//! * Every offset that a reader follows is cut to the mapping's address range, which goes on behind the end of the file and
//!   reads as zeros there; every length is checked against it; a text that is not UTF-8 is given out as bytes. This costs
//!   one instruction for each node. So in a damaged region a look-up may find wrong values or none, and it may run for
//!   ever, but it does not read other memory of the process.
//! * [`Reader::attach_checked`] and [`Snapshot::check`] walk a version, bound every offset and length, and compare every key
//!   with its hash, every count and every chain. A file that is truncated, damaged or foreign is an [`Error`]. A version
//!   that passed contains no circle and no wrong offset: every operation on that snapshot ends. The records of versions and
//!   the header have checksums. Numbers and bytes have none, so a flipped bit in a number is not found. [`Writer::open`]
//!   checks as much, because it builds on what it finds. [`Reader::attach`] checks the header, the length of the file, and
//!   the newest version's record.
//! * Nobody can protect a reader from a process that writes to the file while it reads, or truncates it: what Rust is told
//!   to be immutable changes then, or access ends in a signal. A region made by [`Writer::create_in_memory`] cannot be
//!   truncated (its length is sealed).
//!
//! # Formats
//!
//! This version reads and writes format 1, in the byte order of the machine. A region in another format is
//! [`Error::OlderFormat`] or [`Error::NewerFormat`], one of the other byte order [`Error::Foreign`]. The hash function is
//! part of the format. It is [foldhash](https://docs.rs/foldhash), which may change between versions, so the header has a
//! checksum over hashes, and a program whose function differs gets [`Error::OtherHash`].
//!
//! # Requirements
//!
//! Linux, a 64-bit processor, `/proc`, and a file system with `fallocate` (tmpfs, ext4, XFS, Btrfs). All that is Linux's own
//! is in one small file. A mapping takes addresses for the capacity rounded up to a power of two, and no memory for them.

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!(
    "shared_collections needs 64-bit Linux; what another system would have to offer is in src/sys.rs"
);

mod check;
mod error;
mod layout;
pub mod map;
mod radix;
mod reader;
mod region;
pub mod set;
mod space;
mod sys;
#[cfg(test)]
mod tests;
mod trie;
mod value;
pub mod vector;
mod writer;

pub use error::Error;
pub use map::Map;
pub use reader::{Reader, Snapshot};
pub use region::Options;
pub use set::Set;
pub use value::Value;
pub use vector::Vector;
pub use writer::{Usage, Writer};
