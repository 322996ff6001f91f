//! The nodes: a tree of interned segments, and a list of the nodes of each name.
//!
//! ```text
//!   segments:  7 = "users" ─► nodes 1        8 = "name" ─► nodes 3, 6      9 = "age" ─► nodes 4, 7
//!              an index below 2³¹ stands for itself and has no list
//!
//!   nodes: 0 root ── (users, 1)
//!          1 "/users" ── ([0], 2) ([1], 5)
//!          2 "/users/0" ── (name, 3) (age, 4)
//!          3 "/users/0/name"  leaf "x"         each node: its pointer's text, its parent, its children
//!          …                                   as pairs of segment and node, its leaf
//! ```
//!
//! A child is found among the pairs of its parent; if there are many, in a table by parent and segment. A wildcard
//! walks the pairs. `..name` from the root walks the list of that name. Filters of one comparison (`?@.age > 30`) are
//! decided at the node.
//!
//! Invariants:
//!
//! * node 0 is the root and always exists; every other node in use has a leaf or a child;
//! * a node is once among its parent's children, at `position`, and once in `table`;
//! * a node with an interned segment is once in that segment's list, at `posting`; a segment with an empty list is not
//!   interned;
//! * `census` counts the children;
//! * `dead` is the number of bytes of `text` that belong to no node in use.

use std::hash::{BuildHasher, Hasher};
use std::ops::ControlFlow;

use hashbrown::HashTable;
use scenarios::flat::{Census, Kinds, Leaf, Pointer, array_index, unescape};
use scenarios::flat_query::SelectorKind;
use scenarios::input::{FixedHasher, mix};
use serde_json::Value;

use crate::filter::Filter;
use crate::path::Part;

/// Stands for the number of a node or segment where there is none.
const NONE: u32 = u32::MAX;

/// The root's number.
pub(crate) const ROOT: u32 = 0;

/// This bit is set in segments that are indices.
pub(crate) const INDEX: u32 = 1 << 31;

/// Up to this many children are searched one by one.
const FEW: usize = 8;

/// Up to this many dead bytes, the arena is not rewritten.
const SLACK: usize = 4096;

/// What a node holds where its leaf is: the leaf itself, or nothing but that there is one.
pub(crate) trait Held {
    /// Whether a container may be an array. If not, an index selects nothing.
    const ARRAYS: bool;
}

impl Held for Leaf {
    const ARRAYS: bool = true;
}

/// Of an index beside another store, whose containers are objects.
impl Held for () {
    const ARRAYS: bool = false;
}

/// Where the values of a store's leaves are. It is handed on by value, so that it costs nothing if the nodes hold them.
pub(crate) trait Values<'a, L>: Copy {
    /// The value of a node that exists; `None` if it has children.
    fn value(self, store: &'a Store<L>, id: u32) -> Option<&'a Value>;
}

/// The values are in the nodes.
#[derive(Clone, Copy)]
pub(crate) struct InNodes;

impl<'a> Values<'a, Leaf> for InNodes {
    #[inline]
    fn value(self, store: &'a Store<Leaf>, id: u32) -> Option<&'a Value> {
        store.node(id).own_leaf().map(Leaf::value)
    }
}

pub(crate) struct Node<L> {
    leaf: Option<L>,
    pub(crate) children: Vec<(u32, u32)>,
    census: Census,
    start: usize,
    pub(crate) length: usize,
    segment: u32,
    pub(crate) parent: u32,
    /// Its place among its parent's children.
    position: u32,
    /// Its place in the list of its segment.
    posting: u32,
    used: bool,
}

/// An interned segment.
#[derive(Default)]
struct Name {
    text: String,
    /// The index that it spells, if that is 2³¹ or more.
    index: Option<u32>,
    nodes: Vec<u32>,
}

pub(crate) struct Store<L> {
    nodes: Vec<Node<L>>,
    free_nodes: Vec<u32>,
    /// Nodes by parent and segment.
    table: HashTable<u32>,
    names: Vec<Name>,
    free_names: Vec<u32>,
    /// Interned segments by text.
    interned: HashTable<u32>,
    text: String,
    dead: usize,
    kinds: Kinds,
}

#[inline]
fn hash_text(text: &str) -> u64 {
    let mut hasher = FixedHasher::default().build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[inline]
fn hash_child(parent: u32, segment: u32) -> u64 {
    mix((u64::from(parent) << 32) | u64::from(segment))
}

/// A part of a path, ready to be evaluated.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    /// The child with this segment. If the segment is an index, only an object's child.
    Name(u32),
    /// An element of an array.
    Index(u32),
    Wildcard,
    /// Every child that a filter lets through.
    Filter(&'a Filter),
    /// Every descendant with this segment.
    DescendantName(u32),
    DescendantIndex(u32),
    DescendantWildcard,
}

impl<L> Node<L> {
    fn new(segment: u32, parent: u32) -> Self {
        Node {
            leaf: None,
            children: Vec::new(),
            census: Census::default(),
            start: 0,
            length: 0,
            segment,
            parent,
            position: NONE,
            posting: NONE,
            used: true,
        }
    }

    /// Its leaf, unless children hide it.
    #[inline]
    pub(crate) fn own_leaf(&self) -> Option<&L> {
        self.leaf.as_ref().filter(|_| self.children.is_empty())
    }

    /// Whether it is a node of the document, which an empty root is not.
    pub(crate) fn exists(&self) -> bool {
        self.leaf.is_some() || !self.children.is_empty()
    }
}

impl<L: Held> Store<L> {
    /// A store without leaves. `kinds` says which of its containers are objects whatever their children are named.
    pub(crate) fn new(kinds: Kinds) -> Self {
        Store {
            nodes: vec![Node::new(NONE, NONE)],
            free_nodes: Vec::new(),
            table: HashTable::new(),
            names: Vec::new(),
            free_names: Vec::new(),
            interned: HashTable::new(),
            text: String::new(),
            dead: 0,
            kinds,
        }
    }

    /// Puts a leaf at a pointer. It replaces the one that is there.
    pub(crate) fn put(&mut self, pointer: Pointer<'_>, leaf: L) {
        let mut id = ROOT;
        let mut length = 0;
        for text in pointer.segments() {
            length += 1 + text.len();
            let segment = self.intern(text);
            id = match self.child(id, segment) {
                Some(child) => child,
                None => self.add(id, segment, &pointer.as_str()[..length]),
            };
        }
        self.node_mut(id).leaf = Some(leaf);
    }

    /// Removes the leaf at a pointer. Returns whether there was one.
    pub(crate) fn take(&mut self, pointer: Pointer<'_>) -> bool {
        let Some(mut id) = self.find(pointer) else { return false };
        if self.node_mut(id).leaf.take().is_none() {
            return false;
        }
        while id != ROOT && !self.node(id).exists() {
            id = self.take_out(id);
        }
        if self.dead > SLACK && self.dead > self.text.len() / 2 {
            self.compact();
        }
        true
    }

    #[inline]
    pub(crate) fn node(&self, id: u32) -> &Node<L> {
        &self.nodes[id as usize]
    }

    #[inline]
    fn node_mut(&mut self, id: u32) -> &mut Node<L> {
        &mut self.nodes[id as usize]
    }

    /// The number of a node in use.
    pub(crate) fn id_of(&self, node: &Node<L>) -> u32 {
        if node.parent == NONE { ROOT } else { self.node(node.parent).children[node.position as usize].1 }
    }

    /// The text of a node in use.
    #[inline]
    pub(crate) fn text_of(&self, node: &Node<L>) -> &str {
        debug_assert!(self.text.get(node.start..node.start + node.length).is_some());
        // SAFETY: the range of a node in use is empty or that of a whole text which `add` or `compact` pushed to the
        // arena, and nothing but `compact`, which sets all ranges anew, takes anything away from it.
        unsafe { self.text.get_unchecked(node.start..node.start + node.length) }
    }

    /// The segment's number; `None` if no node has the segment. Indices always have a number.
    pub(crate) fn segment(&self, text: &str) -> Option<u32> {
        if let Some(index) = array_index(text).filter(|index| *index < INDEX) {
            return Some(INDEX | index);
        }
        self.interned.find(hash_text(text), |id| self.names[*id as usize].text == text).copied()
    }

    /// The number of the segment that spells an index; `None` if no node has the segment.
    #[inline]
    pub(crate) fn index_segment(&self, index: u32) -> Option<u32> {
        if index < INDEX { Some(INDEX | index) } else { self.segment(&index.to_string()) }
    }

    /// The number of a segment, which is interned if it is not yet.
    fn intern(&mut self, text: &str) -> u32 {
        if let Some(segment) = self.segment(text) {
            return segment;
        }
        let name = Name { text: text.to_owned(), index: array_index(text), nodes: Vec::new() };
        let id = match self.free_names.pop() {
            Some(id) => {
                self.names[id as usize] = name;
                id
            }
            None => {
                self.names.push(name);
                // 2³¹ names would take 100 GB.
                u32::try_from(self.names.len() - 1).expect("fewer names than 31 bits can number")
            }
        };
        let names = &self.names;
        self.interned.insert_unique(hash_text(text), id, |id| hash_text(&names[*id as usize].text));
        id
    }

    /// The index that a segment spells.
    #[inline]
    fn index_of(&self, segment: u32) -> Option<u32> {
        if segment & INDEX != 0 { Some(segment & !INDEX) } else { self.names[segment as usize].index }
    }

    /// Whether a node with children is an array.
    #[inline]
    pub(crate) fn is_array(&self, node: &Node<L>) -> bool {
        L::ARRAYS
            && node.census.is_dense()
            && !node.children.is_empty()
            && !Pointer::parse(self.text_of(node)).is_ok_and(|pointer| self.kinds.is_object(pointer))
    }

    #[inline]
    pub(crate) fn child(&self, id: u32, segment: u32) -> Option<u32> {
        let children = &self.node(id).children;
        if children.len() <= FEW {
            return children.iter().find(|(own, _)| *own == segment).map(|(_, child)| *child);
        }
        let found = self.table.find(hash_child(id, segment), |child| {
            let child = self.node(*child);
            child.parent == id && child.segment == segment
        });
        found.copied()
    }

    fn find(&self, pointer: Pointer<'_>) -> Option<u32> {
        pointer.segments().try_fold(ROOT, |id, segment| self.child(id, self.segment(segment)?))
    }

    /// Adds the child of `parent` whose pointer is `text`.
    fn add(&mut self, parent: u32, segment: u32, text: &str) -> u32 {
        let mut node = Node::new(segment, parent);
        (node.start, node.length) = (self.text.len(), text.len());
        self.text.push_str(text);
        let id = match self.free_nodes.last() {
            Some(id) => *id,
            None => u32::try_from(self.nodes.len()).expect("fewer nodes than 32 bits can number"),
        };
        if segment & INDEX == 0 {
            let list = &mut self.names[segment as usize].nodes;
            node.posting = list.len() as u32;
            list.push(id);
        }
        let index = self.index_of(segment);
        let above = self.node_mut(parent);
        node.position = above.children.len() as u32;
        above.children.push((segment, id));
        above.census.add(index);
        if self.free_nodes.pop().is_some() {
            *self.node_mut(id) = node;
        } else {
            self.nodes.push(node);
        }
        let nodes = &self.nodes;
        self.table.insert_unique(hash_child(parent, segment), id, |id| {
            let node = &nodes[*id as usize];
            hash_child(node.parent, node.segment)
        });
        id
    }

    /// Removes a node that has neither leaf nor child. Returns its parent.
    fn take_out(&mut self, id: u32) -> u32 {
        let node = self.node_mut(id);
        node.used = false;
        let (parent, segment, position, posting, length) =
            (node.parent, node.segment, node.position, node.posting, node.length);
        self.dead += length;
        self.free_nodes.push(id);
        if let Ok(entry) = self.table.find_entry(hash_child(parent, segment), |other| *other == id) {
            entry.remove();
        }
        let index = self.index_of(segment);
        let above = self.node_mut(parent);
        above.census.remove(index);
        above.children.swap_remove(position as usize);
        if let Some((_, moved)) = above.children.get(position as usize).copied() {
            self.node_mut(moved).position = position;
        }
        if segment & INDEX == 0 {
            let list = &mut self.names[segment as usize].nodes;
            list.swap_remove(posting as usize);
            if let Some(moved) = list.get(posting as usize).copied() {
                self.node_mut(moved).posting = posting;
            } else if list.is_empty() {
                let name = std::mem::take(&mut self.names[segment as usize]);
                if let Ok(entry) = self.interned.find_entry(hash_text(&name.text), |other| *other == segment)
                {
                    entry.remove();
                }
                self.free_names.push(segment);
            }
        }
        parent
    }

    /// Rewrites the arena without its dead bytes. They are more than half, so this takes less work than writing them
    /// did.
    fn compact(&mut self) {
        let mut text = String::with_capacity(self.text.len() - self.dead);
        for node in self.nodes.iter_mut().filter(|node| node.used) {
            let start = text.len();
            text.push_str(&self.text[node.start..node.start + node.length]);
            node.start = start;
        }
        self.text = text;
        self.dead = 0;
    }

    /// The child that a step selects, if the step is one that selects at most one.
    #[inline]
    pub(crate) fn single(&self, id: u32, step: Step<'_>) -> Option<u32> {
        match step {
            Step::Name(segment) if segment & INDEX == 0 => self.child(id, segment),
            Step::Name(segment) => self.child(id, segment).filter(|_| !self.is_array(self.node(id))),
            Step::Index(segment) => self.child(id, segment).filter(|_| self.is_array(self.node(id))),
            _ => None,
        }
    }

    /// Visits what `steps` select from a node. The recursion is as deep as there are steps.
    pub(crate) fn walk<'a>(
        &'a self,
        id: u32,
        steps: &[Step<'_>],
        values: impl Values<'a, L>,
        visit: &mut impl FnMut(&'a Node<L>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some((step, rest)) = steps.split_first() else { return visit(self.node(id)) };
        match *step {
            Step::Name(_) | Step::Index(_) => match self.single(id, *step) {
                Some(child) => self.walk(child, rest, values, visit),
                None => ControlFlow::Continue(()),
            },
            Step::Wildcard => self.walk_children(id, rest, values, visit),
            Step::Filter(filter) => {
                let names: Vec<Option<u32>> = filter.names.iter().map(|name| self.segment(name)).collect();
                for (_, child) in &self.node(id).children {
                    if self.admits(*child, filter, &names, values) {
                        self.walk(*child, rest, values, visit)?;
                    }
                }
                ControlFlow::Continue(())
            }
            // All nodes of this name, wherever they are.
            Step::DescendantName(segment) if id == ROOT && segment & INDEX == 0 => {
                for node in &self.names[segment as usize].nodes {
                    self.walk(*node, rest, values, visit)?;
                }
                ControlFlow::Continue(())
            }
            Step::DescendantName(segment) => self.walk_below(id, Step::Name(segment), rest, values, visit),
            Step::DescendantIndex(segment) => self.walk_below(id, Step::Index(segment), rest, values, visit),
            Step::DescendantWildcard => self.walk_below(id, Step::Wildcard, rest, values, visit),
        }
    }

    /// Visits what `rest` selects from every child.
    #[inline]
    fn walk_children<'a>(
        &'a self,
        id: u32,
        rest: &[Step<'_>],
        values: impl Values<'a, L>,
        visit: &mut impl FnMut(&'a Node<L>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let children = self.node(id).children.iter().map(|(_, child)| *child);
        match rest {
            [] => children.map(|child| self.node(child)).try_for_each(visit),
            // Nearly every path ends like this. A call for each child, and one for its child, would cost as much again.
            [step @ (Step::Name(_) | Step::Index(_))] => {
                for child in children {
                    if let Some(found) = self.single(child, *step) {
                        visit(self.node(found))?;
                    }
                }
                ControlFlow::Continue(())
            }
            _ => {
                for child in children {
                    self.walk(child, rest, values, visit)?;
                }
                ControlFlow::Continue(())
            }
        }
    }

    /// Visits what `step`, followed by `rest`, selects from a node and from everything below it.
    fn walk_below<'a>(
        &'a self,
        id: u32,
        step: Step<'_>,
        rest: &[Step<'_>],
        values: impl Values<'a, L>,
        visit: &mut impl FnMut(&'a Node<L>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // A loop, because documents may be deeper than the stack allows.
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            match step {
                Step::Wildcard => self.walk_children(id, rest, values, visit)?,
                step => {
                    if let Some(child) = self.single(id, step) {
                        self.walk(child, rest, values, visit)?;
                    }
                }
            }
            pending.extend(self.node(id).children.iter().rev().map(|(_, child)| *child));
        }
        ControlFlow::Continue(())
    }

    /// Whether a filter lets a node through.
    #[inline]
    fn admits<'a>(
        &'a self,
        id: u32,
        filter: &Filter,
        names: &[Option<u32>],
        values: impl Values<'a, L>,
    ) -> bool {
        let operand = names.iter().try_fold(id, |id, name| self.single(id, Step::Name((*name)?)));
        // A container exists, but is equal to no literal.
        filter.admits(operand.map(|id| values.value(self, id)))
    }

    /// Prepares the parts of a path; `None` if one of them selects nothing, because no node has its name.
    pub(crate) fn steps<'a>(&self, parts: &'a [Part]) -> Option<Vec<Step<'a>>> {
        let step = |part: &'a Part| match part {
            Part::Filter(filter) => Some(Step::Filter(filter)),
            Part::Simple(selector) => Some(match (&selector.kind, selector.descendant) {
                (SelectorKind::Wildcard, false) => Step::Wildcard,
                (SelectorKind::Wildcard, true) => Step::DescendantWildcard,
                (SelectorKind::Name(name), false) => Step::Name(self.segment(name)?),
                (SelectorKind::Name(name), true) => Step::DescendantName(self.segment(name)?),
                (SelectorKind::Index(_), _) if !L::ARRAYS => return None,
                (SelectorKind::Index(index), descendant) => {
                    let segment = self.index_segment(*index)?;
                    if descendant { Step::DescendantIndex(segment) } else { Step::Index(segment) }
                }
            }),
        };
        parts.iter().map(step).collect()
    }
}

impl Store<Leaf> {
    /// The tree at a node that exists.
    pub(crate) fn tree(&self, node: &Node<Leaf>) -> Value {
        if let Some(leaf) = node.own_leaf() {
            return leaf.value().clone();
        }
        let children = node.children.iter().map(|(segment, child)| (*segment, self.node(*child)));
        if self.is_array(node) {
            let mut elements = vec![Value::Null; node.children.len()];
            for (segment, child) in children {
                if let Some(at) = self.index_of(segment) {
                    elements[at as usize] = self.tree(child);
                }
            }
            return Value::Array(elements);
        }
        let member = |(_, child): (u32, &Node<Leaf>)| {
            let segment = &self.text_of(child)[node.length + 1..];
            (unescape(segment).into_owned(), self.tree(child))
        };
        Value::Object(children.map(member).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Pointer<'_> {
        Pointer::parse(text).unwrap()
    }

    /// Checks every invariant that the module's documentation states.
    fn verify<L: Held>(store: &Store<L>) {
        let ids: Vec<u32> = (0..store.nodes.len() as u32).filter(|id| store.node(*id).used).collect();
        assert_eq!(store.table.len(), ids.len() - 1);
        assert_eq!(store.nodes.len(), ids.len() + store.free_nodes.len());
        assert_eq!(store.text.len(), store.dead + ids.iter().map(|id| store.node(*id).length).sum::<usize>());
        for id in ids.iter().copied().filter(|id| *id != ROOT) {
            let node = store.node(id);
            assert!(node.exists());
            let parent = store.node(node.parent);
            assert_eq!(parent.children[node.position as usize], (node.segment, id));
            assert_eq!(store.find(at(store.text_of(node))), Some(id));
            assert_eq!(at(store.text_of(node)).parent().unwrap().as_str(), store.text_of(parent));
            if node.segment & INDEX == 0 {
                let name = &store.names[node.segment as usize];
                assert_eq!(name.nodes[node.posting as usize], id);
                assert_eq!(name.text, at(store.text_of(node)).last());
            }
        }
        let children: usize = ids.iter().map(|id| store.node(*id).children.len()).sum();
        assert_eq!(children, ids.len() - 1);
        let named = ids.iter().filter(|id| **id != ROOT && store.node(**id).segment & INDEX == 0).count();
        assert_eq!(store.names.iter().map(|name| name.nodes.len()).sum::<usize>(), named);
        assert_eq!(store.interned.len(), store.names.iter().filter(|name| !name.nodes.is_empty()).count());
        assert_eq!(store.names.len(), store.interned.len() + store.free_names.len());
    }

    /// Sets and deletes at random, and compares with the invariants. In the end everything is deleted.
    fn is_what_the_pointers_say<L: Held>(leaf: impl Fn(u64) -> L) {
        let mut store = Store::new(Kinds::default());
        let mut state = 1u64;
        for step in 0..4000u64 {
            state = mix(state + step);
            let text = match state % 4 {
                0 => format!("/{}", state >> 8 & 15),
                1 => format!("/a/{}", state >> 8 & 7),
                2 => format!("/name{}//{}/é", state >> 8 & 7, state >> 16 & 15),
                _ => format!("/a/4294967295/{}", state >> 8 & 3),
            };
            if state >> 32 & 1 == 0 {
                store.put(at(&text), leaf(step));
            } else {
                store.take(at(&text));
            }
            if step % 50 == 0 {
                verify(&store);
            }
        }
        for id in 0..store.nodes.len() as u32 {
            if store.node(id).used {
                let text = store.text_of(store.node(id)).to_owned();
                store.take(at(&text));
            }
        }
        verify(&store);
        assert_eq!((store.table.len(), store.interned.len()), (0, 0));
    }

    #[test]
    fn the_index_is_what_the_pointers_say() {
        is_what_the_pointers_say(Leaf::from);
        is_what_the_pointers_say(|_| ());
    }
}
