//! A test of any query index: random stores, told to it leaf by leaf, and random paths, answered beside the model.

mod draw;
mod model;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use scenarios::flat::{self, Kinds, Leaf, Leaves, Pointer};
use scenarios::flat_query::{QueryError, QueryIndex};
use scenarios::input::{mix, seed};
use serde_json::{Value, json};

use draw::Draw;
use model::Path;

/// Random stores.
const TRACES: u64 = 24;

/// Sets and deletes in each.
const STEPS: usize = 160;

/// Paths that are prepared once for each.
const PATHS: usize = 40;

/// The store whose leaves are queried.
#[derive(Default)]
struct Store {
    leaves: BTreeMap<String, Leaf>,
    /// Whether it makes a value whenever it is asked for one, instead of lending it.
    makes_values: bool,
}

impl Store {
    fn tree(&self) -> Option<Value> {
        let entries = self.leaves.iter().map(|(key, leaf)| (key.as_str(), leaf));
        flat::tree(Pointer::ROOT, entries, Kinds::OBJECTS)
    }
}

impl Store {
    /// Whether there is a container with children at `pointer`.
    fn is_container(&self, pointer: &str) -> bool {
        self.leaves.keys().any(|key| at(pointer).is_above(key))
    }
}

impl Leaves for Store {
    fn leaf(&self, pointer: &str) -> Option<Cow<'_, Value>> {
        let value = self.leaves.get(pointer).filter(|_| !self.is_container(pointer))?.value();
        Some(if self.makes_values { Cow::Owned(value.clone()) } else { Cow::Borrowed(value) })
    }

    fn each<'a>(&'a self, mut visit: impl FnMut(&'a str) -> ControlFlow<()>) {
        let _ = self.leaves.keys().try_for_each(|key| visit(key));
    }

    fn tree(&self) -> Option<Cow<'_, Value>> {
        Store::tree(self).map(Cow::Owned)
    }
}

fn at(text: &str) -> Pointer<'_> {
    Pointer::parse(text).expect("the test draws pointers, and an index asks for them")
}

/// A store and the index that is told of its leaves.
struct Beside<I> {
    store: Store,
    index: I,
}

impl<I: QueryIndex> Beside<I> {
    fn new(makes_values: bool) -> Self {
        Beside { store: Store { makes_values, ..Store::default() }, index: I::new() }
    }

    fn set(&mut self, text: &str, leaf: Leaf) {
        if self.store.leaves.insert(text.to_owned(), leaf).is_none() {
            self.index.added(at(text));
        }
    }

    fn delete(&mut self, text: &str) {
        if self.store.leaves.remove(text).is_some() {
            self.index.removed(at(text));
        }
    }

    /// The pointers that a path selects, sorted; the visitor breaks with the `limit`th.
    fn selected(&self, path: &I::Path, limit: usize) -> Vec<String> {
        let mut found = Vec::new();
        self.index.select(path, &self.store, |pointer| {
            assert!(found.len() < limit, "a visit after the one that broke");
            found.push(pointer.to_owned());
            if found.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        found.sort_unstable();
        found
    }

    /// Compares the answers to a path with the model's.
    fn compare(&self, path: &Path, spelled: &str, prepared: &I::Path) {
        let tree = self.store.tree();
        let nodes = tree.as_ref().map_or(Vec::new(), |tree| path.select(tree, ("", tree)));
        let mut expected: Vec<String> = nodes.into_iter().map(|(pointer, _)| pointer).collect();
        expected.sort_unstable();
        let document = tree.map_or("nothing".to_owned(), |tree| tree.to_string());
        assert_eq!(self.selected(prepared, usize::MAX), expected, "{spelled} over {document}");
        for limit in [1, 2] {
            let first = self.selected(&prepared.clone(), limit);
            assert_eq!(first.len(), expected.len().min(limit), "{spelled} with a break, over {document}");
            assert!(first.iter().all(|pointer| expected.contains(pointer)), "{first:?} of {expected:?}");
        }
    }
}

/// Random sets and deletes in two stores that take turns, one of which makes its values. The paths are prepared before.
fn replay<I: QueryIndex>(trace: u64) {
    let mut draw = Draw(mix(trace ^ seed()));
    let paths: Vec<(Path, String, I::Path)> = (0..PATHS)
        .map(|_| {
            let path = draw.path();
            let spelled = path.spell(draw.below(3));
            let prepared = I::prepare(&spelled).unwrap_or_else(|error| panic!("{spelled}: {error}"));
            (path, spelled, prepared)
        })
        .collect();
    let mut both = [Beside::<I>::new(false), Beside::new(true)];
    let compare = |beside: &Beside<I>| {
        for (path, spelled, prepared) in &paths {
            beside.compare(path, spelled, prepared);
        }
    };
    both.iter().for_each(compare);
    for step in 0..STEPS {
        let beside = &mut both[draw.below(2)];
        // Two deletes of three are of a leaf that is there.
        if draw.once_in(3) {
            let there = draw.below(beside.store.leaves.len().max(1));
            let pointer = match beside.store.leaves.keys().nth(there) {
                Some(pointer) if !draw.once_in(3) => pointer.clone(),
                _ => draw.pointer(),
            };
            beside.delete(&pointer);
        } else {
            let (pointer, leaf) = (draw.pointer(), draw.leaf());
            beside.set(&pointer, leaf);
        }
        if step % 20 == 19 {
            both.iter().for_each(compare);
        }
        let beside = &both[draw.below(2)];
        let (path, spelled, prepared) = &paths[draw.below(PATHS)];
        beside.compare(path, spelled, prepared);
    }
    for beside in &mut both {
        let pointers: Vec<String> = beside.store.leaves.keys().cloned().collect();
        pointers.iter().for_each(|pointer| beside.delete(pointer));
        compare(beside);
    }
}

/// A marker at a container is told before and after its children, and goes before or after them.
fn markers<I: QueryIndex>() {
    let pointers_of = |beside: &Beside<I>, path| beside.selected(&I::prepare(path).expect("a path"), 99);
    for early in [true, false] {
        let mut beside = Beside::<I>::new(early);
        let marker = || Leaf::new(json!({})).expect("an empty object is a leaf");
        let number = |number: u64| Leaf::from(number);
        assert_eq!(pointers_of(&beside, "$"), [""; 0]);
        beside.set("/a", marker());
        assert_eq!(pointers_of(&beside, "$.a"), ["/a"]);
        assert_eq!(pointers_of(&beside, "$[?length(@) == 0]"), ["/a"]);
        if early {
            beside.delete("/a");
        }
        beside.set("/a/b", number(1));
        beside.set("/a/0", number(2));
        assert_eq!(pointers_of(&beside, "$..*"), ["/a", "/a/0", "/a/b"]);
        assert_eq!(pointers_of(&beside, "$[?@.b == 1]"), ["/a"]);
        assert_eq!(pointers_of(&beside, "$[?length(@) == 2]"), ["/a"]);
        assert_eq!(pointers_of(&beside, "$.a[0]"), [""; 0]);
        if early {
            beside.set("/a", marker());
        }
        assert_eq!(pointers_of(&beside, "$.*"), ["/a"]);
        beside.delete("/a/b");
        beside.delete("/a/0");
        assert_eq!(pointers_of(&beside, "$..*"), ["/a"]);
        assert_eq!(pointers_of(&beside, "$[?@ == $.a]"), ["/a"]);
        beside.delete("/a");
        assert_eq!(pointers_of(&beside, "$"), [""; 0]);
        beside.set("", number(3));
        assert_eq!(pointers_of(&beside, "$"), [""]);
        assert_eq!(pointers_of(&beside, "$..*"), [""; 0]);
    }
}

/// Tests an index over the leaves of another store: random sets and deletes, and random paths with names, wildcards,
/// descents, unions, slices, filters and functions. Each path is prepared once, and two indices answer it at different
/// times.
///
/// # Panics
/// If an answer differs from the model's. The message names the path and the document.
pub fn answers_over_other_leaves<I: QueryIndex>() {
    markers::<I>();
    for trace in 0..TRACES {
        replay::<I>(trace);
    }
    for text in
        ["", "a", "$.", "$..", "$[01]", "$.a[?@.b ==]", "$.x[0][01]", "$.a.b ", "$['a'", "$[?@.* == 1]"]
    {
        assert!(matches!(I::prepare(text), Err(QueryError::Invalid(_))), "{text:?} is a path");
    }
}
