//! The index without the leaves: its nodes know that they are leaves, and another store has the values.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::rc::Rc;

use scenarios::flat::{Kinds, Leaves, Pointer};
use scenarios::flat_query::{QueryError, QueryIndex};
use serde_json::Value;

use crate::document::select;
use crate::kept::Kept;
use crate::path::Parsed;
use crate::store::{Store, Values};

/// An index of segments with postings per name, over the leaves of another store.
///
/// That store is asked for a value where a filter needs it, and for nothing else: every result is a text of the index.
pub struct Index(Store<()>);

/// A path that was parsed. Which segments its names are is found out by each index, whenever it answers the path.
#[derive(Clone, Debug)]
pub struct Path(Rc<Parsed>);

/// The values are in another store.
struct Elsewhere<'a, S> {
    leaves: &'a S,
    /// Those that it made, each once.
    kept: Kept,
}

impl<'a, S: Leaves> Values<'a, ()> for &'a Elsewhere<'_, S> {
    fn value(self, store: &'a Store<()>, id: u32) -> Option<&'a Value> {
        let node = store.node(id);
        // A node with children is none, whatever the other store has there.
        node.own_leaf()?;
        if let Some(value) = self.kept.get(id) {
            return Some(value);
        }
        match self.leaves.leaf(store.text_of(node))? {
            Cow::Borrowed(value) => Some(value),
            Cow::Owned(value) => Some(self.kept.keep(id, value)),
        }
    }
}

impl QueryIndex for Index {
    type Path = Path;

    fn new() -> Self {
        Index(Store::new(Kinds::default()))
    }

    fn added(&mut self, pointer: Pointer<'_>) {
        self.0.put(pointer, ());
    }

    fn removed(&mut self, pointer: Pointer<'_>) {
        self.0.take(pointer);
    }

    fn prepare(path: &str) -> Result<Path, QueryError> {
        Parsed::new(path).map(|parsed| Path(Rc::new(parsed)))
    }

    fn select(&self, path: &Path, leaves: &impl Leaves, mut visit: impl FnMut(&str) -> ControlFlow<()>) {
        let values = Elsewhere { leaves, kept: Kept::default() };
        select(&self.0, &path.0, &values, |node| visit(self.0.text_of(node)));
    }
}
