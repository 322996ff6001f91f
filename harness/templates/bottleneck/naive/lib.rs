//! The obvious implementation: keys in a `Vec`, searched one after the other.

use scenarios::__name__::__Name__;
use scenarios::{About, Contender, Growth, Role};

struct Scanned(Vec<u64>);

impl __Name__ for Scanned {
    fn new() -> Self {
        Scanned(Vec::new())
    }

    fn insert(&mut self, key: u64) -> bool {
        let absent = !self.contains(key);
        if absent {
            self.0.push(key);
        }
        absent
    }

    fn contains(&self, key: u64) -> bool {
        self.0.contains(&key)
    }
}

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::__name__::contender::<Scanned>(About {
        name: "naive",
        role: Role::Naive,
        summary: "Keys in a `Vec`, searched one after the other.",
        source: "the obvious implementation",
        analysis: "Every insert compares the key with all keys that are there.",
        complexity: &[("insert", Growth::Linear)],
        capabilities: &[],
        caveats: &[],
        known_failures: &[],
    })
}
