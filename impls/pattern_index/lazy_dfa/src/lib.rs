//! The lab's own pattern index: a trie over interned segments, and an automaton that is built from it during use.
//!
//! ```text
//!   pointer  /users/7/name ──▶ symbols  [users] [other] [name]         names in no pattern are all one symbol
//!
//!   NFA      the trie of all patterns                 DFA    a state per set of trie nodes that was met
//!
//!            root ─users─▶ a ─*─▶ b ─name─▶ c                {root,d} ─users─▶ {a,d} ─other─▶ {b,d} ─name─▶ {c,d,e}
//!              └──..──▶ d⟲ ─name─▶ e                                                                         └ ids
//! ```
//!
//! For each segment, a match reads it, looks up its symbol, and takes one transition. The state at the end has the
//! subscriptions in one piece. A transition that is not known yet is found by following the trie from the state's
//! nodes, and then kept.
//!
//! Invariants:
//!
//! * the DFA agrees with the trie, because every change of the trie discards it;
//! * it is built again only after `SETTLED` segments were matched without it, so that changes in close succession do
//!   not pay for states that nothing will use;
//! * its size is bounded; if it fills up before it pays off, the trie alone answers for `REST` segments;
//! * no match recurses, and none visits a node of the trie twice per segment.

mod dfa;
mod nfa;
mod table;

use scenarios::pattern_index::{Id, Pattern, PatternIndex, PatternList, Pointer, UnknownId};
use scenarios::{About, Capability, Contender, Growth, Role};

use dfa::{DEAD, Dfa, START};
use nfa::{Active, Nfa, ROOT};
use table::{NONE, Segment};

/// After a change, this many segments are matched without the DFA before it is built.
const SETTLED: u32 = 64;

/// After the DFA filled up without having paid off, this many segments are matched without it.
const REST: u32 = 1 << 16;

/// When the DFA is full, it has paid off if it matched at least this many segments per state.
const PAYS_OFF: u64 = 8;

/// Marks the ids of patterns that are not in the trie.
const OTHER: u64 = 1 << 63;

/// The number of generations of a slot: an id has 31 bits for the generation and 32 for the slot.
const GENERATIONS: u32 = 1 << 31;

/// Bytes of a segment, roughly, including its slash: counting the segments of each pointer would take longer.
const BYTES_PER_SEGMENT: u64 = 8;

/// Up to this many subscriptions are copied one by one, because a call to copy them would take longer.
const SHORT_ANSWER: usize = 4;

/// A subscription in the trie, or room for one.
struct Slot {
    /// How often the slot has been used before.
    generation: u32,
    /// The node at which its pattern ends; [`NONE`] while the slot is free.
    node: u32,
    /// Its place among the patterns that end there.
    place: u32,
}

/// The index.
pub struct LazyDfa {
    nfa: Nfa,
    dfa: Dfa,
    /// Segments still to be matched before the DFA is used.
    wait: u32,
    /// About how many segments were matched since the DFA was last empty.
    used: u64,
    active: [Active; 2],
    slots: Vec<Slot>,
    free: Vec<u32>,
    live: usize,
    /// Patterns with unions or slices, and the number of the next one.
    others: PatternList,
    next_other: u64,
}

/// How a match goes on. The `usize` is the byte at which the next segment begins, one past the end if there is none.
enum Next {
    /// It goes on in the DFA, from this state.
    State(u32, usize),
    /// It goes on in the trie, from the nodes in `active[0]`.
    Nodes(usize),
    /// It ends, because its answer is complete.
    Done,
}

impl LazyDfa {
    fn id(slot: u32, generation: u32) -> Id {
        Id(u64::from(generation) << 32 | u64::from(slot))
    }

    /// The slot of a subscription, if that exists.
    fn slot(&self, id: Id) -> Option<usize> {
        let (slot, generation) = ((id.0 & u64::from(u32::MAX)) as usize, id.0 >> 32);
        let found = self.slots.get(slot)?;
        (found.node != NONE && u64::from(found.generation) == generation).then_some(slot)
    }

    /// Discards everything that the DFA knows.
    fn invalidate(&mut self) {
        if !self.dfa.is_empty() {
            self.dfa = Dfa::new();
        }
        self.wait = SETTLED;
    }

    /// Empties a DFA that is full.
    fn make_room(&mut self) {
        self.wait = if self.used < PAYS_OFF * self.dfa.len() as u64 { REST } else { 0 };
        self.dfa = Dfa::new();
        self.used = 0;
    }

    /// Begins the DFA with its dead state and its start. Does not change `active[0]`.
    fn begin(&mut self) {
        let LazyDfa { nfa, dfa, active: [_, active], .. } = self;
        active.begin();
        dfa.state(&active.nodes, |node| nfa.ids(node));
        nfa.enter(ROOT, active);
        active.nodes.sort_unstable();
        dfa.state(&active.nodes, |node| nfa.ids(node));
        self.used = 0;
    }

    /// The state of the nodes in `active[0]`; `None` if the DFA is full.
    fn state(&mut self) -> Option<u32> {
        let LazyDfa { nfa, dfa, active: [active, _], .. } = self;
        active.nodes.sort_unstable();
        dfa.state(&active.nodes, |node| nfa.ids(node))
    }

    /// The state after `state` by `symbol`, which the DFA does not know yet; `None` if it is full. Leaves that state's
    /// nodes in `active[0]`.
    #[cold]
    #[inline(never)]
    fn build(&mut self, state: u32, symbol: u32) -> Option<u32> {
        let LazyDfa { nfa, dfa, active: [active, _], .. } = self;
        nfa.step(dfa.nodes(state), symbol, active);
        let next = self.state()?;
        self.dfa.connect(state, symbol, next).then_some(next)
    }

    /// Matches in the DFA.
    #[inline]
    fn run(&mut self, mut state: u32, mut at: usize, pointer: &[u8], ids: &mut Vec<Id>) -> Next {
        while at <= pointer.len() {
            let segment = Segment::read(pointer, at);
            let symbol = self.nfa.symbol(&segment, pointer, at);
            at += segment.len() + 1;
            let mut next = self.dfa.next(state, symbol);
            if next == NONE {
                let Some(built) = self.build(state, symbol) else {
                    self.make_room();
                    return Next::Nodes(at);
                };
                next = built;
            }
            if next == DEAD {
                return Next::Done;
            }
            state = next;
        }
        let found = self.dfa.ids(state);
        if found.len() > SHORT_ANSWER {
            ids.extend_from_slice(found);
        } else {
            found.iter().for_each(|id| ids.push(*id));
        }
        Next::Done
    }

    /// Matches in the trie, until the DFA has waited long enough.
    #[cold]
    #[inline(never)]
    fn simulate(&mut self, mut at: usize, pointer: &[u8], ids: &mut Vec<Id>) -> Next {
        while at <= pointer.len() {
            if self.wait == 0 {
                if self.dfa.is_empty() {
                    self.begin();
                }
                if let Some(state) = self.state() {
                    return Next::State(state, at);
                }
                self.make_room();
                continue;
            }
            self.wait -= 1;
            let LazyDfa { nfa, active: [from, to], .. } = self;
            let segment = Segment::read(pointer, at);
            nfa.step(&from.nodes, nfa.symbol(&segment, pointer, at), to);
            std::mem::swap(from, to);
            if from.nodes.is_empty() {
                return Next::Done;
            }
            at += segment.len() + 1;
        }
        for node in &self.active[0].nodes {
            ids.extend_from_slice(self.nfa.ids(*node));
        }
        Next::Done
    }
}

impl PatternIndex for LazyDfa {
    fn new() -> Self {
        LazyDfa {
            nfa: Nfa::new(),
            dfa: Dfa::new(),
            wait: SETTLED,
            used: 0,
            active: Default::default(),
            slots: Vec::new(),
            free: Vec::new(),
            live: 0,
            others: PatternList::default(),
            next_other: OTHER,
        }
    }

    fn subscribe(&mut self, pattern: &Pattern) -> Id {
        if !pattern.is_simple() {
            let id = Id(self.next_other);
            self.next_other += 1;
            self.others.insert(id, pattern);
            return id;
        }
        self.invalidate();
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        if slot as usize == self.slots.len() {
            self.slots.push(Slot { generation: 0, node: NONE, place: 0 });
        }
        let generation = self.slots[slot as usize].generation;
        let id = Self::id(slot, generation);
        let (node, place) = self.nfa.insert(pattern, id);
        self.slots[slot as usize] = Slot { generation, node, place };
        self.live += 1;
        let bound = self.nfa.bound();
        self.active.iter_mut().for_each(|active| active.reserve(bound));
        id
    }

    fn unsubscribe(&mut self, id: Id) -> Result<(), UnknownId> {
        if id.0 >= OTHER {
            return self.others.remove(id);
        }
        let slot = self.slot(id).ok_or(UnknownId(id))?;
        self.invalidate();
        let Slot { generation, node, place } = self.slots[slot];
        if let Some(moved) = self.nfa.remove(node, place) {
            let moved = self.slot(moved).expect("a subscription in the trie has a slot");
            self.slots[moved].place = place;
        }
        self.slots[slot] = Slot { generation: generation + 1, node: NONE, place: 0 };
        // A slot whose generations are used up stays unused.
        if generation + 1 < GENERATIONS {
            self.free.push(slot as u32);
        }
        self.live -= 1;
        if self.live == 0 {
            self.active = Default::default();
            self.active.iter_mut().for_each(|active| active.reserve(1));
        }
        Ok(())
    }

    fn matches(&mut self, pointer: &Pointer, ids: &mut Vec<Id>) {
        let bytes = pointer.as_str().as_bytes();
        self.used += bytes.len() as u64 / BYTES_PER_SEGMENT;
        let mut next = if self.wait == 0 && !self.dfa.is_empty() {
            Next::State(START, 1)
        } else {
            let [active, _] = &mut self.active;
            active.reserve(1);
            active.begin();
            self.nfa.enter(ROOT, active);
            Next::Nodes(1)
        };
        loop {
            next = match next {
                Next::State(state, at) => self.run(state, at, bytes, ids),
                Next::Nodes(at) => self.simulate(at, bytes, ids),
                Next::Done => break,
            };
        }
        if !self.others.is_empty() {
            self.others.matches(pointer, ids);
        }
    }

    fn len(&self) -> usize {
        self.live + self.others.len()
    }
}

/// The contender: the trie and its lazily built DFA.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::pattern_index::contender::<LazyDfa>(About {
        name: "lazy_dfa",
        role: Role::Optimized,
        summary: "A trie over interned segments, and a DFA of bounded size that is built from it during use.",
        source: "the lab's own, after the lazily built automata of regular expression engines",
        analysis: ANALYSIS,
        complexity: &[
            ("identical", Growth::Linear),
            ("mix_warm", Growth::Constant),
            ("mix_unseen", Growth::Constant),
            ("churn", Growth::Constant),
            ("descendant_chains", Growth::Constant),
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
All patterns are one trie in an arena, whose edges are in one hash table by node and symbol. A symbol \
stands for a name that some pattern uses; to find it, a segment is read eight bytes at a time, and the \
bytes are compared as one number. Names in no pattern share one symbol, so a name that was never seen \
before is nothing new to the automaton, unless a known name stands where it never stood.

The set of trie nodes at which a match is becomes a state the first time, with its subscriptions copied \
into one piece. From then on a segment costs one look-up of its name and one of the transition, whatever \
the number of patterns, and a match ends early in the dead state. Regular expression sets do the same per \
byte, and meet a new state with every new name.

A change discards the states. They are built again only after 64 segments without a change. Until then the \
trie is followed directly, with every node entered at most once per segment, also below any number of .. in \
one pattern. The number of states is bounded; if they fill up before each was used eight times, the trie \
alone answers for a while.

It loses where the answer itself is the cost (identical patterns, and wide frontiers that peers must list, \
too). It also pays memory: up to 65,536 states with twelve megabytes of nodes and subscriptions.";

#[cfg(test)]
mod tests {
    use scenarios::input::mix;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    fn found(index: &mut LazyDfa, pointer: &str) -> Vec<Id> {
        let mut ids = Vec::new();
        index.matches(&Pointer::parse(pointer).unwrap(), &mut ids);
        ids.sort_unstable();
        ids
    }

    fn subscribe_all(patterns: &[&str]) -> (LazyDfa, Vec<Id>) {
        let mut index = LazyDfa::new();
        let ids = patterns.iter().map(|text| index.subscribe(&pattern(text))).collect();
        (index, ids)
    }

    #[test]
    fn removal_prunes_down_to_the_root() {
        let texts = ["$.a.b", "$.a.*", "$..c.d", "$.a", "$", "$.a.b.c..x", "$['u','v']", "$.a.b"];
        let (mut index, ids) = subscribe_all(&texts);
        assert_eq!(index.nfa.sizes()[0], 10);
        found(&mut index, "/a/b");
        for id in ids {
            index.unsubscribe(id).unwrap();
            assert_eq!(index.unsubscribe(id), Err(UnknownId(id)));
        }
        assert_eq!(index.nfa.sizes(), [1, 1, 0, 0]);
        assert!(index.is_empty() && index.dfa.is_empty());
        assert_eq!(found(&mut index, "/a/b"), []);
    }

    #[test]
    fn the_dfa_is_built_once_changes_have_settled() {
        let (mut index, ids) = subscribe_all(&["$.a.b", "$..b"]);
        for _ in 0..SETTLED / 2 {
            assert!(index.dfa.is_empty());
            assert_eq!(found(&mut index, "/a/b"), ids);
        }
        assert_eq!(found(&mut index, "/a/b"), ids);
        assert!(!index.dfa.is_empty());
        let later = index.subscribe(&pattern("$.*.b"));
        assert!(index.dfa.is_empty());
        assert_eq!(found(&mut index, "/a/b"), [ids[0], ids[1], later]);
    }

    #[test]
    fn names_in_no_pattern_make_no_states() {
        let (mut index, ids) = subscribe_all(&["$.a.*.b", "$..c"]);
        let mut states = 0;
        for number in 0..1000 {
            assert_eq!(found(&mut index, &format!("/a/new{number}/b")), ids[..1]);
            assert_eq!(found(&mut index, &format!("/x{number}/y{number}/c")), ids[1..]);
            if number == 100 {
                states = index.dfa.len();
            }
        }
        assert_eq!(index.dfa.len(), states);
        assert!(states < 16, "{states}");
    }

    /// The sets of nodes of such patterns never repeat: the set of `$..a.*.*.*` … depends on which of the last segments
    /// were `a`.
    #[test]
    fn a_full_dfa_is_emptied_and_rests() {
        let stars = ".*".repeat(18);
        let (mut index, ids) = subscribe_all(&[&format!("$..a{stars}")]);
        let mut rested = false;
        for number in 0..12_000u64 {
            let bits = mix(number);
            let text: String = (0..24).map(|at| if bits >> at & 1 == 1 { "/a" } else { "/b" }).collect();
            let expected = if bits >> 5 & 1 == 1 { &ids[..] } else { &[] };
            assert_eq!(found(&mut index, &text), expected, "{text}");
            rested |= index.wait > SETTLED;
            assert!(index.dfa.len() <= 1 << 16);
        }
        assert!(rested, "the DFA was never full");
    }

    #[test]
    fn rounds_wrap_around() {
        let (mut index, ids) = subscribe_all(&["$..a..b", "$..b"]);
        for _ in 0..8 {
            assert_eq!(found(&mut index, "/a/z/b"), ids);
            index.active.iter_mut().for_each(Active::skip_to_last_round);
            index.invalidate();
        }
    }

    #[test]
    fn ids_of_reused_slots_differ() {
        let (mut index, ids) = subscribe_all(&["$.a"]);
        let mut last = ids[0];
        for _ in 0..100 {
            index.unsubscribe(last).unwrap();
            let next = index.subscribe(&pattern("$.a"));
            assert_ne!(next, last);
            assert_eq!(index.unsubscribe(last), Err(UnknownId(last)));
            last = next;
        }
        assert_eq!(index.slots.len(), 1);
    }

    /// Compares with a test of every pattern, with the DFA and without it, and with changes in between.
    #[test]
    fn random_sets_agree_with_single_patterns() {
        const NAMES: [&str; 6] = ["a", "b", "c", "longer_name", "a_much_longer_name", "d"];
        for seed in 0..60u64 {
            let mut index = LazyDfa::new();
            let mut model: Vec<(Id, Pattern)> = Vec::new();
            for step in 0..400u64 {
                let draw = mix(seed << 32 | step);
                let name = |shift: u32| NAMES[(draw >> shift) as usize % NAMES.len()];
                // There are three phases: only changes, changes and matches, only matches.
                if draw % 8 < [8, 2, 0][(step / 100 % 3) as usize] {
                    if draw >> 62 == 0 && !model.is_empty() {
                        let (id, _) = model.swap_remove((draw >> 8) as usize % model.len());
                        index.unsubscribe(id).unwrap();
                        continue;
                    }
                    let mut text = "$".to_owned();
                    for at in 0..draw >> 10 & 3 {
                        text += match draw >> (12 + 2 * at) & 3 {
                            0 => ".*",
                            1 => "..",
                            _ => ".",
                        };
                        if !text.ends_with('*') {
                            text += name(20 + 8 * at as u32);
                        }
                    }
                    let pattern = pattern(&text);
                    model.push((index.subscribe(&pattern), pattern));
                } else {
                    let segments: Vec<&str> =
                        (0..draw >> 10 & 7).map(|at| name(13 + 7 * at as u32)).collect();
                    let text: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
                    let mut expected: Vec<Id> = (model.iter())
                        .filter(|(_, pattern)| pattern.selects(&segments))
                        .map(|(id, _)| *id)
                        .collect();
                    expected.sort_unstable();
                    assert_eq!(found(&mut index, &text), expected, "{text}");
                }
            }
        }
    }
}
