//! What a vector must hold: the oracle of every scenario and check.

use crate::input::mix;
use crate::shared::{OwnedValue, Value};

/// The content of a version.
pub(super) type Model = Vec<OwnedValue>;

/// The element that stands for `id`.
pub(super) fn value_of(id: u64) -> Value<'static> {
    // Every id is far below 2⁵³.
    Value::Number(id as f64)
}

/// Depends on every element and its position.
pub(super) fn sequence_digest<'a>(values: impl Iterator<Item = Value<'a>>) -> u64 {
    let mut count = 0u64;
    let state = values.fold(1, |state: u64, value| {
        count += 1;
        mix(state.wrapping_add(value.fingerprint())).wrapping_add(1)
    });
    state.wrapping_add(mix(count))
}

/// The digest of elements that stand for these ids.
pub(super) fn expected_digest(ids: &[u64]) -> u64 {
    sequence_digest(ids.iter().map(|id| value_of(*id)))
}
