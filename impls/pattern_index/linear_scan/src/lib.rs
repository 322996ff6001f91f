//! The naive pattern index: a list of parsed patterns, each tested against the pointer.

use scenarios::pattern_index::{Id, Pattern, PatternIndex, PatternList, Pointer, UnknownId};
use scenarios::{About, Capability, Contender, Growth, Role};

/// Every pattern is in the list that other contenders keep for patterns which they do not index.
pub struct LinearScan {
    patterns: PatternList,
    next: u64,
}

impl PatternIndex for LinearScan {
    fn new() -> Self {
        LinearScan { patterns: PatternList::default(), next: 0 }
    }

    fn subscribe(&mut self, pattern: &Pattern) -> Id {
        let id = Id(self.next);
        self.next += 1;
        self.patterns.insert(id, pattern);
        id
    }

    fn unsubscribe(&mut self, id: Id) -> Result<(), UnknownId> {
        self.patterns.remove(id)
    }

    fn matches(&mut self, pointer: &Pointer, ids: &mut Vec<Id>) {
        self.patterns.matches(pointer, ids);
    }

    fn len(&self) -> usize {
        self.patterns.len()
    }
}

/// The contender: a list of patterns.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::pattern_index::contender::<LinearScan>(About {
        name: "linear_scan",
        role: Role::Naive,
        summary: "A list of parsed patterns; a match tests every one of them.",
        source: "data-map: the list of compiled JSONPath patterns that its PatternIndex is to replace",
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
        capabilities: &[Capability::Dynamic, Capability::ScansWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The pointer is cut into segments once, then every pattern is tested against them, node by node. The first \
name already refutes most patterns. A pattern with .. is matched greedily: after a mismatch only the last \
.. is extended by a segment, so one test takes at most segments times nodes steps and no recursion, which \
is already better than what the source describes.

Nothing is built and nothing is kept, so a change costs next to nothing, and pointers never seen before \
cost the same as all others. It wins with a handful of patterns; from about ten on it loses, in proportion \
to their number.";
