//! The store of the lab's best parts, but the flat store is naive.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Capability, Contender, Role};

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mix<Naive, Best, Best, Best, Best, Best, Best>>(About {
        name: "best_but_storage",
        role: Role::Optimized,
        summary: "The store of the lab's best parts, but the flat store is naive.",
        source: "the lab's own, for the attribution",
        analysis: "It shows what the flat store brings when everything else is best already.",
        complexity: &[],
        capabilities: &[Capability::CopiesWhole],
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
