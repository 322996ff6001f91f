//! The state of a store, and what a write does to it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use scenarios::flat::{Pointer, escape};
use scenarios::flat_keys::FlatStore;
use scenarios::input::FixedHasher;
use serde_json::{Map, Value};

use crate::array::{Array, Slot};
use crate::document::Document;
use crate::listeners::{Listeners, Point, Signal};
use crate::parts::Parts;
use crate::queries::Queries;
use crate::value::Face;

pub(crate) struct State<P: Parts> {
    pub(crate) document: Document<P>,
    pub(crate) queries: Queries<P>,
    pub(crate) listeners: Listeners<P>,
    pub(crate) subscriptions: usize,
    /// How many batches are open, one within the other.
    depth: u32,
    /// What was at the pointers that a batch changed, before it did.
    pending: HashMap<Rc<str>, Option<Face>, FixedHasher>,
    /// Memory for calls while nobody is called.
    calls: Vec<(Signal<P>, u64)>,
}

/// Something else is at a pointer than before.
pub(crate) struct Change {
    pub(crate) pointer: Rc<str>,
    before: Option<Face>,
}

/// What is known before a write of what it may change.
pub(crate) struct Watched<P: Parts> {
    points: Vec<(Rc<Point<P>>, Option<Face>)>,
    /// All faces, if there are patterns that may select them. They include those of the points.
    all: Option<BTreeMap<String, Face>>,
}

impl<P: Parts> State<P> {
    pub(crate) fn new() -> Self {
        let mut state = State {
            document: Document::new(),
            queries: Queries::new(),
            listeners: Listeners::new(),
            subscriptions: 0,
            depth: 0,
            pending: HashMap::default(),
            calls: Vec::new(),
        };
        state.put(Pointer::ROOT, Slot::Value(Value::Object(Map::new())));
        state
    }

    /// Puts something where nothing is.
    pub(crate) fn put(&mut self, pointer: Pointer<'_>, slot: Slot<P>) {
        if matches!(slot, Slot::Array(_)) {
            self.document.array_came(pointer.as_str());
        }
        self.document.storage.set(pointer, slot);
        self.queries.added(pointer);
    }

    /// Takes what lies at `pointer` itself.
    pub(crate) fn take(&mut self, pointer: Pointer<'_>) -> bool {
        let Some(slot) = self.document.storage.delete(pointer) else { return false };
        if matches!(slot, Slot::Array(_)) {
            self.document.array_went(pointer.as_str());
        }
        self.queries.removed(pointer);
        true
    }

    /// Takes what lies at `pointer` and below it.
    pub(crate) fn take_all(&mut self, pointer: Pointer<'_>) {
        if self.take(pointer) {
            // Nothing lies below what lies in the storage.
            return;
        }
        let mut arrays = Vec::new();
        for (key, slot) in self.document.storage.entries(pointer) {
            if matches!(slot, Slot::Array(_)) {
                arrays.push(key.to_owned());
            }
            if let Ok(key) = Pointer::parse(key) {
                self.queries.removed(key);
            }
        }
        arrays.iter().for_each(|array| self.document.array_went(array));
        self.document.storage.delete_subtree(pointer);
    }

    /// Puts a value where nothing is, and takes it apart.
    pub(crate) fn put_all(&mut self, pointer: Pointer<'_>, value: Value) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                self.put_members(&mut pointer.as_str().to_owned(), members);
            }
            Value::Array(elements) => self.put(pointer, Slot::Array(Rc::new(Array::new(elements)))),
            value => self.put(pointer, Slot::Value(value)),
        }
    }

    fn put_members(&mut self, pointer: &mut String, members: Map<String, Value>) {
        let length = pointer.len();
        for (name, member) in members {
            pointer.push('/');
            pointer.push_str(&escape(&name));
            match member {
                Value::Object(members) if !members.is_empty() => self.put_members(pointer, members),
                member => {
                    if let Ok(pointer) = Pointer::parse(pointer) {
                        self.put_all(pointer, member);
                    }
                }
            }
            pointer.truncate(length);
        }
    }

    /// Notes what is at `top` and below it, before a write; and that there is one.
    pub(crate) fn watch(&mut self, top: Pointer<'_>) -> Watched<P> {
        let points = self.listeners.points_below(top);
        points.iter().for_each(|point| point.written());
        if self.listeners.may_select_below(top) {
            return Watched { points: Vec::new(), all: Some(self.document.faces(top)) };
        }
        let face = |point: Rc<Point<P>>| {
            let face = self.document.face(point.pointer());
            (point, face)
        };
        Watched { points: points.into_iter().map(face).collect(), all: None }
    }

    /// What is to be notified now, after a write.
    pub(crate) fn changes(&mut self, top: Pointer<'_>, watched: Watched<P>) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(before) = watched.all {
            let mut after = self.document.faces(top);
            for (pointer, face) in before {
                let before = Some(face);
                if after.remove(&pointer) != before {
                    changes.push(Change { pointer: pointer.into(), before });
                }
            }
            let new = after.into_keys();
            changes.extend(new.map(|pointer| Change { pointer: pointer.into(), before: None }));
        } else {
            for (point, before) in watched.points {
                if self.document.face(point.pointer()) != before {
                    changes.push(Change { pointer: point.text.clone(), before });
                }
            }
        }
        self.now_or_later(changes)
    }

    /// A scalar was replaced at `pointer`: who is to be called for that now, in order.
    #[inline]
    pub(crate) fn replaced(&mut self, pointer: Pointer<'_>, before: &Value) -> Vec<(Signal<P>, u64)> {
        let mut calls = std::mem::take(&mut self.calls);
        if self.depth == 0 {
            self.listeners.calls_after_write(pointer, &mut calls);
        } else if self.listeners.written_alone(pointer) && !self.pending.contains_key(pointer.as_str()) {
            self.pending.insert(pointer.as_str().into(), Some(Face::of(before)));
        }
        calls
    }

    /// Becomes another document, and says what is to be notified.
    pub(crate) fn restore(&mut self, document: Document<P>) -> Vec<Change> {
        let before = std::mem::replace(&mut self.document, document);
        let mut changed: BTreeSet<String> = BTreeSet::new();
        for point in self.listeners.points() {
            point.written();
            changed.insert(point.text.to_string());
        }
        if self.listeners.has_patterns() {
            let mut climbed: BTreeSet<String> = BTreeSet::new();
            self.document.storage.differences(&before.storage, |pointer, _, _| {
                let Ok(pointer) = Pointer::parse(pointer) else { return };
                for document in [&before, &self.document] {
                    changed.extend(document.faces(pointer).into_keys());
                }
                let mut above = pointer.parent();
                while let Some(parent) = above {
                    above = if climbed.insert(parent.as_str().to_owned()) { parent.parent() } else { None };
                }
            });
            changed.extend(climbed);
        }
        let mut changes = Vec::new();
        for text in changed {
            if let Ok(pointer) = Pointer::parse(&text) {
                let face = before.face(pointer);
                if face != self.document.face(pointer) {
                    changes.push(Change { pointer: text.into(), before: face });
                }
            }
        }
        self.queries.replaced(before.storage);
        self.now_or_later(changes)
    }

    /// The changes themselves outside of batches; none within them, where they are kept for the end.
    fn now_or_later(&mut self, changes: Vec<Change>) -> Vec<Change> {
        if self.depth == 0 {
            return changes;
        }
        for change in changes {
            self.pending.entry(change.pointer).or_insert(change.before);
        }
        Vec::new()
    }

    pub(crate) fn begin_batch(&mut self) {
        self.depth += 1;
    }

    /// What is to be notified now, after a batch.
    pub(crate) fn end_batch(&mut self) -> Vec<Change> {
        self.depth -= 1;
        if self.depth > 0 {
            return Vec::new();
        }
        let pending = std::mem::take(&mut self.pending);
        let is_other = |(pointer, before): &(Rc<str>, Option<Face>)| {
            Pointer::parse(pointer).is_ok_and(|pointer| self.document.face(pointer) != *before)
        };
        let changed = pending.into_iter().filter(is_other);
        changed.map(|(pointer, before)| Change { pointer, before }).collect()
    }

    /// Whom the changes concern, in order.
    pub(crate) fn calls_for(&mut self, changes: &[Change]) -> Vec<(Signal<P>, u64)> {
        let mut calls = std::mem::take(&mut self.calls);
        for change in changes {
            if let Ok(pointer) = Pointer::parse(&change.pointer) {
                self.listeners.calls_of(pointer, &mut calls);
            }
        }
        calls
    }

    /// Nobody is to be called any more. The memory serves the next operation.
    pub(crate) fn called(&mut self, mut calls: Vec<(Signal<P>, u64)>, is_last: bool) {
        if is_last {
            self.listeners.forget_changes();
        }
        calls.clear();
        if calls.capacity() > self.calls.capacity() {
            self.calls = calls;
        }
    }
}
