//! The deterministic automaton. It knows which set of nodes follows which, as far as matches needed that.

use scenarios::pattern_index::Id;

use crate::table::{NONE, Pairs, SPREAD};

/// The state with no nodes, in which nothing can match any more.
pub const DEAD: u32 = 0;

/// The state that every match begins in.
pub const START: u32 = 1;

/// The most states.
const MAX_STATES: usize = 1 << 16;

/// The most transitions by a name.
const MAX_TRANSITIONS: usize = 1 << 18;

/// The most nodes and subscriptions in all states together.
const MAX_ITEMS: usize = 1 << 20;

/// A set of nodes.
#[derive(Clone, Copy)]
struct State {
    /// Where its subscriptions begin and end in [`Dfa::ids`].
    ids: (u32, u32),
    /// Where its nodes begin and end in [`Dfa::nodes`].
    nodes: (u32, u32),
    /// The next state in the chain of those with the same hash.
    next: u32,
}

/// The states, and how one leads to another.
pub struct Dfa {
    states: Vec<State>,
    /// For each state, the one after any name that is in no pattern; [`NONE`] while that is not known.
    others: Vec<u32>,
    nodes: Vec<u32>,
    ids: Vec<Id>,
    /// (state, symbol) → state.
    transitions: Pairs,
    /// (hash, 0) → the first state with that hash.
    by_hash: Pairs,
}

fn hash(nodes: &[u32]) -> u32 {
    let mix = |hash: u64, node: &u32| (hash.rotate_left(29) ^ u64::from(*node)).wrapping_mul(SPREAD);
    (nodes.iter().fold(nodes.len() as u64, mix) >> 32) as u32
}

impl Dfa {
    pub fn new() -> Self {
        Dfa {
            states: Vec::new(),
            others: Vec::new(),
            nodes: Vec::new(),
            ids: Vec::new(),
            transitions: Pairs::new(),
            by_hash: Pairs::new(),
        }
    }

    /// Whether nothing is built, not even the start.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Number of states.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// The state of a set of nodes, which are in ascending order; `None` if there is no more room. The first two sets
    /// to be asked for are those of [`DEAD`] and [`START`].
    pub fn state<'a>(&mut self, nodes: &[u32], ids: impl Fn(u32) -> &'a [Id]) -> Option<u32> {
        let hash = hash(nodes);
        let first = self.by_hash.get(hash, 0);
        let mut at = first;
        while at != NONE {
            let state = &self.states[at as usize];
            if self.nodes[state.nodes.0 as usize..state.nodes.1 as usize] == *nodes {
                return Some(at);
            }
            at = state.next;
        }
        let found: usize = nodes.iter().map(|node| ids(*node).len()).sum();
        let items = self.nodes.len() + nodes.len() + self.ids.len() + found;
        // The first two states always fit, even for a set of patterns that is larger than the limit.
        if self.states.len() > START as usize && (self.states.len() >= MAX_STATES || items > MAX_ITEMS) {
            return None;
        }
        let begin = (self.ids.len() as u32, self.nodes.len() as u32);
        self.nodes.extend_from_slice(nodes);
        for node in nodes {
            self.ids.extend_from_slice(ids(*node));
        }
        let state = self.states.len() as u32;
        self.states.push(State {
            ids: (begin.0, self.ids.len() as u32),
            nodes: (begin.1, self.nodes.len() as u32),
            next: NONE,
        });
        self.others.push(NONE);
        if first == NONE {
            self.by_hash.insert(hash, 0, state);
        } else {
            self.states[state as usize].next = self.states[first as usize].next;
            self.states[first as usize].next = state;
        }
        Some(state)
    }

    /// The state after `state` by a symbol, which is [`NONE`] for a name in no pattern. Returns [`NONE`] while the
    /// state is not known.
    #[inline]
    pub fn next(&self, state: u32, symbol: u32) -> u32 {
        if symbol == NONE { self.others[state as usize] } else { self.transitions.get(state, symbol) }
    }

    /// Remembers a transition that was not known. Returns whether there was room for it.
    pub fn connect(&mut self, from: u32, symbol: u32, to: u32) -> bool {
        if symbol == NONE {
            self.others[from as usize] = to;
        } else if self.transitions.len() < MAX_TRANSITIONS {
            self.transitions.insert(from, symbol, to);
        } else {
            return false;
        }
        true
    }

    /// The nodes of a state.
    pub fn nodes(&self, state: u32) -> &[u32] {
        let (begin, end) = self.states[state as usize].nodes;
        &self.nodes[begin as usize..end as usize]
    }

    /// The subscriptions that a pointer which ends in this state matches.
    #[inline]
    pub fn ids(&self, state: u32) -> &[Id] {
        let (begin, end) = self.states[state as usize].ids;
        &self.ids[begin as usize..end as usize]
    }
}
