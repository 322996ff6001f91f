//! Serialization: a map is a map to serde, too.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::GenericHashMap;
use crate::counter::Counter;

impl<K: Serialize, V: Serialize, S, C: Counter> Serialize for GenericHashMap<K, V, S, C> {
    /// Writes a map. O(n).
    ///
    /// # Errors
    /// Whatever the serializer returns, for the map or for one of its entries.
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        serializer.collect_map(self.iter())
    }
}

struct MapVisitor<K, V, S, C>(PhantomData<(K, V, S, C)>);

impl<'de, K, V, S, C> Visitor<'de> for MapVisitor<K, V, S, C>
where
    K: Deserialize<'de> + Hash + Eq + Clone,
    V: Deserialize<'de> + Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    type Value = GenericHashMap<K, V, S, C>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = GenericHashMap::default();
        while let Some((key, value)) = entries.next_entry()? {
            map.insert(key, value);
        }
        Ok(map)
    }
}

impl<'de, K, V, S, C> Deserialize<'de> for GenericHashMap<K, V, S, C>
where
    K: Deserialize<'de> + Hash + Eq + Clone,
    V: Deserialize<'de> + Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    /// Reads a map. O(n log n). Of entries with equal keys, the last one stays.
    ///
    /// # Errors
    /// If the input is no map, or if one of its keys or values cannot be read.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}
