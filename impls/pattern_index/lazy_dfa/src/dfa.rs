//! The deterministic automaton: which sets of nodes follow which, as far as it was needed.

use scenarios::pattern_index::Id;

use crate::table::{NONE, Pairs};

/// The state of no nodes: nothing can match any more.
pub const DEAD: u32 = 0;

/// The state that every match begins in.
pub const START: u32 = 1;

/// Most states.
const MAX_STATES: usize = 1 << 16;

/// Most transitions by a name.
const MAX_TRANSITIONS: usize = 1 << 18;

/// Most nodes and subscriptions in all states together.
const MAX_ITEMS: usize = 1 << 20;

/// A set of nodes.
#[derive(Clone, Copy)]
struct State {
    /// Its part of [`Dfa::ids`].
    ids: (u32, u32),
    /// Its part of [`Dfa::nodes`].
    nodes: (u32, u32),
    /// The next state in the chain of those with the same hash.
    next: u32,
}

/// The states, and how one leads to another.
pub struct Dfa {
    states: Vec<State>,
    /// By state: the one after any name that is in no pattern; [`NONE`] while that is not known.
    others: Vec<u32>,
    nodes: Vec<u32>,
    ids: Vec<Id>,
    /// (state, symbol) → state.
    transitions: Pairs,
    /// (hash, 0) → the first state with that hash.
    by_hash: Pairs,
}

fn hash(nodes: &[u32]) -> u32 {
    let mix =
        |hash: u64, node: &u32| (hash.rotate_left(29) ^ u64::from(*node)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
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

    /// The state of a set of nodes, in ascending order; `None` where there is no more room. The first two to ask
    /// for are [`DEAD`]'s and [`START`]'s.
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
        // The first two always fit: a set of patterns may be larger than what is kept of it.
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

    /// The state after `state` by a symbol ([`NONE`]: a name in no pattern); [`NONE`] while that is not known.
    #[inline]
    pub fn next(&self, state: u32, symbol: u32) -> u32 {
        if symbol == NONE { self.others[state as usize] } else { self.transitions.get(state, symbol) }
    }

    /// Remembers a transition that is not known; whether there was room.
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
