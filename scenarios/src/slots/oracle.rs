//! What must come of allocations and edits: the oracle of every scenario and check.

use crate::input::{mix, sum};

pub(super) fn indices_digest(indices: impl Iterator<Item = usize>) -> u64 {
    sum(indices.map(|index| mix(index as u64 + 1)))
}

pub(super) fn expected_digest(
    count: usize,
    indices: impl Iterator<Item = usize>,
    steps: usize,
    live: usize,
) -> u64 {
    indices_digest(indices)
        .wrapping_add(mix(steps as u64))
        .wrapping_add(mix(live as u64))
        .wrapping_mul(count as u64)
}
