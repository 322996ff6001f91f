//! Naive: every version is copied whole, by the writer and by each reader.

use publishing::archived::{Archive, Format, Writer};
use publishing::{HashContent, MapContent, MapView};
use scenarios::shared::{OwnedValue, SharedError, Value};
use scenarios::shared_map::{Family, MapAsSet};
use scenarios::{About, Capability, Contender, Growth, Role};

struct Copied;

const BOOL: u8 = 0;
const NUMBER: u8 = 1;
const STR: u8 = 2;
const BYTES: u8 = 3;

/// The next `count` bytes.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], SharedError> {
    bytes.split_off(..count).ok_or_else(|| SharedError::Other("the version is cut off".to_owned()))
}

/// The bytes behind their length.
fn take_block<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], SharedError> {
    let mut length = [0; 4];
    length.copy_from_slice(take(bytes, 4)?);
    take(bytes, u32::from_le_bytes(length) as usize)
}

fn take_value(bytes: &mut &[u8]) -> Result<OwnedValue, SharedError> {
    let kind = take(bytes, 1)?[0];
    let block = take_block(bytes)?;
    let value = match kind {
        BOOL => Value::Bool(block == [1]),
        NUMBER => Value::Number(f64::from_le_bytes(block.try_into().map_err(SharedError::other)?)),
        STR => Value::Str(std::str::from_utf8(block).map_err(SharedError::other)?),
        _ => Value::Bytes(block),
    };
    Ok(value.to_owned())
}

/// The bytes, behind their length.
fn put_block(encoded: &mut Vec<u8>, bytes: &[u8]) {
    encoded.extend((bytes.len() as u32).to_le_bytes());
    encoded.extend(bytes);
}

fn put_value(encoded: &mut Vec<u8>, value: Value<'_>) {
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

impl Format for Copied {
    type Content = HashContent;
    type View = HashContent;

    fn encode(content: &HashContent) -> impl AsRef<[u8]> {
        let mut encoded = Vec::new();
        for (key, value) in content.iter() {
            put_block(&mut encoded, key);
            put_value(&mut encoded, value);
        }
        encoded
    }

    fn open(archive: Archive) -> Result<HashContent, SharedError> {
        let copied = archive.bytes().to_vec();
        drop(archive);
        let mut rest = copied.as_slice();
        let mut content = HashContent::default();
        while !rest.is_empty() {
            let key = take_block(&mut rest)?;
            let value = take_value(&mut rest)?;
            content.set(key, value.as_value());
        }
        Ok(content)
    }
}

impl Family for Copied {
    type Map = Writer<Self>;
    type Set = MapAsSet<Writer<Self>>;
}

/// The contender: a copy of everything for every version and every reader.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_map::contender::<Copied>(About {
        name: "copy",
        role: Role::Naive,
        summary: "Each publish writes every entry into the region; each reader copies the bytes and builds a hash map of its own.",
        source: "the workers of the source's shared HAMT, which copy its whole buffer",
        analysis: ANALYSIS,
        complexity: &[
            ("build", Growth::Constant),
            ("set_kept", Growth::Linear),
            ("set_many", Growth::Linear),
            ("delete_many", Growth::Linear),
            ("publish_one", Growth::Linear),
            ("latest", Growth::Linear),
            ("get_hit", Growth::Constant),
            ("get_miss", Growth::Constant),
            ("get_many", Growth::Constant),
            ("iterate", Growth::Constant),
            ("set_add", Growth::Constant),
            ("set_has", Growth::Constant),
            ("set_delete", Growth::Constant),
        ],
        capabilities: &[Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The writer keeps a mutable hash map in its own memory. To publish, it writes every key and value, each behind its \
length, into a block of the region. To take a snapshot, a reader copies that block, gives it up, and builds a hash map \
of what it copied.

So a look-up in a snapshot costs as much as in any hash map, and a change before it is published as well. A version \
costs all n entries three times: written, copied, and inserted again by each reader, with an allocation for each key. \
This pays where versions are rare and are read very often.";
