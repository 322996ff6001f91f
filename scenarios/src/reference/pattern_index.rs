//! Patterns that are tested one by one.

use crate::pattern_index::{Id, Pattern, PatternIndex, PatternList, Pointer, UnknownId};

#[derive(Default)]
pub(super) struct Listed {
    list: PatternList,
    subscribed: u64,
}

impl PatternIndex for Listed {
    fn new() -> Self {
        Listed::default()
    }

    fn subscribe(&mut self, pattern: &Pattern) -> Id {
        let id = Id(self.subscribed);
        self.subscribed += 1;
        self.list.insert(id, pattern);
        id
    }

    fn unsubscribe(&mut self, id: Id) -> Result<(), UnknownId> {
        self.list.remove(id)
    }

    fn matches(&mut self, pointer: &Pointer, ids: &mut Vec<Id>) {
        self.list.matches(pointer, ids);
    }

    fn len(&self) -> usize {
        self.list.len()
    }
}
