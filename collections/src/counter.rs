//! Reference counts: atomic, or plain for one thread.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering, fence};

mod sealed {
    pub trait Sealed {}
}

/// The number of holders of a node; it starts at one.
///
/// Sealed: nodes are freed by what it says, so an implementation outside could make them unsound.
pub trait Counter: sealed::Sealed + 'static {
    /// Makes what holds this `Send` and `Sync` exactly where the counter may be shared.
    #[doc(hidden)]
    type Marker: Default + Copy;

    /// One holder.
    #[doc(hidden)]
    fn one() -> Self;

    /// One more holder; `false`, and perhaps no more, where 2³¹ hold the node already: the caller must not go on then,
    /// for leaked clones must not wrap the count.
    #[doc(hidden)]
    fn try_increment(&self) -> bool;

    /// One more holder. Aborts where 2³¹ hold the node already.
    #[doc(hidden)]
    #[inline]
    fn increment(&self) {
        if !self.try_increment() {
            std::process::abort();
        }
    }

    /// [`increment`](Self::increment) for a short function that calls no other: ends the process by an instruction where
    /// there is one for it. A call, even one that is never made, has the function around it set up a frame.
    #[doc(hidden)]
    #[inline]
    fn increment_without_call(&self) {
        if !self.try_increment() {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this instruction is none, and the process ends here.
            unsafe {
                std::arch::asm!("ud2", options(noreturn, nomem, nostack))
            }
            #[cfg(not(target_arch = "x86_64"))]
            std::process::abort()
        }
    }

    /// One holder less; whether it was the last one, who must then free the node.
    #[doc(hidden)]
    fn decrement(&self) -> bool;

    /// Whether there is one holder. If so and the caller holds it exclusively, nobody else can reach the
    /// node, and what former holders did to it has happened.
    #[doc(hidden)]
    fn is_unique(&self) -> bool;

    /// Raises `fill` from `seen` by one: whether it was `seen`. Of several holders that try with the same
    /// `seen`, one succeeds.
    #[doc(hidden)]
    fn claim(fill: &AtomicU16, seen: u16) -> bool;
}

/// Orders what comes after the last count down behind what others did before theirs.
#[inline]
pub(crate) fn acquire(count: &AtomicU32) {
    // ThreadSanitizer knows nothing of fences; a load, which takes an instruction, tells it the same.
    if cfg!(sanitize_thread) {
        count.load(Ordering::Acquire);
    } else {
        fence(Ordering::Acquire);
    }
}

/// Counts beyond this abort.
const MOST: u32 = 1 << 31;

/// Counted with atomic operations: versions may be held by several threads.
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
        // Relaxed: who counts up holds the node already, so it was handed over with whatever order that took.
        self.0.fetch_add(1, Ordering::Relaxed) < MOST
    }

    #[inline]
    fn decrement(&self) -> bool {
        // Release: what this holder did happens before the last one frees the node.
        if self.0.fetch_sub(1, Ordering::Release) != 1 {
            return false;
        }
        acquire(&self.0);
        true
    }

    #[inline]
    fn is_unique(&self) -> bool {
        // Acquire: pairs with the release of those that counted down.
        self.0.load(Ordering::Acquire) == 1
    }

    #[inline]
    fn claim(fill: &AtomicU16, seen: u16) -> bool {
        // Relaxed: the place is handed to nobody by this, and what is written there is seen by holders of a
        // version that was cloned after.
        fill.compare_exchange(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Counted plainly: faster, for one thread.
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
        if count >= MOST {
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
