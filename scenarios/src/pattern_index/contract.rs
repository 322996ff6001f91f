//! The contract: what a contender implements.

use std::fmt;

pub use crate::json_path::{Node, Pattern};
pub use crate::pointer::{PointerBuf as Pointer, escape, unescape};

/// The name that [`PatternIndex::subscribe`] gives a subscription. An index never uses it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

/// There is no such subscription, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownId(pub Id);

impl fmt::Display for UnknownId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no subscription {}", self.0.0)
    }
}

impl std::error::Error for UnknownId {}

/// A set of patterns that changes, and that tells which of them select a pointer.
pub trait PatternIndex {
    /// An index without patterns.
    fn new() -> Self;
    /// Adds a subscription to `pattern`, even where there is one to an equal pattern already.
    fn subscribe(&mut self, pattern: &Pattern) -> Id;
    /// Removes a subscription.
    ///
    /// # Errors
    /// If there is no such subscription; nothing changes.
    fn unsubscribe(&mut self, id: Id) -> Result<(), UnknownId>;
    /// Appends to `ids` every subscription whose pattern selects `pointer`, each once, in any order. This takes
    /// `&mut self` because an index may keep what makes its next answer faster; that never shows in an answer.
    fn matches(&mut self, pointer: &Pointer, ids: &mut Vec<Id>);
    /// Number of subscriptions.
    fn len(&self) -> usize;

    /// Whether there is no subscription.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Patterns that are tested one by one. Every index keeps the patterns here that are not [simple](Pattern::is_simple).
#[derive(Clone, Debug, Default)]
pub struct PatternList {
    entries: Vec<(Id, Pattern)>,
}

impl PatternList {
    /// Adds a subscription. Ids must rise from call to call.
    pub fn insert(&mut self, id: Id, pattern: &Pattern) {
        debug_assert!(self.entries.last().is_none_or(|(last, _)| *last < id));
        self.entries.push((id, pattern.clone()));
    }

    /// Removes a subscription.
    ///
    /// # Errors
    /// If it is not in the list.
    pub fn remove(&mut self, id: Id) -> Result<(), UnknownId> {
        let at = self.entries.binary_search_by_key(&id, |(id, _)| *id).map_err(|_| UnknownId(id))?;
        self.entries.remove(at);
        Ok(())
    }

    /// Appends the subscriptions whose pattern selects `pointer`.
    pub fn matches(&self, pointer: &Pointer, ids: &mut Vec<Id>) {
        if self.entries.is_empty() {
            return;
        }
        let segments: Vec<&str> = pointer.segments().collect();
        ids.extend(self.entries.iter().filter(|(_, pattern)| pattern.selects(&segments)).map(|(id, _)| *id));
    }

    /// Number of subscriptions.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no subscription.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
