//! What a map must hold: the oracle of every scenario and check.

use std::collections::BTreeMap;

use crate::input::{mix, sum};
use crate::shared::value::bytes_fingerprint;
use crate::shared::{OwnedValue, Value, key};

/// The content of a version.
pub(super) type Model = BTreeMap<Vec<u8>, OwnedValue>;

/// The value of the scenarios' key number `id`.
pub(super) fn value_of(id: u64) -> Value<'static> {
    // Every id is far below 2⁵³.
    Value::Number(id as f64)
}

/// A digest of an entry. The sum over several entries does not depend on their order.
pub(super) fn entry_digest(key: &[u8], value: Value<'_>) -> u64 {
    mix(bytes_fingerprint(key) ^ mix(value.fingerprint()))
}

/// The digest of the entries with these ids, each of which has the value that `value` says.
pub(super) fn expected_entries<const N: usize>(entries: impl Iterator<Item = (u64, u64)>) -> u64 {
    let mut count = 0u64;
    let digest = sum(entries.map(|(id, value)| {
        count += 1;
        entry_digest(&key::<N>(id), value_of(value))
    }));
    digest.wrapping_add(mix(count))
}
