//! A `serde_json::Value` as a document.

use std::borrow::Cow;
use std::cell::RefCell;

use serde_json::Value;

use crate::document::{Document, View};

/// A tree that exists already.
///
/// A [`Value`] does not know where it lies. So the tree remembers, of every node that it handed out, how it was reached.
pub struct Tree<'a> {
    root: &'a Value,
    places: RefCell<Vec<Place<'a>>>,
}

/// A node of a [`Tree`].
#[derive(Clone, Copy)]
pub struct TreeNode<'a> {
    value: &'a Value,
    place: usize,
}

struct Place<'a> {
    parent: usize,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl<'a> Tree<'a> {
    /// A view of this tree.
    pub fn new(root: &'a Value) -> Self {
        Tree { root, places: RefCell::new(vec![Place { parent: 0, step: Step::Root }]) }
    }

    /// Its root.
    pub fn root(&self) -> TreeNode<'a> {
        TreeNode { value: self.root, place: 0 }
    }

    /// The JSON pointer (RFC 6901) to a node.
    pub fn pointer(&self, node: TreeNode<'a>) -> String {
        let places = self.places.borrow();
        let mut steps = Vec::new();
        let mut place = &places[node.place];
        while !matches!(place.step, Step::Root) {
            steps.push(place.step);
            place = &places[place.parent];
        }
        let mut pointer = String::new();
        for step in steps.iter().rev() {
            pointer.push('/');
            match step {
                Step::Name(name) if name.contains(['~', '/']) => {
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                }
                Step::Name(name) => pointer.push_str(name),
                Step::Index(index) => pointer.push_str(&index.to_string()),
                Step::Root => {}
            }
        }
        pointer
    }

    fn child(&self, parent: TreeNode<'a>, step: Step<'a>, value: &'a Value) -> TreeNode<'a> {
        let mut places = self.places.borrow_mut();
        places.push(Place { parent: parent.place, step });
        TreeNode { value, place: places.len() - 1 }
    }
}

impl<'a> TreeNode<'a> {
    /// Its value.
    pub fn value(self) -> &'a Value {
        self.value
    }
}

impl<'a> Document for Tree<'a> {
    type Node = TreeNode<'a>;

    fn view(&self, node: TreeNode<'a>) -> View<'_> {
        node.value.into()
    }

    fn member(&self, node: TreeNode<'a>, name: &str) -> Option<TreeNode<'a>> {
        let (name, value) = node.value.as_object()?.get_key_value(name)?;
        Some(self.child(node, Step::Name(name), value))
    }

    fn element(&self, node: TreeNode<'a>, index: usize) -> Option<TreeNode<'a>> {
        Some(self.child(node, Step::Index(index), node.value.as_array()?.get(index)?))
    }

    fn children(&self, node: TreeNode<'a>) -> impl Iterator<Item = TreeNode<'a>> {
        let elements = node.value.as_array().into_iter().flatten().enumerate();
        let members = node.value.as_object().into_iter().flatten();
        let elements = elements.map(move |(index, value)| self.child(node, Step::Index(index), value));
        elements.chain(members.map(move |(name, value)| self.child(node, Step::Name(name), value)))
    }

    fn name(&self, member: TreeNode<'a>) -> Cow<'_, str> {
        match self.places.borrow()[member.place].step {
            Step::Name(name) => Cow::Borrowed(name),
            Step::Index(_) | Step::Root => Cow::Borrowed(""),
        }
    }

    fn mark(&self) -> usize {
        self.places.borrow().len()
    }

    fn release(&self, mark: usize) {
        self.places.borrow_mut().truncate(mark);
    }
}
