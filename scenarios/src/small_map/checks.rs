//! Checks: the traces of [`persistent_map`](crate::persistent_map), in which maps grow and shrink about the sizes at
//! which contenders change their representation.

use crate::checking::not_replayed;
use crate::persistent_map::Family;
use crate::persistent_map::checks::{Keys, Plan, SHORT_FUSE, describe_plan, replay_plan};
use crate::probe::Hashing;
use crate::trace::{Check, Mismatch, Step};

// A step changes one of twelve versions. So a trace needs some dozen steps per key until each version holds its share.
#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("around_4", 300, 24, "Random operations on a tree of versions that grow and shrink about 4 entries."),
    Check::new("around_8", 500, 24, "Random operations on a tree of versions that grow and shrink about 8 entries."),
    Check::new("around_16", 1000, 16, "Random operations on a tree of versions that grow and shrink about 16 entries."),
    Check::new("around_32", 2000, 8, "Random operations on a tree of versions that grow and shrink about 32 entries."),
    Check::new("around_128", 8000, 1, "Random operations on a tree of versions that grow and shrink about 128 entries."),
    Check::new("around_4_string", 300, 12, "The same about 4 entries, with String keys."),
    Check::new("around_8_dear", 500, 8, "The same about 8 entries, with keys that are expensive to compare."),
    Check::new("around_16_string", 1000, 8, "The same about 16 entries, with String keys."),
    Check::new("around_32_string", 2000, 4, "The same about 32 entries, with String keys."),
    Check::new("around_32_collide", 2000, 4, "The same about 32 entries, all of which have one 64-bit hash."),
    Check::new("around_4_panics", 300, 24, "Clone, Hash, Eq or Ord panics in the middle of an operation on about 4 entries: every other version stays as it was, and nothing leaks or is dropped twice."),
    Check::new("around_8_panics", 500, 24, "The same about 8 entries."),
    Check::new("around_16_panics", 1000, 12, "The same about 16 entries."),
    Check::new("around_32_panics", 2000, 6, "The same about 32 entries."),
    Check::new("around_128_panics", 8000, 1, "The same about 128 entries."),
    Check::new("collide_panics", 120, 16, "The same with one 64-bit hash for all of up to 100 keys."),
    Check::new("trace_u64", 300, 12, "Random operations on a tree of versions, up to 300 entries."),
    Check::new("collide_low32", 250, 12, "All hashes are equal in their low 32 bits."),
    Check::new("collide_groups", 250, 12, "All keys share four hashes."),
    Check::new("threads", 0, 1, "Four threads fork one map and change their forks at the same time: each sees its own changes only."),
    Check::new("threads_small", 0, 1, "The same with six entries, so that all threads change what they share."),
];

/// How many distinct keys a trace uses so that its maps hold about so many entries. Of fourteen changes nine insert
/// and five remove, so 64 % of the keys are present on average.
const AROUND_4: u16 = 7;
const AROUND_8: u16 = 13;
const AROUND_16: u16 = 26;
const AROUND_32: u16 = 52;
const AROUND_128: u16 = 200;

fn plan(check: &Check) -> Plan {
    match check.name {
        "around_4" => Plan::trace(Keys::Number, AROUND_4),
        "around_8" => Plan::trace(Keys::Number, AROUND_8),
        "around_16" => Plan::trace(Keys::Number, AROUND_16),
        "around_32" => Plan::trace(Keys::Number, AROUND_32),
        "around_128" => Plan::trace(Keys::Number, AROUND_128),
        "around_4_string" => Plan::trace(Keys::Text, AROUND_4),
        "around_16_string" => Plan::trace(Keys::Text, AROUND_16),
        "around_32_string" => Plan::trace(Keys::Text, AROUND_32),
        "around_8_dear" => Plan::trace(Keys::Dear, AROUND_8),
        "around_32_collide" => Plan::trace(Keys::Probe(Hashing::Constant), AROUND_32),
        "around_4_panics" => panicking(AROUND_4),
        "around_8_panics" => panicking(AROUND_8),
        "around_16_panics" => panicking(AROUND_16),
        "around_32_panics" => panicking(AROUND_32),
        "around_128_panics" => panicking(AROUND_128),
        "collide_panics" => Plan::panicking(Hashing::Constant, 100, SHORT_FUSE),
        "trace_u64" => Plan::trace(Keys::Number, 300),
        "collide_low32" => Plan::trace(Keys::Probe(Hashing::EqualLow32), 40),
        "collide_groups" => Plan::trace(Keys::Probe(Hashing::FourGroups), 100),
        "threads" => Plan::Threads { entries: 2000 },
        "threads_small" => Plan::Threads { entries: 6 },
        _ => not_replayed(check),
    }
}

/// A trace of so many keys in which operations panic, but so seldom that the maps reach their size.
fn panicking(keys: u16) -> Plan {
    Plan::panicking(Hashing::Spread, keys, 8 * u32::from(keys))
}

pub(super) fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    describe_plan(plan(check), trace)
}

pub(super) fn replay<F: Family>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    replay_plan::<F>(plan(check), trace)
}
