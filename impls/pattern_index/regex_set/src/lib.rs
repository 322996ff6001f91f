//! Peer: `regex::bytes::RegexSet`, with one regular expression over the pointer's text per pattern.

use std::sync::Once;

use regex::bytes::{RegexSet, RegexSetBuilder};
use scenarios::pattern_index::{Id, Node, Pattern, PatternIndex, PatternList, Pointer, UnknownId};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// Limit of the compiled program, in bytes. It is enough for any set of the lab; the crate's own limit of 10 MB is
/// reached at some thousands of patterns.
const SIZE_LIMIT: usize = 1 << 30;

/// Room for the states of the lazily built automaton, in bytes. The crate's own 2 MB do not hold the states of a
/// thousand pointers against ten thousand patterns, and without room the crate matches without them.
const STATES_LIMIT: usize = 1 << 28;

/// The regular expression of a simple pattern.
fn translate(pattern: &Pattern) -> String {
    let mut text = "^".to_owned();
    for node in pattern.nodes() {
        text += &match (node, node.literal()) {
            (_, Some(segment)) => format!("/{}", regex::escape(&segment)),
            (Node::Descendant, None) => "(?:/[^/]*)*".to_owned(),
            (_, None) => "/[^/]*".to_owned(),
        };
    }
    text + "$"
}

/// The expressions, and the set that is made of them when it is next needed.
struct Index {
    /// In the order of the set, with ascending ids.
    expressions: Vec<(Id, String)>,
    set: Option<RegexSet>,
    /// Patterns with unions or slices.
    others: PatternList,
    next: u64,
}

/// Builds a set, once in a process. The first set asks the system for the number of processors, whose cost depends on the
/// machine and belongs to no operation.
fn build_first() {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| drop(RegexSet::new(["a"])));
}

impl PatternIndex for Index {
    fn new() -> Self {
        build_first();
        Index { expressions: Vec::new(), set: None, others: PatternList::default(), next: 0 }
    }

    fn subscribe(&mut self, pattern: &Pattern) -> Id {
        let id = Id(self.next);
        self.next += 1;
        if pattern.is_simple() {
            self.expressions.push((id, translate(pattern)));
            self.set = None;
        } else {
            self.others.insert(id, pattern);
        }
        id
    }

    fn unsubscribe(&mut self, id: Id) -> Result<(), UnknownId> {
        let Ok(at) = self.expressions.binary_search_by_key(&id, |(id, _)| *id) else {
            return self.others.remove(id);
        };
        self.expressions.remove(at);
        self.set = None;
        Ok(())
    }

    fn matches(&mut self, pointer: &Pointer, ids: &mut Vec<Id>) {
        let expressions = &self.expressions;
        let set = self.set.get_or_insert_with(|| {
            RegexSetBuilder::new(expressions.iter().map(|(_, text)| text))
                .unicode(false)
                .size_limit(SIZE_LIMIT)
                .dfa_size_limit(STATES_LIMIT)
                .build()
                .expect("an escaped expression is valid and within the limit")
        });
        let found = set.matches(pointer.as_str().as_bytes());
        ids.extend(found.iter().map(|at| expressions[at].0));
        self.others.matches(pointer, ids);
    }

    fn len(&self) -> usize {
        self.expressions.len() + self.others.len()
    }
}

/// The contender: `RegexSet`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::pattern_index::contender::<Index>(About {
        name: "regex_set",
        role: Role::Peer,
        summary: "regex::bytes::RegexSet: one expression per pattern; one lazily built automaton over bytes matches \
                  all of them.",
        source: "crate regex 1.13",
        analysis: ANALYSIS,
        complexity: &[
            ("identical", Growth::Linear),
            ("mix_warm", Growth::Linear),
            ("mix_unseen", Growth::Linear),
            ("churn", Growth::Linear),
            ("descendant_chains", Growth::Linear),
            ("frontiers", Growth::Linear),
            ("notify_exact", Growth::Linear),
            ("notify_patterns", Growth::Linear),
        ],
        capabilities: &[Capability::ScansWhole],
        caveats: &[Caveat {
            badge: "recompiled on change",
            text: "A RegexSet cannot change, so the first match after a change compiles all patterns again.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Every pattern becomes an anchored regular expression over the pointer's escaped text: a name is a literal, \
* is /[^/]*, .. is (?:/[^/]*)*. The set runs them side by side in one lazily built DFA over bytes, without \
Unicode classes, and reports which of them matched. Options are the crate's defaults, except for the limits \
on the compiled program, which some thousands of patterns would exceed, and on the states kept.

On pointers seen before it takes a transition per byte. Then it allocates and walks a bit set with a bit \
per pattern, and that part grows with their number. A name never seen before leads to new states. Each of \
them is the closure over all expressions that can still match; with many patterns most of the time goes \
there, and the cache of states fills and is cleared. A change discards the compiled program and all states.";
