//! Versions for threads and processes: each is the writer's whole content, turned to bytes and copied into a region.

use std::path::Path;
use std::ptr;
use std::slice;

use scenarios::shared::{self, Place, SharedError, Value};
use scenarios::shared_map::{MapSnapshot, SharedMap};
use scenarios::shared_vector::{SharedVector, VectorSnapshot};

use crate::content::{MapContent, MapView, VectorContent, VectorView};
use crate::pinned::{self, Pin};

/// How content becomes bytes, and what a reader makes of them.
pub trait Format: 'static {
    /// What the writer changes.
    type Content: Default + 'static;
    /// What a reader has.
    type View: Send + 'static;

    /// The content as bytes. Readers find them at an address that is a multiple of 16.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn encode(content: &Self::Content) -> Result<impl AsRef<[u8]>, SharedError>;
    /// What a reader makes of the bytes of a version. It may keep them.
    ///
    /// # Errors
    /// If these are no such bytes.
    fn open(bytes: Archive) -> Result<Self::View, SharedError>;
}

/// The bytes of a version, where they lie in the region. They stay as they are while this lives.
pub struct Archive(Pin);

impl Archive {
    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        let [offset, length, ..] = self.0.payload();
        // SAFETY: the writer wrote these bytes before it published the version, and does not change them while it is
        // pinned.
        unsafe { slice::from_raw_parts(self.0.data().add(offset as usize), length as usize) }
    }
}

/// A writer whose versions are its whole content as bytes.
pub struct Writer<F: Format> {
    content: F::Content,
    region: pinned::Writer,
}

/// A reader.
pub struct Reader<F> {
    region: pinned::Reader,
    format: std::marker::PhantomData<fn() -> F>,
}

/// A version.
pub struct Snapshot<F: Format> {
    number: u64,
    view: F::View,
}

/// Copies content as bytes into a block of the region.
fn write<F: Format>(
    region: &mut pinned::Writer,
    content: &F::Content,
) -> Result<pinned::Payload, SharedError> {
    let bytes = F::encode(content)?;
    let bytes = bytes.as_ref();
    let length = bytes.len() as u64;
    let offset = region.allocate(length)?;
    // SAFETY: the block is the writer's alone and has this length.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), region.data().add(offset as usize), bytes.len()) };
    Ok([offset, length, 0, 0])
}

impl<F: Format> shared::Writer for Writer<F> {
    type Reader = Reader<F>;

    fn create(place: Place<'_>, capacity: u64) -> Result<Self, SharedError> {
        let content = F::Content::default();
        let region = pinned::Writer::create(place, capacity, |region| write::<F>(region, &content))?;
        Ok(Writer { content, region })
    }

    fn publish(&mut self) -> Result<u64, SharedError> {
        self.collect()?;
        let payload = write::<F>(&mut self.region, &self.content)?;
        let published = self.region.publish(payload);
        if published.is_err() {
            self.region.free(payload[0], payload[1]);
        }
        published
    }

    fn collect(&mut self) -> Result<(), SharedError> {
        for [offset, length, ..] in self.region.released() {
            self.region.free(offset, length);
        }
        Ok(())
    }

    fn reader(&self) -> Result<Reader<F>, SharedError> {
        Ok(Reader { region: self.region.reader(), format: std::marker::PhantomData })
    }

    fn region_bytes(&self) -> Option<u64> {
        Some(self.region.used())
    }
}

impl<F: Format> shared::Reader for Reader<F> {
    type Snapshot = Snapshot<F>;

    fn attach(path: &Path) -> Result<Self, SharedError> {
        Ok(Reader { region: pinned::Reader::attach(path)?, format: std::marker::PhantomData })
    }

    fn latest(&self) -> Result<Snapshot<F>, SharedError> {
        let pin = self.region.latest();
        Ok(Snapshot { number: pin.number(), view: F::open(Archive(pin))? })
    }
}

impl<F: Format> shared::Snapshot for Snapshot<F> {
    fn number(&self) -> u64 {
        self.number
    }
}

impl<F: Format<Content: MapContent, View: MapView>> SharedMap for Writer<F> {
    #[inline]
    fn set(&mut self, key: &[u8], value: Value<'_>) -> Result<bool, SharedError> {
        Ok(self.content.set(key, value))
    }

    #[inline]
    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        Ok(self.content.delete(key))
    }
}

impl<F: Format<View: MapView>> MapSnapshot for Snapshot<F> {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        self.view.get(key)
    }

    fn len(&self) -> usize {
        self.view.len()
    }

    #[inline]
    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.view.iter()
    }
}

impl<F: Format<Content: VectorContent, View: VectorView>> SharedVector for Writer<F> {
    #[inline]
    fn push(&mut self, value: Value<'_>) -> Result<(), SharedError> {
        self.content.push(value);
        Ok(())
    }

    #[inline]
    fn pop(&mut self) -> Result<bool, SharedError> {
        Ok(self.content.pop())
    }

    #[inline]
    fn set_at(&mut self, index: usize, value: Value<'_>) -> Result<bool, SharedError> {
        Ok(self.content.set_at(index, value))
    }
}

impl<F: Format<View: VectorView>> VectorSnapshot for Snapshot<F> {
    #[inline]
    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.view.get(index)
    }

    fn len(&self) -> usize {
        self.view.len()
    }

    #[inline]
    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        self.view.iter()
    }
}
