//! What a writer changes in its own memory, and what a reader sees of it.

use std::collections::HashMap;

use scenarios::input::FixedHasher;
use scenarios::shared::{OwnedValue, Value};

/// What can be read of a version of a map.
pub trait MapView {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Option<Value<'_>>;
    /// The number of entries.
    fn len(&self) -> usize;
    /// Every entry once.
    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)>;

    /// Whether there is no entry.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The content of a map, in the writer's own memory.
pub trait MapContent: Default + Send + Sync + 'static {
    /// Sets the value of a key. `true` if the key is new.
    fn set(&mut self, key: &[u8], value: Value<'_>) -> bool;
    /// Removes a key. `false` if there is none.
    fn delete(&mut self, key: &[u8]) -> bool;
}

/// What can be read of a version of a vector.
pub trait VectorView {
    /// The element at `index`.
    fn get(&self, index: usize) -> Option<Value<'_>>;
    /// The number of elements.
    fn len(&self) -> usize;
    /// Every element in order.
    fn iter(&self) -> impl Iterator<Item = Value<'_>>;

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The content of a vector, in the writer's own memory.
pub trait VectorContent: Default + Send + Sync + 'static {
    /// Appends an element.
    fn push(&mut self, value: Value<'_>);
    /// Removes the last element. `false` if there is none.
    fn pop(&mut self) -> bool;
    /// Replaces an element. `false` past the end.
    fn set_at(&mut self, index: usize, value: Value<'_>) -> bool;
}

/// A mutable hash map.
#[derive(Clone, Debug, Default)]
pub struct HashContent(pub HashMap<Box<[u8]>, OwnedValue, FixedHasher>);

impl MapView for HashContent {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        self.0.get(key).map(OwnedValue::as_value)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.0.iter().map(|(key, value)| (&**key, value.as_value()))
    }
}

impl MapContent for HashContent {
    fn set(&mut self, key: &[u8], value: Value<'_>) -> bool {
        match self.0.get_mut(key) {
            Some(place) => {
                *place = value.into_owned();
                false
            }
            None => self.0.insert(key.into(), value.into_owned()).is_none(),
        }
    }

    fn delete(&mut self, key: &[u8]) -> bool {
        self.0.remove(key).is_some()
    }
}

/// A growable array.
#[derive(Clone, Debug, Default)]
pub struct VecContent(pub Vec<OwnedValue>);

impl VectorView for VecContent {
    #[inline]
    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.0.get(index).map(OwnedValue::as_value)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        self.0.iter().map(OwnedValue::as_value)
    }
}

impl VectorContent for VecContent {
    fn push(&mut self, value: Value<'_>) {
        self.0.push(value.into_owned());
    }

    fn pop(&mut self) -> bool {
        self.0.pop().is_some()
    }

    fn set_at(&mut self, index: usize, value: Value<'_>) -> bool {
        self.0.get_mut(index).map(|element| *element = value.into_owned()).is_some()
    }
}
