//! The pattern index that data-map plans: a trie over the patterns' segments.
//!
//! Source: data-map's plan for its PatternIndex. There `**` spans at most one segment, so `$..name` does not
//! select `/users/0/name`; here it spans any number.
//!
//! ```text
//!   $.a.b  $.a.*  $..c              root
//!                             "a" ╱    ╲ **
//!                              node     node ⟲      a `**` node is entered without a segment,
//!                        "b" ╱    ╲ *      ╲ "c"    and stays for every segment
//!                   {$.a.b}   {$.a.*}    {$..c}     the values of a node, a set
//! ```
//!
//! A match keeps a stack of pairs (node, index of the next segment), and a set of the pairs that were on it, because
//! `..` can lead to a pair in many ways. A node is pruned as soon as it has neither values nor children.

use std::collections::{HashMap, HashSet};

use scenarios::input::FixedHasher;
use scenarios::pattern_index::{
    Id, Node as PatternNode, Pattern, PatternIndex, PatternList, Pointer, UnknownId,
};
use scenarios::{About, Capability, Contender, Growth, Role};

/// An edge from a node to a child.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Edge {
    Literal(Box<str>),
    Star,
    Descendant,
}

impl Edge {
    /// The edge for a node of a simple pattern.
    fn of(node: &PatternNode) -> Self {
        match node {
            PatternNode::Descendant => Edge::Descendant,
            PatternNode::Wildcard => Edge::Star,
            literal => match literal.literal() {
                Some(segment) => Edge::Literal(segment.into()),
                None => unreachable!("a simple pattern has no unions and slices"),
            },
        }
    }
}

/// A node of the trie: a prefix of one or more patterns.
#[derive(Default)]
struct Node {
    literals: HashMap<Box<str>, usize, FixedHasher>,
    star: Option<usize>,
    descendant: Option<usize>,
    /// Whether it is reached by `..`, so that a match stays at it for every segment.
    spans: bool,
    values: HashSet<Id, FixedHasher>,
}

impl Node {
    fn child(&self, edge: &Edge) -> Option<usize> {
        match edge {
            Edge::Literal(segment) => self.literals.get(segment).copied(),
            Edge::Star => self.star,
            Edge::Descendant => self.descendant,
        }
    }

    fn is_unused(&self) -> bool {
        self.values.is_empty() && self.literals.is_empty() && self.star.is_none() && self.descendant.is_none()
    }
}

/// The trie. `nodes[0]` is the root.
pub struct PatternTrie {
    nodes: Vec<Node>,
    /// Nodes that were pruned and can be used again.
    free: Vec<usize>,
    /// For every subscription in the trie, the way to its node.
    ways: HashMap<Id, Box<[Edge]>, FixedHasher>,
    /// Patterns with unions or slices.
    others: PatternList,
    next: u64,
}

impl PatternTrie {
    /// The child of `parent` by `edge`, which is made if it does not exist.
    fn child_or_new(&mut self, parent: usize, edge: &Edge) -> usize {
        if let Some(child) = self.nodes[parent].child(edge) {
            return child;
        }
        let node = Node { spans: *edge == Edge::Descendant, ..Node::default() };
        let child = match self.free.pop() {
            Some(free) => {
                self.nodes[free] = node;
                free
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() - 1
            }
        };
        let parent = &mut self.nodes[parent];
        match edge {
            Edge::Literal(segment) => {
                parent.literals.insert(segment.clone(), child);
            }
            Edge::Star => parent.star = Some(child),
            Edge::Descendant => parent.descendant = Some(child),
        }
        child
    }

    /// Removes `id` from the end of its way, and every node of the way that is no longer needed.
    fn prune(&mut self, id: Id, way: &[Edge]) {
        let mut path = vec![0];
        for edge in way {
            let last = path[path.len() - 1];
            path.push(self.nodes[last].child(edge).expect("the way of a subscription is in the trie"));
        }
        self.nodes[path[way.len()]].values.remove(&id);
        for (edge, ends) in way.iter().zip(path.windows(2)).rev() {
            let [parent, child] = *ends else { unreachable!("windows of two") };
            if !self.nodes[child].is_unused() {
                break;
            }
            self.nodes[child] = Node::default();
            self.free.push(child);
            let parent = &mut self.nodes[parent];
            match edge {
                Edge::Literal(segment) => {
                    parent.literals.remove(segment);
                }
                Edge::Star => parent.star = None,
                Edge::Descendant => parent.descendant = None,
            }
        }
        if self.free.len() + 1 == self.nodes.len() {
            // Only the root is left.
            self.nodes.truncate(1);
            self.nodes.shrink_to_fit();
            self.free = Vec::new();
        }
    }

    /// The number of nodes in use, including the root.
    #[cfg(test)]
    fn node_count(&self) -> usize {
        self.nodes.len() - self.free.len()
    }
}

impl PatternIndex for PatternTrie {
    fn new() -> Self {
        PatternTrie {
            nodes: vec![Node::default()],
            free: Vec::new(),
            ways: HashMap::default(),
            others: PatternList::default(),
            next: 0,
        }
    }

    fn subscribe(&mut self, pattern: &Pattern) -> Id {
        let id = Id(self.next);
        self.next += 1;
        if !pattern.is_simple() {
            self.others.insert(id, pattern);
            return id;
        }
        let way: Box<[Edge]> = pattern.nodes().iter().map(Edge::of).collect();
        let node = way.iter().fold(0, |node, edge| self.child_or_new(node, edge));
        self.nodes[node].values.insert(id);
        self.ways.insert(id, way);
        id
    }

    fn unsubscribe(&mut self, id: Id) -> Result<(), UnknownId> {
        let Some(way) = self.ways.remove(&id) else { return self.others.remove(id) };
        self.prune(id, &way);
        Ok(())
    }

    fn matches(&mut self, pointer: &Pointer, ids: &mut Vec<Id>) {
        let segments: Vec<&str> = pointer.segments().collect();
        let mut visited: HashSet<(usize, usize), FixedHasher> = HashSet::default();
        let mut stack = vec![(0, 0)];
        while let Some((at, index)) = stack.pop() {
            if !visited.insert((at, index)) {
                continue;
            }
            let node = &self.nodes[at];
            // `..` may span no segment at all.
            stack.extend(node.descendant.map(|child| (child, index)));
            let Some(segment) = segments.get(index) else {
                ids.extend(&node.values);
                continue;
            };
            if node.spans {
                stack.push((at, index + 1));
            }
            stack.extend(node.star.map(|child| (child, index + 1)));
            stack.extend(node.literals.get(*segment).map(|child| (*child, index + 1)));
        }
        self.others.matches(pointer, ids);
    }

    fn len(&self) -> usize {
        self.ways.len() + self.others.len()
    }
}

/// The contender: the trie.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::pattern_index::contender::<PatternTrie>(About {
        name: "pattern_trie",
        role: Role::Optimized,
        summary: "A trie over segments with literal, * and ** children; a match follows it with a set of visited \
                  places.",
        source: "data-map: its plan for PatternIndex, with a ** that spans any number of segments",
        analysis: ANALYSIS,
        complexity: &[
            ("identical", Growth::Linear),
            ("mix_warm", Growth::Constant),
            ("mix_unseen", Growth::Constant),
            ("churn", Growth::Constant),
            ("descendant_chains", Growth::Linear),
            ("frontiers", Growth::Linear),
            ("notify_exact", Growth::Constant),
            ("notify_patterns", Growth::Constant),
        ],
        capabilities: &[Capability::Dynamic],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A pattern is a path from the root. A node has one hash map of literal children, at most one child for * and \
one for .., and a set of the subscriptions whose patterns end there. A match follows all paths at once, \
depth first, with a stack of its own. The node behind .. is entered without consuming a segment, and a \
match stays at it for every further one. The plan let it consume at most one, which loses $..name on \
/users/0/name. A set of visited pairs of node and segment keeps the ways through several .. from \
multiplying, so no match takes more than nodes times segments steps.

The cost of a match depends on how many patterns agree with the pointer, not on how many there are. It pays \
for its generality: every step hashes a segment's text again and inserts into the visited set, and each \
match allocates three collections. Changes touch one path, and removal prunes it.";

#[cfg(test)]
mod tests {
    use super::*;

    fn trie_of(patterns: &[&str]) -> (PatternTrie, Vec<Id>) {
        let mut trie = PatternTrie::new();
        let ids = patterns.iter().map(|text| trie.subscribe(&Pattern::parse(text).unwrap())).collect();
        (trie, ids)
    }

    #[test]
    fn removal_prunes_down_to_the_root() {
        let (mut trie, ids) = trie_of(&["$.a.b", "$.a.*", "$..c.d", "$.a", "$", "$.a.b.c..x", "$['u','v']"]);
        assert_eq!(trie.node_count(), 10);
        for id in ids {
            trie.unsubscribe(id).unwrap();
        }
        assert_eq!((trie.node_count(), trie.nodes.len(), trie.ways.len()), (1, 1, 0));
        assert!(trie.nodes[0].is_unused());
    }

    #[test]
    fn pruned_nodes_are_used_again() {
        let (mut trie, ids) = trie_of(&["$.a.b.c", "$.z"]);
        for _ in 0..100 {
            let id = trie.subscribe(&Pattern::parse("$.a.x..y").unwrap());
            trie.unsubscribe(id).unwrap();
        }
        assert!(trie.nodes.len() <= 8, "{}", trie.nodes.len());
        let mut found = Vec::new();
        trie.matches(&Pointer::parse("/a/b/c").unwrap(), &mut found);
        assert_eq!(found, ids[..1]);
    }

    #[test]
    fn equal_patterns_share_their_nodes() {
        let (mut trie, ids) = trie_of(&["$.a..b"; 1000]);
        assert_eq!(trie.node_count(), 4);
        for (gone, id) in ids.iter().enumerate() {
            let mut found = Vec::new();
            trie.matches(&Pointer::parse("/a/b").unwrap(), &mut found);
            assert_eq!(found.len(), ids.len() - gone);
            trie.unsubscribe(*id).unwrap();
        }
        assert_eq!(trie.node_count(), 1);
    }
}
