//! One plain value, whose faces are compared before and after each operation.

use std::cell::{Cell, RefCell};
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::{Rc, Weak};

use serde_json::{Map, Value};

use super::flat_query::parse;
use crate::data_map::oracle::{self, Target, changes, concerned};
use crate::data_map::{DataMap, Error};
use crate::flat::{Pointer, leaf};
use crate::flat_query::QueryError;
use crate::flat_query::oracle::evaluate;
use crate::pattern_index::Pattern;

type Callback = Rc<dyn Fn(&Book, &str)>;

#[derive(Default)]
struct State {
    document: RefCell<Value>,
    subscriptions: RefCell<Vec<Option<(Target, Callback)>>>,
    /// The document before the outermost batch that is open.
    before: RefCell<Option<Value>>,
    depth: Cell<u32>,
    written: RefCell<Vec<String>>,
}

/// The store by the book.
#[derive(Clone)]
pub(super) struct Book(Rc<State>);

pub(super) struct Formula {
    inputs: Vec<String>,
    compute: Box<dyn Fn(&Book) -> Value>,
    /// The value, and how many writes there were when it was computed.
    value: RefCell<Option<(Rc<Value>, usize)>>,
    running: Cell<bool>,
    store: Weak<State>,
}

impl Book {
    fn change<R>(&self, pointer: &str, change: impl FnOnce(&mut Value) -> R) -> R {
        let before = self.0.document.borrow().clone();
        let outcome = change(&mut self.0.document.borrow_mut());
        self.0.written.borrow_mut().push(pointer.to_owned());
        if self.0.depth.get() == 0 {
            self.notify(&before);
        }
        outcome
    }

    fn notify(&self, before: &Value) {
        let changed = changes(before, &self.0.document.borrow());
        let mut calls = Vec::new();
        {
            let subscriptions = self.0.subscriptions.borrow();
            let live = subscriptions.iter().enumerate();
            let live = live.filter_map(|(number, one)| Some((number, &one.as_ref()?.0)));
            for pointer in changed {
                let numbers = concerned(live.clone(), &pointer);
                calls.extend(numbers.into_iter().map(|number| (number, pointer.clone())));
            }
        }
        let mut panic = None;
        for (number, pointer) in calls {
            let callback =
                self.0.subscriptions.borrow()[number].as_ref().map(|(_, callback)| callback.clone());
            if let Some(callback) = callback
                && let Err(raised) = catch_unwind(AssertUnwindSafe(|| callback(self, &pointer)))
            {
                panic.get_or_insert(raised);
            }
        }
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    fn listen(&self, target: Target, callback: impl Fn(&Book, &str) + 'static) -> usize {
        let mut subscriptions = self.0.subscriptions.borrow_mut();
        subscriptions.push(Some((target, Rc::new(callback))));
        subscriptions.len() - 1
    }

    fn array<R>(&self, pointer: Pointer<'_>, edit: impl FnOnce(&mut Vec<Value>) -> R) -> Result<R, Error> {
        oracle::array(&mut self.0.document.borrow_mut(), pointer.as_str())?;
        self.change(pointer.as_str(), |document| oracle::array(document, pointer.as_str()).map(edit))
    }
}

impl DataMap for Book {
    type Object = Value;
    type Subscription = usize;
    type Computed = Rc<Formula>;
    type Version = Value;

    fn new() -> Self {
        let state = State { document: RefCell::new(Value::Object(Map::new())), ..State::default() };
        Book(Rc::new(state))
    }

    fn get<R>(&self, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
        Self::get_in(&self.0.document.borrow(), pointer, read)
    }

    fn has(&self, pointer: Pointer<'_>) -> bool {
        oracle::at(&self.0.document.borrow(), pointer.as_str()).is_some()
    }

    fn set(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error> {
        // The objects on the way to a new pointer come to be with it.
        let mut top = pointer;
        while let Some(parent) = top.parent()
            && oracle::at(&self.0.document.borrow(), parent.as_str()).is_none()
        {
            top = parent;
        }
        self.change(top.as_str(), |document| oracle::set(document, pointer.as_str(), value))
    }

    fn delete(&self, pointer: Pointer<'_>) -> bool {
        // What moves up lies below the array, and the array gets shorter.
        let parent = pointer.parent().unwrap_or(pointer);
        self.change(parent.as_str(), |document| oracle::delete(document, pointer.as_str()))
    }

    fn array_len(&self, pointer: Pointer<'_>) -> Option<usize> {
        oracle::array(&mut self.0.document.borrow_mut(), pointer.as_str()).ok().map(|array| array.len())
    }

    fn push(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error> {
        self.array(pointer, |array| array.push(value))
    }

    fn pop(&self, pointer: Pointer<'_>) -> Result<Option<Value>, Error> {
        self.array(pointer, Vec::pop)
    }

    fn insert(&self, pointer: Pointer<'_>, index: usize, value: Value) -> Result<(), Error> {
        self.array(pointer, |array| {
            if index > array.len() {
                return Err(Error::OutOfRange);
            }
            array.insert(index, value);
            Ok(())
        })?
    }

    fn remove(&self, pointer: Pointer<'_>, index: usize) -> Result<Value, Error> {
        let remove = |array: &mut Vec<Value>| (index < array.len()).then(|| array.remove(index));
        self.array(pointer, remove)?.ok_or(Error::OutOfRange)
    }

    fn slice(
        &self,
        pointer: Pointer<'_>,
        range: Range<usize>,
        visit: impl FnMut(&Value),
    ) -> Result<(), Error> {
        let mut document = self.0.document.borrow_mut();
        let elements = oracle::array(&mut document, pointer.as_str())?.get(range).ok_or(Error::OutOfRange)?;
        elements.iter().for_each(visit);
        Ok(())
    }

    fn has_descendants(&self, pointer: Pointer<'_>) -> bool {
        oracle::at(&self.0.document.borrow(), pointer.as_str()).is_some_and(|value| leaf(value).is_none())
    }

    fn keys(&self, prefix: Pointer<'_>, mut visit: impl FnMut(&str)) {
        oracle::keys(&self.0.document.borrow(), prefix.as_str()).iter().for_each(|key| visit(key));
    }

    fn to_object(&self, pointer: Pointer<'_>) -> Option<Value> {
        Self::to_object_in(&self.0.document.borrow(), pointer)
    }

    fn query(&self, path: &str, mut visit: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), QueryError> {
        let segments = parse(path)?;
        let document = self.0.document.borrow();
        let _ = evaluate(&document, &segments).iter().try_for_each(|(pointer, _)| visit(pointer));
        Ok(())
    }

    fn subscribe(&self, pointer: Pointer<'_>, callback: impl Fn(&Self, &str) + 'static) -> usize {
        self.listen(Target::Pointer(pointer.as_str().to_owned()), callback)
    }

    fn subscribe_pattern(&self, pattern: &Pattern, callback: impl Fn(&Self, &str) + 'static) -> usize {
        self.listen(Target::Pattern(pattern.clone()), callback)
    }

    fn unsubscribe(&self, subscription: &usize) -> bool {
        // The callback is dropped when the list is free again.
        let ended = self.0.subscriptions.borrow_mut()[*subscription].take();
        ended.is_some()
    }

    fn subscriptions(&self) -> usize {
        self.0.subscriptions.borrow().iter().flatten().count()
    }

    fn computed(&self, inputs: &[Pointer<'_>], compute: impl Fn(&Self) -> Value + 'static) -> Rc<Formula> {
        Rc::new(Formula {
            inputs: inputs.iter().map(|input| input.as_str().to_owned()).collect(),
            compute: Box::new(compute),
            value: RefCell::default(),
            running: Cell::new(false),
            store: Rc::downgrade(&self.0),
        })
    }

    fn value(&self, computed: &Rc<Formula>) -> Result<Rc<Value>, Error> {
        if computed.running.get() {
            return Err(Error::Cycle);
        }
        assert!(std::ptr::eq(computed.store.as_ptr(), &*self.0), "a value of another store");
        let is_above = |written: &String| {
            let pointer = Pointer::parse(written).expect("it was one");
            computed.inputs.iter().any(|input| input == written || pointer.is_above(input))
        };
        if let Some((value, writes)) = &*computed.value.borrow()
            && !self.0.written.borrow()[*writes..].iter().any(is_above)
        {
            return Ok(value.clone());
        }
        computed.running.set(true);
        let writes = self.0.written.borrow().len();
        let value = catch_unwind(AssertUnwindSafe(|| (computed.compute)(self)));
        computed.running.set(false);
        let value = Rc::new(value.unwrap_or_else(|panic| resume_unwind(panic)));
        *computed.value.borrow_mut() = Some((value.clone(), writes));
        Ok(value)
    }

    fn batch(&self, f: impl FnOnce()) {
        if self.0.depth.get() == 0 {
            *self.0.before.borrow_mut() = Some(self.0.document.borrow().clone());
        }
        self.0.depth.set(self.0.depth.get() + 1);
        let outcome = catch_unwind(AssertUnwindSafe(f));
        self.0.depth.set(self.0.depth.get() - 1);
        if self.0.depth.get() == 0
            && let Some(before) = self.0.before.take()
        {
            let told = catch_unwind(AssertUnwindSafe(|| self.notify(&before)));
            if let Err(panic) = outcome.and(told) {
                resume_unwind(panic);
            }
        } else if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }

    fn snapshot(&self) -> Value {
        self.0.document.borrow().clone()
    }

    fn restore(&self, version: &Value) {
        self.change("", |document| *document = version.clone());
    }

    fn get_in<R>(version: &Value, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
        read(oracle::at(version, pointer.as_str()).and_then(leaf))
    }

    fn to_object_in(version: &Value, pointer: Pointer<'_>) -> Option<Value> {
        oracle::at(version, pointer.as_str()).cloned()
    }
}
