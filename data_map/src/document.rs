//! The document: what reads need, of the store as of a version.
//!
//! Objects are taken apart: their scalars lie in the storage under pointers of their own. An empty object lies there as
//! a value, so a container is there exactly if something lies at it or below it. Arrays lie there as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use scenarios::flat::{Built, Kinds, Leaves, Pointer, array_index, leaf};
use scenarios::flat_keys::FlatStore;
use serde_json::Value;

use crate::array::{Array, Sequence, Slot};
use crate::parts::Parts;
use crate::value::{self, Face};

/// An empty array, to be lent.
static EMPTY_ARRAY: Value = Value::Array(Vec::new());

pub(crate) type Storage<P> = <P as Parts>::Storage<Slot<P>>;

pub(crate) type Object<P> = <Storage<P> as FlatStore<Slot<P>>>::Object;

/// A document, which is cheap to clone if its storage is.
pub(crate) struct Document<P: Parts> {
    pub(crate) storage: Storage<P>,
    /// How many arrays lie at the first segment of a pointer and below it; the root counts as the empty segment.
    arrays: Rc<BTreeMap<Box<str>, usize>>,
}

impl<P: Parts> Clone for Document<P> {
    fn clone(&self) -> Self {
        Document { storage: self.storage.clone(), arrays: self.arrays.clone() }
    }
}

/// What is at a pointer, where it lies.
pub(crate) enum Found<'a, P: Parts> {
    Nothing,
    /// A scalar, an empty object, or anything within an element of an array.
    Value(&'a Value),
    Array(&'a Array<P>),
    /// An object with members.
    Object,
}

/// A pointer that leads into an array: the array's own, and the rest, which begins with a slash.
pub(crate) struct Inside<'a, 'p, P: Parts> {
    pub(crate) pointer: Pointer<'p>,
    pub(crate) array: &'a Array<P>,
    rest: &'p str,
}

impl<'p, P: Parts> Inside<'_, 'p, P> {
    /// The index of the element, if the pointer spells one, and the rest behind it.
    pub(crate) fn element(&self) -> Option<(usize, &'p str)> {
        let end = self.rest[1..].find('/').map_or(self.rest.len(), |end| end + 1);
        Some((array_index(&self.rest[1..end])? as usize, &self.rest[end..]))
    }
}

/// The first segment of a pointer; empty for the root.
fn head(pointer: &str) -> &str {
    pointer.split('/').nth(1).unwrap_or("")
}

impl<P: Parts> Document<P> {
    pub(crate) fn new() -> Self {
        Document { storage: Storage::<P>::new(), arrays: Rc::default() }
    }

    /// Counts an array that came to `pointer`.
    pub(crate) fn array_came(&mut self, pointer: &str) {
        *Rc::make_mut(&mut self.arrays).entry(head(pointer).into()).or_default() += 1;
    }

    /// No longer counts an array that went from `pointer`.
    pub(crate) fn array_went(&mut self, pointer: &str) {
        let arrays = Rc::make_mut(&mut self.arrays);
        if let Some(count) = arrays.get_mut(head(pointer)) {
            *count -= 1;
            if *count == 0 {
                arrays.remove(head(pointer));
            }
        }
    }

    /// Whether a path may lead to an array that begins with the name of this segment, or anywhere if there is none.
    pub(crate) fn may_reach_arrays(&self, segment: Option<&str>) -> bool {
        !self.arrays.is_empty()
            && segment.is_none_or(|segment| self.arrays.contains_key(segment) || self.arrays.contains_key(""))
    }

    /// The array above a pointer that is not in the storage.
    pub(crate) fn inside<'p>(&self, pointer: Pointer<'p>) -> Option<Inside<'_, 'p, P>> {
        if self.arrays.is_empty() {
            return None;
        }
        let mut above = pointer.parent();
        while let Some(parent) = above {
            match self.storage.get(parent) {
                Some(Slot::Array(array)) => {
                    let rest = &pointer.as_str()[parent.as_str().len()..];
                    return Some(Inside { pointer: parent, array, rest });
                }
                Some(Slot::Value(_)) => return None,
                None => above = parent.parent(),
            }
        }
        None
    }

    pub(crate) fn look(&self, pointer: Pointer<'_>) -> Found<'_, P> {
        match self.storage.get(pointer) {
            Some(Slot::Value(value)) => Found::Value(value),
            Some(Slot::Array(array)) => Found::Array(array),
            None => self.look_further(pointer),
        }
    }

    /// What is at a pointer that is not in the storage.
    fn look_further(&self, pointer: Pointer<'_>) -> Found<'_, P> {
        if let Some(inside) = self.inside(pointer) {
            let found = inside.element().and_then(|(index, rest)| value::at(inside.array.get(index)?, rest));
            return found.map_or(Found::Nothing, Found::Value);
        }
        if self.storage.has_descendants(pointer) { Found::Object } else { Found::Nothing }
    }

    #[inline]
    pub(crate) fn get<R>(&self, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
        match self.storage.get(pointer) {
            Some(Slot::Value(value)) => read(Some(value)),
            Some(Slot::Array(array)) => read((array.len() == 0).then_some(&EMPTY_ARRAY)),
            None if self.arrays.is_empty() => read(None),
            None => match self.look_further(pointer) {
                Found::Value(value) => read(leaf(value)),
                _ => read(None),
            },
        }
    }

    pub(crate) fn has(&self, pointer: Pointer<'_>) -> bool {
        self.storage.has(pointer) || !matches!(self.look_further(pointer), Found::Nothing)
    }

    /// `None` where there is nothing.
    pub(crate) fn face(&self, pointer: Pointer<'_>) -> Option<Face> {
        match self.look(pointer) {
            Found::Nothing => None,
            Found::Value(value) => Some(Face::of(value)),
            Found::Array(array) => Some(Face::Array(array.len())),
            Found::Object => Some(Face::Object),
        }
    }

    /// The faces of everything at `top` and below it.
    pub(crate) fn faces(&self, top: Pointer<'_>) -> BTreeMap<String, Face> {
        let mut faces = BTreeMap::new();
        let mut text = top.as_str().to_owned();
        match self.look(top) {
            Found::Nothing => {}
            Found::Value(value) => value::walk(value, &mut text, &mut |pointer, value| {
                faces.insert(pointer.to_owned(), Face::of(value));
            }),
            Found::Array(array) => add_array(array, &mut text, &mut faces),
            Found::Object => {
                faces.insert(text, Face::Object);
                for (key, slot) in self.storage.entries(top) {
                    match slot {
                        Slot::Value(value) => drop(faces.insert(key.to_owned(), Face::of(value))),
                        Slot::Array(array) => add_array(array, &mut key.to_owned(), &mut faces),
                    }
                    let mut above = Pointer::parse(key).ok().and_then(Pointer::parent);
                    while let Some(parent) = above.filter(|parent| !faces.contains_key(parent.as_str())) {
                        faces.insert(parent.as_str().to_owned(), Face::Object);
                        above = parent.parent();
                    }
                }
            }
        }
        faces
    }

    pub(crate) fn array_len(&self, pointer: Pointer<'_>) -> Option<usize> {
        match self.look(pointer) {
            Found::Array(array) => Some(array.len()),
            Found::Value(value) => value.as_array().map(Vec::len),
            _ => None,
        }
    }

    pub(crate) fn has_descendants(&self, pointer: Pointer<'_>) -> bool {
        if self.storage.has_descendants(pointer) {
            return true;
        }
        match self.look(pointer) {
            Found::Array(array) => array.len() > 0,
            Found::Value(value) => leaf(value).is_none(),
            _ => false,
        }
    }

    pub(crate) fn keys(&self, prefix: Pointer<'_>, visit: &mut impl FnMut(&str)) {
        for (key, slot) in self.storage.entries(prefix) {
            match slot {
                Slot::Array(array) if array.len() > 0 => array_keys(array, &mut key.to_owned(), visit),
                _ => visit(key),
            }
        }
        let mut text = prefix.as_str().to_owned();
        match self.look(prefix) {
            Found::Array(array) => array_keys(array, &mut text, visit),
            Found::Value(value) if leaf(value).is_none() => {
                value::walk(value, &mut text, &mut only_leaves(visit));
            }
            _ => {}
        }
    }

    pub(crate) fn to_object(&self, pointer: Pointer<'_>) -> Option<Object<P>> {
        match self.look(pointer) {
            Found::Nothing => None,
            Found::Value(value) => Some(Object::<P>::whole(value.clone())),
            Found::Array(array) => Some(Object::<P>::whole(Value::Array(array.iter().cloned().collect()))),
            Found::Object => self.storage.to_object(pointer, Kinds::OBJECTS),
        }
    }
}

/// Calls `visit` with the pointers of leaves alone.
fn only_leaves(visit: &mut impl FnMut(&str)) -> impl FnMut(&str, &Value) {
    |pointer, value| {
        if leaf(value).is_some() {
            visit(pointer);
        }
    }
}

fn array_keys<P: Parts>(array: &Array<P>, pointer: &mut String, visit: &mut impl FnMut(&str)) {
    value::walk_elements(array.iter(), pointer, &mut only_leaves(visit));
}

fn add_array<P: Parts>(array: &Array<P>, pointer: &mut String, faces: &mut BTreeMap<String, Face>) {
    faces.insert(pointer.clone(), Face::Array(array.len()));
    value::walk_elements(array.iter(), pointer, &mut |pointer, value| {
        faces.insert(pointer.to_owned(), Face::of(value));
    });
}

/// A document as a query index sees it. No path that gets there leads to an array.
pub(crate) struct Lent<'a, P: Parts>(pub(crate) &'a Document<P>);

impl<P: Parts> Leaves for Lent<'_, P> {
    #[inline]
    fn leaf(&self, pointer: &str) -> Option<Cow<'_, Value>> {
        match self.0.storage.get(Pointer::parse(pointer).ok()?)? {
            Slot::Value(value) => Some(Cow::Borrowed(value)),
            Slot::Array(_) => Some(Cow::Borrowed(&EMPTY_ARRAY)),
        }
    }

    fn each<'a>(&'a self, mut visit: impl FnMut(&'a str) -> ControlFlow<()>) {
        let root = self.0.storage.has(Pointer::ROOT).then_some("");
        let _ = root.into_iter().chain(self.0.storage.keys(Pointer::ROOT)).try_for_each(&mut visit);
    }

    fn tree(&self) -> Option<Cow<'_, Value>> {
        self.0.to_object(Pointer::ROOT).map(|object| Cow::Owned(object.value().into_owned()))
    }
}
