//! A stranger's lab, outside the tree of `impls/`: what the documentation of [`lab`] promises, in use.
//!
//! Four labs, of two binaries each. `out-of-tree` puts an own contender, [`arc_deque`], beside two of ours.
//! `identified` has the same contenders, and knows what it is linked from.
//! `misbehaving` has contenders that are wrong, panic, loop, abort or exhaust memory; the tests watch the
//! lab survive them. `cheating` has contenders that look cheaper than they are; the tests watch the lab notice.

pub mod arc_deque;
pub mod cheating;
pub mod misbehaving;

use scenarios::Contender;

/// The roster of `out-of-tree` and `identified`.
pub fn roster() -> Vec<Contender> {
    vec![
        persistent_vector_array_copy::contender(),
        persistent_vector_imbl::contender(),
        arc_deque::contender(),
    ]
}
