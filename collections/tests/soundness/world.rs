//! The world in which elements live. It counts them, hashes them as a test wants, and makes the k-th call of user code
//! panic, be it `clone`, `hash`, `eq`, `cmp`, `drop` or a closure.
//!
//! All state belongs to a thread, so tests do not disturb each other.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Once;

use scenarios::input::mix;

pub use super::draws::Draws;

thread_local! {
    static FUSE: Cell<Option<u32>> = const { Cell::new(None) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static HASHING: Cell<Hashing> = const { Cell::new(Hashing::Good) };
    static HASHED: Cell<u64> = const { Cell::new(0) };
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// How elements hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashing {
    /// Well mixed.
    Good,
    /// All elements have one hash.
    Constant,
    /// The lowest nine bits, which the first three branches consume, are zero.
    LowZero,
    /// The id itself.
    Identity,
    /// Four hashes for all elements, so that groups of colliding elements lie side by side.
    Few,
    /// Another hash at every call.
    ChangesItsMind,
}

impl Hashing {
    pub const ALL: [Hashing; 6] = [
        Hashing::Few,
        Hashing::LowZero,
        Hashing::Good,
        Hashing::Constant,
        Hashing::Identity,
        Hashing::ChangesItsMind,
    ];

    /// Whether equal elements have equal hashes, as a map must be able to rely on.
    pub fn is_lawful(self) -> bool {
        self != Hashing::ChangesItsMind
    }
}

pub fn set_hashing(hashing: Hashing) {
    HASHING.set(hashing);
}

/// The hash of an id, as the elements of this thread hash now.
pub fn hash_of(id: u32) -> u64 {
    let id = u64::from(id);
    match HASHING.get() {
        Hashing::Good => mix(id),
        Hashing::Constant => 0x5555_5555,
        Hashing::LowZero => id << 9,
        Hashing::Identity => id,
        Hashing::Few => mix(id % 4),
        Hashing::ChangesItsMind => {
            HASHED.set(HASHED.get() + 1);
            mix(HASHED.get())
        }
    }
}

/// The payload of the panics that [`tick`] raises.
struct Injected;

/// User code calls this wherever it may panic.
pub fn tick() {
    match FUSE.get() {
        Some(0) => {
            FUSE.set(None);
            std::panic::panic_any(Injected);
        }
        Some(left) => FUSE.set(Some(left - 1)),
        None => {}
    }
}

/// Counts an element that comes into being.
pub fn born() {
    LIVE.set(LIVE.get() + 1);
}

/// Counts an element that is dropped, and panics if the fuse says so. It does not panic during another panic, because
/// that would end the process.
pub fn died() {
    LIVE.set(LIVE.get() - 1);
    if !std::thread::panicking() {
        tick();
    }
}

/// The number of elements of this thread that are alive.
pub fn live() -> i64 {
    LIVE.get()
}

/// Makes expected panics print nothing, because there are thousands.
fn hush() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Injected>() && !QUIET.get() {
                usual(info);
            }
        }));
    });
}

/// What `change` returns, or `None` if it panicked for whatever reason. The panic prints nothing.
pub fn expecting_panics<T>(change: impl FnOnce() -> T) -> Option<T> {
    hush();
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(change));
    QUIET.set(false);
    FUSE.set(None);
    outcome.ok()
}

/// Runs `change` so that the call number `calls` of user code from now on panics (0 is the next one). Returns what
/// `change` returns, or `None` if that call was reached. Any other panic continues.
pub fn with_fuse<T>(calls: u32, change: impl FnOnce() -> T) -> Option<T> {
    hush();
    FUSE.set(Some(calls));
    let outcome = catch_unwind(AssertUnwindSafe(change));
    FUSE.set(None);
    match outcome {
        Ok(made) => Some(made),
        Err(payload) if payload.is::<Injected>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

/// What an operation returns, as one number, so that it need not be dropped if a panic interrupts a test.
pub type Shown = u64;

/// A number for a sequence of ids.
pub fn show(ids: impl IntoIterator<Item = u32>) -> Shown {
    ids.into_iter().fold(0, |shown, id| mix((shown ^ u64::from(id) << 32).wrapping_add(1)))
}

/// A number for ids in any order.
pub fn show_unordered(ids: impl IntoIterator<Item = u32>) -> Shown {
    ids.into_iter().fold(0, |shown, id| shown.wrapping_add(mix(u64::from(id) + 1)))
}

impl Draws {
    /// An id less than `bound`, or 0 if that is 0.
    pub fn id(&mut self, bound: usize) -> u32 {
        self.below(bound) as u32
    }

    /// Which call of user code is to panic in a random operation: none, one of the first ones, or a later one.
    pub fn fuse(&mut self) -> u32 {
        match self.below(4) {
            0 => u32::MAX,
            1 => self.id(6),
            _ => self.id(150),
        }
    }
}

/// Drops versions in a random order, the last one with a panic. After each drop, `check` looks at those that are left.
pub fn drop_in_any_order<V>(mut versions: Vec<V>, draws: &mut Draws, check: impl Fn(&V)) {
    while let Some(last) = versions.len().checked_sub(1) {
        let version = versions.swap_remove(draws.below(last + 1));
        let fuse = if last == 0 { draws.id(20) } else { u32::MAX };
        with_fuse(fuse, || drop(version));
        versions.iter().for_each(&check);
    }
}

/// Whether a slow tool watches the tests, so that they should do less.
fn is_brief() -> bool {
    cfg!(miri) || std::env::var_os("COLLECTIONS_BRIEF").is_some()
}

/// As many items of a list as there is time for. The most telling items must come first.
pub fn as_time_allows<T>(list: &[T]) -> &[T] {
    match list.len() {
        length if cfg!(miri) => &list[..length.min(1)],
        length if is_brief() => &list[..length.div_ceil(2)],
        _ => list,
    }
}

/// The next call that is to panic after this one: each of the first calls, then fewer and fewer of them.
pub fn next_call(call: u32) -> u32 {
    match call {
        _ if cfg!(miri) => 8 * call + 5,
        _ if is_brief() => 2 * call + 1,
        ..40 => call + 1,
        _ => call + 1 + call / 8,
    }
}

/// How many operations a random test is to do, and its seed. The environment variables `COLLECTIONS_OPERATIONS` and
/// `COLLECTIONS_SEED` say so; the defaults are about `few` operations, and the seed 1.
pub fn asked_for(few: u64) -> (u64, u64) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().expect(name));
    let few = match is_brief() {
        _ if cfg!(miri) => few / 200,
        true => few / 20,
        false => few,
    };
    (number("COLLECTIONS_OPERATIONS").unwrap_or(few), number("COLLECTIONS_SEED").unwrap_or(1))
}
