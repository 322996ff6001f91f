//! The contract: what a contender implements.

use serde_json::Value;

use crate::flat::{self, Kinds, Leaf, Pointer};

/// A map from pointers to leaves that can tell what lies below a prefix.
///
/// "Below" is strict and goes by segments: `/users/0` is not below `/user`, and no pointer is below itself. Every pointer
/// but the empty one lies below the root. Nothing lies below an absent prefix.
pub trait FlatStore {
    /// The empty store.
    fn new() -> Self;
    /// Number of pointers.
    fn len(&self) -> usize;
    /// The leaf at `pointer`; `None` where there is none.
    fn get(&self, pointer: Pointer<'_>) -> Option<&Leaf>;
    /// Puts `leaf` at `pointer`. Returns the leaf that it replaces.
    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) -> Option<Leaf>;
    /// Removes and returns the leaf at `pointer`. What lies below it stays.
    fn delete(&mut self, pointer: Pointer<'_>) -> Option<Leaf>;
    /// Visits every pointer below `prefix` and its leaf once, in any order.
    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a Leaf)>;

    /// Whether there is no pointer.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a leaf at `pointer`.
    fn has(&self, pointer: Pointer<'_>) -> bool {
        self.get(pointer).is_some()
    }

    /// Visits every pointer below `prefix` once, in any order.
    fn keys<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = &'a str> {
        self.entries(prefix).map(|(key, _)| key)
    }

    /// Every pointer below `prefix`, in the order of their bytes.
    fn sorted_keys<'a>(&'a self, prefix: Pointer<'a>) -> Vec<&'a str> {
        let mut keys: Vec<&str> = self.keys(prefix).collect();
        keys.sort_unstable();
        keys
    }

    /// Whether anything lies below `prefix`.
    fn has_descendants(&self, prefix: Pointer<'_>) -> bool {
        self.keys(prefix).next().is_some()
    }

    /// The [tree](flat::tree) at `prefix`: that of what lies below, or else the leaf there; `None` without either.
    fn to_object(&self, prefix: Pointer<'_>) -> Option<Value> {
        let below = flat::tree(prefix, self.entries(prefix), Kinds::NONE);
        below.or_else(|| self.get(prefix).map(|leaf| leaf.value().clone()))
    }

    /// Removes what lies at `prefix` and below it. Returns how many leaves it removed.
    fn delete_subtree(&mut self, prefix: Pointer<'_>) -> usize {
        let below: Vec<String> = self.keys(prefix).map(str::to_owned).collect();
        let below = below.iter().filter_map(|key| Pointer::parse(key).ok());
        let below = below.filter(|key| self.delete(*key).is_some()).count();
        below + usize::from(self.delete(prefix).is_some())
    }
}
