//! The patterns as a trie in an arena, which is a nondeterministic automaton over segments.

use scenarios::pattern_index::{Id, Node as PatternNode, Pattern};

use crate::table::{NONE, Names, Pairs, Segment};

/// The node at which every pattern begins.
pub const ROOT: u32 = 0;

/// The edge for `*`; other edges are symbols of names.
const STAR: u32 = NONE - 1;

/// The edge for `..`.
const DESCENDANT: u32 = NONE - 2;

/// A prefix of one or more patterns.
struct Node {
    parent: u32,
    /// The edge from the parent to this node.
    edge: u32,
    star: u32,
    descendant: u32,
    /// The number of children by a name, which are in [`Nfa::children`].
    literals: u32,
    /// The patterns that end here.
    ids: Vec<Id>,
}

impl Node {
    fn new(parent: u32, edge: u32) -> Self {
        Node { parent, edge, star: NONE, descendant: NONE, literals: 0, ids: Vec::new() }
    }

    fn is_unused(&self) -> bool {
        self.ids.is_empty() && self.literals == 0 && self.star == NONE && self.descendant == NONE
    }
}

/// The trie.
pub struct Nfa {
    nodes: Vec<Node>,
    free: Vec<u32>,
    /// (node, symbol) → child.
    children: Pairs,
    names: Names,
}

impl Nfa {
    pub fn new() -> Self {
        Nfa {
            nodes: vec![Node::new(NONE, NONE)],
            free: Vec::new(),
            children: Pairs::new(),
            names: Names::new(),
        }
    }

    /// The symbol of the segment of `pointer` that begins at `at`; [`NONE`] for all names that are in no pattern.
    #[inline]
    pub fn symbol(&self, segment: &Segment, pointer: &[u8], at: usize) -> u32 {
        self.names.get(segment, pointer, at)
    }

    /// Adds a simple pattern. Returns the node at which it ends, and its place among those that end there.
    pub fn insert(&mut self, pattern: &Pattern, id: Id) -> (u32, u32) {
        let mut at = ROOT;
        for node in pattern.nodes() {
            at = match (node, node.literal()) {
                (_, Some(segment)) => self.literal_child(at, &segment),
                (PatternNode::Descendant, None) => self.other_child(at, DESCENDANT),
                (_, None) => self.other_child(at, STAR),
            };
        }
        let ids = &mut self.nodes[at as usize].ids;
        ids.push(id);
        (at, ids.len() as u32 - 1)
    }

    fn literal_child(&mut self, parent: u32, segment: &str) -> u32 {
        let known = self.names.symbol(segment);
        let found = if known == NONE { NONE } else { self.children.get(parent, known) };
        if found != NONE {
            return found;
        }
        // Each edge is one use of its name.
        let symbol = self.names.acquire(segment);
        let child = self.new_node(parent, symbol);
        self.children.insert(parent, symbol, child);
        self.nodes[parent as usize].literals += 1;
        child
    }

    fn other_child(&mut self, parent: u32, edge: u32) -> u32 {
        let node = &self.nodes[parent as usize];
        let found = if edge == STAR { node.star } else { node.descendant };
        if found != NONE {
            return found;
        }
        let child = self.new_node(parent, edge);
        let node = &mut self.nodes[parent as usize];
        *(if edge == STAR { &mut node.star } else { &mut node.descendant }) = child;
        child
    }

    fn new_node(&mut self, parent: u32, edge: u32) -> u32 {
        let node = Node::new(parent, edge);
        match self.free.pop() {
            Some(free) => {
                self.nodes[free as usize] = node;
                free
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }
        }
    }

    /// Removes the pattern at `place` among those that end at `node`, and all nodes that are no longer needed.
    /// Returns the pattern that has taken its place, if one has.
    pub fn remove(&mut self, node: u32, place: u32) -> Option<Id> {
        let ids = &mut self.nodes[node as usize].ids;
        ids.swap_remove(place as usize);
        let moved = ids.get(place as usize).copied();
        if ids.is_empty() {
            *ids = Vec::new();
            self.prune(node);
        }
        moved
    }

    fn prune(&mut self, mut at: u32) {
        while at != ROOT && self.nodes[at as usize].is_unused() {
            let Node { parent, edge, .. } = self.nodes[at as usize];
            match edge {
                STAR => self.nodes[parent as usize].star = NONE,
                DESCENDANT => self.nodes[parent as usize].descendant = NONE,
                symbol => {
                    self.children.remove(parent, symbol);
                    self.names.release(symbol);
                    self.nodes[parent as usize].literals -= 1;
                }
            }
            self.free.push(at);
            at = parent;
        }
        if self.len() == 1 {
            self.nodes.truncate(1);
            self.nodes.shrink_to_fit();
            self.free = Vec::new();
        }
    }

    /// The number of nodes in use, including the root.
    pub fn len(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    /// The number of nodes, whether in use or free. It is greater than any node's number.
    pub fn bound(&self) -> usize {
        self.nodes.len()
    }

    /// The patterns that end at a node.
    pub fn ids(&self, node: u32) -> &[Id] {
        &self.nodes[node as usize].ids
    }

    /// Enters `node`, and the node that `..` reaches from it without a segment.
    #[inline]
    pub fn enter(&self, node: u32, active: &mut Active) {
        active.nodes.push(node);
        // There are never two `..` in a row, because something that selects follows a `..`.
        let descendant = self.nodes[node as usize].descendant;
        if descendant != NONE {
            active.push_once(descendant);
        }
    }

    /// Enters the nodes to which a segment leads from the nodes `from`.
    ///
    /// There is only one way to a node, from its parent, so a node cannot be entered twice if its parent was not.
    /// Only nodes behind a `..` also lead to themselves, so only these need a check.
    #[inline]
    pub fn step(&self, from: &[u32], symbol: u32, to: &mut Active) {
        to.begin();
        for &at in from {
            let node = &self.nodes[at as usize];
            if node.edge == DESCENDANT {
                to.push_once(at);
            }
            if node.star != NONE {
                self.enter(node.star, to);
            }
            if node.literals > 0 && symbol != NONE {
                let child = self.children.get(at, symbol);
                if child != NONE {
                    self.enter(child, to);
                }
            }
        }
    }

    #[cfg(test)]
    pub fn sizes(&self) -> [usize; 4] {
        [self.len(), self.nodes.len(), self.children.len(), self.names.len()]
    }
}

/// The nodes at which a match is.
#[derive(Default)]
pub struct Active {
    pub nodes: Vec<u32>,
    /// For each node, the last round in which `push_once` pushed it.
    rounds: Vec<u32>,
    round: u32,
}

impl Active {
    /// Makes room for nodes up to `bound`.
    pub fn reserve(&mut self, bound: usize) {
        if self.rounds.len() < bound {
            self.rounds.resize(bound, 0);
        }
    }

    /// Empties the list and begins a new round.
    #[inline]
    pub fn begin(&mut self) {
        self.nodes.clear();
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            // Once in four thousand million segments the count wraps around, and old rounds must not look like this
            // one.
            self.rounds.fill(0);
            self.round = 1;
        }
    }

    #[inline]
    fn push_once(&mut self, node: u32) {
        let round = &mut self.rounds[node as usize];
        if *round != self.round {
            *round = self.round;
            self.nodes.push(node);
        }
    }

    #[cfg(test)]
    pub fn skip_to_last_round(&mut self) {
        self.rounds.fill(0);
        self.round = u32::MAX - 2;
    }
}
