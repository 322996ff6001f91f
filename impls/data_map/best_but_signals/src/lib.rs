//! The store of the lab's best parts, but the signals are naive.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Contender, Role};

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mix<Best, Best, Best, Naive, Best, Best, Best>>(About {
        name: "best_but_signals",
        role: Role::Optimized,
        summary: "The store of the lab's best parts, but the signals are naive.",
        source: "the lab's own, for the attribution",
        analysis: "It shows what the signals bring when everything else is best already.",
        complexity: &[],
        capabilities: &[],
        caveats: &[],
        known_failures: &[],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        testkit::every_check_passes(&contender());
    }
}
