//! Probe: the key and value type with which `verify` watches a contender.
//!
//! It counts its live instances, panics when it is told to, and hashes as the check wants. All state is per thread, so
//! checks of different contenders do not disturb each other.
//!
//! It lives here and not in `testkit`, which builds upon it: the bottlenecks' checks use it outside of tests, too,
//! whenever `lab verify` runs.

use std::cell::Cell;
use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

thread_local! {
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static FUSE: Cell<Option<u32>> = const { Cell::new(None) };
    static HASHING: Cell<Hashing> = const { Cell::new(Hashing::Spread) };
}

/// How probes of this thread hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashing {
    /// Well mixed.
    Spread,
    /// All keys have the same 64 bits.
    Constant,
    /// The low 32 bits are equal, the bits above differ.
    EqualLow32,
    /// Only the four most significant bits differ, which a trie consumes last.
    LastBits,
    /// There are only four values, so that many keys collide in each of four groups.
    FourGroups,
}

impl Hashing {
    fn hash(self, id: u32) -> u64 {
        let id = u64::from(id);
        match self {
            Hashing::Spread => crate::input::mix(id),
            Hashing::Constant => 0x5555_5555_5555_5555,
            Hashing::EqualLow32 => (id << 32) | 0x1234_5678,
            Hashing::LastBits => (id << 60) | 0x0edc_ba98_7654_3210,
            Hashing::FourGroups => crate::input::mix(id % 4),
        }
    }
}

/// A key or value that is counted while it lives.
///
/// It owns a heap block, so that a leak or a double drop is also visible to Valgrind.
pub struct Probe {
    id: Box<u32>,
}

impl Probe {
    /// A probe that stands for `id`.
    pub fn new(id: u32) -> Self {
        LIVE.with(|live| live.set(live.get() + 1));
        Probe { id: Box::new(id) }
    }

    /// The id it stands for.
    pub fn id(&self) -> u32 {
        *self.id
    }

    /// The number of this thread's probes that are alive.
    pub fn live() -> i64 {
        LIVE.with(Cell::get)
    }

    /// Resets this thread's state, and forgets earlier leaks, so that one check does not fail for another's leak.
    pub fn reset() {
        LIVE.with(|live| live.set(0));
        FUSE.with(|fuse| fuse.set(None));
        HASHING.with(|hashing| hashing.set(Hashing::Spread));
    }

    /// Sets how this thread's probes hash.
    pub fn set_hashing(hashing: Hashing) {
        HASHING.with(|cell| cell.set(hashing));
    }

    /// Lets `calls` more calls of `clone`, `hash`, `eq` or `cmp` succeed and the one after them panic; `None` lets all
    /// calls succeed.
    pub fn set_fuse(calls: Option<u32>) {
        FUSE.with(|fuse| fuse.set(calls));
    }

    /// What `make` returns with this thread's fuse [set](Probe::set_fuse); `None` if the fuse burned down. Afterwards no
    /// fuse is set. Any other panic is resumed.
    pub fn with_fuse<T>(calls: Option<u32>, make: impl FnOnce() -> T) -> Option<T> {
        Probe::set_fuse(calls);
        let outcome = catch_unwind(AssertUnwindSafe(make));
        Probe::set_fuse(None);
        match outcome {
            Ok(made) => Some(made),
            Err(payload) if payload.is::<Injected>() => None,
            Err(payload) => resume_unwind(payload),
        }
    }

    fn burn() {
        FUSE.with(|fuse| match fuse.get() {
            Some(0) => {
                fuse.set(None);
                std::panic::panic_any(Injected);
            }
            Some(calls) => fuse.set(Some(calls - 1)),
            None => {}
        });
    }
}

/// The payload of a panic that a [`Probe`] raised.
#[derive(Clone, Copy, Debug)]
pub struct Injected;

impl Drop for Probe {
    fn drop(&mut self) {
        LIVE.with(|live| live.set(live.get() - 1));
    }
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        Probe::burn();
        Probe::new(self.id())
    }
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl PartialEq for Probe {
    fn eq(&self, other: &Self) -> bool {
        Probe::burn();
        self.id == other.id
    }
}

impl Eq for Probe {}

impl PartialOrd for Probe {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Probe {
    fn cmp(&self, other: &Self) -> Ordering {
        Probe::burn();
        self.id.cmp(&other.id)
    }
}

impl Hash for Probe {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Probe::burn();
        state.write_u64(HASHING.with(Cell::get).hash(self.id()));
    }
}

/// The hasher that goes with [`Probe`]. It passes the probe's 64 bits through.
#[derive(Clone, Copy, Debug, Default)]
pub struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

impl BuildHasher for PassThrough {
    type Hasher = PassThrough;

    fn build_hasher(&self) -> PassThrough {
        PassThrough(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_counted() {
        Probe::reset();
        let one = Probe::new(1);
        let two = one.clone();
        assert_eq!(Probe::live(), 2);
        drop((one, two));
        assert_eq!(Probe::live(), 0);
    }

    #[test]
    fn the_fuse_burns_once_and_leaks_nothing() {
        Probe::reset();
        let one = Probe::new(1);
        Probe::set_fuse(Some(1));
        assert!(one == Probe::new(1));
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| one.clone()));
        assert!(caught.unwrap_err().is::<Injected>());
        assert!(one == one.clone());
        drop(one);
        assert_eq!(Probe::live(), 0);
    }
}
