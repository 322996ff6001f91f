//! What a vector must hold: the oracle of every scenario and check.

use std::ops::Range;

use crate::input::mix;

pub(super) fn value_of(index: usize) -> u64 {
    mix(index as u64)
}

pub(super) fn values(range: Range<usize>) -> impl Iterator<Item = u64> {
    range.map(value_of)
}

/// Depends on every value and its position.
pub(super) fn sequence_digest(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(1, |state, value| mix(state.wrapping_add(value)).wrapping_add(1))
}

pub(super) fn expected_digest(values: &[u64]) -> u64 {
    sequence_digest(values.iter().copied()).wrapping_add(values.len() as u64)
}

/// What a version of a trace must hold: the ids of its elements, in order.
pub(super) type Model = Vec<u32>;

/// What the region of an iteration does with an element: it depends on the order.
#[inline]
pub(super) fn visit(state: u64, value: &u64) -> u64 {
    state.wrapping_mul(31).wrapping_add(*value)
}
