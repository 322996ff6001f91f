//! The store of the seven naive parts.

use data_map::Naive;
use scenarios::{About, Capability, Contender, Role};

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Naive>(About {
        name: "all_naive",
        role: Role::Naive,
        summary: "The store of the seven naive parts.",
        source: "data-map as it is today",
        analysis: "Every part is the naive contender of its bottleneck. What the whole costs is what the most naive part in the way costs: a read of many pointers scans the store, a query builds a tree, and each write tests every pattern.",
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
