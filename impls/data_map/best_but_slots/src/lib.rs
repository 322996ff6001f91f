//! The store of the lab's best parts, but the table of positions is naive.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Contender, Role};

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mix<Best, Best, Best, Best, Naive, Best, Best>>(About {
        name: "best_but_slots",
        role: Role::Optimized,
        summary: "The store of the lab's best parts, but the table of positions is naive.",
        source: "the lab's own, for the attribution",
        analysis: "It shows what the table of positions brings when everything else is best already.",
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
