//! A flat array of up to 32 entries that becomes a HAMT with one more: see `hybrid_8`.

use scenarios::{About, Capability, Contender, Growth, Role};
use small_map_hybrid_8::UpTo;

/// The contender: a flat array of up to 32 entries, then a HAMT.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::small_map::contender::<UpTo<32>>(About {
        name: "hybrid_32",
        role: Role::Optimized,
        summary: "A flat array of up to 32 entries; the next one makes it a textbook HAMT, and it stays one.",
        source: "array-map proposal, with the threshold at 32",
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
Up to 32 entries `array_map`, beyond `hamt`; an operation looks which of the two it has. The insert of \
one more than 32 moves every entry into a new trie, once: a trie that shrinks stays a trie.

At 32 entries lookups cost a multiple of the trie's, and so do inserts, which scan before they append; \
copying half a kilobyte of plain entries is still cheaper than the trie's copies. With String keys the \
copy clones them all, which is the worst of both. The upgrade itself costs what building a trie of 33 \
entries costs, and shows in insert_shared at 33.";

#[cfg(test)]
mod tests {
    #[test]
    fn the_traces_pass() {
        let contender = super::contender();
        for check in contender.bottleneck.checks.iter().filter(|check| check.name.starts_with("around_32")) {
            if !check.name.ends_with("panics") {
                assert_eq!((contender.replay)(check, &check.trace(0)), Ok(()), "{}", check.name);
            }
        }
    }
}
