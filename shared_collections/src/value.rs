//! Typed values, and how they lie in memory.

use std::str;

use crate::layout::Memory;

/// A value of a map or an element of a vector. Texts and bytes are borrowed from the region itself.
///
/// ```
/// use shared_collections::Value;
///
/// assert_eq!(Value::from(7u64), Value::U64(7));
/// assert_eq!(Value::from("seven").as_str(), Some("seven"));
/// assert_eq!(Value::from(true).as_f64(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Value<'a> {
    /// A truth value.
    Bool(bool),
    /// A number without a sign.
    U64(u64),
    /// A number with a sign.
    I64(i64),
    /// A number with a fraction.
    F64(f64),
    /// A text.
    Str(&'a str),
    /// Any bytes, for example an encoded object.
    Bytes(&'a [u8]),
}

macro_rules! conversions {
    ($($from:ty => $variant:ident, $get:ident, $doc:literal;)*) => {
        $(impl<'a> From<$from> for Value<'a> {
            #[inline]
            fn from(value: $from) -> Self {
                Value::$variant(value)
            }
        })*

        impl<'a> Value<'a> {
            $(#[doc = $doc]
            #[inline]
            pub fn $get(self) -> Option<$from> {
                match self {
                    Value::$variant(value) => Some(value),
                    _ => None,
                }
            })*
        }
    };
}

conversions! {
    bool => Bool, as_bool, "The truth value, if it is one.";
    u64 => U64, as_u64, "The number, if it is one without a sign.";
    i64 => I64, as_i64, "The number, if it is one with a sign.";
    f64 => F64, as_f64, "The number, if it is one with a fraction.";
    &'a str => Str, as_str, "The text, if it is one.";
    &'a [u8] => Bytes, as_bytes, "The bytes, if it is no text.";
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Value::Bytes(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Value::Str(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Value::Bytes(value)
    }
}

// Kinds of a value in memory. The payload of a text or of bytes is either the word of a block, or the bytes
// themselves: then the kind has their number in its lower six bits.
const FALSE: u8 = 0;
const TRUE: u8 = 1;
const U64: u8 = 2;
const I64: u8 = 3;
const F64: u8 = 4;
const STR: u8 = 5;
const BYTES: u8 = 6;
/// No value: an entry of a set.
pub(crate) const NOTHING: u8 = 7;
const INLINE_STR: u8 = 0x40;
const INLINE_BYTES: u8 = 0x80;
const INLINE_LENGTH: u8 = 0x3f;

/// So many bytes, at most, lie beside a key.
pub(crate) const MAX_INLINE: usize = INLINE_LENGTH as usize;

/// The number of 8-byte words of a value's payload.
#[inline]
pub(crate) fn payload_words(kind: u8) -> usize {
    const WORDS: [u8; 256] = {
        let mut words = [0; 256];
        let mut kind = 0;
        while kind < 256 {
            words[kind] = match kind as u8 {
                FALSE | TRUE | NOTHING => 0,
                U64..=BYTES => 1,
                kind => (kind & INLINE_LENGTH).div_ceil(8),
            };
            kind += 1;
        }
        words
    };
    usize::from(WORDS[usize::from(kind)])
}

/// Whether there is such a kind.
pub(crate) fn is_kind(kind: u8) -> bool {
    kind <= NOTHING || kind & 0xc0 == INLINE_STR || kind & 0xc0 == INLINE_BYTES
}

/// Whether the payload is the word of a block.
#[inline]
pub(crate) fn is_external(kind: u8) -> bool {
    kind == STR || kind == BYTES
}

/// Whether a value of this kind is a text.
pub(crate) fn is_text(kind: u8) -> bool {
    kind == STR || kind & 0xc0 == INLINE_STR
}

/// A value as it is written to memory.
pub(crate) enum Encoded<'a> {
    /// The kind, and the payload of 0 or 8 bytes.
    Small(u8, u64),
    /// The kind, and a payload of this many bytes.
    Inline(u8, &'a [u8]),
    /// The kind, and the bytes of the block whose word is the payload.
    External(u8, &'a [u8]),
}

impl<'a> Encoded<'a> {
    /// Texts and bytes of at most `max_inline` bytes, which is at most [`MAX_INLINE`], need no block.
    #[inline]
    pub(crate) fn new(value: Value<'a>, max_inline: usize) -> Self {
        let (kind, inline, bytes) = match value {
            Value::Bool(value) => return Encoded::Small(u8::from(value), 0),
            Value::U64(value) => return Encoded::Small(U64, value),
            Value::I64(value) => return Encoded::Small(I64, value.cast_unsigned()),
            Value::F64(value) => return Encoded::Small(F64, value.to_bits()),
            Value::Str(value) => (STR, INLINE_STR, value.as_bytes()),
            Value::Bytes(value) => (BYTES, INLINE_BYTES, value),
        };
        if bytes.len() <= max_inline {
            Encoded::Inline(inline | bytes.len() as u8, bytes)
        } else {
            Encoded::External(kind, bytes)
        }
    }
}

/// The bytes of a block. A block that does not lie within the region has none.
///
/// # Safety
/// `memory` is that of a mapping, and nobody changes the block during `'a`.
pub(crate) unsafe fn external<'a>(memory: Memory, word: u32) -> &'a [u8] {
    let block = memory.at(word);
    // SAFETY: a word names an address within the reservation, and the length is checked against what is left of it.
    unsafe {
        let length = block.add(8).cast::<usize>().read();
        if length > memory.room_at(word) {
            return &[];
        }
        std::slice::from_raw_parts(block.add(16), length)
    }
}

/// The value with this kind and payload.
///
/// # Safety
/// As for `external`; the payload lies within the reservation, and nobody changes it during `'a`.
#[inline]
pub(crate) unsafe fn decode<'a>(memory: Memory, kind: u8, payload: *const u8) -> Value<'a> {
    // SAFETY: by the contract.
    unsafe {
        // One comparison for each kind: who asks for one type skips the others.
        if kind == U64 {
            Value::U64(payload.cast::<u64>().read())
        } else if kind == F64 {
            Value::F64(f64::from_bits(payload.cast::<u64>().read()))
        } else if kind == I64 {
            Value::I64(payload.cast::<i64>().read())
        } else if kind <= TRUE {
            Value::Bool(kind == TRUE)
        } else {
            decode_bytes(memory, kind, payload)
        }
    }
}

/// # Safety
/// As for `decode`.
unsafe fn decode_bytes<'a>(memory: Memory, kind: u8, payload: *const u8) -> Value<'a> {
    // SAFETY: by the contract.
    let bytes = unsafe {
        if is_external(kind) {
            external(memory, payload.cast::<u32>().read())
        } else if kind == NOTHING {
            &[]
        } else {
            std::slice::from_raw_parts(payload, usize::from(kind & INLINE_LENGTH))
        }
    };
    // A damaged text must not become a `str`.
    match str::from_utf8(bytes) {
        Ok(text) if is_text(kind) => Value::Str(text),
        _ => Value::Bytes(bytes),
    }
}
