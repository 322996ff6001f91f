//! Helpers that the unit tests of maps, sets and vectors share.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;
use std::sync::Once;
use std::thread;

use scenarios::input::mix;
use scenarios::probe::{Injected, Probe};

/// Runs `change`, and returns whether a panic with an [`Injected`] payload interrupted it. Any other panic continues.
/// Injected panics print nothing, because there are thousands. Afterwards no probe and no [`Brittle`] panics any more.
pub(crate) fn is_interrupted(change: impl FnOnce()) -> bool {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Injected>() {
                usual(info);
            }
        }));
    });
    let outcome = catch_unwind(AssertUnwindSafe(change));
    Probe::set_fuse(None);
    Brittle::set_fuse(None);
    match outcome {
        Ok(()) => false,
        Err(payload) if payload.is::<Injected>() => true,
        Err(payload) => resume_unwind(payload),
    }
}

/// The hash of a value by std's hasher.
pub(crate) fn std_hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

thread_local! {
    static FUSE: Cell<Option<u32>> = const { Cell::new(None) };
}

/// An element that needs no drop, so that maps and vectors hold it by value, and whose `clone` and `hash` can panic.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Brittle(pub(crate) u32);

impl Brittle {
    /// Makes the call number `calls` of `clone` or `hash` from now on panic (0 is the next one), or none.
    pub(crate) fn set_fuse(calls: Option<u32>) {
        FUSE.set(calls);
    }

    fn burn() {
        match FUSE.get() {
            Some(0) => {
                FUSE.set(None);
                panic_any(Injected)
            }
            fuse => FUSE.set(fuse.map(|calls| calls - 1)),
        }
    }
}

impl Clone for Brittle {
    fn clone(&self) -> Self {
        Brittle::burn();
        Brittle(self.0)
    }
}

impl Hash for Brittle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Brittle::burn();
        state.write_u64(mix(u64::from(self.0)));
    }
}

/// A value that counts its drops, and panics when it is dropped if its flag is set.
#[derive(Clone, Debug)]
pub(crate) struct Explosive(pub(crate) Rc<Cell<u32>>, pub(crate) bool);

impl Drop for Explosive {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
        if self.1 && !thread::panicking() {
            panic_any(Injected);
        }
    }
}
