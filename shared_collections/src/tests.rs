//! Tests that need to look inside, or another hash function.

use std::cell::Cell;

thread_local! {
    /// What is left of a hash: with fewer bits, keys collide.
    pub(crate) static HASH_MASK: Cell<u32> = const { Cell::new(u32::MAX) };
}
