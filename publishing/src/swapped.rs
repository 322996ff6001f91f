//! Versions for the threads of one process: each is a clone of the writer's content, behind one [`ArcSwap`].

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use scenarios::shared::{self, Place, SharedError, Value};
use scenarios::shared_map::{MapSnapshot, SharedMap};
use scenarios::shared_vector::{SharedVector, VectorSnapshot};

use crate::content::{MapContent, MapView, VectorContent, VectorView};

struct Version<T> {
    number: u64,
    content: T,
}

/// A writer whose versions are clones of its content.
pub struct Writer<T> {
    content: T,
    latest: Arc<ArcSwap<Version<T>>>,
}

/// A reader in the same process.
pub struct Reader<T>(Arc<ArcSwap<Version<T>>>);

/// A version.
pub struct Snapshot<T>(Arc<Version<T>>);

fn threads_only<T>() -> Result<T, SharedError> {
    Err(SharedError::Unsupported("a region that other processes read".to_owned()))
}

impl<T: Clone + Default + Send + Sync + 'static> shared::Writer for Writer<T> {
    type Reader = Reader<T>;

    fn create(place: Place<'_>, _capacity: u64) -> Result<Self, SharedError> {
        let Place::Private = place else { return threads_only() };
        let empty = Version { number: 0, content: T::default() };
        Ok(Writer { content: T::default(), latest: Arc::new(ArcSwap::from_pointee(empty)) })
    }

    fn publish(&mut self) -> Result<u64, SharedError> {
        let number = self.latest.load().number + 1;
        self.latest.store(Arc::new(Version { number, content: self.content.clone() }));
        Ok(number)
    }

    fn collect(&mut self) -> Result<(), SharedError> {
        Ok(())
    }

    fn reader(&self) -> Result<Reader<T>, SharedError> {
        Ok(Reader(Arc::clone(&self.latest)))
    }

    fn region_bytes(&self) -> Option<u64> {
        None
    }
}

impl<T: Send + Sync + 'static> shared::Reader for Reader<T> {
    type Snapshot = Snapshot<T>;

    fn attach(_path: &Path) -> Result<Self, SharedError> {
        threads_only()
    }

    #[inline]
    fn latest(&self) -> Result<Snapshot<T>, SharedError> {
        Ok(Snapshot(self.0.load_full()))
    }
}

impl<T: Send + Sync + 'static> shared::Snapshot for Snapshot<T> {
    fn number(&self) -> u64 {
        self.0.number
    }
}

impl<T: MapContent + MapView + Clone> SharedMap for Writer<T> {
    #[inline]
    fn set(&mut self, key: &[u8], value: Value<'_>) -> Result<bool, SharedError> {
        Ok(self.content.set(key, value))
    }

    #[inline]
    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        Ok(self.content.delete(key))
    }
}

impl<T: MapView + Send + Sync + 'static> MapSnapshot for Snapshot<T> {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        self.0.content.get(key)
    }

    fn len(&self) -> usize {
        self.0.content.len()
    }

    #[inline]
    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.0.content.iter()
    }
}

impl<T: VectorContent + VectorView + Clone> SharedVector for Writer<T> {
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

impl<T: VectorView + Send + Sync + 'static> VectorSnapshot for Snapshot<T> {
    #[inline]
    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.0.content.get(index)
    }

    fn len(&self) -> usize {
        self.0.content.len()
    }

    #[inline]
    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        self.0.content.iter()
    }
}
