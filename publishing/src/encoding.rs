//! The plain encoding of the naive contenders: lengths, types and bytes, one after the other.

use scenarios::shared::{OwnedValue, SharedError, Value};

const BOOL: u8 = 0;
const NUMBER: u8 = 1;
const STR: u8 = 2;
const BYTES: u8 = 3;

/// The next `count` bytes.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], SharedError> {
    bytes.split_off(..count).ok_or_else(|| SharedError::Other("the version is cut off".to_owned()))
}

/// Takes the bytes that [`put_block`] put.
///
/// # Errors
/// If there are fewer.
pub fn take_block<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], SharedError> {
    let mut length = [0; 4];
    length.copy_from_slice(take(bytes, 4)?);
    take(bytes, u32::from_le_bytes(length) as usize)
}

/// Takes the value that [`put_value`] put.
///
/// # Errors
/// If there is none.
pub fn take_value(bytes: &mut &[u8]) -> Result<OwnedValue, SharedError> {
    let kind = take(bytes, 1)?[0];
    let block = take_block(bytes)?;
    let value = match kind {
        BOOL => Value::Bool(block == [1]),
        NUMBER => Value::Number(f64::from_le_bytes(block.try_into().map_err(SharedError::other)?)),
        STR => Value::Str(std::str::from_utf8(block).map_err(SharedError::other)?),
        _ => Value::Bytes(block),
    };
    Ok(value.into_owned())
}

/// Puts the bytes, behind their length.
pub fn put_block(encoded: &mut Vec<u8>, bytes: &[u8]) {
    encoded.extend((bytes.len() as u32).to_le_bytes());
    encoded.extend(bytes);
}

/// Puts a value behind its type.
pub fn put_value(encoded: &mut Vec<u8>, value: Value<'_>) {
    let mut put = |kind, bytes: &[u8]| {
        encoded.push(kind);
        put_block(encoded, bytes);
    };
    match value {
        Value::Bool(value) => put(BOOL, &[u8::from(value)]),
        Value::Number(value) => put(NUMBER, &value.to_le_bytes()),
        Value::Str(value) => put(STR, value.as_bytes()),
        Value::Bytes(value) => put(BYTES, value),
    }
}
