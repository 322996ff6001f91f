//! A map and a vector that are copied whole for every version, for the threads of one process.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::shared::{self, OwnedValue, Place, SharedError, Value};
use crate::shared_map::{Family, MapAsSet, MapSnapshot, SharedMap};
use crate::shared_vector::{SharedVector, VectorSnapshot};

type Latest<T> = Arc<Mutex<Arc<(u64, T)>>>;

pub(super) struct Writer<T> {
    content: T,
    number: u64,
    latest: Latest<T>,
}

pub(super) struct Reader<T>(Latest<T>);

pub(super) struct Snapshot<T>(Arc<(u64, T)>);

pub(super) type Map = Writer<BTreeMap<Vec<u8>, OwnedValue>>;

pub(super) type Vector = Writer<Vec<OwnedValue>>;

pub(super) struct Reference;

impl Family for Reference {
    type Map = Map;
    type Set = MapAsSet<Map>;
}

impl<T: Clone + Default + Send + Sync + 'static> shared::Writer for Writer<T> {
    type Reader = Reader<T>;

    fn create(_: Place<'_>, _: u64) -> Result<Self, SharedError> {
        Ok(Writer { content: T::default(), number: 0, latest: Latest::default() })
    }

    fn publish(&mut self) -> Result<u64, SharedError> {
        self.number += 1;
        let version = Arc::new((self.number, self.content.clone()));
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(self.number)
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

    fn attach(_: &Path) -> Result<Self, SharedError> {
        Err(SharedError::Unsupported("a region that other processes read".to_owned()))
    }

    fn latest(&self) -> Result<Snapshot<T>, SharedError> {
        Ok(Snapshot(Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))))
    }
}

impl<T: Send + Sync + 'static> shared::Snapshot for Snapshot<T> {
    fn number(&self) -> u64 {
        self.0.0
    }
}

impl SharedMap for Map {
    fn set(&mut self, key: &[u8], value: Value<'_>) -> Result<bool, SharedError> {
        Ok(self.content.insert(key.to_vec(), value.into_owned()).is_none())
    }

    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        Ok(self.content.remove(key).is_some())
    }
}

impl MapSnapshot for Snapshot<BTreeMap<Vec<u8>, OwnedValue>> {
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        self.0.1.get(key).map(OwnedValue::as_value)
    }

    fn len(&self) -> usize {
        self.0.1.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.0.1.iter().map(|(key, value)| (key.as_slice(), value.as_value()))
    }
}

impl SharedVector for Vector {
    fn push(&mut self, value: Value<'_>) -> Result<(), SharedError> {
        self.content.push(value.into_owned());
        Ok(())
    }

    fn pop(&mut self) -> Result<bool, SharedError> {
        Ok(self.content.pop().is_some())
    }

    fn set_at(&mut self, index: usize, value: Value<'_>) -> Result<bool, SharedError> {
        Ok(self.content.get_mut(index).map(|element| *element = value.into_owned()).is_some())
    }
}

impl VectorSnapshot for Snapshot<Vec<OwnedValue>> {
    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.0.1.get(index).map(OwnedValue::as_value)
    }

    fn len(&self) -> usize {
        self.0.1.len()
    }

    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        self.0.1.iter().map(OwnedValue::as_value)
    }
}
