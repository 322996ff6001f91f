//! The store as the evaluator sees it: a tree of nodes by number.

use std::borrow::Cow;

use json_path::{Document, View};
use scenarios::flat::{Leaf, escape, unescape};

use crate::{INDEX, Step, Store};

impl Document for Store {
    type Node = u32;

    fn view(&self, id: u32) -> View<'_> {
        let node = self.node(id);
        match node.own_leaf().map(Leaf::value) {
            Some(value) => value.into(),
            None if self.is_array(node) => View::Array(node.children.len()),
            None => View::Object(node.children.len()),
        }
    }

    fn member(&self, id: u32, name: &str) -> Option<u32> {
        self.single(id, Step::Name(self.segment(&escape(name))?))
    }

    fn element(&self, id: u32, index: usize) -> Option<u32> {
        self.single(id, Step::Index(self.index_segment(u32::try_from(index).ok()?)?))
    }

    fn children(&self, id: u32) -> impl Iterator<Item = u32> {
        let node = self.node(id);
        // The children of an array lie in the order in which they were set. Beyond 2³¹ elements nothing is an array.
        let elements = if self.is_array(node) { node.children.len() as u32 } else { 0 };
        let in_order = (0..elements).filter_map(move |index| self.child(id, INDEX | index));
        let members = if elements == 0 { node.children.as_slice() } else { &[] };
        in_order.chain(members.iter().map(|(_, child)| *child))
    }

    fn name(&self, member: u32) -> Cow<'_, str> {
        let node = self.node(member);
        unescape(&self.text_of(node)[self.node(node.parent).length + 1..])
    }
}
