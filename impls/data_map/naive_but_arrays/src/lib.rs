//! The store of naive parts, but the arrays is the lab's best.

use data_map::{Best, Mix, Naive};
use scenarios::{About, Capability, Contender, Role};

/// The contender.
#[inline(never)]
pub fn contender() -> Contender {
    data_map::contender::<Mix<Naive, Naive, Naive, Naive, Naive, Naive, Best>>(About {
        name: "naive_but_arrays",
        role: Role::Optimized,
        summary: "The store of naive parts, but the arrays is the lab's best.",
        source: "the lab's own, for the attribution",
        analysis: "It shows what the arrays bring alone.",
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
