//! The reactive store whose parts are contenders of other bottlenecks.
//!
//! ```text
//!   Store ──► World ─┬─ State ─┬─ Document ── storage: pointer ─► value or array    document.rs, array.rs
//!                    │         │                                    └ elements, positions
//!                    │         ├─ Queries ─── query index, cache of parsed paths    queries.rs
//!                    │         └─ Listeners ─ points (subscribed pointers),         listeners.rs
//!                    │                        pattern index
//!                    └─ signals: one for each point and for each subscription to a pattern
//! ```
//!
//! **A write** changes the document and tells the query index which pointers came or went. It notes what was at the
//! subscribed pointers before, and compares. Where something else is now, the change gets a number, and the signals of
//! those whom it concerns are set to it: so all guarantees of a notification are those of the part for signals. Only the
//! subscriptions to patterns, which hear of many pointers, look the number up.
//!
//! **A version** is a clone of the document. The query index has none: it is told the differences when it is asked again
//! after a return to a version.
//!
//! **Which parts** a store has is a type that implements [`Parts`]. Everything else is the same code for all of them,
//! and it is compiled in the contender's crate.

mod array;
mod document;
mod growth;
mod listeners;
mod parts;
pub mod plain;
mod queries;
mod state;
pub mod value;

use std::cell::{Cell, RefCell};
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::{Rc, Weak};

use scenarios::data_map::{DataMap, Error};
use scenarios::flat::{Pointer, leaf};
use scenarios::flat_keys::FlatStore;
use scenarios::flat_query::QueryError;
use scenarios::pattern_index::Pattern;
use scenarios::signals::{Notify, Signals};
use scenarios::{About, Contender};
use serde_json::{Map, Value};

use array::{Array, Sequence, Slot};
use document::{Document, Found, Object};
use listeners::{Point, Signal};
use state::{Change, State};

pub use growth::Grade;
pub use parts::{Best, Form, Mix, Naive, Parts, Planned};

/// A store of the parts `P`. The type is a handle.
pub struct Store<P: Parts>(Rc<World<P>>);

struct World<P: Parts> {
    state: RefCell<State<P>>,
    signals: P::Signals,
    /// How many operations are notifying, each within a callback of the one before.
    notifying: Cell<u32>,
}

impl<P: Parts> Clone for Store<P> {
    fn clone(&self) -> Self {
        Store(self.0.clone())
    }
}

impl<P: Parts> Drop for World<P> {
    fn drop(&mut self) {
        // Callbacks may own handles of the signals, whose world would then live for ever.
        self.signals.clear();
    }
}

/// Names a subscription.
pub struct Subscription<P: Parts> {
    place: Place<P>,
    name: <P::Signals as Notify>::Subscription,
}

enum Place<P: Parts> {
    Pointer(Rc<Point<P>>),
    Pattern(scenarios::pattern_index::Id),
}

impl<P: Parts> Clone for Subscription<P> {
    fn clone(&self) -> Self {
        let place = match &self.place {
            Place::Pointer(point) => Place::Pointer(point.clone()),
            Place::Pattern(id) => Place::Pattern(*id),
        };
        Subscription { place, name: self.name.clone() }
    }
}

/// A version of the document.
pub struct Version<P: Parts>(Document<P>);

impl<P: Parts> Clone for Version<P> {
    fn clone(&self) -> Self {
        Version(self.0.clone())
    }
}

/// Names a computed value.
pub struct Computed<P: Parts>(Rc<Formula<P>>);

impl<P: Parts> Clone for Computed<P> {
    fn clone(&self) -> Self {
        Computed(self.0.clone())
    }
}

type Compute<P> = Box<dyn Fn(&Store<P>) -> Value>;

struct Formula<P: Parts> {
    inputs: Vec<Rc<Point<P>>>,
    compute: Compute<P>,
    value: RefCell<Option<Rc<Value>>>,
    /// Whether something was written at or above an input since the value was computed.
    stale: Rc<Cell<bool>>,
    running: Cell<bool>,
    world: Weak<World<P>>,
}

impl<P: Parts> Drop for Formula<P> {
    fn drop(&mut self) {
        if let Some(world) = self.world.upgrade() {
            for point in self.inputs.drain(..) {
                point.no_longer_read_by(&self.stale);
                Store(world.clone()).leave(&point);
            }
        }
    }
}

impl<P: Parts> Store<P> {
    /// Changes what lies at `top` or below it, and notifies.
    fn change<R>(&self, top: Pointer<'_>, change: impl FnOnce(&mut State<P>) -> R) -> R {
        let (outcome, changes) = {
            let state = &mut *self.0.state.borrow_mut();
            let before = state.watch(top);
            let outcome = change(state);
            (outcome, state.changes(top, before))
        };
        self.notify(changes);
        outcome
    }

    /// Calls all whom the changes concern.
    fn notify(&self, changes: Vec<Change>) {
        if !changes.is_empty() {
            let calls = self.0.state.borrow_mut().calls_for(&changes);
            self.call(calls);
        }
    }

    /// Sets the signals to the numbers of the changes.
    fn call(&self, calls: Vec<(Signal<P>, u64)>) {
        let mut first = None;
        self.0.notifying.set(self.0.notifying.get() + 1);
        for (signal, number) in &calls {
            // A signal that is gone has no subscribers.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.0.signals.set(signal, *number))) {
                first.get_or_insert(panic);
            }
        }
        self.0.notifying.set(self.0.notifying.get() - 1);
        let is_last = self.0.notifying.get() == 0;
        self.0.state.borrow_mut().called(calls, is_last);
        if let Some(panic) = first {
            resume_unwind(panic);
        }
    }

    /// A user of a point goes.
    fn leave(&self, point: &Point<P>) {
        let signal = self.0.state.borrow_mut().listeners.leave(point);
        if let Some(signal) = signal {
            self.0.signals.dispose(&signal);
        }
    }

    /// Sets a pointer at which no scalar or empty object lies yet, or which becomes an array or object.
    fn set_otherwise(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error> {
        // The highest pointer at which something comes to be, and an empty object that no longer is one.
        let (mut top, mut emptied, mut is_inside) = (pointer, None, false);
        let exists;
        {
            let document = &self.0.state.borrow().document;
            exists = document.storage.has(pointer) || document.storage.has_descendants(pointer);
            while let Some(parent) = top.parent().filter(|_| !exists) {
                match document.storage.get(parent) {
                    Some(Slot::Value(Value::Object(_))) => {
                        emptied = Some(parent);
                        break;
                    }
                    Some(Slot::Value(_)) => return Err(Error::NotAContainer),
                    Some(Slot::Array(_)) => {
                        is_inside = true;
                        break;
                    }
                    None if document.storage.has_descendants(parent) => break,
                    None => top = parent,
                }
            }
        }
        if is_inside {
            return self.set_inside(pointer, value);
        }
        self.change(top, |state| {
            if let Some(emptied) = emptied {
                state.take(emptied);
            }
            if exists {
                state.take_all(pointer);
            }
            state.put_all(pointer, value);
        });
        Ok(())
    }

    /// Sets a pointer that leads into an array.
    fn set_inside(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error> {
        let (array, index, own, element, grows) = {
            let document = &self.0.state.borrow().document;
            let inside = document.inside(pointer).ok_or(Error::NotAContainer)?;
            let (index, rest) = inside.element().ok_or(Error::OutOfRange)?;
            let length = inside.array.len();
            if index > length {
                return Err(Error::OutOfRange);
            }
            let element = if rest.is_empty() {
                value
            } else {
                let old = inside.array.get(index);
                let mut element = old.cloned().unwrap_or_else(|| Value::Object(Map::new()));
                value::set(&mut element, rest, value)?;
                element
            };
            let text = pointer.as_str();
            let own = Pointer::parse(&text[..text.len() - rest.len()]).unwrap_or(inside.pointer);
            (inside.pointer, index, own, element, index == length)
        };
        // A new element changes the array's length, another one does not.
        self.change(if grows { array } else { own }, |state| {
            if let Some(Slot::Array(array)) = state.document.storage.get_mut(array) {
                let array = Rc::make_mut(array);
                if grows { array.push(element) } else { array.set(index, element) }
            }
        });
        Ok(())
    }

    /// Changes the array at `pointer`, wherever it lies.
    fn edit<R>(
        &self,
        pointer: Pointer<'_>,
        edit: impl FnOnce(&mut dyn Sequence) -> Result<R, Error>,
    ) -> Result<R, Error> {
        enum At {
            Slot,
            Inside(usize, Value),
        }
        let (top, at, rest) = {
            let document = &self.0.state.borrow().document;
            match document.look(pointer) {
                Found::Array(_) => (pointer, At::Slot, ""),
                Found::Value(Value::Array(_)) => {
                    let inside = document.inside(pointer).ok_or(Error::NotAnArray)?;
                    let (index, rest) = inside.element().ok_or(Error::NotAnArray)?;
                    let element = inside.array.get(index).cloned().ok_or(Error::NotAnArray)?;
                    (inside.pointer, At::Inside(index, element), rest)
                }
                _ => return Err(Error::NotAnArray),
            }
        };
        match at {
            At::Slot => self.change(top, |state| match state.document.storage.get_mut(top) {
                Some(Slot::Array(array)) => {
                    let array: &mut Array<P> = Rc::make_mut(array);
                    edit(array)
                }
                _ => Err(Error::NotAnArray),
            }),
            At::Inside(index, mut element) => {
                let Some(Value::Array(elements)) = value::at_mut(&mut element, rest) else {
                    return Err(Error::NotAnArray);
                };
                let outcome = edit(elements)?;
                self.change(pointer, |state| {
                    if let Some(Slot::Array(array)) = state.document.storage.get_mut(top) {
                        Rc::make_mut(array).set(index, element);
                    }
                });
                Ok(outcome)
            }
        }
    }

    /// Deletes a pointer that leads into an array.
    fn delete_inside(&self, pointer: Pointer<'_>) -> bool {
        let (array, index, element) = {
            let document = &self.0.state.borrow().document;
            let Some(inside) = document.inside(pointer) else { return false };
            let Some((index, rest)) = inside.element() else { return false };
            let Some(element) = inside.array.get(index) else { return false };
            let mut element = element.clone();
            if !rest.is_empty() && !value::delete(&mut element, rest) {
                return false;
            }
            (inside.pointer, index, (!rest.is_empty()).then_some(element))
        };
        // What moves up lies within the nearest array above, wherever that is.
        let parent = pointer.parent().unwrap_or(pointer);
        self.change(if element.is_some() { parent } else { array }, |state| {
            if let Some(Slot::Array(array)) = state.document.storage.get_mut(array) {
                let array = Rc::make_mut(array);
                match element {
                    Some(element) => array.set(index, element),
                    None => drop(array.remove(index)),
                }
            }
        });
        true
    }

    /// What a subscription's callback is wrapped in.
    fn hearing(&self, call: impl Fn(&Self, u64) + 'static) -> impl Fn(u64) + 'static {
        let made = self.0.state.borrow().listeners.clock();
        let world = Rc::downgrade(&self.0);
        move |number| {
            // A change that is being notified already has a number that is not greater.
            if number > made
                && let Some(world) = world.upgrade()
            {
                call(&Store(world), number);
            }
        }
    }
}

impl<P: Parts> DataMap for Store<P> {
    type Object = Object<P>;
    type Subscription = Subscription<P>;
    type Computed = Computed<P>;
    type Version = Version<P>;

    fn new() -> Self {
        Store(Rc::new(World {
            state: RefCell::new(State::new()),
            signals: P::Signals::new(),
            notifying: Cell::new(0),
        }))
    }

    #[inline]
    fn get<R>(&self, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
        self.0.state.borrow().document.get(pointer, read)
    }

    fn has(&self, pointer: Pointer<'_>) -> bool {
        self.0.state.borrow().document.has(pointer)
    }

    fn set(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error> {
        // A scalar, or an empty object, in the place of another one changes nothing else.
        if !value.is_array() && leaf(&value).is_some() {
            let mut guard = self.0.state.borrow_mut();
            let state = &mut *guard;
            if let Some(Slot::Value(there)) = state.document.storage.get_mut(pointer) {
                if *there == value {
                    return Ok(());
                }
                let before = std::mem::replace(there, value);
                if state.listeners.is_empty() {
                    return Ok(());
                }
                let calls = state.replaced(pointer, &before);
                if calls.is_empty() {
                    state.called(calls, false);
                } else {
                    drop(guard);
                    self.call(calls);
                }
                return Ok(());
            }
        }
        self.set_otherwise(pointer, value)
    }

    fn delete(&self, pointer: Pointer<'_>) -> bool {
        let Some(parent) = pointer.parent() else {
            self.change(Pointer::ROOT, |state| {
                state.take_all(Pointer::ROOT);
                state.put(Pointer::ROOT, Slot::Value(Value::Object(Map::new())));
            });
            return true;
        };
        let exists = {
            let document = &self.0.state.borrow().document;
            document.storage.has(pointer) || document.storage.has_descendants(pointer)
        };
        if !exists {
            return self.delete_inside(pointer);
        }
        self.change(pointer, |state| {
            state.take_all(pointer);
            if !state.document.storage.has_descendants(parent) {
                state.put(parent, Slot::Value(Value::Object(Map::new())));
            }
        });
        true
    }

    fn array_len(&self, pointer: Pointer<'_>) -> Option<usize> {
        self.0.state.borrow().document.array_len(pointer)
    }

    fn push(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error> {
        self.edit(pointer, |array| {
            array.push(value);
            Ok(())
        })
    }

    fn pop(&self, pointer: Pointer<'_>) -> Result<Option<Value>, Error> {
        self.edit(pointer, |array| Ok(array.pop()))
    }

    fn insert(&self, pointer: Pointer<'_>, index: usize, value: Value) -> Result<(), Error> {
        self.edit(pointer, |array| {
            if index > array.len() {
                return Err(Error::OutOfRange);
            }
            array.insert(index, value);
            Ok(())
        })
    }

    fn remove(&self, pointer: Pointer<'_>, index: usize) -> Result<Value, Error> {
        self.edit(
            pointer,
            |array| if index < array.len() { Ok(array.remove(index)) } else { Err(Error::OutOfRange) },
        )
    }

    fn slice(
        &self,
        pointer: Pointer<'_>,
        range: Range<usize>,
        mut visit: impl FnMut(&Value),
    ) -> Result<(), Error> {
        let is_within = |length: usize| range.start <= range.end && range.end <= length;
        let document = &self.0.state.borrow().document;
        match document.look(pointer) {
            Found::Array(array) if is_within(array.len()) => {
                range.clone().filter_map(|index| array.get(index)).for_each(visit);
                Ok(())
            }
            Found::Value(Value::Array(elements)) if is_within(elements.len()) => {
                elements[range.clone()].iter().for_each(&mut visit);
                Ok(())
            }
            Found::Array(_) | Found::Value(Value::Array(_)) => Err(Error::OutOfRange),
            _ => Err(Error::NotAnArray),
        }
    }

    fn has_descendants(&self, pointer: Pointer<'_>) -> bool {
        self.0.state.borrow().document.has_descendants(pointer)
    }

    fn keys(&self, prefix: Pointer<'_>, mut visit: impl FnMut(&str)) {
        self.0.state.borrow().document.keys(prefix, &mut visit);
    }

    fn to_object(&self, pointer: Pointer<'_>) -> Option<Self::Object> {
        self.0.state.borrow().document.to_object(pointer)
    }

    fn query(&self, path: &str, visit: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), QueryError> {
        let prepared = {
            let state = &mut *self.0.state.borrow_mut();
            state.queries.catch_up(&state.document);
            state.queries.prepare(path)
        };
        let state = self.0.state.borrow();
        state.queries.select(&prepared, &state.document, visit)
    }

    fn subscribe(
        &self,
        pointer: Pointer<'_>,
        callback: impl Fn(&Self, &str) + 'static,
    ) -> Self::Subscription {
        let point = {
            let state = &mut *self.0.state.borrow_mut();
            state.subscriptions += 1;
            state.listeners.join(pointer, &self.0.signals)
        };
        let text = point.text.clone();
        let name =
            self.0.signals.subscribe(&point.signal, self.hearing(move |store, _| callback(store, &text)));
        Subscription { place: Place::Pointer(point), name: name.expect("the signal of a point lives") }
    }

    fn subscribe_pattern(
        &self,
        pattern: &Pattern,
        callback: impl Fn(&Self, &str) + 'static,
    ) -> Self::Subscription {
        let signal = self.0.signals.signal(0);
        let hearing = self.hearing(move |store, number| {
            let pointer = store.0.state.borrow().listeners.told(number);
            if let Some(pointer) = pointer {
                callback(store, &pointer);
            }
        });
        let name = self.0.signals.subscribe(&signal, hearing).expect("the signal was just made");
        let state = &mut *self.0.state.borrow_mut();
        state.subscriptions += 1;
        Subscription { place: Place::Pattern(state.listeners.add_pattern(pattern, signal)), name }
    }

    fn unsubscribe(&self, subscription: &Self::Subscription) -> bool {
        if !self.0.signals.unsubscribe(&subscription.name) {
            return false;
        }
        self.0.state.borrow_mut().subscriptions -= 1;
        match &subscription.place {
            Place::Pointer(point) => self.leave(point),
            Place::Pattern(id) => {
                let signal = self.0.state.borrow_mut().listeners.remove_pattern(*id);
                if let Some(signal) = signal {
                    self.0.signals.dispose(&signal);
                }
            }
        }
        true
    }

    fn subscriptions(&self) -> usize {
        self.0.state.borrow().subscriptions
    }

    fn computed(&self, inputs: &[Pointer<'_>], compute: impl Fn(&Self) -> Value + 'static) -> Self::Computed {
        let state = &mut *self.0.state.borrow_mut();
        let stale = Rc::new(Cell::new(true));
        let inputs = inputs.iter().map(|input| {
            let point = state.listeners.join(*input, &self.0.signals);
            point.read_by(&stale);
            point
        });
        Computed(Rc::new(Formula {
            inputs: inputs.collect(),
            compute: Box::new(compute),
            value: RefCell::default(),
            stale,
            running: Cell::new(false),
            world: Rc::downgrade(&self.0),
        }))
    }

    fn value(&self, computed: &Self::Computed) -> Result<Rc<Value>, Error> {
        /// Ends the computation. After a panic there is no new value.
        struct Running<'a, P: Parts>(&'a Formula<P>);
        impl<P: Parts> Drop for Running<'_, P> {
            fn drop(&mut self) {
                self.0.running.set(false);
                if std::thread::panicking() {
                    self.0.stale.set(true);
                }
            }
        }
        let formula = &*computed.0;
        if formula.running.get() {
            return Err(Error::Cycle);
        }
        if !formula.stale.get()
            && let Some(value) = &*formula.value.borrow()
        {
            return Ok(value.clone());
        }
        formula.running.set(true);
        let _running = Running(formula);
        formula.stale.set(false);
        let value = Rc::new((formula.compute)(self));
        *formula.value.borrow_mut() = Some(value.clone());
        Ok(value)
    }

    fn batch(&self, f: impl FnOnce()) {
        self.0.state.borrow_mut().begin_batch();
        let outcome = catch_unwind(AssertUnwindSafe(f));
        let changes = self.0.state.borrow_mut().end_batch();
        let told = catch_unwind(AssertUnwindSafe(|| self.notify(changes)));
        if let Err(panic) = outcome.and(told) {
            resume_unwind(panic);
        }
    }

    fn snapshot(&self) -> Self::Version {
        Version(self.0.state.borrow().document.clone())
    }

    fn restore(&self, version: &Self::Version) {
        let changes = self.0.state.borrow_mut().restore(version.0.clone());
        self.notify(changes);
    }

    fn get_in<R>(version: &Self::Version, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
        version.0.get(pointer, read)
    }

    fn to_object_in(version: &Self::Version, pointer: Pointer<'_>) -> Option<Self::Object> {
        version.0.to_object(pointer)
    }
}

/// Makes a contender of a mixture. Its crate calls it, so that all of the store is compiled there.
pub fn contender<P: Parts>(about: About) -> Contender {
    scenarios::data_map::contender::<Store<P>>(about)
}
