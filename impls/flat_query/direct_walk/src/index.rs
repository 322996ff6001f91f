//! The same over the leaves of another store.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::rc::Rc;

use json_path::{Query, Tree};
use scenarios::flat::{Leaves, Pointer};
use scenarios::flat_query::{QueryError, QueryIndex, Selector, SelectorKind, matched_length};
use scenarios::input::FixedHasher;

use crate::simple::{has_wildcard, parse, pointer_of, simple};

/// Simple paths over the pointers of another store; for all other paths that store's tree is built.
///
/// The index holds the containers, because the other store may have no quick way to tell that there is one. It counts the
/// leaves below each, and not the children: which leaves there are is then nothing that it has to know.
#[derive(Default)]
pub struct Index {
    below: HashMap<String, usize, FixedHasher>,
}

/// How a path is answered.
#[derive(Clone, Debug)]
pub struct Path(Rc<Plan>);

#[derive(Debug)]
enum Plan {
    /// It selects nothing: it has an index, and no container is an array.
    Nothing,
    /// It selects what lies at this pointer.
    Singular(String),
    /// It is matched with every pointer.
    Each(Vec<Selector>),
    /// It is evaluated over the tree.
    Tree(Query),
}

impl QueryIndex for Index {
    type Path = Path;

    fn new() -> Self {
        Index::default()
    }

    fn added(&mut self, pointer: Pointer<'_>) {
        let mut at = pointer;
        while let Some(parent) = at.parent() {
            match self.below.get_mut(parent.as_str()) {
                Some(count) => *count += 1,
                None => drop(self.below.insert(parent.as_str().to_owned(), 1)),
            }
            at = parent;
        }
    }

    fn removed(&mut self, pointer: Pointer<'_>) {
        let mut at = pointer;
        while let Some(parent) = at.parent() {
            if let Some(count) = self.below.get_mut(parent.as_str()) {
                *count -= 1;
                if *count == 0 {
                    self.below.remove(parent.as_str());
                }
            }
            at = parent;
        }
    }

    fn prepare(path: &str) -> Result<Path, QueryError> {
        let plan = match simple(path) {
            None => Plan::Tree(parse(path)?),
            Some(selectors) if selectors.iter().any(|one| matches!(one.kind, SelectorKind::Index(_))) => {
                Plan::Nothing
            }
            Some(selectors) if has_wildcard(&selectors) => Plan::Each(selectors),
            Some(selectors) => Plan::Singular(pointer_of(&selectors)),
        };
        Ok(Path(Rc::new(plan)))
    }

    fn select(&self, path: &Path, leaves: &impl Leaves, mut visit: impl FnMut(&str) -> ControlFlow<()>) {
        match &*path.0 {
            Plan::Nothing => {}
            Plan::Singular(pointer) => {
                if self.below.contains_key(pointer) || leaves.leaf(pointer).is_some() {
                    let _ = visit(pointer);
                }
            }
            Plan::Each(selectors) => {
                // Many keys lie below one container, which must be visited only once.
                let mut seen: HashSet<&str, FixedHasher> = HashSet::default();
                leaves.each(|key| {
                    let Some(length) = matched_length(selectors, key) else {
                        return ControlFlow::Continue(());
                    };
                    let pointer = &key[..length];
                    let selected = if length < key.len() {
                        seen.insert(pointer)
                    } else {
                        // A leaf that has others below it is a container, which is found when those are visited.
                        !self.below.contains_key(key)
                    };
                    if selected { visit(pointer) } else { ControlFlow::Continue(()) }
                });
            }
            Plan::Tree(query) => {
                let Some(value) = leaves.tree() else { return };
                let tree = Tree::new(&value);
                let _ = query.select(&tree, tree.root(), tree.root(), |node| visit(&tree.pointer(node)));
            }
        }
    }
}
