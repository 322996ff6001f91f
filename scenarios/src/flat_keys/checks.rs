//! Checks: traces of random operations, replayed beside the [oracle](super::oracle).

use std::collections::{BTreeMap, BTreeSet};

use super::cases::{pointer, pointers, user};
use super::contract::FlatStore;
use super::oracle::{FIELDS, Objects, ids_of, is_below, model_tree};
use crate::checking::{at_end, each_step, expect, fixed, is_due, not_replayed};
use crate::flat::steps::{at, drawn_leaf};
use crate::flat::{Built, Leaf, Pointer};
use crate::input::{rng, shuffled};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace", 200, 64, "Random operations on pointers of up to four hard segments: escaped, empty, with leading zeros, non-ASCII. Versions are held, changed and compared."),
    Check::new("trace_few", 120, 64, "The same on few pointers, so that they come and go, and are a leaf and a container at the same time."),
    Check::new("trace_long", 3000, 1, "3,000 operations. The whole store and the versions held are compared about every hundred."),
    Check::new("siblings", 0, 1, "/user is not above /users/0, /user0 or /user~1; /a is not above /ab or /a!."),
    Check::new("prefix_is_key", 0, 1, "A prefix that is a key itself is not below itself. Its leaf can be deleted without what lies below, and the other way round."),
    Check::new("root_and_absent", 0, 1, "Every key but the empty one lies below the root. Nothing lies below an absent prefix or below a leaf."),
    Check::new("subtree", 0, 1, "A deleted subtree leaves its siblings as they were. If it was the whole store, the store is empty."),
    Check::new("arrays", 0, 1, "Children that are named 0 to k - 1 make an array. Gaps, leading zeros and other numbers make an object."),
    Check::new("kinds", 0, 1, "Containers that are recorded as objects are objects although their children are named 0 to k - 1: all of them, or those at some pointers. Another record shows at once."),
    Check::new("versions", 0, 1, "A clone stays as it was while the other store changes, and their differences are those changes."),
    Check::new("built_again", 0, 1, "A tree that is built again shows every change since: of leaves far below, of arrays that became objects, of containers that came and went."),
    Check::new("grow_and_shrink", 0, 1, "20,000 pointers are set, deleted in another order, and set again."),
];

/// Segments that naive code treats wrong: string prefixes of each other, characters that sort beside `/`, escapes.
const SEGMENTS: [&str; 20] = [
    "a", "b", "ab", "a!", "a.b", "0", "1", "2", "10", "01", "", "~0", "~1", "~01", "é", "日本", "'", "\"",
    "[0]", "*",
];

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
enum Operation {
    Set(String, u64),
    Delete(String),
    Replace(String, u64),
    Get(String),
    Keys(String),
    HasDescendants(String),
    ToObject(String, Objects),
    DeleteSubtree(String),
    /// Holds a clone, in place of a version that is held.
    Hold(usize),
    /// Goes on with a version that is held, and holds the present one.
    Exchange(usize),
}

/// How many versions a trace holds at most.
const HELD: usize = 4;

fn decode(check: &Check, step: &Step) -> Operation {
    let alphabet = if check.name == "trace_few" { 3 } else { SEGMENTS.len() };
    let segments = if check.name == "trace_few" { &SEGMENTS[4..] } else { &SEGMENTS[..] };
    let mut rest = usize::from(step.a);
    let mut text = String::new();
    for _ in 0..usize::from(step.version) % 5 {
        text.push('/');
        text.push_str(segments[rest % alphabet]);
        rest /= alphabet;
    }
    match step.op % 22 {
        0..=5 => Operation::Set(text, u64::from(step.b)),
        6..=8 => Operation::Delete(text),
        9 => Operation::Get(text),
        10..=11 => Operation::Keys(text),
        12 => Operation::HasDescendants(text),
        13..=16 => {
            // Seldom another record than before, so that a store may keep what it built.
            let objects = match step.b % 16 {
                0..=7 => Objects::None,
                8..=13 => Objects::All,
                _ => Objects::At(vec![text.clone()]),
            };
            Operation::ToObject(text, objects)
        }
        17..=18 => Operation::Replace(text, u64::from(step.b)),
        19 => Operation::Hold(usize::from(step.b) % HELD),
        20 => Operation::Exchange(usize::from(step.b) % HELD),
        _ if text.is_empty() => Operation::Keys(text),
        _ => Operation::DeleteSubtree(text),
    }
}

pub(super) fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?}", decode(check, step))).collect()
}

pub(super) fn replay<S: FlatStore>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    match check.name {
        "trace" | "trace_few" | "trace_long" => {
            let mut replay = Replay::<S>::new();
            each_step(trace, |at, step| {
                replay.apply(&decode(check, step))?;
                if is_due(at) { replay.compare_all() } else { Ok(()) }
            })?;
            at_end(trace, replay.compare_all())
        }
        "siblings" => fixed(siblings::<S>()),
        "prefix_is_key" => fixed(prefix_is_key::<S>()),
        "root_and_absent" => fixed(root_and_absent::<S>()),
        "subtree" => fixed(subtree::<S>()),
        "arrays" => fixed(arrays::<S>()),
        "kinds" => fixed(kinds::<S>()),
        "versions" => fixed(versions::<S>()),
        "built_again" => fixed(built_again::<S>()),
        "grow_and_shrink" => fixed(grow_and_shrink::<S>()),
        _ => not_replayed(check),
    }
}

type Model = BTreeMap<String, Leaf>;

/// The store under test beside its model, and versions that are held.
struct Replay<S> {
    store: S,
    model: Model,
    held: Vec<(S, Model)>,
}

impl<S: FlatStore> Replay<S> {
    fn new() -> Self {
        Replay { store: S::new(), model: Model::new(), held: Vec::new() }
    }

    fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut replay = Self::new();
        for (number, key) in keys.into_iter().enumerate() {
            replay.apply(&Operation::Set(key.to_owned(), number as u64))?;
        }
        Ok(replay)
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::Set(text, number) => {
                let leaf = drawn_leaf(*number, *number);
                let observed = self.store.set(at(text), leaf.clone());
                let expected = self.model.insert(text.clone(), leaf);
                expect(format_args!("set({text:?})"), &observed, &expected)?;
                self.compare_point(text)
            }
            Operation::Delete(text) => {
                let observed = self.store.delete(at(text));
                let expected = self.model.remove(text);
                expect(format_args!("delete({text:?})"), &observed, &expected)?;
                self.compare_point(text)
            }
            Operation::Replace(text, number) => {
                let leaf = drawn_leaf(*number, *number);
                let observed =
                    self.store.get_mut(at(text)).map(|present| std::mem::replace(present, leaf.clone()));
                let expected = self.model.get_mut(text).map(|present| std::mem::replace(present, leaf));
                expect(format_args!("the leaf in get_mut({text:?})"), &observed, &expected)?;
                self.compare_point(text)
            }
            Operation::Get(text) => self.compare_point(text),
            Operation::Keys(text) => self.compare_keys(text),
            Operation::HasDescendants(text) => self.compare_descendants(text),
            Operation::ToObject(text, objects) => self.compare_object_of(text, objects),
            Operation::DeleteSubtree(text) => {
                let observed = self.store.delete_subtree(at(text));
                let before = self.model.len();
                self.model.retain(|key, _| key != text && !is_below(text, key));
                expect(format_args!("delete_subtree({text:?})"), &observed, &(before - self.model.len()))?;
                self.compare_point(text)?;
                self.compare_keys(text)
            }
            Operation::Hold(place) => {
                let version = (self.store.clone(), self.model.clone());
                if let Some(held) = self.held.get_mut(*place) {
                    *held = version;
                } else {
                    self.held.push(version);
                }
                Ok(())
            }
            Operation::Exchange(place) => {
                let Some(held) = self.held.get_mut(*place) else { return Ok(()) };
                std::mem::swap(&mut self.store, &mut held.0);
                std::mem::swap(&mut self.model, &mut held.1);
                self.compare_differences()
            }
        }
    }

    fn compare_point(&self, text: &str) -> Result<(), String> {
        expect(format_args!("get({text:?})"), &self.store.get(at(text)), &self.model.get(text))?;
        expect(format_args!("has({text:?})"), &self.store.has(at(text)), &self.model.contains_key(text))?;
        expect("len", &self.store.len(), &self.model.len())?;
        expect("is_empty", &self.store.is_empty(), &self.model.is_empty())?;
        self.compare_descendants(text)
    }

    fn compare_descendants(&self, text: &str) -> Result<(), String> {
        let expected = self.model.keys().any(|key| is_below(text, key));
        expect(format_args!("has_descendants({text:?})"), &self.store.has_descendants(at(text)), &expected)
    }

    fn compare_keys(&self, text: &str) -> Result<(), String> {
        let expected: Vec<&str> =
            self.model.keys().map(String::as_str).filter(|key| is_below(text, key)).collect();
        expect(format_args!("sorted_keys({text:?})"), &self.store.sorted_keys(at(text)), &expected)?;
        let mut keys: Vec<&str> = self.store.keys(at(text)).collect();
        keys.sort_unstable();
        expect(format_args!("keys({text:?}), sorted by the check"), &keys, &expected)?;
        let first = self.store.keys(at(text)).next();
        expect(format_args!("keys({text:?}) begins with a key"), &first.is_some(), &!expected.is_empty())?;
        let mut entries: Vec<(&str, &Leaf)> = self.store.entries(at(text)).collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        let expected: Vec<(&str, &Leaf)> = expected.iter().map(|key| (*key, &self.model[*key])).collect();
        expect(format_args!("entries({text:?}), sorted by the check"), &entries, &expected)
    }

    /// Compares the tree at a pointer, where nothing is recorded as an object.
    fn compare_object(&self, text: &str) -> Result<(), String> {
        self.compare_object_of(text, &Objects::None)
    }

    fn compare_object_of(&self, text: &str, objects: &Objects) -> Result<(), String> {
        let depth = text.split('/').count();
        let entries = self.model.iter().filter(|(key, _)| *key == text || is_below(text, key));
        let entries: Vec<(Vec<&str>, &Leaf)> =
            entries.map(|(key, leaf)| (key.split('/').skip(depth).collect(), leaf)).collect();
        let observed = self.store.to_object(at(text), &objects.kinds());
        let observed = observed.as_ref().map(|object| object.value().into_owned());
        let expected = model_tree(text, &entries, objects);
        expect(format_args!("to_object({text:?}), objects: {objects:?}"), &observed, &expected)
    }

    /// Compares the differences between the store and each version that is held, in both directions.
    fn compare_differences(&self) -> Result<(), String> {
        self.held.iter().try_for_each(|(held, model)| {
            compare_differences((&self.store, &self.model), (held, model))?;
            compare_differences((held, model), (&self.store, &self.model))
        })
    }

    fn compare_one(&self) -> Result<(), String> {
        for key in self.model.keys() {
            expect(format_args!("get({key:?})"), &self.store.get(at(key)), &self.model.get(key))?;
        }
        expect("len", &self.store.len(), &self.model.len())?;
        self.compare_keys("")?;
        self.compare_object("")
    }

    fn compare_all(&mut self) -> Result<(), String> {
        self.compare_one()?;
        self.compare_differences()?;
        for place in 0..self.held.len() {
            let exchange = |replay: &mut Self| {
                let held = &mut replay.held[place];
                std::mem::swap(&mut replay.store, &mut held.0);
                std::mem::swap(&mut replay.model, &mut held.1);
            };
            exchange(self);
            self.compare_one().map_err(|message| format!("in held version {place}: {message}"))?;
            exchange(self);
        }
        Ok(())
    }
}

fn compare_differences<S: FlatStore>(
    (new, new_model): (&S, &Model),
    (old, old_model): (&S, &Model),
) -> Result<(), String> {
    let mut observed = Vec::new();
    new.differences(old, |key, old, new| observed.push((key.to_owned(), old.cloned(), new.cloned())));
    observed.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    let keys: BTreeSet<&String> = old_model.keys().chain(new_model.keys()).collect();
    let expected = keys.into_iter().map(|key| (key, old_model.get(key), new_model.get(key)));
    let expected = expected.filter(|(_, old, new)| old != new);
    let expected: Vec<_> =
        expected.map(|(key, old, new)| (key.clone(), old.cloned(), new.cloned())).collect();
    expect("differences of two versions, sorted by the check", &observed, &expected)
}

fn siblings<S: FlatStore>() -> Result<(), String> {
    let keys = [
        "/users/0",
        "/user0",
        "/user~1/x",
        "/user!",
        "/ab/c",
        "/ab",
        "/a!/c",
        "/a./c",
        "/a0/c",
        "/a/",
        "/é/x",
    ];
    let replay = Replay::<S>::of(keys)?;
    for prefix in ["/user", "/users", "/user0", "/user~1", "/a", "/ab", "/a!", "/a.", "/a0", "/", "/é", ""] {
        replay.compare_keys(prefix)?;
        replay.compare_descendants(prefix)?;
        replay.compare_object(prefix)?;
    }
    Ok(())
}

fn prefix_is_key<S: FlatStore>() -> Result<(), String> {
    let keys = ["/a", "/a/b", "/a/b/c", "/a/b/d", ""];
    let compare = |replay: &Replay<S>| {
        ["", "/a", "/a/b", "/a/b/c", "/a/b/d", "/a/b/c/x"].into_iter().try_for_each(|prefix| {
            replay.compare_point(prefix)?;
            replay.compare_keys(prefix)?;
            replay.compare_object(prefix)
        })
    };
    // Each key is deleted first once, then the others follow, and it is set again.
    for first in 0..keys.len() {
        let mut replay = Replay::<S>::of(keys)?;
        compare(&replay)?;
        for offset in 0..keys.len() {
            replay.apply(&Operation::Delete(keys[(first + offset) % keys.len()].to_owned()))?;
            compare(&replay)?;
        }
        replay.apply(&Operation::Set(keys[first].to_owned(), 9))?;
        compare(&replay)?;
    }
    Ok(())
}

fn root_and_absent<S: FlatStore>() -> Result<(), String> {
    let mut replay = Replay::<S>::new();
    for prefix in ["", "/", "/a"] {
        replay.compare_keys(prefix)?;
        replay.compare_object(prefix)?;
    }
    for key in ["", "/", "//", "/a", "/b/c"] {
        replay.apply(&Operation::Set(key.to_owned(), 5))?;
        for prefix in ["", "/", "//", "///", "/a", "/a/b", "/b", "/b/c", "/b/c/d", "/absent", "/absent/x/y"] {
            replay.compare_point(prefix)?;
            replay.compare_keys(prefix)?;
            replay.compare_object(prefix)?;
        }
    }
    Ok(())
}

fn subtree<S: FlatStore>() -> Result<(), String> {
    let keys = ["/a", "/a/b/c", "/a/b/d/e", "/a/bb", "/a/b", "/ab", "/b/a/b"];
    for prefix in ["/a/b", "/a", "/b", "/absent", "/a/b/d", ""] {
        let mut replay = Replay::<S>::of(keys)?;
        replay.apply(&Operation::DeleteSubtree(prefix.to_owned()))?;
        replay.compare_all()?;
        // What was deleted can be set again.
        for key in keys {
            replay.apply(&Operation::Set(key.to_owned(), 11))?;
        }
        replay.compare_all()?;
    }
    Ok(())
}

fn arrays<S: FlatStore>() -> Result<(), String> {
    let mut replay = Replay::<S>::of((0..12).map(|index| {
        ["/l/0", "/l/1", "/l/2", "/l/3", "/l/4", "/l/5", "/l/6", "/l/7", "/l/8", "/l/9", "/l/10", "/l/11"]
            [(index * 5) % 12]
    }))?;
    replay.compare_object("")?;
    for key in ["/l/4", "/l/11", "/l/0"] {
        replay.apply(&Operation::Delete(key.to_owned()))?;
        replay.compare_object("")?;
    }
    for keys in [
        &["/2024"][..],
        &["/0", "/01"],
        &["/00"],
        &["/0", "/1", "/x"],
        &["/1"],
        &["/0/0/0"],
        &["/4294967296", "/0"],
    ] {
        Replay::<S>::of(keys.iter().copied())?.compare_object("")?;
    }
    Ok(())
}

fn kinds<S: FlatStore>() -> Result<(), String> {
    let keys = ["/l/0", "/l/1", "/l/2/0", "/o/x", "/o/l/0", "/n/1", "/0/0/0", "/1"];
    let mut replay = Replay::<S>::of(keys)?;
    let some = Objects::At(vec!["/l".to_owned(), "/0/0".to_owned(), "/absent".to_owned()]);
    let others = Objects::At(vec![String::new(), "/l/2".to_owned(), "/o".to_owned(), "/1".to_owned()]);
    let compare = |replay: &Replay<S>| {
        // Each comes after each other one.
        for objects in [&Objects::None, &Objects::All, &some, &Objects::None, &others, &some, &Objects::All] {
            for prefix in ["", "/l", "/l/2", "/o", "/o/l", "/0", "/0/0", "/1", "/absent"] {
                replay.compare_object_of(prefix, objects)?;
            }
        }
        Ok(())
    };
    compare(&replay)?;
    // Without these the root is dense.
    for prefix in ["/l", "/o", "/n"] {
        replay.apply(&Operation::DeleteSubtree(prefix.to_owned()))?;
        compare(&replay)?;
    }
    replay.apply(&Operation::Delete("/0/0/0".to_owned()))?;
    compare(&replay)?;
    replay.apply(&Operation::Delete("/1".to_owned()))?;
    compare(&replay)
}

fn versions<S: FlatStore>() -> Result<(), String> {
    let keys: Vec<String> = (0..200).map(|id| format!("/{}/{}/{}", id % 3, id % 7, id)).collect();
    let mut replay = Replay::<S>::of(keys.iter().map(String::as_str))?;
    replay.apply(&Operation::Hold(0))?;
    replay.compare_all()?;
    // The first version shares everything, and each later one has something of its own.
    for (at, key) in keys.iter().enumerate() {
        let change = match at % 4 {
            0 => Operation::Set(key.clone(), 1),
            1 => Operation::Replace(key.clone(), 2),
            2 => Operation::Delete(key.clone()),
            _ => Operation::Set(format!("{key}/below"), 3),
        };
        replay.apply(&change)?;
        if at.is_multiple_of(20) {
            replay.apply(&Operation::Hold(1 + at / 20 % 3))?;
            replay.compare_all()?;
        }
    }
    replay.compare_all()?;
    // A leaf that is replaced by an equal one is no difference.
    replay.apply(&Operation::Hold(1))?;
    for key in &keys {
        if let Some(leaf) = replay.model.get(key).cloned() {
            replay.store.set(at(key), leaf);
        }
    }
    replay.compare_all()?;
    replay.apply(&Operation::DeleteSubtree(String::new()))?;
    replay.compare_all()?;
    // Each version goes on by itself.
    for place in 0..3 {
        replay.apply(&Operation::Exchange(place))?;
        replay.apply(&Operation::Set(format!("/0/0/{place}"), 5))?;
        replay.apply(&Operation::DeleteSubtree("/1".to_owned()))?;
    }
    replay.compare_all()
}

fn built_again<S: FlatStore>() -> Result<(), String> {
    for objects in [Objects::None, Objects::All] {
        let keys = ["/a/b/c/d", "/a/b/c/e", "/a/b/f", "/a/g", "/h", "/l/0", "/l/1/x", "/l/2", "/m/n/o/p"];
        let mut replay = Replay::<S>::of(keys)?;
        replay.compare_object_of("", &objects)?;
        let changes = [
            Operation::Set("/a/b/c/d".to_owned(), 11),
            Operation::Replace("/a/b/c/e".to_owned(), 12),
            Operation::Replace("/a/b/c/e".to_owned(), 13),
            Operation::Replace("/h".to_owned(), 14),
            // A leaf that is no longer shown, and its return.
            Operation::Set("/h/below".to_owned(), 15),
            Operation::Set("/h".to_owned(), 16),
            Operation::Delete("/h/below".to_owned()),
            Operation::Replace("/h".to_owned(), 17),
            // A gap in an array, and an end of it.
            Operation::Set("/l/4".to_owned(), 18),
            Operation::Set("/l/3".to_owned(), 19),
            Operation::Delete("/l/0".to_owned()),
            Operation::Replace("/l/1/x".to_owned(), 20),
            // Containers that go together, and come back.
            Operation::Delete("/m/n/o/p".to_owned()),
            Operation::Set("/m/n/o/p".to_owned(), 21),
            Operation::Set("/m/n/o/q/r/s/t".to_owned(), 22),
            Operation::Replace("/m/n/o/p".to_owned(), 23),
            Operation::DeleteSubtree("/m/n".to_owned()),
            Operation::Set("".to_owned(), 24),
        ];
        // In `shown`, each change is looked at, from below and from above; in `replay`, several together.
        let mut shown = Replay::<S>::of(keys)?;
        for (number, change) in changes.iter().enumerate() {
            replay.apply(change)?;
            shown.apply(change)?;
            for prefix in ["/a/b", "", "/l", "/m/n"] {
                shown.compare_object_of(prefix, &objects)?;
            }
            match number % 3 {
                0 => replay.compare_object_of("", &objects)?,
                1 => replay.compare_object_of("/m/n/o", &objects)?,
                _ => {}
            }
        }
        // A clone may know what was built before, too.
        replay.compare_object_of("", &objects)?;
        replay.apply(&Operation::Hold(0))?;
        replay.apply(&Operation::Set("/a/b/c/d".to_owned(), 31))?;
        replay.compare_object_of("", &objects)?;
        replay.apply(&Operation::Exchange(0))?;
        replay.compare_object_of("", &objects)?;
        replay.apply(&Operation::Replace("/a/g".to_owned(), 32))?;
        replay.compare_object_of("", &objects)?;
        replay.compare_all()?;
    }
    Ok(())
}

fn grow_and_shrink<S: FlatStore>() -> Result<(), String> {
    const POINTERS: usize = 20_000;
    // A prime number, so that the pointers looked at have different fields.
    const LOOK_EVERY: usize = 997;
    let mut store = S::new();
    for round in 0..2u64 {
        for id in shuffled(&mut rng("grow", round as usize), POINTERS) {
            let before = store.set(pointer(id as usize).as_pointer(), Leaf::from(id + round));
            expect(format_args!("set of new pointer {id}"), &before, &None)?;
        }
        expect("keys under the root", &store.keys(Pointer::ROOT).count(), &POINTERS)?;
        for id in shuffled(&mut rng("shrink", round as usize), POINTERS) {
            let id = id as usize;
            let deleted = store.delete(pointer(id).as_pointer());
            expect(format_args!("delete of pointer {id}"), &deleted, &Some(Leaf::from(id as u64 + round)))?;
            // A contender that scans would take too long to be asked about each.
            if id.is_multiple_of(LOOK_EVERY) {
                let prefix = user(id / FIELDS.len());
                let left = store.sorted_keys(prefix.as_pointer());
                let of_user =
                    ids_of(id / FIELDS.len(), POINTERS).filter(|id| store.has(pointer(*id).as_pointer()));
                let mut expected = pointers(of_user);
                expected.sort_unstable();
                let expected: Vec<&str> = expected.iter().map(|key| key.as_pointer().as_str()).collect();
                expect(format_args!("the keys beside deleted pointer {id}"), &left, &expected)?;
            }
        }
        expect("an emptied store", &store.len(), &0)?;
        expect("descendants of an emptied store", &store.has_descendants(Pointer::ROOT), &false)?;
    }
    Ok(())
}
