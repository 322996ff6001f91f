//! A set made of a map.

use std::path::Path;

use super::contract::{MapSnapshot, SetSnapshot, SharedMap, SharedSet};
use crate::shared::{Place, Reader, SharedError, Snapshot, Value, Writer};

/// The set of a map's keys, each of which maps to `true`.
#[derive(Debug)]
pub struct MapAsSet<M>(M);

impl<M: SharedMap> Writer for MapAsSet<M> {
    type Reader = MapAsSet<M::Reader>;

    fn create(place: Place<'_>, capacity: u64) -> Result<Self, SharedError> {
        M::create(place, capacity).map(MapAsSet)
    }

    fn publish(&mut self) -> Result<u64, SharedError> {
        self.0.publish()
    }

    fn collect(&mut self) -> Result<(), SharedError> {
        self.0.collect()
    }

    fn reader(&self) -> Result<Self::Reader, SharedError> {
        self.0.reader().map(MapAsSet)
    }

    fn region_bytes(&self) -> Option<u64> {
        self.0.region_bytes()
    }
}

impl<R: Reader<Snapshot: MapSnapshot>> Reader for MapAsSet<R> {
    type Snapshot = MapAsSet<R::Snapshot>;

    fn attach(path: &Path) -> Result<Self, SharedError> {
        R::attach(path).map(MapAsSet)
    }

    fn latest(&self) -> Result<Self::Snapshot, SharedError> {
        self.0.latest().map(MapAsSet)
    }
}

impl<S: Snapshot> Snapshot for MapAsSet<S> {
    fn number(&self) -> u64 {
        self.0.number()
    }
}

impl<M: SharedMap> SharedSet for MapAsSet<M> {
    fn add(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        self.0.set(key, Value::Bool(true))
    }

    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        self.0.delete(key)
    }
}

impl<S: MapSnapshot> SetSnapshot for MapAsSet<S> {
    fn contains(&self, key: &[u8]) -> bool {
        self.0.contains(key)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.keys()
    }
}
