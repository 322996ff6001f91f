//! The contract: what a contender implements.

use std::fmt;
use std::ops::{ControlFlow, Range};
use std::rc::Rc;

use serde_json::Value;

use crate::flat::{Built, Pointer};
use crate::flat_query::QueryError;
use crate::pattern_index::Pattern;

/// Why an operation did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A scalar lies where an object or array was expected: above the pointer, or at it for an operation on arrays.
    NotAContainer,
    /// There is no array at the pointer.
    NotAnArray,
    /// An array has no such index, or its length was exceeded by more than one.
    OutOfRange,
    /// The computation reads itself.
    Cycle,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::NotAContainer => "a scalar lies where a container is needed",
            Error::NotAnArray => "there is no array",
            Error::OutOfRange => "the array has no such index",
            Error::Cycle => "the computation depends on itself",
        })
    }
}

impl std::error::Error for Error {}

/// A reactive store of one JSON document, for one thread. The type is a handle: its clones name the same store.
///
/// **The document** is any JSON value; at first it is an empty object. Pointers are those of RFC 6901. An index counts
/// from the front and has no leading zeros.
///
/// **What a subscription hears of.** At each pointer there is nothing, a scalar, an object, or an array of some length.
/// A subscription is called for every pointer that it selects and at which there is something else after an operation
/// than before it. It does not matter which operation that was. So a subscription to an object does not hear of a change
/// of a member, and one to an array hears of its length. A subscription to the member hears of it, even if the change
/// was one of a container above.
///
/// **When it is called.** After the operation, before that returns. Within a [batch](DataMap::batch) the outermost batch
/// is the operation. For one pointer, first come the subscriptions to the pointer and then those to patterns, each in
/// the order in which they were made. Pointers come in any order. A callback may do everything with the store. What it
/// changes is an operation of its own, whose calls come first. A subscription that ended is not called any more; one
/// that was made during an operation's calls is not called for that operation. If callbacks panic, all others are
/// called, and the operation then resumes the first panic.
pub trait DataMap: Clone + 'static {
    /// What [`to_object`](DataMap::to_object) returns.
    type Object: Built;
    /// Names a subscription.
    type Subscription: Clone + 'static;
    /// Names a computed value, which lives as long as its name.
    type Computed: Clone + 'static;
    /// The document as it was at some moment. Users expect a clone in O(1).
    type Version: Clone + 'static;

    /// A store of an empty object.
    fn new() -> Self;

    /// Calls `read` with the scalar or the empty container at `pointer`; with `None` if there is nothing, or a container
    /// with children. `read` must not change the store.
    fn get<R>(&self, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R;
    /// Whether there is anything at `pointer`.
    fn has(&self, pointer: Pointer<'_>) -> bool;
    /// Puts `value` at `pointer`, in the place of what is there and below. Objects above that do not exist are made; at the
    /// end of an array, one element is.
    ///
    /// # Errors
    /// [`Error::NotAContainer`] if a scalar lies above, [`Error::OutOfRange`] if an array above has no such index.
    /// Nothing changes then.
    fn set(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error>;
    /// Removes what is at `pointer` and below. Later elements of an array move up; without its root, the document is an empty
    /// object. Returns whether there was anything.
    fn delete(&self, pointer: Pointer<'_>) -> bool;

    /// The number of elements of the array at `pointer`; `None` if there is no array.
    fn array_len(&self, pointer: Pointer<'_>) -> Option<usize>;
    /// Appends an element to the array at `pointer`.
    ///
    /// # Errors
    /// [`Error::NotAnArray`] if there is none.
    fn push(&self, pointer: Pointer<'_>, value: Value) -> Result<(), Error>;
    /// Removes and returns the last element of the array at `pointer`; `None` of an empty one.
    ///
    /// # Errors
    /// [`Error::NotAnArray`] if there is none.
    fn pop(&self, pointer: Pointer<'_>) -> Result<Option<Value>, Error>;
    /// Inserts an element before the one at `index`, or at the end if that is the length. Later elements move down.
    ///
    /// # Errors
    /// [`Error::NotAnArray`] if there is no array, [`Error::OutOfRange`] if it is shorter.
    fn insert(&self, pointer: Pointer<'_>, index: usize, value: Value) -> Result<(), Error>;
    /// Removes and returns the element at `index`. Later elements move up.
    ///
    /// # Errors
    /// [`Error::NotAnArray`] if there is no array, [`Error::OutOfRange`] if it has no such element.
    fn remove(&self, pointer: Pointer<'_>, index: usize) -> Result<Value, Error>;
    /// Calls `visit` with each element of `range` in order. `visit` must not change the store.
    ///
    /// # Errors
    /// [`Error::NotAnArray`] if there is no array, [`Error::OutOfRange`] if the range does not lie within it.
    fn slice(
        &self,
        pointer: Pointer<'_>,
        range: Range<usize>,
        visit: impl FnMut(&Value),
    ) -> Result<(), Error>;

    /// Whether anything lies below `pointer`.
    fn has_descendants(&self, pointer: Pointer<'_>) -> bool;
    /// Calls `visit` with the pointer of every scalar and every empty container below `prefix`, in any order. `visit` must
    /// not change the store.
    fn keys(&self, prefix: Pointer<'_>, visit: impl FnMut(&str));
    /// What is at `pointer`, as one value; `None` if there is nothing.
    fn to_object(&self, pointer: Pointer<'_>) -> Option<Self::Object>;
    /// Calls `visit` with the pointer of every node that `path`, a JSONPath of RFC 9535, selects, as often as it selects
    /// the node, in any order, until `visit` breaks. `visit` must not change the store.
    ///
    /// # Errors
    /// If `path` is no JSONPath. Nothing was visited then.
    fn query(&self, path: &str, visit: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), QueryError>;

    /// Calls `callback` with the store and the pointer.
    fn subscribe(&self, pointer: Pointer<'_>, callback: impl Fn(&Self, &str) + 'static)
    -> Self::Subscription;
    /// Calls `callback` with the store and a pointer that the pattern selects.
    fn subscribe_pattern(
        &self,
        pattern: &Pattern,
        callback: impl Fn(&Self, &str) + 'static,
    ) -> Self::Subscription;
    /// Ends a subscription at once. Returns `false` if it had ended before.
    fn unsubscribe(&self, subscription: &Self::Subscription) -> bool;
    /// The number of subscriptions.
    fn subscriptions(&self) -> usize;
    /// A value that `compute` computes when it is read, and again when it is read after a write to one of `inputs`, above
    /// it, or that brings it into being. `compute` uses only what a subscription to an input hears of, and changes nothing.
    fn computed(&self, inputs: &[Pointer<'_>], compute: impl Fn(&Self) -> Value + 'static) -> Self::Computed;
    /// The computed value, brought up to date, even within a batch.
    ///
    /// # Errors
    /// [`Error::Cycle`] if its computation is running now.
    fn value(&self, computed: &Self::Computed) -> Result<Rc<Value>, Error>;
    /// Calls `f`. All that it changes is one operation: each pointer at which something else is in the end than at first is
    /// notified once.
    fn batch(&self, f: impl FnOnce());

    /// The document as it is now. Later changes do not show in it.
    fn snapshot(&self) -> Self::Version;
    /// Makes the document what it was; subscriptions hear of it.
    fn restore(&self, version: &Self::Version);
    /// [`get`](DataMap::get) in a version.
    fn get_in<R>(version: &Self::Version, pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R;
    /// [`to_object`](DataMap::to_object) in a version.
    fn to_object_in(version: &Self::Version, pointer: Pointer<'_>) -> Option<Self::Object>;
}
