//! Peer: `globset::GlobSet`, with one glob over the pointer's text per pattern.

use std::sync::Once;

use globset::{Candidate, Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use scenarios::pattern_index::{Id, Node, Pattern, PatternIndex, PatternList, Pointer, UnknownId};
use scenarios::{About, Capability, Caveat, Contender, Growth, Role};

/// The glob of a simple pattern.
fn translate(pattern: &Pattern) -> String {
    let mut text = String::new();
    for (at, node) in pattern.nodes().iter().enumerate() {
        match (node, node.literal()) {
            (_, Some(segment)) => {
                text.push('/');
                escape(&segment, &mut text);
            }
            // At the front the slash is left out: in this form (`**/name`) the crate recognises a name anywhere, for
            // which it has a table. It treats the slash before the next segment as optional, so what follows must
            // not be able to be empty.
            (Node::Descendant, None) if at == 0 && is_name(pattern.nodes().get(1)) => text.push_str("**"),
            (Node::Descendant, None) => text.push_str("/**"),
            (_, None) => text.push_str("/*"),
        }
    }
    text
}

/// Whether a node selects by one name that is not empty.
fn is_name(node: Option<&Node>) -> bool {
    node.and_then(Node::literal).is_some_and(|segment| !segment.is_empty())
}

/// Appends a segment that is to be taken literally.
fn escape(segment: &str, text: &mut String) {
    let last = segment.len().saturating_sub(1);
    for (at, c) in segment.char_indices() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' => text.extend(['[', c, ']']),
            // The crate's tables of names and extensions find no path that ends in a dot, so such names are kept out
            // of them.
            '.' if at == last => text.push_str("[.]"),
            c => text.push(c),
        }
    }
}

/// The globs, and the set that is made of them when it is next needed.
struct Index {
    /// In the order of the set, with ascending ids.
    globs: Vec<(Id, String)>,
    /// Usually one set; each with the place in `globs` at which its own globs begin. If empty, the sets must be built.
    sets: Vec<(usize, GlobSet)>,
    /// Patterns with unions or slices.
    others: PatternList,
    next: u64,
    /// The buffer for a match's result, kept from match to match as the crate recommends.
    found: Vec<usize>,
}

impl Index {
    fn build(&mut self) {
        let globs = |(_, text): &(Id, String)| {
            let glob = GlobBuilder::new(text).literal_separator(true).backslash_escape(false).build();
            glob.expect("an escaped glob is a glob")
        };
        let mut parts = vec![(0, self.globs.len())];
        while let Some((start, end)) = parts.pop() {
            let mut set = GlobSetBuilder::new();
            for glob in self.globs[start..end].iter().map(globs) {
                set.add(glob);
            }
            match set.build() {
                Ok(set) => self.sets.push((start, set)),
                // The crate's limit on the size of a compiled set cannot be changed, so the set is split.
                Err(_) if end - start > 1 => {
                    let middle = start + (end - start) / 2;
                    parts.extend([(middle, end), (start, middle)]);
                }
                Err(error) => unreachable!("one escaped glob is within the limit: {error}"),
            }
        }
    }
}

/// Builds a set, once in a process. The first set asks the system for the number of processors, whose cost depends on the
/// machine and belongs to no operation.
fn build_first() {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let mut set = GlobSetBuilder::new();
        // A glob of a kind that becomes a regular expression.
        set.add(Glob::new("?[ab]*?").expect("it is a glob"));
        drop(set.build());
    });
}

impl PatternIndex for Index {
    fn new() -> Self {
        build_first();
        Index {
            globs: Vec::new(),
            sets: Vec::new(),
            others: PatternList::default(),
            next: 0,
            found: Vec::new(),
        }
    }

    fn subscribe(&mut self, pattern: &Pattern) -> Id {
        let id = Id(self.next);
        self.next += 1;
        if pattern.is_simple() {
            self.globs.push((id, translate(pattern)));
            self.sets.clear();
        } else {
            self.others.insert(id, pattern);
        }
        id
    }

    fn unsubscribe(&mut self, id: Id) -> Result<(), UnknownId> {
        let Ok(at) = self.globs.binary_search_by_key(&id, |(id, _)| *id) else {
            return self.others.remove(id);
        };
        self.globs.remove(at);
        self.sets.clear();
        Ok(())
    }

    fn matches(&mut self, pointer: &Pointer, ids: &mut Vec<Id>) {
        if self.sets.is_empty() {
            self.build();
        }
        let candidate = Candidate::from_bytes(pointer.as_str());
        for (start, set) in &self.sets {
            set.matches_candidate_into(&candidate, &mut self.found);
            ids.extend(self.found.iter().map(|at| self.globs[start + at].0));
        }
        self.others.matches(pointer, ids);
    }

    fn len(&self) -> usize {
        self.globs.len() + self.others.len()
    }
}

/// The contender: `GlobSet`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::pattern_index::contender::<Index>(About {
        name: "globset",
        role: Role::Peer,
        summary: "globset::GlobSet: one glob per pattern; a literal glob goes into a table, all others into one set \
                  of regular expressions.",
        source: "crate globset 0.4",
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
        capabilities: &[Capability::ScansWhole],
        caveats: &[
            Caveat {
                badge: "recompiled on change",
                text: "A GlobSet cannot change, so the first match after a change compiles all patterns again.",
            },
            Caveat {
                badge: "large sets are split",
                text: "The crate limits a set's compiled expressions to a fixed size. Beyond it, the patterns are \
                       split into several sets, and a match asks each of them.",
            },
        ],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Every pattern becomes a glob over the pointer's escaped text, with separators that * does not match and ** \
for any number of segments. Characters with a special meaning are put into classes, and so is a dot at a \
name's end, because the crate's tables do not find paths that end in one. The crate sorts globs by their \
kind: exact ones go into a hash table of whole paths, **/name into one of last segments, the rest into a \
set of regular expressions.

Exact patterns, more than half of a realistic mix, cost one look-up however many there are. The others \
behave as in RegexSet: a lazily built DFA is fast on what it has seen, and slow where many expressions meet \
a new name or where its cache is too small for their states. A change compiles everything again.";
