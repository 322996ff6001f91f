//! Typed values.

use std::sync::Arc;

use crate::input::mix;

/// What a key maps to, or an element of a vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Str(&'a str),
    /// The bytes of an encoded object.
    Bytes(&'a [u8]),
}

impl Value<'_> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> OwnedValue {
        match self {
            Value::Bool(value) => OwnedValue::Bool(value),
            Value::Number(value) => OwnedValue::Number(value),
            Value::Str(value) => OwnedValue::Str(value.into()),
            Value::Bytes(value) => OwnedValue::Bytes(value.into()),
        }
    }

    /// A number that depends on the type and on the whole value.
    pub(crate) fn fingerprint(self) -> u64 {
        match self {
            Value::Bool(value) => mix(1 ^ u64::from(value) << 8),
            Value::Number(value) => mix(2 ^ mix(value.to_bits())),
            Value::Str(value) => mix(3 ^ bytes_fingerprint(value.as_bytes())),
            Value::Bytes(value) => mix(4 ^ bytes_fingerprint(value)),
        }
    }

    /// The bits of a number, and 0 for anything else: what a visit of a value does in a region.
    #[inline]
    pub(crate) fn touch(self) -> u64 {
        match self {
            Value::Number(value) => value.to_bits(),
            _ => 0,
        }
    }
}

/// A value that borrows nothing, for contenders and models that keep values of their own. Copies share texts and bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedValue {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Str(Arc<str>),
    /// The bytes of an encoded object.
    Bytes(Arc<[u8]>),
}

impl OwnedValue {
    /// The value, borrowed.
    #[inline]
    pub fn as_value(&self) -> Value<'_> {
        match self {
            OwnedValue::Bool(value) => Value::Bool(*value),
            OwnedValue::Number(value) => Value::Number(*value),
            OwnedValue::Str(value) => Value::Str(value),
            OwnedValue::Bytes(value) => Value::Bytes(value),
        }
    }
}

/// A number that depends on every byte and on their count.
pub(crate) fn bytes_fingerprint(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(mix(bytes.len() as u64), |state, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(state ^ u64::from_le_bytes(word)).wrapping_add(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_types_and_lengths_apart() {
        let values = [
            Value::Bool(false),
            Value::Bool(true),
            Value::Number(0.0),
            Value::Number(-0.0),
            Value::Number(1.0),
            Value::Str(""),
            Value::Bytes(b""),
            Value::Str("a"),
            Value::Bytes(b"a"),
            Value::Bytes(b"a\0"),
            Value::Bytes(b"aaaaaaaa\0"),
            Value::Bytes(b"aaaaaaaa"),
        ];
        for (at, value) in values.iter().enumerate() {
            for other in &values[at + 1..] {
                assert_ne!(value.fingerprint(), other.fingerprint(), "{value:?} {other:?}");
            }
            assert_eq!(value.into_owned().as_value().fingerprint(), value.fingerprint());
        }
    }
}
