//! Contenders that cheat: each looks cheaper than it is, in a way of its own, and every result is right as far as the
//! ordinary traces look.

mod deferring;
mod forgetful;
mod own_case;
mod remembering;
mod threaded;

use scenarios::{About, Capability, Contender, Role};

/// The roster of `cheating`: one that does what it should, then the others.
pub fn roster() -> Vec<Contender> {
    vec![
        persistent_vector_array_copy::contender(),
        deferring::contender(),
        own_case::boasting(),
        own_case::hollow(),
        own_case::in_arm(),
        own_case::busy(),
        remembering::contender(),
        threaded::contender(),
        forgetful::contender(),
    ]
}

const fn about(name: &'static str, summary: &'static str) -> About {
    About {
        name,
        role: Role::Naive,
        summary,
        source: "the tests of the lab",
        analysis: "A structure that looks cheaper than it is.",
        complexity: &[],
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    }
}
