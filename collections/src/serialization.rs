//! Serialization with serde: a map is a map, sets and vectors are sequences.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::counter::Counter;
use crate::{GenericHashMap, GenericHashSet, GenericOrdMap, GenericOrdSet, GenericVector};

impl<K: Serialize, V: Serialize, S, C: Counter> Serialize for GenericHashMap<K, V, S, C> {
    /// Writes a map. O(n).
    ///
    /// # Errors
    /// Whatever the serializer returns, for the map or for one of its entries.
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<T: Serialize, S, C: Counter> Serialize for GenericHashSet<T, S, C> {
    /// Writes a sequence. O(n).
    ///
    /// # Errors
    /// Whatever the serializer returns, for the sequence or for one of the elements.
    fn serialize<R: Serializer>(&self, serializer: R) -> Result<R::Ok, R::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<K: Serialize, V: Serialize, C: Counter> Serialize for GenericOrdMap<K, V, C> {
    /// Writes a map, in the order of the keys. O(n).
    ///
    /// # Errors
    /// Whatever the serializer returns, for the map or for one of its entries.
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<T: Serialize, C: Counter> Serialize for GenericOrdSet<T, C> {
    /// Writes a sequence, in order. O(n).
    ///
    /// # Errors
    /// Whatever the serializer returns, for the sequence or for one of the elements.
    fn serialize<R: Serializer>(&self, serializer: R) -> Result<R::Ok, R::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<T: Serialize, C: Counter> Serialize for GenericVector<T, C> {
    /// Writes a sequence. O(n).
    ///
    /// # Errors
    /// Whatever the serializer returns, for the sequence or for one of the elements.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
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
        deserializer.deserialize_map(Entries::<K, V, Self>(PhantomData))
    }
}

impl<'de, T, S, C> Deserialize<'de> for GenericHashSet<T, S, C>
where
    T: Deserialize<'de> + Hash + Eq + Clone,
    S: BuildHasher + Default,
    C: Counter,
{
    /// Reads a sequence. O(n log n). Of equal elements, the last one stays.
    ///
    /// # Errors
    /// If the input is no sequence, or if one of its elements cannot be read.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements::<T, Self>(PhantomData))
    }
}

impl<'de, K, V, C> Deserialize<'de> for GenericOrdMap<K, V, C>
where
    K: Deserialize<'de> + Ord + Clone,
    V: Deserialize<'de> + Clone,
    C: Counter,
{
    /// Reads a map. O(n log n). Of entries with equal keys, the last one stays.
    ///
    /// # Errors
    /// If the input is no map, or if one of its keys or values cannot be read.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries::<K, V, Self>(PhantomData))
    }
}

impl<'de, T: Deserialize<'de> + Ord + Clone, C: Counter> Deserialize<'de> for GenericOrdSet<T, C> {
    /// Reads a sequence. O(n log n). Of equal elements, the last one stays.
    ///
    /// # Errors
    /// If the input is no sequence, or if one of its elements cannot be read.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements::<T, Self>(PhantomData))
    }
}

impl<'de, T: Clone + Deserialize<'de>, C: Counter> Deserialize<'de> for GenericVector<T, C> {
    /// Reads a sequence. O(n).
    ///
    /// # Errors
    /// If the input is no sequence, or if one of its elements cannot be read.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements::<T, Self>(PhantomData))
    }
}

// Both visitors add one item after the other and ignore the input's size hint, which cannot be trusted.

/// Reads the entries of a map into a new `M`.
struct Entries<K, V, M>(PhantomData<(K, V, M)>);

impl<'de, K, V, M> Visitor<'de> for Entries<K, V, M>
where
    K: Deserialize<'de>,
    V: Deserialize<'de>,
    M: Default + Extend<(K, V)>,
{
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<M, A::Error> {
        let mut map = M::default();
        while let Some(entry) = entries.next_entry()? {
            map.extend([entry]);
        }
        Ok(map)
    }
}

/// Reads the elements of a sequence into a new `E`.
struct Elements<T, E>(PhantomData<(T, E)>);

impl<'de, T: Deserialize<'de>, E: Default + Extend<T>> Visitor<'de> for Elements<T, E> {
    type Value = E;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<E, A::Error> {
        let mut elements = E::default();
        while let Some(element) = sequence.next_element()? {
            elements.extend([element]);
        }
        Ok(elements)
    }
}
