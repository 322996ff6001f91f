//! The store of naive parts, but the flat store is the lab's best.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Contender, Role};

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mix<Best, Naive, Naive, Naive, Naive, Naive, Naive>>(About {
        name: "naive_but_storage",
        role: Role::Optimized,
        summary: "The store of naive parts, but the flat store is the lab's best.",
        source: "the lab's own, for the attribution",
        analysis: "It shows what the flat store brings alone.",
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
