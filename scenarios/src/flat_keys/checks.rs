//! Checks: traces of random operations, replayed beside the [oracle](super::oracle).

use std::collections::BTreeMap;

use super::cases::{pointer, pointers, user};
use super::contract::FlatStore;
use super::oracle::{FIELDS, ids_of, is_below, model_tree};
use crate::checking::{at_end, each_step, expect, fixed, is_due, not_replayed};
use crate::flat::steps::{at, drawn_leaf};
use crate::flat::{Leaf, Pointer};
use crate::input::{rng, shuffled};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace", 200, 64, "Random operations on pointers of up to four hard segments: escaped, empty, with leading zeros, non-ASCII."),
    Check::new("trace_few", 120, 64, "The same on few pointers, so that they come and go, and are a leaf and a container at the same time."),
    Check::new("trace_long", 3000, 1, "3,000 operations. The whole store is compared about every hundred."),
    Check::new("siblings", 0, 1, "/user is not above /users/0, /user0 or /user~1; /a is not above /ab or /a!."),
    Check::new("prefix_is_key", 0, 1, "A prefix that is a key itself is not below itself. Its leaf can be deleted without what lies below, and the other way round."),
    Check::new("root_and_absent", 0, 1, "Every key but the empty one lies below the root. Nothing lies below an absent prefix or below a leaf."),
    Check::new("subtree", 0, 1, "A deleted subtree leaves its siblings as they were. If it was the whole store, the store is empty."),
    Check::new("arrays", 0, 1, "Children that are named 0 to k - 1 make an array. Gaps, leading zeros and other numbers make an object."),
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
    Get(String),
    Keys(String),
    HasDescendants(String),
    ToObject(String),
    DeleteSubtree(String),
}

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
    match step.op % 16 {
        0..=5 => Operation::Set(text, u64::from(step.b)),
        6..=8 => Operation::Delete(text),
        9 => Operation::Get(text),
        10..=11 => Operation::Keys(text),
        12 => Operation::HasDescendants(text),
        13..=14 => Operation::ToObject(text),
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
        "grow_and_shrink" => fixed(grow_and_shrink::<S>()),
        _ => not_replayed(check),
    }
}

/// The store under test beside its model.
struct Replay<S> {
    store: S,
    model: BTreeMap<String, Leaf>,
}

impl<S: FlatStore> Replay<S> {
    fn new() -> Self {
        Replay { store: S::new(), model: BTreeMap::new() }
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
            Operation::Get(text) => self.compare_point(text),
            Operation::Keys(text) => self.compare_keys(text),
            Operation::HasDescendants(text) => self.compare_descendants(text),
            Operation::ToObject(text) => self.compare_object(text),
            Operation::DeleteSubtree(text) => {
                let observed = self.store.delete_subtree(at(text));
                let before = self.model.len();
                self.model.retain(|key, _| key != text && !is_below(text, key));
                expect(format_args!("delete_subtree({text:?})"), &observed, &(before - self.model.len()))?;
                self.compare_point(text)?;
                self.compare_keys(text)
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

    fn compare_object(&self, text: &str) -> Result<(), String> {
        let depth = text.split('/').count();
        let entries = self.model.iter().filter(|(key, _)| *key == text || is_below(text, key));
        let entries: Vec<(Vec<&str>, &Leaf)> =
            entries.map(|(key, leaf)| (key.split('/').skip(depth).collect(), leaf)).collect();
        expect(format_args!("to_object({text:?})"), &self.store.to_object(at(text)), &model_tree(&entries))
    }

    fn compare_all(&self) -> Result<(), String> {
        for key in self.model.keys() {
            expect(format_args!("get({key:?})"), &self.store.get(at(key)), &self.model.get(key))?;
        }
        self.compare_keys("")?;
        self.compare_object("")
    }
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
