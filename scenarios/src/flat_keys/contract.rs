//! The contract: what a contender implements.

use serde_json::Value;

use crate::flat::{self, Built, Content, Kinds, Leaf, Pointer};

/// A map from pointers to leaves that can tell what lies below a prefix.
///
/// "Below" is strict and goes by segments: `/users/0` is not below `/user`, and no pointer is below itself. Every pointer
/// but the empty one lies below the root. Nothing lies below an absent prefix.
///
/// A leaf is any [`Content`], so that other stores can be built on a contender: the scenarios use [`Leaf`].
///
/// A clone is a version of its own: no later change of one shows in the other. It copies everything, O(n), unless the
/// contender says otherwise.
///
/// The costs below are those of what is provided here, for a store of n pointers.
pub trait FlatStore<L: Content = Leaf>: Clone + 'static {
    /// What [`to_object`](FlatStore::to_object) builds.
    type Object: Built;

    /// The empty store.
    fn new() -> Self;
    /// Number of pointers.
    fn len(&self) -> usize;
    /// The leaf at `pointer`; `None` where there is none.
    fn get(&self, pointer: Pointer<'_>) -> Option<&L>;
    /// The leaf at `pointer`, to be changed in this version only; `None` where there is none.
    fn get_mut(&mut self, pointer: Pointer<'_>) -> Option<&mut L>;
    /// Puts `leaf` at `pointer`. Returns the leaf that it replaces.
    fn set(&mut self, pointer: Pointer<'_>, leaf: L) -> Option<L>;
    /// Removes and returns the leaf at `pointer`. What lies below it stays.
    fn delete(&mut self, pointer: Pointer<'_>) -> Option<L>;
    /// Visits every pointer below `prefix` and its leaf once, in any order.
    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a L)>;

    /// The [tree](flat::tree) at `prefix`: that of what lies below, or else the leaf there; `None` without either.
    ///
    /// `kinds` tells which containers are objects although their children are named like an array's elements. A
    /// contender that keeps nothing of a tree calls [`tree_at`].
    fn to_object(&self, prefix: Pointer<'_>, kinds: &Kinds) -> Option<Self::Object>;

    /// Whether there is no pointer.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a leaf at `pointer`. As much as a [`get`](FlatStore::get).
    fn has(&self, pointer: Pointer<'_>) -> bool {
        self.get(pointer).is_some()
    }

    /// Visits every pointer below `prefix` once, in any order. As much as [`entries`](FlatStore::entries).
    fn keys<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = &'a str> {
        self.entries(prefix).map(|(key, _)| key)
    }

    /// Every pointer below `prefix`, in the order of their bytes. As much as [`keys`](FlatStore::keys) and a sort.
    fn sorted_keys<'a>(&'a self, prefix: Pointer<'a>) -> Vec<&'a str> {
        let mut keys: Vec<&str> = self.keys(prefix).collect();
        keys.sort_unstable();
        keys
    }

    /// Whether anything lies below `prefix`. As much as the first of the [`keys`](FlatStore::keys).
    fn has_descendants(&self, prefix: Pointer<'_>) -> bool {
        self.keys(prefix).next().is_some()
    }

    /// Removes what lies at `prefix` and below it. Returns how many leaves it removed. As much as the
    /// [`keys`](FlatStore::keys) and a [`delete`](FlatStore::delete) of each.
    fn delete_subtree(&mut self, prefix: Pointer<'_>) -> usize {
        let below: Vec<String> = self.keys(prefix).map(str::to_owned).collect();
        let below = below.iter().filter_map(|key| Pointer::parse(key).ok());
        let below = below.filter(|key| self.delete(*key).is_some()).count();
        below + usize::from(self.delete(prefix).is_some())
    }

    /// Calls `visit` once for every pointer whose leaf is not the same in both stores, in any order: with the pointer,
    /// the leaf in `older`, and the leaf in this store.
    ///
    /// O(n) for the leaves of both stores together: each is looked up in the other store. A contender whose versions
    /// share memory compares only what they do not share.
    fn differences(&self, older: &Self, mut visit: impl FnMut(&str, Option<&L>, Option<&L>)) {
        for (key, new) in all(self) {
            let old = older.get(Pointer(key));
            if old != Some(new) {
                visit(key, old, Some(new));
            }
        }
        for (key, old) in all(older) {
            if !self.has(Pointer(key)) {
                visit(key, Some(old), None);
            }
        }
    }
}

/// Every pointer of a store and its leaf, the empty pointer's too.
fn all<L: Content, S: FlatStore<L>>(store: &S) -> impl Iterator<Item = (&str, &L)> {
    let root = store.get(Pointer::ROOT).map(|leaf| ("", leaf));
    root.into_iter().chain(store.entries(Pointer::ROOT))
}

/// What [`FlatStore::to_object`] returns, built anew of copies of the leaves: O(m log m) for m leaves at `prefix` and
/// below it, and what it takes to find these.
pub fn tree_at<L: Content, S: FlatStore<L>>(store: &S, prefix: Pointer<'_>, kinds: &Kinds) -> Option<Value> {
    let below = flat::tree(prefix, store.entries(prefix), kinds);
    below.or_else(|| store.get(prefix).map(|leaf| leaf.value().into_owned()))
}
