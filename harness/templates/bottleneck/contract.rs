//! The contract: what a contender implements.

/// A set of keys. Replace it by the contract of your bottleneck.
pub trait __Name__ {
    /// The empty set.
    fn new() -> Self;
    /// Adds a key; whether it was absent.
    fn insert(&mut self, key: u64) -> bool;
    /// Whether the key is there.
    fn contains(&self, key: u64) -> bool;
}
