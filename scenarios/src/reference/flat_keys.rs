//! Leaves in the order of their pointers, all of which are looked at for a prefix.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::flat::{Kinds, Leaf, Pointer};
use crate::flat_keys::{FlatStore, tree_at};

#[derive(Clone)]
pub(super) struct Sorted(BTreeMap<String, Leaf>);

impl FlatStore for Sorted {
    type Object = Value;

    fn new() -> Self {
        Sorted(BTreeMap::new())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, pointer: Pointer<'_>) -> Option<&Leaf> {
        self.0.get(pointer.as_str())
    }

    fn get_mut(&mut self, pointer: Pointer<'_>) -> Option<&mut Leaf> {
        self.0.get_mut(pointer.as_str())
    }

    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) -> Option<Leaf> {
        self.0.insert(pointer.as_str().to_owned(), leaf)
    }

    fn delete(&mut self, pointer: Pointer<'_>) -> Option<Leaf> {
        self.0.remove(pointer.as_str())
    }

    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        let entries = self.0.iter().map(|(key, leaf)| (key.as_str(), leaf));
        entries.filter(move |(key, _)| prefix.is_above(key))
    }

    fn to_object(&self, prefix: Pointer<'_>, kinds: &Kinds) -> Option<Value> {
        tree_at(self, prefix, kinds)
    }
}
