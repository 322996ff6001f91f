//! Reference counts of nodes: atomic ones for several threads, plain ones for a single thread.
//!
//! A *holder* of a node is whatever has a counted pointer to it: a version, a branch above it, or an iterator that
//! owns a version.
//!
//! Which counter a collection uses is its last type parameter. The names at the root of the crate use [`Atomic`], those
//! in [`rc`](crate::rc) use [`Plain`]:
//!
//! ```
//! use persistent_collections::counter::Plain;
//! use persistent_collections::{GenericVector, rc};
//!
//! let vector: rc::Vector<u32> = (0..100).collect();
//! let same_type: GenericVector<u32, Plain> = vector.clone();
//! assert!(same_type.ptr_eq(&vector));
//! ```

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering, fence};

mod sealed {
    pub trait Sealed {}
}

/// The number of holders of a node. It starts at one.
///
/// The trait is sealed: a node is freed when its counter says so, and a wrong implementation outside this crate would
/// make that unsound.
pub trait Counter: sealed::Sealed + 'static {
    /// A collection contains this type, which makes it `Send` and `Sync` exactly when threads may share the counter.
    #[doc(hidden)]
    type Marker: Default + Copy;

    /// A counter that says one holder.
    #[doc(hidden)]
    fn one() -> Self;

    /// Counts one more holder. Returns `false`, and may not have counted, if there are `MAX_HOLDERS` already. The
    /// caller must not continue then: leaked clones must never make the count wrap around.
    #[doc(hidden)]
    fn try_increment(&self) -> bool;

    /// Counts one more holder. Aborts the process if there are `MAX_HOLDERS` already.
    #[doc(hidden)]
    #[inline]
    fn increment(&self) {
        if !self.try_increment() {
            std::process::abort();
        }
    }

    /// [`increment`](Self::increment) for a short function that calls no other. It ends the process by an instruction
    /// on targets that have one. A call to `abort` would make the function around it set up a stack frame, even if the
    /// call never happens.
    #[doc(hidden)]
    #[inline]
    fn increment_without_call(&self) {
        if !self.try_increment() {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this is the undefined instruction, which raises a signal, so the process ends here.
            unsafe {
                std::arch::asm!("ud2", options(noreturn, nomem, nostack))
            }
            #[cfg(not(target_arch = "x86_64"))]
            std::process::abort()
        }
    }

    /// Counts one holder less. Returns whether that was the last one; then the caller must free the node.
    #[doc(hidden)]
    fn decrement(&self) -> bool;

    /// Whether there is exactly one holder. If the caller is that holder and has exclusive access to itself, nobody
    /// else can reach the node, and everything that former holders did to it happened before.
    #[doc(hidden)]
    fn is_unique(&self) -> bool;

    /// Raises `fill` by one if it equals `seen`, and returns whether it did. Of several holders that try with the same
    /// `seen`, only one succeeds.
    #[doc(hidden)]
    fn claim(fill: &AtomicU16, seen: u16) -> bool;
}

/// Makes everything that other holders did before they counted down visible to the last one.
#[inline]
pub(crate) fn acquire(count: &AtomicU32) {
    // ThreadSanitizer does not understand fences. A load has the same effect, but takes one more instruction.
    if cfg!(sanitize_thread) {
        count.load(Ordering::Acquire);
    } else {
        fence(Ordering::Acquire);
    }
}

/// A node has at most this many holders: half of what the counter's `u32` can count, so that it cannot wrap around
/// while several threads notice the limit at the same time.
const MAX_HOLDERS: u32 = 1 << 31;

/// Counts with atomic operations, so that several threads may hold versions of one collection.
#[derive(Debug)]
pub struct Atomic(AtomicU32);

impl sealed::Sealed for Atomic {}

impl Counter for Atomic {
    type Marker = ();

    #[inline]
    fn one() -> Self {
        Atomic(AtomicU32::new(1))
    }

    #[inline]
    fn try_increment(&self) -> bool {
        // Relaxed: the caller holds the node already. Whatever handed it over to this thread ordered earlier accesses.
        self.0.fetch_add(1, Ordering::Relaxed) < MAX_HOLDERS
    }

    #[inline]
    fn decrement(&self) -> bool {
        // Release: everything that this holder did happens before the last holder frees the node.
        if self.0.fetch_sub(1, Ordering::Release) != 1 {
            return false;
        }
        acquire(&self.0);
        true
    }

    #[inline]
    fn is_unique(&self) -> bool {
        // Acquire: pairs with the release in `decrement` of the former holders.
        self.0.load(Ordering::Acquire) == 1
    }

    #[inline]
    fn claim(fill: &AtomicU16, seen: u16) -> bool {
        // Relaxed: claiming a place hands it to nobody else. Another thread can only see the element written there
        // through a version that was cloned afterwards, and passing that clone on orders the write.
        fill.compare_exchange(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Counts without atomic operations: faster, but only for one thread.
#[derive(Debug)]
pub struct Plain(Cell<u32>);

impl sealed::Sealed for Plain {}

impl Counter for Plain {
    type Marker = PhantomData<*const ()>;

    #[inline]
    fn one() -> Self {
        Plain(Cell::new(1))
    }

    #[inline]
    fn try_increment(&self) -> bool {
        let count = self.0.get();
        if count >= MAX_HOLDERS {
            return false;
        }
        self.0.set(count + 1);
        true
    }

    #[inline]
    fn decrement(&self) -> bool {
        let count = self.0.get() - 1;
        self.0.set(count);
        count == 0
    }

    #[inline]
    fn is_unique(&self) -> bool {
        self.0.get() == 1
    }

    #[inline]
    fn claim(fill: &AtomicU16, seen: u16) -> bool {
        let claimed = fill.load(Ordering::Relaxed) == seen;
        if claimed {
            fill.store(seen + 1, Ordering::Relaxed);
        }
        claimed
    }
}

#[cfg(test)]
mod tests {
    use super::{Atomic, Counter, Plain};

    fn counts<C: Counter>() {
        let counter = C::one();
        assert!(counter.is_unique());
        counter.increment();
        assert!(!counter.is_unique());
        assert!(!counter.decrement());
        assert!(counter.is_unique());
        assert!(counter.decrement());
    }

    #[test]
    fn the_last_holder_is_told() {
        counts::<Atomic>();
        counts::<Plain>();
    }
}
