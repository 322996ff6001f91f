//! The store of the lab's best parts, but the pattern index is naive.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Contender, Role};

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mix<Best, Best, Naive, Best, Best, Best, Best>>(About {
        name: "best_but_patterns",
        role: Role::Optimized,
        summary: "The store of the lab's best parts, but the pattern index is naive.",
        source: "the lab's own, for the attribution",
        analysis: "It shows what the pattern index brings when everything else is best already.",
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
