//! What an application writes without such a store: one JSON tree, the callbacks of each pointer in a map, and those of
//! patterns in a list. The peers differ in the tree.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::ops::{Bound, ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::{Rc, Weak};

use scenarios::data_map::{DataMap, Error};
use scenarios::flat::{Built, Pointer, array_index, leaf, unescape};
use scenarios::flat_query::QueryError;
use scenarios::input::FixedHasher;
use scenarios::pattern_index::Pattern;
use serde_json::{Map, Value};

use crate::value::{self, Face};

/// A JSON tree.
pub trait Tree: Built + PartialEq {
    /// An empty object.
    fn object() -> Self;
    /// The tree of a value.
    fn from_value(value: Value) -> Self;
    /// The scalar or the empty container that this is.
    fn leaf(&self) -> Option<Cow<'_, Value>>;
    /// What a subscription sees of it.
    fn face(&self) -> Face;
    /// Whether both are the same memory, and so equal.
    fn is_same(&self, other: &Self) -> bool;
    /// The member of this name.
    fn member(&self, name: &str) -> Option<&Self>;
    /// The element at this index.
    fn element(&self, index: usize) -> Option<&Self>;
    /// The same, to be changed.
    fn member_mut(&mut self, name: &str) -> Option<&mut Self>;
    /// The same, to be changed.
    fn element_mut(&mut self, index: usize) -> Option<&mut Self>;
    /// Puts a member into an object, in the place of the one of this name.
    fn put_member(&mut self, name: &str, member: Self);
    /// Takes a member from an object.
    fn take_member(&mut self, name: &str) -> bool;
    /// Inserts an element into an array, at an index that is at most the length.
    fn put_element(&mut self, index: usize, element: Self);
    /// Takes the element at an index that is less than the length.
    fn take_element(&mut self, index: usize) -> Option<Self>;
    /// Calls `visit` with the segment and the value of each child.
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Cow<'a, str>, &'a Self));
    /// Calls `visit` with the pointer of each node that a path selects.
    ///
    /// # Errors
    /// If it is no path.
    fn query(&self, path: &str, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<(), QueryError>;

    /// The child of this segment, which is escaped as in a pointer.
    fn child(&self, segment: &str) -> Option<&Self> {
        self.member(&unescape(segment)).or_else(|| self.element(array_index(segment)? as usize))
    }

    /// The same, to be changed.
    fn child_mut(&mut self, segment: &str) -> Option<&mut Self> {
        match self.face() {
            Face::Scalar(_) => None,
            Face::Object => self.member_mut(&unescape(segment)),
            Face::Array(_) => self.element_mut(array_index(segment)? as usize),
        }
    }
}

/// The nodes that a path selects from a `Value`.
///
/// # Errors
/// If it is no path.
pub fn query_value(
    value: &Value,
    path: &str,
    visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<(), QueryError> {
    value::select(&value::parse(path)?, value, visit);
    Ok(())
}

impl Tree for Value {
    fn object() -> Self {
        Value::Object(Map::new())
    }

    fn from_value(value: Value) -> Self {
        value
    }

    #[inline]
    fn leaf(&self) -> Option<Cow<'_, Value>> {
        leaf(self).map(Cow::Borrowed)
    }

    #[inline]
    fn face(&self) -> Face {
        Face::of(self)
    }

    fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }

    #[inline]
    fn member(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    #[inline]
    fn element(&self, index: usize) -> Option<&Self> {
        self.as_array()?.get(index)
    }

    #[inline]
    fn member_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.as_object_mut()?.get_mut(name)
    }

    #[inline]
    fn element_mut(&mut self, index: usize) -> Option<&mut Self> {
        self.as_array_mut()?.get_mut(index)
    }

    fn put_member(&mut self, name: &str, member: Self) {
        if let Value::Object(members) = self {
            members.insert(name.to_owned(), member);
        }
    }

    fn take_member(&mut self, name: &str) -> bool {
        self.as_object_mut().is_some_and(|members| members.remove(name).is_some())
    }

    fn put_element(&mut self, index: usize, element: Self) {
        if let Value::Array(elements) = self {
            elements.insert(index, element);
        }
    }

    fn take_element(&mut self, index: usize) -> Option<Self> {
        self.as_array_mut().map(|elements| elements.remove(index))
    }

    fn children<'a>(&'a self, visit: &mut dyn FnMut(Cow<'a, str>, &'a Self)) {
        value::children(self).for_each(|(segment, child)| visit(segment, child));
    }

    fn query(&self, path: &str, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<(), QueryError> {
        query_value(self, path, visit)
    }
}

type Callback<T> = Box<dyn Fn(&Plain<T>, &str)>;

type Compute<T> = Box<dyn Fn(&Plain<T>) -> Value>;

/// A callback, and whether it is still called.
struct Listener<T: Tree> {
    callback: Callback<T>,
    live: Cell<bool>,
}

struct Point<T: Tree> {
    listeners: Vec<Rc<Listener<T>>>,
    written: Rc<Cell<u64>>,
    inputs: usize,
}

struct Patterned<T: Tree> {
    pattern: Pattern,
    head: Option<String>,
    listener: Rc<Listener<T>>,
}

struct State<T: Tree> {
    document: T,
    points: BTreeMap<String, Point<T>>,
    patterns: Vec<Patterned<T>>,
    count: usize,
    clock: u64,
    depth: u32,
    pending: HashMap<String, Option<Face>, FixedHasher>,
}

/// A store of one tree. The type is a handle.
pub struct Plain<T: Tree>(Rc<RefCell<State<T>>>);

impl<T: Tree> Clone for Plain<T> {
    fn clone(&self) -> Self {
        Plain(self.0.clone())
    }
}

/// Names a subscription.
pub struct Subscription<T: Tree> {
    pointer: Option<Rc<str>>,
    listener: Weak<Listener<T>>,
}

impl<T: Tree> Clone for Subscription<T> {
    fn clone(&self) -> Self {
        Subscription { pointer: self.pointer.clone(), listener: self.listener.clone() }
    }
}

/// Names a computed value.
pub struct Computed<T: Tree>(Rc<Formula<T>>);

impl<T: Tree> Clone for Computed<T> {
    fn clone(&self) -> Self {
        Computed(self.0.clone())
    }
}

struct Formula<T: Tree> {
    inputs: Vec<(String, Rc<Cell<u64>>)>,
    compute: Compute<T>,
    value: RefCell<Option<Rc<Value>>>,
    computed: Cell<u64>,
    running: Cell<bool>,
    state: Weak<RefCell<State<T>>>,
}

impl<T: Tree> Drop for Formula<T> {
    fn drop(&mut self) {
        if let Some(state) = self.state.upgrade() {
            let points = &mut state.borrow_mut().points;
            for (input, _) in &self.inputs {
                if let Some(point) = points.get_mut(input) {
                    point.inputs -= 1;
                    if point.inputs == 0 && point.listeners.is_empty() {
                        points.remove(input);
                    }
                }
            }
        }
    }
}

fn at<'a, T: Tree>(tree: &'a T, pointer: &str) -> Option<&'a T> {
    pointer.split('/').skip(1).try_fold(tree, T::child)
}

fn at_mut<'a, T: Tree>(tree: &'a mut T, pointer: &str) -> Option<&'a mut T> {
    pointer.split('/').skip(1).try_fold(tree, T::child_mut)
}

fn face<T: Tree>(tree: &T, pointer: &str) -> Option<Face> {
    at(tree, pointer).map(T::face)
}

/// What was at a pointer where something else is now.
type Change = (String, Option<Face>);

/// Every pointer at which something else is in `after` than in `before`.
fn differences<T: Tree>(
    pointer: &mut String,
    before: Option<&T>,
    after: Option<&T>,
    changes: &mut Vec<Change>,
) {
    if let (Some(before), Some(after)) = (before, after)
        && before.is_same(after)
    {
        return;
    }
    let (old, new) = (before.map(T::face), after.map(T::face));
    if old != new {
        changes.push((pointer.clone(), old));
    }
    let length = pointer.len();
    let mut step = |segment: &str, before: Option<&T>, after: Option<&T>| {
        pointer.push('/');
        pointer.push_str(segment);
        differences(pointer, before, after, changes);
        pointer.truncate(length);
    };
    if let Some(before) = before {
        before.children(&mut |segment, child| {
            step(&segment, Some(child), after.and_then(|after| after.child(&segment)))
        });
    }
    if let Some(after) = after {
        after.children(&mut |segment, child| {
            if before.and_then(|before| before.child(&segment)).is_none() {
                step(&segment, None, Some(child));
            }
        });
    }
}

fn walk_leaves<T: Tree>(tree: &T, pointer: &mut String, visit: &mut dyn FnMut(&str)) {
    let length = pointer.len();
    tree.children(&mut |segment, child| {
        pointer.push('/');
        pointer.push_str(&segment);
        if child.leaf().is_some() {
            visit(pointer)
        } else {
            walk_leaves(child, pointer, visit)
        }
        pointer.truncate(length);
    });
}

impl<T: Tree> State<T> {
    /// Notes a write at `pointer`, which also concerns what lies below.
    fn written(&mut self, pointer: &str) {
        if self.points.is_empty() {
            return;
        }
        self.clock += 1;
        if let Some(point) = self.points.get(pointer) {
            point.written.set(self.clock);
        }
        let from = format!("{pointer}/");
        let below = self.points.range::<str, _>((Bound::Included(&*from), Bound::Unbounded));
        for (_, point) in below.take_while(|(text, _)| text.starts_with(&from)) {
            point.written.set(self.clock);
        }
    }

    /// Whether anybody may hear of a change at `pointer` or below it.
    fn is_heard_below(&self, pointer: &str) -> bool {
        let head = pointer.split('/').nth(1);
        let may_select = |own: &Option<String>| match (own, head) {
            (Some(own), Some(head)) => own == head,
            _ => true,
        };
        if self.patterns.iter().any(|patterned| may_select(&patterned.head)) {
            return true;
        }
        let mut from = self.points.range::<str, _>((Bound::Included(pointer), Bound::Unbounded));
        from.next().is_some_and(|(text, _)| text.starts_with(pointer))
    }

    fn now_or_later(&mut self, changes: Vec<Change>) -> Vec<Change> {
        if self.depth == 0 {
            return changes;
        }
        for (pointer, before) in changes {
            self.pending.entry(pointer).or_insert(before);
        }
        Vec::new()
    }

    /// Whom a change concerns, in order.
    fn listeners_of(&self, pointer: &str) -> Vec<Rc<Listener<T>>> {
        let own = self.points.get(pointer).into_iter().flat_map(|point| point.listeners.iter().cloned());
        let segments: Vec<&str> = pointer.split('/').skip(1).collect();
        let selecting = self.patterns.iter().filter(|patterned| patterned.pattern.selects(&segments));
        own.chain(selecting.map(|patterned| patterned.listener.clone())).collect()
    }
}

impl<T: Tree> Plain<T> {
    fn notify(&self, changes: Vec<Change>) {
        let calls: Vec<(Rc<Listener<T>>, Rc<str>)> = {
            let state = self.0.borrow();
            let calls = changes.into_iter().flat_map(|(pointer, _)| {
                let text: Rc<str> = pointer.as_str().into();
                state.listeners_of(&pointer).into_iter().map(move |listener| (listener, text.clone()))
            });
            calls.collect()
        };
        let mut first = None;
        for (listener, pointer) in calls {
            if listener.live.get()
                && let Err(panic) = catch_unwind(AssertUnwindSafe(|| (listener.callback)(self, &pointer)))
            {
                first.get_or_insert(panic);
            }
        }
        if let Some(panic) = first {
            resume_unwind(panic);
        }
    }

    /// Changes what lies at `top` or below it, and notifies.
    fn change<R>(&self, top: &str, change: impl FnOnce(&mut T) -> Result<R, Error>) -> Result<R, Error> {
        let (outcome, changes) = {
            let state = &mut *self.0.borrow_mut();
            let before = state.is_heard_below(top).then(|| at(&state.document, top).cloned());
            let outcome = change(&mut state.document)?;
            state.written(top);
            let mut changes = Vec::new();
            if let Some(before) = before {
                let after = at(&state.document, top);
                differences(&mut top.to_owned(), before.as_ref(), after, &mut changes);
            }
            (outcome, state.now_or_later(changes))
        };
        self.notify(changes);
        Ok(outcome)
    }

    /// Changes the array at `pointer`, of which it says how long it is.
    fn edit<R>(
        &self,
        pointer: Pointer<'_>,
        edit: impl FnOnce(&mut T, usize) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.change(pointer.as_str(), |document| {
            let array = at_mut(document, pointer.as_str()).ok_or(Error::NotAnArray)?;
            let Face::Array(length) = array.face() else { return Err(Error::NotAnArray) };
            edit(array, length)
        })
    }

    /// The highest pointer at which something else is when `pointer` is set: an array that gets longer, or what comes to be.
    fn top<'p>(&self, pointer: Pointer<'p>) -> Result<Pointer<'p>, Error> {
        let mut tree = &self.0.borrow().document;
        let text = pointer.as_str();
        let mut end = 0;
        for segment in pointer.segments() {
            let parent = &text[..end];
            end += 1 + segment.len();
            let mut top = &text[..end];
            match tree.face() {
                Face::Scalar(_) => return Err(Error::NotAContainer),
                Face::Object => {}
                Face::Array(length) => {
                    let index = array_index(segment).ok_or(Error::OutOfRange)? as usize;
                    if index > length {
                        return Err(Error::OutOfRange);
                    }
                    top = parent;
                }
            }
            match tree.child(segment) {
                Some(child) => tree = child,
                None => return Ok(Pointer::parse(top).unwrap_or(pointer)),
            }
        }
        Ok(pointer)
    }

    fn listener(callback: impl Fn(&Self, &str) + 'static) -> Rc<Listener<T>> {
        Rc::new(Listener { callback: Box::new(callback), live: Cell::new(true) })
    }
}

fn get_in<T: Tree, R>(document: &T, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
    read(at(document, pointer.as_str()).and_then(T::leaf).as_deref())
}

impl<T: Tree> DataMap for Plain<T> {
    type Object = T;
    type Subscription = Subscription<T>;
    type Computed = Computed<T>;
    type Version = T;

    fn new() -> Self {
        Plain(Rc::new(RefCell::new(State {
            document: T::object(),
            points: BTreeMap::new(),
            patterns: Vec::new(),
            count: 0,
            clock: 0,
            depth: 0,
            pending: HashMap::default(),
        })))
    }

    fn get<R>(&self, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
        get_in(&self.0.borrow().document, pointer, read)
    }

    fn has(&self, pointer: Pointer<'_>) -> bool {
        at(&self.0.borrow().document, pointer.as_str()).is_some()
    }

    fn set(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error> {
        // A scalar in the place of another one changes nothing else.
        if !value.is_array() && !value.is_object() {
            let mut guard = self.0.borrow_mut();
            let state = &mut *guard;
            let text = pointer.as_str();
            if let Some(place) = at_mut(&mut state.document, text)
                && let Face::Scalar(before) = place.face()
            {
                if before != value {
                    *place = T::from_value(value);
                    state.written(text);
                    let changes = state.now_or_later(vec![(text.to_owned(), Some(Face::Scalar(before)))]);
                    drop(guard);
                    self.notify(changes);
                }
                return Ok(());
            }
        }
        let top = self.top(pointer)?;
        self.change(top.as_str(), |document| {
            let mut tree = document;
            for segment in pointer.segments() {
                if tree.child(segment).is_none() {
                    match tree.face() {
                        Face::Array(length) => tree.put_element(length, T::object()),
                        _ => tree.put_member(&unescape(segment), T::object()),
                    }
                }
                tree = tree.child_mut(segment).ok_or(Error::NotAContainer)?;
            }
            *tree = T::from_value(value);
            Ok(())
        })
    }

    fn delete(&self, pointer: Pointer<'_>) -> bool {
        let Some(parent) = pointer.parent() else {
            let outcome = self.change("", |document| {
                *document = T::object();
                Ok(())
            });
            return outcome.is_ok();
        };
        let (kind, exists) = {
            let state = self.0.borrow();
            let above = at(&state.document, parent.as_str());
            (above.map(T::face), above.and_then(|above| above.child(pointer.last())).is_some())
        };
        let outcome = match (kind, exists) {
            (Some(Face::Object), true) => self.change(pointer.as_str(), |document| {
                let above = at_mut(document, parent.as_str()).ok_or(Error::NotAContainer)?;
                above.take_member(&unescape(pointer.last()));
                Ok(())
            }),
            (Some(Face::Array(_)), true) => self.change(parent.as_str(), |document| {
                let above = at_mut(document, parent.as_str()).ok_or(Error::NotAContainer)?;
                let index = array_index(pointer.last()).ok_or(Error::OutOfRange)?;
                above.take_element(index as usize).map(drop).ok_or(Error::OutOfRange)
            }),
            _ => return false,
        };
        outcome.is_ok()
    }

    fn array_len(&self, pointer: Pointer<'_>) -> Option<usize> {
        match face(&self.0.borrow().document, pointer.as_str()) {
            Some(Face::Array(length)) => Some(length),
            _ => None,
        }
    }

    fn push(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error> {
        self.edit(pointer, |array, length| {
            array.put_element(length, T::from_value(value));
            Ok(())
        })
    }

    fn pop(&self, pointer: Pointer<'_>) -> Result<Option<Value>, Error> {
        let last = |array: &mut T, length: usize| array.take_element(length.checked_sub(1)?);
        self.edit(pointer, |array, length| Ok(last(array, length).map(|last| last.value().into_owned())))
    }

    fn insert(&self, pointer: Pointer<'_>, index: usize, value: Value) -> Result<(), Error> {
        self.edit(pointer, |array, length| {
            if index > length {
                return Err(Error::OutOfRange);
            }
            array.put_element(index, T::from_value(value));
            Ok(())
        })
    }

    fn remove(&self, pointer: Pointer<'_>, index: usize) -> Result<Value, Error> {
        self.edit(pointer, |array, length| {
            let removed = if index < length { array.take_element(index) } else { None };
            removed.map(|removed| removed.value().into_owned()).ok_or(Error::OutOfRange)
        })
    }

    fn slice(
        &self,
        pointer: Pointer<'_>,
        range: Range<usize>,
        mut visit: impl FnMut(&Value),
    ) -> Result<(), Error> {
        let document = &self.0.borrow().document;
        let array = at(document, pointer.as_str()).ok_or(Error::NotAnArray)?;
        let Face::Array(length) = array.face() else { return Err(Error::NotAnArray) };
        if range.start > range.end || range.end > length {
            return Err(Error::OutOfRange);
        }
        for element in range.filter_map(|index| array.element(index)) {
            match element.leaf() {
                Some(leaf) => visit(&leaf),
                None => visit(&element.value()),
            }
        }
        Ok(())
    }

    fn has_descendants(&self, pointer: Pointer<'_>) -> bool {
        at(&self.0.borrow().document, pointer.as_str()).is_some_and(|tree| tree.leaf().is_none())
    }

    fn keys(&self, prefix: Pointer<'_>, mut visit: impl FnMut(&str)) {
        if let Some(tree) = at(&self.0.borrow().document, prefix.as_str()) {
            walk_leaves(tree, &mut prefix.as_str().to_owned(), &mut visit);
        }
    }

    fn to_object(&self, pointer: Pointer<'_>) -> Option<T> {
        at(&self.0.borrow().document, pointer.as_str()).cloned()
    }

    fn query(&self, path: &str, mut visit: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), QueryError> {
        self.0.borrow().document.query(path, &mut visit)
    }

    fn subscribe(&self, pointer: Pointer<'_>, callback: impl Fn(&Self, &str) + 'static) -> Subscription<T> {
        let listener = Self::listener(callback);
        let subscription =
            Subscription { pointer: Some(pointer.as_str().into()), listener: Rc::downgrade(&listener) };
        let state = &mut *self.0.borrow_mut();
        state.count += 1;
        point(&mut state.points, pointer).listeners.push(listener);
        subscription
    }

    fn subscribe_pattern(
        &self,
        pattern: &Pattern,
        callback: impl Fn(&Self, &str) + 'static,
    ) -> Subscription<T> {
        let listener = Self::listener(callback);
        let subscription = Subscription { pointer: None, listener: Rc::downgrade(&listener) };
        let state = &mut *self.0.borrow_mut();
        state.count += 1;
        let head = pattern.nodes().first().and_then(|node| node.literal()).map(Cow::into_owned);
        state.patterns.push(Patterned { pattern: pattern.clone(), head, listener });
        subscription
    }

    fn unsubscribe(&self, subscription: &Subscription<T>) -> bool {
        let Some(listener) = subscription.listener.upgrade().filter(|listener| listener.live.replace(false))
        else {
            return false;
        };
        let state = &mut *self.0.borrow_mut();
        state.count -= 1;
        match &subscription.pointer {
            Some(pointer) => {
                if let Some(point) = state.points.get_mut(&**pointer) {
                    point.listeners.retain(|other| !Rc::ptr_eq(other, &listener));
                    if point.listeners.is_empty() && point.inputs == 0 {
                        state.points.remove(&**pointer);
                    }
                }
            }
            None => state.patterns.retain(|patterned| !Rc::ptr_eq(&patterned.listener, &listener)),
        }
        // The callback is dropped last, when the state is free: it may own a name of this store.
        true
    }

    fn subscriptions(&self) -> usize {
        self.0.borrow().count
    }

    fn computed(&self, inputs: &[Pointer<'_>], compute: impl Fn(&Self) -> Value + 'static) -> Computed<T> {
        let points = &mut self.0.borrow_mut().points;
        let inputs = inputs.iter().map(|input| {
            let point = point(points, *input);
            point.inputs += 1;
            (input.as_str().to_owned(), point.written.clone())
        });
        Computed(Rc::new(Formula {
            inputs: inputs.collect(),
            compute: Box::new(compute),
            value: RefCell::default(),
            computed: Cell::new(0),
            running: Cell::new(false),
            state: Rc::downgrade(&self.0),
        }))
    }

    fn value(&self, computed: &Computed<T>) -> Result<Rc<Value>, Error> {
        /// Ends the computation. After a panic there is no value.
        struct Running<'a, T: Tree>(&'a Formula<T>);
        impl<T: Tree> Drop for Running<'_, T> {
            fn drop(&mut self) {
                self.0.running.set(false);
                if std::thread::panicking() {
                    self.0.value.take();
                }
            }
        }
        let formula = &*computed.0;
        if formula.running.get() {
            return Err(Error::Cycle);
        }
        let computed = formula.computed.get();
        if let Some(value) = &*formula.value.borrow()
            && formula.inputs.iter().all(|(_, written)| written.get() <= computed)
        {
            return Ok(value.clone());
        }
        formula.running.set(true);
        let _running = Running(formula);
        formula.computed.set(self.0.borrow().clock);
        let value = Rc::new((formula.compute)(self));
        *formula.value.borrow_mut() = Some(value.clone());
        Ok(value)
    }

    fn batch(&self, f: impl FnOnce()) {
        self.0.borrow_mut().depth += 1;
        let outcome = catch_unwind(AssertUnwindSafe(f));
        let changes = {
            let state = &mut *self.0.borrow_mut();
            state.depth -= 1;
            let pending =
                if state.depth == 0 { std::mem::take(&mut state.pending) } else { HashMap::default() };
            let is_other = |(pointer, before): &Change| face(&state.document, pointer) != *before;
            pending.into_iter().filter(is_other).collect()
        };
        let told = catch_unwind(AssertUnwindSafe(|| self.notify(changes)));
        if let Err(panic) = outcome.and(told) {
            resume_unwind(panic);
        }
    }

    fn snapshot(&self) -> T {
        self.0.borrow().document.clone()
    }

    fn restore(&self, version: &T) {
        let _ = self.change("", |document| {
            *document = version.clone();
            Ok(())
        });
    }

    fn get_in<R>(version: &T, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
        get_in(version, pointer, read)
    }

    fn to_object_in(version: &T, pointer: Pointer<'_>) -> Option<T> {
        at(version, pointer.as_str()).cloned()
    }
}

fn point<'a, T: Tree>(points: &'a mut BTreeMap<String, Point<T>>, pointer: Pointer<'_>) -> &'a mut Point<T> {
    points.entry(pointer.as_str().to_owned()).or_insert_with(|| Point {
        listeners: Vec::new(),
        written: Rc::default(),
        inputs: 0,
    })
}
