//! Contenders that cheat: each looks cheaper than it is, in a way of its own, and every result is right as far as the
//! ordinary traces look.

mod copying_late;
mod deferring;
mod forgetful;
mod littering;
mod own_case;
mod recognising;
mod recomputing;
mod remembering;
mod threaded;

use scenarios::{About, Capability, Contender, Role};

/// The roster of `cheating`: three that do what they should, then the others.
pub fn roster() -> Vec<Contender> {
    vec![
        persistent_vector_array_copy::contender(),
        persistent_vector_imbl::contender(),
        crate::arc_deque::contender(),
        deferring::contender(),
        recomputing::contender(),
        copying_late::contender(),
        littering::dropping_late(),
        littering::clearing_late(),
        recognising::contender(),
        own_case::boasting(),
        own_case::hollow(),
        own_case::one_seed(),
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
