//! The lab's own flat store with versions. Every pointer, and every prefix of one, is a node in one persistent map. A
//! clone takes constant time, and a tree that was built is kept until something in it changes.
//!
//! ```text
//!   nodes, a persistent map:
//!   ┌────────┬──────────┬──────────────────────┐
//!   │ text   │ leaf     │ children             │ ─► a persistent set each, behind a counted pointer
//!   ├────────┼──────────┼──────────────────────┤
//!   │ ""     │ -        │ {"/a"}               │
//!   │ "/a"   │ -        │ {"/a/b", "/a/c"}     │
//!   │ "/a/b" │ 5        │ -                    │     every text is allocated once: map, set, memos
//!   │ "/a/c" │ 7        │ -                    │     and built objects share it
//!   └────────┴──────────┴──────────────────────┘
//!   memos, a persistent map:
//!   ┌────────┬──────────────────────┬──────────┐
//!   │ text   │ value                │ changed  │
//!   ├────────┼──────────────────────┼──────────┤
//!   │ ""     │ {"a": ●}             │ {"/a"}   │ ─► "/a/b" was 4 when these were built
//!   │ "/a"   │       └►{"b":4,"c":7}│ {"/a/b"} │
//!   └────────┴──────────────────────┴──────────┘
//! ```
//!
//! A pointer is found by one look-up of its whole text, and so is a prefix. What lies below is found by the sets of
//! children, and one look-up for each of them. Two versions differ in what their maps do not share.
//!
//! # Invariants of nodes
//!
//! * every node has a leaf or children; no set of children is empty;
//! * every node but that of the root is a child of its parent: the node whose text is its own without the last segment;
//! * every child is a node, and its text there and here is the same allocation;
//! * `len` is the number of leaves.
//!
//! # Memos
//!
//! A memo holds the value that was built for a container. A change below it does not throw it away: the memo then also
//! names the children whose values are others now, or that came or went. So what is built next takes all other
//! children's values from it, and looks up only the changed ones. Of 10,000 users, of whom one changed, 9,999 are not
//! looked up, neither here nor in the map of nodes.
//!
//! * a memo's text is that of a node with children;
//! * each child of the container that `changed` does not name is a member of `value`, with the value that it has now.
//!   If it is a container, it has a memo without changes. There are no other members, except those named by `changed`;
//! * a member that `changed` names has its text's allocation;
//! * `changed` is not empty, and names at most as many children as `value` has members. With more, the memo goes: it would
//!   save little, and texts of children that came and went would pile up.
//!
//! So a change marks the containers above it, from the nearest on, and stops at the first that has no memo, or whose
//! memo names that child already: those above it know. While nothing was built, a change looks for no memo at all.
//!
//! The memos are in a table beside the nodes and not in them. A change below a container would otherwise copy the path to
//! its node, and every write would have to look whether there is a memo. The table is a persistent map, too, so a clone
//! takes constant time and knows what was built before. What is built later, each version keeps for itself.
//!
//! A built value depends on which containers are objects. The table is kept for one answer for all containers:
//! [`Kinds::NONE`] or [`Kinds::OBJECTS`]. When the other one is asked for, the table begins anew. Records of single
//! containers may change between two calls, so with these the tree is built without the table, which stays as it is.

use std::cell::RefCell;
use std::rc::Rc;

use persistent_collections::counter::Plain;
use persistent_collections::map::DiffItem;
use persistent_collections::{rc, set};
use scenarios::flat::{Content, Kinds, Leaf, Pointer, SharedValue, array_index};
use scenarios::flat_keys::FlatStore;
use scenarios::input::FixedHasher;
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};
use serde_json::Value;

/// The texts of pointers.
type Texts = rc::HashSet<Rc<str>, FixedHasher>;

type Nodes<L> = rc::HashMap<Rc<str>, Node<L>, FixedHasher>;

type Table = rc::HashMap<Rc<str>, Memo, FixedHasher>;

#[derive(Clone)]
struct Node<L> {
    leaf: Option<L>,
    /// Counted, so that a node without children takes one word for them.
    children: Option<Rc<Texts>>,
}

/// Nodes are equal if their leaves are: it is what [`FlatStore::differences`] asks of the map.
impl<L: PartialEq> PartialEq for Node<L> {
    fn eq(&self, other: &Self) -> bool {
        self.leaf == other.leaf
    }
}

/// What was built for a container.
#[derive(Clone)]
struct Memo {
    value: SharedValue,
    /// The children that are not as in `value` any more.
    changed: Option<Rc<Texts>>,
}

#[derive(Clone, Default)]
struct Memos {
    /// Whether all containers are objects, or else none is recorded as one.
    objects: bool,
    table: Table,
}

/// The nodes, and what was built of them.
///
/// A clone takes O(1) and allocates nothing. A change copies a path of the map of nodes where that is shared, O(log n).
#[derive(Clone)]
pub struct Store<L> {
    nodes: Nodes<L>,
    len: usize,
    memos: RefCell<Memos>,
}

/// A set of one child.
fn only(child: Rc<str>) -> Option<Rc<Texts>> {
    let mut children = Texts::default();
    children.insert(child);
    Some(Rc::new(children))
}

/// The array index that the last segment of a child spells, if it is below `count`. Its parent's text has `length` bytes.
#[inline]
fn index(child: &str, length: usize, count: usize) -> Option<usize> {
    let index = array_index(&child[length + 1..])? as usize;
    (index < count).then_some(index)
}

/// Whether the children of the container at `text` are named `0 … k - 1`.
fn is_dense(text: &str, children: &Texts) -> bool {
    children.iter().all(|child| index(child, text.len(), children.len()).is_some())
}

/// How many elements or members a value has.
#[inline]
fn members(value: &SharedValue) -> usize {
    match value {
        SharedValue::Leaf(_) => 0,
        SharedValue::Array(elements) => elements.len(),
        SharedValue::Object(members) => members.len(),
    }
}

impl<L: Content> Store<L> {
    /// Notes in the memos that the value of `child` changed, or that it came or went. Its text is looked up if `text`
    /// does not bring it.
    fn mark(&mut self, child: Pointer<'_>, text: Option<Rc<str>>) {
        let table = &mut self.memos.get_mut().table;
        if table.is_empty() {
            return;
        }
        let (mut child, mut text) = (child, text);
        while let Some(parent) = child.parent() {
            let Some((parent_text, memo)) = table.get_key_value(parent.as_str()) else { return };
            let parent_text = Rc::clone(parent_text);
            let is_known = memo.changed.is_some();
            // A text that is there already stays: it is that of the member.
            if memo.changed.as_ref().is_some_and(|changed| changed.contains(child.as_str())) {
                return;
            }
            let known = || self.nodes.get_key_value(child.as_str()).map(|(text, _)| Rc::clone(text));
            let Some(changed) = text.take().or_else(known) else { return };
            if let Some(memo) = table.get_mut(parent.as_str()) {
                let texts = Rc::make_mut(memo.changed.get_or_insert_default());
                texts.insert(changed);
                if texts.len() > members(&memo.value) {
                    table.remove(parent.as_str());
                }
            }
            if is_known {
                return;
            }
            (child, text) = (parent, Some(parent_text));
        }
    }

    /// Enters a node that was added into the set of its parent, and adds the prefixes that are missing.
    fn attach(&mut self, child: Pointer<'_>, text: Rc<str>) {
        let (mut child, mut text) = (child, text);
        while let Some(parent) = child.parent() {
            let Some(node) = self.nodes.get_mut(parent.as_str()) else {
                let parent_text: Rc<str> = Rc::from(parent.as_str());
                let node = Node { leaf: None, children: only(text) };
                self.nodes.insert(Rc::clone(&parent_text), node);
                (child, text) = (parent, parent_text);
                continue;
            };
            if let Some(children) = &mut node.children {
                Rc::make_mut(children).insert(Rc::clone(&text));
                self.mark(child, Some(text));
            } else {
                node.children = only(text);
                self.mark(parent, None);
            }
            return;
        }
    }

    /// Takes a node that was removed out of the set of its parent, and removes the prefixes that are left with nothing.
    fn detach(&mut self, child: Pointer<'_>, text: Rc<str>) {
        let (mut child, mut text) = (child, text);
        while let Some(parent) = child.parent() {
            let Some(node) = self.nodes.get_mut(parent.as_str()) else { return };
            let Some(children) = &mut node.children else { return };
            if children.len() > 1 {
                Rc::make_mut(children).remove(child.as_str());
                self.mark(child, Some(text));
                return;
            }
            node.children = None;
            let is_leaf = node.leaf.is_some();
            self.memos.get_mut().table.remove(parent.as_str());
            if is_leaf {
                self.mark(parent, None);
                return;
            }
            let Some((parent_text, _)) = self.nodes.remove_with_key(parent.as_str()) else { return };
            (child, text) = (parent, parent_text);
        }
    }

    /// The value of a node, with the memos of one kind of containers, or without any.
    ///
    /// It recurses once per level, as the drop of a [`SharedValue`] does: a few thousand levels overflow the stack.
    fn build(
        &self,
        text: &Rc<str>,
        node: &Node<L>,
        kinds: &Kinds,
        mut table: Option<&mut Table>,
    ) -> SharedValue {
        let Some(children) = &node.children else {
            return node.leaf.as_ref().map_or(SharedValue::Leaf(Value::Null), L::shared);
        };
        let memo = table.as_deref().filter(|table| !table.is_empty()).and_then(|table| table.get(text));
        let value = match memo.cloned() {
            Some(Memo { value, changed: None }) => return value,
            Some(Memo { value, changed: Some(changed) }) => {
                let table = table.as_deref_mut();
                self.patched(text, children, value, &changed, kinds, table)
            }
            None => None,
        };
        let value = value.unwrap_or_else(|| self.whole(text, children, kinds, table.as_deref_mut()));
        if let Some(table) = table {
            table.insert(Rc::clone(text), Memo { value: value.clone(), changed: None });
        }
        value
    }

    /// The value of a child, of which there is a node.
    fn child(&self, text: &Rc<str>, kinds: &Kinds, table: Option<&mut Table>) -> SharedValue {
        let node = self.nodes.get(text);
        node.map_or(SharedValue::Leaf(Value::Null), |node| self.build(text, node, kinds, table))
    }

    /// The value of a container, for which every child is looked up.
    fn whole(
        &self,
        text: &Rc<str>,
        children: &Texts,
        kinds: &Kinds,
        mut table: Option<&mut Table>,
    ) -> SharedValue {
        let is_object = |text| Pointer::parse(text).is_ok_and(|pointer| kinds.is_object(pointer));
        // Only what is dense may be recorded, so seldom a text has to be made a pointer again.
        if kinds.of_all() != Some(true) && is_dense(text, children) && !is_object(text) {
            let mut elements = vec![SharedValue::Leaf(Value::Null); children.len()];
            for child in children {
                if let Some(at) = index(child, text.len(), children.len()) {
                    elements[at] = self.child(child, kinds, table.as_deref_mut());
                }
            }
            return SharedValue::Array(elements.into());
        }
        let members =
            children.iter().map(|child| (Rc::clone(child), self.child(child, kinds, table.as_deref_mut())));
        SharedValue::Object(members.collect())
    }

    /// The value of a container that was built before, for which only the changed children are looked up; `None` if it
    /// is another kind of container now, or an array with another number of elements.
    fn patched(
        &self,
        text: &Rc<str>,
        children: &Texts,
        value: SharedValue,
        changed: &Texts,
        kinds: &Kinds,
        mut table: Option<&mut Table>,
    ) -> Option<SharedValue> {
        let is_same = |count| count == children.len() && changed.iter().all(|child| children.contains(child));
        match value {
            SharedValue::Leaf(_) => None,
            SharedValue::Array(before) => {
                if !is_same(before.len()) {
                    return None;
                }
                let mut elements: Rc<[SharedValue]> = Rc::from(&before[..]);
                let places = Rc::get_mut(&mut elements)?;
                for child in changed {
                    let at = index(child, text.len(), places.len())?;
                    places[at] = self.child(child, kinds, table.as_deref_mut());
                }
                Some(SharedValue::Array(elements))
            }
            SharedValue::Object(before) => {
                let may_be_array = kinds.of_all() != Some(true) && !is_same(before.len());
                if may_be_array && is_dense(text, children) {
                    return None;
                }
                // A text is one allocation, so its address tells it from the others.
                let mut addresses: Vec<*const u8> = changed.iter().map(|child| child.as_ptr()).collect();
                addresses.sort_unstable();
                let is_changed = |member: &str| addresses.binary_search(&member.as_ptr()).is_ok();
                let mut members = Vec::with_capacity(children.len());
                members.extend(before.iter().filter(|(member, _)| !is_changed(member)).cloned());
                for child in changed.iter().filter_map(|child| children.get(child)) {
                    members.push((Rc::clone(child), self.child(child, kinds, table.as_deref_mut())));
                }
                Some(SharedValue::Object(members.into()))
            }
        }
    }
}

/// Walks over the leaves below a node, depth first.
struct Below<'a, L> {
    nodes: &'a Nodes<L>,
    /// The children that are being visited.
    at: Option<set::Iter<'a, Rc<str>, Plain>>,
    /// Those to go on with, the innermost last.
    above: Vec<set::Iter<'a, Rc<str>, Plain>>,
}

impl<'a, L: Content> Iterator for Below<'a, L> {
    type Item = (&'a str, &'a L);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(text) = self.at.as_mut()?.next() else {
                self.at = self.above.pop();
                continue;
            };
            let Some(node) = self.nodes.get(text) else { continue };
            if let Some(children) = &node.children {
                self.above.extend(self.at.replace(children.iter()));
            }
            if let Some(leaf) = &node.leaf {
                return Some((text, leaf));
            }
        }
    }
}

impl<L: Content> FlatStore<L> for Store<L> {
    type Object = SharedValue;

    fn new() -> Self {
        Store { nodes: Nodes::default(), len: 0, memos: RefCell::default() }
    }

    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn get(&self, pointer: Pointer<'_>) -> Option<&L> {
        self.nodes.get(pointer.as_str())?.leaf.as_ref()
    }

    /// One look-up, and in a shared version a copy of a path and of the leaf: O(log n). If a tree was built, the memos
    /// above are marked as for [`set`](FlatStore::set), whether or not the leaf is changed then.
    fn get_mut(&mut self, pointer: Pointer<'_>) -> Option<&mut L> {
        if !self.memos.get_mut().table.is_empty()
            && self.nodes.get(pointer.as_str()).is_some_and(|node| node.children.is_none())
        {
            self.mark(pointer, None);
        }
        self.nodes.get_mut(pointer.as_str())?.leaf.as_mut()
    }

    fn set(&mut self, pointer: Pointer<'_>, leaf: L) -> Option<L> {
        let Some(node) = self.nodes.get_mut(pointer.as_str()) else {
            let text: Rc<str> = Rc::from(pointer.as_str());
            self.nodes.insert(Rc::clone(&text), Node { leaf: Some(leaf), children: None });
            self.len += 1;
            self.attach(pointer, text);
            return None;
        };
        let before = node.leaf.replace(leaf);
        self.len += usize::from(before.is_none());
        // Where something lies below, no tree shows the leaf.
        if node.children.is_none() {
            self.mark(pointer, None);
        }
        before
    }

    fn delete(&mut self, pointer: Pointer<'_>) -> Option<L> {
        let node = self.nodes.get(pointer.as_str())?;
        node.leaf.as_ref()?;
        self.len -= 1;
        if node.children.is_some() {
            return self.nodes.get_mut(pointer.as_str())?.leaf.take();
        }
        let (text, node) = self.nodes.remove_with_key(pointer.as_str())?;
        self.detach(pointer, text);
        node.leaf
    }

    /// O(1) for each pointer below, amortised, and for each prefix of one: a look-up.
    #[inline]
    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a L)> {
        let children = self.nodes.get(prefix.as_str()).and_then(|node| node.children.as_ref());
        Below { nodes: &self.nodes, at: children.map(|children| children.iter()), above: Vec::new() }
    }

    #[inline]
    fn has_descendants(&self, prefix: Pointer<'_>) -> bool {
        self.nodes.get(prefix.as_str()).is_some_and(|node| node.children.is_some())
    }

    /// What was built for the same kind of containers is kept: O(1) if nothing changed since. Otherwise each changed
    /// container is copied, and only its changed children are looked up.
    fn to_object(&self, prefix: Pointer<'_>, kinds: &Kinds) -> Option<SharedValue> {
        let (text, node) = self.nodes.get_key_value(prefix.as_str())?;
        let Some(objects) = kinds.of_all().filter(|_| node.children.is_some()) else {
            return Some(self.build(text, node, kinds, None));
        };
        // The memos are taken out, because a leaf may be anybody's type: whatever its `shared` does finds a store that
        // has built nothing.
        let mut memos = self.memos.take();
        if memos.objects != objects {
            memos = Memos { objects, table: Table::default() };
        }
        let value = self.build(text, node, kinds, Some(&mut memos.table));
        self.memos.replace(memos);
        Some(value)
    }

    /// O(1) for each pointer below, amortised, and one set of children is changed: that which held `prefix`.
    fn delete_subtree(&mut self, prefix: Pointer<'_>) -> usize {
        let Some((text, node)) = self.nodes.remove_with_key(prefix.as_str()) else { return 0 };
        let table = &mut self.memos.get_mut().table;
        let before = self.len;
        self.len -= usize::from(node.leaf.is_some());
        let mut left = Vec::new();
        if let Some(children) = node.children {
            table.remove(prefix.as_str());
            left.push(children);
        }
        while let Some(children) = left.pop() {
            for child in children.iter() {
                let Some(node) = self.nodes.remove(child) else { continue };
                self.len -= usize::from(node.leaf.is_some());
                if let Some(children) = node.children {
                    table.remove(child);
                    left.push(children);
                }
            }
        }
        self.detach(prefix, text);
        before - self.len
    }

    /// Looks only at what the two maps of nodes do not share: O(m log n) for m nodes there. Of two versions that are a
    /// few changes apart it is at most about 32 for each change.
    fn differences(&self, older: &Self, mut visit: impl FnMut(&str, Option<&L>, Option<&L>)) {
        for item in older.nodes.diff(&self.nodes) {
            let (text, old, new) = match item {
                DiffItem::Add(text, new) => (text, None, new.leaf.as_ref()),
                DiffItem::Remove(text, old) => (text, old.leaf.as_ref(), None),
                DiffItem::Update { old, new } => (new.0, old.1.leaf.as_ref(), new.1.leaf.as_ref()),
            };
            // A prefix without a leaf may have come or gone.
            if old.is_some() || new.is_some() {
                visit(text, old, new);
            }
        }
    }
}

/// The contender: a tree of pointers in a persistent map, whose built trees are kept.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_keys::contender::<Store<Leaf>>(About {
        name: "versioned_tree",
        role: Role::Optimized,
        summary: "Every pointer and every prefix is a node in one persistent map; trees are kept until they change.",
        source: "the lab's own, after segment_tree and persistent_collections::HashMap",
        analysis: ANALYSIS,
        complexity: &[
            ("get", Growth::Logarithmic),
            ("set", Growth::Logarithmic),
            ("delete", Growth::Logarithmic),
            ("churn", Growth::Logarithmic),
            ("build", Growth::Logarithmic),
            ("keys_under_prefix", Growth::Logarithmic),
            ("first_key", Growth::Logarithmic),
            ("sorted_keys", Growth::Logarithmic),
            ("has_descendants", Growth::Logarithmic),
            ("to_object", Growth::Logarithmic),
            ("to_object_again", Growth::Linear),
            ("wide_get", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Prefixes, Capability::Persistent],
        caveats: &[Caveat {
            badge: "keeps trees",
            text: "It keeps the trees that it built until they change, and returns them shared: an object that is asked for \
                   again in a region is not built again. The kept trees take memory as long as the store lives.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Pointers and their prefixes are entries of one persistent hash map. Each entry has a leaf, a persistent set \
of the texts of its children, or both. A clone counts a holder of two nodes, and a change of one version \
copies a path of a few small nodes. The other contenders copy every text and every leaf for a version.

A pointer and a prefix cost one look-up each, in a trie of a few levels: about as much as in a hash map. A \
walk looks each pointer up that it visits, while segment_tree follows a number. A new pointer costs an entry \
in the map and one in its parent's set, each with a counted allocation.

What to_object builds are shared trees, and it keeps one for every container. A change notes in the trees \
above it which child is another one now. When the whole tree is asked for again, each of these few \
containers is copied, with the values of all other children. That still costs a few instructions for each \
sibling, so a container of very many children is expensive to copy for one change.";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::mem;

    use scenarios::flat::{self, Built};

    use super::*;

    fn at(text: &str) -> Pointer<'_> {
        Pointer::parse(text).unwrap()
    }

    /// The value that a tree has without any memo.
    fn plain(store: &Store<Leaf>, text: &str, kinds: &Kinds) -> Option<Value> {
        let below = flat::tree(at(text), store.entries(at(text)), kinds);
        below.or_else(|| store.get(at(text)).map(|leaf| leaf.value().clone()))
    }

    /// Checks every invariant that the module's documentation states.
    fn verify(store: &Store<Leaf>) {
        let mut children_seen = 0;
        for (text, node) in &store.nodes {
            assert!(node.leaf.is_some() || node.children.is_some(), "{text} holds nothing");
            for child in node.children.iter().flat_map(|children| children.iter()) {
                children_seen += 1;
                assert_eq!(at(child).parent(), Some(at(text)));
                let (same, _) = store.nodes.get_key_value(child).expect("every child is a node");
                assert!(Rc::ptr_eq(same, child), "{child} is there twice");
            }
            assert!(node.children.as_ref().is_none_or(|children| !children.is_empty()), "{text}");
        }
        // Each is a child of the one parent that it can have, so with as many as there are nodes, every node is one.
        assert_eq!(children_seen + usize::from(!store.nodes.is_empty()), store.nodes.len());
        assert!(store.nodes.is_empty() || store.nodes.contains_key(""));
        assert_eq!(store.len, store.nodes.values().filter(|node| node.leaf.is_some()).count());

        let memos = store.memos.borrow();
        let kinds = if memos.objects { Kinds::OBJECTS } else { Kinds::NONE };
        for (text, memo) in &memos.table {
            let node = store.nodes.get(text).expect("a memo is of a node");
            let children = node.children.as_ref().expect("a memo is of a container");
            let is_changed =
                |child: &str| memo.changed.as_ref().is_some_and(|changed| changed.contains(child));
            let count = memo.changed.as_ref().map_or(1, |changed| changed.len());
            assert!((1..=members(&memo.value)).contains(&count), "{text}");
            let members: BTreeMap<Rc<str>, &SharedValue> = match &memo.value {
                SharedValue::Leaf(_) => panic!("{text} is a container"),
                SharedValue::Array(elements) => {
                    let name = |at| Rc::from(format!("{text}/{at}"));
                    elements.iter().enumerate().map(|(at, element)| (name(at), element)).collect()
                }
                SharedValue::Object(members) => {
                    for (member, _) in members.iter() {
                        let changed = memo.changed.as_ref().and_then(|changed| changed.get(member));
                        let same =
                            changed.or_else(|| children.get(member)).expect("a child or a changed one");
                        assert!(Rc::ptr_eq(same, member), "{member} is there twice");
                    }
                    let members = members.iter().map(|(member, value)| (Rc::clone(member), value));
                    members.collect()
                }
            };
            for member in members.keys() {
                assert!(is_changed(member) || children.contains(member), "{member} is gone");
            }
            for child in children.iter().filter(|child| !is_changed(child)) {
                let value = members.get(child).map(|value| value.value().into_owned());
                assert_eq!(value, plain(store, child, kinds), "the member {child}");
                if store.has_descendants(at(child)) {
                    let below = memos.table.get(child).expect("what did not change has a memo");
                    assert!(below.changed.is_none(), "{child} changed, and its parent does not know");
                }
            }
        }
    }

    #[test]
    fn versions_and_their_memos_are_what_the_pointers_say() {
        let mut store = Store::<Leaf>::new();
        let mut held: Vec<(Store<Leaf>, Value)> = Vec::new();
        let mut state = 1u64;
        for step in 0..12_000u64 {
            state = scenarios::input::mix(state + step);
            let names = ["0", "1", "2", "3", "a", "é", ""];
            let name = |shift: u32| names[(state >> shift & 0xff) as usize % names.len()];
            let text = match state % 6 {
                0 => format!("/{}", name(8)),
                1 | 2 => format!("/{}/{}", name(8), name(16)),
                3 | 4 => format!("/{}/{}/{}", name(8), name(16), name(24)),
                _ if state >> 40 & 7 == 0 => String::new(),
                _ => format!("/{}//{}/é", name(8), name(16)),
            };
            // For a while the store grows, and for a while it shrinks.
            let grows = step / 500 % 2 == 0;
            match state >> 32 & 15 {
                0..=4 => drop(store.set(at(&text), Leaf::from(step))),
                5 | 6 if grows => drop(store.set(at(&text), Leaf::from(step))),
                5..=7 => drop(store.delete(at(&text))),
                8 | 9 => drop(store.get_mut(at(&text)).map(|leaf| *leaf = Leaf::from(step))),
                10 if state >> 50 & 15 == 0 => drop(store.delete_subtree(at(&text))),
                11 | 12 => {
                    // The table begins anew only now and then.
                    let kinds = if step / 100 % 4 == 0 { Kinds::OBJECTS } else { Kinds::NONE };
                    let built = store.to_object(at(&text), kinds);
                    let touched = built.as_ref().map(Built::touch);
                    let built = built.as_ref().map(|built| built.value().into_owned());
                    assert_eq!(touched, built.as_ref().map(flat::touch_tree), "{text}");
                    assert_eq!(built, plain(&store, &text, kinds), "{text}");
                }
                13 if state >> 50 & 7 == 0 => {
                    let content = plain(&store, "", Kinds::NONE).unwrap_or_default();
                    held.push((store.clone(), content));
                    if held.len() > 6 {
                        held.swap_remove((state >> 56) as usize % 6);
                    }
                }
                14 if state >> 50 & 15 == 0 && !held.is_empty() => {
                    let place = (state >> 56) as usize % held.len();
                    let content = plain(&store, "", Kinds::NONE).unwrap_or_default();
                    let (version, _) = mem::replace(&mut held[place], (store, content));
                    store = version;
                    held[place].0.verify_differences(&store);
                }
                _ => {}
            }
            if step % 40 == 0 {
                verify(&store);
            }
            if step % 400 == 0 {
                for (version, content) in &held {
                    verify(version);
                    assert_eq!(&plain(version, "", Kinds::NONE).unwrap_or_default(), content);
                    let built = version.to_object(Pointer::ROOT, Kinds::NONE);
                    let built = built.map(|built| built.value().into_owned()).unwrap_or_default();
                    assert_eq!(&built, content);
                    store.verify_differences(version);
                    version.verify_differences(&store);
                }
            }
        }
    }

    impl Store<Leaf> {
        /// Checks the differences against those of all entries.
        fn verify_differences(&self, older: &Self) {
            let all = |store: &Self| -> BTreeMap<String, Leaf> {
                let root = store.get(Pointer::ROOT).map(|leaf| ("", leaf));
                let all = root.into_iter().chain(store.entries(Pointer::ROOT));
                all.map(|(text, leaf)| (text.to_owned(), leaf.clone())).collect()
            };
            let (old, new) = (all(older), all(self));
            let mut applied = old.clone();
            self.differences(older, |text, before, after| {
                assert_ne!(before, after, "{text}");
                assert_eq!(before, old.get(text), "{text}");
                match after {
                    Some(leaf) => drop(applied.insert(text.to_owned(), leaf.clone())),
                    None => drop(applied.remove(text)),
                }
            });
            assert_eq!(applied, new);
        }
    }

    #[test]
    fn one_change_leaves_all_other_containers_as_they_were_built() {
        let mut store = Store::<Leaf>::new();
        for id in 0..100u64 {
            store.set(at(&format!("/users/u{}/{}", id / 10, id % 10)), Leaf::from(id));
        }
        let users = |value: &SharedValue| -> BTreeMap<Rc<str>, SharedValue> {
            let SharedValue::Object(root) = value else { panic!("the root is an object") };
            let SharedValue::Object(users) = &root[0].1 else { panic!("the users are an object") };
            users.iter().cloned().collect()
        };
        let is_same = |one: &SharedValue, other: &SharedValue| match (one, other) {
            (SharedValue::Array(one), SharedValue::Array(other)) => Rc::ptr_eq(one, other),
            _ => false,
        };
        let before = users(&store.to_object(Pointer::ROOT, Kinds::NONE).unwrap());
        let version = store.clone();
        store.set(at("/users/u3/7"), Leaf::from(1000));
        store.delete_subtree(at("/users/u5"));
        store.set(at("/users/new/0"), Leaf::from(1));
        let after = users(&store.to_object(Pointer::ROOT, Kinds::NONE).unwrap());
        assert_eq!((before.len(), after.len()), (10, 10));
        for (user, value) in &before {
            let kept = after.get(user).is_some_and(|other| is_same(value, other));
            assert_eq!(kept, !["/users/u3", "/users/u5"].contains(&user.as_ref()), "{user}");
        }
        // The clone knows what was built before it, and nothing of what changed since.
        let again = users(&version.to_object(Pointer::ROOT, Kinds::NONE).unwrap());
        assert!(before.iter().all(|(user, value)| is_same(value, &again[user])));
        verify(&store);
        verify(&version);
    }

    #[test]
    fn memos_are_of_one_kind_of_containers() {
        let mut store = Store::<Leaf>::new();
        for text in ["/l/0", "/l/1", "/o/x"] {
            store.set(at(text), Leaf::from(1));
        }
        let built = |store: &Store<Leaf>, kinds: &Kinds| {
            let value = store.to_object(Pointer::ROOT, kinds).map(|built| built.value().into_owned());
            assert_eq!(value, plain(store, "", kinds));
            let memos = store.memos.borrow();
            (memos.objects, memos.table.len())
        };
        let mut some = Kinds::default();
        some.record_object(at("/l"));
        assert_eq!(built(&store, &some), (false, 0), "with records of single containers nothing is kept");
        assert_eq!(built(&store, Kinds::OBJECTS), (true, 3));
        assert_eq!(built(&store, &some), (true, 3), "and what is kept stays");
        assert_eq!(built(&store, Kinds::NONE), (false, 3));
        assert_eq!(built(&store, &Kinds::default()), (false, 3));
        let version = store.clone();
        store.set(at("/l/1"), Leaf::from(2));
        assert_eq!(built(&store, &Kinds::OBJECTS.clone()), (true, 3));
        assert_eq!(built(&version, Kinds::NONE), (false, 3));
        store.delete_subtree(Pointer::ROOT);
        assert_eq!(store.memos.borrow().table.len(), 0);
    }

    #[test]
    fn a_version_frees_what_only_it_holds() {
        let mut store = Store::<Leaf>::new();
        store.set(at("/a/b"), Leaf::from(1));
        let text = Rc::downgrade(store.nodes.get_key_value("/a/b").unwrap().0);
        let (version, tree) = (store.clone(), store.to_object(Pointer::ROOT, Kinds::NONE));
        store.delete(at("/a/b"));
        assert_eq!(store.memos.borrow().table.len(), 0);
        drop(store);
        assert!(text.upgrade().is_some());
        drop(version);
        assert!(text.upgrade().is_some(), "the tree names its members by it");
        drop(tree);
        assert!(text.upgrade().is_none());
    }

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
