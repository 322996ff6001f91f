//! Naive: every version is copied whole, by the writer and by each reader.

use publishing::archived::{Archive, Format, Writer};
use publishing::encoding::{put_block, put_value, take_block, take_value};
use publishing::{HashContent, MapContent, MapView};
use scenarios::shared::SharedError;
use scenarios::shared_map::{Family, MapAsSet};
use scenarios::{About, Capability, Contender, Role};

struct Copied;

impl Format for Copied {
    type Content = HashContent;
    type View = HashContent;

    fn encode(content: &HashContent) -> Result<impl AsRef<[u8]>, SharedError> {
        let mut encoded = Vec::new();
        for (key, value) in content.iter() {
            put_block(&mut encoded, key);
            put_value(&mut encoded, value);
        }
        Ok(encoded)
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
        complexity: scenarios::shared_map::COPIED_BY_READERS_TOO,
        capabilities: &[Capability::Persistent, Capability::CopiesWhole, Capability::Processes],
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
