//! A flat array of up to 4 entries that becomes a HAMT with one more: see `hybrid_8`.

use scenarios::{About, Capability, Contender, Growth, Role};
use small_map_hybrid_8::UpTo;

/// The contender: a flat array of up to 4 entries, then a HAMT.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<UpTo<4>>(About {
        name: "hybrid_4",
        role: Role::Optimized,
        summary: "A flat array of up to 4 entries; the next one makes it a textbook HAMT, and it stays one.",
        source: "array-map proposal, with the threshold at 4",
        analysis: ANALYSIS,
        complexity: &[
            ("get_hit", Growth::Logarithmic),
            ("get_miss", Growth::Logarithmic),
            ("insert_shared", Growth::Logarithmic),
            ("remove_shared", Growth::Logarithmic),
            ("build", Growth::Logarithmic),
            ("insert_unshared", Growth::Logarithmic),
            ("iterate", Growth::Constant),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
Up to 4 entries `array_map`, beyond `hamt`; an operation looks which of the two it has. The insert of \
one more than 4 moves every entry into a new trie, once: a trie that shrinks stays a trie.

At 4 entries the scan has not lost to anything yet, whatever the key; from 5 on it is the trie with one \
more test. The upgrade itself costs what building a trie of 5 entries costs, and shows in insert_shared \
at 5.";

#[cfg(test)]
mod tests {
    #[test]
    fn the_traces_pass() {
        let contender = super::contender();
        for check in contender.bottleneck.checks.iter().filter(|check| check.name.starts_with("around_4")) {
            if !check.name.ends_with("panics") {
                assert_eq!((contender.replay)(check, &check.trace(0)), Ok(()), "{}", check.name);
            }
        }
    }
}
