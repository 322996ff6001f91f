//! Evaluation: the parts of a path over the nodes, and the rest by the evaluator, which sees a tree of nodes by number.

use std::borrow::Cow;
use std::ops::ControlFlow;

use json_path::{Document, View};
use scenarios::flat::{escape, unescape};

use crate::path::Parsed;
use crate::store::{Held, INDEX, Node, ROOT, Step, Store, Values};

/// Visits every node that `path` selects, as often as it selects the node, until `visit` breaks.
#[inline]
pub(crate) fn select<'a, L: Held>(
    store: &'a Store<L>,
    path: &Parsed,
    values: impl Values<'a, L>,
    mut visit: impl FnMut(&'a Node<L>) -> ControlFlow<()>,
) {
    if !store.node(ROOT).exists() {
        return;
    }
    let Some(steps) = store.steps(&path.parts) else { return };
    let _ = match &path.rest {
        None => store.walk(ROOT, &steps, values, &mut visit),
        Some(query) => store.walk(ROOT, &steps, values, &mut |node| {
            query.select(&Seen { store, values }, ROOT, store.id_of(node), |id| visit(store.node(id)))
        }),
    };
}

/// A store and the values of its leaves.
struct Seen<'a, L, V> {
    store: &'a Store<L>,
    values: V,
}

impl<'a, L: Held, V: Values<'a, L>> Document for Seen<'a, L, V> {
    type Node = u32;

    fn view(&self, id: u32) -> View<'_> {
        let node = self.store.node(id);
        match self.values.value(self.store, id) {
            Some(value) => value.into(),
            None if self.store.is_array(node) => View::Array(node.children.len()),
            None => View::Object(node.children.len()),
        }
    }

    fn member(&self, id: u32, name: &str) -> Option<u32> {
        self.store.single(id, Step::Name(self.store.segment(&escape(name))?))
    }

    fn element(&self, id: u32, index: usize) -> Option<u32> {
        self.store.single(id, Step::Index(self.store.index_segment(u32::try_from(index).ok()?)?))
    }

    fn children(&self, id: u32) -> impl Iterator<Item = u32> {
        let node = self.store.node(id);
        // The children of an array lie in the order in which they were set. Beyond 2³¹ elements nothing is an array.
        let elements = if self.store.is_array(node) { node.children.len() as u32 } else { 0 };
        let in_order = (0..elements).filter_map(move |index| self.store.child(id, INDEX | index));
        let members = if elements == 0 { node.children.as_slice() } else { &[] };
        in_order.chain(members.iter().map(|(_, child)| *child))
    }

    fn name(&self, member: u32) -> Cow<'_, str> {
        let node = self.store.node(member);
        unescape(&self.store.text_of(node)[self.store.node(node.parent).length + 1..])
    }
}
