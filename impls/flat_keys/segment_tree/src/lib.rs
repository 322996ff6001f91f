//! The lab's own flat store. Every pointer, and every prefix of one, is a node of a tree, and one hash table finds
//! each node by its whole text.
//!
//! ```text
//!   text:   "/a/b" "/a" "/a/c"           one arena for the texts of all nodes
//!              ▲     ▲     ▲
//!   nodes: ┌───┼─────┼─────┼──┐
//!          │0: "" root        │ first ──► 2
//!          │1: "/a/b"  leaf 5 │ parent 2, next -
//!          │2: "/a"           │ parent 0, first ──► 3
//!          │3: "/a/c"  leaf 7 │ parent 2, next ──► 1
//!          └──────────────────┘
//!   table:  hash of the text ─► number of the node
//! ```
//!
//! A single pointer is found as in a hash map, by one hash and one comparison of texts. A prefix is found in the same
//! way, and what lies below it are its descendants. A new pointer looks up its parent by a shorter text, and so on
//! until a prefix is there; mostly the first one is.
//!
//! Invariants:
//!
//! * node 0 is the root, whose text is empty; it always exists, and is not in the table;
//! * every other node in use is in the table once, and in the list of children of its parent: the node whose text is
//!   its own without the last segment;
//! * every node but the root has a leaf or a child;
//! * `len` is the number of leaves, and `dead` the number of bytes in the arena that belong to no node in use;
//! * free nodes have `FREE` for a parent and are linked by `next`.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;
use scenarios::flat::{Content, Kinds, Leaf, Pointer, array_index, unescape};
use scenarios::flat_keys::FlatStore;
use scenarios::input::FixedHasher;
use scenarios::{About, Capability, Contender, Growth, Role};
use serde_json::Value;

/// Stands for a node's number where there is no node.
const NONE: u32 = u32::MAX;

/// Stands for a parent's number: the node is not in use.
const FREE: u32 = u32::MAX - 1;

/// The root's number.
const ROOT: u32 = 0;

/// Up to this many dead bytes, the arena is not rewritten.
const SLACK: usize = 4096;

#[derive(Clone)]
struct Node<L> {
    leaf: Option<L>,
    hash: u64,
    start: usize,
    length: usize,
    parent: u32,
    /// The first of its children.
    first: u32,
    /// Its siblings on both sides.
    next: u32,
    previous: u32,
}

/// The nodes, and the table that leads to them. A clone copies both.
#[derive(Clone)]
pub struct Store<L> {
    table: HashTable<u32>,
    nodes: Vec<Node<L>>,
    text: String,
    dead: usize,
    free: u32,
    len: usize,
}

#[inline]
fn hash(text: &str) -> u64 {
    let mut hasher = FixedHasher::default().build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

impl<L: Content> Store<L> {
    #[inline]
    fn node(&self, id: u32) -> &Node<L> {
        &self.nodes[id as usize]
    }

    #[inline]
    fn node_mut(&mut self, id: u32) -> &mut Node<L> {
        &mut self.nodes[id as usize]
    }

    /// The text of a node in use.
    #[inline]
    fn text_of(&self, node: &Node<L>) -> &str {
        debug_assert!(self.text.get(node.start..node.start + node.length).is_some());
        // SAFETY: the range of a node in use is that of a whole text which `add` or `compact` pushed to the arena, and
        // nothing but `compact`, which sets all ranges anew, takes anything away from it.
        unsafe { self.text.get_unchecked(node.start..node.start + node.length) }
    }

    /// The node of `text`, whose hash is `hash`. It does not find the root.
    #[inline]
    fn find(&self, hash: u64, text: &str) -> Option<u32> {
        let (nodes, arena) = (&self.nodes, self.text.as_bytes());
        let found = self.table.find(hash, |id| {
            let node = &nodes[*id as usize];
            node.length == text.len() && arena[node.start..][..node.length] == *text.as_bytes()
        });
        found.copied()
    }

    #[inline]
    fn find_pointer(&self, pointer: Pointer<'_>) -> Option<u32> {
        let text = pointer.as_str();
        if text.is_empty() { Some(ROOT) } else { self.find(hash(text), text) }
    }

    /// Adds a node to the table; it has no parent yet.
    fn add(&mut self, text: &str, hash: u64, leaf: Option<L>) -> u32 {
        let start = self.text.len();
        self.text.push_str(text);
        let node = Node {
            leaf,
            hash,
            start,
            length: text.len(),
            parent: NONE,
            first: NONE,
            next: NONE,
            previous: NONE,
        };
        let id = if self.free == NONE {
            // 2³² nodes would take 300 GB.
            let id = u32::try_from(self.nodes.len()).expect("fewer nodes than 32 bits can number");
            self.nodes.push(node);
            id
        } else {
            let id = self.free;
            self.free = self.node(id).next;
            *self.node_mut(id) = node;
            id
        };
        let nodes = &self.nodes;
        self.table.insert_unique(hash, id, |id| nodes[*id as usize].hash);
        id
    }

    /// Makes `child` the first of `parent`'s children.
    fn link(&mut self, child: u32, parent: u32) {
        let next = std::mem::replace(&mut self.node_mut(parent).first, child);
        if next != NONE {
            self.node_mut(next).previous = child;
        }
        let node = self.node_mut(child);
        node.parent = parent;
        node.next = next;
    }

    /// Takes a node that has neither leaf nor child out of its list and out of the arena; returns its parent.
    fn unlink(&mut self, id: u32) -> u32 {
        let free = std::mem::replace(&mut self.free, id);
        let node = self.node_mut(id);
        let (parent, next, previous, length) = (node.parent, node.next, node.previous, node.length);
        node.parent = FREE;
        node.next = free;
        if previous == NONE {
            self.node_mut(parent).first = next;
        } else {
            self.node_mut(previous).next = next;
        }
        if next != NONE {
            self.node_mut(next).previous = previous;
        }
        self.dead += length;
        parent
    }

    /// Adds a pointer that is not in the tree yet, and its prefixes up to the first one that is.
    fn insert(&mut self, pointer: Pointer<'_>, hash_of_pointer: u64, leaf: L) {
        let mut child = self.add(pointer.as_str(), hash_of_pointer, Some(leaf));
        let mut pointer = pointer;
        while let Some(parent) = pointer.parent() {
            let text = parent.as_str();
            if text.is_empty() {
                self.link(child, ROOT);
                break;
            }
            let hash = hash(text);
            if let Some(found) = self.find(hash, text) {
                self.link(child, found);
                break;
            }
            let added = self.add(text, hash, None);
            self.link(child, added);
            child = added;
            pointer = parent;
        }
        self.len += 1;
    }

    /// Removes `id` if it has neither leaf nor child, and then likewise each ancestor that is left without.
    fn prune(&mut self, id: u32) {
        let mut id = id;
        while id != ROOT && self.node(id).leaf.is_none() && self.node(id).first == NONE {
            if let Ok(entry) = self.table.find_entry(self.node(id).hash, |other| *other == id) {
                entry.remove();
            }
            id = self.unlink(id);
        }
        if self.dead > SLACK && self.dead > self.text.len() / 2 {
            self.compact();
        }
    }

    /// Rewrites the arena without its dead bytes. They are more than half, so this takes less work than writing them
    /// did.
    fn compact(&mut self) {
        let mut text = String::with_capacity(self.text.len() - self.dead);
        for node in self.nodes.iter_mut().filter(|node| node.parent != FREE) {
            let start = text.len();
            text.push_str(&self.text[node.start..node.start + node.length]);
            node.start = start;
        }
        self.text = text;
        self.dead = 0;
    }

    /// The tree at a node; `None` if the node is an empty root.
    fn value(&self, node: &Node<L>, kinds: &Kinds) -> Option<Value> {
        if node.first == NONE {
            return node.leaf.as_ref().map(|leaf| leaf.value().into_owned());
        }
        // The last segment of a child begins after the slash behind this node's text.
        let segment = |child: &Node<L>| &self.text[child.start + node.length + 1..child.start + child.length];
        let children = || {
            let some = |id: u32| (id != NONE).then(|| self.node(id));
            std::iter::successors(some(node.first), move |child| some(child.next))
        };
        let index = |child: &Node<L>| array_index(segment(child)).map(|index| index as usize);
        if index(self.node(node.first)).is_some() {
            let count = children().count();
            let is_dense = children().all(|child| index(child).is_some_and(|index| index < count));
            // Only what is dense may be recorded, so seldom a text has to be made a pointer again.
            if is_dense && !Pointer::parse(self.text_of(node)).is_ok_and(|pointer| kinds.is_object(pointer)) {
                let mut elements = vec![Value::Null; count];
                for child in children() {
                    if let (Some(at), Some(value)) = (index(child), self.value(child, kinds)) {
                        elements[at] = value;
                    }
                }
                return Some(Value::Array(elements));
            }
        }
        let members = children()
            .filter_map(|child| Some((unescape(segment(child)).into_owned(), self.value(child, kinds)?)));
        Some(Value::Object(members.collect()))
    }
}

/// Walks over the leaves below a node, depth first.
struct Below<'a, L> {
    store: &'a Store<L>,
    /// Where the walk began; [`NONE`] for a walk over nothing.
    top: u32,
    /// The node visited last; `None` at the end.
    at: Option<&'a Node<L>>,
}

impl<'a, L: Content> Iterator for Below<'a, L> {
    type Item = (&'a str, &'a L);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let mut node = self.at?;
        loop {
            let to = if node.first != NONE { node.first } else { node.next };
            node = if to != NONE { self.store.node(to) } else { self.above(node)? };
            if let Some(leaf) = &node.leaf {
                self.at = Some(node);
                return Some((self.store.text_of(node), leaf));
            }
        }
    }
}

impl<'a, L: Content> Below<'a, L> {
    fn new(store: &'a Store<L>, top: Option<u32>) -> Self {
        // Without a child there is nothing to walk; the top's siblings are not below it.
        let node = top.map(|id| store.node(id)).filter(|node| node.first != NONE);
        Below { store, top: top.unwrap_or(NONE), at: node }
    }

    /// The next sibling of the nearest ancestor below the top that has one. Ends the walk if none has.
    fn above(&mut self, node: &Node<L>) -> Option<&'a Node<L>> {
        let mut parent = node.parent;
        while parent != self.top {
            let node = self.store.node(parent);
            if node.next != NONE {
                return Some(self.store.node(node.next));
            }
            parent = node.parent;
        }
        self.at = None;
        None
    }
}

impl<L: Content> FlatStore<L> for Store<L> {
    type Object = Value;

    fn new() -> Self {
        let root = Node {
            leaf: None,
            hash: 0,
            start: 0,
            length: 0,
            parent: NONE,
            first: NONE,
            next: NONE,
            previous: NONE,
        };
        Store { table: HashTable::new(), nodes: vec![root], text: String::new(), dead: 0, free: NONE, len: 0 }
    }

    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn get(&self, pointer: Pointer<'_>) -> Option<&L> {
        self.node(self.find_pointer(pointer)?).leaf.as_ref()
    }

    #[inline]
    fn get_mut(&mut self, pointer: Pointer<'_>) -> Option<&mut L> {
        let id = self.find_pointer(pointer)?;
        self.node_mut(id).leaf.as_mut()
    }

    #[inline]
    fn set(&mut self, pointer: Pointer<'_>, leaf: L) -> Option<L> {
        let text = pointer.as_str();
        let hash = hash(text);
        let found = if text.is_empty() { Some(ROOT) } else { self.find(hash, text) };
        let Some(id) = found else {
            self.insert(pointer, hash, leaf);
            return None;
        };
        let before = self.node_mut(id).leaf.replace(leaf);
        self.len += usize::from(before.is_none());
        before
    }

    #[inline]
    fn delete(&mut self, pointer: Pointer<'_>) -> Option<L> {
        let id = self.find_pointer(pointer)?;
        let leaf = self.node_mut(id).leaf.take()?;
        self.len -= 1;
        self.prune(id);
        Some(leaf)
    }

    #[inline]
    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a L)> {
        Below::new(self, self.find_pointer(prefix))
    }

    #[inline]
    fn has_descendants(&self, prefix: Pointer<'_>) -> bool {
        self.find_pointer(prefix).is_some_and(|id| self.node(id).first != NONE)
    }

    fn to_object(&self, prefix: Pointer<'_>, kinds: &Kinds) -> Option<Value> {
        self.value(self.node(self.find_pointer(prefix)?), kinds)
    }
}

/// The contender: a tree of pointers, linked through one hash table.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_keys::contender::<Store<Leaf>>(About {
        name: "segment_tree",
        role: Role::Optimized,
        summary: "Every pointer and every prefix is a node of a linked tree, found by its text in one hash table.",
        source: "the lab's own, after data-map's prefix index",
        analysis: ANALYSIS,
        complexity: &[
            ("get", Growth::Constant),
            ("set", Growth::Constant),
            ("delete", Growth::Constant),
            ("churn", Growth::Constant),
            ("build", Growth::Constant),
            ("keys_under_prefix", Growth::Constant),
            ("first_key", Growth::Constant),
            ("sorted_keys", Growth::Logarithmic),
            ("has_descendants", Growth::Constant),
            ("to_object", Growth::Logarithmic),
            ("to_object_again", Growth::Linearithmic),
            ("wide_get", Growth::Constant),
            ("set_kept", Growth::Linear),
        ],
        capabilities: &[Capability::Prefixes, Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Pointers and their prefixes are nodes in one array. Each node knows its parent, its first child and its \
siblings by number, and one hash table leads from a text to its node. The texts lie one behind the other in \
an arena, which is rewritten when more than half of it is dead.

A single pointer costs one hash and one comparison, as in a hash map. A prefix costs the same, and then a \
walk over exactly what lies below. To keep the tree, a new pointer hashes one more text, that of its \
parent, and is put in front of its siblings; a deleted one is taken out of a doubly linked list. No set \
holds a pointer a second time, and no node needs an allocation of its own.

It loses where keys are wanted in order. Children are linked in the order in which they come, so \
sorted_keys has to sort, while an ordered tree only walks.";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Pointer<'_> {
        Pointer::parse(text).unwrap()
    }

    /// Checks every invariant that the module's documentation states.
    fn verify(store: &Store<Leaf>) {
        let used = |id: &u32| store.node(*id).parent != FREE;
        let ids: Vec<u32> = (0..store.nodes.len() as u32).filter(used).collect();
        assert_eq!(store.table.len(), ids.len() - 1);
        assert_eq!(store.len, ids.iter().filter(|id| store.node(**id).leaf.is_some()).count());
        let live: usize = ids.iter().map(|id| store.node(*id).length).sum();
        assert_eq!(store.text.len(), live + store.dead);
        let mut children = 0;
        for id in ids.iter().copied() {
            let node = store.node(id);
            let text = store.text_of(node);
            assert!(id == ROOT || node.leaf.is_some() || node.first != NONE, "{text} holds nothing");
            assert_eq!(store.find_pointer(at(text)), Some(id));
            let mut previous = NONE;
            let mut child = node.first;
            while child != NONE {
                let inner = store.node(child);
                assert_eq!((inner.parent, inner.previous), (id, previous));
                assert_eq!(at(store.text_of(inner)).parent(), Some(at(text)));
                (previous, child) = (child, inner.next);
                children += 1;
            }
        }
        assert_eq!(children, ids.len() - 1);
    }

    #[test]
    fn the_tree_is_what_the_pointers_say() {
        let mut store = Store::<Leaf>::new();
        let mut state = 1u64;
        for step in 0..4000u64 {
            state = scenarios::input::mix(state + step);
            let text = match state % 4 {
                0 => format!("/{}", state >> 8 & 7),
                1 => format!("/{}/{}", state >> 8 & 7, state >> 16 & 7),
                2 => format!("/{}//{}/é", state >> 8 & 7, state >> 16 & 7),
                _ => String::new(),
            };
            if state >> 32 & 1 == 0 {
                store.set(at(&text), Leaf::from(step));
            } else {
                store.delete(at(&text));
            }
            if step % 50 == 0 {
                verify(&store);
            }
        }
    }

    #[test]
    fn nodes_and_text_are_used_again() {
        let mut store = Store::<Leaf>::new();
        let texts: Vec<String> = (0..1000).map(|id| format!("/users/{id}/name")).collect();
        let mut nodes = 0;
        let mut text = 0;
        for round in 0..20 {
            for text in &texts {
                store.set(at(text), Leaf::from(round));
            }
            verify(&store);
            for text in &texts {
                store.delete(at(text));
            }
            verify(&store);
            if round == 0 {
                (nodes, text) = (store.nodes.len(), store.text.capacity());
            }
        }
        assert_eq!(store.nodes.len(), nodes);
        assert!(store.text.capacity() <= 2 * text + SLACK);
        assert_eq!(store.table.len(), 0);
    }
}
