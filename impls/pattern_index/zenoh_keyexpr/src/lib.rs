//! Peer: the key expression tree of crate `zenoh-keyexpr`, with which Zenoh finds subscribers.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use scenarios::input::FixedHasher;
use scenarios::pattern_index::{Id, Node, Pattern, PatternIndex, PatternList, Pointer, UnknownId};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};
use zenoh_keyexpr::keyexpr_tree::impls::HashMapProvider;
use zenoh_keyexpr::keyexpr_tree::{
    IKeyExprTree, IKeyExprTreeMut, IKeyExprTreeNode, IKeyExprTreeNodeMut, KeBoxTree,
};
use zenoh_keyexpr::{OwnedKeyExpr, keyexpr};

/// The lab's hasher in the form that the crate asks for. (The crate's default hashes children with a key that depends
/// on an address.)
struct Fixed(<FixedHasher as BuildHasher>::Hasher);

impl Default for Fixed {
    fn default() -> Self {
        Fixed(FixedHasher::default().build_hasher())
    }
}

impl Hasher for Fixed {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0.write_u8(byte);
    }

    fn write_usize(&mut self, number: usize) {
        self.0.write_usize(number);
    }
}

/// Whether a byte has a special meaning in a key expression, or is the escape itself.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'$' | b'#' | b'?' | b'@' | b'%')
}

/// Appends a segment as a chunk, which is never empty and has no characters with a special meaning.
fn push_chunk(segment: &str, text: &mut String) {
    if segment.is_empty() {
        // An escaped `%` is longer, so no other segment is written like this.
        text.push('%');
    }
    for c in segment.chars() {
        match u8::try_from(c) {
            Ok(byte) if is_special(byte) => {
                text.push('%');
                text.push(char::from(b'a' + byte / 16));
                text.push(char::from(b'a' + byte % 16));
            }
            _ => text.push(c),
        }
    }
}

/// The key of a pointer below the root, without its first slash. It is written to `buffer` if it must be escaped.
fn key<'a>(pointer: &'a str, buffer: &'a mut String) -> &'a str {
    let key = &pointer[1..];
    let needs_escape = key.is_empty()
        || key.starts_with('/')
        || key.ends_with('/')
        || key.contains("//")
        || key.bytes().any(is_special);
    if !needs_escape {
        return key;
    }
    buffer.clear();
    for (at, segment) in key.split('/').enumerate() {
        if at > 0 {
            buffer.push('/');
        }
        push_chunk(segment, buffer);
    }
    buffer
}

/// The key expression of a simple pattern; `None` for `$`, because key expressions cannot be empty.
fn translate(pattern: &Pattern) -> Option<OwnedKeyExpr> {
    if pattern.nodes().is_empty() {
        return None;
    }
    let mut text = String::new();
    for node in pattern.nodes() {
        if !text.is_empty() {
            text.push('/');
        }
        match (node, node.literal()) {
            (_, Some(segment)) => push_chunk(&segment, &mut text),
            (Node::Descendant, None) => text.push_str("**"),
            (_, None) => text.push('*'),
        }
    }
    Some(OwnedKeyExpr::autocanonize(text).expect("escaped chunks are a key expression"))
}

type Tree = KeBoxTree<Vec<Id>, bool, HashMapProvider<Fixed>>;

/// The tree, and the subscriptions that it cannot hold.
struct Index {
    tree: Tree,
    /// The key of every subscription in the tree; `None` for those at the root.
    keys: HashMap<Id, Option<OwnedKeyExpr>, FixedHasher>,
    /// Subscriptions to `$`.
    root: Vec<Id>,
    /// Patterns with unions or slices.
    others: PatternList,
    next: u64,
    buffer: String,
}

fn remove(ids: &mut Vec<Id>, id: Id) {
    ids.retain(|other| *other != id);
}

impl PatternIndex for Index {
    fn new() -> Self {
        Index {
            tree: Tree::default(),
            keys: HashMap::default(),
            root: Vec::new(),
            others: PatternList::default(),
            next: 0,
            buffer: String::new(),
        }
    }

    fn subscribe(&mut self, pattern: &Pattern) -> Id {
        let id = Id(self.next);
        self.next += 1;
        if !pattern.is_simple() {
            self.others.insert(id, pattern);
            return id;
        }
        let key = translate(pattern);
        match &key {
            None => self.root.push(id),
            Some(key) => {
                let node = self.tree.node_mut_or_create(key);
                match node.weight_mut() {
                    Some(ids) => ids.push(id),
                    None => {
                        node.insert_weight(vec![id]);
                    }
                }
            }
        }
        self.keys.insert(id, key);
        id
    }

    fn unsubscribe(&mut self, id: Id) -> Result<(), UnknownId> {
        let Some(key) = self.keys.remove(&id) else { return self.others.remove(id) };
        let Some(key) = key else {
            remove(&mut self.root, id);
            return Ok(());
        };
        let ids = self.tree.weight_at_mut(&key).expect("a subscription's key is in the tree");
        remove(ids, id);
        if ids.is_empty() {
            self.tree.remove(&key);
        }
        Ok(())
    }

    fn matches(&mut self, pointer: &Pointer, ids: &mut Vec<Id>) {
        if pointer.as_str().is_empty() {
            ids.extend(&self.root);
        } else {
            let key = key(pointer.as_str(), &mut self.buffer);
            let key = keyexpr::new(key).expect("an escaped pointer is a key expression");
            // `nodes_including` would write the key of every node that it looks at into a string.
            for node in self.tree.intersecting_nodes(key) {
                ids.extend(node.weight().into_iter().flatten());
            }
        }
        self.others.matches(pointer, ids);
    }

    fn len(&self) -> usize {
        self.keys.len() + self.others.len()
    }
}

/// The contender: `KeBoxTree`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::pattern_index::contender::<Index>(About {
        name: "zenoh_keyexpr",
        role: Role::Peer,
        summary: "zenoh_keyexpr's KeBoxTree: a tree of key expression chunks; a match compares each level child by \
                  child.",
        source: "crate zenoh-keyexpr 1.10",
        analysis: ANALYSIS,
        complexity: &[
            ("identical", Growth::Linear),
            ("mix_warm", Growth::Linear),
            ("mix_unseen", Growth::Linear),
            ("churn", Growth::Linear),
            ("descendant_chains", Growth::Linear),
            ("frontiers", Growth::Linear),
            ("notify_exact", Growth::Constant),
            ("notify_patterns", Growth::Linear),
        ],
        capabilities: &[Capability::Dynamic, Capability::ScansWhole],
        caveats: &[
            Caveat {
                badge: "keys must be escaped",
                text: "Key expressions have no empty chunks and none of the characters * $ # ?, and treat @ as \
                       special. So pointers with any of these are copied and escaped per match, and $ itself is kept \
                       beside the tree.",
            },
            Caveat {
                badge: "empty nodes stay",
                text: "After the last subscription below a node is removed, the node stays in the tree; the crate \
                       prunes only by walking the whole tree.",
            },
            Caveat {
                badge: "not the default hasher",
                text: "Children are in the crate's HashMapProvider with the lab's hasher. The crate's default hashes \
                       with a key that depends on an address, which no two builds share.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A pattern becomes a key expression: * and ** are its own wild chunks, and a name is escaped if it holds a \
character with a special meaning. The tree has a node per chunk and a hash map of children per node. A \
match iterates over the nodes that intersect the key, with the places from which each can continue.

Without any wild chunk in the tree a match is one descent by hash. With one, every child of every node on \
the way is compared with the key's chunk. The cost then grows with the number of siblings, and a realistic \
set of patterns has most of its siblings at the root. Changes are cheap, and nothing depends on what was \
seen before.";
