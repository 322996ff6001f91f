//! Wrong, as it says itself: known failures are badges, not an exclusion.

use scenarios::{About, Contender, KnownFailure, Role};

use super::wrong::Wrong;

#[inline(never)]
pub fn contender() -> Contender {
    let wrong = super::contender::<Wrong>("excused", "Pops the last but one of more than forty elements.");
    Contender { about: About { role: Role::Peer, known_failures: KNOWN, ..wrong.about }, ..wrong }
}

/// What refutes [`Wrong`], and a check that does not.
const KNOWN: &[KnownFailure] = &[
    known("trace"),
    known("trace_long"),
    known("trace_drops"),
    known("panics"),
    known("boundaries"),
    known("threads"),
    known("versions_held"),
    known("small_pairs"),
];

const fn known(check: &'static str) -> KnownFailure {
    KnownFailure { check, text: "Its pop is wrong." }
}
