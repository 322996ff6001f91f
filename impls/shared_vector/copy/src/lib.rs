//! Naive: every version is copied whole, by the writer and by each reader.

use publishing::archived::{Archive, Format, Writer};
use publishing::encoding::{put_value, take_value};
use publishing::{VecContent, VectorView};
use scenarios::shared::SharedError;
use scenarios::{About, Capability, Contender, Role};

struct Copied;

impl Format for Copied {
    type Content = VecContent;
    type View = VecContent;

    fn encode(content: &VecContent) -> Result<impl AsRef<[u8]>, SharedError> {
        let mut encoded = Vec::new();
        content.iter().for_each(|value| put_value(&mut encoded, value));
        Ok(encoded)
    }

    fn open(archive: Archive) -> Result<VecContent, SharedError> {
        let copied = archive.bytes().to_vec();
        drop(archive);
        let mut rest = copied.as_slice();
        let mut content = Vec::new();
        while !rest.is_empty() {
            content.push(take_value(&mut rest)?);
        }
        Ok(VecContent(content))
    }
}

/// The contender: a copy of everything for every version and every reader.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer<Copied>>(About {
        name: "copy",
        role: Role::Naive,
        summary: "Each publish writes every element into the region; each reader copies the bytes and decodes them into an array of its own.",
        source: "the workers of the source's shared vector, which copy its whole buffer",
        analysis: ANALYSIS,
        complexity: scenarios::shared_vector::COPIED_WHOLE,
        capabilities: &[Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The writer keeps a growable array in its own memory. To publish, it writes every element behind its type and length \
into a block of the region. To take a snapshot, a reader copies that block, gives it up, and decodes it into an array.

So an element is read as fast as from any array, and a version costs all n elements: written, copied and decoded.";
