//! What lies at a pointer of the storage: a value that is not taken apart, or an array.
//!
//! ```text
//!   positions   0   1   2   3        order ─► physical indices, as the part for slots keeps them
//!               │   │   │   │
//!   physical    2   0   3   1
//!
//!   elements  [ b , d , a , c ]      a persistent vector; a freed place holds null until it is taken again
//! ```
//!
//! An insertion in the middle moves positions only. A version shares the elements, and the positions until they change.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use scenarios::flat::{Content, SharedValue};
use scenarios::persistent_vector::{Family, PersistentVector};
use scenarios::slots::Positions;
use serde_json::Value;

use crate::parts::Parts;

type Elements<P> = <<P as Parts>::Arrays as Family>::Vector<Arc<Value>>;

/// An array whose elements are plain values.
pub struct Array<P: Parts> {
    elements: Elements<P>,
    positions: Rc<P::Slots>,
}

/// What can be done to a sequence of values, whether it is an [`Array`] or part of a plain value.
pub(crate) trait Sequence {
    fn len(&self) -> usize;
    fn push(&mut self, value: Value);
    fn pop(&mut self) -> Option<Value>;
    /// Inserts before the element at `index`, which is at most the length.
    fn insert(&mut self, index: usize, value: Value);
    /// Removes the element at `index`, which is less than the length.
    fn remove(&mut self, index: usize) -> Value;
}

impl Sequence for Vec<Value> {
    fn len(&self) -> usize {
        self.len()
    }

    fn push(&mut self, value: Value) {
        self.push(value);
    }

    fn pop(&mut self) -> Option<Value> {
        self.pop()
    }

    fn insert(&mut self, index: usize, value: Value) {
        self.insert(index, value);
    }

    fn remove(&mut self, index: usize) -> Value {
        self.remove(index)
    }
}

impl<P: Parts> Clone for Array<P> {
    fn clone(&self) -> Self {
        Array { elements: self.elements.clone(), positions: self.positions.clone() }
    }
}

impl<P: Parts> Array<P> {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        // The first indices of an empty table are handed out in order.
        let mut positions = P::Slots::new();
        let physical: Vec<u32> = values.iter().map(|_| positions.push()).collect();
        let values = values.into_iter().map(Arc::new);
        let elements = if physical.iter().enumerate().all(|(at, physical)| at == *physical as usize) {
            Elements::<P>::from_values(values)
        } else {
            let mut elements = Elements::<P>::new();
            values.zip(physical).for_each(|(value, physical)| put::<P>(&mut elements, physical, value));
            elements
        };
        Array { elements, positions: Rc::new(positions) }
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&Value> {
        let physical = self.positions.get_physical(index)?;
        self.elements.get(physical as usize).map(|element| &**element)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Value> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    pub(crate) fn set(&mut self, index: usize, value: Value) {
        if let Some(physical) = self.positions.get_physical(index) {
            self.elements.set(physical as usize, Arc::new(value));
        }
    }

    /// The element at a physical index that was just freed.
    fn take(&mut self, physical: u32) -> Value {
        let physical = physical as usize;
        let element = if physical + 1 == self.elements.len() {
            self.elements.pop_back()
        } else {
            let element = self.elements.get(physical).cloned();
            self.elements.set(physical, Arc::new(Value::Null));
            element
        };
        element.map_or(Value::Null, Arc::unwrap_or_clone)
    }
}

/// Puts an element at a physical index, which may lie past the end where indices were freed.
fn put<P: Parts>(elements: &mut Elements<P>, physical: u32, value: Arc<Value>) {
    let physical = physical as usize;
    while elements.len() < physical {
        elements.push_back(Arc::new(Value::Null));
    }
    if physical == elements.len() {
        elements.push_back(value);
    } else {
        elements.set(physical, value);
    }
}

impl<P: Parts> Sequence for Array<P> {
    #[inline]
    fn len(&self) -> usize {
        self.positions.len()
    }

    fn push(&mut self, value: Value) {
        let physical = Rc::make_mut(&mut self.positions).push();
        put::<P>(&mut self.elements, physical, Arc::new(value));
    }

    fn pop(&mut self) -> Option<Value> {
        let last = self.len().checked_sub(1)?;
        Some(self.remove(last))
    }

    fn insert(&mut self, index: usize, value: Value) {
        if let Ok(physical) = Rc::make_mut(&mut self.positions).insert_at(index) {
            put::<P>(&mut self.elements, physical, Arc::new(value));
        }
    }

    fn remove(&mut self, index: usize) -> Value {
        let freed = Rc::make_mut(&mut self.positions).remove_at(index);
        freed.map_or(Value::Null, |physical| self.take(physical))
    }
}

/// What the storage maps a pointer to.
pub enum Slot<P: Parts> {
    /// A scalar or an empty object.
    Value(Value),
    /// An array, even an empty one.
    Array(Rc<Array<P>>),
}

impl<P: Parts> Clone for Slot<P> {
    fn clone(&self) -> Self {
        match self {
            Slot::Value(value) => Slot::Value(value.clone()),
            Slot::Array(array) => Slot::Array(array.clone()),
        }
    }
}

impl<P: Parts> PartialEq for Slot<P> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Slot::Value(value), Slot::Value(other)) => value == other,
            (Slot::Array(array), Slot::Array(other)) => {
                Rc::ptr_eq(array, other) || (array.len() == other.len() && array.iter().eq(other.iter()))
            }
            _ => false,
        }
    }
}

impl<P: Parts> fmt::Debug for Slot<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Content::value(self))
    }
}

impl<P: Parts> Content for Slot<P> {
    #[inline]
    fn value(&self) -> Cow<'_, Value> {
        match self {
            Slot::Value(value) => Cow::Borrowed(value),
            Slot::Array(array) => Cow::Owned(Value::Array(array.iter().cloned().collect())),
        }
    }

    #[inline]
    fn shared(&self) -> SharedValue {
        match self {
            Slot::Value(value) => SharedValue::Leaf(value.clone()),
            Slot::Array(array) => SharedValue::Array(array.iter().cloned().map(SharedValue::Leaf).collect()),
        }
    }
}
